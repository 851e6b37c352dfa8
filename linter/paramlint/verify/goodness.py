"""`fit`, under the name by which the documentation imports it; see `paramlint.live.laws.fit`."""

from paramlint.live.laws.fit import Fit, fit, fit_all

__all__ = ["Fit", "fit", "fit_all"]
