"""`%load_ext paramlint`: the findings of each cell under it; `%paramlint net` for an object, `%%paramlint`."""

from __future__ import annotations

import json
from typing import Any

from paramlint.engine.catalogue import select
from paramlint.engine.check_file import check_source
from paramlint.engine.nominate import Nominator
from paramlint.finding import Diagnostic
from paramlint.frontends.notebook.cell_output import Shown
from paramlint.frontends.report.plain import plain
from paramlint.source.documents.notebook import Notebook
from paramlint.syntax.large_stack import with_large_stack

#: What a notebook without a name is called; findings say the cell.
PATH = "notebook.ipynb"

_loaded: dict[int, Extension] = {}


def load(shell: Any) -> None:
    """Begin in a shell, anew where it has begun already."""
    unload(shell)
    _loaded[id(shell)] = Extension(shell)
    _loaded[id(shell)].register()


def unload(shell: Any) -> None:
    """End in a shell."""
    known = _loaded.pop(id(shell), None)
    if known is not None:
        known.unregister()


class Extension:
    """The cells that ran so far, and what was said of them: each finding once."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._cells: list[str] = []
        self._said: set[tuple[str, str, str]] = set()
        self._nominator = Nominator(select())
        self._pending = ""

    def register(self) -> None:
        """Begin."""
        self._shell.events.register("pre_run_cell", self._before)
        self._shell.events.register("post_run_cell", self._after)
        self._shell.register_magic_function(self.magic, "line_cell", "paramlint")

    def unregister(self) -> None:
        """End."""
        self._shell.events.unregister("pre_run_cell", self._before)
        self._shell.events.unregister("post_run_cell", self._after)

    def magic(self, line: str, cell: str | None = None) -> Any:
        """`%paramlint net` inspects what an expression gives; `%%paramlint` runs a cell and checks it."""
        if cell is None:
            return self._inspected(line)
        self._shell.run_cell(cell)
        return None

    def check(self, cell: str) -> list[Diagnostic]:
        """What is new to be said, now that this cell ran too."""
        if not cell.strip():
            return []
        self._cells.append(cell)
        cells = [{"cell_type": "code", "source": text, "metadata": {}, "outputs": []} for text in self._cells]
        data = json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()
        notebook = Notebook(PATH, data)
        report = check_source(notebook, self._nominator, decide=with_large_stack)
        found = []
        for diagnostic in map(notebook.localize, report.diagnostics):
            text = self._cells[(diagnostic.cell or 1) - 1]
            key = diagnostic.code, diagnostic.message, text
            if diagnostic.group != "error" and key not in self._said:
                self._said.add(key)
                found.append(diagnostic)
        return found

    def _inspected(self, line: str) -> Any:
        import paramlint

        expression = line.strip()
        if not expression:
            print("%paramlint needs a model, as in `%paramlint net`")
            return None
        model = self._shell.ev(expression)
        if not hasattr(model, "named_parameters"):
            print(f"%paramlint needs a model, and `{plain(expression)}` is of type {plain(type(model).__name__)}")
            return None
        return paramlint.inspect(model)

    def _before(self, info: Any) -> None:
        if not self._pending.startswith("%%paramlint"):  # what runs inside of that is the same cell
            self._pending = info.raw_cell or ""

    def _after(self, result: Any) -> None:
        cell, self._pending = self._pending, ""
        if getattr(result, "error_before_exec", None) is not None:
            return
        try:
            found = self.check(cell)
        except Exception as error:  # what fails here must not look like the user's own error
            print(f"paramlint could not check this cell: {type(error).__name__}: {plain(str(error))}")
            return
        if found:
            from IPython.display import display  # pyright: ignore[reportMissingImports]

            display(Shown(tuple(found), len(self._cells)))  # type: ignore[no-untyped-call, unused-ignore]
