"""safeguard scan, again and again over the same files: what it leaves out, remembers and accepts."""

import datetime
import hashlib
import json
import os
import pickle
import xml.etree.ElementTree as ET
from pathlib import Path

import payloads
import pytest
from conftest import CLI, Done, aged, run, scan

WHY = "reviewed by A. Person on 2024-02-29"


def pickled(path: Path, value: object = (1, 2)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(value))
    return path


def infected(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(payloads.pickle_of(path.parent / "canary", 2))
    return path


def scanned(*words: str | Path) -> tuple[Done, list[str]]:
    done = run([CLI, "scan", "--format", "jsonl", *words])
    return done, sorted(json.loads(line)["path"] for line in done.out.splitlines())


@pytest.fixture
def tree(place: Path) -> Path:
    for name in ("a.pkl", "sub/b.pkl", "sub/deep/c.pkl", "skip/d.pkl", "notes.txt"):
        pickled(place / "models" / name)
    return place / "models"


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        (["skip"], ["a.pkl", "notes.txt", "sub/b.pkl", "sub/deep/c.pkl"]),
        (["*.pkl"], ["notes.txt"]),
        (["[ab].pkl", "*.txt"], ["skip/d.pkl", "sub/deep/c.pkl"]),
        (["**/sub/*"], ["a.pkl", "notes.txt", "skip/d.pkl"]),
        (["**/deep/**"], ["a.pkl", "notes.txt", "skip/d.pkl", "sub/b.pkl"]),
    ],
)
def test_exclude(tree: Path, patterns: list[str], left: list[str]) -> None:
    done, paths = scanned("-r", *(f"--exclude={one}" for one in patterns), tree)
    assert done.status == 0
    assert paths == [f"{tree}/{name}" for name in left]


def test_named_files_are_not_excluded(tree: Path) -> None:
    assert scanned("--exclude=*.pkl", tree / "a.pkl")[1] == [f"{tree}/a.pkl"]


def test_exclude_that_is_no_pattern(tree: Path) -> None:
    done = run([CLI, "scan", "-r", "--exclude=[a", tree])
    assert (done.status, done.out) == (2, "")
    assert "--exclude cannot be '[a'" in done.err


def test_changed_since(tree: Path) -> None:
    stamp = pickled(tree.parent / "stamp")
    aged(stamp)
    new = pickled(tree / "new.pkl")
    done, paths = scanned("-r", "--changed-since", stamp, tree)
    assert done.status == 0
    assert str(new) in paths
    tomorrow = datetime.date.today() + datetime.timedelta(days=2)
    assert scanned("-r", "--changed-since", str(tomorrow), tree)[1] == []
    assert len(scanned("-r", "--changed-since", "2001-02-03T04:05", tree)[1]) == 6
    summary = run([CLI, "scan", "-r", "--changed-since", str(tomorrow), tree]).out
    assert "6 left out" in summary


def test_time_set_back_hides_nothing(place: Path) -> None:
    stamp = pickled(place / "stamp")
    aged(stamp)
    evil = infected(place / "models/evil.pkl")
    os.utime(evil, (1, 1))
    assert scanned("-r", "--changed-since", stamp, place / "models")[0].status == 1


@pytest.mark.parametrize("when", ["yesterday", "2024-13-01", "2024-02-29x"])
def test_changed_since_what(tree: Path, when: str) -> None:
    done = run([CLI, "scan", "-r", "--changed-since", when, tree])
    assert (done.status, done.out) == (2, "")
    assert "takes a date" in done.err


def test_hub_cache_is_told_by_every_name(place: Path) -> None:
    hub = place / "models--org--name"
    infected(hub / "blobs/0123abcd")
    pickled(hub / "blobs/4567cdef")
    for revision in ("r1", "r2"):
        (hub / "snapshots" / revision).mkdir(parents=True)
        (hub / "snapshots" / revision / "model.bin").symlink_to("../../blobs/0123abcd")
    (hub / "snapshots/r2/other.bin").symlink_to("../../blobs/4567cdef")
    done, paths = scanned("-r", place)
    assert done.status == 1
    names = ("blobs/0123abcd", "blobs/4567cdef")
    links = ("snapshots/r1/model.bin", "snapshots/r2/model.bin", "snapshots/r2/other.bin")
    assert paths == [f"{hub}/{name}" for name in (*names, *links)]
    reports = [json.loads(line) for line in done.out.splitlines()]
    evil = [report for report in reports if report["verdict"] == "malicious"]
    assert len(evil) == 3
    assert len({report["micros"] for report in evil}) == 1  # scanned once
    lines = run([CLI, "scan", "-r", "-j1", place]).out.splitlines()
    assert lines[0].startswith(f"safeguard: {hub}/snapshots/r1/model.bin: malicious ")
    assert lines[-1].startswith("safeguard: 2 files (")
    done, paths = scanned("-r", hub / "snapshots")
    assert paths == [f"{hub}/{name}" for name in links]


@pytest.mark.parametrize("mark", ["\n", "\0"])
def test_files_from_a_list(tree: Path, mark: str) -> None:
    """As `git diff --name-only` and `find` write them, with -z and without."""
    infected(tree / "b\u00e9 d.pkl")
    names = ["a.pkl", "b\u00e9 d.pkl", "skip/d.pkl", ""]
    if mark == "\0":
        names.append("odd\nname.pkl")
        pickled(tree / "odd\nname.pkl")
    listed = mark.join(names)
    words = [CLI, "scan", "--format", "jsonl", "--files-from"]
    done = run([*words, "-", "sub/b.pkl"], feed=listed, cwd=tree)
    paths = sorted(json.loads(line)["path"] for line in done.out.splitlines())
    assert (done.status, done.err) == (1, "")
    assert paths == sorted([*filter(None, names), "sub/b.pkl"])
    (tree.parent / "list").write_text(listed)
    again = run([*words, tree.parent / "list", "--exclude", "skip/*"], cwd=tree)
    assert len(again.out.splitlines()) == len(paths) - 2
    assert again.status == 1


def test_list_names_what_is_not_there(tree: Path) -> None:
    words = [CLI, "scan", "--files-from"]
    done = run([*words, "-"], feed=f"{tree}/a.pkl\n{tree}/missing\n{tree}\n")
    assert done.status == 2
    assert sorted(done.err.splitlines()) == [
        f"safeguard: {tree}/missing: cannot be scanned: No such file or directory",
        f"safeguard: {tree}: cannot be scanned: is a directory (-r goes into it)",
    ]
    assert run([*words, "-", "-r"], feed=f"{tree}\n").out.startswith("safeguard: 5 files (")
    done = run([*words, tree / "nowhere"])
    assert (done.status, done.out) == (2, "")
    assert done.err == f"safeguard: scan: {tree}/nowhere: No such file or directory\n"
    assert run([*words, "-"]).status == 0  # of nothing there is nothing to say


def cached(place: Path, *words: str | Path) -> tuple[Done, dict[str, dict[str, object]]]:
    done = run([CLI, "scan", "--format", "jsonl", "-r", "--cache", place / "cache", *words])
    reports = [json.loads(line) for line in done.out.splitlines()]
    return done, {str(report["path"]): report for report in reports}


def test_cache_remembers_what_was_clean(place: Path) -> None:
    tree = place / "models"
    big = pickled(tree / "big.pkl", [list(range(200_000)) for _ in range(20)])
    infected(tree / "evil.pkl")
    aged(big)
    done, first = cached(place, tree)
    assert done.status == 1
    assert len((place / "cache").read_text().splitlines()) == 2
    done, second = cached(place, tree)
    assert done.status == 1
    assert second[str(big)]["micros"] * 4 < first[str(big)]["micros"]  # type: ignore[operator]
    for reports in (first, second):
        for report in reports.values():
            del report["micros"]
    assert second == first


def test_cache_does_not_know_what_has_changed(place: Path) -> None:
    model = pickled(place / "models/model.pkl")
    aged(model)
    assert cached(place, place / "models")[0].status == 0
    times = model.stat()
    infected(model)
    os.utime(model, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert cached(place, place / "models")[0].status == 1


def test_cache_does_not_keep_what_is_warm(place: Path) -> None:
    pickled(place / "models/model.pkl")
    assert cached(place, place / "models")[0].status == 0
    assert len((place / "cache").read_text().splitlines()) == 1


def test_cache_is_of_one_policy(place: Path) -> None:
    model = pickled(place / "models/model.pkl")
    aged(model)
    policy = place / "policy.ini"
    policy.write_text("[deny]\nglobal = acme.*\n")
    cached(place, place / "models")
    before = (place / "cache").read_text().split()[1]
    cached(place, "--policy", policy, place / "models")
    assert (place / "cache").read_text().split()[1] != before


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        ("safeguard-clean-1 0\n", 0o666, "others may write to it"),
        ("something else\n", 0o600, "no cache of safeguard's"),
    ],
)
def test_cache_that_cannot_be_trusted(tree: Path, text: str, mode: int, said: str) -> None:
    cache = tree.parent / "cache"
    cache.write_text(text)
    cache.chmod(mode)
    done, _ = cached(tree.parent, tree)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert cache.read_text() == text


def test_baseline_accepts_with_a_reason(place: Path) -> None:
    evil = infected(place / "models/evil.pkl")
    baseline = place / "accepted"
    words = ["-r", "--baseline", str(baseline), str(place / "models")]
    assert run([CLI, "scan", *words]).status == 2  # there is no such file yet
    done = run([CLI, "scan", "--accept", WHY, *words])
    assert done.status == 0
    digest = hashlib.sha256(evil.read_bytes()).hexdigest()
    assert baseline.read_text() == f"{digest} malicious {WHY}\n"
    done = run([CLI, "scan", *words])
    assert done.status == 0
    assert f"(accepted: {WHY})" in done.out
    assert "1 accepted" in done.out
    (report,) = map(json.loads, run([CLI, "scan", "--format", "jsonl", *words]).out.splitlines())
    assert (report["verdict"], report["accepted"]) == ("malicious", WHY)
    (suite,) = ET.fromstring(run([CLI, "scan", "--format", "junit", *words]).out)
    assert (suite.attrib["skipped"], suite.attrib["failures"]) == ("1", "0")
    assert suite.find("testcase/skipped").attrib["message"] == f"accepted: {WHY}"  # type: ignore[union-attr]
    infected(place / "models/other.pkl")
    assert run([CLI, "scan", *words]).status == 0  # the same bytes
    with open(place / "models/other.pkl", "ab") as other:
        other.write(b"N.")
    assert run([CLI, "scan", *words]).status == 1


def test_what_gets_worse_is_not_accepted(place: Path) -> None:
    evil = infected(place / "models/evil.pkl")
    digest = hashlib.sha256(evil.read_bytes()).hexdigest()
    baseline = place / "accepted"
    baseline.write_text(f"# by the team\n\n{digest} suspicious {WHY}\n")
    assert run([CLI, "scan", "--baseline", baseline, evil]).status == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("0" * 64 + " malicious", "there is no reason"),
        ("0" * 64 + " harmless because", "the worst verdict that is accepted"),
        ("0" * 63 + "g malicious because", "64 hexadecimal digits"),
        ("malicious", "64 hexadecimal digits"),
    ],
)
def test_baseline_that_is_not_valid(tree: Path, line: str, said: str) -> None:
    baseline = tree.parent / "accepted"
    baseline.write_text(f"# comment\n{line}\n")
    done = run([CLI, "scan", "-r", "--baseline", baseline, tree])
    assert (done.status, done.out) == (2, "")
    assert f"{baseline}:2: " in done.err
    assert said in done.err


def test_accept_needs_a_baseline(tree: Path) -> None:
    done = run([CLI, "scan", "-r", "--accept", WHY, tree])
    assert done.status == 2
    assert "--accept needs --baseline" in done.err


def test_junit(tree: Path) -> None:
    infected(tree / "evil<&>.pkl")
    cut = pickled(tree / "cut.pkl", list(range(1000)))
    cut.write_bytes(cut.read_bytes()[:-20])
    done = run([CLI, "scan", "-r", "--format", "junit", tree])
    assert done.status == 1
    suites = ET.fromstring(done.out)
    outcome = {
        suite.attrib["name"]: (suite.attrib["failures"], suite.attrib["errors"]) for suite in suites
    }
    assert outcome[f"{tree}/evil<&>.pkl"] == ("1", "0")
    assert outcome[f"{cut}"] == ("0", "1")
    assert outcome[f"{tree}/a.pkl"] == ("0", "0")
    assert len(outcome) == 7
    failure = suites.find("testsuite/testcase/failure")
    assert failure is not None
    assert "system" in failure.attrib["message"]


def test_junit_is_xml_whatever_files_are_named(place: Path) -> None:
    names = [
        "\ufffe.pkl",
        "b\uffff",
        "c\x01\x7f\x85",
        "e\U0001fffe",
        "]]>&<\"'",
        "\udcff\udced\udca0\udc80",
    ]
    for name in names:
        (place / name).write_bytes(payloads.pickle_of(place / "canary", 2))
    suites = ET.fromstring(run([CLI, "scan", "-r", "--format", "junit", place]).out)
    assert len(suites) == len(names)
    told = {suite.attrib["name"] for suite in suites}
    assert f"{place}/\\xef\\xbf\\xbe.pkl" in told
    assert f"{place}/]]>&<\"'" in told


def test_scan_of_one_file_says_the_same_as_ever(tree: Path) -> None:
    (report,) = scan(tree / "a.pkl", status=0)
    assert "accepted" not in report
