"""Layers deep-copied from one layer all start with the same values.

`copy.deepcopy` copies the values too. Layers that were meant to differ begin identical, which wastes the random start
that they would have had; in an ensemble or a mixture of experts they stay alike. `nn.TransformerEncoder` copies its
layer in this way.

Bad:
    layer = nn.Linear(8, 8)
    self.layers = nn.ModuleList([copy.deepcopy(layer) for _ in range(3)])

Good:
    self.layers = nn.ModuleList([nn.Linear(8, 8) for _ in range(3)])

Leave it: the copies are initialised, or loaded from a checkpoint, elsewhere, or are meant to start alike.
Source: https://github.com/pytorch/pytorch/issues/72253
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.knowledge.initializers import initialises
from paramlint.model import Answer, Claim, Event, Model, Module, Place, Site, Tensor
from paramlint.model.questions.intent import INTENT, is_marked, sharing_is_meant
from paramlint.model.questions.training import below, owners
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.tensor import LiveTensor


rule = Rule(
    "PRM307",
    "identical-clones",
    group="risk",
    doc=__doc__,
    triggers=(Asks("deepcopy", "TransformerEncoder", "TransformerDecoder"),),
)

#: Methods that load values.
_LOADING = re.compile(r"load_|pretrained")


_NUMBER = re.compile(r"\d+")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """Copies that are made one after the other and registered, of a layer whose values were drawn once for all."""
    methods = [method for root in model.roots for method in root.methods]
    if any(initialises(method) or _LOADING.search(method) for method in methods):
        return
    copies = [e for e in model.events("copied") if isinstance(e.of, Module) and isinstance(e.get("to"), Module)]
    times = Counter(map(_place_of, copies))
    for event in copies:
        layer, copy = event.of, event.to
        around = event.loops[len(layer.loops) :]
        is_many = bool(around) and around == copy.loops[len(layer.loops) :] and around[-1].count != 1
        is_several = is_many or times[_place_of(event)] > 1 or _are_numbered(layer, copy)
        if layer.made is None or not is_several or not layer.owns.yes:
            continue
        places = [p for p in copy.places if p.registered and p.holds and p.holder.copy_of is None]
        places = [p for p in places if not _is_left_of_many(p)]
        site = _where(event, layer)
        if not places or sharing_is_meant(layer, places) or is_marked(event) or site.says(*INTENT):
            continue
        if any(owner.initialised_by_owner.yes for owner in owners(copy)) or _is_loaded(model, layer, copy):
            continue
        if is_many and not _are_kept_together(event, layer, copy):
            continue
        if copy.escaped or any(t.writes.seen for t in copy.parameters) or not any(map(_drawn_once, copy.parameters)):
            continue
        yield Claim(
            Answer("yes", (event, *(p.since for p in places)), event.guard),
            site,
            f"the copies of `{layer.name or layer.cls.rpartition('.')[2]}` start with identical values, "
            "so layers that should differ begin alike",
            about=copy,
        )


def _are_numbered(layer: Module, copy: Module) -> bool:
    """Whether a module holds and trains both under names that differ in a number alone: `self.q1` and `self.q2`."""
    keys = {(id(p.holder), p.key) for p in layer.places if p.registered and p.holds and p.how == "assigned"}
    return all(t.trains.yes for t in copy.parameters) and any(
        held == id(p.holder) and key != p.key and _NUMBER.sub("", key) == _NUMBER.sub("", p.key)
        for p in copy.places
        if p.registered and p.holds and p.how == "assigned"
        for held, key in keys
    )


def _is_loaded(model: Model, layer: Module, copy: Module) -> bool:
    """Whether trained values are loaded into the original, a copy, or what holds or is part of them."""
    loaded = [event.of for event in model.events("loaded")]
    return any(one is what for one in loaded for what in (*below(layer), *owners(layer), *owners(copy)))


def _where(event: Event, layer: Module) -> Site:
    """Where a layer is copied; where a function does it for others, what hands the layer over."""
    made = layer.made.site if layer.made is not None else event.site
    if event.site.in_class:
        return event.site
    return next((site for site in event.way if site.definition is made.definition), event.site)


def _place_of(event: Event) -> tuple[object, ...]:
    return id(event.of), event.get("inside"), *(id(site.node) for site in event.way)


def _are_kept_together(event: Event, layer: Module, copy: Module) -> bool:
    """Whether something that is not made anew in each round holds the copies of all rounds."""
    rounds = event.loops[len(layer.loops) :]
    return any(loop not in owner.loops for owner in owners(copy)[1:] for loop in rounds)


def _is_left_of_many(place: Place) -> bool:
    """Whether it is an attribute that each round of a loop binds again, so that the last copy is left."""
    return place.how == "assigned" and any(loop not in place.holder.loops for loop in place.since.loops)


def _drawn_once(tensor: Tensor) -> bool:
    """Whether a copy still has the values that its original was drawn with."""
    law = tensor.draw.get("law", "") if isinstance(tensor.draw, Event) else ""
    return law.startswith(("kaiming", "xavier", "normal", "uniform", "trunc_normal", "orthogonal", "rand", "sparse"))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    by_origin: dict[object, list[LiveTensor]] = {}
    for parameter in model.parameters:
        init = parameter.init
        if init is None or init.call == "copy_" or math.prod(parameter.shape) < 2:
            continue  # what is copied by hand, or loaded, is meant
        if init.origin in model.kept_elsewhere:
            continue  # several parts that start from one pretrained model, each for itself
        if parameter.is_final and init.kind == "random" and parameter.name not in model.mirrors:
            by_origin.setdefault(init.origin, []).append(parameter)
    for clones in by_origin.values():
        if len(clones) > 1 and not _share_memory(clones):
            message = (
                f"`{clones[0].name}` and {len(clones) - 1} more start with identical values, as copies of one draw"
            )
            yield clones[0].proof(message, clones[0].init, clones=[clone.name for clone in clones[:32]])


@rule.runtime
def verify_draws(model: LiveModel) -> Iterator[Proof]:
    """Draws of their own that came out alike, since the generator stood where it had stood before."""
    alike: dict[object, list[LiveTensor]] = {}
    for parameter in model.parameters:
        if parameter.has_values and _is_drawn(model, parameter) and parameter.array is not None:
            start = parameter.array.reshape(-1)[:8].tobytes()
            alike.setdefault((parameter.shape, parameter.dtype, start), []).append(parameter)
    for first, *others in alike.values():
        same = [one for one in others if _origin(one) != _origin(first) and _values(one) == _values(first)]
        if same and not _share_memory([first, *same]):
            message = (
                f"`{first.name}` and `{same[0].name}` are drawn apart and start with identical values, "
                "since the generator is seeded again in between"
            )
            yield same[0].proof(message, same[0].init, clones=[one.name for one in (first, *same)][:32])


@rule.runtime
def verify_slices(model: LiveModel) -> Iterator[Proof]:
    """Experts in one tensor that all start as copies of the first one."""
    for parameter in model.parameters:
        if len(parameter.shape) < 3 or parameter.module is None or not _is_drawn(model, parameter):
            continue
        is_own_tensor = type(parameter.module).__module__.split(".")[0] != "torch"
        if is_own_tensor and parameter.rows_are_equal and not parameter.repeats_memory:
            message = f"the {parameter.shape[0]} slices of `{parameter.name}` start with identical values"
            yield parameter.proof(message, parameter.init)


def _values(parameter: LiveTensor) -> bytes:
    return b"" if parameter.array is None else parameter.array.tobytes()


def _origin(parameter: LiveTensor) -> object:
    return parameter.init.origin if parameter.init is not None else None


def _is_drawn(model: LiveModel, parameter: LiveTensor) -> bool:
    """Whether a trained parameter of some elements holds random numbers, and not those of another on purpose."""
    if not parameter.requires_grad or math.prod(parameter.shape) < 4 or parameter.name in model.mirrors:
        return False
    return parameter.is_covered_at_last and parameter.is_drawn


def _share_memory(clones: list[LiveTensor]) -> bool:
    """Aliases have one draw too, but that is another fault."""
    return len({clone.tensor.data_ptr() for clone in clones}) < len(clones)
