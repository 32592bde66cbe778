"""tell_scripts - for suites whose tests are programs: tell_scripts.py OUTCOMES PACKAGE

Runs each test_*.py of the package by itself and writes a JSON line about it to OUTCOMES.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 120


def main() -> None:
    found = importlib.util.find_spec(sys.argv[2])
    assert found
    assert found.origin
    folder = Path(found.origin).parent
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        for script in sorted(folder.glob("test_*.py")):
            began = time.monotonic()
            done = subprocess.run(
                [sys.executable, script],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
            )
            line = {
                "test": script.name,
                "status": "failed" if done.returncode else "passed",
                "why": done.stderr.strip().split("\n")[-1][-300:] if done.returncode else "",
                "seconds": round(time.monotonic() - began, 2),
            }
            out.write(json.dumps(line) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
