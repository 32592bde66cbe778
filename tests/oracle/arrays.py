"""arrays.py - streams as joblib writes them: the bytes of arrays between opcodes."""

from __future__ import annotations

import io
import pickle
import random
import struct
from typing import Any

from frames import add_frames, call, frame

DTYPES = ["f8", "<f4", ">i2", "u1", "?", "U3", "S5", "V7", "c16", "M8[ns]", "m8", "e", "g", "b1"]
DTYPES += ["f8,i4", "3f4", "(2,3)i2", "U0", "O", "float32", "int64", "bool", "str", "d", "q", "p"]
ALIASES = [
    b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81",
    b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81",
    b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81",
    b"\x80\x04cjoblib\nnumpy_pickle.NumpyArrayWrapper\n)\x81",
    b"\x8c\x14joblib.numpy_pickle\x8c\x11NumpyArrayWrapper\x93)\x81".replace(b"\x14", b"\x13"),
    b"ccopyreg\n__newobj__\n(cjoblib.numpy_pickle\nNumpyArrayWrapper\ntR",
    b"ccopyreg\n_reconstructor\n(cjoblib.numpy_pickle\nNumpyArrayWrapper\ncbuiltins\nobject\nNtR",
    b"cbuiltins\ngetattr\n(cjoblib.numpy_pickle\nNumpyArrayWrapper\nV__new__\ntR0"
    b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81",
]


def constant(value: Any) -> bytes:
    """Opcodes that push a value: a pickle without PROTO, memo and STOP."""
    file = io.BytesIO()
    pickler = pickle.Pickler(file, 2)
    pickler.fast = True
    pickler.dump(value)
    return file.getvalue()[2:-1]


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def dtype_ops(rng: random.Random) -> tuple[bytes, Any]:
    import numpy

    dtype = numpy.dtype(rng.choice(DTYPES))
    if rng.random() < 0.75:
        return constant(dtype), dtype
    odd = [
        (b"cnumpy\nfloat64\n", "f8"),  # a type where a dtype belongs: no itemsize of its own
        (b"cnumpy\ndtype\n(cnumpy\nfloat64\ntR", "f8"),
        (b"cnumpy\ndtype\n(Vf8\ntR", "f8"),
        (b"cnumpy\ndtype\n(Vf8\n\x89\x88tR", "f8"),
        (b"cnumpy\ndtype\n(Vint16\ntR", "i2"),
        (b"cnumpy\ndtype\n(V=i4\ntR", "i4"),
        (b"cnumpy\ndtype\n(V2i2\ntR", "2i2"),
        (b"cnumpy\ndtype\n(VV\n\x89\x88tR(K\3V|\nNNNK\5K\1K\0tb", "V5"),
        (b"cnumpy\ndtype\n(VU\n\x89\x88tR(K\3V<\nNNNK\x08K\4K\0tb", "U2"),
        (b"cnumpy\ndtype\n(VS3\n\x89\x88tR(K\3V|\nNNNK\x07K\1K\0tb", "S7"),
        (b"cnumpy\ndtype\n(cnumpy\ndtype\n(Vf4\ntRtR", "f4"),
        (b"cnumpy\ndtype\n(cnumpy\nbool_\ntR", "?"),
    ]
    ops, name = rng.choice(odd)
    return ops, numpy.dtype(name)


def shape_ops(rng: random.Random) -> tuple[bytes, int]:
    shapes: list[tuple[bytes, int]] = [
        (b")", 1),
        (b"K\3\x85", 3),
        (b"K\2K\3\x86", 6),
        (b"K\0\x85", 0),
        (b"](K\2K\2e", 4),
        (b"I0x3\n\x85", 3),
        (b"L2L\nK\1\x86", 2),
        (b"\x8a\1\3\x85", 3),
        (b"\x88\x85", 1),
        (b"(K\1K\2K\1t", 2),
        (constant((2, 1, 1, 1, 1)), 2),
    ]
    return rng.choice(shapes)


def wrapper(rng: random.Random) -> tuple[bytes, bytes]:
    """Opcodes up to BUILD, and the bytes that joblib's unpickler takes after it."""
    dtype, made = dtype_ops(rng)
    shape, count = shape_ops(rng)
    state = text("subclass") + b"cnumpy\nndarray\n" + text("shape") + shape
    state += text("order") + rng.choice([b"VC\n", b"VC\n", b"VF\n"]) + text("dtype") + dtype
    state += text("allow_mmap") + rng.choice([b"\x88", b"\x89"])
    padded = rng.random() < 0.7
    if padded:
        state += text("numpy_array_alignment_bytes") + rng.choice([b"K\x10", b"K\x00", b"K\x40"])
    elif rng.random() < 0.5:
        state += text("numpy_array_alignment_bytes") + b"N"
    ops = rng.choice(ALIASES) + b"}(" + state + b"ub"
    if made.hasobject:
        return ops, b"\x80\x04](" + call(rng, ["m1", "m2"], ["n1", "n2"])[:-1] + b"e."
    pad = rng.randrange(17) if padded else 0
    data = (bytes([pad]) + b"\xff" * pad) if padded else b""
    return ops, data + filling(rng, count * made.itemsize)


def filling(rng: random.Random, size: int) -> bytes:
    pieces = [b"\xff" * size, b"N0" * size, b"." * size, b"cm9\nn9\n0" * size, bytes(size)]
    return rng.choice(pieces)[:size]


def array_ops(rng: random.Random, modules: list[str], names: list[str]) -> list[bytes]:
    """A stream with one to three arrays; names before, between and behind them."""
    ops = [b"\x80" + bytes([rng.choice([2, 3, 4])]), b"]"]
    for _ in range(rng.choice([1, 1, 2, 3])):
        if rng.random() < 0.5:
            ops.append(call(rng, modules, names))
        built, data = wrapper(rng)
        if rng.random() < 0.15:  # opcodes that the frame already holds come before the bytes
            inner = call(rng, modules, names)
            built = frame(len(built) + len(inner)) + built + inner
        ops += [built, data]
        if rng.random() < 0.2:  # the array's own state: no bytes are taken for this BUILD
            ops.append(b"(K\1K\1\x85cnumpy\ndtype\n(Vu1\n\x89\x88tR\x89C\1ztb")
        ops.append(rng.choice([b"0", b"a"]))
        ops.append(call(rng, modules, names))
    ops.append(b".")
    return add_frames(rng, ops) if rng.random() < 0.3 else ops
