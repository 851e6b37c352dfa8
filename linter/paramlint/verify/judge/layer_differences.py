"""Where a live model of Keras differs from what was told of it by its source: by the lines that make its variables.

By their names they cannot be compared: Keras names layers by how many were made before in the same process.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator

from paramlint.symbolic.showing.show_document import Parameter, ShownClass
from paramlint.verify.document.schema import Buffer as LiveBuffer
from paramlint.verify.document.schema import Document
from paramlint.verify.document.schema import Parameter as LiveParameter
from paramlint.verify.judge.live_differences import Difference, fits, shape_text

Live = LiveParameter | LiveBuffer
#: A variable that holds the state of a random generator, and no tensor of the model.
_SEED = "seed_generator_state"


def layer_differences(shown: ShownClass, document: Document) -> list[Difference]:
    """Compare the rows of a model of Keras with the live one that was built with the same arguments."""
    rows = [
        row
        for row in (*shown.parameters, *shown.buffers)
        if not row.tied_with or min(row.name, *row.tied_with) == row.name
    ]
    everything: list[Live] = [*document.parameters, *document.buffers]
    left = [one for one in everything if not one.name.endswith(_SEED)]
    found: list[Difference] = []
    counted: Counter[int] = Counter()
    for is_same in (_same_line, _alike):  # values that were set later have another line
        for one in list(left):
            fitting = [
                (place, row)
                for place, row in enumerate(rows)
                if (row.count is None or counted[place] < row.count) and is_same(row, one)
            ]
            if fitting:
                place, row = min(fitting, key=lambda pair: _last(pair[1].name) != _last(one.name))
                counted[place] += 1
                left.remove(one)
                found += _of_one(row, one)
    if not shown.unknown:
        found += [Difference(one.name, "unforeseen", "nothing like it", shape_text(one.shape)) for one in left]
    for place, row in enumerate(rows):
        if row.certain and counted[place] < (row.count or 0):
            found.append(Difference(row.name, "missing", shape_text(row.shape), "nothing like it"))
    return found


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _same_line(row: Parameter, one: Live) -> bool:
    is_there = one.init is not None and one.init.row == row.row
    return is_there and _is_file(row.filename, one) and fits(row.shape, one.shape)


def _is_file(filename: str, one: Live) -> bool:
    return one.init is not None and os.path.realpath(filename) == os.path.realpath(one.init.filename)


def _alike(row: Parameter, one: Live) -> bool:
    return _last(row.name) == _last(one.name) and fits(row.shape, one.shape)


def _of_one(row: Parameter, one: Live) -> Iterator[Difference]:
    """What a variable has that its row has not."""
    flag = one.requires_grad if isinstance(one, LiveParameter) else False
    if row.requires_grad is (not flag):
        said = ("trains", "frozen") if flag else ("frozen", "trains")
        yield Difference(one.name, "frozen", said[1], said[0])
    if row.init is not None and row.certain and one.init is not None and one.init.row == row.row:
        if row.init.call != one.init.call:
            yield Difference(one.name, "init", row.init.call, one.init.call)
