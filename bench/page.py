#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write docs/performance.md from the last run of each part in history.csv, to standard output."""

import history

LATEST = history.latest()
KERNELS = sorted(
    {kernel for _, kernel in LATEST if kernel != "host"},
    key=lambda kernel: [int(number) for number in kernel.split(".")],
)
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


# Budgets: what, kernel, the limit, whether less is better, the value, the best peer's text.


def budgets_of_calls(kernel):
    run = run_of("calls", kernel)
    if not run:
        return
    yield (
        "hooked call, entry, 6 arguments, no stack, one copy: instructions",
        450,
        True,
        run.number("kapimon fentry, 1 copy", "shallow"),
        best_peer(
            "calls",
            kernel,
            "shallow",
            lambda name: name != "bare" and not takes_stack(name) and has_arguments(name),
        ),
    )
    limits = {"6.1": (2200, 3000), "6.12": (1300, 1800)}.get(kernel)
    for depth, limit in zip(("shallow", "deep"), limits or ()):
        yield (
            f"hooked call, entry, stack of {short(run.number('bare', depth + ' frames'))} frames:"
            " instructions",
            limit,
            True,
            run.number("kapimon fentry, stack", depth),
            best_peer("calls", kernel, depth, takes_stack),
        )


def budgets_of_attach(kernel):
    run = run_of("attach", kernel)
    if not run or "1000 kapimon" not in run.names:
        return
    if run.names["1000 kapimon"].get("method") != "kprobe.multi":
        return
    for measure, peer in (("attach", "start"), ("detach", "end")):
        yield (
            f"{measure} 1,000 functions with kprobe.multi: seconds (the peer's: its whole {peer})",
            1,
            True,
            run.number("1000 kapimon", measure),
            best_peer("attach", kernel, peer, lambda name: name.startswith("1000 ")),
        )


def budgets_of_sizes(kernel):
    run = run_of("sizes", kernel)
    value = per_event(run, "kapimon")
    if value is None:
        return
    peers = [
        (per_event(run, name), name)
        for name in run.names
        if not is_ours(name) and per_event(run, name)
    ]
    best = "{:.1f} ({})".format(*min(peers)) if peers else "-"
    yield "bytes per event of a capture, entry and return with stacks", 12, True, value, best
    perf = per_event(run, "perf record -g")
    if perf:
        yield "the same as a share of perf.data's", 0.1, True, value / perf, "1"


def budgets_of_loss(kernel):
    run = run_of("loss", kernel)
    if not run:
        return
    peers = [
        (run.number(name, "called") - run.number(name, "reported"), name)
        for name in run.names
        if not is_ours(name) and run.number(name, "called")
    ]
    best = "{:,.0f} ({})".format(*min(peers)) if peers else "-"
    for name in ("kapimon fentry", "kapimon fentry, stack"):
        if run.number(name, "called") is None:
            continue
        lost = run.number(name, "called") - run.number(name, "reported")
        yield f"nested calls not recorded, {name.removeprefix('kapimon ')}", 0, True, lost, best


def budgets_of_host(_):
    capture, live = run_of("capture"), run_of("live")
    if capture:
        filtered = [name for name in capture.names if "filtered" in capture.names[name]]
        yield (
            "opening and filtering a capture: million events/s",
            10,
            False,
            capture.number(filtered[0], "filtered") if filtered else None,
            "-",
        )
    if live:
        yield (
            "reading live records: million/s",
            3,
            False,
            live.number("live records", "read"),
            "-",
        )
        yield (
            "reading and writing live records: million/s",
            1,
            False,
            live.number("live records", "read and written"),
            "-",
        )


def print_budgets():
    print("## Budgets\n")
    print("| What | Kernel | Budget | Measured | | Best other tool |")
    print("|---|---|---|---|---|---|")
    sources = (budgets_of_calls, budgets_of_attach, budgets_of_sizes, budgets_of_loss)
    lines = [(source, kernel) for source in sources for kernel in KERNELS]
    for source, kernel in lines + [(budgets_of_host, "")]:
        for what, limit, less, value, peer in source(kernel):
            if value is None:
                verdict = "**not measured**"
            else:
                met = value <= limit if less else value >= limit
                verdict = "met" if met else "**missed**"
            sign = "<=" if less else ">="
            print(f"| {what} | {kernel} | {sign} {limit:,} | {short(value)} | {verdict} | {peer} |")
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

`bench/loss.sh`, in the lab with two processors: `kmn_nested` calls a function from tasks, softirqs and
hardirqs at once for 1.5 s and counts its calls itself. *Not reported* is the difference to what is in
the tool's output; *admitted* is what the tool itself says it lost or missed. Each has 8 MiB or more of
buffer for each processor. Emulated: how many calls there are differs from tool to tool.
""")
    print_table("loss", ["called", "reported", "not reported", "admitted"], extra=derived)


def print_attach():
    print("""## Hooks coming and going

`bench/attach.sh`, in the lab with `--icount`: a second is a billion instructions, or a wait. The entries
of functions spread over the kernel's text are hooked while a command sleeps. *Start* is the whole way
from the call of the tool to the first instruction of the command, *end* that from the end of the
command to the end of the tool. *Attach* and *detach* are what `kapimon hook --verbose` calls so.
*Hooks* is how many there are where that is not the number asked for. Seconds, one run.
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
buffers on: checked, their stacks looked up, put in order of time, handed out; and then into a capture.
Million records a second, the best of five turns.
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
