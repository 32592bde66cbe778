"""safeguard jupyter: guarded kernels, in a real server, with real kernels and notebooks."""

import json
import os
import pickle
import queue
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import CLI, ROOT, Done, run

jupyter_client = pytest.importorskip("jupyter_client", reason="jupyter_client is not installed")
nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
pytest.importorskip("ipykernel", reason="ipykernel is not installed")

VENV = ROOT / "build" / "venv"
EVIL = (
    "import pickle, os\n"
    "class Evil:\n"
    "    def __reduce__(self): return os.system, ('touch {canary}',)\n"
    "pickle.loads(pickle.dumps(Evil()))"
)


@pytest.fixture
def home(place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An account of its own: nothing of this machine's Jupyter is seen or changed."""
    for name in ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "CONDA_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "0")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(place / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(place / "run"))
    monkeypatch.setenv("IPYTHONDIR", str(place / "ipython"))
    monkeypatch.setenv("VIRTUAL_ENV", str(VENV))
    return place


def jupyter(*words: str | Path) -> Done:
    return run([CLI, "jupyter", *words], env=dict(os.environ))


def spec_of(home: Path, name: str) -> dict[str, Any]:
    text = (home / "jupyter" / "kernels" / name / "kernel.json").read_text()
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def policy(home: Path, name: str, text: str) -> Path:
    path = home / f"{name}.ini"
    path.write_text(text)
    return path


def execute(kernel: str, *cells: str) -> list[str]:
    """Runs the cells in a notebook; what each printed."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    done = nbclient.NotebookClient(notebook, timeout=120, kernel_name=kernel).execute()
    return ["".join(out.get("text", "") for out in cell.outputs) for cell in done.cells]


def test_install_wraps_the_kernel(home: Path) -> None:
    site = policy(home, "site", "[guard]\nblock_at = suspicious\n")
    done = jupyter("install", "--name", "team", "--policy", site, "--mode", "log")
    assert done.status == 0, done.err
    bare = json.loads((VENV / "share/jupyter/kernels/python3/kernel.json").read_text())
    spec = spec_of(home, "team")
    assert spec["argv"] == [
        str(CLI), "run", "--policy", str(site), "--mode", "log", "--",
        str(VENV / "bin" / "python"), *bare["argv"][1:],
    ]  # fmt: skip
    assert spec["display_name"] == bare["display_name"] + ", guarded"
    assert spec["language"] == "python"
    assert spec["metadata"]["safeguard"] == {"kernel": "python3", "policy": str(site)}
    pictures = sorted(path.name for path in (home / "jupyter/kernels/team").glob("logo-*"))
    assert pictures == sorted(
        path.name for path in (VENV / "share/jupyter/kernels/python3").glob("logo-*")
    )


def test_list_and_remove(home: Path) -> None:
    assert jupyter("list").out == ""
    jupyter("install")
    jupyter("install", "--name", "other")
    listed = jupyter("list").out.splitlines()
    assert [line.split()[:3] for line in listed] == [
        ["other", "guards", "python3"],
        ["safeguard-python3", "guards", "python3"],
    ]
    assert jupyter("remove", "other").status == 0
    assert not (home / "jupyter/kernels/other").exists()
    assert len(jupyter("list").out.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["install", "--kernel", "nothing"], "there is no kernel 'nothing'"),
        (["install", "--name", "a/b"], "is no name for a kernel"),
        (["install", "--policy", "/nonexistent.ini"], "No such file"),
        (["remove", "python3"], "is none of safeguard's kernels"),
        (["remove", "nothing"], "there is no kernel 'nothing'"),
        (["instal"], "did you mean 'install'"),
        ([], "jupyter takes: install"),
    ],
)
def test_what_cannot_be_done(home: Path, words: list[str], said: str) -> None:
    done = jupyter(*words)
    assert done.status == 2
    assert said in done.err


def test_policy_that_is_not_valid_is_refused_before_it_is_used(home: Path) -> None:
    done = jupyter("install", "--policy", policy(home, "bad", "[guard]\nmoed = block\n"))
    assert done.status == 2
    assert "'mode'" in done.err
    assert not (home / "jupyter").exists()


def test_other_kernels_are_left_alone(home: Path) -> None:
    theirs = home / "jupyter/kernels/mine/kernel.json"
    theirs.parent.mkdir(parents=True)
    theirs.write_text('{"argv": ["x"], "display_name": "mine"}')
    done = jupyter("install", "--name", "mine")
    assert done.status == 2
    assert "it is not safeguard's" in done.err
    assert "mine" in theirs.read_text()
    jupyter("install")
    again = jupyter("install", "--kernel", "safeguard-python3")
    assert "is guarded already" in again.err


def test_blocked_load_is_told_in_its_cell(home: Path) -> None:
    jupyter("install")
    file = home / "model.pkl"
    file.write_bytes(payloads.pickle_of(home / "canary", 4))
    opening = f"import pickle\npickle.load(open({str(file)!r}, 'rb'))"
    with pytest.raises(nbclient.exceptions.CellExecutionError) as caught:
        execute("safeguard-python3", opening)
    assert "PermissionError" in str(caught.value)
    assert "safeguard: calls posix.system" in str(caught.value)
    with pytest.raises(nbclient.exceptions.CellExecutionError, match=r"BlockedError.*safeguard"):
        execute("safeguard-python3", EVIL.format(canary=home / "canary"))
    assert not (home / "canary").exists()


def test_clean_notebook_runs_as_ever(home: Path) -> None:
    jupyter("install")
    (home / "model.pkl").write_bytes(pickle.dumps({"a": [1, 2]}))
    cells = [
        f"import pickle; print(pickle.load(open({str(home / 'model.pkl')!r}, 'rb')))",
        "import numpy as np; print(pickle.loads(pickle.dumps(np.arange(3))))",
        "!echo shell",
        "%timeit -n 1 -r 1 pickle.dumps(1)",
    ]
    shown = execute("safeguard-python3", *cells)
    assert shown[:2] == ["{'a': [1, 2]}\n", "[0 1 2]\n"]
    assert "shell" in shown[2]


def test_two_kernels_with_two_policies(home: Path) -> None:
    jupyter("install", "--name", "strict", "--policy", policy(home, "s", "[guard]\nmode=block\n"))
    jupyter("install", "--name", "open", "--policy", policy(home, "o", "[guard]\nmode=log\n"))
    cell = EVIL.format(canary=home / "canary")
    with pytest.raises(nbclient.exceptions.CellExecutionError):
        execute("strict", cell)
    assert not (home / "canary").exists()
    execute("open", cell)
    assert (home / "canary").exists()


def reply(client: Any, text: str) -> Any:
    """What a cell comes to. A kernel drops what is sent while a cell still fails: it is sent again."""
    message = client.execute(text)
    while True:
        got = client.get_shell_msg(timeout=60)
        if got["parent_header"].get("msg_id") != message:
            continue
        if got["content"]["status"] != "aborted":
            return got["content"]
        message = client.execute(text)


def test_restart_and_interrupt(home: Path) -> None:
    jupyter("install")
    manager, client = jupyter_client.manager.start_new_kernel(kernel_name="safeguard-python3")
    try:
        assert reply(client, "x = 1")["status"] == "ok"
        message = client.execute("import time; print('runs', flush=True); time.sleep(60)")
        while True:  # until the cell itself runs: before, an interrupt would be the kernel's own
            got = client.get_iopub_msg(timeout=60)
            if got["parent_header"].get("msg_id") == message and got["msg_type"] == "stream":
                break
        manager.interrupt_kernel()
        content = client.get_shell_msg(timeout=30)["content"]
        assert content["ename"] == "KeyboardInterrupt"
        assert reply(client, "x")["status"] == "ok"
        manager.restart_kernel(now=False)
        client.wait_for_ready(timeout=60)
        assert reply(client, "x")["ename"] == "NameError"
        maps = reply(client, "assert 'libsafeguard' in open('/proc/self/maps').read()")
        assert maps["status"] == "ok"
    except queue.Empty:
        pytest.fail("the kernel did not answer")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def server(home: Path) -> Iterator[tuple[str, str]]:
    """A Jupyter server on loopback: its address and token."""
    pytest.importorskip("jupyter_server", reason="jupyter_server is not installed")
    words = [VENV / "bin/python", "-m", "jupyter_server", "--no-browser", "--ServerApp.port=0",
             "--ServerApp.ip=127.0.0.1", "--allow-root", f"--ServerApp.root_dir={home}"]  # fmt: skip
    with subprocess.Popen(
        [str(word) for word in words], env=dict(os.environ), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr
        for line in process.stderr:
            if "http://127.0.0.1:" in line and "token=" in line:
                address, _, token = line.strip().rpartition("?token=")
                yield f"http://127.0.0.1:{address.split(':')[-1].split('/')[0]}", token
                break
        process.send_signal(signal.SIGTERM)


def ask(server: tuple[str, str], path: str, body: dict[str, str] | None = None) -> Any:
    request = urllib.request.Request(
        f"{server[0]}/api/{path}",
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": f"token {server[1]}", "Content-Type": "application/json"},
    )
    for _ in range(100):  # it says where it is before it listens
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.2)
    return pytest.fail("the server does not listen")


def test_in_a_server(home: Path, server: tuple[str, str]) -> None:
    jupyter("install")
    assert "safeguard-python3" in ask(server, "kernelspecs")["kernelspecs"]
    kernel = ask(server, "kernels", {"name": "safeguard-python3"})
    (connection,) = (home / "run").glob(f"*{kernel['id']}*.json")
    client = jupyter_client.BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels()
    client.kernel_info(reply=True, timeout=60)
    content = reply(client, EVIL.format(canary=home / "canary"))
    client.stop_channels()
    assert content["ename"] == "BlockedError"
    assert "safeguard" in content["evalue"]
    assert not (home / "canary").exists()


def test_environment_is_clean() -> None:
    """The tests above must not pass because the guard is in this process."""
    assert "LD_PRELOAD" not in os.environ
