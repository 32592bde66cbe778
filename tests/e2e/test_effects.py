"""What happens while an unpickler runs: the gadgets, and the rules one by one."""

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import BUILD, Done, guarded, policy_file, pythons, run
from gadget_pickles import Gadget
from gadget_runs import Outcome, run_gadgets
from gadgets import GADGETS

# `make gadgets` runs every gadget, each with fresh imports, and leaves the table of layers in
# build/gadgets.txt; otherwise it is a third of them, and the heavy libraries are imported before.
EVERY = os.environ.get("SG_GADGETS") == "all"
SEED = int(os.environ.get("SG_SEED", "1"))
CHOSEN = GADGETS if EVERY else random.Random(SEED).sample(GADGETS, len(GADGETS) // 3)
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture(scope="session")
def effects_only(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("policy")
    return guarded(policy=policy_file(folder, "[python]\nfind_class = off\n"))


@pytest.fixture(scope="session")
def real(venv_python: str) -> list[Gadget]:
    """The gadgets that work here without a guard: only these prove something."""
    done = run_gadgets(venv_python, CHOSEN, {}, fresh=EVERY)
    return [gadget for gadget in CHOSEN if done[gadget.name].ran]


def is_name(outcome: Outcome) -> bool:
    return "refused this pickle" in outcome.message


def test_no_gadget_leaves_its_canary(
    real: list[Gadget], venv_python: str, effects_only: dict[str, str]
) -> None:
    assert len(real) >= len(CHOSEN) * 9 // 10, len(real)
    both = run_gadgets(venv_python, real, guarded(), fresh=EVERY)
    effects = run_gadgets(venv_python, real, effects_only, fresh=EVERY)
    rows = []
    for gadget in real:
        name, effect = is_name(both[gadget.name]), not effects[gadget.name].ran
        layer = "both" if name and effect else "name" if name else "effect" if effect else "none"
        rows.append(f"{layer:7} {gadget.effect:8} {gadget.expression}")
    if EVERY:
        (BUILD / "gadgets.txt").write_text("\n".join(sorted(rows)) + "\n")
    ran = [name for name, outcome in (both | effects).items() if outcome.ran]
    assert ran == []
    assert not any(outcome.ran for outcome in both.values())


# Without third parties, for every interpreter and way of loading.
PLAIN = [
    Gadget("system", "os.system(TOUCH)", "spawn"),
    Gadget("popen", "subprocess.Popen(ARGV)", "spawn"),
    Gadget("spawnv", "os.spawnv(0, '/bin/sh', ['sh', '-c', TOUCH])", "spawn"),
    Gadget("posix_spawn", "os.posix_spawn('/bin/sh', ['sh', '-c', TOUCH], {})", "spawn"),
    Gadget("execv", "os.execv('/bin/sh', ['sh', '-c', TOUCH])", "spawn"),
    Gadget(
        "spawnv_passfds",
        "os.waitpid(M('multiprocessing.util').spawnv_passfds(b'/bin/sh', ['sh','-c',TOUCH], ()), 0)",
        "spawn",
    ),
    Gadget("thread", "threading.Thread(None, os.system, None, (TOUCH,)).start()", "spawn"),
    Gadget("eval", "eval(EXPR)", "code"),
    Gadget("run_path", "runpy.run_path(FILE)", "code"),
    Gadget(
        "removed",
        "M('importlib._bootstrap')._call_with_frames_removed(os.system, TOUCH)",
        "spawn",
    ),
    Gadget("found", "M('importlib._bootstrap')._find_and_load(TOUCH + ';.x', os.system)", "spawn"),
    Gadget(
        "loader", "M('importlib.machinery').SourceFileLoader('planted', FILE).load_module()", "code"
    ),
    Gadget("connect", "socket.create_connection((HOST, PORT))", "connect"),
    Gadget("sendto", "socket.socket(2, 2).sendto(b'x', (HOST, PORT))", "connect"),
    Gadget("library", "ctypes.CDLL(LIBRARY)", "native"),
    Gadget("open", "open(CANARY, 'w')", "file"),
    Gadget("mkdir", "os.mkdir(CANARY)", "file"),
    Gadget("rename", "os.rename(OLD, CANARY)", "file"),
    Gadget("copy", "shutil.copy(OLD, CANARY)", "file"),
]


@pytest.mark.parametrize("way", ["c", "python", "sealed", "sealed-python"])
def test_effects_alone_in_every_interpreter(
    interpreter: str, way: str, effects_only: dict[str, str]
) -> None:
    """ "sealed" unpicklers never tell a name. In Python their frequent effects (program text) are
    not looked at, and so end where that text itself does something."""
    done = run_gadgets(interpreter, PLAIN, effects_only, way)
    assert [name for name, outcome in done.items() if outcome.ran] == []


def test_these_do_run_without_the_guard(interpreter: str) -> None:
    done = run_gadgets(interpreter, PLAIN, {})
    assert [name for name, outcome in done.items() if not outcome.ran] == []


SETUP = """
import os, pickle, sys
class Do:
    def __init__(self, *call): self.call = call
    def __reduce__(self): return self.call[0], self.call[1:]
def load(*call):
    try:
        pickle.loads(pickle.dumps(Do(*call)))
    except PermissionError as error:
        assert type(error).__name__ == "BlockedError", error
        return "refused"
    return "done"
"""


def steps(python: str, body: str, **settings: str) -> Done:
    done = run([python, "-c", SETUP + body], env=guarded(**settings))
    assert done.status == 0, done
    return done


def test_after_the_load_nothing_is_restricted(interpreter: str, place: Path) -> None:
    body = f"""
def deep(n):
    if n:
        return pickle.loads(pickle.dumps(Do(deep, n - 1)))
    raise KeyError
for depth in (1, 5, 50):
    try: pickle.loads(pickle.dumps(Do(deep, depth)))
    except KeyError: pass
try: pickle.loads(b"garbage")
except Exception: pass
print(load(eval, "1"))
os.system("touch {place}/one")
eval("open('{place}/two', 'w').close()")
import subprocess, threading
subprocess.run(["touch", "{place}/three"])
thread = threading.Thread(target=os.system, args=("touch {place}/four",))
thread.start()
thread.join()
pickle._loads(pickle.dumps([os.getcwd]))
import _posixsubprocess, multiprocessing.util
os.waitpid(multiprocessing.util.spawnv_passfds(b"/bin/sh", ["sh", "-c", "touch {place}/five"], ()), 0)
"""
    done = steps(interpreter, body)
    assert done.out == "refused\n"
    assert sorted(os.listdir(place)) == sorted(["one", "two", "three", "four", "five"])


def test_a_load_in_an_import_is_still_a_load(interpreter: str, place: Path) -> None:
    (place / "loading_module.py").write_text(
        f"import os, pickle\n\nclass Do:\n    def __reduce__(self):\n"
        f"        return run, ()\n\n\ndef run():\n    os.system('touch {place}/canary')\n\n\n"
        "import sys\nsys.modules['loading_module'] = sys.modules[__name__]\n"
        "try:\n    pickle.loads(pickle.dumps(Do()))\nexcept PermissionError:\n    print('refused')\n"
    )
    body = f"\nsys.path.insert(0, {str(place)!r})\nimport loading_module\n"
    assert steps(interpreter, body).out == "refused\n"
    assert not (place / "canary").exists()


def test_what_an_import_does_goes_on(interpreter: str, place: Path) -> None:
    (place / "importing_module.py").write_text(
        f"import os, subprocess\nsubprocess.run(['touch', '{place}/ran'])\n"
        f"os.system('touch {place}/too')\neval('1')\n\n\ndef value():\n    return 1\n"
    )
    body = f"""
sys.path.insert(0, {str(place)!r})
pickle.loads(b"cimporting_module\\nvalue\\n.")
"""
    done = steps(interpreter, body)
    assert done.guard_lines == []
    assert (place / "ran").exists()
    assert (place / "too").exists()


def test_temporary_files_and_local_sockets_go_on(interpreter: str, place: Path) -> None:
    body = f"""
import socket
print(load(open, "{place}/new", "w"))
print(load(os.remove, "{place}/new"))
server = socket.socket(socket.AF_UNIX)
server.bind("{place}/socket")
server.listen(1)
client = socket.socket(socket.AF_UNIX)
def connect(): client.connect("{place}/socket")
print(load(connect))
os.symlink("/root/never", "{place}/link")
print(load(open, "{place}/link", "w"))
print(load(open, "/tmp/../root/never", "w"))
print(load(open, "/dev/null", "w"))
"""
    policy = policy_file(place, "[python]\nfind_class = off\n")
    done = steps(interpreter, body, policy=policy)
    assert done.out.split() == ["done", "done", "done", "refused", "refused", "done"]


BEFORE_3_10 = ("python3.8", "python3.9")
# Text that libraries run while a clean object is rebuilt …
PLAIN_TEXTS = (
    "1 + 1",
    "lambda _cls, x, y: _tuple_new(_cls, (x, y))",
    "def parse(self, a, loc=0, scale=1):\n    return (a,), loc, scale",
    "def get(self, /, *args, **kwds):\n    return self._callmethod('get', args, kwds)",
    "[abs(a) for a in range(3)]",
)
# … and text that could leave something behind, though it does nothing yet.
OTHER_TEXTS = (
    "import os",
    "def f():\n    import a.b",
    "from os import *",
    "lambda: open('x')",
    "lambda: getattr",
    "lambda: (1).__class__",
    "lambda a: a.system('x')",
    "lambda a: a.f_globals",
    "class A:\n    def __del__(self): pass",
    "exec",
    "lambda: lambda: lambda: eval",
)


def test_plain_text_may_run(interpreter: str) -> None:
    """Named tuples, proxies of managers, distributions and formulas are made of such."""
    body = f"""
import collections, multiprocessing.managers as managers
def run(text): exec(text, {{}})
print(load(collections.namedtuple, 'A', 'b c'), load(managers.MakeProxyType, 'A', ['get', 'put']))
for text in {PLAIN_TEXTS!r}: print(load(run, text))
print(load(managers.MakeProxyType, 'A', ['f(a=__import__("os")): pass\\ndef g']))
for text in {OTHER_TEXTS!r}: print(load(run, text))
"""
    if Path(interpreter).name in BEFORE_3_10:
        body = body.replace("/, ", "")
    done = steps(interpreter, body)
    outcomes = ["done"] * (2 + len(PLAIN_TEXTS)) + ["refused"] * (1 + len(OTHER_TEXTS))
    assert done.out.split() == outcomes, list(zip(done.out.split(), outcomes, strict=False))


def test_patterns_name_attributes(interpreter: str) -> None:
    """Which stand in no list of names."""
    if Path(interpreter).name in BEFORE_3_10:
        pytest.skip("before 3.10 there is no match")
    text = "match 1:\n    case object(__class__=c): pass"
    assert steps(interpreter, f"\ndef run(text): exec(text)\nprint(load(run, {text!r}))").out == (
        "refused\n"
    )


@pytest.fixture
def told(place: Path) -> Callable[[str, str], list[dict[str, object]]]:
    def records(python: str, text: str) -> list[dict[str, object]]:
        policy, log = policy_file(place, text), place / "log.jsonl"
        script = place / "script.py"
        script.write_text(SETUP + "\nprint(load(os.system, 'true'))\n")
        done = run([python, script], env=guarded(policy=policy, log=str(log)))
        assert (done.status, done.err) == (0, ""), done
        lines = log.read_text().splitlines() if log.exists() else []
        return [{"out": done.out.strip()}, *map(json.loads, lines)]

    return records


def test_effects_may_be_logged_or_not(
    interpreter: str, told: Callable[[str, str], list[dict[str, object]]], place: Path
) -> None:
    out, *records = told(interpreter, "[python]\nfind_class = off\neffects = log\n")
    assert out == {"out": "done"}
    assert len(records) == 1
    assert (records[0]["event"], records[0]["action"]) == ("effect", "log")
    assert str(records[0]["path"]).startswith(f"{place}/script.py:")
    (place / "log.jsonl").unlink()
    assert told(interpreter, "[python]\nfind_class = off\neffects = off\n") == [{"out": "done"}]


STRANGE = """
class PickleError(Exception): pass
PicklingError = UnpicklingError = PickleError
class Pickler: pass
class Unpickler:
    def load(self): return "strange"
class PickleBuffer: pass
def dump(*args): pass
def dumps(*args): pass
def load(*args): return "strange"
def loads(*args): return "strange"
"""


# As it is, and where one of its parts is another function, or missing.
@pytest.mark.parametrize(
    "more", ["", "load = len\n", "from builtins import len as load\ndel Unpickler\n"]
)
def test_an_unknown_pickle_module_is_said_to_be_unwatched(
    interpreter: str, place: Path, more: str
) -> None:
    builtin = "import sys; print('_pickle' in sys.builtin_module_names)"
    if run([interpreter, "-c", builtin]).out == "True\n":
        pytest.skip("this interpreter's own _pickle is the only one it takes")
    (place / "_pickle.py").write_text(STRANGE + more)
    env = {"PYTHONPATH": str(place)}
    command = [interpreter, "-c", "import _pickle; print(_pickle.loads(b''))"]
    done = run(command, env=guarded() | env)
    words = "effects of loads are not watched: _pickle is not built as it is known"
    assert (done.status, done.out, done.err) == (0, "strange\n", f"safeguard: {words}\n")
    log = place / "log.jsonl"
    assert run(command, env=guarded(log=str(log)) | env).err == ""
    record = json.loads(log.read_text().splitlines()[0])
    assert (record["event"], record["action"]) == ("start", "log")
    assert record["reasons"][0]["detail"] == words


def test_every_interpreter_was_found() -> None:
    assert len(pythons()) >= 1
