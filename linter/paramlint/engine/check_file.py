"""The one pipeline: from a source and some rules to diagnostics. Front ends only translate what it gives."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from paramlint.engine.file_report import FileReport, problem
from paramlint.engine.filters import unused_noqa
from paramlint.engine.filters.noqa import Suppressions
from paramlint.engine.nominate import Nominator
from paramlint.engine.nominate.called_words import Reach, is_built_elsewhere
from paramlint.engine.nominate.followed import Followed, words_followed
from paramlint.engine.nominate.words import Words
from paramlint.finding import Diagnostic, Finding
from paramlint.knowledge.frameworks import Framework, frameworks
from paramlint.rule import Asks, Rule
from paramlint.source import kinds
from paramlint.source.documents.embedded import Masked, Part
from paramlint.source.text import Source, UnreadableError
from paramlint.syntax.garbage_collection import collect_after, without_collector
from paramlint.syntax.outline import NotInAstError

if TYPE_CHECKING:
    from paramlint.facts import File, Project, Scope
    from paramlint.syntax.outline import Unit

    #: What a rule finds in a scope.
    _Found: TypeAlias = tuple[Rule, Scope, Finding]

Decide = Callable[[Callable[[], "FileReport"]], "FileReport"]

#: Methods that are run when a model is, whoever calls the others.
_STARTED = frozenset(("__init__", "forward", "setup", "configure_model"))
#: Heirs beyond these are taken to be like them.
_MAX_HEIRS = 8
#: As many files are asked which frameworks stand behind an `import *`.
_MAX_BEHIND = 8
#: Characters of a unit whose findings a draft may place: LibCST looks at longer ones before it parses them.
_MAX_PLACED = 20_000
_STAR_IMPORT = re.compile(rb"\bimport[ \t(]*\*")

_VERSION = ".".join(map(str, sys.version_info[:2]))


def check_path(
    path: str, nominator: Nominator, project: Project | None = None, *, reference: bool = False
) -> FileReport:
    """Check one file on disk; whatever goes wrong becomes a diagnostic of that file."""
    try:
        source = kinds.read(path) if project is None else project.dependencies.read(path, kinds.kind(path))
    except UnreadableError as error:
        return FileReport(path, [problem(path, "PRM003", str(error))])
    except Exception as error:
        return FileReport(path, [_internal(path, error)])
    return check_source(source, nominator, project, reference=reference)


def check_source(
    source: Source,
    nominator: Nominator,
    project: Project | None = None,
    *,
    tree: ast.Module | None = None,
    reference: bool = False,
    decide: Decide = lambda parse_and_run: parse_and_run(),
) -> FileReport:
    """Check one source.

    Args:
        source: the text and its path.
        nominator: the rules to run, compiled.
        project: where other files are found; without one the file is judged by itself.
        tree: the file's `ast`, where the caller has parsed it already.
        reference: parse the file whole and show every unit to every rule.
        decide: calls what parses with LibCST, so that a caller can give that alone a large stack.
    """
    with without_collector():
        try:
            return _report(source, nominator, project, tree, reference, decide)
        finally:
            collect_after(len(source.data))


def _report(
    source: Source,
    nominator: Nominator,
    project: Project | None,
    tree: ast.Module | None,
    reference: bool,
    decide: Decide,
) -> FileReport:
    path = source.path
    try:
        if tree is None:
            tree = _known_tree(source, project) or _parse(source, project)
        suppressions = Suppressions(source, tree)
        used = _frameworks(source, project, tree)
        if used:
            chosen = nominator.of_frameworks(used)
            report = _nominate_and_decide(source, chosen, project, tree, reference, suppressions, decide)
        else:
            report = FileReport(path)
        if isinstance(source, Masked):
            report.diagnostics += [_broken(path, part, error) for part, error in source.broken if part.number]
            report.diagnostics.sort(key=lambda d: d.sort_key)
        if not report.failed and any(rule is unused_noqa.rule for rule in nominator.rules):
            report.diagnostics += unused_noqa.unused_suppressions(
                source, suppressions, report.suppressed, nominator.rules
            )
            report.diagnostics.sort(key=lambda d: d.sort_key)
        return report
    except UnreadableError as error:
        return FileReport(path, [problem(path, "PRM003", str(error), error.row)])
    except SyntaxError as error:
        message = f"is not valid Python {_VERSION}: {error.msg}"
        return FileReport(path, [problem(path, "PRM002", message, error.lineno or 1, error.offset or 1)])
    except ValueError as error:
        return FileReport(path, [problem(path, "PRM002", f"is not valid Python {_VERSION}: {error}")])
    except (RecursionError, MemoryError):
        return FileReport(path, [problem(path, "PRM004", "is too large or too deeply nested to be analysed")])
    except Exception as error:
        return FileReport(path, [_failure(path, 1, error)])


def _frameworks(source: Source, project: Project | None, tree: ast.Module) -> frozenset[Framework]:
    """The frameworks that a file names, or that files of the project name whose names it has by `import *`."""
    found = frameworks(source.data)
    if found or project is None or not _STAR_IMPORT.search(source.data):
        return found
    seen: set[str] = set()
    left = [project.drafts.adopt(source, tree)]
    while left and len(seen) < _MAX_BEHIND:
        file = left.pop(0)
        for module in file.outline.star_imports:
            place = project.drafts.find(module, file)
            if place is not None and place[0].source.path not in seen:
                seen.add(place[0].source.path)
                left.append(place[0])
                found |= frameworks(place[0].source.data)
    return found


def _nominate_and_decide(
    source: Source,
    nominator: Nominator,
    project: Project | None,
    tree: ast.Module,
    reference: bool,
    suppressions: Suppressions,
    decide: Decide,
) -> FileReport:
    from paramlint.facts import File  # libcst is loaded only when there is something to parse

    if reference:
        file = File(source, project, tree, whole=True)
        nominated = {unit: set(nominator.rules) for unit in file.outline.units}
        unknown: tuple[str, ...] = ()
    else:
        draft = project.drafts.adopt(source, tree) if project else File(source, None, tree, draft=True)
        beyond = _Beyond(draft) if project else lambda *_: None
        nominated, found = _tried(draft, nominator.nominate(source, draft.outline, beyond))
        unknown, too_large = _cut_short(draft), _too_large(draft)
        _forget_model(draft)
        report = None if nominated else FileReport(source.path, cut_short=unknown)
        if found and not unknown:
            report = _placed(source.path, draft, found, suppressions)
        if project is None:
            draft.forget()
        if report is not None:
            return report
        file = project.adopt(source, tree) if project else draft.decided(None)
        if unknown:
            file.memo |= too_large
    report = decide(lambda: _decide(source.path, file, nominated, suppressions))
    report.cut_short = tuple(dict.fromkeys((*unknown, *report.cut_short)))
    if project is None:
        file.forget()
    return report


def _decide(path: str, file: File, nominated: dict[Unit, set[Rule]], suppressions: Suppressions) -> FileReport:
    """What the rules find on LibCST's trees; `path` is the file's as it was given."""
    failures: list[Diagnostic] = []
    found: list[_Found] = []
    for unit, rules in nominated.items():
        try:
            for rule in sorted(rules, key=lambda rule: rule.code):
                found.extend(_findings(file, unit, rule, rules))
        except Exception as error:
            failure = _failure(path, unit.first, error)
            # What a rule asks of a class or module is asked of units around the same code.
            if not any((d.code, d.message) == (failure.code, failure.message) for d in failures):
                failures.append(failure)
    return _reported(path, file, found, suppressions, failures)


def _placed(path: str, draft: File, found: Sequence[_Found], suppressions: Suppressions) -> FileReport | None:
    """The report of what was found on a draft; None where that does not tell where all stands, or is too deep."""
    try:
        return _reported(path, draft, found, suppressions, [])
    except (NotInAstError, RecursionError, MemoryError):
        return None


def _reported(
    path: str, file: File, found: Sequence[_Found], suppressions: Suppressions, failures: list[Diagnostic]
) -> FileReport:
    from paramlint.engine.locate import located

    report = FileReport(path, failures)
    diagnostics = located(path, file, [one for one in found if one[1].file is file])
    for other in dict.fromkeys(scope.file for _, scope, _ in found if scope.file is not file):
        report.elsewhere += located(other.path, other, [one for one in found if one[1].file is other])
    report.cut_short = _cut_short(file)
    _forget_model(file)
    report.parsed = file.parsed
    for diagnostic in diagnostics:
        kept = not suppressions.silence(diagnostic)
        (report.diagnostics if kept else report.suppressed).append(suppressions.place(diagnostic))
    report.diagnostics.sort(key=lambda d: d.sort_key)
    return report


def _broken(path: str, part: Part, error: SyntaxError) -> Diagnostic:
    message = f"is not valid Python {_VERSION}: {error.msg}"
    return problem(path, "PRM002", message, part.first + (error.lineno or 1) - 1, error.offset or 1)


def _known_tree(source: Source, project: Project | None) -> ast.Module | None:
    """The file's tree where a name was followed into it before."""
    known = project.drafts.known(source) if project is not None else None
    return known.tree if known is not None else None


def _parse(source: Source, project: Project | None) -> ast.Module:
    if project is not None and frameworks(source.data):  # it will stay for a while
        project.make_room(len(source.data))
    return ast.parse(source.text)


def _failure(path: str, row: int, error: Exception) -> Diagnostic:
    from paramlint.syntax.parse import TooComplexError

    if isinstance(error, TooComplexError):
        return problem(path, "PRM004", str(error), error.row)
    if isinstance(error, (RecursionError, MemoryError)):
        return problem(path, "PRM004", "is too large or too deeply nested to be analysed", row)
    if type(error).__name__ == "ParserSyntaxError":  # valid for Python all the same: `ast` has read it
        return problem(path, "PRM004", "is beyond what LibCST can parse, so it was not analysed", row)
    return _internal(path, error, row)


def _tried(draft: File, nominated: dict[Unit, set[Rule]]) -> tuple[dict[Unit, set[Rule]], list[_Found] | None]:
    """The rules that find something on the drafts of units, or that drafts cannot answer, and what they find.

    Where a rule finds something, the units that its questions find right are among them too. What they find is not
    told where a draft could not answer, or is of code that LibCST may refuse.
    """
    answers = {(unit, rule): _answer(draft, unit, rule, rules) for unit, rules in nominated.items() for rule in rules}
    finding = {rule for (_, rule), answer in answers.items() if _finds(answer)}
    kept: dict[Unit, set[Rule]] = {}
    for (unit, rule), answer in answers.items():
        if _finds(answer) or (answer and rule in finding):
            kept.setdefault(unit, set()).add(rule)
    found: list[_Found] = []
    for unit, rules in kept.items():
        if draft.source.offset(unit.last + 1) - draft.source.offset(unit.first) > _MAX_PLACED:
            return kept, None
        for rule in sorted(rules, key=lambda rule: rule.code):
            answer = answers[unit, rule]
            if answer is None:
                return kept, None
            found += answer
    return kept, found


def _answer(draft: File, unit: Unit, rule: Rule, rules: Iterable[Rule]) -> list[_Found] | None:
    """What a rule finds on the draft of a unit; None where that cannot answer."""
    try:
        return list(_findings(draft, unit, rule, rules))
    except Exception:
        return None


def _finds(answer: list[_Found] | None) -> bool:
    return answer is None or any(not finding.is_right for _, _, finding in answer)


def _findings(file: File, unit: Unit, rule: Rule, rules: Iterable[Rule]) -> Iterator[_Found]:
    scope = file.scope(unit)
    for kind, node_checks in rule.node_checks.items():
        for node in scope.find(kind):
            for check in node_checks:
                for finding in check(node, scope):
                    yield rule, scope, finding
    for scope_check in rule.scope_checks:
        for finding in scope_check(scope):
            yield rule, scope, finding
    if rule.questions and (unit.kind != "function" or unit.cls is None) and not _asks_in_vain(file, unit, rule):
        yield from _ask(file, unit, rule, rules)
    if rule.readings and (unit.kind != "function" or unit.cls is None):
        yield from _read(file, unit, rule)
    if unit.kind != "class":
        return
    cls = file.class_of(unit)
    assert cls is not None
    for class_check in rule.class_checks:
        for finding in class_check(cls):
            yield rule, scope, finding


def _asks_in_vain(file: File, unit: Unit, rule: Rule) -> bool:
    """Whether what a rule would say of a function is said of what that calls, or nothing happens that it asks about."""
    if unit.kind != "function":
        return False
    entries = frozenset(kind for trigger in rule.triggers if isinstance(trigger, Asks) for kind in trigger.entries)
    known: dict[tuple[Unit, frozenset[str]], bool] = file.memo.setdefault("built elsewhere", {})
    if (unit, entries) not in known:
        known[unit, entries] = is_built_elsewhere(file.outline, unit, entries)
    if known[unit, entries]:
        return True
    words = words_followed(rule)
    if not words:
        return False
    followed: dict[frozenset[str], Followed] = file.memo.setdefault("followed", {})
    if words not in followed:
        followed[words] = Followed(file.source, file.outline, words)
    return not followed[words].has(unit)


def _ask(file: File, unit: Unit, rule: Rule, rules: Iterable[Rule]) -> Iterator[_Found]:
    """What a rule says of the model that a unit builds, where it stands in this file or is for others to say too.

    Args:
        file, unit: the unit.
        rule: the rule.
        rules: all that are asked about this unit.
    """
    from paramlint.symbolic.building.entries import claims_of, place_of, rows_of, unit_of

    model, claims = claims_of(file, unit, rule.questions)
    found, others = [], []
    is_told = file.project is not None and any(isinstance(t, Asks) and t.in_other_files for t in rule.triggers)
    for claim in claims:
        place = place_of(claim)
        if place is None or place.file.is_stub or not (claim.answer.yes or claim.is_right):
            continue
        home = place.file.facts
        if home is not file and (claim.is_right or not is_told):
            continue
        node = claim.node if claim.node is not None else claim.site.node
        rows = rows_of(claim, model, home)
        is_inside = all(unit_of(one) is place.unit for one in claim.site.stack)  # calls of functions in the function
        is_alone = is_inside and place.unit.kind == "function" and place.unit.name not in _STARTED
        finding = Finding(
            node,
            claim.message,
            claim.fix,
            attribute=claim.attribute,
            others=claim.others,
            rows=rows,
            is_right=claim.is_right,
            is_alone=is_alone,
        )
        said = (rule, home.scope(place.unit), finding)
        if home is file:
            found.append((claim.site.row, said))
        else:
            others.append(said)
    of_heirs = _rows_of_heirs(file, unit, rule, rules) if any(not one.is_right for _, (_, _, one) in found) else None
    yield from (said for row, said in found if said[2].is_right or of_heirs is None or row in of_heirs)
    yield from others


@dataclass
class _Beyond:
    """Follows names of a file into others, for the words of what stands there."""

    file: File

    def __call__(self, name: str, wanted: frozenset[str]) -> tuple[Reach, Unit] | None:
        imported = self.file.outline.imports.get(name.partition(".")[0], "")
        if imported.partition(".")[0] == "torch":
            return None  # not code of the project
        from paramlint.facts import Class, Scope

        symbol = self.file.lookup(name)
        if not isinstance(symbol, (Class, Scope)) or symbol.file is self.file:
            return None
        other, unit = symbol.file, symbol.outline.unit if isinstance(symbol, Class) else symbol.unit
        known: dict[frozenset[str], Reach] = other.memo.setdefault("reach", {})
        if wanted not in known:
            words = Words(other.source, wanted)
            known[wanted] = Reach(other.source, other.outline, words, partial(_Beyond(other), wanted=wanted))
        return known[wanted], unit


def _read(file: File, unit: Unit, rule: Rule) -> Iterator[_Found]:
    """What a rule says of what a unit does, where it stands in this file."""
    from paramlint.facts.reading.entries import trace_of

    trace = trace_of(file, unit)
    for read in rule.readings:
        for scope, finding in read(trace):
            if scope.file is file:
                yield rule, scope, finding


def _rows_of_heirs(file: File, unit: Unit, rule: Rule, rules: Iterable[Rule]) -> set[int] | None:
    """The rows on which a rule says the same of the heirs that run the constructor of a class; None without such.

    What is only there to be inherited from is wrong where its heirs are: they may have the methods that make it right.
    """
    known: dict[Unit, dict[Rule, set[int]] | None] = file.memo.setdefault("rows of heirs", {})
    rows = known.get(unit, {})
    if rows is not None and rule not in rows:
        rows = known[unit] = _rows_by_rule(file, unit, {rule, *rules})
    return rows[rule] if rows is not None else None


def _rows_by_rule(file: File, unit: Unit, rules: Iterable[Rule]) -> dict[Rule, set[int]] | None:
    """The same of all rules, since each model is built only once for them."""
    from paramlint.facts.heirs import is_only_inherited, that_run_its_constructor
    from paramlint.facts.module_nesting import is_same
    from paramlint.symbolic.building.entries import claims_of, place_of, set_aside

    cls = file.class_of(unit) if unit.kind == "class" else None
    if cls is None or not is_only_inherited(cls):
        return None
    heirs = that_run_its_constructor(cls)[:_MAX_HEIRS]
    rows: dict[Rule, set[int]] = {rule: set() for rule in sorted(rules, key=lambda rule: rule.code)}
    for heir in heirs:
        bases = [base for base in heir.mro[1:] if any(is_same(one, cls) for one in base.mro)]
        with set_aside(heir.file):
            for rule, found in rows.items():
                _, claims = claims_of(heir.file, heir.outline.unit, rule.questions, file, bases)
                for claim in claims:
                    place = place_of(claim)
                    is_here = place is not None and place.file.facts.path == file.path
                    if claim.answer.yes and not claim.is_right and is_here:
                        found.add(claim.site.row)
    return rows if heirs else None


def _cut_short(file: File) -> tuple[str, ...]:
    if "model" not in file.memo:
        return ()
    from paramlint.symbolic.building.entries import cut_short

    return cut_short(file)


def _too_large(draft: File) -> dict[str, object]:
    """What a file has to know of its draft so that both build the same."""
    if "model" not in draft.memo:
        return {}
    from paramlint.symbolic.building.entries import too_large

    return too_large(draft)


def _forget_model(file: File) -> None:
    file.memo.pop("trace", None)
    if "model" in file.memo:
        from paramlint.symbolic.building.entries import end_check

        end_check(file)


def _internal(path: str, error: Exception, row: int = 1) -> Diagnostic:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace is not None else ""
    said = " ".join(str(error).split())[:200]
    return problem(
        path,
        "PRM005",
        f"paramlint failed here ({type(error).__name__}: {said}{where}); please report it",
        row,
    )


def check_paths(
    paths: Iterable[str], rules: Sequence[Rule], project: Project | None, *, reference: bool = False
) -> Iterator[FileReport]:
    """Check files one after the other, in the order given."""
    nominator = Nominator(rules)
    for path in paths:
        yield check_path(path, nominator, project, reference=reference)
