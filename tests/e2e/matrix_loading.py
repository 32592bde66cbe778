"""matrix_loading - runs in the interpreter under test (CPython 3.8 and up), guarded or not.

    matrix_loading.py save FOLDER MODULE...         writes FOLDER/STEM.clean and .evil for each case
    matrix_loading.py load FOLDER MODULE...         loads both

MODULE has a list CASES. Each file is one line of JSON on standard output: what became of it, and
what the guard wrote meanwhile into the file that SAFEGUARD_LOG names.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, Iterator

from matrix_case import HARMLESS, Case, Payload, digest

SECONDS = 60  # for one case


class Log:
    """The guard's records, as they come."""

    def __init__(self) -> None:
        path = os.environ.get("SAFEGUARD_LOG")
        self.file = open(path) if path and os.path.exists(path) else None

    def news(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file] if self.file else []


def too_long(*_: Any) -> None:
    raise TimeoutError("a case takes too long")


def chain(error: Any) -> Iterator[BaseException]:
    """What was raised, and what that came from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def told_of(error: Exception) -> dict[str, Any]:
    kinds = [type(error).__name__, *(kind.__name__ for kind in type(error).__mro__)]
    message = " <- ".join(str(one) for one in chain(error))
    return {
        "raised": sorted(set(kinds)),
        "message": message,
        "errno": getattr(error, "errno", None),
    }


def outcome(case: Case, path: str) -> dict[str, Any]:
    try:
        return {"digest": digest(case, case.load(path))}
    except Exception as error:  # noqa: BLE001 - an answer like any other
        return told_of(error)


def save(case: Case, folder: Path) -> dict[str, Any]:
    clean, evil = (str(folder / (case.stem + ending)) for ending in (".clean", ".evil"))
    try:
        original = case.save(clean, HARMLESS)
        if case.twin:
            case.save(evil, Payload(str(folder / (case.stem + ".canary"))))
    except Exception as error:  # noqa: BLE001
        return told_of(error)
    return {} if original is None else {"digest": digest(case, original)}


def attempts(action: str, folder: Path, case: Case, log: Log) -> Iterator[dict[str, Any]]:
    missing = case.missing()
    if missing:
        yield {"skipped": "no " + missing}
    elif case.slow and os.environ.get("MATRIX") != "long":
        yield {"skipped": "slow; `make matrix` runs it"}
    elif action == "save":
        yield save(case, folder)
    else:
        for ending in ("clean", "evil") if case.twin else ("clean",):
            log.news()
            told = outcome(case, str(folder / (case.stem + "." + ending)))
            yield dict(told, ending=ending, records=log.news())


def main() -> None:
    action, folder, *modules = sys.argv[1:]
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # libraries print
    log = Log()
    signal.signal(signal.SIGALRM, too_long)
    for module in modules:
        for case in importlib.import_module(module).CASES:
            signal.alarm(SECONDS)
            for told in attempts(action, Path(folder), case, log):
                out.write(json.dumps(dict(told, name=case.name)) + "\n")
                out.flush()
            signal.alarm(0)


if __name__ == "__main__":
    main()
