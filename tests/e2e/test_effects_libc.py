"""libc's own entries, called while a pickle is loaded by what causes no audit event: none is let through."""

import json
from pathlib import Path

import pytest
from conftest import guarded, policy_file, run

# What each call is refused for; outside a load, and where it may, it fails by itself: nothing of this exists.
PROGRAM = """
import ctypes, errno, json, pickle, socket, struct, sys

kind, place, effects = sys.argv[1:]
libc = getattr(ctypes, kind)(None, use_errno=True)
words = (ctypes.c_char_p * 2)(b"program", None)
none = (ctypes.c_char_p * 1)(None)
stream = ctypes.c_void_p(1)
pid = ctypes.byref(ctypes.c_int())
away, gone, inet = b"/proc/none/file", b"/proc/none/program", struct.pack("=H14x", socket.AF_INET)
WRITE, MAKE = 1, 0o101

def calls(path):
    for name in "open", "open64", "__open", "__open64":
        yield name, path, MAKE, 0o600
    for name in "__open_2", "__open64_2":
        yield name, path, WRITE
    for name in "openat", "openat64":
        yield name, -100, path, MAKE, 0o600
    for name in "__openat_2", "__openat64_2":
        yield name, -100, path, WRITE
    for name in "creat", "creat64":
        yield name, path, 0o600
    for name in "fopen", "fopen64", "_IO_fopen":
        yield name, path, b"w"

def starts():
    for name in "execve", "execvpe":
        yield name, gone, words, none
    for name in "execv", "execvp":
        yield name, gone, words
    yield "fexecve", -1, words, none
    yield "execveat", -100, gone, words, none, 0
    for name in "execl", "execlp", "execle":
        yield name, gone, b"program", None, none
    for name in "posix_spawn", "posix_spawnp":
        yield name, pid, gone, None, None, words, none
    yield "connect", -1, inet, 16

REFUSED_ONLY = [
    ("freopen", away, b"w", stream), ("freopen64", away, b"a", stream), ("freopen", away, b"r+", stream),
    ("system", gone), ("popen", gone, b"r"), ("_IO_popen", gone, b"r"),
] if effects == "block" else []
FINE = [
    ("connect", -1, struct.pack("=H14x", socket.AF_UNIX), 16), ("connect", -1, inet, 1),
    ("open", None, WRITE), ("open", away, 0), ("fopen", away, b"r"),
    ("close", -1),
]
ALL = [*calls(away), *starts(), *REFUSED_ONLY, *FINE, *calls(place.encode() + b"/file")]
FOUND = {name: getattr(libc, name) for name, *_ in ALL}

def call(words):
    ctypes.set_errno(0)
    name, *words = words
    answer = FOUND[name](*words)
    return errno.errorcode.get(answer if name.startswith("posix") else ctypes.get_errno(), "none")

class Loaded:
    def __init__(self, number): self.number = number
    def __reduce__(self): return by_number, (self.number,)

def by_number(number):
    return call(ALL[number])

outside = [None if words in REFUSED_ONLY else call(words) for words in ALL]
inside = [pickle.loads(pickle.dumps(Loaded(number))) for number in range(len(ALL))]
told = {"files": [], "starts": [], "only": [], "fine": [], "below": []}
groups = zip(("files", "starts", "only", "fine", "below"),
             (list(calls(away)), list(starts()), REFUSED_ONLY, FINE, list(calls(place.encode()))))
at = 0
for group, rows in groups:
    for _ in rows:
        told[group].append((ALL[at][0], outside[at], inside[at]))
        at += 1
print(json.dumps(told))
"""


def outcomes(python: str, kind: str, place: Path, effects: str) -> dict[str, list[list[str]]]:
    policy = policy_file(place, f"[python]\nfind_class = off\neffects = {effects}\n")
    program = place / "program.py"
    program.write_text(PROGRAM)
    env = guarded(policy=policy, log=str(place / "log.jsonl"))
    done = run([python, program, kind, place, effects], env=env)
    assert done.status == 0, done
    return json.loads(done.out)


# Called by ctypes with the interpreter's lock given up, and with it held.
@pytest.mark.parametrize("kind", ["CDLL", "PyDLL"])
def test_no_entry_starts_connects_or_writes(interpreter: str, kind: str, place: Path) -> None:
    told = outcomes(interpreter, kind, place, "block")
    for name, outside, inside in told["files"] + told["starts"]:
        assert (name, inside) == (name, "EACCES")
        assert (name, outside in ("ENOENT", "EBADF", "EINVAL")) == (name, True)
    assert {inside for _, _, inside in told["only"]} == {"EACCES"}
    # Local sockets, no sockets at all, reading, temporary folders: as they are outside.
    for name, outside, inside in told["fine"] + told["below"]:
        assert (name, inside) == (name, outside)
    details = [json.loads(line)["reasons"][0]["detail"] for line in (place / "log.jsonl").open()]
    assert "changes files while a pickle is loaded: open('/proc/none/file')" in details
    assert (
        "starts or ends a process while a pickle is loaded: exec('/proc/none/program')" in details
    )
    assert "starts or ends a process while a pickle is loaded: exec('')" in details  # by descriptor
    assert "uses the network while a pickle is loaded: connect('')" in details


def test_they_may_be_logged(venv_python: str, place: Path) -> None:
    told = outcomes(venv_python, "PyDLL", place, "log")
    for name, outside, inside in told["files"] + told["starts"]:
        assert (name, inside) == (name, outside)
    records = [json.loads(line) for line in (place / "log.jsonl").open()]
    assert {record["action"] for record in records} == {"log"}


TRACKER = """
import multiprocessing.resource_tracker as tracker, os, pickle
def start(): tracker.ensure_running()
class Do:
    def __reduce__(self): return start, ()
pickle.loads(pickle.dumps(Do()))
os.write(tracker.getfd(), b"PROBE:0:noop\\n")
print("runs")
"""


def test_a_resource_tracker_may_be_started(interpreter: str) -> None:
    done = run([interpreter, "-c", TRACKER], env=guarded())
    assert (done.status, done.out, done.guard_lines) == (0, "runs\n", [])


# A program of that name in a folder that the load may write to is not torch's.
MANAGER = """
import os, pickle, sys
from multiprocessing.util import spawnv_passfds
program = sys.argv[1].encode()
class Do:
    def __reduce__(self): return spawnv_passfds, (program, [program], ())
try: os.waitpid(pickle.loads(pickle.dumps(Do())), 0)
except PermissionError as error: print(error)
"""


def test_a_program_named_as_the_manager_of_torch_is_not_it(venv_python: str, place: Path) -> None:
    manager = place / "torch" / "bin" / "torch_shm_manager"
    manager.parent.mkdir(parents=True)
    manager.write_text(f"#!/bin/sh\ntouch {place}/canary\n")
    manager.chmod(0o755)
    assert run([venv_python, "-c", MANAGER, manager]).status == 0
    assert (place / "canary").exists()
    (place / "canary").unlink()
    done = run([venv_python, "-c", MANAGER, manager], env=guarded())
    assert done.status == 0, done
    assert not (place / "canary").exists()


THREAD = """
import ctypes, pickle
libc = ctypes.PyDLL(None)
attributes, thread = ctypes.create_string_buffer(256), ctypes.c_void_p()
libc.pthread_attr_init(attributes)
libc.pthread_attr_setstacksize(attributes, ctypes.c_size_t(1 << 46))
create = libc.pthread_create
def start(): return create(ctypes.byref(thread), attributes, ctypes.c_void_p(1), None)
class Do:
    def __reduce__(self): return start, ()
print(start(), pickle.loads(pickle.dumps(Do())), pickle.loads(pickle.dumps(Do())))
"""


def test_a_thread_that_cannot_be_started_is_an_error_as_ever(venv_python: str) -> None:
    done = run([venv_python, "-c", THREAD], env=guarded())
    assert done.status == 0, done
    outside, inside, again = done.out.split()
    assert outside in ("11", "12")
    assert (inside, again) == (outside, outside)


UNMARKED = """
import ctypes, os, pickle, struct, sys, threading

def begin(path):
    thread = threading.Thread(None, os.mkdir, None, (path,))
    thread.start()
    thread.join()
class Do:
    def __reduce__(self): return begin, (sys.argv[1],)
data = pickle.dumps(Do())

# What tells a thread that it is a load's lies in a mapping of 16 bytes: there is none to be had.
MMAP, ALLOW, NO_MEMORY = {"x86_64": 9, "aarch64": 222}[os.uname().machine], 0x7FFF0000, 0x5000C
rows = (0x20, 0, 0, 0), (0x15, 0, 3, MMAP), (0x20, 0, 0, 24), (0x15, 0, 1, 16)
rows += (0x06, 0, 0, NO_MEMORY), (0x06, 0, 0, ALLOW)
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
program = struct.pack("HxxxxxxQ", len(rows), ctypes.addressof(code))
prctl = ctypes.CDLL(None).prctl
assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, program) == 0
begin(sys.argv[1] + ".before")
try: pickle.loads(data)
except RuntimeError as error: print(error)
"""


def test_a_thread_that_cannot_be_told_that_it_is_a_loads_is_not_started(
    venv_python: str, place: Path
) -> None:
    done = run([venv_python, "-c", UNMARKED, place / "made"], env=guarded())
    assert (done.status, done.out) == (0, "can't start new thread\n"), done
    assert [path.name for path in place.iterdir()] == ["made.before"]


# What an effect that may be lets pass is that effect's own: whatever comes after it has no event.
AFTER = """
import os, pickle, sqlite3, sys
from multiprocessing.util import spawnv_passfds
sys.path.insert(0, sys.argv[2])

def spawn(): os.waitpid(spawnv_passfds(b"/usr/bin/touch", ["touch", "made"], ()), 0)
def after_a_fork():
    child = os.fork()
    if child == 0:
        spawn()
        os._exit(0)
    os.waitpid(child, 0)
def after_an_import():
    import spawning
    spawn()
def below_a_database_in_memory():
    connection = sqlite3.connect(":memory:")
    connection.execute("attach database 'made' as a")
    connection.execute("create table a.t(x)")
def as_a_database_in_memory(): open(":memory:", "w")
def fine():
    connection = sqlite3.connect(sys.argv[2] + "/database")
    connection.execute("create table t(x)")

class Do:
    def __reduce__(self): return globals()[sys.argv[1]], ()
try: pickle.loads(pickle.dumps(Do()))
except (OSError, sqlite3.Error): pass
"""


@pytest.mark.parametrize(
    "way",
    ["after_a_fork", "after_an_import", "below_a_database_in_memory", "as_a_database_in_memory"],
)
def test_what_one_effect_may_do_the_next_may_not(
    interpreter: str, way: str, place: Path, outside: Path
) -> None:
    (place / "spawning.py").write_text("import subprocess\nsubprocess.run(['true'])\n")
    policy = policy_file(place, "[python]\nfind_class = off\n")
    words = [interpreter, "-c", AFTER, way, place]
    done = run(words, env=guarded(policy=policy), cwd=outside)
    assert (done.status, list(outside.iterdir())) == (0, []), done
    assert run(words, cwd=outside).status == 0
    assert list(outside.iterdir()) != []


def test_databases_in_temporary_folders_go_on(interpreter: str, place: Path) -> None:
    done = run([interpreter, "-c", AFTER, "fine", place], env=guarded())
    assert (done.status, done.guard_lines) == (0, [])
    assert (place / "database").stat().st_size > 0
