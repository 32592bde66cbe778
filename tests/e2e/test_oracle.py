"""test_oracle.py - the oracle would notice: names of one opcode left out must come out as misses."""

import re
import sys

import pytest
from conftest import BUILD, ROOT, Done, pythons, run

STREAMS = 600


def oracle(*options: str) -> tuple[Done, int]:
    command = [sys.executable, str(ROOT / "tests" / "oracle" / "run"), "--show", "0"]
    command += ["--facts", str(BUILD / "tests" / "facts"), "--python", pythons()[-1]]
    done = run([*command, "--streams", str(STREAMS), "--seed", "5", *options])
    found = re.search(r"misses (\d+)$", done.out)
    assert found, done
    return done, int(found[1])


def test_no_name_is_missed() -> None:
    done, misses = oracle()
    assert (done.status, misses) == (0, 0), done


@pytest.mark.parametrize("opcode", [b"c", b"i", b"\x93"], ids=["GLOBAL", "INST", "STACK_GLOBAL"])
def test_a_missing_handler_is_noticed(opcode: bytes) -> None:
    done, misses = oracle("--drop-op", str(opcode[0]))
    assert done.status == 1, done
    assert misses > 10, done


def test_a_miss_is_shown_as_a_short_stream() -> None:
    done, _ = oracle("--drop-op", str(b"c"[0]), "--show", "1")
    shown = re.search(r"^miss: .* -> (\d+) bytes\n  ([0-9a-f]+)$", done.out, re.M)
    assert shown, done
    stream = bytes.fromhex(shown[2])
    assert len(stream) == int(shown[1])
    assert b"c" in stream
    assert len(stream) < 40
