"""What fixes write: indented as the code around, one block for what stands together."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from paramlint.engine.catalogue import select
from paramlint.frontends.rule_testing import fixed_text
from paramlint.source.text import Source
from paramlint.syntax.indentation import level

HEAD = "import torch\nfrom torch import nn\n\n\n"
RULES = select(["PRM1"])


def fixed(text):
    return fixed_text(HEAD + dedent(text), RULES).removeprefix(HEAD)


@pytest.mark.parametrize("inner", [" ", "  ", "    ", "        ", "\t"])
def test_a_block_is_indented_as_the_code_around_it(inner):
    """Also in a file whose first indented row, of a signature or a docstring, is indented otherwise."""
    text = f'''\
def reset(net: nn.Module,
            other):
{inner}"""Reset it.

{inner}Args:
{inner}            net: a network.
{inner}"""
{inner}for each in net.children():
{inner * 2}each.weight.data.mul_(2)
'''
    assert fixed(text).splitlines()[-2:] == [f"{inner * 2}with torch.no_grad():", f"{inner * 3}each.weight.mul_(2)"]


@pytest.mark.parametrize(
    ("text", "row", "expected"),
    [
        ("x = 1\n", 1, "    "),
        ("if x:\n  y\nz\n", 3, "  "),
        ("if x: y\nfor a in b:\n\tc\nz\n", 4, "\t"),
        ("def f(\n      a): pass\nclass C:\n   b = 1\nz\n", 5, "   "),
        ("match x:\n  case 1:\n     y\n", 3, "   "),
        ("try:\n  x\nexcept E:\n     y\n", 4, "     "),
        ("if x:\n  if (a and\nb):\n     y\n", 4, "   "),
        ("if x:\n  pass\nelse:\n        y\n", 4, "        "),
    ],
)
def test_a_level_is_what_a_block_has_more_than_its_header(text, row, expected):
    assert level(Source("x.py", text.encode()), ast.parse(text), row) == expected


def test_statements_that_stand_together_get_one_block():
    text = """\
        def reset(net: nn.Linear):
            net.weight.data.mul_(2)  # a reason

            # about the bias
            net.bias.data.mul_(
                3
            )
            print(net)
            net.bias.data[0] = 1
            if net.training:
                net.bias.data[1] = 1
            net.bias.data[2] = 1
        """
    assert fixed(text) == dedent(
        """\
        def reset(net: nn.Linear):
            with torch.no_grad():
                net.weight.mul_(2)  # a reason

                # about the bias
                net.bias.mul_(
                    3
                )
            print(net)
            with torch.no_grad():
                net.bias[0] = 1
            if net.training:
                with torch.no_grad():
                    net.bias[1] = 1
            with torch.no_grad():
                net.bias[2] = 1
        """
    )


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
def test_blocks_are_shared_whatever_ends_a_row(newline):
    text = f"{HEAD}def reset(net: nn.Linear):\n  net.weight.data.mul_(2)\n  net.bias.data.mul_(2)\n"
    rows = fixed_text(text.replace("\n", newline), RULES).split(newline)
    assert rows[-4:] == ["  with torch.no_grad():", "    net.weight.mul_(2)", "    net.bias.mul_(2)", ""]
