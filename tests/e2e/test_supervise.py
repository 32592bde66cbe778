"""safeguard run --supervise: every open of every program is vetted, from outside the process."""

import errno
import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
import supervising
from conftest import CLI, SECONDS, clean_environment, policy_file, run
from supervising import CLEAN, NOT_ROOT, SUPERVISE, Words, python, says_blocked, under

pytestmark = supervising.needed
pytest_plugins = ["supervise_fixtures"]


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


def test_no_sandbox_that_would_not_bind_the_supervisor(here: Path) -> None:
    """The supervisor opens what Landlock would deny: so a program hears that there is none."""
    code = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
for number in (444, 446):
    print(libc.syscall(number, 0, 0, 1), ctypes.get_errno())
"""
    assert python(code).out == f"-1 {errno.EOPNOTSUPP}\n" * 2


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
    assert good > 0
    assert refused > 0


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
    policy = policy_file(here, f"[allow]\npath = {here}/**\n")
    done = under(static, "open", here / "bad.pkl", options=["--policy", policy])
    assert (done.status, done.err) == (0, "")


def test_profile_comes_on_top(here: Path) -> None:
    code = "import subprocess; open('clean.pkl').close(); subprocess.run(['true'])"
    for profile, status in (("no-bypass", 0), ("inference", 1)):
        policy = policy_file(here, f"[seccomp]\nprofile = {profile}\n")
        done = python(code, options=["--policy", policy], cwd=here)
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
    policy = policy_file(here, "[consistency]\nsnapshot = strict\n")
    big = here / "big.pkl"
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
        "/usr/bin/python3", "-c", "open('bad.pkl')", options=["--policy", policy], cwd=here
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


def test_strict_snapshot_of_a_descriptor_that_is_open_already(here: Path) -> None:
    """The program has what was vetted, not the file."""
    policy = here / "strict.ini"
    policy.write_text("[consistency]\nsnapshot = strict\n")
    policy.chmod(0o644)
    code = "import os; print('open', flush=True); input(); print(os.pread({}, 100, 0))"
    words: Words = [*SUPERVISE, "--policy", policy, "--", "env", "-i", "/usr/bin/python3", "-c"]
    with (
        (here / "clean.pkl").open("rb") as file,
        subprocess.Popen(
            [*words, code.format(file.fileno())],
            pass_fds=[file.fileno()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=clean_environment(),
        ) as process,
    ):
        assert process.stdout
        assert process.stdout.readline() == b"open\n"
        (here / "clean.pkl").write_bytes((here / "bad.pkl").read_bytes())
        out, _ = process.communicate(b"\n", timeout=SECONDS)
    assert out.decode() == f"{CLEAN!r}\n"


def test_record_of_a_descriptor_that_is_open_already(here: Path) -> None:
    """Who opened it nobody knows: the one that has it is told."""
    log = here / "log"
    with (here / "bad.pkl").open("rb") as file:
        words: Words = [*SUPERVISE, "--log", log, "--", "cat"]
        subprocess.run(words, stdin=file, env=clean_environment(), timeout=SECONDS, check=False)
    (record,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert (record["exe"], record["path"]) == (str(CLI.resolve()), str(here / "bad.pkl"))
