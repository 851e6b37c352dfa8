"""Names that are new and names that are gone, and are one: the same shape at the same place, or in the same use."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.comparing.built_table import Built, Row
from paramlint.symbolic.comparing.formulas_compared import Verdict
from paramlint.symbolic.comparing.names_paired import Pairing

SameShape = Callable[[Sequence[int | str], Sequence[int | str]], Verdict]
Pair = tuple[list[Row], list[Row]]


def take_renamed(old: Built, new: Built, pairing: Pairing, same_shape: SameShape) -> list[Pair]:
    """Take the names that were renamed out of those that only one version has.

    Args:
        old, new: the versions.
        pairing: their names; those of the pairs are taken out.
        same_shape: compares two shapes.

    Returns:
        The rows of the older name, and those of the newer.
    """
    found: list[Pair] = []
    for olds, news in _runs(old, new, pairing):
        found += _at_one_place([pairing.only_old[n] for n in olds], [pairing.only_new[n] for n in news], same_shape)
    found += _in_one_use(old.cls, new.cls, pairing, found, same_shape)
    for rows, others in found:
        del pairing.only_old[rows[0].name]
        del pairing.only_new[others[0].name]
    return found


def _runs(old: Built, new: Built, pairing: Pairing) -> Iterator[tuple[list[str], list[str]]]:
    """Names that are gone and new between the same others."""
    partner = {rows[0].name: others[0].name for rows, others in pairing.both}
    before = [partner.get(name, f"-{name}") for name in dict.fromkeys(row.name for row in old.rows)]
    names = set(partner.values())
    after = [name if name in names else f"+{name}" for name in dict.fromkeys(row.name for row in new.rows)]
    for what, i, j, k, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "replace":
            olds = [name[1:] for name in before[i:j] if name[0] == "-" and name[1:] in pairing.only_old]
            news = [name[1:] for name in after[k:end] if name[0] == "+" and name[1:] in pairing.only_new]
            if olds and news:
                yield olds, news


def _at_one_place(olds: list[list[Row]], news: list[list[Row]], same_shape: SameShape) -> list[Pair]:
    """Pairs of names that are alike, those first whose ends are the same: `attn.fc.bias` is `attention.fc.bias`.

    Where a name could become several and nothing else tells these apart, none is taken.
    """
    alike = {
        (i, k): _common_end(one[0].name, other[0].name)
        for i, one in enumerate(olds)
        for k, other in enumerate(news)
        if _is_alike(one, other, same_shape)
    }
    found: list[tuple[int, int]] = []
    while alike:
        longest = max(alike.values())
        best = [pair for pair, length in alike.items() if length == longest]
        befores, afters = sorted({i for i, _ in best}), sorted({k for _, k in best})
        is_told = len(befores) == len(afters) and len(best) == len(befores) * len(afters)
        single = [(i, k) for i, k in best if sum(i == a or k == b for a, b in best) == 1]
        taken = list(zip(befores, afters, strict=True)) if is_told else single
        if not taken:
            # What is ambiguous here is not told by shorter ends.
            alike = {pair: length for pair, length in alike.items() if pair[0] not in befores and pair[1] not in afters}
            continue
        found += taken
        gone, new = {i for i, _ in taken}, {k for _, k in taken}
        alike = {pair: length for pair, length in alike.items() if pair[0] not in gone and pair[1] not in new}
    return [(olds[i], news[k]) for i, k in sorted(found)]


def _common_end(one: str, other: str) -> int:
    """How many parts at their ends two names have in common."""
    count = 0
    for first, second in zip(reversed(one.split(".")), reversed(other.split(".")), strict=False):
        if first != second:
            break
        count += 1
    return count


def _is_alike(olds: list[Row], news: list[Row], same_shape: SameShape) -> bool:
    if len(olds) != len(news):
        return False
    return all(
        one.is_buffer == other.is_buffer
        and one.is_saved == other.is_saved
        and one.said.condition == other.said.condition
        and one.shape is not None
        and other.shape is not None
        and same_shape(one.shape, other.shape) is Verdict.SAME
        for one, other in zip(olds, news, strict=True)
    )


def _in_one_use(
    old: ClassValue, new: ClassValue, pairing: Pairing, found: Sequence[Pair], same_shape: SameShape
) -> list[Pair]:
    """Attributes that the methods use in the same way under another name, wherever they are made."""
    taken_old = {rows[0].name for rows, _ in found}
    taken_new = {rows[0].name for _, rows in found}
    olds = _by_attribute({name: rows for name, rows in pairing.only_old.items() if name not in taken_old})
    news = _by_attribute({name: rows for name, rows in pairing.only_new.items() if name not in taken_new})
    if not olds or not news:
        return []
    changed = {*olds, *news}
    uses, others = _uses(old, changed), _uses(new, changed)
    pairs: list[Pair] = []
    for attribute, rows in olds.items():
        use = uses.get(attribute)
        alike = [name for name in news if use and others.get(name) == use]
        if len(alike) != 1 or sum(one == use for one in uses.values()) != 1:
            continue
        target = news[alike[0]]
        if rows.keys() == target.keys() and all(_is_alike(rows[rest], target[rest], same_shape) for rest in rows):
            pairs += [(rows[rest], target[rest]) for rest in rows]
    return pairs


def _by_attribute(rows: dict[str, list[Row]]) -> dict[str, dict[str, list[Row]]]:
    found: dict[str, dict[str, list[Row]]] = {}
    for name, several in rows.items():
        head, _, rest = name.partition(".")
        found.setdefault(head, {})[rest] = several
    return found


class _Masked(ast.NodeTransformer):
    def __init__(self, own: str, changed: set[str]) -> None:
        self.own = own
        self.changed = changed
        self.is_used = False

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "self" and node.attr in self.changed:
            self.is_used = self.is_used or node.attr == self.own
            return ast.Attribute(node.value, "its own" if node.attr == self.own else "another", node.ctx)
        return node


def _uses(cls: ClassValue, changed: set[str]) -> dict[str, list[str]]:
    """For each attribute, the statements of the other methods in which it is used, with all changed names hidden."""
    found: dict[str, list[str]] = {}
    methods = [unit.tree for name, units in cls.outline.methods.items() if name != "__init__" for unit in units]
    statements = [node for method in methods for node in ast.walk(method) if isinstance(node, ast.stmt)]
    simple = [ast.unparse(node) for node in statements if not hasattr(node, "body")]
    for name in changed:
        for text in simple:
            if f"self.{name}" in text:
                masked = _Masked(name, changed)
                shown = ast.dump(masked.visit(ast.parse(text)))
                if masked.is_used:
                    found.setdefault(name, []).append(shown)
    return {name: sorted(uses) for name, uses in found.items()}
