"""A model as a graph for Graphviz or Mermaid: a tied parameter is one node to which several modules lead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from paramlint.frontends.report.models.badges import GARBAGE
from paramlint.frontends.report.models.tree import Leaf, Node, tree
from paramlint.frontends.report.plain import plain
from paramlint.frontends.report.units import dimensions, large
from paramlint.verify.document.schema import Document, Parameter

#: `lost` is a parameter that is not written or that a finding is about.
Kind = Literal["module", "parameter", "lost"]


@dataclass(frozen=True)
class Vertex:
    """A node of the graph; its label is one or more lines."""

    key: str
    label: tuple[str, ...]
    kind: Kind


@dataclass(frozen=True)
class Edge:
    """From a module to what it holds, or, where `memory` is set, between two parameters that share memory."""

    start: str
    end: str
    label: str = ""
    memory: bool = False


@dataclass
class Graph:
    """Nodes and edges, in the order of the model."""

    vertices: list[Vertex] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


def graph(document: Document) -> Graph:
    """The graph of a document: modules, their parameters, what is tied and what shares memory."""
    drawn = Graph()
    keys: dict[str, str] = {}
    others: list[tuple[str, Leaf]] = []
    _draw(drawn, tree(document), document.target, keys, others)
    drawn.edges += [Edge(holder, keys[leaf.first], leaf.attribute) for holder, leaf in others]
    drawn.edges += _memory(document, keys)
    return drawn


def _draw(drawn: Graph, node: Node, title: str, keys: dict[str, str], others: list[tuple[str, Leaf]]) -> None:
    """Draw a module with all below it; other names of tied parameters are left for when all are drawn."""
    key = _add(drawn, (title, *_of_module(node)), "lost" if node.codes else "module")
    for leaf in node.leaves:
        if leaf.first:
            others.append((key, leaf))
            continue
        drawn.edges.append(Edge(key, _add(drawn, _of_leaf(leaf), _kind(leaf))))
        keys.update(dict.fromkeys(leaf.names, drawn.vertices[-1].key))
    for child in node.children:
        drawn.edges.append(Edge(key, f"n{len(drawn.vertices)}"))
        _draw(drawn, child, child.name, keys, others)


def _add(drawn: Graph, label: tuple[str, ...], kind: Kind) -> str:
    key = f"n{len(drawn.vertices)}"
    drawn.vertices.append(Vertex(key, label, kind))
    return key


def _of_module(node: Node) -> Iterator[str]:
    if node.cls:
        yield node.cls + (f" ×{len(node.names)}" if len(node.names) > 1 else "")
    yield f"{large(node.elements)} element" + "s" * (node.elements != 1)
    yield from node.codes


def _of_leaf(leaf: Leaf) -> tuple[str, ...]:
    p = leaf.parameter
    if p is None:
        return (leaf.attribute, "not registered", *leaf.codes)
    return (leaf.attribute, dimensions(p.shape), *_remarks(p), *leaf.codes)


def _remarks(parameter: Parameter) -> Iterator[str]:
    if parameter.status != "written":
        yield parameter.status
    elif parameter.law:
        yield parameter.law
    if not parameter.requires_grad:
        yield "frozen"


def _kind(leaf: Leaf) -> Kind:
    is_lost = leaf.codes or (leaf.parameter is not None and leaf.parameter.status in GARBAGE)
    return "lost" if is_lost else "parameter"


def _memory(document: Document, keys: dict[str, str]) -> list[Edge]:
    pairs = {
        tuple(sorted((keys[parameter.name], keys[other])))
        for parameter in document.parameters
        for other in parameter.aliases
        if other in keys
    }
    return [Edge(a, b, "same memory", memory=True) for a, b in sorted(pairs)]


class Style(NamedTuple):
    """Colours of a vertex."""

    fill: str
    line: str
    text: str


STYLES: dict[Kind, Style] = {
    "module": Style("#eef1f6", "#8a94a6", "#1c2330"),
    "parameter": Style("#ffffff", "#8a94a6", "#1c2330"),
    "lost": Style("#fde8e6", "#c02b1d", "#7a1a10"),
}


class Language(NamedTuple):
    """How a graph is written: the lines before it, a vertex, an edge, and the lines after it."""

    before: tuple[str, ...]
    vertex: Callable[[Vertex], str]
    edge: Callable[[Edge], str]
    after: tuple[str, ...] = ()


# Graphviz


def _dot_vertex(vertex: Vertex) -> str:
    style = STYLES[vertex.kind]
    label = "\\n".join(map(_dot_text, vertex.label))
    outline = '"rounded,filled"' if vertex.kind == "module" else "filled"
    colours = f'fillcolor="{style.fill}", color="{style.line}", fontcolor="{style.text}"'
    return f'  {vertex.key} [label="{label}", shape=box, style={outline}, {colours}];'


def _dot_edge(edge: Edge) -> str:
    style = f', dir=none, style=dashed, color="{STYLES["lost"].line}"' if edge.memory else ""
    return f'  {edge.start} -> {edge.end} [label="{_dot_text(edge.label)}"{style}];'


def _dot_text(text: str) -> str:
    """Inside of quotes a backslash would begin an escape, and `&` one of HTML's characters."""
    return plain(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


DOT = Language(
    (
        "digraph parameters {",
        "  rankdir=LR;",
        '  node [fontname="Helvetica", fontsize=11];',
        f'  edge [fontname="Helvetica", fontsize=9, color="{STYLES["module"].line}"];',
    ),
    _dot_vertex,
    _dot_edge,
    ("}",),
)

# Mermaid

#: Marks that mean nothing inside of Mermaid's quotes.
SAFE = frozenset(" .,:_-=×(){}[]")


def _mermaid_vertex(vertex: Vertex) -> str:
    return f'  {vertex.key}["{"<br/>".join(map(_mermaid_text, vertex.label))}"]:::{vertex.kind}'


def _mermaid_edge(edge: Edge) -> str:
    label = f'|"{_mermaid_text(edge.label)}"|' if edge.label else ""
    return f"  {edge.start} {'-.-' if edge.memory else '-->'}{label} {edge.end}"


def _mermaid_text(text: str) -> str:
    """Everything that is no letter or digit, and no mark that means nothing there, as a numbered character."""
    return "".join(c if c.isalnum() or c in SAFE else f"#{ord(c)};" for c in plain(text))


MERMAID = Language(
    (
        "flowchart LR",
        *(f"  classDef {kind} fill:{s.fill},stroke:{s.line},color:{s.text}" for kind, s in STYLES.items()),
    ),
    _mermaid_vertex,
    _mermaid_edge,
)

#: By the ending of the file.
LANGUAGES: dict[str, Language] = {".dot": DOT, ".mmd": MERMAID}


def lines(drawn: Graph, language: Language) -> list[str]:
    """A graph as the lines of a language."""
    inner = [*map(language.vertex, drawn.vertices), *map(language.edge, drawn.edges)]
    return [*language.before, *inner, *language.after]


def render(document: Document, path: Path) -> str:
    """The graph of a document in the language that the file's ending names.

    Raises:
        KeyError: the ending is none of `LANGUAGES`.
    """
    return "\n".join(lines(graph(document), LANGUAGES[path.suffix])) + "\n"
