"""What expressions give, a function a kind of node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from paramlint import nodes
from paramlint.facts.reading import lookup
from paramlint.facts.reading.calls import call
from paramlint.facts.reading.events import Taken
from paramlint.facts.reading.values import (
    UNKNOWN,
    Const,
    Derived,
    Function,
    Held,
    Part,
    Result,
    Thing,
    Value,
    either,
    options,
)
from paramlint.nodes import operators
from paramlint.syntax.walk import is_spelled_like

if TYPE_CHECKING:
    from paramlint.facts.reading.reader import Reader


#: Lists of variables that layers and models make when they are asked.
_VARIABLES = ("trainable_variables", "trainable_weights", "variables", "weights")


def evaluate(reader: Reader, node: nodes.Node) -> Value:
    """What an expression gives."""
    reader.step()
    handler = _HANDLERS.get(node.__class__)
    return handler(reader, node) if handler is not None else UNKNOWN


def _constant(_: Reader, node: Any) -> Value:
    return Const(node.evaluated_value)


def _attribute(reader: Reader, node: nodes.Attribute) -> Value:
    found = lookup.dotted(reader, node)
    if found is not None:
        return found
    owner = reader.evaluate(node.value)
    if node.attr.value in _VARIABLES:
        reader.note(Taken(**reader.place(node), owner=owner, name=node.attr.value))
    return reader.attribute(owner, node.attr.value)


def _sequence(kind: str) -> Callable[[Reader, Any], Value]:
    def read(reader: Reader, node: nodes.List | nodes.Tuple | nodes.Set) -> Value:
        items: list[Value] = []
        for element in node.elements:
            value = reader.evaluate(element.value)
            if isinstance(element, nodes.StarredElement):
                items.extend(value.items if isinstance(value, Held) else [element_of(reader, value)])
            else:
                items.append(value)
        return Held(kind, items)

    return read


def _dict(reader: Reader, node: nodes.Dict) -> Value:
    held = Held("dict", [])
    for element in node.elements:
        value = reader.evaluate(element.value)
        if isinstance(element, nodes.DictElement):
            held.keys.append(reader.evaluate(element.key))
            held.items.append(value)
        elif isinstance(value, Held):
            held.keys.extend(value.keys)
            held.items.extend(value.items)
        else:
            held.each = True
    return held


def _comprehension(kind: str) -> Callable[[Reader, Any], Value]:
    def read(reader: Reader, node: Any) -> Value:
        loops, names, looped = reader.loops, dict(reader.frame.names), set(reader.frame.looped)
        part: nodes.CompFor | None = node.for_in
        if reader.follows and part is not None and not part.ifs and part.inner_for_in is None:
            known = items_in_order(reader, reader.evaluate(part.iter))
            if known is not None:
                return _each_round(reader, node, kind, known)
        while part is not None:
            bind(reader, part.target, element_of(reader, reader.evaluate(part.iter)), node, looped=True)
            reader.loops = (*reader.loops, part)
            for condition in part.ifs:
                reader.evaluate(condition.test)
            part = part.inner_for_in
        if kind == "dict":
            held = Held("dict", [reader.evaluate(node.value)], [reader.evaluate(node.key)], each=True)
        else:
            held = Held(kind, [reader.evaluate(node.elt)], each=True)
        if any(isinstance(one, Thing) and len(one.made.loops) < len(reader.loops) for one in held.items):
            reader.repeated(node, held, node.value if kind == "dict" else node.elt)
        reader.loops = loops
        reader.frame.names, reader.frame.looped = names, looped
        return held

    return read


def _each_round(reader: Reader, node: Any, kind: str, items: Sequence[Value]) -> Value:
    """A comprehension over items that are known."""
    names = dict(reader.frame.names)
    held = Held(kind, [])
    for item in items:
        bind(reader, node.for_in.target, item, node)
        if kind == "dict":
            held.keys.append(reader.evaluate(node.key))
        held.items.append(reader.evaluate(node.value if kind == "dict" else node.elt))
    reader.frame.names = names
    return held


def _binary(reader: Reader, node: nodes.BinaryOperation) -> Value:
    left, right = reader.evaluate(node.left), reader.evaluate(node.right)
    if isinstance(node.operator, operators.Multiply):
        for held, display in ((left, node.left), (right, node.right)):
            if isinstance(held, Held) and held.kind in ("list", "tuple"):
                reader.repeated(node, held, display)
                return Held(held.kind, list(held.items), each=True, repeated=True)
    if isinstance(node.operator, operators.Add) and isinstance(left, Held) and isinstance(right, Held):
        return Held(left.kind, [*left.items, *right.items], each=left.each or right.each)
    return Derived((left, right), _SIGNS.get(type(node.operator), ""))


_SIGNS: dict[type, str] = {
    operators.Add: "+",
    operators.Subtract: "-",
    operators.Multiply: "*",
    operators.FloorDivide: "//",
    operators.Divide: "/",
    operators.Power: "**",
    operators.Modulo: "%",
}


def _boolean(reader: Reader, node: nodes.BooleanOperation) -> Value:
    left, right = reader.evaluate(node.left), reader.evaluate(node.right)
    if isinstance(node.operator, operators.Or) and isinstance(left, Const) and not left.value:
        return right
    return either((left, right))


def _unary(reader: Reader, node: nodes.UnaryOperation) -> Value:
    value = reader.evaluate(node.expression)
    if isinstance(value, Const) and isinstance(value.value, (int, float)):
        if isinstance(node.operator, operators.Minus):
            return Const(-value.value)
        if isinstance(node.operator, operators.Not):
            return Const(not value.value)
    return Derived((value,))


def _comparison(reader: Reader, node: nodes.Comparison) -> Value:
    parts = [reader.evaluate(node.left), *(reader.evaluate(one.comparator) for one in node.comparisons)]
    if len(parts) == 2 and (said := _compared(parts[0], node.comparisons[0].operator, parts[1])) is not None:
        return Const(said)
    return Derived(tuple(parts))


def _compared(left: Value, operator: Any, right: Value) -> bool | None:
    if isinstance(operator, (operators.Is, operators.IsNot)) and isinstance(right, Const) and right.value is None:
        from paramlint.facts.reading.values import ClassValue

        if isinstance(left, Const):
            return (left.value is None) == isinstance(operator, operators.Is)
        if isinstance(left, (Thing, Held, ClassValue, Function)):
            return isinstance(operator, operators.IsNot)
    if isinstance(left, Const) and isinstance(right, Const):
        if isinstance(operator, operators.Equal):
            return bool(left.value == right.value)
        if isinstance(operator, operators.NotEqual):
            return bool(left.value != right.value)
    return None


def _choice(reader: Reader, node: nodes.IfExp) -> Value:
    test = reader.evaluate(node.test)
    if isinstance(test, Const):
        return reader.evaluate(node.body if test.value else node.orelse)
    if is_spelled_like(node.body, node.orelse):
        return reader.evaluate(node.body)
    guards = reader.guards
    if len(reader.stack) < 2:
        reader.tests[node] = reader.frame.scope
    found = []
    for arm, branch in enumerate((node.body, node.orelse)):
        reader.guards = (*guards, (node, arm))
        found.append(reader.evaluate(branch))
    reader.guards = guards
    return either(found)


def _lambda(reader: Reader, node: nodes.Lambda) -> Value:
    frame = reader.frame
    return Function(frame.scope, node, {**frame.outer, **frame.names}, None, frame.cls)


def _walrus(reader: Reader, node: nodes.NamedExpr) -> Value:
    value = reader.evaluate(node.value)
    bind(reader, node.target, value, node)
    return value


def _inner(reader: Reader, node: Any) -> Value:
    value = node.expression if isinstance(node, nodes.Await) else node.value
    if isinstance(value, nodes.From):
        value = value.item
    found = reader.evaluate(value)
    return found if isinstance(node, nodes.Await) else UNKNOWN


def _formatted(reader: Reader, node: nodes.FormattedString) -> Value:
    parts = [reader.evaluate(p.expression) for p in node.parts if isinstance(p, nodes.FormattedStringExpression)]
    return Derived(tuple(parts))


def _joined_text(reader: Reader, node: nodes.ConcatenatedString) -> Value:
    left, right = reader.evaluate(node.left), reader.evaluate(node.right)
    if isinstance(left, Const) and isinstance(right, Const):
        return Const(str(left.value) + str(right.value))
    return Derived((left, right))


def key_of(reader: Reader, node: nodes.Subscript) -> Value | None:
    """What stands in brackets, where it is one index."""
    if len(node.slice) != 1 or not isinstance(node.slice[0].slice, nodes.Index):
        for part in node.slice:
            if isinstance(part.slice, nodes.Index):
                reader.evaluate(part.slice.value)
        return None
    return reader.evaluate(node.slice[0].slice.value)


def _subscript(reader: Reader, node: nodes.Subscript) -> Value:
    owner = reader.evaluate(node.value)
    key = key_of(reader, node)
    return either(element(reader, one, key) for one in options(owner))


def element(reader: Reader, owner: Value, key: Value | None) -> Value:
    """What stands at an index or key of a value."""
    known = key.value if isinstance(key, Const) else None
    if isinstance(owner, Held):
        if key is None:
            return Held(owner.kind, list(owner.items), each=owner.each)
        if owner.kind == "dict":
            same = [
                i for k, i in zip(owner.keys, owner.items, strict=False) if isinstance(k, Const) and k.value == known
            ]
            if same and known is not None:
                return same[-1]
        elif isinstance(known, int) and not owner.each and -len(owner.items) <= known < len(owner.items):
            return owner.items[known]
        return either(owner.items) if owner.items else reader.part(owner, "[]")
    if key is None:
        return reader.part(owner, "[:]")
    if isinstance(known, int) and (layer := _layer_of(reader, owner, known)) is not None:
        return layer
    return reader.part(owner, f"[{known!r}]" if isinstance(key, Const) else "[]")


def _layer_of(reader: Reader, owner: Value, place: int) -> Value | None:
    """One of the layers that a sequential model was given, as a list or one by one: `model.layers[0]`, `net[0]`."""
    model = owner.owner if isinstance(owner, Part) and owner.name == "layers" else owner
    if not isinstance(model, Thing) or model.what not in (_INDEXED if model is owner else _LISTED):
        return None
    given = model.made.args[0] if model.made.args and model is not owner else Held("list", [])
    if not isinstance(given, Held) or given.each or model.made.open:
        return None
    layers = list(given.items)
    for event in reader.trace.calls:
        if isinstance(event.func, Part) and event.func.owner is model and event.func.name in _CHANGING:
            is_sure = event.loops == model.made.loops and event.guards == model.made.guards
            if event.func.name != "add" or event.open or not is_sure:
                return None  # how many there are is not known
            layers += event.args
    layers = [one for one in layers if not (isinstance(one, (Thing, Result)) and _is_input(one))]
    return layers[place] if -len(layers) <= place < len(layers) else None


#: What is indexed itself, and what has a list of its layers.
_INDEXED = ("gluon.Sequential", "gluon.HybridSequential")
_LISTED = ("keras.Sequential",)
_CHANGING = ("add", "pop", "insert", "register_child")


def _is_input(value: Thing | Result) -> bool:
    name = value.what if isinstance(value, Thing) else ""
    return name.rpartition(".")[2] in ("Input", "InputLayer")


#: Rounds of a loop that are gone one by one.
_MOST_ROUNDS = 64


def items_in_order(reader: Reader, value: Value) -> Sequence[Value] | None:
    """What a loop over a value gives its name in each round, where all of it is known."""
    found = _in_order(reader, value)
    return found if found is not None and len(found) <= _MOST_ROUNDS else None


def _in_order(reader: Reader, value: Value) -> Sequence[Value] | None:
    from paramlint.facts.reading.values import Named

    if isinstance(value, Held):
        return None if value.each else (value.keys if value.kind == "dict" else value.items)
    if not isinstance(value, Result):
        return None
    func, args = value.call.func, value.call.args
    name = func.name if isinstance(func, Named) else ""
    if name == "range" and args:
        numbers = [one.value for one in args if isinstance(one, Const) and isinstance(one.value, int)]
        if len(numbers) != len(args) or numbers[2:] == [0]:
            return None
        return [Const(number) for number in range(*numbers)[: _MOST_ROUNDS + 1]]
    if name in ("enumerate", "zip", "reversed", "list", "tuple") and args and not value.call.open:
        inner = [_in_order(reader, one) for one in args[: None if name == "zip" else 1]]
        if any(one is None for one in inner):
            return None
        columns = [one for one in inner if one is not None]
        if name == "enumerate":
            first = args[1] if len(args) > 1 else value.call.keywords.get("start", Const(0))
            start = first.value if isinstance(first, Const) and isinstance(first.value, int) else None
            return (
                None if start is None else [Held("tuple", [Const(start + n), one]) for n, one in enumerate(columns[0])]
            )
        if name == "zip":
            return [Held("tuple", list(row)) for row in zip(*columns, strict=False)]
        return columns[0][::-1] if name == "reversed" else columns[0]
    if isinstance(func, Part) and isinstance(func.owner, Held) and func.owner.kind == "dict" and not func.owner.each:
        held = func.owner
        if func.name == "items":
            return [Held("tuple", [key, one]) for key, one in zip(held.keys, held.items, strict=False)]
        return {"values": held.items, "keys": held.keys}.get(func.name)
    return None


#: What gives the elements of its first argument.
_PASSING = ("list", "tuple", "sorted", "reversed", "set", "iter", "tqdm.tqdm", "filter")


def element_of(reader: Reader, value: Value) -> Value:
    """What a loop over a value gives its name."""
    return either(_element_of(reader, one) for one in options(value))


def _element_of(reader: Reader, value: Value) -> Value:
    from paramlint.facts.reading.values import Named

    if isinstance(value, Held):
        if value.kind == "dict":
            return either(value.keys) if value.keys else UNKNOWN
        return either(value.items) if value.items else reader.part(value, "[]")
    if isinstance(value, Result):
        made = value.call
        func = made.func.name if isinstance(made.func, Named) else ""
        if func == "zip":
            return Held("tuple", [element_of(reader, one) for one in made.args])
        if func == "enumerate" and made.args:
            return Held("tuple", [UNKNOWN, element_of(reader, made.args[0])])
        if func in _PASSING and made.args:
            return element_of(reader, made.args[1 if func == "filter" and len(made.args) > 1 else 0])
        if func == "range":
            return Derived((value,))
        if isinstance(made.func, Part) and made.func.name in ("items", "values"):
            owner = made.func.owner
            inner = either(owner.items) if isinstance(owner, Held) and owner.items else reader.part(owner, "[]")
            return Held("tuple", [UNKNOWN, inner]) if made.func.name == "items" else inner
    if isinstance(value, Const):
        return UNKNOWN
    return reader.part(value, "[]")


def bind(reader: Reader, target: nodes.Node, value: Value, node: nodes.Node, looped: bool = False) -> None:
    """Give what stands left of `=`, or in a loop's header, a value."""
    if isinstance(target, nodes.Name):
        if looped:
            reader.frame.names[target.value] = value
            reader.frame.looped.add(target.value)
        else:
            reader.rebind(node, target.value, value)
    elif isinstance(target, (nodes.Tuple, nodes.List)):
        for place, one in enumerate(target.elements):
            inner = element(reader, value, Const(place)) if isinstance(one, nodes.Element) else UNKNOWN
            bind(reader, one.value, inner, node, looped)
    elif isinstance(target, nodes.Attribute):
        reader.store(node, reader.evaluate(target.value), target.attr.value, value)
    elif isinstance(target, nodes.Subscript):
        owner = reader.evaluate(target.value)
        key = key_of(reader, target)
        reader.store(node, owner, "[]" if key is not None else "[:]", value, key=key)


_HANDLERS: dict[type[nodes.Node], Callable[[Reader, Any], Value]] = {
    nodes.Name: lookup.name,
    nodes.Attribute: _attribute,
    nodes.Call: call,
    nodes.Integer: _constant,
    nodes.Float: _constant,
    nodes.SimpleString: _constant,
    nodes.ConcatenatedString: _joined_text,
    nodes.FormattedString: _formatted,
    nodes.List: _sequence("list"),
    nodes.Tuple: _sequence("tuple"),
    nodes.Set: _sequence("set"),
    nodes.Dict: _dict,
    nodes.ListComp: _comprehension("list"),
    nodes.GeneratorExp: _comprehension("list"),
    nodes.SetComp: _comprehension("set"),
    nodes.DictComp: _comprehension("dict"),
    nodes.BinaryOperation: _binary,
    nodes.BooleanOperation: _boolean,
    nodes.UnaryOperation: _unary,
    nodes.Comparison: _comparison,
    nodes.IfExp: _choice,
    nodes.Lambda: _lambda,
    nodes.NamedExpr: _walrus,
    nodes.Await: _inner,
    nodes.Yield: _inner,
    nodes.Subscript: _subscript,
}
