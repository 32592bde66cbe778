"""spark_scan.py - scans the files of a store with Spark: a row of Parquet for every name of a file."""

from __future__ import annotations

import argparse
import datetime
import os
import sys
import time
import traceback
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import spark_children
import spark_files
import spark_remote
from pyspark.sql import SparkSession
from spark_children import SCHEMA, scan_bin, scan_contents, scanner_build
from spark_files import File, is_remote

SHOWN = 50  # findings that are printed, and as many problems
EPILOG = """\
PATH is a folder, a file or a pattern. Plain paths must be there on every worker (a disk, NFS, a mounted
bucket): of their files only the ranges that matter are read. s3a://, hdfs:// and the like go through
Hadoop, which reads whole files, up to --max-remote. Several links to a file, as in hub caches, cost one scan.

OUT is a folder of Parquet, with a row for every name of a file: path (path_bytes, where it is no UTF-8),
size, verdict, score, coverage, format, micros and reasons as `safeguard scan --format jsonl` has them;
error: why there is no verdict; changed: the file's time, in nanoseconds since 1970; scanner: the build that
looked; run: when the run began. Tasks that ended are in OUT even if the run is stopped. The next run
passes over what OUT has, without an error, of the same name, size, time and scanner; if a name has
several rows, the one of the last run holds.

The package `safeguard` must be installed on the workers. spark-submit's options hold; where it sends the
driver away (--deploy-mode cluster), give it --py-files with the other spark_*.py of this folder.

Exit status: 0 nothing at or above --fail-on; 1 something is; 2 nothing is, but something could not
be read or fully analysed."""
Key = tuple[bytes, int, int]  # name, size, changed


def read_list(spark: Any, path: str) -> tuple[list[File], list[str]]:
    """The files that a list tells all of, and the names of the others."""
    if not path.endswith(".parquet") and not os.path.isdir(path):
        return [], [os.fsdecode(line) for line in Path(path).read_bytes().split(b"\n") if line]
    frame = spark.read.parquet(path)
    if not {"size", "mtime"} <= set(frame.columns):
        return [], [row.path for row in frame.select("path").toLocalIterator()]
    rows = frame.selectExpr("path", "size", "unix_micros(mtime) * 1000 AS changed")
    return [File((row.path,), row.size, row.changed) for row in rows.toLocalIterator()], []


def find(spark: Any, options: argparse.Namespace) -> list[File]:
    known, others = read_list(spark, options.list) if options.list else ([], [])
    named = [spark_files.local(path) for path in options.paths]
    listed = [spark_files.local(path) for path in others]
    here = [name for path in named if not is_remote(path) for name in spark_files.expand(path)]
    here += [path for path in listed if not is_remote(path)]
    found = known + spark_files.walk(here)
    for path in filter(is_remote, named):
        found += spark_remote.list_remote(spark, path)
    for path in filter(is_remote, listed):
        found += spark_remote.list_remote(spark, path, exact=True)
    return list({file.names: file for file in found}.values())


def write(spark: Any, rows: Any, out: str) -> None:
    """Each task's rows are in place as soon as it ends: that is what this committer does. Java has gzip
    itself; Spark's usual snappy unpacks native code into /tmp, by a guess at the C library."""
    frame = spark.createDataFrame(rows, SCHEMA, verifySchema=False)
    committer = "mapreduce.fileoutputcommitter.algorithm.version"
    writer = frame.write.mode("append").option(committer, "2").option("compression", "gzip")
    writer.parquet(out)


def write_bins(spark: Any, files: list[File], options: argparse.Namespace, run: str) -> None:
    costs = [spark_files.FILE_COST + file.size for file in files]
    slots = spark.sparkContext.defaultParallelism
    bins = spark_files.plan(costs, spark_files.bin_count(costs, slots))
    tasks = spark.sparkContext.parallelize([[files[at] for at in one] for one in bins], len(bins))
    write(spark, tasks.flatMap(partial(scan_bin, seconds=options.seconds, run=run)), options.out)


def write_contents(spark: Any, files: list[File], options: argparse.Namespace, run: str) -> None:
    names = {file.names[0]: file for file in files}
    known = spark.sparkContext.broadcast(names)
    seconds = options.seconds
    frame = spark_remote.contents(spark, list(names), options.max_remote)
    rows = frame.rdd.mapPartitions(lambda part: scan_contents(part, known.value, seconds, run))
    write(spark, rows, options.out)


def scan(spark: Any, files: list[File], options: argparse.Namespace, run: str) -> None:
    """Every file has its row in OUT when this returns."""
    limit = options.max_remote
    whole = [file for file in files if is_read_whole(file) and file.size <= limit]
    done = set()
    if whole:
        write_contents(spark, whole, options, run)
        rows = spark.read.schema(SCHEMA).parquet(options.out).where(f"run = '{run}'")
        done = {(row.path,) for row in rows.select("path").toLocalIterator()}
    rest = [stated(file, limit) for file in files if file.names not in done]
    if rest:
        write_bins(spark, rest, options, run)


def is_read_whole(file: File) -> bool:
    return is_remote(file.names[0]) and not file.problem and file.size > 0


def stated(file: File, limit: int) -> File:
    if not is_read_whole(file):
        return file
    large = f"larger than --max-remote ({limit} bytes): mount the store to have only ranges read"
    return file._replace(problem=large if file.size > limit else "could not be read by Spark")


def earlier(spark: Any, out: str) -> dict[Key, tuple[str, str]]:
    """Verdict and coverage of what need not be scanned again."""
    if not spark_remote.exists(spark, out):
        return {}
    rows = spark.read.schema(SCHEMA).parquet(out)
    good = rows.where(f"error IS NULL AND scanner = '{scanner_build()}'")
    wanted = good.select("path", "path_bytes", "size", "changed", "verdict", "coverage")
    rows = wanted.toLocalIterator()
    return {(bytes(row[1] or row[0].encode()), row.size, row.changed): row[4:] for row in rows}


def printable(line: str) -> str:
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in line)


def tell_findings(rows: Any) -> None:
    found = rows.where("verdict <> 'benign'").orderBy("score", ascending=False).limit(SHOWN)
    for row in found.collect():
        why = row.reasons[0].detail if row.reasons else ""
        print(printable(f"{row.path}: {row.verdict} {row.score:.3f}: {why}"))
    for row in rows.where("error IS NOT NULL").orderBy("path").limit(SHOWN).collect():
        print(printable(f"safeguard: {row.path}: cannot be scanned: {row.error}"), file=sys.stderr)


def status_of(outcomes: Counter[tuple[Any, ...]], fail_on: str) -> int:
    """Prints the sums; what the program ends with."""
    sums: Counter[str] = Counter()
    for (verdict, coverage), count in outcomes.items():
        sums[verdict or "not readable"] += count
        sums["not fully analysed"] += count if verdict and coverage != "complete" else 0
    kinds = ("malicious", "suspicious", "benign", "not fully analysed", "not readable")
    print(", ".join(f"{sums[kind]} {kind}" for kind in kinds))
    if sums["malicious"] or (fail_on == "suspicious" and sums["suspicious"]):
        return 1
    return 2 if sums["not fully analysed"] or sums["not readable"] else 0


def session(master: str | None) -> Any:
    builder = SparkSession.builder.appName("safeguard")
    # So that Spark deals out contents as spark_files.plan() deals out paths.
    builder = builder.config("spark.sql.files.openCostInBytes", spark_files.FILE_COST)
    builder = builder.config("spark.sql.files.maxPartitionBytes", spark_files.BIN_COST)
    builder = builder.config("spark.ui.showConsoleProgress", sys.stderr.isatty())
    spark = (builder.master(master) if master else builder).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    for module in (spark_files, spark_children):  # what workers need
        spark.sparkContext.addPyFile(str(module.__file__))
    return spark


def parse(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="spark_scan.py",
        usage="%(prog)s [OPTION]... OUT [PATH]...",
        description="say what loading the files of a store would do",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("out", metavar="OUT", help="where results are, and are added to")
    add("paths", metavar="PATH", nargs="*", help="what to scan")
    add(
        "--list",
        metavar="FILE",
        help="scan what it names too: a path a line, or Parquet with a"
        " column path; its columns size and mtime (a timestamp), when there, are believed",
    )
    add(
        "--max-remote",
        metavar="BYTES",
        type=int,
        default=256 << 20,
        help="contents that are read whole (default: %(default)s)",
    )
    add(
        "--seconds",
        metavar="N",
        type=int,
        default=300,
        help="processor time that a file may"
        " take (default: %(default)s); ten times as long by the clock",
    )
    add("--fail-on", choices=("malicious", "suspicious"), default="malicious", help="for status 1")
    add("--master", help="Spark's, as local[2] (default: spark-submit's, else all processors)")
    return parser.parse_args(words)


def scan_store(options: argparse.Namespace) -> int:
    run = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
    spark = session(options.master)
    begun = time.monotonic()
    files = find(spark, options)
    known = earlier(spark, options.out)
    outcomes: Counter[tuple[Any, ...]] = Counter()
    todo = []
    for file in files:
        keys = [(os.fsencode(name), file.size, file.changed) for name in file.names]
        if all(key in known for key in keys):
            outcomes.update(tuple(known[key]) for key in keys)
        else:
            todo.append(file)
    before = sum(outcomes.values())
    listed = time.monotonic()
    if todo:
        scan(spark, todo, options, run)
        rows = spark.read.schema(SCHEMA).parquet(options.out).where(f"run = '{run}'")
        tell_findings(rows)
        for row in rows.groupBy("verdict", "coverage").count().collect():
            outcomes[row.verdict, row.coverage] += row["count"]
    ended = time.monotonic()
    size = sum(file.size for file in todo) / 1e6
    print(
        f"{len(todo)} files of {size:.1f} MB scanned in {ended - listed:.1f} s (found in "
        f"{listed - begun:.1f} s), {before} results were there before"
    )
    return status_of(outcomes, options.fail_on)


def main() -> int:
    options = parse()
    try:
        return scan_store(options)
    except Exception:  # noqa: BLE001 - status 1 would say that something was found
        traceback.print_exc()
        print("spark_scan: failed; run again, it goes on from what is in OUT", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
