"""Parameters that nothing initialises: the first forward pass raises.

`net.params` are the parameters that the block has by itself, without those of the blocks in it, so
`net.params.initialize()` leaves all layers out; so does initialising one layer of several.

Bad:
    from mxnet.gluon import nn

    net = nn.Sequential()
    net.add(nn.Dense(4), nn.Dense(1))
    net.params.initialize()

Good:
    from mxnet.gluon import nn

    net = nn.Sequential()
    net.add(nn.Dense(4), nn.Dense(1))
    net.initialize()

Leave it: the other parameters are loaded, or initialised by who uses the block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from paramlint.facts import Class
from paramlint.facts.reading import Called, ClassValue, Function, Named, Part, Said, Thing, Trace, Value, options
from paramlint.facts.reading.gluon_code import (
    children,
    has_bias,
    is_block,
    is_container,
    is_leaf,
    owners,
    owns,
    params_of,
)
from paramlint.facts.reading.trace import is_called, is_method, root_of, say
from paramlint.knowledge.frameworks import GLUON
from paramlint.knowledge.gluon_names import block_name, is_block_base
from paramlint.rule import Asks, Rule

rule = Rule(
    "PRM902",
    "never-initialized",
    group="bug",
    doc=__doc__,
    frameworks=GLUON,
    triggers=(Asks("initialize"),),
)

#: What makes attributes whose names are not written.
_MAKES_NAMES = re.compile(r"\bsetattr\(|__getattr__|__dict__|register_child\(")
#: Public attributes of each block that are no part of it.
_OF_A_BLOCK = ("params", "prefix", "name", "weight", "bias")

_FILLS = ("initialize", "load_parameters", "load_params", "load_dict", "set_data", "collect_params", "load")


@rule.reading
def read(trace: Trace) -> Iterator[Said]:
    said: set[Value] = set()
    for call in trace.calls:
        if not is_method(call.func, "initialize"):
            continue
        for owner in owners(call):
            block = params_of(owner)
            if block is not None and is_container(block) and block is not trace.instance and children(trace, block):
                text = call.scope.text(call.node.func.value)  # type: ignore[attr-defined]
                yield say(call, f"`{text}` has no parameters of the blocks inside, so those are not initialised")
            elif (net := _without_it(trace, owner)) is not None and isinstance(owner, Part):
                text = call.scope.text(call.node.func.value)  # type: ignore[attr-defined]
                yield say(call, f"`{text}` is no attribute of `{net.last}`, so this raises and initialises nothing")
            elif not call.excludes(call) and (missing := _only_part(trace, call, owner)) is not None:
                message = f"`{missing.last}` is initialised nowhere, so the first forward pass raises"
                if missing not in said:
                    yield say(call, message)
                said.add(missing)


def _without_it(trace: Trace, owner: Value) -> Thing | None:
    """The block of which something is no attribute: its classes are all known, and none of the file's code sets it."""
    net = owner.owner if isinstance(owner, Part) else None
    if not isinstance(owner, Part) or not isinstance(net, Thing) or net.cls is None or not is_block(net):
        return None
    if net is trace.instance or not owner.name.isidentifier() or owner.name in _OF_A_BLOCK or owner.name[0] == "_":
        return None
    kept = trace.heap.get(net, {})
    if not any(is_block(one) for one in kept.values()) or owner.name in kept:
        return None
    bases = [base for cls in net.cls.mro for base in cls.bases if not isinstance(base, Class)]
    if not all(isinstance(base, str) and is_block_base(block_name(base)) for base in bases):
        return None
    name = re.escape(owner.name)
    is_set = re.compile(
        rf"\b(?:self|cls)\.{name}\b|\bdef {name}\b|^\s*{name}\s*[:=]|\.{name}\s*=[^=]|[\"']{name}[\"']", re.M
    )
    texts = {trace.file.source.text, *(cls.file.source.text for cls in net.cls.mro)}
    return None if any(is_set.search(text) or _MAKES_NAMES.search(text) for text in texts) else net


def _only_part(trace: Trace, call: Called, owner: Value) -> Thing | None:
    """A layer of a block that is run while only another layer of it was initialised."""
    root = root_of(owner)
    if root is trace.instance or not isinstance(root, Thing):
        return None
    nets = [root] if owner is not root and is_container(root) else []
    nets += [one for one in _containers(trace) if one is not owner and {owner, root} & set(children(trace, one))]
    for net in nets:
        inside = children(trace, net)
        done = {one for other in trace.calls if _fills(trace, other) for one in owners(other)}
        run = next((other for other in trace.calls if other.index > call.index and net in options(other.func)), None)
        if net in done or run is None or _is_handed_over(trace, net, run):
            continue
        begun = {one for one in done if not isinstance(one, Part)}
        begun |= {one for one in inside if _by_parameter(one, done)}
        left = [one for one in inside if is_leaf(one) and owns(trace, one) and one not in begun]
        whole = [one for one in done if isinstance(one, Part) and one.owner is net and _is_place(one)]
        if left and len(whole) == 0 and isinstance(left[0], Thing):
            return left[0]
        parts = [one for one in done if root_of(one) is net]
        if parts and all(isinstance(one, Part) and one.name in ("weight", "bias") for one in parts):
            return next((one for one in inside if isinstance(one, Thing) and is_leaf(one)), None)
    return None


def _fills(trace: Trace, call: Called) -> bool:
    """Whether a call may give values; not one for the parameters that a trainer is handed."""
    if not is_method(call.func, *_FILLS):
        return False
    trainers = (one for one in trace.calls if is_called(one, "gluon.Trainer", "mxnet.gluon.Trainer"))
    return not (is_method(call.func, "collect_params") and any(call.result in one.args[:1] for one in trainers))


def _is_handed_over(trace: Trace, net: Thing, run: Called) -> bool:
    """Whether code that is not read is handed a block before it is run, and may initialise it."""
    handed = (call for call in trace.calls if call.index < run.index and net in (*call.args, *call.keywords.values()))
    return not all(_is_read(one) for call in handed for one in options(call.func))


def _is_read(func: Value) -> bool:
    """Whether what is called is gone into, or initialises nothing."""
    if isinstance(func, Named):
        return func.name in ("print", "repr", "str", "len", "type", "isinstance")
    return isinstance(func, (Function, ClassValue, Thing)) or is_method(func, "add", "register_child")


def _by_parameter(block: Value, done: set[Value]) -> bool:
    """Whether the weight of a block was initialised by itself, and its bias, where it may have one."""
    names = {one.name for one in done if isinstance(one, Part) and one.owner is block}
    return "weight" in names and ("bias" in names or has_bias(block) is False)


def _is_place(part: Part) -> bool:
    return part.name.startswith("[")


def _containers(trace: Trace) -> list[Thing]:
    made = {call.result for call in trace.calls if isinstance(call.result, Thing)}
    return [one for one in made if isinstance(one, Thing) and is_container(one)]
