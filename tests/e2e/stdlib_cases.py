"""stdlib_cases - every way in which the standard library gets a pickle out of a file.

A case is one row. `container` says what the pickle lies in: a row whose container the scanner
learns to read is added then, with the function that packs it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent


def bare(pickled: bytes, path: Path) -> Path:
    path.write_bytes(pickled)
    return path


def dumb_shelf(pickled: bytes, path: Path) -> Path:
    """What dbm.dumb keeps for one key: the values in .dat, where they lie in .dir."""
    path.with_suffix(".dir").write_text(f"'key', (0, {len(pickled)})\n")
    return bare(pickled, path.with_suffix(".dat"))


@dataclass(frozen=True)
class Case:
    name: str
    body: str  # of load(path)
    container: str = "pickle"
    pack: Callable[[bytes, Path], Path] = bare  # writes the pickle, returns the file to load

    @property
    def load(self) -> str:
        return dedent(self.body).strip()


CASES = (
    Case(
        "pickle.load",
        """
        import pickle
        with open(path, "rb") as file:
            return pickle.load(file)
        """,
    ),
    Case(
        "pickle.loads of a read file",
        """
        import pickle
        with open(path, "rb") as file:
            return pickle.loads(file.read())
        """,
    ),
    Case(
        "Unpickler",
        """
        import pickle
        with open(path, "rb") as file:
            return pickle.Unpickler(file).load()
        """,
    ),
    Case(
        "Unpickler in Python",
        """
        import pickle
        with open(path, "rb") as file:
            return pickle._Unpickler(file).load()
        """,
    ),
    Case(
        "Unpickler whose find_class does not call super",
        """
        import importlib, pickle
        class Loader(pickle.Unpickler):
            def find_class(self, module, name):
                return getattr(importlib.import_module(module), name)
        with open(path, "rb") as file:
            return Loader(file).load()
        """,
    ),
    Case(
        "pathlib.read_bytes",
        """
        import pathlib, pickle
        return pickle.loads(pathlib.Path(path).read_bytes())
        """,
    ),
    Case(
        "mmap",
        """
        import mmap, pickle
        with open(path, "rb") as file:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
                return pickle.loads(view)
        """,
    ),
    Case(
        "io.open without a buffer",
        """
        import io, pickle
        with io.open(path, "rb", buffering=0) as file:
            return pickle.loads(file.readall())
        """,
    ),
    Case(
        "FileIO under a BufferedReader",
        """
        import io, pickle
        with io.BufferedReader(io.FileIO(path), 16) as file:
            return pickle.load(file)
        """,
    ),
    Case(
        "readinto",
        """
        import os, pickle
        buffer = bytearray(os.stat(path).st_size)
        with open(path, "rb") as file:
            file.readinto(buffer)
        return pickle.loads(buffer)
        """,
    ),
    Case(
        "open for reading and writing",
        """
        import pickle
        with open(path, "r+b") as file:
            return pickle.load(file)
        """,
    ),
    Case(
        "open as text",
        """
        import pickle
        with open(path, encoding="latin-1", newline="") as file:
            return pickle.loads(file.read().encode("latin-1"))
        """,
    ),
    Case(
        "codecs.open",
        """
        import codecs, pickle, warnings
        warnings.simplefilter("ignore")
        with codecs.open(path, "rb") as file:
            return pickle.load(file)
        """,
    ),
    Case(
        "os.open and a loop of os.read",
        """
        import os, pickle
        fd = os.open(path, os.O_RDONLY)
        parts = []
        while True:
            part = os.read(fd, 7)
            if not part:
                break
            parts.append(part)
        os.close(fd)
        return pickle.loads(b"".join(parts))
        """,
    ),
    Case(
        "os.pread",
        """
        import os, pickle
        fd = os.open(path, os.O_RDONLY)
        data = os.pread(fd, 1 << 20, 0)
        os.close(fd)
        return pickle.loads(data)
        """,
    ),
    Case(
        "os.readv",
        """
        import os, pickle
        fd = os.open(path, os.O_RDONLY)
        parts = [bytearray(10), bytearray(1 << 20)]
        size = os.readv(fd, parts)
        os.close(fd)
        return pickle.loads(b"".join(parts)[:size])
        """,
    ),
    Case(
        "os.fdopen",
        """
        import os, pickle
        with os.fdopen(os.open(path, os.O_RDONLY), "rb") as file:
            return pickle.load(file)
        """,
    ),
    Case(
        "os.open relative to a directory",
        """
        import os, pickle
        folder = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
        try:
            fd = os.open(os.path.basename(path), os.O_RDONLY, dir_fd=folder)
        finally:
            os.close(folder)
        with open(fd, "rb") as file:
            return pickle.load(file)
        """,
    ),
    Case(
        "opened again through /proc/self/fd",
        """
        import os, pickle
        fd = os.open(path, os.O_PATH)
        try:
            with open("/proc/self/fd/%d" % fd, "rb") as file:
                return pickle.load(file)
        finally:
            os.close(fd)
        """,
    ),
    Case(
        "symbolic link with another ending",
        """
        import os, pickle
        link = path + ".txt"
        os.symlink(path, link)
        with open(link, "rb") as file:
            return pickle.load(file)
        """,
    ),
    Case(
        "a copy",
        """
        import pickle, shutil
        shutil.copyfile(path, path + ".copy")
        with open(path + ".copy", "rb") as file:
            return pickle.load(file)
        """,
    ),
    Case(
        "a thread",
        """
        import concurrent.futures, pickle
        def work():
            with open(path, "rb") as file:
                return pickle.load(file)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(work).result()
        """,
    ),
    Case(
        "a forked process",
        """
        import multiprocessing, pickle
        def work(pipe):
            try:
                with open(path, "rb") as file:
                    pipe.send(pickle.load(file))
            except Exception as error:
                pipe.send(error)
        here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        child = context.Process(target=work, args=(there,))
        child.start()
        value = here.recv()
        child.join()
        if isinstance(value, Exception):
            raise value
        return value
        """,
    ),
    Case(
        "shelve",
        """
        import dbm.dumb, os, shelve
        with shelve.Shelf(dbm.dumb.open(os.path.splitext(path)[0], "r")) as shelf:
            return shelf["key"]
        """,
        pack=dumb_shelf,
    ),
)
