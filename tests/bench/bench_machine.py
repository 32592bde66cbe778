"""bench_machine.py - the machine beside pickletools.genops, picklescan and CPython's own loader.

    bench_machine.py BUILD [--large FOLDER]

Three streams: the data.pkl of a state_dict (45 KB), 100 MB of ints and strings, 1 GB of blobs in a
sparse file. The Python tools get a shorter piece of the second, made of the same items; rates are
compared.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import pickle
import pickletools
import random
import struct
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import picklescan.scanner
import torch
from figures import row

STATE_DICT_LAYERS = 182
ITEMS_BYTES = 100_000_000
ITEMS_BYTES_SLOW = 2_000_000
SLOW_ROUNDS = 50
BLOB_SIZE = 64 << 20
BLOBS = 16


@dataclass
class Stream:
    title: str
    path: Path
    slow: Path  # what the Python tools get
    rounds: int


@dataclass
class Rate:
    opcodes: float  # a second
    bytes: float


def write_state_dict(path: Path) -> None:
    """The data.pkl that torch.save writes; how large the tensors are does not show in it."""
    state = collections.OrderedDict()
    for layer in range(STATE_DICT_LAYERS):
        prefix = f"encoder.layer.{layer}.attention.self.query"
        state[f"{prefix}.weight"] = torch.zeros(4, 4)
        state[f"{prefix}.bias"] = torch.zeros(4)
    with tempfile.TemporaryFile() as file:
        torch.save(state, file)
        with zipfile.ZipFile(file) as archive:
            name = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
            path.write_bytes(archive.read(name))


def items_chunk() -> bytes:
    """MARK … APPENDS of a thousand ints and strings, as a pickler writes them."""
    rng = random.Random(1)
    items: list[Any] = []
    for _ in range(500):
        items += [rng.getrandbits(rng.choice([7, 15, 31])), f"token_{rng.getrandbits(30)}"]
    stream = pickle.dumps(items, 4)
    return stream[stream.index(b"(") : -1]


def write_items(path: Path, size: int) -> None:
    chunk = items_chunk()
    with path.open("wb") as file:
        file.write(b"\x80\x04]")
        for _ in range(size // len(chunk)):
            file.write(chunk)
        file.write(b".")


def write_blobs(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"\x80\x04](")
        for _ in range(BLOBS):
            file.write(b"\x8e" + struct.pack("<Q", BLOB_SIZE))
            file.seek(BLOB_SIZE, os.SEEK_CUR)
        file.write(b"e.")


def make_streams(folder: Path) -> list[Stream]:
    state, items, slow, blobs = (folder / name for name in ("state", "items", "slow", "blobs"))
    write_state_dict(state)
    write_items(items, ITEMS_BYTES)
    write_items(slow, ITEMS_BYTES_SLOW)
    write_blobs(blobs)
    return [
        Stream(f"state_dict, {state.stat().st_size / 1e3:.0f} KB", state, state, 200),
        Stream("ints and strings, 100 MB", items, slow, 3),
        Stream("blobs, 1 GB", blobs, blobs, 20),
    ]


def opcode_count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in pickletools.genops(file))


def timed(path: Path, opcodes: int, load: Callable[[BinaryIO], Any]) -> Rate:
    best = float("inf")
    begun = time.process_time()
    while best == float("inf") or time.process_time() - begun < 1:
        with path.open("rb") as file:
            begin = time.process_time()
            load(file)
            best = min(best, time.process_time() - begin)
    return Rate(opcodes / best, path.stat().st_size / best)


class Unpickler(pickle.Unpickler):
    """CPython's loader, with the storages of a state_dict at hand."""

    storage = torch.zeros(4, 4).storage()

    def persistent_load(self, pid: Any) -> Any:
        return self.storage


TOOLS: dict[str, Callable[[BinaryIO], Any]] = {
    "genops": lambda file: collections.deque(pickletools.genops(file), maxlen=0),
    "picklescan": lambda file: picklescan.scanner.scan_pickle_bytes(file, "bench"),
    "CPython load": lambda file: Unpickler(file).load(),
}


def machine(program: Path, path: Path, rounds: int, judged: bool) -> Rate:
    command = [str(program), str(rounds), *(["judge"] if judged else []), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    if told["bytes"] != path.stat().st_size or done.stderr:
        raise SystemExit(f"{path}: stopped at {told['bytes']}: {done.stderr}")
    return Rate(told["opcodes"] / told["seconds"], told["bytes"] / told["seconds"])


def print_row(title: str, rate: Rate, base: Rate) -> None:
    print(
        f"  {title:20} {rate.opcodes / 1e6:12.3f} {1e9 / rate.opcodes:12.2f} "
        f"{rate.bytes / 1e6:14.1f} {base.opcodes / rate.opcodes:10.1f}"
    )


def tell(program: Path, stream: Stream, judged: Rate, python: Rate) -> None:
    """What is asked of a stream: of the typical one its time, of the dense one what an opcode takes,
    and how much less than CPython over the very same bytes."""
    what, command = f"machine and judge: {stream.title}", "tests/bench/bench_machine.py"
    if stream.path.name == "state":
        milli = stream.path.stat().st_size / judged.bytes * 1e3
        row(what, "< 0.3 ms", f"{milli:.3f} ms", milli < 0.3, command)
    elif stream.path.name == "items":
        nano = 1e9 / judged.opcodes
        row(what, "≤ 5 ns an opcode", f"{nano:.2f} ns an opcode", nano <= 5, command)
        same = machine(program, stream.slow, SLOW_ROUNDS, judged=True)
        ratio = same.opcodes / python.opcodes
        what = f"machine and judge: ints and strings, {ITEMS_BYTES_SLOW / 1e6:.0f} MB"
        row(what, "≥ 10 x CPython", f"{ratio:.1f} x CPython", ratio >= 10, command)


def bench(program: Path, folder: Path) -> None:
    for stream in make_streams(folder):
        print(f"{stream.title}")
        print(f"  {'':20} {'M opcodes/s':>12} {'ns/opcode':>12} {'MB/s':>14} {'slower, x':>10}")
        base = machine(program, stream.path, stream.rounds, judged=True)
        print_row("machine and judge", base, base)
        alone = machine(program, stream.path, stream.rounds, judged=False)
        print_row("machine", alone, base)
        opcodes = opcode_count(stream.slow)
        rates = {title: timed(stream.slow, opcodes, load) for title, load in TOOLS.items()}
        for title, rate in rates.items():
            print_row(title, rate, base)
        tell(program, stream, base, rates["CPython load"])
        print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=Path)
    parser.add_argument("--large", type=Path, help="folder for the streams (1.2 GB, sparse)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.large) as folder:
        bench(options.build / "bench" / "bench_machine", Path(folder))


if __name__ == "__main__":
    main()
