"""Names that unpicklers resolve, in every CPython of the machine, from memory."""

import json
from pathlib import Path

import pytest
from conftest import RUNTIME, Done, guarded, policy_file, run

PAYLOAD = """
import io, os, pickle, sys
canary = {canary!r}

class Evil:
    def __reduce__(self):
        return os.system, ("touch " + canary,)

def refused(load, data):
    try:
        load(data)
    except PermissionError as error:
        kind = type(error)
        assert (kind.__module__, kind.__name__) == ("safeguard", "BlockedError"), kind
        assert error.errno == 13 and "safeguard" in str(error), error
        assert "posix.system" in str(error) or "os.system" in str(error), error
        print("refused")
    else:
        print("RAN")
"""


def attack(python: str, place: Path, body: str, **settings: str) -> Done:
    """Runs the body behind the payload's definitions; it prints what became of each load."""
    done = run(
        [python, "-c", PAYLOAD.format(canary=str(place / "canary")) + body], env=guarded(**settings)
    )
    assert done.status == 0, done
    return done


def test_every_protocol_and_both_unpicklers(interpreter: str, place: Path) -> None:
    body = """
for protocol in range(6):
    data = pickle.dumps(Evil(), protocol)
    refused(pickle.loads, data)
    refused(pickle._loads, data)
    refused(lambda data: pickle.Unpickler(io.BytesIO(data)).load(), data)
    refused(lambda data: pickle.load(io.BytesIO(data)), data)
"""
    done = attack(interpreter, place, body)
    assert done.out.split() == ["refused"] * 24
    assert len(done.guard_lines) == 24
    assert not (place / "canary").exists()


def test_names_of_python_2_and_dotted_names(interpreter: str, place: Path) -> None:
    body = r"""
import posixpath, shutil
call = b"\nX" + len("touch " + canary).to_bytes(4, "little") + ("touch " + canary).encode() + b"\x85R."
for data in (b"\x80\x02cos\nsystem" + call, b"cos\nsystem" + call):
    refused(pickle.loads, data)
for module, name in (("shutil", "os.system"), ("posixpath", "os.system")):
    text = b"".join(b"X" + len(x).to_bytes(4, "little") + x.encode() for x in (module, name))
    refused(pickle.loads, b"\x80\x04" + text + b"\x93" + call[1:])
for name in (b"commands\ngetoutput", b"__builtin__\neval", b"__builtin__\nexecfile"):
    try:
        pickle.loads(b"\x80\x02c" + name + call)
    except PermissionError:
        print("refused")
"""
    done = attack(interpreter, place, body)
    assert done.out.split() == ["refused"] * 7
    assert not (place / "canary").exists()


def test_extension_codes_threads_and_subclasses(interpreter: str, place: Path) -> None:
    body = """
import copyreg, threading
copyreg.add_extension("os", "system", 7)
refused(pickle.loads, b"\\x80\\x02\\x82\\x07U" + bytes([len("touch " + canary)])
        + ("touch " + canary).encode() + b"\\x85R.")
data = pickle.dumps(Evil())
thread = threading.Thread(target=refused, args=(pickle.loads, data))
thread.start()
thread.join()

class Polite(pickle.Unpickler):
    def find_class(self, module, name):
        return super().find_class(module, name)

class PolitePython(pickle._Unpickler):
    def find_class(self, module, name):
        return super().find_class(module, name)

for kind in (Polite, PolitePython):
    refused(lambda data: kind(io.BytesIO(data)).load(), data)
"""
    done = attack(interpreter, place, body)
    assert done.out.split() == ["refused"] * 4
    assert not (place / "canary").exists()


def test_a_subinterpreter_is_watched_too(interpreter: str, place: Path) -> None:
    body = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
text = '''
import os, pickle
class Evil:
    def __reduce__(self):
        return os.system, ("touch %s",)
for load in (pickle.loads, pickle._loads):
    try:
        load(pickle.dumps((os.system,)))
    except PermissionError as error:
        assert type(error).__module__ == "safeguard", error
        os.write(1, b"refused ")
''' % canary
for _ in range(2):
    number = interpreters.create()
    interpreters.run_string(number, text)
    interpreters.destroy(number)
refused(pickle.loads, pickle.dumps(Evil()))
"""
    done = attack(interpreter, place, body)
    assert done.out.split() == ["refused"] * 5


def test_more_subinterpreters_than_there_is_room_to_note(place: Path) -> None:
    """What is looked for among the frames, of the unpickler in Python, is noted for each."""
    body = """
import _xxsubinterpreters as interpreters
text = '''
import os, pickle
class Evil:
    def __reduce__(self):
        return os.system, ("touch %s",)
try: pickle._loads(pickle.dumps(Evil()))
except PermissionError: os.write(1, b"refused ")
''' % canary
for _ in range(36):
    number = interpreters.create()
    interpreters.run_string(number, text)
    interpreters.destroy(number)
"""
    effects_only = policy_file(place, "[python]\nfind_class = off\n")
    done = attack("/usr/bin/python3", place, body, policy=effects_only)
    assert done.out.split() == ["refused"] * 36
    assert not (place / "canary").exists()


def test_a_source_whose_name_is_no_text(interpreter: str, place: Path) -> None:
    """What calls the unpickler, and the unpickler in Python itself."""
    body = """
data = pickle.dumps(Evil())
for loads in pickle.loads, pickle._loads:
    exec(compile("refused(lambda data: loads(data), data)", "\\udcff.py", "exec"))
"""
    log = place / "log.jsonl"
    done = attack(interpreter, place, body, log=str(log))
    assert done.out.split() == ["refused"] * 2
    records = [json.loads(line) for line in log.open()]
    assert [record["path"] for record in records] == [":1", ":1"]


def test_without_the_unpickler_in_c(interpreter: str, place: Path) -> None:
    body = """
for name in "pickle", "_pickle", "_compat_pickle": sys.modules.pop(name, None)
sys.modules["_pickle"] = None
import pickle
assert pickle.loads is pickle._loads
refused(pickle.loads, pickle.dumps(Evil()))
"""
    assert attack(interpreter, place, body).out.split() == ["refused"]


def test_a_refusal_that_no_memory_is_left_to_record(venv_python: str, place: Path) -> None:
    body = """
import resource
data = pickle.dumps(Evil())
refused(pickle.loads, data)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 65536, resource.RLIM_INFINITY))
refused(pickle.loads, data)
"""
    done = attack(venv_python, place, body)
    assert done.out.split() == ["refused"] * 2
    assert "posix.system" in done.guard_lines[0]
    assert done.guard_lines[1].startswith("safeguard: names posix.system"), done


@pytest.mark.skipif(bool(RUNTIME), reason="the guard follows a child, its sanitizer does not")
def test_children_are_watched(interpreter: str, place: Path) -> None:
    body = """
import subprocess
data = pickle.dumps(Evil())
child = os.fork()
if child == 0:
    refused(pickle.loads, data)
    sys.stdout.flush()
    os._exit(0)
os.waitpid(child, 0)
code = "import pickle, sys\\ntry: pickle.loads(%r)\\nexcept PermissionError: print('refused')" % data
sys.stdout.flush()
subprocess.run([sys.executable, "-I", "-S", "-c", code], env={})
"""
    done = attack(interpreter, place, body)
    assert done.out.split() == ["refused"] * 2
    assert not (place / "canary").exists()


def test_from_python_it_cannot_be_taken_off(interpreter: str, place: Path) -> None:
    body = """
import gc, importlib
data = pickle.dumps(Evil())
sys.audit = lambda *args: None
refused(pickle.loads, data)
refused(pickle._loads, data)  # its find_class asks sys.audit; what it does is still seen
del sys.modules["_pickle"]
import _pickle
refused(_pickle.loads, data)
sys.modules.pop("pickle"), sys.modules.pop("_pickle")
refused(importlib.import_module("pickle").loads, data)
for found in gc.get_objects():
    if "safeguard" in (type(found).__module__, getattr(found, "__module__", "")):
        print(found.__name__)
sys.modules["safeguard"] = sys
refused(pickle.loads, data)
"""
    done = attack(interpreter, place, body)
    assert done.out.split() == [*["refused"] * 4, "BlockedError", "refused"], done
    assert not (place / "canary").exists()


@pytest.mark.parametrize("allocator", ["malloc", "pymalloc", "debug", "malloc_debug", "dev"])
def test_the_interpreter_ends_well(interpreter: str, allocator: str) -> None:
    switches = ["-X", "dev"] if allocator == "dev" else []
    env = guarded() | ({} if switches else {"PYTHONMALLOC": allocator})
    done = run([interpreter, *switches, "-c", "import pickle; pickle.loads(b'N.')"], env=env)
    assert (done.status, done.err) == (0, "")


MADE_UP = """
import pickle, sys, threading
for _ in range(2): sys.audit("cpython._PySys_ClearAuditHooks")
thread = threading.Thread(target=bytearray, args=(1 << 20,))
thread.start()
thread.join()
import decimal, json
try: pickle.loads(b"cposix\\nsystem\\n.")
except PermissionError: print("refused")
"""


@pytest.mark.parametrize("allocator", ["malloc", "debug"])
def test_the_end_of_hooks_that_a_program_makes_up_is_not_theirs(
    interpreter: str, allocator: str
) -> None:
    """From then on the interpreter takes its memory by way of the guard."""
    env = guarded(log="/dev/null") | {"PYTHONMALLOC": allocator}
    done = run([interpreter, "-c", MADE_UP], env=env)
    assert (done.status, done.out, done.err) == (0, "refused\n", "")


def test_the_record_says_who_loaded(venv_python: str, place: Path) -> None:
    script = place / "train.py"
    script.write_text("import pickle\n\npickle.loads(b'cposix\\nsystem\\n.')\n")
    log = place / "log.jsonl"
    done = run([venv_python, script], env=guarded(log=str(log)))
    assert done.status == 1
    assert done.err.rstrip().endswith("names posix.system, which starts or ends processes")
    (record,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert record["event"] == "find_class"
    assert record["action"] == "block"
    assert record["path"] == f"{script}:3"
    assert record["verdict"] == "malicious"
    assert record["reasons"][0]["detail"].startswith("names posix.system")


def test_log_goes_on_and_off_is_silent(interpreter: str, place: Path) -> None:
    data = "import pickle\nprint(pickle.loads(b'cposix\\nsystem\\n.').__name__)"
    for text, lines in (
        ("[python]\nfind_class = log\n", 1),
        ("[python]\nfind_class = off\n", 0),
        ("[guard]\nmode = log\n", 1),
        ("[guard]\nmode = off\n", 0),
        ("[allow]\nglobal = posix.system\n", 0),
    ):
        done = run([interpreter, "-c", data], env=guarded(policy=policy_file(place, text)))
        assert (done.status, done.out) == (0, "system\n"), (text, done)
        assert len(done.guard_lines) == lines, (text, done)


def test_names_that_lead_on_pass_and_what_they_change_does_not(
    interpreter: str, place: Path
) -> None:
    body = r"""
for name, passes in (("builtins\ngetattr", True), ("builtins\n__dict__", True),
                     ("builtins\nglobals", False),
                     ("sys\nmeta_path.append", False), ("sys\naddaudithook", False)):
    module, name = (b"\x8c" + bytes([len(one)]) + one.encode() for one in name.split("\n"))
    try:
        pickle.loads(b"\x80\x04" + module + name + b"\x93.")
        print(passes)
    except PermissionError:
        print(not passes)
"""
    done = attack(interpreter, place, body)
    assert done.out.split() == ["True"] * 5


def test_they_pass_only_where_effects_stand_behind_them(interpreter: str, place: Path) -> None:
    """Under thresholds so low that only the clean names of the tables are below them."""
    body = r"""
for name in "builtins\ngetattr", "builtins\n__dict__", "collections\nOrderedDict", "os\n__dict__":
    module, name = (b"\x8c" + bytes([len(one)]) + one.encode() for one in name.split("\n"))
    try:
        pickle.loads(b"\x80\x04" + module + name + b"\x93.")
        print("passed")
    except PermissionError:
        print("refused")
"""
    low = "[thresholds]\nsuspicious = 0.01\nmalicious = 0.02\n"
    for effects, outcomes in (("block", "passed passed"), ("log", "refused refused")):
        text = policy_file(place, f"{low}[python]\neffects = {effects}\n")
        done = attack(interpreter, place, body, policy=text)
        assert done.out.split() == [*outcomes.split(), "passed", "refused"], (effects, done)


def test_a_denied_name_is_refused(interpreter: str, place: Path) -> None:
    text = policy_file(place, "[deny]\nglobal = fractions.*\n")
    data = "import fractions, pickle\npickle.loads(pickle.dumps(fractions.Fraction(1, 2)))"
    done = run([interpreter, "-c", data], env=guarded(policy=text))
    assert done.status == 1
    assert "fractions.Fraction" in done.err
    assert run([interpreter, "-c", data], env=guarded()).status == 0


LIBRARIES = {
    "joblib": "import joblib; load = lambda data: joblib.load(io.BytesIO(data))",
    "numpy": "import numpy; load = lambda data: numpy.load(io.BytesIO(data), allow_pickle=True)",
    "torch": "import torch; load = lambda data: torch.load(io.BytesIO(data), weights_only=False)",
    "cloudpickle": "import cloudpickle; load = cloudpickle.loads",
    "dill": "import dill; load = dill.loads",
    "pandas": "import pandas; load = lambda data: pandas.read_pickle(io.BytesIO(data))",
}


@pytest.mark.parametrize("library", LIBRARIES)
def test_libraries_that_unpickle(venv_python: str, library: str, place: Path) -> None:
    body = (
        LIBRARIES[library]
        + """
try:
    load(pickle.dumps(Evil(), 2))
except Exception as error:
    while error and type(error).__name__ != "BlockedError":
        error = error.__cause__ or error.__context__
    print("refused" if error else "no reason")
"""
    )
    done = attack(venv_python, place, body)
    assert done.out.split() == ["refused"]
    assert not (place / "canary").exists()
