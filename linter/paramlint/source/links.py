"""Where a path really is: links in a strange folder may lead anywhere, and what is behind them is not its own."""

from __future__ import annotations

import os
from collections.abc import Iterable


def is_below(path: str, folder: str) -> bool:
    """Whether a file, once all links are followed, is in a folder."""
    whole, root = os.path.realpath(path), os.path.realpath(folder)
    return whole == root or whole.startswith(os.path.join(root, ""))


def leads_out(path: str, given: Iterable[str] = ()) -> bool:
    """Whether a path leads out of what was asked for.

    Args:
        path: a file.
        given: the folders and files that were asked for. A file that is in none of the folders may be anywhere in the
            current folder if it seems to be in it, and in its own folder if not.
    """
    folders = [folder for folder in given if os.path.isdir(folder)]
    if any(is_below(path, folder) for folder in folders):
        return False
    whole, here = os.path.abspath(path), os.getcwd()
    if any(whole.startswith(os.path.join(os.path.abspath(folder), "")) for folder in folders):
        return True
    seems_here = whole.startswith(os.path.join(here, ""))
    return not is_below(path, here if seems_here else os.path.dirname(whole))


def repository(folder: str) -> str | None:
    """The root of the repository that a folder is in."""
    folder = os.path.abspath(folder)
    while not os.path.exists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder
