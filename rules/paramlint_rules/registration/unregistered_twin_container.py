"""A plain list of modules beside `add_module` keeps the originals when a model is changed.

Each module is registered with `add_module` or `setattr`, so it is trained and saved. But `forward` goes through the
plain list, and whatever replaces modules by name does not see a list: a replica of `nn.DataParallel` calls the modules
of the first device, and what quantisation, adapters or FSDP put in a module's place is never called. One
`nn.ModuleList` says both at once.

Bad:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = []
            for i in range(3):
                layer = nn.Linear(8, 8)
                self.add_module(f"layer{i}", layer)
                self.layers.append(layer)

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

Leave it: the model is only ever trained on one device, and old checkpoints need the names.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.model import Claim, Model, Module, Place, Site, said
from paramlint.model.questions.plain_containers import target
from paramlint.rule import Asks, Rule
from paramlint.syntax.walk import walk

rule = Rule(
    "PRM409",
    "unregistered-twin-container",
    group="risk",
    doc=__doc__,
    beyond_plain=True,
    triggers=(Asks("add_module", "register_module", "setattr", "forward", entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    seen: set[tuple[int, str]] = set()
    for module in model.modules:
        held = next((p for p in module.places if model.keeps_plainly(p)), None)
        if held is None or (id(held.holder), held.key) in seen or not _is_trained(module):
            continue
        others = [p for p in module.places if p is not held and p.holds]
        if others and all(_is_twin(place, held) for place in others) and _is_called(module):
            seen.add((id(held.holder), held.key))
            message = f"`self.{held.key}` is a plain {held.container} beside the registered modules"
            end = "so replicas of the model call the originals"
            yield Claim(said(True), held.since.site, f"{message}, {end}", held, target(held))


def _is_trained(module: Module) -> bool:
    return module.made is not None and module.made.author == "user" and module.owns.yes


def _is_twin(place: Place, held: Place) -> bool:
    """Whether the module that keeps the container registers the item too, by a call that gives it a name of its own."""
    call = place.since.site.node
    return place.registered and place.holder is held.holder and isinstance(call, nodes.Call) and not _assigns(call)


def _assigns(call: nodes.Call) -> bool:
    """Whether a call is an assignment in other words: `super().__setattr__("head", layer)`."""
    name = getattr(call.func, "attr", call.func)
    is_setting = isinstance(name, nodes.Name) and name.value in ("setattr", "__setattr__")
    return is_setting and any(isinstance(arg.value, nodes.SimpleString) for arg in call.args[-2:-1])


def _is_called(module: Module) -> bool:
    """Whether a pass takes the module out of its container and calls it; by its name it would be another one."""
    return any(call.get("inside") != "__init__" and not _asks_by_name(call.site) for call in module.calls)


def _asks_by_name(site: Site) -> bool:
    """Whether the function around a call puts names of attributes together, as `getattr(self, f"mix_{i}")` does."""
    asked = [n for n in walk(site.definition) if isinstance(n, nodes.Call) and _is_getattr(n.func)]
    return any(not isinstance(arg.value, nodes.SimpleString) for call in asked for arg in call.args[1:2])


def _is_getattr(func: nodes.BaseExpression) -> bool:
    return isinstance(func, nodes.Name) and func.value == "getattr"
