"""Archives and arrays: real files of the libraries in clean and malicious twins, and archives in one another.

For each case the malicious twin is loaded without the guard and reaches its canary, is found by a
scan, and is refused under the guard. Ids begin with the row of the list of techniques.
"""

import gzip
import importlib.util
import io
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import payloads
import pytest
from conftest import CLI, processor_seconds, run, scan
from seven_zip import seven_zip

for needed in ("torch", "joblib", "numpy", "h5py"):
    if not importlib.util.find_spec(needed):
        pytest.skip(f"this Python has no {needed}", allow_module_level=True)

from members_cases import CASES, add_to_tar  # noqa: E402
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


def test_c1_what_stands_behind_a_7z_is_told(place: Path) -> None:
    path = place / "both.7z"
    behind = io.BytesIO()
    with zipfile.ZipFile(behind, "w") as archive:
        archive.writestr("model.pkl", payloads.pickle_of(place / "canary", 2))
    path.write_bytes(seven_zip({"a": b"a"}) + behind.getvalue())
    (report,) = scan(path, status=1)
    assert (report["verdict"], report["reasons"][0]["member"]) == ("malicious", "model.pkl")


@pytest.mark.parametrize("mode", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK, stat.S_IFDIR])
def test_c1_a_member_of_7z_with_bytes_is_a_file(mode: int, place: Path) -> None:
    path = place / "odd.7z"
    members = {"model.pkl": payloads.pickle_of(place / "canary", 2)}
    path.write_bytes(seven_zip(members, attributes=0x8000 | (mode | 0o644) << 16))
    (report,) = scan(path, status=1)
    assert report["verdict"] == "malicious"


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
        add_to_tar(archive, "model.pkl", payloads.pickle_of(canary, 4))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive_zip:
        archive_zip.writestr("inner.tar", inner.getvalue())
    path = place / "outer"
    with tarfile.open(path, "w") as archive:
        add_to_tar(archive, "packed.gz", gzip.compress(packed.getvalue()))
    (report,) = scan(path, status=1)
    assert (report["verdict"], report["format"]) == ("malicious", "tar")
    assert report["reasons"][0]["member"].endswith("!inner.tar!model.pkl")


def deflated_past_zlib(data: bytes) -> bytes:
    """One block of literals with 32 distance codes, of which zlib takes 30 and miniz all."""

    def low(value: int, count: int) -> str:
        return f"{value:0{count}b}"[::-1]

    bits = "1" + low(2, 2) + low(0, 5) + low(31, 5) + low(15, 4)
    order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    bits += "".join(low({9: 1, 1: 2, 5: 2}.get(length, 0), 3) for length in order)
    bits += "0" * 256 + "10" + "11" * 32  # lengths: 9 of literals, 1 of the end, 5 of distances
    bits += "".join(f"{0x100 + byte:09b}" for byte in data) + "0"
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8][::-1], 2) for at in range(0, len(bits), 8))


def torch_zip(data: bytes) -> bytes:
    out, directory = b"", b""
    members = [("m/data.pkl", data, deflated_past_zlib(data), 8), ("m/version", b"3", b"3", 0)]
    for name, plain, packed, method in members:
        fields = (20, 0, method, 0, 33, zlib.crc32(plain), len(packed), len(plain), len(name), 0)
        head = struct.pack("<5H3I2H", *fields)
        entry = b"PK\1\2\x14\0" + head + struct.pack("<3H2I", 0, 0, 0, 0, len(out))
        directory += entry + name.encode()
        out += b"PK\3\4" + head + name.encode() + packed
    end = struct.pack("<4H2IH", 0, 0, 2, 2, len(directory), len(out), 0)
    return out + directory + b"PK\5\6" + end


def test_what_miniz_inflates_and_zlib_refuses_is_told(place: Path) -> None:
    import torch

    (place / "clean.pt").write_bytes(torch_zip(b"\x80\2K\x2a."))
    assert torch.load(place / "clean.pt", weights_only=False) == 42
    (place / "evil.pt").write_bytes(torch_zip(payloads.pickle_of(place / "canary", 2)))
    (report,) = scan(place / "evil.pt", status=2)
    assert (report["verdict"], report["coverage"]) == ("suspicious", "partial"), report


def test_scanning_many_members_takes_little_time(place: Path) -> None:
    path = place / "many.tar"
    with tarfile.open(path, "w") as archive:
        for number in range(20_000):
            add_to_tar(archive, f"image-{number}.jpg", b"\xff\xd8\xff\xe0" + bytes(600))
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
