"""Which findings stay where a file is said in other words, and which good files are accused then.

    benchmarks/rephrase.py [FOLDER]... [--way NAME]... [--rule CODE]... [--share PART] [--seed NUMBER] [--verbose]

Each `bad` and `good` file below the folders (the fixtures by default; a benchmark's `*.bad.py` and `*.good.py` count
too) is said in each way of `tests/rephrase` and checked again. A finding is kept if one of its code stands in the same
definition, or in one that the way made. Prints a table of ways, one of rules, and with `--verbose` what was lost and
what is new. `--share .25` takes a quarter of the pairs of a file and a way, drawn with `--seed`.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from random import Random

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.rephrase import WAYS
from tests.rephrase.kept import findings, outcome

from paramlint.engine.catalogue import RULES, select
from paramlint.engine.nominate import Nominator
from paramlint.syntax.large_stack import with_large_stack


def files_of(folders: list[Path]) -> list[Path]:
    """The bad and good files below some folders."""
    found = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    return [
        path
        for path in found
        if {"bad", "good"} & {*path.name.split("."), *path.parts[-3:-1]} and "fixed" not in path.name
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--way", action="append", choices=WAYS, help="only this way")
    parser.add_argument("--rule", action="append", default=[], help="only rules of this prefix, and their fixtures")
    parser.add_argument("--share", type=float, default=1.0, help="the part of the pairs of a file and a way to take")
    parser.add_argument("--seed", type=int, default=0, help="with which they are drawn")
    parser.add_argument("--verbose", action="store_true")
    given = parser.parse_args()
    rules = select(given.rule) if given.rule else RULES
    paths = files_of(given.folders or [ROOT / "fixtures"])
    if given.rule:
        names = {rule.name.replace("-", "_") for rule in rules}
        paths = [path for path in paths if given.folders or names & set(path.parts)]
    kept, lost, new, accused = Counter(), Counter(), Counter(), Counter()
    by_rule: dict[str, Counter[str]] = {}
    nominator = Nominator(rules)
    drawn = Random(given.seed)
    for path in paths:
        before = findings([path], nominator)
        good = "good" in {*path.name.split("."), *path.parts[-3:-1]}
        for way in given.way or WAYS:
            if drawn.random() >= given.share:
                continue
            came = outcome(path, way, rules, before)
            if came is None:
                continue
            kept[way] += came.kept.total()
            lost[way] += len(came.lost)
            new[way] += len(came.new)
            accused[way] += bool(came.new) and good
            for code, number in came.kept.items():
                by_rule.setdefault(code, Counter())["kept"] += number
            for code, where in came.lost:
                by_rule.setdefault(code, Counter())["lost"] += 1
                if given.verbose:
                    print(f"lost {way} {code} {where} {path}", flush=True)
            for code, message in came.new:
                by_rule.setdefault(code, Counter())["accused" if good else "new"] += 1
                if given.verbose:
                    print(f"{'accused' if good else 'new'} {way} {code} {message} {path}", flush=True)
    print(f"{'way':28}{'kept':>6}{'lost':>6}{'new':>6}{'good accused':>14}")
    for way in given.way or WAYS:
        print(f"{way:28}{kept[way]:6}{lost[way]:6}{new[way]:6}{accused[way]:14}")
    print(f"\n{'rule':28}{'kept':>6}{'lost':>6}{'new':>6}{'good accused':>14}")
    for code, row in sorted(by_rule.items()):
        print(f"{code:28}{row['kept']:6}{row['lost']:6}{row['new']:6}{row['accused']:14}")
    share = kept.total() / max(kept.total() + lost.total(), 1)
    print(f"\nkept {share:.1%} of {kept.total() + lost.total()}; good files accused {accused.total()}")
    return 0


if __name__ == "__main__":
    raise SystemExit(with_large_stack(main))
