"""docs/speed.svg, from what was measured: CPU by tool on the small set, and CPU against the number of files.

    benchmarks/speed/plot.py MEASURED SVG

Runs in the environment that has matplotlib. The ground is white whatever the reader's theme is.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.ticker import StrMethodFormatter

OWN, OTHER = "#1f5fa8", "#666666"
PLAIN = StrMethodFormatter("{x:,g}")
#: By series: colour, dashes.
LINES = {
    "paramlint, cold": (OWN, "-"),
    "paramlint, warm": (OWN, "--"),
    "ruff, cold": (OTHER, "-"),
    "ruff, warm": (OTHER, "--"),
}
STYLE: Any = {
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "speed",  # the same figures give the same bytes
}


def tools(axes: Axes, part: dict[str, Any]) -> None:
    """CPU of each tool in multiples of paramlint's, by rounds."""
    own = [cpu for cpu, _ in part["series"]["paramlint, cold"]]
    times = {
        name: statistics.median(cpu / unit for (cpu, _), unit in zip(costs, own, strict=False))
        for name, costs in part["series"].items()
    }
    for row, name in enumerate(sorted(times, key=lambda name: times[name])):
        colour = OWN if "paramlint, " in name and "flake8" not in name else OTHER
        axes.plot(times[name], row, "o", color=colour)
        label = f"{name}  {times[name]:.2g}" if times[name] < 10 else f"{name}  {times[name]:.0f}"
        axes.annotate(label, (times[name], row), (8, 0), textcoords="offset points", va="center", color=colour)
    axes.set_xscale("log")
    axes.set_xlim(min(times.values()) / 2, max(times.values()) * 30)  # room for the labels
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("CPU, that of paramlint cold = 1")
    axes.set_title(f"{part['sizes']['lines']:,} lines", loc="left")
    axes.xaxis.set_major_formatter(PLAIN)


def growth(axes: Axes, part: dict[str, Any]) -> None:
    """Seconds against files, both logarithmic, with a line that grows as the files do."""
    sizes = sorted(map(int, part["sizes"]))
    for name, (colour, dashes) in LINES.items():
        costs = [statistics.median(cpu for cpu, _ in part["series"][f"{name}, {size}"]) for size in sizes]
        axes.plot(sizes, costs, dashes, color=colour, marker="o", markersize=4)
        axes.annotate(name, (sizes[-1], costs[-1]), (8, 0), textcoords="offset points", va="center", color=colour)
    above = 3 * statistics.median(cpu for cpu, _ in part["series"][f"paramlint, cold, {sizes[0]}"])
    slope = [above * size / sizes[0] for size in sizes]
    axes.plot(sizes, slope, ":", color="black", linewidth=1)
    axes.annotate("slope 1", (sizes[-1], slope[-1]), (8, 0), textcoords="offset points", va="center")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.yaxis.set_major_formatter(PLAIN)
    axes.set_xlabel(f"files, copies of {part['package']}")
    axes.set_ylabel("CPU seconds")
    axes.set_title("Growth", loc="left")


def main() -> None:
    measured = json.loads(Path(sys.argv[1]).read_text())
    drawn = [(draw, measured[name]) for name, draw in {"small": tools, "growth": growth}.items() if name in measured]
    with mpl.rc_context(STYLE):
        figure, columns = pyplot.subplots(1, max(len(drawn), 1), figsize=(10, 3.6), squeeze=False, layout="constrained")
        for axes, (draw, part) in zip(columns[0], drawn, strict=False):
            draw(axes, part)
        figure.savefig(sys.argv[2], metadata={"Date": None} if sys.argv[2].endswith(".svg") else None)


if __name__ == "__main__":
    main()
