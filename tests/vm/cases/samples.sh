# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The samples load, their types are accepted, and without any hook they count what they were told
# to do. Every other case builds on these numbers.
# limit: 180

for name in kmn_calls kmn_nested kmn_deep kmn_init kmn_callee kmn_left kmn_right kmn_dups_a \
	kmn_dups_b; do
	expect_status "$name loads" 0 sample_load $name
	expect_status "the kernel has the types of $name" 0 test -s /sys/kernel/btf/$name
done

sample_run kmn_calls 1000
for function in kmn_target kmn_eight kmn_void kmn_variadic kmn_by_value24; do
	expect_eq "kmn_calls calls $function 1000 times" "$(sample_count kmn_calls $function)" 1000
done
expect_eq "every function of kmn_calls was called the same number of times" \
	"$(awk '{ print $2 }' /sys/kernel/debug/kmn_calls/counts | sort -u)" 1000
sample_run kmn_calls 5
expect_eq "counts go on from run to run" "$(sample_count kmn_calls kmn_target)" 1005

sample_run kmn_left 30
sample_run kmn_right 12
expect_eq "kmn_left called 30 times" "$(sample_count kmn_left kmn_callee_work)" 30
expect_eq "kmn_right called fs_ftype_to_dtype 12 times" \
	"$(sample_count kmn_right fs_ftype_to_dtype)" 12
expect_eq "the callee saw both" "$(sample_count kmn_callee kmn_callee_work)" 42

sample_run kmn_dups_a 10
sample_run kmn_dups_b 10
expect_eq "one kmn_dup of kmn_dups_a" "$(sample_count kmn_dups_a kmn_dup_main)" 10
expect_eq "the other kmn_dup of kmn_dups_a" "$(sample_count kmn_dups_a kmn_dup_other)" 20
expect_eq "the kmn_dup of kmn_dups_b" "$(sample_count kmn_dups_b kmn_dup)" 30
expect_eq "there are three functions kmn_dup" "$(grep -c ' t kmn_dup[[:space:]]' /proc/kallsyms)" 3

echo 24 >/sys/module/kmn_deep/parameters/depth
sample_run kmn_deep 100
expect_eq "kmn_deep went down 24 frames" "$(sample_count kmn_deep kmn_deep_step)" 24
expect_eq "kmn_deep called its target 100 times" "$(sample_count kmn_deep kmn_deep_target)" 100

expect_eq "a number that isn't one is refused" \
	"$(sample_run kmn_calls many 2>/dev/null && echo taken || echo refused)" refused

# dependents before what they depend on
sample_unload kmn_left kmn_right kmn_callee kmn_dups_a kmn_dups_b kmn_deep kmn_init kmn_nested \
	kmn_calls
expect_status "kmn_init refuses to load when told so" 1 sample_load kmn_init fail=1
expect_eq "and is not there then" "$(grep -c ^kmn_init /proc/modules || true)" 0
