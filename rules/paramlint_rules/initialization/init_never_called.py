"""A method that would initialise parameters is defined, and nobody calls it.

The parameters are allocated empty, `reset_parameters` (or `init_weights`) would give them values, but neither
`__init__` nor any other code calls it: `nn.Module` does not. They stay whatever was in memory. Where the method is for
torch's own layers, as `_initialize_weights` often is, they keep torch's values in place of those that were meant.

Bad:
    class Layer(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(width, width))

        def reset_parameters(self):
            nn.init.xavier_uniform_(self.weight)

Good:
    class Layer(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight = nn.Parameter(torch.empty(width, width))
            self.reset_parameters()

        def reset_parameters(self):
            nn.init.xavier_uniform_(self.weight)

Fix: unsafe. `__init__` ends with the call, so the parameters start from other values.
Leave it: code outside the project calls the method.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.knowledge.initializers import initialises
from paramlint.model import Claim, Model, Module, Tensor, said
from paramlint.model.questions.draws import DRAWING
from paramlint.model.questions.empty_memory import ALLOCATORS, written_by_nobody
from paramlint.rule import Asks, Change, Fix, Rule

rule = Rule(
    "PRM205",
    "init-never-called",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    triggers=(Asks(*ALLOCATORS, *DRAWING, entries=("class",)),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A method that nobody calls, and what it alone gives values: memory that is garbage, or layers to be drawn."""
    garbage = list(written_by_nobody(model))
    for root in model.roots:
        for name in sorted(root.uncalled):
            writes = [w for w in model.events("written") if w.get("inside") == name and w.author == "user"]
            method = writes[0].way[0].definition if writes else None
            if method is None or method.name.value != name:
                continue
            empty = [tensor for tensor, only, _ in garbage if only == name]
            drawn = [w.of for w in writes if w.get("law") in DRAWING and _is_left(w.of, root)]
            why = _why(root, method, empty, drawn, writes[0].way[0].class_name.rpartition(".")[2])
            if why is not None:
                fix = _call_at_end(root, name) if not _asked_for(method) else None
                yield Claim(said(True), writes[0].way[0], f"`{name}` is {why}", node=method.name, fix=fix)


def _why(root: Module, method: nodes.FunctionDef, empty: list[Tensor], drawn: list[Tensor], said_by: str) -> str | None:
    """What comes of it that a method is not called; None where it is there for who has something to give."""
    name, cls = method.name.value, root.cls.rpartition(".")[2]
    asked = _asked_for(method)
    if empty and not asked:
        shown = ", ".join(f"`{tensor}`" for tensor in empty[:3])
        return f"never called, so {shown} {'starts' if len(empty) == 1 else 'start'} as garbage"
    if not initialises(name):
        return None  # a layer that has torch's values may be reset later
    if asked:
        is_for_apply = len(asked) == 1 and any(tensor.of_classes for tensor in drawn)
        return f"never applied, so the layers of `{cls}` keep torch's values" if is_for_apply else None
    is_own = said_by == cls  # of what it inherits it may hold nothing
    if not any(is_own or tensor.known for tensor in drawn) or not (name.startswith("_") or root.built_in_its_file.yes):
        return None
    return f"never called, so the layers of `{cls}` keep torch's values"


def _is_left(tensor: object, root: Module) -> bool:
    """Whether it is a parameter of a layer of torch, or of one that is not known, that no other code gives values."""
    if not isinstance(tensor, Tensor) or tensor.owner is root:
        return False
    return not any(w.author == "user" and w.get("inside") not in root.uncalled for w in tensor.writes)


def _asked_for(method: nodes.FunctionDef) -> list[str]:
    """The arguments that a caller of a method has to give."""
    is_static = any(
        isinstance(d.decorator, nodes.Name) and d.decorator.value == "staticmethod" for d in method.decorators
    )
    params = method.params.params[0 if is_static else 1 :]
    return [param.name.value for param in params if param.default is None]


def _call_at_end(root: Module, name: str) -> Fix | None:
    """A call of the method at the end of the constructor that makes what the object holds."""
    for place in root.holds:
        constructor, target = place.since.site.definition, place.since.site.node
        is_plain = place.registered and isinstance(target, nodes.Attribute)
        if is_plain and constructor is not None and constructor.name.value == "__init__":
            last = constructor.body.body[-1]
            call = f"{place.since.site.text(target.value)}.{name}()"
            return Fix(f"Call `{name}` at the end of `__init__`", (Change(last, last, call, "after"),), "unsafe")
    return None
