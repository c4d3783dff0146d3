/* SPDX-License-Identifier: GPL-2.0-only */
/* Helping the verifier: bounds that it sees, and ways that it need not tell apart. */
#ifndef KMN_LINUX_VERIFIER_H
#define KMN_LINUX_VERIFIER_H

/*
 * Keep an index within a mask where the verifier sees it: the compiler would leave out an AND that
 * it knows to be idle, or do it on a copy.
 */
#define BOUND(x, mask) asm volatile("%0 &= %1" : "+r"(x) : "i"(mask))

/*
 * A no-op addition makes the verifier forget that two registers are the same number; without it
 * the states of a loop's turns never match and it walks through them all.
 */
#define LAUNDER(x) asm volatile("%0 += 0" : "+r"(x))

/*
 * Send a number through memory: what comes back is unknown to the verifier, so that the ways on
 * which it had different values are one from here on.
 */
#define FORGET(x, word)                                                                            \
	({                                                                                         \
		*(volatile __u64 *)&(word) = (x);                                                  \
		(x) = *(volatile __u64 *)&(word);                                                  \
	})

#endif
