"""`nn.Embedding.from_pretrained` freezes the embedding unless it is told not to.

Its argument `freeze` is true by default. In a model whose other layers are trained the vectors then stay as they were
loaded: `parameters()` lists the weight, but it gets no gradient.

Bad:
    self.embedding = nn.Embedding.from_pretrained(torch.randn(100, 8))
    self.head = nn.Linear(8, 2)

Good:
    self.embedding = nn.Embedding.from_pretrained(torch.randn(100, 8), freeze=False)
    self.head = nn.Linear(8, 2)

Fix: unsafe. The embedding is trained from then on.
Leave it: the vectors are meant to stay; then write `freeze=True`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.rule import Calls, Change, Finding, Fix, Rule

rule = Rule(
    "PRM225",
    "silently-frozen-embedding",
    group="pedantic",
    fix="unsafe",
    doc=__doc__,
    triggers=(Calls("from_pretrained"),),
)

_CLASSES = {"torch.nn.Embedding", "torch.nn.EmbeddingBag"}
_MEANT = re.compile(r"fr[eo]e?z|fixed|static|(?<!pre)train|requires_grad|no_grad|constant", re.I)


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    if not isinstance(node.func, nodes.Attribute) or node.func.attr.value != "from_pretrained":
        return
    if scope.qualified(node.func.value) not in _CLASSES or not node.args:
        return
    placed = [arg for arg in node.args if arg.keyword is None]
    if len(placed) > 1 or any(arg.star or (arg.keyword and arg.keyword.value == "freeze") for arg in node.args):
        return
    if isinstance(scope.parent(node), nodes.Expr) or _is_meant(scope, node):
        return
    text = scope.text(node.func)
    last = node.args[-1]
    fix = Fix("Write `freeze=False`", (Change(last, last, f"{scope.text(last)}, freeze=False"),), "unsafe")
    yield Finding(node, f"`{text}` freezes the embedding, for `freeze` is true by default", fix)


def _callers(scope: Scope, node: nodes.Call) -> list[str]:
    """The rows that call a function which only gives the embedding back, each with the one above."""
    called = _call_of_maker(scope, node)
    rows = scope.file.source.text.splitlines() if called is not None else []
    return ["\n".join(rows[max(0, at - 1) : at + 1]) for at, row in enumerate(rows) if called and called.search(row)]


def _is_thawed_by_callers(scope: Scope, node: nodes.Call) -> bool:
    """Whether a function or method that calls such a maker sets the flag."""
    called = _call_of_maker(scope, node)
    units = scope.file.outline.units if called is not None else []
    texts = [scope.file.source.lines(unit.first, unit.last) for unit in units if unit.kind == "function"]
    return any(called.search(text) and "requires_grad" in text for text in texts if called is not None)


def _call_of_maker(scope: Scope, node: nodes.Call) -> re.Pattern[str] | None:
    """What a call of a function looks like that only gives the embedding back."""
    if not isinstance(scope.parent(node), nodes.Return):
        return None
    function = next((a for a in scope.ancestors(node) if isinstance(a, nodes.FunctionDef)), scope.node)
    name = function.name.value if isinstance(function, nodes.FunctionDef) else ""
    return re.compile(rf"(?<!def )\b{re.escape(name)}\(") if name else None


def _is_meant(scope: Scope, node: nodes.Call) -> bool:
    """Whether the statement, its comment or the function's name speaks of freezing, or the flag is set later."""
    statement = scope.statement(node)
    said = [scope.qualname, scope.text(statement), scope.segment.comments(statement)]
    said += [scope.text(a.test) for a in scope.ancestors(node) if isinstance(a, nodes.If)]
    said += _callers(scope, node)
    if any(_MEANT.search(text) for text in said) or _is_thawed_by_callers(scope, node):
        return True
    around = [scope, *(scope.cls.scopes_with("requires_grad", "requires_grad_") if scope.cls is not None else ())]
    return any({"requires_grad", "requires_grad_"} & other.words for other in around)
