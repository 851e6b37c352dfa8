"""The files that `--report` and `--graph` ask for: refused before anything is built, and written at the end."""

from __future__ import annotations

import importlib.util
import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from paramlint.rewrite import put
from paramlint.verify.summary import Document

PAGES = (".html", ".htm")
#: Characters of a file's name that are taken from its target.
LONGEST = 80


def check_report(path: Path) -> None:
    """Refuse a report that could not be written.

    Raises:
        click.UsageError: with what to do instead.
    """
    if path.suffix not in PAGES:
        raise click.UsageError(f"--report writes HTML: `{path}` does not end with .html")
    _check_place("--report", path)
    if importlib.util.find_spec("jinja2") is None:
        raise click.UsageError("--report needs jinja2, which is not installed: pip install 'paramlint[report]'")


def check_graph(path: Path, targets: int, discovers: bool) -> None:
    """Refuse a graph that could not be written.

    Raises:
        click.UsageError: with what to do instead.
    """
    from paramlint.report.graph import LANGUAGES

    if path.suffix not in LANGUAGES:
        raise click.UsageError(f"--graph writes Graphviz (.dot) or Mermaid (.mmd): `{path}` ends with neither")
    if targets > 1 or discovers:
        raise click.UsageError("--graph draws one model: give one target, without --discover")
    _check_place("--graph", path)


def _check_place(option: str, path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise click.UsageError(f"{option}: there is no folder `{folder}` for `{path.name}`; create it first")
    if path.is_dir():
        raise click.UsageError(f"{option}: `{path}` is a folder; name a file")
    if not os.access(folder, os.W_OK):
        raise click.UsageError(f"{option}: the folder `{folder}` cannot be written to")


def write_report(path: Path, documents: Sequence[Document], commands: dict[str, str], command: str | None) -> None:
    """Write a page, or one for each target in a folder beside the page of all.

    Args:
        documents: at least one.
        commands: by target what gives the same again.
        command: the same for all targets together; None for a single target, which is the page itself.

    Raises:
        click.FileError: a file cannot be written; those before it are.
    """
    from paramlint.report.html.page import index, page

    created = time.strftime("%Y-%m-%d %H:%M %Z")
    if command is None:
        _write(path, page(documents[0], commands[documents[0].target], created))
        return
    folder = path.with_name(f"{path.stem}-pages")
    links = dict(zip(commands, _page_names(list(commands)), strict=True))
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise click.FileError(str(folder), error.strerror) from None
    for document in documents:
        back = f"../{_quoted(path.name)}"
        _write(folder / links[document.target], page(document, commands[document.target], created, back))
    relative = {target: f"{_quoted(folder.name)}/{name}" for target, name in links.items()}
    _write(path, index(documents, relative, command, created))


def write_graph(path: Path, document: Document) -> None:
    """Write the graph of a model; nothing where it could not be built.

    Raises:
        click.FileError: the file cannot be written.
    """
    from paramlint.report.graph import render

    if document.outcome.status == "ok":
        _write(path, render(document, path))


def _write(path: Path, text: str) -> None:
    try:
        put(str(path), text.encode())
    except OSError as error:
        raise click.FileError(str(path), error.strerror) from None


def _page_names(targets: Sequence[str]) -> Iterator[str]:
    """A name for each page, of letters that need no quoting, and none twice whatever the case of its letters."""
    taken: set[str] = set()
    for target in targets:
        stem = re.sub(r"[^A-Za-z0-9_]+", "-", target)[-LONGEST:].strip("-") or "target"
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        yield f"{name}.html"


def _quoted(name: str) -> str:
    """A file's name as part of a link."""
    from urllib.parse import quote

    return quote(os.fsencode(name))
