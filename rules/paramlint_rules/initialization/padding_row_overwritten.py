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

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.knowledge import TENSOR_ADJUSTING, WRITE_NAMES, module_class
from paramlint.model import Answer, Claim, Event, Model, Module, Tensor, before
from paramlint.model.questions.draws import drawn_before
from paramlint.model.questions.written_code import target_of
from paramlint.nodes.call_arguments import arguments_of
from paramlint.rule import Asks, Change, Fix, Proof, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM214",
    "padding-row-overwritten",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Asks("padding_idx", "Embedding", "EmbeddingBag"),),
)

_EMBEDDINGS = ("torch.nn.Embedding", "torch.nn.EmbeddingBag")
_HARMLESS = {"zeros_", "zero_", "copy_"}


@rule.question
def check_row(model: Model) -> Iterator[Claim]:
    """An embedding with a padding row, wherever it is held, whose whole weight was drawn last."""
    if any(e.get("inside") == "__init__" for root in model.roots for e in model.events("escaped", of=root)):
        return  # what gets hold of the model, or a subclass, may have a method that writes the row
    for weight in model.parameters:
        owner = weight.owner
        if owner is None or not owner.is_a("Embedding", "EmbeddingBag").yes:
            continue
        draw = cleared = None
        if _has_row(owner) and all(map(_has_row, _in_its_place(owner))):
            draw, cleared = _last_draw(weight) or drawn_before(weight), _draw_cleared_behind(weight)
        if draw is None and cleared is not None:
            message = f"the padding row of `{owner}` is written after `{cleared.law}`"
            yield Claim(Answer("yes", (cleared,)), cleared.site, message, is_right=True)
        if draw is not None and not _is_tied(model, weight):
            kept = next((p.since.site for p in weight.places if p.registered and p.since.author == "user"), draw.site)
            is_here = kept.definition is draw.site.definition or draw in weight.writes.seen
            target = target_of(draw) if is_here and draw.get("law") in WRITE_NAMES else None
            name = str(weight).removesuffix(".weight")
            yield Claim(
                Answer("yes", (), draw.guard),
                draw.site if is_here else kept,  # a helper that draws it may draw others too
                f"`{name}` has a padding row, which `{draw.law}` overwrites for good: it gets no gradient",
                node=target,
                fix=_fix(draw, target),
                attribute=name,
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
    node = arguments_of(made.site.node.args, known.arguments).get("padding_idx") if known is not None else None
    return isinstance(node, (nodes.Name, nodes.Attribute)) and not owner.may_be_none("padding_idx").yes


def _last_draw(weight: Tensor) -> Event | None:
    """The user's write of all rows after which no row is written by itself; None where that is not known."""
    last = next((w for w in reversed(weight.writes.seen) if w.get("law") not in TENSOR_ADJUSTING), None)
    if last is None or weight.escaped or last.get("part") is not None or last.author != "user":
        return None
    rows = [w for w in weight.writes if w.get("part") is not None and w.author == "user"]
    if any(w.get("inside") != last.get("inside") for w in rows):
        return None  # a method of its own clears the row
    is_draw = last.get("law") in WRITE_NAMES and last.get("law") not in _HARMLESS
    return None if not is_draw or _is_of_zeros(last.site.node) else last


def _draw_cleared_behind(weight: Tensor) -> Event | None:
    """The user's last write of all rows, where one row is written by itself after it."""
    draws = [w for w in weight.writes if w.get("part") is None and w.author == "user"]
    is_cleared = draws and any(w.get("part") is not None and before(draws[-1], w) for w in weight.writes)
    return draws[-1] if is_cleared else None


def _fix(draw: Event, target: nodes.Node | None) -> Fix | None:
    """The row is cleared behind a statement that only draws the weight of an embedding that it names."""
    line = draw.site.statement
    if not isinstance(target, nodes.Attribute) or target.attr.value != "weight" or not draw.site.is_alone:
        return None
    if not isinstance(line, nodes.Expr) or line.value is not draw.site.node or draw.site.text(target) != str(draw.of):
        return None
    owner = draw.site.text(target.value)
    text = f"with {draw.site.spell('torch.no_grad')}():\n    {owner}.weight[{owner}.padding_idx].zero_()"
    return Fix("Set the padding row back to zero", (Change(line, line, text, "after"),), "unsafe", ("torch.no_grad",))


def _is_of_zeros(node: nodes.Node) -> bool:
    """Whether a call fills with 0, as the row is anyway."""
    values = [arg.value for arg in node.args] if isinstance(node, nodes.Call) else []
    return any(isinstance(v, (nodes.Integer, nodes.Float)) and v.evaluated_value == 0 for v in values[:2]) and any(
        word in _called(node) for word in ("constant_", "fill_")
    )


def _called(node: nodes.Node) -> str:
    func = node.func if isinstance(node, nodes.Call) else None
    return func.attr.value if isinstance(func, nodes.Attribute) else getattr(func, "value", "")


@rule.question
def check_made(model: Model) -> Iterator[Claim]:
    """An embedding that is made without the padding row that the function is given."""
    for made in model.events("allocated"):
        around, call = made.site.definition, made.site.node
        if not isinstance(made.of, Module) or made.of.cls not in _EMBEDDINGS or not isinstance(call, nodes.Call):
            continue
        if not isinstance(around, nodes.FunctionDef) or len(call.args) > 2 or any(arg.star for arg in call.args):
            continue
        params = [param.name for param in (*around.params.params, *around.params.kwonly_params)]
        given = [param for param in params if param.value == "padding_idx"]
        if given and [n for n in walk(around) if isinstance(n, nodes.Name) and n.value == "padding_idx"] == given:
            cls = made.site.text(call.func)
            message = f"`{cls}` is made without the `padding_idx` that `{made.site.function}` is given"
            yield Claim(Answer("yes", (made,), made.guard), made.site, message, about=made.of)


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
