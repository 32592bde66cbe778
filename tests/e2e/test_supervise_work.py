"""run --supervise: many at once, real work, and kernels that do not let it."""

import errno
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import supervising
from conftest import SANITIZED, Done, clean_environment, compiled, run
from supervising import CLEAN, NOT_ROOT, SUPERVISE, Words, python, under

pytestmark = supervising.needed
pytest_plugins = ["supervise_fixtures"]


# Many at once.


def test_long_scan_does_not_hold_up_others(here: Path) -> None:
    code = """
import os, sys, threading
slow = threading.Thread(target=lambda: os.open(sys.argv[1], os.O_RDONLY))
slow.start()
times = 0
while slow.is_alive():
    os.close(os.open(sys.argv[2], os.O_RDONLY))
    times += 1
print(times)
"""
    big = here / "big.pkl"
    big.write_bytes(b"\x80\x04]" + b"(" + b"K\x01" * 60_000_000 + b"e.")
    done = python(code, big, here / "clean.pkl")
    assert int(done.out) > 10, done


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

/* Number of a call, the lower half of its second argument (-1: any), errno that it is to fail
 * with, program. */
int main(int argc, char **argv)
{
    unsigned any = atoi(argv[2]) == -1;
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, atoi(argv[1]), 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, strtoul(argv[2], NULL, 0), 0, any ? 0 : 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | atoi(argv[3])),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {6, code};

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return 2;
    return execv(argv[4], argv + 4);
}
"""

NUMBERS = {
    "x86_64": {
        "seccomp": 317,
        "process_vm_readv": 310,
        "socketpair": 53,
        "sendmsg": 46,
        "clone3": 435,
        "ioctl": 16,
        "prlimit64": 302,
        "capset": 126,
    },
    "aarch64": {
        "seccomp": 277,
        "process_vm_readv": 270,
        "socketpair": 199,
        "sendmsg": 211,
        "clone3": 435,
        "ioctl": 29,
        "prlimit64": 261,
        "capset": 91,
    },
}[os.uname().machine]
ANY = -1
CLOEXEC = 0o2000000
LISTENER = 8 | 32  # flags of the filter
LISTEN = 0xC0502100  # SECCOMP_IOCTL_NOTIF_RECV


def sandboxed(
    place: Path, call: str, error: int, *words: str, second: int = ANY, user: int | None = None
) -> Done:
    sandbox = compiled(SANDBOX, place / "sandbox")
    number = str(NUMBERS[call])
    return run([sandbox, number, str(second), str(error), *SUPERVISE, "--", *words], user=user)


@pytest.mark.parametrize(
    ("error", "second"),
    [
        (errno.EINVAL, ANY),
        (errno.EPERM, LISTENER),
        (errno.ENOSYS, LISTENER),
        (errno.EACCES, LISTENER),
    ],
)
def test_kernel_without_user_notification(place: Path, error: int, second: int) -> None:
    done = sandboxed(place, "seccomp", error, "touch", str(place / "ran"), second=second)
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


@pytest.mark.parametrize(
    ("call", "second", "error", "why"),
    [
        ("seccomp", LISTENER, errno.ENOMEM, "the kernel does not let system calls be supervised: "),
        ("socketpair", socket.SOCK_SEQPACKET | CLOEXEC, errno.EMFILE, "no supervisor: "),
        ("socketpair", socket.SOCK_STREAM | CLOEXEC, errno.EMFILE, "no supervisor: "),
        ("sendmsg", ANY, errno.EPERM, "no supervisor: "),
        ("clone3", ANY, errno.EAGAIN, "no supervisor: "),  # no threads
    ],
)
def test_no_supervisor_no_command(
    place: Path, call: str, second: int, error: int, why: str
) -> None:
    done = sandboxed(place, call, error, "touch", str(place / "ran"), second=second)
    assert done == Done(125, "", f"safeguard: run: touch: {why}{os.strerror(error)}; not run\n")
    assert not (place / "ran").exists()


def test_supervisor_that_cannot_listen_takes_the_command_with_it(place: Path) -> None:
    words = ["sh", "-c", f"cat /dev/null; touch {place}/ran"]
    done = sandboxed(place, "ioctl", errno.EIO, *words, second=LISTEN - (1 << 32))
    assert done.status == 125, done
    assert done.err.splitlines()[-1] == (
        "safeguard: run: the supervisor gave up; the command was killed"
    )
    assert "supervisor: Input/output error; the command is stopped" in done.err
    assert not (place / "ran").exists()


def test_right_to_trace_that_cannot_be_given_up(place: Path) -> None:
    """Who has none needs no leave to give it up."""
    if os.geteuid() != 0:
        pytest.skip("it is root that has it")
    place.chmod(0o755)
    done = sandboxed(place, "capset", errno.EPERM, "true", user=NOT_ROOT)
    assert (done.status, done.err) == (0, "")
    has = int(Path("/proc/self/status").read_text().split("CapPrm:")[1].split()[0], 16)
    if not has & 1 << 19:  # CAP_SYS_PTRACE
        pytest.skip("nor has root, in this container")
    done = sandboxed(place, "capset", errno.EPERM, "touch", str(place / "ran"))
    assert (done.status, done.err) == (
        125,
        "safeguard: run: touch: the right to trace cannot be given up: Operation not permitted; "
        "not run\n",
    )
    assert not (place / "ran").exists()


@pytest.mark.skipif(SANITIZED, reason="a sanitizer looks at limits and leaks by calls of its own")
def test_limits_that_stay_as_they_are(here: Path) -> None:
    done = sandboxed(here, "prlimit64", errno.EPERM, "cat", str(here / "clean.pkl"))
    assert (done.status, done.err) == (0, "")


def test_proc_of_other_processes(place: Path) -> None:
    """Its numbers would stand for others than those who ask."""
    words: Words = ["unshare", "-pf", *SUPERVISE, "--", "touch", place / "ran"]
    if run(["unshare", "-pf", "true"]).status != 0:
        pytest.skip("no namespaces of processes here")
    assert run(words) == Done(
        125,
        "",
        "safeguard: run: touch: /proc: No such process (is it mounted, and that of this PID "
        "namespace?); not run\n",
    )
    assert not (place / "ran").exists()


@pytest.mark.skipif(SANITIZED, reason="a sanitizer looks at limits and leaks by calls of its own")
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
