"""docs/speed.md, from what was measured. Its last section is written by hand and kept."""

from __future__ import annotations

import itertools
import operator
import statistics
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from speed.measure import Ratio, ratio

#: What lies between is written by hand.
BEGIN, END = "<!-- written by hand: what the profile says -->", "<!-- end -->"
BOUNDS: dict[str, Callable[[float, float], bool]] = {
    "at least": operator.ge,
    "at most": operator.le,
    "less than": operator.lt,
}
#: User and system seconds, bytes.
Costs = Sequence[tuple[float, int]]


class Target(NamedTuple):
    """A figure, and what it should be."""

    what: str
    bound: str
    limit: float
    measured: Ratio
    unit: str = ""

    @property
    def is_reached(self) -> bool:
        """Whether the median keeps the bound."""
        return BOUNDS[self.bound](self.measured.median, self.limit)

    @property
    def row(self) -> list[str]:
        """The cells of the table."""
        verdict = "reached" if self.is_reached else "**not reached**"
        return [self.what, f"{self.bound} {self.limit:g}{self.unit}", spread(self.measured, self.unit), verdict]


def page(measured: dict[str, Any], by_hand: str) -> str:
    """The whole page.

    Args:
        measured: by part, as benchmarks/compare.py keeps it; a part that is missing is left out.
        by_hand: the text between the markers.
    """
    sections = {"small": small, "corpus": corpus, "growth": growth, "builds": builds}
    parts = [name for name in sections if name in measured]
    chapters = "\n\n".join(sections[name](measured[name]) for name in parts)
    versions = ", ".join(f"{name} {version}" for name, version in measured["versions"].items())
    goals = table(["what", "target", "measured", ""], [target.row for target in targets(measured)])
    return f"""# Speed

Written by the commands below, from a folder with the packages of [precision.md](precision.md). Every tool runs in one
process, without configuration, in an environment of its own, on the same files: ruff with `--select B`, Fixit with one
rule, paramlint with all rules that are on by default, the others as they come. Figures are CPU seconds (user and
system, all processes of a run) and the peak memory of its largest process (1 MB is 1,000,000 bytes). Cold is with an
empty cache that is written, warm with one that knows all files.

Seconds are those of a busy machine with two cores. What is claimed are ratios: the tools run in turn, each run is
divided by its neighbour, and the table gives the median of these ratios, and in parentheses the least and the greatest.

```console
{commands(measured, parts)}
```

{versions}.

## Targets

{goals}

{BEGIN}
{by_hand.strip()}
{END}

{chapters}
"""


def by_hand(page: str) -> str:
    """What is written by hand in a page, nothing if it has no such section."""
    _, found, rest = page.partition(BEGIN)
    kept, ended, _ = rest.partition(END)
    return kept if found and ended else ""


def commands(measured: dict[str, Any], parts: Sequence[str]) -> str:
    """The commands that measured, each with its parts, the day and the commit."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for name in parts:
        part = measured[name]
        grouped.setdefault((part["command"], part["date"], part["revision"]), []).append(name)
    return "\n".join(
        f"# {', '.join(names)}: {date}, commit {revision}\n$ {command}"
        for (command, date, revision), names in grouped.items()
    )


def targets(measured: dict[str, Any]) -> Iterator[Target]:
    """All that is to be reached and was measured."""
    if "small" in measured:
        here = f"{measured['small']['sizes']['lines']:,} lines"
        pairs = {name: cpu_ratio(costs) for name, costs in measured["small"]["pairs"].items()}
        yield Target(f"TorchFix : paramlint, {here}", "at least", 50, pairs["TorchFix"])
        yield Target(f"Fixit with one rule : paramlint, {here}", "at least", 20, pairs["Fixit, one rule"])
        yield Target(f"flake8 : paramlint, {here}", "at least", 5, pairs["flake8"])
        yield Target(f"flake8 with paramlint : flake8, {here}", "at most", 1.1, pairs["flake8 with paramlint"])
    if "corpus" in measured:
        part = measured["corpus"]
        peaks = [costs[0][1] / 1e6 for costs in part["cold"]]
        share = 100 * part["parsed"]["parsed"] / part["parsed"]["bytes"]
        yield Target("paramlint : ruff, corpus, cold", "at most", 3, cpu_ratio(part["cold"]))
        yield Target("paramlint : ruff, corpus, warm", "less than", 1, cpu_ratio(part["warm"]))
        yield Target("peak memory, corpus, cold", "less than", 250, spread_of(peaks), " MB")
        yield Target("text that LibCST parses, corpus", "less than", 5, spread_of([share]), " %")
    if "growth" in measured and len(measured["growth"]["sizes"]) > 1:
        for state in ("cold", "warm"):
            worst = max(steps(measured["growth"]["series"][f"paramlint, {state}"]))
            yield Target(f"a file of a set : a file of the next smaller set, {state}", "at most", 1.2, worst)


def small(part: dict[str, Any]) -> str:
    """The section of the small set."""
    rows = []
    for name, costs in part["pairs"].items():
        other = "flake8" if "with paramlint" in name else "paramlint, warm" if "warm" in name else "paramlint"
        cells = [f"{seconds(column(costs, 0))} s", f"{seconds(column(costs, 1))} s"]
        peak = max(cost[0][1] for cost in costs) / 1e6
        rows.append([name, other, *cells, spread(cpu_ratio(costs)), f"{peak:.0f} MB", str(len(costs))])
    own = max(cost[1][1] for cost in part["pairs"]["flake8"]) / 1e6
    head = ["tool", "in turn with", "its CPU", "CPU of the other", "ratio", "its peak memory", "pairs"]
    return f"""## {described(part["sizes"])}

The slow tools run on these files only. paramlint takes {own:.0f} MB here.

{table(head, rows)}"""


def corpus(part: dict[str, Any]) -> str:
    """The section of the corpus."""
    rows = []
    for state in ("cold", "warm"):
        costs = part[state]
        cells = [f"{seconds(column(costs, index))} s" for index in (0, 1)]
        peaks = [f"{max(cost[index][1] for cost in costs) / 1e6:.0f} MB" for index in (0, 1)]
        rows.append([state, *cells, spread(cpu_ratio(costs)), *peaks, str(len(costs))])
    parsed = part["parsed"]
    head = ["", "paramlint", "ruff", "ratio", "paramlint's peak", "ruff's peak", "pairs"]
    return f"""## The corpus: {described(part["sizes"])}

LibCST parses {parsed["parsed"] / 1e6:.2f} of {parsed["bytes"] / 1e6:.1f} million bytes.

{table(head, rows)}"""


def growth(part: dict[str, Any]) -> str:
    """The section of the growth."""
    rows = []
    for size, sizes in part["sizes"].items():
        own = {state: part["series"][f"paramlint, {state}"][size] for state in ("cold", "warm")}
        ruff = {state: part["series"][f"ruff, {state}"][size] for state in ("cold", "warm")}
        row = [f"{sizes['files']:,}", f"{sizes['lines'] / 1e6:.2f} million"]
        for state in ("cold", "warm"):
            row += [f"{seconds([cpu for cpu, _ in own[state]])} s"]
            row += [spread(ratio([(a[0], b[0]) for a, b in zip(own[state], ruff[state], strict=True)]))]
        row += [f"{max(peak for _, peak in own['cold']) / 1e6:.0f} MB", str(len(own["cold"]))]
        rows.append(row)
    head = ["files", "lines", "cold", "of ruff's", "warm", "of ruff's", "peak memory, cold", "rounds"]
    return f"""## Growth

![CPU seconds by number of files](speed.svg)

Copies of {part["package"]}, each in a folder of its own and made unlike the others by a comment.

{table(head, rows)}"""


def builds(part: dict[str, Any]) -> str:
    """The section of `verify`."""
    traced = part["traced"]
    rows = []
    for name, what in {"tracker": "the tracker", "trace": "`paramlint.trace()`, which fills new memory too"}.items():
        times = ratio([(costs[name], costs["plain"]) for costs in traced["rounds"]])
        rows.append([what, spread(times), str(len(traced["rounds"]))])
    virtual = [
        [shape, f"{run['parameters']:,}", f"{run['tensors']:,}", f"{run['cpu']:.2f} s", f"{run['memory'] / 1e6:.0f} MB"]
        for shape, run in part["virtual"].items()
    ]
    text = f"""## verify

A real build of a transformer of 6 layers and {traced["parameters"] / 1e6:.0f} million parameters, watched, in turn with
the same build unwatched:

{table(["watched by", "CPU : CPU unwatched", "pairs"], rows)}

Virtual builds, each in a process of its own; memory is the rise of the peak over that of a process that has built a
small model:

{table(["shape", "parameters", "tensors", "CPU", "memory"], virtual)}"""
    if "zoo" not in part:
        return text
    taken = [seconds for seconds in part["zoo"] if seconds is not None]
    return f"""{text}

`benchmarks/verify_zoo.py` built and proved {len(taken):,} of {len(part["zoo"]):,} models of timm in
{sum(taken):,.0f} s of CPU: {statistics.median(taken):.2f} s in the median, {max(taken):.1f} s for the slowest."""


def steps(series: dict[str, Costs]) -> list[Ratio]:
    """From each size to the next: what a file of the larger set costs, by what one of the smaller set did."""
    ordered = sorted((int(size), costs) for size, costs in series.items())
    return [
        ratio([(b[0] / larger, a[0] / smaller) for a, b in zip(few, many, strict=True)])
        for (smaller, few), (larger, many) in itertools.pairwise(ordered)
    ]


def cpu_ratio(pairs: Sequence[Costs]) -> Ratio:
    """The CPU of the first of each pair divided by that of the second."""
    return ratio([(first[0], second[0]) for first, second in pairs])


def column(pairs: Sequence[Costs], index: int) -> list[float]:
    """The CPU of one side of pairs."""
    return [costs[index][0] for costs in pairs]


def spread_of(values: Sequence[float]) -> Ratio:
    """Values as they are, in the form of ratios."""
    return ratio([(value, 1) for value in values])


def spread(figure: Ratio, unit: str = "") -> str:
    """The median, and if there are several values the least and the greatest."""
    if figure.least == figure.most:
        return f"{number(figure.median)}{unit}"
    return f"{number(figure.median)}{unit} ({number(figure.least)} to {number(figure.most)})"


def seconds(values: Sequence[float]) -> str:
    """The median."""
    return number(statistics.median(values))


def number(value: float) -> str:
    """Two or three digits that count."""
    return f"{value:.2g}" if value < 1 else f"{value:,.{2 if value < 10 else 1 if value < 100 else 0}f}"


def described(sizes: dict[str, int]) -> str:
    """How large a set is."""
    return f"{sizes['lines']:,} lines in {sizes['files']:,} files"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *map(list, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
