"""benign_stdlib - objects of the standard library and plain values, nested in one another."""

from __future__ import annotations

import argparse
import array
import calendar
import collections
import datetime
import decimal
import enum
import fractions
import functools
import heapq
import http.cookies
import io
import ipaddress
import itertools
import logging
import math
import operator
import os
import pathlib
import queue
import random
import re
import statistics
import string
import struct
import textwrap
import time
import types
import urllib.parse
import uuid
import xml.etree.ElementTree as etree
from collections.abc import Callable, Iterator
from typing import Any

from thing import Thing


class Color(enum.Enum):
    RED = 1
    GREEN = "green"


class Access(enum.Flag):
    READ = 1
    WRITE = 2


Point = collections.namedtuple("Point", "x y")
DAY = datetime.datetime(2021, 3, 4, 5, 6, 7, 89)
FUNCTIONS: list[Any] = [int, round, sorted, max, str.split, math.pow]
SOURCES: dict[str, Callable[[random.Random], Any]] = {
    "uuid": lambda r: uuid.UUID(int=r.getrandbits(128)),
    "datetime": lambda r: DAY + datetime.timedelta(seconds=r.randrange(10**8)),
    "aware": lambda r: DAY.replace(
        tzinfo=datetime.timezone(datetime.timedelta(hours=r.randrange(9)))
    ),
    "zone": lambda r: DAY.replace(tzinfo=__import__("zoneinfo").ZoneInfo("UTC")),
    "date": lambda r: datetime.date(2020, r.randrange(1, 12), r.randrange(1, 28)),
    "time": lambda r: datetime.time(r.randrange(23), 5),
    "timedelta": lambda r: datetime.timedelta(r.randrange(99), 5),
    "decimal": lambda r: decimal.Decimal(r.randrange(999)) / 7,
    "context": lambda r: decimal.Context(prec=r.randrange(1, 30)),
    "fraction": lambda r: fractions.Fraction(r.randrange(99), 7),
    "complex": lambda r: complex(r.random(), 2),
    "set": lambda r: {r.randrange(99) for _ in range(5)},
    "frozenset": lambda r: frozenset("abc" + str(r.randrange(9))),
    "partial": lambda r: functools.partial(r.choice(FUNCTIONS), 2),
    "partial words": lambda r: functools.partial(int, base=r.randrange(2, 30)),
    "regex": lambda r: re.compile(
        r.choice([r"\w+", r"(?u)\b\w\w+\b", r"[^a-z]", r"https?://\S+"]), 2
    ),
    "path": lambda r: pathlib.Path(r.choice(["models", "/data", "~/x"])) / str(r.randrange(9)),
    "windows path": lambda r: pathlib.PureWindowsPath("C:/models/x.bin"),
    "enum": lambda r: r.choice([Color.RED, Color.GREEN, Access.READ | Access.WRITE]),
    "namedtuple": lambda r: Point(r.random(), r.randrange(9)),
    "defaultdict": lambda r: collections.defaultdict(r.choice([int, list, dict, set, float]), a=1),
    "defaultdict partial": lambda r: collections.defaultdict(
        functools.partial(collections.defaultdict, int)
    ),
    "ordered": lambda r: collections.OrderedDict((f"k{i}", i) for i in range(r.randrange(9))),
    "counter": lambda r: collections.Counter(r.choices("abcdef", k=50)),
    "deque": lambda r: collections.deque(range(r.randrange(9)), maxlen=99),
    "chainmap": lambda r: collections.ChainMap({"a": 1}, {"b": 2}),
    "userdict": lambda r: collections.UserDict(a=r.random()),
    "userlist": lambda r: collections.UserList([1, 2]),
    "namespace": lambda r: argparse.Namespace(
        lr=r.random(), epochs=r.randrange(99), out="runs/exp", gpu=None
    ),
    "simplenamespace": lambda r: types.SimpleNamespace(a=1, name="x", items=[1]),
    "array": lambda r: array.array(r.choice("bhilfd"), [1, 2, 3]),
    "bytearray": lambda r: bytearray(r.getrandbits(8) for _ in range(40)),
    "range": lambda r: range(1, r.randrange(2, 99), 2),
    "slice": lambda r: slice(1, r.randrange(9)),
    "ellipsis": lambda r: [Ellipsis, NotImplemented, None],
    "types": lambda r: r.sample([int, str, list, dict, float, set, object, type, bytes, tuple], 3),
    "functions": lambda r: r.sample(
        [len, sum, max, min, math.sqrt, math.log, operator.add, str.lower, sorted], 3
    ),
    "itemgetter": lambda r: operator.itemgetter(r.randrange(9)),
    "attrgetter": lambda r: operator.attrgetter(r.choice(["name", "score", "x.y", "weight"])),
    "methodcaller": lambda r: operator.methodcaller(r.choice(["lower", "strip", "split"])),
    "random state": lambda r: random.Random(r.randrange(99)),
    "random getstate": lambda r: random.Random(r.randrange(99)).getstate(),
    "count": lambda r: itertools.count(r.randrange(99)),
    "enumerate": lambda r: enumerate("ab"),
    "exception": lambda r: r.choice(
        [ValueError("bad value"), KeyError("x"), OSError(2, "No such file")]
    ),
    "ip": lambda r: ipaddress.ip_address(r.getrandbits(32)),
    "network": lambda r: ipaddress.ip_network("10.0.0.0/8"),
    "url": lambda r: urllib.parse.urlparse("https://huggingface.co/models?search=bert"),
    "struct_time": lambda r: time.gmtime(r.randrange(10**9)),
    "stat": lambda r: os.stat_result(range(10)),
    "calendar": lambda r: calendar.TextCalendar(r.randrange(6)),
    "template": lambda r: string.Template("$a likes $b"),
    "textwrap": lambda r: textwrap.TextWrapper(width=r.randrange(20, 99)),
    "normaldist": lambda r: statistics.NormalDist(0, r.random()),
    "element": lambda r: etree.fromstring("<a b='1'><c>text</c></a>"),
    "stringio": lambda r: io.StringIO("some text\nlines"),
    "bytesio": lambda r: io.BytesIO(b"some bytes"),
    "cookie": lambda r: http.cookies.SimpleCookie("a=1; b=2"),
    "log record": lambda r: (
        logging.LogRecord("train", 20, "train.py", 5, "epoch %d", (1,), None).__dict__
    ),
    "logger": lambda r: logging.getLogger("train"),
    "struct": lambda r: struct.calcsize("<IHB"),
    "module function": lambda r: r.choice(
        [os.path.join, heapq.heappush, json_loads(), re.sub, textwrap.dedent]
    ),
    "method": lambda r: r.choice(["abc".upper, [1].append, {"a": 1}.get]),
    "queue error": lambda r: queue.Empty(),
}


def json_loads() -> Any:
    import json

    return json.loads


def word(rng: random.Random) -> str:
    return "".join(rng.choices(string.ascii_lowercase, k=rng.randrange(2, 10)))


def scalar(rng: random.Random) -> Any:
    values: list[Any] = [
        rng.randrange(300),
        rng.random(),
        word(rng),
        True,
        None,
        -rng.getrandbits(40),
    ]
    values += [
        word(rng).encode(),
        "naïve \u4e2d\u6587",
        "",
        b"",
        rng.getrandbits(200),
        float("nan"),
    ]
    return rng.choice(values)


def nested(rng: random.Random, depth: int) -> Any:
    """Containers in containers, with a few objects inside."""
    if depth == 0 or rng.random() < 0.2:
        return SOURCES[rng.choice(sorted(SOURCES))](rng) if rng.random() < 0.3 else scalar(rng)
    kind = rng.randrange(4)
    inner = [nested(rng, depth - 1) for _ in range(rng.randrange(1, 6))]
    if kind == 0:
        return tuple(inner)
    if kind == 1:
        return inner
    return {f"{word(rng)}{i}": value for i, value in enumerate(inner)}


def vocabulary(rng: random.Random) -> Any:
    words = [word(rng) for _ in range(rng.randrange(50, 900))]
    return {"word2idx": {w: i for i, w in enumerate(words)}, "idx2word": words, "size": len(words)}


def history(rng: random.Random) -> Any:
    return {
        k: [rng.random() for _ in range(rng.randrange(99))] for k in ("loss", "val_loss", "acc")
    }


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    for name in sorted(SOURCES)[:: 6 if tiny else 1]:
        seed = rng.getrandbits(30)
        yield Thing(
            "stdlib",
            lambda n=name, s=seed: SOURCES[n](random.Random(s)),
            group=f"stdlib.{name}",
            notes=name,
        )
        yield Thing(
            "stdlib",
            lambda n=name, s=seed: {
                "meta": word(random.Random(s)),
                "value": SOURCES[n](random.Random(s)),
                "n": 1,
            },
            group=f"stdlib.{name}",
            notes=f"{name} in a dict",
            most=1,
        )
    for number in range(4 if tiny else 160):
        seed = rng.getrandbits(30)
        yield Thing(
            "stdlib",
            lambda s=seed: nested(random.Random(s), 4),
            group="stdlib.nested",
            notes="nested",
            most=2,
        )
        if number % 8 == 0:
            yield Thing(
                "plain", lambda s=seed: vocabulary(random.Random(s)), group="plain.vocab", most=2
            )
            yield Thing(
                "plain", lambda s=seed: history(random.Random(s)), group="plain.history", most=2
            )
