"""container_families - attacks that lie in the file around the pickle: C1 to C20."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import json
import lzma
import marshal
import random
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import invented
from assembler import Call, Name, Style, any_style, assemble
from callables import Payload
from fillers import filler_value
from nesting_families import safe_code
from zip_writer import Archive, torch_archive

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "e2e"))

from seven_zip import seven_zip

Made = tuple[bytes, str]  # data, suffix
MAGIC = 0x1950A86A20F9469CFC6C
SUFFIXES = (".pt", ".pth", ".bin", ".ckpt", ".zip", ".model", ".pkl")


def evil(rng: random.Random, one: Payload) -> bytes:
    """The payload as data.pkl: alone, or with weights about it."""
    style = any_style(rng)
    node = rng.choice(
        [one.node, {"state": filler_value(rng), "hook": one.node}, [one.node, filler_value(rng)]]
    )
    return assemble(node, style)


def clean(rng: random.Random) -> bytes:
    return assemble({f"layer{n}": filler_value(rng) for n in range(3)}, Style(2))


def folder(rng: random.Random) -> str:
    return rng.choice(["archive", "archive", "model", "checkpoint", invented.opaque(rng)])


def weights(rng: random.Random) -> dict[str, bytes]:
    return {f"data/{n}": rng.randbytes(rng.randrange(16, 200)) for n in range(rng.randrange(1, 4))}


def suffix(rng: random.Random) -> str:
    return rng.choice(SUFFIXES)


def c1(rng: random.Random, one: Payload) -> Made:
    members = {
        "archive/data.pkl": evil(rng, one),
        "archive/version": b"3\n",
        **{f"archive/{k}": v for k, v in weights(rng).items()},
    }
    return seven_zip(members), rng.choice([".7z", ".pt", ".bin"])


def c2(rng: random.Random, one: Payload) -> Made:
    made = torch_archive(evil(rng, one), weights(rng), folder(rng))
    made.members[0].local_name = made.members[0].name.replace(
        b"data.pkl", rng.choice([b"data.txt", b"DATA.PKL", b"config"])
    )
    return made.data(), suffix(rng)


def c3(rng: random.Random, one: Payload) -> Made:
    made = torch_archive(evil(rng, one), weights(rng), folder(rng))
    made.members[0].flags = rng.choice([1, 0x20, 0x40, 0x41, 0x2000])
    return made.data(), suffix(rng)


def c4(rng: random.Random, one: Payload) -> Made:
    made = torch_archive(evil(rng, one), weights(rng), folder(rng))
    made.members[0].crc = rng.getrandbits(32)
    return made.data(), suffix(rng)


def c5(rng: random.Random, one: Payload) -> Made:
    made = torch_archive(evil(rng, one), weights(rng), folder(rng))
    first = made.add("archive/data/first", rng.randbytes(300), method=8, damage=True)
    made.members.insert(0, made.members.pop(made.members.index(first)))
    return made.data(), suffix(rng)


def c6(rng: random.Random, one: Payload) -> Made:
    made = torch_archive(evil(rng, one), weights(rng), folder(rng))
    made.members[0].name = made.members[0].name.replace(
        b"data.pkl", rng.choice([b"DATA.PKL", b"Data.pkl", b"data.PKL"])
    )
    return made.data(), suffix(rng)


def c7(rng: random.Random, one: Payload) -> Made:
    good, bad = clean(rng), evil(rng, one)
    pair = rng.choice([(good, bad), (bad, good)])
    if rng.random() < 0.4:  # two archives in one file, each with its own directory
        first, last = torch_archive(pair[0]).data(), torch_archive(pair[1])
        last.prefix = first
        return last.data(), suffix(rng)
    made = torch_archive(pair[0], weights(rng))
    made.add("archive/data.pkl", pair[1])
    return made.data(), suffix(rng)


def c8(rng: random.Random, one: Payload) -> Made:
    made = torch_archive(evil(rng, one), weights(rng), folder(rng))
    way = rng.randrange(5)
    if way == 0:
        made.prefix = rng.choice(
            [b"#!/bin/sh\n", rng.randbytes(40), b"\x89PNG\r\n\x1a\n", b"GIF89a", b"\0" * 512]
        )
    elif way == 1:
        made.zip64 = True
    elif way == 2:
        made.comment = b"PK\5\6" + b"\0" * 18
    elif way == 3:
        made.prefix, made.based = rng.randbytes(64), True
    else:
        return made.data() + rng.randbytes(rng.choice([1, 22, 5000])), suffix(rng)
    return made.data(), suffix(rng)


def c9(rng: random.Random, one: Payload) -> Made:
    return evil(rng, one), rng.choice(
        [".bin", ".pt", ".ckpt", ".pth", ".h5", ".onnx", ".npy", ".npz", ".zip"]
    )


def c10(rng: random.Random, one: Payload) -> Made:
    return evil(rng, one), rng.choice(
        ["", ".txt", ".jpg", ".json", ".conf", ".dat", ".cache", ".tmp", ".md", ".0"]
    )


def in_tar(members: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for name, body in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return out.getvalue()


def c11(rng: random.Random, one: Payload) -> Made:
    bad = evil(rng, one)
    good = assemble(3, Style(2))
    bodies = {"sys_info": clean(rng), "pickle": good, "storages": good, "tensors": good}
    bodies[rng.choice(sorted(bodies))] = bad
    if rng.random() < 0.3:
        return in_tar({"model/README": b"A model.\n", "model/weights": bad}), ".tar"
    return in_tar(bodies), rng.choice([".pt", ".tar", ".pth"])


def compressed(rng: random.Random, data: bytes) -> bytes:
    ways = [lambda d: gzip.compress(d, mtime=0), bz2.compress, lzma.compress, zlib.compress]
    ways += [lambda d: lzma.compress(d, lzma.FORMAT_ALONE), lambda d: zlib.compress(d, 1)]
    return bytes(rng.choice(ways)(data))


def c12(rng: random.Random, one: Payload) -> Made:
    data = compressed(rng, evil(rng, one))
    if rng.random() < 0.2:
        data = compressed(rng, data)
    return data, rng.choice([".joblib", ".pkl", ".gz", ".z", ".pkl.xz", ".model"])


def c13(rng: random.Random, one: Payload) -> Made:
    data = assemble(one.node, Style(rng.choice([0, 1]), rng.random() < 0.5))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice([0, 8])) as archive:
        for name, body in (
            ("README.md", b"# Model"),
            (rng.choice(["weights", "state", "a/b/c", "data"]), data),
        ):
            archive.writestr(zipfile.ZipInfo(name), body)
    return out.getvalue(), suffix(rng)


def object_array(pickle: bytes, count: int) -> bytes:
    head = f"{{'descr': '|O', 'fortran_order': False, 'shape': ({count},), }}"
    head += " " * (-(len(head) + 11) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head.encode() + pickle


def c14(rng: random.Random, one: Payload) -> Made:
    data = object_array(evil(rng, one), rng.randrange(1, 9))
    if rng.random() < 0.5:
        return data, rng.choice([".npy", ".npy", ".bin", ".pkl"])
    made = Archive()
    plain = (
        b"\x93NUMPY\1\0v\0{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }".ljust(127)
        + b"\n"
        + bytes(16)
    )
    made.add("X.npy", plain)
    made.add(rng.choice(["y.npy", "arr_0.npy", "labels.npy"]), data, method=rng.choice([0, 8]))
    return made.data(), ".npz"


def c15(rng: random.Random, one: Payload) -> Made:
    """The first of the five pickles of the legacy format gives the magic number by a call."""
    number: object = rng.choice([Call(Name("builtins", "int"), (str(MAGIC),)), MAGIC, one.node])
    head = assemble(number, Style(2, False)) + assemble(1001, Style(2, False))
    head += assemble({"protocol_version": 1001, "little_endian": True}, Style(2))
    return head + evil(rng, one) + assemble([], Style(2)), rng.choice([".pt", ".pth", ".bin"])


def c16(rng: random.Random, one: Payload) -> Made:
    from arguments import Arguments

    code = f"import torch\n\n{Arguments(rng).code()}\n".encode()
    made = torch_archive(clean(rng), folder="model")
    if rng.random() < 0.5:
        made.add("model/.data/extern_modules", b"torch\nos\n")
        made.add(f"model/{invented.opaque(rng)}.py", code)
        made.add(
            "model/model/model.pkl",
            assemble(Call(Name("<torch_package_0>.net", "build"), (one.node,)), Style(3)),
        )
    else:
        made.add(
            "model/code/__torch__/net.py",
            b"class Net(Module):\n  def forward(self, x):\n    return x\n",
        )
        made.add("model/constants.pkl", evil(rng, one))
    return made.data(), ".pt"


def c17(rng: random.Random, one: Payload) -> Made:
    """Valid as more than one kind of file."""
    pickle = evil(rng, one)
    way = rng.randrange(3)
    if way == 0:
        made = torch_archive(clean(rng))
        made.prefix = pickle
        return made.data(), suffix(rng)
    if way == 1:
        made = torch_archive(pickle)
        made.prefix = in_tar({"README": b"x" * 20})
        return made.data(), suffix(rng)
    return pickle + in_tar({"README": b"hello"}), ".tar"


def c19(rng: random.Random, one: Payload) -> Made:
    code = base64.b64encode(marshal.dumps(safe_code(rng))).decode()
    inner = {
        "class_name": "Lambda",
        "config": {
            "name": "lambda",
            "function": {
                "class_name": "__lambda__",
                "config": {"code": code, "defaults": None, "closure": None},
            },
        },
    }
    if rng.random() < 0.4:
        inner = {"class_name": "Lambda", "config": {"name": "l", "function": [code, None, None]}}
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "s", "layers": [inner]},
    }
    made = Archive()
    made.add("metadata.json", json.dumps({"keras_version": "3.1.1"}).encode())
    made.add("config.json", json.dumps(config).encode())
    made.add("model.weights.h5", b"\x89HDF\r\n\x1a\n" + bytes(64))
    return made.data(), ".keras"


def nested_archive(rng: random.Random, one: Payload) -> Made:
    inner = torch_archive(evil(rng, one)).data()
    if rng.random() < 0.5:
        return in_tar(
            {"readme.txt": b"hello", "model.pt": inner}, rng.choice(["w", "w:gz"])
        ), ".tar"
    outer = Archive()
    outer.add("README.md", b"# Models")
    outer.add("models/model.pt", inner, method=8)
    return outer.data(), ".zip"


def other_member(rng: random.Random, one: Payload) -> Made:
    """data.pkl is clean; another member is not."""
    made = torch_archive(clean(rng), weights(rng))
    name = rng.choice(
        [
            "archive/extra/meta",
            "archive/optimizer.pkl",
            "archive/data/9",
            "archive/.data/x",
            "training_args.bin",
        ]
    )
    made.add(name, evil(rng, one), method=rng.choice([0, 8]))
    return made.data(), suffix(rng)


def plain_zip(rng: random.Random, one: Payload) -> Made:
    return torch_archive(evil(rng, one), weights(rng), folder(rng)).data(), suffix(rng)


FAMILIES: dict[str, Callable[[random.Random, Payload], Made]] = {
    **{n.upper(): make for n, make in list(globals().items()) if n[:1] == "c" and n[1:].isdigit()},
    "torch-zip": plain_zip,
    "nested-archive": nested_archive,
    "other-member": other_member,
}
