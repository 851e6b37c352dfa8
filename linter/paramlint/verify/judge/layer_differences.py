"""Where a live model of Keras differs from what was told of it by its source: by the lines that make its variables.

By their names they cannot be compared: Keras names layers by how many were made before in the same process.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence

from paramlint.symbolic.showing.show_document import Parameter, ShownClass
from paramlint.verify.document.schema import Buffer as LiveBuffer
from paramlint.verify.document.schema import Document
from paramlint.verify.document.schema import Parameter as LiveParameter
from paramlint.verify.judge.live_differences import Difference, fits, shape_text

Live = LiveParameter | LiveBuffer
Place = tuple[str, int, str]
#: A variable that holds the state of a random generator, and no tensor of the model.
_SEED = "seed_generator_state"


def layer_differences(shown: ShownClass, document: Document) -> list[Difference]:
    """Compare the rows of a model of Keras with the live one that was built with the same arguments."""
    told: defaultdict[Place, list[Parameter]] = defaultdict(list)
    for row in (*shown.parameters, *shown.buffers):
        if not row.tied_with or min(row.name, *row.tied_with) == row.name:
            told[_place(row.filename, row.row, row.name)].append(row)
    live: defaultdict[Place, list[Live]] = defaultdict(list)
    nowhere = 0
    for one in (*document.parameters, *document.buffers):
        if not one.name.endswith(_SEED):
            if one.init is None:
                nowhere += 1
            else:
                live[_place(one.init.filename, one.init.row, one.name)].append(one)
    found: list[Difference] = []
    for place, tensors in live.items():
        found += _at(told.get(place, []), tensors, is_open=bool(shown.unknown))
    for place, rows in told.items():
        if place not in live and not nowhere:
            found += [
                Difference(row.name, "missing", shape_text(row.shape), "nothing of this line")
                for row in rows
                if row.certain
            ]
    return found


def _place(filename: str, row: int, name: str) -> Place:
    return os.path.realpath(filename), row, name.rpartition(".")[2]


def _at(rows: Sequence[Parameter], tensors: Sequence[Live], *, is_open: bool) -> Iterator[Difference]:
    """What the variables of one line and one name have that the rows have not."""
    if not rows:
        if not is_open:
            for one in tensors:
                yield Difference(one.name, "unforeseen", "nothing of this line", shape_text(one.shape))
        return
    counts = [row.count for row in rows]
    if all(row.certain for row in rows) and None not in counts and not is_open:
        count = sum(one for one in counts if one is not None)
        if count != len(tensors):
            yield Difference(tensors[0].name, "count", str(count), str(len(tensors)))
    for one in tensors:
        alike = [row for row in rows if fits(row.shape, one.shape)]
        if not alike:
            yield Difference(one.name, "shape", shape_text(rows[0].shape), shape_text(one.shape))
            continue
        flag = one.requires_grad if isinstance(one, LiveParameter) else False
        if all(row.requires_grad is (not flag) for row in alike):
            said = ("trains", "frozen") if flag else ("frozen", "trains")
            yield Difference(one.name, "frozen", said[1], said[0])
        calls = [row.init.call for row in alike if row.init is not None and row.certain]
        if one.init is not None and len(calls) == len(alike) and one.init.call not in calls:
            yield Difference(one.name, "init", calls[0], one.init.call)
