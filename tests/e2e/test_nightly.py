"""The nightly run: every stage has its turn, its row in the table and its log, whatever fails."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = """\
oracle:
\t@echo streams $(ORACLE_STREAMS)
race:
\t@echo lost; exit 1
stress:
\t@sleep 60
gadgets matrix:
\t@echo $@ ran
.PHONY: oracle race stress gadgets matrix
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The script over a Makefile of other targets."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/nightly", tmp_path / "scripts/nightly")
    (tmp_path / "Makefile").write_text(MAKEFILE)
    return tmp_path


def nightly(root: Path, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [str(root / "scripts/nightly"), *args]
    path = {"PATH": "/usr/local/bin:/usr/bin:/bin", **env}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=path)


def rows(table: str) -> dict[str, str]:
    """What became of each stage."""
    return {line.split()[0]: re.sub(r"^\S+ +\d+ s +", "", line) for line in table.splitlines()}


def test_a_failing_stage_does_not_keep_the_next_from_running(project: Path) -> None:
    done = nightly(project, "--only", "race,gadgets", "--log", "logs")
    assert rows(done.stdout) == {"race": "fail: see logs/race", "gadgets": "pass"}
    assert done.returncode == 1
    assert (project / "logs/race").read_text().startswith("lost\n")
    assert (project / "logs/gadgets").read_text() == "gadgets ran\n"
    assert (project / "logs/summary").read_text() == done.stdout


def test_what_cannot_run_is_skipped_and_said(project: Path) -> None:
    done = nightly(project, "--only", "faults,matrix", "--log", "logs")
    table = {
        "faults": "skipped: no such target",
        "matrix": "skipped: no environments: make matrix-venv",
    }
    assert (rows(done.stdout), done.returncode) == (table, 0)
    (project / "build/matrix").mkdir(parents=True)
    done = nightly(project, "--only", "matrix", "--log", "logs")
    assert (rows(done.stdout), done.returncode) == ({"matrix": "pass"}, 0)


def test_a_stage_that_hangs_is_ended(project: Path) -> None:
    done = nightly(project, "--only", "stress,oracle", "--log", "logs", NIGHTLY_LIMIT="1")
    assert rows(done.stdout)["stress"] == "fail: longer than 1 s"
    assert done.returncode == 1


def test_the_long_form_is_the_default(project: Path) -> None:
    nightly(project, "--only", "oracle", "--log", "logs")
    assert (project / "logs/oracle").read_text() == "streams 100000\n"
    nightly(project, "--only", "oracle", "--log", "logs", ORACLE_STREAMS="7")
    assert (project / "logs/oracle").read_text() == "streams 7\n"


def test_an_unknown_stage_or_option_is_refused(project: Path) -> None:
    for args in (["--only", "race,nothing"], ["--only"], ["--what"]):
        done = nightly(project, *args)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("nightly: ")
    assert not (project / "build").exists()


def test_every_stage_of_the_list_is_a_target_here() -> None:
    listed = nightly(ROOT, "--list").stdout.split()
    targets = re.findall(r"^\.PHONY: (.*)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert listed[0] == "check"
    assert set(listed) <= set(" ".join(targets).split())
