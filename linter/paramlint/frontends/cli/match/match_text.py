"""What `match` says, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING

import msgspec
from rich.text import Text

from paramlint.frontends.report.models.terminal import terminal
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import dimensions
from paramlint.symbolic.showing.matching.comparison import Comparison
from paramlint.symbolic.showing.matching.match import Matched
from paramlint.symbolic.showing.matching.match_document import Match, OtherShape
from paramlint.symbolic.showing.repeated_blocks import fold

if TYPE_CHECKING:
    from paramlint.verify.loaded import Loaded

_VERDICTS = {
    True: ("loads", "green"),
    False: ("does not load", "bold red"),
    None: ("may load: what is known of it fits", "yellow"),
}
#: Of a list; the JSON has all.
_SHOWN = 8
_LABEL = 18


class Verified(Match, frozen=True, kw_only=True):
    """The document with what the live model says.

    Attributes:
        verified: whether torch loads it, its error, and the names about which the two sides differ.
    """

    verified: LiveAnswer


class LiveAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What torch says of the live model."""

    loads: bool
    said: str
    differs: tuple[str, ...]


def as_json(matched: Matched, live: Loaded | None) -> bytes:
    """The document; what the live model says takes the place of what its source says."""
    found = matched.match
    if live is None:
        return msgspec.json.encode(found)
    answer = LiveAnswer(loads=live.loads, said=live.said, differs=tuple(_differs(found, live)))
    return msgspec.json.encode(Verified(**msgspec.structs.asdict(_as_live(matched, live)), verified=answer))


def print_match(matched: Matched, live: Loaded | None, stream: IO[str]) -> None:
    """Write what is said of a checkpoint, for people."""
    found = matched.match if live is None else _as_live(matched, live)
    console = terminal(stream)
    verdict, style = _VERDICTS[found.loads]
    if found.loads is None and matched.own_loading:
        verdict = "may load: code of its own decides"
    line = Text(plain(found.checkpoint), style="bold")
    line.append("".join(f'["{plain(key)}"]' for key in matched.state.within), style="default")
    line.append(f" into {plain(found.target)}: ", style="default").append(verdict, style=style)
    console.print(line, soft_wrap=True)
    for label, text in _lines(matched, found, live):
        console.print(Text(f"  {label:<{_LABEL}}", style="dim").append(plain(text), style="default"), soft_wrap=True)


def _lines(matched: Matched, found: Match, live: Loaded | None) -> Iterator[tuple[str, str]]:
    if matched.arguments:
        yield "built with", f"{_arguments(matched)}, which the file shows"
    if matched.state.within:
        keys = "".join(f'["{key}"]' for key in matched.state.within)
        yield "state", f"state = torch.load(...){keys}"
    for cause in matched.causes:
        yield "cause", cause
    if found.prefix is not None:
        yield "cure", found.prefix.cure
    if matched.fitting:
        differ = ", ".join(f"{name}={ours!r} and not {theirs!r}" for name, (ours, theirs) in matched.fitting.items())
        yield "cause", f"other arguments: the file shows {differ}"
        yield (
            "cure",
            " ".join(f"--arg {name}={ours!r}" for name, (ours, _) in matched.fitting.items()) + ": so it loads",
        )
    for name in matched.own_loading:
        yield "own code", f"`{name}` decides itself what loading does, and may take what does not fit here"
    if found.prefix is not None:
        yield "as it is", f"{len(found.missing)} names are missing, {len(found.unexpected)} are unexpected"
        yield "after the cure", "it " + _VERDICTS[matched.after.loads][0]
        yield from _lists(matched.after, "then ")
    else:
        yield from _lists(found)
    if live is not None:
        differs = list(_differs(matched.match, live))
        yield "verified", "torch loads it" if live.loads else "torch does not load it"
        yield from _listed("differs", differs)


def _lists(found: Match | Comparison, when: str = "") -> Iterator[tuple[str, str]]:
    yield from _listed(f"{when}missing", list(found.missing))
    yield from _listed(f"{when}unexpected", list(found.unexpected))
    yield from _listed(f"{when}other shape", [_shape(one) for one in found.shape])
    if list(found.kept_at_init) != list(found.missing):
        yield from _listed(f"{when}kept at init", list(found.kept_at_init))
    yield from _listed(f"{when}unknown", list(found.unknown))


def _arguments(matched: Matched) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in matched.arguments.items())


def _shape(one: OtherShape) -> str:
    model = " × ".join(map(str, one.model)) or "scalar"
    return f"{one.name} ({' × '.join(map(str, one.checkpoint)) or dimensions(())} in the file, {model} in the model)"


def _listed(label: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    if not names:
        return
    patterns = [pattern for pattern, _ in fold(names, [0] * len(names))]
    rest = f", and {len(patterns) - _SHOWN} more rows" if len(patterns) > _SHOWN else ""
    yield f"{label} {len(names)}", ", ".join(patterns[:_SHOWN]) + rest


def _as_live(matched: Matched, live: Loaded) -> Match:
    """The answer with what torch says in place of what the source says."""
    tied = {*matched.match.missing} - {*matched.match.kept_at_init}
    shapes = [OtherShape(name=n, checkpoint=matched.state.tensors[n], model=shape) for n, shape in live.shape.items()]
    return msgspec.structs.replace(
        matched.match,
        loads=live.loads,
        missing=live.missing,
        unexpected=live.unexpected,
        shape=tuple(shapes),
        kept_at_init=(*(name for name in live.missing if name not in tied), *live.shape),
        unknown=(),
    )


def _differs(found: Match, live: Loaded) -> Iterator[str]:
    """Names of which the source says for sure what torch does not."""
    for ours, theirs in ((found.missing, live.missing), (found.unexpected, live.unexpected)):
        yield from (name for name in ours if name not in theirs)
        if not found.unknown:
            yield from (name for name in theirs if name not in ours)
    shapes = {one.name for one in found.shape}
    yield from (name for name in shapes.symmetric_difference(live.shape) if name in shapes or not found.unknown)
