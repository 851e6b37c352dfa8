"""Modules kept in a plain list, tuple or dict are invisible to the optimizer.

`nn.Module` registers attributes that are modules, but it does not look inside a list, a tuple or a dict. So
`parameters()`, `to()`, `train()` and `state_dict()` silently skip what such a container holds: the layers keep their
random values, stay on the CPU and are missing from every checkpoint. A comma after a single module makes a tuple too.

Bad:
    self.blocks = [nn.Linear(8, 8), nn.Linear(8, 8)]

Good:
    self.blocks = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])

Fix: unsafe. `state_dict()` gains keys, so that older checkpoints no longer load strictly.
Leave it: the modules belong to another model on purpose, or what `parameters()` and `to()` do is done by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.model import Claim, Model, Module, Place, Tensor, said
from paramlint.model.questions.plain_containers import described, gives_by_call, registering, target
from paramlint.model.questions.training import below, owners
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun

#: Words of what owns parameters, or is used as what does: without one a class keeps nothing that is trained.
_TRAINED = ("nn", "Module", "forward")

rule = Rule(
    "PRM401",
    "modules-in-plain-container",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    beyond_plain=True,
    triggers=(Asks(*_TRAINED, entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for module in model.modules:
        held = next((p for p in module.places if model.keeps_plainly(p)), None)
        if held is None or _is_registered_elsewhere(held) or not (_is_made(module) or _is_said(module, held)):
            continue
        if held.holder.hands_over(held.key).yes or _is_frozen(module):
            continue
        yield Claim(
            module.places.none(_is_registered),
            held.since.site,
            described(held, "module"),
            held,
            target(held),
            registering(held, "Module"),
            is_right=_is_cared_for(module, held, model) or module.places.some(_is_registered).yes,
        )


def _is_frozen(module: Module) -> bool:
    """Whether none of its parameters trains: in a list, a part that stays as it is is kept out of the model on purpose."""
    return bool(module.parameters.seen) and all(t.trains.no for t in module.parameters)


def _is_made(module: Module) -> bool:
    """Whether the code makes a module that has parameters, or copies one."""
    made = (module.copy_of or module).made
    return made is not None and made.author == "user" and module.owns.yes


def _is_said(module: Module, held: Place) -> bool:
    """Whether something not known is a module of the project: an annotation, a class or a test says so.

    That alone proves little: what a caller hands over has to be used as modules too, or a call to give it.
    """
    if module.made is not None or module.copy_of is not None or not module.cls or module.owns.no or module.escaped:
        return False
    return bool(module.calls.seen) or gives_by_call(held)


@rule.question
def ask_objects(model: Model) -> Iterator[Claim]:
    """Layers that an object that is no module holds, and that `forward` calls where autograd records."""
    for module in model.modules:
        held = next((p for p in module.places if model.keeps_in_object(p)), None)
        if held is None or not _is_made(module) or any(mode.author == "user" for mode in module.modes.seen):
            continue
        is_frozen = any(t.flags.seen or not t.trains.yes for t in module.parameters)
        if is_frozen or module.escaped or _is_registered_elsewhere(held) or _is_cared_for(module, held, model):
            continue
        if any(call.get("inside") == "forward" and call.grad for call in module.calls):
            yield Claim(
                module.places.none(_is_registered), held.since.site, described(held, "module"), held, target(held)
            )


@rule.question
def ask_given(model: Model) -> Iterator[Claim]:
    """A list of modules that a part of a model is given, or makes of what it is given, and keeps as it is."""
    found: dict[tuple[int, str], list[tuple[Module, Place]]] = {}
    for module in model.modules:
        for place in module.places:
            if place.kind == "container" and place.holds and _is_given(module, place, model):
                found.setdefault((id(place.holder), place.key), []).append((module, place))
    for held in found.values():
        module, place = held[0]
        # One module in a list is hidden on purpose.
        if (len(held) > 1 or place.each_round or module.loops) and all(
            _is_only_here(one, at, model) for one, at in held
        ):
            yield Claim(said(True), place.since.site, described(place, "module"), place, target(place))


def _is_given(module: Module, place: Place, model: Model) -> bool:
    """Whether a part that is known, and that is not what the model is of, keeps what was made before it."""
    holder, made = place.holder, (module.copy_of or module).made
    if holder in model.roots or holder.made is None or holder.made.author != "user" or holder.escaped:
        return False
    if made is None or made.author != "user" or not holder.is_a("Module").yes or not holder.known.yes:
        return False
    return bool(min(made.order) < min(holder.made.order))


def _is_only_here(module: Module, place: Place, model: Model) -> bool:
    if _is_registered_elsewhere(place) or not module.owns.yes or _is_cared_for(module, place, model):
        return False
    return module.places.none(_is_registered).yes and not module.escaped


def _is_registered(place: Place) -> bool:
    return place.registered and place.holds


def _is_registered_elsewhere(place: Place) -> bool:
    """Whether the same attribute is a registered module in other cases, by another statement."""
    mine = place.since.site.statement
    return any(p.key == place.key and p.registered and p.since.site.statement is not mine for p in place.holder.holds)


def _is_cared_for(module: Module, place: Place, model: Model) -> bool:
    """Whether the code sees to what `parameters()` does not find: moves it, trains it, or keeps it without memory."""
    if (
        place.holder.overrides("_apply").yes
        or _is_registered_in_parts(module, model)
        or _has_listed_parameters(module, model)
    ):
        return True
    if module.argument("device") == "meta" or any(
        "meta" in str(event.get("arguments")) for event in model.events("moved", of=module)
    ):
        return True
    return any(tensor.groups.seen for tensor in module.parameters)


def _has_listed_parameters(module: Module, model: Model) -> bool:
    """Whether the parameters of what a line makes are listed too: `self.all = nn.ParameterList(...)`."""
    made = module.made
    alike = [m for m in model.modules if m.made is not None and made is not None and m.made.site.node is made.site.node]
    return any(one.parameters.seen and all(_is_beside(t, below(one)) for t in one.parameters) for one in alike)


def _is_beside(tensor: Tensor, modules: list[Module]) -> bool:
    """Whether a parameter is registered outside of some modules too."""
    return any(_is_registered(place) and place.holder not in modules for place in tensor.places)


def _is_registered_in_parts(module: Module, model: Model) -> bool:
    """Whether each layer in it is a part of the model under another name: `self.add_module(name, layer)`."""
    layers = [p.what for p in module.holds if p.registered and isinstance(p.what, Module) and not p.what.owns.no]
    own = [place for place in module.holds if place.registered and isinstance(place.what, Tensor)]
    return bool(layers) and not own and all(_is_registered_beside(layer, module, model) for layer in layers)


def _is_registered_beside(layer: Module, module: Module, model: Model) -> bool:
    holders = [p.holder for p in layer.places if _is_registered(p) and p.holder is not module]
    return any(one in model.roots for holder in holders if isinstance(holder, Module) for one in owners(holder))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    yield from model.hidden("modules")


@rule.refutes
def refute(model: LiveModel) -> Iterator[tuple[str, str]]:
    yield from model.registered_contents


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.hidden:
        if seen.words["kind"] == "module":
            message = f"`{seen.names[0]}` gets gradients in {seen.words['in']} and is no part of the model"
            yield run.proof(seen, message)
