"""What should stay as it is and moves: statistics of frozen norms, masked gradients under decay, trained teachers."""

from __future__ import annotations

from typing import Any

from paramlint.live.training.questions.seen import Seen, follows
from paramlint.live.training.recorder import Recorder
from paramlint.live.training.tracks import Row, Track

#: Steps in which it has to be seen.
ENOUGH = 2


def moving_norms(recorder: Recorder) -> list[Seen]:
    """Norms frozen all along whose statistics move, in a model that trains the rest."""
    found: dict[str, list[tuple[str, Track]]] = {}
    for buffer in recorder.buffers.values():
        module, root = buffer.module, buffer.root
        if root is None or module is None or len(buffer.edits) < ENOUGH:
            continue
        mine = [recorder.tracks[id(p)] for p in module.parameters(recurse=False) if id(p) in recorder.tracks]
        if not mine or any(track.flags != {False} or track.edits or track.rows_changed for track in mine):
            continue
        if follows(buffer.name) or not _trains(recorder, root):
            continue
        found.setdefault(root, []).append((buffer.name.rpartition(".")[0], buffer))
    seen = []
    for buffers in found.values():
        names = tuple(dict.fromkeys(name for name, _ in buffers))
        edits = buffers[0][1].edits
        figures = {"steps": len(edits), "relative change": float(f"{edits[0].size:.4g}"), "norms": len(names)}
        seen.append(Seen(names, max(1, edits[0].step - 1), figures, None))
    return seen


def decaying(recorder: Recorder) -> list[Seen]:
    """Parameters without a gradient of their own, or with a masked one, that steps change all the same."""
    found: dict[str, list[Track]] = {}
    for track in recorder.tracks.values():
        if (track.root is None and not track.is_met) or follows(track.name):
            continue
        if len(_frozen_rows(track)) >= ENOUGH:
            kind = "frozen"
        elif len([row for row in track.rows if row.at_rest]) >= ENOUGH and _is_masked(track):
            kind = "masked"
        else:
            continue
        found.setdefault(kind, []).append(track)
    seen = []
    for kind, tracks in found.items():
        rows = _frozen_rows(tracks[0]) or [row for row in tracks[0].rows if row.at_rest]
        figures = {"weight decay": rows[0].decay, "ratio": rows[0].ratio, "steps": len(rows)}
        names = tuple(track.name for track in tracks)
        seen.append(Seen(names, rows[0].step, figures, tracks[0].module, {"how": kind}))
    return seen


def _frozen_rows(track: Track) -> list[Row]:
    """The steps that changed it while it required no gradient."""
    return [row for row in track.rows if not row.trains and (row.moved or row.at_rest)]


def _is_masked(track: Track) -> bool:
    """Whether somebody sets gradients to zero: by a hook of his own, or after the pass backward.

    The zeros have to be there in each step, and only decay may move what they stand at.
    """
    rows = [row for row in track.rows if row.gradient is not None]
    if not rows or any(row.decay <= 0 for row in rows) or len(rows) < ENOUGH:
        return False
    all_zero = all(row.zeros == 1 for row in rows)
    by_hand = track.masked >= ENOUGH and track.masked >= len(rows) - 1 and all_zero
    by_hook = track.has_user_hook and all(row.zeros > 0 for row in rows) and len({row.zeros for row in rows}) <= 2
    return by_hand or by_hook or (track.row_masked >= ENOUGH and all(row.zeros > 0 for row in rows))


def trained_teachers(recorder: Recorder) -> list[Seen]:
    """Models that their names and their use say are fixed, in an optimizer with what they teach."""
    found: dict[str, list[Track]] = {}
    for track in recorder.tracks.values():
        held = [s for s in recorder.steppers.values() if id(track.tensor) in s.held and len(s.steps) >= ENOUGH]
        name = _teacher_of(track)
        if not held or not name or track.module is None:
            continue
        others = {recorder.tracks[key].name for s in held for key in s.held if key in recorder.tracks}
        if all(other.startswith(f"{name}.") for other in others):
            continue  # an optimizer of its own
        is_fixed = _is_used_as_fixed(recorder, name)
        is_idle = is_fixed and track.tensor.requires_grad and not track.edits
        if is_idle or (track.rows_changed and (is_fixed or not track.tensor.requires_grad or _is_twin(recorder, name))):
            found.setdefault(name, []).append(track)
    seen = []
    for name, tracks in found.items():
        moved = [row for track in tracks for row in track.rows if row.moved or row.at_rest]
        known: dict[str, Any] = {"tensors": len(tracks), "steps that change it": len({row.step for row in moved})}
        if moved:
            known["ratio"] = moved[0].ratio
        said = {"teacher": name, "moves": "yes" if moved else ""}
        names = tuple(track.name for track in tracks)
        seen.append(Seen(names, moved[0].step if moved else 1, known, tracks[0].module, said))
    return seen


def _teacher_of(track: Track) -> str:
    """The outermost part of a parameter's name that says that it is fixed; not where that is the parameter's own."""
    parts = track.name.split(".")
    depth = next((i for i, part in enumerate(parts[:-1], 1) if follows(part)), 0)
    return ".".join(parts[:depth])


def _is_used_as_fixed(recorder: Recorder, name: str) -> bool:
    """Whether it is called, and never both with a graph and in training mode."""
    use = next((use for use in recorder.uses.values() if use.name == name), None)
    return use is not None and bool(use.calls) and (not use.with_graph or not any(use.modes.values()))


def _is_twin(recorder: Recorder, name: str) -> bool:
    """Whether it is a model by itself, of the same shapes as another one that is not called fixed."""
    models = {**recorder.bystanders, **recorder.roots}
    if name not in models:
        return False
    shapes = [parameter.shape for parameter in models[name].parameters()]
    return any(
        [parameter.shape for parameter in model.parameters()] == shapes
        for other, model in models.items()
        if model is not models[name] and not follows(other)
    )


def _trains(recorder: Recorder, root: str) -> bool:
    return any(
        t.root == root and t.rows and t.got_gradient and t.tensor.requires_grad for t in recorder.tracks.values()
    )
