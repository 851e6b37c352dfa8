"""paramlint: mistakes in PyTorch parameters, found in source and proved on the live model.

Importing this package is cheap: neither torch nor libcst is loaded before something needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from paramlint.verify.trace import Trace

__all__ = ["__version__", "trace"]

__version__ = "0.1.0"


def trace() -> Trace:
    """Watch a model being built: `with paramlint.trace() as t: model = build()`, then `print(t.report(model))`.

    Raises:
        ImportError: torch or scipy is missing; `pip install paramlint[verify]` brings them.
    """
    from paramlint.verify.trace import Trace

    return Trace()
