"""growth_driver - draws the series of bench_growth, log-log; runs in build/peers/matplotlib.

Standard input is JSON: [{title, unit, points}]; the argument is the file to write.
"""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt


def main() -> None:
    drawn = json.load(sys.stdin)
    mpl.rcParams.update({
        "svg.fonttype": "none", "svg.hashsalt": "growth", "font.size": 8, "axes.spines.top": False,
        "axes.spines.right": False, "axes.grid": True, "grid.color": "#dddddd", "grid.linewidth": 0.6,
    })  # fmt: skip
    figure, axes = plt.subplots(1, len(drawn), figsize=(2.6 * len(drawn), 2.7), sharey=True)
    for axis, one in zip(axes, drawn, strict=True):
        x, y = zip(*one["points"], strict=True)
        axis.loglog(x, y, marker="o", markersize=4, color="#1f5fbf")
        axis.set(xlabel=one["unit"])
        axis.set_title(one["title"].replace(", slope", "\nslope"), fontsize=8)
        axis.minorticks_off()
    axes[0].set(ylabel="microseconds")
    figure.tight_layout()
    drawing = io.StringIO()
    figure.savefig(drawing, format="svg", metadata={"Date": None, "Creator": None})
    Path(sys.argv[1]).write_text(
        re.sub(r"(\d\.\d\d)\d+", r"\1", drawing.getvalue()), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
