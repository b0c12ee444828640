"""Files as evidence: only the very file that the run read is used, and what it holds is read as the catalogue says."""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from firstbad.tracer import tables
from firstbad.tracer.catalogue import Catalogue, from_document
from firstbad.tracer.closure import check
from firstbad.tracer.closure_result import ClosureResult
from firstbad.tracer.diff import Side, compare
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.formula import Unknown
from firstbad.tracer.model import Input, Manifest, Trace
from firstbad.tracer.tables import Table
from firstbad.tracer.text import parse
from firstbad.tracer.uncertain import Num
from firstbad.tracer.view import View
from firstbad.tracer.writer import input_of
from hypothesis import given
from hypothesis import strategies as st

KNOWN = from_document(
    {
        "file": [
            {"option": "-table", "says": "file_table", "keys": 2, "note": "h k value"},
            {"option": "-numbers|-mat", "says": "file_numbers", "numbers": 3},
        ],
        "quantity": {
            "h": {"shape": [2]},
            "x": {"parents": ["h"], "formula": "lookup(file_table, h, 100)"},
            "y": {"parents": ["h"], "formula": "interpolated(file_table, h, 100)"},
            "z": {"formula": "2*file_numbers"},
        },
    }
)
ROWS = "0 0 5\n1 0 6.5\n\n 0 1 7e0 \n1 0 8\n-1 2 9\n"
TEXT = "TRACE: shown 1.2345678901234567\nTRACE: h {h}\nTRACE: {name} {value}\n"


def run_of(
    args: str, folder: Path | str, *told: Input | None, text: str = TEXT.format(h="1 0", name="x", value=8)
) -> Trace:
    """A trace of a run with these arguments, which read these files; the log lies in `folder`."""
    inputs = tuple(one for one in told if one is not None)
    return replace(parse(text), manifest=Manifest({"args": args}), inputs=inputs, folder=str(folder))


def judged(trace: Trace, name: str = "x") -> ClosureResult:
    return next(one for one in check(trace, KNOWN) if one.quantity == name)


def file(folder: Path, text: str = ROWS, name: str = "t.txt") -> Input:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    one = input_of(folder / name, name)
    assert one is not None
    return one


# ---- what a table gives -----------------------------------------------------------------------------------------------

TABLE = Table({(0, 0): 5.0, (1, 0): 8.0, (-1, 2): 9.0})
DEFAULT = Num(100.0, 0.25)


@pytest.mark.parametrize(
    ("index", "value"),
    [((0, 0), 5.0), ((1, 0), 8.0), ((-1, 2), 9.0), ((0.9, -0.2), 8.0), ((-1.2, 2.4), 9.0)],
)
def test_an_entry_is_found_at_the_nearest_whole_numbers_and_is_exact(index: Sequence[float], value: float) -> None:
    assert TABLE.lookup([Num(x, 0.1) for x in index], DEFAULT) == Num(value, 0.0)


def test_what_the_file_does_not_name_has_the_other_value() -> None:
    assert TABLE.lookup((Num(2.0), Num(0.0)), DEFAULT) is DEFAULT
    assert TABLE.lookup((Num(0.0), Num(1.0)), DEFAULT) is DEFAULT


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_index_that_is_no_number_leads_nowhere(bad: float) -> None:
    for find in (TABLE.lookup, TABLE.interpolated):
        with pytest.raises(Unknown, match="an index that is a number"):
            find((Num(0.0), Num(bad)), DEFAULT)


@st.composite
def cubics(draw: st.DrawFn) -> tuple[dict[tuple[int, ...], int], tuple[Fraction, ...]]:
    """Coefficients of a polynomial of degree 3 in each of one to three variables, and a point."""
    axes = draw(st.integers(1, 3))
    powers = list(itertools.product(range(4), repeat=axes))
    coefficients = {power: draw(st.integers(-9, 9)) for power in draw(st.lists(st.sampled_from(powers), max_size=6))}
    point = draw(st.tuples(*[st.integers(-40, 40)] * axes))
    return coefficients, tuple(Fraction(x, 16) for x in point)


def polynomial(coefficients: dict[tuple[int, ...], int], at: Sequence[Fraction]) -> Fraction:
    terms = (c * math.prod(x**n for x, n in zip(at, power, strict=True)) for power, c in coefficients.items())
    return sum(terms, Fraction(0))


@given(cubics())
def test_interpolation_is_exact_for_every_cubic_within_its_own_error(
    drawn: tuple[dict[tuple[int, ...], int], tuple[Fraction, ...]],
) -> None:
    coefficients, at = drawn
    nodes = itertools.product(*(range(math.floor(x) - 1, math.floor(x) + 3) for x in at))
    entries = {node: float(polynomial(coefficients, [Fraction(n) for n in node])) for node in nodes}
    found = Table(entries).interpolated([Num(float(x)) for x in at], Num(math.nan))
    assert abs(Fraction(found.v) - polynomial(coefficients, at)) <= Fraction(found.e)
    largest = max(map(abs, entries.values()))
    assert found.e <= 1e-11 * max(largest, 1.0), "the bound is of the size of roundings"


@given(st.integers(-5, 5), st.floats(0.05, 0.95), st.floats(-1, 1))
def test_the_error_of_the_place_is_carried_on(low: int, fraction: float, shift: float) -> None:
    entries = {(n,): float(n**3 - 7 * n) for n in range(low - 1, low + 3)}
    x, e = low + fraction, 1e-6
    found = Table(entries).interpolated((Num(x, e),), Num(0.0))
    moved = Table(entries).interpolated((Num(x + shift * e),), Num(0.0))
    assert abs(moved.v - found.v) <= found.e
    assert found.e <= 100 * e * (3 * x * x + 7 + 30)


def test_nodes_that_are_not_in_the_file_have_the_other_value_with_its_error() -> None:
    half = Table({(0,): 8.0, (1,): 16.0}).interpolated((Num(0.5),), Num(32.0, 1.0))
    assert half.v == (9 * (8 + 16) - 32 - 32) / 16
    assert half.e == pytest.approx(2 / 16)


def test_four_nodes_are_used_from_one_below_to_two_above() -> None:
    ones = Table({(n,): 1.0 for n in (-1, 0, 1, 2)})
    assert ones.interpolated((Num(0.25),), Num(math.nan)).v == pytest.approx(1.0)
    assert math.isnan(ones.interpolated((Num(1.25),), Num(math.nan)).v)
    assert math.isnan(ones.interpolated((Num(-0.25),), Num(math.nan)).v)


# ---- what is read out of the file --------------------------------------------------------------------------------------


def test_a_table_has_a_row_a_line_and_the_last_of_equal_rows_counts(tmp_path: Path) -> None:
    one = file(tmp_path)
    table = View(run_of("-table t.txt", tmp_path, one), KNOWN).table("file_table")
    assert table.entries == {(0, 0): 5.0, (1, 0): 8.0, (0, 1): 7.0, (-1, 2): 9.0}


@pytest.mark.parametrize("row", ["1 2 3 4", "1 2", "1.0 2 3", "1 2 x", "# 1 2"])
def test_a_file_with_a_line_of_another_form_is_no_table(row: str, tmp_path: Path) -> None:
    one = file(tmp_path, f"0 0 5\n{row}\n")
    found = judged(run_of("-table t.txt", tmp_path, one))
    assert found.holds is None and "the file behind file_table, or a table in it" in found.why


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1 2.5 -3e1", (1.0, 2.5, -30.0)), ("1\n2\n3\n4\n5", (1.0, 2.0, 3.0)), ("1 2 3 and words", (1.0, 2.0, 3.0)),
        ("1 2", None), ("", None), ("1 two 3", None),
    ],
)  # fmt: skip
def test_the_first_numbers_of_a_file_are_a_vector(text: str, found: tuple[float, ...] | None, tmp_path: Path) -> None:
    trace = run_of("-mat t.txt", tmp_path, file(tmp_path, text))
    assert tables.file_numbers(trace, KNOWN.files[1]) == found
    heard = View(trace, KNOWN).records("file_numbers")
    assert [(r.values, r.shape, r.prefix) for r in heard] == ([] if found is None else [(found, (3,), "FILE")])


def test_numbers_of_a_file_are_exact_to_their_last_digits(tmp_path: Path) -> None:
    one = file(tmp_path, "0.1 0.12345678901234567 1e-300")
    text = "TRACE: shown 1.2345678901234567\nTRACE: z 0.2 {} 2e-300\n"
    good, bad = text.format("0.24691357802469134"), text.format("0.24691357802470134")
    assert judged(run_of("-mat t.txt", tmp_path, one, text=good), "z").holds
    assert judged(run_of("-mat t.txt", tmp_path, one, text=bad), "z").broken


def test_what_a_formula_calls_a_table_must_be_one(tmp_path: Path) -> None:
    view = View(run_of("-table t.txt -mat t.txt", tmp_path, file(tmp_path)), KNOWN)
    for name in ("file_numbers", "h", "nothing"):
        with pytest.raises(Unknown, match=f"the file behind {name}"):
            view.table(name)
    assert view.table("file_table") is view.table("file_table"), "it is read once"


# ---- which file counts -------------------------------------------------------------------------------------------------


def test_the_file_beside_the_log_is_used(tmp_path: Path) -> None:
    one = file(tmp_path)
    assert judged(run_of("-table t.txt", tmp_path, one)).holds is True
    bad = judged(run_of("-table t.txt", tmp_path, one, text=TEXT.format(h="1 0", name="x", value=100)))
    assert bad.broken and bad.expected == (8.0,) and "x is not lookup" in bad.why


def test_a_file_with_other_content_is_never_used(tmp_path: Path) -> None:
    one = file(tmp_path)
    for content in (ROWS.replace("8", "9"), ROWS + "\n", ""):  # the first is as long as the file that was read
        (tmp_path / "t.txt").write_text(content)
        found = judged(run_of("-table t.txt", tmp_path, replace(one)))
        assert found.holds is None and "the file behind file_table" in found.why
    same_size = replace(one, crc32=zlib.crc32(b"other"))
    (tmp_path / "t.txt").write_text(ROWS)
    assert judged(run_of("-table t.txt", tmp_path, same_size)).holds is None


def test_a_file_that_the_run_did_not_read_is_not_used(tmp_path: Path) -> None:
    one = file(tmp_path)
    assert judged(run_of("-table t.txt", tmp_path)).holds is None
    assert judged(run_of("-table t.txt", tmp_path, replace(one, name="u.txt"))).holds is None
    assert judged(run_of("-other t.txt", tmp_path, one)).holds is None
    assert judged(run_of("table t.txt", tmp_path, one)).holds is None
    assert judged(run_of("-x -table", tmp_path, one)).holds is None


def test_a_trace_without_arguments_has_no_table(tmp_path: Path) -> None:
    trace = replace(run_of("", tmp_path, file(tmp_path)), manifest=None)
    assert judged(trace).holds is None


def test_the_last_of_several_files_counts(tmp_path: Path) -> None:
    one, two = file(tmp_path), file(tmp_path, "1 0 3\n", "u.txt")
    assert judged(
        run_of("-table t.txt -table u.txt", tmp_path, two, text=TEXT.format(h="1 0", name="x", value=3))
    ).holds
    assert judged(run_of("-table u.txt -table t.txt", tmp_path, two, one)).holds
    assert judged(run_of("-table t.txt -table u.txt", tmp_path, one)).holds is None


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("logs/t.txt", "t.txt"), ("logs/data/t.txt", "data/t.txt"), ("logs/t.txt", "data/t.txt"),
        ("t.txt", "t.txt"), ("data/t.txt", "data/t.txt"), ("t.txt", "data/t.txt"), ("data/t.txt", "../data/t.txt"),
    ],
)  # fmt: skip
def test_it_may_lie_by_its_path_or_its_bare_name_from_the_log_or_the_working_directory(
    place: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "logs").mkdir()
    one = file(tmp_path, name=place)
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path / "logs", "logs"):
        assert judged(run_of(f"-table {name}", folder, replace(one, name=name))).holds is True


def test_an_absolute_path_is_used_as_it_is(tmp_path: Path) -> None:
    one = file(tmp_path, name="far/t.txt")
    name = str(tmp_path / "far/t.txt")
    assert judged(run_of(f"-table {name}", tmp_path / "logs", replace(one, name=name))).holds is True


def test_the_search_goes_on_behind_a_file_that_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = file(tmp_path)
    (tmp_path / "logs/t.txt").parent.mkdir()
    (tmp_path / "logs/t.txt").write_text("1 0 3\n")
    monkeypatch.chdir(tmp_path)
    assert judged(run_of("-table t.txt", "logs", one)).holds is True
    (tmp_path / "logs/t.txt").write_text(ROWS.replace("8", "9"))
    assert judged(run_of("-table t.txt", "logs", replace(one))).holds is True


def test_a_trace_that_came_out_of_no_file_looks_in_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And does so anew where the working directory is another one."""
    one = file(tmp_path, ROWS + "5 5 5\n")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert judged(run_of("-table t.txt", "", one)).holds is None
    monkeypatch.chdir(tmp_path)
    assert judged(run_of("-table t.txt", "", one)).holds is True


def test_names_are_quoted_as_for_a_shell(tmp_path: Path) -> None:
    one = file(tmp_path, name="my 'data'.txt")
    assert judged(run_of("""-table "my 'data'.txt" -x""", tmp_path, one)).holds is True


def test_a_directory_or_a_file_that_cannot_be_read_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = file(tmp_path)
    (tmp_path / "logs/t.txt").mkdir(parents=True)
    size = (tmp_path / "logs/t.txt").stat().st_size
    monkeypatch.chdir(tmp_path)
    assert judged(run_of("-table t.txt", "logs", one)).holds is True
    assert judged(run_of("-table t.txt", "logs", replace(one, size=size))).holds is None


def test_a_file_that_is_too_large_to_read_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = file(tmp_path, "1 0 8\n\n\n")
    monkeypatch.setattr(tables, "_LARGEST", one.size)
    assert judged(run_of("-table t.txt", tmp_path, one)).holds is True
    two = file(tmp_path, "1 0 8\n\n\n\n")
    assert judged(run_of("-table t.txt", tmp_path, two)).holds is None


def test_a_quarter_of_a_gigabyte_is_the_most(tmp_path: Path) -> None:
    path, size = tmp_path / "zeros", (1 << 28) + 1
    with path.open("wb") as stream:
        stream.truncate(size)
    crc = 0
    for block in (1 << 20,) * 256 + (1,):
        crc = zlib.crc32(bytes(block), crc)
    assert tables._same(Input("zeros", size, crc), (path,)) is None  # pyright: ignore[reportPrivateUsage]


# ---- in a diff, and in a catalogue -----------------------------------------------------------------------------------------


def test_the_side_that_did_not_use_the_file_is_named(tmp_path: Path) -> None:
    """Both read the same table; the candidate has the default value, as a port does that forgets to look it up."""
    one = file(tmp_path)
    good = run_of("-table t.txt", tmp_path, one)
    bad = run_of("-table t.txt", tmp_path, one, text=TEXT.format(h="1 0", name="x", value=100))
    for pair, side in (((good, bad), Side.CANDIDATE), ((bad, good), Side.REFERENCE)):
        assert [(f.quantity, f.side) for f in compare(*pair, KNOWN).origins] == [("x", side)]


@pytest.mark.parametrize(("value", "holds"), [("7.25", True), ("7.2500001", False)])
def test_a_value_between_the_nodes_is_held_against_the_cubic(value: str, holds: bool, tmp_path: Path) -> None:
    rows = "".join(f"{h} {k} {h**3 + k * k + 7}\n" for h in range(-1, 3) for k in range(-1, 3))
    trace = run_of("-table t.txt", tmp_path, file(tmp_path, rows), text=TEXT.format(h="0 0.5", name="y", value=value))
    assert judged(trace, "y").holds is holds


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"says": "t", "keys": 2}, "needs a pattern 'option' and a name 'says'"),
        ({"option": "-t", "keys": 2}, "needs a pattern 'option' and a name 'says'"),
        ({"option": "(", "says": "t", "keys": 2}, "needs a pattern 'option'"),
        ({"option": "-t", "says": "t", "keys": "two"}, "needs a pattern 'option'"),
        ({"option": "-t", "says": "t"}, "needs one of 'numbers'"),
        ({"option": "-t", "says": "t", "keys": 2, "numbers": 3}, "needs one of 'numbers'"),
        ({"option": "-t", "says": "t", "numbers": 0, "keys": -1}, "needs one of 'numbers'"),
        ({"option": "-t", "says": "t", "keys": 2, "colour": 1}, "unknown key 'colour'"),
        (5, "is no table"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_reason(entry: object, said: str) -> None:
    with pytest.raises(FirstbadError) as caught:
        from_document({"file": [entry]}, "mine.toml")
    assert (
        f"mine.toml: file {said}" in caught.value.message or f"mine.toml: file has the {said}" in caught.value.message
    )
    assert caught.value.slug == "catalogue-entry"


def test_what_a_file_says_may_be_read_by_formulas_and_is_in_no_trace() -> None:
    assert {"file_table", "file_numbers", "arguments"} <= KNOWN.typed
    assert [(one.says, one.keys, one.numbers) for one in KNOWN.files] == [("file_table", 2, 0), ("file_numbers", 0, 3)]
    asked = from_document(
        {"file": [{"option": "-t", "says": "t", "numbers": 2}], "asked": {"a": {"formula": "t[0] + t[1]"}}}
    )
    assert asked.asked["a"].formula.names == {"t"}
    assert Catalogue().files == ()
