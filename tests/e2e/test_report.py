"""safeguard report: what the guard wrote down, added up."""

import json
import random
import re
import xml.etree.ElementTree as ET
from collections import Counter
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import browser
import payloads
import pytest
from conftest import CLI, Done, guarded, run
from log_loading import LOAD_ALL, PYTHON

HOSTILE = '<script>alert(1)<\x1b[31m&\udcff".pkl'


@pytest.fixture
def log(place: Path) -> Path:
    """Three processes under the guard: two that block and one that logs."""
    paths = [place / f"model{i}.pkl" for i in range(5)]
    paths.append(place / HOSTILE)
    for i, path in enumerate(paths):
        path.write_bytes(payloads.pickle_of(place / f"canary{i}", payloads.PROTOCOLS[i % 3]))
    made = place / "guard.log"
    for mode, some in (("block", paths), ("block", paths[:2]), ("log", paths[:1])):
        done = run([PYTHON, "-c", LOAD_ALL, *some], env=guarded(log=str(made), mode=mode))
        assert (done.status, done.err) == (0, "")
    return made


def records(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text("utf-8", "surrogateescape").splitlines()]


def report(*words: str | Path) -> Done:
    done = run([CLI, "report", *words])
    assert done.status == 0, done
    return done


def section(page: str, title: str) -> list[list[str]]:
    """The rows of one table: blocked, logged, verdict, score, name."""
    part = next(part for part in page.split("\n\n") if part.startswith(f"{title} ("))
    return [line.split(maxsplit=4) for line in part.splitlines()[2:]]


def actions(found: list[dict[str, Any]], key: str, value: str) -> list[str]:
    counts = Counter(one["action"] for one in found if one[key] == value)
    return [str(counts["block"]), str(counts["log"])]


def test_text_adds_up(log: Path) -> None:
    found, done = records(log), report(log)
    assert done.err == ""
    blocked = sum(one["action"] == "block" for one in found)
    assert blocked == 8
    lines = done.out.splitlines()
    assert lines[0] == f"{len(found)} records from 1 log"
    first, last = (found[i]["ts"][:19].replace("T", " ") for i in (0, -1))
    assert lines[1] == f"{first} to {last} UTC"
    assert lines[2].startswith(f"{blocked} blocked, {len(found) - blocked} logged; ")
    files = section(done.out, "Files")
    assert len(files) == len({one["path"] for one in found})
    for row in files:
        path = row[4].replace("\\x1b", "\x1b").replace("\\xff", "\udcff")
        assert row[:2] == actions(found, "path", path), row
    (program,) = section(done.out, "Programs")
    assert program[4] == f"{Path(PYTHON).resolve()}  in 3 processes"
    formats = section(done.out, "Formats")
    assert {row[4]: row[:2] for row in formats} == {
        name: actions(found, "format", name) for name in {one["format"] for one in found}
    }


def test_reasons_are_named_without_what_they_were_given(log: Path) -> None:
    reasons = {row[4]: row[:2] for row in section(report(log).out, "Reasons")}
    calls = [name for name in reasons if name.startswith("calls ")]
    assert sorted(calls) == [
        "calls os.system(…)  [calls-spawn]",
        "calls posix.system(…)  [calls-spawn]",
    ]
    assert sum(int(reasons[name][0]) for name in calls) == 8


def test_several_logs_add_up_in_any_order(log: Path, place: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    old, new = place / "guard.log.1", place / "guard.log.2"
    old.write_bytes(b"".join(lines[:3]))
    new.write_bytes(b"".join(lines[3:]))
    whole = report(log).out
    for logs in ((old, new), (new, old)):
        assert report(*logs).out == whole.replace("from 1 log", "from 2 logs")


def test_lines_that_are_no_records_are_counted_and_said(log: Path, place: Path) -> None:
    good = log.read_bytes().splitlines()
    bad = [
        b"safeguard: blocked /a: malicious",
        b"{}",
        b"[]",
        good[0] + b"x",
        good[0].replace(b'"block"', b'"maybe"'),
        good[0].replace(b'"malicious"', b'"odd"'),
        re.sub(rb'"ts":"\d{4}', b'"ts":"0000', good[0]),
        re.sub(rb'"micros":\d+', b'"micros":nan', good[0]),
        re.sub(rb'"micros":\d+', b'"micros":-1', good[0]),
        good[0].replace(b'"path":"', b'"path":"\\u0000'),
        good[0].replace(b'"path":"', b'"path":"\\ud800'),
        good[0].replace(b'"path":"', b'"path":"\0'),
        b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"x":"' + b"y" * (2 << 20) + b'"}',
        b"\xff\xfe\x00",
    ]
    mixed = place / "mixed.log"
    mixed.write_bytes(b"\n".join([*good, *bad]) + b"\n")
    done = report(mixed)
    assert done.err == (
        f"safeguard: report: {mixed}: {len(bad)} lines are no records, the first is line "
        f"{len(good) + 1}\n"
    )
    first, rest = done.out.split("\n", 1)
    assert first == f"{len(good)} records from 1 log (and {len(bad)} lines that are no records)"
    assert rest == report(log).out.split("\n", 1)[1]
    assert f"safeguard_bad_lines_total {len(bad)}\n" in report("-fprometheus", mixed).out
    assert f"{len(bad)} lines are no records" in report("-fhtml", mixed).out


def test_every_beginning_of_a_line_is_no_record(log: Path, place: Path) -> None:
    line = next(line for line in log.read_bytes().splitlines() if b"\\u" in line)
    cut = place / "cut.log"
    cut.write_bytes(b"\n".join(line[:i] for i in range(1, len(line))) + b"\n" + line)
    assert report(cut).out.startswith(
        f"1 record from 1 log (and {len(line) - 1} lines that are no records)\n"
    )


def columns(page: str) -> list[int]:
    when = page[page.index("<h2>When</h2>") :]
    when = when[: when.index("</svg>")]
    found = re.findall(r"<title>from [^:]+:\d\d:\d\d: (\d+) blocked, (\d+) logged", when)
    return [int(blocked) + int(logged) for blocked, logged in found]


@pytest.mark.parametrize("seconds", [1, 70, 71, 72, 4_000, 90_000, 40_000_000, 4_000_000_000])
def test_time_line_holds_every_record(log: Path, place: Path, seconds: int) -> None:
    """Real records at other times, in any order."""
    line, rng = log.read_text().splitlines()[0], random.Random(seconds)
    begun = datetime(2026, 2, 27, 23, 59, 58, tzinfo=UTC)
    times = [begun, begun + timedelta(seconds=seconds)]
    times += [begun + timedelta(seconds=rng.randrange(seconds + 1)) for _ in range(200)]
    rng.shuffle(times)
    stamps = [f"{time:%Y-%m-%dT%H:%M:%S}.{rng.randrange(1000):03}Z" for time in times]
    spread = place / "spread.log"
    spread.write_text(
        "".join(re.sub(r'"ts":"[^"]+"', f'"ts":"{stamp}"', line) + "\n" for stamp in stamps)
    )
    page = report("--format", "html", spread).out
    assert sum(columns(page)) == len(times)
    assert 1 < len(columns(page)) <= 72
    text = report(spread).out
    assert f"\n{min(times):%Y-%m-%d %H:%M:%S} to {max(times):%Y-%m-%d %H:%M:%S} UTC\n" in text
    drawn = next(text for text in text.splitlines() if re.fullmatch("  [·▁▂▃▄▅▆▇█]+", text)).strip()
    assert "█" in drawn
    assert len(drawn) <= 72
    assert sum(mark != "·" for mark in drawn) == len(columns(page))


class Page(HTMLParser):
    """Notes the tags, and whether all are closed in order."""

    VOID = frozenset({"meta", "br", "hr", "img", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def plots(page: str) -> list[ET.Element]:
    found = re.findall(r"<svg.*?</svg>", page, re.S)
    return [ET.fromstring(text) for text in found]


def test_page_needs_nothing_and_runs_nothing(log: Path) -> None:
    text = report("--format", "html", log).out
    page = Page(text)
    assert not page.tags & {"script", "link", "img", "iframe", "object", "a"}
    assert not page.attributes & {"src", "href", "style"}
    assert not any(name.startswith("on") for name in page.attributes)
    assert "default-src 'none'" in text
    assert "url(" not in text
    assert "\x1b" not in text
    assert "&lt;script&gt;alert(1)&lt;\\x1b[31m&amp;\\xff&quot;.pkl" in text


def test_plots_show_what_is_there_within_their_frames(log: Path) -> None:
    found = records(log)
    text = report("--format", "html", log).out
    drawn = plots(text)
    assert len(drawn) == 8
    for plot in drawn:
        _, _, width, height = map(float, plot.attrib["viewBox"].split())
        for box in plot.iter("rect"):
            x, y, w, h = (float(box.attrib[name]) for name in ("x", "y", "width", "height"))
            assert x >= 0
            assert y >= 0
            assert x + w <= width + 0.1
            assert y + h <= height + 0.1
        for word in plot.iter("text"):
            assert 0 <= float(word.attrib["x"]) <= width
            assert 8 <= float(word.attrib["y"]) <= height
    assert sum(columns(text)) == len(found)
    shares = [float(ring.attrib["stroke-dasharray"].split()[0]) for ring in drawn[1].iter("circle")]
    assert abs(sum(shares) - 100) < 0.01


METRIC = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? ([\d.]+)')


def test_metrics_for_prometheus(log: Path) -> None:
    found = records(log)
    lines = report("--format", "prometheus", log).out.splitlines()
    samples: dict[str, float] = {}
    typed: set[str] = set()
    for line in lines:
        if line.startswith("# TYPE "):
            typed.add(line.split()[2])
        elif not line.startswith("# HELP "):
            match = METRIC.fullmatch(line)
            assert match, line
            name = re.sub("_(bucket|sum|count)$", "", match[1])
            assert name in typed
            key = f"{match[1]}{{{match[2] or ''}}}"
            assert key not in samples
            samples[key] = float(match[3])
    for kind, count in Counter((r["event"], r["action"], r["verdict"]) for r in found).items():
        labels = 'event="{}",action="{}",verdict="{}"'.format(*kind)
        assert samples[f"safeguard_records_total{{{labels}}}"] == count
    assert samples["safeguard_files{}"] == len({one["path"] for one in found})
    assert samples["safeguard_processes{}"] == 3
    assert samples["safeguard_bad_lines_total{}"] == 0
    assert samples["safeguard_vetting_seconds_count{}"] == len(found)
    total = sum(one["micros"] for one in found) / 1e6
    assert abs(samples["safeguard_vetting_seconds_sum{}"] - total) < 1e-5
    buckets = [n for key, n in samples.items() if key.startswith("safeguard_vetting_seconds_b")]
    assert buckets == sorted(buckets)
    assert buckets[-1] == len(found)
    last = int(datetime.fromisoformat(found[-1]["ts"]).timestamp())
    assert samples["safeguard_last_record_timestamp_seconds{}"] == last


def test_empty_log(place: Path) -> None:
    empty = place / "empty.log"
    empty.write_text("")
    assert report(empty).out == "0 records from 1 log\n"
    assert "There is no record." in report("-fhtml", empty).out
    assert "safeguard_vetting_seconds_count 0\n" in report("-fprometheus", empty).out


def test_log_that_cannot_be_read(log: Path, place: Path) -> None:
    done = run([CLI, "report", place / "none.log", place, log])
    assert done.status == 2
    assert done.err == (
        f"safeguard: report: {place}/none.log: No such file or directory\n"
        f"safeguard: report: {place}: Is a directory\n"
    )
    assert done.out == report(log).out  # the rest is reported


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "report on what? see: safeguard help report"),
        (
            ["--format", "json", "x"],
            "report: --format cannot be 'json': text (default), html or prometheus",
        ),
        (["--fromat", "x"], "report: there is no option --fromat; did you mean --format?"),
    ],
)
def test_bad_usage(words: list[str], message: str) -> None:
    done = run([CLI, "report", *words])
    assert (done.status, done.out, done.err) == (2, "", f"safeguard: {message}\n")


COLOURS = {
    "page": (0xF4, 0xF5, 0xF7),
    "card": (0xFF, 0xFF, 0xFF),
    "red": (0xD1, 0x38, 0x3D),
    "amber": (0xE8, 0xA3, 0x3D),
    "blue": (0x4A, 0x7B, 0xD0),
}


def test_page_in_a_browser(log: Path, place: Path) -> None:
    page = place / "report.html"
    page.write_text(report("--format", "html", log).out)
    drawn = browser.screenshot(page, 1300, 1500, scale=0.5)
    assert (drawn.width, drawn.height) == (650, 750)
    # Of each colour at least what the plots of this log must show.
    least = {"page": 50_000, "card": 100_000, "red": 5_000, "amber": 75, "blue": 125}
    counts = {name: drawn.count(COLOURS[name]) for name in least}
    assert {name: n for name, n in counts.items() if n < least[name]} == {}
    shown = browser.dom(page)
    assert "<h2>When</h2>" in shown
    assert "&lt;script&gt;alert(1)" in shown
    assert "<script" not in shown
