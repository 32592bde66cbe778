"""[seccomp] profile: each row is refused as the table says, and what a profile promises works."""

import errno
import json
import os
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import CLI, Done, compiled, guarded, run
from seccomp_profiles import PROFILES, policy

pytestmark = pytest.mark.skipif(
    platform.machine() not in {"x86_64", "aarch64"}, reason="profiles are for x86-64 and arm64"
)

ASK = 0x53470000

# What the profiles are to refuse, apart from the table that makes them.
NO_BYPASS = {
    "ENOSYS": "io_uring_setup io_uring_enter io_uring_register openat2 userfaultfd memfd_secret",
    "EPERM": "open_by_handle_at pidfd_getfd process_vm_readv process_vm_writev ptrace bpf "
    "perf_event_open init_module finit_module delete_module kexec_load kexec_file_load mount "
    "umount2 pivot_root open_tree move_mount mount_setattr fsopen fspick fsconfig fsmount",
}
INFERENCE = {"EACCES": "execve execveat listen bind", "ENOSYS": "add_key request_key keyctl"}


def expected(profile: str) -> dict[str, int]:
    tables = [NO_BYPASS] + ([INFERENCE] if profile == "inference" else [])
    return {
        call: getattr(errno, name)
        for table in tables
        for name, calls in table.items()
        for call in calls.split()
    }


# Arguments that no call can do anything with; prints each call's errno.
CALLS = """
import ctypes, json, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(*words):
    answer = libc.syscall(*(ctypes.c_long(word) for word in words))
    return ctypes.get_errno() if answer == -1 else 0
calls = json.loads(sys.argv[1])
print(json.dumps({name: attempt(*words) for name, words in calls.items()}))
"""

FILTERS = """
def filters():
    for line in open("/proc/self/status"):
        if line.startswith("Seccomp_filters:"):
            return int(line.split()[1])
"""


@cache
def numbers() -> dict[str, int]:
    """System calls by name, as the C compiler has them."""
    text = subprocess.run(
        ["gcc", "-E", "-dM", "-include", "sys/syscall.h", "-x", "c", "/dev/null"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    words = [line.split() for line in text.splitlines() if line.startswith("#define __NR_")]
    return {word[1].removeprefix("__NR_"): int(word[2]) for word in words if word[2].isdigit()}


def under(python: str, folder: Path, profile: str, program: str, *words: str | Path) -> Done:
    env = guarded(policy=policy(folder, profile))
    return run([python, "-c", program, *words], env=env, cwd=folder)


def attempts(python: str, calls: dict[str, list[int]], env: dict[str, str]) -> dict[str, int]:
    done = run([python, "-c", CALLS, json.dumps(calls)], env=env)
    assert (done.status, done.err) == (0, ""), done
    found: dict[str, int] = json.loads(done.out)
    return found


@pytest.mark.parametrize("profile", PROFILES)
def test_every_row_is_refused(venv_python: str, place: Path, profile: str) -> None:
    wanted = expected(profile)
    calls = {name: [numbers()[name], *[-1] * 6] for name in wanted if name in numbers()}
    assert len(wanted) - len(calls) <= 2, "the headers of this system know too few calls"
    denied = attempts(venv_python, calls, guarded(policy=policy(place, profile)))
    assert denied == {name: wanted[name] for name in calls}
    bare = attempts(venv_python, calls, guarded(policy=policy(place, "off")))
    same = {name for name in calls if bare[name] == wanted[name]}
    # What an older kernel or a plain user answers is what the profiles answer.
    unlike = {name for name in same if bare[name] not in {errno.ENOSYS, errno.EPERM}}
    assert not unlike
    if os.geteuid() == 0:
        assert len(same) <= len(calls) // 3, f"this kernel refuses them anyway: {sorted(same)}"


def test_conditions_refuse_no_more(venv_python: str, place: Path) -> None:
    program = """
import socket
netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
netlink.bind((0, 0))
unix = socket.socket(socket.AF_UNIX)
unix.bind("\\0sg-short")
for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
    try:
        socket.socket(family).bind((address, 0))
        print("bound")
    except PermissionError:
        print("refused")
"""
    done = under(venv_python, place, "inference", program)
    assert (done.status, done.out, done.err) == (0, "refused\nrefused\n", "")


def test_listening_without_binding_is_refused(venv_python: str, place: Path) -> None:
    program = "import socket; socket.socket().listen()"
    assert "PermissionError" in under(venv_python, place, "inference", program).err
    assert under(venv_python, place, "no-bypass", program).status == 0


def test_other_programs_are_refused(venv_python: str, place: Path) -> None:
    program = "import subprocess; print(subprocess.run(['true']).returncode)"
    assert under(venv_python, place, "no-bypass", program).out == "0\n"
    done = under(venv_python, place, "inference", program)
    assert done.status == 1
    assert "PermissionError: [Errno 13]" in done.err


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the calls of i386 and x32")
def test_foreign_calls_are_refused(venv_python: str, place: Path) -> None:
    source = """
    long i386_getpid(void) {
        long answer = 20; /* __NR_getpid of i386 */
        __asm__ volatile("int $0x80" : "+a"(answer) : : "memory", "r8", "r9", "r10", "r11");
        return (int)answer;
    }
    long x32_getpid(void) {
        long answer = 0x40000000 + 39;
        __asm__ volatile("syscall" : "+a"(answer) : : "memory", "rcx", "r11");
        return (int)answer;
    }
    """
    library = compiled(source, place / "foreign.so", "-shared", "-fPIC")
    program = f"""
import ctypes, os
library = ctypes.CDLL({str(library)!r})
print(library.i386_getpid() == os.getpid(), library.i386_getpid(), library.x32_getpid())
"""
    bare = under(venv_python, place, "off", program)
    if bare.status == 0:  # else this kernel has no calls of i386 at all: SIGSEGV
        assert bare.out.startswith("True ")
    for profile in PROFILES:
        done = under(venv_python, place, profile, program)
        assert (done.status, done.out) == (0, f"False {-errno.ENOSYS} {-errno.ENOSYS}\n"), done


def test_python_that_a_python_starts_loads_no_second_filter(venv_python: str, place: Path) -> None:
    inner = FILTERS + "print(filters())"
    program = FILTERS + (
        "import subprocess, sys\n"
        "print(filters(), flush=True)\n"
        f"subprocess.run([sys.executable, '-c', {inner!r}], check=True)\n"
    )
    before = run([venv_python, "-c", inner]).out
    if before == "None\n":
        pytest.skip("this kernel does not count filters")
    mine = int(before) + 1
    assert under(venv_python, place, "no-bypass", program).out == f"{mine}\n{mine}\n"


def test_a_stronger_profile_goes_on_top(venv_python: str, place: Path) -> None:
    program = (
        "import os, subprocess, sys\n"
        f"os.environ['SAFEGUARD_POLICY'] = {policy(place, 'inference')!r}\n"
        "subprocess.run([sys.executable, '-c', 'import os; os.execv(\"/bin/true\", [\"true\"])'])\n"
    )
    assert "PermissionError" in under(venv_python, place, "no-bypass", program).err


def test_profile_refuses_nothing_where_the_mode_is_log(venv_python: str, place: Path) -> None:
    env = guarded(policy=policy(place, "inference"), mode="log")
    done = run([venv_python, "-c", "import os; os.execv('/bin/true', ['true'])"], env=env)
    assert (done.status, done.err) == (0, "")


def test_other_programs_stay_as_they_are(place: Path) -> None:
    env = guarded(policy=policy(place, "inference"))
    done = run(["/bin/sh", "-c", "/bin/echo here"], env=env)
    assert (done.status, done.out, done.err) == (0, "here\n", "")


HOST = """
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int ready[2];

static void *wait_and_try(void *unused)
{
    char byte;

    if (read(ready[0], &byte, 1) == 1 && syscall(SYS_io_uring_setup, -1L, -1L) == -1)
        printf("%d\\n", errno);
    return unused;
}

int main(int argc, char **argv)
{
    pthread_t thread;

    if (argc < 2 || pipe(ready) || pthread_create(&thread, NULL, wait_and_try, NULL))
        return 2;
    void *python = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
    if (!python)
        return 3;
    ((void (*)(void))dlsym(python, "Py_Initialize"))();
    if (write(ready[1], "x", 1) != 1)
        return 4;
    return pthread_join(thread, NULL);
}
"""


def test_interpreter_that_comes_late_and_threads_that_were_there(place: Path) -> None:
    found = sorted(Path("/usr/lib").glob(f"{platform.machine()}-linux-gnu/libpython3.*.so.1.0"))
    if not found:
        pytest.skip("no shared libpython on this system")
    host = compiled(HOST, place / "host", "-pthread", "-ldl")
    for profile in PROFILES:
        done = run([host, found[0]], env=guarded(policy=policy(place, profile)))
        assert (done.status, done.out) == (0, f"{errno.ENOSYS}\n"), done
    done = run([host, found[0]], env=guarded(policy=policy(place, "off")))
    assert done.status == 0
    assert done.out != f"{errno.ENOSYS}\n"


# Runs a program with seccomp(2) refused, as some sandboxes have it.
SANDBOX = """
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, code};

    if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return 2;
    return execv(argv[1], argv + 1);
}
"""


def test_start_is_refused_where_no_filter_can_be_loaded(place: Path) -> None:
    sandbox = compiled(SANDBOX, place / "sandbox")
    python, file = "/usr/bin/python3", policy(place, "no-bypass")
    done = run([sandbox, python, "-c", "print('ran')"], env=guarded(policy=file))
    assert (done.status, done.out) == (78, "")
    assert done.err == (
        f"safeguard: {file}: [seccomp] profile = no-bypass cannot be put in force: the kernel does "
        f"not take the filter (error 1) (refusing to start {Path(python).resolve().name} "
        "unguarded)\n"
    )
    done = run([sandbox, python, "-c", "print('ran')"], env=guarded(policy=policy(place, "off")))
    assert (done.status, done.out) == (0, "ran\n")


# The command line.


def oci(profile: str) -> dict[str, Any]:
    done = run([CLI, "policy", "show", "--seccomp", profile, "--format", "json"])
    assert (done.status, done.err) == (0, "")
    shown: dict[str, Any] = json.loads(done.out)
    return shown


@pytest.mark.parametrize("profile", PROFILES)
def test_profile_for_container_runtimes(profile: str) -> None:
    shown = oci(profile)
    assert shown["defaultAction"] == "SCMP_ACT_ALLOW"
    assert shown["architectures"] == ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]
    wanted = expected(profile)
    for call in ("execve", "execveat"):  # the runtime starts the program with them
        wanted.pop(call, None)
    rows = {name: row for row in shown["syscalls"] for name in row["names"]}
    assert {name: row["errnoRet"] for name, row in rows.items()} == wanted
    assert {row["action"] for row in rows.values()} == {"SCMP_ACT_ERRNO"}
    conditions = {name: row["args"] for name, row in rows.items() if "args" in row}
    bind = [{"index": 2, "value": 16, "op": "SCMP_CMP_GE"}]
    assert conditions == ({"bind": bind} if profile == "inference" else {})


@pytest.mark.parametrize("profile", PROFILES)
def test_table_for_people(place: Path, profile: str) -> None:
    page = run([CLI, "policy", "show", "--seccomp", profile])
    rows = [line.split()[:2] for line in page.out.split("\n\n")[1].splitlines()]
    shown = {call: getattr(errno, name) for call, name in rows if call != "prctl"}
    assert shown == expected(profile)
    env = {"SAFEGUARD_POLICY": policy(place, profile)}
    assert run([CLI, "policy", "show", "--seccomp"], env=env) == page


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["show", "--seccomp", "strict"],
            "policy: there is no profile 'strict'; there are no-bypass and inference",
        ),
        (
            ["show", "--seccomp"],
            "policy: no profile is in force; name one: no-bypass or inference",
        ),
        (
            ["show", "--seccomp", "inference", "--format", "html"],
            "policy: --format cannot be 'html': show: text (default) or json",
        ),
        (
            ["check", "--format", "json", "x"],
            "policy takes: show [FILE] | show --seccomp [PROFILE] | check FILE",
        ),
    ],
)
def test_bad_usage(place: Path, words: list[str], message: str) -> None:
    env = {"SAFEGUARD_POLICY": policy(place, "off")}
    done = run([CLI, "policy", *words], env=env)
    assert (done.status, done.out, done.err) == (2, "", f"safeguard: {message}\n")


def test_library_asks_the_kernel_under_a_number_of_its_own(place: Path) -> None:
    """prctl() answers for the profiles that are in force, and nothing else."""
    calls = {str(i): [numbers()["prctl"], ASK + i, 0, 0, 0, 0] for i in range(4)}
    found = {
        name: attempts("/usr/bin/python3", calls, guarded(policy=policy(place, name)))
        for name in ("off", *PROFILES)
    }
    invalid, already = errno.EINVAL, errno.EALREADY
    assert list(found["off"].values()) == [invalid] * 4
    assert list(found["no-bypass"].values()) == [invalid, already, invalid, invalid]
    assert list(found["inference"].values()) == [invalid, already, already, invalid]
