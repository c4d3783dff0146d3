# SPDX-License-Identifier: GPL-2.0-or-later
"""Debug information from a real debuginfod(8), which serves a folder on 127.0.0.1."""
import contextlib
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request

BUILD_ID = "0102030000000000000000000000000000000000"
LATE = 60  # seconds


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def has_answered(url):
    try:
        with urllib.request.urlopen(f"{url}/buildid/{BUILD_ID}/debuginfo", timeout=LATE):
            return True
    except (urllib.error.URLError, OSError):
        return False


@contextlib.contextmanager
def serving(folder, scratch):
    """The server's address, once it has found the file."""
    port = free_port()
    log = os.path.join(scratch, "debuginfod.log")
    with open(log, "wb") as out:
        server = subprocess.Popen(
            ["debuginfod", "-F", "-p", str(port), "-d", os.path.join(scratch, "index.sqlite"),
             "--concurrency=1", folder],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            env={**os.environ, "HOME": scratch, "DEBUGINFOD_URLS": ""})
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + LATE
        while not has_answered(url):
            if server.poll() is not None or time.monotonic() > until:
                with open(log, encoding="utf-8", errors="replace") as text:
                    raise RuntimeError(f"debuginfod does not serve: {text.read()[-500:]}")
            time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(LATE)


def check_server(tap, run, folder, capture):
    """What a server has is fetched when lines are wanted, and not before."""
    if not shutil.which("debuginfod"):
        tap.ok("debuginfod is installed", False)
        return
    served, scratch = os.path.join(folder, "served"), os.path.join(folder, "scratch")
    os.mkdir(served)
    os.mkdir(scratch)
    shutil.copy(os.path.join(folder, "vmlinux"), os.path.join(served, "kernel-file"))
    cache = os.path.join(scratch, "cache")
    with serving(served, scratch) as url:
        env = {"DEBUGINFOD_URLS": url, "DEBUGINFOD_CACHE_PATH": cache, "HOME": scratch}
        done = run("show", capture, env=env)
        tap.ok("a server is not asked for names alone", "sample_first" not in done.stdout and
               not os.path.exists(os.path.join(cache, BUILD_ID)), done.stderr)
        done = run("show", "--lines", capture, env=env)
        tap.ok("frames are named with what it has", "sample_first+0x0" in done.stdout, done.stderr)
        tap.ok("the file came from the server",
               os.path.exists(os.path.join(cache, BUILD_ID, "debuginfo")))
        copy = os.path.join(folder, "fetched.kmn")
        shutil.copy(capture, copy)
        done = run("symbols", "add", copy, env=env)
        tap.ok("it names a capture for good", done.returncode == 0 and
               "sample_first+0x0" in run("-F", copy).stdout, done.stderr)


CHECKS = [check_server]
