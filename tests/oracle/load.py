"""load.py - loads streams with the unpicklers of this interpreter and tells what they do.

Any CPython >= 3.8, standard library only. Input: records of a little-endian u32 length and that
many bytes, from FILE (skipping the first START) or from standard input ("-"). Output: one line a
record, a JSON list of [module, name, what, loader], both names as hex of their UTF-8; `what` is
"name" where find_class is asked for it, else what is done to it: "call", "build", "append",
"setitem" or "add". What find_class answers is inert, so nothing that a stream names is ever
imported or called, but for the few pure functions of REAL.

    python load.py FILE START [joblib]

With "joblib", joblib's unpickler (which takes array bytes out of the stream) is used as well.
"""

from __future__ import annotations

import _pickle
import builtins
import contextlib
import copyreg
import io
import json
import os
import pickle
import resource
import signal
import struct
import sys
import types
from typing import Any, BinaryIO, Iterator

# Isolated mode leaves the script's folder out.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from stubs import NOTES, Stub, admit, find_class, persistent_load

ADDRESS_SPACE = 400 << 20  # on top of what the interpreter has at its start
SECONDS_PER_STREAM = 10.0
SMALL_BUFFER = 48

# Extension codes that the application itself is taken to have registered.
APPLICATION_CODES = {0xE0: ("x0", "n0"), 0xE1: ("x1", "n1.n2"), 0x1234: ("x2", "n2")}

CUnpickler = type(
    "CUnpickler",
    (_pickle.Unpickler,),
    {"find_class": find_class, "persistent_load": persistent_load},
)
PyUnpickler = type(
    "PyUnpickler",
    (pickle._Unpickler,),
    {"find_class": find_class, "persistent_load": persistent_load},
)


class StubModule(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        return Stub


def audit(event: str, args: tuple[Any, ...]) -> None:
    """For loads(), whose find_class cannot be replaced: nothing but stub modules gets imported."""
    if event != "pickle.find_class" or not NOTES.audited:
        return
    module, name = args[0], args[1]
    NOTES.saw(module, name)
    if not isinstance(sys.modules.get(module), StubModule):
        raise ImportError(module)


def install_audit() -> None:
    for letter in "mx":
        for digit in "0123456789":
            sys.modules[letter + digit] = StubModule(letter + digit)
    sys.addaudithook(audit)


class Loader:
    """One way to load: which unpickler, from what, and with what the application gives it."""

    def __init__(self, unpickler: str, source: str, fresh: bool = False, **given: Any) -> None:
        self.make = CUnpickler if unpickler == "C" else PyUnpickler
        self.source = source
        self.fresh = fresh
        self.extensions = bool(given.pop("extensions", False))
        self.buffers = bool(given.pop("buffers", False))
        self.given = given
        extras = [f"{key}={value}" for key, value in given.items()]
        extras += [word for word in ("fresh", "extensions", "buffers") if getattr(self, word)]
        self.label = " ".join([unpickler, source, *extras])

    def load(self, data: bytes, fd: int) -> None:
        NOTES.loader = self.label
        reset_registry(self.extensions)
        if self.source == "joblib":
            load_joblib(data)
            return
        given = dict(self.given)
        if self.buffers:
            given["buffers"] = [bytearray(b"m1"), b"n1", bytearray(8), b"", bytearray(1)] * 4
        if self.source == "loads":
            self.load_memory(data, given)
            return
        file = open_source(self.source, data, fd)
        try:
            unpickler = self.make(file, **given)
            while True:
                unpickler.load()
                if self.fresh:
                    unpickler = self.make(file, **given)
        except Exception:  # noqa: BLE001 - any error is how a load ends
            pass

    def load_memory(self, data: bytes, given: dict[str, Any]) -> None:
        NOTES.audited = True
        try:
            _pickle.loads(data, **given)
        except Exception:  # noqa: BLE001
            pass
        finally:
            NOTES.audited = False


JOBLIB_UNPICKLERS: list[Any] = []


def admit_joblib() -> None:
    """joblib's unpickler over our find_class; what makes wrappers and dtypes is really called."""
    import joblib.numpy_pickle
    import numpy

    admit("joblib.numpy_pickle", joblib.numpy_pickle, "NumpyArrayWrapper")
    admit("joblib", joblib, "numpy_pickle.NumpyArrayWrapper")
    admit("numpy", numpy, "ndarray dtype float64 int32 bool_")
    admit("copyreg", copyreg, "__newobj__ _reconstructor")
    admit("builtins", builtins, "object")
    own = {"find_class": find_class, "persistent_load": persistent_load}
    JOBLIB_UNPICKLERS.append(type("Joblib", (joblib.numpy_pickle.NumpyUnpickler,), own))


def load_joblib(data: bytes) -> None:
    file = io.BytesIO(data)
    unpickler = JOBLIB_UNPICKLERS[0]("", file, ensure_native_byte_order=True)
    with contextlib.suppress(Exception):
        unpickler.load()


def reset_registry(application: bool) -> None:
    for table in ("_extension_registry", "_inverted_registry", "_extension_cache"):
        getattr(copyreg, table).clear()
    if application:
        for code, (module, name) in APPLICATION_CODES.items():
            copyreg.add_extension(module, name, code)


def open_source(source: str, data: bytes, fd: int) -> Any:
    if source == "BytesIO":
        return io.BytesIO(data)
    os.lseek(fd, 0, os.SEEK_SET)
    raw = io.FileIO(fd, "rb", closefd=False)
    if source == "raw":
        return raw
    if source == "file-small":
        return io.BufferedReader(raw, buffer_size=SMALL_BUFFER)
    return io.BufferedReader(raw)


ALWAYS = [
    Loader("C", "BytesIO"),
    Loader("C", "file"),
    Loader("C", "file-small"),
    Loader("C", "loads"),
    Loader("C", "BytesIO", fresh=True),
    Loader("C", "file", fresh=True),
    Loader("Python", "BytesIO"),
    Loader("Python", "BytesIO", fresh=True),
]
# The same code paths as others of ALWAYS, so on a sample only.
SAMPLED = [
    Loader("C", "raw"),
    Loader("Python", "file"),
    Loader("Python", "raw"),
    Loader("C", "file-small", fresh=True),
]
ENCODINGS: list[dict[str, Any]] = [
    {"encoding": "utf-8"},
    {"encoding": "latin1"},
    {"encoding": "bytes"},
    {"errors": "ignore"},
]
ENCODED = [
    Loader(unpickler, source, **given)
    for given in ENCODINGS
    for unpickler, source in (("C", "BytesIO"), ("C", "file"), ("Python", "BytesIO"))
]
BUFFERED = [
    Loader(unpickler, source, buffers=True)
    for unpickler, source in (
        ("C", "BytesIO"),
        ("C", "file"),
        ("C", "loads"),
        ("Python", "BytesIO"),
    )
]
EXTENDED = [
    Loader(unpickler, source, extensions=True)
    for unpickler, source in (("C", "BytesIO"), ("C", "file"), ("Python", "BytesIO"))
]


def loaders_for(data: bytes, index: int) -> list[Loader]:
    """Those that can differ on these bytes."""
    chosen = list(ALWAYS)
    if index % 8 == 0:
        chosen += SAMPLED
    if any(opcode in data for opcode in b"STU"):
        chosen += ENCODED
    if 0x97 in data:
        chosen += BUFFERED
    if any(opcode in data for opcode in b"\x82\x83\x84"):
        chosen += EXTENDED
    if JOBLIB_UNPICKLERS and b"NumpyArrayWrapper" in data:
        chosen.append(Loader("Python", "joblib"))
    return chosen


def notes_of(data: bytes, index: int, fd: int) -> list[list[str]]:
    os.ftruncate(fd, 0)
    os.pwrite(fd, data, 0)
    NOTES.found = {}
    for loader in loaders_for(data, index):
        loader.load(data, fd)
    return [
        [hex_of(module), hex_of(name), what, loader]
        for (module, name, what), loader in NOTES.found.items()
    ]


def hex_of(text: str) -> str:
    return text.encode("utf-8", "surrogatepass").hex()


def records(file: BinaryIO) -> Iterator[bytes]:
    while len(head := file.read(4)) == 4:
        yield file.read(struct.unpack("<I", head)[0])


def main() -> None:
    path, start = sys.argv[1], int(sys.argv[2])
    file = sys.stdin.buffer if path == "-" else open(path, "rb")
    if sys.argv[3:] == ["joblib"]:
        admit_joblib()
    with open("/proc/self/statm") as statm:
        limit = int(statm.read().split()[0]) * resource.getpagesize() + ADDRESS_SPACE
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.setrecursionlimit(2000)
    install_audit()
    fd = os.memfd_create("stream")
    for index, data in enumerate(records(file)):
        if index < start:
            continue
        signal.setitimer(signal.ITIMER_REAL, SECONDS_PER_STREAM)
        line = json.dumps(notes_of(data, index, fd))
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


main()
