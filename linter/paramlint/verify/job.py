"""What a child process is asked to verify."""

from __future__ import annotations

from typing import Literal

import msgspec

from paramlint.live.declared.contract import Contract
from paramlint.live.limits import BUILD_LIMIT
from paramlint.verify.process.targets import Target


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to verify, and how.

    Attributes:
        arguments: of the factory, by name, as source of Python literals.
        guess: whether arguments without a value are guessed.
        example: a factory of the arguments of `forward`: a tensor, a tuple, or a dict by name.
        optimizer: a factory that is given the model and returns its optimizer.
        preset, method: the construction protocol, see `paramlint.live.build.protocols`.
        confirm: test the values against the laws of their initialisations.
        show: patterns of parameter names whose values are wanted.
        details: whether what a report with pictures needs is wanted too.
        packs: whose rules there are beside our own.
        select, ignore: which rules, as on the command line.
        build_limit: bytes of parameters and buffers up to which the model is built for real.
        laws: declared, as text by pattern of parameter names.
        contract: what the parameters are compared with.
        ties: what is meant to be shared, see `paramlint.config.declared_ties`.
    """

    target: Target
    arguments: dict[str, str] = {}
    guess: bool = False
    example: Target | None = None
    optimizer: Target | None = None
    preset: Literal["constructor", "meta", "transformers"] = "constructor"
    method: str = ""
    confirm: bool = False
    show: tuple[str, ...] = ()
    details: bool = False
    packs: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    build_limit: int = BUILD_LIMIT
    laws: dict[str, str] = {}
    contract: Contract | None = None
    ties: tuple[str, ...] = ()
