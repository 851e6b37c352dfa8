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
from paramlint.facts import Class, Scope, owns_parameters
from paramlint.facts.heirs import heirs_of
from paramlint.facts.usage import run_by_forward
from paramlint.rule import Finding, Keeps, Rule

rule = Rule(
    "PRM409",
    "unregistered-twin-container",
    group="risk",
    doc=__doc__,
    triggers=(Keeps(),),
)


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    for container in scope.plain_containers:
        modules = [held for held in container.held if held.type.is_module and held.is_made]
        if not any(owns_parameters(held.type) is not False for held in modules) or container.fates != {"registered"}:
            continue
        if scope.cls is not None and not _is_gone_through(scope.cls, container.name):
            continue
        assert container.first.target is not None
        message = (
            f"`self.{container.name}` is a plain {container.kind} beside the registered modules, "
            "so replicas of the model call the originals"
        )
        yield Finding(container.first.target, message)


def _is_gone_through(cls: Class, name: str) -> bool:
    """Whether `forward`, of the class or an heir, takes modules out; to ask for the length is not to call any."""
    for scope in (scope for one in (cls, *heirs_of(cls)) for scope in run_by_forward(one)):
        for node in scope.find(nodes.Attribute, nodes.Call):
            if _is_it(scope, node, name) and not _is_counted(scope, node):
                return True
    return False


def _is_it(scope: Scope, node: nodes.BaseExpression, name: str) -> bool:
    """Whether an expression is the attribute: `self.name`, or `getattr(self, "name")`."""
    if isinstance(node, nodes.Attribute):
        return scope.self_attribute(node) == name
    if not isinstance(node, nodes.Call):
        return False
    given = [scope.text(arg.value).strip("\"'") for arg in node.args[:2]]
    return scope.is_call_of(node, "getattr") and given == [scope.self_name, name]


def _is_counted(scope: Scope, node: nodes.BaseExpression) -> bool:
    arg = scope.parent(node)
    call = scope.parent(arg) if isinstance(arg, nodes.Arg) else None
    return isinstance(call, nodes.Call) and scope.qualified(call.func) == "len"
