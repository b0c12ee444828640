"""How a guess is weighed: whether it fits, and the bits that speak for it."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.pattern_data import Data, Guess, Pair, evidence, shown, significant, weigh
from hypothesis import given
from hypothesis import strategies as st
from pattern_columns import data_of

NAN, INF = math.nan, math.inf
DIGIT = math.log2(10)


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (0.0, 0), (-0.0, 0), (1.0, 1), (100.0, 1), (-0.02, 1), (10.5, 3), (1e-7, 1), (1e22, 1), (101.0, 3),
        (0.1, 1), (1 / 3, 15), (math.pi, 15), (123456789012345.0, 15), (1.00000000000001, 15), (NAN, 0), (INF, 0),
    ],
)  # fmt: skip
def test_how_many_digits_a_number_needs(value: float, digits: int) -> None:
    assert significant(value) == digits


@given(st.integers(1, 10**15 - 1), st.integers(-200, 200))
def test_a_power_of_ten_adds_no_digits(mantissa: int, exponent: int) -> None:
    assert significant(float(f"{mantissa}e{exponent}")) == len(str(mantissa).strip("0"))


# ---- the bits of one component -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("r", "c", "error", "bits"),
    [
        # how many halvings lie between the change and what is known of the prediction
        (1 / 3, 1 / 3 + 0.25, 2.0**-12, 10.0),
        (1 / 3, 1 / 3 - 0.25, 2.0**-12, math.log2((1 / 3 - 0.25) * 2**12)),  # no more than c itself: it moved away
        (1 / 3, 100 + 1 / 7, 2.0**-3, math.log2((100 - 1 / 3 + 1 / 7) * 8)),
        (100 + 1 / 7, 1 / 3, 2.0**-10, math.log2(2**10 / 3)),  # the change is large, c is small
        (1 / 3, 1 / 3 + 0.25, 0.5, 0.0),
        (1 / 3, 1 / 3 + 0.25, 0.2, math.log2(0.25 / 0.2)),
        (1 / 3, -2 / 3, 2.0**-10, math.log2(2**11 / 3)),
        # never more than the digits of the longer of the two numbers, nor than forty
        (0.5, 0.25, 0.0, 2 * DIGIT),
        (0.125, 0.5, 0.0, 3 * DIGIT),
        (0.5, 0.125, 2.0**-50, 3 * DIGIT),
        (1 / 3, 1 / 7, 0.0, 40.0),
        (1 / 3, 1 / 7, 1e-300, 40.0),
        # an exact zero, a NaN, an infinity
        (1 / 3, 0.0, 0.0, 12.0),
        (1 / 3, 0.0, 9.0, 12.0),
        (0.25, 0.0, 0.0, 2 * DIGIT),
        (0.0, 0.25, 0.0, 2 * DIGIT),
        (1 / 3, NAN, 0.0, 12.0),
        (2.0, INF, 9.0, 12.0),
        (NAN, 2.0, 9.0, 12.0),
        (INF, 0.0, 0.0, 12.0),
    ],
)
def test_what_one_component_says(r: float, c: float, error: float, bits: float) -> None:
    assert evidence(Pair(r, c, 0.0, 0.0), error) == pytest.approx(bits, abs=1e-9)


@given(st.floats(-1e100, 1e100), st.floats(-1e100, 1e100), st.floats(0, 1e100))
def test_what_one_component_says_lies_between_nothing_and_forty_bits(r: float, c: float, error: float) -> None:
    assert 0 <= evidence(Pair(r, c, 0.0, 0.0), error) <= 40


# ---- a guess against all of them ---------------------------------------------------------------------------------


def weighed(data: Data, values: list[float | None], **given: object) -> float | None:
    """Without a cost, unless one is given."""
    return weigh(data, Guess(**{"kind": "k", "text": "t", "values": values, "errors": None, "cost": 0.0} | given))


TWO = data_of([0.25, 0.125], [0.5, 1.25], c_error=2.0**-30)
BITS = 2 * DIGIT + 3 * DIGIT
"""What 0.25 -> 0.5 and 0.125 -> 1.25 say at most: they are short numbers."""


def test_the_bits_of_all_that_changed_less_the_cost() -> None:
    assert weighed(TWO, [0.5, 1.25]) == pytest.approx(BITS)
    assert weighed(TWO, [0.5, 1.25], cost=3.0) == pytest.approx(BITS - 3)
    assert weighed(TWO, [0.5, 1.25], cost=100.0) == pytest.approx(BITS - 100)


def test_bits_that_the_rule_counted_itself_take_their_place() -> None:
    assert weighed(TWO, [0.5, 1.25], cost=3.0, bits=10.0) == 7.0
    assert weighed(TWO, [0.5, 1.25], cost=3.0, bits=0.0) == -3.0


def test_one_component_that_does_not_fit_refutes_it() -> None:
    assert weighed(TWO, [0.5, 1.26]) is None
    assert weighed(TWO, [0.6, 1.25]) is None
    assert weighed(TWO, [0.5, 1.26], bits=100.0) is None


def test_what_it_claims_nothing_about_speaks_neither_for_nor_against_it() -> None:
    assert weighed(TWO, [None, 1.25]) == pytest.approx(3 * DIGIT)
    assert weighed(TWO, [0.5, None]) == pytest.approx(2 * DIGIT)
    assert weighed(TWO, [None, 1.26]) is None
    assert weighed(TWO, [None, None]) is None


def test_what_did_not_change_must_fit_and_says_nothing() -> None:
    data = data_of([0.25, 0.125], [0.5, 0.125])
    assert weighed(data, [0.5, 0.125]) == pytest.approx(2 * DIGIT)
    assert weighed(data, [0.5, 0.5]) is None
    assert weighed(data_of([0.25], [0.25]), [0.25]) is None, "nothing differs"


def test_equal_components_count_once() -> None:
    data = data_of([0.25, 0.25, 0.25], [0.5, 0.5, 0.75])
    assert weighed(data, [0.5, 0.5, 0.75]) == pytest.approx(2 * DIGIT + 2 * DIGIT)


@pytest.mark.parametrize(("miss", "fits"), [(0.75, True), (-0.75, True), (0.76, False), (-0.76, False), (1.4, False)])
def test_a_prediction_may_be_off_by_what_it_and_the_candidate_are_known_to(miss: float, fits: bool) -> None:
    data = data_of([64.0], [8.0], c_error=0.5)
    assert (weighed(data, [8.0 + miss], errors=[0.25]) is not None) is fits


@pytest.mark.parametrize(("c", "fits"), [(1.000000001, True), (1.0000000015, False), (-1.000000001, True)])
def test_a_billionth_of_the_error_is_left_for_the_arithmetic(c: float, fits: bool) -> None:
    """The prediction is 0, known to 1; the candidate is exact."""
    assert (weighed(data_of([64.0], [c]), [0.0], errors=[1.0]) is not None) is fits


def test_the_errors_of_both_count_in_what_a_component_says() -> None:
    data = data_of([2 / 3], [1 / 3], c_error=2.0**-11)
    assert weighed(data, [1 / 3]) == pytest.approx(math.log2(2**11 / 3))
    assert weighed(data, [1 / 3], errors=[2.0**-11]) == pytest.approx(math.log2(2**10 / 3))


@pytest.mark.parametrize(
    ("c", "value", "fits"),
    [(NAN, NAN, True), (NAN, 1.0, False), (1.0, NAN, False), (INF, INF, True), (INF, -INF, False), (INF, 1.0, False)],
)
def test_nan_fits_nan_alone_and_an_infinity_itself(c: float, value: float, fits: bool) -> None:
    assert weighed(data_of([2.0], [c], c_error=0.5), [value]) == (12.0 if fits else None)


# ---- what the candidate's own digits say ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "bits"),
    [
        ([0.3] * 6, math.log2(8 / 7)),  # seven of eight
        ([0.3, 0.9, 0.8, 0.7, 0.6, 0.2], 2.0),  # two of eight
        ([0.4, 0.9, 0.8, 0.7, 0.6, 0.2], DIGIT),  # one of eight: its one digit says
    ],
)
def test_a_value_that_stands_in_many_places_is_no_evidence_where_only_some_records_differ(
    others: list[float], bits: float
) -> None:
    data = data_of([0.123456789, 0.3, *others], [0.3, 0.3, *others])
    assert shown(data.only([0]), [0.3], [0.0]) == pytest.approx(bits)
    assert shown(data, [0.3] * len(data.rows), [0.0] * len(data.rows)) == pytest.approx(DIGIT), (
        "of all it is chosen once"
    )
