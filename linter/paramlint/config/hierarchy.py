"""Which settings are in force for a file: those of the nearest configuration file, be it below that of the project."""

from __future__ import annotations

import os

from paramlint.config.settings import Settings, file_in, load


class Hierarchy:
    """The settings of a project, and those of folders in it that have a configuration file of their own.

    Args:
        top: the settings of the project.
        root: the folder in and above which `top` was looked for; `None` where it counts for all files.
    """

    def __init__(self, top: Settings, root: str | None) -> None:
        self._known: dict[str, Settings] = {} if root is None else {root: top}
        self._top = top
        self._is_flat = root is None

    def of_folder(self, folder: str) -> Settings:
        """The settings for the files in a folder, given by its absolute path.

        Raises:
            ConfigError: they are wrong.
        """
        above = os.path.dirname(folder)
        if self._is_flat or above == folder:
            return self._top
        if folder not in self._known:
            own = file_in(folder)
            self._known[folder] = load(own) if own is not None else self.of_folder(above)
        return self._known[folder]
