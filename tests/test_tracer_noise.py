"""Measured noise: what reruns show beyond what is inherited, the table's file, and what the diff makes of it."""

from __future__ import annotations

import json
import math
import re
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from firstbad.tracer.calibrate import Measured, Twin, last_bit, measure_noise
from firstbad.tracer.catalogue import Catalogue, from_document, load
from firstbad.tracer.diff import compare
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.noise import NoiseTable, Row, noise_text, read_noise
from firstbad.tracer.text import parse
from firstbad.tracer.uncertain import EPSILON, FLOAT32, to_float32
from firstbad.tracer.view import View
from hypothesis import given
from hypothesis import strategies as st

with warnings.catch_warnings():  # typer imports what the newest click calls deprecated
    warnings.simplefilter("ignore", DeprecationWarning)
    from firstbad.ui.cli import main

CHAIN = from_document({
    "quantity": {
        "x": {"kind": "input"},
        "y": {"parents": ["x"], "formula": "x*x"},
        "n": {"kind": "branch", "parents": ["y"], "formula": "floor(y)"},
    }
})  # fmt: skip


def trace(x: float, y: float, n: float = 1, *, dtype: str = "") -> str:
    opened = f"TRACE_OPEN: firstbad-trace 1 digits=17 dtype={dtype}\n" if dtype else ""
    lines = f"TRACE_C: x {x!r}\nTRACE_C: y {y!r}\nTRACE_C: n {n!r}\nTRACE_C: digits 1.2345678901234567\n"
    if not dtype:
        return lines
    import zlib

    return f"{opened}{lines}TRACE_SEAL: records=4 crc32={zlib.crc32(lines.encode()):08x}\n"


def measured(*texts: str, catalogue: Catalogue = CHAIN) -> Measured:
    first, *others = map(parse, texts)
    return measure_noise((Twin(f"run {n}", first, other) for n, other in enumerate(others, 1)), catalogue)


# ---- moving the last bit ---------------------------------------------------------------------------------------------


def test_only_decimals_move() -> None:
    words = "-cell 70.5 80 9e1 -N 5 -hkl P1.hkl -v1.2.3 -misset -0.25 .5 --x=1.5,2.5 a1.5"
    moved = last_bit(words, 3).split()
    fixed = {0, 2, 4, 5, 6, 7, 8, 9, 13}
    assert [w for i, w in enumerate(moved) if i in fixed] == [w for i, w in enumerate(words.split()) if i in fixed]
    assert float(moved[1]) != 70.5 and float(moved[3]) != 90 and float(moved[10]) != -0.25 and float(moved[11]) != 0.5


@given(st.floats(1e-300, 1e300), st.integers(0, 99))
def test_a_decimal_moves_by_one_or_two_last_bits(value: float, seed: int) -> None:
    moved = float(last_bit(f"-a {value!r}", seed).split()[1])
    assert moved != value
    away = math.inf if moved > value else -math.inf
    assert abs(moved - value) <= 2 * abs(math.nextafter(value, away) - value)


@given(st.floats(1e-30, 1e30), st.integers(0, 99))
def test_a_float32_program_sees_a_moved_bit(value: float, seed: int) -> None:
    moved = float(last_bit(f"-a {value!r}", seed, "float32").split()[1])
    assert to_float32(moved) != to_float32(value)
    assert abs(moved - value) <= 4 * FLOAT32 * value


@given(st.lists(st.floats(1, 2), min_size=1, max_size=9), st.integers(0, 99))
def test_of_two_seeds_one_moves_up_what_the_other_moves_down(values: list[float], seed: int) -> None:
    words = " ".join(map(repr, values))
    one, two = (map(float, last_bit(words, 2 * seed + n).split()) for n in (0, 1))
    assert all((a > v) is not (b > v) for v, a, b in zip(values, one, two, strict=True))


# ---- measuring -------------------------------------------------------------------------------------------------------


def test_a_child_is_not_charged_with_what_it_inherits() -> None:
    x = 1.25
    off = x + 300 * EPSILON
    rows = measured(trace(x, x * x), trace(off, off * off)).rows["float64"]
    assert 100 < rows["x"].ulp < 200, "300 roundings of 1, shared by two runs"
    assert rows["y"].ulp == 0 and rows["y"].spread == pytest.approx(480 * EPSILON, rel=0.1)
    assert "n" not in rows


def test_what_a_child_adds_itself_is_measured() -> None:
    rows = measured(trace(1.25, 1.5625), trace(1.25, 1.5625 + 200 * EPSILON)).rows["float64"]
    assert rows["x"].ulp == 0
    assert 50 < rows["y"].ulp < 70
    assert rows["y"].where == "run 1"


def test_the_largest_of_all_runs_counts() -> None:
    texts = [trace(1.25, 1.5625 + k * EPSILON) for k in (0, 40, 400, 4)]
    row = measured(*texts).rows["float64"]["y"]
    assert (row.records, row.where) == (3, "run 2")


def test_a_run_that_decides_otherwise_is_left_out_and_named() -> None:
    found = measured(trace(1.25, 1.5625), trace(1.3, 1.69, 2), trace(1.25, math.nan))
    assert found.left_out == ("run 1", "run 2")
    assert not found.rows["float64"]


def test_float32_is_measured_in_its_own_roundings() -> None:
    x = to_float32(1.1)
    y = to_float32(x * x) + 20 * FLOAT32
    rows = measured(trace(1.1, 1.1 * 1.1), trace(x, y, dtype="float32")).rows
    assert not rows["float64"]
    assert 5 < rows["float32"]["y"].ulp < 20


# ---- what the diff makes of it -----------------------------------------------------------------------------------------


def with_rows(rows: dict[str, Row]) -> Catalogue:
    return replace(CHAIN, measured=NoiseTable({"float64": rows}).rows)


def test_measured_noise_is_granted_twice_over_and_no_more() -> None:
    a = parse(trace(1.25, 1.5625))
    granted = with_rows({"y": Row(50, 0, 1)})
    for roundings, same in ((300, True), (3000, False)):
        b = parse(trace(1.25, 1.5625 * (1 + roundings * EPSILON)))
        assert compare(a, b, granted).same is same
        assert not compare(a, b, CHAIN).same
        inherits = with_rows({"x": Row(50, 0, 1), "y": Row(0, 0, 1)})
        moved = parse(trace(1.25 * (1 + 150 * EPSILON), 1.5625 * (1 + roundings * EPSILON)))
        assert compare(a, moved, inherits).same is same, "y inherits what x is granted"
        assert not compare(a, b, inherits).same, "but not where x is the same, and y does not follow from it"


def test_a_float32_side_is_named_in_the_notes() -> None:
    x = to_float32(1.1)
    diff = compare(parse(trace(1.1, 1.1 * 1.1)), parse(trace(x, to_float32(x * x), dtype="float32")), CHAIN)
    assert diff.same
    assert any("candidate computed in float32" in note for note in diff.notes)
    assert not any("reference computed in float32" in note for note in diff.notes)


def test_doubles_that_are_nearly_round_are_no_float32_and_are_granted_no_more() -> None:
    """Steps of 0.1 meet at halves but for a last bit: a sum of them that is off by 4e-8 is wrong."""
    known = from_document({"quantity": {"x": {"kind": "input"}, "s": {"parents": ["x"], "formula": "total(x)"}}})
    steps = [0.5 * n * (1 + 2.0**-52) for n in range(1, 17)]
    head = "".join(f"TRACE: x {x:.17g}\n" for x in steps)
    a, b = (parse(f"{head}TRACE: s {sum(steps) * factor:.17g}\n") for factor in (1, 1 + 4e-8))
    assert [finding.quantity for finding in compare(a, b, known).origins] == ["s"]


# ---- the file ----------------------------------------------------------------------------------------------------------

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
rows = st.dictionaries(names, st.builds(Row, st.floats(0, 1e9), st.floats(0, 1e9), st.integers(0, 99), names))


@given(rows, rows, names)
def test_a_table_is_read_as_it_was_written(one: dict[str, Row], two: dict[str, Row], text: str) -> None:
    import tempfile

    table = NoiseTable({"float64": one, "float32": two}, {"date": "2026-11-24", "runs": 3, "commands": [text]})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.toml"
        path.write_text(noise_text(table), encoding="utf-8")
        back = read_noise(path)
    assert back.evidence == table.evidence
    for dtype, told in (("float64", one), ("float32", two)):
        assert {n: (r.records, r.where) for n, r in back.rows[dtype].items()} == {
            n: (r.records, r.where) for n, r in told.items()
        }
        for name, row in told.items():
            assert back.rows[dtype][name].ulp == pytest.approx(row.ulp, rel=1e-2)


@pytest.mark.parametrize(
    "text",
    ["[float16]\n", "[float64]\nx = 3\n", "[float64]\nx = { ulp = -1 }\n", "[float64]\nx = { ulp = nan }\n", "x"],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "noise.toml"
    path.write_text(text)
    with pytest.raises(FirstbadError) as caught:
        load(noise=path)
    assert caught.value.slug == "noise-table"


def test_a_table_beside_a_catalogue_is_read_with_it(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[quantity.x]\nkind = "input"\n')
    assert not load(tmp_path / "mine.toml").measured
    (tmp_path / "mine.noise.toml").write_text("[float64]\nx = { ulp = 3 }\n")
    assert load(tmp_path / "mine.toml").measured["float64"]["x"].ulp == 3.0


def test_the_shipped_table_tells_its_evidence() -> None:
    """Each row names a command and a case that stand at its top; nothing was added to or taken from what was measured."""
    from firstbad.tracer.catalogue import DEFAULT

    table = read_noise(DEFAULT.with_suffix(".noise.toml"))
    commands, cases = table.evidence["commands"], table.evidence["cases"]
    assert set(table.evidence) == {"date", "compared", "last_bit", "left_out", "commands", "cases"}
    assert table.evidence["compared"] == len(cases) * (len(commands) - 1 + table.evidence["last_bit"])
    for told in table.rows.values():
        assert len(told) > 130
        assert len(set(told) & set(load().quantities)) > 120
        for name, row in told.items():
            assert row.records and row.ulp < 10 and 0 <= row.share <= 1, (name, "rounding, no fault")
            command, case = (int(n) for n in re.findall(r"command (\d+), case (\d+)", row.where)[0])
            assert 1 <= command <= len(commands) and 1 <= case <= len(cases)


def test_a_share_of_what_is_inherited_needs_many_numbers_that_inherit_much() -> None:
    x = 1 + 1e-6
    catalogue = from_document({"quantity": {"x": {"kind": "input"}, "y": {"parents": ["x"], "formula": "x - 1"}}})
    off = [x + n * EPSILON for n in range(50)]
    texts = [trace(v, v - 1) for v in (x, *off)]
    row = measured(*texts, catalogue=catalogue).rows["float64"]["y"]
    assert row.decisive == 50 and 0.1 < row.share < 0.6 and row.ulp < 1e-6
    few = measured(*texts[:50], catalogue=catalogue).rows["float64"]["y"]
    assert (few.share, few.decisive) == (1.0, 49)


def test_what_is_inherited_counts_by_its_share(tmp_path: Path) -> None:
    catalogue = from_document({"quantity": {"x": {"kind": "input"}, "y": {"parents": ["x"], "formula": "x - 1"}}})
    text = trace(1 + 1e-6, 1e-6 - 2e-16)
    noise = [
        View(parse(text), replace(catalogue, measured={"float64": {"x": Row(100, 0, 9), "y": Row(0, 0, 9, "", share)}}))
        for share in (1.0, 0.25)
    ]
    whole, half = (view.noise(view.records("y")[0])[0] for view in noise)
    assert half == pytest.approx(whole / 2, rel=1e-6), "twice the share that was measured"


def test_what_is_printed_too_coarsely_is_no_evidence() -> None:
    fine = trace(1.25, 1.5625 + 3 * EPSILON)
    assert "y" in measured(trace(1.25, 1.5625), fine).rows["float64"]
    coarse = "TRACE_C: x 1.25\nTRACE_C: y 1.56250\nTRACE_C: n 1\nTRACE_C: digits 1.23457\n"
    assert "y" not in measured(coarse, coarse).rows["float64"]
    other = coarse.replace("1.56250", "1.56270")
    assert measured(coarse, other).rows["float64"]["y"].records == 1, "a difference is evidence, however it is printed"


# ---- the command -------------------------------------------------------------------------------------------------------

PROGRAM = """
import sys
x = float(sys.argv[2])
y = x*x if sys.argv[1] == "one" else (x - 1)*(x + 1) + 1
print("TRACE_C: x", repr(x)); print("TRACE_C: y", repr(y)); print("TRACE_C: n", float(y // 1))
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toy.py").write_text(PROGRAM)
    (tmp_path / "toy.toml").write_text(
        '[quantity.x]\nkind = "input"\n[quantity.y]\nparents = ["x"]\n[quantity.n]\nkind = "branch"\nparents = ["y"]\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def calibrate(*words: str) -> int:
    runs = [w for mode in ("one", "two") for w in ("--run", f"{sys.executable} toy.py {mode} {{args}}")]
    return main(["calibrate", *runs, "--catalogue", "toy.toml", "--out", "toy.noise.toml", *words])


def test_foreign_programs_are_calibrated_and_judged_by_it(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibrate("--args", "1.0001", "--args", "1e-7", "--last-bit", "2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["compared"] == 6 and told["left_out"] == []
    table = read_noise(place / "toy.noise.toml")
    assert table.rows["float64"]["y"].spread > 1e-4, "1 - 1 has lost all digits of 1e-7 squared"
    for mode in ("one", "two"):
        import subprocess

        done = subprocess.run([sys.executable, "toy.py", mode, "3e-7"], capture_output=True, check=True)
        (place / f"{mode}.log").write_bytes(done.stdout)
    bare = place / "bare.toml"
    bare.write_text((place / "toy.toml").read_text())
    assert main(["diff", "one.log", "two.log", "--catalogue", "toy.toml"]) == 0
    assert main(["diff", "one.log", "two.log", "--catalogue", "bare.toml"]) == 1
    assert main(["diff", "one.log", "two.log", "--catalogue", "bare.toml", "--noise", "toy.noise.toml"]) == 0


def test_one_run_alone_and_a_run_without_a_trace_are_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", "--run", "true"]) == 2
    assert "shows no noise" in capsys.readouterr().err
    assert calibrate("--args", "x") == 2
    assert "no-trace-run" in capsys.readouterr().err
    assert not (place / "toy.noise.toml").exists()
    assert calibrate("--cases", "gone.txt") == 2
    assert "cases-unreadable" in capsys.readouterr().err


def test_a_run_that_fails_is_left_out_by_name(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibrate("--args", "1.5", "--args", "nonsense", "--last-bit", "2", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["compared"] == 3
    assert [text.partition(":")[0] for text in told["left_out"]] == ["command 1, case 2", "command 2, case 2"]
    assert read_noise(place / "toy.noise.toml").evidence["left_out"] == told["left_out"]


def test_traces_that_are_there_need_no_run(place: Path) -> None:
    for name, y in (("a", 1.5625), ("b", 1.5625 + 40 * EPSILON), ("c", 1.5625)):
        (place / f"{name}.log").write_text(trace(1.25, y))
    assert main(["calibrate", "a.log", "b.log", "c.log", "--out", "n.toml", "--catalogue", "toy.toml"]) == 0
    assert read_noise(place / "n.toml").rows["float64"]["y"].where == "b.log"
    assert main(["calibrate", "a.log", "--out", "n.toml"]) == 2


@pytest.mark.parametrize("held", ["precious\n", "# How far\n", "[quantity.y]\n", None])
def test_what_is_no_noise_table_of_ours_is_never_replaced(
    place: Path, capsys: pytest.CaptureFixture[str], held: str | None
) -> None:
    (place / "a.log").write_text(trace(1.25, 1.5625))
    out = place / "there"
    if held is None:
        out.mkdir()
    else:
        out.write_text(held)
    assert main(["calibrate", "a.log", "a.log", "--out", "there", "--catalogue", "toy.toml"]) == 2
    assert "there exists already and is no noise table of ours. Name another file. [exists]" in capsys.readouterr().err
    assert out.is_dir() if held is None else out.read_text() == held


def test_a_noise_table_an_empty_file_and_a_device_may_be_written(place: Path) -> None:
    (place / "a.log").write_text(trace(1.25, 1.5625))
    (place / "n.toml").touch()
    for out in ("n.toml", "n.toml", "/dev/null"):
        assert main(["calibrate", "a.log", "a.log", "--out", out, "--catalogue", "toy.toml"]) == 0
    assert "y" in read_noise(place / "n.toml").rows["float64"]


def test_a_table_that_cannot_be_read_names_the_command_that_writes_one(place: Path) -> None:
    with pytest.raises(FirstbadError) as told:
        read_noise(place / "gone.toml")
    assert "`firstbad calibrate` writes such a table." in str(told.value)
