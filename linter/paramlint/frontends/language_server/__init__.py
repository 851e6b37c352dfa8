"""A language server: findings while a file or notebook is edited, fixes, and what models hold by their source.

Nothing of the edited code is imported or run. Each file is checked with the configuration of its project.
"""
