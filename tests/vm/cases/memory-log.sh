# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Each allocation and free recorded as a call: paired again in user space they come to what the
# kernel's table held, and both are in the capture. What a buffer too small loses makes blocks
# doubtful.
# limit: 300

# shellcheck source=tests/vm/leaky.sh
. "$TESTS/leaky.sh"

# sums FILE: the table of the families
sums()
{
	sed -n '/^FAMILY/,/^$/p' "$1"
}

# report NAME OPTION...: of the capture
report()
{
	name=$1
	shift
	status=0
	kapimon mem "$@" -m kmn_leaky --by tag,site -n 0 --stacks 0 run.kmn >"$name" 2>err || status=$?
}

sample_load kmn_leaky period_us=2000
expect_status "each allocation and free is recorded" 0 \
	kapimon mem --log -b 128M -o run.kmn -m kmn_leaky --by tag,site -n 0 --stacks 0 -- \
	sh -c "echo 300 >$folder/run"
cp out live
expect_eq "the report is that of the module's book" "$(certain live)" "$(book)"

report table
expect_eq "the capture has the table" "$status" 0
expect_eq "it is the live report's" "$(certain table)" "$(certain live)"
expect_eq "with its sums" "$(sums table)" "$(sums live)"
report log --log
expect_eq "the calls are paired again" "$status" 0
expect_eq "to the same blocks" "$(certain log)" "$(certain live)"
expect_eq "and the same sums" "$(sums log)" "$(sums live)"

calls=$(kapimon show --count run.kmn)
note "$calls calls in $(stat -c %s run.kmn) bytes"
expect_ge "the calls can be shown" "$calls" "$(sample_count kmn_leaky allocations)"

expect_eq "a tag is one that begins so, a blank being any character" \
	"$(kapimon show --count --tag 'kmn leaky_p' run.kmn)" \
	"$(kapimon show --count --filter 'tag == kmn_leaky_pool' run.kmn)"
expect_ge "of which there are some" "$(kapimon show --count --tag kmn_leaky_pool run.kmn)" 100
expect_ge "frees through kfree_rcu() are called so" \
	"$(kapimon show --count --filter 'fate == deferred' run.kmn)" 100

head -c $(($(stat -c %s run.kmn) / 2)) run.kmn >cut.kmn
mv cut.kmn run.kmn
report cut
expect_eq "a capture without its end has no table" "$status" 1
expect_match "it is told what has" err '"kapimon mem --log run.kmn" makes one'
report cut --log
expect_eq "which is incomplete" "$status" 3
expect_match "and says so" cut 'STILL THERE'
rm run.kmn

echo 1 >$folder/release
expect_status "a buffer that is too small loses records" 3 \
	kapimon mem --log -b 64K -o run.kmn -m kmn_leaky --by tag,site -n 0 --stacks 0 -- \
	sh -c "echo 3000 >$folder/run"
expect_match "it is told" err '^INCOMPLETE: .*lost'
report log --log
expect_eq "the calls alone are not all there" "$status" 3
expect_ge "blocks are doubtful" "$(awk '$7 ~ /^kmn_leaky_/ { n += $4 } END { print n + 0 }' log)" 1
book >leaked
certain log >found
expect_eq "nothing is certain that was freed" "$(beyond found leaked)" ""
sample_unload kmn_leaky
