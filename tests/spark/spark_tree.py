"""spark_tree - files as they lie in model repositories, made from a seed; and those that are hard to name or read."""

import gzip
import io
import json
import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared/corpus"
CLEAN = b"\x80\x04N."

sys.path.insert(0, str(ROOT / "tests/e2e"))
import payloads  # noqa: E402


def value(draw: random.Random, depth: int = 4) -> Any:
    """What people keep in pickles, as far as no library is needed."""
    kind = draw.randrange(8 if depth else 5)
    if kind >= 5:
        items = [value(draw, depth - 1) for _ in range(draw.randrange(1, 8))]
        return {f"key{number}": item for number, item in enumerate(items)} if kind > 5 else items
    leaves = (draw.random(), draw.randrange(1 << 40), f"text {draw.random()}", None)
    return draw.randbytes(draw.randrange(200)) if kind == 4 else leaves[kind]


def torch_zip(content: bytes, storage: int) -> bytes:
    """As torch.save() lays it out: small pickles beside stored numbers."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/data/0", bytes(storage))
        archive.writestr("archive/version", b"3\n")
    return out.getvalue()


def one_file(draw: random.Random, canary: Path) -> tuple[str, bytes]:
    kind = draw.randrange(20)
    if kind == 0:
        return "evil.pkl", payloads.pickle_of(canary, draw.choice(payloads.PROTOCOLS))
    if kind == 1:
        return "notes.txt", f"some text {draw.random()}\n".encode() * draw.randrange(1, 500)
    content = pickle.dumps(value(draw), protocol=draw.randrange(6))
    if kind < 5:
        evil = payloads.pickle_of(canary, 2)
        return "model.pt", torch_zip(evil if kind == 2 else content, draw.randrange(1 << 16))
    if kind == 5:
        return "cut.pkl", content[: len(content) // 2]
    return ("data.pkl.gz", gzip.compress(content)) if kind == 6 else ("data.pkl", content)


def generated(place: Path, count: int, seed: int) -> None:
    draw = random.Random(seed)
    for number in range(count):
        folder = place / f"repository{number // 10}"
        folder.mkdir(parents=True, exist_ok=True)
        name, content = one_file(draw, place / "canary")
        (folder / f"{number}-{name}").write_bytes(content)


def odd(place: Path) -> None:
    """What a store has that somebody did not think of."""
    evil = payloads.pickle_of(place / "canary", 4)
    (place / "odd").mkdir(parents=True)
    for name in (b"\xff\xfe.pkl", b"new\nline", b"with  blanks ", b".hidden", b"_under", b"co:lon",
                 b"per%20cent", b"back\\slash", b"g[l]o*b{a,b}?", "ünï".encode(), b"\\xff.pkl"):  # fmt: skip
        (place / "odd" / os.fsdecode(name)).write_bytes(evil)
    (place / "odd/empty").touch()
    (place / "odd/itself").symlink_to("itself")
    (place / "odd/nowhere").symlink_to("missing")
    (place / "odd/loop").symlink_to(".")
    os.mkfifo(place / "odd/fifo")
    with zipfile.ZipFile(place / "odd/names.pt", "w") as archive:
        archive.writestr("ünï/data.pkl", evil)


def hub_cache(place: Path) -> None:
    (place / "hub/blobs").mkdir(parents=True)
    (place / "hub/blobs/ab12").write_bytes(CLEAN)
    for name in ("main", "v1"):
        (place / "hub/snapshots" / name).mkdir(parents=True)
        (place / "hub/snapshots" / name / "model.pkl").symlink_to("../../blobs/ab12")


def locked(place: Path) -> None:
    """What cannot be read by whom permissions bind."""
    (place / "locked/folder").mkdir(parents=True)
    (place / "locked/folder/model.pkl").write_bytes(CLEAN)
    (place / "locked/secret.pkl").write_bytes(CLEAN)
    (place / "locked/secret.pkl").chmod(0)
    (place / "locked/folder").chmod(0)


def unlock(place: Path) -> None:
    (place / "locked/folder").chmod(0o700)


def corpus(place: Path) -> int:
    """The labelled files, where they are; how many."""
    if not (CORPUS / "unpack").is_file():
        return 0
    subprocess.run([CORPUS / "unpack", place / "corpus"], check=True, stdout=subprocess.DEVNULL)
    return sum(1 for path in (place / "corpus").rglob("*") if path.is_file())


def slow(path: Path, seconds: float) -> None:
    """A small file that the scanner has to do with for some seconds of processor time, more or less."""
    member = gzip.compress(b"N0" * (1 << 20), 9)
    begin, end = gzip.compress(b"\x80\x04"), gzip.compress(b"N.")
    path.write_bytes(begin + member * round(60 * seconds) + end)


def sparse(path: Path, size: int, head: bytes = b"") -> None:
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(max(size, len(head)))


def safetensors(path: Path, size: int) -> None:
    """Names and shapes, then numbers."""
    table = {"weight": {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}}
    header = json.dumps(table).encode()
    sparse(path, 8 + len(header) + size, struct.pack("<Q", len(header)) + header)
