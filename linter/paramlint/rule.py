"""A rule is a value: a code, a name, its documentation, what nominates code for it, and its detectors.

    rule = Rule("PRM401", "modules-in-plain-container", group="bug", fix="unsafe", doc=__doc__,
                triggers=(Asks("Module"),))

    @rule.static(nodes.Assign)
    def check(node: nodes.Assign, scope: Scope) -> Iterator[Finding]: ...

    @rule.reading
    def read(trace: Trace) -> Iterator[Said]: ...

    @rule.runtime
    def verify(model: LiveModel) -> Iterator[Proof]: ...

    @rule.refutes
    def refute(model: LiveModel) -> Iterator[tuple[str, str]]: ...

    @rule.training
    def watch(run: TrainingRun) -> Iterator[Proof]: ...

A detector is a pure function that asks its `Scope` or `Class` (see `paramlint.facts`) about names, types and classes,
and yields what it finds. It is called only where one of the rule's triggers is; a trigger may be too generous, never
too narrow.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeVar

from paramlint.finding import Change, Finding, Fix, Group, Proof
from paramlint.knowledge.frameworks import TORCH, Framework

if TYPE_CHECKING:
    from paramlint import nodes
    from paramlint.facts import Class, Scope
    from paramlint.facts.reading import Said, Trace
    from paramlint.live.live_model import LiveModel
    from paramlint.live.training.training_run import TrainingRun
    from paramlint.model import Claim, Model

__all__ = [
    "Asks",
    "Calls",
    "Change",
    "Classes",
    "Defines",
    "Drops",
    "Finding",
    "Fix",
    "Group",
    "Keywords",
    "Mentions",
    "Proof",
    "Repeats",
    "Rule",
    "Stores",
    "Trigger",
    "names",
]

FixKind = Literal["safe", "unsafe", "none"]

NodeT = TypeVar("NodeT", bound="nodes.Node")
ModelT = TypeVar("ModelT", bound="LiveModel")
HEADINGS = ("Bad", "Good", "Fix", "Leave it", "Source", "Setup")


def names(selector: str, code: str, name: str, group: str) -> bool:
    """Whether a selector (`ALL`, a group, a code, a prefix of codes or a rule's name) names a rule."""
    given = selector.strip()
    if given.upper() == "ALL" or given.lower() in (name, group):
        return True
    return given != "" and code.startswith(given.upper())


class Calls:
    """A call of something whose last name is one of `names`: `nn.Parameter(...)`, `P(...)` where P is imported.

    `partial(normal_, std=0.02)` counts as a call of `normal_`.
    """

    __slots__ = ("names",)

    names: frozenset[str]

    def __init__(self, *names: str) -> None:
        self.names = frozenset(names)


class Drops:
    """A statement that is only a call of something whose last name is one of `names`: what it gives is dropped."""

    __slots__ = ("names",)

    names: frozenset[str]

    def __init__(self, *names: str) -> None:
        self.names = frozenset(names)


class Mentions:
    """An attribute of one of these names, read or written: `anything.data`."""

    __slots__ = ("names",)

    names: frozenset[str]

    def __init__(self, *names: str) -> None:
        self.names = frozenset(names)


class Stores:
    """An assignment to an attribute of one of these names; with `of_names`, of a plain name or another attribute."""

    __slots__ = ("names", "of_names")

    names: frozenset[str]
    of_names: bool

    def __init__(self, *names: str, of_names: bool = False) -> None:
        self.names = frozenset(names)
        self.of_names = of_names


class Keywords:
    """A keyword argument of one of these names: `f(require_grad=False)`."""

    __slots__ = ("names",)

    names: frozenset[str]

    def __init__(self, *names: str) -> None:
        self.names = frozenset(names)


class Repeats:
    """A list or tuple display times something, or something times one."""

    __slots__ = ()


class Defines:
    """A function or method of one of these names; with `defaults`, one that has a call as a parameter's default.

    With `unless_first`, only one that does not call something of this name before it mentions `self`; with `text`,
    only one whose source contains one of these words.
    """

    __slots__ = ("defaults", "names", "text", "unless_first")

    names: frozenset[str]
    defaults: bool
    unless_first: str
    text: frozenset[str]

    def __init__(self, *names: str, defaults: bool = False, unless_first: str = "", text: Iterable[str] = ()) -> None:
        self.names = frozenset(names)
        self.defaults = defaults
        self.unless_first = unless_first
        self.text = frozenset(text)


class Classes:
    """Every class with a base; with `text`, with a base or decorator, whose source contains one of these words."""

    __slots__ = ("text",)

    text: frozenset[str]

    def __init__(self, *text: str) -> None:
        self.text = frozenset(text)


class Asks:
    """Code from which a model is built to be asked: the classes, functions and module code of files with certain words.

    Args:
        words: what is built has one of them, or a function that it calls has.
        entries: what is built: `class`, `function`, `module`.
        made: whether the words of the classes of the file that it makes count; not where each class tells as much.
        followed: a function is built only if it calls something behind what it says one of the words of; for rules
            about what happens to something later, as all functions that it calls are built by themselves.
    """

    __slots__ = ("entries", "followed", "made", "words")

    words: frozenset[str]
    entries: frozenset[str]
    made: bool
    followed: bool

    def __init__(
        self,
        *words: str,
        entries: Iterable[str] = ("class", "function", "module"),
        made: bool = True,
        followed: bool = False,
    ) -> None:
        self.words = frozenset(words)
        self.entries = frozenset(entries)
        self.made = made
        self.followed = followed

    @property
    def in_other_files(self) -> bool:
        """Whether it asks about other files too: what a class is, its own file tells; what becomes of it, its users."""
        return self.made and "function" in self.entries


Trigger = Calls | Drops | Mentions | Stores | Keywords | Repeats | Defines | Classes | Asks

NodeCheck = Callable[[Any, "Scope"], Iterator[Finding]]
ScopeCheck = Callable[["Scope"], Iterator[Finding]]
ClassCheck = Callable[["Class"], Iterator[Finding]]
Question = Callable[["Model"], Iterator["Claim"]]
Reading = Callable[["Trace"], Iterator["Said"]]
Verify = Callable[["LiveModel"], Iterator[Proof]]
VerifyRun = Callable[["TrainingRun"], Iterator[Proof]]
#: Dotted names of what is right, each with what was seen, in words.
Refute = Callable[["LiveModel"], Iterator[tuple[str, str]]]


@dataclass(eq=False)
class Rule:
    """One invariant about parameters.

    `codes` are those of all rules that have been made.

    Args:
        code: `PRM` and three digits; the first digit is the family.
        name: kebab-case, the name of the fault; it reads after "allow".
        group: `bug` and `risk` are on by default, `pedantic` is off.
        fix: the strongest fix that the rule offers.
        doc: the module's docstring, which is the documentation; see `sections`.
        triggers: where the static detectors have to look.
        frameworks: those of which a file must name one to be shown to the static detectors.
        asked_of: models made with these are asked by the runtime detector; those of `frameworks` where it is empty.
        only_with: words of which the nominated function or class must hold one; others need not be parsed.
        beyond_plain: whether it has nothing to say of a class that makes layers of torch and calls each, and no more.
    """

    codes: ClassVar[set[str]] = set()

    code: str
    name: str
    group: Group
    doc: str | None
    fix: FixKind = "none"
    triggers: tuple[Trigger, ...] = ()
    only_with: frozenset[str] = frozenset()
    beyond_plain: bool = False
    frameworks: frozenset[Framework] = TORCH
    asked_of: frozenset[Framework] = frozenset()
    node_checks: dict[type[nodes.Node], list[NodeCheck]] = field(default_factory=dict)
    scope_checks: list[ScopeCheck] = field(default_factory=list)
    class_checks: list[ClassCheck] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    verifiers: list[Verify] = field(default_factory=list)
    trainers: list[VerifyRun] = field(default_factory=list)
    refuters: list[Refute] = field(default_factory=list)

    def __post_init__(self) -> None:
        Rule.codes.add(self.code)

    def static(self, *kinds: type[NodeT]) -> Callable[[Callable[[NodeT, Scope], Iterator[Finding]]], Any]:
        """Call the decorated function for every node of these kinds in a nominated function or statement.

        Raises:
            TypeError: a kind is none of `paramlint.nodes`, so no node would ever be of it.
        """
        from paramlint import nodes  # whoever makes a rule about nodes has them; choosing rules does without

        for kind in kinds:
            if not issubclass(kind, nodes.Node):
                raise TypeError(f"`{kind.__module__}.{kind.__name__}` is no kind of node of `paramlint.nodes`")

        def add(check: Callable[[NodeT, Scope], Iterator[Finding]]) -> Any:
            for kind in kinds:
                self.node_checks.setdefault(kind, []).append(check)
            return check

        return add

    def static_scope(self, check: ScopeCheck) -> ScopeCheck:
        """Call the decorated function for every nominated function; the code of a module counts as one."""
        self.scope_checks.append(check)
        return check

    def static_class(self, check: ClassCheck) -> ClassCheck:
        """Call the decorated function for every nominated class."""
        self.class_checks.append(check)
        return check

    def question(self, ask: Question) -> Question:
        """Call the decorated function for the model of every nominated class, function and module code."""
        self.questions.append(ask)
        return ask

    def reading(self, read: Reading) -> Reading:
        """Call the decorated function for what every nominated class, function and module code does, in order."""
        self.readings.append(read)
        return read

    def runtime(self, verify: Callable[[ModelT], Iterator[Proof]]) -> Callable[[ModelT], Iterator[Proof]]:
        """Call the decorated function once for every verified model that is made with what the rule asks of."""
        self.verifiers.append(verify)  # type: ignore[arg-type] # a rule of Keras is given models of Keras
        return verify

    def training(self, verify: VerifyRun) -> VerifyRun:
        """Call the decorated function once for every watched training run."""
        self.trainers.append(verify)
        return verify

    def refutes(self, refute: Refute) -> Refute:
        """Call the decorated function once for every verified model, for what this rule looked at and found right.

        A static finding about one of these names is refuted; what cannot be told on a live model is left out.
        """
        self.refuters.append(refute)
        return refute

    def is_asked_of(self, frameworks: frozenset[Framework]) -> bool:
        """Whether the runtime detectors are for models that are made with these."""
        return bool((self.asked_of or self.frameworks) & frameworks)

    @property
    def documentation(self) -> str:
        """The module's docstring, without the blank lines around it."""
        return (self.doc or "").strip()

    @property
    def summary(self) -> str:
        """The first line of the documentation."""
        return self.documentation.partition("\n")[0]

    def sections(self) -> dict[str, str]:
        """The documentation by heading: `""` is the text before the first, then `Bad`, `Good`, `Fix`, `Leave it`...

        A heading stands at the start of a line and ends with a colon; what follows is its section.
        """
        pattern = rf"^({'|'.join(HEADINGS)}):[ \n]"
        pieces = re.split(pattern, self.documentation + "\n", flags=re.M)
        return {"": pieces[0].strip()} | {pieces[i]: pieces[i + 1].rstrip() for i in range(1, len(pieces), 2)}
