"""The row of an embedding that stands for padding is initialised with the others.

`nn.Embedding(n, d, padding_idx=i)` sets row `i` to zero and gives it no gradient. An initialisation of the whole weight
puts random values there, and no training step ever takes them away: every padding token adds noise to the model.

Bad:
    self.tokens = nn.Embedding(100, 8, padding_idx=0)
    nn.init.normal_(self.tokens.weight, std=0.02)

Good:
    self.tokens = nn.Embedding(100, 8, padding_idx=0)
    nn.init.normal_(self.tokens.weight, std=0.02)
    with torch.no_grad():
        self.tokens.weight[self.tokens.padding_idx].zero_()

Fix: unsafe. Row `padding_idx` becomes zero, as the layer itself leaves it; but then a parameter and the outputs at
padding positions are not bit for bit what they were.
Leave it: what stands at padding positions is masked everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.handed_on import is_handed_to
from paramlint.facts.heirs import calls_left_to_heirs
from paramlint.facts.init_calls import WRITE_NAMES, InitCall, arguments_of, write_call
from paramlint.knowledge import module_class
from paramlint.model import Answer, Claim, Event, Model, Module, Site, Tensor
from paramlint.model.questions.draws import drawn_before
from paramlint.rule import Asks, Calls, Change, Finding, Fix, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM214",
    "padding-row-overwritten",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Calls(*WRITE_NAMES, "Embedding"), Asks("padding_idx", "Embedding", "EmbeddingBag")),
)

_EMBEDDINGS = ("torch.nn.Embedding", "torch.nn.EmbeddingBag")
_ROW = re.compile(r"\.weight(?:\.data)?\s*\[|_fill_padding")
_HARMLESS = {"zeros_", "zero_", "copy_"}


@rule.question
def check_row(model: Model) -> Iterator[Claim]:
    """An embedding with a padding row, wherever it is held, whose whole weight was drawn last."""
    for weight in model.parameters:
        owner = weight.owner
        if any(e.get("inside") == "__init__" for root in model.roots for e in model.events("escaped", of=root)):
            return  # what gets hold of the model, or a subclass, may have a method that writes the row
        if owner is None or not owner.is_a("Embedding", "EmbeddingBag").yes or _is_tied(model, weight):
            continue
        draw = None
        if _has_row(owner) and all(map(_has_row, _in_its_place(owner))):
            draw = _last_draw(weight) or drawn_before(weight)
        if draw is not None:
            kept = next((p.since.site for p in weight.places if p.registered and p.since.author == "user"), draw.site)
            is_here = kept.definition is draw.site.definition or draw in weight.writes.seen
            yield Claim(
                Answer("yes", (), draw.guard),
                draw.site if is_here else kept,  # a helper that draws it may draw others too
                f"`{weight}` has a padding row, which `{draw.law}` overwrites for good: it gets no gradient",
                node=_written(draw) if is_here else None,
            )


def _is_tied(model: Model, weight: Tensor) -> bool:
    """Whether an output layer has it too, or something is multiplied with it, which gives the row a gradient."""
    holders = [p.holder for p in weight.places if p.registered and isinstance(p.holder, Module)]
    if any(not holder.is_a("Embedding", "EmbeddingBag").yes for holder in holders):
        return True
    around = [p for holder in holders for p in holder.places if isinstance(p.holder, Module)]
    if any(p.holder.multiplies_with(p.key).yes for p in around):
        return True
    reads = [e for e in model.events("read") if e.get("how") in ("operation", "function") and isinstance(e.of, Tensor)]
    return any(e.of is weight or (e.of.base is weight and e.of.view in ("transposed", "view")) for e in reads)


def _in_its_place(owner: Module) -> Iterator[Module]:
    """The embeddings that are held in the same place under other conditions."""
    for place in owner.places:
        for beside in place.holder.holds if isinstance(place.holder, Module) else ():
            if beside.key == place.key and isinstance(beside.what, Module) and beside.what is not owner:
                yield beside.what


def _has_row(owner: Module) -> bool:
    """Whether an embedding is made with a padding row: an index, or a value that may not be None."""
    given = owner.argument("padding_idx")
    made = owner.made
    if isinstance(given, int) or given is None or made is None or not isinstance(made.site.node, nodes.Call):
        return isinstance(given, int)
    known = module_class(owner.cls)
    node = arguments_of(made.site.node, known.arguments).get("padding_idx") if known is not None else None
    if not isinstance(node, (nodes.Name, nodes.Attribute)):
        return False
    return not isinstance(node, nodes.Name) or not _is_optional(made.site, node.value)


def _is_optional(site: Site, name: str) -> bool:
    """Whether an argument of the function around a site is None by default, or may be."""
    around = site.definition
    params = around.params.params if isinstance(around, nodes.FunctionDef) else ()
    hints = [p.annotation.annotation for p in params if p.name.value == name and p.annotation is not None]
    return site.default(name) == "None" or any(w in site.text(h) for h in hints for w in ("None", "Optional"))


def _last_draw(weight: Tensor) -> Event | None:
    """The user's write of all rows after which no row is written by itself; None where that is not known."""
    last = next(reversed(weight.writes.seen), None)
    if last is None or weight.escaped or last.get("part") is not None or last.author != "user":
        return None
    if not weight.guard.implies(last.guard):
        return None
    is_draw = last.get("law") in WRITE_NAMES and last.get("law") not in _HARMLESS
    return None if not is_draw or _is_of_zeros(last.site.node) else last


def _written(draw: Event) -> nodes.Node:
    """What a call writes, which may stand in a row of its own: there `check` says it too."""
    node: nodes.Node = draw.site.node
    if draw.get("law") not in WRITE_NAMES or not isinstance(node, nodes.Call):
        return node  # it makes the values, and is given their number
    return node.args[0].value if node.args and not _is_method(node) else node


def _is_method(call: nodes.Call) -> bool:
    """Whether a call is `embedding.weight.normal_()`, with or without `.data`."""
    owner = call.func.value if isinstance(call.func, nodes.Attribute) else None
    return isinstance(owner, nodes.Attribute) and owner.attr.value in ("weight", "data")


def _is_of_zeros(node: nodes.Node) -> bool:
    """Whether a call fills with 0, as the row is anyway."""
    values = [arg.value for arg in node.args] if isinstance(node, nodes.Call) else []
    return any(isinstance(v, (nodes.Integer, nodes.Float)) and v.evaluated_value == 0 for v in values[:2]) and any(
        word in _called(node) for word in ("constant_", "fill_")
    )


def _called(node: nodes.Node) -> str:
    func = node.func if isinstance(node, nodes.Call) else None
    return func.attr.value if isinstance(func, nodes.Attribute) else getattr(func, "value", "")


@rule.static(nodes.Call)
def check_made(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    """An embedding that is made without the padding row that the function is given."""
    if scope.qualified(node.func) not in _EMBEDDINGS or len(node.args) > 2:
        return
    if any(arg.star or (arg.keyword is not None and arg.keyword.value == "padding_idx") for arg in node.args):
        return
    if [b.kind for b in scope.bindings.get("padding_idx", ())] != ["parameter"]:
        return
    if not any(
        n.value == "padding_idx" and not isinstance(scope.parent(n), nodes.Param) for n in scope.find(nodes.Name)
    ):
        yield Finding(node, f"`{scope.text(node.func)}` is made without the `padding_idx` that `{scope.name}` is given")


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    found = write_call(scope, node)
    if found is None or found.function in _HARMLESS or _is_of_zeros(node):
        return
    target = found.target
    if isinstance(target, nodes.Attribute) and target.attr.value == "weight" and _is_padded(scope, target.value):
        owner = scope.text(target.value)
        if not _is_cleared(scope, owner) and not is_handed_to(scope, node, owner, _ROW):
            message = f"`{owner}` has a padding row, which `{found.function}` overwrites for good: it gets no gradient"
            yield Finding(target, message, _fix(found, owner), attribute=owner)
    elif _is_any_of_self(found):
        for name in _padded_attributes(scope):
            if not _is_cleared(scope, f"self.{name}"):
                row = f"the padding row of `self.{name}`"
                yield Finding(target, f"`{scope.text(target)}` is written with {row}, which gets no gradient later")
                return


def _is_padded(scope: Scope, owner: nodes.BaseExpression) -> bool:
    """Whether an expression is an embedding made with a `padding_idx`, wherever it is made."""
    name = scope.self_attribute(owner)
    if name is not None and scope.cls is not None:
        made = [(a.scope, a.value) for a in scope.cls.assignments(name) if a.how != "augmented"]
    elif isinstance(owner, nodes.Name):
        bindings = scope.bindings.get(owner.value, [])
        made = [(scope, b.value if b.kind == "assign" else None) for b in bindings]
    else:
        return False
    return bool(made) and all(value is not None and _has_padding(where, value) for where, value in made)


def _has_padding(scope: Scope, value: nodes.BaseExpression) -> bool:
    if not isinstance(value, nodes.Call) or scope.qualified(value.func) not in _EMBEDDINGS:
        return False
    known = module_class(scope.qualified(value.func) or "")
    given = arguments_of(value, known.arguments).get("padding_idx") if known is not None else None
    return given is not None and not _may_be_none(scope, given)


def _may_be_none(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether a value is None, or an argument that is None by default."""
    if not isinstance(node, nodes.Name):
        return False
    if node.value == "None":
        return True
    bindings = scope.bindings.get(node.value, [])
    texts = [scope.text(part) for b in bindings for part in (b.value, b.annotation) if part is not None]
    return any("None" in text or "Optional" in text for text in texts)


def _is_any_of_self(found: InitCall) -> bool:
    """Whether a call writes whatever embeddings, or all matrices, the module has."""
    scope, target = found.scope, found.target
    if isinstance(target, nodes.Name):
        source = _looped(scope, target)
        return source in ("self.parameters()", "self.named_parameters()") and _is_only_about_shape(found, target)
    if (
        not isinstance(target, nodes.Attribute)
        or target.attr.value != "weight"
        or not isinstance(target.value, nodes.Name)
    ):
        return False
    known = scope.type(target.value)
    if known is None or known.name not in _EMBEDDINGS or "padding_idx" in _source(scope):
        return False
    return _looped(scope, target.value) == "self.modules()" or _is_applied(scope)


def _looped(scope: Scope, name: nodes.Name) -> str:
    """What the one loop that gives a name its values runs over."""
    bindings = scope.bindings.get(name.value, [])
    if len(bindings) != 1 or bindings[0].kind != "for" or bindings[0].value is None:
        return ""
    return scope.text(bindings[0].value)


def _is_only_about_shape(found: InitCall, name: nodes.Name) -> bool:
    """Whether the conditions around a call leave no matrix out."""
    tests = [a.test for a in found.scope.ancestors(found.node) if isinstance(a, (nodes.If, nodes.IfExp))]
    shape = rf"{name.value}\.(?:dim\(\)|ndim|requires_grad)(?: > 1| >= 2| != 1)?"
    return all(re.fullmatch(shape, found.scope.text(test)) for test in tests)


def _is_applied(scope: Scope) -> bool:
    """Whether the class applies this method to its submodules."""
    if scope.cls is None:
        return False
    pattern = rf"self\.apply\(\s*self\.{re.escape(scope.name)}\s*\)"
    return any(re.search(pattern, _source(method)) for method in scope.cls.scopes)


def _padded_attributes(scope: Scope) -> Iterator[str]:
    """The attributes of the class that are embeddings made with a `padding_idx`."""
    cls = scope.cls
    if cls is None or not any("Embedding(" in _source(method) for method in cls.scopes):
        return
    for name, assignments in cls.own_attributes.items():
        if all(a.value is not None and _has_padding(a.scope, a.value) for a in assignments):
            yield name


def _is_cleared(scope: Scope, owner: str) -> bool:
    """Whether code of the class or function writes single rows of a padded embedding, or computes with its weight."""
    name = re.escape(owner.rpartition(".")[2])
    pattern = re.compile(
        rf"\b{name}\.weight(?:\.data)?\s*\[|{name}\._fill_padding|weight(?:\.data)?\[[^\]]*pad"
        rf"|=\s*(?:[\w.\[\]]+\.)?{name}\.weight\s*(?:$|#)|\b{name}\.weight\.(?:T\b|mT\b|t\(|transpose\()"
        rf"|(?:@|matmul\(|linear\(|einsum\(|\bmm\()[^\n]*\b{name}\.weight\b",
        re.M,
    )
    if scope.cls is None:
        return pattern.search(_source(scope)) is not None
    if any(True for _ in calls_left_to_heirs(scope)):
        return True
    return any(pattern.search(_source(method)) for cls in scope.cls.mro for method in cls.scopes)


def _source(scope: Scope) -> str:
    return scope.file.source.lines(scope.unit.first, scope.unit.last)


def _fix(found: InitCall, owner: str) -> Fix | None:
    scope = found.scope
    line = scope.statement(found.node)
    if (
        not isinstance(line, nodes.SimpleStatementLine)
        or len(line.body) != 1
        or not isinstance(line.body[0], nodes.Expr)
    ):
        return None
    no_grad = scope.spell("torch.no_grad")
    text = f"with {no_grad}():\n    {owner}.weight[{owner}.padding_idx].zero_()"
    change = Change(line.body[0], line.body[0], text, "after")
    return Fix("Set the padding row back to zero", (change,), "unsafe", ("torch.no_grad",))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for parameter in model.parameters:
        row = getattr(parameter.module, "padding_idx", None)
        init = parameter.init
        if not isinstance(row, int) or parameter.attribute != "weight" or init is None or init.kind != "random":
            continue
        values = parameter.row(row)
        is_overwritten = any(values) if values is not None else parameter.is_final
        if is_overwritten:
            message = (
                f"the padding row {row} of `{parameter.name}` is initialised with the others, so padding has values"
            )
            yield parameter.proof(message, init, padding_idx=row)


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    for parameter in model.parameters:
        row = getattr(parameter.module, "padding_idx", None)
        values = parameter.row(row) if isinstance(row, int) and parameter.attribute == "weight" else None
        if values is not None and not any(values):
            for name in parameter.names:
                yield name, f"row {row} of `{name}`, the padding, is zero"
                yield name.rpartition(".")[0], f"row {row} of `{name}`, the padding, is zero"
