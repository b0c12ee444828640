"""Values that lost digits, their fraction or their sign."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.pattern_data import Guess
from firstbad.tracer.pattern_values import absolute, decimals, single_precision, whole
from pattern_columns import data_of, one, texts

NAN, INF = math.nan, math.inf
DIGIT = math.log2(10)


# ---- single precision --------------------------------------------------------------------------------------------


def test_every_value_went_through_a_float_of_32_or_of_16_bits() -> None:
    single, half = single_precision(data_of([0.1, 1 + 2.0**-12, -3.0], [0.100000001, 1.0, -3.0]))
    assert (single.kind, single.cost, single.least, single.errors) == ("float32", 2.0, 8.0, None)
    assert single.text == "every value is rounded to float32 (24 bits)"
    assert single.values == [13421773 / 2**27, 1 + 2.0**-12, -3.0]
    assert (half.kind, half.cost, half.least, half.errors) == ("float16", 5.0, 8.0, None)
    assert half.text == "every value is rounded to float16 (11 bits)"
    assert half.values == [1638 / 2**14, 1.0, -3.0]


def test_what_is_too_large_for_such_a_float_is_infinite() -> None:
    reference = [1e39, -1e39, 70000.0, 65504.0, -INF, NAN]
    single, half = single_precision(data_of(reference, [1.23456789] * 6))
    assert [str(value) for value in single.values] == ["inf", "-inf", "70000.0", "65504.0", "-inf", "nan"]
    assert [str(value) for value in half.values] == ["inf", "-inf", "inf", "65504.0", "-inf", "nan"]


@pytest.mark.parametrize(
    ("reference", "candidate", "said"),
    [
        ([0.1], [0.123456789], 2),  # nine digits
        ([0.1], [0.12345678], 0),
        ([0.1, 0.1], [0.12345678, 0.123456789], 2),  # one long number is enough
        ([0.1, 0.123456789], [0.12345678, 0.123456789], 0),  # if it changed
    ],
)
def test_short_numbers_are_what_they_are(reference: list[float], candidate: list[float], said: int) -> None:
    assert len([*single_precision(data_of(reference, candidate))]) == said


# ---- decimals ----------------------------------------------------------------------------------------------------


def test_rounded_to_one_to_nine_decimals_or_to_two_to_eleven_digits() -> None:
    reference = [math.pi, 1234.56789012345, -0.00123456789012, INF]
    guesses = [*decimals(data_of(reference, [3.14, 1234.57, 0.0, INF]))]
    assert {(g.kind, g.cost, g.least, g.errors) for g in guesses} == {("decimals", 6.0, 8.0, None)}
    assert texts(iter(guesses)) == [
        *(f"rounded to {n} decimals" for n in range(1, 10)),
        *(f"rounded to {n} digits" for n in range(2, 12)),
    ]
    values = {guess.text: guess.values for guess in guesses}
    assert values["rounded to 1 decimals"] == [3.1, 1234.6, 0.0, INF]
    assert values["rounded to 4 decimals"] == [3.1416, 1234.5679, -0.0012, INF]
    assert values["rounded to 2 digits"] == [3.1, 1200.0, -0.0012, INF]
    assert values["rounded to 11 digits"] == [3.1415926536, 1234.5678901, -0.0012345678901, INF]


def test_only_the_digits_that_are_left_speak_for_it_and_equal_numbers_once() -> None:
    data = data_of([1.2345, 1.2388, 0.98765, 4.5, 7.77], [1.23, 1.23, 0.9877, 4.5, NAN])
    assert {guess.bits for guess in decimals(data)} == {DIGIT * (3 + 4 + 0)}
    assert {guess.bits for guess in decimals(data_of([1.2345, 1.27], [1.2, 1.3]))} == {DIGIT * 4}


def said(reference: list[float], candidate: list[float], digits: int = 15) -> bool:
    return bool([*decimals(data_of(reference, candidate, digits=digits))])


@pytest.mark.parametrize(
    ("candidate", "digits", "expected"),
    [
        (1.23456789012, 15, True),  # twelve digits
        (1.234567890123, 15, False),
        (1.23456789012, 17, True),
        (1.234567890123, 17, False),
        (1.234567, 10, True),  # three less than the format has
        (1.2345678, 10, False),
        (1.234, 7, True),
        (1.2345, 7, False),
    ],
)
def test_what_the_print_format_cuts_off_is_no_mistake(candidate: float, digits: int, expected: bool) -> None:
    assert said([1.24], [candidate], digits) is expected
    assert said([1.24, 1.24], [1.2345678901234, candidate], digits) is expected
    assert said([1.24, 0.5], [1.2345678901234, 0.5], digits) is False  # the short one did not change


def test_whole_numbers_are_spoken_of_elsewhere() -> None:
    assert not said([1.25, 3.75], [1.0, 4.0])
    assert said([1.25, 3.75], [1.0, 3.8])
    assert not said([1.25, 3.75], [1.0, NAN])
    assert not said([1.25, 3.75], [1.0, INF])


@pytest.mark.parametrize(
    ("reference", "candidate", "expected"),
    [
        ([1.25013], [1.25], False),  # 1.3 % of the last place
        ([1.2503], [1.25], True),  # 3 %
        ([1.2497], [1.25], True),
        ([1.24987], [1.25], False),
        ([-1.2503], [-1.25], True),
        ([1.25013, 7.8503], [1.25, 7.85], True),  # one of them lost enough
        ([302.0, 0.5], [300.0, 0.5], True),  # just 2 %: the last place of 300 is a hundred
        ([301.9, 0.5], [300.0, 0.5], False),
        ([0.02501, 0.5], [0.025, 0.5], False),
        ([0.02503, 0.5], [0.025, 0.5], True),
        ([1e-9, 0.5], [0.0, 0.5], True),  # nothing is left of it
        ([1.25, 0.5], [INF, 0.5], True),
        ([1.25, 0.5], [NAN, 0.5], True),
    ],
)
def test_numbers_from_which_too_little_was_cut_off_are_short_by_nature(
    reference: list[float], candidate: list[float], expected: bool
) -> None:
    assert said(reference, candidate) is expected


# ---- whole numbers -----------------------------------------------------------------------------------------------


def test_a_whole_number_was_cut_off_or_rounded_down_up_or_to_the_nearest() -> None:
    guesses = [*whole(data_of([1.75, -1.75, 2.25, INF, NAN], [1.0, -2.0, 2.0, 5.0, 6.0]))]
    assert {(g.kind, g.cost, g.least, g.errors) for g in guesses} == {("integer-truncation", 5.0, 8.0, None)}
    assert {guess.text: guess.values[:3] for guess in guesses} == {
        "cut off to a whole number": [1.0, -1.0, 2.0],
        "rounded down to a whole number": [1.0, -2.0, 2.0],
        "rounded up to a whole number": [2.0, -1.0, 3.0],
        "rounded to a whole number": [2.0, -2.0, 2.0],
    }
    assert all(str(value) == "nan" for guess in guesses for value in guess.values[3:])


def test_only_the_size_of_what_is_left_speaks_for_it() -> None:
    """0 says nothing, 7 says three halvings either way; equal numbers count once, what did not change not at all."""
    data = data_of([7.25, 7.75, 0.25, -15.5, 31.0, 2.0], [7.0, 7.0, 0.0, -15.0, 31.0, INF])
    assert {guess.bits for guess in whole(data)} == {2 * 3 + 2 * 4}


@pytest.mark.parametrize(
    ("candidate", "digits", "said"),
    [
        ([1.0, 2.0], 15, 4),
        ([1.0, 2.5], 15, 0),
        ([1.0, NAN], 15, 4),
        ([1.5, NAN], 15, 0),
        ([999.0, 2.0], 6, 4),  # three digits less than the format has
        ([1000.0, 2.0], 6, 0),
        ([-1000.0, 2.0], 6, 0),
        ([1000.0, INF], 6, 0),
        ([2.0, INF], 6, 4),
        ([1000.0, 2.0], 7, 4),
    ],
)
def test_whole_by_chance_or_because_no_more_digits_were_printed(candidate: list[float], digits: int, said: int) -> None:
    assert len([*whole(data_of([1.25, 2.25], candidate, digits=digits))]) == said


# ---- signs and limits --------------------------------------------------------------------------------------------


def test_a_sign_is_lost_or_what_is_negative_is_cut_off() -> None:
    lost, cut = absolute(data_of([-0.5, 0.25, 0.0], [0.5, 0.25, 0.0], r_error=0.125))
    assert lost == Guess("absolute", "the sign is lost: candidate = |reference|", [0.5, 0.25, 0.0], [0.125] * 3, 4.0)
    assert cut == Guess("clamped", "negative values are cut off at 0", [0.0, 0.25, 0.0], [0.125] * 3, 5.0)


def test_values_are_cut_off_at_one_on_either_side() -> None:
    guess = one(absolute(data_of([1.5, 0.25, 3.0], [1.0, 0.25, 1.0], r_error=0.125)))
    assert guess == Guess("clamped", "values are cut off at 1", [1.0, 0.25, 1.0], [0.125] * 3, 7.0)
    *_, guess = absolute(data_of([-1.5, 0.25], [1.0, 0.25]))
    assert (guess.text, guess.values) == ("values are cut off at 1", [-1.0, 0.25])


@pytest.mark.parametrize(
    ("reference", "kinds"),
    [
        ([0.0, 1.0], []),
        ([0.0, 1.25], ["clamped"]),
        ([-1.0, 0.5], ["absolute", "clamped"]),
        ([-1.25, 0.5], ["absolute", "clamped", "clamped"]),
    ],
)
def test_where_nothing_is_negative_or_beyond_one_nothing_is_cut_off(reference: list[float], kinds: list[str]) -> None:
    assert [guess.kind for guess in absolute(data_of(reference, [0.5, 0.5]))] == kinds
