# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# limit: 300
# Each kind of argument and result is shown as what the sample passed, through whatever method its
# function needs.

runs=6

# expect_calls NAME COUNT CALL: so many calls were printed exactly so
expect_calls()
{
	expect_eq "$1" "$(grep -cFx -e "$3" calls || true)" "$2"
}

sample_load kmn_calls
status=0
kapimon hook -r -S -v 'kmn_calls:kmn_*' -- \
	sh -c "echo $runs >/sys/kernel/debug/kmn_calls/run" >out 2>err || status=$?
cat out err
expect_eq "the run is complete" "$status" 0
# what is before the call and the time it took differ from call to call
sed -En 's/^.{15}  .* (kmn_[a-z0-9_]+\(.*)  [0-9.]+(ns|us|ms|s)$/\1/p' out >calls
expect_eq "there is nothing but the 16 functions' calls" "$(wc -l <calls)" $((16 * runs))

expect_calls "an enum has its enumerator's name" $runs 'kmn_enum(colour=KMN_GREEN) = KMN_GREEN'
expect_calls "flags have their names" $runs \
	'kmn_flags(access=KMN_READ|KMN_APPEND) = KMN_READ|KMN_APPEND'
expect_calls "a bool is true or false" $runs 'kmn_bool(on=true) = false'
expect_calls "64 bits are whole and unsigned" $runs \
	'kmn_u64(value=18364758544493064720) = 18364758544493064720'
expect_calls "small integers have their own size and sign" $runs 'kmn_small(a=-5, b=65535) = -5'
expect_eq "a string is quoted, with escapes" \
	"$(grep -c '^kmn_string(text="a \\"quoted\\"\\tstring\\n") = 0xffff[0-9a-f]*$' calls)" $runs
for nth in 0 1 2 3 4 5; do
	expect_calls "call $nth has its number, string and file" 1 \
		"kmn_target(number=$nth, name=\"a name\", file=/sys/kernel/debug/kmn_calls/run) = $((nth + 1))"
	case $((nth % 3)) in
	0) result=0 ;;
	1) result=-ENOENT ;;
	*) result=-EINVAL ;;
	esac
	expect_calls "error $nth has its name" 1 "kmn_errno(nth=$nth) = $result"
	if [ $((nth % 2)) = 0 ]; then
		expect_match "result $nth is the pointer that was passed" calls \
			"^kmn_pointer\(item=(0xffff[0-9a-f]{12}), nth=$nth\) = \1$"
	else
		expect_match "result $nth is an error in a pointer" calls \
			"^kmn_pointer\(item=0xffff[0-9a-f]{12}, nth=$nth\) = ERR_PTR\(-ENOMEM\)$"
	fi
done
expect_calls "a struct of 8 bytes" $runs 'kmn_by_value8(s={0x200000001}) = 3'
expect_calls "a struct of 16 bytes, with its neighbours" $runs \
	'kmn_by_value16(before=-1, s={0x3, 0x4}, after=-2) = 7'
expect_calls "a struct of 24 bytes is not made up" $runs 'kmn_by_value24(s=?) = 18'
expect_calls "a struct as result leaves the argument in its place" $runs 'kmn_returns24(a=8) = ?'
expect_calls "a function with \"...\"" $runs 'kmn_variadic(format="%d %s", ...) = 3'
# x86 passes six in registers; a kprobe, which 6.1 has to take, reads the others from the stack
expect_calls "eight arguments" $runs \
	'kmn_eight(a=1, b=2, c=3, d=4, e=5, f="six", g=-7, h=-8) = 0'
expect_calls "a function without arguments and result" $runs 'kmn_void()'

for function in kmn_by_value24 kmn_returns24 kmn_variadic; do
	expect_match "$function is hooked with a kprobe" err "kmn_calls:$function by kprobe$"
done
for function in kmn_target kmn_enum kmn_by_value8 kmn_by_value16 kmn_void; do
	expect_match "$function is hooked with a trampoline" err "kmn_calls:$function by fentry$"
done

# What the samples with their own roads, and one without, recorded is what the module counted.
kapimon hook -r -S -j kmn_variadic kmn_by_value24 kmn_returns24 kmn_by_value16 -- \
	sh -c 'echo 100 >/sys/kernel/debug/kmn_calls/run' >json
for function in kmn_variadic kmn_by_value24 kmn_returns24 kmn_by_value16; do
	expect_eq "each entry of $function is recorded" \
		"$(ledger_count json $function entry recorded)" 100
	expect_eq "each return of $function is recorded" \
		"$(ledger_count json $function return recorded)" 100
	expect_eq "the records of $function are there" "$(json_calls json $function)" 100
	expect_eq "the module counted as many calls of $function" \
		"$(sample_count kmn_calls $function)" $((100 + runs))
done
sample_unload kmn_calls
