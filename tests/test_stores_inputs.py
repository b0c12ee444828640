"""Two stores whose programs were asked for different things: an input differs, and no program is accused of it."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("zarr")

from firstbad.sim.many import prepare, write_store
from firstbad.tracer.catalogue import load
from firstbad.tracer.closure import check
from firstbad.tracer.pixels import selected
from firstbad.tracer.store import Store, open_store
from firstbad.tracer.store_judge import judge_stores

BASE = "-cell 70 80 90 85 95 100 -default_F 100 -lambda 1.5 -N 5 -detpixels 6 -pixel 1 -distance 80 -oversample 1"
LINES = {
    "misset": "-misset 10 20 30 -phi 5 -osc 2 -phisteps 3",
    "no misset": "-phi 5",
    "random misset": "-misset random -misset_seed 3",
    "random misset after angles": "-misset 10 20 30 -misset random",
    "pivot beam": "-mosflm -detector_rotx 3 -twotheta 4",
    "pivot sample": "-xds -detector_rotx 3 -twotheta 4",
    "as many layers as sources": "-detector_thick 200 -detector_abs 300 -thicksteps 2 -dispersion 2 -dispsteps 2",
}


def store(path: Path, line: str, pixels: str = "1,4") -> Store:
    write_store(prepare([*BASE.split(), *line.split()], selected(pixels)), path)
    return open_store(path)


@pytest.mark.parametrize("line", LINES)
def test_every_value_of_a_clean_store_follows_from_its_parents(tmp_path: Path, line: str):
    """Set-up is not recorded at a pixel: that it is absent does not mean that it was not asked for."""
    broken = [one for one in check(store(tmp_path / "a", LINES[line]).trace(1, 4), load()) if one.broken]
    assert not broken, "; ".join(one.why for one in broken)


@pytest.mark.parametrize(
    ("line", "other", "first"),
    [
        (LINES["misset"], "-phi 5.01", "rot_a_angstroms"),
        (LINES["misset"], "-misset 10 20 30.01", "rot_a_angstroms"),
        (LINES["pivot beam"], "-distance 80.01", "pix0_vector_meters"),
        (LINES["pivot sample"], "-distance 80.01", "pix0_vector_meters"),
    ],
)
def test_an_input_that_differs_is_nobodys_fault(tmp_path: Path, line: str, other: str, first: str):
    found = judge_stores(store(tmp_path / "a", line), store(tmp_path / "b", f"{line} {other}"), load())
    sides = {name: side for judged in found.judgements for name, side, _ in judged.origins}
    assert sides[first] == "neither"
    assert set(sides.values()) <= {"neither", "unknown"}


def test_a_program_that_turns_the_crystal_wrongly_is_still_accused(tmp_path: Path):
    """The same arguments; the candidate was turned by other angles than it says."""
    clean = store(tmp_path / "a", LINES["misset"])
    wrong = prepare([*BASE.split(), *LINES["misset"].split(), "-misset", "10", "20", "31"], selected("1,4"))
    wrong.facts["args"] = clean.facts["args"]
    write_store(wrong, tmp_path / "b")
    found = judge_stores(clean, open_store(tmp_path / "b"), load())
    sides = {name: side for judged in found.judgements for name, side, _ in judged.origins}
    assert sides["rot_a_angstroms"] == "candidate"
    assert set(sides.values()) <= {"candidate", "unknown"}
