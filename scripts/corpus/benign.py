#!/usr/bin/env python3
"""benign - files of one library, by the library itself, into a folder. Runs in Python 3.8.

    benign.py MAKER FOLDER SEED COUNT [tiny]

MAKER is a module benign_MAKER or MAKER_attacks beside this one with things(seed, tiny), which yields
Thing; what a library cannot make is passed over and counted. Each thing is saved in COUNT ways.
"""

from __future__ import annotations

import importlib
import os
import random
import sys
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dumping import LARGEST, fix_clocks, ways
from sample import Sample, write_part
from thing import Thing


def sample(made: Thing, data: bytes, suffix: str, notes: str) -> Sample:
    fields = (
        made.label,
        made.library,
        data,
        suffix,
        made.group,
        made.family,
        made.position,
        made.callee,
    )
    return Sample(*fields, notes=notes)


def samples(made: Thing, rng: random.Random, count: int) -> Iterator[Sample]:
    if made.raw:
        if len(made.value) <= LARGEST:
            yield sample(made, made.value, made.suffix, made.notes)
        return
    for data, suffix, notes in ways(rng, made.value, min(count, made.most)):
        yield sample(made, data, suffix, f"{made.notes} {notes}")


def main() -> int:
    maker, folder, seed, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    tiny = "tiny" in sys.argv[5:]
    warnings.simplefilter("ignore")
    fix_clocks()
    random.seed(seed)
    rng = random.Random(f"{maker} {seed}")
    marks = random.Random(seed)  # cloudpickle names the classes that it writes by a uuid
    uuid.uuid4 = lambda: uuid.UUID(int=marks.getrandbits(128), version=4)
    name = f"{maker}_attacks" if maker == "natural" else f"benign_{maker}"
    module: Any = importlib.import_module(name)
    number = failed = 0
    for made in module.things(rng, tiny):
        try:
            value = made.build() if made.build else made.value
        except Exception as error:  # noqa: BLE001 - whatever a library has against toy data
            failed += 1
            if "CORPUS_VERBOSE" in os.environ:
                print(f"{maker}: {made.notes}: {error!r}"[:200], file=sys.stderr)
            continue
        made.value = value
        for one in samples(made, rng, count):
            write_part(folder, number, one)
            number += 1
    print(f"{maker}: {number} files, {failed} objects that could not be made")
    return 0


if __name__ == "__main__":
    sys.exit(main())
