#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the benchmarks measured, as data: history.csv, to which each run adds its rows.

    history.py add PART KERNEL TIME VERSION <ROWS

ROWS are those that the parts print, NAME, MEASURE and VALUE separated by tabs (guest.sh). KERNEL is
a series, or "host" for what runs on the machine itself.
"""

import csv
import os
import sys

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "history.csv")
COLUMNS = ["time", "version", "part", "kernel", "name", "measure", "value"]


def read():
    """All rows, the oldest first."""
    if not os.path.exists(PATH):
        return []
    with open(PATH, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class Run:
    """The rows of one part on one kernel from one run: run.names[NAME][MEASURE] is a text."""

    def __init__(self, row):
        self.time, self.version = row["time"], row["version"]
        self.part, self.kernel = row["part"], row["kernel"]
        self.names = {}

    def number(self, name, measure):
        """The value as a number, or None."""
        try:
            return float(self.names[name][measure])
        except (KeyError, ValueError):
            return None


def runs():
    """Every run of every part on every kernel, the oldest first."""
    found = {}
    for row in read():
        key = (row["time"], row["part"], row["kernel"])
        run = found.setdefault(key, Run(row))
        run.names.setdefault(row["name"], {})[row["measure"]] = row["value"]
    return list(found.values())


def latest():
    """The last run of each part on each kernel, by both."""
    return {(run.part, run.kernel): run for run in runs()}


def add(part, kernel, time, version, lines):
    """Add the rows of a part's output."""
    new = not os.path.exists(PATH)
    with open(PATH, "a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if new:
            writer.writerow(COLUMNS)
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 3:
                sys.exit(f"history: not a row of {part}: {line!r}")
            writer.writerow([time, version, part, kernel, *fields])


if __name__ == "__main__":
    if len(sys.argv) != 6 or sys.argv[1] != "add":
        sys.exit(__doc__)
    add(*sys.argv[2:], sys.stdin)
