"""Calls: binding arguments, running functions of the project, and finding out who is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from paramlint import nodes
from paramlint.knowledge import TENSOR_INIT_INPLACE
from paramlint.model.guard import ALWAYS
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.collections import container_methods, containers
from paramlint.symbolic.collections.carried import forget_shared
from paramlint.symbolic.collections.iteration import later
from paramlint.symbolic.collections.named_tuples import NamedTuple
from paramlint.symbolic.collections.named_tuples import make as make_named_tuple
from paramlint.symbolic.definitions import classes
from paramlint.symbolic.definitions.pure import once
from paramlint.symbolic.definitions.recursion import is_too_deep
from paramlint.symbolic.external.unknown_calls import call_unknown, escape, inputs_of_call
from paramlint.symbolic.interpreter import Frame, Interpreter
from paramlint.symbolic.limits import FruitlessError, LeftError
from paramlint.symbolic.values import (
    NONE,
    Arguments,
    Choice,
    Constant,
    Dictionary,
    Environment,
    External,
    Function,
    Instance,
    Item,
    Native,
    Partial,
    SequenceValue,
    Super,
    TensorValue,
    Unknown,
    Value,
    text_of,
)
from paramlint.syntax.walk import children

_NO_GRADIENT = ("no_grad", "inference_mode")


def call(run: Interpreter, function: Value, arguments: Arguments, node: Any) -> Value:
    """The result of calling something.

    Raises:
        OverBudgetError: no steps are left.
    """
    run.step()
    if isinstance(function, Function):
        if function.place.file.is_stub:
            from paramlint.symbolic.library.training_calls import CLIPPING, note_clipping

            if function.name in CLIPPING:
                note_clipping(run, function.name, arguments, node)
        return call_function(run, function, arguments, node)
    if isinstance(function, ClassValue):
        return classes.instantiate(run, function, arguments, node)
    if isinstance(function, External):
        from paramlint.symbolic.external.external_functions import call_external

        return call_external(run, function.name, arguments, node)
    if isinstance(function, Native):
        return _call_native(run, function, arguments, node)
    if isinstance(function, Partial):
        joined = Arguments(
            [*function.arguments.positional, *arguments.positional],
            {**function.arguments.keywords, **arguments.keywords},
            function.arguments.unknown_positional or arguments.unknown_positional,
            function.arguments.unknown_keywords or arguments.unknown_keywords,
            [*function.arguments.spread, *arguments.spread],
        )
        return run.each(function.function, lambda value: call(run, value, joined, node))
    if isinstance(function, Instance):
        return call_instance(run, function, arguments, node)
    if isinstance(function, NamedTuple):
        return make_named_tuple(run, function, arguments, node)
    if isinstance(function, Choice):
        return run.each(function, lambda value: call(run, value, arguments, node))
    if isinstance(function, Unknown):
        return call_unknown(run, function, arguments, node)
    return run.unknown_call(f"{text_of(function)}()")


def _call_native(run: Interpreter, function: Native, arguments: Arguments, node: Any) -> Value:
    owner, name = function.owner, function.name
    if isinstance(owner, (Native, Constant)) and name in TENSOR_INIT_INPLACE:
        from paramlint.symbolic.library.missing_attributes import note_missing

        note_missing(run, owner, name, node)
    if isinstance(owner, TensorValue):
        from paramlint.symbolic.library.tensors import tensor_method

        return tensor_method(run, owner, name, arguments, node)
    if isinstance(owner, (Instance, Super)):
        from paramlint.symbolic.library.modules import module_method

        return module_method(run, owner, name, arguments, node)
    if isinstance(owner, SequenceValue):
        return container_methods.sequence_method(run, owner, name, arguments, node)
    if isinstance(owner, Dictionary):
        from paramlint.symbolic.library.training_calls import state_method

        known = state_method(run, owner, name, arguments, node)
        return known if known is not None else container_methods.dictionary_method(run, owner, name, arguments, node)
    if isinstance(owner, Constant):
        from paramlint.symbolic.external.external_functions import constant_method

        return constant_method(run, owner, name, arguments)
    if isinstance(owner, ClassValue):
        return _call_of_class(run, owner, name, arguments, node)
    if owner.__class__.__name__ == "OptimizerValue":
        from paramlint.symbolic.library.optimizer_calls import optimizer_method

        return optimizer_method(run, owner, name, arguments, node)
    escape(run, arguments, node)
    return run.unknown_call(f"{text_of(owner)}.{name}()")


def _call_of_class(run: Interpreter, owner: ClassValue, name: str, arguments: Arguments, node: Any) -> Value:
    """A method called through the class: `nn.Module.__init__(self)`, `Model.from_pretrained(...)`."""
    first = arguments.get(0)
    if isinstance(first, Instance) and (first.cls is None or classes.is_module(run, owner)):
        from paramlint.symbolic.library.modules import METHODS, module_method

        if name in METHODS or name == "__init__":
            rest = Arguments(
                arguments.positional[1:], arguments.keywords, arguments.unknown_positional, arguments.unknown_keywords
            )
            return module_method(run, first, name, rest, node)
    escape(run, arguments, node)
    if classes.is_module(run, owner) and name.startswith(("from_", "load_", "build", "create")):
        made = Instance(owner, True, **run.made(node))
        made.forget(f"made by {owner.name}.{name}(...)")
        run.instances.append(made)
        return made
    return run.unknown_call(f"{owner.name}.{name}()")


def call_instance(run: Interpreter, instance: Instance, arguments: Arguments, node: Any) -> Value:
    """`instance(...)`: the pass of a module is noted, not followed; other objects run their `__call__`."""
    from paramlint.symbolic.definitions.attributes import get_member

    if not instance.is_module:
        method = get_member(run, instance, "__call__", node)
        if isinstance(method, Function):
            return call(run, method, arguments, node)
        escape(run, arguments, node)
        return run.unknown_call(f"{text_of(instance)}()")
    event = run.emit("called", instance, node, arguments=arguments)
    result = run.derived(node, [instance, *inputs_of_call(arguments)], factory="call")
    event.data["result"] = result
    run.passes[result.number] = instance, arguments
    return result


def call_function(run: Interpreter, function: Function, arguments: Arguments, node: Any) -> Value:
    """Run a function of the project with arguments."""
    name = function.name
    if is_too_deep(run, function, arguments):
        return _not_followed(run, function, arguments, node, f"{name}(...) is too deep inside others")
    why = f"{name}(...) takes too many steps"
    if id(function.node) in run.ledger.fruitless:
        return _not_followed(run, function, arguments, node, why)
    env = Environment(function.place, function.env, function.owner, function.bound)
    bind(run, function, arguments, env, node)
    site = run.site(node)
    frame = Frame(function.node, function.place, site, run.guard)
    frame.given = arguments
    frame.arguments = arguments if function.bound is None else None
    run.entered.add(function.place)
    frame.wraps = function.wraps.node if function.wraps is not None else None
    is_unseen = run.is_torch or run.frame.is_entry or run.frame.wraps is function.node
    frame.stack = run.frame.stack if is_unseen else (*run.frame.stack, site)
    if is_generator(run, function):
        return _generator(run, function, frame, env)
    if not function.place.file.is_stub:
        frame.begun = len(run.instances), len(run.trace.events)
        if function.name == "__init__" and isinstance(function.bound, Instance) and function.bound.is_module:
            frame.builds = function.bound
    try:
        return once(
            run,
            function,
            arguments,
            lambda: _run(run, function, frame, lambda: _result(run, function.node, frame, env)),
        )
    except FruitlessError:
        forget_shared(run, function)
        return _not_followed(run, function, arguments, node, why)
    except LeftError as left:
        if left.frame is not frame:
            raise
        forget_shared(run, function)
        run.ledger.leave(function.node, is_constructor=frame.builds is not None)
        return _not_followed(run, function, arguments, node, why)
    finally:
        frame.begun = None


def _not_followed(run: Interpreter, function: Function, arguments: Arguments, node: Any, why: str) -> Value:
    """The result of a call of which it is not known what it does."""
    escape(run, arguments, node)
    if isinstance(function.bound, Instance):
        run.emit("escaped", function.bound, node)
        function.bound.forget(why)
    return run.unknown_call(f"{function.name}()")


def _run(run: Interpreter, function: Function, frame: Frame, act: Callable[[], Value]) -> Value:
    gradient = run.records_gradient
    if _switches_gradient_off(function.node):
        run.records_gradient = False
    is_from_outside = function.place.file.is_stub and not run.is_torch
    steps = run.steps
    run.frames.append(frame)
    nesting, run.nesting = run.nesting, 0
    try:
        return run.ledger.charge(run, function, act)
    finally:
        if is_from_outside:
            _give_back(run, run.steps - steps)
        run.nesting = nesting
        run.frames.pop()
        run.records_gradient = gradient


def _give_back(run: Interpreter, steps: int) -> None:
    """Let what the code of a library took not count, as long as there is credit."""
    given = min(steps, run.credit)
    run.credit -= given
    run.budget += given


def _generator(run: Interpreter, function: Function, frame: Frame, env: Environment) -> Value:
    """A generator runs when somebody goes through it."""
    node = function.node

    def fill(made: SequenceValue) -> None:
        from paramlint.symbolic.language.statements import run_block

        frame.entry, frame.yields = run.guard, made

        def act() -> Value:
            run_block(run, node.body, env)
            return made

        try:
            _run(run, function, frame, act)
        except FruitlessError:
            made.items.forget(f"{function.name}(...)")

    made = SequenceValue("iterator", **run.made(node))
    made.fill = later(run, fill)
    return made


def _result(run: Interpreter, node: Any, frame: Frame, env: Environment) -> Value:
    from paramlint.symbolic.language.statements import run_block

    if node.__class__.__name__ == "Lambda":
        return run.evaluate(node.body, env)
    run_block(run, node.body, env)
    options = list(reversed(frame.returns))
    if frame.alive is not None:
        options.insert(0, (frame.alive, NONE))
    if len(options) == 1:
        return options[0][1]
    return run.choice(options) or run.unknown_call(f"{node.name.value}()")


def _switches_gradient_off(node: Any) -> bool:
    for decorator in getattr(node, "decorators", ()):
        inner = decorator.decorator
        if inner.__class__.__name__ == "Call":
            inner = inner.func
        name = inner.attr.value if inner.__class__.__name__ == "Attribute" else getattr(inner, "value", "")
        if name in _NO_GRADIENT:
            return True
    return False


def is_generator(run: Interpreter, function: Function) -> bool:
    """Whether a function yields."""
    node = function.node
    known = run.program.memo.get(id(node))
    if known is None:
        unit = function.place.unit
        says_so = "yield" in function.place.file.facts.source.lines(unit.first, unit.last)
        known = run.program.memo[id(node)] = node, says_so and _yields(node.body)
    result: bool = known[1]
    return result


def _yields(body: Any) -> bool:
    """Whether there is a `yield` in code, and not only in functions defined there."""
    waiting = [body]
    while waiting:
        node = waiting.pop()
        if isinstance(node, nodes.Yield):
            return True
        if not isinstance(node, (nodes.FunctionDef, nodes.ClassDef, nodes.Lambda)):
            waiting += children(node)
    return False


# Arguments


def parameters_of(node: Any) -> tuple[list[Any], list[Any], Any, Any]:
    """The parameters of a function: positional ones, keyword-only ones, `*args`, `**kwargs` or None."""
    params = node.params
    star = params.star_arg if params.star_arg.__class__.__name__ == "Param" else None
    return [*params.posonly_params, *params.params], list(params.kwonly_params), star, params.star_kwarg


def bind(run: Interpreter, function: Function, arguments: Arguments, env: Environment, node: Any) -> None:
    """Bind a function's parameters to what a call gives."""
    positional, only, star, star_keywords = parameters_of(function.node)
    given: list[Value | Item] = [*([function.bound] if function.bound is not None else []), *arguments.positional]
    unsure = next((i for i, value in enumerate(given) if isinstance(value, Item)), len(given))
    names = set()
    for place, parameter in enumerate([*positional, *only]):
        name = parameter.name.value
        names.add(name)
        value: Value | None = None
        if place < len(positional) and place < unsure:
            held = given[place]
            value = held if not isinstance(held, Item) else None
        elif name in arguments.keywords:
            value = arguments.keywords[name]
        elif place < len(positional) and unsure < len(given):
            value = run.unknown_call(name)
        elif arguments.unknown or parameter.default is None:
            value = _missing(run, parameter, arguments)
        if value is None:
            value = default_of(run, function, parameter)
        if function.place.file.is_stub and isinstance(value, Unknown) and annotation_of(run, parameter) == "int":
            run.numbers.add(value.text)  # a layer of torch takes it for one size
        env.cells[name] = [(ALWAYS, value)]
    if star is not None:
        made = SequenceValue("tuple", **run.made(node))
        for value_or_item in given[len(positional) :] if unsure >= len(positional) else given[unsure:]:
            item = value_or_item if isinstance(value_or_item, Item) else Item(ALWAYS, (), value_or_item)
            containers.add(run, made.items, item)
        if arguments.unknown_positional:
            made.items.forget(" ".join(map(text_of, arguments.spread)) or star.name.value)
        env.cells[star.name.value] = [(ALWAYS, made)]
    if star_keywords is not None:
        rest = Dictionary(**run.made(node))
        for keyword, value in arguments.keywords.items():
            if keyword not in names:
                rest.cells[keyword] = [(ALWAYS, value)]
        if arguments.unknown_keywords:
            rest.forget(star_keywords.name.value)
        env.cells[star_keywords.name.value] = [(ALWAYS, rest)]


def _missing(run: Interpreter, parameter: Any, arguments: Arguments) -> Value:
    if parameter.default is not None and not arguments.unknown_keywords and not arguments.unknown_positional:
        return NONE
    name = parameter.name.value
    return Unknown(f"{name}#{run.serial()}", annotation=annotation_of(run, parameter))


def annotation_of(run: Interpreter, parameter: Any) -> str:
    """The annotation of a parameter, as a dotted name where it is one."""
    if parameter.annotation is None:
        return ""
    node = parameter.annotation.annotation
    parts: list[str] = []
    while node.__class__.__name__ in ("Attribute", "Subscript"):
        if node.__class__.__name__ == "Attribute":
            parts.append(node.attr.value)
        else:
            parts.append("[Module]" if _names_module(node.slice) else "[]")
        node = node.value
    if node.__class__.__name__ == "Name":
        parts.append(node.value)
    elif node.__class__.__name__ == "SimpleString":
        parts.append(str(node.evaluated_value))
    elif node.__class__.__name__ == "BinaryOperation" and _is_number_or_none(node):
        parts.append("Optional[]")
    return ".".join(reversed(parts)).replace(".[", "[")


def _is_number_or_none(node: Any) -> bool:
    """Whether an annotation is `int | None`, or another that gives a plain value or None."""
    sides = {getattr(side, "value", "") for side in (node.left, node.right)}
    return "None" in sides and bool(sides & {"int", "float", "str", "bool"})


def _names_module(elements: Any) -> bool:
    """Whether `nn.Module` stands between the brackets of an annotation."""
    inner = [getattr(element.slice, "value", None) for element in elements]
    return any(getattr(getattr(one, "attr", one), "value", "") == "Module" for one in inner)


def default_of(run: Interpreter, function: Function, parameter: Any) -> Value:
    """The default of a parameter: one object for all calls."""
    key = ("default", id(parameter), id(function.env))
    if key not in run.memo:
        run.memo[key] = (parameter, NONE)
        frame = Frame(function.node, function.place, None, ALWAYS)
        run.frames.append(frame)
        inside, run.inside = run.inside, ""  # it is made when the function is defined, not in it
        try:
            with run.at(ALWAYS, ()):
                value = run.evaluate(parameter.default, Environment(function.place, function.env, function.owner))
        finally:
            run.inside = inside
            run.frames.pop()
        run.memo[key] = (parameter, value)
    result: Value = run.memo[key][1]
    return result


# Escaping
