"""scripts/evaluate: labelled files go in, tables and a plot come out."""

import dataclasses
import json
import pickle
import re
import sys
from pathlib import Path

import pytest
from conftest import CLI, ROOT, run

sys.path.append(str(ROOT / "scripts"))

from evaluation import folds, intervals, learned, peers, plots
from evaluation.answers import Answer, Scanner
from evaluation.corpora import LABELS, File, opened

COLUMNS = ["file", "label", "container", "technique_or_library", "origin", "size", "sha256"]
EVALUATE = ROOT / "scripts" / "evaluate"
SHARED = ROOT.parent / "shared" / "corpus"


CALLEES = [
    *("posix.system", "subprocess.getoutput", "subprocess.check_output", "pty.spawn", "os.popen"),
    *("os.execlp", "platform.popen", "commands.getoutput", "popen2.popen3", "nt.system"),
]


def evil_pickle(callee: str, canary: Path) -> bytes:
    """Never loaded here; if it were, it would touch the canary."""
    module, _, name = callee.rpartition(".")
    return f"c{module}\n{name}\n(V/bin/touch {canary}\ntR.".encode()


def write_corpus(folder: Path, benign: int, malicious: int) -> Path:
    """Clean files, malicious ones, and one that is labelled wrongly on purpose."""
    rows = [COLUMNS]
    for number in range(benign + malicious + 1):
        label = "benign" if number < benign else "malicious"
        evil = benign <= number < benign + malicious
        path = folder / label / f"{number}.pkl"
        path.parent.mkdir(exist_ok=True)
        callee = CALLEES[number % len(CALLEES)]
        clean = pickle.dumps([number] * number, 4)
        data = evil_pickle(callee, folder / "canary") if evil else clean
        path.write_bytes(data)
        family = ("shell", "exec")[number % 2] if evil else "plain"
        facts = [f"origin {number}", str(len(data)), f"{number:064}"]
        rows.append([f"{label}/{number}.pkl", label, "pickle", family, *facts])
    (folder / "manifest.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    return folder


def test_confusion_table(place: Path) -> None:
    done = run([EVALUATE, "--program", CLI, "--corpus", write_corpus(place, 3, 2)])
    assert (done.status, done.err) == (0, ""), done
    assert re.search(r"^  benign +3 +0 +0$", done.out, re.M)
    assert re.search(r"^  malicious +1 +0 +2$", done.out, re.M)
    assert "precision 1.000  recall 0.667" in done.out
    assert not (place / "canary").exists()


def test_files_without_a_verdict_are_told(place: Path) -> None:
    write_corpus(place, 3, 2)
    (place / "benign" / "0.pkl").unlink()
    done = run([EVALUATE, "--program", CLI, "--corpus", place])
    assert done.status == 1
    assert "no verdict for 1 files: benign/0.pkl" in done.out


def test_markdown_of_two_corpora(place: Path) -> None:
    for name in ("first", "second"):
        (place / name).mkdir()
        write_corpus(place / name, 3, 2)
    out = place / "results.md"
    command = [EVALUATE, "--program", CLI, "--markdown", out, "--corpus"]
    done = run([*command, place / "first", place / "second", place / "third"])
    assert done.status == 0, done
    assert f"skipped: no corpus at {place / 'third'}" in done.out
    text = out.read_text()
    assert "12 files of 6 origins" in text
    assert "| safeguard | malicious | 1.000 [0.510–1.000] | 0.667 [0.300–0.903] |" in text
    assert "| first: malicious, as found | 3 | 2 |" in text


def test_the_shared_corpus_where_there_is_one() -> None:
    """The scan finishes, crashes on nothing, and says something of every file."""
    done = run([EVALUATE, "--program", CLI, "--list", "0"])
    assert (done.status, done.err) == (0, ""), done
    assert done.out.startswith("skipped: ") or "counting malicious only: " in done.out


def test_learned_anew_without_the_files_that_are_judged() -> None:
    """One fold of five with a small model: verdicts are the program's, by a model of our making."""
    pytest.importorskip("sklearn")
    if not (SHARED / "manifest.tsv").is_file():
        pytest.skip(f"no corpus at {SHARED}")
    with opened([SHARED]) as files:
        told = [f for f in files if f.label in LABELS]
        fold = next(folds.by_origin(told, {f: f.sha256 for f in told}, 5, seed=1))
        answers = learned.judge(CLI, fold, short=True)
    assert set(answers) == set(fold.test)
    assert all(a.coverage == "complete" for a in answers.values())
    table = intervals.count(
        [intervals.Judged(f.bad, a.verdict == "malicious", "") for f, a in answers.items()]
    )
    assert table.fp <= 3
    assert table.fn <= 12


def test_files_of_one_name_stay_apart_and_as_they_are(place: Path) -> None:
    """What is learned from lay over the corpus as links: the second of a name wrote into the first."""
    (place / "laid").mkdir()
    write_corpus(place, 2, 0)
    with opened([place]) as files:
        first, second = (f for f in files if f.label == "benign")
        moved = second.path.parent / "other" / first.path.name
        moved.parent.mkdir()
        second.path.rename(moved)
        contents = [first.path.read_bytes(), moved.read_bytes()]
        learned.lay_out([first, dataclasses.replace(second, path=moved)], place / "laid")
    _, *rows = (place / "laid" / "manifest.tsv").read_text().splitlines()
    laid = [(place / "laid" / row.split("\t")[0]).read_bytes() for row in rows]
    assert laid == contents == [first.path.read_bytes(), moved.read_bytes()]


def test_the_method_of_the_paper(place: Path) -> None:
    """On files that opcodes tell apart: the learners find the boundary that is there."""
    pytest.importorskip("sklearn")
    from evaluation import opcodes, safepickle

    with opened([write_corpus(place, 30, 12)]) as files:
        right = [f for f in files if f.name != "malicious/42.pkl"]
        seen = opcodes.read_all(right, place / "kept" / "opcodes.jsonl", 1)
        assert seen == opcodes.read_all(right, place / "kept" / "opcodes.jsonl", 1)
        parts = list(folds.by_origin(right, {f: f.name for f in right}, 2, seed=1))
        tried = safepickle.cross_validated(parts, seen, seed=1)
    assert tried[0].name == "opcodes, random forest"
    assert all(set(s.answers) == set(right) for s in tried)
    wrong = [f for f, a in tried[0].answers.items() if (a.verdict == "malicious") != f.bad]
    assert len(wrong) <= 2, wrong  # the shortest clean ones may look alike


def test_peer_of_the_test_environment(place: Path) -> None:
    """picklescan, which the bench needs anyway, through the driver that all peers run in."""
    pytest.importorskip("picklescan")
    write_corpus(place, 1, 1)
    driver = ROOT / "scripts" / "evaluation" / "peer_driver.py"
    paths = "".join(f"{place / name}\n" for name in ("benign/0.pkl", "malicious/1.pkl", "absent"))
    done = run([sys.executable, driver, "picklescan"], feed=paths)
    about, clean, evil, absent, last = (json.loads(line) for line in done.out.splitlines())
    assert about["peer"] == "picklescan"
    assert (clean["said"], clean["scanned"]) == ("benign", True)
    assert (evil["said"], evil["scanned"]) == ("malicious", True)
    assert (absent["said"], absent["scanned"]) == ("benign", False)
    assert last["peak_kb"] > 1000
    assert last["seconds"] >= about["ready"] > 0
    assert not (place / "canary").exists()


def test_peers_that_are_not_installed_are_told(place: Path) -> None:
    assert peers.Peer(place, "picklescan").version == ""


def scanner_of(name: str, scores: list[tuple[bool, float]]) -> Scanner:
    answers = {}
    for number, (bad, score) in enumerate(scores):
        file = File(Path(f"{number}"), f"{number}", "c", "malicious" if bad else "benign", "pickle",
                    "f", f"o{number % 5}", "as found", 9, f"{number}", "")  # fmt: skip
        answers[file] = Answer("malicious" if score > 0.5 else "benign", True, score)
    return Scanner(name, "1", answers, scored=True)


def test_plot_is_small_and_the_same_each_time(place: Path) -> None:
    python = ROOT / "build" / "peers" / "matplotlib" / "bin" / "python"
    if not python.is_file():
        pytest.skip("no matplotlib: scripts/evaluation/install_peers")
    scores = [(i % 3 == 0, (i * 7919 % 1000) / 1000) for i in range(3000)]
    lines = [scanner_of("safeguard, held out", scores), scanner_of("opcodes", scores[::-1])]
    for name in ("a.svg", "b.svg"):
        assert plots.draw(lines, [scanner_of("modelscan", scores)], python, place / name)
    drawn = (place / "a.svg").read_bytes()
    assert drawn == (place / "b.svg").read_bytes()
    assert len(drawn) < 60_000
    assert b">safeguard, held out</text>" in drawn


def test_no_plot_without_matplotlib(place: Path) -> None:
    assert not plots.draw([], [], place / "python", place / "plot.svg")


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(0, 1093, 0.0, 0.0035), (290, 290, 0.9869, 1.0), (5, 10, 0.2366, 0.7634), (0, 0, 0.0, 1.0)],
)
def test_wilson(part: int, whole: int, low: float, high: float) -> None:
    assert intervals.Ratio(part, whole).interval == pytest.approx((low, high), abs=1e-4)


def test_f1_interval_is_over_groups() -> None:
    """One group that is all wrong weighs as one draw, however many files are in it."""
    right = [intervals.Judged(True, True, f"g{i}") for i in range(20)]
    wrong = [intervals.Judged(True, False, "wrong")] * 20
    low, high = intervals.f1_interval(right + wrong, seed=1)
    assert (low, high) == intervals.f1_interval(right + wrong, seed=1)
    assert low < 0.5 < high == 1.0


def test_curves() -> None:
    drawn = intervals.curve([(True, 0.9), (False, 0.8), (True, 0.7), (True, 0.7), (False, 0.1)])
    assert drawn.roc == [(0, 1 / 3), (0.5, 1 / 3), (0.5, 1), (1, 1)]
    assert drawn.pr[0] == (1 / 3, 1)
    assert drawn.area == pytest.approx(2 / 3)
    assert drawn.recall_at(0.49) == pytest.approx(1 / 3)


def test_folds_part_origins_and_structures(place: Path) -> None:
    pytest.importorskip("sklearn")
    with opened([write_corpus(place, 30, 12)]) as files:
        structures = {f: str(f.size % 7) for f in files}
        seen: list[File] = []
        for fold in folds.by_origin(files, structures, 3, seed=1):
            assert not {f.origin for f in fold.train} & {f.origin for f in fold.test}
            held_out = {(f.label, structures[f]) for f in fold.test}
            assert not held_out & {(f.label, structures[f]) for f in fold.train}
            seen += fold.test
        assert sorted(f.name for f in seen) == sorted(f.name for f in files)
        left = list(folds.by_family(files, dict.fromkeys(files, ""), 12, seed=1))
    assert sorted(fold.name for fold in left) == ["exec", "plain", "shell"]
    assert all(f.attack != fold.name for fold in left for f in fold.train if f.bad)


def test_an_injection_belongs_to_its_host(place: Path) -> None:
    row = [
        "malicious/1.pkl",
        "malicious",
        "pickle",
        "inject-shell",
        "generated/inject<a/b>",
        "1",
        "0",
    ]
    (place / "manifest.tsv").write_text("\t".join(COLUMNS) + "\n" + "\t".join(row) + "\n")
    with opened([place]) as files:
        assert (files[0].origin, files[0].kind, files[0].attack) == ("a/b", "injected", "shell")
