"""A parameter or layer that `forward` makes is new at every call.

It starts from fresh random values each time, no optimizer knows it, and it is not saved. What looks like a layer is
noise. Parameters belong into `__init__`; where their shape is known only from the data, there are lazy modules.

Bad:
    class Net(nn.Module):
        def forward(self, x):
            return nn.Linear(x.shape[-1], 8)(x)

Good:
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.LazyLinear(8)

        def forward(self, x):
            return self.linear(x)

Leave it: the layer's weights are replaced right after, or random features are wanted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint.model import Claim, Event, Model, Module, Tensor
from paramlint.nodes import Call, ClassDef, Expr
from paramlint.rule import Asks, Proof, Rule

if TYPE_CHECKING:
    from paramlint.live.live_model import LiveModel


rule = Rule(
    "PRM407",
    "parameter-created-in-forward",
    group="bug",
    doc=__doc__,
    beyond_plain=True,
    triggers=(Asks("forward", entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    if not any(root.is_a("Module").yes for root in model.roots):
        return
    for what in (*model.modules, *model.parameters):
        made = what.made
        if made is None or made.author != "user" or made.get("inside") != "forward" or not made.grad:
            continue
        if isinstance(made.site.definition, ClassDef) and not made.site.stack:
            continue  # in the body of the class: there is one, whenever it is asked for
        if (
            (isinstance(what, Tensor) and not what.known)
            or what.escaped
            or _is_part(what, made)
            or _only_joins(what)
            or _is_filled(model, what)
            or _is_trained_there(model, what)
        ):
            continue
        owns = what.owns if isinstance(what, Module) else what.trains
        if _is_lazy(what, made) and not _comes_too_late(model, what, made):
            continue
        if isinstance(what, Module) and (
            what.copy_of is not None or not what.known.yes or not isinstance(made.site.node, Call)
        ):
            continue  # what no call makes is put together of modules that were there: a slice, a sum
        calls = (made.site, *reversed(made.site.stack))
        site = next((s for s in calls if s.in_class and s.path == calls[-1].path), calls[-1])
        if isinstance(what, Tensor) and site is not made.site and _is_leaf_of_values(what):
            continue
        if isinstance(what, Module) and site.path == made.site.path and _is_called_where_made(what, made):
            site = made.site  # the function that makes it keeps it to itself
        called = getattr(site.node, "func", site.node)
        kind = "a layer" if isinstance(what, Module) else "a parameter"
        message = f"`{site.text(called)}` makes {kind} anew at every call, so it is not trained"
        yield Claim(owns, site, message, about=what, node=called)


def _is_called_where_made(what: Module, made: Event) -> bool:
    """Whether the code that makes a layer calls it itself."""
    return any(call.site.definition is made.site.definition for call in what.calls)


def _is_part(what: Module | Tensor, made: Event) -> bool:
    """Whether a constructor makes it, or it is in a module that is made in `forward` too."""
    if any(site.function == "__init__" for site in (made.site, *made.site.stack)):
        return True
    holders = [p.holder for p in what.places if isinstance(p.holder, Module)]
    return any(h.made is not None and h.made.get("inside") == "forward" for h in holders)


def _only_joins(what: Module | Tensor) -> bool:
    """Whether a layer is put together of layers that are kept: `nn.Sequential(self.fc1, nn.ReLU(), self.fc2)`."""
    parameters = what.parameters if isinstance(what, Module) else ()
    made = [one.made for one in parameters]
    return bool(made) and all(one is not None and one.get("inside") != "forward" for one in made)


def _is_leaf_of_values(tensor: Tensor) -> bool:
    """Whether it is kept nowhere and wraps what was computed: a leaf to derive by, for as long as a function runs."""
    values = [t for t in tensor.made_from if isinstance(t, Tensor)]
    is_fresh = any(t.made is not None and t.made.kind == "allocated" for t in values)
    return bool(tensor.made_from) and not is_fresh and not tensor.places.seen


def _is_filled(model: Model, what: Module | Tensor) -> bool:
    """Whether its values are given to it, by a state or parameter by parameter."""
    tensors = {id(t) for t in what.parameters} if isinstance(what, Module) else {id(what)}
    given = [e for e in model.events("written", "rebound") if e.author == "user" and e.get("law") == "copied"]
    given += model.events("rebound")
    return any(id(e.of) in tensors for e in given) or bool(model.events("loaded", of=what))


def _is_trained_there(model: Model, what: Module | Tensor) -> bool:
    """Whether the pass is a training of its own: it makes a layer, keeps it nowhere and gives it to an optimizer."""
    if isinstance(what, Tensor) or what.places.seen:
        return False
    given = {id(t) for t in what.parameters}
    # An optimizer of another kind may take the layer itself, `GaussNewton(layer)`: what it holds is not known.
    if any(o.made is not None and o.made.get("inside") == "forward" and not o.tensors.seen for o in model.optimizers):
        return True
    return any(g.module is what or any(id(t) in given for t in o.tensors) for o in model.optimizers for g in o.groups)


def _is_lazy(what: Module | Tensor, made: Event) -> bool:
    """Whether it is kept, and made under a condition: when it is missing, or at the first call.

    A method that is called under a condition, for what it does and not for what it returns, may keep what it makes in a
    list, and what is called later another one.
    """
    kept = [site for p in what.places for site in (p.since.site, *p.since.site.stack)]
    if kept:
        return any(site.in_branch for site in (*kept, *made.site.stack, made.site))
    return any(site.in_branch and isinstance(site.statement, Expr) for site in made.site.stack)


def _comes_too_late(model: Model, what: Module | Tensor, made: Event) -> bool:
    """Whether it is kept under a key that comes with the data, and the class has given an optimizer what was there."""
    keyed = [
        p for p in what.places if isinstance(p.holder, Module) and p.holder.is_a("ParameterDict", "ModuleDict").yes
    ]
    taken = [g for o in model.optimizers for g in o.groups if g.module in model.roots]
    return bool(keyed) and " in " in str(made.guard) and bool(taken)


@rule.runtime
def verify(model: LiveModel) -> Iterator[Proof]:
    if model.forward is None:
        return
    for name in dict.fromkeys(model.forward.created):
        what = f"`{name}` is created anew" if name else "a parameter is created"
        yield model.proof_at(name, f"{what} at each call of forward, so no optimizer ever holds it")
    for name in model.forward.registered_late:
        if name not in model.forward.created:
            message = f"`{name}` is created in the first call of forward, so an optimizer made before does not hold it"
            yield model.proof_at(name, message)
