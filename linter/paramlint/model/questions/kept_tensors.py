"""Tensors that a module keeps as plain attributes: constants, and what is done with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from paramlint import nodes
from paramlint.model.event import Event
from paramlint.model.model import Model
from paramlint.model.objects import Place, Tensor
from paramlint.model.questions.reach import computed_from, made_of

#: Methods that place a tensor by hand, or give another that is placed so.
_PLACES = frozenset({"to", "cuda", "cpu", "type_as", "xpu", "npu", "moved", "pin_memory"})
#: Functions that give no tensor of theirs, or one that lies where others do.
_FOLLOWS_OTHERS = frozenset({"call", "argument", "?"})
#: Functions that keep the device of a tensor that they are given.
_OF_DATA = frozenset({"as_tensor", "asarray", "Tensor"})
_DEEPEST = 12
_DTYPE = re.compile(r"(?:[\w.]+[._])?dtype|torch\.(?:b?float|half|double|int|long|short|bool|u?int)\w*")


def kept(model: Model) -> Iterator[tuple[Tensor, Place]]:
    """The plain tensors that a class keeps as attributes until the end."""
    for root in model.roots:
        for place in root.holds:
            if (
                place.kind == "attribute"
                and isinstance(place.what, Tensor)
                and place.holds
                and not _is_object(place.what)
            ):
                yield place.what, place


def kept_in_containers(model: Model) -> Iterator[tuple[Tensor, Place]]:
    """The plain tensors in the lists and dictionaries that a class keeps as attributes until the end."""
    for root in model.roots:
        for place in root.holds:
            if isinstance(place.what, Tensor) and model.keeps_plainly(place) and not _is_object(place.what):
                yield place.what, place


def _is_object(value: Tensor) -> bool:
    """Whether it is no tensor but an object of a class of torch that has tensors in it: a distribution."""
    return value.factory.startswith("torch.distributions.") and value.factory.rpartition(".")[2][:1].isupper()


def is_constant(tensor: Tensor, depth: int = 0) -> bool:
    """Whether it was made on the default device: from sizes and numbers, or with such a tensor."""
    made = tensor.made
    if made is not None and made.kind == "allocated":
        arguments = made.get("arguments")
        given = arguments.keywords if arguments is not None else {}
        law = str(made.get("law"))
        if law in _FOLLOWS_OTHERS or law.endswith("_like") or {"device", "out"} & given.keys():
            return False
        return tensor.known and not tensor.made_from and (law not in _OF_DATA or bool(made.get("displayed")))
    if tensor.factory.rpartition(".")[2] in _PLACES | _FOLLOWS_OTHERS or depth > _DEEPEST:
        return False
    if not tensor.factory and _is_of_unknown_function(tensor):
        return False
    return any(isinstance(part, Tensor) and is_constant(part, depth + 1) for part in tensor.made_from)


def stays_among_constants(model: Model, tensor: Tensor) -> bool:
    """Whether all that it meets a pass makes on the CPU, of sizes, and nothing that comes of it is returned."""
    children = model.remember("tensors made of each", lambda: made_of(model))
    met = [one for one in children.get(id(tensor), ()) if not one.view]
    if not met or not all(any(map(_is_made_here, one.made_from)) for one in met):
        return False
    returned = model.remember("what is returned is computed from", lambda: computed_from(model.returned))
    found = {id(tensor)}
    waiting = [tensor]
    while waiting:
        for one in children.get(id(waiting.pop()), ()):
            if id(one) not in found:
                found.add(id(one))
                waiting.append(one)
                if id(one) in returned or not all(id(p) in found or _is_made_here(p) for p in one.made_from):
                    return False
    return True


def _is_made_here(part: object) -> bool:
    if not isinstance(part, Tensor) or part.made is None or not is_constant(part):
        return False
    return part.made.kind == "allocated" and part.made.get("inside") == "forward"


def _is_of_unknown_function(tensor: Tensor) -> bool:
    """Whether a function that is not known gave it for another tensor: it may have made a parameter or buffer of it."""
    node = tensor.site.node if tensor.site is not None else None
    return isinstance(node, nodes.Call) and not any(isinstance(part, Tensor) for part in tensor.made_from[:1])


def has_dimensions(tensor: Tensor, depth: int = 0) -> bool:
    """Whether it surely has a dimension: what has none may stay on the CPU."""
    if tensor.shape is not None:
        return bool(tensor.shape)
    made = tensor.made
    if made is not None and made.kind == "allocated":
        return made.get("law") not in ("tensor", "scalar_tensor") or bool(made.get("displayed"))
    if tensor.view == "view" or depth > _DEEPEST:
        return True
    return any(isinstance(part, Tensor) and has_dimensions(part, depth + 1) for part in tensor.made_from)


def is_viewed(model: Model, tensor: Tensor) -> bool:
    """Whether a pass takes it in another shape, or a part of it, and so what has a dimension."""
    reads = (e.of for e in uses(model, tensor) if e.get("inside") == "forward" and e.of is not tensor)
    return any(isinstance(one, Tensor) and one.view in ("view", "index", "transposed") for one in reads)


def uses(model: Model, tensor: Tensor) -> list[Event]:
    """Where it, or a view of it, is read."""
    read = [event for event in model.events("read") if isinstance(event.of, Tensor) and _is_of(event.of, tensor)]
    return read + [event for event in model.events("called") if any(_is_view(one, tensor) for one in _given(event))]


def _given(event: Event) -> tuple[object, ...]:
    """What a module is given for its pass; where that can be followed, what it computes with and does not move."""
    result, given = event.get("result"), tuple(event.get("given") or ())
    if not isinstance(result, Tensor) or result.pass_of is None or not result.made_from:
        return given
    computed = list(computed_from([result]).values())
    return tuple(one for one in given if isinstance(one, Tensor) and _is_computed_with(one, computed))


def _is_computed_with(tensor: Tensor, computed: Sequence[Tensor]) -> bool:
    """Whether some of what was computed was made of a tensor, or a view of it, and none by moving it."""
    made = [one for one in computed if not one.view and any(_is_view(source, tensor) for source in one.made_from)]
    return bool(made) and not any(one.factory in _PLACES for one in made)


def _is_view(one: object, tensor: Tensor) -> bool:
    return isinstance(one, Tensor) and _is_of(one, tensor)


def escapes(model: Model, tensor: Tensor) -> bool:
    """Whether code that is not known gets hold of it, but for a method that is known where `forward` calls it."""
    known = {(e.site.row, e.get("inside") == "forward") for e in model.events("read") if e.of is tensor}
    return any(
        isinstance(e.of, Tensor) and _is_of(e.of, tensor) and (e.site.row, True) not in known
        for e in model.events("escaped")
    )


def _is_of(view: Tensor, tensor: Tensor) -> bool:
    one: Tensor | None = view
    for _ in range(_DEEPEST):
        if one is tensor or one is None:
            break
        one = one.base if one.view else None
    return one is tensor


def comes_from(value: Tensor, tensor: Tensor, depth: int = 0) -> bool:
    """Whether a value is computed from a tensor, and is not that tensor."""
    if depth > _DEEPEST or value is tensor:
        return False
    parts = [*value.made_from, *([value.base] if value.base is not None else [])]
    return any(isinstance(p, Tensor) and (p is tensor or comes_from(p, tensor, depth + 1)) for p in parts)


def is_moved(event: Event) -> bool:
    """Whether a use places the tensor by hand, or asks where another has to be placed."""
    how = event.get("how")
    return how in ("data", "clone") or (how in _PLACES and not (how == "moved" and _only_converts(event)))


def _only_converts(event: Event) -> bool:
    """Whether it is `x.to(dtype)`, which leaves the tensor where it is."""
    call = event.site.node
    if not isinstance(call, nodes.Call) or not isinstance(call.func, nodes.Attribute) or call.func.attr.value != "to":
        return False
    return bool(call.args) and all(_DTYPE.fullmatch(event.site.text(arg.value)) for arg in call.args)
