"""compressed_cases - compressed streams of the real libraries, in clean and malicious twins; a program of twin_case."""

import bz2
import gzip
import io
import lzma
import pickle
import random
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import lz4.frame
import numpy as np
import pandas as pd
import torch
import zstandard
from joblib.numpy_pickle_compat import write_zfile
from twin_case import HARMLESS, Case, Load, Save, main

NOISE = random.Random(1).randbytes(150_000)


def model(value: Any) -> dict[str, Any]:
    return {"extra": value, "weights": np.arange(500.0), "names": [f"layer{i}" for i in range(50)]}


def joblib_case(kind: str, level: int) -> Case:
    def save(path: Path, value: Any, canary: Path | None) -> None:
        joblib.dump(model(value), path, compress=(kind, level))

    return Case(f"joblib-{kind}-{level}", ("C12",), save, joblib.load, kind)


def opened(opener: Callable[..., Any], **how: Any) -> tuple[Save, Load]:
    """Pickle through a file object that compresses."""

    def save(path: Path, value: Any, canary: Path | None) -> None:
        with opener(path, "wb", **how) as file:
            pickle.dump(model(value), file)

    def load(path: Path) -> Any:
        with opener(path, "rb") as file:
            return pickle.load(file)

    return save, load


def pandas_case(name: str, how: Any, form: str, rows: tuple[str, ...] = ("C12",)) -> Case:
    def save(path: Path, value: Any, canary: Path | None) -> None:
        frame = pd.DataFrame({"x": np.arange(3.0), "extra": [value, None, None]})
        frame.to_pickle(path, compression=how)

    def load(path: Path) -> Any:
        return pd.read_pickle(path, compression=how if isinstance(how, str) else how["method"])

    return Case(f"pandas-{name}", rows, save, load, form)


def packed_as(pack: Callable[[bytes], bytes]) -> Save:
    """What `pack` makes of a pickle."""

    def save(path: Path, value: Any, canary: Path | None) -> None:
        path.write_bytes(pack(pickle.dumps(model(value))))

    return save


def loads_through(opener: Callable[..., Any]) -> Load:
    def load(path: Path) -> Any:
        with opener(path) as file:
            return pickle.load(file)

    return load


def save_zfile(path: Path, value: Any, canary: Path | None) -> None:
    with path.open("wb") as file:
        write_zfile(file, pickle.dumps(model(value), 2))


def save_old_zfile(path: Path, value: Any, canary: Path | None) -> None:
    """joblib 0.8.4 and older in Python 2 wrote one blank more."""
    data = pickle.dumps(model(value), 2)
    path.write_bytes(b"ZF" + hex(len(data)).encode().ljust(20) + zlib.compress(data))


def load_zlib(path: Path) -> Any:
    return pickle.loads(zlib.decompress(path.read_bytes()))


def second(pack: Callable[[bytes], bytes]) -> Save:
    """The value in the second of two streams."""

    def save(path: Path, value: Any, canary: Path | None) -> None:
        path.write_bytes(pack(pickle.dumps(HARMLESS)) + pack(pickle.dumps(value)))

    return save


def loads_second(opener: Callable[..., Any]) -> Load:
    def load(path: Path) -> Any:
        with opener(path) as file:
            return pickle.load(file), pickle.load(file)

    return load


def open_all_zstd_frames(path: Path) -> Any:
    reader = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True)
    return io.BufferedReader(reader)


def gzip_with_header(flags: int, fields: bytes) -> Callable[[bytes], bytes]:
    def pack(data: bytes) -> bytes:
        plain = gzip.compress(data)
        return b"\x1f\x8b\x08" + bytes([flags]) + bytes(6) + fields + plain[10:]

    return pack


def gzip_wrong_sum(data: bytes) -> bytes:
    # Longer than what a reader has read when it comes to the sum.
    packed = gzip.compress(data + NOISE)
    return packed[:-8] + struct.pack("<II", 1, 2)


def padded_gzip(data: bytes) -> bytes:
    return gzip.compress(data[:10]) + bytes(700) + gzip.compress(data[10:]) + bytes(512)


def lzma_alone(data: bytes, dictionary: int | None = None) -> bytes:
    packed = lzma.compress(data, format=lzma.FORMAT_ALONE)
    if dictionary is None:
        return packed
    return packed[:1] + struct.pack("<I", dictionary) + packed[5:]


def lzip(data: bytes) -> bytes:
    body = lzma.compress(data, format=lzma.FORMAT_ALONE, preset=0)[13:]
    trailer = struct.pack("<IQQ", zlib.crc32(data), len(data), 6 + len(body) + 20)
    return b"LZIP\x01\x17" + body + trailer


def xz_with_filters(data: bytes) -> bytes:
    filters = [
        {"id": lzma.FILTER_X86},
        {"id": lzma.FILTER_DELTA, "dist": 4},
        {"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 1 << 16},
    ]
    return lzma.compress(data, check=lzma.CHECK_SHA256, filters=filters)


def zstd_long(data: bytes) -> bytes:
    """The largest window that a reader takes unless it is told to take more."""
    settings = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    return packer.compress(data) + packer.flush()


def save_npy_gz(path: Path, value: Any, canary: Path | None) -> None:
    array = np.empty(2, dtype=object)
    array[0] = value
    with gzip.open(path, "wb") as file:
        np.save(file, array, allow_pickle=True)


def load_npy_gz(path: Path) -> Any:
    with gzip.open(path) as file:
        return np.load(file, allow_pickle=True)


def npz_case(name: str, method: int) -> Case:
    """zipfile reads members of any method it can write, and numpy with it."""

    def save(path: Path, value: Any, canary: Path | None) -> None:
        array = np.empty(2, dtype=object)
        array[0] = value
        data = io.BytesIO()
        np.save(data, array, allow_pickle=True)
        with zipfile.ZipFile(path, "w", method) as archive:
            archive.writestr("things.npy", data.getvalue())

    def load(path: Path) -> Any:
        with np.load(path, allow_pickle=True) as arrays:
            return arrays["things"]

    return Case(f"npz-{name}", ("C12", "C14"), save, load, "npz")


def save_torch_gz(path: Path, value: Any, canary: Path | None) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        torch.save({"weights": torch.arange(40000.0), "extra": value}, file)  # type: ignore[arg-type]


def load_torch_gz(path: Path) -> Any:
    with gzip.open(path) as file:
        return torch.load(file, weights_only=False)  # type: ignore[arg-type]


def tar_case(kind: str, form: str) -> Case:
    def save(path: Path, value: Any, canary: Path | None) -> None:
        with tarfile.open(path, f"w:{kind}") as archive:  # type: ignore[call-overload]
            for name, data in (("noise.bin", NOISE), ("model.pkl", pickle.dumps(value))):
                member = tarfile.TarInfo(name)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))

    def load(path: Path) -> Any:
        with tarfile.open(path) as archive:
            return pickle.load(archive.extractfile("model.pkl"))  # type: ignore[arg-type]

    return Case(f"tar-{kind}", ("C11", "C12"), save, load, form)


def in_turn(*openers: Callable[..., Any]) -> Load:
    """Through one wrapper after the other, the outermost first."""

    def load(path: Path) -> Any:
        file: Any = path.open("rb")
        for opener in openers:
            file = opener(file)
        return pickle.load(file)

    return load


JOBLIB = [("zlib", 1), ("zlib", 3), ("zlib", 9), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)]

CASES = [
    *(joblib_case(kind, level) for kind, level in [*JOBLIB, ("lz4", 3)]),
    Case("joblib-zfile", ("C12",), save_zfile, joblib.load, "zfile"),
    Case("joblib-old-zfile", ("C12",), save_old_zfile, joblib.load, "zfile"),
    Case("gzip", ("C12",), *opened(gzip.open), "gzip"),
    Case("gzip-stored", ("C12",), *opened(gzip.open, compresslevel=0), "gzip"),
    Case("bz2", ("C12",), *opened(bz2.open), "bz2"),
    Case("xz", ("C12",), *opened(lzma.open), "xz"),
    Case("xz-9", ("C12",), *opened(lzma.open, preset=9), "xz"),
    Case("lzma", ("C12",), *opened(lzma.open, format=lzma.FORMAT_ALONE), "lzma"),
    Case("zstd", ("C12",), *opened(zstandard.open), "zstd"),
    Case("lz4", ("C12",), *opened(lz4.frame.open), "lz4"),
    Case("zlib", ("C12",), packed_as(zlib.compress), load_zlib, "zlib"),
    pandas_case("gzip", "gzip", "gzip"),
    pandas_case("bz2", "bz2", "bz2"),
    pandas_case("xz", "xz", "xz"),
    pandas_case("zstd", "zstd", "zstd"),
    pandas_case("zip", "zip", "zip"),
    pandas_case("tar", "tar", "tar", ("C11",)),
    pandas_case("tar-gz", {"method": "tar", "mode": "w:gz"}, "gzip", ("C11", "C12")),
    Case("gzip-second", ("C12",), second(gzip.compress), loads_second(gzip.open), "gzip"),
    Case("bz2-second", ("C12",), second(bz2.compress), loads_second(bz2.open), "bz2"),
    Case("xz-second", ("C12",), second(lzma.compress), loads_second(lzma.open), "xz"),
    Case("lzma-second", ("C12",), second(lzma_alone), loads_second(lzma.open), "lzma"),
    Case("lz4-second", ("C12",), second(lz4.frame.compress), loads_second(lz4.frame.open), "lz4"),
    Case(
        "zstd-second",
        ("C12",),
        second(zstandard.compress),
        loads_second(open_all_zstd_frames),
        "zstd",
    ),
    Case(
        "gzip-reserved-flags",
        ("C12",),
        packed_as(gzip_with_header(0xE0, b"")),
        loads_through(gzip.open),
        "gzip",
    ),
    Case(
        "gzip-all-fields",
        ("C12",),
        packed_as(gzip_with_header(0x1F, b"\3\0abcname\0comment\0\xde\xad")),
        loads_through(gzip.open),
        "gzip",
    ),
    Case("gzip-padded", ("C12",), packed_as(padded_gzip), loads_through(gzip.open), "gzip"),
    Case("gzip-wrong-sum", ("C12",), packed_as(gzip_wrong_sum), loads_through(gzip.open), "gzip"),
    Case("xz-filters", ("C12",), packed_as(xz_with_filters), loads_through(lzma.open), "xz"),
    Case("lzip", ("C12",), packed_as(lzip), loads_through(lzma.open), "lzip"),
    Case(
        "lzma-4-gb",
        ("C12",),
        packed_as(lambda data: lzma_alone(data, 0xFFFFFFFF)),
        loads_through(lzma.open),
        "lzma",
    ),
    Case(
        "lzma-behind-zeros",
        ("C12",),
        packed_as(lambda data: bytes(18 * 5000) + lzma.compress(data)),
        loads_through(lzma.open),
        "lzma",
    ),
    Case("zstd-128-mb", ("C12",), packed_as(zstd_long), loads_through(zstandard.open), "zstd"),
    Case("npy-gz", ("C12", "C14"), save_npy_gz, load_npy_gz, "gzip"),
    npz_case("bz2", zipfile.ZIP_BZIP2),
    npz_case("lzma", zipfile.ZIP_LZMA),
    Case("torch-gz", ("C12",), save_torch_gz, load_torch_gz, "gzip"),
    tar_case("gz", "gzip"),
    tar_case("bz2", "bz2"),
    tar_case("xz", "xz"),
    Case(
        "gzip-in-xz",
        ("C12",),
        packed_as(lambda data: lzma.compress(gzip.compress(data + NOISE))),
        in_turn(lzma.open, gzip.open),
        "xz",
    ),
    Case(
        "three-deep",
        ("C12",),
        packed_as(lambda data: bz2.compress(zstandard.compress(gzip.compress(data)))),
        in_turn(bz2.open, zstandard.open, gzip.open),
        "bz2",
    ),
]


if __name__ == "__main__":
    main(CASES)
