# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# limit: 300
# However it dies, nothing of it stays in the kernel, and what it had written can be read.

trace=/sys/kernel/tracing

# Lines that say how many programs, links and maps there are, and which functions and probes are in
# use: the same before and after.
in_kernel()
{
	echo "programs: $(bpftool prog show | grep -c '^[0-9]')"
	echo "links: $(bpftool link show | grep -c '^[0-9]')"
	echo "maps: $(bpftool map show | grep -c '^[0-9]')"
	cat $trace/enabled_functions $trace/kprobe_events /sys/kernel/debug/kprobes/list
}

as_before()
{
	in_kernel >after
	cmp -s before after
}

# kill_in_the_middle FUNCTION: 50 calls, time to be flushed, then many, and the end among them
kill_in_the_middle()
{
	in_kernel >before
	rm -f killed.kmn
	kapimon hook -r -o killed.kmn "$1" >/dev/null 2>err &
	monitor=$!
	wait_for 60 test -s killed.kmn
	in_kernel >during
	expect_ne "$1: its programs are in the kernel" "$(cat during)" "$(cat before)"
	sample_run kmn_calls 50
	sleep 3
	sample_run kmn_calls 3000 &
	load=$!
	sleep 1
	kill -9 $monitor
	wait $monitor || true
	wait $load
	# programs and maps are freed when no processor can be inside of them any more
	if wait_for 30 as_before; then
		ok "$1: nothing stays in the kernel"
	else
		not_ok "$1: nothing stays in the kernel"
		note "$(diff before after)"
	fi
	expect_status "$1: what was written can be read, and is not whole" 3 kapimon show -S killed.kmn
	expect_match "$1: it is said why" err \
		'^INCOMPLETE: the capture ends before its ledger \(the writer was killed\?\)'
	expect_ge "$1: the calls from before the last flush are there" "$(grep -c " $1(" out)" 50
	expect_status "$1: the rest can be counted" 3 kapimon show --json killed.kmn
	expect_eq "$1: the first 50 have their returns" \
		"$(sed -n '1,100p' out | grep -c '^{"kind":"return"')" 50
	expect_status "$1: the function is called as before" 0 sample_run kmn_calls 5
}

sample_load kmn_calls
kill_in_the_middle kmn_target
# takes another way into the kernel
kill_in_the_middle kmn_variadic

# While it is still putting its hooks in, nobody has been told where they are.
in_kernel >before
kapimon hook -r 'kmn_calls:kmn_*' >/dev/null 2>&1 &
monitor=$!
wait_for 60 grep -q kmn_ $trace/enabled_functions
kill -9 $monitor
wait $monitor || true
if wait_for 30 as_before; then
	ok "killed while it hooks: nothing stays in the kernel"
else
	not_ok "killed while it hooks: nothing stays in the kernel"
	note "$(diff before after)"
fi
sample_unload kmn_calls
