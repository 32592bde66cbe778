"""computed.py - names that a stream computes by calling pure functions on constants."""

from __future__ import annotations

import base64
import codecs
import random
from typing import Any, Callable

from writer import MODULES, NAMES, Writer, binary, put_text

# An argument of a call: a text, bytes, number, list, None, or something that pushes itself.
Argument = Any

CODECS = ["utf-8", "ascii", "latin1", "utf-7", "utf-16", "utf-16-le", "utf-32", "utf-8-sig"]
CODECS += ["unicode_escape", "raw_unicode_escape", "cp037", "cp1252", "punycode", "idna", "UTF8"]


def push(w: Writer, value: Argument) -> None:
    if callable(value):
        value(w)
    elif value is None:
        w.emit(b"N", push="none")
    elif isinstance(value, str):
        put_text(w, value)
    elif isinstance(value, bytes):
        opcode, width = w.rng.choice([(0x43, "<B"), (0x42, "<I"), (0x8E, "<Q"), (0x96, "<Q")])
        w.emit(binary(opcode, value, width), push="bytes")
    elif isinstance(value, int):
        w.emit(b"I%d\n" % value, push="int")
    else:
        w.mark()
        for item in value:
            push(w, item)
        w.emit_marked(b"l" if isinstance(value, list) else b"t", "list")


def call(w: Writer, module: str, name: str, *args: Argument) -> None:
    """Calls a global, by one of the opcodes that can."""
    path = f"{module}\n{name}\n".encode()
    form = w.rng.randrange(4)
    if form == 0 and "." not in name:
        w.mark()
        for arg in args:
            push(w, arg)
        w.emit_marked(b"i" + path, "str")
    elif form == 1:
        w.mark()
        w.emit(b"c" + path, push="stub")
        for arg in args:
            push(w, arg)
        w.emit_marked(b"o", "str")
    else:
        w.emit(b"c" + path, push="stub")
        result(w, *args)


def result(w: Writer, *args: Argument) -> None:
    """Calls what is on the stack."""
    push(w, tuple(args))
    w.emit(b"R", 2, "str")


def later(function: Callable[..., None], *args: Any) -> Callable[[Writer], None]:
    return lambda w: function(w, *args)


def by_codec(w: Writer, text: str) -> None:
    codec = w.rng.choice(CODECS)
    data = text.encode(codec)
    if codec.endswith("escape") and w.rng.random() < 0.7:
        data = "".join(f"\\u{ord(letter):04x}" for letter in text).encode()
    if codec == "utf-7" and w.rng.random() < 0.7:
        coded = base64.b64encode(text.encode("utf-16-be")).rstrip(b"=")
        data = b"+" + coded + b"-"
    forms: list[tuple[str, str, list[Argument]]] = [
        ("_codecs", "decode", [data, codec]),
        ("codecs", "decode", [data, codec]),
        ("builtins", "str", [data, codec]),
        ("builtins", "bytes.decode", [data, codec]),
        ("builtins", "str", [data, codec, "ignore"]),
    ]
    module, name, args = w.rng.choice(forms)
    call(w, module, name, *args)


def by_transform(w: Writer, text: str) -> None:
    """str to str, or bytes that are decoded then."""
    if w.rng.random() < 0.3:
        call(
            w, "_codecs", w.rng.choice(["encode", "decode"]), codecs.encode(text, "rot13"), "rot13"
        )
        return
    name = w.rng.choice(["hex", "base64", "quopri", "zlib", "bz2", "uu"])
    data = codecs.encode(text.encode(), name)
    call(w, "builtins", "str", later(call, "_codecs", "decode", data, name), "ascii")


def with_junk(rng: random.Random, data: bytes) -> bytes:
    """Base64 with characters that a lenient decoder drops, or takes for the end."""
    changed = bytearray(data)
    for _ in range(rng.randrange(3)):
        at = rng.randrange(len(changed) + 1)
        changed[at:at] = rng.choice([b"\n", b"-", b"_", b"!", b"=", b" ", b"\xff", b"=="])
    return bytes(changed)


def by_base64(w: Writer, text: str) -> None:
    data = with_junk(w.rng, base64.b64encode(text.encode()))
    name = w.rng.choice(["b64decode", "standard_b64decode", "urlsafe_b64decode", "decodebytes"])
    module = "base64"
    if w.rng.random() < 0.2:
        module, name = "binascii", "a2b_base64"
    given: Argument = data
    if name != "decodebytes" and data.isascii() and w.rng.random() < 0.5:
        given = data.decode("ascii")
    call(w, "builtins", "str", later(call, module, name, given), "ascii")


def by_base16(w: Writer, text: str) -> None:
    digits = text.encode().hex()
    forms: list[tuple[str, str, Argument]] = [
        ("binascii", "unhexlify", digits),
        ("binascii", "a2b_hex", digits.encode()),
        ("base64", "b16decode", digits.upper()),
        ("base64", "b16decode", digits),
        ("builtins", "bytes.fromhex", w.rng.choice(["", "\t", " ", "\n"]).join(digits)),
        ("builtins", "bytes.fromhex", digits[:2] + w.rng.choice(["\t", " ", "\n"]) + digits[2:]),
        ("base64", "b32decode", base64.b32encode(text.encode())),
        ("base64", "b85decode", base64.b85encode(text.encode())),
    ]
    call(w, "builtins", "str", later(call, *w.rng.choice(forms)), "ascii")


def by_case(w: Writer, text: str) -> None:
    """Methods of str that change letters; some letters have surprising partners."""
    text = "k" + text
    forms: list[tuple[str, str, list[Argument]]] = [
        (text.upper(), "lower", []),
        (text.upper().replace("K", "\u212a"), "lower", []),
        (text, "upper", []),
        (text.replace("k", "\u017f"), "upper", []),
        (text.upper(), "casefold", []),
        ("\u00df" + text, "casefold", []),
        (text, "swapcase", []),
        (text, "capitalize", []),
        (text, "title", []),
        (f" {text}\n", "strip", []),
        (f"\u2003{text}\x1f", "strip", []),
        (f"xx{text}xx", "strip", ["x"]),
        (f" {text} ", "lstrip", []),
        (f"x{text}x", "replace", ["x", ""]),
        (f"x{text}x", "replace", ["x", "", 1]),
        (text, "replace", ["", "_"]),
        (text, "zfill", [8]),
        (text, "__str__", []),
        (text, "join", [["a", "b"]]),
        (text, "join", [("a", "b", "c")]),
        (text, "join", ["ab"]),
        ("", "join", [later(call, "builtins", "reversed", text[::-1])]),
        ("", "join", [{}]),
    ]
    base, method, args = w.rng.choice(forms)
    args = [
        arg if arg != {} else later(Writer.emit, b"}(S'm1'\nNS'm2'\nNu", 0, "dict") for arg in args
    ]
    form = w.rng.randrange(3)
    if form == 0:
        call(w, "builtins", f"str.{method}", base, *args)
    elif form == 1:
        call(w, "builtins", "getattr", base, method)
        result(w, *args)
    else:
        call(w, "operator", "methodcaller", method, *args)
        result(w, base)


def by_operator(w: Writer, text: str) -> None:
    half = w.rng.randrange(len(text) + 1)
    head, tail = text[:half], text[half:]
    reverse = later(call, "builtins", "slice", None, None, -1)
    forms: list[tuple[str, str, list[Argument]]] = [
        ("operator", "add", [head, tail]),
        ("operator", "concat", [head, tail]),
        ("_operator", "add", [head, tail]),
        ("operator", "getitem", [text[::-1], reverse]),
        ("operator", "getitem", [[tail, text, head], 1]),
        ("operator", "getitem", [[tail, text], -1]),
        ("operator", "getitem", ["ab" + text, later(call, "builtins", "slice", 2, None)]),
        ("functools", "reduce", [later(push_global, "operator", "add"), [head, tail]]),
        ("builtins", "str", [text]),
        ("builtins", "str", []),
        ("builtins", "str", [7]),
        ("builtins", "str", [None]),
        ("builtins", "str", [text.encode()]),
        ("builtins", "chr", [ord(text[0])]),
        ("builtins", "chr", [0x130]),
        ("operator", "mod", [f"{head}%s", tail]),
    ]
    call(w, *spread(w.rng.choice(forms)))


def spread(form: tuple[str, str, list[Argument]]) -> list[Argument]:
    module, name, args = form
    return [module, name, *args]


def push_global(w: Writer, module: str, name: str) -> None:
    w.emit(f"c{module}\n{name}\n".encode(), push="stub")


def by_factory(w: Writer, text: str) -> None:
    """A function made by a call, and then called."""
    forms: list[tuple[str, str, list[Argument], list[Argument]]] = [
        ("functools", "partial", [later(push_global, "builtins", "str"), text], []),
        ("functools", "partial", [later(push_global, "operator", "add"), text[:1]], [text[1:]]),
        ("operator", "itemgetter", [1], [["a", text]]),
        ("operator", "itemgetter", [0], [text]),
        ("operator", "itemgetter", [0, 1], [text]),
        ("operator", "methodcaller", ["lower"], [text.upper()]),
    ]
    module, name, made_with, called_with = w.rng.choice(forms)
    call(w, module, name, *made_with)
    result(w, *called_with)


def by_bytes(w: Writer, text: str) -> None:
    forms: list[tuple[str, str, list[Argument]]] = [
        ("builtins", "bytes", [list(text.encode())]),
        ("builtins", "bytearray", [list(text.encode())]),
        ("builtins", "bytes", [text, "utf-16-le"]),
        ("builtins", "bytes", [text, "utf-8"]),
        ("builtins", "bytes", [3]),
        ("_codecs", "encode", [text, "latin1"]),
        ("_codecs", "encode", [text, "utf-16-le"]),
        ("_codecs", "encode", [text + "\u00e9", "latin1"]),
    ]
    module, name, args = w.rng.choice(forms)
    codec = w.rng.choice(["ascii", "utf-8", "utf-16-le", "latin1"])
    call(w, "builtins", "str", later(call, module, name, *args), codec)


WAYS = [by_codec, by_transform, by_base64, by_base16, by_case, by_operator, by_factory, by_bytes]


def push_computed(w: Writer) -> None:
    """A text made by calls of pure functions."""
    w.rng.choice(WAYS)(w, w.rng.choice(MODULES + NAMES))


def computed_global(w: Writer) -> None:
    """STACK_GLOBAL on computed operands; a real unpickler needs both to be str."""
    form = w.rng.randrange(4)
    if form == 0:
        put_text(w, w.module())
        push_computed(w)
    elif form == 1:
        push_computed(w)
        push_computed(w)
    else:
        push_computed(w)
        put_text(w, w.name())
    w.emit(b"\x93", 2, "stub")
