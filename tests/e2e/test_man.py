"""The manual pages: made from the command's own tables, whole, and without faults of form."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import BUILD, CLI, ROOT, run

pytestmark = pytest.mark.skipif(not shutil.which("groff"), reason="no groff here")


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """Both as groff sets them for a terminal, without overstriking."""
    done = run([ROOT / "scripts" / "man", BUILD, "--check"])
    assert (done.status, done.out) == (0, ""), done
    found = {}
    for page in sorted((BUILD / "man").iterdir()):
        words = ["groff", "-mdoc", "-Tascii", "-P-cbou", "-rLL=200n", str(page)]
        done_text = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        found[page.name] = " ".join(done_text.split())
    assert set(found) == {"safeguard.1", "safeguard-policy.5"}
    return found


def test_every_key_is_explained(pages: dict[str, str]) -> None:
    page = pages["safeguard-policy.5"]
    for key in json.loads(run([CLI, "policy", "show", "--format", "json"]).out)["keys"]:
        assert f" {key['key']} " in page
        assert f"Takes {key['expects']}." in page.replace("`", "'")
        assert " ".join(key["help"].split()) in page.replace("`", "'")
        assert (key["default"] is None) == (key["example"] is not None)


def test_every_verb_and_option_is_explained(pages: dict[str, str]) -> None:
    page = pages["safeguard.1"]
    for verb in re.findall(r"^  (\w+) +\S", run([CLI, "help"]).out, re.M):
        text = run([CLI, "help", verb]).out
        assert " ".join(text.splitlines()[0].split()) in page
        for option in re.findall(r"(--[\w-]+)", text):
            assert option in page, (verb, option)


def test_pages_are_installed(place: Path) -> None:
    done = run(["make", "-C", ROOT, f"BUILD={BUILD}", "install", "PREFIX=/usr", f"DESTDIR={place}"])
    assert done.status == 0, done
    for name in ("man1/safeguard.1", "man5/safeguard-policy.5"):
        assert (place / "usr/share/man" / name).read_text().startswith(".Dd ")
