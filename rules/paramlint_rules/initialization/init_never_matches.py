"""The condition before an initialisation can never be true, or never be false.

The parameters then keep the values that they had, and nothing says so. A lazy layer becomes an ordinary one in its
first call, so `type(m) == nn.LazyLinear` is false once there is something to initialise. `type(m) == (nn.Linear,
nn.Conv2d)` compares a class with a tuple. The names of a compiled model begin with `_orig_mod.`. A colon in place of
`if` makes an annotation, which a function never evaluates. And `"conv" or "head" in name` is always true: a text that
is not empty is true by itself.

Bad:
    for p in model.parameters():
        p.requires_grad: nn.init.normal_(p, std=0.02)

Good:
    for p in model.parameters():
        if p.requires_grad:
            nn.init.normal_(p, std=0.02)

Leave it: the branch is a reminder that is not meant to run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from paramlint import nodes
from paramlint.config.nearest import nearest
from paramlint.facts import Class, Scope
from paramlint.facts.case_classes import takes_all
from paramlint.facts.init_calls import WRITE_NAMES, write_call
from paramlint.facts.parameter_names import (
    matches_prefixed,
    matches_torch_module,
    name_test,
    names_from,
    prefix_of,
)
from paramlint.facts.type_tests import TypeTest, alternatives, case_test, class_asked, is_covered, type_test
from paramlint.knowledge import MODULE_CLASSES, PARAMETER_CLASSES, module_class
from paramlint.model import Answer, Claim, Event, Model, Module, Site
from paramlint.model.questions.visits import (
    modules_below,
    name_of_pair,
    names_below,
    never_true,
    tests_before,
    texts_in,
    whole_visits,
)
from paramlint.nodes import operators
from paramlint.nodes.branches import denied, leaves
from paramlint.rule import Asks, Calls, Finding, Rule
from paramlint.syntax.walk import operands, walk

_ALL_LAYERS = ("modules", "named_modules")
_CHILDREN = ("children", "named_children")

rule = Rule(
    "PRM209",
    "init-never-matches",
    group="bug",
    doc=__doc__,
    triggers=(Calls(*WRITE_NAMES), Asks("named_parameters", *_ALL_LAYERS, *_CHILDREN, "apply")),
)

_ABSTRACT = re.compile(r"torch\.nn\.modules\.\w+\._\w+")
_LAYERS: dict[str, list[str]] = {}
for _full in MODULE_CLASSES:
    _LAYERS.setdefault(_full.rpartition(".")[2].lower(), []).append(_full.rpartition(".")[2])
#: How many letters of a layer's name name it.
_LETTERS = 3
_RECURRENT = ("RNN", "LSTM", "GRU")
_NAMED = (nodes.Name, nodes.Attribute)
_TENSORS = {*PARAMETER_CLASSES, "torch.Tensor"}


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """Parameters gone through by name, and a name among them that none has."""
    never = never_true(model)
    for listed in whole_visits(model):
        loop = listed.site.loop
        name = _name_in(loop) if loop is not None else None
        known = names_below(model, listed.of, listed) if name is not None else None
        if loop is None or name is None or not known:
            continue
        parts = {part for one in known for part in one.split(".")}
        is_own = listed.of in model.roots
        for test in tests_before(_is_write, loop.body, name):
            texts = texts_in(test)
            if not texts or (id(test), listed.inside) not in never:
                continue
            if is_own or any(nearest(text.strip("."), parts) for text in texts):
                said, whole = listed.site.text(test), listed.site.text(loop.iter)
                message = f"`{said}` is never true: `{whole}` gives no such name"
                yield Claim(Answer("yes", (listed,)), listed.site, message, node=test)


@rule.question
def ask_kinds(model: Model) -> Iterator[Claim]:
    """Layers gone through by kind, and none of them of the kind that is asked for, but one that is taken for it."""
    never = never_true(model)
    for listed in whole_visits(model):
        visit = _visit(listed)
        below = modules_below(model, listed.of, listed) if visit is not None else None
        if visit is None or below is None:
            continue
        site, name, body = visit
        tests = [test for test in tests_before(_is_write, body, name) if (id(test), listed.inside) in never]
        written = {id(w.of.owner) for w in model.events("written") if tests and w.author == "user"}
        missed = [m for m in below if _has_weights(m) and id(m) not in written]
        for test in tests:
            like = next((m for m in missed if _is_meant(test, m)), None)
            if like is not None:
                there = like.cls.replace("torch.nn.", "nn.")
                whole = model.name if listed.of in model.roots else listed.of
                why = f"`{whole}` has `{there}`, and no such layer"
                if listed.site.loop is not None and _goes_no_deeper(listed):
                    why = f"each `{there}` of `{whole}` is inside another module, which `children()` does not enter"
                message = f"`{site.text(test)}` is never true: {why}"
                yield Claim(Answer("yes", (listed,)), site, message, node=test)


def _has_weights(module: Module) -> bool:
    """Whether a layer of torch has parameters of its own; norms are left as they are made."""
    is_torch = module.cls.startswith("torch.nn.") and "Norm" not in module.cls
    return is_torch and any(t.role == "parameter" for t in module.tensors)


def _is_meant(test: nodes.BaseExpression, module: Module) -> bool:
    """Whether a condition names a layer, by a text or its class, that one takes for another."""
    kind = module.cls.rpartition(".")[2]
    for text in texts_in(test):
        last = text.rpartition(".")[2]
        is_part = len(last) >= _LETTERS and (last.lower() in kind.lower() or kind.lower() in last.lower())
        if is_part or nearest(last, [kind]) is not None:
            return True
    names = [n.attr.value if isinstance(n, nodes.Attribute) else n.value for n in walk(test) if isinstance(n, _NAMED)]
    return any(_family(n) == _family(kind) for n in names if module_class(f"torch.nn.{n}") is not None)


def _visit(listed: Event) -> tuple[Site, str, nodes.Node] | None:
    """Where a visit of modules is written: the place, the name of the module that it is at, and what it does."""
    visitor, loop = listed.get("visitor"), listed.site.loop
    if visitor is not None and isinstance(visitor.node, nodes.FunctionDef):
        names = [p.name.value for p in visitor.node.params.params if p.name.value != "self"]
        return (visitor, names[0], visitor.node.body) if names else None
    if loop is None or not isinstance(loop.iter, nodes.Call) or not isinstance(loop.iter.func, nodes.Attribute):
        return None
    target = loop.target.elements[-1].value if isinstance(loop.target, nodes.Tuple) else loop.target
    is_of_modules = loop.iter.func.attr.value in _ALL_LAYERS or _goes_no_deeper(listed)
    return (listed.site, target.value, loop.body) if is_of_modules and isinstance(target, nodes.Name) else None


def _goes_no_deeper(listed: Event) -> bool:
    """Whether a visit is of the children only, and of the whole of a model."""
    call = listed.site.node
    name = call.func.attr.value if isinstance(call, nodes.Call) and isinstance(call.func, nodes.Attribute) else ""
    return name in _CHILDREN


def _family(kind: str) -> str:
    """`Conv` of `Conv2d`, `ConvTranspose1d` and `LazyConv3d`: layers that one takes for each other."""
    if kind in _RECURRENT:
        return _RECURRENT[0]
    return re.sub(r"^Lazy|Transpose|[123]d$", "", kind)


def _name_in(loop: nodes.For) -> str | None:
    """`name` of a loop `for name, p in self.named_parameters()`."""
    func = loop.iter.func if isinstance(loop.iter, nodes.Call) else None
    is_by_name = isinstance(func, nodes.Attribute) and func.attr.value == "named_parameters"
    return name_of_pair(loop) if is_by_name else None


def _is_write(call: nodes.Node) -> bool:
    if not isinstance(call, nodes.Call):
        return False
    name = call.func.attr if isinstance(call.func, nodes.Attribute) else call.func
    return isinstance(name, nodes.Name) and name.value in WRITE_NAMES


@rule.static(nodes.AnnAssign)
def check_annotation(node: nodes.AnnAssign, scope: Scope) -> Iterator[Finding]:
    call = node.annotation.annotation
    if scope.kind != "function" or node.value is not None or not isinstance(call, nodes.Call):
        return
    if write_call(scope, call) is not None:
        target, function = scope.text(node.target), scope.text(call.func)
        yield Finding(node, f"`{target}:` makes an annotation, not a condition, so `{function}` never runs")


@rule.static(nodes.If)
def check_always(node: nodes.If, scope: Scope) -> Iterator[Finding]:
    alone = next((test for test in _either(node.test) if _is_always_true(scope, test)), None)
    if alone is not None and _initialises(scope, node):
        text = scope.text(alone)
        what = "a class" if _is_module(scope.resolve(alone)) else "a value"
        yield Finding(node.test, f"`{scope.text(node.test)}` is always true: `{text}` is {what}, not a test")


@rule.static(nodes.If)
def check_find(node: nodes.If, scope: Scope) -> Iterator[Finding]:
    for test in _either(node.test):
        func = test.func if isinstance(test, nodes.Call) else None
        if isinstance(func, nodes.Attribute) and func.attr.value in ("find", "rfind") and _initialises(scope, node):
            if _is_class_name(scope, func.value):
                yield Finding(test, f"`{scope.text(test)}` is -1, which is true, where the name has no such part")


def _either(test: nodes.BaseExpression) -> list[nodes.BaseExpression]:
    """What `or` joins; a tuple, which is true whatever is in it, stands for itself."""
    if isinstance(test, nodes.BooleanOperation) and isinstance(test.operator, operators.Or):
        return _either(test.left) + _either(test.right)
    return [test]


def _is_always_true(scope: Scope, test: nodes.BaseExpression) -> bool:
    """Whether an operand is a text, a class or a tuple of tests: something true that tests nothing."""
    if isinstance(test, nodes.SimpleString):
        return bool(test.evaluated_value)
    if isinstance(test, nodes.Tuple):
        return any(isinstance(e.value, (nodes.Call, nodes.Comparison)) for e in test.elements)
    return isinstance(test, (nodes.Name, nodes.Attribute)) and _is_module(scope.resolve(test))


@rule.static(nodes.If)
def check_condition(node: nodes.If, scope: Scope) -> Iterator[Finding]:
    asked, done = _asked(scope, node)
    tests = [(test, why) for test in operands(asked) if (why := _never(scope, node, test)) is not None]
    lazy = _lazy(scope, alternatives(scope, asked))
    if lazy is not None and not tests:
        tests.append((asked, lazy))
    if tests and any(_initialises(scope, one) for one in done):
        test, why = tests[0]
        yield Finding(test, f"`{scope.text(test)}` is never true: {why}")


@rule.static(nodes.Match)
def check_cases(node: nodes.Match, scope: Scope) -> Iterator[Finding]:
    before: list[TypeTest] = []
    for case in node.cases:
        test = case_test(scope, case)
        if test is None:
            continue
        why = (
            _never_of_type(scope, test)
            or _covered_by(scope, before, test)
            or (_lazy(scope, [test]) if case.guard is None else None)
        )
        if why is not None and _initialises(scope, case.body):
            yield Finding(case.pattern, f"`case {scope.text(case.pattern)}` is never taken: {why}")
        if case.guard is None and takes_all(case.pattern):
            before.append(test)


def _asked(scope: Scope, node: nodes.If) -> tuple[nodes.BaseExpression, Sequence[nodes.Node]]:
    """A condition and what is done where it is met: its body, or what comes after `if not ...: continue`."""
    test, block = denied(node.test), scope.parent(node)
    if test is None or not isinstance(block, nodes.IndentedBlock) or node.orelse is not None or not leaves(node.body):
        return node.test, [node.body]
    lines = list(block.body)
    return test, lines[lines.index(node) + 1 :]


def _initialises(scope: Scope, body: nodes.Node) -> bool:
    return any(isinstance(n, nodes.Call) and write_call(scope, n) is not None for n in walk(body))


def _never(scope: Scope, node: nodes.If, test: nodes.BaseExpression) -> str | None:
    """Why a test is never true; `None` where it may be."""
    asked = type_test(scope, test)
    if asked is not None:
        return _never_of_type(scope, asked) or _covered(scope, node, asked)
    return _never_class(scope, test) or _never_class_name(scope, test) or _never_parameter_name(scope, test)


def _never_of_type(scope: Scope, test: TypeTest) -> str | None:
    if test.exact and len(test.classes) == 1:
        only = test.classes[0]
        if isinstance(only, (nodes.Tuple, nodes.List)):
            return "a class is not equal to a tuple of classes"
        if isinstance(only, nodes.Call) and _is_module(scope.resolve(only.func)):
            return "a class is not equal to a module made here"
        if isinstance(only, nodes.SimpleString):
            return "a class is not equal to a text"
        if _ABSTRACT.fullmatch(scope.qualified(only) or "") or scope.qualified(only) == "torch.nn.Module":
            return f"no module is of the class `{scope.text(only)}` itself"
    symbols = [scope.resolve(c) for c in test.classes]
    if not test.exact and isinstance(test.subject, nodes.Call) and class_asked(scope, test.subject) is not None:
        return "a class is not an instance of a module" if all(map(_is_module, symbols)) else None
    known = scope.type(test.subject)
    if symbols and known is not None and known.is_parameter and all(map(_is_module, symbols)):
        return f"`{scope.text(test.subject)}` is a parameter"
    if symbols and all(symbol in _TENSORS for symbol in symbols):
        if (known is not None and known.is_module) or _is_given_modules(scope, test.subject):
            return f"`{scope.text(test.subject)}` is a module"
    return None


def _is_module(symbol: object) -> bool:
    if isinstance(symbol, Class):
        return symbol.is_module is True
    return isinstance(symbol, str) and module_class(symbol) is not None


def _is_given_modules(scope: Scope, subject: nodes.BaseExpression) -> bool:
    """Whether a name is the parameter of a function that `apply` calls with every module."""
    if not isinstance(subject, nodes.Name) or [b.kind for b in scope.bindings.get(subject.value, ())] != ["parameter"]:
        return False
    if scope.cls is not None and scope.name == "_init_weights":
        return True
    pattern = rf"\.apply\(\s*(?:self\.)?{re.escape(scope.name)}\s*\)"
    return bool(scope.name) and re.search(pattern, scope.file.source.text) is not None


def _covered(scope: Scope, node: nodes.If, test: TypeTest) -> str | None:
    """Whether an earlier branch of the same `if` takes all objects that would pass."""
    parent = scope.parent(node)
    while isinstance(parent, nodes.If) and parent.orelse is node:
        why = _covered_by(scope, alternatives(scope, parent.test), test)
        if why is not None:
            return why
        node, parent = parent, scope.parent(parent)
    return None


def _covered_by(scope: Scope, before: list[TypeTest], test: TypeTest) -> str | None:
    """The branch above that takes all objects that would pass."""
    taken = (scope.text(earlier.node) for earlier in before if is_covered(scope, test, earlier))
    return next((f"an earlier branch takes what passes `{text}`" for text in taken), None)


def _lazy(scope: Scope, tests: list[TypeTest]) -> str | None:
    """Whether a condition asks for lazy modules only: they have become others when they have values."""
    names = [scope.qualified(c) or "" for asked in tests for c in asked.classes]
    if not names or not all(name.startswith("torch.nn.Lazy") for name in names):
        return None
    return f"once it has a shape, the layer is a `{names[0].replace('torch.nn.Lazy', 'nn.')}`"


def _never_class(scope: Scope, test: nodes.BaseExpression) -> str | None:
    """`m is nn.Linear`: a module is not its class."""
    if not isinstance(test, nodes.Comparison) or len(test.comparisons) != 1:
        return None
    right = test.comparisons[0]
    if not isinstance(right.operator, (operators.Is, operators.Equal)) or not _is_module(
        scope.resolve(right.comparator)
    ):
        return None
    known = scope.type(test.left)
    return "a module is not its class" if known is not None and known.is_module else None


def _never_class_name(scope: Scope, test: nodes.BaseExpression) -> str | None:
    """`m.__class__.__name__ == "nn.Linear"`: the name of a class has no module before it."""
    if not isinstance(test, nodes.Comparison) or len(test.comparisons) != 1:
        return None
    operator, right = test.comparisons[0].operator, test.comparisons[0].comparator
    if isinstance(operator, operators.Equal) and _is_class_name(scope, test.left):
        if isinstance(right, nodes.SimpleString):
            said = str(right.evaluated_value)
            return _dotted(said) or _misspelt(said)
        return "the name of a class is not the class" if _is_module(scope.resolve(right)) else None
    if isinstance(operator, operators.In) and _is_class_name(scope, test.left):
        texts = _texts_of(scope, right)
        whys = [_dotted(text) or _misspelt(text) for text in texts]
        return whys[0] if whys and all(whys) else None
    if (
        isinstance(operator, operators.In)
        and _is_class_name(scope, right)
        and isinstance(test.left, nodes.SimpleString)
    ):
        return _dotted(str(test.left.evaluated_value))
    return None


def _texts_of(scope: Scope, node: nodes.BaseExpression) -> list[str]:
    """The texts of a tuple, list or set, which a name may stand for; none where not all are texts."""
    bindings = scope.bindings.get(node.value, []) if isinstance(node, nodes.Name) else []
    value = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else node
    if not isinstance(value, (nodes.Tuple, nodes.List, nodes.Set)):
        return []
    texts = [e.value for e in value.elements]
    are_texts = all(isinstance(text, nodes.SimpleString) for text in texts)
    return [str(text.evaluated_value) for text in texts if isinstance(text, nodes.SimpleString)] if are_texts else []


def _dotted(name: str) -> str | None:
    return "the name of a class has no dots" if "." in name else None


def _misspelt(name: str) -> str | None:
    """Whether one of torch's layers is written that way, but for capitals."""
    alike = _LAYERS.get(name.lower(), [])
    return f"the class is `{alike[0]}`" if alike and name not in alike else None


def _is_class_name(scope: Scope, node: nodes.BaseExpression) -> bool:
    if isinstance(node, nodes.Name):
        bindings = scope.bindings.get(node.value, [])
        value = bindings[0].value if len(bindings) == 1 and bindings[0].kind == "assign" else None
        return value is not None and not isinstance(value, nodes.Name) and _is_class_name(scope, value)
    return (
        isinstance(node, nodes.Attribute)
        and node.attr.value == "__name__"
        and class_asked(scope, node.value) is not None
    )


def _never_parameter_name(scope: Scope, test: nodes.BaseExpression) -> str | None:
    """A parameter's name that no parameter of the module has."""
    asked = name_test(test)
    source = names_from(scope, asked.name) if asked is not None else None
    if asked is None or source is None:
        return None
    prefix = prefix_of(scope, source.value)
    if prefix:
        return None if matches_prefixed(asked, prefix) else f"the names of a wrapped module begin with `{prefix}`"
    known = scope.type(source.value) if source.attr.value == "named_parameters" else None
    if known is None or not known.is_module or known.cls is not None or matches_torch_module(asked, known.name):
        return None
    return f"`{known.name.replace('torch.nn.', 'nn.')}` has no parameter of such a name"
