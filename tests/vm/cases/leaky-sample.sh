# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# kmn_leaky's own book agrees with the kernel's: what it says it leaked is what slab caches and
# vmalloc's list hold, no more and no less, and all of it is gone after a release.
# limit: 300

folder=/sys/kernel/debug/kmn_leaky

# leaked TAG: blocks that the module says it leaked with this tag
leaked()
{
	awk -v tag="$1" '$1 == "place" && $4 == tag { n += $5 } END { print n + 0 }' $folder/counts
}

# objects CACHE: those in use, as the kernel counts them; empty slabs and those of a processor are
# put in order first, since their free objects count as used otherwise
objects()
{
	echo 1 >"/sys/kernel/slab/$1/shrink"
	awk -v cache="$1" '$1 == cache { print $2 }' /proc/slabinfo
}

# areas FUNCTION [LEAST_SIZE]: of virtually contiguous memory that the function asked for
areas()
{
	awk -v at="^$1[+]" -v least="${2:-0}" '$3 ~ at && $2 > least { n++ } END { print n + 0 }' \
		/proc/vmallocinfo
}

# balance: what is still there by the sums, and by families
balance()
{
	awk '
		$1 == "allocations" { all += $2 }
		$1 == "frees" { all -= $2 }
		$1 == "family" { families += $3 - $4 }
		END { print all, families }
	' $folder/counts
}

log=$(dmesg | wc -l)
sample_load kmn_leaky
pool=$(objects kmn_leaky_pool)
expect_eq "nothing is leaked when it is loaded" "$(sample_count kmn_leaky leaked)" 0

sample_run kmn_leaky 200000
cat $folder/counts
expect_ge "as many blocks as were asked for" "$(sample_count kmn_leaky allocations)" 200000
expect_eq "each place leaks three times, an skb being two blocks" \
	"$(sample_count kmn_leaky leaked) in $(sample_count kmn_leaky places)" "111 in 36"
expect_eq "what was taken and not given back is what is leaked" "$(balance)" "111 111"
expect_eq "every family was at work, but for what takes nothing" \
	"$(awk '$1 == "family" && $3 == 0 { print $2 }' $folder/counts | tr '\n' ' ')" \
	"failed nothing "
expect_ge "allocations failed" "$(sample_count kmn_leaky failures)" 1000
for context in softirq hardirq; do
	expect_ge "places leak in $context context" \
		"$(awk -v c=$context '$3 == c { n += $5 } END { print n }' $folder/counts)" 12
done

expect_eq "the slab cache holds what was leaked" \
	"$(objects kmn_leaky_cache)" "$(leaked kmn_leaky_cache)"
expect_eq "the pool's cache holds what was leaked beside its reserve" \
	"$(objects kmn_leaky_pool)" $((pool + $(leaked kmn_leaky_pool)))
for place in vmalloc vzalloc vmap; do
	expect_eq "the kernel has three areas of $place" "$(areas kmn_leaky_leak_$place)" 3
done
# beside each of them there is the list of its pages, which the kernel takes by itself
expect_eq "the kernel has three areas of kvmalloc_large" \
	"$(areas kmn_leaky_leak_kvmalloc_large 4194304)" 3
expect_eq "no other function has an area" \
	"$(awk '$3 ~ /\[kmn_leaky\]/ || $4 == "[kmn_leaky]" { print $3 }' /proc/vmallocinfo |
		grep -vc kmn_leaky_leak_ || true)" 0

echo 1 >$folder/release
expect_eq "nothing is leaked after a release" "$(sample_count kmn_leaky leaked)" 0
expect_eq "nor by the sums" "$(balance)" "0 0"
expect_eq "nor in the slab cache" "$(objects kmn_leaky_cache)" 0
expect_eq "nor in the pool's" "$(objects kmn_leaky_pool)" "$pool"
expect_eq "nor in vmalloc's list" "$(grep -c 'kmn_leaky_leak' /proc/vmallocinfo || true)" 0
sample_unload kmn_leaky

sample_load kmn_leaky places=vmalloc,softirq_cache,kmalloc leaks=5
sample_run kmn_leaky 0
expect_eq "only the places that were named leak" \
	"$(awk '$1 == "place" && $5 > 0 { print $2, $5 }' $folder/counts | tr '\n' ' ')" \
	"kmn_leaky_leak_kmalloc 5 kmn_leaky_leak_vmalloc 5 kmn_leaky_leak_softirq_cache 5 "
sample_unload kmn_leaky

sample_load kmn_leaky interrupts=0 leaks=0
sample_run kmn_leaky 10000
expect_eq "without leaks there are none" "$(sample_count kmn_leaky leaked) $(balance)" "0 0 0"
expect_eq "a leak too many is refused" \
	"$(echo 257 >/sys/module/kmn_leaky/parameters/leaks
	sample_run kmn_leaky 0 2>/dev/null && echo taken || echo refused)" refused
sample_unload kmn_leaky

# of a module that is gone the kernel knows the address only
unknown=$(grep -c ' 0xffffffffc' /proc/vmallocinfo || true)
sample_load kmn_leaky places=vzalloc leaks=2 keep=1
sample_run kmn_leaky 0
sample_unload kmn_leaky
expect_eq "what is to be kept outlives the module" \
	"$(grep -c ' 0xffffffffc' /proc/vmallocinfo || true)" $((unknown + 2))

dmesg | tail -n +$((log + 1)) >said
expect_no_match "the kernel complains of nothing" said 'WARNING|BUG|Call Trace|remaining|failure'
