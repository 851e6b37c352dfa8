"""One forward and backward pass on an example: what gets a gradient, and what the output depends on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.nn.modules.module import register_module_forward_hook
from torch.nn.parameter import is_lazy

from paramlint.live.observe.dispatch_mode import Mode
from paramlint.live.observe.memory import address_of
from paramlint.live.observe.named_tensors import Named, grouped, named_tensors
from paramlint.live.observe.operations import Operation
from paramlint.live.questions.left_behind import LeftBehind, Moves
from paramlint.live.questions.unregistered import graph_functions, graph_leaves

#: The example's arguments: a tensor, a tuple of positional or a dict of keyword arguments.
Example = Callable[[], Any]
ACTIVATIONS = frozenset(
    ["relu", "gelu", "tanh", "sigmoid", "silu", "leaky_relu", "elu", "softplus", "mish", "hardswish", "rrelu", "prelu"]
)
SEED = 0
#: Elements of an output from which its std is taken.
_SAMPLED = 4096
#: Objects inside objects of an output.
_DEEPEST = 6


@dataclass(frozen=True)
class Forward:
    """What the pass showed. Tensors are named by the first of their names.

    Attributes:
        error: why there was no pass, else empty; then all else is empty too.
        without_gradient: trainable parameters that the output does not depend on.
        read_without_gradient: those of them whose memory the pass read all the same, and never so that autograd saw it.
        lost: those of them that the pass computed with, and whose gradient is lost on the way to the output.
        foreign: tensors that need a gradient, reached by the output, and not registered.
        created: parameters that a second pass made anew, by name; `""` where they are not registered.
        registered_late: parameters that the first pass registered.
        called: the names of the modules that the first pass went through.
        read: the storages that were read.
        left_behind: the storages of tensors that do not move with the model and meet others that do.
        activations: for each module whose output goes straight into an activation, which.
        symmetric: matrices whose rows all get the same gradient.
        blocked: trainable parameters that the output depends on, and to which the backward pass brings nothing.
        gradients: the 2-norm and the share of zeros of each gradient of a random projection of the output.
        activations_std: the std of what each module gave, as far as that is one floating tensor, in the order of the
            calls.
        growing: buffers that the second pass computed, with gradients, from what the first had made of them.
        backward_error: why there are no gradients, though there was a pass; else empty.
    """

    error: str = ""
    without_gradient: tuple[str, ...] = ()
    read_without_gradient: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    foreign: tuple[torch.Tensor, ...] = ()
    created: tuple[str, ...] = ()
    registered_late: tuple[str, ...] = ()
    called: frozenset[str] = frozenset()
    read: frozenset[int] = frozenset()
    left_behind: frozenset[int] = frozenset()
    activations: Mapping[str, str] = field(default_factory=dict)
    symmetric: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    growing: tuple[str, ...] = ()
    gradients: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    activations_std: Mapping[str, float] = field(default_factory=dict)
    backward_error: str = ""


class _Watch(Mode):
    """Notes the storages that operations read, activations on the outputs of modules, and what stays behind."""

    def __init__(self, places: LeftBehind) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.places = places
        self.read: set[int] = set()
        self.followed: set[int] = set()
        self.activations: dict[str, str] = {}
        self.called: set[str] = set()
        self.spread: dict[str, float] = {}
        self._is_paused = False
        self._outputs: dict[int, tuple[StorageWeakRef, str]] = {}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if self._is_paused:
            return func(*args, **(kwargs or {}))
        operation = Operation.of(func)
        read, written = operation.tensors(args, kwargs or {})
        if not operation.is_view:
            self.read.update(map(address_of, read))
            if torch.is_grad_enabled():
                self.followed.update(address_of(tensor) for tensor in read if tensor.requires_grad)
        name = operation.name.removesuffix("_")
        if name in ACTIVATIONS and (read or written):
            storage, module = self._outputs.get(address_of((read or written)[0]), (None, ""))
            if storage is not None and not storage.expired():
                self.activations.setdefault(module, name)
        result = func(*args, **(kwargs or {}))
        self.places.note(operation, args, kwargs or {}, result)
        return result

    def note_output(self, module: str, output: Any) -> None:
        """Remember that a module was called, and the memory of its output."""
        self.called.add(module)
        if isinstance(output, torch.Tensor) and output.is_floating_point() and output.numel() > 1:
            with torch.no_grad():
                self._is_paused = True
                self.spread.setdefault(module, float(_sample(output).std()))
                self._is_paused = False
        if isinstance(output, torch.Tensor) and (address := address_of(output)):
            self._outputs[address] = (StorageWeakRef(output.untyped_storage()), module)


def run(model: nn.Module, example: Example, plain: Iterable[torch.Tensor] = ()) -> Forward:
    """Run a real model twice on the example; its buffers, modes and gradients are left as they were.

    Args:
        plain: tensors that stand in attributes without being buffers.
    """
    plain = list(plain)
    before = {named.name: named.tensor for named in named_tensors(model)}
    lazy = {name for name, tensor in before.items() if is_lazy(tensor)}
    with restored(model), torch.random.fork_rng(devices=[]), torch.enable_grad():
        try:
            outputs, watch = _pass(model, example, plain)
            first = {named.name: named.tensor for named in named_tensors(model)}
            parameters = {named.name for named in named_tensors(model) if named.role == "parameter"}
            leaves = graph_leaves(outputs)
            again = graph_leaves(_pass(model, example)[0])
        except (Exception, SystemExit) as error:  # the user's forward, on the user's example
            return Forward(error=said_of(error))
        second = {named.name: named.tensor for named in named_tensors(model)}
        groups = grouped(model)
        gradients, failure = {}, ""
        try:
            gradients = _gradients(outputs, leaves)
        except Exception as error:  # the user's backward
            failure = said_of(error)
    reached = {id(leaf) for leaf in leaves}
    trained = [names[0] for names in groups if names[0].role == "parameter" and names[0].tensor.requires_grad]
    # An output without a gradient, such as a number or the index of an action, tells nothing of what a loss depends on.
    idle = [named for named in trained if outputs and id(first.get(named.name)) not in reached]
    known = {id(tensor) for tensor in [*first.values(), *second.values()]}
    lasting = {id(leaf) for leaf in again}
    foreign = [leaf for leaf in leaves if id(leaf) not in known]
    remade = [name for name in parameters & second.keys() if first[name] is not second[name]]
    fleeting = [leaf for leaf in foreign if isinstance(leaf, nn.Parameter) and id(leaf) not in lasting]
    return Forward(
        without_gradient=tuple(named.name for named in idle),
        read_without_gradient=tuple(
            named.name for named in idle if address_of(named.tensor) in watch.read - watch.followed
        ),
        lost=tuple(named.name for named in idle if address_of(named.tensor) in watch.followed),
        foreign=tuple(leaf for leaf in foreign if id(leaf) in lasting),
        created=tuple(sorted(remade)) + ("",) * len(fleeting),
        registered_late=tuple(name for name in first if name in parameters and name not in {*before, *lazy}),
        called=frozenset(watch.called),
        read=frozenset(watch.read),
        left_behind=watch.places.addresses,
        activations=watch.activations,
        symmetric=tuple(_symmetric(groups, gradients)),
        blocked=tuple(_blocked(trained, first, outputs, gradients, reached)),
        growing=tuple(name for name, now in second.items() if name in before and _grows_from(first.get(name), now)),
        gradients={
            named.name: _size(gradients[id(named.tensor)]) for named, *_ in groups if id(named.tensor) in gradients
        },
        activations_std=watch.spread,
        backward_error=failure,
    )


def _sample(tensor: torch.Tensor) -> torch.Tensor:
    """At most some thousands of its elements, evenly spaced, as float32."""
    flat = tensor.detach().reshape(-1)
    return flat[:: max(1, flat.numel() // _SAMPLED)].float()


def _size(gradient: torch.Tensor) -> tuple[float, float]:
    """The 2-norm of a gradient, and the share of its elements that are zero."""
    dense = gradient.to_dense() if gradient.is_sparse else gradient
    zeros = float((dense == 0).float().mean()) if dense.numel() else 0.0
    return float(dense.norm().abs()), zeros


def _blocked(
    trained: list[Named],
    first: dict[str, torch.Tensor],
    outputs: list[torch.Tensor],
    gradients: dict[int, torch.Tensor],
    reached: set[int],
) -> Iterator[str]:
    """The parameters in the graph that got no gradient: a function of the user's own gives None for them."""
    if not gradients or any(tensor.is_complex() for tensor in outputs):
        return
    for named in trained:
        tensor = first.get(named.name)
        if id(tensor) in reached and id(tensor) not in gradients:
            yield named.name


def _grows_from(before: torch.Tensor | None, now: torch.Tensor) -> bool:
    """Whether a tensor was computed from what stood in its place, and its graph holds that one's graph."""
    if before is None or before is now or before.grad_fn is None or now.grad_fn is None:
        return False
    return before.grad_fn in graph_functions([now])


def activation_after(model: nn.Module, forward: Forward | None, module: str) -> str:
    """The activation that a module's output goes into: from the pass, else from its `Sequential`."""
    if forward is not None and not forward.error:
        return forward.activations.get(module, "")
    parent, _, key = module.rpartition(".")
    container = model.get_submodule(parent)
    if not isinstance(container, nn.Sequential) or not key.isdigit() or int(key) + 1 >= len(container):
        return ""
    follower = type(container[int(key) + 1])
    return follower.__name__.lower() if follower.__module__ == "torch.nn.modules.activation" else ""


def said_of(error: BaseException) -> str:
    """An error in one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


def gradients_of(model: nn.Module, example: Example) -> dict[str, torch.Tensor]:
    """The gradients of one pass, by the first name of each parameter; those that get none are left out."""
    with restored(model), torch.random.fork_rng(devices=[]), torch.enable_grad():
        outputs, *_ = _pass(model, example)
        gradients = _gradients(outputs, graph_leaves(outputs))
    first = {id(names[0].tensor): names[0].name for names in reversed(grouped(model))}
    return {first[key]: gradient for key, gradient in gradients.items() if key in first}


def _pass(model: nn.Module, example: Example, plain: Sequence[torch.Tensor] = ()) -> tuple[list[torch.Tensor], _Watch]:
    """The outputs that need a gradient.

    In evaluation mode where training mode fails, as with one sample.
    """
    names = {id(module): name for name, module in model.named_modules()}
    arguments = example()
    places = LeftBehind(plain, [named.tensor for named in named_tensors(model)] + [*tensors_of(arguments)])
    watch = _Watch(places)

    def note(module: nn.Module, _: Any, output: Any) -> None:
        if id(module) in names:
            watch.note_output(names[id(module)], output)

    hook = register_module_forward_hook(note)
    try:
        with watch, Moves(places) if plain else nullcontext():
            try:
                output = call(model.train(), arguments)
            except ValueError:
                output = call(model.eval(), arguments)
    finally:
        hook.remove()
    return [tensor for tensor in tensors_of(output) if tensor.requires_grad], watch


def call(model: nn.Module, arguments: Any) -> Any:
    """The model on what an example gave: by position, by name, or as the only argument."""
    torch.manual_seed(SEED)
    if isinstance(arguments, Mapping):
        return model(**arguments)
    return model(*arguments) if isinstance(arguments, (tuple, list)) else model(arguments)


def tensors_of(output: Any, depth: int = 0) -> Iterator[torch.Tensor]:
    """All tensors in an output: in tuples, lists, mappings, and in what other objects hold, such as distributions."""
    if isinstance(output, torch.Tensor):
        yield output
        return
    if isinstance(output, (nn.Module, type)) or depth > _DEEPEST:
        return
    if isinstance(output, Mapping):
        held: Iterable[Any] = output.values()
    elif isinstance(output, (tuple, list)):
        held = output
    else:
        held = getattr(output, "__dict__", {}).values()
        names = [entry.name for entry in dataclasses.fields(output)] if dataclasses.is_dataclass(output) else []
        held = [*held, *(getattr(output, name) for name in names if name not in getattr(output, "__dict__", {}))]
    for value in held:
        yield from tensors_of(value, depth + 1)


def _gradients(outputs: list[torch.Tensor], leaves: list[torch.Tensor]) -> dict[int, torch.Tensor]:
    """Gradients of a random projection of the outputs: a plain sum of a softmax would have none."""
    generator = torch.Generator().manual_seed(SEED)
    floating = [tensor for tensor in outputs if not tensor.is_complex()]
    if not floating or not leaves:
        return {}
    weights = [torch.randn(tensor.shape, generator=generator).to(tensor) for tensor in floating]
    gradients = torch.autograd.grad(floating, leaves, weights, allow_unused=True)
    return {id(leaf): gradient for leaf, gradient in zip(leaves, gradients, strict=True) if gradient is not None}


def _symmetric(groups: list[list[Named]], gradients: dict[int, torch.Tensor]) -> Iterator[str]:
    for names in groups:
        gradient = gradients.get(id(names[0].tensor))
        if gradient is None or gradient.ndim < 2 or gradient.shape[0] < 2 or gradient.is_sparse:
            continue
        is_known = bool(gradient.any()) and not bool(gradient.isnan().any())
        if is_known and torch.allclose(gradient, gradient[:1].expand_as(gradient), rtol=1e-4):
            yield names[0].name


@contextmanager
def restored(model: nn.Module) -> Iterator[None]:
    """Give buffers and training modes back what they were."""
    modes = [(module, module.training) for module in model.modules()]
    places = [(module, dict(module._buffers)) for module in model.modules()]
    buffers = [(buffer, buffer.detach().clone()) for buffer in model.buffers() if not is_lazy(buffer)]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
        for module, held in places:  # a pass may put other tensors in their places
            for name, buffer in held.items():  # a scripted module's dictionary has no `update`
                module._buffers[name] = buffer
        with torch.no_grad():
            for buffer, value in buffers:
                buffer.copy_(value)
