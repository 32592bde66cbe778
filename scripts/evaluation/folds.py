"""folds.py - what is held out together, and what may then be learned from.

By origin: no repository, write-up or generator's group is on both sides, nor is an injection apart from
the file it was put into. By structure: what differs in data only from a held-out file of the same
label is not learned from, wherever it comes from.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .corpora import File


@dataclass(frozen=True)
class Fold:
    name: str
    train: list[File]
    test: list[File]


def without(files: Sequence[File], test: Sequence[File], structures: dict[File, str]) -> list[File]:
    """What may be learned from when these are held out."""
    origins = {f.origin for f in test}
    shapes = {(f.label, structures[f]) for f in test}
    return [f for f in files if f.origin not in origins and (f.label, structures[f]) not in shapes]


def by_origin(
    files: Sequence[File], structures: dict[File, str], folds: int, seed: int
) -> Iterator[Fold]:
    from sklearn.model_selection import StratifiedGroupKFold

    ordered = sorted(files, key=lambda f: (f.corpus, f.name))
    split = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    labels, origins = [f.bad for f in ordered], [f.origin for f in ordered]
    for number, (_, held_out) in enumerate(split.split(ordered, labels, origins)):
        test = [ordered[i] for i in held_out]
        yield Fold(f"fold {number + 1}", without(ordered, test, structures), test)


def by_family(
    files: Sequence[File], structures: dict[File, str], most: int, seed: int
) -> Iterator[Fold]:
    """Families of attacks one after the other, or, where there are more than `most`, a handful at a
    time: nothing of them, alone or injected, is learned from. Clean files are not held out."""
    families = sorted({f.attack for f in files if f.bad})
    random.Random(seed).shuffle(families)
    for batch in (families[i::most] for i in range(min(most, len(families)))):
        test = [f for f in files if f.bad and f.attack in batch]
        shapes = {structures[f] for f in test}
        kept = [f for f in files if f.attack not in batch and structures[f] not in shapes]
        yield Fold(
            " ".join(sorted(batch)),
            [f for f in files if not f.bad] + [f for f in kept if f.bad],
            test,
        )
