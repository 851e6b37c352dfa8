"""Building the model the way it is really built, while the shadow watches.

A protocol ("preset") is a function from a factory to a module:

    constructor     call the factory
    meta            call it on the meta device, `to_empty`, then an initialising method: what large models do
    transformers    `from_pretrained` with a checkpoint in which every key is missing
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.nn.parameter import is_lazy

from paramlint.live.build.build_error import BuildError
from paramlint.live.build.poison import PoisonMode, poisoned_numpy
from paramlint.live.build.virtual import LazyMode
from paramlint.live.build_limits import COLLECTED_AFTER
from paramlint.live.observe.functions import Functions
from paramlint.live.observe.memory import Beneath, ShadowMode
from paramlint.live.observe.named_tensors import grouped
from paramlint.live.observe.registrations import Registrations

Factory = Callable[[], nn.Module]
Preset = Literal["constructor", "meta", "transformers"]
#: What the `meta` protocol calls, the first that the model has; else each module's own `reset_parameters`.
INITIALISING_METHODS = ("init_weights", "reset_parameters")
SEED = 0


@dataclass
class Build:
    """A model, and what was seen while it was built.

    Attributes:
        functions: what ran.
        virtual: large tensors have no values.
        degraded: why the build may differ from a real one, in words.
        unprepared: the names of modules on which `nn.Module.__init__` had not run; it has since.
        constructed: the model as the constructor alone left it, where the protocol loads into another one.
    """

    module: nn.Module
    shadow: ShadowMode
    registrations: Registrations
    functions: Functions
    virtual: bool
    degraded: tuple[str, ...] = ()
    unprepared: tuple[str, ...] = ()
    constructed: nn.Module | None = None

    def __post_init__(self) -> None:
        self.unprepared = tuple(_prepare(self.module))

    def plain(self) -> Build | None:
        """The build of `constructed`, which was watched with the rest; None where there is none."""
        if self.constructed is None:
            return None
        return replace(self, module=self.constructed, constructed=None)


def build_virtual(factory: Factory, preset: Preset = "constructor", method: str = "") -> Build:
    """Build without touching the memory of large tensors."""
    lazy = LazyMode()
    build = _build(factory, preset, method, lazy)
    build.virtual = True
    if lazy.degraded:
        build.degraded = (f"the constructor reads values: {', '.join(sorted(set(lazy.degraded)))}",)
    return build


def build_poisoned(factory: Factory, preset: Preset = "constructor", method: str = "") -> Build:
    """Build for real, with every new allocation full of the poison."""
    return _build(factory, preset, method, PoisonMode())


def bare(factory: Factory, preset: Preset = "constructor", method: str = "") -> nn.Module:
    """The module as `build_virtual` makes it, with nothing noted meanwhile: several times as fast."""
    with _seeded(), LazyMode():
        module = PROTOCOLS[preset](factory, method)
    for _ in _prepare(module):
        pass
    return module


def size_in_bytes(module: nn.Module) -> int:
    """The memory of all parameters and buffers, each counted once."""
    tensors = [names[0].tensor for names in grouped(module)]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors if not is_lazy(tensor))


@contextmanager
def parameters_weighed(limit: float, exceeded: Callable[[], None]) -> Iterator[None]:
    """Call a function each time that the parameters which are registered meanwhile, and there still, are larger."""
    held: dict[int, weakref.ref[torch.Tensor]] = {}
    weight = 0

    def note(_: nn.Module, __: str, parameter: torch.Tensor | None) -> None:
        nonlocal weight
        if parameter is None or is_lazy(parameter) or id(parameter) in held:
            return
        held[id(parameter)] = weakref.ref(parameter)
        weight += parameter.nbytes
        if weight > limit:
            left = {id(one): one for one in (reference() for reference in held.values()) if one is not None}
            held.clear()
            held.update((key, weakref.ref(one)) for key, one in left.items())
            weight = sum(one.nbytes for one in left.values())
            if weight > limit:
                exceeded()

    handle = register_module_parameter_registration_hook(note)
    try:
        yield
    finally:
        handle.remove()


def _build(factory: Factory, preset: Preset, method: str, mode: Beneath) -> Build:
    shadow, registrations, functions = ShadowMode(mode), Registrations(), Functions()
    made: list[nn.Module] = []

    def noted() -> nn.Module:
        made.append(factory())
        return made[-1]

    with ExitStack() as entered:
        entered.enter_context(_seeded())
        for context in (registrations, poisoned_numpy(), shadow, functions):
            entered.enter_context(context)
        module = PROTOCOLS[preset](noted, method)
    constructed = made[0] if preset == "transformers" and not method else None
    return Build(module, shadow, registrations, functions, virtual=False, constructed=constructed)


@contextmanager
def _seeded() -> Iterator[None]:
    """The same random numbers for every build, and torch's generator left as it was."""
    with torch.random.fork_rng(devices=[]), _what_is_old_not_collected():
        torch.manual_seed(SEED)
        yield


@contextmanager
def _what_is_old_not_collected() -> Iterator[None]:
    """Keep the collector from the objects that are there already, and from looking at new ones all the time.

    A large model makes it go over all of them again and again. After the import of torch they are 165,000, and going
    over them once takes 0.1 s.
    """
    if gc.get_freeze_count():  # somebody else's, who will say when it ends
        yield
        return
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(max(before[0], COLLECTED_AFTER), *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def _constructed(factory: Factory, method: str) -> nn.Module:
    module: Any = factory()
    if not isinstance(module, nn.Module):
        raise BuildError(f"the factory returns {type(module).__name__}, not a torch.nn.Module")
    if method:
        _call(module, method)
    return module


def _materialized(factory: Factory, method: str) -> nn.Module:
    with torch.device("meta"):
        module = _constructed(factory, "")
    module.to_empty(device="cpu")
    found = method or next((name for name in INITIALISING_METHODS if hasattr(module, name)), "")
    if found:
        _call(module, found)
        return module
    for inner in module.modules():
        reset = getattr(inner, "reset_parameters", None)
        if callable(reset):
            with torch.no_grad():
                reset()
    return module


def _from_missing_keys(factory: Factory, method: str) -> nn.Module:
    model: Any = _constructed(factory, method)
    load = getattr(type(model), "from_pretrained", None)
    config = getattr(model, "config", None)
    if load is None or config is None:
        raise BuildError(f"{type(model).__name__} has no `from_pretrained` and `config`, as the preset needs")
    loaded: nn.Module = load(None, config=config, state_dict={})
    return loaded


def _call(module: nn.Module, method: str) -> None:
    initialise = getattr(module, method, None)
    if not callable(initialise):
        raise BuildError(f"{type(module).__name__} has no method `{method}`")
    with torch.no_grad():
        initialise()


PROTOCOLS: dict[Preset, Callable[[Factory, str], nn.Module]] = {
    "constructor": _constructed,
    "meta": _materialized,
    "transformers": _from_missing_keys,
}


def _prepare(model: nn.Module) -> Iterator[str]:
    """Run `nn.Module.__init__` where the classes did not, so that all else about the model can be asked.

    Yields:
        The names of these modules; the model's own is empty.
    """
    stack, seen = [("", model)], {id(model)}
    while stack:
        name, module = stack.pop()
        if not {"_modules", "_parameters", "_buffers"} <= vars(module).keys():
            before = dict(vars(module))
            nn.Module.__init__(module)
            vars(module).update(before)
            yield name
        for key, child in module._modules.items():
            if child is not None and id(child) not in seen:
                seen.add(id(child))
                stack.append((f"{name}.{key}" if name else key, child))
