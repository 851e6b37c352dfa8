"""A plain list of modules beside `add_module` keeps the originals when a model is changed.

Each module is registered with `add_module` or `setattr`, so it is trained and saved. But `forward` goes through the
plain list, and whatever replaces modules by name does not see a list: a replica of `nn.DataParallel` calls the modules
of the first device, and what quantisation, adapters or FSDP put in a module's place is never called. One
`nn.ModuleList` says both at once.

Bad:
    self.layers = []
    for i in range(3):
        layer = nn.Linear(8, 8)
        self.add_module(f"layer{i}", layer)
        self.layers.append(layer)

Good:
    self.layers = nn.ModuleList()
    for i in range(3):
        self.layers.append(nn.Linear(8, 8))

Leave it: the model is only ever trained on one device, and old checkpoints need the names.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.facts import Scope, owns_parameters
from paramlint.rule import Finding, Rule, Stores

rule = Rule(
    "PRM409",
    "unregistered-twin-container",
    group="risk",
    doc=__doc__,
    triggers=(Stores(values=("container", "local", "helper")),),
)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    for container in scope.plain_containers:
        modules = [held for held in container.held if held.type.is_module and held.is_made]
        if not any(owns_parameters(held.type) is not False for held in modules) or container.fates != {"registered"}:
            continue
        assert container.first.target is not None
        message = (
            f"`self.{container.name}` is a plain {container.kind} beside the registered modules, "
            "so replicas of the model call the originals"
        )
        yield Finding(container.first.target, message)
