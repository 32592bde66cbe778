"""sample - one file of the corpus, before it has a name. Runs in every Python from 3.8."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass
class Sample:
    label: str  # benign or malicious
    library: str  # what made it, or the technique
    data: bytes
    suffix: str = ".pkl"
    group: str = ""  # what a fold keeps together; the library where it is empty
    family: str = ""  # O1 … C20 or a class of gadgets; clean, code-carrier, no-pickle
    position: str = ""  # where in the file the payload is
    callee: str = ""  # what the payload calls
    host: str = ""  # sha256 of the clean file that a payload was put into
    notes: str = ""


def write_part(folder: Path, number: int, sample: Sample) -> None:
    """The sample as two files that `read_parts` finds."""
    fields: dict[str, Any] = asdict(sample)
    (folder / f"{number:06d}.bin").write_bytes(fields.pop("data"))
    (folder / f"{number:06d}.json").write_text(json.dumps(fields), encoding="utf-8")


def read_parts(folder: Path) -> Iterator[Sample]:
    for path in sorted(folder.glob("*.json")):
        fields = json.loads(path.read_text(encoding="utf-8"))
        yield Sample(data=path.with_suffix(".bin").read_bytes(), **fields)
