"""A watch of what accelerate has prepared: `with watch(accelerator, model, optimizer) as watched:`."""

from __future__ import annotations

from typing import Any

import paramlint


def watch(accelerator: Any, model: Any, optimizer: Any, *, steps: int = 20, **options: Any) -> Any:
    """Watch a prepared model and optimizer, or lists of them.

    Args:
        accelerator: takes its own wrappers away.
        model, optimizer: as `prepare` gave them; several optimizers are in a list.
        steps, options: as of `paramlint.watch`. Steps are those of the optimizer: accumulation counts once.
    """
    several = optimizer if isinstance(optimizer, (list, tuple)) else [optimizer]
    plain = [getattr(one, "optimizer", one) for one in several]
    models = model if isinstance(model, dict) else {"": model}
    unwrapped = {name: accelerator.unwrap_model(one) for name, one in models.items()}
    given = unwrapped if isinstance(model, dict) else unwrapped[""]
    return paramlint.watch(given, plain if len(plain) > 1 else plain[0], steps=steps, **options)
