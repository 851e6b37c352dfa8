"""A model that is there already, as one that rules can ask: its values are simply known to exist."""

from __future__ import annotations

from typing import Any

from paramlint.live.build.protocols import Build
from paramlint.live.live_model import LiveModel
from paramlint.live.observe.functions import Functions
from paramlint.live.observe.memory import ShadowMode
from paramlint.live.observe.registrations import Registrations


def live_model_of(model: Any, **given: Any) -> LiveModel:
    """A model of which nothing was seen before; `given` are arguments of `LiveModel`."""
    return LiveModel(Build(model, ShadowMode(), Registrations(), Functions(), virtual=False), **given)
