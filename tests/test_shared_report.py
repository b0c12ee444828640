"""Reports of pairs that developers of a real port recorded: drawn without a fault, and true to the judge."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import pytest
from firstbad.tracer.catalogue import load
from firstbad.tracer.diff import Diff, compare
from firstbad.tracer.text import read
from firstbad.tracer.tolerance import Verdict
from firstbad.ui.report import traces_data, write_page
from firstbad.ui.report.traces import units
from report_pages import data_of, drawn

FIELD = Path(__file__).parents[2] / "shared" / "field"
pytestmark = [pytest.mark.shared, pytest.mark.skipif(not FIELD.exists(), reason="needs the reference data")]
INCIDENT = (FIELD / "4843cf4a-pixel_1792_2048.log", FIELD / "e5c0f28b-pixel_1792_2048.log")


@lru_cache
def compared(a: Path, b: Path) -> Diff:
    return compare(read(a), read(b))


def test_the_page_of_the_incident_names_every_origin_and_what_healed(tmp_path: Path) -> None:
    diff = compared(*INCIDENT)
    write_page(tmp_path / "report.html", traces_data(diff, load()))
    page = drawn(tmp_path / "report.html")
    assert len(diff.origins) == 6 and len(diff.healed) == 6
    assert {f"q-{f.quantity}" for f in (*diff.origins, *diff.inherited, *diff.healed)} <= set(page["ids"])
    assert "fluence_photons_per_m2 went bad first: an input differs." in page["text"]
    assert page["text"].count("the candidate is wrong") == 4
    graph = data_of(tmp_path / "report.html")["graph"]
    assert {"F_latt_a", "I_pixel_final"} <= {node["name"] for node in graph["way"]["nodes"]}


def pairs() -> list[tuple[Path, Path]]:
    return list(pairwise(sorted(FIELD.glob("*.log"))))


def test_the_strip_crosses_its_mark_where_the_verdict_turns() -> None:
    told = 0
    for one in pairs()[::3]:
        diff = compared(*one)
        for judged in diff.judged:
            sizes = [units(m, judged.quantity, diff.limits, judged.verdict) for m in judged.measures]
            if sizes and judged.verdict not in (Verdict.NAN, Verdict.FLIPPED) and not any(map(math.isnan, sizes)):
                told += 1
                assert (max(sizes) <= 1 + 1e-9) == judged.verdict.agrees, (one, judged)
    assert told > 200


@pytest.mark.parametrize("one", pairs()[::6], ids=lambda one: one[0].name[:8])
def test_pairs_that_have_little_in_common_are_drawn_too(tmp_path: Path, one: tuple[Path, Path]) -> None:
    diff = compared(*one)
    write_page(tmp_path / "report.html", traces_data(diff, load()))
    page = drawn(tmp_path / "report.html")
    assert len(page["ids"]) == len(set(page["ids"]))
    assert all(finding.quantity in page["text"] for finding in (*diff.origins, *diff.healed, *diff.missing))
