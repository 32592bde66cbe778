"""seven_zip - writes 7z archives: one solid block, compressed by LZMA as 7-Zip does.

The layout is that of 7zFormat.txt in the LZMA SDK.
"""

import lzma
import struct
import zlib

DICTIONARY = 1 << 16
FILTERS = [{"id": lzma.FILTER_LZMA1, "dict_size": DICTIONARY, "lc": 3, "lp": 0, "pb": 2}]
PROPERTIES = bytes([(2 * 5 + 0) * 9 + 3]) + struct.pack("<I", DICTIONARY)


def number(value: int) -> bytes:
    """The variable length of 7z: the first byte says how many follow."""
    for extra in range(8):
        if value < 1 << (7 * (extra + 1)):
            first = (0xFF00 >> extra) & 0xFF
            return bytes([first | value >> (8 * extra)]) + (value & ~(-1 << 8 * extra)).to_bytes(
                extra, "little"
            )
    return b"\xff" + struct.pack("<Q", value)


def streams_info(packed: int, members: dict[str, bytes]) -> bytes:
    sizes = [len(body) for body in members.values()]
    crcs = b"".join(struct.pack("<I", zlib.crc32(body)) for body in members.values())
    pack = b"\x06" + number(0) + number(1) + b"\x09" + number(packed) + b"\x00"
    coder = b"\x01\x23\x03\x01\x01" + number(len(PROPERTIES)) + PROPERTIES
    unpack = b"\x07\x0b" + number(1) + b"\x00" + coder + b"\x0c" + number(sum(sizes)) + b"\x00"
    parts = b"".join(number(size) for size in sizes[:-1])
    count = b"\x0d" + number(len(sizes)) if len(sizes) != 1 else b""
    sub = b"\x08" + count + (b"\x09" + parts if parts else b"") + b"\x0a\x01" + crcs + b"\x00"
    return b"\x04" + pack + unpack + sub + b"\x00"


def attribute_list(count: int, attributes: int) -> bytes:
    listed = b"\x01\x00" + struct.pack("<I", attributes) * count
    return b"\x15" + number(len(listed)) + listed


def seven_zip(members: dict[str, bytes], attributes: int | None = None) -> bytes:
    """An archive of the members, none of them empty; all with these attributes, if any."""
    packed = lzma.compress(b"".join(members.values()), lzma.FORMAT_RAW, filters=FILTERS)
    names = b"\x00" + b"".join(name.encode("utf-16-le") + b"\0\0" for name in members)
    files = b"\x05" + number(len(members)) + b"\x11" + number(len(names)) + names
    if attributes is not None:
        files += attribute_list(len(members), attributes)
    files += b"\x00"
    header = b"\x01" + streams_info(len(packed), members) + files + b"\x00"
    start = struct.pack("<QQI", len(packed), len(header), zlib.crc32(header))
    signature = b"7z\xbc\xaf\x27\x1c\x00\x04" + struct.pack("<I", zlib.crc32(start))
    return signature + start + packed + header
