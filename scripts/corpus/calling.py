"""calling - calls of names as nodes, and whole pickles of them."""

from __future__ import annotations

import random
from typing import Any

from arguments import Arguments
from assembler import (
    Call,
    Name,
    any_style,
    assemble,
)


def call(module: str, path: str, *arguments: Any) -> Call:
    return Call(Name(module, path), arguments)


def made(rng: random.Random, node: Any, lowest: int = 0) -> bytes:
    style = any_style(rng)
    if style.protocol < lowest:
        style.protocol = 4
    return assemble(node, style)


def shell(rng: random.Random) -> str:
    return Arguments(rng).shell()
