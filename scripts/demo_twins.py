"""demo_twins - for each library at hand: a clean model, its malicious twin, and one script that loads both.

The twin touches a canary file when it is loaded. Exit status 1 when anything is not as it should be.
"""

import importlib.util
import os
import pickle
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# The script of somebody who knows nothing of a guard.
TRAIN = """\
import sys

what, path = sys.argv[1:]
if what == "pickle":
    import pickle
    model = pickle.load(open(path, "rb"))
elif what == "torch":
    import torch
    model = torch.load(path, weights_only=False)
elif what == "joblib":
    import joblib
    model = joblib.load(path)
elif what == "numpy":
    import numpy
    model = numpy.load(path, allow_pickle=True)
elif what == "pandas":
    import pandas
    model = pandas.read_pickle(path)
print("loaded", type(model).__name__)
"""


class Payload:
    """Unpickled, it is a call."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self.canary}",)


def torch_pair(folder: Path, canary: Path) -> None:
    torch = importlib.import_module("torch")
    state = torch.nn.Linear(4, 2).state_dict()
    torch.save({"model": state}, folder / "clean")
    torch.save({"model": state, "notes": Payload(canary)}, folder / "twin")


def joblib_pair(folder: Path, canary: Path) -> None:
    joblib = importlib.import_module("joblib")
    joblib.dump({"model": list(range(10))}, folder / "clean")
    joblib.dump({"model": list(range(10)), "notes": Payload(canary)}, folder / "twin")


def numpy_pair(folder: Path, canary: Path) -> None:
    numpy = importlib.import_module("numpy")
    numpy.array([{"a": 1}, "b"], dtype=object).dump(folder / "clean")
    numpy.array([{"a": 1}, Payload(canary)], dtype=object).dump(folder / "twin")


def pandas_pair(folder: Path, canary: Path) -> None:
    pandas = importlib.import_module("pandas")
    pandas.DataFrame({"x": [1.5, 2.5]}).to_pickle(folder / "clean", compression=None)
    pandas.Series([1, Payload(canary)], dtype=object).to_pickle(folder / "twin", compression=None)


def pickle_pair(folder: Path, canary: Path) -> None:
    for name, extra in ("clean", None), ("twin", Payload(canary)):
        (folder / name).write_bytes(pickle.dumps({"weights": [0.5, 1.5], "notes": extra}))


PAIRS: dict[str, Callable[[Path, Path], None]] = {
    "pickle": pickle_pair,
    "torch": torch_pair,
    "joblib": joblib_pair,
    "numpy": numpy_pair,
    "pandas": pandas_pair,
}


@dataclass(frozen=True)
class Demo:
    """Where things are."""

    folder: Path
    library: Path

    def load(self, what: str, path: Path, guarded: bool) -> tuple[bool, str]:
        """Whether the script loaded it, and the last line of what it said."""
        done = subprocess.run(
            [sys.executable, self.folder / "train.py", what, path],
            env={**os.environ, **({"LD_PRELOAD": str(self.library)} if guarded else {})},
            capture_output=True,
            text=True,
            check=False,
        )
        lines = (done.stdout if done.returncode == 0 else done.stderr).splitlines()
        return done.returncode == 0, lines[-1] if lines else f"exit status {done.returncode}"


def reason_in(message: str) -> str | None:
    """What stands in the brackets of: PermissionError: [Errno 13] … [safeguard: REASON]: 'file'"""
    if not message.startswith("PermissionError: "):
        return None
    found = re.search(r"\[safeguard: (.*)\]: ", message)
    return found[1] if found else None


def show(demo: Demo, what: str) -> bool:
    """One row of the table; whether it is as it should be."""
    folder = demo.folder / what
    folder.mkdir()
    canary = folder / "canary"
    PAIRS[what](folder, canary)
    loaded, said = demo.load(what, folder / "clean", guarded=True)
    ran, message = demo.load(what, folder / "twin", guarded=True)
    reason = None if ran else reason_in(message)
    print(f"{what:<8} clean: {said}")
    print(f"{'':<8} twin:  {f'refused: {reason}' if reason else f'NOT REFUSED: {message}'}")
    if canary.exists():
        print(f"{'':<8} THE CANARY IS THERE: {canary}")
    return loaded and reason is not None and not canary.exists()


def twin_is_real(demo: Demo) -> bool:
    """Without the guard, the twin of the first row does what it says."""
    canary = demo.folder / "pickle" / "canary"
    loaded, _ = demo.load("pickle", demo.folder / "pickle" / "twin", guarded=False)
    return loaded and canary.exists()


def main() -> int:
    library = Path(sys.argv[1]).resolve() / "libsafeguard.so"
    if not library.exists():
        print(f"demo: {library} is not built", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="sg", dir="/tmp") as name:
        demo = Demo(Path(name), library)
        (demo.folder / "train.py").write_text(TRAIN)
        print(f"LD_PRELOAD={library} {Path(sys.executable).name} train.py\n")
        found = [what for what in PAIRS if importlib.util.find_spec(what)]
        good = [show(demo, what) for what in found]
        if not all(good):
            print("\ndemo: not as it should be")
            return 1
        print(
            f"\n{len(good)} clean files were loaded, {len(good)} twins refused; no canary was created."
        )
        if not twin_is_real(demo):
            print("demo: but the twin does nothing without the guard either")
            return 1
        print("Without the guard, the same twin did create its canary.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
