"""Formats that only the whole trace shows, and what a text cannot show of the numbers behind it."""

from __future__ import annotations

import math
import struct
import zlib

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Diff, compare
from firstbad.tracer.hidden import LIMIT, hidden
from firstbad.tracer.model import Record, Trace
from firstbad.tracer.resolution import Formats
from firstbad.tracer.text import parse
from firstbad.tracer.view import View
from hypothesis import given, settings
from hypothesis import strategies as st

NUMBERS = st.lists(st.floats(1e-30, 1e30), min_size=24, max_size=24, unique=True)


def trace(values: list[float], spec: str) -> Trace:
    return parse("".join(f"TRACE_C: q{i} {value:{spec}}\n" for i, value in enumerate(values)))


def same(values: list[float], one: str, two: str) -> Diff:
    return compare(trace(values, one), trace(values, two), Catalogue())


@settings(max_examples=60, deadline=None)
@given(NUMBERS, st.integers(3, 17), st.integers(3, 17))
def test_a_program_may_print_as_few_digits_as_it_likes(values: list[float], one: int, two: int) -> None:
    assert not same(values, f".{one}g", f".{two}g").origins
    assert not same(values, f".{one - 1}e", f".{two}g").origins


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.001, 1e6), min_size=24, max_size=24, unique=True), st.integers(3, 17))
def test_a_program_may_print_all_numbers_with_as_many_decimals(values: list[float], places: int) -> None:
    assert not same(values, f".{places}f", ".17g").origins


def halves(*tokens: str) -> list[float]:
    records = [Record(f"q{i}", (float(t),), (t,), prefix="TRACE_C") for i, t in enumerate(tokens)]
    formats = Formats(records)
    return [formats.half(record, 0) for record in records]


LONG = tuple(f"{n}.2345678901234567" for n in range(1, 10))


def test_few_digits_are_a_format_only_where_many_numbers_show_them_all() -> None:
    eight = [f"{n}.25" for n in range(1, 9)]
    assert halves(*eight)[0] == pytest.approx(0.5e-2)
    assert halves(*eight[:7])[0] == pytest.approx(0.5e-5), "seven may be short by nature"
    assert halves(*eight[:7], eight[0])[0] == pytest.approx(0.5e-5), "one number twice says no more than once"
    assert halves(*eight, *(f"{n}.5" for n in range(1, 10)))[0] == pytest.approx(0.5e-5), "more of them show fewer"
    assert halves(*(f"0.{n}" for n in range(1, 10)))[0] == pytest.approx(0.5e-6), "one digit is no format"


def test_numbers_with_as_many_decimals_are_fixed_and_a_power_or_another_count_is_not() -> None:
    fixed = [f"{n}.1234" for n in range(1, 9)]
    assert halves(*fixed, "1234567.1234")[0] == pytest.approx(0.5e-4)
    assert halves(*fixed, "1234567.12345")[0] < 1e-10
    assert halves(*fixed, "1.1234e-07", "1234567.1234")[0] < 1e-9
    assert halves(*fixed[:6], "1234567.1234")[0] < 1e-9, "seven may be so by accident"
    assert halves(*fixed[:6], fixed[0], "1234567.1234")[0] < 1e-9, "one number twice says no more than once"


def test_where_most_quantities_show_fewer_digits_than_the_longest_each_has_its_own() -> None:
    six = [f"{n}.23457" for n in range(1, 8)]
    assert halves(*six, LONG[0])[0] == pytest.approx(0.5e-5)
    assert halves(*six, "1.5", LONG[0])[-2] == pytest.approx(0.5e-5), "a shorter one is taken to have six"
    assert halves(*six, *LONG)[0] < 1e-14, "most show them all"
    assert halves(*six[:5], LONG[0])[0] < 1e-14, "six are too few to tell"


def test_the_zero_of_an_exponent_is_exact_and_that_of_decimals_is_not() -> None:
    assert halves("0.000000e+00", LONG[0])[0] == 0.0
    assert halves("0.000000", LONG[0])[0] == pytest.approx(0.5e-6)


@settings(max_examples=60, deadline=None)
@given(NUMBERS, st.integers(3, 17))
def test_whatever_the_text_moves_by_more_than_four_units_is_listed(values: list[float], digits: int) -> None:
    printed = trace(values, f".{digits}g")
    listed = {one.quantity: one for one in hidden(View(printed, Catalogue()))}
    for record, value in zip(printed, values, strict=True):
        if abs(record.numbers[0] - value) > LIMIT * math.ulp(value):
            assert listed[record.quantity].ulp > LIMIT
    assert not (digits == 17 and listed)


def test_a_trace_of_few_digits_is_said_to_be_limited_and_one_of_fifteen_only_lists() -> None:
    values = [math.pi * 1.7**n for n in range(24)]
    notes = same(values, ".9g", ".17g").notes
    assert [n for n in notes if "limited" in n] == [
        "the reference is limited by printing: 9 digits hide more than 4 units in the last place of 24 quantities (q0, q1, q2 …)"
    ]
    assert any(n.startswith("both sides are limited by printing") for n in same(values, ".9g", ".9g").notes)
    found = same(values, ".15g", ".17g")
    assert not any("limited" in note for note in found.notes)
    told = found.as_dict()["hidden"]
    assert told["candidate"] == [] and 12 < len(told["reference"]) <= 24
    assert all(one["digits"] == 15 and 4 < one["ulp"] < 50 for one in told["reference"])


def test_short_numbers_alone_are_limited_by_nothing() -> None:
    assert not any("limited" in note for note in compare(parse("TRACE: a 1\n"), parse("TRACE: a 1\n")).notes)


def test_float32_numbers_are_shown_whole_by_nine_digits() -> None:
    facts = "TRACE_OPEN: firstbad-trace 1 dtype=float32 digits=9\n"

    values = [struct.unpack("f", struct.pack("f", math.pi * 1.7**n))[0] for n in range(12)]
    lines = "".join(f"TRACE_PY: q{i} {value:.9g}\n" for i, value in enumerate(values))

    sealed = parse(f"{facts}{lines}TRACE_SEAL: records=12 crc32={zlib.crc32(lines.encode()):08x}\n")
    assert hidden(View(sealed, Catalogue())) == ()
    assert len(hidden(View(parse(lines), Catalogue()))) == 12
