#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Kapimon at work: boot the lab with a stock kernel, watch what scripts/demo.session says while a
# few files come and go and a module is loaded, and end with the ledger. Fails unless the record is
# COMPLETE and what happened is in it. The capture stays in $BUILD/demo.kmn.
set -eu

kernel=${KERNEL:-6.12}
cd "$(dirname "$0")/.."
build=${BUILD:-build}
samples=$build/samples/$kernel
capture=$build/demo.kmn

color=
[ ! -t 1 ] || [ -n "${NO_COLOR:-}" ] || color=--color=always

mkdir -p "$samples"
echo "demo: building the sample modules for Linux $kernel, the first time with its headers"
KAPIMON=$build/kapimon scripts/build-samples.sh "$kernel" "$samples" \
	>"$samples.log" 2>&1 || {
	cat "$samples.log" >&2
	exit 1
}

cat <<-EOF

	A virtual machine boots with Debian's Linux $kernel. In it Kapimon hooks three functions of the
	file system and all functions of a module that is not loaded yet. Then the module is loaded and
	a folder comes and goes; the first rmdir fails. Each call is shown with what it was given, what
	it returned, how long it took and who called it. The ledger says if any call is missing.

EOF

# the first rmdir finds a file in the folder
module=$(cd "$samples" && pwd)/kmn_init.ko
work="insmod $module calls=1 && cd /tmp && mkdir demo && touch demo/file
	! rmdir demo && rm demo/file && rmdir demo"
status=0
export KAPIMON_MODULE_PATH="${module%/*}"
# shellcheck disable=SC2086 # an option or nothing
"$build/kapimon" lab --kernel "$kernel" --share "${module%/*}" --output "$capture" -- \
	kapimon hook --children --session scripts/demo.session --output /dev/kapimon-capture --print \
	$color -- sh -c "$work" || status=$?
case $status in
0) ;;
3)
	echo "demo: calls are missing, which should not happen" >&2
	exit 3
	;;
*)
	echo "demo: failed" >&2
	exit "$status"
	;;
esac

# The verdict is about what was hooked; that the right things were hooked, the calls show.
calls=$("$build/kapimon" show --json "$capture")
for function in vfs_mkdir vfs_rmdir vfs_unlink kmn_init_start kmn_init_early kmn_init_helper; do
	if ! echo "$calls" | grep -q "^{\"kind\":\"return\".*\"function\":\"$function\""; then
		echo "demo: no call of $function was recorded" >&2
		exit 1
	fi
done
echo
echo "The calls are also in a capture: try  $build/kapimon show $capture"
