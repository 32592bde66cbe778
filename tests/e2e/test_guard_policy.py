"""[allow] and [deny] under the guard: what a policy says of names holds for files, too."""

import pickle
from collections import OrderedDict
from pathlib import Path

import pytest
from conftest import FILES_ONLY, guarded, policy_file, run

LOAD = "import pickle, sys\npickle.load(open(sys.argv[1], 'rb'))\n"


@pytest.fixture
def ordered(place: Path) -> Path:
    path = place / "ordered.pkl"
    path.write_bytes(pickle.dumps(OrderedDict(a=1), 4))
    return path


@pytest.mark.parametrize("layer", [FILES_ONLY, ""])
def test_denied_name_is_refused(interpreter: str, place: Path, ordered: Path, layer: str) -> None:
    file = policy_file(place, f"[deny]\nglobal = collections.*\n{layer}")
    done = run([interpreter, "-c", LOAD, ordered], env=guarded(policy=file))
    assert done.status == 1
    assert "calls collections.OrderedDict(), which the policy denies" in done.guard_lines[0]
    assert "PermissionError" in done.err
    assert run([interpreter, "-c", LOAD, ordered], env=guarded()).status == 0


@pytest.mark.parametrize("name", ["posix.system", "os.system", "nt.system", "posix.*"])
def test_allowed_name_is_let_through(venv_python: str, place: Path, evil: Path, name: str) -> None:
    file = policy_file(place, f"[allow]\nglobal = {name}\n[python]\neffects = off\n")
    done = run([venv_python, "-c", LOAD, evil], env=guarded(policy=file))
    assert (done.status, done.err) == (0, "")
    assert (place / "canary").exists()


@pytest.mark.parametrize("pattern", ["*", "*.system", "pickle*"])
@pytest.mark.parametrize("layer", [FILES_ONLY, ""])
def test_wide_pattern_vouches_for_nothing_dangerous(
    venv_python: str, place: Path, evil: Path, pattern: str, layer: str
) -> None:
    file = policy_file(place, f"[allow]\nglobal = {pattern}\n{layer}")
    assert run([venv_python, "-c", LOAD, evil], env=guarded(policy=file)).status == 1
    dotted = place / "dotted.pkl"
    dotted.write_bytes(b"cpickle\n_compat_pickle.os.system\n(S'touch " + b"x'\ntR.")
    assert run([venv_python, "-c", LOAD, dotted], env=guarded(policy=file)).status == 1
    assert not (place / "canary").exists()


def test_allowed_package_through_which_os_is_reached(venv_python: str, place: Path) -> None:
    """pkg.models imports os: whoever trusts pkg.models.* has not said that of os.system."""
    package = place / "pkg"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text(
        "import os\nfrom os import system\n\ndef build(text):\n    return text\n"
    )
    file = policy_file(place, "[allow]\nglobal = pkg.models.*\n[python]\neffects = off\n")
    env = guarded(policy=file) | {"PYTHONPATH": str(place)}
    for name, passes in (("build", True), ("os.system", False), ("system", False)):
        path = place / "model.pkl"
        path.write_bytes(
            b"\x80\x04\x8c\x0apkg.models\x8c" + bytes([len(name)]) + name.encode()
            + b"\x93\x8c\x20" + f"touch {place}/canary".encode().ljust(32) + b"\x85R."
        )  # fmt: skip
        done = run([venv_python, "-c", LOAD, path], env=env)
        assert (done.status == 0) == passes, (name, done)
        assert not (place / "canary").exists()
