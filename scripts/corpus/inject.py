"""inject - a payload put into a clean pickle, at every kind of place.

The clean stream is cut into opcodes without frames; the payload's opcodes are put in, memo numbers
behind them move on, and frames are made anew as a pickler makes them.
"""

from __future__ import annotations

import pickletools
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assembler import Call, Name, Style, emit, finish

CONTAINERS = {"EMPTY_LIST", "EMPTY_DICT", "MARK", "LIST", "DICT"}
PUTS = ("PUT", "BINPUT", "LONG_BINPUT")
GETS = ("GET", "BINGET", "LONG_BINGET")


@dataclass(frozen=True)
class Op:
    name: str
    argument: Any
    data: bytes


@dataclass(frozen=True)
class Host:
    """A clean pickle that ends with its STOP, in opcodes without PROTO, FRAME and STOP."""

    protocol: int
    ops: tuple[Op, ...]
    memo: int  # entries at the end
    sha: str = ""
    group: str = ""


def host_of(data: bytes, sha: str = "", group: str = "") -> Host | None:
    """None where the stream is no single pickle that can be read to its end."""
    ops: list[Op] = []
    protocol = 0
    memo = 0
    try:
        found = list(pickletools.genops(data))
    except (ValueError, IndexError, OverflowError, UnicodeDecodeError):
        return None
    ends = [place or 0 for _, _, place in found[1:]] + [len(data)]
    for (op, argument, place), end in zip(found, ends, strict=True):
        if op.name == "PROTO":
            protocol = int(argument or 0)
        elif op.name not in ("FRAME", "STOP"):
            ops.append(Op(op.name, argument, data[place or 0 : end]))
        memo += op.name == "MEMOIZE" or op.name in PUTS
    whole = len(found) > 3 and (found[-1][2] or 0) == len(data) - 1
    return Host(protocol, tuple(ops), memo, sha, group) if whole else None


def style_for(host: Host, rng: random.Random, at: int) -> tuple[Style, int]:
    """A style for opcodes at this place, and how many memo entries MEMOIZE has made before it."""
    before = host.ops[:at]
    memoized = sum(op.name == "MEMOIZE" for op in before)
    style = Style(host.protocol, rng.random() < 0.6)
    style.next_memo = (
        memoized
        if host.protocol >= 4
        else 1 + max([int(op.argument or 0) for op in host.ops if op.name in PUTS], default=-1)
    )
    if host.protocol >= 4 and any(op.name in PUTS for op in host.ops):
        style.memo = False
    return style, memoized


def moved(op: Op, first: int, by: int) -> bytes:
    """The opcode, with a memo number from `first` on moved by what came in between."""
    if not by or op.name not in GETS or int(op.argument or 0) < first:
        return op.data
    number = int(op.argument or 0) + by
    return b"h" + bytes([number]) if number < 256 else b"j" + struct.pack("<I", number)


def put_in(
    host: Host, rng: random.Random, at: int, make: Callable[[Style], list[bytes]]
) -> list[bytes]:
    style, first = style_for(host, rng, at)
    new = make(style)
    by = sum(op == b"\x94" for op in new) if host.protocol >= 4 else 0
    before = [op.data for op in host.ops[:at]]
    return [*before, *new, *(moved(op, first, by) for op in host.ops[at:])]


def dropped(node: Any) -> Callable[[Style], list[bytes]]:
    return lambda style: [*emit(node, style), b"0"]


def before(host: Host, rng: random.Random, node: Any) -> list[bytes]:
    return put_in(host, rng, 0, dropped(node))


def after(host: Host, rng: random.Random, node: Any) -> list[bytes]:
    return put_in(host, rng, len(host.ops), dropped(node))


def anywhere(host: Host, rng: random.Random, node: Any) -> list[bytes]:
    return put_in(host, rng, rng.randrange(len(host.ops)), dropped(node))


def replaces(host: Host, rng: random.Random, node: Any) -> list[bytes]:
    """The model is dropped, the call's result stands for it."""
    return put_in(host, rng, len(host.ops), lambda style: [b"0", *emit(node, style)])


def beside(host: Host, rng: random.Random, node: Any) -> list[bytes]:
    """A pair of the model and the call's result."""
    pair = b"\x86" if host.protocol > 1 else b"l"
    made = put_in(host, rng, len(host.ops), lambda style: [*emit(node, style), pair])
    return made if host.protocol > 1 else [b"(", *made]


def places(host: Host, names: tuple[str, ...]) -> list[int]:
    return [n for n, op in enumerate(host.ops) if op.name in names]


def in_list(host: Host, rng: random.Random, node: Any) -> list[bytes] | None:
    """One more item."""
    found = places(host, ("APPENDS",))
    return put_in(host, rng, rng.choice(found), lambda style: emit(node, style)) if found else None


def in_dict(host: Host, rng: random.Random, node: Any) -> list[bytes] | None:
    """One more entry of a dict, most often the state of an object."""
    found = places(host, ("SETITEMS",))
    key = rng.choice(
        ["_callback", "meta", "extra", "config", "hook", "_init", "version_", "__dict__", "x"]
    )
    return (
        put_in(host, rng, rng.choice(found), lambda s: [*emit(key, s), *emit(node, s)])
        if found
        else None
    )


def as_state(host: Host, rng: random.Random, node: Any) -> list[bytes] | None:
    """Before BUILD: the state is wrapped, so that the call is part of it."""
    found = places(host, ("BUILD",))
    pair = b"\x86"
    if not found or host.protocol < 2:
        return None
    return put_in(host, rng, rng.choice(found), lambda s: [*emit(node, s), pair])


def in_bytes(host: Host, rng: random.Random, node: Any) -> list[bytes]:
    """As the pickle that a nested loader gets."""
    inner = finish(emit(node, Style(2, False)), 2)
    loader = rng.choice(
        [("pickle", "loads"), ("_pickle", "loads"), ("torch.storage", "_load_from_bytes")]
    )
    return anywhere(host, rng, Call(Name(*loader), (inner,)))


POSITIONS: dict[str, Callable[[Host, random.Random, Any], list[bytes] | None]] = {
    "before": before,
    "after": after,
    "anywhere": anywhere,
    "replaces": replaces,
    "beside": beside,
    "in-list": in_list,
    "in-dict": in_dict,
    "as-state": as_state,
    "in-bytes": in_bytes,
}


def injected(host: Host, rng: random.Random, node: Any, position: str) -> bytes | None:
    ops = POSITIONS[position](host, rng, node)
    return finish(ops, host.protocol, rng.random() < 0.8) if ops else None
