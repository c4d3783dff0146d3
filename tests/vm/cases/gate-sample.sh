# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# kmn_gate leaks as many blocks as it is told, in its init function and in its requests, or none.

log=$(dmesg | wc -l)
# objects CACHE: as the kernel counts them
objects()
{
	echo 1 >"/sys/kernel/slab/$1/shrink"
	awk -v cache="$1" '$1 == cache { print $2 }' /proc/slabinfo
}

sample_load kmn_gate
sample_run kmn_gate 100
expect_eq "the clean driver serves its requests" \
	"$(tr '\n' ' ' </sys/kernel/debug/kmn_gate/counts)" \
	"requests 100 leaked_by_init 0 leaked_by_run 0 "
sample_unload kmn_gate

before=$(objects kmalloc-512)
sample_load kmn_gate leak=1000
sample_run kmn_gate 1200
expect_eq "the leaky one loses blocks in init" "$(sample_count kmn_gate leaked_by_init)" 1000
expect_eq "and in the requests that fail" "$(sample_count kmn_gate leaked_by_run)" 1000
expect_eq "the requests after them are served" "$(sample_count kmn_gate requests)" 1200
sample_unload kmn_gate
# others use this cache too, but not that much
grown=$(($(objects kmalloc-512) - before))
note "kmalloc-512 has grown by $grown objects"
expect_ge "the blocks of 300 bytes are still there after the unload" "$grown" 900
expect_ge "and no more than these" 1100 "$grown"

dmesg | tail -n +$((log + 1)) >said
expect_no_match "the kernel complains of nothing" said 'WARNING|BUG|Call Trace'
