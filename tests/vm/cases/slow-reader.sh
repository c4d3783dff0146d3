# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Who reads the output slowly loses no calls: what is not taken yet waits in memory and in a temporary
# file, not in the kernel's buffer. What a flight recorder keeps goes there too; when there is no
# room it is said and counted.
# limit: 400

# Many times what the kernel's buffer and a pipe hold, in pieces that each fit.
cat >calls.sh <<'END'
i=0
while [ $i -lt 20 ]; do
	echo 2000 >/sys/kernel/debug/kmn_calls/run
	i=$((i + 1))
	sleep 0.1
done
touch calls.done
END

# later: what comes, once all calls are made
later()
{
	while [ ! -e calls.done ]; do
		sleep 0.2
	done
	rm calls.done
	cat
}

# value FILE NAME: of the ledger, the last line
value()
{
	python3 -c '
import json, sys
*_, last = open(sys.argv[1])
print(json.loads(last)["ledger"]["total"][sys.argv[2]])' "$1" "$2"
}

sample_load kmn_calls
for memory in 256M 1M; do
	{
		status=0
		kapimon hook -S -b 512k --buffer-memory $memory kmn_target -- sh calls.sh 2>err ||
			status=$?
		echo $status >status
	} | later >out
	expect_eq "text read late is complete, with $memory" "$(cat status)" 0
	expect_eq "every call is in it, with $memory" "$(grep -c ' kmn_target(' out)" 40000
done
{
	status=0
	kapimon hook -S -b 512k -o - kmn_target -- sh calls.sh 2>err || status=$?
	echo $status >status
} | later | kapimon show --count - >count 2>verdict
expect_eq "a capture read late is complete" "$(cat status)" 0
expect_eq "every call is in it" "$(cat count)" 40000

expect_status "a flight recorder keeps more than its memory" 0 \
	kapimon hook -S -b 512k --keep-last 30000calls --buffer-memory 1M -o ring.kmn kmn_target -- \
	sh calls.sh
expect_match "which is said" err 'kept the last 30,000 of 40,000 calls$'
expect_eq "the calls are there" "$(kapimon show --count ring.kmn)" 30000

mkdir -p small
mount -t tmpfs -o size=1m none small
expect_status "with a full disk it is incomplete" 3 env TMPDIR="$PWD/small" \
	kapimon hook -S -b 512k --keep-last 100000calls --buffer-memory 1M -o full.kmn kmn_target -- \
	sh calls.sh
umount small
expect_match "the full disk is told" err 'temporary file in .*small: No space left on device'
expect_match "and what was lost" err 'kept the last [0-9,]+ of 40,000 calls; [0-9,]+ of the others were lost'
kapimon show --json full.kmn >full.json 2>/dev/null || true
expect_eq "the ledger adds up" "$(($(value full.json recorded) + $(value full.json lost)))" 40000
expect_eq "what is recorded is there" "$(kapimon show --count full.kmn 2>/dev/null)" \
	"$(value full.json recorded)"
sample_unload kmn_calls
rm -f out ring.kmn full.kmn full.json
