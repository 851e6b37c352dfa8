"""The rules that ship with paramlint, in the order of their codes."""

from paramlint.rule import Rule
from paramlint_rules.registration import modules_in_plain_container

RULES: tuple[Rule, ...] = (modules_in_plain_container.rule,)
