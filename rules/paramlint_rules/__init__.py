"""The rules that ship with paramlint, in the order of their codes."""

from paramlint.rule import Rule
from paramlint_rules.freezing import requires_grad_typo
from paramlint_rules.registration import modules_in_plain_container
from paramlint_rules.sharing import repeated_module
from paramlint_rules.values import (
    data_in_forward,
    data_read,
    data_rebound,
    grad_data_edit,
    grad_read_before_backward,
    in_place_data_edit,
    leaf_edited_with_grad,
)

RULES: tuple[Rule, ...] = (
    in_place_data_edit.rule,
    data_rebound.rule,
    data_in_forward.rule,
    grad_data_edit.rule,
    leaf_edited_with_grad.rule,
    grad_read_before_backward.rule,
    data_read.rule,
    repeated_module.rule,
    modules_in_plain_container.rule,
    requires_grad_typo.rule,
)
