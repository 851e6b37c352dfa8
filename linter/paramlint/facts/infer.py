"""The types of expressions, inferred from what a scope, its class and the project say; never guessed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from paramlint.facts.classes import Class
from paramlint.facts.moves import join_with_moves, moved
from paramlint.facts.types import (
    BUFFER,
    GRADIENT,
    MODULE,
    NONE,
    OTHER,
    PARAMETER,
    STATE_DICT,
    TENSOR,
    Type,
    join,
)
from paramlint.knowledge import (
    BUFFER_CLASSES,
    MODULE_SELF_METHODS,
    OPTIMIZERS,
    PARAMETER_CLASSES,
    TENSOR_FACTORIES,
    TENSOR_INPLACE,
    ModuleClass,
    module_class,
)
from paramlint.knowledge.foreign import foreign_module

if TYPE_CHECKING:
    from paramlint.facts.files import Symbol
    from paramlint.facts.scopes import Binding, Scope

_DEPTH = 30
#: A value that is being inferred already, further up: it adds nothing to a join.
_CYCLE = Type("none", "cycle")
_active: dict[tuple[int, str], int] = {}
_depth = 0

_COPIES = {"copy.deepcopy", "copy.copy", "deepcopy"}
#: Functions that give back the module they are given, changed in place or wrapped.
_SAME_MODULE = {
    "torch.compile", "torch.jit.script", "torch.nn.utils.weight_norm", "torch.nn.utils.spectral_norm",
    "torch.nn.utils.parametrizations.weight_norm", "torch.nn.utils.parametrizations.spectral_norm",
    "torch.nn.utils.parametrizations.orthogonal", "torch.nn.utils.remove_weight_norm",
}  # fmt: skip
_HOLD_PARAMETERS = {"torch.nn.ParameterList", "torch.nn.ParameterDict"}
_CONTAINERS = {"list", "tuple", "set", "frozenset", "sorted", "reversed", "iter"}
_LAZY = {"filter", "map", "zip", "iter", "itertools.chain"}
_PLAIN_TYPES = {
    "int",
    "float",
    "str",
    "bool",
    "bytes",
    "dict",
    "Dict",
    "Any",
    "Callable",
    "Optional",
    "Union",
}
_LITERALS = (
    cst.Integer, cst.Float, cst.SimpleString, cst.FormattedString, cst.ConcatenatedString, cst.Comparison, cst.Lambda,
)  # fmt: skip


def type_of(scope: Scope, node: cst.CSTNode) -> Type | None:
    """What is known of an expression's value; `None` when it is nothing certain."""
    global _depth
    if _depth > _DEPTH:
        return None
    _depth += 1
    try:
        return _infer(scope, node)
    finally:
        _depth -= 1


def _infer(scope: Scope, node: cst.CSTNode) -> Type | None:
    handler = _HANDLERS.get(node.__class__)
    if handler is not None:
        return handler(scope, node)
    return OTHER if isinstance(node, _LITERALS) else None


def returned(scope: Scope) -> Type | None:
    """What a call of a function gives: what its `return` statements agree on, else its annotation."""
    if not isinstance(scope.node, cst.FunctionDef) or scope.node.asynchronous is not None:
        return None
    key = (id(scope), "return")
    if key in _active:
        return _CYCLE
    _active[key] = 1
    try:
        values = [n.value for n in scope.find(cst.Return) if n.value is not None and _is_own(scope, n)]
        if any(isinstance(n, cst.Yield) for n in scope.nodes):
            return None
        found = join([scope.type(value) for value in values]) if values else None
    finally:
        del _active[key]
    if found is None and scope.node.returns is not None:
        return type_of_annotation(scope, scope.node.returns.annotation)
    return found


def _is_own(scope: Scope, node: cst.CSTNode) -> bool:
    """Whether a `return` belongs to the scope's function, not to one nested in it."""
    nearest = next((a for a in scope.ancestors(node) if isinstance(a, (cst.FunctionDef, cst.Lambda))), None)
    return nearest is scope.node


# Names


def _name(scope: Scope, node: cst.Name) -> Type | None:
    name = node.value
    if name == "None":
        return NONE
    if name in ("True", "False"):
        return OTHER
    if name == scope.self_name and scope.cls is not None:
        return _instance(scope.cls)
    narrowed = _narrowed(scope, node, name)
    if narrowed is not None:
        return narrowed
    bindings = scope.bindings.get(name)
    if bindings:
        return _bound(scope, name, bindings)
    if scope.unit.cls is not None or scope.kind == "function":
        module = scope.file.scope(scope.file.outline.module)
        if module is not scope and name in scope.file.assigned and name not in scope.file.outline.imports:
            outer = module.bindings.get(name)
            if outer and all(b.kind == "assign" for b in outer):
                return _bound(module, name, outer)
    return _class_object(scope.resolve(node))


def _bound(scope: Scope, name: str, bindings: list[Binding]) -> Type | None:
    key = (id(scope), name)
    if key in _active:
        return _CYCLE
    _active[key] = 1
    try:
        bound = [b for b in bindings if b.kind != "augmented"]
        others = [b for b in bound if not _is_moved(b, name)]
        return join_with_moves([_of_binding(scope, b) for b in others], len(others) < len(bound))
    finally:
        del _active[key]


def _is_moved(binding: Binding, name: str) -> bool:
    """Whether a binding is `name = name.to(device)`."""
    if binding.value is None or binding.kind != "assign":
        return False
    inner = moved(binding.value)
    return inner is not binding.value and isinstance(inner, cst.Name) and inner.value == name


def _of_binding(scope: Scope, binding: Binding) -> Type | None:
    if binding.kind == "parameter":
        return _of_parameter(scope, binding)
    if binding.value is None:
        if binding.annotation is not None:
            return type_of_annotation(scope, binding.annotation)
        return None
    if binding.kind == "for":
        return _element(scope, binding.value, binding.index)
    if binding.kind == "assign":
        found = scope.type(binding.value)
        if found is None and binding.annotation is not None:
            return type_of_annotation(scope, binding.annotation)
        return found
    if binding.kind == "unpack":
        whole = scope.type(binding.value)
        return whole.item if whole is not None and not whole.pairs else None
    return None


def _of_parameter(scope: Scope, binding: Binding) -> Type | None:
    """A parameter is what its annotation says; a default shows the kind of value, not which one."""
    param = binding.node
    if isinstance(param, cst.Param) and param.star in ("*", "**"):
        return None
    if binding.annotation is not None:
        annotated = type_of_annotation(scope, binding.annotation)
        if annotated is not None:
            return annotated
    if binding.value is None:
        return _class_of_classmethod(scope, param)
    default = scope.type(binding.value)
    if default is None or default.kind not in ("module", "class", "container"):
        return None
    if default.kind == "container":
        return replace(default, owns=None)
    is_module = default.kind == "module" or module_class(default.name) is not None
    return Type(default.kind, "torch.nn.Module" if is_module else "")


def _class_of_classmethod(scope: Scope, param: cst.CSTNode) -> Type | None:
    """The class itself, where the parameter is the first of a class method."""
    function = scope.node
    if scope.cls is None or not isinstance(function, cst.FunctionDef) or param not in function.params.params[:1]:
        return None
    names = {d.decorator.value for d in function.decorators if isinstance(d.decorator, cst.Name)}
    return Type("class", scope.cls.canonical, scope.cls) if "classmethod" in names else None


def _narrowed(scope: Scope, node: cst.CSTNode, name: str) -> Type | None:
    """The class that an enclosing `if isinstance(name, C)` or `type(name) is C` proves."""
    below: cst.CSTNode = node
    for ancestor in scope.ancestors(node):
        if ancestor.__class__ in _NARROWING:
            if isinstance(ancestor, (cst.If, cst.IfExp)) and below is ancestor.body:
                found = _proved(scope, ancestor.test, name)
                if found is not None:
                    return found
            if isinstance(ancestor, cst.FunctionDef) and any(p.name.value == name for p in ancestor.params.params):
                return None
        below = ancestor
    return None


_NARROWING = frozenset({cst.If, cst.IfExp, cst.FunctionDef})


def _proved(scope: Scope, test: cst.BaseExpression, name: str) -> Type | None:
    if isinstance(test, cst.BooleanOperation) and isinstance(test.operator, cst.And):
        return _proved(scope, test.left, name) or _proved(scope, test.right, name)
    classes: cst.BaseExpression | None = None
    if isinstance(test, cst.Call) and isinstance(test.func, cst.Name) and test.func.value == "isinstance":
        if len(test.args) == 2 and isinstance(test.args[0].value, cst.Name) and test.args[0].value.value == name:
            classes = test.args[1].value
    elif isinstance(test, cst.Comparison) and len(test.comparisons) == 1:
        left, right = test.left, test.comparisons[0]
        if isinstance(right.operator, (cst.Equal, cst.Is)) and isinstance(left, cst.Call):
            if isinstance(left.func, cst.Name) and left.func.value == "type" and len(left.args) == 1:
                argument = left.args[0].value
                if isinstance(argument, cst.Name) and argument.value == name:
                    classes = right.comparator
    if classes is None:
        return None
    options = [e.value for e in classes.elements] if isinstance(classes, cst.Tuple) else [classes]
    types = [_instance_of(scope.resolve(option)) for option in options]
    return join(list(types)) if types else None


def _instance_of(symbol: Symbol | None) -> Type | None:
    if isinstance(symbol, Class):
        return _instance(symbol)
    if not isinstance(symbol, str):
        return None
    if symbol in PARAMETER_CLASSES:
        return PARAMETER
    if symbol == "torch.Tensor":
        return TENSOR
    known = module_class(symbol)
    if known is not None:
        return Type("module", known.name, owns={"always": True, "never": False}.get(known.owns))
    if foreign_module(symbol):
        return MODULE
    return Type("optimizer", symbol) if symbol in OPTIMIZERS else None


def _instance(cls: Class) -> Type | None:
    """A value of a class of the project; a module's own parameters are counted only when somebody asks."""
    if cls.is_module:
        return Type("module", cls.canonical, cls)
    if cls.is_module is False:
        if cls.inherits("torch.optim.Optimizer"):
            return Type("optimizer", cls.canonical, cls)
        return Type("other", cls.canonical, cls)
    return None


def _class_object(symbol: Symbol | None) -> Type | None:
    if isinstance(symbol, Class):
        return Type("class", symbol.canonical, symbol)
    if isinstance(symbol, str) and (module_class(symbol) is not None or foreign_module(symbol)):
        return Type("class", symbol)
    return None


def type_of_annotation(scope: Scope, node: cst.CSTNode) -> Type | None:
    """What a value is according to its annotation: `nn.Linear`, `Optional[nn.Module]`, `list[nn.Parameter]`..."""
    if isinstance(node, cst.SimpleString):
        try:
            node = cst.parse_expression(str(node.evaluated_value))
        except cst.ParserSyntaxError:
            return None
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        return join([type_of_annotation(scope, node.left), type_of_annotation(scope, node.right)])
    if isinstance(node, cst.Name) and node.value == "None":
        return NONE
    if isinstance(node, cst.Subscript):
        return _generic(scope, node)
    if isinstance(node, cst.Name) and node.value in _PLAIN_TYPES - {"Any", "Callable", "Optional", "Union"}:
        return OTHER
    return _instance_of(scope.resolve(node))


def _generic(scope: Scope, node: cst.Subscript) -> Type | None:
    head = (scope.qualified(node.value) or "").rpartition(".")[2]
    inner = [e.slice.value for e in node.slice if isinstance(e.slice, cst.Index)]
    if head == "Optional" and inner:
        return type_of_annotation(scope, inner[0])
    if head == "Union":
        return join([type_of_annotation(scope, i) for i in inner])
    if head in ("type", "Type") and inner:
        of = type_of_annotation(scope, inner[0])
        return Type("class", of.name, of.cls) if of is not None and of.is_module else None
    if head.lower() in ("list", "tuple", "sequence", "iterable", "set", "iterator", "collection") and inner:
        if isinstance(inner[-1], cst.Ellipsis):
            inner.pop()
        item = join([type_of_annotation(scope, i) for i in inner])
        return Type("container", head, item=item, lazy=head in ("Iterator",)) if item is not None else None
    if head.lower() in ("dict", "mapping", "ordereddict", "mutablemapping") and len(inner) == 2:
        item = type_of_annotation(scope, inner[1])
        return Type("container", "dict", item=item) if item is not None else None
    return None


# Attributes, elements


def _attribute(scope: Scope, node: cst.Attribute) -> Type | None:
    owner = scope.type(node.value)
    name = node.attr.value
    if name == "grad" and (owner is None or owner.kind in ("parameter", "tensor")):
        return GRADIENT
    if owner is None:
        return _class_object(scope.resolve(node))
    return attribute_of(owner, name)


def attribute_of(owner: Type, name: str) -> Type | None:
    """What an attribute of a value is."""
    if owner.kind == "module":
        if owner.cls is not None:
            return owner.cls.attribute(name)
        known = module_class(owner.name)
        return _known_attribute(known, name) if known is not None else None
    if owner.kind in ("parameter", "tensor", "buffer"):
        return TENSOR if name in ("data", "T", "mT", "real", "imag") else OTHER
    if owner.cls is not None and owner.kind == "other":
        return owner.cls.attribute(name)
    return None


def _known_attribute(known: ModuleClass, name: str) -> Type | None:
    if name in known.parameters:
        return PARAMETER
    if name in known.buffers:
        return BUFFER
    inner = known.submodules.get(name)
    return _instance_of(inner) if inner is not None else None


def _subscript(scope: Scope, node: cst.Subscript) -> Type | None:
    owner = scope.type(node.value)
    if owner is None:
        return None
    if owner.kind in ("container", "module"):
        is_slice = any(isinstance(e.slice, cst.Slice) for e in node.slice)
        return owner if is_slice else owner.item
    if owner.kind in ("parameter", "tensor", "buffer"):
        return replace(TENSOR, leaf=owner.kind != "parameter")
    return TENSOR if owner.kind == "state_dict" else None


def _element(scope: Scope, iterated: cst.BaseExpression, index: int | None) -> Type | None:
    """What a loop over an expression gives; `index` is the place in a tuple target."""
    if isinstance(iterated, cst.Call) and isinstance(iterated.func, cst.Name) and index is not None:
        arguments = [a.value for a in iterated.args]
        if iterated.func.value == "zip" and index < len(arguments):
            return _element(scope, arguments[index], None)
        if iterated.func.value == "enumerate" and arguments:
            return _element(scope, arguments[0], None) if index == 1 else OTHER
    found = scope.type(iterated)
    if found is None:
        return PARAMETER if index is None and _is_group_of_parameters(iterated) else None
    if index is None:
        return None if found.pairs else found.item
    if found.pairs:
        return found.item if index == 1 else OTHER
    return None


def _is_group_of_parameters(node: cst.BaseExpression) -> bool:
    """`group["params"]` of an optimizer's parameter groups."""
    return (
        isinstance(node, cst.Subscript)
        and len(node.slice) == 1
        and isinstance(node.slice[0].slice, cst.Index)
        and isinstance(node.slice[0].slice.value, cst.SimpleString)
        and node.slice[0].slice.value.evaluated_value == "params"
    )


# Displays


def _sequence(scope: Scope, node: cst.List | cst.Tuple | cst.Set) -> Type | None:
    items: list[Type | None] = []
    for element in node.elements:
        found = scope.type(element.value)
        if isinstance(element, cst.StarredElement):
            found = found.item if found is not None else None
        items.append(found)
    return _container(node.__class__.__name__.lower(), items)


def _dict(scope: Scope, node: cst.Dict) -> Type | None:
    items: list[Type | None] = []
    for element in node.elements:
        found = scope.type(element.value)
        if isinstance(element, cst.StarredDictElement):
            found = found.item if found is not None else None
        items.append(found)
    return _container("dict", items)


def _container(name: str, items: list[Type | None]) -> Type:
    """A container display; whether it owns parameters is asked of its parts when somebody wants to know."""
    return Type("container", name, item=join(items) if items else None, parts=tuple(items))


def _comprehension(scope: Scope, node: cst.ListComp | cst.SetComp | cst.GeneratorExp) -> Type:
    item = scope.type(node.elt)
    lazy = isinstance(node, cst.GeneratorExp)
    return Type("container", "generator" if lazy else "list", item=item, lazy=lazy)


def _dict_comprehension(scope: Scope, node: cst.DictComp) -> Type:
    item = scope.type(node.value)
    return Type("container", "dict", item=item)


# Operators


def _conditional(scope: Scope, node: cst.IfExp) -> Type | None:
    return join([scope.type(node.body), scope.type(node.orelse)])


def _boolean(scope: Scope, node: cst.BooleanOperation) -> Type | None:
    if isinstance(node.operator, cst.Or):
        return join([scope.type(node.left), scope.type(node.right)])
    return scope.type(node.right)


def _arithmetic(scope: Scope, node: cst.BinaryOperation) -> Type | None:
    left, right = scope.type(node.left), scope.type(node.right)
    for side in (left, right):
        if side is not None and side.kind == "container":
            if isinstance(node.operator, cst.Multiply):
                return side
            if left is not None and right is not None and right.kind == left.kind:
                return _container("list", [left.item, right.item])
            return None
    tensors = [t for t in (left, right) if t is not None and t.kind in ("parameter", "tensor", "buffer")]
    if tensors:
        return replace(TENSOR, leaf=all(t.leaf and t.kind != "parameter" for t in tensors))
    return OTHER if left is not None and right is not None and left.kind == right.kind == "other" else None


def _named(scope: Scope, node: cst.NamedExpr) -> Type | None:
    return scope.type(node.value)


def _unary(scope: Scope, node: cst.UnaryOperation) -> Type | None:
    value = scope.type(node.expression)
    if value is not None and value.kind in ("parameter", "tensor", "buffer"):
        return replace(TENSOR, leaf=value.kind != "parameter" and value.leaf)
    return OTHER if isinstance(node.operator, cst.Not) else value


# Calls


def _call(scope: Scope, node: cst.Call) -> Type | None:
    if isinstance(node.func, cst.Attribute):
        receiver = scope.type(node.func.value)
        if receiver is not None and receiver.kind != "class":
            found = _method(receiver, node.func.attr.value)
            if found is not None:
                return found
        elif receiver is not None and receiver.cls is not None:
            return _class_method(receiver, node.func.attr.value)
        elif receiver is None and node.func.attr.value in _MODULE_ITERATORS:
            return _module_method(MODULE, node.func.attr.value)
    name = scope.qualified(node.func)
    if name is not None:
        found = _external(scope, node, name)
        if found is not None:
            return found
    symbol = scope.resolve(node.func)
    if isinstance(symbol, Class):
        return _instance(symbol)
    if symbol is not None and not isinstance(symbol, str):
        return symbol.returned
    called = scope.type(node.func)
    if called is not None and called.kind == "class":
        if called.cls is not None:
            return _instance(called.cls)
        known = module_class(called.name)
        return _module(scope, node, known) if known is not None else _instance_of(called.name)
    return None


def _external(scope: Scope, node: cst.Call, name: str) -> Type | None:
    if name in PARAMETER_CLASSES:
        return PARAMETER
    if name in BUFFER_CLASSES:
        return BUFFER
    if name in OPTIMIZERS:
        return Type("optimizer", name)
    known = module_class(name)
    if known is not None:
        return _module(scope, node, known)
    if foreign_module(name):
        return MODULE
    arguments = [a.value for a in node.args if a.star == ""]
    first = arguments[0] if arguments else None
    if name in TENSOR_FACTORIES:
        return TENSOR
    if first is not None and name in _COPIES:
        return scope.type(first)
    if first is not None and name in _SAME_MODULE:
        return scope.type(first)
    if name.startswith("torch.nn.init."):
        return scope.type(first) if first is not None else None
    if name in _CONTAINERS and first is not None:
        source = scope.type(first)
        if source is not None and source.kind in ("container", "module"):
            return Type(
                "container",
                name,
                item=source.item,
                parts=source.parts,
                owns=source.owns,
                pairs=source.pairs,
                lazy=name in _LAZY,
            )
        return None
    if name in ("filter", "map", "itertools.chain"):
        return _lazy_call(scope, name, arguments)
    if name in ("dict", "collections.OrderedDict", "list", "tuple", "set") and not node.args:
        return Type("container", name.rpartition(".")[2])
    if name in ("functools.partial", "partial") and first is not None:
        of = scope.type(first)
        return of if of is not None and of.kind == "class" else None
    if name in ("len", "int", "float", "str", "sum", "range", "isinstance", "max", "min"):
        return OTHER
    if name == "getattr" and len(arguments) >= 2 and isinstance(arguments[1], cst.SimpleString):
        owner = scope.type(arguments[0])
        return attribute_of(owner, str(arguments[1].evaluated_value)) if owner is not None else None
    return None


def _lazy_call(scope: Scope, name: str, arguments: list[cst.BaseExpression]) -> Type | None:
    if name == "filter" and len(arguments) == 2:
        source = scope.type(arguments[1])
        if source is not None and source.kind in ("container", "module"):
            return Type(
                "container", name, item=source.item, parts=source.parts, owns=source.owns, pairs=source.pairs, lazy=True
            )
        return None
    if name == "itertools.chain":
        sources = [scope.type(a) for a in arguments]
        items = [s.item if s is not None and s.kind == "container" else None for s in sources]
        return Type("container", name, item=join(items), lazy=True) if items else None
    return Type("container", name, lazy=True)


def _module(scope: Scope, node: cst.Call, known: ModuleClass) -> Type:
    """An instance of one of torch's modules, and whether its arguments leave it parameters."""
    if known.owns == "always" or known.owns == "never":
        return Type("module", known.name, owns=known.owns == "always")
    if known.owns == "arguments":
        return Type("module", known.name, owns=_owns_by_arguments(scope, node, known))
    items: list[Type | None] = []
    for arg in node.args:
        value = scope.type(arg.value)
        if value is not None and (arg.star or value.kind == "container"):
            items.extend(value.parts or (value.item or Type("module", owns=value.owns),))
        else:
            items.append(value)
    if known.name in _HOLD_PARAMETERS:
        parts = tuple(item for item in items if item is None or item.is_parameter)
        return Type("module", known.name, item=PARAMETER, parts=parts)
    return Type("module", known.name, item=join(items) if items else None, parts=tuple(items))


def _owns_by_arguments(scope: Scope, node: cst.Call, known: ModuleClass) -> bool | None:
    """Whether arguments such as `affine=False` leave the module without parameters."""
    given = _arguments(node, known.arguments)
    flags = [(given[name], value) for name, value in known.without if name in given]
    if not flags:
        return None if any(arg.star for arg in node.args) else known.owns_by_default
    if any(scope.text(flag) == repr(value) for flag, value in flags):
        return False
    return True if all(scope.text(flag) in ("True", "False") for flag, _ in flags) else None


def _arguments(node: cst.Call, names: tuple[str, ...]) -> dict[str, cst.BaseExpression]:
    """The arguments of a call by name; after a starred one, positions are unknown and left out."""
    given: dict[str, cst.BaseExpression] = {}
    for index, arg in enumerate(node.args):
        if arg.star:
            break
        if arg.keyword is not None:
            given[arg.keyword.value] = arg.value
        elif index < len(names):
            given[names[index]] = arg.value
    return given


def _class_method(receiver: Type, name: str) -> Type | None:
    """What a method gives that is called on a class object: `Net.load(path)`, `Base.__subclasses__()`."""
    if name == "__subclasses__":
        return Type("container", "list", item=receiver)
    method = receiver.cls.method(name) if receiver.cls is not None else None
    return method.returned if method is not None else None


def _method(receiver: Type, name: str) -> Type | None:
    if receiver.kind == "module":
        return _module_method(receiver, name)
    if receiver.kind in ("parameter", "tensor", "buffer"):
        return _tensor_method(receiver, name)
    if receiver.kind == "container":
        if name == "values":
            return Type("container", "values", item=receiver.item, owns=receiver.owns)
        if name == "items":
            return Type("container", "items", item=receiver.item, owns=receiver.owns, pairs=True)
        if name in ("copy",):
            return receiver
        return receiver.item if name in ("pop", "get") else None
    if receiver.cls is not None:
        method = receiver.cls.method(name)
        return method.returned if method is not None else None
    return None


#: Whatever has one of these methods is a module.
_MODULE_ITERATORS = {
    "children",
    "named_children",
    "buffers",
    "modules",
    "named_buffers",
    "named_modules",
    "named_parameters",
    "parameters",
    "state_dict",
}


def _module_method(receiver: Type, name: str) -> Type | None:
    if receiver.cls is not None:
        method = receiver.cls.method(name)
        if method is not None:
            return method.returned if method.cls is None or method.cls.canonical != "torch.nn.Module" else None
    if name in MODULE_SELF_METHODS:
        return receiver
    if name in ("parameters", "named_parameters"):
        return Type("container", name, item=PARAMETER, owns=True, pairs=name != "parameters", lazy=True)
    if name in ("modules", "children", "named_modules", "named_children"):
        return Type("container", name, item=receiver.item or MODULE, pairs=name.startswith("named"), lazy=True)
    if name in ("buffers", "named_buffers"):
        return Type("container", name, item=BUFFER, owns=False, pairs=name.startswith("named"), lazy=True)
    if name == "state_dict":
        return STATE_DICT
    if name == "get_submodule":
        return MODULE
    if name == "get_parameter":
        return PARAMETER
    if name in ("values", "items"):
        return Type("container", name, item=receiver.item, owns=receiver.owns, pairs=name == "items")
    return None


def _tensor_method(receiver: Type, name: str) -> Type | None:
    if name in TENSOR_INPLACE or (name.endswith("_") and not name.endswith("__")):
        return receiver  # `requires_grad_`, `share_memory_`: the tensor itself
    if name in ("item", "tolist", "size", "dim", "numel", "numpy"):
        return OTHER
    leaf = receiver.leaf and receiver.kind != "parameter"
    return replace(TENSOR, leaf=leaf or name in ("detach",))


def _starred(scope: Scope, node: cst.StarredElement) -> Type | None:
    found = scope.type(node.value)
    return found.item if found is not None else None


_HANDLERS: dict[type, Callable[..., Type | None]] = {
    cst.Name: _name,
    cst.Attribute: _attribute,
    cst.Subscript: _subscript,
    cst.List: _sequence,
    cst.Tuple: _sequence,
    cst.Set: _sequence,
    cst.Dict: _dict,
    cst.ListComp: _comprehension,
    cst.SetComp: _comprehension,
    cst.GeneratorExp: _comprehension,
    cst.DictComp: _dict_comprehension,
    cst.IfExp: _conditional,
    cst.BooleanOperation: _boolean,
    cst.BinaryOperation: _arithmetic,
    cst.UnaryOperation: _unary,
    cst.NamedExpr: _named,
    cst.Call: _call,
    cst.StarredElement: _starred,
}
