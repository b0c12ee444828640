"""What the writer writes: byte for byte as trace.h does, sealed, and streams of many pixels."""

from __future__ import annotations

import io
import math
import string
from pathlib import Path

import numpy as np
import pytest
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.model import Trace
from firstbad.tracer.stream import columns
from firstbad.tracer.text import parse, parse_bytes, read
from firstbad.tracer.writer import Writer, number, write
from hypothesis import example, given
from hypothesis import strategies as st
from sealed_lines import sealed

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


@pytest.mark.parametrize(
    "word", ["MOSFLM", "torch.float64", "fast_mode", "gcc-13", "Fbeam←Ybeam_mm(+0.5px)", "/a/b", "nano"]
)
def test_a_word_is_read_back(word: str) -> None:
    for write_word in (Writer.record, Writer.setting):
        out = io.StringIO()
        with Writer(out) as writer:
            writer.open()
            write_word(writer, "mode", word)
        assert [r.values for r in parse(out.getvalue())] == [(word,)]


@pytest.mark.parametrize(
    "word", ["fast mode", "", " ", "a\nb", "a\tb", "done.", "really?!", "1.5", "nan", "inf", "X:1", "a=b"]
)
def test_a_word_that_would_not_be_read_back_is_refused(word: str) -> None:
    """It was written, sealed, and lost: two traces with other words agreed."""
    out = io.StringIO()
    with Writer(out) as writer:
        writer.open()
        with pytest.raises(FirstbadError, match="would not be read back") as refused:
            writer.record("mode", word)
        assert refused.value.slug == "trace-word"
        writer.record("later", 1.5)
    assert [r.quantity for r in parse(out.getvalue())] == ["later"], "the trace is whole without it"


@given(st.text(min_size=0, max_size=8))
@example("nan(0)")
@example("a,1")
@example("45%")
def test_any_word_is_refused_or_read_back(word: str) -> None:
    for write_word in (Writer.record, Writer.setting):
        out = io.StringIO()
        with Writer(out) as writer:
            writer.open()
            writer.record("first", 1.5)
            try:
                write_word(writer, "mode", word)
            except FirstbadError:
                continue
        _, second = parse(out.getvalue())
        assert (second.quantity, second.values) == ("mode", (word,))


@given(st.lists(st.tuples(names, values, scopes), min_size=1, max_size=6))
def test_writing_what_was_read_changes_nothing(parts: list[tuple[str, object, dict[str, int]]]) -> None:
    text = written(parts)
    out = io.StringIO()
    write(out, parse(text))
    assert out.getvalue() == text


@pytest.mark.parametrize("line", ["n 1e+400", "v 1.5 -2e+400 0", "w=[1 2; 3 4e-400]"])
def test_what_no_double_holds_is_written_as_it_was_read(line: str) -> None:
    trace, out = parse(f"TRACE: {line}\n"), io.StringIO()
    write(out, trace)
    assert [r.values for r in parse(out.getvalue())] == [r.values for r in trace]


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


SPELLINGS = st.one_of(
    st.floats(allow_nan=False).map(repr),
    st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.integers(1, 25)).map(lambda x: f"{x[0]:.{x[1]}g}"),
    st.tuples(st.integers(-(10**30), 10**30), st.integers(-300, 270)).map(lambda x: f"{x[0]}e{x[1]}"),
    st.integers(-(10**25), 10**25).map(str),
    st.sampled_from(("-0", "-0.0", "+1", ".5", "5.", "007", "-01", "1E5", "1e+05", "-inf", "0e-999", "2e-0", "5e-324")),
)  # fmt: skip


@given(rows=st.lists(st.tuples(SPELLINGS, SPELLINGS), min_size=1, max_size=8))
@example(rows=[("9007199254740993", "2.2250738585072011e-308"), ("-0", "1.7976931348623158e308")])
def test_numbers_of_any_spelling_are_read_to_the_last_bit(tmp_path_factory: pytest.TempPathFactory, rows) -> None:
    path = tmp_path_factory.mktemp("spelling") / "trace.log"
    path.write_text("".join(f"TRACE_C: one {a}\nTRACE_C: two {a} {b}\n" for a, b in rows))
    found = next(columns(path)).numbers
    assert [x.hex() for x in found["one"]] == [float(a).hex() for a, _ in rows]
    assert [x.hex() for x in found["two"]] == [float(word).hex() for row in rows for word in row]


@pytest.mark.parametrize(
    "odd",
    [
        "1e999",
        "-1e999",
        "1e-400",
        "0.0001e-399",
        "1_0",
        "true",
        "null",
        '"3"',
        "[1]",
        "1,2",
        "0x10",
        "",
        "1  2",
        " 1",
        "{}",
        "1e",
        "--1",
    ],
)
def test_what_is_no_number_is_left_to_the_reader_of_lines(tmp_path: Path, odd: str) -> None:
    path = tmp_path / "trace.log"
    path.write_text("".join(f"TRACE_C: a {v}\nTRACE_C: b 1\n" for v in ("5", odd, "7")))
    expected: dict[str, list[float]] = {}
    for record in read(path):
        expected.setdefault(record.quantity, []).extend(record.numbers)
    assert gathered(path, 1 << 16) == expected


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
