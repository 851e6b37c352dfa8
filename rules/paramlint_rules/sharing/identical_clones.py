"""Layers deep-copied from one layer all start with the same values.

`copy.deepcopy` copies the values too. Layers that were meant to differ begin identical, which wastes the random start
that they would have had; in an ensemble or a mixture of experts they stay alike. `nn.TransformerEncoder` copies its
layer in this way.

Bad:
    layer = nn.Linear(8, 8)
    self.layers = nn.ModuleList([copy.deepcopy(layer) for _ in range(3)])

Good:
    self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])

Leave it: the copies are initialised, or loaded from a checkpoint, elsewhere, or are meant to start alike.
Source: https://github.com/pytorch/pytorch/issues/72253
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope, owns_parameters
from paramlint.facts.creation import is_creation
from paramlint.facts.intent import sharing_is_meant
from paramlint.facts.norms import has_norms_only
from paramlint.model import Answer, Claim, Event, Model, Module, Place, Tensor
from paramlint.model.questions.intent import is_marked
from paramlint.model.questions.intent import sharing_is_meant as sharing_said
from paramlint.model.questions.training import below, owners
from paramlint.nodes.assigned import assigned
from paramlint.rule import Asks, Calls, Finding, Proof, Rule
from paramlint.syntax.walk import walk

#: What functions are called that copy a layer several times.
_HELPERS = ("clones", "_clones", "get_clones", "_get_clones", "make_clones", "clone_layers")
if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.tensor import LiveTensor


rule = Rule(
    "PRM307",
    "identical-clones",
    group="risk",
    doc=__doc__,
    triggers=(
        Asks("deepcopy"),
        Calls("deepcopy", "TransformerEncoder", "TransformerDecoder", *_HELPERS),
    ),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """Copies that are made in a loop and registered, of a layer whose values were drawn once for all."""
    for event in model.events("copied"):
        layer, copy = event.of, event.get("to")
        if not isinstance(layer, Module) or not isinstance(copy, Module) or event.author != "user":
            continue
        places = [
            p for p in copy.places if p.registered and p.holds and p.holder.copy_of is None and not _is_left_of_many(p)
        ]
        if (
            layer.made is None
            or not (_is_made_each_round(event) or _are_several(model, event))
            or not places
            or not layer.owns.yes
            or sharing_said(layer, places)
            or is_marked(event)
            or any(owner.initialised_by_owner.yes for owner in owners(copy))
        ):
            continue
        if (
            copy.escaped
            or not any(_drawn_once(t) for t in copy.parameters)
            or any(t.writes.seen for t in copy.parameters)
            or _is_loaded(model, layer, copy)
        ):
            continue
        yield Claim(
            Answer("yes", (event, *(p.since for p in places)), event.guard),
            event.site,
            f"the copies of `{layer.name or layer.cls.rpartition('.')[2]}` start with identical values, "
            "so layers that should differ begin alike",
            about=copy,
        )


def _is_loaded(model: Model, layer: Module, copy: Module) -> bool:
    """Whether trained values are loaded into the original, a copy, or what holds or is part of them."""
    loaded = [event.of for event in model.events("loaded")]
    return any(one is what for one in loaded for what in (*below(layer), *owners(layer), *owners(copy)))


def _is_made_each_round(event: Event) -> bool:
    """Whether a loop around a copy, not around its original, makes one for each round."""
    outside, copy = len(event.of.loops), event.get("to")
    return len(event.loops) > outside and bool(event.loops[outside:] == copy.loops[outside:])


def _are_several(model: Model, event: Event) -> bool:
    """Whether a loop of which the rounds are known makes several copies of one original at one place."""
    way = [site.node for site in event.way]
    alike = [
        e
        for e in model.events("copied", of=event.of)
        if e.get("inside") == event.get("inside") and [site.node for site in e.way] == way
    ]
    return len({id(e.get("to")) for e in alike}) > 1


def _is_left_of_many(place: Place) -> bool:
    """Whether it is an attribute that each round of a loop binds again, so that the last copy is left."""
    return place.how == "assigned" and any(loop not in place.holder.loops for loop in place.since.loops)


def _drawn_once(tensor: Tensor) -> bool:
    """Whether a copy still has the values that its original was drawn with."""
    law = tensor.draw.get("law", "") if isinstance(tensor.draw, Event) else ""
    return law.startswith(("kaiming", "xavier", "normal", "uniform", "trunc_normal", "orthogonal", "rand", "sparse"))


_CLONING = ("torch.nn.TransformerEncoder", "torch.nn.TransformerDecoder")
#: Code that gives copies values of their own, or says that they need none.
_VALUES = re.compile(
    r"\bnn\.init\b|\binit\.\w|(?<!_)init_[a-z]|\b_init_[a-z]|_init\b|initiali[sz]|reset_|\.apply\(|load_|pretrained|identical"
)


@rule.static(nodes.Call)
def check(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    prototype = _cloned_by_class(node, scope) or _cloned_by_helper(node, scope) or _cloned_in_loop(node, scope)
    if (
        prototype is None
        or owns_parameters(scope.type(prototype)) is not True
        or _VALUES.search(scope.file.source.text)
        or has_norms_only(scope.type(prototype))
    ):
        return
    if sharing_is_meant(scope, node):
        return
    name = " ".join(scope.text(prototype.func if isinstance(prototype, nodes.Call) else prototype).split())
    message = f"the copies of `{name}` start with identical values, so layers that should differ begin alike"
    yield Finding(node, message, attribute=name)


def _cloned_by_class(node: nodes.Call, scope: Scope) -> nodes.BaseExpression | None:
    """The layer that one of torch's own classes copies."""
    if scope.qualified(node.func) not in _CLONING or len(node.args) < 2 or node.args[0].star:
        return None
    return None if _is_one(scope, node.args[1].value) else node.args[0].value


def _cloned_by_helper(node: nodes.Call, scope: Scope) -> nodes.BaseExpression | None:
    """The layer that a function of the project copies several times: its argument goes into a repeated `deepcopy`."""
    function = scope.resolve(node.func)
    if not isinstance(function, Scope) or not isinstance(function.node, nodes.FunctionDef) or len(node.args) < 2:
        return None
    names = [param.name.value for param in function.node.params.params]
    for inner in function.find(nodes.Call):
        copied = _repeatedly_copied(inner, function)
        if isinstance(copied, nodes.Name) and copied.value in names:
            index = names.index(copied.value)
            count = node.args[1].value
            return node.args[index].value if index < len(node.args) and not _is_one(scope, count) else None
    return None


def _cloned_in_loop(node: nodes.Call, scope: Scope) -> nodes.BaseExpression | None:
    """The layer that a loop in a module copies several times."""
    if scope.cls is None or not scope.cls.is_module:
        return None
    copied = _repeatedly_copied(node, scope)
    if copied is not None and scope.self_attribute(copied) is not None:
        return copied
    if not isinstance(copied, nodes.Name):
        return None
    bindings = scope.bindings.get(copied.value, [])
    built = all(b.kind == "assign" and b.value is not None and is_creation(scope, b.value) for b in bindings)
    return copied if bindings and (built or scope.name == "__init__") else None


def _repeatedly_copied(node: nodes.Call, scope: Scope) -> nodes.BaseExpression | None:
    """`x` of a `deepcopy(x)` that a comprehension or loop evaluates many times for the same `x`."""
    if not scope.is_call_of(node, "copy.deepcopy") or len(node.args) != 1:
        return None
    copied = node.args[0].value
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, (nodes.FunctionDef, nodes.Lambda)):
            return None  # what becomes of its copies is up to who calls it
        if isinstance(ancestor, (nodes.ListComp, nodes.GeneratorExp)):
            bound = {name.value for name in walk(ancestor.for_in.target) if isinstance(name, nodes.Name)}
            return None if bound & _heads(copied) else copied
        if isinstance(ancestor, nodes.For):
            return None if _is_bound_in(ancestor, copied, scope) or _is_replaced(node, ancestor, scope) else copied
    return None


#: Methods and functions that keep what they are given.
_KEEPING = {"append", "insert", "add_module", "register_module", "setattr", "setdefault", "add"}


def _is_replaced(copy: nodes.Call, loop: nodes.For, scope: Scope) -> bool:
    """Whether each round binds its copy to the same names and attributes and keeps it nowhere else: one is left."""
    waiting: list[nodes.BaseExpression] = [copy]
    texts: set[str] = set()
    while waiting:
        bound = _bound_to(waiting.pop(), loop, scope)
        if bound is None:
            return False
        new = bound - texts
        texts |= new
        for part in walk(loop) if new else ():
            if isinstance(part, (nodes.Name, nodes.Attribute)) and scope.text(part) in new:
                if isinstance(scope.parent(part), nodes.Assign) or _is_set(scope, part):
                    waiting.append(part)
                elif _is_kept(scope, part):
                    return False
    return bool(texts)


def _bound_to(value: nodes.BaseExpression, loop: nodes.For, scope: Scope) -> set[str] | None:
    """The names and attributes that a statement gives a value; None where these are others in each round."""
    texts: set[str] = set()
    whole: nodes.Node | None = value
    above = scope.parent(value)
    while isinstance(above, nodes.Attribute) and isinstance(call := scope.parent(above), nodes.Call):
        whole, above = call, scope.parent(call)  # `deepcopy(x).eval()`
    if isinstance(above, nodes.IfExp):
        whole, above = above, scope.parent(above)
    if isinstance(above, nodes.NamedExpr):
        texts.add(scope.text(above.target))
        whole, above = above, scope.parent(above)
    if isinstance(above, nodes.Arg) and _is_set(scope, above.value):
        call = scope.parent(above)
        assert isinstance(call, nodes.Call)
        owner, key = (arg.value for arg in call.args[:2])
        if isinstance(key, nodes.SimpleString) and not _is_bound_in(loop, owner, scope):
            return texts | {f"{scope.text(owner)}.{key.evaluated_value!s}"}
    if isinstance(above, nodes.Element) and isinstance(display := scope.parent(above), nodes.Tuple):
        above = scope.parent(display)
    targets = [target for target, given in assigned(above) if given is whole]
    if not targets:
        return None
    for target in targets:
        is_same = isinstance(target, nodes.Attribute) and not _is_bound_in(loop, target.value, scope)
        if not is_same and not isinstance(target, nodes.Name):
            return None
        texts.add(scope.text(target))
    return texts


def _is_set(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether `setattr` gives an attribute this value."""
    above = scope.parent(node)
    call = scope.parent(above) if isinstance(above, nodes.Arg) else None
    is_setattr = isinstance(call, nodes.Call) and isinstance(call.func, nodes.Name) and call.func.value == "setattr"
    return is_setattr and isinstance(call, nodes.Call) and len(call.args) == 3 and call.args[2].value is node


def _is_kept(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether a value goes into a container, a new object or another place."""
    above = scope.parent(node)
    if isinstance(above, nodes.Arg):
        call = scope.parent(above)
        func = call.func if isinstance(call, nodes.Call) else None
        name = func.attr if isinstance(func, nodes.Attribute) else func
        return isinstance(name, nodes.Name) and (name.value in _KEEPING or name.value[:1].isupper())
    if isinstance(above, nodes.Assign):
        return above.value is node
    if isinstance(above, nodes.Element) and isinstance(scope.parent(scope.parent(above) or above), nodes.AssignTarget):
        return False
    return isinstance(above, (nodes.Element, nodes.DictElement, nodes.Yield))


def _is_bound_in(loop: nodes.For, copied: nodes.BaseExpression, scope: Scope) -> bool:
    inside = set(walk(loop))
    return any(b.node in inside for name in _heads(copied) for b in scope.bindings.get(name, ()))


def _heads(node: nodes.BaseExpression) -> set[str]:
    return {name.value for name in walk(node) if isinstance(name, nodes.Name)}


def _is_one(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether a count is 1: written so, or a name that stands for it alone."""
    if isinstance(node, nodes.Name):
        module = scope.file.scope(scope.file.outline.module)
        bound = scope.bindings.get(node.value) or module.bindings.get(node.value, [])
        value = bound[0].value if len(bound) == 1 and bound[0].kind == "assign" else None
        return value is not None and not isinstance(value, nodes.Name) and _is_one(scope, value)
    return isinstance(node, nodes.Integer) and node.evaluated_value == 1


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    by_origin: dict[object, list[LiveTensor]] = {}
    for parameter in model.parameters:
        init = parameter.init
        if init is None or init.call == "copy_" or math.prod(parameter.shape) < 2:
            continue  # what is copied by hand, or loaded, is meant
        if init.origin in model.kept_elsewhere:
            continue  # several parts that start from one pretrained model, each for itself
        if parameter.is_final and init.kind == "random" and parameter.name not in model.mirrors:
            by_origin.setdefault(init.origin, []).append(parameter)
    for clones in by_origin.values():
        if len(clones) > 1 and not _share_memory(clones):
            message = (
                f"`{clones[0].name}` and {len(clones) - 1} more start with identical values, as copies of one draw"
            )
            yield clones[0].proof(message, clones[0].init, clones=[clone.name for clone in clones[:32]])


@rule.runtime
def verify_draws(model: LiveModel) -> Iterator[Proof]:
    """Draws of their own that came out alike, since the generator stood where it had stood before."""
    alike: dict[object, list[LiveTensor]] = {}
    for parameter in model.parameters:
        if parameter.has_values and _is_drawn(model, parameter) and parameter.array is not None:
            start = parameter.array.reshape(-1)[:8].tobytes()
            alike.setdefault((parameter.shape, parameter.dtype, start), []).append(parameter)
    for first, *others in alike.values():
        same = [one for one in others if _origin(one) != _origin(first) and _values(one) == _values(first)]
        if same and not _share_memory([first, *same]):
            message = (
                f"`{first.name}` and `{same[0].name}` are drawn apart and start with identical values, "
                "since the generator is seeded again in between"
            )
            yield same[0].proof(message, same[0].init, clones=[one.name for one in (first, *same)][:32])


@rule.runtime
def verify_slices(model: LiveModel) -> Iterator[Proof]:
    """Experts in one tensor that all start as copies of the first one."""
    for parameter in model.parameters:
        if len(parameter.shape) < 3 or parameter.module is None or not _is_drawn(model, parameter):
            continue
        is_own_tensor = type(parameter.module).__module__.split(".")[0] != "torch"
        if is_own_tensor and parameter.rows_are_equal and not parameter.repeats_memory:
            message = f"the {parameter.shape[0]} slices of `{parameter.name}` start with identical values"
            yield parameter.proof(message, parameter.init)


def _values(parameter: LiveTensor) -> bytes:
    return b"" if parameter.array is None else parameter.array.tobytes()


def _origin(parameter: LiveTensor) -> object:
    return parameter.init.origin if parameter.init is not None else None


def _is_drawn(model: LiveModel, parameter: LiveTensor) -> bool:
    """Whether a trained parameter of some elements holds random numbers, and not those of another on purpose."""
    if not parameter.requires_grad or math.prod(parameter.shape) < 4 or parameter.name in model.mirrors:
        return False
    return parameter.is_covered_at_last and parameter.is_drawn


def _share_memory(clones: list[LiveTensor]) -> bool:
    """Aliases have one draw too, but that is another fault."""
    return len({clone.tensor.data_ptr() for clone in clones}) < len(clones)
