"""trace.h by itself: compiled, run, and its output checked by Python's own zlib and struct."""

from __future__ import annotations

import math
import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest
from firstbad.sim.reference import TRACE_H
from firstbad.tracer import text
from hypothesis import given, settings
from hypothesis import strategies as st
from reference_runs import compile_c

HEADER = "#define FIRSTBAD_TRACE_IMPLEMENTATION\n#include <math.h>\n#include <stdio.h>\n#include <string.h>\n"


def c_main(body: str, before: str = "") -> str:
    return f'{before}{HEADER}#include "trace.h"\nint main(void) {{\n{body}\nreturn 0;\n}}\n'


def output(program: Path, stdin: bytes = b"") -> bytes:
    done = subprocess.run([str(program)], input=stdin, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


SEALED = """
FirstbadTrace t;
firstbad_trace_init(&t, firstbad_to_file, stdout);
FIRSTBAD_TRACE_OPEN(&t, "side=C pixel=3,4 digits=17 program=test");
FIRSTBAD_TRACE(&t, "F_cell", 100);
printf("noise in between\\n");
FIRSTBAD_TRACE(&t, "hkl_frac", -0.0, 0.1, 1e300);
printf("WARNING: glued in front! ");
FIRSTBAD_TRACE_IN(&t, "F_latt", "phi=3,mosaic=1", 2.5);
FIRSTBAD_TRACE(&t, "odd", NAN, -NAN, INFINITY, -INFINITY);
FIRSTBAD_TRACE_SET(&t, "fdet", 0, 0, 1);
FIRSTBAD_TRACE_MATRIX(&t, "Rx", ((const double[]){1, 2, 3, 4, 5, 6}), 2, 3);
FIRSTBAD_TRACE_WORD(&t, "convention", "MOSFLM");
FIRSTBAD_TRACE_LINE(&t, "TRACE_C_PHI phi_tic=%d k_frac=%.3g", 2, 0.25);
FIRSTBAD_TRACE_SEAL(&t);
if (t.status != FIRSTBAD_OK) return 3;
"""


def test_sealed_trace_is_what_the_format_says(tmp_path: Path) -> None:
    lines = output(compile_c(tmp_path, c_main(SEALED))).decode().splitlines()
    assert lines[0] == "TRACE_OPEN: firstbad-trace 1 side=C pixel=3,4 digits=17 program=test"
    records = [line[line.index("TRACE") :] for line in lines[1:-1] if "TRACE" in line]
    assert records == [
        "TRACE_C: F_cell 100",
        "TRACE_C: hkl_frac -0 0.10000000000000001 1.0000000000000001e+300",
        "TRACE_C: F_latt{phi=3,mosaic=1} 2.5",
        "TRACE_C: odd nan nan inf -inf",
        "TRACE_C:fdet=0 0 1",
        "TRACE_C:Rx=[1 2 3; 4 5 6]",
        "TRACE_C:convention=MOSFLM",
        "TRACE_C_PHI phi_tic=2 k_frac=0.25",
    ]
    crc = zlib.crc32("".join(line + "\n" for line in records).encode())
    opening = zlib.crc32(f"{lines[0]}\n".encode())
    assert lines[-1] == f"TRACE_SEAL: open={opening:08x} records={len(records)} crc32={crc:08x}"


def test_the_reader_accepts_the_seal(tmp_path: Path) -> None:
    trace = text.parse_bytes(output(compile_c(tmp_path, c_main(SEALED))))
    assert trace.sealed
    assert trace.find("F_cell")[0].values == (100.0,)


def test_off_means_absent(tmp_path: Path) -> None:
    """With FIRSTBAD_TRACE_OFF nothing is printed, arguments are not evaluated, and no call is left in the object."""
    body = "FirstbadTrace *t = NULL; (void)t; int n = 0;\n"
    body += 'FIRSTBAD_TRACE_OPEN(t, "a=b"); FIRSTBAD_TRACE(t, "x", n++); FIRSTBAD_TRACE_IN(t, "x", "s=1", n++);\n'
    body += 'FIRSTBAD_TRACE_SET(t, "x", n++); FIRSTBAD_TRACE_WORD(t, "x", n++ ? "a" : "b");\n'
    body += 'FIRSTBAD_TRACE_INPUT(t, n++ ? "a" : "b");\n'
    body += 'FIRSTBAD_TRACE_VALUES(t, "x", (n++, NULL), 0); FIRSTBAD_TRACE_MATRIX(t, "x", (n++, NULL), 0, 0);\n'
    body += (
        'FIRSTBAD_TRACE_LINE(t, "TRACE %d", n++); FIRSTBAD_STREAM(NULL, n++, 0, 0, NULL, 0); FIRSTBAD_TRACE_SEAL(t);\n'
    )
    body += 'printf("%d", n);'
    assert output(compile_c(tmp_path, c_main(body, "#define FIRSTBAD_TRACE_OFF\n"))) == b"0"
    without = (tmp_path / "test.c").read_text().replace("#define FIRSTBAD_TRACE_IMPLEMENTATION\n", "")
    compile_c(tmp_path / "bare", without)
    program = (tmp_path / "bare" / "test").read_bytes()
    assert b"firstbad_trace_record" not in program


FAILURES = {
    "blank in a name": ('FIRSTBAD_TRACE(&t, "a b", 1);', "FIRSTBAD_BAD_NAME"),
    "empty name": ('FIRSTBAD_TRACE(&t, "", 1);', "FIRSTBAD_BAD_NAME"),
    "equals sign": ('FIRSTBAD_TRACE_SET(&t, "a=b", 1);', "FIRSTBAD_BAD_NAME"),
    "line without TRACE": ('FIRSTBAD_TRACE_LINE(&t, "hello");', "FIRSTBAD_BAD_NAME"),
    "two lines in one": ('FIRSTBAD_TRACE_LINE(&t, "TRACE a\\nTRACE b");', "FIRSTBAD_BAD_NAME"),
    "blank in a word": ('FIRSTBAD_TRACE_WORD(&t, "mode", "fast mode");', "FIRSTBAD_BAD_WORD"),
    "line too long": ('FIRSTBAD_TRACE_LINE(&t, "TRACE %3000d", 1);', "FIRSTBAD_TOO_LONG"),
    "opened twice": ('FIRSTBAD_TRACE_OPEN(&t, "");', "FIRSTBAD_BAD_ORDER"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_is_lost_is_counted_and_never_sealed(name: str, tmp_path: Path) -> None:
    fault, status = FAILURES[name]
    body = 'FirstbadTrace t; firstbad_trace_init(&t, firstbad_to_file, stdout);\nFIRSTBAD_TRACE_OPEN(&t, "side=C");\n'
    body += f'FIRSTBAD_TRACE(&t, "good", 1);\n{fault}\nFIRSTBAD_TRACE(&t, "later", 2);\nFIRSTBAD_TRACE_SEAL(&t);\n'
    body += f"if (t.status != {status} || t.lost != 1 || strlen(firstbad_trace_message(&t)) < 20) return 3;"
    lines = output(compile_c(tmp_path, c_main(body))).decode().splitlines()
    assert lines == ["TRACE_OPEN: firstbad-trace 1 side=C", "TRACE_C: good 1", "TRACE_C: later 2"]


WORDS = [
    "MOSFLM",
    "torch.float64",
    "fast_mode",
    "gcc-13",
    "/a/b.c",
    "_x",
    "nano",
    "info",
    "inform",
    "Ångström",
    "v1+2",
    "nan_mode",
    "I",
]
NO_WORDS = [
    "", "fast mode", " a", "a ", "a\tb", "1.5", "-5", "3x3", "nan", "NaN", "-nan", "inf", "Infinity", "INF", "nanj", "infi", "nan(0)", "inf+1",
    "done.", "X:1", "a=b", "a,b", "[a]", "f(2)", "a%", "a{b}", "a|b",
]  # fmt: skip


def test_what_is_no_word_is_refused_and_every_word_is_read_back(tmp_path: Path) -> None:
    body = "char word[64];\nFirstbadTrace t; firstbad_trace_init(&t, firstbad_to_file, stdout);\n"
    body += 'while (fgets(word, sizeof word, stdin)) { word[strcspn(word, "\\n")] = 0;\n'
    body += 'if (firstbad_trace_word(&t, "mode", word) != FIRSTBAD_OK) printf("refused %s\\n", word); }\n'
    body += 'if (firstbad_trace_word(&t, "mode", NULL) != FIRSTBAD_BAD_WORD) return 3;'
    said = output(compile_c(tmp_path, c_main(body)), "\n".join([*WORDS, *NO_WORDS, ""]).encode())
    assert [r.values for r in text.parse_bytes(said)] == [(word,) for word in WORDS]
    assert [line.removeprefix("refused ") for line in said.decode().split("\n")[len(WORDS) : -1]] == NO_WORDS


def test_the_opening_comes_first(tmp_path: Path) -> None:
    body = 'FirstbadTrace t; firstbad_trace_init(&t, firstbad_to_file, stdout); FIRSTBAD_TRACE(&t, "x", 1);\n'
    body += 'if (firstbad_trace_open(&t, "") != FIRSTBAD_BAD_ORDER || firstbad_trace_seal(&t) == FIRSTBAD_OK) return 3;'
    assert output(compile_c(tmp_path, c_main(body))) == b"TRACE_C: x 1\n"


def test_nothing_may_follow_the_seal(tmp_path: Path) -> None:
    body = 'FirstbadTrace t; firstbad_trace_init(&t, firstbad_to_file, stdout); FIRSTBAD_TRACE_OPEN(&t, "");\n'
    body += 'FIRSTBAD_TRACE_SEAL(&t); FIRSTBAD_TRACE(&t, "x", 1);\nif (t.status != FIRSTBAD_BAD_ORDER) return 3;'
    lines = output(compile_c(tmp_path, c_main(body))).decode().splitlines()
    assert lines == ["TRACE_OPEN: firstbad-trace 1", "TRACE_SEAL: open=fc2e3b84 records=0 crc32=00000000"]


SHORT_SINK = """
static size_t left = 40;
static size_t short_sink(void *user, const void *bytes, size_t count) {
    size_t kept = count < left ? count : left;
    left -= kept;
    return fwrite(bytes, 1, kept, (FILE *)user);
}
"""


def test_a_full_disk_is_noticed_by_text_and_stream(tmp_path: Path) -> None:
    body = 'FirstbadTrace t; firstbad_trace_init(&t, short_sink, stdout);\nFIRSTBAD_TRACE_OPEN(&t, "");\n'
    body += 'FIRSTBAD_TRACE(&t, "x", 1); FIRSTBAD_TRACE(&t, "y", 2);\n'
    body += "if (firstbad_trace_seal(&t) != FIRSTBAD_CUT_SHORT || t.lost != 2) return 3;\n"
    body += 'static FirstbadStream s; const char *names[] = {"x"}; double v = 1; left = 10;\n'
    body += "firstbad_stream_open(&s, short_sink, stdout, 1, 1, names, 1); FIRSTBAD_STREAM(&s, 0, 0, 0, &v, 1);\n"
    body += "if (firstbad_stream_close(&s) != FIRSTBAD_CUT_SHORT) return 4;"
    source = c_main(body).replace("int main", SHORT_SINK + "int main")
    assert b"SEAL" not in output(compile_c(tmp_path, source))


NUMBERS = """
double v; char out[64];
while (fread(&v, sizeof v, 1, stdin) == 1) {
    size_t n = firstbad_number(out, sizeof out, v, 17);
    if (n == 0) return 3;
    printf("%s %08lx\\n", out, (unsigned long)firstbad_crc32(0, out, n));
}
"""


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_c(tmp_path_factory.mktemp("numbers"), c_main(NUMBERS))


@settings(max_examples=30, deadline=None)
@given(values=st.lists(st.floats(), min_size=1, max_size=200))
def test_numbers_are_lossless_and_equal_to_pythons(values: list[float], numbers: Path) -> None:
    lines = output(numbers, struct.pack(f"={len(values)}d", *values)).decode().splitlines()
    assert len(lines) == len(values)
    for line, value in zip(lines, values, strict=True):
        number, crc = line.split()
        assert number == ("nan" if math.isnan(value) else f"{value:.17g}")
        assert math.isnan(value) or float(number) == value
        assert int(crc, 16) == zlib.crc32(number.encode())


def test_a_comma_locale_does_not_reach_the_trace(tmp_path: Path) -> None:
    """The decimal point stays a point even where the host program switched its locale."""
    body = 'setlocale(LC_ALL, ""); char out[32]; firstbad_number(out, sizeof out, 1.5, 17); printf("%s", out);'
    program = compile_c(tmp_path, c_main(body, "#include <locale.h>\n"))
    done = subprocess.run([str(program)], capture_output=True, env={"LC_ALL": "de_DE.UTF-8"}, timeout=60)
    assert done.stdout == b"1.5"


STREAM = """
static FirstbadStream s;
const char *names[] = {"omega_pixel", "hkl_frac"};
double omega = 0.25, hkl[3] = {1, -2, 0.5};
if (firstbad_stream_open(&s, firstbad_to_file, stdout, 48, 64, names, 2) != FIRSTBAD_OK) return 3;
for (unsigned i = 0; i < 5000; i++) {
    hkl[0] = i;
    FIRSTBAD_STREAM(&s, i, 7, 1, hkl, 3);
}
FIRSTBAD_STREAM(&s, FIRSTBAD_RUN, FIRSTBAD_RUN, 0, &omega, 1);
if (firstbad_stream_close(&s) != FIRSTBAD_OK) return 4;
"""


def test_binary_stream_is_what_the_format_says(tmp_path: Path) -> None:
    data = output(compile_c(tmp_path, c_main(STREAM)))
    assert data[:8] == b"FBSTREAM"
    assert struct.unpack("<4I", data[8:24]) == (1, 48, 64, 2)
    assert data[24:50] == b"\x0b\0omega_pixel" + b"\x08\0hkl_frac"[:13] + data[47:50]
    body = 24 + 2 + 11 + 2 + 8
    for i in range(5000):
        start = body + i * 36
        assert struct.unpack("<IIHH3d", data[start : start + 36]) == (i, 7, 1, 3, i, -2.0, 0.5)
    last = body + 5000 * 36
    run = 0xFFFFFFFF
    assert struct.unpack("<IIHHd", data[last : last + 20]) == (run, run, 0, 1, 0.25)
    end = struct.unpack("<IIHHQI", data[last + 20 :])
    assert end == (run, run, 0xFFFF, 0, 5001, zlib.crc32(data[: last + 20]))


def test_stream_refuses_what_its_table_does_not_hold(tmp_path: Path) -> None:
    body = 'static FirstbadStream s; const char *names[] = {"x"}; double v = 1;\n'
    body += "firstbad_stream_open(&s, firstbad_to_file, stdout, 1, 1, names, 1);\n"
    body += "FIRSTBAD_STREAM(&s, 0, 0, 1, &v, 1);\n"
    body += "if (s.status != FIRSTBAD_BAD_COUNT || firstbad_stream_close(&s) != FIRSTBAD_BAD_COUNT) return 3;"
    assert output(compile_c(tmp_path, c_main(body))) == b""


PLUSPLUS = SEALED.replace("((const double[]){1, 2, 3, 4, 5, 6})", "six").replace(
    "FirstbadTrace t;",
    "FirstbadTrace t; const double six[] = {1, 2, 3, 4, 5, 6}; int n = 7; float f = 0.5f; long double l = 2;",
)


@pytest.mark.skipif(not shutil.which("g++"), reason="needs a C++ compiler")
@pytest.mark.parametrize("standard", ["c++11", "c++20"])
def test_a_cplusplus_program_writes_the_same(tmp_path: Path, standard: str) -> None:
    body = PLUSPLUS.replace("FIRSTBAD_TRACE_SEAL", 'FIRSTBAD_TRACE(&t, "any", n, f, l, n > 5);\nFIRSTBAD_TRACE_SEAL')
    assert body.count("six") == 2 and body.count("any") == 1
    words = ["-std=" + standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-I", str(TRACE_H.parent)]
    (tmp_path / "test.cpp").write_text(c_main(body))
    subprocess.run(["g++", *words, "-o", str(tmp_path / "test"), str(tmp_path / "test.cpp")], check=True, timeout=120)
    said = output(tmp_path / "test").decode().splitlines()
    assert "TRACE_C: any 7 0.5 2 1" in said
    plain = output(compile_c(tmp_path / "c", c_main(SEALED))).decode().splitlines()
    assert [line for line in said if " any " not in line and "SEAL" not in line] == plain[:-1]
    assert text.parse("\n".join(said)).sealed


@pytest.mark.skipif(not shutil.which("g++"), reason="needs a C++ compiler")
def test_off_is_off_in_cplusplus_too(tmp_path: Path) -> None:
    body = 'int n = 0; FIRSTBAD_TRACE(0, "x", n++); FIRSTBAD_TRACE_SET(0, "x", n++); FIRSTBAD_TRACE_IN(0, "x", "a", n++); return n;'
    (tmp_path / "test.cpp").write_text(c_main(body, "#define FIRSTBAD_TRACE_OFF\n"))
    words = ["-std=c++11", "-I", str(TRACE_H.parent), "-o", str(tmp_path / "test"), str(tmp_path / "test.cpp")]
    subprocess.run(["g++", *words], check=True, timeout=120)
    assert output(tmp_path / "test") == b""


def test_two_files_may_include_it(tmp_path: Path) -> None:
    (tmp_path / "other.c").write_text(
        '#include "trace.h"\nvoid other(FirstbadTrace *t);\n'
        'void other(FirstbadTrace *t) { FIRSTBAD_TRACE(t, "y", 2); }\n'
    )
    body = 'FirstbadTrace t; firstbad_trace_init(&t, firstbad_to_file, stdout); FIRSTBAD_TRACE(&t, "x", 1); other(&t);'
    source = c_main(body).replace("int main", "void other(FirstbadTrace *t);\nint main")
    assert output(compile_c(tmp_path, source, "other.c")) == b"TRACE_C: x 1\nTRACE_C: y 2\n"


def test_public_names_have_the_prefix() -> None:
    public = re.findall(r"^\s*#define (\w+)", TRACE_H.read_text(), re.MULTILINE)
    assert public
    assert all(name.startswith("FIRSTBAD") for name in public)
