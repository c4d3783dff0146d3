// SPDX-License-Identifier: GPL-2.0-only
/*
 * One function called from task, softirq and hardirq context at the same time on every processor,
 * so that interrupts land inside whatever a monitor does for a call. Writing anything to "run" goes
 * on for duration_ms, or until each processor's first task has made task_calls calls:
 *
 *	task	a kernel thread bound to each processor
 *	softirq	a tasklet, scheduled by the high-resolution timer, and an ordinary timer
 *	hardirq	a high-resolution timer of period_us, and interrupts that each processor's thread
 *		sends to the next one, which come at any moment
 *
 * With tasks=N so many call on each processor. Every other of them runs only when the
 * high-resolution timer wakes it, ahead of the others, so that tasks are preempted by tasks within
 * the monitor's work, if the kernel can be preempted there. With allocate=1 each call also
 * allocates and frees an object of the cache "kmn_nested".
 */
#include <linux/cpu.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
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

static unsigned int tasks = 1;
module_param(tasks, uint, 0600);
MODULE_PARM_DESC(tasks, "tasks that call on each processor, at most 32");

static bool allocate;
module_param(allocate, bool, 0600);
MODULE_PARM_DESC(allocate, "allocate and free an object with each call");

/* The period grows by itself up to this while tasks don't get on. */
#define MAX_PERIOD_US 5000
/* One cross-processor interrupt for so many calls of a task. */
#define CALLS_PER_INTERRUPT 4
#define MAX_TASKS 32
/* A size that nothing else asks for, so that tools can tell these objects by it. */
#define OBJECT_BYTES 1234

enum kmn_from { KMN_FROM_TASK, KMN_FROM_SOFTIRQ, KMN_FROM_HARDIRQ, KMN_N_FROM };
/* What else is counted for each processor. */
enum { KMN_ALLOCATED = KMN_N_FROM, KMN_N_MADE };

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
	u64 busy_calls; /* by it and the other busy ones */
	u64 calls_seen; /* busy_calls at the last tick of the hrtimer */
	u64 period_ns;
	struct task_struct *others[MAX_TASKS]; /* from 1 on */
	unsigned int woken;		       /* the last that a tick woke */
};

static DEFINE_PER_CPU(struct worker, workers);
static DEFINE_PER_CPU(u64[KMN_N_MADE], made);
static struct kmem_cache *cache;
static struct kmn_count counts[] = {
	[KMN_FROM_TASK] = {.name = "task"},	      [KMN_FROM_SOFTIRQ] = {.name = "softirq"},
	[KMN_FROM_HARDIRQ] = {.name = "hardirq"},     [KMN_ALLOCATED] = {.name = "allocated"},
	[KMN_N_MADE] = {.name = "kmn_nested_target"},
};
static DEFINE_MUTEX(run_lock);

/* this_cpu_inc() is one instruction: an interrupt can't come between its read and its write. */
static KMN_TRACED u64 kmn_nested_target(enum kmn_from from, u64 nth)
{
	this_cpu_inc(made[from]);
	return nth;
}

/* Where PREEMPT_RT has sleeping locks in its allocators, interrupts can't allocate. */
static bool may_allocate(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) || (preemptible() && !in_hardirq());
}

/* Always inlined: the stack of a call shows who made it. */
static __always_inline void call(enum kmn_from from, u64 nth)
{
	void *object;

	kmn_nested_target(from, nth);
	if (!cache || !may_allocate())
		return;
	object = kmem_cache_alloc(cache, GFP_ATOMIC | __GFP_NOWARN);
	if (!object)
		return;
	this_cpu_inc(made[KMN_ALLOCATED]);
	kmem_cache_free(cache, object);
}

static void tasklet_call(struct tasklet_struct *tasklet)
{
	struct worker *worker = container_of(tasklet, struct worker, tasklet);

	call(KMN_FROM_SOFTIRQ, worker->calls);
}

static void timer_call(struct timer_list *timer)
{
	struct worker *worker = container_of(timer, struct worker, timer);

	call(KMN_FROM_SOFTIRQ, worker->calls);
	mod_timer(timer, jiffies + 1);
}

static void irq_work_call(struct irq_work *irq_work)
{
	struct worker *worker = container_of(irq_work, struct worker, irq_work);

	call(KMN_FROM_HARDIRQ, worker->calls);
}

/* Runs on worker->cpu, sent by another processor. */
static void interrupt_call(void *data)
{
	struct worker *worker = data;

	call(KMN_FROM_HARDIRQ, worker->calls);
	clear_bit_unlock(0, &worker->interrupt_pending);
}

/*
 * Under emulation, and the more with a monitor at work, a tick can take longer than the period: the
 * machine would do nothing else any more. So the period follows what the busy tasks achieve: longer
 * when they made no call since the last tick, shorter again when they made several. Those that the
 * tick itself wakes don't count: they achieve something however short the period is.
 */
static void period_adapt(struct worker *worker)
{
	u64 calls = READ_ONCE(worker->busy_calls);
	u64 shortest = (u64)max(period_us, 10u) * NSEC_PER_USEC;

	if (calls == worker->calls_seen)
		worker->period_ns += worker->period_ns / 4;
	else if (calls - worker->calls_seen > 1)
		worker->period_ns -= worker->period_ns / 16;
	worker->period_ns =
		clamp_t(u64, worker->period_ns, shortest, MAX_PERIOD_US * NSEC_PER_USEC);
	worker->calls_seen = calls;
}

/* The odd ones sleep until they are woken: one of them with each tick. */
static void wake_another(struct worker *worker)
{
	unsigned int next = worker->woken + 2;

	if (next >= min(tasks, MAX_TASKS))
		next = 1;
	worker->woken = next;
	if (worker->others[next])
		wake_up_process(worker->others[next]);
}

static enum hrtimer_restart hrtimer_call(struct hrtimer *hrtimer)
{
	struct worker *worker = container_of(hrtimer, struct worker, hrtimer);

	call(KMN_FROM_HARDIRQ, worker->calls);
	tasklet_schedule(&worker->tasklet);
	irq_work_queue(&worker->irq_work);
	wake_another(worker);
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
		call(KMN_FROM_TASK, worker->calls);
		WRITE_ONCE(worker->calls, worker->calls + 1);
		this_cpu_inc(workers.busy_calls);
		if (worker->calls % CALLS_PER_INTERRUPT == 0)
			interrupt_next(worker->cpu);
		udelay(task_pause_us);
		cond_resched();
	}
	return 0;
}

static int busy_run(void *data)
{
	for (u64 i = 0; !kthread_should_stop(); i++) {
		call(KMN_FROM_TASK, i);
		this_cpu_inc(workers.busy_calls);
		udelay(task_pause_us);
		cond_resched();
	}
	return 0;
}

static int woken_run(void *data)
{
	for (u64 i = 0;; i++) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (kthread_should_stop())
			break;
		schedule();
		call(KMN_FROM_TASK, i);
	}
	__set_current_state(TASK_RUNNING);
	return 0;
}

/* 3, 7, 11... are ahead of 1, 5, 9..., and these of the busy ones. */
static int other_start(struct worker *worker, unsigned int cpu, unsigned int i)
{
	struct task_struct *task =
		kthread_create_on_cpu(i % 2 ? woken_run : busy_run, NULL, cpu, "kmn_nested/%u");

	if (IS_ERR(task))
		return PTR_ERR(task);
	if (i % 4 == 3)
		sched_set_fifo(task);
	else if (i % 4 == 1)
		sched_set_fifo_low(task);
	worker->others[i] = task;
	return 0;
}

static int worker_start(struct worker *worker, unsigned int cpu)
{
	struct task_struct *task = kthread_create_on_cpu(worker_run, worker, cpu, "kmn_nested/%u");

	if (IS_ERR(task))
		return PTR_ERR(task);
	*worker = (struct worker){
		.task = task, .cpu = cpu, .period_ns = period_us * NSEC_PER_USEC, .woken = 1};
	hrtimer_init(&worker->hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	worker->hrtimer.function = hrtimer_call;
	timer_setup(&worker->timer, timer_call, TIMER_PINNED);
	tasklet_setup(&worker->tasklet, tasklet_call);
	init_irq_work(&worker->irq_work, irq_work_call);
	INIT_CSD(&worker->interrupt, interrupt_call, worker);
	for (unsigned int i = 1; i < min(tasks, MAX_TASKS); i++) {
		int error = other_start(worker, cpu, i);

		if (error)
			return error;
	}
	return 0;
}

static void worker_wake(struct worker *worker)
{
	for (unsigned int i = 1; i < MAX_TASKS; i++) {
		if (worker->others[i])
			wake_up_process(worker->others[i]);
	}
	wake_up_process(worker->task);
}

static void other_stop(struct task_struct **task)
{
	if (*task)
		kthread_stop(*task);
	*task = NULL;
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
		/* The busy ones; those that the timer wakes have to outlive it. */
		for (unsigned int i = 2; i < MAX_TASKS; i += 2)
			other_stop(&worker->others[i]);
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
		for (unsigned int i = 1; i < MAX_TASKS; i += 2)
			other_stop(&worker->others[i]);
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

	for (int i = 0; i < KMN_N_MADE; i++) {
		sum = 0;
		for_each_possible_cpu(cpu) sum += per_cpu(made, cpu)[i];
		atomic64_set(&counts[i].calls, sum);
		if (i < KMN_N_FROM)
			total += sum;
	}
	atomic64_set(&counts[KMN_N_MADE].calls, total);
}

/* A constructor keeps the kernel from merging the cache with another. */
static void object_init(void *object)
{
}

static int run(u64 number, struct file *file)
{
	unsigned long end;
	unsigned int cpu;
	int error = 0;

	mutex_lock(&run_lock);
	if (allocate) {
		cache = kmem_cache_create("kmn_nested", OBJECT_BYTES, 0, 0, object_init);
		if (!cache) {
			mutex_unlock(&run_lock);
			return -ENOMEM;
		}
	}
	cpus_read_lock();
	for_each_online_cpu(cpu)
	{
		error = worker_start(per_cpu_ptr(&workers, cpu), cpu);
		if (error)
			break;
	}
	if (!error) {
		for_each_online_cpu(cpu) worker_wake(per_cpu_ptr(&workers, cpu));
		end = jiffies + msecs_to_jiffies(duration_ms);
		while (time_before(jiffies, end) && !workers_finished())
			msleep(10);
	}
	workers_stop();
	counts_collect();
	cpus_read_unlock();
	kmem_cache_destroy(cache);
	cache = NULL;
	mutex_unlock(&run_lock);
	return error;
}

KMN_SAMPLE(run, counts);
MODULE_DESCRIPTION("Kapimon sample: calls in task, softirq and hardirq context at once");
