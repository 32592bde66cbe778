"""test_zip_differential - archives that lie: what zipfile or torch would load of them is found."""

import warnings
import zipfile
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


def by_zipfile(path: Path) -> Iterator[bytes]:
    """What zipfile hands out of each member; a wrong CRC shows only once the bytes were given."""
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                try:
                    with archive.open(member) as opened:
                        yield opened.read1()
                except Exception:
                    continue
    except Exception:
        return


def by_torch(path: Path) -> Iterator[bytes]:
    try:
        reader = torch._C.PyTorchFileReader(str(path))
        names = reader.get_all_records()
    except Exception:
        return
    for name in names:
        try:
            yield reader.get_record(name)
        except Exception:
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
        path.write_bytes(lying_archive(random, (payload, *HARMLESS)))
    loadable = [path for path in paths if shown(path, payload)]
    assert len(loadable) > ARCHIVES // 4
    missed = [found for found in scan(*loadable) if found["verdict"] != "malicious"]
    assert not missed, missed[0]
