"""What the configuration declares as shared: the rules about sharing and ties say nothing of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from paramlint.config.name_patterns import matches

Path = tuple[str, ...]
#: The rules that ask whether sharing is meant.
FAMILIES = ("PRM3", "PRM5")


@dataclass(frozen=True)
class Ties:
    """Names that are meant to be shared.

    Args:
        patterns: dotted names as `paramlint.config.name_patterns` has them. One names a parameter or module by its
            attributes, from any module on: `decoder.weight` is the weight of every `decoder`. The name of a class
            before them, `Model.decoder`, limits it to instances of that class. What a module holds is named with it.
    """

    patterns: tuple[str, ...] = ()

    def cover(self, path: Path, qualified: Iterable[Path] = ()) -> bool:
        """Whether a name is declared.

        Args:
            path: its parts: the attributes from a module on.
            qualified: the same, or an end of it, with the name of the class before it whose instance holds that.
        """
        starts = [path[first:] for first in range(len(path))]
        spelled = {".".join(name) for start in (*starts, *qualified) for name in _beginnings(start)}
        return any(matches(pattern, name) for pattern in self.patterns for name in spelled)


def _beginnings(path: Path) -> Iterator[Path]:
    for length in range(1, len(path) + 1):
        yield path[:length]
