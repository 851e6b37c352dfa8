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
from speed.measure import ENVIRONMENT, Subject, interleaved, run
from speed.tools import ROOT, TOOLS, install, python_of, versions

PAGE, PLOT = ROOT / "docs" / "speed.md", ROOT / "docs" / "speed.svg"
PARTS = Path(__file__).parent / "speed"
#: How many lines the small set has, on which the slow tools are run too.
SMALL = 24_000
SHAPES = ("8B", "70B", "405B", "1T")

Part = Callable[[argparse.Namespace, Path], dict[str, Any]]


def small(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Every tool on the small set, in turn; those with a cache twice, cold and then warm."""
    files = list(sets.first_lines(sets.python_files(options.small), options.lines))
    sets.copy(files, scratch / "files")

    def on(tool: str, cache: str = "", *, cold: bool = False) -> Subject:
        where = scratch / cache if cache else None
        return TOOLS[tool].on([str(scratch / "files")], options.tools, where, cold=cold)

    slow = {name: on(name) for name in ("TorchFix", "Fixit, one rule")}
    quick = {
        "ruff, cold": on("ruff", "ruff", cold=True),
        "flake8 with bugbear": on("flake8 with bugbear"),
        "paramlint, cold": on("paramlint", "paramlint", cold=True),
        "flake8": on("flake8"),
        "flake8 with paramlint, cold": on("flake8 with paramlint", "plugin", cold=True),
        "flake8 with paramlint, warm": on("flake8 with paramlint", "plugin"),
        "paramlint, warm": on("paramlint", "paramlint"),
        "ruff, warm": on("ruff", "ruff"),
    }
    interleaved(quick, 1)  # compiles what is imported, and fills caches
    half = (options.rounds + 1) // 2  # as often as the slow ones are run
    series = interleaved(slow | quick, half)
    more = interleaved(quick, options.rounds - half)
    return {"sizes": sets.sizes_of(files), "series": {name: series[name] + more.get(name, []) for name in series}}


def corpus(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """paramlint and ruff on everything, and how much of it LibCST parses."""
    return {
        "sizes": sets.sizes_of(sets.python_files(options.corpus)),
        "parsed": child("parsed.py", *map(str, options.corpus)),
        "series": interleaved(cold_and_warm(options, options.corpus, scratch), options.large_rounds),
    }


def growth(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """paramlint and ruff on copies of one package, all sizes in turn."""
    subjects: dict[str, Subject] = {}
    sizes: dict[str, dict[str, int]] = {}
    for size in sorted(options.sizes):
        folder = scratch / str(size)
        sets.replicate(options.replicate, size, folder / "files")
        sizes[str(size)] = sets.sizes_of(sets.python_files([folder / "files"]))
        named = cold_and_warm(options, [folder / "files"], folder)
        subjects |= {f"{name}, {size}": subject for name, subject in named.items()}
    series = interleaved(subjects, options.large_rounds)
    return {"package": options.replicate.name, "sizes": sizes, "series": series}


def edited(options: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """A package that is known, and again after one of its files has changed, beside that file alone."""
    folder = scratch / "files"
    sets.copy(sets.python_files([options.edited]), folder)
    file = folder / options.edited.resolve().relative_to("/") / options.edit
    subjects = cold_and_warm(options, [folder], scratch)
    series = interleaved({"paramlint, cold": subjects["paramlint, cold"]}, 1)
    series |= interleaved({name: subjects[name] for name in ("ruff, cold", "paramlint, warm")}, options.rounds)
    alone = TOOLS["paramlint"].on([str(file)], options.tools, scratch / "alone", cold=True)
    series |= {"edited": [], "alone": []}
    for number in range(options.rounds):
        sets.edit(file, number)
        for name, subject in {"edited": subjects["paramlint, warm"], "alone": alone}.items():
            series[name].append(run(subject))
    sizes = sets.sizes_of(sets.python_files([folder]))
    return {"package": options.edited.name, "file": options.edit, "sizes": sizes, "series": series}


def cold_and_warm(options: argparse.Namespace, paths: Sequence[Path], scratch: Path) -> dict[str, Subject]:
    """paramlint and ruff, each with the cache that its cold run has written just before."""
    return {
        f"{name}, {state}": TOOLS[name].on(
            list(map(str, paths)), options.tools, scratch / f"{name} cache", cold=state == "cold"
        )
        for state in ("cold", "warm")
        for name in ("paramlint", "ruff")
    }


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


ALL: dict[str, Part] = {"small": small, "edited": edited, "corpus": corpus, "growth": growth, "builds": builds}


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
    parser.add_argument("corpus", nargs="*", type=Path, help="packages: the whole corpus, for that part")
    parser.add_argument(
        "--small", nargs="+", type=Path, required=True, help="files and folders whose first lines are the small set"
    )
    parser.add_argument("--lines", type=int, default=SMALL, help="so many, the last file whole")
    parser.add_argument("--edited", type=Path, help="a package that is checked again after one file has changed")
    parser.add_argument("--edit", metavar="FILE", help="that file, within the package")
    parser.add_argument("--replicate", type=Path, required=True, help="a package of small files, to be copied")
    parser.add_argument("--sizes", nargs="+", type=int, default=[1000, 10_000, 100_000], help="so many files each")
    parser.add_argument("--zoo", type=Path, help="output of benchmarks/verify_zoo.py")
    parser.add_argument("--rounds", type=int, default=5, help="on the small set; half of them for the slow tools")
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
