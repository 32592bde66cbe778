"""File systems that answer as none should: fuse_server.c is one, a copy-up of overlayfs another."""

import pickle
from pathlib import Path

import payloads
import pytest
from conftest import CLI, FILES_ONLY, Done, compiled, guarded, policy_file, run
from supervising import SUPERVISE

PYTHON = "/usr/bin/python3"
NO_FUSE = 44
FILLING = b"B" + (1000).to_bytes(4, "little") + bytes(1000) + b"0"  # a constant that is dropped
LOADING = """
import errno, pickle, sys
def load(path):
    try:
        with open(path, "rb") as file:
            return "loaded" if pickle.load(file) == [1] else "EVIL"
    except OSError as error:
        return "refused" if "safeguard" in str(error) else errno.errorcode[error.errno]
for path in sys.argv[1:]:
    print(*[load(path) for _ in range(4)], sep=",")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = Path(__file__).with_name("fuse_server.c")
    return compiled(source, tmp_path_factory.mktemp("fuse") / "fuse_server")


def filled(pickled: bytes) -> bytes:
    return pickled[:2] + FILLING + pickled[2:]


@pytest.fixture
def served(server: Path, apart: list[str], place: Path) -> list[str]:
    """The words before a command that has the file system at `place`/far."""
    clean, evil, far = place / "clean", place / "evil", place / "far"
    far.mkdir()
    clean.write_bytes(filled(pickle.dumps([1], 4)))
    evil.write_bytes(filled(payloads.pickle_of(place / "canary", 4)))
    words = [*apart, str(server), str(far), str(clean), str(evil)]
    if run([*words, "true"]).status == NO_FUSE:
        pytest.skip("this system gives no FUSE")
    return words


def policy(place: Path, snapshot: str) -> str:
    return policy_file(place, f"[consistency]\nsnapshot = {snapshot}\n{FILES_ONLY}")


def settings(place: Path, snapshot: str) -> list[str]:
    return [f"{name}={value}" for name, value in guarded(policy=policy(place, snapshot)).items()]


def load(words: list[str], place: Path, snapshot: str, *names: str) -> list[set[str]]:
    """What became of four loads of each."""
    paths = [str(place / "far" / name) for name in names]
    done = run([*words, "env", *settings(place, snapshot), PYTHON, "-c", LOADING, *paths])
    assert done.status == 0, done
    return [set(line.split(",")) for line in done.out.splitlines()]


SNAPSHOTS = ["off", "auto", "strict"]
EVERY = ["plain", "short", "broken", "flaky", "grows", "years", "zero", "huge"]


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_nothing_bad_comes_through(served: list[str], place: Path, snapshot: str) -> None:
    """A file of no size that can be read all the same was taken for an empty one, and loaded."""
    found = load(served, place, snapshot, *(f"{how}.evil" for how in EVERY))
    assert set().union(*found) <= {"refused", "EIO"}, found
    assert not (place / "canary").exists()


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_what_is_clean_and_can_be_known_loads(
    served: list[str], place: Path, snapshot: str
) -> None:
    """A private copy of a file that is read few bytes at a time ended after the first of them."""
    names = [f"{how}.clean" for how in ("plain", "short", "grows", "years", "zero")]
    assert load(served, place, snapshot, *names) == [{"loaded"}] * len(names)


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_what_cannot_be_read_is_refused(served: list[str], place: Path, snapshot: str) -> None:
    (found,) = load(served, place, snapshot, "broken.clean")
    assert found <= {"refused", "EIO"}


def test_strict_loads_what_it_scanned(served: list[str], place: Path) -> None:
    """Every other reading of this file gives another content."""
    for name in ("turns.clean", "turns.evil"):
        (found,) = load(served, place, "strict", name)
        assert found <= {"loaded", "refused"}
    assert not (place / "canary").exists()


def test_text_of_no_size_is_read(served: list[str], place: Path) -> None:
    """As files in /proc are that a container's host makes up."""
    (place / "clean").write_text("MemTotal: 1 kB\n" * 200)
    for snapshot in SNAPSHOTS:
        code = "import sys; print(len(open(sys.argv[1]).read()))"
        words = [
            *served,
            "env",
            *settings(place, snapshot),
            PYTHON,
            "-c",
            code,
            place / "far" / "zero.clean",
        ]
        done = run(words)
        assert done.out == "3000\n", (snapshot, done)


def scanned(served: list[str], place: Path, how: str) -> Done:
    return run([*served, CLI, "scan", place / "far" / f"{how}.evil"])


@pytest.mark.parametrize("how", EVERY)
def test_command_line(served: list[str], place: Path, how: str) -> None:
    """It finds what is there, or says that it could not look."""
    done = scanned(served, place, how)
    if how in ("broken", "flaky"):
        assert (done.status, "not all of the file could be read" in done.out) == (2, True), done
    elif how == "zero":
        assert (done.status, "its size cannot be known" in done.err) == (2, True), done
    else:
        assert (done.status, ": malicious " in done.out) == (1, True), done


def test_supervised(served: list[str], place: Path) -> None:
    words = [*served, *SUPERVISE, "--policy", policy(place, "auto"), "--", PYTHON, "-c", LOADING]
    done = run([*words, *(place / "far" / f"{how}.evil" for how in EVERY)])
    if done.status == 125:
        pytest.skip(done.err)
    found = set(",".join(done.out.splitlines()).split(","))
    assert (done.status, found <= {"refused", "EACCES", "EIO"}) == (0, True), done
    assert not (place / "canary").exists()


# A file of the lower layer is open, and has been judged, when a write copies it up.
COPY_UP = """
import os, pickle, sys
path, evil = sys.argv[1:]
def load(name):
    try:
        return "loaded" if pickle.load(open(name, "rb")) == [1] else "EVIL"
    except PermissionError as error:
        return "refused" if "safeguard" in str(error) else "?"
held = os.open(path, os.O_RDONLY)
print(load(path), load(path))
before = os.stat(path)
os.system(f"dd if={evil} of={path} conv=notrunc bs=4096 status=none")
os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
print(load(path), load(held))
"""


@pytest.mark.parametrize("snapshot", SNAPSHOTS)
def test_copy_up_of_an_open_file(apart: list[str], place: Path, snapshot: str) -> None:
    clean, evil = pickle.dumps([1], 4), payloads.pickle_of(place / "canary", 4)
    (place / "lower").mkdir()
    (place / "merged").mkdir()
    (place / "lower/model.pkl").write_bytes(clean.ljust(len(evil), b"."))
    (place / "evil.pkl").write_bytes(evil)
    script = (
        f"cd {place} && mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work && mount -t overlay"
        " -o lowerdir=lower,upperdir=/mnt/upper,workdir=/mnt/work none merged || exit 44\n"
        'exec "$@"'
    )
    words = [
        "env",
        *settings(place, snapshot),
        PYTHON,
        "-c",
        COPY_UP,
        "merged/model.pkl",
        "evil.pkl",
    ]
    done = run([*apart, "sh", "-ec", script, "sh", *words])
    if done.status == 44:
        pytest.skip("this system gives no overlay file system")
    # What is read through the descriptor is the lower file's or the upper one's, as kernels have it.
    assert done.out in [f"loaded loaded\nrefused {how}\n" for how in ("loaded", "refused")], done
    assert not (place / "canary").exists()
