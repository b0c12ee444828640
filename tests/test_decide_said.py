"""What a program says outside its TRACE lines: console lines and arguments as values, and how many digits they show."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from firstbad.tracer.arguments import EXACT
from firstbad.tracer.catalogue import from_document
from firstbad.tracer.model import Manifest, Record
from firstbad.tracer.said import single, spoken, told_half
from firstbad.tracer.text import parse
from firstbad.tracer.uncertain import EPSILON, to_float32
from firstbad.tracer.view import View

KNOWN = from_document(
    {
        "console": [
            {"line": r"^distance=(?P<far>\S+)( tilt=(?P<tilt>\S+))?$", "digits": 4, "scale": 1000},
            {"line": r"^axis (?P<axis>\S+ \S+ \S+)$"},
        ],
        "option": [{"flag": "-n", "says": "option_n"}],
    }
)


def heard(text: str, args: str | None = None) -> list[tuple[Record, int]]:
    trace = parse(text + "TRACE: x 1\n")
    return list(spoken(replace(trace, manifest=None if args is None else Manifest({"args": args})), KNOWN))


def test_each_named_group_of_a_line_is_a_value_in_the_unit_of_the_catalogue() -> None:
    assert heard("distance=0.25 tilt=-3\n") == [
        (Record("far", (250.0,), ("0.25",), prefix="CONSOLE"), 4),
        (Record("tilt", (-3000.0,), ("-3",), prefix="CONSOLE"), 4),
    ]
    assert heard("distance=0.25\n") == [(Record("far", (250.0,), ("0.25",), prefix="CONSOLE"), 4)]


def test_several_words_are_a_vector_and_what_is_no_number_stays_a_word() -> None:
    assert heard("axis 1 0 -1\n") == [(Record("axis", (1.0, 0.0, -1.0), ("1", "0", "-1"), (3,), prefix="CONSOLE"), 6)]
    assert heard("distance=far\n")[0][0].values == ("far",)
    assert heard("axis 1 two 3\n")[0][0].values == ("1", "two", "3")


def test_lines_that_no_pattern_takes_say_nothing() -> None:
    assert heard("the distance=0.25\naxis 1 2\n") == []


def test_the_number_of_words_is_known_where_the_arguments_are() -> None:
    count = Record("arguments", (3.0,), ("3",), prefix="ARGUMENT")
    option = Record("option_n", (5.0,), ("5",), prefix="ARGUMENT")
    assert heard("", "-n 5 more") == [(count, EXACT), (option, EXACT)]
    assert heard("", "")[0][0].values == (0.0,)
    assert heard("") == []
    assert list(spoken(parse("TRACE: x 1\n"), from_document({}))) == []


def test_a_trace_record_of_the_name_wins() -> None:
    view = View(parse("distance=0.25\nTRACE: far 7\n"), KNOWN)
    assert [r.values for r in view.records("far")] == [(7.0,)]


@pytest.mark.parametrize(
    ("value", "token", "digits", "half"),
    [
        (1.25, "1.25", 6, 5e-6), (-1.25, "-1.25", 6, 5e-6), (0.00123, "0.00123", 6, 5e-9), (999.5, "999.5", 6, 5e-4),
        (1.0, "1.0", 6, 5e-6), (1.5, "1.5", 15, 5e-15), (12345.5, "12345.5", 3, 50.0), (1e20, "1e+20", 6, 5e14),
        (1.25, "1.25", 17, 0.0), (-2.5e-3, "-2.5e-3", 17, 0.0),
    ],
)  # fmt: skip
def test_half_the_last_digit_that_the_line_may_show(value: float, token: str, digits: int, half: float) -> None:
    assert told_half(value, token, digits) == pytest.approx(half + EPSILON * abs(value), rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("value", "token"),
    [("MOSFLM", "MOSFLM"), (0.0, "0.000"), (5.0, "5"), (-5.0, "-5"), (math.inf, "inf"), (math.nan, "nan"), (1.0, "1")],
)
def test_words_zero_and_whole_numbers_are_exact(value: float | str, token: str) -> None:
    assert told_half(value, token, 6) == 0.0
    assert told_half(value, token, EXACT) == 0.0


# ---- single precision -----------------------------------------------------------------------------------------------


def long_numbers(*values: float) -> str:
    return "".join(f"TRACE: x{i} {v:.17g}\n" for i, v in enumerate(values))


THIRDS = [to_float32(n / 3) for n in range(1, 30) if n % 3]


@pytest.mark.parametrize(
    ("values", "is_single"),
    [
        (THIRDS[:8], True), (THIRDS[:7], False), ([*THIRDS[:9], 1 / 3], True), ([1 / 3] * 9 + THIRDS[:9], False),
        ([1 / 3] * 9 + THIRDS[:10], True), ([*THIRDS[:7], 1 / 3], True), (THIRDS[:4] + [1 / 3] * 4, False),
        ([*THIRDS[:8], 0.0], True), ([*THIRDS[:8], math.inf, math.nan], True), ([0.5] * 20, False),
        ([1 / 3] * 200 + THIRDS[:10] * 30, False), ([1 / 3] * 199 + THIRDS[:10] * 30, True),
    ],
)  # fmt: skip
def test_a_trace_is_single_where_most_of_at_least_eight_long_numbers_are(values: list[float], is_single: bool) -> None:
    assert single(parse(long_numbers(*values)), "") is is_single


SEVENTHS = [to_float32(n / 7) for n in range(1, 15) if n % 7]


@pytest.mark.parametrize("form", [".17g", ".16g", ".15g", ".14g", ".13g", ".16e", ".12e", ".30f"])
@pytest.mark.parametrize("scale", [1.0, 300.0, 1e-6, 3e30])
def test_a_single_number_is_one_with_any_digits_from_thirteen_on(form: str, scale: float) -> None:
    singles = [to_float32(v * scale) for v in SEVENTHS]
    text = "".join(f"TRACE: x{i} {v:{form}}\n" for i, v in enumerate(singles))
    assert single(parse(text), "") is True
    doubles = "".join(f"TRACE: x{i} {n * scale / 7:{form}}\n" for i, n in enumerate(range(1, 20)) if n % 7)
    assert single(parse(doubles), "") is False


@pytest.mark.parametrize(
    ("form", "off", "is_single"),
    [
        (".17g", 0.0, True), (".17g", 2.5e-16, False), (".17g", 1e-13, False), (".17g", 1e-12, False),
        (".16g", 1e-15, False), (".15g", 1e-16, True), (".15g", 2e-14, False), (".13g", 1e-15, True), (".13g", 2e-12, False),
    ],
)  # fmt: skip
@pytest.mark.parametrize("scale", [1.0, 70.0, 1e-6])
def test_how_near_to_a_single_number_a_long_one_must_be_its_digits_tell(
    scale: float, form: str, off: float, is_single: bool
) -> None:
    values = [to_float32(v * scale) * (1 + off) for v in THIRDS]
    assert single(parse("".join(f"TRACE: x{i} {v:{form}}\n" for i, v in enumerate(values))), "") is is_single


def test_round_numbers_with_the_dust_of_doubles_are_doubles() -> None:
    """Steps of 0.1 that meet at halves: each is a float32 but for its last place, which no float32 program shows."""
    dust = [value * (1 + 2.0**-52) for value in (0.5, 1.0, 1.5, 2.0, 2.5, 8.75, 3.0, 12.25, 100.0)]
    assert single(parse(long_numbers(*dust)), "") is False
    assert single(parse("".join(f"TRACE: x{i} {v!r}\n" for i, v in enumerate(dust))), "") is False


@pytest.mark.parametrize("form", [".20f", ".17e"])
def test_numbers_that_any_program_holds_exactly_say_nothing(form: str) -> None:
    """Written out they are long, and float32 as well as float64."""
    round_ones = [0.5, 3.75, 1.0, 100.0, 0.0, -0.125, 4095.0, 2.0**-20, 1.5, 2.5, 7.0]
    text = "".join(f"TRACE: r{i} {v:{form}}\n" for i, v in enumerate(round_ones))
    assert single(parse(text), "") is False
    assert single(parse(text + long_numbers(*THIRDS[:7])), "") is False, "seven are too few"
    assert single(parse(text + long_numbers(*THIRDS[:8])), "") is True
    assert single(parse(text + long_numbers(*THIRDS[:8], *[1 / 3] * 8)), "") is False, "nor for float32"


@pytest.mark.parametrize(("bits", "is_single"), [(12, False), (13, True)])
def test_a_number_is_round_with_twelve_bits(bits: int, is_single: bool) -> None:
    values = [(2.0 ** (bits - 1) + 2 * n + 1) * 2.0**-30 for n in range(8)]
    text = "".join(f"TRACE: x{i} {v:.16e}\n" for i, v in enumerate(values))
    assert single(parse(text), "") is is_single


def test_whole_numbers_with_few_bits_are_round_however_large_they_are() -> None:
    text = "".join(f"TRACE: x{i} {(2 * i + 1) * 2.0**20:.16e}\n" for i in range(20))
    assert single(parse(text), "") is False


def test_the_digit_beside_the_right_one_is_another_number() -> None:
    """Of thirteen digits the last one is known to a half: 0.5 to 1 of it away from a single number is none."""
    beside = list[str]()
    for value in SEVENTHS:
        unit = 10.0 ** (math.floor(math.log10(value)) - 12)
        printed = float(f"{value:.12e}")
        beside.append(f"{printed + math.copysign(unit, value - printed):.12e}")
    away = [
        abs(float(token) - value) * 10.0 ** (12 - math.floor(math.log10(value)))
        for token, value in zip(beside, SEVENTHS, strict=True)
    ]
    assert all(0.5 < one < 1 for one in away)
    assert single(parse("".join(f"TRACE: x{i} {t}\n" for i, t in enumerate(beside))), "") is False


def test_a_number_too_small_for_a_double_says_nothing() -> None:
    tiny = "".join(f"TRACE: t{i} 1.23456789012345{i}e-400\n" for i in range(9))
    assert single(parse(tiny), "") is False
    assert single(parse(tiny + long_numbers(*THIRDS[:8])), "") is True


def test_words_and_short_numbers_decide_nothing_and_the_manifest_has_the_last_word() -> None:
    text = long_numbers(*THIRDS[:8]) + "TRACE: word MOSFLM\nTRACE: short 0.1\n"
    assert single(parse(text), "") is True
    assert single(parse(text), "float64") is False
    assert single(parse(long_numbers(1 / 3)), "float32") is True


@pytest.mark.parametrize(
    ("marked", "short", "doubles", "is_single"),
    [
        (1, 0, 0, True), (2, 1, 0, True), (2, 2, 0, False), (3, 0, 2, True), (3, 0, 3, False), (7, 20, 0, False),
        (8, 20, 0, True), (8, 20, 7, True), (8, 20, 8, False), (0, 1, 0, False),
    ],
)  # fmt: skip
def test_a_trace_is_single_where_most_numbers_were_printed_as_a_float32(
    marked: int, short: int, doubles: int, is_single: bool
) -> None:
    """Of all, or of at least eight that are long or printed so; whole numbers and words say nothing."""
    text = "".join(f"TRACE: s{i} 0.5\n" for i in range(short)) + long_numbers(*[1 / 3] * doubles)
    text += "".join(f"TRACE: m{i} np.float32({1 + i / 7:.7f})\n" for i in range(marked))
    trace = parse(text + "TRACE: n 5\nTRACE: w MOSFLM\nTRACE: inf 7\nTRACE: i inf\n")
    assert single(trace, "") is is_single
    assert single(trace, "float64") is False


def test_marked_numbers_and_long_ones_count_together() -> None:
    marks = "".join(f"TRACE: m{i} array([{1 + i / 7:.6f}], dtype=float32)\n" for i in range(4))
    assert single(parse(marks + long_numbers(*THIRDS[:4], 1 / 3) + "TRACE: s 0.5\n" * 9), "") is True
    assert single(parse(marks + long_numbers(*[1 / 3] * 5) + "TRACE: s 0.5\n" * 9), "") is False


def test_no_number_at_all_is_not_single() -> None:
    assert single(parse("TRACE: n 5\n"), "") is False


def test_only_the_first_numbers_are_looked_at() -> None:
    later = "".join(f"TRACE: m{i} np.float32(1.5)\n" for i in range(500))
    assert single(parse("TRACE: s 0.5\n" * 201 + later), "") is True, "of those that are long or marked, all are"
    assert single(parse(long_numbers(*[1 / 3] * 200) + later), "") is False
    assert single(parse(long_numbers(*[1 / 3] * 199) + later), "") is True


# ---- the pixel of a trace -------------------------------------------------------------------------------------------


def told_of(pixel: str | None) -> list[tuple[Record, int]]:
    facts = {} if pixel is None else {"pixel": pixel}
    return list(spoken(replace(parse("TRACE: x 1\n"), manifest=Manifest(facts)), from_document({})))


def test_the_pixel_of_a_trace_is_a_slow_and_a_fast_number() -> None:
    slow = Record("spixel", (512.0,), ("512",), prefix="PIXEL")
    fast = Record("fpixel", (0.0,), ("0",), prefix="PIXEL")
    assert told_of("512,0") == [(slow, EXACT), (fast, EXACT)]


@pytest.mark.parametrize("pixel", [None, "", "512", "512,0,1", "512,x", "x,512", "-1,2", "1.5,2", "512;0"])
def test_what_is_no_two_whole_numbers_is_no_pixel(pixel: str | None) -> None:
    assert told_of(pixel) == []
