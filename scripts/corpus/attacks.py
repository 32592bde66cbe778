"""attacks - malicious files of every family, alone and in clean files. Written, never loaded."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Iterator, Sequence

from assembler import any_style, assemble
from callables import Payload, payload
from container_families import FAMILIES as CONTAINERS
from inject import POSITIONS, Host, host_of, injected
from name_families import FAMILIES as STREAMS
from sample import Sample
from wordlist import words

WEIGHTS = {"gadget": 14, "gadgets": 3, "in-state": 3}  # how many times as often as the others
OWN_CALLEE = set(words("O9 O10 O22 O23 O24 O26 O27 O29 O30 O31 O32 O33 O35 O39 C16 C19"))
SUFFIXES = (
    ".pkl",
    ".pickle",
    ".p",
    ".bin",
    ".pt",
    ".pth",
    ".model",
    ".joblib",
    ".sav",
    ".dat",
    ".ckpt",
)


def group_of(family: str, one: Payload) -> str:
    """Files of one callee stay in one fold."""
    return family if family in OWN_CALLEE else f"{one.source}.{one.callee}"


def alone(rng: random.Random, family: str) -> Sample:
    one = payload(rng)
    callee = "" if family in OWN_CALLEE else one.callee
    notes = f"{one.source} {one.sink}"
    group = group_of(family, one)
    if family in CONTAINERS:
        data, suffix = CONTAINERS[family](rng, one)
    else:
        data, suffix = STREAMS[family](rng, one), rng.choice(SUFFIXES)
    return Sample("malicious", one.sink, data, suffix, group, family, "alone", callee, notes=notes)


def in_zip(rng: random.Random, data: bytes, attack: Payload, position: str) -> bytes | None:
    """The host's archive with a payload in one of its pickles."""
    out = io.BytesIO()
    done = False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
            for info in old.infolist():
                body = old.read(info)
                host = host_of(body) if not done and info.filename.endswith(".pkl") else None
                made = injected(host, rng, attack.node, position) if host else None
                done = done or made is not None
                fresh = zipfile.ZipInfo(info.filename)
                fresh.compress_type = info.compress_type
                new.writestr(fresh, made or body)
    except (zipfile.BadZipFile, ValueError, RuntimeError, NotImplementedError):
        return None
    return out.getvalue() if done else None


def in_stream(rng: random.Random, data: bytes, one: Payload, position: str) -> bytes | None:
    if data[:4] == b"PK\3\4":
        return in_zip(rng, data, one, position)
    host: Host | None = host_of(data)
    if host and position == "second":  # behind raw bytes nobody would come to it
        return data + assemble(one.node, any_style(rng))
    return injected(host, rng, one.node, position) if host else None


def spliced(rng: random.Random, host: Sample, sha: str) -> Sample | None:
    position = rng.choice([*POSITIONS, "second"])
    if position == "second" and host.data[:4] == b"PK\3\4":
        position = "before"  # behind an archive nobody would come to it
    one = payload(rng)
    made = in_stream(rng, host.data, one, position)
    if made is None:
        return None
    group = host.group or host.library
    notes = f"{one.source} {one.sink} in {host.library}"
    return Sample(
        "malicious", one.sink, made, host.suffix, group, "inject", position, one.callee, sha, notes
    )


def attacks(rng: random.Random, each: int, hosts: Sequence[tuple[str, Sample]]) -> Iterator[Sample]:
    """`each` files of a family, some times as many of the plain ones, and as many injections."""
    for family in [*STREAMS, *CONTAINERS]:
        for _ in range(each * WEIGHTS.get(family, 1)):
            yield alone(rng, family)
    if not hosts:
        return
    for _ in range(each * (len(STREAMS) + len(CONTAINERS))):
        sha, host = rng.choice(hosts)
        made = spliced(rng, host, sha)
        if made:
            yield made
