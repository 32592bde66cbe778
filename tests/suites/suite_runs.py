"""suite_runs - runs one suite in one way, and reads what its tests and the guard told."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from suite_list import Suite

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class NotHere(Exception):
    """What the suite wants is not on this machine."""


@dataclass
class Outcomes:
    status: dict[str, str] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    records: Counter[str] = field(default_factory=Counter)
    seconds: float = 0
    ended: bool = True

    def summary(self) -> str:
        counts = Counter(self.status.values())
        told = ", ".join(f"{count} {name}" for name, count in counts.most_common())
        return f"{told} in {self.seconds:.0f} s" + ("" if self.ended else " (cut short)")


def read_lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text("utf-8", "replace").splitlines()]


def clean_environment() -> dict[str, str]:
    mine = re.compile(r"LD_PRELOAD|SAFEGUARD_|PYTHONPATH|PYTHONHOME|LEAVE_OUT|SUITE_")
    return {name: value for name, value in os.environ.items() if not mine.match(name)}


def interpreter(version: str) -> str:
    found = subprocess.run([ROOT / "scripts" / "find_pythons"], capture_output=True, text=True)
    for python in found.stdout.split():
        if Path(python).name == f"python{version}" and not python.startswith("/usr/bin/"):
            return python
    raise NotHere(f"no CPython {version} with its tests")


def describe(record: dict[str, Any]) -> str:
    """A record without what differs from run to run."""
    detail = record["reasons"][0]["detail"] if record["reasons"] else ""
    place = re.sub(r"/tmp/[^:]*", "/tmp/…", record["path"])
    place = place.replace(str(ROOT), "").split("site-packages/")[-1]
    place = re.sub(r".*/(lib/python3\.\d+/)", r"\1", place)
    return f"{record['verdict']} {record['event']} {place}: {detail}"


class Runner:
    def __init__(self, build: Path) -> None:
        self.library = build / "libsafeguard.so"
        self.venv = ROOT / "build" / "suites-venv"
        self.out = build / "suites"
        self.out.mkdir(parents=True, exist_ok=True)

    def run(self, suite: Suite, mode: str, only: list[str] | None = None) -> Outcomes:
        name = f"{suite.name}.{mode}{'.again' if only else ''}"
        paths = {kind: self.out / f"{name}.{kind}" for kind in ("tests", "log", "txt")}
        for path in paths.values():
            path.unlink(missing_ok=True)
        env = clean_environment() | {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(HERE),
            "SUITE_OUTCOMES": str(paths["tests"]),
            "LEAVE_OUT": ":".join(suite.leave_out),
        }
        if mode != "bare":
            env |= {
                "LD_PRELOAD": str(self.library),
                "SAFEGUARD_MODE": mode,
                "SAFEGUARD_LOG": str(paths["log"]),
            }
        command = self.command(suite, paths["tests"], only)
        began = time.monotonic()
        ended = self.execute(command, env, paths["txt"], suite.seconds)
        return self.read(paths, time.monotonic() - began, ended)

    def command(self, suite: Suite, outcomes: Path, only: list[str] | None) -> list[str]:
        if suite.kind == "unittest":
            python = interpreter(suite.python)
            names = only or list(suite.targets)
            return [python, str(HERE / "tell_unittest.py"), str(outcomes), *names]
        python = str(self.venv / "bin" / "python")
        if not Path(python).exists():
            raise NotHere("no build/suites-venv (scripts/suites_venv makes it)")
        if suite.kind == "scripts":
            return [python, str(HERE / "tell_scripts.py"), str(outcomes), *suite.targets]
        packages = next((self.venv / "lib").glob("python3*/site-packages"))
        command = [python, "-m", "pytest", "-q", "-p", "tell_pytest", "-p", "no:cacheprovider"]
        command += ["-W", "ignore", "--timeout=120", f"--rootdir={ROOT}"]
        command += [f"--deselect={pattern}" for pattern in suite.leave_out]
        again = [
            str((packages if (packages / name.split("::")[0]).exists() else ROOT) / name)
            for name in only or []
        ]
        return [*command, "--pyargs", *(again or self.targets(suite))]

    def targets(self, suite: Suite) -> list[str]:
        found = []
        for target in suite.targets:
            if "/" in target:
                found += [str(path) for path in self.venv.glob(target)]
            elif target.endswith(".py"):
                found.append(str(HERE / target))
            else:
                found.append(target)
        return found

    @staticmethod
    def execute(command: list[str], env: dict[str, str], output: Path, seconds: int) -> bool:
        cwd = tempfile.mkdtemp(prefix="sgsuite", dir="/tmp")
        with output.open("wb") as out:
            process = subprocess.Popen(
                command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
            try:
                process.wait(seconds)
                return True
            except subprocess.TimeoutExpired:
                return False
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                shutil.rmtree(cwd, ignore_errors=True)

    @staticmethod
    def read(paths: dict[str, Path], seconds: float, ended: bool) -> Outcomes:
        done = Outcomes(seconds=seconds, ended=ended)
        for line in read_lines(paths["tests"]):
            name = line["test"]
            if done.status.get(name) not in ("failed", "error"):
                done.status[name] = line["status"]
                done.why[name] = line["why"]
        for record in read_lines(paths["log"]):
            if record["event"] != "start":
                done.records[describe(record)] += 1
        return done
