"""What becomes of memory that a constructor leaves unwritten: does anybody else write it before it is used?"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from paramlint import nodes
from paramlint.facts.classes import Class
from paramlint.facts.heirs import said_of_others
from paramlint.facts.memo import remember
from paramlint.facts.package import package_of
from paramlint.facts.writers import Wanted, writers_of

if TYPE_CHECKING:
    from paramlint.facts.files import File
    from paramlint.facts.scopes import Scope

_INIT_METHOD = re.compile(r"^_*(?:re)?(?:init|set)\w*$|^param_init$|^fill_\w+$|^_*reset$|^_*weights?_(?:re)?init\w*$")
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


def _text(cls: Class) -> str:
    return cls.file.source.lines(cls.outline.unit.first, cls.outline.unit.last)


def _says(file: File, pattern: re.Pattern[str]) -> bool:
    """Whether a file has a text of this kind anywhere."""
    return remember(file, f"says {pattern.pattern}", lambda: pattern.search(file.source.text) is not None)


def is_filled_by_design(cls: Class) -> bool:
    """Whether the class has packed weights, or its file is of a serving engine: loading is a part of building it."""
    return remember(cls, "packed", lambda: _PACKED.search(_text(cls)) is not None) or _says(cls.file, _SERVED)


def may_be_written_later(cls: Class, name: str, rank: int | None, entered: frozenset[Scope]) -> bool:
    """Whether anybody but the functions in `entered` may write a parameter."""
    if cls.file.is_cut_off or is_filled_by_design(cls) or _is_lazy(cls):
        return True
    return any(True for _ in writers_of(Wanted(cls, name, rank), entered))


def _is_lazy(cls: Class) -> bool:
    return remember(cls, "lazy", lambda: _LAZY.search(_text(cls)) is not None)


def is_left_on_purpose(condition: str) -> bool:
    """Whether a condition says that the caller gives the values, or that there are none to give."""
    if _OF_NOTHING.search(condition):
        return True
    words = _VALUES if " is None" in condition else _ON_PURPOSE
    return words.search(condition.lower()) is not None


def is_uncalled(method: Scope) -> bool:
    """Whether a method that initialises is mentioned nowhere but where it is defined."""
    node = method.node
    if not isinstance(node, nodes.FunctionDef) or not _INIT_METHOD.match(method.name) or node.decorators:
        return False
    if any(param.default is None for param in node.params.params[1:]):
        return False
    return is_unmentioned(method)


def is_unmentioned(method: Scope) -> bool:
    """Whether no code says the name of a method but where it is defined, or where other classes mean their own."""
    mention = re.compile(rf"(?<!def )\b{re.escape(method.name)}\b")
    cls = method.cls
    is_plain = cls is not None and all(base in _MODULES for base in cls.bases)
    others = said_of_others(cls, method.name) if cls is not None and is_plain else set()
    text = method.file.source.text
    if any(match.start() not in others for match in mention.finditer(text)):
        return False
    package = package_of(method.file)
    if package is None:
        return True
    paths = package.paths_with(method.file, method.name)
    if is_plain and cls is not None and not _is_inherited_elsewhere(cls):
        mention = re.compile(rf"(?<!def )(?<!self\.)(?<!super\(\)\.)\b{re.escape(method.name)}\b")
    pattern = re.compile(mention.pattern.encode())
    return not any(pattern.search(package.text(path)) for path in paths if path not in _names_of(method.file))


def _names_of(file: File) -> tuple[str, str]:
    return file.path, file.source.path


_MODULES = ("torch.nn.Module", "torch.nn.modules.module.Module")


def _is_inherited_elsewhere(cls: Class) -> bool:
    """Whether another file of the package has a class that inherits from one of this name."""
    package = package_of(cls.file)
    paths = package.paths_with(cls.file, cls.name) if package is not None else []
    heir = re.compile(rf"\bclass \w+\([^)]*\b{re.escape(cls.name)}\b".encode())
    return package is not None and any(heir.search(package.text(path)) for path in paths)
