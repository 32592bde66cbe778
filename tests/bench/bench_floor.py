"""bench_floor - how far figures are from what this machine takes for what no guard can do without.

    bench_floor.py BUILD

Measured in the same run: system calls, reads from the page cache, page faults, memory, and a walk from
opcode to opcode that does nothing (bench_floor.c). Files are warm, and so is the process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench_guard import MICRO, MODELS, PYTHON, SMALL_OPENS, environment, inside, pairs
from figures import row

COMMAND = "tests/bench/bench_floor.py"
LARGE_READ = 64 << 10
ROUNDS = "300"
PAIRS = 3


@dataclass(frozen=True)
class Figure:
    what: str
    unit: str
    measured: float
    floor: float
    made_of: str

    def show(self, more: bool = False) -> None:
        """`more`: the figure is a rate, of which more is better."""
        factor = self.floor / self.measured if more else self.measured / self.floor
        bound = f"floor {self.floor:.2f} {self.unit}: {self.made_of}"
        measured = f"{self.measured:.2f} {self.unit}, {factor:.1f} x the floor"
        print(f"{self.what:<40} {measured:<34} {bound}", flush=True)
        row(self.what, bound, measured, None, COMMAND)


def told(*command: str | Path) -> dict[str, float]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def show_machine(floor: dict[str, float]) -> None:
    measured = (
        f"a system call {floor['syscall']:.3f} us, fstat {floor['fstat']:.3f} us, pread of 4 KB"
        f" {floor['pread_4k']:.2f} us, of 64 KB {floor['pread_64k']:.2f} us, a page fault"
        f" {floor['fault']:.2f} us; memory read {floor['read_gb']:.1f} GB/s, copied"
        f" {floor['copy_gb']:.1f} GB/s; from opcode to opcode {floor['walk_ns']:.2f} ns"
    )
    print(measured)
    row("this machine", "", measured, None, COMMAND)


def opens(folder: Path, library: str, floor: dict[str, float]) -> Iterator[Figure]:
    for what, name in (("a model opened again", "torch"), ("a text opened again", "text")):
        found = pairs(what, inside(SMALL_OPENS, str(folder / name)), library, PAIRS)
        added = (min(found.guarded) - min(found.plain)) / MICRO
        yield Figure(what, "us", added, floor["fstat"], "one fstat, which file it is")


def first_opens(build: Path, folder: Path, floor: dict[str, float]) -> Iterator[Figure]:
    def vetting(name: str) -> float:
        return told(build / "bench" / "bench_vet", ROUNDS, folder / name)["micros"]

    def copying(name: str) -> float:
        return (folder / name).stat().st_size / LARGE_READ * floor["pread_64k"]

    same = 2 * floor["fstat"]
    members = len(zipfile.ZipFile(folder / "torch").infolist())
    borders = (members + 1) * floor["pread_4k"]
    yield Figure(
        "first open of a torch model, warm",
        "us",
        vetting("torch"),
        same + borders + floor["pread_64k"],
        f"the last 64 KB, 4 KB at the borders of {members} members",
    )
    yield Figure(
        "first open of a forest by joblib, warm",
        "us",
        vetting("joblib"),
        same + copying("joblib"),
        "each byte copied once",
    )
    dense, opcodes = vetting("pickle"), floor["opcodes"]
    walking = opcodes * floor["walk_ns"] / 1e3
    yield Figure(
        "first open of a pickle of dicts, warm",
        "us",
        dense,
        same + copying("pickle") + walking,
        "each byte copied once, from opcode to opcode",
    )
    yield Figure(
        "an opcode of it",
        "ns",
        dense / opcodes * 1e3,
        floor["walk_ns"],
        "from opcode to opcode, doing nothing",
    )


def main() -> None:
    build = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="sg") as name:
        folder = Path(name)
        models = [PYTHON, "-W", "ignore", "-c", MODELS, name]
        subprocess.run(models, env=environment(None), check=True)
        (folder / "text").write_text("key = value\n" * 20)
        floor = told(build / "bench" / "bench_floor", folder / "torch", folder / "pickle")
        show_machine(floor)
        for figure in opens(folder, str(build / "libsafeguard.so"), floor):
            figure.show()
        for figure in first_opens(build, folder, floor):
            figure.show()
    search = "looking for an archive's end"
    Figure(search, "GB/s", floor["search_gb"], floor["read_gb"], "memory read once").show(more=True)


if __name__ == "__main__":
    main()
