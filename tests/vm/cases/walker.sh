# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The stack walker finds what the kernel's own unwinder finds, in every context, however a function
# is hooked and whatever comes and goes meanwhile; and if it ever does not, that is noticed.
# limit: 300

# So many turns of the load for each way of hooking; more by hand: WALKER_TURNS=50
turns=${WALKER_TURNS:-1}

# traffic: TCP and UDP over loopback, a megabyte or so each
cat >traffic.py <<'END'
import socket, threading

def serve(listener):
    for _ in range(10):
        connection, _ = listener.accept()
        while data := connection.recv(2000):
            connection.sendall(data)
        connection.close()

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
threading.Thread(target=serve, args=(listener,)).start()
for _ in range(10):
    client = socket.create_connection(listener.getsockname())
    for _ in range(20):
        client.sendall(b"x" * 2000)
        got = 0
        while got < 2000:
            got += len(client.recv(2000))
    client.close()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
for _ in range(300):
    udp.sendto(b"y" * 500, udp.getsockname())
    udp.recv(1000)
END

# load: files, pipes, processes, network, timers, interrupts, modules
cat >load.sh <<'END'
turns=$1
while [ "$turns" -gt 0 ]; do
	turns=$((turns - 1))
	mkdir -p tree
	for i in 1 2 3 4; do
		dd if=/dev/zero of=tree/$i bs=4k count=50 2>/dev/null
	done
	find /sys/kernel/slab /proc/self -type f 2>/dev/null | head -n 1000 | sort | wc -l >tree/found
	cat tree/* | wc -c >tree/size
	sync
	rm -r tree
	python3 traffic.py
	insmod "$SAMPLES/kmn_nested.ko" duration_ms=500
	echo 1 >/sys/kernel/debug/kmn_nested/run
	rmmod kmn_nested
	for module in kmn_callee kmn_left kmn_right kmn_calls kmn_init; do
		insmod "$SAMPLES/$module.ko"
		[ ! -e "/sys/kernel/debug/$module/run" ] ||
			echo 20 >"/sys/kernel/debug/$module/run"
	done
	rmmod kmn_init kmn_calls kmn_right kmn_left kmn_callee
done
END

# stacks WHAT: a number of the line that tells what became of the stacks: known, walked, left,
# compared, different
stacks()
{
	case $1 in
	known) stacks_pattern='stacks: \([0-9]*\) known' ;;
	walked) stacks_pattern='stacks: .* \([0-9]*\) walked' ;;
	left) stacks_pattern='stacks: .* \([0-9]*\) left' ;;
	compared) stacks_pattern='stacks: .* \([0-9]*\) compared' ;;
	different) stacks_pattern='stacks: .* \([0-9]*\) different' ;;
	esac
	sed -n "s/^kapimon [a-z]*: $stacks_pattern.*/\\1/p" err
}

# verify NAME LEAST COMMAND...: so many stacks are compared at least, and nothing is different; what
# is recorded is thrown away
verify()
{
	verify_name=$1
	verify_least=$2
	shift 2
	verify_status=0
	kapimon "$@" --verify-stacks --verbose -- sh load.sh "$turns" >out 2>err ||
		verify_status=$?
	grep -E 'walker:|kernel:' err
	note "$verify_name: $(grep 'stacks: ' err)"
	note "$verify_name: $(grep 'stacks left' err)"
	note "$verify_name: $(sed -n 's/^COMPLETE.*/&/p; /^INCOMPLETE/p' err)"
	# 3: some were missed or lost, which is no matter here
	case $verify_status in
	0 | 3) ;;
	*) note "$(tail -n 5 err)" ;;
	esac
	expect_eq "$verify_name: no stack is different" "$(stacks different)" 0
	expect_ge "$verify_name: many were compared" "$(stacks compared)" "$verify_least"
	expect_ge "$verify_name: the walker does most of the work" \
		"$(($(stacks known) + $(stacks walked)))" "$(($(stacks left) * 4))"
}

# Some hot functions, in all contexts, and some below which others are called, with their returns:
# trampolines, programs and hooked returns are in the stacks then.
for function in try_to_wake_up kmem_cache_free __alloc_skb tcp_v4_rcv mod_timer __queue_work \
	update_process_times pipe_write __d_alloc security_file_open; do
	echo "hook $function"
done >session
for function in ksys_read do_sys_openat2 tcp_sendmsg; do
	echo "hook-return $function"
done >>session

verify "trampolines" 10000 hook --keep-last 10calls --session session
# kprobe.multi, or one kprobe event where there is none
verify "the fast method" 10000 hook --keep-last 10calls --fast --session session kfree
# Loads through a helper, as on kernels that have no other way.
KAPIMON_WALKER=probe verify "without direct loads" 500 hook --keep-last 10calls \
	mod_timer pipe_write __d_alloc tcp_v4_rcv
# Tracepoints, and functions that are followed by themselves.
verify "memory" 10000 mem

# spoiled OPTION...: what is known of vfs_write's frames is wrong; a call below it has a stack
spoiled()
{
	KAPIMON_WALKER=spoil:vfs_write kapimon hook --verbose --json "$@" kmn_deep_target -- \
		sh -c 'echo 50 >/sys/kernel/debug/kmn_deep/run' >json 2>err
}

sample_load kmn_deep depth=4
spoiled
expect_match "a wrong table is noticed" err 'the stack walker found a stack other than the kernel'
expect_match "what was found is told" err '^kapimon hook: walker: kmn_deep_target'
expect_match "and what the kernel has" err \
	'^kapimon hook: kernel: kmn_deep_target.* run_write.* vfs_write.* ksys_write'
expect_eq "at once" "$(stacks compared)" 1
expect_eq "then the kernel takes the stacks" "$(stacks left)" 49
expect_eq "and each is right" "$(json_calls json kmn_deep_target \
	'"stack":\["kmn_deep_target.*"run_write.*"vfs_write.*"ksys_write.*"do_syscall_64')" 50
spoiled --verify-stacks
expect_eq "when verifying, all stay compared" "$(stacks compared)" 50
expect_eq "and all are different" "$(stacks different)" 50
expect_eq "and each is right all the same" "$(json_calls json kmn_deep_target \
	'"stack":\["kmn_deep_target.*"run_write.*"vfs_write.*"ksys_write.*"do_syscall_64')" 50

# Without being asked: each stack is compared before it gets a name, then one of 1,024.
kapimon hook --verbose --keep-last 10calls kmn_deep_target -- \
	sh -c 'echo 5000 >/sys/kernel/debug/kmn_deep/run' >out 2>err
expect_eq "some are always compared" "$(($(stacks compared) >= 5 && $(stacks compared) <= 50))" 1
expect_ge "and nearly all known by a memo" "$(stacks known)" 4990
KAPIMON_WALKER=off kapimon hook --verbose --json kmn_deep_target -- \
	sh -c 'echo 50 >/sys/kernel/debug/kmn_deep/run' >json 2>err
expect_eq "with the walker off the kernel takes all" "$(stacks left)" 50
sample_unload kmn_deep
