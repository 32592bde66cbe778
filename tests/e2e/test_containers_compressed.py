"""Compressed streams: real files of the libraries in clean and malicious twins, damage, and bombs.

For each case the malicious twin is loaded without the guard and reaches its canary, is found by a
scan, and is refused under the guard. Ids begin with the row of the list of techniques.
"""

import bz2
import gzip
import importlib.util
import io
import json
import lzma
import pickle
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import CLI, processor_seconds, run, scan

for needed in ("torch", "joblib", "numpy", "pandas", "zstandard", "lz4"):
    if not importlib.util.find_spec(needed):
        pytest.skip(f"this Python has no {needed}", allow_module_level=True)

import lz4.frame  # noqa: E402
import zstandard  # noqa: E402
from compressed_cases import CASES  # noqa: E402
from twins import Case, Twins, twins_of  # noqa: E402

PROGRAM = Path(__file__).with_name("compressed_cases.py")
NAMED = [pytest.param(case, id="-".join([*case.rows, case.name])) for case in CASES]

# Half of these is the whole pickle and less of what follows, or less of what stands before.
MORE_THAN_THE_PICKLE = {"gzip-wrong-sum", "gzip-in-xz", "lzma-behind-zeros", "pandas-tar"}

PACKERS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "gzip": (lambda data: gzip.compress(data, 0), "gzip.open(path)"),
    "zlib": (lambda data: zlib.compress(data, 0), "joblib_reader(path)"),
    "bz2": (lambda data: bz2.compress(data, 1), "bz2.open(path)"),
    "xz": (lzma.compress, "lzma.open(path)"),
    "lzma": (lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE), "lzma.open(path)"),
    "zstd": (
        zstandard.ZstdCompressor(write_content_size=False).compress,
        "io.BufferedReader(zstandard.open(path))",
    ),
    "lz4": (
        lambda data: lz4.frame.compress(data, block_size=lz4.frame.BLOCKSIZE_MAX64KB),
        "lz4.frame.open(path)",
    ),
}

LOADER = """
import bz2, gzip, io, lzma, lz4.frame, pickle, sys, zstandard
from joblib.compressor import BinaryZlibFile as joblib_reader
for how, path in zip(sys.argv[1::2], sys.argv[2::2]):
    try:
        with eval(how) as file:
            pickle.load(file)
    except Exception as error:
        print(type(error).__name__)
"""


@pytest.fixture(scope="module")
def twins(venv_python: str) -> Iterator[Twins]:
    with twins_of(PROGRAM, venv_python) as twins:
        yield twins


@pytest.mark.parametrize("case", NAMED)
def test_clean_twin(case: Case, twins: Twins) -> None:
    (report,) = scan(twins.path(case, "clean"), status=0)
    assert twins.clean[case.name] == {"loaded": True}
    assert (report["verdict"], report["format"], report["coverage"]) == (
        "benign",
        case.format,
        "complete",
    ), report


@pytest.mark.parametrize("case", NAMED)
def test_evil_twin_is_found(case: Case, twins: Twins) -> None:
    (report,) = scan(twins.path(case, "evil"), status=1)
    assert (report["verdict"], report["format"], report["coverage"]) == (
        "malicious",
        case.format,
        "complete",
    ), report
    assert "system" in report["reasons"][0]["detail"]


@pytest.mark.parametrize("case", NAMED)
def test_evil_twin_works_without_the_guard(case: Case, twins: Twins) -> None:
    assert case.name in twins.reached, twins.evil[case.name]


@pytest.mark.parametrize("case", NAMED)
def test_evil_twin_is_refused_under_the_guard(case: Case, twins: Twins) -> None:
    assert case.name not in twins.slipped
    assert "PermissionError" in twins.refused[case.name]["raised"]
    assert "safeguard" in twins.refused[case.name]["message"]


@pytest.mark.parametrize("case", NAMED)
def test_c18_truncated(case: Case, twins: Twins, place: Path) -> None:
    """Half a file is never complete, and no beginning of a clean file is called malicious."""
    whole = twins.path(case, "clean").read_bytes()
    half = place / "half"
    half.write_bytes(whole[: len(whole) * 9 // 20])
    (report,) = scan(half)
    if case.name not in MORE_THAN_THE_PICKLE:
        assert report["coverage"] == "partial", report
    paths = []
    for step in range(40):
        paths.append(place / f"{step}")
        paths[-1].write_bytes(whole[: len(whole) * step // 40])
    for report in scan(*paths):
        assert report["verdict"] == "benign", report


def load_unguarded(python: str, how: str, path: Path) -> str:
    return run([python, "-c", LOADER, how, path]).out.strip()


def evil_before_noise(canary: Path) -> bytes:
    """A payload at once; then a pickle goes on for 300 KB that do not pack."""
    noise = random.Random(2).randbytes(300_000)
    body = payloads.call(canary, 2) + b"0B" + struct.pack("<I", len(noise)) + noise + b"."
    return b"\x80\x03" + body


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("harm", ["cut", "broken"])
def test_payload_before_the_damage(name: str, harm: str, place: Path, venv_python: str) -> None:
    pack, how = PACKERS[name]
    packed = pack(evil_before_noise(place / "canary"))
    at = len(packed) * 2 // 3
    path = place / "evil"
    path.write_bytes(packed[:at] if harm == "cut" else packed[:at] + b"\xff" * 40000)
    error = load_unguarded(venv_python, how, path)
    assert error
    assert (place / "canary").exists(), error
    (report,) = scan(path, status=1)
    assert (report["verdict"], report["format"], report["coverage"]) == (
        "malicious",
        name,
        "partial",
    ), report
    rules = {reason["rule"] for reason in report["reasons"]}
    assert ("truncated" if harm == "cut" else "damaged") in rules


def wrong_sum(name: str, data: bytes) -> bytes:
    """The whole stream, with a check sum that does not fit."""
    if name == "zstd":
        data = zstandard.ZstdCompressor(write_checksum=True).compress(data)
    elif name == "lz4":
        data = lz4.frame.compress(data, content_checksum=True)
    else:
        data = PACKERS[name][0](data)
    where = {"gzip": -8, "bz2": 10}.get(name, -1)  # of bzip2: the first block's
    if name == "xz":  # before the index, of which the footer has the length
        where = -12 - (struct.unpack("<I", data[-8:-4])[0] + 1) * 4 - 1
    broken = bytearray(data)
    broken[where] ^= 1
    return bytes(broken)


@pytest.mark.parametrize("name", [name for name in PACKERS if name != "lzma"])
def test_payload_under_a_wrong_sum(name: str, place: Path, venv_python: str) -> None:
    """Readers compare at the end of what they have given out."""
    path = place / "evil"
    path.write_bytes(wrong_sum(name, evil_before_noise(place / "canary")))
    error = load_unguarded(venv_python, PACKERS[name][1], path)
    assert (place / "canary").exists(), error
    (report,) = scan(path, status=1)
    assert (report["verdict"], report["format"]) == ("malicious", name), report


@pytest.mark.parametrize("name", PACKERS)
def test_wrapped_text_is_no_carrier(name: str, place: Path) -> None:
    """Even when it is damaged: whatever came out is no pickle."""
    packed = PACKERS[name][0](b"Just some text, nothing to load here.\n" * 5000)
    paths = [place / "whole", place / "cut"]
    paths[0].write_bytes(packed)
    paths[1].write_bytes(packed[: len(packed) * 3 // 4])
    whole, cut = scan(*paths)
    assert (whole["verdict"], whole["coverage"]) == ("benign", "complete"), whole
    assert cut["verdict"] == "benign"
    assert (cut["coverage"] == "complete") or cut["reasons"][0]["rule"] == "truncated"


@pytest.mark.parametrize("level", range(7))
def test_nesting_ends_at_max_depth(level: int, place: Path) -> None:
    data = payloads.pickle_of(place / "canary", 4)
    for _ in range(level):
        data = gzip.compress(data)
    path = place / "nested"
    path.write_bytes(data)
    (report,) = scan(path)
    assert (report["verdict"], report["coverage"]) == ("malicious", "complete"), report
    path.write_bytes(gzip.compress(data))
    if level == 6:
        (report,) = scan(path, status=2)
        assert (report["verdict"], report["coverage"]) == ("benign", "partial"), report
        assert "max_depth" in report["reasons"][0]["detail"]


def squeezed(path: Path, head: bytes, fill: bytes, size: int) -> None:
    """A gzip of `head` and `size` bytes of `fill`."""
    chunk = fill * ((1 << 20) // len(fill))
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    with path.open("wb") as file:
        file.write(packer.compress(head))
        for _ in range(size >> 20):
            file.write(packer.compress(chunk))
        file.write(packer.flush())


def policy(place: Path, **limits: str) -> list[str]:
    path = place / "policy.ini"
    path.write_text("[scan]\n" + "".join(f"{key} = {value}\n" for key, value in limits.items()))
    return ["--policy", str(path)]


def scan_timed(options: list[str], path: Path) -> tuple[dict[str, Any], float]:
    before = processor_seconds()
    done = run([CLI, "scan", "--format", "jsonl", *options, path])
    return dict(json.loads(done.out)), processor_seconds() - before


def test_bomb_of_zeros_is_left_at_once(place: Path) -> None:
    path = place / "zeros.gz"
    squeezed(path, b"", b"\0", 4 << 30)
    report, seconds = scan_timed([], path)
    assert (report["verdict"], report["coverage"]) == ("benign", "complete"), report
    assert seconds < 5


def test_bomb_of_opcodes_ends_at_max_inflate(place: Path) -> None:
    path = place / "opcodes.gz"
    squeezed(path, b"\x80\x04", b"N0", 256 << 20)
    report, seconds = scan_timed(policy(place, max_inflate="64M"), path)
    assert (report["verdict"], report["coverage"]) == ("benign", "partial"), report
    assert "max_inflate" in " ".join(reason["detail"] for reason in report["reasons"])
    assert seconds < 20


def test_bomb_of_an_archive_is_one(place: Path) -> None:
    """More than a gigabyte from a few megabytes, to read which an archive must be unpacked."""
    path = place / "archive.gz"
    squeezed(path, b"PK\3\4", b"\0", 2 << 30)
    report, seconds = scan_timed(policy(place, max_inflate="1200M"), path)
    assert (report["verdict"], report["coverage"]) == ("malicious", "partial"), report
    assert report["reasons"][0]["rule"] == "bomb"
    assert seconds < 30


def test_bomb_of_archives_in_archives(place: Path) -> None:
    """16 archives in each of 16, four deep, of 256 MB of zeros each."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.dll", bytes(256 << 20))
    for _ in range(4):
        outer = io.BytesIO()
        with zipfile.ZipFile(outer, "w", zipfile.ZIP_DEFLATED) as archive:
            for index in range(16):
                archive.writestr(f"{index}.zip", data.getvalue())
        data = outer
    path = place / "42.zip"
    path.write_bytes(data.getvalue())
    report, seconds = scan_timed(policy(place, max_inflate="2G"), path)
    assert report["coverage"] == "partial" or report["verdict"] == "malicious", report
    assert seconds < 60


def quine_like() -> bytes:
    """What is inside is what it is in, as far as anyone looks: forty times the same wrapper."""
    data = pickle.dumps({"a": 1})
    for _ in range(40):
        data = gzip.compress(data)
    return data


def test_endless_nesting_is_told(place: Path) -> None:
    path = place / "quine.gz"
    path.write_bytes(quine_like())
    report, seconds = scan_timed([], path)
    assert (report["verdict"], report["coverage"]) == ("benign", "partial"), report
    assert seconds < 5


def test_window_beyond_memory_is_told(place: Path) -> None:
    """What a reader could hold and we may not: said, not passed over."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 << 20}]
    data = lzma.compress(payloads.pickle_of(place / "canary", 4), filters=filters)
    path = place / "wide.xz"
    path.write_bytes(data)
    (report,) = scan(path, status=2)
    assert (report["verdict"], report["coverage"], report["format"]) == ("benign", "partial", "xz")
    assert "max_memory" in report["reasons"][0]["detail"]
    done = run([CLI, "scan", "--format", "jsonl", *policy(place, max_memory="1G"), path])
    assert json.loads(done.out)["verdict"] == "malicious"


def test_zstd_that_needs_a_dictionary_is_told(place: Path) -> None:
    words = zstandard.ZstdCompressionDict(random.Random(4).randbytes(5000) * 2)
    packer = zstandard.ZstdCompressor(dict_data=words)
    data = bytearray(packer.compress(pickle.dumps({"a": 1})))
    if words.dict_id() == 0:  # a dictionary without a name: give it one
        data[4] |= 1
        data.insert(5, 7)
    path = place / "needs.zst"
    path.write_bytes(data)
    (report,) = scan(path, status=2)
    assert (report["verdict"], report["coverage"]) == ("benign", "partial"), report


def test_long_tar_gz_is_read_through_a_window(place: Path) -> None:
    """200 MB unpacked, more than is held; members before, inside and behind what is."""
    noise = random.Random(5).randbytes(1 << 20)
    path = place / "long.tar.gz"
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for index in range(4):
            data = noise * 50 + pickle.dumps(index)
            if index == 3:
                data = payloads.pickle_of(place / "canary", 4) + noise * 50
            member = tarfile.TarInfo(f"member{index}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    (report,) = scan(path, status=1)
    assert (report["verdict"], report["coverage"]) == ("malicious", "complete"), report
    assert report["reasons"][0]["member"] == "(unpacked)!member3"


def test_large_zip_in_gzip(place: Path, venv_python: str) -> None:
    """A torch zip of 150 MB: its directory stands behind what is held."""
    path = place / "model.pt.gz"
    writer = """
import gzip, os, sys, torch
class Payload:
    def __reduce__(self):
        return os.system, (f"touch {sys.argv[2]}",)
with gzip.open(sys.argv[1], "wb", compresslevel=1) as file:
    torch.save({"weights": torch.rand(40_000_000), "extra": Payload()}, file)
"""
    assert run([venv_python, "-c", writer, path, place / "canary"]).status == 0
    (report,) = scan(path, status=1)
    assert (report["verdict"], report["format"], report["coverage"]) == (
        "malicious",
        "gzip",
        "complete",
    ), report
    assert report["reasons"][0]["member"].endswith("/data.pkl")


def test_zeros_in_members_are_looked_through_and_not_for_long(place: Path) -> None:
    """Zeros are empty .lzma streams; behind them may be others, and models hold gigabytes of them."""
    path = place / "zeros.zip"
    evil = lzma.compress(payloads.pickle_of(place / "canary", 2), format=lzma.FORMAT_ALONE)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("some", bytes(1 << 20))
        archive.writestr("behind", bytes(1 << 20) + evil)
    (report,) = scan(path, status=1)
    assert report["reasons"][0]["member"].startswith("behind"), report
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("README", "A line.\n")
        for number in range(32):
            archive.writestr(f"weights/{number}", bytes(8 << 20))
    (report,) = scan(path, status=0)
    assert report["coverage"] == "complete", report
    done = run(["sh", "-c", f"{CLI} scan {path} >/dev/null; cat /proc/$$/io"])
    assert int(done.out.split("rchar: ")[1].split()[0]) < 32 << 20
