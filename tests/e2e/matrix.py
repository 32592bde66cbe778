"""matrix - every loading path in every interpreter: what becomes of the clean file and of its malicious twin.

A path is a Case of one of the modules below; a column is an interpreter; a mode says which layers
of the guard are at work.
"""

import importlib
import json
import os
import re
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from conftest import ROOT, guarded, python_name, pythons, run
from matrix_case import Case

LONG = os.environ.get("SG_MATRIX") == "long"
LOADING = Path(__file__).with_name("matrix_loading.py")
VENVS = ROOT / "build" / "matrix"
STDLIB = ("matrix_stdlib", "matrix_unpicklers", "matrix_archives", "matrix_processes")
LIBRARIES = ("matrix_libraries", "matrix_torch", "matrix_keras")
HEAVY = ("matrix_heavy",)

# The guard's own word for where it said no, from the record, and the table's.
LAYERS = {"find_class": "name", "effect": "effect", "open": "open", "read": "read", "mmap": "mmap"}

POLICIES = {
    "guarded": "",
    "files": "[python]\nfind_class = off\neffects = off\n",
    "python": "[allow]\npath = {folder}/**\n",
}


MODES = ("alone", "guarded", "files", "python") if LONG else ("alone", "guarded")


@dataclass(frozen=True)
class Environment:
    """An interpreter, and the cases that it is to run."""

    python: str
    modules: tuple[str, ...]

    @property
    def column(self) -> str:
        return column_of(self.python)

    @property
    def cases(self) -> list[Case]:
        return [case for name in self.modules for case in importlib.import_module(name).CASES]


@cache
def column_of(python: str) -> str:
    """Of a virtual environment: the interpreter it was made from."""
    return python_name(os.path.realpath(python))


def is_of(case: Case, path: str) -> bool:
    """A file of another case has another stem and the same folder."""
    name = Path(path).name
    return not re.search(r"\.(clean|evil)\b", name) or name.startswith(case.stem + ".")


@dataclass
class Cell:
    """What one mode made of one case."""

    case: Case
    clean: dict[str, Any] = field(default_factory=dict)
    evil: dict[str, Any] = field(default_factory=dict)
    canary: bool = False

    def records(self, ending: str) -> list[dict[str, Any]]:
        """What the guard wrote of this case: a worker of the case before may have been late."""
        told = getattr(self, ending).get("records", [])
        return [one for one in told if is_of(self.case, one["path"])]

    @property
    def blocked(self) -> dict[str, Any]:
        """The first record that says no to the twin; empty if none does."""
        told = (one for one in self.records("evil") if one["action"] == "block")
        return next(told, {})

    @property
    def layer(self) -> str:
        event = self.blocked.get("event", "")
        return LAYERS.get(event, event)

    @property
    def reason(self) -> str:
        return str(self.blocked["reasons"][0]["detail"])

    @property
    def refused(self) -> bool:
        """joblib.Memory takes a refusal for a damaged file, and computes anew."""
        return not self.canary and ("raised" in self.evil or bool(self.blocked))


@dataclass
class Sweep:
    """One environment, in all modes asked for."""

    saved: dict[str, Any]
    cells: dict[str, dict[str, Cell]]  # mode, name of the case


@contextmanager
def sender(folder: Path) -> Iterator[str]:
    """Opens what it is sent the path of, in this process, which has no guard, and sends it back."""
    address = str(folder / "sender")
    server = socket.socket(socket.AF_UNIX)
    server.bind(address)
    server.listen()

    def serve() -> None:
        while True:
            try:
                connection = server.accept()[0]
            except OSError:
                return
            with connection:
                fd = os.open(connection.recv(4096), os.O_RDONLY)
                socket.send_fds(connection, [b"x"], [fd])
                os.close(fd)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


def work(environment: Environment, action: str, folder: Path, env: dict[str, str]) -> list[Any]:
    command = [environment.python, LOADING, action, folder, *environment.modules]
    env = {"PYTHONDONTWRITEBYTECODE": "1", "MATRIX": "long" if LONG else "short", **env}
    done = run(command, env=env, seconds=1200)
    assert done.status == 0, done
    return [json.loads(line) for line in done.out.splitlines()]


def settings(mode: str, folder: Path) -> dict[str, str]:
    if mode == "alone":
        return {}
    log = folder / f"{mode}.jsonl"
    log.touch()
    how = {"log": str(log)}
    if POLICIES[mode]:
        policy = folder / f"{mode}.ini"
        policy.write_text(POLICIES[mode].format(folder=folder))
        how["policy"] = str(policy)
    return guarded(**how)


def load_all(environment: Environment, folder: Path, mode: str) -> dict[str, Cell]:
    with sender(folder) as address:
        told = work(
            environment, "load", folder, settings(mode, folder) | {"MATRIX_SENDER": address}
        )
    (folder / "sender").unlink()
    cells = {case.name: Cell(case) for case in environment.cases}
    for one in told:
        if "ending" in one:
            setattr(cells[one["name"]], one["ending"], one)
    for cell in cells.values():
        canary = folder / f"{cell.case.stem}.canary"
        if canary.exists():
            cell.canary = True
            canary.unlink()
    return cells


def sweep(environment: Environment) -> Sweep:
    with tempfile.TemporaryDirectory(prefix="sg", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        saved = {one["name"]: one for one in work(environment, "save", folder, {})}
        cells = {mode: load_all(environment, folder, mode) for mode in MODES}
        return Sweep(saved, cells)


def environments() -> list[Environment]:
    """All that are to be found: the interpreters themselves, and those with libraries."""
    found = [Environment(python, STDLIB) for python in pythons()]
    found.append(Environment(sys.executable, LIBRARIES))
    if not LONG:
        return found
    for python in pythons():
        own = VENVS / column_of(python) / "bin" / "python"
        if own.exists() and column_of(python) != column_of(sys.executable):
            found.append(Environment(str(own), ("matrix_libraries",)))
    heavy = ROOT / "build" / "corpus-venv" / "bin" / "python"
    return [*found, *([Environment(str(heavy), HEAVY)] if heavy.exists() else [])]
