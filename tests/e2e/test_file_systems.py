"""What the kernel promises, on each file system that shim/filesystem.c relies on."""

import fcntl
import mmap
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import run
from strict_programs import COPY, WHERE, expect, model, program


def lease(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except BlockingIOError:
            return False
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return True


def mapped(path: Path) -> mmap.mmap:
    with path.open("r+b") as file:
        return mmap.mmap(file.fileno(), 0)


def refuses_leases(folder: Path) -> bool:
    """While a file is open, or only mapped, for writing."""
    path = folder / "leased"
    path.write_bytes(bytes(65536))
    with path.open("r+b"):
        while_open = lease(path)
    view = mapped(path)
    while_mapped = lease(path)
    view.close()
    assert lease(path)
    path.unlink()
    return not while_open and not while_mapped


def stamps_stores(folder: Path) -> bool:
    """The first store through a new mapping shows at once, also in pages read or dirty before."""
    path, missed = folder / "stamped", 0
    path.write_bytes(bytes(65536))
    for turn in range(200):
        view = mapped(path)
        for page in range(0, 65536 * (turn % 2), 4096):
            assert view[page] >= 0
        before = path.stat().st_ctime_ns
        view[0] = turn
        missed += path.stat().st_ctime_ns == before
        view.close()
    path.unlink()
    return missed == 0


@pytest.fixture
def mounted(place: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    kind = request.param
    if os.geteuid() != 0 or not shutil.which(f"mkfs.{kind}"):
        pytest.skip(f"only root can mount, and mkfs.{kind} is wanted")
    image, folder = place / "image", place / "mounted"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(400 << 20)
    made = run([f"mkfs.{kind}", "-q", image])
    if made.status or run(["mount", "-o", "loop", image, folder]).status:
        pytest.skip(f"{kind} cannot be mounted here")
    yield folder
    run(["umount", folder])


@pytest.mark.parametrize("mounted", ["ext4", "xfs", "btrfs"], indirect=True)
def test_leases_and_stamps_can_be_relied_on(mounted: Path) -> None:
    assert refuses_leases(mounted)
    assert stamps_stores(mounted)


def test_leases_can_be_relied_on_in_memory_files() -> None:
    folder = Path("/dev/shm")
    if not os.access(folder, os.W_OK):
        pytest.skip("there is no /dev/shm")
    assert refuses_leases(folder)


@pytest.mark.parametrize("mounted", ["xfs", "btrfs"], indirect=True)
def test_blocks_are_shared_where_they_can_be(venv_python: str, place: Path, mounted: Path) -> None:
    path = model(mounted, 100 << 10)
    code = WHERE + (
        "file = open(sys.argv[1], 'rb')\n"
        "st, mine = os.stat(sys.argv[1]), os.fstat(file.fileno())\n"
        "print(where(file) == sys.argv[1], st.st_dev == mine.st_dev, st.st_ino == mine.st_ino)\n"
        "print(int(st.st_mtime) == int(mine.st_mtime), len(pickle.load(file)))"
    )
    expect(program(venv_python, place, code, path), f"False True False\nTrue {100 << 10}\n")


def test_an_overlay_is_not_relied_on(venv_python: str, place: Path) -> None:
    folders = [place / name for name in ("lower", "upper", "work", "merged")]
    for folder in folders:
        folder.mkdir()
    options = "lowerdir={},upperdir={},workdir={}".format(*folders)
    merged = folders[-1]
    if run(["mount", "-t", "overlay", "overlay", "-o", options, merged]).status:
        pytest.skip("no overlay can be mounted here")
    try:
        path = merged / "notes.txt"
        path.write_text("A line of text that is no model.\n" * 10)
        code = WHERE + "file = open(sys.argv[1]); print(where(file), len(file.read()))"
        expect(program(venv_python, place, code, path), f"{COPY} 330\n")
    finally:
        run(["umount", merged])
