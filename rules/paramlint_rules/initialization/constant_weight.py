"""All elements of a weight start equal, so that its units stay copies of each other, or never learn.

Units with the same weights get the same gradient: a layer of a hundred is as good as one. Two factors of a product that
are both zero are worse: the gradient of each is the other, zero. A single zero weight is common and right (the last
layer of a residual branch, one factor of an adapter) and is not reported.

Bad:
    self.down = nn.Parameter(torch.zeros(4, 64))
    self.up = nn.Parameter(torch.zeros(64, 4))

Good:
    self.down = nn.Parameter(torch.randn(4, 64) * 0.02)
    self.up = nn.Parameter(torch.zeros(64, 4))

Leave it: the values come from a checkpoint, or the layer has one unit only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.facts.heirs import calls_left_to_heirs
from paramlint.facts.init_calls import init_call
from paramlint.facts.init_events import conditions_of, init_events
from paramlint.facts.type_tests import classes_proved
from paramlint.knowledge import PARAMETER_CLASSES, module_class
from paramlint.model import Claim, Event, Model, Tensor, said
from paramlint.rule import Asks, Calls, Finding, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.tensor import LiveTensor


rule = Rule(
    "PRM212",
    "constant-weight",
    group="pedantic",
    doc=__doc__,
    triggers=(Calls("ones_", "constant_", "zeros", "new_zeros"), Asks("ones_", "constant_", "zeros", "new_zeros")),
)

_LAYER = re.compile(r"torch\.nn\.(?:Linear|Bilinear|Conv(?:Transpose)?[123]d)")

#: Layers whose first dimension of `weight` counts units that have to differ.
UNITS = frozenset(
    ("Linear", "Bilinear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A layer's weight filled with one number that is not zero."""
    for event in model.events("written"):
        tensor = event.of
        if event.author != "user" or not isinstance(tensor, Tensor) or not _is_one_number(event):
            continue
        owner = tensor.owner
        if (
            owner is None
            or owner.cls.rpartition(".")[2] not in UNITS
            or not any(p.key == "weight" for p in tensor.places)
        ):
            continue
        if not event.site.text(_first_argument(event.site.node)).endswith("weight"):  # a loop over parameters
            continue
        later = any(w is not event and model.follows(event, w).yes for w in tensor.writes)
        yield Claim(
            said(True),
            event.site,
            f"`{tensor}` starts as one number everywhere, so its units stay equal",
            node=_first_argument(event.site.node),
            is_right=later or 1 in (tensor.shape or ()),
        )


def _is_one_number(event: Event) -> bool:
    given = event.get("arguments")
    value = getattr(given.get(0, "val"), "value", None) if given is not None else None
    return event.get("law") == "ones_" or (event.get("law") == "constant_" and value not in (None, 0))


def _first_argument(call: nodes.Node) -> nodes.Node:
    return call.args[0].value if isinstance(call, nodes.Call) and call.args else call


@rule.question
def ask_factors(model: Model) -> Iterator[Claim]:
    """Two zero matrices of which one can be multiplied with the other."""
    if not any(root.known.yes and not root.escaped for root in model.roots):
        return
    zeros = [t for t in model.parameters if _is_made_of_zeros(t)]
    for one, other in permutations(zeros, 2):
        if one.shape is None or other.shape is None or len(one.shape) != 2 or len(other.shape) != 2:
            continue
        (rows, columns), (rows2, columns2) = one.shape, other.shape
        if rows == columns or rows2 == columns2 or not (rows == columns2 or columns == rows2) or one.made is None:
            continue
        message = f"`{one}` and `{other}` are both zero, so neither gets a gradient"
        site = one.made.way[0]
        yield Claim(
            one.trains & other.trains, site, message, about=one, is_right=_is_written(one) or _is_written(other)
        )


def _is_made_of_zeros(tensor: Tensor) -> bool:
    """Whether a matrix is allocated as zeros by the class itself."""
    data = tensor.made.get("data_of") if tensor.made is not None else None
    is_own = tensor.made is not None and tensor.made.author == "user" and tensor.known and not tensor.escaped
    return (
        is_own
        and tensor.owner is not None
        and isinstance(data, Tensor)
        and data.factory == "torch.zeros"
        and len(tensor.shape or ()) == 2
    )


def _is_written(tensor: Tensor) -> bool:
    """Whether it surely gets other values where it is made."""
    made = tensor.made
    writes = [w for w in tensor.writes if made is not None and w.get("inside") == made.get("inside")]
    return any(made.guard.implies(w.guard) and w.get("law") != "zeros_" for w in writes if made is not None)


@rule.static(nodes.Call)
def check_init(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    """A layer's weight filled with one number that is not zero."""
    found = init_call(scope, node)
    if found is None or found.function not in ("ones_", "constant_"):
        return
    target = found.target
    if not isinstance(target, nodes.Attribute) or target.attr.value != "weight":
        return
    value = found.arguments.get("val")
    if found.function == "constant_" and not _is_nonzero(value):
        return
    known = scope.type(target.value)
    names = [known.name] if known is not None and known.name else []
    names = names or [scope.qualified(c) or "" for c in classes_proved(scope, target.value)]
    if names and all(_LAYER.fullmatch(name) and module_class(name) is not None for name in names):
        if not _has_one_unit(scope, target.value) and not _is_written_later(scope, node, scope.text(target)):
            yield Finding(target, f"`{scope.text(target)}` starts as one number everywhere, so its units stay equal")


def _is_nonzero(value: nodes.BaseExpression | None) -> bool:
    return isinstance(value, (nodes.Integer, nodes.Float)) and value.evaluated_value != 0


def _has_one_unit(scope: Scope, owner: nodes.BaseExpression) -> bool:
    """Whether a layer is made with one input or one output, so that there is nothing to keep apart."""
    name = scope.self_attribute(owner)
    if name is None or scope.cls is None:
        return False
    for assignment in scope.cls.assignments(name):
        if isinstance(assignment.value, nodes.Call):
            if any(
                isinstance(a.value, nodes.Integer) and a.value.evaluated_value == 1 for a in assignment.value.args[:2]
            ):
                return True
    return False


def _is_written_later(scope: Scope, node: nodes.Node, text: str) -> bool:
    """Whether anything after the call names the weight again."""
    after = scope.nodes[scope.order(node) :]
    own = [arg.value for arg in node.args] if isinstance(node, nodes.Call) else []
    return any(n.__class__ is nodes.Attribute and n not in own and scope.text(n) == text for n in after)


@rule.static_scope
def check_factors(scope: Scope) -> Iterator[Finding]:
    """Two zero matrices of which one can be multiplied with the other, as the two factors of an adapter."""
    if scope.kind != "function" or scope.cls is None:
        return
    zeros = [(call, sizes) for call in scope.find(nodes.Call) if (sizes := _zero_matrix(scope, call)) is not None]
    for call, (rows, columns) in zeros:
        name = _attribute(scope, call)
        if name is None or _is_initialised(scope, call, name):
            continue
        for other, (rows2, columns2) in zeros:
            partner = _attribute(scope, other)
            if other is call or partner in (None, name) or _is_initialised(scope, other, str(partner)):
                continue
            if rows != columns and rows2 != columns2 and (rows == columns2 or columns == rows2):
                message = f"`self.{name}` and `self.{partner}` are both zero, so neither gets a gradient"
                yield Finding(call, message, attribute=f"self.{name}")
                break


def _zero_matrix(scope: Scope, node: nodes.Call) -> tuple[str, str] | None:
    """The two sizes of a parameter that is a matrix of zeros."""
    if scope.qualified(node.func) not in PARAMETER_CLASSES or len(node.args) != 1:
        return None
    made = node.args[0].value
    if not isinstance(made, nodes.Call):
        return None
    is_method = isinstance(made.func, nodes.Attribute) and made.func.attr.value == "new_zeros"
    if scope.qualified(made.func) != "torch.zeros" and not is_method:
        return None
    sizes = [arg.value for arg in made.args if arg.keyword is None and not arg.star]
    if len(sizes) == 1 and isinstance(sizes[0], (nodes.Tuple, nodes.List)):
        sizes = [element.value for element in sizes[0].elements]
    return (scope.text(sizes[0]), scope.text(sizes[1])) if len(sizes) == 2 else None


def _attribute(scope: Scope, call: nodes.Call) -> str | None:
    """The attribute of `self` under which a parameter ends up: assigned, put in a dict or list, or added to one."""
    line = scope.statement(call)
    for node in (call, *scope.ancestors(call)):
        if isinstance(node, nodes.Assign):
            target: nodes.Node = node.targets[0].target
            while isinstance(target, nodes.Subscript):
                target = target.value
            return scope.self_attribute(target)
        if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute):
            if node.func.attr.value in ("update", "append", "__setitem__"):
                return scope.self_attribute(node.func.value)
        if node is line:
            return None
    return None


def _is_initialised(scope: Scope, call: nodes.Call, name: str) -> bool:
    """Whether the same method certainly initialises the attribute: by itself, in a loop, or through another one."""
    here = conditions_of(scope, call)
    pattern = re.compile(rf"\bself\.{re.escape(name)}\b|\bself\.(?:named_)?parameters\(|self\.modules\(|self\.apply\(")
    for event in init_events(scope):
        if event.conditions <= here and pattern.search(event.key):
            return True
    if any(conditions_of(scope, left) <= here for left in calls_left_to_heirs(scope)):
        return True
    for inner in scope.find(nodes.Call):
        called = scope.self_attribute(inner.func)
        method = scope.cls.method(called) if called is not None and scope.cls is not None else None
        if method is None or not conditions_of(scope, inner) <= here or method is scope:
            continue
        if pattern.search(method.file.source.lines(method.unit.first, method.unit.last)):
            return True
    return False


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for parameter in model.parameters:
        if not parameter.requires_grad or len(parameter.shape) < 2 or parameter.shape[0] < 2:
            continue
        if not (parameter.is_constant or parameter.rows_are_equal) or not _mixes_inputs(parameter):
            continue
        if model.forward is not None and not model.forward.error:
            is_stuck = parameter.name in model.forward.symmetric
            what = "and so does their gradient"
        else:
            is_stuck = not (parameter.numbers is None or parameter.numbers.maximum == parameter.numbers.minimum == 0)
            what = "so its units stay copies of each other"
        if is_stuck:
            yield parameter.proof(f"all rows of `{parameter.name}` hold the same values, {what}", parameter.init)


@rule.runtime
def verify_factors(model: LiveModel) -> Iterator[Proof]:
    zeros = [parameter for parameter in model.parameters if _is_zero_matrix(parameter)]
    for down in zeros:
        rank, inputs = down.shape
        for up in zeros:
            # what it adds has `inputs` columns and `up.shape[0]` rows, both more than its rank
            if up.shape[1] == rank < min(inputs, up.shape[0]) and model.holder_of(up) == model.holder_of(down):
                message = f"`{down.name}` and `{up.name}` are both zero, so neither gets a gradient"
                yield down.proof(message, down.init, factors=[down.name, up.name])
                break


def _is_zero_matrix(parameter: LiveTensor) -> bool:
    """Whether a trained matrix of several rows and columns holds zeros only; a row or column may be a mere offset."""
    if not parameter.requires_grad or len(parameter.shape) != 2 or min(parameter.shape) < 2:
        return False
    return parameter.is_constant and parameter.numbers is not None and parameter.numbers.maximum == 0


def _mixes_inputs(parameter: LiveTensor) -> bool:
    """Whether each row makes one unit from several inputs, the same for all rows."""
    kind = type(parameter.module).__name__.removeprefix("Lazy")
    is_grouped = getattr(parameter.module, "groups", 1) != 1
    return kind in UNITS and not is_grouped and parameter.shape[1] > 1
