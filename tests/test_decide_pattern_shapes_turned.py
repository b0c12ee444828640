"""Vectors turned the wrong way: about which axes that is tried, from which vectors, and how exactly the answer is known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from firstbad.tracer.pattern_data import Pair
from firstbad.tracer.pattern_shapes import (
    _axes,
    _cross,
    _opposite,
    _shown_axis,
    _sibling,
    _turned,
    same_length,
    turned_back,
    vectors_along,
)
from hypothesis import given
from hypothesis import strategies as st
from made_pairs import bare, claims, traced

Three = tuple[float, float, float]
X, Y, Z, SKEW = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (2 / 7, -3 / 7, 6 / 7)
V: Three = (0.8, -0.3, 0.5)


def turn(v: Sequence[float], axis: Three, angle: float) -> Three:
    """By Rodrigues' formula."""
    c, s = math.cos(angle), math.sin(angle)
    (x, y, z), (a, b, d) = v, axis
    along = (x * a + y * b + z * d) * (1 - c)
    return (
        x * c + (b * z - d * y) * s + a * along,
        y * c + (d * x - a * z) * s + b * along,
        z * c + (a * y - b * x) * s + d * along,
    )


def pairs(v: Sequence[float], *errors: float) -> tuple[Pair, ...]:
    """A vector of the reference; the candidate's side is of no concern here."""
    return tuple(Pair(x, 0.0, e, 0.0) for x, e in zip(v, errors or (0.0,) * len(v), strict=True))


def line(name: str, v: Sequence[float]) -> str:
    return f"{name} {' '.join(f'{x:.17g}' for x in v)};"


@given(st.sampled_from([X, Y, Z, SKEW]), st.floats(-3.1, 3.1))
def test_the_opposite_of_a_turn_is_the_turn_by_minus_the_angle(axis: Three, angle: float) -> None:
    found = _opposite(pairs(turn(V, axis, angle)), pairs(V), axis)
    assert found == pytest.approx(turn(V, axis, -angle), abs=1e-12)


def test_a_vector_along_the_axis_has_no_opposite() -> None:
    assert all(math.isnan(x) for x in _opposite(pairs((0.0, 0.0, 2.0)), pairs((0.0, 0.0, 2.0)), Z))


@pytest.mark.parametrize(("off", "turned"), [(3.0, True), (-3.0, True), (3.1, False), (-3.1, False)])
def test_a_turn_keeps_the_part_along_the_axis_to_three_in_a_hundred_thousand(off: float, turned: bool) -> None:
    """Of the length: here it is 100,000."""
    found = _opposite(pairs((0.0, 6e4, 8e4 + off)), pairs((6e4, 0.0, 8e4)), Z)
    assert found == (0.0, -6e4, 8e4 + off) if turned else all(math.isnan(x) for x in found)


def test_a_vector_across_the_axis_that_is_shorter_than_one() -> None:
    assert _opposite(pairs((0.0, 0.25, 0.0)), pairs((0.25, 0.0, 0.0)), Z) == (0.0, -0.25, 0.0)


@pytest.mark.parametrize(
    ("ours", "theirs", "fits"),
    [
        ([(3.0, 4.0, 0.0)], [(0.0, 4.0, 3.0)], True),
        ([(3.0, 4.0, 0.0)], [(3.0, 4.0, 0.0)], False),  # not turned
        ([(0.0, 0.0, 0.0)], [(0.0, 0.0, 0.0)], False),
        ([(0.0, 0.0, 0.0), (3.0, 4.0, 0.0)], [(0.0, 0.0, 0.0), (0.0, 4.0, 3.0)], False),
        ([(3.0, 4.0, 0.0), (3.0, 4.0, 0.0)], [(3.0, 4.0, 0.0), (0.0, 4.0, 3.0)], True),  # turned in one record
        ([(3.0, 4.0, 0.0), (3.0, 4.0, 0.0)], [(0.0, 4.0, 3.0), (0.0, 4.0, 3.1)], False),
        ([(1e5, 0.0, 0.0)], [(0.0, 1e5 + 3.0, 0.0)], True),
        ([(1e5, 0.0, 0.0)], [(0.0, 1e5 - 3.0, 0.0)], True),
        ([(1e5, 0.0, 0.0)], [(0.0, 1e5 + 3.1, 0.0)], False),
        ([(1e5, 0.0, 0.0)], [(0.0, 1e5 - 3.1, 0.0)], False),
        ([(0.0, 1e9 + 1.0, 0.0)], [(0.0, 1e9, 0.0)], False),  # a billionth of a component is no turn
        ([(0.0, 1e9 + 1.5, 0.0)], [(0.0, 1e9, 0.0)], True),
    ],
)
def test_a_turned_vector_has_the_length_that_it_had_but_is_another(
    ours: list[Three], theirs: list[Three], fits: bool
) -> None:
    assert same_length(bare(ours, ours), [pairs(v) for v in theirs]) is fits


def test_a_short_vector_may_be_off_by_a_share_of_its_own_length() -> None:
    ours = [(0.0, 0.01, 0.0)]
    assert not same_length(bare(ours, ours), [pairs((0.01001, 0.0, 0.0))])


def test_the_axes_of_space_come_first_then_those_that_the_trace_names() -> None:
    """The first record of a name counts; what is no vector, zero or infinite is no axis."""
    named = "spindle 0 3 4; spindle 1 0 0; spindle_axis 0 0 2; twotheta_axis 4 0 3"
    assert list(_axes(traced("x", f"x 1 2 3; {named}"))) == [
        ("x", X), ("y", Y), ("z", Z),
        ("spindle", (0.0, 0.6, 0.8)), ("spindle_axis", Z), ("twotheta_axis", (0.8, 0.0, 0.6)),
    ]  # fmt: skip
    none = "spindle 0 0 0; spindle_axis 1 0 inf; twotheta_axis 3 4 0 12"
    assert [name for name, _ in _axes(traced("x", f"x 1 2 3; {none}"))] == ["x", "y", "z"]
    short = "spindle 0.5 0 0; twotheta_axis 1 MOSFLM"
    assert list(_axes(traced("x", f"x 1 2 3; {short}")))[3:] == [("spindle", X)]


def test_the_cross_product() -> None:
    assert (_cross(X, Y), _cross(Y, Z), _cross(Z, X)) == (Z, X, Y)
    assert _cross((1, 2, 3), (5, 7, 11)) == (1, 4, -3)
    assert _cross((5, 7, 11), (1, 2, 3)) == (-1, -4, 3)


SIBLINGS = "bare_a 1 0 0; bare_b 1 2 3; bare_b 4 5 6; bare_c 0 0 1; turn_a 0 1 0; turn_b 1; turn_c 1 2 3 4"


def test_a_sibling_is_named_alike_for_another_edge_of_the_cell() -> None:
    data = traced("turn_a", SIBLINGS)
    assert _sibling(data, "bare_a", "a", "b") == (1.0, 2.0, 3.0)
    assert _sibling(data, "bare_c", "c", "a") == (1.0, 0.0, 0.0)
    assert _sibling(data, "bare_b", "a", "b") is None  # is not named for an `a`
    assert _sibling(data, "turn_a", "a", "b") is None  # a number
    assert _sibling(data, "turn_a", "a", "c") is None  # four numbers
    assert _sibling(data, "a_a", "a", "b") is None  # which `a`?
    assert _sibling(data, "lone_a", "a", "b") is None  # not recorded


def turned_edges(mine: str, other: str, axis: Three, angle: float, others: Three = (0.1, 0.7, -0.2)) -> str:
    """Two edges of a cell before and after a turn."""
    return (
        line(f"bare_{mine}", V)
        + line(f"turn_{mine}", turn(V, axis, angle))
        + line(f"bare_{other}", others)
        + line(f"turn_{other}", turn(others, axis, angle))
    )


@pytest.mark.parametrize(("mine", "other"), [("a", "b"), ("b", "c"), ("c", "a")])
def test_the_axis_of_a_rotation_shows_in_two_edges_of_the_cell(mine: str, other: str) -> None:
    data = traced(f"turn_{mine}", turned_edges(mine, other, SKEW, 0.4))
    before = vectors_along(data, f"bare_{mine}")
    assert before is not None
    axis = _shown_axis(data, f"bare_{mine}", before)
    assert axis is not None
    sign = math.copysign(1.0, axis[2])
    assert [sign * x for x in axis] == pytest.approx(SKEW, abs=1e-12)


@pytest.mark.parametrize("missing", ["bare_b", "turn_b"])
def test_no_axis_shows_where_the_sibling_was_not_recorded_on_both_ends(missing: str) -> None:
    lines = turned_edges("a", "b", SKEW, 0.4).replace(f"{missing} ", "unknown ")
    assert _shown_axis(traced("turn_a", lines), "bare_a", [pairs(V)]) is None


@pytest.mark.parametrize(
    ("x", "shown"), [(math.sqrt(399), False), (19.9, True), (10.0, True), (20.1, False), (0.0, True)]
)
def test_two_edges_show_the_axis_if_they_moved_in_unlike_directions(x: float, shown: bool) -> None:
    """The sine between the ways that they moved is more than 0.05: one moved along (1 0 0), one along (x 1 0)."""
    data = traced("turn_a", line("turn_a", (3.0, 0.0, 0.0)) + "bare_b 0 0 0;" + line("turn_b", (x, 1.0, 0.0)))
    assert (_shown_axis(data, "bare_a", [pairs((2.0, 0.0, 0.0))]) is not None) is shown


def test_edges_that_did_not_move_show_no_axis() -> None:
    data = traced("turn_a", "turn_a 1 0 0; bare_b 0 0 0; turn_b 0 1 0")
    assert _shown_axis(data, "bare_a", [pairs((1.0, 0.0, 0.0))]) is None


def test_the_first_record_shows_the_axis() -> None:
    data = traced("turn_a", "turn_a 3 0 0; turn_a 9 9 9; bare_b 0 0 0; turn_b 0 2 0")
    assert _shown_axis(data, "bare_a", [pairs((2.0, 0.0, 0.0)), pairs((0.0, 0.0, 5.0))]) == Z


def test_the_least_known_component_of_both_vectors_says_how_well_the_answer_is_known() -> None:
    """Four times, and a few roundings of the length."""
    after, before = (0.0, 4.0, 3.0), (4.0, 0.0, 3.0)

    def errors(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
        guess = _turned(bare([after], [after], [ours]), [pairs(before, *theirs)], Z, "text", 6.5)
        assert claims([guess]) == [("inverse-rotation", "text", 6.5, 8.0)]
        assert guess.values == [0.0, -4.0, 3.0]
        return list(guess.errors or ())

    assert errors((0.0, 0.25, 0.0), (0.0, 0.0, 0.125)) == pytest.approx([1.0] * 3, rel=1e-12)
    assert errors((0.0, 0.0, 0.125), (0.5, 0.0, 0.0)) == pytest.approx([2.0] * 3, rel=1e-12)
    assert errors((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)) == pytest.approx([4e-15] * 3, rel=1e-12, abs=0)


def test_every_record_is_turned_back_from_its_own_vector() -> None:
    after, before = [(0.0, 1.0, 0.0), (0.0, 2.0, 1.0)], [(1.0, 0.0, 0.0), (2.0, 0.0, 1.0)]
    guess = _turned(bare(after, after), [pairs(v) for v in before], Z, "", 0.0)
    assert guess.values == [0.0, -1.0, 0.0, 0.0, -2.0, 1.0]
    assert len(guess.errors or ()) == 6


def test_a_turn_the_other_way_is_tried_about_each_axis_and_the_shown_one() -> None:
    """From every vector as long as it; the quantity itself and vectors of another length are left out."""
    lines = "short 0.1 0.2 0.3; number 4;" + turned_edges("a", "b", SKEW, 0.4) + "spindle 0 0 1"
    guesses = [g for g in turned_back(traced("turn_a", lines)) if "bare_a" in g.text]
    cost = 7 + math.log2(5)
    assert claims(guesses) == [
        ("inverse-rotation", f"turned by the opposite angle about {axis} (from bare_a)", cost, 8.0)
        for axis in ("x", "y", "z", "spindle", "the reference's own axis")
    ]
    assert guesses[-1].values == pytest.approx(turn(V, SKEW, -0.4), abs=1e-12)
    said = {g.text.rpartition("from ")[2] for g in turned_back(traced("turn_a", lines))}
    assert said == {"bare_a)"}


def test_a_turn_of_the_parent_costs_three_bits_less() -> None:
    document = {"turn_a": {"shape": [3], "parents": ["bare_a"], "formula": "bare_a"}, "bare_a": {"shape": [3]}}
    guesses = list(turned_back(traced("turn_a", turned_edges("a", "b", Z, 0.4), document=document)))
    assert {(g.text.partition("(")[2], g.cost) for g in guesses} == {("from bare_a)", 6.0)}
    assert len(guesses) == 4


def test_only_vectors_of_three_are_turned() -> None:
    assert claims(turned_back(traced("x", "x 1 0; y 0 1"))) == []
    assert claims(turned_back(traced("x", "x 1 0 0 0; y 0 1 0 0"))) == []
    assert len(claims(turned_back(traced("x", "x 1 0 0; y 0 1 0")))) == 3


LOOP = "x{phi=0} 1 2; x{phi=1} 5 6; v{phi=1} 7 8; v{phi=0} 3 4; once 9 9; twice 1 2; twice 3 4; w 1 2 3; n 1"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("v", [[3.0, 4.0], [7.0, 8.0]]),  # of the same place in the loop
        ("once", [[9.0, 9.0], [9.0, 9.0]]),
        ("w", None),  # three numbers
        ("n", None),
        ("unknown", None),
    ],
)
def test_a_vector_along_the_records_has_their_width(name: str, values: list[list[float]] | None) -> None:
    found = vectors_along(traced("x", LOOP), name)
    assert (found and [[p.r for p in row] for row in found]) == values
    assert found is None or all(p.r == p.c and p.r_error == p.c_error for row in found for p in row)


def test_one_record_does_not_say_which_of_two_vectors_is_meant() -> None:
    assert vectors_along(traced("x", "x 1 2; twice 1 2; twice 3 4"), "twice") is None


@pytest.mark.parametrize("record", ["1 2 MOSFLM", "1 MOSFLM", "MOSFLM XDS"])
def test_a_vector_with_a_word_in_it_is_none(record: str) -> None:
    assert vectors_along(traced("x", f"x 1 2; v {record}"), "v") is None


def test_a_vector_is_known_to_half_its_last_digit_and_twice_its_rounding() -> None:
    """Six digits are printed: half of the last is 5e-6 of 2, 5e-7 of 0.25."""
    (fine,) = vectors_along(traced("x", "x 1 2; v 2 0.25"), "v") or ()
    assert [p.r_error for p in fine] == pytest.approx([5e-6, 5e-7], rel=1e-6)
    coarse = {"v": {"shape": [2], "noise": {"ulp": 2e12, "why": "made up"}}}
    (rough,) = vectors_along(traced("x", "x 1 2; v 3 4", document=coarse), "v") or ()
    epsilon, length = 2.0**-52, 4 * math.sqrt(2)  # a vector's roundings are relative to its length, at most this
    assert [p.r_error for p in rough] == pytest.approx([5e-6 + 2 * 2e12 * epsilon * length] * 2, rel=1e-9)
