"""From the triggers of rules to the units that are worth parsing; nothing here decides, or imports LibCST."""

from paramlint.engine.nominate.nominator import Nominator

__all__ = ["Nominator"]
