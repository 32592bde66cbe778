"""What lies in scripts/deploy/ci and .pre-commit-hooks.yaml, by its schemas, and run as the services would."""

import importlib.util
import json
import os
import pickle
import re
import shutil
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import payloads
import pytest
from conftest import CLI, ROOT, Done, run

EXAMPLES = ROOT / "scripts/deploy/ci"
WORKFLOWS = ["github-workflow.yml", "github-changed.yml"]
WHO = ["-c", "user.name=A. Person", "-c", "user.email=person@example.org"]
ALONE = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="no git here")


def needs(*modules: str) -> None:
    missing = [name for name in modules if not importlib.util.find_spec(name)]
    if missing:
        pytest.skip(f"no package index gave {', '.join(missing)}")


def parsed(name: str) -> dict[str, Any]:
    needs("yaml")
    import yaml

    document = yaml.safe_load((EXAMPLES / name).read_text())
    assert isinstance(document, dict)
    return document


def git(repository: Path, *words: str) -> str:
    done = run(["git", *WHO, *words], cwd=repository, env=ALONE)
    assert done.status == 0, done
    return done.out.strip()


@pytest.fixture
def repository(place: Path) -> Path:
    """With a clean model, and one more commit than its beginning."""
    folder = place / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "README").write_text("Models.\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "begin")
    (folder / "models").mkdir()
    (folder / "models/clean model.pkl").write_bytes(pickle.dumps({"weights": [1.0, 2.0]}))
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "a model")
    return folder


def infect(repository: Path, name: str = "models/evil.bin") -> Path:
    path = repository / name
    path.write_bytes(payloads.pickle_of(repository.parent / "canary", 4))
    return path


def on_path(folder: Path) -> str:
    (folder / "bin").mkdir(exist_ok=True)
    if not (folder / "bin/safeguard").exists():
        (folder / "bin/safeguard").symlink_to(CLI)
    return f"{folder}/bin:{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("schema", "names"),
    [("vendor.github-workflows", WORKFLOWS), ("vendor.gitlab-ci", ["gitlab-ci.yml"])],
)
def test_schema(schema: str, names: list[str], place: Path) -> None:
    needs("check_jsonschema")
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema]
    if "gitlab" in schema:
        check += ["--data-transform", "gitlab-ci"]
    done = run([*check, *(EXAMPLES / name for name in names)])
    assert done.status == 0, done.out
    text = (EXAMPLES / names[0]).read_text()
    for right, wrong in (("runs-on:", "runs-at:"), ("script:", "scripts:")):
        text = text.replace(f"    {right} ", f"    {wrong} ").replace(
            f"  {right}\n", f"  {wrong}\n"
        )
    (place / "wrong.yml").write_text(text)
    assert run([*check, place / "wrong.yml"]).status == 1


class Runner:
    """Runs the steps of a job as GitHub's runner does; actions are told, not run."""

    def __init__(self, repository: Path, values: dict[str, str]) -> None:
        self.repository = repository
        self.temp = repository.parent / "temp"
        self.temp.mkdir(exist_ok=True)
        self.summary = self.temp / "summary.md"
        self.values = values | {"runner.temp": str(self.temp), "vars.SAFEGUARD": ""}
        self.failed = False
        self.used: dict[str, dict[str, str]] = {}
        self.done: dict[str, Done] = {}

    def filled(self, text: str) -> str:
        return re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda match: self.values[match[1]], str(text))

    def wanted(self, condition: str | None) -> bool:
        known = {None: not self.failed, "failure()": self.failed, "${{ !cancelled() }}": True}
        return known[condition]

    def step(self, step: dict[str, Any], env: dict[str, str]) -> None:
        if not self.wanted(step.get("if")):
            return
        if "uses" in step:
            self.used[step["uses"]] = {
                key: self.filled(value) for key, value in step.get("with", {}).items()
            }
            return
        script = self.temp / "script.sh"
        script.write_text(self.filled(step["run"]))
        own = {key: self.filled(value) for key, value in (env | step.get("env", {})).items()}
        paths = {
            "PATH": on_path(self.temp),
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }
        words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
        done = run(words, cwd=self.repository, env=ALONE | own | paths)
        self.done[step["name"]] = done
        self.failed |= done.status != 0

    def run(self, name: str) -> "Runner":
        workflow = parsed(name)
        assert workflow["defaults"]["run"]["shell"] == "bash"
        for step in workflow["jobs"]["safeguard"]["steps"]:
            self.step(step, workflow.get("env", {}))
        return self


def uploaded(runner: Runner) -> dict[str, Any]:
    (name,) = (name for name in runner.used if "upload-sarif" in name)
    found = json.loads(Path(runner.used[name]["sarif_file"]).read_text())["runs"][0]
    assert isinstance(found, dict)
    return found


def test_workflow_on_clean_models(repository: Path) -> None:
    runner = Runner(repository, {}).run("github-workflow.yml")
    assert not runner.failed, runner.done
    assert uploaded(runner)["results"] == []
    assert "Tell what was found" not in runner.done
    assert uploaded(runner)["invocations"][0]["exitCode"] == 0


def test_workflow_on_a_malicious_model(repository: Path) -> None:
    infect(repository)
    runner = Runner(repository, {}).run("github-workflow.yml")
    assert runner.failed
    (result,) = uploaded(runner)["results"]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "models/evil.bin", "uriBaseId": "%SRCROOT%"}
    assert "./models/evil.bin: malicious 0.997: calls posix.system(" in runner.summary.read_text()
    assert not (repository.parent / "canary").exists()


def test_workflow_on_what_was_accepted(repository: Path) -> None:
    evil = infect(repository)
    words = ["--baseline", ".safeguard-accepted", "--accept", "a test of ours", str(evil)]
    assert run([CLI, "scan", *words], cwd=repository).status == 0
    runner = Runner(repository, {}).run("github-workflow.yml")
    assert not runner.failed, runner.done
    (result,) = uploaded(runner)["results"]
    assert result["suppressions"][0]["justification"] == "a test of ours"


def test_workflow_without_the_command(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what is missing, and nothing passes for scanned."""
    monkeypatch.setattr("test_ci_examples.on_path", lambda _: "/usr/bin:/bin")
    if shutil.which("safeguard", path="/usr/bin:/bin"):
        pytest.skip("the command is installed here")
    runner = Runner(repository, {}).run("github-workflow.yml")
    assert runner.failed
    assert "SAFEGUARD: is not set (path or URL" in runner.done["Install safeguard"].err
    assert "Scan" not in runner.done


def test_changed_files_only(repository: Path) -> None:
    infect(repository, "before.bin")
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "was there before")
    base = git(repository, "rev-parse", "HEAD")
    (repository / "models/line\nend é.pkl").write_bytes(pickle.dumps([1]))
    (repository / "README").unlink()
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "change")
    values = {"github.event.pull_request.base.sha": base}
    runner = Runner(repository, values).run("github-changed.yml")
    assert not runner.failed, runner.done
    assert runner.done["Scan what has changed"].out.startswith("safeguard: 1 file (")
    infect(repository)
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "evil")
    runner = Runner(repository, values).run("github-changed.yml")
    assert runner.failed
    assert "safeguard: models/evil.bin: malicious" in runner.done["Scan what has changed"].out


def test_changes_that_cannot_be_told_are_no_success(repository: Path) -> None:
    values = {"github.event.pull_request.base.sha": "0" * 40}
    assert Runner(repository, values).run("github-changed.yml").failed


def gitlab(repository: Path) -> tuple[int, ET.Element]:
    """The job as a runner of GitLab makes a script of it; its report."""
    job = parsed("gitlab-ci.yml")["safeguard"]
    lines = ["set -eo pipefail", *job["before_script"], *job["script"]]
    env = ALONE | {"PATH": on_path(repository.parent)}
    done = run(["bash", "-c", "\n".join(lines)], cwd=repository, env=env)
    return done.status, ET.parse(repository / job["artifacts"]["reports"]["junit"]).getroot()


def test_gitlab(repository: Path) -> None:
    status, suites = gitlab(repository)
    names = {case.attrib["name"] for case in suites.iter("testcase")}
    assert status == 0
    assert names == {"./README", "./models/clean model.pkl"}
    assert not list(suites.iter("failure"))
    infect(repository)
    cut = (repository / "models/clean model.pkl").read_bytes()[:-4]
    (repository / "models/cut.pkl").write_bytes(cut)
    status, suites = gitlab(repository)
    (failure,) = suites.iter("failure")
    (error,) = suites.iter("error")
    assert status == 1
    assert failure.attrib["type"] == "malicious"
    assert "system(" in failure.attrib["message"]
    assert "ends before its STOP" in error.attrib["message"]
    assert {suite.attrib["tests"] for suite in suites} == {"1"}


@pytest.fixture
def hooked(repository: Path, place: Path) -> Path:
    """The repository, with our hooks from a repository of ours, as pre-commit clones it."""
    needs("pre_commit")
    ours = place / "ours"
    ours.mkdir()
    git(ours, "init", "-q", "-b", "main")
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", ours)
    git(ours, "add", ".")
    git(ours, "commit", "-q", "-m", "hooks")
    revision = git(ours, "rev-parse", "HEAD")
    (repository / ".pre-commit-config.yaml").write_text(
        f"repos:\n  - repo: {ours}\n    rev: {revision}\n    hooks:\n      - id: safeguard\n"
    )
    git(repository, "add", ".")
    return repository


def pre_commit(repository: Path, *words: str) -> Done:
    env = ALONE | {
        "PATH": on_path(repository.parent),
        "PRE_COMMIT_HOME": str(repository.parent / "home"),
    }
    return run([sys.executable, "-m", "pre_commit", *words], cwd=repository, env=env)


def commit(repository: Path) -> Done:
    env = ALONE | {
        "PATH": on_path(repository.parent),
        "PRE_COMMIT_HOME": str(repository.parent / "home"),
    }
    git(repository, "add", ".")
    return run(["git", *WHO, "commit", "-q", "-m", "change"], cwd=repository, env=env)


def test_pre_commit_hook(hooked: Path) -> None:
    assert pre_commit(hooked, "install").status == 0
    (hooked / "-r").write_bytes(pickle.dumps({"named": "like an option"}))
    done = commit(hooked)
    assert done.status == 0, done
    before = git(hooked, "rev-parse", "HEAD")
    infect(hooked, "evil model.txt")
    done = commit(hooked)
    assert done.status == 1
    assert "safeguard: evil model.txt: malicious 0.997: calls posix.system(" in done.out + done.err
    assert git(hooked, "rev-parse", "HEAD") == before
    (hooked / "evil model.txt").unlink()
    (hooked / "cut.pkl").write_bytes(pickle.dumps(list(range(1000)))[:-20])
    done = commit(hooked)
    assert done.status == 1
    assert "not fully analysed" in done.out + done.err
    assert not (hooked.parent / "canary").exists()


def test_hooks_are_valid(hooked: Path) -> None:
    for kind in ("manifest", "config"):
        name = {"manifest": ROOT / ".pre-commit-hooks.yaml", "config": ".pre-commit-config.yaml"}
        done = pre_commit(hooked, f"validate-{kind}", str(name[kind]))
        assert (done.status, done.err) == (0, ""), done
