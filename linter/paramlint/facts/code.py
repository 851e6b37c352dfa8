"""The source code of small nodes, remembered: a walk asks for the same expressions on many paths."""

from __future__ import annotations

from functools import lru_cache

import libcst as cst

_NOWHERE = cst.Module([])


@lru_cache(maxsize=8192)
def code_of(node: cst.CSTNode) -> str:
    """The source code of a node by itself."""
    return _NOWHERE.code_for_node(node)
