# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Calls nested in softirq and hardirq are all there: what Kapimon counts is what the module counted.
# limit: 400

# field LEDGER-FILE HOOK POINT NAME: a number of the ledger in the last line of the JSON
field()
{
	python3 - "$@" <<'END'
import json, sys
file, hook, point, name = sys.argv[1:]
*_, last = open(file)
for row in json.loads(last)["ledger"]["hooks"]:
    if row.get("function") == hook and row["point"] == point:
        print(row[name])
END
}

# total JSON NAME...: the sum of these numbers over all hooks
total()
{
	python3 - "$@" <<'END'
import json, sys
*_, last = open(sys.argv[1])
print(sum(json.loads(last)["ledger"]["total"][name] for name in sys.argv[2:]))
END
}

# records FILE: how many records of calls there are
records()
{
	grep -c '^{"kind":"entry"' "$1" || true
}

# adds_up FILE POINT: hits are the sum of what became of them
adds_up()
{
	adds_up_sum=0
	for adds_up_part in recorded filtered lost suspended; do
		adds_up_sum=$((adds_up_sum + $(field "$1" kmn_nested_target "$2" $adds_up_part)))
	done
	echo $adds_up_sum
}

# nested NAME OPTION...: run the load under watch; $called, $softirqs, $status and the file "json" are
# left. $tasks: how many call on each processor.
nested()
{
	nested_name=$1
	shift
	sample_load kmn_nested duration_ms=2500 tasks="${tasks:-1}"
	status=0
	kapimon hook "$@" --json kmn_nested_target -- \
		sh -c 'echo 1 >/sys/kernel/debug/kmn_nested/run' >json 2>err || status=$?
	cat err
	called=$(sample_count kmn_nested kmn_nested_target)
	softirqs=$(sample_count kmn_nested softirq)
	note "$nested_name: $called calls, $(field json kmn_nested_target entry hits) hits," \
		"$(field json kmn_nested_target entry missed) missed," \
		"$(field json kmn_nested_target entry lost) lost"
	sample_unload kmn_nested
}

nested entries --no-stack
expect_eq "every nested call is hit" "$(field json kmn_nested_target entry hits)" "$called"
expect_eq "every nested call is recorded" "$(field json kmn_nested_target entry recorded)" "$called"
expect_eq "as many records as calls" "$(records json)" "$called"
expect_eq "none is missed" "$(field json kmn_nested_target entry missed)" 0
expect_eq "none is lost" "$(field json kmn_nested_target entry lost)" 0
expect_eq "the run is complete" "$status" 0
# also where softirqs run in threads (PREEMPT_RT)
expect_eq "calls from softirqs are told from others" \
	"$(grep -c '^{"kind":"entry".*"context":"softirq"' json || true)" "$softirqs"

# Tasks preempt tasks in our own work where the kernel lets them (preempt=full, PREEMPT_RT).
tasks=8
nested "entries and returns, tasks preempting tasks" -r --no-stack --buffer 32M
tasks=1
expect_eq "with tasks nesting, every call is recorded" \
	"$(field json kmn_nested_target entry recorded)" "$called"
expect_eq "with tasks nesting, as many records as calls" "$(records json)" "$called"
expect_eq "with tasks nesting, every return is recorded" \
	"$(field json kmn_nested_target return recorded)" "$called"
expect_eq "with tasks nesting, the run is complete" "$status" 0

# The load makes as many calls as it can: more than are printed in the same time, on a busy host.
nested "entries and returns" -r --no-stack --buffer 32M
expect_eq "with returns, every nested call is recorded" \
	"$(field json kmn_nested_target entry recorded)" "$called"
expect_eq "every return is recorded" "$(field json kmn_nested_target return recorded)" "$called"
expect_eq "with returns, the run is complete" "$status" 0

nested "a buffer too small" --no-stack --buffer 4k
expect_eq "with a buffer too small the run is incomplete" "$status" 3
expect_eq "and still every call is hit" "$(field json kmn_nested_target entry hits)" "$called"
expect_ge "and some are lost" "$(field json kmn_nested_target entry lost)" 1
expect_eq "and the numbers add up to the last call" "$(adds_up json entry)" "$called"

# What is missed on purpose is counted to the call, however it is hooked.
KAPIMON_COPIES=1 nested "one copy" --no-stack
expect_ge "one copy alone misses calls" "$(field json kmn_nested_target entry missed)" 1
expect_eq "each of which is counted" "$(($(field json kmn_nested_target entry hits) +
	$(field json kmn_nested_target entry missed)))" "$called"
expect_eq "and makes the run incomplete" "$status" 3

nested "the fast method" --fast --no-stack
expect_eq "what the fast method misses is counted too" "$(total json hits missed)" "$called"

# Together with another function: one kprobe event for both where there is no kprobe.multi. Its probe
# is a breakpoint then, whose handler must not be taken for the context of the call.
nested "the fast method for two" --fast vfs_fallocate
expect_eq "with another function too" "$(total json hits missed)" "$called"
for context in task softirq hardirq; do
	expect_match "calls from $context are among them" json \
		"^\{\"kind\":\"entry\".*\"context\":\"$context\".*kmn_nested_target"
done
expect_eq "none is taken for one from an NMI" "$(grep -c '"context":"nmi"' json || true)" 0
expect_eq "every stack begins with the function" \
	"$(grep '^{"kind":"entry".*"function":"kmn_nested_target"' json |
		grep -vc '"stack":\["kmn_nested_target+0x0 ' || true)" 0
expect_eq "a call made by the task comes from the task's function" \
	"$(grep '^{"kind":"entry".*"from":"KMN_FROM_TASK"' json |
		grep -vc '"stack":\["kmn_nested_target+0x0 \[kmn_nested\]","worker_run+0x' || true)" 0
