"""Clocks that leap while a guarded program runs, and files of years that do not fit."""

import json
import os
import pickle
import tempfile
from collections.abc import Iterator
from pathlib import Path

import payloads
import pytest
from conftest import CLI, FILES_ONLY, Done, compiled, guarded, policy_file, run

PYTHON = "/usr/bin/python3"
YEAR = 365 * 86400
LEAPS = [-60 * YEAR, -1, 1, 100 * YEAR]

# Loads the files again and again, the clocks showing another time each time.
LOADING = """
import ctypes, os, pickle, sys
clocks = ctypes.CDLL(sys.argv[1])
clocks.shift_clocks.argtypes = [ctypes.c_longlong]
def load(path):
    try:
        with open(path, "rb") as file:
            pickle.load(file)
        return "loaded"
    except OSError as error:
        return "refused" if "safeguard" in str(error) else repr(error)
def leap(seconds):
    asked = clocks.shift_clocks(seconds)
    if asked < 0:
        sys.exit(44)
    return asked
"""


@pytest.fixture(scope="module")
def clocks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = Path(__file__).with_name("shifted_clock.c")
    return compiled(source, tmp_path_factory.mktemp("clocks") / "clocks.so", "-shared", "-fPIC")


@pytest.fixture
def clean(place: Path) -> Path:
    path = place / "clean.pkl"
    path.write_bytes(pickle.dumps({"weights": list(range(50))}, 4))
    return path


def load(place: Path, snapshot: str, program: str, *words: str | Path) -> Done:
    log = f"[guard]\nlog = {place}/guard.log\n"
    policy = policy_file(place, f"{log}[consistency]\nsnapshot = {snapshot}\n{FILES_ONLY}")
    done = run([PYTHON, "-c", LOADING + program, *words], env=guarded(policy=policy))
    if done.status == 44:
        pytest.skip("this system gives no seccomp filter")
    assert (done.status, done.err) == (0, ""), done
    assert not (place / "canary").exists()
    return done


@pytest.mark.parametrize("snapshot", ["off", "auto", "strict"])
def test_leaps(clocks: Path, place: Path, clean: Path, evil: Path, snapshot: str) -> None:
    """Also of a file whose verdict is remembered, and that becomes another with the same stamp."""
    both = place / "both.pkl"
    program = (
        "clean, evil, both = sys.argv[2:]\n"
        f"for seconds in {LEAPS}:\n"
        "    leap(seconds)\n"
        "    with open(both, 'wb') as file: file.write(open(clean, 'rb').read().ljust(1000, b'.'))\n"
        "    os.utime(both, (1e9, 1e9))\n"
        "    print(load(clean), load(evil), load(both), load(both), end=' ')\n"
        "    os.system(f'cat {evil}.as | dd of={both} conv=notrunc bs=1000 status=none')\n"
        "    os.utime(both, (1e9, 1e9))\n"
        "    print(load(both), leap(seconds) > 0)\n"
    )
    Path(f"{evil}.as").write_bytes(evil.read_bytes().ljust(1000, b"."))
    done = load(place, snapshot, program, clocks, clean, evil, both)
    line = "loaded refused loaded loaded refused True"
    assert done.out.splitlines() == [line] * len(LEAPS)


def test_log_goes_on_when_the_clock_goes_back(clocks: Path, place: Path, evil: Path) -> None:
    """A process that is stopped on one machine and goes on on another has had such a leap."""
    program = (
        f"for seconds in (0, {YEAR}, 0):\n"
        "    leap(seconds)\n"
        "    print(*[load(sys.argv[2]) for _ in range(300)])\n"
    )
    done = load(place, "auto", program, clocks, evil)
    assert done.out.split() == ["refused"] * 900
    records = [json.loads(line) for line in (place / "guard.log").read_text().splitlines()]
    blocked = [one for one in records if one["event"] == "open"]
    assert len(blocked) >= 300
    assert len(blocked) + sum(one.get("left_out", 0) for one in records) == 900


@pytest.fixture
def memory() -> Iterator[Path]:
    """A folder in a file system that keeps any time."""
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("no /dev/shm here")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.mark.parametrize("seconds", [1 << 40, -(1 << 40), (1 << 62) - 1])
def test_years_that_do_not_fit(clocks: Path, place: Path, memory: Path, seconds: int) -> None:
    """In nanoseconds, that is; `scan --cache` keeps them too."""
    clean, evil = memory / "clean.pkl", memory / "evil.pkl"
    clean.write_bytes(pickle.dumps([1], 4))
    evil.write_bytes(payloads.pickle_of(place / "canary", 4))
    for path in (clean, evil):
        os.utime(path, (seconds, seconds))
    if clean.stat().st_mtime_ns != seconds * 10**9:
        pytest.skip("this file system does not keep any time")
    done = load(place, "auto", "print(*map(load, sys.argv[2:] * 2))\n", clocks, clean, evil)
    assert done.out.split() == ["loaded", "refused"] * 2
    for _ in range(2):
        assert run([CLI, "scan", "--cache", place / "cache", clean]).status == 0
        assert run([CLI, "scan", "--cache", place / "cache", clean, evil]).status == 1
