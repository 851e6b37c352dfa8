"""For authors of rules: fixtures with `# expect:` markers, checked both ways, and the examples of the documentation.

A line that must be reported ends with `# expect: PRM401 "self.blocks"`; the quoted text, when given, must be the text
underneath the report. Every line without a marker must be silent.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

from paramlint.engine.check_file import check_source
from paramlint.engine.fixes import fix_source
from paramlint.engine.nominate import Nominator
from paramlint.facts import Project
from paramlint.facts.files import File
from paramlint.finding import Diagnostic
from paramlint.knowledge.frameworks import TORCH
from paramlint.model import Model
from paramlint.rule import Rule
from paramlint.source.text import Source
from paramlint.symbolic.building.entries import model_for

MARKER = re.compile(r'# expect: (?P<code>[A-Z]+\d+)(?: "(?P<text>[^"]+)")?')
_PRELUDE = "import copy\n\nimport torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\n"


def check_text(
    text: str, rules: Sequence[Rule], path: str = "example.py", *, reference: bool = False
) -> list[Diagnostic]:
    """The diagnostics of a piece of source code."""
    return check_source(Source(path, text.encode()), Nominator(rules), reference=reference).diagnostics


def check_file(path: Path, rules: Sequence[Rule], *, reference: bool = False) -> list[Diagnostic]:
    """The diagnostics of a file, with the files beside it as its project; in a package, what these say of it too."""
    project, nominator = Project([str(path.parent)]), Nominator(rules)
    source = Source(str(path), path.read_bytes())
    found = check_source(source, nominator, project, reference=reference).diagnostics
    said = {(one.code, one.start.row) for one in found}
    for beside in sorted(path.parent.glob("*.py")) if path.with_name("__init__.py").exists() else ():
        user = Source(str(beside), beside.read_bytes())
        claims = check_source(user, nominator, project, reference=reference).elsewhere if beside != path else []
        found += [c for c in claims if Path(c.path) == path.resolve() and (c.code, c.start.row) not in said]
    return found


def model_of(text: str, name: str) -> Model:
    """The model of a class or function of a piece of source code, to ask it what a rule may ask.

    Raises:
        LookupError: the code defines nothing of that name.
    """
    file = File(Source("example.py", text.encode()), None)
    unit = next((unit for unit in file.outline.units if unit.name == name), None)
    if unit is None:
        raise LookupError(f"no class or function `{name}` in this code")
    return model_for(file, unit)


def text_under(source: str, diagnostic: Diagnostic) -> str:
    """The text that a diagnostic points at."""
    whole = Source("", source.encode())
    return whole.text[whole.offset(*diagnostic.start) : whole.offset(*diagnostic.end)]


def mismatches(path: Path, rules: Sequence[Rule], *, reference: bool = False) -> list[str]:
    """What differs between a fixture's markers and what the rules say: missing, unexpected and misplaced reports."""
    source = path.read_text(encoding="utf-8")
    wanted = [
        (row, match["code"], match["text"])
        for row, line in enumerate(source.splitlines(), 1)
        for match in MARKER.finditer(line)
    ]
    problems: list[str] = []
    for found in check_file(path, rules, reference=reference):
        under = text_under(source, found)
        match = next((w for w in wanted if w[:2] == (found.start.row, found.code) and w[2] in (None, under)), None)
        if match is not None:
            wanted.remove(match)
        else:
            problems.append(f"{path}:{found.start.row}: unexpected {found.code} at {under!r}: {found.message}")
    return problems + [f"{path}:{row}: {code} {text or ''} was not reported" for row, code, text in wanted]


def fixed_text(text: str, rules: Sequence[Rule], path: str = "example.py", *, unsafe: bool = True) -> str:
    """The source after all fixes."""

    def check(source: Source) -> list[Diagnostic]:
        found = check_source(source, Nominator(rules), Project([str(Path(path).parent)])).diagnostics
        return [d for d in found if d.fix is not None and (unsafe or d.fix.applicability == "safe")]

    return fix_source(Source(path, text.encode()), check)[0].text


def example(rule: Rule, heading: str) -> str:
    """A documentation example as a complete module.

    An example that defines a class or function, or imports, stands by itself; one that mentions `self` becomes the
    body of a module's `__init__`; any other becomes the body of a function. A `Setup:` section comes before it.
    """
    sections = rule.sections()
    body = textwrap.dedent(sections[heading]).strip("\n")
    setup = textwrap.dedent(sections.get("Setup", "")).strip("\n")
    of_torch = rule.frameworks == TORCH
    head = (_PRELUDE if of_torch else "") + (setup + "\n\n\n" if setup else "")
    if re.search(r"^(?:class|def|import|from|@)\b", body, re.M):
        return head + body + "\n"
    if re.search(r"\bself\b", body):
        inner = textwrap.indent(body, " " * 8)
        return f"{head}class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n{inner}\n"
    given = "model: nn.Module, optimizer: torch.optim.Optimizer" if of_torch else "model, optimizer"
    return f"{head}def example({given}):\n{textwrap.indent(body, ' ' * 4)}\n"
