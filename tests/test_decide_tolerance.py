"""Where each verdict begins and ends, from the numbers of a measure alone; found by mutation testing (docs/mutation.md)."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.text import parse
from firstbad.tracer.tolerance import Limits, Measure, Verdict, measure, worst
from firstbad.tracer.view import View
from hypothesis import given
from hypothesis import strategies as st

EDGE = 1.0 + 1e-9


def off(by: float, printed: float = 0.0, floor: float = 0.0, noise: float = 0.0, **limits: float) -> Verdict:
    """The verdict of 0 beside `by`: the difference is exact."""
    return Measure(0.0, by, printed, floor, noise).verdict("x", Limits(**limits))


def test_nothing_is_allowed_unless_something_allows_it() -> None:
    assert off(5e-324) is Verdict.DIFFERENT
    assert off(5e-324, slack=1e300) is Verdict.DIFFERENT


def test_adjacent_decimals_touch_and_a_billionth_more_does_not() -> None:
    assert off(0.5 * EDGE, printed=0.5) is Verdict.PRINT
    assert off(0.5 * (1 + 5e-10), printed=0.5) is Verdict.PRINT
    assert off(0.5 * (1 + 1.5e-9), printed=0.5) is Verdict.DIFFERENT


def test_two_floors_beside_the_print_are_noise() -> None:
    assert off(2.0 * EDGE, floor=1.0) is Verdict.NOISE
    assert off(2.1, floor=1.0) is Verdict.DIFFERENT
    assert off(3.0, printed=1.0, floor=1.0) is Verdict.NOISE
    assert off(3.1, printed=1.0, floor=1.0) is Verdict.DIFFERENT
    assert off(3.1, printed=1.0, floor=1.0, slack=3.0) is Verdict.NOISE


def test_noise_is_called_ill_conditioned_above_sixteen_floors() -> None:
    assert off(32.0 * EDGE, floor=1.0, noise=16.0) is Verdict.NOISE
    assert off(32.0, floor=1.0, noise=16.5) is Verdict.ILL
    assert off(34.0 * EDGE, floor=1.0, noise=17.0) is Verdict.ILL
    assert off(34.1, floor=1.0, noise=17.0) is Verdict.DIFFERENT
    assert off(35.0, printed=1.0, floor=1.0, noise=17.0) is Verdict.ILL


def test_a_granted_share_is_of_the_larger_value() -> None:
    half = Limits(relative={"x": 0.5})
    assert Measure(1.0, 2.0).verdict("x", half) is Verdict.NOISE
    assert Measure(2.0, 1.0).verdict("x", half) is Verdict.NOISE
    assert Measure(-1.0, -2.0).verdict("x", half) is Verdict.NOISE
    assert Measure(1.0, 2.01).verdict("x", half) is Verdict.DIFFERENT
    assert Measure(1.0, 2.0).verdict("y", half) is Verdict.DIFFERENT


def test_no_share_however_large_makes_a_number_of_an_infinity() -> None:
    generous = Limits(relative={"x": 10.0})
    for a, b in ((1.0, math.inf), (math.inf, 1.0), (-math.inf, math.inf)):
        assert Measure(a, b).verdict("x", generous) is Verdict.DIFFERENT


@given(st.floats(0, 1e3), st.floats(0, 1), st.floats(0, 1), st.floats(0, 10), st.floats(1, 10))
def test_more_allowance_never_makes_a_verdict_worse(d: float, printed: float, floor: float, noise: float, more: float):
    def bad(p: float, f: float, n: float) -> bool:
        return not off(d, p, f, n).agrees

    assert bad(printed, floor, noise) >= bad(printed * more, floor, noise)
    assert bad(printed, floor, noise) >= bad(printed, floor * more, noise)
    assert bad(printed, floor, noise) >= bad(printed, floor, noise * more)
    assert off(d, printed, floor, noise) is off(-d, printed, floor, noise)


def test_how_far_of_words_zeros_and_infinities() -> None:
    for words in (Measure("a", 1.0), Measure(1.0, "a"), Measure("a", "a")):
        assert math.isnan(words.relative)
        assert math.isnan(words.ulp)
    assert (Measure(1.0, 1.0).relative, Measure(0.0, 0.0).relative) == (0.0, 0.0)
    assert Measure(-4.0, -3.0).relative == 0.25
    assert math.isnan(Measure(1.0, math.inf).ulp)
    assert math.isnan(Measure(math.inf, math.inf).ulp)


def test_what_is_not_granted_is_nothing() -> None:
    bare = Measure(1.0, 2.0)
    assert (bare.printed, bare.floor, bare.noise, bare.coarse) == (0.0, 0.0, 0.0, 0.0)
    assert bare.verdict("x", Limits()) is Verdict.DIFFERENT


def measures(a: str, b: str) -> tuple[Measure, ...]:
    """Of two lines whose prefix prints seventeen digits."""
    one, two = (View(parse(f"TRACE_C: f 1.2345678901234567\nTRACE_C: x {text}\n"), Catalogue()) for text in (a, b))
    return measure(one, one.trace.records[-1], two, two.trace.records[-1])


def test_a_word_beside_a_number_is_different_on_either_side() -> None:
    for a, b in (("1", "MOSFLM"), ("MOSFLM", "1"), ("1 2", "1 MOSFLM")):
        assert worst("x", measures(a, b), Limits()) is Verdict.DIFFERENT


def test_a_sign_of_a_component_that_is_nothing_is_noise() -> None:
    assert worst("x", measures("100 1e-17 0", "100 -1e-17 0"), Limits()) is Verdict.NOISE
    assert worst("x", measures("1e-17", "-1e-17"), Limits()) is Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("a", "b", "coarse"),
    [
        ("5.70088", "5.70087", 1e-5),
        ("5.70088", "5.7008771298765432", 5e-6),
        ("5.7008771298765432", "5.70088", 5e-6),
        ("5.7008771298765432", "5.7008771298765932", 0),
    ],
)
def test_what_short_tokens_hide_adds_up(a: str, b: str, coarse: float) -> None:
    assert measures(a, b)[0].coarse == pytest.approx(coarse, rel=1e-6, abs=1e-14)
