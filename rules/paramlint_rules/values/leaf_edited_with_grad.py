"""A parameter is edited in place while autograd records, which raises `RuntimeError`.

A parameter is a leaf that requires a gradient. Autograd refuses to change one in place: "a leaf Variable that requires
grad is being used in an in-place operation".

Bad:
    self.scale = nn.Parameter(torch.ones(4))
    self.scale.mul_(0.5)

Good:
    self.scale = nn.Parameter(torch.ones(4))
    with torch.no_grad():
        self.scale.mul_(0.5)

Fix: safe. The same operation under `torch.no_grad()`; before the fix the code raises.
Leave it: every caller has turned autograd off.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.model import Answer, Claim, Event, Model, Tensor
from paramlint.rule import Asks, Rule

#: Parts of a value that are followed.
_MOST_PARTS = 20

rule = Rule(
    "PRM105",
    "leaf-edited-with-grad",
    group="bug",
    fix="safe",
    doc=__doc__,
    beyond_plain=True,
    only_with=frozenset({"__init__", "forward", "backward"}),
    triggers=(Asks("Parameter", "Module", "backward"),),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """Edits where autograd records: in what a constructor or `forward` calls, or beside a pass backward."""
    recording = {"__init__", "forward", *(b.get("inside") for b in model.events("backward") if b.grad)}
    for write in model.events("written"):
        edited = _edited(write.site.node)
        if edited is None or write.get("inside") not in recording or not _raises(write):
            continue
        message = (
            f"`{write.site.text(edited)}` is a leaf that requires grad, so editing it in place raises `RuntimeError`"
        )
        fix = write.site.under_no_grad("Edit it under `torch.no_grad()`")
        yield Claim(Answer("yes", (write,), write.guard), write.site, message, write.of, edited, fix)


def _raises(write: Event) -> bool:
    """Whether a leaf that surely requires a gradient is edited while autograd records."""
    leaf = write.of
    if not isinstance(leaf, Tensor) or leaf.flags.seen:
        return False
    if not (leaf.trains.yes and leaf.trains.certain) and not _is_updated_by_hand(leaf, write):
        return False
    is_leaf = leaf.role == "parameter" or (leaf.role == "plain" and not leaf.view and not leaf.made_from)
    is_edit = write.author == "user" and not write.get("through") and not write.get("initializer")
    if write.get("picked") and not _edits_items(write.site.node):
        return False
    return is_leaf and is_edit and write.grad and "grad" not in str(write.guard)


def _edits_items(node: nodes.Node) -> bool:
    """Whether items of a tensor are assigned to, `w[index] += 1`, which edits it whatever the index is."""
    target = node.target if isinstance(node, nodes.AugAssign) else node
    return isinstance(target, nodes.Subscript)


def _is_updated_by_hand(leaf: Tensor, write: Event) -> bool:
    """Whether a parameter of something unknown is edited by what is computed from its own gradient: it has one."""
    if leaf.known or leaf.role != "parameter":
        return False
    parts = [part for part in write.get("given") or () if isinstance(part, Tensor)]
    for part in parts:
        if part.role == "gradient" and part.base is leaf:
            return True
        parts += [one for one in part.made_from if isinstance(one, Tensor) and one not in parts][:_MOST_PARTS]
    return False


def _edited(node: nodes.Node) -> nodes.BaseExpression | None:
    """What is edited in place by a call of a method, an augmented assignment, or an assignment to an item."""
    if isinstance(node, nodes.Call):
        edited = node.func.value if isinstance(node.func, nodes.Attribute) else None
    elif isinstance(node, nodes.AugAssign):
        edited = node.target
    else:
        edited = node if isinstance(node, nodes.Subscript) else None
    while isinstance(edited, nodes.Subscript):
        edited = edited.value
    return edited
