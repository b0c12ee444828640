"""Whole numbers are counted: one more is another one, however many digits they have, unless they are rounded reals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Diff, compare
from firstbad.tracer.hidden import limited
from firstbad.tracer.resolution import Formats
from firstbad.tracer.stream import compare_files
from firstbad.tracer.text import parse
from firstbad.tracer.tolerance import Verdict
from firstbad.tracer.uncertain import to_float32
from firstbad.tracer.view import View
from firstbad.ui.values import pair as shown
from small_traces import catalogue, pair, sealed

FORMS = [".17g", ".15g", ".9g", ".6g", ".10f", ".6f", ".6e", ".3g"]


def program(numbers: Sequence[object], form: str = ".17g", moved: float = 0.0) -> str:
    """A loop that prints a whole number by itself and two others by a format of their own."""
    text = ""
    for i, number in enumerate(numbers):
        x = math.sin(0.3 * i + 1) * (1 + moved)
        text += f"TRACE: n {number}\nTRACE: x {x:{form}}\nTRACE: y {x * x:{form}}\n"
    return text


def found(a: str, b: str, known: Catalogue | None = None) -> Diff:
    """The comparison, which is the same when the sides are exchanged."""
    diff, back = (compare(parse(x), parse(y), known or Catalogue()) for x, y in ((a, b), (b, a)))
    assert [one.verdict for one in diff.judged] == [one.verdict for one in back.judged]
    return diff


def verdict(a: str, b: str, name: str = "n", index: int = 0) -> Verdict:
    return pair(found(a, b), name, index).verdict


KINDS = [Catalogue(), catalogue("[n]\nkind = 'branch'\n[x]\n[y]"), catalogue("[n]\nkind = 'config'\n[x]\n[y]")]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("known", KINDS)
@pytest.mark.parametrize("digits", [1, 3, 4, 5, 6, 7, 9, 10, 12, 14])
def test_one_more_is_another_number(form: str, known: Catalogue, digits: int) -> None:
    start = int("1234567890123456"[:digits])
    a, b = ([start + 97 * i + off for i in range(12)] for off in (0, 1))
    diff = found(program(a, form), program(b, form), known)
    assert {one.verdict for one in diff.judged if one.quantity == "n"} == {Verdict.DIFFERENT}
    assert all(one.verdict is Verdict.EQUAL for one in diff.judged if one.quantity != "n")


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (123456789012345, 123456789012346), (1000000000000003, 1000000000000004), (2**53, 2**53 + 1),
        (2**53 + 2, 2**53 + 4), (2**53 + 1, 2**53 + 3), (2**63 - 1, 2**63), (-(2**63), 1 - 2**63), (2**64 - 1, 2**64 - 2),
        (10**40 + 1, 10**40 + 2),
    ],
)  # fmt: skip
def test_long_numbers_are_compared_as_whole_numbers(a: int, b: int) -> None:
    diff = found(program([a]), program([b]), KINDS[2])
    assert pair(found(program([a], ".6g"), program([b], ".6g")), "n").verdict is Verdict.DIFFERENT
    assert found(program([a], ".6g"), program([a], ".6g")).same
    if not (float(a) == a and float(b) == b and len(str(a)) < 19):
        assert pair(diff, "n").verdict is Verdict.DIFFERENT, "among seventeen digits, too"
        assert [(s.name, s.reference, s.candidate) for s in diff.config] == [("n", a, b)]
    left, right = shown(a, b)
    assert left != right


def test_the_table_shows_all_digits_of_numbers_that_no_double_tells_apart() -> None:
    assert shown(2**53, 2**53 + 1) == ("9007199254740992", "9007199254740993")
    assert shown((1, 10**40 + 1), (1, 10**40 + 2)) == (f"1 {10**40 + 1}", f"1 {10**40 + 2}")


def test_a_whole_number_that_doubles_tell_apart_badly_stays_whole() -> None:
    values = parse("TRACE: a 9007199254740991 9007199254740993 -9007199254740993 1e17\nTRACE: b=9007199254740993\n")
    assert values.records[0].values == (9007199254740991.0, 9007199254740993, -9007199254740993, 1e17)
    assert [type(v) for v in values.records[0].values] == [float, int, int, float]
    assert values.records[1].values == (2**53 + 1,)
    assert values.records[1].numbers == (2.0**53,)
    (huge,) = parse(f"TRACE: a {'0' * 5000}{2**60}\n").records
    assert huge.values == (2.0**60,)


# ---- rounded reals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "form"),
    [
        (["123456", "99999.5"], ["123457", "99999.5"], ".6g"),
        (["123456", "1.23457e+06"], ["123457", "1.23457e+06"], ".6g"),
        (["123456", "0.0"], ["123457", "0.0"], ".6g"),
        (["1234567.4"], ["1234567"], ".17g"),  # %.0f, or a bare %g
        (["1234567.4"], ["1.23457e+06"], ".17g"),
        (["123456.4"], ["123456"], ".9g"),
        (["123456789012345"], ["123456789012346"], ".15g"),  # 123456789012345.5: a few roundings reach both
        (["1234567890123456"], ["1234567890123458"], ".17g"),
        ([str(2**54)], [str(2**54 + 4)], ".17g"),  # one double and the next
    ],
)
def test_a_whole_number_may_be_a_rounded_real(a: list[str], b: list[str], form: str) -> None:
    """Another record or the other side shows decimals, or there is noise behind the last digit."""
    assert verdict(program(a, form), program(b, form)).agrees


@pytest.mark.parametrize(("moved", "expected"), [(0.0, Verdict.DIFFERENT), (4e-7, Verdict.PRINT)])
@pytest.mark.parametrize("number", [123456, 1234567])
def test_where_two_programs_differ_behind_the_digits_a_real_may_round_otherwise(
    moved: float, expected: Verdict, number: int
) -> None:
    a, b = program([number] * 12, ".6g"), program([number + 1] * 12, ".6g", moved)
    assert verdict(a, b) is expected
    assert verdict(program([number], ".6g"), program([number + 2], ".6g", moved)) is Verdict.DIFFERENT


def test_what_is_longer_than_the_format_was_never_rounded_by_it() -> None:
    a, b = program([12345678] * 12, ".6g"), program([12345679] * 12, ".6g", 4e-7)
    assert verdict(a, b) is Verdict.DIFFERENT


def test_large_float32_numbers_are_whole_and_have_their_noise() -> None:
    reals = [to_float32(123456789.0 + 8 * k) for k in range(3)]
    a, b, odd = (sealed(f"n {v}", dtype="float32") for v in (f"{reals[0]:.17g}", f"{reals[1]:.17g}", "123456791"))
    assert pair(compare(a, b, Catalogue()), "n").verdict.agrees
    assert pair(compare(a, odd, Catalogue()), "n").verdict is Verdict.DIFFERENT, "no float32, so it was counted"


# ---- what the text shows -------------------------------------------------------------------------------------------------


def half(token: str, *others: str, digits: int = 0) -> float:
    records = parse("".join(f"TRACE_C: q{i} {t}\n" for i, t in enumerate((token, *others)))).records
    return Formats(records, digits).half(records[0], 0)


@pytest.mark.parametrize(
    ("token", "others", "expected"),
    [
        ("123456", ["1.23457"], 0.5),
        ("1234567", ["1.23457"], 0.5),  # of seven digits %g may have stripped a zero
        ("12345678", ["1.23457"], 0.0),
        ("-12345678", ["1.23457"], 0.0),
        ("12345678", ["1.2345678"], 0.5),
        ("12345", ["1.23457"], 0.05),
        ("123456789012345678", [], 0.5),  # nothing shows a format: seventeen digits, or a zero that was stripped
        ("1234567890123456789", [], 0.0),
        ("123456789012345678901", ["1.5"], 0.5),  # longer than any that is counted
        ("12345678", ["123456789", "MOSFLM", "1.23457"], 0.0),  # other whole numbers show no format
        ("12345678", ["0.5"], 0.0),  # one digit shows a format, too
        ("12345678901234567890", ["1.5"], 0.0),  # twenty digits, as 2**64 - 1 has
    ],
)
def test_the_units_are_the_last_digit_of_a_whole_number(token: str, others: list[str], expected: float) -> None:
    rounding = 2.0**-53 * abs(float(token)) if expected else 0.0
    assert half(token, *others) == pytest.approx(expected + rounding)


def test_a_manifest_tells_how_long_a_format_is() -> None:
    assert half("12345678901234", "1.5", digits=9) == 0.0
    assert half("12345678901234", "1.5", digits=15) == pytest.approx(0.05, rel=0.1)


def test_whole_numbers_make_no_format_longer() -> None:
    text = "TRACE: n 1234567890\n" + "".join(f"TRACE: x {1 + i / 7:.6g}\n" for i in range(6))
    view = View(parse(text), Catalogue())
    assert {view.formats.digits(record) for record in view.trace.records} == {6}
    assert limited(View(parse("TRACE: n 1234567\nTRACE: x 0.5\n"), Catalogue())) == "", "nothing was cut off"


@pytest.mark.parametrize("word", ["none", "-", "MOSFLM"])
def test_a_word_among_counts_rounds_none_of_them(word: str) -> None:
    """Only a decimal shows that the quantity is a real, which a program may round."""
    a, b = (program([word, number, number], ".6g") for number in (123456, 123457))
    assert [verdict(a, b, index=index) for index in range(3)] == [Verdict.EQUAL, *[Verdict.DIFFERENT] * 2]
    assert verdict(program(["0.5", 123456], ".6g"), program(["0.5", 123457], ".6g"), index=1) is Verdict.PRINT


@pytest.mark.parametrize(("ulp", "expected"), [(1e10, Verdict.PRINT), (1e5, Verdict.DIFFERENT)])
def test_what_the_parents_may_be_off_may_round_to_another_whole_number(ulp: float, expected: Verdict) -> None:
    """Its own roundings are small; those of x make a quarter of a unit or nothing."""
    known = catalogue(
        f"[x]\nkind = 'input'\nnoise = {{ ulp = {ulp}, why = 'x' }}\n[n]\nparents = ['x']\nformula = '123457*x'"
    )
    a, b = (f"TRACE: x 1.00000\nTRACE: y 1.23457\nTRACE: n {n}\n" for n in (123456, 123457))
    assert pair(found(a, b, known), "n").verdict is expected


# ---- long files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [2**31, 10**12, 2**53, 10**18])
def test_long_files_tell_whole_numbers_apart(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firstbad.tracer.stream.WHOLE", 1)
    paths = [tmp_path / name for name in ("a.log", "b.log")]
    for path, off in zip(paths, (0, 1), strict=True):
        path.write_text(program([number + i + (off if i == 500 else 0) for i in range(1000)], ".6g"))
    assert [finding.quantity for finding in compare_files(*paths, Catalogue()).origins] == ["n"]
    assert compare_files(paths[0], paths[0], Catalogue()).same
