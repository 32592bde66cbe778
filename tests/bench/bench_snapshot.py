"""bench_snapshot - what [consistency] snapshot costs: off, auto and strict beside no guard.

    bench_snapshot.py BUILD [ROUNDS]

Every row is measured in each mode in turn, ROUNDS times, in a process of its own; told are the
medians. Opens are followed by a read of the whole file and a close.
"""

import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MODES = ("none", "off", "auto", "strict")
WARM = 3.2  # seconds after which a file's verdict is remembered

FIRST = """
import os, sys, time
def once():
    fd = os.open(sys.argv[1], os.O_RDONLY)
    while os.read(fd, 1 << 20): pass
    os.close(fd)
start = time.perf_counter_ns(); once(); print((time.perf_counter_ns() - start) / 1000)
"""
AGAIN = FIRST.rpartition("start = ")[0] + (
    "once()\nbest = []\nfor _ in range(2000):\n"
    "    start = time.perf_counter_ns(); once(); best.append(time.perf_counter_ns() - start)\n"
    "print(sorted(best)[1000] / 1000)"
)
MAPPED = """
import mmap, os, sys, time
best = []
for _ in range(20):
    start = time.perf_counter_ns()
    with open(sys.argv[1], "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ): pass
    best.append(time.perf_counter_ns() - start)
print(sorted(best)[10] / 1000)
"""
IMPORT = "import time; start = time.perf_counter_ns(); import {}; print((time.perf_counter_ns() - start) / 1000)"


def files(folder: Path) -> dict[str, Path]:
    made = {}
    for name, data in {
        "model of 1 MB": pickle.dumps([float(i) for i in range(116500)], 4),
        "model of 20 MB": pickle.dumps(os.urandom(20 << 20), 4),
        "text of 4 KB": b"A line of text that is no model.\n" * 124,
        "text of 1 MB": b"A line of text that is no model.\n" * 31775,
    }.items():
        made[name] = folder / name.replace(" ", "-")
        made[name].write_bytes(data)
    return made


def micros(mode: str, build: Path, folder: Path, code: str, *words: Path) -> float:
    env = {key: value for key, value in os.environ.items() if not key.startswith("SAFEGUARD_")}
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    if mode != "none":
        env["LD_PRELOAD"] = str(build / "libsafeguard.so")
        env["SAFEGUARD_POLICY"] = str(folder / f"{mode}.ini")
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, words)], env=env, capture_output=True, check=True
    )
    return float(done.stdout)


def measure(name: str, build: Path, folder: Path, rounds: int, code: str, *words: Path) -> None:
    taken: dict[str, list[float]] = {mode: [] for mode in MODES}
    try:
        micros("none", build, folder, code, *words)
    except subprocess.CalledProcessError:
        print(f"{name:38} not here", flush=True)
        return
    for turn in range(rounds):
        for mode in MODES[turn % 4 :] + MODES[: turn % 4]:
            taken[mode].append(micros(mode, build, folder, code, *words))
    middle = {mode: statistics.median(times) for mode, times in taken.items()}
    told = "".join(f"{mode:>8} {middle[mode]:11.1f}" for mode in MODES)
    pairs = [strict / none for strict, none in zip(taken["strict"], taken["none"], strict=True)]
    ratio = statistics.median(pairs)
    print(f"{name:38}{told}   strict/none, pair by pair: x{ratio:.3f}", flush=True)


def main() -> None:
    build = Path(sys.argv[1]).resolve()
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    print("microseconds")
    with tempfile.TemporaryDirectory(prefix="bench.") as name:
        folder = Path(name)
        for mode in MODES[1:]:
            (folder / f"{mode}.ini").write_text(f"[consistency]\nsnapshot = {mode}\n")
            (folder / f"{mode}.ini").chmod(0o600)
        made = files(folder)
        time.sleep(WARM)
        for what, path in made.items():
            measure(f"open, read, close: {what}, first", build, folder, rounds, FIRST, path)
            measure(f"open, read, close: {what}, again", build, folder, rounds, AGAIN, path)
        for what, path in made.items():
            measure(f"open, map, unmap: {what}", build, folder, rounds, MAPPED, path)
        for module in ("json", "sklearn", "torch"):
            measure(f"import {module}", build, folder, rounds, IMPORT.format(module))


if __name__ == "__main__":
    main()
