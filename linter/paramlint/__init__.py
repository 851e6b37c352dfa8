"""paramlint: mistakes in PyTorch parameters, found in source and proved on the live model.

Importing this package is cheap: neither torch nor libcst is loaded before something needs them.
"""

__version__ = "0.1.0"
