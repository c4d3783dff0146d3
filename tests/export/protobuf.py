# SPDX-License-Identifier: GPL-2.0-or-later
"""Formats of protocol buffers, decoded by protoc: pprof, perfetto."""
import ast
import collections
import gzip
import os
import re
import subprocess

from plain import flat, symbols
from truth import IDLE_THREADS, Call

LINE = re.compile(r'(\w+)(?: (\{)|: (".*"|\S+))')


def decode(message, proto, data):
    """A message as a dictionary of lists, with protoc and its text format between."""
    folder = os.path.dirname(os.path.abspath(__file__))
    done = subprocess.run(["protoc", f"--proto_path={folder}", f"--decode={message}", proto],
                          input=data, capture_output=True)
    if done.returncode:
        raise ValueError(done.stderr.decode())
    root = {}
    at = [root]
    for line in done.stdout.decode().splitlines():
        line = line.strip()
        if line == "}":
            at.pop()
            continue
        name, opens, value = LINE.fullmatch(line).groups()
        if opens:
            inner = {}
            at[-1].setdefault(name, []).append(inner)
            at.append(inner)
        else:
            at[-1].setdefault(name, []).append(scalar(value))
    return root


def scalar(text):
    if text.startswith('"'):
        return ast.literal_eval("b" + text).decode(errors="surrogateescape")
    return {"true": True, "false": False}.get(text) if text in ("true", "false") else int(text)


def unknown_fields(message):
    """protoc prints fields that the .proto does not have by their number."""
    if isinstance(message, dict):
        for name, values in message.items():
            if name.isdigit():
                yield name
            for value in values:
                yield from unknown_fields(value)


def one(message, field, default=0):
    return message.get(field, [default])[0]


def check_pprof(tap, export, truth):
    profile = decode("Profile", "profile.proto", gzip.decompress(export("pprof").stdout))
    tap.equal("pprof: protoc knows every field", list(unknown_fields(profile)), [])
    strings = profile["string_table"]
    tap.equal("pprof: the first string is empty", strings[0], "")
    types = [(strings[one(t, "type")], strings[one(t, "unit")]) for t in profile["sample_type"]]
    tap.equal("pprof: what is counted", types, [("calls", "count"), ("duration", "nanoseconds")])
    samples = profile.get("sample", [])
    sums = [sum(sample["value"][i] for sample in samples) for i in (0, 1)]
    tap.equal("pprof: the sums of calls and durations", sums, [truth.count(), truth.duration()])
    tap.equal("pprof: the verdict", [strings[i] for i in profile["comment"]], [truth.verdict])
    check_pprof_stacks(tap, profile, truth)
    errors = collections.Counter()
    for sample in samples:
        for label in sample.get("label", []):
            assert strings[label["key"][0]] == "error"
            errors[strings[label["str"][0]]] += sample["value"][0]
    tap.equal("pprof: the errors", errors, collections.Counter(
        c["return"]["error"] for c in truth.joined if c["return"] and "error" in c["return"]))


def check_pprof_stacks(tap, profile, truth):
    strings = profile["string_table"]
    functions = {one(f, "id"): strings[one(f, "name")] for f in profile.get("function", [])}
    locations = {one(l, "id"): l for l in profile.get("location", [])}
    mappings = {one(m, "id"): m for m in profile.get("mapping", [])}
    stacks = collections.Counter()
    for sample in profile.get("sample", []):
        names = [functions[locations[i]["line"][0]["function_id"][0]]
                 for i in sample["location_id"]]
        stacks[";".join(names)] += sample["value"][0]
    tap.equal("pprof: the stacks", stacks, collections.Counter(
        symbols(call) or (call["entry"] or call["return"])["function"] for call in truth.joined))
    mapped = [(l, mappings[l["mapping_id"][0]]) for l in locations.values() if "mapping_id" in l]
    tap.ok("pprof: addresses lie in their mappings", all(
        one(m, "memory_start") <= one(l, "address") < one(m, "memory_limit") for l, m in mapped))
    tap.ok("pprof: there are mappings where there are frames", mapped or not any(
        map(symbols, truth.joined)))


class Trace:
    """A Perfetto trace, read packet by packet as its viewer does."""
    BEGIN, END, INSTANT = 1, 2, 3

    def __init__(self, data):
        self.tables = collections.defaultdict(dict)
        self.tracks, self.events, self.clocks = {}, [], None
        trace = decode("Trace", "perfetto.proto", data)
        self.unknown = list(unknown_fields(trace))
        for packet in trace["packet"]:
            self._take(packet)
        # The viewer sorts, and so do slices come in their order.
        self.events.sort(key=lambda event: event["time"])
        self.slices = list(self._pair())

    def _take(self, packet):
        self.clocks = self.clocks or packet.get("clock_snapshot")
        for name, entries in one(packet, "interned_data", {}).items():
            for entry in entries:
                assert entry["iid"][0] not in self.tables[name], "a number was given twice"
                self.tables[name][entry["iid"][0]] = entry
        for track in packet.get("track_descriptor", []):
            self.tracks[track["uuid"][0]] = track
        for event in packet.get("track_event", []):
            self.events.append({
                "time": packet["timestamp"][0], "type": event["type"][0],
                "track": event["track_uuid"][0],
                "name": self._name("event_names", one(event, "name_iid")),
                "category": self._name("event_categories", one(event, "category_iids")),
                "args": self._annotations(event.get("debug_annotations", [])),
                "stack": self._stack(one(event, "callstack_iid"))})

    def _name(self, table, number):
        return self.tables[table][number]["name"][0] if number else None

    def _annotations(self, annotations):
        values = {}
        for annotation in annotations:
            name = self._name("debug_annotation_names", annotation["name_iid"][0])
            if "dict_entries" in annotation:
                values[name] = self._annotations(annotation["dict_entries"])
            else:
                values[name] = next(value[0] for key, value in annotation.items()
                                    if key != "name_iid")
        return values

    def _stack(self, number):
        if not number:
            return ""
        frames = (self.tables["frames"][f] for f in self.tables["callstacks"][number]["frame_ids"])
        names = [self._name("function_names", frame["function_name_id"][0]) for frame in frames]
        return ";".join(reversed(names))

    def _pair(self):
        """Slices as the viewer finds them: an end is that of the last beginning on its track."""
        open_ = collections.defaultdict(list)
        for event in self.events:
            if event["type"] == self.BEGIN:
                open_[event["track"]].append(event)
            elif event["type"] == self.END:
                begun = open_[event["track"]].pop()
                begun["args"].update(event["args"])
                yield {**begun, "duration": event["time"] - begun["time"]}
            else:
                yield {**event, "duration": None}
        assert not any(open_.values()), "a slice has no end"


def check_perfetto(tap, export, truth):
    trace = Trace(export("perfetto").stdout)
    tap.equal("perfetto: protoc knows every field", trace.unknown, [])
    calls = [event for event in trace.slices if event["category"] == "call"]
    tap.same_calls("perfetto: every call with its time, duration and state", collections.Counter(
        Call(event["name"], event["time"], event["duration"], event["args"]["state"])
        for event in calls), truth.calls)
    tap.equal("perfetto: the stacks", collections.Counter(event["stack"] for event in calls),
              collections.Counter(map(symbols, truth.joined)))
    tap.equal("perfetto: the errors", collections.Counter(
        event["args"].get("error") for event in calls), collections.Counter(
            (c["return"] or {}).get("error") for c in truth.joined))
    numbers = collections.Counter((name, value) for event in calls
                                  for name, value in event["args"].get("args", {}).items()
                                  if name in ("flags", "task.pid"))
    tap.equal("perfetto: arguments that are numbers", numbers, collections.Counter(
        arg for call in truth.joined if call["entry"] for arg in flat(call["entry"]["args"])
        if arg[0] in ("flags", "task.pid")))
    notes = collections.Counter(event["category"] for event in trace.slices
                                if event["category"] not in ("call", "verdict"))
    tap.equal("perfetto: losses, suspensions and modules", notes,
              collections.Counter(note["kind"] for note in truth.notes))
    tap.equal("perfetto: the verdict", [event["name"] for event in trace.slices
                                        if event["category"] == "verdict"], [truth.verdict])
    check_perfetto_tracks(tap, trace, calls, truth)


def check_perfetto_tracks(tap, trace, calls, truth):
    threads = {uuid: track["thread"][0] for uuid, track in trace.tracks.items()
               if "thread" in track}
    got = collections.Counter((one(threads[e["track"]], "pid"), one(threads[e["track"]], "tid"))
                              for e in calls)
    records = [c["entry"] or c["return"] for c in truth.joined]
    tap.equal("perfetto: each call on its thread's track", got, collections.Counter(
        (r["pid"], r["tid"] or IDLE_THREADS + r["cpu"]) for r in records))
    parents = {trace.tracks[uuid]["parent_uuid"][0] for uuid in threads}
    tap.ok("perfetto: every thread has its process",
           all("process" in trace.tracks[uuid] for uuid in parents))
    clocks = {one(c, "clock_id"): one(c, "timestamp") for c in trace.clocks[0]["clocks"]}
    if truth.records:
        first = truth.records[0]
        tap.equal("perfetto: the clocks tell the time of day", clocks[1] - clocks[3],
                  first["time"] - first["monotonic"])


CHECKS = {"pprof": check_pprof, "perfetto": check_perfetto}
