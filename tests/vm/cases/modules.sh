# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# limit: 300
# The filters on the modules of a stack keep and drop exactly the calls that came through them.

sample_load kmn_callee
sample_load kmn_left
sample_load kmn_right

# watch OPTION...: 7 calls from kmn_left, 5 from kmn_right, 3 from kmn_callee itself
watch()
{
	kapimon hook --json "$@" kmn_callee_work fs_ftype_to_dtype -- sh -c '
		echo 7 >/sys/kernel/debug/kmn_left/run
		echo 5 >/sys/kernel/debug/kmn_right/run
		echo 3 >/sys/kernel/debug/kmn_callee/run' >json
	made=$((made + 15))
	expect_eq "$*: all that kmn_callee counted were hits" \
		"$(ledger_count json kmn_callee_work entry hits)" 15
	expect_eq "$*: and kmn_callee counted no others" \
		"$(sample_count kmn_callee kmn_callee_work)" "$made"
	expect_balance "$*: hits = recorded + filtered" json
}
made=0

watch --exclude-module kmn_left
expect_eq "excluded: no call of kmn_callee_work from kmn_left" \
	"$(json_calls json kmn_callee_work kmn_left)" 0
expect_eq "excluded: no call of the kernel's fs_ftype_to_dtype from kmn_left" \
	"$(json_calls json fs_ftype_to_dtype kmn_left)" 0
expect_eq "excluded: all from kmn_right" "$(json_calls json kmn_callee_work '\[kmn_right\]')" 5
expect_eq "excluded: all of fs_ftype_to_dtype from kmn_right" \
	"$(json_calls json fs_ftype_to_dtype '\[kmn_right\]')" 5
expect_eq "excluded: those from kmn_callee itself too" "$(json_calls json kmn_callee_work)" 8
expect_eq "excluded: the ledger has the others" \
	"$(ledger_count json kmn_callee_work entry filtered)" 7
expect_eq "excluded: 7 calls of fs_ftype_to_dtype are filtered" \
	"$(ledger_count json fs_ftype_to_dtype entry filtered)" 7

watch --only-module kmn_left
expect_eq "only: kmn_left's calls" "$(json_calls json kmn_callee_work '\[kmn_left\]')" 7
expect_eq "only: and no others" "$(json_calls json kmn_callee_work)" 7
expect_eq "only: kmn_left's calls of the kernel's fs_ftype_to_dtype" \
	"$(json_calls json fs_ftype_to_dtype '\[kmn_left\]')" 7
expect_eq "only: and no others of fs_ftype_to_dtype" "$(json_calls json fs_ftype_to_dtype)" 7
expect_eq "only: the others are filtered" "$(ledger_count json kmn_callee_work entry filtered)" 8

watch -S -r -M kmn_right -M kmn_left
expect_eq "two: one of them is enough" "$(json_calls json kmn_callee_work)" 12
expect_eq "two: so for the returns" "$(ledger_count json kmn_callee_work return recorded)" 12
expect_eq "two: without stacks in the output" "$(grep -c '"stack"' json || true)" 0

expect_status "a module can't be both excluded and required" 2 \
	kapimon hook -X kmn_left -M kmn_left kmn_callee_work

expect_eq "kmn_left made its calls" "$(sample_count kmn_left kmn_callee_work)" 21
sample_unload kmn_left kmn_right kmn_callee
