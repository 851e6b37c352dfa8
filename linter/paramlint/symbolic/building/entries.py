"""The model of each unit that is checked: of a class, a function, the code of a module; built once for all rules."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from paramlint.facts.classes import Class
from paramlint.facts.files import File
from paramlint.model import Claim, Model, Module, Place, Site, Tensor
from paramlint.symbolic.building import entry, framework_loops
from paramlint.symbolic.building.models import model_of
from paramlint.symbolic.code.program import Place as CodePlace
from paramlint.symbolic.code.program import Program, SourceFile
from paramlint.symbolic.code.source_trace import SourceSite
from paramlint.symbolic.definitions.classes import is_module
from paramlint.symbolic.definitions.unwritten import forgotten
from paramlint.symbolic.interpreter import Interpreter
from paramlint.symbolic.limits import (
    FULL_TRIES,
    LEAST_STEPS,
    MAX_FILE_STEPS,
    MAX_STEPS,
    MAX_STEPS_OF_CHARACTER,
    OverBudgetError,
)
from paramlint.symbolic.values import NONE, Function, alternatives
from paramlint.syntax.garbage_collection import collect_young_after
from paramlint.syntax.outline import ClassOutline, Unit

#: Bytes of code that leave as much in circles as one step of the interpreter does.
_BYTES = 50

#: Where a file keeps how many steps its entry points have taken.
_TAKEN = "steps of models"

#: And the names of those that took more than they may.
_CUT_SHORT = "models cut short"

#: The rows on which classes begin that are among these.
_TOO_LARGE = "classes cut short"

#: Methods that run before the others of a class, in this order.
_FIRST = ("configure_model", "setup", "forward")


def model_for(file: File, unit: Unit, payer: File | None = None, bases: Sequence[Class] = ()) -> Model:
    """What a unit of a file leaves behind.

    Args:
        file: the file.
        unit: the unit.
        payer: the file that is checked, where it is another one: what is built takes its steps.
        bases: classes that the unit inherits from whose methods run too: what they leave behind is asked for.
    """
    known = file.memo.get("model")
    if known is None or not _is_same(known.unit, unit):
        forget_model(file)  # a model is as large as thousands of rows
        run = Interpreter(program_of(file), budget_of(payer or file, unit))
        run.credit = max(0, min(run.budget, _left(payer or file) - run.budget))
        run.too_large = {(file.path, row) for row in file.memo.get(_TOO_LARGE, ()) if row < unit.first}
        known = file.memo["model"] = _Kept(unit, run, _run(run, run.program.file(file), unit, bases))
        taken = (payer or file).memo
        taken[_TAKEN] = taken.get(_TAKEN, 0) + run.steps
        if "over budget" in run.memo:
            taken.setdefault(_CUT_SHORT, {})[unit.name or "the code of the module"] = unit.kind
            if unit.kind == "class":
                file.memo.setdefault(_TOO_LARGE, set()).add(unit.first)
    assert isinstance(known, _Kept)
    return known.model


def _is_same(one: Unit, other: Unit) -> bool:
    """Whether what is built for two units is the same: of functions with one name it is the last, as for overloads."""
    return one is other or (one.kind == other.kind == "function" and one.name == other.name)


def cut_short(file: File) -> tuple[str, ...]:
    """The units of a file whose models take more steps than they may: the rest of them is unknown."""
    return tuple(file.memo.get(_CUT_SHORT, ()))


def budget_of(file: File, unit: Unit) -> int:
    """The steps that an entry point of a file may take, by what those before have taken.

    Functions that take too many are often like each other: a file of models has one for each size, and all build the
    same. So after some of them the next has half of what the last one had.
    """
    too_large = list(file.memo.get(_CUT_SHORT, {}).values()).count("function") if unit.kind == "function" else 0
    own = MAX_STEPS >> max(0, too_large + 1 - FULL_TRIES)
    return max(min(own, _left(file)), LEAST_STEPS)


def _left(file: File) -> int:
    """The steps that are left to all entry points of a file."""
    taken: int = file.memo.get(_TAKEN, 0)
    return MAX_FILE_STEPS + MAX_STEPS_OF_CHARACTER * len(file.source.data) - taken


def too_large(file: File) -> dict[str, object]:
    """What a file keeps of its classes that were cut short, for the memo of the same file as others read it."""
    return {_TOO_LARGE: file.memo[_TOO_LARGE]} if _TOO_LARGE in file.memo else {}


def forget_model(file: File) -> None:
    """Let go of the model that was asked for last."""
    known = file.memo.pop("model", None)
    if known is not None:
        size = known.run.steps * _BYTES
        known.run.forget()
        for one in (*known.model.modules, *known.model.all_tensors):
            vars(one).clear()  # what holds and what is held point to each other
        vars(known.model).clear()
        collect_young_after(size)


def end_check(file: File) -> None:
    """Let go of the last model of a file that is checked, and of what its program need not keep for the next."""
    forget_model(file)
    program_of(file).make_room()


@contextmanager
def set_aside(file: File) -> Iterator[None]:
    """Let others of a file be built in between, and then go on with the model that was asked for last."""
    known = file.memo.pop("model", None)
    try:
        yield
    finally:
        forget_model(file)
        if known is not None:
            file.memo["model"] = known


@dataclass
class _Kept:
    """The model of the unit that was asked for last."""

    unit: Unit
    run: Interpreter
    model: Model


def claims_of(
    file: File,
    unit: Unit,
    questions: Sequence[Callable[[Model], Iterable[Claim]]],
    payer: File | None = None,
    bases: Sequence[Class] = (),
) -> tuple[Model, list[Claim]]:
    """The model of a unit, and what some questions claim of it: nothing where that takes too many steps."""
    model = model_for(file, unit, payer, bases)
    found: list[Claim] = []
    for question in questions:
        try:
            found.extend(question(model))
        except OverBudgetError:
            continue
    return model, found


def program_of(file: File) -> Program:
    """The program that a file belongs to."""
    memo = file.project.memo if file.project is not None else file.memo
    known = memo.get("program")
    if known is None:
        known = memo["program"] = Program(file.project)
    assert isinstance(known, Program)
    return known


def _run(run: Interpreter, source: SourceFile, unit: Unit, bases: Sequence[Class] = ()) -> Model:
    if unit.kind != "class":
        run.keep_back()
    if unit.kind == "class" and unit.cls is not None:
        cls = source.class_value(unit.cls)
        is_of_modules = is_module(run, cls)
        if not is_of_modules:
            run.keep_back()
        instance = entry.build_class(run, cls)
        names = [*unit.cls.methods, *entry.mixed_in(run, instance), *forgotten(instance)]
        names = list(dict.fromkeys((*names, *(name for base in bases for name in base.outline.methods))))
        if "forward" not in names and entry.inherits(run, instance, "forward"):
            names.append("forward")
        if framework_loops.is_lightning(run, instance):
            framework_loops.fit(run, instance)
            names = [name for name in names if name not in ("configure_optimizers", "training_step")]
        done = _done_by_constructor(source, unit.cls)
        done = done.union(*(_done_by_constructor(run.program.file(base.file), base.outline) for base in bases))
        for name in [*(n for n in _FIRST if n in names), *(n for n in names if n not in _FIRST)]:
            if name != "__init__" and name not in done:
                result = entry.run_method(run, instance, name)
                if result is not None and (name == "forward" or not is_of_modules):
                    run.memo.setdefault("returned", []).append(result)
        entry.finish(run)
        return model_of(run, "class", source, unit.cls.qualname, instance)
    if unit.kind == "function":
        function = source.definition(unit.name)
        if isinstance(function, Function):
            returned = entry.run_function(run, function) or NONE
            run.memo["returned"] = [returned]
            for _, one in alternatives(returned):
                if isinstance(one, Function) and one.env is not None and one.env.place is function.place:
                    entry.run_function(run, one)  # a function that it makes is made to be called
        entry.finish(run)
        return model_of(run, "function", source, unit.name)
    entry.run_module(run, source)
    entry.finish(run)
    return model_of(run, "module", source)


def _done_by_constructor(source: SourceFile, cls: ClassOutline) -> set[str]:
    """Methods that give attributes values, and that nobody but the constructor calls: they run there and only there."""
    if "__init__" not in cls.methods:
        return set()
    bodies = {name: "\n".join(_text_of(source, unit) for unit in units) for name, units in cls.methods.items()}
    everywhere = source.facts.memo.get("named")
    if everywhere is None:
        everywhere = source.facts.memo["named"] = Counter(_NAMED.findall(source.facts.source.text))
    done, todo = {"__init__"}, ["__init__"]
    here = Counter(_NAMED.findall(bodies["__init__"]))
    while todo:
        for name in _OWN_CALLS.findall(bodies[todo.pop()]):
            if name in bodies and name not in done and _GIVES.search(bodies[name]) and here[name] == everywhere[name]:
                done.add(name)
                todo.append(name)
                here.update(_NAMED.findall(bodies[name]))
    return done


def _text_of(source: SourceFile, unit: Unit) -> str:
    """The text of a method, in which its object is `self`."""
    text = source.facts.source.lines(unit.first, unit.last)
    named = _FIRST_NAME.search(text)
    return text if named is None or named[1] == "self" else re.sub(rf"\b{named[1]}\b", "self", text)


#: Names of attributes, and words with which strings begin.
_NAMED = re.compile(r"[.\"'](\w+)")
#: Calls of methods of one's own, and values that attributes get.
_OWN_CALLS = re.compile(r"\bself\.(\w+)\(")
_GIVES = re.compile(
    r"\bself\.\w+(?:\s*,\s*self\.\w+)*\s*(?::[^=\n]*)?=[^=]|\bsetattr\(\s*self\b|\bself\.(?:add_module|register_\w+)\("
)
#: The name that a method has for its object.
_FIRST_NAME = re.compile(r"def \w+\(\s*(\w+)")


def unit_of(site: Site) -> Unit | None:
    """The function, class or module code in which a place of source stands."""
    return site.place.unit if isinstance(site, SourceSite) else None


def place_of(claim: Claim) -> CodePlace | None:
    """The code in which a claim stands."""
    return claim.site.place if isinstance(claim.site, SourceSite) else None


def rows_of(claim: Claim, model: Model, file: File) -> frozenset[int]:
    """All rows of a file on which what a claim says can be seen."""
    sites: list[Any] = [claim.site, *(event.site for event in claim.answer.because)]
    about = claim.about
    if isinstance(about, (Module, Tensor)):
        sites += [about.made.site] if about.made is not None else []
        sites += [place.since.site for place in about.places]
        sites += [event.site for event in model.events("kept", of=about)]
    elif isinstance(about, Place):
        sites.append(about.since.site)
    sites += [caller for site in sites for caller in site.stack]
    return frozenset(site.row for site in sites if isinstance(site, SourceSite) and site.place.file.facts is file)
