#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run the unit tests of a build folder and print one TAP line per test function.

    scripts/unit-tests.py BUILD LABEL

meson test counts programs; this counts what they test. A program that dies, hangs or fails
without saying in which test counts as a failure of its own.
"""
import json
import os
import re
import subprocess
import sys

TIMEOUT = 300  # seconds for one program; the slowest sanitized one takes a few
RESULT = re.compile(r"^(not ok|ok) \d+ (?:- (?P<name>.*)|# SKIP (?P<skipped>.*))$")
PLAN = re.compile(r"^1\.\.(\d+)$")


def run(test):
    """Returns the program's stdout, its stderr and what is wrong with it as a whole, or None."""
    env = {**os.environ, **test["env"], "CMOCKA_MESSAGE_OUTPUT": "TAP"}
    try:
        done = subprocess.run(test["cmd"], env=env, stdin=subprocess.DEVNULL, timeout=TIMEOUT,
                              capture_output=True, cwd=test["workdir"], errors="replace")
    except subprocess.TimeoutExpired as late:
        text = [(part or b"").decode(errors="replace") for part in (late.stdout, late.stderr)]
        return *text, f"took longer than {TIMEOUT} s"
    if done.returncode < 0:
        return done.stdout, done.stderr, f"died of signal {-done.returncode}"
    status = done.returncode
    return done.stdout, done.stderr, f"exit status {status}" if status else None


def report(label, test):
    stdout, stderr, wrong = run(test)
    planned = seen = failed = 0
    for line in stdout.splitlines():
        result, plan = RESULT.match(line), PLAN.match(line)
        if plan:
            planned += int(plan[1])
        elif not result:
            print(line if line.startswith("#") else f"# {line}")
        elif result["skipped"]:  # cmocka prints "not ok N # SKIP name"
            seen += 1
            print(f"ok - {label} {test['name']}: {result['skipped']} # SKIP")
        else:
            seen += 1
            failed += result[1] != "ok"
            print(f"{result[1]} - {label} {test['name']}: {result['name']}")
    if seen != planned or not planned:
        wrong = f"{seen} of {planned} tests ran" + (f", {wrong}" if wrong else "")
    elif failed:
        wrong = None  # the exit status says what the lines above said
    if wrong:
        print(f"not ok - {label} {test['name']}: {wrong}")
    if wrong or failed:
        for line in stderr.splitlines():
            print(f"# {line}")
    sys.stdout.flush()
    return not wrong and not failed


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: unit-tests.py BUILD LABEL")
    build, label = sys.argv[1:]
    listed = subprocess.run(["meson", "introspect", "--tests", build], check=True,
                            capture_output=True)
    tests = [test for test in json.loads(listed.stdout) if test["suite"][0].endswith(":unit")]
    if not tests:
        sys.exit(f"unit-tests: {build} has no unit tests")
    results = [report(label, test) for test in tests]
    sys.exit(not all(results))


main()
