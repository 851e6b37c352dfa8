"""What an answer about a run consists of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from torch import nn

#: Words in the names of what is used and not trained: targets, teachers, averages.
FOLLOWER = re.compile(
    r"(?:^|[._])(?:target|teacher|ema|momentum|average|averaged|avg|swa|shadow|ref|reference|old|frozen|fixed"
    r"|pretrained|key_encoder|encoder_k|net_k|polyak)(?:$|[._\d])"
)


@dataclass(frozen=True)
class Seen:
    """A fault, or a candidate for one.

    Attributes:
        names: of the parameters, modules or optimizers that it is about, the first one first.
        step: in which it was seen first, from 1.
        figures: what was measured, by name.
        module: that holds the first of the names, where it is a parameter's.
        words: for the message, by what they are.
        filename, row: the user's line, where there is one.
    """

    names: tuple[str, ...]
    step: int = 1
    figures: dict[str, Any] = field(default_factory=dict)
    module: nn.Module | None = None
    words: dict[str, str] = field(default_factory=dict)
    filename: str = ""
    row: int = 0

    @property
    def said(self) -> str:
        """The names as a message says them."""
        first, *rest = self.names or ("",)
        return f"`{first}`" + (f" and {len(rest)} more" if rest else "")


def follows(name: str, *classes: type) -> bool:
    """Whether names say that something is used and not trained."""
    said = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower() for cls in classes]
    return any(FOLLOWER.search(text) for text in (name.lower(), *said))
