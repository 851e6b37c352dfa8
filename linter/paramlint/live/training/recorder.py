"""What happens in a run, noted as it happens: gradients, steps, edits. It reads samples and changes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.parameter import is_lazy

from paramlint.live.training.finiteness import Finiteness
from paramlint.live.training.roots import is_plain, plain_name, unwrapped
from paramlint.live.training.sampling import Array, differ, gather, is_zero, local, norm
from paramlint.live.training.tracks import Backward, Clip, Edit, GivenState, ModuleUse, Row, Step, Stepper, Track

#: How far an element may move, in units of its last place, for a change to be one of rounding.
ROUNDING = 4


class Recorder:
    """The record of a run.

    Attributes:
        roots: the models by name; those that were only seen beside them are in `bystanders`.
        tracks: by `id` of the tensor, which they keep alive.
        uses: of modules, by `id`.
        failure: why nothing more was noted, where that is a fault of ours.
        step: how many steps the busiest optimizer has done.
    """

    def __init__(
        self, roots: dict[str, nn.Module], optimizers: dict[str, Any], steps: int, variables: dict[str, Any]
    ) -> None:
        self.roots = roots
        self.steps = steps
        self.bystanders: dict[str, nn.Module] = {}
        self.called_by_user = {id(value): name for name, value in reversed(variables.items()) if _has_name(value)}
        self.tracks: dict[int, Track] = {}
        self.buffers: dict[int, Track] = {}
        self.uses: dict[int, ModuleUse] = {}
        self.steppers: dict[int, Stepper] = {}
        self.backwards: list[Backward] = []
        self.clips: list[Clip] = []
        self.states: list[GivenState] = []
        self.parted: list[tuple[str, str, int]] = []
        self.joined: list[tuple[str, str, int]] = []
        self.loads: list[tuple[str, int]] = []
        self.started_training = {name: root.training for name, root in roots.items()}
        self.finiteness = Finiteness()
        self.step = 0
        self.ticks = 0
        self.is_done = False
        self.failure = ""
        self.handles: dict[int, Any] = {}
        self._task = -1
        self._places: dict[str, int] = {}
        self._grads: dict[int, Array | None] = {}
        self._inside: set[int] = set()
        self._marks: dict[int, int] = {}
        for name, optimizer in optimizers.items():
            self.stepper(optimizer, self.called_by_user.get(id(optimizer), name)).given = True
        self.scan()
        for name, value in variables.items():
            if isinstance(value, nn.Module):
                self.meet(name, value)
        tracks = [track for track in self.tracks.values() if track.root is not None]
        values = gather([track.tensor for track in tracks])
        self.first_values = {t.name: v for t, v in zip(tracks, values, strict=True) if v is not None}
        self._see_edits([*self.tracks.values(), *self.buffers.values()])

    def began_with(self, name: str, value: torch.Tensor) -> bool:
        """Whether a parameter had these values when the watch began."""
        taken = gather([value])[0]
        first = self.first_values[name]
        return taken is not None and taken.shape == first.shape and bool((taken == first).all())

    # -- what there is

    def stepper(self, optimizer: Any, name: str = "") -> Stepper:
        """The record of an optimizer."""
        known = self.steppers.get(id(optimizer))
        if known is None:
            index = len(self.steppers)
            called = self.called_by_user.get(id(optimizer)) or type(optimizer).__name__
            known = Stepper(index, name or called, optimizer)
            known.was_empty = not optimizer.state if hasattr(optimizer, "state") else True
            self.steppers[id(optimizer)] = known
        return known

    def scan(self) -> None:
        """See what the models register now, and what is new, gone, tied or apart since the last time."""
        places: dict[str, int] = {}
        for root, model in self.roots.items():
            for prefix, module in model.named_modules(remove_duplicate=False):
                start = plain_name(f"{root}.{prefix}".strip(".") + ".").lstrip(".")
                self._use(module, start[:-1], root)
                for attribute, parameter in module._parameters.items():
                    if parameter is not None:
                        places[start + attribute] = id(parameter)
                        self._track(parameter, start + attribute, root, module)
                for attribute, buffer in module._buffers.items():
                    if buffer is not None and buffer.is_floating_point():
                        self._buffer(buffer, start + attribute, root, module)
        self._compare(places)
        self._places = places
        for optimizer in [stepper.optimizer for stepper in self.steppers.values()]:
            self._hold(optimizer)

    def meet(self, name: str, module: nn.Module) -> None:
        """Keep an eye on the values of a model that is not watched."""
        known = {id(one) for root in self.roots.values() for one in root.modules()}
        if id(module) in known or any(id(root) in map(id, module.modules()) for root in self.roots.values()):
            return
        module = unwrapped(module)
        if any(one is module for one in self.bystanders.values()):
            return
        self.bystanders[name] = module
        for prefix, inner in module.named_modules():
            start = plain_name(f"{name}.{prefix}".strip(".") + ".")
            for attribute, parameter in inner._parameters.items():
                if parameter is not None:
                    self._track(parameter, start + attribute, None, inner).is_met = True
            for attribute, buffer in inner._buffers.items():
                if buffer is not None and buffer.is_floating_point():
                    self._buffer(buffer, start + attribute, None, inner)

    def _use(self, module: nn.Module, name: str, root: str | None) -> ModuleUse:
        use = self.uses.get(id(module))
        if use is None:
            use = self.uses[id(module)] = ModuleUse(name, module, root or "")
        return use

    def _track(self, tensor: torch.Tensor, name: str, root: str | None, module: nn.Module | None) -> Track:
        track = self.tracks.get(id(tensor))
        if track is None:
            track = Track((name,), root, module, tensor, since=self.step + 1 if self.ticks else 0)
            track.has_user_hook = bool(tensor._backward_hooks)
            self.tracks[id(tensor)] = track
        elif name not in track.names:
            if (track.root is None and root is not None) or (track.module is None and module is not None):
                track.root, track.module, track.names = root, module, (name,)
            else:
                track.names = (*track.names, name)
        track.flags.add(tensor.requires_grad)
        self._hook(track)
        return track

    def _buffer(self, tensor: torch.Tensor, name: str, root: str | None, module: nn.Module) -> None:
        if isinstance(module, _NormBase) and id(tensor) not in self.buffers:
            self.buffers[id(tensor)] = Track((name,), root, module, tensor, is_buffer=True)

    def _hook(self, track: Track) -> None:
        tensor = track.tensor
        if id(tensor) in self.handles or not tensor.requires_grad or not tensor.is_leaf or is_lazy(tensor):
            return
        self.handles[id(tensor)] = tensor.register_hook(lambda gradient: self.came(track, gradient))

    def _hold(self, optimizer: Any) -> None:
        stepper = self.stepper(optimizer)
        stepper.held = set()
        for number, group in enumerate(optimizer.param_groups):
            for place, tensor in enumerate(group["params"]):
                track = self.tracks.get(id(tensor))
                if track is None:
                    track = self._track(tensor, f"{stepper.name}.param_groups[{number}][{place}]", None, None)
                track.holders.add(stepper.index)
                track.is_decayed = bool(group.get("weight_decay"))
                stepper.held.add(id(tensor))

    def _compare(self, places: dict[str, int]) -> None:
        """Names that were one parameter and no longer are, and the other way round; and what is gone."""
        if not self._places:
            return
        number = self.step + 1
        before, after = _by_tensor(self._places), _by_tensor(places)
        for names in before.values():
            now = [name for name in names if name in places]
            first = next(iter(now), None)
            for other in now[1:]:
                if first is not None and places[other] != places[first]:
                    self.parted.append((first, other, number))
        for names in after.values():
            was = [name for name in names if name in self._places]
            for other in was[1:]:
                if self._places[other] != self._places[was[0]]:
                    self.joined.append((was[0], other, number))
        alive = set(places.values())
        for track in self.tracks.values():
            if track.root is not None and not track.until and id(track.tensor) not in alive:
                track.until = number

    # -- what happens

    def came(self, track: Track, gradient: torch.Tensor) -> None:
        """A gradient has come; a fault of ours ends the watch and not the run."""
        try:
            self.on_gradient(track, gradient)
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Note why nothing more is noted."""
        self.failure = self.failure or f"the watch ended in step {self.step + 1}: {type(error).__name__}: {error}"
        self.is_done = True

    def on_gradient(self, track: Track, gradient: torch.Tensor) -> None:
        """Before a pass backward adds a gradient to a parameter's."""
        if self.is_done:
            return
        task = torch._C._current_graph_task_id()
        if task != self._task or not self.backwards:
            self._task = task
            self.backwards.append(Backward(len(self.backwards)))
        current = self.backwards[-1]
        current.reached.add(id(track.tensor))
        held = track.tensor.grad
        is_kept = held is not None and not is_zero(held)
        track.pending = [*track.pending, current] if is_kept else [current]
        if track.is_decayed and not is_kept:
            track.incoming = gather([gradient])[0]
        if not track.fresh:
            track.version_at_gradient = _version(track.tensor)
        track.first = track.first or self.step + 1
        track.hooked += 1
        track.fresh = True
        for stepper in self.steppers.values():
            if id(track.tensor) not in stepper.held:
                stepper.elsewhere.add(id(track.tensor))

    def before_step(self, optimizer: Any) -> None:
        """Before an optimizer steps."""
        if self.is_done:
            return
        stepper = self.stepper(optimizer)
        self.scan()
        self._inside.add(id(optimizer))
        tracks = self._held(optimizer)
        self._see_edits(tracks)
        for track in tracks:
            track.before = track.last
        self._look_at_state(stepper, optimizer)

    def after_step(self, optimizer: Any) -> None:
        """After an optimizer stepped; with a closure, gradients came meanwhile."""
        if self.is_done or id(optimizer) not in self._inside:
            return
        self._inside.discard(id(optimizer))
        stepper = self.stepper(optimizer)
        self.ticks += 1
        number = len(stepper.steps) + 1
        self.step = max(self.step, number)
        tracks = self._held(optimizer)
        self._note_step(stepper, tracks, number)
        self._rows(stepper, optimizer, tracks, number)
        if self.backwards:
            self.backwards[-1].consumers.add(stepper.index)
        mine = {id(track.tensor) for track in tracks}
        for key, track in self.tracks.items():
            if key not in mine and track.root is not None and not track.hooked and track.tensor.grad is not None:
                track.grad_seen = True  # sharded parameters get theirs without a hook
        self._see_edits([track for key, track in self.tracks.items() if key not in mine])
        self._see_edits(list(self.buffers.values()))
        self._follow_states()
        self.finiteness.forget()
        self.stop_when_done()

    def stepped_by_hand(self, optimizer: Any) -> None:
        """After a step that no hook has seen, with its gradients still there."""
        self.scan()
        self._inside.add(id(optimizer))
        for track in self._held(optimizer):
            track.before = track.last
        self.gradients_now(optimizer)
        self.after_step(optimizer)

    def stop_when_done(self) -> None:
        """Nothing more is noted after the last step; the hooks are taken away by who put them there."""
        if self.step >= self.steps:
            self.is_done = True

    @property
    def is_inside(self) -> bool:
        """Whether an optimizer steps: one that steps inside of it is a part of it."""
        return bool(self._inside)

    def is_in(self, optimizer: Any) -> bool:
        """Whether this very optimizer steps."""
        return id(optimizer) in self._inside

    def held_by(self, stepper: Stepper) -> list[Track]:
        """What an optimizer holds, in the order in which it was seen."""
        return [track for key, track in self.tracks.items() if key in stepper.held]

    def gradients_now(self, optimizer: Any) -> None:
        """Right before the optimizer uses its gradients: what they are."""
        tracks = self._held(optimizer)
        stepper = self.stepper(optimizer)
        found = gather([track.tensor.grad for track in tracks])
        self._grads = {id(track.tensor): taken for track, taken in zip(tracks, found, strict=True)}
        scale = getattr(optimizer, "grad_scale", None)
        inf = getattr(optimizer, "found_inf", None)
        skips = inf is not None and scale is not None and bool(inf)
        if not skips:
            for track, taken in zip(tracks, found, strict=True):
                if taken is not None and not np.isfinite(taken).all():
                    self.finiteness.gradient(self.step_of(stepper), track.name)
        self.finiteness.judge(self.step_of(stepper))

    def step_of(self, stepper: Stepper) -> int:
        """The number of the step that it is in, or that comes next."""
        return len(stepper.steps) + 1

    def _held(self, optimizer: Any) -> list[Track]:
        self._hold(optimizer)
        unique = {id(t): t for group in optimizer.param_groups for t in group["params"]}
        return [self.tracks[key] for key in unique]

    def _note_step(self, stepper: Stepper, tracks: list[Track], number: int) -> None:
        mine = [track for track in tracks if track.tensor.requires_grad]
        grads = [track.tensor.grad for track in tracks]
        for track, grad in zip(tracks, grads, strict=True):
            track.grad_seen = track.grad_seen or grad is not None
            if grad is not None and not track.hooked:
                track.fresh = True
        gone = {id(t.tensor) for t in tracks if _is_gone(t.tensor.grad, self._grads.get(id(t.tensor)))}
        cleared = [t for t in tracks if t.fresh and t.pending and id(t.tensor) in gone and not t.pending[-1].consumers]
        for track in cleared:
            track.masked += 1
        for track in tracks:
            if stepper.steps and track.fresh and track.pending and id(track.tensor) not in gone:
                if track.pending[0].index < self._marks.get(id(track.tensor), 0):
                    track.kept += 1
                else:
                    track.cleared += 1
            self._marks[id(track.tensor)] = len(self.backwards)
        for track in tracks:
            track.row_masked += _is_masked(track.incoming, self._grads.get(id(track.tensor)))
            track.incoming = None
        clipped = [track for track in tracks if track.clipped_at >= 0 and track.clipped_at == track.hooked]
        stepper.clips += bool(clipped)
        stepper.steps.append(
            Step(
                number,
                fresh=sum(track.fresh and id(track.tensor) not in gone for track in tracks),
                cleared=0 if stepper.has_closure else len(cleared),
                held=len(mine),
                elsewhere=frozenset(stepper.elsewhere),
                leftover=_leftover(tracks, stepper.index),
            )
        )
        stepper.elsewhere = set()

    def _rows(self, stepper: Stepper, optimizer: Any, tracks: list[Track], number: int) -> None:
        groups = {id(t): group for group in optimizer.param_groups for t in group["params"]}
        stepper.rates.append(tuple(float(group.get("lr", float("nan"))) for group in optimizer.param_groups))
        after = gather([track.tensor for track in tracks])
        for track, now in zip(tracks, after, strict=True):
            group = groups[id(track.tensor)]
            grad = self._grads.get(id(track.tensor))
            rate, decay = float(group.get("lr", float("nan"))), float(group.get("weight_decay", 0.0) or 0.0)
            track.rows.append(_row(track, number, grad, now, rate, decay))
            if now is not None and not np.isfinite(now).all():
                self.finiteness.weight(number, track.name)
            track.last = now
            self._stamp(track)
            track.fresh = False
        self._grads = {}

    def _see_edits(self, tracks: list[Track]) -> None:
        """What changed since it was looked at last, other than by its optimizer."""
        for track, now in zip(tracks, gather([track.tensor for track in tracks]), strict=True):
            before = track.last
            if before is not None and now is not None and before.shape == now.shape and differ(before, now).any():
                same_place = is_plain(track.tensor) and track.address == track.tensor.data_ptr()
                counted = not same_place or _version(track.tensor) != track.version
                is_early = track.version_at_gradient != track.version
                rounding = counted and same_place and is_early and _is_rounding(before, now)
                track.edits.append(Edit(self.step + 1, counted, _size(before, now), rounding))
            track.last = now
            self._stamp(track)

    def _stamp(self, track: Track) -> None:
        track.version = _version(track.tensor)
        track.address = track.tensor.data_ptr() if is_plain(track.tensor) and not is_lazy(track.tensor) else 0

    def _look_at_state(self, stepper: Stepper, optimizer: Any) -> None:
        held = sum(bool(state) for state in getattr(optimizer, "state", {}).values())
        if stepper.steps and stepper.stateful and not held and not stepper.dropped_at:
            stepper.dropped_at = len(stepper.steps) + 1
        if not stepper.steps:
            stepper.was_empty = not held
        stepper.stateful = held

    def note_state(self, optimizer: Any) -> None:
        """After a step: whether the optimizer keeps moments."""
        state = getattr(optimizer, "state", {})
        kept = sum(any(isinstance(v, torch.Tensor) and v.numel() > 1 for v in s.values()) for s in state.values() if s)
        self.stepper(optimizer).stateful = kept

    def _follow_states(self) -> None:
        for state in self.states:
            alive = [value for reference in state.values if (value := reference()) is not None]
            if alive and any(local(value).data_ptr() in state.addresses for value in alive):
                state.followed += 1


def _has_name(value: Any) -> bool:
    return isinstance(value, nn.Module) or hasattr(value, "param_groups")


def _by_tensor(places: dict[str, int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for name, key in places.items():
        found.setdefault(key, []).append(name)
    return found


def _version(tensor: torch.Tensor) -> int:
    try:
        return int(tensor._version)
    except RuntimeError:  # inference tensors have none
        return 0


def _is_gone(grad: torch.Tensor | None, taken: Array | None) -> bool:
    return grad is None or (taken is not None and not taken.any())


def _is_masked(came: Array | None, used: Array | None) -> bool:
    """Whether a step uses zeros where other values came, and uses some of the others."""
    if came is None or used is None or came.shape != used.shape:
        return False
    return bool(((came != 0) & (used == 0)).any())


def _size(before: Array, now: Array) -> float:
    scale = float(np.abs(before.astype(np.float64)).mean()) or 1.0
    return float(np.abs(now.astype(np.float64) - before).mean()) / scale


def _is_rounding(before: Array, now: Array) -> bool:
    """Whether some elements moved by a few units of their last place and others not at all."""
    moved = differ(before, now)
    if not np.isfinite(now).all() or not np.isfinite(before).all():
        return False
    least = np.spacing(np.maximum(np.abs(before), np.abs(now)))
    return bool(not moved.all() and (np.abs(now - before)[moved] <= ROUNDING * least[moved]).all())


def _leftover(tracks: list[Track], stepper: int) -> tuple[Backward, Backward] | None:
    """A pass whose gradients other optimizers have used, and that most parameters still have, with the last pass."""
    found: list[tuple[Backward, Backward]] = []
    hooked = [track for track in tracks if track.fresh and track.hooked]
    for track in hooked:
        for earlier in track.pending[:-1]:
            if earlier.consumers and stepper not in earlier.consumers and track.tensor.grad is not None:
                found.append((earlier, track.pending[-1]))
                break
    return found[0] if found and 2 * len(found) > len(hooked) else None


def _row(track: Track, number: int, grad: Array | None, now: Array | None, rate: float, decay: float) -> Row:
    elements = local(track.tensor).numel()
    gradient = None if grad is None else norm(grad, elements)
    zeros = 0.0 if grad is None or not grad.size else float((grad == 0).mean())
    ratio = moved = at_rest = None
    is_finite = grad is None or bool(np.isfinite(grad).all())
    before = track.before
    if now is not None and before is not None and now.shape == before.shape:
        is_finite = is_finite and bool(np.isfinite(now).all())
        size = norm(before, elements)
        ratio = norm(now.astype(np.float64) - before, elements) / size if size else None
        changed = differ(before, now)
        if grad is not None and grad.shape == now.shape:
            with_gradient = grad != 0
            moved = float(changed[with_gradient].mean()) if with_gradient.any() else None
            at_rest = float(changed[~with_gradient].mean()) if not with_gradient.all() else None
        else:
            at_rest = float(changed.mean())
    return Row(number, gradient, zeros, ratio, moved, at_rest, is_finite, track.tensor.requires_grad, rate, decay)
