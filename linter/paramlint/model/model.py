"""All that one entry point leaves behind, and what is asked of the order of events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any, Literal, TypeVar

from paramlint.model.answer import NO, YES, Answer, Several
from paramlint.model.event import Event, EventKind, Order, Site
from paramlint.model.guard import Guard
from paramlint.model.objects import Group, Module, Optimizer, Place, Role, Tensor
from paramlint.model.timeline import Timeline

AnswerT = TypeVar("AnswerT")
Entry = Literal["class", "function", "module", "live"]


@dataclass(eq=False)
class Model:
    """What a class, a function, the code of a module or a real build leaves behind.

    Attributes:
        roots: its outermost modules: for a class the instance.
        modules, all_tensors, optimizers: what there is.
        loose_groups: groups of parameters that were made for an optimizer and given to none.
        group_sites: where dictionaries are written that are groups, whoever they are given to.
        trace: the events in order.
        entry: what was built.
        name: of the class or function.
        returned: what a function gave back, or the `forward` of a module, or any method of another class.
        is_cut_short: whether the build came to no end, so that what else happens in its loops is not known.
        cut_at: when that was; what came before it is known.
    """

    roots: Sequence[Module] = ()
    modules: Several[Module] = field(default_factory=lambda: Several())
    all_tensors: Several[Tensor] = field(default_factory=lambda: Several())
    optimizers: Several[Optimizer] = field(default_factory=lambda: Several())
    loose_groups: Sequence[Group] = ()
    group_sites: Sequence[Site] = ()
    trace: Sequence[Event] = ()
    entry: Entry = "class"
    name: str = ""
    returned: Sequence[Any] = ()
    is_cut_short: bool = False
    cut_at: Order = ()
    _by_kind: dict[tuple[str, ...], list[Event]] = field(default_factory=dict)
    _found: dict[object, Any] = field(default_factory=dict)

    def remember(self, question: object, find: Callable[[], AnswerT]) -> AnswerT:
        """What has been found out about the model, once for all that ask it."""
        if question not in self._found:
            self._found[question] = find()
        found: AnswerT = self._found[question]
        return found

    def tensors(self, role: Role) -> Several[Tensor]:
        """The tensors of a role."""
        return self.all_tensors.where(lambda tensor: tensor.role == role)

    @property
    def parameters(self) -> Several[Tensor]:
        """All parameters."""
        return self.tensors("parameter")

    def events(self, *kinds: EventKind, of: Any = None) -> list[Event]:
        """The events of some kinds, in order; those of one object where one is given."""
        if not self._by_kind:
            for event in self.trace:
                self._by_kind.setdefault((event.kind,), []).append(event)
        if of is not None:
            return list(self.remember(("events by object", kinds), lambda: self._by_object(kinds)).get(id(of), ()))
        if len(kinds) > 1 and kinds not in self._by_kind:
            found = (event for kind in kinds for event in self._by_kind.get((kind,), ()))
            self._by_kind[kinds] = sorted(found, key=lambda event: event.order[:1])
        return list(self._by_kind.get(kinds, ()))

    def _by_object(self, kinds: tuple[EventKind, ...]) -> dict[int, list[Event]]:
        found: dict[int, list[Event]] = {}
        for event in self.events(*kinds):
            found.setdefault(id(event.of), []).append(event)
        return found

    def timeline(self, *kinds: EventKind) -> Timeline:
        """The events of some kinds by their times."""
        return self.remember(("timeline", kinds), lambda: Timeline(self.events(*kinds)))

    def keeps_plainly(self, place: Place) -> bool:
        """Whether a place is a plain container that a module of the model keeps until the end, or until another call.

        What one method makes is used before another one puts a plain container in its place again.
        """
        if place.kind != "container" or place.holder not in self.roots or not place.holder.is_a("Module").yes:
            return False
        made = place.what.made
        if made is not None and self._is_done_once_more(made):
            return False
        if place.until is None:
            return True
        if place.until.inside == place.since.inside:
            return False
        return any(p.key == place.key and p.kind == "container" and p.holds for p in place.holder.holds)

    def keeps_in_object(self, place: Place) -> bool:
        """Whether a place is an attribute of an object that is no module, which a module of the model keeps."""
        if place.kind != "object" or place.holder not in self.roots or not place.holds:
            return False
        return place.holder.is_a("Module").yes and not place.holder.overrides("parameters").yes

    def _is_done_once_more(self, event: Event) -> bool:
        """Whether it happens in a method by itself that the constructor has called already, at the same place."""
        return event.get("inside") != "__init__" and any(
            one.site.node is event.site.node and one.get("inside") == "__init__" for one in self.events(event.kind)
        )

    def root_of(self, what: Tensor | Module, at: Event) -> Tensor | Module:
        """The outermost module that held something when an event happened."""
        seen: set[int] = set()
        while id(what) not in seen:
            seen.add(id(what))
            places = (p for p in what.places if p.registered and isinstance(p.holder, Module) and before(p.since, at))
            outer = [place.holder for place in places]
            if not outer:
                return what
            # Layers may lie in a list, too, that was only there to make a `Sequential` of them.
            what = next((one for one in outer if one.is_root or one.places.seen), outer[0])
        return what

    def follows(self, a: Event, b: Event) -> Answer:
        """Whether an occurrence of `b` can come after one of `a`; unknown where guards have lost what they say."""
        when = a.guard & b.guard
        if when is None or not a.order or not b.order or min(a.order) >= max(b.order):
            return NO
        return Answer("yes" if a.guard.is_known_to_fit(b.guard) else "unknown", (a, b), when)

    def between(
        self,
        a: Event,
        b: Event,
        kinds: Sequence[EventKind] | Timeline,
        about: Callable[[Event], bool] = lambda _: True,
        with_any: Sequence[EventKind] = (),
    ) -> Answer:
        """Whether something happens after each occurrence of `a` and before the next `b`: of some kinds, or a timeline.

        Unknown where it happens under a guard of its own, unless several such guards leave no case out, and in a loop
        whose end is not known. With `with_any`, only from an `a` to a `b` with one of those in between.
        """
        happened = kinds if isinstance(kinds, Timeline) else self.timeline(*kinds)
        guard = a.guard & b.guard
        # What loops bind may differ from round to round.
        context = guard.without_loops() if guard is not None else None
        gaps: list[Answer] = []
        for start in a.order:
            ends = [end for end in b.order if end > start]
            if not ends or (with_any and not self.timeline(*with_any).is_any_between(start, min(ends))):
                continue
            inside: list[Event] = []
            for event in happened.between(start, min(ends)):
                own = event.guard.without_loops()
                if about(event) and (context is None or context.fits(own)):
                    inside.append(event)
                    if context is not None and context.implies(own):
                        gaps.append(Answer("yes", (event,)))
                        break
            else:
                if len(inside) > 1 and context is not None and context.implies(_any_of(inside)):
                    gaps.append(Answer("yes", tuple(inside)))
                elif inside or (self.is_cut_short and (a.loops or b.loops) and min(ends) > self.cut_at):
                    gaps.append(Answer("unknown", tuple(inside)))
                else:
                    gaps.append(Answer("no", (a, b)))
        if not gaps:
            return YES
        return next((g for g in gaps if g.no), next((g for g in gaps if not g.yes), gaps[0]))


def _any_of(events: Sequence[Event]) -> Guard:
    """Where one of some events happens: a call of what may be one of several things is an event for each."""
    return reduce(or_, dict.fromkeys(event.guard.without_loops() for event in events))


def before(one: Event, other: Event) -> bool:
    """Whether one event first happened before another last did."""
    return bool(one.order) and bool(other.order) and min(one.order) < max(other.order)


def first_time(event: Event) -> Order:
    """When something first happened."""
    return event.order[0] if event.order else ()


@dataclass(frozen=True)
class Claim:
    """What a rule says of a model.

    Attributes:
        answer: yes is a finding (confirmed, live).
        site: where to point.
        message: one line.
        about: the tensor, module or place that it is about; its owner and attribute tell findings apart.
        node: the node to point at, where it is not the site's.
        fix: a fix on nodes, where there is one.
        is_right: whether the rule says the opposite: it has looked there, knows all that counts, and finds it right.
        attribute: what is accused, as the code spells it, where that is not what the statement assigns.
        others: what it is shared with, spelled alike.
    """

    answer: Answer
    site: Site
    message: str
    about: Any = None
    node: Any = None
    fix: Any = None
    is_right: bool = False
    attribute: str = ""
    others: tuple[str, ...] = ()
