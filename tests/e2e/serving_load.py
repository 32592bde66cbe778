"""serving_load - clients of scripts/deploy/serve.py that ask while its model is exchanged.

    serving_load.py fit FOLDER   saves two models and what they predict; for the server's interpreter
    serving_load.py load FOLDER  asks, exchanges FOLDER/model.joblib by renaming, prints one JSON report

What a step waits for is counted in answers, so a slow machine only makes it longer. FOLDER/evil.joblib is
offered in between.
"""

import argparse
import http.client
import json
import os
import shutil
import threading
import time
from hashlib import sha256
from itertools import cycle, islice
from pathlib import Path
from typing import Any

MODELS = ("a.joblib", "b.joblib")
ROWS = [[0.1 * i - 0.3, 0.2, -0.1 * i, 0.05] for i in range(8)]
ENOUGH = 10  # answers to each client in a step


def fit(folder: Path) -> None:
    import joblib
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    known = {}
    for seed, file in enumerate(MODELS):
        x = np.random.default_rng(seed).normal(size=(200, 4))
        y = np.where(x.sum(axis=1) > 0, 2 * seed + 1, 2 * seed)  # tells the models apart
        forest = RandomForestClassifier(n_estimators=10, random_state=seed)
        model = make_pipeline(StandardScaler(), forest).fit(x, y)
        joblib.dump(model, folder / file)
        name = sha256((folder / file).read_bytes()).hexdigest()[:12]
        known[file] = {"name": name, "predictions": model.predict(np.array(ROWS)).tolist()}
    (folder / "known.json").write_text(json.dumps(known))


class Clients:
    """Threads that ask until they are told to stop. What they note is only added to, under a lock."""

    def __init__(self, port: int, known: dict[str, Any], count: int) -> None:
        self.port = port
        self.right = {one["name"]: one["predictions"] for one in known.values()}
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.serving: str | None = None  # the one model that may answer; None while it is exchanged
        self.failed: list[str] = []
        self.micros: list[int] = []
        self.answers = [0] * count
        self.threads = [threading.Thread(target=self.ask, args=(i,)) for i in range(count)]

    def ask(self, me: int) -> None:
        body = json.dumps(ROWS).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while not self.stopping.is_set():
            before, start = self.serving, time.monotonic_ns()
            try:
                connection.request("POST", "/predict", body)
                answer = connection.getresponse()
                status, said = answer.status, json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError) as error:
                status, said = 0, {"error": repr(error)}
                connection.close()
            took = (time.monotonic_ns() - start) // 1000
            after = self.serving
            right = status == 200 and said["predictions"] == self.right.get(said["model"])
            if right and before == after and before is not None:
                right = said["model"] == before
            with self.lock:
                self.answers[me] += 1
                self.micros.append(took)
                if not right:
                    self.failed.append(f"{status}: {said}, expected of {before}")
        connection.close()

    def wait(self, seconds: float) -> None:
        """At least so long, and until every client had its answers."""
        until, goal = time.monotonic() + seconds, [n + ENOUGH for n in self.answers]
        while time.monotonic() < until or any(map(int.__lt__, self.answers, goal)):
            time.sleep(0.02)


def post(port: int, path: str) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, b"")
    answer = connection.getresponse()
    said = answer.status, json.loads(answer.read())
    connection.close()
    return said


def exchange(clients: Clients, folder: Path, file: str, name: str) -> dict[str, Any]:
    """Puts `file` where the server has its model, has it loaded; from then on `name` answers."""
    new = folder / "model.joblib.new"
    shutil.copyfile(folder / file, new)
    os.rename(new, folder / "model.joblib")
    clients.serving = None
    status, said = post(clients.port, "/reload")
    clients.serving = name
    return {"file": file, "status": status, **said}


def load(folder: Path, port: int, count: int, rounds: int, pause: float) -> dict[str, Any]:
    known = json.loads((folder / "known.json").read_text())
    clients = Clients(port, known, count)
    clients.serving = known["a.joblib"]["name"]
    for thread in clients.threads:
        thread.start()
    reloads = []
    try:
        clients.wait(pause)
        for file in islice(cycle(reversed(MODELS)), rounds):
            reloads.append(exchange(clients, folder, file, known[file]["name"]))
            clients.wait(pause)
        last = reloads[-1]["model"]
        reloads.append(exchange(clients, folder, "evil.joblib", last))
        clients.wait(pause)
        reloads.append(exchange(clients, folder, "a.joblib", known["a.joblib"]["name"]))
        clients.wait(pause)
    finally:
        clients.stopping.set()
    for thread in clients.threads:
        thread.join()
    spent = sorted(clients.micros)
    return {
        "answers": len(spent),
        "failed": clients.failed[:5],
        "p50": spent[len(spent) // 2] / 1000,
        "p99": spent[len(spent) * 99 // 100] / 1000,
        "reloads": reloads,
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["fit", "load"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--pause", type=float, default=0.2, help="seconds in each step, at least")
    options = parser.parse_args()
    if options.what == "fit":
        fit(options.folder)
        return
    report = load(options.folder, options.port, options.clients, options.rounds, options.pause)
    print(json.dumps(report))


if __name__ == "__main__":
    main()
