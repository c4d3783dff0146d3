# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# limit: 400
# What can't be hooked and what makes no sense is refused with a sentence that says why and with
# what to do instead; and nothing stays behind.

trace=/sys/kernel/tracing
cat $trace/enabled_functions >hooked-before

# refused WHAT SENTENCE HINT ARGUMENT...
refused()
{
	refused_what=$1
	refused_sentence=$2
	refused_hint=$3
	shift 3
	expect_status "$refused_what: wrong usage" 2 timeout 60 kapimon hook "$@"
	expect_eq "$refused_what: nothing is printed as a result" "$(cat out)" ""
	expect_match "$refused_what: the reason" err "^kapimon hook: .*$refused_sentence"
	[ -z "$refused_hint" ] || expect_match "$refused_what: what to do" err "^ .*$refused_hint"
}

sample_load kmn_calls
sample_load kmn_dups_a
sample_load kmn_dups_b

refused "no such function" "kmn_no_such_thing can't be hooked: this kernel has no such function" \
	"debug information would tell" kmn_no_such_thing
refused "a misspelt name" "vfs_raed can't be hooked: this kernel has no such function" \
	"vfs_read has a similar name" vfs_raed
refused "a variable" "jiffies can't be hooked: it is a" "only functions can be hooked" jiffies
refused "a function of the monitor's own" \
	"migrate_disable can't be hooked: every BPF program runs" \
	"hook its callers instead" migrate_disable
# a static inline function of two instructions
refused "a function that is inlined everywhere" \
	"IS_ERR can't be hooked: this kernel has no such function, or it is inlined everywhere" \
	"" IS_ERR
refused "a function of the kernel asked for in a module" \
	"kmn_calls:vfs_read can't be hooked: that module has no function of that name" \
	"it is in the kernel itself: hook vmlinux:vfs_read" kmn_calls:vfs_read
refused "a function of a module asked for in the kernel" \
	"vmlinux:kmn_target can't be hooked: the kernel itself has no function of that name" \
	"it is in module kmn_calls: hook kmn_calls:kmn_target" vmlinux:kmn_target
refused "a function that its module has not" "kmn_calls:kmn_targte can't be hooked" \
	"kmn_target has a similar name" kmn_calls:kmn_targte
refused "a module that is not loaded" \
	"no_such_module:some_function can't be hooked: module no_such_module is not loaded" \
	"" no_such_module:some_function
refused "a glob that matches nothing" "no function's name matches kmn_no_such_\*" "" 'kmn_no_such_*'
refused "a regular expression that is none" "/\(/" "" '/(/'

refused "no function" "which function is to be hooked" "expected kapimon hook API" -r
refused "an unknown option" "--no-such-option" "" --no-such-option vfs_read
refused "a buffer beyond all memory" "5G|buffer" "" --buffer 5G kmn_target
refused "a buffer that is no size" "the size 'many' is not a number" \
	"expected bytes with or without a unit" --buffer many kmn_target
refused "a comparison that is none" "'nonsense' is not a comparison" \
	"write it as NAME OPERATOR VALUE" --where nonsense kmn_target
refused "a comparison with an argument that is not there" "kmn_target has no argument 'fd'" \
	"its arguments are: number, name, file" --where 'fd > 2' kmn_target
refused "a comparison with a result that is not hooked" "the return of kmn_target is not hooked" \
	"add -r" --where 'ret < 0' kmn_target
refused "a process that is no number" "'x' is not a number" "" --pid x kmn_target
refused "a cgroup that is not there" "there is no cgroup '/no/such'" "give a directory below" \
	--cgroup /no/such kmn_target
refused "two dashes without a command" "there is no command behind \"--\"" "" kmn_target --
refused "children of nobody" "--children of which process" "or --pid" --children kmn_target
refused "a command that does not exist" "can't run './no-such-command': No such file or directory" \
	"" kmn_target -- ./no-such-command
refused "a function without a place for a hook" "trace_clock_local.* can't be hooked" \
	"notrace or noinstr" trace_clock_local
refused "it, when any symbol will do" "trace_clock_local.* can't be hooked" \
	"notrace or noinstr" --any trace_clock_local
refused "data, when any symbol will do" "jiffies" "" --any jiffies
echo precious >file
refused "a file that is not a capture" "file" "--force" -o file kmn_target -- true
expect_eq "it is left alone" "$(cat file)" precious

expect_eq "no function stays hooked" "$(cat $trace/enabled_functions)" "$(cat hooked-before)"
expect_eq "no kprobe stays" "$(cat /sys/kernel/debug/kprobes/list)" ""

# What fentry refuses works all the same, and of several functions of one name all are hooked.
expect_status "the kernel's hard cases are hooked" 0 \
	kapimon hook -S -j kmn_variadic kmn_by_value24 kmn_dup -- sh -c '
		echo 5 >/sys/kernel/debug/kmn_calls/run
		echo 2 >/sys/kernel/debug/kmn_dups_a/run
		echo 3 >/sys/kernel/debug/kmn_dups_b/run'
expect_eq "a variadic function, through a kprobe" "$(ledger_count out kmn_variadic entry hits)" 5
expect_eq "a struct of 24 bytes, through a kprobe" "$(ledger_count out kmn_by_value24 entry hits)" 5
expect_match "that there are several of a name is told" err \
	"^kapimon hook: 'kmn_dup' is the name of 3 functions; all are hooked"
expect_eq "each of them has its own calls" \
	"$(ledger_count out kmn_dup entry hits | sort -n | tr '\n' ' ')" "2 4 9 "
expect_eq "and its own records" "$(json_calls out kmn_dup '"module":"kmn_dups_b"')" 9

sample_unload kmn_dups_b kmn_dups_a kmn_calls
