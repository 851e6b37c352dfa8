"""A tensor is initialised twice in a row, and its sibling never; or a computed value is overwritten.

The second line was copied from the first and not changed, so that what it was meant for (the bias, the next layer)
keeps other values than intended. Or values were computed for a parameter, such as the sines of a position table, and
a later initialisation replaces them. Or one layer was given values of its own, and then an initialisation of all layers
goes over it too.

Bad:
    self.before = nn.Linear(8, 8)
    self.after = nn.Linear(8, 8)
    nn.init.xavier_uniform_(self.before.weight)
    nn.init.xavier_uniform_(self.before.weight)

Good:
    self.before = nn.Linear(8, 8)
    self.after = nn.Linear(8, 8)
    nn.init.xavier_uniform_(self.before.weight)
    nn.init.xavier_uniform_(self.after.weight)

Leave it: the first call is there to draw from the random generator.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts import Class, Scope
from paramlint.facts.gradients import is_parameter
from paramlint.facts.handed_on import is_handed_to
from paramlint.facts.init_calls import WRITE_NAMES, write_call
from paramlint.facts.init_events import (
    EVENT_NAMES,
    InitEvent,
    conditions_of,
    init_events,
    is_on_one_path,
    is_touched_between,
    key_of,
)
from paramlint.facts.type_tests import classes_proved
from paramlint.knowledge import module_class
from paramlint.model import Claim, Event, Model, Module, Site, Tensor
from paramlint.model.questions.effects import effect, is_used_between
from paramlint.model.questions.visits import is_over_one_twice
from paramlint.model.questions.written_code import target_of
from paramlint.rule import Asks, Calls, Finding, Proof, Rule
from paramlint.syntax.walk import walk

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel
    from paramlint.live.observe.writes import Line, Write
    from paramlint.live.tensor import LiveTensor


rule = Rule(
    "PRM207",
    "init-overwritten",
    group="bug",
    doc=__doc__,
    triggers=(Calls(*EVENT_NAMES), Asks("init", *WRITE_NAMES, entries=("class", "function", "module"))),
)

_SELF = re.compile(r"(?:each .*? of )?self\.(\w+)")


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A layer's own values, over which an initialisation of several layers goes."""
    writes = [w for w in model.events("written") if _is_whole(w)]
    owners: dict[int, set[int]] = {}
    for write in writes:
        for node in {_way(write).node, write.site.node}:
            owners.setdefault(id(node), set()).add(id(write.of.owner))
    before: dict[int, Event] = {}
    for write in writes:
        first, before[id(write.of)] = before.get(id(write.of)), write
        if first is None or not _is_direct(first) or not _is_direct(write) or effect(first) == effect(write):
            continue
        is_general = all(len(owners[id(site.node)]) > 1 for site in (_way(write), write.site))
        is_special = is_general and len(owners[id(_way(first).node)]) == 1
        if is_special and first.guard.implies(write.guard) and not is_used_between(model, first, write):
            yield Claim(
                model.follows(first, write),
                _way(write),
                f"`{write.of}` was given values of its own by `{first.law}`, which `{write.law}` overwrites",
            )


@rule.question
def ask_of_part(model: Model) -> Iterator[Claim]:
    """A constant that a part gives one of its layers, such as a gate that starts closed, and the whole overwrites."""
    before: dict[int, Event] = {}
    claimed: set[tuple[int, int]] = set()
    writes = [w for w in model.events("written") if _is_whole(w)]
    last = {id(write.of): write for write in writes}
    own = {name.rpartition(".")[2] for root in model.roots for name in (root.cls, *root.bases)}
    for write in writes:
        first, before[id(write.of)] = before.get(id(write.of)), write
        if first is None or last[id(write.of)] is not write or not _is_of_part(first, own):
            continue
        if not _is_direct(write) or not _is_chosen(first, write):
            continue
        places = id(first.site.node), id(_way(write).node)
        if places in claimed or not first.guard.implies(write.guard) or is_used_between(model, first, write):
            continue
        claimed.add(places)
        text = _target_of(first)
        message = (
            f"`{text}` of `{first.site.class_name}` was given values of its own by `{first.law}` in row"
            f" {first.site.row}, which `{write.law}` overwrites"
        )
        yield Claim(model.follows(first, write), _way(write), message, about=write.of)


def _is_of_part(write: Event, own: set[str]) -> bool:
    """Whether the constructor of a part of what is built does it, or what that calls, and not that of a base."""
    constructors = [site for site in write.way if site.function == "__init__"]
    return len(constructors) > 1 and constructors[-1].class_name.rpartition(".")[2] not in own


def _is_chosen(first: Event, then: Event) -> bool:
    """Whether a weight was filled with a constant, or a bias with one that is not zero, and gets other values."""
    (constant, *rest), key = effect(first), first.of.key
    owner = first.of.owner
    if rest or isinstance(constant, str) or effect(then) == effect(first) or owner is None:
        return False
    usual = 1 if key == "weight" and owner.is_a("_NormBase", "LayerNorm", "GroupNorm", "RMSNorm").yes else None
    return key in ("weight", "bias") and constant != (0 if key == "bias" else usual)


@rule.question
def ask_copied(model: Model) -> Iterator[Claim]:
    """One of several like layers initialised twice in a row, and another never."""
    before: dict[int, Event] = {}
    writes = [w for w in model.events("written") if _is_whole(w)]
    lines = Counter(id(write.site.node) for write in writes)
    for write in writes:
        first, before[id(write.of)] = before.get(id(write.of)), write
        if first is None or not _is_same_call(first, write):
            continue
        both_over_many = lines[id(first.site.node)] > 1 < lines[id(write.site.node)]  # one layer is left over
        if both_over_many if first.site.node is not write.site.node else not is_over_one_twice(write.site):
            continue
        other = next(filter(_is_untouched, (*_like(write.of), *_left_out(model, write))), None)
        if other is not None and not is_used_between(model, first, write):
            text = f"`{write.of}` is initialised a second time by `{write.law}`, `{other}` never"
            yield Claim(model.follows(first, write), write.site, text, about=write.of)


@rule.question
def ask_chosen(model: Model) -> Iterator[Claim]:
    """Values that one line chose layer by layer, over all of which another line of the file goes with the same call."""
    by_line: dict[int, list[tuple[Event, Event]]] = {}
    writes = [w for w in model.events("written") if _is_of_parameter(w)]
    last = {id(write.of): write for write in writes}
    for write in writes:
        by_line.setdefault(id(write.site.node), []).append((write, last[id(write.of)]))
    for pairs in by_line.values():
        first, then = pairs[0]
        is_general = len(pairs) > 1 and all(b.site.node is then.site.node and a is not b for a, b in pairs)
        if not is_general or then.law != first.law or len({effect(b) for _, b in pairs}) > 1:
            continue
        lost = [a for a, b in pairs if effect(a) != effect(b) and a.guard.implies(b.guard)]
        is_used = any(is_used_between(model, a, b) for a, b in pairs)
        if len({effect(a) for a in lost}) > 1 and not is_used and first.site.path == then.site.path:
            own = f"`{_target_of(first)}` was given values of its own by `{first.law}` in each layer"
            text = f"{own}, which `{then.law}` overwrites"
            yield Claim(model.follows(first, then), then.site, text, about=then.of)


def _target_of(write: Event) -> str:
    """What a call writes, as it is written there."""
    target = target_of(write)
    return write.site.text(target) if target is not None else str(write.of)


def _is_same_call(first: Event, second: Event) -> bool:
    """Whether two writes of one function do the same on one path."""
    one, other = first.site, second.site
    is_beside = one.definition is other.definition and [s.node for s in one.stack] == [s.node for s in other.stack]
    return is_beside and effect(first) == effect(second) and first.guard is second.guard


def _like(tensor: Tensor) -> Iterator[Tensor]:
    """The same parameters of the layers of the same class that the same module holds under names."""
    owner = tensor.owner
    key = next((p.key for p in tensor.places if p.registered and p.holds), "")
    for place in owner.places if owner is not None else ():
        if place.kind != "child" or not place.holds or not isinstance(place.holder, Module) or not key:
            continue
        for beside in place.holder.holds:
            part = beside.what
            if isinstance(part, Module) and part is not owner and beside.holds and owner and part.cls == owner.cls:
                yield from (t for t in part.tensors if any(p.key == key for p in t.places))


def _left_out(model: Model, write: Event) -> Iterator[Tensor]:
    """The same parameters of other layers, of which the same code initialises another one."""
    around = write.site.definition
    for other in model.events("written"):
        owner = other.of.owner if _is_whole(other) and other.site.definition is around else None
        if owner is not None and owner is not write.of.owner and other.of.key != write.of.key:
            yield from (t for t in owner.tensors if t.key == write.of.key)


def _is_untouched(tensor: Tensor) -> bool:
    is_known = tensor.known and not tensor.escaped and tensor.owner is not None and not tensor.owner.escaped
    return is_known and not any(w.author != "torch" and w.get("inside") == "__init__" for w in tensor.writes)


def _is_whole(write: Event) -> bool:
    """Whether a constructor writes all of a known parameter."""
    return _is_of_parameter(write) and write.get("inside") == "__init__"


def _is_of_parameter(write: Event) -> bool:
    """Whether the user's code initialises all of a known parameter."""
    tensor = write.of
    is_all = write.author == "user" and write.get("part") is None and write.get("law") in WRITE_NAMES
    return is_all and isinstance(tensor, Tensor) and tensor.role == "parameter" and bool(tensor.known)


def _way(write: Event) -> Site:
    """The statement of the constructor that leads to a write."""
    return write.site.stack[0] if write.site.stack else write.site


def _is_direct(write: Event) -> bool:
    """Whether the constructor itself, and not that of a part, does it."""
    sites = write.way
    return sites[0].function == "__init__" and all(site.function != "__init__" for site in sites[1:])


@rule.static_scope
def check_constants(scope: Scope) -> Iterator[Finding]:
    """A tensor that two statements, one below the other, fill with two constants: one of them was meant for another."""
    events = init_events(scope)
    for first, second in pairwise(e for e in events if e.is_constant):
        if first.key != second.key or scope.text(first.target) != scope.text(second.target):
            continue
        if scope.text(first.node) == scope.text(second.node) or not _are_adjacent(scope, first.node, second.node):
            continue
        if any(isinstance(part, nodes.Call) for part in walk(second.target)):
            continue  # what a call makes, `torch.empty_like(x)`, is another tensor each time
        if _sibling_parameter(first, second, events) is None:  # said below
            text = scope.text(second.target)
            message = f"`{text}` is filled with one constant and at once with another, so the first is lost"
            yield Finding(second.node, message, attribute=text)


def _are_adjacent(scope: Scope, first: nodes.Node, second: nodes.Node) -> bool:
    """Whether two calls are statements of their own, one directly below the other."""
    lines = [scope.statement(first), scope.statement(second)]
    block = scope.parent(lines[0]) if lines[0] is not None else None
    body = getattr(block, "body", ())
    if block is None or lines[1] is None or scope.parent(lines[1]) is not block or not isinstance(body, (list, tuple)):
        return False
    return any(one is lines[0] and other is lines[1] for one, other in pairwise(body))


@rule.static(nodes.Call)
def check_condition(node: nodes.Call, scope: Scope) -> Iterator[Finding]:
    """A weight that is filled with zeros where the condition asks for the bias, which nothing in that branch names."""
    found = write_call(scope, node)
    target = found.target if found is not None else None
    if found is None or not isinstance(target, nodes.Attribute) or target.attr.value != "weight":
        return
    owner = scope.text(target.value)
    if found.function not in ("zeros_", "zero_") and _constant_of(scope, node) != "0":
        return
    if any(event.node is not node and scope.text(event.target) == scope.text(target) for event in init_events(scope)):
        return  # written twice: that is said by the others
    above = next((a for a in scope.ancestors(node) if isinstance(a, nodes.If)), None)
    test, body = (scope.text(above.test), scope.text(above.body)) if above is not None else ("", "")
    if f"{owner}.bias is not None" not in test or ".weight" in test or f"{owner}.bias" in body:
        return
    if above is None or not any(node is n for n in walk(above.body)):
        return
    message = f"`{owner}.weight` is filled with zeros where `{owner}.bias` is asked for, which is never initialised"
    yield Finding(node, message, attribute=owner)


def _constant_of(scope: Scope, call: nodes.Call) -> str:
    """The number that `constant_(x, 0)` is given, as it is written."""
    is_constant = isinstance(call.func, (nodes.Attribute, nodes.Name)) and "constant_" in scope.text(call.func)
    given = [arg.value for arg in call.args][1:2] if is_constant else []
    return scope.text(given[0]).removesuffix(".0").removesuffix(".") if given else ""


@rule.static_scope
def check(scope: Scope) -> Iterator[Finding]:
    events = init_events(scope)
    for index, second in enumerate(events):
        for first in reversed(events[:index]):
            if first.key == second.key and is_on_one_path(first, second):
                if not is_touched_between(first, second):
                    yield from _judge(first, second, events)
                break


def _judge(first: InitEvent, second: InitEvent, events: list[InitEvent]) -> Iterator[Finding]:
    text = second.scope.text(second.target)
    if first.is_copy and not second.is_copy:
        if is_parameter(second.scope, second.target):
            message = f"`{text}` was given computed values, which `{second.function}` overwrites"
            yield Finding(second.node, message, attribute=text)
        return
    sibling = _sibling_parameter(first, second, events) or _sibling_attribute(first, second)
    if sibling is not None:
        message = f"`{text}` is initialised a second time by `{second.function}`, `{sibling}` never"
        yield Finding(_place(first, second), message, attribute=text)


def _place(first: InitEvent, second: InitEvent) -> nodes.Node:
    """The second call, or what its loop runs over where that is what was not changed."""
    scope = second.scope
    loops = [a for a in scope.ancestors(second.node) if isinstance(a, nodes.For)]
    if loops and second.key.startswith("each ") and loops[0] not in scope.ancestors(first.node):
        return loops[0].iter
    return second.node


# The weight written twice, the bias never


def _sibling_parameter(first: InitEvent, second: InitEvent, events: list[InitEvent]) -> str | None:
    target = second.target
    if not isinstance(target, nodes.Attribute) or target.attr.value not in ("weight", "bias"):
        return None
    scope = second.scope
    other = "bias" if target.attr.value == "weight" else "weight"
    owner = scope.text(target.value)
    sibling = f"{owner}.{other}"
    asked = rf"{re.escape(sibling)}\b|hasattr\({re.escape(owner)}, ['\"]{other}['\"]\)"
    is_guarded = any(re.search(asked, test) for test in second.conditions - first.conditions)
    if not is_guarded and not (first.is_constant is not second.is_constant and _has(scope, target.value, other)):
        return None
    key = f"{key_of(scope, target.value)}.{other}"
    for event in events:
        if event.key == key and (event.conditions <= second.conditions or first.conditions <= event.conditions):
            return None
    if is_handed_to(scope, first.node, owner, re.compile(rf"\.{other}\b")):
        return None
    return None if _is_written_otherwise(scope, sibling, second) else sibling


def _has(scope: Scope, owner: nodes.BaseExpression, parameter: str) -> bool:
    """Whether the owner is one of torch's layers that have this parameter."""
    known = scope.type(owner)
    names = [known.name] if known is not None and known.is_module else []
    names = names if names and names[0] else [scope.qualified(c) or "" for c in classes_proved(scope, owner)]
    found = [module_class(name) for name in names]
    return bool(found) and all(k is not None and parameter in k.parameters for k in found)


def _is_written_otherwise(scope: Scope, sibling: str, second: InitEvent) -> bool:
    """Whether the sibling is mentioned, on the same path, in anything but a condition."""
    for node in scope.find(nodes.Attribute):
        if scope.text(node) == sibling and conditions_of(scope, node) & second.conditions == second.conditions:
            if not any(isinstance(a, nodes.If) and node in walk(a.test) for a in scope.ancestors(node)):
                return True
    return False


# One attribute of the instance written twice, another never


def _sibling_attribute(first: InitEvent, second: InitEvent) -> str | None:
    scope, cls = second.scope, second.scope.cls
    match = _SELF.match(second.key)
    if cls is None or match is None or scope.self_name != "self" or first.conditions != second.conditions:
        return None
    if scope.text(first.node) != scope.text(second.node):
        return None
    name = match[1]
    kind = cls.attribute(name)
    if kind is None:
        return None
    for other in cls.own_attributes:
        if other != name and cls.attribute(other) == kind and not _is_initialised(cls, scope, other):
            return f"self.{other}"
    return None


def _is_initialised(cls: Class, scope: Scope, name: str) -> bool:
    """Whether the method mentions an attribute, or another method initialises it."""
    if re.search(rf"\b{re.escape(name)}\b", scope.file.source.lines(scope.unit.first, scope.unit.last)):
        return scope.name != "__init__" or _is_event(scope, name)
    return any(_is_event(method, name) for method in cls.scopes_with(name))


def _is_event(method: Scope, name: str) -> bool:
    return any(re.search(rf"self\.{re.escape(name)}\b", event.key) for event in init_events(method))


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    for parameter in model.parameters:
        if len(parameter.shape) < 2 or not parameter.marks or not parameter.is_final:
            continue
        lost = [mark.write for mark in parameter.marks[:-1] if mark.whole and mark.write.by_user and not mark.read]
        computed = next((write for write in lost if write.kind == "computed"), None)
        last = parameter.marks[-1].write
        if computed is not None and last.kind in ("constant", "random") and last.by_user:
            what = "a constant" if last.kind == "constant" else "random numbers"
            message = f"`{parameter.name}` is given computed values, which `{last.call}` then overwrites with {what}"
            place = f"{computed.filename}:{computed.row}"
            yield parameter.proof(message, last, computed_by=computed.call, computed_at=place)


@rule.runtime
def verify_twice(model: LiveModel) -> Iterator[Proof]:
    for parameter in model.parameters:
        if parameter.twice is None:
            continue
        first, second = parameter.drawn[-2:]
        if first.by_constructor:
            continue  # what a layer of torch draws for itself is drawn again
        is_same_call = first.describe() == second.describe() and first.by_user and second.by_user
        siblings = [other for other in model.parameters if other.module is parameter.module and other is not parameter]
        never = [one.name for one in siblings if one.is_unwritten or (is_same_call and not _is_touched(one))]
        if parameter.attribute == "weight" and _is_drawn_then_constant(first, second, parameter.twice):
            never += [one.name for one in siblings if one.attribute == "bias" and not _is_touched(one)]
        if never:
            above, line = parameter.twice
            message = f"`{parameter.name}` is initialised twice in a row, and `{never[0]}` never"
            place = parameter.owner.__qualname__, parameter.attribute, line.filename, line.row
            yield Proof(parameter.name, message, *place, {"first_row": above.row, "never": never})


@rule.runtime
def verify_parts(model: LiveModel) -> Iterator[Proof]:
    for repeat in model.repeated_parts:
        line = repeat.second
        message = f"`{repeat.name}` is initialised twice by `{line.function}`, and `{repeat.never[0]}` never"
        evidence = {"first_row": repeat.first.row, "never": repeat.never}
        owner = repeat.holder.__qualname__
        yield Proof(repeat.name, message, owner, repeat.attribute, line.filename, line.row, evidence)


@rule.runtime
def verify_special(model: LiveModel) -> Iterator[Proof]:
    """Values that one line chose layer by layer, over all of which another line of the file goes with the same call."""
    told: set[str] = set()
    chosen: dict[Line, list[LiveTensor]] = {}
    for parameter in model.parameters:
        for line in {write.lines[0] for write in parameter.drawn if write.by_user}:
            chosen.setdefault(line, []).append(parameter)
    for line, parameters in chosen.items():
        ways = [_chosen_and_last(parameter, line) for parameter in parameters]
        known = [way for way in ways if way is not None]
        lasts = {(last.lines[0], last.describe()) for _, last in known}
        if len(known) < len(ways) or len(lasts) > 1 or len({first.describe() for first, _ in known}) < 2:
            continue
        for parameter, (first, last) in zip(parameters, known, strict=True):
            if first.describe() != last.describe():
                told.add(parameter.name)
                yield _overwritten(parameter, first, last)
    for parameter, first, last in model.special_values:
        if parameter.name not in told:
            yield _overwritten(parameter, first, last)


def _overwritten(parameter: LiveTensor, first: Write, last: Write) -> Proof:
    own, general = first.describe(), last.describe()
    message = f"`{parameter.name}` was given values of its own by `{own}`, which `{general}` overwrites"
    return parameter.proof(message, last, first_row=first.row)


def _chosen_and_last(parameter: LiveTensor, line: Line) -> tuple[Write, Write] | None:
    """The write of a line to a parameter, and the one of another line that holds; None where that is another call."""
    first = next(write for write in parameter.drawn if write.by_user and write.lines[0] == line)
    last = parameter.init
    if last is None or not last.by_user or not parameter.is_final or last.call != first.call:
        return None
    is_elsewhere = last.lines[0] != line and last.filename == first.filename
    return (first, last) if is_elsewhere else None


def _is_drawn_then_constant(first: Write, second: Write, lines: tuple[Line, Line]) -> bool:
    """Whether two lines, one below the other, draw a tensor and make it a constant: the second was for another."""
    is_of_user = first.by_user and second.by_user
    return is_of_user and (first.kind, second.kind) == ("random", "constant") and lines[1].row - lines[0].row == 1


def _is_touched(parameter: LiveTensor) -> bool:
    """Whether the user's code gives the parameter values, in this function or in another one that it calls."""
    return any(write.by_user for write in parameter.writes)
