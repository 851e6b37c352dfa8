"""The rules inside flake8: the same findings at the same places as `paramlint check`, for one file at a time."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from paramlint import __version__
from paramlint.frontends.report.plain import plain

if TYPE_CHECKING:
    from paramlint.engine.cache.folder import CacheFolder
    from paramlint.engine.nominate import Nominator
    from paramlint.finding import Diagnostic
    from paramlint.source.text import Source

#: Rules that are off unless they are selected. Written out, so that flake8 can start without importing LibCST; a test
#: compares the list with the rules.
OFF_BY_DEFAULT: tuple[str, ...] = (
    "PRM107",
    "PRM212",
    "PRM213",
    "PRM225",
    "PRM702",
    "PRM719",
    "PRM720",
    "PRM811",
    "PRM821",
    "PRM824",
)
#: Those that are still on trial.
PREVIEW: tuple[str, ...] = (
    "PRM302",
    "PRM310",
    "PRM411",
    "PRM413",
    "PRM414",
    "PRM503",
    "PRM603",
    "PRM605",
    "PRM606",
    "PRM607",
    "PRM709",
    "PRM716",
    "PRM717",
    "PRM722",
    "PRM723",
    "PRM724",
    "PRM802",
    "PRM803",
    "PRM804",
    "PRM805",
    "PRM806",
    "PRM807",
    "PRM808",
    "PRM809",
    "PRM810",
    "PRM812",
    "PRM813",
    "PRM814",
    "PRM815",
    "PRM816",
    "PRM817",
    "PRM818",
    "PRM819",
    "PRM820",
    "PRM822",
    "PRM823",
    "PRM901",
    "PRM902",
    "PRM903",
    "PRM904",
    "PRM905",
    "PRM906",
    "PRM907",
    "PRM908",
    "PRM909",
    "PRM910",
    "PRM911",
)


class _Options(Protocol):
    """What flake8's options say about codes."""

    select: Sequence[str] | None
    extend_select: Sequence[str] | None
    paramlint_cache_dir: str | None
    paramlint_no_cache: bool
    paramlint_preview: bool
    extended_default_ignore: list[str]


class _OptionManager(Protocol):
    def extend_default_ignore(self, error_codes: Sequence[str]) -> None: ...

    def add_option(self, *names: str, **described: Any) -> None: ...


class Plugin:
    """What flake8 creates for each file.

    Args:
        tree: the file's syntax tree.
        lines: its lines, with their endings.
        filename: its path.
    """

    name = "paramlint"
    version = __version__
    _nominator: ClassVar[Nominator | None] = None
    _selected: ClassVar[tuple[str, ...]] = ()
    _cache_folder: ClassVar[CacheFolder | None] = None
    _is_cached: ClassVar[bool] = True
    _preview: ClassVar[bool] = False

    def __init__(self, tree: ast.Module, lines: Sequence[str], filename: str = "stdin") -> None:
        self._tree = tree
        self._lines = lines
        self._filename = filename

    @staticmethod
    def add_options(option_manager: _OptionManager) -> None:
        """Have flake8 ignore what is off by default, and know our options."""
        option_manager.extend_default_ignore([*OFF_BY_DEFAULT, *PREVIEW])
        option_manager.add_option(
            "--paramlint-cache-dir",
            metavar="DIR",
            parse_from_config=True,
            normalize_paths=True,
            help="Keep results here; by default in the nearest `.paramlint_cache` above a file, else in one made here.",
        )
        option_manager.add_option(
            "--paramlint-no-cache",
            action="store_true",
            parse_from_config=True,
            help="Check each file anew, and keep no results.",
        )
        option_manager.add_option(
            "--paramlint-preview",
            action="store_true",
            parse_from_config=True,
            help="Run the rules too that are still on trial.",
        )

    @classmethod
    def parse_options(cls, options: _Options) -> None:
        """Note which codes were asked for by name, and where results are kept.

        A project's own `ignore` replaces flake8's default one, and must not turn on what is off by default.
        """
        cls._selected = (*(options.select or ()), *(options.extend_select or ()))
        cls._nominator = cls._cache_folder = None
        cls._is_cached = not options.paramlint_no_cache
        cls._preview = options.paramlint_preview
        if cls._preview:
            options.extended_default_ignore = [code for code in options.extended_default_ignore if code not in PREVIEW]
        if options.paramlint_cache_dir is not None:
            cls._cache_folder = _named(options.paramlint_cache_dir)

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """The findings; columns count from 0 here. Nothing that goes wrong inside gets out, it is reported."""
        from paramlint.knowledge.frameworks import frameworks

        try:
            if frameworks("".join(self._lines).encode("utf-8", "replace")):
                for found in self._check():
                    yield found.start.row, found.start.column - 1, f"{found.code} {plain(found.message)}", type(self)
        except Exception as error:
            said = plain(" ".join(f"{type(error).__name__}: {error}".split()))
            yield 1, 0, f"PRM005 paramlint failed here ({said}); please report it", type(self)

    def _check(self) -> list[Diagnostic]:
        from paramlint.engine.cache.folder import CacheFolder
        from paramlint.engine.cache.single_file import SingleResults
        from paramlint.source.text import Source

        source = Source.from_text(self._filename, "".join(self._lines))
        is_kept = self._is_cached and os.path.exists(self._filename)
        folder = (self._cache_folder or CacheFolder.near(self._filename)) if is_kept else None
        if folder is None:
            return self._found(source)[0]
        results = SingleResults(folder, (self._selected, self._preview))
        known = results.get(source.path, source.data)
        if known is not None:
            return known
        found, is_whole = self._found(source)
        if is_whole:
            results.add(source.path, source.data, found)
        return found

    def _found(self, source: Source) -> tuple[list[Diagnostic], bool]:
        """The findings, and whether the file could be checked whole."""
        from paramlint.engine.check_file import check_source
        from paramlint.engine.filters.noqa import Suppressions
        from paramlint.syntax.large_stack import with_large_stack

        nominator = self._rules()
        report = check_source(source, nominator, tree=self._tree, decide=with_large_stack)  # a thread for few files
        # A comment on a line is flake8's business, which has an option to disregard it.
        suppressions = Suppressions(source)
        on_lines = [d for d in report.suppressed if not suppressions.silence_file(d.code)]
        return sorted([*report.diagnostics, *on_lines], key=lambda d: d.sort_key), not report.failed

    @classmethod
    def _rules(cls) -> Nominator:
        if cls._nominator is None:
            from paramlint.engine.catalogue import RULES, is_on
            from paramlint.engine.nominate import Nominator

            chosen = (rule for rule in RULES if is_on(rule, cls._preview) or rule.code.startswith(cls._selected))
            cls._nominator = Nominator(list(chosen))
        return cls._nominator


def _named(path: str) -> CacheFolder:
    from flake8.exceptions import ExecutionError

    from paramlint.engine.cache.folder import CacheFolder, CacheFolderError

    try:
        return CacheFolder(path)
    except CacheFolderError as error:
        raise ExecutionError(f"--paramlint-cache-dir: {error}") from None
