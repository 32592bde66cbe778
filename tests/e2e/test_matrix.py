"""Every loading path in every interpreter: the clean file loads unchanged, its twin is stopped.

The short form is part of every run: all interpreters with the standard library's paths, and the
libraries of build/venv. SG_MATRIX=long, which `make matrix` sets, takes in the libraries in the
other interpreters and the heavy ones, and runs each layer by itself.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from conftest import BUILD
from matrix import LONG, Cell, Environment, Sweep, environments, sweep
from matrix_case import Case
from matrix_table import table

ENVIRONMENTS = environments()
FILE_LAYER = {"open", "read", "mmap"}
JOBS = 2

# Clean files that are refused all the same, and why. A row that no longer holds fails its test.
REFUSED_CLEAN = {
    "dill: load_module": "a session sets the attributes of a module",
}

CELLS = [
    pytest.param(environment, case, id=f"{environment.column}-{case.name}")
    for environment in ENVIRONMENTS
    for case in environment.cases
]
TWINS = [one for one in CELLS if one.values[1].twin]  # type: ignore[union-attr]
Sweeps = dict[Environment, "Future[Sweep]"]


@pytest.fixture(scope="module")
def sweeps() -> Iterator[Sweeps]:
    with ThreadPoolExecutor(JOBS) as pool:
        running = {one: pool.submit(sweep, one) for one in reversed(ENVIRONMENTS)}
        yield running
    done = {one: running[one].result() for one in ENVIRONMENTS if not running[one].exception()}
    (BUILD / "matrix.txt").write_text(table(done))


@pytest.fixture
def swept(sweeps: Sweeps, environment: Environment, case: Case) -> Sweep:
    told = sweeps[environment].result()
    if "skipped" in told.saved[case.name]:
        pytest.skip(told.saved[case.name]["skipped"])
    assert "raised" not in told.saved[case.name], told.saved[case.name]
    return told


def same(cell: Cell, swept: Sweep) -> bool:
    """The clean file gave what was saved, and what it gives without the guard."""
    alone = swept.cells["alone"][cell.case.name].clean["digest"]
    return cell.clean.get("digest") == swept.saved[cell.case.name].get("digest", alone) == alone


def check_refused(cell: Cell) -> None:
    assert not cell.canary, "the payload ran"
    assert "raised" in cell.evil, cell.evil
    assert ("safeguard" in cell.evil["message"]) == (not cell.case.mute), cell.evil
    assert cell.case.mute or cell.reason in cell.evil["message"], (cell.reason, cell.evil)


@pytest.mark.timeout(1800 if LONG else 300)
@pytest.mark.parametrize(("environment", "case"), CELLS)
def test_clean_file_loads_unchanged(case: Case, swept: Sweep) -> None:
    cell = swept.cells["guarded"][case.name]
    if case.name in REFUSED_CLEAN:
        assert "safeguard" in cell.clean.get("message", ""), "not refused any more: drop its row"
        pytest.xfail(REFUSED_CLEAN[case.name])
    assert same(cell, swept), (cell.clean, swept.saved[case.name])
    assert (cell.records("clean") == []) == case.silent, cell.records("clean")


@pytest.mark.parametrize(("environment", "case"), TWINS)
def test_malicious_twin_is_stopped(case: Case, swept: Sweep) -> None:
    alone, cell = swept.cells["alone"][case.name], swept.cells["guarded"][case.name]
    assert alone.canary == (not case.inert), alone.evil
    check_refused(cell)
    # With all layers at work, the first to say no is the file layer wherever it can see.
    assert cell.layer in FILE_LAYER or case.unseen, cell.records("evil")
    assert "system" in cell.reason or case.unseen, cell.reason


ALONE = (
    TWINS if LONG else [pytest.param(None, None, marks=pytest.mark.skip("`make matrix` does it"))]
)


@pytest.mark.parametrize(("environment", "case"), ALONE)
def test_each_layer_alone(case: Case, swept: Sweep) -> None:
    files, python = (swept.cells[mode][case.name] for mode in ("files", "python"))
    assert files.refused or case.unseen, files.evil
    assert python.refused or case.unheard or case.inert, python.evil
    assert same(python, swept) or case.name in REFUSED_CLEAN, python.clean
