#!/usr/bin/env python3
"""Verify every architecture of timm or transformers, or a sample of another library, and count what the rules say.

    benchmarks/verify_zoo.py timm --models one
    benchmarks/verify_zoo.py transformers --preset transformers --output zoo.jsonl
    benchmarks/verify_zoo.py diffusers --confirm 2

Those of the other libraries stand in `zoo_models.py` and `zoo_vision.py`. Each model is built virtually from its
default configuration, so size does not matter; `--confirm` also builds those up to the given number of gigabytes for
real. One JSON line a model goes to `--output`, the counts to the terminal.
"""

from __future__ import annotations

import argparse
import collections
import gc
import importlib
import json
import logging
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import torch
from zoo_models import LIBRARIES, Entry, entries

from paramlint.engine.catalogue import by_name, select
from paramlint.finding import Proof
from paramlint.live.construct import live_model
from paramlint.verify.judge.prove import prove

Named = tuple[str, Callable[[], Any]] | Entry
UNWRITTEN = ("unwritten", "partly written", "tainted")


class Late(BaseException):
    """A model took longer than its share; no library's `except Exception` stops it."""


def timm_models(choice: str) -> Iterator[Named]:
    timm: Any = importlib.import_module("timm")
    registry: Any = importlib.import_module("timm.models._registry")
    by_module: dict[str, list[str]] = {}
    for name in timm.list_models():
        by_module.setdefault(registry._model_to_module.get(name), []).append(name)
    for names in by_module.values():
        for name in names if choice == "all" else names[:1]:
            yield name, lambda name=name: timm.create_model(name)


def transformers_models(choice: str) -> Iterator[Named]:
    transformers: Any = importlib.import_module("transformers")
    transformers.logging.set_verbosity_error()
    auto: Any = importlib.import_module("transformers.models.auto.configuration_auto")
    seen: set[type] = set()
    for kind in auto.CONFIG_MAPPING_NAMES:
        try:
            config = auto.CONFIG_MAPPING[kind]
            module = importlib.import_module(config.__module__.replace("configuration_", "modeling_"))
        except Exception as error:
            print(f"{kind}: not importable: {str(error).splitlines()[0][:100]}", file=sys.stderr)
            continue
        for cls in _classes(module, transformers.PreTrainedModel, choice):
            if cls not in seen:
                seen.add(cls)
                yield cls.__name__, lambda cls=cls: cls(cls.config_class())


def _classes(module: Any, base: type, choice: str) -> list[Any]:
    named = [getattr(module, name, None) for name in getattr(module, "__all__", [])]
    classes = [c for c in named if isinstance(c, type) and issubclass(c, base) and c.config_class is not None]
    classes = [c for c in classes if not c.__name__.endswith("PreTrainedModel")]
    if choice == "all":
        return classes
    pretraining = [c for c in classes if "PreTraining" in c.__name__][:1]
    return ([c for c in classes if c.__name__.endswith("Model")][:1] or classes[:1]) + pretraining


ZOOS: dict[str, Callable[[str], Iterator[Named]]] = {"timm": timm_models, "transformers": transformers_models}
ZOOS |= {library: (lambda _, library=library: entries(library)) for library in LIBRARIES}  # type: ignore[misc]


def examine(
    factory: Callable[[], Any], example: Callable[[], Any] | None, options: argparse.Namespace
) -> dict[str, Any]:
    """One line of the output."""
    started = time.process_time()
    rules = [rule for name in options.select for rule in by_name(name)] or select()
    limit = int(options.confirm * (1 << 30))
    model = live_model(factory, preset=options.preset, limit=limit, example=example)
    found = list(prove(model, rules))
    return {
        "confirmed": model.is_real,
        "seconds": round(time.process_time() - started, 2),
        "tensors": len(model.tensors),
        "elements": sum(parameter.tensor.numel() for parameter in model.parameters if parameter.status != "lazy"),
        "statuses": dict(collections.Counter(tensor.status for tensor in model.tensors)),
        "unwritten": [(t.role, t.name, t.status, t.fraction) for t in model.tensors if t.status in UNWRITTEN],
        "degraded": model.degraded,
        "failures": model.build.shadow.failures,
        "proofs": [
            (one.rule.code, one.proof.parameter, f"{one.proof.message} ({place_of(one.proof)})") for one in found
        ],
    }


def place_of(proof: Proof) -> str:
    return f"{Path(proof.filename).parent.name}/{Path(proof.filename).name}:{proof.row}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("zoo", choices=ZOOS)
    parser.add_argument("--models", choices=["one", "all"], default="one", help="one a module, or all")
    parser.add_argument("--preset", default="constructor", choices=["constructor", "meta", "transformers"])
    parser.add_argument("--confirm", type=float, default=0.0, metavar="GB", help="build up to this size for real")
    parser.add_argument("--select", action="append", default=[], help="codes or names of rules")
    parser.add_argument("--only", default="", help="models whose name contains this")
    parser.add_argument("--limit", type=int, default=25, help="seconds for one model")
    parser.add_argument("--budget", type=float, default=1e9, help="seconds for all")
    parser.add_argument("--output", type=Path, default=Path("zoo.jsonl"))
    parser.add_argument("--resume", action="store_true", help="keep what the output has, and skip those models")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    torch.set_num_threads(1)
    _define_vision_operators()
    signal.signal(signal.SIGALRM, _late)
    started, codes, ends = time.time(), collections.Counter[str](), collections.Counter[str]()
    known = [json.loads(line) for line in options.output.read_text().splitlines()] if options.resume else []
    done = {line["model"] for line in known}
    for line in known:
        _count(line, ends, codes)
    with options.output.open("a" if options.resume else "w") as output:
        for name, factory, *more in ZOOS[options.zoo](options.models):
            if name in done or options.only.lower() not in name.lower():
                continue
            if time.time() - started > options.budget:
                ends["not reached"] += 1
                continue
            line = {"model": name} | _bounded(factory, more[0] if more else None, options)
            _count(line, ends, codes)
            output.write(json.dumps(line, default=str) + "\n")
            output.flush()
            gc.collect()
    print(f"{options.zoo}, preset {options.preset}: {dict(ends)} in {time.time() - started:.0f} s")
    print("models with a finding, by rule:", dict(sorted(codes.items())))
    return 0


def _count(line: dict[str, Any], ends: collections.Counter[str], codes: collections.Counter[str]) -> None:
    ends["failed" if "error" in line else "built"] += 1
    ends["with unwritten tensors"] += bool(line.get("unwritten"))
    codes.update({code for code, *_ in line.get("proofs", [])})


def _bounded(
    factory: Callable[[], Any], example: Callable[[], Any] | None, options: argparse.Namespace
) -> dict[str, Any]:
    signal.alarm(options.limit)
    try:
        return examine(factory, example, options)
    except (Late, Exception) as error:
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]}
    finally:
        signal.alarm(0)


def _late(_: int, __: FrameType | None) -> NoReturn:
    raise Late


def _define_vision_operators() -> None:
    """torchvision's wheel for CUDA does not load its operators beside a torch without; its Python half needs two."""
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    main.library = library  # type: ignore[attr-defined]  # it must outlive the imports


if __name__ == "__main__":
    sys.exit(main())
