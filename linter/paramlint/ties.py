"""What the configuration declares as shared: the rules about sharing and ties say nothing of it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from paramlint.globs import matches
from paramlint.sites import NAMED, Path, site_of

if TYPE_CHECKING:
    from paramlint.file_report import FileReport
    from paramlint.finding import Diagnostic
    from paramlint.source import Source

#: The rules that ask whether sharing is meant.
FAMILIES = ("PRM3", "PRM5")


@dataclass(frozen=True)
class Ties:
    """Names that are meant to be shared.

    Args:
        patterns: dotted names as `paramlint.globs` has them. One names a parameter or module by its attributes, from
            any module on: `decoder.weight` is the weight of every `decoder`. The name of a class before them,
            `Model.decoder`, limits it to instances of that class. What a module holds is named with it.
    """

    patterns: tuple[str, ...] = ()

    def apply(self, report: FileReport, source_of: Callable[[str], Source | None]) -> FileReport:
        """The report without the findings about what is declared."""
        asked = [d for d in report.diagnostics if d.code.startswith(FAMILIES)] if self.patterns else []
        source = source_of(report.path) if asked else None
        if source is None:
            return report
        tree = ast.parse(source.text)
        meant = {id(diagnostic) for diagnostic in asked if self._is_about(tree, diagnostic)}
        return replace(report, diagnostics=[d for d in report.diagnostics if id(d) not in meant])

    def _is_about(self, tree: ast.Module, diagnostic: Diagnostic) -> bool:
        site = site_of(tree, diagnostic)
        named = {tuple(text.split(".")) for text in NAMED.findall(diagnostic.message)}
        owner = tuple(site.qualname.split(".")[-1:])
        own = (path[path[0] == "self" :] for path in {*site.mentions, *named})
        return any(self.cover(path, [owner + path]) for path in own)

    def cover(self, path: Path, qualified: Iterable[Path] = ()) -> bool:
        """Whether a name is declared.

        Args:
            path: its parts: the attributes from a module on.
            qualified: the same, or an end of it, with the name of the class before it whose instance holds that.
        """
        starts = [path[first:] for first in range(len(path))]
        spelled = {".".join(name) for start in (*starts, *qualified) for name in _beginnings(start)}
        return any(matches(pattern, name) for pattern in self.patterns for name in spelled)


def _beginnings(path: Path) -> Iterator[Path]:
    for length in range(1, len(path) + 1):
        yield path[:length]
