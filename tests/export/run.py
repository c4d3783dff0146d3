#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Export captures to every format, read them with the programs they are meant for, and hold what
those see against the captures; the same with reports of memory. Prints one TAP line per check.

    tests/export/run.py BUILD LABEL
"""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing of a test run stays in the tree

# pylint: disable=wrong-import-position
import files
import memory
import plain
import protobuf
import tracecmd
from tap import Tap
from truth import Truth

STATUS_INCOMPLETE = 3
CHECKS = {**plain.CHECKS, **protobuf.CHECKS, **tracecmd.CHECKS}
DATABASES = {"sqlite"}
# Hooks of returns: of tests/support/records.h, which make_calls uses, and of make_capture.
CALLS_HOOKED = {1, 3, 5}
HOOKED = {"odd": {0}}


class Exporter:
    """Exports one capture; what it returns has stdout, stderr, returncode and path."""

    def __init__(self, kapimon, capture, folder, chosen=()):
        self.kapimon, self.capture, self.folder, self.chosen = kapimon, capture, folder, chosen

    def run(self, *arguments):
        return subprocess.run([self.kapimon, *arguments], capture_output=True,
                              stdin=subprocess.DEVNULL)

    def __call__(self, form, *options):
        arguments = ["export", "--to", form, *self.chosen, *options, self.capture]
        path = os.path.join(self.folder, f"out.{form}")
        to_file = form in DATABASES or form == "trace.dat"
        if to_file:
            arguments += ["-o", path, "--force"]
        done = self.run(*arguments)
        if done.returncode not in (0, STATUS_INCOMPLETE):
            raise RuntimeError(f"export failed: {done.stderr.decode()}")
        done.path = path
        return done


def check_notes(tap, export, truth):
    """What a format does not carry is told, and so is the verdict."""
    for form in CHECKS:
        done = export(form)
        told = done.stderr.decode().splitlines()
        tap.ok(f"{form}: the verdict is told", truth.verdict in told, done.stderr)
        tap.equal(f"{form}: the exit status follows it", done.returncode,
                  0 if truth.ledger["complete"] else STATUS_INCOMPLETE)
    told = export("csv").stderr.decode()
    losses = [note for note in truth.notes if note["kind"] == "loss"]
    tap.ok("csv: tells the losses that it can't carry",
           (f"where {truth.lost:,} record" in told) == bool(losses), told)
    missing = [call for call in truth.calls if call.state == "no entry"]
    n = sum(truth.calls[call] for call in missing)
    tap.ok("csv: tells the returns without their entry",
           (f"{n:,} return" in told) == bool(missing), told)
    told = export("folded", "--by", "duration").stderr.decode()
    n = truth.without_duration()
    tap.ok("folded: tells the calls that weigh nothing",
           (f"{n:,} call{'s' if n > 1 else ''} without a known duration" in told) == bool(n), told)


def check_capture(tap, kapimon, name, path, folder):
    export = Exporter(kapimon, path, folder)
    truth = Truth(export.run("show", "--json", path).stdout, HOOKED.get(name, CALLS_HOOKED))
    tap = Tap(f"{tap.label} {name}")
    for form, check in CHECKS.items():
        tap.run(form, check, tap, export, truth)
    tap.run("notes", check_notes, tap, export, truth)
    return tap.failed


# Options of export and, where they are others, of show; functions of tests/support/records.h.
CHOICES = {
    "functions": (["--api", "do_*"], None),
    "processors": (["--cpu", "0,2-3"], None),
    "results": (["--filter", "errno or duration > 100us"], None),
    "times": (["--since", "1ms", "--until", "3ms"], ["--from", "1ms", "--to", "3ms"]),
    "the end": (["--since", "40ms"], ["--from", "40ms"]),
    "nothing": (["--pid", "999999"], None),
}


def check_chosen(tap, kapimon, path, folder):
    """What is chosen is what show chooses with the same options, and not all or nothing of it."""
    whole = Truth(Exporter(kapimon, path, folder).run("show", "--json", path).stdout, CALLS_HOOKED)
    for name, (options, shown) in CHOICES.items():
        export = Exporter(kapimon, path, folder, options)
        text = export.run("show", "--json", *(shown or options), path).stdout
        truth = Truth(text, CALLS_HOOKED)
        tap.ok(f"{name}: some calls are chosen, not all",
               (0 < truth.count() < whole.count()) == (name != "nothing"), truth.count())
        for form, check in CHECKS.items():
            tap.run(f"{form}: {name}", check, tap, export, truth)
        told = export("csv").stderr.decode()
        left_out = truth.ledger["calls_left_out"]
        tap.ok(f"{name}: how many were left out is told", f"Filter: {left_out:,} of the" in told,
               told)
    wrong = Exporter(kapimon, path, folder).run("export", "--to", "csv", "--filter", "pidd == 1",
                                                path)
    tap.ok("a mistake in a filter is wrong usage", wrong.returncode == 2 and not wrong.stdout,
           wrong.stderr)


def make_captures(build, folder):
    """(name, path) of captures: busy ones, of all kinds of records, empty, and cut off."""
    calls, sample = (f"{build}/tests/make_{kind}" for kind in ("calls", "capture"))
    for name, tool, size in (("few", calls, 60), ("busy", calls, 20000), ("empty", calls, 0),
                             ("odd", sample, 3000)):
        path = os.path.join(folder, f"{name}.kmn")
        subprocess.run([tool, path, str(size)], check=True)
        yield name, path
    with open(os.path.join(folder, "busy.kmn"), "rb") as whole:
        bytes_ = whole.read()
    path = os.path.join(folder, "cut.kmn")
    with open(path, "wb") as cut:
        cut.write(bytes_[:len(bytes_) * 2 // 3])
    yield "cut", path


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: run.py BUILD LABEL")
    build, label = os.path.abspath(sys.argv[1]), sys.argv[2]
    kapimon = f"{build}/kapimon"
    tap = Tap(label)
    with tempfile.TemporaryDirectory() as folder:
        captures = dict(make_captures(build, folder))
        failed = sum(check_capture(tap, kapimon, name, path, folder)
                     for name, path in captures.items())
        tap.run("chosen", check_chosen, tap, kapimon, captures["busy"], folder)
        tap.run("memory", memory.check, tap, build, folder)
        tap.run("files", files.check, tap, kapimon, captures["few"], folder)
    sys.exit(bool(failed + tap.failed))


main()
