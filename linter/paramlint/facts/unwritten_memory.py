"""What becomes of memory that a constructor leaves unwritten: does anybody else write it before it is used?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.heirs import heirs_of, is_called_in, said_of_others
from paramlint.facts.memo import remember
from paramlint.facts.module_nesting import is_same
from paramlint.facts.package import package_of
from paramlint.facts.writers import Wanted, writers_of
from paramlint.knowledge.foreign import PLAIN_BASES
from paramlint.knowledge.initializers import initialises, may_initialise

if TYPE_CHECKING:
    from paramlint.facts.files import File
    from paramlint.facts.scopes import Scope

#: Code of serving engines: a model is never used without the weights that are loaded.
_SERVED = re.compile(r"\bdef (?:load_weights\(\s*self,\s*weights\b|weight_loader\()")
#: Parameters of these classes get their memory only when the first input comes.
_LAZY = re.compile(r"\b(?:UninitializedParameter|LazyModuleMixin|register_forward_pre_hook|lazy_\w+)\b")
#: Classes with packed weights are only ever filled from what a quantiser wrote.
_PACKED = re.compile(r"\b(?:u?int[248]|float[48]_\w+|\w*fp8\w*|q(?:weight|zeros))\b", re.I)
#: Options by which a caller says that the values come from elsewhere.
_ON_PURPOSE = re.compile(r"init|skip|pretrain|load|meta\b|device|reset|checkpoint|weights?\b|state_dict|empty")
#: Nothing is left to write where a layer has no inputs: `if fan_in > 0`, as torch's own layers ask.
_OF_NOTHING = re.compile(r"(?:fan(?:_?in|_?out)?\b|numel\(\)|nelement\(\))\)?(?: ?(?:[=!]=|<=?|>=?) ?[01]\b|$)")
_VALUES = re.compile(r"weights?\b|values|vectors|data\b|tensor|state|checkpoint|pretrain|embeddings?\b")


def _says(file: File, pattern: re.Pattern[str]) -> bool:
    """Whether a file has a text of this kind anywhere."""
    return remember(file, f"says {pattern.pattern}", lambda: pattern.search(file.source.text) is not None)


def is_filled_by_design(cls: Class) -> bool:
    """Whether the class has packed weights, or its file is of a serving engine: loading is a part of building it."""
    return remember(cls, "packed", lambda: _PACKED.search(cls.text) is not None) or _says(cls.file, _SERVED)


def may_be_written_later(cls: Class, name: str, rank: int | None, entered: frozenset[Scope]) -> bool:
    """Whether anybody but the functions in `entered` may write a parameter."""
    if cls.file.is_cut_off or is_filled_by_design(cls) or _is_lazy(cls):
        return True
    return any(True for _ in writers_of(Wanted(cls, name, rank), entered))


def _is_lazy(cls: Class) -> bool:
    return remember(cls, "lazy", lambda: _LAZY.search(cls.text) is not None)


def is_left_on_purpose(condition: str) -> bool:
    """Whether a condition says that the caller gives the values, or that there are none to give."""
    if _OF_NOTHING.search(condition):
        return True
    words = _VALUES if " is None" in condition else _ON_PURPOSE
    return words.search(condition.lower()) is not None


def uncalled_methods(cls: Class) -> frozenset[str]:
    """The methods that may initialise a module and that nobody calls on one of a class.

    They are its own, and what it forgets alone. What a plain base of its file has is its own. Another framework's base,
    or a layer of torch, may call them itself.
    """
    if not cls.is_module or any(base not in _PLAIN for base in cls.outside):
        return frozenset()
    bases = (cls, *(base for base in cls.mro[1:] if base.file is cls.file and base.is_module is False))
    own = {name: base.own_method(name) for base in bases for name in base.outline.methods if may_initialise(name)}
    uncalled = {name for name, method in own.items() if _is_undecorated(method) and _is_uncalled(method, cls)}
    return frozenset({*uncalled, *forgotten_methods(cls)})


def forgotten_methods(cls: Class) -> tuple[str, ...]:
    """The methods of a base that initialise, and that all of its heirs in the file call, but for this one."""
    return remember(cls, "forgotten", lambda: tuple(_forgotten(cls)))


def _forgotten(cls: Class) -> Iterator[str]:
    if len(cls.mro) == 1 or heirs_of(cls) or any(base.file is not cls.file for base in cls.mro):
        return
    for base in cls.mro[1:]:
        others = [heir for heir in heirs_of(base) if not heirs_of(heir) and not is_same(heir, cls)]
        for name in filter(initialises, base.outline.methods):
            method = base.own_method(name)
            if others and cls.method(name) is method and _is_uncalled(method, cls):
                if not any(_is_uncalled(method, heir) for heir in others):
                    yield name


def _is_uncalled(method: Scope | None, cls: Class) -> bool:
    """Whether no code says the name of a method but where it is defined, or where other classes mean their own."""
    if method is None:
        return False
    mention = re.compile(rf"(?<!def )\b{re.escape(method.name)}\b")
    is_of_file = all(base.file is cls.file for base in cls.mro)
    others = said_of_others(cls, method.name) if is_of_file else set()
    text = method.file.source.text
    if any(match.start() not in others for match in mention.finditer(text)):
        return False
    package = package_of(method.file)
    if package is None:
        return True
    paths = package.paths_with(method.file, method.name)
    if is_of_file and not _is_inherited_elsewhere(cls):
        mention = re.compile(rf"(?<!def )(?<!self\.)(?<!super\(\)\.)\b{re.escape(method.name)}\b")
    pattern = re.compile(mention.pattern.encode())
    return not any(pattern.search(package.text(path)) for path in paths if path not in _names_of(method.file))


def _is_undecorated(method: Scope | None) -> bool:
    """Whether no decorator can call a method, or have it called."""
    if method is None or not isinstance(method.node, nodes.FunctionDef):
        return False
    return all(method.text(one.decorator) in _HARMLESS for one in method.node.decorators)


def is_built_in_its_file(cls: Class) -> bool:
    """Whether the file of a class builds it, so that it could have called its methods, and has no heir of it."""
    return is_called_in(cls, cls.file) and not heirs_of(cls)


def _names_of(file: File) -> tuple[str, str]:
    return file.path, file.source.path


_PLAIN = ("torch.nn.Module", "torch.nn.modules.module.Module", *PLAIN_BASES)
_HARMLESS = ("staticmethod", "torch.no_grad()", "torch.no_grad")


def _is_inherited_elsewhere(cls: Class) -> bool:
    """Whether another file of the package has a class that inherits from one of this name."""
    package = package_of(cls.file)
    paths = package.paths_with(cls.file, cls.name) if package is not None else []
    heir = re.compile(rf"\bclass \w+\([^)]*\b{re.escape(cls.name)}\b".encode())
    return package is not None and any(heir.search(package.text(path)) for path in paths)
