"""safeguard explain: what a loader would do, in words, as a listing, as a graph, as a page."""

import collections
import datetime
import pickle
import pickletools
import re
import shutil
import subprocess
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import attack_streams
import payloads
import pytest
from conftest import CLI, run

CLEAN = {
    "weights": collections.OrderedDict(a=[1, 2.5, None, True], b=(b"bytes", "text" * 90)),
    "when": datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC),
    "many": list(range(300)),
}


def infected(folder: Path, protocol: int = 4) -> Path:
    path = folder / "model.pkl"
    path.write_bytes(payloads.pickle_of(folder / "canary", protocol))
    return path


def archive(folder: Path) -> Path:
    path = folder / "model.zip"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("archive/data.pkl", payloads.pickle_of(folder / "canary", 2))
        out.writestr("archive/other.pkl", pickle.dumps(CLEAN))
    return path


@pytest.mark.parametrize("protocol", payloads.PROTOCOLS)
def test_says_what_would_happen(place: Path, protocol: int) -> None:
    done = run([CLI, "explain", infected(place, protocol)])
    assert (done.status, done.err) == (0, "")
    first, action, *rest = done.out.splitlines()
    assert first.startswith(f"{place}/model.pkl: malicious 0.9")
    assert action == "The guard would refuse to open it."
    assert rest[1] == "What speaks against it:"
    assert f'.system("touch {place}/canary")' in rest[2]
    assert re.search(r"^!! +\d+  calls (os|posix)\.system\(", done.out, re.M)
    assert not (place / "canary").exists()


def test_clean_file(place: Path) -> None:
    path = place / "clean.pkl"
    path.write_bytes(pickle.dumps(CLEAN))
    done = run([CLI, "explain", path])
    assert done.status == 0
    assert "The guard would let it be opened." in done.out
    assert "Nothing speaks against it." in done.out
    assert "names collections.OrderedDict" in done.out


@pytest.mark.parametrize("protocol", range(6))
def test_listing_agrees_with_pickletools(place: Path, protocol: int) -> None:
    path = place / "clean.pkl"
    data = pickle.dumps(CLEAN, protocol)
    path.write_bytes(data)
    done = run([CLI, "explain", "--all", path])
    listed = re.findall(r"^ {3,}(\d+)  ([A-Z][A-Z0-9_]+)(?: (.*))?$", done.out, re.M)
    disassembled = list(pickletools.genops(data))
    assert [(int(at), name) for at, name, _ in listed] == [
        (at, opcode.name) for opcode, _, at in disassembled
    ]
    for (_, name, shown), (_, argument, _) in zip(listed, disassembled, strict=True):
        if name == "BININT1":
            assert shown == str(argument)
        if isinstance(argument, str) and name == "SHORT_BINUNICODE" and argument.isalnum():
            assert shown == f'"{argument}"'


def test_what_becomes_of_results(place: Path) -> None:
    path = place / "odd.pkl"
    path.write_bytes(b"cacme.tools\nmake\n)Rq\x00(I1\ntR0h\x00.")
    text = run([CLI, "explain", path]).out
    assert re.search(r"calls acme\.tools\.make\(\) = #1 \(the result is called\)", text)
    assert re.search(r"calls .* = #2 calling #1 \(the result is thrown away\)", text)


def test_one_member(place: Path) -> None:
    path = archive(place)
    both = run([CLI, "explain", path]).out
    one = run([CLI, "explain", f"{path}:archive/other.pkl"])
    assert "in archive/data.pkl:" in both
    assert "in archive/other.pkl:" in both
    assert one.status == 0
    assert "in archive/other.pkl:" in one.out
    assert "in archive/data.pkl:" not in one.out


def test_file_with_a_colon_in_its_name(place: Path) -> None:
    path = place / "a:b.pkl"
    path.write_bytes(pickle.dumps(CLEAN))
    assert run([CLI, "explain", path]).status == 0


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("model.zip:nothing.pkl", "there is no such member"),
        ("missing.pkl", "No such file"),
        (".", "directory"),
    ],
)
def test_what_cannot_be_explained(place: Path, target: str, said: str) -> None:
    archive(place)
    done = run([CLI, "explain", place / target])
    assert done.status == 2
    assert said in done.err
    assert done.out == ""


def test_file_that_is_cut_off(place: Path) -> None:
    path = place / "cut.pkl"
    path.write_bytes(pickle.dumps(CLEAN)[:-9])
    done = run([CLI, "explain", path])
    assert done.status == 2
    assert "analysed in part" in done.out


def test_readings_that_differ(place: Path) -> None:
    path = place / "straddle.pkl"
    path.write_bytes(attack_streams.hidden_by_frame(1 << 17))
    out = run([CLI, "explain", path]).out
    assert "read another way (1), where that differs" in out
    assert "an argument crosses the end of its frame" in out


def test_graph(place: Path) -> None:
    done = run([CLI, "explain", "--format", "dot", infected(place)])
    assert done.status == 0
    assert re.search(r'n0_\d+ \[label="posix\.system", shape=ellipse', done.out)
    assert re.search(r'c0_1 \[label="#1 posix\.system\(\\"touch ', done.out)
    assert re.search(r"c0_1 -> n0_\d+ \[label=calls\];", done.out)
    if shutil.which("dot"):
        drawn = subprocess.run(
            ["dot", "-Tsvg"], input=done.out.encode(), stdout=subprocess.PIPE, check=True
        )
        assert b"posix.system" in drawn.stdout


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: collections.Counter[str] = collections.Counter()
        self.text = ""
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page(place: Path) -> None:
    done = run([CLI, "explain", "--html", archive(place)])
    page = Page()
    page.feed(done.out)
    assert done.status == 0
    assert page.links == []
    assert page.tags["script"] == 0
    assert page.tags["svg"] == 2
    assert f'calls posix.system("touch {place}/canary")' in page.text
    assert "archive/other.pkl" in page.text


def test_page_is_safe_from_what_it_shows(place: Path) -> None:
    hostile = '"><script>alert(1)</script>\x1b[2J\u202e'
    path = place / f"{hostile.replace('/', '_')}.pkl"
    path.write_bytes(b"cos\nsystem\n" + attack_streams.text(hostile) + b"\x85R.")
    done = run([CLI, "explain", "--html", path])
    page = Page()
    page.feed(done.out)
    assert page.tags["script"] == 0
    assert "<script>alert(1)" in page.text
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert "\x1b" not in run([CLI, "explain", "-a", path]).out
