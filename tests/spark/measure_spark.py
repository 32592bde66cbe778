"""measure_spark.py - what a file and a repository cost: the command line, child processes, Spark; 3 million of them.

    measure_spark.py BUILD [--repositories N]

Times are processor time of all that takes part, without the start of Java; in brackets by the clock.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import spark_tree

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
BLOB = 500_000_000
TENSORS = 200
STORE = 3_000_000  # repositories
TORCH = """
import sys, torch
layers = {f"layer.{n}.weight": torch.zeros(16, 16) for n in range(int(sys.argv[3]))}
torch.save(layers, sys.argv[1])
torch.save({"learning_rate": 1e-4, "steps": list(range(300))}, sys.argv[2])
"""


class Cost(NamedTuple):
    used: float  # seconds of a processor
    took: float
    size: int = 0  # bytes read
    reads: int = 0


class Holes(io.FileIO):
    """A file on which zeros take no room."""

    def write(self, data: Any) -> int:
        if len(data) >= 4096 and bytes(data).count(0) == len(data):
            self.seek(len(data), os.SEEK_CUR)
            return len(data)
        return super().write(data)


def enlarge(template: Path, path: Path, size: int) -> None:
    """The same archive, with storages of so many zeros."""
    with (
        zipfile.ZipFile(template) as small,
        Holes(path, "w") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as large,
    ):
        for name in small.namelist():
            content = bytes(size) if "/data/" in name else small.read(name)
            large.writestr(name, content)


def repositories(place: Path, count: int) -> None:
    """Ten files each, as those of a model usually are."""
    place.mkdir()
    template, large, small = (place / f"{name}.pt" for name in ("template", "large", "small"))
    python = ROOT / "build/venv/bin/python"
    subprocess.run([python, "-W", "ignore", "-c", TORCH, template, small, str(TENSORS)], check=True)
    enlarge(template, large, BLOB // TENSORS)
    table = json.dumps({f"token{number}": number for number in range(200)}).encode()
    for number in range(count):
        folder = place / str(number)
        folder.mkdir()
        for name in (".gitattributes", "README.md", "config.json", "vocab.txt", "merges.txt"):
            (folder / name).write_bytes(b"# text " * 200)
        spark_tree.sparse(folder / "tokenizer.json", 2_000_000, table)
        (folder / "special_tokens_map.json").write_bytes(table)
        spark_tree.safetensors(folder / "model.safetensors", BLOB)
        subprocess.run(["cp", "--sparse=always", large, folder / "pytorch_model.bin"], check=True)
        (folder / "training_args.bin").write_bytes(small.read_bytes())
    for path in (template, large, small):
        path.unlink()


def descendants(pid: int) -> Iterator[list[str]]:
    """/proc's fields, from the third on, of a process and all below it."""
    stats: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            stats[int(path.parent.name)] = (
                path.read_text(errors="replace").rpartition(")")[2].split()
            )
        except OSError:
            continue  # gone by now
    below = [pid]
    for one in below:
        below += [other for other, fields in stats.items() if int(fields[1]) == one]
        yield stats[one]


def processor_seconds() -> float:
    """Of this process and all below it, those that ended too."""
    ticks = sum(sum(map(int, fields[11:15])) for fields in descendants(os.getpid()))
    return ticks / os.sysconf("SC_CLK_TCK")


def bytes_and_reads() -> tuple[int, int]:
    lines = Path("/proc/self/io").read_text().split()
    return int(lines[1]), int(lines[5])


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Processor time, and time by the clock."""
    begun, used = time.monotonic(), processor_seconds()
    work()
    return processor_seconds() - used, time.monotonic() - begun


def by_command(program: Path, tree: Path, *options: str) -> Cost:
    """Read once before, so that everything is in memory; without what an empty folder costs."""

    def scan(path: Path) -> None:
        command: list[str | Path] = [program, "scan", "-r", "-j1", *options, path]
        subprocess.run(command, stdout=subprocess.DEVNULL)

    with tempfile.TemporaryDirectory() as empty:
        first = bytes_and_reads()
        scan(Path(empty))
        second = bytes_and_reads()
    scan(tree)
    third = bytes_and_reads()
    size, reads = (c - b - (b - a) for a, b, c in zip(first, second, third, strict=True))
    return Cost(*timed(lambda: scan(tree)), size, reads)


def by_children(tree: Path) -> None:
    """What a task does, without Spark."""
    import spark_children
    import spark_files

    for _row in spark_children.scan_bin(spark_files.walk([str(tree)]), 300, "now"):
        pass


def by_spark(master: str, tree: Path, folder: Path) -> list[tuple[float, float]]:
    """Of a first scan, for which Java has to warm up, and of a second one."""
    import spark_scan

    spark_scan.session(master)
    times = []
    for name in ("first", "second"):
        options = spark_scan.parse([f"--master={master}", str(folder / name), str(tree)])
        with redirect_stdout(sys.stderr):
            times.append(timed(partial(spark_scan.scan_store, options)))
    return times


def in_another_process(master: str, tree: Path) -> list[tuple[float, float]]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--spark", master, str(tree), folder]
        environment = os.environ | {
            "PYSPARK_SUBMIT_ARGS": "--conf spark.ui.enabled=false pyspark-shell"
        }
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [(used, took) for used, took in json.loads(done.stdout.splitlines()[-1])]


def tell(what: str, files: int, times: tuple[float, float]) -> None:
    used, took = times
    rate, each = files / used, used / files * 1e6
    print(
        f"  {what:26} {used:7.2f} s ({took:7.2f} s): {rate:7,.0f} files/s a core, {each:6,.0f} us a file"
    )


def tell_cost(title: str, sizes: list[int], cost: Cost) -> None:
    count = len(sizes)
    print(
        f"{title}: {count} files of {sum(sizes) / 1e6:,.1f} MB; {cost.reads / count:.1f} reads a file fetch"
        f" {cost.size / count / 1e3:,.1f} kB, some of it again: {cost.size / cost.used / 1e6:,.0f} MB/s"
    )
    tell("safeguard scan -j1", count, cost[:2])


def tell_spark(tree: Path, count: int) -> None:
    for master in ("local[1]", "local[2]"):
        cold, warm = in_another_process(master, tree)
        tell(f"Spark {master}", count, warm)
        print(
            f"  {'and once, to warm up':26} {cold[0] - warm[0]:7.2f} s ({cold[1] - warm[1]:7.2f} s)"
        )


def sizes_of(tree: Path, without: str = "") -> list[int]:
    return [
        path.stat().st_size for path in tree.rglob("*") if path.is_file() and path.name != without
    ]


def tell_plan(what: str, count: int, used: float, cost: Cost) -> None:
    used, size, reads = (one / count * STORE for one in (used, cost.size, cost.reads))
    print(
        f"{STORE:,} {what}: {used / 3600:,.1f} core-hours, {size / 1e12:.2f} TB fetched by"
        f" {reads / 1e6:,.0f} million reads; at 10 ms each {reads * 0.01 / 3600:,.0f} hours of waiting"
    )


def measure_repositories(program: Path, tree: Path, count: int) -> None:
    repositories(tree, count)
    light = by_command(program, tree, "--exclude=pytorch_model.bin")
    tell_cost("repositories without pytorch_model.bin", sizes_of(tree, "pytorch_model.bin"), light)
    cost, sizes = by_command(program, tree), sizes_of(tree)
    tell_cost("repositories", sizes, cost)
    alone = timed(lambda: by_children(tree))
    tell("child process, no Spark", len(sizes), alone)
    tell_spark(tree, len(sizes))
    used = alone[0]  # of what Spark adds, most is by the run and the task
    tell_plan("repositories without pytorch_model.bin", count, used, light)
    tell_plan("repositories", count, used, cost)


def measure_generated(program: Path, tree: Path) -> None:
    spark_tree.generated(tree, 20_000, seed=1)
    sizes = sizes_of(tree)
    tell_cost("small files", sizes, by_command(program, tree))
    tell("child process, no Spark", len(sizes), timed(lambda: by_children(tree)))
    tell_spark(tree, len(sizes))


def measure_labelled(program: Path, tree: Path) -> None:
    if not spark_tree.corpus(tree):
        print("skipped: labelled files: no corpus here")
        return
    sizes = sizes_of(tree)
    tell_cost("labelled files", sizes, by_command(program, tree))
    tell("child process, no Spark", len(sizes), timed(lambda: by_children(tree)))


def main() -> None:
    if sys.argv[1] == "--spark":
        print(json.dumps(by_spark(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--repositories", type=int, default=300)
    options = parser.parse_args()
    program = options.build.resolve() / "safeguard"
    os.environ["SAFEGUARD_LIBRARY_DIR"] = str(options.build.resolve())
    print("load when this began: " + Path("/proc/loadavg").read_text().split()[0])
    with tempfile.TemporaryDirectory(prefix="sg-spark-") as folder:
        place = Path(folder)
        measure_labelled(program, place / "labelled")
        measure_repositories(program, place / "hub", options.repositories)
        measure_generated(program, place / "generated")


if __name__ == "__main__":
    main()
