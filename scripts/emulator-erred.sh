#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Did a guest die of what only an emulator does?
#
#	scripts/emulator-erred.sh FILE		what "kapimon lab" said of it
#
# That is a breakpoint left where code was patched, or a double fault with the flag of virtual 8086 mode
# (bit 17), which 64-bit code can't have. With processors that take turns (--accel tcg-single) neither
# happens.
grep -q 'Oops: int3' "$1" ||
	{ grep -q 'Oops: double fault' "$1" &&
		grep -Eq 'EFLAGS: [0-9a-f]{3}[2367abef][0-9a-f]{4}$' "$1"; }
