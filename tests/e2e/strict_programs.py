"""strict_programs - programs under snapshot = strict, and what tells a copy from the file itself."""

import pickle
from pathlib import Path

from conftest import Done, guarded, policy_file, run

COPY = "/memfd:safeguard (deleted)"
WHERE = "import os; where = lambda file: os.readlink(f'/proc/self/fd/{file.fileno()}')\n"


def policy(folder: Path, text: str = "", snapshot: str = "strict") -> str:
    return policy_file(folder, f"[consistency]\nsnapshot = {snapshot}\n{text}")


def program(
    python: str,
    folder: Path,
    code: str,
    *words: str | Path,
    text: str = "",
    user: int | None = None,
) -> Done:
    """Runs `code` under the guard, in strict mode."""
    script = folder / "program.py"
    script.write_text(f"import os, sys, pickle\n{code}\n")
    env = guarded(policy=policy(folder, text))
    return run([python, script, *words], env=env, cwd=folder, user=user)


def expect(done: Done, said: str) -> None:
    assert (done.status, done.out, done.guard_lines) == (0, said, []), done


def model(folder: Path, size: int = 100, name: str = "model.pkl") -> Path:
    path = folder / name
    path.write_bytes(pickle.dumps(b"x" * size, 4))
    path.chmod(0o644)
    return path
