"""bench_judge.py - what judgement adds to a scan: on the pickles of the shared corpus, and on a dense one.

    bench_judge.py BUILD [CORPUS]

The share is the time that the machine takes more with a judge than without, over the time of the whole
scan. Where there is no corpus: `skipped`, but for the dense stream.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import tempfile
from pathlib import Path

from bench_machine import write_items
from figures import row

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5


def pickles(corpus: Path) -> list[str]:
    with open(corpus / "manifest.tsv", encoding="utf-8", newline="") as lines:
        table = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        named = [row["file"] for row in table if row["container"] == "pickle"]
    return [str(corpus / name) for name in named if (corpus / name).is_file()]


def measure(program: Path, title: str, files: list[str]) -> None:
    done = subprocess.run(
        [str(program), str(ROUNDS), *files], capture_output=True, text=True, check=True
    )
    took = json.loads(done.stdout)
    share = (took["judged"] - took["machine"]) / took["scan"]
    print(
        f"{title:34} {len(files):5} files: scan {took['scan'] * 1e3:9.3f} ms, machine "
        f"{took['machine'] * 1e3:9.3f} ms, with judge {took['judged'] * 1e3:9.3f} ms:"
        f" judgement is {share:.1%} of the scan"
    )
    what = f"judgement, of a whole scan: {title}"
    row(what, "≤ 10 %", f"{share:.1%}", share <= 0.10, "tests/bench/bench_judge.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("corpus", nargs="?", type=Path, default=ROOT.parent / "shared" / "corpus")
    options = parser.parse_args()
    program = options.build / "bench" / "bench_judge"
    with tempfile.TemporaryDirectory() as folder:
        write_items(Path(folder) / "dense.pkl", 10_000_000)
        measure(program, "ints and strings, 10 MB", [f"{folder}/dense.pkl"])
        corpus = options.corpus
        if (corpus / "unpack").is_file():
            subprocess.run([corpus / "unpack", folder], check=True, stdout=subprocess.DEVNULL)
            (Path(folder) / "manifest.tsv").write_bytes((corpus / "manifest.tsv").read_bytes())
            corpus = Path(folder)
        if (corpus / "manifest.tsv").is_file():
            measure(program, "pickles of the corpus", pickles(corpus))
        else:
            print(f"skipped: no corpus at {corpus}")


if __name__ == "__main__":
    main()
