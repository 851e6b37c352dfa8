"""What the site has beside the pages of docs/: the files at the top of the repository, and the rules."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

from paramlint import __version__
from paramlint.engine.catalogue import CATALOGUE, PREVIEW, is_on
from paramlint.rule import Rule

ROOT = Path(__file__).parent.parent.parent
#: What stands at the top of the repository, and where it is in the site.
TOP = {
    "README.md": "index.md",
    "README.zh.md": "zh.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
}
FAMILIES = {
    "0": "The tool",
    "1": "Values",
    "2": "Initialisation",
    "3": "Sharing",
    "4": "Registration",
    "5": "Ties",
    "6": "Freezing",
    "7": "Optimizer and state",
    "8": "Keras",
    "9": "Gluon",
}
#: The order of the pages about each command; any other page of docs/ comes after them.
USE = ("configuration", "show", "verify", "training", "python", "pytest", "contract", "report", "ci", "cluster")
_LINK = re.compile(r"(\]\()(?!https?:|#)([^)#\s]+)")


def on_config(config: Any) -> Any:
    """The navigation."""
    pages = {path.stem for path in Path(config["docs_dir"]).glob("*.md")}
    use = [name for name in USE if name in pages]
    facts = sorted(pages - set(use))
    families = [
        {f"{title} ({digit}xx)": [f"rules/{rule.code}.md" for rule in CATALOGUE if rule.code[3] == digit]}
        for digit, title in FAMILIES.items()
        if any(rule.code[3] == digit for rule in CATALOGUE)
    ]
    config["nav"] = [
        {"Start": "index.md"},
        {"中文": "zh.md"},
        {"Use": [f"{name}.md" for name in use]},
        {"Rules": ["rules/index.md", *families]},
        {"Facts": [f"{name}.md" for name in facts]},
        {"Project": ["contributing.md", "changelog.md", "security.md"]},
    ]
    return config


def on_files(files: Files, config: Any) -> Files:
    """The pages that are made here."""
    for name, page in TOP.items():
        text = (ROOT / name).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=_LINK.sub(_from_the_top, text)))
    files.append(File.generated(config, "rules/index.md", content=_index()))
    for rule in CATALOGUE:
        files.append(File.generated(config, f"rules/{rule.code}.md", content=_page(rule)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Links out of docs/ lead to where these files are in the site."""
    if page.file.src_uri in TOP.values() or page.file.src_uri.startswith("rules/"):
        return markdown
    return _LINK.sub(_from_docs, markdown)


def _from_the_top(match: re.Match[str]) -> str:
    return match[1] + TOP.get(match[2], match[2].removeprefix("docs/"))


def _from_docs(match: re.Match[str]) -> str:
    return match[1] + TOP.get(match[2].removeprefix("../"), match[2])


def _index() -> str:
    text = f"# Rules\n\nThe {len(CATALOGUE)} rules of paramlint {__version__}. "
    text += "Those that are off or in preview run when they are selected.\n"
    for digit, family in FAMILIES.items():
        rules = [rule for rule in CATALOGUE if rule.code[3] == digit]
        if not rules:
            continue
        text += f"\n## {family}\n\n| | | | |\n| --- | --- | --- | --- |\n"
        for rule in rules:
            text += f"| [{rule.code}]({rule.code}.md) | {rule.name} | {_cell(rule.summary)} | {_state(rule)} |\n"
    return text


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _state(rule: Rule) -> str:
    return "preview" if rule.code in PREVIEW else "" if is_on(rule) else "off"


def _page(rule: Rule) -> str:
    text = f"# {rule.code} {rule.name}\n\n{' · '.join(_facts(rule))}\n"
    if rule.code in PREVIEW:
        text += f"\nIt is in preview, and runs with `--preview`: {PREVIEW[rule.code]}.\n"
    for heading, section in rule.sections().items():
        if heading in ("Bad", "Good", "Setup"):
            text += f"\n## {heading}\n\n```python\n{textwrap.dedent(section).strip()}\n```\n"
            continue
        paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", section.strip())]
        if heading:
            paragraphs[0] = f"**{heading}:** {paragraphs[0]}"
        text += "".join(f"\n{paragraph}\n" for paragraph in paragraphs)
    return text


def _facts(rule: Rule) -> list[str]:
    """What there is to know about a rule in a few words."""
    seen = {"in source": rule.triggers, "on the live model": rule.verifiers, "in a training run": rule.trainers}
    found = " and ".join(where for where, halves in seen.items() if halves)
    fix = f"{rule.fix} fix" if rule.fix != "none" else "no fix"
    state = _state(rule) or "on"
    return [rule.group, state, fix, *([f"found {found}"] if found else [])]
