"""dumping - an object into bytes, in the ways that people save models. Runs in Python 3.8."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import random
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Dumped = tuple[bytes, str, str]  # data, suffix, notes
SUFFIXES = (".pkl", ".pickle", ".p", ".model", ".sav", ".bin", ".dat", ".pk", "", ".obj")
LARGEST = 1 << 20


class FixedTime:
    """Stands for the module time where a clock would go into a file."""

    @staticmethod
    def time() -> float:
        return 1_600_000_000.0

    @staticmethod
    def localtime(seconds: float = 0) -> tuple[int, ...]:
        return (2020, 9, 13, 12, 26, 40, 6, 257, 0)


def fix_clocks() -> None:
    """gzip and zipfile write the time of day into their headers."""
    import zipfile

    gzip.time = FixedTime  # type: ignore[attr-defined]
    zipfile.time = FixedTime  # type: ignore[attr-defined]


ADDRESSES: dict[int, int] = {}


class Text(type):
    """The type str, but numbers of ten digits and more come out counted up from a start."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, str)

    def __call__(cls, *given: Any) -> str:
        if len(given) == 1 and isinstance(given[0], int) and given[0] > 10**9:
            number = ADDRESSES.setdefault(given[0], len(ADDRESSES))
            return str(94_000_000_000_000 + 64 * number)
        return str(*given)


def fix_addresses() -> None:
    """torch's legacy format names storages by where they lie in memory; here, by their order."""
    from torch import serialization

    save: Any = serialization._legacy_save
    if save.__name__ != "_legacy_save":
        return

    def counted(*given: Any, **words: Any) -> None:
        ADDRESSES.clear()
        save(*given, **words)

    serialization._legacy_save = counted
    serialization.str = Text("str", (), {})  # type: ignore[attr-defined]


def plain(value: Any, protocol: int) -> bytes:
    return pickle.dumps(value, protocol)


def python_pickler(value: Any, protocol: int) -> bytes:
    """The pickler in Python makes frames and memo entries as the one in C, but for details."""
    out = io.BytesIO()
    pickle._Pickler(out, protocol).dump(value)
    return out.getvalue()


def by_joblib(value: Any, compress: Any, protocol: int | None) -> bytes:
    import joblib

    out = io.BytesIO()
    joblib.dump(value, out, compress=compress, protocol=protocol)
    return out.getvalue()


def by_torch(value: Any, legacy: bool, protocol: int) -> bytes:
    import torch

    fix_addresses()
    out = io.BytesIO()
    torch.save(value, out, pickle_protocol=protocol, _use_new_zipfile_serialization=not legacy)
    return out.getvalue()


def in_array(value: Any, packed: bool) -> bytes:
    import numpy

    things = numpy.empty(2, dtype=object)
    things[0] = value
    out = io.BytesIO()
    if packed:
        numpy.savez_compressed(out, things=things, size=numpy.arange(3))
    else:
        numpy.save(out, things, allow_pickle=True)
    return out.getvalue()


def by_module(module: str, value: Any, protocol: int) -> bytes:
    library: Any = __import__(module)
    if module == "dill":
        library.extend(use_dill=False)  # its ways are not for pickle.py, nor for joblib
    return bytes(library.dumps(value, protocol=protocol))


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, 6),
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zlib": lambda data: zlib.compress(data, 3),
}
COMPRESSIONS = [
    0,
    0,
    0,
    3,
    9,
    ("zlib", 3),
    ("gzip", 3),
    ("bz2", 3),
    ("lzma", 3),
    ("xz", 3),
    ("lz4", 1),
]


def way(rng: random.Random, value: Any) -> Dumped:
    """One way to save the value; what the library at hand cannot is tried again otherwise."""
    roll = rng.random()
    protocol = rng.choice([0, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4, 5, 5])
    suffix = rng.choice(SUFFIXES)
    if roll < 0.5:
        return plain(value, protocol), suffix, f"pickle {protocol}"
    if roll < 0.55:
        return python_pickler(value, protocol), suffix, f"pickle.py {protocol}"
    if roll < 0.75:
        compress, form = rng.choice(COMPRESSIONS), rng.choice([None, None, None, 2, 3, 4])
        return by_joblib(value, compress, form), ".joblib", f"joblib {compress} {form}"
    if roll < 0.8:
        name = rng.choice(sorted(PACKERS))
        return (
            PACKERS[name](plain(value, protocol)),
            rng.choice([suffix, ".gz"]),
            f"pickle in {name}",
        )
    if roll < 0.87:
        legacy = rng.random() < 0.35
        form = rng.choice([2, 2, 2, 4])
        return by_torch(value, legacy, form), rng.choice([".pt", ".pth", ".bin"]), f"torch {legacy}"
    if roll < 0.92:
        packed = rng.random() < 0.4
        return in_array(value, packed), ".npz" if packed else ".npy", "object array"
    module = rng.choice(["dill", "cloudpickle"])
    return by_module(module, value, rng.choice([2, 4, 4, 5])), suffix, module


def ways(rng: random.Random, value: Any, count: int) -> Iterator[Dumped]:
    """Up to `count` savings of the value, none larger than the corpus wants."""
    for _ in range(count):
        try:
            made = way(rng, value)
        except Exception:  # noqa: BLE001 - libraries refuse values with errors of every kind
            continue
        if len(made[0]) <= LARGEST:
            yield made
