"""A watch changes nothing: losses, parameters and random numbers are bit for bit the same, and no hook is left."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.modules import module as modules
from torch.optim import optimizer as optimizers

import paramlint

from .parts import Critic, Generator, Net, batches, error, plain

Loop = Callable[[Any], list[torch.Tensor]]


def both(run: Callable[[Callable[..., Any]], list[torch.Tensor]]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """What a run gives without a watch and with one; it gets what it has to enter."""
    results = []
    for watch in (lambda *given, **named: contextlib.nullcontext(), paramlint.watch):
        torch.manual_seed(0)
        results.append([*run(watch), torch.random.get_rng_state()])
    return results[0], results[1]


def same(run: Callable[[Callable[..., Any]], list[torch.Tensor]]) -> bool:
    one, two = both(run)
    return len(one) == len(two) and all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def usual(make: Callable[[Any], torch.optim.Optimizer], *, steps: int = 5, clear: bool = True) -> Loop:
    def run(watch: Any) -> list[torch.Tensor]:
        net = Net()
        opt = make(net.parameters())
        losses = []
        with watch(net, opt, steps=4):
            for x, y in batches(steps):
                opt.zero_grad(set_to_none=clear)
                loss = error(net(x), y)
                loss.backward()
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                opt.step()
                losses.append(loss.detach())
        return [*losses, *[t.detach().clone() for t in net.state_dict().values()]]

    return run


@pytest.mark.parametrize(
    "make",
    [
        lambda p: torch.optim.SGD(p, 0.1, momentum=0.9),
        lambda p: torch.optim.Adam(p, 0.01, fused=True),
        lambda p: torch.optim.Adam(p, 0.01, foreach=True),
        lambda p: torch.optim.AdamW(p, 0.01, foreach=False),
    ],
    ids=["sgd", "adam-fused", "adam-foreach", "adamw"],
)
@pytest.mark.parametrize("clear", [True, False], ids=["to-none", "to-zero"])
def test_optimizers(make, clear):
    assert same(usual(make, clear=clear))


def test_closures():
    def run(watch: Any) -> list[torch.Tensor]:
        net = plain()
        opt = torch.optim.LBFGS(net.parameters(), max_iter=5, line_search_fn="strong_wolfe")
        x, y = next(batches(1))

        def closure() -> torch.Tensor:
            opt.zero_grad()
            loss = error(net(x), y)
            loss.backward()
            return loss

        with watch(net, opt):
            return [opt.step(closure).detach() for _ in range(3)]

    assert same(run)


def test_accumulation_under_a_scaler():
    def run(watch: Any) -> list[torch.Tensor]:
        net = Net()
        opt = torch.optim.Adam(net.parameters(), 0.01)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**126, backoff_factor=2.0**-40)
        losses = []
        with watch(net, opt):
            for i, (x, y) in enumerate(batches(12)):
                with torch.autocast("cpu", torch.bfloat16):
                    loss = error(net(x), y) / 2
                scaler.scale(loss).backward()
                losses.append(loss.detach())
                if i % 2:
                    scaler.unscale_(opt)
                    scaler.step(opt)
                    scaler.update()
                    opt.zero_grad()
        return [*losses, torch.tensor(scaler.get_scale())]

    assert same(run)


def test_several_optimizers():
    def run(watch: Any) -> list[torch.Tensor]:
        gen, critic = Generator(), Critic()
        opt_g, opt_d = torch.optim.Adam(gen.parameters(), 1e-3), torch.optim.RMSprop(critic.parameters(), 1e-3)
        losses = []
        with watch({"gen": gen, "critic": critic}, [opt_g, opt_d]):
            for x, _ in batches(4):
                opt_d.zero_grad()
                fake = gen(torch.randn(16, 4))
                one = critic(fake.detach()).mean() - critic(x).mean()
                one.backward()
                opt_d.step()
                opt_g.zero_grad()
                two = -critic(fake).mean()
                two.backward()
                opt_g.step()
                losses += [one.detach(), two.detach()]
        return losses

    assert same(run)


def test_a_compiled_model_without_a_compiler():
    def run(watch: Any) -> list[torch.Tensor]:
        torch.compiler.reset()
        net = plain()
        compiled = torch.compile(net, backend="aot_eager")
        opt = torch.optim.Adam(net.parameters(), 0.01)
        losses = []
        with watch(compiled, opt, steps=3):
            for x, y in batches(5):
                opt.zero_grad()
                loss = error(compiled(x), y)
                loss.backward()
                opt.step()
                losses.append(loss.detach())
        return losses

    assert same(run)


def installed() -> tuple[Any, ...]:
    """All that a watch puts somewhere."""
    return (
        dict(modules._global_forward_pre_hooks),
        dict(modules._global_forward_hooks),
        dict(optimizers._global_optimizer_pre_hooks),
        dict(optimizers._global_optimizer_post_hooks),
        torch.nn.utils.clip_grad_norm_,
        torch.nn.utils.clip_grad.clip_grad_norm_,
        torch.nn.utils.clip_grad_value_,
        nn.Module.__dict__["state_dict"],
        nn.Module.__dict__["load_state_dict"],
        torch.save,
        torch.amp.GradScaler.__dict__["step"],
    )


def left(net: nn.Module) -> list[Any]:
    return [hook for p in net.parameters() for hook in (p._backward_hooks or {}).values()]


def test_no_hook_is_left_after_the_last_step():
    before = installed()
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt, steps=2):
        assert installed() != before
        assert left(net)
        for x, y in batches(3):
            opt.zero_grad()
            error(net(x), y).backward()
            opt.step()
        assert installed() == before
        assert left(net) == []
    assert installed() == before


def test_no_hook_is_left_after_an_error():
    before = installed()
    net = plain()
    with pytest.raises(ZeroDivisionError), paramlint.watch(net, torch.optim.SGD(net.parameters(), 0.1)):
        raise ZeroDivisionError
    assert installed() == before
    assert left(net) == []


def test_a_fault_of_ours_does_not_end_the_run(monkeypatch):
    def fails(*_: Any) -> None:
        raise RuntimeError("of ours")

    monkeypatch.setattr("paramlint.live.training.recorder.Recorder.before_step", fails)
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches(3):
            opt.zero_grad()
            error(net(x), y).backward()
            opt.step()
    assert watched.document.degraded == ("the watch ended in step 1: RuntimeError: of ours",)
    assert "degraded" in str(watched)


def test_what_was_watched_is_let_go():
    import gc
    import weakref

    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches(3):
            opt.zero_grad()
            error(net(x), y).backward()
            opt.step()
    references = [weakref.ref(opt)]
    del opt
    gc.collect()
    assert references[0]() is None
    assert watched.document.steps == 3
