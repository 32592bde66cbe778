"""safeguard scan: verdicts, exit statuses, and what it prints in each format."""

import json
import os
import pickle
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import CLI, clean_environment, run, scan
from terminal import (
    COLOURED,
    PLAIN,
    on_terminal,
    read_until,
    read_until_end,
    started,
    without_colour,
)

FIELDS = ["path", "verdict", "score", "coverage", "format", "size", "micros", "reasons"]
REASON_FIELDS = ["rule", "detail", "member", "offset", "weight"]


@pytest.fixture
def clean(place: Path) -> Path:
    path = place / "clean.pkl"
    path.write_bytes(pickle.dumps({"weights": [1.0, 2.0]}, 4))
    return path


@pytest.fixture
def evil(place: Path) -> Path:
    path = place / "evil.pkl"
    path.write_bytes(payloads.pickle_of(place / "canary", 2))
    return path


@pytest.fixture
def text(place: Path) -> Path:
    path = place / "notes.txt"
    path.write_text("Nothing to load here.\n" * 100)
    return path


# Protocol 2: PROTO, then GLOBAL at byte 2; REDUCE comes last but STOP.
def call_offset(path: Path) -> int:
    return path.stat().st_size - 2


def test_jsonl_fields_of_a_malicious_file(evil: Path) -> None:
    (report,) = scan(evil, status=1)
    assert list(report) == FIELDS
    assert report["path"] == str(evil)
    assert report["verdict"] == "malicious"
    assert isinstance(report["score"], float)
    assert 0.9 <= report["score"] <= 1
    assert (report["coverage"], report["format"]) == ("complete", "pickle")
    assert report["size"] == evil.stat().st_size
    assert isinstance(report["micros"], int)
    for reason in report["reasons"]:
        assert list(reason) == REASON_FIELDS
        assert isinstance(reason["offset"], int)
        assert 0 <= reason["weight"] <= 1
    first = report["reasons"][0]
    assert re.fullmatch(rf'calls \S*system\("touch {evil.parent}/canary"\)', first["detail"])
    assert (first["member"], first["offset"]) == ("", call_offset(evil))
    assert first["weight"] == max(reason["weight"] for reason in report["reasons"])


def test_jsonl_fields_of_a_clean_file(clean: Path) -> None:
    (report,) = scan(clean, status=0)
    assert list(report) == FIELDS
    assert (report["verdict"], report["coverage"]) == ("benign", "complete")
    assert report["format"] == "pickle"
    assert report["score"] < 0.5


def test_jsonl_of_a_file_that_is_no_carrier(text: Path) -> None:
    (report,) = scan(text, status=0)
    assert (report["verdict"], report["format"], report["coverage"]) == (
        "benign",
        "none",
        "complete",
    )
    assert report["reasons"] == []


def test_scanning_runs_nothing(evil: Path) -> None:
    scan(evil, status=1)
    assert not (evil.parent / "canary").exists()


@pytest.mark.parametrize("protocol", payloads.PROTOCOLS)
def test_every_protocol_is_malicious(place: Path, protocol: int) -> None:
    path = place / "no-ending-at-all"
    path.write_bytes(payloads.pickle_of(place / "canary", protocol))
    (report,) = scan(path, status=1)
    assert report["verdict"] == "malicious"


@pytest.mark.parametrize(
    ("names", "options", "status"),
    [
        ([], [], 0),
        (["evil"], [], 1),
        (["missing"], [], 2),
        (["evil", "missing"], [], 1),
        (["missing", "evil"], [], 1),
        (["evil"], ["--fail-on", "suspicious"], 1),
        ([], ["--fail-on=suspicious"], 0),
    ],
)
def test_exit_status(
    clean: Path, text: Path, evil: Path, names: list[str], options: list[str], status: int
) -> None:
    others = {"evil": evil, "missing": clean.parent / "missing"}
    paths = [clean, text, *(others[name] for name in names)]
    assert run([CLI, "scan", *options, *paths]).status == status


def test_fail_on_suspicious(place: Path) -> None:
    path = place / "odd.pkl"
    path.write_bytes(payloads.SUSPICIOUS)
    (report,) = scan(path)
    assert report["verdict"] == "suspicious", report
    assert run([CLI, "scan", path]).status == 0
    assert run([CLI, "scan", "--fail-on", "suspicious", path]).status == 1


def test_text_line_and_summary(clean: Path, evil: Path, text: Path) -> None:
    done = run([CLI, "scan", "-j1", clean, evil, text])
    lines = done.out.splitlines()
    (report,) = scan(evil)
    reason = report["reasons"][0]
    assert re.fullmatch(rf"safeguard: {clean}: benign 0\.\d\d\d \(pickle\)", lines[0])
    assert lines[1] == (
        f"safeguard: {evil}: malicious {report['score']:.3f}: "
        f"{reason['detail']} at byte {reason['offset']}"
    )
    assert lines[2] == f"safeguard: {text}: benign 0.000 (no pickle in it)"
    assert re.fullmatch(
        r"safeguard: 3 files \(2\.\d KB\) in \d+\.\d s: 1 malicious, 0 suspicious, 2 benign",
        lines[3],
    )
    assert (len(lines), done.status, done.err) == (4, 1, "")


def test_text_leaves_clean_files_of_a_directory_out(clean: Path, evil: Path, text: Path) -> None:
    quiet = run([CLI, "scan", "-r", clean.parent]).out.splitlines()
    assert [line.split(":")[1] for line in quiet[:-1]] == [f" {evil}"]
    loud = run([CLI, "scan", "-r", "-v", clean.parent]).out
    assert all(f"safeguard: {path}: " in loud for path in (clean, evil, text))


def test_verbose_shows_all_reasons(evil: Path) -> None:
    (report,) = scan(evil)
    shown = re.findall(r"^    [01]\.\d{3} (\S+): ", run([CLI, "scan", "-v", evil]).out, re.M)
    assert shown == [reason["rule"] for reason in report["reasons"]]


def test_json_is_one_document(clean: Path, evil: Path) -> None:
    done = run([CLI, "scan", "--format", "json", clean, evil, clean.parent / "missing"])
    document = json.loads(done.out)
    assert done.status == 1
    assert {next(iter(one)) for one in document["files"]} == {"path"}
    assert {one["path"]: one["verdict"] for one in document["files"]} == {
        str(clean): "benign",
        str(evil): "malicious",
        str(clean.parent / "missing"): "benign",
    }
    summary = document["summary"]
    assert (summary["files"], summary["unreadable"], summary["malicious"]) == (2, 1, 1)
    assert summary["bytes"] == clean.stat().st_size + evil.stat().st_size


def test_json_of_nothing_found(place: Path) -> None:
    document = json.loads(run([CLI, "scan", "-r", "--format", "json", place]).out)
    assert document["files"] == []
    assert document["summary"]["files"] == 0


def test_colour_on_a_terminal_only(evil: Path, clean: Path) -> None:
    command: list[str | Path] = [CLI, "scan", evil, clean]
    shown = on_terminal(command, COLOURED)
    assert "\x1b[1;31mmalicious\x1b[0m" in shown
    assert "\x1b[32mbenign\x1b[0m" in shown
    assert "\x1b" not in run(command).out
    assert "\x1b" not in on_terminal(command, {"TERM": "dumb", "NO_COLOR": ""})
    assert "\x1b" not in on_terminal(command, PLAIN)


@pytest.mark.parametrize("columns", [40, 80, 132])
def test_terminal_is_never_too_narrow(place: Path, columns: int) -> None:
    """Paths stand whole in lines of their own; all else is broken between words."""
    path = place / "evil.pkl"
    path.write_bytes(payloads.pickle_of(place / "words and-words-without-end" / ("x" * 60), 4))
    (place / "odd.pkl").write_bytes(payloads.SUSPICIOUS)
    for words in ([path, place / "odd.pkl", path], ["-v", path], ["-r", place]):
        shown = on_terminal([CLI, "scan", "-j1", *words], PLAIN, columns=columns)
        lines = [line for line in shown.splitlines() if str(place) + "/" not in line[:60]]
        assert max(map(len, lines)) <= columns
        joined = "".join(line.removeprefix("  ") for line in shown.splitlines())
        assert "x" * 60 in joined
    assert without_colour(on_terminal([CLI, "scan", path], COLOURED, columns=columns)) == (
        on_terminal([CLI, "scan", path], PLAIN, columns=columns)
    )


def test_terminal_shows_all_there_is_to_say(place: Path, clean: Path, text: Path) -> None:
    (place / "sub").mkdir()
    evil = place / "sub/evil.pkl"
    evil.write_bytes(payloads.pickle_of(Path("/x"), 2))
    cut = place / "cut.pkl"
    cut.write_bytes(pickle.dumps(list(range(1000)))[:-20])
    for name in ("a", "b", "c", "d"):
        (place / "sub" / name).symlink_to("evil.pkl")
    words = ["-j1", "-r", clean, text, cut, place / "sub", place / "missing"]
    shown = on_terminal([CLI, "scan", *words], PLAIN)
    offset = call_offset(evil)
    assert shown.splitlines()[:-3] == [
        f"benign      0.000  {clean}  pickle",
        f"benign      0.000  {text}  no pickle in it",
        f"unclear     0.300  {cut}",
        f"  the pickle ends before its STOP (byte {cut.stat().st_size})",
        "  not fully analysed (pickle)",
        f"malicious   0.997  {place}/sub/a",
        f'  calls posix.system("touch /x") (byte {offset})',
        f"  also {place}/sub/b",
        f"  also {place}/sub/c",
        f"  also {place}/sub/d",
        "  and 1 names more",
        f"safeguard: {place}/missing: cannot be scanned: No such file or directory",
        "",
    ]
    summary = " ".join(shown.splitlines()[-3:])
    assert re.fullmatch(
        r"safeguard: 4 files \([\d.]+ KB\) in \d+\.\d s: 1 malicious, 0 suspicious, 3 benign, "
        r"1 not fully analysed, 1 not readable "
        r"What one of them would do when loaded: safeguard explain FILE",
        summary,
    )
    assert all(len(line) <= 80 for line in shown.splitlines()[-3:])


def test_progress_on_a_terminal(place: Path) -> None:
    folder = place / "many"
    folder.mkdir()
    path = payloads.long_pickle(place)
    for number in range(14):
        os.link(path, folder / f"{number}.pkl")
        (folder / f"again{number}.pkl").symlink_to(f"{number}.pkl")  # no work, and not counted
    shown = on_terminal([CLI, "scan", "-j1", "-r", folder], PLAIN)
    drawn = re.findall(
        r"\r\x1b\[K(\d+)/14 files, [\d.]+ [KMG]?B of 840 MB, [\d.]+ [KMG]?B/s"
        r"(, [\d.]+ (?:s|min|h) left)?",
        shown,
    )
    assert len(drawn) >= 2
    assert drawn[-1][1]
    assert [int(done) for done, _ in drawn] == sorted(int(done) for done, _ in drawn)
    last = shown.split("\r\x1b[K")[-1]
    assert last.strip().startswith("safeguard: 14 files (840 MB)")


def test_control_c(place: Path) -> None:
    """It ends at once, with what was found so far, and as something that was interrupted."""
    folder = payloads.endless(place)
    command: list[str | Path] = [CLI, "scan", "-j1", "-r", folder]
    with started(command, PLAIN, columns=30) as (process, leader):
        shown = read_until(leader, "/1001 files")
        os.write(leader, b"\x03")
        shown += read_until_end(leader)
    assert process.returncode == -signal.SIGINT
    assert f"malicious   0.997  {folder}/a.pkl" in shown
    lines = re.findall(r"\r\x1b\[K(\d[^\r\n^]*)", shown)
    assert lines
    assert max(map(len, lines)) == 29  # one that wraps could not be taken away
    summary = " ".join(shown.split("\r\x1b[K")[-1].split())
    assert re.fullmatch(
        r"safeguard: stopped by SIGINT after \d{1,3} of 1001 files \([\d.]+ .?B looked at\) "
        r"in [\d.]+ s: 1 malicious, 0 suspicious, \d+ benign",
        summary,
    )


def test_lines_are_written_as_files_are_done(evil: Path) -> None:
    path = payloads.long_pickle(evil.parent)
    words = [str(word) for word in (CLI, "scan", "-j1", "--format=jsonl", evil, *[path] * 20)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=clean_environment()) as process:
        assert process.stdout
        first = json.loads(process.stdout.readline())
        process.kill()
        rest = process.stdout.read().splitlines()
    assert first["path"] == str(evil)
    assert len(rest) < 20


def test_many_threads_do_not_mix_lines(place: Path) -> None:
    names = [f"{number:03}-" + "é" * (number % 60) for number in range(600)]
    for number, name in enumerate(names):
        body = payloads.pickle_of(place / "canary", payloads.PROTOCOLS[number % 3])
        (place / name).write_bytes(body + b"N0" * number)
    done = run([CLI, "scan", "-r", "-j16", "--format", "jsonl", place])
    reports = [json.loads(line) for line in done.out.splitlines()]
    assert sorted(Path(report["path"]).name for report in reports) == sorted(names)
    assert {report["verdict"] for report in reports} == {"malicious"}


def test_results_that_cannot_be_written(clean: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([CLI, "scan", clean], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == ("safeguard: scan: cannot write the results: No space left on device\n")


def escaped(one: dict[str, Any]) -> bytes:
    return os.fsencode(one["path"])


def test_any_path_survives_jsonl(place: Path) -> None:
    names = [
        b"caf\xe9",
        b"\xff\xfe\x80",
        "日本語".encode(),
        b'quo"te\\',
        b"new\nline\t\x01\x7f",
        b"\xed\xa0\x80 surrogate",
        b"\xc0\xaf overlong",
        b"\xf5\x80\x80\x80",
        b"end\xe2\x82",
    ]
    paths = [os.fsencode(place) + b"/" + name for name in names]
    for path in paths:
        with open(path, "wb") as file:
            file.write(b"\x80\x04N.")
    done = run([CLI, "scan", "-r", "--format", "jsonl", place])
    assert done.out.isascii() or "日本語" in done.out
    lines = done.out.encode("utf-8", "strict").splitlines()
    assert sorted(escaped(json.loads(line)) for line in lines) == sorted(paths)


def test_text_output_is_safe_for_a_terminal(place: Path) -> None:
    path = os.fsencode(place) + b"/a\x1b[31mb\xff\xc2\x9bc\xe2\x80\xaed.pkl"
    with open(path, "wb") as file:
        file.write(payloads.pickle_of(place / "canary", 4))
    done = run([CLI, "scan", "-r", place])
    assert done.out.startswith(
        f"safeguard: {place}/a\\x1b[31mb\\xff\\xc2\\x9bc\\xe2\\x80\\xaed.pkl: malicious "
    )


def test_micros_is_the_time_it_took(place: Path) -> None:
    path = payloads.long_pickle(place)
    begun = time.monotonic()
    (report,) = scan(path, status=0)
    passed = (time.monotonic() - begun) * 1e6
    assert 1000 < report["micros"] <= passed
