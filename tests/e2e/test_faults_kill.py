"""Processes that are killed while they write to the log, one after the other: what is left of it can be read."""

import json
import os
import random
import subprocess
import time
from collections import Counter
from pathlib import Path

from conftest import CLI, clean_environment, guarded, run

PYTHON = "/usr/bin/python3"
SEED = 10
CROWD = 3
KILLS = 300 if os.environ.get("SG_FAULTS") == "long" else 12
LINKS = 200  # one record of each file is no flood
# Is refused again and again, and tells of each time when it is over.
REFUSED = """
import os, pickle, sys
for _ in range(int(sys.argv[1])):
    for path in sys.argv[2:]:
        try:
            open(path, "rb")
        except PermissionError:
            os.write(1, b".")
"""
START = b'{"ts":"'


def start(log: Path, paths: list[str], told: int, times: int = 90) -> subprocess.Popen[bytes]:
    words = [PYTHON, "-S", "-E", "-c", REFUSED, str(times), *paths]
    env = clean_environment() | guarded(log=str(log))
    return subprocess.Popen(words, env=env, stdout=told)


def grow(log: Path, by: int) -> None:
    """Waits until there is so much more."""
    wanted, ready = log.stat().st_size + by, time.monotonic() + 60
    while log.stat().st_size < wanted:
        assert time.monotonic() < ready
        time.sleep(0.0001)


def test_killed_writers_leave_whole_lines(place: Path, evil: Path) -> None:
    """What SIGKILL cuts ends with a page of the file; the next record then begins a line of its own."""
    log, chance, refused = place / "guard.log", random.Random(SEED), Counter[int]()
    paths = [str(place / f"{i:03}.pkl") for i in range(LINKS)]
    for path in paths:
        os.link(evil, path)
    log.touch()
    crowd: dict[int, subprocess.Popen[bytes]] = {}
    for _ in range(KILLS):
        while len(crowd) < CROWD:
            reading, writing = os.pipe()
            crowd[reading] = start(log, paths, writing)
            os.close(writing)
        grow(log, chance.randrange(20_000))
        one = chance.choice(sorted(crowd))
        process = crowd.pop(one)
        process.kill()
        process.wait(timeout=60)
        refused[process.pid] = len(os.read(one, 1 << 20))
        os.close(one)
    for reading, process in crowd.items():
        process.kill()
        process.wait(timeout=60)
        os.close(reading)
    with open(os.devnull, "wb") as nowhere:
        last = start(log, paths, nowhere.fileno(), times=1)
        assert last.wait(timeout=60) == 0

    text = log.read_bytes()
    assert text.endswith(b"}\n")
    whole, cut = [], []
    for line in filter(None, text.splitlines()):
        try:
            whole.append(json.loads(line))
        except ValueError:
            cut.append(line)
    assert all(line.startswith(START[: len(line)]) for line in cut)
    assert len(cut) <= KILLS + CROWD
    written = Counter(record["pid"] for record in whole)
    assert all(written[pid] >= count for pid, count in refused.items())
    assert written[last.pid] == LINKS
    metrics = run([CLI, "report", "--format", "prometheus", log]).out.splitlines()
    assert f"safeguard_bad_lines_total {len(cut)}" in metrics
