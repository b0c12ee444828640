"""Values that mean something by themselves: nothing, one, no number, the identity, a constant typed in, a default."""

from __future__ import annotations

import math
from typing import Any

import pytest
from firstbad.tracer.pattern_data import Data, Guess
from firstbad.tracer.pattern_values import default, identity_matrix, special, typed_constant
from pattern_columns import data_of, one, record

NAN, INF = math.nan, math.inf
DIGIT = math.log2(10)
METRES = {"unit": "m"}


def guesses(reference: list[float], candidate: list[float], **given: Any) -> dict[str, Guess]:
    """What `special` says, by its text."""
    return {guess.text: guess for guess in special(data_of(reference, candidate, **given))}


# ---- nothing, one, no number -------------------------------------------------------------------------------------

ZERO, ONE = "every value is zero", "every value is 1: a factor that was never applied"
ANGSTROM = "every value is 1 Å"


def test_every_value_is_zero_or_one_may_always_be_said() -> None:
    found = guesses([1.5, 2.5], [3.5, 4.5])
    assert found == {
        ZERO: Guess("zeroed", ZERO, [0.0, 0.0], None, 1.0, 1.0),
        ONE: Guess("one", ONE, [1.0, 1.0], None, 4.0, 6.0),
    }


def test_that_a_single_value_is_zero_needs_a_bit_more() -> None:
    assert guesses([1.5], [0.0])[ZERO] == Guess("zeroed", ZERO, [0.0], None, 1.0, 2.0)


def test_some_values_or_all_are_no_number() -> None:
    some = "2 of 3 values are NaN"
    found = guesses([1.0, 2.0, 3.0], [NAN, 2.5, NAN])
    assert list(found) == [some, ZERO, ONE]
    guess = found[some]
    assert (guess.kind, guess.errors, guess.cost, guess.least) == ("nan", None, 0.0, 1.0)
    assert str(guess.values) == "[nan, None, nan]", "about the others nothing is claimed"
    every = guesses([1.0, 2.0], [NAN, NAN])["every value is NaN"]
    assert str(every.values) == "[nan, nan]"


def test_some_values_are_infinite() -> None:
    text = "infinite where the reference is finite"
    found = guesses([1.0, 2.0, 3.0], [INF, 2.5, -INF])
    assert list(found) == [text, ZERO, ONE]
    assert found[text] == Guess("infinite", text, [INF, None, -INF], None, 0.0, 1.0)


@pytest.mark.parametrize(
    ("reference", "quantity", "said"),
    [
        ([2.5e-10, 3.5e-10], METRES, True),
        ([2.5e-10, 3.5e-10], {"unit": "mm"}, False),
        ([2.5e-10, 3.5e-10], None, False),
        ([2.5e-10, 1e-10], METRES, False),  # a power of ten that became another one: `power_of_ten` speaks of it
        ([1e-10, 2.5e-10], METRES, False),
        ([1.0, 2.5e-10], METRES, False),
        ([2.5e-10, 1e-9], METRES, False),
        ([math.sqrt(1e-21), 2.5e-10], METRES, True),  # 10^-10.5 is no power of ten
        ([2.5e-10, 0.0], METRES, True),
        ([2.5e-10, -1e-10], METRES, True),
        ([2.5e-10, NAN], METRES, True),
        ([2.5e-10, INF], METRES, True),
    ],
)
def test_a_length_may_be_one_angstrom(reference: list[float], quantity: dict[str, Any] | None, said: bool) -> None:
    found = guesses(reference, [1e-10, 1e-10], quantity=quantity)
    assert (ANGSTROM in found) is said
    if said:
        assert found[ANGSTROM] == Guess("one", ANGSTROM, [1e-10, 1e-10], None, 5.0, 1.0)


# ---- the identity ------------------------------------------------------------------------------------------------


def test_every_matrix_is_the_identity() -> None:
    matrix = [0.5, -0.25, 0.75, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7]
    guess = one(identity_matrix(data_of([matrix, matrix], [matrix, matrix])))
    text = "the matrix is the identity: the rotation is not applied"
    assert guess == Guess("identity", text, [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0] * 2, None, 2.0, 1.0)


@pytest.mark.parametrize("width", [1, 3, 8, 10])
def test_what_has_not_nine_components_is_no_matrix(width: int) -> None:
    row = [0.5 + i for i in range(width)]
    assert not [*identity_matrix(data_of([row], [row]))]


# ---- a constant that was typed in --------------------------------------------------------------------------------

PI = 3.14159265358979


def typed(r: float, c: float, *, kind: str | None = None, digits: int = 15) -> list[Guess]:
    return [*typed_constant(data_of([r, r], [c, c], digits=digits, quantity=kind and {"kind": kind}))]


def test_a_constant_was_typed_with_few_digits() -> None:
    """The digits that the reference has more speak for it, and one more: the last that was typed is rounded."""
    (guess,) = typed(3.14159265, 3.1416)
    text = "3.1416, a constant typed with 5 digits or from another table, not 3.14159265"
    assert guess == Guess("typed-constant", text, [3.1416, 3.1416], None, 6.0, 4.0, guess.bits)
    assert guess.bits == pytest.approx((9 + 1 - 5) * DIGIT)


def test_more_than_fifteen_digits_are_not_counted() -> None:
    (guess,) = typed(PI, 3.1416)
    assert guess.bits == pytest.approx((15 - 5) * DIGIT)


def test_a_tabulated_constant_may_have_been_typed_as_its_square() -> None:
    radius = math.sqrt(7.94e-30)
    (guess,) = typed(2.8179403e-15, radius, kind="constant")
    assert guess.text == (
        "the square 7.94e-30 is a constant typed with 3 digits or from another table, not 7.94078753436409e-30"
    )
    assert guess == Guess("typed-constant", guess.text, [radius, radius], None, 9.0, 4.0, guess.bits)
    assert guess.bits == pytest.approx((15 - 3) * DIGIT)
    assert not typed(2.8179403e-15, radius, kind="derived")
    assert not typed(2.8179403e-15, radius)


def test_both_the_constant_and_its_square_may_be_short() -> None:
    first, second = typed(1.13137, 1.125, kind="constant")
    assert (first.cost, second.cost) == (6.0, 9.0)
    assert first.text.startswith("1.125, ") and second.text.startswith("the square 1.265625 ")
    assert [guess.cost for guess in typed(1.13137, 1.125, kind="input")] == [6.0]


@pytest.mark.parametrize(
    ("c", "digits", "said"),
    [
        (3.1, 15, 0),  # two digits are the rounding of many
        (3.14, 15, 1),
        (3.14159265359, 15, 1),  # twelve
        (3.141592653591, 15, 0),
        (3.141592653591, 17, 0),
        (3.141592, 10, 1),  # three digits less than the format has
        (3.1415926, 10, 0),
    ],
)
def test_a_typed_constant_has_three_to_twelve_digits(c: float, digits: int, said: int) -> None:
    assert len(typed(3.12345678901234 if c == 3.1 else PI, c, digits=digits)) == said


@pytest.mark.parametrize(
    ("r", "c", "said"),
    [
        (111.375, 112.5, 1),  # one hundredth off
        (113.625, 112.5, 1),
        (111.37, 112.5, 0),
        (113.63, 112.5, 0),
        (110.5, 112.5, 0),
        (-112.4, -112.5, 1),
        (-112.4, 112.5, 0),
        (112.4, 113.0, 0),  # a whole number is a count
        (0.000123333, 0.000123, 1),
        (0.00012445, 0.000123, 0),
    ],
)
def test_another_edition_of_a_constant_lies_within_a_hundredth(r: float, c: float, said: int) -> None:
    assert len(typed(r, c)) == said


@pytest.mark.parametrize(("c", "said"), [(1.25e-149, 1), (-1.25e-30, 1), (1.25e75, 0), (INF, 0), (NAN, 0), (0.0, 0)])
def test_a_constant_may_be_small_but_what_is_large_is_a_whole_number(c: float, said: int) -> None:
    assert len(typed(1.0001234 * c, c)) == said


def test_a_constant_is_one_number_everywhere_on_both_sides() -> None:
    r, c = 3.14159265, 3.1416
    assert [*typed_constant(data_of([r, r], [c, c]))]
    assert [*typed_constant(data_of([r], [c]))]
    assert not [*typed_constant(data_of([r, r], [c, 3.1415]))]
    assert not [*typed_constant(data_of([r, 3.14159266], [c, c]))]
    assert not [*typed_constant(data_of([[r, r], [r, r]], [[c, c], [c, c]]))], "a vector is no constant"


def test_what_varies_is_no_constant_where_it_differs_either() -> None:
    r, c = 3.14159265, 3.1416
    assert [*typed_constant(data_of([r, r, r], [c, r, c]).only([0, 2]))]
    assert not [*typed_constant(data_of([r, 2.71828182, r], [c, 2.71828182, c]).only([0, 2]))]


# ---- a default ---------------------------------------------------------------------------------------------------

TABLE = [108.2134, 97.351, 12.04]


def defaults(reference: list[float], value: float, told: str = "", **given: Any) -> list[Guess]:
    """One value everywhere; `told` is the quantity of the reference that names the default, if any."""
    beside = [record("other", 7.0), *([record(told, 7.0), record(told, value)] if told else [])]
    return [*default(data_of(reference, [value] * len(reference), beside=beside, **given))]


@pytest.mark.parametrize("told", ["default_F", "said_default_F"])
def test_a_default_that_the_reference_names(told: str) -> None:
    (guess,) = defaults(TABLE, 55.25, told)
    text = "55.25 everywhere: a default instead of the value from a table"
    assert guess == Guess("default", text, [55.25] * 3, None, 3.0, 2.0)


@pytest.mark.parametrize(("value", "cost"), [(100.0, 7.4), (60.0, 7.4), (55.0, 10.8)])
def test_without_a_name_it_is_dearer_the_more_digits_it_has(value: float, cost: float) -> None:
    (guess,) = defaults(TABLE, value)
    assert guess.text == f"{value:g} everywhere: a default instead of the value from a table"
    assert (guess.cost, guess.least) == (pytest.approx(cost), 2.0)
    assert not defaults(TABLE, 55.5), "three digits may be anything"


def test_where_another_default_is_named_it_is_that_one() -> None:
    beside = [record("default_F", 7.0)]
    assert [*default(data_of(TABLE, [7.0] * 3, beside=beside))]
    assert not [*default(data_of(TABLE, [60.0] * 3, beside=beside))]
    assert [*default(data_of(TABLE, [60.0] * 3))]


@pytest.mark.parametrize(
    ("reference", "value", "said"),
    [
        ([108.0, 97.0], 60.0, True),  # the longest has two digits more than 60
        ([10.8, 9.7], 6.0, True),
        ([97.0, 12.0], 60.0, False),
        ([108.0, 97.0], 55.0, False),
        ([108.2, 97.0], 55.0, True),
    ],
)
def test_the_values_of_a_table_have_two_digits_more(reference: list[float], value: float, said: bool) -> None:
    assert bool(defaults(reference, value)) is said
    assert defaults(reference, value, "default_F"), "unless the default is known"


@pytest.mark.parametrize(
    ("reference", "least"),
    [([108.0, 97.0], 2.0), ([108.0, 108.0], 4.0), ([108.0], 4.0), ([108.2, 108.2], 2.0), ([108.25], 2.0)],
)
def test_one_short_value_in_the_table_says_less(reference: list[float], least: float) -> None:
    assert defaults(reference, 60.0, quantity={"kind": "input"})[0].least == least


@pytest.mark.parametrize(
    ("reference", "said"), [([108.25], False), ([108.25, 108.25], False), ([108.25, 97.0], True)], ids=str
)
def test_what_nobody_says_to_be_looked_up_shows_its_default_in_place_of_two_values(
    reference: list[float], said: bool
) -> None:
    """A single value that became a short number may be anything, unless that number is the default that was told."""
    assert bool(defaults(reference, 60.0)) is said
    assert defaults(reference, 60.0, "default_F") and defaults(reference, 60.0, quantity={"kind": "input"})


def test_one_value_is_not_everywhere() -> None:
    (guess,) = defaults([108.25], 60.0, "default_F")
    assert guess.text == "60: a default instead of the value from a table"
    (guess,) = defaults([108.25, 97.5], 60.0)
    assert guess.text == "60 everywhere: a default instead of the value from a table"


@pytest.mark.parametrize(
    ("r", "value", "said"),
    [
        (1.0, 29.0, True), (1.0, 30.0, False), (1.0, 30.5, False), (60.0, 2.0, False), (59.0, 2.0, True),
        (61.0, 2.0, False), (-2.0, 3.0, False), (-2.0, -3.0, True), (0.0, 3.0, True), (INF, 3.0, False),
        (NAN, 3.0, False),
    ],
)  # fmt: skip
def test_a_default_is_of_the_table_s_kind(r: float, value: float, said: bool) -> None:
    near = [value * 1.5, value / 1.5]
    assert bool(defaults([*near, r], value, "default_F")) is said


@pytest.mark.parametrize(("value", "said"), [(0.0, False), (1.0, False), (2.0, True), (3.0, True)])
def test_zero_and_one_are_no_defaults(value: float, said: bool) -> None:
    assert bool(defaults([1.75, 2.625], value, "default_F")) is said


def default_of(data: Data) -> bool:
    return bool([*default(data)])


def test_a_default_is_one_number_everywhere() -> None:
    assert default_of(data_of(TABLE, [60.0, 60.0, 60.0]))
    assert not default_of(data_of(TABLE, [60.0, 60.0, 70.0]))
    assert not default_of(data_of([TABLE[:2]], [[60.0, 60.0]])), "a vector is looked up nowhere"
    assert default_of(data_of(TABLE[:2], [60.0, 60.0]))


@pytest.mark.parametrize(("kind", "said"), [(None, True), ("input", True), ("derived", False), ("constant", False)])
def test_only_inputs_are_looked_up(kind: str | None, said: bool) -> None:
    quantity = kind and {"kind": kind}
    assert bool(defaults(TABLE, 60.0, quantity=quantity)) is said
