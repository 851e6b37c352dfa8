"""Classes: their order of bases, what they define, and making an instance of one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from paramlint.knowledge import OPTIMIZERS
from paramlint.knowledge.foreign import PLAIN_BASES, foreign_module
from paramlint.model.guard import ALWAYS
from paramlint.symbolic.code.bindings import names_of_target
from paramlint.symbolic.code.program import CONTAINERS, ClassValue
from paramlint.symbolic.interpreter import Frame, Interpreter
from paramlint.symbolic.limits import OverBudgetError
from paramlint.symbolic.values import (
    Arguments,
    Environment,
    External,
    Function,
    Instance,
    Items,
    Object,
    Unknown,
    Value,
    text_of,
)

_PROPERTIES = frozenset(
    {"property", "cached_property", "functools.cached_property", "torch.jit.unused", "abc.abstractproperty"}
)
_MAX_MRO = 50


def mro(run: Interpreter, cls: ClassValue) -> list[Value]:
    """A class and all it inherits from, nearest first; what is outside the project stands by its name."""
    if cls.mro is None:
        cls.mro = [cls]  # a class that inherits from itself ends here
        found: list[Value] = [cls]
        try:
            for base in _bases(run, cls):
                for one in mro(run, base) if isinstance(base, ClassValue) else [base]:
                    if one in found:
                        found.remove(one)
                    if len(found) < _MAX_MRO:
                        found.append(one)
        except OverBudgetError:
            cls.mro = None  # other runs, which have steps left, share it
            raise
        cls.mro = found
    return cls.mro


def _bases(run: Interpreter, cls: ClassValue) -> list[Value]:
    place = cls.place
    env = Environment(place, cls.env)
    found: list[Value] = []
    run.frames.append(Frame(place.node, place, None, ALWAYS))
    try:
        with run.at(ALWAYS, ()):
            for base in place.node.bases:
                if base.star or getattr(base, "keyword", None) is not None:
                    continue
                value = run.evaluate(base.value, env)
                if isinstance(value, Function):
                    value = Unknown(text_of(value))
                found.append(value if isinstance(value, (ClassValue, External)) else Unknown("base"))
    finally:
        run.frames.pop()
    return found


def is_module(run: Interpreter, cls: ClassValue) -> bool:
    """Whether instances are `nn.Module`s, as far as can be told."""
    return any(
        isinstance(base, External) and (base.name == "torch.nn.Module" or foreign_module(base.name))
        for base in mro(run, cls)
    )


def container_base(run: Interpreter, cls: ClassValue) -> str:
    """The name of the module container that a class inherits from; empty if none."""
    for base in mro(run, cls):
        if isinstance(base, ClassValue) and base.file.stub == CONTAINERS:
            return base.name
    return ""


def unknown_base(run: Interpreter, cls: ClassValue) -> str:
    """A base of which nothing is known, by its text; empty if there is none."""
    for base in mro(run, cls):
        if isinstance(base, Unknown):
            return base.text
        if isinstance(base, ClassValue) and base.file.is_stub and "__unknown__" in base.outline.stored:
            return base.qualified
        if isinstance(base, External):
            name = base.name
            if name == "torch.nn.Module" or foreign_module(name) or name in PLAIN_BASES:
                continue
            if name.partition(".")[0] in ("typing", "abc", "enum", "collections", "typing_extensions"):
                continue
            return name
    return ""


# What a class defines


def has_method(run: Interpreter, cls: ClassValue, name: str) -> bool:
    """Whether a class or a base in the project defines a method of this name (no property)."""
    for base in mro(run, cls):
        if isinstance(base, ClassValue) and name in base.outline.methods:
            place = base.file.place(base.outline.methods[name][-1])
            return not any(d in _PROPERTIES or d.endswith((".setter", ".getter")) for d in place.decorators)
    return False


def member(
    run: Interpreter, cls: ClassValue, name: str, instance: Value | None = None, node: Any = None
) -> Value | None:
    """What a class or its bases define under a name.

    Args:
        cls: the class.
        name: the name.
        instance: what a method is bound to; None for access through the class.
        node: where it is asked.
    """
    return _member_of(run, mro(run, cls), cls, name, instance, node)


def member_behind(
    run: Interpreter, cls: ClassValue, after: ClassValue | None, name: str, instance: Value
) -> Value | None:
    """What the bases behind one class in the order of another define: `super()`."""
    order = mro(run, cls)
    start = next((i for i, base in enumerate(order) if _same(base, after)), -1) + 1
    return _member_of(run, order[start:], cls, name, instance, None)


def _same(base: Value, other: ClassValue | None) -> bool:
    return isinstance(base, ClassValue) and other is not None and base.outline is other.outline


def _member_of(
    run: Interpreter, order: list[Value], cls: ClassValue, name: str, instance: Value | None, node: Any
) -> Value | None:
    for base in order:
        if not isinstance(base, ClassValue):
            continue
        if name in base.outline.methods:
            return _method(run, base, cls, name, instance, node)
        inner = base.file.facts.outline.classes.get(f"{base.outline.qualname}.{name}")
        if inner:
            return base.file.class_value(inner[-1], base.env)
        if (base, name) in run.memo:
            return run.memo[base, name]  # type: ignore[no-any-return]
        if name in base.outline.stored:
            return class_attribute(run, base, name)
    return None


def _method(
    run: Interpreter, base: ClassValue, cls: ClassValue, name: str, instance: Value | None, node: Any
) -> Value | None:
    places = [base.file.place(unit) for unit in base.outline.methods[name]]
    for place in reversed(places):
        said = place.decorators
        if any(d in ("typing.overload", "overload") or d.endswith((".setter", ".deleter")) for d in said):
            continue
        bound = instance if instance is not None else None
        if "staticmethod" in said:
            return Function(place.node, place, base.env, None, base)
        if "classmethod" in said:
            owner: Value = cls if not isinstance(instance, ClassValue) else instance
            return Function(place.node, place, base.env, owner, base)
        function = Function(place.node, place, base.env, bound, base)
        if any(d in _PROPERTIES or d.endswith("property") for d in said):
            if instance is None:
                return Unknown(f"{cls.name}.{name}")
            return run.call(function, Arguments(), node if node is not None else place.node)
        return _behind_decorators(run, function) if said else function
    return None


def _behind_decorators(run: Interpreter, function: Function) -> Function:
    """A method behind those of its decorators that are functions of the project."""
    from paramlint.symbolic.definitions.module_code import behind_decorators

    held = behind_decorators(run, replace(function, bound=None))
    return replace(held, bound=function.bound, owner=function.owner) if isinstance(held, Function) else function


def setter(run: Interpreter, cls: ClassValue, name: str, instance: Value) -> Function | None:
    """The setter of a property, bound; None where there is none."""
    for base in mro(run, cls):
        if isinstance(base, ClassValue) and name in base.outline.methods:
            for unit in base.outline.methods[name]:
                place = base.file.place(unit)
                if f"{name}.setter" in place.decorators:
                    return Function(place.node, place, base.env, instance, base)
            return None
    return None


def class_attribute(run: Interpreter, cls: ClassValue, name: str) -> Value:
    """The value that the code of a class gives a name."""
    key = (cls, name)
    if key in run.memo:
        return run.memo[key]  # type: ignore[no-any-return]
    run.memo[key] = Unknown(f"{cls.name}.{name}")
    place = cls.place
    env = Environment(place, cls.env)
    run.frames.append(Frame(place.node, place, None, ALWAYS))
    value: Value = run.memo[key]
    try:
        with run.at(ALWAYS, ()):
            for statement in body_of(place.node):
                kind = statement.__class__.__name__
                targets = [t.target for t in statement.targets] if kind == "Assign" else []
                if kind == "AnnAssign" and statement.value is not None:
                    targets = [statement.target]
                if any(name in names_of_target(target) for target in targets):
                    for earlier in cls.outline.stored:
                        if (cls, earlier) in run.memo and earlier != name:
                            env.cells[earlier] = [(ALWAYS, run.memo[cls, earlier])]
                    value = run.evaluate(statement.value, env)
                    if targets[0].__class__.__name__ != "Name":
                        value = Unknown(f"{cls.name}.{name}")
    finally:
        run.frames.pop()
    run.memo[key] = value
    return value


def body_of(node: Any) -> list[Any]:
    """The simple statements of a class's own code, in order."""
    found = []
    for statement in node.body.body:
        if statement.__class__.__name__ in ("SimpleStatementLine", "SimpleStatementSuite"):
            found.extend(statement.body)
        else:
            found.append(statement)
    return found


# Instances


def instantiate(run: Interpreter, cls: ClassValue, arguments: Arguments, node: Any) -> Value:
    """`Class(...)`: the constructor runs when somebody asks for parts, if what it is given cannot change until then."""
    maker = maker_of(run, cls)
    if maker is not None:
        return run.each(run.call(maker, arguments, node), partial(_initialize_made, run, cls, arguments, node))
    if _is_optimizer(run, cls):
        from paramlint.symbolic.library.optimizer_calls import make_optimizer

        return make_optimizer(run, cls.qualified, arguments, node, cls)
    module = is_module(run, cls)
    instance = Instance(cls, module, **run.made(node))
    instance.arguments = arguments
    run.instances.append(instance)
    base = unknown_base(run, cls)
    if base:
        instance.forget(f"{cls.name} inherits from {base}")
    if module:
        make_container(run, instance, cls)
        run.emit("allocated", instance, node)
    is_left = run.is_short and module and not cls.file.is_stub
    if is_left or (run.too_large and (cls.file.facts.path, cls.outline.unit.first) in run.too_large):
        instance.forget("its constructor takes too many steps")
        return instance
    guard, loops, order = run.guard, run.loops, instance.order
    frames, recorded, called = list(run.frames), run.records_gradient, run.inside

    def build() -> None:
        before_frames, run.frames = run.frames, frames
        before = run.trace.enter(order)
        gradient, run.records_gradient = run.records_gradient, recorded
        inside, run.inside = run.inside, called
        run.building.append(instance)
        try:
            if len(run.building) > _MAX_BUILDING:
                instance.forget("it is too deep inside others")
                return
            with run.at(guard, loops):
                initialize(run, instance, cls, arguments, node)
        finally:
            run.building.pop()
            run.frames = before_frames
            run.trace.leave(before)
            run.records_gradient, run.inside = gradient, inside

    if module and not any(_may_change(value) for value in arguments.values()):
        instance.build = build
        run.waiting.append(instance)
    else:
        run.building.append(instance)
        try:
            if len(run.building) > _MAX_BUILDING:
                instance.forget("it is too deep inside others")
            else:
                initialize(run, instance, cls, arguments, node)
        finally:
            run.building.pop()
    return instance


_MAX_BUILDING = 16


def maker_of(run: Interpreter, cls: ClassValue) -> Function | None:
    """The `__new__` of a class of the project, which may give another object; None where it has none."""
    if cls.file.is_stub:
        return None
    found = member(run, cls, "__new__")
    return replace(found, bound=cls) if isinstance(found, Function) and not found.place.file.is_stub else None


def allocated(run: Interpreter, cls: ClassValue, node: Any) -> Instance:
    """An instance whose constructor has not run."""
    instance = Instance(cls, is_module(run, cls), **run.made(node))
    run.instances.append(instance)
    base = unknown_base(run, cls)
    if base:
        instance.forget(f"{cls.name} inherits from {base}")
    make_container(run, instance, cls)
    return instance


def _is_optimizer(run: Interpreter, cls: ClassValue) -> bool:
    """Whether a class of the project inherits from one of torch's optimizers."""
    names = [base.name for base in mro(run, cls)[1:] if isinstance(base, External)]
    return any(name in OPTIMIZERS or name == "torch.optim.optimizer.Optimizer" for name in names)


def _initialize_made(run: Interpreter, cls: ClassValue, arguments: Arguments, node: Any, made: Value) -> Value:
    """What a class gives that has made an object itself: its constructor runs where that is one of its own."""
    if isinstance(made, Unknown) and is_module(run, cls):
        made = allocated(run, cls, node)
        made.forget(f"{cls.name}.__new__ makes it")
    if isinstance(made, Instance) and made.cls is not None and is_subclass(run, made.cls, cls):
        run.building.append(made)
        try:
            if len(run.building) > _MAX_BUILDING:
                made.forget("it is too deep inside others")
            else:
                initialize(run, made, made.cls, arguments, node)
        finally:
            run.building.pop()
    return made


def make_container(run: Interpreter, instance: Instance, cls: ClassValue) -> None:
    """Let an instance have items, where its class is one of torch's containers."""
    instance.container = container_base(run, cls)
    instance.items = Items() if instance.container else None


def _may_change(value: Value) -> bool:
    """Whether something given to a constructor may be another thing when that runs, or be changed by it."""
    if isinstance(value, Object):
        return True
    if value.__class__.__name__ == "Choice":
        return any(_may_change(v) for _, v in value.options)  # type: ignore[attr-defined]
    return isinstance(value, Function) and value.env is not None and False


def initialize(run: Interpreter, instance: Instance, cls: ClassValue, arguments: Arguments, node: Any) -> None:
    """Run the constructor.

    Raises:
        OverBudgetError: no steps are left; the instance says so.
    """
    init = member(run, cls, "__init__", instance)
    if isinstance(init, Function):
        try:
            run.call(init, arguments, node)
        except OverBudgetError:
            instance.forget("the steps were used up")
            raise
        return
    if is_data(run, cls):
        _set_fields(run, instance, cls, arguments, node)
        return
    if instance.container:
        from paramlint.symbolic.library.module_containers import fill

        fill(run, instance, arguments, node)


def is_data(run: Interpreter, cls: ClassValue) -> bool:
    """Whether the constructor is made from annotated fields: dataclasses, attrs, named tuples, pydantic models."""
    for base in mro(run, cls):
        if isinstance(base, ClassValue):
            said = base.place.decorators
            if any(
                d.rpartition(".")[2] in ("dataclass", "attrs", "define", "frozen", "dataclass_transform", "s")
                for d in said
            ):
                return True
        elif isinstance(base, External) and base.name in ("typing.NamedTuple", "pydantic.BaseModel"):
            return True
    return False


def _set_fields(run: Interpreter, instance: Instance, cls: ClassValue, arguments: Arguments, node: Any) -> None:
    fields: dict[str, tuple[ClassValue, Any]] = {}
    for base in reversed(mro(run, cls)):
        if isinstance(base, ClassValue):
            for statement in body_of(base.place.node):
                if statement.__class__.__name__ == "AnnAssign" and statement.target.__class__.__name__ == "Name":
                    fields[statement.target.value] = (base, statement.value)
    for place, (name, (base, default)) in enumerate(fields.items()):
        value = arguments.get(place, name)
        if value is None and default is not None and not arguments.unknown:
            value = _field_default(run, base, default, node)
        if value is None:
            value = Unknown(f"{text_of(instance)}.{name}")
        run.write(instance.attributes.setdefault(name, []), value)
    post = member(run, cls, "__post_init__", instance)
    if isinstance(post, Function):
        run.call(post, Arguments(), node)


def _field_default(run: Interpreter, cls: ClassValue, default: Any, node: Any) -> Value:
    place = cls.place
    if default.__class__.__name__ == "Call":
        for argument in default.args:
            keyword = argument.keyword.value if argument.keyword is not None else ""
            if keyword in ("default_factory", "factory", "default"):
                run.frames.append(Frame(place.node, place, run.frame.call if run.frames else None, run.guard))
                try:
                    value = run.evaluate(argument.value, Environment(place, cls.env))
                    return value if keyword == "default" else run.call(value, Arguments(), argument.value)
                finally:
                    run.frames.pop()
    run.frames.append(Frame(place.node, place, run.frame.call if run.frames else None, run.guard))
    try:
        return run.evaluate(default, Environment(place, cls.env))
    finally:
        run.frames.pop()


def is_subclass(run: Interpreter, cls: Value, other: Value) -> bool | None:
    """Whether a class inherits from another or is it; None where that cannot be told."""
    if isinstance(cls, ClassValue):
        for base in mro(run, cls):
            if (
                base is other
                or base == other
                or (isinstance(base, ClassValue) and _same(base, other if isinstance(other, ClassValue) else None))
            ):
                return True
            if isinstance(base, External) and isinstance(other, External):
                if base.name == other.name or (other.name == "torch.nn.Module" and (foreign_module(base.name))):
                    return True
                if base.name == "torch.nn.Module" and other.name == "object":
                    return True
        return None if unknown_base(run, cls) else False
    if isinstance(cls, External) and isinstance(other, External):
        if cls.name == other.name:
            return True
    return None
