// SPDX-License-Identifier: GPL-2.0-only
/*
 * A small driver for a leak gate to judge. Its ports get names when it is loaded; each request that
 * is written to "run" (a number: so many of them) is queued, worked on in a softirq and completed.
 * All of it is freed by the time it is unloaded, unless leak=N: then the init function forgets N
 * names, and the first N requests end in an error path that forgets their data.
 *
 * The two lines that allocate what is leaked are marked "leak:".
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "kmn_sample.h"

static unsigned int leak;
module_param(leak, uint, 0400);
MODULE_PARM_DESC(leak, "blocks that each of two places leaks: 0 is the clean driver");

#define PORTS 4
#define PORT_NAME_SIZE 48
#define REQUEST_SIZE 300

struct request {
	struct list_head entry;
	struct completion done;
	int status;
	u32 sum;
	u8 *data;
};

static char *port_names[PORTS];
static DEFINE_MUTEX(run_lock);
static LIST_HEAD(queue);
static DEFINE_SPINLOCK(queue_lock);

enum { REQUESTS, LEAKED_BY_INIT, LEAKED_BY_RUN };
static struct kmn_count counts[] = {
	[REQUESTS] = {.name = "requests"},
	[LEAKED_BY_INIT] = {.name = "leaked_by_init"},
	[LEAKED_BY_RUN] = {.name = "leaked_by_run"},
};
static struct dentry *folder;

/* What a device would do. The first requests fail, as many as are to be leaked. */
static void device_serve(struct tasklet_struct *tasklet)
{
	struct request *request, *next;
	LIST_HEAD(taken);

	spin_lock(&queue_lock);
	list_splice_init(&queue, &taken);
	spin_unlock(&queue_lock);
	list_for_each_entry_safe(request, next, &taken, entry)
	{
		list_del(&request->entry);
		for (size_t at = 0; at < REQUEST_SIZE; at++)
			request->sum += request->data[at];
		request->status = atomic64_read(&counts[LEAKED_BY_RUN].calls) < leak ? -EIO : 0;
		complete(&request->done);
	}
}

static DECLARE_TASKLET(device, device_serve);

static KMN_TRACED int kmn_gate_request(u64 number)
{
	struct request *request = kzalloc(sizeof(*request), GFP_KERNEL);
	int status;

	if (!request)
		return -ENOMEM;
	request->data = kmalloc(REQUEST_SIZE, GFP_KERNEL); /* leak: run */
	if (!request->data) {
		kfree(request);
		return -ENOMEM;
	}
	memset(request->data, (int)number, REQUEST_SIZE);
	init_completion(&request->done);
	spin_lock_bh(&queue_lock);
	list_add_tail(&request->entry, &queue);
	spin_unlock_bh(&queue_lock);
	tasklet_schedule(&device);
	wait_for_completion(&request->done);

	KMN_CALLED(counts[REQUESTS]);
	status = request->status;
	if (status) {
		/* The mistake: request->data is forgotten. */
		KMN_CALLED(counts[LEAKED_BY_RUN]);
		kfree(request);
		return status;
	}
	kfree(request->data);
	kfree(request);
	return 0;
}

/* A request that fails is the device's matter, not that of the one who writes. */
static int run(u64 number, struct file *file)
{
	int error = 0;

	mutex_lock(&run_lock);
	for (u64 nth = 0; nth < number && error != -ENOMEM; nth++) {
		error = kmn_gate_request(nth);
		cond_resched();
	}
	mutex_unlock(&run_lock);
	return error == -ENOMEM ? error : 0;
}

static ssize_t run_write(struct file *file, const char __user *text, size_t length, loff_t *offset)
{
	return kmn_run(run, file, text, length);
}

static int counts_show(struct seq_file *out, void *unused)
{
	return kmn_counts_show(out, counts, ARRAY_SIZE(counts));
}

DEFINE_SHOW_ATTRIBUTE(counts);
static const struct file_operations run_fops = {.owner = THIS_MODULE, .write = run_write};

static void ports_free(void)
{
	for (unsigned int port = 0; port < PORTS; port++)
		kfree(port_names[port]);
}

/* The mistake, with a leak: so many ports more than there are, and the first names are forgotten.
 */
static KMN_TRACED int __init kmn_gate_start(void)
{
	char *name;

	for (unsigned int nth = 0; nth < PORTS + leak; nth++) {
		name = kzalloc(PORT_NAME_SIZE, GFP_KERNEL); /* leak: init */
		if (!name) {
			ports_free();
			return -ENOMEM;
		}
		snprintf(name, PORT_NAME_SIZE, "port %u", nth);
		if (port_names[nth % PORTS])
			KMN_CALLED(counts[LEAKED_BY_INIT]);
		port_names[nth % PORTS] = name;
	}
	folder = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("run", 0200, folder, NULL, &run_fops);
	debugfs_create_file("counts", 0400, folder, NULL, &counts_fops);
	return 0;
}

static void __exit kmn_gate_stop(void)
{
	debugfs_remove_recursive(folder);
	tasklet_kill(&device);
	ports_free();
}

module_init(kmn_gate_start);
module_exit(kmn_gate_stop);
MODULE_DESCRIPTION("Kapimon sample: a driver that leaks or doesn't, for a leak gate");
MODULE_LICENSE("GPL");
