"""Code that goes over all modules or parameters of a model: `apply`, and loops over `modules()` and the like."""

from __future__ import annotations

from paramlint import nodes
from paramlint.model.event import Event, Site
from paramlint.syntax.walk import walk


def is_in_visit(event: Event, listed: Event) -> bool:
    """Whether something happens to what a visit is at: in the function that `apply` calls, or in the loop's body.

    Args:
        event: what happens.
        listed: the event of the call that goes through the model.
    """
    depth = len(listed.site.stack)
    way = (*event.site.stack, event.site)[depth:]
    before = [site.node for site in event.site.stack[:depth]]
    if not way or before != [site.node for site in listed.site.stack]:
        return False
    return way[0].node is listed.site.node or _is_in_loop(way[0], listed.site)


def _is_in_loop(inner: Site, listed: Site) -> bool:
    """Whether a node stands in the body of the loop that runs over what was listed."""
    around = listed.definition
    if around is None or inner.definition is not around:
        return False
    for loop in walk(around):
        if isinstance(loop, nodes.For) and any(node is listed.node for node in walk(loop.iter)):
            return any(node is inner.node for node in walk(loop.body))
    return False
