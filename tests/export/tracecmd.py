# SPDX-License-Identifier: GPL-2.0-or-later
"""trace.dat, read by trace-cmd report."""
import collections
import re
import subprocess

EVENT = re.compile(r"\s*(?P<comm>.*)-(?P<tid>\d+)\s+\[(?P<cpu>\d+)\]\s+(?P<s>\d+)\.(?P<ns>\d{9}): "
                   r"(?P<event>\w+):\s+(?P<text>.*)")
RETURN = re.compile(r"(?P<function>\S+) = (?P<result>.*) duration=(?P<duration>\d+)"
                    r" unpaired=(?P<unpaired>[01])")
FRAME = re.compile(r"=> (?P<symbol>\S+)(?: \([0-9a-f]+\))?")


def report(path):
    """What trace-cmd prints: a dictionary for each event, with the frames below it."""
    done = subprocess.run(["trace-cmd", "report", "-t", "-i", path], capture_output=True)
    if done.returncode:
        raise ValueError(done.stderr.decode())
    events, strange = [], []
    for line in done.stdout.decode().splitlines():
        event, frame = EVENT.fullmatch(line), FRAME.fullmatch(line)
        if event:
            events.append({"event": event["event"], "tid": int(event["tid"]),
                           "cpu": int(event["cpu"]), "comm": event["comm"].strip(),
                           "time": int(event["s"] + event["ns"]), "text": event["text"],
                           "frames": []})
        elif frame:
            events[-1]["frames"].append(frame["symbol"])
        elif line and not line.startswith("cpus="):
            strange.append(line)
    return events, strange


def where(event):
    return event["time"], event["cpu"], event["tid"]


def check(tap, export, truth):
    events, strange = report(export("trace.dat").path)
    tap.equal("trace.dat: trace-cmd reports nothing but events", strange, [])
    by_kind = collections.defaultdict(list)
    for event in events:
        by_kind[event["event"]].append(event)
    wanted = collections.defaultdict(list)
    for record in truth.records:
        wanted[record["kind"].replace("-", "_")].append(record)
    for kind, records in wanted.items():
        tap.equal(f"trace.dat: when and where each {kind} was",
                  collections.Counter(map(where, by_kind[kind])), collections.Counter(
                      (r["monotonic"], r["cpu"], r["tid"]) for r in records))
    tap.equal("trace.dat: no other events but stacks and the verdict",
              set(by_kind) - set(wanted) - {"kernel_stack"}, {"verdict"})
    tap.equal("trace.dat: the verdict", [e["text"] for e in by_kind["verdict"]], [truth.verdict])
    tap.equal("trace.dat: the functions entered", collections.Counter(
        event["text"].partition("(")[0] for event in by_kind["entry"]), collections.Counter(
            record["function"] for record in wanted["entry"]))
    check_returns(tap, by_kind["return"], wanted["return"])
    lost = [int(event["text"].split()[0]) for event in by_kind["loss"]]
    tap.equal("trace.dat: records lost at each gap", lost, truth.losses)
    check_stacks(tap, by_kind["kernel_stack"], truth)


def check_returns(tap, events, records):
    got = collections.Counter()
    for event in events:
        match = RETURN.fullmatch(event["text"])
        got[match["function"], event["time"],
            None if match["unpaired"] == "1" else int(match["duration"])] += 1
    tap.equal("trace.dat: what returned when, after how long", got, collections.Counter(
        (r["function"], r["monotonic"], r.get("duration")) for r in records))


def check_stacks(tap, events, truth):
    """Symbols only: what trace-cmd calls an address that has none is its own affair."""
    def named(frames):
        return tuple(frame if frame[0].isalpha() and not frame.startswith("ffff") else "?"
                     for frame in frames)

    records = [r for r in truth.records if r["kind"] in ("entry", "alloc", "free")]
    tap.equal("trace.dat: the stacks", collections.Counter(
        (where(event), named(event["frames"])) for event in events), collections.Counter(
            ((r["monotonic"], r["cpu"], r["tid"]), named(
                frame.partition("+")[0] or "?" for frame in r["stack"]))
            for r in records if r.get("stack")))


CHECKS = {"trace.dat": check}
