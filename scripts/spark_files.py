"""spark_files.py - which files a scan by Spark looks at, and which task takes which; needs no Spark."""

from __future__ import annotations

import errno
import glob
import heapq
import math
import os
import re
import stat
from collections.abc import Iterable, Sequence
from typing import NamedTuple

# What a file costs beside its bytes, in bytes: 10 ms of a network at 100 MB a second.
FILE_COST = 1 << 20
# Of a task: 32,000 small files, or 5 minutes of that network. A task by itself costs 0.1 s of a processor.
BIN_COST = 32 << 30


class File(NamedTuple):
    names: tuple[str, ...]
    size: int
    changed: int  # nanoseconds since 1970: content or, where that is known, anything about it
    problem: str | None = None  # why it is not to be scanned


def plan(costs: Sequence[int], bins: int) -> list[list[int]]:
    """Deals items out to at most so many bins, largest first, always to the least loaded one; fullest
    bin first. What costs as much as the average bin is alone in its bin."""
    loads = [(0, at) for at in range(bins)]
    filled: list[list[int]] = [[] for _ in range(bins)]
    for item in sorted(range(len(costs)), key=costs.__getitem__, reverse=True):
        load, at = loads[0]
        filled[at].append(item)
        heapq.heapreplace(loads, (load + costs[item], at))
    return [filled[at] for load, at in sorted(loads, reverse=True) if filled[at]]


def bin_count(costs: Sequence[int], slots: int) -> int:
    """Enough to keep all slots busy to the end, and no bin much beyond BIN_COST."""
    return max(1, min(len(costs), max(4 * slots, math.ceil(sum(costs) / BIN_COST))))


def is_remote(path: str) -> bool:
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", path) is not None


def local(path: str) -> str:
    """As the workers can open it, which are somewhere else."""
    plain = re.sub(r"^file:/+", "/", path)
    return plain if is_remote(plain) else os.path.join(os.getcwd(), plain)


def expand(path: str) -> list[str]:
    if os.path.lexists(path) or not glob.has_magic(path):
        return [path]
    return sorted(glob.glob(path, recursive=True, include_hidden=True)) or [path]


def walk(paths: Iterable[str]) -> list[File]:
    """The regular files that paths name, as `safeguard scan -r` finds them: links are followed, no
    folder is gone into twice, what cannot be read is a problem."""
    found: dict[tuple[int, int], list[str]] = {}
    infos: dict[tuple[int, int], os.stat_result] = {}
    files: list[File] = []
    named = list(dict.fromkeys(paths))
    queue = [(path, True) for path in reversed(named)]
    while queue:
        path, is_named = queue.pop()
        try:
            info = os.stat(path)
            identity = (info.st_dev, info.st_ino)
            if stat.S_ISDIR(info.st_mode) and identity not in infos:
                infos[identity] = info
                queue += [(os.path.join(path, name), False) for name in os.listdir(path)]
            elif stat.S_ISREG(info.st_mode):
                infos[identity] = info
                found.setdefault(identity, []).append(path)
            elif is_named and not stat.S_ISDIR(info.st_mode):
                files.append(File((path,), 0, 0, "not a regular file"))
        except OSError as error:
            if is_named or error.errno not in (errno.ENOENT, errno.ELOOP):
                files.append(File((path,), 0, 0, error.strerror))
    for identity, names in found.items():
        info = infos[identity]
        # Whoever sets a file's time back changes the other one.
        changed = max(info.st_mtime_ns, info.st_ctime_ns)
        files.append(File(tuple(dict.fromkeys(names)), info.st_size, changed))
    return files
