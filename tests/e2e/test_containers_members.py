"""Archives and arrays: real files of the libraries in clean and malicious twins, and what readers disagree about.

For each case the malicious twin is loaded without the guard and reaches its canary, is found by a
scan, and is refused under the guard. Ids begin with the row of the list of techniques.
"""

import codecs
import contextlib
import gzip
import importlib.util
import io
import json
import marshal
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
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import CLI, processor_seconds, run, scan
from seven_zip import seven_zip

for needed in ("torch", "joblib", "numpy", "h5py"):
    if not importlib.util.find_spec(needed):
        pytest.skip(f"this Python has no {needed}", allow_module_level=True)

import numpy as np  # noqa: E402
from members_cases import CASES  # noqa: E402
from twins import Case, Twins, twins_of  # noqa: E402

PROGRAM = Path(__file__).with_name("members_cases.py")
NAMED = [pytest.param(case, id="-".join([*case.rows, case.name])) for case in CASES]
BLOCKED = [pytest.param(case, id=case.name) for case in CASES if case.evil == "malicious"]


@pytest.fixture(scope="module")
def twins(venv_python: str) -> Iterator[Twins]:
    with twins_of(PROGRAM, venv_python) as twins:
        yield twins


@pytest.mark.parametrize("case", NAMED)
def test_clean_twin(case: Case, twins: Twins) -> None:
    (report,) = scan(twins.path(case, "clean"))
    assert twins.clean[case.name] == {"loaded": True}
    assert (report["verdict"], report["format"], report["coverage"]) == (
        case.clean,
        case.format,
        case.coverage,
    ), report


@pytest.mark.parametrize("case", NAMED)
def test_evil_twin_is_found(case: Case, twins: Twins) -> None:
    (report,) = scan(twins.path(case, "evil"))
    assert (report["verdict"], report["format"]) == (case.evil, case.format), report
    told = " ".join(reason["detail"] for reason in report["reasons"])
    assert all(word in told for word in case.words), report


@pytest.mark.parametrize("case", NAMED)
def test_evil_twin_works_without_the_guard(case: Case, twins: Twins) -> None:
    assert case.name in twins.reached, twins.evil[case.name]


@pytest.mark.parametrize("case", BLOCKED)
def test_evil_twin_is_refused_under_the_guard(case: Case, twins: Twins) -> None:
    assert case.name not in twins.slipped
    assert "loaded" not in twins.refused[case.name]
    assert "ermission" in str(twins.refused[case.name]), twins.refused[case.name]


@pytest.mark.parametrize("name", ["model.bin", "model.gguf", "notes.txt", "model.json", "model"])
def test_c9_c10_names_decide_nothing(name: str, twins: Twins, place: Path) -> None:
    for source, verdict in (("torch-zip.evil", "malicious"), ("torch-zip.clean", "benign")):
        shutil.copy(twins.folder / source, place / name)
        (report,) = scan(place / name)
        assert (report["verdict"], report["format"]) == (verdict, "torch-zip")


def test_c1_members_of_7z(twins: Twins, place: Path) -> None:
    for ending, verdict, status in (("clean", "benign", 0), ("evil", "malicious", 1)):
        members = {"README": b"A model.\n"}
        members["net/model.pt"] = (twins.folder / f"torch-zip.{ending}").read_bytes()
        path = place / f"{ending}.7z"
        path.write_bytes(seven_zip(members))
        (report,) = scan(path, status=status)
        assert (report["verdict"], report["format"], report["coverage"]) == (
            verdict,
            "7z",
            "complete",
        ), report
    assert report["reasons"][0]["member"].startswith("net/model.pt!")
    assert report["reasons"][0]["member"].endswith("/data.pkl")


def test_c1_7z_that_cannot_be_unpacked(place: Path) -> None:
    whole = seven_zip({"model.pkl": payloads.pickle_of(place / "canary", 2)})
    path = place / "cut.7z"
    path.write_bytes(whole[:-10])
    (report,) = scan(path, status=2)
    assert (report["verdict"], report["coverage"], report["format"]) == ("benign", "partial", "7z")
    packed = bytearray(whole)
    packed[40:48] = bytes(8)
    path.write_bytes(packed)
    (report,) = scan(path, status=2)
    assert report["coverage"] == "partial"


def test_c1_7z_inside_another_archive_is_told(place: Path) -> None:
    path = place / "outer.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.7z", seven_zip({"a": b"a"}))
    (report,) = scan(path, status=2)
    assert (report["verdict"], report["coverage"]) == ("benign", "none")
    assert "7z archive" in report["reasons"][0]["detail"]


def test_c18_lfs_pointer(place: Path) -> None:
    path = place / "model.safetensors"
    path.write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1234567\n"
    )
    (report,) = scan(path, status=2)
    assert (report["verdict"], report["coverage"], report["format"]) == (
        "benign",
        "none",
        "lfs-pointer",
    )
    assert "Git LFS pointer" in report["reasons"][0]["detail"]


@pytest.mark.parametrize("case", [one for one in NAMED if "polyglot" not in str(one.id)])
def test_c18_truncated(case: Case, twins: Twins, place: Path) -> None:
    """Half a file is never complete, and no beginning of a clean file is called malicious."""
    whole = twins.path(case, "clean").read_bytes().rstrip(b"\0")  # tars are padded
    half = place / "half"
    half.write_bytes(whole[: len(whole) // 2])
    (report,) = scan(half)
    assert report["coverage"] == "partial", report
    paths = []
    for step in range(60):
        paths.append(place / f"{step}")
        paths[-1].write_bytes(whole[: len(whole) * step // 60])
    before = processor_seconds()
    for report in scan(*paths):
        assert report["verdict"] != "malicious", report
    assert processor_seconds() - before < len(paths)


def test_c17_archive_of_archives(place: Path) -> None:
    """A tar in a zip in a gzip in a tar: each is opened."""
    canary = place / "canary"
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w") as archive:
        add(archive, "model.pkl", payloads.pickle_of(canary, 4))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive_zip:
        archive_zip.writestr("inner.tar", inner.getvalue())
    path = place / "outer"
    with tarfile.open(path, "w") as archive:
        add(archive, "packed.gz", gzip.compress(packed.getvalue()))
    (report,) = scan(path, status=1)
    assert (report["verdict"], report["format"]) == ("malicious", "tar")
    assert report["reasons"][0]["member"].endswith("!inner.tar!model.pkl")


TELLING = [
    "import os\nos.system('x')",
    "import os as o, sys\nif True: o.system('x')",
    "import json; import os.path; os.popen('x')",
    "from subprocess import (PIPE,\n    Popen as start)  # comment\nstart('x')",
    "import subprocess\nclass A:\n    def b(self):\n        return [subprocess.run(c) for c in self.c]",
    "__import__('os').system('x')",
    "exec('x = 1')",
    "def load(x):\n    return eval(x)",
    "import \\\n os\nrun = os . system\nrun('x')",
    "import torch\ntorch.ops.load_library('x.so')",
    "import runpy\nrunpy.run_path('x')",
]
ORDINARY = [
    "import os\nprint(os.path.join('a', 'b'), os.environ)",
    "'import os; os.system(1)'\n# os.system('x')\n",
    '"""\nimport os\nos.system(1)\n"""\nx = \'os.system(1)\'',
    "import torch\nmodel = torch.nn.Linear(3, 3)\nmodel.eval()\ntorch.compile(model)",
    "import re\nre.compile('x').match('y')\ngetattr(re, 'x')",
    "def exec(x):\n    pass\nself.exec(1)",
    "import importlib\nimportlib.import_module('x')",
    "system = lambda x: x\nsystem('x')",
    "",
    "\0\xff(((((",
]


def served(folder: Path, source: str) -> dict[str, Any]:
    path = folder / "model.mar"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("MAR-INF/MANIFEST.json", "{}")
        archive.writestr("handler.py", source)
    (report,) = scan(path)
    return report


@pytest.mark.parametrize("source", TELLING)
def test_c16_program_text_that_runs_things_is_malicious(source: str, place: Path) -> None:
    report = served(place, source)
    assert (report["verdict"], report["coverage"]) == ("malicious", "complete"), report
    assert report["reasons"][0]["member"] == "handler.py"


@pytest.mark.parametrize("source", ORDINARY)
def test_c16_other_program_text_is_suspicious(source: str, place: Path) -> None:
    report = served(place, source)
    assert (report["verdict"], report["coverage"]) == ("suspicious", "complete"), report


CODES = {
    "x * 2": "suspicious",
    "x.numpy().sum(axis=-1)": "suspicious",
    "__import__('os').system('touch x')": "malicious",
    "eval('1')": "malicious",
    "[os.popen(y) for y in x]": "malicious",
    "(lambda: __import__('subprocess'))().run(x)": "malicious",
}


@pytest.mark.parametrize("source", CODES)
@pytest.mark.parametrize("key", ["code", "function"])
def test_c19_words_of_marshalled_code(source: str, key: str, place: Path) -> None:
    code = eval(f"lambda x: {source}").__code__
    text = codecs.encode(marshal.dumps(code), "base64").decode()
    layer = {"class_name": "Lambda", "config": {key: [text, None, None]}}
    path = place / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", json.dumps({"config": {"layers": [layer]}}))
    (report,) = scan(path)
    assert (report["verdict"], report["format"], report["coverage"]) == (
        CODES[source],
        "keras",
        "complete",
    ), report


def test_c19_names_of_any_module(place: Path) -> None:
    """Keras imports what an object's "module" says, skops what "__module__" says."""
    for keys, name, form in (
        (("module", "class_name", "config"), "config.json", "keras"),
        (("__module__", "__class__", "content"), "schema.json", "skops"),
    ):
        made = dict(zip(keys, ("os", "function", "system"), strict=True))
        if form == "skops":
            made["__class__"] = "system"
        path = place / form
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("metadata.json", "{}")
            archive.writestr(name, json.dumps({"config": [made]}))
        (report,) = scan(path, status=1)
        assert (report["verdict"], report["format"]) == ("malicious", form)
        assert report["reasons"][0]["detail"].startswith("names os.system")


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
    py_compile.compile(str(PROGRAM), str(folder / "module.pyc"))
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


def test_scanning_many_members_takes_little_time(place: Path) -> None:
    path = place / "many.tar"
    with tarfile.open(path, "w") as archive:
        for number in range(20_000):
            add(archive, f"image-{number}.jpg", b"\xff\xd8\xff\xe0" + bytes(600))
    before = processor_seconds()
    (report,) = scan(path, status=0)
    assert processor_seconds() - before < 2
    assert (report["verdict"], report["format"], report["coverage"]) == (
        "benign",
        "tar",
        "complete",
    )


def test_text_output_names_the_member(twins: Twins) -> None:
    done = run([CLI, "scan", twins.folder / "tar-pax.evil"])
    assert "modèle" in done.out or "mod\\xc3\\xa8le" in done.out
