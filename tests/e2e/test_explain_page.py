"""safeguard explain --html: the page as a browser shows it, on a desk and on a phone, by day and by night."""

import collections
import datetime
import gzip
import pickle
import tempfile
import zipfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import browser
import payloads
import pytest
from conftest import CLI, run

LIGHT = {"page": (0xF4, 0xF5, 0xF7), "card": (0xFF, 0xFF, 0xFF), "red": (0xD1, 0x38, 0x3D)}
DARK = {"page": (0x14, 0x17, 0x1C), "card": (0x1D, 0x21, 0x28), "red": (0xE5, 0x56, 0x5B)}
GREEN, BLUE, AMBER = (0x3F, 0x9D, 0x6B), (0x4A, 0x7B, 0xD0), (0xA8, 0x64, 0x00)
PHONE, DESK = (390, 800), (800, 640)
SAVE = """
import os, sys, torch
class Payload:
    def __reduce__(self):
        return os.system, (sys.argv[2],)
state = {"weight": torch.zeros(4, 4), "bias": torch.ones(3)}
torch.save(state | {"hook": Payload()} if sys.argv[2] else state, sys.argv[1])
"""


class Document(HTMLParser):
    """What stands where in the document that a browser made."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: collections.Counter[str] = collections.Counter()
        self.attributes: set[str] = set()
        self.text: dict[str, list[str]] = collections.defaultdict(list)
        self.path: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes.update(name for name, _ in attrs)
        if tag in ("meta", "br"):
            return
        self.path.append(f"{tag}.{dict(attrs).get('class') or ''}")
        self.text[self.path[-1]].append("")

    def handle_endtag(self, tag: str) -> None:
        while self.path and not self.path.pop().startswith(f"{tag}."):
            pass

    def handle_data(self, data: str) -> None:
        for name in set(self.path):
            self.text[name][-1] += data

    def rows(self) -> list[str]:
        return [
            text for name, some in self.text.items() if name.startswith("tr.r") for text in some
        ]


def explained(path: Path) -> Path:
    done = run([CLI, "explain", "--html", path])
    assert done.status == 0, done
    page = path.with_suffix(".html")
    page.write_text(done.out)
    return page


@pytest.fixture(scope="module")
def model(venv_python: str) -> Iterator[Path]:
    """Saved by torch, with a payload."""
    with tempfile.TemporaryDirectory(prefix="sg", dir="/tmp") as folder:
        path = Path(folder) / "model.pt"
        words = [venv_python, "-c", SAVE, str(path), f"touch {folder}/canary"]
        assert run(words, seconds=300).status == 0
        yield path


def test_malicious_model(model: Path) -> None:
    page = explained(model)
    shown = Document(browser.dom(page))
    call = f'calls posix.system("touch {model.parent}/canary")'
    assert shown.text["h1."] == [str(model)]
    assert shown.text["p.verdict malicious"] == ["malicious 0.997"]
    assert "The guard would refuse to open it." in "".join(shown.text["header."])
    assert any(row.startswith(f"0.997{call}calls-spawn, byte ") for row in shown.rows())
    assert any(text.startswith(call) for text in shown.text["td.what"])
    assert shown.text["h2."][-1] == "model/data.pkl"
    assert any("rule 0.997, learned " in text for text in shown.text["span.soft"])
    assert {"svg", "rect", "path"} <= shown.tags.keys()
    assert not shown.tags.keys() & {"script", "img", "link", "iframe", "a"}
    assert not (model.parent / "canary").exists()

    day, night = (browser.screenshot(page, *DESK, dark=dark) for dark in (False, True))
    for drawn, colours in ((day, LIGHT), (night, DARK)):
        assert (drawn.width, drawn.height) == DESK
        assert drawn.count(colours["page"]) > 80_000
        assert drawn.count(colours["card"]) > 150_000
        assert drawn.count(colours["red"]) > 1_500  # the verdict, the reason, the box of the call
    assert day.count(DARK["card"]) == night.count(LIGHT["card"]) == 0
    whole = browser.screenshot(page, DESK[0], 3 * DESK[1])
    assert whole.count(BLUE) > 300  # boxes of names, however much stands above them


def test_on_a_phone(model: Path) -> None:
    """All is to be read without pushing it about: nothing reaches over the edge."""
    drawn = browser.screenshot(explained(model), *PHONE)
    assert drawn.width == PHONE[0]
    assert drawn.columns(PHONE[0] - 9, PHONE[0]) == {LIGHT["page"]}
    assert drawn.columns(0, 9) == {LIGHT["page"]}
    assert drawn.count(LIGHT["red"]) > 1_000
    ink = [y for y, row in enumerate(drawn.rows) if LIGHT["red"] in row]
    assert min(ink) < 150  # the verdict is what one sees first


def test_clean_and_doubtful(place: Path) -> None:
    clean, odd = place / "clean.pkl", place / "odd.pkl"
    clean.write_bytes(pickle.dumps({"when": datetime.date(2024, 2, 29)}))
    odd.write_bytes(payloads.SUSPICIOUS)
    page = explained(clean)
    shown = Document(browser.dom(page))
    assert shown.text["p.verdict benign"] == ["benign 0.000"]
    assert any("Nothing." in text for text in shown.text["section."])
    drawn = browser.screenshot(page, *DESK)
    assert drawn.count(GREEN) > 300
    assert drawn.count(LIGHT["red"]) == 0
    page = explained(odd)
    assert Document(browser.dom(page)).tags["meter"] > 0  # what the learned score is made of
    assert browser.screenshot(page, *DESK).count(AMBER) > 500


def test_archives_in_archives(place: Path) -> None:
    data = payloads.pickle_of(Path("/x"), 2)
    for depth in range(4):
        with zipfile.ZipFile(place / f"{depth}.zip", "w") as archive:
            archive.writestr(f"level{depth}.bin", gzip.compress(data))
        data = (place / f"{depth}.zip").read_bytes()
    shown = Document(browser.dom(explained(place / "2.zip")))
    inner = "level2.bin!(unpacked)!level1.bin!(unpacked)!level0.bin!(unpacked)"
    assert inner in shown.text["h2."]
    assert any(inner in row for row in shown.rows())
    drawn = browser.screenshot(place / "2.html", *PHONE)
    assert drawn.columns(PHONE[0] - 9, PHONE[0]) == {LIGHT["page"]}


def test_hostile_names_are_inert(place: Path) -> None:
    """Nothing of what a file holds becomes a part of the page, nor runs."""
    attack = (
        "</h1></title></style><script>document.body.innerHTML='taken'</script>"
        "<img src=x onerror=\"document.body.innerHTML='taken'\">&amp;<svg onload=alert(1)>'\"`"
    )
    inside = attack.replace("/", "_")
    path = place / f"{attack.replace('/', chr(92))}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        text = attack.encode()
        body = b"\x80\x02cos\nsystem\nX" + len(text).to_bytes(4, "little") + text + b"\x85R."
        archive.writestr(f"{inside}/data.pkl", body)
        archive.writestr(f"{inside}/version", "3")
    done = run([CLI, "explain", "--html", path])
    assert done.status == 0
    page = place / "page.html"
    page.write_text(done.out)
    shown = Document(browser.dom(page))
    assert not shown.tags.keys() & {"script", "img", "a", "link", "iframe", "object"}
    assert not [name for name in shown.attributes if name.startswith("on")]
    assert not shown.attributes & {"src", "href", "style"}
    assert shown.tags["h1"] == 1
    assert shown.text["title."][0] == "safeguard explain"
    assert f"{inside}/data.pkl" in shown.text["h2."]
    assert shown.text["h1."] != ["taken"]
    assert shown.text["p.verdict malicious"] == ["malicious 0.997"]


@pytest.fixture
def large(place: Path) -> Path:
    """Many members, one with very many lines, and the payload in the last."""
    path = place / "large.zip"
    many = pickle.dumps([datetime.date(2000 + n % 99, 1 + n % 12, 1) for n in range(30_000)], 0)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first/many.pkl", many)
        for number in range(600):
            some = [datetime.date(2024, 1, n + 1) for n in range(20)]
            archive.writestr(f"models/{number}/data.pkl", pickle.dumps(some))
        archive.writestr("models/last/data.pkl", payloads.pickle_of(Path("/x"), 2))
    return path


def test_page_of_a_large_file_is_bounded(large: Path) -> None:
    text = explained(large).read_text()
    assert len(text) < 4_000_000
    shown = Document(text)
    assert 'calls posix.system("touch /x")' in "".join(shown.text["td.what"])
    assert "models/last/data.pkl" in shown.text["h2."]
    assert any(" lines more" in said for said in shown.text["p.soft"])
    assert any(said.endswith("against which nothing speaks") for said in shown.text["p.soft"])
    assert text.count("<details open>") == 1  # of so many only what weighs is laid open
    assert run([CLI, "explain", large]).out.count("What a loader does") > 600  # the text is whole
    drawn = browser.screenshot(large.with_suffix(".html"), *DESK)
    assert drawn.count(LIGHT["red"]) > 1_000
