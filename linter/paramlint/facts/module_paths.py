"""Where the modules that dotted names begin with lie; what is looked at is noted for who imports them."""

from __future__ import annotations

import os
import sys

from paramlint.source.dependencies import Dependencies, Kind, Look

#: Modules that are those of Python and of frameworks, though a package has a file of the same name.
_ELSEWHERE = sys.stdlib_module_names | {
    "torch", "torchvision", "torchaudio", "lightning", "pytorch_lightning", "keras", "tensorflow", "mxnet", "jax",
    "flax", "numpy", "scipy", "transformers", "diffusers", "accelerate", "timm",
}  # fmt: skip


class ModulePaths:
    """The paths of modules, each looked for once.

    Args:
        roots: folders from which absolute imports are looked up, beside the folder of the importing file's package.
        dependencies: where what is looked at is noted.
    """

    def __init__(self, roots: list[str], dependencies: Dependencies) -> None:
        self._roots = roots
        self._dependencies = dependencies
        self._found: dict[tuple[str, str], tuple[tuple[str, str] | None, list[Look]]] = {}

    def place(self, dotted: str, folder: str, importer: Look, depth: int) -> tuple[str, str] | None:
        """The path that holds a name imported from a folder, and the rest of the name; noted for the importer.

        Args:
            dotted: the name, with dots before it where it is relative.
            folder: that of the importing file.
            importer: the importing file, as dependencies know it.
            depth: how many folders lie between that one and the one that holds its package.
        """
        place = self._look_for(dotted, folder, importer, depth)
        if place is not None and place[0] == importer.path and not dotted.startswith("."):
            return self._look_for(dotted, os.path.dirname(folder), importer, depth)  # no file imports from itself
        return place

    def _look_for(self, dotted: str, folder: str, importer: Look, depth: int) -> tuple[str, str] | None:
        key = (dotted, folder)
        if key not in self._found:
            looks: list[Look] = []
            place = self._find(dotted, folder, depth, looks)
            if place is not None:
                looks.append(self._dependencies.look("text", place[0]))
            self._found[key] = place, looks
        place, looks = self._found[key]
        self._dependencies.note(importer, looks)
        return place

    def _find(self, dotted: str, folder: str, depth: int, looks: list[Look]) -> tuple[str, str] | None:
        level = len(dotted) - len(dotted.lstrip("."))
        parts = dotted.lstrip(".").split(".") if dotted.lstrip(".") else []
        if level:
            for _ in range(level - 1):
                folder = os.path.dirname(folder)
            return self._below(folder, parts, looks)
        inside = [folder]
        for _ in range(depth):
            folder = os.path.dirname(folder)
            inside.append(folder)
        sources = [os.path.join(root, "src") for root in self._roots]
        # A script that is started in a folder above finds what lies beside it, also for files in folders below.
        above = [os.path.dirname(folder), os.path.dirname(os.path.dirname(folder))]
        # One in the folder of a package finds what lies beside it, too, though that package was never meant to be one.
        beside = [] if parts and parts[0] in _ELSEWHERE else inside
        for root in dict.fromkeys([folder, *self._roots, *sources, *above, *beside]):
            found = self._below(root, parts, looks)
            if found is not None and found[1] != dotted:
                return found
        return None

    def _below(self, folder: str, parts: list[str], looks: list[Look]) -> tuple[str, str] | None:
        """The longest prefix of the parts that is a module under a folder."""

        def kind(path: str) -> Kind:
            looks.append(self._dependencies.look("kind", path))
            return self._dependencies.kind(path)

        taken = 0
        while taken < len(parts) and kind(os.path.join(folder, parts[taken])) == "folder":
            folder = os.path.join(folder, parts[taken])
            taken += 1
        if taken < len(parts):
            path = os.path.join(folder, parts[taken] + ".py")
            if kind(path) == "file":
                return path, ".".join(parts[taken + 1 :])
        path = os.path.join(folder, "__init__.py")
        if kind(path) == "file":
            return path, ".".join(parts[taken:])
        return None
