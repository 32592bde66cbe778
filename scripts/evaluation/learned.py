"""learned.py - our verdicts with what is learned learned anew, without the files that are judged.

Rules and knowledge of names stay as they are; scripts/train makes a model from the fold's training
files as it makes the shipped one, and `safeguard scan` judges the held-out files by it.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from .answers import Answer, Failed, Scanner, safeguard
from .corpora import File
from .folds import Fold

TRAIN = Path(__file__).resolve().parent.parent / "train" / "train"
COLUMNS = ("file", "label", "origin")


def lay_out(files: Sequence[File], folder: Path) -> None:
    """A corpus of these files: links where links go."""
    with open(folder / "manifest.tsv", "w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, delimiter="\t", quoting=csv.QUOTE_NONE, lineterminator="\n")
        table.writerow(COLUMNS)
        for number, file in enumerate(files):
            name = Path(file.label) / f"{file.corpus}-{file.path.name}"
            if (folder / name).exists():  # a link: to copy onto it would change the file itself
                name = name.with_name(f"{number}-{name.name}")
            target = folder / name
            target.parent.mkdir(exist_ok=True)
            try:
                os.link(file.path, target)
            except OSError:
                shutil.copyfile(file.path, target)
            table.writerow([name, file.label, file.origin])


def train(program: Path, files: Sequence[File], short: bool, folder: Path) -> Path:
    """A policy file that names the model."""
    corpus, model, policy = folder / "corpus", folder / "model", folder / "policy.ini"
    corpus.mkdir()
    lay_out(sorted(files, key=lambda f: (f.corpus, f.name)), corpus)
    command: list[str | Path] = [sys.executable, TRAIN, "--program", program, "--out", model]
    command += [corpus, *(["--short"] if short else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    shutil.rmtree(corpus)
    if done.returncode or not model.is_file():
        raise Failed(f"{TRAIN} ended with {done.returncode}: {(done.stdout + done.stderr)[-500:]}")
    policy.write_text(f"[scan]\nmodel = {model}\n")
    return policy


def judge(program: Path, fold: Fold, short: bool) -> dict[File, Answer]:
    with tempfile.TemporaryDirectory(prefix="fold-") as place:
        policy = train(program, fold.train, short, Path(place))
        return safeguard(program, fold.test, ["-j", "1", "--policy", str(policy)])


def cross_validated(program: Path, folds: Sequence[Fold], short: bool, title: str) -> Scanner:
    answers: dict[File, Answer] = {}
    for fold in folds:
        answers |= judge(program, fold, short)
        print(f"{title}: {fold.name}, learned from {len(fold.train)} files", flush=True)
    return Scanner(title, "", answers, scored=True)
