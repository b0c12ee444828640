"""What a printed decimal says, token by token and format by format; found by mutation testing (docs/mutation.md)."""

from __future__ import annotations

import re

import pytest
from firstbad.tracer.model import Record
from firstbad.tracer.place import loop_level, place, qualified
from firstbad.tracer.resolution import Formats, significant
from firstbad.tracer.text import parse
from firstbad.tracer.uncertain import EPSILON, FLOAT32
from hypothesis import assume, given
from hypothesis import strategies as st


def record(*tokens: str, prefix: str = "TRACE_C", name: str = "x") -> Record:
    values = tuple(float(t) if re.match(r"[-+.\d]|nan|inf", t) else t for t in tokens)
    return Record(name, values, tokens, (len(tokens),), (), prefix=prefix)


LONG = record("1.2345678901234567", name="long")
SHORT = record("1.23457", name="short")


@pytest.mark.parametrize(
    ("token", "neighbour", "exponent"),
    [
        # %g: as many digits as the longest neighbour, at least six
        ("1.5", SHORT, -5),
        ("1.5", record("1.5"), -5),
        ("150", SHORT, -3),
        ("0.015", SHORT, -7),
        ("1.5", LONG, -16),
        ("9.99999", SHORT, -5),
        ("-1.5", SHORT, -5),
        ("+1.5", SHORT, -5),
        ("1e+06", SHORT, 1),
        ("1.5e+06", SHORT, 1),
        ("1.5e-05", SHORT, -10),
        ("1.5E-05", SHORT, -10),
        ("1.5d-05", SHORT, -10),
        ("0", SHORT, -400),
        # %e: an exponent that %g would not have printed pins the last digit
        ("1.5e+05", SHORT, 4),
        ("1.5e-04", SHORT, -5),
        ("1.5e+00", SHORT, -1),
        ("1e+05", SHORT, 5),
        ("1.5e+06", LONG, 5),
        ("1.5e+15", LONG, 14),
        ("1.5e+17", LONG, 1),
        # shown zeros
        ("1.50", SHORT, -2),
        ("1.500", LONG, -3),
        ("0.00", SHORT, -2),
        ("1.50e+06", SHORT, 4),
        ("1.500e-07", SHORT, -10),
        ("1.0", SHORT, -5),
        ("100", SHORT, -3),
        ("100.", SHORT, -3),
    ],
)
def test_the_last_place_of_a_token(token: str, neighbour: Record, exponent: int) -> None:
    value = float(token.replace("d", "e"))
    one = Record("x", (value,), (token,), (), (), prefix="TRACE_C")
    half = Formats([neighbour, one]).half(one, 0)
    assert half == pytest.approx(0.5 * 10.0**exponent + 0.5 * EPSILON * abs(value), rel=1e-12, abs=0)


def test_zeros_of_a_quantity_tell_the_decimals_of_its_other_values() -> None:
    """%f prints 1.250 and 1.125: the second shows three decimals as well. Other quantities are printed otherwise."""
    fixed, same, other = record("1.250", name="y"), record("1.125", name="y"), record("1.125", name="z")
    formats = Formats([LONG, fixed, same, other])
    assert formats.half(same, 0) == pytest.approx(0.5e-3)
    assert formats.half(other, 0) < 1e-12
    four = record("1.1255", name="y")
    assert Formats([LONG, fixed, four]).half(four, 0) < 1e-12, "four decimals are not three"
    power = record("1.125e-07", name="y")
    assert Formats([LONG, fixed, power]).half(power, 0) < 1e-20
    foreign = record("1.125", name="y", prefix="TRACE_PY")
    assert Formats([LONG, fixed, foreign]).half(foreign, 0) == pytest.approx(0.5e-5), "another program"


def test_words_and_what_is_not_finite_have_no_last_place() -> None:
    for one in (record("word"), record("nan"), record("inf")):
        formats = Formats([LONG, one])
        assert formats.half(one, 0) == 0.0
        assert formats.shown(one, 0) == 0.0
    assert significant("word") == 0 and significant("1.5x") == 0


@pytest.mark.parametrize(
    ("prefix", "given_digits", "digits"),
    [("TRACE_C", 0, 9), ("TRACE_C", 8, 9), ("TRACE_C", 12, 12), ("TRACE", 12, 9), ("TRACE", 0, 9)],
)
def test_digits_are_the_most_that_were_seen_or_promised(prefix: str, given_digits: int, digits: int) -> None:
    lines = [record("1.23456789", prefix=prefix), record("1.2", prefix=prefix), record("0.5", prefix="OTHER")]
    formats = Formats(lines, given_digits)
    assert formats.digits(lines[0]) == digits
    assert formats.digits(lines[2]) == max(6, given_digits)


@pytest.mark.parametrize(
    ("token", "neighbour", "shown"),
    [
        ("5.70088", LONG, 0.5e-5),
        ("570.088", LONG, 0.5e-3),
        ("-0.0570088", LONG, 0.5e-7),
        ("5.7008", LONG, 0.5e-5),  # five digits: of six, the last may be a zero that %g strips
        ("5.700", LONG, 0.0),
        ("5.701", LONG, 0.0),  # four: a short number
        ("5.70088", SHORT, 0.0),  # as many as the format has
        ("1.2345678901234567", LONG, 0.0),
        ("5.7008812", SHORT, 0.0),
        ("0", LONG, 0.0),
        ("0.000000", LONG, 0.0),
        ("1.23456e-400", LONG, 0.0),  # too small for a float: it has no last place
        ("1.00000", LONG, 0.5e-5),
    ],
)
def test_a_token_with_some_six_digits_among_longer_ones_may_be_rounded_by_its_print(
    token: str, neighbour: Record, shown: float
) -> None:
    one = record(token)
    assert Formats([neighbour, one]).shown(one, 0) == pytest.approx(shown, rel=1e-9)


def test_the_longest_component_of_a_vector_shows_how_it_is_printed() -> None:
    vector, whole = record("33.796", "4.58551", "0"), record("5.70088", "0.24691357824691356")
    formats = Formats([LONG, vector, whole])
    assert [formats.shown(vector, i) for i in range(3)] == pytest.approx([0.5e-4, 0.5e-5, 0.0])
    assert [formats.shown(whole, i) for i in range(2)] == [0.0, 0.0]


def test_a_manifest_says_that_short_tokens_are_short_numbers() -> None:
    one, bare = record("5.70088"), record("5.70088", prefix="TRACE")
    lines = [LONG, record("1.2345678901", prefix="TRACE"), one, bare]
    assert Formats(lines, 17).shown(one, 0) == 0.0
    assert Formats(lines, 17).shown(bare, 0) == pytest.approx(0.5e-5)
    assert Formats(lines).shown(one, 0) == pytest.approx(0.5e-5)


@given(st.floats(1e-100, 1e100), st.integers(6, 17), st.sampled_from("gef"))
def test_half_the_last_digit_reaches_the_number_behind(value: float, digits: int, form: str) -> None:
    assume(form != "f" or value >= 1)  # a smaller one shows fewer digits than its neighbour: see `shown`
    one = record(f"{value:.{digits}{form}}")
    filler = record(f"{1.2345678901234567:.{digits}{form}}", name="other")
    half = Formats([filler, one]).half(one, 0)
    assert abs(value - float(one.tokens[0])) <= half * (1 + 1e-9)


# ---- places ----------------------------------------------------------------------------------------------------


def test_loops_have_their_place_in_the_nest() -> None:
    order = ("pixel", "layer", "subpixel", "source", "phi", "mosaic", "anything")
    assert [loop_level(key) for key in order] == [1, 2, 3, 4, 5, 6, 7]
    assert [loop_level(key) for key in ("thick_tic", "sub", "src", "phi_tic", "mos_domain")] == [2, 3, 4, 5, 6]
    assert loop_level("my_phi") == 7


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ((("phi_tic", "3"),), {"phi": "3"}),
        ((("mos", "3"), ("src", "1"), ("thick", "0")), {"mosaic": "3", "source": "1", "layer": "0"}),
        ((("phi_index", "3.0"),), {"phi": "3"}),
        ((("phi", "3.5"),), {"phi": "3.5"}),
        ((("phi", "x.0"),), {"phi": "x.0"}),
        ((("phi", "10"),), {"phi": "10"}),
        ((("tic", "1"),), {"tic": "1"}),
        ((("section", "After"), ("phi", "1")), {"phi": "1"}),
        ((), {}),
    ],
)
def test_one_place_has_one_spelling(scope: tuple[tuple[str, str], ...], expected: dict[str, str]) -> None:
    assert place(Record("F", (1.0,), ("1",), (), scope)) == expected


def test_a_name_has_its_innermost_section_in_front() -> None:
    scope = (("section", "Before"), ("phi", "1"), ("section", "After"))
    assert qualified(Record("F", (1.0,), ("1",), (), scope)) == "After/F"
    assert qualified(Record("F", (1.0,), ("1",), (), (("phi", "1"),))) == "F"
    assert parse("TRACE_C: F 1\n").records[0].quantity == "F"


@pytest.mark.parametrize(
    ("token", "exponent"),
    [("1.20000000E+000", -8), ("60.8000001E+000", -7), ("1.2593E+029", 25), ("1.23456789E-020", -28), ("1.5E+000", -1)],
)
def test_what_was_printed_as_a_float32_is_off_by_its_last_place_and_half_a_unit_of_a_float32(
    token: str, exponent: int
) -> None:
    one = record(token)
    half = Formats([one, record("0.12345678901234567", name="y")]).half(one, 0)
    assert half == pytest.approx(0.5 * 10.0**exponent + 0.5 * FLOAT32 * float(token), rel=1e-6)


def test_another_exponent_of_the_same_size_says_nothing_of_a_float32() -> None:
    one = record("1.2593e+029")
    half = Formats([one, record("0.12345678901234567", name="y")]).half(one, 0)
    assert half == pytest.approx(0.5 * 10.0**13 + 0.5 * EPSILON * 1.2593e29)
