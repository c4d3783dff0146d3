#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# All tests: unit tests, golden captures, exports and commands, the same under the address and
# undefined-behaviour sanitizers, the fuzzers for a moment, the NT driver under Wine (the i386 one too, if
# NT_CHROOT is a folder that tests/nt/chroot.sh has made), a capture from the lab, a leak gate, then the VM
# cases on each kernel of $KERNELS, those of nested calls with full preemption too. Every result is a TAP line
# on stdout and in $BUILD/test-results.tap; a part that fails doesn't keep the next from running.
set -u

build=${BUILD:-build}
kernels=${KERNELS:-6.1 6.12}
cd "$(dirname "$0")/.." || exit 1
results=$build/test-results.tap
: >"$results"
failed=

# Run a part that prints TAP. A part that broke down before any result is a failure all the same.
part()
{
	name=$1
	shift
	echo "# $name"
	{
		"$@"
		echo $? >"$results.status"
	} | tee "$results.part"
	if [ "$(cat "$results.status")" != 0 ]; then
		failed="$failed $name"
		grep -q '^not ok' "$results.part" ||
			echo "not ok - $name: broke down" | tee -a "$results.part"
	fi
	cat "$results.part" >>"$results"
	rm "$results.part" "$results.status"
}

sanitized()
{
	# gcc's manual, "Program Instrumentation Options", advises against -Werror with sanitizers:
	# their checks create paths that it then warns of
	if [ ! -f "$build-asan/build.ninja" ]; then
		meson setup "$build-asan" -Db_sanitize=address,undefined -Db_lundef=false \
			-Dwerror=false >&2 || return 1
	fi
	ninja -C "$build-asan" >&2 || return 1
	export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	scripts/unit-tests.py "$build-asan" sanitized
	units=$?
	tests/export/run.py "$build-asan" sanitized-export && return $units
}

part unit scripts/unit-tests.py "$build" unit
part golden tests/golden/run.sh "$build"
part export tests/export/run.py "$build" export
part command tests/command/run.py "$build" command
part sanitized sanitized
part fuzz scripts/fuzz.sh 15
part nt env -u NT_CHROOT tests/nt/run.sh "$build"
[ -z "${NT_CHROOT:-}" ] || part nt-i386 tests/nt/run.sh "$build"
part nt-suite tests/nt/vm/run.sh --wine
part lab tests/lab/run.sh "${kernels%% *}"
part gate tests/lab/gate.sh "${kernels##* }"
for kernel in $kernels; do
	part "vm-$kernel" tests/vm/run.sh "$kernel"
done
part vm-preempt-full env VM_APPEND=preempt=full tests/vm/run.sh "${kernels##* }" nested

echo
if [ -n "$failed" ]; then
	echo "failed:$failed"
	grep '^not ok' "$results"
	exit 1
fi
echo "all tests passed"
