"""What is learned from rows: the letters of names, call sites, the structure of streams."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from forests import Forest, boosted, isolation
from numpy.typing import NDArray
from rows import ABOUT_ARGUMENTS, FOLDS, FROM_KNOWLEDGE, File, Schema, Site, telling
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SITE_LEAVES, STRUCTURE_LEAVES, OUTLIER_SAMPLE = 15, 12, 128
# Arguments that nothing harmless is given.
STRONG = ["SHELL", "CODE", "PAYLOAD", "URL", "HOST", "WALK", "RUNS", "PICKLE", "MARSHAL"]
GRAM_SCALE = 24.0


@dataclass(frozen=True)
class Size:
    """How large the tables become, and how many rows are made up for them."""

    site_trees: int = 150
    structure_trees: int = 100
    outlier_trees: int = 64
    made_up: float = 1.0


FULL, SHORT = Size(), Size(12, 8, 8, 0.05)


@dataclass
class Names:
    """Rows about names alone, and which of them are dangerous."""

    dire: list[Site]
    neutral: list[Site]


@dataclass
class Rows:
    vectors: list[list[int]] = field(default_factory=list)
    grams: list[Site] = field(default_factory=list)  # whose letters
    labels: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    known: dict[tuple[tuple[int, ...], str, int], int] = field(default_factory=dict)

    def add(self, vector: Sequence[int], site: Site, label: int, weight: float) -> None:
        """Rows that say the same become one."""
        at = self.known.setdefault((tuple(vector), site.name, label), len(self.vectors))
        if at < len(self.vectors):
            self.weights[at] += weight
            return
        self.vectors.append(list(vector))
        self.grams.append(site)
        self.labels.append(label)
        self.weights.append(weight)


def matrix(sites: Sequence[Site], slots: int) -> csr_matrix:
    pointers = np.cumsum([0] + [len(site.grams) for site in sites])
    columns = np.array([g for site in sites for g in site.grams], dtype=np.int64)
    data = np.ones(len(columns), dtype=np.float64)
    return csr_matrix((data, columns, pointers), shape=(len(sites), slots))


def fit_grams(good: list[Site], bad: list[Site], slots: int) -> list[int]:
    """Weights of letters and words, of bytes; nothing is learned of them from one side alone."""
    if not good or not bad:
        return [0] * slots
    sites = [*good, *bad]
    labels = np.array([0] * len(good) + [1] * len(bad))
    model = LogisticRegression(
        C=0.2, class_weight="balanced", solver="liblinear", random_state=1, max_iter=300
    )
    model.fit(matrix(sites, slots), labels)
    weights = np.clip(np.rint(model.coef_[0] * GRAM_SCALE * 4), -127, 127)
    return [int(w) for w in weights]


def gram_sums(sites: Sequence[Site], grams: list[int]) -> list[int]:
    return [max(-16000, min(16000, sum(grams[g] for g in site.grams))) for site in sites]


def fold_of_name(name: str) -> int:
    return zlib.crc32(name.encode()) % FOLDS


def by_name(sites: Sequence[Site]) -> list[Site]:
    return [site for _, site in sorted({site.name: site for site in sites}.items())]


class SiteModel:
    """Letters of names, then trees over call sites."""

    def __init__(self, schema: Schema, names: Names, size: Size = FULL) -> None:
        self.schema, self.names, self.size = schema, names, size
        self.about_arguments = schema.columns(ABOUT_ARGUMENTS)
        self.from_knowledge = schema.columns(FROM_KNOWLEDGE)
        self.gram_column = schema.columns(["GRAMS"])[0]
        self.grams: list[int] = []
        self.forest = Forest()

    def blind(self, vector: Sequence[int]) -> list[int]:
        """The vector as it would be if no table knew the name."""
        out = list(vector)
        for column in self.from_knowledge:
            out[column] = 0
        return out

    def splice(self, name: Site, arguments: Site) -> list[int]:
        """A made-up call: this name with these arguments."""
        out = list(name.vector)
        for column in self.about_arguments:
            out[column] = arguments.vector[column]
        return out

    def _real(self, files: list[File], rows: Rows) -> None:
        why = telling(files)
        for file in files:
            wanted = why.get(file.path)
            sites = [s for s in file.sites if wanted is None or s.name in wanted]
            for site in sites:
                weight = 1 / np.sqrt(len(sites))
                rows.add(site.vector, site, int(file.bad), weight)
                rows.add(self.blind(site.vector), site, int(file.bad), weight)

    def _made_up(self, files: list[File], rows: Rows) -> None:
        rng = random.Random(1)
        why = telling(files)
        callee = self.schema.columns(["CALLEE"])[0]
        plain = self.names.neutral[0].vector[callee]
        sites = [(f.bad, s) for f in files for s in f.sites if s.vector[callee] == plain]
        good = [s for bad, s in sites if not bad]
        bad_names = set().union(*why.values()) if why else set()
        bad = [s for is_bad, s in sites if is_bad and s.name in bad_names]
        strong = self.schema.columns(STRONG)
        loud = [s for s in bad if any(s.vector[c] for c in strong)]
        self._cross(rows, rng, (self.names.dire, bad), (1, 3000, 0.25))
        self._cross(rows, rng, (self.names.dire, good), (1, 1000, 0.1))
        self._cross(rows, rng, (self.names.neutral, loud), (1, 3000, 0.25))
        self._cross(rows, rng, (self.names.neutral, good), (0, 8000, 0.25))

    def _cross(
        self, rows: Rows, rng: random.Random, pools: tuple[list[Site], list[Site]],
        how: tuple[int, int, float],
    ) -> None:  # fmt: skip
        """`how`: label, number, weight."""
        names, arguments = pools
        label, count, weight = how
        if not names or not arguments:
            return
        for i in range(int(count * self.size.made_up)):
            name = rng.choice(names)
            vector = self.splice(name, rng.choice(arguments))
            rows.add(vector if i % 2 else self.blind(vector), name, label, weight)

    def fit(self, files: list[File]) -> None:
        rows = Rows()
        self._real(files, rows)
        self._made_up(files, rows)
        good = by_name([s for s, y in zip(rows.grams, rows.labels, strict=True) if not y])
        clean = {site.name for site in good}
        bad = [site for site in self.names.dire if site.name not in clean]
        bad += [
            s for s in by_name([s for s, y in zip(rows.grams, rows.labels, strict=True) if y])
            if s.name not in clean
        ]  # fmt: skip
        bad = by_name(bad)
        self.grams = fit_grams(good, bad, self.schema.slots)
        table = np.array(rows.vectors, dtype=np.int64)
        table[:, self.gram_column] = self._out_of_fold(rows.grams, good, bad)
        labels, weights = np.array(rows.labels), np.array(rows.weights)
        weights[labels == 1] *= weights[labels == 0].sum() / weights[labels == 1].sum() / 2
        self.forest = boosted(table, labels, weights, self.size.site_trees, SITE_LEAVES)

    def _out_of_fold(self, sites: list[Site], good: list[Site], bad: list[Site]) -> list[int]:
        """What letters say of a name, learned without that name."""
        sums = [0] * len(sites)
        for fold in range(FOLDS):
            grams = fit_grams(
                [s for s in good if fold_of_name(s.name) != fold],
                [s for s in bad if fold_of_name(s.name) != fold],
                self.schema.slots,
            )
            where = [i for i, s in enumerate(sites) if fold_of_name(s.name) == fold]
            for i, value in zip(where, gram_sums([sites[i] for i in where], grams), strict=True):
                sums[i] = value
        return sums

    def sums(self, sites: Sequence[Site], blind: bool = False) -> Ints:
        if not sites:
            return np.zeros(0, dtype=np.int64)
        vectors = [self.blind(s.vector) if blind else list(s.vector) for s in sites]
        table = np.array(vectors, dtype=np.int64)
        table[:, self.gram_column] = gram_sums(sites, self.grams)
        return self.forest.sums(table)


@dataclass
class StreamModel:
    """The structure of streams: like attacks, and unlike clean ones."""

    schema: Schema
    size: Size = FULL
    structure: Forest = field(default_factory=Forest)
    outlier: Forest = field(default_factory=Forest)

    def _rows(self, files: list[File]) -> tuple[Ints, Ints, Floats]:
        names = self.schema.stream.index("NAMES")
        rows, labels, weights = [], [], []
        for file in files:
            streams = sorted({s for s in file.streams if s[names]})
            for stream in streams:
                rows.append(stream)
                labels.append(int(file.bad))
                weights.append(1 / np.sqrt(len(streams)))
        width = len(self.schema.stream)
        return (
            np.array(rows, dtype=np.int64).reshape(-1, width),
            np.array(labels),
            np.array(weights),
        )

    def fit(self, files: list[File]) -> None:
        rows, labels, weights = self._rows(files)
        self.structure = boosted(rows, labels, weights, self.size.structure_trees, STRUCTURE_LEAVES)
        self.outlier = isolation(rows[labels == 0], self.size.outlier_trees, OUTLIER_SAMPLE)

    def sums(self, files: list[File]) -> list[tuple[int, int]]:
        """The largest of each file's streams."""
        names = self.schema.stream.index("NAMES")
        rows = [(i, s) for i, f in enumerate(files) for s in f.streams if s[names]]
        said = [(-(1 << 20), -(1 << 20))] * len(files)
        if rows:
            table = np.array([s for _, s in rows], dtype=np.int64)
            both = zip(self.structure.sums(table), self.outlier.sums(table), strict=True)
            for (i, _), (like, unlike) in zip(rows, both, strict=True):
                said[i] = max(said[i][0], int(like)), max(said[i][1], int(unlike))
        return said
