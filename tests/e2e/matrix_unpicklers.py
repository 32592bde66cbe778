"""matrix_unpicklers - the unpicklers of the standard library, and what programs make of them.

Runs in every CPython from 3.8 on.
"""

from __future__ import annotations

import pickle
import sys
from typing import Any, Callable

from matrix_case import Case, dumps, model, write
from matrix_stdlib import read_file


class Own(pickle.Unpickler):
    """Asks its base class."""

    def find_class(self, module: str, name: str) -> Any:
        return super().find_class(module, name)

    def persistent_load(self, number: Any) -> Any:
        return number


class Sealed(pickle.Unpickler):
    """Does not ask its base class, so that no audit event tells of names."""

    def find_class(self, module: str, name: str) -> Any:
        __import__(module)
        return getattr(sys.modules[module], name)


def unpickled(unpickler: Any) -> Callable[[str], Any]:
    def load(path: str) -> Any:
        with open(path, "rb") as file:
            return unpickler(file).load()

    return load


def load_python(path: str) -> Any:
    with open(path, "rb") as file:
        return pickle._load(file)  # type: ignore[attr-defined]


def load_all(path: str) -> list[Any]:
    with open(path, "rb") as file:
        return [pickle.load(file) for _ in range(3)]


def save_several(path: str, extra: Any) -> Any:
    values = [model(None), "second", model(extra)]
    write(path, b"".join(dumps(value, path) for value in values))
    return values


def save_out_of_band(path: str, extra: Any) -> Any:
    value = [pickle.PickleBuffer(b"weights" * 100), extra]
    buffers: list[pickle.PickleBuffer] = []
    data = pickle.dumps(value, 5, buffer_callback=buffers.append)
    write(path, data)
    write(path + ".buffer", buffers[0].raw())
    return [b"weights" * 100, extra]


def load_out_of_band(path: str) -> Any:
    return pickle.loads(read_file(path), buffers=[read_file(path + ".buffer")])


CASES = [
    Case("pickle: Unpickler", unpickled(pickle.Unpickler)),
    Case("pickle: a subclass", unpickled(Own)),
    Case("pickle: find_class without super", unpickled(Sealed)),
    Case("pickle: in Python", unpickled(pickle._Unpickler)),
    Case("pickle: _load", load_python),
    Case("pickle: several in one file", load_all, save_several),
    Case(
        "pickle: buffers out of band",
        load_out_of_band,
        save_out_of_band,
        look=lambda v: [bytes(v[0]), v[1]],
    ),
]
