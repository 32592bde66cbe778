"""spark_children.py - scans on a worker: from files to rows; needs no Spark.

A child process scans: one that dies takes nothing with it but the file that it died of.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import safeguard
from spark_files import File, is_remote

BATCH_BYTES = 64 << 20  # of contents that one child is given
BATCH_FILES = 1000
WALL = 10  # seconds that may pass for each second of processor time that a file may take

# verdict, score, coverage, format, micros, reasons, error
Answer = tuple[Any, ...]
Row = tuple[Any, ...]  # as SCHEMA has it
SCHEMA = (
    "path string, path_bytes binary, verdict string, score double, coverage string, format string,"
    " size bigint, micros bigint, reasons array<struct<rule:string, detail:string, member:string,"
    " offset:bigint, weight:double>>, error string, changed bigint, scanner string, run string"
)


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


@cache
def scanner_build() -> str:
    """Tells the scanner's builds apart."""
    content = safeguard.library().with_name("libsgscan.so").read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def rows_of(file: File, said: Answer, run: str) -> Iterator[Row]:
    verdict, score, coverage, form, micros, reasons, error = said
    for name in file.names:
        raw = os.fsencode(name)
        odd = None if text(name).encode() == raw else bytearray(raw)
        head = (text(name), odd, verdict, score, coverage, form, file.size, micros)
        tail = ([tuple(one) for one in reasons], error, file.changed, scanner_build(), run)
        yield head + tail


def scan_bin(files: list[File], seconds: int, run: str) -> Iterator[Row]:
    """Rows for files that a worker can open, and for those whose problem is known."""
    sound = [file for file in files if not file.problem]
    said = answers([b"" if is_remote(file.names[0]) else file.names[0] for file in sound], seconds)
    for file in files:
        one = failed(file.problem) if file.problem else next(said)
        yield from rows_of(file, one, run)


def scan_contents(
    rows: Iterable[Any], files: dict[str, File], seconds: int, run: str
) -> Iterator[Row]:
    """Rows for files that come as (path, content)."""
    for batch in batches(rows):
        contents = [content for _, content in batch]
        for (path, _), said in zip(batch, answers(contents, seconds), strict=True):
            yield from rows_of(files[path], said, run)


def batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    held = 0
    for row in rows:
        batch.append(row)
        held += len(row[1])
        if held >= BATCH_BYTES or len(batch) == BATCH_FILES:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch
