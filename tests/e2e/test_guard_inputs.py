"""What is no clean pickle and no malicious one, opened by a guarded program: as without the guard."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

from conftest import guarded, policy_file, run

PROBE = """
import json, os, sys
told = {}
def attempt(name, work):
    try:
        told[name] = repr(work())
    except OSError as error:
        told[name] = [type(error).__name__, error.errno, str(error)]
def read(path, size=-1):
    with open(path, "rb") as file:
        return file.read(size)
def read_fifo(path):
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(fd, 10)
    finally:
        os.close(fd)
def write(path):
    with open(path, "wb") as file:
        file.write(b"cos\\nsystem\\n.")
folder = sys.argv[1]
attempt("directory", lambda: read(folder))
attempt("listed", lambda: len(os.listdir(folder)) > 0)
attempt("missing", lambda: read(folder + "/missing"))
attempt("empty", lambda: read(folder + "/empty"))
attempt("text", lambda: read(folder + "/text"))
attempt("fifo", lambda: read_fifo(folder + "/fifo"))
attempt("zero", lambda: read("/dev/zero", 4))
attempt("null", lambda: read("/dev/null"))
attempt("kernel", lambda: len(read("/proc/self/maps")) > 1000)
attempt("append", lambda: open(folder + "/text", "ab").close())
attempt("write", lambda: write(folder + "/written"))
attempt("truncated", lambda: read(folder + "/truncated"))
print(json.dumps(told))
"""


def probe(python: str, folder: Path, env: dict[str, str]) -> dict[str, Any]:
    done = run([python, "-c", PROBE, folder], env=env)
    assert done.status == 0, done
    return json.loads(done.out)


def fill(folder: Path) -> Path:
    (folder / "empty").touch()
    (folder / "text").write_text("plain text\n" * 50)
    os.mkfifo(folder / "fifo")
    whole = pickle.dumps(["weights"] * 500 + list(range(500)), 4)
    (folder / "truncated").write_bytes(whole[:-200])
    return folder


def test_oddities_are_as_without_the_guard(interpreter: str, place: Path) -> None:
    fill(place)
    alone, under_guard = probe(interpreter, place, {}), probe(interpreter, place, guarded())
    refused = under_guard.pop("truncated")
    assert alone.pop("truncated").startswith("b'")
    assert under_guard == alone
    # What was not fully read is not let through: on_partial = block.
    assert refused[:2] == ["PermissionError", 13]
    assert "safeguard" in refused[2]


def test_truncated_is_let_through_when_the_policy_says_so(venv_python: str, place: Path) -> None:
    fill(place)
    policy = policy_file(place, "[guard]\non_partial = log\n")
    told = probe(venv_python, place, guarded(policy=policy))
    assert told["truncated"].startswith("b'")


def test_ordinary_refusal_does_not_name_the_guard(venv_python: str, place: Path) -> None:
    """A note on an older refusal must not stick to a later error."""
    path = place / "evil.pkl"
    path.write_bytes(b"cposix\nsystem\n(S'true'\ntR.")
    script = (
        "import sys\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n        open(path, 'rb')\n"
        "    except OSError as error:\n        print(error)\n"
    )
    done = run([venv_python, "-c", script, path, place / "missing"], env=guarded())
    first, second = done.out.splitlines()
    assert "safeguard" in first
    assert second == f"[Errno 2] No such file or directory: '{place}/missing'"
