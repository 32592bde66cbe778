"""writer.py - writes opcodes of a generated stream and follows, roughly, what they leave behind."""

from __future__ import annotations

import random
import struct
from typing import Callable

MODULES = [f"m{digit}" for digit in range(10)]
NAMES = [f"n{digit}" for digit in range(10)]
PYTHON2 = [
    ("__builtin__", "getattr"),
    ("__builtin__", "xrange"),
    ("copy_reg", "_reconstructor"),
    ("cPickle", "loads"),
    ("commands", "getoutput"),
    ("StringIO", "StringIO"),
    ("urllib", "urlopen"),
    ("itertools", "izip"),
    ("UserDict", "IterableUserDict"),
]
ODD_TEXT = ["", " ", "m 1", "m1\r", "m\u00e9", "\u043e\u0455", "m\x00x", "m1\u200b", "\ud800"]
ODD_TEXT += [
    "m\\u0031",
    "m1.n1",
    ".n1",
    "n1.",
    "n1..n2",
    "<locals>",
    "\U0001f40d",
    "'m1'",
    '"n1',
    "m1\t",
]

INTEGER_FORMS = ["{}", "+{}", " {}", "{} ", "\t{}", "{:#x}", "{:#o}", "{:#b}", "0{}", "{}\x00junk"]
INTEGER_FORMS += [
    "{}\r",
    "-{}",
    "{}L",
    "{}.0",
    "0_{}",
    "{:X}",
    "0X{:X}",
    "--{}",
    "{}\x0b",
    "",
    "\xa0{}",
]


def binary(opcode: int, text: bytes, width: str) -> bytes:
    return bytes([opcode]) + struct.pack(width, len(text)) + text


class Writer:
    """Writes opcodes and follows, roughly, what they leave on the stack and in the memo."""

    def __init__(self, rng: random.Random, oddity: float) -> None:
        self.rng = rng
        self.oddity = oddity  # how often the state of the machine is ignored
        self.ops: list[bytes] = []
        self.stack: list[str] = []
        self.marks: list[int] = []
        self.memo: dict[int, str] = {}
        self.codes: list[int] = [0xE0, 0xE1, 0x1234, 9]

    # What is there.

    def odd(self) -> bool:
        return self.rng.random() < self.oddity

    def floor(self) -> int:
        return self.marks[-1] if self.marks else 0

    def has(self, *kinds: str) -> bool:
        """Whether the topmost items, above the last mark, are of these kinds ("" is any)."""
        top = self.stack[self.floor() :][-len(kinds) :]
        return len(top) == len(kinds) and all(k in ("", t) for k, t in zip(kinds, top))

    def above_mark(self) -> int:
        return len(self.stack) - self.marks[-1] if self.marks else -1

    # What changes.

    def emit(self, op: bytes, pops: int = 0, push: str = "") -> None:
        self.ops.append(op)
        if pops:
            del self.stack[max(len(self.stack) - pops, 0) :]
        if push:
            self.stack.append(push)
        while self.marks and self.marks[-1] > len(self.stack):
            self.marks.pop()

    def emit_marked(self, op: bytes, push: str = "") -> None:
        """An opcode that takes everything above the last mark."""
        self.emit(op, len(self.stack) - self.marks.pop() if self.marks else 0, push)

    def mark(self) -> None:
        self.ops.append(b"(")
        self.marks.append(len(self.stack))

    # Texts and numbers.

    def module(self) -> str:
        return self.rng.choice(ODD_TEXT) if self.odd() else self.rng.choice(MODULES)

    def name(self) -> str:
        roll = self.rng.random()
        if roll < 0.15:
            return ".".join(self.rng.sample(NAMES, 2))
        return self.rng.choice(ODD_TEXT) if self.odd() else self.rng.choice(NAMES)

    def names(self) -> tuple[str, str]:
        if self.rng.random() < 0.08:
            return self.rng.choice(PYTHON2)
        return self.module(), self.name()

    def index(self) -> int:
        if self.memo and not self.odd():
            return self.rng.choice(list(self.memo))
        if self.odd():
            return self.rng.choice(
                [-1, 255, 256, 1000, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 10**30]
            )
        return self.rng.randrange(12)

    def integer(self, value: int) -> bytes:
        form = self.rng.choice(INTEGER_FORMS) if self.odd() else "{}"
        return form.format(value).encode("latin1")


Step = tuple[int, Callable[[Writer], bool], Callable[[Writer], None]]


def encode_line(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass").replace(b"\n", b"")


def put_text(w: Writer, text: str) -> None:
    """Pushes a text by one of the opcodes that can."""
    data = text.encode("utf-8", "surrogatepass")
    raw = text.encode("raw-unicode-escape", "surrogatepass").replace(b"\n", b"\\u000a")
    forms: list[Callable[[], bytes]] = [
        lambda: binary(0x8C, data, "<B"),
        lambda: binary(0x8C, data, "<B"),
        lambda: b"X" + struct.pack("<I", len(data)) + data,
        lambda: binary(0x8D, data, "<Q"),
        lambda: b"V" + raw + b"\n",
        lambda: b"V" + b"".join(unicode_escape(w.rng, letter) for letter in text) + b"\n",
        lambda: b"S" + quoted(w, data) + b"\n",
        lambda: b"T" + struct.pack("<I", len(data)) + data,
        lambda: b"U" + struct.pack("<B", len(data)) + data,
    ]
    w.emit(w.rng.choice(forms)(), push="str")


def unicode_escape(rng: random.Random, letter: str) -> bytes:
    if rng.random() < 0.5 or ord(letter) > 0xFFFF:
        return b"\\U%08x" % ord(letter)
    return b"\\u%04x" % ord(letter)


def quoted(w: Writer, data: bytes) -> bytes:
    """A STRING argument, with escapes."""
    quote = w.rng.choice([b"'", b'"'])
    parts = []
    for byte in data:
        plain = bytes([byte])
        if byte < 0x20 or byte == 0x7F or plain in (quote, b"\\"):
            parts.append(b"\\x%02x" % byte)
        elif w.rng.random() < 0.2:
            parts.append(w.rng.choice([b"\\x%02x" % byte, b"\\%03o" % byte, b"\\%o" % byte]))
        else:
            parts.append(plain)
    body = b"".join(parts)
    if not w.odd():
        return quote + body + quote
    odd = [body, quote + body, quote + body + quote + b" ", quote + body + b"\\" + quote, quote]
    odd += [quote + b"\\q" + body + quote, quote + body + b"\\400" + quote, quote + quote]
    return w.rng.choice(odd)
