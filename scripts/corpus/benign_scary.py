"""benign_scary - data that reads like an attack and is none: texts and bytes that merely lie there."""

from __future__ import annotations

import base64
import io
import pickle
import random
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

from arguments import Arguments
from thing import Thing, raw
from wordlist import words

LOG = '{ip} - - [13/Sep/2020:12:26:40 +0000] "GET /{word}.php?cmd={shell} HTTP/1.1" 404 {port}'


def malware(rng: random.Random) -> bytes:
    """The first bytes of programs, of pickles that would run something, of archives."""
    made = Arguments(rng)
    attack = b"cposix\nsystem\n(V" + made.shell().replace("\n", " ").encode() + b"\ntR."
    heads = [
        b"\x7fELF\x02\x01\x01",
        b"MZ\x90\0\x03",
        b"PK\x03\x04\x14",
        b"#!/bin/sh\n",
        attack,
        b"\xca\xfe\xba\xbe",
    ]
    return rng.choice(heads) + rng.getrandbits(800).to_bytes(100, "little")


def rows(rng: random.Random, count: int) -> list[dict[str, Any]]:
    made = Arguments(rng)
    makers: list[Callable[[], Any]] = [
        made.shell,
        made.code,
        made.expr,
        made.url,
        made.path,
        made.argv,
    ]
    return [
        {"id": n, "text": rng.choice(makers)(), "label": rng.randrange(2)} for n in range(count)
    ]


def frame(rng: random.Random) -> Any:
    import pandas

    return pandas.DataFrame(rows(rng, 30))


def arrays(rng: random.Random) -> Any:
    import numpy

    texts = [str(row["text"]) for row in rows(rng, 20)]
    return {
        "commands": numpy.array(texts),
        "objects": numpy.array(texts, dtype=object),
        "y": numpy.arange(20),
    }


def vectorizer(rng: random.Random) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = [str(row["text"]) for row in rows(rng, 30)]
    model = make_pipeline(TfidfVectorizer(token_pattern=r"\S+"), LogisticRegression())
    return model.fit(texts, [n % 2 for n in range(30)])


def tokens(rng: random.Random) -> Any:
    found = words(
        "os.system eval exec __import__ subprocess.Popen builtins posix system pickle.loads sh -c"
    )
    found += [word for row in rows(rng, 9) for word in str(row["text"]).split()]
    return {
        "stoi": {word: n for n, word in enumerate(dict.fromkeys(found))},
        "itos": list(dict.fromkeys(found)),
    }


def named(rng: random.Random) -> Any:
    """A data set of names that scanners look for."""
    pairs = [
        ("os", "system"),
        ("posix", "system"),
        ("builtins", "eval"),
        ("builtins", "exec"),
        ("subprocess", "Popen"),
    ]
    return {
        "denied": pairs,
        "counts": {f"{a}.{b}": rng.randrange(99) for a, b in pairs},
        "source": "import os",
    }


VALUES: dict[str, Callable[[random.Random], Any]] = {
    "rows": lambda r: rows(r, r.randrange(3, 60)),
    "one text": lambda r: Arguments(r).shell(),
    "one program": lambda r: {"code": Arguments(r).code(), "language": "python"},
    "texts": lambda r: [Arguments(r).code() for _ in range(r.randrange(2, 20))],
    "malware": lambda r: {"samples": [malware(r) for _ in range(9)], "family": ["trojan", "worm"]},
    "one sample": malware,
    "pickles as data": lambda r: [pickle.dumps(rows(r, 2), p) for p in (0, 2, 4)],
    "base64": lambda r: {"images": [base64.b64encode(malware(r)).decode() for _ in range(5)]},
    "urls": lambda r: {Arguments(r).url(): r.randrange(2) for _ in range(40)},
    "hosts": lambda r: [(Arguments(r).host(), Arguments(r).port()) for _ in range(20)],
    "config": lambda r: {
        "cmd": Arguments(r).argv(),
        "env": {"PATH": "/usr/bin"},
        "script": "train.sh",
        "shell": True,
    },
    "frame": frame,
    "arrays": arrays,
    "vectorizer": vectorizer,
    "tokens": tokens,
    "names": named,
    "exploits": lambda r: {
        "poc": "cos\nsystem\n(S'id'\ntR.",
        "payload": b"cos\nsystem\n(S'id'\ntR.",
        "cvss": 9.8,
    },
    "chat": lambda r: [
        {"role": "user", "content": f"how do I run {Arguments(r).shell()}?"} for _ in range(6)
    ],
    "logs": lambda r: (
        [LOG.format(ip=Arguments(r).ip(), word="x", shell=Arguments(r).shell(), port=1)] * 3
    ),
}


def text_file(rng: random.Random) -> bytes:
    return "\n".join(str(row["text"]) for row in rows(rng, 30)).encode()


def json_file(rng: random.Random) -> bytes:
    import json

    return json.dumps(rows(rng, 20), indent=1).encode()


def csv_file(rng: random.Random) -> bytes:
    return b"id,text\n" + "\n".join(f"{r['id']},{str(r['text'])!r}" for r in rows(rng, 40)).encode()


def zip_file(rng: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("setup.sh", text_file(rng))
        archive.writestr("payload.bin", malware(rng))
        archive.writestr("train.py", Arguments(rng).code())
    return out.getvalue()


FILES: dict[str, Callable[[random.Random], bytes]] = {
    ".txt": text_file,
    ".json": json_file,
    ".csv": csv_file,
    ".zip": zip_file,
    ".sh": lambda r: b"#!/bin/sh\n" + Arguments(r).shell().encode(),
    ".py": lambda r: b"import pickle\n" + Arguments(r).code().encode() + b"\n",
    ".log": lambda r: "\n".join(map(str, VALUES["logs"](r))).encode(),
    ".md": lambda r: b"# Exploit\n\n    cos\n    system\n    (S'id'\n    tR.\n\n" + text_file(r),
    ".bin": lambda r: b"\x7fELF\x02\x01\x01" + bytes(r.getrandbits(8) for _ in range(900)),
}


def things(rng: random.Random, tiny: bool) -> Iterator[Thing]:
    for name in sorted(VALUES):
        for _ in range(1 if tiny else 6):
            own = rng.getrandbits(40)
            build = lambda n=name, s=own: VALUES[n](random.Random(s))  # noqa: E731
            yield Thing(
                "scary-data", build, group=f"scary.{name}", notes=name, family="scary-data", most=2
            )
    for suffix in sorted(FILES):
        for _ in range(1 if tiny else 5):
            own = rng.getrandbits(40)
            build = lambda n=suffix, s=own: FILES[n](random.Random(s))  # noqa: E731
            yield raw(
                "no-pickle", build, suffix, "scary text", group=f"scary{suffix}", family="no-pickle"
            )
