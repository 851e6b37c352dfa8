"""Who trains what: parameters that a loss reaches, and the optimizers that hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

import torch
from torch import nn

from paramlint.live.observe.named_tensors import grouped
from paramlint.live.questions.unregistered import Found, unregistered
from paramlint.live.training.questions.gradients import idle
from paramlint.live.training.questions.seen import Seen, follows
from paramlint.live.training.recorder import Recorder
from paramlint.live.training.tracks import Stepper, Track

#: Steps after which it counts that something never happened.
ENOUGH = 2
#: Places of a container of which not all have to be used: experts, heads, layers dropped at random.
_TURNS = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)
#: Names of lists whose parts are called one after the other.
_CHAIN = re.compile(r"^(layers?|blocks?|stages?|convs?|h)$")


def in_no_optimizer(recorder: Recorder) -> list[Seen]:
    """What the loss trains and no optimizer holds, where none holds something that is gone."""
    return [] if _gone(recorder) else [_seen(part) for part in _parts(_loose(recorder))]


def stale(recorder: Recorder) -> list[Seen]:
    """The same, where one holds tensors of which the model has no longer any."""
    gone = _gone(recorder)
    if not gone:
        return []
    found = []
    for part in _parts(_loose(recorder)):
        seen = _seen(part)
        held = {"held": [_said(track) for track in gone[:8]]}
        found.append(Seen(seen.names, seen.step, {**seen.figures, **held}, seen.module, {"held": _said(gone[0])}))
    return found


def hidden(recorder: Recorder) -> list[Seen]:
    """What gets gradients and is reached from a watched model without being registered."""
    found = []
    for item, tensors in _unregistered(recorder):
        if any(tensor.grad is not None or _has_gradient(recorder, id(tensor)) for tensor in tensors):
            kind = "module" if item.is_module else "parameter"
            words = {"in": item.hidden_in or "an attribute", "kind": kind}
            figures = {"container": item.container, "tensors": len(tensors)}
            found.append(Seen((item.path,), 1, figures, item.owner, words))
    return found


def without_gradient(recorder: Recorder) -> list[Seen]:
    """In an optimizer, required to have gradients, never given one."""
    idle_names = {seen.words.get("optimizer", "") for seen in idle(recorder)}
    cut = {name for seen in cut_by_checkpoint(recorder) for name in seen.names}
    tracks = [
        track
        for track in _dead(recorder)
        if track.name not in cut
        and not _takes_turns(recorder, track)
        and not any(stepper.name in idle_names for stepper in _holders(recorder, track))
        and not _is_teacher(track)
    ]
    return [_seen(part) for part in _parts(tracks)]


def cut_by_checkpoint(recorder: Recorder) -> list[Seen]:
    """Never given a gradient, and called by a checkpoint without a graph only."""
    cut = {id(use.module) for use in recorder.uses.values() if use.cut and not use.with_graph}
    tracks = [
        track
        for track in recorder.tracks.values()
        if track.module is not None and id(track.module) in cut and not track.got_gradient
        if track.tensor.requires_grad and track.flags == {True} and _most_steps(recorder) >= ENOUGH
    ]
    return [_seen(part) for part in _parts(tracks)]


def in_wrong_optimizer(recorder: Recorder) -> list[Seen]:
    """Optimizers that hold one parameter both, or that no loss reaches while it reaches what another one holds."""
    found = []
    for seen in idle(recorder):
        if seen.words.get("other"):
            found.append(seen)
    if found:
        return found
    shared: dict[tuple[int, ...], list[Track]] = {}
    for track in recorder.tracks.values():
        at_once = [s for s in _holders(recorder, track) if id(track.tensor) in s.held and len(s.steps) >= ENOUGH]
        if len(at_once) > 1 and track.tensor.requires_grad and track.got_gradient:
            shared.setdefault(tuple(s.index for s in at_once), []).append(track)
    for indices, tracks in shared.items():
        names = [stepper.name for stepper in recorder.steppers.values() if stepper.index in indices]
        if not _overlap_in_time(recorder, indices):
            continue
        words = {"optimizer": names[0], "other": names[1], "how": "both"}
        found.append(Seen(_names(tracks), 1, {"optimizers": names}, tracks[0].module, words))
    return found


def _overlap_in_time(recorder: Recorder, indices: tuple[int, ...]) -> bool:
    """Whether optimizers take turns, or step together, rather than one following another."""
    mine = set(indices)
    order = [index for b in recorder.backwards for index in sorted(b.consumers & mine)]
    runs = [index for index, _ in groupby(order)]
    return len(runs) > len(set(runs))


def _loose(recorder: Recorder) -> list[Track]:
    """Parameters that get gradients, are in no optimizer, and that nobody changes by hand."""
    if not any(stepper.steps for stepper in recorder.steppers.values()):
        return []
    inside = {id(tensor) for _, tensors in _unregistered(recorder) for tensor in tensors}
    found = []
    for track in recorder.tracks.values():
        held = any(id(track.tensor) in stepper.held for stepper in recorder.steppers.values())
        if held or not track.got_gradient or not track.tensor.requires_grad or track.edits or track.until:
            continue
        if id(track.tensor) in inside or track.module is None or _is_evaluated(recorder, track):
            continue
        if _takes_part(recorder, track):
            found.append(track)
    return found


def _takes_part(recorder: Recorder, track: Track) -> bool:
    """Whether its gradients came with those that a step used: not with an adversary's, or a diagnosis."""
    steppers = [stepper for stepper in recorder.steppers.values() if stepper.steps]
    used = sum(id(track.tensor) in b.reached for b in recorder.backwards if b.consumers)
    by_hand = track.hooked == 0 and track.grad_seen
    if not (used >= ENOUGH or by_hand or (used and _most_steps(recorder) < ENOUGH)):
        return False
    if track.root is None and follows(track.name):
        return False
    if _gone(recorder):
        return True
    # Where a picture or a prompt is optimized, the model only passes gradients on.
    return any(
        recorder.tracks[key].root is not None or _is_called(recorder, recorder.tracks[key])
        for stepper in steppers
        for key in stepper.held
        if key in recorder.tracks and recorder.tracks[key].got_gradient
    )


def _is_called(recorder: Recorder, track: Track) -> bool:
    return track.module is not None and id(track.module) in recorder.uses


def _is_evaluated(recorder: Recorder, track: Track) -> bool:
    """Whether what holds it is in evaluation mode on purpose: all of a module of its own, from the start."""
    use = recorder.uses.get(id(track.module))
    if use is None or not use.modes or any(use.modes.values()):
        return False
    root = recorder.roots.get(track.root or "") if track.root is not None else None
    return root is None or root.training or not recorder.started_training.get(track.root or "", True)


def _gone(recorder: Recorder) -> list[Track]:
    """What optimizers hold, gets no gradient, and is part of no model that is known, or no longer."""
    found = []
    for stepper in recorder.steppers.values():
        for track in recorder.held_by(stepper):
            is_stranger = track.module is None or track.until > 0
            late = track.rows and track.rows[-1].gradient is not None and track.until == 0
            if is_stranger and not late and not (track.fresh or (track.hooked and not track.until)):
                found.append(track)
    return found


def _dead(recorder: Recorder) -> list[Track]:
    found = []
    for track in recorder.tracks.values():
        steps = max((len(s.steps) for s in _holders(recorder, track) if id(track.tensor) in s.held), default=0)
        if track.got_gradient or track.flags != {True} or steps < ENOUGH or len(track.rows) < ENOUGH:
            continue
        if track.module is not None and not track.until and track.root is not None:
            found.append(track)
    return found


def _takes_turns(recorder: Recorder, track: Track) -> bool:
    """Whether it is in one of several parts of a container and another part got gradients."""
    root = recorder.roots.get(track.root or "")
    if root is None:
        return False
    modules = {id(module): name for name, module in root.named_modules()}
    name = modules.get(id(track.module), "")
    parts = name.split(".") if name else []
    if isinstance(track.module, _TURNS):
        return any(t.got_gradient for t in recorder.tracks.values() if t.module is track.module)
    for depth in range(len(parts)):
        holder = root.get_submodule(".".join(parts[:depth]))
        if isinstance(holder, _TURNS):
            others = [child for key, child in holder._modules.items() if key != parts[depth] and child is not None]
            busy = {id(t.module) for t in recorder.tracks.values() if t.got_gradient}
            if any(id(inner) in busy for other in others for inner in other.modules()):
                return not _is_left_out(recorder, parts[depth - 1], holder, parts[depth])
    return False


def _is_left_out(recorder: Recorder, name: str, holder: nn.Module, key: str) -> bool:
    """Whether all other parts of a list of equal layers are called in each step and this one never is."""
    if not isinstance(holder, nn.ModuleList) or len(holder) < 3 or not _CHAIN.search(name):
        return False
    uses = {name: recorder.uses.get(id(child)) for name, child in holder._modules.items()}
    mine = uses.pop(key)
    steps = set(range(1, _most_steps(recorder) + 1))
    always = all(use is not None and len(use.with_graph & steps) == len(steps) for use in uses.values())
    return always and (mine is None or not mine.calls) and len(steps) >= 5 and key == list(holder._modules)[-1]


def _is_teacher(track: Track) -> bool:
    return follows(track.name, *([type(track.module)] if track.module is not None else []))


def _holders(recorder: Recorder, track: Track) -> list[Stepper]:
    return [stepper for stepper in recorder.steppers.values() if stepper.index in track.holders]


def _has_gradient(recorder: Recorder, key: int) -> bool:
    return key in recorder.tracks and recorder.tracks[key].got_gradient


def _most_steps(recorder: Recorder) -> int:
    return max((len(stepper.steps) for stepper in recorder.steppers.values()), default=0)


def _unregistered(recorder: Recorder) -> list[tuple[Found, list[torch.Tensor]]]:
    """What watched models reach and do not register, unless another model that is known does."""
    known = {
        id(tensor)
        for model in (*recorder.roots.values(), *recorder.bystanders.values())
        for tensor in model.parameters()
    }
    found = []
    for model in recorder.roots.values():
        for item in unregistered(model, grouped(model)):
            tensors = [t for t in item.tensors if t.requires_grad and t.is_leaf and id(t) not in known]
            if tensors and item.through in ("container", "attribute", "object", "closure"):
                if not (item.through == "attribute" and item.is_module):
                    found.append((item, tensors))
    return found


def _parts(tracks: Iterable[Track]) -> list[list[Track]]:
    """The tracks by the part of their model that they are in."""
    parts: dict[tuple[str | None, str], list[Track]] = {}
    for track in tracks:
        name = track.name if not track.root else track.name.removeprefix(f"{track.root}.")
        parts.setdefault((track.root, name.partition(".")[0]), []).append(track)
    return list(parts.values())


def _seen(tracks: list[Track]) -> Seen:
    first = tracks[0]
    step = max(1, first.since, first.first)
    figures = {"tensors": len(tracks), "passes backward with a gradient": first.hooked}
    return Seen(_names(tracks), step, figures, first.module)


def _names(tracks: Iterable[Track]) -> tuple[str, ...]:
    return tuple(track.name for track in tracks)


def _said(track: Track) -> str:
    if track.module is not None:
        return track.name
    return f"{track.name}, {'×'.join(map(str, track.tensor.shape)) or 'a scalar'}"
