"""structure - what a file is made of, with texts, numbers and repetitions taken out.

Two files of one structure differ in data only. `look` is tolerant: it stops where a stream cannot
be read further and says what it saw so far; it resolves names as far as a look at the preceding
opcodes goes.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import pickletools
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

SMALL = {
    **dict.fromkeys(("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "INT", "LONG"), "int"),
    **dict.fromkeys(("NEWTRUE", "NEWFALSE", "BINFLOAT", "FLOAT", "NONE"), "int"),
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "UNICODE"), "text"),
    **dict.fromkeys(("STRING", "BINSTRING", "SHORT_BINSTRING"), "string"),
    **dict.fromkeys(("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"), "bytes"),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), "get"),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE", "FRAME", "PROTO"), ""),
    **dict.fromkeys(("TUPLE1", "TUPLE2", "TUPLE3", "TUPLE", "EMPTY_TUPLE"), "tuple"),
    **dict.fromkeys(("APPEND", "APPENDS"), "append"),
    **dict.fromkeys(("SETITEM", "SETITEMS"), "set"),
    **dict.fromkeys(("EMPTY_LIST", "LIST"), "list"),
    **dict.fromkeys(("EMPTY_DICT", "DICT"), "dict"),
}
LIMIT = 4 << 20
MAX_MEMBERS = 400


@dataclass
class Seen:
    """Names and a digest of the shape of all pickles of one file."""

    container: str = "other"
    protocol: int = -1
    names: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)

    def add_name(self, name: str) -> None:
        if name not in self.names:
            self.names.append(name)

    def key(self) -> str:
        return hashlib.sha256("|".join([self.container, *self.shapes]).encode()).hexdigest()[:16]


def shape_of(data: bytes, seen: Seen) -> str:
    """The opcodes of one stream, runs of one pattern written once."""
    tokens: list[str] = []
    texts: list[str] = []
    memo: dict[int, str] = {}
    last = ""
    for op, argument, _ in steps(data):
        if op == "PROTO":
            seen.protocol = max(seen.protocol, int(argument or 0))
        token = SMALL.get(op, op)
        if op in ("GLOBAL", "INST"):
            last = str(argument).replace(" ", ".", 1)
            seen.add_name(last)
            token = f"{op}:{last}"
        elif op == "STACK_GLOBAL":
            last = ".".join(texts[-2:])
            seen.add_name(last)
            token = f"name:{last}"
        elif token in ("text", "string"):
            texts.append(str(argument))
        elif token == "get" and int(argument or 0) in memo:
            texts.append(memo[int(argument or 0)])
        elif op == "MEMOIZE" and texts:
            memo[len(memo)] = texts[-1]
        elif op in ("PUT", "BINPUT", "LONG_BINPUT") and texts:
            memo[int(argument or 0)] = texts[-1]
        if token:
            append(tokens, token)
    if tokens and seen.protocol < 0:
        seen.protocol = 0
    return hashlib.sha256(" ".join(tokens).encode("utf-8", "replace")).hexdigest()[:12]


def append(tokens: list[str], token: str) -> None:
    """Adds a token, unless it goes on with a repetition of the last one to eight."""
    tokens.append(token)
    for size in range(1, 9):
        if tokens[-size:] == tokens[-2 * size : -size]:
            del tokens[-size:]
            return


def steps(data: bytes) -> list[tuple[str, Any, int]]:
    found: list[tuple[str, Any, int]] = []
    try:
        for op, argument, place in pickletools.genops(data[:LIMIT]):
            found.append((op.name, argument, place or 0))
    except (ValueError, IndexError, OverflowError, UnicodeDecodeError, KeyError):
        pass
    return found


def unpacked(data: bytes) -> tuple[str, bytes]:
    """The name of a compression, and what is inside."""
    try:
        if data[:2] == b"\x1f\x8b":
            return "gzip", gzip.decompress(data)
        if data[:3] == b"BZh":
            return "bz2", bz2.decompress(data)
        if data[:6] == b"\xfd7zXZ\0" or data[:5] == b"\x5d\0\0\x80\0":
            return "xz", lzma.decompress(data)
        if data[:2] in (b"\x78\x01", b"\x78\x9c", b"\x78\xda", b"\x78\x5e"):
            return "zlib", zlib.decompress(data)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        pass
    return "", data


def members(data: bytes) -> list[tuple[str, bytes]]:
    found = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist()[:MAX_MEMBERS]:
                found.append((info.filename, archive.read(info)))
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError, NotImplementedError, zlib.error):
        pass
    return found


def is_pickle(data: bytes) -> bool:
    found = steps(data[:4096])
    return len(found) > 1 and (data[:1] == b"\x80" or found[-1][0] == "STOP" or len(found) > 8)


def pickles_of(name: str, data: bytes) -> list[bytes]:
    """The streams of a file that is no archive; a second one after STOP is one more."""
    if data[:6] == b"\x93NUMPY":
        size = int.from_bytes(data[8:10], "little") + 10
        return [data[size:]] if b"'|O'" in data[:size] else []
    found: list[bytes] = []
    at = 0
    while at < len(data) and len(found) < 8 and (is_pickle(data[at:]) or name.endswith(".pkl")):
        ops = steps(data[at:])
        if not ops or (len(ops) < 2 and not name.endswith(".pkl")):
            break
        found.append(data[at:])
        if ops[-1][0] != "STOP":
            break
        at += ops[-1][2] + 1
    return found


def look(data: bytes) -> Seen:
    seen = Seen()
    packing, inner = unpacked(data)
    if inner[:4] == b"PK\3\4" or (not packing and inner[-22:-18] == b"PK\5\6"):
        seen.container = "zip"
        for name, body in members(inner):
            shapes = [shape_of(part, seen) for part in pickles_of(name, body)]
            seen.shapes += [name.rpartition("/")[2][:12] if shapes else "", *shapes]
        seen.container = "npz" if b".npy" in inner[:200] else "zip"
    else:
        parts = pickles_of("", inner)
        seen.shapes += [shape_of(part, seen) for part in parts]
        seen.container = "npy" if inner[:6] == b"\x93NUMPY" else "pickle" if parts else "other"
    if packing:
        seen.container = packing
    if not any(seen.shapes):
        digest = hashlib.sha256(data[:LIMIT]).hexdigest()[:12]
        seen.shapes = [digest]
    return seen
