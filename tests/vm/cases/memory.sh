# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# A million pairs in all families and contexts, under load: kapimon mem reports exactly what
# kmn_leaky says it leaked, where, with which tag, and nothing else. What is missed on purpose makes
# blocks doubtful or unknown, never a leak of what was freed.
# limit: 600

# shellcheck source=tests/vm/leaky.sh
. "$TESTS/leaky.sh"

# The load begins when all programs are in, or these would take minutes to load.
cat >work.sh <<'EOF'
sh "$TESTS/load.sh" 600 http files timers spawn &
load=$!
echo "$1" >/sys/kernel/debug/kmn_leaky/run
kill $load
wait $load
EOF

# follow NUMBER OPTION...: status, report in "out"
follow()
{
	number=$1
	shift
	echo 1 >$folder/release
	status=0
	kapimon mem -m kmn_leaky --by tag,site -n 0 --stacks 0 "$@" -- \
		sh work.sh "$number" >out 2>err || status=$?
	grep -v '^kmn_\|^BLOCKS' out | tail -n 12
	cat err
	book >leaked
	certain out >found
}

sample_load kmn_leaky
follow 1000000
expect_eq "a million pairs are followed to their end" "$status" 0
expect_ge "as many as were asked for" "$(sample_count kmn_leaky allocations)" 1000000
expect_eq "what leaked is reported, each place, tag and number" "$(cat found)" "$(cat leaked)"
expect_eq "there are 36 places" "$(cut -d ' ' -f 1 found | sort -u | wc -l)" 36
expect_match "nothing else is" out '^111 blocks outstanding; '
expect_match "the run is complete" err '^COMPLETE$'
expect_ge "of the kernel's counters, two at most are not explained" 2 \
	"$(grep -c ' unexplained$' out || true)"

follow 20000 --no-stack --tag 'kmn leaky cache'
expect_eq "without stacks too" "$status" 0
expect_match "what the module took of its own cache is all there" out '^15 blocks outstanding; '

follow 20000 --blocks 1000
expect_eq "a table that is too small makes the run incomplete" "$status" 3
expect_match "with what is missing" err '^INCOMPLETE: .*lost'
expect_match "it is told how many found no room, and what to do" out \
	'allocations found no room in the table of 1,024 blocks .*--blocks'
expect_eq "and nothing is reported that was freed" "$(beyond found leaked)" ""

export KAPIMON_COPIES=1
follow 20000
unset KAPIMON_COPIES
expect_eq "with one copy, which misses nested events, the run is incomplete" "$status" 3
expect_match "it is told what was missed" err '^INCOMPLETE: .*missed'
expect_eq "nothing that was freed is reported as certain" "$(beyond found leaked)" ""

sample_unload kmn_leaky
