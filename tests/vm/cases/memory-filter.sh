# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Recorded allocations and frees are found by their size and tag in the filter language.
# limit: 300

folder=/sys/kernel/debug/kmn_leaky

# count FILTER: of the calls in the capture
count()
{
	kapimon show --count --filter "$1" run.kmn 2>err || cat err >&2
}

sample_load kmn_leaky
expect_status "each allocation and free is recorded" 0 \
	kapimon mem --log -b 64M -o run.kmn -m kmn_leaky -- sh -c "echo 200 >$folder/run"
sample_unload kmn_leaky
tag='tag == kmn_leaky_cache'
all=$(count "$tag")
expect_ge "those of the module's own cache are found by their tag" "$all" 15
expect_eq "they are not all" "$(($(count 'not '"$tag") > 0))" 1
expect_ge "and by their size" "$(count "$tag and size == 200")" 15
expect_eq "which all of them have" "$(count "$tag and size != 200")" 0
expect_eq "nothing is larger than all memory" "$(count 'size > 1000000000000')" 0
expect_ge "pages are found by a glob and their size" \
	"$(count 'tag ~ pages-order-* and size == 4096')" 1
expect_eq "a page has no other size" "$(count 'tag == pages-order-0 and size != 4096')" 0
