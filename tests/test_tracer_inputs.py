"""The files that a run read: told byte for byte alike from C and Python, under the seal, and compared before numbers."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
import zlib
from pathlib import Path

import pytest
from firstbad.tracer.arguments import compare_inputs
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import compare
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.model import Input, Manifest, Record, Trace
from firstbad.tracer.stream import compare_files
from firstbad.tracer.text import parse, parse_bytes, read
from firstbad.tracer.writer import Writer, input_of, write
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_runs import compile_c

# Reads names, each ended by a zero, and tells them as inputs of one sealed trace.
TELLS = """
#define FIRSTBAD_TRACE_IMPLEMENTATION
#include "trace.h"
int main(void) {
    static char name[20000];
    size_t used = 0;
    int c;
    FirstbadTrace t;
    firstbad_trace_init(&t, firstbad_to_file, stdout);
    FIRSTBAD_TRACE_OPEN(&t, "inputs=told");
    while ((c = getchar()) != EOF) {
        name[used++] = (char)c;
        if (c == 0) {
            FIRSTBAD_TRACE_INPUT(&t, name);
            used = 0;
        }
    }
    FIRSTBAD_TRACE_SEAL(&t);
    return (int)t.status;
}
"""


@pytest.fixture(scope="module")
def tells(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_c(tmp_path_factory.mktemp("tells"), TELLS)


def by_c(program: Path, *names: bytes) -> bytes:
    done = subprocess.run([str(program)], input=b"".join(n + b"\0" for n in names), capture_output=True, timeout=60)
    assert done.returncode == 0
    return done.stdout


def by_python(*names: bytes) -> bytes:
    out = io.StringIO()
    with Writer(out) as writer:
        writer.open(inputs="told")
        for name in names:
            one = input_of(os.fsdecode(name))
            if one is not None:
                writer.input(one)
    return out.getvalue().encode()


# ---- one form, two writers -----------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(
    files=st.dictionaries(
        st.binary(min_size=1, max_size=80).map(lambda b: b.replace(b"/", b"%").replace(b"\0", b" ")),
        st.binary(max_size=9000),
        max_size=4,
    )
)
def test_c_and_python_tell_any_file_alike_and_its_name_comes_back(files: dict[bytes, bytes], tells: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        known = {os.fsencode(folder) + b"/" + n: data for n, data in files.items() if n not in (b".", b"..")}
        for name, data in known.items():
            Path(os.fsdecode(name)).write_bytes(data)
        said = by_c(tells, *known)
        assert said == by_python(*known)
    told = parse_bytes(said).inputs
    assert [(one.size, one.crc32) for one in told] == [(len(data), zlib.crc32(data)) for data in known.values()]
    assert [one.name for one in told] == [name.decode("utf-8", "replace") for name in known]


def test_the_line_is_what_the_format_says(tells: Path, tmp_path: Path) -> None:
    name = os.fsencode(tmp_path / "100% ü.hkl")
    Path(os.fsdecode(name)).write_bytes(b"0 0 0 5\n")
    line = by_c(tells, name).decode().splitlines()[1]
    assert (
        line
        == f"TRACE_INPUT: bytes=8 crc32={zlib.crc32(b'0 0 0 5' + bytes([10])):08x} file={tmp_path}/100%25%20%C3%BC.hkl"
    )


def test_a_path_of_any_length_is_told_whole(tells: Path, tmp_path: Path) -> None:
    """Each of its bytes takes three characters, more than any line buffer of trace.h holds."""
    path = tmp_path.joinpath(*["ü" * 120] * 6)
    path.mkdir(parents=True)
    (path / "a").write_text("1")
    said = by_c(tells, os.fsencode(path / "a"))
    assert said == by_python(os.fsencode(path / "a"))
    assert parse_bytes(said).inputs[0].name == str(path / "a")


def test_what_cannot_be_read_is_not_told(tells: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("x")
    names = [os.fsencode(tmp_path / name) for name in ("nothere", "folder", "folder/nothere", "file", "file/below")]
    said = by_c(tells, *names, b"")
    assert said == by_python(*names, b"")
    assert [one.name for one in parse_bytes(said).inputs] == [str(tmp_path / "file")]


def test_a_pipe_is_left_to_the_program(tells: Path) -> None:
    """What is read to measure it would be gone: under tracing the program would read another file."""
    reader, writer = os.pipe()
    os.write(writer, b"1 2 3")
    name = f"/dev/fd/{reader}"
    try:
        said = subprocess.run([str(tells)], input=name.encode() + b"\0", capture_output=True, pass_fds=(reader,)).stdout
        assert said == by_python(name.encode()) == by_python()
        assert os.read(reader, 10) == b"1 2 3"
    finally:
        os.close(reader)
        os.close(writer)


# ---- the seal ---------------------------------------------------------------------------------------------------------


def told(*inputs: Input) -> str:
    out = io.StringIO()
    with Writer(out) as writer:
        writer.open(inputs="told")
        for one in inputs:
            writer.input(one)
        writer.record("x", 1.0)
    return out.getvalue()


def test_the_seal_counts_what_was_read() -> None:
    text = told(Input("a.hkl", 5, 0xDEADBEEF))
    manifest = parse(text).manifest
    assert manifest is not None and manifest.records == 2
    lost = "".join(line for line in text.splitlines(keepends=True) if "TRACE_INPUT" not in line)
    for other in (text.replace("bytes=5", "bytes=6"), text.replace("deadbeef", "deadbeee"), lost):
        with pytest.raises(FirstbadError) as caught:
            parse(other)
        assert caught.value.slug == "trace-broken-seal"


def test_nothing_is_told_behind_the_seal(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    body = TELLS.replace("FIRSTBAD_TRACE_SEAL(&t);", 'FIRSTBAD_TRACE_SEAL(&t); FIRSTBAD_TRACE_INPUT(&t, "a");')
    program = compile_c(tmp_path, body.replace("return (int)t.status", "return t.status != FIRSTBAD_BAD_ORDER"))
    done = subprocess.run([str(program)], input=b"", capture_output=True, cwd=tmp_path)
    assert (done.returncode, b"INPUT" in done.stdout) == (0, False)
    writer = Writer(io.StringIO())
    writer.open()
    writer.seal()
    with pytest.raises(FirstbadError, match="sealed"):
        writer.input(Input("a", 1, 1))


def test_a_line_that_names_no_file_is_skipped_with_its_reason() -> None:
    trace = parse("TRACE_INPUT: bytes=5 file=a\nTRACE_INPUT: bytes=5 crc32=0000000a file=a b\nTRACE: x 1\n")
    assert trace.inputs == () and [one.line for one in trace.skipped] == [1, 2]
    assert all("no file with its size" in one.reason for one in trace.skipped)


def test_a_trace_that_is_written_again_keeps_what_was_read() -> None:
    trace = parse(told(Input("a b%.hkl", 5, 7), Input("x.mat", 0, 0)))
    out = io.StringIO()
    write(out, trace)
    again = parse(out.getvalue())
    assert again.inputs == trace.inputs == (Input("a b%.hkl", 5, 7), Input("x.mat", 0, 0))


def test_a_trace_from_a_file_knows_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.log").write_text(told())
    assert read(tmp_path / "logs/a.log").folder == str(tmp_path / "logs")
    monkeypatch.chdir(tmp_path / "logs")
    assert read("a.log").folder == "."
    assert parse(told()).folder == ""


# ---- what two runs read ------------------------------------------------------------------------------------------------

A, B = (5, 1), (5, 2)


def has(*inputs: tuple[str, tuple[int, int]], tells: bool = True) -> Trace:
    facts = {"inputs": "told"} if tells else {}
    record = Record("x", (1.0,), ("1",))
    return Trace((record,), manifest=Manifest(facts), inputs=tuple(Input(name, *what) for name, what in inputs))


ONE, TWO = "5 bytes (CRC-32 00000001)", "5 bytes (CRC-32 00000002)"


@pytest.mark.parametrize(
    ("reference", "candidate", "found"),
    [
        (has(), has(), []),
        (has(("f", A)), has(("f", A)), []),
        (has(("f", A)), has(("f", B)), [("f", ONE, TWO)]),
        (has(("f", A)), has(("f", (6, 1))), [("f", ONE, "6 bytes (CRC-32 00000001)")]),
        (has(("f", A)), has(), [("f", ONE, "not read")]),
        (has(), has(("f", A)), [("f", "not read", ONE)]),
        (has(("f", A)), has(("g", A)), []),
        (has(("/here/f", A)), has(("f", A)), []),
        (has(("/here/f", A)), has(("../there/f", B)), [("f", ONE, TWO)]),
        (has(("f", A)), has(("f", A), ("g", A)), []),
        (has(("f", A), ("g", B)), has(("g", A)), [("g", TWO, ONE)]),
        (has(("f", A), ("g", B)), has(("g", B), ("f", A)), []),
        (has(("f", A)), has(("g", B)), [("f", ONE, "not read"), ("g", "not read", TWO)]),
        (has(("a/f", A), ("b/f", (9, 9))), has(("a/f", B), ("b/f", (9, 9))), [("f", ONE, TWO)]),
        (has(("a/f", (9, 9)), ("b/f", A)), has(("a/f", (9, 9)), ("b/f", B)), [("f", ONE, TWO)]),
        (has(("f", A)), has(("f", B), tells=False), []),
        (has(("f", A), tells=False), has(("f", B)), []),
    ],
)  # fmt: skip
def test_files_with_other_content_are_told(
    reference: Trace, candidate: Trace, found: list[tuple[str, str, str]]
) -> None:
    assert list(compare_inputs(reference, candidate)) == found


def test_what_was_read_is_a_setting_of_the_diff() -> None:
    found = compare(has(("Fdump.bin", A)), has(), Catalogue())
    assert [(s.name, s.reference, s.candidate, s.source) for s in found.config] == [
        ("file Fdump.bin", ONE, "not read", "input")
    ]
    assert compare(has(("Fdump.bin", A)), has(("Fdump.bin", A)), Catalogue()).config == ()


# ---- long files --------------------------------------------------------------------------------------------------------


def long_log(path: Path, args: str, *inputs: Input) -> Path:
    with path.open("w") as stream, Writer(stream) as writer:
        writer.open(inputs="told", args=args)
        for one in inputs:
            writer.input(one)
        for i in range(900):
            writer.record("x", i + 0.5)
            writer.record("y", [1.0 * i, 2.0])
    return path


def test_long_files_are_compared_by_what_they_read_and_were_asked_for_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One side names a file that the other does not: its line is no record that is missing."""
    monkeypatch.setattr("firstbad.tracer.stream.WHOLE", 1)
    a = long_log(tmp_path / "a.log", "-n 3", Input("Fdump.bin", *A), Input("f", *A))
    b = long_log(tmp_path / "b.log", "-n 4", Input("f", *B))
    found = compare_files(a, b, Catalogue())
    assert found.agree and not found.missing and not found.same
    assert [(s.name, s.reference, s.candidate) for s in found.config] == [
        ("-n", "3", "4"), ("file Fdump.bin", ONE, "not read"), ("file f", ONE, TWO),
    ]  # fmt: skip
    assert compare_files(a, a, Catalogue()).same
