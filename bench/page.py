#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write docs/performance.md from the last run of each part in history.csv, to standard output."""

import collections

import history

LATEST = history.latest()


def kernel_order(kernel):
    series, _, flavour = kernel.partition("-")
    return flavour, [int(number) for number in series.split(".")]


KERNELS = sorted({kernel for _, kernel in LATEST if kernel != "host"}, key=kernel_order)
OURS = "kapimon"


def run_of(part, kernel="host"):
    return LATEST.get((part, kernel))


def is_ours(name):
    return OURS in name.split()


def takes_stack(name):
    return any(word in name for word in ("stack", "-g ", "-T"))


def has_arguments(name):
    return not name.startswith(("ftrace", "trace-cmd function"))


def best_peer(part, kernel, measure, wanted, least=True):
    """The best of the other tools that have the measure: its text, or "-"."""
    run = run_of(part, kernel)
    values = [
        (run.number(name, measure), name)
        for name in (run.names if run else {})
        if not is_ours(name) and wanted(name) and run.number(name, measure) is not None
    ]
    if not values:
        return "-"
    value, name = min(values) if least else max(values)
    return f"{short(value)} ({name})"


def short(value):
    if value is None:
        return "-"
    if value == int(value):
        return f"{int(value):,}"
    return f"{value:,.2f}"


def per_event(run, name):
    if not run or not run.number(name, "events"):
        return None
    return run.number(name, "bytes") / run.number(name, "events")


# What has to be reached, whether it was measured or not. `key` finds the reason in REASONS; `less`: the
# value may be at most the limit, else at least; `shown` stands for the value in the page, `reason` for
# that of REASONS.
Budget = collections.namedtuple(
    "Budget", "key kernel what limit less value peer shown reason", defaults=(None, None)
)

# Why a budget is not met, by its key and kernel ("": all kernels). Only shown where it is not.
REASONS = {
    ("call", ""): (
        "it was set by a program that wrote a record of constants. This one finds out in which context it"
        " runs, so that no nested call is lost or taken twice, and its hook's settings and counters:"
        " together about 150, in a profile on 6.12. Each argument is taken by a helper: 15. The clock is 35,"
        " the ring buffer 95, the trampoline and what the kernel does around a program 150"
    ),
}


def number_of(part, kernel, name, measure):
    run = run_of(part, kernel)
    return run.number(name, measure) if run else None


def stack_reason(kernel, depth):
    """What of a call with its stack is due to the copies that do not take it."""
    copies = number_of("calls", kernel, "kapimon fentry, stack", depth)
    one = number_of("calls", kernel, "kapimon fentry, 1 copy, stack", depth)
    bare = number_of("calls", kernel, "kapimon fentry, 1 copy", depth)
    if None in (copies, one, bare):
        return None
    return (
        f"{short(copies - one)} are two more copies of the program, without which calls nested in the first"
        f" one's work would be lost; {short(bare)} are the call without a stack; {short(one - bare)} the stack"
    )


def budgets_of_calls():
    for kernel in ("6.1", "6.12"):
        yield Budget(
            "call",
            kernel,
            "hooked call, entry, 6 arguments, no stack, one copy: instructions",
            450,
            True,
            number_of("calls", kernel, "kapimon fentry, 1 copy", "shallow"),
            best_peer(
                "calls",
                kernel,
                "shallow",
                lambda name: name != "bare" and not takes_stack(name) and has_arguments(name),
            ),
        )
    for kernel, shallow, deep in (("6.1", 2200, 3000), ("6.12", 1300, 1800)):
        for depth, limit, frames in (("shallow", shallow, "12 to 14"), ("deep", deep, "28 to 30")):
            measured = number_of("calls", kernel, "bare", depth + " frames")
            yield Budget(
                "stack " + depth,
                kernel,
                f"hooked call, entry, stack of {short(measured) if measured else frames} frames,"
                " warm: instructions",
                limit,
                True,
                number_of("calls", kernel, "kapimon fentry, stack", depth),
                best_peer("calls", kernel, depth, takes_stack),
                reason=stack_reason(kernel, depth),
            )


# What pairs of allocation and free are held against, without stacks and with.
MEMORY_PEERS = (
    ("pair", "without stacks", "kapimon mem, no stack", ("perf kmem record",)),
    (
        "pair with stacks",
        "with stacks",
        "kapimon mem",
        ("memleak-bpfcc", "perf record -g of kmem events"),
    ),
)


def budgets_of_memory():
    for kernel in ("6.1", "6.12"):
        for key, with_stacks, ours, peers in MEMORY_PEERS:
            for depth in ("shallow", "deep"):
                found = [number_of("memory", kernel, name, depth) for name in peers]
                limits = [value / 2 for value in found if value is not None]
                yield Budget(
                    key,
                    kernel,
                    f"pair of kmalloc() and kfree() {with_stacks}, {depth}: instructions, half of"
                    f" {' or '.join(peers)}",
                    min(limits, default=None),
                    True,
                    number_of("memory", kernel, ours, depth) if limits else None,
                    best_peer(
                        "memory",
                        kernel,
                        depth,
                        lambda name, names=peers: name in names,
                    ),
                )


def budgets_of_attach():
    run = run_of("attach", "6.12")
    multi = run and run.names.get("1000 kapimon", {}).get("method") == "kprobe.multi"
    for measure, peer in (("attach", "start"), ("detach", "end")):
        yield Budget(
            measure,
            "6.12",
            f"{measure} 1,000 functions with kprobe.multi: seconds (the other tool's: its whole"
            f" {peer})",
            1,
            True,
            run.number("1000 kapimon", measure) if multi else None,
            best_peer("attach", "6.12", peer, lambda name: name.startswith("1000 ")),
        )


def budgets_of_sizes():
    for kernel in ("6.1", "6.12"):
        run = run_of("sizes", kernel)
        value = per_event(run, "kapimon")
        names = run.names if run else ()
        peers = [
            (per_event(run, name), name)
            for name in names
            if not is_ours(name) and per_event(run, name)
        ]
        yield Budget(
            "bytes",
            kernel,
            "bytes per event of a capture, entry and return with stacks",
            12,
            True,
            value,
            "{:.1f} ({})".format(*min(peers)) if peers else "-",
        )
        perf = per_event(run, "perf record -g")
        yield Budget(
            "share",
            kernel,
            "the same as a share of perf.data's",
            0.1,
            True,
            value / perf if value and perf else None,
            "1" if perf else "-",
        )


# What of the load each line is about: the row, and the measure that is held against "called".
NESTED = (
    ("entries", "kapimon fentry", "reported"),
    ("entries with stacks", "kapimon fentry, stack", "reported"),
    ("entries, returns hooked too", "kapimon fentry and fexit", "reported"),
    ("returns", "kapimon fentry and fexit", "returned"),
    ("allocations followed", "kapimon mem", "reported"),
    ("frees followed", "kapimon mem", "returned"),
)


def nested_peers(run, ours, measure):
    """The tool that reported the largest share of the same kind of calls, among those that do it."""
    memory = ours.startswith("kapimon mem")
    found = []
    for name in run.names if run else ():
        called, seen = run.number(name, "called"), run.number(name, measure)
        if is_ours(name) or not called or seen is None or ("kmem" in name) != memory:
            continue
        found.append((abs(called - seen), called, name))
    if not found:
        return "-"
    left, called, name = min(found, key=lambda each: (each[0] / each[1], each[0]))
    return f"{left:,.0f} of {called:,.0f} ({name})"


def nested_reason(run, name):
    """Why calls are not there, if the tool says so of each of them."""
    called, admitted = run.number(name, "called"), run.number(name, "admitted")
    seen = [run.number(name, measure) for measure in ("reported", "returned")]
    if sum(called - each for each in seen if each is not None) != admitted:
        return None
    return "each of them is counted as lost or missed"


def budgets_of_loss():
    for kernel in ("6.1", "6.12", "6.1-rt", "6.12-rt"):
        run = run_of("loss", kernel)
        for what, name, measure in NESTED:
            called = number_of("loss", kernel, name, "called")
            seen = number_of("loss", kernel, name, measure)
            # A call recorded twice is a fault as well.
            lost = None if called is None else abs(called - (seen or 0))
            yield Budget(
                "nested " + what,
                kernel,
                f"nested calls not recorded, or twice: {what}",
                0,
                True,
                lost,
                nested_peers(run, name, measure),
                None if lost is None else f"{lost:,.0f} of {called:,.0f}",
                nested_reason(run, name) if lost else None,
            )


def budgets_of_host():
    capture = run_of("capture")
    filtered = [name for name in (capture.names if capture else ()) if "filtered" in
                capture.names[name]]
    yield Budget(
        "filtering",
        "",
        "opening and filtering a capture, one core: million events/s",
        10,
        False,
        capture.number(filtered[0], "filtered") if filtered else None,
        "-",
    )
    for key, what, limit in (
        ("read", "reading live records, one core: million/s", 3),
        ("read and written", "reading, interning and writing live records, one core: million/s", 1),
    ):
        yield Budget(key, "", what, limit, False, number_of("live", "host", "live records", key), "-")


def verdict(budget):
    """Whether it is met, and if not why."""
    if budget.value is None:
        return "not measured"
    if budget.value <= budget.limit if budget.less else budget.value >= budget.limit:
        return "met"
    reason = (
        budget.reason
        or REASONS.get((budget.key, budget.kernel))
        or REASONS.get((budget.key, ""))
    )
    return f"**not met**: {reason or 'the reason is not known'}"


def print_budgets():
    print("## Budgets\n")
    print("| What | Kernel | Budget | Measured | | Best other tool |")
    print("|---|---|---|---|---|---|")
    for source in (
        budgets_of_calls,
        budgets_of_memory,
        budgets_of_attach,
        budgets_of_sizes,
        budgets_of_loss,
        budgets_of_host,
    ):
        for budget in source():
            sign = "<=" if budget.less else ">="
            print(
                f"| {budget.what} | {budget.kernel} | {sign} {short(budget.limit)} |"
                f" {budget.shown or short(budget.value)} | {verdict(budget)} | {budget.peer} |"
            )
    print()


def print_when(part, kernels):
    """When the part was measured."""
    found = [run_of(part, kernel) for kernel in kernels if run_of(part, kernel)]
    texts = []
    for run in found:
        release = run.names.get("guest", {}).get("release", "")
        texts.append(f"{release or 'the machine itself'}: {run.time} UTC, kapimon {run.version}")
    print("Measured on " + "; ".join(texts) + ".\n")


def names_of(part, hidden):
    names = []
    for kernel in KERNELS:
        run = run_of(part, kernel)
        names += [name for name in (run.names if run else ()) if name not in names]
    return [name for name in names if name not in hidden]


def print_table(part, measures, hidden=("guest",), extra=None):
    """A row for each name, for each kernel its measures; a failure is told below the table."""
    kernels = [kernel for kernel in KERNELS if run_of(part, kernel)]
    print_when(part, kernels)
    print("| | " + " | ".join(f"{kernel} {m}" for kernel in kernels for m in measures) + " |")
    print("|---" * (1 + len(kernels) * len(measures)) + "|")
    failures = []
    for name in names_of(part, hidden):
        cells = []
        for kernel in kernels:
            values = run_of(part, kernel).names.get(name, {})
            if "failed" in values:
                failures.append(f"- {kernel}, {name}: {values['failed']}")
                cells += ["failed"] * len(measures)
                continue
            for measure in measures:
                value = run_of(part, kernel).number(name, measure)
                if value is None and extra:
                    value = extra(run_of(part, kernel), name, measure)
                cells.append(short(value) if value is not None else values.get(measure, "-"))
        print(f"| {name} | " + " | ".join(cells) + " |")
    print()
    if failures:
        print("What failed, and the last thing that was said:\n")
        print("\n".join(failures) + "\n")


def derived(run, name, measure):
    if measure == "not reported" and run.number(name, "called") is not None:
        return run.number(name, "called") - run.number(name, "reported")
    if measure == "bytes per event":
        value = per_event(run, name)
        return None if value is None else round(value, 1)
    return None


def print_calls():
    print("""## What a call costs

`bench/calls.sh`, in the lab with `--icount`: one processor, each instruction of the guest is counted
as a nanosecond. `kmn_bench` calls an empty function with six arguments in a row; *bare* is the call
itself and its loop, the other rows are what a hook adds to it, in instructions of the guest, the
median of eleven runs of 500 calls. *Shallow* and *deep* are stacks of as many frames as the rows of
*bare* say. Kapimon's *fentry* means the three ascending copies that it puts in of itself. The other
tools print or record the same six arguments, but for the ones that trace functions, which have none.
""")
    print_table("calls", ["shallow", "deep"])


def print_memory():
    print("""## What a pair of allocation and free costs

`bench/memory.sh`, measured the same way: `kmalloc()` of 96 bytes and `kfree()` in a row.
""")
    print_table("memory", ["shallow", "deep"])


def print_loss():
    print("""## Nested calls

`bench/loss.sh`, in the lab with two processors: `kmn_nested` calls a function from eight tasks on each
processor, from softirqs and from hardirqs at once and counts its calls itself, for 1.5 s, or for so long
that about a million may come together;
where the kernel can be preempted everywhere, as the realtime ones (*-rt*), the tasks preempt each other.
*Not reported* is the difference to what is in the tool's output, *returned* how many returns there are
in it, *admitted* what the tool itself says it lost or missed. Each has 8 MiB or more of buffer for each
processor. Emulated: how many calls there are differs from tool to tool. For memory the calls are
allocations and frees of objects of one cache, *returned* are the frees; what Kapimon admits there is that
of the whole kernel. Realtime kernels don't allocate in interrupts.
""")
    print_table(
        "loss", ["called", "reported", "not reported", "returned", "admitted"], extra=derived
    )


def print_attach():
    print("""## Hooks coming and going

`bench/attach.sh`, in the lab with `--icount`: a second is a billion instructions, or a wait. The entries
of functions spread over the kernel's text are hooked while a command sleeps. *Start* is the whole way
from the call of the tool to the first instruction of the command, *end* that from the end of the
command to the end of the tool. *Attach* and *detach* are what `kapimon hook --verbose` calls so.
*Hooks* is how many there are where that is not the number asked for. Seconds, one run. By fentry each
function has programs of its own, three for its entry alone, and the kernel verifies each of them, on 6.12
some 160,000 instructions as `--verbose` tells: one after another here, where there is one processor.
""")
    print_table("attach", ["start", "end", "attach", "detach", "method"])


def print_sizes():
    print("""## Bytes for an event

`bench/sizes.sh`, in the lab: entries and returns of six functions of the file system with their stacks
and three arguments, while `ls -lR` lists the same folders.
""")
    print_table("sizes", ["events", "bytes", "bytes per event"], extra=derived)


def print_host():
    for part, text in (
        (
            "capture",
            """## Captures

`bench/bench_capture` on the machine itself, one core: a million events, entries and returns of eight
functions with three arguments, 290 different stacks of 20 frames. Million events a second; bytes of a
record in the kernel's buffer, and for an event in the file.
""",
        ),
        (
            "live",
            """## Live records

`bench/bench_live` on the machine itself, one core: the same records go the way from the kernel's
buffers on: checked, their stacks learned from the first record of each and looked up for the others, put
in order of time, handed out; and then into a capture. Million records a second of processor time, of one
thread, the best of five turns.
""",
        ),
        (
            "filter",
            """## Filters

`bench/bench_filter` on the machine itself, one core: a million records in memory are judged by an
expression. Million records a second, the best of five turns; the share that is kept, in percent.
""",
        ),
    ):
        run = run_of(part)
        if not run:
            continue
        print(text)
        print_when(part, ["host"])
        print("| | | |\n|---|---|---|")
        for name, values in run.names.items():
            for measure, value in values.items():
                print(f"| `{name}` | {measure} | {value} |")
        print()


def print_head():
    run = run_of("versions")
    versions = {
        name: values["version"] for name, values in run.names.items() if "version" in values
    }
    print(f"""# Performance

`make bench` measures this, adds it to `bench/history.csv` and writes this page; `bench/run.sh PART...` does
a part of it. Each part says when it was measured. The last run was on a machine of
{run.names["machine"]["processors"]} processors (load average at its start: {run.names["machine"]["load at the start"]}), with Debian's packages:
{", ".join(f"{name} {version}" for name, version in versions.items())}.

![History](../bench/history.svg)
""")


if __name__ == "__main__":
    print_head()
    print_budgets()
    sections = {
        "calls": print_calls,
        "memory": print_memory,
        "loss": print_loss,
        "attach": print_attach,
        "sizes": print_sizes,
    }
    for name, section in sections.items():
        if any(run_of(name, kernel) for kernel in KERNELS):
            section()
    print_host()
