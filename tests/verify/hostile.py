"""Models that can be built and whose parts misbehave when somebody looks at them."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import nn

NAMES = ("\x1b[31m\u202ew\x00", "line\nbreak", "<script>", "x" * 10_000, "a b", "class")


class Names(nn.Module):
    """Its parameters are named by somebody who wants to break a terminal, a page and a file."""

    def __init__(self, names: tuple[str, ...] = NAMES) -> None:
        super().__init__()
        for name in names:
            self.register_parameter(name, nn.Parameter(torch.empty(2, 2)))


class Unprintable(nn.Linear):
    """Shows nothing of itself, and has no length, truth or equal."""

    def __init__(self) -> None:
        super().__init__(3, 3)

    def __repr__(self) -> str:
        raise RuntimeError("no repr")

    def extra_repr(self) -> str:
        raise RuntimeError("no extra repr")

    def __len__(self) -> int:
        raise RuntimeError("no len")

    def __bool__(self) -> bool:
        raise RuntimeError("no bool")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no eq")

    def __hash__(self) -> int:
        return id(self)


class Ends(nn.Linear):
    """Ends the program when its parameters are asked for."""

    def __init__(self) -> None:
        super().__init__(3, 3)

    def named_parameters(self, *_: Any, **__: Any) -> NoReturn:
        sys.exit("enough")

    def state_dict(self, *_: Any, **__: Any) -> NoReturn:
        sys.exit("enough")

    def forward(self, *_: Any) -> NoReturn:
        sys.exit("enough")


class Endless(nn.Linear):
    """Never ends to name its modules."""

    def __init__(self) -> None:
        super().__init__(3, 3)

    def named_modules(self, *_: Any, **__: Any) -> Iterator[tuple[str, nn.Module]]:
        while True:
            time.sleep(0.01)
            yield "again", self


class Attributes(nn.Linear):
    """Every attribute that it does not have raises something of its own."""

    def __init__(self) -> None:
        super().__init__(3, 3)

    def __getattr__(self, name: str) -> Any:
        if name in ("weight", "bias", "training") or name.startswith("_"):
            return super().__getattr__(name)
        raise RuntimeError(f"no {name}")


class Refuses(nn.Parameter):
    """Refuses every operation of torch."""

    @classmethod
    def __torch_function__(cls, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise RuntimeError("no operation")


class HasRefusing(nn.Module):
    """Holds such a parameter."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = Refuses(torch.zeros(2))


def groundless() -> nn.Module:
    """Removes its file, the folder and with it the working directory; expects to be a copy."""
    folder = Path(__file__).resolve().parent
    if folder.exists():
        os.chdir(folder)
        shutil.rmtree(folder)
    return Unprintable()


def builds_beside() -> nn.Module:
    """Goes on to build, in a thread that never ends."""

    def go_on() -> None:
        while True:
            _ = nn.Linear(3, 3)

    threading.Thread(target=go_on, daemon=False).start()
    return nn.Linear(3, 3)


def patches_operations() -> nn.Module:
    """Replaces what an analysis would call."""
    torch.Tensor.numel = torch.Tensor.size = torch.isnan = None  # type: ignore[assignment, method-assign]
    return nn.Linear(3, 3)
