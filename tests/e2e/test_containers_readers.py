"""What other readers make of a file: known formats have no pickle, and what tarfile or numpy sees in damage is found."""

import contextlib
import importlib.util
import io
import json
import pickle
import py_compile
import random
import shutil
import sqlite3
import struct
import sys
import tarfile
import wave
import zipfile
import zlib
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import scan

if not importlib.util.find_spec("numpy"):
    pytest.skip("this Python has no numpy", allow_module_level=True)

import numpy as np


def add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    archive.addfile(member, io.BytesIO(data))


def png() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + crc

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def safetensors() -> bytes:
    header = json.dumps({"w": {"dtype": "F32", "shape": [64], "data_offsets": [0, 256]}}).encode()
    return struct.pack("<Q", len(header)) + header + np.ones(64, "f4").tobytes()


def write_known(folder: Path) -> None:
    (folder / "image.png").write_bytes(png())
    (folder / "model.safetensors").write_bytes(safetensors())
    header = b"GGUF" + struct.pack("<IQQ", 3, 0, 0)
    (folder / "model.gguf").write_bytes(header + bytes(512))
    (folder / "image.gif").write_bytes(b"GIF89a\1\0\1\0\x80\0\0" + b"\xff" * 6 + b",\0;")
    (folder / "paper.pdf").write_bytes(b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n")
    (folder / "table.parquet").write_bytes(b"PAR1" + bytes(range(256)) * 4 + b"PAR1")
    (folder / "config.json").write_text(json.dumps({"class_name": "Lambda", "a": list(range(99))}))
    (folder / "notes.txt").write_text("Some text.\n" * 100)
    (folder / "empty").touch()
    shutil.copy(Path(sys.executable).resolve(), folder / "program")
    py_compile.compile(__file__, str(folder / "module.pyc"))
    with wave.open(str(folder / "sound.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 100, "NONE", ""))
        sound.writeframes(bytes(200))
    database = sqlite3.connect(folder / "data.db")
    database.execute("create table notes (text)")
    database.executemany("insert into notes values (?)", [("x" * 50,)] * 100)
    database.commit()
    database.close()


def test_known_formats_are_no_carriers(place: Path) -> None:
    write_known(place)
    for report in scan(*sorted(place.iterdir()), status=0):
        assert (report["verdict"], report["format"], report["coverage"], report["reasons"]) == (
            "benign",
            "none",
            "complete",
            [],
        ), report


def test_a_payload_behind_a_known_head_is_found(place: Path) -> None:
    """A zip is found from its end, whatever the file begins with."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("data.pkl", payloads.pickle_of(place / "canary", 2))
    for head in (png(), safetensors(), b"%PDF-1.4\n" + b"x" * 5000):
        path = place / "image"
        path.write_bytes(head + inner.getvalue())
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == ["data.pkl"]
        (report,) = scan(path, status=1)
        assert report["verdict"] == "malicious"


EVIL = payloads.pickle_of(Path("/tmp/canary-that-nobody-makes"), 2)
NAME, SIZE, TYPE = slice(0, 20), slice(124, 136), slice(156, 157)


def tar_with_a_hidden_member() -> bytearray:
    """A member that holds a header and a payload: no reader sees it, unless a size changes."""
    hidden = io.BytesIO()
    with tarfile.open(fileobj=hidden, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        add(archive, "hidden", EVIL)
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.PAX_FORMAT) as archive:
        add(archive, "first", b"nothing")
        member = tarfile.TarInfo("outer")
        member.pax_headers = {"comment": "size=0000"}
        data = b"text, not a pickle".ljust(512) + hidden.getvalue()[:1024]
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
        add(archive, "last", b"nothing")
    return bytearray(whole.getvalue().rstrip(b"\0") + bytes(1024))


def mutate_tar(base: bytearray, rng: random.Random) -> bytes:
    data = bytearray(base)
    headers = [at for at in range(0, len(data), 512) if data[at + 257 : at + 262] == b"ustar"]
    for _ in range(rng.randint(1, 3)):
        at = rng.choice(headers)
        field = rng.choice([SIZE, SIZE, SIZE, TYPE, TYPE, NAME])
        position = at + rng.randrange(field.start, field.stop)
        data[position] = rng.choice(b"01234567 \0_xLKgSX1256\x80\xff")
        pax = data.find(b"size=")
        if rng.random() < 0.3:
            data[pax - 8 : pax] = rng.choice([b"comment=", b"12 a=b\n6", b"\n14 a=b\n", b"15 "])
    for at in headers:
        if rng.random() < 0.95:
            data[at + 148 : at + 156] = b" " * 8
            data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    return bytes(data)


def tarfile_sees(data: bytes, zeros: bool) -> bool:
    seen = False
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", ignore_zeros=zeros) as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isreg() else None
                seen |= file is not None and file.read(len(EVIL)) == EVIL
    except (tarfile.TarError, ValueError, OverflowError, MemoryError, EOFError, KeyError):
        pass
    return seen


def test_what_tarfile_sees_is_seen(place: Path) -> None:
    base, rng = tar_with_a_hidden_member(), random.Random(4)
    assert not tarfile_sees(bytes(base), False)
    paths, visible = [], set()
    for number in range(600):
        data = mutate_tar(base, rng)
        paths.append(place / f"{number}.tar")
        paths[-1].write_bytes(data)
        if tarfile_sees(data, False) or tarfile_sees(data, True):
            visible.add(str(paths[-1]))
    assert len(visible) > 30
    found = {report["path"] for report in scan(*paths) if report["verdict"] == "malicious"}
    assert visible <= found, sorted(visible - found)[:5]


def random_dtype(rng: random.Random, depth: int = 0) -> Any:
    kind = rng.random()
    if kind < 0.5 or depth > 3:
        plain = ["<f4", "<i8", "|S5", "<U3", "<M8[ns]", "|b1", "|V4", "<c16", "|u1"]
        return "O" if rng.random() < 0.3 else rng.choice(plain)
    count = rng.randint(1, 3)
    names = rng.sample(["O", "a", "object", "shape", "|O", "ü", "x y", "it's", 'say "O"'], count)
    return [
        (name, random_dtype(rng, depth + 1), *rng.choice([(), ((2,),), ((2, 3),)]))
        for name in names
    ]


def header_of(dtype: Any, shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    descr = np.lib.format.dtype_to_descr(np.dtype(dtype))
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


@pytest.mark.filterwarnings("ignore")
def test_arrays_are_read_as_numpy_reads_them(place: Path) -> None:
    """Any dtype that numpy writes: with an object anywhere what follows is unpickled."""
    rng = random.Random(5)
    paths, objects = [], {}
    for number in range(300):
        dtype = np.dtype(random_dtype(rng))
        path = place / f"{number}.npy"
        body = EVIL if dtype.hasobject else np.zeros(3, dtype).tobytes()
        path.write_bytes(header_of(dtype, (3,)) + body)
        paths.append(path)
        objects[str(path)] = dtype.hasobject
    assert 50 < sum(objects.values()) < 250
    for report in scan(*paths):
        expected = "malicious" if objects[report["path"]] else "benign"
        assert (report["verdict"], report["coverage"], report["format"]) == (
            expected,
            "complete",
            "npy",
        ), report


@pytest.mark.filterwarnings("ignore")
def test_what_numpy_unpickles_is_found(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Headers with a changed byte: wherever numpy comes to the pickle, so do we."""
    rng, unpickled, paths = random.Random(6), set(), []
    reached = []
    monkeypatch.setattr(pickle, "load", lambda file, **options: reached.append(1))
    bases = [
        header_of("O", (1,)),
        header_of([("a", "<f4"), ("b", "O")], (1,)),
        header_of("<f8", (1,)),
    ]
    for number in range(1500):
        data = bytearray(rng.choice(bases))
        end = data.index(b"}") + 4
        for _ in range(rng.randint(1, 2)):
            data[rng.randrange(8, end)] = rng.choice(b"O|<>=8 \t\n'\",()#L0u")
        path = place / f"{number}.npy"
        path.write_bytes(bytes(data) + EVIL)
        paths.append(path)
        reached.clear()
        with contextlib.suppress(Exception):  # most headers are refused
            np.load(path, allow_pickle=True)
        if reached:
            unpickled.add(str(path))
    assert len(unpickled) > 30
    found = {report["path"] for report in scan(*paths) if report["verdict"] == "malicious"}
    assert unpickled <= found, sorted(unpickled - found)[:5]
