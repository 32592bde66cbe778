"""bench_guard - what the guard costs: whole programs, and single opens, with and without it.

    bench_guard.py BUILD [ROUNDS]

Everything is measured in pairs, once without the library and once with it, in turn, so that a busy
machine slows both; time is the processor's, of the process and its children. Told are the medians,
the median of the pairs' ratios (or differences), and its spread: the middle half of the pairs.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from figures import row

COMMAND = "tests/bench/bench_guard.py"
PYTHON = sys.executable
MICRO = 1e-6
MILLI = 1e-3
WARM = 3.2  # seconds until a new file's verdict is kept

TRAIN = """
import numpy as np
from sklearn.ensemble import RandomForestClassifier
import torch
torch.set_num_threads(1)
x = np.random.default_rng(1).normal(size=(1000, 20))
RandomForestClassifier(20, random_state=1, n_jobs=1).fit(x, x[:, 0] > 0)
net = torch.nn.Sequential(torch.nn.Linear(20, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
step = torch.optim.Adam(net.parameters())
data = torch.tensor(x, dtype=torch.float32)
for _ in range(200):
    step.zero_grad()
    net(data).square().mean().backward()
    step.step()
"""

# Programs whose standard output is seconds for one unit of work. The least of many batches: what
# is measured is so short that anything that comes between would be most of it.
SMALL_OPENS = """
import os, sys, time
path, batches = sys.argv[1], 100
best = 1e9
for _ in range(batches):
    begun = time.process_time_ns()
    for _ in range(1000):
        os.close(os.open(path, 0))
    best = min(best, time.process_time_ns() - begun)
print(best / 1000 * 1e-9)
"""
FIRST_OPENS = """
import os, sys, time
taken = []
for name in os.listdir(sys.argv[1]):
    path = os.path.join(sys.argv[1], name)
    begun = time.process_time_ns()
    os.close(os.open(path, 0))
    taken.append(time.process_time_ns() - begun)
print((taken[0] if sys.argv[2:] else sorted(taken)[len(taken) // 4]) * 1e-9)
"""
LOAD = """
import sys, time
kind, path = sys.argv[1:]
if kind == "torch":
    import torch
    torch.set_num_threads(1)
    load = lambda: torch.load(path)
elif kind == "joblib":
    import joblib
    load = lambda: joblib.load(path)
else:
    import pickle
    load = lambda: pickle.load(open(path, "rb"))
load()
taken = []
for _ in range(20):
    begun = time.process_time_ns()
    load()
    taken.append(time.process_time_ns() - begun)
print(min(taken) * 1e-9)
"""
MODELS = """
import pickle, sys
import joblib, torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.datasets import make_classification
folder = sys.argv[1]
torch.save({f"layer{i}": torch.rand(26, 500) for i in range(20)}, folder + "/torch")
forest = RandomForestClassifier(20, random_state=1).fit(*make_classification(3000, random_state=1))
joblib.dump(forest, folder + "/joblib")
pickle.dump([{"id": i, "name": f"row {i}", "score": i / 7} for i in range(28000)], open(folder + "/pickle", "wb"))
"""

# What a first open may cost, as a share of loading. Where that is nothing but opcodes, a machine ten times as
# fast as CPython needs a tenth.
SHARES = {
    "torch": ("a torch model", 0.03),
    "joblib": ("a forest by joblib", 0.03),
    "pickle": ("a pickle of 28,000 dicts", 0.03),
}

Measure = Callable[[dict[str, str]], float]


@dataclass(frozen=True)
class Pairs:
    name: str
    plain: list[float]
    guarded: list[float]

    def spread(self, of: Callable[[float, float], float]) -> tuple[float, float, float]:
        """The median, and the quartiles."""
        found = sorted(of(a, b) for a, b in zip(self.plain, self.guarded, strict=True))
        return statistics.median(found), found[len(found) // 4], found[-1 - len(found) // 4]


def environment(library: str | None) -> dict[str, str]:
    dropped = ("LD_PRELOAD", "SAFEGUARD_MODE", "SAFEGUARD_POLICY", "SAFEGUARD_LOG")
    env = {name: value for name, value in os.environ.items() if name not in dropped}
    env |= {"PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    return env | ({"LD_PRELOAD": library} if library else {})


def program(*command: str, times: int = 1) -> Measure:
    """Seconds of processor time that the whole program takes."""

    def measure(env: dict[str, str]) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        for _ in range(times):
            subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
        return used / times

    return measure


def inside(code: str, *arguments: str) -> Measure:
    """Seconds that the program itself tells."""

    def measure(env: dict[str, str]) -> float:
        command = [PYTHON, "-c", code, *arguments]
        done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE)
        return float(done.stdout)

    return measure


def pairs(name: str, measure: Measure, library: str, rounds: int) -> Pairs:
    """One of each first, uncounted: it fills the caches."""
    found = Pairs(name, [], [])
    for number in range(rounds + 1):
        order = [(found.plain, None), (found.guarded, library)]
        for into, which in order if number % 2 else reversed(order):
            taken = measure(environment(which))
            if number:
                into.append(taken)
    return found


def show(name: str, columns: list[str], asked: str, met: bool | None) -> None:
    cells = " ".join(f"{one:>12}" for one in columns)
    print(f"{name:<42} {cells}  {asked}", flush=True)
    plain, guarded, middle, spread = columns
    measured = f"{middle} ({spread}): {plain} without, {guarded} with"
    row(name, f"≤ {asked}" if asked else "", measured, met, COMMAND)


def show_ratio(found: Pairs, most: float) -> None:
    middle, low, high = found.spread(lambda a, b: b / a)
    plain, guarded = (statistics.median(one) / MILLI for one in (found.plain, found.guarded))
    columns = [f"{plain:.1f} ms", f"{guarded:.1f} ms", f"x{middle:.3f}", f"{low:.3f}..{high:.3f}"]
    show(found.name, columns, f"x{most}", middle <= most)


def show_added(found: Pairs, most: float, unit: float, word: str) -> None:
    middle, low, high = (one / unit for one in found.spread(lambda a, b: b - a))
    plain, guarded = (statistics.median(one) / unit for one in (found.plain, found.guarded))
    columns = [f"{plain:.2f} {word}", f"{guarded:.2f} {word}", f"+{middle:.2f} {word}"]
    asked = f"+{most / unit:g} {word}"
    show(found.name, [*columns, f"{low:+.2f}..{high:+.2f}"], asked, middle <= most / unit)


def show_share(found: Pairs, load: float, most: float | None) -> None:
    """What a first open costs more, in hundredths of what loading the model takes."""
    middle, low, high = found.spread(lambda a, b: (b - a) / load)
    added = statistics.median(found.guarded) - statistics.median(found.plain)
    measured = f"{middle:.1%} ({low:.1%}..{high:.1%}): {added / MICRO:.1f} us"
    measured += f" of {load / MICRO:.0f} us that loading takes"
    print(f"{found.name:<42} {measured}", flush=True)
    met = None if most is None else middle <= most
    row(found.name, "" if most is None else f"≤ {most:.0%}", measured, met, COMMAND)


def copies(folder: Path, source: Path, count: int) -> str:
    into = folder / f"{source.name}.copies"
    into.mkdir()
    for number in range(count):
        (into / str(number)).write_bytes(source.read_bytes())
    return str(into)


def opens(folder: Path, library: str, rounds: int) -> None:
    """Single opens; the files are let cool down first, so that verdicts are kept."""
    subprocess.run(
        [PYTHON, "-W", "ignore", "-c", MODELS, str(folder)], env=environment(None), check=True
    )
    (folder / "text").write_text("key = value\n" * 20)
    (folder / "source.py").write_text("import os\n" * 30_000)
    first = {kind: copies(folder, folder / kind, 40) for kind in SHARES}
    time.sleep(WARM)
    for kind, (title, most) in SHARES.items():
        load = min(inside(LOAD, kind, str(folder / kind))(environment(None)) for _ in range(3))
        size = (folder / kind).stat().st_size / 1e6
        for name, more, asked in (
            (f"first open of {title}, {size:.1f} MB", [], most),
            (f"… by a process that opened none before: {kind}", ["alone"], None),
        ):
            measure = inside(FIRST_OPENS, first[kind], *more)
            show_share(pairs(name, measure, library, rounds), load, asked)
    for name, file, most in (
        ("100,000 opens of a torch model, again", "torch", 2 * MICRO),
        ("100,000 opens of a small text", "text", MICRO),
        ("100,000 opens of 300 KB of source", "source.py", MICRO),
    ):
        found = pairs(name, inside(SMALL_OPENS, str(folder / file)), library, rounds)
        show_added(found, most, MICRO, "us")


def main() -> None:
    library = str(Path(sys.argv[1], "libsafeguard.so").resolve())
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 9
    heads = ["without", "with", "median", "middle half"]
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(" " * 42, " ".join(f"{one:>12}" for one in heads), " asked")
    with tempfile.TemporaryDirectory(prefix="sg") as name:
        opens(Path(name), library, rounds)
    true = program("/bin/true", times=50)
    show_added(pairs("start of /bin/true", true, library, rounds), 0.5 * MILLI, MILLI, "ms")
    python = program(PYTHON, "-c", "pass", times=5)
    show_ratio(pairs("start of python -c pass", python, library, rounds), 1.05)
    for name, code in (
        ("import sklearn", "import sklearn.ensemble"),
        ("import torch", "import torch"),
        ("training: a forest, and a net in torch", TRAIN),
    ):
        show_ratio(pairs(name, program(PYTHON, "-W", "ignore", "-c", code), library, rounds), 1.01)


if __name__ == "__main__":
    main()
