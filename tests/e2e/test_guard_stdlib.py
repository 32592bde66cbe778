"""The guard in every CPython of the machine: clean pickles load, infected ones are refused."""

import json
import pickle
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import LOADING, Done, guarded, run, scan
from stdlib_cases import CASES, Case

VALUE = {
    "weights": [0.5, -1.25, 3],
    "name": "gruß",
    "blob": bytes(range(256)),
    "nested": {"layers": [(1, 2), None, True], "labels": ["a", "b"] * 20},
}


def load(python: str, case: Case, paths: list[Path], env: dict[str, str]) -> tuple[list[Any], Done]:
    """What the interpreter made of each path, in one process."""
    job = {"load": case.load, "expected": repr(VALUE), "paths": [str(path) for path in paths]}
    done = run([python, LOADING], env=env, feed=json.dumps(job))
    assert done.status == 0, done
    return json.loads(done.out), done


def twins(case: Case, folder: Path) -> list[tuple[Path, Path, Path]]:
    """For each protocol: a clean file, its infected twin, and the canary of that."""
    made = []
    for protocol in payloads.PROTOCOLS:
        canary = folder / f"canary{protocol}"
        clean = pickle.dumps(VALUE, protocol)
        made.append(
            (
                case.pack(clean, folder / f"clean{protocol}.bin"),
                case.pack(payloads.infect(clean, canary), folder / f"infected{protocol}.bin"),
                canary,
            )
        )
    return made


def only(case_name: str) -> Case:
    return next(case for case in CASES if case.name == case_name)


def check_refused(outcome: dict[str, Any], reason: dict[str, Any], canary: Path) -> None:
    assert "raised" in outcome, outcome
    assert "PermissionError" in outcome["raised"]
    assert outcome["errno"] == 13
    assert "safeguard" in outcome["message"]
    assert reason["detail"] in outcome["message"]
    assert not canary.exists()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_clean_loads_and_infected_is_refused(interpreter: str, case: Case, place: Path) -> None:
    files = twins(case, place)
    reports = scan(*(infected for _, infected, _ in files), status=1)
    outcomes, _ = load(interpreter, case, [path for pair in files for path in pair[:2]], guarded())
    for (_, _, canary), report, clean, infected in zip(
        files, reports, outcomes[::2], outcomes[1::2], strict=True
    ):
        assert clean.get("same"), clean
        check_refused(infected, report["reasons"][0], canary)
        assert f'system("{payloads.command(canary)}")' in infected["message"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_infected_runs_without_the_guard(interpreter: str, case: Case, place: Path) -> None:
    files = twins(case, place)
    outcomes, done = load(interpreter, case, [path for pair in files for path in pair[:2]], {})
    assert all(outcome.get("same") for outcome in outcomes), outcomes
    assert all(canary.exists() for _, _, canary in files)
    assert "safeguard" not in done.err


def test_log_mode_lets_it_run_and_says_so(interpreter: str, place: Path) -> None:
    case = only("pickle.load")
    files = twins(case, place)
    infected = [path for _, path, _ in files]
    outcomes, done = load(interpreter, case, infected, guarded(mode="log"))
    assert all(outcome.get("same") for outcome in outcomes), outcomes
    assert all(canary.exists() for _, _, canary in files)
    # What the load then names and does is logged too, under the name of the code that asked.
    of_files = [line.split(":")[1] for line in done.guard_lines if str(place) in line.split(":")[1]]
    assert of_files == [f" logged {path}" for path in infected]


def test_mode_off_is_silent(interpreter: str, place: Path) -> None:
    case = only("pickle.load")
    files = twins(case, place)
    outcomes, done = load(interpreter, case, [path for _, path, _ in files], guarded(mode="off"))
    assert all(outcome.get("same") for outcome in outcomes), outcomes
    assert all(canary.exists() for _, _, canary in files)
    assert done.guard_lines == []


def test_payload_alone_is_refused(interpreter: str, place: Path) -> None:
    """Not infected but nothing else: the smallest pickles, in protocols 0, 2 and 4."""
    canaries = [place / f"canary{protocol}" for protocol in payloads.PROTOCOLS]
    paths = [place / f"payload{protocol}" for protocol in payloads.PROTOCOLS]
    for path, canary, protocol in zip(paths, canaries, payloads.PROTOCOLS, strict=True):
        path.write_bytes(payloads.pickle_of(canary, protocol))
    reports = scan(*paths, status=1)
    outcomes, _ = load(interpreter, only("pickle.load"), paths, guarded())
    for outcome, report, canary in zip(outcomes, reports, canaries, strict=True):
        check_refused(outcome, report["reasons"][0], canary)


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
