# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The background load does something of each kind and leaves nothing behind, and kmn_leaky's book is
# exact under it.
# limit: 300

mounts=$(cat /proc/mounts)
expect_status "the load runs" 0 sh "$TESTS/load.sh" 10
cat out err
for kind in http files untar git timers spawn modules; do
	expect_match "there was some $kind" out "^$kind [1-9]"
done
expect_eq "nothing is mounted any more" "$(cat /proc/mounts)" "$mounts"
expect_eq "nothing runs any more" "$(pidof httpd tar git sleep || true)" ""

sample_load kmn_leaky
sh "$TESTS/load.sh" 600 >loaded 2>&1 &
load=$!
sample_run kmn_leaky 100000
sample_run kmn_leaky 100000
expect_eq "kmn_leaky leaks what it says, twice" \
	"$(sample_count kmn_leaky leaked) in $(sample_count kmn_leaky places)" "222 in 36"
expect_eq "and gives back all else" \
	$(($(sample_count kmn_leaky allocations) - $(sample_count kmn_leaky frees))) 222
kill $load
expect_status "the load ends when it is told to" 0 wait $load
cat loaded
sample_unload kmn_leaky
