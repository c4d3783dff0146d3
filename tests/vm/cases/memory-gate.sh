# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The leak gate: a clean module passes, a leaky one is told with each block, its tag, its stack and
# its source lines, in the init function too, however the module is loaded and unloaded.
# limit: 300

# How often it is asked to work, and the lines that leak.
requests="echo 100 >/sys/kernel/debug/kmn_gate/run"
lines=$(grep -n '/\* leak: ' "$SAMPLES/kmn_gate.c" | cut -d : -f 1)

expect_status "a clean module passes" 0 \
	kapimon mem --load "$SAMPLES/kmn_gate.ko" --fail-on leak -- sh -c "$requests"
expect_match "nothing leaked, it says" out '^0 blocks leaked; 0 bytes in all, of kmn_gate$'
expect_match "and that it saw everything" err '^COMPLETE$'
expect_status "the module is gone" 1 grep -q ^kmn_gate /proc/modules

expect_status "a leaky one does not" 4 kapimon mem --load "$SAMPLES/kmn_gate.ko leak=7" \
	--fail-on leak --to junit=junit.xml --to sarif=leaks.sarif --to json=leaks.json -- \
	sh -c "$requests"
cp out report
expect_match "so many blocks leaked" out '^14 blocks leaked; '
expect_match "those of its init function" out \
	'^ +7 +336 +0 +0 .* kmalloc-(cg-)?64 +kmn_gate +kmn_gate_start[+]'
expect_match "those of its requests" out \
	'^ +7 +2,100 +0 +0 .* kmalloc-(cg-)?512 +kmn_gate +kmn_gate_request[+]'
for line in $lines; do
	expect_match "line $line is in the stacks" report "^  > .* .*/kmn_gate\\.c:$line\$"
	expect_match "and in the SARIF report" leaks.sarif "\"startLine\":$line\\b"
done
expect_match "JUnit has a failed case for each place, and one for all" junit.xml 'failures="3"'
expect_match "JSON has the number" leaks.json '"leaked":true'

status=0
kapimon mem -v --until-unload -m kmn_gate --fail-on leak >out 2>err &
monitor=$!
wait_for 60 grep -q 'started in' err
insmod "$SAMPLES/kmn_gate.ko" leak=3
sh -c "$requests"
rmmod kmn_gate
wait $monitor || status=$?
expect_eq "a module that others load and unload is watched too" "$status" 4
expect_match "with what it leaked" out '^6 blocks leaked; '

expect_status "a module that does not load is no pass" 1 \
	kapimon mem --load "$SAMPLES/kmn_gate.ko leak=many" --fail-on leak
expect_match "it is told" err 'kmn_gate.ko could not be loaded'
expect_status "nor is a command that fails" 1 \
	kapimon mem --load "$SAMPLES/kmn_gate.ko" --fail-on leak -- false
expect_match "it is told too" err 'the command failed with status 1'
expect_status "a module that stays loaded is no pass" 1 \
	kapimon mem --until-unload -m kmn_gate --fail-on leak -- true
expect_match "this as well" err 'kmn_gate was not unloaded while it was watched'
expect_status "a file that is no module is refused" 2 kapimon mem --load /etc/passwd
