"""bench_python_layer - what the guard costs inside Python: the same work with and without it.

    bench_python_layer.py BUILD [PYTHON] [ROUNDS]

Each row is timed in pairs, one process without the library and one with it, in turn, so that a
busy machine slows both. Time is the processor's, of this process alone; told are the ratio of the
best of each, of the medians, and the spread of the pairs.
"""

import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PREFACE = "import time, pickle, sys\n"


@dataclass(frozen=True)
class Row:
    name: str
    before: str
    work: str  # timed
    most: float  # the ratio that is asked for


ROWS = [
    Row(
        "pickle.loads of a list of 200,000 dicts",
        "data = pickle.dumps([{'a': i, 'b': str(i), 'c': None} for i in range(200000)])",
        "pickle.loads(data)",
        1.05,
    ),
    Row(
        "200,000 times pickle.loads of a dict",
        "data = pickle.dumps({'a': 1, 'b': 'two', 'c': None, 'd': [1, 2, 3]}); loads = pickle.loads",
        "for _ in range(200000): loads(data)",
        1.05,
    ),
    Row(
        "200,000 times pickle.loads of an object",
        "import fractions; data = pickle.dumps(fractions.Fraction(1, 3)); loads = pickle.loads",
        "for _ in range(200000): loads(data)",
        1.05,
    ),
    Row(
        "1,000,000 getattr",
        "class A: x = 1\na = A()",
        "for _ in range(1000000): getattr(a, 'x')",
        1.05,
    ),
    Row(
        "20,000 compile of a function",
        "text = 'def f(a, b):\\n    if a > b:\\n        return [x * b for x in range(a)]\\n    return {a: b}\\n'",
        "for _ in range(20000): compile(text, 'x', 'exec')",
        1.05,
    ),
    Row(
        "1,000,000 imports of what is there",
        "import json",
        "for _ in range(1000000): import json",
        1.05,
    ),
    Row(
        "importing 60 modules of the standard library",
        "",
        "import asyncio, email.mime.text, http.client, logging.config, multiprocessing.pool,"
        " sqlite3, unittest, xml.dom.minidom, concurrent.futures, doctest, tarfile, zipfile, ctypes",
        1.05,
    ),
    Row("import torch", "", "import torch", 1.01),
]


def seconds(python: str, row: Row, library: str | None) -> float:
    code = f"{PREFACE}{row.before}\nstart = time.process_time()\n{row.work}\n"
    code += "print(time.process_time() - start)\n"
    env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
    env.pop("LD_PRELOAD", None)
    if library:
        env["LD_PRELOAD"] = library
    done = subprocess.run([python, "-c", code], env=env, capture_output=True, text=True, check=True)
    return float(done.stdout)


def measure(python: str, row: Row, library: str, rounds: int) -> None:
    pairs = []
    for number in range(rounds):
        order: list[str | None] = [None, library]
        if number % 2:
            order.reverse()
        taken = {key: seconds(python, row, key) for key in order}
        pairs.append((taken[None], taken[library]))
    plain = statistics.median(pair[0] for pair in pairs)
    guarded = statistics.median(pair[1] for pair in pairs)
    ratios = sorted(pair[1] / pair[0] for pair in pairs)
    best = min(pair[1] for pair in pairs) / min(pair[0] for pair in pairs)
    print(
        f"{row.name:45} {plain * 1e3:9.2f} ms {guarded * 1e3:9.2f} ms  medians x{guarded / plain:.3f}"
        f"  best x{best:.3f}  pairs x{ratios[0]:.3f}..x{ratios[-1]:.3f}  (asked: x{row.most})",
        flush=True,
    )


def main() -> None:
    library = str(Path(sys.argv[1], "libsafeguard.so").resolve())
    python = sys.argv[2] if len(sys.argv) > 2 else sys.executable
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    print(python)
    for row in ROWS:
        try:
            seconds(python, row, None)
        except subprocess.CalledProcessError:
            print(f"{row.name:45} not here")
            continue
        measure(python, row, library, rounds)


if __name__ == "__main__":
    main()
