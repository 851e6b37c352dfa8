"""Arbitrary valid Python: `python -m tests.heavy.grammar --count 2000`. The fast path and the reference must agree."""

from __future__ import annotations

import argparse
import sys

import hypothesmith
from hypothesis import HealthCheck, Phase, given, settings

from paramlint.check import with_large_stack
from paramlint.nominate import Nominator
from paramlint.suite import RULES

from .reference import differences


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000)
    count = parser.parse_args().count
    nominator, wrong = Nominator(RULES), list[str]()

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(hypothesmith.from_node())
    def agree(text: str) -> None:
        said, _ = differences(f"import torch\n{text}".encode("utf-8", "surrogatepass"), nominator)
        if said:
            wrong.append(text)
            print(repr(text), *said, sep="\n  ")

    with_large_stack(agree)
    print(f"{count} files; {len(wrong)} differ")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
