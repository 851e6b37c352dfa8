"""What unknown code has nothing to do with: parameters that no loss reaches but by what the code itself computes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from paramlint.model.event import Event
from paramlint.model.model import Model
from paramlint.model.objects import Module, Tensor
from paramlint.model.questions.reach import reached

#: Methods of modules after which a module is what it was, and no result was computed from it.
_OF_MODULES = frozenset(
    {"parameters", "named_parameters", "buffers", "named_buffers", "modules", "named_modules", "children",
     "named_children", "state_dict", "load_state_dict", "train", "eval", "requires_grad_", "cuda", "cpu", "half",
     "float", "to", "apply", "zero_grad", "training"}
)  # fmt: skip
#: Functions that try or keep a model, and compute no loss with it that anybody trains.
_LOOKS = re.compile(
    r"(?:^|_)(?:eval|evaluate|evaluation|valid|validate|val|test|sample|samples|generate|infer|inference|predict|fid|score"
    r"|save|checkpoint|log|plot|print|summary|init|count|postfix|description|scalars?|images?|histogram|figure|grid)(?:_|$)"
)
_TRAINS = re.compile(r"loss|train|step|update|criterion|objective|load")


def is_apart(model: Model, tensors: Iterable[Tensor], at: Event) -> bool:
    """Whether what the code makes of some parameters is all known, so that unknown values cannot depend on them.

    The modules that hold them are made here, are run here and given to no unknown code, and each of their results is
    followed, and is of the call from outside that an event belongs to: what one method gives back another may get.
    """
    mine = frozenset(map(id, tensors))
    methods = model.remember(("apart", mine), lambda: _methods_apart(model, mine))
    if methods != {at.get("inside")} or (model.entry == "class" and _is_given(at)):
        return False
    of_rounds = model.remember("tensors of rounds", lambda: [t for t in model.all_tensors if t.loops])
    return not any(_is_lost(t, mine, at) for t in of_rounds)


def _methods_apart(model: Model, mine: frozenset[int]) -> set[object]:
    """The methods in which modules with some parameters are run, where no unknown code is given these or their results.

    There are none where it may be, or where not all of the modules are known.
    """
    if model.is_cut_short or not model.modules.closed.yes or not all(root.known.yes for root in model.roots):
        return set()
    holders = [m for m in model.modules if any(id(t) in mine for t in m.parameters)]
    left = mine - {id(t) for m in holders for t in m.parameters}
    if left or not all(_is_own(m) for m in holders if m not in model.roots):
        return set()
    objects = {id(m) for m in holders} | mine
    bound = [e for e in model.events("bound") if id(e.get("value")) in objects]
    keepers = {id(e.of) for e in bound}
    holding = [e.of for e in bound] + [e.get("holder") for e in model.events("registered") if id(e.of) in objects]
    if any(isinstance(one, Module) and one not in model.roots and not one.is_made_here for one in holding):
        return set()
    escaped = model.events("escaped")
    if any(id(e.of) in objects | keepers and not _only_tries(e) for e in escaped):
        return set()
    made = {id(t.site.node) for t in model.all_tensors if t.site is not None}
    for event in escaped:
        if isinstance(event.of, Tensor) and event.grad and any(id(t) in mine for t in reached(event.of)):
            is_dropped = getattr(event.site.statement, "value", None) is event.site.node
            is_dropped = is_dropped and event.site.statement.__class__.__name__ == "Expr"
            if (is_dropped or id(event.site.node) not in made) and not _only_tries(event):
                return set()
    return {call.get("inside") for m in holders for call in m.calls if call.grad}


def _is_lost(tensor: Tensor, mine: frozenset[int], at: Event) -> bool:
    """Whether a tensor is of a round of a loop that ends before an event, and may be computed from some parameters.

    What one round hands to the next, and the last one to what follows, is not known, so a loss may come of it.
    """
    if not tensor.recorded or tensor.view or all(loop in at.loops for loop in tensor.loops):
        return False
    reach = reached(tensor)
    return not reach.closed.yes or any(id(t) in mine for t in reach)


def _is_given(event: Event) -> bool:
    """Whether somebody gives the method around an event something, which may come of what the object holds."""
    around = event.way[0].definition
    params = getattr(around, "params", None)
    return params is None or len(params.params) > 1 or bool(params.kwonly_params)


def _is_own(module: Module) -> bool:
    """Whether a module is made by a call in the code, and asked for nothing that may be computed from it."""
    if module.known.yes:
        return module.made is not None
    calls = [call for call in module.calls if call.grad]
    if not module.is_made_here or module.annotation or module.asked - _OF_MODULES:
        return False
    return all(isinstance(call.get("result"), Tensor) for call in calls)


def _only_tries(event: Event) -> bool:
    function = getattr(event.site.node, "func", None)
    name = getattr(getattr(function, "attr", function), "value", "")
    return isinstance(name, str) and _LOOKS.search(name) is not None and _TRAINS.search(name) is None
