"""What is to be done: the arguments of the command line, over the configuration."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, overload

import click
import msgspec

from paramlint.engine import packs
from paramlint.source.file_discovery import SUFFIXES, Discovery, Found, Wanted
from paramlint.source.kinds import suffixes
from paramlint.source.links import repository
from paramlint.source.path_patterns import fault

if TYPE_CHECKING:
    from paramlint.config.hierarchy import Hierarchy
    from paramlint.config.settings import Settings
    from paramlint.engine.cache.results import Results
    from paramlint.engine.filters.baseline import Baseline
    from paramlint.engine.filters.report_filters import ReportFilter
    from paramlint.engine.parallel import Workers
    from paramlint.engine.run import Run
    from paramlint.finding import Applicability
    from paramlint.rule import Rule
    from paramlint.source.versions.changed_files import ChangedFiles

STDIN = "-"


class Arguments(msgspec.Struct, frozen=True):
    """What the command line says; `None` where it says nothing and the configuration may."""

    paths: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    preview: bool | None = None
    fix: bool | None = None
    unsafe_fixes: bool | None = None
    diff: bool = False
    output_format: str | None = None
    sort: str = "severity"
    all_frames: bool = False
    output_file: str | None = None
    stdin_filename: str | None = None
    extension: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    force_exclude: bool | None = None
    respect_gitignore: bool | None = None
    baseline: str | None = None
    write_baseline: bool = False
    add_noqa: bool = False
    statistics: bool = False
    show_files: bool = False
    show_settings: bool = False
    exit_zero: bool = False
    fix_only: bool = False
    exit_non_zero_on_fix: bool = False
    quiet: bool = False
    verbose: bool = False
    watch: bool = False
    config: str | None = None
    isolated: bool = False
    reference: bool = False
    per_file_ignores: tuple[tuple[str, str], ...] = ()
    fixable: tuple[str, ...] = ()
    unfixable: tuple[str, ...] = ()
    show_fixes: bool = False
    diff_base: str | None = None
    ignore_noqa: bool = False
    count: bool = False
    cache: bool = True
    cache_dir: str | None = None
    jobs: int | None = None
    cluster: str | None = None
    verify_with: tuple[str, ...] = ()
    arg: tuple[str, ...] = ()
    example: str | None = None

    @property
    def reads_stdin(self) -> bool:
        """Whether standard input is what is checked: only that has a name of its own."""
        return STDIN in self.paths or self.stdin_filename is not None

    @property
    def names_models(self) -> bool:
        """Whether models are to judge the findings, or something is said of such models."""
        return bool(self.verify_with or self.arg or self.example)

    @property
    def stdin_name(self) -> str:
        """What it is called."""
        return "<stdin>" if self.stdin_filename is None else self.stdin_filename


class Chosen(Sequence["Rule"]):
    """The rules to run, loaded when one is needed: with everything in the cache, none is."""

    def __init__(self, load: Callable[[], list[Rule]]) -> None:
        self._load = load

    @cached_property
    def all(self) -> list[Rule]:
        """The rules."""
        return self._load()

    def __len__(self) -> int:
        return len(self.all)

    @overload
    def __getitem__(self, index: int) -> Rule: ...

    @overload
    def __getitem__(self, index: slice) -> list[Rule]: ...

    def __getitem__(self, index: int | slice) -> Rule | list[Rule]:
        return self.all[index]


@dataclass(frozen=True)
class Task:
    """What is to be done: the arguments, over the configuration.

    Attributes:
        settings: those that choose rules and what they are not asked for.
        project: those of the whole run, which say the rest: how to write, what to fix, what is known.
        hierarchy: the settings of single files.
        base: what has changed since a revision, where only that is asked for; the same one for all files.
    """

    arguments: Arguments
    settings: Settings
    project: Settings
    hierarchy: Hierarchy
    base: ChangedFiles | None = None

    @classmethod
    def of(cls, arguments: Arguments) -> Task:
        """Read the configuration.

        Raises:
            click.ClickException: it is wrong, or there is no such revision as it is to be compared with.
        """
        task = cls._configured(arguments)
        if arguments.diff_base is None:
            return task
        from paramlint.source.versions.changed_files import ChangedFiles
        from paramlint.source.versions.repository import VersionError

        try:
            return replace(task, base=ChangedFiles(arguments.diff_base, task.root))
        except VersionError as error:
            raise click.ClickException(f"--diff-base: {error}") from None

    @classmethod
    def _configured(cls, arguments: Arguments) -> Task:
        from paramlint.config.hierarchy import Hierarchy
        from paramlint.config.settings import ConfigError, Settings, common_folder, find, load

        if arguments.isolated and arguments.config is not None:
            raise click.UsageError("--isolated reads no configuration, and --config names one")
        if arguments.cluster is not None and (arguments.jobs is not None or arguments.reads_stdin):
            raise click.UsageError("--cluster checks files elsewhere: leave out --jobs and `-`, which are about here")
        patterns = [("--exclude", pattern) for pattern in arguments.exclude]
        patterns += [("--per-file-ignores", pattern) for pattern, _ in arguments.per_file_ignores]
        for hint, pattern in patterns:
            if (why := fault(pattern)) is not None:
                raise click.BadParameter(f"{pattern!r} is no pattern: {why}", param_hint=hint)
        paths = [arguments.stdin_name] if arguments.reads_stdin else arguments.paths
        try:
            if arguments.isolated or arguments.config is not None:
                project = Settings() if arguments.config is None else load(arguments.config)
                return cls(arguments, project, project, Hierarchy(project, None))
            project = find(paths)
            return cls(arguments, project, project, Hierarchy(project, common_folder(paths)))
        except ConfigError as error:
            raise click.ClickException(str(error)) from None

    def _value(self, name: str, default: Any) -> Any:
        for given in (getattr(self.arguments, name), getattr(self.project.table, name)):
            if given is not None:
                return given
        return default

    @property
    def output_format(self) -> str:
        """How to write the findings."""
        return str(self._value("output_format", "full"))

    @property
    def fix(self) -> bool:
        """Whether to write fixed files."""
        if self.arguments.diff or self.arguments.add_noqa or self.arguments.write_baseline:
            return False
        return self.arguments.fix_only or bool(self.arguments.fix)  # what a folder says is no reason to write to it

    @property
    def bold(self) -> Applicability | None:
        """The boldest fix to apply."""
        if not self.fix and not self.arguments.diff:
            return None
        return "unsafe" if self._value("unsafe_fixes", False) else "safe"

    def run(self) -> Run:
        """The rules to run, and on what to apply them.

        Raises:
            click.ClickException: a selector names no rule, or the baseline is none.
        """
        from paramlint.config.declared_ties import Ties
        from paramlint.engine.run import PerFileIgnores, Run

        rules, cache = Chosen(self._rules), self._cache()
        if cache is None or not cache.is_known:
            _ = rules.all  # all names are right where they have been right before
        said = [(".", pattern, (selector,)) for pattern, selector in self.arguments.per_file_ignores]
        ignores = PerFileIgnores([*self.settings.per_file_ignores, *said])
        return Run(
            rules,
            self.bold,
            self.arguments.reference,
            ignores,
            self._known(),
            self._workers(),
            cache,
            Ties(self.settings.table.ties),
            self._filters(),
        )

    def _filters(self) -> list[ReportFilter]:
        """What the command line leaves out of the reports, or puts back into them."""
        filters: list[ReportFilter] = []
        if self.arguments.ignore_noqa:
            from paramlint.engine.filters.report_filters import with_silenced

            filters.append(with_silenced)
        fixable = self.arguments.fixable or self.project.table.fixable or ()
        unfixable = (*self.arguments.unfixable, *self.project.table.unfixable)
        if fixable or unfixable or self.project.table.fixable is not None:
            from paramlint.engine.filters.report_filters import OnlyFixable

            filters.append(OnlyFixable({rule.code for rule in self._fixable(fixable, unfixable)}))
        if self.base is not None:
            from paramlint.engine.filters.changed_rows import OnlyChanged

            filters.append(OnlyChanged(self.base))
        return filters

    def _fixable(self, fixable: tuple[str, ...], unfixable: tuple[str, ...]) -> list[Rule]:
        """The rules whose fixes may be applied."""
        from paramlint.engine.catalogue import UnknownRuleError, catalogue, select

        default = () if self.project.table.fixable == () else catalogue()
        try:
            return select(fixable, ignore=unfixable, default=default, preview=True)
        except UnknownRuleError as error:
            raise click.UsageError(str(error)) from None

    def _workers(self) -> Workers:
        """Who checks the files."""
        if self.arguments.cluster is None:
            from paramlint.engine.parallel.local import Local

            return Local(self.arguments.jobs or self.project.table.jobs or _processors())
        from paramlint.engine.parallel.cluster import OnCluster

        return OnCluster(self.arguments.cluster)

    def _rules(self) -> list[Rule]:
        from paramlint.config.settings import ConfigError
        from paramlint.engine.catalogue import UnknownRuleError, by_name, configured_rules, select

        arguments = self.arguments
        try:
            configured = configured_rules(self.settings, arguments.preview)
            for _, selector in arguments.per_file_ignores:
                by_name(selector)
            preview = self.settings.table.preview if arguments.preview is None else arguments.preview
            said = (arguments.select, arguments.extend_select, arguments.ignore)
            return select(*said, configured, preview=bool(preview))
        except ConfigError as error:
            raise click.ClickException(str(error)) from None
        except UnknownRuleError as error:
            raise click.UsageError(str(error)) from None

    def _cache(self) -> Results | None:
        """What earlier runs with these rules found."""
        arguments, table = self.arguments, self.settings.table
        if not arguments.cache or arguments.reference or arguments.reads_stdin:
            return None
        if packs.named():
            return None  # what their findings depend on is not known
        from paramlint.engine.cache.folder import CacheFolderError
        from paramlint.engine.cache.results import Results
        from paramlint.frontends.cli.project.project_folders import cache_folder, project_root

        root = project_root(self.project.files[:1] if arguments.config is None else ())
        try:
            folder = cache_folder(root, arguments.cache_dir)
        except CacheFolderError as error:
            if arguments.cache_dir is None:
                return None  # something else has the name of the cache
            raise click.UsageError(f"--cache-dir: {error}") from None
        named = [selector for _, selector in self.settings.selectors]
        said = (arguments.select, arguments.extend_select, arguments.ignore, arguments.preview, table.preview)
        # Files under equal settings of two folders are kept apart: what is saved last would be all that there is.
        nested = [os.path.relpath(path, root) for path in self.settings.files[:1] if self.settings is not self.project]
        return Results(folder, (table.select, table.extend_select, table.ignore, named, said, nested), root)

    @property
    def baseline(self) -> str | None:
        """The file of known findings."""
        return self.arguments.baseline or self.project.baseline

    @property
    def root(self) -> str:
        """The folder beyond which the configuration cannot have anything written."""
        folder = os.path.dirname(os.path.abspath(self.project.files[0])) if self.project.files else os.getcwd()
        return repository(folder) or folder

    def _known(self) -> Baseline | None:
        if self.baseline is None or self.arguments.write_baseline:
            return None
        from paramlint.engine.filters.baseline import Baseline, BaselineError

        try:
            return Baseline.read(self.baseline)
        except BaselineError as error:
            raise click.ClickException(str(error)) from None

    def shown(self) -> dict[str, Any]:
        """The settings that are in force, as JSON can hold them."""
        return {
            "files": list(self.settings.files),
            "rules": [rule.code for rule in self.run().rules],
            "output-format": self.output_format,
            "fix": self.bold,
            "exclude": [[folder, list(patterns)] for folder, patterns in self._exclude(self.settings) if patterns],
            "extension": self._extension(self.settings),
            "respect-gitignore": self.discovery.gitignore,
            "force-exclude": self.discovery.force_exclude,
            "per-file-ignores": [list(ignore) for ignore in self.settings.per_file_ignores],
            "baseline": self.baseline,
            "ties": list(self.settings.table.ties),
        }

    def find(self) -> Found:
        """The files to check."""
        found = self.discovery.find(self.arguments.paths or (".",))
        if self.base is not None:
            found = replace(found, files=[path for path in found.files if self.base.has_changed(path)])
        return found

    @property
    def discovery(self) -> Discovery:
        """How they are looked for."""
        return Discovery(
            lambda folder: self._wanted(self._settings_of(folder)),
            gitignore=self._value("respect_gitignore", True),
            force_exclude=self._value("force_exclude", False),
        )

    def _wanted(self, settings: Settings) -> Wanted:
        more = (suffix for extension in self._extension(settings) for suffix in suffixes(extension))
        return Wanted((*SUFFIXES, *more), self._exclude(settings))

    def _extension(self, settings: Settings) -> list[str]:
        return sorted({*self.arguments.extension, *settings.table.extension})

    def _exclude(self, settings: Settings) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (".", self.arguments.exclude), *settings.exclude

    def _settings_of(self, folder: str) -> Settings:
        from paramlint.config.settings import ConfigError

        try:
            return self.hierarchy.of_folder(folder)
        except ConfigError as error:
            raise click.ClickException(str(error)) from None

    def parts(self, files: Iterable[str]) -> list[tuple[Task, list[str]]]:
        """The files under each of the settings that are in force for them."""
        found: dict[tuple[str, ...], tuple[Task, list[str]]] = {}
        for path in files:
            settings = self._settings_of(os.path.dirname(os.path.abspath(path)))
            found.setdefault(settings.files, (replace(self, settings=settings), []))[1].append(path)
        return list(found.values()) or [(self, [])]


def _processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
