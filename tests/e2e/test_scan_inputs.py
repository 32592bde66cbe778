"""safeguard scan on what is no ordinary file: a clear outcome each, and never a hang."""

import json
import os
import pickle
import socket
import zipfile
from pathlib import Path

import payloads
import pytest
from conftest import BUILD, CLI, Done, run, scan

NOBODY = 65534


def check_problem(path: Path, problem: str, *options: str) -> None:
    """It is said, counted, and the exit status tells; in jsonl it is an object like all others."""
    done = run([CLI, "scan", *options, path])
    assert done.status == 2, done
    assert done.err == f"safeguard: {path}: cannot be scanned: {problem}\n"
    assert done.out.endswith("0 malicious, 0 suspicious, 0 benign, 1 not readable\n")
    (report,) = [
        json.loads(line)
        for line in run([CLI, "scan", *options, "--format=jsonl", path]).out.splitlines()
    ]
    assert (report["path"], report["coverage"]) == (str(path), "partial")
    assert [(reason["rule"], reason["detail"]) for reason in report["reasons"]] == [
        ("unreadable", problem)
    ]


def test_directory_without_r(place: Path) -> None:
    check_problem(place, "is a directory (-r goes into it)")


def test_missing(place: Path) -> None:
    check_problem(place / "missing", "No such file or directory")


def test_link_to_nowhere(place: Path) -> None:
    (place / "link").symlink_to("missing")
    check_problem(place / "link", "No such file or directory")


def test_link_to_itself(place: Path) -> None:
    (place / "link").symlink_to("link")
    check_problem(place / "link", "Too many levels of symbolic links")


def test_fifo(place: Path) -> None:
    os.mkfifo(place / "fifo")
    check_problem(place / "fifo", "not a regular file (FIFO)")


def test_link_to_a_fifo(place: Path) -> None:
    os.mkfifo(place / "fifo")
    (place / "link").symlink_to("fifo")
    check_problem(place / "link", "not a regular file (FIFO)")


def test_socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "socket"))
        check_problem(place / "socket", "not a regular file (socket)")


def test_dev_zero() -> None:
    check_problem(Path("/dev/zero"), "not a regular file (device)")


def test_file_of_the_kernel() -> None:
    check_problem(Path("/proc/self/maps"), "its size cannot be known (a file of the kernel)")


def test_file_system_of_the_kernel() -> None:
    check_problem(Path("/proc"), "is on a file system that the kernel makes up", "-r")


def unprivileged(*words: str | Path) -> Done:
    """As a user for whom permissions count."""
    if os.getuid() != 0:
        return run(words)
    if not os.access(BUILD, os.X_OK) or any(
        not folder.stat().st_mode & 1 for folder in (BUILD, *BUILD.parents)
    ):
        pytest.skip("other users cannot get at the build folder")
    return run(words, user=NOBODY)


def test_unreadable_file(place: Path) -> None:
    path = place / "secret.pkl"
    path.write_bytes(b"\x80\x04N.")
    path.chmod(0)
    done = unprivileged(CLI, "scan", path)
    assert done.status == 2
    assert done.err == f"safeguard: {path}: cannot be scanned: Permission denied\n"


def test_unreadable_among_others(place: Path) -> None:
    """In directories too it is said and counted; the rest is scanned all the same."""
    (place / "evil.pkl").write_bytes(payloads.pickle_of(place / "canary", 4))
    (place / "evil.pkl").chmod(0o644)
    (place / "file").write_bytes(b"\x80\x04N.")
    (place / "folder").mkdir()
    (place / "file").chmod(0)
    (place / "folder").chmod(0)
    done = unprivileged(CLI, "scan", "-r", place)
    (place / "folder").chmod(0o700)
    assert done.status == 1
    assert sorted(done.err.splitlines()) == [
        f"safeguard: {place}/file: cannot be scanned: Permission denied",
        f"safeguard: {place}/folder: cannot be scanned: Permission denied",
    ]
    assert done.out.splitlines()[-1].endswith("1 malicious, 0 suspicious, 0 benign, 2 not readable")


def test_empty_file(place: Path) -> None:
    path = place / "empty.pkl"
    path.touch()
    (report,) = scan(path, status=0)
    assert (report["verdict"], report["format"], report["coverage"], report["size"]) == (
        "benign",
        "none",
        "complete",
        0,
    )


@pytest.mark.parametrize(
    "text",
    [
        'const fs = require("fs");\nconst path = require("path");\nsome(text)\n',
        "c27d00aa  usr/lib/a\nc38812ff  usr/lib/b\nbbbb\n",
        "PeriodFormat.space=\\ \n" * 40,
        "import os\nimport sys\nos.system('x')\n",
        "cat\ndog\nbird\nsalmon\n",
        "copyright (c) somebody\nclass of things\nsums of them\nRead on.\n",
    ],
)
def test_text_whose_lines_are_opcodes_is_no_pickle(place: Path, text: str) -> None:
    """What read as a store into an object of a module, and as a truncated pickle."""
    path = place / "notes.txt"
    path.write_text(text)
    (report,) = scan(path, status=0)
    assert (report["verdict"], report["format"], report["coverage"]) == (
        "benign",
        "none",
        "complete",
    )


def test_truncated_pickle(place: Path) -> None:
    whole = pickle.dumps({"weights": list(range(1000)), "name": "x" * 100}, 4)
    path = place / "short.pkl"
    path.write_bytes(whole[: len(whole) // 2])
    (report,) = scan(path, status=2)
    assert (report["verdict"], report["coverage"]) == ("benign", "partial"), report
    assert report["reasons"]
    done = run([CLI, "scan", path])
    assert ", not fully analysed" in done.out.splitlines()[0]
    assert done.out.endswith("1 benign, 1 not fully analysed\n")


def test_truncated_after_the_payload(place: Path) -> None:
    """What ran before the end counts."""
    path = place / "short.pkl"
    path.write_bytes(payloads.pickle_of(place / "canary", 2)[:-1])
    (report,) = scan(path, status=1)
    assert report["verdict"] == "malicious"


def test_truncated_zip(place: Path) -> None:
    path = place / "model.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"a": 1}, 2))
        archive.writestr("archive/data/0", b"\0" * 4096)
    path.write_bytes(path.read_bytes()[:2000])
    (report,) = scan(path, status=2)
    assert (report["verdict"], report["coverage"]) == ("benign", "partial"), report
    assert "truncated" in {reason["rule"] for reason in report["reasons"]}


def test_sparse_giant(place: Path) -> None:
    """Nothing is read that need not be: a terabyte of nothing takes no time."""
    path = place / "giant.bin"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    (report,) = scan(path, status=0)
    assert (report["format"], report["size"]) == ("none", 1 << 40)


@pytest.fixture
def tree(place: Path) -> Path:
    """A hub cache: blobs, snapshots that are links to them; and what else lies about on disks."""
    blobs, snapshot = place / "blobs", place / "snapshots" / "abc"
    blobs.mkdir()
    snapshot.mkdir(parents=True)
    (blobs / "1f").write_bytes(payloads.pickle_of(place / "canary", 4))
    (blobs / "2e").write_bytes(pickle.dumps([1, 2, 3]))
    (snapshot / "model.bin").symlink_to("../../blobs/1f")
    (snapshot / "optimizer.bin").symlink_to("../../blobs/2e")
    (snapshot / "gone.bin").symlink_to("../../blobs/3d")
    (place / "again").symlink_to(".")
    (place / "snapshots" / "up").symlink_to("..")
    (place / "processes").symlink_to("/proc")
    os.mkfifo(place / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "socket"))
    return place


def found(done: Done, root: Path) -> dict[str, str]:
    reports = [json.loads(line) for line in done.out.splitlines()]
    assert len(reports) == len({report["path"] for report in reports})
    return {os.path.relpath(report["path"], root): report["verdict"] for report in reports}


def test_tree_with_links_loops_and_oddities(tree: Path) -> None:
    done = run([CLI, "scan", "-r", "--format", "jsonl", tree])
    assert found(done, tree) == {
        "blobs/1f": "malicious",
        "blobs/2e": "benign",
        "snapshots/abc/model.bin": "malicious",
        "snapshots/abc/optimizer.bin": "benign",
    }
    assert (done.status, done.err) == (1, "")


def test_linked_directory_is_gone_into(tree: Path) -> None:
    elsewhere = tree / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "main").symlink_to("../snapshots/abc")
    done = run([CLI, "scan", "-r", "--format", "jsonl", elsewhere])
    assert found(done, elsewhere) == {"main/model.bin": "malicious", "main/optimizer.bin": "benign"}


def test_directory_that_is_itself_a_link(tree: Path) -> None:
    done = run([CLI, "scan", "-r", "--format=jsonl", tree / "snapshots" / "up"])
    assert len(found(done, tree)) == 4


def test_empty_directory(place: Path) -> None:
    done = run([CLI, "scan", "-r", place])
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("safeguard: 0 files (0 B) ")


def test_paths_that_look_like_options(place: Path) -> None:
    (place / "-r").write_bytes(b"\x80\x04N.")
    done = run([CLI, "scan", "--format=jsonl", "--", "-r"], cwd=place)
    assert [json.loads(line)["path"] for line in done.out.splitlines()] == ["-r"]


def test_slashes_at_the_end_are_not_doubled(tree: Path) -> None:
    done = run([CLI, "scan", "-r", "--format=jsonl", f"{tree}/blobs/"])
    paths = [json.loads(line)["path"] for line in done.out.splitlines()]
    assert sorted(paths) == [f"{tree}/blobs/1f", f"{tree}/blobs/2e"]
