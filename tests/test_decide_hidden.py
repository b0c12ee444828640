"""What the text of a trace cannot show; found by mutation testing (docs/mutation.md)."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from firstbad.tracer.catalogue import Catalogue, from_document
from firstbad.tracer.diff import compare
from firstbad.tracer.hidden import Hidden, hidden, limited
from firstbad.tracer.model import Manifest, Trace
from firstbad.tracer.text import parse
from firstbad.tracer.view import View
from hypothesis import given
from hypothesis import strategies as st

FLOAT32 = Manifest({"dtype": "float32", "digits": "9"})


def traced(text: str, prefix: str = "TRACE_C") -> Trace:
    """A trace of the records `name value …`, parted by semicolons."""
    return parse("".join(f"{prefix}: {record.strip()}\n" for record in text.split(";")))


def viewed(text: str, prefix: str = "TRACE_C") -> View:
    return View(traced(text, prefix), Catalogue())


def listed(text: str) -> dict[str, tuple[int, float]]:
    """The digits and the units of each quantity that is listed."""
    return {one.quantity: (one.digits, one.ulp) for one in hidden(viewed(text))}


# ---- which, and how much ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "digits", "half"),
    [
        ("1.25000", 6, 0.5e-5),
        ("-1.25000", 6, 0.5e-5),
        ("9.75000", 6, 0.5e-5),
        ("0.00125000", 6, 0.5e-8),
        ("1250.00", 6, 0.5e-2),
        ("1.250", 4, 0.5e-3),
        ("1.2500e-20", 5, 0.5e-24),
        ("1e+00", 1, 0.5),
        ("9e+00", 1, 0.5),
        ("1.25", 6, 0.5e-5),  # general format: six digits, zeros stripped
        ("125", 6, 0.5e-3),
    ],
)
def test_the_units_behind_a_number_are_half_its_last_digit_over_its_last_place(
    token: str, digits: int, half: float
) -> None:
    """And half a unit of the last place that reading it may have cost."""
    shown, units = listed(f"q {token}")["q"]
    assert shown == digits
    rounding = 2.0**-53 * abs(float(token))
    assert units == pytest.approx((half + rounding) / math.ulp(float(token)), rel=1e-12)


def test_a_text_of_seventeen_digits_hides_nothing_and_fifteen_hide_something_of_small_mantissas() -> None:
    """Half a digit of 1.00000000000001 is 23 units in the last place, that of 9.00000000000001 three."""
    assert listed("a 1.2345678901234567; b 1.5; c 9.5; d 1e-30") == {}
    assert listed("a 1.23456789012345; b 8.23456789012345") == {"a": (15, pytest.approx(23.1, rel=0.01))}


def test_four_units_are_not_more_than_four() -> None:
    """7·2^54 in sixteen digits: half of 100 and a rounding of 14 are 64, and its last place is 16."""
    sixteen = "long 1.234567890123456"
    assert listed(f"{sixteen}; q 1.261007895663739e+17") == {}
    assert listed(f"{sixteen}; q 1.261007895663839e+17") == {"q": (16, pytest.approx(4, rel=1e-9))}


def test_a_float32_program_hides_less_behind_the_same_digits() -> None:
    """Its last place is 2^29 times as large: nine digits leave 0.04 of it, seven from 0.4 to 4.2."""
    seven = "a 1.000000; b 2.000000; c 4.500000; d 1.00000; e 1.00000e-07"
    single = View(replace(traced(seven), manifest=FLOAT32), Catalogue())
    assert {one.quantity: (one.digits, one.ulp) for one in hidden(single)} == {
        "a": (7, pytest.approx(0.5e-6 * 2**23)),
        "d": (6, pytest.approx(0.5e-5 * 2**23)),
        "e": (6, pytest.approx(0.5e-12 * 2**47)),
    }
    assert set(listed(seven)) == set("abcde"), "of a double all hide something"


def test_a_zero_with_decimals_hides_any_number_and_that_of_an_exponent_or_a_lone_zero_none() -> None:
    assert listed("q 0.000") == {"q": (0, math.inf)}
    assert listed("q -0.000000") == {"q": (0, math.inf)}
    assert listed("q 0.000000e+00") == {} and listed("q 0") == {} and listed("q 0.0") == {}


def test_words_and_what_is_not_finite_are_passed_over() -> None:
    assert listed("q MOSFLM; r nan; s inf; t 1.50") == {"t": (3, pytest.approx(0.5e-2 * 2**52, rel=1e-9))}
    assert set(listed("q nan 1.50 inf 2.50; r 0 1.50")) == {"q", "r"}, "beside numbers of the same record"


def test_a_quantity_tells_its_fewest_digits_and_its_most_units_of_all_components_and_records() -> None:
    one, two = "q 1.2500 4.50", "q 9.75 1.000000"
    expected = {"q": (3, pytest.approx(0.5e-2 / math.ulp(4.5), rel=1e-9))}
    assert listed(f"{one}; {two}") == expected
    assert listed(f"{two}; {one}") == expected
    expected = {"q": (3, pytest.approx(0.5e-1 * 2**46, rel=1e-9))}  # 9.00 shows fewer digits, and hides 2.8e12 units
    assert listed("q 1.270e+02; q 9.00") == listed("q 9.00; q 1.270e+02") == listed("q 9.00 1.270e+02") == expected


def test_quantities_are_listed_in_the_order_of_the_trace_under_their_names_in_the_catalogue() -> None:
    known = from_document({"quantity": {"omega": {"aliases": ["b"]}}})
    view = View(traced("z 1.50; b 1.50; a 1.50; omega 1.500; long 1.2345678901234567"), known)
    assert [one.quantity for one in hidden(view)] == ["z", "omega", "a"]


@given(st.floats(1e-300, 1e300), st.integers(6, 15))
def test_the_digits_that_are_told_are_those_that_were_printed(value: float, digits: int) -> None:
    assert {one.digits for one in hidden(viewed(f"q {value:.{digits - 1}e}"))} <= {digits}


def test_what_is_hidden_is_told_of_each_side_in_json() -> None:
    found = compare(traced("q 1.50"), traced("q 1.5000000000000001"), Catalogue())
    told = found.as_dict()["hidden"]
    assert told == {
        "reference": [{"quantity": "q", "digits": 3, "ulp": 2.25e13}],
        "candidate": [],
    }
    assert hidden(viewed("q 0.00")) == (Hidden("q", 0, math.inf),)


# ---- the sentence ----------------------------------------------------------------------------------------------------


def sentence(digits: int, many: str) -> str:
    return f"limited by printing: {digits} digits hide more than 4 units in the last place of {many}"


@pytest.mark.parametrize(
    ("names", "many"),
    [
        ("a", "1 quantity (a)"),
        ("ab", "2 quantities (a, b)"),
        ("abc", "3 quantities (a, b, c)"),
        ("abcd", "4 quantities (a, b, c …)"),
    ],
)
def test_a_side_of_few_digits_is_said_to_be_limited_by_them(names: str, many: str) -> None:
    assert limited(viewed("; ".join(f"{name} 1.23457" for name in names))) == sentence(6, many)


@pytest.mark.parametrize(("token", "digits"), [("1.234567890123", 13), ("1.2345678901234", 14)])
def test_fourteen_digits_are_few(token: str, digits: int) -> None:
    assert limited(viewed(f"q {token}; r 1.5")) == sentence(digits, "2 quantities (q, r)")


def test_fifteen_digits_are_not_few_though_they_hide_something() -> None:
    view = viewed("q 1.23456789012345")
    assert limited(view) == "" and len(hidden(view)) == 1


def test_only_a_number_that_shows_all_digits_says_that_more_were_cut_off() -> None:
    assert limited(viewed("q 1.5; r 100; s word")) == ""
    assert limited(viewed("q 1.2345; r 0.000001")) == "", "five digits of six"
    assert limited(viewed("q 1.5 1.23457 2; r 100")) == sentence(6, "2 quantities (q, r)"), "one of them does"


def test_a_side_with_one_long_format_is_not_limited_throughout() -> None:
    short, long = "TRACE: q 1.23457\n", "TRACE_C: r 1.2345678901234567\n"
    for text in (short + long, long + short):
        assert limited(View(parse(text), Catalogue())) == ""
    assert limited(View(parse(short), Catalogue())) == sentence(6, "1 quantity (q)")


def test_a_trace_that_holds_nothing_is_limited_by_nothing() -> None:
    assert limited(View(Trace(()), Catalogue())) == ""


def test_nine_digits_of_a_float32_program_hide_nothing_and_are_no_limit() -> None:
    view = View(replace(traced("q 1.23456788; r 2.5"), manifest=FLOAT32), Catalogue())
    assert hidden(view) == () and limited(view) == ""
    notes = compare(view.trace, view.trace, Catalogue()).notes
    assert not [note for note in notes if "limited" in note]
