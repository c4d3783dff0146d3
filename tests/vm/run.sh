#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run the VM cases on one of the lab's kernels:
#
#	tests/vm/run.sh 6.1|6.12|6.1-rt|6.12-rt [CASE]...
#
# $VM_APPEND: more words for the guest's command line, which the names of its results show.
#
# All cases share one guest. When it dies or hangs, the case that was running has failed, its kernel
# log is on stderr, and the cases after it get a new guest. One that dies as guests do whose emulated
# processors don't see each other's patching of code (kapimon-lab(1), --accel) proves nothing: the
# case is begun again where they do, and counts. Prints TAP.
set -u

fail()
{
	echo "vm: $*" >&2
	exit 1
}

[ $# -ge 1 ] || { echo "usage: tests/vm/run.sh KERNEL [CASE]..." >&2; exit 2; }
kernel=$1
shift
here=$(cd "$(dirname "$0")/../.." && pwd) || exit 1
cd "$here" || exit 1
KAPIMON=${KAPIMON:-$here/${BUILD:-build}/kapimon}
export KAPIMON # for build-samples.sh
samples=$here/${BUILD:-build}/samples/$kernel
# seconds for one guest with all its cases; a case has its own, shorter limit (guest.sh)
limit=${VM_LIMIT:-2400}
append=${VM_APPEND:-}
guest=$kernel${append:+ $append}

[ -x "$KAPIMON" ] || fail "$KAPIMON is missing; run make build"
scripts/build-samples.sh "$kernel" "$samples" >&2 || fail "there are no samples for $kernel"

cases=$*
if [ -z "$cases" ]; then
	for path in tests/vm/cases/*.sh; do
		cases="$cases $(basename "$path" .sh)"
	done
fi
for name in $cases; do
	[ -f "tests/vm/cases/$name.sh" ] || fail "there is no case '$name'"
done

state=$(mktemp -d) || exit 1
trap 'rm -rf "$state"' EXIT

# Pass the guest's TAP on with the kernel in each name, and note which cases came to their end. No
# awk here: mawk, Debian's, reads ahead, so that the notes would come too late for watch_guest().
guest_output()
{
	name=
	while IFS= read -r line; do
		case $line in
		"# case "*)
			name=${line#\# case }
			echo "$name" >"$state/began"
			;;
		"# end "*)
			echo "$name" >>"$state/ended"
			continue
			;;
		"ok - "* | "not ok - "*)
			line="${line%%ok - *}ok - $guest $name: ${line#*ok - }"
			;;
		esac
		printf '%s\n' "$line"
	done
}

# Status in a file, errors passed on and kept.
lab()
{
	{
		{
			# shellcheck disable=SC2086,SC2016 # names of cases have no blanks; the
			# inner shell expands
			sh -c 'echo $$ >"$0"; exec "$@"' "$state/pid" \
				"$KAPIMON" lab --kernel "$kernel" --accel "$accel" \
				${append:+--append "$append"} \
				--timeout "${limit}s" --share "$here" -- \
				sh tests/vm/guest.sh "$samples" $cases 2>&1 >&4 4>&-
			echo $? >"$state/status"
		} | tee "$state/err" >&2 4>&-
	} 4>&1
}

# A guest whose kernel hangs can't keep the limits of its cases: end it a minute after the limit.
watch_guest()
{
	running=
	deadline=
	while sleep 5; do
		name=$(cat "$state/began")
		[ -n "$name" ] || continue
		if [ "$name" != "$running" ]; then
			running=$name
			seconds=$(sed -n 's/^# limit: //p' "tests/vm/cases/$name.sh")
			deadline=$(($(date +%s) + ${seconds:-120} + 60))
		elif [ "$(date +%s)" -gt "$deadline" ]; then
			echo "vm: the guest hangs in $name" >&2
			kill "$(cat "$state/pid")"
			return
		fi
	done
}

failed=0
accel=auto
while [ -n "$cases" ]; do
	: >"$state/ended"
	: >"$state/began"
	watch_guest >/dev/null &
	watcher=$!
	lab | guest_output | tee "$state/tap"
	kill $watcher 2>/dev/null
	wait $watcher 2>/dev/null
	grep -q '^not ok' "$state/tap" && failed=1

	left=
	for name in $cases; do
		grep -qx "$name" "$state/ended" || left="$left $name"
	done
	[ -n "$left" ] || break
	# a guest that began nothing won't begin anything next time either
	if [ ! -s "$state/began" ]; then
		for name in $left; do
			echo "not ok - $guest $name: the guest didn't start"
		done
		failed=1
		break
	fi
	died=$(cat "$state/began")
	if [ "$accel" = auto ] && scripts/emulator-erred.sh "$state/err"; then
		echo "# $died: the emulator's fault; once more with processors that take turns"
		accel=tcg-single
		cases=$left
		continue
	fi
	failed=1
	echo "not ok - $guest $died: the guest died (kapimon lab: $(cat "$state/status"))"
	cases=
	for name in $left; do
		[ "$name" = "$died" ] || cases="$cases $name"
	done
done
exit $failed
