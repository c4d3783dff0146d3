#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run a program of NT that prints TAP with Wine, whose files go to FOLDER; without Wine it is skipped.
#
#	nt.sh PROGRAM FOLDER
set -u

program=$1
folder=$2
wine=/usr/lib/wine/wine64
if [ ! -x $wine ]; then
	echo "ok 1 # SKIP there is no $wine"
	echo "1..1"
	exit 0
fi
export WINEPREFIX="$folder/wine" WINEDEBUG=-all
unset DISPLAY
mkdir -p "$folder"
# The first run makes the folder and talks of it; only what is TAP is passed on.
timeout 200 $wine "$program" </dev/null >"$folder/nt.out" 2>"$folder/nt.err"
status=$?
tr -d '\r' <"$folder/nt.out"
[ $status = 0 ] || sed 's/^/# /' "$folder/nt.err"
exit $status
