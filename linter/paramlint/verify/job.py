"""What a child process is asked to verify."""

from __future__ import annotations

from typing import Literal

import msgspec

from paramlint.live.build_limits import BUILD_LIMIT
from paramlint.live.declared.contract import Contract
from paramlint.verify.process.targets import Target


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is built, and what is asked of it.

    Attributes:
        arguments: of the factory, by name, as source of Python literals.
        guess: whether arguments without a value are guessed.
        example: a factory of the arguments of `forward`: a tensor, a tuple, or a dict by name.
        optimizer: a factory that is given the model and returns its optimizer.
        preset, method: the construction protocol, see `paramlint.live.build.protocols`.
        confirm: test the values against the laws of their initialisations.
        show: patterns of parameter names whose values are wanted.
        details: whether what a report with pictures needs is wanted too.
        select, ignore: which rules, as on the command line.
        static: whether to check the model's sources too, and to give both sides' findings as one list.
        build_limit: bytes of parameters and buffers up to which the model is built for real.
        laws: declared, as text by pattern of parameter names.
        contract: what the parameters are compared with.
        ties: what is meant to be shared, see `paramlint.config.declared_ties`.
    """

    arguments: dict[str, str] = {}
    guess: bool = False
    example: Target | None = None
    optimizer: Target | None = None
    preset: Literal["constructor", "meta", "transformers"] = "constructor"
    method: str = ""
    confirm: bool = False
    show: tuple[str, ...] = ()
    details: bool = False
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    static: bool = False
    build_limit: int = BUILD_LIMIT
    laws: dict[str, str] = {}
    contract: Contract | None = None
    ties: tuple[str, ...] = ()


class Job(Plan, frozen=True, kw_only=True):
    """What a child process is told.

    Attributes:
        packs: whose rules there are beside our own.
    """

    target: Target
    packs: tuple[str, ...] = ()
