"""scripts/spark_scan.py on a real Spark with two processors: a row for every file, whatever becomes of it."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest
import spark_tree
from conftest import BUILD, CLI, ROOT, Done, run

SCRIPT = ROOT / "scripts/spark_scan.py"
PYTHON = ROOT / "build/spark-venv/bin/python"
# What is tested stays as it is, also while others build.
LIBRARIES = Path(tempfile.gettempdir()) / f"sg-spark-{os.getpid()}"
SECONDS = 900
FILES = 2000
pytestmark = pytest.mark.timeout(SECONDS)
Row = dict[str, Any]


def environment(conf: str = "") -> dict[str, str]:
    return {
        "PYSPARK_SUBMIT_ARGS": f"--conf spark.ui.enabled=false {conf} pyspark-shell",
        "PYTHONPATH": str(ROOT / "scripts/packages/python"),
        "SAFEGUARD_LIBRARY_DIR": str(LIBRARIES),
    }


def bound() -> list[str]:
    """So that permissions count for root too."""
    drop = "--bounding-set=-dac_override,-dac_read_search"
    return ["setpriv", drop] if os.getuid() == 0 else []


def spark_scan(*words: str | Path, conf: str = "", master: str = "local[2]") -> Done:
    command = [*bound(), PYTHON, SCRIPT, f"--master={master}", *words]
    done = run(command, env=environment(conf), seconds=SECONDS)
    assert "Traceback" not in done.err, done.err
    return done


def results(out: Path) -> list[Row]:
    return pyarrow.parquet.read_table(out).to_pylist()


def text(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def exact(row: Row) -> str:
    return os.fsdecode(row["path_bytes"] or row["path"].encode())


def ours(row: Row) -> tuple[Any, ...]:
    """What is said of a file, from Parquet."""
    if row["error"] is not None:
        assert (row["verdict"], row["score"], row["reasons"]) == (None, None, [])
        return row["coverage"], row["size"], row["error"]
    reasons = [[*list(one.values())[:4], f"{one['weight']:.6g}"] for one in row["reasons"]]
    head = (row["verdict"], f"{row['score']:.6g}", row["coverage"], row["format"], row["size"])
    return *head, reasons


def theirs(report: Row) -> tuple[Any, ...]:
    """What is said of a file, by `safeguard scan --format jsonl`."""
    reasons = report["reasons"]
    if reasons and reasons[0]["rule"] == "unreadable":
        return report["coverage"], report["size"], reasons[0]["detail"]
    listed = [
        [
            one["rule"],
            text(one["detail"]),
            text(one["member"]),
            one["offset"],
            f"{one['weight']:.6g}",
        ]
        for one in reasons
    ]
    head = (report["verdict"], f"{report['score']:.6g}", report["coverage"], report["format"])
    return *head, report["size"], listed


def command_line(*paths: Path) -> tuple[dict[str, tuple[Any, ...]], int]:
    done = run(
        [*bound(), LIBRARIES / CLI.name, "scan", "-r", "--format", "jsonl", *paths], seconds=SECONDS
    )
    reports = [json.loads(line) for line in done.out.splitlines()]
    return {report["path"]: theirs(report) for report in reports}, done.status


@pytest.fixture(scope="module", autouse=True)
def libraries() -> Iterator[None]:
    LIBRARIES.mkdir()
    for name in ("libsafeguard.so", "libsgscan.so", CLI.name):
        shutil.copy(BUILD / name, LIBRARIES)
    yield
    shutil.rmtree(LIBRARIES)


@pytest.fixture(scope="module")
def base() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sg-spark-"))
    yield folder
    shutil.rmtree(folder)


@dataclass
class Store:
    tree: Path
    out: Path
    done: Done


@pytest.fixture(scope="module")
def store(base: Path) -> Iterator[Store]:
    """Everything at once, scanned once."""
    tree = base / "store"
    spark_tree.generated(tree, FILES, seed=1)
    spark_tree.odd(tree)
    spark_tree.hub_cache(tree)
    spark_tree.locked(tree)
    spark_tree.sparse(tree / "giant.bin", 20 << 30)
    spark_tree.sparse(tree / "large.bin", 3 << 30)
    print(f"{spark_tree.corpus(tree)} files of the corpus beside {FILES} generated ones")
    yield Store(tree, base / "out", spark_scan(base / "out", tree))
    spark_tree.unlock(tree)


def test_every_file_has_the_command_lines_result(store: Store) -> None:
    rows = results(store.out)
    found = {exact(row): ours(row) for row in rows}
    assert len(found) == len(rows)
    expected, status = command_line(store.tree)
    differ = [(name, found.get(name), expected.get(name))
              for name in sorted({*found, *expected}) if found.get(name) != expected.get(name)]  # fmt: skip
    assert differ == []
    assert (store.done.status, status) == (1, 1)
    assert not (store.tree / "canary").exists()


def test_columns(store: Store) -> None:
    reason = pyarrow.struct([("rule", "string"), ("detail", "string"), ("member", "string"),
                             ("offset", "int64"), ("weight", "float64")])  # fmt: skip
    schema = pyarrow.parquet.read_schema(next(store.out.glob("*.parquet")))
    types = {field.name: str(field.type) for field in schema if field.name != "reasons"}
    text_columns = ("path", "verdict", "coverage", "format", "error", "scanner", "run")
    assert types == (
        dict.fromkeys(text_columns, "string")
        | dict.fromkeys(("size", "micros", "changed"), "int64")
        | {"path_bytes": "binary", "score": "double"}
    )
    assert schema.field("reasons").type.value_type.equals(reason)


def test_unreadable_files_are_stated(store: Store) -> None:
    errors = {row["path"]: row["error"] for row in results(store.out) if row["error"]}
    assert errors == {
        f"{store.tree}/locked/secret.pkl": "Permission denied",
        f"{store.tree}/locked/folder": "Permission denied",
    }
    for name in errors:
        assert f"safeguard: {name}: cannot be scanned: Permission denied" in store.done.err


def test_a_blob_is_scanned_once(store: Store) -> None:
    rows = [row for row in results(store.out) if "/hub/" in row["path"]]
    assert len(rows) == 3
    assert len({(row["micros"], row["verdict"]) for row in rows}) == 1


def test_no_task_has_much_more_than_another(store: Store) -> None:
    """The giants have tasks of their own."""
    tables = [pyarrow.parquet.read_table(path).to_pylist() for path in store.out.glob("*.parquet")]
    parts = [{row["path"]: row["size"] for row in rows if "/hub/snap" not in row["path"]}
             for rows in tables]  # fmt: skip
    (giant,) = [part for part in parts if f"{store.tree}/giant.bin" in part]
    (large,) = [part for part in parts if f"{store.tree}/large.bin" in part]
    assert (len(giant), len(large)) == (1, 1)
    counts = [len(part) for part in parts if part not in (giant, large)]
    bytes_of = [sum(part.values()) for part in parts if part not in (giant, large)]
    print(f"{len(parts)} tasks: {counts} files of {[size >> 10 for size in bytes_of]} kB")
    costs = [size + (count << 20) for size, count in zip(bytes_of, counts, strict=True)]
    assert max(costs) <= 1.1 * sum(costs) / len(costs)


def test_the_summary_counts_the_rows(store: Store) -> None:
    rows = results(store.out)
    verdicts = [row["verdict"] for row in rows]
    partial = sum(1 for row in rows if row["verdict"] and row["coverage"] != "complete")
    assert store.done.out.splitlines()[-1] == (
        f"{verdicts.count('malicious')} malicious, {verdicts.count('suspicious')} suspicious, "
        f"{verdicts.count('benign')} benign, {partial} not fully analysed, 2 not readable"
    )


def test_second_run_looks_at_what_is_new(store: Store) -> None:
    """What changed and what had an error is looked at again; the exit status is that of all files."""
    before = {exact(row): ours(row) for row in results(store.out)}
    evil = spark_tree.payloads.pickle_of(store.tree / "canary", 4)
    (store.tree / "hub/blobs/ab12").write_bytes(evil)
    replaced = store.tree / "repository3/30-swapped.pkl"
    replaced.write_bytes(evil)
    (store.tree / "locked/secret.pkl").chmod(0o600)
    done = spark_scan(store.out, store.tree)
    assert "4 files of" in done.out.splitlines()[-2], done.out  # and the locked folder
    rows = results(store.out)
    last = max(row["run"] for row in rows)
    assert sum(1 for row in rows if row["run"] == last) == 6  # the blob has three names
    latest = {exact(row): ours(row) for row in sorted(rows, key=lambda row: row["run"])}
    expected, status = command_line(store.tree)
    assert latest == expected
    assert set(latest) == {*before, str(replaced)}
    assert done.status == status == 1


def test_a_run_that_is_killed_is_gone_on_with(base: Path) -> None:
    """The first task is quick, the others take their time; nothing is scanned twice."""
    tree, out = base / "slow", base / "slow-out"
    tree.mkdir()
    spark_tree.sparse(tree / "giant.bin", 30 << 30)
    for number in range(12):
        spark_tree.slow(tree / f"{number}.pkl.gz", 1)
    command = [*bound(), PYTHON, SCRIPT, "--master=local[1]", out, tree]
    first = subprocess.Popen(
        [str(word) for word in command],
        env=os.environ | environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not list(out.glob("*.parquet")) and first.poll() is None:
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    kept = results(out)
    assert 0 < len(kept) < 13
    done = spark_scan(out, tree)
    assert f"{13 - len(kept)} files of" in done.out
    assert f"{len(kept)} results were there before" in done.out
    assert sorted(exact(row) for row in results(out)) == sorted(
        str(path) for path in tree.iterdir()
    )
    assert done.status == 0


def test_a_scanner_that_dies_takes_one_file_with_it(base: Path) -> None:
    """The kernel ends it, at a limit on its processor time."""
    tree, out = base / "bombs", base / "bombs-out"
    spark_tree.generated(tree, 100, seed=2)
    for name in ("repository0/bomb.gz", "repository5/bomb.gz"):
        spark_tree.slow(tree / name, 60)
    done = spark_scan("--seconds=1", out, tree)
    found = {exact(row): ours(row) for row in results(out)}
    for name in ("repository0/bomb.gz", "repository5/bomb.gz"):
        path = tree / name
        why = "the scanner was stopped after 1 s of processor time (--seconds)"
        assert found.pop(str(path)) == ("partial", path.stat().st_size, why)
        assert f"safeguard: {path}: cannot be scanned: {why}" in done.err
        path.unlink()
    assert found == command_line(tree)[0]
    assert done.out.splitlines()[-1].endswith("2 not readable")


def test_a_store_that_only_hadoop_reaches(base: Path) -> None:
    """Through Hadoop's own view file system: what local paths have, and what is too large is stated."""
    tree, out = base / "remote", base / "remote-out"
    spark_tree.generated(tree, 300, seed=3)
    spark_tree.odd(tree)
    for name in (b"\xff\xfe.pkl", b"co:lon"):  # Hadoop cannot name these on a disk
        (tree / "odd" / os.fsdecode(name)).unlink()
    (tree / "odd/loop").unlink()
    (tree / "odd/itself").unlink()
    (tree / "odd/fifo").unlink()
    spark_tree.sparse(tree / "large.bin", 1 << 20)
    mounted = f"--conf spark.hadoop.fs.viewfs.mounttable.store.link./data=file://{tree}"
    url = "viewfs://store/data"
    done = spark_scan(f"--max-remote={(1 << 20) - 1}", out, url, f"{url}/none*", conf=mounted)
    found = {exact(row): ours(row) for row in results(out)}
    assert found.pop(f"{url}/none*") == ("partial", 0, "No such file or directory")
    assert found.pop(f"{url}/large.bin") == (
        "partial",
        1 << 20,
        "larger than --max-remote (1048575 bytes): mount the store to have only ranges read",
    )
    (tree / "large.bin").unlink()
    expected, _ = command_line(tree)
    assert found == {name.replace(str(tree), url, 1): said for name, said in expected.items()}
    again = spark_scan(f"--max-remote={(1 << 20) - 1}", out, url, conf=mounted)
    assert "0 files of" in again.out
    assert (done.status, again.status) == (1, 1)


def test_lists(base: Path) -> None:
    """Sizes of a list are believed: what is gone by now is found out by a worker."""
    tree, out = base / "listed", base / "listed-out"
    spark_tree.generated(tree, 30, seed=4)
    paths = sorted(str(path) for path in tree.rglob("*") if path.is_file())
    lines = base / "list.txt"
    lines.write_text("\n".join([*paths[:20], f"{tree}/missing"]) + "\n")
    now = pyarrow.scalar(1_700_000_000_000_000, pyarrow.timestamp("us", tz="UTC"))
    table = pyarrow.table(
        {"path": [*paths[20:], f"{tree}/gone"], "size": [1000] * 11, "mtime": [now] * 11}
    )
    pyarrow.parquet.write_table(table, base / "list.parquet")
    for name in ("list.txt", "list.parquet"):
        spark_scan(f"--list={base / name}", out)
    found = {exact(row): row for row in results(out)}
    missing = [found.pop(f"{tree}/{name}")["error"] for name in ("missing", "gone")]
    assert missing == ["No such file or directory"] * 2
    expected, _ = command_line(tree)
    assert {name: row["verdict"] for name, row in found.items()} == {
        name: said[0] for name, said in expected.items()
    }
    assert {row["size"] for name, row in found.items() if name in paths[20:]} == {1000}


def test_a_run_that_fails_says_so(base: Path) -> None:
    """By status 2: 1 would say that something was found."""
    command = [PYTHON, SCRIPT, "--master=local[1]", f"--list={base}/none.parquet", base / "no-out"]
    done = run(command, env=environment(), seconds=SECONDS)
    assert done.status == 2
    assert done.err.endswith("spark_scan: failed; run again, it goes on from what is in OUT\n")
