"""State dicts that are kept while the model goes on: they show its parameters, and are no copies."""

from __future__ import annotations

import linecache
import re

from paramlint.live.training.questions.seen import Seen
from paramlint.live.training.recorder import Recorder
from paramlint.live.training.tracks import GivenState

#: Steps that a state follows.
ENOUGH = 2
#: Names of what is kept to be gone back to.
_KEPT = re.compile(r"best|snapshot|backup|init|before|start|orig|saved|keep|kept|copy|checkpoint|ckpt|prev|last|old")
_TARGET = re.compile(r"^\s*([\w.\[\]\"']+)\s*(?::[^=]+)?=[^=]")


def followed(recorder: Recorder) -> list[Seen]:
    """States that were loaded again after steps, or that are kept to be."""
    found: dict[tuple[str, int], Seen] = {}
    for state in recorder.states:
        if not (state.restored or (state.followed >= ENOUGH and not state.used and _is_kept(state))):
            continue
        figures = {"taken after step": state.taken, "steps that it followed": state.followed}
        words = {"restored": "yes" if state.restored else ""}
        seen = Seen((state.root or "model",), state.taken + 1, figures, None, words, state.filename, state.row)
        found.setdefault((state.filename, state.row), seen)
    return list(found.values())


def _is_kept(state: GivenState) -> bool:
    """Whether the line that took it says that it is to be used later; a name of its own may just not be gone yet."""
    text = linecache.getline(state.filename, state.row).split("#")[0]
    if not text.strip():
        return True
    target = _TARGET.match(text)
    if target is None:
        return "append(" in text or bool(_KEPT.search(text.lower()))
    name = target[1]
    if "." in name or "[" in name or _KEPT.search(name.lower()):
        return True
    whole = "".join(linecache.getlines(state.filename))
    return bool(re.search(rf"load_state_dict\([^)\n]*\b{re.escape(name)}\b", whole))
