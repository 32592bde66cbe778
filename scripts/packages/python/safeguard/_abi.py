"""libsgscan.so as ctypes sees it: scanner/sgscan.h, field by field."""

from __future__ import annotations

import ctypes
from functools import lru_cache

from ._places import SCANNER, LibraryError, folder

REASONS_MAX = 16

OK = 0


class File(ctypes.Structure):
    _fields_ = (
        ("fd", ctypes.c_int),
        ("error", ctypes.c_int),
    )


class Source(ctypes.Structure):
    _fields_ = (
        ("read", ctypes.c_void_p),
        ("ctx", ctypes.c_void_p),
        ("size", ctypes.c_uint64),
        ("start", ctypes.c_uint64),
        ("mem", ctypes.c_void_p),
    )


class Arena(ctypes.Structure):
    _fields_ = (
        ("base", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("used", ctypes.c_size_t),
        ("refused", ctypes.c_bool),
    )


class Limits(ctypes.Structure):
    _fields_ = (
        ("max_depth", ctypes.c_uint32),
        ("max_inflate", ctypes.c_uint64),
        ("max_memory", ctypes.c_uint64),
    )


class Opinion(ctypes.Structure):
    _fields_ = (
        ("of", ctypes.c_void_p),
        ("ctx", ctypes.c_void_p),
    )


class Options(ctypes.Structure):
    _fields_ = (
        ("limits", Limits),
        ("opinion", Opinion),
        ("model", ctypes.c_void_p),
        ("tap", ctypes.c_void_p),
        ("onlooker", ctypes.c_void_p),
    )


class Reason(ctypes.Structure):
    _fields_ = (
        ("rule", ctypes.c_char_p),
        ("detail", ctypes.c_char_p),
        ("member", ctypes.c_char_p),
        ("offset", ctypes.c_uint64),
        ("weight", ctypes.c_double),
    )


class Report(ctypes.Structure):
    _fields_ = (
        ("verdict", ctypes.c_int),
        ("coverage", ctypes.c_int),
        ("score", ctypes.c_double),
        ("format", ctypes.c_char_p),
        ("size", ctypes.c_uint64),
        ("reason_count", ctypes.c_uint32),
        ("reasons", Reason * REASONS_MAX),
    )


@lru_cache(maxsize=None)
def scanner() -> ctypes.CDLL:
    """The library; its functions are called without the interpreter's lock."""
    path = folder() / SCANNER
    try:
        loaded = ctypes.CDLL(str(path))
        loaded.sg_scan.argtypes = (
            ctypes.POINTER(Source),
            ctypes.POINTER(Options),
            ctypes.POINTER(Arena),
            ctypes.POINTER(Report),
        )
        loaded.sg_scan.restype = ctypes.c_int
        loaded.sg_source_file.argtypes = (ctypes.POINTER(File), ctypes.c_uint64)
        loaded.sg_source_file.restype = Source
        for name in ("sg_status_text", "sg_verdict_name", "sg_coverage_name"):
            function = getattr(loaded, name)
            function.argtypes = (ctypes.c_int,)
            function.restype = ctypes.c_char_p
    except (OSError, AttributeError) as error:
        raise LibraryError(f"{path}: {error}") from error
    return loaded
