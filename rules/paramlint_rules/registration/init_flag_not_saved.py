"""A flag that says that the first batch has set the parameters is forgotten when the model is saved.

Some layers take their first values from the first batch: actnorm, codebooks, running scales. Where a plain attribute
remembers that this has happened, `state_dict()` holds the parameters and not the flag. A model that is loaded has the
flag of a new one, so its first batch overwrites what was loaded.

Bad:
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))
            self.started = False

        def forward(self, x):
            if not self.started:
                self.scale.data.copy_(1 / x.std(0))
                self.started = True
            return x * self.scale

Good:
    class Scale(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.ones(4))
            self.register_buffer("started", torch.tensor(False))

        def forward(self, x):
            if not self.started:
                self.scale.data.copy_(1 / x.std(0))
                self.started.fill_(True)
            return x * self.scale

Fix: unsafe. `state_dict()` gains a key, so that older checkpoints no longer load strictly.
Leave it: the flag is set by hand wherever the model is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from paramlint import nodes
from paramlint.facts import Assignment, Class, Scope
from paramlint.facts.creation import is_creation
from paramlint.facts.flag_buffers import buffer_for_flag
from paramlint.facts.package import package_of
from paramlint.facts.writers import written
from paramlint.nodes import operators
from paramlint.nodes.branches import denied
from paramlint.rule import Classes, Finding, Rule

_WRITES = (
    "copy_", "data", "fill_", "add_", "sub_", "mul_", "div_", "normal_", "uniform_", "constant_", "set_", "mean",
)  # fmt: skip

rule = Rule(
    "PRM411",
    "init-flag-not-saved",
    group="bug",
    fix="unsafe",
    doc=__doc__,
    only_with=frozenset({"forward", "register_buffer", "Parameter"}),
    triggers=(Classes(*_WRITES, "register_buffer", "Parameter"),),
)

#: Methods by which a class saves or loads more than its parameters and buffers.
_KEEPING = (
    "get_extra_state", "set_extra_state", "state_dict", "load_state_dict", "_save_to_state_dict",
    "_load_from_state_dict", "__getstate__", "__setstate__",
)  # fmt: skip
_HOOKS = re.compile(r"\b_?register_(?:load_)?state_dict\w*hook")
#: Methods that are given batches beside the pass.
_TELLS = re.compile(r"update|observe|step$|encode|quantize|normalize|inverse|reverse")
#: A state that goes back and forth is none that is reached once.
_SWITCHED = re.compile(r"merge|fuse|fold|frozen|freeze|cache|deploy|train")


@rule.static_class
def check(cls: Class) -> Iterator[Finding]:
    if not cls.is_module or any(cls.method(name) is not None for name in _own(cls, _KEEPING)):
        return
    reached = _reached(cls)
    said: set[str] = set()
    for scope in reached:
        for branch in scope.find(nodes.If):
            for name in _flags(scope, branch.test):
                if name in said or _SWITCHED.search(name) or not _is_plain_flag(cls, name, reached):
                    continue
                start = next((a for a in cls.assignments(name) if _is_start(a) and a.scope.file is cls.file), None)
                overwritten = _overwritten(cls, scope, branch, name)
                if overwritten is None or start is None or start.target is None or _is_managed(cls, name):
                    continue
                said.add(name)
                text = start.scope.text(start.target)
                message = f"`{text}` is not saved, so after loading the first batch overwrites `{overwritten}`"
                yield Finding(start.target, message, buffer_for_flag(cls, name, start))


def _own(cls: Class, names: tuple[str, ...]) -> list[str]:
    """Those of the names that a class of the project defines on the way to torch's."""
    return [name for name in names if any(name in base.outline.methods for base in cls.mro if not _is_torch(base))]


def _is_torch(cls: Class) -> bool:
    return cls.canonical.startswith("torch.")


def _reached(cls: Class) -> list[Scope]:
    """`forward`, the methods by which others tell the class of a batch, and those of the class that these call."""
    starts = [cls.method(name) for name in ("forward", "__call__")]
    starts += [cls.own_method(name) for name in cls.outline.methods if _TELLS.match(name)]
    return _all_called(cls, [method for method in starts if method is not None and not _is_torchs(method)])


def _is_torchs(method: Scope) -> bool:
    return method.cls is not None and _is_torch(method.cls)


def _all_called(cls: Class, starts: list[Scope]) -> list[Scope]:
    """Some methods and the methods of the class that they call, directly or not."""
    found = list(starts)
    for scope in found:
        found += [method for method in _called(cls, scope, scope.nodes) if method not in found]
    return found


def _called(cls: Class, scope: Scope, code: Iterable[nodes.Node]) -> list[Scope]:
    """The methods of the class that some code of one of them calls."""
    calls = (node for node in code if isinstance(node, nodes.Call))
    names = [name for call in calls if (name := scope.self_attribute(call.func)) is not None]
    return [m for name in names if (m := cls.method(name)) is not None and not _is_torchs(m)]


def _arms(scope: Scope, branch: nodes.If) -> list[list[nodes.Node]]:
    """What a test decides about: the code under it and under its `else`, and what follows where one of them leaves."""
    arms = [_inside(scope, arm) for arm in (branch.body, branch.orelse) if arm is not None]
    if any(isinstance(node, nodes.Return) for arm in arms for node in arm):
        block, start = scope.parent(branch), scope.order(branch)
        if block is not None:
            arms.append([node for node in _inside(scope, block) if scope.order(node) > start and node not in arms[0]])
    return arms


def _inside(scope: Scope, code: nodes.Node) -> list[nodes.Node]:
    return [node for node in scope.nodes if any(above is code for above in scope.ancestors(node))]


def _flags(scope: Scope, test: nodes.BaseExpression) -> Iterator[str]:
    """The attributes of which a test asks whether they still have their first value: `not self.x`, `self.x == 0`."""
    if isinstance(test, nodes.BooleanOperation) and isinstance(test.operator, operators.And):
        yield from _flags(scope, test.left)
        yield from _flags(scope, test.right)
    elif (inner := denied(test)) is not None:
        yield from _flags(scope, inner)
    elif isinstance(test, nodes.Comparison) and len(test.comparisons) == 1:
        if scope.text(test.comparisons[0].comparator) in ("0", "False", "True", "1"):
            yield from _flags(scope, test.left)
    elif isinstance(test, (nodes.Attribute, nodes.Name)):
        name = scope.self_attribute(test)
        if name is not None and name != "training":
            yield name


def _is_plain_flag(cls: Class, name: str, reached: list[Scope]) -> bool:
    """Whether an attribute starts as a constant, and gets another value in the pass and nowhere else."""
    assignments = cls.assignments(name)
    starts = [a for a in assignments if _is_start(a)]
    later = [a for a in assignments if a not in starts]
    if not starts or not later or not all(a.scope in reached for a in later):
        return False
    if not all(_constant(a) is not None for a in starts) or not all(_is_later(a) for a in later):
        return False
    return len({_constant(a) for a in later if a.how != "augmented"}) < 2  # switched on and off is no first time


def _is_start(assignment: Assignment) -> bool:
    return assignment.how == "class" or assignment.scope.name == "__init__"


def _constant(assignment: Assignment) -> str | None:
    """The bool or number that an assignment gives."""
    value = assignment.value
    if assignment.how not in ("assign", "class") or not isinstance(value, (nodes.Name, nodes.Integer)):
        return None
    text = assignment.scope.text(value)
    return text if text in ("True", "False", "0", "1") else None


def _is_later(assignment: Assignment) -> bool:
    return assignment.how == "augmented" or _constant(assignment) is not None


def _overwritten(cls: Class, scope: Scope, branch: nodes.If, flag: str) -> str | None:
    """A parameter or saved buffer, as it reads there, that is written where a flag is asked and then set."""
    arms = _arms(scope, branch)
    setting = [arm for arm in arms if _sets(cls, scope, arm, flag)]
    if not setting and flag not in scope.stored:
        return None
    for arm in setting or arms:
        for place, code in ((scope, arm), *((method, method.nodes) for method in _below(cls, scope, arm))):
            for node in code:
                for target in written(place, node):
                    name = _saved(cls, place, target)
                    if name is not None and not _makes_anew(place, node):
                        return name
    return None


def _below(cls: Class, scope: Scope, code: list[nodes.Node]) -> list[Scope]:
    return _all_called(cls, _called(cls, scope, code))


def _sets(cls: Class, scope: Scope, code: list[nodes.Node], flag: str) -> bool:
    stored = {
        scope.self_attribute(node.target) for node in code if isinstance(node, (nodes.AssignTarget, nodes.AugAssign))
    }
    return flag in stored or any(flag in method.stored for method in _below(cls, scope, code))


def _saved(cls: Class, scope: Scope, target: nodes.BaseExpression) -> str | None:
    """How a parameter or saved buffer of the instance is written, of which an expression is a part."""
    while isinstance(target, nodes.Subscript) or (isinstance(target, nodes.Attribute) and target.attr.value == "data"):
        target = target.value
    if not isinstance(target, (nodes.Attribute, nodes.Name)):
        return None
    name, known = scope.self_attribute(target), scope.type(target)
    buffers = [a for a in cls.assignments(name) if a.how == "buffer"] if name is not None else []
    is_saved = bool(buffers) and not any("persistent" in a.scope.text(a.node) for a in buffers)
    return scope.text(target) if is_saved or (known is not None and known.is_parameter) else None


def _makes_anew(scope: Scope, node: nodes.Node) -> bool:
    """Whether the parameter itself is made there, so that there was none to load."""
    value = getattr(node, "value", None)
    return isinstance(node, (nodes.Assign, nodes.AnnAssign)) and value is not None and is_creation(scope, value)


def _is_managed(cls: Class, name: str) -> bool:
    """Whether other code sets the flag, or hooks of the state see to it."""
    file = cls.file
    if any(_HOOKS.search(scope.source) for base in cls.mro if not _is_torch(base) for scope in base.scopes):
        return True
    pattern = re.compile(rf"(?<!self)\.{name}\s*=(?!=)|setattr\([^\n]*[\"']{name}[\"']")
    if pattern.search(file.source.text):
        return True
    package = package_of(file)
    if package is None:
        return False
    in_bytes = re.compile(pattern.pattern.encode())
    return any(in_bytes.search(package.text(path)) for path in package.paths_with(file, name))
