"""`LiveModel`: a model that was built, and all that a rule may ask about it. Questions, not tree walking."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import torch
from torch import nn

from paramlint.facts import Project
from paramlint.finding import Proof
from paramlint.knowledge.frameworks import TORCH, Framework
from paramlint.live.build.poison import numbers_in_place
from paramlint.live.build.protocols import Build
from paramlint.live.declared.agreement import Agreement, agreement
from paramlint.live.declared.contract import Contract
from paramlint.live.declared.expectation import declared_fits
from paramlint.live.declared.tied_keys import DeclaredTie, declared_ties
from paramlint.live.laws.fit import Fit
from paramlint.live.laws.laws import Law
from paramlint.live.made import looked_inside, made
from paramlint.live.observe.memory import address_of
from paramlint.live.observe.named_tensors import Named, defining_class, grouped, holder_of, is_strange
from paramlint.live.observe.source_places import place_of
from paramlint.live.observe.writes import Write, is_torchs
from paramlint.live.questions import counter_evidence
from paramlint.live.questions.counter_evidence import Seen
from paramlint.live.questions.forward import Example, Forward, activation_after, run
from paramlint.live.questions.frozen_norms import norms_updated_while_frozen
from paramlint.live.questions.left_behind import is_placed_by_hand
from paramlint.live.questions.lost_writes import Lost, lost_writes
from paramlint.live.questions.optimizer_coverage import Coverage, coverage, optimizers_of
from paramlint.live.questions.other_passes import may_be_used_otherwise
from paramlint.live.questions.repeated_init import Repeat, repeated_parts, special_values
from paramlint.live.questions.sharing.mirrors import mirrors
from paramlint.live.questions.sharing.reused_norms import Reuse, reused_norms
from paramlint.live.questions.sharing.shared_modules import (
    Borrowed,
    Shared,
    borrowed_modules,
    overwritten_part,
    shallow_copies,
    shared_modules,
)
from paramlint.live.questions.sharing.shared_tensors import Survival, aliased, survival, tied
from paramlint.live.questions.sharing.tied_gradients import tied_gradients
from paramlint.live.questions.sharing.ties_not_made import Unmet, unmet_wishes
from paramlint.live.questions.source_class import may_write, says
from paramlint.live.questions.unregistered import Found, held_by_classes, hidden, unregistered
from paramlint.live.tensor import MOST_ELEMENTS, Alias, LiveTensor

if TYPE_CHECKING:
    from paramlint.facts import Class


@dataclass
class LiveModel:
    """A model, and what a rule's runtime half may ask about it.

    Attributes:
        build: how it was built. Real where it fits into memory, else virtual.
        plain: where a preset other than the constructor was used, the same model plainly constructed.
        twin: another instance from the same factory.
        preset: the protocol by which it was built.
        make_example, optimizer, rebuild: given by the user, or None; several optimizers may be in a list or dict.
        declared_laws: the laws that the user declared, by pattern of parameter names; of several the last counts.
        contract: what the user agreed that the parameters are.
        most_elements: of a tensor that statistics look at.
    """

    build: Build
    plain: LiveModel | None = None
    twin: nn.Module | None = None
    preset: str = "constructor"
    make_example: Example | None = None
    optimizer: Any = None
    rebuild: Callable[[], nn.Module] | None = None
    declared_laws: Mapping[str, Law] = field(default_factory=dict)
    contract: Contract | None = None
    notes: tuple[str, ...] = ()
    most_elements: int = MOST_ELEMENTS

    #: What it is made with: rules about others are not asked.
    frameworks: ClassVar[frozenset[Framework]] = TORCH

    @property
    def module(self) -> nn.Module:
        """The model itself, as a module of torch."""
        return self.build.module

    @property
    def subject(self) -> Any:
        """The model as the user knows it."""
        return self.module

    @property
    def instances(self) -> Mapping[str, Any]:
        """The modules by all of their dotted names."""
        return dict(self.module.named_modules(remove_duplicate=False))

    @property
    def is_real(self) -> bool:
        """Whether it was built for real, so that values mean something and what is unwritten is proved."""
        return not self.build.virtual

    @property
    def degraded(self) -> tuple[str, ...]:
        """Why what is said may differ from a real build, in words."""
        example: tuple[str, ...] = ()
        if self.forward is not None and self.forward.error:
            example = (f"the example failed: {self.forward.error}",)
        elif self.forward is not None and self.forward.backward_error:
            example = (f"the backward pass of the example failed: {self.forward.backward_error}",)
        return (*self.notes, *self.build.degraded, *looked_inside(self.tensors), *example, *self._undecided)

    @cached_property
    def groups(self) -> list[list[Named]]:
        """All registered tensors, each with all of its names."""
        return grouped(self.module)

    @cached_property
    def tensors(self) -> tuple[LiveTensor, ...]:
        """All parameters and buffers, each once."""
        return tuple(self._live(names) for names in self.groups)

    @cached_property
    def parameters(self) -> tuple[LiveTensor, ...]:
        """The parameters, each once."""
        return tuple(tensor for tensor in self.tensors if tensor.role == "parameter")

    @cached_property
    def buffers(self) -> tuple[LiveTensor, ...]:
        """The buffers, each once."""
        return tuple(tensor for tensor in self.tensors if tensor.role == "buffer")

    @cached_property
    def by_name(self) -> dict[str, LiveTensor]:
        """The tensors by every one of their names."""
        return {name: tensor for tensor in self.tensors for name in tensor.names}

    @property
    def ties(self) -> tuple[LiveTensor, ...]:
        """The tensors with several names."""
        return tuple(self.by_name[names[0].name] for names in tied(self.groups))

    @cached_property
    def aliases(self) -> tuple[Alias, ...]:
        """Different tensors with a common element."""
        rebound = self.build.registrations.was_rebound
        return tuple(
            Alias(tuple(self.by_name[named.name] for named in names), any(map(rebound, names)))
            for names in aliased(self.groups)
        )

    @cached_property
    def strange_names(self) -> tuple[tuple[str, LiveTensor], ...]:
        """Second names of tied parameters under which a layer of torch holds them and never looks for them."""
        return tuple(
            (named.name, tie)
            for tie in self.ties
            for named in tie.named
            if is_strange(named) and any(other.attribute != named.attribute for other in tie.named)
        )

    @property
    def held_ties(self) -> tuple[Seen, ...]:
        """The names of parameters that have several, and that they do."""
        return tuple(counter_evidence.held_ties(self.ties, {name for name, _ in self.strange_names}))

    @property
    def unaliased(self) -> tuple[Seen, ...]:
        """The names of the parameters that share no memory with another parameter, and that they do not."""
        return tuple(counter_evidence.unaliased(self.parameters, self.aliases))

    @property
    def registered(self) -> tuple[Seen, ...]:
        """The names of parameters and buffers, and that they are."""
        return tuple(counter_evidence.registered(self.groups))

    @property
    def registered_contents(self) -> tuple[Seen, ...]:
        """Attributes that hold several modules or parameters, all of them registered, and how."""
        return tuple(counter_evidence.registered_contents(self.module))

    @property
    def distinct_places(self) -> tuple[Seen, ...]:
        """Containers of modules that share nothing."""
        return tuple(counter_evidence.distinct_places(self.module))

    @property
    def flags_that_hold(self) -> tuple[Seen, ...]:
        """Modules with a plain `requires_grad` that their parameters have too."""
        return tuple(counter_evidence.flags_that_hold(self.module))

    @property
    def initialised_bases(self) -> tuple[Seen, ...]:
        """The modules, each of which has been initialised as one."""
        return tuple(counter_evidence.initialised_bases(self.module, self.build.unprepared))

    @property
    def unprepared(self) -> Iterator[tuple[str, type, tuple[str, int]]]:
        """The modules on which `nn.Module.__init__` never ran: their names, classes, and where these are."""
        for name in self.build.unprepared:
            cls = type(self.module.get_submodule(name))
            yield name, cls, place_of(None, cls)

    @cached_property
    def broken_ties(self) -> tuple[tuple[LiveTensor, LiveTensor, str], ...]:
        """What was one parameter once: the one that is still there, the other one, and the latter's name."""
        pairs = self.build.registrations.broken_ties(self.groups)
        return tuple((self.by_name[kept.name], self.by_name[lost.name], lost.name) for kept, lost in pairs)

    @cached_property
    def outgrown_biases(self) -> tuple[tuple[LiveTensor, LiveTensor], ...]:
        """What stands for the bias of a layer beside it and kept its length, and the layer's weight, which did not."""
        pairs = self.build.registrations.outgrown(self.module)
        return tuple((self.by_name[bias], self.by_name[weight]) for bias, weight in pairs)

    def unmet_wishes(self, options: tuple[str, ...]) -> list[Unmet]:
        """Ties that one of these arguments of a constructor asks for, where it was true, and that are not there."""
        return list(unmet_wishes(self.module, self.groups, self.build.registrations, options))

    @cached_property
    def survival(self) -> tuple[Survival, ...]:
        """What copies, conversions and loads do to sharing; nothing where the model is virtual."""
        return tuple(survival(self.module, self.rebuild)) if self.is_real else ()

    def lost_by(self, names: tuple[str, ...]) -> list[str]:
        """The operations after which these names no longer share."""
        return [done.operation for done in self.survival if names in done.lost]

    def is_lost_on_materialization(self, tensor: LiveTensor) -> bool:
        """Whether `to_empty` or the preset leaves a tensor unwritten to which the constructor gives values."""
        if not tensor.is_left_unwritten or not tensor.is_floating:
            return False
        if self.plain is None:
            return tensor.allocation is not None and tensor.allocation.library_call.endswith(".to_empty")
        before = self.plain.by_name.get(tensor.name)
        return before is not None and before.status == "written"

    @property
    def ties_lost_by_to_empty(self) -> tuple[tuple[str, ...], ...]:
        """The names of what was one parameter until the factory called `to_empty`, and is several now."""
        parted = self.build.registrations.parted_ties(self.groups)
        names = [tuple(named.name for named in places) for places in parted]
        return tuple(each for each in names if all(self.was_materialized(self.by_name[name]) for name in each))

    def was_materialized(self, tensor: LiveTensor) -> bool:
        """Whether a tensor has gone through `to_empty`, in the factory or by the preset."""
        by_factory = tensor.allocation is not None and tensor.allocation.library_call.endswith(".to_empty")
        return by_factory or (self.plain is not None and self.preset == "meta")

    @cached_property
    def unregistered(self) -> tuple[Found, ...]:
        """What is reachable from an instance, is not registered, and would be trained if it were."""
        return tuple(found for found in self._reachable if found.is_trainable or found.is_parameter)

    def hidden(self, what: Literal["modules", "parameters"]) -> Iterator[Proof]:
        """A proof for each attribute behind which modules or parameters stand that are not registered."""
        yield from hidden(self.unregistered, what)

    @cached_property
    def plain_tensors(self) -> tuple[Found, ...]:
        """Tensors without gradient that stand in attributes without being buffers.

        Left out are those of no dimension, which work beside tensors of any device, and those of modules that say
        themselves what moves with them.
        """
        return tuple(
            found
            for found in self._reachable
            if isinstance(found.value, torch.Tensor) and found.value.ndim
            if not found.is_trainable and not found.is_parameter
            if type(found.owner)._apply is nn.Module._apply
            if not is_torchs(place_of(None, found.holder)[0])  # a hook of torch's own put it there
            if not is_placed_by_hand(self.module, found, self.build.shadow.account(found.tensors[0]).marks)
        )

    @cached_property
    def held_by_classes(self) -> tuple[Found, ...]:
        """Parameters, and modules that own some, in class attributes or default arguments."""
        return tuple(held_by_classes(self.module))

    @cached_property
    def shared_with_twin(self) -> tuple[str, ...]:
        """Names of tensors that another instance from the same factory holds as well."""
        if self.twin is None:
            return ()
        others = {id(names[0].tensor) for names in grouped(self.twin)}
        return tuple(tensor.name for tensor in self.tensors if id(tensor.tensor) in others)

    @cached_property
    def shared_modules(self) -> tuple[Shared, ...]:
        """Modules with parameters that are registered more than once."""
        return tuple(shared_modules(self.module, self.build.registrations))

    @cached_property
    def reused_norms(self) -> tuple[Reuse, ...]:
        """Norms that a `forward`, as far as it can be traced, applies at several depths."""
        return tuple(reused_norms(self.module))

    @cached_property
    def overwritten_parts(self) -> tuple[Proof, ...]:
        """Parts of a module with several places that one line replaced more than once, each proved at that line."""
        return tuple(
            overwritten_part(tuple(names), replacement)
            for replacement in self.build.registrations.replacements()
            if len(names := self._places.get(id(replacement.module), [])) > 1 and replacement.times > 1
        )

    @cached_property
    def _places(self) -> dict[int, list[str]]:
        """Every name of each module, by identity."""
        places: dict[int, list[str]] = {}
        for name, module in self.module.named_modules(remove_duplicate=False):
            places.setdefault(id(module), []).append(name)
        return places

    def is_declared_tied(self, names: tuple[str, ...]) -> bool:
        """Whether the model itself names one of these modules, or a parameter in it, as tied."""
        inside = [name for name in self.by_name if name.startswith(tuple(f"{one}." for one in names))]
        return any(re.match(tie.key, name) for tie in self.declared_ties for name in inside)

    @cached_property
    def kept_elsewhere(self) -> frozenset[tuple[Any, ...]]:
        """The origins of values that a tensor outside of the model was the first to hold, and holds still.

        A pretrained encoder in a cache is such a holder; the layer that a constructor copies is gone by then.
        """
        own = {address_of(tensor.tensor) for tensor in self.tensors}
        alive = (shadow for address, shadow in self.build.shadow.items() if address not in own and shadow.is_alive)
        last = (shadow.last for shadow in alive)
        return frozenset(mark.write.origin for mark in last if mark is not None and not mark.write.is_copy)

    @property
    def repeated_parts(self) -> list[Repeat]:
        """Parts of modules that one function initialises on two of its lines, and others of their kind never."""
        return repeated_parts(self.module, self.parameters)

    @property
    def special_values(self) -> Iterator[tuple[LiveTensor, Write, Write]]:
        """Parameters whose own values an initialisation of several modules replaces, and both writes."""
        return special_values(self.parameters)

    @cached_property
    def shallow_copies(self) -> tuple[tuple[str, str], ...]:
        """Pairs of modules that register through one dictionary."""
        return tuple(shallow_copies(self.module))

    @cached_property
    def borrowed_modules(self) -> tuple[Borrowed, ...]:
        """Modules that another live model registers as well."""
        apart = {id(found.value) for found in self.held_by_classes}
        known = (named for names in self.groups for named in names)
        return tuple(borrowed_modules(self.module, apart, known))

    @cached_property
    def lost_writes(self) -> tuple[Lost, ...]:
        """Initialisations that went into a temporary."""
        return tuple(lost_writes(self.build))

    @cached_property
    def forward(self) -> Forward | None:
        """A pass on the user's example; None without one, or where the model is virtual."""
        if self.make_example is None or not self.is_real:
            return None
        _ = self._reachable, self.tensors  # before the pass, which may add to both
        plain = [tensor for found in self.plain_tensors for tensor in found.tensors]
        with self.numbers_in_place():
            return run(self.module, self.make_example, plain)

    def numbers_in_place(self) -> AbstractContextManager[None]:
        """For the time of a pass: what was never written holds numbers."""
        return numbers_in_place(tensor.tensor for tensor in self.tensors if tensor.is_left_unwritten)

    def may_be_used_otherwise(self, name: str) -> bool:
        """Whether another pass may use a parameter, such as of an expert in turn, or a method that none has called."""
        seen, ran = self.forward or Forward(), self.build.functions.places()
        return may_be_used_otherwise(self.module, seen, self.by_name[name], self.parameters, ran)

    @cached_property
    def tied_gradients(self) -> dict[str, float]:
        """How far each tied parameter's gradient is from the sum over its places, see `tied_gradients`."""
        if self.make_example is None or not self.has_passed:
            return {}
        with self.numbers_in_place():
            return tied_gradients(self.module, self.make_example)

    @property
    def has_passed(self) -> bool:
        """Whether there was a pass on the example."""
        return self.forward is not None and not self.forward.error

    @property
    def plain_tensors_used(self) -> tuple[Found, ...]:
        """Those of `plain_tensors` with which a pass on the example computes beside what moves; without one, all."""
        if self.forward is None or not self.has_passed:
            return self.plain_tensors
        return tuple(found for found in self.plain_tensors if address_of(found.tensors[0]) in self.forward.left_behind)

    def source_says(self, cls: type, question: Callable[[Class], bool]) -> bool:
        """What the source of a class answers, asked as static rules ask; False where it cannot be read."""
        return says(cls, self._project, question)

    def is_filled(self, tensor: LiveTensor) -> bool:
        """Whether the source of the tensor's class, or of a base, may write to it somewhere, as caches are filled."""
        return may_write(type(tensor.module), tensor.attribute)

    @cached_property
    def _project(self) -> Project:
        return Project()

    @cached_property
    def coverage(self) -> Coverage | None:
        """What the user's optimizer holds of the model; None without one."""
        if self.optimizer is None:
            return None
        found = self.coverage_of(self.optimizer)
        # What a pass has made since the optimizer was is another fault.
        return replace(found, missing=tuple(name for name in found.missing if name in self.by_name))

    def coverage_of(self, optimizer: Any) -> Coverage:
        """What an optimizer holds of the model."""
        return coverage(self.module, optimizers_of(optimizer))

    @cached_property
    def declared_ties(self) -> tuple[DeclaredTie, ...]:
        """What `_tied_weights_keys` of transformers' models says."""
        return tuple(declared_ties(self.module))

    @cached_property
    def law_fits(self) -> dict[str, tuple[Law, Fit]]:
        """How parameters compare with the laws that the user declared, together at level 0.01."""
        return declared_fits(self.declared_laws, self.parameters)

    @cached_property
    def agreement(self) -> Agreement:
        """How the parameters and buffers compare with the contract."""
        return Agreement() if self.contract is None else agreement(self.contract, self.parameters, self.buffers)

    def activation_after(self, module: str) -> str:
        """The activation that a module's output goes into: from the pass, else from its `Sequential`."""
        return activation_after(self.module, self.forward, module)

    @property
    def gradient_flags(self) -> dict[str, bool]:
        """Modules that somebody gave a plain `requires_grad` which their parameters do not have, and the flag."""
        return counter_evidence.gradient_flags(self.module)

    def holder_of(self, tensor: LiveTensor) -> str:
        """The name of the nearest module around a tensor that is no mere container of parameters."""
        return holder_of(self.module, tensor.name)

    def proof_at(self, name: str, message: str, **evidence: Any) -> Proof:
        """A proof about a module or parameter of this name, at the class that holds it, or what is around it."""
        parent, _, attribute = name.rpartition(".")
        holder = defining_class(self._module_or_own(parent), attribute)
        place = place_of(None, holder)
        if is_torchs(place[0]):
            place = self.build.registrations.line_of(self._module_or_own(parent), attribute)
        if not place[0] and parent:
            return replace(self.proof_at(parent, message, **evidence), parameter=name)
        return Proof(name, message, holder.__qualname__, attribute, *place, evidence)

    def _module_or_own(self, name: str) -> nn.Module:
        try:
            return self.module.get_submodule(name)
        except AttributeError:  # the name is of no module: it stands in a container, or is gone
            return self.module

    @cached_property
    def mirrors(self) -> frozenset[str]:
        """Parameters that began as copies of others and that no loss trains: those of targets and teachers."""
        return mirrors(self.parameters, self.forward.without_gradient if self.forward else ())

    def norms_updated_while_frozen(self) -> dict[str, tuple[str, int]]:
        """Batch norms that are frozen, or were put into evaluation mode, and whose statistics move after `train()`.

        Each with the file and row where `eval()` was called on it; empty and 0 where it was not.
        """
        return norms_updated_while_frozen(self.module, self.mirrors, self.build.registrations.evaluated_at)

    @property
    def _undecided(self) -> Iterator[str]:
        """The laws that neither values nor provenance could decide."""
        if names := [*(n for n, (_, fit) in self.law_fits.items() if fit.is_undecided), *self.agreement.undecided]:
            more = f" and {len(names) - 1} more" if len(names) > 1 else ""
            yield f"neither values nor the initialising call tell whether `{names[0]}`{more} follows the declared law"

    @cached_property
    def _reachable(self) -> list[Found]:
        return unregistered(self.module, self.groups)

    def _live(self, names: list[Named]) -> LiveTensor:
        return made(names, self.build.shadow, self.is_real, self.most_elements)
