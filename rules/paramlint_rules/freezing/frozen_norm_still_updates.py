"""A frozen batch norm goes on changing: its running statistics are no parameters.

`requires_grad = False` stops the gradients of a batch norm's weight and bias, but in training mode each batch still
moves `running_mean` and `running_var`. `eval()` stops that, until the next `train()` of the whole model undoes it.

Bad:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))
            for m in self.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.eval()

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3))

        def train(self, mode=True):
            super().train(mode)
            for m in self.modules():
                if isinstance(m, nn.BatchNorm2d):
                    m.eval()
            return self

Leave it: the statistics are meant to follow the new data, or the training loop sets the mode after each `train()`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.facts.package import folder_of, package_of
from paramlint.facts.training import is_inside
from paramlint.model import Answer, Claim, Event, Model, Module
from paramlint.model.questions.training import below, mode_of, owners, together, whole_of
from paramlint.rule import Asks, Calls, Finding, Proof, Rule, Stores

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun


rule = Rule(
    "PRM603",
    "frozen-norm-still-updates",
    group="risk",
    doc=__doc__,
    triggers=(
        Calls("eval", "requires_grad_"),
        Stores("requires_grad"),
        Asks("requires_grad", "requires_grad_", "BatchNorm"),
    ),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """Batch norms inside a part that is frozen: nothing says `eval` of them, and something else trains."""
    said: set[tuple[str, int]] = set()
    for norm in model.modules:
        off = _frozen_at(norm)
        if off is None or not any(t.trains.yes and t.known for t in model.parameters):
            continue
        holders = list(_holders(norm))
        modes = [e for m in (norm, *holders) for e in m.modes if getattr(e.get("value"), "value", None) is False]
        if _is_replaced(model, norm, off):
            continue
        switched = [e for m in (norm, *holders) for e in m.modes if e.get("how") != "init"]
        if modes and not _trains_in_training_mode(model, switched):
            continue
        if norm.escaped or any(m.overrides("train").yes or m.escaped for m in holders):
            continue
        helps = bool(off.site.stack) and not off.site.in_class and _freezes_whole(model, off)
        site = off.site.stack[-1] if helps else off.site
        if (site.path, site.row) not in said:
            said.add((site.path, site.row))
            name = norm.name or "a batch norm"
            message = f"`{name}` is frozen and stays in training mode, so it keeps updating its running statistics"
            yield Claim(Answer("yes", (off,), off.guard), site, message, about=norm)


@rule.question
def ask_of_trunks(model: Model) -> Iterator[Claim]:
    """Trunks of other libraries that are known to have batch norms, frozen where `train()` follows and no `eval()`."""
    said: set[tuple[str, int]] = set()
    for module in model.modules:
        if not _has_batch_norms(module.part_of or module):
            continue
        whole = whole_of(model, module)
        off = _trunk_frozen_at(whole)
        modes = [e for m in whole for e in m.modes if e.get("how") != "init" and e.site.node is not None]
        if off is None or any(m.escaped or m.overrides("train").yes for m in whole):
            continue
        if not any(model.follows(off, e).yes for e in modes) or not _trains_in_training_mode(model, modes):
            continue
        if not any(t.known and t.trains.yes and not t.flags.seen for t in model.parameters):
            continue
        if (off.site.path, off.site.row) not in said:
            said.add((off.site.path, off.site.row))
            message = f"{_name(model, whole)} is frozen, but its batch norms stay in training mode and keep updating"
            yield Claim(Answer("yes", (off,), off.guard), off.site, message, about=module)


@rule.question
def ask_of_once(model: Model) -> Iterator[Claim]:
    """Parts that a constructor freezes and switches to `eval()` once: the next `train()` of the whole undoes that."""
    said: set[tuple[str, int]] = set()
    for root in model.roots:
        if not root.is_a("Module").yes or root.is_a("LightningModule").yes or root.overrides("train").yes:
            continue
        for part in below(root)[1:]:
            off = _switched_off(part)
            if off is None or (off.site.path, off.site.row) in said or part.overrides("train").yes:
                continue
            if not _all_frozen(part) or not _trains_more(model, root):
                continue
            norms = [m for m in below(part) if m.is_a("_BatchNorm").yes or _has_batch_norms(m.part_of or m)]
            again = [e for m in owners(part) for e in m.modes if e.get("inside") not in ("__init__", off.site.function)]
            if norms and not again and not any(m.escaped for m in owners(part)):
                said.add((off.site.path, off.site.row))
                name = f"`{part}`" if part.name else "the frozen part"
                message = f"{name} leaves training mode only until the next `train()`, which moves its batch norms"
                yield Claim(Answer("yes", (off,), off.guard), off.site, message, about=part)


def _trains_in_training_mode(model: Model, modes: list[Event]) -> bool:
    """Whether modules are in training mode where a loss goes backward, however often they leave it to be measured."""
    on = [e for e in modes if mode_of(e) is True]
    off = [e for e in modes if mode_of(e) is not True]
    if not off:
        return bool(on)
    return any(
        together(start, backward)
        and start.loops[: len(backward.loops)] == backward.loops[: len(start.loops)]
        and model.follows(start, backward).yes
        and model.between(start, backward, ("mode",), lambda e: e in off).no
        for start in on
        for backward in model.events("backward")
    )


def _switched_off(part: Module) -> Event | None:
    """Where the class's own constructor calls `eval()` of a part, and of that alone."""
    own = [e for e in part.modes if e.author == "user" and e.get("how") != "init" and e.site.in_class]
    is_once = bool(own) and own[0].get("inside") == "__init__" and mode_of(own[0]) is False
    return own[0] if is_once and not own[0].guard and len({id(e.site.node) for e in own}) == 1 else None


def _trains_more(model: Model, root: Module) -> bool:
    """Whether a class has something else that trains: parameters, or an argument that its pass goes through."""
    if any(t.trains.yes for t in root.parameters if t.known):
        return True
    passes = [
        e for e in model.events("escaped") if e.get("inside") == "forward" and isinstance(e.site.node, nodes.Call)
    ]
    return any(e.site.text(e.site.node.func).startswith("self.") for e in passes)


def _all_frozen(part: Module) -> bool:
    """Whether the user's code freezes all that a part holds, for sure and for good."""
    last = [max(t.flags.seen, key=lambda e: min(e.order), default=None) for t in part.parameters]
    return bool(last) and all(
        e is not None and e.author == "user" and not e.guard and getattr(e.get("value"), "value", None) is False
        for e in last
    )


def _has_batch_norms(module: Module) -> bool:
    """Whether a model of another library is of a kind that has batch norms in all its sizes, by what makes it."""
    node = module.made.site.node if module.made is not None else None
    if not isinstance(node, nodes.Call) or not module.is_a("UnknownModule").yes:
        return False
    name = node.func.attr.value if isinstance(node.func, nodes.Attribute) else getattr(node.func, "value", "")
    first = node.args[0].value if node.args else None
    if name == "create_model" and isinstance(first, nodes.SimpleString):
        name = str(first.evaluated_value)
    return isinstance(name, str) and _WITH_BATCH_NORMS.match(name) is not None


def _name(model: Model, whole: list[Module]) -> str:
    """How the user's code calls a trunk."""
    keys = [p.key for m in whole for p in m.places if p.key.isidentifier()]
    keys += [e.name for e in model.events("bound") if e.get("value") in whole or e.of in whole[:1]]
    return f"`{keys[0]}`" if keys else "the trunk"


def _trunk_frozen_at(whole: list[Module]) -> Event | None:
    """Where the user's code froze all parameters of a trunk for sure, and did not thaw them again."""
    for module in whole:
        opaque = [t for t in module.parameters if not t.known]
        flags = [e for t in opaque for e in t.flags if e.author == "user"]
        last = max(flags, key=lambda e: min(e.order), default=None)
        if last is not None and not last.guard and getattr(last.get("value"), "value", None) is False:
            return last
    return None


def _freezes_whole(model: Model, off: Event) -> bool:
    """Whether a line freezes all of one module, as a function does that is given what to freeze."""
    frozen = {id(t) for t in model.parameters if any(e.site.row == off.site.row for e in t.flags.seen if e.site)}
    return any({id(t) for t in module.parameters} == frozen for module in model.modules)


def _is_replaced(model: Model, norm: Module, off: Event) -> bool:
    """Whether the function that freezes it puts something else in its place, if only by an option."""
    keys = {(id(place.holder), place.key) for place in norm.places}
    return any(
        (id(e.get("holder", e.of)), e.get("key", e.get("name"))) in keys and model.follows(off, e).yes
        for e in model.events("bound", "registered")
        if e.get("inside") == off.get("inside")
    )


def _frozen_at(norm: Module) -> Event | None:
    """Where the user's code froze all parameters of a batch norm for sure, with more than the norm alone."""
    if not norm.is_a("_BatchNorm").yes or norm.made is None or norm.made.author != "user":
        return None
    parameters = [t for t in norm.tensors if t.role == "parameter"]
    flags = [next((e for e in reversed(t.flags.seen) if e.author == "user"), None) for t in parameters]
    if not flags or any(f is None or f.guard or getattr(f.get("value"), "value", None) is not False for f in flags):
        return None
    return flags[0] if all(t.trains.no for t in parameters) else None


def _holders(module: Module) -> Iterator[Module]:
    """The modules around one, the nearest first."""
    waiting, seen = [module], {id(module)}
    while waiting:
        for place in waiting.pop().places:
            if place.registered and place.holds and isinstance(place.holder, Module) and id(place.holder) not in seen:
                seen.add(id(place.holder))
                waiting.append(place.holder)
                yield place.holder


#: Models of torchvision and timm that have batch norms, by the beginning of their names.
_WITH_BATCH_NORMS = re.compile(
    r"resnet|resnext|wide_resnet|densenet|mobilenet_?v[23]|efficientnet|mnasnet|shufflenet|googlenet|inception_v3"
    r"|regnet|vgg\d\d_bn|legacy_se|seresne|res2net|dla\d|hrnet|xception|rexnet"
)
_CLASS = re.compile(r"\b[A-Z]\w+|(?<=\b_)[A-Z]\w+")


@rule.static(nodes.Call)
def check_eval(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    """`m.eval()` on batch norms, reached from the constructor of a module that does not override `train`."""
    if not isinstance(node.func, nodes.Attribute) or node.func.attr.value != "eval" or node.args:
        return
    if scope.cls is None or not scope.cls.is_module or scope.cls.method("train") is not None:
        return
    if _is_batch_norm(scope, node.func.value) and _runs_once(scope, scope.cls):
        owner = scope.text(node.func.value)
        message = f"`{owner}` leaves training mode only until the next `train()`, which moves its statistics"
        yield Finding(node, message, attribute=owner)


@rule.static_scope
def check_flags(scope: Scope) -> Iterator[Finding]:
    """Batch norms whose parameters are frozen in code that never calls `eval`."""
    if any(_method_name(call) in ("eval", "train") for call in scope.find(nodes.Call)) or _has_train(scope):
        return
    for node in scope.find(nodes.Assign, nodes.Call):
        owner = _frozen(node)
        if owner is not None and _is_batch_norm(scope, owner):
            place = node.targets[0].target if isinstance(node, nodes.Assign) else node
            message = f"`{scope.text(owner)}` stays in training mode, so it keeps updating its running statistics"
            yield Finding(place, message, attribute=scope.text(owner))


def _frozen(node: nodes.Node) -> nodes.BaseExpression | None:
    """The module that `m.weight.requires_grad = False` or `m.requires_grad_(False)` freezes, the bias aside."""
    if isinstance(node, nodes.Assign):
        target = node.targets[0].target
        if not isinstance(target, nodes.Attribute) or target.attr.value != "requires_grad" or not _is_false(node.value):
            return None
        return _owner_of_weight(target.value)
    if isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute) and len(node.args) == 1:
        if node.func.attr.value == "requires_grad_" and _is_false(node.args[0].value):
            return _owner_of_weight(node.func.value) or node.func.value
    return None


def _owner_of_weight(node: nodes.BaseExpression) -> nodes.BaseExpression | None:
    return node.value if isinstance(node, nodes.Attribute) and node.attr.value == "weight" else None


def _is_batch_norm(scope: Scope, node: nodes.BaseExpression) -> bool:
    """Whether a value is a batch norm, by its type or by a test that names no other class."""
    found = scope.type(node)
    if found is not None and found.name.startswith("torch.nn.") and found.name != "torch.nn.Module":
        return "BatchNorm" in found.name
    for test in (a.test for a in scope.ancestors(node) if isinstance(a, nodes.If) and is_inside(scope, node, a.body)):
        text = scope.text(test)
        classes = [word for word in _CLASS.findall(text) if word not in ("True", "False", "None")]
        if classes and scope.text(node) in text and "not " not in text:
            return all("BatchNorm" in word for word in classes)
    return False


def _runs_once(scope: Scope, cls: Class) -> bool:
    """Whether a method is the constructor, or is called by it and by no other method."""
    if scope.name == "__init__":
        return True
    callers = [
        other.name
        for other in cls.scopes_with(scope.name)
        if other.kind == "function"
        for call in other.find(nodes.Call)
        if other.self_attribute(call.func) == scope.name
    ]
    return bool(callers) and set(callers) == {"__init__"} and not _is_called_by_others(scope)


def _is_called_by_others(scope: Scope) -> bool:
    """Whether other code calls a method of this name, as a loop does after each `train()`."""
    file = scope.file
    call = re.compile(rf"(?<!\bself)\.{scope.name}\(")
    if call.search(file.source.text):
        return True
    package = package_of(file)
    if package is None:
        return file.is_cut_off
    beside = folder_of(package, file)
    texts = [package.text(path) for path in package.paths_with(file, scope.name)]
    texts += [beside.text(path) for path in beside.scripts_with(file, scope.name)] if beside is not None else []
    return any(re.search(call.pattern.encode(), text) for text in texts)


def _has_train(scope: Scope) -> bool:
    return scope.cls is not None and scope.cls.method("train") is not None


def _method_name(call: nodes.Call) -> str:
    return call.func.attr.value if isinstance(call.func, nodes.Attribute) else ""


def _is_false(node: nodes.BaseExpression) -> bool:
    return isinstance(node, nodes.Name) and node.value == "False"


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    if not any(parameter.requires_grad for parameter in model.parameters):
        return
    for name, (filename, row) in model.norms_updated_while_frozen().items():
        how = "was put into evaluation mode" if filename else "is frozen"
        proof = model.proof_at(name, f"`{name}` {how}, but in training mode its running statistics still change")
        yield replace(proof, filename=filename, row=row) if filename else proof


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.moving_norms:
        yield run.proof(seen, f"{seen.said} is frozen, but in training mode its running statistics change in each step")
