"""scripts/evaluate: a corpus goes in, a confusion table comes out."""

import pickle
import re
from pathlib import Path

import payloads
from conftest import CLI, ROOT, run

COLUMNS = ["file", "label", "container", "technique_or_library"]


def corpus(folder: Path) -> Path:
    """Three clean files, two malicious ones, and one that is labelled wrongly on purpose."""
    rows = [COLUMNS]
    for number in range(6):
        label = "benign" if number < 3 else "malicious"
        path = folder / label / f"{number}.pkl"
        path.parent.mkdir(exist_ok=True)
        evil = number in (3, 4)
        canary = folder / "canary"
        path.write_bytes(payloads.pickle_of(canary, 2) if evil else pickle.dumps([number], 4))
        rows.append([f"{label}/{number}.pkl", label, "pickle", "shell" if evil else "plain"])
    (folder / "manifest.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    return folder


def test_confusion_table(place: Path) -> None:
    done = run([ROOT / "scripts" / "evaluate", "--program", CLI, corpus(place)])
    assert (done.status, done.err) == (0, ""), done
    assert re.search(r"^  benign +3 +0 +0$", done.out, re.M)
    assert re.search(r"^  malicious +1 +0 +2$", done.out, re.M)
    assert "precision  1.000  recall  0.667" in done.out
    assert not (place / "canary").exists()


def test_files_without_a_verdict_are_told(place: Path) -> None:
    corpus(place)
    (place / "benign" / "0.pkl").unlink()
    done = run([ROOT / "scripts" / "evaluate", "--program", CLI, place])
    assert done.status == 1
    assert "1 files without a verdict ['benign/0.pkl']" in done.out


def test_the_shared_corpus_where_there_is_one() -> None:
    """The scan finishes, crashes on nothing, and says something of every file."""
    done = run([ROOT / "scripts" / "evaluate", "--program", CLI, "--list", "0"])
    assert (done.status, done.err) == (0, ""), done
    assert done.out.startswith("skipped: ") or "counting malicious only: " in done.out
