"""Runs that are right, many of which look wrong: nothing may be said of them."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import paramlint

from .parts import Critic, Generator, Net, Tied, batches, error, plain, step, trained

RIGHT: dict[str, Callable[[], Any]] = {}


def right(run: Callable[[], Any]) -> Callable[[], Any]:
    RIGHT[run.__name__] = run
    return run


@right
def nothing_special() -> Any:
    net = Net()
    opt = torch.optim.AdamW(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            opt.zero_grad()
            error(net(x), y).backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            opt.step()
    return watched


@right
def accumulation() -> Any:
    net = Net()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches(24)):
            (error(net(x), y) / 4).backward()
            if i % 4 == 3:
                nn.utils.clip_grad_norm_(net.parameters(), 1.0)
                opt.step()
                opt.zero_grad(set_to_none=False)
    return watched


@right
def optimizer_of_a_trunk_that_is_thawed_later() -> Any:
    net = Net()
    for parameter in net.body.parameters():
        parameter.requires_grad_(False)
    net.body.eval()
    trunk, head = torch.optim.SGD(net.body.parameters(), 0.01), torch.optim.SGD(net.head.parameters(), 0.1)
    with paramlint.watch(net, [trunk, head]) as watched:
        for x, y in batches():
            trunk.zero_grad()
            head.zero_grad()
            error(net(x), y).backward()
            trunk.step()
            head.step()
    return watched


@right
def warm_up_from_zero() -> Any:
    net = plain()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(opt, lambda step: min(1.0, step / 100))
    with paramlint.watch(net, opt) as watched:
        for x, y in batches(8):
            step(net, opt, x, y)
            schedule.step()
    return watched


@right
def warm_up_by_epochs() -> Any:
    net = plain()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(opt, lambda epoch: min(1.0, epoch / 5))
    with paramlint.watch(net, opt) as watched:
        for x, y in batches(8):
            step(net, opt, x, y)
    schedule.step()
    return watched


class Experts(nn.Module):
    """One of several layers for each point."""

    def __init__(self, idle: bool = True) -> None:
        super().__init__()
        self.router = nn.Linear(6, 4)
        self.experts = nn.ModuleList([nn.Linear(6, 3) for _ in range(4)])
        if idle:
            with torch.no_grad():
                self.router.bias[3] = -100.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        weights = self.router(x).softmax(-1)
        chosen = weights.argmax(-1)
        out = x.new_zeros(len(x), 3)
        for i, expert in enumerate(self.experts):
            mine = chosen == i
            if mine.any():
                out[mine] = expert(x[mine]) * weights[mine, i : i + 1]
        return out


@right
def mixture_of_experts() -> Any:
    net = Experts()
    opt = torch.optim.AdamW(net.parameters(), 0.01, weight_decay=0.1)
    return trained(net, opt)


def teach(update: Callable[[nn.Module, nn.Module], None], training: bool = False) -> Any:
    net = Net()
    teacher = copy.deepcopy(net).requires_grad_(False).train(training)
    opt = torch.optim.AdamW(net.parameters(), 0.01)
    with paramlint.watch({"student": net, "teacher": teacher}, opt) as watched:
        for x, y in batches():
            with torch.no_grad():
                wanted = teacher(x + 0.1)
            opt.zero_grad()
            output = net(x)
            (error(output, y) + (output - wanted).square().mean()).backward()
            opt.step()
            update(teacher, net)
    return watched


@right
def mean_teacher_in_training_mode() -> Any:
    @torch.no_grad()
    def update(teacher: nn.Module, net: nn.Module) -> None:
        for p, q in zip(teacher.parameters(), net.parameters(), strict=True):
            p.mul_(0.9).add_(q, alpha=0.1)

    return teach(update, training=True)


@right
def mean_teacher_through_data() -> Any:
    def update(teacher: nn.Module, net: nn.Module) -> None:
        for p, q in zip(teacher.parameters(), net.parameters(), strict=True):
            p.data.mul_(0.9).add_(q.data, alpha=0.1)
        for p, q in zip(teacher.buffers(), net.buffers(), strict=True):
            p.copy_(q)

    return teach(update)


@right
def average_with_buffers() -> Any:
    net = Net()
    average = torch.optim.swa_utils.AveragedModel(
        net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9), use_buffers=True
    )
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            step(net, opt, x, y)
            average.update_parameters(net)
    return watched


@right
def average_of_weights_with_update_of_norms_later() -> Any:
    net = Net()
    average = torch.optim.swa_utils.AveragedModel(net)
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            step(net, opt, x, y)
            average.update_parameters(net)
    torch.optim.swa_utils.update_bn([x for x, _ in batches(3)], average)
    return watched


@right
def shadow_with_copies() -> Any:
    net = plain()
    shadow = {name: p.detach().clone() for name, p in net.named_parameters()}
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            step(net, opt, x, y)
            for name, p in net.named_parameters():
                shadow[name].mul_(0.9).add_(p.data, alpha=0.1)
    return watched


class Adapted(nn.Module):
    """A frozen layer with a low-rank one beside it that starts at zero."""

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Linear(6, 6).requires_grad_(False)
        self.down, self.up = nn.Linear(6, 2, bias=False), nn.Linear(2, 6, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.base(x) + self.up(self.down(x))


@right
def adapters_that_start_at_zero() -> Any:
    net = nn.Sequential(Adapted(), nn.Tanh(), Adapted())
    opt = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], 0.01)
    return trained(net, opt)


@right
def zero_started_residuals() -> Any:
    class Gated(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.gate = nn.Linear(6, 6), nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x + self.gate * torch.tanh(self.layer(x))

    net = nn.Sequential(Gated(), Gated(), nn.Linear(6, 3))
    opt = torch.optim.SGD(net.parameters(), 0.1, weight_decay=1e-4)
    return trained(net, opt)


@right
def clipped_weights_of_a_critic() -> Any:
    gen, critic = Generator(), Critic()
    opt_g, opt_d = torch.optim.RMSprop(gen.parameters(), 5e-5), torch.optim.RMSprop(critic.parameters(), 5e-5)
    with paramlint.watch({"gen": gen, "critic": critic}, [opt_g, opt_d], steps=15) as watched:
        for i, (x, _) in enumerate(batches(15)):
            opt_d.zero_grad()
            fake = gen(torch.randn(16, 4)).detach()
            (critic(fake).mean() - critic(x).mean()).backward()
            opt_d.step()
            with torch.no_grad():
                for p in critic.parameters():
                    p.clamp_(-0.01, 0.01)
            if i % 5 == 4:
                opt_g.zero_grad()
                (-critic(gen(torch.randn(16, 4))).mean()).backward()
                opt_g.step()
    return watched


@right
def generator_and_critic_take_turns() -> Any:
    gen, critic = Generator(), Critic()
    opt_g, opt_d = torch.optim.Adam(gen.parameters(), 1e-3), torch.optim.Adam(critic.parameters(), 1e-3)
    with paramlint.watch({"gen": gen, "critic": critic}, [opt_g, opt_d]) as watched:
        for x, _ in batches():
            fake = gen(torch.randn(16, 4))
            opt_d.zero_grad()
            critic(x).mean().backward()
            (-critic(fake.detach()).mean()).backward()
            opt_d.step()
            opt_g.zero_grad()
            critic(fake).mean().backward()
            opt_g.step()
    return watched


@right
def critic_is_frozen_for_the_generator() -> Any:
    gen, critic = Generator(), Critic()
    opt_g, opt_d = torch.optim.Adam(gen.parameters(), 1e-3), torch.optim.Adam(critic.parameters(), 1e-3)
    with paramlint.watch({"gen": gen, "critic": critic}, [opt_g, opt_d]) as watched:
        for x, _ in batches():
            critic.requires_grad_(True)
            opt_d.zero_grad()
            (critic(gen(torch.randn(16, 4)).detach()).mean() - critic(x).mean()).backward()
            opt_d.step()
            critic.requires_grad_(False)
            opt_g.zero_grad()
            (-critic(gen(torch.randn(16, 4))).mean()).backward()
            opt_g.step()
    return watched


@right
def gradient_penalty() -> Any:
    critic = Critic()
    opt = torch.optim.Adam(critic.parameters(), 1e-3)
    with paramlint.watch(critic, opt) as watched:
        for x, _ in batches():
            x.requires_grad_(True)
            score = critic(x)
            (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
            opt.zero_grad()
            (score.mean() + (slope.norm(dim=1) - 1).square().mean()).backward()
            opt.step()
    return watched


@right
def frozen_norms_in_eval() -> Any:
    net = Net()
    opt = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], 0.1)
    net.body.requires_grad_(False)
    with paramlint.watch(net, torch.optim.SGD(net.head.parameters(), 0.1)) as watched:
        opt = torch.optim.SGD(net.head.parameters(), 0.1)
        for x, y in batches():
            net.train()
            net.body[1].eval()
            step(net, opt, x, y)
    return watched


@right
def closures() -> Any:
    net = plain()
    opt = torch.optim.LBFGS(net.parameters(), max_iter=4)
    x, y = next(batches(1))

    def closure() -> torch.Tensor:
        opt.zero_grad()
        loss = error(net(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 10.0)
        return loss

    with paramlint.watch(net, opt) as watched:
        for _ in range(4):
            opt.step(closure)
    return watched


@right
def scaler_that_skips_at_first() -> Any:
    net = plain()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**126, backoff_factor=2.0**-40)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches(10):
            opt.zero_grad()
            scaler.scale(error(net(x), y) * 100).backward()
            scaler.unscale_(opt)
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            scaler.step(opt)
            scaler.update()
    return watched


@right
def two_optimizers_for_one_model() -> Any:
    net = Net()
    slow, fast = torch.optim.SGD(net.body.parameters(), 0.01), torch.optim.Adam(net.head.parameters(), 0.01)
    with paramlint.watch(net, [slow, fast]) as watched:
        for x, y in batches():
            slow.zero_grad()
            fast.zero_grad()
            error(net(x), y).backward()
            slow.step()
            fast.step()
    return watched


@right
def one_optimizer_steps_less_often() -> Any:
    net = Net()
    slow, fast = torch.optim.SGD(net.body.parameters(), 0.01), torch.optim.Adam(net.head.parameters(), 0.01)
    with paramlint.watch(net, [slow, fast]) as watched:
        for i, (x, y) in enumerate(batches(12)):
            fast.zero_grad()
            error(net(x), y).backward()
            fast.step()
            if i % 4 == 3:
                slow.step()
                slow.zero_grad()
    return watched


@right
def thawed_by_a_schedule() -> Any:
    net = Net()
    net.body.requires_grad_(False)
    opt = torch.optim.SGD(net.head.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches(8)):
            net.train()
            net.body.train(i >= 3)
            if i == 3:
                net.body.requires_grad_(True)
                opt.add_param_group({"params": net.body.parameters(), "lr": 0.01})
            step(net, opt, x, y)
    return watched


@right
def thawed_with_a_new_optimizer() -> Any:
    net = plain()
    net[0].requires_grad_(False)
    opt = torch.optim.Adam(net[2].parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches(8)):
            if i == 3:
                net.requires_grad_(True)
                opt = torch.optim.Adam(net.parameters(), 0.001)
            step(net, opt, x, y)
    return watched


@right
def phases_of_evaluation() -> Any:
    net = Net()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    best: dict[str, Any] = {}
    with paramlint.watch(net, opt) as watched:
        for _ in range(3):
            net.train()
            for x, y in batches(3):
                step(net, opt, x, y)
            net.eval()
            with torch.no_grad():
                error(net(x), y)
            best = copy.deepcopy(net.state_dict())
    net.load_state_dict(best)
    return watched


@right
def states_that_are_saved() -> Any:
    net = plain()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for i, (x, y) in enumerate(batches(8)):
            step(net, opt, x, y)
            if i % 3 == 0:
                checkpoint_ = {"model": net.state_dict(), "optimizer": opt.state_dict()}
                torch.save(checkpoint_, io.BytesIO())
    return watched


@right
def target_that_is_copied_now_and_then() -> Any:
    policy = plain()
    target = copy.deepcopy(policy)
    opt = torch.optim.RMSprop(policy.parameters(), 0.01)
    with paramlint.watch({"policy": policy, "target": target}, opt) as watched:
        for i, (x, _) in enumerate(batches(9)):
            with torch.no_grad():
                wanted = 1 + 0.9 * target(x).max(1).values
            opt.zero_grad()
            (policy(x).max(1).values - wanted).square().mean().backward()
            opt.step()
            if i % 3 == 2:
                state = policy.state_dict()
                target.load_state_dict(state)
    return watched


@right
def resumed_with_its_moments() -> Any:
    net = plain()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    for x, y in batches(3):
        step(net, opt, x, y)
    saved = copy.deepcopy({"model": net.state_dict(), "optimizer": opt.state_dict(), "epoch": 1})
    net = plain()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    net.load_state_dict(saved["model"])
    opt.load_state_dict(saved["optimizer"])
    return trained(net, opt)


@right
def tuned_from_other_weights() -> Any:
    weights = plain().state_dict()
    net = plain()
    net.load_state_dict(weights)
    net[2] = nn.Linear(6, 3)
    opt = torch.optim.Adam(net.parameters(), 0.01)
    return trained(net, opt)


@right
def tied_all_along() -> Any:
    net = Tied()
    opt = torch.optim.AdamW(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for _ in range(5):
            opt.zero_grad()
            error(net(torch.arange(4)), torch.arange(4)).backward()
            opt.step()
    return watched


@right
def embeddings_of_rare_words_decay() -> Any:
    net = nn.Sequential(nn.Embedding(5000, 8, sparse=False), nn.Linear(8, 3))
    opt = torch.optim.AdamW(net.parameters(), 0.01, weight_decay=0.1)
    with paramlint.watch(net, opt) as watched:
        for _ in range(5):
            opt.zero_grad()
            error(net(torch.randint(5000, (16,))), torch.randint(3, (16,))).backward()
            opt.step()
    return watched


@right
def sparse_gradients() -> Any:
    net = nn.Sequential(nn.Embedding(5000, 8, sparse=True), nn.Linear(8, 3))
    opt, other = torch.optim.SparseAdam(net[0].parameters(), 0.01), torch.optim.Adam(net[1].parameters(), 0.01)
    with paramlint.watch(net, [opt, other]) as watched:
        for _ in range(5):
            opt.zero_grad()
            other.zero_grad()
            error(net(torch.randint(5000, (16,))), torch.randint(3, (16,))).backward()
            opt.step()
            other.step()
    return watched


@right
def checkpointed_right() -> Any:
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.block, self.head = plain(), nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(checkpoint(self.block, x, use_reentrant=False))

    net = Checkpointed()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    return trained(net, opt)


@right
def checkpointed_with_reentry() -> Any:
    class Checkpointed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.block, self.head = nn.Linear(6, 6), plain(), nn.Linear(3, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(checkpoint(self.block, self.stem(x), use_reentrant=True))

    net = Checkpointed()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    return trained(net, opt)


@right
def picture_is_optimized() -> Any:
    net = plain()
    picture = torch.randn(4, 6, requires_grad=True)
    opt = torch.optim.Adam([picture], 0.1)
    with paramlint.watch(net, opt) as watched:
        for _ in range(6):
            opt.zero_grad()
            (-net(picture)[:, 0].mean()).backward()
            opt.step()
    return watched


@right
def features_of_a_fixed_network() -> Any:
    net = nn.Sequential(nn.Linear(6, 6), nn.Tanh())
    perceptual = plain().eval()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, _ in batches():
            opt.zero_grad()
            (perceptual(net(x)) - perceptual(x)).square().mean().backward()
            opt.step()
    return watched


@right
def adversary_perturbs_the_input() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            x.requires_grad_(True)
            error(net(x), y).backward()
            x = (x + 0.1 * x.grad.sign()).detach()
            step(net, opt, x, y)
    return watched


@right
def sharpness_aware() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            error(net(x), y).backward()
            with torch.no_grad():
                moves = [0.05 * p.grad / (p.grad.norm() + 1e-12) for p in net.parameters()]
                for p, move in zip(net.parameters(), moves, strict=True):
                    p.add_(move)
            opt.zero_grad()
            error(net(x), y).backward()
            with torch.no_grad():
                for p, move in zip(net.parameters(), moves, strict=True):
                    p.sub_(move)
            opt.step()
            opt.zero_grad()
    return watched


@right
def last_layer_waits() -> Any:
    net = plain()
    opt = torch.optim.AdamW(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            opt.zero_grad()
            error(net(x), y).backward()
            for p in net[2].parameters():
                p.grad = None
            opt.step()
    return watched


@right
def parameters_updated_by_hand() -> Any:
    net = plain()
    with paramlint.watch(net) as watched:
        for x, y in batches():
            error(net(x), y).backward()
            with torch.no_grad():
                for p in net.parameters():
                    p -= 0.1 * p.grad
            watched.step()
            net.zero_grad()
    return watched


@right
def autocast_in_bf16() -> Any:
    net = Net()
    opt = torch.optim.AdamW(net.parameters(), 1e-4)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            opt.zero_grad()
            with torch.autocast("cpu", torch.bfloat16):
                loss = error(net(x), y)
            loss.backward()
            opt.step()
    return watched


@right
def bf16_with_large_enough_updates() -> Any:
    net = plain(32).to(torch.bfloat16)
    opt = torch.optim.Adam(net.parameters(), 1e-2)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            opt.zero_grad()
            error(net(x.to(torch.bfloat16)).float(), y).backward()
            opt.step()
    return watched


@right
def norm_of_gradients_only_measured() -> Any:
    net = plain()
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            step(net, opt, x, y)
            nn.utils.clip_grad_norm_(net.parameters(), float("inf"))
    return watched


@right
def layers_dropped_at_random() -> Any:
    class Dropping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(6, 6) for _ in range(6)])
            self.head = nn.Linear(6, 3)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            for layer in self.layers:
                if torch.rand(()) < 0.3:
                    x = x + torch.tanh(layer(x))
            return self.head(x)

    net = Dropping()
    opt = torch.optim.AdamW(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches(4):
            step(net, opt, x, y)
    return watched


@right
def momentum_encoder_inside() -> Any:
    class Contrast(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder_q = Net()
            self.encoder_k = copy.deepcopy(self.encoder_q).requires_grad_(False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            with torch.no_grad():
                for p, q in zip(self.encoder_k.parameters(), self.encoder_q.parameters(), strict=True):
                    p.data = p.data * 0.9 + q.data * 0.1
                keys = self.encoder_k(x + 0.01)
            return self.encoder_q(x) @ keys.T

    net = Contrast()
    opt = torch.optim.SGD(net.parameters(), 0.1, weight_decay=1e-4)
    with paramlint.watch(net, opt) as watched:
        for x, _ in batches():
            opt.zero_grad()
            error(net(x), torch.arange(len(x))).backward()
            opt.step()
    return watched


@right
def nothing_is_trained_yet() -> Any:
    net = Net()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        net(torch.randn(4, 6)).sum().backward()
    return watched


@right
def a_round_for_each_client() -> Any:
    net = plain()
    whole = plain()
    with paramlint.watch(net) as watched:
        for _ in range(3):
            net.load_state_dict(whole.state_dict())
            opt = torch.optim.Adam(net.parameters(), 0.01)
            for x, y in batches(3):
                step(net, opt, x, y)
            whole.load_state_dict(net.state_dict())
    return watched


@right
def pruned_weights_stay_zero() -> Any:
    net = plain()
    mask = (torch.rand_like(net[0].weight) > 0.5).float()
    with torch.no_grad():
        net[0].weight.mul_(mask)
    opt = torch.optim.AdamW(net.parameters(), 0.01, weight_decay=0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            opt.zero_grad()
            error(net(x), y).backward()
            net[0].weight.grad.mul_(mask)
            opt.step()
            with torch.no_grad():
                net[0].weight.mul_(mask)
    return watched


@right
def gradients_of_a_function() -> Any:
    net = plain()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            held = {name: p.detach() for name, p in net.named_parameters()}
            grads = torch.func.grad(lambda given: error(torch.func.functional_call(net, given, (x,)), y))(held)  # noqa: B023
            for name, p in net.named_parameters():
                p.grad = grads[name]
            opt.step()
    return watched


@right
def embeddings_of_source_and_target() -> Any:
    class Translation(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.source_embed, self.target_embed = nn.Embedding(10, 6), nn.Embedding(10, 6)
            self.refine, self.slow = nn.Linear(6, 6), nn.Linear(6, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.slow(torch.tanh(self.refine(self.source_embed(x) + self.target_embed(x))))

    net = Translation()
    opt = torch.optim.AdamW(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for _ in range(5):
            opt.zero_grad()
            error(net(torch.arange(10)), torch.arange(10)).backward()
            opt.step()
    return watched


@right
def actor_and_critic_share_a_trunk() -> Any:
    class ActorCritic(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            trunk = nn.Linear(6, 8)
            self.actor = nn.Sequential(trunk, nn.Tanh(), nn.Linear(8, 3))
            self.critic = nn.Sequential(trunk, nn.Tanh(), nn.Linear(8, 1))

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return self.actor(x), self.critic(x)

    net = ActorCritic()
    opt = torch.optim.Adam(net.parameters(), 0.01)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches():
            logits, value = net(x)
            opt.zero_grad()
            (error(logits, y) + value.square().mean()).backward()
            opt.step()
    return watched


@right
def sharpness_aware_through_data() -> Any:
    net = plain(24)
    opt = torch.optim.SGD(net.parameters(), 0.1)
    with paramlint.watch(net, opt) as watched:
        for x, y in batches(8):
            error(net(x), y).backward()
            moves = [0.05 * p.grad / (p.grad.norm() + 1e-12) for p in net.parameters()]
            kept = [p.detach().clone() for p in net.parameters()]
            for p, move in zip(net.parameters(), moves, strict=True):
                p.data.add_(move)
            opt.zero_grad()
            error(net(x), y).backward()
            for p, value in zip(net.parameters(), kept, strict=True):
                p.data.copy_(value)
            opt.step()
            opt.zero_grad()
    return watched
