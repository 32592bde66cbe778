"""safeguard doctor: what it says of library, policy, interpreters and processes is what is so."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import CLI, LIBRARY, compiled, run

COVERED = "files guarded, names guarded, effects guarded"


def lines(out: str, what: str) -> list[str]:
    return [line for line in out.splitlines() if line.split()[0] == what]


def test_every_interpreter_is_covered(interpreter: str) -> None:
    done = run([CLI, "doctor", interpreter])
    assert done.status == 0, done.out
    said = lines(done.out, "interpreter")[0]
    assert said.split()[1] == "ok"
    assert said.endswith(COVERED)
    assert done.err == ""


def test_interpreters_are_found(venv_python: str, tmp_path: Path) -> None:
    real = str(Path(venv_python).resolve())
    done = run([CLI, "doctor"], env={"PATH": str(Path(real).parent), "HOME": str(tmp_path)})
    found = lines(done.out, "interpreter")
    assert [line for line in found if f" {real}, Python " in line and line.endswith(COVERED)]
    assert len(found) == len({line.split()[2] for line in found})


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("/bin/true", "does not answer as Python 3"),
        ("/nonexistent/python", "No such file"),
    ],
)
def test_what_is_no_interpreter(program: str, why: str) -> None:
    done = run([CLI, "doctor", program])
    assert done.status == 1
    assert lines(done.out, "interpreter")[0].split()[1] == "no"
    assert why in done.out


def test_static_program(tmp_path: Path) -> None:
    program = compiled("int main(void) { return 0; }\n", tmp_path / "python", "-static")
    done = run([CLI, "doctor", program])
    assert done.status == 1
    assert "statically linked: nothing can be preloaded" in done.out


def test_policy_that_is_not_valid(venv_python: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.ini"
    policy.write_text("[guard]\nmoed = block\n")
    done = run([CLI, "doctor", "--policy", policy, venv_python])
    assert done.status == 1
    assert f"{policy}:2:" in done.err
    assert "'mode'" in done.err
    assert lines(done.out, "policy")[0].split()[1] == "no"


def test_policy_that_does_not_block(venv_python: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.ini"
    policy.write_text("[guard]\nmode = log\n")
    done = run([CLI, "doctor", "--policy", policy, venv_python])
    assert done.status == 1
    assert lines(done.out, "policy")[0].split()[1] == "part"
    assert "mode log" in done.out


def test_layer_that_the_policy_leaves_off(venv_python: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.ini"
    policy.write_text("[python]\nfind_class = off\n")
    done = run([CLI, "doctor", "--policy", policy, venv_python])
    assert done.status == 0, done.out
    assert "files guarded" in done.out
    assert "find_class off" in done.out


def test_library_that_is_not_there(venv_python: str, tmp_path: Path) -> None:
    alone = tmp_path / "safeguard"
    shutil.copy(CLI, alone)
    done = run([alone, "doctor", venv_python])
    assert done.status == 1
    assert "libsafeguard.so is not in" in done.out


@pytest.fixture
def sleeper(request: pytest.FixtureRequest, venv_python: str) -> Iterator[int]:
    environment = {"LD_PRELOAD": str(LIBRARY)} if request.param else {}
    words = [venv_python, "-c", "print('up', flush=True); input()"]
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"up\n"
        yield process.pid
        process.kill()


@pytest.mark.parametrize(("sleeper", "status"), [(True, 0), (False, 1)], indirect=["sleeper"])
def test_process(sleeper: int, status: int) -> None:
    done = run([CLI, "doctor", "--pid", str(sleeper)])
    assert done.status == status
    assert ("the library is in it" in done.out) == (status == 0)
    assert ("the library is not in it" in done.out) == (status == 1)


def test_process_that_is_not_there() -> None:
    done = run([CLI, "doctor", "--pid", "2147483646"])
    assert done.status == 2
    assert "there is no such process" in done.out


@pytest.mark.parametrize("pid", ["0", "-4", "x", "99999999999"])
def test_number_that_is_no_process(pid: str) -> None:
    assert run([CLI, "doctor", f"--pid={pid}"]).status == 2
