"""A document as a tree, as groups of what is shared, and as a graph; repeated blocks are one."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from paramlint.frontends.report.html.wires import BOX, drawing
from paramlint.frontends.report.models.graph import (
    DOT,
    LANGUAGES,
    MERMAID,
    STYLES,
    Graph,
    Language,
    graph,
    lines,
    render,
)
from paramlint.frontends.report.models.sharing import sharings
from paramlint.frontends.report.models.tree import Leaf, Node, tree
from paramlint.verify.document.schema import Document

from .documents import details, document, finding, hostile, parameter


def outline(node: Node, depth: int = 0) -> list[str]:
    """One line for each module and attribute."""
    lines = [f"{'  ' * depth}{node.name or 'model'} {node.cls} {node.elements} {' '.join(node.codes)}".rstrip()]
    for child in node.children:
        lines += outline(child, depth + 1)
    return lines + [f"{'  ' * (depth + 1)}.{_leaf(leaf)}" for leaf in node.leaves]


def _leaf(leaf: Leaf) -> str:
    rest = leaf.first or ("" if leaf.parameter else "nothing")
    return f"{leaf.attribute} {len(leaf.names)} {rest} {' '.join(leaf.codes)}".rstrip()


def llama(depth: int = 3) -> Document:
    blocks = [parameter(f"layers.{i}.{name}") for i in range(depth) for name in ("q.weight", "norm.weight")]
    modules = {"": "Llama", "layers": "ModuleList", "layers.0": "Block", "layers.1": "Block", "layers.2": "Block"}
    embed = parameter("embed.weight", tied_with=("head.weight",))
    return document(embed, *blocks, details=details(modules))


def test_repeated_blocks_are_one_node() -> None:
    assert outline(tree(llama())) == [
        "model Llama 224",
        "  embed  32",
        "    .weight 1",
        "  head  0",
        "    .weight 1 embed.weight",
        "  layers ModuleList 192",
        "    {0-2} Block 192",
        "      q  96",
        "        .weight 3",
        "      norm  96",
        "        .weight 3",
    ]


def test_a_block_that_differs_stands_alone() -> None:
    blocks = [parameter(f"l.{i}.w", requires_grad=i != 1) for i in range(4)]
    assert [child.name for child in tree(document(*blocks)).children[0].children] == ["{0,2-3}", "1"]
    found = tree(document(*(parameter(f"l.{i}.w") for i in range(4)), findings=(finding("l.3.w"),)))
    assert [child.name for child in found.children[0].children] == ["{0-2}", "3"]


def test_blocks_in_blocks_and_lists_of_parameters() -> None:
    experts = [parameter(f"l.{i}.e.{j}.w") for i in range(2) for j in range(3)]
    assert outline(tree(document(*experts, parameter("ps.0"), parameter("ps.1"))))[2:] == [
        "    {0-1}  192",
        "      e  192",
        "        {0-2}  192",
        "          .w 6",
        "  ps  64",
        "    .{0-1} 2",
    ]


def test_modules_of_one_name_but_other_classes_are_not_one() -> None:
    modules = {"l.0": "A", "l.1": "B"}
    found = tree(document(parameter("l.0.w"), parameter("l.1.w"), details=details(modules)))
    assert [child.cls for child in found.children[0].children] == ["A", "B"]


def test_findings_stand_where_they_belong() -> None:
    given = document(parameter("a.w"), findings=(finding("a"), finding("a.heads", code="PRM401"), finding("")))
    assert outline(tree(given)) == ["model  32 PRM201", "  a  32 PRM201", "    .w 1", "    .heads 1 nothing PRM401"]


def test_what_is_refuted_stands_nowhere() -> None:
    given = document(parameter("a.w"), findings=(finding("a.w", verdict="refuted"), finding("b", verdict="refuted")))
    assert outline(tree(given)) == ["model  32", "  a  32", "    .w 1"]


def shared(given: Document) -> list[list[list[tuple[str, int]]]]:
    return [[list(one.names) for one in group.parameters] for group in sharings(given)]


def test_what_is_shared() -> None:
    given = document(
        parameter("alone"),
        parameter("embed.w", tied_with=("head.w",)),
        parameter("same.0.w", tied_with=tuple(f"same.{i}.w" for i in range(1, 6))),
        parameter("left", aliases=("right",)),
        parameter("right", aliases=("left", "third")),
        parameter("third", aliases=("right",)),
    )
    assert shared(given) == [
        [[("embed.w", 1), ("head.w", 1)]],
        [[("same.{0-5}.w", 6)]],
        [[("left", 1)], [("right", 1)], [("third", 1)]],
    ]


def test_the_same_tie_in_every_block_is_one_group() -> None:
    given = document(*(parameter(f"l.{i}.a", tied_with=(f"l.{i}.b",)) for i in range(4)))
    assert shared(given) == [[[("l.{0-3}.a", 1), ("l.{0-3}.b", 1)]]]
    assert sharings(given)[0].times == 4


def test_boxes_do_not_touch() -> None:
    given = document(
        parameter("embed.w", tied_with=("head.w",)),
        parameter("left" * 30, aliases=("right",)),
        parameter("right", aliases=("left" * 30,)),
    )
    drawn = drawing(sharings(given))
    assert [box.kind for box in drawn.boxes].count("memory") == 1
    assert len(drawn.curves) == 3 + 1 + 2
    for box in drawn.boxes:
        assert 0 <= box.x < box.x + box.width <= drawn.width
        assert 0 <= box.y < box.y + BOX <= drawn.height
        for other in drawn.boxes:
            beside = box.x + box.width <= other.x or other.x + other.width <= box.x
            assert box is other or beside or abs(box.y - other.y) >= BOX


def edges(drawn: Graph) -> set[tuple[str, str, str]]:
    label = {vertex.key: vertex.label[0] for vertex in drawn.vertices}
    return {(label[edge.start], edge.label, label[edge.end]) for edge in drawn.edges}


def test_a_tied_parameter_is_one_node() -> None:
    drawn = graph(llama())
    assert edges(drawn) == {
        ("net:Net", "", "embed"),
        ("embed", "", "weight"),
        ("net:Net", "", "head"),
        ("head", "weight", "weight"),
        ("net:Net", "", "layers"),
        ("layers", "", "{0-2}"),
        ("{0-2}", "", "q"),
        ("q", "", "weight"),
        ("{0-2}", "", "norm"),
        ("norm", "", "weight"),
    }
    assert len(drawn.vertices) == 10
    assert ("{0-2}", "Block ×3", "192 elements") in [vertex.label for vertex in drawn.vertices]


def test_one_memory_is_one_line() -> None:
    drawn = graph(document(parameter("a", aliases=("b",)), parameter("b", aliases=("a",), status="unwritten")))
    assert [(edge.start, edge.end) for edge in drawn.edges if edge.memory] == [("n1", "n2")]
    assert [vertex.kind for vertex in drawn.vertices] == ["module", "parameter", "lost"]


def test_the_ending_names_the_language() -> None:
    assert render(llama(), Path("x.dot")).startswith("digraph parameters {\n")
    assert render(llama(), Path("x.mmd")).startswith("flowchart LR\n")
    with pytest.raises(KeyError):
        render(llama(), Path("x.png"))


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_a_language_says_every_vertex_and_edge_and_colour(language: Language) -> None:
    drawn = graph(document(parameter("a", aliases=("b",)), parameter("b", aliases=("a",), status="unwritten")))
    written = lines(drawn, language)
    assert written[-len(drawn.edges) - len(language.after) :][: len(drawn.edges)] == list(
        map(language.edge, drawn.edges)
    )
    for vertex in drawn.vertices:
        assert sum(line.lstrip().startswith((f"{vertex.key} [", f"{vertex.key}[")) for line in written) == 1
        assert all(colour in "\n".join(written) for colour in STYLES[vertex.kind])


def test_hostile_names_end_no_string() -> None:
    drawn = graph(hostile())
    for line in [*lines(drawn, DOT), *lines(drawn, MERMAID)]:
        assert line.isprintable()
        unescaped = re.sub(r"\\.", "", line)
        assert unescaped.count('"') % 2 == 0
        assert unescaped.count('"') <= 14
    text = "\n".join(lines(drawn, MERMAID))
    assert "<script" not in text
    assert "`" not in text
    assert "<" not in text.replace("<br/>", "")


@pytest.mark.skipif(shutil.which("dot") is None, reason="there is no Graphviz")
def test_graphviz_reads_it() -> None:
    drawn = graph(hostile())
    text = "\n".join(lines(drawn, DOT)).encode()
    plain = subprocess.run(["dot", "-Tplain"], input=text, capture_output=True, check=True, timeout=60)
    assert plain.stderr == b""
    assert plain.stdout.decode().count("\nnode ") == len(drawn.vertices)
    assert plain.stdout.decode().count("\nedge ") == len(drawn.edges)
