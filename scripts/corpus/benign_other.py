"""benign_other - what lies beside models and is no pickle: texts, tables, sources, pictures, numbers."""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import tarfile
import wave
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from thing import Thing, raw
from wordlist import words

WORDS = words(
    "the model is trained on a large set of texts and images with loss epochs rate weights data"
)


def prose(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randrange(20, 400))).capitalize() + ".\n"


def table(rng: random.Random) -> str:
    rows = ["id,value,name"] + [
        f"{n},{rng.random():.4f},{rng.choice(WORDS)}" for n in range(rng.randrange(9, 99))
    ]
    return "\n".join(rows)


def config(rng: random.Random) -> Any:
    return {
        "hidden_size": rng.randrange(9999),
        "architectures": ["BertModel"],
        "layers": [rng.random()] * 3,
    }


def noise(rng: random.Random, size: int) -> bytes:
    return rng.getrandbits(8 * size).to_bytes(size, "little")


def picture(rng: random.Random) -> bytes:
    """A PNG of noise."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    lines = b"".join(b"\0" + noise(rng, 24) for _ in range(8))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def sound(rng: random.Random) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(noise(rng, 400))
    return out.getvalue()


def safetensors(rng: random.Random) -> bytes:
    head = json.dumps({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    return struct.pack("<Q", len(head)) + head + noise(rng, 16)


def gguf(rng: random.Random) -> bytes:
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 0) + noise(rng, 200)


def source(rng: random.Random) -> bytes:
    """A real module of the standard library."""
    folder = Path(json.__file__).parent.parent
    files = sorted(path for path in folder.glob("*.py") if path.stat().st_size < 60_000)
    return rng.choice(files).read_bytes()


def compiled(rng: random.Random) -> bytes:
    import importlib.util
    import marshal

    code = compile(source(rng), "module.py", "exec")
    return importlib.util.MAGIC_NUMBER + b"\0" * 12 + marshal.dumps(code)


def zipped(rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", rng.choice([0, 8])) as archive:
        archive.writestr("README.md", prose(rng))
        archive.writestr("config.json", json.dumps(config(rng)))
        archive.writestr("data/weights.bin", noise(rng, 500))
    return out.getvalue()


def tarred(rng: random.Random) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, body in (("README", prose(rng).encode()), ("w.bin", noise(rng, 300))):
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return out.getvalue()


def dots(rng: random.Random) -> bytes:
    """Text of which every line could be opcodes: letters, brackets, full stops."""
    return "\n".join("".join(rng.choices("(])}.0NKXcRtb ", k=30)) for _ in range(40)).encode()


FILES: dict[str, Callable[[random.Random], bytes]] = {
    ".txt": lambda r: prose(r).encode(),
    ".md": lambda r: ("# Model\n\n" + prose(r)).encode(),
    ".csv": lambda r: table(r).encode(),
    ".tsv": lambda r: table(r).replace(",", "\t").encode(),
    ".json": lambda r: json.dumps(config(r), indent=2).encode(),
    ".jsonl": lambda r: "\n".join(json.dumps(config(r)) for _ in range(5)).encode(),
    ".yaml": lambda r: f"lr: {r.random()}\nmodel:\n  - bert\n  - {prose(r)}".encode(),
    ".ini": lambda r: f"[train]\nlr = {r.random()}\n".encode(),
    ".py": source,
    ".pyc": compiled,
    ".ipynb": lambda r: json.dumps({"cells": [{"source": [prose(r)]}], "nbformat": 4}).encode(),
    ".html": lambda r: f"<html><body><p>{prose(r)}</p></body></html>".encode(),
    ".xml": lambda r: f"<?xml version='1.0'?><a>{prose(r)}</a>".encode(),
    ".vocab": lambda r: "\n".join(f"{w} {r.randrange(99)}" for w in WORDS).encode(),
    ".vec": lambda r: "\n".join(
        [f"{len(WORDS)} 3"] + [f"{w} 0.1 {r.random()} 0.3" for w in WORDS]
    ).encode(),
    ".png": picture,
    ".wav": sound,
    ".safetensors": safetensors,
    ".gguf": gguf,
    ".bin": lambda r: noise(r, r.randrange(1, 3000)),
    ".dat": lambda r: struct.pack("<200f", *(r.random() for _ in range(200))),
    ".raw": lambda r: b"\x80" + noise(r, 300),
    ".zip": zipped,
    ".tar": tarred,
    ".gz": lambda r: gzip.compress(prose(r).encode()),
    ".pkl": lambda r: (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + noise(r, 32).hex().encode()
    ),
    ".model": dots,
    ".obj": lambda r: b"." * r.randrange(1, 400),
    ".h5": lambda r: b"\x89HDF\r\n\x1a\n" + noise(r, 400),
    "": lambda r: (
        b""
        if r.random() < 0.2
        else bytes(r.choices(b"()0.12RbcisuaetoQ\x93\x94\x86\x95\x8cNKVqh\n", k=90))
    ),
}


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    for suffix in sorted(FILES):
        for _ in range(1 if tiny else 6):
            own = rng.getrandbits(40)
            build = lambda n=suffix, s=own: FILES[n](random.Random(s))  # noqa: E731
            yield raw(
                "no-pickle", build, suffix, suffix, group=f"no-pickle{suffix}", family="no-pickle"
            )
