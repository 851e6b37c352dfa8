"""Classes of `torch.nn`, seen on small instances."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import torch
from torch import nn

from torch_facts.calls import outcome
from torch_facts.names import spelling

Call = dict[str, Any]


class Owner(nn.Module):
    """A child with a parameter, given to containers."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))


# A small value for each argument that has no default.
REQUIRED: Call = {
    "cutoffs": [2],
    "d_model": 4,
    "decoder_layer": nn.Module(),
    "downscale_factor": 2,
    "embed_dim": 4,
    "embedding_dim": 4,
    "encoder_layer": nn.Module(),
    "kernel_size": (3,),
    "mode": "LSTM",
    "module": nn.Module(),
    "n_classes": 5,
    "nhead": 2,
    "normalized_shape": 4,
    "num_chunks": 4,
    "num_classes": 4,
    "num_groups": 2,
    "num_heads": 2,
    "num_layers": 1,
    "padding_mode": "zeros",
    "transposed": False,
    "unflattened_size": (2, 2),
    **dict.fromkeys(("dilation", "output_padding", "padding", "stride"), (1,)),
    **dict.fromkeys(("groups", "dim", "num_parameters", "norm_type", "size", "threshold", "value"), 1),
    **dict.fromkeys(("hidden_size", "in_channels", "in_features", "in1_features", "in2_features"), 4),
    **dict.fromkeys(("input_size", "num_channels", "num_embeddings", "num_features", "out_channels"), 4),
    **dict.fromkeys(("out_features", "output_size", "upscale_factor", "bias"), 4),
}

# Values that are not booleans and change which parameters, buffers or submodules there are.
TELLING: Call = {
    "kdim": 3,
    "norm": nn.Module(),
    "num_layers": 2,
    "pos_weight": torch.ones(4),
    "proj_size": 2,
    "vdim": 3,
    "weight": torch.ones(4),
}

# Arguments through which a caller hands over children of his own, as a call that does.
HANDED: dict[str, Callable[[str], Any]] = {
    "custom_decoder": lambda _: Owner(),
    "custom_encoder": lambda _: Owner(),
    "decoder_layer": lambda _: Owner(),
    "distance_function": lambda _: Owner(),
    "encoder_layer": lambda _: Owner(),
    "module": lambda _: Owner(),
    "modules": lambda kind: {"given": Owner()} if "Dict" in kind else [Owner()],
    "parameters": lambda _: {"given": nn.Parameter(torch.ones(1))},
    "values": lambda _: [nn.Parameter(torch.ones(1))],
}

# Arguments given although they have defaults: the pools need one of two, the transformers are large.
SMALL_LAYER: Call = {"dim_feedforward": 4}
ALSO: dict[str, Call] = {
    "FractionalMaxPool2d": {"output_size": 2},
    "FractionalMaxPool3d": {"output_size": 2},
    "Transformer": {**SMALL_LAYER, "num_encoder_layers": 1, "num_decoder_layers": 1, "nhead": 2, "d_model": 4},
    "TransformerDecoderLayer": SMALL_LAYER,
    "TransformerEncoderLayer": SMALL_LAYER,
}

# Cannot be built here, they need a process group. Wrappers like DataParallel.
UNBUILDABLE = {"DistributedDataParallel", "DistributedDataParallelCPU"}


def arguments(cls: type) -> dict[str, inspect.Parameter]:
    """The arguments of `__init__` without self; the RNNs say theirs in overloads only."""
    init = vars(cls).get("__init__", cls.__init__)  # type: ignore[misc]  # the class is at hand, not an instance
    signatures = [inspect.signature(one) for one in typing.get_overloads(init)]
    signature = next((one for one in signatures if "mode" not in one.parameters), inspect.signature(init))
    return dict(list(signature.parameters.items())[1:])


def is_variadic(parameter: inspect.Parameter) -> bool:
    return parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)


def plain_call(cls: type) -> Call:
    """Arguments that build a small instance, nothing given that has a default."""
    needed = [n for n, p in arguments(cls).items() if p.default is p.empty and not is_variadic(p)]
    return {**{name: REQUIRED[name] for name in needed}, **ALSO.get(cls.__name__, {})}


def changed_calls(cls: type) -> Iterator[tuple[str, object]]:
    """Each argument that may matter, with a value that is not its default."""
    for name, parameter in arguments(cls).items():
        if isinstance(parameter.default, bool):
            yield name, not parameter.default
        elif name == "bias" and parameter.default is parameter.empty:
            yield name, False
        elif name in TELLING:
            yield name, TELLING[name]


def build(cls: type[nn.Module], call: Call) -> nn.Module | None:
    """An instance, or None where torch refuses the combination."""
    try:
        return cls(**call)
    except (TypeError, ValueError, RuntimeError, AssertionError):
        return None


def hand_over(cls: type[nn.Module]) -> nn.Module | None:
    """An instance that was given a child of the caller's, if it takes any."""
    if cls is nn.Sequential:
        return cls(Owner())
    if cls is nn.Container:
        return cls(given=Owner())
    handed = {n: HANDED[n](cls.__name__) for n in arguments(cls) if n in HANDED}
    return build(cls, {**plain_call(cls), **handed}) if handed else None


def names_of(pairs: Iterator[tuple[str, Any]]) -> list[str]:
    """Attribute names, without those that the caller chose."""
    return [name for name, _ in pairs if not name.isdigit() and name != "given"]


def parameters_of(module: nn.Module) -> list[str]:
    return names_of(module.named_parameters(recurse=False))


def has_parameters(module: nn.Module) -> bool:
    """True if it or a submodule has some."""
    return any(True for _ in module.parameters())


def child_class(module: nn.Module) -> str:
    return spelling(nn.Module if isinstance(module, Owner) else type(module))


class Probe:
    """One class of `torch.nn`, seen through instances that differ in one argument.

    `plain` is built from defaults, `full` with every argument that adds parameters, `handed` with a child of
    the caller's.
    """

    def __init__(self, cls: type[nn.Module]) -> None:
        self.cls = cls
        self.call = plain_call(cls)
        self.changes = list(changed_calls(cls))
        plain = build(cls, self.call)
        if plain is None:
            raise SystemExit(f"{spelling(cls)}: cannot be built with {self.call}, extend REQUIRED or ALSO")
        self.plain = plain
        before = set(parameters_of(plain))
        self.adding = {n: v for n, v in self.changes if set(parameters_of(self.changed(n, v))) - before}
        self.full = build(cls, {**self.call, **self.adding}) or plain
        self.handed = hand_over(cls)

    def changed(self, name: str, value: object) -> nn.Module:
        """Built from defaults but for one argument; the plain instance where torch refuses the value."""
        return build(self.cls, {**self.call, name: value}) or self.plain

    def toggled(self, name: str, value: bool) -> nn.Module:
        """The full instance but for one argument."""
        return build(self.cls, {**self.call, **self.adding, name: value}) or self.full

    def flags(self) -> list[str]:
        return [name for name, value in self.changes if isinstance(value, bool)]

    def instances(self) -> list[nn.Module]:
        modules = [self.plain, *(self.changed(name, value) for name, value in self.changes), self.full]
        return modules if self.handed is None else [*modules, self.handed]

    def parameters(self) -> list[str]:
        return list(dict.fromkeys(name for module in self.instances() for name in parameters_of(module)))

    def buffers(self) -> list[str]:
        found = (name for module in self.instances() for name in names_of(module.named_buffers(recurse=False)))
        return list(dict.fromkeys(found))

    def submodules(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for module in self.instances():
            for name in names_of(module.named_children()):
                found.setdefault(name, child_class(module.get_submodule(name)))
        return dict(sorted(found.items()))

    def without(self) -> list[tuple[str, bool]]:
        """Arguments and values that leave an instance without parameters, which otherwise has some."""
        if not has_parameters(self.full):
            return []
        pairs = [(name, value) for name in self.flags() for value in (False, True)]
        return [(name, value) for name, value in pairs if not has_parameters(self.toggled(name, value))]

    def optional(self) -> dict[str, str]:
        """Parameter -> boolean argument; of several that matter, the one that takes the fewest parameters."""
        depends: dict[str, set[str]] = {}
        for name in self.flags():
            on, off = self.toggled(name, True), self.toggled(name, False)
            depends[name] = set(parameters_of(on)) - set(parameters_of(off))
        found: dict[str, str] = {}
        for name in sorted(depends, key=lambda name: len(depends[name])):
            for parameter in sorted(depends[name]):
                found.setdefault(parameter, name)
        return dict(sorted(found.items()))

    def owns(self) -> str:
        if self.cls is nn.Module:
            return "children"  # an empty shell: it owns what is assigned to it
        if self.without():
            return "arguments"
        if has_parameters(self.plain):
            return "always"
        return "children" if self.handed is not None and has_parameters(self.handed) else "never"


def bases(cls: type) -> list[str]:
    """The module classes above this one, nearest first; private ones too, `isinstance` tests name them."""
    return [spelling(base) for base in cls.__mro__[1:] if issubclass(base, nn.Module)]


def argument_names(cls: type) -> list[str]:
    stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}
    return [stars.get(parameter.kind.name, "") + name for name, parameter in arguments(cls).items()]


def module_row(cls: type[nn.Module]) -> dict[str, Any]:
    """The fields of `paramlint.knowledge.ModuleClass`."""
    if cls.__name__ in UNBUILDABLE:
        return {
            "bases": bases(cls),
            "parameters": [],
            "buffers": [],
            "submodules": {"module": "torch.nn.Module"},
            "arguments": argument_names(cls),
            "owns": "children",
            "owns_by_default": False,
            "without": [],
            "optional": {},
        }
    probe = Probe(cls)
    return {
        "bases": bases(cls),
        "parameters": probe.parameters(),
        "buffers": probe.buffers(),
        "submodules": probe.submodules(),
        "arguments": argument_names(cls),
        "owns": probe.owns(),
        "owns_by_default": has_parameters(probe.plain),
        "without": probe.without(),
        "optional": probe.optional(),
    }


def module_classes() -> list[type[nn.Module]]:
    """The public classes of `torch.nn`, their bases, and the private classes of their submodules."""
    public = [value for space in (nn, nn.parallel) for value in vars(space).values() if inspect.isclass(value)]
    found = {
        base for cls in public if issubclass(cls, nn.Module) for base in cls.__mro__ if issubclass(base, nn.Module)
    }
    found.add(type(nn.MultiheadAttention(2, 1).out_proj))
    return sorted(found, key=spelling)


def module_names() -> list[str]:
    """What an instance of Module has, less what every class has, which differs between Pythons."""
    own = set(dir(nn.Module())) - set(dir(type("Plain", (), {})))
    return sorted(own - {"__annotations__", "__annotate_func__", "__annotations_cache__"})


def self_methods() -> list[str]:
    """Methods of Module that return it. Conversions go through `_apply`, replaced as devices are absent."""
    calls: list[tuple[tuple[Any, ...], Call]] = [
        ((), {}),
        ((torch.float64,), {}),
        ((lambda _: None,), {}),
        ((), {"device": "cpu"}),
    ]
    # `compile` would start the compiler; it returns None.
    names = [name for name in module_names() if not name.startswith("__") and name != "compile"]
    with mock.patch.object(nn.Module, "_apply", lambda self, *_args, **_kwargs: self):
        return [name for name in names if any(returns_self(name, *call) for call in calls)]


def returns_self(name: str, args: tuple[Any, ...], kwargs: Call) -> bool:
    module = nn.Linear(1, 1)
    return outcome(lambda: getattr(module, name)(*args, **kwargs)) is module
