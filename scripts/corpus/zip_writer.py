"""zip_writer - archives whose records may contradict one another, on purpose."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field


@dataclass
class Member:
    name: bytes
    body: bytes
    method: int = 0
    flags: int = 0
    crc: int | None = None  # what the records claim, where it is not the body's own
    local_name: bytes | None = None
    extra: bytes = b""
    listed: bool = True  # in the directory
    damage: bool = False  # the stored bytes are cut to pieces

    def packed(self) -> bytes:
        if self.method == 8:
            maker = zlib.compressobj(6, zlib.DEFLATED, -15)
            data = maker.compress(self.body) + maker.flush()
        else:
            data = self.body
        return (
            data[: len(data) // 2] + b"\xff" * (len(data) - len(data) // 2) if self.damage else data
        )

    def sum(self) -> int:
        return zlib.crc32(self.body) if self.crc is None else self.crc


@dataclass
class Archive:
    members: list[Member] = field(default_factory=list)
    prefix: bytes = b""
    based: bool = False  # offsets count the prefix
    comment: bytes = b""
    zip64: bool = False

    def add(self, name: str, body: bytes, **more: object) -> Member:
        member = Member(name.encode(), body, **more)  # type: ignore[arg-type]
        self.members.append(member)
        return member

    def data(self) -> bytes:
        out = bytearray(self.prefix)
        base = 0 if self.based else len(self.prefix)
        entries = bytearray()
        count = 0
        for member in self.members:
            offset, packed = len(out) - base, member.packed()
            name = member.local_name or member.name
            fields = (member.method, 0, 0x21, member.sum(), len(packed), len(member.body))
            out += b"PK\3\4" + struct.pack(
                "<HHHHHIIIHH", 20, member.flags, *fields, len(name), len(member.extra)
            )
            out += name + member.extra + packed
            if member.listed:
                entries += self.entry(member, fields, offset)
                count += 1
        return bytes(out) + self.directory(bytes(entries), count, len(out) - base)

    def entry(self, member: Member, fields: tuple[int, ...], offset: int) -> bytes:
        extra = struct.pack("<HHQ", 1, 8, offset) if self.zip64 else b""
        where = 0xFFFFFFFF if self.zip64 else offset
        head = struct.pack("<HHHHHHIII", 20, 20, member.flags, *fields)
        rest = struct.pack("<HHHHHII", len(member.name), len(extra), 0, 0, 0, 0, where)
        return b"PK\1\2" + head + rest + member.name + extra

    def directory(self, entries: bytes, count: int, start: int) -> bytes:
        out = entries
        if self.zip64:
            out += b"PK\6\6" + struct.pack(
                "<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, len(entries), start
            )
            out += b"PK\6\7" + struct.pack("<IQI", 0, start + len(entries), 1)
        return (
            out
            + b"PK\5\6"
            + struct.pack("<HHHHIIH", 0, 0, count, count, len(entries), start, len(self.comment))
            + self.comment
        )


def torch_archive(
    pickle: bytes, others: dict[str, bytes] | None = None, folder: str = "archive"
) -> Archive:
    """An archive as torch.save writes it."""
    made = Archive()
    made.add(f"{folder}/data.pkl", pickle)
    for name, body in (others or {}).items():
        made.add(f"{folder}/{name}", body)
    made.add(f"{folder}/byteorder", b"little")
    made.add(f"{folder}/version", b"3\n")
    return made
