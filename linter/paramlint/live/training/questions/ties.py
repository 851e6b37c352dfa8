"""Parameters with several names: ties that come apart, and parameters that become one."""

from __future__ import annotations

from paramlint.live.training.questions.seen import Seen
from paramlint.live.training.recorder import Recorder


def parted(recorder: Recorder) -> list[Seen]:
    """Names that were one parameter and no longer are."""
    return [Seen((first, other), step) for first, other, step in dict.fromkeys(recorder.parted)]


def joined(recorder: Recorder) -> list[Seen]:
    """Names that were two parameters and are one now."""
    return [Seen((first, other), step) for first, other, step in dict.fromkeys(recorder.joined)]
