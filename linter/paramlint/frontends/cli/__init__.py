"""The command line: arguments in, text out, exit code; no logic."""

from paramlint.frontends.cli.main import main

__all__ = ["main"]
