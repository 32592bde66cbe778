"""twins - all cases of a program of twin_case, saved once and loaded once each way."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conftest import guarded, run
from twin_case import Case


@dataclass(frozen=True)
class Twins:
    """What became of the twins."""

    folder: Path
    clean: dict[str, Any]
    evil: dict[str, Any]
    refused: dict[str, Any]
    reached: set[str]  # cases whose canary was touched without the guard
    slipped: set[str]  # … with it

    def path(self, case: Case, ending: str) -> Path:
        return self.folder / f"{case.name}.{ending}"


def load_all(command: list[Any], folder: Path, ending: str, env: dict[str, str]) -> dict[str, Any]:
    done = run([*command, "load", folder, ending], env=env)
    assert done.status == 0, done
    return dict(json.loads(done.out))


def canaries(folder: Path) -> set[str]:
    found = set()
    for path in folder.glob("*.canary"):
        found.add(path.stem)
        path.unlink()
    return found


@contextmanager
def twins_of(program: Path, python: str) -> Iterator[Twins]:
    folder = Path(tempfile.mkdtemp(prefix="sg", dir="/tmp"))
    command = [python, program]
    done = run([*command, "save", folder])
    assert done.status == 0, done
    assert canaries(folder) == set()
    clean = load_all(command, folder, "clean", {})
    evil = load_all(command, folder, "evil", {})
    reached = canaries(folder)
    refused = load_all(command, folder, "evil", guarded())
    yield Twins(folder, clean, evil, refused, reached, canaries(folder))
    shutil.rmtree(folder)
