"""[seccomp] profile: torch, scikit-learn, a server and a notebook do under a profile what it promises."""

import json
import platform
import shutil
import socket
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, clean_environment, guarded, policy_file, run
from seccomp_profiles import PROFILES, policy

pytestmark = pytest.mark.skipif(
    platform.machine() not in {"x86_64", "aarch64"}, reason="profiles are for x86-64 and arm64"
)

TRAINING = """
import torch
from torch.utils.data import DataLoader, TensorDataset

if __name__ == "__main__":
    torch.manual_seed(1)
    numbers = torch.randn(64, 8)
    data = TensorDataset(numbers, numbers.sum(1, keepdim=True))
    model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    for x, y in DataLoader(data, batch_size=16, num_workers=2):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, "model.pt")
    torch.save(model, "module.pt")
    back = torch.load("model.pt")
    assert all(torch.equal(v, back["model"][k]) for k, v in model.state_dict().items())
    print("trained")
"""

TORCH_INFERENCE = """
import torch
model = torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
model.load_state_dict(torch.load("model.pt", map_location="cpu")["model"])
whole = torch.load("module.pt", weights_only=False)
with torch.inference_mode():
    x = torch.ones(4, 8)
    assert torch.equal(model(x), whole(x))
print("inferred")
"""

FITTING = """
import multiprocessing, pickle, subprocess, sys
import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score

def square(x):
    return x * x

if __name__ == "__main__":
    x = np.random.default_rng(1).normal(size=(80, 4))
    y = (x.sum(axis=1) > 0).astype(int)
    forest = RandomForestClassifier(n_estimators=5, random_state=1, n_jobs=2).fit(x, y)
    assert len(cross_val_score(forest, x, y, cv=2, n_jobs=2)) == 2
    assert forest.predict(x).shape == (80,)
    joblib.dump(forest, "forest.joblib")
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            assert pool.map(square, range(4)) == [0, 1, 4, 9]
    assert subprocess.check_output([sys.executable, "-c", "print(1)"], text=True) == "1\\n"
    assert subprocess.getoutput("echo two") == "two"
    print("fitted")
"""

SKLEARN_INFERENCE = """
import multiprocessing, socket, threading
import joblib
import numpy as np

forest = joblib.load("forest.joblib")
x = np.ones((4, 4))
answer = forest.predict(x)
threads = [threading.Thread(target=forest.predict, args=(x,)) for _ in range(2)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert (pool.map(forest.predict, [x, x])[1] == answer).all()
assert socket.getaddrinfo("127.0.0.1", 80)
ours, theirs = socket.socketpair()
ours.sendall(b"x")
assert theirs.recv(1) == b"x"
socket.create_connection(("127.0.0.1", int(__import__("sys").argv[1]))).close()
print("predicted")
"""


def script(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def works(python: str, env: dict[str, str], folder: Path, words: list[Any], said: str) -> None:
    done = run([python, *words], env=env, cwd=folder)
    assert (done.status, done.out, done.guard_lines) == (0, f"{said}\n", []), done


def test_torch_trains_and_serves(venv_python: str, place: Path) -> None:
    pytest.importorskip("torch")
    train, serve = script(place, "train.py", TRAINING), script(place, "serve.py", TORCH_INFERENCE)
    works(venv_python, guarded(policy=policy(place, "no-bypass")), place, [train], "trained")
    works(venv_python, guarded(policy=policy(place, "inference")), place, [serve], "inferred")


def test_sklearn_fits_and_serves(venv_python: str, place: Path) -> None:
    pytest.importorskip("sklearn")
    fit, serve = script(place, "fit.py", FITTING), script(place, "serve.py", SKLEARN_INFERENCE)
    works(venv_python, guarded(policy=policy(place, "no-bypass")), place, [fit], "fitted")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        env = guarded(policy=policy(place, "inference"))
        works(venv_python, env, place, [serve, port], "predicted")


# Answers predictions over HTTP: with a socket of its own, or with the one that it inherits.
SERVING = """
import http.server, json, socket, sys
import joblib
import numpy as np

forest = joblib.load("forest.joblib")

class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = json.dumps(forest.predict(np.array(rows)).tolist()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

inherited = len(sys.argv) > 1
server = http.server.HTTPServer(("127.0.0.1", 0), Answer, bind_and_activate=not inherited)
if inherited:
    server.socket.close()
    server.socket = socket.socket(fileno=int(sys.argv[1]))
print(server.socket.getsockname()[1], flush=True)
for _ in range(3):
    server.handle_request()
"""

FOREST = """
import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
x = np.random.default_rng(1).normal(size=(80, 4))
joblib.dump(RandomForestClassifier(5, random_state=1).fit(x, (x.sum(axis=1) > 0)), "forest.joblib")
"""


@pytest.fixture(scope="module")
def forest(venv_python: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sklearn")
    folder = tmp_path_factory.mktemp("forest")
    assert run([venv_python, "-c", FOREST], cwd=folder).status == 0
    return folder / "forest.joblib"


@pytest.mark.parametrize("profile", PROFILES)
def test_sklearn_answers_on_the_loopback(
    venv_python: str, place: Path, forest: Path, profile: str
) -> None:
    shutil.copy(forest, place)
    serve = script(place, "serve.py", SERVING)
    env = clean_environment() | guarded(policy=policy(place, profile))
    with socket.create_server(("127.0.0.1", 0)) as door:
        words = [str(door.fileno())] if profile == "inference" else []
        with subprocess.Popen(
            [venv_python, str(serve), *words],
            env=env,
            cwd=place,
            pass_fds=[door.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as server:
            assert server.stdout
            port = server.stdout.readline().strip()
            assert port, server.communicate()
            for sign in (1, -1, 1):
                rows = json.dumps([[sign] * 4] * 2).encode()
                with urllib.request.urlopen(f"http://127.0.0.1:{port}", rows, 60) as answer:
                    assert json.loads(answer.read()) == [sign > 0] * 2
            _, err = server.communicate(timeout=60)
    assert (server.returncode, err) == (0, "")


NOTEBOOK = """
from jupyter_client.manager import start_new_kernel

manager, client = start_new_kernel(kernel_name="python3")
try:
    told = []
    client.execute_interactive(
        "import os, subprocess\\n"
        "print(open('/proc/self/maps').read().count('libsafeguard') > 0)\\n"
        "print(subprocess.check_output(['echo', 'two'], text=True))",
        output_hook=lambda m: told.append(m["content"].get("text", "")), timeout=60)
    print("".join(told).split())
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
"""


def test_jupyter_kernel_runs_under_no_bypass(place: Path) -> None:
    python = ROOT / "build" / "venv" / "bin" / "python"
    if run([python, "-c", "import ipykernel, jupyter_client"]).status:
        pytest.skip("no Jupyter here")
    notebook = script(place, "notebook.py", NOTEBOOK)
    env = guarded(policy=policy(place, "no-bypass")) | {"HOME": str(place)}
    done = run([python, notebook], env=env, cwd=place)
    assert (done.status, done.out, done.guard_lines) == (0, "['True', 'two']\n", []), done
    env = guarded(policy=policy(place, "inference")) | {"HOME": str(place)}
    done = run([python, notebook], env=env, cwd=place)
    assert done.status == 1
    assert "PermissionError" in done.err


def shipped(folder: Path, snapshot: str) -> str:
    text = (ROOT / "policy" / "inference.ini").read_text()
    assert "\nsnapshot = strict\n" in text
    return policy_file(folder, text.replace("\nsnapshot = strict\n", f"\nsnapshot = {snapshot}\n"))


@pytest.mark.parametrize("snapshot", ["auto", "strict"])
def test_shipped_inference_policy_starts(place: Path, snapshot: str) -> None:
    program = "import os; print('up'); os.execv('/bin/true', ['true'])"
    done = run(["/usr/bin/python3", "-c", program], env=guarded(policy=shipped(place, snapshot)))
    assert done.out == "up\n"
    assert "PermissionError" in done.err
