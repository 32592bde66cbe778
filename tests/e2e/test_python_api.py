"""The Python package over libsgscan.so: its view of the C structures, what it reads, what it raises."""

import array
import ctypes
import dataclasses
import gzip
import io
import mmap
import os
import pickle
import sys
import tempfile
import threading
import time
import tracemalloc
import typing
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import BUILD, ROOT, run, scan

PACKAGES = ROOT / "scripts" / "packages" / "python"

os.environ["SAFEGUARD_LIBRARY_DIR"] = str(BUILD)
sys.path.insert(0, str(PACKAGES))

import safeguard  # noqa: E402
from safeguard import _abi, _memory  # noqa: E402

STRUCTURES = {
    "sg_file": _abi.File,
    "sg_source": _abi.Source,
    "sg_arena": _abi.Arena,
    "sg_limits": _abi.Limits,
    "sg_opinion": _abi.Opinion,
    "sg_options": _abi.Options,
    "sg_reason": _abi.Reason,
    "sg_report": _abi.Report,
}


def layout(name: str, structure: type[ctypes.Structure]) -> dict[str, int]:
    """Sizes and places of a structure as ctypes has it."""
    found = {f"{name}": ctypes.sizeof(structure)}
    for field, *_ in structure._fields_:
        found[f"{name}.{field}"] = getattr(structure, field).offset
        found[f"{name}.{field}#"] = getattr(structure, field).size
    return found


def test_ctypes_has_the_layout_of_the_header(place: Path) -> None:
    expected: dict[str, int] = {"ok": _abi.OK, "reasons": _abi.REASONS_MAX}
    lines = ['P("ok", SG_OK);', 'P("reasons", SG_REASONS_MAX);']
    for name, structure in STRUCTURES.items():
        expected |= layout(name, structure)
        lines.append(f'P("{name}", sizeof(struct {name}));')
        for field, *_ in structure._fields_:
            lines.append(f'P("{name}.{field}", offsetof(struct {name}, {field}));')
            lines.append(f'P("{name}.{field}#", sizeof(((struct {name} *)0)->{field}));')
    for field, value in dataclasses.asdict(safeguard.Limits()).items():
        expected[field] = value
        lines.append(f'P("{field}", SG_LIMITS_DEFAULT.{field});')
    source = place / "layout.c"
    source.write_text(
        "#include <sgscan.h>\n#include <stdio.h>\n"
        '#define P(name, value) printf("%s %llu\\n", name, (unsigned long long)(value))\n'
        f"int main(void)\n{{\n{chr(10).join(lines)}\n}}\n"
    )
    built = run(["cc", "-I", ROOT / "scanner", "-o", place / "layout", source])
    assert built.status == 0, built.err
    printed = run([place / "layout"]).out.splitlines()
    assert {name: int(value) for name, value in map(str.split, printed)} == expected


@pytest.fixture
def evil(place: Path) -> bytes:
    return payloads.pickle_of(place / "canary", 4)


@pytest.fixture
def path(place: Path, evil: bytes) -> Path:
    found = place / "evil.pkl"
    found.write_bytes(evil)
    return found


def mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def padded(path: Path) -> "array.array[float]":
    """As numbers: the format of a buffer does not matter."""
    content = path.read_bytes()
    return array.array("d", content + bytes(-len(content) % 8))


def piped(path: Path) -> io.BufferedReader:
    outlet, inlet = os.pipe()
    os.write(inlet, path.read_bytes())
    os.close(inlet)
    return os.fdopen(outlet, "rb")


def spooled(path: Path) -> typing.IO[bytes]:
    file = tempfile.SpooledTemporaryFile()
    file.write(path.read_bytes())
    return file


def temporary(path: Path) -> typing.IO[bytes]:
    """Written to, and not yet flushed."""
    file = tempfile.NamedTemporaryFile()
    file.write(path.read_bytes())
    return file


def zipped(path: Path) -> gzip.GzipFile:
    """Its fileno() gives out other bytes than its read(): here none at all that mean anything."""
    packed = path.with_suffix(".packed")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    return gzip.GzipFile(packed)


def member(path: Path) -> typing.IO[bytes]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as whole:
        whole.write(path, "evil.pkl")
    return zipfile.ZipFile(archive).open("evil.pkl")


SOURCES: dict[str, Callable[[Path], Any]] = {
    "str": str,
    "path": Path,
    "bytes": Path.read_bytes,
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(b"x" + path.read_bytes())[1:],
    "mmap": mapped,
    "array": padded,
    "file": lambda path: path.open("rb"),
    "unbuffered": lambda path: path.open("rb", buffering=0),
    "update": lambda path: path.open("rb+"),
    "memory": lambda path: io.BytesIO(path.read_bytes()),
    "pipe": piped,
    "spooled": spooled,
    "temporary": temporary,
    "gzip": zipped,
    "member": member,
}


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_of_source(path: Path, kind: str) -> None:
    source = SOURCES[kind](path)
    report = safeguard.scan(source)
    assert report.malicious
    assert report.verdict == "malicious"
    assert (report.format, report.coverage) == ("pickle", "complete")
    assert report.size in (path.stat().st_size, path.stat().st_size // 8 * 8 + 8)
    assert f"touch {path.parent}/canary" in report.reasons[0].detail
    assert not (path.parent / "canary").exists()


@pytest.mark.parametrize("kind", ["file", "unbuffered", "update", "memory", "gzip", "member"])
@pytest.mark.parametrize("at", [0, 3])
def test_a_file_object_is_not_moved(path: Path, kind: str, at: int) -> None:
    with SOURCES[kind](path) as file:
        file.seek(at)
        assert safeguard.scan(file).malicious
        assert file.tell() == at
        assert file.read() == path.read_bytes()[at:]


def test_what_is_not_flushed_is_scanned(path: Path, evil: bytes) -> None:
    with (path.parent / "new.pkl").open("wb+") as file:
        file.write(evil)
        assert safeguard.scan(file).malicious


def samples(place: Path) -> Iterator[Path]:
    evil = payloads.pickle_of(place / "canary", 2)
    contents = {
        "clean.pkl": pickle.dumps({"weights": [1.0, 2.0]}, 4),
        "evil.pkl": evil,
        "damaged.pkl": evil[:-1],
        "notes.txt": b"Nothing to load here.\n" * 100,
        "empty": b"",
        "evil.pkl.gz": gzip.compress(evil, mtime=0),
        "opaque.pkl": pickle.dumps(print, 2) + pickle.dumps(threading.Thread, 4),
    }
    for name, content in contents.items():
        (place / name).write_bytes(content)
        yield place / name
    with zipfile.ZipFile(place / "model.pt", "w") as archive:
        archive.writestr("model/data.pkl", evil)
        archive.writestr("model/version", "3")
    yield place / "model.pt"


def plain(report: safeguard.Report) -> dict[str, Any]:
    """As the command line prints it."""
    found = dataclasses.asdict(report) | {"micros": 0, "score": short(report.score)}
    found["reasons"] = [one | {"weight": short(one["weight"])} for one in found["reasons"]]
    return found


def short(number: float) -> float:
    return float(f"{number:.6g}")


def test_reports_are_those_of_the_command_line(place: Path) -> None:
    for path in samples(place):
        (told,) = scan(path)
        told |= {"micros": 0}
        assert told.pop("path") == str(path)
        for source in (path, path.read_bytes(), path.open("rb")):
            assert plain(safeguard.scan(source)) == told


def test_large_content_is_not_copied(place: Path, evil: bytes) -> None:
    size = 64 << 20
    content = bytearray(evil) + bytes(size - len(evil))
    sparse = place / "sparse.pkl"
    with sparse.open("wb") as file:
        file.write(evil)
        file.truncate(size)
    tracemalloc.start()
    try:
        for source in (content, memoryview(content), sparse, sparse.open("rb")):
            report = safeguard.scan(source)
            assert (report.verdict, report.size) == ("malicious", size)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_bytes_are_held_while_they_are_scanned(evil: bytes) -> None:
    content = bytearray(evil)
    with _memory.bytes_of(content) as (_, size), pytest.raises(BufferError):
        content.append(0)
    assert size == len(evil)
    content.append(0)


def closed_file() -> io.BytesIO:
    file = io.BytesIO()
    file.close()
    return file


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("/proc/self/nothing", FileNotFoundError),
        ("/", safeguard.ScanError),
        ("/dev/null", safeguard.ScanError),
        ("/proc/self/maps", safeguard.ScanError),
        ("a\0b", ValueError),
        (3, TypeError),
        (None, TypeError),
        (io.StringIO("text"), TypeError),
        (closed_file(), ValueError),
        (memoryview(b"abcd")[::2], BufferError),
    ],
    ids=repr,
)
def test_what_cannot_be_scanned(source: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        safeguard.scan(source)


def test_a_fifo_is_not_waited_for(place: Path) -> None:
    os.mkfifo(place / "fifo")
    with pytest.raises(safeguard.ScanError, match=f"{place}/fifo: not a regular file"):
        safeguard.scan(place / "fifo")


def test_a_file_that_may_not_be_read(path: Path) -> None:
    with path.open("ab") as file, pytest.raises(OSError, match="read"):
        safeguard.scan(file)
    with path.open("ab", buffering=0) as raw, pytest.raises(OSError, match="Bad file descriptor"):
        safeguard.scan(raw)


def test_limits(evil: bytes) -> None:
    nested = gzip.compress(gzip.compress(gzip.compress(evil)))
    assert safeguard.scan(nested).malicious
    report = safeguard.scan(nested, limits=safeguard.Limits(max_depth=1))
    assert report.coverage == "partial"
    with pytest.raises(safeguard.ScanError, match="memory"):
        safeguard.scan(evil, limits=safeguard.Limits(max_memory=4096))
    assert safeguard.scan(evil).malicious


@pytest.mark.parametrize("limits", [{"max_depth": -1}, {"max_inflate": 1 << 64}, {"max_memory": 0}])
def test_limits_out_of_range(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="out of range"):
        safeguard.Limits(**limits)


def test_a_file_that_is_written_to_is_partial(place: Path) -> None:
    path = place / "busy.pkl"
    path.write_bytes(pickle.dumps([str(number) for number in range(20000)], 4))
    done = threading.Event()

    def touch() -> None:
        while not done.is_set():
            os.utime(path)

    with ThreadPoolExecutor() as pool:
        toucher = pool.submit(touch)
        try:
            reports = (safeguard.scan(path) for _ in range(2000))
            changed = next(report for report in reports if report.coverage == "partial")
        finally:
            done.set()
        toucher.result()
    assert [reason.rule for reason in changed.reasons] == ["changed"]


def test_threads_have_their_own_reports(place: Path) -> None:
    jobs = [(number % 3 == 0, place / f"{number}.pkl") for number in range(60)]
    for bad, path in jobs:
        content = payloads.pickle_of(path.with_suffix(".canary"), 4) if bad else pickle.dumps(path)
        path.write_bytes(content)
    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(safeguard.scan, [path for _, path in jobs] * 5))
    for (bad, path), report in zip(jobs * 5, reports, strict=True):
        assert report.malicious == bad
        assert not bad or str(path.with_suffix(".canary")) in report.reasons[0].detail


def test_other_threads_run_meanwhile() -> None:
    """Nobody is made to give the interpreter up here: only who calls without its lock lets others in."""
    content = pickle.dumps([str(number) for number in range(100000)], 4)
    interval = sys.getswitchinterval()
    inside = seen = False

    def work() -> bool:
        nonlocal inside
        for _ in range(500):
            inside = True
            safeguard.scan(content)
            inside = False
            if seen:
                break
        return seen

    sys.setswitchinterval(1000)
    try:
        with ThreadPoolExecutor(1) as pool:
            worker = pool.submit(work)
            while not worker.done():
                time.sleep(0)
                seen |= inside
            assert worker.result()
    finally:
        sys.setswitchinterval(interval)


def test_memory_to_work_in_is_used_again(path: Path) -> None:
    def mappings() -> int:
        return len(Path("/proc/self/maps").read_text().splitlines())

    def work(_: int) -> None:
        safeguard.scan(path)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(50)))
        before = mappings()
        list(pool.map(work, range(500)))
        assert mappings() < before + 100


def test_a_scan_may_be_begun_within_another(evil: bytes) -> None:
    with _memory.arena(1 << 20) as outer:
        assert safeguard.scan(evil).malicious
        assert outer.raw.used == 0
        with _memory.arena(1 << 20) as inner:
            assert inner.raw.base != outer.raw.base


def test_a_forked_child_scans(path: Path) -> None:
    assert safeguard.scan(path).malicious
    child = os.fork()
    if not child:
        os._exit(safeguard.scan(path).malicious + 10)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 11
