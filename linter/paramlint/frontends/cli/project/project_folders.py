"""Where a project begins, and where its cache is."""

from __future__ import annotations

import os
from collections.abc import Sequence

from paramlint.engine.cache.folder import NAME, CacheFolder
from paramlint.source.links import repository


def project_root(configuration: Sequence[str]) -> str:
    """The folder of the configuration file that was found; else the repository that we are in, or just where we are."""
    if configuration:
        return os.path.dirname(os.path.abspath(configuration[0]))
    here = os.getcwd()
    return repository(here) or here


def cache_folder(root: str, given: str | None) -> CacheFolder:
    """The cache of a project, in the given folder or in its own.

    Raises:
        CacheFolderError: the folder holds something else.
    """
    return CacheFolder(given if given is not None else os.path.join(root, NAME))
