# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What a VM case is written with. A case runs under "sh -eu": a command that fails unexpectedly ends
# it, and that counts as a failure. $SAMPLES holds the sample modules, $TESTS is tests/vm, the
# working directory is the guest's own and writable.

result()
{
	echo "$1" >&3
	echo "$1" >>"$RESULTS"
}

ok()
{
	result "ok - $1"
}

not_ok()
{
	result "not ok - $1"
}

# A line for the person who reads a failure.
note()
{
	printf '%s\n' "$*" | sed 's/^/# /' >&3
}

skip()
{
	result "ok - $1 # SKIP $2"
}

# expect_eq NAME ACTUAL EXPECTED
expect_eq()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		note "expected: $3"
		note "actual:   $2"
	fi
}

# expect_ne NAME ACTUAL UNWANTED
expect_ne()
{
	if [ "$2" != "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		note "unwanted: $3"
	fi
}

# expect_ge NAME ACTUAL LEAST
expect_ge()
{
	if [ "$2" -ge "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		note "expected at least: $3"
		note "actual:            $2"
	fi
}

# expect_match NAME FILE REGEX: a line of the file matches the extended regular expression
expect_match()
{
	if grep -Eq -e "$3" "$2"; then
		ok "$1"
	else
		not_ok "$1"
		note "no line matches: $3"
		note "$(head -n 40 "$2")"
	fi
}

expect_no_match()
{
	if ! grep -Eq -e "$3" "$2"; then
		ok "$1"
	else
		not_ok "$1"
		note "unwanted: $(grep -E -e "$3" "$2" | head -n 5)"
	fi
}

# expect_status NAME STATUS COMMAND...: its output is left in the files "out" and "err"
expect_status()
{
	expect_status_name=$1
	expect_status_wanted=$2
	shift 2
	expect_status_actual=0
	"$@" >out 2>err || expect_status_actual=$?
	expect_eq "$expect_status_name" "$expect_status_actual" "$expect_status_wanted"
	if [ "$expect_status_actual" != "$expect_status_wanted" ]; then
		note "command: $*"
		note "$(tail -n 20 err)"
	fi
}

# wait_for SECONDS COMMAND...: until the command succeeds; fails when it doesn't in time
wait_for()
{
	wait_for_turns=$(($1 * 10))
	shift
	while ! "$@"; do
		[ "$wait_for_turns" -gt 0 ] || return 1
		wait_for_turns=$((wait_for_turns - 1))
		sleep 0.1
	done
}

# sample_load NAME [PARAMETER=VALUE]...
sample_load()
{
	sample_load_name=$1
	shift
	insmod "$SAMPLES/$sample_load_name.ko" "$@"
}

# sample_unload NAME...: in the order given
sample_unload()
{
	for sample_unload_name; do
		rmmod "$sample_unload_name"
	done
}

# sample_run NAME NUMBER: returns when the calls are made
sample_run()
{
	echo "$2" >"/sys/kernel/debug/$1/run"
}

# sample_count NAME FUNCTION: how many calls the sample itself counted since it was loaded
sample_count()
{
	sed -n "s/^$2 //p" "/sys/kernel/debug/$1/counts"
}

# What "kapimon hook --json" left in a file is read with these; the numbers are those of its ledger.

# ledger_total FILE COUNT: hits, recorded... of all hooks together
ledger_total()
{
	sed -n "s/.*\"total\":{[^}]*\"$2\":\([0-9]*\).*/\1/p" "$1"
}

# ledger_count FILE FUNCTION entry|return COUNT: a line for each function of the name
ledger_count()
{
	grep -o '{"hits":[^}]*}' "$1" | grep "\"function\":\"$2\"" | grep "\"point\":\"$3\"" |
		sed "s/.*\"$4\":\([0-9]*\).*/\1/"
}

# json_calls FILE FUNCTION [REGEX]: how many calls of the function were recorded that match
json_calls()
{
	grep "^{\"kind\":\"entry\".*\"function\":\"$2\"" "$1" | grep -Ec -e "${3:-.}" || true
}

# expect_balance NAME FILE: in each row, hits = recorded + filtered + lost + suspended
expect_balance()
{
	expect_balance_rows=$(grep -o '{"hits":[^}]*}' "$2" | tr -c '0-9\n' ' ' |
		awk '$1 != $2 + $3 + $4 + $5 { print }')
	if [ -n "$(ledger_total "$2" hits)" ] && [ -z "$expect_balance_rows" ]; then
		ok "$1"
	else
		not_ok "$1"
		note "$(tail -n 1 "$2")"
	fi
}
