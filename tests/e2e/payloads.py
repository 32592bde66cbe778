"""payloads - malicious pickles, written opcode by opcode.

Each calls os.system("touch CANARY") and nothing else; the canary tells whether it ran.
"""

import os
import struct
from pathlib import Path

PROTOCOLS = (0, 2, 4)
# A function of an unknown package is called with a string: nobody can vouch for that.
SUSPICIOUS = b"\x80\x02cacme_tools.jobs\nstart_worker\nX\x05\x00\x00\x00night\x85R."


def command(canary: Path) -> str:
    """What the payload runs."""
    return f"touch {canary}"


def call(canary: Path, protocol: int) -> bytes:
    """Opcodes that leave the result of the call on the stack."""
    text = command(canary).encode("ascii")
    if protocol < 2:  # GLOBAL, MARK, STRING, TUPLE, REDUCE
        return b"cos\nsystem\n(S'" + text + b"'\ntR"
    if protocol < 4:  # GLOBAL, BINUNICODE, TUPLE1, REDUCE
        return b"cposix\nsystem\nX" + struct.pack("<I", len(text)) + text + b"\x85R"
    # SHORT_BINUNICODE twice, STACK_GLOBAL, BINUNICODE, TUPLE1, REDUCE
    names = b"\x8c\x05posix\x8c\x06system\x93"
    return names + b"X" + struct.pack("<I", len(text)) + text + b"\x85R"


def pickle_of(canary: Path, protocol: int) -> bytes:
    """A whole pickle that is nothing but the payload."""
    body = call(canary, protocol) + b"."
    if protocol < 2:
        return body
    if protocol < 4:
        return b"\x80" + bytes([protocol]) + body
    return b"\x80" + bytes([protocol]) + b"\x95" + struct.pack("<Q", len(body)) + body


def long_pickle(place: Path) -> Path:
    """Some tenths of a second of work: None pushed and popped thirty million times."""
    path = place / "long.pkl"
    path.write_bytes(b"\x80\x04" + b"N0" * 30_000_000 + b"N.")
    return path


def endless(place: Path) -> Path:
    """A folder of more work than there is time for, and of one finding at its beginning: a.pkl."""
    folder = place / "endless"
    folder.mkdir()
    (folder / "a.pkl").write_bytes(pickle_of(place / "canary", 2))
    path = long_pickle(place)
    for number in range(1000):
        os.link(path, folder / f"long{number}.pkl")
    return folder
