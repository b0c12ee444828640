"""The picture of the graph: boxes apart, lines downward, nothing hidden, the same every time."""

from __future__ import annotations

from itertools import pairwise

from firstbad.ui.report.graph import parents_of, parts_of, pictures
from firstbad.ui.report.layers import GAP, Edge, draw, reduced
from hypothesis import given, settings
from hypothesis import strategies as st
from small_traces import catalogue, diff

GRAPH = """
[far]
[a]
parents = ['far']
formula = 'far + 1'
[b]
parents = ['a']
formula = '2*a'
[c]
parents = ['b', 'other']
formula = 'b + other'
final = true
[other]
[apart]
"""


@st.composite
def graphs(draw_: st.DrawFn) -> tuple[list[str], list[Edge]]:
    names = [f"n{i}" + "x" * draw_(st.integers(0, 30)) for i in range(draw_(st.integers(1, 12)))]
    edges = [(p, c) for i, c in enumerate(names) for p in names[:i] if draw_(st.booleans())]
    return names, edges


@settings(max_examples=50)
@given(graphs())
def test_boxes_of_a_layer_stand_apart_and_lines_lead_down(graph: tuple[list[str], list[Edge]]):
    names, edges = graph
    drawing = draw(names, edges)
    assert set(drawing.boxes) == set(names) and [(a, b) for a, b, _ in drawing.lines] == edges
    layers: dict[int, list[tuple[int, int]]] = {}
    for left, top, wide in drawing.boxes.values():
        assert left >= 0 and left + wide <= drawing.width and 0 <= top < drawing.height
        layers.setdefault(top, []).append((left, left + wide))
    assert all(b[0] - a[1] >= GAP - 2 for row in layers.values() for a, b in pairwise(sorted(row)))
    for parent, child, points in drawing.lines:
        assert drawing.boxes[parent][1] < points[0][1] and points[-1][1] == drawing.boxes[child][1]
        assert all(a[1] < b[1] for a, b in pairwise(points))
    assert draw(names, edges) == drawing


@settings(max_examples=50)
@given(graphs())
def test_a_line_passes_between_the_boxes(graph: tuple[list[str], list[Edge]]):
    names, edges = graph
    drawing = draw(names, edges)
    for _, _, points in drawing.lines:
        for x, y in points[1:-1]:
            crossed = [b for b in drawing.boxes.values() if b[1] <= y <= b[1] + 26 and b[0] <= x <= b[0] + b[2]]
            assert not crossed


@settings(max_examples=50)
@given(graphs())
def test_lines_that_are_left_out_are_implied(graph: tuple[list[str], list[Edge]]):
    names, edges = graph

    def reach(some: list[Edge]) -> dict[str, set[str]]:
        above: dict[str, set[str]] = {}
        for name in names:
            parents = [p for p, c in some if c == name]
            above[name] = set(parents).union(*(above[p] for p in parents))
        return above

    few = reduced(names, edges)
    assert reach(few) == reach(edges)
    for edge in few:
        assert reach([e for e in few if e != edge]) != reach(edges), "none of the rest can be left out"


def test_two_parents_of_crossed_children_are_drawn_without_a_crossing():
    drawing = draw(["a", "b", "c", "d"], [("a", "d"), ("b", "c")])
    ends = [[drawing.boxes[name][0] for name in pair] for pair in (("a", "b"), ("d", "c"))]
    assert (ends[0][0] < ends[0][1]) == (ends[1][0] < ends[1][1])


def test_inputs_stand_just_above_what_they_are_used_for():
    drawing = draw(["far", "near", "x", "y"], [("far", "x"), ("x", "y"), ("near", "y")])
    assert drawing.boxes["near"][1] == drawing.boxes["x"][1] > drawing.boxes["far"][1]


def test_an_absent_parent_is_looked_through():
    known = catalogue(GRAPH)
    assert parents_of(["far", "b", "c"], known) == {"far": (), "b": ("far",), "c": ("b",)}


def test_the_way_holds_what_differs_its_parents_and_what_leads_to_the_final():
    known = catalogue(GRAPH)
    found = diff(known, "far 1; a 2; b 4; other 7; apart 5; c 11", "far 1; a 2.5; b 5; other 7; apart 5; c 12")
    graph = pictures(parts_of(found), known)
    assert graph is not None
    assert {n["name"]: n["part"] for n in graph["way"]["nodes"]} == {
        "far": "agrees", "a": "origin", "b": "inherited", "c": "inherited"
    }  # fmt: skip
    assert [line[:2] for line in graph["way"]["lines"]] == [["far", "a"], ["a", "b"], ["b", "c"]]
    assert {n["name"] for n in graph["all"]["nodes"]} == {"far", "a", "b", "c", "other"}, "apart has to do with nothing"


def test_a_line_between_two_that_differ_is_drawn_though_a_longer_way_implies_it():
    """The longer way goes through a quantity that agrees: the difference did not come along there."""
    edges = [("a", "b"), ("b", "c"), ("a", "c")]
    assert reduced("abc", edges) == edges[:2]
    assert reduced("abc", edges, {"a", "c"}) == edges
    known = catalogue(GRAPH.replace("parents = ['b', 'other']", "parents = ['b', 'other', 'a']"))
    found = diff(known, "far 1; a 2; b 4; other 7; c 11", "far 1; a 2.5; b 4; other 7; c 12")
    graph = pictures(parts_of(found), known)
    assert graph is not None
    assert ["a", "c"] in [line[:2] for line in graph["way"]["lines"]]


def test_there_is_no_picture_without_a_graph():
    found = diff(catalogue(""), "x 1", "x 2")
    assert pictures(parts_of(found), catalogue("")) is None
