"""What names and attributes stand for."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.reading.values import UNKNOWN, ClassValue, Const, Function, Named, Thing, Value, either, options
from paramlint.facts.scopes import Scope
from paramlint.knowledge.gluon_names import block_name
from paramlint.knowledge.keras_names import INITIALIZERS, LAYERS, OPTIMIZERS, is_base, public_name

if TYPE_CHECKING:
    from paramlint.facts.reading.reader import Reader

_CONSTANTS: dict[str, object] = {"None": None, "True": True, "False": False}
#: Values that an attribute of one of several is asked of.
_MOST = 6


def name(reader: Reader, node: nodes.Name) -> Value:
    """What a plain name stands for."""
    word = node.value
    if word in _CONSTANTS:
        return Const(_CONSTANTS[word])
    for names in (reader.frame.names, reader.frame.outer, reader.globals.get(reader.frame.scope.file.path, {})):
        if word in names:
            return names[word]
    return _resolved(reader, node, word)


def is_local(reader: Reader, word: str) -> bool:
    """Whether the code that is read has given a name a value."""
    frame = reader.frame
    names = (frame.names, frame.outer, reader.globals.get(frame.scope.file.path, {}))
    return any(word in one for one in names)


def dotted(reader: Reader, node: nodes.Attribute) -> Value | None:
    """What a dotted name stands for that begins with one of the file or an import; `None` for any other."""
    scope = reader.frame.scope
    written = scope.dotted(node)
    if written is None or is_local(reader, written.partition(".")[0]):
        return None
    head = written.partition(".")[0]
    if head not in scope.file.outline.imports and not scope.file.outline.star_imports:
        if head not in scope.file.outline.classes:
            return None
    found = _resolved(reader, node, written)
    return None if found is UNKNOWN else found


def _resolved(reader: Reader, node: nodes.Node, written: str) -> Value:
    scope = reader.frame.scope
    symbol = scope.resolve(node)
    if isinstance(symbol, Class):
        return of_class(symbol)
    if isinstance(symbol, Scope):
        return of_scope(symbol)
    if isinstance(symbol, str):
        return Named(public(symbol))
    if "." not in written and (value := _of_module(reader, written)) is not None:
        return value
    said = scope.qualified(node)
    if said is None or (said == written and "." in written):
        return UNKNOWN
    if said == written and not hasattr(builtins, written) and written not in scope.file.outline.imports:
        return reader.global_names(scope.file).setdefault(written, Value())  # defined nowhere: one value all the same
    return Named(public(said))


def _of_module(reader: Reader, word: str) -> Value | None:
    """What the code of the module gives a name, where it does so once."""
    from paramlint.facts.reading.reader import Frame

    file = reader.frame.scope.file
    if word not in file.outline.assigned:
        return None
    module = file.scope(file.outline.module)
    bindings = [b for b in module.bindings.get(word, ()) if b.kind != "import"]
    if len(bindings) != 1 or bindings[0].kind != "assign" or bindings[0].value is None:
        return UNKNOWN
    names = reader.global_names(file)
    names[word] = UNKNOWN  # a value that is made of itself
    muted, frame = reader.is_muted, reader.frame
    reader.is_muted, reader.frame = True, Frame(module, names, {})
    try:
        names[word] = reader.evaluate(bindings[0].value) if bindings[0].index is None else UNKNOWN
    finally:
        reader.is_muted, reader.frame = muted, frame
    return names[word]


def public(dotted_name: str) -> str:
    """A name under the public spelling of its framework."""
    return block_name(dotted_name) if "gluon" in dotted_name else public_name(dotted_name)


#: Packages whose own code is not gone into, where they are themselves what is checked.
_FRAMEWORKS = ("keras", "tf_keras", "mxnet", "tensorflow", "torch")


def is_framework(module: str) -> bool:
    """Whether a module belongs to a framework."""
    return module.partition(".")[0] in _FRAMEWORKS


def of_class(cls: Class) -> Value:
    """A class of the project; those of a framework that is itself checked by their public names."""
    said = public(cls.canonical)
    last = said.rpartition(".")[2]
    if said != cls.canonical and (is_base(said) or last in LAYERS or last in INITIALIZERS or last in OPTIMIZERS):
        return Named(said)
    return ClassValue(cls)


def of_scope(scope: Scope, owner: Value | None = None) -> Value:
    """A function of the project; one of a framework by its public name."""
    if not isinstance(scope.node, nodes.FunctionDef):
        return UNKNOWN
    if scope.cls is None and is_framework(scope.file.module):
        return Named(public(f"{scope.file.module}.{scope.qualname}"))
    decorators = {scope.dotted(d.decorator) for d in scope.node.decorators}
    if "staticmethod" in decorators:
        owner = None
    return Function(scope, scope.node, {}, owner, scope.cls)


def attribute(reader: Reader, owner: Value, name: str) -> Value:
    """What an attribute of a value is."""
    found = [_attribute(reader, one, name) for one in list(options(owner))[:_MOST]]
    return either(found)


def _attribute(reader: Reader, owner: Value, name: str) -> Value:
    kept = reader.heap.get(owner)
    if kept is not None and name in kept:
        return kept[name]
    if isinstance(owner, Named):
        return Named(public(f"{owner.name}.{name}"))
    cls = owner.cls if isinstance(owner, (Thing, ClassValue)) else None
    if cls is not None:
        method = cls.method(name)
        if method is not None and isinstance(method.node, nodes.FunctionDef):
            return _method(reader, method, owner, name)
        for one in cls.mro:
            of_class_body = reader.heap.get(class_value(reader, one), {})
            if name in of_class_body:
                return of_class_body[name]
    return reader.part(owner, name)


def class_value(reader: Reader, cls: Class) -> ClassValue:
    """One value for a class, whoever asks."""
    known = reader.trace.file.memo.setdefault("class values", {})
    if cls not in known:
        known[cls] = ClassValue(cls)
    found = known[cls]
    assert isinstance(found, ClassValue)
    return found


def _method(reader: Reader, method: Scope, owner: Value, name: str) -> Value:
    assert isinstance(method.node, nodes.FunctionDef)
    decorators = {method.dotted(d.decorator) or "" for d in method.node.decorators}
    if any(d.endswith(("property", "setter")) for d in decorators):
        getter = Function(method, method.node, {}, owner, method.cls)
        said = reader.run(getter, [], {}, name)
        return said if said is not UNKNOWN else reader.part(owner, name)
    return of_scope(method, owner)
