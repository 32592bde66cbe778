"""soak_driver - drives one server as hard as it goes, for a while: clients that ask, and models exchanged under them.

    soak_driver.py FOLDER MODELS PORT PID [--seconds N] [--clients N] [--evil] [--seed N]

FOLDER has the server's model.joblib, MODELS what soak_models wrote. Prints a JSON report. The server is looked
at between two reloads, so that samples are of one state.
"""

import argparse
import json
import os
import random
import shutil
import time
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any

from serving_load import Clients, post

EVERY = 2.0  # seconds between samples


def sample(pid: int) -> dict[str, float]:
    """What a process holds; memory in KB."""
    proc = Path("/proc") / str(pid)
    rollup = {}
    for line in (proc / "smaps_rollup").read_text().splitlines()[1:]:
        key, value = line.split()[:2]
        rollup[key] = float(value)
    return {
        "descriptors": len(os.listdir(proc / "fd")),
        "threads": len(os.listdir(proc / "task")),
        "mappings": len((proc / "maps").read_text().splitlines()),
        "RSS": rollup["Rss:"],
        "PSS": rollup["Pss:"],
    }


def percentiles(micros: Sequence[int]) -> dict[str, float]:
    """In milliseconds."""
    spent = sorted(micros)
    if not spent:
        return {"count": 0, "p50": 0.0, "p99": 0.0}
    p50, p99 = spent[len(spent) // 2], spent[len(spent) * 99 // 100]
    return {"count": len(spent), "p50": p50 / 1000, "p99": p99 / 1000}


class Reloader:
    """Puts one model after the other in place and has it loaded."""

    def __init__(self, folder: Path, models: Path, port: int) -> None:
        known = json.loads((models / "known.json").read_text())
        self.folder, self.models, self.port = folder, models, port
        self.clean: dict[str, Any] = known["clean"]
        self.evil: dict[str, Any] = known["evil"]
        self.serving: str | None = None
        self.micros: dict[str, list[int]] = {"clean": [], "evil": []}
        self.wrong: list[str] = []
        self.missed = 0  # malicious models that were not refused by the guard

    def put(self, file: str) -> tuple[int, dict[str, Any]]:
        new = self.folder / "model.joblib.new"
        shutil.copyfile(self.models / file, new)
        os.rename(new, self.folder / "model.joblib")
        begun = time.monotonic_ns()
        try:
            status, said = post(self.port, "/reload")
        except (OSError, HTTPException, ValueError) as error:
            status, said = 0, {"error": repr(error), "model": None}
        kind = "clean" if file in self.clean else "evil"
        self.micros[kind].append((time.monotonic_ns() - begun) // 1000)
        return status, said

    def offer(self, file: str) -> None:
        """What the server says to a clean model, or to a malicious one, is held against what it should."""
        status, said = self.put(file)
        if file in self.clean:
            self.serving = self.clean[file]["name"]
            right = status == 200
        else:
            right = status == 403 and "[safeguard: " in said["error"]
            self.missed += not right or os.path.exists(self.evil[file]["canary"])
        if not right or (self.serving and said["model"] != self.serving):
            self.wrong.append(f"{file}: {status} {said}, expected of {self.serving}")


def drive(reloader: Reloader, pid: int, options: Any) -> list[dict[str, float]]:
    """Samples, each with the seconds since the start and the models that were offered until then."""
    pick = random.Random(options.seed)
    kinds = [list(reloader.clean), list(reloader.evil) if options.evil else list(reloader.clean)]
    begun = due = time.monotonic()
    samples, offered = [], 0
    while (now := time.monotonic()) - begun < options.seconds:
        if now >= due:
            samples.append({"at": now - begun, "offered": offered, **sample(pid)})
            due = now + EVERY
        reloader.offer(pick.choice(pick.choice(kinds)))
        offered += 1
    return samples


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("pid", type=int)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--evil", action="store_true", help="malicious models, too")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    reloader = Reloader(options.folder, options.models, options.port)
    clients = Clients(options.port, reloader.clean, options.clients)
    for thread in clients.threads:
        thread.start()
    try:
        samples = drive(reloader, options.pid, options)
    finally:
        clients.stopping.set()
    for thread in clients.threads:
        thread.join()
    report = {
        "predict": percentiles(clients.micros),
        "predict_failed": len(clients.failed),
        "clean": percentiles(reloader.micros["clean"]),
        "evil": percentiles(reloader.micros["evil"]),
        "missed": reloader.missed,
        "wrong": len(reloader.wrong),
        "told": (clients.failed + reloader.wrong)[:10],
        "samples": samples,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
