"""What is known already: a file of findings that a run does not repeat, so that only new ones stop a change."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from paramlint.engine.file_report import FileReport
from paramlint.engine.filters.fingerprint import Identity, identify
from paramlint.source.regular_file import BY_PROGRAM, read_regular
from paramlint.source.rewrite import put
from paramlint.source.text import Source

_VERSION = 1


class BaselineError(Exception):
    """The file cannot be read as a baseline; the message says why and what to do."""


class Baseline:
    """Known findings, by rule, path, class and function, and line.

    The place in the file does not count, so code that moves stays known; how many there are does, so a second one
    beside a known one is new.

    Args:
        known: the identities of the findings, with how many there are of each.
        root: the folder that their paths are relative to.
    """

    def __init__(self, known: Mapping[Identity, int], root: str) -> None:
        self._known = Counter(known)
        self._root = root

    @classmethod
    def read(cls, path: str) -> Baseline:
        """Read what `write` wrote.

        Raises:
            BaselineError: it is not there, or is something else.
        """
        try:
            data: Any = json.loads(read_regular(path, BY_PROGRAM))
            if data["version"] != _VERSION:
                raise BaselineError(f"{path}: was written by another version; write it again with --write-baseline")
            known = Counter[Identity]()
            for entry in data["findings"]:
                identity = Identity(entry["code"], entry["path"], entry["name"], entry["line"])
                known[identity] += int(entry.get("count", 1))
        except OSError as error:
            raise BaselineError(f"{path}: cannot be read: {error.strerror}; --write-baseline writes it") from None
        except (ValueError, RecursionError) as error:
            raise BaselineError(f"{path}: is no baseline ({error}); --write-baseline writes one") from None
        except (KeyError, TypeError, AttributeError):  # JSON of something else
            raise BaselineError(f"{path}: is no baseline; --write-baseline writes one") from None
        return cls(known, os.path.dirname(os.path.abspath(path)))

    def without_known(self, report: FileReport, source: Source | None) -> FileReport:
        """The report without the known findings; the first of equal ones are the known ones."""
        if not report.diagnostics or not self._known:
            return report
        problems = report.problems
        identities = identify(source, report.diagnostics, self._root)
        new = [
            diagnostic
            for diagnostic, identity in zip(report.diagnostics, identities, strict=True)
            if diagnostic in problems or identity.nth > self._known[identity._replace(nth=1)]
        ]
        return replace(report, diagnostics=new)


def write(path: str, reports: Iterable[FileReport], source_of: Callable[[str], Source | None]) -> int:
    """Write all findings of some reports as a baseline, and say how many; problems are never known.

    Raises:
        OSError: it cannot be written; one that was there is as it was.
    """
    root = os.path.dirname(os.path.abspath(path))
    known: Counter[Identity] = Counter()
    for report in reports:
        found = report.findings
        source = source_of(report.path) if found else None
        known.update(identity._replace(nth=1) for identity in identify(source, found, root))
    entries = [
        {"code": i.code, "path": i.path, "name": i.name, "line": i.line} | ({"count": count} if count > 1 else {})
        for i, count in sorted(known.items())
    ]
    put(path, json.dumps({"version": _VERSION, "findings": entries}, indent=1).encode() + b"\n")
    return sum(known.values())
