"""Factors that another quantity holds: which quantities may be one, to what power, and what that costs."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.pattern import explain
from firstbad.tracer.pattern_data import Pair
from firstbad.tracer.pattern_factors import _by, _factors, _kept, echoed, other_quantity, scalars_along
from pattern_pairs import Rows, context, exact, printed, said

X, Q = 12.3456789012, 0.7
COARSE = {"ulp": 2.0**40, "why": "a floor of 2^-12 of the value"}


def offered(a: dict[str, Rows], x: Rows = ((X,),)) -> list[tuple[str, list[float], float]]:
    """The quantities of the reference that may be factors of x: name, values along its records, cost."""
    data = printed({**a, "x": x}, {"x": x})
    return [(name, [f.r for f in along], extra) for name, along, extra in _factors(data)]


@pytest.mark.parametrize(
    ("power", "kind", "text"),
    [
        (-1.0, "missing-factor", "the candidate lacks a factor q"),
        (1.0, "extra-factor", "the candidate has q as one factor too many"),
        (-2.0, "missing-factor", "the candidate lacks a factor q²"),
        (2.0, "extra-factor", "the candidate has q² as a factor too many"),
        (-0.5, "missing-square", "the candidate has √q as a factor where q belongs, or lacks √q"),
        (0.5, "missing-square", "the candidate has √q as a factor too many"),
        (-3.0, "missing-factor", "the candidate lacks a factor q³"),
        (3.0, "extra-factor", "the candidate has q³ as a factor too many"),
    ],
)
def test_a_quantity_is_a_factor_to_a_power(power: float, kind: str, text: str) -> None:
    (guess,) = other_quantity(printed({"q": [[Q]], "x": [[X]]}, {"x": [[X * Q**power]]}))
    assert said(guess) == (kind, text, 5 + 3 + abs(power), 8.0)  # 3: eight powers of one quantity
    assert guess.values == pytest.approx([X * Q**power], rel=1e-13)


@pytest.mark.parametrize("power", [4.0, -4.0, 1.5, 0.0])
def test_other_powers_of_a_quantity_are_none(power: float) -> None:
    assert [*other_quantity(printed({"q": [[Q]], "x": [[X]]}, {"x": [[X * Q**power]]}))] == []


def test_the_more_quantities_there_are_the_less_one_of_them_says() -> None:
    a: dict[str, Rows] = {"p": [[0.9]], "q": [[Q]], "r": [[0.8]], "s": [[0.55]], "x": [[X]]}
    (guess,) = other_quantity(printed(a, {"x": [[X / Q]]}))
    assert (guess.text, guess.cost) == ("the candidate lacks a factor q", 5 + 5 + 1)


def test_a_quantity_that_the_formula_reads_costs_four_bits_less() -> None:
    quantities = {"q": {}, "x": {"parents": ["q"], "formula": "q"}}
    (guess,) = other_quantity(printed({"q": [[Q]], "x": [[X]]}, {"x": [[X * Q]]}, quantities))
    assert guess.cost == 5 + 3 + 1 - 4


def test_the_edge_of_a_pixel_needs_no_choice() -> None:
    """It is one of the lengths that everything is multiplied with: in metres, where the trace holds millimetres."""
    data = printed({"x": [[X]]}, {"x": [[X * 0.000172]]})
    data.compared.a.parameters["pixel_mm"] = 0.172
    (guess,) = other_quantity(data)
    assert said(guess) == ("extra-factor", "the candidate has pixel_mm as one factor too many", 5 - 2 + 1, 8.0)


def test_the_value_kept_from_the_first_record_costs_two_bits() -> None:
    a: dict[str, Rows] = {"q": [[0.7], [0.6], [0.9]], "x": [[X], [X], [X]]}
    (guess,) = other_quantity(printed(a, {"x": [[X / 0.7]] * 3}))
    assert (guess.text, guess.cost) == ("the candidate lacks a factor q", 5 + math.log2(16) + 2 + 1)


@pytest.mark.parametrize(("reference", "candidate"), [(X, 0.0), (0.0, X)])
def test_zero_is_no_product(reference: float, candidate: float) -> None:
    assert [*other_quantity(printed({"q": [[Q]], "x": [[reference]]}, {"x": [[candidate]]}))] == []


def test_the_quantity_itself_and_console_lines_are_no_factors_and_what_follows_them_is() -> None:
    a: dict[str, Rows] = {"x": [[X]], "said_steps": [[5.0]], "q": [[Q]]}
    data = printed(a, {"x": [[X]]})
    assert [name for name, _, _ in _factors(data)] == ["q"]
    assert echoed("said_steps") and not echoed("steps_said_") and not echoed("q")


@pytest.mark.parametrize(
    ("values", "there"),
    [
        ([1.0], False),
        ([-1.0], False),
        ([0.0], False),
        ([2.0], True),
        ([1.0, 0.0, -1.0], False),
        ([1.0, 0.5, 1.0], True),
    ],
)
def test_zero_and_one_multiply_nothing(values: list[float], there: bool) -> None:
    x = [[X + i] for i in range(len(values))]
    expected = [("q", values, 0.0)] if there else []
    assert offered({"q": [[v] for v in values]}, x) == expected


def test_words_vectors_and_what_varies_inside_a_record_are_no_factors() -> None:
    a: dict[str, Rows] = {"word": [["MOSFLM"]], "v": [[0.5, 0.6]], "mixed": [["5", "times"]], "loop": [[0.5], [0.6]]}
    assert offered(a) == []
    data = printed({**a, "x": [[X]]}, {"x": [[X]]})
    assert all(scalars_along(data, name) is None for name in ("word", "v", "mixed", "loop", "unknown"))


def test_a_scalar_is_taken_at_the_place_of_each_record() -> None:
    assert offered({"q": [[0.5], [0.6]]}, [[X], [X + 1]]) == [("q", [0.5, 0.6], 0.0)]
    assert offered({"q": [[0.5]]}, [[X], [X + 1]]) == [("q", [0.5, 0.5], 0.0)]


def test_the_first_value_of_a_scalar_that_varies_is_offered_where_x_keeps_one_value() -> None:
    varying: dict[str, Rows] = {"q": [[0.5], [0.6]]}
    assert offered(varying, [[X], [X]]) == [("q", [0.5, 0.6], 0.0), ("q", [0.5, 0.5], 2.0)]
    assert offered(varying, [[X], [X + 1]]) == [("q", [0.5, 0.6], 0.0)]
    assert offered({"q": [[0.5], [0.5]]}, [[X], [X]]) == [("q", [0.5, 0.5], 0.0)]
    assert offered({"q": [[0.5], [0.6, 0.7]]}, [[X], [X]]) == []


def test_a_scalar_below_the_place_of_x_is_offered_where_all_its_records_agree() -> None:
    assert offered({"q": [[0.5], [0.5], [0.5]]}) == [("q", [0.5], 2.0)]
    assert offered({"q": [[0.5], [0.5], [0.6]]}) == []
    assert offered({"q": [[0.5], [0.6, 0.7], [0.5]]}) == []


@pytest.mark.parametrize("first", [0.0, 1.0, -1.0])
def test_a_first_value_of_zero_or_one_was_not_kept(first: float) -> None:
    assert offered({"q": [[first], [0.6]]}, [[X], [X]]) == [("q", [first, 0.6], 0.0)]
    assert offered({"q": [[first], [first]]}) == []


def test_what_the_candidate_keeps_does_not_matter_for_what_was_kept() -> None:
    data = printed({"q": [[0.5], [0.6]], "x": [[X], [X]]}, {"x": [[X + 1], [X + 2]]})
    kept = _kept(data, "q")
    assert kept is not None and kept.r == 0.5


def test_the_pixel_is_read_from_a_record_unless_it_was_inferred() -> None:
    metres = Pair(0.00025, 0.00025, 0.0, 0.0)
    data = printed({"pixel_mm": [["0.25"]], "x": [[X], [X + 1]]}, {"x": [[X], [X + 1]]})
    assert [*_factors(data)][-1] == ("pixel_mm", [metres, metres], -2.0)
    data.compared.a.parameters["pixel_mm"] = 0.5
    assert [*_factors(data)][-1] == ("pixel_mm", [Pair(0.0005, 0.0005, 0.0, 0.0)] * 2, -2.0)


def test_a_pixel_that_is_a_word_at_first_is_the_first_number() -> None:
    data = printed({"pixel_mm": [["unknown"], [0.25, 0.5]], "x": [[X]]}, {"x": [[X]]})
    assert [(n, along[0].r) for n, along, _ in _factors(data)] == [("pixel_mm", 0.00025)]


def test_a_factor_is_known_to_half_its_last_digit_and_twice_its_rounding() -> None:
    """2.50 shows hundredths; 2^40 roundings of it are 2^-12 of it."""
    quantities = {"q": {"noise": COARSE}}
    data = printed({"q": [["2.50"], ["4.5000"]], "x": [[X], [X]]}, {"x": [[X], [X]]}, quantities)
    along = scalars_along(data, "q")
    assert along is not None
    assert [p.r for p in along] == [p.c for p in along] == [2.5, 4.5]
    expected = [0.005 + 2 * 2.5 / 4096, 0.00005 + 2 * 4.5 / 4096]
    assert [p.r_error for p in along] == pytest.approx(expected, rel=1e-9)
    kept = _kept(data, "q")
    assert kept is not None
    assert (kept.r, kept.r_error) == (2.5, pytest.approx(expected[0], rel=1e-9))


def factor(value: float, error: float = 0.0) -> Pair:
    return Pair(value, value, error, error)


def test_each_record_is_multiplied_by_its_own_factor() -> None:
    data = exact([[1.0, 2.0], [3.0, 4.0]], [[3.0, 6.0], [15.0, 20.0]])
    assert _by(data, [factor(3.0), factor(5.0)], 1.0, 7.5) == ([3.0, 6.0, 15.0, 20.0], [0.0] * 4, 7.5)


def test_the_error_of_a_product_comes_from_both_and_grows_with_the_power() -> None:
    """x = 3 ± 0.5 times f² with f = 2 ± 0.25 (a relative 1/4 of the square) and f = -4 ± 1 (1/2)."""
    data = exact([[3.0], [-3.0]], [[12.0], [-48.0]], r_error=0.5)
    assert _by(data, [factor(2.0, 0.25), factor(-4.0, 1.0)], 2.0, 0.0) == ([12.0, -48.0], [5.0, 32.0], 0.0)
    inverse = exact([[16.0]], [[4.0]], r_error=0.5)
    assert _by(inverse, [factor(-2.0, 0.25)], -2.0, 0.0) == ([4.0], [0.125 + 1.0], 0.0)


@pytest.mark.parametrize(
    ("candidate", "error", "there"),
    [(100.0, 0.0, True), (101.0, 0.0, True), (99.0, 0.0, True), (101.25, 0.0, False), (-100.0, 0.0, False),
     (101.5, 0.25, True), (101.75, 0.25, False)],
)  # fmt: skip
def test_a_product_that_is_off_by_more_than_a_hundredth_is_dropped_at_once(
    candidate: float, error: float, there: bool
) -> None:
    """A hundredth, and what either number is known to."""
    data = exact([[50.0]], [[candidate]], r_error=error, c_error=error)
    assert (_by(data, [factor(2.0)], 1.0, 0.0) is not None) is there


@pytest.mark.parametrize(("value", "power"), [(-2.0, 0.5), (-2.0, -0.5), (0.0, -1.0), (0.0, 1.0), (1e200, 2.0)])
def test_a_power_that_is_no_number_is_no_factor(value: float, power: float) -> None:
    data = exact([[1.0]], [[1.0]], r_error=100.0, c_error=100.0)
    assert _by(data, [factor(value)], power, 0.0) is None


LONG = 12.345678901234


@pytest.mark.parametrize(("factor", "bits"), [(3.0, 40.0), (3.25, None)])
def test_a_whole_number_is_no_better_a_factor_the_more_components_show_it(factor: float, bits: float | None) -> None:
    """A pixel's number that happens to be 3 would explain any vector that is three times too long."""
    vector = [LONG, 1.1 * LONG, 1.3 * LONG]
    (guess,) = other_quantity(printed({"q": [[factor]], "x": [vector]}, {"x": [[factor * v for v in vector]]}))
    assert guess.text == "the candidate has q as one factor too many"
    assert guess.bits == (bits and pytest.approx(bits))


def test_three_times_is_three_times_whatever_else_is_three() -> None:
    vector = [LONG, 1.1 * LONG, 1.3 * LONG]
    both = context({"q": [[3.0]], "x": [vector]}, {"q": [[3.0]], "x": [[3 * v for v in vector]]})
    found = explain(both.a.trace.find("x"), both.b.trace.find("x"), both)
    assert found is not None and found.text == "a factor of 3"


def test_a_quantity_that_varies_is_no_whole_number_though_it_begins_with_one() -> None:
    """All components speak for it: no ratio of whole numbers is 3, then 0.7, then 5."""
    q, x = (3.0, 0.7, 5.0), (X, 1.23456789, 7.65432198)
    a: dict[str, Rows] = {"q": [[f] for f in q], "x": [[v] for v in x]}
    (guess,) = other_quantity(printed(a, {"x": [[v / f] for v, f in zip(x, q, strict=True)]}))
    assert (guess.text, guess.bits) == ("the candidate lacks a factor q", None)
