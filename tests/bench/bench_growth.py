"""bench_growth - how the cost of a scan grows: with size, opcodes, members, nesting and processes.

    bench_growth.py BUILD [--plot FILE.svg]

Each series changes one thing alone. Told are the least of several runs, and the slope of the
series' upper half in a log-log drawing: 0 costs the same whatever the size, 1 grows as the size does.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import io
import json
import math
import os
import pickle
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from figures import row

ROUNDS = 7
MEMBERS = (1, 10, 100, 1_000, 10_000, 60_000)
OPCODES = (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
SIZES = tuple(10**power for power in range(3, 11))
DEPTHS = (1, 2, 3, 4, 5, 6)
PROCESSES = (1, 2, 4, 8, 16, 32)
STORAGES = 20
GIANT_MICROS = 5_000
LINEAR = 1.1
COMMAND = "tests/bench/bench_growth.py"
OPENS = """
import os, sys, time
paths = [os.path.join(sys.argv[1], name) for name in os.listdir(sys.argv[1])]
sys.stdin.read()
begun = time.process_time_ns()
for path in paths:
    os.close(os.open(path, 0))
print((time.process_time_ns() - begun) / len(paths) / 1000)
"""


@dataclass
class Series:
    title: str
    unit: str  # of x
    points: list[tuple[float, float]]  # x, microseconds

    def slope(self) -> float:
        """By least squares, of the logarithms of the upper half."""
        upper = self.points[len(self.points) // 2 :]
        x = [math.log(a) for a, _ in upper]
        y = [math.log(b) for _, b in upper]
        mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
        above = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
        return above / sum((a - mean_x) ** 2 for a in x)


def write_torch(path: Path, size: int) -> None:
    """A state_dict whose storages are holes in the file."""
    each = max(size // 4 // STORAGES, 1)
    state = collections.OrderedDict(
        (f"layer.{number}.weight", torch.empty(each)) for number in range(STORAGES)
    )
    with torch.serialization.skip_data():
        torch.save(state, path)


def write_opcodes(path: Path, count: int) -> None:
    """Small ints in one list: an opcode each."""
    chunk = b"(" + b"K\x07" * 998 + b"e"
    with path.open("wb") as file:
        file.write(b"\x80\x02]")
        for _ in range(count // 1000):
            file.write(chunk)
        file.write((b"(" + b"K\x07" * (count % 1000) + b"e") * (count % 1000 > 0) + b".")


def write_members(path: Path, count: int) -> None:
    body = pickle.dumps({"weights": list(range(20))})
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            archive.writestr(f"part/{number}.pkl", body)


def write_nested(path: Path, depth: int) -> None:
    """A pickle in `depth` containers, zip and gzip in turn."""
    data = pickle.dumps(list(range(1000)))
    for level in range(depth):
        if level % 2:
            data = gzip.compress(data, mtime=0)
        else:
            held = io.BytesIO()
            with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("member", data)
            data = held.getvalue()
    path.write_bytes(data)


def scan_micros(program: Path, path: Path) -> float:
    least = math.inf
    for _ in range(ROUNDS):
        done = subprocess.run(
            [program, "scan", "--format", "jsonl", path], capture_output=True, check=True
        )
        report = json.loads(done.stdout)
        if (report["verdict"], report["coverage"]) != ("benign", "complete"):
            sys.exit(f"bench_growth: {path.name}: {report}")
        least = min(least, report["micros"])
    return max(least, 1.0)


def series(
    program: Path, folder: Path, write: Callable[[Path, int], None], steps: Iterable[int]
) -> list[tuple[float, float]]:
    points = []
    for step in steps:
        path = folder / f"{write.__name__}.{step}"
        write(path, step)
        points.append((float(step), scan_micros(program, path)))
        path.unlink()
    return points


def open_micros(build: Path, folder: Path, processes: int) -> float:
    """Of the processor, for the first open of a model: the median process of many at once."""
    env = {**os.environ, "LD_PRELOAD": str(build / "libsafeguard.so")}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", OPENS, folder],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.close()
        child.stdin = None
    return sorted(float(child.communicate()[0]) for child in children)[processes // 2]


def processes(build: Path, folder: Path) -> list[tuple[float, float]]:
    models = folder / "models"
    models.mkdir()
    for number in range(200):
        write_torch(models / f"{number}.pt", 1_000_000)
    return [(float(count), open_micros(build, models, count)) for count in PROCESSES]


def measured(build: Path, folder: Path) -> list[Series]:
    program = build / "safeguard"
    return [
        Series("torch zip", "bytes", series(program, folder, write_torch, SIZES)),
        Series("dense pickle", "opcodes", series(program, folder, write_opcodes, OPCODES)),
        Series("zip of pickles", "members", series(program, folder, write_members, MEMBERS)),
        Series(
            "containers in one another", "levels", series(program, folder, write_nested, DEPTHS)
        ),
        Series("first open of a 1 MB model", "processes at once", processes(build, folder)),
    ]


def told(found: list[Series]) -> None:
    for one in found:
        print(f"\n{one.title}: slope {one.slope():.2f}")
        for x, micros in one.points:
            print(f"  {x:>14,.0f} {one.unit:18} {micros:>14,.0f} us {micros / x:>12,.3f} us each")
    by_title = {one.title: one for one in found}
    giant = by_title["torch zip"].points[-1][1]
    row(
        "10 GB of zeros in a torch zip, warm",
        "< 5 ms",
        f"{giant / 1000:.2f} ms",
        giant < GIANT_MICROS,
        COMMAND,
    )
    for title in ("dense pickle", "zip of pickles"):
        slope = by_title[title].slope()
        what = f"cost of a {title} over {by_title[title].unit}"
        row(what, f"slope ≤ {LINEAR}", f"{slope:.2f}", slope <= LINEAR, COMMAND)


def draw(found: list[Series], out: Path) -> None:
    python = Path("build/peers/matplotlib/bin/python")
    if not python.exists():
        print("skipped: no matplotlib: scripts/evaluation/install_peers", file=sys.stderr)
        return
    drawn = [
        {"title": f"{s.title}, slope {s.slope():.2f}", "unit": s.unit, "points": s.points}
        for s in found
    ]
    driver = Path(__file__).with_name("growth_driver.py")
    subprocess.run([python, driver, out], input=json.dumps(drawn), text=True, check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="How the cost of a scan grows.")
    parser.add_argument("build", type=Path)
    parser.add_argument("--plot", type=Path, help="an SVG to write")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(arguments.build.resolve(), Path(folder))
    told(found)
    if arguments.plot:
        draw(found, arguments.plot)


if __name__ == "__main__":
    main()
