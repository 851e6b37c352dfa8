"""What code may do that no run of a class enters: write what the class allocates, call its methods."""

from __future__ import annotations

import re

from paramlint.facts import Scope
from paramlint.facts.classes import Class
from paramlint.facts.package import folder_of, package_of
from paramlint.facts.unwritten_memory import (
    forgotten_methods,
    is_built_in_its_file,
    may_be_written_later,
    uncalled_methods,
)
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


def uncalled(instance: Instance) -> frozenset[str]:
    """The methods that initialise it, and that no code of the project calls on it."""
    facts = _facts(instance)
    return uncalled_methods(facts) if facts is not None else frozenset()


def forgotten(instance: Instance) -> tuple[str, ...]:
    """Those of them that it inherits."""
    facts = _facts(instance)
    return forgotten_methods(facts) if facts is not None else ()


def built_in_its_file(instance: Instance) -> Answer:
    """Whether the file of its class builds it, and no heir of that."""
    facts = _facts(instance)
    return UNKNOWN if facts is None else YES if is_built_in_its_file(facts) else NO


def called_elsewhere(instance: Instance, method: str) -> Answer:
    """Whether other code of the file, its package or the scripts beside it calls a method of this name."""
    facts = _facts(instance)
    if facts is None:
        return UNKNOWN
    file, unit = facts.file, facts.outline.unit
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
    facts = _facts(instance)
    return UNKNOWN if facts is None else YES if is_drawn_by_owner(facts) else NO


def _facts(instance: Instance) -> Class | None:
    """Its class, where that is of the project."""
    cls = instance.cls
    return cls.file.facts.class_of(cls.outline.unit) if isinstance(cls, ClassValue) and not cls.file.is_stub else None
