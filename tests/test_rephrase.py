"""What is found is found however it is said, and what is right stays right: a sample; all of it is a benchmark."""

from __future__ import annotations

import ast
from pathlib import Path
from random import Random

import pytest

from paramlint.engine.catalogue import RULES
from paramlint.engine.nominate import Nominator
from paramlint.syntax.large_stack import with_large_stack

from .rephrase import WAYS
from .rephrase.behaviour import observe
from .rephrase.kept import beside, compare, findings, outcome, rephrased

FIXTURES = Path(__file__).parent.parent / "fixtures"
#: Those that are checked, behaviour and findings; drawn once, so that a failure comes again.
PATHS = sorted(path for path in FIXTURES.rglob("*.py") if path.name in ("bad.py", "good.py"))
SAMPLE = Random(23).sample([(path, way) for path in PATHS for way in WAYS], 60)
TORCH = Random(5).sample([(path, way) for path in PATHS for way in WAYS], 60)
#: The same at length.
MANY = Random(29).sample([(path, way) for path in PATHS for way in WAYS], 600)
#: Spellings that a mend is for: what the maker by itself does not say, the caller does.
SAMPLE += [
    (FIXTURES / "sharing/repeated_module/good.py", "factory"),
    (FIXTURES / "initialization/silently_frozen_embedding/good.py", "factory"),
]
#: Right, and accused all the same.
ACCUSED = {
    ("equal_branches", "named_parameters_as_parameters"),  # what is said of the file as it stands, once more
    ("local_maker", "stale_optimizer"),  # a head that no optimizer trains, as its class says: PRM710 is right
    (
        "split_function",
        "gradients_never_cleared",
    ),  # cleared in another function
}
#: Where the reference says more: of functions that call the one that says `clone_model`.
REFERENCE_DIFFERS = {("prepared", "clone_without_weights")}
#: The share that may be lost: what is, and why, is in the table of the benchmark.
LOST = 0.03

#: Words in which nothing at all may be lost, or accused: each was a kind of loss once.
KEPT = [
    ("initialization/init_never_matches/bad.py", "lambda_maker"),
    ("initialization/init_never_matches/bad.py", "through_a_dict"),
    ("initialization/lazy_parameter_initialized_early/bad.py", "equal_branches"),
    ("initialization/lazy_parameter_initialized_early/bad.py", "match_for_if"),
    ("values/leaf_edited_with_grad/bad.py", "super_setattr"),
    ("gluon/unregistered_parameter/bad.py", "super_setattr"),
    ("keras/write_to_copy/bad.py", "star_import"),
    ("freezing/frozen_parameter_still_decays/bad.py", "unpacked"),
    ("freezing/frozen_parameter_still_decays/bad.py", "factory"),
    ("freezing/frozen_parameter_still_decays/good.py", "settings"),
    ("keras/shared_initializer/bad.py", "equal_branches"),
    ("optimizer/aliased_target_network/bad.py", "enumerated"),
    ("optimizer/aliased_checkpoint/bad.py", "object_of_function"),
    ("optimizer/aliased_checkpoint/good.py", "object_of_function"),
    ("optimizer/aliased_target_network/bad.py", "unpacked_below"),
    ("optimizer/exhausted_parameter_iterator/good.py", "object_of_function"),
    ("sharing/identical_clones/good.py", "module_constants"),
    ("registration/init_flag_not_saved/bad.py", "base_class"),
    ("registration/modules_in_plain_container/good.py", "attrgetter"),
    ("initialization/padding_row_overwritten/bad.py", "attrgetter"),
    ("initialization/fan_init_of_vector/bad.py", "mixin"),
    ("sharing/overlapping_memory/bad.py", "with_partial"),
    ("sharing/module_listed_twice/bad.py", "unpacked"),
    ("sharing/module_listed_twice/bad.py", "through_a_local"),
    ("sharing/identical_clones/good.py", "with_setattr"),
    ("sharing/identical_clones/good.py", "local_maker"),
    ("registration/modules_in_plain_container/bad.py", "mixin"),
    ("optimizer/optimizer_made_in_loop/bad.py", "other_file"),
    ("optimizer/left_in_eval/bad.py", "other_file"),
    ("freezing/eval_is_not_freezing/bad.py", "other_file"),
    ("optimizer/load_result_as_model/good.py", "other_file"),
    ("freezing/requires_grad_typo/good.py", "other_file"),
    ("ties/tie_lost_on_materialization/bad/models.py", "mixin"),
    ("ties/tie_lost_on_materialization/good/models.py", "mixin"),
    ("sharing/repeated_module/good.py", "nested_function"),
    ("registration/non_leaf_parameter/good.py", "pairs"),
    ("optimizer/aliased_target_network/bad.py", "pairs"),
    ("sharing/identical_clones/good.py", "pairs"),
    ("initialization/dropped_result/bad.py", "with_block"),
    ("initialization/padding_row_overwritten/good.py", "static_method"),
    ("initialization/init_overwritten/good.py", "object_of_function"),
    ("initialization/init_of_module/good.py", "loop_for_comprehension"),
    ("ties/tie_lost_on_materialization/good/models.py", "self_renamed"),
    ("registration/registered_under_other_name/bad.py", "getattr_for_attributes"),
    ("registration/registered_under_other_name/bad.py", "mixin"),
    ("registration/parameter_without_gradient/bad.py", "registered_by_call"),
    ("initialization/init_ignores_argument/bad.py", "match_for_if"),
    ("registration/unregistered_twin_container/bad.py", "reduce_for_loop"),
    ("sharing/module_listed_twice/bad.py", "indexed"),
    ("initialization/init_never_matches/bad.py", "continue_for_if"),
    ("optimizer/aliased_checkpoint/bad.py", "continue_for_if"),
    ("initialization/init_of_module/bad.py", "try_finally"),
    ("keras/overridden_training_flag/bad.py", "try_finally"),
    ("initialization/padding_row_overwritten/good.py", "packed"),
    ("registration/modules_in_plain_container/bad.py", "renamed_imports"),
    ("registration/unregistered_twin_container/good.py", "super_setattr"),
    ("sharing/identical_clones/bad.py", "attrgetter"),
    ("optimizer/aliased_target_network/good.py", "through_a_local"),
    ("initialization/lost_on_materialization/in_functions.py", "other_file"),
    ("initialization/padding_row_overwritten/good.py", "other_file"),
    ("registration/tensor_instead_of_parameter/good.py", "other_file"),
    ("registration/missing_super_init/good.py", "other_file"),
    ("optimizer/wrong_parameters_in_optimizer/good.py", "annotated"),
    ("optimizer/aliased_checkpoint/good.py", "annotated"),
    ("sharing/module_listed_twice/bad.py", "annotated"),
    ("values/loop_variable_rebound/bad.py", "annotated"),
    ("sharing/shallow_copied_module/good.py", "prepared"),
    ("initialization/init_never_matches/bad.py", "match_for_if"),
    ("registration/parameter_created_in_forward/bad.py", "try_block"),
    ("optimizer/aliased_target_network/bad.py", "try_block"),
    ("optimizer/aliased_target_network/bad.py", "base_class"),
    ("registration/name_registered_twice/bad.py", "annotated"),
    ("optimizer/parameter_group_never_matches/bad.py", "enumerated"),
    ("optimizer/aliased_checkpoint/bad.py", "through_a_dict"),
    ("initialization/init_never_matches/bad.py", "enumerated"),
    ("initialization/init_never_matches/bad.py", "unpacked_below"),
    ("initialization/init_before_submodules/bad.py", "base_class"),
    ("initialization/padding_row_overwritten/bad.py", "base_class"),
    ("initialization/padding_row_overwritten/good.py", "prepared"),
    ("registration/buffer_holds_graph/bad.py", "base_class"),
    ("sharing/module_listed_twice/good.py", "object_of_function"),
    ("optimizer/aliased_target_network/good.py", "prepared"),
    ("optimizer/aliased_target_network/good.py", "packed"),
    ("optimizer/aliased_target_network/good.py", "with_setattr"),
    ("optimizer/aliased_checkpoint/good.py", "factory"),
    ("optimizer/aliased_checkpoint/good.py", "equal_branches"),
]

TWO = """\
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.first = nn.Linear(width, width)
        self.rest = nn.ModuleList([nn.Linear(width, width) for _ in range(2)])
        self.widths = len(self.rest)
        if width > 2:
            self.act = nn.ReLU() if width > 3 else nn.PReLU()
        else:
            self.act = nn.PReLU()

    def forward(self, x):
        for layer in self.rest:
            x = layer(x)
        return self.act(self.first(x)) * self.widths

    def reset(self):
        nn.init.normal_(self.first.weight)
        for layer in self.rest:
            if isinstance(layer, nn.Linear):
                nn.init.zeros_(layer.bias)


def build():
    net = Net(4)
    for name, parameter in net.named_parameters():
        parameter.requires_grad_(name.endswith("weight"))
    return net


def train(net, rounds):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net.train()
    for _ in range(rounds):
        net(torch.ones(4)).sum().backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
"""


@pytest.mark.parametrize("way", WAYS)
def test_a_way_changes_the_text_and_not_what_it_does(way, tmp_path):
    text = TWO
    if way in ("comprehension_for_loop", "extend_for_append"):
        text = TWO.replace(
            "        self.rest = nn.ModuleList([nn.Linear(width, width) for _ in range(2)])\n",
            "        self.rest = nn.ModuleList()\n        for _ in range(2):\n"
            "            self.rest.append(nn.Linear(width, width))\n",
        )
    path = tmp_path / "net.py"
    path.write_text(text)
    files = rephrased(text, way)
    assert files is not None
    with beside(path, {"": text}) as before:
        wanted = observe(before[0], ["Net", "build"])
    with beside(path, files) as after:
        assert observe(after[0], ["Net", "build"]) == wanted
    assert len(wanted) > 1


def done(path, way):
    """What a fixture does where it can be told, as it stands and rephrased."""
    text = path.read_text(encoding="utf-8")
    names = [n.name for n in ast.parse(text).body if isinstance(n, (ast.ClassDef, ast.FunctionDef))]
    files = rephrased(text, way)
    if files is None:
        return {}, {}
    with beside(path, {"": text}) as before:
        wanted, again = observe(before[0], names), observe(before[0], names)
    with beside(path, files) as after:
        got = observe(after[0], names)
    told = [key for key, value in wanted.items() if again.get(key) == value]
    return {key: wanted[key] for key in told}, {key: got.get(key) for key in told}


@pytest.mark.parametrize(("path", "way"), TORCH, ids=lambda one: one if isinstance(one, str) else one.parent.name)
def test_fixtures_that_are_rephrased_do_the_same(path, way):
    wanted, got = done(path, way)
    assert got == wanted


@pytest.mark.heavy
def test_many_fixtures_that_are_rephrased_do_the_same():
    outcomes = {(way, str(path)): done(path, way) for path, way in MANY}
    assert {key: both for key, both in outcomes.items() if both[0] != both[1]} == {}


def all_outcomes(sample):
    """What came of a sample: the findings that were kept and lost, and what is new in good files."""
    nominator = Nominator(RULES)
    found = []
    for path, way in sample:
        text = path.read_text(encoding="utf-8")
        files = rephrased(text, way)
        if files is None:
            continue
        known = {n.name for n in ast.parse(text).body if hasattr(n, "name")} | {""}
        with beside(path, files) as written:
            fast, whole = findings(written, nominator), findings(written, nominator, reference=True)
        came = compare(findings([path], nominator), fast, known)
        found.append((path, way, came, sorted(fast), sorted(whole)))
    return found


@pytest.fixture(scope="module", params=[SAMPLE, pytest.param(MANY, marks=pytest.mark.heavy)], ids=["sample", "many"])
def outcomes(request):
    return with_large_stack(lambda: all_outcomes(request.param))


@pytest.mark.parametrize(("path", "way"), KEPT)
def test_words_in_which_all_is_kept(path, way):
    rules = [rule for rule in RULES if rule.name.replace("-", "_") in path]
    came = with_large_stack(lambda: outcome(FIXTURES / path, way, rules))
    assert came is not None
    assert came.lost == []
    assert path.endswith("bad.py") or came.new == []


def test_what_is_found_stays_found(outcomes):
    kept = sum(came.kept.total() for _, _, came, _, _ in outcomes)
    lost = [(way, path.parent.name, one) for path, way, came, _, _ in outcomes for one in came.lost]
    assert kept > 100
    assert len(lost) <= LOST * (kept + len(lost)), lost


def test_good_files_stay_silent(outcomes):
    good = [(way, path, came) for path, way, came, _, _ in outcomes if path.name == "good.py" and came.new]
    assert {(way, path.parent.name) for way, path, _ in good} <= ACCUSED, good


def test_the_fast_path_and_the_reference_agree_on_them(outcomes):
    other = {(way, path.parent.name) for path, way, _, fast, whole in outcomes if fast != whole}
    assert other <= REFERENCE_DIFFERS
