"""answers.py - what safeguard and the peers say of files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .corpora import File

CHUNK = 1000  # paths on one command line

# Runs a program from a small process, as what a child used counts what its parent had when it forked.
METER = """
import json, resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps({"seconds": used.ru_utime + used.ru_stime, "peak_kb": used.ru_maxrss}), flush=True)
sys.exit(status)
"""


@dataclass
class Answer:
    """About one file. What was not scanned counts as a negative, whatever the reason."""

    verdict: str = "missing"  # benign | suspicious | malicious
    scanned: bool = False
    score: float = 0.0
    coverage: str = "none"
    micros: int = 0
    note: str = ""
    reasons: list[dict[str, object]] = field(default_factory=list)

    def called(self, tiers: frozenset[str]) -> bool:
        return self.verdict in tiers


@dataclass
class Scanner:
    """One scanner's answers, by file; not every file need have been asked about."""

    name: str
    version: str
    answers: dict[File, Answer]
    scored: bool = False  # the scores say more than the verdicts


@dataclass(frozen=True)
class Cost:
    """Of one run over many files. Times are processor time: others are at work on the machine, too."""

    files: int
    size: int
    seconds: float  # beside what it took to get ready
    ready: float  # seconds until the first file could be looked at
    peak: int  # kilobytes
    micros: tuple[int, ...]  # of each file; safeguard tells elapsed time

    def share(self, part: float) -> int:
        return sorted(self.micros)[min(len(self.micros) - 1, int(part * len(self.micros)))]


class Failed(Exception):
    """The scan ended as it must not."""


def from_line(said: dict) -> Answer:
    if any(reason["rule"] == "unreadable" for reason in said["reasons"]):
        return Answer()
    return Answer(
        verdict=said["verdict"],
        scanned=said["coverage"] == "complete",
        score=said["score"],
        coverage=said["coverage"],
        micros=said.get("micros", 0),
        reasons=said["reasons"],
    )


def safeguard_lines(command: list[str], paths: Sequence[str]) -> list[dict]:
    done = subprocess.run([*command, *paths], stdout=subprocess.PIPE, check=False)
    if done.returncode not in (0, 1, 2):
        raise Failed(f"the scan ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def safeguard(program: Path, files: Sequence[File], options: Sequence[str]) -> dict[File, Answer]:
    """Every file has an answer; `missing` where the program said nothing of it."""
    found = {f: Answer() for f in files}
    by_path = {os.fsencode(f.path): f for f in files}
    command = [str(program), "scan", "--format", "jsonl", *options]
    for start in range(0, len(files), CHUNK):
        lines = safeguard_lines(command, [str(f.path) for f in files[start : start + CHUNK]])
        for said in lines:
            file = by_path.get(os.fsencode(said["path"]))
            if file is not None and "verdict" in said:
                found[file] = from_line(said)
    return found


def safeguard_cost(program: Path, files: Sequence[File], options: Sequence[str]) -> Cost:
    """One thread, one process over all files; and what it takes to start."""
    scan = [str(program), "scan", "-j", "1", "--format", "jsonl", *options]
    command = [sys.executable, "-IS", "-c", METER, *scan]
    *_, ready = safeguard_lines(command, [str(min(files, key=lambda f: f.size).path)])
    *lines, whole = safeguard_lines(command, [str(f.path) for f in files])
    micros = tuple(line["micros"] for line in lines if "micros" in line)
    seconds = whole["seconds"] - ready["seconds"]
    size = sum(f.size for f in files)
    return Cost(len(files), size, seconds, ready["seconds"], whole["peak_kb"], micros)
