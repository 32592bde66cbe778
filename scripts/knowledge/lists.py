"""The reviewed lists beside this file: tab-separated, `#` comments, a head line first."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def rows(path: Path) -> Iterator[list[str]]:
    """The fields of each line; none where the file is absent."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in lines:
        if line and not line.startswith(("#", "names\t")):
            yield line.split("\t")


class Walls:
    """Names that the search does not go through."""

    def __init__(self, folder: Path) -> None:
        names = [n for row in rows(folder / "walls.tsv") for n in row[0].split()]
        self.names = {n for n in names if not n.endswith(".*")}
        self.families = {n[:-2] for n in names if n.endswith(".*")}
        seeds = [row for row in rows(folder / "seeds.tsv") if "soft" not in row[2]]
        self.covered = {n[:-2] for row in seeds for n in row[0].split() if n.endswith(".*")}

    @staticmethod
    def within(name: str, families: set[str]) -> bool:
        parts = name.split(".")
        return any(".".join(parts[:i]) in families for i in range(1, len(parts)))

    def __contains__(self, name: str) -> bool:
        return name in self.names or self.within(name, self.families)

    def hidden(self, name: str) -> bool:
        """Whether a whole family in seeds.tsv says it already."""
        return self.within(name, self.covered)
