"""scripts/spark_*.py as far as it needs no Spark: who scans what, which files there are, children that die."""

import importlib
import json
import os
import random
import re
import signal
import sys
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import BUILD, CLI, ROOT, run

sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "scripts/packages/python")]
os.environ.setdefault("SAFEGUARD_LIBRARY_DIR", str(BUILD))

spark_children: Any = importlib.import_module("spark_children")
spark_files: Any = importlib.import_module("spark_files")

CLEAN = b"\x80\x04N."


def heavy_tailed(count: int, seed: int) -> list[int]:
    """Costs as those of model repositories: many small files, few that outweigh the others together."""
    draw = random.Random(seed)
    return [spark_files.FILE_COST + int(draw.lognormvariate(10, 4)) for _ in range(count)]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("bins", [1, 2, 7, 64, 1000])
def test_bins_are_balanced(bins: int, seed: int) -> None:
    costs = heavy_tailed(500, seed)
    plan = spark_files.plan(costs, bins)
    assert sorted(item for one in plan for item in one) == list(range(len(costs)))
    loads = [sum(costs[item] for item in one) for one in plan]
    assert len(plan) <= bins
    assert loads == sorted(loads, reverse=True)
    # What fills no bin by itself is spread so that no bin is much beyond the average.
    average = sum(costs) / bins
    giants = [item for item, cost in enumerate(costs) if cost >= average]
    assert all([item] in plan for item in giants) or bins == 1
    shared = [load for one, load in zip(plan, loads, strict=True) if len(one) > 1]
    largest = max((cost for cost in costs if cost < average), default=0)
    assert max(shared, default=0) <= average + largest


def test_small_files_are_spread_by_number() -> None:
    plan = spark_files.plan([spark_files.FILE_COST] * 1000, 8)
    assert [len(one) for one in plan] == [125] * 8


def test_nothing_makes_no_bins() -> None:
    assert spark_files.plan([], spark_files.bin_count([], 2)) == []


def test_number_of_bins() -> None:
    cost, most = spark_files.FILE_COST, spark_files.BIN_COST
    assert spark_files.bin_count([cost] * 3, 8) == 3  # none is empty
    assert spark_files.bin_count([cost] * 1000, 8) == 32  # all slots stay busy to the end
    assert spark_files.bin_count([most] * 1000, 8) == 1000  # a bin is some work, not all of it


def odd_tree(place: Path) -> None:
    (place / "blobs").mkdir()
    (place / "blobs/ab12").write_bytes(CLEAN)
    for name in ("main", "v1"):
        (place / "snapshots" / name).mkdir(parents=True)
        (place / "snapshots" / name / "model.pkl").symlink_to("../../blobs/ab12")
    for raw in (b"\xff\xfe.pkl", b"new\nline", b"with  blanks ", b".hidden", b"_under", b"co:lon"):
        (place / os.fsdecode(raw)).write_bytes(payloads.pickle_of(place / "canary", 4))
    (place / "empty").touch()
    os.link(place / "empty", place / "hard link")
    (place / "loop").symlink_to(".")
    (place / "itself").symlink_to("itself")
    (place / "nowhere").symlink_to("missing")
    os.mkfifo(place / "fifo")


def test_files_are_those_of_the_command_line(place: Path) -> None:
    odd_tree(place)
    done = run([CLI, "scan", "-r", "--format", "jsonl", place])
    theirs = sorted(json.loads(line)["path"] for line in done.out.splitlines())
    files = spark_files.walk([str(place)])
    assert sorted(name for file in files for name in file.names) == theirs
    assert [file.problem for file in files if file.problem] == []
    (blob,) = [file for file in files if str(place / "blobs/ab12") in file.names]
    assert sorted(blob.names) == [
        str(place / name)
        for name in ("blobs/ab12", "snapshots/main/model.pkl", "snapshots/v1/model.pkl")
    ]


def test_what_is_named_and_is_no_file_is_a_problem(place: Path) -> None:
    odd_tree(place)
    names = [str(place / name) for name in ("missing", "nowhere", "itself", "fifo", "empty")]
    problems = {file.names[0]: file.problem for file in spark_files.walk(names)}
    assert problems == {
        names[0]: "No such file or directory",
        names[1]: "No such file or directory",
        names[2]: "Too many levels of symbolic links",
        names[3]: "not a regular file",
        names[4]: None,
    }


def test_patterns(place: Path) -> None:
    odd_tree(place)
    (place / "a[b]").touch()
    assert spark_files.expand(f"{place}/*/*/model.pkl") == [
        str(place / "snapshots" / name / "model.pkl") for name in ("main", "v1")
    ]
    assert spark_files.expand(f"{place}/a[b]") == [f"{place}/a[b]"]  # there is such a file
    assert spark_files.expand(f"{place}/*.none") == [
        f"{place}/*.none"
    ]  # and is stated to be missing
    assert spark_files.local("file:///data/x") == "/data/x"
    assert spark_files.local("models") == str(Path.cwd() / "models")
    assert spark_files.local("s3a://bucket/x") == "s3a://bucket/x"
    assert not spark_files.is_remote("/data/s3://x")


def test_a_child_that_is_killed_is_one_error(place: Path) -> None:
    """The scanner waits for a pipe when it is killed: what came before and comes after has its answer."""
    readable, writable = os.pipe()
    evil = payloads.pickle_of(place / "canary", 4)
    with os.fdopen(readable, "rb") as waits, os.fdopen(writable, "wb"):
        said = spark_children.answers([CLEAN, waits, evil, str(place / "missing")], 60)
        first = next(said)
        (child,) = active_children()
        os.kill(child.pid or 0, signal.SIGKILL)
        rest = list(said)
    assert (first[0], first[2], first[-1]) == ("benign", "complete", None)
    assert [(one[0], one[2], one[-1]) for one in rest] == [
        (None, "partial", "the scanner was killed by SIGKILL"),
        ("malicious", "complete", None),
        (None, "partial", "No such file or directory"),
    ]
    assert active_children() == []
    assert not (place / "canary").exists()


def test_a_row_names_what_was_scanned(place: Path) -> None:
    """Of every name; bytes that are no text beside what can be shown of them."""
    path = place / os.fsdecode(b"\xff.pkl")
    path.write_bytes(CLEAN)
    (place / "link").symlink_to(path)
    rows = list(spark_children.scan_bin(spark_files.walk([str(place)]), 60, "now"))
    columns = re.sub(r"<.*>", "", spark_children.SCHEMA).split(", ")
    assert {len(row) for row in rows} == {len(columns)}
    assert sorted((row[0], row[1]) for row in rows if row[1]) == [
        (f"{place}/\\xff.pkl", bytearray(os.fsencode(path)))
    ]
    assert [row[0] for row in rows if not row[1]] == [f"{place}/link"]
    assert {row[2:4] for row in rows} == {("benign", 0.0)}
