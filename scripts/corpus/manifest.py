"""manifest - files with names, and the table that tells what they are."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sample import Sample
from structure import look
from wordlist import words

COLUMNS = words(
    "file label container pickle_protocol size origin path technique_or_library globals notes sha256"
    " group family position callee host structure"
)
MAX_GLOBALS = 60
# What cloudpickle and dill write where they take code along.
CARRIES = re.compile(
    r"_make_function|_make_skeleton|_create_code|_create_function|_create_type|CodeType|_function_setstate"
)


def plain(text: str) -> str:
    """One field of the table: no tabs, no line breaks, no letters that are none."""
    kept = text.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() and c != "\\" else f"\\x{ord(c):02x}" for c in kept)


@dataclass
class Manifest:
    """Gives each sample a file, unless enough of its structure are there."""

    folder: Path
    per_structure: int = 3
    rows: list[list[str]] = field(default_factory=list)
    hashes: set[str] = field(default_factory=set)
    structures: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def add(self, sample: Sample) -> bool:
        sha = hashlib.sha256(sample.data).hexdigest()
        if sha in self.hashes:
            self.dropped["same bytes"] += 1
            return False
        seen = look(sample.data)
        if sample.family == "clean" and any(CARRIES.search(name) for name in seen.names):
            sample.family = "code-carrier"
        kind = f"{sample.family} {sample.callee}" if sample.label == "malicious" else ""
        key = f"{sample.label} {kind} {seen.key()}"
        if self.structures[key] >= self.per_structure:
            self.dropped["same structure"] += 1
            return False
        self.structures[key] += 1
        self.hashes.add(sha)
        name = f"{self.directory(sample)}/{sha[:16]}{sample.suffix}"
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.data)
        names = ";".join(seen.names[:MAX_GLOBALS])
        fields = [name, sample.label, seen.container, seen.protocol, len(sample.data)]
        fields += ["generated", sample.group or sample.library, sample.library, names, sample.notes]
        fields += [sha, sample.group or sample.library, sample.family, sample.position]
        fields += [sample.callee, sample.host, seen.key()]
        self.rows.append([plain(str(item)) for item in fields])
        return True

    @staticmethod
    def directory(sample: Sample) -> str:
        return "carrier" if sample.family == "code-carrier" else sample.label

    def add_all(self, samples: Iterable[Sample]) -> int:
        return sum(self.add(sample) for sample in samples)

    def write(self) -> str:
        """Writes the table; its hash."""
        lines = ["\t".join(row) for row in sorted(self.rows)]
        text = "\n".join(["\t".join(COLUMNS), *lines]) + "\n"
        (self.folder / "manifest.tsv").write_text(text, encoding="utf-8", newline="")
        return hashlib.sha256(text.encode()).hexdigest()

    def counts(self) -> Iterator[str]:
        for title, column in (("label", 1), ("container", 2), ("family", 12), ("made with", 7)):
            found = Counter(f"{row[1]} {row[column]}" for row in self.rows)
            yield f"{title}: " + ", ".join(f"{k} {v}" for k, v in sorted(found.items()))
