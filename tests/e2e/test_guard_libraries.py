"""The guard under torch, joblib, scikit-learn, numpy and pandas: real objects, and infected twins."""

import importlib.util
import json
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import guarded, run, scan

PROGRAM = Path(__file__).with_name("library_cases.py")

for needed in ("torch", "joblib", "sklearn", "numpy", "pandas"):
    if not importlib.util.find_spec(needed):
        pytest.skip(f"this Python has no {needed}", allow_module_level=True)

# Importing them here would take as long as a run of the program does.
CASES = {
    "torch-checkpoint": "torch-zip",
    "torch-module": "torch-zip",
    "torch-mmap": "torch-zip",
    "torch-from-bytes": "torch-zip",
    "torch-legacy": "pickle",
    "joblib-arrays": "pickle",
    "joblib-mmap": "pickle",
    "joblib-forest": "pickle",
    "joblib-pipeline": "pickle",
    "sklearn-pickle": "pickle",
    "sklearn-pipeline": "pickle",
    "numpy-arrays": "pickle",
    "numpy-objects": "pickle",
    "pandas": "pickle",
}


@dataclass(frozen=True)
class Library:
    """All cases, loaded once under the guard and once without."""

    folder: Path
    guarded: dict[str, Any]
    alone: dict[str, Any]
    canaries_under_guard: list[str]

    def infected(self, name: str) -> Path:
        return self.folder / f"{name}.infected"


def infect(folder: Path, name: str, container: str) -> None:
    clean, twin = folder / f"{name}.clean", folder / f"{name}.infected"
    canary = folder / f"{name}.canary"
    if container == "torch-zip":
        payloads.infect_torch_zip(clean, twin, canary)
    else:
        twin.write_bytes(payloads.infect(clean.read_bytes(), canary))


def load_all(python: str, folder: Path, env: dict[str, str]) -> dict[str, Any]:
    done = run([python, PROGRAM, "load", folder, "clean", "infected"], env=env)
    assert done.status == 0, done
    return json.loads(done.out)


@pytest.fixture(scope="module")
def library(venv_python: str) -> Iterator[Library]:
    folder = Path(tempfile.mkdtemp(prefix="sg", dir="/tmp"))
    done = run([venv_python, PROGRAM, "save", folder], env=guarded())
    assert done.status == 0, done
    assert done.guard_lines == []
    for name, container in CASES.items():
        infect(folder, name, container)
    under_guard = load_all(venv_python, folder, guarded())
    canaries = sorted(path.name for path in folder.glob("*.canary"))
    yield Library(folder, under_guard, load_all(venv_python, folder, {}), canaries)
    shutil.rmtree(folder)


def test_every_case_was_loaded(library: Library) -> None:
    assert set(library.guarded) == set(library.alone) == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_clean_loads_equal(library: Library, name: str) -> None:
    assert library.guarded[name]["clean"] == {"same": True}


@pytest.mark.parametrize("name", CASES)
def test_infected_is_refused_with_the_reason(library: Library, name: str) -> None:
    outcome = library.guarded[name]["infected"]
    (report,) = scan(library.infected(name), status=1)
    assert "PermissionError" in outcome.get("raised", ()), outcome
    assert outcome["errno"] == 13
    assert "safeguard" in outcome["message"]
    assert report["reasons"][0]["detail"] in outcome["message"]
    assert f'system("touch {library.folder}/{name}.canary")' in outcome["message"]
    assert f"{name}.canary" not in library.canaries_under_guard


@pytest.mark.parametrize("name", CASES)
def test_infected_runs_without_the_guard(library: Library, name: str) -> None:
    assert library.alone[name] == {"clean": {"same": True}, "infected": {"same": True}}
    assert (library.folder / f"{name}.canary").exists()


@pytest.mark.parametrize("name", CASES)
def test_clean_scans_benign(library: Library, name: str) -> None:
    (report,) = scan(library.folder / f"{name}.clean", status=0)
    assert (report["verdict"], report["coverage"]) == ("benign", "complete"), report
    assert report["format"] != "none"
