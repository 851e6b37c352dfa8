"""What a rule may ask of a model, whoever built it: from source (`symbolic`) or from objects; no torch, no parsing."""

from paramlint.model.answer import NO, UNKNOWN, YES, Answer, Several, said
from paramlint.model.event import Event, EventKind, Order, Site
from paramlint.model.guard import ALWAYS, Guard
from paramlint.model.model import Claim, Model, before, first_time
from paramlint.model.objects import NOT_KNOWN, Group, Misfit, Module, Optimizer, Place, Tensor
from paramlint.model.questions.reach import reached, sources

__all__ = [
    "ALWAYS", "NO", "NOT_KNOWN", "UNKNOWN", "YES", "Answer", "Claim", "Event", "EventKind", "Group", "Guard",
    "Misfit", "Model", "Module", "Optimizer", "Order", "Place", "Several", "Site", "Tensor", "before", "first_time",
    "reached", "said", "sources",
]  # fmt: skip
