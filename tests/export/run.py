#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Export captures to every format, read them with the programs they are meant for, and hold what
those see against the captures. Prints one TAP line per check.

    tests/export/run.py BUILD LABEL
"""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing of a test run stays in the tree

# pylint: disable=wrong-import-position
import files
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

    def __init__(self, kapimon, capture, folder):
        self.kapimon, self.capture, self.folder = kapimon, capture, folder

    def run(self, *arguments):
        return subprocess.run([self.kapimon, *arguments], capture_output=True,
                              stdin=subprocess.DEVNULL)

    def __call__(self, form, *options):
        arguments = ["export", "--to", form, *options, self.capture]
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
        tap.run("files", files.check, tap, kapimon, captures["few"], folder)
    sys.exit(bool(failed + tap.failed))


main()
