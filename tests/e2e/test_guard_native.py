"""Native functions that are looked up while a pickle is loaded: a library may look up its own."""

from pathlib import Path

import pytest
from conftest import BUILD, guarded, policy_file, run

PROGRAM = """
import ctypes, pickle, struct, sys
LIBRARY = ctypes.CDLL(sys.argv[2])  # at home in no scope that the process shares

class Own:
    def __setstate__(self, state):
        library = ctypes.pythonapi if state.startswith("Py") else LIBRARY
        self.found = getattr(library, state)

def text(name):
    return b"X" + struct.pack("<I", len(name)) + name

def own(name):  # NEWOBJ, BUILD
    return b"\\x80\\x02c__main__\\nOwn\\n)\\x81" + text(name) + b"b."

what = {
    "its own": own(b"sg_scan"),
    "of libc": own(b"system"),
    "of the interpreter": own(b"PyRun_SimpleString"),
    "for the pickle":  # getattr, TUPLE2, REDUCE
        b"\\x80\\x02c__builtin__\\ngetattr\\nc__main__\\nLIBRARY\\n" + text(b"sg_scan") + b"\\x86R.",
}
data = what[sys.argv[1]]
for loads in pickle.loads, pickle._loads:
    try:
        print("loaded", type(loads(data)).__name__)
    except PermissionError as error:
        print("refused", error)
"""


@pytest.mark.parametrize("what", ["its own", "of libc", "of the interpreter", "for the pickle"])
def test_lookup_in_a_load(interpreter: str, what: str, place: Path) -> None:
    policy = policy_file(place, "[python]\nfind_class = off\n")
    program = place / "program.py"
    program.write_text(PROGRAM)
    command = [interpreter, program, what, BUILD / "libsgscan.so"]
    assert run(command).out.splitlines()[0].startswith("loaded"), "without the guard it is there"
    done = run(command, env=guarded(policy=policy))
    assert done.status == 0, done
    if what == "its own":
        assert done.out == "loaded Own\nloaded Own\n", done
        assert done.guard_lines == []
    else:
        assert [line.split()[0] for line in done.out.splitlines()] == ["refused"] * 2, done
        assert done.out.count("ctypes.dlsym") == 2
