"""bench_supervise - what one open costs bare, under the preload, and under `run --supervise`.

    bench_supervise.py BUILD [TIMES] [ROUNDS]

A program opens and closes the same file over and over; told are microseconds of the best round.
Then `import torch` in turn, as processes: the best of each, as wall time and as the processor's (of
the supervisor too), and how it compares to bare.
"""

import importlib.util
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TIMES, ROUNDS, IMPORTS = 2000, 15, 5


def make_files(folder: Path) -> dict[str, str]:
    (folder / "text").write_text("a line of text\n" * 1000)
    (folder / "model.pkl").write_bytes(pickle.dumps({str(i): [i] * 20 for i in range(4000)}))
    (folder / "link").symlink_to("text")
    os.utime(folder, (1, 1))
    return {
        "text, by its whole path": str(folder / "text"),
        "text, relative": "text",
        "text, over a link": str(folder / "link"),
        "a pickle, vetted before": str(folder / "model.pkl"),
        "no such file": str(folder / "none"),
        "/proc/self/status": "/proc/self/status",
    }


def ways(build: Path, folder: Path) -> dict[str, tuple[list[str], dict[str, str]]]:
    policy = folder / "policy.ini"
    policy.write_text("[guard]\nprocesses = *\n")
    policy.chmod(0o644)
    everywhere = {"SAFEGUARD_POLICY": str(policy)}
    preload = {"LD_PRELOAD": str(build / "libsafeguard.so")}
    supervise = [str(build / "safeguard"), "run", "--supervise", "--"]
    return {
        "bare": ([], {}),
        "preload": ([], preload | everywhere),
        "supervise": (supervise, {}),
        "both": (supervise, everywhere),
    }


def run(words: list[str], env: dict[str, str]) -> str:
    clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    done = subprocess.run(words, env=clean | env, capture_output=True, text=True, check=True)
    return done.stdout


def bench_opens(build: Path, folder: Path, times: int, rounds: int) -> None:
    files, columns = make_files(folder), ways(build, folder)
    time.sleep(4)  # a file that was just written is scanned at each open
    print(f"{'us per open and close':28}" + "".join(f"{name:>12}" for name in columns))
    for name, path in files.items():
        row = f"{name:28}"
        for words, env in columns.values():
            program = [str(build / "bench" / "bench_opens"), str(folder), path]
            out = run([*words, *program, str(times), str(rounds)], env)
            row += f"{float(out):12.2f}"
        print(row, flush=True)


def processor() -> float:
    """Seconds that children used which were waited for, and theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def bench_import(build: Path, folder: Path) -> None:
    columns = {
        name: (words, env if name == "preload" else {})
        for name, (words, env) in ways(build, folder).items()
        if name != "both"  # a Python has the library inside in any case
    }
    wall, cpu = (dict.fromkeys(columns, float("inf")) for _ in range(2))
    if not importlib.util.find_spec("torch"):
        print("import torch: not here")
        return
    for _ in range(IMPORTS):
        for name, (words, env) in columns.items():
            begun, used = time.monotonic(), processor()
            run([*words, sys.executable, "-c", "import torch"], env)
            wall[name] = min(wall[name], time.monotonic() - begun)
            cpu[name] = min(cpu[name], processor() - used)
    for name in columns:
        print(
            f"import torch, {name:10} {wall[name] * 1e3:9.1f} ms  x{wall[name] / wall['bare']:.3f}"
            f"   processor {cpu[name] * 1e3:9.1f} ms  x{cpu[name] / cpu['bare']:.3f}"
        )


def main() -> None:
    build = Path(sys.argv[1]).resolve()
    times = int(sys.argv[2]) if len(sys.argv) > 2 else TIMES
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else ROUNDS
    with tempfile.TemporaryDirectory() as name:
        bench_opens(build, Path(name), times, rounds)
        bench_import(build, Path(name))


if __name__ == "__main__":
    main()
