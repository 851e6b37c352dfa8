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

from paramlint import nodes
from paramlint.facts import Scope, owns_parameters
from paramlint.facts.contents import Held
from paramlint.facts.wrapping import wrap
from paramlint.model import Claim, Model, Module, Place, Tensor, said
from paramlint.model.questions.training import below, owners
from paramlint.rule import Asks, Finding, Keeps, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun

#: Words of what owns parameters: without one a class keeps nothing that is trained.
_TRAINED = ("nn", "Module")

rule = Rule(
    "PRM401",
    "modules-in-plain-container",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Keeps(), Asks(*_TRAINED, entries=("class",))),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    for module in model.modules:
        if module.made is None or module.made.author != "user":
            continue
        held = next((p for p in module.places if model.keeps_plainly(p)), None)
        if held is not None and not _is_registered_elsewhere(held) and module.owns.yes:
            yield Claim(
                module.places.none(_is_registered),
                held.since.site,
                f"`self.{held.key}` is a plain {held.container}, so its modules are not trained",
                about=held,
                is_right=_is_cared_for(module, held, model) or module.places.some(_is_registered).yes,
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
            message = f"`self.{place.key}` is a plain {place.container}, so its modules are not trained"
            yield Claim(said(True), place.since.site, message, about=place)


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
    """Whether the same attribute is a registered module in other cases."""
    return any(p.key == place.key and p.registered for p in place.holder.holds)


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


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    for container in scope.plain_containers:
        lost = [held for held in container.held if _is_lost(held)]
        # An annotation alone proves little: what a caller hands over has to be used as modules too.
        is_proved = container.is_called or any(isinstance(held.node, nodes.Call) for held in lost)
        if not lost or not is_proved or container.hides_one or container.fates:
            continue
        assert container.first.target is not None
        what, modules, are = f"a plain {container.kind}", "modules", "are"
        if container.trailing_comma is not None:
            what, modules, are = "a tuple because of a trailing comma", "module", "is"
        message = f"`self.{container.name}` is {what}, so its {modules} {are} not trained"
        yield Finding(container.first.target, message, wrap(container, "Module"))


def _is_lost(held: Held) -> bool:
    """Whether a module is registered nowhere that has parameters, or whose subclasses may have some."""
    if held.type.kind != "module" or not held.is_made:
        return False
    owns = owns_parameters(held.type)
    if owns is None and held.type.cls is None and not isinstance(held.node, nodes.Call):
        return False  # some module that a caller hands over: it may have no parameters, or be registered there
    return owns is True or (not held.is_exact and (owns is None or held.type.cls is not None))


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
