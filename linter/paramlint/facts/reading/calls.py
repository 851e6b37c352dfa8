"""What calls do: of the project's functions and classes, of Python's own, and of a framework's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.reading import lookup
from paramlint.facts.reading.events import Called
from paramlint.facts.reading.trace import is_layer_class
from paramlint.facts.reading.values import (
    UNKNOWN,
    UNNAMED,
    Choice,
    ClassValue,
    Const,
    Function,
    Held,
    Named,
    Part,
    Result,
    Thing,
    Value,
    either,
    options,
)
from paramlint.knowledge.keras_names import INITIALIZER_TEXTS

if TYPE_CHECKING:
    from paramlint.facts.classes import Class
    from paramlint.facts.reading.reader import Reader

#: Things made inside each other whose constructors are gone into.
_CONSTRUCTORS = 3
_GETS = ("keras.initializers.get", "keras.initializers.deserialize")


def call(reader: Reader, node: nodes.Call) -> Value:
    """What a call gives."""
    above = _above(reader, node.func)
    func = above if above is not None else reader.evaluate(node.func)
    args: list[Value] = []
    keywords: dict[str, Value] = {}
    is_open = False
    for arg in node.args:
        value = reader.evaluate(arg.value)
        if arg.star == "*":
            is_open = is_open or not isinstance(value, Held) or value.each
            args.extend(value.items if isinstance(value, Held) else ())
        elif arg.star == "**":
            is_open = is_open or not isinstance(value, Held) or value.each
            keywords.update(_spread(value))
        elif arg.keyword is not None:
            keywords[arg.keyword.value] = value
        else:
            args.append(value)
    return perform(reader, node, func, args, keywords, is_open)


def _spread(value: Value) -> dict[str, Value]:
    if not isinstance(value, Held):
        return {}
    pairs = zip(value.keys, value.items, strict=False)
    return {key.value: item for key, item in pairs if isinstance(key, Const) and isinstance(key.value, str)}


def _above(reader: Reader, func: nodes.Node) -> Value | None:
    """What `super().method` is."""
    if not (isinstance(func, nodes.Attribute) and isinstance(func.value, nodes.Call)):
        return None
    inner = func.value.func
    frame = reader.frame
    if not (isinstance(inner, nodes.Name) and inner.value == "super"):
        return None
    owner = frame.owner if frame.owner is not None else UNKNOWN
    name = func.attr.value
    for cls in frame.cls.mro[1:] if frame.cls is not None else ():
        method = cls.own_method(name)
        if method is not None and lookup.of_class(cls).__class__ is ClassValue:
            return lookup.of_scope(method, owner)
    return reader.part(reader.part(owner, "super()"), name)


def perform(
    reader: Reader, node: nodes.Node, func: Value, args: list[Value], keywords: dict[str, Value], is_open: bool
) -> Value:
    """Do what a call does, and note it."""
    event = reader.called(node, func, args, keywords)
    event.open = is_open
    event.result = Result(event)
    found = [_performed(reader, event, one) for one in list(options(func))[:4]]
    event.result = either(found)
    return event.result


def _performed(reader: Reader, event: Called, func: Value) -> Value:
    args, keywords = event.args, event.keywords
    if isinstance(func, ClassValue):
        return _made(reader, event, func.cls)
    if isinstance(func, Function):
        name = func.node.name.value if isinstance(func.node, nodes.FunctionDef) else ""
        if func.owner is not None and reader.is_foreign(func):
            return _method(reader, event, reader.part(func.owner, name))  # a method of the framework's own, by its name
        found = reader.run(func, args, keywords, name)
        return found if found is not UNKNOWN else Result(event)
    if isinstance(func, Named):
        return _named(reader, event, func.name)
    if isinstance(func, Part):
        return _method(reader, event, func)
    if isinstance(func, Thing) and func.what == "functools.partial" and func.made.args:
        inner = func.made
        merged = {**inner.keywords, **keywords}
        return perform(reader, event.node, inner.args[0], [*inner.args[1:], *args], merged, event.open)
    if isinstance(func, Thing) and func.cls is not None:
        if reader.follows and is_layer_class(func.cls):
            passed(reader, event, func)
            return Result(event)
        method = func.cls.method("__call__")
        if method is not None and isinstance(method.node, nodes.FunctionDef):
            made = reader.run(Function(method, method.node, {}, func, method.cls), args, keywords, "__call__")
            return made if made is not UNKNOWN else Result(event)
    return Result(event)


def passed(reader: Reader, event: Called, layer: Thing) -> None:
    """Go into `build`, once, and `call` of a layer that is called."""
    assert layer.cls is not None
    for name in ("build", "call"):
        method = layer.cls.method(name)
        if method is None or not isinstance(method.node, nodes.FunctionDef) or method.cls is None:
            continue
        if lookup.of_class(method.cls).__class__ is not ClassValue:
            continue
        function = Function(method, method.node, {}, layer, method.cls)
        if name == "call":
            event.inner = reader.run(function, event.args, event.keywords, name)
        elif layer not in reader.built:
            reader.built.add(layer)
            reader.run(function, [shape(reader, one) for one in event.args[:1]], {}, name)


def shape(reader: Reader, value: Value) -> Value:
    """The shape of what a layer is called with, or the shapes of several."""
    if isinstance(value, Held):
        return Held("list", [shape(reader, one) for one in value.items], each=value.each)
    return reader.part(value, "shape")


def _made(reader: Reader, event: Called, cls: Class) -> Value:
    thing = Thing("", cls, event)
    depth = sum(name in ("__init__", "build") for name in reader.stack)
    method = cls.method("__init__")
    if method is None or not isinstance(method.node, nodes.FunctionDef):
        if not any(isinstance(base, str) for base in cls.outside):
            reader.heap[thing] = dict(event.keywords)
        return thing
    if depth < _CONSTRUCTORS or reader.follows:
        reader.run(Function(method, method.node, {}, thing, method.cls), event.args, event.keywords, "__init__")
        build = cls.method("build") if not reader.follows else None
        if build is not None and isinstance(build.node, nodes.FunctionDef) and build.cls is not None:
            if lookup.of_class(build.cls).__class__ is ClassValue:
                reader.run(Function(build, build.node, {}, thing, build.cls), [UNKNOWN], {}, "build")
    return thing


def _named(reader: Reader, event: Called, name: str) -> Value:
    args = event.args
    if name in _GETS and args:
        return initializer(event, args[0])
    if name == "setattr" and len(args) == 3:
        return _stored(reader, event, args[0], args[1], args[2])
    if name == "getattr" and len(args) >= 2 and isinstance(args[1], Const):
        return reader.attribute(args[0], str(args[1].value))
    if name in ("list", "tuple", "set", "dict"):
        return _container(event, name)
    if name == "map" and len(args) == 2:
        from paramlint.facts.reading.expressions import element_of

        loops, reader.loops = reader.loops, (*reader.loops, event.node)
        one = perform(reader, event.node, args[0], [element_of(reader, args[1])], {}, False)
        reader.loops = loops
        return Held("list", [one], each=True)
    if name == "functools.partial" or name.rpartition(".")[2][:1].isupper():
        return Thing(name, None, event)
    return Result(event)


def _stored(reader: Reader, event: Called, owner: Value, key: Value, value: Value) -> Value:
    written = key.value if isinstance(key, Const) else UNNAMED
    reader.store(event.node, owner, str(written), value)
    return Const(None)


def _container(event: Called, name: str) -> Value:
    if name == "dict" and not event.args:
        return Held("dict", list(event.keywords.values()), [Const(key) for key in event.keywords], each=event.open)
    if not event.args:
        return Held(name, [])
    first = event.args[0]
    if isinstance(first, Held) and name != "dict":
        return Held(name, list(first.items), each=first.each, repeated=first.repeated)
    return Result(event)


def initializer(event: Called, given: Value) -> Value:
    """What `initializers.get` gives: an instance as it is, of a text or class a new one."""
    if isinstance(given, Choice):
        found = [initializer(event, one) for one in given.options]
        if not any(isinstance(one, Thing) and one.made is event for one in found):
            return either(found)
    if isinstance(given, Const):
        if isinstance(given.value, str):
            known = INITIALIZER_TEXTS.get(given.value, given.value)
            return Thing(f"keras.initializers.{known}", None, event)
        return given
    if isinstance(given, Named) and given.name.startswith("keras.initializers."):
        return Thing(given.name, None, event)
    if isinstance(given, Thing) and (given.what.startswith("keras.initializers.") or given.cls is not None):
        return given
    return Thing("keras.initializers.get", None, event)


def _method(reader: Reader, event: Called, func: Part) -> Value:
    owner, name, args = func.owner, func.name, event.args
    if isinstance(owner, Held):
        return _of_container(reader, event, owner, name)
    if name == "__setattr__" and len(args) == 2:
        instance = owner.owner if isinstance(owner, Part) and owner.name == "super()" else owner
        return _stored(reader, event, instance, *args)
    if name == "add_weight" or (name == "add_variable" and owner is not UNKNOWN):
        return Thing("keras.Variable", None, event)
    if name == "from_config" and isinstance(owner, Named) and owner.name.startswith("keras.initializers."):
        return Thing(owner.name, None, event)
    if name in ("get", "get_constant") and isinstance(owner, Part) and owner.name == "params":
        return Thing("gluon.Parameter", None, event)
    if name == "append" and args and isinstance(owner, Part):
        return Const(None)
    return Result(event)


def _of_container(reader: Reader, event: Called, held: Held, name: str) -> Value:
    args = event.args
    if name in ("append", "add", "insert") and args:
        held.items.append(args[-1])
        return Const(None)
    if name == "extend" and args:
        if isinstance(args[0], Held):
            held.items.extend(args[0].items)
            held.each = held.each or args[0].each
        return Const(None)
    if name == "setdefault" and len(args) == 2:
        held.keys.append(args[0])
        held.items.append(args[1])
        return args[1]
    if name == "update":
        held.keys.extend(Const(key) for key in event.keywords)
        held.items.extend(event.keywords.values())
        if args and isinstance(args[0], Held):
            held.keys.extend(args[0].keys)
            held.items.extend(args[0].items)
        return Const(None)
    if name in ("get", "pop") and held.kind == "dict" and args:
        from paramlint.facts.reading.expressions import element

        return element(reader, held, args[0])
    if name == "copy":
        return Held(held.kind, list(held.items), list(held.keys), held.each)
    return Result(event)


__all__ = ["Choice", "call", "initializer", "perform"]
