"""The command line: arguments in, text out, exit code."""

from __future__ import annotations

import json
import os
import sys

import click

from paramlint.check import check_paths, with_large_stack
from paramlint.facts import Project
from paramlint.suite import select as select_rules


@click.group()
def main() -> None:
    """paramlint."""


@main.command()
@click.argument("paths", nargs=-1)
@click.option("--select", multiple=True)
@click.option("--isolated", is_flag=True)
@click.option("--reference", is_flag=True)
@click.option("--output-format", default="concise")
def check(paths: tuple[str, ...], select: tuple[str, ...], isolated: bool, reference: bool, output_format: str) -> None:
    """Check files."""
    files = []
    for path in paths or (".",):
        if os.path.isfile(path):
            files.append(path)
        for folder, _, names in os.walk(path):
            files.extend(os.path.join(folder, n) for n in sorted(names) if n.endswith(".py"))
    reports = with_large_stack(
        lambda: list(check_paths(sorted(files), select_rules(select), Project(), reference=reference))
    )
    found = [d for r in reports for d in r.diagnostics]
    if output_format == "json":
        print(
            json.dumps(
                [
                    {
                        "code": d.code,
                        "name": d.name,
                        "message": d.message,
                        "filename": d.path,
                        "location": {"row": d.start.row, "column": d.start.column},
                    }
                    for d in found
                ]
            )
        )
    else:
        for d in found:
            print(f"{d.path}:{d.start.row}:{d.start.column}: {d.code} {d.message}")
    sys.exit(bool(found))
