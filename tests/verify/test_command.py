"""`paramlint verify` from the arguments to the exit status, on real models in real child processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from paramlint.frontends.cli.verify.command import verify_command

pytest.importorskip("torch")

MODELS = Path(__file__).parent / "models.py"


def verify(*arguments: str) -> Result:
    return CliRunner().invoke(verify_command, arguments)


def target(name: str) -> str:
    return f"{MODELS}:{name}"


def document(*arguments: str) -> Any:
    return json.loads(verify(*arguments, "--output-format", "json").stdout)


def test_the_text_of_a_good_model() -> None:
    patterns = ("--show", "blocks.0.*", "--show", "head.weight")
    result = verify(target("Good"), "--example", target("example"), "--confirm", *patterns)
    assert result.exit_code == 0, result.output
    assert "1,616 parameters in 7 tensors" in result.output
    assert "blocks.{0-2}.weight ×3" in result.output
    assert "tied: head.weight" in re.sub(r"\s+", " ", verify(target("Good")).output)
    assert "values differ" not in result.output
    shown = result.output.partition("└")[2]
    assert "blocks.0.weight\n  mean " in shown
    assert "blocks.0.bias\n  mean " in shown
    assert "embed.weight\n  mean " in shown
    assert shown.count("  gradient\n") == 3
    assert "blocks.1" not in shown


def test_values_of_a_name_that_nothing_has_are_missed() -> None:
    result = verify(target("Good"), "--show", "hed.weight")
    assert result.exit_code == 2
    assert "no parameter is called `hed.weight`, so nothing of it is shown; did you mean `head.weight`?" in (
        result.output
    )


def test_what_is_no_model_is_said_without_the_name_of_an_error() -> None:
    result = verify("os:getcwd")
    assert result.exit_code == 2
    assert "os:getcwd error in stage construct: the factory returns str, not a torch.nn.Module\n" in result.output


def test_the_document_of_a_model() -> None:
    given = document(target("Good"), "--arg", "width=32", "--confirm")
    assert given["target"] == target("Good")
    assert given["outcome"]["status"] == "ok"
    assert given["degraded"] == []
    first = given["parameters"][0]
    assert (first["name"], first["shape"], first["dtype"]) == ("embed.weight", [50, 32], "float32")
    assert first["init"]["call"] == "normal_"
    assert first["init"]["filename"] == str(MODELS)
    assert MODELS.read_text().splitlines()[first["init"]["row"] - 1].strip() == "self.embed = nn.Embedding(50, width)"
    assert first["tied_with"] == ["head.weight"]
    assert first["law"] == "normal(std=1)"
    assert first["std"] == pytest.approx(first["expected_std"], rel=0.05)
    assert sum(first["histogram"]) == 50 * 32
    assert first["fit"]["verdict"] == "follows"


def test_what_was_never_written_is_found() -> None:
    result = verify(target("Unwritten"), "--select", "PRM201", "--output-format", "json")
    assert result.exit_code == 1
    given = json.loads(result.stdout)
    (found,) = given["findings"]
    assert (found["code"], found["parameter"], found["verdict"]) == ("PRM201", "scale", "confirmed")
    assert MODELS.read_text().splitlines()[found["location"]["row"] - 1].strip() == (
        "self.scale = nn.Parameter(torch.empty(4, 4))"
    )
    assert given["summary"]["unwritten"] == 1
    assert given["parameters"][0]["status"] == "unwritten"
    assert given["parameters"][0]["std"] is None


def test_a_model_too_large_to_build() -> None:
    started = time.monotonic()
    given = document(target("large"), "--confirm", "--memory", "2")
    assert given["outcome"]["status"] == "ok", given["outcome"]
    assert given["parameters"][0]["law"] == "kaiming_uniform(a=2.23607)"
    assert given["parameters"][0]["expected_std"] == pytest.approx(1 / (3 * 40_000) ** 0.5)
    assert given["parameters"][0]["std"] is None
    assert given["degraded"] == [
        "not built for real: 5.96 GiB is more than the limit of 2 GiB",
        "values were not tested: there are none",
    ]
    assert time.monotonic() - started < 30


FAILURES = [
    ("no_module", "error", "construct", "not a torch.nn.Module"),
    ("on_gpu", "error", "construct", "CUDA"),
    ("NeedsWidth", "needs-arguments", "construct", "no value for `width`"),
    ("NeedsKeyword", "needs-arguments", "construct", "no value for `width`"),
    ("Broken", "error", "construct", "NotImplementedError: abstract"),
    ("patches_torch", "error", "analyze", "named_modules"),
    ("built", "error", "import", "is built already"),
]


def test_what_cannot_be_verified() -> None:
    result = verify(*(target(name) for name, *_ in FAILURES), "--output-format", "json")
    assert result.exit_code == 2
    for (name, status, stage, message), given in zip(FAILURES, json.loads(result.stdout), strict=True):
        outcome = given["outcome"]
        assert given["target"] == target(name)
        assert (outcome["status"], outcome["stage"]) == (status, stage), outcome
        assert message in outcome["message"]


def test_a_hang(tmp_path: Path) -> None:
    path = tmp_path / "slow.py"
    path.write_text("import time\ntime.sleep(60)")
    result = verify(f"{path}:Net", "--timeout", "2")
    assert result.exit_code == 2
    assert "timeout in stage import: not done after 2 s" in result.output
    assert "2 | time.sleep(60)" in result.output


def test_defaults_that_the_factory_changes_do_no_harm() -> None:
    given = document(target("sets_defaults"))
    assert given["outcome"]["status"] == "ok", given["outcome"]
    assert given["parameters"][0]["dtype"] == "float64"


def test_a_failure_beside_a_good_model() -> None:
    result = verify(target("Broken"), target("Good"))
    assert result.exit_code == 2
    assert "error in stage construct: NotImplementedError: abstract" in result.output
    assert 'raise NotImplementedError("abstract")' in result.output
    assert "1,616 parameters" in result.output


def discovered(*arguments: str) -> dict[str, Any]:
    result = verify(*arguments, "--discover", "--output-format", "json")
    return {d["target"].rpartition(":")[2]: d for d in json.loads(result.stdout)}


def test_discovery_guesses_arguments() -> None:
    found = discovered(str(MODELS))
    statuses = {name: given["outcome"]["status"] for name, given in found.items()}
    assert statuses == {
        "Good": "ok",
        "Unwritten": "ok",
        "NeedsWidth": "ok",
        "NeedsUnheard": "needs-arguments",
        "NeedsOdd": "needs-arguments",
        "NeedsKeyword": "needs-arguments",
        "Broken": "error",
    }
    assert found["NeedsWidth"]["arguments"] == {"width": {"source": "64", "origin": "guessed", "holds": {}}}
    assert found["NeedsWidth"]["parameters"][0]["shape"] == [64, 64]
    assert found["Good"]["arguments"] == {"width": {"source": "16", "origin": "default", "holds": {}}}
    assert found["NeedsUnheard"]["outcome"]["message"] == "no guess for `unheard`"
    assert found["NeedsUnheard"]["outcome"]["missing"] == ["unheard"]
    outcome = found["NeedsOdd"]["outcome"]
    assert outcome["message"] == "no guess builds it: ValueError: the width is even"
    assert outcome["signature"] == "NeedsOdd(width: 'int') -> 'None'"


def test_discovery_without_guesses() -> None:
    found = discovered(str(MODELS), "--no-guess")
    assert found["NeedsWidth"]["outcome"]["status"] == "needs-arguments"
    assert found["NeedsWidth"]["outcome"]["missing"] == ["width"]
    assert found["Good"]["outcome"]["status"] == "ok"


@pytest.mark.heavy
def test_a_named_target_is_guessed_only_if_asked() -> None:
    assert document(target("NeedsWidth"))["outcome"]["status"] == "needs-arguments"
    assert document(target("NeedsWidth"), "--guess")["arguments"]["width"]["source"] == "64"
    given = document(target("NeedsWidth"), "--guess", "--arg", "width=5")["arguments"]
    assert given == {"width": {"source": "5", "origin": "given", "holds": {}}}
    assert (
        document(target("Good"), "--guess", "--arg", "witdh=5")["outcome"]["message"] == "there is no argument `witdh`"
    )


def test_the_text_says_what_was_guessed() -> None:
    result = verify(target("NeedsWidth"), "--guess")
    assert result.output.splitlines()[1] == "guessed: width=64"
    assert "guessed" not in verify(target("Good"), "--guess").output


def test_a_configuration_is_guessed_and_what_it_holds_is_said(tmp_path: Path) -> None:
    path = tmp_path / "configured.py"
    path.write_text(CONFIGURED)
    given = document(f"{path}:Net", "--guess")["arguments"]["config"]
    assert given["source"] == "configured.Config(hidden_size=64)"
    assert given["holds"] == {"hidden_size": 64, "layers": [1, 2]}


CONFIGURED = """\
from torch import nn
class Config:
    def __init__(self, hidden_size=1024):
        self.hidden_size, self.layers, self.other = hidden_size, (1, 2), object()
class Net(nn.Linear):
    def __init__(self, config: Config):
        super().__init__(config.hidden_size, 3)
"""


def test_a_factory_whose_signature_is_hostile(tmp_path: Path) -> None:
    path = tmp_path / "unhashable.py"
    path.write_text(HOSTILE)
    given = document(f"{path}:build")
    assert given["outcome"]["status"] == "ok", given["outcome"]
    assert given["arguments"] == {"odd": {"source": "", "origin": "default", "holds": {}}}


HOSTILE = """\
from torch import nn
class Odd:
    @property
    def __class__(self):
        raise RuntimeError("no class")
    def __repr__(self):
        raise RuntimeError("no repr")
class Factory:
    __hash__ = None
    def __call__(self, odd=Odd()):
        return nn.Linear(3, 3)
build = Factory()
"""


@pytest.mark.heavy
def test_what_is_discovered_is_imported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "counted.py").write_text(COUNTED)
    assert len(discovered("counted")) == 3
    assert (tmp_path / "imported").read_text() == "once\n"
    assert verify("counted:Net", "counted:Net1").exit_code == 0
    assert (tmp_path / "imported").read_text() == "once\n" * 3  # of named targets each is alone with its module


COUNTED = """\
from torch import nn
with open("imported", "a") as file:
    file.write("once\\n")
class Net(nn.Linear):
    def __init__(self, width=3):
        super().__init__(width, 3)
class Net1(Net): ...
class Net2(Net): ...
"""


def test_buffers_are_in_the_document() -> None:
    plain, norm = document(target("buffered"))["buffers"][:2]
    assert (plain["name"], plain["shape"], plain["persistent"], plain["init"]["call"]) == ("mask", [2], False, "zeros")
    assert (norm["name"], norm["persistent"], norm["tied_with"]) == ("norm.running_mean", True, ["again.running_mean"])


def test_discovery_in_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "some_models"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").write_text("from some_models.deep.net import Net")
    (package / "deep" / "__init__.py").write_text("")
    (package / "deep" / "net.py").write_text(
        "from torch import nn\nclass Net(nn.Linear):\n  def __init__(self): super().__init__(2, 2)"
    )
    (package / "deep" / "lost.py").write_text("import nothing_of_this_name")
    (package / "__main__.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    result = verify("some_models", "--discover", "--output-format", "json")
    documents = {d["target"]: d["outcome"] for d in json.loads(result.stdout)}
    assert {name: outcome["status"] for name, outcome in documents.items()} == {
        "some_models.deep.net:Net": "ok",
        "some_models.deep.lost": "error",
    }
    assert result.exit_code == 0


USAGE = [
    ((), "no target"),
    (("models",), "names no factory"),
    (("models:Good", "--discover"), "--discover takes a module, package or file"),
    (("models", "--discover", "--arg", "n=1"), "does not go with --discover"),
    (("models:Good()",), "names no factory after the colon"),
    (("models:Good", "--arg", "n=Config()"), "not a Python literal"),
    (("models:Good", "--arg", "n"), "write `name=value`"),
    (("models:Good", "--example", "not a target"), "is no target"),
    (("models:Good", "--select", "PRM99"), "PRM99"),
    (("models:Good", "--preset", "other"), "'other' is not one of"),
    (("models:Good", "--timeout", "0"), "0"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[" ".join(u[0]) or "nothing" for u in USAGE])
def test_wrong_usage(arguments: tuple[str, ...], message: str) -> None:
    result = verify(*arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_an_interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("paramlint.verify.process.isolate.run", interrupted)
    assert verify(target("Good")).exit_code == 130


def test_without_psutil(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psutil", None)
    monkeypatch.delitem(sys.modules, "paramlint.verify.process.isolate", raising=False)
    result = verify(target("Good"))
    assert result.exit_code == 2
    assert "needs psutil" in result.output
    assert "pip install 'paramlint[verify]'" in result.output


def test_the_page_shows_what_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    if not torch.__version__.startswith("2.13"):
        pytest.skip("the values on the page are those of torch 2.13")
    page = (Path(__file__).parents[2] / "docs" / "verify.md").read_text(encoding="utf-8")
    code, command, output = re.findall(r"```python\n(.*?)```.*?\$ paramlint verify (.*?)\n(.*?)```", page, re.S)[0]
    (tmp_path / "net.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    assert verify(*command.split()).output == output


def test_the_parent_never_loads_torch() -> None:
    code = f"""
import sys
from paramlint.frontends.cli.verify.command import verify_command
try:
    verify_command([{target("Good")!r}])
except SystemExit as end:
    assert end.code == 0, end.code
heavy = {{"torch", "scipy", "numpy"}} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


LISTED = """\
import enum
from abc import ABC
from torch import nn
from somewhere import Base
class Plain: pass
class Config(Plain): pass
class Mode(enum.Enum): A = 1
class _Hidden(nn.Module): pass
class Net(nn.Module): pass
class Deep(Net): pass
class Other(Base): pass
"""


def test_a_target_without_a_factory_lists_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "package").mkdir()
    for name in ("net.py", "package/net.py"):
        (tmp_path / name).write_text(LISTED)
    for text in ("net.py", "net", "package/net.py", "package.net"):
        said = " ".join(verify(text).output.split())
        assert f"there are `{text}:Net`, `{text}:Deep`, `{text}:Other`, or add --discover" in said
    (tmp_path / "net.py").write_text("".join(f"class C{number}(Net): pass\n" for number in range(20)))
    assert "`net.py:C7` and 12 more, or add" in " ".join(verify("net.py").output.split())
    for text in ("class (", "x = 1"):
        (tmp_path / "net.py").write_text(text)
        assert "write `net.py:name`, or add --discover" in verify("net.py").output
    assert "write `gone.py:name`, or add --discover" in verify("gone.py").output
