"""What is raised where a model cannot be built; without torch, which who reports it may not have imported yet."""


class BuildError(Exception):
    """The model cannot be built as asked; the message says why, whole."""
