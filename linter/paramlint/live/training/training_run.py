"""`TrainingRun`: the first steps of a run, and all that a rule may ask about them."""

from __future__ import annotations

from functools import cached_property

from paramlint.finding import Proof
from paramlint.live.observe.named_tensors import defining_class
from paramlint.live.observe.source_places import place_of
from paramlint.live.observe.writes import is_torchs
from paramlint.live.training.questions import (
    coverage,
    edits,
    finite,
    freezing,
    gradients,
    kept_states,
    modes,
    moments,
    ties,
    updates,
)
from paramlint.live.training.questions.seen import Seen
from paramlint.live.training.recorder import Recorder
from paramlint.live.training.roots import Variables
from paramlint.live.training.tracks import Track


class TrainingRun:
    """What was recorded of a run, as answers. Each is a list of what was `Seen`, and empty where it is not sure.

    Attributes:
        recorder: what was noted.
        variables: of the code around it, by name: it may hold schedules, and what a run was resumed from.
    """

    def __init__(self, recorder: Recorder, variables: Variables) -> None:
        self.recorder = recorder
        self.variables = variables

    @property
    def tracks(self) -> list[Track]:
        """All parameters."""
        return list(self.recorder.tracks.values())

    # -- who trains what

    @cached_property
    def in_no_optimizer(self) -> list[Seen]:
        """Parameters that the loss trains and that no optimizer holds, a module at a time."""
        return self._not_parted(coverage.in_no_optimizer(self.recorder))

    @cached_property
    def stale(self) -> list[Seen]:
        """The same, where an optimizer holds tensors that the model had before."""
        return self._not_parted(coverage.stale(self.recorder))

    def _not_parted(self, found: list[Seen]) -> list[Seen]:
        """Without what is a tie that came apart: that is said by itself."""
        parted = {name for seen in self.parted_ties for name in seen.names}
        return [seen for seen in found if not parted.intersection(seen.names)]

    @cached_property
    def hidden(self) -> list[Seen]:
        """Modules and parameters that get gradients and that a watched model holds without registering them."""
        return coverage.hidden(self.recorder)

    @cached_property
    def in_wrong_optimizer(self) -> list[Seen]:
        """Optimizers whose parameters another optimizer holds, or that hold another model's."""
        return coverage.in_wrong_optimizer(self.recorder)

    @cached_property
    def without_gradient(self) -> list[Seen]:
        """Parameters in an optimizer that never get a gradient, and that no checkpoint cut off."""
        return coverage.without_gradient(self.recorder)

    @cached_property
    def cut_by_checkpoint(self) -> list[Seen]:
        """Parameters that get no gradient because a checkpoint runs their module without a graph."""
        return coverage.cut_by_checkpoint(self.recorder)

    @cached_property
    def idle_optimizers(self) -> list[Seen]:
        """Optimizers none of whose parameters the loss reaches."""
        return gradients.idle(self.recorder) if not self.stale else []

    # -- gradients

    @cached_property
    def never_cleared(self) -> list[Seen]:
        """Optimizers whose gradients add up over all steps."""
        return gradients.never_cleared(self.recorder)

    @cached_property
    def cleared_too_soon(self) -> list[Seen]:
        """Optimizers whose gradients are gone when they step."""
        return gradients.cleared_too_soon(self.recorder)

    @cached_property
    def leftover(self) -> list[Seen]:
        """Optimizers that step on gradients that another model's loss left."""
        return gradients.leftover(self.recorder)

    @cached_property
    def idle_clips(self) -> list[Seen]:
        """Calls that clip gradients that no step uses."""
        return gradients.idle_clips(self.recorder)

    @cached_property
    def not_finite(self) -> list[Seen]:
        """The first step whose gradients or weights are not finite, and where that arose."""
        return finite.not_finite(self.recorder)

    # -- values

    @cached_property
    def never_updated(self) -> list[Seen]:
        """Parameters with gradients that no step changes."""
        return updates.never_updated(self.recorder, self.variables.all)

    @cached_property
    def rounded_away(self) -> list[Seen]:
        """Parameters of low precision whose updates are too small for it."""
        return updates.rounded_away(self.recorder)

    @cached_property
    def out_of_scale(self) -> list[Seen]:
        """Parameters whose updates are very large or small against them."""
        return updates.out_of_scale(self.recorder)

    @cached_property
    def decayed(self) -> list[Seen]:
        """Norms, biases and embeddings under weight decay."""
        return updates.decayed(self.recorder)

    @cached_property
    def edited_behind(self) -> list[Seen]:
        """Trained parameters that change outside of steps without their version counter."""
        return edits.behind_the_counter(self.recorder) if not self.averages_of_themselves else []

    @cached_property
    def averages_of_themselves(self) -> list[Seen]:
        """Averages and targets that are the model that they follow."""
        return edits.averages_of_themselves(self.recorder, self.variables.own)

    @cached_property
    def averages_without_buffers(self) -> list[Seen]:
        """Averages and targets whose buffers stay as they were."""
        return edits.averages_without_buffers(self.recorder)

    # -- what should stay

    @cached_property
    def moving_norms(self) -> list[Seen]:
        """Frozen norms whose running statistics move."""
        return freezing.moving_norms(self.recorder)

    @cached_property
    def decaying(self) -> list[Seen]:
        """Parameters whose gradients are masked or gone, and that change all the same."""
        return freezing.decaying(self.recorder)

    @cached_property
    def trained_teachers(self) -> list[Seen]:
        """Teachers, targets and other fixed models that an optimizer changes."""
        return freezing.trained_teachers(self.recorder)

    @cached_property
    def left_in_eval(self) -> list[Seen]:
        """Models that train in evaluation mode since some step."""
        return modes.left_in_eval(self.recorder)

    @cached_property
    def parted_ties(self) -> list[Seen]:
        """Names that were one parameter and no longer are."""
        return ties.parted(self.recorder)

    @cached_property
    def joined(self) -> list[Seen]:
        """Names that were two parameters and are one now."""
        return ties.joined(self.recorder)

    @cached_property
    def followed_states(self) -> list[Seen]:
        """State dicts that are kept while steps change them."""
        return kept_states.followed(self.recorder) if not self.averages_of_themselves else []

    @cached_property
    def dropped_moments(self) -> list[Seen]:
        """Optimizers whose moments start anew while their model goes on."""
        return moments.dropped(self.recorder, self.variables.all)

    # -- what a rule says

    def proof(self, seen: Seen, message: str) -> Proof:
        """A proof about what was seen, at the class that holds the parameter where no line is known."""
        owner, attribute, place = "", "", (seen.filename, seen.row)
        module = seen.module
        if module is not None:
            attribute = seen.names[0].rpartition(".")[2]
            cls = defining_class(module, attribute)
            owner = cls.__qualname__
            place = place if place[0] else place_of(None, cls)
            if is_torchs(place[0]):
                place = "", 0
        evidence = {"step": seen.step, "names": list(seen.names[:32]), **seen.figures}
        return Proof(seen.names[0] if seen.names else "", message, owner, attribute, *place, evidence)
