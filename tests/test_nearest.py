"""A name that is not there gets a hint where one is near, and none where nothing is."""

from __future__ import annotations

import pytest

from paramlint.config.nearest import nearest
from paramlint.engine.catalogue import CATALOGUE
from paramlint.frontends.cli import main

CODES = [name for rule in CATALOGUE for name in (rule.code, rule.name)]


@pytest.mark.parametrize(
    ("given", "names", "meant"),
    [
        ("chek", ["check", "clean"], "check"),
        ("PMR401", CODES, "PRM401"),
        ("prm401x", CODES, "PRM401"),
        ("moduls-in-plain-contaner", CODES, "modules-in-plain-container"),
        ("Modules-In-Plain-Containers", CODES, "modules-in-plain-container"),
        ("sdt", ["mean", "std"], "std"),
        ("Iner", ["Outer", "Inner"], "Inner"),
        ("PRM999", CODES, None),
        ("PRM499", CODES, None),
        ("E501", CODES, None),
        ("F401", CODES, None),
        ("--color", ["--cluster", "--config"], None),
        ("lint", ["check", "clean", "verify"], None),
        ("head.weight", ["embed.weight"], None),
        ("resnet18", ["resnet50"], None),
        ("", ["check"], None),
    ],
)
def test_what_is_near(given, names, meant):
    assert nearest(given, names) == meant


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "--select", "PRM999"], "no rule is called 'PRM999'; `paramlint rules` lists them"),
        (["rule", "E501"], "no rule is called 'E501'; `paramlint rules` lists them"),
        (["check", "--selct", "PRM4"], "--select"),
    ],
)
def test_what_the_command_says(arguments, said, capsys):
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


def test_an_unknown_option_that_is_near_to_none(capsys):
    assert main(["check", "--xylem", "always"]) == 2
    said = capsys.readouterr().err
    assert "--xylem" in said
    assert "mean" not in said
    assert "--cluster" not in said
