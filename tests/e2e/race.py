"""race - a writer changes a file while a guarded program loads it: how often does it get through?

    race.py BUILD [--tries N] [--seed N]

A guarded Python opens and loads a file over and over while another process flips it between a
harmless and a malicious twin of the same length. The payload leaves a canary; each try ends as
clean, blocked, canary or other (what was read was half one, half the other, or no pickle at all).
The layer inside Python is off: only the file hooks are held to account. The table is also written
to BUILD/race.txt.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ATTACKS = ("rename", "rewrite", "truncate", "map", "store")
MODES = ("off", "auto", "strict")
OUTCOMES = ("clean", "blocked", "canary", "other")
LARGE = 5 << 20  # held by a lease, not copied
SECONDS = 300

READER = """
import json, mmap, os, pickle, sys
path, canary, way, tries = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
counts = dict.fromkeys(("clean", "blocked", "canary", "other"), 0)

def load():
    with open(path, "rb", buffering=0 if way == "bare" else -1) as file:
        if way != "mmap":
            return pickle.load(file)
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            return pickle.loads(view)

for _ in range(tries):
    try:
        load()
        outcome = "clean"
    except PermissionError:
        outcome = "blocked"
    except Exception:
        outcome = "other"
    if os.path.exists(canary):
        os.unlink(canary)
        outcome = "canary"
    counts[outcome] += 1
print(json.dumps(counts))
"""

# Flips until it is ended. Each state is left alone for a random while, about as long as a load takes.
WRITER = """
import mmap, os, random, sys, time
attack, path, good, bad = sys.argv[1:5]
pick = random.Random(int(sys.argv[5]))
twins = [open(name, "rb").read() for name in (good, bad)]
view = None
if attack == "store":
    with open(path, "r+b") as file:
        view = mmap.mmap(file.fileno(), 0)
print("ready", flush=True)

def put(data):
    if attack == "rename":
        with open(path + ".new", "wb") as file:
            file.write(data)
        os.rename(path + ".new", path)
    elif attack == "rewrite":
        with open(path, "r+b", buffering=0) as file:
            file.write(data[:4096])
    elif attack == "truncate":
        os.truncate(path, 1)  # to nothing, and ext4 would hurry to the disk at each close
        with open(path, "r+b", buffering=0) as file:
            file.write(data)
    elif attack == "map":
        with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as fresh:
            fresh[:4096] = data[:4096]
    else:
        view[:4096] = data[:4096]

while True:
    for data in reversed(twins):
        put(data)
        until = time.perf_counter_ns() + pick.choice((0, 10000, 50000, 300000))
        while time.perf_counter_ns() < until:
            pass
"""


@dataclass(frozen=True)
class Cell:
    """One race."""

    mode: str  # "none": without the guard
    attack: str
    victim: str  # what the harmless twin is: model, text or large
    way: str  # how it is loaded: read, bare (unbuffered), mmap


class Race:
    """Files, policies and processes of the races of one build."""

    def __init__(self, build: Path, folder: Path, seed: int = 1) -> None:
        self.library = build / "libsafeguard.so"
        self.folder = folder
        self.seed = seed
        self.python = sys.executable
        self.canary = folder / "canary"
        for mode in MODES:
            policy = folder / f"{mode}.ini"
            text = f"[consistency]\nsnapshot = {mode}\n[python]\nfind_class = off\neffects = off\n"
            policy.write_text(text)
            policy.chmod(0o600)

    def twins(self, victim: str) -> tuple[bytes, bytes]:
        """Of one length, at least a page; alike behind the first page."""
        size = LARGE if victim == "large" else 8192
        command = f"touch {self.canary}".encode()
        call = b"cposix\nsystem\nU" + bytes([len(command)]) + command + b"\x85R"
        bad = b"\x80\x02" + call
        rest = size - len(bad) - 6
        bad += b"T" + rest.to_bytes(4, "little") + bytes(rest) + b"."
        if victim == "text":
            return (b"A line of text that is no model.\n" * size)[:4096] + bad[4096:], bad
        head = b"\x80\x02" + b"N" * len(call)
        return head + bad[len(head) :], bad

    def run(self, cell: Cell, tries: int) -> dict[str, int]:
        good, bad = self.twins(cell.victim)
        names = [self.folder / "good", self.folder / "bad"]
        path = self.folder / f"model.{cell.victim}"
        for name, data in (*zip(names, (good, bad), strict=True), (path, good)):
            name.write_bytes(data)
        env = {key: value for key, value in os.environ.items() if not key.startswith("SAFEGUARD_")}
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        writer = subprocess.Popen(
            [
                *(self.python, "-IS", "-c", WRITER, cell.attack, str(path)),
                *(*map(str, names), str(self.seed)),
            ],
            stdout=subprocess.PIPE,
            env=env,
        )
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"ready\n"
            if cell.mode != "none":
                env["LD_PRELOAD"] = str(self.library)
                env["SAFEGUARD_POLICY"] = str(self.folder / f"{cell.mode}.ini")
                env["SAFEGUARD_LOG"] = str(self.folder / "race.jsonl")
            command = [self.python, "-IS", "-c", READER, str(path), str(self.canary), cell.way]
            done = subprocess.run(
                [*command, str(tries)], env=env, stdout=subprocess.PIPE, timeout=SECONDS, check=True
            )
        finally:
            writer.kill()
            writer.communicate()
        counts: dict[str, int] = json.loads(done.stdout)
        return counts


def cells(modes: Sequence[str]) -> Iterator[Cell]:
    for mode in modes:
        for attack in ATTACKS:
            for victim in ("model", "text", "large"):
                for way in ("read", "bare", "mmap"):
                    # A mapping of a file that is cut off ends a program, but for a copy's.
                    ends = attack == "truncate" and way == "mmap" and mode != "strict"
                    if not ends and (way != "bare" or victim != "large"):
                        yield Cell(mode, attack, victim, way)


def table(results: "dict[Cell, dict[str, int]]") -> str:
    lines = [f"{'mode':8}{'attack':10}{'victim':8}{'way':6}" + "".join(f"{o:>9}" for o in OUTCOMES)]
    for cell, counts in results.items():
        told = "".join(f"{counts[outcome]:9}" for outcome in OUTCOMES)
        lines.append(f"{cell.mode:8}{cell.attack:10}{cell.victim:8}{cell.way:6}{told}")
    for mode in dict.fromkeys(cell.mode for cell in results):
        of_mode = [counts for cell, counts in results.items() if cell.mode == mode]
        sums = "".join(f"{sum(counts[o] for counts in of_mode):9}" for o in OUTCOMES)
        lines.append(f"{mode:8}{'all':24}{sums}")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("--tries", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    results: dict[Cell, dict[str, int]] = {}
    with tempfile.TemporaryDirectory(prefix="race.") as folder:
        race = Race(options.build.resolve(), Path(folder), options.seed)
        for cell in cells(("none", *MODES)):
            results[cell] = race.run(cell, options.tries)
    told = table(results)
    (options.build / "race.txt").write_text(told)
    print(told, end="")
    return 1 if any(c["canary"] for cell, c in results.items() if cell.mode == "strict") else 0


if __name__ == "__main__":
    sys.exit(main())
