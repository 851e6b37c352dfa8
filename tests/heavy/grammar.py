"""Arbitrary valid Python: `python -m tests.heavy.grammar --count 2000`. The fast path and the reference must agree.

Texts are drawn in small batches of their own seed: what a batch remembers of its texts makes each further one slower.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

import hypothesmith
import libcst as cst
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from paramlint.engine.catalogue import RULES
from paramlint.engine.nominate import Nominator
from paramlint.syntax.large_stack import with_large_stack

from .reference import differences

#: Texts drawn with one seed.
BATCH = 50
#: From Python's grammar, whose texts are mostly layout, and from LibCST's nodes, whose texts are mostly code.
STRATEGIES = (
    hypothesmith.from_grammar(),
    hypothesmith.from_node(cst.ClassDef),
    hypothesmith.from_node(cst.FunctionDef),
)


def texts(count: int) -> Iterator[list[str]]:
    """So many different texts, in batches from either strategy in turn."""
    known: set[str] = set()
    number = 0
    while len(known) < count:
        batch = set(drawn(STRATEGIES[number % len(STRATEGIES)], number)) - known
        known |= batch
        number += 1
        yield sorted(batch)[: count - len(known) + len(batch)]


def drawn(strategy: SearchStrategy[str], number: int) -> list[str]:
    """The texts of a batch."""
    found: list[str] = []

    @seed(number)
    @settings(
        max_examples=BATCH,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def note(text: str) -> None:
        found.append(text)

    note()
    return found


def compare(count: int) -> tuple[int, int]:
    """How many texts were compared, and how many of them differ; each that does is printed."""
    nominator, done, wrong = Nominator(RULES), 0, 0
    for batch in texts(count):
        for text in batch:
            said, _ = differences(f"import torch\n{text}".encode("utf-8", "surrogatepass"), nominator)
            if said:
                wrong += 1
                print(repr(text), *said, sep="\n  ")
        done += len(batch)
        print(f"{done} files; {wrong} differ", flush=True)
    return done, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2_000)
    count = parser.parse_args().count
    _, wrong = with_large_stack(lambda: compare(count))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
