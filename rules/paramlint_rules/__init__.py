"""The rules that ship with paramlint, in the order of their codes."""

from paramlint.rule import Rule
from paramlint_rules.freezing import requires_grad_typo
from paramlint_rules.registration import modules_in_plain_container
from paramlint_rules.values import data_rebound, grad_data_edit, in_place_data_edit

RULES: tuple[Rule, ...] = (
    in_place_data_edit.rule,
    data_rebound.rule,
    grad_data_edit.rule,
    modules_in_plain_container.rule,
    requires_grad_typo.rule,
)
