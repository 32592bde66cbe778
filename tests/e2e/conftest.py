"""conftest - where what was built lies, and how a program is run under the guard."""

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import payloads
import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SG_BUILD", ROOT / "build")).resolve()
CLI = BUILD / "safeguard"
# `make sanitized` (SAN=1) has checks in the library, and a command that its run-time library is part of.
SANITIZED = BUILD.name == "sanitized"
# Then once more the library with ASan, and its run-time library before it in every program.
RUNTIME = os.environ.get("SG_RUNTIME", "")
LIBRARY = BUILD / ("san/libsafeguard.so" if RUNTIME else "libsafeguard.so")
PRELOAD = f"{RUNTIME}:{LIBRARY}" if RUNTIME else str(LIBRARY)
SECONDS = 120
# In a policy: only what looks at files is on.
FILES_ONLY = "[python]\nfind_class = off\neffects = off\n"


@dataclass(frozen=True)
class Done:
    """How a program ended."""

    status: int
    out: str
    err: str

    @property
    def guard_lines(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("safeguard:")]


def clean_environment() -> dict[str, str]:
    """Ours, without what would switch a guard on, off or elsewhere."""
    mine = re.compile(r"LD_PRELOAD|SAFEGUARD_|PYTHONPATH|PYTHONHOME")
    return {name: value for name, value in os.environ.items() if not mine.match(name)}


def run(
    command: Sequence[str | Path],
    *,
    env: dict[str, str] | None = None,
    feed: str = "",
    cwd: Path | None = None,
    user: int | None = None,
    seconds: int = SECONDS,
) -> Done:
    done = subprocess.run(
        [str(word) for word in command],
        env=clean_environment() | (env or {}),
        input=feed.encode("utf-8"),
        capture_output=True,
        cwd=cwd,
        user=user,
        group=user,
        extra_groups=[] if user is not None else None,
        timeout=seconds,
        check=False,
    )
    return Done(
        done.returncode,
        done.stdout.decode("utf-8", "surrogateescape"),
        done.stderr.decode("utf-8", "surrogateescape"),
    )


def guarded(**settings: str) -> dict[str, str]:
    """The environment of a guarded program; mode="log" sets SAFEGUARD_MODE."""
    return {"LD_PRELOAD": PRELOAD} | {
        f"SAFEGUARD_{name.upper()}": value for name, value in settings.items()
    }


def policy_file(folder: Path, text: str, name: str = "policy.ini") -> str:
    path = folder / name
    path.write_text(text)
    path.chmod(0o644)  # a policy that anybody may write to is refused
    return str(path)


def shipped_policy(folder: Path, name: str) -> str:
    return policy_file(folder, (ROOT / "policy" / name).read_text(), name)


def compiled(source: Path | str, into: Path, *flags: str) -> Path:
    """Of a file or of text in C."""
    if isinstance(source, str):
        into.with_suffix(".c").write_text(source)
        source = into.with_suffix(".c")
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-w", "-o", into, source, *flags], check=True)
    return into


def scan(*paths: str | Path, status: int | None = None) -> list[dict[str, Any]]:
    """What `safeguard scan --format jsonl` says, sorted as the paths were given."""
    done = run([CLI, "scan", "--format", "jsonl", "--", *paths])
    assert status is None or done.status == status, done
    order = [str(path) for path in paths]
    found = [json.loads(line) for line in done.out.splitlines()]
    return sorted(found, key=lambda one: order.index(one["path"]))


def processor_seconds() -> float:
    """Of the programs that have ended so far: that others are at work here adds nothing."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def aged(path: Path) -> None:
    """As if it had not been touched for a while: its inode's time cannot be set back, so wait."""
    while time.time() - path.stat().st_ctime < 3.1:
        time.sleep(0.1)


@cache
def namespace() -> list[str]:
    """The words before a command that give it a mount namespace; none where that is refused."""
    for words in (["unshare", "-m"], ["unshare", "-Urm"]):
        if shutil.which("unshare") and run([*words, "true"]).status == 0:
            return words
    return []


@cache
def pythons() -> list[str]:
    """Every CPython on this machine."""
    return run([ROOT / "scripts" / "find_pythons"]).out.split()


def python_name(path: str) -> str:
    where = "system" if path.startswith("/usr/") else "local"
    return f"{Path(path).name}-{where}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "interpreter" in metafunc.fixturenames:
        metafunc.parametrize("interpreter", pythons(), ids=python_name, scope="session")


def pytest_sessionstart(session: pytest.Session) -> None:
    missing = [str(path) for path in (LIBRARY, CLI) if not path.exists()]
    if missing:
        pytest.exit(f"not built: {', '.join(missing)}", returncode=3)


@pytest.fixture
def place() -> Iterator[Path]:
    """An empty folder with a short name (messages quote paths), open to other users."""
    folder = Path(tempfile.mkdtemp(prefix="sg", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def apart() -> list[str]:
    if not namespace():
        pytest.skip("this system gives no mount namespace")
    return namespace()


@pytest.fixture
def evil(place: Path) -> Path:
    path = place / "evil.pkl"
    path.write_bytes(payloads.pickle_of(place / "canary", 4))
    return path


@pytest.fixture(scope="session")
def venv_python() -> str:
    """The interpreter with torch and its like: the one that runs these tests."""
    return sys.executable


def outside_temporary() -> Path:
    """A folder that no program takes for temporary, also where this checkout lies in one."""
    temporary = [Path(name) for name in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm")]
    inside = any(ROOT.is_relative_to(folder) for folder in temporary)
    return Path.home() / ".safeguard-gadgets" if inside else ROOT / "build" / "gadgets"


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder of the test's own there."""
    root = outside_temporary()
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root))
    yield folder
    shutil.rmtree(folder)
