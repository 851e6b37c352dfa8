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

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.knowledge import WRITE_NAMES
from paramlint.model import Claim, Event, Model, Module, Tensor, said
from paramlint.model.questions.draws import DRAWING
from paramlint.model.questions.effects import (
    alike,
    apart,
    are_beside,
    counterpart,
    effect,
    has_sibling,
    initialises_all,
    is_constant,
    is_used_between,
    may_write_sibling,
    pairs,
    spelled,
)
from paramlint.model.questions.visits import is_over_one_twice, loop_around
from paramlint.rule import Asks, Proof, Rule
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
    triggers=(Asks("init", "reset_parameters", *WRITE_NAMES),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A layer's own values, over which an initialisation of several layers goes."""
    writes = _by_constructor(model)
    owners: dict[int, set[int]] = {}
    for write in writes:
        for node in {write.way[0].node, write.site.node}:
            owners.setdefault(id(node), set()).add(id(write.of.owner))
    for first, then in pairs(writes):
        if not _is_direct(first) or not _is_direct(then) or effect(first) == effect(then):
            continue
        is_general = all(len(owners[id(site.node)]) > 1 for site in (then.way[0], then.site))
        is_special = is_general and len(owners[id(first.way[0].node)]) == 1
        if is_special and first.guard.implies(then.guard) and not is_used_between(model, first, then):
            message = f"`{then.of}` was given values of its own by `{first.law}`, which `{then.law}` overwrites"
            yield Claim(model.follows(first, then), then.way[0], message)


@rule.question
def ask_of_part(model: Model) -> Iterator[Claim]:
    """A constant that a part gives one of its layers, such as a gate that starts closed, and the whole overwrites."""
    claimed: set[tuple[int, int]] = set()
    writes = _by_constructor(model)
    last = {id(write.of): write for write in writes}
    own = {name.rpartition(".")[2] for root in model.roots for name in (root.cls, *root.bases)}
    for first, then in pairs(writes):
        if last[id(then.of)] is not then or not _is_of_part(first, own) or not _is_direct(then):
            continue
        places = id(first.site.node), id(then.way[0].node)
        if places in claimed or not _is_chosen(first, then) or not first.guard.implies(then.guard):
            continue
        if not is_used_between(model, first, then):
            claimed.add(places)
            own_values = f"was given values of its own by `{first.law}` in row {first.site.row}"
            message = f"`{spelled(first)}` of `{first.site.class_name}` {own_values}, which `{then.law}` overwrites"
            yield Claim(model.follows(first, then), then.way[0], message, about=then.of)


def _is_of_part(write: Event, own: set[str]) -> bool:
    """Whether the constructor of a part of what is built does it, or what that calls, and not that of a base."""
    constructors = [site for site in write.way if site.function == "__init__"]
    return len(constructors) > 1 and constructors[-1].class_name.rpartition(".")[2] not in own


def _is_chosen(first: Event, then: Event) -> bool:
    """Whether a weight was filled with a constant, or a bias with one that is not zero, and gets other values."""
    key, owner = first.of.key, first.of.owner
    if not is_constant(first) or effect(then) == effect(first) or owner is None:
        return False
    usual = 1 if key == "weight" and owner.is_a("_NormBase", "LayerNorm", "GroupNorm", "RMSNorm").yes else None
    return key in ("weight", "bias") and effect(first) != (0 if key == "bias" else usual,)


@rule.question
def ask_copied(model: Model) -> Iterator[Claim]:
    """One of several like layers initialised twice in a row, and another never."""
    writes = _by_constructor(model)
    lines = Counter(id(write.site.node) for write in writes)
    for first, then in pairs(writes):
        if not are_beside(first, then) or effect(first) != effect(then) or first.guard is not then.guard:
            continue
        both_over_many = lines[id(first.site.node)] > 1 < lines[id(then.site.node)]  # one layer is left over
        if both_over_many if first.site.node is not then.site.node else not is_over_one_twice(then.site):
            continue
        other = next(filter(_is_untouched, (*alike(then.of), *_left_out(writes, then))), None)
        if other is not None and not is_used_between(model, first, then):
            text = f"`{then.of}` is initialised a second time by `{then.law}`, `{other}` never"
            yield Claim(model.follows(first, then), then.site, text, about=then.of)


@rule.question
def ask_chosen(model: Model) -> Iterator[Claim]:
    """Values that one line chose layer by layer, over all of which another line of the file goes with the same call."""
    by_line: dict[int, list[tuple[Event, Event]]] = {}
    writes = [w for w in model.events("written") if initialises_all(w) and w.of.known]
    last = {(id(write.of), write.get("inside")): write for write in writes}  # a method that nobody calls is a choice
    for write in writes:
        by_line.setdefault(id(write.site.node), []).append((write, last[id(write.of), write.get("inside")]))
    for both in by_line.values():
        first, then = both[0]
        is_general = len(both) > 1 and all(b.site.node is then.site.node and a is not b for a, b in both)
        if not is_general or then.law != first.law or len({effect(b) for _, b in both}) > 1:
            continue
        lost = [a for a, b in both if effect(a) != effect(b) and a.guard.implies(b.guard)]
        is_used = any(is_used_between(model, a, b) for a, b in both)
        if len({effect(a) for a in lost}) > 1 and not is_used and first.site.path == then.site.path:
            own = f"`{spelled(first)}` was given values of its own by `{first.law}` in each layer"
            text = f"{own}, which `{then.law}` overwrites"
            yield Claim(model.follows(first, then), then.site, text, about=then.of)


def _left_out(writes: list[Event], write: Event) -> Iterator[Tensor]:
    """The same parameters of other layers, of which the same code initialises another one."""
    for other in writes:
        owner = other.of.owner if other.site.definition is write.site.definition else None
        if owner is not None and owner is not write.of.owner and other.of.key != write.of.key:
            yield from (t for t in owner.tensors if t.key == write.of.key)


def _is_untouched(tensor: Tensor) -> bool:
    is_known = tensor.known and not tensor.escaped and tensor.owner is not None and not tensor.owner.escaped
    return is_known and not any(w.author != "torch" and w.get("inside") == "__init__" for w in tensor.writes)


def _by_constructor(model: Model) -> list[Event]:
    """Where a constructor initialises all of a known parameter."""
    written = (w for w in model.events("written") if w.get("inside") == "__init__")
    return [w for w in written if initialises_all(w) and w.of.known]


def _is_direct(write: Event) -> bool:
    """Whether the constructor itself, and not that of a part, does it."""
    sites = write.way
    return sites[0].function == "__init__" and all(site.function != "__init__" for site in sites[1:])


@rule.question
def ask_sibling(model: Model) -> Iterator[Claim]:
    """A weight that two lines of a function write, the second of which was meant for the bias, or for another."""
    for first, then in pairs(filter(initialises_all, model.events("written"))):
        if not are_beside(first, then) or not then.guard.implies(first.guard) or is_used_between(model, first, then):
            continue
        text, other = spelled(then), counterpart(then)
        if other and _is_meant_for(first, then, other) and not may_write_sibling(model, then, other):
            bias = f"{text.rpartition('.')[0]}.{other}"
            message = f"`{text}` is initialised a second time by `{then.law}`, `{bias}` never"
        elif is_constant(first) and is_constant(then) and _is_other_below(model, first, then):
            message = f"`{text}` is filled with one constant and at once with another, so the first is lost"
        else:
            continue
        yield Claim(model.follows(first, then), then.site, message, about=then.of, attribute=text)


def _is_meant_for(first: Event, then: Event, other: str) -> bool:
    """Whether the second of two writes says that it is for the bias, by a condition, or by a law of another kind."""
    added, owner = str(then.guard.minus(first.guard)), then.of.name.rpartition(".")[0]
    if f"{owner}.{other} is not None" in added or f"hasattr({owner}, '{other}')" in added:
        return True
    is_other_kind = (first.law in DRAWING) is not (then.law in DRAWING)
    return not then.guard.minus(first.guard) and is_other_kind and has_sibling(then.of, other)


def _is_other_below(model: Model, first: Event, then: Event) -> bool:
    """Whether a statement that does something else stands directly below another one, under the same conditions."""
    if first.guard is not then.guard or effect(first) == effect(then):
        return False
    code = first.site.code
    below = model.remember(("lines below", id(code)), lambda: dict(_lines_below(code)))
    return below.get(id(first.site.statement)) is then.site.statement


def _lines_below(code: nodes.Node) -> Iterator[tuple[int, nodes.Node]]:
    """The statement that begins the line below one, by the `id` of that."""
    for block in walk(code):
        for above, below in pairwise(block.body if isinstance(block, nodes.IndentedBlock) else ()):
            if isinstance(above, nodes.SimpleStatementLine) and isinstance(below, nodes.SimpleStatementLine):
                yield id(above.body[-1]), below.body[0]


@rule.question
def ask_condition(model: Model) -> Iterator[Claim]:
    """A weight that is filled with zeros where the condition asks for the bias, which is given nothing there."""
    writes = list(filter(initialises_all, model.events("written")))
    times = Counter(id(write.of) for write in writes)
    for write in writes:
        asked, when = f"{write.of.name.removesuffix('.weight')}.bias is not None", str(write.guard)
        if times[id(write.of)] > 1 or effect(write) != (0,) or asked not in when or ".weight" in when:
            continue
        if counterpart(write) == "bias" and not may_write_sibling(model, write, "bias"):
            owner = spelled(write).removesuffix(".weight")
            so = f"where `{owner}.bias` is asked for, which is never initialised"
            message = f"`{owner}.weight` is filled with zeros {so}"
            yield Claim(said(True), write.site, message, about=write.of, attribute=owner)


@rule.question
def ask_computed(model: Model) -> Iterator[Claim]:
    """Values that were computed for a parameter, over which another line of the function goes."""
    for first, then in pairs(w for w in model.events("written") if w.author == "user" and w.get("part") is None):
        is_lost = first.law == "copied" and initialises_all(then) and then.of.known and are_beside(first, then)
        if is_lost and first.guard.implies(then.guard) and not is_used_between(model, first, then):
            message = f"`{spelled(then)}` was given computed values, which `{then.law}` overwrites"
            yield Claim(model.follows(first, then), then.site, message, about=then.of, attribute=spelled(then))


@rule.question
def ask_parts(model: Model) -> Iterator[Claim]:
    """Parts in a list that two loops of a function initialise alike, and those in another such list never."""
    written = (w for w in model.events("written") if w.get("inside") == "__init__")
    writes = [w for w in written if _is_direct(w) and (initialises_all(w) or _is_told(w))]
    lists = [p.what for root in model.roots for p in root.holds if p.holds and _is_list(p.what)]
    told: set[int] = set()
    by_code: dict[int, set[int]] = {}
    for write in writes if lists else ():
        for site in write.way:
            by_code.setdefault(id(site.definition), set()).add(id(write.of))
    for first, then in pairs(writes if lists else ()):
        sites = apart(first, then)
        loop = loop_around(model, *reversed(sites)) if sites is not None and effect(first) == effect(then) else None
        if sites is None or not isinstance(loop, nodes.For) or id(loop) in told or not first.guard.implies(then.guard):
            continue
        done = by_code[id(sites[1].definition)]
        listed = next((one for one in lists if any(tensor is then.of for tensor in one.parameters)), None)
        if listed is None or not all(id(tensor) in done for tensor in listed.parameters):
            continue
        like = (one for one in lists if one is not listed and _kinds(one) == _kinds(listed))
        other = next((one for one in like if not any(id(tensor) in done for tensor in one.parameters)), None)
        if other is not None:
            told.add(id(loop))
            text = f"`{listed}` is initialised a second time by `{then.law}`, `{other}` never"
            yield Claim(model.follows(first, then), sites[1], text, about=then.of, node=loop.iter)


def _is_told(write: Event) -> bool:
    """Whether a layer of torch is told to draw its parameters."""
    func = write.site.node.func if isinstance(write.site.node, nodes.Call) else None
    return isinstance(func, nodes.Attribute) and func.attr.value == "reset_parameters"


def _is_list(held: object) -> bool:
    return isinstance(held, Module) and held.is_a("ModuleList", "Sequential").yes


def _kinds(listed: Module) -> set[str]:
    return {part.what.cls for part in listed.holds if isinstance(part.what, Module)}


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
