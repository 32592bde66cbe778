"""measure_spark.py - what a file and a repository cost: the command line, child processes, Spark; 3 million of them.

    measure_spark.py BUILD [--repositories N]

Times are processor time of all that takes part, without the start of Spark; in brackets by the clock.
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
from pathlib import Path
from typing import Any

import spark_tree

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
BLOB = 500_000_000
STORE = 3_000_000  # repositories
TORCH = """
import sys, torch
layers = {f"layer.{n}.weight": torch.zeros(16, 16) for n in range(200)}
torch.save(layers, sys.argv[1])
torch.save({"learning_rate": 1e-4, "steps": list(range(300))}, sys.argv[2])
"""


class Holes(io.FileIO):
    """A file on which zeros take no room."""

    def write(self, data: Any) -> int:
        if len(data) >= 4096 and bytes(data).count(0) == len(data):
            self.seek(len(data), os.SEEK_CUR)
            return len(data)
        return super().write(data)


def enlarge(template: Path, path: Path, size: int) -> None:
    """The same archive, with a storage of so many zeros."""
    with (
        zipfile.ZipFile(template) as small,
        Holes(path, "w") as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as large,
    ):
        for name in small.namelist():
            content = bytes(size) if name.endswith("/data/0") else small.read(name)
            large.writestr(name, content)


def repositories(place: Path, count: int) -> None:
    """Ten files each, as those of a model usually are."""
    place.mkdir()
    template, large, small = (place / f"{name}.pt" for name in ("template", "large", "small"))
    python = ROOT / "build/venv/bin/python"
    subprocess.run([python, "-W", "ignore", "-c", TORCH, template, small], check=True)
    enlarge(template, large, BLOB)
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
    """Processor time and time by the clock."""
    begun, used = time.monotonic(), processor_seconds()
    work()
    return processor_seconds() - used, time.monotonic() - begun


def by_command(program: Path, tree: Path) -> tuple[float, float, int, int]:
    """Times, bytes read, reads: without what an empty folder costs."""

    def scan(path: Path) -> None:
        subprocess.run([program, "scan", "-r", "-j1", path], stdout=subprocess.DEVNULL)

    with tempfile.TemporaryDirectory() as empty:
        first = bytes_and_reads()
        scan(Path(empty))
        second = bytes_and_reads()
    used, took = timed(lambda: scan(tree))
    third = bytes_and_reads()
    size, reads = (c - b - (b - a) for a, b, c in zip(first, second, third, strict=True))
    return used, took, size, reads


def by_children(tree: Path) -> None:
    """What a task does, without Spark."""
    import spark_children
    import spark_files

    for _row in spark_children.scan_bin(spark_files.walk([str(tree)]), 300, "now"):
        pass


def by_spark(master: str, tree: Path, out: Path) -> tuple[float, float]:
    import spark_scan

    options = spark_scan.parse([f"--master={master}", str(out), str(tree)])
    spark = spark_scan.session(master)
    spark.sparkContext.parallelize(range(4), 4).map(str).collect()  # the workers are there
    with redirect_stdout(sys.stderr):
        return timed(lambda: spark_scan.scan_store(options))


def in_another_process(master: str, tree: Path) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--spark", master, str(tree), f"{folder}/out"]
        environment = os.environ | {
            "PYSPARK_SUBMIT_ARGS": "--conf spark.ui.enabled=false pyspark-shell"
        }
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    used, took = json.loads(done.stdout.splitlines()[-1])
    return used, took


def tell(what: str, files: int, times: tuple[float, float]) -> None:
    used, took = times
    rate, each = files / used, used / files * 1e6
    print(
        f"  {what:26} {used:7.2f} s ({took:7.2f} s): {rate:7.0f} files/s a core, {each:6.0f} us a file"
    )


def measure(title: str, program: Path, tree: Path) -> tuple[float, int, int]:
    """Prints; processor seconds by Spark, bytes read and reads."""
    sizes = [path.stat().st_size for path in tree.rglob("*") if path.is_file()]
    used, took, size, reads = by_command(program, tree)
    count = len(sizes)
    print(
        f"{title}: {count} files of {sum(sizes) / 1e6:.1f} MB, of which {size / 1e6:.1f} MB are read, "
        f"{size / count / 1e3:.1f} kB by {reads / count:.1f} reads a file; {size / used / 1e6:.0f} MB/s"
    )
    tell("safeguard scan -j1", count, (used, took))
    tell("child process, no Spark", count, timed(lambda: by_children(tree)))
    times = [in_another_process(master, tree) for master in ("local[1]", "local[2]")]
    tell("Spark local[1]", count, times[0])
    tell("Spark local[2]", count, times[1])
    return max(used for used, _ in times), size, reads


def tell_plan(count: int, costs: tuple[float, int, int]) -> None:
    used, size, reads = (cost / count * STORE for cost in costs)
    print(
        f"{STORE:,} such repositories: {used / 3600:,.0f} core-hours, {size / 1e12:.1f} TB read by "
        f"{reads / 1e6:,.0f} million reads; at 10 ms a read {reads * 0.01 / 3600:,.0f} hours of waiting"
    )


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
        spark_tree.generated(place / "generated", 5000, seed=1)
        measure("small files", program, place / "generated")
        if spark_tree.corpus(place / "labelled"):
            measure("labelled files", program, place / "labelled")
        else:
            print("skipped: labelled files: no corpus here")
        repositories(place / "hub", options.repositories)
        tell_plan(options.repositories, measure("repositories", program, place / "hub"))


if __name__ == "__main__":
    main()
