"""scripts/deploy/kubernetes: what is committed there is what the command and the policies say."""

import textwrap
from pathlib import Path

import pytest
from conftest import CLI, ROOT, run

KUBERNETES = ROOT / "scripts" / "deploy" / "kubernetes"
PROFILES = sorted((KUBERNETES / "seccomp").iterdir())


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.name)
def test_profile_is_the_generated_one(path: Path) -> None:
    done = run([CLI, "policy", "show", "--seccomp", path.stem, "--format", "json"])
    assert (done.status, done.err) == (0, "")
    assert path.read_text() == done.out, f"write {path} again with safeguard policy show"
    assert f"localhostProfile: safeguard/{path.name}\n" in (
        (KUBERNETES / "deployment.yaml").read_text()
    )


def test_policy_is_the_shipped_one() -> None:
    text = (ROOT / "policy" / "inference.ini").read_text()
    manifest = (KUBERNETES / "policy.yaml").read_text()
    assert manifest.endswith("  policy.ini: |\n" + textwrap.indent(text, "    "))
