"""[seccomp] profile: each row is refused as the table says, and what a profile promises works."""

import errno
import json
import os
import platform
import shutil
import socket
import subprocess
import urllib.request
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from conftest import CLI, ROOT, Done, clean_environment, guarded, run

pytestmark = pytest.mark.skipif(
    platform.machine() not in {"x86_64", "aarch64"}, reason="profiles are for x86-64 and arm64"
)

PROFILES = ["no-bypass", "inference"]
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


def policy(folder: Path, profile: str, guard: str = "") -> str:
    path = folder / f"{profile}.ini"
    path.write_text(f"[guard]\n{guard}\n[seccomp]\nprofile = {profile}\n")
    path.chmod(0o644)
    return str(path)


def under(python: str, folder: Path, profile: str, program: str, *words: str | Path) -> Done:
    env = guarded(policy=policy(folder, profile))
    return run([python, "-c", program, *words], env=env, cwd=folder)


def attempts(python: str, calls: dict[str, list[int]], env: dict[str, str]) -> dict[str, int]:
    done = run([python, "-c", CALLS, json.dumps(calls)], env=env)
    assert (done.status, done.err) == (0, ""), done
    found: dict[str, int] = json.loads(done.out)
    return found


def compiled(folder: Path, name: str, source: str, *flags: str) -> Path:
    (folder / f"{name}.c").write_text(source)
    subprocess.run(
        ["gcc", "-o", folder / name, folder / f"{name}.c", *flags],
        check=True,
    )
    return folder / name


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
    library = compiled(place, "foreign.so", source, "-shared", "-fPIC")
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
    host = compiled(place, "host", HOST, "-pthread", "-ldl")
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
    sandbox = compiled(place, "sandbox", SANDBOX)
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


# What the profiles promise.

TRAINING = """
import torch
from torch.utils.data import DataLoader, TensorDataset

if __name__ == "__main__":
    torch.manual_seed(1)
    numbers = torch.randn(64, 8)
    data = TensorDataset(numbers, numbers.sum(1, keepdim=True))
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for x, y in DataLoader(data, batch_size=16, num_workers=2):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, "model.pt")
    torch.save(model, "module.pt")
    back = torch.load("model.pt")
    assert all(torch.equal(v, back["model"][k]) for k, v in model.state_dict().items())
    print("trained")
"""

TORCH_INFERENCE = """
import torch
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
model.load_state_dict(torch.load("model.pt", map_location="cpu")["model"])
whole = torch.load("module.pt", weights_only=False)
with torch.inference_mode():
    x = torch.ones(4, 8)
    assert torch.equal(model(x), whole(x))
print("inferred")
"""

FITTING = """
import multiprocessing, pickle, subprocess, sys
import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

def square(x):
    return x * x

if __name__ == "__main__":
    x = np.random.default_rng(1).normal(size=(80, 4))
    y = (x.sum(axis=1) > 0).astype(int)
    forest = RandomForestClassifier(n_estimators=5, random_state=1, n_jobs=2).fit(x, y)
    assert len(cross_val_score(forest, x, y, cv=2, n_jobs=2)) == 2
    assert forest.predict(x).shape == (80,)
    joblib.dump(forest, "forest.joblib")
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(square, range(4)) == [0, 1, 4, 9]
    assert subprocess.check_output([sys.executable, "-c", "print(1)"], text=True) == "1\\n"
    assert subprocess.getoutput("echo two") == "two"
    print("fitted")
"""

SKLEARN_INFERENCE = """
import multiprocessing, socket, threading
import joblib
import numpy as np

forest = joblib.load("forest.joblib")
x = np.ones((4, 4))
answer = forest.predict(x)
threads = [threading.Thread(target=forest.predict, args=(x,)) for _ in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert (pool.map(forest.predict, [x, x])[1] == answer).all()
assert socket.getaddrinfo("127.0.0.1", 80)
ours, theirs = socket.socketpair()
ours.sendall(b"x")
assert theirs.recv(1) == b"x"
socket.create_connection(("127.0.0.1", int(__import__("sys").argv[1]))).close()
print("predicted")
"""


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def works(python: str, env: dict[str, str], folder: Path, words: list[Any], said: str) -> None:
    done = run([python, *words], env=env, cwd=folder)
    assert (done.status, done.out, done.guard_lines) == (0, f"{said}\n", []), done


def test_torch_trains_and_serves(venv_python: str, place: Path) -> None:
    pytest.importorskip("torch")
    train, serve = script(place, "train.py", TRAINING), script(place, "serve.py", TORCH_INFERENCE)
    works(venv_python, guarded(policy=policy(place, "no-bypass")), place, [train], "trained")
    works(venv_python, guarded(policy=policy(place, "inference")), place, [serve], "inferred")


def test_sklearn_fits_and_serves(venv_python: str, place: Path) -> None:
    pytest.importorskip("sklearn")
    fit, serve = script(place, "fit.py", FITTING), script(place, "serve.py", SKLEARN_INFERENCE)
    works(venv_python, guarded(policy=policy(place, "no-bypass")), place, [fit], "fitted")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        env = guarded(policy=policy(place, "inference"))
        works(venv_python, env, place, [serve, port], "predicted")


# Answers predictions over HTTP: with a socket of its own, or with the one that it inherits.
SERVING = """
import http.server, json, socket, sys
import joblib
import numpy as np

forest = joblib.load("forest.joblib")

class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(forest.predict(np.array(rows)).tolist()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

inherited = len(sys.argv) > 1
server = http.server.HTTPServer(("127.0.0.1", 0), Answer, bind_and_activate=not inherited)
if inherited:
    server.socket.close()
    server.socket = socket.socket(fileno=int(sys.argv[1]))
print(server.socket.getsockname()[1], flush=True)
for _ in range(3):
    server.handle_request()
"""

FOREST = """
import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
x = np.random.default_rng(1).normal(size=(80, 4))
joblib.dump(RandomForestClassifier(5, random_state=1).fit(x, (x.sum(axis=1) > 0)), "forest.joblib")
"""


@pytest.fixture(scope="module")
def forest(venv_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sklearn")
    folder = tmp_path_factory.mktemp("forest")
    assert run([venv_python, "-c", FOREST], cwd=folder).status == 0
    return folder / "forest.joblib"


@pytest.mark.parametrize("profile", PROFILES)
def test_sklearn_answers_on_the_loopback(
    venv_python: str, place: Path, forest: Path, profile: str
) -> None:
    shutil.copy(forest, place)
    serve = script(place, "serve.py", SERVING)
    env = clean_environment() | guarded(policy=policy(place, profile))
    with socket.create_server(("127.0.0.1", 0)) as door:
        words = [str(door.fileno())] if profile == "inference" else []
        with subprocess.Popen(
            [venv_python, str(serve), *words],
            env=env,
            cwd=place,
            pass_fds=[door.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as server:
            assert server.stdout
            port = server.stdout.readline().strip()
            assert port, server.communicate()
            for sign in (1, -1, 1):
                rows = json.dumps([[sign] * 4] * 2).encode()
                with urllib.request.urlopen(f"http://127.0.0.1:{port}", rows, 60) as answer:
                    assert json.loads(answer.read()) == [sign > 0] * 2
            _, err = server.communicate(timeout=60)
    assert (server.returncode, err) == (0, "")


NOTEBOOK = """
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")
try:
    told = []
    client.execute_interactive(
        "import os, subprocess\\n"
        "print(open('/proc/self/maps').read().count('libsafeguard') > 0)\\n"
        "print(subprocess.check_output(['echo', 'two'], text=True))",
        output_hook=lambda m: told.append(m["content"].get("text", "")), timeout=60)
    print("".join(told).split())
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


def test_jupyter_kernel_runs_under_no_bypass(place: Path) -> None:
    python = ROOT / "build" / "venv" / "bin" / "python"
    if run([python, "-c", "import ipykernel, jupyter_client"]).status:
        pytest.skip("no Jupyter here")
    notebook = script(place, "notebook.py", NOTEBOOK)
    env = guarded(policy=policy(place, "no-bypass")) | {"HOME": str(place)}
    done = run([python, notebook], env=env, cwd=place)
    assert (done.status, done.out, done.guard_lines) == (0, "['True', 'two']\n", []), done
    env = guarded(policy=policy(place, "inference")) | {"HOME": str(place)}
    done = run([python, notebook], env=env, cwd=place)
    assert done.status == 1
    assert "PermissionError" in done.err


def shipped(folder: Path, snapshot: str) -> str:
    text = (ROOT / "policy" / "inference.ini").read_text()
    assert "\nsnapshot = strict\n" in text
    path = folder / "shipped.ini"
    path.write_text(text.replace("\nsnapshot = strict\n", f"\nsnapshot = {snapshot}\n"))
    path.chmod(0o644)
    return str(path)


@pytest.mark.parametrize("snapshot", ["auto", "strict"])
def test_shipped_inference_policy_starts(place: Path, snapshot: str) -> None:
    program = "import os; print('up'); os.execv('/bin/true', ['true'])"
    done = run(["/usr/bin/python3", "-c", program], env=guarded(policy=shipped(place, snapshot)))
    assert done.out == "up\n"
    assert "PermissionError" in done.err


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
