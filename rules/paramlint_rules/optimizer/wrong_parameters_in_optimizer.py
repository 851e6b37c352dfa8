"""An optimizer with another model's parameters leaves its own model untrained.

`Adam(policy.parameters())` for the second time, where the value network was meant: its `step()` follows a loss that
does not depend on what it holds, and the network that the loss is about is in no optimizer.

Setup:
    batches = torch.load("batches.pt")

Bad:
    policy, value = nn.Linear(4, 2), nn.Linear(4, 1)
    value_optimizer = torch.optim.Adam(policy.parameters())
    for states, returns in batches:
        value_optimizer.zero_grad()
        nn.functional.mse_loss(value(states), returns).backward()
        value_optimizer.step()

Good:
    policy, value = nn.Linear(4, 2), nn.Linear(4, 1)
    value_optimizer = torch.optim.Adam(value.parameters())
    for states, returns in batches:
        value_optimizer.zero_grad()
        nn.functional.mse_loss(value(states), returns).backward()
        value_optimizer.step()

Leave it: the loss trains nothing on purpose, as in a test.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.knowledge.foreign import words_of
from paramlint.model import Claim, Model, Module, Optimizer, said
from paramlint.model.model import before
from paramlint.model.questions.training import (
    WORDS,
    called,
    doubled_steps,
    held,
    idle_steps,
    owners,
    together,
    twin_of,
    waits_to_train,
)
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.training.training_run import TrainingRun

rule = Rule("PRM711", "wrong-parameters-in-optimizer", group="bug", doc=__doc__, triggers=(Asks(*WORDS),))


@rule.question
def check(model: Model) -> Iterator[Claim]:
    holders = held(model)
    claimed: set[int] = set()
    for optimizer, step, others in idle_steps(model):
        waiting = [m for t in others if id(t) not in holders and (m := waits_to_train(model, t)) is not None]
        twin = twin_of(model, optimizer)
        if optimizer.made is None or not (waiting or (twin is not None and not others)):
            continue
        if not waiting:
            claimed.add(id(optimizer))
            text = f"`{optimizer}` holds what `{twin}` holds, and steps after a loss that depends on none of it"
            yield Claim(said(True), optimizer.made.site, text, about=optimizer)
            continue
        swapped = next((o for t in others for o in holders.get(id(t), ())), None)
        made = swapped.made if swapped is not None and swapped.made is not None else optimizer.made
        claimed.add(id(optimizer))
        root = model.root_of(waiting[0], step)
        depends = f"what `{swapped}` holds" if swapped is not None else f"`{called(model, root)}`"
        yield Claim(
            said(True),
            made.site,
            f"`{optimizer}` steps after a loss that depends on {depends}, and on none of its own parameters",
            about=optimizer,
        )
    for optimizer, twin, step, forgotten in doubled_steps(model):
        if optimizer.made is not None and id(optimizer) not in claimed:
            claimed.add(id(optimizer))
            root = model.root_of(forgotten[0], step)
            part = root if isinstance(root, Module) and not root.is_root else forgotten[0].owner
            yield Claim(
                said(True),
                optimizer.made.site,
                f"`{optimizer}` holds what `{twin}` holds, and `{part}`, on which its loss depends, is in no optimizer",
                about=optimizer,
            )


@rule.question
def check_names(model: Model) -> Iterator[Claim]:
    """Optimizers named after a part that nobody has, that hold what the optimizer of another part holds."""
    if len(model.optimizers.seen) < 2 or not all(o.tensors.closed.yes for o in model.optimizers):
        return
    holders, given_back = held(model), _given_back(model)
    for optimizer in model.optimizers:
        made, twin = optimizer.made, twin_of(model, optimizer)
        if made is None or made.repeats or twin is None or twin.made is None or not together(made, twin.made):
            continue
        if (made.guard & twin.made.guard) is None or not (optimizer.steps.seen or optimizer in given_back):
            continue
        mine, other = _words(optimizer.name), _words(twin.name)
        if other - mine in _held_names(twin):
            mine -= other  # `optimizer_N_B` beside `optimizer_N_F`, of which the other one has `netF`
        for part in model.modules if mine - other else ():
            name = next((name for name in _names(part) if _words(name) == mine), None)
            if name is None or part.made is None or not before(part.made, made) or not _waits(part):
                continue
            if not any(id(t) in holders for t in part.parameters):
                end = f"what `{twin}` holds, and `{name}`, after which it is named, is in no optimizer"
                yield Claim(said(True), made.site, f"`{optimizer}` holds {end}", about=optimizer)
                break


def _held_names(optimizer: Optimizer) -> set[frozenset[str]]:
    """The words of the modules whose parameters an optimizer has, and of those around them."""
    around = {id(m): m for t in optimizer.tensors if t.owner is not None for m in owners(t.owner)}
    return {_words(name) for module in around.values() for name in _names(module)}


def _given_back(model: Model) -> list[object]:
    """The optimizers that `configure_optimizers` gives to the loop of a library."""
    is_lightning = any(root.is_a("LightningModule").yes for root in model.roots)
    return list(model.optimizers) if is_lightning else []


def _names(part: Module) -> list[str]:
    """How a module is called, and the name of each attribute that it is."""
    return [part.name, *(p.key for p in part.places if p.registered)]


def _waits(part: Module) -> bool:
    """Whether a module is made here, and nobody says that it is not to be trained."""
    if part.copy_of is not None or not part.known.yes or part.escaped:
        return False
    mine = part.parameters.seen
    is_free = all(not t.flags.seen and not t.escaped and (t.trains.yes or not t.known) for t in mine)
    return is_free and any(t.known for t in mine)


def _words(name: str) -> frozenset[str]:
    """The words of the last part of a name that say which model is meant: `g` of `netG`, `net_g` and `netg`."""
    return frozenset(word.removeprefix("net") for word in words_of(name.rpartition(".")[2]) if word not in _KINDS)


_KINDS = frozenset({"opt", "optim", "optimizer", "optimiser", "net", "network", "model", "self", "module"})


@rule.training
def watch(run: TrainingRun) -> Iterator[Proof]:
    for seen in run.in_wrong_optimizer:
        first, other = seen.words["optimizer"], seen.words["other"]
        if seen.words["how"] == "both":
            message = f"both `{first}` and `{other}` hold {seen.said}, so each undoes what the other one does"
        else:
            message = f"no loss reaches what `{first}` holds when it steps: what it reaches is in `{other}`"
        yield run.proof(seen, message)
