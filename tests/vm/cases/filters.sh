# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# limit: 500
# Each filter keeps exactly the calls it is to keep, and the others are counted.

run=/sys/kernel/debug/kmn_calls/run
sample_load kmn_calls

# watch OPTION... -- COMMAND...: "json" and "err" are left, the status must be 0
watch()
{
	watch_status=0
	kapimon hook -S --json "$@" >json 2>err || watch_status=$?
	expect_eq "$1 $2: the run is complete" "$watch_status" 0
	[ "$watch_status" = 0 ] || note "$(cat err)"
}

# expect_kept WHAT HITS RECORDED FUNCTION
expect_kept()
{
	expect_eq "$1: the hits" "$(ledger_count json "$4" entry hits)" "$2"
	expect_eq "$1: the calls recorded" "$(json_calls json "$4")" "$3"
	expect_eq "$1: the ledger says the same" "$(ledger_count json "$4" entry recorded)" "$3"
	expect_eq "$1: the others are filtered" \
		"$(ledger_count json "$4" entry filtered)" $(($2 - $3))
	expect_balance "$1: the numbers add up" json
}

watch --where 'number >= 7' kmn_target -- sh -c "echo 10 >$run"
expect_kept "an argument" 10 3 kmn_target
expect_eq "an argument: the right calls" "$(json_calls json kmn_target '"number":[789],')" 3

watch -r --where 'ret < 0' kmn_errno kmn_small -- sh -c "echo 10 >$run"
expect_kept "a negative result" 10 6 kmn_errno
expect_eq "a negative result: none that is 0" \
	"$(grep -c '"function":"kmn_errno".*"value":0' json || true)" 0
expect_eq "a negative result: the returns too" \
	"$(ledger_count json kmn_errno return recorded)" 6
expect_kept "a negative result of one byte" 10 10 kmn_small

watch --errors kmn_errno kmn_pointer kmn_small kmn_bool -- sh -c "echo 10 >$run"
expect_kept "errors in numbers" 10 6 kmn_errno
expect_kept "errors in pointers" 10 5 kmn_pointer
expect_kept "what can't be an error" 10 0 kmn_bool
expect_eq "errors are named" "$(grep -c '"error":"EINVAL"' json || true)" 3

# reading sleeps in the kernel until there is something to read
# shellcheck disable=SC2016 # the inner shell expands
watch --longer-than 300ms ksys_read -- \
	sh -c 'sh -c "sleep 1; echo late" | (read -r line; echo "$line")'
expect_ge "long calls: the one that waited" "$(json_calls json ksys_read)" 1
expect_eq "long calls: no short one" \
	"$(sed -n 's/.*"duration":\([0-9]*\).*/\1/p' json | awk '$1 < 300000000' | wc -l)" 0
expect_ge "long calls: the short ones are filtered" \
	"$(ledger_count json ksys_read entry filtered)" 1

# Makes so many calls once it is told to, from a process of its own; the command of the run waits.
other()
{
	rm -f begin finished
	(
		wait_for 100 test -e begin
		sh -c "echo $1 >$run"
		touch finished
	) &
}
told='touch begin; while ! [ -e finished ]; do sleep 0.1; done'

rm -f begin finished
sh -c "while ! [ -e begin ]; do sleep 0.1; done; echo 5 >$run; touch finished" &
watch --pid $! kmn_target -- sh -c "$told; echo 3 >$run"
wait
expect_kept "a process" 8 5 kmn_target

cp /bin/sh kmn-caller
watch --comm kmn-caller kmn_target -- sh -c "./kmn-caller -c 'echo 4 >$run'; echo 3 >$run"
expect_kept "a process's name" 7 4 kmn_target
expect_eq "a process's name is shown" "$(json_calls json kmn_target '"comm":"kmn-caller"')" 4

other 6
watch --children kmn_target -- sh -c "$told; echo 1 >$run; sh -c 'sh -c \"echo 4 >$run\"; :'"
wait
expect_kept "a command and its children" 11 5 kmn_target

# 10 calls come far quicker than in a second; the next one is in another second
watch --limit-rate 2/s kmn_target -- sh -c "echo 10 >$run; sleep 2.2; echo 1 >$run"
expect_eq "a rate: the hits" "$(ledger_total json hits)" 11
expect_ge "a rate: calls are suspended" "$(ledger_total json suspended)" 5
expect_eq "a rate: none is lost" "$(ledger_total json lost)" 0
expect_balance "a rate: the numbers add up" json
expect_match "a rate: it is said when it begins" json \
	'^\{"kind":"suspend".*"function":"kmn_target".*"limit":2'
expect_eq "a rate: when it ends it is said how many there were" "$(ledger_total json suspended)" \
	"$(sed -n 's/^{"kind":"resume".*"suspended":\([0-9]*\).*/\1/p' json |
		awk '{ n += $1 } END { print n }')"
expect_eq "a rate: the records are those of the ledger" "$(json_calls json kmn_target)" \
	"$(ledger_total json recorded)"

watch -r --count 4 kmn_target -- sh -c "echo 10 >$run; sleep 60"
expect_eq "a count: exactly so many calls" "$(json_calls json kmn_target)" 4
expect_eq "a count: with their returns" "$(grep -c '^{"kind":"return"' json || true)" 4
expect_balance "a count: the numbers add up" json

expect_status "a time: it ends by itself" 0 timeout 60 kapimon hook -S -j --time 1s kmn_target

if grep -q ' /sys/fs/cgroup cgroup2 ' /proc/mounts; then
	group=/sys/fs/cgroup/kmn-filters
	mkdir $group $group/below
	watch --cgroup $group kmn_target -- sh -c "
		echo 3 >$run
		sh -c 'echo \$\$ >$group/cgroup.procs; echo 4 >$run'
		sh -c 'echo \$\$ >$group/below/cgroup.procs; echo 2 >$run'"
	rmdir $group/below $group
	expect_kept "a cgroup and what is below it" 9 6 kmn_target
else
	skip "a cgroup and what is below it" "no cgroup v2 is mounted"
fi
sample_unload kmn_calls
