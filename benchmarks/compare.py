#!/usr/bin/env python3
"""What paramlint costs, beside other tools on the same files: writes docs/speed.md and docs/speed.svg.

    benchmarks/compare.py FOLDER ... --small PATH ... --replicate FOLDER

Needs the extra `dev`; the tools are installed into environments of their own under `--tools`. All tools run serially
and in turn. What was measured is kept there too: `--only` measures some parts again, and none if it names none.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from speed import page, sets
from speed.measure import ENVIRONMENT, Cost, Subject, interleaved, run
from speed.tools import ROOT, TOOLS, install, python_of, versions

PAGE, PLOT = ROOT / "docs" / "speed.md", ROOT / "docs" / "speed.svg"
PARTS = Path(__file__).parent / "speed"
#: How many lines the small set has, on which the slow tools are run too.
SMALL = 24_000
#: For these, half of the rounds have to do.
SLOW = ("TorchFix", "Fixit, one rule")
SHAPES = ("8B", "70B", "405B", "1T")

Part = Callable[[argparse.Namespace, Path], dict[str, Any]]


def small(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Every tool on the small set: each in turn with paramlint, and the plugin in turn with flake8 alone."""
    files = list(sets.first_lines(sets.python_files(options.small), SMALL))
    sets.copy(files, scratch / "files")
    where = [str(scratch / "files")]

    def on(tool: str, cache: str = "", *, cold: bool = False) -> Subject:
        return TOOLS[tool].on(where, options.tools, scratch / cache if cache else None, cold=cold)

    def pairs(first: Subject, second: Subject, rounds: int) -> list[list[Cost]]:
        interleaved([first, second], 1)  # fills caches and what the system keeps of files
        return interleaved([first, second], rounds)

    cold, warm, alone = on("paramlint", "cold", cold=True), on("paramlint", "warm"), on("flake8")
    measured = {
        "ruff": pairs(on("ruff", "ruff", cold=True), cold, options.rounds),
        "ruff, warm": pairs(on("ruff", "ruff warm"), warm, options.rounds),
        "flake8": pairs(alone, cold, options.rounds),
        "flake8 with bugbear": pairs(on("flake8 with bugbear"), cold, options.rounds),
        "flake8 with paramlint": pairs(on("flake8 with paramlint"), alone, 2 * options.rounds),
        "flake8 with paramlint, warm": pairs(on("flake8 with paramlint", "plugin"), alone, 2 * options.rounds),
    }
    measured |= {tool: interleaved([on(tool), cold], (options.rounds + 1) // 2) for tool in SLOW}
    return {"sizes": sets.sizes_of(files), "pairs": measured}


def corpus(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """paramlint and ruff on everything, cold and warm, and how much of it LibCST parses."""
    where = list(map(str, options.corpus))
    tools = [(TOOLS[name], scratch / name) for name in ("paramlint", "ruff")]
    cold = [tool.on(where, options.tools, cache, cold=True) for tool, cache in tools]
    warm = [tool.on(where, options.tools, cache) for tool, cache in tools]
    return {
        "sizes": sets.sizes_of(sets.python_files(options.corpus)),
        "parsed": child("parsed.py", *where),
        "cold": interleaved(cold, options.large_rounds),
        "warm": interleaved(warm, options.rounds),
    }


def growth(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """paramlint and ruff on copies of one package, cold and warm, all sizes in turn."""
    subjects: dict[tuple[str, str], Subject] = {}
    sizes: dict[str, dict[str, int]] = {}
    for size in map(str, sorted(options.sizes)):
        folder = scratch / size
        sets.replicate(options.replicate, int(size), folder)
        sizes[size] = sets.sizes_of(sets.python_files([folder]))
        for name in ("paramlint", "ruff"):
            where, cache = [str(folder)], scratch / f"{name} {size}"
            subjects[f"{name}, cold", size] = TOOLS[name].on(where, options.tools, cache, cold=True)
            subjects[f"{name}, warm", size] = TOOLS[name].on(where, options.tools, cache)
    series: dict[str, dict[str, list[Cost]]] = {name: {} for name, _ in subjects}
    for (name, size), costs in zip(
        subjects, zip(*interleaved(list(subjects.values()), options.large_rounds), strict=True), strict=True
    ):
        series[name][size] = list(costs)
    return {"package": options.replicate.name, "sizes": sizes, "series": series}


def builds(options: argparse.Namespace, _: Path) -> dict[str, Any]:
    """Real builds with and without the tracker, virtual builds, and what a sweep of timm took."""
    measured: dict[str, Any] = {
        "traced": child("builds.py", "traced", str(3 * options.rounds)),
        "virtual": {shape: child("builds.py", "virtual", shape) for shape in SHAPES},
    }
    if options.zoo is not None:
        swept = [json.loads(line) for line in options.zoo.read_text().splitlines()]
        measured["zoo"] = [line.get("seconds") for line in swept]
    return measured


ALL: dict[str, Part] = {"small": small, "corpus": corpus, "growth": growth, "builds": builds}


def child(script: str, *arguments: str) -> Any:
    """What one of the scripts that need torch or much memory says about this checkout, in a process of its own."""
    paths = os.pathsep.join(str(ROOT / folder) for folder in ("linter", "rules"))
    command = [sys.executable, str(PARTS / script), *arguments]
    done = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT | {"PYTHONPATH": paths}
    )
    return json.loads(done.stdout)


def revision() -> str:
    """The commit that is measured, and whether the sources differ from it."""

    def git(*given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["git", "-C", str(ROOT), *given], capture_output=True, text=True)

    changed = git("diff", "--quiet", "HEAD", "--", "linter", "rules").returncode
    return git("rev-parse", "--short", "HEAD").stdout.strip() + (" with changes" if changed else "")


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("corpus", nargs="+", type=Path, help="packages: the whole corpus")
    parser.add_argument(
        "--small", nargs="+", type=Path, required=True, help=f"its first {SMALL:,} lines: the small set"
    )
    parser.add_argument("--replicate", type=Path, required=True, help="a package of small files, to be copied")
    parser.add_argument("--sizes", nargs="+", type=int, default=[1000, 10_000, 100_000], help="so many files each")
    parser.add_argument("--zoo", type=Path, help="output of benchmarks/verify_zoo.py")
    parser.add_argument("--rounds", type=int, default=5, help="on the small set and with a cache")
    parser.add_argument("--large-rounds", type=int, default=3, help="on the corpus and on copies")
    parser.add_argument("--only", nargs="*", choices=ALL, default=list(ALL), help="measure these parts again")
    parser.add_argument("--tools", type=Path, default=Path.home() / ".cache" / "paramlint-speed", metavar="FOLDER")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    options = arguments(given)
    options.tools.mkdir(parents=True, exist_ok=True)
    install(options.tools)
    kept = options.tools / "measured.json"
    command = shlex.join(["benchmarks/compare.py", *(sys.argv[1:] if given is None else given)])
    measured: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    for name in options.only:
        print(f"measuring: {name}", file=sys.stderr)
        before = revision()
        with tempfile.TemporaryDirectory() as scratch:
            part = ALL[name](options, Path(scratch))
        when = time.strftime("%Y-%m-%d", time.gmtime())
        measured[name] = part | {"date": when, "revision": before, "command": command}
        measured["versions"] = {"Python": platform.python_version()} | versions(options.tools)
        kept.write_text(json.dumps(measured))
    written = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    PAGE.write_text(page.page(measured, page.by_hand(written)), encoding="utf-8")
    run(Subject([python_of(options.tools, "plot"), str(PARTS / "plot.py"), str(kept), str(PLOT)]))
    print(f"wrote {PAGE} and {PLOT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
