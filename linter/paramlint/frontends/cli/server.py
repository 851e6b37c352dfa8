"""`paramlint server`: for editors."""

from __future__ import annotations

import os
import sys

import click

from paramlint.frontends.cli.options.pack_option import pack_option


@click.command(short_help="Run a language server, for editors.")
@pack_option
def server() -> int:
    """Run a language server over standard input and output, for editors.

    As the protocol wants it, the exit code is 0 after a request to shut down, and 1 without one.
    """
    try:
        from paramlint.frontends.language_server.features import create
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error.name} is missing: pip install 'paramlint[lsp]'") from None
    started = create()
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as stream:  # which `exit` closes
        started.start_io(stdout=stream)
    return 0 if started.is_shut_down else 1
