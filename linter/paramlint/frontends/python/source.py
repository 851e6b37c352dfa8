"""What is said of code from Python: `paramlint.check`, `fix` and `show`. Nothing of it is imported or run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import click
import msgspec

from paramlint.engine.run import Result, merged, run_paths, run_source
from paramlint.frontends.cli.check.task import STDIN, Arguments, Task
from paramlint.frontends.python.named import selectors, target_text
from paramlint.frontends.report.plain import indented_json, plain
from paramlint.source.kinds import kind
from paramlint.source.links import leads_out
from paramlint.source.rewrite import write
from paramlint.symbolic.showing.show_document import Shown, ShownClass
from paramlint.verify.document.found import Finding

Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str]]


@dataclass(frozen=True)
class Asked:
    """What is to be checked, and under which settings.

    Attributes:
        paths: files and folders; none with a text.
        source: a text.
        arguments: as the command line would give them.
    """

    paths: tuple[str, ...]
    source: str | None
    arguments: Arguments

    @classmethod
    def of(cls, paths: Paths | None, source: str | None, filename: str | None, arguments: Arguments) -> Asked:
        """Read what a caller gives.

        Raises:
            ValueError: both paths and a text are given, or neither.
        """
        if (paths is None) == (source is None):
            raise ValueError("give either paths or `source`")
        if paths is None:
            name = filename or "<string>"
            return cls((), source, msgspec.structs.replace(arguments, paths=(STDIN,), stdin_filename=name))
        if filename is not None:
            raise ValueError("`filename` is the name of a `source`; paths have names")
        each = [paths] if isinstance(paths, str | os.PathLike) else paths
        names = tuple(os.fspath(path) for path in each)
        return cls(names, None, msgspec.structs.replace(arguments, paths=names))

    def run(self) -> Result:
        """What is found; nothing is written yet."""
        task = Task.of(self.arguments)
        if self.source is not None:
            name = task.arguments.stdin_name
            return run_source(kind(name)(name, self.source.encode("utf-8", "surrogatepass")), task.run())
        return merged(run_paths(files, part.run()) for part, files in task.parts(task.find().files))


def check(
    paths: Paths | None,
    source: str | None,
    filename: str | None,
    select: Iterable[str],
    ignore: Iterable[str],
    preview: bool | None,
    config: str | None,
    isolated: bool,
) -> list[Finding]:
    """See `paramlint.check`."""
    arguments = _arguments(select, ignore, preview, config, isolated)
    with _plain_errors():
        result = Asked.of(paths, source, filename, arguments).run()
        return [Finding.of_diagnostic(diagnostic) for diagnostic in result.localized().diagnostics]


def fix(
    paths: Paths | None,
    source: str | None,
    filename: str | None,
    unsafe: bool,
    select: Iterable[str],
    ignore: Iterable[str],
    config: str | None,
    isolated: bool,
) -> str | list[str]:
    """See `paramlint.fix`."""
    arguments = msgspec.structs.replace(
        _arguments(select, ignore, None, config, isolated), fix=True, unsafe_fixes=unsafe
    )
    with _plain_errors():
        asked = Asked.of(paths, source, filename, arguments)
        result = asked.run()
    if asked.source is not None:
        return result.rewrites[0].after.text if result.rewrites else asked.source
    inside = [rewrite for rewrite in result.rewrites if not leads_out(rewrite.before.path, asked.paths)]
    for rewrite in inside:
        write(rewrite)
    return [rewrite.before.path for rewrite in inside]


def _arguments(
    select: Iterable[str], ignore: Iterable[str], preview: bool | None, config: str | None, isolated: bool
) -> Arguments:
    return Arguments(
        select=selectors(select), ignore=selectors(ignore), preview=preview, config=config, isolated=isolated,
        cache=False, jobs=1,
    )  # fmt: skip


@contextmanager
def _plain_errors() -> Iterator[None]:
    """What the command line refuses is a ValueError in Python."""
    try:
        yield
    except click.ClickException as error:
        raise ValueError(plain(error.format_message())) from None


class ShownModels:
    """What `paramlint.show` says: printed, a table of each class; `classes` has it as data."""

    def __init__(self, document: Shown) -> None:
        self.document = document

    @property
    def classes(self) -> tuple[ShownClass, ...]:
        """The parameters and buffers of each class, see `paramlint.symbolic.showing.show_document`."""
        return self.document.classes

    def to_json(self) -> str:
        """As JSON, as the command line prints it."""
        return indented_json(self.document)

    def __str__(self) -> str:
        import io

        from paramlint.frontends.report.models.from_source.shown import print_class

        stream = io.StringIO()
        for number, cls in enumerate(self.classes):
            stream.write("\n" if number else "")
            print_class(cls, stream)
        return stream.getvalue().rstrip("\n")


def show(target: object, arguments: Mapping[str, object] | None) -> ShownModels:
    """See `paramlint.show`."""
    from paramlint.symbolic.showing.show import show as show_subject
    from paramlint.symbolic.showing.show_targets import TargetError, open_program, split, subjects
    from paramlint.syntax.garbage_collection import without_collector

    text = target if isinstance(target, str) else target_text(target)
    if arguments and not split(text)[1]:
        raise ValueError(plain(f"arguments belong to one class or factory: write `{text}:name`"))
    try:
        with without_collector():
            found = tuple(show_subject(subject, arguments) for subject in subjects(open_program(), text))
    except TargetError as error:
        raise ValueError(plain(str(error))) from None
    return ShownModels(Shown(target=text, classes=found))
