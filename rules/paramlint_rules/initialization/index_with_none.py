"""A row is cleared under an index that may be None, and `weight[None]` is the whole tensor.

`weight[padding_idx].zero_()` clears one row; where `padding_idx` is None the same line clears all of them, for None as
an index adds a dimension and leaves nothing out. The embedding then starts as zero and its rows are alike.

Bad:
    def table(words, width, padding_idx=None):
        embedding = nn.Embedding(words, width, padding_idx)
        nn.init.normal_(embedding.weight)
        nn.init.zeros_(embedding.weight[padding_idx])
        return embedding

Good:
    def table(words, width, padding_idx=None):
        embedding = nn.Embedding(words, width, padding_idx)
        nn.init.normal_(embedding.weight)
        if padding_idx is not None:
            nn.init.zeros_(embedding.weight[padding_idx])
        return embedding

Leave it: every caller gives an index.
"""

from __future__ import annotations

from collections.abc import Iterator

from paramlint import nodes
from paramlint.knowledge import WRITE_NAMES
from paramlint.model import Claim, Model, Tensor, said
from paramlint.rule import Asks, Rule
from paramlint.syntax.walk import walk

rule = Rule(
    "PRM224",
    "index-with-none",
    group="bug",
    doc=__doc__,
    beyond_plain=True,
    triggers=(Asks("no_grad", "data", *WRITE_NAMES),),
    only_with=frozenset({"None"}),
)


@rule.question
def ask(model: Model) -> Iterator[Claim]:
    """A write to the rows that an argument names, which is None by default or in a call."""
    for write in model.events("written"):
        if not write.get("none") or not isinstance(write.of, Tensor) or write.of.role != "parameter":
            continue
        target = next((node for node in walk(write.site.node) if isinstance(node, nodes.Subscript)), None)
        place = target.slice[0].slice if target is not None and len(target.slice) == 1 else None
        if write.author != "user" or target is None or not isinstance(place, nodes.Index):
            continue
        text, weight = write.site.text(place.value), write.site.text(target.value)
        if text != "None":  # said in so many words it is meant
            may_be = "is None in a call" if write.none == "given" else "may be None"
            message = f"`{text}` {may_be}, and `{weight}[None]` is all of `{weight}`"
            yield Claim(said(True), write.site, message, about=write.of, node=target)
