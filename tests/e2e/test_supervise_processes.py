"""run --supervise: devices and terminals, signals and status; whoever ends, nothing gets through."""

import contextlib
import errno
import os
import pty
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import supervising
from conftest import SECONDS, clean_environment, run
from supervising import CLEAN, NOT_ROOT, SUPERVISE, Words, python, under

pytestmark = supervising.needed
pytest_plugins = ["supervise_fixtures"]

CAP_SYS_PTRACE = 1 << 19


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


def test_more_wait_than_the_supervisor_has_threads(place: Path, static: Path) -> None:
    os.mkfifo(place / "fifo")
    done = under(static, "crowd", place / "fifo", "600")
    assert (done.status, done.out, done.err) == (0, "600\n", "")


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
            # Whoever runs the tests in the background ignores some.
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
                signal.signal(number, signal.SIG_DFL)
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
    terminal.wait_for("fg\r\n")
    terminal.wait_for("loop.py")  # the shell tells what it brings back, and does so right then
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
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if path.read_text().rsplit(")", 1)[1].split()[1] == str(pid):
                found.append(int(path.parent.name))
    return found


LOOPS = """
import os, sys, time
clean, bad = sys.argv[1:]
if os.fork() == 0:
    os.setsid()
failed = 0
os.write(1, b"ready\\n")
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


@contextlib.contextmanager
def looping(here: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A supervised program of two processes that open files without end, until it is left."""
    files = [here / "clean.pkl", here / "bad.pkl"]
    words: Words = [*SUPERVISE, "--", "/usr/bin/python3", "-c", LOOPS, *files]
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment()
    ) as process:
        try:
            assert process.stdout
            for _ in range(2):
                assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()  # a failure must not wait for what never ends


def test_it_dies_closed(here: Path) -> None:
    with looping(here) as process:
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
    with looping(here) as process:
        assert process.stdout
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
    """The command that has ended is not kept waiting: what it left goes on when it is told to."""
    code = "(cat go; cat bad.pkl clean.pkl > copy; echo > end) & exit 5"
    for name in ("go", "end"):
        os.mkfifo(here / name)
    done = subprocess.run(
        [*SUPERVISE, "--", "sh", "-c", code],
        cwd=here,
        env=clean_environment(),
        stderr=subprocess.DEVNULL,
        timeout=SECONDS,
    )
    assert done.returncode == 5
    (here / "go").write_text("")
    assert (here / "end").read_text() == "\n"
    assert (here / "copy").read_bytes() == CLEAN


def test_pipes_are_not_held_open() -> None:
    read, write = os.pipe()
    words: Words = [*SUPERVISE, "--", "sh", "-c", f"exec {write}>&- >&-; sleep {SECONDS}"]
    with subprocess.Popen(
        words, pass_fds=[write], stdout=subprocess.PIPE, env=clean_environment()
    ) as process:
        os.close(write)
        assert os.read(read, 1) == b""
        assert process.stdout
        assert process.stdout.read() == b""
        assert process.poll() is None, "before the command ended"
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


STEER = """
import os, sys
supervisor, front = os.getppid(), int(os.environ["FRONT"])
for pid in (supervisor, front):
    for flags in (os.O_WRONLY, os.O_RDWR | os.O_TRUNC, os.O_RDWR):
        try:
            os.open(f"/proc/{pid}/mem", flags)
            print("open")
        except OSError as error:
            print(error.errno)
reader, writer = os.pipe()
child = os.fork()
if child == 0:
    os.read(reader, 1)
    os._exit(0)
os.close(os.open(f"/proc/{child}/mem", os.O_WRONLY))
os.close(os.open(f"/proc/{child}/mem", os.O_RDWR))
os.write(writer, b"x")
"""


@pytest.mark.parametrize("user", [None, NOT_ROOT])
def test_nobody_steers_who_supervises(place: Path, user: int | None) -> None:
    """Opens that cannot read are told to nobody, and root may write any memory but for this."""
    if user and os.geteuid() != 0:
        pytest.skip("root is to start a program of another user's")
    words = ["sh", "-c", 'FRONT=$$ exec "$@"', "sh", *SUPERVISE, "--", "/usr/bin/python3", "-c"]
    done = run([*words, STEER], cwd=place, user=user)
    assert (done.status, done.out.split(), done.err) == (0, ["13"] * 6, "")


def test_root_does_not_get_the_right_to_trace_back() -> None:
    """Each program that root starts would have all that the bounding set leaves."""
    if os.geteuid() != 0:
        pytest.skip("it is root that could")
    done = under("sh", "-c", "cat /proc/self/status; true")
    has = dict(line.split(":\t") for line in done.out.splitlines() if line.startswith("Cap"))
    kinds = ("CapInh", "CapPrm", "CapEff", "CapAmb")
    assert [int(has[kind], 16) & CAP_SYS_PTRACE for kind in kinds] == [0] * 4
