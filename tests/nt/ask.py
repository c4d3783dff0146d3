#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Run a command on a terminal and answer its question.

    ask.py QUESTION ANSWER COMMAND...

Prints what it printed, without what moves the cursor. Exit status 0: it asked, and ended well. Wine's console
writes each character between two sequences that hide and show the cursor, so the question is looked for in the
plain text.
"""
import os
import pty
import re
import select
import sys
import time
import tty

LATE = 30  # seconds


def plain(text):
    # "\033[1C" is how the console writes a blank.
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text.replace("\x1b[1C", " "))


def main():
    question, answer, command = sys.argv[1], sys.argv[2], sys.argv[3:]
    child, terminal = pty.fork()
    if child == 0:
        # Enter is a carriage return, and what is typed does not come back but from the console.
        tty.setraw(0)
        os.environ["TERM"] = "xterm"
        os.execvp(command[0], command)
    told, asked, end = b"", False, time.monotonic() + LATE
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            chunk = os.read(terminal, 65536)
        except OSError:  # EIO: closed
            chunk = b""
        if not chunk:
            break
        told += chunk
        if not asked and question in plain(told.decode(errors="replace")):
            asked = True
            os.write(terminal, answer.encode() + b"\r")
    print(plain(told.decode(errors="replace")).replace("\r", ""))
    if time.monotonic() >= end:
        os.kill(child, 9)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return status if asked else 1


sys.exit(main())
