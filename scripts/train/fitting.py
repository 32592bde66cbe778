"""From labelled files to a model: folds, thresholds, and the last fit on everything."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from export import Model
from forests import POINTS
from learn import FULL, Names, SiteModel, Size, StreamModel
from rows import FOLDS, File, Schema, Site, group, made_up, name_rows, read_corpus

ROOT = Path(__file__).resolve().parent.parent.parent
KNOWLEDGE = ROOT / "scripts" / "knowledge"
DIRE = {"exec", "spawn", "native", "delete", "connect"}
NOTHING = -(1 << 20)
FEWEST = 10  # files of each label

# The shares of clean files above whose scores a call is suspicious, and malicious, as if no table
# knew their names (but for those of the standard library, of which all is known); the share that
# may be called malicious as it is; and the share whose structure may be called odd.
SUSPICIOUS_SHARE, MALICIOUS_SHARE, ALARM_SHARE, ODD_SHARE = 0.01, 0.002, 0.0005, 0.003


class TooFew(Exception):
    """A corpus that nothing can be learned from."""


@dataclass
class Learned:
    model: Model
    about: str


@dataclass
class Fold:
    """What models say of files that they were not fitted on."""

    file: File
    site: int
    blind: int
    foreign: int  # as blind, without the standard library
    like: int
    unlike: int


def known_names() -> tuple[list[str], list[str]]:
    """Names that reach something dangerous soon, and names that rebuild objects."""
    dire, plain = [], []
    for line in (KNOWLEDGE / "reached.tsv").read_text(encoding="utf-8").splitlines():
        cells = line.split("\t")
        if len(cells) >= 3 and cells[1] in DIRE and cells[2] in ("0", "1", "2"):
            dire.append(cells[0])
    for line in (KNOWLEDGE / "rebuilt.tsv").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "names")):
            plain.append(line.split("\t")[0])
    return dire, plain


def names_for(program: Path, size: Size = FULL) -> Names:
    dire, plain = known_names()
    neutral = sorted({*plain, *made_up(3000, random.Random(2))})
    step = round(1 / size.made_up)
    return Names(name_rows(program, sorted(dire)[::step]), name_rows(program, neutral[::step]))


def acts(schema: Schema, site: Site) -> bool:
    """Whether the scanner lets the model call it malicious: it is no class (judge/learned.c)."""
    made, of_class = schema.columns(["OPCODE", "CLASS"])
    return site.vector[made] not in (4, 5) and not site.vector[of_class]


def judge(files: list[File], site: SiteModel, stream: StreamModel) -> list[Fold]:
    sites = [s for f in files for s in f.sites]
    sums = list(zip(site.sums(sites), site.sums(sites, blind=True), strict=True))
    streams = stream.sums(files)
    stdlib = site.schema.site.index("STDLIB")
    found, at = [], 0
    for file, (like, unlike) in zip(files, streams, strict=True):
        said = [
            (s, x)
            for s, x in zip(file.sites, sums[at : at + len(file.sites)], strict=True)
            if acts(site.schema, s)
        ]
        at += len(file.sites)
        known = max((x for s, (x, _) in said if s.open), default=NOTHING)
        blind = max((x for s, (_, x) in said), default=NOTHING)
        foreign = max((x for s, (_, x) in said if not s.vector[stdlib]), default=NOTHING)
        found.append(Fold(file, int(known), int(blind), int(foreign), like, unlike))
    return found


def folds(files: list[File], schema: Schema, names: Names, size: Size = FULL) -> list[Fold]:
    found = []
    for number in range(FOLDS):
        train = [f for f in files if f.fold != number]
        site, stream = SiteModel(schema, names, size), StreamModel(schema, size)
        site.fit(train)
        stream.fit(train)
        found += judge([f for f in files if f.fold == number], site, stream)
    return found


def above(values: list[int], share: float) -> int:
    """The least sum that at most this share of the values reaches."""
    ordered = sorted(values, reverse=True)
    return ordered[int(share * len(ordered))] + 1


def curve(anchors: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Anchors (sum, thousandths) as POINTS points with ascending sums."""
    points: list[tuple[int, int]] = []
    for at, height in anchors:
        points.append((max(at, points[-1][0] + 1) if points else at, height))
    while len(points) < POINTS:
        points.append((points[-1][0] + 1, points[-1][1]))
    return points


def site_curve(found: list[Fold]) -> list[tuple[int, int]]:
    clean = [f for f in found if not f.file.bad]
    foreign = [f.foreign for f in clean]
    half, high = above(foreign, SUSPICIOUS_SHARE), above(foreign, MALICIOUS_SHARE)
    high = max(high, above([f.site for f in clean], ALARM_SHARE))
    step = max(high - half, 2048)
    high = half + step
    return curve(
        [(half - 4 * step, 0), (half - step, 150), (half, 500), (high, 900), (high + step, 960),
         (high + 3 * step, 990)]
    )  # fmt: skip


def stream_curve(values: list[int]) -> list[tuple[int, int]]:
    half = above(values, ODD_SHARE)
    low = sorted(values)[len(values) // 2]
    step = max((half - low) // 2, 16)
    return curve([(half - 2 * step, 0), (half - step, 200), (half, 500), (half + 2 * step, 700)])


def tell(found: list[Fold], model: Model) -> None:
    """What the models said of files that they were not fitted on."""
    rows = [
        ("calls, as scanned", model.site, [f.site for f in found]),
        ("calls, names not in tables", model.site, [f.blind for f in found]),
        ("structure, like attacks", model.structure, [f.like for f in found]),
        ("structure, unlike clean", model.outlier, [f.unlike for f in found]),
    ]
    bad = np.array([f.file.bad for f in found])
    for title, forest, sums in rows:
        said = forest.thousandths(np.array(sums))
        for level in (500, 900):
            hits = [int((said[side] >= level).sum()) for side in (bad, ~bad)]
            print(
                f"  {title:28} at {level / 1000:.2f}: {hits[0]} of {bad.sum()} malicious,"
                f" {hits[1]} of {(~bad).sum()} clean"
            )


def print_of(files: list[File]) -> str:
    """Changes when anything changes that is learned from."""
    digest = hashlib.sha256()
    for f in files:
        sites = [(s.name, s.vector, s.grams, s.open) for s in f.sites]
        digest.update(repr((f.path, f.bad, f.origin, sites, f.streams)).encode())
    return digest.hexdigest()[:16]


def learn(program: Path, corpora: list[Path], size: Size = FULL) -> Learned:
    files: list[File] = []
    for corpus in corpora:
        schema, more = read_corpus(program, corpus)
        files += more
    bad = sum(f.bad for f in files)
    if min(bad, len(files) - bad) < FEWEST:
        raise TooFew(f"{len(files) - bad} clean and {bad} malicious files: too few to learn from")
    group(files)
    names = names_for(program, size)
    try:
        found = folds(files, schema, names, size)
        site, stream = SiteModel(schema, names, size), StreamModel(schema, size)
        site.fit(files)
        stream.fit(files)
    except ValueError as error:  # of scikit-learn: rows of one label, or none
        raise TooFew("the calls in them are too few, or too alike, to learn from") from error
    clean = [f for f in found if not f.file.bad]
    site.forest.curve = site_curve(found)
    stream.structure.curve = stream_curve([f.like for f in clean])
    stream.outlier.curve = stream_curve([f.unlike for f in clean])
    model = Model(schema.hash, site.forest, stream.structure, stream.outlier, site.grams)
    tell(found, model)
    return Learned(model, f"{len(files)} files, {print_of(files)}")
