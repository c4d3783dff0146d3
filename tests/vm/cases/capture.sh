# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# limit: 200
# A capture has the calls that were made, read from a file or through a pipe, and an interrupted
# recording is a whole one.

run=/sys/kernel/debug/kmn_calls/run
sample_load kmn_calls

# expect_calls NAME COUNT: "out" and "err" have what "kapimon show" printed of calls of kmn_target
expect_calls()
{
	expect_eq "$1: all calls are there" \
		"$(grep -c ' kmn_target(number=[0-9]*, name="a name",' out)" "$2"
	expect_eq "$1: each stack has the caller in the module" \
		"$(grep -c 'run_write+0x[0-9a-f]* \[kmn_calls\]' out)" "$2"
	expect_eq "$1: and the callers in the kernel" "$(grep -c 'vfs_write+0x[0-9a-f]*' out)" "$2"
	expect_match "$1: it is complete" err '^COMPLETE$'
}

expect_status "a recording ends with its command" 0 \
	kapimon hook -r -o calls.kmn kmn_target -- sh -c "echo 40 >$run"
expect_match "its ledger is printed" err \
	'^kmn_target \[kmn_calls\] +entry +fentry +40 +40 +0 +0 +0 +0$'
expect_match "and its verdict" err '^COMPLETE$'
expect_eq "and no call" "$(cat out)" ""
expect_status "it can be shown" 0 kapimon show calls.kmn
expect_calls "from a file" 40
expect_eq "from a file: every call has its result" "$(grep -c ' = [0-9]*  [0-9.]*[nums]*$' out)" 40
# the sample is gone, the names are not
sample_unload kmn_calls
expect_status "without the module it can be shown too" 0 kapimon show calls.kmn
expect_calls "without the module" 40
sample_load kmn_calls

status=0
kapimon hook -o - kmn_target -- sh -c "echo 30 >$run" 2>err.hook | kapimon show - >out 2>err ||
	status=$?
expect_eq "a capture through a pipe can be shown" "$status" 0
expect_calls "through a pipe" 30
expect_match "the writer's verdict comes too" err.hook '^COMPLETE$'

kapimon hook -o interrupted.kmn kmn_target >/dev/null 2>err.hook &
monitor=$!
wait_for 60 test -s interrupted.kmn
sample_run kmn_calls 20
kill -INT $monitor
status=0
wait $monitor || status=$?
expect_eq "Ctrl-C ends the recording as asked for" "$status" 0
expect_match "its ledger is printed at Ctrl-C" err.hook \
	'^kmn_target \[kmn_calls\] +entry +fentry +20 +20 +0 +0 +0 +0$'
expect_match "and its verdict at Ctrl-C" err.hook '^COMPLETE$'
expect_status "what was recorded until Ctrl-C can be shown" 0 kapimon show interrupted.kmn
expect_calls "until Ctrl-C" 20
sample_unload kmn_calls
