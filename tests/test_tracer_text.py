"""The reader: every dialect, the seal, cut files, and what is no trace. The writer: what it writes is read back."""

from __future__ import annotations

import io
import math
import string
from pathlib import Path

import numpy as np
import pytest
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.model import Record, Trace
from firstbad.tracer.stream import columns
from firstbad.tracer.text import parse, parse_bytes, read, records
from firstbad.tracer.writer import Writer, number, write
from hypothesis import given
from hypothesis import strategies as st

BINARY = b"\x00\x01\x02TRACE_C: F_cell 1\n"


def only(line: str) -> Record:
    """The single record of a single line."""
    trace = parse(line + "\n")
    assert len(trace) == 1, trace.records
    return trace.records[0]


def sealed(*lines: str) -> str:
    """A sealed trace of lines as they are."""
    out = io.StringIO()
    with Writer(out, "TRACE_C") as writer:
        writer.open(side="C")
        for line in lines:
            writer.line(line)
    return out.getvalue()


# ---- dialects ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "name", "values", "shape"),
    [
        ("TRACE_C: hkl_frac -0.5 1e-3 2", "hkl_frac", (-0.5, 1e-3, 2.0), (3,)),
        ("TRACE_PY: F_cell 1.000000000000000e+02", "F_cell", (100.0,), ()),
        ("TRACE_C:Fbeam_m=0.10245", "Fbeam_m", (0.10245,), ()),
        ("TRACE_C:pix0_vector=0.5 0.1 -0.1", "pix0_vector", (0.5, 0.1, -0.1), (3,)),
        ("TRACE_C:Rx=[1 0 0; 0 1 -0; 0 0 1]", "Rx", (1, 0, 0, 0, 1, 0, 0, 0, 1), (3, 3)),
        ("TRACE_PY: Rx [1 0 0; 0 1 0; 0 0 1]", "Rx", (1, 0, 0, 0, 1, 0, 0, 0, 1), (3, 3)),
        ("TRACE_PY: pixel_pos = [0.1, -0.01, 5e-4] m", "pixel_pos", (0.1, -0.01, 5e-4), (3,)),
        ("TRACE_PY: airpath = 0.1006 m", "airpath", (0.1006,), ()),
        ("TRACE:   V_star = a_star . (b_star x c_star) = 4.05e-05", "V_star", (4.05e-05,), ()),
        ("TRACE: a* (first) = (0.01, 0, 0)", "a*(first)", (0.01, 0.0, 0.0), (3,)),
        ("TRACE: Position (m) = 0.1, 0, 0.006", "Position", (0.1, 0.0, 0.006), (3,)),
        ("TRACE_PY_COORDS: [-8.0, -7.0]", "COORDS", (-8.0, -7.0), (2,)),
        ("TRACE_C: F_cell inf", "F_cell", (math.inf,), ()),
        ("TRACE_C: old 1.5D+03", "old", (1500.0,), ()),
        ("WARNING: no further warnings! TRACE_C: F_cell 7", "F_cell", (7.0,), ()),
    ],
)
def test_one_record_a_line(line: str, name: str, values: tuple[float, ...], shape: tuple[int, ...]) -> None:
    record = only(line)
    assert (record.quantity, record.values, record.shape) == (name, values, shape)


@pytest.mark.parametrize(
    ("printed", "values", "shape"),
    [
        ("tensor(2.25)", (2.25,), ()),
        ("tensor([2.25])", (2.25,), ()),
        ("tensor([[2.25]], dtype=torch.float64)", (2.25,), ()),
        ("tensor(2.25, dtype=torch.float64)", (2.25,), ()),
        ("torch.tensor(-1.5e-07, device='cuda:0', grad_fn=<MulBackward0>)", (-1.5e-7,), ()),
        ("tensor([1., 2.], dtype=torch.float64)", (1, 2), (2,)),
        ("array([1.e+00, 2.e-03])", (1, 0.002), (2,)),
        ("Array([1., 2.], dtype=float32)", (1, 2), (2,)),
        ("np.array([[1., 2.], [3., 4.], [5., 6.]])", (1, 2, 3, 4, 5, 6), (3, 2)),
        ("np.float64(2.25)", (2.25,), ()),
        ("float32( -2 )", (-2,), ()),
        ("np.int64(3)", (3,), ()),
        ("[np.float64(1.0), np.float64(2.0)]", (1, 2), (2,)),
        ("[tensor(1.), tensor(2.)]", (1, 2), (2,)),
        ("[[1, 2], [3, 4]]", (1, 2, 3, 4), (2, 2)),
        ("[[1. 2.] [3. 4.]]", (1, 2, 3, 4), (2, 2)),
        ("[ [1, 2] , [ 3, 4 ] ]", (1, 2, 3, 4), (2, 2)),
    ],
)
@pytest.mark.parametrize("between", [" ", "=", " = ", ": ", "{phi=3} "])
def test_numbers_that_python_prints_as_objects_are_numbers(
    between: str, printed: str, values: tuple[float, ...], shape: tuple[int, ...]
) -> None:
    record = only(f"TRACE_PY: F_cell{between}{printed}")
    assert (record.quantity, record.values, record.shape) == ("F_cell", values, shape)


def test_objects_on_one_line_are_told_apart() -> None:
    trace = parse(
        "TRACE_PY: a = tensor(1.) b = np.float64(2.5)\nTRACE_PY: c tensor(nan)\nTRACE_PY: x X:tensor(1.) Y:int32(2)\n"
    )
    assert [(r.quantity, r.tokens) for r in trace] == [
        ("a", ("1.",)), ("b", ("2.5",)), ("c", ("nan",)), ("x", ("1.", "2"))
    ]  # fmt: skip


@pytest.mark.parametrize(
    "printed",
    ["tensor(True)", "array([1.,...,9.])", "tensor([])", "tensor([[[1.,2.]],[[3.,4.]]])", "S_tensor(2)", "device(2)",
     "tensor(1+2j)", "tensor(1,2)", "tensor([ [ [1., 2.] ], [ [3., 4.] ] ])"],
)  # fmt: skip
def test_objects_that_hold_no_numbers_stay_words(printed: str) -> None:
    assert only(f"TRACE_PY: F_cell {printed}").values == (printed,)


@pytest.mark.parametrize(
    "printed",
    [
        "[[1, 2], [3]]",
        "tensor([1., 2.]) tensor(3.)",
        "[[1, x], [3, 4]]",
        "tensor([1., 2.",
    ],
)
def test_what_is_only_half_an_array_is_no_record(printed: str) -> None:
    assert [r.quantity for r in parse(f"TRACE_C: ok 1\nTRACE_PY: F_cell {printed}\n")] == ["ok"]


@pytest.mark.parametrize(
    ("line", "name", "word"),
    [
        ("TRACE_C:detector_convention=MOSFLM", "detector_convention", "MOSFLM"),
        ("TRACE_PY: detector_convention MOSFLM", "detector_convention", "MOSFLM"),
        ("TRACE_C:map=Fbeam←Y(+0.5px),beam=[1 0 0]", "map", "Fbeam←Y(+0.5px),beam=[1 0 0]"),
        ("TRACE_PY: map Fbeam←Y(+0.5px),beam=[1 0 0]", "map", "Fbeam←Y(+0.5px),beam=[1 0 0]"),
    ],
)
def test_words_are_values(line: str, name: str, word: str) -> None:
    record = only(line)
    assert (record.quantity, record.values) == (name, (word,))


def test_nan_is_kept_and_minus_zero_is_zero() -> None:
    record = only("TRACE_C: v nan -0 -nan")
    assert math.isnan(record.numbers[0])
    assert record.numbers[1] == 0
    assert math.isnan(record.numbers[2])
    assert record.tokens == ("nan", "-0", "-nan")


def test_several_values_on_a_line() -> None:
    trace = parse("TRACE_C_PHI phi_tic=3 phi_deg=0.3 k_frac=-0.5 F_latt=2\n")
    assert [(r.quantity, r.values, r.scope) for r in trace] == [
        ("phi_deg", (0.3,), (("phi_tic", "3"),)),
        ("k_frac", (-0.5,), (("phi_tic", "3"),)),
        ("F_latt", (2.0,), (("phi_tic", "3"),)),
    ]


def test_vector_and_its_length() -> None:
    trace = parse("TRACE:   a = [3, 4, 0] |a| = 5 Angstroms\n")
    assert [(r.quantity, r.values, r.unit) for r in trace] == [
        ("a", (3.0, 4.0, 0.0), ""),
        ("|a|", (5.0,), "Angstroms"),
    ]


def test_the_same_quantity_in_two_units() -> None:
    trace = parse("TRACE_PY_BASE:   V_cell = 1.5e-09 m³ = 1.5e+21 Å³\n")
    assert [(r.quantity, r.values, r.unit) for r in trace] == [
        ("V_cell", (1.5e-09,), "m³"),
        ("V_cell", (1.5e21,), "Å³"),
    ]


def test_labelled_values_split_where_a_label_has_its_own_unit() -> None:
    for line in (
        "TRACE_C:beam_center_m=X:0.1 Y:0.2 pixel_mm:0.05",
        "TRACE_PY: beam_center_m X:0.1 Y:0.2 pixel_mm:0.05",
    ):
        center, pixel = parse(line + "\n").records
        assert (center.quantity, center.values, center.labels) == ("beam_center_m", (0.1, 0.2), ("X", "Y"))
        assert (pixel.quantity, pixel.values) == ("pixel_mm", (0.05,))


def test_scope_in_braces() -> None:
    record = only("TRACE_C: F_latt{phi=3,mosaic=1} 2.5")
    assert (record.quantity, record.scope) == ("F_latt", (("phi", "3"), ("mosaic", "1")))


def test_headings_place_the_indented_lines_below_them() -> None:
    trace = parse(
        "TRACE: Before misset rotation:\nTRACE:   a_star = [1, 0, 0]\nTRACE: After misset rotation:\n"
        "TRACE:   a_star = [0, 1, 0]\nTRACE: Omega = 2\n"
    )
    assert [dict(r.scope).get("section") for r in trace] == ["Before misset rotation", "After misset rotation", None]
    assert [s.reason for s in trace.skipped] == ["a heading", "a heading"]


def test_numbers_in_a_heading_are_records() -> None:
    trace = parse("TRACE_CONFIG: tracing pixel (spixel=30, fpixel=40)\n")
    assert [(r.quantity, r.values) for r in trace] == [("spixel", (30.0,)), ("fpixel", (40.0,))]


def test_a_record_may_say_which_line_of_the_source_it_comes_from() -> None:
    """`at` is no place in the loop nest: two lines may record the same quantity, and the other program has its own."""
    trace = parse("TRACE_C: F_latt{phi=3,at=src/nanoBragg.c:2850} 2.5\nTRACE_C: F_latt{at=b.c:1,phi=3} 3 4\n")
    assert [(r.source, r.scope, r.occurrence) for r in trace] == [
        ("src/nanoBragg.c:2850", (("phi", "3"),), 0), ("b.c:1", (("phi", "3"),), 1)
    ]  # fmt: skip


def test_repeated_tags_are_counted_by_scope() -> None:
    trace = parse("TRACE_C: F_cell 1\nTRACE_C: F_cell 2\nTRACE_C: F_cell{phi=1} 3\n")
    assert [r.occurrence for r in trace] == [0, 1, 0]


def test_two_lines_glued_together_by_threads() -> None:
    trace = parse("TRACE_C: F_cell 10 TRACE_C: F_latt 5\n")
    assert [(r.quantity, r.values) for r in trace] == [("F_cell", (10.0,)), ("F_latt", (5.0,))]


@pytest.mark.parametrize(
    "line",
    [
        "TRACE_PY_BASE: Loaded the matrix in 3 steps.",
        "TRACE_C: F_cell 100 45% done",
        "TRACE_C: F_cell 1..2",
        "TRACE_C: v [1, two, 3]",
        "TRACE_C:",
        "RETRACED 5",
    ],
)
def test_what_is_no_record_is_listed_with_a_reason(line: str) -> None:
    trace = parse(f"TRACE_C: ok 1\n{line}\n")
    assert [r.quantity for r in trace] == ["ok"]
    assert [(s.line, bool(s.reason)) for s in trace.skipped] == [(2, True)]


def test_carriage_returns_and_bad_bytes() -> None:
    trace = parse_bytes(b"\xff\xfe noise\r\nTRACE_C: F_cell 5\r\nTRACE_C: n\xe4me 6\r\n")
    assert [r.values for r in trace] == [(5.0,), (6.0,)]


def test_line_numbers_are_those_of_the_file() -> None:
    assert [r.line for r in parse("noise\nTRACE_C: a 1\n0% done\nTRACE_C: b 2\n")] == [2, 4]


# ---- cut, sealed, and no trace at all ------------------------------------------------------------------------


def test_a_foreign_log_cut_in_its_last_number_gains_no_wrong_number() -> None:
    trace = parse_bytes(b"TRACE_C: a 1\nTRACE_C: F_cell 10")
    assert [r.quantity for r in trace] == ["a"]
    assert "without a newline" in trace.skipped[0].reason
    assert not trace.sealed


def test_a_sealed_trace_is_read_with_its_facts() -> None:
    trace = parse(sealed("TRACE_C: F_cell 100", "TRACE_C:word=MOSFLM"))
    assert trace.sealed and trace.manifest is not None
    assert trace.facts["side"] == "C"
    assert trace.manifest.records == 2


def test_every_cut_of_a_sealed_trace_is_refused() -> None:
    whole = sealed("TRACE_C: F_cell 100", "TRACE_C: F_latt 12.5", "TRACE_C: hkl 1 2 3").encode()
    for length in range(len(whole) - 1):
        cut = whole[:length]
        if b"TRACE_OPEN: firstbad-trace 1" not in cut:
            continue  # nothing says yet that it was to be sealed
        with pytest.raises(FirstbadError) as caught:
            parse_bytes(cut)
        assert caught.value.slug in ("trace-broken-seal", "trace-no-record", "trace-version")


def test_noise_around_a_sealed_trace_does_no_harm() -> None:
    whole = sealed("TRACE_C: F_cell 100")
    opened, record, seal = whole.splitlines()
    assert parse("\n".join(["hello", opened, "0% done", f"warning! {record}", seal, "bye", ""])).sealed


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [*lines, *lines],
        lambda lines: lines[1:],
        lambda lines: [lines[0], lines[2], lines[1], lines[3]],
        lambda lines: [lines[0], lines[1], lines[1], lines[2], lines[3]],
        lambda lines: [lines[0], lines[1], lines[3]],
        lambda lines: [lines[0], lines[1].replace("100", "101"), *lines[2:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [*lines, "TRACE_C: late 1"],
        lambda lines: [lines[0], lines[0], *lines[1:]],
        lambda lines: [*lines[:3], "TRACE_SEAL: records=two crc32=zz"],
    ],
)
def test_doubled_swapped_changed_are_refused(damage: object) -> None:
    lines = sealed("TRACE_C: F_cell 100", "TRACE_C: F_latt 2").splitlines()
    with pytest.raises(FirstbadError) as caught:
        parse("\n".join(damage(lines)) + "\n")  # type: ignore[operator]
    assert caught.value.slug == "trace-broken-seal"
    assert caught.value.remedy


def test_a_newer_format_is_refused_by_name() -> None:
    with pytest.raises(FirstbadError) as caught:
        parse("TRACE_OPEN: firstbad-trace 9 side=C\nTRACE_C: a 1\n")
    assert caught.value.slug == "trace-version"


def test_files_that_hold_no_trace(tmp_path: Path) -> None:
    cases = {
        "empty.log": b"",
        "image.bin": BINARY,
        "other.log": b"hello\n",
        "prose.log": b"TRACE: nothing to see here\n",
    }
    slugs = {"empty.log": "trace-empty", "image.bin": "trace-binary", "other.log": "trace-no-line"}
    for name, data in cases.items():
        (tmp_path / name).write_bytes(data)
        with pytest.raises(FirstbadError) as caught:
            read(tmp_path / name)
        assert caught.value.slug == slugs.get(name, "trace-no-record")
        assert "\n" not in str(caught.value)
    for path, slug in ((tmp_path, "trace-is-directory"), (tmp_path / "none", "trace-missing")):
        with pytest.raises(FirstbadError) as caught:
            read(path)
        assert caught.value.slug == slug


def test_records_come_one_by_one() -> None:
    taken = records(iter([b"TRACE_C: a 1\n", b"TRACE_C: b 2\n"]))
    assert next(taken).quantity == "a"
    assert next(taken).quantity == "b"


# ---- writer ------------------------------------------------------------------------------------------------

names = st.text(string.ascii_letters + string.digits + "_*|^.-", min_size=1, max_size=12).filter(
    lambda n: n[0].isalpha() and not n.endswith(".")
)
floats = st.floats(allow_nan=True, allow_infinity=True)
values = st.one_of(floats, st.lists(floats, min_size=2, max_size=5), st.lists(st.lists(floats, min_size=3, max_size=3), min_size=2, max_size=3))  # fmt: skip
scopes = st.dictionaries(st.sampled_from(["phi", "mosaic", "layer"]), st.integers(0, 99), max_size=2)


def written(parts: list[tuple[str, object, dict[str, int]]]) -> str:
    out = io.StringIO()
    with Writer(out, "TRACE_X") as writer:
        writer.open(pixel="1,2", note="two words")
        for name, value, scope in parts:
            writer.record(name, value, scope)  # type: ignore[arg-type]
    return out.getvalue()


def flat(value: object) -> list[float]:
    return [x for part in value for x in flat(part)] if isinstance(value, list) else [value]  # type: ignore[list-item]


@given(st.lists(st.tuples(names, values, scopes), min_size=1, max_size=8))
def test_what_is_written_is_read_back_bit_for_bit(parts: list[tuple[str, object, dict[str, int]]]) -> None:
    trace = parse(written(parts))
    assert trace.sealed and trace.facts["note"] == "two words"
    assert not trace.skipped
    for record, (name, value, scope) in zip(trace, parts, strict=True):
        assert record.quantity == name
        assert record.scope == tuple((k, str(v)) for k, v in scope.items())
        for got, put in zip(record.numbers, flat(value), strict=True):
            assert got == put or (math.isnan(got) and math.isnan(put))


@given(st.lists(st.tuples(names, values, scopes), min_size=1, max_size=6))
def test_writing_what_was_read_changes_nothing(parts: list[tuple[str, object, dict[str, int]]]) -> None:
    text = written(parts)
    out = io.StringIO()
    write(out, parse(text))
    assert out.getvalue() == text


@given(st.lists(st.tuples(names, values, scopes), min_size=1, max_size=5), st.data())
def test_any_changed_character_of_a_record_breaks_the_seal(
    parts: list[tuple[str, object, dict[str, int]]], data: st.DataObject
) -> None:
    text = written(parts)
    start, end = text.index("\n") + 1, text.index("TRACE_SEAL")
    at = data.draw(st.integers(start, end - 2).filter(lambda i: text[i] not in "\n"))
    other = data.draw(st.sampled_from("0123456789xyz").filter(lambda c: c != text[at]))
    with pytest.raises(FirstbadError):
        parse(text[:at] + other + text[at + 1 :])


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_stumble(noise: bytes) -> None:
    try:
        trace = parse_bytes(b"TRACE_C: ok 1\n" + noise + b"\n")
    except FirstbadError:
        return
    assert trace.records[0].quantity == "ok"


@given(st.text("TRACE_C:[]{}()=|;,. 0123456789-+eEXn\tab", max_size=60))
def test_no_line_makes_the_reader_stumble(body: str) -> None:
    trace = parse(f"TRACE_C: ok 1\nTRACE_C: {body}\n")
    assert isinstance(trace, Trace)
    for record in trace:
        assert len(record.values) == len(record.tokens)
        assert math.prod(record.shape) == len(record.values)


@given(st.lists(floats, min_size=1, max_size=6), st.sampled_from(["float64", "float32"]))
def test_what_numpy_prints_is_read_back_bit_for_bit(numbers: list[float], dtype: str) -> None:
    with np.errstate(over="ignore"):
        whole = np.array(numbers, dtype=dtype)
    with np.printoptions(linewidth=10_000, floatmode="unique", precision=17):
        lines = [f"TRACE_PY: v {whole!r}", f"TRACE_PY: v = {list(whole)}", *(f"TRACE_PY: v {one!r}" for one in whole)]
    read_back = [np.array(record.numbers, dtype=dtype) for record in parse("\n".join([*lines, ""]))]
    for found, put in zip(read_back, [whole, whole, *whole], strict=True):
        np.testing.assert_array_equal(found, np.atleast_1d(put))


pieces = st.sampled_from(
    ["tensor(", "np.float64(", "array([", "[[", "]", ")", "(", ", ", " ", "dtype=torch.float64", "grad_fn=<A>", "2.5", "-1e3",
     "nan", "...", "F=", "x", "[", ";"]
)  # fmt: skip


@given(st.lists(pieces, max_size=30))
def test_no_half_printed_object_makes_the_reader_stumble(parts: list[str]) -> None:
    for record in parse(f"TRACE_C: ok 1\nTRACE_C: F {''.join(parts)}\n"):
        assert math.prod(record.shape) == len(record.values) == len(record.tokens)


def test_writer_refuses_what_the_format_cannot_hold() -> None:
    out = io.StringIO()
    with pytest.raises(FirstbadError, match="begin a trace line"):
        Writer(out, "OTHER")
    writer = Writer(out)
    for name in ("", "two words", "a=b", "a{b", "tab\t"):
        with pytest.raises(FirstbadError, match="name a quantity"):
            writer.record(name, 1.0)
    with pytest.raises(FirstbadError, match="sealed before"):
        writer.seal()
    writer.open()
    with pytest.raises(FirstbadError, match="opened twice"):
        writer.open()
    with pytest.raises(FirstbadError, match="begin with TRACE"):
        writer.line("hello")
    writer.seal()
    with pytest.raises(FirstbadError, match="after it was sealed"):
        writer.record("a", 1.0)


def test_an_exception_leaves_a_trace_unsealed() -> None:
    out = io.StringIO()
    with pytest.raises(RuntimeError), Writer(out) as writer:
        writer.open()
        writer.record("a", 1.0)
        raise RuntimeError
    with pytest.raises(FirstbadError, match="never sealed"):
        parse(out.getvalue())


@pytest.mark.parametrize(("value", "text"), [(math.nan, "nan"), (-math.nan, "nan"), (-0.0, "-0"), (0.1, "0.10000000000000001"), (100.0, "100"), (-math.inf, "-inf")])  # fmt: skip
def test_numbers_are_written_as_c_does(value: float, text: str) -> None:
    assert number(value) == text


# ---- streams -----------------------------------------------------------------------------------------------


def gathered(path: Path, size: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for block in columns(path, size):
        for name, numbers in block.numbers.items():
            found.setdefault(name, []).extend(numbers)
        for record in block.others:
            found.setdefault(record.quantity, []).extend(record.numbers)
    return found


def test_a_name_with_values_of_different_number_is_not_shifted(tmp_path: Path) -> None:
    path = tmp_path / "trace.log"
    path.write_text("".join(f"TRACE_C: a {v}\nTRACE_C: b 1\n" for v in ("1 2", "3", "4 5 6", "7 8")))
    assert gathered(path, 1 << 16) == {"a": [1, 2, 3, 4, 5, 6, 7, 8], "b": [1, 1, 1, 1]}
    assert next(columns(path)).width.get("b") == 1


@pytest.mark.parametrize("size", [40, 100, 1 << 16])
@pytest.mark.parametrize("noise", [False, True])
def test_columns_hold_what_records_do(tmp_path: Path, size: int, noise: bool) -> None:
    text = sealed(
        *(f"TRACE_C: hkl {i} {i + 0.25} -{i}e-3" for i in range(20)), "TRACE_PY: F 1", "TRACE_C: F 2", "TRACE_C: w word"
    )
    if noise:
        text = text.replace("TRACE_C: hkl 7", "5% done\nglued TRACE_C: hkl 7")
    path = tmp_path / "trace.log"
    path.write_text(text)
    expected: dict[str, list[float]] = {}
    for record in read(path):
        expected.setdefault(record.quantity, []).extend(record.numbers)
    assert gathered(path, size) == expected


def test_columns_refuse_a_broken_seal(tmp_path: Path) -> None:
    path = tmp_path / "trace.log"
    path.write_text(sealed(*(f"TRACE_C: F {i}" for i in range(50))).replace("F 31", "F 32"))
    with pytest.raises(FirstbadError, match="checksum"):
        list(columns(path, 64))


def canonical(path: Path, iterations: int) -> None:
    """A long trace in canonical form with seventeen digits."""
    with path.open("w") as out, Writer(out, "TRACE_C") as writer:
        writer.open(side="C")
        for i in range(iterations):
            x = math.sin(i + 1) / 3
            for name in ("pixel_pos_meters", "diffracted_vec", "hkl_frac"):
                writer.record(name, (x, x / 7, -x * 1e-5))
            for name in ("R_distance_meters", "omega_pixel", "F_latt", "F_cell"):
                writer.record(name, x * 1e3)


@pytest.mark.bench
def test_bench_reader_takes_60_megabytes_a_second(tmp_path: Path) -> None:
    import time
    import tracemalloc

    path = tmp_path / "long.log"
    canonical(path, 60_000)
    megabytes = path.stat().st_size / 1e6

    def once() -> float:
        begin = time.process_time()  # of this core: the machine may be busy
        assert sum(block.lines for block in columns(path)) == 60_000 * 7 + 2
        return megabytes / (time.process_time() - begin)

    best = max(once() for _ in range(7))
    print(f"{best:.0f} MB/s")
    tracemalloc.start()
    once()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6, "memory must not grow with the file"
    assert best >= 60
