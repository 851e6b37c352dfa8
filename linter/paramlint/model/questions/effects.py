"""What a write leaves in a tensor, so that two of them can be compared, and what gets none beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from paramlint import nodes
from paramlint.knowledge import DEPRECATED_INIT, INIT_FUNCTIONS, TENSOR_INIT_INPLACE, module_class
from paramlint.knowledge.initializers import INIT_DEFAULTS
from paramlint.model.event import Event, Site
from paramlint.model.model import Model
from paramlint.model.objects import Module, Tensor
from paramlint.model.questions.written_code import target_of

_COUNTERPARTS = {"weight": "bias", "bias": "weight"}
_NUMBERS = {"zeros_": 0, "zero_": 0, "ones_": 1}


def effect(write: Event) -> tuple[object, ...]:
    """What a write leaves: one number, or a law with its arguments, those too that are not written out."""
    given = write.get("arguments")
    arguments = (*given.positional, *given.keywords.values()) if given is not None else ()
    if write.law in _NUMBERS:
        return (_NUMBERS[write.law],)
    if write.law in ("constant_", "fill_") and len(arguments) == 1:
        return (getattr(arguments[0], "value", arguments[0]),)
    figures = dict(INIT_DEFAULTS.get(write.law, {}))
    if given is None or not figures or len(given.positional) > len(figures) or set(given.keywords) - set(figures):
        return (write.law, *map(str, arguments))
    named = {**dict(zip(figures, given.positional, strict=False)), **given.keywords}
    return (write.law, *(_figure(named.get(name, default)) for name, default in figures.items()))


def is_constant(write: Event) -> bool:
    """Whether all elements get one number."""
    (one, *rest) = effect(write)
    return not rest and not isinstance(one, str)


def _figure(value: object) -> object:
    """A number or text as it is, and the text that computes what is not known."""
    known = getattr(value, "value", value)
    return known if isinstance(known, (int, float, str)) or known is None else str(value)


def is_used_between(model: Model, first: Event, second: Event) -> bool:
    """Whether anything reads the tensor, or calls its layer, in between."""
    tensor = second.of

    def is_use(event: Event) -> bool:
        return (event.of is tensor and event.get("how") != "data") or event.of is tensor.owner

    return not model.between(first, second, ("read", "called"), is_use).no


def initialises_all(write: Event) -> bool:
    """Whether the user's code initialises all of a parameter, or of an attribute of a module that is not known."""
    tensor, law = write.of, write.get("law")
    is_init = law in INIT_FUNCTIONS or law in DEPRECATED_INIT or law in TENSOR_INIT_INPLACE
    if write.author != "user" or write.get("part") is not None or not is_init or not isinstance(tensor, Tensor):
        return False
    return tensor.role == "parameter" or not tensor.known


def pairs(writes: Iterable[Event]) -> Iterator[tuple[Event, Event]]:
    """The writes to each tensor, each with the one before."""
    before: dict[int, Event] = {}
    for write in writes:
        if id(write.of) in before:
            yield before[id(write.of)], write
        before[id(write.of)] = write


def are_beside(first: Event, then: Event) -> bool:
    """Whether two writes stand in one function, in one run of it."""
    one, other = first.site, then.site
    return one.definition is other.definition and [s.node for s in one.stack] == [s.node for s in other.stack]


def apart(first: Event, then: Event) -> tuple[Site, Site] | None:
    """The two places of one function, in one run of it, that lead to two writes; None where there are no such."""
    ways = ((one, other) for one, other in zip(first.way, then.way, strict=False) if one.node is not other.node)
    sites = next(ways, None)
    return sites if sites is not None and sites[0].definition is sites[1].definition else None


def spelled(write: Event) -> str:
    """What a call writes, as it is written there."""
    target = target_of(write)
    return write.site.text(target) if target is not None else str(write.of)


def counterpart(write: Event) -> str:
    """`bias` for a `weight`, and the other way round, as a call names what it fills; empty for others."""
    target = target_of(write)
    return _COUNTERPARTS.get(target.attr.value, "") if isinstance(target, nodes.Attribute) else ""


def has_sibling(tensor: Tensor, other: str) -> bool:
    """Whether the layer of torch that has a parameter has another one too."""
    if tensor.owner is not None:
        return tensor.owner.cls.startswith("torch.nn.") and isinstance(tensor.owner.at(other), Tensor)
    kinds = [module_class(name) for name in tensor.of_classes]
    return bool(kinds) and all(kind is not None and other in kind.parameters for kind in kinds)


def may_write_sibling(model: Model, write: Event, other: str) -> bool:
    """Whether the code may give another parameter of the same layer values, where it writes this one."""
    owner = write.of.owner
    if owner is not None:
        sibling = owner.at(other)
        is_known = isinstance(sibling, Tensor) and not sibling.escaped and not owner.escaped
        return not is_known or any(one.author == "user" for one in sibling.writes)
    named = model.remember("events by name", lambda: _by_name(model))
    return any(write.guard.fits(one.guard) for one in named.get(f"{write.of.name.rpartition('.')[0]}.{other}", ()))


def _by_name(model: Model) -> dict[str, list[Event]]:
    """What may give values to something that is not known, by how that reads, of whatever part of it."""
    found: dict[str, list[Event]] = {}
    for event in model.events("written", "escaped", "rebound"):
        found.setdefault(str(event.of).partition("[")[0], []).append(event)
    return found


def alike(tensor: Tensor) -> Iterator[Tensor]:
    """The same parameters of layers of the same class that one module holds under names, or its own of one shape."""
    owner = tensor.owner
    if owner is not None and owner.is_root and tensor.shape is not None:
        yield from (t for t in tensor.siblings if t.role == "parameter" and t.shape == tensor.shape)
    key = next((p.key for p in tensor.places if p.registered and p.holds), "")
    for place in owner.places if owner is not None else ():
        if place.kind != "child" or not place.holds or not isinstance(place.holder, Module) or not key:
            continue
        for beside in place.holder.holds:
            part = beside.what
            if isinstance(part, Module) and part is not owner and beside.holds and owner and part.cls == owner.cls:
                yield from (t for t in part.tensors if any(p.key == key for p in t.places))
