"""frames.py - FRAME opcodes for generated streams: right, wrong, overlapping, straddled."""

from __future__ import annotations

import random
import struct


def frame(size: int) -> bytes:
    return b"\x95" + struct.pack("<Q", size)


def add_frames(rng: random.Random, ops: list[bytes]) -> list[bytes]:
    """Puts one to three frames before opcodes; most lengths end on an opcode, some do not."""
    framed = list(ops)
    for _ in range(rng.choice([1, 1, 2, 3])):
        first = rng.randrange(len(framed) + 1)
        last = rng.choice([len(framed), rng.randrange(first, len(framed) + 1)])
        size = sum(len(op) for op in framed[first:last])
        if rng.random() < 0.35:
            size = max(0, size + rng.choice([-9, -3, -2, -1, 1, 2, 10, 1000, 1 << 40, 1 << 63]))
        framed.insert(first, frame(size & 0xFFFFFFFFFFFFFFFF))
    return framed


def call(rng: random.Random, modules: list[str], names: list[str]) -> bytes:
    module, name = rng.choice(modules), rng.choice(names)
    if rng.random() < 0.5:
        return f"c{module}\n{name}\n".encode() + b")R0"
    return f"\x8c\x02{module}\x8c\x02{name}".encode("latin1") + b"\x93)R0"


def straddle(rng: random.Random, modules: list[str], names: list[str]) -> bytes:
    """Arguments that cross the end of their frame, with other opcodes behind for each reading.

    A reader that keeps to frames drops what is left of the frame and takes the whole argument
    from behind it; one that does not goes on in a line. With `kept` bytes of the argument inside
    the frame, the first goes on `kept` bytes further than the second.
    """
    data = b"\x80\x04"
    for _ in range(rng.choice([1, 1, 2, 3])):
        hidden = b"".join(call(rng, modules, names) for _ in range(rng.randrange(1, 3)))
        shown = call(rng, modules, names)
        kept = rng.randrange(2, 24)
        if rng.random() < 0.5:
            behind = b"C" + bytes([kept - 2 + len(hidden)]) + b"N" * (kept - 2) + hidden
        else:
            kept = len(shown)
            behind = shown
        size = kept + rng.randrange(30)
        header = rng.choice([b"\x8c" + bytes([size]), b"X" + struct.pack("<I", size)])
        before = rng.choice([b"", b"", b"N.", b"N.\x80\x04"])  # the frame may hold a STOP
        inside = b"N0" * rng.randrange(60) + before + header
        data += frame(len(inside) + kept) + inside + b"a" * size + behind + b"0N"
        if rng.random() < 0.3:
            data += call(rng, modules, names)
    return data + b"."
