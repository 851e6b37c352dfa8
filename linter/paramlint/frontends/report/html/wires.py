"""The drawing of what is shared: names on the left, parameters in the middle, memory on the right."""

from __future__ import annotations

from dataclasses import dataclass

from paramlint.frontends.report.models.sharing import Shared, Sharing
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import dimensions

#: Heights and distances in the units of the picture, which are pixels unless it is scaled.
ROW, BOX, GAP, MARGIN = 34, 24, 72, 1
#: The width of a character of the monospaced font at the size that the style gives it.
CHARACTER = 7.3
PADDING = 20
#: Characters of a name that are shown; the middle of a longer one is left out.
LONGEST = 44


@dataclass(frozen=True)
class Box:
    """A rectangle with a text; `title` is the whole of it."""

    kind: str
    x: float
    y: float
    width: float
    text: str
    title: str

    @property
    def middle(self) -> float:
        """The height of its centre."""
        return self.y + BOX / 2


@dataclass(frozen=True)
class Drawing:
    """Boxes and the curves between them, as the `d` of paths."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    curves: tuple[str, ...]


def drawing(sharings: list[Sharing]) -> Drawing:
    """Lay out all groups below one another."""
    left = _width([name for one in sharings for shared in one.parameters for name in _names(shared)])
    middle = _width([_tensor(shared, one.times) for one in sharings for shared in one.parameters])
    at_middle = MARGIN + left + GAP
    at_right = at_middle + middle + GAP
    boxes: list[Box] = []
    curves: list[str] = []
    y = float(MARGIN)
    for one in sharings:
        parameters: list[Box] = []
        for shared in one.parameters:
            names = _names(shared)
            column = [_box("name", MARGIN, y + i * ROW, left, name) for i, name in enumerate(names)]
            parameter = _box("parameter", at_middle, _centre(column), middle, _tensor(shared, one.times))
            curves += [_curve(name, parameter) for name in column]
            parameters.append(parameter)
            boxes += [*column, parameter]
            y += len(names) * ROW
        if len(parameters) > 1:
            memory = _box("memory", at_right, _centre(parameters), _width(["one memory"]), "one memory")
            curves += [_curve(parameter, memory) for parameter in parameters]
            boxes.append(memory)
        y += ROW / 2
    width = max((box.x + box.width for box in boxes), default=0.0) + MARGIN
    return Drawing(round(width, 1), y - ROW / 2 - (ROW - BOX) + MARGIN, tuple(boxes), tuple(curves))


def _names(shared: Shared) -> list[str]:
    return [name + (f" ×{times}" if times > 1 else "") for name, times in shared.names]


def _tensor(shared: Shared, times: int) -> str:
    shape = dimensions(shared.parameter.shape)
    return f"{shape} {shared.parameter.dtype}" + (f", {times} times" if times > 1 else "")


def _box(kind: str, x: float, y: float, width: float, text: str) -> Box:
    return Box(kind, round(x, 1), round(y, 1), round(width, 1), _cut(text), text)


def _cut(text: str) -> str:
    text = plain(text)
    half = LONGEST // 2
    return text if len(text) <= LONGEST else f"{text[:half]}…{text[1 - half :]}"


def _width(texts: list[str]) -> float:
    return max((len(_cut(text)) for text in texts), default=0) * CHARACTER + PADDING


def _centre(boxes: list[Box]) -> float:
    return (boxes[0].y + boxes[-1].y) / 2


def _curve(start: Box, end: Box) -> str:
    x = start.x + start.width
    bend = round((x + end.x) / 2, 1)
    return f"M{round(x, 1)} {start.middle}C{bend} {start.middle} {bend} {end.middle} {end.x} {end.middle}"
