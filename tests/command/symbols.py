# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of frames that a capture does not have: asked for, found, told to be missing."""
import os
import shutil

from terminal import on_terminal

QUESTION = "Where are symbol files"
NAMED = "sample_first+0x0\n"
MISSING = "no names of vmlinux (build id 0102030000000000000000000000000000000000): "
ADVICE = '"kapimon symbols add FILE" then puts the names into the capture'
PACKAGE = "the package linux-image-6.1.0-56-amd64-dbg"


def check_missing(tap, run, folder, capture):
    """Without names addresses are module and offset, which is told once, with what would help."""
    done = run("show", capture)
    tap.ok("addresses are shown by module and offset", "+0x100 [vmlinux]\n" in done.stdout)
    tap.ok("none is shown bare", "0xffffffff8" not in done.stdout)
    tap.equal("what is missing is told once", done.stderr.count(MISSING), 1)
    tap.ok("with the package that has it", PACKAGE in done.stderr, done.stderr)
    tap.equal("and what to do, once", done.stderr.count(ADVICE), 1)
    done = run("show", "--no-stack", capture)
    tap.ok("nothing is told where no stack is shown", MISSING not in done.stderr, done.stderr)
    for arguments in (["--top", "module"], ["--no-stack", "--only-module", "ext4"]):
        done = run("show", *arguments, capture)
        tap.ok(f"nor with {' '.join(arguments)}", MISSING not in done.stderr and
               done.returncode == 0, done.stderr)
    done = run("-F", capture)
    tap.ok("-F too tells what is missing", MISSING in done.stderr, done.stderr)
    done = run("export", "--to", "folded", capture)
    tap.equal("an export tells it too", done.stderr.count(MISSING), 1)


def check_environment(tap, run, folder, capture):
    """The environment's path is used, but not for what is opened alone."""
    env = {"KAPIMON_SYMBOL_PATH": folder}
    tap.ok("the environment's files name frames", NAMED in run("show", capture, env=env).stdout)
    tap.ok("tables too", "sample_first" in run("show", "--top", "stack", capture, env=env).stdout)
    tap.ok("exports too", "sample_first" in run("export", "--to", "folded", capture,
                                                 env=env).stdout)
    tap.ok("-F takes the capture alone", NAMED not in run("-F", capture, env=env).stdout)
    tap.ok("and files that -P names", NAMED in run("-F", capture, "-P", folder).stdout)


def check_question(tap, run, folder, capture):
    """On a terminal the path is asked for once, and an answer is not needed."""
    def ask(answer, *arguments, env=None):
        return on_terminal(run.command(*arguments), answer, env=run.environment(env))

    status, out, told = ask(folder + "\n", "show", capture)
    tap.equal("the path is asked for once", told.count(QUESTION), 1)
    tap.ok("its files name frames", status == 0 and NAMED in out, told)
    tap.ok("nothing is missing then", MISSING not in told, told)
    status, out, told = ask("\n", "show", capture)
    tap.ok("an empty answer goes on without", status == 0 and "+0x100 [vmlinux]\n" in out, told)
    tap.ok("asking once", told.count(QUESTION) == 1 and told.count(MISSING) == 1, told)
    for name, arguments, env in [
            ("with a path", ("show", "-P", "/nowhere", capture), None),
            ("with the environment's", ("show", capture), {"KAPIMON_SYMBOL_PATH": "/nowhere"}),
            ("with -F", ("-F", capture), None),
            ("where no stack is shown", ("show", "--no-stack", capture), None)]:
        status, out, told = ask("\n", *arguments, env=env)
        tap.ok(f"nothing is asked {name}", status == 0 and QUESTION not in told, told)
    copy = os.path.join(folder, "copy.kmn")
    shutil.copy(capture, copy)
    status, out, told = ask(folder + "\n", "symbols", "add", copy)
    tap.ok("it is asked for names to be put in", status == 0 and QUESTION in told, told)
    status, out, told = ask("\n", "show", copy)
    tap.ok("nothing is asked when nothing is missing", QUESTION not in told and NAMED in out, told)


def check_add(tap, run, folder, capture):
    """Names put into a capture are there without files."""
    copy = os.path.join(folder, "named.kmn")
    shutil.copy(capture, copy)
    done = run("symbols", "add", "-P", folder, copy)
    tap.ok("names are put into a capture", done.returncode == 0 and "have got names" in done.stderr,
           done.stderr)
    tap.ok("they are shown from it alone", NAMED in run("-F", copy).stdout)
    done = run("symbols", "list", copy)
    tap.ok("and counted", "vmlinux" in done.stdout and "names of 24" in done.stdout, done.stdout)


CHECKS = [check_missing, check_environment, check_question, check_add]
