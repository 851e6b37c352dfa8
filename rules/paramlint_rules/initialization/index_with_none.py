"""A row is cleared under an index that may be None, and `weight[None]` is the whole tensor.

`weight[padding_idx].zero_()` clears one row; where `padding_idx` is None the same line clears all of them, for None as
an index adds a dimension and leaves nothing out. The embedding then starts as zero and its rows are alike.

Bad:
    def table(words, width, padding_idx=None):
        embedding = nn.Embedding(words, width, padding_idx)
        nn.init.normal_(embedding.weight)
        nn.init.zeros_(embedding.weight[padding_idx])
        return embedding

Good:
    def table(words, width, padding_idx=None):
        embedding = nn.Embedding(words, width, padding_idx)
        nn.init.normal_(embedding.weight)
        if padding_idx is not None:
            nn.init.zeros_(embedding.weight[padding_idx])
        return embedding

Leave it: every caller gives an index.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.init_calls import WRITE_NAMES, without_data, write_call
from paramlint.facts.type_tests import classes_proved
from paramlint.model import Claim, Model, Tensor, said
from paramlint.rule import Asks, Calls, Edits, Finding, Rule
from paramlint.syntax.walk import walk

rule = Rule(
    "PRM224",
    "index-with-none",
    group="bug",
    doc=__doc__,
    beyond_plain=True,
    triggers=(Calls(*WRITE_NAMES), Edits(), Asks("padding_idx", "pad", "padding")),
)

_EMBEDDINGS = {"torch.nn.Embedding", "torch.nn.EmbeddingBag"}
#: A call that makes an embedding, with one level of parentheses in its arguments.
_MADE = re.compile(r"\bEmbedding(?:Bag)?\(((?:[^()]|\([^()]*\))*)\)")
_CONDITIONS = (nodes.If, nodes.IfExp, nodes.While, nodes.Assert)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A write to the rows that an argument names, in a call that gives None for it."""
    for write in model.events("written"):
        index = write.get("item")
        if not isinstance(write.of, Tensor) or write.of.role != "parameter" or write.author != "user":
            continue
        if index is None or getattr(index, "value", index) is not None:
            continue
        target = next((node for node in walk(write.site.node) if isinstance(node, nodes.Subscript)), None)
        place = target.slice[0].slice if target is not None and len(target.slice) == 1 else None
        if target is None or not isinstance(place, nodes.Index):
            continue
        text, weight = write.site.text(place.value), write.site.text(target.value)
        if text != "None":  # said in so many words it is meant
            message = f"`{text}` is None in a call, and `{weight}[None]` is all of `{weight}`"
            yield Claim(said(True), write.site, message, about=write.of, node=target)


@rule.static(nodes.Call)
def check_call(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    found = write_call(scope, node)
    if found is not None:
        yield from _written(found.target, scope)


@rule.static(nodes.Assign)
def check_assign(node: nodes.Assign, scope: Scope) -> Iterator[Finding]:
    for target in node.targets:
        yield from _written(target.target, scope)


def _written(target: nodes.BaseExpression, scope: Scope) -> Iterator[Finding]:
    target = without_data(target)
    if not isinstance(target, nodes.Subscript) or len(target.slice) != 1:
        return
    index, whole = target.slice[0].slice, without_data(target.value)
    if not isinstance(index, nodes.Index) or not _is_parameter(scope, whole):
        return
    text = scope.text(index.value)
    if _may_be_none(scope, index.value) and not _is_tested(scope, text):
        weight = scope.text(target.value)
        yield Finding(target, f"`{text}` may be None, and `{weight}[None]` is all of `{weight}`")


def _is_parameter(scope: Scope, node: nodes.BaseExpression) -> bool:
    known = scope.type(node)
    if known is not None:
        return known.is_parameter
    return isinstance(node, nodes.Attribute) and node.attr.value == "weight"


def _may_be_none(scope: Scope, index: nodes.BaseExpression) -> bool:
    if isinstance(index, nodes.Name):
        return _is_optional(scope, index.value)
    name = scope.self_attribute(index)
    if name is not None and scope.cls is not None:
        given = [(a.scope, a.value) for a in scope.cls.assignments(name)]
        return len(given) == 1 and isinstance(given[0][1], nodes.Name) and _is_optional(given[0][0], given[0][1].value)
    if isinstance(index, nodes.Attribute) and index.attr.value == "padding_idx":
        return _is_embedding(scope, index.value) and any(map(_is_without, _MADE.findall(scope.file.source.text)))
    return False


def _is_optional(scope: Scope, name: str) -> bool:
    """Whether a name is a parameter whose default is None and that is given no other value."""
    bindings = scope.bindings.get(name, [])
    default = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "parameter" else None
    return isinstance(default, nodes.Name) and default.value == "None"


def _is_embedding(scope: Scope, owner: nodes.BaseExpression) -> bool:
    proved = classes_proved(scope, owner)
    return bool(proved) and all(scope.qualified(cls) in _EMBEDDINGS for cls in proved)


def _is_without(arguments: str) -> bool:
    """Whether an embedding is made without a padding row."""
    return "padding_idx" not in arguments and "*" not in arguments and arguments.count(",") == 1


def _is_tested(scope: Scope, text: str) -> bool:
    """Whether a condition of the function, or of the class, asks for the index."""
    last = text.rpartition(".")[2]
    scopes = [scope, *(scope.cls.scopes_with(last) if "." in text and scope.cls is not None else ())]
    for other in scopes:
        for node in walk(other.node):
            tested = node.test if isinstance(node, _CONDITIONS) else node
            if isinstance(node, (*_CONDITIONS, nodes.BooleanOperation)) and re.search(
                rf"\b{re.escape(last)}\b", other.text(tested)
            ):
                return True
    return False
