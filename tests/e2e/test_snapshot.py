"""test_snapshot - snapshot = strict: what was vetted is what is read, and nothing else changes."""

import os
import pickle
import subprocess
from collections.abc import Iterator
from pathlib import Path

import payloads
import pytest
from conftest import guarded, run, shipped_policy
from strict_programs import COPY, WHERE, expect, model, policy, program

NOBODY = 65534
LARGE = 5 << 20  # more than is copied where a lease is to be had


def bad(folder: Path, name: str = "bad.pkl") -> Path:
    path = folder / name
    path.write_bytes(payloads.pickle_of(folder / "canary", 4))
    return path


def test_a_copy_stands_in_for_a_small_model(venv_python: str, place: Path) -> None:
    path = model(place)
    path.chmod(0o640)
    os.utime(path, (1000, 2000))
    code = WHERE + (
        "import fcntl\n"
        "fd = os.open(sys.argv[1], os.O_RDONLY | os.O_APPEND | os.O_NONBLOCK)\n"
        "os.set_inheritable(fd, True)\n"
        "file = os.fdopen(fd, 'rb')\n"
        "st, flags = os.fstat(fd), fcntl.fcntl(fd, fcntl.F_GETFL)\n"
        "print(where(file), st.st_size, oct(st.st_mode), int(st.st_mtime), os.get_inheritable(fd))\n"
        "print(flags & os.O_ACCMODE == os.O_RDONLY, bool(flags & os.O_APPEND), file.tell())\n"
        "print(len(pickle.load(file)), len(os.listdir('/proc/self/fd')))\n"
        "try: os.write(fd, b'x')\n"
        "except OSError as why: print(why.errno)"
    )
    expect(
        program(venv_python, place, code, path),
        f"{COPY} {path.stat().st_size} 0o100640 2000 True\nTrue True 0\n100 5\n9\n",
    )


def test_text_is_not_copied(venv_python: str, place: Path) -> None:
    path = place / "notes.txt"
    path.write_text("A line of text that is no model.\n" * 1000)
    code = WHERE + "file = open(sys.argv[1]); print(where(file), len(file.read()))"
    expect(program(venv_python, place, code, path), f"{path} 33000\n")


def test_text_that_is_being_written_is_copied(venv_python: str, place: Path) -> None:
    path = place / "log.txt"
    with path.open("w") as writer:
        writer.write("A line of text that is no model.\n" * 10)
        writer.flush()
        code = WHERE + "file = open(sys.argv[1]); print(where(file), len(file.read()))"
        expect(program(venv_python, place, code, path), f"{COPY} 330\n")


def test_mappings_and_streams_get_copies(venv_python: str, place: Path) -> None:
    pytest.importorskip("numpy")
    path = place / "raw.txt"
    path.write_text("A line of text that is no model.\n" * 1000)
    code = (
        "import mmap, numpy\n"
        "file = open(sys.argv[1], 'rb')\n"
        "view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)\n"
        "print(sum('memfd:safeguard' in line for line in open('/proc/self/maps')), view[:6])\n"
        "print(numpy.fromfile(sys.argv[1], 'u1').size, numpy.memmap(sys.argv[1], 'u1', 'r').size)\n"
        "print(len(file.read()))"
    )
    expect(program(venv_python, place, code, path), "1 b'A line'\n33000 33000\n33000\n")


# Large models: a lease.


def leases(path: Path) -> int:
    inode = f":{path.stat().st_ino} "
    return sum("LEASE" in line and inode in line for line in Path("/proc/locks").open())


HOLDING = WHERE + (
    "file = open(sys.argv[1], 'rb', buffering=0)\n"
    "print(where(file), file.read(100) == pickle.dumps(b'x' * 5242880, 4)[:100], flush=True)\n"
    "sys.stdin.readline()\n"
    "try: print(len(file.read()))\n"
    "except PermissionError as why: print(why)\n"
    "print('alive', flush=True)\n"
    "sys.stdin.readline()\n"
    "file.close()\n"
    "print('closed', flush=True)\n"
    "sys.stdin.readline()"
)


@pytest.fixture
def holder(venv_python: str, place: Path) -> "Iterator[subprocess.Popen[str]]":
    """A guarded program that has read the head of a large model and goes on at each line."""
    path = model(place, LARGE)
    script = place / "holder.py"
    script.write_text(f"import sys, pickle\n{HOLDING}\n")
    program = subprocess.Popen(
        [venv_python, str(script), str(path)],
        env=os.environ | guarded(policy=policy(place)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield program
    program.kill()
    program.communicate()


def go_on(program: "subprocess.Popen[str]") -> str:
    assert program.stdin is not None
    program.stdin.write("\n")
    program.stdin.flush()
    return said(program)


def said(program: "subprocess.Popen[str]") -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


def leasable(folder: Path) -> bool:
    kind = run(["stat", "-f", "-c", "%T", folder]).out.strip()
    return kind in ("ext2/ext3", "xfs", "btrfs", "tmpfs")


def test_a_large_model_is_held_by_a_lease(holder: "subprocess.Popen[str]", place: Path) -> None:
    path = place / "model.pkl"
    if not leasable(place):
        pytest.skip("no leases on this file system")
    assert said(holder) == f"{path} True"
    assert leases(path) == 1
    other = model(place, LARGE, "other.pkl")
    other.rename(path)  # replaced as it should be: that disturbs nobody
    assert go_on(holder) == str(LARGE + len(pickle.dumps(b"x" * LARGE, 4)) - LARGE - 100)
    assert said(holder) == "alive"
    assert go_on(holder) == "closed"
    assert "LEASE" not in Path("/proc/locks").read_text()


def test_a_writer_of_a_held_model_gets_in(holder: "subprocess.Popen[str]", place: Path) -> None:
    path = place / "model.pkl"
    if not leasable(place):
        pytest.skip("no leases on this file system")
    assert said(holder) == f"{path} True"
    with pytest.raises(BlockingIOError):
        os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    assert "safeguard: the file changed while it was read" in go_on(holder)
    assert said(holder) == "alive"  # no signal ended it
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))


def test_a_program_does_not_wait_for_its_own_lease(venv_python: str, place: Path) -> None:
    code = (
        "import time; start = time.monotonic()\n"
        "kept = open(sys.argv[1], 'rb'); print(len(pickle.load(kept)))\n"
        "with open(sys.argv[1], 'wb') as file: pickle.dump([2], file)\n"
        "again = os.open(sys.argv[1], os.O_RDWR); os.close(again)\n"
        "print(pickle.load(open(sys.argv[1], 'rb')), time.monotonic() - start < 30)"
    )
    expect(program(venv_python, place, code, model(place, LARGE)), f"{LARGE}\n[2] True\n")


def test_a_mapping_of_a_held_model_is_a_copy(venv_python: str, place: Path) -> None:
    code = WHERE + (
        "import mmap\n"
        "file = open(sys.argv[1], 'rb'); print(where(file))\n"
        "view = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)\n"
        "print(sum('memfd:safeguard' in line for line in open('/proc/self/maps')))\n"
        "print(len(pickle.loads(view)))"
    )
    path = model(place, LARGE)
    expect(program(venv_python, place, code, path), f"{path}\n1\n{LARGE}\n")
    policy_text = "[scan]\nmax_memory = 16M\n"
    path = model(place, 17 << 20)
    done = program(venv_python, place, code, path, text=policy_text)
    expect(done, f"{path}\n0\n{17 << 20}\n")


def test_no_lease_and_no_room_is_a_refusal(venv_python: str, place: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    path = model(place, 17 << 20)
    place.chmod(0o755)
    code = (
        "try: print(len(pickle.load(open(sys.argv[1], 'rb'))))\nexcept OSError as why: print(why)"
    )
    limit = "[scan]\nmax_memory = 16M\n"
    done = program("/usr/bin/python3", place, code, path, text=limit, user=NOBODY)
    assert "no lease to be had, and a copy would be beyond max_memory" in done.out
    done = program("/usr/bin/python3", place, code, path, text="", user=NOBODY)
    assert done.out == f"{17 << 20}\n", done
    limit += f"[allow]\npath = {place}/*\n"
    done = program("/usr/bin/python3", place, code, path, text=limit, user=NOBODY)
    assert done.out == f"{17 << 20}\n", done


# What changes between open and read.

CHANGING = (
    "file = open(sys.argv[1], 'rb', buffering=0)\n"
    "first = file.read(int(sys.argv[3]))\n"
    "with open(sys.argv[2], 'rb') as other: pass\n"
    "os.spawnv(os.P_WAIT, '/bin/dd', ['dd', 'if=' + sys.argv[2], 'of=' + sys.argv[1],"
    " 'bs=4096', 'conv=notrunc', 'status=none'])\n"
    "try: print(len(first), len(file.read()))\n"
    "except PermissionError as why: print(why)"
)


def changing(python: str, place: Path, before: str, after: bytes, read: int) -> str:
    path, other = place / "notes.txt", place / "other"
    path.write_text(before)
    other.write_bytes(after)
    code = CHANGING.replace("with open(sys.argv[2], 'rb') as other: pass\n", "")
    return program(python, place, code, path, other, str(read)).out


def test_text_that_becomes_a_model_before_it_is_read(venv_python: str, place: Path) -> None:
    before = "A line of text that is no model.\n" * 100
    out = changing(venv_python, place, before, payloads.pickle_of(place / "canary", 4), 0)
    assert "safeguard: calls posix.system" in out


def test_text_that_changes_once_its_head_was_read_in_part(venv_python: str, place: Path) -> None:
    before = "A line of text that is no model.\n" * 100
    out = changing(venv_python, place, before, b"Another text.\n", 1)
    assert "safeguard: the file changed while it was read" in out
    assert changing(venv_python, place, before, b"Another text.\n", 1000) == "1000 2300\n"


def test_a_model_that_is_open_for_writing_cannot_be_read(venv_python: str, place: Path) -> None:
    path = model(place)
    code = (
        "file = open(sys.argv[1], 'r+b', buffering=0)\n"
        "try: file.read()\n"
        "except PermissionError as why: print(why)\n"
        "file.seek(0); print(file.write(b'text'))"
    )
    done = program(venv_python, place, code, path)
    assert "safeguard: it can change while it is read: it is open for writing" in done.out
    assert done.out.endswith("\n4\n")


def test_what_a_program_made_itself_is_read_back(venv_python: str, place: Path) -> None:
    code = (
        "import tempfile, zipfile, shelve\n"
        "for make in (tempfile.TemporaryFile, tempfile.NamedTemporaryFile):\n"
        "    with make() as file:\n"
        "        pickle.dump([1], file); file.seek(0); print(pickle.load(file))\n"
        "with zipfile.ZipFile('a.zip', 'w') as archive: archive.writestr('a', pickle.dumps(2))\n"
        "with zipfile.ZipFile('a.zip') as archive: print(pickle.loads(archive.read('a')))\n"
        "with shelve.open('shelf') as shelf: shelf['a'] = 3\n"
        "with shelve.open('shelf') as shelf: print(shelf['a'])"
    )
    expect(program(venv_python, place, code), "[1]\n[1]\n2\n3\n")


# The shipped policies.

LIBRARIES = """
import joblib, numpy, sqlite3, zipfile
import sklearn.linear_model
data = numpy.arange(100000.0)
numpy.save("a.npy", data); numpy.savez("a.npz", data=data)
print(numpy.load("a.npy")[5], numpy.load("a.npy", mmap_mode="r")[5], numpy.load("a.npz")["data"][5])
raw = numpy.memmap("raw", "f8", "w+", shape=data.shape); raw[:] = data; raw.flush()
print(numpy.memmap("raw", "f8", "r")[5], numpy.fromfile("raw")[5])
fitted = sklearn.linear_model.LinearRegression().fit(data[:, None][:9], data[:9])
joblib.dump((fitted, data), "a.joblib"); joblib.dump((fitted, data), "a.z", compress=3)
for keywords in ({}, {"mmap_mode": "r"}):
    print(joblib.load("a.joblib", **keywords)[1][5])
print(joblib.load("a.z")[1][5])
with zipfile.ZipFile("a.zip", "w") as archive: archive.writestr("a", b"text")
print(zipfile.ZipFile("a.zip").read("a"))
with sqlite3.connect("a.db") as base: base.execute("create table t as select 5 as x")
print(base.execute("select x from t").fetchone())
"""
TORCH = """
import torch
model = torch.nn.Linear(2, 1)
torch.save(model.state_dict(), "a.pt")
for keywords in ({}, {"weights_only": True}, {"mmap": True}):
    print(sorted(torch.load("a.pt", **keywords)))
"""
H5PY = """
import h5py
with h5py.File("a.h5", "w") as file: file["x"] = [5]
with h5py.File("a.h5", "r+") as file: file["y"] = file["x"][:] + 1
with h5py.File("a.h5") as file: print(file["x"][0], file["y"][0])
"""


@pytest.mark.parametrize("name", ["strict.ini", "inference.ini"])
@pytest.mark.parametrize(
    ("needs", "code", "said"),
    [
        (("joblib", "sklearn"), LIBRARIES, "5.0 5.0 5.0\n5.0 5.0\n5.0\n5.0\n5.0\nb'text'\n(5,)\n"),
        (("torch",), TORCH, "['bias', 'weight']\n" * 3),
        (("h5py",), H5PY, "5 6\n"),
    ],
    ids=["libraries", "torch", "h5py"],
)
def test_clean_files_load_under_the_shipped_policies(
    venv_python: str, place: Path, name: str, needs: tuple[str, ...], code: str, said: str
) -> None:
    for module in needs:
        pytest.importorskip(module)
    script = place / "program.py"
    script.write_text(code)
    done = run([venv_python, script], env=guarded(policy=shipped_policy(place, name)), cwd=place)
    assert (done.status, done.out) == (0, said), done
    assert "blocked" not in done.err, done


@pytest.mark.parametrize("name", ["strict.ini", "inference.ini"])
def test_malicious_files_do_not(interpreter: str, place: Path, name: str) -> None:
    script = place / "program.py"
    script.write_text("import pickle, sys\npickle.load(open(sys.argv[1], 'rb'))\n")
    done = run([interpreter, script, bad(place)], env=guarded(policy=shipped_policy(place, name)))
    assert "PermissionError" in done.err
    assert "safeguard: calls posix.system" in done.err
    assert not (place / "canary").exists()
