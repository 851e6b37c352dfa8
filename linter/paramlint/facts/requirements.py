"""What the project of a file says that it needs: the text of its lists of requirements."""

from __future__ import annotations

import os
from collections.abc import Iterator
from glob import escape, glob

from paramlint.facts.files import File
from paramlint.knowledge.keras_generation import Generation, generation, required
from paramlint.source.text import UnreadableError

#: Files in the folder of a project that name what it needs.
_LISTS = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")
_KEPT = "generation of keras"


def keras_generation(file: File) -> Generation:
    """Which Keras a file is written for: by its text, or else by what its project needs."""
    if _KEPT not in file.memo:
        said = {required(text) for text in _lists(file)} - {""} if not generation(file.source.data) else set()
        declared: Generation = "2" if "2" in said else "3" if said else ""
        file.memo[_KEPT] = generation(file.source.data) or declared
    found: Generation = file.memo[_KEPT]
    return found


def _lists(file: File) -> Iterator[str]:
    project = file.project
    if project is None:
        return
    holder = os.path.dirname(file.path)
    for _ in range(file.depth):
        holder = os.path.dirname(holder)
    folders = dict.fromkeys([holder, os.path.dirname(holder), *project.roots])
    paths = [os.path.join(folder, name) for folder in folders for name in _LISTS]
    package = file.module.partition(".")[0]
    if package and file.depth:
        paths += sorted(glob(os.path.join(escape(holder), f"{escape(package)}-*.dist-info", "METADATA")))
    for path in paths:
        if not file.exists(path):
            continue
        project.dependencies.note(file.look, [project.dependencies.look("text", path)])
        try:
            text = project.dependencies.read(path).text
        except UnreadableError:
            continue
        yield text.partition("\n\n")[0] if path.endswith("METADATA") else text
