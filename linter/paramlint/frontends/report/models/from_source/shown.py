"""What `show` says of a model, for a terminal: one table of its parameters, buffers and of what cannot be told."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from rich.table import Table
from rich.text import Text

from paramlint.frontends.report.models.fitting_table import Column, fitting_table
from paramlint.frontends.report.models.terminal import terminal
from paramlint.frontends.report.place import short
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import count
from paramlint.symbolic.showing.show_document import Buffer, Init, Parameter, Scalar, ShownClass, UnknownPart

#: What cannot be told stands where the initialisation does, so that column stays.
COLUMNS = (
    Column("parameter", 0, is_broken=True, is_name=True),
    Column("shape", 0, is_broken=True),
    Column("init", 0, is_broken=True),
    Column("at", 1),
    Column("state", 0, is_broken=True),
)
#: Characters of a condition, of a reason and of an expression that are shown; the JSON has them all.
LONGEST = 60
LONGEST_EXPRESSION = 40


def print_class(shown: ShownClass, stream: IO[str]) -> None:
    """Write the table of one class."""
    console = terminal(stream)
    console.print(_headline(shown), soft_wrap=True)
    if shown.parameters or shown.buffers or shown.unknown:
        console.print(_table(shown, console.width))


def index_text(classes: Sequence[ShownClass]) -> Iterator[str]:
    """One line for each class: its name, where it is, how large it is."""
    names = [plain(shown.name) for shown in classes]
    places = [f"{plain(short(shown.filename))}:{shown.row}" for shown in classes]
    name_width, place_width = (max(map(len, texts), default=0) for texts in (names, places))
    for name, place, shown in zip(names, places, classes, strict=True):
        yield f"{name:{name_width}}  {place:{place_width}}  {size_text(shown)}"


def _headline(shown: ShownClass) -> Text:
    line = Text(plain(shown.name), style="bold")
    line.append(f"  {plain(short(shown.filename))}:{shown.row}", style="blue")
    line.append(f"  {size_text(shown)}", style="default")
    return line


def size_text(shown: ShownClass) -> str:
    """How large it is, where that is known for sure; else of how much the table tells."""
    own = list(_untied(shown.parameters))
    sizes = [_elements(row) for row in own]
    if own and not shown.unknown and None not in sizes:
        tensors = sum(_copies(row) for row in own)
        return f"{sum(n for n in sizes if n is not None):,} parameters in {count(tensors, 'tensor')}"
    parts = ((shown.parameters, "of parameters"), (shown.buffers, "of buffers"), (shown.unknown, "unknown"))
    return ", ".join(f"{count(len(rows), 'row')} {what}" for rows, what in parts if rows) or "no parameters"


def _untied(rows: Sequence[Parameter]) -> Iterator[Parameter]:
    """The rows without other names of the tensors of an earlier one."""
    seen: set[str] = set()
    for row in rows:
        if not seen.intersection(row.tied_with):
            yield row
        seen.add(row.name)


def _copies(row: Parameter) -> int:
    """How many tensors a row stands for."""
    return 1 if row.name in row.tied_with else row.count or 0


def _elements(row: Parameter) -> int | None:
    if not row.certain or row.count is None or row.shape is None:
        return None
    sizes = [size for size in row.shape if isinstance(size, int)]
    return math.prod(sizes) * _copies(row) if len(sizes) == len(row.shape) else None


def _table(shown: ShownClass, width: int) -> Table:
    rows = [
        (_name(row), Text(shape_text(row.shape)), _init(row.init), _place(row.init or row), _state(row))
        for row in (*shown.parameters, *shown.buffers)
    ]
    for part in shown.unknown:
        why = Text("unknown: ", style="yellow").append(_cut(part.why), style="default")
        rows.append((Text(plain(part.name), style="yellow"), Text(), why, _place(part), Text()))
    return fitting_table(COLUMNS, rows, width)


def _name(row: Parameter) -> Text:
    title = Text(plain(row.name))
    if row.count is not None and row.count > 1:
        title.append(f" ×{row.count}", style="dim")
    return title


def shape_text(shape: tuple[int | str, ...] | None) -> str:
    """A shape in words: `3·dim × dim`."""
    if shape is None:
        return "?"
    return " × ".join(_formula(size) for size in shape) or "scalar"


def _formula(size: int | str) -> str:
    """A size as one writes it by hand: `3·dim`."""
    text = _cut(str(size), LONGEST_EXPRESSION).replace(" * ", "·")
    return f"({text})" if " " in text else text


def _init(init: Init | None) -> Text:
    return Text(init_text(init), style="dim" if init is None else "")


def init_text(init: Init | None) -> str:
    """The call that fills a tensor, in words."""
    if init is None:
        return "—"
    arguments = ", ".join(f"{plain(name)}={_value(value)}" for name, value in init.arguments.items())
    return plain(init.call) + (f"({arguments})" if arguments else "")


def _value(value: Scalar) -> str:
    return f"{value:.4g}" if isinstance(value, float) else _cut(str(value), LONGEST_EXPRESSION)


def _place(made: Init | Parameter | UnknownPart) -> Text:
    return Text(plain(f"{Path(made.filename).name}:{made.row}"), style="dim")


def _state(row: Parameter) -> Text:
    text = Text()
    for label, style in labels(row):
        text.append("\n" if text else "")
        text.append(label, style=style)
    return text


def labels(row: Parameter) -> Iterator[tuple[str, str]]:
    """What else there is to say of a row, with styles."""
    if row.condition is not None:
        yield f"if {_cut(row.condition)}", "yellow"
    if isinstance(row, Buffer):
        yield "buffer, not saved" if row.persistent is False else "buffer", "magenta"
    elif row.requires_grad is False:
        yield "frozen", "bright_blue"
    if row.tied_with:
        others = [name for name in row.tied_with if name != row.name]
        yield "one tensor" if not others else f"tied to {', '.join(map(plain, others))}", "cyan"


def _cut(text: str, longest: int = LONGEST) -> str:
    text = plain(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
