"""The files of a version of some code: a commit, a folder, or the working tree. Nothing is checked out or run."""
