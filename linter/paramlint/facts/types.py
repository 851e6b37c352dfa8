"""What static analysis can know of a value: is it a parameter, a module, a container, and does it own parameters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from paramlint.facts.classes import Class

ValueKind = Literal[
    "parameter",
    "buffer",
    "tensor",
    "module",
    "container",  # a plain list, tuple, dict, set or generator
    "class",  # a class object, of modules where `name` or `cls` says so
    "optimizer",
    "state_dict",
    "none",
    "other",  # known to be none of the above: a number, a string, a dataclass...
]


@dataclass(frozen=True)
class Type:
    """What is known of a value.

    Attributes:
        kind: what it is.
        name: the canonical name of its class, such as `torch.nn.Linear`, or a name inside the project.
        cls: the class, when the project defines it.
        item: what a container holds, or what iterating gives; a pair's second half for `named_parameters()`.
        parts: what a container display holds, one by one.
        owns: for a module, whether it owns parameters; for a container, whether its items do. `None` is unknown.
        leaf: for a tensor, false when it was computed from a parameter, so that it is not one itself.
        pairs: iterating gives (name, item) pairs.
        lazy: iterating consumes it: a generator, `map` or `filter`.
    """

    kind: ValueKind
    name: str = ""
    cls: Class | None = None
    item: Type | None = None
    parts: tuple[Type | None, ...] = ()
    owns: bool | None = None
    leaf: bool = True
    pairs: bool = False
    lazy: bool = False

    @property
    def is_parameter(self) -> bool:
        """An `nn.Parameter`."""
        return self.kind == "parameter"

    @property
    def is_module(self) -> bool:
        """An `nn.Module`."""
        return self.kind == "module"


PARAMETER = Type("parameter", "torch.nn.Parameter")
BUFFER = Type("buffer", "torch.Tensor")
TENSOR = Type("tensor", "torch.Tensor")
#: Some tensor's `.grad`.
GRADIENT = Type("tensor", "torch.Tensor.grad")
MODULE = Type("module", "torch.nn.Module")
OTHER = Type("other")
NONE = Type("none")
STATE_DICT = Type("state_dict", "dict")


def join(types: list[Type | None]) -> Type | None:
    """What is known of a value that is one of several: what they agree on; `None` values do not count."""
    if any(t is None for t in types):
        return None
    known = [t for t in types if t is not None and t.kind != "none"]
    if not known:
        return NONE if types else None
    first = known[0]
    for other in known[1:]:
        if other == first:
            continue
        if other.kind != first.kind:
            return None
        owns = first.owns if first.owns == other.owns else None
        same_class = first.cls is other.cls and first.name == other.name
        if first.kind == "module":
            first = replace(first, owns=owns) if same_class else Type("module", owns=owns)
        else:
            item = join([first.item, other.item]) if first.item and other.item else None
            first = Type(first.kind, first.name if same_class else "", item=item, owns=owns, pairs=first.pairs)
    return first


def owns_parameters(value: Type | None) -> bool | None:
    """Whether a value is, or holds, parameters; `None` when that is unknown. A class of the project is asked now."""
    if value is None:
        return None
    if value.kind == "parameter" or value.owns is not None:
        return value.kind == "parameter" or value.owns
    if value.parts:
        verdicts = [owns_parameters(part) for part in value.parts]
        return True if any(verdicts) else (False if all(v is False for v in verdicts) else None)
    if value.kind == "container":
        return owns_parameters(value.item)
    if value.kind == "module":
        return value.cls.owns if value.cls is not None else None
    return False
