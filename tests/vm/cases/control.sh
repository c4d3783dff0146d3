# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Hooks and the kernel buffer change while recording, and no call is lost by it.
# limit: 240

sample_load kmn_calls
mkfifo changes
kapimon hook --no-stack --control changes --json kmn_target >json 2>err &
pid=$!
wait_for 60 sh -c 'grep -q kmn_target /sys/kernel/tracing/enabled_functions' || true
sleep 5

sample_run kmn_calls 100
echo "buffer 1M" >changes
sleep 3
sample_run kmn_calls 100
echo "hook kmn_eight" >changes
sleep 8
sample_run kmn_calls 100
echo "unhook kmn_target" >changes
sleep 5
sample_run kmn_calls 100
echo "hook no_such_function_at_all" >changes
sleep 3
sample_run kmn_calls 100
kill -INT $pid
status=0
wait $pid || status=$?
cat err

# hits FUNCTION
hits()
{
	python3 -c '
import json, sys
*_, last = open("json")
print(sum(row["recorded"] for row in json.loads(last)["ledger"]["hooks"]
          if row.get("function") == sys.argv[1]))' "$1"
}

expect_eq "the first hook recorded until it was taken out" "$(hits kmn_target)" 300
expect_eq "the second from when it was put in" "$(hits kmn_eight)" 300
expect_match "what can't be done is told" err "'hook no_such_function_at_all' is not done: "
expect_eq "the run is complete" "$status" 0
sample_unload kmn_calls
