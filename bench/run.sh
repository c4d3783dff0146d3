#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# How long attaching and detaching a thousand hooks takes, on each kernel of $KERNELS, in the lab.
# Under emulation the numbers are some twenty times those of hardware: they compare versions, they
# don't predict.
#
#	bench/run.sh [HOOKS]
set -eu

hooks=${1:-1000}
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
kapimon=${KAPIMON:-${BUILD:-build}/kapimon}

for kernel in ${KERNELS:-6.1 6.12}; do
	"$kapimon" lab --kernel "$kernel" --timeout 1200s --share "$here" -- \
		sh bench/attach.sh "$hooks"
done
