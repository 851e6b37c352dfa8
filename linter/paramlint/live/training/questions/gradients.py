"""From a pass backward to a step: is there a gradient, whose is it, and is it still there."""

from __future__ import annotations

from paramlint.live.training.questions.seen import Seen
from paramlint.live.training.recorder import Recorder
from paramlint.live.training.tracks import Stepper, Track

#: Steps in each of which something has to be seen.
ENOUGH = 2


def idle(recorder: Recorder) -> list[Seen]:
    """Optimizers that step without a single new gradient each time, though passes backward reach something else."""
    found = []
    for stepper in _stepping(recorder):
        if any(step.fresh for step in stepper.steps) or _is_cleared(stepper):
            continue
        reached = {key for step in stepper.steps for key in step.elsewhere}
        is_frozen = not any(step.held for step in stepper.steps)
        if is_frozen and (not reached or len(_stepping(recorder)) > 1):
            continue  # for a later phase perhaps, while another optimizer trains
        others = [s for s in recorder.steppers.values() if s is not stepper and s.held & reached]
        tracks = recorder.held_by(stepper)
        words = {"optimizer": stepper.name}
        if others and len(recorder.roots) + len(recorder.bystanders) > 1:
            words |= {"other": others[0].name, "how": "idle"}
        figures = {"steps": len(stepper.steps), "gradients": 0, "reached elsewhere": len(reached)}
        found.append(Seen(tuple(t.name for t in tracks), 1, figures, None, words))
    return found


def never_cleared(recorder: Recorder) -> list[Seen]:
    """Optimizers all of whose gradients were still there at the next pass after each step."""
    found = []
    for stepper in _stepping(recorder):
        tracks = [track for track in _held(recorder, stepper) if track.hooked]
        times = min((track.kept for track in tracks), default=0)
        if times >= ENOUGH and not any(track.cleared for track in tracks):
            norms = [row.gradient for row in tracks[0].rows if row.gradient is not None]
            figures = {"kept": times, "gradient norms": [float(f"{one:.4g}") for one in norms[:20]]}
            found.append(Seen(tuple(t.name for t in tracks), 2, figures, tracks[0].module, {"optimizer": stepper.name}))
    return found


def cleared_too_soon(recorder: Recorder) -> list[Seen]:
    """Optimizers all of whose gradients came and were gone again at each step."""
    found = []
    for stepper in _stepping(recorder):
        if _is_cleared(stepper):
            tracks = [track for track in _held(recorder, stepper) if track.hooked]
            figures = {"steps": len(stepper.steps), "cleared": stepper.steps[0].cleared}
            found.append(Seen(tuple(t.name for t in tracks), 1, figures, tracks[0].module, {"optimizer": stepper.name}))
    return found


def leftover(recorder: Recorder) -> list[Seen]:
    """Optimizers that step on gradients of a pass that another optimizer has used, beside their own."""
    silent = {seen.words["optimizer"] for seen in never_cleared(recorder)}
    found = []
    for stepper in _stepping(recorder):
        found_in = [(step, step.leftover) for step in stepper.steps if step.leftover]
        apart = [(step, earlier) for step, (earlier, last) in found_in if not earlier.consumers & last.consumers]
        if len(apart) < ENOUGH or stepper.name in silent:
            continue
        steps = [step for step, _ in apart]
        others = [s.name for s in recorder.steppers.values() if s.index in apart[0][1].consumers]
        tracks = [track for track in _held(recorder, stepper) if track.hooked]
        figures = {"steps": [step.number for step in steps], "passes": len(tracks[0].pending)}
        words = {"optimizer": stepper.name, "other": others[0]}
        found.append(Seen(tuple(t.name for t in tracks), steps[0].number, figures, tracks[0].module, words))
    return found


def idle_clips(recorder: Recorder) -> list[Seen]:
    """Clipping of which no step ever saw anything, though there were steps."""
    clips, steppers = recorder.clips, _stepping(recorder)
    if len(clips) < ENOUGH or not steppers or any(stepper.clips for stepper in recorder.steppers.values()):
        return []
    if not any(track.hooked for track in recorder.tracks.values()):
        return []  # sharded: gradients come in ways that are not followed
    first = clips[0]
    figures = {
        "calls": len(clips),
        "tensors": first.tensors,
        "with a gradient": first.with_gradient,
        "with one that no step had used": first.fresh,
    }
    if not first.tensors:
        how = "is given no tensor"
    elif not any(clip.with_gradient for clip in clips):
        how = "is given tensors without a gradient"
    elif not any(clip.fresh for clip in clips):
        how = "comes after the step"
    else:
        how = "comes before the gradients that the step uses"
    words = {"function": first.function, "how": how}
    return [Seen(first.names or (first.function,), first.step, figures, None, words, first.filename, first.row)]


def _is_cleared(stepper: Stepper) -> bool:
    return all(step.cleared and not step.fresh for step in stepper.steps)


def _stepping(recorder: Recorder) -> list[Stepper]:
    return [stepper for stepper in recorder.steppers.values() if len(stepper.steps) >= ENOUGH]


def _held(recorder: Recorder, stepper: Stepper) -> list[Track]:
    return recorder.held_by(stepper)
