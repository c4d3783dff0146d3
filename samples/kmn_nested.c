// SPDX-License-Identifier: GPL-2.0-only
/*
 * One function called from task, softirq and hardirq context at the same time on every processor,
 * so that interrupts land inside whatever a monitor does for a call. Writing anything to "run" goes
 * on for duration_ms, or until each processor's task has made task_calls calls:
 *
 *	task	a kernel thread bound to each processor
 *	softirq	a tasklet, scheduled by the high-resolution timer, and an ordinary timer
 *	hardirq	a high-resolution timer of period_us, and interrupts that each processor's thread
 *		sends to the next one, which come at any moment
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/smp.h>
#include <linux/timer.h>

#include "kmn_sample.h"

static unsigned int duration_ms = 2000;
module_param(duration_ms, uint, 0600);
MODULE_PARM_DESC(duration_ms, "how long a run lasts");

static u64 task_calls;
module_param(task_calls, ullong, 0600);
MODULE_PARM_DESC(task_calls, "calls that each processor's task makes (0: as many as it can)");

static unsigned int task_pause_us = 20;
module_param(task_pause_us, uint, 0600);
MODULE_PARM_DESC(task_pause_us, "pause between two calls of a task, which waits for it busily");

static unsigned int period_us = 50;
module_param(period_us, uint, 0600);
MODULE_PARM_DESC(period_us, "shortest period of the high-resolution timers");

/* The period grows by itself up to this while tasks don't get on. */
#define MAX_PERIOD_US 5000
/* One cross-processor interrupt for so many calls of a task. */
#define CALLS_PER_INTERRUPT 4

enum kmn_from { KMN_FROM_TASK, KMN_FROM_SOFTIRQ, KMN_FROM_HARDIRQ, KMN_N_FROM };

struct worker {
	struct task_struct *task;
	struct hrtimer hrtimer;
	struct timer_list timer;
	struct tasklet_struct tasklet;
	struct irq_work irq_work;
	call_single_data_t interrupt;
	unsigned long interrupt_pending;
	unsigned int cpu;
	bool finished;
	u64 calls;	/* by the task, in this run */
	u64 calls_seen; /* by the last tick of the hrtimer */
	u64 period_ns;
};

static DEFINE_PER_CPU(struct worker, workers);
static DEFINE_PER_CPU(u64[KMN_N_FROM], made);
static struct kmn_count counts[] = {
	[KMN_FROM_TASK] = {.name = "task"},
	[KMN_FROM_SOFTIRQ] = {.name = "softirq"},
	[KMN_FROM_HARDIRQ] = {.name = "hardirq"},
	[KMN_N_FROM] = {.name = "kmn_nested_target"},
};
static DEFINE_MUTEX(run_lock);

/* this_cpu_inc() is one instruction: an interrupt can't come between its read and its write. */
static KMN_TRACED u64 kmn_nested_target(enum kmn_from from, u64 nth)
{
	this_cpu_inc(made[from]);
	return nth;
}

static void tasklet_call(struct tasklet_struct *tasklet)
{
	struct worker *worker = container_of(tasklet, struct worker, tasklet);

	kmn_nested_target(KMN_FROM_SOFTIRQ, worker->calls);
}

static void timer_call(struct timer_list *timer)
{
	struct worker *worker = container_of(timer, struct worker, timer);

	kmn_nested_target(KMN_FROM_SOFTIRQ, worker->calls);
	mod_timer(timer, jiffies + 1);
}

static void irq_work_call(struct irq_work *irq_work)
{
	struct worker *worker = container_of(irq_work, struct worker, irq_work);

	kmn_nested_target(KMN_FROM_HARDIRQ, worker->calls);
}

/* Runs on worker->cpu, sent by another processor. */
static void interrupt_call(void *data)
{
	struct worker *worker = data;

	kmn_nested_target(KMN_FROM_HARDIRQ, worker->calls);
	clear_bit_unlock(0, &worker->interrupt_pending);
}

/*
 * Under emulation, and the more with a monitor at work, a tick can take longer than the period: the
 * machine would do nothing else any more. So the period follows what the task achieves: longer when
 * it made no call since the last tick, shorter again when it made several.
 */
static void period_adapt(struct worker *worker)
{
	u64 calls = READ_ONCE(worker->calls);
	u64 shortest = (u64)max(period_us, 10u) * NSEC_PER_USEC;

	if (calls == worker->calls_seen)
		worker->period_ns += worker->period_ns / 4;
	else if (calls - worker->calls_seen > 1)
		worker->period_ns -= worker->period_ns / 16;
	worker->period_ns =
		clamp_t(u64, worker->period_ns, shortest, MAX_PERIOD_US * NSEC_PER_USEC);
	worker->calls_seen = calls;
}

static enum hrtimer_restart hrtimer_call(struct hrtimer *hrtimer)
{
	struct worker *worker = container_of(hrtimer, struct worker, hrtimer);

	kmn_nested_target(KMN_FROM_HARDIRQ, worker->calls);
	tasklet_schedule(&worker->tasklet);
	irq_work_queue(&worker->irq_work);
	period_adapt(worker);
	/* From now, not from the last expiry: what was late is not made up for in a burst. */
	hrtimer_forward_now(hrtimer, ns_to_ktime(worker->period_ns));
	return HRTIMER_RESTART;
}

static void interrupt_next(unsigned int cpu)
{
	unsigned int next = cpumask_next(cpu, cpu_online_mask);
	struct worker *worker;

	if (next >= nr_cpu_ids)
		next = cpumask_first(cpu_online_mask);
	worker = per_cpu_ptr(&workers, next);
	/* Its call_single_data may be used again only when the interrupt before was served. */
	if (next != cpu && !test_and_set_bit_lock(0, &worker->interrupt_pending))
		smp_call_function_single_async(next, &worker->interrupt);
}

static int worker_run(void *data)
{
	struct worker *worker = data;
	u64 limit = READ_ONCE(task_calls);

	/* Started on its own processor, to which both timers are pinned. */
	hrtimer_start(&worker->hrtimer, ns_to_ktime(worker->period_ns),
		      HRTIMER_MODE_REL_PINNED_HARD);
	mod_timer(&worker->timer, jiffies + 1);
	while (!kthread_should_stop()) {
		if (limit && worker->calls == limit) {
			WRITE_ONCE(worker->finished, true);
			msleep(1);
			continue;
		}
		kmn_nested_target(KMN_FROM_TASK, worker->calls);
		WRITE_ONCE(worker->calls, worker->calls + 1);
		if (worker->calls % CALLS_PER_INTERRUPT == 0)
			interrupt_next(worker->cpu);
		udelay(task_pause_us);
		cond_resched();
	}
	return 0;
}

static int worker_start(struct worker *worker, unsigned int cpu)
{
	struct task_struct *task = kthread_create_on_cpu(worker_run, worker, cpu, "kmn_nested/%u");

	if (IS_ERR(task))
		return PTR_ERR(task);
	*worker = (struct worker){.task = task, .cpu = cpu, .period_ns = period_us * NSEC_PER_USEC};
	hrtimer_init(&worker->hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	worker->hrtimer.function = hrtimer_call;
	timer_setup(&worker->timer, timer_call, TIMER_PINNED);
	tasklet_setup(&worker->tasklet, tasklet_call);
	init_irq_work(&worker->irq_work, irq_work_call);
	INIT_CSD(&worker->interrupt, interrupt_call, worker);
	return 0;
}

/* The senders first, then what they may have sent, for all processors step by step. */
static void workers_stop(void)
{
	struct worker *worker;
	unsigned int cpu;

	for_each_online_cpu(cpu)
	{
		worker = per_cpu_ptr(&workers, cpu);
		if (worker->task)
			kthread_stop(worker->task);
	}
	for_each_online_cpu(cpu)
	{
		worker = per_cpu_ptr(&workers, cpu);
		if (!worker->task)
			continue;
		while (test_bit(0, &worker->interrupt_pending))
			msleep(1);
		hrtimer_cancel(&worker->hrtimer);
		timer_delete_sync(&worker->timer);
		irq_work_sync(&worker->irq_work);
		tasklet_kill(&worker->tasklet);
		worker->task = NULL;
	}
}

static bool workers_finished(void)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) if (!READ_ONCE(per_cpu_ptr(&workers, cpu)->finished)) return false;
	return true;
}

static void counts_collect(void)
{
	u64 sum, total = 0;
	unsigned int cpu;

	for (int from = 0; from < KMN_N_FROM; from++) {
		sum = 0;
		for_each_possible_cpu(cpu) sum += per_cpu(made, cpu)[from];
		atomic64_set(&counts[from].calls, sum);
		total += sum;
	}
	atomic64_set(&counts[KMN_N_FROM].calls, total);
}

static int run(u64 number, struct file *file)
{
	unsigned long end;
	unsigned int cpu;
	int error = 0;

	mutex_lock(&run_lock);
	cpus_read_lock();
	for_each_online_cpu(cpu)
	{
		error = worker_start(per_cpu_ptr(&workers, cpu), cpu);
		if (error)
			break;
	}
	if (!error) {
		for_each_online_cpu(cpu) wake_up_process(per_cpu_ptr(&workers, cpu)->task);
		end = jiffies + msecs_to_jiffies(duration_ms);
		while (time_before(jiffies, end) && !workers_finished())
			msleep(10);
	}
	workers_stop();
	counts_collect();
	cpus_read_unlock();
	mutex_unlock(&run_lock);
	return error;
}

KMN_SAMPLE(run, counts);
MODULE_DESCRIPTION("Kapimon sample: calls in task, softirq and hardirq context at once");
