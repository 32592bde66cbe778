"""supervising - programs under `safeguard run --supervise`, and files for them to open."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import CLI, Done, run

SUPERVISE = [str(CLI), "run", "--supervise"]
Words = list[str | Path]


def refused_here() -> str:
    """Why nothing can be supervised on this machine; "" where it can."""
    done = run([*SUPERVISE, "--", "true"])
    return done.err if done.status == 125 and "the kernel does not let" in done.err else ""


WHY_NOT = refused_here()
needed = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT or "it can be")

CLEAN = b"\x80\x04K\x2a."
NOT_ROOT = 65534


def under(
    *words: str | Path,
    options: Sequence[str] = (),
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    user: int | None = None,
) -> Done:
    return run([*SUPERVISE, *options, "--", *words], cwd=cwd, env=env, user=user)


def python(code: str, *words: str | Path, **more: object) -> Done:
    return under("/usr/bin/python3", "-c", code, *words, **more)  # type: ignore[arg-type]


def says_blocked(done: Done, path: Path) -> bool:
    return any(
        line.startswith(f"safeguard: blocked {path}: malicious ") for line in done.guard_lines
    )
