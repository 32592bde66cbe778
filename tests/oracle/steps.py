"""steps.py - the steps that a generated stream is made of: one or a few opcodes each."""

from __future__ import annotations

import struct
from typing import Callable

from computed import computed_global
from writer import Step, Writer, binary, encode_line, put_text


def push_constant(w: Writer) -> None:
    rng = w.rng
    number = rng.choice([0, 1, 2, 7, 255, 256, 65535, 2**31 - 1])
    data = rng.choice([b"", b"m1", b"n1", b"\x00\xff", b".", b"cm9\nn9\n."])
    forms: list[tuple[Callable[[], bytes], str]] = [
        (lambda: b"N", "none"),
        (lambda: b"\x88", "int"),
        (lambda: b"\x89", "int"),
        (lambda: b"I" + w.integer(number) + b"\n", "int"),
        (lambda: b"I0" + rng.choice(b"01x2").to_bytes(1, "big") + b"\n", "int"),
        (lambda: b"L" + w.integer(number) + rng.choice([b"L", b""]) + b"\n", "int"),
        (lambda: b"J" + struct.pack("<i", number), "int"),
        (lambda: b"K" + bytes([number & 255]), "int"),
        (lambda: b"M" + struct.pack("<H", number & 65535), "int"),
        (lambda: binary(0x8A, number.to_bytes(5, "little"), "<B"), "int"),
        (lambda: binary(0x8B, number.to_bytes(5, "little"), "<i"), "int"),
        (
            lambda: b"F" + rng.choice([b"1.5", b"1e400", b"nan", b" 1", b"1\x00", b"x"]) + b"\n",
            "float",
        ),
        (lambda: b"G" + struct.pack(">d", 0.5), "float"),
        (lambda: binary(0x43, data, "<B"), "bytes"),
        (lambda: b"B" + struct.pack("<I", len(data)) + data, "bytes"),
        (lambda: binary(0x8E, data, "<Q"), "bytes"),
        (lambda: binary(0x96, data, "<Q"), "buffer"),
        (lambda: b"]", "list"),
        (lambda: b"}", "dict"),
        (lambda: b")", "tuple"),
        (lambda: b"\x8f", "set"),
    ]
    form, kind = rng.choice(forms)
    w.emit(form(), push=kind)


def push_text(w: Writer) -> None:
    put_text(w, w.rng.choice([w.module, w.name])())


def push_global(w: Writer) -> None:
    module, name = w.names()
    data = b"c" + encode_line(module) + b"\n" + encode_line(name) + b"\n"
    w.emit(data, push="stub")


def push_stack_global(w: Writer) -> None:
    for text in w.names():
        put_text(w, text)
        while w.rng.random() < 0.25:
            w.rng.choice([memo_put, memo_get_same, detour])(w)
    w.emit(b"\x93", 2, "stub")


def stack_global(w: Writer) -> None:
    w.emit(b"\x93", 2, "stub")


def memo_get_same(w: Writer) -> None:
    """Takes the text off and fetches it again from the memo."""
    index = w.rng.randrange(300)
    kind = w.stack[-1] if w.stack else "none"
    put = b"p%d\n" % index if index > 255 or w.rng.random() < 0.3 else b"q%c" % index
    w.emit(put)
    w.memo[index] = kind
    w.emit(b"0", 1)
    get = b"g%d\n" % index if index > 255 or w.rng.random() < 0.3 else b"h%c" % index
    w.emit(get, push=kind)


def detour(w: Writer) -> None:
    """Something that leaves the stack as it was."""
    w.emit(w.rng.choice([b"(0", b"N0", b"(NNN1", b"(1", b"20", b"]0", b"((10", b"\x80\x03"]))


def memo_put(w: Writer) -> None:
    kind = w.stack[-1] if w.stack else "none"
    index = w.rng.randrange(12) if not w.odd() else abs(w.index())
    form = w.rng.randrange(4)
    if form == 0:
        text = (
            w.rng.choice(["{}", "+{}", " {}", "{}\x00x", "-{}", "0{}", "1_{}"]) if w.odd() else "{}"
        )
        w.emit(b"p" + text.format(index).encode() + b"\n")
    elif form == 1:
        w.emit(b"q" + bytes([index & 255]))
        index &= 255
    elif form == 2:
        index &= 0xFFFFFFFF
        w.emit(b"r" + struct.pack("<I", index))
    else:
        w.emit(b"\x94")
        index = len(w.memo)
    w.memo[index] = kind


def memo_get(w: Writer) -> None:
    index = w.index()
    kind = w.memo.get(index, "none")
    form = w.rng.randrange(3)
    if form == 0 or not 0 <= index < 2**32:
        text = w.rng.choice(["{}", "+{}", " {}", "{}\x00x", "-{}", "0{}"]) if w.odd() else "{}"
        w.emit(b"g" + text.format(index).encode() + b"\n", push=kind)
    elif form == 1 and index < 256:
        w.emit(b"h" + bytes([index]), push=kind)
    else:
        w.emit(b"j" + struct.pack("<I", index), push=kind)


def make_tuple(w: Writer) -> None:
    size = w.rng.randrange(1, 4)
    if len(w.stack) - w.floor() >= size or w.odd():
        w.emit(bytes([0x84 + size]), size, "tuple")


def make_marked(w: Writer) -> None:
    op, kind = w.rng.choice([(b"t", "tuple"), (b"l", "list"), (b"\x91", "set")])
    w.emit_marked(op, kind)


def make_dict(w: Writer) -> None:
    if w.above_mark() % 2 and not w.odd():
        push_constant(w)
    w.emit_marked(b"d", "dict")


def inst(w: Writer) -> None:
    module, name = w.names()
    w.emit_marked(b"i" + encode_line(module) + b"\n" + encode_line(name) + b"\n", "stub")


def arguments(w: Writer) -> None:
    if w.odd():
        push_constant(w)
        return
    count = w.rng.randrange(4)
    if w.rng.random() < 0.3:
        w.mark()
        for _ in range(count):
            push_constant(w)
        w.emit_marked(b"t", "tuple")
        return
    for _ in range(count):
        push_constant(w)
    w.emit([b")", b"\x85", b"\x86", b"\x87"][count], count, "tuple")


def reduce_call(w: Writer) -> None:
    arguments(w)
    w.emit(b"R", 2, "stub")


def newobj(w: Writer) -> None:
    arguments(w)
    if w.rng.random() < 0.5:
        w.emit(b"\x81", 2, "stub")
        return
    w.emit(b"}", push="dict")
    w.emit(b"\x92", 3, "stub")


def call_obj(w: Writer) -> None:
    w.mark()
    push_global(w)
    for _ in range(w.rng.randrange(3)):
        push_constant(w)
    w.emit_marked(b"o", "stub")


def build(w: Writer) -> None:
    push_constant(w)
    w.emit(b"b", 1)


def setitem(w: Writer) -> None:
    push_text(w)
    push_constant(w)
    w.emit(b"s", 2)


def append(w: Writer) -> None:
    push_constant(w)
    w.emit(b"a", 1)


def update_marked(w: Writer) -> None:
    op = {"list": b"e", "dict": b"u", "set": b"\x90"}.get(w.stack[-1] if w.stack else "", b"e")
    if w.odd():
        op = w.rng.choice([b"e", b"u", b"\x90"])
    w.mark()
    for _ in range(w.rng.randrange(3)):
        put_text(w, w.name())
        push_constant(w)
    w.emit_marked(op)


def persistent(w: Writer) -> None:
    if w.rng.random() < 0.5:
        w.emit(b"P" + w.rng.choice([b"1", b"", b"m1", b"\xc3\xa9", b"\x00"]) + b"\n", push="stub")
        return
    push_text(w)
    w.emit(b"Q", 1, "stub")


def out_of_band(w: Writer) -> None:
    w.emit(b"\x97", push="buffer")
    if w.rng.random() < 0.4:
        w.emit(b"\x98")


def extension(w: Writer) -> None:
    code = 0 if w.odd() else w.rng.choice(w.codes)
    forms = [b"\x84" + struct.pack("<i", code)]
    if code < 65536:
        forms.append(b"\x83" + struct.pack("<H", code))
    if code < 256:
        forms.append(b"\x82" + bytes([code]))
    w.emit(w.rng.choice(forms), push="stub")


def push_number(w: Writer, value: int) -> None:
    forms = [b"I" + w.integer(value) + b"\n", b"J" + struct.pack("<i", value)]
    forms += [b"L" + w.integer(value) + b"L\n", binary(0x8A, value.to_bytes(3, "little"), "<B")]
    w.emit(w.rng.choice(forms), push="int")


def register(w: Writer) -> None:
    """Registers an extension code in the stream, mostly as copyreg has it."""
    code = w.rng.choice([1, 7, 127, 200, 255, 300, 70000])
    module = f"m{w.rng.randrange(10)}"
    if w.odd():
        register_by_table(w, module, code)
        return
    w.emit(w.rng.choice([b"ccopyreg\nadd_extension\n", b"ccopy_reg\nadd_extension\n"]), push="stub")
    w.mark()
    put_text(w, module)
    put_text(w, w.name())
    push_number(w, code)
    w.emit_marked(b"t", "tuple")
    w.emit(b"R", 2, "none")
    w.emit(b"0", 1)
    w.codes.append(code)


def register_by_table(w: Writer, module: str, code: int) -> None:
    code = w.rng.choice([code, code, 0])
    w.emit(b"ccopyreg\n_inverted_registry\n", push="stub")
    push_number(w, code)
    put_text(w, module)
    put_text(w, w.name())
    w.emit(b"\x86", 2, "tuple")
    w.emit(b"s", 2)
    w.emit(b"0", 1)
    w.codes.append(code)


def anything(w: Writer) -> bool:
    return True


STEPS: list[Step] = [
    (8, anything, push_constant),
    (6, anything, push_text),
    (14, anything, push_global),
    (16, anything, push_stack_global),
    (6, lambda w: w.has("str", "str"), stack_global),
    (5, lambda w: w.has(""), memo_put),
    (6, lambda w: bool(w.memo), memo_get),
    (4, lambda w: w.has(""), make_tuple),
    (4, lambda w: w.above_mark() >= 0, make_marked),
    (2, lambda w: w.above_mark() >= 0, make_dict),
    (4, lambda w: w.above_mark() >= 0, inst),
    (8, lambda w: w.has("stub"), reduce_call),
    (4, lambda w: w.has("stub"), newobj),
    (3, anything, call_obj),
    (3, lambda w: w.has("stub"), build),
    (3, lambda w: w.has("dict") or w.has("stub"), setitem),
    (3, lambda w: w.has("list") or w.has("stub"), append),
    (3, lambda w: w.has("list") or w.has("dict") or w.has("set"), update_marked),
    (2, anything, persistent),
    (1, anything, out_of_band),
    (1, anything, extension),
    (3, anything, Writer.mark),
    (3, lambda w: w.has(""), lambda w: w.emit(b"0", 1)),
    (1, lambda w: w.above_mark() >= 0, lambda w: w.emit_marked(b"1")),
    (2, lambda w: w.has(""), lambda w: w.emit(b"2", push=w.stack[-1] if w.stack else "none")),
    (1, anything, lambda w: w.emit(b"\x80" + bytes([w.rng.randrange(6)]))),
]
REGISTRY_STEPS: list[Step] = [(12, anything, register), (14, anything, extension)]
COMPUTED_STEPS: list[Step] = [(20, anything, computed_global)]


def write_pickle(w: Writer, steps: list[Step], length: int) -> list[bytes]:
    w.ops, w.stack, w.marks = [], [], []
    if w.rng.random() < 0.75:
        w.emit(b"\x80" + bytes([w.rng.randrange(2, 6)]))
    weights = [weight for weight, _, _ in steps]
    while len(w.ops) < length:
        _, ready, step = w.rng.choices(steps, weights)[0]
        if ready(w) or w.odd():
            step(w)
    if not w.stack or w.marks:
        w.emit(b"N" if not w.odd() else b"")
    if not w.odd():
        w.emit(b".")
    return [op for op in w.ops if op]
