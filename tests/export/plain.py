# SPDX-License-Identifier: GPL-2.0-or-later
"""Formats that Python itself or a shell reads: json, csv, folded, chrome, sqlite."""
import collections
import csv
import decimal
import json
import subprocess

from truth import IDLE_THREADS, Call

COLUMNS = ("time monotonic duration state cpu context pid tid comm hook function module args result "
           "error stack").split()


def check_json(tap, export, truth):
    done = export("json")
    tap.ok("json: the same bytes as show --json", done.stdout == truth.text)


def check_csv(tap, export, truth):
    text = export("csv").stdout.decode()
    tap.ok("csv: every line ends in CR and LF", text.endswith("\r\n") and
           "\n" not in text.replace("\r\n", ""))
    rows = list(csv.reader(text.split("\r\n")[:-1], strict=True))
    tap.equal("csv: the first line names the columns", rows[0], COLUMNS)
    tap.ok("csv: every row has every column", all(len(row) == len(COLUMNS) for row in rows))
    rows = [dict(zip(COLUMNS, row)) for row in rows[1:]]
    tap.same_calls("csv: every call with its time, duration and state", collections.Counter(
        Call(row["function"], int(row["monotonic"]), int(row["duration"]) if row["duration"] else
             None, row["state"]) for row in rows), truth.calls)
    stacks = collections.Counter(symbols(call) for call in truth.joined)
    tap.equal("csv: the stacks", collections.Counter(row["stack"] for row in rows), stacks)
    errors = collections.Counter((c["return"] or {}).get("error", "") for c in truth.joined)
    tap.equal("csv: the errors", collections.Counter(row["error"] for row in rows), errors)


def frame_name(frame):
    """ "vfs_open+0x1c [ext4]" without the offset. """
    symbol, _, module = frame.partition(" ")
    symbol = symbol.partition("+")[0] or symbol
    return f"{symbol} {module}" if module else symbol


def symbols(call):
    stack = (call["entry"] or call["return"]).get("stack") or []
    return ";".join(map(frame_name, stack))


def check_folded(tap, export, truth):
    for by, wanted in (("calls", truth.count()), ("duration", truth.duration())):
        text = export("folded", "--by", by).stdout.decode()
        lines = [line.rpartition(" ") for line in text.splitlines()]
        tap.equal(f"folded: the sum of {by}", sum(int(weight) for _, _, weight in lines), wanted)
        tap.ok(f"folded: no stack twice by {by}",
               len({stack for stack, _, _ in lines}) == len(lines))
    wanted = collections.Counter()
    for call in truth.joined:
        stack = symbols(call).split(";")
        if stack == [""]:
            stack = [(call["entry"] or call["return"])["function"]]
        wanted[";".join(reversed(stack))] += 1
    got = collections.Counter()
    text = export("folded").stdout.decode()
    for line in text.splitlines():
        stack, _, weight = line.rpartition(" ")
        got[stack.partition(";")[2]] += int(weight)
    tap.equal("folded: the calls of each stack", got, wanted)


def check_chrome(tap, export, truth):
    text = export("chrome").stdout
    tool = subprocess.run(["python3", "-m", "json.tool"], input=text, capture_output=True)
    tap.ok("chrome: python3 -m json.tool takes it", tool.returncode == 0, tool.stderr)
    trace = json.loads(text, parse_float=decimal.Decimal)
    calls, notes = collections.Counter(), 0
    for event in trace["traceEvents"]:
        if event["ph"] == "M":
            continue
        if event["cat"] == "kapimon":
            notes += 1
            continue
        duration = int(event["dur"] * 1000) if event["ph"] == "X" else None
        calls[Call(event["name"], int(event["ts"] * 1000), duration, event["args"]["state"])] += 1
    tap.same_calls("chrome: every call with its time, duration and state", calls, truth.calls)
    tap.equal("chrome: losses, suspensions and modules", notes, len(truth.notes))
    tap.equal("chrome: the verdict", trace["otherData"]["verdict"], truth.verdict)
    check_chrome_stacks(tap, trace, truth)
    check_chrome_threads(tap, trace)


def check_chrome_stacks(tap, trace, truth):
    frames, stacks = trace["stackFrames"], collections.Counter()
    for event in trace["traceEvents"]:
        if event["ph"] not in "Xi" or event["cat"] == "kapimon":
            continue
        names, at = [], event.get("sf")
        while at is not None:
            names.append(frames[str(at)]["name"])
            at = frames[str(at)].get("parent")
        stacks[";".join(names)] += 1
    tap.equal("chrome: the stacks", stacks, collections.Counter(map(symbols, truth.joined)))


def check_chrome_threads(tap, trace):
    named = {(e["pid"], e["tid"]) for e in trace["traceEvents"] if e["name"] == "thread_name"}
    used = {(e["pid"], e["tid"]) for e in trace["traceEvents"] if e["ph"] in "Xi"
            and e["cat"] != "kapimon"}
    tap.equal("chrome: every thread has a name", used, named)
    idle = {thread for thread in used if thread[0] == 0}
    tap.ok("chrome: each idle thread is one of its own",
           all(tid >= IDLE_THREADS for _, tid in idle), idle)


def query(database, sql):
    done = subprocess.run(["sqlite3", "-json", database, sql], capture_output=True, check=True)
    return json.loads(done.stdout) if done.stdout.strip() else []


def check_sqlite(tap, export, truth):
    database = export("sqlite").path
    tap.equal("sqlite: the shell finds it sound",
              query(database, "PRAGMA integrity_check")[0]["integrity_check"], "ok")
    rows = query(database, "SELECT function, monotonic, duration, state FROM calls JOIN apis"
                           " USING (hook)")
    tap.same_calls("sqlite: every call with its time, duration and state", collections.Counter(
        Call(row["function"], row["monotonic"], row["duration"], row["state"])
        for row in rows), truth.calls)
    sums = query(database, "SELECT count(*) AS n, total(duration) AS ns FROM named_calls")[0]
    tap.equal("sqlite: count and sum", (sums["n"], int(sums["ns"])),
              (truth.count(), truth.duration()))
    notes = query(database, "SELECT kind, count FROM notes")
    tap.equal("sqlite: losses, suspensions and modules",
              collections.Counter(row["kind"] for row in notes),
              collections.Counter(note["kind"] for note in truth.notes))
    tap.equal("sqlite: records lost at each gap",
              [int(row["count"]) for row in notes if row["kind"] == "loss"], truth.losses)
    verdict = query(database, "SELECT value FROM capture WHERE key = 'verdict'")[0]["value"]
    tap.equal("sqlite: the verdict", verdict, truth.verdict)
    ledger = query(database, "SELECT sum(hits) AS hits, sum(lost) AS lost FROM ledger")[0]
    tap.equal("sqlite: the ledger", ((ledger["hits"] or 0), (ledger["lost"] or 0)),
              (truth.ledger["total"]["hits"], truth.ledger["total"]["lost"]))
    check_sqlite_stacks(tap, database, truth)
    check_sqlite_args(tap, database, truth)


def check_sqlite_stacks(tap, database, truth):
    rows = query(database, "SELECT count(*) AS n, sum(depth) AS depth FROM (SELECT call,"
                           " count(*) AS depth FROM calls JOIN frames USING (stack) GROUP BY call)")
    stacks = [(c["entry"] or c["return"]).get("stack") for c in truth.joined]
    depths = [len(stack) for stack in stacks if stack]
    tap.equal("sqlite: the calls with a stack, and all their frames",
              (rows[0]["n"], rows[0]["depth"] or 0), (len(depths), sum(depths)))


def flat(args):
    """ {"dir": {"ino": 1}} as ("dir.ino", 1) """
    if isinstance(args, list):
        yield from ((f"arg{i}", None) for i in range(len(args)))
        return
    for name, value in args.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value


def check_sqlite_args(tap, database, truth):
    wanted = [arg for call in truth.joined if call["entry"] for arg in flat(call["entry"]["args"])]
    rows = query(database, "SELECT name, value, typeof(value) AS type FROM args")
    tap.equal("sqlite: the arguments' names", collections.Counter(row["name"] for row in rows),
              collections.Counter(name for name, _ in wanted))
    numbers = {(name, value) for name, value in wanted if type(value) is int}
    small = collections.Counter((row["name"], row["value"]) for row in rows
                                if row["type"] == "integer")
    tap.equal("sqlite: arguments that are numbers", small, collections.Counter(
        arg for arg in wanted if arg in numbers and arg[1] < 2 ** 63))
    texts = {(row["name"], row["value"]) for row in rows if row["type"] == "text"}
    tap.ok("sqlite: numbers beyond its own are text, digit by digit",
           all((name, str(value)) in texts for name, value in numbers if value >= 2 ** 63))


CHECKS = {"json": check_json, "csv": check_csv, "folded": check_folded, "chrome": check_chrome,
          "sqlite": check_sqlite}
