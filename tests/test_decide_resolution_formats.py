"""Print formats that only many numbers together show; found by mutation testing (docs/mutation.md)."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import compare
from firstbad.tracer.model import Record
from firstbad.tracer.resolution import Formats, significant
from firstbad.tracer.text import parse


def lines(tokens: Sequence[str], prefix: str = "TRACE_C") -> list[Record]:
    """A record of a quantity of its own for each token."""
    values = [float(re.sub("[dD]", "e", t)) if re.match(r"[-+.\d]", t) else t for t in tokens]
    return [Record(f"q{n}", (v,), (t,), prefix=prefix) for n, (v, t) in enumerate(zip(values, tokens, strict=True))]


def digits(*tokens: str, given: int = 0, prefix: str = "TRACE_C") -> list[int]:
    """The significant digits of the format behind each token."""
    records = lines(tokens, prefix)
    formats = Formats(records, given)
    return [formats.digits(record) for record in records]


def half(first: str, *others: str) -> float:
    """Half the last digit that the first token could show among the others, the rounding of a double apart."""
    records = lines([first, *others])
    return Formats(records).half(records[0], 0)


def ending(behind: str, count: int, start: int = 1) -> list[str]:
    """So many different numbers with the same decimals: 1.25, 2.25, …"""
    return [f"{n}{behind}" for n in range(start, start + count)]


SIX = ending(".23457", 9)
SEVENTEEN = ending(".2345678901234567", 9)
ZEROS = [f"{sign}0.{'0' * n}" for n in range(1, 6) for sign in ("", "-")]


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("0", 0), ("-0.000", 0), ("7", 1), ("1.5", 2), ("0.00150", 3), ("100", 3), ("10.", 2), (".25", 2), ("+1.250", 4),
        ("1.5e+300", 2), ("1.5D-05", 2), ("0.05E2", 1), ("nan", 0), ("MOSFLM", 0), ("1.5 ", 0), ("", 0), ("1e", 0),
    ],
)  # fmt: skip
def test_significant_digits_count_from_the_first_that_is_not_zero_to_the_last_printed(token: str, shown: int) -> None:
    assert significant(token) == shown


# ---- fewer than six digits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (ending(".25", 8), 3),
        (ending(".234", 8), 4),
        (ending(".2345", 8), 5),
        (ending(".25", 7), 6),  # seven may be short by nature
        ([*ending(".25", 7), "1.25"], 6),  # one number twice says no more than once
        (ending(".5", 8), 6),  # people type numbers of two digits
        ([str(n) for n in range(101, 110)], 6),  # whole numbers are not cut
        ([*ending(".25", 8), *ending(".5", 8)], 3),  # as many show less
        ([*ending(".25", 8), *ending(".5", 9)], 6),  # more of them show less
        ([*ending(".25", 8), *ending(".0", 9)], 3),  # whole numbers, as Python ends them
        ([*ending(".25", 8), *ending(".", 9)], 3),  # and as numpy does
        ([*ending(".25", 8), *ZEROS], 3),  # a zero shows no digit
        ([*ending(".25", 8), *[f"{letter}.e" for letter in "abcdefghi"]], 3),  # words are no numbers
        ([*ending(".25", 8), "1.2345"], 6),  # one shows more: then many show less than they could
        ([*ending(".25", 8), "1.23457"], 6),
        ([*ending(".25", 8), "1.234567"], 7),
        ([], 6),
    ],
)
def test_few_digits_are_a_format_where_eight_different_decimals_show_them_all(tokens: list[str], expected: int) -> None:
    assert digits(*tokens, "1")[-1] == expected


def test_a_coarse_format_rounds_whole_numbers_as_well() -> None:
    assert half("100", *ending(".25", 8)) == pytest.approx(0.5)
    assert half("100", *ending(".25", 7)) == pytest.approx(0.5e-3)


# ---- as many decimals everywhere -------------------------------------------------------------------------------------

LARGE = "1234567.125"
"""Ten digits: as a %g it would leave 1.125 nine decimals. Beside seven others it is the eighth."""


@pytest.mark.parametrize(
    "others",
    [
        ending(".125", 7),
        ending(".125", 99),
        [*ending(".125", 7), *ending("", 5)],
        [*ending(".125", 7), "5.0", "7."],
        [*ending(".125", 7), *ZEROS],
        [*ending(".125", 7), "h.kl", "MOSFLM"],
    ],
)
def test_where_all_numbers_show_as_many_decimals_they_show_no_more(others: list[str]) -> None:
    """Whole numbers, zeros and words say nothing against it."""
    assert half("1.125", LARGE, *others) == pytest.approx(0.5e-3)
    assert half("5.0", LARGE, *others) < 1e-8, "a number with other decimals is none of those"


@pytest.mark.parametrize(
    ("others", "why"),
    [
        (ending(".125", 6), "seven may be so by accident"),
        ([*ending(".125", 6), "1.125"], "one number twice says no more than once"),
        ([*ending(".125", 7), "1.25"], "one has fewer decimals"),
        ([*ending(".125", 99), "1.1255"], "the last of many has more"),
        ([*ending(".125", 7), "1.125e-07"], "%f writes no powers"),
        ([*ending(".125", 7), "1.125E-07", "2.125"], "however they are written"),
        (["1.125d-07", *ending(".125", 7)], "nor does Fortran's F"),
        ([*ending(".125", 7), "1.125D+07"], "whatever its sign"),
    ],
)
def test_a_power_or_other_decimals_or_too_few_numbers_are_no_fixed_format(others: list[str], why: str) -> None:
    assert half("1.125", LARGE, *others) < 1e-8, why


def test_two_decimals_are_too_few_for_a_fixed_format() -> None:
    assert half("1.25", "1234567.25", *ending(".25", 30)) == pytest.approx(0.5e-8)
    assert half("1.125", LARGE, *ending(".125", 30)) == pytest.approx(0.5e-3)
    assert half("1.1255", "1234567.1255", *ending(".1255", 30)) == pytest.approx(0.5e-4)


@pytest.mark.parametrize(
    ("others", "is_format"),
    [
        ([*ending(".25", 7), "3.50"], True),
        ([*ending(".25", 7), "0.00"], True),
        ([*ending(".25", 7), "-0.50", "12", "MOSFLM"], True),
        ([*ending(".25", 6), "3.50"], True),  # with the first one and the large one there are eight
        ([*ending(".25", 5), "0.00"], False),  # seven may be so by accident
        ([*ending(".25", 7), "3.50", "1.125"], False),  # one has more decimals
        ([*ending(".25", 7), "3.50", "0.5"], False),  # or fewer
        ([*ending(".25", 7), "3.50e-10"], False),  # %f writes no powers
        (ending(".25", 30), False),  # no zero: people type such numbers
    ],
)
def test_two_decimals_are_a_format_where_a_zero_at_the_end_shows_it(others: list[str], is_format: bool) -> None:
    assert (half("1.25", "1234567.25", *others) > 1e-3) is is_format


def test_one_decimal_is_none() -> None:
    """Python ends whole numbers in `.0`."""
    assert half("1.5", "1234567.5", *ending(".5", 30), "3.0", "0.0") < 1e-7


def test_a_trace_of_two_decimals_agrees_with_all_digits_and_differs_by_more_than_half_a_hundredth() -> None:
    values = [1 + 7 * n / 23 for n in range(40)]
    a = "".join(f"TRACE: x{n} {v:.17g}\n" for n, v in enumerate(values))
    b = "".join(f"TRACE: x{n} {v + (n == 9) * 0.011:.2f}\n" for n, v in enumerate(values))
    assert [f.quantity for f in compare(parse(a), parse(b), Catalogue()).origins] == ["x9"]


def test_zeros_that_were_shown_pin_the_decimals_of_a_quantity_only_without_a_power() -> None:
    """`1.50e-10` ends in the zero of its exponent, and `1.50e-07` does not: neither says anything of `1.25`."""
    for zero, expected in (("1.50", 0.5e-2), ("1.50e-10", 0.5e-5), ("1.50e-07", 0.5e-5), ("10", 0.5e-5)):
        two = [Record("x", (float(t),), (t,), prefix="TRACE_C") for t in (zero, "1.25")]
        assert Formats(two).half(two[1], 0) == pytest.approx(expected), zero


@pytest.mark.parametrize("word", ["MOSFLM", "nan", "x.e", "0x10", "100"])
def test_words_and_whole_numbers_show_no_zeros_and_pin_no_decimals(word: str) -> None:
    records = [Record("x", (value,), (t,), prefix="TRACE_C") for t, value in ((word, word), ("5", 5.0), ("1.25", 1.25))]
    halves = [Formats(records).half(record, 0) for record in records]
    assert halves == pytest.approx([0.0, 0.5e-5, 0.5e-5])


# ---- a format for each quantity ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ([*SIX[:5], *SEVENTEEN[:3]], 6),  # five of eight show less: more than half
        ([*SIX[:4], *SEVENTEEN[:4]], 17),  # half is not more than half
        ([*SIX[:4], *SEVENTEEN[:3]], 17),  # seven are too few to tell
        ([*SIX[:4], "1.5", "100", *SEVENTEEN[:3]], 17),  # short numbers do not count
        ([*SIX[:5], "1.5", "100", "word", "0", *SEVENTEEN[:3]], 6),
        ([*SIX[:5], *ending(".234567", 3)], 7),  # one digit less is a stripped zero
        ([*SIX[:5], *ending(".2345678", 3)], 6),  # two are not
        ([*SIX[:5], *SEVENTEEN[:1], *ending(".234567890123456", 2)], 6),
    ],
)
def test_each_quantity_has_its_own_format_where_most_show_fewer_digits_than_the_longest(
    tokens: list[str], expected: int
) -> None:
    assert digits(*tokens)[0] == expected


def test_a_quantity_of_its_own_format_has_the_digits_of_its_longest_number_and_at_least_six() -> None:
    same = [Record("x", (1.5, float(t), 1.5), ("1.5", t, "1.5"), (3,), prefix="TRACE_C") for t in ("1.2345678", "2.25")]
    others = lines(["1.5", "", *SIX[:6], *SEVENTEEN[:2]])
    formats = Formats([*same, *others])
    assert [formats.digits(r) for r in (*same, others[0], others[2], others[-1])] == [8, 8, 6, 6, 17]
    assert formats.half(same[1], 1) == pytest.approx(0.5e-7)


def test_what_a_manifest_promises_goes_before_formats_of_each_quantity() -> None:
    mixed = [*SIX[:6], *SEVENTEEN[:2]]
    assert digits(*mixed, given=17)[0] == 17
    assert digits(*mixed, given=12)[0] == 17, "the longest shows more than was promised"
    assert digits(*mixed, given=17, prefix="TRACE")[0] == 6, "it speaks of the program's own prefix only"


# ---- what is promised ------------------------------------------------------------------------------------------------


def test_a_manifest_may_promise_fewer_than_six_digits() -> None:
    assert digits("1.5", given=4) == [4]
    assert digits("1.5", given=1) == [2], "a number shows more"
    assert digits("1.5") == [6]
    assert digits("1.5", given=4, prefix="TRACE") == [6], "lines under the bare word keep the digits of %g"
    assert digits(*ending(".25", 8), given=12)[0] == 12, "and more than a coarse format"


def test_a_prefix_that_printed_nothing_has_the_six_digits_of_general_format() -> None:
    (foreign,) = lines(["1.5"], "TRACE_PY")
    assert Formats(lines(SEVENTEEN)).digits(foreign) == 6
    assert Formats(lines(SEVENTEEN)).half(foreign, 0) == pytest.approx(0.5e-5)


@pytest.mark.parametrize(
    ("token", "neighbour", "expected"),
    [
        ("1e+00", SIX[0], 0.5),  # only %e writes a power of 0
        ("1", SIX[0], 0.5e-5),
        ("1.5e+15", SEVENTEEN[0], 0.5e14),  # %.17g and repr would have written it out
        ("1.5e+16", SEVENTEEN[0], 0.5),  # repr does not, from here on
        ("1.5e+16", "1.234567890123456", 5.0),  # nor does %.16g
        ("1.5e+17", "12345678901234567890.123456", 0.5e16),  # that is no repr: it shows 26 digits
        ("1.5e+17", "12345678901234567.8", 0.5e16),  # nor is this, of 18
        ("1.500e+16", SEVENTEEN[0], 0.5e13),  # zeros that were shown are none of repr's
        ("1.5e-04", SEVENTEEN[0], 0.5e-5),
        ("1.5e-05", SEVENTEEN[0], 0.5e-21),
    ],
)
def test_a_power_that_neither_general_format_nor_repr_would_write_pins_the_last_digit(
    token: str, neighbour: str, expected: float
) -> None:
    assert half(token, neighbour) == pytest.approx(expected + 2.0**-53 * float(token), rel=1e-9, abs=0)


def test_a_short_number_of_python_beyond_ten_to_the_sixteen_is_no_coarse_one() -> None:
    """The candidate's repr shows all that it has: 1.5e16 is not 1.52e16."""
    c = "".join(f"TRACE_C: {name}\n" for name in ("long 1.2345678901234567", "x 15200000000000000"))
    port = "".join(f"TRACE_PY: {name}\n" for name in ("long 1.2345678901234567", "x 1.5e+16"))
    assert [finding.quantity for finding in compare(parse(c), parse(port), Catalogue()).origins] == ["x"]
