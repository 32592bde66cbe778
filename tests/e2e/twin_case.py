"""twin_case - one format in a clean and a malicious twin, and the program that a list of such cases is.

`CASES.py save FOLDER` writes FOLDER/NAME.clean and FOLDER/NAME.evil for each case; `CASES.py load
FOLDER ENDING` loads FOLDER/NAME.ENDING for each case, each in a process of its own, and tells as
JSON what became of it. A malicious twin touches FOLDER/NAME.canary.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Save = Callable[[Path, Any, Path | None], None]  # path, an object, the canary of the evil twin
Load = Callable[[Path], Any]

HARMLESS = {"epoch": 3, "history": list(range(100))}


class Payload:
    """Unpickling it touches the canary, and gives the exit status."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.canary}",)


@dataclass(frozen=True)
class Case:
    name: str
    rows: tuple[str, ...]  # of the list of techniques
    save: Save
    load: Load
    format: str
    clean: str = "benign"
    evil: str = "malicious"
    coverage: str = "complete"
    words: tuple[str, ...] = field(default=("system",))  # that the evil twin's reasons contain


def save_all(cases: Iterable[Case], folder: Path) -> None:
    for case in cases:
        canary = folder / f"{case.name}.canary"
        case.save(folder / f"{case.name}.clean", HARMLESS, None)
        case.save(folder / f"{case.name}.evil", Payload(canary), canary)


def outcome(case: Case, path: Path) -> dict[str, Any]:
    try:
        case.load(path)
    except Exception as error:  # noqa: BLE001 - an answer like any other
        kinds = [kind.__name__ for kind in type(error).__mro__]
        return {"raised": kinds, "message": str(error)[:300]}
    return {"loaded": True}


def outcome_apart(case: Case, path: Path) -> dict[str, Any]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.write(writer, json.dumps(outcome(case, path)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        told = file.read()
    os.waitpid(child, 0)
    return dict(json.loads(told or b"{}"))


def main(cases: Iterable[Case]) -> None:
    action, folder = sys.argv[1], Path(sys.argv[2])
    if action == "save":
        save_all(cases, folder)
        return
    ending = sys.argv[3]
    told = {case.name: outcome_apart(case, folder / f"{case.name}.{ending}") for case in cases}
    json.dump(told, sys.stdout)
