"""test_zip_differential - archives that lie: what zipfile or torch would load of them is found."""

import lzma
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
import torch
from conftest import scan
from payloads import pickle_of
from zip_lies import lying_archive

ARCHIVES = 150
HARMLESS = (b"\x80\x02}.", b"\x80\x04N.", b"just text\n")

# With what zipfile and torch refuse an archive, or a member.
REFUSALS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
    MemoryError,
)


def by_zipfile(path: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                try:
                    yield archive.read(member)
                except REFUSALS:
                    continue
    except REFUSALS:
        return


def by_torch(path: Path) -> Iterator[bytes]:
    try:
        reader = torch._C.PyTorchFileReader(str(path))
        names = reader.get_all_records()
    except REFUSALS:
        return
    for name in names:
        try:
            yield reader.get_record(name)
        except REFUSALS:
            continue


def shown(path: Path, payload: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return any(
            body.startswith(payload) for read in (by_zipfile, by_torch) for body in read(path)
        )


@pytest.mark.parametrize("seed", range(4))
def test_what_a_reader_would_load_is_found(seed: int, place: Path) -> None:
    random = Random(seed)
    payload = pickle_of(place / "canary", 2)
    paths = [place / f"{number}.zip" for number in range(ARCHIVES)]
    for path in paths:
        path.write_bytes(lying_archive(random, (*HARMLESS, *[payload] * 3)))
    loadable = [path for path in paths if shown(path, payload)]
    assert len(loadable) > ARCHIVES // 4
    missed = [found for found in scan(*loadable) if found["verdict"] != "malicious"]
    assert not missed, missed[0]
