"""The document that `verify` gives for one target, as JSON and as the source of every other form.

It is made in the child process by `paramlint.verify.judge.summarize` and read by the parent, which never loads torch.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from paramlint.finding import Verdict
from paramlint.verify.document.observed import Observed
from paramlint.verify.process.outcome import Outcome

Scalar = bool | int | float | str


class Location(msgspec.Struct, frozen=True):
    """A place in a file, counting from 1; row 0 where none is known."""

    row: int
    column: int = 1


class Init(msgspec.Struct, frozen=True, kw_only=True):
    """The call that gave a parameter its values.

    Attributes:
        call: the outermost initialiser, `kaiming_uniform_`, or the operation.
        arguments: its scalar arguments by name; text where they are not finite.
        filename, row: the line of the user's code from which it was reached.
        within: the torch module's method in between, such as `Linear.reset_parameters`; else empty.
    """

    call: str
    arguments: dict[str, Scalar]
    filename: str
    row: int
    within: str = ""

    @property
    def place(self) -> str:
        """The line in short, `net.py:12`; empty where it is not known."""
        return f"{os.path.basename(self.filename)}:{self.row}" if self.filename else ""


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """An argument with which the factory was called.

    Attributes:
        source: how one writes it; empty for a default that is no literal, class or function.
        origin: who gave it.
        holds: of a guessed object, such as a configuration, the attributes that are numbers and texts.
    """

    source: str
    origin: Literal["given", "guessed", "default"]
    holds: dict[str, Any] = {}


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """How the values compare with a law, where that was tested."""

    law: str
    verdict: Literal["follows", "rejected", "too small to test", "not testable"]
    p_value: float | None
    reason: str


class Gradient(msgspec.Struct, frozen=True, kw_only=True):
    """What the backward pass on the example brought a parameter: its 2-norm, and the share of zeros in it.

    `norm` is None where it is not finite, as it is where a parameter was never written.
    """

    norm: float | None
    zeros: float


class Optimized(msgspec.Struct, frozen=True, kw_only=True):
    """The group that holds a parameter, counting from 0 over all optimizers, and two of its options."""

    group: int
    lr: float | None = None
    weight_decay: float | None = None


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter.

    Attributes:
        name: dotted, the first of its names.
        status: `written`, `partly written`, `unwritten`, `tainted` (computed from unwritten memory), `maybe` (written
            by indices), `unseen`, `lazy`.
        written_fraction: of the elements, from 0 to 1.
        init: the last call that wrote it.
        law: of its values, as far as that call says.
        exact_law: the same with all digits, where `law` has not all.
        mean, std: of the real values; None where the model was built without them.
        expected_std: by the law.
        histogram: counts of the real values in equal bins from the least to the largest.
        tied_with: the other names of the same parameter.
        aliases: names of other parameters that show the same memory.
        fit: the test of the values, with `--confirm`.
        is_used: whether the output depends on it, with an example that works.
        gradient: from a backward pass of a random projection of the output, with an example that works.
        optimized: its group, with `--optimizer`; None where none holds it.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    requires_grad: bool
    status: str
    written_fraction: float
    init: Init | None = None
    law: str | None = None
    exact_law: str | None = None
    mean: float | None = None
    std: float | None = None
    expected_std: float | None = None
    histogram: tuple[int, ...] = ()
    tied_with: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    fit: Fitted | None = None
    is_used: bool | None = None
    gradient: Gradient | None = None
    optimized: Optimized | None = None

    @property
    def numel(self) -> int:
        """The number of elements; none while the parameter is lazy."""
        return 0 if self.status == "lazy" else math.prod(self.shape)


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer with a weight that the pass on the example went through: the std of the weight, and of what it gave."""

    name: str
    weight_std: float
    output_std: float


class Buffer(msgspec.Struct, frozen=True, kw_only=True):
    """One buffer; its fields are those of a parameter, the law with all digits, and whether `state_dict` holds it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    persistent: bool
    status: str
    init: Init | None = None
    law: str | None = None
    tied_with: tuple[str, ...] = ()


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A finding: what a rule saw on the live model, or in the sources of its classes.

    `verdict` is None where the model could not be built for real, so that the finding is likely and not proved. `owner`
    and `attribute` are the class, and its attribute, that a live finding is about. `also` names the other parameters of
    which the same is true for the same reason. In `evidence`, `seen` says in words what decided on a static finding.
    """

    code: str
    name: str
    message: str
    parameter: str
    filename: str
    location: Location
    verdict: Verdict | None
    evidence: dict[str, Any]
    owner: str = ""
    attribute: str = ""
    also: tuple[str, ...] = ()

    @property
    def parameters(self) -> tuple[str, ...]:
        """All that it is about; the first is empty where that is no parameter."""
        return (self.parameter, *self.also)


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """The headline. Tied parameters count once.

    Attributes:
        parameters: tensors.
        elements: of all of them.
        trainable: elements that require a gradient.
        bytes: of all of them.
        memory: bytes of parameters and buffers together, by dtype: what a checkpoint or inference takes.
        groups: of the optimizer; None without one.
        tied: parameters with more than one name.
        aliased: parameters that share memory with another.
        unwritten: parameters of which some element was never written.
        findings: how many there are, refuted ones aside.
    """

    parameters: int = 0
    elements: int = 0
    trainable: int = 0
    bytes: int = 0
    tied: int = 0
    aliased: int = 0
    unwritten: int = 0
    findings: int = 0
    memory: dict[str, int] = {}
    groups: int | None = None


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter that was asked for by `--show`: its values and gradient as torch prints them, and figures by name.

    Figures that are not finite are left out.
    """

    name: str
    statistics: dict[str, float]
    values: str
    gradient: str


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """Values, or some evenly spaced ones of many, in equal bins.

    Attributes:
        low, high: the range of all bins; the same where all values are one.
        counts: of the values in each bin; empty where the model was built without values.
        outside: how many values lie beyond the range.
        expected: the probability of each bin by the law; empty where that is not known.
    """

    low: float
    high: float
    counts: tuple[int, ...] = ()
    outside: int = 0
    expected: tuple[float, ...] = ()


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to get the same again.

    Attributes:
        seed: of torch's generator when the model is built.
        has_values: whether it was built for real.
        source, sha256: the file that defines the model's class, and the digest of its content; empty where there is
            none.
    """

    python: str
    torch: str
    platform: str
    seed: int
    has_values: bool
    source: str = ""
    sha256: str = ""


class Details(msgspec.Struct, frozen=True, kw_only=True):
    """What only a report with pictures needs, and is left out where none is asked for.

    Attributes:
        modules: the class of each module that leads to a parameter, by dotted name; that of the model by `""`.
        histograms: by the first name of the parameter.
    """

    modules: dict[str, str]
    histograms: dict[str, Histogram]
    environment: Environment


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What the child found out.

    Attributes:
        arguments: with which the factory was called, by name.
        degraded: why the build may differ from a real one; empty if it does not.
        profile: the layers in the order in which the pass on the example went through them.
        observed: what static findings are compared with; it is no part of the document.
    """

    arguments: dict[str, Argument] = {}
    degraded: tuple[str, ...] = ()
    summary: Counts = Counts()
    findings: tuple[Found, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    buffers: tuple[Buffer, ...] = ()
    shown: tuple[Shown, ...] = ()
    profile: tuple[Layer, ...] = ()
    details: Details | UnsetType = UNSET
    observed: Observed = Observed()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The whole document; without a model it holds target and outcome, and findings that say why there is none."""

    target: str
    outcome: Outcome
    arguments: dict[str, Argument] = {}
    degraded: tuple[str, ...] = ()
    summary: Counts = Counts()
    findings: tuple[Found, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    buffers: tuple[Buffer, ...] = ()
    shown: tuple[Shown, ...] = ()
    profile: tuple[Layer, ...] = ()
    details: Details | UnsetType = UNSET

    @property
    def guessed(self) -> str:
        """The arguments that were guessed, as one writes them."""
        return ", ".join(f"{name}={one.source}" for name, one in self.arguments.items() if one.origin == "guessed")

    @staticmethod
    def of(target: str, outcome: Outcome, summary: Summary | None) -> Document:
        """What parent and child know, together."""
        known = msgspec.structs.asdict(summary) if summary else {}
        known.pop("observed", None)
        return Document(target=target, outcome=outcome, **known)


@dataclass(frozen=True)
class Attempt:
    """What became of a target."""

    document: Document
    observed: Observed
