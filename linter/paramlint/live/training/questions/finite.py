"""Where a run first has a gradient or weight that is not finite."""

from __future__ import annotations

from paramlint.live.training.questions.seen import Seen
from paramlint.live.training.recorder import Recorder


def not_finite(recorder: Recorder) -> list[Seen]:
    """The first step that it is seen in."""
    seen = recorder.finiteness
    if not seen.step:
        return []
    tracks = {track.name: track for track in recorder.tracks.values()}
    named = [name for name in seen.names if name in tracks]
    if seen.module is None:
        where = f"the pass backward of `{seen.names[-1]}`" if seen.what == "gradient" else "the step itself"
    elif seen.taken:
        where = f"what `{seen.module}` is given" if seen.module else "the model's input"
    else:
        where = f"the output of `{seen.module}`" if seen.module else "the model's output"
    figures = {"module": seen.module, "tensors": len(seen.names)}
    words = {"what": seen.what, "where": where}
    return [Seen(tuple(seen.names), seen.step, figures, tracks[named[0]].module if named else None, words)]
