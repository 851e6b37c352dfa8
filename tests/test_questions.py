"""The page of questions: each example gives what it shows, and no question of the model is left out."""

from __future__ import annotations

import doctest
import inspect
import re
from pathlib import Path

import pytest

from paramlint.frontends.rule_testing import model_of
from paramlint.model import Answer, Event, Model, Module, Optimizer, Place, Several, Tensor

PAGE = (Path(__file__).parents[1] / "docs" / "questions.md").read_text(encoding="utf-8")
ASKED = [Model, Module, Tensor, Place, Optimizer, Answer, Several, Event]


def test_each_example_gives_what_it_shows() -> None:
    names: dict[str, object] = {"model_of": model_of}
    told: list[str] = []
    runner = doctest.DocTestRunner(verbose=False)
    for language, block in re.findall(r"```(python|pycon)\n(.*?)```", PAGE, re.S):
        if language == "python":
            names["text"] = block
            continue
        examples = doctest.DocTestParser().get_doctest(block, names, "questions.md", "questions.md", 0)
        runner.run(examples, out=told.append, clear_globs=False)
        names.update(examples.globs)
    assert runner.tries > 40
    assert not told, "".join(told)


@pytest.mark.parametrize("cls", ASKED)
def test_no_question_is_left_out(cls: type) -> None:
    asked = [n for n, value in vars(cls).items() if not n.startswith("_") and _is_question(value)]
    assert asked
    missing = [name for name in asked if not re.search(rf"\b{name}\b", PAGE)]
    assert not missing


def test_what_is_not_defined_has_no_model() -> None:
    with pytest.raises(LookupError, match="no class or function `Net`"):
        model_of("x = 1", "Net")


def _is_question(value: object) -> bool:
    return inspect.isfunction(value) or isinstance(value, property)
