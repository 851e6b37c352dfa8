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
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.model import Answer, Claim, Event, Guard, Model, Module, Tensor
from paramlint.model.guard import ALWAYS
from paramlint.model.questions.training import below, mode_of, owners, together, whole_of
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun


rule = Rule(
    "PRM603",
    "frozen-norm-still-updates",
    group="risk",
    doc=__doc__,
    triggers=(Asks("requires_grad", "requires_grad_"), Asks("eval", entries=("class",))),
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
    """Batch norms, and frozen parts with some, that a constructor switches off once: the next `train()` undoes that."""
    for root in model.roots:
        if not root.is_a("Module").yes or root.is_a("LightningModule").yes:
            continue
        for off in filter(_is_switched_off, model.events("mode")):
            part, wholes = off.of, owners(off.of) if off.of.cls else [off.of, root]
            if part is root or root not in wholes or any(m.overrides("train").yes or m.escaped for m in wholes):
                continue
            modes = [e for m in wholes for e in m.modes if e.get("how") != "init"]
            makers = {site.function for e in modes if e.get("inside") == "__init__" for site in e.way}
            is_repeated = any(root.called_elsewhere(name).truth != "no" for name in makers - {"__init__"})
            if is_repeated or any(e.get("inside") not in makers for e in modes):
                continue
            if _is_batch_norm(part, off):
                name, moved = off.site.text(getattr(off.site.node.func, "value", off.site.node)), "statistics"
            elif _is_held_by(part, off) and _trains_more(model, root):
                name, moved = str(part) if part.name else "the frozen part", "batch norms"
            else:
                continue
            message = f"`{name}` leaves training mode only until the next `train()`, which moves its {moved}"
            yield Claim(Answer("yes", (off,), off.guard), off.site, message, about=part, attribute=name)


@rule.question
def ask_of_selected(model: Model) -> Iterator[Claim]:
    """Batch norms alone that code selects and freezes, and that nothing switches off."""
    if any(root.overrides("train").yes for root in model.roots):
        return
    by_node: dict[int, list[Event]] = {}
    for off in model.events("flagged"):
        is_own = all(caller.definition is off.site.definition for caller in off.site.stack)
        if off.author == "user" and (off.site.in_class if model.roots else is_own):
            by_node.setdefault(id(off.site.node), []).append(off)
    switched = [e for e in model.events("mode") if e.get("how") != "init"]
    for flags in by_node.values():
        off = flags[0]
        held = [e for e in switched if e.get("inside") == off.get("inside") or _is_batch_norm(e.of, e)]
        if held or not all(map(_is_of_norm, flags)) or all(str(e.of).endswith("bias") for e in flags):
            continue
        if any(_keeps_statistics(model, _owner(e)) for e in flags):
            continue
        node = off.site.node
        owner = getattr(node.func if isinstance(node, nodes.Call) else node, "value", node)
        name = off.site.text(owner).removesuffix(".weight")
        message = f"`{name}` stays in training mode, so it keeps updating its running statistics"
        yield Claim(Answer("yes", (off,), off.guard), off.site, message, about=off.of, attribute=name)


@rule.question
def ask_of_left_out(model: Model) -> Iterator[Claim]:
    """Parts with batch norms that a method freezes, where it switches off others that it freezes, and not these."""
    off = [e for e in model.events("mode") if e.author == "user" and e.get("how") != "init" and mode_of(e) is False]
    by_method: dict[int, list[Event]] = {}
    for event in model.events("flagged") if off else ():
        if event.author == "user" and event.site.in_class:
            by_method.setdefault(id(event.site.definition), []).append(event)
    for flags in by_method.values():
        if any(getattr(e.get("value"), "value", None) is not False for e in flags):
            continue
        frozen = {id(e.of): e for e in flags}
        beside = [e.of for e in off if e.site.definition is flags[0].site.definition]
        if not any(_is_among(part, frozen) for part in beside):
            continue
        for norm in model.modules:
            whole = owners(norm)
            if not norm.is_a("_BatchNorm").yes or norm.escaped or not _is_among(norm, frozen):
                continue
            if any(e.of in whole for e in off) or any(m.overrides("train").yes for m in {*whole} - {*model.roots}):
                continue
            flag = frozen[id(norm.parameters.seen[0])]
            message = f"{_name(model, whole)} is frozen and stays in training mode, unlike what else is frozen here"
            yield Claim(Answer("yes", (flag,), flag.guard), flag.site, message, about=norm)


def _is_among(module: Module, tensors: Mapping[int, Event]) -> bool:
    """Whether all parameters of a module, of which there are some, are among others."""
    return module.parameters.some().yes and all(id(t) in tensors for t in module.parameters)


def _is_of_norm(off: Event) -> bool:
    """Whether what a flag is set of, or of whose tensor, is a batch norm that is frozen."""
    if getattr(off.get("value"), "value", None) is not False:
        return False
    return _is_batch_norm(_owner(off), off)


def _owner(off: Event) -> Module | None:
    """The module whose flag, or the flag of whose tensor, is set."""
    owner: Module | None = off.of if isinstance(off.of, Module) else off.get("through") or off.of.owner
    return owner


def _keeps_statistics(model: Model, norm: Module | None) -> bool:
    """Whether a batch norm is told to leave its running statistics as they are."""
    told = [e for e in model.events("bound", of=norm) if e.get("name") == "track_running_stats"]
    return any(getattr(e.get("value"), "value", e.get("value")) is False for e in told)


def _is_batch_norm(module: Module | None, at: Event) -> bool:
    """Whether something is a batch norm, by its class or by the conditions under which something happens to it."""
    if module is not None and module.cls:
        return module.is_a("_BatchNorm").yes
    asked = [test for test in str(at.guard).split(" and ") if _ASKS_CLASS.search(test) and not _DENIES.search(test)]
    classes = [name for test in asked for name in _CLASS.findall(_OBJECT.sub("", test))]
    return bool(classes) and all("BatchNorm" in name for name in classes)


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


def _is_switched_off(event: Event) -> bool:
    """Whether the class's own constructor calls `eval()`."""
    is_own = event.author == "user" and event.get("how") != "init" and event.site.in_class
    return is_own and event.get("inside") == "__init__" and mode_of(event) is False


def _is_held_by(part: Module, off: Event) -> bool:
    """Whether a part with batch norms is frozen wherever it is switched off, which one call alone does."""
    own = [e for e in part.modes if e.author == "user" and e.get("how") != "init" and e.site.in_class]
    if len({id(e.site.node) for e in own}) > 1 or not _all_frozen(part, off.guard):
        return False
    return any(m.is_a("_BatchNorm").yes or _has_batch_norms(m.part_of or m) for m in below(part))


def _trains_more(model: Model, root: Module) -> bool:
    """Whether a class has something else that trains: parameters, or an argument that its pass goes through."""
    if any(t.trains.yes for t in root.parameters if t.known):
        return True
    passes = [
        e for e in model.events("escaped") if e.get("inside") == "forward" and isinstance(e.site.node, nodes.Call)
    ]
    return any(e.site.text(e.site.node.func).startswith("self.") for e in passes)


def _all_frozen(part: Module, where: Guard) -> bool:
    """Whether the user's code freezes all that a part holds, for sure or under a condition, and for good."""
    last = [max(t.flags.seen, key=lambda e: min(e.order), default=None) for t in part.parameters]
    return bool(last) and all(
        e is not None
        and e.author == "user"
        and e.guard in (ALWAYS, where)
        and getattr(e.get("value"), "value", None) is False
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
    """Where the user's code froze all parameters of a batch norm for sure and for good, with more than it alone."""
    if not norm.is_a("_BatchNorm").yes or norm.made is None or norm.made.author != "user":
        return None
    parameters = [t for t in norm.tensors if t.role == "parameter"]
    flags = [next((e for e in reversed(t.flags.seen) if e.author == "user"), None) for t in parameters]
    if not flags or any(f is None or f.guard or getattr(f.get("value"), "value", None) is not False for f in flags):
        return None
    return flags[0] if all(t.trains.no and not _is_thawed_in_turn(t) for t in parameters) else None


def _is_thawed_in_turn(tensor: Tensor) -> bool:
    """Whether another round of the loop that freezes a tensor thaws it, as where two networks train in turns."""
    flags = [e for e in tensor.flags.seen if e.author == "user" and e.loops]
    off, on = ([e for e in flags if getattr(e.get("value"), "value", None) is value] for value in (False, True))
    return any(one.loops[0] == other.loops[0] for one in off for other in on)


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
#: How conditions read that ask for a class or its name, those that say what something is not, and what they name.
_ASKS_CLASS = re.compile(r"isinstance\(|__name__|\btype\(")
_DENIES = re.compile(r"^not |!= '|== -1$")
_CLASS = re.compile(r"(?<![\w.])_?[A-Z]\w+")
_OBJECT = re.compile(r"<\w+ \d+>")


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
