"""The pairs of `benchmarks/gluon_pairs.py`: the mistake is reported, its right twin is not; both run where MXNet is."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from paramlint.engine.catalogue import RULES
from paramlint.frontends.rule_testing import fixed_text
from paramlint.knowledge.frameworks import GLUON

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "gluon_pairs.py"
_spec = importlib.util.spec_from_file_location("gluon_pairs", SCRIPT)
script = sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)
PAIRS, answer, is_reported = script.PAIRS, script.answer, script.is_reported

named = partial(pytest.mark.parametrize, "pair", ids=[f"{number}-{pair.rule}" for number, pair in enumerate(PAIRS)])


def has_mxnet() -> bool:
    try:
        script.import_mxnet()
    except ImportError:
        return False
    return True


@named(PAIRS)
def test_the_mistake_is_reported_and_its_right_twin_is_not(pair):
    assert (is_reported(pair, is_bad=True), is_reported(pair, is_bad=False)) == (True, False)


def test_each_rule_of_gluon_has_a_pair():
    assert {pair.rule for pair in PAIRS} == {rule.code for rule in RULES if rule.frameworks == GLUON}


@pytest.mark.skipif(not has_mxnet(), reason="MXNet is not installed")
@named(PAIRS)
def test_both_do_in_mxnet_what_is_recorded(pair):
    assert (answer(pair.source(is_bad=True)), answer(pair.source(is_bad=False))) == pair.says


#: What a safe fix mends: all freezes but the one by a pattern, where nobody knows which names were meant.
MENDED = [pair for pair in PAIRS if pair.rule == "PRM903" and ".*kernel" not in pair.bad]


def test_there_are_freezes_that_a_safe_fix_mends():
    assert len(MENDED) == 5


@pytest.mark.skipif(not has_mxnet(), reason="MXNet is not installed")
@pytest.mark.parametrize("pair", MENDED)
def test_with_its_safe_fix_a_freeze_freezes(pair):
    source = pair.source(is_bad=True)
    fixed = fixed_text(source, [rule for rule in RULES if rule.code == pair.rule], unsafe=False)
    assert (answer(source), answer(fixed)) == pair.says


def test_where_mxnet_is_not_one_line_says_what_to_do(tmp_path: Path):
    (tmp_path / "mxnet.py").write_text("raise ImportError('no such library')\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run([sys.executable, SCRIPT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"{script.MISSING.format('no such library')}\n"
