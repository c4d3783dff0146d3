#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Measure, add what was measured to bench/history.csv, and write docs/performance.md and
# bench/history.svg from it:
#
#	bench/run.sh [PART]...		all parts, if none is named
#
# Parts of the lab, on each kernel of $KERNELS: calls, memory, loss, attach, sizes; of those of
# $LOSS_KERNELS, with the realtime ones: loss. Parts of the machine itself: capture, live, filter.
# $HOOKS: the numbers of hooks for attach. The page says of each part when it was measured.
set -eu

cd "$(dirname "$0")/.."
here=$PWD
build=${BUILD:-build}
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kapimon
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
packages="bpftrace bpfcc-tools linux-perf trace-cmd"
# shellcheck disable=SC2086 # a list of words
scripts/install-deps.sh $packages
time=$(date -u '+%F %H:%M')
version=$("$build/kapimon" --version | sed 's/^kapimon //')
version="$version ($(git describe --always --dirty --exclude '*' 2>/dev/null || echo 'no commit'))"

# keep PART KERNEL: the rows on the standard input
keep()
{
	tee -a /dev/stderr >"$work/rows"
	bench/history.py add "$1" "$2" "$time" "$version" <"$work/rows"
}

# guest ACCEL KERNEL OPTIONS SCRIPT ARGUMENT...: its output is in $work/out then
guest()
{
	guest_accel=$1
	guest_kernel=$2
	guest_options=$3
	guest_script=$4
	shift 4
	headers=$cache/headers-$(cat "$build/samples/$guest_kernel/release")
	guest_status=0
	# shellcheck disable=SC2086 # options
	"$build/kapimon" lab --kernel "$guest_kernel" --accel "$guest_accel" --memory 2G \
		--share "$here" --share "$headers" $guest_options -- \
		env "SAMPLES=$here/$build/samples/$guest_kernel" "HEADERS=$headers" \
		sh "$here/bench/$guest_script.sh" "$@" >"$work/out" 2>"$work/err" || guest_status=$?
	cat "$work/err" >&2
	return $guest_status
}

# in_lab PART KERNEL OPTION... [-- ARGUMENT...]: what was measured before a part broke down counts
in_lab()
{
	lab_part=$1
	lab_kernel=$2
	shift 2
	lab_options=
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		lab_options="$lab_options $1"
		shift
	done
	[ $# = 0 ] || shift
	echo "bench: $lab_part on $lab_kernel${1:+: $*}" >&2
	scripts/build-samples.sh "$lab_kernel" "$build/samples/$lab_kernel"
	lab_status=0
	guest auto "$lab_kernel" "$lab_options" "$lab_part" "$@" || lab_status=$?
	if [ $lab_status != 0 ] && scripts/emulator-erred.sh "$work/err"; then
		echo "bench: the emulator's fault; once more with processors that take turns" >&2
		lab_status=0
		guest tcg-single "$lab_kernel" "$lab_options" "$lab_part" "$@" || lab_status=$?
	fi
	[ $lab_status = 0 ] ||
		printf '%s\tfailed\tended with status %s\n' "$lab_part${1:+ $*}" $lab_status \
			>>"$work/out"
	keep "$lab_part" "$lab_kernel" <"$work/out"
}

# native PART: a program of this machine
native()
{
	echo "bench: $1" >&2
	"$build/bench/bench_$1" "$work/bench.kmn" | keep "$1" host
}

# What stands beside it, and what the machine is.
versions()
{
	for package in $packages libbpf-dev gcc clang qemu-system-x86; do
		printf '%s\tversion\t%s\n' "$package" \
			"$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null || echo 'not known')"
	done
	printf 'machine\tprocessors\t%s\n' "$(nproc)"
	printf 'machine\tload at the start\t%s\n' "$(cut -d ' ' -f 1 /proc/loadavg)"
}

[ $# -gt 0 ] || set -- calls memory loss attach sizes capture live filter
versions | keep versions host
for part; do
	case $part in
	capture | live | filter)
		native "$part"
		continue
		;;
	esac
	kernels=${KERNELS:-6.1 6.12}
	[ "$part" != loss ] || kernels=${LOSS_KERNELS:-${KERNELS:-6.1 6.12 6.1-rt 6.12-rt}}
	for kernel in $kernels; do
		case $part in
		calls | memory) in_lab "$part" "$kernel" --icount --timeout 1800s ;;
		attach)
			# shellcheck disable=SC2086 # numbers
			in_lab attach "$kernel" --icount --timeout 3600s -- ${HOOKS:-1 16 100 1000 5000}
			;;
		loss)
			# one guest each: when it dies, the others have been measured
			for section in calls memory peers memory-peers; do
				in_lab loss "$kernel" --timeout 1800s -- $section
			done
			;;
		sizes) in_lab sizes "$kernel" --timeout 1800s ;;
		*)
			echo "bench: there is no part '$part'" >&2
			exit 2
			;;
		esac
	done
done
bench/page.py >docs/performance.md
bench/plot.py >bench/history.svg
echo "bench: written to docs/performance.md" >&2
