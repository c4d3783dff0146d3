# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# For tests that run the lab from the host, started in the repository's root: $part is their name in
# TAP, $kernel what they boot. They end with the status $failed.
# shellcheck disable=SC2034,SC2154

build=${BUILD:-build}
KAPIMON=${KAPIMON:-$PWD/$build/kapimon}
export KAPIMON # for build-samples.sh
samples=$PWD/$build/samples/$kernel
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# check NAME COMMAND...: what failed is told with what $work/out has
check()
{
	name=$1
	shift
	if "$@"; then
		echo "ok - $part: $name"
	else
		echo "not ok - $part: $name"
		[ ! -f "$work/out" ] || sed 's/^/# /' "$work/out"
		failed=1
	fi
}

scripts/build-samples.sh "$kernel" "$samples" >&2 || exit 1
