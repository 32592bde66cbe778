"""plots.py - curves and points of the scanners, drawn by plot_driver.py in the environment that has matplotlib."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from .answers import Scanner
from .intervals import count, curve
from .tables import TIERS, judged


def curves(scanners: Sequence[Scanner]) -> list[dict]:
    found = []
    for scanner in scanners:
        if scanner.scored:
            drawn = curve([(f.bad, a.score) for f, a in scanner.answers.items()])
            found.append({"name": scanner.name, "roc": drawn.roc, "pr": drawn.pr})
    return found


def points(scanners: Sequence[Scanner]) -> list[dict]:
    found = []
    for scanner in scanners:
        tiered = any(a.verdict == "suspicious" for a in scanner.answers.values())
        for tier, verdicts in TIERS.items():
            table = count(judged(scanner, verdicts))
            fpr, recall, precision = table.alarms.value, table.recall.value, table.precision.value
            if tier != "malicious" and not tiered:
                continue
            if fpr is not None and recall is not None and precision is not None:
                point = {
                    "name": scanner.name,
                    "tier": tier,
                    "roc": (fpr, recall),
                    "pr": (recall, precision),
                }
                found.append(point)
    return found


def draw(lines: Sequence[Scanner], marks: Sequence[Scanner], python: Path, out: Path) -> bool:
    """False where there is nothing to draw with."""
    if not python.is_file():
        return False
    drawn = json.dumps({"curves": curves(lines), "points": points(marks)})
    driver = Path(__file__).parent / "plot_driver.py"
    subprocess.run([python, driver, out], input=drawn, text=True, check=True)
    return True
