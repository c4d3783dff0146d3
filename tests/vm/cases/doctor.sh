# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# limit: 400
# What the doctor says is what the machine does, also when something is taken away from it.

expect_status "hooking works in a guest" 0 kapimon doctor
expect_match "trampolines were tried" out '^ok +trampolines .*a test call was seen'
expect_match "kprobes were tried" out '^ok +kprobes .*a test call was seen'
expect_match "a hook of Kapimon's own was tried" out '^ok +hook .*recorded at its entry and return'
expect_match "the last line is the verdict" out '^Hooking works here\.'
expect_eq "nothing stays behind" "$(cat /sys/kernel/debug/kprobes/list)" ""
if [ -e /sys/kernel/fprobe ] || grep -q ' [tT] register_fprobe_ips$' /proc/kallsyms; then
	expect_match "kprobe.multi is found" out '^ok +kprobe.multi '
else
	expect_match "kprobe.multi is missed" out '^no +kprobe.multi '
fi

echo 0 >/sys/kernel/debug/kprobes/enabled
kapimon doctor >out || true
expect_match "kprobes that are off are noticed" out '^no +kprobes .*a test call was not seen'
expect_match "the remedy is told" out 'echo 1 > /sys/kernel/debug/kprobes/enabled'
echo 1 >/sys/kernel/debug/kprobes/enabled

echo 0 >/proc/sys/kernel/ftrace_enabled
kapimon doctor >out || true
expect_match "trampolines without ftrace are noticed" out '^no +trampolines '
expect_match "the verdict names them" out '^Hooking does not work here: trampolines: '
expect_match "the remedy is told" out 'sysctl kernel.ftrace_enabled=1'
echo 1 >/proc/sys/kernel/ftrace_enabled

umount /sys/kernel/debug/tracing 2>/dev/null || true
umount /sys/kernel/tracing
expect_status "a function named in full can be hooked without tracefs" 0 kapimon doctor
expect_match "that it is not mounted is told" out '^no +tracefs +not mounted'
mount -t tracefs tracefs /sys/kernel/tracing

expect_status "a user without rights can't hook" 1 \
	setpriv --reuid 65534 --regid 65534 --clear-groups kapimon doctor
expect_match "the rights are in the way" out '^Hooking does not work here: rights: user 65534'

expect_status "as JSON it says the same" 0 kapimon doctor --json
expect_match "each finding is an object" out '^\{"check":"bpf","state":"ok","fact":".*"\}$'
expect_match "and so is the verdict" out '^\{"hooking":true,"lab":false,"verdict":"Hooking works'
