"""plot_driver.py - ROC and precision/recall as one SVG; runs in build/peers/matplotlib.

Standard input is JSON: {"curves": [{name, roc, pr}], "points": [{name, tier, roc, pr}]}; the
argument is the file to write. Text stays text, so the file is small; the same input gives the same bytes.
"""

from __future__ import annotations

import io
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

LEAST = 3e-4  # where the logarithmic axis begins; what is 0 stands there
STEP = 0.008  # of an axis: what moves less is not seen
CURVES = ("#1f5fbf", "#c0392b", "#e08a1e", "#9a9a9a", "#b0a0c0", "#a0b8a0", "#777777")
LOOKS = {"safeguard": ("o", CURVES[0]), "picklescan": ("s", "#2e7d32"), "modelscan": ("^", "#6a3d9a"),
         "fickling": ("D", "#b8860b"), "modelaudit": ("v", "#333333")}  # fmt: skip


def thin(points: list[tuple[float, float]], log: bool) -> list[tuple[float, float]]:
    """No more points than can be seen."""
    kept = [points[0]]
    for x, y in points[1:-1]:
        x0, y0 = kept[-1]
        moved = math.log(x / x0) / -math.log(LEAST) if log else abs(x - x0)
        if moved >= STEP or abs(y - y0) >= STEP:
            kept.append((x, y))
    return [*kept, points[-1]]


def draw_curves(axes: Any, curves: list[dict]) -> None:
    roc, pr = axes
    for number, curve in reversed(list(enumerate(curves))):
        first = number == 0
        style = {
            "color": CURVES[number % len(CURVES)],
            "linewidth": 2.2 if first else 1.1,
            "zorder": 3 - (not first),
        }
        x, y = zip(
            *thin([(LEAST, 0.0), *((max(a, LEAST), b) for a, b in curve["roc"])], log=True),
            strict=True,
        )
        roc.plot(x, y, drawstyle="steps-post", label=curve["name"], **style)
        x, y = zip(*thin([(0.0, curve["pr"][0][1]), *curve["pr"]], log=False), strict=True)
        pr.plot(x, y, **style)


def draw_points(axes: Any, points: list[dict]) -> None:
    roc, pr = axes
    for point in points:
        marker, color = LOOKS.get(point["name"].partition(",")[0], ("x", "black"))
        strict = point["tier"] == "malicious"
        style = {"marker": marker, "color": color, "markersize": 7, "linestyle": "none", "clip_on": False,
                 "markerfacecolor": color if strict else "white", "zorder": 4}  # fmt: skip
        label = point["name"] + ("" if strict else ", or suspicious")
        roc.plot([max(point["roc"][0], LEAST)], [point["roc"][1]], label=label, **style)
        pr.plot([point["pr"][0]], [point["pr"][1]], **style)


def main() -> None:
    drawn = json.load(sys.stdin)
    mpl.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "results", "font.size": 9, "axes.spines.top": False,
        "axes.spines.right": False, "axes.grid": True, "grid.color": "#dddddd", "grid.linewidth": 0.6,
        "path.simplify": True,
    })  # fmt: skip
    figure, (roc, pr) = plt.subplots(1, 2, figsize=(9.2, 4.7))
    draw_curves((roc, pr), drawn["curves"])
    draw_points((roc, pr), drawn["points"])
    roc.set(xscale="log", xlim=(LEAST, 1), ylim=(0, 1), xlabel="false positive rate (0 stands at the left edge)",
            ylabel="recall", title="ROC")  # fmt: skip
    pr.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="recall", ylabel="precision", title="precision and recall"
    )
    roc.xaxis.minorticks_off()
    figure.legend(
        *roc.get_legend_handles_labels(), loc="lower center", ncols=4, frameon=False, fontsize=8
    )
    figure.tight_layout(rect=(0, 0.2, 1, 1))
    drawing = io.StringIO()
    figure.savefig(drawing, format="svg", metadata={"Date": None, "Creator": None})
    shorter = re.sub(r"(\d\.\d\d)\d+", r"\1", drawing.getvalue())
    Path(sys.argv[1]).write_text(shorter, encoding="utf-8")


if __name__ == "__main__":
    main()
