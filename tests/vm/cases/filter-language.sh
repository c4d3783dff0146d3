# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# limit: 400
# A filter keeps the same calls of a running kernel as of the capture of all calls: random filters,
# with the same load under two watches, one for all calls and one for those that the filter wants.

run=/sys/kernel/debug/kmn_calls/run
functions="kmn_target kmn_errno kmn_bool kmn_small kmn_pointer kmn_eight"
sample_load kmn_calls

# filters SEED N: random filters, one a line
filters()
{
	python3 - "$@" <<'END'
import random, sys

random.seed(int(sys.argv[1]))

def condition():
    number = random.randrange(-5, 60)
    order = random.choice(["==", "!=", "<", "<=", ">", ">="])
    return random.choice([
        f"number {order} {number}",
        f"ret {order} {number}",
        f"arg1 {order} {number}",
        f"on == {random.choice(['true', 'false'])}",
        f"number in ({number}, {number + 3}..{number + 9})",
        f"number & {random.randrange(1, 16)}",
        f"api ~ kmn_{random.choice(['*', 't*', 'e*', '[a-e]*', '?????'])}",
        f"api =~ /{random.choice(['o', 'r.o', '^kmn_[et]', 't$'])}/",
        f"errno {random.choice(['==', '!='])} {random.choice(['EINVAL', 'ENOENT', '-EAGAIN', '0'])}",
        f"comm {random.choice(['==', '!=', '~'])} {random.choice(['sh', 'cat', 's*'])}",
        f"module == {random.choice(['kmn_calls', 'vmlinux'])}",
        f"stack has {random.choice(['kmn_calls', 'vfs_write', 'tcp_sendmsg'])}",
        f"context == {random.choice(['task', 'hardirq'])}",
        "caller ~ kmn_*",
        "pid > 1",
    ])

def expression(depth):
    kind = random.randrange(4) if depth else 3
    if kind == 0:
        return f"({expression(depth - 1)} and {expression(depth - 1)})"
    if kind == 1:
        return f"({expression(depth - 1)} or {expression(depth - 1)})"
    if kind == 2:
        return f"not {expression(depth - 1)}"
    return condition()

for _ in range(int(sys.argv[2])):
    print(expression(3))
END
}

# calls FILE: what of the calls in the JSON can be the same in both captures, in their order
calls()
{
	python3 - "$1" <<'END'
import json, sys
for line in open(sys.argv[1]):
    event = json.loads(line)
    if event.get("kind") in ("entry", "return"):
        print([event.get(key) for key in ("kind", "function", "args", "value", "error", "comm")])
END
}

seed=$(date +%s)
note "seed $seed"
filters "$seed" 4 >list
while IFS= read -r filter <&4; do
	status=0
	# shellcheck disable=SC2086 # names of functions
	kapimon hook -r -o all.kmn --force $functions -- \
		kapimon hook -r -o wanted.kmn --force --filter "$filter" $functions -- \
		sh -c "echo 40 >$run" >out 2>err || status=$?
	expect_eq "'$filter': both are complete" "$status" 0
	[ "$status" = 0 ] || note "$(cat err)"
	kapimon show --json --filter "$filter" all.kmn >all
	kapimon show --json wanted.kmn >wanted
	calls all >all-calls
	calls wanted >wanted-calls
	note "'$filter': $(wc -l <wanted-calls) records"
	expect_eq "'$filter': the same calls" "$(diff all-calls wanted-calls | head -20)" ""
done 4<list
expect_eq "there were calls to choose from" "$(kapimon show --count --api kmn_target all.kmn)" 40

sample_unload kmn_calls
