"""The rules that ship with paramlint, in the order of their codes."""

from paramlint.rule import Rule
from paramlint_rules.freezing import requires_grad_on_module, requires_grad_typo
from paramlint_rules.initialization import (
    deprecated_init_name,
    fan_init_of_vector,
    init_call_passed,
    init_never_matches,
    init_of_module,
    unknown_init_argument,
    wrong_init_law,
)
from paramlint_rules.optimizer import (
    aliased_checkpoint,
    exhausted_parameter_iterator,
    ignored_missing_keys,
    load_result_as_model,
)
from paramlint_rules.registration import (
    assigned_before_super_init,
    missing_super_init,
    modules_in_plain_container,
    non_leaf_parameter,
    parameter_created_in_forward,
    parameter_without_gradient,
    parameters_in_plain_container,
    tensor_instead_of_buffer,
    tensor_instead_of_parameter,
    unregistered_twin_container,
)
from paramlint_rules.sharing import (
    borrowed_module,
    class_level_parameter,
    identical_clones,
    module_as_default_argument,
    module_in_fromkeys,
    repeated_module,
    shallow_copied_module,
)
from paramlint_rules.ties import tie_by_data, tie_by_rewrap
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
    init_of_module.rule,
    init_call_passed.rule,
    init_never_matches.rule,
    fan_init_of_vector.rule,
    deprecated_init_name.rule,
    unknown_init_argument.rule,
    wrong_init_law.rule,
    repeated_module.rule,
    module_as_default_argument.rule,
    class_level_parameter.rule,
    module_in_fromkeys.rule,
    shallow_copied_module.rule,
    identical_clones.rule,
    borrowed_module.rule,
    modules_in_plain_container.rule,
    parameters_in_plain_container.rule,
    non_leaf_parameter.rule,
    tensor_instead_of_parameter.rule,
    missing_super_init.rule,
    assigned_before_super_init.rule,
    parameter_created_in_forward.rule,
    tensor_instead_of_buffer.rule,
    unregistered_twin_container.rule,
    parameter_without_gradient.rule,
    tie_by_rewrap.rule,
    tie_by_data.rule,
    requires_grad_typo.rule,
    requires_grad_on_module.rule,
    aliased_checkpoint.rule,
    ignored_missing_keys.rule,
    load_result_as_model.rule,
    exhausted_parameter_iterator.rule,
)
