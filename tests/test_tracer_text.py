"""The reader: every dialect, the seal, cut files, and what is no trace. The writer: what it writes is read back."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.model import Record
from firstbad.tracer.text import parse, parse_bytes, read, records
from sealed_lines import sealed

BINARY = b"\x00\x01\x02TRACE_C: F_cell 1\n"


def only(line: str) -> Record:
    """The single record of a single line."""
    trace = parse(line + "\n")
    assert len(trace) == 1, trace.records
    return trace.records[0]


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
