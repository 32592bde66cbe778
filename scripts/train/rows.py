"""Rows to learn from: what `safeguard features` says of labelled files, and of made-up calls."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Vector = tuple[int, ...]

FOLDS = 4

# What a row says of the arguments and of what becomes of the result; the rest is about the name.
ABOUT_ARGUMENTS = [
    "OPCODE",
    "ARGUMENTS",
    "KEYWORDS",
    "FIRST",
    "DEPTH",
    "STRINGS",
    "BYTES",
    "NUMBERS",
    "CONSTANTS",
    "CONTAINERS",
    "GLOBALS",
    "RESULTS",
    "UNKNOWNS",
    "LONGEST",
    "WORD",
    "SHELL",
    "CODE",
    "PAYLOAD",
    "URL",
    "HOST",
    "PATH",
    "ENCODED",
    "WALK",
    "RUNS",
    "PICKLE",
    "MARSHAL",
    "DUNDERS",
    "LINES",
    "SPACES",
    "DISCARDED",
    "CALLED",
    "BUILT",
    "NESTED",
]
# What comes from the tables of knowledge: hidden in copies of rows, which stand for what no
# table knows.
FROM_KNOWLEDGE = ["SINK", "DISTANCE", "SOFT", "INIT", "INSIDE", "STORES", "LIBRARY"]


@dataclass
class Schema:
    """The lists of features, as the program tells them."""

    hash: int
    slots: int
    site: list[str]
    stream: list[str]

    def columns(self, names: Iterable[str]) -> list[int]:
        return [self.site.index(name) for name in names]


@dataclass(frozen=True)
class Site:
    name: str
    vector: Vector
    grams: tuple[int, ...]
    open: bool
    weight: float
    sum: int


@dataclass
class File:
    path: str
    bad: bool
    origin: str
    sites: list[Site] = field(default_factory=list)
    streams: list[Vector] = field(default_factory=list)
    sums: list[tuple[int, int]] = field(default_factory=list)
    score: float = 0.0
    fold: int = 0


def features(program: Path, folder: Path, paths: list[str]) -> Iterator[dict[str, Any]]:
    command = [str(program), "features", "-r", *paths]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE) as running:
        assert running.stdout
        for line in running.stdout:
            yield json.loads(line)


def schema_of(said: dict[str, Any]) -> Schema:
    return Schema(
        said["hash"],
        said["slots"],
        [row[0] for row in said["site"]],
        [row[0] for row in said["stream"]],
    )


def site_of(said: dict[str, Any], grams: int) -> Site:
    vector = list(said["v"])
    vector[grams] = 0  # by the model at hand; the trainer puts in its own
    return Site(
        f"{said['module']}.{said['name']}",
        tuple(vector),
        tuple(said["g"]),
        said["open"],
        said["weight"],
        said["sum"],
    )


def read_corpus(program: Path, corpus: Path) -> tuple[Schema, list[File]]:
    """The files of a manifest (file, label, origin, perhaps group); `unsure` ones are left out."""
    with open(corpus / "manifest.tsv", encoding="utf-8", newline="") as lines:
        table = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    labels = {row["file"]: row for row in table if row["label"] in ("benign", "malicious")}
    folders = sorted({name.split("/")[0] for name in labels})
    said = features(program, corpus, folders)
    schema = schema_of(next(said))
    grams = schema.site.index("GRAMS")
    files = []
    for line in said:
        row = labels.get(line["path"])
        if row is None:
            continue
        origin = row.get("group") or row["origin"]  # generated files have groups
        file = File(row["file"], row["label"] == "malicious", origin)
        file.sites = [site_of(site, grams) for site in line["sites"]]
        file.streams = [tuple(stream["v"]) for stream in line["streams"]]
        file.sums = [(stream["like"], stream["unlike"]) for stream in line["streams"]]
        file.score = line["score"]
        files.append(file)
    return schema, sorted(files, key=lambda file: file.path)


def name_rows(program: Path, names: list[str]) -> list[Site]:
    """A row for each name, called without arguments: for what it says of the name."""
    with tempfile.TemporaryDirectory(prefix="names-") as folder:
        for at in range(0, len(names), 1000):
            calls = []
            for name in names[at : at + 1000]:
                module, _, attribute = name.rpartition(".")
                calls.append(f"c{module}\n{attribute}\n)R0".encode())
            (Path(folder) / f"{at:08}.pkl").write_bytes(b"\x80\x02" + b"".join(calls) + b"N.")
        said = features(program, Path(folder), ["."])
        grams = schema_of(next(said)).site.index("GRAMS")
        wanted = set(names)
        sites = [site_of(site, grams) for line in said for site in line["sites"]]
    return sorted((s for s in sites if s.name in wanted), key=lambda s: s.name)


WORDS = [
    "data",
    "train",
    "fit",
    "eval",
    "net",
    "block",
    "layer",
    "loss",
    "batch",
    "score",
    "token",
    "text",
    "image",
    "audio",
    "graph",
    "node",
    "edge",
    "user",
    "item",
    "order",
    "price",
    "model",
    "head",
    "core",
    "base",
    "main",
    "feature",
    "encoder",
    "decoder",
    "config",
    "option",
    "state",
    "result",
    "record",
    "table",
    "frame",
    "index",
    "cache",
    "store",
    "vector",
    "matrix",
    "point",
    "shape",
    "mask",
    "label",
    "class",
    "world",
    "agent",
    "env",
    "game",
    "board",
    "route",
    "plan",
    "task",
    "job",
    "step",
    "path",
    "loop",
    "tree",
    "forest",
    "kernel",
    "field",
]
MAKERS = [
    "_rebuild",
    "_reconstruct",
    "_restore",
    "_unpickle",
    "_make",
    "_create",
    "_new",
    "_init",
    "_from_state",
    "from_dict",
    "from_config",
    "build",
    "make",
    "create",
    "restore",
    "reconstruct",
    "rebuild",
    "_rebuild_{w}",
    "make_{w}",
    "_make_{w}",
    "create_{w}",
    "_{w}_from_dict",
    "{w}_from_state",
    "_new_{w}",
    "new_{w}",
    "get_{w}",
    "_get_{w}",
    "{w}",
    "{w}_{x}",
    "load_{w}_state",
    "_reduce_{w}",
    "unpickle_{w}",
    "__pyx_unpickle_{W}",
    "_{w}_ctor",
    "{w}_factory",
    "parse_{w}",
]


def made_up(count: int, rng: random.Random) -> list[str]:
    """Functions and classes of projects that do not exist."""
    names: set[str] = set()
    while len(names) < count:
        parts = [rng.choice(WORDS) + rng.choice(["", "s", "lib", "kit", "_utils", "_lib", "2"])]
        parts += [rng.choice(["", "_"]) + rng.choice(WORDS) for _ in range(rng.randrange(4))]
        if rng.random() < 0.35:
            last = rng.choice(["", "_"]) + rng.choice(WORDS).title() + rng.choice(WORDS).title()
        else:
            word, other = rng.choice(WORDS), rng.choice(WORDS)
            last = rng.choice(MAKERS).format(w=word, x=other, W=word.title())
        names.add(".".join([*parts, last]))
    return sorted(names)


class Groups:
    """Files that may not be on both sides: union by what they share."""

    def __init__(self) -> None:
        self.parent: dict[str, str] = {}

    def find(self, key: str) -> str:
        self.parent.setdefault(key, key)
        while self.parent[key] != key:
            self.parent[key] = self.parent[self.parent[key]]
            key = self.parent[key]
        return key

    def join(self, a: str, b: str) -> None:
        self.parent[self.find(a)] = self.find(b)


def telling(files: list[File]) -> dict[str, set[str]]:
    """By malicious file, the names that no clean file calls: what it is malicious for."""
    clean = {site.name for file in files if not file.bad for site in file.sites}
    return {file.path: {site.name for site in file.sites} - clean for file in files if file.bad}


def group(files: list[File]) -> None:
    """Folds of about one size: clean files together by origin and by structure, malicious ones by
    what they call."""
    groups, why = Groups(), telling(files)
    for file in files:
        shape = repr((file.streams, sorted({site.name for site in file.sites})))
        groups.join(file.path, f"shape {shape}")
        if not file.bad:
            groups.join(file.path, f"origin {file.origin}")
        for name in why.get(file.path, ()):
            groups.join(file.path, f"calls {name}")
    members: dict[str, list[File]] = defaultdict(list)
    for file in files:
        members[groups.find(file.path)].append(file)
    sizes = [0] * FOLDS
    for root in sorted(members, key=lambda r: (-len(members[r]), members[r][0].path)):
        fold = sizes.index(min(sizes))
        sizes[fold] += len(members[root])
        for file in members[root]:
            file.fold = fold
