"""The trace of each unit that is checked: of a class, a function, the code of a module; read once for all rules."""

from __future__ import annotations

from collections.abc import Mapping

from paramlint import nodes
from paramlint.facts.files import File
from paramlint.facts.reading.lookup import class_value, is_framework
from paramlint.facts.reading.reader import Frame, Reader, TooLongError
from paramlint.facts.reading.trace import Trace
from paramlint.facts.reading.values import UNKNOWN, Function, Thing, Value
from paramlint.syntax.outline import Unit

#: Methods that run before the others of a class, in this order.
_FIRST = ("__init__", "build", "call", "forward", "hybrid_forward")
_KEPT = "trace"


def trace_of(file: File, unit: Unit) -> Trace:
    """What a unit of a file does; nothing where there is more to read than is read."""
    known = file.memo.get(_KEPT)
    if known is None or known.unit is not unit:
        known = file.memo[_KEPT] = _read(file, unit)
    assert isinstance(known, Trace)
    return known


def _read(file: File, unit: Unit) -> Trace:
    trace = Trace(file, unit)
    try:
        {"class": _class, "function": _function, "module": _module}[unit.kind](Reader(trace), unit)
    except TooLongError:
        return Trace(file, unit)
    return trace


def _module(reader: Reader, unit: Unit) -> None:
    scope = reader.trace.file.scope(unit)
    names = reader.global_names(reader.trace.file)
    reader.frame = Frame(scope, names, {})
    reader.frame.names = names
    reader.run_block(scope.node)


def _function(reader: Reader, unit: Unit) -> None:
    scope = reader.trace.file.scope(unit)
    assert isinstance(scope.node, nodes.FunctionDef)
    function = Function(scope, scope.node, {}, None, None)
    reader.frame = Frame(scope, {}, {})
    _defaults(reader, function)
    reader.run(function, [], {}, unit.name, rest=UNKNOWN)


def _class(reader: Reader, unit: Unit) -> None:
    trace = reader.trace
    cls = trace.cls = trace.file.class_of(unit)
    assert cls is not None
    body = cls.body
    reader.frame = Frame(body, {}, {}, cls=cls)
    of_class = class_value(reader, cls)
    _body(reader, body.node, of_class)
    reader.is_muted = True
    made = reader.called(body.node, of_class, [], {})
    reader.is_muted = False
    instance = trace.instance = Thing("", cls, made)
    made.result = instance
    order = [*(name for name in _FIRST if cls.method(name)), *(n for n in cls.outline.methods if n not in _FIRST)]
    entered: set[nodes.Node] = set()
    for reader.root, name in enumerate(order, 1):
        method = cls.method(name)
        if method is None or not isinstance(method.node, nodes.FunctionDef) or method.node in entered:
            continue
        if name not in _FIRST and any(name in event.stack for event in trace.events):
            continue  # it was gone into where it is called
        entered.add(method.node)
        is_static = any(method.dotted(d.decorator) == "staticmethod" for d in method.node.decorators)
        function = Function(method, method.node, {}, None if is_static else instance, method.cls)
        reader.guards, reader.loops = (), ()
        if method.file is trace.file:
            _defaults(reader, function)
        reader.run(function, [], {}, name, rest=UNKNOWN)


def followed(
    file: File, unit: Unit, given: Mapping[str, Value], *, defaults: bool = False, name: str = ""
) -> tuple[Reader, Value]:
    """What a class makes, a function gives, or a name of the module stands for, with all that the way there does.

    Args:
        file: the file.
        unit: the class or function, or the module.
        given: values of some arguments by name; the others are not known.
        defaults: those others have their defaults, where they have one.
        name: of the module's names, the one that is asked for.
    """
    reader = Reader(Trace(file, unit), follows=True)
    rest = None if defaults else UNKNOWN
    try:
        if unit.kind == "module":
            _module(reader, unit)
            return reader, reader.frame.names.get(name, UNKNOWN)
        if unit.kind == "function":
            scope = file.scope(unit)
            assert isinstance(scope.node, nodes.FunctionDef)
            reader.frame = Frame(scope, {}, {})
            return reader, reader.run(Function(scope, scope.node), [], dict(given), unit.name, rest)
        return reader, _instance(reader, unit, given, rest)
    except TooLongError:
        return reader, UNKNOWN


def _instance(reader: Reader, unit: Unit, given: Mapping[str, Value], rest: Value | None) -> Thing:
    trace = reader.trace
    cls = trace.cls = trace.file.class_of(unit)
    assert cls is not None
    reader.frame = Frame(cls.body, {}, {}, cls=cls)
    for one in reversed(cls.mro):
        reader.frame = Frame(one.body, {}, {}, cls=one)
        _body(reader, one.body.node, class_value(reader, one))
    reader.frame = Frame(cls.body, {}, {}, cls=cls)
    instance = trace.instance = Thing("", cls, reader.called(cls.body.node, class_value(reader, cls), [], dict(given)))
    instance.made.result = instance
    init = cls.method("__init__")
    if init is not None and isinstance(init.node, nodes.FunctionDef):
        reader.run(Function(init, init.node, {}, instance, init.cls), [], dict(given), "__init__", rest)
    reader.root = 1
    for name in ("build", "call", "forward", "hybrid_forward"):
        method = cls.method(name)
        if method is not None and isinstance(method.node, nodes.FunctionDef) and not is_framework(method.file.module):
            reader.built.add(instance)
            reader.run(Function(method, method.node, {}, instance, method.cls), [], {}, name, rest=UNKNOWN)
    return instance


def _body(reader: Reader, node: nodes.Node, of_class: object) -> None:
    """The statements of a class: its names become attributes of it."""
    from paramlint.facts.reading.values import ClassValue

    assert isinstance(of_class, ClassValue) and isinstance(node, nodes.ClassDef)
    for line in node.body.body:
        for small in line.body if isinstance(line, nodes.SimpleStatementLine) else ():
            target = small.targets[0].target if isinstance(small, nodes.Assign) else getattr(small, "target", None)
            value = getattr(small, "value", None)
            if isinstance(small, (nodes.Assign, nodes.AnnAssign)) and isinstance(target, nodes.Name) and value:
                found = reader.evaluate(value)
                reader.frame.names[target.value] = found
                reader.store(small, of_class, target.value, found)


def _defaults(reader: Reader, function: Function) -> None:
    """Note what the defaults of a function are: they are made once, when it is defined."""
    params = function.node.params
    outer = reader.frame
    reader.frame = Frame(function.scope, {}, {})
    for param in (*params.posonly_params, *params.params, *params.kwonly_params):
        if isinstance(param.default, (nodes.Call, nodes.List, nodes.Tuple)):
            reader.store(param.default, function, param.name.value, reader.evaluate(param.default))
    reader.frame = outer
