"""scripts/corpus/generate: the same seed gives the same files, of every family, and they are told apart."""

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, clean_environment, scan

STREAMS = {f"O{number}" for number in range(1, 40)} - {"O21"}  # inside array bytes: made by joblib
CONTAINERS = {f"C{number}" for number in (*range(1, 18), 19)}  # 18 and 20 are no files of their own
Row = dict[str, str]
pytestmark = pytest.mark.timeout(900)  # half a minute where nothing else runs


def rows_of(folder: Path) -> list[Row]:
    with open(folder / "manifest.tsv", encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.fixture(scope="module")
def corpora() -> Iterator[list[Path]]:
    """Two corpora of one seed, made side by side."""
    with tempfile.TemporaryDirectory(prefix="sg-corpus-") as folder:
        out = [Path(folder) / name for name in ("a", "b")]
        command = [ROOT / "scripts/corpus/generate", "--scale", "tiny", "--seed", "7"]
        runs = [
            subprocess.Popen(
                [sys.executable, *command, "--python", sys.executable, path],
                env=clean_environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            for path in out
        ]
        for run in runs:
            said, _ = run.communicate(timeout=800)
            assert run.returncode == 0, said.decode()
        yield out


# What writes its own bytes, and no memory of a library's that nobody has filled in.
OURS = {"stdlib", "invented", "scary"}


def test_the_same_seed_gives_the_same_files(corpora: list[Path]) -> None:
    first, second = (set((path / "manifest.tsv").read_text().splitlines()) for path in corpora)
    differ = first ^ second
    assert [line for line in differ if line.split("\t")[7] in OURS] == []
    assert len(differ) <= 0.02 * len(first), sorted(differ)[:4]


def test_labels_and_families_are_there(corpora: list[Path]) -> None:
    rows = rows_of(corpora[0])
    malicious = {row["family"] for row in rows if row["label"] == "malicious"}
    assert malicious >= STREAMS | CONTAINERS | {"gadget", "inject", "natural", "torch-zip"}
    benign = {row["family"] for row in rows if row["label"] == "benign"}
    assert benign == {"clean", "code-carrier", "scary-data", "no-pickle"}
    libraries = {row["technique_or_library"] for row in rows if row["label"] == "benign"}
    assert libraries >= {"stdlib", "numpy", "sklearn", "torch", "pandas", "invented"}
    positions = {row["position"] for row in rows if row["family"] == "inject"}
    assert len(positions) >= 6, positions


def test_rows_fit_the_files(corpora: list[Path]) -> None:
    rows = rows_of(corpora[0])
    files = {
        str(path.relative_to(corpora[0]))
        for path in corpora[0].rglob("*")
        if path.is_file() and path.name != "manifest.tsv"
    }
    assert files == {row["file"] for row in rows}
    assert len({row["sha256"] for row in rows}) == len(rows)
    assert all(os.path.getsize(corpora[0] / row["file"]) == int(row["size"]) for row in rows)


def test_verdicts(corpora: list[Path]) -> None:
    """No attack is benign, no clean file is malicious."""
    rows = {str(corpora[0] / row["file"]): row for row in rows_of(corpora[0])}
    said = {one["path"]: one for one in scan(*rows)}
    missed = [
        f"{row['file']} {row['family']} {row['callee']}"
        for path, row in rows.items()
        if row["label"] == "malicious" and said[path]["verdict"] == "benign"
    ]
    alarms = [
        f"{row['file']} {row['technique_or_library']} {said[path]['reasons'][:1]}"
        for path, row in rows.items()
        if row["label"] == "benign" and said[path]["verdict"] == "malicious"
    ]
    assert (missed, alarms) == ([], [])
