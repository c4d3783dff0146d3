/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * KVM or emulation. That /dev/kvm can be opened doesn't mean that a guest runs under it: there are
 * machines (nested ones, above all) where it hangs a stock kernel. So a guest under KVM has to show
 * life within ACCEL_LIFE_SECONDS; what came of it is remembered for this kernel until the host is
 * booted again.
 */
#ifndef LAB_ACCEL_H
#define LAB_ACCEL_H

#include <stdbool.h>

#define ACCEL_LIFE_SECONDS 5

/* Is KVM worth a try with this kernel (lab_kernel.id)? */
bool accel_kvm_may_work(const char *kernel_id, bool verbose);
bool accel_kvm_is_usable(void);
/* Failures to remember are not told: the next run tries again. */
void accel_kvm_remember(const char *kernel_id, bool lives);

#endif
