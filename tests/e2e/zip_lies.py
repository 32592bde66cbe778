"""zip_lies - archives whose records contradict one another, at random.

An archive is put together record by record; any field of any record may be given another value,
and what comes out may be cut, prefixed, doubled or damaged.
"""

import struct
import zlib
from dataclasses import dataclass, field
from random import Random

NAMES = (b"a/data.pkl", b"a/DATA.PKL", b"a/x", b"a/data.pkl\0.txt", b"a/data/0")
VALUES = (0, 1, 5, 8, 40, 0xFFFF, 0xFFFFFFFF)


@dataclass
class Header:
    """What a local header or an entry of the directory says."""

    name: bytes
    method: int
    flags: int
    crc: int
    packed: int
    size: int
    extra: bytes = b""

    def shared(self) -> bytes:
        lengths = len(self.name), len(self.extra)
        sizes = self.crc, self.packed, self.size
        return struct.pack("<HHIIIIHH", self.flags, self.method, 0x21, *sizes, *lengths)

    def local(self) -> bytes:
        return b"PK\3\4\x14\0" + self.shared() + self.name + self.extra

    def central(self, offset: int) -> bytes:
        rest = struct.pack("<HHHII", 0, 0, 0, 0, offset)
        return b"PK\1\2\x14\0\x14\0" + self.shared() + rest + self.name + self.extra

    def lie(self, random: Random) -> None:
        """Changes one field in thirty."""
        for name, bits in (
            ("method", 16),
            ("flags", 16),
            ("crc", 32),
            ("packed", 32),
            ("size", 32),
        ):
            if random.random() < 0.03:
                setattr(self, name, random.choice(VALUES) & ((1 << bits) - 1))
        if random.random() < 0.03:
            self.name = random.choice(NAMES)


def zip64(*values: int) -> bytes:
    return struct.pack("<HH", 1, 8 * len(values)) + struct.pack(f"<{len(values)}Q", *values)


@dataclass
class Archive:
    """An archive that begins `base` bytes into its file."""

    random: Random
    base: int = 0
    out: bytearray = field(default_factory=bytearray)
    entries: list[bytes] = field(default_factory=list)

    def chance(self, of: float) -> bool:
        return self.random.random() < of

    def add(self, name: bytes, body: bytes) -> None:
        method = self.random.choice((0, 0, 8))
        packed = zlib.compress(body, wbits=-15) if method else body
        late = self.chance(0.3)
        flags = 8 if late else 0
        said = Header(name, method, flags, zlib.crc32(body), len(packed), len(body))
        local = Header(name, method, flags, said.crc, said.packed, said.size)
        if late:
            local.crc = local.packed = local.size = 0
        offset = len(self.out) + self.base
        if self.chance(0.1):
            said.extra, offset_said = zip64(offset), 0xFFFFFFFF
        else:
            offset_said = offset
        if self.chance(0.05):
            said.extra += zip64(len(body), len(packed), self.random.choice((0, offset)))
        local.lie(self.random)
        said.lie(self.random)
        if self.chance(0.95):
            self.entries.append(said.central(offset_said))
        self.out += local.local() + packed
        if late:
            self.out += b"PK\7\x08" + struct.pack("<III", zlib.crc32(body), len(packed), len(body))
        if self.chance(0.05):
            self.out += b"gap"

    def end(self) -> bytes:
        directory = b"".join(self.entries)
        start = len(self.out) + self.base
        size = len(directory) + self.random.choice((0,) * 20 + (-46, -1, 1, 30))
        count = len(self.entries) + self.random.choice((0,) * 20 + (-1, 1))
        where = start + self.random.choice((0,) * 20 + (-1, 46))
        self.out += directory
        if self.chance(0.3):
            self.end64(count, size, where)
        counts = struct.pack("<HHHH", 0, 0, count & 0xFFFF, count & 0xFFFF)
        comment = b""
        if self.chance(0.1):
            comment = b"PK\5\6" + counts + struct.pack("<IIH", size & 0xFFFFFFFF, start, 0)
        self.out += b"PK\5\6" + counts
        self.out += struct.pack("<IIH", size & 0xFFFFFFFF, where & 0xFFFFFFFF, len(comment))
        return bytes(self.out + comment)

    def end64(self, count: int, size: int, where: int) -> None:
        at = len(self.out) + self.base + self.random.choice((0,) * 10 + (1, -56))
        limit = (1 << 64) - 1
        values = [value & limit for value in (count, count, size, where)]
        self.out += b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, *values)
        if self.chance(0.1):
            self.out += b"between"
        self.out += b"PK\6\7" + struct.pack("<IQI", 0, at & limit, 1)


def archive(random: Random, bodies: tuple[bytes, ...], base: int = 0) -> bytes:
    made = Archive(random, base)
    names = [b"a/data.pkl", b"a/version", *random.choices(NAMES, k=random.randint(0, 3))]
    random.shuffle(names)
    for name in names:
        made.add(name, b"3\n" if name == b"a/version" else random.choice(bodies))
    return made.end()


def damaged(random: Random, whole: bytes) -> bytes:
    out = bytearray(whole)
    for _ in range(random.choice((0, 0, 1, 1, 2, 5))):
        at = random.randrange(len(out))
        out[at] = random.choice((0, 0xFF, out[at] ^ 1 << random.randrange(8)))
    return bytes(out)


def lying_archive(random: Random, bodies: tuple[bytes, ...]) -> bytes:
    """One archive, or two, with members out of `bodies`."""
    made = archive(random, bodies)
    match random.randrange(10):
        case 0:
            made = b"#!/bin/sh\n" + b"x" * random.randrange(50) + made
        case 1:
            made += archive(random, bodies, random.choice((0, len(made))))
        case 2:
            made = made[: random.randrange(len(made))] or b"PK"
        case 3:
            made += b"z" * random.choice((1, 22, 60000))
    return damaged(random, made)
