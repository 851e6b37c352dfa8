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
from paramlint.facts.init_calls import WRITE_NAMES
from paramlint.knowledge import module_class
from paramlint.model import Claim, Event, Guard, Model, Module, Place, Site, Tensor, said
from paramlint.model.questions.draws import DRAWING
from paramlint.model.questions.effects import effect, is_used_between
from paramlint.model.questions.visits import is_over_one_twice
from paramlint.model.questions.written_code import target_of
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
    return _are_beside(first, second) and effect(first) == effect(second) and first.guard is second.guard


def _are_beside(first: Event, second: Event) -> bool:
    """Whether two writes stand in one function, in one run of it."""
    one, other = first.site, second.site
    return one.definition is other.definition and [s.node for s in one.stack] == [s.node for s in other.stack]


def _like(tensor: Tensor) -> Iterator[Tensor]:
    """The same parameters of the layers of the same class that the same module holds under names, or its own alike."""
    owner = tensor.owner
    if owner is not None and owner.is_root and tensor.shape is not None:
        yield from (t for t in tensor.siblings if t.role == "parameter" and t.shape == tensor.shape)
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


@rule.question
def ask_sibling(model: Model) -> Iterator[Claim]:
    """A weight that two lines of a function write, the second of which was meant for the bias, or for another."""
    writes = [w for w in model.events("written") if _is_plain(w)]
    for first, then in _pairs(writes):
        if not _are_beside(first, then) or not then.guard.implies(first.guard) or is_used_between(model, first, then):
            continue
        text, other = _target_of(then), _other(then)
        if other and _is_meant_for(first, then, other) and not _is_given_values(model, then, other):
            bias = f"{text.rpartition('.')[0]}.{other}"
            message = f"`{text}` is initialised a second time by `{then.law}`, `{bias}` never"
        elif _are_two_constants(first, then) and first.guard is then.guard and _are_adjacent(first.site, then.site):
            message = f"`{text}` is filled with one constant and at once with another, so the first is lost"
        else:
            continue
        yield Claim(said(True), then.site, message, about=then.of, attribute=text)


@rule.question
def ask_condition(model: Model) -> Iterator[Claim]:
    """A weight that is filled with zeros where the condition asks for the bias, which is given nothing there."""
    writes = [w for w in model.events("written") if _is_plain(w)]
    times = Counter(id(write.of) for write in writes)
    for write in writes:
        owner = _target_of(write).removesuffix(".weight")
        asked = f"{write.of.name.removesuffix('.weight')}.bias is not None"
        if times[id(write.of)] > 1 or effect(write) != (0,) or not _asks_only_for(write.guard, asked):
            continue
        if _other(write) == "bias" and not _is_given_values(model, write, "bias"):
            message = (
                f"`{owner}.weight` is filled with zeros where `{owner}.bias` is asked for, which is never initialised"
            )
            yield Claim(said(True), write.site, message, about=write.of, attribute=owner)


@rule.question
def ask_computed(model: Model) -> Iterator[Claim]:
    """Values that were computed for a parameter, over which a function of the same code goes at once."""
    for first, then in _pairs([w for w in model.events("written") if w.author == "user" and w.get("part") is None]):
        is_copy = first.law == "copied" and then.law in WRITE_NAMES and _are_beside(first, then)
        if is_copy and _is_parameter(then.of) and first.guard.implies(then.guard):
            if not is_used_between(model, first, then):
                text = _target_of(then)
                message = f"`{text}` was given computed values, which `{then.law}` overwrites"
                yield Claim(model.follows(first, then), then.site, message, about=then.of, attribute=text)


@rule.question
def ask_parts(model: Model) -> Iterator[Claim]:
    """Parts in a list that two loops of a function initialise alike, and those in another such list never."""
    writes = [w for w in model.events("written") if w.get("inside") == "__init__" and _is_drawn(w)]
    told: set[int] = set()
    for first, then in _pairs(writes):
        sites = _apart(first, then)
        loop = _loop_around(sites[1], sites[0]) if sites is not None else None
        if sites is None or loop is None or id(loop) in told or effect(first) != effect(then):
            continue
        listed = next((p.what for root in model.roots for p in root.holds if _lists(p, then.of)), None)
        code = sites[1].definition
        done = {id(w.of) for w in writes if any(site.definition is code for site in w.way)}
        if listed is None or any(id(one) not in done for one in listed.parameters):
            continue
        for other in _lists_like(model, listed):
            if not any(id(one) in done for one in other.parameters) and first.guard.implies(then.guard):
                told.add(id(loop))
                text = f"`{listed}` is initialised a second time by `{then.law}`, `{other}` never"
                yield Claim(model.follows(first, then), sites[1], text, about=then.of, node=loop.iter)
                break


def _pairs(writes: list[Event]) -> Iterator[tuple[Event, Event]]:
    """The writes to each tensor, each with the one before."""
    before: dict[int, Event] = {}
    for write in writes:
        if id(write.of) in before:
            yield before[id(write.of)], write
        before[id(write.of)] = write


def _apart(first: Event, then: Event) -> tuple[Site, Site] | None:
    """Two places of one function, in one run of it, that lead to two writes; None where there are no such."""
    for one, other in zip(first.way, then.way, strict=False):
        if one.node is not other.node:
            return (one, other) if one.definition is other.definition else None
    return None


def _is_parameter(tensor: object) -> bool:
    return isinstance(tensor, Tensor) and tensor.role == "parameter" and bool(tensor.known)


def _is_plain(write: Event) -> bool:
    """Whether the user's code initialises all of a parameter, or of an attribute of a module that is not known."""
    is_all = write.author == "user" and write.get("part") is None and write.get("law") in WRITE_NAMES
    return is_all and isinstance(write.of, Tensor) and (_is_parameter(write.of) or not write.of.known)


def _is_drawn(write: Event) -> bool:
    """Whether the user's code initialises all of a parameter, or tells a layer to do so."""
    node = write.site.node
    is_told = isinstance(node, nodes.Call) and isinstance(node.func, nodes.Attribute)
    is_told = is_told and node.func.attr.value == "reset_parameters"
    return write.get("part") is None and _is_parameter(write.of) and (is_told or write.author == "user")


def _other(write: Event) -> str:
    """`bias` for a `weight`, and the other way round, as a call names what it fills; empty for others."""
    target = target_of(write)
    name = target.attr.value if isinstance(target, nodes.Attribute) else ""
    return {"weight": "bias", "bias": "weight"}.get(name, "")


def _is_meant_for(first: Event, then: Event, other: str) -> bool:
    """Whether the second of two writes says that it is for the bias, by a condition, or by a law of another kind."""
    added, owner = str(then.guard.minus(first.guard)), then.of.name.rpartition(".")[0]
    if f"{owner}.{other} is not None" in added or f"hasattr({owner}, '{other}')" in added:
        return True
    return (first.law in DRAWING) is not (then.law in DRAWING) and _has(then.of, other)


def _has(tensor: Tensor, other: str) -> bool:
    """Whether the layer of torch that has a parameter has the other one too."""
    if tensor.owner is not None:
        return tensor.owner.cls.startswith("torch.nn.") and isinstance(tensor.owner.at(other), Tensor)
    kinds = [module_class(name) for name in tensor.of_classes]
    return bool(kinds) and all(kind is not None and other in kind.parameters for kind in kinds)


def _is_given_values(model: Model, write: Event, other: str) -> bool:
    """Whether the code gives the other parameter of the same layer values, or may, where it writes this one."""
    owner = write.of.owner
    if owner is not None:
        sibling = owner.at(other)
        return (
            not isinstance(sibling, Tensor) or sibling.escaped or owner.escaped or any(map(_is_of_user, sibling.writes))
        )
    name = f"{write.of.name.rpartition('.')[0]}.{other}"
    named = [e for e in model.events("written", "escaped", "rebound") if str(e.of).partition("[")[0] == name]
    return any(write.guard.fits(event.guard) for event in named)


def _is_of_user(write: Event) -> bool:
    return write.author == "user"


def _asks_only_for(guard: Guard, asked: str) -> bool:
    """Whether a condition asks for the bias, and nothing of the weight."""
    return asked in str(guard) and ".weight" not in str(guard)


def _are_two_constants(first: Event, then: Event) -> bool:
    (one, *more), (other, *rest) = effect(first), effect(then)
    return not more and not rest and one != other and not isinstance(one, str) and not isinstance(other, str)


def _are_adjacent(one: Site, other: Site) -> bool:
    """Whether two places are in statements of one block, one directly below the other."""
    for block in walk(one.code):
        lines = block.body if isinstance(block, nodes.IndentedBlock) else ()
        for above, below in pairwise(lines):
            if isinstance(above, _SIMPLE) and isinstance(below, _SIMPLE) and above.body[-1] is one.statement:
                return below.body[0] is other.statement
    return False


_SIMPLE = nodes.SimpleStatementLine


def _loop_around(site: Site, other: Site) -> nodes.For | None:
    """The loop around a place that is not around the other one too."""
    loops = [n for n in walk(site.code) if isinstance(n, nodes.For) and any(one is site.node for one in walk(n.body))]
    return next((loop for loop in loops if not any(one is other.node for one in walk(loop.body))), None)


def _lists(place: Place, tensor: Tensor) -> bool:
    """Whether it holds a container of torch in which a parameter is."""
    held = place.what
    is_list = (
        place.kind == "child" and place.holds and isinstance(held, Module) and held.is_a("ModuleList", "Sequential").yes
    )
    return is_list and any(one is tensor for one in held.parameters)


def _lists_like(model: Model, listed: Module) -> Iterator[Module]:
    """The other containers of the same object with parts of the same classes."""
    kinds = {part.what.cls for part in listed.holds if isinstance(part.what, Module)}
    for place in (p for root in model.roots for p in root.holds if p.kind == "child" and p.holds):
        other = place.what
        if isinstance(other, Module) and other is not listed and other.cls == listed.cls:
            if {part.what.cls for part in other.holds if isinstance(part.what, Module)} == kinds:
                yield other


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
