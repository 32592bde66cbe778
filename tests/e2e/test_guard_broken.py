"""Streams that end in an error after the payload ran: what ran counts, whatever comes behind it."""

import struct
from pathlib import Path

import payloads
import pytest
from conftest import guarded, run, scan

LOAD = """
import pickle, sys
try:
    pickle.load(open(sys.argv[1], "rb"))
except PermissionError as error:
    print("refused" if "safeguard" in str(error) else error)
except Exception as error:
    print("broken")
else:
    print("loaded")
"""

# What follows the payload, and so keeps the stream from ever being loaded.
ENDINGS = {
    "an unknown opcode": b"\xff\xff\xff",
    "nothing": b"",
    "a memo key that was never set": b"h\x63.",
    "a MARK that is not there": b"t.",
    "an empty stack": b"000.",
    "bytes that are no text": b"X\x02\x00\x00\x00\xff\xfe.",
    "a name that is a number": b"K\x01K\x02\x93.",
    "an argument beyond the end": b"B\xff\xff\xff\x00short",
    "noise": bytes(range(128, 256)) * 8,
    "the bytes of an array": struct.pack("<64d", *range(64)),
    "a frame that is too long": b"\x95\xff\xff\x00\x00\x00\x00\x00\x00N.",
    "a protocol that does not exist": b"\x80\x2a.",
}


@pytest.mark.parametrize("protocol", payloads.PROTOCOLS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_payload_before_an_error(venv_python: str, place: Path, ending: str, protocol: int) -> None:
    path, canary = place / "model.bin", place / "canary"
    proto = b"" if protocol == 0 else bytes([0x80, protocol])
    path.write_bytes(proto + payloads.call(canary, protocol) + ENDINGS[ending])
    (report,) = scan(path, status=1)
    assert report["verdict"] == "malicious", report
    under_guard = run([venv_python, "-c", LOAD, path], env=guarded())
    assert (under_guard.out, canary.exists()) == ("refused\n", False)
    alone = run([venv_python, "-c", LOAD, path])
    assert (alone.out, canary.exists()) == ("broken\n", True)
