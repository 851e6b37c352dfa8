"""From documents to pages. Every text passes through `plain` and then through jinja2's escaping, whoever wrote it."""

from __future__ import annotations

import base64
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import jinja2
from markupsafe import Markup
from msgspec import UNSET

from paramlint import __version__
from paramlint.frontends.report.html import profile_svg, view, wires
from paramlint.frontends.report.html.excerpt import excerpt
from paramlint.frontends.report.models.badges import badges
from paramlint.frontends.report.models.sharing import sharings
from paramlint.frontends.report.models.tree import tree
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import large, size
from paramlint.verify.document.schema import Document


def page(document: Document, command: str, created: str, back: str = "") -> str:
    """The report of one target.

    Args:
        document: with `details`, without which there are no histograms.
        command: what gives the same again.
        created: when it was made, as it is shown.
        back: a link to the page of all targets.
    """
    is_ok = document.outcome.status == "ok"
    shared = sharings(document)
    return render(
        "page.html.jinja",
        title=f"{document.target}: {view.told(document)}",
        document=document,
        tiles=list(view.tiles(document)) if is_ok else [],
        cards=view.cards(document),
        rows=view.rows(document),
        columns=view.columns(document),
        buffers=view.buffers(document),
        numbers=defaultdict(dict, view.numbers(document)),
        tree=tree(document) if document.parameters else None,
        profile=profile_svg.profile(document.profile),
        shared=len(shared),
        wires=wires.drawing(shared),
        failed_at=None if is_ok else excerpt(document.outcome.filename, document.outcome.row),
        environment=None if document.details is UNSET else document.details.environment,
        command=command,
        created=created,
        back=back,
    )


def index(packages: str, documents: Sequence[Document], links: Mapping[str, str], command: str, created: str) -> str:
    """The page of all targets of some packages; `links` leads to their own by target."""
    good = [document for document in documents if document.outcome.status == "ok"]
    return render(
        "index.html.jinja",
        title=packages,
        packages=packages,
        with_findings=[document for document in good if document.summary.findings],
        clean=[document for document in good if not document.summary.findings],
        failed=[document for document in documents if document.outcome.status != "ok"],
        total=len(documents),
        links=links,
        command=command,
        created=created,
    )


def render(template: str, **values: Any) -> str:
    """A template with these values."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("paramlint", "frontends/report/html/templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_inert,
    )
    style, _, _ = environment.loader.get_source(environment, "style.css") if environment.loader else ("", "", None)
    # The one style is allowed by its digest, so that no other can be smuggled in; scripts and loads are not at all.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    environment.globals |= {"style": Markup(style), "digest": digest, "version": __version__, "badges": badges}
    environment.filters |= {
        "size": size,
        "large": large,
        "coded": _coded,
        "dotted": _dotted,
        "figure": view.figure,
    }
    return environment


def _inert(value: object) -> object:
    """Control characters and marks of direction become visible; what is markup already came from a template."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _coded(message: str) -> Markup:
    """A message whose parts between backticks are code."""
    parts = plain(message).split("`")
    is_paired = len(parts) % 2 == 1
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if is_paired and i % 2 else part for i, part in enumerate(parts)
    )


def _dotted(name: str) -> Markup:
    """A dotted name that is broken into lines between its parts, and not after the hyphen of `{0-31}`."""
    first, *rest = plain(name).split(".")
    part = Markup('<span class="part">{}</span>')
    return Markup("").join(part.format(text) for text in (first, *map(".{}".format, rest)))
