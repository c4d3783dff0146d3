#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Kapimon at work: boot the lab with a stock kernel, watch what scripts/demo.session says while a
# few files come and go and a module is loaded, and end with the ledger.
set -eu

kernel=${KERNEL:-6.12}
here=$(cd "$(dirname "$0")/.." && pwd)
cd "$here"
build=${BUILD:-build}

echo "Building the sample modules for $kernel ..."
scripts/build-samples.sh "$kernel" "$build/samples/$kernel"

# rmdir fails the first time, since the folder isn't empty: the error is seen where it comes from
work='cd /tmp && mkdir -p demo && touch demo/file && ! rmdir demo && rm demo/file && rmdir demo'
echo "Booting the lab ..."
exec "$build/kapimon" lab --kernel "$kernel" --module "$build/samples/$kernel/kmn_init.ko" -- \
	kapimon hook --session scripts/demo.session -- sh -c "$work"
