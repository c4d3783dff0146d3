# SPDX-License-Identifier: GPL-2.0-or-later
"""Reports of memory in every form, read with what Python and protoc have for it and held against
what tests/support/make_memory.c put in."""
import collections
import gzip
import json
import os
import re
import subprocess
import urllib.parse
import xml.etree.ElementTree

from protobuf import decode, one, unknown_fields
from tap import Tap

VARIANTS = {  # name: (the module that was unloaded, is the run complete, has it findings)
    "leaky": (b"leaky", True, False),
    "odd": (b"m<o>d\xff", True, True),
    "running": (None, False, True),
    "doubtful": (b"leaky", False, False),
    "bare": (None, True, False),
    "clean": (b"leaky", True, False),
}
GRADES = ("outstanding", "deferred", "doubtful")
FIELDS = ("address bytes tag family grade age pid comm context module function offset "
          "stack").split()
NAMES = ("tag", "comm", "module", "function")
NUMBERS = ("bytes", "age", "pid", "offset")
Block = collections.namedtuple("Block", FIELDS)
UNSAFE = {0x202e}  # of those that src/view/escape.c has, the one that is used here


def in_json(name):
    """A name of any bytes as JSON has it."""
    return name.decode("utf-8", "replace")


def in_print(name):
    """A name of any bytes as it is printed, src/view/escape.h."""
    out = ""
    for c in name.decode("utf-8", "surrogateescape"):
        if c == "\\":
            out += "\\\\"
        elif 0xdc80 <= ord(c) <= 0xdcff:
            out += f"\\x{ord(c) - 0xdc00:02x}"
        elif ord(c) < 0x20 or ord(c) in UNSAFE:
            out += "".join(f"\\x{byte:02x}" for byte in c.encode())
        else:
            out += c
    return out


def read_blocks(text):
    for line in text.decode().splitlines():
        fields = dict(zip(FIELDS, line.split("\t"), strict=True))
        for name in NAMES:
            fields[name] = bytes.fromhex(fields[name])
        for name in NUMBERS:
            fields[name] = int(fields[name])
        yield Block(**fields)


class Truth:
    def __init__(self, text, variant):
        self.blocks = list(read_blocks(text))
        self.unloaded, self.complete, self.findings = VARIANTS[variant]

    def sums(self, key, blocks=None):
        """(blocks, bytes) by what key() says of a block."""
        sums = collections.defaultdict(lambda: (0, 0))
        for block in self.blocks if blocks is None else blocks:
            n, total = sums[key(block)]
            sums[key(block)] = n + 1, total + block.bytes
        return dict(sums)

    def places(self, *grades):
        """Sums by function, offset, module and tag, as it is printed."""
        return self.sums(place, [block for block in self.blocks if block.grade in grades])


def place(block):
    module = "" if block.module == b"vmlinux" else f" [{in_print(block.module)}]"
    return (f"{in_print(block.function)}+{block.offset:#x}{module}", in_print(block.tag))


def check_json(tap, text, truth):
    report = json.loads(text)
    got = collections.Counter(
        (b["address"], b["bytes"], b["tag"], b["family"], b["grade"], b["age"], b["pid"],
         b["comm"], b["context"], b["module"], b["function"], b["offset"], b["stack"])
        for b in report["blocks"])
    wanted = collections.Counter(
        (b.address, b.bytes, in_json(b.tag), b.family, b.grade, b.age, b.pid, in_json(b.comm),
         b.context, in_json(b.module), in_json(b.function), b.offset,
         b.stack if int(b.stack, 16) else None) for b in truth.blocks)
    tap.same_calls("json: every block as it was put in", got, wanted)
    tap.equal("json: the groups", {
        (g["key"]["tag"], g["key"]["module"]): (g["blocks"], g["bytes"])
        for g in report["groups"]}, truth.sums(lambda b: (in_print(b.tag), in_print(b.module))))
    grades = truth.sums(lambda b: b.grade)
    for i, what in enumerate(("blocks", "bytes")):
        tap.equal(f"json: the verdict's {what}", report["verdict"][what],
                  {grade: grades.get(grade, (0, 0))[i] for grade in GRADES})
    tap.equal("json: is anything leaked?", report["verdict"]["leaked"],
              bool(truth.unloaded and "outstanding" in grades))
    tap.equal("json: is it complete?", report["verdict"]["complete"], truth.complete)
    check_json_sums(tap, report, truth)
    check_json_stacks(tap, report)


def check_json_sums(tap, report, truth):
    tags = [tag for tag in report["tags"] if not tag["inner"]]
    sums = collections.Counter()
    for tag in tags:
        sums.update({key: tag[key] for key in ("allocs", "alloc_bytes", "frees", "free_bytes",
                                               "freed_of_before")})
    quadrants = report["quadrants"]
    tap.equal("json: the quadrants are the sums of the tags", quadrants, {
        "allocated_inside_freed_inside": {"blocks": sums["frees"], "bytes": sums["free_bytes"]},
        "allocated_inside_still_there": {
            "blocks": sums["allocs"] - sums["frees"],
            "bytes": sums["alloc_bytes"] - sums["free_bytes"]},
        "allocated_before_freed_inside": {"blocks": sums["freed_of_before"]}})
    there = len(report["blocks"]) + report["left_out"]
    tap.equal("json: selected and left out are all that is still there", there,
              quadrants["allocated_inside_still_there"]["blocks"])
    tap.equal("json: the checks", [(c["residual"], c["unexplained"]) for c in report["checks"]],
              [(0, False), (100, True), (1, False)])
    tap.equal("json: the findings", [f["kind"] for f in report["findings"]],
              ["freed twice", "freed twice", "freed unseen"] if truth.findings else [])


def check_json_stacks(tap, report):
    wrong = []
    users = [user for user in report["blocks"] + report["findings"] if user.get("stack")]
    for user in users:
        stack = report["stacks"][user["stack"]]
        owner = stack["frames"][stack["owner"]]
        if (owner["symbol"], owner["address"]) != (user["function"], user["owner"]):
            wrong.append((user, owner))
    tap.equal("json: every stack is there and has its owner", wrong, [])
    tap.equal("json: no stack is there that nothing names", set(report["stacks"]),
              {user["stack"] for user in users})
    inlined = [frame["inlined"][0]["function"] for stack in report["stacks"].values()
               for frame in stack["frames"] if frame["symbol"] == "leaky_probe"]
    tap.equal("json: inlined functions are in their frames", set(inlined) - {"kzalloc"}, set())


def check_folded(tap, text, truth):
    got = collections.Counter()
    lines = text.decode().splitlines()
    for line in lines:
        stack, _, weight = line.rpartition(" ")
        got[stack.rpartition(";")[2]] += int(weight)
    wanted = collections.Counter()
    for block in truth.blocks:
        grade = "" if block.grade == "outstanding" else f" ({block.grade})"
        wanted[in_print(block.tag).replace(";", ":") + grade] += block.bytes
    tap.equal("folded: the bytes of each tag", got, wanted)
    tap.equal("folded: no stack twice", len({line.rpartition(" ")[0] for line in lines}),
              len(lines))


def check_pprof(tap, data, truth):
    profile = decode("Profile", "profile.proto", gzip.decompress(data))
    tap.equal("pprof: protoc knows every field", list(unknown_fields(profile)), [])
    strings = profile["string_table"]
    tap.equal("pprof: the values are those of heap profiles",
              [(strings[one(t, "type")], strings[one(t, "unit")]) for t in profile["sample_type"]],
              [("inuse_objects", "count"), ("inuse_space", "bytes")])
    tap.equal("pprof: space is shown first", strings[one(profile, "default_sample_type")],
              "inuse_space")
    got = collections.defaultdict(lambda: (0, 0))
    functions = {one(f, "id"): f for f in profile.get("function", [])}
    locations = {one(l, "id"): l for l in profile.get("location", [])}
    owners_missing = 0
    for sample in profile.get("sample", []):
        labels = {strings[one(l, "key")]: strings[one(l, "str")] for l in sample["label"]}
        key = labels["tag"], labels["module"], labels["grade"]
        got[key] = tuple(map(sum, zip(got[key], sample["value"])))
        names = [strings[one(functions[one(line, "function_id")], "name")]
                 for i in sample["location_id"] for line in locations[i]["line"]]
        owners_missing += labels["module"] != "vmlinux" and not any(
            name.endswith(f"[{labels['module']}]") for name in names)
    word = "leaked" if truth.unloaded else "outstanding"
    tap.equal("pprof: blocks and bytes by tag, module and grade", dict(got), truth.sums(
        lambda b: (in_print(b.tag), in_print(b.module),
                   word if b.grade == "outstanding" else b.grade)))
    tap.equal("pprof: the owner's module is in the stack", owners_missing, 0)
    check_pprof_lines(tap, profile)


def check_pprof_lines(tap, profile):
    strings = profile["string_table"]
    functions = {one(f, "id"): f for f in profile.get("function", [])}
    wrong = []
    placed = any(one(m, "has_line_numbers", False) for m in profile["mapping"])
    for location in profile.get("location", []):
        lines = [(strings[one(functions[one(l, "function_id")], "name")],
                  strings[one(functions[one(l, "function_id")], "filename")], one(l, "line"))
                 for l in location["line"]]
        if lines[-1][0] != "leaky_probe [leaky]":
            continue
        if lines != ([("kzalloc [leaky]", "include/linux/slab.h", 7)] if placed else []) + \
                [("leaky_probe [leaky]", *(("./drv/leaky.c", 42) if placed else ("", 0)))]:
            wrong.append(lines)
    tap.equal("pprof: lines, the inlined function before that which it is in", wrong, [])


MESSAGE = re.compile(r"([\d,]+) blocks? of (.*), ([\d,]+) bytes?, (?:is|are) leaked", re.DOTALL)


def number(text):
    return int(text.replace(",", ""))


def check_junit(tap, text, truth):
    suites = xml.etree.ElementTree.fromstring(text)
    suite, = suites
    cases = suite.findall("testcase")
    failed = [case for case in cases if case.find("failure") is not None]
    counts = {"tests": str(len(cases)), "failures": str(len(failed)), "errors": "0",
              "skipped": str(len(suite.findall("testcase/skipped")))}
    for element in suites, suite:
        tap.equal(f"junit: {element.tag} counts its cases",
                  {name: element.get(name) for name in counts}, counts)
    tap.ok("junit: a time as the schema has it",
           re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", suite.get("timestamp")))
    leaks = {}
    for case in failed:
        failure = case.find("failure")
        if failure.get("type") == "leak" and MESSAGE.fullmatch(failure.get("message")):
            blocks, tag, total = MESSAGE.fullmatch(failure.get("message")).groups()
            site = case.get("name").removesuffix(f": {tag}")
            leaks[site, tag] = number(blocks), number(total)
    wanted = truth.places("outstanding") if truth.unloaded else {}
    tap.equal("junit: a case for each place that leaks", leaks, wanted)
    tap.ok("junit: with the stack", all("\n  > " in case.find("failure").text for case in failed
                                        if MESSAGE.fullmatch(case.find("failure").get("message"))))
    names = [(case.get("classname"), case.get("name")) for case in cases]
    tap.equal("junit: no case twice", len(set(names)), len(names))
    failed = {case.get("name") for case in failed}
    tap.equal("junit: fails where something is leaked", "no block is leaked" in failed,
              bool(wanted))
    tap.equal("junit: fails where something was lost", "nothing was lost" in failed,
              not truth.complete)
    for name in "nothing was freed twice", "nothing was freed that had never been allocated":
        tap.equal(f"junit: {name}", name in failed, truth.findings)
    tap.ok("junit: the summary is there", suite.find("system-out").text.strip())


LEVELS = {"kernel-memory-leak": "error", "kernel-double-free": "error",
          "kernel-invalid-free": "error", "kernel-memory-outstanding": "note",
          "kernel-memory-doubtful": "note"}


def check_location(location):
    """What SARIF 2.1.0 requires of a location (3.28 to 3.33); returns what is wrong."""
    physical = location.get("physicalLocation")
    if physical is not None:
        artifact = physical["artifactLocation"]
        uri = urllib.parse.urlsplit(artifact["uri"])
        if re.search(r"[^-\w.~/%:]", artifact["uri"]):
            yield f"not a URI: {artifact['uri']}"
        if ("uriBaseId" in artifact) != (not uri.scheme):
            yield f"neither relative nor absolute: {artifact}"
        if not uri.scheme and uri.path.startswith("/"):
            yield f"an absolute path: {artifact}"
        if physical["region"]["startLine"] < 1:
            yield f"no line: {physical}"
    for logical in location.get("logicalLocations", []):
        if not (logical["name"] and logical["fullyQualifiedName"] and
                logical["kind"] == "function"):
            yield f"not a function: {logical}"


def check_sarif(tap, text, truth):
    log = json.loads(text)
    run, = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    invocation, = run["invocations"]
    tap.equal("sarif: version and tool", (log["version"], run["tool"]["driver"]["name"]),
              ("2.1.0", "Kapimon"))
    tap.equal("sarif: the rules", {rule["id"]: rule["defaultConfiguration"]["level"]
                                   for rule in rules}, LEVELS)
    tap.ok("sarif: each is described", all(rule["shortDescription"]["text"] and
                                           rule["fullDescription"]["text"] for rule in rules))
    tap.equal("sarif: it succeeded when it was complete", invocation["executionSuccessful"],
              truth.complete)
    tap.equal("sarif: else notifications say why",
              bool(invocation["toolExecutionNotifications"]), not truth.complete)
    wrong, prints, got = [], set(), collections.defaultdict(dict)
    for result in run["results"]:
        if (rules[result["ruleIndex"]]["id"], LEVELS[result["ruleId"]]) != \
                (result["ruleId"], result["level"]) or not result["message"]["text"]:
            wrong.append(result)
        frames = [frame for stack in result.get("stacks", []) for frame in stack["frames"]]
        for location in result.get("locations", []) + [frame["location"] for frame in frames]:
            wrong += check_location(location)
        fingerprint = result["ruleId"], result["partialFingerprints"]["kapimonPlace/v1"]
        if fingerprint in prints:
            wrong.append(fingerprint)
        prints.add(fingerprint)
        if result["ruleId"].startswith("kernel-memory"):
            properties = result["properties"]
            site, _, tag = fingerprint[1].partition(" / ")
            got[result["ruleId"]][site, tag] = properties["count"], properties["bytes"]
    tap.equal("sarif: every result is as it must be", wrong, [])
    outstanding = "kernel-memory-leak" if truth.unloaded else "kernel-memory-outstanding"
    tap.equal("sarif: a result for each place", dict(got), {
        rule: places for rule, places in ((outstanding, truth.places("outstanding")),
                                          ("kernel-memory-doubtful", truth.places("doubtful")))
        if places})
    tap.equal("sarif: and for each finding",
              sum(not rule.startswith("kernel-memory") for rule, _ in prints),
              3 if truth.findings else 0)


CHECKS = {"json": check_json, "folded": check_folded, "pprof": check_pprof, "junit": check_junit,
          "sarif": check_sarif}


def check(tap, build, folder):
    for variant in VARIANTS:
        made = subprocess.run([f"{build}/tests/make_memory", folder, variant], check=True,
                              capture_output=True)
        truth = Truth(made.stdout, variant)
        inner = Tap(f"{tap.label} memory {variant}")
        inner.equal("there is something to check", bool(truth.blocks), variant != "clean")
        for form, function in CHECKS.items():
            with open(os.path.join(folder, f"{variant}.{form}"), "rb") as file:
                inner.run(form, function, inner, file.read(), truth)
        tap.failed += inner.failed
