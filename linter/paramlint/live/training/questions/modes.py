"""In which mode a model trains."""

from __future__ import annotations

from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from paramlint.live.training.questions.seen import Seen
from paramlint.live.training.recorder import Recorder

#: Steps in evaluation mode at the end of the run.
ENOUGH = 2


def left_in_eval(recorder: Recorder) -> list[Seen]:
    """Models that were in training mode, and whose last steps are all in evaluation mode."""
    found = []
    for name, root in recorder.roots.items():
        use = recorder.uses.get(id(root))
        mine = {key for key, track in recorder.tracks.items() if track.root == name}
        stepping = [s for s in recorder.steppers.values() if s.held & mine and s.steps]
        if use is None or not stepping or not use.modes:
            continue
        last = max(len(s.steps) for s in stepping)
        steps = [step for step in sorted(use.modes) if step <= last]
        tail = 0
        while tail < len(steps) and not use.modes[steps[-1 - tail]]:
            tail += 1
        began = recorder.started_training.get(name, False) or tail < len(steps)
        if tail < ENOUGH or not began or not any(_minds(module) for module in root.modules()):
            continue
        first = steps[-tail]
        figures = {"steps in evaluation mode": tail, "of": len(steps)}
        found.append(Seen((name or type(root).__name__,), first, figures))
    return found


def _minds(module: nn.Module) -> bool:
    """Whether evaluation changes what a module does, and it is in that mode."""
    if module.training:
        return False
    if isinstance(module, _DropoutNd):
        return module.p > 0
    share = getattr(module, "dropout", None)
    return isinstance(module, _NormBase) or (isinstance(share, float) and share > 0)
