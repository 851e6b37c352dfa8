"""A line through points as the `d` of an SVG path."""

from __future__ import annotations

from collections.abc import Sequence


def path(points: Sequence[tuple[float, float] | None]) -> str:
    """The line from left to right; where there is no point it has a gap."""
    parts, is_down = [], False
    for point in points:
        if point is not None:
            parts.append(f"{'L' if is_down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        is_down = point is not None
    return "".join(parts)
