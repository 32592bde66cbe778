"""spark_scan.py - scans the files of a store with Spark: a row of Parquet for every name of a file.

Files are dealt out by size to tasks. A task has a child process do its scans, so that a scanner
that dies takes nothing with it but the file that it died of. What cannot be read has a row with `error`, and
no verdict.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import glob
import hashlib
import heapq
import json
import math
import multiprocessing
import os
import re
import resource
import signal
import stat
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import safeguard

# What a file costs beside its bytes, in bytes: 10 ms of a network at 100 MB a second.
FILE_COST = 1 << 20
BIN_COST = 2 << 30  # of a task: 2,000 small files, or 20 s of that network
BATCH_BYTES = 64 << 20  # of contents that one child is given
WALL = 10  # seconds that may pass for each second of processor time that a file may take
SHOWN = 50  # findings that are printed
SCHEMA = (
    "path string, path_bytes binary, verdict string, score double, coverage string, format string,"
    " size bigint, micros bigint, reasons array<struct<rule:string, detail:string, member:string,"
    " offset:bigint, weight:double>>, error string, changed bigint, scanner string, run string"
)
HELP = """
PATH is a folder, a file or a pattern. A plain path must be there on every worker (a disk, NFS, a mounted
bucket): of such a file only the ranges that matter are read. s3a://, hdfs:// and the like are read
through Hadoop, whole, up to --max-remote. Links to one file, as in hub caches, are read once.

OUT is a folder of Parquet: path (path_bytes has it where it is no UTF-8), verdict, score, coverage,
format, size, micros and reasons as `safeguard scan --format jsonl` has them; error: why there is no verdict;
changed: nanoseconds since 1970; scanner: the build that looked; run: when the run began. Tasks that end
are in OUT though the run is stopped; the next run leaves out what is there without an error, of the
same size, time and scanner.

The workers need this Python's version and the package safeguard. spark-submit's options hold.
Exit status: 0 nothing at or above --fail-on; 1 something is; 2 nothing is, but something could not
be read or fully analysed."""


class File(NamedTuple):
    names: tuple[str, ...]
    size: int
    changed: int  # nanoseconds since 1970: content or, where that is known, anything about it
    problem: str | None = None  # why it is not to be scanned


Answer = tuple[Any, ...]  # of SCHEMA: verdict, score, coverage, format, micros, reasons, error


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
    return re.sub(r"^file:/+", "/", path)


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


def failed(problem: str) -> Answer:
    return (None, None, "partial", "none", 0, [], problem)


def text(name: str) -> str:
    """What Parquet takes for text: bytes that are no UTF-8 as \\xff."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def answer(source: Any) -> Answer:
    """What the scanner says of a path or of bytes."""
    try:
        report = safeguard.scan(source)
    except OSError as error:
        return failed(error.strerror or str(error))
    except Exception as error:  # noqa: BLE001 - whatever it is, the file has its row
        return failed(f"{type(error).__name__}: {error}")
    reasons = [
        (one.rule, text(one.detail), text(one.member), one.offset, one.weight)
        for one in report.reasons
    ]
    head = (report.verdict, report.score, report.coverage, report.format)
    return (*head, report.micros, reasons, None)


def scan_in_child(sources: Sequence[Any], ours: Any, theirs: Any, seconds: int) -> None:
    ours.close()  # else nobody would notice that the parent is gone
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # where memory is short, this process is the one to go
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    for source in sources:
        soft = math.ceil(time.process_time()) + seconds
        limit = soft if hard == resource.RLIM_INFINITY else min(soft, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
        theirs.send_bytes(json.dumps(answer(source)).encode())


def how_it_died(child: Any, seconds: int) -> str:
    code = child.exitcode
    if code is None or code >= 0:
        return f"the scanner ended with status {code}"
    if code == -signal.SIGXCPU:
        return f"the scanner was stopped after {seconds} s of processor time (--seconds)"
    return f"the scanner was killed by {signal.Signals(-code).name}"


def answers(sources: Sequence[Any], seconds: int) -> Iterator[Answer]:
    """One answer a source, in order, from a child process; from the next child after one died."""
    fork = multiprocessing.get_context("fork")
    at = 0
    while at < len(sources):
        ours, theirs = fork.Pipe(duplex=False)
        child = fork.Process(target=scan_in_child, args=(sources[at:], ours, theirs, seconds))
        child.start()
        theirs.close()
        late = False
        try:
            while at < len(sources) and not late:
                late = not ours.poll(WALL * seconds)
                if not late:
                    # Never a pickle: whatever took the child over would get on to here.
                    yield tuple(json.loads(ours.recv_bytes()))
                    at += 1
        except (EOFError, OSError):
            child.join()
        finally:
            ours.close()
            child.kill()
            child.join()
        if at < len(sources):
            late_text = f"not done after {WALL * seconds} s (--seconds)"
            yield failed(late_text if late else how_it_died(child, seconds))
            at += 1


def scanner_build() -> str:
    """Tells the scanner's builds apart."""
    content = safeguard.library().with_name("libsgscan.so").read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def rows_of(file: File, said: Answer, run: str) -> Iterator[tuple[Any, ...]]:
    verdict, score, coverage, form, micros, reasons, error = said
    for name in file.names:
        raw = os.fsencode(name)
        odd = bytearray(raw) if text(name).encode() != raw else None
        head = (text(name), odd, verdict, score, coverage, form, file.size, micros)
        tail = ([tuple(one) for one in reasons], error, file.changed, scanner_build(), run)
        yield head + tail
