"""What a model of Keras or Gluon is made of, under the names by which it is reached, with the shapes on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from paramlint.facts.reading import Called, Choice, Const, Derived, Held, Named, Part, Result, Stored, Thing, Value
from paramlint.facts.reading.calls import passed
from paramlint.facts.reading.events import Event, Guard
from paramlint.facts.reading.gluon_code import is_block
from paramlint.facts.reading.keras_code import is_layer
from paramlint.facts.reading.reader import Reader
from paramlint.facts.reading.trace import is_model_class
from paramlint.facts.reading.values import UNKNOWN, UNNAMED, Parameter, options
from paramlint.symbolic.showing.layers.initializers_shown import layer_name
from paramlint.symbolic.showing.layers.shapes_of_keras import ELEMENTWISE, concatenated, of_input, output
from paramlint.symbolic.showing.layers.sizes import Shape
from paramlint.symbolic.showing.layers.weights_of_keras import Asked

_MODELS = ("keras.Model", "keras.Sequential")
_DEEPEST = 40
_CHANGING = ("pop", "insert", "extend")


@dataclass(frozen=True)
class Child:
    """Something that a layer holds.

    Attributes:
        name: within it, a pattern where a loop gives one each round.
        value: a layer, a block, a variable, or what is not known.
        guards: the branches in which it is put there.
        many: whether it stands for any number.
        is_tracked: whether the framework finds it there.
    """

    name: str
    value: Value
    guards: tuple[tuple[Guard, Event], ...] = ()
    many: bool = False
    is_tracked: bool = True


class Shaped(Value):
    """Something of a known shape that a layer is called with."""

    def __init__(self, shape: Shape | None) -> None:
        self.shape = shape


class Tree:
    """What models are made of, by what was read.

    Args:
        reader: that read it.
    """

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.trace = reader.trace
        self._inputs: dict[Value, list[Shape | None]] = {}
        self._copies: dict[Value, Thing] = {}
        self._busy: set[Value] = set()
        self._depth = 0

    # Shapes

    def shape_of(self, value: Value) -> Shape | None:
        """The shape of a tensor; its first size, that of a batch, is None."""
        if value in self._busy or self._depth > _DEEPEST:
            return None
        self._busy.add(value)
        self._depth += 1
        try:
            return self._shape_of(value)
        finally:
            self._busy.discard(value)
            self._depth -= 1

    def _shape_of(self, value: Value) -> Shape | None:
        if isinstance(value, Shaped):
            return value.shape
        if isinstance(value, Thing):
            return of_input(value) if value.last == "Input" and value.what.startswith("keras.") else None
        if isinstance(value, Result):
            return self._given_by(value.call)
        if isinstance(value, (Choice, Derived)):
            parts = value.options if isinstance(value, Choice) else value.parts
            known = {self.shape_of(one) for one in parts if not isinstance(one, Const)}
            if isinstance(value, Derived):
                known = {one for one in known if one != ()}
            return known.pop() if len(known) == 1 else None
        return None

    def _given_by(self, call: Called) -> Shape | None:
        """The shape of what a call gives."""
        func = call.func
        if call.loops:
            return None  # of another round it may be another one
        if isinstance(func, Thing):
            if func.cls is not None and func.what == "":
                return self.shape_of(call.inner) if call.inner is not None else None
            return self._of_layer(func, self._shapes(call.args[0]) if call.args else [None])
        if isinstance(func, Named) and call.args:
            last = func.name.rpartition(".")[2]
            if last in ELEMENTWISE:
                return self.shape_of(call.args[0])
            if last in ("concatenate", "concat"):
                return concatenated(self._shapes(call.args[0]), call.argument("axis", 1))
            if last in ("add", "multiply", "subtract") and len(call.args) == 2:
                known = {self.shape_of(one) for one in call.args}
                return known.pop() if len(known) == 1 else None
        return None

    def _of_layer(self, layer: Thing, shapes: list[Shape | None]) -> Shape | None:
        if layer.what == "keras.Sequential":
            return self._through(layer, shapes[0])
        if layer.what == "keras.Model":
            outputs = layer.made.argument("outputs", 1)
            return self.shape_of(outputs) if outputs is not None and not isinstance(outputs, Held) else None
        if layer.what in ("keras.layers.TimeDistributed", "keras.layers.Bidirectional"):
            return None
        return output(Asked(layer, shapes[0], self.shape_of), shapes)

    def _shapes(self, value: Value) -> list[Shape | None]:
        return [self.shape_of(one) for one in value.items] if isinstance(value, Held) else [self.shape_of(value)]

    def inputs_of(self, layer: Thing) -> list[Shape | None]:
        """The shapes of what a layer is first called with."""
        known: list[Shape | None] | None = self._inputs.get(layer)
        if known is None and layer.made.loops:
            known = [None]  # one of each round, each of which may be called with something else
        if known is None:
            call = next((one for one in self.trace.calls if layer in options(one.func)), None)
            known = [None]
            if call is not None and (call.args or call.keywords):
                known = self._shapes(call.args[0] if call.args else next(iter(call.keywords.values())))
            self._inputs[layer] = known
        if known == [None] and (said := of_input(layer)) is not None:
            return [said]
        return known

    def _through(self, model: Thing, shape: Shape | None) -> Shape | None:
        """What a `Sequential` gives; each layer in it is called with what the one before gives."""
        for child in self.in_sequence(model):
            layer = child.value
            if not isinstance(layer, Thing):
                shape = None
                continue
            if layer.last in ("Input", "InputLayer"):
                shape = of_input(layer) or shape
                continue
            if shape is None:
                shape = of_input(layer)
            if child.many:
                shape = None
            self._inputs.setdefault(layer, [shape])
            shape = self._called_with(layer, shape) if not child.many else None
        return shape

    def _called_with(self, layer: Thing, shape: Shape | None) -> Shape | None:
        if layer.cls is None:
            return self._of_layer(layer, [shape])
        event = Called(
            **self.reader.place(layer.made.node), func=layer, args=[Shaped(shape)], keywords={}, arg_nodes=[]
        )
        passed(self.reader, event, layer)
        return self.shape_of(event.inner) if event.inner is not None else None

    # Children

    def in_sequence(self, model: Thing) -> list[Child]:
        """The layers of a sequential container, in order; their names are those that Keras would give them."""
        given = model.made.argument("layers", 0)
        found: list[Child] = []
        if isinstance(given, Held):
            found += [Child("", one, many=given.each) for one in given.items]
        elif given is not None and not (isinstance(given, Const) and given.value is None):
            found.append(Child("", UNKNOWN))
        for call in self.trace.calls:
            if not (isinstance(call.func, Part) and model in options(call.func.owner)):
                continue
            if call.func.name in ("add", "register_child"):
                many = len(call.loops) > len(model.made.loops)
                guards = tuple((guard, call) for guard in call.guards if guard not in model.made.guards)
                found += [Child("", one, guards, many) for one in call.args[:1] or call.keywords.values()]
                found += [Child("", one, guards, many) for one in call.args[1:] if is_block(one)]
            elif call.func.name in _CHANGING:
                found.append(Child("", UNKNOWN))
        return found

    def children(self, layer: Thing) -> list[Child]:
        """What a layer, model or block holds."""
        if layer.what == "keras.Sequential":
            self._through(layer, self.inputs_of(layer)[0])
            return _named([one for one in self.in_sequence(layer) if not _is_input(one.value)])
        if layer.what == "keras.Model":
            return _named(self._on_the_way(layer.made))
        if layer.what in ("keras.layers.TimeDistributed", "keras.layers.Bidirectional"):
            return self._wrapped(layer)
        if layer.what.startswith("gluon."):
            return _numbered(self.in_sequence(layer))
        above = self._constructor_above(layer)
        way = self._on_the_way(above) if above is not None else []
        held = [child for child in self._attributes(layer) if child.value not in {one.value for one in way}]
        if way:
            held = [child for child in held if isinstance(child.value, Thing) and not is_layer(child.value)]
        return [*_named(way), *held, *self._kept_nowhere(layer, held)]

    def _kept_nowhere(self, layer: Thing, held: Sequence[Child]) -> Iterator[Child]:
        """Variables that a layer adds and keeps in no attribute: it has them all the same."""
        known = {child.value for child in held}
        for number, call in enumerate(self.trace.methods(layer, "add_weight")):
            if call.result not in known and isinstance(call.result, Thing):
                name = call.argument("name")
                text = name.value if isinstance(name, Const) and isinstance(name.value, str) else f"variable_{number}"
                yield Child(text, call.result, tuple((guard, call) for guard in call.guards), bool(call.loops))

    def _constructor_above(self, layer: Thing) -> Called | None:
        """`super().__init__(inputs=..., outputs=...)` of a model of the project, which makes it a functional one."""
        if layer.cls is None or not is_model_class(layer.cls):
            return None
        for call in self.trace.calls:
            func = call.func
            if isinstance(func, Part) and func.name == "__init__" and isinstance(func.owner, Part):
                if func.owner.name == "super()" and func.owner.owner is layer:
                    return call if call.argument("outputs", 1) is not None else None
        return None

    def _on_the_way(self, made: Called) -> list[Child]:
        """The layers that are called on the way to the outputs of a functional model, in the order of making."""
        outputs = made.argument("outputs", 1)
        found: dict[Value, Thing] = {}
        stack = [outputs] if outputs is not None else []
        seen: set[Value] = set()
        while stack and len(seen) < 5_000:
            value = stack.pop()
            if value in seen:
                continue
            seen.add(value)
            if isinstance(value, Result):
                for func in options(value.call.func):
                    if isinstance(func, Thing) and (is_layer(func) or func.what in _MODELS):
                        found.setdefault(func, func)
                stack += [*value.call.args, *value.call.keywords.values()]
            elif isinstance(value, (Choice, Derived)):
                stack += value.options if isinstance(value, Choice) else value.parts
            elif isinstance(value, Held):
                stack += value.items
            elif isinstance(value, Part):
                stack.append(value.owner)
        children = []
        for layer in sorted(found.values(), key=lambda one: one.made.index):
            many = len(layer.made.loops) > len(made.loops)
            guards = tuple((guard, layer.made) for guard in layer.made.guards if guard not in made.guards)
            children.append(Child("", layer, guards, many))
        return children

    def _wrapped(self, layer: Thing) -> list[Child]:
        inner = layer.made.argument("layer", 0)
        if not isinstance(inner, Thing):
            return [Child("layer", inner if inner is not None else UNKNOWN)]
        shape = self.inputs_of(layer)[0]
        if layer.last == "TimeDistributed":
            shape = (shape[0], *shape[2:]) if shape is not None and len(shape) > 2 else None
        self._inputs.setdefault(inner, [shape])
        if layer.last == "TimeDistributed":
            return [Child("layer", inner)]
        backward = layer.made.argument("backward_layer", 3)
        if backward is None:  # a layer made like the other one
            backward = self._copies.setdefault(layer, replace(inner))
        self._inputs.setdefault(backward, [shape])
        return [Child("forward_layer", inner), Child("backward_layer", backward)]

    def _attributes(self, layer: Thing) -> Iterator[Child]:
        lost = self._put_past(layer)
        for name, value in self.trace.heap.get(layer, {}).items():
            if name.startswith("__") or name == UNNAMED:
                continue
            store = next((one for one in self._stores(layer, name)), None)
            guards = self._guards(layer, store)
            for one in options(value):
                yield from self._held(name, one, self._guards_of(one, guards, layer), lost, layer)

    def _held(
        self,
        name: str,
        value: Value,
        guards: tuple[tuple[Guard, Event], ...],
        lost: set[Value],
        layer: Thing,
        depth: int = 0,
    ) -> Iterator[Child]:
        if isinstance(value, Held):
            if depth > 6 or value in lost:
                return
            names = _places(value)
            for place, one in zip(names, value.items, strict=True):
                for item in options(one):
                    inner = self._guards_of(item, guards, layer)
                    for child in self._held(f"{name}.{place}", item, inner, lost, layer, depth + 1):
                        if item not in lost:
                            many = child.many or (value.each and not value.repeated) or _is_of_rounds(item)
                            yield Child(child.name, child.value, child.guards, many, child.is_tracked)
        else:
            yield Child(name, value, guards)

    def _guards_of(
        self, value: Value, guards: tuple[tuple[Guard, Event], ...], layer: Thing
    ) -> tuple[tuple[Guard, Event], ...]:
        """The branches in which something is put into a layer, and those in which it is made."""
        if not isinstance(value, Thing):
            return guards
        known = {*layer.made.guards, *(guard for guard, _ in guards)}
        return (*guards, *((guard, value.made) for guard in value.made.guards if guard not in known))

    def _stores(self, owner: Value, name: str) -> Iterator[Stored]:
        return (event for event in self.trace.stores if event.name == name and owner in options(event.owner))

    def _guards(self, layer: Thing, store: Stored | None) -> tuple[tuple[Guard, Event], ...]:
        if store is None:
            return ()
        return tuple((guard, store) for guard in store.guards if guard not in layer.made.guards)

    def _put_past(self, layer: Thing) -> set[Value]:
        """What is put into the place of a list's items, where Keras does not look."""
        if layer.cls is None or is_block(layer):
            return set()
        found: set[Value] = set()
        for event in self.trace.stores:
            if event.name.startswith("[") and isinstance(event.owner, Held) and event.owner.kind == "list":
                found.update(options(event.value))
        return found


def _is_of_rounds(value: Value) -> bool:
    return isinstance(value, Thing) and bool(value.made.loops)


def _places(held: Held) -> list[str]:
    if held.kind == "dict":
        keys = [str(key.value) if isinstance(key, Const) else "{key}" for key in held.keys]
        return [*keys, *("{key}" for _ in range(len(held.items) - len(keys)))][: len(held.items)]
    is_open = False
    names = []
    for place, one in enumerate(held.items):
        is_open = is_open or held.each or _is_of_rounds(one)
        names.append("{i}" if is_open else str(place))
    return names


def _numbered(children: Sequence[Child]) -> list[Child]:
    """Blocks under their numbers; behind some of which it is not known how many they are, these are open."""
    found = []
    opened = 0
    for place, child in enumerate(children):
        opened += child.many or bool(opened)
        found.append(replace(child, name=_open(opened) if opened else str(place)))
    return found


def _open(number: int) -> str:
    """A number that is not known: `{i}`, the next one `{j}`."""
    return f"{{{'ijklmnpqrstuvwxyz'[min(number, 17) - 1]}}}"


def _is_input(value: Value) -> bool:
    return isinstance(value, Thing) and value.last in ("Input", "InputLayer")


def _named(children: Sequence[Child]) -> list[Child]:
    """Layers under their names: those they are given, or the ones that Keras gives, counted within the model."""
    counts: Counter[str] = Counter()
    opened: Counter[str] = Counter()
    found = []
    for child in children:
        value = child.value
        if not isinstance(value, Thing):
            opened["layer"] += 1
            found.append(replace(child, name=f"layer_{_open(opened['layer'])}"))
            continue
        given = value.made.argument("name", None)
        if isinstance(given, Const) and isinstance(given.value, str):
            found.append(replace(child, name=given.value))
            continue
        base = layer_name(value.last)
        is_open = given is not None or child.many or opened[base] or value.what.startswith("keras.applications.")
        opened[base] += bool(is_open)
        name = f"{base}_{_open(opened[base])}" if is_open else f"{base}_{counts[base]}" if counts[base] else base
        counts[base] += 1
        found.append(replace(child, name=name))
    return found


def is_unknown_part(value: Value) -> bool:
    """Whether a value may be a layer of which nothing is known: an argument, or something made elsewhere."""
    return isinstance(value, (Parameter, Result, Part))
