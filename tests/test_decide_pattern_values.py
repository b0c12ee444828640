"""The candidate is a function of the reference: every row of the two tables, and when a row is proposed at all.

The expected values are numbers, not formulas; how an error grows is held against the slope of the proposed values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest
from firstbad.tracer.pattern_data import Data, Guess
from firstbad.tracer.pattern_values import functions, powers, scaled_reciprocal
from pattern_columns import data_of, one, texts

Rule = Callable[[Data], Iterator[Guess]]
Row = tuple[str, str, float, float, float]
TURN = "one turn too many: candidate = reference + "
LESS = "one turn too few: candidate = reference - "
EXCHANGED = "energy and wavelength are exchanged: "
POWERS: tuple[Row, ...] = (
    ("missing-square", "the square is missing: candidate = √reference", 6.25, 2.5, 3.0),
    ("doubled-square", "squared once too often: candidate = reference²", 2.5, 6.25, 3.0),
    ("reciprocal", "candidate = 1/reference", 1.25, 0.8, 3.0),
    ("cube", "candidate = reference³", 1.5, 3.375, 6.0),
    ("cube", "candidate = ∛reference", 3.375, 1.5, 6.0),
    ("reciprocal", "candidate = 1/reference²", 2.5, 0.16, 6.0),
    ("reciprocal", "candidate = 1/√reference", 6.25, 0.4, 6.0),
    ("doubled-square", "candidate = reference⁴", 1.5, 5.0625, 6.0),
    ("missing-square", "candidate = ⁴√reference", 5.0625, 1.5, 7.0),
)
FUNCTIONS: tuple[Row, ...] = (
    ("logarithm", "candidate = ln(reference)", 3.0, 1.09861228866811, 5.0),
    ("logarithm", "candidate = log10(reference)", 3.0, 0.477121254719662, 6.0),
    ("logarithm", "candidate = ln(1 + reference)", 3.0, 1.38629436111989, 7.0),
    ("exponential", "candidate = exp(reference)", 1.5, 4.48168907033806, 5.0),
    ("exponential", "candidate = exp(-reference)", 1.5, 0.22313016014843, 6.0),
    ("exponential", "candidate = 10^reference", 1.5, 31.6227766016838, 7.0),
    ("complement", "candidate = 1 - reference", 0.375, 0.625, 3.0),
    ("sine-cosine", "sine and cosine are exchanged: candidate = √(1 - reference²)", 0.28, 0.96, 5.0),
    ("trigonometric", "candidate = sin(reference)", 1.25, 0.948984619355586, 6.0),
    ("trigonometric", "candidate = cos(reference)", 1.25, 0.315322362395269, 6.0),
    ("trigonometric", "candidate = tan(reference)", 1.25, 3.00956967386283, 6.0),
    ("trigonometric", "candidate = arcsin(reference)", 0.75, 0.848062078981481, 7.0),
    ("trigonometric", "candidate = arccos(reference)", 0.75, 0.722734247813416, 6.0),
    ("trigonometric", "candidate = arctan(reference)", 1.25, 0.896055384571344, 7.0),
    ("angle-supplement", "candidate = 90° - reference", 31.5, 58.5, 6.0),
    ("angle-supplement", "candidate = 180° - reference", 31.5, 148.5, 6.0),
    ("angle-supplement", "candidate = π - reference", 1.25, 1.89159265358979, 6.0),
    ("angle-supplement", "candidate = π/2 - reference", 1.25, 0.320796326794897, 6.0),
    ("angle-wrapped", TURN + "360", -31.5, 328.5, 6.0),
    ("angle-wrapped", LESS + "360", 391.5, 31.5, 6.0),
    ("angle-wrapped", TURN + "2π", -1.25, 5.03318530717959, 6.0),
    ("angle-wrapped", LESS + "2π", 7.5, 1.21681469282041, 6.0),
    ("energy-wavelength", EXCHANGED + "12398.4 eV Å / reference", 10000.0, 1.23984, 7.0),
    ("energy-wavelength", EXCHANGED + "12.3984 keV Å / reference", 8.0, 1.5498, 7.0),
    ("energy-wavelength", EXCHANGED + "12398.42 eV Å / reference", 10000.0, 1.239842, 7.0),
    ("energy-wavelength", EXCHANGED + "12.39842 keV Å / reference", 8.0, 1.5498025, 7.0),
    ("energy-wavelength", EXCHANGED + "12398.4198 eV Å / reference", 10000.0, 1.23984198, 7.0),
    ("energy-wavelength", EXCHANGED + "12.3984198 keV Å / reference", 8.0, 1.549802475, 7.0),
    ("energy-wavelength", EXCHANGED + "12398.41984332 eV Å / reference", 10000.0, 1.2398419843320026, 7.0),
    ("energy-wavelength", EXCHANGED + "12.39841984332 keV Å / reference", 8.0, 1.54980248041500325, 7.0),
    ("reciprocal-two-pi", "candidate = 2π / reference", 5.0, 1.25663706143592, 6.0),
    ("reciprocal-two-pi", "candidate = 1 / (2π reference)", 5.0, 0.0318309886183791, 7.0),
)
ROUGH = {"candidate = 1 / (2π reference)": 1.3}
"""Slopes that are rounded up generously; the others, where they are rounded, by at most two per cent."""
EVERY = [*((powers, row) for row in POWERS), *((functions, row) for row in FUNCTIONS)]


def named(rule: Rule, data: Data, text: str) -> Guess:
    return one(guess for guess in rule(data) if guess.text == text)


@pytest.mark.parametrize(("rule", "row"), EVERY, ids=[row[1] for _, row in EVERY])
def test_a_function_of_the_table(rule: Rule, row: Row) -> None:
    kind, text, r, c, cost = row
    guess = named(rule, data_of([r], [c]), text)
    assert (guess.kind, guess.cost, guess.least, guess.bits) == (kind, cost, 8.0, None)
    assert guess.values == [pytest.approx(c, rel=1e-13)]


@pytest.mark.parametrize(("rule", "row"), EVERY, ids=[row[1] for _, row in EVERY])
def test_the_error_grows_with_the_slope_of_the_function(rule: Rule, row: Row) -> None:
    _, text, r, c, _ = row
    step = 1e-5 * abs(r)
    guess = named(rule, data_of([r, r - step, r + step], [c] * 3, r_error=0.125), text)
    _, below, above = (value for value in guess.values if value is not None)
    slope = abs(above - below) / (2 * step)
    assert guess.errors is not None
    assert slope * (1 - 1e-6) <= guess.errors[0] / 0.125 <= slope * ROUGH.get(text, 1.02)


def test_there_are_no_other_functions() -> None:
    """At a place where all of them are defined and the error admits everything."""
    data = data_of([0.5], [0.5], c_error=1e6)
    assert texts(powers(data)) == [row[1] for row in POWERS]
    assert texts(functions(data)) == [row[1] for row in FUNCTIONS]


@pytest.mark.parametrize(("c", "said"), [(-2.0019, 1), (-2.0021, 0), (-1.9981, 1), (-1.9979, 0), (2.0, 0)])
def test_a_function_is_proposed_where_it_gives_the_strongest_component_to_a_thousandth(c: float, said: int) -> None:
    """1 - 3 is -2. Whether it fits is decided later; this only spares the computation."""
    assert texts(functions(data_of([0.25, 3.0], [9.0, c]))) == ["candidate = 1 - reference"] * said


@pytest.mark.parametrize(("r_error", "c_error", "said"), [(0.05, 0.04, 1), (0.05, 0.03, 0), (0.04, 0.04, 0)])
def test_or_as_exactly_as_both_sides_are_known(r_error: float, c_error: float, said: int) -> None:
    data = data_of([3.0], [-2.0915], r_error=r_error, c_error=c_error)
    assert texts(functions(data)) == ["candidate = 1 - reference"] * said


def test_what_is_exactly_nothing_is_nothing() -> None:
    assert texts(functions(data_of([1.0], [0.0]))) == [
        "candidate = ln(reference)",
        "candidate = log10(reference)",
        "candidate = 1 - reference",
        "sine and cosine are exchanged: candidate = √(1 - reference²)",
        "candidate = arccos(reference)",
    ]


def test_functions_that_are_not_defined_there_are_passed_over() -> None:
    assert texts(powers(data_of([-2.0], [4.0]))) == ["squared once too often: candidate = reference²"]
    assert texts(functions(data_of([1000.0], [640.0]))) == [LESS + "360"]
    assert texts(powers(data_of([0.0], [0.0]))) == [
        text for _, text, *_ in POWERS if "1/" not in text
    ]  # a reciprocal of zero is none


def test_where_another_component_has_no_value_the_guess_fits_nothing() -> None:
    guess = one(powers(data_of([6.25, -4.0], [2.5, 2.0], r_error=0.5)))
    first, second = guess.values
    assert first == 2.5 and second is not None and math.isnan(second)
    assert guess.errors == [0.1, 0.0]


# ---- a reciprocal in another unit --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("r", "c", "exponent"),
    [(4.0, 2.5e9, 10), (4.0, 25.0, 2), (4.0, 0.025, -1), (-4.0, -25.0, 2), (1e20, 1e20, 40), (1e-20, 1e-20, -40)],
)
def test_a_reciprocal_in_another_unit(r: float, c: float, exponent: int) -> None:
    guess = one(scaled_reciprocal(data_of([r, r / 2], [c, 1.0], r_error=0.125)))
    assert (guess.kind, guess.cost, guess.least) == ("reciprocal", 9.0, 8.0)
    assert guess.text == f"candidate = 1e{exponent} / reference"
    assert guess.values == pytest.approx([c, 2 * c], rel=1e-12)
    assert guess.errors == pytest.approx([0.125 * c / r, 0.125 * 4 * c / r], rel=1e-12)


@pytest.mark.parametrize(
    ("r", "c"),
    [
        (4.0, 0.25),  # the same unit: `powers` speaks of it
        (4.0, 0.7),
        (4.0, -25.0),
        (0.0, 1.0),
        (1.0, 0.0),
        (math.inf, 1.0),
        (1e20, 1e21),  # no unit is a factor of 1e41
        (1e-20, 1e-21),
        (1e-200, 1e-200),  # their product is nothing
    ],
)
def test_no_reciprocal_in_another_unit(r: float, c: float) -> None:
    assert not [*scaled_reciprocal(data_of([r], [c]))]
