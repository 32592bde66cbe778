"""The command line without memory: each request fails in turn, and then all from it on.

failing_malloc.c is preloaded. What was not looked at for want of memory must show in the exit status.
"""

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import payloads
import pytest
from conftest import CLI, ROOT, SANITIZED, compiled, run
from seven_zip import seven_zip

pytestmark = pytest.mark.skipif(SANITIZED, reason="a sanitizer brings an allocator of its own")

LONG = os.environ.get("SG_FAULTS") == "long"
CORPUS = ROOT / "tests/fuzz/corpus/fuzz_scan"
FOUND, TROUBLE = 1, 2


@pytest.fixture(scope="module")
def preload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = Path(__file__).with_name("failing_malloc.c")
    return compiled(source, tmp_path_factory.mktemp("malloc") / "malloc.so", "-shared", "-fPIC")


@pytest.fixture
def mixed(place: Path) -> Path:
    """Clean and malicious files of several formats."""
    folder = place / "mixed"
    folder.mkdir()
    for name in ("gzip", "npz", "torch_zip_bad", "torch_zip", "pickle_p4", "joblib", "tar"):
        shutil.copy(CORPUS / name, folder)
    return folder


def statuses(
    preload: Path, place: Path, words: Sequence[str | Path], every_after: bool = False
) -> Counter[int]:
    """Exit statuses, with each request for memory failing in turn."""
    seen: Counter[int] = Counter()
    told = place / "told"
    env = {"LD_PRELOAD": str(preload), "FAIL_TOLD": str(told)}
    env |= {"FAIL_ON": "1"} if every_after else {}
    for at in range(1, 1000):
        done = run([CLI, *words], env=env | {"FAIL_AT": str(at)})
        if not told.exists():
            break
        told.unlink()
        seen[done.status] += 1
    assert seen.total() > 5, "nothing asked failing_malloc.c for memory"
    return seen


FORMATS = ["text", "json", "jsonl", "sarif", "junit"]


@pytest.mark.parametrize("every_after", [False, True])
@pytest.mark.parametrize("form", FORMATS if LONG else ["jsonl"])
def test_scan(preload: Path, place: Path, mixed: Path, form: str, every_after: bool) -> None:
    words = ["scan", "-r", "-j1", "--format", form, str(mixed)]
    seen = statuses(preload, place, words, every_after)
    assert set(seen) <= {FOUND, TROUBLE}, seen


@pytest.mark.parametrize("every_after", [False, True] if LONG else [True])
def test_scan_that_keeps_what_is_clean(
    preload: Path, place: Path, mixed: Path, every_after: bool
) -> None:
    words = ["scan", "-r", "-j1", "--cache", str(place / "cache"), str(mixed)]
    seen = statuses(preload, place, words, every_after)
    assert set(seen) <= {FOUND, TROUBLE}, seen
    assert run([CLI, *words]).status == FOUND


def test_seven_zip(preload: Path, place: Path) -> None:
    """libarchive 3.6 itself dies of some requests that fail: a status of its own, and no clean one."""
    path = place / "evil.7z"
    path.write_bytes(seven_zip({"a.pkl": payloads.pickle_of(place / "canary", 4)}))
    seen = statuses(preload, place, ["scan", path])
    assert seen[0] == 0
    assert seen[FOUND] + seen[TROUBLE] >= seen.total() - 2


VERBS = [
    ["explain", "npz"],
    ["explain", "--html", "torch_zip_bad"],
    ["explain", "--format", "dot", "pickle_p4"],
    ["features", "npz"],
    ["policy", "show", "--format", "json"],
]


@pytest.mark.parametrize("words", VERBS if LONG else VERBS[1:4:2], ids=lambda words: words[0])
@pytest.mark.parametrize("every_after", [False, True])
def test_verbs_do_not_die(
    preload: Path, place: Path, mixed: Path, words: list[str], every_after: bool
) -> None:
    """A `features` that could not write its line ended in abort()."""
    words = [str(mixed / word) if (mixed / word).exists() else word for word in words]
    assert set(statuses(preload, place, words, every_after)) <= {0, FOUND, TROUBLE}
