"""generate.py - seeded generator of valid and deliberately odd pickle streams.

    for data in streams(seed, first, count): …

Stream number i depends on (seed, i) only. Names come from marker sets (modules m0..m9, names
n0..n9), so that what gets resolved is recognisable; x0..x9 stand for names that only an extension
registry knows.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import functools
import operator
import pickle
import random
import struct
import uuid
from typing import Any, Callable, Iterator

from arrays import array_ops
from frames import add_frames, straddle
from steps import COMPUTED_STEPS, REGISTRY_STEPS, STEPS, write_pickle
from writer import MODULES, NAMES, Writer

# Streams of real picklers, to be mutated.


def plain_object(rng: random.Random, depth: int = 3) -> Any:
    leaves: list[Callable[[], Any]] = [
        lambda: rng.choice(
            [None, True, 1, -5, 2**40, 1.5, "m1", "n\u00e9", b"m1", bytearray(b"x")]
        ),
        lambda: datetime.datetime(2020, 1, rng.randrange(1, 28)),
        lambda: decimal.Decimal(rng.randrange(99)) / 7,
        lambda: fractions.Fraction(rng.randrange(9), 7),
        lambda: uuid.UUID(int=rng.getrandbits(128)),
        lambda: rng.choice([len, operator.add, str.join, collections.OrderedDict, complex(1, 2)]),
        lambda: functools.partial(int, base=rng.randrange(2, 9)),
    ]
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(leaves)()
    inner = [plain_object(rng, depth - 1) for _ in range(rng.randrange(4))]
    keys = [f"n{rng.randrange(9)}" for _ in inner]
    containers: list[Callable[[], Any]] = [
        lambda: inner,
        lambda: tuple(inner),
        lambda: dict(zip(keys, inner)),
        lambda: collections.OrderedDict(zip(keys, inner)),
        lambda: collections.Counter(keys),
        lambda: frozenset(keys),
        lambda: set(keys),
        lambda: [inner, inner],
    ]
    return rng.choice(containers)()


def real_pickle(rng: random.Random) -> list[bytes]:
    protocol = rng.randrange(6)
    data = pickle.dumps(plain_object(rng), protocol)
    return [data, b"cm0\nn0\n."] if rng.random() < 0.3 else [data]


# Mutations.


def mutate(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        at = rng.randrange(len(changed) + 1)
        size = min(rng.choice([1, 1, 2, 4, 9]), len(changed) - at)
        kind = rng.randrange(6)
        if kind == 0 and size:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[at:at] = bytes([rng.choice(b"()0.12RbcisuaetoQ\x93\x94\x86\x95\x8cNKVqh\n")])
        elif kind == 2:
            del changed[at : at + size]
        elif kind == 3:
            changed[at:at] = changed[at : at + size * 4]
        elif kind == 4:
            start = rng.randrange(len(changed) + 1)
            changed[at:at] = changed[start : start + size * 4]
        elif size:
            changed[at] = rng.randrange(256)
    return bytes(changed)


# Families of streams.


def family_plain(rng: random.Random) -> list[bytes]:
    return write_pickle(Writer(rng, 0.0), STEPS, rng.randrange(2, 40))


def family_odd(rng: random.Random) -> list[bytes]:
    return write_pickle(Writer(rng, 0.06), STEPS, rng.randrange(2, 40))


def family_very_odd(rng: random.Random) -> list[bytes]:
    return write_pickle(Writer(rng, 0.3), STEPS, rng.randrange(2, 16))


def family_several(rng: random.Random) -> list[bytes]:
    """Several in a row; they may fetch from the memo of those before them."""
    w = Writer(rng, rng.choice([0.0, 0.0, 0.05]))
    ops: list[bytes] = []
    for _ in range(rng.randrange(2, 5)):
        part = write_pickle(w, STEPS, rng.randrange(2, 12))
        ops += add_frames(rng, part) if rng.random() < 0.3 else part
        if rng.random() < 0.5:
            w.memo = {}
    return add_frames(rng, ops) if rng.random() < 0.2 else ops


def family_registry(rng: random.Random) -> list[bytes]:
    return write_pickle(Writer(rng, 0.05), STEPS + REGISTRY_STEPS, rng.randrange(5, 30))


def family_computed(rng: random.Random) -> list[bytes]:
    return write_pickle(Writer(rng, 0.0), STEPS + COMPUTED_STEPS, rng.randrange(4, 30))


def family_framed(rng: random.Random) -> list[bytes]:
    return add_frames(rng, write_pickle(Writer(rng, 0.0), STEPS, rng.randrange(4, 30)))


def family_straddle(rng: random.Random) -> list[bytes]:
    return [straddle(rng, MODULES, NAMES)]


LONG_OPS = [
    b"X" + struct.pack("<I", 3000) + b"f" * 3000 + b"0",
    b"X" + struct.pack("<I", 9000) + b"f" * 9000 + b"0",
    b"I" + b"0" * 3000 + b"1\n0",
    b"I" + b" " * 3000 + b"1\n0",
    b"L" + b"0" * 9000 + b"\n0",
    b"F1." + b"0" * 3000 + b"\n0",
    b"S'" + b"\\x41" * 3000 + b"'\n0",
    b"V" + b"\\u0041" * 3000 + b"\n0",
    b"P" + b"1" * 9000 + b"\n0",
    b"Np" + b"0" * 3000 + b"7\n0",
    b"Np7\n0g" + b"0" * 3000 + b"7\n0",
    b"cm1\n" + b".".join([b"n1"] * 1500) + b"\n0",
    b"c" + b".".join([b"m1"] * 1500) + b"\nn1\n0",
    b"Vm1\nV" + b".".join([b"n1"] * 1500) + b"\n\x930",
]


def family_long(rng: random.Random) -> list[bytes]:
    """Long enough to pass several windows and buffers of a file."""
    ops = write_pickle(Writer(rng, 0.0), STEPS, rng.randrange(4, 30))
    for _ in range(rng.randrange(1, 4)):
        ops.insert(rng.randrange(len(ops) + 1), rng.choice(LONG_OPS))
    return add_frames(rng, ops) if rng.random() < 0.5 else ops


def family_arrays(rng: random.Random) -> list[bytes]:
    return array_ops(rng, MODULES, NAMES)


FAMILIES: list[tuple[int, Callable[[random.Random], list[bytes]]]] = [
    (20, family_plain),
    (20, family_odd),
    (8, family_very_odd),
    (10, family_several),
    (8, family_registry),
    (6, family_computed),
    (12, family_framed),
    (6, family_straddle),
    (2, family_long),
    (8, real_pickle),
    (5, family_arrays),
]


def stream(seed: int, number: int) -> bytes:
    rng = random.Random(f"{seed}:{number}")
    family = rng.choices([make for _, make in FAMILIES], [weight for weight, _ in FAMILIES])[0]
    data = b"".join(family(rng))
    roll = rng.random()
    if roll < 0.3:
        data = mutate(rng, data)
    elif roll < 0.4:
        data = data[: rng.randrange(len(data) + 1)]
    return data


def streams(seed: int, first: int, count: int) -> Iterator[bytes]:
    for number in range(first, first + count):
        yield stream(seed, number)
