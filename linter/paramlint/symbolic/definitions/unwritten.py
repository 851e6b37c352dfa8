"""What code may do that no run of a class enters: write what the class allocates, call its methods."""

from __future__ import annotations

import re

from paramlint.facts import Scope
from paramlint.facts.package import folder_of, package_of
from paramlint.facts.unwritten_memory import is_uncalled, may_be_written_later
from paramlint.facts.writers import is_drawn_by_owner
from paramlint.knowledge import STORAGE_DTYPES
from paramlint.model.answer import NO, UNKNOWN, YES, Answer
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.library.tensor_sizes import known_shape
from paramlint.symbolic.values import Constant, Instance, TensorValue, text_of


def written_elsewhere(run: Interpreter, tensor: TensorValue) -> Answer:
    """Whether code that the run has not entered may write a parameter; unknown where its allocation says little."""
    allocated = tensor.storage.allocated
    held = next(iter(run.trace.about("registered", tensor)), None)
    if allocated is None or held is None or allocated.site.node is None:
        return UNKNOWN
    if not _takes_values(run, tensor):
        return UNKNOWN
    holder = getattr(held.data["holder"], "value", held.data["holder"])
    cls = holder.cls if isinstance(holder, Instance) else None
    facts = cls.file.facts.class_of(cls.outline.unit) if isinstance(cls, ClassValue) else None
    if facts is None:
        return UNKNOWN
    shape = known_shape(run, tensor)
    rank = len(shape) if shape is not None else None
    return YES if may_be_written_later(facts, held.data["key"], rank, _entered(run)) else NO


_WHOLE_NUMBERS = ("BoolTensor", "ByteTensor", "CharTensor", "IntTensor", "LongTensor", "ShortTensor")


def _takes_values(run: Interpreter, tensor: TensorValue) -> bool:
    """Whether there are values to write: not on the meta device, of no element, or of a type that only stores."""
    allocated = tensor.storage.allocated
    given = allocated.get("arguments")
    keywords = given.keywords if given is not None else {}
    stored = text_of(keywords["dtype"]) if "dtype" in keywords else ""
    if stored in STORAGE_DTYPES or str(allocated.get("law")).endswith(_WHOLE_NUMBERS) or allocated.get("law") == "new":
        return False
    if "device" in keywords and "meta" in text_of(keywords["device"]):
        return False
    return Constant(0) not in (known_shape(run, tensor) or ())


def _entered(run: Interpreter) -> frozenset[Scope]:
    """The functions that the run has entered until now."""
    key = "entered", len(run.entered)
    if key not in run.memo:
        run.memo[key] = frozenset(p.file.facts.scope(p.unit) for p in run.entered if not p.file.is_stub)
    known: frozenset[Scope] = run.memo[key]
    return known


def uncalled_methods(instance: Instance) -> frozenset[str]:
    """The methods of the class itself that initialise, and that are mentioned nowhere but where they are defined."""
    cls = instance.cls
    if not isinstance(cls, ClassValue) or cls.file.is_stub:
        return frozenset()
    scopes = {name: cls.file.facts.scope(units[-1]) for name, units in cls.outline.methods.items()}
    return frozenset(name for name, scope in scopes.items() if is_uncalled(scope))


def called_elsewhere(instance: Instance, method: str) -> Answer:
    """Whether other code of the file, its package or the scripts beside it calls a method of this name."""
    cls = instance.cls
    if not isinstance(cls, ClassValue) or cls.file.is_stub:
        return UNKNOWN
    file, unit = cls.file.facts, cls.outline.unit
    call = re.compile(rf"(?<!\bself)\.{re.escape(method)}\(".encode())
    texts = [file.source.text.replace(file.source.lines(unit.first, unit.last), "", 1).encode()]
    package = package_of(file)
    if package is None:
        return YES if call.search(texts[0]) else UNKNOWN if file.is_cut_off else NO
    beside = folder_of(package, file)
    own = (file.path, file.source.path)
    texts += [package.text(path) for path in package.paths_with(file, method) if path not in own]
    texts += [beside.text(path) for path in beside.scripts_with(file, method)] if beside is not None else []
    return YES if any(map(call.search, texts)) else NO


def initialised_by_owner(instance: Instance) -> Answer:
    """Whether the class of a module that holds this one may initialise it, in code that the run has not entered."""
    cls = instance.cls
    facts = cls.file.facts.class_of(cls.outline.unit) if isinstance(cls, ClassValue) and not cls.file.is_stub else None
    if facts is None:
        return UNKNOWN
    return YES if is_drawn_by_owner(facts) else NO
