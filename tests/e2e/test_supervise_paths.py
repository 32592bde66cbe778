"""run --supervise: a path, and a file that is made, is what the program means by it."""

import errno
import os
import shutil
from pathlib import Path

import pytest
import supervising
from conftest import run
from supervising import CLEAN, NOT_ROOT, Words, python, says_blocked, under

pytestmark = supervising.needed
pytest_plugins = ["supervise_fixtures"]


# Paths as the program means them.

PATHS = """
import os, sys, threading
os.chdir(sys.argv[1])
def head(path, *more, **named):
    try:
        fd = os.open(path, os.O_RDONLY, *more, **named)
    except OSError as error:
        return error.errno
    data = os.read(fd, 5)
    os.close(fd)
    return data
print(head("clean.pkl"), head("./down/../clean.pkl"), head("down/deep"), head("down/none"))
folder = os.open("down", os.O_RDONLY)
print(head("../clean.pkl", dir_fd=folder), head("deep", dir_fd=folder), head("x", dir_fd=99))
file = os.open("clean.pkl", os.O_RDONLY)
print(head("x", dir_fd=file), head(f"/proc/self/fd/{file}"), head(f"/dev/fd/{file}"))
print(head("/proc/self/cwd/clean.pkl"), head(f"/proc/self/fd/{folder}/deep"))
print(head("/proc/self/fd/98"), head("loop"), head("clean.pkl/"), head("x" * 300), head("x/" * 3000))
print(head("down/up/clean.pkl"), head("mounts") == open("/proc/self/mounts", "rb").read(5))
def field(path, name):
    return [line.split()[1:] for line in open(path) if line.startswith(name)]
me = [str(os.getpid())]
print(field("/proc/self/status", "Tgid:") == [me], field("status", "Tgid:") == [me])
def thread():
    print(field("/proc/thread-self/status", "Pid:") == [[str(threading.get_native_id())]])
    print(field("/proc/self/task/%d/status" % threading.get_native_id(), "Tgid:") == [me])
    print(open("/proc/thread-self/comm").read() == open("/proc/self/comm").read())
one = threading.Thread(target=thread); one.start(); one.join()
print(os.path.basename(os.readlink("/proc/self/exe"))[:6], len(open("/proc/self/maps").read()) > 0)
try:
    os.open("link", os.O_RDONLY | os.O_NOFOLLOW)
except OSError as error:
    print(error.errno)
print(os.listdir("down"), os.stat(os.open("link", os.O_PATH)).st_size)
print(os.get_inheritable(file), os.get_inheritable(os.open(b"clean.pkl", 0)))
import fcntl
fd = os.open("clean.pkl", os.O_RDWR | os.O_APPEND | os.O_NONBLOCK)
print(oct(fcntl.fcntl(fd, fcntl.F_GETFL)), os.lseek(fd, 0, 1))
fcntl.lockf(fd, fcntl.LOCK_EX); fcntl.flock(fd, fcntl.LOCK_EX)
"""


def test_paths_mean_the_same(here: Path) -> None:
    (here / "down").mkdir()
    (here / "down" / "deep").write_bytes(b"depth")
    (here / "down" / "up").symlink_to("..")
    (here / "link").symlink_to("clean.pkl")
    (here / "loop").symlink_to("loop")
    (here / "mounts").symlink_to("/proc/self/mounts")
    (here / "status").symlink_to("/proc/self/status")
    bare = run(["/usr/bin/python3", "-c", PATHS, here])
    assert bare.status == 0, bare
    assert python(PATHS, here) == bare


RANDOM = """
import ctypes, os, random, stat, sys
libc = ctypes.CDLL(None, use_errno=True)
rng = random.Random(int(sys.argv[2]))
os.chdir(sys.argv[1])
paths = [
    "clean.pkl", "link", "dangling", "loop", "down/up/clean.pkl", "down", "down/", "none", "fifo", ".",
    ".", "/", "", "link/../x", "x" * 300, "x/" * 3000, "/dev/null", "/dev/tty", "/dev/ptmx", "/dev/fd",
    "/proc/self/status", "/proc/self/comm", "/proc/self/cwd/clean.pkl", "/proc/self/fd/3", "/proc/self",
    "/proc/thread-self/cwd", "/proc/self/root/proc/version", "/proc/self/ns/mnt", "/proc/self/mem",
    "/proc/self/fd/4/clean.pkl", "/proc/self/fd/77", "status", "fd/3", "/proc/self/task/1", "secret",
]
flags = [os.O_RDWR, os.O_WRONLY, 3, os.O_CREAT, os.O_EXCL, os.O_TRUNC, os.O_APPEND, os.O_DIRECTORY]
flags += [os.O_NOFOLLOW, os.O_CLOEXEC, os.O_PATH, os.O_TMPFILE, os.O_NOATIME, os.O_NOCTTY, 1 << 40]
keep = [os.open("clean.pkl", os.O_RDONLY), os.open("down", os.O_RDONLY), os.open(".", os.O_PATH)]
for number in range(6000):
    path, folder = rng.choice(paths), rng.choice([-100, -100, 3, 4, 5, 99, -1])
    how = os.O_NONBLOCK
    for flag in rng.choices(flags, k=rng.randrange(5)):
        how |= flag
    if rng.random() < 0.05:
        how |= rng.getrandbits(32)
    fd = libc.syscall(
        {openat}, ctypes.c_long(folder), path.encode(), ctypes.c_ulong(how), ctypes.c_long(0o640)
    )
    if fd < 0:
        print(path[:30], folder, oct(how), "errno", ctypes.get_errno())
        continue
    found = os.fstat(fd)
    kind = found.st_rdev if stat.S_ISCHR(found.st_mode) and path != "/dev/ptmx" else 0
    inheritable = os.get_inheritable(fd)
    print(path[:30], folder, oct(how), fd, oct(found.st_mode), kind, inheritable)
    os.close(fd)
    for made in ("dangling_target", "none", "x", "down/none", "down/x"):
        if os.path.isfile(made):
            os.unlink(made)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_openings_at_random(place: Path, seed: int) -> None:
    """Each answer is the kernel's own: the same number and kind, or the same errno."""
    number = {"x86_64": "257", "aarch64": "56"}[os.uname().machine]
    outcomes = []
    for guarded in (False, True):
        folder = place / "here"
        (folder / "down").mkdir(parents=True)
        (folder / "clean.pkl").write_bytes(CLEAN)
        os.mkfifo(folder / "fifo")
        (folder / "secret").touch(0o000)
        for name, to in {
            "link": "clean.pkl",
            "dangling": "dangling_target",
            "loop": "loop",
            "down/up": "..",
            "status": "/proc/self/status",
            "fd": "/proc/self/fd",
        }.items():
            (folder / name).symlink_to(to)
        code = RANDOM.replace("{openat}", number)
        words: Words = ["setsid", "-w", "/usr/bin/python3", "-c", code, folder, str(seed)]
        done = under(*words) if guarded else run(words)
        assert (done.status, done.err) == (0, ""), done.err
        outcomes.append(done.out.splitlines())
        shutil.rmtree(folder)
    differ = [pair for pair in zip(*outcomes, strict=True) if pair[0] != pair[1]]
    assert differ == []
    assert len(set(outcomes[0])) > 2000


MAKES = """
import os, sys
os.chdir(sys.argv[1])
os.umask(int(sys.argv[2], 8))
def made(name, flags, mode=0o666):
    fd = os.open(name, flags | os.O_CREAT, mode)
    print(oct(os.fstat(fd).st_mode), os.write(fd, b"x") if flags & 3 else 0, os.read(fd, 1))
    os.close(fd)
made("new", os.O_RDWR)
made("new", os.O_RDWR, 0o600)
made("only", os.O_RDONLY)
made("fresh", os.O_RDWR | os.O_EXCL, 0o777)
made("dangling", os.O_RDWR)
made("/proc/self/cwd/by_link", os.O_RDWR)
for name, flags in (("new", os.O_EXCL), (".", 0), ("none/x", 0), ("dangling", os.O_NOFOLLOW)):
    try:
        os.open(name, os.O_RDWR | os.O_CREAT | flags)
    except OSError as error:
        print(error.errno)
with open("new", "a+b") as file:
    file.write(b"more"); file.seek(0); print(file.read())
print(sorted(os.listdir(".")), os.path.getsize("target"))
import sqlite3, tempfile, dbm
db = sqlite3.connect("db"); db.execute("create table t (a)"); db.commit()
print(oct(os.stat("db").st_mode))
with tempfile.TemporaryFile() as file:
    file.write(b"1"); file.seek(0); print(file.read())
"""


@pytest.mark.parametrize("mask", ["022", "077", "000"])
def test_files_that_are_made(place: Path, mask: str) -> None:
    outcomes = []
    for guarded in (False, True):
        folder = place / str(guarded)
        folder.mkdir()
        (folder / "dangling").symlink_to("target")
        words: Words = ["/usr/bin/python3", "-c", MAKES, folder, mask]
        outcomes.append(under(*words) if guarded else run(words))
    assert outcomes[0].status == 0, outcomes[0]
    assert outcomes[1] == outcomes[0]


def test_open_of_another_user(here: Path, static: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("root is to start a program of another user's")
    shutil.copy(static, here / "program")
    (here / "open").mkdir()
    (here / "open").chmod(0o777)
    made = under(here / "program", "make", here / "open" / "new", "666", user=NOT_ROOT)
    assert made.out == f"644 {NOT_ROOT}\n", made
    (here / "secret").write_text("x")
    (here / "secret").chmod(0o600)
    for user, out in ((NOT_ROOT, f"errno {errno.EACCES}\n"), (None, "x")):
        assert under(here / "program", "open", here / "secret", user=user).out == out
    for name, status in (("bad.pkl", 1), ("clean.pkl", 0)):
        assert under(here / "program", "open", here / name, user=NOT_ROOT).status == status


DROPS = """
import os, sys
os.chdir("/")
os.setgroups([]); os.setgid(65534); os.setuid(65534)
for path in sys.argv[1:]:
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        print(os.fstat(fd).st_uid)
    except OSError as error:
        print(error.errno)
"""


def test_program_that_gives_up_its_rights(here: Path) -> None:
    """The supervisor, who keeps its own, lends it none."""
    if os.geteuid() != 0:
        pytest.skip("root is to give up something")
    (here / "secret").write_text("x")
    (here / "secret").chmod(0o600)
    (here / "open").mkdir()
    (here / "open").chmod(0o777)
    for name in ("bad.pkl", "clean.pkl"):
        (here / name).chmod(0o666)
    names = [here / name for name in ("secret", "bad.pkl", "clean.pkl", "open/new", "new")]
    done = python(DROPS, *names)
    assert done.out.split() == ["13", "13", "0", "65534", "13"], done


def test_rights_that_are_lost_by_execution(place: Path, static: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("root is to give up something")
    (place / "secret").write_text("x")
    (place / "secret").chmod(0o600)
    os.chown(place / "secret", NOT_ROOT, NOT_ROOT)
    words: Words = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", static, "open"]
    bare = run([*words, place / "secret"])
    assert bare.out == f"errno {errno.EACCES}\n", bare
    assert under(*words, place / "secret") == bare
    assert under(static, "open", place / "secret").out == "x"


CHROOTS = """
import os, sys
os.chroot(sys.argv[1])
def head(path):
    try:
        return os.read(os.open(path, os.O_RDWR | os.O_CREAT), 1)
    except OSError as error:
        return error.errno
print(head("bad.pkl"), head("../clean.pkl"), flush=True)
os.chdir("/")
for path in ("/bad.pkl", "bad.pkl", "/clean.pkl", "../../clean.pkl", "/out", "/in", "/made", "in"):
    print(head(path))
print(sorted(os.listdir("/")))
"""


def test_another_root(here: Path, tmp_path: Path) -> None:
    (here / "out").symlink_to("/etc/hostname")
    (here / "in").symlink_to("/clean.pkl")
    wrap = [] if os.geteuid() == 0 else ["unshare", "-r"]
    outside = tmp_path / "one" / "two"
    outside.mkdir(parents=True)
    bare = run([*wrap, "/usr/bin/python3", "-c", CHROOTS, here], cwd=outside)
    if bare.status != 0:
        pytest.skip("no chroot and no user namespaces here")
    (here / "made").unlink()
    done = under(*wrap, "/usr/bin/python3", "-c", CHROOTS, here, cwd=outside)
    assert (done.status, done.out) == (0, bare.out.replace("b'\\x80'", "13", 2)), done


FOREIGN = """
import os, sys
outer = sys.argv[1]
me = os.readlink(f"{outer}/self")
parent = [line.split()[1] for line in open(f"{outer}/{me}/status") if line.startswith("PPid")][0]
for path in (f"{parent}/environ", f"{parent}/fd/0", f"task/../{parent}/mem", "self/comm"):
    try:
        print(os.open(f"{outer}/{path}", os.O_RDWR if "mem" in path else os.O_RDONLY))
    except OSError as error:
        print(error.errno)
print(open(f"{outer}/version").read(5))
"""


def test_proc_that_counts_in_another_way(here: Path) -> None:
    """By its other number there the supervisor is not to be had either."""
    if os.geteuid() != 0 or run(["unshare", "-pmf", "true"]).status != 0:
        pytest.skip("no mounting here")
    (here / "outer").mkdir()
    (here / "code.py").write_text(FOREIGN)
    inside = " ".join(map(str, [*supervising.SUPERVISE, "--", "/usr/bin/python3", "code.py"]))
    script = f"mount --bind /proc outer && mount -t proc proc /proc && {inside} outer"
    done = run(["unshare", "-pmf", "sh", "-c", script], cwd=here)
    assert done.out.split() == ["13", "13", "2", "13", "Linux"], done


def test_user_namespace(here: Path) -> None:
    words = ["unshare", "-Ur", "/usr/bin/python3", "-c"]
    code = "import os, sys; print(os.getuid(), os.read(os.open(sys.argv[1], 0), 1))"
    if run([*words, code, here / "clean.pkl"]).status != 0:
        pytest.skip("no user namespaces here")
    assert under(*words, code, here / "clean.pkl").out == "0 b'\\x80'\n"
    done = under(*words, code, here / "bad.pkl")
    assert done.out == ""
    assert says_blocked(done, here / "bad.pkl")
