"""Memory that goes to the scanner: to work in, and to read from."""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
from collections import deque
from typing import TYPE_CHECKING, Iterator

from . import _abi

if TYPE_CHECKING:
    from typing_extensions import Buffer

# The mmap module has the name from Python 3.13 on; this is Linux's value.
MAP_NORESERVE = 0x4000
# As much of an arena stays in memory for the next scan: getting it anew takes longer than a small scan.
KEPT = 4 << 20


class Arena:
    """A mapping that only costs what a scan touches."""

    def __init__(self, size: int) -> None:
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_NORESERVE
        self._map = mmap.mmap(-1, size, flags=flags)
        self.size = size
        self._base = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        self.raw = self._fresh()

    def _fresh(self) -> _abi.Arena:
        return _abi.Arena(base=self._base, size=self.size)

    def renew(self) -> None:
        """Gives the memory back, but for what most scans are content with."""
        if self.size > KEPT:
            self._map.madvise(mmap.MADV_DONTNEED, KEPT)
        self.raw = self._fresh()


# Taken for a call and put back: a signal handler or a finalizer may scan within a scan.
_spare: deque[Arena] = deque(maxlen=os.cpu_count() or 1)


@contextlib.contextmanager
def arena(size: int) -> Iterator[Arena]:
    try:
        taken = _spare.pop()
        if taken.size != size:
            taken = Arena(size)
    except IndexError:
        taken = Arena(size)
    yield taken
    # Locked memory cannot be renewed: such an arena is dropped.
    with contextlib.suppress(OSError):
        taken.renew()
        _spare.append(taken)


class _View(ctypes.Structure):
    """Py_buffer."""

    _fields_ = (
        ("buf", ctypes.c_void_p),
        ("obj", ctypes.c_void_p),
        ("len", ctypes.c_ssize_t),
        ("itemsize", ctypes.c_ssize_t),
        ("readonly", ctypes.c_int),
        ("ndim", ctypes.c_int),
        ("format", ctypes.c_char_p),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("suboffsets", ctypes.c_void_p),
        ("internal", ctypes.c_void_p),
    )


_SIMPLE = 0  # PyBUF_SIMPLE: contiguous bytes
_get_buffer = ctypes.pythonapi.PyObject_GetBuffer
_get_buffer.argtypes = (ctypes.py_object, ctypes.POINTER(_View), ctypes.c_int)
_get_buffer.restype = ctypes.c_int
_release_buffer = ctypes.pythonapi.PyBuffer_Release
_release_buffer.argtypes = (ctypes.POINTER(_View),)
_release_buffer.restype = None


@contextlib.contextmanager
def bytes_of(source: Buffer) -> Iterator[tuple[int, int]]:
    """Where the bytes lie and how many they are; ctypes' own from_buffer() takes writable ones only."""
    view = _View()
    _get_buffer(source, view, _SIMPLE)
    try:
        yield view.buf or 0, view.len
    finally:
        _release_buffer(view)
