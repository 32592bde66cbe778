"""safeguard run --supervise: every open of every program is vetted, from outside the process."""

import errno
import json
import os
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import payloads
import pytest
from conftest import CLI, SECONDS, Done, clean_environment, run

SOURCE = Path(__file__).with_name("opener.c")
SUPERVISE = [str(CLI), "run", "--supervise"]
Words = list[str | Path]
CLEAN = b"\x80\x04K\x2a."
NOT_ROOT = 65534


def compiled(source: Path | str, into: Path, *flags: str) -> Path:
    if isinstance(source, str):
        into.with_suffix(".c").write_text(source)
        source = into.with_suffix(".c")
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-w", *flags, "-o", into, source], check=True)
    return into


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program without a loader: nothing can be preloaded."""
    folder = tmp_path_factory.mktemp("opener")
    return compiled(SOURCE, folder / "opener", "-static", "-pthread")


@pytest.fixture
def here(place: Path) -> Path:
    """With bad.pkl and clean.pkl in it."""
    (place / "bad.pkl").write_bytes(payloads.pickle_of(place / "canary", 4))
    (place / "clean.pkl").write_bytes(CLEAN)
    return place


def under(
    *words: str | Path,
    options: Sequence[str] = (),
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    user: int | None = None,
) -> Done:
    return run([*SUPERVISE, *options, "--", *words], cwd=cwd, env=env, user=user)


def python(code: str, *words: str | Path, **more: object) -> Done:
    return under("/usr/bin/python3", "-c", code, *words, **more)  # type: ignore[arg-type]


def says_blocked(done: Done, path: Path) -> bool:
    return any(
        line.startswith(f"safeguard: blocked {path}: malicious ") for line in done.guard_lines
    )


# What the preload cannot see.


@pytest.mark.parametrize("way", ["open", "openat", "memfd"])
def test_static_program(here: Path, static: Path, way: str) -> None:
    done = under(static, way, here / "bad.pkl")
    assert (done.status, done.out) == (1, f"errno {errno.EACCES}\n"), done
    assert says_blocked(done, here / "bad.pkl")
    done = under(static, way, here / "clean.pkl")
    assert (done.status, done.out.encode("utf-8", "surrogateescape"), done.err) == (0, CLEAN, "")


def test_programs_that_are_no_python(here: Path) -> None:
    done = under("cat", here / "bad.pkl")
    assert (done.status, done.out) == (1, "")
    assert f"cat: {here}/bad.pkl: Permission denied" in done.err
    assert says_blocked(done, here / "bad.pkl")
    done = under("sh", "-c", "cat clean.pkl; exit 7", cwd=here)
    assert (done.status, done.out, done.err) == (7, "\udc80\x04K*.", "")


RAW = """
import ctypes, sys
libc = ctypes.CDLL("libc.so.6", use_errno=True)
{call}
error, byte = ctypes.get_errno(), ctypes.create_string_buffer(1)
got = libc.read(fd, byte, 1)
print(f"errno {error}" if fd < 0 else byte.raw[:got])
"""


@pytest.mark.parametrize(
    ("call", "scrubbed"),
    [
        ("fd = libc.syscall({openat}, -100, sys.argv[1].encode(), 0, 0)", False),
        ("fd = libc.open(sys.argv[1].encode(), 0)", False),
        ("fd = libc.open(sys.argv[1].encode(), 0)", True),
    ],
    ids=["raw", "handle", "scrubbed"],
)
def test_python_that_goes_round_the_hooks(here: Path, call: str, scrubbed: bool) -> None:
    number = {"x86_64": 257, "aarch64": 56}[os.uname().machine]
    code = RAW.replace("{call}", call.format(openat=number))
    words = ["/usr/bin/python3", "-c", code]
    if scrubbed:
        words = ["env", "-i", *words]
    done = under(*words, here / "bad.pkl")
    assert done.out == f"errno {errno.EACCES}\n", done
    assert says_blocked(done, here / "bad.pkl")
    assert under(*words, here / "clean.pkl").out == "b'\\x80'\n"
    alone = run([str(CLI), "run", "--", *words, here / "bad.pkl"])
    assert alone.out == "b'\\x80'\n", "the preload alone was to be gone round"


def test_what_is_refused(here: Path, static: Path) -> None:
    for way, error in (("uring", errno.ENOSYS), ("handle", errno.EPERM)):
        assert under(static, way, here / "clean.pkl").out == f"errno {error}\n"
    assert under(static, "foreign", here / "clean.pkl").out == f"{-errno.ENOSYS} {-errno.ENOSYS}\n"


def test_openat2(here: Path, static: Path) -> None:
    (here / "down").mkdir()
    (here / "down" / "link").symlink_to("../clean.pkl")
    inside, rooted, no_links = "0x08", "0x10", "0x04"
    cases = [
        (here, "bad.pkl", "0", f"errno {errno.EACCES}\n"),
        (here, "bad.pkl", inside, f"errno {errno.EACCES}\n"),
        (here, "/bad.pkl", rooted, f"errno {errno.EACCES}\n"),
    ]
    for folder, path, resolve, out in cases:
        assert under(static, "openat2", folder, path, resolve).out == out
    for folder, path, resolve in [
        (here, "clean.pkl", "0"),
        (here, "down/link", inside),
        (here / "down", "link", inside),
        (here / "down", "link", no_links),
        (here, "/clean.pkl", inside),
        (here, "/down/../clean.pkl", rooted),
        (here, "/proc/self/status", rooted),
        (here, "clean.pkl/", "0"),
        (here, "none", "0"),
    ]:
        bare = run([static, "openat2", folder, path, resolve])
        assert under(static, "openat2", folder, path, resolve) == bare, (path, resolve)
    assert under(static, "openat2-bad", "x") == run([static, "openat2-bad", "x"])


@pytest.mark.parametrize(
    ("path", "flags", "mode"),
    [
        ("clean.pkl", os.O_PATH, 0),
        ("link", os.O_PATH, 0),
        ("link", os.O_PATH | os.O_NOFOLLOW, 0),
        ("link", os.O_NOFOLLOW, 0),
        ("down", os.O_PATH | os.O_DIRECTORY, 0),
        ("clean.pkl", os.O_PATH | os.O_DIRECTORY, 0),
        ("down", os.O_DIRECTORY | os.O_CLOEXEC, 0),
        ("clean.pkl", os.O_DIRECTORY, 0),
        ("clean.pkl", os.O_WRONLY | os.O_APPEND, 0),
        ("clean.pkl", os.O_RDWR | os.O_TRUNC, 0),
        ("clean.pkl", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600),
        ("new", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666),
        ("new", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600),
        ("new", os.O_CREAT | os.O_NOFOLLOW, 0o7000),
        ("down", os.O_RDWR | os.O_CREAT, 0o600),
        ("down", os.O_RDWR | os.O_TMPFILE, 0o640),
        ("none/new", os.O_RDWR | os.O_CREAT, 0o600),
        ("/dev/null", os.O_RDWR | os.O_NONBLOCK, 0),
        ("/proc/self/fd", os.O_RDONLY, 0),
    ],
)
@pytest.mark.parametrize("resolve", ["0", "0x02", "0x08"])
def test_openat2_with_flags(
    here: Path, static: Path, path: str, flags: int, mode: int, resolve: str
) -> None:
    """Whatever the kernel answers to the program alone."""
    outcomes = []
    for guarded in (False, True):
        folder = here / str(guarded)
        (folder / "down").mkdir(parents=True)
        (folder / "link").symlink_to("clean.pkl")
        (folder / "clean.pkl").write_bytes(CLEAN)
        words: Words = [static, "openat2", folder, path, resolve, str(flags), oct(mode)[2:]]
        outcomes.append(under(*words) if guarded else run(words))
    if flags & os.O_PATH:  # as on an older kernel: openat() does it, and that goes through
        assert outcomes[1].out == f"errno {errno.ENOSYS}\n"
    else:
        assert outcomes[1] == outcomes[0]


def test_name_that_changes_while_it_is_opened(here: Path, static: Path) -> None:
    (here / "aa").write_bytes(b"good")
    shutil.copy(here / "bad.pkl", here / "bb")
    done = under(static, "flip", here / "aa", here / "bb", "3000")
    good, bad, refused, _ = (int(number) for number in done.out.split())
    assert bad == 0
    assert good > 100
    assert refused > 100


def test_link_that_changes_while_it_is_opened(here: Path, static: Path) -> None:
    """The descriptor that was vetted is the one that is handed out."""
    (here / "good").write_bytes(b"good")
    link, new, stop = here / "link", here / "new", time.monotonic() + 3
    link.symlink_to("good")
    words: Words = [*SUPERVISE, "--", static, "flip", link, link, "20000"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        for number in range(10**9):
            new.symlink_to(("bad.pkl", "good")[number % 2])
            new.rename(link)
            if process.poll() is not None or time.monotonic() > stop:
                break
        good, bad, refused, other = map(int, process.communicate(timeout=SECONDS)[0].split())
    assert (bad, other) == (0, 0)
    assert good > 0
    assert refused > 0


# Messages, records, policy.


def test_reason_reaches_python(here: Path) -> None:
    done = python("import sys; open(sys.argv[1], 'rb')", here / "bad.pkl")
    assert done.status == 1
    last = done.err.splitlines()[-1]
    assert last.startswith(
        "PermissionError: [Errno 13] Permission denied [safeguard: calls posix.system("
    )
    assert last.endswith(f"'{here}/bad.pkl'")
    code = "import ctypes, os, sys; ctypes.CDLL(None).fopen(sys.argv[1].encode(), b'r'); "
    done = python(code + "print(os.strerror(13))", here / "bad.pkl")
    assert done.out.startswith("Permission denied [safeguard: calls posix.system("), done


def test_other_refusals_carry_no_reason(here: Path) -> None:
    code = """
import os, sys
for path in sys.argv[1:]:
    try:
        open(path)
    except PermissionError as error:
        print(error.strerror)
"""
    (here / "secret").write_text("x")
    (here / "secret").chmod(0)
    here.chmod(0o755)
    if os.geteuid() != 0:
        pytest.skip("root is to start a program of another user's")
    done = python(code, here / "bad.pkl", here / "secret", user=NOT_ROOT)
    assert done.out.splitlines()[0].startswith("Permission denied [safeguard: ")
    assert done.out.splitlines()[1:] == ["Permission denied"]


def test_record(here: Path, static: Path) -> None:
    log = here / "log"
    code = "import os, subprocess, sys; p = subprocess.Popen(sys.argv[1:]); p.wait(); print(p.pid)"
    words = ["--log", str(log)]
    done = python(code, static, "open", here / "bad.pkl", options=words)
    pid = int(done.out.splitlines()[-1])
    assert done.err == ""
    (record,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert (record["pid"], record["tid"], record["exe"]) == (pid, pid, str(static))
    assert (record["event"], record["action"]) == ("open", "block")
    assert (record["path"], record["verdict"]) == (str(here / "bad.pkl"), "malicious")
    assert record["reasons"][0]["detail"].startswith("calls posix.system(")


def test_mode_log_goes_on(here: Path, static: Path) -> None:
    done = under(static, "open", here / "bad.pkl", options=["--mode", "log"])
    assert done.status == 0
    assert done.out.encode("utf-8", "surrogateescape") == (here / "bad.pkl").read_bytes()
    assert done.guard_lines[0].startswith(f"safeguard: logged {here}/bad.pkl: malicious ")


def test_policy_is_the_same(here: Path, static: Path) -> None:
    policy = here / "policy.ini"
    policy.write_text(f"[allow]\npath = {here}/**\n")
    policy.chmod(0o644)
    done = under(static, "open", here / "bad.pkl", options=["--policy", str(policy)])
    assert (done.status, done.err) == (0, "")


def test_profile_comes_on_top(here: Path) -> None:
    policy = here / "policy.ini"
    code = "import subprocess; open('clean.pkl').close(); subprocess.run(['true'])"
    for profile, status in (("no-bypass", 0), ("inference", 1)):
        policy.write_text(f"[seccomp]\nprofile = {profile}\n")
        policy.chmod(0o644)
        done = python(code, options=["--policy", str(policy)], cwd=here)
        assert done.status == status, done
        assert ("PermissionError" in done.err) == bool(status)


LATE = """
import os, sys
fds = [os.open(path, os.O_RDONLY) for path in sys.argv[1:]]
print("open", flush=True)
input()
for fd in fds:
    print(os.pread(fd, 3, 0), os.lseek(fd, 0, 2))
"""


def test_strict_snapshot_is_what_is_read(here: Path) -> None:
    """Where no hook looks: the environment is empty, so nothing is preloaded."""
    policy, big = here / "strict.ini", here / "big.pkl"
    policy.write_text("[consistency]\nsnapshot = strict\n")
    policy.chmod(0o644)
    big.write_bytes(b"\x80\x04X\x00\x00\x10\x00" + b"x" * (1 << 20) + b".")
    sizes = [len(CLEAN), big.stat().st_size]
    time.sleep(0.1)
    words: Words = [
        *SUPERVISE,
        "--policy",
        policy,
        "--",
        "env",
        "-i",
        "/usr/bin/python3",
        "-c",
        LATE,
    ]
    with subprocess.Popen(
        [*words, here / "clean.pkl", big],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=clean_environment(),
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == b"open\n"
        for path in (here / "clean.pkl", big):
            with path.open("r+b") as file:
                file.write((here / "bad.pkl").read_bytes())
        out, _ = process.communicate(b"\n", timeout=SECONDS)
    first = [CLEAN[:3], b"\x80\x04X"]
    assert out.decode() == "".join(f"{a!r} {b}\n" for a, b in zip(first, sizes, strict=True))
    done = under(
        "/usr/bin/python3", "-c", "open('bad.pkl')", options=["--policy", str(policy)], cwd=here
    )
    assert "PermissionError: [Errno 13] Permission denied [safeguard: " in done.err


def test_descriptor_that_is_open_already(here: Path) -> None:
    for name, status in (("clean.pkl", 0), ("bad.pkl", 125)):
        with (here / name).open("rb") as file:
            done = subprocess.run(
                [*SUPERVISE, "--", "cat"],
                stdin=file,
                capture_output=True,
                env=clean_environment(),
                timeout=SECONDS,
            )
        assert done.returncode == status
        assert done.stdout == (CLEAN if status == 0 else b"")
    last = done.stderr.decode().splitlines()[-1]
    assert last == "safeguard: run: cat: /dev/fd/0 is open already, and refused; not run"


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


def test_another_root(here: Path) -> None:
    (here / "out").symlink_to("/etc/hostname")
    (here / "in").symlink_to("/clean.pkl")
    wrap = [] if os.geteuid() == 0 else ["unshare", "-r"]
    bare = run([*wrap, "/usr/bin/python3", "-c", CHROOTS, here])
    if bare.status != 0:
        pytest.skip("no chroot and no user namespaces here")
    (here / "made").unlink()
    done = under(*wrap, "/usr/bin/python3", "-c", CHROOTS, here)
    blocked = bare.out.replace("b'\\x80'", "13", 2).splitlines()
    assert done.status == 0, done
    found = done.out.splitlines()
    assert found[1:3] == ["13", "13"]
    assert found[3:] == bare.out.splitlines()[3:]
    assert blocked


def test_user_namespace(here: Path) -> None:
    words = ["unshare", "-Ur", "/usr/bin/python3", "-c"]
    code = "import os, sys; print(os.getuid(), os.read(os.open(sys.argv[1], 0), 1))"
    if run([*words, code, here / "clean.pkl"]).status != 0:
        pytest.skip("no user namespaces here")
    assert under(*words, code, here / "clean.pkl").out == "0 b'\\x80'\n"
    done = under(*words, code, here / "bad.pkl")
    assert done.out == ""
    assert says_blocked(done, here / "bad.pkl")


# What is no file.

FIFO = """
mkfifo fifo
cat fifo > copy &
sleep 0.3
echo through > fifo
wait
cat copy
"""


def test_fifo_between_two(place: Path) -> None:
    done = under("sh", "-c", FIFO, cwd=place)
    assert (done.status, done.out, done.err) == (0, "through\n", "")


def test_signals_while_waiting_for_a_fifo(place: Path, static: Path) -> None:
    for flags, out in ((0, "interrupted 1\n"), (0x10000000, "opened 1\n")):
        fifo = place / f"fifo{flags}"
        os.mkfifo(fifo)
        assert under(static, "signals", fifo, str(flags)).out == out
        assert run([static, "signals", fifo, str(flags)]).out == out


def test_killed_while_waiting_for_a_fifo(place: Path) -> None:
    os.mkfifo(place / "fifo")
    code = "timeout -s TERM 0.3 cat fifo; echo $?; timeout -s KILL 0.3 cat fifo; echo $?"
    done = under("sh", "-c", code, cwd=place)
    assert done.out == "124\n137\n"
    with pytest.raises(OSError, match="No such device"):  # nobody waits for it any more
        os.open(place / "fifo", os.O_WRONLY | os.O_NONBLOCK)


def test_signals_do_not_begin_an_open_anew(here: Path, static: Path) -> None:
    assert under(static, "storm", here / "clean.pkl").out == "0 signals\n"


def test_devices(place: Path) -> None:
    code = """
import os
print(os.read(os.open("/dev/zero", os.O_RDWR), 2), len(os.read(os.open("/dev/urandom", 0), 4)))
print(open("/dev/null", "r+b", buffering=0).read())
one, two = os.openpty()
name = os.ttyname(two)
fd = os.open(name, os.O_RDWR | os.O_NOCTTY)
print(os.write(fd, b"x"), os.read(one, 1))
try:
    open("/dev/tty")
except OSError as error:
    print(error.errno)
"""
    words = ["setsid", "-w", "/usr/bin/python3", "-c", code]
    assert under(*words) == run(words)


def test_program_is_not_held_open(place: Path, static: Path) -> None:
    shutil.copy(static, place / "program")
    assert under(static, "busy", place / "program").out == "0\n"


class Terminal:
    """A shell in a terminal of its own, with job control."""

    def __init__(self) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update(clean_environment() | {"PS1": "$ ", "HISTFILE": "/dev/null"})
            os.execvp("bash", ["bash", "--norc", "-i"])
        self.seen = ""

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def wait_for(self, text: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while text not in self.seen:
            left = end - time.monotonic()
            assert left > 0, f"no {text!r} in {self.seen!r}"
            if select.select([self.fd], [], [], left)[0]:
                self.seen += os.read(self.fd, 4096).decode(errors="replace")
        self.seen = self.seen[self.seen.index(text) + len(text) :]


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    one = Terminal()
    yield one
    os.close(one.fd)
    os.kill(one.pid, signal.SIGKILL)
    os.waitpid(one.pid, 0)


def test_terminal_is_the_programs(terminal: Terminal) -> None:
    terminal.type(" ".join([*SUPERVISE, "--", "sh", "-c", "'head -1 /dev/tty; tty; echo e''nd'\n"]))
    time.sleep(0.5)
    terminal.type("typed\n")
    terminal.wait_for("typed\r\ntyped\r\n/dev/pts/")
    terminal.wait_for("end\r\n")


LOOP = """
import signal, time
signal.signal(signal.SIGINT, lambda *unused: print("caught", flush=True))
print("ready", flush=True)
while True:
    time.sleep(0.1)
"""


def test_job_control(terminal: Terminal, place: Path) -> None:
    script = place / "loop.py"
    script.write_text(LOOP)
    terminal.type(" ".join([*SUPERVISE, "--", "/usr/bin/python3", f"{script}\n"]))
    terminal.wait_for("ready")
    terminal.type("\x03")
    terminal.wait_for("caught")
    terminal.type("\x1a")
    terminal.wait_for("Stopped")
    terminal.type("jobs\n")
    terminal.wait_for("Stopped")
    terminal.type("fg\n")
    time.sleep(0.5)
    terminal.type("\x03")
    terminal.wait_for("caught")
    assert "caught" not in terminal.seen, "the signal came twice"
    terminal.type("\x1c")
    terminal.wait_for("Quit")
    terminal.type("echo status $?\n")
    terminal.wait_for(f"status {128 + signal.SIGQUIT}")


# One command towards whoever started it.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGUSR1, signal.SIGSEGV])
def test_death_by_signal(number: signal.Signals) -> None:
    assert under("sh", "-c", f"kill -{number.value} $$").status == -number


def test_exit_status() -> None:
    for status in (0, 1, 125, 255):
        assert under("sh", "-c", f"exit {status}").status == status


COUNTS = """
import os, signal, sys, time
seen = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
    signal.signal(number, lambda number, frame: seen.append(number))
print(os.getpid(), flush=True)
end = time.monotonic() + 20
while time.monotonic() < end and not seen:
    time.sleep(0.01)
time.sleep(0.3)
print(*(int(number) for number in seen))
"""


@pytest.mark.parametrize("group", [False, True])
def test_signals_arrive_once(group: bool) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1):
        with subprocess.Popen(
            [*SUPERVISE, "--", "/usr/bin/python3", "-c", COUNTS],
            stdout=subprocess.PIPE,
            env=clean_environment(),
            start_new_session=True,
        ) as process:
            assert process.stdout
            process.stdout.readline()
            if group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
            assert process.stdout.readline().split() == [str(int(number)).encode()]
        assert process.returncode == 0


def test_killing_it_kills_the_command() -> None:
    words: Words = [*SUPERVISE, "--", "sh", "-c", "echo $$; exec sleep 60"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=clean_environment()) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        process.kill()
        process.wait()
        assert process.stdout.read() == b"", "until the command is gone"
    assert ended(pid)


def ended(pid: int) -> bool:
    """Soon, and waited for by whoever has to."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def children(pid: int) -> list[int]:
    words = ["ps", "-o", "pid=", "--ppid", str(pid)]
    return [int(word) for word in subprocess.run(words, capture_output=True).stdout.split()]


LOOPS = """
import os, sys, time
clean, bad = sys.argv[1:]
if os.fork() == 0:
    os.setsid()
failed = 0
print("ready", flush=True)
while True:
    try:
        os.close(os.open(clean, os.O_RDONLY))
    except OSError as error:
        failed = error.errno
    if failed:
        try:
            os.open(bad, os.O_RDONLY)
            os.write(1, b"through\\n")
        except OSError as error:
            os.write(1, b"failed %d\\n" % error.errno)
        time.sleep(0.05)
"""


def test_it_dies_closed(here: Path) -> None:
    words: Words = [
        *SUPERVISE,
        "--",
        "/usr/bin/python3",
        "-c",
        LOOPS,
        here / "clean.pkl",
        here / "bad.pkl",
    ]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment()
    ) as process:
        assert process.stdout
        for _ in range(2):
            assert process.stdout.readline() == b"ready\n"
        (supervisor,) = children(process.pid)
        os.kill(supervisor, signal.SIGKILL)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 125
    assert b"through" not in out
    assert err.decode().splitlines()[-1] == (
        "safeguard: run: the supervisor was killed (Killed); so was the command"
    )


def test_without_front_and_supervisor_opens_fail(here: Path) -> None:
    """Nobody is left to kill the program: the kernel answers for the supervisor."""
    words: Words = [
        *SUPERVISE,
        "--",
        "/usr/bin/python3",
        "-c",
        LOOPS,
        here / "clean.pkl",
        here / "bad.pkl",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=clean_environment()) as process:
        assert process.stdout
        for _ in range(2):
            assert process.stdout.readline() == b"ready\n"
        (supervisor,) = children(process.pid)
        (command,) = children(supervisor)
        orphans = children(command)
        process.send_signal(signal.SIGSTOP)
        os.kill(supervisor, signal.SIGKILL)
        lines = [process.stdout.readline() for _ in range(20)]
        process.send_signal(signal.SIGCONT)
        process.wait()
        lines += process.stdout.readlines()
    assert set(lines) == {f"failed {errno.ENOSYS}\n".encode()}
    assert all(ended(pid) for pid in (command, *orphans))


def test_who_stays_behind_is_supervised_on(here: Path) -> None:
    code = (
        f"(sleep 0.5; cat {here}/bad.pkl {here}/clean.pkl > {here}/copy; touch {here}/end) & exit 5"
    )
    begun = time.monotonic()
    done = subprocess.run(
        [*SUPERVISE, "--", "sh", "-c", code], env=clean_environment(), stderr=subprocess.DEVNULL
    )
    assert done.returncode == 5
    assert time.monotonic() - begun < 0.5
    while not (here / "end").exists():
        assert time.monotonic() - begun < 20
        time.sleep(0.05)
    assert (here / "copy").read_bytes() == CLEAN


def test_pipes_are_not_held_open() -> None:
    read, write = os.pipe()
    words: Words = [*SUPERVISE, "--", "sh", "-c", f"exec {write}>&- >&-; sleep 3"]
    with subprocess.Popen(
        words, pass_fds=[write], stdout=subprocess.PIPE, env=clean_environment()
    ) as process:
        os.close(write)
        begun = time.monotonic()
        assert os.read(read, 1) == b""
        assert process.stdout
        assert process.stdout.read() == b""
        assert time.monotonic() - begun < 2.5
        process.terminate()
    os.close(read)


def test_nobody_opens_the_supervisor(here: Path) -> None:
    code = """
import os
supervisor = os.getppid()
for what in ("mem", "environ", "maps", "fd/2", "root/etc/hostname", "cwd/clean.pkl", "task/%d/mem"):
    what = what % supervisor if "%" in what else what
    try:
        os.open(f"/proc/{supervisor}/{what}", os.O_RDWR if "mem" in what else os.O_RDONLY)
        print("open", what)
    except OSError as error:
        print(error.errno)
"""
    done = python(code, cwd=here)
    assert done.out.split() == ["13"] * 7, done


# Many at once.


def test_long_scan_does_not_hold_up_others(here: Path) -> None:
    code = """
import os, sys, threading, time
slow = threading.Thread(target=lambda: os.open(sys.argv[1], os.O_RDONLY))
begun = time.monotonic()
slow.start()
worst = 0
times = 0
while slow.is_alive():
    before = time.monotonic()
    os.close(os.open(sys.argv[2], os.O_RDONLY))
    worst = max(worst, time.monotonic() - before)
    times += 1
took = time.monotonic() - begun
print(took, worst, times)
"""
    big = here / "big.pkl"
    big.write_bytes(b"\x80\x04]" + b"(" + b"K\x01" * 60_000_000 + b"e.")
    done = python(code, big, here / "clean.pkl")
    took, worst, times = (float(word) for word in done.out.split())
    if took < 0.1:
        pytest.skip("no long scan on this machine")
    assert times > 10
    assert worst < took / 2


def test_threads_and_processes(here: Path) -> None:
    code = """
import os, sys, threading
clean, bad = sys.argv[1:]
wrong = []
def loop():
    for _ in range(300):
        fd = os.open(clean, os.O_RDONLY)
        if os.read(fd, 1) != b"\\x80":
            wrong.append("clean")
        os.close(fd)
        try:
            os.open(bad, os.O_RDONLY)
            wrong.append("bad")
        except PermissionError:
            pass
for _ in range(2):
    os.fork()
threads = [threading.Thread(target=loop) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
sys.stdout.write("wrong\\n" if wrong else "right\\n")
sys.stdout.flush()
try:
    while True: os.wait()
except ChildProcessError:
    pass
"""
    done = python(code, here / "clean.pkl", here / "bad.pkl", options=["--log", str(here / "log")])
    assert (done.status, done.out) == (0, "right\n" * 4), done


def test_descriptors_run_out(here: Path) -> None:
    code = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))
fds = []
try:
    while True:
        fds.append(os.open(sys.argv[1], os.O_RDONLY))
except OSError as error:
    print(error.errno, fds == list(range(3, 20)))
"""
    assert python(code, here / "clean.pkl").out == f"{errno.EMFILE} True\n"


def test_programs_are_followed(here: Path, static: Path) -> None:
    code = f"sh -c 'sh -c \"{static} open {here}/bad.pkl\"'; (setsid {static} open {here}/bad.pkl)"
    assert under("sh", "-c", code).out == f"errno {errno.EACCES}\n" * 2


# Real work.

INFERENCE = """
import sys, torch
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
torch.save(model.state_dict(), "model.pt")
model.load_state_dict(torch.load("model.pt", map_location="cpu"))
from torch.utils.data import DataLoader
with torch.inference_mode():
    print(sum(len(model(x)) for x in DataLoader(torch.ones(64, 8), batch_size=16, num_workers=2)))
try:
    torch.load("bad.pkl", weights_only=False)
except PermissionError as error:
    print("safeguard" in str(error))
"""


def test_torch(venv_python: str, here: Path) -> None:
    pytest.importorskip("torch")
    done = under(venv_python, "-W", "ignore", "-c", INFERENCE, cwd=here)
    assert (done.status, done.out) == (0, "64\nTrue\n"), done
    assert not (here / "canary").exists()


def test_http_server(here: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    words: Words = [
        *SUPERVISE,
        "--",
        "/usr/bin/python3",
        "-m",
        "http.server",
        "--bind",
        "127.0.0.1",
        port,
    ]
    with subprocess.Popen(
        [str(word) for word in words],
        cwd=here,
        env=clean_environment() | {"PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert b"Serving HTTP" in process.stdout.readline()
        answers = {}
        for name in ("clean.pkl", "bad.pkl"):
            with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
                connection.sendall(f"GET /{name} HTTP/1.0\r\n\r\n".encode())
                answers[name] = b"".join(iter(lambda: connection.recv(4096), b""))
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert answers["clean.pkl"].endswith(CLEAN)
    assert b" 200 " in answers["clean.pkl"].splitlines()[0]
    assert b" 404 " in answers["bad.pkl"].splitlines()[0]
    assert process.returncode == 0
    assert f"safeguard: blocked {here}/bad.pkl: malicious".encode() in err


def test_scripts_of_python_start_others(here: Path) -> None:
    code = """
import multiprocessing, subprocess, sys
def square(x): return x * x
if __name__ == "__main__":
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(pool.map(square, range(3)))
    print(subprocess.run(["cat", "bad.pkl"], stderr=subprocess.DEVNULL).returncode)
"""
    (here / "work.py").write_text(code)
    done = under("/usr/bin/python3", "work.py", cwd=here)
    assert (done.status, done.out) == (0, "[0, 1, 4]\n" * 3 + "1\n"), done


# Where it cannot be.

SANDBOX = """
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Number of a call, errno that it is to fail with, program. */
int main(int argc, char **argv)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, atoi(argv[1]), 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | atoi(argv[2])),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return 2;
    return execv(argv[3], argv + 3);
}
"""

NUMBERS = {
    "x86_64": {"seccomp": 317, "process_vm_readv": 310},
    "aarch64": {"seccomp": 277, "process_vm_readv": 270},
}[os.uname().machine]


def sandboxed(place: Path, call: str, error: int, *words: str) -> Done:
    sandbox = compiled(SANDBOX, place / "sandbox")
    return run([sandbox, str(NUMBERS[call]), str(error), *SUPERVISE, "--", *words])


@pytest.mark.parametrize("error", [errno.EPERM, errno.EINVAL, errno.ENOSYS])
def test_kernel_without_user_notification(place: Path, error: int) -> None:
    done = sandboxed(place, "seccomp", error, "touch", str(place / "ran"))
    assert (done.status, done.out) == (125, "")
    assert done.err.startswith(
        "safeguard: run: touch: the kernel does not let system calls be supervised (it takes Linux "
        "5.19, and no sandbox around that refuses it)"
    )
    assert done.err.endswith("; not run\n")
    assert done.err.count("\n") == 1
    assert not (place / "ran").exists()


def test_memory_that_cannot_be_read(place: Path) -> None:
    done = sandboxed(place, "process_vm_readv", errno.EPERM, "touch", str(place / "ran"))
    assert (done.status, done.out, done.err) == (
        125,
        "",
        "safeguard: run: touch: the kernel does not let the memory of supervised programs be read: "
        "Operation not permitted; not run\n",
    )
    assert not (place / "ran").exists()


def test_supervised_already(place: Path) -> None:
    done = under(*SUPERVISE, "--", "touch", place / "ran")
    assert (done.status, done.err) == (
        125,
        "safeguard: run: touch: it would be supervised already; not run\n",
    )
    assert not (place / "ran").exists()


def test_program_that_hides(here: Path) -> None:
    """What cannot be looked into gets nothing, and hears why."""
    if os.geteuid() != 0:
        pytest.skip("root is to start a program of another user's")
    code = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0) # PR_SET_DUMPABLE
try:
    open(sys.argv[1])
except PermissionError as error:
    print(error)
"""
    done = python(code, here / "clean.pkl", user=NOT_ROOT)
    assert done.out.startswith("[Errno 13] Permission denied")
    assert "its memory cannot be read from outside" in done.guard_lines[0]
    assert str(CLEAN) not in done.out


def test_command_that_is_none(place: Path) -> None:
    done = under("no-such-command")
    assert (done.status, done.err) == (127, "safeguard: run: no-such-command: not found\n")
    done = under(sys.executable, "-c", "pass", options=["--policy", str(place / "none")])
    assert done.status == 125
