"""Two logs as files: read in a stream, stopped early, printed with fewer digits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from chain_program import CHAIN, diff, names, program
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Role, Side, compare
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.stream import compare_files
from firstbad.tracer.text import parse
from firstbad.tracer.writer import Writer

# A program small enough to compute here: two inputs, a chain, a branch, a final product.
# ---- files ----------------------------------------------------------------------------------------------------------


def loop(
    path: Path, count: int, fault: int | None = None, prefix: str = "TRACE_C", digits: int = 17, drop: int | None = None
) -> None:
    """A long trace of the chain program; one iteration has a fault, or lacks a record."""
    with path.open("w") as out, Writer(out, prefix, digits) as writer:
        writer.open(side=prefix)
        for i in range(count):
            a = 1 + i * 0.001
            k = 2.5 if i == fault else 2.0
            rows = {
                "a": a,
                "b": 2.125,
                "k": k,
                "sum": a + 2.125,
                "scaled": k * (a + 2.125),
                "table": 3.5,
                "final": k * (a + 2.125) * 3.5 * 3.5,
            }
            for name, value in rows.items():
                if not (i == drop and name == "scaled"):
                    writer.record(name, value)


@pytest.fixture()
def streamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as long from one byte on."""
    monkeypatch.setattr("firstbad.tracer.stream.WHOLE", 1)


@pytest.mark.usefixtures("streamed")
def test_long_files_stop_at_the_first_origin(tmp_path: Path) -> None:
    a, b = tmp_path / "a.log", tmp_path / "b.log"
    loop(a, 2000)
    loop(b, 2000, fault=700)
    found = compare_files(a, b, CHAIN)
    assert names(found.origins) == ["k"]
    assert "read up to trace line 490" in found.notes[-1]
    assert names(compare_files(b, a, CHAIN).origins) == ["k"]


@pytest.mark.usefixtures("streamed")
def test_a_part_of_a_sealed_long_file_is_not_called_unsealed(tmp_path: Path) -> None:
    a, b = tmp_path / "a.log", tmp_path / "b.log"
    loop(a, 2000)
    loop(b, 2000, fault=700)
    assert not any("unsealed" in note for note in compare_files(a, b, CHAIN).notes)
    b.write_text(
        "".join(line for line in b.read_text().splitlines(keepends=True) if "OPEN" not in line and "SEAL" not in line)
    )
    notes = compare_files(a, b, CHAIN).notes
    assert [note for note in notes if "unsealed" in note] == [
        "the candidate is unsealed: nothing tells whether it is whole"
    ]


@pytest.mark.usefixtures("streamed")
def test_long_files_agree_over_prefix_and_digits(tmp_path: Path) -> None:
    a, b = tmp_path / "a.log", tmp_path / "b.log"
    loop(a, 800)
    loop(b, 800, prefix="TRACE_PY", digits=12)
    found = compare_files(a, b, CHAIN)
    assert found.agree and not found.missing
    assert compare_files(a, a, CHAIN).same


@pytest.mark.usefixtures("streamed")
def test_long_files_show_a_dropped_record(tmp_path: Path) -> None:
    a, b = tmp_path / "a.log", tmp_path / "b.log"
    loop(a, 800)
    loop(b, 800, drop=500)
    found = compare_files(a, b, CHAIN)
    assert [(m.quantity, m.side) for m in found.missing] == [("scaled", Side.REFERENCE)]
    assert not found.origins


@pytest.mark.usefixtures("streamed")
def test_long_files_refuse_a_broken_seal_at_the_end(tmp_path: Path) -> None:
    a, b = tmp_path / "a.log", tmp_path / "b.log"
    loop(a, 300)
    b.write_text(a.read_text().rpartition("TRACE_SEAL")[0])
    with pytest.raises(FirstbadError, match="never sealed"):
        compare_files(a, b, CHAIN)


def test_short_files_are_compared_whole(tmp_path: Path) -> None:
    a, b = tmp_path / "a.log", tmp_path / "b.log"
    loop(a, 20)
    loop(b, 20, fault=3)
    found = compare_files(a, b, CHAIN)
    assert names(found.origins) == ["k"] and found.origins[0].different == 1 and found.origins[0].records == 20


@pytest.mark.bench
def test_bench_early_exit_is_proportional_to_the_origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setattr("firstbad.tracer.stream.WHOLE", 1)
    a, early, late = tmp_path / "a.log", tmp_path / "early.log", tmp_path / "late.log"
    loop(a, 240_000)
    loop(early, 240_000, fault=2_400)
    loop(late, 240_000, fault=236_000)
    took = {}
    for path in (early, late):
        begin = time.perf_counter()
        assert names(compare_files(a, path, CHAIN).origins) == ["k"]
        took[path.name] = time.perf_counter() - begin
    print(took)
    assert took["early.log"] < took["late.log"]


def test_starting_costs_no_heavy_import() -> None:
    code = "import sys, firstbad.tracer.diff, firstbad.tracer.text; print([m for m in ('numpy', 'torch', 'rich', 'zarr') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ}, timeout=60)
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_roles_are_exclusive() -> None:
    found = diff(program(), program(a=1.3, scaled=1.01))
    told = [f.quantity for group in (found.origins, found.inherited, found.healed, found.flipped) for f in group]
    assert len(told) == len(set(told))
    assert all(f.role is Role.ORIGIN for f in found.origins)


# ---- lines that show fewer digits than their neighbours ------------------------------------------------------------


def mixed(r: str, damp: float, final: float) -> str:
    return f"TRACE_C: r {r}\nTRACE_C: damp {damp:.9g}\nTRACE_C: I {final:.9g}\n"


def test_a_line_printed_by_a_bare_percent_g_is_no_origin_beside_a_real_one() -> None:
    found = compare(
        parse(mixed("5.70088", 55.9256046, 6.10366833)), parse(mixed("5.70087713", 55.86859, 6.12109)), Catalogue()
    )
    assert names(found.origins) == ["damp"]
    assert {str(j.verdict) for j in found.judged if j.quantity == "r"} == {"within print"}


def test_a_constant_of_six_digits_is_an_origin_where_what_follows_moves_as_much() -> None:
    found = compare(
        parse(mixed("5.70088", 55.9256329, 6.10365971)), parse(mixed("5.70087713", 55.9256046, 6.10366833)), Catalogue()
    )
    assert names(found.origins) == ["r"]


@pytest.mark.parametrize(("short", "long"), [("9.8", "9.81"), ("100", "100.4"), ("5.7009", "5.70087713")])
def test_fewer_than_six_digits_are_a_short_number(short: str, long: str) -> None:
    text = "TRACE_C: g {}\nTRACE_C: other 1.23456789\n"
    assert names(diff(text.format(short), text.format(long), Catalogue()).origins) == ["g"]
