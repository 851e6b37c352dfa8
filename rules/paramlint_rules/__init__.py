"""The rules that ship with paramlint, in the order of their codes."""

from paramlint_rules.listed import RULES

__all__ = ["RULES"]
