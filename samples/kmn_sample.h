/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the samples share. A sample makes a known number of calls and counts them itself, so that a
 * test can hold what the monitor saw against what really happened. Each has a folder in debugfs:
 *
 *	run	write a number: make calls; the write returns when they are made
 *	counts	read: "FUNCTION CALLS", one line each, since the module was loaded
 */
#ifndef KMN_SAMPLE_H
#define KMN_SAMPLE_H

#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/version.h>

/*
 * A function that a test hooks: its symbol must exist once, under its own name, and each call must
 * really be made with all arguments. noinline alone lets gcc clone it, drop unused arguments or
 * leave out a call whose result is known.
 */
#if __has_attribute(__noipa__)
#define KMN_TRACED noinline __attribute__((__noipa__))
#else
#define KMN_TRACED noinline
#endif

struct kmn_count {
	const char *name;
	atomic64_t calls;
};

#define KMN_COUNT(function)                                                                        \
	{                                                                                          \
		.name = #function                                                                  \
	}

/* Called first thing in a counted function. */
#define KMN_CALLED(count) atomic64_inc(&(count).calls)

static inline int kmn_counts_show(struct seq_file *out, const struct kmn_count *counts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		seq_printf(out, "%s %lld\n", counts[i].name, atomic64_read(&counts[i].calls));
	return 0;
}

static inline ssize_t kmn_run(int (*run)(u64 number, struct file *file), struct file *file,
			      const char __user *text, size_t length)
{
	u64 number;
	int error = kstrtou64_from_user(text, length, 0, &number);

	if (!error)
		error = run(number, file);
	return error ? error : (ssize_t)length;
}

/*
 * The rest of a sample: its two files and its init and exit functions. run gets the number that was
 * written and the file it was written to; counts is an array of struct kmn_count.
 */
#define KMN_SAMPLE(run, counts)                                                                    \
	static ssize_t run_write(struct file *file, const char __user *text, size_t length,        \
				 loff_t *offset)                                                   \
	{                                                                                          \
		return kmn_run(run, file, text, length);                                           \
	}                                                                                          \
	static int counts_show(struct seq_file *out, void *unused)                                 \
	{                                                                                          \
		return kmn_counts_show(out, counts, ARRAY_SIZE(counts));                           \
	}                                                                                          \
	DEFINE_SHOW_ATTRIBUTE(counts);                                                             \
	static const struct file_operations run_fops = {.owner = THIS_MODULE, .write = run_write}; \
	static struct dentry *folder;                                                              \
	static int __init sample_init(void)                                                        \
	{                                                                                          \
		folder = debugfs_create_dir(KBUILD_MODNAME, NULL);                                 \
		debugfs_create_file("run", 0200, folder, NULL, &run_fops);                         \
		debugfs_create_file("counts", 0400, folder, NULL, &counts_fops);                   \
		return 0;                                                                          \
	}                                                                                          \
	static void __exit sample_exit(void)                                                       \
	{                                                                                          \
		debugfs_remove_recursive(folder);                                                  \
	}                                                                                          \
	module_init(sample_init);                                                                  \
	module_exit(sample_exit);                                                                  \
	MODULE_LICENSE("GPL")

#endif
