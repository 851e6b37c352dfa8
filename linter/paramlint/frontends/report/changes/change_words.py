"""What a change means, in words: one line, for whoever has a checkpoint of the older version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import listed
from paramlint.symbolic.comparing.change_document import Change, ChangedClass, Compared
from paramlint.symbolic.comparing.compare_versions import Told

#: Characters of a size or figure that are shown; the JSON has them all.
_LONGEST = 40


def message(change: Change, note: str, breaks: bool | None, old: str, new: str) -> str:
    """What a change means.

    Args:
        change: the change.
        note: what else is to be said of it.
        breaks: whether it keeps a state dict of the older version from loading.
        old, new: what the versions are called.
    """
    said = _WORDS[change.kind](change, breaks is not False, old, new)
    more = f": {note}" if note else ""
    return plain(f"{said}{more}{where(change)}")


def where(change: Change) -> str:
    """The condition of a change, as the end of a line."""
    if change.condition is None:
        return ""
    return f", where {change.condition}" if " is left out: " in change.condition else f", where `{change.condition}`"


def _added(change: Change, is_saved: bool, old: str, new: str) -> str:  # noqa: ARG001
    if not is_saved:
        return f"`{change.name}` is new, and no state dict has it"
    return f"a checkpoint of {old} lacks `{change.name}`"


def _removed(change: Change, is_saved: bool, old: str, new: str) -> str:
    if not is_saved:
        return f"`{change.name}` is gone, which no state dict had"
    return f"a checkpoint of {old} has `{change.name}`, which {new} does not know"


def _renamed(change: Change, is_saved: bool, old: str, new: str) -> str:  # noqa: ARG001
    said = f"`{change.name}` is now `{change.new}`"
    return f"{said}: a checkpoint of {old} has it under the old name" if is_saved else said


def _shape(change: Change, is_saved: bool, old: str, new: str) -> str:  # noqa: ARG001
    said = f"`{change.name}` is {shape(change.new)}, and was {shape(change.old)}"
    return f"{said}: a checkpoint of {old} does not fit" if is_saved else said


def _persistent(change: Change, is_saved: bool, old: str, new: str) -> str:  # noqa: ARG001
    if change.new:
        return f"`{change.name}` is saved now, and a checkpoint of {old} lacks it"
    return f"`{change.name}` is no longer saved, and a checkpoint of {old} has it"


def _buffer(change: Change, is_saved: bool, old: str, new: str) -> str:  # noqa: ARG001
    if change.new == "buffer":
        return f"`{change.name}` is a buffer now, which no optimizer changes"
    return f"`{change.name}` is a parameter now, which optimizers change"


def _tie(change: Change, is_saved: bool, old: str, new: str) -> str:  # noqa: ARG001
    before, after = _names(change.old), _names(change.new)
    lost = [name for name in before if name not in after]
    if lost:
        return f"`{change.name}` is no longer tied to {listed(lost)}"
    gained = [name for name in after if name not in before]
    return f"`{change.name}` is now tied to {listed(gained)}, and of two values in a checkpoint of {old} one is lost"


def _frozen(change: Change, is_saved: bool, old: str, new: str) -> str:  # noqa: ARG001
    return f"`{change.name}` is frozen now" if change.new else f"`{change.name}` is no longer frozen"


def _dtype(change: Change, is_saved: bool, old: str, new: str) -> str:  # noqa: ARG001
    usual = "the default type"
    return f"`{change.name}` is {change.new or usual} now, and was {change.old or usual}"


def _init(change: Change, is_saved: bool, old: str, new: str) -> str:  # noqa: ARG001
    before, after = _call(change.old), _call(change.new)
    return f"`{change.name}` loads, but starts elsewhere: {becomes(before, after)}"


_WORDS = {
    "added": _added,
    "buffer": _buffer,
    "dtype": _dtype,
    "frozen": _frozen,
    "init": _init,
    "persistent": _persistent,
    "removed": _removed,
    "renamed": _renamed,
    "shape": _shape,
    "tie": _tie,
}


def becomes(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """What is another figure of one call, or another call: `std 0.02 becomes 1.0`."""
    if before["call"] == after["call"]:
        one, other = before["arguments"], after["arguments"]
        names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
        if all(name in one and name in other for name in names):
            return ", ".join(f"{name} {_figure(one[name])} becomes {_figure(other[name])}" for name in names)
    return f"{call(before)} becomes {call(after)}"


def call(init: Mapping[str, Any]) -> str:
    """A call that fills a tensor."""
    arguments = ", ".join(f"{name}={_figure(value)}" for name, value in init["arguments"].items())
    return str(init["call"]) + (f"({arguments})" if arguments else "")


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) and not value.is_integer() else cut(str(value))


def _call(value: object) -> Mapping[str, Any]:
    assert isinstance(value, dict)
    return value


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, (list, tuple)) else []


def shape(value: object) -> str:
    """A shape as one writes it by hand: `3·dim × dim`."""
    if not isinstance(value, (list, tuple)):
        return "?"
    return " × ".join(_size(one) for one in value) or "a scalar"


def _size(size: object) -> str:
    text = cut(str(size)).replace(" * ", "·")
    return f"({text})" if " " in text else text


def cut(text: str, longest: int = _LONGEST) -> str:
    """A text that is not too long."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def shown(kind: str, value: object, name: str) -> str:
    """What stands in the column of a version."""
    if kind in ("added", "removed", "shape"):
        return shape(value) if value is not None else "—"
    if kind == "init":
        return call(_call(value))
    if kind == "tie":
        others = [one for one in _names(value) if one != name]
        return f"tied to {', '.join(others)}" if others else "of its own"
    if kind in ("frozen", "persistent"):
        yes, no = ("frozen", "trains") if kind == "frozen" else ("saved", "not saved")
        return yes if value else no
    return str(value) if value is not None else "default type"


def verdict(told: ChangedClass, old: str) -> str:
    """Whether a checkpoint loads."""
    if told.loads is None:
        return f"whether a checkpoint of {old} loads cannot be told"
    return f"a checkpoint of {old} loads" if told.loads else f"a checkpoint of {old} does not load"


def summary(document: Compared) -> str:
    """The whole in one line."""
    broken = sum(told.loads is False for told in document.classes)
    if not document.classes:
        said = "no parameters changed"
    else:
        count = len(document.classes)
        said = f"parameters changed in {count} {'class' if count == 1 else 'classes'}"
        does = "does" if broken == 1 else "do"
        said += f", {broken} of which {does} not load a checkpoint of {document.old}" if broken else ""
    if document.gone:
        said += f"; {len(document.gone)} {'class is' if len(document.gone) == 1 else 'classes are'} gone"
    if document.unknown:
        count = len(document.unknown)
        said += f"; {count} {'class' if count == 1 else 'classes'} could not be compared in every part"
    return plain(said)


def grouped(classes: Iterable[Told]) -> list[tuple[Told, list[Told]]]:
    """The classes that say something of their own, each with those that only hold it or inherit from it.

    The same change, told by its kind and the row of the code, shows in whatever holds the part that changed.
    """
    places = {id(one): {(c.kind, c.filename, c.row) for c in one.told.changes} for one in classes}
    ordered = sorted(classes, key=lambda one: max(c.name.count(".") for c in one.told.changes))
    found: list[tuple[Told, list[Told]]] = []
    for one in ordered:
        causes = [others for first, others in found if places[id(one)] & places[id(first)]]
        known = [place for first, _ in found for place in places[id(first)]]
        if causes and places[id(one)] <= set(known):
            causes[0].append(one)
        else:
            found.append((one, []))
    return found
