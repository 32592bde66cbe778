#!/usr/bin/env python3
"""benign - clean files of one library, by the library itself, into a folder. Runs in Python 3.8.

    benign.py MAKER FOLDER SEED COUNT [tiny]

MAKER is a module benign_MAKER beside this one with things(seed, tiny), which yields Thing; what a library
cannot make is passed over and counted. Each thing is saved in COUNT ways.
"""

from __future__ import annotations

import importlib
import os
import random
import sys
import warnings
from pathlib import Path
from typing import Any, Iterator

from dumping import LARGEST, fix_clocks, ways
from sample import Sample, write_part
from thing import Thing


def samples(made: Thing, rng: random.Random, count: int) -> Iterator[Sample]:
    if isinstance(made.value, bytes) and made.raw:
        if len(made.value) <= LARGEST:
            yield Sample(
                "benign", made.library, made.value, made.suffix, made.group, made.family, notes=made.notes
            )
        return
    for data, suffix, notes in ways(rng, made.value, min(count, made.most)):
        yield Sample(
            "benign", made.library, data, suffix, made.group, made.family, notes=f"{made.notes} {notes}"
        )


def main() -> int:
    maker, folder, seed, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    tiny = "tiny" in sys.argv[5:]
    warnings.simplefilter("ignore")
    fix_clocks()
    random.seed(seed)
    rng = random.Random(f"{maker} {seed}")
    module: Any = importlib.import_module(f"benign_{maker}")
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
        for sample in samples(made, rng, count):
            write_part(folder, number, sample)
            number += 1
    print(f"{maker}: {number} files, {failed} objects that could not be made")
    return 0


if __name__ == "__main__":
    sys.exit(main())
