"""What a rule says (`Finding`), and what a person reads (`Diagnostic`).

A rule yields findings: a place, a message, perhaps a fix. The pipeline turns each into a diagnostic: the same, with
the rule's name and with rows and columns. Positions are computed only then, because most code has no finding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import msgspec

if TYPE_CHECKING:
    from paramlint import nodes

Applicability = Literal["safe", "unsafe"]
#: How serious what a rule finds is.
Group = Literal["bug", "risk", "pedantic"]
Verdict = Literal["confirmed", "refuted", "not observed"]


class Change(msgspec.Struct, frozen=True):
    """One textual change of a fix, placed by syntax nodes.

    `first` and `last` are the outermost nodes replaced (inclusive, usually the same node); `text` is what takes their
    place. With `where="before"` or `"after"` nothing is replaced: `text` becomes statements of its own, indented as
    the statement `first` is, and in it four spaces stand for one level. With `"wrap"` the statement moves one level
    in, below the header `text`; with `"delete"` its lines go; with `"enclosed"` the parentheses around it become
    the two characters of `text`.
    """

    first: nodes.Node
    last: nodes.Node
    text: str
    where: Literal["replace", "before", "after", "wrap", "delete", "enclosed"] = "replace"


class Fix(msgspec.Struct, frozen=True):
    """What would remove the finding. `title` is an imperative phrase, shown beside the message.

    A fix is `safe` when the parameters and outputs of the model are bit for bit the same with it; the tests prove it
    for each rule. `imports` are dotted names that the new text uses, such as `torch` or `torch.nn`.
    """

    title: str
    changes: tuple[Change, ...]
    applicability: Applicability = "unsafe"
    imports: tuple[str, ...] = ()


class Finding(msgspec.Struct, frozen=True):
    """What a rule's static detector yields: the smallest node that makes sense and one lower-case line.

    `attribute` is what is accused, as the code spells it (`self.head.weight`), where that is neither the node itself
    nor what the statement around it assigns; `owner` is the class whose attribute it is, where that is not the class
    around the node; `others` are what it is shared or paired with, spelled as `attribute` is.

    `rows` are all rows that the fault shows on, where a question has found it: what another detector of the same rule
    reports on one of them is the same fault, and is said once. With `is_right` the question has looked there and found
    no fault: what another detector of the rule says of these rows is left out. So is what was found with `is_alone`:
    in a function that was run by itself, with arguments that its callers may not give.
    """

    node: nodes.Node
    message: str
    fix: Fix | None = None
    attribute: str = ""
    owner: str = ""
    others: tuple[str, ...] = ()
    rows: frozenset[int] = frozenset()
    is_right: bool = False
    is_alone: bool = False


@dataclass(frozen=True)
class Proof:
    """What a rule's runtime detector yields.

    `parameter` is the dotted name inside the model (`layers.0.weight`, or an attribute such as `blocks` where no
    parameter is registered); `owner` and `attribute` name the class and attribute that the static side would report, so
    that the two can be joined; `evidence` holds what was seen: JSON-able figures, places and names.
    """

    parameter: str
    message: str
    owner: str = ""
    attribute: str = ""
    filename: str = ""
    row: int = 0
    evidence: dict[str, Any] = field(default_factory=dict)


class Location(NamedTuple):
    """A place in a file; row and column count from 1, the column in characters."""

    row: int
    column: int


class Edit(msgspec.Struct, frozen=True):
    """Replace the text between two places, the end excluded.

    `wraps` is given where the edit puts a header before a statement: the place where that statement ends. A statement
    that follows it at once and gets the same header can do without.
    """

    start: Location
    end: Location
    content: str
    wraps: Location | None = None


class LocatedFix(msgspec.Struct, frozen=True):
    """A fix whose changes have become edits of the file's text, in order, none overlapping."""

    title: str
    applicability: Applicability
    edits: tuple[Edit, ...]


#: A dotted name as its parts.
Path = tuple[str, ...]


class Subject(msgspec.Struct, frozen=True):
    """What a static finding is about, so that what is declared of it, or seen on a live model, can be compared.

    Attributes:
        owner: the qualified name of the class whose attribute it is, `<locals>` included; empty outside of classes.
        attributes: the attributes of `self` that it is about, as paths without the `self`.
        names: all names by which it may be known, those of local variables included.
        others: the names of what it is shared or paired with.
        tie: where the statement assigns one attribute to another, `head[0].weight = table.weight`, the paths of both,
            with the indices as parts.
        runs: whether the statement has run wherever an instance has the attributes: no branch and no call decides.
        first, last: the rows of the statement; for a function or class, those of the whole definition.
        header: the last row of a definition's or condition's header; else `last`. A loop is one with what it repeats.
        function: the row on which the function around it begins, decorators included; 0 outside of functions.
    """

    owner: str
    attributes: tuple[Path, ...]
    names: tuple[Path, ...]
    others: tuple[Path, ...]
    tie: tuple[Path, Path] | None
    runs: bool
    first: int
    last: int
    header: int
    function: int = 0


@dataclass(frozen=True)
class Diagnostic:
    """One line of a report."""

    path: str
    start: Location
    end: Location
    code: str
    name: str
    message: str
    fix: LocatedFix | None = None
    #: The row on which a comment `noqa` silences it: the last row of the logical line.
    noqa_row: int = 0
    #: In a notebook, the cell's number from 1; rows then count inside the cell.
    cell: int | None = None
    verdict: Verdict | None = None
    evidence: dict[str, Any] = field(default_factory=dict, hash=False)
    #: What it is about; None for those that no rule about code has found.
    subject: Subject | None = field(default=None, compare=False)
    #: That of the rule; `error` for what kept a file from being checked or written.
    group: Group | Literal["error"] = "bug"
    #: All rows that the fault shows on, where a question has found it.
    rows: tuple[int, ...] = field(default=(), compare=False)

    @property
    def sort_key(self) -> tuple[str, int, Location, str, str]:
        """Reports are sorted by path, place and code."""
        return self.path, self.cell or 0, self.start, self.code, self.message


def plain(text: str) -> str:
    """The text with every character that does not print as itself written as an escape: `\\x1b`, `\\u202e`.

    That covers control characters, escape sequences, marks that change the direction of text, invisible characters,
    every space but the plain one, and the halves of broken characters.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
