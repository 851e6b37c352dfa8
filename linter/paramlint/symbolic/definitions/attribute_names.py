"""Whether code says the name of an attribute anywhere but where a class makes and initialises it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from paramlint import nodes
from paramlint.facts.heirs import is_called_by_name
from paramlint.facts.package import package_of
from paramlint.model.answer import NO, UNKNOWN, YES, Answer
from paramlint.symbolic.code.program import ClassValue
from paramlint.symbolic.definitions.classes import mro
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.values import Instance

#: Ways to come to an attribute without its name.
_BY_ANY_NAME = re.compile(
    r"getattr\(|__dict__|_modules\b|_parameters\b|\b(?:named_)?(?:children|modules)\(\)|vars\(|get_submodule|apply\("
)
_MAKING = frozenset({"allocated", "registered", "written", "flagged"})


def mentions(run: Interpreter, instance: Instance, key: str) -> Answer:
    """Whether the class, its file, or a file of the package that names the class, says the name of an attribute."""
    word = re.compile(rf"\b{re.escape(key)}\b")
    for cls in mro(run, instance.cls) if isinstance(instance.cls, ClassValue) else ():
        if not isinstance(cls, ClassValue) or cls.file.is_stub or _goes_over_all(run, cls):
            return UNKNOWN
        rows = [row for row, line in _rows_of(cls) if word.search(_code(line))]
        if rows:  # it, or a base of it, makes the attribute
            return _is_said(run, cls, key, rows) if "forward" in cls.outline.methods else UNKNOWN
    return UNKNOWN


def has_own(run: Interpreter, instance: Instance, key: str) -> Answer:
    """Whether the project's classes of an instance have an attribute of a name, by what their own code says."""
    order = mro(run, instance.cls) if isinstance(instance.cls, ClassValue) else []
    said = re.compile(rf"\bself\.{re.escape(key)}\b|^[ \t]+{re.escape(key)}[ \t]*[:=]", re.M)
    own = [cls for cls in order if isinstance(cls, ClassValue) and not cls.file.is_stub]
    if any(key in cls.outline.methods or said.search(_text_of(cls)) for cls in own):
        return YES
    return NO if instance.known else UNKNOWN


def _goes_over_all(run: Interpreter, cls: ClassValue) -> bool:
    """Whether a class comes to its attributes without their names, but to initialise them."""
    file, visits = cls.file.facts, _visits(run)
    rows = [row for row, line in _rows_of(cls) if _BY_ANY_NAME.search(line)]
    return any((file.source.path, row) not in visits and (file.path, row) not in visits for row in rows)


def _rows_of(cls: ClassValue) -> Iterator[tuple[int, str]]:
    return enumerate(_text_of(cls).splitlines(), cls.outline.unit.first)


def _is_said(run: Interpreter, cls: ClassValue, key: str, rows: list[int]) -> Answer:
    """The same of the class that makes the attribute, on these rows and perhaps on others."""
    file, own = cls.file.facts, _text_of(cls)
    word = re.compile(rf"\b{re.escape(key)}\b")
    makes = {
        site.row
        for event in run.trace.events
        if event.kind in _MAKING and event.get("inside") == "__init__"
        for site in (event.site, *event.site.stack)
        if site.path == file.source.path or site.path == file.path
    }
    bases = [base for base in mro(run, cls)[1:] if isinstance(base, ClassValue) and not base.file.is_stub]
    if any(row not in makes for row in rows) or any(word.search(_text_of(base)) for base in bases):
        return YES
    if any(_takes_from(line, word) for row, line in _rows_of(cls) if row in rows):
        return YES
    text = file.source.text
    inherited = re.search(rf"\bclass \w+\([^)]*\b{re.escape(cls.name)}\b", text)
    rest = text.replace(own, "", 1)
    # Whoever asks for the gradient does not read it, and `'b c h w'` names axes.
    from_outside = re.compile(rf"(?<!self)\.{re.escape(key)}\b(?!\.grad\b)|[\"']{re.escape(key)}\b(?![ ,>-])")
    if (word if inherited else from_outside).search(rest):
        return YES
    package = package_of(file)
    if package is None:
        return UNKNOWN if file.is_cut_off else NO
    own_paths = (file.path, file.source.path)
    if any(path not in own_paths for path in package.paths_with(file, key, cls.name)):
        return YES
    # Who imports from the file may have got an instance of it under another name.
    module = os.path.splitext(os.path.basename(file.source.path))[0]
    imported = re.compile(
        rf"^[ \t]*(?:from[ \t][\w.]*\b{re.escape(module)}\b|import\b[^\n]*\b{re.escape(module)}\b)".encode(), re.M
    )
    read = re.compile(from_outside.pattern.encode())
    near = (package.text(path) for path in package.paths_with(file, key, module) if path not in own_paths)
    if any(imported.search(text) and read.search(text) for text in near):
        return YES
    # Anybody may have one of a class that is only made through a table of classes.
    known = file.class_of(cls.outline.unit)
    if known is None or is_called_by_name(known):
        return NO
    others = (package.text(path) for path in package.paths_with(file, key) if path not in own_paths)
    return YES if any(read.search(text) for text in others) else NO


#: A method that gives parameters to whoever makes an optimizer, by its name, and one that only counts or freezes them.
_GIVING = re.compile(r"param|optim|group|trainable|learnable|weights$")
_NOT_GIVING = re.compile(r"(?:^|_)(?:n_|count|num|print|(?:re)?init|reset|(?:un)?freeze|load|save|zero|clip|log|size)")
_RETURNING = re.compile(r"\b(?:return|yield)\b")
_GROUP = re.compile(r"[\"']params[\"']")
_OPTIMIZERS = re.compile(r"\boptim\w*\b|\bAdamW?\b|\bSGD\b|[\"']params[\"']")


def hands_over(run: Interpreter, instance: Instance, key: str) -> Answer:
    """Whether a method, or a function of the package, may give an optimizer what an attribute holds."""
    cls = instance.cls
    if not isinstance(cls, ClassValue) or cls.file.is_stub:
        return UNKNOWN
    own = re.compile(rf"\bself\.{re.escape(key)}\b")
    for base in mro(run, cls):
        if isinstance(base, ClassValue) and not base.file.is_stub:
            for name, units in base.outline.methods.items():
                text = base.file.facts.source.lines(units[-1].first, units[-1].last)
                gives = _GIVING.search(name) and not _NOT_GIVING.search(name) and _RETURNING.search(text)
                if own.search(text) and (gives or _GROUP.search(text)):
                    return YES
    file = cls.file.facts
    other = re.compile(rf"(?<!\bself)\.{re.escape(key)}\b")
    package = package_of(file)
    paths = package.paths_with(file, key, cls.name) if package is not None else []
    beside = [package.text(path).decode(errors="replace") for path in paths if package is not None]
    texts = [file.source.text, *beside]
    said = (text for text in texts if other.search(text))  # few have it, and only these are taken apart
    rows = (row for text in said for row in map(_code, text.splitlines()) if other.search(row))
    return YES if any(_OPTIMIZERS.search(row) for row in rows) else NO


def multiplies_with(run: Interpreter, instance: Instance, key: str) -> Answer:
    """Whether the class multiplies something with the weight of the layer that an attribute holds.

    What gives the whole weight a name, or returns it, may do so elsewhere.
    """
    weight = rf"\b{re.escape(key)}\.weight\b"
    product = re.compile(
        rf"(?:@|matmul\(|linear\(|einsum\(|\bmm\()[^\n]*{weight}|{weight}(?: @|\.(?:T\b|mT\b|t\(|transpose\())"
        rf"|^ *(?:\w+ = |return )[\w.]*{weight} *(?:#.*)?$",
        re.M,
    )
    order = mro(run, instance.cls) if isinstance(instance.cls, ClassValue) else ()
    known = [cls for cls in order if isinstance(cls, ClassValue) and not cls.file.is_stub]
    if not known:
        return UNKNOWN
    return YES if any(product.search(_text_of(cls)) for cls in known) else NO


def _takes_from(line: str, word: re.Pattern[str]) -> bool:
    """Whether a row makes something else of the attribute: `self.low = self.features[0:4]`."""
    target, _, value = _code(line).partition(" = ")
    return "(" not in target and word.search(target) is None and word.search(value) is not None


def _visits(run: Interpreter) -> set[tuple[str, int]]:
    """Where a constructor goes over all modules to initialise them: a loop, or a call whose result is dropped."""
    listed = [e.site for e in run.trace.events if e.kind == "listed" and e.get("inside") == "__init__"]
    return {(s.path, s.row) for s in listed if s.statement is None or isinstance(s.statement, nodes.Expr)}


def _text_of(cls: ClassValue) -> str:
    return cls.file.facts.source.lines(cls.outline.unit.first, cls.outline.unit.last)


def _code(line: str) -> str:
    return line.partition("#")[0]
