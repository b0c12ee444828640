"""What may differ: printed digits as intervals, rounding, cancellation, ill-conditioning, decisions; never a bare floor."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.catalogue import Catalogue, from_document, load
from firstbad.tracer.model import Trace
from firstbad.tracer.resolution import Formats, significant
from firstbad.tracer.text import parse
from firstbad.tracer.tolerance import Limits, Measure, Verdict, measure, worst
from firstbad.tracer.uncertain import (
    EPSILON,
    Num,
    atan2,
    ceil,
    cross,
    dot,
    float32,
    norm,
    power,
    sin,
    sincg,
    sqrt,
    to_float32,
)
from firstbad.tracer.view import View
from hypothesis import assume, given
from hypothesis import strategies as st

PLAIN = Catalogue()
LONG = "TRACE_C: f 1.2345678901234567\n"
"""Shows that the prefix prints seventeen digits."""


def verdict(a: str, b: str, name: str = "x", catalogue: Catalogue = PLAIN, more: str = "") -> Verdict:
    """The verdict of one line against another; `more` lines stand before both."""
    one, two = (View(parse(f"{more}TRACE_C: {name} {text}\n"), catalogue) for text in (a, b))
    pair = one.trace.records[-1], two.trace.records[-1]
    return worst(name, measure(one, pair[0], two, pair[1]), Limits())


# ---- print resolution --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("token", "digits"), [("100", 3), ("0.0012", 2), ("-1.50e-07", 3), ("0", 0), ("nan", 0), ("6.12323399573677e-15", 15)])  # fmt: skip
def test_significant_digits(token: str, digits: int) -> None:
    assert significant(token) == digits


def half(lines: str, name: str, index: int = 0) -> float:
    trace = parse(lines)
    return Formats(trace.records).half(trace.find(name)[0], index)


def test_general_format_has_the_digits_of_its_longest_neighbour() -> None:
    lines = "TRACE_C: a 0.01\nTRACE_C: b 1.23456789012345\n"
    assert half(lines, "a") == pytest.approx(0.5e-16, rel=0.1)
    assert half(lines, "b") == pytest.approx(0.5e-14, rel=0.1)
    assert half("TRACE: a 0.01\nTRACE: b 1.23457\n", "a") == pytest.approx(0.5e-7)


def test_shown_zeros_pin_the_last_digit() -> None:
    assert half("TRACE_C: a 1.500\nTRACE_C: b 1.23456789012345\n", "a") == pytest.approx(0.5e-3)
    assert half("TRACE_C: a 1.500e+02\nTRACE_C: b 1.23456789012345\n", "a") == pytest.approx(0.5e-1)
    assert half("TRACE_C: a 2.250e+00 1.125e+00\n", "a", 1) == pytest.approx(0.5e-3)


def test_an_exponent_that_general_format_would_use_pins_nothing() -> None:
    assert half("TRACE: a 1e+06\nTRACE: b 1.23457\n", "a") == pytest.approx(5.0)
    assert half("TRACE: a 1e-06\nTRACE: b 1.23457\n", "a") == pytest.approx(0.5e-11)


def test_pythons_point_zero_is_not_one_decimal() -> None:
    assert half("TRACE_PY: a [-8.0, 2.0]\nTRACE_PY: b 0.12345678901234\n", "a") < 1e-12


def test_whole_numbers_are_not_coarse() -> None:
    assert verdict("24", "25") is Verdict.DIFFERENT
    assert verdict("100", "101") is Verdict.DIFFERENT


def test_a_manifest_tells_the_digits_of_its_own_prefix_only() -> None:
    lines = "TRACE_PY: a 0.5\nTRACE: b 0.5\n"
    formats = Formats(parse(lines).records, digits=17)
    a, b = parse(lines).records
    assert formats.half(a, 0) < 1e-15
    assert formats.half(b, 0) == pytest.approx(0.5e-6)


@given(st.floats(1e-300, 1e300), st.sampled_from([6, 9, 12, 15, 17]))
def test_printing_with_fewer_digits_is_never_a_difference(value: float, digits: int) -> None:
    short = parse(f"TRACE_C: x {value:.{digits}g}\nTRACE_C: f {1.2345678901234567:.{digits}g}\n")
    long = parse(f"TRACE_C: x {value:.17g}\n{LONG}")
    a, b = View(short, PLAIN), View(long, PLAIN)
    got = worst("x", measure(a, short.records[0], b, long.records[0]), Limits())
    assert got in (Verdict.EQUAL, Verdict.PRINT)


@given(st.floats(1e-300, 1e300), st.sampled_from([6, 9, 12]))
def test_two_units_of_the_last_printed_digit_are_one(value: float, digits: int) -> None:
    filler = f"TRACE_C: f {1.2345678901234567:.{digits}g}\n"
    off = float(f"{value:.{digits}g}") + 2.5 * 10.0 ** (math.floor(math.log10(value)) - digits + 1)
    assume(math.isfinite(off))
    assert verdict(f"{value:.{digits}g}", f"{off:.{digits}g}", more=filler) is Verdict.DIFFERENT


# ---- verdicts ----------------------------------------------------------------------------------------------


def test_minus_zero_equals_zero() -> None:
    assert verdict("-0 1 0", "0 1 -0") is Verdict.EQUAL


def test_nan_is_loud() -> None:
    assert verdict("nan", "1") is Verdict.NAN
    assert verdict("1 2 3", "1 nan 3") is Verdict.NAN
    assert verdict("nan", "nan") is Verdict.EQUAL
    assert verdict("inf", "inf") is Verdict.EQUAL
    assert verdict("inf", "-inf") is Verdict.DIFFERENT
    assert verdict("inf", "1e308") is Verdict.DIFFERENT


def test_words_and_shapes() -> None:
    assert verdict("MOSFLM", "MOSFLM") is Verdict.EQUAL
    assert verdict("MOSFLM", "XDS") is Verdict.DIFFERENT
    assert verdict("MOSFLM", "1") is Verdict.DIFFERENT
    assert verdict("1 2 3", "1 2") is Verdict.DIFFERENT


@given(st.floats(1e-300, 1e300), st.integers(1, 8))
def test_a_few_ulp_are_noise_at_any_size(value: float, ulps: int) -> None:
    other = value
    for _ in range(ulps):
        other = math.nextafter(other, math.inf)
    assert verdict(f"{value:.17g}", f"{other:.17g}") in (Verdict.PRINT, Verdict.NOISE)


@given(st.floats(1e-300, 1e290), st.floats(1e-12, 1.0))
def test_small_numbers_get_no_absolute_floor(value: float, off: float) -> None:
    assert verdict(f"{value:.17g}", f"{value * (1 + off):.17g}", more=LONG) is Verdict.DIFFERENT


def test_a_component_is_judged_against_the_length_of_its_vector() -> None:
    assert verdict("100 6.1e-15 0", "100 0 0", more=LONG) is Verdict.NOISE
    assert verdict("100 6.1e-12 0", "100 0 0", more=LONG) is Verdict.DIFFERENT


def test_cancellation_is_judged_against_what_cancelled() -> None:
    more = "TRACE_C: pix0_vector_meters 0.5 0.10245 -0.10245\n"
    pair = ("0.5 0.012825 -2.49999999999972e-05", "0.5 0.012825 -2.500000000001112e-05")
    assert verdict(*pair, "pixel_pos_meters", load(), more) is Verdict.NOISE
    assert verdict("1 1 -2.49999999999972e-05", "1 1 -2.6e-05", "pixel_pos_meters", load(), more) is Verdict.DIFFERENT


CHAIN = from_document({
    "quantity": {
        "a": {"kind": "input"}, "b": {"kind": "input"},
        "d": {"parents": ["a", "b"], "formula": "a - b"},
        "s": {"parents": ["d"], "formula": "1e6*d"},
    }
})  # fmt: skip


def test_noise_of_a_parent_is_propagated() -> None:
    more = "TRACE_C: a 1.0000000000000002\nTRACE_C: b 0.99999999999999911\nTRACE_C: d 1.1102230246251565e-15\n"
    assert verdict("1.1102230246251565e-09", "9.992007221626409e-10", "s", CHAIN, more) is Verdict.ILL
    assert verdict("1.1102230246251565e-09", "2.1e-08", "s", CHAIN, more) is Verdict.DIFFERENT


def test_an_interference_near_its_zero_is_ill_conditioned_but_a_wrong_count_is_not() -> None:
    catalogue = load()
    h = 200.2 + 1e-13
    more = f"TRACE_C: hkl_frac {h!r} 0.5 0.5\nTRACE_C: Na 5\n"
    exact = math.sin(5 * math.pi * h) / math.sin(math.pi * h)
    near = math.sin(5 * math.pi * (h + 4e-14)) / math.sin(math.pi * (h + 4e-14))
    assert verdict(f"{exact:.17g}", f"{near:.17g}", "F_latt_a", catalogue, more) in (Verdict.NOISE, Verdict.ILL)
    assert (
        verdict("4.18680219731307", "4.1868021973", "F_latt_a", catalogue, LONG + more.replace(repr(h), "0.0657"))
        is Verdict.DIFFERENT
    )


def test_limits_can_be_widened_for_one_quantity() -> None:
    parts = (Measure(1.0, 1.001, 1e-17, 1e-15, 1e-15),)
    assert worst("x", parts, Limits()) is Verdict.DIFFERENT
    assert worst("x", parts, Limits(relative={"x": 0.01})) is Verdict.NOISE
    assert worst("x", parts, Limits(relative={"y": 0.01})) is Verdict.DIFFERENT
    assert worst("x", parts, Limits(slack=1e13)) is Verdict.NOISE


def test_measures_say_how_far() -> None:
    one = Measure(2.0, 3.0)
    assert (one.absolute, one.relative, one.ulp) == (1.0, 0.5, 2.0**51)
    assert Measure(0.0, 1.0).relative == math.inf
    assert math.isnan(Measure("a", 1.0).absolute)


def test_a_float32_trace_is_granted_float32_noise() -> None:
    values = [to_float32(0.1 * i + 0.01234) for i in range(1, 13)]
    lines = "".join(f"TRACE_PY: q{i} {v!r}\n" for i, v in enumerate(values))
    view = View(parse(lines), PLAIN)
    assert view.epsilon == 2.0**-23
    double = "".join(f"TRACE_PY: z{i} {0.1 * i + 0.01234567890123!r}\n" for i in range(1, 13))
    assert View(parse(lines + double), PLAIN).epsilon == EPSILON


# ---- running error analysis ---------------------------------------------------------------------------------

small = st.floats(-1e3, 1e3, allow_nan=False).filter(lambda x: x == 0 or abs(x) > 1e-6)
shift = st.floats(-1, 1)


@given(small, small, st.floats(0, 1e-3), st.floats(0, 1e-3), shift, shift)
def test_error_bounds_hold_for_arithmetic(a: float, b: float, ea: float, eb: float, p: float, q: float) -> None:
    x, y = Num(a, ea), Num(b, eb)
    u, v = a + p * ea, b + q * eb
    for bound, true in ((x + y, u + v), (x - y, u - v), (x * y, u * v)):
        scale = abs(a) + abs(b) + abs(a * b)  # the moved operands u and v are rounded themselves
        assert abs(true - bound.v) <= bound.e + 4 * EPSILON * scale
    if abs(b) > 2 * eb:
        assert abs(u / v - (x / y).v) <= (x / y).e * (1 + 1e-9) + 8 * EPSILON * (abs(u / v) + abs(a / b))


@given(st.floats(-20, 20), st.floats(0, 1e-6), shift, st.integers(1, 30))
def test_error_bounds_hold_for_functions(a: float, ea: float, p: float, n: int) -> None:
    x, u = Num(a, ea), a + p * ea
    assert abs(math.sin(u) - sin(x).v) <= sin(x).e * 1.5 + 1e-12
    got = sincg(x, Num(float(n)))
    bottom = math.sin(u)
    true = n if bottom == 0 else math.sin(n * u) / bottom
    if abs(bottom) > 10 * ea * n:
        assert abs(true - got.v) <= 1.5 * got.e + 1e-9
    if a > 0:
        assert abs(math.sqrt(abs(u)) - sqrt(x).v) <= sqrt(x).e * 1.5 + 1e-12


def test_corner_cases_of_numbers() -> None:
    assert math.isinf((Num(1.0) / Num(0.0)).v) and math.isnan((Num(0.0) / Num(0.0)).v)
    assert (Num(1.0) / Num(1.0, 2.0)).e == math.inf
    assert math.isnan(sqrt(Num(-1.0)).v) and sqrt(Num(-1e-20, 1e-18)).v == 0
    assert math.isnan(power(Num(-2.0), Num(1 / 3)).v)
    assert power(Num(0.0), Num(-1.0)).e == math.inf
    assert sincg(Num(0.0), Num(5.0)) == Num(5.0, 0.0)
    assert sincg(Num(0.0, 1e-13), Num(5.0)).e < 1e-12, "the peak is flat"
    assert sincg(Num(5 * math.pi, 0.0), Num(5.0)).e > 1, "at other whole indices rounding decides: 0/0"
    assert math.isnan(sin(Num(math.inf)).v)
    assert atan2(Num(0.0, 1.0), Num(0.5, 0.0)).e >= math.pi
    assert norm((Num(0.0, 3.0), Num(0.0, 4.0))).e == 5


def test_rounding_to_integers_knows_its_ties() -> None:
    assert ceil(Num(1.2, 0.1)) == Num(2.0, 0.0)
    assert ceil(Num(1.95, 0.1)) == Num(2.0, 1.0)
    assert float32(Num(0.1)).v == to_float32(0.1)
    assert to_float32(1e300) == math.inf


def test_vectors() -> None:
    x, y = tuple(map(Num, (1.0, 0.0, 0.0))), tuple(map(Num, (0.0, 1.0, 0.0)))
    assert [c.v for c in cross(x, y)] == [0, 0, 1]
    assert dot(x, y).v == 0


def test_reading_of_both_sides_is_symmetric() -> None:
    a, b = Trace(parse("TRACE_C: x 1.5\n").records), Trace(parse("TRACE_C: x 1.6\n").records)
    one, two = View(a, PLAIN), View(b, PLAIN)
    assert (
        measure(one, a.records[0], two, b.records[0])[0].absolute
        == measure(two, b.records[0], one, a.records[0])[0].absolute
    )
