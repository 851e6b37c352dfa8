"""What a child process saw of a model beside its findings: what the findings of the static side are compared with."""

from __future__ import annotations

import msgspec


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """A class of which the model has instances, those of its subclasses included.

    Attributes:
        qualname: as Python gives it, `<locals>` included.
        filename: where it is defined.
        instances: their dotted names; the model's own is empty.
        plain: whether none is of a subclass that replaces one of its methods, which may leave out what stands there.
    """

    qualname: str
    filename: str
    instances: tuple[str, ...]
    plain: bool = True


class Refutation(msgspec.Struct, frozen=True, kw_only=True):
    """A rule has looked at a parameter, module or attribute, and found it right.

    Attributes:
        code: of the rule.
        name: dotted, of what it looked at.
        seen: what it saw, in words.
    """

    code: str
    name: str
    seen: str


class Observed(msgspec.Struct, frozen=True, kw_only=True):
    """What was built and what was found right.

    Attributes:
        sources: the files whose static findings are about this model.
        functions: the files of the user's functions that ran, and the rows on which these begin.
        written: the user's files and rows that wrote to a tensor.
        notes: which rules could not be asked, and why.
    """

    built: tuple[Built, ...] = ()
    refutations: tuple[Refutation, ...] = ()
    sources: tuple[str, ...] = ()
    functions: tuple[tuple[str, int], ...] = ()
    written: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()
