"""test_oracle.py - the oracle would notice: what one opcode does left out must come out as misses."""

import json
import re
import struct
import subprocess
import sys

import pytest
from conftest import BUILD, CLI, ROOT, Done, pythons, run

STREAMS = 400


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


HANDLERS = {
    "GLOBAL": b"c",
    "INST": b"i",
    "STACK_GLOBAL": b"\x93",
    "REDUCE": b"R",
    "OBJ": b"o",
    "NEWOBJ": b"\x81",
    "NEWOBJ_EX": b"\x92",
    "BUILD": b"b",
    "APPEND": b"a",
    "SETITEM": b"s",
}


@pytest.mark.parametrize("opcode", HANDLERS.values(), ids=HANDLERS)
def test_a_missing_handler_is_noticed(opcode: bytes) -> None:
    done, misses = oracle("--drop-op", str(opcode[0]))
    assert done.status == 1, done
    assert misses > 0, done


def test_a_miss_is_shown_as_a_short_stream() -> None:
    done, _ = oracle("--drop-op", str(b"c"[0]), "--show", "1")
    shown = re.search(r"^miss: name, .* -> (\d+) bytes\n  ([0-9a-f]+)$", done.out, re.M)
    assert shown, done
    stream = bytes.fromhex(shown[2])
    assert len(stream) == int(shown[1])
    assert b"c" in stream
    assert len(stream) < 40


ESCAPED = "V" + "\\u0066" * 500 + "\n0"
FILLER = (ESCAPED * 4000).encode()
MODULE = b"cimportlib\nimport_module\n(Vposix\ntR"
OUT_OF_MEMORY = {
    "string": b"V\\u0070osix\np0\n0" + FILLER + b"g0\nVsystem\n\x93)R.",
    "item-of-a-list": b"](V\\u0070osix\nep0\n0" + FILLER + b"g0\nVsystem\n\x93)R.",
    "partial-call": b"cfunctools\npartial\n(cbuiltins\ngetattr\n"
    + MODULE
    + b"tRp0\n0"
    + FILLER
    + b"g0\n(Vsystem\ntR)R.",
    "names": b"".join(b"cm%d\nn%d\n0" % (i, i) for i in range(60_000)) + b"cposix\nsystem\n.",
    "marks": b"(" * 3_000_000 + b"cposix\nsystem\n.",
    "far-memo-keys": b"".join(b"Nr" + struct.pack("<I", i * 7919) + b"0" for i in range(300_000))
    + b"cposix\nsystem\n.",
}


@pytest.mark.parametrize("stream", OUT_OF_MEMORY.values(), ids=OUT_OF_MEMORY)
def test_what_memory_cut_short_is_said_to_be(stream: bytes) -> None:
    done = subprocess.run(
        [BUILD / "tests" / "facts", "--memory", "1000000"],
        input=struct.pack("<I", len(stream)) + stream,
        capture_output=True,
        check=True,
    )
    told = json.loads(done.stdout)
    assert ["posix", "system", "name"] in told["facts"] or told["unresolved"] or told["partial"], (
        told
    )


def test_streams_that_call_are_malicious() -> None:
    command = [sys.executable, ROOT / "tests" / "oracle" / "calls", "--scan", CLI]
    done = run([*command, "--streams", "1500", "--seed", "9"])
    assert done.status == 0, done.out
