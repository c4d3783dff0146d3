# SPDX-License-Identifier: GPL-2.0-or-later
"""A command on a terminal of its own, whose questions can be answered."""
import os
import pty
import select
import subprocess
import termios

LATE = 60  # seconds without a byte: something hangs


def no_echo(fd):
    """What is typed does not come back, so that only what is printed is read."""
    modes = termios.tcgetattr(fd)
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(fd, termios.TCSANOW, modes)


def read_all(fd):
    """What comes until the last one who has the terminal has closed it."""
    chunks = []
    while True:
        if not select.select([fd], [], [], LATE)[0]:
            raise RuntimeError(f"nothing came for {LATE} s behind {b''.join(chunks)[-200:]!r}")
        try:
            chunk = os.read(fd, 65536)
        except OSError:  # EIO: closed
            chunk = b""
        if not chunk:
            return b"".join(chunks).decode().replace("\r\n", "\n")
        chunks.append(chunk)


def on_terminal(command, answer, env=None, stdout=subprocess.PIPE):
    """Returns the exit status, standard output, and what came on the terminal (standard error)."""
    master, slave = pty.openpty()
    no_echo(slave)
    done = subprocess.Popen(command, stdin=slave, stdout=stdout, stderr=slave, env=env)
    os.close(slave)
    os.write(master, answer.encode())
    out = []
    # Small enough for a pipe, or it would have to be read at the same time.
    told = read_all(master)
    if stdout == subprocess.PIPE:
        out.append(done.stdout.read().decode())
    status = done.wait(LATE)
    os.close(master)
    return status, "".join(out), told
