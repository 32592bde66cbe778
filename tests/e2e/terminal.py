"""terminal - programs on a terminal of a certain width, and what it shows of them."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from conftest import clean_environment

COLOURED = {"TERM": "xterm", "NO_COLOR": ""}
PLAIN = {"TERM": "xterm", "NO_COLOR": "1"}


def read_until_end(leader: int, seconds: float = 60) -> str:
    """What a terminal got until the last program on it is gone."""
    parts = []
    while select.select([leader], [], [], seconds)[0]:
        try:
            part = os.read(leader, 65536)
        except OSError:  # EIO: nobody has the other end open any more
            break
        parts.append(part)
    return b"".join(parts).decode()


@contextmanager
def started(
    command: Sequence[str | Path], env: dict[str, str], columns: int
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The program, in the foreground of a terminal of its own, and the terminal's other end."""
    leader, follower = pty.openpty()
    fcntl.ioctl(leader, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    words = [str(word) for word in command]
    with subprocess.Popen(
        words,
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=clean_environment() | env,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    ) as process:
        os.close(follower)
        yield process, leader
        process.wait()
    os.close(leader)


def on_terminal(command: Sequence[str | Path], env: dict[str, str], columns: int = 80) -> str:
    with started(command, env, columns) as (_, leader):
        return read_until_end(leader).replace("\r\n", "\n")


def read_until(leader: int, sign: str) -> str:
    """What a terminal got until it showed a match of `sign`."""
    shown = ""
    while not re.search(sign, shown):
        shown += os.read(leader, 65536).decode()
    return shown


def without_colour(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)
