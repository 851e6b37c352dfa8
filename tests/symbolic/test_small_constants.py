"""What Python could compute of constants for hours is not computed, and what comes after it is still looked at."""

from __future__ import annotations

import pytest
from tests.conftest import BAD

from paramlint.engine.catalogue import RULES
from paramlint.engine.check_file import check_path
from paramlint.engine.nominate import Nominator
from paramlint.facts.files import Project
from paramlint.symbolic.limits import MAX_CONSTANT
from paramlint.symbolic.values import Constant
from paramlint.symbolic.values.small_constants import computed, is_small, range_of
from paramlint.syntax.large_stack import with_large_stack


@pytest.mark.parametrize(
    ("value", "small"),
    [
        (3, True),
        (10**9, True),
        (2**5_000, False),
        ("a" * 100, True),
        ("a" * 5_000, False),
        (b"a" * 5_000, False),
        (range(4_096), True),
        (range(10**30), False),
        ((1, ("a", 2)), True),
        ((1, ("a" * 5_000, 2)), False),
        (None, True),
    ],
)
def test_small_is_what_takes_no_time(value, small):
    assert is_small(value) == small


@pytest.mark.parametrize(
    ("compute", "given", "result"),
    [
        (pow, (2, 10), 1024),
        (pow, (2, 10**9), None),
        (pow, (2, 5_000), None),
        (round, (2.5,), 2),
        (round, (5, -(10**9)), None),
        (str.replace, ("aba", "a", "c"), "cbc"),
        (str.replace, ("a" * 4_000, "a", "b" * 4_000), None),
        (int.to_bytes, (1, 10**12, "big"), None),
        (sum, (range(5),), 10),
        (sum, (range(10**12),), None),
        (range.index, (range(10**12), 2.5), None),
        (int, ("x",), None),
    ],
)
def test_only_small_things_are_computed(compute, given, result):
    found = computed(compute, given, compute.__name__)
    assert (found.value if found is not None else None) == result


def test_a_range_has_a_length_that_python_counts():
    assert range_of([3]) == range(3)
    assert range_of([10**30]) is None
    assert range_of([1, 2, 0]) is None


@pytest.mark.parametrize(
    "line",
    [
        "x = 'ab'\n" + "        x = x + x\n" * 40,
        "x = b'ab'\n" + "        x += x\n" * 40,
        "x = 'ab'\n" + "        x = x.replace('a', x)\n" * 40,
        "x = pow(2, 10 ** 10)",
        "x = round(5, -10 ** 9)",
        "x = max(range(10 ** 12))",
        "x = nn.Linear(sum(range(10 ** 12)), 3)",
        "x = 1.5 in range(10 ** 12)",
        "x = range(10 ** 12).index(2.5)",
        "x = len(range(10 ** 30))",
        "x = torch.arange(0, 10 ** 30)",
        "x = (1).to_bytes(10 ** 12, 'big')",
        "x = math.factorial(3 * 10 ** 6)",
        "x = math.comb(10 ** 7, 5 * 10 ** 6)",
        "x = list(itertools.product([1, 2], repeat=10 ** 10))",
        "x = list(itertools.combinations([1, 2], 10 ** 30))",
        "x = f'{0x" + "f" * 5_000 + "}'",
        "x = re.sub('a?' * 28 + 'a' * 28, '', 'a' * 28)",
        "x = re.sub('" + "(a|a)" * 30 + "b', '', 'a' * 28)",
        "x = re.sub('', 'a' * 190, 'b' * 190)\n" + "        x = x + x\n" * 30,
        "x = [1]\n" + "        x = [x, x]\n" * 40 + "        x = sorted(x)",
        "x = (1, 2)\n" + "        x = (x, x)\n" * 40 + "        x = max(x, key=lambda y: (y, y))",
    ],
)
def test_what_comes_after_a_large_constant_is_looked_at(tmp_path, line):
    path = tmp_path / "net.py"
    head, body = BAD.split("        super().__init__()\n")
    path.write_text(f"import itertools, math, re\n{head}        super().__init__()\n        {line}\n{body}")
    report = with_large_stack(lambda: check_path(str(path), Nominator(RULES), Project()))
    assert [d.code for d in report.diagnostics] == ["PRM401"]


def test_the_limit_leaves_what_models_compute():
    assert computed(pow, (2, MAX_CONSTANT // 2), "pow") == Constant(2 ** (MAX_CONSTANT // 2))
