"""spark_children.py - scans in child processes: a scanner that dies takes one file with it; needs no Spark."""

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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import safeguard

WALL = 10  # seconds that may pass for each second of processor time that a file may take

# verdict, score, coverage, format, micros, reasons, error
Answer = tuple[Any, ...]


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
