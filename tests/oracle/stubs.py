"""stubs.py - what find_class answers: stubs that note what is done to them, and a few real ones.

Imported by load.py in every interpreter: CPython >= 3.8, standard library only.
"""

from __future__ import annotations

import _codecs
import _operator
import base64
import binascii
import builtins
import codecs
import copyreg
import functools
import operator
from typing import Any, Iterator


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


def find_class(self: Any, module: Any, name: Any) -> Any:
    NOTES.saw(module, name)
    if not isinstance(module, str) or not isinstance(name, str):
        return Stub
    return REAL.get((module, name)) or stub_of(module, name)


def persistent_load(self: Any, pid: Any) -> Any:
    return Stub
