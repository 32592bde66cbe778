"""scripts/deploy/serve.py: a server under the shipped policy exchanges its model while it answers."""

import http.client
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import payloads
import pytest
import serving_load
from conftest import CLI, ROOT, clean_environment, run, shipped_policy

SERVER = ROOT / "scripts" / "deploy" / "serve.py"
LOAD = Path(serving_load.__file__)


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sklearn")
    folder = tmp_path_factory.mktemp("fitted")
    assert run([sys.executable, LOAD, "fit", folder]).status == 0
    return folder


@pytest.fixture
def models(fitted: Path, place: Path) -> Path:
    for file in fitted.iterdir():
        (place / file.name).write_bytes(file.read_bytes())
    (place / "model.joblib").write_bytes((place / "a.joblib").read_bytes())
    (place / "evil.joblib").write_bytes(payloads.pickle_of(place / "canary", 4))
    return place


@contextmanager
def served(words: list[str | Path], said: list[str], **env: str) -> Iterator[int]:
    """The port of a server; what it says after its first line is added to `said`."""
    with subprocess.Popen(
        [str(word) for word in words],
        env=clean_environment() | {"PYTHONUNBUFFERED": "1"} | env,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr
        first = server.stderr.readline()
        if " at 127.0.0.1:" not in first:
            raise AssertionError(first + server.communicate()[1])
        reader = threading.Thread(target=lambda: said.extend(server.stderr or ()))
        reader.start()
        try:
            yield int(first.rpartition(":")[2])
        finally:
            server.terminate()
            reader.join()
    assert server.returncode == 0


def listening(place: Path, *words: str | Path) -> list[str | Path]:
    policy = shipped_policy(place, "inference.ini")
    return [CLI, "run", "--policy", policy, "--listen", "127.0.0.1:0", *words, "--"]


def guarded_server(place: Path, *words: str | Path) -> list[str | Path]:
    return [*listening(place, *words), sys.executable, SERVER, place / "model.joblib"]


def test_model_is_exchanged_under_load_and_a_malicious_one_is_not(models: Path) -> None:
    said: list[str] = []
    with served(guarded_server(models), said) as port:
        done = run([sys.executable, LOAD, "load", models, "--port", str(port)])
    assert (done.status, done.err) == (0, ""), done
    report = json.loads(done.out)
    assert report["failed"] == []
    *clean, evil, last = report["reloads"]
    assert [one["status"] for one in [*clean, last]] == [200] * (len(clean) + 1)
    known = json.loads((models / "known.json").read_text())
    assert all(one["model"] == known[one["file"]]["name"] for one in [*clean, last])
    assert (evil["status"], evil["model"]) == (403, clean[-1]["model"])
    why = f'calls posix.system("touch {models}/canary") at byte'
    assert "[safeguard: " + why in evil["error"]
    assert not (models / "canary").exists()
    (line,) = [line for line in said if line.startswith("safeguard:")]
    assert line.startswith(f"safeguard: blocked {models}/model.joblib: malicious ")
    assert why in line


def test_without_the_guard_the_payload_runs(models: Path) -> None:
    """What the other test refuses is a danger to this server."""
    words = [sys.executable, SERVER, models / "model.joblib", "--address", "127.0.0.1:0"]
    with served(words, []) as port:
        (models / "evil.joblib").rename(models / "model.joblib")
        status, said = serving_load.post(port, "/reload")
        assert status == 200, said
        assert (models / "canary").exists()


def test_other_requests(models: Path) -> None:
    said: list[str] = []
    with served(guarded_server(models), said) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

        def ask(method: str, path: str, body: bytes = b"", **headers: str) -> int:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            assert json.loads(answer.read())
            return answer.status

        assert ask("GET", "/healthz") == 200
        assert ask("GET", "/") == 404
        assert ask("POST", "/", b"[]") == 404
        assert ask("POST", "/predict", b"no JSON") == 400
        assert ask("POST", "/predict", b"[[1]]") == 400
        (models / "model.joblib").unlink()
        (models / "model.joblib").write_bytes(b"no model")
        assert ask("POST", "/reload") == 422
        assert ask("POST", "/predict", json.dumps(serving_load.ROWS).encode()) == 200
        assert ask("POST", "/predict", b"", **{"Content-Length": "-1"}) == 400
        connection.close()
    assert [line for line in said if line.startswith("safeguard:")] == []


# safeguard run --listen


DOOR = """
import os, socket
door = socket.socket(fileno=3)
ours = os.environ["LISTEN_PID"] == str(os.getpid()) and os.environ["LISTEN_FDS"] == "1"
print(ours, door.family.name, door.getsockname()[0], door.getsockname()[1] > 0)
print(door.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
"""


@pytest.mark.parametrize("supervise", [[], ["--supervise"]], ids=["hooks", "supervised"])
def test_command_gets_a_listening_socket(place: Path, supervise: list[str]) -> None:
    done = run([*listening(place, *supervise), sys.executable, "-c", DOOR])
    assert (done.status, done.out, done.err) == (0, "True AF_INET 127.0.0.1 True\n1\n", "")


def test_listening_at_an_address_of_ipv6() -> None:
    with socket.socket(socket.AF_INET6) as trial:
        try:
            trial.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
    done = run([CLI, "run", "--listen", "[::1]:0", "--", sys.executable, "-c", DOOR])
    assert (done.status, done.out, done.err) == (0, "True AF_INET6 ::1 True\n1\n", "")


@pytest.mark.parametrize(
    "address", ["8080", ":8080", "127.0.0.1:", "::1:80", "[::1]", "[]:80", "localhost:80", "1:x"]
)
def test_addresses_that_are_none(address: str) -> None:
    done = run([CLI, "run", "--listen", address, "--", sys.executable, "-c", "print('ran')"])
    assert (done.status, done.out) == (125, "")
    assert done.err == f"safeguard: run: {address}: no ADDRESS:PORT; not run\n"


def test_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        done = run([CLI, "run", "--listen", address, "--", sys.executable, "-c", "print('ran')"])
    assert (done.status, done.out) == (125, "")
    assert done.err == f"safeguard: run: {address}: Address already in use; not run\n"


def test_descriptor_that_is_taken() -> None:
    words = f"exec 3</dev/null; exec {CLI} run --listen 127.0.0.1:0 -- {sys.executable} -c ''"
    done = run(["sh", "-c", words])
    assert (done.status, done.out) == (125, "")
    taken = "descriptor 3 is in use already; not run"
    assert done.err == f"safeguard: run: 127.0.0.1:0: {taken}\n"
