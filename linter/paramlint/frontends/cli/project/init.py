"""`paramlint init`: the configuration, the hook and the job of a project that has none yet."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click

from paramlint import __version__
from paramlint.frontends.report.plain import plain

_TABLE = re.compile(r"^[ \t]*\[[ \t]*tool[ \t]*\.[ \t]*[\"']?paramlint\b", re.M)
_SETTINGS = """\
extend-select = []                 # more rules: `paramlint rules` lists them
ignore = []
exclude = []                       # patterns as in .gitignore

[{table}per-file-ignores]
"""
_HOOK = """\
  - repo: local
    hooks:
      - id: paramlint
        name: paramlint
        entry: paramlint check --force-exclude
        language: system
        types_or: [python, jupyter]
"""
_GITHUB = """\
name: paramlint
on:
  push:
    branches: [main]
  pull_request:
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: {install}
      - run: paramlint check --output-format github
"""
_GITLAB = """\
paramlint:
  image: python:3.12
  script:
    - {install}
    - paramlint check --output-format gitlab --output-file gl-code-quality-report.json
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
"""


@dataclass(frozen=True)
class Piece:
    """Something that a project may have.

    Attributes:
        what: the name of it for people.
        path: the file that holds it.
        text: what is to be written; what is there already stays before it.
        state: `new`, `there`, or `by hand` where only its owner can say where in the file it belongs.
    """

    what: str
    path: str
    text: str
    state: str


@click.command(short_help="Give a project its configuration, hook and job.")
@click.option("-y", "--yes", is_flag=True, help="Write all of it without asking.")
@click.option(
    "--install",
    metavar="COMMAND",
    default=f"pip install paramlint=={__version__}",
    show_default=True,
    help="How the job of the pipeline installs paramlint.",
)
def init(yes: bool, install: str) -> None:
    """Give this project a configuration, a hook for pre-commit and a job for its pipeline.

    Each is shown and asked about, and nothing that is there is changed: a table is added to the end of pyproject.toml,
    a file is made where there is none, and what belongs into one that exists is printed.
    """
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("there is nobody to ask: give --yes to write everything")
    for piece in _pieces(install):
        if piece.state == "there":
            click.echo(f"{piece.what}: {piece.path} has it")
        elif piece.state == "by hand":
            click.echo(f"{piece.what}: {piece.path} is yours; add this to it:\n\n{_indented(piece.text)}")
        elif yes or _agreed(piece):
            _write(piece)
            click.echo(f"{piece.what}: written to {piece.path}")


def _pieces(install: str) -> Iterator[Piece]:
    yield _settings()
    yield _hook()
    yield _job(install)


def _settings() -> Piece:
    what = "the configuration"
    if os.path.exists("paramlint.toml"):
        return Piece(what, "paramlint.toml", "", "there")
    if not os.path.exists("pyproject.toml"):
        return Piece(what, "paramlint.toml", _SETTINGS.format(table=""), "new")
    text = _read("pyproject.toml")
    if _TABLE.search(text):
        return Piece(what, "pyproject.toml", "", "there")
    gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
    table = f"{gap}[tool.paramlint]\n{_SETTINGS.format(table='tool.paramlint.')}"
    return Piece(what, "pyproject.toml", table, "new")


def _hook() -> Piece:
    what = "the hook"
    for path in (".pre-commit-config.yaml", ".pre-commit-config.yml"):
        if os.path.exists(path):
            return Piece(what, path, _HOOK, "there" if "paramlint" in _read(path) else "by hand")
    return Piece(what, ".pre-commit-config.yaml", "repos:\n" + _HOOK, "new")


def _job(install: str) -> Piece:
    what = "the job"
    if os.path.exists(".gitlab-ci.yml"):
        state = "there" if "paramlint" in _read(".gitlab-ci.yml") else "by hand"
        return Piece(what, ".gitlab-ci.yml", _GITLAB.format(install=install), state)
    folder = os.path.join(".github", "workflows")
    for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
        path = os.path.join(folder, name)
        if name.endswith((".yml", ".yaml")) and "paramlint" in _read(path):
            return Piece(what, path, "", "there")
    return Piece(what, os.path.join(folder, "paramlint.yml"), _GITHUB.format(install=install), "new")


def _read(path: str) -> str:
    from paramlint.source.regular_file import BY_HAND, read_regular

    try:
        return read_regular(path, BY_HAND).decode("utf-8")
    except UnicodeDecodeError:
        raise click.ClickException(f"{plain(path)}: it is not UTF-8") from None
    except OSError as error:
        raise click.FileError(path, error.strerror) from None


def _agreed(piece: Piece) -> bool:
    click.echo(f"{piece.path}:\n\n{_indented(piece.text)}")
    return click.confirm(f"Write {piece.what}?", default=True)


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.strip("\n").split("\n"))


def _write(piece: Piece) -> None:
    from paramlint.source.rewrite import put

    before = _read(piece.path) if os.path.exists(piece.path) else ""
    try:
        os.makedirs(os.path.dirname(piece.path) or ".", exist_ok=True)
        newline = "\r\n" if "\r\n" in before else "\n"
        put(piece.path, (before + piece.text.replace("\n", newline)).encode())
    except OSError as error:
        raise click.FileError(piece.path, error.strerror) from None
