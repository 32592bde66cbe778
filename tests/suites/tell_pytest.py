"""tell_pytest - a plug-in of pytest: writes a JSON line about each test to the file that the
environment SUITE_OUTCOMES names, as it ends."""

from __future__ import annotations

import json
import os
from typing import Any

ENDS: dict[str, dict[str, Any]] = {}


def last_line(report: Any) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    return str(crash.message if crash else report.longrepr or "")[:300]


def pytest_runtest_logreport(report: Any) -> None:
    """The call says how a test ended, unless its set-up or what follows it went wrong."""
    name = report.nodeid.split("site-packages/")[-1]
    end = ENDS.setdefault(name, {"test": name, "status": "passed", "why": "", "seconds": 0.0})
    end["seconds"] += round(report.duration, 2)
    if report.outcome != "passed":
        outcome = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        end |= {"status": outcome, "why": last_line(report) if outcome == "failed" else ""}
    if report.when == "teardown":
        with open(os.environ["SUITE_OUTCOMES"], "a", encoding="utf-8") as out:
            out.write(json.dumps(ENDS.pop(name)) + "\n")
