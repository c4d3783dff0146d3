# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What was followed of memory is reported from a capture as it was live, in every form, and a capture
# that was cut short says so.
# limit: 300

folder=/sys/kernel/debug/kmn_leaky

sample_load kmn_leaky
expect_status "a run is recorded and reported" 0 \
	kapimon mem -m kmn_leaky --by tag,site -o run.kmn --to json=live.json \
	--to folded=live.folded --to pprof=live.pb -- sh -c "echo 2000 >$folder/run"
cp out live
expect_match "the module's blocks are in it" live '^111 blocks outstanding; '
sample_unload kmn_leaky

# The sample is gone, its names are in the capture.
expect_status "the capture is reported of" 0 \
	kapimon mem -m kmn_leaky --by tag,site --to json=again.json --to folded=again.folded \
	--to pprof=again.pb run.kmn
expect_eq "as it was live" "$(diff live out)" ""
for form in json folded pb; do
	expect_status "$form: and so is a file of it" 0 cmp live.$form again.$form
done
expect_match "JSON has the module's blocks" again.json '"module":"kmn_leaky"'
expect_match "folded stacks have the module" again.folded 'kmn_leaky_'
expect_status "another question is answered from it" 0 \
	kapimon mem -m kmn_leaky --tag 'kmn leaky cache' run.kmn
expect_match "with what the module took of its own cache" out '^15 blocks outstanding; '

kapimon show run.kmn >out 2>err
expect_match "kapimon show says who reports of it" err 'kapimon mem run\.kmn'

size=$(wc -c <run.kmn)
head -c $((size / 2)) run.kmn >cut.kmn
expect_status "half a capture is no report" 1 kapimon mem cut.kmn
expect_match "its end is missing, it says" err 'its end is missing'
