"""What Keras makes while a model is built: layers with the user's lines, variables with their initialisers."""

from __future__ import annotations

import functools
import inspect
import random
import sys
import weakref
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType, TracebackType
from typing import Any

from paramlint.live.keras.backend import keras
from paramlint.live.observe.writes import Line, is_users, lines_from

#: Frames between a variable or layer and the line that wants it.
FARTHEST_FRAME = 200
SEED = 0


@dataclass(eq=False)
class LayerMade:
    """A layer as it was made.

    Attributes:
        lines: of the user's code, the nearest first; where a layer makes others inside of Keras, those of that one.
        caller: the class of the layer in whose `call` it was made, and `lines` then begin there; None elsewhere.
    """

    layer: weakref.ref[Any]
    cls: type
    lines: tuple[Line, ...]
    caller: type | None


@dataclass(eq=False)
class VariableMade:
    """A variable as it was made.

    Attributes:
        initializer: what was called for its values, or the values themselves. Kept, so that it is the only one at its
            place in memory.
        lines: of the user's code, the nearest first: its `add_weight`, else where its layer is made.
        layer: the layer that made it, None where no layer did.
        version: of its tensor, which each later write makes larger.
    """

    variable: weakref.ref[Any]
    initializer: Any
    lines: tuple[Line, ...]
    layer: LayerMade | None
    version: int


@dataclass
class Creations:
    """A log of layers and variables, kept while it is entered and Keras is imported.

    Attributes:
        alone: whether nothing else of the process draws random numbers or names layers meanwhile, so that both may
            begin anew, for each build to be the same.
        is_on: whether it was ever kept.
    """

    alone: bool = False

    layers: list[LayerMade] = field(default_factory=list)
    variables: list[VariableMade] = field(default_factory=list)
    is_on: bool = False
    _known: dict[int, LayerMade] = field(default_factory=dict)
    _before: list[tuple[Any, str, Any]] = field(default_factory=list)
    _counted: Any = None
    _drawn: Any = None

    def __enter__(self) -> Creations:
        module = keras()
        if module is not None:
            self.is_on = True
            self._replace(module.Layer, "__init__", self._noting_layer)
            self._replace(module.Variable, "__init__", self._noting_variable)
            if self.alone:
                self._counted = _names_from_the_start(module)
                self._drawn = random.getstate()
                random.seed(SEED)  # Keras draws the seeds of its initialisers there
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for cls, name, before in reversed(self._before):
            setattr(cls, name, before)
        self._before.clear()
        if self._drawn is not None:
            random.setstate(self._drawn)
            self._drawn = None
        if self._counted is not None:
            self._counted()
            self._counted = None

    def of_layer(self, layer: Any) -> LayerMade | None:
        """What is known of a layer."""
        known = self._known.get(id(layer))
        return known if known is not None and known.layer() is layer else None

    def of_variable(self, variable: Any) -> VariableMade | None:
        """What is known of a variable."""
        return next((one for one in self.variables if one.variable() is variable), None)

    def _replace(self, cls: Any, name: str, noting: Callable[[Any], Any]) -> None:
        before = getattr(cls, name)
        self._before.append((cls, name, before))
        setattr(cls, name, noting(before))

    def _noting_layer(self, before: Any) -> Any:
        @functools.wraps(before)
        def noted(layer: Any, *given: Any, **named: Any) -> None:
            if self.of_layer(layer) is None:
                self._note_layer(layer, sys._getframe(1))
            before(layer, *given, **named)

        noted.__signature__ = inspect.signature(before)  # type: ignore[attr-defined] # Keras reads it
        return noted

    def _noting_variable(self, before: Any) -> Any:
        @functools.wraps(before)
        def noted(variable: Any, initializer: Any = None, *given: Any, **named: Any) -> None:
            before(variable, initializer, *given, **named)
            self._note_variable(variable, initializer, sys._getframe(1))

        return noted

    def _note_layer(self, layer: Any, frame: FrameType | None) -> None:
        while frame is not None and _self_of(frame) is layer:
            frame = frame.f_back
        user, maker = self._wanted_by(frame)
        caller = self._calling(frame)
        lines = maker.lines if maker is not None else lines_from(user) if user is not None else ()
        made = LayerMade(weakref.ref(layer), type(layer), lines, caller)
        self._known[id(layer)] = made
        self.layers.append(made)

    def _note_variable(self, variable: Any, initializer: Any, frame: FrameType | None) -> None:
        owner: LayerMade | None = None
        while frame is not None and (known := self.of_layer(_self_of(frame))) is not None:
            owner = owner or known
            if frame.f_code.co_name != "add_weight":
                break
            frame = frame.f_back
        user, maker = self._wanted_by(frame)
        lines = lines_from(user) if user is not None else maker.lines if maker is not None else ()
        version = 0 if variable._value is None else variable._value._version
        self.variables.append(VariableMade(weakref.ref(variable), initializer, lines, owner or maker, version))

    def _wanted_by(self, frame: FrameType | None) -> tuple[FrameType | None, LayerMade | None]:
        """The nearest frame outwards that is the user's, or the layer of Keras whose own code runs there."""
        for _ in range(FARTHEST_FRAME):
            if frame is None:
                break
            if is_users(frame.f_code.co_filename):
                return frame, None
            if (maker := self.of_layer(_self_of(frame))) is not None and not _passes_on(frame):
                return None, maker
            frame = frame.f_back
        return None, None

    def _calling(self, frame: FrameType | None) -> type | None:
        """The class of the layer in whose own `call`, written by the user, something is made.

        What a constructor or `build` makes belongs to its layer, which may be made in a `call` itself.
        """
        for _ in range(FARTHEST_FRAME):
            if frame is None:
                break
            layer, name = _self_of(frame), frame.f_code.co_name
            if name == "call" and is_users(frame.f_code.co_filename) and isinstance(layer, keras().Layer):
                return type(layer)
            if name in ("__init__", "build") and (known := self.of_layer(layer)) is not None:
                return known.caller
            frame = frame.f_back
        return None


def _passes_on(frame: FrameType) -> bool:
    """Whether a method of Keras runs what the user wrote, or calls a layer, rather than making something itself."""
    return frame.f_code.co_name in ("__call__", "add_weight", "_maybe_build", "build_wrapper", "forward")


def _self_of(frame: FrameType) -> Any:
    """The first argument of the function that runs: the instance, where it is a method."""
    code = frame.f_code
    return frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None


def _names_from_the_start(module: Any) -> Callable[[], None] | None:
    """Let Keras count its automatic names from the start, so that each build gives the same; the result ends that."""
    state = getattr(getattr(module, "src", None), "backend", None)
    state = getattr(getattr(state, "common", None), "global_state", None)
    if state is None:
        return None
    before = state.get_global_attribute("object_name_uids")
    state.set_global_attribute("object_name_uids", defaultdict(int))
    return lambda: state.set_global_attribute("object_name_uids", before)
