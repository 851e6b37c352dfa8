"""What listens to a run, put there and taken away: hooks of modules, of parameters and of optimizers, and functions."""

from __future__ import annotations

import sys
import warnings
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from functools import wraps
from typing import Any, cast

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_hook, register_module_forward_pre_hook
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from paramlint.live.observe.source_places import user_place
from paramlint.live.training.recorder import Recorder
from paramlint.live.training.roots import unwrapped
from paramlint.live.training.sampling import is_zero, local
from paramlint.live.training.tracks import Clip, GivenState

#: Tensors of a state dict that are followed.
_FOLLOWED = 4
#: Frames above a call without a graph among which a checkpoint is looked for.
_DEEPEST = 60


def _guarded(note: Callable[..., None]) -> Callable[..., None]:
    """A fault of ours ends the watch and not the run."""

    @wraps(note)
    def guarded(hooks: Hooks, *given: Any) -> None:
        try:
            note(hooks, *given)
        except Exception as error:
            hooks._recorder.fail(error)

    return guarded


class Hooks:
    """All that a watch puts into torch; `remove` leaves nothing of it."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._entered = ExitStack()

    def install(self) -> None:
        """Begin to listen."""
        recorder = self._recorder
        for handle in (
            register_module_forward_pre_hook(self._before_forward),
            register_module_forward_hook(self._after_forward),
            register_optimizer_step_pre_hook(self._before_step),
            register_optimizer_step_post_hook(self._after_step),
        ):
            self._entered.callback(handle.remove)
        self._silence()
        clips = torch.nn.utils.clip_grad
        for name in ("clip_grad_norm_", "clip_grad_value_"):
            self._replace_everywhere(name, getattr(clips, name), self._clipping)
        self._replace(nn.Module, "state_dict", self._giving)
        self._replace(nn.Module, "load_state_dict", self._loading)
        self._replace(torch, "save", self._saving)
        self._replace(torch.amp.GradScaler, "step", self._scaling)
        self._entered.callback(self._unhook, recorder)

    def _silence(self) -> None:
        """Compiling a model beside hooks of all modules is warned about; ours look away from what is compiled."""
        warnings.filterwarnings("ignore", message="Using `torch.compile.module.` when there are global hooks")
        mine = warnings.filters[0]
        self._entered.callback(_discard, mine)

    def remove(self) -> None:
        """Take everything away again."""
        self._entered.close()

    @staticmethod
    def _unhook(recorder: Recorder) -> None:
        for handle in recorder.handles.values():
            handle.remove()
        recorder.handles.clear()

    def _replace(self, owner: Any, name: str, wrapped: Callable[[Any], Any]) -> None:
        original = getattr(owner, name)
        mine = wrapped(original)
        mine.__wrapped__, mine.__name__, mine.__doc__ = original, name, original.__doc__
        setattr(owner, name, mine)
        self._entered.callback(_restore, owner, name, mine, original)

    def _replace_everywhere(self, name: str, original: Any, wrapped: Callable[[Any], Any]) -> None:
        """In every module that has imported it by its name."""
        for module in list(sys.modules.values()):
            if getattr(module, "__dict__", {}).get(name) is original:
                self._replace(module, name, wrapped)

    # -- modules

    @_guarded
    def _before_forward(self, module: nn.Module, given: Any) -> None:
        recorder = self._recorder
        if torch.compiler.is_compiling() or recorder.is_done:
            return
        use = recorder.uses.get(id(module))
        if use is None:
            if not any(p is not None for p in module._parameters.values()) and not module._modules:
                return
            if unwrapped(module) is not module:
                return
            use = self._stranger(module)
        step = recorder.step + 1
        use.calls.add(step)
        if torch.is_grad_enabled():
            use.with_graph.add(step)
            use.modes[step] = module.training
            if given:
                recorder.finiteness.pass_through(use.name, given, taken=True)
        elif not use.cut and not use.with_graph and recorder.step < 3:
            use.cut = _is_checkpointed()

    @_guarded
    def _after_forward(self, module: nn.Module, _given: Any, result: Any) -> None:
        recorder = self._recorder
        if torch.compiler.is_compiling() or recorder.is_done or not torch.is_grad_enabled():
            return
        use = recorder.uses.get(id(module))
        if use is not None:
            recorder.finiteness.pass_through(use.name, result, taken=False)

    def _stranger(self, module: nn.Module) -> Any:
        """A module that is called and is no part of a watched model."""
        recorder = self._recorder
        name = recorder.called_by_user.get(id(module)) or type(module).__name__
        for prefix, inner in module.named_modules():
            start = f"{name}.{prefix}" if prefix else name
            recorder._use(inner, start, None)
            for attribute, parameter in inner._parameters.items():
                if parameter is not None:
                    recorder._track(parameter, f"{start}.{attribute}", None, inner)
        return recorder.uses[id(module)]

    # -- optimizers

    @_guarded
    def _before_step(self, optimizer: Any, given: Any, named: Any) -> None:
        recorder = self._recorder
        if recorder.is_done or torch.compiler.is_compiling() or recorder.is_inside:
            return
        closure = next((one for one in (*given, named.get("closure")) if callable(one)), None)
        recorder.stepper(optimizer).has_closure = closure is not None
        recorder.before_step(optimizer)
        if closure is None:
            recorder.gradients_now(optimizer)

    @_guarded
    def _after_step(self, optimizer: Any, _given: Any, _named: Any) -> None:
        recorder = self._recorder
        if recorder.is_done or torch.compiler.is_compiling() or not recorder.is_in(optimizer):
            return
        if recorder.stepper(optimizer).has_closure:
            recorder.gradients_now(optimizer)
        recorder.after_step(optimizer)
        recorder.note_state(optimizer)
        if recorder.is_done:
            self.remove()

    # -- functions

    def _clipping(self, original: Any) -> Any:
        def clip(parameters: Any, *more: Any, **named: Any) -> Any:
            several = [parameters] if isinstance(parameters, torch.Tensor) else list(parameters)
            if not torch.compiler.is_compiling():
                self._note_clip(original.__name__, several, more, named)
            return original(several, *more, **named)

        return clip

    @_guarded
    def _note_clip(self, function: str, several: list[Any], more: Any, named: Any) -> None:
        recorder = self._recorder
        limit = more[0] if more else named.get("max_norm", named.get("clip_value", 0.0))
        if recorder.is_done or float(limit) == float("inf"):
            return
        fresh = with_gradient = 0
        names: list[str] = []
        for tensor in several:
            grad = getattr(tensor, "grad", None) if getattr(tensor, "is_leaf", True) else None
            track = recorder.tracks.get(id(tensor))
            if track is not None:
                names.append(track.name)
            if grad is None or is_zero(grad):
                continue
            with_gradient += 1
            if track is not None and (track.fresh or not track.hooked):
                fresh += 1
                track.clipped_at = track.hooked
        place = user_place()
        recorder.clips.append(
            Clip(recorder.step + 1, len(several), with_gradient, fresh, function, tuple(names[:32]), *place)
        )

    def _giving(self, original: Any) -> Any:
        def state_dict(module: nn.Module, *given: Any, **named: Any) -> Any:
            result = original(module, *given, **named)
            is_outermost = not given and named.get("destination") is None and not named.get("prefix")
            if is_outermost and not torch.compiler.is_compiling():
                self._note_state(module, result)
            return result

        return state_dict

    @_guarded
    def _note_state(self, module: nn.Module, result: Any) -> None:
        recorder = self._recorder
        use = recorder.uses.get(id(unwrapped(module)))
        if recorder.is_done or use is None or not isinstance(result, dict):
            return
        trained = {t.data_ptr() for t in map(local, unwrapped(module).parameters()) if t.requires_grad and t.numel()}
        values = [
            value
            for value in result.values()
            if isinstance(value, torch.Tensor) and not isinstance(value, nn.Parameter)
            if local(value).numel() and local(value).data_ptr() in trained
        ][:_FOLLOWED]
        if values:
            addresses = frozenset(local(value).data_ptr() for value in values)
            references = [weakref.ref(value) for value in values]
            state = GivenState(use.name, recorder.step, references, addresses, *user_place())
            recorder.states.append(state)

    def _loading(self, original: Any) -> Any:
        def load_state_dict(module: nn.Module, state_dict: Any, *given: Any, **named: Any) -> Any:
            if not torch.compiler.is_compiling():
                self._note_load(module, state_dict)
            return original(module, state_dict, *given, **named)

        return load_state_dict

    @_guarded
    def _note_load(self, module: nn.Module, state_dict: Any) -> None:
        recorder = self._recorder
        use = recorder.uses.get(id(unwrapped(module)))
        if recorder.is_done or not isinstance(state_dict, dict):
            return
        if use is not None:
            recorder.loads.append((use.name, recorder.step))
        for state in self._states_in(state_dict):
            if use is not None and use.name == state.root:
                state.restored = state.restored or state.followed > 0
            else:
                state.used = True

    def _saving(self, original: Any) -> Any:
        def save(what: Any, *given: Any, **named: Any) -> Any:
            if not torch.compiler.is_compiling() and not self._recorder.is_done:
                for state in self._states_in(what):
                    state.used = True
            return original(what, *given, **named)

        return save

    def _states_in(self, what: Any, depth: int = 3) -> list[GivenState]:
        """The states of which some tensor is in a container."""
        if isinstance(what, torch.Tensor):
            return [s for s in self._recorder.states if any(reference() is what for reference in s.values)]
        if depth and isinstance(what, dict):
            return [state for one in list(what.values()) for state in self._states_in(one, depth - 1)]
        if depth and isinstance(what, (list, tuple)):
            return [state for one in what for state in self._states_in(one, depth - 1)]
        return []

    def _scaling(self, original: Any) -> Any:
        def step(scaler: Any, optimizer: Any, *given: Any, **named: Any) -> Any:
            stepper = self._recorder.stepper(optimizer)
            before = len(stepper.steps)
            result = original(scaler, optimizer, *given, **named)
            inf = getattr(optimizer, "found_inf", None)
            if len(stepper.steps) == before or (inf is not None and bool(inf)):
                stepper.skipped += 1
            return result

        return step


def _discard(filter_: Any) -> None:
    if filter_ in warnings.filters:
        cast(list[Any], warnings.filters).remove(filter_)


def _restore(owner: Any, name: str, mine: Any, original: Any) -> None:
    """Put a function back, unless somebody has put another one there since."""
    if vars(owner).get(name) is mine:
        setattr(owner, name, original)


def _is_checkpointed() -> bool:
    """Whether a checkpoint calls what runs."""
    frame = sys._getframe(1)
    for _ in range(_DEEPEST):
        if frame.f_code.co_filename.replace("\\", "/").endswith("torch/utils/checkpoint.py"):
            return True
        if frame.f_back is None:
            return False
        frame = frame.f_back
    return False
