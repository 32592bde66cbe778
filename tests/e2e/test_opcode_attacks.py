"""test_opcode_attacks.py - every technique of the opcode stream is found, and really works.

test_found scans each stream with the command line; test_works loads the same stream in the real
interpreters and looks for the canary, so that no test passes on a stream that would do nothing.
"""

import json
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from attack_gadgets import attacks
from attack_streams import CODE, RUN, Attack
from conftest import SANITIZED, processor_seconds, python_name, pythons, run, scan

ATTACKS = attacks()
ORDER = ["benign", "suspicious", "malicious"]

LOADERS = {
    "load": "pickle.load(open('model.pkl', 'rb'))",
    "loads": "pickle.loads(data)",
    "BytesIO": "pickle.load(io.BytesIO(data))",
    "pickle.py": "pickle._load(io.BytesIO(data))",
    "utf-8": "pickle.load(open('model.pkl', 'rb'), encoding='utf-8')",
    "latin1": "pickle.load(open('model.pkl', 'rb'), encoding='latin1')",
    "buffers": "pickle.loads(data, buffers=[bytearray(4)] * 4)",
    "repeated": "u = pickle.Unpickler(io.BytesIO(data)); u.load(); u.load()",
    "persistent": "P(io.BytesIO(data)).load()",
    "joblib": "import joblib; joblib.load('model.pkl')",
}
# Loads each stream of the jobs on standard input in a process of its own.
CHILD = """
import io, json, os, pickle, sys, warnings
warnings.simplefilter("ignore")
class P(pickle.Unpickler):
    def persistent_load(self, pid):
        return None
for folder, load in json.load(sys.stdin):
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        data = open("model.pkl", "rb").read()
        try:
            exec(load)
        except Exception as error:
            open("error", "w").write(repr(error))
        sys.exit()
    os.waitpid(pid, 0)
"""


def scan_stream(folder: Path, stream: bytes) -> dict[str, Any]:
    (report,) = scan(write(folder, stream))
    return report


def write(folder: Path, stream: bytes) -> Path:
    path = folder / "model.pkl"
    path.write_bytes(stream)
    return path


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.title)
def test_found(attack: Attack, place: Path) -> None:
    report = scan_stream(place, attack.stream)
    reasons = " ".join(reason["detail"] for reason in report["reasons"])
    assert ORDER.index(report["verdict"]) >= ORDER.index(attack.verdict), report
    for word in attack.words:
        assert word in reasons, report


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Where, by title, an interpreter has loaded all the streams that are for it."""

    @cache
    def load_all(exe: str) -> Path:
        base = tmp_path_factory.mktemp("loaded")
        jobs = []
        for attack in ATTACKS:
            if attack.load and (attack.pythons == "all" or exe == sys.executable):
                folder = base / attack.title
                folder.mkdir()
                write(folder, attack.stream)
                jobs.append([str(folder), LOADERS[attack.load]])
        done = run([exe, "-c", CHILD], feed=json.dumps(jobs))
        assert done.status == 0, done
        return base

    return load_all


WORKING = [
    pytest.param(attack, exe, id=f"{attack.title}-{python_name(exe)}")
    for attack in ATTACKS
    for exe in (pythons() if attack.pythons == "all" else [sys.executable])
    if attack.load
]


@pytest.mark.parametrize(("attack", "exe"), WORKING)
def test_works(attack: Attack, exe: str, loaded: Callable[[str], Path]) -> None:
    if any(f"python{version}-" in python_name(exe) for version in attack.absent):
        pytest.skip("this interpreter has no such function")
    folder = loaded(exe) / attack.title
    error = folder / "error"
    assert (folder / "canary").exists(), error.read_text() if error.exists() else "no error"


def test_every_row_has_an_attack() -> None:
    assert {attack.row for attack in ATTACKS} == {f"O{number}" for number in range(1, 40)}


def test_padding_lowers_no_score(place: Path) -> None:
    padded = next(attack for attack in ATTACKS if attack.row == "O38")
    assert scan_stream(place, padded.stream)["score"] >= scan_stream(place, RUN + b".")["score"]


def test_harmless_streams_are_benign(place: Path) -> None:
    """The same shapes without a payload: it is not the shape that is condemned."""
    shapes = [b"N.", b"\x80\x02}q\0(X\1\0\0\0aK\1u.", b"Px\n.", b"I16\n.", b"S'touch canary'\n."]
    shapes.append(f"S{CODE!r}\n.".encode())
    for shape in shapes:
        assert scan_stream(place, shape)["verdict"] == "benign", shape


@pytest.mark.skipif(SANITIZED, reason="with sanitizers it takes as long as it takes")
@pytest.mark.parametrize(
    "stream",
    [
        b"]" + b"2\x86" * 24 + b".",
        b"N" + b"\x85" * 100_000 + b".",
        b"(" * 100_000 + b"t" * 100_000 + b".",
        b"\x8e\xff\xff\xff\xff\0\0\0\0N.",
        b"".join(b"Nr" + i.to_bytes(4, "little") + b"0" for i in range(0, 1 << 32, 1 << 14))
        + b"N.",
    ],
    ids=["dup-tuple2", "deep-tuples", "deep-marks", "declared-4-GB", "memo-of-262144-far-keys"],
)
def test_bombs_take_milliseconds(stream: bytes, place: Path) -> None:
    before = processor_seconds()
    scan_stream(place, stream)
    assert processor_seconds() - before < 0.5
