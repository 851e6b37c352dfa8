"""What `nn.Module` registers: `self.x = y`, `add_module`, `register_buffer`, `del self.x`, and what is put past it."""

from __future__ import annotations

from typing import Any

from paramlint.knowledge.foreign import names_part
from paramlint.symbolic.collections import containers
from paramlint.symbolic.collections.containers import entry_without
from paramlint.symbolic.definitions.attributes import stand_in
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.name_families import family_of, is_buffer
from paramlint.symbolic.values import (
    NONE,
    Constant,
    Instance,
    Item,
    Items,
    TensorValue,
    Unknown,
    Value,
    alternatives,
    text_of,
)

HIDDEN = "plain"
"""How an attribute is registered that was put past `nn.Module`, into `__dict__`."""


def assign(run: Interpreter, module: Instance, name: str, value: Value, node: Any, how: str = "assigned") -> None:
    """`module.name = value`, as `nn.Module.__setattr__` does it."""
    options = alternatives(value)
    if module.container and any(isinstance(one, Instance) and one.is_module for _, one in options):
        from paramlint.symbolic.library.module_containers import put_child

        put_child(run, module, name, value, node, how)
        return
    if module.container and value == NONE and name not in module.attributes:
        from paramlint.symbolic.library.module_containers import delete_named

        if delete_named(run, module, name):
            return
    before = module.registered.get(name)
    if before is None and (row := family_of(module, name)) is not None and is_buffer(module, row):
        module.registered[name] = before = module.registered[text_of(row.key or NONE)]
    cell = module.attributes.setdefault(name, [])
    for guard, one in options:
        with run.under(guard) as is_possible:
            if is_possible:
                register(run, module, name, one, node, how)
    if module.registered.get(name) != before and name in module.attributes:
        module.attributes[name] = module.attributes.pop(name)  # it is registered from now on, behind the others
    run.write(cell, value)


def register(run: Interpreter, module: Instance, name: str, value: Value, node: Any, how: str) -> None:
    """Note what a module holds from now on under a name."""
    role: str | None = None
    held: Value = value
    if isinstance(value, TensorValue):
        if value.role == "parameter" or value.registers_as:
            role = value.role
        elif module.registered.get(name, "").startswith("buffer"):
            role = value.role = "buffer"
    elif isinstance(value, Instance) and value.is_module:
        role = "child"
    elif isinstance(value, Unknown) and (value in run.stand_ins or _is_part(run, value)):
        role, held = "child", stand_in(run, value)
    if role is None:
        run.emit("bound", module, node, name=name, value=value, how=how)
        return
    if isinstance(value, TensorValue) and value.registers_as:
        module.registered[name] = value.registers_as
    elif not module.registered.get(name, "").startswith(role):
        module.registered[name] = role
    run.emit("registered", held, node, holder=module, key=name, how=how, role=role)


def _is_part(run: Interpreter, value: Unknown) -> bool:
    """Whether it is a part, by its name, of a module that another library has made."""
    whole = run.lacking.get(id(value))
    return (
        whole is not None and whole.is_module and whole.cls is not None and not whole.known and names_part(value.name)
    )


def unregister(run: Interpreter, module: Instance, name: str, node: Any) -> None:
    """`del module.name`."""
    if module.container:
        from paramlint.symbolic.library.module_containers import delete_child, entry_named

        if entry_named(run, module, name) is not None:
            key: Value = (
                Constant(int(name)) if name.isdigit() and not module.container.endswith("Dict") else Constant(name)
            )
            delete_child(run, module, key, node)
            return
    run.emit("rebound", module, node, name=name)
    cell = module.attributes.get(name)
    if cell is None:
        return
    guard = run.guard
    if run.loops[len(module.loops) :]:
        in_a_round, _ = run.opaque(f"{text_of(module)}.{name} is deleted#{run.serial()}")
        guard = guard & in_a_round or guard if in_a_round is not None else guard
    cell[:] = entry_without(guard.minus(module.guard), cell)
    if not cell:
        module.attributes.pop(name)
        module.registered.pop(name, None)


def hide(run: Interpreter, owner: Instance, name: str, value: Value, node: Any) -> None:
    """`object.__setattr__(owner, name, value)`, `owner.__dict__[name] = value`: nothing is registered."""
    run.write(owner.attributes.setdefault(name, []), value)
    if owner.is_module:
        owner.registered[name] = HIDDEN
    run.emit("bound", owner, node, name=name, value=value, how="object")


def set_own(run: Interpreter, owner: Instance, kind: str, key: Value, value: Value, node: Any) -> None:
    """`owner._modules[key] = value`, and so for `_parameters`, `_buffers` and `__dict__`."""
    if kind == "__dict__":
        for guard, one in alternatives(key):
            with run.under(guard) as is_possible:
                if is_possible and isinstance(one, Constant) and isinstance(one.value, str):
                    hide(run, owner, one.value, value, node)
                elif is_possible:
                    owner.forget("attributes under names that are not known")
        return
    if kind == "_buffers" and isinstance(key, Constant) and isinstance(key.value, str):
        owner.registered.setdefault(key.value, "buffer")
    set_under(run, owner, key, value, node, kind)


def set_under(run: Interpreter, module: Instance, name: Value, value: Value, node: Any, how: str) -> None:
    """Register under a name that may not be known."""
    for guard, one in alternatives(name):
        with run.under(guard) as is_possible:
            if not is_possible:
                continue
            if isinstance(one, Constant) and isinstance(one.value, str):
                assign(run, module, one.value, value, node, how)
            else:
                if module.items is None:
                    module.items = Items()
                loops = run.loops[len(module.loops) :]
                containers.add(run, module.items, Item(run.guard.minus(module.guard), loops, value, one))
                for case, held in alternatives(value):
                    with run.under(case) as is_there:
                        if is_there:
                            register(run, module, text_of(one), held, node, how)


def parameter_found(run: Interpreter, value: Value, node: Any) -> Value:
    """The parameter, or the view of one, that an attribute of something unknown is by its name: `model.out.weight`."""
    if not isinstance(value, Unknown):
        return value
    inner = value.owner if value.name == "data" else value
    if inner is None or inner.owner is None or inner.name not in ("weight", "bias"):
        return value
    from paramlint.symbolic.library.tensors import as_tensor

    place_found(run, as_tensor(run, inner, node), inner, node)
    return as_tensor(run, value, node)


def place_found(run: Interpreter, held: Value, value: Unknown, node: Any) -> None:
    """Note that what stands for an attribute of something unknown has its place there, and so on outwards."""
    if value.owner is None or ("placed", value) in run.memo:
        return
    run.memo["placed", value] = True
    holder = stand_in(run, value.owner)
    place_found(run, holder, value.owner, node)
    role = "child" if isinstance(held, Instance) else "parameter"
    run.emit("registered", held, node, "torch", holder=holder, key=value.name, how="found", role=role)
