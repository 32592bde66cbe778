"""The demonstration: what README's first command ends with."""

import importlib.util
import os
import re
from pathlib import Path

from conftest import BUILD, ROOT, run


def test_demonstration() -> None:
    done = run([ROOT / "scripts" / "demo", os.path.relpath(BUILD, ROOT)])
    assert (done.status, done.err) == (0, ""), done
    rows = re.findall(r"^(\w+) +clean: loaded \w+\n +twin:  refused: (.*)$", done.out, re.M)
    libraries = ["pickle", "torch", "joblib", "numpy", "pandas"]
    assert [what for what, _ in rows] == [
        what for what in libraries if importlib.util.find_spec(what)
    ]
    assert all(
        re.search(r'system\("touch /tmp/sg\w+/\w+/canary"\) at byte \d+', why) for _, why in rows
    )
    assert "no canary was created" in done.out
    assert "did create its canary" in done.out


def test_demonstration_fails_without_the_guard(place: Path) -> None:
    done = run([ROOT / "scripts" / "demo", place])
    assert done.status == 1
    assert "is not built" in done.err
