"""Matrices, offsets and roundings: what each rule claims, and what it leaves to others."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.pattern_shapes import (
    ROUNDINGS,
    _fractions,
    _orthonormal,
    _rounds,
    added,
    away,
    index_off,
    offset,
    rows_and_columns,
    transposed,
    transposed_vectors,
    wrong_rounding,
)
from hypothesis import given
from hypothesis import strategies as st
from made_pairs import bare, claims, only, series, traced
from pattern_pairs import exact

MATRIX = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
KNOWN = [x / 16 for x in MATRIX]
"""How exactly each component is known: told apart, so that errors are seen to follow their components."""
TURN = [0.0, -1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]


def test_a_transposed_matrix_holds_the_columns_of_the_reference() -> None:
    guess = only(transposed(bare([MATRIX], [MATRIX], [KNOWN])))
    assert claims([guess]) == [("transpose", "the matrix is transposed", 2.0, 1.0)]
    assert guess.values == [1, 4, 7, 2, 5, 8, 3, 6, 9]
    assert guess.errors == [x / 16 for x in (1, 4, 7, 2, 5, 8, 3, 6, 9)]


def test_a_transposed_rotation_is_its_inverse_if_every_record_is_a_rotation() -> None:
    inverse = ("inverse-rotation", "the rotation is inverted (its matrix transposed)", 2.0, 1.0)
    assert claims(transposed(bare([TURN, TURN], [TURN, TURN]))) == [inverse]
    assert only(transposed(bare([TURN, MATRIX], [TURN, TURN]))).kind == "transpose"


THREE = "r_a 1.5 2.5 3.5; r_b 4.5 5.5 6.5; r_c 7.5 8.5 9.5"


@pytest.mark.parametrize(("name", "values"), [("r_a", [1.5, 4.5, 7.5]), ("r_c", [3.5, 6.5, 9.5])])
def test_three_vectors_that_are_named_alike_are_the_rows_of_a_matrix(name: str, values: list[float]) -> None:
    guess = only(transposed_vectors(traced(name, THREE)))
    assert claims([guess]) == [("transpose", "a, b and c as the rows of a matrix are transposed", 3.0, 8.0)]
    assert guess.values == values
    assert guess.errors is not None and len(guess.errors) == 3


@pytest.mark.parametrize(
    ("name", "trace"),
    [
        ("r_a", "r_a 1.5 2.5 3.5; r_b 4.5 5.5 6.5"),
        ("r_a", "r_a 1.5 2.5; r_b 4.5 5.5; r_c 7.5 8.5"),
        ("a_b", "a_b 1.5 2.5 3.5; b_b 4.5 5.5 6.5; c_b 7.5 8.5 9.5"),
        ("r_d", f"r_d 1.5 2.5 3.5; {THREE}"),
    ],
    ids=["one is missing", "no matrix", "which of two", "another letter"],
)
def test_other_vectors_are_no_rows(name: str, trace: str) -> None:
    assert claims(transposed_vectors(traced(name, trace))) == []


@pytest.mark.parametrize("width", [1, 3, 8, 10])
def test_only_nine_numbers_are_a_matrix(width: int) -> None:
    row = [float(i) for i in range(width)]
    assert claims(transposed(bare([row], [row]))) == []
    assert claims(rows_and_columns(bare([row], [row]))) == []


@pytest.mark.parametrize("place", range(9))
def test_each_component_of_a_rotation_counts(place: int) -> None:
    """On the identity a component on the diagonal makes a row longer, any other makes two rows lean."""
    identity = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    on_diagonal = place in (0, 4, 8)

    def leaning(by: float) -> bool:
        return _orthonormal([x + (by if i == place else 0.0) for i, x in enumerate(identity)])

    half = 0.5 if on_diagonal else 1.0  # the square of 1 + e is 1 + 2 e
    assert leaning(0.9e-6 * half) and leaning(-0.9e-6 * half)
    assert not leaning(1.1e-6 * half) and not leaning(-1.1e-6 * half)
    assert on_diagonal or not leaning(1e-6)


def test_rows_and_columns_in_every_order_but_the_first() -> None:
    guesses = list(rows_and_columns(bare([MATRIX], [MATRIX], [KNOWN])))
    assert {(g.kind, g.cost, g.least) for g in guesses} == {("matrix-order", 5.0, 1.0)}
    held = {g.text: "".join(f"{v:g}" for v in g.values) for g in guesses}
    assert held == {
        "the rows of the matrix are exchanged: 123 became 132": "123789456",
        "the columns of the matrix are exchanged: 123 became 132": "132465798",
        "the rows of the matrix are exchanged: 123 became 213": "456123789",
        "the columns of the matrix are exchanged: 123 became 213": "213546879",
        "the rows of the matrix are exchanged: 123 became 231": "456789123",
        "the columns of the matrix are exchanged: 123 became 231": "231564897",
        "the rows of the matrix are exchanged: 123 became 312": "789123456",
        "the columns of the matrix are exchanged: 123 became 312": "312645978",
        "the rows of the matrix are exchanged: 123 became 321": "789456123",
        "the columns of the matrix are exchanged: 123 became 321": "321654987",
    }
    for g in guesses:
        assert g.errors == [v / 16 for v in g.values if v is not None]


@pytest.mark.parametrize(
    ("x", "whole"), [(0.5, 1), (-0.5, -1), (1.5, 2), (2.5, 3), (-2.5, -3), (0.49, 0), (2.51, 3), (-2.49, -2), (7, 7)]
)
def test_halves_are_rounded_away_from_zero(x: float, whole: float) -> None:
    assert away(x) == whole


@given(st.floats(-1e6, 1e6))
def test_rounding_away_goes_at_most_half_and_is_odd(x: float) -> None:
    assert abs(away(x) - x) <= 0.5
    assert away(-x) == -away(x)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("rounded down", [2, -3, 3, -2]),
        ("rounded up", [3, -2, 4, -1]),
        ("cut off towards zero", [2, -2, 3, -1]),
        ("rounded half to even", [2, -2, 4, -2]),
        ("rounded half away from zero", [3, -3, 4, -2]),
    ],
)
def test_the_ways_to_make_a_whole_number_of_a_fraction(text: str, held: list[float]) -> None:
    f = dict(ROUNDINGS)[text]
    assert [f(x) for x in (2.5, -2.5, 3.5, -1.7)] == held


FRACTION = {"h": {"parents": ["f"], "formula": "f"}, "f": {}, "g": {}}


def test_a_whole_number_made_of_a_fraction_by_another_rule() -> None:
    guesses = list(wrong_rounding(traced("h", "f 2.75; g 2.25; h 3", "f 2.75; g 2.25; h 2", FRACTION)))
    assert claims(guesses) == [
        ("integer-truncation", f"f is {text} where the reference rounds to the nearest", 0.0, 1.0)
        for text, _ in ROUNDINGS
    ]
    assert [g.values for g in guesses] == [[2.0], [3.0], [2.0], [3.0], [3.0]]
    assert all(g.errors is None for g in guesses)


def test_where_no_parent_is_known_any_fraction_may_have_been_rounded() -> None:
    guesses = list(wrong_rounding(traced("h", "f 2.75; i 7; h 3; g 3.25", "h 2")))
    assert [g.text.split()[0] for g in guesses] == ["f"] * 5 + ["g"] * 5
    assert {g.cost for g in guesses} == {2.0}, "one of four names"


def test_a_half_and_a_billionth_is_the_most_that_rounding_takes_away() -> None:
    assert _rounds(series([0.0], [1.0]), [0.5 + 1e-9])


@pytest.mark.parametrize(
    ("reference", "candidate"),
    [("3.5", "2"), ("3", "2.5"), ("2.5", "2.5"), ("3; h 2.5", "2; h 2"), ("3; h 3", "2; h 2.5")],
)
def test_what_is_no_whole_number_on_either_side_was_not_rounded(reference: str, candidate: str) -> None:
    assert claims(wrong_rounding(traced("h", f"f 2.75; h {reference}", f"h {candidate}"))) == []


def test_fractions_lie_beside_numbers_and_vectors_but_are_never_the_quantity_itself() -> None:
    scalar, vector = traced("h", "h 3; f 2.75; v 1 2 3"), traced("h", "h 3 4 5; f 2.75; v 3.1 4.1 5.1")
    assert _fractions(scalar, "f") == [2.75]
    assert _fractions(vector, "v") == [3.1, 4.1, 5.1]
    assert _fractions(scalar, "v") is None
    assert _fractions(vector, "f") is None
    assert _fractions(scalar, "h") is None


@pytest.mark.parametrize(
    ("fractions", "rounded"),
    [
        ([2.5, 4.0], True),
        ([3.5, 4.25], True),
        ([3.5 + 0.9e-9, 4.0], True),
        ([3.5 + 1.5e-9, 4.0], False),
        ([2.25, 4.0], False),
        ([3.0, 4.75], False),
        ([3.0, 4.0], False),  # nothing to round
    ],
)
def test_the_reference_is_the_nearest_whole_number_of_each(fractions: list[float], rounded: bool) -> None:
    assert _rounds(series([3.0, 4.0], [2.0, 4.0]), fractions) is rounded


def test_an_index_that_is_off_by_a_half_or_by_one() -> None:
    guesses = list(index_off(bare([[2.25, 0.0]], [[0.0, 0.0]], [[0.25, 0.125]])))
    assert claims(guesses) == [
        ("half-pixel", "+0.5 everywhere", 5.0, 4.0),
        ("half-pixel", "-0.5 everywhere", 5.0, 4.0),
        ("off-by-one", "+1 everywhere: an index counted from another start", 5.0, 4.0),
        ("off-by-one", "-1 everywhere: an index counted from another start", 5.0, 4.0),
    ]
    assert [g.values for g in guesses] == [[2.75, 0.5], [1.75, -0.5], [3.25, 1.0], [1.25, -1.0]]
    assert all(g.errors == [0.25, 0.125] for g in guesses)


def test_a_reference_that_would_not_show_in_the_sum_is_no_index() -> None:
    assert len(claims(index_off(series([-0.01], [1.0])))) == 4
    assert claims(index_off(series([0.00999], [1.0]))) == []
    assert claims(index_off(series([-0.00999], [1.0]))) == []


def test_a_count_that_the_catalogue_knows_is_off_by_one_more_easily() -> None:
    known = {"n": {}}
    assert {(g.cost, g.least) for g in index_off(traced("n", "n 0", "n 1", known))} == {(2.0, 1.0)}
    assert {(g.cost, g.least) for g in index_off(traced("n", "n 7.5", "n 8.5", known))} == {(5.0, 4.0)}
    assert claims(index_off(traced("n", "n 0", "n 1"))) == []


def test_the_same_amount_is_claimed_of_all_but_the_component_that_showed_it() -> None:
    """The largest difference shows the amount; what repeats that component proves nothing either."""
    data = bare([[1.0, 2.0, 1.0]], [[1.5, 2.25, 1.5]], [[1 / 64, 1 / 32, 1 / 16]], c_error=1 / 128)
    guess = only(offset(data))
    assert claims([guess]) == [("offset", "the same +0.5 is added everywhere", 14.0, 8.0)]
    assert guess.values == [None, 2.5, None]
    assert guess.errors == [1 / 64 + 3 / 128, 1 / 32 + 3 / 128, 1 / 16 + 3 / 128]


def test_the_amount_may_be_negative() -> None:
    guess = only(offset(series([1.0, 2.0, 3.0], [0.75, 1.5, 2.75])))
    assert guess.text == "the same -0.5 is added everywhere"
    assert guess.values == [0.5, None, 2.5]


def test_an_offset_needs_three_components_all_of_which_changed() -> None:
    assert claims(offset(series([1.0, 2.0], [2.0, 3.0]))) == []
    assert len(claims(offset(series([1.0, 2.0, 3.0], [2.0, 3.0, 4.0])))) == 1
    assert claims(offset(series([1.0, 2.0, 3.0], [2.0, 3.0, 3.0]))) == []
    assert claims(offset(series([1.0, 2.0, 3.0], [2.0, 2.0, 3.0]))) == []


def test_the_same_vector_in_every_record_is_read_from_the_first() -> None:
    """A component of a later record that only repeats the first one's claims nothing."""
    reference, candidate = [[1.0, 5.0], [2.0, 5.0], [3.0, 5.5]], [[1.5, 4.0], [2.5, 4.0], [3.0, 4.5]]
    known = [[0.125, 0.125], [0.25, 0.0625], [0.03125, 0.25]]
    guess = only(offset(bare(reference, candidate, known, c_error=0.0625)))
    assert claims([guess]) == [("offset", "the same vector (+0.5, -1) is added everywhere", 16.0, 8.0)]
    assert guess.values == [None, None, 2.5, None, 3.5, 4.5]
    assert guess.errors == [0.0, 0.0, 0.25 + 0.1875, 0.0625 + 0.1875, 0.03125 + 0.1875, 0.25 + 0.1875]


@pytest.mark.parametrize(("second", "claimed"), [(1.25, None), (0.75, None), (1.3125, 1.8125), (0.6875, 1.1875)])
def test_a_repetition_is_one_within_what_is_known_of_both(second: float, claimed: float | None) -> None:
    data = bare([[1.0, 5.0], [second, 7.0]], [[1.5, 6.0], [2.5, 8.0]], 0.125)
    assert list(offset(data))[-1].values == [None, None, claimed, 8.0]


def test_a_vector_is_added_where_two_components_changed_or_more() -> None:
    reference = [[1.0, 2.0], [3.0, 5.0]]
    assert len(claims(offset(bare(reference, [[1.5, 2.0], [3.5, 5.0]])))) == 1
    assert claims(offset(bare(reference, [[1.0, 2.0], [3.5, 5.0]]))) == []


def test_one_amount_for_all_and_one_vector_for_all_are_two_claims() -> None:
    data = bare([[1.0, 2.0], [3.0, 4.0]], [[1.5, 2.5], [3.5, 4.5]])
    assert [g.cost for g in offset(data)] == [14.0, 16.0]
    assert [g.cost for g in offset(bare([[1.0, 2.0, 4.0]], [[1.5, 2.5, 4.5]]))] == [14.0]


def test_another_vector_is_added_or_subtracted_once_too_often() -> None:
    guesses = list(added(traced("x", "s 2; v 1 2 4; x 10 20 40; w 3 3 3")))
    assert claims(guesses) == [
        ("offset", "v is added once too often", 7 + math.log2(6), 8.0),
        ("offset", "v is subtracted", 7 + math.log2(6), 8.0),
        ("offset", "w is added once too often", 7 + math.log2(6), 8.0),
        ("offset", "w is subtracted", 7 + math.log2(6), 8.0),
    ]
    assert [g.values for g in guesses[:2]] == [[11.0, 22.0, 44.0], [9.0, 18.0, 36.0]]


def test_a_vector_that_the_formula_reads_is_added_more_easily() -> None:
    document = {"x": {"shape": [3], "parents": ["v"], "formula": "v"}, "v": {"shape": [3]}}
    assert {g.cost for g in added(traced("x", "v 1 2 4; x 10 20 40", document=document))} == {4.0}


def test_the_errors_of_a_sum_add_up() -> None:
    """Six digits are printed: half of the sixth of 10 is 5e-5, of 1 5e-6."""
    for guess in added(traced("x", "v 1 1 1; x 10 10 10")):
        assert guess.errors == pytest.approx([5.5e-5] * 3, rel=1e-6)


def test_numbers_are_not_added_by_name() -> None:
    assert claims(added(traced("x", "v 1; x 10"))) == []


@pytest.mark.parametrize(("kind", "said"), [("input", 0), ("derived", 4), ("branch", 4)])
def test_an_input_that_is_one_larger_is_no_index_from_another_start(kind: str, said: int) -> None:
    data = exact([[80.0]], [[81.0]], quantities={"x": {"kind": kind}})
    assert len(list(index_off(data))) == said
