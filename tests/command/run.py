#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the program as a user does, on a terminal and off one, and hold what it says and does against
what it should. Prints one TAP line per check.

    tests/command/run.py BUILD LABEL
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # nothing of a test run stays in the tree
sys.path.insert(1, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "export"))

# pylint: disable=wrong-import-position
import servers
import symbols
from tap import Tap

# What would change what is found.
CLEARED = ("KAPIMON_SYMBOL_PATH", "DEBUGINFOD_URLS", "NO_COLOR")


class Runner:
    """Runs kapimon; what it returns has stdout, stderr and returncode."""

    def __init__(self, kapimon):
        self.kapimon = kapimon

    def command(self, *arguments):
        return [self.kapimon, *arguments]

    @staticmethod
    def environment(more=None):
        env = {name: value for name, value in os.environ.items() if name not in CLEARED}
        return {**env, **(more or {})}

    def __call__(self, *arguments, env=None):
        return subprocess.run(self.command(*arguments), stdin=subprocess.DEVNULL, text=True,
                              capture_output=True, env=self.environment(env))


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: run.py BUILD LABEL")
    build, label = sys.argv[1:]
    tap = Tap(label)
    run = Runner(os.path.join(build, "kapimon"))
    for module in (symbols, servers):
        for check in module.CHECKS:
            with tempfile.TemporaryDirectory() as folder:
                capture = os.path.join(folder, "minimal.kmn")
                subprocess.run([os.path.join(build, "tests", "make_capture"), "--minimal", capture],
                               check=True)
                shutil.copy(os.path.join(build, "tests", "unit", "names_vmlinux"),
                            os.path.join(folder, "vmlinux"))
                tap.run(check.__name__, check, tap, run, folder, capture)
    sys.exit(tap.failed != 0)


main()
