"""The types of expressions, inferred from what a scope, its class and the project say; never guessed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.facts.annotations import class_object, instance, instance_of, type_of_annotation
from paramlint.facts.call_results import result_of
from paramlint.facts.case_classes import classes_of_case
from paramlint.facts.device_moves import join_with_moves, moved
from paramlint.facts.members import attribute_of
from paramlint.facts.memo import remember
from paramlint.facts.types import GRADIENT, NONE, OTHER, PARAMETER, TENSOR, Type, join
from paramlint.knowledge import module_class
from paramlint.nodes import operators

if TYPE_CHECKING:
    from paramlint.facts.classes import Class
    from paramlint.facts.scopes import Binding, Scope

_DEPTH = 30
#: Expressions that are looked at for the type of one. Names that are bound to each other many times are looked up once
#: for each way from one to the other, of which there may be thousands.
MAX_EXPRESSIONS = 500
#: A value that is being inferred already, further up: it adds nothing to a join.
_CYCLE = Type("none", "cycle")
_active: dict[tuple[int, str], int] = {}
_depth = 0
_left = 0
#: How often something was left out: what is inferred already, further up, and that for which too much was looked at.
_cycles = _given_up = 0
#: A name for which too much was looked at so often is not asked again.
_MOST_TRIES = 16

_LITERALS = (
    nodes.Integer, nodes.Float, nodes.SimpleString, nodes.FormattedString, nodes.ConcatenatedString, nodes.Comparison,
    nodes.Lambda,
)  # fmt: skip


def type_of(scope: Scope, node: nodes.Node) -> Type | None:
    """What is known of an expression's value; `None` when it is nothing certain."""
    global _depth, _left, _given_up
    if _depth == 0:
        _left = MAX_EXPRESSIONS
    if _depth > _DEPTH or _left <= 0:
        _given_up += 1
        return None
    _left -= 1
    _depth += 1
    try:
        return _infer(scope, node)
    finally:
        _depth -= 1


def _infer(scope: Scope, node: nodes.Node) -> Type | None:
    handler = _HANDLERS.get(node.__class__)
    if handler is not None:
        return handler(scope, node)
    return OTHER if isinstance(node, _LITERALS) else None


def returned(scope: Scope) -> Type | None:
    """What a call of a function gives: what its `return` statements agree on, else its annotation."""
    if not isinstance(scope.node, nodes.FunctionDef) or scope.node.asynchronous:
        return None
    key = (id(scope), "return")
    if key in _active:
        return _cycle()
    _active[key] = 1
    try:
        values = [n.value for n in scope.find(nodes.Return) if n.value is not None and _is_own(scope, n)]
        if any(True for _ in scope.find(nodes.Yield)):
            return None
        found = join([scope.type(value) for value in values]) if values else None
    finally:
        del _active[key]
    if found is None and scope.node.returns is not None:
        return type_of_annotation(scope, scope.node.returns.annotation)
    return found


def _is_own(scope: Scope, node: nodes.Node) -> bool:
    """Whether a `return` belongs to the scope's function, not to one nested in it."""
    nearest = next((a for a in scope.ancestors(node) if isinstance(a, (nodes.FunctionDef, nodes.Lambda))), None)
    return nearest is scope.node


# Names


def _name(scope: Scope, node: nodes.Name) -> Type | None:
    name = node.value
    if name == "None":
        return NONE
    if name in ("True", "False"):
        return OTHER
    if name == scope.self_name and scope.cls is not None:
        return instance(_whole(scope.cls))
    narrowed = _narrowed(scope, node, name)
    if narrowed is not None:
        return narrowed
    bindings = scope.bindings.get(name)
    if bindings:
        return _bound(scope, name, bindings)
    if scope.unit.cls is not None or scope.kind == "function":
        module = scope.file.scope(scope.file.outline.module)
        if module is not scope and name in scope.file.outline.assigned and name not in scope.file.outline.imports:
            outer = module.bindings.get(name)
            if outer and all(b.kind == "assign" for b in outer):
                return _bound(module, name, outer)
    return class_object(scope.resolve(node))


def _whole(cls: Class) -> Class:
    """The one class that is put together of a class without bases and others: what the methods of a mixin work on."""
    if cls.outline.bases or cls.own_method("__init__") is not None:
        return cls
    from paramlint.facts.heirs import heirs_of

    heirs = remember(cls, "whole", lambda: [heir for heir in heirs_of(cls) if len(heir.outline.bases) > 1])
    return heirs[0] if len(heirs) == 1 else cls


def _bound(scope: Scope, name: str, bindings: list[Binding]) -> Type | None:
    question, known = f"type of {name}", scope.memo
    if question in known:
        result: Type | None = known[question]
        return result
    before = _cycles, _given_up
    found = _joined(scope, name, bindings)
    # What was asked further up, or left out there, has a part in what was found; by itself it may be more.
    is_whole = (_cycles, _given_up) == before or (not _active and _depth == 1)
    if not is_whole and _given_up != before[1] and found is None:
        tries: dict[str, int] = remember(scope, "names given up", dict)
        tries[name] = tries.get(name, 0) + 1
        is_whole = tries[name] >= _MOST_TRIES
    if is_whole:
        known[question] = found
    return found


def _joined(scope: Scope, name: str, bindings: list[Binding]) -> Type | None:
    key = (id(scope), name)
    if key in _active:
        return _cycle()
    _active[key] = 1
    try:
        bound = [b for b in bindings if b.kind != "augmented"]
        others = [b for b in bound if not _is_moved(b, name)]
        return join_with_moves([_of_binding(scope, b) for b in others], len(others) < len(bound))
    finally:
        del _active[key]


def _cycle() -> Type:
    """What something is that is being inferred already, further up."""
    global _cycles
    _cycles += 1
    return _CYCLE


def _is_moved(binding: Binding, name: str) -> bool:
    """Whether a binding is `name = name.to(device)`."""
    if binding.value is None or binding.kind != "assign":
        return False
    inner = moved(binding.value)
    return inner is not binding.value and isinstance(inner, nodes.Name) and inner.value == name


def _of_binding(scope: Scope, binding: Binding) -> Type | None:
    if binding.kind == "parameter":
        return _of_parameter(scope, binding)
    if binding.value is None:
        if binding.annotation is not None:
            return type_of_annotation(scope, binding.annotation)
        return None
    if binding.kind == "for":
        return _element(scope, binding.value, binding.index)
    if binding.kind == "assign":
        found = scope.type(binding.value)
        if found is None and binding.annotation is not None:
            return type_of_annotation(scope, binding.annotation)
        return found
    if binding.kind == "unpack":
        rounds = scope.bindings.get(binding.value.value, []) if isinstance(binding.value, nodes.Name) else []
        if len(rounds) == 1 and rounds[0].kind == "for" and rounds[0].index is None and rounds[0].value is not None:
            return _element(scope, rounds[0].value, binding.index)
        whole = scope.type(binding.value)
        return whole.item if whole is not None and not whole.pairs else None
    return None


def _of_parameter(scope: Scope, binding: Binding) -> Type | None:
    """A parameter is what its annotation says; a default shows the kind of value, not which one."""
    param = binding.node
    if isinstance(param, nodes.Param) and param.star in ("*", "**"):
        return None
    if binding.annotation is not None:
        annotated = type_of_annotation(scope, binding.annotation)
        if annotated is not None and not (annotated.is_module and _is_class(scope, binding.value)):
            return annotated
    if binding.value is None:
        return _class_of_classmethod(scope, param)
    default = scope.type(binding.value)
    if default is None or default.kind not in ("module", "class", "container"):
        return None
    if default.kind == "container":
        return replace(default, owns=None)
    is_module = default.kind == "module" or module_class(default.name) is not None
    return Type(default.kind, "torch.nn.Module" if is_module else "")


def _is_class(scope: Scope, default: nodes.BaseExpression | None) -> bool:
    """Whether a default is a class: `layer: nn.Module = nn.Linear` names what is made, and means no instance."""
    known = scope.type(default) if isinstance(default, (nodes.Name, nodes.Attribute)) else None
    return known is not None and known.kind == "class"


def _class_of_classmethod(scope: Scope, param: nodes.Node) -> Type | None:
    """The class itself, where the parameter is the first of a class method."""
    function = scope.node
    if scope.cls is None or not isinstance(function, nodes.FunctionDef) or param not in function.params.params[:1]:
        return None
    names = {d.decorator.value for d in function.decorators if isinstance(d.decorator, nodes.Name)}
    return Type("class", scope.cls.canonical, scope.cls) if "classmethod" in names else None


def _parameters(scope: Scope, function: nodes.FunctionDef) -> frozenset[str]:
    """The names of a function's usual parameters."""
    known: dict[nodes.FunctionDef, frozenset[str]] = remember(scope, "parameters of functions", dict)
    if function not in known:
        known[function] = frozenset(p.name.value for p in function.params.params)
    return known[function]


def _narrowed(scope: Scope, node: nodes.Node, name: str) -> Type | None:
    """The class that an enclosing `if isinstance(name, C)` or `type(name) is C` proves."""
    below: nodes.Node = node
    ancestor: Any
    for ancestor in scope.ancestors(node):
        kind = ancestor.__class__
        if kind is nodes.If or kind is nodes.IfExp:
            found = _proved(scope, ancestor.test, name) if below is ancestor.body else None
            if found is not None:
                return found
        elif kind is nodes.MatchCase and below is not ancestor.pattern:
            found = _one_of(scope, classes_of_case(scope, ancestor, name))
            if found is not None:
                return found
        elif kind is nodes.FunctionDef and name in _parameters(scope, ancestor):
            return None
        below = ancestor
    return None


def _proved(scope: Scope, test: nodes.BaseExpression, name: str) -> Type | None:
    if isinstance(test, nodes.BooleanOperation) and isinstance(test.operator, operators.And):
        return _proved(scope, test.left, name) or _proved(scope, test.right, name)
    classes: nodes.BaseExpression | None = None
    if isinstance(test, nodes.Call) and isinstance(test.func, nodes.Name) and test.func.value == "isinstance":
        if len(test.args) == 2 and isinstance(test.args[0].value, nodes.Name) and test.args[0].value.value == name:
            classes = test.args[1].value
    elif isinstance(test, nodes.Comparison) and len(test.comparisons) == 1:
        left, right = test.left, test.comparisons[0]
        if isinstance(right.operator, (operators.Equal, operators.Is)) and isinstance(left, nodes.Call):
            if isinstance(left.func, nodes.Name) and left.func.value == "type" and len(left.args) == 1:
                argument = left.args[0].value
                if isinstance(argument, nodes.Name) and argument.value == name:
                    classes = right.comparator
    if classes is None:
        return None
    return _one_of(scope, [e.value for e in classes.elements] if isinstance(classes, nodes.Tuple) else [classes])


def _one_of(scope: Scope, options: Sequence[nodes.BaseExpression]) -> Type | None:
    types = [instance_of(scope.resolve(option)) for option in options]
    return join(list(types)) if types else None


# Attributes, elements


def _attribute(scope: Scope, node: nodes.Attribute) -> Type | None:
    owner = scope.type(node.value)
    name = node.attr.value
    if name == "grad" and (owner is None or owner.kind in ("parameter", "tensor")):
        return GRADIENT
    found = class_object(scope.resolve(node)) if owner is None else attribute_of(owner, name)
    return found or _proved_attribute(scope, node)


def _proved_attribute(scope: Scope, node: nodes.Attribute) -> Type | None:
    """The class that a condition around proves of an attribute of the instance: `if isinstance(self.act, nn.PReLU)`."""
    if scope.self_attribute(node) is None:
        return None
    from paramlint.facts.type_tests import classes_proved

    return _one_of(scope, classes_proved(scope, node))


def _subscript(scope: Scope, node: nodes.Subscript) -> Type | None:
    owner = scope.type(node.value)
    if owner is None:
        return None
    if owner.kind in ("container", "module"):
        is_slice = any(isinstance(e.slice, nodes.Slice) for e in node.slice)
        return owner if is_slice else owner.item
    if owner.kind in ("parameter", "tensor", "buffer"):
        return replace(TENSOR, leaf=owner.kind != "parameter")
    return TENSOR if owner.kind == "state_dict" else None


def _element(scope: Scope, iterated: nodes.BaseExpression, index: int | None) -> Type | None:
    """What a loop over an expression gives; `index` is the place in a tuple target."""
    if isinstance(iterated, nodes.Call) and isinstance(iterated.func, nodes.Name) and index is not None:
        arguments = [a.value for a in iterated.args]
        if iterated.func.value == "zip" and index < len(arguments):
            return _element(scope, arguments[index], None)
        if iterated.func.value == "enumerate" and arguments:
            return _element(scope, arguments[0], None) if index == 1 else OTHER
    found = scope.type(iterated)
    if found is None:
        return PARAMETER if index is None and _is_group_of_parameters(iterated) else None
    if index is None:
        return None if found.pairs else found.item
    if found.pairs:
        return found.item if index == 1 else OTHER
    return None


def _is_group_of_parameters(node: nodes.BaseExpression) -> bool:
    """`group["params"]` of an optimizer's parameter groups."""
    return (
        isinstance(node, nodes.Subscript)
        and len(node.slice) == 1
        and isinstance(node.slice[0].slice, nodes.Index)
        and isinstance(node.slice[0].slice.value, nodes.SimpleString)
        and node.slice[0].slice.value.evaluated_value == "params"
    )


# Displays


def _sequence(scope: Scope, node: nodes.List | nodes.Tuple | nodes.Set) -> Type | None:
    items: list[Type | None] = []
    for element in node.elements:
        found = scope.type(element.value)
        if isinstance(element, nodes.StarredElement):
            found = found.item if found is not None else None
        items.append(found)
    return _container(node.__class__.__name__.lower(), items)


def _dict(scope: Scope, node: nodes.Dict) -> Type | None:
    items: list[Type | None] = []
    for element in node.elements:
        found = scope.type(element.value)
        if isinstance(element, nodes.StarredDictElement):
            found = found.item if found is not None else None
        items.append(found)
    return _container("dict", items)


def _container(name: str, items: list[Type | None]) -> Type:
    """A container display; whether it owns parameters is asked of its parts when somebody wants to know."""
    return Type("container", name, item=join(items) if items else None, parts=tuple(items))


def _comprehension(scope: Scope, node: nodes.ListComp | nodes.SetComp | nodes.GeneratorExp) -> Type:
    item = scope.type(node.elt)
    lazy = isinstance(node, nodes.GeneratorExp)
    return Type("container", "generator" if lazy else "list", item=item, lazy=lazy)


def _dict_comprehension(scope: Scope, node: nodes.DictComp) -> Type:
    item = scope.type(node.value)
    return Type("container", "dict", item=item)


# Operators


def _conditional(scope: Scope, node: nodes.IfExp) -> Type | None:
    return join([scope.type(node.body), scope.type(node.orelse)])


def _boolean(scope: Scope, node: nodes.BooleanOperation) -> Type | None:
    if isinstance(node.operator, operators.Or):
        return join([scope.type(node.left), scope.type(node.right)])
    return scope.type(node.right)


def _arithmetic(scope: Scope, node: nodes.BinaryOperation) -> Type | None:
    left, right = scope.type(node.left), scope.type(node.right)
    for side in (left, right):
        if side is not None and side.kind == "container":
            if isinstance(node.operator, operators.Multiply):
                return side
            if left is not None and right is not None and right.kind == left.kind:
                return _container("list", [left.item, right.item])
            return None
    tensors = [t for t in (left, right) if t is not None and t.kind in ("parameter", "tensor", "buffer")]
    if tensors:
        return replace(TENSOR, leaf=all(t.leaf and t.kind != "parameter" for t in tensors))
    return OTHER if left is not None and right is not None and left.kind == right.kind == "other" else None


def _named(scope: Scope, node: nodes.NamedExpr) -> Type | None:
    return scope.type(node.value)


def _unary(scope: Scope, node: nodes.UnaryOperation) -> Type | None:
    value = scope.type(node.expression)
    if value is not None and value.kind in ("parameter", "tensor", "buffer"):
        return replace(TENSOR, leaf=value.kind != "parameter" and value.leaf)
    return OTHER if isinstance(node.operator, operators.Not) else value


def _starred(scope: Scope, node: nodes.StarredElement) -> Type | None:
    found = scope.type(node.value)
    return found.item if found is not None else None


_HANDLERS: dict[type, Callable[..., Type | None]] = {
    nodes.Name: _name,
    nodes.Attribute: _attribute,
    nodes.Subscript: _subscript,
    nodes.List: _sequence,
    nodes.Tuple: _sequence,
    nodes.Set: _sequence,
    nodes.Dict: _dict,
    nodes.ListComp: _comprehension,
    nodes.SetComp: _comprehension,
    nodes.GeneratorExp: _comprehension,
    nodes.DictComp: _dict_comprehension,
    nodes.IfExp: _conditional,
    nodes.BooleanOperation: _boolean,
    nodes.BinaryOperation: _arithmetic,
    nodes.UnaryOperation: _unary,
    nodes.NamedExpr: _named,
    nodes.Call: result_of,
    nodes.StarredElement: _starred,
}
