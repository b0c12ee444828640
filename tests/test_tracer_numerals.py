"""Names with brackets in them, and numbers in other spellings: complex, hexadecimal, grouped, per cent, in other brackets."""

from __future__ import annotations

import cmath
import math
from pathlib import Path

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import compare
from firstbad.tracer.lockstep import Lockstep
from firstbad.tracer.model import Record, Scope
from firstbad.tracer.resolution import Formats
from firstbad.tracer.text import parse, parse_bytes
from hypothesis import given
from hypothesis import strategies as st


def only(line: str) -> Record:
    """The single record of a single line."""
    trace = parse(line + "\n")
    assert len(trace) == 1, (trace.records, trace.skipped)
    return trace.records[0]


# ---- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "name", "values", "scope"),
    [
        ("a[1] -7", "a", (-7,), (("index", "1"),)),
        ("a[1]: -7", "a", (-7,), (("index", "1"),)),
        ("a.b[0] 2.5", "a.b", (2.5,), (("index", "0"),)),
        ("a[0, 3] 2.5 1", "a", (2.5, 1), (("index", "0,3"),)),
        ("a[0]{phi=2} 2.5", "a", (2.5,), (("index", "0"), ("phi", "2"))),
        ("x[0].y 3", "x[0].y", (3,), ()),
        ("d(x)/dt 5.5", "d(x)/dt", (5.5,), ()),
        ("f(x, y) 2.5", "f(x,y)", (2.5,), ()),
        ("f(1, 2) 3.5", "f(1,2)", (3.5,), ()),
        ("f(g(x)) 2.5", "f(g(x))", (2.5,), ()),
        ("a[0] True", "a", ("True",), (("index", "0"),)),
        ("a[0] (1.5, 2.5)", "a", (1.5, 2.5), (("index", "0"),)),
    ],
)
def test_names_may_hold_brackets(line: str, name: str, values: tuple[object, ...], scope: Scope) -> None:
    record = only(f"TRACE: {line}")
    assert (record.quantity, record.values, record.scope) == (name, values, scope)


def test_a_name_with_brackets_is_the_same_with_a_blank_as_with_an_equals_sign() -> None:
    for name in ("a[1]", "a.b[0]", "d(x)/dt", "E(eV)"):
        one, two = only(f"TRACE: {name} 2.5"), only(f"TRACE: {name} = 2.5")
        assert (one.quantity, one.scope, one.unit, one.values) == (two.quantity, two.scope, two.unit, two.values)


def test_a_point_with_a_word_behind_it_stays_a_point() -> None:
    assert only("TRACE: v(1.5, 2.5) metres").values == (1.5, 2.5)


# ---- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "values", "shape"),
    [
        ("(1.3+2.02j)", (1.3, 2.02), (2,)),
        ("1.3-2.02j", (1.3, -2.02), (2,)),
        ("(3+-0j)", (3, 0), (2,)),
        ("(3--2j)", (3, 2), (2,)),
        ("2.5j", (0, 2.5), (2,)),
        ("(-0-2.5e-07j)", (0, -2.5e-7), (2,)),
        ("1.5 + 2.0i", (1.5, 2), (2,)),
        ("1.5 - 2.0i", (1.5, -2), (2,)),
        ("1e-3-2e+10I", (1e-3, -2e10), (2,)),
        ("1.5+2.0*I", (1.5, 2), (2,)),
        ("(inf-infj)", (math.inf, -math.inf), (2,)),
        ("np.complex128(1+2j)", (1, 2), (2,)),
        ("[1.+2.j 3.-4.j]", (1, 2, 3, -4), (2, 2)),
        ("[(1+2j), (3-4j)]", (1, 2, 3, -4), (2, 2)),
        ("[np.complex64(1+2j), np.complex64(3-4j)]", (1, 2, 3, -4), (2, 2)),
        ("[1, 2j]", (1, 0, 0, 2), (2, 2)),
        ("[1+2j 3-4j; 5+6j 7-8j]", (1, 2, 3, -4, 5, 6, 7, -8), (2, 4)),
        ("0x1.8p+1", (3,), ()),
        ("-0x1.2860a195e75d7p+2 0X0P+0", (-4.6308979, 0), (2,)),
        ("<1.5 2.5 3.5>", (1.5, 2.5, 3.5), (3,)),
        ("<1.5, -2e-3>", (1.5, -2e-3), (2,)),
        ("{1.5, 2.5}", (1.5, 2.5), (2,)),
        ("{{1, 2}, {3, 4}}", (1, 2, 3, 4), (2, 2)),
        ("1_000.5", (1000.5,), ()),
        ("-1_234_567", (-1234567,), ()),
    ],
)
@pytest.mark.parametrize("between", [" ", "=", " = ", ": ", "{phi=3} "])
def test_numbers_in_other_spellings(
    between: str, printed: str, values: tuple[float, ...], shape: tuple[int, ...]
) -> None:
    record = only(f"TRACE: z{between}{printed}")
    assert (record.quantity, record.values, record.shape) == ("z", values, shape)


def test_a_complex_that_is_not_a_number_is_nan_twice() -> None:
    assert all(map(math.isnan, only("TRACE: z (nan+nanj)").numbers))


def test_per_cent_is_a_unit() -> None:
    record = only("TRACE: share 45%")
    assert (record.values, record.unit) == ((45.0,), "%")


@pytest.mark.parametrize(
    "line",
    [
        "z 3 -2i",  # a real number and an imaginary one, or a complex number?
        "z 1_0",
        "z 12_00.5",
        "z 0x1F",  # an address, a mask
        "z <1, two>",
        "z {a, b} 2",
        "z (1+2j",
        "F_cell 100 45% done",
    ],
)
def test_what_only_looks_like_a_number_is_listed_as_not_read(line: str) -> None:
    trace = parse(f"TRACE: ok 1\nTRACE: {line}\n")
    assert [r.quantity for r in trace] == ["ok"]
    assert [s.line for s in trace.skipped] == [2]


def test_indices_named_i_and_j_are_no_imaginary_units() -> None:
    trace = parse("TRACE: i=3 j=5 val=7.25\nTRACE: x=1 j=2\n")
    assert [(r.quantity, r.values) for r in trace] == [
        ("i", (3.0,)), ("j", (5.0,)), ("val", (7.25,)), ("x", (1.0,)), ("j", (2.0,))
    ]  # fmt: skip


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_hexadecimal_float_is_read_and_is_exact(value: float) -> None:
    record = only(f"TRACE: z {value.hex()}")
    assert record.numbers == (value,)
    assert Formats([record]).half(record, 0) <= abs(value) * 2.0**-52


def test_the_last_bit_of_a_short_hexadecimal_float_is_a_difference() -> None:
    one, two = parse("TRACE: z 0x1.8p+1\n"), parse("TRACE: z 0x1.80001p+1\n")
    assert [f.quantity for f in compare(one, two, Catalogue()).origins] == ["z"]
    assert compare(one, one, Catalogue()).same


@given(st.complex_numbers(allow_nan=False))
def test_what_python_prints_of_a_complex_number_is_its_two_parts(value: complex) -> None:
    assert only(f"TRACE: z {value}").numbers == (value.real, value.imag)
    assert only(f"TRACE: z {[value, value]}").numbers == (value.real, value.imag) * 2


def test_a_conjugated_complex_number_is_an_origin_and_two_columns_are_the_same_number() -> None:
    terms = [cmath.rect(3 / (1 + n), 0.7 * n) for n in range(6)]
    good = "".join(f"TRACE: term {z}\n" for z in terms)
    bad = "".join(f"TRACE: term {z.conjugate()}\n" for z in terms)
    columns = "".join(f"TRACE_C: term {z.real:.17g} {z.imag:.17g}\n" for z in terms)
    assert [f.quantity for f in compare(parse(good), parse(bad), Catalogue()).origins] == ["term"]
    assert compare(parse(columns), parse(good), Catalogue()).same


# ---- what no double holds -------------------------------------------------------------------------------------------

MANY = "1" * 499


@pytest.mark.parametrize("form", ["n {}", "n = {}", "n 1.5 {} 0", "n{{phi=1}} {}", "n [1 0; 2 {}]", "n=1.5 {}"])
@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("1e400", "2e400"), ("1e400", "-1e400"), ("1e-400", "2e-400"), ("1e-400", "0"), (MANY + "1", MANY + "2"),
        ("1E-400", "2E-400"), (f"0.{'0' * 400}1", f"0.{'0' * 400}2"), ("1e400", "inf"), ("1e400", "1.5"), ("1D400", "2D400"), ("1e99999999999999999999", "2e99999999999999999999"),
    ],
)  # fmt: skip
def test_other_decimals_that_no_double_holds_are_other_numbers(form: str, one: str, two: str) -> None:
    traces = [parse(f"TRACE: {form.format(number)}\n") for number in (one, two)]
    found = compare(*traces, Catalogue())
    assert [f.quantity for f in found.origins] == ["n"] and not found.same


@pytest.mark.parametrize(
    ("one", "two"),
    [("1e400", "1.0E+400"), ("10e399", "1e400"), ("1D400", "1e400"), ("-1e-400", "-0.1e-399"), (MANY, f"{MANY}.0"),
     ("0", "0e5"), ("0.0", "-0"), ("1e99999999999999999999", "1e99999999999999999999")],
)  # fmt: skip
def test_one_decimal_in_two_spellings_is_one_number(one: str, two: str) -> None:
    assert compare(parse(f"TRACE: n {one}\n"), parse(f"TRACE: n {two}\n"), Catalogue()).same


@pytest.mark.parametrize(
    ("printed", "word"), [("-12.50e400", "-1.25e+401"), ("1e-400", "1e-400"), (MANY, f"1.{MANY[1:]}e+498")]
)
def test_what_no_double_holds_is_a_word_in_one_spelling(printed: str, word: str) -> None:
    assert only(f"TRACE: n {printed}").values == (word,)


def test_a_long_trace_tells_numbers_that_no_double_holds_apart(tmp_path: Path) -> None:
    for one, two in (("1e-400", "2e-400"), ("1e400", "2e400"), (MANY + "1", MANY + "2")):
        paths = tmp_path / "a.log", tmp_path / "b.log"
        for path, number in zip(paths, (one, two), strict=True):
            path.write_text(f"TRACE: m 1.5\nTRACE: n {number}\n")
        assert [f.quantity for f in Lockstep(paths, Catalogue(), None).run().origins] == ["n"]


@pytest.mark.parametrize("printed", ["Infinity", "+Infinity", "INFINITY", "Inf", "INF", "inf", "infinity"])
def test_infinity_is_read_as_gfortran_and_others_write_it(printed: str) -> None:
    for form in ("n {}", "n = {}", "n [{}]"):
        assert only(f"TRACE: {form.format(printed)}").values == (math.inf,)
    assert only(f"TRACE: n -{printed.lstrip('+')}").values == (-math.inf,)
    assert only(f"TRACE: n {printed}ly").values == (f"{printed}ly",), "a word that only begins like it"


@pytest.mark.parametrize("printed", ["NaN", "nan", "NAN", "-NaN", "NaN(0x8000)", "-nan(0x1)", "NAN(ind)"])
def test_a_nan_may_name_its_bits(printed: str) -> None:
    for form in ("n {}", "n = {}", "n 1 {}"):
        assert math.isnan(only(f"TRACE: {form.format(printed)}").numbers[-1])


def test_infinities_may_be_parts_of_a_complex_number() -> None:
    assert only("TRACE: z (Infinity-Infinityj)").values == (math.inf, -math.inf)
    assert only("TRACE: z INFINITYj").values == (0.0, math.inf)


# ---- what stands around a line --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "\x1b[32mTRACE:\x1b[0m F_cell 7.5",
        "TRACE: \x1b[1;31mF_cell\x1b[0m \x1b[38;5;4m7.5\x1b[m",
        "\x1b[32mTRACE\x1b[0m: F_cell 7.5\x1b[0m",
        "[TRACE] F_cell 7.5",
        "[TRACE]: F_cell 7.5",
        "2026-01-01T10:00:00 [TRACE] F_cell = 7.5",
        "<TRACE> F_cell 7.5",
        "\x1b[2m[TRACE]\x1b[0m F_cell 7.5",
    ],
)
def test_colours_and_brackets_around_the_prefix_are_no_part_of_it(line: str) -> None:
    record = only(line)
    assert (record.prefix, record.quantity, record.values) == ("TRACE", "F_cell", (7.5,))


def test_a_coloured_log_is_the_same_as_a_plain_one() -> None:
    plain = "".join(f"TRACE: q{i} {i * 0.37:.17g}\n" for i in range(9))
    coloured = plain.replace("TRACE:", "\x1b[32mTRACE:\x1b[0m")
    assert compare(parse(plain), parse_bytes(coloured.encode()), Catalogue()).same
