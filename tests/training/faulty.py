"""Runs with one fault each; what has to be found, and what it has to name."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import paramlint

from .parts import Critic, Generator, Net, Tied, batches, error, plain, step, trained

FAULTY: dict[str, tuple[str, str, Callable[[], Any]]] = {}


def fault(code: str, name: str = "") -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    def add(run: Callable[[], Any]) -> Callable[[], Any]:
        FAULTY[run.__name__] = code, name, run
        return run

    return add


@fault("PRM710", "head.weight")
def head_in_no_optimizer() -> Any:
    net = Net()
    opt = torch.optim.SGD(net.body.parameters(), 0.1)
    return trained(net, opt)


@fault("PRM710", "criterion.scale")
def loss_with_parameters() -> Any:
    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(torch.ones(3))

        def forward(self, output: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            return error(output * self.scale, y)

    net, criterion = Net(), Scaled()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            opt.zero_grad()
            criterion(net(x), y).backward()
            opt.step()
    return watched


@fault("PRM710", "decoder.0.weight")
def second_model_forgotten() -> Any:
    encoder, decoder = plain(), nn.Sequential(nn.Linear(3, 6))
    opt = torch.optim.Adam(encoder.parameters(), 0.01)
    with paramlint.watch({"encoder": encoder, "decoder": decoder}, opt) as watched:
        for x, _ in batches():
            opt.zero_grad()
            (decoder(encoder(x)) - x).square().mean().backward()
            opt.step()
    return watched


@fault("PRM710", "body.0.weight")
def unfrozen_later_and_in_no_optimizer() -> Any:
    net = Net()
    net.body.requires_grad_(False)
    opt = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], 0.1)
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches(8)):
            if i == 3:
                net.body.requires_grad_(True)
            step(net, opt, x, y)
    return watched


@fault("PRM722", "body.0.weight")
def optimizer_of_what_is_frozen() -> Any:
    net = Net()
    for parameter in net.body.parameters():
        parameter.requires_grad_(False)
    opt = torch.optim.SGD(net.body.parameters(), 0.1)
    return trained(net, opt)


@fault("PRM704", "head.weight")
def layer_replaced_after_the_optimizer() -> Any:
    net = Net()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    net.head = nn.Linear(12, 3)
    return trained(net, opt)


@fault("PRM704", "head.weight")
def layer_replaced_in_the_run() -> Any:
    net = Net()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches(8)):
            if i == 3:
                net.head = nn.Linear(12, 3)
            step(net, opt, x, y)
    return watched


@fault("PRM711", "")
def swapped_optimizers() -> Any:
    gen, critic = Generator(), Critic()
    opt_g, opt_d = torch.optim.Adam(critic.parameters(), 1e-3), torch.optim.Adam(gen.parameters(), 1e-3)
    with paramlint.watch({"gen": gen, "critic": critic}, [opt_g, opt_d]) as watched:
        for x, _ in batches():
            opt_d.zero_grad()
            fake = gen(torch.randn(16, 4))
            (critic(fake.detach()).mean() - critic(x).mean()).backward()
            opt_d.step()
            opt_g.zero_grad()
            (-critic(fake).mean()).backward()
            opt_g.step()
    return watched


@fault("PRM711", "")
def both_optimizers_hold_the_generator() -> Any:
    gen, critic = Generator(), Critic()
    opt_g = torch.optim.Adam(gen.parameters(), 1e-3)
    opt_d = torch.optim.Adam([*critic.parameters(), *gen.parameters()], 1e-3)
    with paramlint.watch({"gen": gen, "critic": critic}, [opt_g, opt_d]) as watched:
        for x, _ in batches():
            fake = gen(torch.randn(16, 4))
            opt_d.zero_grad()
            (critic(fake).mean() - critic(x).mean()).backward()
            opt_d.step()
            opt_g.zero_grad()
            (-critic(gen(torch.randn(16, 4))).mean()).backward()
            opt_g.step()
    return watched


@fault("PRM410", "spare.weight")
def layer_never_used() -> Any:
    net = Net()
    net.spare = nn.Linear(12, 3)
    opt = torch.optim.AdamW(net.parameters(), 0.01)
    return trained(net, opt)


@fault("PRM605", "block.0.weight")
def checkpoint_cuts() -> Any:
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block, self.head = plain(), nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(checkpoint(self.block, x, use_reentrant=True))

    net = Checkpointed()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    return trained(net, opt)


@fault("PRM718", "")
def logarithm_of_negative_numbers() -> Any:
    class Logarithm(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.log()

    net = nn.Sequential(nn.Linear(6, 6), Logarithm(), nn.Linear(6, 3))
    opt = torch.optim.SGD(net.parameters(), 0.1)
    return trained(net, opt)


@fault("PRM718", "")
def rate_far_too_high() -> Any:
    net = nn.Linear(6, 1)
    opt = torch.optim.SGD(net.parameters(), 1e30)
    with paramlint.watch(net, opt) as watched:
        for x, _ in batches():
            opt.zero_grad()
            net(x).square().mean().backward()
            opt.step()
    return watched


@fault("PRM603", "body.1")
def frozen_norm_moves() -> Any:
    net = Net()
    net.body.requires_grad_(False)
    opt = torch.optim.SGD(net.head.parameters(), 0.1)
    return trained(net, opt)


@fault("PRM604", "body.0.weight")
def gradients_set_to_zero_under_decay() -> Any:
    net = Net()
    opt = torch.optim.AdamW(net.parameters(), 0.01, weight_decay=0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            opt.zero_grad()
            error(net(x), y).backward()
            for p in net.body.parameters():
                p.grad.zero_()
            opt.step()
    return watched


@fault("PRM604", "0.weight")
def rows_masked_by_a_hook_under_decay() -> Any:
    table = nn.Sequential(nn.Embedding(10, 6), nn.Linear(6, 3))
    mask = (torch.arange(10) > 4).float()[:, None]
    table[0].weight.register_hook(lambda gradient: gradient * mask)
    opt = torch.optim.AdamW(table.parameters(), 0.01, weight_decay=0.1)
    with paramlint.watch(table, opt) as watched:
        for _ in range(6):
            opt.zero_grad()
            error(table(torch.arange(10)), torch.arange(10) % 3).backward()
            opt.step()
    return watched


@fault("PRM604", "body.0.weight")
def frozen_with_gradients_left() -> Any:
    net = Net()
    opt = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9, weight_decay=0.01)
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches(8)):
            if i == 2:
                net.body.requires_grad_(False)
            opt.zero_grad(set_to_none=False)
            error(net(x), y).backward()
            opt.step()
    return watched


@fault("PRM714", "")
def teacher_in_the_optimizer() -> Any:
    student, teacher = plain(), plain()
    teacher.eval()
    opt = torch.optim.Adam([*student.parameters(), *teacher.parameters()], 0.01)
    with paramlint.watch({"student": student, "teacher": teacher}, opt) as watched:
        for x, _ in batches():
            opt.zero_grad()
            (student(x) - teacher(x)).square().mean().backward()
            opt.step()
    return watched


@fault("PRM101", "0.weight")
def clipped_through_data() -> Any:
    net = Critic()
    opt = torch.optim.RMSprop(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, _ in batches():
            opt.zero_grad()
            (net(x).mean() - net(x + 1).mean()).backward()
            opt.step()
            for p in net.parameters():
                p.data.clamp_(-0.01, 0.01)
    return watched


@fault("PRM709", "")
def average_is_the_model() -> Any:
    net = Net()
    ema = net
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            step(net, opt, x, y)
            with torch.no_grad():
                for p, q in zip(ema.parameters(), net.parameters(), strict=True):
                    p.mul_(0.9).add_(q, alpha=0.1)
    return watched


@fault("PRM709", "")
def shadow_without_a_copy() -> Any:
    net = plain(24)
    shadow = {name: p.data for name, p in net.named_parameters()}
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            step(net, opt, x, y)
            for name, p in net.named_parameters():
                shadow[name].mul_(0.99).add_(p.data, alpha=0.01)
    return watched


@fault("PRM715", "0.weight")
def rate_of_zero() -> Any:
    net = plain()
    opt = torch.optim.SGD([{"params": net[0].parameters(), "lr": 0.0}, {"params": net[2].parameters()}], 0.1)
    return trained(net, opt)


@fault("PRM715", "0.weight")
def schedule_ends_at_once() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    schedule = torch.optim.lr_scheduler.LambdaLR(opt, lambda step: step // 1000)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            step(net, opt, x, y)
            schedule.step()
    return watched


@fault("PRM715", "0.weight")
def scaler_skips_each_step() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**120, growth_interval=1, backoff_factor=0.999)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            opt.zero_grad()
            scaler.scale(error(net(x), y) * 1e10).backward()
            scaler.step(opt)
            scaler.update()
    return watched


@fault("PRM725", "weight")
def bf16_updates_too_small() -> Any:
    net = nn.Linear(32, 32).to(torch.bfloat16)
    opt = torch.optim.SGD(net.parameters(), 1e-4)
    with paramlint.watch(net, opt) as watched:
        for _ in range(6):
            opt.zero_grad()
            net(torch.randn(16, 32, dtype=torch.bfloat16)).float().square().mean().backward()
            opt.step()
    return watched


@fault("PRM503", "embed.weight")
def tie_comes_apart() -> Any:
    net = Tied()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for i in range(6):
            if i == 2:
                net.embed.weight = nn.Parameter(net.embed.weight.detach().clone())
                opt.add_param_group({"params": [net.embed.weight]})
            opt.zero_grad()
            error(net(torch.arange(10)), torch.arange(10)).backward()
            opt.step()
    return watched


@fault("PRM302", "0")
def one_layer_several_times() -> Any:
    net = nn.Sequential(*[nn.Linear(6, 6)] * 3, nn.Linear(6, 3))
    opt = torch.optim.Adam(net.parameters(), 0.01)
    return trained(net, opt)


@fault("PRM301", "")
def two_layers_become_one() -> Any:
    net = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 6), nn.Linear(6, 3))
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches()):
            if i == 2:
                net[2].weight = net[0].weight
            step(net, opt, x, y)
    return watched


@fault("PRM712", "")
def average_without_buffers() -> Any:
    net = Net()
    ema = copy.deepcopy(net).requires_grad_(False)
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            step(net, opt, x, y)
            with torch.no_grad():
                for p, q in zip(ema.parameters(), net.parameters(), strict=True):
                    p.lerp_(q, 0.1)
    return watched


@fault("PRM721", "")
def clip_before_backward() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            opt.zero_grad()
            loss = error(net(x), y)
            torch.nn.utils.clip_grad_norm_(net.parameters(), 0.01)
            loss.backward()
            opt.step()
    return watched


@fault("PRM721", "")
def clip_after_the_step() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            step(net, opt, x, y)
            nn.utils.clip_grad_norm_(net.parameters(), 0.01)
    return watched


@fault("PRM722", "")
def loss_is_detached() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            opt.zero_grad()
            error(net(x), y).detach().requires_grad_(True).backward()
            opt.step()
    return watched


@fault("PRM716", "")
def gradients_add_up() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            error(net(x), y).backward()
            opt.step()
    return watched


@fault("PRM717", "")
def gradients_gone_before_the_step() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            error(net(x), y).backward()
            opt.zero_grad()
            opt.step()
    return watched


@fault("PRM701", "")
def best_state_follows() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    best, least = None, float("inf")
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches(8)):
            opt.zero_grad()
            loss = error(net(x), y)
            loss.backward()
            opt.step()
            if i == 2 and loss.item() < least:
                best, least = net.state_dict(), loss.item()
    net.load_state_dict(best)
    return watched


@fault("PRM701", "")
def best_in_a_dict_of_its_own() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    best: dict[str, Any] = {}
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches(8)):
            step(net, opt, x, y)
            if i == 2:
                best = {name: value for name, value in net.state_dict().items()}  # noqa: C416
        net.load_state_dict(best)
    return watched


@fault("PRM723", "")
def generator_leaves_gradients() -> Any:
    gen, critic = Generator(), Critic()
    opt_g, opt_d = torch.optim.Adam(gen.parameters(), 1e-3), torch.optim.Adam(critic.parameters(), 1e-3)
    with paramlint.watch({"gen": gen, "critic": critic}, [opt_g, opt_d]) as watched:
        for x, _ in batches():
            fake = gen(torch.randn(16, 4))
            opt_g.zero_grad()
            (-critic(fake).mean()).backward()
            opt_g.step()
            (critic(fake.detach()).mean() - critic(x).mean()).backward()
            opt_d.step()
            opt_d.zero_grad()
    return watched


@fault("PRM724", "")
def still_in_eval() -> Any:
    net = Net()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches(8)):
            step(net, opt, x, y)
            if i % 3 == 2:
                net.eval()
                with torch.no_grad():
                    net(x)
    return watched


@fault("PRM726", "")
def moments_lost_on_resume() -> Any:
    net = plain()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    for x, y in batches(3):
        step(net, opt, x, y)
    saved = copy.deepcopy({"model": net.state_dict(), "optimizer": opt.state_dict(), "epoch": 1})
    net = plain()
    net.load_state_dict(saved["model"])
    opt = torch.optim.Adam(net.parameters(), 0.01)
    return trained(net, opt)


@fault("PRM726", "")
def state_cleared_in_the_run() -> Any:
    net = plain()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches()):
            if i == 3:
                opt.state.clear()
            step(net, opt, x, y)
    return watched


@fault("PRM401", "layers[0]")
def layers_in_a_list() -> Any:
    class Listed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Linear(6, 6), nn.Linear(6, 6)]
            self.head = nn.Linear(6, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.layers:
                x = torch.tanh(layer(x))
            return self.head(x)

    net = Listed()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    return trained(net, opt)


@fault("PRM709", "")
def average_of_itself_under_another_name() -> Any:
    net = plain(24)
    smooth = net
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            step(net, opt, x, y)
            with torch.no_grad():
                for p, q in zip(smooth.parameters(), net.parameters(), strict=True):
                    p.copy_(0.9 * p + 0.1 * q)
    return watched
