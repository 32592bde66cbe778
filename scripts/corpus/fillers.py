"""fillers - harmless values, as opcodes or as nodes, for payloads to stand between."""

from __future__ import annotations

import random
from typing import Any

from assembler import Call, Name, New, Style, emit
from wordlist import words

KEYS = words(
    "epoch loss model state config lr steps vocab weights name version classes mean std labels"
)


def filler_value(rng: random.Random, depth: int = 2) -> Any:
    leaves: list[Any] = [
        rng.randrange(1000),
        rng.random(),
        None,
        True,
        rng.choice(KEYS),
        "data/train.csv",
    ]
    leaves += [
        Call(Name("collections", "OrderedDict"), ()),
        Call(Name("builtins", "set"), ([1, 2],)),
    ]
    leaves += [
        Call(Name("numpy", "dtype"), ("f4", False, True)),
        New(Name("argparse", "Namespace"), ()),
    ]
    leaves += [Name("numpy", "float32"), Name("torch", "float16")]
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(leaves)
    inner = [filler_value(rng, depth - 1) for _ in range(rng.randrange(1, 5))]
    made: list[Any] = [
        inner,
        tuple(inner),
        {f"{rng.choice(KEYS)}{n}": v for n, v in enumerate(inner)},
    ]
    return rng.choice(made)


def filler(rng: random.Random) -> list[bytes]:
    """Opcodes that push one harmless value and leave the memo alone."""
    return emit(filler_value(rng), Style(rng.choice([2, 2, 4]), False))
