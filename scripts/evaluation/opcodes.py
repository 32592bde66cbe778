"""opcodes.py - how often each opcode occurs in a file, and its structure: what SafePickle sees.

Counts go over all pickles that are found in the file (in zip members, compressed streams and npy),
each as far as pickletools can follow it; kept by content in build/evaluation, as pickletools is slow.
"""

from __future__ import annotations

import json
import pickletools
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .corpora import File

sys.path.append(str(Path(__file__).resolve().parent.parent / "corpus"))
from structure import look, members, pickles_of, steps, unpacked

NAMES = tuple(op.name for op in pickletools.opcodes)


@dataclass(frozen=True)
class Opcodes:
    structure: str
    counts: dict[str, int]

    def frequencies(self) -> list[float]:
        whole = sum(self.counts.values()) or 1
        return [self.counts.get(name, 0) / whole for name in NAMES]


def streams(name: str, data: bytes) -> list[bytes]:
    _, inner = unpacked(data)
    if inner[:4] != b"PK\3\4":
        return pickles_of(name, inner) or [inner]
    parts = [pickle for member, body in members(inner) for pickle in pickles_of(member, body)]
    return parts or [inner]


def read(file: File) -> Opcodes:
    data = file.path.read_bytes()
    counts: Counter[str] = Counter()
    for stream in streams(file.name, data):
        counts.update(op for op, _, _ in steps(stream))
    return Opcodes(file.structure or look(data).key(), dict(counts))


def read_all(files: Sequence[File], kept: Path, jobs: int) -> dict[File, Opcodes]:
    """Of every file; what is not among the kept ones is read and kept."""
    known: dict[str, Opcodes] = {}
    if kept.is_file():
        for line in kept.read_text().splitlines():
            row = json.loads(line)
            known[row["sha256"]] = Opcodes(row["structure"], row["counts"])
    wanted = [f for f in files if f.sha256 not in known]
    kept.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(jobs) as pool, open(kept, "a", encoding="utf-8") as out:
        for file, seen in zip(wanted, pool.map(read, wanted, chunksize=8), strict=True):
            known[file.sha256] = seen
            row = {"sha256": file.sha256, "structure": seen.structure, "counts": seen.counts}
            print(json.dumps(row), file=out)
    return {f: known[f.sha256] for f in files}
