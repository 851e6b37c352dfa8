"""A model as a tree of modules and parameters, with repeated blocks folded into one."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from msgspec import UNSET

from paramlint.frontends.report.models.alike import alike_key, codes_by_name
from paramlint.frontends.report.models.fold import INDEX, folded_name
from paramlint.verify.document.schema import Document, Parameter


@dataclass(frozen=True)
class Leaf:
    """An attribute that holds a parameter, or that a finding is about.

    Attributes:
        attribute: its name in the module.
        names: the dotted names of all that it stands for.
        parameter: the first of these; None where nothing is registered under the name.
        first: the first name of the parameter where this is another name of a tied one, else empty.
        codes: of the findings about it.
    """

    attribute: str
    names: tuple[str, ...]
    parameter: Parameter | None = None
    first: str = ""
    codes: tuple[str, ...] = ()

    @property
    def elements(self) -> int:
        """Of all that it stands for; those of a tied parameter count where its first name is."""
        return 0 if self.parameter is None or self.first else self.parameter.numel * len(self.names)

    @property
    def name(self) -> str:
        """As a node has one."""
        return self.attribute

    @property
    def signature(self) -> Hashable:
        """Equal where two of them look the same but for their own name."""
        alike = self.parameter and alike_key(self.parameter, self.codes)
        return alike, INDEX.sub("*", self.first), self.codes


@dataclass(frozen=True)
class Node:
    """A module, or several that look the same.

    Attributes:
        name: under which its parent holds it, `{0-11}` for several; empty for the model.
        names: the dotted names of all that it stands for.
        cls: the class, empty where it is not known.
        codes: of the findings about the module itself.
    """

    name: str
    names: tuple[str, ...]
    cls: str
    codes: tuple[str, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    children: tuple[Node, ...] = ()

    @property
    def elements(self) -> int:
        """Of all parameters below."""
        return sum(leaf.elements for leaf in self.leaves) + sum(child.elements for child in self.children)

    @property
    def signature(self) -> Hashable:
        """Equal where two of them look the same but for their own name."""
        below = tuple((child.name, child.signature) for child in self.children)
        return self.cls, self.codes, tuple((leaf.attribute, leaf.signature) for leaf in self.leaves), below


PartT = TypeVar("PartT", Leaf, Node)


@dataclass
class _Module:
    """A module while the tree grows."""

    children: dict[str, _Module] = field(default_factory=dict)
    leaves: dict[str, Leaf] = field(default_factory=dict)


def tree(document: Document) -> Node:
    """The tree of a document's parameters and of what its findings are about."""
    classes = {} if document.details is UNSET else document.details.modules
    codes = codes_by_name(document)
    root = _Module()
    for parameter in document.parameters:
        for name in (parameter.name, *parameter.tied_with):
            first = parameter.name if name != parameter.name else ""
            _plant(root, name, Leaf("", (name,), parameter, first, codes.get(name, ())))
    for name, about in codes.items():
        if name and not _stands(root, name):
            _plant(root, name, Leaf("", (name,), codes=about))
    return _folded(root, "", "", classes, codes)


def _plant(root: _Module, name: str, leaf: Leaf) -> None:
    *path, attribute = name.split(".")
    module = root
    for part in path:
        module = module.children.setdefault(part, _Module())
    module.leaves[attribute] = Leaf(attribute, leaf.names, leaf.parameter, leaf.first, leaf.codes)


def _stands(root: _Module, name: str) -> bool:
    """Whether a name is that of a module or parameter of the tree."""
    *path, last = name.split(".")
    module = root
    for part in path:
        if part not in module.children:
            return False
        module = module.children[part]
    return last in module.children or last in module.leaves


def _folded(
    module: _Module, name: str, dotted: str, classes: dict[str, str], codes: dict[str, tuple[str, ...]]
) -> Node:
    start = f"{dotted}." if dotted else ""
    children = [_folded(child, part, start + part, classes, codes) for part, child in module.children.items()]
    return Node(
        name=name,
        names=(dotted,),
        cls=classes.get(dotted, ""),
        codes=codes.get(dotted, ()),
        leaves=tuple(_merged_leaf(leaves) for leaves in _grouped(list(module.leaves.values()))),
        children=tuple(_merged(nodes) for nodes in _grouped(children)),
    )


def _grouped(items: Sequence[PartT]) -> Iterable[list[PartT]]:
    """What is numbered and looks the same together, everything else alone."""
    groups: dict[Hashable, list[PartT]] = {}
    for item in items:
        groups.setdefault(item.signature if INDEX.fullmatch(item.name) else item.name, []).append(item)
    return groups.values()


def _merged(nodes: Sequence[Node]) -> Node:
    """One node for several of the same signature."""
    first = nodes[0]
    if len(nodes) == 1:
        return first
    return Node(
        name=_common([node.name for node in nodes]),
        names=tuple(chain.from_iterable(node.names for node in nodes)),
        cls=first.cls,
        codes=first.codes,
        leaves=tuple(_merged_leaf(leaves) for leaves in zip(*(node.leaves for node in nodes), strict=True)),
        children=tuple(_merged(children) for children in zip(*(node.children for node in nodes), strict=True)),
    )


def _merged_leaf(leaves: Sequence[Leaf]) -> Leaf:
    first = leaves[0]
    names = tuple(chain.from_iterable(leaf.names for leaf in leaves))
    return Leaf(_common([leaf.attribute for leaf in leaves]), names, first.parameter, first.first, first.codes)


def _common(names: list[str]) -> str:
    """One name for the same part of several blocks, or for several numbers."""
    return names[0] if len(set(names)) == 1 else folded_name(names)
