"""The files that `--report`, `--graph` and `--write-contract` ask for: refused before anything is built, or written."""

from __future__ import annotations

import importlib.util
import os
import re
import time
from collections.abc import Iterator, Sequence
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING

import click

from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import count as number_of
from paramlint.source.rewrite import put
from paramlint.verify.document.schema import Document

if TYPE_CHECKING:
    from paramlint.frontends.report.html.shown_page import Live
    from paramlint.symbolic.showing.show_document import ShownClass

PAGES = (".html", ".htm")
#: Characters of a file's name that are taken from its target.
LONGEST = 80


def check_report(path: Path) -> None:
    """Refuse a report that could not be written.

    Raises:
        click.UsageError: with what to do instead.
    """
    if path.suffix not in PAGES:
        raise click.UsageError(f"the report is HTML: `{path}` does not end with .html")
    _check_place("the report", path)
    if importlib.util.find_spec("jinja2") is None:
        raise click.UsageError("the report needs jinja2, which is not installed: pip install 'paramlint[report]'")


def check_graph(path: Path, targets: int, discovers: bool) -> None:
    """Refuse a graph that could not be written.

    Raises:
        click.UsageError: with what to do instead.
    """
    from paramlint.frontends.report.models.graph import LANGUAGES

    if path.suffix not in LANGUAGES:
        raise click.UsageError(f"the graph is Graphviz (.dot) or Mermaid (.mmd): `{path}` ends with neither")
    if targets > 1 or discovers:
        raise click.UsageError("--graph draws one model: give one target, without --discover")
    _check_place("the graph", path)


def check_contract(path: Path) -> None:
    """Refuse a contract that could not be written.

    Raises:
        click.UsageError: with what to do instead.
    """
    _check_place("the contract", path)


def _check_place(what: str, path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise click.UsageError(f"{what} cannot be written: there is no folder `{folder}`; create it first")
    if path.is_dir():
        raise click.UsageError(f"{what} cannot be written: `{path}` is a folder; name a file")
    if path.exists() and not path.is_file():
        raise click.UsageError(f"{what} cannot be written: `{path}` is no regular file; name one")
    if not os.access(folder, os.W_OK):
        raise click.UsageError(f"{what} cannot be written: the folder `{folder}` is read-only")


def write_page(path: Path, document: Document, command: str) -> None:
    """Write the report of one target; `command` gives the same again.

    Raises:
        click.FileError: the file cannot be written.
    """
    from paramlint.frontends.report.html.page import page
    from paramlint.frontends.report.html.view import told

    _write(path, page(document, command, _now()))
    _tell(path, told(document))


def write_pages(path: Path, packages: str, documents: Sequence[Document], command: str) -> None:
    """Write a page for each target, in a folder, and beside it one with links to them all.

    Args:
        packages: what was asked for, as a heading.
        command: what gives the same again.

    Raises:
        click.FileError: a file cannot be written; those before it are.
    """
    from paramlint.frontends.report.html.page import index, page

    folder = path.with_name(f"{path.stem}-pages")
    names = dict(_page_names([document.target for document in documents]))
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise click.FileError(str(folder), error.strerror) from None
    created, back = _now(), f"../{_quoted(path.name)}"
    for document in documents:
        _write(folder / names[document.target], page(document, command, created, back))
    links = {target: f"{_quoted(folder.name)}/{name}" for target, name in names.items()}
    _write(path, index(packages, documents, links, command, created))
    found = sum(bool(document.summary.findings) for document in documents)
    failed = sum(document.outcome.status != "ok" for document in documents)
    _tell(path, f"{number_of(len(documents), 'target')}, {found} with findings, {failed} not verified")


def write_shown(path: Path, title: str, classes: Sequence[ShownClass], live: Sequence[Live], command: str) -> None:
    """Write the page of classes as their source tells them; `command` gives the same again.

    Raises:
        click.FileError: the file cannot be written.
    """
    from paramlint.frontends.report.html.shown_page import shown_page

    _write(path, shown_page(title, classes, live, command, _now()))
    _tell(path, number_of(len(classes), "class", "classes"))


def write_graph(path: Path, document: Document) -> None:
    """Write the graph of a model; nothing where it could not be built.

    Raises:
        click.FileError: the file cannot be written.
    """
    from paramlint.frontends.report.models.graph import render

    if document.outcome.status == "ok":
        _write(path, render(document, path))
        _tell(path, "the graph")


def write_contract(path: Path, document: Document) -> None:
    """Write down what was proved about the parameters.

    Raises:
        click.FileError: the file cannot be written; one that was there is as it was.
    """
    from paramlint.frontends.cli.verify.contract_text import contract_text

    _write(path, contract_text(document.target, document.parameters, document.buffers))
    _tell(path, "the contract")


def _now() -> str:
    return time.strftime("%Y-%m-%d %H:%M %Z")


def _write(path: Path, text: str) -> None:
    try:
        put(str(path), text.encode())
    except OSError as error:
        raise click.FileError(str(path), error.strerror) from None


def _tell(path: Path, what: str) -> None:
    """To standard error, as standard output may be JSON."""
    click.echo(f"wrote {plain(str(path))}: {what}", err=True)


def _page_names(targets: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Targets with the names of their pages: of letters that need no quoting, none twice in whatever case."""
    taken: set[str] = set()
    for target in targets:
        stem = re.sub(r"[^A-Za-z0-9_]+", "-", target)[-LONGEST:].strip("-") or "target"
        name = next(n for n in chain([stem], map(f"{stem}-{{}}".format, count(2))) if n.lower() not in taken)
        taken.add(name.lower())
        yield target, f"{name}.html"


def _quoted(name: str) -> str:
    """A file's name as part of a link."""
    from urllib.parse import quote

    return quote(os.fsencode(name))
