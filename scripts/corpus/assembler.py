"""assembler - pickles written opcode by opcode, in the ways that picklers and people write them.

What a pickle shall do is a tree of nodes; `emit` turns it into a list of opcodes (one bytes object
each, so that others can be put between them), `finish` puts PROTO, FRAMEs and STOP round them.
"""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field
from typing import Any

FRAME_SIZE = 64 * 1024
PYTHON2 = {
    "builtins": "__builtin__",
    "copyreg": "copy_reg",
    "functools": "functools",
    "urllib.request": "urllib2",
    "subprocess": "subprocess",
}


@dataclass(frozen=True)
class Name:
    """A name of a module; the path may have dots (protocol 4)."""

    module: str
    path: str


@dataclass(frozen=True)
class Call:
    callee: Any
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Build:
    """BUILD of `state` on `owner`."""

    owner: Any
    state: Any


@dataclass(frozen=True)
class New:
    """NEWOBJ."""

    cls: Any
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Raw:
    """Opcodes that push one value."""

    ops: tuple[bytes, ...]


def attribute(owner: Any, name: str) -> Call:
    return Call(Name("builtins", "getattr"), (owner, name))


@dataclass
class Style:
    """How opcodes are chosen."""

    protocol: int = 4
    memo: bool = True
    framed: bool = True
    call: str = "reduce"  # or "obj", "inst"
    text: str = "plain"  # or "old": STRING, BINSTRING; "escaped": UNICODE with escapes
    name: str = "plain"  # or "global", "stack": the other opcode than the protocol's own
    next_memo: int = 0
    known: dict[str, int] = field(default_factory=dict)


def any_style(rng: random.Random) -> Style:
    protocol = rng.choice([0, 0, 1, 2, 2, 2, 3, 3, 4, 4, 4, 4, 5])
    style = Style(protocol, memo=rng.random() < 0.65, framed=rng.random() < 0.8)
    style.call = rng.choices(["reduce", "obj", "inst"], [12, 1, 1])[0]
    style.text = rng.choices(["plain", "old", "escaped"], [14, 1, 1])[0]
    style.name = rng.choices(["plain", "global", "stack"], [12, 1, 1])[0]
    return style


def put(style: Style) -> list[bytes]:
    if not style.memo:
        return []
    number, style.next_memo = style.next_memo, style.next_memo + 1
    if style.protocol >= 4:
        return [b"\x94"]
    if style.protocol == 0:
        return [b"p%d\n" % number]
    return [b"q" + bytes([number]) if number < 256 else b"r" + struct.pack("<I", number)]


def get(style: Style, number: int) -> bytes:
    if style.protocol == 0:
        return b"g%d\n" % number
    return b"h" + bytes([number]) if number < 256 else b"j" + struct.pack("<I", number)


def escaped(text: str) -> bytes:
    """Every fourth letter as an escape, which UNICODE takes back."""
    parts = []
    for place, letter in enumerate(text):
        hexed = ord(letter) < 0x10000 and (place % 4 == 1 or letter in "\n\\" or ord(letter) > 126)
        parts.append(f"\\u{ord(letter):04x}" if hexed else letter)
    return b"V" + "".join(parts).encode("raw-unicode-escape") + b"\n"


def text_op(value: str, style: Style) -> bytes:
    data = value.encode("utf-8", "surrogatepass")
    plain = value.isascii() and value.isprintable() and "\\" not in value
    if style.text == "old" and plain:
        if style.protocol == 0:
            return b"S" + repr(value).encode() + b"\n"
        if len(data) < 256:
            return b"U" + bytes([len(data)]) + data
        return b"T" + struct.pack("<i", len(data)) + data
    if style.protocol == 0 or style.text == "escaped":
        if style.text == "escaped" and value.isprintable():
            return escaped(value)
        safe = value.replace("\\", "\\u005c").replace("\n", "\\u000a").replace("\0", "\\u0000")
        safe = safe.replace("\r", "\\u000d").replace("\x1a", "\\u001a")
        return b"V" + safe.encode("raw-unicode-escape") + b"\n"
    if style.protocol >= 4 and len(data) < 256:
        return b"\x8c" + bytes([len(data)]) + data
    return b"X" + struct.pack("<I", len(data)) + data


def emit_text(value: str, style: Style) -> list[bytes]:
    if style.memo and value in style.known:
        return [get(style, style.known[value])]
    if style.memo:
        style.known[value] = style.next_memo
    return [text_op(value, style), *put(style)]


def emit_int(value: int, style: Style) -> list[bytes]:
    if style.protocol == 0:
        return [b"I%d\n" % value if -(2**31) <= value < 2**31 else b"L%dL\n" % value]
    if 0 <= value < 256:
        return [b"K" + bytes([value])]
    if 0 <= value < 65536:
        return [b"M" + struct.pack("<H", value)]
    if -(2**31) <= value < 2**31:
        return [b"J" + struct.pack("<i", value)]
    if style.protocol == 1:
        return [b"L%dL\n" % value]
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return [b"\x8a" + bytes([len(data)]) + data]


def emit_bytes(value: bytes, style: Style) -> list[bytes]:
    if style.protocol < 3:
        encode = Call(Name("_codecs", "encode"), (value.decode("latin1"), "latin1"))
        return emit(encode, style)
    short = len(value) < 256
    head = b"C" + bytes([len(value)]) if short else b"B" + struct.pack("<I", len(value))
    return [head + value, *put(style)]


def emit_name(name: Name, style: Style) -> list[bytes]:
    key = f"\0{name.module} {name.path}"
    if style.memo and key in style.known:
        return [get(style, style.known[key])]
    stacked = style.protocol >= 4 if style.name == "plain" else style.name == "stack"
    if stacked or not (name.module + name.path).isascii() or "\n" in name.module + name.path:
        ops = [*emit_text(name.module, style), *emit_text(name.path, style), b"\x93"]
    else:
        module = PYTHON2.get(name.module, name.module) if style.protocol < 3 else name.module
        ops = [f"c{module}\n{name.path}\n".encode()]
    if style.memo:
        style.known[key] = style.next_memo
    return ops + put(style)


def emit_all(values: Any, style: Style) -> list[bytes]:
    return [op for value in values for op in emit(value, style)]


def emit_tuple(values: tuple[Any, ...], style: Style) -> list[bytes]:
    if not values and style.protocol > 0:
        return [b")"]
    if 0 < len(values) < 4 and style.protocol > 1:
        return [
            *emit_all(values, style),
            b" \x85\x86\x87"[len(values) : len(values) + 1],
            *put(style),
        ]
    return [b"(", *emit_all(values, style), b"t", *put(style)]


def emit_list(values: list[Any], style: Style) -> list[bytes]:
    if style.protocol == 0:
        ops = [b"(l", *put(style)]
        for value in values:
            ops += [*emit(value, style), b"a"]
        return ops[:1] + ops[1:] if ops else ops
    ops = [b"]", *put(style)]
    if len(values) == 1:
        return [*ops, *emit(values[0], style), b"a"]
    return [*ops, b"(", *emit_all(values, style), b"e"] if values else ops


def emit_dict(values: dict[Any, Any], style: Style) -> list[bytes]:
    ops = [b"(", b"d"] if style.protocol == 0 else [b"}"]
    ops += put(style)
    single = style.protocol == 0 or len(values) == 1
    if values and not single:
        ops.append(b"(")
    for key, value in values.items():
        ops += [*emit(key, style), *emit(value, style)]
        if single:
            ops.append(b"s")
    if values and not single:
        ops.append(b"u")
    return ops


def emit_call(node: Call, style: Style) -> list[bytes]:
    callee = node.callee
    if style.call == "obj" and style.protocol > 0:
        return [b"(", *emit(callee, style), *emit_all(node.arguments, style), b"o", *put(style)]
    named = isinstance(callee, Name) and (callee.module + callee.path).isascii()
    if style.call == "inst" and named:
        line = f"i{callee.module}\n{callee.path}\n".encode()
        return [b"(", *emit_all(node.arguments, style), line, *put(style)]
    return [*emit(callee, style), *emit_tuple(node.arguments, style), b"R", *put(style)]


def emit_constant(node: Any, style: Style) -> list[bytes]:
    if node is None:
        return [b"N"]
    if isinstance(node, bool):
        old = b"I01\n" if node else b"I00\n"
        return [(b"\x88" if node else b"\x89") if style.protocol > 1 else old]
    if isinstance(node, int):
        return emit_int(node, style)
    if isinstance(node, float):
        return [b"G" + struct.pack(">d", node) if style.protocol else b"F%r\n" % node]
    if isinstance(node, str):
        return emit_text(node, style)
    if isinstance(node, bytes):
        return emit_bytes(node, style)
    raise TypeError(type(node))


def emit(node: Any, style: Style) -> list[bytes]:
    """Opcodes that leave the node's value on the stack."""
    if isinstance(node, Name):
        return emit_name(node, style)
    if isinstance(node, Call):
        return emit_call(node, style)
    if isinstance(node, Build):
        return [*emit(node.owner, style), *emit(node.state, style), b"b"]
    if isinstance(node, New):
        ops = [*emit(node.cls, style), *emit_tuple(node.arguments, style)]
        return [*ops, b"\x81" if style.protocol > 1 else b"R", *put(style)]
    if isinstance(node, Raw):
        return list(node.ops)
    if isinstance(node, tuple):
        return emit_tuple(node, style)
    if isinstance(node, list):
        return emit_list(node, style)
    if isinstance(node, dict):
        return emit_dict(node, style)
    return emit_constant(node, style)


def framed(ops: list[bytes]) -> bytes:
    """The opcodes in frames, as the C pickler makes them."""
    out, frame = [], bytearray()
    for op in [*ops, b""]:
        if frame and (not op or len(frame) >= FRAME_SIZE or len(op) >= FRAME_SIZE):
            head = b"\x95" + struct.pack("<Q", len(frame)) if len(frame) >= 4 else b""
            out.append(head + bytes(frame))
            frame.clear()
        if len(op) >= FRAME_SIZE:
            out.append(op)
        else:
            frame += op
    return b"".join(out)


def finish(ops: list[bytes], protocol: int, frames: bool = True, stop: bytes = b".") -> bytes:
    body = [*ops, stop] if stop else list(ops)
    head = b"\x80" + bytes([protocol]) if protocol > 1 else b""
    return head + (framed(body) if frames and protocol > 3 else b"".join(body))


def assemble(node: Any, style: Style) -> bytes:
    return finish(emit(node, style), style.protocol, style.framed)
