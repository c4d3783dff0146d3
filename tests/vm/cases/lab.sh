# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The guest is what the other cases count on.

expect_eq "the samples were built for the kernel that runs" "$(uname -r)" "$(cat "$SAMPLES/release")"
expect_eq "there are two processors" "$(grep -c ^processor /proc/cpuinfo)" 2
for path in /proc/self /sys/kernel /dev/null /sys/kernel/debug/kprobes /sys/kernel/tracing/events \
	/sys/kernel/btf/vmlinux /sys/fs/bpf /sys/fs/cgroup/cgroup.procs; do
	expect_status "$path is there" 0 test -e "$path"
done
expect_status "kapimon is on the path and runs" 0 kapimon --version
expect_status "the working directory can be written" 0 touch written
expect_eq "an exit status comes out as it was" "$(sh -c 'exit 77' && echo 0 || echo $?)" 77
expect_status "the kernel's symbols have addresses" 0 \
	sh -c 'grep " T vfs_open$" /proc/kallsyms | grep -qv "^0000000000000000"'
