#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The leak gate as a step of a build, the commands of docs/memory.md: a module is tested in the lab, from the host.
# Prints TAP.
#
#	tests/lab/gate.sh KERNEL
set -u

kernel=${1:-6.1}
cd "$(dirname "$0")/../.." || exit 1
part=gate
# shellcheck source=tests/lab/lib.sh
. tests/lab/lib.sh

# gate MODULE: its status
gate()
{
	status=0
	"$KAPIMON" lab --kernel "$kernel" --timeout 300s --module "$1" --fail-on leak -- \
		./exercise.sh >"$work/out" 2>&1 || status=$?
}

printf '#!/bin/sh\necho 100 >/sys/kernel/debug/kmn_gate/run\n' >"$work/exercise.sh"
chmod +x "$work/exercise.sh"
cd "$work" || exit 1

gate "$samples/kmn_gate.ko"
check "a clean module passes" test $status = 0
check "it says that nothing leaked" grep -q '^0 blocks leaked; 0 bytes' out
gate "$samples/kmn_gate.ko leak=3"
check "a leaky one ends with status 4" test $status = 4
check "it says what leaked" grep -q '^6 blocks leaked; ' out
lines=$(grep -n '/\* leak: ' "$samples/kmn_gate.c" | cut -d : -f 1)
for line in $lines; do
	check "and that it was asked for in line $line" grep -q "^  > .*/kmn_gate.c:$line" out
done
gate "$samples/kmn_nothing.ko"
check "a module that is not there is wrong usage" test $status = 2
exit $failed
