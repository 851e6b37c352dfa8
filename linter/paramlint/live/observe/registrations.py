"""Which parameter was registered where, and what happened to it afterwards.

Shared storage looks the same at the end, whether a second `Parameter` was made from the first or `.data`
was rebound; and a tie that was made and then undone leaves no trace at all. So torch's registration hook
keeps a log meanwhile.
"""

from __future__ import annotations

import re
import sys
import weakref
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any, Generic, TypeVar

import torch
from msgspec import Struct
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from torch.nn.parameter import is_lazy
from torch.nn.utils.parametrize import ParametrizationList
from torch.utils.hooks import RemovableHandle

from paramlint.live.observe.functions import Functions
from paramlint.live.observe.memory import address_of
from paramlint.live.observe.named_tensors import Named
from paramlint.live.observe.wrappers import shape_of
from paramlint.live.observe.writes import is_torchs

#: The base of all batch norms; it inherits `eval` from `Module`.
NORM = nn.modules.batchnorm._NormBase
#: Names of arguments that ask for a tie.
WISH = re.compile(r"tie|tying|share")


class Registration(Struct, frozen=True):
    """A parameter as it was when a module registered it; the references are weak.

    `serial` is the same for one parameter at all of its places, which it may not outlive. `shape` is empty while the
    parameter is lazy.
    """

    module: weakref.ref[nn.Module]
    attribute: str
    parameter: weakref.ref[torch.Tensor]
    address: int
    serial: int
    shape: tuple[int, ...] = ()


@dataclass(frozen=True)
class Replacement:
    """A line that registered a module where another one with parameters stood, and how often it did there."""

    module: nn.Module
    attribute: str
    filename: str
    row: int
    times: int


@dataclass(frozen=True)
class _End:
    """A parameter with several places, one of which went with the module that `holder` had as `part`."""

    holder: weakref.ref[nn.Module]
    part: str
    name: str
    parameter: weakref.ref[torch.Tensor]
    shape: tuple[int, ...]


V = TypeVar("V")


class _ByModule(Generic[V]):
    """Values by module, which they do not outlive.

    Nothing of the user's class is asked, neither `==` nor an attribute that it may not have yet.
    """

    def __init__(self) -> None:
        self._held: dict[int, tuple[weakref.ref[nn.Module], V]] = {}

    def __contains__(self, module: nn.Module) -> bool:
        entry = self._held.get(id(module))
        return entry is not None and entry[0]() is module

    def __setitem__(self, module: nn.Module, value: V) -> None:
        self._held[id(module)] = weakref.ref(module), value

    def get(self, module: nn.Module) -> V | None:
        return self._held[id(module)][1] if module in self else None

    def setdefault(self, module: nn.Module, value: V) -> V:
        if module not in self:
            self[module] = value
        return self._held[id(module)][1]

    def items(self) -> Iterator[tuple[nn.Module, V]]:
        for reference, value in self._held.values():
            if (module := reference()) is not None:
                yield module, value


class Registrations:
    """A log of registrations, kept while it is entered.

    Attributes:
        computed: the storages of what parametrizations computed for their layers; each is computed anew at each access.
    """

    def __init__(self) -> None:
        self.computed: dict[int, StorageWeakRef] = {}  # held, so that no other storage gets the address
        self._log: list[Registration] = []
        self._modules = _ByModule[frozenset[str]]()
        self._known: dict[int, Registration] = {}
        self._handles: tuple[RemovableHandle, ...] = ()
        self._replaced = _ByModule[Counter[tuple[str, str, int]]]()
        self._evaluated = _ByModule[tuple[str, int]]()
        self._lines = _ByModule[dict[str, tuple[str, int]]]()
        self._ends: list[_End] = []
        self._eval_before: Any = None

    def __enter__(self) -> Registrations:
        self._handles = (
            register_module_parameter_registration_hook(self._note_parameter),
            register_module_module_registration_hook(self._note_module),
            register_module_forward_hook(self._note_computed),
        )
        self._eval_before = vars(NORM).get("eval")
        evaluated = self._evaluated

        def noted_eval(norm: nn.Module) -> nn.Module:
            caller = sys._getframe(1)
            evaluated[norm] = caller.f_code.co_filename, caller.f_lineno
            return nn.Module.eval(norm)

        NORM.eval = noted_eval  # type: ignore[assignment, method-assign]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._handles:
            handle.remove()
        if self._handles:
            del NORM.eval
            if self._eval_before is not None:
                NORM.eval = self._eval_before  # type: ignore[method-assign]

    def addresses(self) -> set[int]:
        """The storages of all parameters that were ever registered."""
        return {entry.address for entry in self._log}

    def roots(self) -> list[nn.Module]:
        """The modules that registered something, own parameters, and lie in no other such module."""
        seen = [module for module, _ in self._modules.items()]
        inner = {id(child) for module in seen for child in module.modules() if child is not module}
        return [module for module in seen if id(module) not in inner and any(True for _ in module.parameters())]

    def wishes(self, module: nn.Module) -> frozenset[str]:
        """The arguments of the module's constructor that were true and whose names speak of a tie."""
        return self._modules.get(module) or frozenset()

    def evaluated_at(self, module: nn.Module) -> tuple[str, int] | None:
        """Where somebody called `eval()` on this batch norm itself, rather than on a module around it."""
        return self._evaluated.get(module)

    def line_of(self, module: nn.Module, attribute: str) -> tuple[str, int]:
        """The user's file and row that registered a module last under an attribute; empty and 0 where unknown."""
        return (self._lines.get(module) or {}).get(attribute, ("", 0))

    def replacements(self) -> list[Replacement]:
        """The lines that replaced a part of a module that is still there."""
        return [
            Replacement(module, *line, times)
            for module, lines in self._replaced.items()
            for line, times in lines.items()
        ]

    def was_rebound(self, named: Named) -> bool:
        """Whether the parameter got other memory after it was registered, as `p.data = other` does."""
        return any(
            entry.parameter() is named.tensor and entry.address != address_of(named.tensor) for entry in self._log
        )

    def broken_ties(self, groups: list[list[Named]]) -> list[tuple[Named, Named]]:
        """Pairs of places at which one parameter was registered: one still holds it, the other another.

        A place that holds no parameter at all any more does not count, so that moving one is silent.
        """
        places = {(id(named.module), named.attribute): named for names in groups for named in names}
        stood: dict[int, list[Named]] = {}
        parameters: dict[int, torch.Tensor] = {}
        for entry in self._log:
            parameter, module = entry.parameter(), entry.module()
            place = places.get((id(module), entry.attribute))
            if parameter is not None and module is not None and place is not None:
                stood.setdefault(id(parameter), []).append(place)
                parameters[id(parameter)] = parameter
        pairs: list[tuple[Named, Named]] = []
        for key, visited in stood.items():
            kept = next((named for named in visited if named.tensor is parameters[key]), None)
            lost = {named.name: named for named in visited if named.tensor is not parameters[key]}
            if kept is not None:
                pairs += [(kept, named) for named in lost.values()]
        return pairs + self._ended_by_modules(groups) + self._ended_everywhere(places)

    def _ended_by_modules(self, groups: list[list[Named]]) -> list[tuple[Named, Named]]:
        """The pairs that came apart when the module around one side was replaced by one of the same use.

        A table of another length is one, since what it is tied to has to follow; a layer of another shape is meant.
        """
        if not self._ends:
            return []
        held = {id(names[0].tensor): names[0] for names in groups}
        places = {(id(named.module), named.attribute): named for names in groups for named in names}
        pairs: list[tuple[Named, Named]] = []
        for end in self._ends:
            holder, parameter = end.holder(), end.parameter()
            kept = held.get(id(parameter)) if parameter is not None else None
            part = dict(holder._modules.items()).get(end.part) if holder is not None else None
            *around, name = end.name.split(".")
            try:
                module = part.get_submodule(".".join(around)) if part is not None else None
            except AttributeError:
                continue
            now = places.get((id(module), name))
            if kept is None or now is None or now.tensor is kept.tensor:
                continue
            if tuple(now.tensor.shape) == end.shape or isinstance(module, nn.Embedding):
                pairs.append((kept, now))
        return pairs

    def _ended_everywhere(self, places: dict[tuple[int, str], Named]) -> list[tuple[Named, Named]]:
        """The pairs that came apart since each side was given a parameter of its own, as a load with `assign` does."""
        together: dict[int, dict[tuple[int, str], Named]] = {}
        last: dict[tuple[int, str], int] = {}
        for entry in self._log:
            key = id(entry.module()), entry.attribute
            if key in places:
                together.setdefault(entry.serial, {})[key] = places[key]
                last[key] = entry.serial
        pairs: list[tuple[Named, Named]] = []
        for serial, sides in together.items():
            if len(sides) > 1 and all(last[key] != serial for key in sides):
                first, *others = sides.values()
                pairs += [(first, other) for other in others if other.tensor is not first.tensor]
        return [pair for pair in pairs if pair[0].tensor.shape == pair[1].tensor.shape]

    def parted_ties(self, groups: list[list[Named]]) -> list[list[Named]]:
        """Places that were last given one parameter, which is gone, and now hold different ones."""
        places = {(id(named.module), named.attribute): named for names in groups for named in names}
        last: dict[tuple[int, str], Registration] = {}
        for entry in self._log:
            last[id(entry.module()), entry.attribute] = entry
        together: dict[int, list[Named]] = {}
        for key, entry in last.items():
            if key in places and entry.parameter() is None:
                together.setdefault(entry.serial, []).append(places[key])
        return [names for names in together.values() if len({id(named.tensor) for named in names}) > 1]

    def outgrown(self, model: nn.Module) -> list[tuple[str, str]]:
        """Vectors that were as long as a layer beside them had outputs, and that a resize of the layer did not reach.

        The layer has no bias, and the vector stands for one. Gives its name and that of the layer's weight.
        """
        first: dict[int, tuple[int, ...]] = {}
        for entry in self._log:
            if entry.attribute == "weight" and len(entry.shape) > 1:
                first.setdefault(id(entry.module()), entry.shape)
        found: list[tuple[str, str]] = []
        for prefix, parent in model.named_modules():
            start = f"{prefix}." if prefix else ""
            for key, layer in parent._modules.items():
                held = dict(layer._parameters.items()) if layer is not None else {}  # a scripted layer's has no `get`
                weight, before = held.get("weight"), first.get(id(layer), ())
                if weight is None or held.get("bias") is not None or not before:
                    continue
                # Where the inputs differ too, the values are packed rather than resized.
                if tuple(weight.shape[1:]) == before[1:] and weight.shape[0] != before[0]:
                    found += [(start + name, f"{start}{key}.weight") for name in _vectors(parent, before[0])]
        return found

    def _note_parameter(self, module: nn.Module, attribute: str, parameter: torch.Tensor | None) -> None:
        paused = Functions.pause()
        try:
            self._note_constructor(module, sys._getframe(1))
            if parameter is None:
                return
            known = self._known.get(id(parameter))
            serial = known.serial if known is not None and known.parameter() is parameter else len(self._log)
            references = weakref.ref(module), attribute, weakref.ref(parameter)
            entry = Registration(*references, address_of(parameter), serial, shape_of(parameter))
            self._known[id(parameter)] = entry
            self._log.append(entry)
        finally:
            Functions.go_on(paused)

    def _note_computed(self, module: nn.Module, _: Any, output: Any) -> None:
        if isinstance(module, ParametrizationList) and isinstance(output, torch.Tensor):
            if address := address_of(output):
                self.computed[address] = StorageWeakRef(output.untyped_storage())

    def _note_constructor(self, module: nn.Module, frame: FrameType | None) -> None:
        """On the first registration the constructor is running, those that call it for a subclass included."""
        if module in self._modules:
            return
        wishes: set[str] = set()
        while frame is not None:
            code = frame.f_code
            if code.co_name == "__init__" and not is_torchs(code.co_filename):
                given = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
                if given and frame.f_locals.get(given[0]) is not module:
                    break
                wishes.update(name for name in given if WISH.search(name) and frame.f_locals.get(name) is True)
            frame = frame.f_back
        self._modules[module] = frozenset(wishes)

    def _note_module(self, module: nn.Module, attribute: str, child: nn.Module | None) -> None:
        paused = Functions.pause()
        try:
            self._note_constructor(module, sys._getframe(1))
            if child is not None:
                self._note_part(module, attribute, child, sys._getframe(1))
        finally:
            Functions.go_on(paused)

    def _note_part(self, module: nn.Module, attribute: str, child: nn.Module, frame: FrameType) -> None:
        while is_torchs(frame.f_code.co_filename) and frame.f_back is not None:
            frame = frame.f_back
        line = frame.f_code.co_filename, frame.f_lineno
        self._lines.setdefault(module, {})[attribute] = line
        before = module._modules.get(attribute)
        if before is not None and child is not before and any(True for _ in before.parameters()):
            self._replaced.setdefault(module, Counter())[(attribute, *line)] += 1
            self._ends += self._tied_ends(module, attribute, before)

    def _tied_ends(self, holder: nn.Module, part: str, before: nn.Module) -> Iterator[_End]:
        """The parameters of a module about to be replaced that stand elsewhere too."""
        inside = {id(module) for module in before.modules()}
        elsewhere = {id(e.parameter()) for e in self._log if e.module() is not None and id(e.module()) not in inside}
        for name, parameter in before.named_parameters():
            if id(parameter) in elsewhere and not is_lazy(parameter):
                shape = tuple(map(int, parameter.shape))
                yield _End(weakref.ref(holder), part, name, weakref.ref(parameter), shape)


def _vectors(module: nn.Module, length: int) -> Iterator[str]:
    """The module's own parameters of one dimension and this length."""
    for name, parameter in module._parameters.items():
        if parameter is not None and not is_lazy(parameter) and tuple(parameter.shape) == (length,):
            yield name
