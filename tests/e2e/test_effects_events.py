"""Audit events with arguments that no event has: whoever can call sys.audit in a load can send them."""

from pathlib import Path

import pytest
from conftest import guarded, policy_file, run


def effects_only(place: Path) -> dict[str, str]:
    return guarded(policy=policy_file(place, "[python]\nfind_class = off\n"))


PROGRAM = """
import os, pickle, sys

class Do:
    def __init__(self, *words): self.words = words
    def __reduce__(self): return audit, self.words

def audit(number):
    sys.audit(*EVENTS[number])

def refused(number):
    try: pickle.loads(pickle.dumps(Do(number)))
    except PermissionError as error:
        assert type(error).__name__ == "BlockedError", error
        return True
    return False

EVENTS = {events}
os.chdir("/")
print([event[:2] for number, event in enumerate(EVENTS) if refused(number)])
"""

LONE = "'\\ud800'"  # no text that the system knows
# Not enough is known to tell that it is harmless.
REFUSED = f"""[
    ("os.remove",), ("os.remove", None), ("os.remove", {LONE}), ("os.remove", ""),
    ("os.rename", "/tmp/a"), ("os.rename", "/tmp/a", "/proc/none/a"),
    ("os.rename", "/proc/none/a", "/tmp/a"), ("sqlite3.connect", "/proc/none/a"),
    ("os.mkdir", "a", 0o700, 10 ** 30),
    ("socket.connect", None, ("127.0.0.1", 9)),
    ("socket.getaddrinfo", {LONE}, -1, [1, 2, 3, 4, 5], {{}}),
    ("exec",), ("exec", None), ("exec", "text"), ("marshal.loads", b""),
    ("ctypes.dlsym",), ("ctypes.dlsym", None), ("ctypes.dlsym", None, None),
    ("ctypes.dlsym", None, {LONE}), ("ctypes.dlopen", None),
    ("builtins.breakpoint",), ("sys.remote_exec", 1, "/tmp/a"), ("os.system", (((1,),),)),
    ("import", "a", "/proc/none/a.so"), ("import", {LONE}, "/proc/none/a.so"),
]"""
# What says nothing that matters, or names nothing that could be done.
LET_PASS = f"""[
    ("open",), ("open", "/proc/none/a"), ("open", "/proc/none/a", "w", None),
    ("os.remove", 5), ("os.remove", "/tmp/a"), ("os.remove", b"/tmp/a"),
    ("os.rename", "/tmp/a", "/tmp/b", -1, -1), ("sqlite3.connect", ":memory:"),
    ("socket.connect",), ("socket.connect", None), ("socket.bind", None, "/tmp/a"),
    ("import",), ("import", None), ("import", {LONE}), ("import", "a", None),
    ("pickle.find_class",), ("pickle.find_class", "os"), ("pickle.find_class", None, "system"),
    ("pickle.find_class", {LONE}, "system"), ("pickle.find_class", "os", {LONE}),
    ("builtins.id", 1), ("ball",), ("lock",), ("",), ("unheard.of", 1),
]"""


@pytest.mark.parametrize("find_class", ["block", "off"])
@pytest.mark.parametrize(("events", "count"), [(REFUSED, len(eval(REFUSED))), (LET_PASS, 0)])
def test_events_with_odd_arguments(
    interpreter: str, events: str, count: int, find_class: str, place: Path
) -> None:
    env = effects_only(place) if find_class == "off" else guarded()
    done = run([interpreter, "-c", PROGRAM.replace("{events}", events)], env=env)
    assert done.status == 0, done
    assert len(eval(done.out)) == count, (done.out, done.err)


IMPORTING = """
import os, pickle, sys
sys.path.insert(0, sys.argv[1])
class Do:
    def __reduce__(self): return __import__, ("imported",)
try: pickle.loads(pickle.dumps(Do()))
except PermissionError: print("refused")
else: print("done")
"""


@pytest.mark.parametrize(
    ("event", "outcome"), [("os.system", "done"), ("pty.spawn", "refused"), ("os.exec", "refused")]
)
def test_what_no_import_does_is_refused_there_too(
    interpreter: str, event: str, outcome: str, place: Path
) -> None:
    (place / "imported.py").write_text(f"import sys\nsys.audit({event!r}, 'true')\n")
    done = run([interpreter, "-c", IMPORTING, place], env=effects_only(place))
    assert (done.status, done.out) == (0, f"{outcome}\n"), done


CODE = """
import pickle, sys
class Do:
    def __init__(self, code): self.code = code
    def __reduce__(self): return run, ()
def run(): sys.audit("exec", CHOSEN)
def refused(code):
    global CHOSEN
    CHOSEN = code
    try: pickle.loads(pickle.dumps(Do(None)))
    except PermissionError: return True
    return False
def made(text, **changes): return compile(text, "", "exec").replace(**changes)
deep = made("a = 1")
for _ in range(10): deep = deep.replace(co_consts=(deep,))
print(refused(made("a = 1")), refused(made("a = len(sorted(map(str, [])))")))
print(refused(deep), refused(made("a = 1", co_consts=(tuple(range(2000)),))),
      refused(made("a = b", co_names=("\\ud800",) * 4)), refused(made("a = 1", co_consts=(("eval",),))))
"""


def test_code_that_is_too_deep_too_long_or_no_text_is_not_plain(
    interpreter: str, place: Path
) -> None:
    done = run([interpreter, "-c", CODE], env=effects_only(place))
    assert (done.status, done.out) == (0, "False False\nTrue True True True\n"), done
