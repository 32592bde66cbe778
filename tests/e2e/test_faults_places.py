"""Narrow limits and poor surroundings: what is clean still loads, what is not is refused, nothing crashes."""

import json
import os
import pickle
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import payloads
import pytest
from conftest import FILES_ONLY, LIBRARY, RUNTIME, Done, guarded, policy_file, run, scan

PYTHON = "/usr/bin/python3"
SNAPSHOTS = ["off", "auto", "strict"]

# `limit()` is what a test puts before it; then the files are loaded, and each outcome is a line.
LOADING = """
import errno, os, pickle, resource, sys, threading
def load(path):
    try:
        with open(path, "rb") as file:
            pickle.load(file)
        return "loaded"
    except MemoryError:
        return "MemoryError"
    except OSError as error:
        told = "safeguard" in str(error)
        return "refused" if told else errno.errorcode[error.errno]
"""
EACH = """
for path in sys.argv[1:]:
    print(load(path), flush=True)
"""


@pytest.fixture
def clean(place: Path) -> Path:
    path = place / "clean.pkl"
    path.write_bytes(pickle.dumps({"weights": list(range(50))}, 4))
    return path


def guard(place: Path, snapshot: str, **settings: str) -> dict[str, str]:
    """Only the layer that looks at files."""
    text = f"[consistency]\nsnapshot = {snapshot}\n{FILES_ONLY}"
    return guarded(policy=policy_file(place, text), **settings)


def load(place: Path, snapshot: str, program: str, *paths: Path, **settings: str) -> Done:
    words = [PYTHON, "-c", LOADING + program, *paths]
    done = run(words, env=guard(place, snapshot, **settings))
    assert done.status == 0, done
    assert not (place / "canary").exists()
    return done


# Limits.


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_descriptors_for_the_file_alone(
    place: Path, clean: Path, evil: Path, snapshot: str
) -> None:
    limit = "fd = os.dup(0)\nresource.setrlimit(resource.RLIMIT_NOFILE, (fd + 1, fd + 1))\nos.close(fd)\n"
    done = load(place, snapshot, limit + EACH, clean, evil)
    first, second = done.out.split()
    assert second == "refused"
    assert first == "loaded" or (snapshot == "strict" and first == "refused")


THREADS = """
threading.stack_size(65536)
def work():
    found.append([load(path) for path in sys.argv[1:]])
found = []
threads = [threading.Thread(target=work) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
for some in found:
    print(*some)
"""


def nested(path: Path, inner: bytes, depth: int) -> None:
    for level in range(depth):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"m{level}/data.pkl", inner)
        inner = path.read_bytes()


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_threads_with_small_stacks(place: Path, clean: Path, evil: Path, snapshot: str) -> None:
    """An archive in an archive takes the most stack."""
    deep = place / "deep.zip"
    nested(deep, evil.read_bytes(), 5)
    done = load(place, snapshot, THREADS, clean, evil, deep)
    assert done.out.splitlines() == ["loaded refused refused"] * 4


@pytest.mark.parametrize("room", [1, 8, 64, 512])
def test_address_space(place: Path, clean: Path, evil: Path, room: int) -> None:
    limit = (
        "now = int(open('/proc/self/statm').read().split()[0]) * os.sysconf('SC_PAGESIZE')\n"
        f"resource.setrlimit(resource.RLIMIT_AS, (now + ({room} << 20), -1))\n"
    )
    done = load(place, "auto", limit + EACH, clean, evil)
    first, second = done.out.split()
    assert second in ("refused", "MemoryError", "ENOMEM")
    assert first in ("loaded", "refused", "MemoryError", "ENOMEM")
    assert room < 64 or first == "loaded"


@pytest.mark.parametrize("size", [0, 100, 1 << 16])
def test_log_beyond_the_longest_file(place: Path, evil: Path, size: int) -> None:
    """SIGXFSZ would end the program; Python ignores it, so it is made deadly again."""
    limit = (
        "import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
    )
    log = place / "guard.log"
    done = load(place, "auto", limit + EACH, *[evil] * 5, log=str(log))
    assert done.out.split() == ["refused"] * 5
    if size > 1000:
        assert [json.loads(line)["action"] for line in log.read_text().splitlines()] == [
            "block"
        ] * 5


# Surroundings, in a mount namespace.


@cache
def has_namespaces() -> bool:
    return run(["unshare", "-m", "true"]).status == 0


def load_apart(place: Path, snapshot: str, script: str, *paths: Path) -> Done:
    if not has_namespaces():
        pytest.skip("this system gives no mount namespace")
    settings = [f"{name}={value}" for name, value in guard(place, snapshot).items()]
    words = ["env", *settings, PYTHON, "-c", LOADING + EACH, *paths]
    shell = ["sh", "-ec", script + '\nexec "$@"', "sh", *words]
    done = run(["unshare", "-m", "--propagation", "private", *shell])
    assert not (place / "canary").exists()
    return done


SURROUNDINGS = {
    "no /proc": "mount -t tmpfs none /proc",
    "an empty /dev": "mount -t tmpfs none /dev",
    "nothing can be written": "mount -o bind / / && mount -o remount,bind,ro /",
    "no /run, no /var": "mount -t tmpfs none /run; mount -t tmpfs none /var",
}


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
@pytest.mark.parametrize("where", SURROUNDINGS)
def test_surroundings(place: Path, clean: Path, evil: Path, where: str, snapshot: str) -> None:
    if RUNTIME and where == "no /proc":
        pytest.skip("sanitizers look at /proc")
    done = load_apart(place, snapshot, SURROUNDINGS[where], clean, evil)
    assert (done.status, done.out.split()[1]) == (0, "refused"), done
    # Without /proc a private copy cannot be opened anew, and may not be kept as it was made.
    assert done.out.split()[0] in (("loaded",) if snapshot != "strict" else ("loaded", "refused"))


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_no_tmp(place: Path, clean: Path, evil: Path, snapshot: str) -> None:
    if LIBRARY.is_relative_to("/tmp"):
        pytest.skip("the library itself is in /tmp")
    script = f"cp -r {place} /var/sg.$$ && mount -t tmpfs none /tmp"
    script += f" && mkdir {place} && cp /var/sg.$$/* {place} && rm -r /var/sg.$$"
    done = load_apart(place, snapshot, script, clean, evil)
    assert (done.status, done.out.split()) == (0, ["loaded", "refused"]), done


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_overlay(place: Path, clean: Path, evil: Path, snapshot: str) -> None:
    """The lower file, and the one that a write has copied up."""
    merged = place / "merged"
    script = (
        f"cd {place} && mkdir lower merged && cp clean.pkl evil.pkl lower && mount -t tmpfs none /mnt"
        " && mkdir /mnt/upper /mnt/work && mount -t overlay -o"
        " lowerdir=lower,upperdir=/mnt/upper,workdir=/mnt/work none merged || exit 44\n"
        "cp merged/evil.pkl merged/up.pkl; chmod 600 merged/clean.pkl"
    )
    paths = [merged / "clean.pkl", merged / "evil.pkl", merged / "up.pkl"]
    done = load_apart(place, snapshot, script, *paths)
    if done.status == 44:
        pytest.skip("this system gives no overlay file system")
    assert (done.status, done.out.split()) == (0, ["loaded", "refused", "refused"]), done


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_fuse_that_keeps_no_attributes(place: Path, clean: Path, evil: Path, snapshot: str) -> None:
    """As on a network, each look at a file asks its server."""
    if not shutil.which("bindfs") or not Path("/dev/fuse").exists():
        pytest.skip("no bindfs here: scripts/install_deps --faults gets it")
    far = place / "far"
    far.mkdir()
    script = (
        f"bindfs -f -o attr_timeout=0,entry_timeout=0,direct_io {place} {far} & server=$!\n"
        f"until mountpoint -q {far}; do kill -0 $server || exit 44; sleep 0.02; done\n"
        f'"$@"\numount -l {far}; wait $server; exit 0'
    )
    done = load_apart(place, snapshot, script, far / "clean.pkl", far / "evil.pkl")
    if done.status == 44:
        pytest.skip("this system gives no FUSE")
    assert (done.status, done.out.split()) == (0, ["loaded", "refused"]), done


def test_clocks_of_another_namespace(place: Path, clean: Path, evil: Path) -> None:
    """Time since the start goes back by years."""
    words = ["unshare", "-T", "--boottime", "100000000", "--monotonic", "100000000"]
    if run([*words, "true"]).status:
        pytest.skip("this system gives no time namespace")
    done = run([*words, PYTHON, "-c", LOADING + EACH, clean, evil], env=guard(place, "auto"))
    assert (done.status, done.out.split()) == (0, ["loaded", "refused"]), done


@pytest.mark.parametrize("stamp", [0, 1 << 33, -1])
def test_files_of_other_times(place: Path, clean: Path, evil: Path, stamp: int) -> None:
    for path in (clean, evil):
        os.utime(path, (stamp, stamp))
    done = load(place, "strict", EACH, clean, evil, clean, evil)
    assert done.out.split() == ["loaded", "refused"] * 2


# Names and sizes.

LONG_PATH = """
here = os.open(sys.argv[1], os.O_RDONLY)
for _ in range(20):
    os.mkdir("d" * 250, dir_fd=here)
    there = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
    os.close(here)
    here = there
for path in sys.argv[2:]:
    os.rename(path, "model.pkl", dst_dir_fd=here)
    try:
        fd = os.open("model.pkl", os.O_RDONLY, dir_fd=here)
        pickle.loads(os.read(fd, 100000))
        print("loaded")
    except PermissionError as error:
        print("refused" if "safeguard" in str(error) else error)
"""


def test_path_longer_than_the_kernel_names(place: Path, clean: Path, evil: Path) -> None:
    done = load(place, "auto", LONG_PATH, place, clean, evil)
    assert done.out.split() == ["loaded", "refused"]
    assert "blocked model.pkl: malicious" in done.err


@pytest.mark.parametrize("name", [b"\xff\xfe.pkl", b"caf\xe9.pkl", b"new\nline.pkl", b"\x1b[31m"])
def test_name_that_is_no_text(place: Path, evil: Path, name: bytes) -> None:
    path = Path(os.fsdecode(bytes(place) + b"/" + name))
    evil.rename(path)
    log = place / "guard.log"
    done = load(place, "auto", EACH, path, log=str(log))
    assert done.out.split() == ["refused"]
    (record,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert os.fsencode(record["path"]) == os.fsencode(path)


def sparse_pickle(path: Path, length: int) -> None:
    """A constant of zeros, and a call behind it."""
    with path.open("wb") as file:
        file.write(b"\x80\x04\x8e" + struct.pack("<Q", length))
        file.seek(length, os.SEEK_CUR)
        file.write(b"0" + payloads.call(Path("c"), 4) + b".")


def sparse_torch(path: Path, length: int) -> None:
    """zip64: a stored member of zeros behind its beginning, then the pickle."""
    body = payloads.pickle_of(Path("c"), 4)
    members = [(b"m/data/0", length, None, 0), (b"m/data.pkl", len(body), body, zlib.crc32(body))]
    directory = b""
    with path.open("wb") as file:
        for name, size, content, crc in members:
            at = file.tell()
            extra = struct.pack("<HHQQ", 1, 16, size, size)
            fixed = struct.pack("<HHHHHI", 45, 0, 0, 0, 33, crc)
            lengths = struct.pack("<IIHH", 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra))
            file.write(b"PK\3\4" + fixed + lengths + name + extra)
            if content is None:
                file.write(b"\xff\n" * 32)
                file.seek(size - 64, os.SEEK_CUR)
            else:
                file.write(content)
            extra = struct.pack("<HHQQQ", 1, 24, size, size, at)
            lengths = struct.pack("<IIHH", 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra))
            rest = struct.pack("<HHHII", 0, 0, 0, 0, 0xFFFFFFFF)
            directory += b"PK\1\2\x2d\0" + fixed + lengths + rest + name + extra
        start = file.tell()
        end = struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 2, 2, len(directory), start)
        locator = struct.pack("<IQI", 0, start + len(directory), 1)
        last = struct.pack("<HHHHIIH", 0, 0, 2, 2, len(directory), 0xFFFFFFFF, 0)
        file.write(directory + b"PK\6\6" + end + b"PK\6\7" + locator + b"PK\5\6" + last)


@pytest.mark.parametrize("make", [sparse_pickle, sparse_torch])
def test_file_beyond_four_gigabytes(place: Path, make: Callable[[Path, int], None]) -> None:
    path = place / "large.pt"
    make(path, (4 << 30) + 12345)
    (report,) = scan(path, status=1)
    assert (report["verdict"], report["coverage"]) == ("malicious", "complete"), report
    assert load(place, "auto", EACH, path).out.split() == ["refused"]
