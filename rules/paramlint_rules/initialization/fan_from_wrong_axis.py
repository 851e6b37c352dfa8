"""A fan-in is read from dimension 0 of a layer's weight, which is the number of outputs.

The weight of `nn.Linear(inputs, outputs)` has the shape (outputs, inputs), that of a convolution begins with the same
two. `1 / sqrt(weight.size(0))` is then the bound for the fan-out. Where a layer has far more inputs than outputs, as
the last one often does, its values are drawn too large.

Bad:
    fan_in = model.head.weight.size(0)
    nn.init.uniform_(model.head.weight, -1 / fan_in**0.5, 1 / fan_in**0.5)

Good:
    fan_in = model.head.weight.size(1)
    nn.init.uniform_(model.head.weight, -1 / fan_in**0.5, 1 / fan_in**0.5)

Fix: unsafe. The values that are drawn change.
Leave it: results that were published with these bounds have to be repeated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts import Scope
from paramlint.knowledge import module_class
from paramlint.nodes import operators
from paramlint.nodes.call_arguments import without_data
from paramlint.rule import Calls, Change, Finding, Fix, Mentions, Rule

rule = Rule(
    "PRM228",
    "fan-from-wrong-axis",
    group="risk",
    fix="unsafe",
    doc=__doc__,
    triggers=(Calls("size", "sqrt"), Mentions("shape")),
    only_with=frozenset({"fan_in", "fanin", "sqrt"}),
)

_FAN_IN = re.compile(r"fan_?in(?![a-z])", re.I)
_LAYER = re.compile(r"torch\.nn\.(?:modules\.\w+\.)?(?:Linear|Conv[123]d|_ConvNd|Bilinear)")


@rule.static(nodes.Subscript)
def check_index(node: nodes.Subscript, scope: Scope) -> Iterator[Finding]:
    yield from _taken(node, scope)


@rule.static(nodes.Call)
def check_call(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    yield from _taken(node, scope)


def _taken(node: nodes.Subscript | nodes.Call, scope: Scope) -> Iterator[Finding]:
    taken = _first_size(scope, node)
    if taken is None or not (_is_named_fan_in(scope, node) or _is_bound(scope, node, taken)):
        return
    text = scope.text(node)
    fix = None
    if not isinstance(taken, nodes.Name):
        fix = Fix("Count what each output reads", (Change(node, node, f"{scope.text(taken)}[0].numel()"),), "unsafe")
    yield Finding(node, f"`{text}` is the number of outputs, not the fan-in", fix)


def _first_size(scope: Scope, node: nodes.Subscript | nodes.Call) -> nodes.BaseExpression | None:
    """The weight whose first size this is, or the name of a size that is handed over."""
    if isinstance(node, nodes.Call):
        if not isinstance(node.func, nodes.Attribute) or node.func.attr.value != "size" or len(node.args) != 1:
            return None
        return _weight(scope, node.func.value) if _is_zero(node.args[0].value) else None
    index = node.slice[0].slice if len(node.slice) == 1 else None
    if not isinstance(index, nodes.Index) or not _is_zero(index.value):
        return None
    sizes = node.value
    if isinstance(sizes, nodes.Name):
        return sizes if _is_given_sizes(scope, sizes.value) or _are_of_weight(scope, sizes.value) else None
    if isinstance(sizes, nodes.Call) and isinstance(sizes.func, nodes.Attribute) and not sizes.args:
        return _weight(scope, sizes.func.value) if sizes.func.attr.value == "size" else None
    is_shape = isinstance(sizes, nodes.Attribute) and sizes.attr.value == "shape"
    return _weight(scope, sizes.value) if is_shape and isinstance(sizes, nodes.Attribute) else None


def _is_zero(node: nodes.BaseExpression) -> bool:
    return isinstance(node, nodes.Integer) and node.evaluated_value == 0


def _weight(scope: Scope, node: nodes.BaseExpression) -> nodes.BaseExpression | None:
    """The weight of what may be a linear layer or a convolution."""
    weight = without_data(node)
    if isinstance(weight, nodes.Name) and _is_given_weight(scope, weight.value):
        return weight
    if not isinstance(weight, nodes.Attribute) or weight.attr.value != "weight":
        return None
    owner = weight.value
    known = scope.type(owner)
    if isinstance(owner, nodes.Name) and owner.value == scope.self_name and _is_linear(scope):
        return weight
    if known is None:
        return weight if not isinstance(owner, nodes.Name) or owner.value != scope.self_name else None
    names = {known.name, *(known.cls.known_bases if known.cls is not None else ())}
    names.update(base for name in (known.name,) if (cls := module_class(name)) is not None for base in cls.bases)
    if not known.is_module or any("Transpose" in name or "Embedding" in name for name in names):
        return None
    return weight if any(_LAYER.fullmatch(name) for name in names) else None


def _is_linear(scope: Scope) -> bool:
    """Whether a method of the class hands its `self.weight` to `F.linear`, which takes outputs by inputs."""
    calls = [(s, c) for s in (scope.cls.scopes if scope.cls is not None else ()) for c in s.find(nodes.Call)]
    return any(
        len(call.args) > 1
        and method.qualified(call.func) == "torch.nn.functional.linear"
        and _is_of_own_weight(method, call.args[1].value)
        for method, call in calls
    )


def _is_of_own_weight(scope: Scope, node: nodes.BaseExpression, depth: int = 0) -> bool:
    """Whether it is `self.weight`, or that with a mask or a scale on its elements."""
    if depth > 4:
        return False
    if isinstance(node, nodes.Name):
        values = [binding.value for binding in scope.bindings.get(node.value, ())]
        return len(values) == 1 and values[0] is not None and _is_of_own_weight(scope, values[0], depth + 1)
    if isinstance(node, nodes.BinaryOperation) and not isinstance(node.operator, operators.MatrixMultiply):
        return any(_is_of_own_weight(scope, side, depth + 1) for side in (node.left, node.right))
    return scope.self_attribute(node) == "weight"


def _is_given_sizes(scope: Scope, name: str) -> bool:
    """Whether a parameter is handed the size of a weight by a call in this file."""
    if [b.kind for b in scope.bindings.get(name, ())] != ["parameter"] or "sqrt" not in scope.words:
        return False
    call = rf"\b{re.escape(scope.name)}\(\s*(?!self\.weight)[\w.\[\]]+\.weight(?:\.data)?\.(?:size\(\)|shape\b)"
    return re.search(call, re.sub("#.*", "", scope.file.source.text)) is not None


def _is_given_weight(scope: Scope, name: str) -> bool:
    """Whether calls in this file hand a parameter the weight of a layer, and of none that has its inputs first."""
    if [b.kind for b in scope.bindings.get(name, ())] != ["parameter"]:
        return False
    text = re.sub("#.*", "", scope.file.source.text)
    layers = re.findall(rf"\b{re.escape(scope.name)}\(\s*([\w.\[\]]+)\.weight(?:\.data)?\s*[,)]", text)
    others = (rf"\b{re.escape(layer)}\s*=\s*[\w.]*(?:Embedding|Transpose|Parameter)" for layer in layers)
    return bool(layers) and not any(re.search(other, text) for other in others)


def _are_of_weight(scope: Scope, name: str) -> bool:
    """Whether a name stands for the sizes of a weight that is given, or the function takes its other sizes for inputs.

    `fan_in = np.prod(size[1:])`, for a convolution, says that the outputs come first.
    """
    values = [b.value for b in scope.bindings.get(name, ()) if b.kind == "assign" and b.value is not None]
    if len(values) != 1 or len(scope.bindings[name]) != 1:
        return False
    sizes = values[0]
    if isinstance(sizes, nodes.Call) and isinstance(sizes.func, nodes.Attribute) and not sizes.args:
        sizes = sizes.func
    if not isinstance(sizes, nodes.Attribute) or sizes.attr.value not in ("size", "shape"):
        return False
    given = without_data(sizes.value)
    if not isinstance(given, nodes.Name):
        return False
    is_argument = [b.kind for b in scope.bindings.get(given.value, ())] == ["parameter"]
    others = rf"fan_?in\w*\s*=[^=\n]*\b{re.escape(name)}\[1:\]"
    return _is_given_weight(scope, given.value) or (is_argument and re.search(others, scope.source) is not None)


def _is_named_fan_in(scope: Scope, node: nodes.Node) -> bool:
    """Whether the value is called a fan-in."""
    for ancestor in scope.ancestors(node):
        if isinstance(ancestor, nodes.Arg):
            return ancestor.keyword is not None and _FAN_IN.search(ancestor.keyword.value) is not None
        if isinstance(ancestor, nodes.Assign):
            return any(_FAN_IN.search(scope.text(target.target)) for target in ancestor.targets)
        if not isinstance(ancestor, (nodes.BooleanOperation, nodes.IfExp)):
            return False
    return False


def _is_bound(scope: Scope, node: nodes.Node, taken: nodes.BaseExpression) -> bool:
    """Whether it stands in `1 / sqrt(...)` of a function that draws this weight uniformly."""
    text = scope.text(node)
    around = [scope.text(a) for a in scope.ancestors(node) if isinstance(a, nodes.BinaryOperation)]
    size = re.escape(text)
    root = rf"1\.?0? */ *(?:(?:(?:math|np|numpy|torch)\.)?sqrt\({size}\)|\({size}\) *\*\* *0?\.5)"
    if not any(re.search(root, one) for one in around):
        return False
    weight = re.escape(scope.text(taken))
    return re.search(rf"{weight}(?:\.data)?\.uniform_\(|uniform_\({weight}", scope.source) is not None
