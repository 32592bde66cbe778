"""loading - runs in the interpreter under test (CPython 3.8 and up, standard library only).

Takes a job as JSON on standard input: the body of a function load(path), the value that a clean
file holds, and the paths to load one after the other. Tells on standard output what became of
each. It is the same for clean and malicious files, guarded and not.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable
from typing import Any


def outcome(load: Callable[[str], Any], path: str, expected: Any) -> dict[str, Any]:
    try:
        value = load(path)
    except Exception as error:  # noqa: BLE001 - an answer like any other
        return {
            "raised": [kind.__name__ for kind in type(error).__mro__],
            "errno": getattr(error, "errno", None),
            "message": str(error),
        }
    return {"same": value == expected and repr(value) == repr(expected), "repr": repr(value)[:200]}


def main() -> None:
    job = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    space: dict[str, Any] = {}
    body = "".join("    " + line + "\n" for line in job["load"].strip().splitlines())
    exec(compile("def load(path):\n" + body, "load", "exec"), space)
    expected = ast.literal_eval(job["expected"])
    results = [outcome(space["load"], path, expected) for path in job["paths"]]
    sys.stdout.write(json.dumps(results))


main()
