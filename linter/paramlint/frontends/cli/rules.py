"""`paramlint rules` and `paramlint rule`: what there is, and why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from paramlint.frontends.cli.options.pack_option import pack_option

if TYPE_CHECKING:
    from paramlint.rule import Rule

_FORMATS = click.Choice(("text", "json"))


@click.command()
@click.option("--output-format", type=_FORMATS, default="text", show_default=True)
@pack_option
def rules(output_format: str) -> None:
    """List all rules."""
    from paramlint.engine.catalogue import catalogue

    if output_format == "json":
        click.echo(json.dumps([_as_object(rule) for rule in catalogue()], indent=2))
        return
    width = max((len(rule.name) for rule in catalogue()), default=0)
    for rule in catalogue():
        click.echo(f"{rule.code}  {rule.name:{width}}  {_state(rule)}  {rule.summary}")


@click.command(short_help="Explain a rule, given its code or name.")
@click.argument("selector", metavar="RULE")
@click.option("--output-format", type=_FORMATS, default="text", show_default=True)
@pack_option
def rule(selector: str, output_format: str) -> None:
    """Explain a rule, given its code or name; a prefix explains all whose code begins with it."""
    from paramlint.engine.catalogue import UnknownRuleError, by_name

    try:
        found = by_name(selector)
    except UnknownRuleError as error:
        raise click.UsageError(str(error)) from None
    if output_format == "json":
        click.echo(json.dumps([_as_object(each) for each in found], indent=2))
        return
    click.echo("\n\n".join(_page(each) for each in found))


def _page(rule: Rule) -> str:
    from paramlint.engine.catalogue import PREVIEW, is_on

    state = f"no, in preview: {PREVIEW[rule.code]}" if rule.code in PREVIEW else "yes" if is_on(rule) else "no"
    fields = f"group: {rule.group}\non by default: {state}\nfix: {rule.fix}"
    return f"{rule.code} {rule.name}\n{fields}\n\n{rule.documentation}"


def _state(rule: Rule) -> str:
    from paramlint.engine.catalogue import PREVIEW, is_on

    state = "preview" if rule.code in PREVIEW else "on" if is_on(rule) else "off"
    return f"{rule.group:8} {state:7}  {f'{rule.fix} fix' if rule.fix != 'none' else 'no fix':10}"


def _as_object(rule: Rule) -> dict[str, Any]:
    from paramlint.engine.catalogue import PREVIEW, is_on

    return {
        "code": rule.code,
        "name": rule.name,
        "group": rule.group,
        "on": is_on(rule),
        "preview": rule.code in PREVIEW,
        "reason": PREVIEW.get(rule.code),
        "fix": rule.fix,
        "static": bool(rule.triggers),
        "runtime": bool(rule.verifiers),
        "summary": rule.summary,
        "documentation": rule.documentation,
    }
