# SPDX-License-Identifier: GPL-2.0-or-later
"""What a capture has, as `kapimon show --json` tells it record by record: the measure for exports.

Entries and returns are joined here once more, so that a mistake in the exporters' own joining does
not go unseen.
"""
import collections
import json

# One call; duration is None when it is not known.
Call = collections.namedtuple("Call", "function start duration state")

IDLE_THREADS = 4194305  # src/export/naming.h


class Truth:
    def __init__(self, text, hooked):
        """hooked: the hooks whose returns are hooked too, for those that never returned."""
        self.text, self.hooked = text, hooked
        self.records = [json.loads(line) for line in text.decode().splitlines()]
        self.ledger = self.records.pop()["ledger"]
        self.verdict = self.ledger["verdict"]
        self.notes = [r for r in self.records if r["kind"] not in ("entry", "return", "alloc", "free")]
        self.losses = [r["lost"] for r in self.notes if r["kind"] == "loss"]
        self.lost = sum(self.losses) % 2 ** 64
        self._join()

    def _join(self):
        waiting, joined = {}, []
        for record in self.records:
            if record["kind"] in ("entry", "alloc", "free"):
                call = {"entry": record, "return": None}
                waiting[record["cpu"], record["sequence"]] = call
                joined.append(call)
            elif record["kind"] == "return":
                call = waiting.pop(tuple(record.get("entry", ())), None)
                if call is None:
                    call = {"entry": None}
                    joined.append(call)
                call["return"] = record
        self.joined = joined
        self.calls = collections.Counter(map(self._call, joined))

    def _call(self, call):
        entry, returned = call["entry"], call["return"]
        duration = returned.get("duration") if returned else None
        if entry:
            start = entry["monotonic"]
            state = "returned" if returned else \
                "not returned" if entry["kind"] == "entry" and entry["hook"] in self.hooked \
                else "entry only"
        else:
            start = returned["monotonic"] - (duration or 0)
            state = "no entry"
        return Call((entry or returned)["function"], start, duration, state)

    def count(self):
        return sum(self.calls.values())

    def duration(self):
        return sum(call.duration * n for call, n in self.calls.items() if call.duration is not None)

    def without_duration(self):
        return sum(n for call, n in self.calls.items() if call.duration is None)
