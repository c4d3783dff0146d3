# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks that print one TAP line each."""
import sys
import traceback


class Tap:
    def __init__(self, label):
        self.label = label
        self.failed = 0

    def ok(self, name, good, *details):
        print(f"{'ok' if good else 'not ok'} - {self.label} {name}")
        if not good:
            self.failed += 1
            for detail in details:
                for line in str(detail).splitlines()[:20]:
                    print(f"# {line[:300]}")
        sys.stdout.flush()

    def equal(self, name, got, wanted):
        self.ok(name, got == wanted, f"wanted: {wanted!r}", f"got:    {got!r}")

    def same_calls(self, name, got, wanted):
        """Two Counters of calls."""
        missing, extra = wanted - got, got - wanted
        self.ok(name, bool(wanted or not got) and not missing and not extra,
                f"{sum(wanted.values())} wanted, {sum(got.values())} there",
                *(f"missing: {call}" for call in list(missing)[:5]),
                *(f"too many: {call}" for call in list(extra)[:5]))

    def run(self, name, function, *arguments):
        """A check that breaks down has failed."""
        try:
            function(*arguments)
        except Exception:  # pylint: disable=broad-except
            self.ok(f"{name}: broke down", False, traceback.format_exc())
