"""bench_large - what vetting costs a process that has vetted before, by the size of a torch zip.

    bench_large.py BUILD [--large FOLDER]

The archives are as torch.save writes them, tensors of 64 MB in sparse files: each begins and ends with a
page of random bytes, what lies between is never read.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import struct
import subprocess
import tempfile
import zipfile
from pathlib import Path
from typing import BinaryIO

import torch
from figures import row

MEMBER = 64 << 20
PAGE = 4096
ALIGN = 64
ROUNDS = 50
SIZES = (("64 MB", 1), ("1 GB", 15), ("10 GB", 150))  # tensors
LARGEST_MOST = 5000  # microseconds, of the last one
WHOLE = 0xFFFFFFFF


def data_pkl(tensors: int) -> bytes:
    """The pickle that torch.save writes; how large the tensors are hardly shows in it."""
    file = io.BytesIO()
    torch.save({f"layer.{number}.weight": torch.zeros(1) for number in range(tensors)}, file)
    with zipfile.ZipFile(file) as archive:
        name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
        return archive.read(name)


class Writer:
    """A zip of stored members, of which some are mostly holes."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.random = random.Random(1)
        self.directory = b""
        self.count = 0

    def begin(self, name: str, size: int) -> None:
        at = self.file.tell()
        spare = -(at + 30 + len(name) + 4) % ALIGN
        fields = struct.pack("<HHHHHIII", 45, 0, 0, 0, 0, 0, size, size)
        self.file.write(b"PK\3\4" + fields + struct.pack("<HH", len(name), 4 + spare))
        self.file.write(name.encode() + struct.pack("<HH", 0x4246, spare) + b"Z" * spare)
        extra = struct.pack("<HHQ", 1, 8, at)
        self.directory += b"PK\1\2" + struct.pack("<H", 45) + fields
        self.directory += struct.pack("<HHHHHII", len(name), len(extra), 0, 0, 0, 0, WHOLE)
        self.directory += name.encode() + extra
        self.count += 1

    def stored(self, name: str, content: bytes) -> None:
        self.begin(name, len(content))
        self.file.write(content)

    def tensor(self, name: str) -> None:
        self.begin(name, MEMBER)
        self.file.write(self.random.randbytes(PAGE))
        self.file.seek(MEMBER - 2 * PAGE, io.SEEK_CUR)
        self.file.write(self.random.randbytes(PAGE))

    def end(self) -> None:
        at, size, count = self.file.tell(), len(self.directory), self.count
        end64 = struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, size, at)
        self.file.write(self.directory + b"PK\6\6" + end64)
        self.file.write(b"PK\6\7" + struct.pack("<IQI", 0, at + size, 1))
        self.file.write(b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, count, count, size, WHOLE, 0))


def write_archive(path: Path, tensors: int) -> None:
    with path.open("wb") as file:
        writer = Writer(file)
        writer.stored("archive/data.pkl", data_pkl(tensors))
        writer.stored("archive/byteorder", b"little")
        for number in range(tensors):
            writer.tensor(f"archive/data/{number}")
        writer.stored("archive/version", b"3\n")
        writer.end()


def vet(program: Path, path: Path) -> dict[str, float]:
    command = [str(program), str(ROUNDS), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--large", type=Path, help="folder for the archives (10 GB, sparse)")
    options = parser.parse_args()
    program = options.build / "bench" / "bench_vet"
    with tempfile.TemporaryDirectory(dir=options.large) as folder:
        for title, tensors in SIZES:
            path = Path(folder) / "model.pt"
            write_archive(path, tensors)
            found = vet(program, path)
            met = found["micros"] < LARGEST_MOST if tensors == SIZES[-1][1] else None
            measured = f"{found['micros'] / 1e3:.3f} ms, at first {found['first'] / 1e3:.3f} ms"
            row(
                f"vetting a torch zip of {title}, warm",
                "" if met is None else f"< {LARGEST_MOST / 1e3:g} ms",
                measured,
                met,
                "tests/bench/bench_large.py",
            )
            path.unlink()


if __name__ == "__main__":
    main()
