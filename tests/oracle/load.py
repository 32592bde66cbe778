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

import _codecs
import _operator
import _pickle
import base64
import binascii
import builtins
import codecs
import contextlib
import copyreg
import functools
import io
import json
import operator
import os
import pickle
import resource
import signal
import struct
import sys
import types
from typing import Any, BinaryIO, Iterator

ADDRESS_SPACE = 400 << 20  # on top of what the interpreter has at its start
SECONDS_PER_STREAM = 10.0
SMALL_BUFFER = 48

# Extension codes that the application itself is taken to have registered.
APPLICATION_CODES = {0xE0: ("x0", "n0"), 0xE1: ("x1", "n1.n2"), 0x1234: ("x2", "n2")}


class StubType(type):
    """The type of stubs: whatever is done to them is noted, succeeds, and gives a stub."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        NOTES.did(cls, "call")
        return Stub

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Stub

    def __setattr__(cls, name: str, value: Any) -> None:
        pass

    def __setitem__(cls, key: Any, value: Any) -> None:
        NOTES.did(cls, "setitem")

    def __getitem__(cls, key: Any) -> Any:
        return Stub

    def __iter__(cls) -> Iterator[Any]:
        return iter(())

    def __setstate__(cls, state: Any) -> None:
        NOTES.did(cls, "build")

    def append(cls, item: Any) -> None:
        NOTES.did(cls, "append")

    def extend(cls, items: Any) -> None:
        NOTES.did(cls, "append")

    def add(cls, item: Any) -> None:
        NOTES.did(cls, "add")


class Stub(metaclass=StubType):
    """Class, instance, function and container in one: a real type, so that NEWOBJ takes it."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        NOTES.did(cls, "call")
        return Stub


@functools.lru_cache(maxsize=4096)
def stub_of(module: str, name: str) -> Any:
    """A stub that knows under which name it was resolved."""
    return StubType("NamedStub", (Stub,), {"resolved_as": (module, name)})


def public(name: Any) -> Any:
    if not isinstance(name, str) or "_" in name:
        raise AttributeError(name)
    return name


def plain_getattr(owner: Any, name: str, *default: Any) -> Any:
    return getattr(owner, public(name), *default)


def plain_methodcaller(name: str, *args: Any) -> Any:
    return operator.methodcaller(public(name), *args)


# Pure functions that are really called, so that names computed by the stream come about, and the
# registry of extension codes.
REAL: dict[tuple[str, str], Any] = {
    ("builtins", "getattr"): plain_getattr,
    ("operator", "methodcaller"): plain_methodcaller,
    ("functools", "partial"): functools.partial,
    ("functools", "reduce"): functools.reduce,
}


def admit(module: str, owner: Any, names: str) -> None:
    for path in names.split():
        found = owner
        for name in path.split("."):
            found = getattr(found, name, None)
        if found is not None:
            REAL[module, path] = found


TABLES = "_inverted_registry _extension_registry _extension_cache"
STR_METHODS = "join lower upper casefold swapcase capitalize title strip lstrip replace zfill"
admit("copyreg", copyreg, "add_extension remove_extension clear_extension_cache " + TABLES)
for _module in (codecs, _codecs):
    admit(_module.__name__, _module, "encode decode")
for _module in (operator, _operator):
    admit(_module.__name__, _module, "add concat getitem itemgetter mod")
admit("base64", base64, "b64decode standard_b64decode urlsafe_b64decode decodebytes")
admit("base64", base64, "b16decode b32decode b85decode")
admit("binascii", binascii, "unhexlify a2b_hex a2b_base64")
admit("builtins", builtins, "str bytes bytearray chr slice reversed bytes.decode bytes.fromhex")
admit("builtins", builtins, " ".join(f"str.{method}" for method in STR_METHODS.split()))
admit("builtins", builtins, "str.__str__")
# Python 2's spelling of the same.
for (_name, _path), _function in list(REAL.items()):
    _old = {"copyreg": "copy_reg", "builtins": "__builtin__"}.get(_name)
    if _old:
        REAL[_old, _path] = _function


class Notes:
    """What the loaders did for one stream; each with the first loader to do so."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str, str], str] = {}
        self.loader = ""
        self.audited = False

    def saw(self, module: Any, name: Any) -> None:
        if isinstance(module, str) and isinstance(name, str):
            self.found.setdefault((module, name, "name"), self.loader)

    def did(self, stub: Any, what: str) -> None:
        resolved_as = stub.__dict__.get("resolved_as")
        if resolved_as:
            self.found.setdefault((*resolved_as, what), self.loader)


NOTES = Notes()


def find_class(self: Any, module: Any, name: Any) -> Any:
    NOTES.saw(module, name)
    if not isinstance(module, str) or not isinstance(name, str):
        return Stub
    return REAL.get((module, name)) or stub_of(module, name)


def persistent_load(self: Any, pid: Any) -> Any:
    return Stub


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
