"""The command line: arguments in, text out, exit code; no logic."""

from paramlint.cli.main import main

__all__ = ["main"]
