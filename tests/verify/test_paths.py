"""Every way to give a tensor its first values: what the shadow says, and what the poisoned build says."""

import warnings
from contextlib import ExitStack

import pytest
import torch
from torch import nn

from paramlint.live.build.poison import PoisonMode, poisoned
from paramlint.live.build.virtual import LazyMode
from paramlint.live.observe.memory import ShadowMode

from .init_paths import PARTLY, PATHS, SEEN, TAINTED, UNWRITTEN, WRITTEN

WORST_FIRST = ["unwritten", "partly written", "tainted", "maybe", "unseen", "lazy", "written"]


def tensors(module: nn.Module) -> list[torch.Tensor]:
    return [*module.parameters(), *module.buffers()]


@pytest.fixture(autouse=True)
def _quiet() -> None:
    torch.manual_seed(0)
    warnings.simplefilter("ignore")


def test_all_paths_are_here() -> None:
    assert len(PATHS) == 85


@pytest.mark.parametrize("virtual_from", [None, 1, 16, 1 << 14])
@pytest.mark.parametrize("path", PATHS)
def test_the_shadow_gives_the_right_verdict(path: str, virtual_from: int | None) -> None:
    build, verdict = PATHS[path]
    shadow = ShadowMode()
    with ExitStack() as modes:
        if virtual_from is not None:
            modes.enter_context(LazyMode(virtual_from))
        modes.enter_context(shadow)
        module = build()
    statuses = [shadow.account(tensor).status for tensor in tensors(module)]
    worst = min(statuses, key=WORST_FIRST.index) if statuses else "nothing"
    assert worst == SEEN.get(path, verdict)
    assert shadow.failures == {}


@pytest.mark.parametrize("path", [path for path, (_, verdict) in PATHS.items() if verdict not in ("lazy", "nothing")])
def test_the_poisoned_build_decides(path: str) -> None:
    build, verdict = PATHS[path]
    with PoisonMode():
        module = build()
    left = max(poisoned(tensor) or 0.0 for tensor in tensors(module))
    if verdict == WRITTEN:
        assert left == 0
    elif verdict == PARTLY:
        assert 0 < left < 1
    else:
        assert verdict in (UNWRITTEN, TAINTED)
        assert left == 1
