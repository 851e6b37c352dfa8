"""`eval()` is taken for freezing, and the optimizer goes on training the module.

`eval()` switches dropout and the norms' statistics. Gradients flow all the same, and what the optimizer holds is
trained. A backbone that is "frozen" by `eval()` alone drifts away with every step.

Setup:
    batches = torch.load("batches.pt")
    backbone, head = nn.Linear(4, 8), nn.Linear(8, 1)

Bad:
    model = nn.Sequential(backbone, head)
    backbone.eval()  # frozen
    optimizer = torch.optim.Adam(model.parameters())
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()

Good:
    model = nn.Sequential(backbone, head)
    backbone.eval()
    backbone.requires_grad_(False)  # frozen
    optimizer = torch.optim.Adam(head.parameters())
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()

Leave it: only the dropout and the statistics of norms are meant to stand still.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint.model import Claim, Event, Model, Module, Optimizer, said
from paramlint.model.questions.training import below, mode_of, owners, whole_of
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM607",
    "eval-is-not-freezing",
    group="risk",
    doc=__doc__,
    triggers=(Asks("eval"),),
)

_FREEZING = ("frozen", "freez", "not trained", "don't train", "do not train")
_NOT_ALL = ("norm", "bn", "dropout", "statistic", "unfreez", "unfrozen")


@rule.question
def check(model: Model) -> Iterator[Claim]:
    claimed: set[int] = set()
    for module in model.modules:
        mode = next((e for e in module.modes if _means_freezing(e)), None)
        if mode is None or module.is_a("_BatchNorm", "_NormBase").yes:
            continue
        optimizer = _trained_by(model, module) if module.known.yes else _trained_with_all(model, module)
        if optimizer is None or id(module) in claimed or not _may_train(module):
            continue
        listed = [e for e in model.events("listed") if e.of in owners(module)]
        if listed and not any(e.guard.fits(mode.guard) for e in listed):
            continue  # it is given to the optimizer where it is not frozen
        claimed.update(id(m) for m in below(module))
        assert optimizer.made is not None
        yield Claim(
            said(True),
            optimizer.made.site,
            f"`{module}` is meant to be frozen by `eval()` in row {mode.site.row}, and `{optimizer}` trains it",
            about=module,
        )


def _means_freezing(event: Event) -> bool:
    """Whether a module is put into `eval()` mode and the code says there that this freezes it."""
    return (
        event.author == "user"
        and mode_of(event) is False
        and event.site.says(*_FREEZING)
        and not event.site.says(*_NOT_ALL)
    )


def _trained_by(model: Model, module: Module) -> Optimizer | None:
    """The optimizer that holds all parameters of a module."""
    mine = {id(t) for t in module.parameters}
    for optimizer in model.optimizers:
        if mine and mine <= {id(t) for t in optimizer.tensors} and optimizer.made is not None:
            return optimizer
    return None


def _trained_with_all(model: Model, module: Module) -> Optimizer | None:
    """The optimizer that is given all parameters of a model of which a part is not known: an argument, a library's."""
    whole = whole_of(model, module)
    for optimizer in model.optimizers:
        if any(g.module in whole for g in optimizer.groups if g.module is not None and not g.guard):
            return optimizer if optimizer.made is not None else None
    return None


def _may_train(module: Module) -> bool:
    """Whether its parameters require gradients for sure, and it is not used without autograd alone."""
    parameters = [t for owner in owners(module) for t in owner.parameters if not t.known] + [*module.parameters]
    if not all(t.trains.certain and t.trains.yes and not t.flags.seen and not t.escaped for t in parameters):
        return False
    return not module.calls.seen or any(call.grad for call in module.calls)
