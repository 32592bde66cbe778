"""Scans paths, bytes and file objects."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import stat
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, Iterator, Union

from . import _abi, _memory
from ._report import Limits, Reason, Report

if TYPE_CHECKING:
    from typing_extensions import Buffer, TypeGuard

    Source = Union[str, "os.PathLike[str]", Buffer, BinaryIO]

DEFAULT_LIMITS = Limits()


class ScanError(Exception):
    """There is no report: not a regular file, or limits too small to begin with."""


def scan(source: Source, *, limits: Limits = DEFAULT_LIMITS) -> Report:
    """What loading `source` would do; nothing of it is loaded or run.

    `source` is a path (str or PathLike), the content itself (bytes or anything else with a
    contiguous buffer; it is not copied and must not change meanwhile), or a binary file object.
    A file object stands for its whole file, wherever it stands, and is not moved; of one that
    cannot seek, what is left is read. An ordinary file is read as the scan goes, what other file
    objects give is read into memory first.

    Raises OSError when reading fails, ScanError when there is nothing to report on. A damaged file
    is no error: its report says "partial". May be called from many threads, which run meanwhile.
    Where the guard is enabled, it refuses to open a malicious path here as anywhere.
    """
    begun = time.perf_counter_ns()
    if isinstance(source, (str, os.PathLike)):
        with _opened(source) as descriptor:
            report = _scan_descriptor(descriptor, limits)
    elif _has_buffer(source):
        report = _scan_bytes(source, limits)
    elif callable(getattr(source, "read", None)):
        report = _scan_file(source, limits)
    else:
        raise TypeError(f"a path, bytes or a binary file is wanted, not {type(source).__name__}")
    return replace(report, micros=(time.perf_counter_ns() - begun) // 1000)


def _has_buffer(source: Any) -> TypeGuard[Buffer]:
    try:
        memoryview(source).release()
    except TypeError:
        return False
    return True


@contextlib.contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[int]:
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    # Looked at first, because opening alone already does something to some devices.
    _check_regular(os.stat(path), path)
    descriptor = os.open(path, flags)
    try:
        found = os.fstat(descriptor)
        _check_regular(found, path)
        if found.st_size == 0 and os.pread(descriptor, 1, 0):
            raise ScanError(f"{os.fspath(path)}: its size cannot be known (a file of the kernel)")
        yield descriptor
    finally:
        os.close(descriptor)


def _check_regular(found: os.stat_result, path: str | os.PathLike[str]) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise ScanError(f"{os.fspath(path)}: not a regular file")


def _scan_file(file: Any, limits: Limits) -> Report:
    descriptor = _descriptor_of(file)
    if descriptor is not None:
        return _scan_descriptor(descriptor, limits)
    content = _read_whole(file)
    if not _has_buffer(content):
        raise TypeError("a file object must be open in binary mode")
    return _scan_bytes(content, limits)


def _descriptor_of(file: Any) -> int | None:
    """Of a file object that gives out the bytes of a regular file as they are. GzipFile and the
    like have a fileno() too, but other content."""
    raw = file.raw if type(file) in (io.BufferedReader, io.BufferedRandom) else file
    if type(raw) is not io.FileIO:
        return None
    file.flush()
    descriptor = raw.fileno()
    found = os.fstat(descriptor)
    return descriptor if stat.S_ISREG(found.st_mode) and found.st_size else None


def _read_whole(file: Any) -> Any:
    try:
        before = file.tell()
        file.seek(0)
    except (AttributeError, OSError):
        return file.read()
    try:
        return file.read()
    finally:
        file.seek(before)


def _scan_descriptor(descriptor: int, limits: Limits) -> Report:
    before = os.fstat(descriptor)
    file = _abi.File(fd=descriptor)
    source = _abi.scanner().sg_source_file(file, before.st_size)
    try:
        report = _ask(source, limits)
    finally:
        if file.error:
            raise OSError(file.error, os.strerror(file.error))
    if report.format != "none" and _changed(before, os.fstat(descriptor)):
        reason = Reason("changed", "was written to while it was read", "", 0, 0.0)
        return replace(report, coverage="partial", reasons=(*report.reasons, reason))
    return report


def _changed(before: os.stat_result, after: os.stat_result) -> bool:
    fields = ("st_size", "st_mtime_ns", "st_ctime_ns")
    return any(getattr(before, field) != getattr(after, field) for field in fields)


def _scan_bytes(content: Buffer, limits: Limits) -> Report:
    with _memory.bytes_of(content) as (address, size):
        return _ask(_abi.Source(mem=address, size=size), limits)


def _ask(source: _abi.Source, limits: Limits) -> Report:
    library = _abi.scanner()
    options = _abi.Options(
        limits=_abi.Limits(limits.max_depth, limits.max_inflate, limits.max_memory)
    )
    report = _abi.Report()
    with _memory.arena(limits.max_memory) as arena:
        status = library.sg_scan(source, options, arena.raw, report)
        if status != _abi.OK:
            raise ScanError(_text(library.sg_status_text(status)))
        return _read_report(library, report)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _read_report(library: ctypes.CDLL, report: _abi.Report) -> Report:
    return Report(
        verdict=_text(library.sg_verdict_name(report.verdict)),  # type: ignore[arg-type]
        score=report.score,
        coverage=_text(library.sg_coverage_name(report.coverage)),  # type: ignore[arg-type]
        format=_text(report.format),
        size=report.size,
        micros=0,
        reasons=tuple(
            Reason(
                _text(reason.rule),
                _text(reason.detail),
                _text(reason.member),
                reason.offset,
                reason.weight,
            )
            for reason in report.reasons[: report.reason_count]
        ),
    )
