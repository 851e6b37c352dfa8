"""Modules, tensors and optimizers, and where each is held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from paramlint.knowledge import TENSOR_ADJUSTING
from paramlint.model.answer import UNKNOWN, YES, Answer, Several
from paramlint.model.event import Event, Site
from paramlint.model.guard import ALWAYS, Guard

PlaceKind = Literal[
    "child", "parameter", "buffer", "attribute", "container", "object", "closure", "class", "default", "local"
]
Role = Literal["parameter", "buffer", "gradient", "plain"]


class _NotKnown:
    """A plain value, a size or an argument, that is not known: never None."""

    def __repr__(self) -> str:
        return "NOT_KNOWN"


NOT_KNOWN = _NotKnown()


@dataclass(eq=False)
class Place:
    """Where something is held, from one event until another.

    Attributes:
        holder: a Module or Group; text for a class, a function's default, a local name.
        key: the attribute, index or key.
        kind: `child`, `parameter` and `buffer` are registered; the others are not.
        what: what is held.
        since: the event that put it there.
        until: the event that ended it; None while it lasts.
        each_round: one object that is put there anew in every round of a loop.
        how: `assigned`, `item`, `appended`, `repeated`, `add_module`, or the kind of a plain container, such as `list`.
        guard: under which conditions.
        is_flat: for one in a plain container, whether all in that are of its kind, and none is in a container itself.
    """

    holder: Any
    key: str
    kind: PlaceKind
    what: Any
    since: Event
    until: Event | None = None
    each_round: bool = False
    how: str = "assigned"
    guard: Guard = ALWAYS
    is_flat: bool = False

    @property
    def container(self) -> str:
        """What kind of plain container it is: `list`, `tuple`, `set`, `dict`, or an `object` that is no module."""
        return self.how if self.how in ("tuple", "set", "dict", "object") else "list"

    @property
    def registered(self) -> bool:
        """Whether `parameters()`, `to()` and `state_dict()` find it there."""
        return self.kind in ("child", "parameter", "buffer")

    @property
    def holds(self) -> bool:
        """Whether it lasts until the end."""
        return self.until is None


@dataclass(eq=False)
class Tensor:
    """A tensor: a parameter, a buffer, a gradient or a plain one.

    Attributes:
        role: what it is.
        name: how the code or the model names it.
        made: the event of its allocation.
        places, writes, reads, flags, groups: Place, and events of these kinds, and Group.
        filled: whether every element is written at the end.
        written_elsewhere: whether code that was not run for the model may write it.
        trains: whether it requires a gradient at the end.
        shape: sizes, int or text; None where their number is not known.
        storage: equal for tensors that share memory.
        draw: equal for a value and its copies, where it was drawn; else None.
        made_from: the tensors and modules that it was computed from, NOT_KNOWN for more; empty for a leaf.
        carried: what rounds of a loop hand to each other, where it was computed from that.
        written_into: what was written into it, or a part of it, while autograd recorded: `outputs[t] = step(x)`.
        recorded: whether autograd recorded when it was made.
        pass_of, given: the module whose pass gave it, and what that was given.
        view: how it shares the memory of `base`: `data`, `detach`, `index`, `view`, `expand`; empty otherwise.
        base: that tensor.
        site: where it was made or computed.
        factory: the function that made it: `torch.zeros`, `call` for the result of a module.
        loops: the loops that make one for each round.
        known: whether it is one tensor, and not what stands for several that are not known.
        of_classes: of one that is not known: of one of these classes of torch is the module whose attribute it is, as
            a condition around the code says.
    """

    role: Role
    name: str = ""
    made: Event | None = None
    places: Several[Place] = field(default_factory=lambda: Several())
    writes: Several[Event] = field(default_factory=lambda: Several())
    reads: Several[Event] = field(default_factory=lambda: Several())
    flags: Several[Event] = field(default_factory=lambda: Several())
    groups: Several[Group] = field(default_factory=lambda: Several())
    filled: Answer = UNKNOWN
    written_elsewhere: Answer = UNKNOWN
    trains: Answer = UNKNOWN
    shape: tuple[int | str, ...] | None = None
    storage: object = None
    draw: object = None
    made_from: tuple[Any, ...] = ()
    carried: tuple[Any, ...] = ()
    written_into: tuple[Any, ...] = ()
    recorded: bool = True
    pass_of: Module | None = None
    given: tuple[Any, ...] = ()
    view: str = ""
    base: Tensor | None = None
    factory: str = ""
    site: Site | None = None
    loops: tuple[Any, ...] = ()
    guard: Guard = ALWAYS
    known: bool = True
    of_classes: tuple[str, ...] = ()
    escaped: bool = False

    def holds(self, part: object = None) -> Event | None:
        """The write whose values stand in a part, all of it by default, at the end."""
        for event in reversed(self.writes.seen):
            if event.get("law") not in TENSOR_ADJUSTING and (event.get("part") is None or event.get("part") == part):
                return event
        return None

    @property
    def owner(self) -> Module | None:
        """The module that holds it at the end."""
        for place in self.places:
            if place.registered and place.holds and isinstance(place.holder, Module):
                return place.holder
        return None

    @property
    def key(self) -> str:
        """The name under which a module registers it; empty where none does."""
        return next((place.key for place in self.places if place.registered), "")

    @property
    def siblings(self) -> list[Tensor]:
        """The other tensors of its owner."""
        owner = self.owner
        return [] if owner is None else [t for t in owner.tensors if t is not self]

    def __repr__(self) -> str:
        return self.name or f"<{self.role}>"


@dataclass(eq=False)
class Module:
    """A module.

    Attributes:
        cls: the dotted name of its class.
        bases: the dotted names of all classes that it inherits from, as far as they are known.
        arguments: what its constructor was given, by name: plain values, NOT_KNOWN, or objects of the model.
        places: where it is held. holds: what it holds, registered or not.
        tensors: its own registered tensors. parameters, buffers: all at and below it.
        calls, modes: events of its passes, of `train()` and `eval()`.
        copy_of: the module that it is a deep copy of.
        part_of: the module of unknown content, made by another library, that it is a part of.
        annotation: what an argument of unknown content is said to be, as the code says it.
        methods: the methods that its class and the project's bases define.
        uncalled: those that may initialise and that no code of the project calls on it.
        built_in_its_file: whether the file of its class builds it, and no heir of that.
        initialised_by_owner: whether a class that may hold it initialises what it holds, in code that was not run.
        asked: of one of unknown content, the attributes that the code asks it for.
        is_made_here: whether a call in the code that was read made it.
        is_handed_on: whether it stands for what one round of a loop hands to the next, which may be any other module.
        known: whether its class is known down to torch's, and all that it holds.
    """

    cls: str
    name: str = ""
    made: Event | None = None
    bases: frozenset[str] = frozenset()
    arguments: Mapping[str, Any] = field(default_factory=dict)
    places: Several[Place] = field(default_factory=lambda: Several())
    holds: Several[Place] = field(default_factory=lambda: Several())
    tensors: Several[Tensor] = field(default_factory=lambda: Several())
    parameters: Several[Tensor] = field(default_factory=lambda: Several())
    buffers: Several[Tensor] = field(default_factory=lambda: Several())
    calls: Several[Event] = field(default_factory=lambda: Several())
    modes: Several[Event] = field(default_factory=lambda: Several())
    copy_of: Module | None = None
    part_of: Module | None = None
    annotation: str = ""
    methods: frozenset[str] = frozenset()
    uncalled: frozenset[str] = frozenset()
    built_in_its_file: Answer = UNKNOWN
    initialised_by_owner: Answer = UNKNOWN
    asked: frozenset[str] = frozenset()
    is_made_here: bool = False
    is_handed_on: bool = False
    known: Answer = YES
    loops: tuple[Any, ...] = ()
    guard: Guard = ALWAYS
    escaped: bool = False
    is_root: bool = False

    def is_a(self, *names: str) -> Answer:
        """Whether its class is one of these or inherits from one; names in full or their last part."""
        mine = {self.cls, *self.bases}
        short = {name.rpartition(".")[2] for name in mine}
        if any(name in mine or name in short for name in names):
            return YES
        return Answer("no") if self.known.yes else UNKNOWN

    def at(self, key: str) -> Any:
        """What it holds under a key at the end, or None."""
        return next((place.what for place in self.holds if place.key == key and place.holds), None)

    def argument(self, name: str) -> Any:
        """What its constructor was given for an argument; None where it was not given."""
        return self.arguments.get(name)

    def may_be_none(self, name: str) -> Answer:
        """Whether it was given None for an argument, or what a caller may leave out or give None for."""
        given = self.argument(name)
        return UNKNOWN if given is NOT_KNOWN else YES if given is None else Answer("no")

    def overrides(self, method: str) -> Answer:
        """Whether its class defines a method itself."""
        if method in self.methods:
            return YES
        return Answer("no") if self.known.yes else UNKNOWN

    def mentions(self, key: str) -> Answer:  # noqa: ARG002
        """Whether code says the name of one of its attributes anywhere but where it is made and initialised."""
        return UNKNOWN

    def has_own(self, key: str) -> Answer:  # noqa: ARG002
        """Whether the code of its classes has an attribute of this name."""
        return UNKNOWN

    def hands_over(self, key: str) -> Answer:  # noqa: ARG002
        """Whether code may give an optimizer what one of its attributes holds."""
        return UNKNOWN

    def is_another_in(self, loop: Any) -> bool:
        """Whether it stands for another module in each round of a loop."""
        return loop in self.loops

    def multiplies_with(self, key: str) -> Answer:  # noqa: ARG002
        """Whether its class multiplies something with the weight of the layer that one of its attributes holds."""
        return UNKNOWN

    def called_elsewhere(self, method: str) -> Answer:  # noqa: ARG002
        """Whether code other than that of its classes calls a method of this name."""
        return UNKNOWN

    @property
    def owns(self) -> Answer:
        """Whether there are parameters at or below it."""
        return self.parameters.some()

    def __repr__(self) -> str:
        return self.name or f"<{self.cls.rpartition('.')[2]}>"


@dataclass(frozen=True)
class Misfit:
    """What stands in a group and is no parameter, so that an optimizer refuses it.

    Attributes:
        kind: the `name` of a parameter, an `iterable` of parameters, the `keys` of a dictionary.
        site: where it was made; a name is where what holds it is.
        holder: where what holds it was made.
    """

    kind: Literal["name", "iterable", "keys"]
    site: Site
    holder: Site


@dataclass(eq=False)
class Group:
    """A group of an optimizer, or one that no optimizer was given."""

    optimizer: Optimizer | None
    tensors: Several[Tensor]
    site: Site
    options: Mapping[str, Any] = field(default_factory=dict)
    #: The module whose `parameters()` it is, where it is that of one alone.
    module: Module | None = None
    #: Those of the tensors that are in it under no condition.
    sure: tuple[Tensor, ...] = ()
    guard: Guard = ALWAYS
    #: When it was made, for one that no optimizer was given.
    order: tuple[int, ...] = ()
    #: Where the iterable of its parameters was made.
    given: Site | None = None
    #: Whether the optimizer got it later than when it was made.
    is_added: bool = False
    #: Whether its tensors were given in pairs with their names.
    named: Answer = UNKNOWN
    misfits: tuple[Misfit, ...] = ()


@dataclass(eq=False)
class Optimizer:
    """An optimizer."""

    name: str
    made: Event | None = None
    groups: Several[Group] = field(default_factory=lambda: Several())
    steps: Several[Event] = field(default_factory=lambda: Several())
    clears: Several[Event] = field(default_factory=lambda: Several())

    @property
    def tensors(self) -> Several[Tensor]:
        """All tensors of its groups."""
        found = [tensor for group in self.groups for tensor in group.tensors]
        closed = self.groups.closed
        for group in self.groups:
            closed = closed & group.tensors.closed
        return Several(found, closed)

    def __repr__(self) -> str:
        return self.name
