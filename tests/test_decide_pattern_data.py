"""What patterns are weighed on: pairs of numbers, what is known of them, and which records make pairs."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from firstbad.tracer.catalogue import from_document
from firstbad.tracer.model import Record, Trace
from firstbad.tracer.pattern_data import MOST, Context, Data, Guess, Pair, collect, each
from hypothesis import given
from hypothesis import strategies as st
from pattern_columns import data_of, record

NAN, INF = math.nan, math.inf


# ---- one pair ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("r", "c", "r_error", "c_error", "same"),
    [
        (1.0, 1.0, 0.0, 0.0, True),
        (1.0, 1.5, 0.25, 0.25, True),  # the two intervals touch
        (1.5, 1.0, 0.25, 0.25, True),
        (1.0, 1.5, 0.25, 0.2, False),
        (1.0, 1.5, 0.2, 0.25, False),
        (1.0, 1.0000001, 0.0, 0.0, False),
        (-1.5, 1.5, 1.0, 1.0, False),
        # what is not finite is no interval, whatever the errors
        (NAN, NAN, 0.0, 0.0, True),
        (NAN, 1.0, 9.0, 9.0, False),
        (1.0, NAN, 9.0, 9.0, False),
        (INF, INF, 0.0, 0.0, True),
        (INF, -INF, 9.0, 9.0, False),
        (INF, 1.0, INF, 0.0, False),  # the rounding of an infinite value is infinite
        (1.0, INF, 0.0, INF, False),
        (INF, NAN, INF, 0.0, False),
    ],
)
def test_two_numbers_are_the_same_where_their_intervals_touch(
    r: float, c: float, r_error: float, c_error: float, same: bool
) -> None:
    assert Pair(r, c, r_error, c_error).same is same


def test_a_guess_must_be_eight_bits_ahead_unless_it_says_otherwise() -> None:
    guess = Guess("sign", "the sign is reversed", [1.0], None, 2.0)
    assert (guess.least, guess.bits) == (8.0, None)


# ---- what the catalogue says -------------------------------------------------------------------------------------


KNOWN = {"unit": "mm", "parents": ["u", "v"], "formula": "u*v", "beside": ["w"]}


def test_the_catalogue_gives_unit_parents_and_what_the_formulas_read() -> None:
    catalogue = from_document({"quantity": {"u": {}, "v": {}, "w": {}, "x": {**KNOWN, "formula": "u*v + w"}}})
    a, b = Trace((record("x", 1.0),)), Trace((record("x", 2.0),))
    found = collect("x", a.records, b.records, Context.of(a, b, catalogue))
    assert found is not None
    assert (found.unit, found.parents, found.needed) == ("mm", ("u", "v"), {"u", "v", "w"})


def test_of_an_unknown_quantity_nothing_is_said() -> None:
    data = data_of([1.0], [2.0])
    assert (data.unit, data.parents, data.needed, data.counted) == ("", (), frozenset(), False)


@pytest.mark.parametrize(
    ("reference", "candidate", "counted"),
    [
        ([3.0, 4.0], [6.0, 8.0], True),
        ([3.0, 4.5], [6.0, 8.0], False),
        ([3.0, 4.0], [6.0, 8.5], False),
        ([3.5, 4.0], [6.0, 8.0], False),
    ],
)
def test_whole_numbers_on_both_sides_are_a_count(reference: list[float], candidate: list[float], counted: bool) -> None:
    assert data_of(reference, candidate, quantity={}).counted is counted
    assert data_of(reference, candidate).counted is False  # nobody knows what it is


def test_without_a_catalogue_nothing_is_known_and_with_one_both_views_have_it() -> None:
    trace, catalogue = Trace((record("x", 1.0),)), from_document({"quantity": {"x": {"unit": "m"}}})
    bare, known = Context.of(trace, trace), Context.of(trace, trace, catalogue)
    assert (len(bare.a.catalogue.quantities), len(bare.b.catalogue.quantities)) == (0, 0)
    assert known.a.catalogue is catalogue and known.b.catalogue is catalogue


def test_the_digits_are_those_of_the_coarsest_format_of_the_candidate() -> None:
    """Two programs may print one quantity, each with its own format."""
    fine = replace(record("x", 1.23456789012), prefix="TRACE_C")
    coarse = replace(record("x", 1.2345678, digits=8), prefix="TRACE_PY")
    a, b = Trace((fine, fine)), Trace((fine, coarse))
    ours, theirs = (collect("x", p.records, q.records, Context.of(p, q)) for p, q in ((a, b), (b, a)))
    assert ours is not None and theirs is not None
    assert (ours.digits, theirs.digits) == (8, 12)


# ---- parts of it -------------------------------------------------------------------------------------------------

MATRIX = [[1.0, -7.0, 3.0], [4.0, 5.0, INF]]
OTHER = [[1.5, -7.0, 3.0], [4.0, 5.5, 6.0]]


def numbers(data: Data) -> list[list[tuple[float, float]]]:
    assert data.flat == tuple(pair for row in data.rows for pair in row)
    return [[(p.r, p.c) for p in row] for row in data.rows]


def test_some_records_or_some_components_of_it() -> None:
    data = data_of(MATRIX, OTHER)
    assert data.width == 3
    assert numbers(data.only([1])) == [[(4.0, 4.0), (5.0, 5.5), (INF, 6.0)]]
    assert data.only([1]).records == data.records[1:] and data.only([1]).shape == (3,)
    part = data.columns([0, 2])
    assert numbers(part) == [[(1.0, 1.5), (3.0, 3.0)], [(4.0, 4.0), (INF, 6.0)]]
    assert (part.width, part.shape, part.records) == (2, (2,), data.records)


def test_the_mirror_image_exchanges_the_sides_with_their_errors_and_traces() -> None:
    data = data_of(MATRIX, OTHER, r_error=0.25, c_error=0.5)
    mirrored = data.mirrored()
    assert numbers(mirrored) == [[(c, r) for r, c in row] for row in numbers(data)]
    assert {(p.r_error, p.c_error) for p in mirrored.flat} == {(0.5, 0.25)}
    assert mirrored.compared.a is data.compared.b and mirrored.compared.b is data.compared.a
    assert [a for a, _ in mirrored.records] == [b for _, b in data.records]
    assert mirrored.mirrored() == replace(data, compared=mirrored.mirrored().compared)


def test_the_strongest_component_has_the_largest_finite_reference() -> None:
    assert data_of(MATRIX, OTHER).strongest().r == -7.0
    assert data_of([INF, 0.5, 0.25], [1.0, 2.0, 3.0]).strongest().r == 0.5
    assert data_of([NAN, 0.5], [1.0, 2.0]).strongest().r == 0.5


def test_components_that_show_the_same_to_ten_digits_are_repeats() -> None:
    data = data_of([2.0, 2.0, 2.00000000001, 2.0, 2.0000001, 3.0], [4.0, 4.0, 4.00000000001, 5.0, 4.0, 4.0])
    assert data.repeats(data.flat[0]) == [True, True, True, False, False, False]

    tiny = data_of([1e-30, 2e-30, 1e-30], [3e-30, 3e-30, 4e-30])
    assert tiny.repeats(tiny.flat[0]) == [True, False, False]


def test_minus_zero_repeats_zero_and_nan_repeats_neither_zero_nor_one() -> None:
    data = data_of([0.0, -0.0, 0.0, 0.0, NAN, NAN, 0.0], [1.0, 1.0, NAN, NAN, 1.0, 1.0, 0.0])
    assert data.repeats(data.flat[0]) == [True, True, False, False, False, False, False]
    assert data.repeats(data.flat[2]) == [False, False, True, True, False, False, False]
    assert data.repeats(data.flat[4]) == [False, False, False, False, True, True, False]


# ---- which records make pairs ------------------------------------------------------------------------------------


def collected(a: list[Record], b: list[Record]) -> Data | None:
    return collect("x", a, b, Context.of(Trace(tuple(a)), Trace(tuple(b))))


def at(value: float, phi: int, occurrence: int = 0) -> Record:
    return replace(record("x", value), scope=(("phi", str(phi)),), occurrence=occurrence)


def pairs(data: Data | None) -> list[tuple[float, float]]:
    return [(p.r, p.c) for p in data.flat] if data is not None else []


def test_as_many_records_are_paired_in_order_whatever_their_places() -> None:
    assert pairs(collected([at(1.0, 0), at(2.0, 1)], [at(3.0, 1), at(4.0, 2)])) == [(1.0, 3.0), (2.0, 4.0)]


def test_unequal_numbers_of_records_are_paired_by_place_and_occurrence() -> None:
    ours = [at(1.0, 0), at(2.0, 1), at(3.0, 1, 1)]
    assert pairs(collected(ours, [at(5.0, 1, 1), at(6.0, 0)])) == [(1.0, 6.0), (3.0, 5.0)]
    assert collected(ours, [at(5.0, 7), at(6.0, 8)]) is None


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (record("x", 1.0), record("x", 1.0, 2.0)),
        (record("x", 1.0, 2.0), record("x", 1.0)),
        (Record("x", (1.0, "MOSFLM"), ("1", "MOSFLM")), record("x", 1.0, 2.0)),
        (record("x", 1.0, 2.0), Record("x", (1.0, "MOSFLM"), ("1", "MOSFLM"))),
        (Record("x", (1.0, "XDS"), ("1", "XDS")), Record("x", (2.0, "MOSFLM"), ("2", "MOSFLM"))),
        (Record("x", (), ()), Record("x", (), ())),
    ],
)
def test_words_vectors_of_unequal_length_and_nothing_are_no_pairs(a: Record, b: Record) -> None:
    assert collected([a], [b]) is None
    good = record("x", 2.0)
    assert pairs(collected([a, good], [b, good])) == [(2.0, 2.0)]


def test_records_of_two_lengths_are_no_quantity() -> None:
    ragged = [record("x", 1.0), record("x", 1.0, 2.0)]
    assert collected(ragged, ragged) is None


def test_no_more_than_so_many_records_are_looked_at() -> None:
    many = [record("x", float(i)) for i in range(MOST + 5)]
    data = collected(many, many)
    assert data is not None and (len(data.rows), len(data.records), len(data.flat)) == (200, 200, 200)


@pytest.mark.parametrize("odd", [2e150, -2e150])
def test_numbers_whose_squares_overflow_are_not_looked_at(odd: float) -> None:
    good, bad = record("x", 1.0, 2.0), record("x", 1.0, odd)
    assert collected([good, good], [good, bad]) is None
    assert collected([good, bad], [good, good]) is None


@pytest.mark.parametrize("odd", [1e150, -1e150, INF, -INF])
def test_the_largest_numbers_and_infinity_are_looked_at(odd: float) -> None:
    data = collected([record("x", 1.0, 2.0)], [record("x", 1.0, odd)])
    assert pairs(data) == [(1.0, 1.0), (2.0, odd)]


def test_the_shape_is_the_reference_s() -> None:
    vector = record("x", 1.0, 2.0, 3.0, 4.0)
    data = collected([replace(vector, shape=(2, 2))], [vector])
    assert data is not None and (data.name, data.shape, data.width) == ("x", (2, 2), 4)


def test_an_error_is_half_the_last_digit_and_twice_the_rounding() -> None:
    """Ten roundings of the value 1.5 are granted here, half of the last digit of 1.23457 is 5e-6."""
    catalogue = from_document({"quantity": {"x": {"noise": {"ulp": 10.0, "why": "a test"}}}})
    a, b = Trace((record("x", 1.5, digits=6),)), Trace((record("x", 1.5), record("other", 1.23456789012345)))
    data = collect("x", a.records, b.records[:1], Context.of(a, b, catalogue))
    assert data is not None
    rounding = 1.5 * 2.0**-52
    assert data.flat[0].r_error == pytest.approx(0.5e-5 + 20.5 * rounding, rel=1e-14, abs=0)
    assert data.flat[0].c_error == pytest.approx(0.5e-14 + 20.5 * rounding, rel=1e-9, abs=0)


# ---- a function of every reference value -------------------------------------------------------------------------


def test_each_value_has_its_own_error_and_where_there_is_none_nan_fits_nothing() -> None:
    data = data_of([4.0, -3.0, 0.0, 1e300], [0.0] * 4, r_error=0.5)
    values, errors = each(data, lambda x: x**2 if x else 1 / x, lambda x: -2 * x)
    assert values[:2] == [16.0, 9.0] and errors[:2] == [4.0, 3.0]
    assert math.isnan(values[2]) and math.isnan(values[3])  # a division by zero, an overflow
    assert errors[2:] == [0.0, 0.0]
    assert math.isnan(each(data, math.sqrt, lambda x: x)[0][1])  # not defined below zero


@given(st.lists(st.floats(-1e100, 1e100), min_size=1, max_size=5), st.floats(0, 1e10))
def test_the_identity_changes_neither_value_nor_error(column: list[float], error: float) -> None:
    data = data_of(column, column, r_error=error)
    assert each(data, lambda x: x, lambda _: -1.0) == (column, [error] * len(column))
