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
#: By name, what each round took: user and system seconds, and bytes.
Series = dict[str, Sequence[tuple[float, int]]]


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
    sections = {"small": small, "edited": edited, "corpus": corpus, "growth": growth, "builds": builds}
    parts = [name for name in sections if name in measured]
    chapters = "\n\n".join(sections[name](measured[name]) for name in parts)
    versions = ", ".join(f"{name} {version}" for name, version in measured["versions"].items())
    goals = table(["what", "target", "measured", ""], [target.row for target in targets(measured)])
    return f"""# Speed

Every tool runs in one process, without configuration, in an environment of its own, on the same files: ruff with
`--select B`, Fixit with one rule, paramlint with all rules that are on by default, the others as they come. Figures are
CPU seconds (user and system, all processes of a run) and the peak memory of its largest process (1 MB is 1,000,000
bytes). Cold is with an empty cache that is written, warm with one that knows all files. The machine is busy, so what
counts are ratios: in each round all tools run in turn, and what one took is divided by what another took in the same
round. Given is the median of the rounds, in parentheses the least and the greatest.

```console
{commands(measured, parts)}
```

{versions}.

## Targets

{goals}

![CPU by tool, and by the number of files](speed.svg)

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
        series, lines = measured["small"]["series"], f"{measured['small']['sizes']['lines']:,} lines"
        own = "paramlint, cold"
        yield Target(f"TorchFix : paramlint, {lines}", "at least", 90, cpu_ratio(series, "TorchFix", own))
        yield Target(f"Fixit, one rule : paramlint, {lines}", "at least", 20, cpu_ratio(series, "Fixit, one rule", own))
        yield Target(f"flake8 : paramlint, {lines}", "at least", 6, cpu_ratio(series, "flake8", own))
        yield Target(f"paramlint : ruff, {lines}, cold", "at most", 16, cpu_ratio(series, own, "ruff, cold"))
        for state in ("cold", "warm"):
            plugin = cpu_ratio(series, f"flake8 with paramlint, {state}", "flake8")
            yield Target(f"flake8 with paramlint : flake8, {lines}, {state}", "at most", 1.1, plugin)
    if "edited" in measured:
        series, package = measured["edited"]["series"], measured["edited"]["package"]
        known = cpu_ratio(series, "paramlint, warm", "ruff, cold")
        yield Target(f"paramlint, warm : ruff, cold, {package}", "less than", 1, known)
        changed = cpu_ratio(series, "edited", "alone")
        yield Target(f"{package} after one edit : the file alone", "less than", 3, changed)
    if "corpus" in measured:
        series, parsed = measured["corpus"]["series"], measured["corpus"]["parsed"]
        peak = spread_of([peak / 1e6 for _, peak in series["paramlint, cold"]])
        share = spread_of([100 * parsed["parsed"] / parsed["bytes"]])
        yield Target(
            "paramlint : ruff, corpus, warm", "less than", 1, cpu_ratio(series, "paramlint, warm", "ruff, warm")
        )
        yield Target("peak memory, corpus, cold", "at most", 220, peak, " MB")
        yield Target("text that LibCST parses, corpus", "less than", 5, share, " %")
    if "growth" in measured and len(measured["growth"]["sizes"]) > 1:
        for state in ("cold", "warm"):
            worst = max(steps(measured["growth"]["series"], f"paramlint, {state}", measured["growth"]["sizes"]))
            yield Target(f"a file of a set : a file of the next smaller set, {state}", "at most", 1.2, worst)


def small(part: dict[str, Any]) -> str:
    """The section of the small set."""
    series = part["series"]
    rows = [
        [
            name,
            cpu(series, name),
            spread(cpu_ratio(series, name, "paramlint, cold")),
            peak(series, name),
            str(len(costs)),
        ]
        for name, costs in sorted(series.items(), key=lambda named: -statistics.median(cpu for cpu, _ in named[1]))
    ]
    return f"""## {described(part["sizes"])}

The slow tools run on these files only.

{table(["tool", "CPU", "of paramlint's, cold", "peak memory", "rounds"], rows)}"""


def edited(part: dict[str, Any]) -> str:
    """The section of a package of which one file changes."""
    series = part["series"]
    named = {
        "paramlint, cold": "paramlint, cold",
        "ruff, cold": "ruff, cold",
        "paramlint, warm": "paramlint, nothing changed",
        "edited": f"paramlint, after `{part['file']}` changed",
        "alone": "paramlint, that file alone, cold",
    }
    rows = [[shown, cpu(series, name), peak(series, name), str(len(series[name]))] for name, shown in named.items()]
    return f"""## {part["package"]}, {described(part["sizes"])}, and one edit

{table(["what", "CPU", "peak memory", "rounds"], rows)}"""


def corpus(part: dict[str, Any]) -> str:
    """The section of the corpus."""
    series, parsed = part["series"], part["parsed"]
    rows = [[state, *beside_ruff(series, state), str(len(series[f"ruff, {state}"]))] for state in ("cold", "warm")]
    head = ["", "paramlint", "ruff", "paramlint : ruff", "paramlint's peak memory", "ruff's", "rounds"]
    return f"""## The corpus: {described(part["sizes"])}

LibCST parses {parsed["parsed"] / 1e6:.2f} of {parsed["bytes"] / 1e6:.1f} million bytes.

{table(head, rows)}"""


def growth(part: dict[str, Any]) -> str:
    """The section of the growth."""
    rows = [
        [f"{sizes['files']:,}", f"{sizes['lines']:,}", state, *beside_ruff(part["series"], state, f", {size}")]
        for state in ("cold", "warm")
        for size, sizes in part["sizes"].items()
    ]
    head = ["files", "lines", "", "paramlint", "ruff", "paramlint : ruff", "paramlint's peak memory", "ruff's"]
    return f"""## Growth

Copies of {part["package"]}, each in a folder of its own and made unlike the others by a comment.

{table(head, rows)}"""


def beside_ruff(series: Series, state: str, size: str = "") -> list[str]:
    """CPU of paramlint and ruff, their ratio, and their peaks."""
    names = [f"{tool}, {state}{size}" for tool in ("paramlint", "ruff")]
    cells = [cpu(series, name) for name in names]
    return [*cells, spread(cpu_ratio(series, *names)), *(peak(series, name) for name in names)]


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
    if not part.get("zoo"):
        return text
    taken = [seconds for seconds in part["zoo"] if seconds is not None]
    return f"""{text}

`benchmarks/verify_zoo.py` built and proved {len(taken):,} of the {len(part["zoo"]):,} models of timm it was asked for
in {sum(taken):,.0f} s of CPU: {statistics.median(taken):.2f} s in the median, {max(taken):.1f} s for the slowest."""


def steps(series: Series, name: str, sizes: Iterable[str]) -> list[Ratio]:
    """From each size to the next: what a file of the larger set costs, by what one of the smaller set did."""
    found = []
    for smaller, larger in itertools.pairwise(sorted(sizes, key=int)):
        few, many = series[f"{name}, {smaller}"], series[f"{name}, {larger}"]
        found.append(ratio([(b[0] / int(larger), a[0] / int(smaller)) for a, b in zip(few, many, strict=True)]))
    return found


def cpu_ratio(series: Series, first: str, second: str) -> Ratio:
    """CPU divided by CPU of the same round, as far as both were run."""
    return ratio([(a[0], b[0]) for a, b in zip(series[first], series[second], strict=False)])


def cpu(series: Series, name: str) -> str:
    """The median."""
    return f"{number(statistics.median(cpu for cpu, _ in series[name]))} s"


def peak(series: Series, name: str) -> str:
    """The greatest."""
    return f"{max(peak for _, peak in series[name]) / 1e6:.0f} MB"


def spread_of(values: Sequence[float]) -> Ratio:
    """Values as they are, in the form of ratios."""
    return ratio([(value, 1) for value in values])


def spread(figure: Ratio, unit: str = "") -> str:
    """The median, and if there are several values the least and the greatest."""
    if figure.least == figure.most:
        return f"{number(figure.median)}{unit}"
    return f"{number(figure.median)}{unit} ({number(figure.least)} to {number(figure.most)})"


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
