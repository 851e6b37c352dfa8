"""`paramlint server`: for editors."""

from __future__ import annotations

import click

from paramlint.frontends.cli.pack_option import pack_option


@click.command()
@pack_option
def server() -> None:
    """Run a language server over standard input and output, for editors."""
    try:
        from paramlint.frontends.language_server import create
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is missing: pip install 'paramlint[lsp]'") from None
    create().start_io()
