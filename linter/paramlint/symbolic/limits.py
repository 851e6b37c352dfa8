"""Where the interpreter stops: counts of steps and sizes, so that the same input gives the same answer everywhere."""

from __future__ import annotations

#: Steps for one entry point: expressions, statements, calls and rounds of loops each take one. The largest class of
#: timm takes some 30,000.
MAX_STEPS = 80_000
#: Steps for all entry points of a file, beyond those that its length gives; when they are taken, each of the others has
#: so few as `LEAST_STEPS`: functions that call each other take the same steps again and again.
MAX_FILE_STEPS = 120_000
MAX_STEPS_OF_CHARACTER = 10
LEAST_STEPS = 2_000
#: Functions of a file that may take all steps in vain, before the next ones have fewer.
FULL_TRIES = 3
#: Steps for one class or factory that a person asks to see.
MAX_SHOWN_STEPS = 200_000
#: Steps for one version of a class that is compared with another: hundreds of them are in a release.
MAX_COMPARED_STEPS = 30_000
#: Passes of modules that are followed, where somebody asks what a loss was computed from.
MAX_PASSES = 40
#: Steps that each of them may take.
MAX_PASS_STEPS = 4_000
#: Steps that a function may take by itself, in all its calls, and make nothing.
MAX_FRUITLESS_STEPS = 5_000
#: Steps that a decorator may take with one class or function.
MAX_DECORATOR_STEPS = 2_000
#: Calls inside calls. Constructors of real models nest up to 12.
MAX_DEPTH = 28
#: The same function inside itself, where what it is given does not shrink: mutual recursion ends here.
MAX_RECURSION = 2
#: Nodes inside nodes of one expression or statement; more is unknown. Python itself compiles about 90 to 200.
MAX_NESTING = 150
#: Rounds that are interpreted one by one; longer loops run once.
MAX_UNROLLED = 8
#: Items of a container that are gone through one by one.
MAX_UNROLLED_ITEMS = 40
#: Alternatives of one value; more are unknown.
MAX_CHOICES = 12
#: Values that a name or attribute holds under conditions; where there are more, those it has had longest are one that
#: is unknown.
MAX_HELD = 48
#: Items of a container that are kept apart; of more it is only known that there are some.
MAX_ITEMS = 512
#: Characters of the text that stands for an unknown value.
MAX_TEXT = 120
#: Pieces of a text that are kept: one of others, each twice, has twice as many again and again.
MAX_PIECES = 64
#: Constants larger than this are not computed: strings and tuples by length, integers by their bits.
MAX_CONSTANT = 4_096
#: Places of one module or tensor that are told; rules compare them with each other.
MAX_PLACES = 64
#: Names of one tensor that are told of each other.
MAX_TIES = 40
#: Rows of a table of names.
MAX_ROWS = 4_000
#: What Python raises where constants cannot be computed with: the result is unknown then.
NOT_COMPUTED = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError)


class OverBudgetError(Exception):
    """The steps of this entry point are used up; what is known until then stays."""


class LeftError(OverBudgetError):
    """A call has taken most of the steps: it is left, and what follows it has the others.

    Args:
        frame: that of the call.
    """

    def __init__(self, frame: object) -> None:
        self.frame = frame


class FruitlessError(Exception):
    """A function has taken many steps and made nothing."""
