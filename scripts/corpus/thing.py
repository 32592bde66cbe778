"""thing - an object or a file of a library, not made yet. Runs in Python 3.8."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Thing:
    library: str
    build: Callable[[], Any] | None = None  # makes the value, or a file's bytes where raw
    value: Any = None
    group: str = ""
    notes: str = ""
    raw: bool = False
    suffix: str = ".pkl"
    family: str = "clean"
    most: int = 99  # ways to save it that are worth having
    label: str = "benign"
    position: str = ""
    callee: str = ""


def raw(
    library: str, build: Callable[[], bytes], suffix: str, notes: str = "", **more: Any
) -> Thing:
    return Thing(library, build, raw=True, suffix=suffix, notes=notes, **more)
