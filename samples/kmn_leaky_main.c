// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that takes memory from every allocator of the kernel and gives it back, in task, softirq
 * and hardirq context and on every processor at once, and leaks a known number of blocks in known
 * places while it does. Writing N to "run" makes at least N blocks, and each place leaks `leaks`
 * times; when the write returns, all that is not leaked is given back, also what RCU or a worker
 * frees later. Beside "run" and "counts" there is
 *
 *	release	write anything: what is leaked is given back
 *
 * "counts" has lines "NAME NUMBER" with sums, "family NAME ALLOCATIONS FREES FAILURES", and for
 *each place "place FUNCTION CONTEXT TAG BLOCKS BYTES" with what it has leaked at present.
 *Allocations less frees is what is leaked, in each family and altogether.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/timer.h>

#include "kmn_leaky.h"

static unsigned int leaks = 3;
module_param(leaks, uint, 0600);
MODULE_PARM_DESC(leaks, "how often each place leaks in a run (at most 256 until released)");

static char places[512];
module_param_string(places, places, sizeof(places), 0600);
MODULE_PARM_DESC(places, "which places leak, kmalloc,vmalloc...; all of them when empty");

static bool keep;
module_param(keep, bool, 0600);
MODULE_PARM_DESC(keep, "what is leaked stays so when the module is unloaded");

static bool interrupts = true;
module_param(interrupts, bool, 0600);
MODULE_PARM_DESC(interrupts, "work in softirq and hardirq context too");

static unsigned int period_us = 100;
module_param(period_us, uint, 0600);
MODULE_PARM_DESC(period_us, "shortest period of the high-resolution timers");

/* The period grows by itself up to this while tasks don't get on. */
#define MAX_PERIOD_US 10000
/* One leak in so many passes, so that they are spread over the run. */
#define PASSES_PER_LEAK 32

struct worker {
	struct task_struct *task;
	struct completion begin, end;
	struct hrtimer hrtimer;
	struct timer_list timer;
	struct tasklet_struct tasklet;
	unsigned int cpu;
	bool quit;
	u64 until; /* allocations of this processor at which the run is over */
	u64 period_ns;
	u64 passes[LEAKY_N_CONTEXTS];
	u64 passes_seen; /* of the task, by the last tick */
	unsigned int cursor[LEAKY_N_CONTEXTS];
};

struct family {
	void (*make)(const struct leaky_turn *turn);
	unsigned int contexts;
	unsigned int every;
};

static const struct family families[] = {
#define X(name, contexts_, every_)                                                                 \
	{.make = leaky_make_##name, .contexts = (contexts_), .every = (every_)},
	LEAKY_FAMILIES(X)
#undef X
};

static DEFINE_PER_CPU(struct worker, workers);
static DEFINE_MUTEX(run_lock);
static bool stopping;

/* Each family that can in this context, and now and then a leak. */
static void pass(struct worker *worker, enum leaky_context context)
{
	struct leaky_turn turn = {
		.context = context,
		.gfp = context == LEAKY_TASK ? GFP_KERNEL : GFP_ATOMIC | __GFP_NOWARN,
		.nth = worker->passes[context],
	};

	WRITE_ONCE(worker->passes[context], turn.nth + 1);
	for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
		if (!(families[i].contexts & BIT(context)))
			continue;
		/* by its number apart from others that are as rare */
		if ((turn.nth + i) % families[i].every == 0)
			families[i].make(&turn);
	}
	if (turn.nth % PASSES_PER_LEAK == 0)
		leaky_leak_next(context, turn.gfp, &worker->cursor[context]);
}

static void tasklet_call(struct tasklet_struct *tasklet)
{
	pass(container_of(tasklet, struct worker, tasklet), LEAKY_SOFTIRQ);
}

/*
 * The tasklet is a softirq too, so only one of them is at work on a processor; what the timer finds
 * is that its softirq comes at another moment.
 */
static void timer_call(struct timer_list *timer)
{
	pass(container_of(timer, struct worker, timer), LEAKY_SOFTIRQ);
	mod_timer(timer, jiffies + 1);
}

/* As in kmn_nested: under emulation, with a monitor at work, the tasks have to get on too. */
static void period_adapt(struct worker *worker)
{
	u64 passes = READ_ONCE(worker->passes[LEAKY_TASK]);
	u64 shortest = (u64)max(period_us, 10u) * NSEC_PER_USEC;

	if (passes == worker->passes_seen)
		worker->period_ns += worker->period_ns / 4;
	else if (passes - worker->passes_seen > 1)
		worker->period_ns -= worker->period_ns / 16;
	worker->period_ns =
		clamp_t(u64, worker->period_ns, shortest, MAX_PERIOD_US * NSEC_PER_USEC);
	worker->passes_seen = passes;
}

static enum hrtimer_restart hrtimer_call(struct hrtimer *hrtimer)
{
	struct worker *worker = container_of(hrtimer, struct worker, hrtimer);

	pass(worker, LEAKY_HARDIRQ);
	tasklet_schedule(&worker->tasklet);
	period_adapt(worker);
	/* From now, not from the last expiry: what was late is not made up for in a burst. */
	hrtimer_forward_now(hrtimer, ns_to_ktime(worker->period_ns));
	return HRTIMER_RESTART;
}

/* Interrupts go on until they have leaked what they are to leak. */
static void worker_work(struct worker *worker)
{
	worker->period_ns = period_us * NSEC_PER_USEC;
	if (interrupts) {
		hrtimer_start(&worker->hrtimer, ns_to_ktime(worker->period_ns),
			      HRTIMER_MODE_REL_PINNED_HARD);
		mod_timer(&worker->timer, jiffies + 1);
	}
	while (!READ_ONCE(stopping) &&
	       (leaky_cpu_allocations(worker->cpu) < worker->until || !leaky_leaks_made())) {
		pass(worker, LEAKY_TASK);
		cond_resched();
	}
	hrtimer_cancel(&worker->hrtimer);
	timer_delete_sync(&worker->timer);
	tasklet_kill(&worker->tasklet);
}

static int worker_main(void *data)
{
	struct worker *worker = data;

	for (;;) {
		/* Interruptible, since a task that waits for long otherwise counts as hung. */
		wait_for_completion_interruptible(&worker->begin);
		if (worker->quit)
			break;
		worker_work(worker);
		complete(&worker->end);
	}
	while (!kthread_should_stop())
		msleep(1);
	return 0;
}

static int worker_start(struct worker *worker, unsigned int cpu)
{
	struct task_struct *task = kthread_create_on_cpu(worker_main, worker, cpu, "kmn_leaky/%u");

	if (IS_ERR(task))
		return PTR_ERR(task);
	*worker = (struct worker){.task = task, .cpu = cpu};
	init_completion(&worker->begin);
	init_completion(&worker->end);
	hrtimer_init(&worker->hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	worker->hrtimer.function = hrtimer_call;
	timer_setup(&worker->timer, timer_call, TIMER_PINNED);
	tasklet_setup(&worker->tasklet, tasklet_call);
	wake_up_process(task);
	return 0;
}

static void workers_quit(void)
{
	unsigned int cpu;

	for_each_possible_cpu(cpu)
	{
		struct worker *worker = per_cpu_ptr(&workers, cpu);

		if (!worker->task)
			continue;
		worker->quit = true;
		complete(&worker->begin);
		kthread_stop(worker->task);
	}
}

static int leaks_plan(void)
{
	char list[sizeof(places)];

	kernel_param_lock(THIS_MODULE);
	strscpy(list, places, sizeof(list));
	kernel_param_unlock(THIS_MODULE);
	return leaky_leaks_plan(leaks, list, interrupts);
}

/* Also in a run that was interrupted, nothing is left under way. */
static int run(u64 number, struct file *file)
{
	unsigned int cpu;
	u64 start;
	int error;

	mutex_lock(&run_lock);
	error = leaks_plan();
	if (error)
		goto out;
	stopping = false;
	start = ktime_get_ns();
	for_each_online_cpu(cpu)
	{
		struct worker *worker = per_cpu_ptr(&workers, cpu);

		worker->until =
			leaky_cpu_allocations(cpu) + DIV_ROUND_UP(number, num_online_cpus());
		complete(&worker->begin);
	}
	for_each_online_cpu(cpu)
	{
		if (wait_for_completion_interruptible(&per_cpu_ptr(&workers, cpu)->end)) {
			error = -EINTR;
			WRITE_ONCE(stopping, true);
			wait_for_completion(&per_cpu_ptr(&workers, cpu)->end);
		}
	}
	leaky_work_ns = ktime_get_ns() - start;
	leaky_handed_over_settle();
	leaky_rcu_settle();
	leaky_vmalloc_settle();
out:
	mutex_unlock(&run_lock);
	return error;
}

static ssize_t run_write(struct file *file, const char __user *text, size_t length, loff_t *offset)
{
	return kmn_run(run, file, text, length);
}

static ssize_t release_write(struct file *file, const char __user *text, size_t length,
			     loff_t *offset)
{
	mutex_lock(&run_lock);
	leaky_release();
	mutex_unlock(&run_lock);
	return length;
}

DEFINE_SHOW_ATTRIBUTE(leaky_counts);
static const struct file_operations run_fops = {.owner = THIS_MODULE, .write = run_write};
static const struct file_operations release_fops = {.owner = THIS_MODULE, .write = release_write};
static struct dentry *folder;

static int __init leaky_init(void)
{
	unsigned int cpu;
	int error = leaky_caches_init();

	if (error)
		return error;
	error = leaky_vmalloc_init();
	if (error)
		goto out_caches;
	for_each_online_cpu(cpu)
	{
		error = worker_start(per_cpu_ptr(&workers, cpu), cpu);
		if (error)
			goto out_workers;
	}
	folder = debugfs_create_dir(KBUILD_MODNAME, NULL);
	debugfs_create_file("run", 0200, folder, NULL, &run_fops);
	debugfs_create_file("counts", 0400, folder, NULL, &leaky_counts_fops);
	debugfs_create_file("release", 0200, folder, NULL, &release_fops);
	return 0;

out_workers:
	workers_quit();
	leaky_vmalloc_fini();
out_caches:
	leaky_caches_fini();
	return error;
}

static void __exit leaky_exit(void)
{
	debugfs_remove_recursive(folder);
	workers_quit();
	if (!keep)
		leaky_release();
	leaky_vmalloc_fini();
	leaky_caches_fini();
}

module_init(leaky_init);
module_exit(leaky_exit);
MODULE_DESCRIPTION("Kapimon sample: every allocator in every context, with known leaks");
MODULE_LICENSE("GPL");
