"""browser - pages in a real browser: what it makes of them, and what it draws."""

import shutil
import struct
import zlib
from pathlib import Path

import pytest
from conftest import run

NAMES = ["chromium", "chromium-browser", "google-chrome", "chrome", "chromium-headless-shell"]

Colour = tuple[int, int, int]


def words(folder: Path) -> list[str]:
    """How a browser is started; without one the test is skipped."""
    found = next((path for path in map(shutil.which, NAMES) if path), None)
    if not found:
        pytest.skip("no Chromium is installed (scripts/install_deps --browser)")
    profile = f"--user-data-dir={folder}/profile"
    return [found, "--headless", "--no-sandbox", "--disable-gpu", profile]


def dom(page: Path) -> str:
    """The document as it is once the browser has loaded it, and run what would run."""
    done = run([*words(page.parent), "--dump-dom", page.as_uri()])
    assert done.out.strip(), done
    return done.out


class Picture:
    """What was drawn, row by row."""

    def __init__(self, picture: bytes) -> None:
        self.rows = rows_of(picture)
        self.width, self.height = len(self.rows[0]), len(self.rows)

    def count(self, colour: Colour) -> int:
        return sum(row.count(colour) for row in self.rows)

    def columns(self, begin: int, end: int) -> set[Colour]:
        return {pixel for row in self.rows for pixel in row[begin:end]}


def screenshot(
    page: Path, width: int, height: int, *, scale: float = 1, dark: bool = False
) -> Picture:
    picture = page.with_suffix(".png")
    options = [
        f"--window-size={width},{height}",
        f"--force-device-scale-factor={scale}",
        f"--blink-settings=preferredColorScheme={0 if dark else 1}",
        "--hide-scrollbars",
    ]
    done = run([*words(page.parent), *options, f"--screenshot={picture}", page.as_uri()])
    assert picture.exists(), done
    return Picture(picture.read_bytes())


def paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda one: abs(guess - one))


def unfiltered(kind: int, row: bytes, before: bytes, step: int) -> bytes:
    """A line of a PNG, from what stands for it and the line above."""
    if kind == 0:
        return row
    if kind == 2:
        return bytes(one + up & 255 for one, up in zip(row, before, strict=True))
    line = bytearray(row)
    for i, up in enumerate(before):
        left, corner = (line[i - step], before[i - step]) if i >= step else (0, 0)
        guess = left if kind == 1 else (left + up) // 2 if kind == 3 else paeth(left, up, corner)
        line[i] = line[i] + guess & 255
    return bytes(line)


def rows_of(picture: bytes) -> list[list[Colour]]:
    """The colours of a PNG of eight bits a channel."""
    at, data = 8, b""
    width, _, depth, kind = struct.unpack(">IIBB", picture[16:26])
    assert (depth, kind) in {(8, 2), (8, 6)}
    while at < len(picture):
        size, name = struct.unpack(">I4s", picture[at : at + 8])
        data += picture[at + 8 : at + 8 + size] if name == b"IDAT" else b""
        at += size + 12
    plain, step = zlib.decompress(data), 3 if kind == 2 else 4
    line, found = width * step, []
    row = bytes(line)
    for start in range(0, len(plain), line + 1):
        row = unfiltered(plain[start], plain[start + 1 : start + 1 + line], row, step)
        found.append(list(zip(row[::step], row[1::step], row[2::step], strict=True)))
    return found
