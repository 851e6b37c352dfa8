"""What changes outside of the steps: edits behind the version counter, averages and targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import torch
from torch import nn

from paramlint.live.training.questions.seen import Seen, follows
from paramlint.live.training.recorder import Recorder
from paramlint.live.training.tracks import Track

#: Times that something has to be seen.
ENOUGH = 2


def behind_the_counter(recorder: Recorder) -> list[Seen]:
    """Parameters that an optimizer trains and whose values change between steps without their version."""
    found: dict[str | None, list[Track]] = {}
    for track in recorder.tracks.values():
        edits = [edit for edit in track.edits if not edit.counted and not edit.is_rounding]
        if edits and track.rows and track.got_gradient and track.root is not None and track.tensor.requires_grad:
            found.setdefault(track.root, []).append(track)
    seen = []
    for tracks in found.values():
        edits = [edit for edit in tracks[0].edits if not edit.counted]
        figures = {"edits": len(edits), "relative size": float(f"{edits[0].size:.4g}"), "tensors": len(tracks)}
        seen.append(Seen(tuple(t.name for t in tracks), edits[0].step, figures, tracks[0].module))
    return seen


def averages_of_themselves(recorder: Recorder, variables: dict[str, Any]) -> list[Seen]:
    """Averages that are, or share all memory with, the model that is trained."""
    found: list[Seen] = []
    trained = {id(t.tensor) for t in recorder.tracks.values() if t.rows and t.got_gradient}
    trained_memory = {t.tensor.data_ptr() for t in recorder.tracks.values() if id(t.tensor) in trained}
    models = _named_models(recorder, variables)
    for name, model in models.items():
        if not name or not follows(name, type(model)):
            continue
        parameters = [p for p in model.parameters() if p.numel()]
        if not parameters or not all(p.data_ptr() in trained_memory and p.data_ptr() for p in parameters):
            continue
        other = _other_name(models, name, {p.data_ptr() for p in parameters})
        if other is not None:
            is_one = any(p is q for p in parameters for q in other[1].parameters())
            shared: dict[str, Any] = {"tensors": len(parameters), "same objects": is_one}
            found.append(Seen((name,), 1, shared, None, {"other": other[0]}))
    found += [] if found else list(_shadows(trained_memory, variables))
    if not found and (tracks := _rounded(recorder)):
        edits = [edit for edit in tracks[0].edits if edit.is_rounding]
        figures = {"edits": len(edits), "relative size": float(f"{edits[0].size:.4g}"), "tensors": len(tracks)}
        found.append(Seen(tuple(t.name for t in tracks), edits[0].step, figures, tracks[0].module))
    return found


def _named_models(recorder: Recorder, variables: dict[str, Any]) -> dict[str, nn.Module]:
    """The models by name: a watched one by the name that it was given, others by their variables."""
    given = {id(model) for name, model in recorder.roots.items() if name}
    own = {name: m for name, m in variables.items() if isinstance(m, nn.Module) and id(m) not in given}
    unnamed = {name: m for name, m in recorder.roots.items() if name or id(m) not in map(id, own.values())}
    return own | unnamed


def _shadows(memory: set[int], variables: dict[str, Any]) -> Iterator[Seen]:
    """Dicts of tensors that are called averages and show the memory that is trained."""
    for name, value in variables.items():
        if isinstance(value, Mapping) and follows(name):
            tensors = [one for one in value.values() if isinstance(one, torch.Tensor) and one.is_floating_point()]
            shared = [one for one in tensors if one.numel() and one.data_ptr() in memory]
            if shared and 2 * len(shared) > len(tensors):
                yield Seen((name,), 1, {"tensors": len(shared)}, None, {"other": "the model"})


def averages_without_buffers(recorder: Recorder) -> list[Seen]:
    """Models that follow another one by their parameters, while the statistics of their norms stay as they were."""
    found: list[Seen] = []
    for (name, ours), (other, theirs) in _pairs(recorder):
        if not all(_is_moved(t) for t in _own(recorder, ours) if t.tensor.is_floating_point()):
            continue
        mine, live = _buffers(recorder, ours), _buffers(recorder, theirs)
        if mine.keys() != live.keys() or not mine:
            continue
        if any(track.edits for track in mine.values()) or not any(len(t.edits) >= ENOUGH for t in live.values()):
            continue
        moves = len(_own(recorder, ours)[0].edits)
        figures = {"buffers": len(mine), "times that its parameters moved": moves}
        first = next(iter(mine.values()))
        if any(seen.names == (first.name,) for seen in found):
            continue  # a part of what was seen already
        found.append(Seen((first.name,), 1, figures, first.module, {"average": name, "model": other}))
    return found


def _pairs(recorder: Recorder) -> Iterator[tuple[tuple[str, nn.Module], tuple[str, nn.Module]]]:
    """Modules of one class and structure, one of them trained and one not; the latter first."""
    models = {**recorder.bystanders, **recorder.roots}
    places = [(name or "model", model) for name, model in models.items()]
    places += [
        (f"{name}.{key}".lstrip("."), child) for name, model in models.items() for key, child in model.named_children()
    ]
    # `AveragedModel` leaves the buffers to `update_bn`, unless it is told not to.
    places = [(name, module) for name, module in places if type(module).__name__ != "AveragedModel"]
    shapes = {id(module): [(n, p.shape) for n, p in module.named_parameters()] for _, module in places}
    for one, two in combinations(places, 2):
        if one[1] is two[1] or not shapes[id(one[1])] or shapes[id(one[1])] != shapes[id(two[1])]:
            continue
        for a, b in ((one, two), (two, one)):
            if not _is_trained(recorder, a[1]) and _is_trained(recorder, b[1]):
                yield a, b


def _own(recorder: Recorder, module: nn.Module) -> list[Track]:
    return [recorder.tracks[id(p)] for p in module.parameters() if id(p) in recorder.tracks]


def _is_trained(recorder: Recorder, module: nn.Module) -> bool:
    return any(track.rows and track.got_gradient for track in _own(recorder, module))


def _is_moved(track: Track) -> bool:
    return len(track.edits) >= ENOUGH


def _buffers(recorder: Recorder, module: nn.Module) -> dict[str, Track]:
    return {
        name: recorder.buffers[id(buffer)] for name, buffer in module.named_buffers() if id(buffer) in recorder.buffers
    }


def _rounded(recorder: Recorder) -> list[Track]:
    """Trained parameters that between steps change by rounding only, where it is most of them, again and again."""
    trained = [t for t in recorder.tracks.values() if t.rows and t.got_gradient and t.tensor.numel() > 1]
    often = [
        track
        for track in trained
        if sum(edit.is_rounding for edit in track.edits) >= ENOUGH and all(edit.is_rounding for edit in track.edits)
    ]
    return often if trained and 2 * len(often) > len(trained) else []


def _other_name(models: dict[str, nn.Module], name: str, memory: set[int]) -> tuple[str, nn.Module] | None:
    """Another model on the same memory, that does not merely contain the first one or is contained in it."""
    mine = models[name]
    for other, model in models.items():
        if other == name or follows(other, type(model)):
            continue
        nested = model is not mine and (
            any(inner is mine for inner in model.modules()) or any(inner is model for inner in mine.modules())
        )
        if not nested and memory <= {p.data_ptr() for p in model.parameters()}:
            return other or type(model).__name__, model
    return None
