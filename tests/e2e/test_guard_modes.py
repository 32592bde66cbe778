"""The guard's modes in every CPython of the machine, on pickles that are nothing but a payload."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import Done, guarded, namespace, policy_file, run, scan

LOAD = """
import json, pickle, sys
told = []
for path in sys.argv[1:]:
    try:
        told.append({"status": pickle.load(open(path, "rb"))})
    except Exception as error:
        told.append({"raised": type(error).__name__, "errno": error.errno, "message": str(error)})
print(json.dumps(told))
"""


@dataclass(frozen=True)
class Files:
    """One for each of some protocols."""

    paths: list[Path]
    canaries: list[Path]

    def load(self, python: str, env: dict[str, str]) -> tuple[list[dict[str, Any]], Done]:
        done = run([python, "-c", LOAD, *self.paths], env=env)
        assert done.status == 0, done
        return json.loads(done.out), done


@pytest.fixture
def files(place: Path) -> Files:
    made = Files(
        [place / f"payload{protocol}" for protocol in payloads.PROTOCOLS],
        [place / f"canary{protocol}" for protocol in payloads.PROTOCOLS],
    )
    for path, canary, protocol in zip(made.paths, made.canaries, payloads.PROTOCOLS, strict=True):
        path.write_bytes(payloads.pickle_of(canary, protocol))
    return made


def test_payload_runs_without_the_guard(interpreter: str, files: Files) -> None:
    told, done = files.load(interpreter, {})
    assert told == [{"status": 0}] * 3
    assert all(canary.exists() for canary in files.canaries)
    assert "safeguard" not in done.err


def test_block_mode_refuses_with_the_reason(interpreter: str, files: Files) -> None:
    reports = scan(*files.paths, status=1)
    told, done = files.load(interpreter, guarded())
    for one, canary, report in zip(told, files.canaries, reports, strict=True):
        assert (one["raised"], one["errno"]) == ("PermissionError", 13)
        assert "safeguard" in one["message"]
        assert report["reasons"][0]["detail"] in one["message"]
        assert f'system("{payloads.command(canary)}")' in one["message"]
        assert not canary.exists()
    assert [line.split(": ")[1] for line in done.guard_lines] == [
        f"blocked {path}" for path in files.paths
    ]


def test_log_mode_lets_it_run_and_says_so(interpreter: str, files: Files, place: Path) -> None:
    told, done = files.load(interpreter, guarded(mode="log"))
    assert told == [{"status": 0}] * 3
    assert all(canary.exists() for canary in files.canaries)
    # What the load then names and does is logged too, under the name of the code that asked.
    of_files = [line.split(":")[1] for line in done.guard_lines if str(place) in line.split(":")[1]]
    assert of_files == [f" logged {path}" for path in files.paths]


def test_mode_off_is_silent(interpreter: str, files: Files) -> None:
    told, done = files.load(interpreter, guarded(mode="off"))
    assert told == [{"status": 0}] * 3
    assert all(canary.exists() for canary in files.canaries)
    assert done.guard_lines == []


def test_traceback_of_an_uncaught_refusal(interpreter: str, place: Path) -> None:
    canary, path = place / "canary", place / "model.pkl"
    path.write_bytes(payloads.pickle_of(canary, 4))
    script = place / "serve.py"
    script.write_text(f"import pickle\npickle.load(open({str(path)!r}, 'rb'))\n")
    done = run([interpreter, script], env=guarded())
    assert done.status == 1
    assert not canary.exists()
    last = done.err.splitlines()[-1]
    assert last.startswith("PermissionError: [Errno 13]")
    assert "safeguard" in last
    assert f'system("{payloads.command(canary)}")' in last


SITE = """
mount -t tmpfs tmpfs /etc && mkdir -m 755 /etc/safeguard && cp "$1" /etc/safeguard/policy.ini || exit 9
shift
exec env "$@"
"""


@pytest.mark.parametrize("mode", ["log", "off", "block"])
@pytest.mark.parametrize("chosen", [True, False])
def test_faulty_policy_of_the_site_is_not_waived(place: Path, mode: str, chosen: bool) -> None:
    """By the environment, which may waive a fault of a policy that it chose itself."""
    words = namespace()
    if not words:
        pytest.skip("this system gives no mount namespace")
    file = policy_file(place, "[guard]\nmod = log\n")
    some = guarded(mode=mode, **({"policy": file} if chosen else {}))
    settings = [f"{name}={value}" for name, value in some.items()]
    python = ["/usr/bin/python3", "-c", "print('ran')"]
    done = run([*words, "sh", "-c", SITE, "sh", file, *settings, *python])
    if done.status == 9:
        pytest.skip("nothing can be mounted here")
    assert (done.status, done.out) == (78, ""), done
    assert done.err.startswith("safeguard: /etc/safeguard/policy.ini:2: unknown key 'mod'"), done
    alone = run(python, env=guarded(policy=file, mode=mode))
    assert alone.status == (78 if mode == "block" else 0)
