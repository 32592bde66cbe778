"""test_race - in strict mode nothing that a writer slips in while a file is loaded gets through.

The short form of race.py; `make race` runs every mode, attack and way of loading, many times over.
"""

import shutil
from collections import Counter
from pathlib import Path

import pytest
import race
from conftest import BUILD

TRIES = 200
BATCHES = 20  # how writer and reader are scheduled is not ours to say

QUICK = [
    cell
    for cell in race.cells(["strict"])
    if cell.way != "bare" and (cell.victim != "large" or cell.attack in ("rewrite", "map"))
]


@pytest.mark.parametrize("attack", race.ATTACKS)
def test_strict_lets_nothing_through(place: Path, attack: str) -> None:
    races = race.Race(BUILD, place)
    results = {
        cell: races.run(cell, 40 if cell.victim == "large" else TRIES)
        for cell in QUICK
        if cell.attack == attack
    }
    told = race.table(results)
    assert all(counts["canary"] == 0 for counts in results.values()), told
    log = (place / "race.jsonl").read_text()
    assert '"action":"block"' in log, told
    assert "posix.system" in log, told


def test_the_race_is_one(place: Path) -> None:
    """Without the guard the canary appears: these writers do get their payload loaded."""
    races = race.Race(BUILD, place)
    cell = race.Cell("none", "map", "model", "read")
    seen: Counter[str] = Counter()
    for _ in range(BATCHES):
        seen.update(races.run(cell, 2000))
        if seen["canary"] and seen["clean"]:
            return
    pytest.fail(f"one side won all: {seen}")


def test_on_memory_files_too(place: Path) -> None:
    """A file system whose time stamps tell nothing of what is stored through a mapping."""
    shared = Path("/dev/shm")
    if not shared.is_dir():
        pytest.skip("there is no /dev/shm")
    folder = shared / place.name
    folder.mkdir()
    try:
        races = race.Race(BUILD, folder)
        cells = [race.Cell("strict", attack, "model", "read") for attack in ("truncate", "store")]
        results = {cell: races.run(cell, TRIES) for cell in cells}
        assert all(counts["canary"] == 0 for counts in results.values()), race.table(results)
    finally:
        shutil.rmtree(folder)
