"""Reports as pages, alone and inside of a notebook."""

from __future__ import annotations

import html
from datetime import datetime, timezone

from paramlint.verify.document.run_schema import RunDocument
from paramlint.verify.document.schema import Document

#: Of the frame in a notebook, in pixels.
HEIGHT = 560


def model_page(document: Document, call: str) -> str:
    """The page of a model; `call` is what it was made by.

    Raises:
        ImportError: jinja2 is missing; `pip install paramlint[report]` brings it.
    """
    from paramlint.frontends.report.html.page import page

    return page(document, call, _now())


def run_page(document: RunDocument) -> str:
    """The page of a run.

    Raises:
        ImportError: jinja2 is missing; `pip install paramlint[report]` brings it.
    """
    from paramlint.frontends.report.html.run_page import run_page as page

    return page(document, _now())


def framed(page: str) -> str:
    """A page in a frame of its own: its style is nobody else's, and it may run nothing."""
    source = html.escape(page, quote=True)
    style = f"width:100%;height:{HEIGHT}px;border:1px solid #8884;border-radius:8px"
    return f'<iframe sandbox title="paramlint report" style="{style}" srcdoc="{source}"></iframe>'


def _now() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
