"""From what was proved about a model's parameters to the text of a contract, stable in order and short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from paramlint.live.declared.contract import Entry, lines, toml
from paramlint.live.declared.folding import INDEX, folded
from paramlint.verify.document.schema import Parameter

HEADER = """\
# What the parameters of {target} are, as built by paramlint verify; `--contract` compares with it.
# What is not said here is not so: there are no other parameters, ties or frozen parameters.
complete = true
"""


def contract_text(target: str, parameters: Iterable[Parameter]) -> str:
    """A complete contract, with one entry for what is alike in repeated blocks, in the order of the model."""
    return "\n".join([HEADER.format(target=target), *_entries(parameters)])


def _entries(parameters: Iterable[Parameter]) -> Iterator[str]:
    groups: dict[tuple[str, Entry], list[str]] = {}
    for parameter in parameters:
        groups.setdefault((INDEX.sub("*", parameter.name), entry_of(parameter)), []).append(parameter.name)
    for (_, entry), names in groups.items():
        for pattern in folded(names):
            yield "\n".join([f"[parameters.{toml(pattern)}]", *lines(entry), ""])


def entry_of(parameter: Parameter) -> Entry:
    """All that is known of one parameter; a shape that is not known yet, and a law that no call names, are left out."""
    return Entry(
        shape=None if parameter.status == "lazy" else parameter.shape,
        dtype=parameter.dtype,
        init=parameter.exact_law or parameter.law,
        frozen=None if parameter.requires_grad else True,
        tied=tied_patterns(parameter.name, parameter.tied_with) or None,
    )


def tied_patterns(name: str, others: Iterable[str]) -> tuple[str, ...]:
    """The other names of a parameter as patterns, with `*` for the numbers that are those of its own name."""
    own = INDEX.findall(name)
    return tuple(folded(_relative(other, own) for other in others))


def _relative(other: str, own: list[str]) -> str:
    """Another name with `*` for its first numbers, as long as they are the own ones: that is how `*` is filled in."""
    numbers = INDEX.findall(other)
    shared = next(
        (i for i, (a, b) in enumerate(zip(numbers, own, strict=False)) if a != b), min(len(numbers), len(own))
    )
    return INDEX.sub("*", other, count=shared) if shared else other
