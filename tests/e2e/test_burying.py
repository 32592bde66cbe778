"""What is added to a malicious file never lowers its score: real files, buried in clean content."""

import csv
import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import payloads
import pytest
from conftest import CLI, ROOT, run

SHARED = ROOT.parent / "shared" / "corpus"
CLEAN = pickle.dumps({"weights": [0.5] * 50, "names": [f"layer{i}" for i in range(50)]}, 2)
FILLER = b"}0" * 10_000  # EMPTY_DICT, POP
LIMIT = 1 << 20  # bytes of a file that is buried


def before(data: bytes) -> bytes:
    return CLEAN + data


def after(data: bytes) -> bytes:
    return data + CLEAN * 100


def inside(data: bytes) -> bytes:
    """Behind its header; what is in a frame keeps its place."""
    header = 2 if data[:1] == b"\x80" else 0
    return data if data[2:3] == b"\x95" else data[:header] + FILLER + data[header:]


def in_list(data: bytes) -> bytes:
    """As an item of a list with others; a whole stream that is cut off has no STOP to take away."""
    header = 2 if data[:1] == b"\x80" else 0
    if data[2:3] == b"\x95" or data[-1:] != b".":
        return data
    return data[:header] + b"](" + b"K\x01" * 10_000 + data[header:-1] + b"K\x01" * 10_000 + b"e."


def in_zip(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for number in range(200):
            archive.writestr(f"archive/{number}.pkl", CLEAN)
        archive.writestr("archive/data.pkl", data)
    return out.getvalue()


def in_tar(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number, body in enumerate([CLEAN] * 20 + [data] + [CLEAN] * 20):
            member = tarfile.TarInfo(f"{number}.pkl")
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return out.getvalue()


WAYS: list[Callable[[bytes], bytes]] = [before, after, inside, in_list, in_zip, in_tar]


def tier(score: float) -> int:
    return (score >= 0.5) + (score >= 0.9)


def scores(folder: Path) -> dict[str, float]:
    done = run([CLI, "scan", "-r", "--format", "jsonl", folder])
    reports = [json.loads(line) for line in done.out.splitlines()]
    return {Path(report["path"]).name: report["score"] for report in reports}


def streams(place: Path) -> dict[str, bytes]:
    """Malicious pickles: of the shared corpus where there is one, and of our own in any case."""
    found = {f"own{n}": payloads.pickle_of(place / "canary", n) for n in payloads.PROTOCOLS}
    if not (SHARED / "unpack").is_file():
        return found
    run([SHARED / "unpack", place / "shared"])
    manifest = (SHARED / "manifest.tsv").read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(manifest, delimiter="\t", quoting=csv.QUOTE_NONE):
        path = place / "shared" / row["file"]
        if row["label"] == "malicious" and row["container"] == "pickle":
            found[path.name] = path.read_bytes()
    return {name: data for name, data in found.items() if len(data) < LIMIT}


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, float]]:
    place = tmp_path_factory.mktemp("bare")
    found = streams(place)
    (place / "files").mkdir()
    for name, data in found.items():
        (place / "files" / name).write_bytes(data)
    return found, scores(place / "files")


@pytest.mark.parametrize("way", WAYS)
def test_score_does_not_drop(
    bare: tuple[dict[str, bytes], dict[str, float]], way: Callable[[bytes], bytes], place: Path
) -> None:
    found, alone = bare
    for name, data in found.items():
        (place / name).write_bytes(way(data))
    buried = scores(place)
    # How a stream begins says little, and less when something stands before it: never 0.5 alone.
    told = [name for name in found if alone[name] >= 0.5]
    # What is an item of a list is not thrown away any more, which says a little: its tier stays.
    held = tier if way is in_list else float
    dropped = {
        name: (alone[name], buried[name]) for name in told if held(buried[name]) < held(alone[name])
    }
    assert told
    assert dropped == {}
