# SPDX-License-Identifier: GPL-2.0-or-later
"""Where exports are written: nothing is overwritten or left half done, mistakes are told."""
import os
import signal
import subprocess
import time


def check(tap, kapimon, capture, folder):
    def export(*arguments, **options):
        return subprocess.run([kapimon, "export", *arguments], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, **options)

    out = os.path.join(folder, "kept.csv")
    with open(out, "w", encoding="utf-8") as file:
        file.write("mine")
    done = export("--to", "csv", "-o", out, capture)
    tap.equal("a file that is there is refused", done.returncode, 2)
    tap.ok("and the way to overwrite it is told", "--force" in done.stderr, done.stderr)
    with open(out, encoding="utf-8") as file:
        tap.equal("and it is as it was", file.read(), "mine")

    done = export("--to", "csv", "--force", "-o", out, capture)
    with open(out, newline="", encoding="utf-8") as file:
        tap.ok("--force overwrites it", file.read().startswith("time,"), done.stderr)

    bad = os.path.join(folder, "bad.kmn")
    with open(bad, "w", encoding="utf-8") as file:
        file.write("this is no capture")
    out = os.path.join(folder, "never.csv")
    done = export("--to", "csv", "-o", out, bad)
    tap.equal("what is no capture can't be exported", done.returncode, 2 if
              "not a capture" in done.stderr and done.returncode == 2 else 1)
    tap.ok("and leaves no file", not os.path.exists(out))

    for name, arguments in (("no format", [capture]), ("an unknown format", ["--to", "cvs", capture]),
                            ("no capture", ["--to", "csv"]),
                            ("two captures", ["--to", "csv", capture, capture]),
                            ("--by for what has no use for it",
                             ["--to", "csv", "--by", "calls", capture]),
                            ("a database to standard output", ["--to", "sqlite", capture])):
        done = export(*arguments)
        tap.ok(f"{name} is wrong usage", done.returncode == 2 and done.stderr, done.stderr)
    tap.ok("a mistyped format is guessed", "csv" in export("--to", "cvs", capture).stderr)

    with open(capture, "rb") as file:
        piped = subprocess.run([kapimon, "export", "--to", "csv", "-"], stdin=file,
                               capture_output=True, text=True)
    tap.equal("a capture from a pipe gives the same", piped.stdout,
              export("--to", "csv", capture).stdout)
    check_full_disk(tap, kapimon, capture, folder)
    check_interrupted(tap, kapimon, capture, folder)


def check_interrupted(tap, kapimon, capture, folder):
    """A capture that goes on, from a pipe whose writer has not closed it yet."""
    out = os.path.join(folder, "interrupted.csv")
    run = subprocess.Popen([kapimon, "export", "--to", "csv", "-o", out, "-"],
                           stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=False)
    with open(capture, "rb") as file:
        run.stdin.write(file.read()[:-1])
        run.stdin.flush()
    parts = []
    while not parts and run.poll() is None:  # it catches signals before it writes anything
        time.sleep(0.05)
        parts = [name for name in os.listdir(folder) if name.startswith("interrupted.csv.part")]
    time.sleep(1.5)  # and reads what there is at once
    run.send_signal(signal.SIGINT)
    told = run.communicate()[1].decode()
    tap.equal("Ctrl-C ends an export as incomplete", run.returncode, 3)
    tap.ok("and says so", "interrupted" in told, told)
    with open(out, newline="", encoding="utf-8") as file:
        tap.ok("and keeps what came before", len(file.readlines()) > 1)


def check_full_disk(tap, kapimon, capture, folder):
    """A limit on the file's size stands for a disk that is full: both fail in write(2)."""
    for form in ("csv", "perfetto", "sqlite", "trace.dat"):
        out = os.path.join(folder, f"full.{form}")
        done = subprocess.run(["sh", "-c", 'trap "" XFSZ; ulimit -f 1; exec "$@"', "sh", kapimon,
                               "export", "--to", form, "-o", out, capture], capture_output=True,
                              text=True)
        tap.equal(f"{form}: a full disk is a failure", done.returncode, 1)
        tap.ok(f"{form}: and leaves nothing behind",
               not [name for name in os.listdir(folder) if name.startswith(f"full.{form}")])
