"""intervals.py - ratios with their 95 % confidence intervals, and curves over scores."""

from __future__ import annotations

import math
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

Z = 1.959964  # 97.5 % of the normal distribution lies below
ROUNDS = 1000
Point = tuple[float, float]


@dataclass(frozen=True)
class Judged:
    """What counts of one file: is it bad, is it called so, and what it is drawn together with."""

    bad: bool
    called: bool
    group: str


@dataclass(frozen=True)
class Ratio:
    """part of whole, with Wilson's interval; value is None where there is no whole."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> Point:
        if not self.whole:
            return 0.0, 1.0
        p, n, zz = self.part / self.whole, self.whole, Z * Z
        middle = (p + zz / (2 * n)) / (1 + zz / n)
        half = Z / (1 + zz / n) * math.sqrt(p * (1 - p) / n + zz / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Counts:
    """A confusion table."""

    tp: int
    fp: int
    fn: int
    tn: int

    @property
    def precision(self) -> Ratio:
        return Ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> Ratio:
        return Ratio(self.tp, self.tp + self.fn)

    @property
    def alarms(self) -> Ratio:
        return Ratio(self.fp, self.fp + self.tn)

    @property
    def f1(self) -> float | None:
        whole = 2 * self.tp + self.fp + self.fn
        return 2 * self.tp / whole if whole else None


def count(files: Sequence[Judged]) -> Counts:
    tp = sum(f.bad and f.called for f in files)
    fp = sum(f.called for f in files) - tp
    fn = sum(f.bad for f in files) - tp
    return Counts(tp, fp, fn, len(files) - tp - fp - fn)


def f1_interval(files: Sequence[Judged], seed: int, rounds: int = ROUNDS) -> Point:
    """Bootstrap over groups: files of one origin come and go together, as they did in reality."""
    groups: dict[str, list[Judged]] = defaultdict(list)
    for f in files:
        groups[f.group].append(f)
    tables = [count(groups[name]) for name in sorted(groups)]
    draw = random.Random(seed)
    found: list[float] = []
    for _ in range(rounds):
        drawn = draw.choices(tables, k=len(tables))
        tp, errors = sum(t.tp for t in drawn), sum(t.fp + t.fn for t in drawn)
        found.append(2 * tp / (2 * tp + errors) if tp + errors else 0.0)
    found.sort()
    return found[int(0.025 * rounds)], found[int(0.975 * rounds) - 1]


@dataclass(frozen=True)
class Curve:
    """Over all thresholds, from strict to lax: (FPR, recall) and (recall, precision)."""

    roc: list[Point]
    pr: list[Point]

    @property
    def area(self) -> float:
        """Under the ROC."""
        steps = zip([(0.0, 0.0), *self.roc], self.roc, strict=False)
        return sum((x - x0) * (y + y0) / 2 for (x0, y0), (x, y) in steps)

    def recall_at(self, alarms: float) -> float:
        """The best recall with no more false alarms than this share."""
        return max((y for x, y in self.roc if x <= alarms), default=0.0)


def curve(scored: Sequence[tuple[bool, float]]) -> Curve:
    bad = sum(b for b, _ in scored) or 1
    good = sum(not b for b, _ in scored) or 1
    roc: list[Point] = []
    pr: list[Point] = []
    hits = alarms = 0
    ordered = sorted(scored, key=lambda pair: -pair[1])
    for i, (is_bad, score) in enumerate(ordered):
        hits += is_bad
        alarms += not is_bad
        if i + 1 == len(ordered) or ordered[i + 1][1] != score:
            roc.append((alarms / good, hits / bad))
            pr.append((hits / bad, hits / (hits + alarms)))
    return Curve(roc, pr)
