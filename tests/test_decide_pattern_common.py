"""One unknown factor of all components, and vectors that were normalised on one side."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.pattern_common import common
from firstbad.tracer.pattern_data import Guess
from pattern_columns import data_of, one, texts

Rows = list[list[float]]


def guesses(reference: Rows, candidate: Rows, **errors: float) -> list[Guess]:
    return [*common(data_of(reference, candidate, **errors))]


def scaled(rows: Rows, factor: float) -> Rows:
    return [[x * factor for x in row] for row in rows]


ROWS = [[1.0, -8.0], [3.0, 0.5]]


def test_a_factor_without_a_name() -> None:
    """It is read from -8, the largest: that component, and any like it, says nothing for it."""
    guess = one(common(data_of([*ROWS, [-8.0, 5.0]], [[1.2345, -9.876], [3.7035, 0.61725], [-9.876, 6.1725]])))
    assert (guess.kind, guess.cost, guess.least, guess.bits) == ("common-factor", 14.0, 8.0, None)
    assert guess.text == "all components are multiplied by the same 1.2345"
    assert guess.values == pytest.approx([1.2345, None, 3.7035, 0.61725, None, 6.1725])


def test_its_error_is_that_of_both_components_it_is_read_from_and_of_the_reference() -> None:
    """The ratio -2.5 of 8 ± 0.08 and 20 ± 0.4 is known to 0.01 + 0.02 of itself."""
    (guess,) = guesses([[8.0, -3.0]], [[-20.0, 7.5]], r_error=0.08, c_error=0.4)
    assert guess.values == [None, 7.5]
    assert guess.errors == pytest.approx([2.5 * 0.08 + 20 * 0.03, 2.5 * 0.08 + 7.5 * 0.03])
    assert guess.text == "a factor of -5/2"


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        (1.0000016131, "1.00000161"), (0.9999983869, "0.999998387"), (1.00123456, "1.00123"), (-1.0000016131, "-1.00000161"),
        (123456.789, "123457"), (0.000123456789, "0.000123457"),
    ],
)  # fmt: skip
def test_a_factor_near_one_is_told_from_one(factor: float, said: str) -> None:
    (guess,) = guesses(ROWS, scaled(ROWS, factor))
    assert guess.text == f"all components are multiplied by the same {said}"


@pytest.mark.parametrize(("factor", "said"), [(1.234, False), (1.2345, True), (-1.2345, True), (1.0, False)])
def test_a_factor_of_four_digits_may_be_anything(factor: float, said: bool) -> None:
    """Read as the ratio of two short numbers, it would be the ratio of many."""
    assert bool(guesses([[1.0, 0.5]], [[factor, 0.5 * factor]])) is said


@pytest.mark.parametrize(("first", "said"), [(8.12345678, False), (8.123456789, True)])
def test_a_short_factor_of_a_long_number_is_none_by_chance(first: float, said: bool) -> None:
    reference = [[first, 3.5]]
    assert bool(guesses(reference, scaled(reference, 1.02))) is said


@pytest.mark.parametrize(
    ("over", "name"),
    [
        ((2, 1), "2"), ((3, 1), "3"), ((12, 1), "12"), ((1, 2), "1/2"), ((1, 12), "1/12"), ((3, 2), "3/2"),
        ((2, 3), "2/3"), ((4, 3), "4/3"), ((3, 4), "3/4"), ((6, 2), "3"), ((-2, 3), "-2/3"), ((-7, 1), "-7"),
    ],
)  # fmt: skip
def test_a_ratio_whose_numbers_have_a_product_of_at_most_twelve_has_a_name(over: tuple[int, int], name: str) -> None:
    top, bottom = over
    (guess,) = guesses(scaled(ROWS, bottom), scaled(ROWS, top))
    assert (guess.kind, guess.text, guess.cost) == ("small-ratio", f"a factor of {name}", 14.0)
    assert guess.values == [top, None, 3 * top, 0.5 * top]


@pytest.mark.parametrize("over", [(13, 1), (1, 13), (7, 2), (2, 7), (5, 3), (1, 1), (-1, 1), (14, 1)], ids=str)
def test_other_ratios_have_none(over: tuple[int, int]) -> None:
    top, bottom = over
    assert not [text for text in texts(iter(guesses(scaled(ROWS, bottom), scaled(ROWS, top)))) if "factor of" in text]


def test_a_ratio_is_simple_as_far_as_it_is_known() -> None:
    almost = [[8.0, -3.0]], [[16.1, -6.0375]]
    assert texts(iter(guesses(*almost, c_error=0.11))) == ["a factor of 2"]
    assert texts(iter(guesses(*almost, c_error=0.09))) == ["all components are multiplied by the same 2.0125"]


def test_one_number_has_no_common_factor_and_neither_has_what_is_zero() -> None:
    assert not guesses([[8.0]], [[9.87654]])
    assert len(guesses([[8.0], [4.0]], [[9.87654], [4.93827]])) == 1
    assert not guesses([[0.0, 0.0]], [[9.87654, 4.93827]])
    assert not guesses([[8.0, 4.0]], [[0.0, 0.0]])


# ---- length one --------------------------------------------------------------------------------------------------

UNIT = [[0.6, 0.8], [-0.8, 0.6]]
LONG = [[1.5, 2.0], [-4.0, 3.0]]
"""The same directions with lengths 2.5 and 5."""


def test_the_candidate_s_vectors_were_scaled_to_length_one() -> None:
    first, *rest = guesses(LONG, UNIT, r_error=0.01)
    assert (first.kind, first.cost) == ("normalisation", 20.0)
    assert first.text == "the candidate's vectors are scaled to length 1, the reference's are not"
    assert first.values == pytest.approx([0.6, 0.8, -0.8, 0.6])
    assert first.errors == pytest.approx([0.012, 0.012, 0.006, 0.006]), "three times the largest error over the length"
    assert [guess.kind for guess in rest] == ["small-ratio"], "1/5, read from the second vector"


def test_the_largest_error_of_a_vector_counts_for_all_of_it() -> None:
    data = data_of(LONG, UNIT, r_error=0.01)
    known = tuple(type(p)(p.r, p.c, 0.0 if p.r == 1.5 else p.r_error, p.c_error) for p in data.flat)
    mixed = type(data)("x", data.records, (known[:2], known[2:]), data.compared, data.shape, known)
    assert next(common(mixed)).errors == pytest.approx([0.012, 0.012, 0.006, 0.006])


def test_a_vector_of_length_zero_has_no_direction() -> None:
    first = guesses([[0.0, 0.0], [-4.0, 3.0]], UNIT)[0]
    assert [math.isnan(value) for value in first.values if value is not None] == [True, True, False, False]
    assert first.errors == [0.0, 0.0, 0.0, 0.0]


def test_the_factor_of_normalised_vectors_keeps_its_own_error() -> None:
    """Both claims stand side by side; that of a factor is known as far as the two components it is read from."""
    reference = [[4.9383, 6.5844]]
    first, second = guesses(reference, [[0.6, 0.8]], r_error=0.01, c_error=0.02)
    assert (first.kind, second.kind) == ("normalisation", "common-factor")
    factor = 0.8 / 6.5844
    off = 0.01 / 6.5844 + 0.02 / 0.8
    assert second.errors == pytest.approx([factor * 0.01 + 0.6 * off, factor * 0.01 + 0.8 * off])


def test_the_candidate_s_vectors_are_not_normalised() -> None:
    first, *rest = guesses(UNIT, LONG, r_error=0.01)
    assert (first.kind, first.cost) == ("normalisation", 6.0)
    assert first.text == "the reference's vectors have length 1, the candidate's are not normalised"
    assert first.values == pytest.approx([1.5, None, -2.0, 1.5])
    assert first.errors is not None and first.errors[0] == pytest.approx(2.5 * 0.01 + 1.5 * 0.01 / 0.8)
    assert [guess.kind for guess in rest] == ["small-ratio"]


def kinds(reference: Rows, candidate: Rows) -> list[str]:
    return [guess.kind for guess in guesses(reference, candidate)]


def test_of_length_one_are_all_vectors_of_a_side_or_none() -> None:
    assert "normalisation" not in kinds(LONG, scaled(LONG, 1.2345))
    assert "normalisation" not in kinds(UNIT, [[0.8, 0.6], [0.6, 0.8]])
    assert "normalisation" not in kinds(LONG, [UNIT[0], [-0.8, 0.7]])
    assert "normalisation" not in kinds([UNIT[0], [-0.8, 0.7]], LONG)
    assert "normalisation" in kinds([UNIT[0], [-0.8, 0.7]], UNIT)
    assert "normalisation" in kinds(UNIT, [UNIT[0], [-0.8, 0.7]])


@pytest.mark.parametrize(("off", "said"), [(9e-7, True), (-9e-7, True), (1.1e-6, False), (-1.1e-6, False)])
def test_a_length_of_one_is_one_to_a_millionth(off: float, said: bool) -> None:
    assert ("normalisation" in kinds(LONG, scaled(UNIT, 1 + off))) is said
    assert ("normalisation" in kinds(scaled(UNIT, 1 + off), LONG)) is said


def test_lengths_are_of_vectors_of_two_or_more() -> None:
    assert "normalisation" not in kinds([[5.0], [2.0]], [[1.0], [1.0]])
    assert "normalisation" not in kinds([[1.0], [1.0]], [[5.0], [2.0]])
    assert "normalisation" in kinds([[1.0, 2.0, 2.0]], [[1 / 3, 2 / 3, 2 / 3]])


@pytest.mark.parametrize(("off", "said"), [(9e-7, False), (-9e-7, False), (1.1e-6, True), (-1.1e-6, True)])
def test_a_common_factor_that_is_a_rounding_explains_nothing(off: float, said: bool) -> None:
    assert ("common-factor" in kinds(LONG, scaled(LONG, 1 + off))) is said
