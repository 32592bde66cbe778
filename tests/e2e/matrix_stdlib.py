"""matrix_stdlib - how the standard library gets the bytes of a file, and unpickles them.

Runs in every CPython from 3.8 on.
"""

from __future__ import annotations

import codecs
import io
import mmap
import os
import pickle
import shutil
import socket
import threading
import warnings
from typing import Any, BinaryIO, Callable

from matrix_case import Case, dumps, model, write


def opened(opener: Callable[[str], Any]) -> Callable[[str], Any]:
    def load(path: str) -> Any:
        with opener(path) as file:
            return pickle.load(file)

    return load


def loads(reader: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda path: pickle.loads(reader(path))


def by_descriptor(reader: Callable[[int], Any], flags: int = os.O_RDONLY) -> Callable[[str], Any]:
    def load(path: str) -> Any:
        fd = os.open(path, flags)
        try:
            return pickle.loads(reader(fd))
        finally:
            os.close(fd)

    return load


def into_copy(copy: Callable[[int, int, int], int], name: str = ".copy") -> Callable[[str], Any]:
    """Moves the bytes by descriptor into a file of its own and loads that."""

    def load(path: str) -> Any:
        with open(path, "rb") as source, open(path + name, "w+b") as target:
            left = os.fstat(source.fileno()).st_size
            while left > 0:
                left -= copy(source.fileno(), target.fileno(), left)
            target.seek(0)
            return pickle.load(target)

    return load


def read_file(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


# File objects.


def load_text(path: str) -> Any:
    with open(path, encoding="latin-1", newline="") as file:
        return pickle.loads(file.read().encode("latin-1"))


def load_codecs(path: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with codecs.open(path, "rb") as file:
            return pickle.load(file)  # type: ignore[arg-type]


def read_into(path: str) -> bytearray:
    buffer = bytearray(os.stat(path).st_size)
    with open(path, "rb") as file:
        file.readinto(buffer)
    return buffer


def read_lines(path: str) -> bytes:
    import fileinput

    with fileinput.FileInput(path, mode="rb") as lines:
        return b"".join(lines)


def by_opener(path: str) -> BinaryIO:
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags))


def by_url(path: str) -> Any:
    from urllib.request import urlopen

    return urlopen("file://" + path)


def by_mapping(access: int) -> Callable[[str], Any]:
    def load(path: str) -> Any:
        mode = "r+b" if access == mmap.ACCESS_WRITE else "rb"
        with open(path, mode) as file, mmap.mmap(file.fileno(), 0, access=access) as view:
            return pickle.loads(view)

    return load


# Descriptors.


def read_loop(fd: int) -> bytes:
    return b"".join(iter(lambda: os.read(fd, 7), b""))


def read_vectors(fd: int) -> bytes:
    parts = [bytearray(10), bytearray(1 << 20)]
    size = os.readv(fd, parts)
    return b"".join(parts)[:size]


def pread_vectors(fd: int) -> bytes:
    parts = [bytearray(10), bytearray(1 << 20)]
    size = os.preadv(fd, parts, 0)
    return b"".join(parts)[:size]


def pread_backwards(fd: int) -> bytes:
    size = os.fstat(fd).st_size
    return b"".join(reversed([os.pread(fd, 1, at) for at in range(size - 1, -1, -1)]))


def dup_and_read(fd: int) -> bytes:
    with os.fdopen(os.dup(fd), "rb") as file:
        return file.read()


def through_socket(send: Callable[[socket.socket, int, int], Any]) -> Callable[[int], bytes]:
    def read(fd: int) -> bytes:
        left = os.fstat(fd).st_size
        parts: list[bytes] = []
        here, there = socket.socketpair()
        with here, there:
            send(here, fd, left)
            here.shutdown(socket.SHUT_WR)
            while True:
                part = there.recv(1 << 16)
                if not part:
                    return b"".join(parts)
                parts.append(part)

    return read


def splice_through_pipe(fd: int) -> bytes:
    reader, writer = os.pipe()
    try:
        size = os.splice(fd, writer, 1 << 16)
        return os.read(reader, size)
    finally:
        os.close(reader)
        os.close(writer)


def send_file(here: socket.socket, fd: int, size: int) -> None:
    with os.fdopen(os.dup(fd), "rb") as file:
        here.sendfile(file, 0, size)


def relative(path: str) -> BinaryIO:
    folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    try:
        return os.fdopen(os.open(os.path.basename(path), os.O_RDONLY, dir_fd=folder), "rb")
    finally:
        os.close(folder)


def reopened(path: str) -> BinaryIO:
    fd = os.open(path, os.O_PATH)
    try:
        return open(f"/proc/self/fd/{fd}", "rb")
    finally:
        os.close(fd)


def high_number(path: str) -> BinaryIO:
    import fcntl
    import resource

    resource.setrlimit(
        resource.RLIMIT_NOFILE, (20000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    fd = os.open(path, os.O_RDONLY)
    try:
        return os.fdopen(fcntl.fcntl(fd, fcntl.F_DUPFD, 17000), "rb")
    finally:
        os.close(fd)


# Other names, other times.


def linked(link: Callable[[str, str], Any], ending: str) -> Callable[[str], BinaryIO]:
    def opener(path: str) -> BinaryIO:
        if os.path.lexists(path + ending):
            os.unlink(path + ending)
        link(path, path + ending)
        return open(path + ending, "rb")

    return opener


def written_later(path: str) -> BinaryIO:
    """Opened while it is empty, filled by a thread, read when it is whole."""
    data = reversed_bytes(path)
    with open(path + ".later", "wb"):
        pass
    file = open(path + ".later", "rb")
    thread = threading.Thread(target=write, args=(path + ".later", data))
    thread.start()
    thread.join()
    return file


def rewritten(path: str) -> BinaryIO:
    """Read in part while it was text."""
    write(path + ".other", b"Only text so far. " * 1000)
    file = open(path + ".other", "rb", buffering=0)
    file.read(10)
    file.read(10)
    write(path + ".other", reversed_bytes(path))
    file.seek(0)
    return file


def filled(make: Callable[[str], int]) -> Callable[[str], BinaryIO]:
    """Written and read back through the same descriptor."""

    def opener(path: str) -> BinaryIO:
        file = os.fdopen(make(path), "w+b")
        file.write(reversed_bytes(path))
        file.seek(0)
        return file

    return opener


def memory_file(path: str) -> int:
    return os.memfd_create("model")


def read_and_write(path: str) -> int:
    return os.open(path + ".rw", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)


def nameless(path: str) -> int:
    return os.open(os.path.dirname(path), os.O_RDWR | os.O_TMPFILE, 0o600)


def temporary(path: str) -> Any:
    import tempfile

    file = tempfile.NamedTemporaryFile(dir=os.path.dirname(path))
    file.write(reversed_bytes(path))
    file.flush()
    return open(file.name, "rb")


def save_reversed(path: str, extra: Any) -> Any:
    """Last byte first: a private format, which no reader knows."""
    value = model(extra)
    write(path, dumps(value, path)[::-1])
    return value


def reversed_bytes(path: str) -> bytes:
    return read_file(path)[::-1]


CASES = [
    Case("pickle: load", opened(lambda path: open(path, "rb"))),
    Case("pickle: loads of a read file", loads(read_file)),
    Case("open: no buffer", loads(lambda path: open(path, "rb", buffering=0).readall())),
    Case("open: for reading and writing", opened(lambda path: open(path, "r+b"))),
    Case("open: as text", load_text),
    Case("open: with an opener", opened(by_opener)),
    Case(
        "open: BufferedReader over FileIO",
        opened(lambda path: io.BufferedReader(io.FileIO(path), 16)),
    ),
    Case("open: io.open_code", opened(io.open_code)),
    Case("open: codecs.open", load_codecs),
    Case("open: readinto", loads(read_into)),
    Case("open: fileinput", loads(read_lines)),
    Case("open: urlopen of file:", opened(by_url)),
    Case("open: pathlib", loads(lambda path: __import__("pathlib").Path(path).read_bytes())),
    Case("mmap: read", by_mapping(mmap.ACCESS_READ)),
    Case("mmap: copy", by_mapping(mmap.ACCESS_COPY)),
    Case("mmap: write", by_mapping(mmap.ACCESS_WRITE)),
    Case("os: a loop of read", by_descriptor(read_loop)),
    Case("os: read and write", by_descriptor(read_loop, os.O_RDWR)),
    Case("os: pread", by_descriptor(lambda fd: os.pread(fd, 1 << 20, 0))),
    Case("os: pread, last byte first", by_descriptor(pread_backwards)),
    Case("os: readv", by_descriptor(read_vectors)),
    Case("os: preadv", by_descriptor(pread_vectors)),
    Case(
        "os: sendfile to a socket",
        by_descriptor(
            through_socket(lambda here, fd, size: os.sendfile(here.fileno(), fd, 0, size))
        ),
    ),
    Case(
        "os: sendfile to a file",
        into_copy(lambda source, target, size: os.sendfile(target, source, None, size)),
    ),
    Case("os: socket.sendfile", by_descriptor(through_socket(send_file))),
    Case(
        "os: copy_file_range",
        into_copy(lambda source, target, size: os.copy_file_range(source, target, size)),
    ),
    Case("os: splice", by_descriptor(splice_through_pipe), needs=("os.splice",)),
    Case("os: fdopen", opened(lambda path: os.fdopen(os.open(path, os.O_RDONLY), "rb"))),
    Case("os: dup", by_descriptor(dup_and_read)),
    Case("os: a descriptor above 16,384", opened(high_number)),
    Case("os: relative to a folder", opened(relative)),
    Case("os: O_PATH, again through /proc", opened(reopened)),
    Case("name: symbolic link", opened(linked(os.symlink, ".txt"))),
    Case("name: hard link", opened(linked(os.link, ".safetensors"))),
    Case("name: shutil.copyfile", opened(linked(shutil.copyfile, ".copied"))),
    Case("time: opened while empty", opened(written_later), save_reversed),
    Case("time: rewritten while open", opened(rewritten), save_reversed),
    Case("time: written and read back", opened(filled(read_and_write)), save_reversed),
    Case("time: a file without a name", opened(filled(nameless)), save_reversed),
    Case("time: memfd", opened(filled(memory_file)), save_reversed),
    Case("time: tempfile", opened(temporary), save_reversed),
]
