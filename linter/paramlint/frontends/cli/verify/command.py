"""`paramlint verify`: arguments in, text out, exit code. The work is done in child processes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click
import msgspec

from paramlint.engine.parallel import ClusterError
from paramlint.engine.parallel.cluster_connection import Cluster
from paramlint.frontends.cli.options.color import color_option
from paramlint.frontends.cli.options.model_options import timeout_option
from paramlint.frontends.cli.options.pack_option import pack_option
from paramlint.frontends.cli.options.rule_names import RULES
from paramlint.frontends.cli.options.sections import section
from paramlint.frontends.cli.verify.invocation import Recorded, command_line
from paramlint.frontends.cli.verify.options import read_agreed, read_laws, read_table, table_of, ties_of, uncovered
from paramlint.frontends.cli.verify.outputs import (
    check_contract,
    check_graph,
    check_report,
    write_contract,
    write_graph,
    write_page,
    write_pages,
)
from paramlint.frontends.report.plain import indented_json, plain
from paramlint.verify.attempt import Start, attempt, server, start_alone
from paramlint.verify.document.schema import Document
from paramlint.verify.job import Plan
from paramlint.verify.process.listing import proposed
from paramlint.verify.process.outcome import Answer, Limits, Outcome
from paramlint.verify.process.targets import Target, TargetError, parse_argument, parse_target

if TYPE_CHECKING:
    from paramlint.verify.judge.join import Sources

CLEAN, FINDINGS, FAILED, INTERRUPTED = 0, 1, 2, 130
GIB = 2**30


@dataclass(frozen=True)
class Options:
    """What the command line asks for, over the configuration.

    Attributes:
        plan: how the models are built and what is asked of them.
        limits: of each child process.
        discover: every class of a package.
        cluster: the scheduler of a cluster that builds them, instead of this machine.
        output_format: what is printed; with `none`, nothing.
        quiet: without tables, and without models of which nothing was found.
        write_contract, report, graph: files to write.
    """

    plan: Plan
    limits: Limits
    discover: bool
    cluster: str | None
    output_format: Literal["full", "json", "sarif", "none"]
    quiet: bool
    write_contract: Path | None
    report: Path | None
    graph: Path | None

    @classmethod
    def of(cls, given: dict[str, Any], ties: tuple[str, ...]) -> Options:
        """Those of a command: what has the name of a field is that field's value."""
        planned = {name: given[name] for name in Plan.__struct_fields__ if name in given}
        planned["guess"] = given["discover"] if given["guess"] is None else given["guess"]
        planned["build_limit"] = int(given["build_limit"] * GIB)
        plan = Plan(**planned, static=True, ties=ties, details=bool(given["report"] or given["graph"]))
        limits = Limits(seconds=given["timeout"], memory=int(given["memory"] * GIB), cuda=given["cuda"])
        return cls(plan, limits, **{f.name: given[f.name] for f in fields(cls) if f.name in given})

    @cached_property
    def sources(self) -> Sources:
        """What the static rules find in files, for all targets of which there is no model."""
        from paramlint.config.declared_ties import Ties
        from paramlint.engine.catalogue import select
        from paramlint.verify.judge.join import Sources

        return Sources(select(self.plan.select, ignore=self.plan.ignore), Ties(self.plan.ties))


def _targets(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[Target, ...]:
    """Those of the command line, else those of the configuration."""
    return _parsed(values or table_of(context).targets, parameter)


def _parsed(values: Iterable[str], parameter: click.Parameter) -> tuple[Target, ...]:
    try:
        return tuple(parse_target(value) for value in values)
    except TargetError as error:
        raise click.BadParameter(str(error), param=parameter) from None


def _target(_: click.Context, parameter: click.Parameter, value: str | None) -> Target | None:
    return _parsed([value], parameter)[0] if value else None


def _arguments(_: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    try:
        return dict(parse_argument(value) for value in values)
    except TargetError as error:
        raise click.BadParameter(str(error), param=parameter) from None


EXAMPLES = (
    ("paramlint verify net.py:Net --arg width=64", "Build a class with an argument."),
    ("paramlint verify --discover mypackage --report models.html", "Every class of a package, as a page."),
)
build_option = section("How the model is built")
use_option = section("How it is used")
law_option = section("What its values must be")
limit_option = section("Limits")
rule_option = section("Rules")
output_option = section("Output")


@click.command(
    "verify", cls=Recorded, short_help="Build models and prove what their parameters are.", examples=EXAMPLES
)
@click.argument("targets", nargs=-1, callback=_targets, metavar="TARGET...")
@click.option("--isolated", is_flag=True, is_eager=True, help="Read no configuration file.")
@click.option(
    "--config",
    is_eager=True,
    callback=read_table,
    metavar="FILE",
    help="Read this configuration instead of the nearest one.",
)
@build_option(
    "--arg",
    "arguments",
    multiple=True,
    callback=_arguments,
    metavar="NAME=VALUE",
    help="An argument of the factory, a Python literal.",
)
@build_option(
    "--guess/--no-guess",
    default=None,
    help="Guess arguments without a value; the default only with --discover.",
)
@use_option(
    "--example",
    callback=_target,
    metavar="TARGET",
    help="A factory of forward's arguments: a tensor, a tuple, or a dict by name.",
)
@use_option(
    "--optimizer",
    callback=_target,
    metavar="TARGET",
    help="A factory that is given the model and returns its optimizer.",
)
@build_option(
    "--preset",
    type=click.Choice(["constructor", "meta", "transformers"]),
    default="constructor",
    show_default=True,
    help="How the model is really built.",
)
@build_option("--method", default="", metavar="NAME", help="The method that initialises it, after construction.")
@build_option("--discover", is_flag=True, help="Verify every module class of a package or file.")
@law_option("--confirm", is_flag=True, help="Test the values against the laws of their initialisations.")
@law_option(
    "--law",
    "laws",
    multiple=True,
    callback=read_laws,
    metavar="PATTERN=LAW",
    help="What initial values must follow: '*.weight=normal(std=0.02)'.",
)
@law_option(
    "--contract",
    callback=read_agreed,
    metavar="FILE",
    help="Compare the parameters with what this file says of them.",
)
@law_option(
    "--write-contract",
    type=click.Path(path_type=Path),
    is_eager=True,  # before --contract, which a file to be written need not satisfy
    metavar="FILE",
    help="Write down what the parameters are, for --contract.",
)
@output_option("--show", multiple=True, metavar="PATTERN", help="Print values and gradient of matching parameters.")
@timeout_option("Time for each target.", limit_option)
@limit_option(
    "--memory",
    type=click.FloatRange(min=0, min_open=True),
    default=8.0,
    show_default=True,
    metavar="GIB",
    help="Resident memory for each target.",
)
@build_option(
    "--build-limit",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    metavar="GIB",
    help="Models up to this size are built for real, larger ones without values.",
)
@limit_option("--cuda", is_flag=True, help="Let the model see the GPUs.")
@rule_option("--select", **RULES, help="Only these rules: codes, prefixes or names, with commas.")
@rule_option("--ignore", **RULES, help="Not these rules.")
@click.option("--cluster", metavar="ADDRESS", help="Build them on the dask cluster of this scheduler.")
@pack_option
@color_option
@output_option("-q", "--quiet", is_flag=True, help="Print what was found only, no tables.")
@output_option("--output-format", type=click.Choice(["full", "json", "sarif"]), default="full", show_default=True)
@output_option(
    "--report",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write an HTML page too; of several targets an index, with their pages beside it.",
)
@output_option(
    "--graph",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the modules, parameters and what they share as .dot (Graphviz) or .mmd (Mermaid).",
)
def verify_command(targets: tuple[Target, ...], **given: Any) -> None:
    """Build models and prove what their parameters are.

    A TARGET is package.module:factory or path/to/file.py:Class. The code is imported and run with your rights, in a
    child process without network, GPUs or input, under limits of time and memory.

    Exit status: 0 nothing found, 1 findings, 2 wrong usage or a target that could not be verified (with --discover:
    if none could), 130 interrupted.
    """
    context = click.get_current_context()
    context.exit(run_verify(targets, Options.of(given, ties_of(context))))


@click.pass_context
def _report(context: click.Context, /, targets: tuple[Target, ...], **given: Any) -> None:
    """Build models, as `verify` does, and write what they became as HTML instead of to the terminal.

    Of one TARGET it is a page that holds everything; of several, or with --discover, an index with links to the pages
    in a folder beside it. Exit status: as of `verify`.
    """
    context.exit(run_verify(targets, Options.of(given | {"output_format": "none", "quiet": True}, ties_of(context))))


report_command = Recorded(
    "report",
    callback=_report,
    help=_report.__doc__,
    short_help="Write what `verify` finds as HTML.",
    params=[
        *(p for p in verify_command.params if p.name not in ("report", "output_format", "quiet")),
        click.Option(
            ["-o", "--output", "report"],
            type=click.Path(path_type=Path),
            default="paramlint.html",
            show_default=True,
            metavar="FILE",
            help="The page to write.",
        ),
    ],
)


def run_verify(targets: tuple[Target, ...], options: Options) -> int:
    """Verify targets, print the report, and return the exit status."""
    _check_usage(targets, options)
    documents: list[Document] = []
    try:
        for document in _documents(targets, options):
            documents.append(document)
            if options.write_contract and document.outcome.status == "ok":
                write_contract(options.write_contract, document)
            if options.output_format == "full":
                _print(document, options.quiet)
    except KeyboardInterrupt:
        return INTERRUPTED
    if options.output_format == "json":
        single = len(documents) == 1 and not options.discover
        click.echo(indented_json(documents[0] if single else documents))
    if options.output_format == "sarif":
        _print_sarif(documents)
    _write_pictures(documents, targets, options)
    status = _status(documents, options.discover)
    if status == FAILED:
        return status
    problem = uncovered(options.plan.laws, documents, "its law was not compared")
    if problem := problem or uncovered(options.plan.show, documents, "nothing of it is shown"):
        click.echo(f"Error: {plain(problem)}", err=True)
        return FAILED
    return status


def _check_usage(targets: tuple[Target, ...], options: Options) -> None:
    """Refuse what can be refused before any child is started."""
    if not targets:
        raise click.UsageError("no target: write package.module:factory or path/to/file.py:Class")
    if options.discover and options.plan.arguments:
        raise click.UsageError("--arg belongs to one factory and does not go with --discover")
    for target in targets:
        if options.discover and target.factory:
            raise click.UsageError(f"`{target.text}` names a factory; --discover takes a module, package or file")
        if not options.discover and not target.factory:
            raise click.UsageError(f"`{target.text}` names no factory; {proposed(target)}, or add --discover")
    for name, wanted in (("contract", options.plan.contract), ("write-contract", options.write_contract)):
        if wanted and (len(targets) > 1 or options.discover):
            raise click.UsageError(f"a contract is about one model: --{name} goes with one target")
    if options.plan.select or options.plan.ignore:
        _check_rules(options.plan.select, options.plan.ignore)
    if options.report:
        check_report(options.report)
    if options.write_contract:
        check_contract(options.write_contract)
    if options.graph:
        check_graph(options.graph, len(targets), options.discover)


def _check_rules(select: tuple[str, ...], ignore: tuple[str, ...]) -> None:
    from paramlint.engine.catalogue import UnknownRuleError
    from paramlint.engine.catalogue import select as select_rules

    try:
        select_rules(select, ignore=ignore)
    except UnknownRuleError as error:
        raise click.UsageError(str(error)) from None


def _documents(targets: tuple[Target, ...], options: Options) -> Iterator[Document]:
    """One document after the other."""
    if options.cluster is not None:
        yield from _on_cluster(options.cluster, targets, options)
        return
    verify = partial(_verify, options=options)
    if options.discover:
        for root in targets:
            with server("paramlint.verify.discover:discover", root, options.limits) as forks:
                discovered = Discovered(forks.start(), root)
                yield from discovered.failures
                yield from map(partial(verify, start=forks.run), _announced(discovered.targets))
    elif len(targets) > 1:
        with server("paramlint.verify.discover:prepare", targets, options.limits) as forks:
            yield from map(partial(verify, start=forks.run), _announced([*targets]))
    else:
        yield from map(verify, targets)


def _on_cluster(address: str, targets: tuple[Target, ...], options: Options) -> Iterator[Document]:
    """The same, each target in a child process of a worker."""
    try:
        with Cluster(address) as cluster:
            if not options.discover:
                yield from cluster.map(partial(_verify, options=options), _announced([*targets]))
                return
            discover = partial(start_alone, "paramlint.verify.discover:discover", limits=options.limits)
            for root, answer in zip(targets, cluster.map(discover, targets), strict=True):
                discovered = Discovered(answer, root)
                yield from discovered.failures
                yield from cluster.map(partial(_verify, options=options), _announced(discovered.targets))
    except ClusterError as error:
        raise click.ClickException(str(error)) from None


class Discovered:
    """What a child process found in a package or file.

    Attributes:
        targets: its classes.
        failures: documents of what could not be imported.
    """

    def __init__(self, answer: Answer, root: Target) -> None:
        self.targets: list[Target] = []
        self.failures: list[Document] = []
        from paramlint.verify.discover import Discovery

        if answer.outcome.status != "ok":
            self.failures.append(Document(target=root.text, outcome=answer.outcome))
            return
        discovery = msgspec.json.decode(answer.result, type=Discovery)
        self.targets += map(parse_target, discovery.targets)
        for module, message in discovery.failed.items():
            outcome = Outcome(status="error", stage="import", message=message)
            self.failures.append(Document(target=module, outcome=outcome))


def _announced(targets: list[Target]) -> Iterator[Target]:
    """Say on a terminal's stderr which of several targets is being worked on."""
    speaks = len(targets) > 1 and sys.stderr.isatty()
    for number, target in enumerate(targets, 1):
        if speaks:
            click.echo(f"\r\x1b[K{number}/{len(targets)} {plain(target.text)}", err=True, nl=False)
        yield target
    if speaks:
        click.echo("\r\x1b[K", err=True, nl=False)


def _verify(target: Target, options: Options, start: Start | None = None) -> Document:
    """The document of one target, with the static findings.

    These are looked for here where there is no model, and where there are several targets: then each file is checked
    once, however many models it is about. Of one target it is done in its process, which has time and memory enough.
    """
    plan = options.plan if start is None else msgspec.structs.replace(options.plan, static=False)
    attempted = attempt(target, plan, options.limits, start)
    status = attempted.document.outcome.status
    if status != "error" and (start is None or status != "ok"):
        return attempted.document
    from paramlint.verify.judge.join import with_static

    return with_static(attempted.document, attempted.observed, options.sources)


def _print(document: Document, is_quiet: bool) -> None:
    from paramlint.frontends.report.models.verified import print_document

    print_document(document, sys.stdout, is_quiet=is_quiet)


def _print_sarif(documents: list[Document]) -> None:
    from paramlint.frontends.report.models.verified_sarif import verified_sarif

    click.echo(verified_sarif(documents))


def _write_pictures(documents: list[Document], targets: tuple[Target, ...], options: Options) -> None:
    path = options.report
    if path and (len(targets) > 1 or options.discover):
        write_pages(path, " ".join(target.text for target in targets), documents, command_line())
    elif path:
        write_page(path, documents[0], command_line())
    if options.graph:
        write_graph(options.graph, documents[0])


def _status(documents: list[Document], discovered: bool) -> int:
    """The exit status; what a package defines and cannot be built alone is no failure of a discovery."""
    verified = [document for document in documents if document.outcome.status == "ok"]
    if not verified or (len(verified) < len(documents) and not discovered):
        return FAILED
    found = [finding for document in verified for finding in document.findings]
    return FINDINGS if any(finding.verdict != "refuted" for finding in found) else CLEAN
