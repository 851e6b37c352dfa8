"""Arguments are guessed from names, annotations, defaults and bases, and said as one would write them."""

from __future__ import annotations

import enum
import gc
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Optional

import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from paramlint.verify.arguments.call import first_built  # noqa: E402
from paramlint.verify.arguments.guess import MOST_ATTEMPTS, UnknownArgumentsError, attempts  # noqa: E402
from paramlint.verify.arguments.usual import ASKED_FOR, BY_NAME, BY_TYPE, SMALL  # noqa: E402
from paramlint.verify.process.child import NeedsArgumentsError  # noqa: E402


def guessed(factory: Callable[..., Any], *given: str) -> dict[str, str]:
    """The first guess, as source."""
    return {name: guess.source for name, guess in next(attempts(factory, given)).items()}


def all_guesses(factory: Callable[..., Any]) -> list[dict[str, str]]:
    return [{name: guess.source for name, guess in guesses.items()} for guesses in attempts(factory)]


class Kind(enum.Enum):
    ONE = 1
    TWO = 2


@dataclass
class NetConfig:
    hidden_size: int = 4096
    num_hidden_layers: int = 32
    vocab_size: int = 10
    name: str = "net"


@dataclass
class Other:
    width: int


class Part(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(dim, dim)


class Unbuildable(nn.Module):
    def __init__(self, dim: int) -> None:
        super().__init__()
        raise ValueError("never")


BY_ANNOTATION: list[tuple[Any, str, str]] = [
    (int, "dim", "64"),
    (int, "some", "4"),
    (float, "dim", "64.0"),
    (bool, "dim", "False"),
    (bool, "use_bias", "False"),
    (str, "activation", "'relu'"),
    (Optional[int], "num_heads", "4"),  # noqa: UP045
    (int | None, "num_heads", "4"),
    (Annotated[int, "positive"], "num_heads", "4"),
    (Literal["b", "a"], "mode", "'b'"),
    (Kind, "kind", f"{__name__}.Kind.ONE"),
    (tuple[int, int], "image_size", "(224, 224)"),
    (tuple[int, int, int], "some", "(4, 4, 4)"),
    (list[int], "dims", "[64, 64, 64, 64]"),
    (Sequence[int], "channels", "(64, 64, 64, 64)"),
    (list[list[int]], "channels", "[[64, 64, 64, 64], [64, 64, 64, 64], [64, 64, 64, 64], [64, 64, 64, 64]]"),
    (int | tuple[int, int], "kernel_size", "3"),
    (Optional["Unheard"], "dim", "64"),  # type: ignore # noqa: F821
    (type[nn.Module], "norm_layer", "torch.nn.BatchNorm2d"),
    (nn.Module, "activation", "torch.nn.ReLU()"),
    (nn.Module, "anything", "torch.nn.Linear(64, 64)"),
    (Callable[..., Any], "anything", "torch.nn.functional.relu"),
    (torch.Tensor, "anything", "torch.ones(4)"),
    (dict[str, int], "anything", "{}"),
    (torch.device, "device", "torch.device('cpu')"),
    (Part, "part", f"{__name__}.Part(dim=64)"),
    (Other, "anything", f"{__name__}.Other(width=64)"),
    (NetConfig, "config", f"{__name__}.NetConfig(hidden_size=64, num_hidden_layers=2)"),
    (Any, "depth", "2"),
]


@pytest.mark.parametrize(
    ("annotation", "name", "source"), BY_ANNOTATION, ids=[f"{b}: {a}" for a, b, _ in BY_ANNOTATION]
)
def test_by_annotation_and_name(annotation: Any, name: str, source: str) -> None:
    namespace: dict[str, Any] = {"annotation": annotation}
    exec(f"def build({name}: annotation): pass", namespace)
    assert guessed(namespace["build"]) == {name: source}


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("dim", "64"),
        ("in_channels", "64"),
        ("d_model", "64"),
        ("num_heads", "4"),
        ("dim_head", "16"),
        ("depth", "2"),
        ("num_layers", "2"),
        ("depths", "(2, 2, 2, 2)"),
        ("num_classes", "10"),
        ("vocab_size", "100"),
        ("img_size", "224"),
        ("patch_size", "16"),
        ("kernel_size", "3"),
        ("dropout", "0.1"),
        ("bias", "False"),
        ("mlp_ratio", "2"),
        ("padding_idx", "0"),
        ("act_layer", "torch.nn.ReLU"),
        ("backbone", "torch.nn.Linear(64, 64)"),
        ("attn_kwargs", "{}"),
    ],
)
def test_by_name_alone(name: str, source: str) -> None:
    namespace: dict[str, Any] = {}
    exec(f"def build({name}): pass", namespace)
    assert guessed(namespace["build"]) == {name: source}


def test_what_is_given_or_has_a_default_is_not_guessed() -> None:
    def build(dim: int, heads: int, depth: int = 3, *args: int, **kwargs: int) -> None: ...

    assert guessed(build, "heads") == {"dim": "64"}


def test_a_string_annotation_that_only_a_type_checker_knows() -> None:
    def build(dim: "Unheard | of", part: "Part") -> None: ...  # type: ignore # noqa: F821, UP037

    assert guessed(build) == {"dim": "64", "part": f"{__name__}.Part(dim=64)"}


def test_a_base_to_which_arguments_are_passed_on() -> None:
    class Base(nn.Module):
        def __init__(self, dim: int, depth: int | None = None) -> None: ...

    class Between(Base):
        """It has no constructor of its own."""

    class Derived(Between):
        def __init__(self, heads: int, **kwargs: Any) -> None: ...

    class Closed(Base):
        def __init__(self, heads: int) -> None: ...

    assert all_guesses(Derived)[:3] == [
        {"heads": "4"},
        {"dim": "64", "heads": "4"},
        {"depth": "2", "dim": "64", "heads": "4"},
    ]
    assert all_guesses(Closed) == [{"heads": "4"}]


def test_other_values_are_tried_next() -> None:
    def build(norm: Any, dim: int) -> None: ...

    assert all_guesses(build) == [
        {"norm": "torch.nn.BatchNorm2d", "dim": "64"},
        {"norm": "torch.nn.LayerNorm", "dim": "4"},
    ]


def test_nothing_is_known_of_some() -> None:
    def build(dim: int, unheard: Any, of: str) -> None: ...

    with pytest.raises(UnknownArgumentsError) as error:
        guessed(build)
    assert error.value.names == ("unheard", "of")


def test_a_part_that_cannot_be_built() -> None:
    def build(part: Unbuildable) -> None: ...

    with pytest.raises(UnknownArgumentsError):
        guessed(build)


def test_a_configuration_that_nobody_annotates() -> None:
    class NetModel(nn.Module):
        def __init__(self, config) -> None: ...  # type: ignore[no-untyped-def]

    class Says(NetModel):
        config_class = Other

    assert guessed(NetModel) == {"config": f"{__name__}.NetConfig(hidden_size=64, num_hidden_layers=2)"}
    assert guessed(Says) == {"config": f"{__name__}.Other(width=64)"}


def test_each_build_gets_values_of_its_own() -> None:
    def build(part: Part, attn_kwargs: dict[str, int], config: NetConfig) -> None: ...

    for guess in next(attempts(build)).values():
        assert guess.make() is not guess.make()


def test_a_class_that_holds_itself_ends() -> None:
    class Inner(nn.Module):
        def __init__(self, inner: "Inner") -> None: ...  # noqa: UP037

    Inner.__init__.__annotations__["inner"] = Inner
    with pytest.raises(UnknownArgumentsError):
        guessed(Inner)


def test_the_table_is_sound() -> None:
    """Each text can be evaluated, sizes fit each other, and no row stands behind one that hides it."""
    texts = [text for texts, _ in BY_NAME for text in texts] + [text for texts in BY_TYPE.values() for text in texts]
    for text in texts:
        eval(text, {"torch": torch})
    patterns = [pattern for _, patterns in BY_NAME for pattern in patterns.split()]
    assert len(patterns) == len(set(patterns))
    hidden = [
        (later, earlier) for i, later in enumerate(patterns) for earlier in patterns[:i] if fnmatchcase(later, earlier)
    ]
    assert hidden == []
    assert all(size > 0 for size, _ in SMALL)
    assert all(pattern == pattern.lower() for pattern in (*patterns, *ASKED_FOR.split()))
    assert MOST_ATTEMPTS >= 3


def test_what_a_wrong_guess_has_built_is_gone_before_the_next_one():
    parts: list[weakref.ref[Any]] = []
    held: list[Any] = []

    def build(call: Any) -> None:
        gc.collect()
        held.extend(part() for part in parts if part() is not None)
        part = nn.Linear(2, 2)
        parts.append(weakref.ref(part))
        raise ValueError("wrong")

    def factory(features: Any) -> None: ...

    with pytest.raises(NeedsArgumentsError):
        first_built(factory, {}, build)
    assert len(parts) > 1
    assert held == []
