"""corpora.py - the labelled files: folders with manifest.tsv, read as one list.

A corpus is a folder with manifest.tsv and the files that it names, or one that has `unpack` beside
manifest.tsv (then it is unpacked into a temporary folder). Nothing in it is ever loaded.
"""

from __future__ import annotations

import csv
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

LABELS = ("benign", "malicious")
SMALL = 512  # bytes: where benign files are as short as stand-alone attacks


@dataclass(frozen=True)
class File:
    """One labelled file. `family` is the attack's, or the library that a clean file is made with."""

    path: Path
    name: str  # in its corpus
    corpus: str
    label: str
    container: str
    family: str
    origin: str  # what it must not be parted from in cross-validation
    kind: str  # how it came to be: as found, literal, injected, assembled
    size: int
    sha256: str
    structure: str  # of all that have this, one is as good as another; "" where not told

    @property
    def bad(self) -> bool:
        return self.label == "malicious"

    @property
    def attack(self) -> str:
        """The family, whether it came alone or was injected."""
        return self.family.removeprefix("inject-")

    @property
    def split(self) -> str:
        if self.bad:
            return f"{self.corpus}: malicious, {self.kind}"
        return f"{self.corpus}: {self.label}, {'up to' if self.size <= SMALL else 'over'} {SMALL} bytes"


def kind_of(row: dict[str, str]) -> str:
    notes, origin = row.get("notes", ""), row.get("origin", "")
    if "kind=generated-inject" in notes or origin.startswith("generated/inject") or row.get("host"):
        return "injected"
    if "kind=generated-gadget" in notes or origin == "generated":
        return "assembled"
    return "literal" if "kind=literal" in notes else "as found"


def origin_of(row: dict[str, str]) -> str:
    """An injection belongs to the origin of the file that it was injected into."""
    inside = re.fullmatch(r"generated/inject<(.*)>", row.get("origin", ""))
    return row.get("group") or (inside[1] if inside else row.get("origin") or row["file"])


def family_of(row: dict[str, str]) -> str:
    told = row.get("family") if row["label"] == "malicious" else None
    return told or row["technique_or_library"]


def read_manifest(folder: Path, name: str) -> list[File]:
    with open(folder / "manifest.tsv", encoding="utf-8", newline="") as lines:
        table = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            File(
                path=folder / row["file"],
                name=row["file"],
                corpus=name,
                label=row["label"],
                container=row["container"],
                family=family_of(row),
                origin=origin_of(row),
                kind=kind_of(row),
                size=int(row.get("size") or 0),
                sha256=row.get("sha256") or "",
                structure=row.get("structure") or "",
            )
            for row in table
        ]


@contextmanager
def opened(folders: list[Path]) -> Iterator[list[File]]:
    """The files of all corpora; those that come packed are there while this is open."""
    found: list[File] = []
    with ExitStack() as stack:
        for folder in folders:
            place = folder.absolute()
            name = place.parent.name if place.name == "corpus" else place.name
            if (place / "unpack").is_file() and not any(
                (place / label).is_dir() for label in LABELS
            ):
                unpacked = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="corpus-")))
                subprocess.run([place / "unpack", unpacked], check=True, stdout=subprocess.DEVNULL)
                if not (unpacked / "manifest.tsv").exists():
                    (unpacked / "manifest.tsv").symlink_to(place / "manifest.tsv")
                place = unpacked
            found += read_manifest(place, name)
        yield found
