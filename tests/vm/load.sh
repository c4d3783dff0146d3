#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs inside the guest: keeps the kernel busy with real work for some seconds, all of it at once, as
# a background for a test or to watch the kernel by itself:
#
#	tests/vm/load.sh SECONDS [KIND]...
#
#	http	files fetched over TCP on the loopback device
#	files	files written, renamed, linked, truncated, read back and removed
#	untar	a tree unpacked from an archive and removed
#	git	files committed to a repository that is packed now and then
#	timers	processes that sleep for some milliseconds, and are stopped by a timeout
#	spawn	short processes and pipes between them
#	modules	modules of $SAMPLES loaded and unloaded (left out without $SAMPLES)
#
# Files are in memory, or on ext4 in a loop device where the kernel has both. Prints a line "KIND
# ROUNDS" for each kind at the end, when all that it began has ended and is cleaned up.
# shellcheck disable=SC2317 # what is called by a name put together looks unreachable
set -eu

seconds=$1
shift
kinds=${*:-http files untar git timers spawn modules}
[ -n "${SAMPLES:-}" ] || kinds=$(echo "$kinds" | sed 's/modules//')
work=$(mktemp -d)
port=$((8000 + $$ % 1000))
loop=
deadline=$(($(date +%s) + seconds))

clean()
{
	cd /
	if [ -n "$loop" ]; then
		umount "$work"
		losetup -d "$loop"
	fi
	rm -rf "$work" "$work.image"
}
trap clean EXIT
# Each kind ends after the round that it is in.
trap 'touch "$work/over"' TERM INT

disk()
{
	grep -qw ext4 /proc/filesystems || return 0
	[ -e /dev/loop-control ] || return 0
	command -v mkfs.ext4 >/dev/null || return 0
	truncate -s 256M "$work.image"
	mkfs.ext4 -q "$work.image"
	loop=$(losetup -f)
	losetup "$loop" "$work.image"
	mount -t ext4 "$loop" "$work"
	echo "# on ext4 in $loop"
}

server=
prepare_http()
{
	mkdir www
	head -c 300000 /dev/urandom >www/file
	busybox httpd -f -p "127.0.0.1:$port" -h www &
	server=$!
	while ! busybox wget -q -O /dev/null "http://127.0.0.1:$port/file" 2>/dev/null; do
		kill -0 "$server"
		sleep 0.1
	done
}

round_http()
{
	busybox wget -q -O fetched "http://127.0.0.1:$port/file"
	cmp -s fetched www/file
}

end_http()
{
	kill "$server"
}

prepare_files()
{
	head -c 30000 /dev/urandom >source
}

round_files()
{
	mkdir -p files/a files/b
	for i in 1 2 3; do
		cp source "files/a/$i"
		ln "files/a/$i" "files/a/link$i"
		mv "files/a/$i" "files/b/$i"
		echo more >>"files/b/$i"
		truncate -s 5000 "files/b/$i"
	done
	cat files/b/* >files/all
	sync files/all
	ls -lR files >/dev/null
	rm -r files
}

# Some files of what a system that builds kernel modules has.
prepare_untar()
{
	tar -cf tree.tar -C /usr/include linux/netfilter linux/usb linux/raid
}

round_untar()
{
	mkdir tree
	tar -xf tree.tar -C tree
	rm -r tree
}

git_do()
{
	git -C repository -c user.name=load -c user.email=load@localhost -c gc.auto=0 "$@" \
		>/dev/null 2>&1
}

prepare_git()
{
	mkdir repository
	git_do init -q
}

round_git()
{
	for i in 1 2 3 4 5; do
		seq $((rounds + i)) $((rounds + i * 200)) >"repository/file$i"
	done
	git_do add .
	git_do commit -q -m "round $rounds"
	[ $((rounds % 5)) != 4 ] || git_do gc -q
}

round_timers()
{
	for i in 1 2 3 4 5; do
		sleep "0.00$i" &
	done
	{ timeout 0.01 sleep 1 || true; } 2>/dev/null
	wait
}

round_spawn()
{
	seq 2000 | sort -r | uniq -c | tail -n 1 >/dev/null
	for i in 1 2 3 4 5; do
		/bin/true
		(exit $((i - i)))
	done
}

round_modules()
{
	for i in kmn_callee kmn_left kmn_dups_b; do
		insmod "$SAMPLES/$i.ko"
	done
	for i in kmn_dups_b kmn_left kmn_callee; do
		rmmod "$i"
	done
}

# In a shell of its own for each kind, at least one round. A command that fails ends it, and it says no
# number then.
work_on()
{
	rounds=0
	if command -v "prepare_$1" >/dev/null; then
		"prepare_$1"
	fi
	while :; do
		"round_$1"
		rounds=$((rounds + 1))
		[ ! -e over ] || break
		[ "$(date +%s)" -lt $deadline ] || break
	done
	if command -v "end_$1" >/dev/null; then
		"end_$1"
	fi
	echo $rounds >"rounds.$1"
}

disk
cd "$work"
pids=
for kind in $kinds; do
	work_on "$kind" &
	pids="$pids $!"
done
for pid in $pids; do
	# a signal ends wait, not what it waits for
	while kill -0 "$pid" 2>/dev/null; do
		wait "$pid" || true
	done
done
status=0
for kind in $kinds; do
	if [ -f "rounds.$kind" ]; then
		echo "$kind $(cat "rounds.$kind")"
	else
		echo "$kind failed"
		status=1
	fi
done
exit $status
