"""opcode_families - attacks that lie in the opcodes: errors, memo, frames, literals, several pickles."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from typing import Any

from assembler import Call, Name, Style, any_style, assemble, emit, finish, text_op
from callables import Payload, from_invented, payload
from fillers import filler, filler_value

Maker = Callable[[random.Random, Payload], bytes]


def named(rng: random.Random, first: Payload) -> tuple[Name, tuple[Any, ...]]:
    """A payload whose callee is a plain name: the one given, or another."""
    one = first
    while not (isinstance(one.node, Call) and isinstance(one.node.callee, Name)):
        one = payload(rng)
    return one.node.callee, one.node.arguments


def bare(rng: random.Random) -> Style:
    """A style that puts nothing into the memo."""
    style = any_style(rng)
    style.memo = False
    return style


def ops(rng: random.Random, one: Payload, style: Style | None = None) -> list[bytes]:
    return emit(one.node, style or bare(rng))


def loose(rng: random.Random, parts: list[bytes], stop: bytes = b".") -> bytes:
    """Parts with or without PROTO and frames."""
    protocol = rng.choice([0, 2, 3, 4, 4, 5])
    return finish(parts, protocol, rng.random() < 0.5, stop)


def text(value: str) -> bytes:
    return text_op(value, Style(2, False))


def o1(rng: random.Random, one: Payload) -> bytes:
    tail = rng.choice(
        [
            b"\xff",
            b"\xfe\xfd",
            b"X\xff\xff",
            b"\x8c\x50ab",
            b"\x00",
            b"c",
            b"I12",
            b"",
            b"q",
            b"!!!",
        ]
    )
    return loose(rng, [*ops(rng, one), tail + rng.randbytes(rng.randrange(6))], b"")


def o2(rng: random.Random, one: Payload) -> bytes:
    key = rng.choice([b"h\x63", b"g77\n", b"j\xff\xff\0\0", b"gx\n", b"g-1\n"])
    return loose(rng, [*ops(rng, one), key])


def o3(rng: random.Random, one: Payload) -> bytes:
    wrong = [b"K\x01", b"C\x01a", b"N", b"]", b"G" + b"\0" * 8, b"\x88", b")"]
    return loose(rng, [*ops(rng, one), rng.choice(wrong), rng.choice(wrong), b"\x93"])


def o4(rng: random.Random, one: Payload) -> bytes:
    array = b"\x96" + struct.pack("<Q", 3) + b"abc"
    ways = [[*ops(rng, one), array, b"2", b"\x93"], [b"\x8f", b"(", array, *ops(rng, one), b"\x90"]]
    return loose(rng, rng.choice(ways))


def o5(rng: random.Random, one: Payload) -> bytes:
    callee, arguments = named(rng, one)
    style = Style(4, False)
    start = [text_op(callee.module, style), text_op(callee.path, style), b"\x93"]
    return b"".join([*start, *emit(arguments, style), b"R", b"."])


def o6(rng: random.Random, one: Payload) -> bytes:
    callee, arguments = named(rng, one)
    kinds = [
        Style(0, False, text="old"),
        Style(2, False, text="old"),
        Style(2, False, text="escaped"),
    ]
    parts = [
        text_op(callee.module, rng.choice(kinds)),
        text_op(callee.path, rng.choice(kinds)),
        b"\x93",
    ]
    return loose(rng, [*parts, *emit(arguments, rng.choice(kinds)), b"R"])


def o7(rng: random.Random, one: Payload) -> bytes:
    callee, arguments = named(rng, one)
    bait = text(rng.choice(["math", "collections", "numpy", "torch", "json"]))
    tail = [text(callee.path), b"\x93", *emit(arguments, Style(2, False)), b"R"]
    if rng.random() < 0.5:
        return loose(
            rng,
            [text(callee.module), bait, b"0", b"p0\n", b"0", bait, b"p1\n", b"0", b"g0\n", *tail],
        )
    return loose(rng, [bait, b"q\0", b"0", text(callee.module), b"q\0", b"0", b"h\0", *tail])


def o11(rng: random.Random, one: Payload) -> bytes:
    callee, arguments = named(rng, one)
    code = rng.choice([7, 200, 300, 70000])
    register = Call(Name("copyreg", "add_extension"), (callee.module, callee.path, code))
    ext = b"\x82" + bytes([code]) if code < 256 else b"\x84" + struct.pack("<i", code)
    if 255 < code < 65536:
        ext = b"\x83" + struct.pack("<H", code)
    style = bare(rng)
    return loose(rng, [*emit(register, style), b"0", ext, *emit(arguments, style), b"R"])


def o12(rng: random.Random, one: Payload) -> bytes:
    callee, arguments = named(rng, one)
    push = rng.choice([[b"Pstorage\n"], [b"\x97"], [text("x"), b"Q"]])
    return loose(
        rng,
        [
            text(callee.module),
            *push,
            b"0",
            text(callee.path),
            b"\x93",
            *emit(arguments, Style(2, False)),
            b"R",
        ],
    )


def o13(rng: random.Random, one: Payload) -> bytes:
    clean = filler(rng)
    ways = [[*ops(rng, one), b"0", *clean], [*clean, *ops(rng, one), b"0"]]
    ways += [[*clean, b"(", *ops(rng, one), b"1"], [b"(", *ops(rng, one), b"1", *clean]]
    return loose(rng, rng.choice(ways))


def o14(rng: random.Random, one: Payload) -> bytes:
    """Behind the frame's end: bytes of an argument for one reader, opcodes for the other."""
    kept = rng.randrange(3, 9)
    hidden = b"".join(ops(rng, one)) + b"0"
    if len(hidden) + kept > 250:
        hidden = b"".join(emit(Call(Name("os", "system"), ("id",)), Style(2, False))) + b"0"
    fill = rng.choice([10, 3000, 1 << 17])
    size = 20
    inside = b"B" + struct.pack("<I", fill) + b"f" * fill + b"0\x8c" + bytes([size])
    behind = b"C" + bytes([kept - 2 + len(hidden)]) + b"N" * (kept - 2) + hidden
    head = b"\x80\x04\x95" + struct.pack("<Q", len(inside) + kept)
    return head + inside + b"a" * size + behind + b"0N."


def o15(rng: random.Random, one: Payload) -> bytes:
    odd = rng.choice([b"I0x10\n", b"L0b101L\n", b"I0o17\n", b"L0xffL\n", b"I +7\n"])
    return loose(rng, [odd, b"0", *ops(rng, one)])


def o16(rng: random.Random, one: Payload) -> bytes:
    odd = rng.choice([[b"I1\0junk\n"], [b"N", b"p1\0x\n", b"0", b"g1\0\n"], [b"L5\0zz\n"]])
    return loose(rng, [*odd, b"0", *ops(rng, one)])


def o17(rng: random.Random, one: Payload) -> bytes:
    odd = rng.choice([b"S'\xc3\xa9'\n", b"U\x02\xc3\xa9", b"T\2\0\0\0\xff\xfe"])
    return loose(rng, [odd, b"0", *ops(rng, one)])


def o18(rng: random.Random, one: Payload) -> bytes:
    ways = [
        [b"]", b"p0\n", b"0", b"}", b"p0\n", b"0", *ops(rng, one)],
        [b"]", b"(", b"}", *ops(rng, one), b"N"],
    ]
    return loose(
        rng, rng.choice([*ways, [b"K\x01", b"K\x02", *ops(rng, one)], [b"(", b"(", *ops(rng, one)]])
    )


def o19(rng: random.Random, one: Payload) -> bytes:
    callee, arguments = named(rng, one)
    style = bare(rng)
    ways = [
        [*ops(rng, one), b"e"],
        [b"N", b"p100000\n", b"0", *ops(rng, one), b"p100000\n", b"0", b"g100000\n"],
        [b"N", b"p99999999999999999999\n", b"0", *ops(rng, one)],
        [*emit(callee, style), *emit(list(arguments), Style(2, False)), b"R"],
        [b"cargparse\nNamespace\n", b")", b"\x81", b"]", b"b", *ops(rng, one)],
        [
            b"\x95" + struct.pack("<Q", 13),
            b"N0",
            b"\x95" + struct.pack("<Q", 4),
            b"N0",
            *ops(rng, one),
        ],
    ]
    return b"".join([*rng.choice(ways), b"."])


def o20(rng: random.Random, one: Payload) -> bytes:
    first = b"".join(finish(filler(rng), rng.choice([0, 2, 4])) for _ in range(rng.randrange(1, 5)))
    return first + assemble(one.node, any_style(rng))


def o34(rng: random.Random, one: Payload) -> bytes:
    rare = [
        [b"\x96" + struct.pack("<Q", 1) + b"x"],
        [b"F1.5\n"],
        [b"G" + b"\0" * 8],
        [b"\x8a\x01\x05"],
    ]
    rare += [
        [b"\x97", b"\x98"],
        [b"\x8b\1\0\0\0\5"],
        [b"\x8d" + struct.pack("<Q", 2) + b"ab"],
        [b"\x8f", b"(", b"\x90"],
    ]
    chosen = [op for way in rng.sample(rare, rng.randrange(1, 4)) for op in [*way, b"0"]]
    return loose(rng, [*chosen, *ops(rng, one)])


def o36(rng: random.Random, one: Payload) -> bytes:
    ways = [[text("storage"), b"K\x00", b"\x86", b"Q"], [b"Pid7\n"], [b"\x97"]]
    return loose(rng, [*rng.choice(ways), b"0", *ops(rng, one), *rng.choice(ways), b"\x86"])


def o37(rng: random.Random, one: Payload) -> bytes:
    ways = [
        [*ops(rng, one), b"\x80\x02"],
        [*ops(rng, one), b"\x80\x09"],
        [b"\x80\x02", *ops(rng, one), b"\x80\xff"],
    ]
    return b"".join([*rng.choice(ways), b"."])


def o38(rng: random.Random, one: Payload) -> bytes:
    """A payload somewhere in much that is harmless."""
    count = rng.choice([300, 1000, 3000])
    big = {f"layer.{n}.weight": [rng.random() for _ in range(4)] for n in range(count)}
    style = bare(rng)
    parts = emit(big, style)
    at = rng.choice([0, len(parts)])
    return (
        finish([*parts[:at], *ops(rng, one, style), b"0", *parts[at:]], style.protocol)
        if not at
        else finish(
            [*parts, *ops(rng, one, style), b"\x86" if style.protocol > 1 else b"0"], style.protocol
        )
    )


def o39(rng: random.Random, one: Payload) -> bytes:
    """A function of a module that comes with the model; the arguments say little."""
    other = from_invented(rng)
    callee = other.node.callee if isinstance(other.node.callee, Name) else Name("my_module", "load")
    arguments: Any = rng.choice([(), ("x",), (1,), ({},), (filler_value(rng),)])
    return assemble(Call(callee, arguments), any_style(rng))


FAMILIES: dict[str, Maker] = {
    name.upper(): make
    for name, make in list(globals().items())
    if name[:1] == "o" and name[1:].isdigit()
}
