# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Of a long recording only the newest calls are kept, and the ledger still adds up; a call that fits
# --until ends a recording by itself.
# limit: 240

# value FILE PATH...: of the ledger, the last line
value()
{
	python3 -c '
import json, sys
*_, last = open(sys.argv[1])
print(json.loads(last)["ledger"]["total"][sys.argv[2]])' "$1" "$2"
}

sample_load kmn_calls
status=0
kapimon hook --return --keep-last 100calls -o ring.kmn kmn_target -- \
	sh -c 'echo 1000 >/sys/kernel/debug/kmn_calls/run' 2>err || status=$?
cat err
kapimon show --json ring.kmn >ring.json
expect_eq "the newest calls are in the capture" "$(kapimon show --count ring.kmn)" 100
expect_eq "each with its return" "$(grep -c '"kind":"return"' ring.json)" 100
expect_eq "the ledger has all of them" "$(value ring.json hits)" 2000
expect_eq "what went counts as filtered" "$(value ring.json filtered)" 1800
expect_match "and it is said" err 'kept the last 100 of 1,000 calls'
expect_eq "the run is complete" "$status" 0
expect_match "stacks are named" ring.json 'kmn_target'

# it ends by itself, a second after the call, and not with the command
status=0
kapimon hook --until 'api == vfs_mkdir' -o until.kmn vfs_mkdir vfs_rmdir -- \
	python3 -c 'import os, time
os.mkdir("until.dir")
os.rmdir("until.dir")
time.sleep(20)
os.rmdir("until.dir")' 2>err || status=$?
cat err
expect_match "the call is said" err 'python3 +vfs_mkdir\('
expect_eq "what followed it is there" "$(kapimon show --api vfs_rmdir --count until.kmn)" 1
expect_eq "that run is complete" "$status" 0

# the same call freezes a flight recorder
status=0
kapimon hook --keep-last 2calls --until 'api == vfs_rmdir' -o frozen.kmn vfs_mkdir vfs_rmdir -- \
	python3 -c 'import os, time
for i in range(5):
    os.mkdir("until.%d" % i)
os.rmdir("until.0")
time.sleep(20)
os.rmdir("until.1")' 2>err || status=$?
cat err
expect_match "what froze it is said" err 'python3 +vfs_rmdir\('
expect_match "and what was kept" err 'kept the last 2 of 6 calls'
expect_eq "the call is the last that is kept" \
	"$(kapimon show -S frozen.kmn 2>/dev/null | grep -o 'vfs_[a-z]*(' | tr '\n' ' ')" \
	'vfs_mkdir( vfs_rmdir( '
expect_eq "that run is complete too" "$status" 0
rmdir until.[0-9]
sample_unload kmn_calls
