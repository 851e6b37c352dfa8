"""`paramlint match`: of each checkpoint, what it says is what torch says on loading it, and the cause is named."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest

from paramlint.frontends.cli import main
from paramlint.source.checkpoints.checkpoint_file import read_checkpoint

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from .checkpoints import zoo  # noqa: E402

ROOT = Path(__file__).parent.parent
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with the models in it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(Path(__file__).parent / "checkpoints" / "zoo.py", tmp_path / "zoo.py")
    return tmp_path


@pytest.fixture
def matched(folder, capsys):
    """What `match` says as JSON, with the exit status that it must have."""

    def run(name: str, path: str, *more: str) -> dict[str, Any]:
        capsys.readouterr()  # what others have printed
        status = main(["match", f"zoo.py:{name}", path, *more, "--output-format", "json"])
        document = json.loads(capsys.readouterr().out)
        assert status == (1 if document["loads"] is False else 0)
        return document

    return run


@pytest.fixture
def text(folder, capsys):
    """What it says to people."""

    def run(name: str, path: str, *more: str) -> str:
        main(["match", f"zoo.py:{name}", path, *more])
        return capsys.readouterr().out

    return run


def torch_says(model, state) -> dict[str, Any]:
    """What a strict load of a state dict says."""
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        said = str(error)
    else:
        said = ""
    lists = [
        re.search(rf"{kind} key\(s\) in state_dict: (.*?)\. *(?:\n|$)", said) for kind in ("Missing", "Unexpected")
    ]
    missing, unexpected = ([*map(json.loads, found[1].split(", "))] if found else [] for found in lists)
    shape = re.findall(r"size mismatch for ([^:]+):", said)
    return {"loads": not said, "missing": missing, "unexpected": unexpected, "shape": shape}


def agrees(document: dict[str, Any], said: dict[str, Any]) -> None:
    """Whether the answer is what torch says."""
    assert document["unknown"] == []
    assert document["loads"] is said["loads"]
    for key in ("missing", "unexpected"):
        assert sorted(document[key]) == sorted(said[key])
    assert sorted(one["name"] for one in document["shape"]) == sorted(said["shape"])


def cured(document: dict[str, Any], state: Any) -> Any:
    """A state dict after the cure that was named."""
    names = {"state": state}
    exec(document["prefix"]["cure"], names)
    return names["state"]


def prefixed(state: Any, prefix: str) -> Any:
    return OrderedDict((prefix + name, value) for name, value in state.items())


# A state dict in every form in which one is saved


def as_safetensors(state, path):
    safetensors.save_file({name: value.contiguous().clone() for name, value in state.items()}, path)


FORMS = {
    "zip": lambda state, path: torch.save(state, path),
    "older": lambda state, path: torch.save(state, path, _use_new_zipfile_serialization=False),
    "newest pickle": lambda state, path: torch.save(state, path, pickle_protocol=5),
    "oldest pickle": lambda state, path: torch.save(state, path, pickle_protocol=0),
    "safetensors": as_safetensors,
    "nested": lambda state, path: torch.save({"epoch": 3, "model": state, "optimizer": {}}, path),
    "parameters": lambda state, path: torch.save({n: torch.nn.Parameter(v.float()) for n, v in state.items()}, path),
    "half": lambda state, path: torch.save({n: v.half() for n, v in state.items()}, path),
    "meta": lambda state, path: torch.save({n: v.to("meta") for n, v in state.items()}, path),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_state_dict_loads_in_every_form(matched, form):
    FORMS[form](zoo.Net().state_dict(), "net.ckpt")
    document = matched("Net", "net.ckpt")
    assert document == {
        "target": "zoo.py:Net",
        "checkpoint": "net.ckpt",
        "loads": True,
        "missing": [],
        "unexpected": [],
        "shape": [],
        "prefix": None,
        "renamed": [],
        "kept_at_init": [],
        "unknown": [],
    }


@pytest.mark.parametrize("kind", ["safetensors", "bin"])
@pytest.mark.parametrize("through", ["index", "folder"])
def test_several_files_and_their_index(matched, folder, kind, through):
    state = zoo.Net().state_dict()
    weight_map = {name: f"part-{number % 2}.{kind}" for number, name in enumerate(state)}
    save = FORMS["zip" if kind == "bin" else "safetensors"]
    for name in set(weight_map.values()):
        save({key: state[key] for key, file in weight_map.items() if file == name}, name)
    index = Path(f"{'pytorch_model.bin' if kind == 'bin' else 'model.safetensors'}.index.json")
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": weight_map}))
    assert matched("Net", str(index) if through == "index" else str(folder))["loads"] is True


# Prefixes: each cure is run, and torch loads what it gives


def lightning(state, **more):
    """What Lightning writes."""
    return {
        "epoch": 1,
        "global_step": 20,
        "pytorch-lightning_version": "2.5.0",
        "state_dict": state,
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint": {"best_model_score": torch.tensor(0.5)}},
        "optimizer_states": [torch.optim.Adam([torch.zeros(3, requires_grad=True)]).state_dict()],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": argparse.Namespace(lr=1e-3, path=Path("/data")),
        **more,
    }


def compiled_part(model):
    model.head = torch.compile(model.head)
    return model.state_dict()


PREFIXES = {
    "module.": (lambda: torch.nn.DataParallel(zoo.Net()).state_dict(), "DataParallel"),
    "_orig_mod.": (lambda: torch.compile(zoo.Net()).state_dict(), "torch.compile"),
    "module._orig_mod.": (
        lambda: torch.nn.DataParallel(torch.compile(zoo.Net())).state_dict(),
        "DataParallel",
    ),
    "model.": (lambda: prefixed(zoo.Net().state_dict(), "model."), "Lightning"),
    "model._orig_mod.": (lambda: prefixed(torch.compile(zoo.Net()).state_dict(), "model."), "torch.compile"),
    "base_model.model.": (lambda: prefixed(zoo.Net().state_dict(), "base_model.model."), "PEFT"),
    "student.": (lambda: prefixed(zoo.Net().state_dict(), "student."), "in them"),
}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_prefix_and_its_cure(matched, text, prefix):
    make, cause = PREFIXES[prefix]
    state = make()
    torch.save(state, "net.pt")
    document = matched("Net", "net.pt")
    agrees(document, torch_says(zoo.Net(), state))
    assert document["prefix"]["found"] == prefix
    assert torch_says(zoo.Net(), cured(document, state))["loads"]
    assert set(document["kept_at_init"]) == set(document["missing"])
    said = text("Net", "net.pt")
    assert cause in said
    assert "after the cure    it loads" in said


def test_what_lightning_writes(matched, text):
    state = prefixed(zoo.Net().state_dict(), "model.") | {"criterion.weight": torch.ones(10)}
    torch.save(lightning(state), "last.ckpt")
    document = matched("Net", "last.ckpt")
    agrees(document, torch_says(zoo.Net(), state))
    assert document["prefix"]["found"] == "model."
    assert torch_says(zoo.Net(), cured(document, state))["loads"]
    assert 'state = torch.load(...)["state_dict"]' in text("Net", "last.ckpt")


def test_a_prefix_that_the_file_lacks(matched, text):
    state = zoo.Plain().state_dict()
    torch.save(state, "plain.pt")
    document = matched("Holder", "plain.pt")
    agrees(document, torch_says(zoo.Holder(), state))
    assert document["prefix"]["found"] == "net."
    assert torch_says(zoo.Holder(), cured(document, state))["loads"]
    assert "the names of the model begin with `net.`" in text("Holder", "plain.pt")


def test_a_part_that_was_compiled(matched):
    state = compiled_part(zoo.Net())
    torch.save(state, "net.pt")
    document = matched("Net", "net.pt")
    agrees(document, torch_says(zoo.Net(), state))
    assert document["prefix"]["found"] == "_orig_mod."
    assert torch_says(zoo.Net(), cured(document, state))["loads"]


def adapted(state):
    """What PEFT makes of the names: the adapted layer's own weights are its base layer's."""
    found = {}
    for name, value in state.items():
        part, _, own = name.rpartition(".")
        base = f"{part}.base_layer.{own}" if part.endswith("fc1") else name
        found[f"base_model.model.{base}"] = value
        if part.endswith("fc1") and own == "weight":
            found[f"base_model.model.{part}.lora_A.default.weight"] = torch.zeros(4, value.shape[1])
            found[f"base_model.model.{part}.lora_B.default.weight"] = torch.zeros(value.shape[0], 4)
    return found


def test_adapters_with_their_base(matched, text):
    state = adapted(zoo.Net().state_dict())
    torch.save(state, "peft.pt")
    document = matched("Net", "peft.pt")
    agrees(document, torch_says(zoo.Net(), state))
    assert document["prefix"]["found"].startswith("base_model.model.")
    assert torch_says(zoo.Net(), cured(document, state))["loads"]
    assert "merge_and_unload" in text("Net", "peft.pt")


def test_adapters_alone(matched, text, folder):
    (folder / "adapter").mkdir()
    state = {n: v for n, v in adapted(zoo.Net().state_dict()).items() if "lora_" in n}
    as_safetensors(state, "adapter/adapter_model.safetensors")
    document = matched("Net", "adapter")
    agrees(document, torch_says(zoo.Net(), state))
    assert document["prefix"]["found"] == "base_model.model."
    assert "adapters" in text("Net", "adapter")


# Other causes


def test_what_an_optimizer_saves(matched, text):
    optimizer = torch.optim.Adam(zoo.Net().parameters())
    torch.save(optimizer.state_dict(), "optimizer.bin")
    document = matched("Net", "optimizer.bin")
    agrees(document, torch_says(zoo.Net(), optimizer.state_dict()))
    assert "the file is what an optimizer saves" in text("Net", "optimizer.bin")


CHANGED = {
    "another width": ({"dim": 24}, "another width: 24 in the file, and 16 in the model", {"dim": 24}),
    "fewer blocks": ({"depth": 2}, "`blocks` goes up to 1 in the file, and to 2 in the model", {"depth": 2}),
    "more blocks": ({"depth": 5}, "the file shows depth=5 and not 3", {"depth": 5}),
    "a head of other classes": (
        {"classes": 4},
        "`head` has 4 classes in the file, and 10 in the model",
        {"classes": 4},
    ),
    "no biases": ({"bias": False}, "the file shows bias=False and not True", {"bias": False}),
}


@pytest.mark.parametrize("change", CHANGED)
def test_another_model_of_the_class(matched, text, change):
    arguments, said, fitting = CHANGED[change]
    state = zoo.Net(**arguments).state_dict()
    torch.save(state, "net.pt")
    agrees(matched("Net", "net.pt"), torch_says(zoo.Net(), state))
    shown = text("Net", "net.pt")
    assert said in shown
    given = [f"--arg {name}={value!r}" for name, value in fitting.items()]
    assert f"{' '.join(given)}: so it loads" in shown
    assert matched("Net", "net.pt", *given[0].split())["loads"] is True


@pytest.mark.parametrize(("target", "arguments"), [("make_net", {}), ("make_net", {"wide": True})])
def test_a_function_that_makes_a_model(matched, target, arguments):
    state = zoo.make_net(**arguments).state_dict()
    torch.save(state, "net.pt")
    agrees(matched(target, "net.pt"), torch_says(zoo.make_net(), state))
    agrees(matched(target, "net.pt", "--arg", "wide=True"), torch_says(zoo.make_net(wide=True), state))


def test_a_shape_in_the_document(matched):
    torch.save(zoo.Net(classes=4).state_dict(), "net.pt")
    document = matched("Net", "net.pt")
    assert document["shape"] == [
        {"name": "head.weight", "checkpoint": [4, 16], "model": [10, 16]},
        {"name": "head.bias", "checkpoint": [4], "model": [10]},
    ]
    assert document["kept_at_init"] == ["head.weight", "head.bias"]


def renamed(state, *pairs):
    for old, new in pairs:
        state = OrderedDict((re.sub(old, new, name), value) for name, value in state.items())
    return state


RENAMED = {
    "a part at the top": ("Backbone", zoo.Backbone, lambda: zoo.Encoder().state_dict(), [("encoder", "backbone")]),
    "a list of blocks": (
        "Net",
        zoo.Net,
        lambda: renamed(zoo.Net().state_dict(), ("blocks", "layers")),
        [("layers", "blocks")],
    ),
    "a layer in each block": (
        "Net",
        zoo.Net,
        lambda: renamed(zoo.Net().state_dict(), ("fc1", "lin")),
        [("blocks.{3}.lin", "blocks.{3}.fc1")],
    ),
    "everything, in order": (
        "Other",
        zoo.Other,
        lambda: zoo.Plain().state_dict(),
        [("layers.0", "first"), ("layers.2", "second")],
    ),
    "behind a prefix": (
        "Backbone",
        zoo.Backbone,
        lambda: prefixed(zoo.Encoder().state_dict(), "module."),
        [("encoder", "backbone")],
    ),
}


@pytest.mark.parametrize("case", RENAMED)
def test_a_renamed_part(matched, text, case):
    name, model, make, pairs = RENAMED[case]
    torch.save(make(), "net.pt")
    document = matched(name, "net.pt")
    agrees(document, torch_says(model(), make()))
    assert [(one["old"], one["new"]) for one in document["renamed"]] == pairs
    assert f"`{pairs[0][0]}` of the file is called `{pairs[0][1]}` in the model" in text(name, "net.pt")


def test_a_part_of_other_shapes_is_not_renamed(matched):
    state = renamed(zoo.Encoder().state_dict(), ("encoder.layers.0.weight", "encoder.layers.0.kernel"))
    state["encoder.layers.0.kernel"] = torch.zeros(9, 9)
    torch.save(state, "net.pt")
    document = matched("Backbone", "net.pt")
    agrees(document, torch_says(zoo.Backbone(), state))
    assert {"old": "encoder", "new": "backbone"} not in document["renamed"]


def test_a_tie_that_the_file_dropped(matched, text):
    """A strict load misses the name, although its tensor is filled; safetensors' own loader knows of ties."""
    model = zoo.Tied()
    safetensors.save_model(model, "tied.safetensors")
    state = safetensors.load_file("tied.safetensors")
    (kept,) = {"embed.weight", "head.weight"} & set(state)
    (dropped,) = {"embed.weight", "head.weight"} - {kept}
    document = matched("Tied", "tied.safetensors")
    agrees(document, torch_says(zoo.Tied(), state))
    assert (document["missing"], document["kept_at_init"]) == ([dropped], [])
    assert f"`{dropped}` is the same tensor as `{kept}`" in text("Tied", "tied.safetensors")
    fresh = zoo.Tied()
    assert not any(safetensors.load_model(fresh, "tied.safetensors"))
    loose = zoo.Tied()
    loose.load_state_dict(state, strict=False)
    for one in (fresh, loose):
        assert torch.equal(one.head.weight, model.head.weight)


def test_old_weight_norm_loads_into_the_new(matched):
    state = zoo.OldWeightNorm().state_dict()
    torch.save(state, "norm.pt")
    document = matched("NewWeightNorm", "norm.pt")
    agrees(document, torch_says(zoo.NewWeightNorm(), state))
    assert document["loads"] is True


@pytest.mark.parametrize(
    ("saved", "into"),
    [("NewWeightNorm", "OldWeightNorm"), ("OldNorms", "NewNorms"), ("NewNorms", "OldNorms")],
)
def test_names_of_the_other_norms(matched, text, saved, into):
    state = getattr(zoo, saved)().state_dict()
    torch.save(state, "norm.pt")
    document = matched(into, "norm.pt")
    said = torch_says(getattr(zoo, into)(), state)
    # The older spectral norm says some of these twice, and the name of what it computes, which no state dict has.
    said["missing"] = sorted({*said["missing"]} - {"fc.weight"})
    agrees(document, said)
    assert len(document["renamed"]) == len(document["missing"])
    assert "they name the same tensors differently" in text(into, "norm.pt")


def test_a_buffer_that_is_not_there_and_one_that_is_not_saved(matched, text):
    state = zoo.Buffers().state_dict()
    state["positions"] = torch.arange(5)
    del state["mean"]
    torch.save(state, "net.pt")
    document = matched("Buffers", "net.pt")
    agrees(document, torch_says(zoo.Buffers(), state))
    assert (document["missing"], document["unexpected"]) == (["mean"], ["positions"])
    shown = text("Buffers", "net.pt")
    assert "`mean`: a buffer that the file does not have" in shown
    assert "`positions`: a buffer that the model does not save" in shown


@pytest.mark.parametrize("versions", [True, False])
def test_the_counter_of_a_batch_norm(matched, versions):
    """torch makes one up for a state that does not say of which version its modules are."""
    state = zoo.Net().state_dict()
    del state["stem.1.num_batches_tracked"]
    torch.save(state if versions else dict(state), "net.pt")
    document = matched("Net", "net.pt")
    agrees(document, torch_says(zoo.Net(), torch.load("net.pt")))
    assert document["loads"] is not versions


def test_an_old_scalar_of_one_number(matched):
    state = {"scale": torch.ones(1)}
    torch.save(state, "net.pt")
    agrees(matched("Scalar", "net.pt"), torch_says(zoo.Scalar(), state))


def test_what_is_no_tensor_is_unexpected(matched):
    state = {**zoo.Plain().state_dict(), "epoch": 3, "config": {"a": 1}}
    torch.save(state, "net.pt")
    agrees(matched("Plain", "net.pt"), torch_says(zoo.Plain(), state))


# What cannot be told


@pytest.mark.parametrize("arguments", [(8, 2, True), (8, 5, False), (8, 0, True)])
def test_arguments_without_a_default_are_read_off_the_file(matched, text, arguments):
    torch.save(zoo.Open(*arguments).state_dict(), "net.pt")
    document = matched("Open", "net.pt")
    if arguments[1]:
        agrees(document, torch_says(zoo.Open(*arguments), zoo.Open(*arguments).state_dict()))
        assert f"dim=8, depth={arguments[1]}, bias={arguments[2]}, which the file shows" in text("Open", "net.pt")
    else:
        assert document["loads"] is None  # there may be blocks, or none


def test_what_is_not_known_is_null(matched, text):
    torch.save(zoo.Widening().state_dict(), "net.pt")
    document = matched("Widening", "net.pt")
    assert (document["loads"], document["missing"], document["unexpected"]) == (None, [], [])
    assert document["unknown"] == ["part.weight", "part.bias", "part.**"]
    assert "may load: what is known of it fits" in text("Widening", "net.pt")


def test_a_model_with_code_of_its_own_for_loading(matched, text):
    state = {name.replace("fc.", "old."): value for name, value in zoo.Migrating().state_dict().items()}
    torch.save(state, "net.pt")
    assert torch_says(zoo.Migrating(), state)["loads"]
    assert matched("Migrating", "net.pt")["loads"] is None
    said = text("Migrating", "net.pt")
    assert "into zoo.py:Migrating: may load: code of its own decides" in said
    assert "`Migrating` decides itself what loading does" in said


def test_one_of_several_state_dicts(matched):
    torch.save({"generator": zoo.Plain().state_dict(), "net_d": zoo.Net().state_dict()}, "gan.pt")
    assert matched("Plain", "gan.pt")["loads"] is True
    assert matched("Net", "gan.pt")["loads"] is True


# The live model


def test_the_live_model_decides(matched, text):
    state = zoo.Widening().state_dict()
    torch.save(state, "net.pt")
    document = matched("Widening", "net.pt", "--verify")
    assert (document["loads"], document["unknown"]) == (True, [])
    assert document["verified"] == {"loads": True, "said": "", "differs": []}
    assert "torch loads it" in text("Widening", "net.pt", "--verify")
    del state["part.bias"]
    torch.save(state, "net.pt")
    document = matched("Widening", "net.pt", "--verify")
    assert (document["loads"], document["missing"]) == (False, ["part.bias"])
    assert "torch does not load it" in text("Widening", "net.pt", "--verify")
    torch.save(zoo.Net(dim=8).state_dict(), "net.pt")
    document = matched("Net", "net.pt", "--verify")
    assert (document["loads"], document["verified"]["differs"]) == (False, [])


def test_a_model_that_cannot_be_built_is_one_line(folder, capsys):
    Path("bad.py").write_text(
        (folder / "zoo.py").read_text() + "\n\nclass Bad(Net):\n    def __init__(self):\n        1 / 0\n"
    )
    torch.save({"w": torch.zeros(3)}, "net.pt")
    assert main(["match", "bad.py:Bad", "net.pt", "--verify"]) == 2
    assert capsys.readouterr().err == "Error: `bad.py:Bad` could not be built: ZeroDivisionError: division by zero\n"


# Without torch


def test_nothing_is_imported_and_torch_is_not_needed(folder):
    torch.save(zoo.Net().state_dict(), "net.pt")
    code = """
import sys
from paramlint.frontends.cli import main
assert main(["match", "zoo.py:Net", "net.pt"]) == 0
heavy = {"torch", "numpy", "scipy", "zoo", "safetensors", "psutil"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["zoo.py", "net.pt"], "`zoo.py` names no class or function: write `zoo.py:name`"),
        (["zoo.py:Nett", "net.pt"], "`zoo.py` has no `Nett`; did you mean `Net`?"),
        (["zoo.py:Net", "net.pt", "--arg", "dmi=3"], "`Net` has no argument `dmi`; did you mean `dim`?"),
        (["zoo.py:Net", "none.pt"], "`none.pt` cannot be read: No such file or directory"),
    ],
)
def test_a_bad_target_is_one_clear_line(folder, capsys, arguments, message):
    torch.save(zoo.Net().state_dict(), "net.pt")
    assert main(["match", *arguments]) == 2
    assert capsys.readouterr().err == f"Error: {message}\n"


def test_names_of_the_file_cannot_write_to_the_terminal(text):
    torch.save({"a\x1b[31m.b": torch.zeros(3)}, "net.pt")
    assert "\x1b" not in text("Plain", "net.pt")


def test_what_is_read_is_what_was_saved(folder):
    state = zoo.Net().state_dict()
    torch.save(state, "net.pt")
    (found,) = read_checkpoint("net.pt").state_dicts
    assert found.tensors == {name: tuple(value.shape) for name, value in state.items()}
    assert found.versions["stem.1"] == 2


def test_the_page_shows_what_happens(folder, capsys):
    page = (ROOT / "docs" / "match.md").read_text(encoding="utf-8")
    model, script = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    Path("net.py").write_text(model)
    Path("save.py").write_text(script)
    subprocess.run([sys.executable, "save.py"], check=True)
    examples = re.findall(r"```console\n\$ paramlint (match .*?)\n(.*?)```", page, re.DOTALL)
    assert len(examples) == 7
    for command, output in examples:
        main(command.split())
        assert capsys.readouterr().out == output
    document = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    main(["match", "net.py:Net", "flowers.pt", "--output-format", "json"])
    assert json.loads(capsys.readouterr().out) == json.loads(document[1])
