/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef KMN_CALLEE_H
#define KMN_CALLEE_H

int kmn_callee_work(int number);

#endif
