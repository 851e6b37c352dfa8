"""From a model of Keras or Gluon that was read to the table of its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from paramlint import nodes
from paramlint.facts.files import File
from paramlint.facts.reading import Const, Held, Part, Thing, Value
from paramlint.facts.reading.entries import followed
from paramlint.facts.reading.events import Event, Guard
from paramlint.facts.reading.gluon_code import is_block, is_container
from paramlint.facts.reading.keras_code import is_layer
from paramlint.facts.reading.reader import Reader
from paramlint.facts.reading.trace import is_block_class, is_layer_class
from paramlint.facts.reading.values import options
from paramlint.knowledge.frameworks import GLUON, KERAS, TORCH, frameworks
from paramlint.symbolic.showing.layers import weights_of_gluon
from paramlint.symbolic.showing.layers.freezing_shown import Freezing
from paramlint.symbolic.showing.layers.initializers_shown import told
from paramlint.symbolic.showing.layers.layer_tree import Child, Tree, is_unknown_part
from paramlint.symbolic.showing.layers.sizes import Shape, Size, size_of, sizes_of
from paramlint.symbolic.showing.layers.weights_of_keras import Asked, Weight, weights
from paramlint.symbolic.showing.repeated_blocks import fold
from paramlint.symbolic.showing.show_document import Buffer, Parameter, ShownClass, UnknownPart
from paramlint.syntax.outline import Unit

_MOST_ROWS = 2_000
_DEEPEST = 20
#: Layers of Keras that hold others.
_HOLDING = ("keras.Model", "keras.Sequential", "keras.layers.Bidirectional", "keras.layers.TimeDistributed")
OPEN = "?"
"""A size that the code does not say."""


@dataclass(frozen=True)
class Way:
    """How a layer is reached: the layers on the way, the branches, whether it stands for any number."""

    path: tuple[Thing, ...]
    guards: tuple[tuple[Guard, Event], ...] = ()
    many: bool = False
    is_sure: bool = True


@dataclass
class _Rows:
    parameters: list[Parameter] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=list)
    unknown: list[UnknownPart] = field(default_factory=list)
    names: dict[object, list[str]] = field(default_factory=dict)
    identities: list[tuple[object, str]] = field(default_factory=list)


def names_layers(file: File) -> bool:
    """Whether a file names Keras or Gluon."""
    return bool(frameworks(file.source.data) & (KERAS | GLUON))


def is_of_layers_alone(file: File) -> bool:
    """Whether it does not name torch, so that there is nothing of it to find."""
    return names_layers(file) and not frameworks(file.source.data) & TORCH


def shows_layers(file: File, unit: Unit) -> bool:
    """Whether a class is a layer or model of Keras, or a block of Gluon."""
    cls = file.class_of(unit)
    return cls is not None and (is_layer_class(cls) or is_block_class(cls))


def show_layers(
    file: File,
    unit: Unit,
    heading: tuple[str, str, int],
    given: Mapping[str, object],
    *,
    defaults: bool = False,
    name: str = "",
) -> ShownClass | None:
    """The table of a class, of what a function gives, or of a name of the module; None where that is no layer.

    Args:
        file: the file.
        unit: the class or function, or the module.
        heading: the name that is shown, and where it stands: its file and row.
        given: plain values of some arguments by name.
        defaults: give the other arguments their defaults, where they have one.
        name: of the module's names, the one that is asked for.
    """
    values = {key: as_value(one) for key, one in given.items()}
    reader, made = followed(file, unit, values, defaults=defaults, name=name)
    roots = [one for one in options(made) if is_layer(one) or is_block(one)]
    if not roots:
        return None
    if unit.kind == "module" and isinstance(roots[0], Thing):
        heading = (*heading[:2], roots[0].made.scope.segment.row(roots[0].made.node) or heading[2])
    told_rows = _Table(reader, heading)
    for root in roots:
        assert isinstance(root, Thing)
        told_rows.add(root, "", Way((root,), is_sure=len(roots) == 1))
    return told_rows.shown()


def as_value(value: object) -> Value:
    """A plain value as what code gives."""
    if isinstance(value, (list, tuple)):
        return Held("tuple" if isinstance(value, tuple) else "list", [as_value(one) for one in value])
    if isinstance(value, dict):
        return Held("dict", [as_value(one) for one in value.values()], [Const(key) for key in value])
    return Const(value)


class _Table:
    def __init__(self, reader: Reader, heading: tuple[str, str, int]) -> None:
        self.reader = reader
        self.heading = heading
        self.tree = Tree(reader)
        self.freezing = Freezing(reader.trace)
        self.rows = _Rows()

    # What there is

    def add(self, layer: Thing, prefix: str, way: Way) -> None:
        """The rows of a layer and all below it."""
        if len(self.rows.identities) > _MOST_ROWS or len(way.path) > _DEEPEST:
            self._unknown(f"{prefix}**", "too many rows", layer.made)
            return
        own = self._own(layer)
        if own is not None:
            for weight in own:
                self._weight(layer, weight, prefix, way)
            return
        if layer.what.startswith("gluon.") and not is_container(layer):
            self._unknown(f"{prefix}**", f"made by {layer.last}", layer.made)
            return
        if layer.cls is None and layer.what not in _HOLDING and not layer.what.startswith("gluon."):
            self._unknown(f"{prefix}**", f"made by {layer.last}", layer.made)
            return
        for child in self.tree.children(layer):
            inner = Way(way.path, (*way.guards, *child.guards), way.many or child.many, way.is_sure)
            self._child(child, prefix, inner)

    def _own(self, layer: Thing) -> list[Weight] | None:
        if layer.cls is not None:
            return None
        if layer.what.startswith("gluon."):
            return weights_of_gluon.weights(layer)
        return weights(Asked(layer, self.tree.inputs_of(layer)[0], self.tree.shape_of))

    def _child(self, child: Child, prefix: str, way: Way) -> None:
        value, name = child.value, f"{prefix}{child.name}"
        if isinstance(value, Thing) and value.what in ("keras.Variable", "gluon.Parameter"):
            self._variable(value, name, way)
        elif isinstance(value, Thing) and (is_layer(value) or is_block(value)):
            if value in way.path:
                return
            self.add(value, f"{name}.", Way((*way.path, value), way.guards, way.many, way.is_sure))
        elif is_unknown_part(value) and self._is_called(value):
            self._unknown(f"{name}.**", "it cannot be told", way.path[-1].made)

    def _is_called(self, value: Value) -> bool:
        """Whether something unknown is called as a layer is."""
        return any(value in options(call.func) for call in self.reader.trace.calls)

    # Rows

    def _weight(self, layer: Thing, weight: Weight, prefix: str, way: Way) -> None:
        identity: object = (layer, weight.name)
        donor = layer.made.keywords.get("params")
        if isinstance(donor, Part) and donor.name == "params" and isinstance(donor.owner, Thing):
            if any(one.name == weight.name for one in self._own(donor.owner) or ()):
                identity, layer = (donor.owner, weight.name), donor.owner
        path, row = self._place(layer.made)
        init = told(weight.given, weight.default, path, row)
        self._row(
            identity, f"{prefix}{weight.name}", weight.shape, init, weight.is_trained, way, weight.is_sure, path, row
        )

    def _variable(self, variable: Thing, name: str, way: Way) -> None:
        call = variable.made
        is_old = bool(call.args) and isinstance(call.args[0], Const) and isinstance(call.args[0].value, str)
        order = ("name", "shape", "dtype", "initializer") if is_old else ("shape", "initializer", "dtype", "trainable")
        if variable.what == "gluon.Parameter":
            order = ("name", "grad_req", "shape", "dtype")
        elif isinstance(call.func, Part) is False:
            order = ("initializer", "shape", "dtype", "trainable")
        given = {**dict(zip(order, call.args, strict=False)), **call.keywords}
        shape = sizes_of(given.get("shape"), self.tree.shape_of)
        if "shape" not in given and variable.what != "gluon.Parameter":
            shape = ()
        elif shape is None and isinstance(given.get("shape"), Const):
            size = size_of(given["shape"], self.tree.shape_of)
            shape = (size,) if size is not None else None
        trained = given.get("trainable")
        flag = given.get("grad_req")
        is_trained = not (isinstance(trained, Const) and trained.value is False)
        is_trained = is_trained and not (isinstance(flag, Const) and flag.value == "null")
        path, row = self._place(call)
        is_gluon = variable.what == "gluon.Parameter"
        default = "" if is_gluon or not isinstance(call.func, Part) else "glorot_uniform" if shape else "zeros"
        init = told(given.get("init" if is_gluon else "initializer"), default, path, row)
        self._row((variable, ""), name, shape, init, is_trained, way, True, path, row)

    def _row(
        self,
        identity: object,
        name: str,
        shape: Shape | None,
        init: Any,
        is_trained: bool,
        way: Way,
        is_sure: bool,
        path: str,
        row: int,
    ) -> None:
        certain = is_sure and way.is_sure and not way.guards and not way.many
        said: dict[str, Any] = {
            "name": name,
            "certain": certain,
            "condition": self._condition(way),
            "count": None if way.many else 1,
            "shape": tuple(_said(size) for size in shape) if shape is not None else None,
            "dtype": None,
            "init": init,
            "tied_with": (),
            "requires_grad": self.freezing.trains(way.path, name.rpartition(".")[2]) if is_trained else False,
            "filename": path,
            "row": row,
        }
        if is_trained:
            self.rows.parameters.append(Parameter(**said))
        else:
            self.rows.buffers.append(Buffer(**said, persistent=True))
        self.rows.identities.append((identity, name))
        self.rows.names.setdefault(identity, []).append(name)

    def _unknown(self, name: str, why: str, event: Event) -> None:
        path, row = self._place(event)
        self.rows.unknown.append(UnknownPart(name=name, why=why, filename=path, row=row))

    def _place(self, event: Event) -> tuple[str, int]:
        scope = event.scope
        row = scope.segment.row(event.node)
        return scope.file.source.path, row or self.heading[2]

    def _condition(self, way: Way) -> str | None:
        """The branches in the way, where all of them are tests of the constructor or function that is shown."""
        texts = []
        for (statement, arm), _ in way.guards:
            scope = self.reader.tests.get(statement)
            if scope is None or not isinstance(statement, (nodes.If, nodes.IfExp)):
                return None
            text = " ".join(scope.text(statement.test).split())
            texts.append(text if not arm else f"not ({text})" if " " in text else f"not {text}")
        return " and ".join(dict.fromkeys(texts)) or None

    def shown(self) -> ShownClass:
        """The table."""
        name, path, row = self.heading
        several = [names for names in self.rows.names.values() if len(set(names)) > 1]
        ties = {one: names for names in several if not any("{" in one for one in names) for one in names}
        return ShownClass(
            name=name,
            filename=path,
            row=row,
            parameters=tuple(_tied(self.rows.parameters, ties)),
            buffers=tuple(_tied(self.rows.buffers, ties)),
            unknown=tuple(dict.fromkeys(self.rows.unknown)),
            steps=self.reader.steps,
        )


def _tied(rows: list[Any], ties: Mapping[str, list[str]]) -> list[Any]:
    """Rows with the other names of the same tensor, and equal repeats as one."""
    full = []
    for row in {one.name: one for one in rows}.values():
        others = tuple(name for name in dict.fromkeys(ties.get(row.name, ())) if name != row.name)
        full.append(msgspec.structs.replace(row, tied_with=others))
    alike = [row.name if row.tied_with else repr(msgspec.structs.replace(row, name="")) for row in full]
    found = []
    for pattern, members in fold([row.name for row in full], alike):
        first = full[members[0]]
        counts = [full[index].count for index in members]
        count = sum(one for one in counts if one is not None) if None not in counts else None
        found.append(msgspec.structs.replace(first, name=pattern, count=count))
    return found


def _said(size: Size) -> int | str:
    return OPEN if size is None else size
