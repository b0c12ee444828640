"""Factors that a table knows: the ratio that is read, how near it must lie, sign, units and constants."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.pattern_data import Guess
from firstbad.tracer.pattern_factors import constant, near, power_of_ten, ratio, scaled, sign
from pattern_pairs import exact, said

LENGTH = {"x": {"unit": "m"}}


def test_a_ratio_is_read_where_the_reference_is_largest() -> None:
    assert ratio(exact([[1.0, -4.0], [3.0, 2.0]], [[9.0, 6.0], [9.0, 9.0]])) == (-1.5, 1e-15)


def test_a_ratio_is_known_as_well_as_both_numbers_are_and_to_a_few_roundings() -> None:
    assert ratio(exact([[2.0]], [[3.0]], 0.25, 0.75)) == (1.5, 0.375 + 1e-15)
    assert ratio(exact([[-2.0]], [[-8.0]], 0.5, 0.0)) == (4.0, 0.25 + 1e-15)
    assert ratio(exact([[1.0]], [[1.0]])) == (1.0, 1e-15)


@pytest.mark.parametrize("pair", [(0.0, 1.0), (1.0, 0.0), (0.0, 0.0), (math.nan, 1.0), (1.0, math.nan), (1.0, math.inf),
                                  (math.inf, 1.0), (math.inf, math.inf)])  # fmt: skip
def test_zero_infinity_and_nan_have_no_ratio(pair: tuple[float, float]) -> None:
    assert ratio(exact([[pair[0]]], [[pair[1]]])) is None


@pytest.mark.parametrize(
    ("candidate", "there"), [(1e60, False), (1e-60, False), (1.5e60, False), (1.5e-60, True), (0.9e60, True)]
)
def test_a_ratio_beyond_sixty_powers_of_ten_means_nothing(candidate: float, there: bool) -> None:
    assert (ratio(exact([[1.0]], [[candidate]])) is not None) is there
    assert (ratio(exact([[1.0]], [[-candidate]])) is not None) is there


def test_a_ratio_may_be_a_factor_if_it_is_off_by_a_hundredth_more_than_it_is_known_to() -> None:
    assert near(2.0 * 102.0, 2.0, 100.0)
    assert not near(2.0 * 102.5, 2.0, 100.0)
    assert near(3.0, 3.0, 0.0)
    assert near(2.97, 3.0, 0.01)
    assert not near(2.96, 3.0, 0.01)


def test_every_number_is_scaled_with_its_error() -> None:
    assert scaled(exact([[2.0, -3.0]], [[0.0, 0.0]], r_error=0.5), -4.0) == ([-8.0, 12.0], [2.0, 2.0])


@pytest.mark.parametrize(("reference", "least"), [([[2.0]], 4.0), ([[2.0, 3.0]], 1.0), ([[2.0], [3.0]], 1.0)])
def test_a_reversed_sign_of_several_numbers_needs_less_than_that_of_one(
    reference: list[list[float]], least: float
) -> None:
    data = exact(reference, reference, r_error=0.5)
    values = [-x for row in reference for x in row]
    assert [*sign(data)] == [Guess("sign", "the sign is reversed", values, [0.5] * len(values), 2.0, least)]


UNITS = {
    1: "Å and nm", 2: "per cent, or centi", 3: "milli and unit (mm and m, eV and keV)", 4: "Å and micrometres",
    6: "micrometres and metres", 7: "Å and millimetres", 9: "nm and metres", 10: "Å and metres",
    20: "Å² and m²", 30: "Å³ and m³", 12: "µm² and m²",
}  # fmt: skip


@pytest.mark.parametrize("exponent", [*UNITS, *(-e for e in UNITS)])
def test_a_power_of_ten_is_told_with_the_units_that_it_lies_between(exponent: int) -> None:
    factor = float(f"1e{exponent}")
    (guess,) = power_of_ten(exact([[1.0]], [[factor]]))
    text = f"a factor of 1e{exponent}: as between {UNITS[abs(exponent)]}"
    assert said(guess) == ("power-of-ten", text, 3.0, -1.0 if abs(exponent) >= 3 else 4.0)
    assert guess.values == pytest.approx([factor], rel=1e-14)
    (negative,) = power_of_ten(exact([[1.0]], [[-factor]]))
    text += ", and the sign is reversed"
    assert said(negative) == ("power-of-ten", text, 6.0, 1.0 if abs(exponent) >= 3 else 4.0)
    assert negative.values == pytest.approx([-factor], rel=1e-14)


@pytest.mark.parametrize(
    ("unit", "exponent", "between"),
    [
        ("m", 10, "Å and metres"),
        ("m", 20, None),
        ("m⁻²", 4, "cm² and m²"),
        ("Å²", 20, "Å² and m²"),
        ("Å²", 10, None),
        ("Å⁻³", 30, "Å³ and m³"),
        ("Å³", 10, None),
        ("", 4, "Å and micrometres"),
        ("m²", 2, "mm² and cm²"),
        ("m²", 6, "mm² and m²"),
        ("m²", 12, "µm² and m²"),
        ("m³", 6, "cm³ and m³"),
        ("m³", 9, "mm³ and m³"),
    ],
)
def test_units_are_those_of_the_dimension(unit: str, exponent: int, between: str | None) -> None:
    (guess,) = power_of_ten(exact([[1.0]], [[10.0**exponent]], quantities={"x": {"unit": unit}}))
    assert guess.text == f"a factor of 1e{exponent}" + (f": as between {between}" if between else "")


@pytest.mark.parametrize("exponent", [5, -5, 8, 11, 40, -40])
def test_a_power_of_ten_between_no_units_costs_three_bits_more(exponent: int) -> None:
    (guess,) = power_of_ten(exact([[1.0]], [[float(f"1e{exponent}")]]))
    assert said(guess) == ("power-of-ten", f"a factor of 1e{exponent}", 6.0, -1.0)


@pytest.mark.parametrize("value", [1.0, -1.0, 0.0, 1e41, 1e-41, 3.2, 0.09, 1e10 * (1 + 2e-15), 20.0])
def test_what_is_no_power_of_ten_up_to_forty_is_none(value: float) -> None:
    assert [*power_of_ten(exact([[1.0]], [[value]]))] == []


@pytest.mark.parametrize(("unit", "least"), [("m", 0.0), ("mm", 0.0), ("Å", 0.0), ("sr", 4.0), ("", 4.0)])
def test_a_length_may_be_short_and_off_by_ten(unit: str, least: float) -> None:
    for candidate in (10.0, 0.1, 100.0, -10.0):
        (guess,) = power_of_ten(exact([[1.0]], [[candidate]], quantities={"x": {"unit": unit}}))
        assert guess.least == least
    (guess,) = power_of_ten(exact([[1.0]], [[1000.0]], quantities={"x": {"unit": unit}}))
    assert guess.least == -1.0


FACTORS = [  # kind, what is said of it, the number, bits
    ("degrees-radians", "degrees and radians are mixed up: a factor of 180/π", 57.29577951308232, 3.0),
    ("degrees-radians", "degrees and radians are mixed up: a factor of π/180", 0.017453292519943295, 3.0),
    ("two-pi", "a factor of 2π", 6.283185307179586, 4.0),
    ("two-pi", "a factor of 1/(2π)", 0.15915494309189535, 4.0),
    ("pi", "a factor of π", 3.141592653589793, 5.0),
    ("pi", "a factor of 1/π", 0.3183098861837907, 5.0),
    ("four-pi-squared", "a factor of (2π)²", 39.47841760435743, 6.0),
    ("four-pi-squared", "a factor of 1/(2π)²", 0.02533029591058444, 6.0),
    ("four-pi-squared", "a factor of 4π", 12.566370614359172, 7.0),
    ("four-pi-squared", "a factor of 1/(4π)", 0.07957747154594767, 7.0),
    ("four-pi-squared", "a factor of π²", 9.869604401089358, 8.0),
    ("four-pi-squared", "a factor of 1/π²", 0.10132118364233778, 8.0),
    ("factor-two", "a factor of 2", 2.0, 3.0),
    ("factor-two", "a factor of 1/2", 0.5, 3.0),
    ("factor-two", "a factor of 4", 4.0, 5.0),
    ("factor-two", "a factor of 1/4", 0.25, 5.0),
    ("root-two", "a factor of √2", 1.4142135623730951, 6.0),
    ("root-two", "a factor of 1/√2", 0.7071067811865476, 6.0),
    ("root-two", "a factor of √3", 1.7320508075688772, 8.0),
    ("root-two", "a factor of 1/√3", 0.5773502691896258, 8.0),
    ("fwhm-sigma", "width and standard deviation are mixed up: 2√(2 ln 2)", 2.3548200450309493, 7.0),
    ("fwhm-sigma", "width and standard deviation are mixed up: 1/(2√(2 ln 2))", 0.42466090014400953, 7.0),
    ("sphere-volume", "a factor of 4π/3, the volume of a sphere", 4.1887902047863905, 8.0),
    ("sphere-volume", "a factor of 3/(4π), the volume of a sphere", 0.238732414637843, 8.0),
]


@pytest.mark.parametrize(("kind", "text", "factor", "cost"), FACTORS, ids=[f"{f[2]:.4g}" for f in FACTORS])
def test_a_constant_is_known_by_its_value_in_either_sign(kind: str, text: str, factor: float, cost: float) -> None:
    (guess,) = constant(exact([[1.0, 0.5]], [[factor, 0.0]]))
    assert said(guess) == (kind, text, cost, 8.0)
    assert guess.values == pytest.approx([factor, factor / 2], rel=1e-15)
    (negative,) = constant(exact([[1.0]], [[-factor]]))
    assert said(negative) == (kind, f"{text}, and the sign is reversed", cost + 3.0, 8.0)
    assert negative.values == pytest.approx([-factor], rel=1e-15)


@pytest.mark.parametrize("value", [0.0, 1.0, 3.0, 3.1416, math.pi * (1 + 3e-15)])
def test_what_is_no_constant_of_the_table_is_none(value: float) -> None:
    assert [*constant(exact([[1.0]], [[value]]))] == []


def test_all_constants_that_the_digits_allow_are_offered() -> None:
    """0.24 to one digit in a hundred may be 3/(4π) or a quarter."""
    found = [guess.text for guess in constant(exact([[1.0]], [[0.244]], c_error=0.008))]
    assert found == ["a factor of 1/4", "a factor of 3/(4π), the volume of a sphere"]


def test_twice_a_number_that_counts_needs_less() -> None:
    """A count of 7 that became 14 has few digits to speak with."""
    count = {"x": {}}
    assert [g.least for g in constant(exact([[7.0]], [[14.0]], quantities=count))] == [3.0]
    assert [g.least for g in constant(exact([[7.0]], [[-28.0]], quantities=count))] == [3.0]
    assert [g.least for g in constant(exact([[7.5]], [[15.0]], quantities=count))] == [8.0]
    assert [g.least for g in constant(exact([[7.0]], [[14.0]]))] == [8.0]
    assert [g.least for g in constant(exact([[100.0]], [[314.0]], c_error=0.5, quantities=count))] == [8.0]
