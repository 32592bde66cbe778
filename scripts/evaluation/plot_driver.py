"""plot_driver.py - ROC and precision/recall as one SVG; runs in build/peers/matplotlib.

Standard input is JSON: {"curves": [{name, roc, pr}], "points": [{name, tier, roc, pr}]}; the
argument is the file to write. Text stays text, so the file is small; the same input gives the same bytes.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt  # noqa: E402

LEAST = 3e-4  # where the logarithmic axis begins; what is 0 stands there
MARKS = "os^Dv*Px"


def thin(points: list[list[float]], most: int = 200) -> list[list[float]]:
    """Corners of a staircase, and no more of them than can be seen."""
    kept = [p for i, p in enumerate(points) if i in (0, len(points) - 1) or turns(points, i)]
    step = max(1, len(kept) // most)
    return [p for i, p in enumerate(kept) if i % step == 0 or i == len(kept) - 1]


def turns(points: list[list[float]], i: int) -> bool:
    (x0, y0), (x, y), (x1, y1) = points[i - 1 : i + 2]
    return not (x0 == x == x1 or y0 == y == y1)


def draw_curves(axes: Any, curves: list[dict]) -> None:
    roc, pr = axes
    for number, curve in enumerate(curves):
        style = {"color": f"C{number}", "linewidth": 2.0 if number == 0 else 1.0, "zorder": 3 if number == 0 else 2}
        x, y = zip(*thin([[LEAST, 0.0], *([max(a, LEAST), b] for a, b in curve["roc"])]), strict=True)
        roc.plot(x, y, drawstyle="steps-post", label=curve["name"], **style)
        x, y = zip(*thin(curve["pr"]), strict=True)
        pr.plot(x, y, **style)


def draw_points(axes: Any, points: list[dict], first: int) -> None:
    roc, pr = axes
    names = list(dict.fromkeys(point["name"] for point in points))
    for point in points:
        number = names.index(point["name"])
        color = f"C{first + number}" if point["name"] != "safeguard" else "C0"
        strict = point["tier"] == "malicious"
        style = {"marker": MARKS[number % len(MARKS)], "color": color, "markersize": 6, "linestyle": "none",
                 "markerfacecolor": color if strict else "white", "zorder": 4}  # fmt: skip
        label = {"label": point["name"]} if strict else {}
        roc.plot([max(point["roc"][0], LEAST)], [point["roc"][1]], clip_on=False, **style, **label)
        pr.plot([point["pr"][0]], [point["pr"][1]], clip_on=False, **style)


def main() -> None:
    drawn = json.load(sys.stdin)
    mpl.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "results", "font.size": 9, "axes.spines.top": False,
        "axes.spines.right": False, "axes.grid": True, "grid.color": "#dddddd", "grid.linewidth": 0.6,
        "path.simplify": True,
    })  # fmt: skip
    figure, (roc, pr) = plt.subplots(1, 2, figsize=(9.2, 4.4))
    draw_curves((roc, pr), drawn["curves"])
    draw_points((roc, pr), drawn["points"], len(drawn["curves"]))
    roc.set(xscale="log", xlim=(LEAST, 1), ylim=(0, 1), xlabel="false positive rate (0 stands at the left edge)",
            ylabel="recall", title="ROC")  # fmt: skip
    pr.set(xlim=(0, 1), ylim=(0, 1), xlabel="recall", ylabel="precision", title="precision and recall")
    figure.legend(*roc.get_legend_handles_labels(), loc="lower center", ncols=4, frameon=False, fontsize=8)
    figure.tight_layout(rect=(0, 0.16, 1, 1))
    figure.savefig(sys.argv[1], metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    main()
