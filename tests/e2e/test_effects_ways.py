"""Effects by ways round: each leaves its canary without the guard, and none with it."""

from pathlib import Path

import pytest
from conftest import compiled, guarded, policy_file, run

PROGRAM = """
import ctypes, os, pickle, socket, subprocess, sys, urllib.parse

way, place = sys.argv[1:]
victim = os.path.abspath("victim")
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 0))
server.setblocking(False)
libc = ctypes.CDLL(None)
creat, shell = libc.creat, libc.system

def named(port): return urllib.parse.DefragResult("127.0.0.1", port)
def send_to_a_named_tuple():
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", named(server.getsockname()[1]))
def bind_a_named_tuple():
    socket.socket().bind(named(0))
    open(place + "/canary", "w").close()
def mode_by_descriptor(): os.fchmod(os.open(victim, os.O_RDONLY), 0o777)
def mode_by_number(): os.chmod(os.open(victim, os.O_RDONLY), 0o777)
def times(): os.utime(victim, (1, 1))
def times_by_descriptor(): os.utime(os.open(victim, os.O_RDONLY), (1, 1))
def link_that_follows():
    os.symlink(victim, place + "/soft")
    os.link(place + "/soft", place + "/hard", src_dir_fd=os.open(place, os.O_RDONLY))
    open(place + "/hard", "w").close()
def create_after_a_file_was_written(): creat(victim.encode(), 0o600)
def shell_after_a_program_was_started(): shell(("touch " + place + "/canary").encode())

class Do:
    def __reduce__(self): return globals()[way], ()

def canary():
    try: server.recv(1)
    except BlockingIOError: pass
    else: return True
    found = os.stat(victim)
    return (found.st_mode & 0o777 != 0o600 or found.st_mtime == 1 or found.st_size != 3
            or os.path.exists(place + "/canary"))

data = pickle.dumps(Do())
if way.startswith("shell"): subprocess.run(["true"])
else:
    with open(victim, "w") as file: file.write("old")
    os.chmod(victim, 0o600)
    if way.startswith("create"): open("other", "w").close()
try: pickle.loads(data)
except PermissionError: pass
print(canary())
"""

WAYS = (
    "send_to_a_named_tuple",
    "bind_a_named_tuple",
    "mode_by_descriptor",
    "mode_by_number",
    "times",
    "times_by_descriptor",
    "link_that_follows",
    "create_after_a_file_was_written",
    "shell_after_a_program_was_started",
)


@pytest.mark.parametrize("way", WAYS)
def test_no_way_round_leaves_its_canary(
    interpreter: str, way: str, place: Path, outside: Path
) -> None:
    if way == "link_that_follows" and place.stat().st_dev != outside.stat().st_dev:
        pytest.skip("temporary files lie on a file system of their own")
    victim = outside / "victim"
    victim.write_text("old")
    victim.chmod(0o600)
    policy = policy_file(place, "[python]\nfind_class = off\n")
    words = [interpreter, "-c", PROGRAM, way]
    for name, env, left in (("bare", {}, "True"), ("kept", guarded(policy=policy), "False")):
        (place / name).mkdir()
        victim.write_text("old")
        victim.chmod(0o600)
        done = run([*words, place / name], env=env, cwd=outside)
        assert (done.status, done.out) == (0, f"{left}\n"), (name, done)


# What a load may do to files of its own.
FINE = """
import os, pickle, sys
def run():
    path = sys.argv[1] + "/own"
    with open(path, "w") as file: os.fchmod(file.fileno(), 0o640)
    fd = os.open(path, os.O_RDONLY)
    os.fchmod(fd, 0o600)
    os.utime(path, (1, 1))
    os.link(path, path + "2")
class Do:
    def __reduce__(self): return run, ()
pickle.loads(pickle.dumps(Do()))
"""


def test_in_temporary_folders_all_that_goes_on(interpreter: str, place: Path) -> None:
    done = run([interpreter, "-c", FINE, place], env=guarded())
    assert (done.status, done.guard_lines) == (0, []), done
    assert (place / "own2").stat().st_mtime == 1


# CPython before 3.8 as a plug-in: no handle of it is kept, so that its host can unload it.
HOST = """
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
int main(int argc, char **argv)
{
    void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    for (int i = 0; i < 3; i++) open("/nonexistent/a.py", O_RDONLY), open(argv[2], O_RDONLY);
    if (plugin) dlclose(plugin);
    puts(!plugin ? "none" : dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD) ? "kept" : "gone");
}
"""


def test_an_old_interpreter_can_be_unloaded(place: Path) -> None:
    library = compiled(
        "int Py_Initialize(void) { return 0; }", place / "libpython3.7m.so", "-shared", "-fPIC"
    )
    host = compiled(HOST, place / "host", "-ldl")
    source = place / "a.py"
    source.write_text("1\n")
    done = run([host, library, source], env=guarded())
    assert (done.status, done.out) == (0, "gone\n"), done
