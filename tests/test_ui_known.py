"""nanoBragg's catalogue judges nanoBragg and its ports; another program that happens to share a name is not judged by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from firstbad.bisect import tracing
from firstbad.tracer.text import read
from transcripts import perform


def heat(rate: float) -> str:
    """Three steps of heat conduction in a ring, whose last line has a name of nanoBragg's."""
    u, lines = [0.0, 0.0, 1.0, 0.0, 0.0], ["alpha 0.1"]
    for _ in range(3):
        curved = [u[i - 1] - 2 * u[i] + u[(i + 1) % 5] for i in range(5)]
        u = [a + rate * b for a, b in zip(u, curved, strict=True)]
        lines += [f"{name} {' '.join(f'{v:.17g}' for v in of)}" for name, of in (("laplacian", curved), ("heat", u))]
    return "".join(f"TRACE: {line}\n" for line in (*lines, f"total {sum(u):.17g}", f"I_pixel_final {u[2]:.17g}"))


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "a.log").write_text(heat(0.1))
    (tmp_path / "b.log").write_text(heat(0.101))
    (tmp_path / "nb.log").write_text("".join(f"TRACE: {name} 1\n" for name in ("F_cell", "F_latt", "polar", "mine")))
    return tmp_path


NOTE = "nanoBragg's catalogue, which knows 1 of 5 names, is not used (--catalogue nanobragg forces it)"


def test_another_program_goes_by_order_and_is_told_so(here: Path) -> None:
    status, out, _ = perform(["diff", "a.log", "b.log"], here)
    assert status == 1
    assert "first bad: heat\n" in out
    assert "I_pixel_final  from heat" in out
    assert NOTE in out
    data = json.loads(perform(["diff", "a.log", "b.log", "--json"], here)[1])
    assert NOTE in data["notes"] and data["graph"] == "order"


def test_the_catalogue_can_be_forced(here: Path) -> None:
    data = json.loads(perform(["diff", "a.log", "b.log", "--json", "--catalogue", "nanobragg"], here)[1])
    assert not any("is not used" in note for note in data["notes"])
    assert data["graph"] == "nanoBragg"


def test_one_trace_of_the_pair_is_enough_to_tell_the_program(here: Path) -> None:
    _, out, _ = perform(["diff", "nb.log", "a.log"], here)
    assert "is not used" not in out


def test_a_file_of_that_name_is_meant_where_there_is_one(here: Path) -> None:
    (here / "nanobragg").write_text('title = "ours"\n[quantity.heat]\n')
    assert (
        json.loads(perform(["diff", "a.log", "b.log", "--json", "--catalogue", "nanobragg"], here)[1])["graph"]
        == "ours"
    )


def test_a_check_says_why_it_has_no_formula(here: Path) -> None:
    status, _, err = perform(["check", "a.log"], here)
    assert status == 2
    assert NOTE in err and "[nothing-to-check]" in err
    assert "is not used" not in perform(["check", "a.log", "--catalogue", "nanobragg"], here)[2]


def test_a_selftest_says_it_as_well(here: Path) -> None:
    for words in ([], ["--json"]):
        assert NOTE in perform(["selftest", "a.log", "b.log", *words], here)[1]


def test_a_noise_table_of_ones_own_counts_without_a_catalogue(here: Path) -> None:
    table = '[evidence]\ncompared = 1\n\n[float64]\nheat = { ulp = 1e15, share = 1, where = "x", records = 1 }\n'
    (here / "noise.toml").write_text(table)
    loose = json.loads(perform(["diff", "a.log", "b.log", "--json", "--noise", "noise.toml"], here)[1])
    assert "heat" not in [origin["quantity"] for origin in loose["origins"]]


def test_calibration_is_by_order_as_well(here: Path) -> None:
    for words in ([], ["--json"]):
        assert NOTE in perform(["calibrate", "a.log", "b.log", *words], here)[1]
    assert "is not used" not in perform(["calibrate", "nb.log", "nb.log"], here)[1]


def test_an_investigation_leaves_the_catalogue_out_where_it_does_not_suit(here: Path) -> None:
    other, own = ([read(here / name)] for name in ("a.log", "nb.log"))
    (here / "own.toml").write_text('title = "ours"\n[quantity.heat]\n')
    assert not tracing._catalogue(None, other)
    assert tracing._catalogue(None, own).name == tracing._catalogue(None, [*other, *own]).name == "nanoBragg"
    assert tracing._catalogue(here / "own.toml", other).name == "ours"


def test_what_cannot_be_read_is_refused_as_ever(here: Path) -> None:
    (here / "empty.log").write_text("")
    assert "[trace-empty]" in perform(["diff", "empty.log", "a.log"], here)[2]
    assert "[trace-missing]" in perform(["diff", "a.log", "none.log"], here)[2]
    whole = "TRACE_OPEN: firstbad-trace 1\nTRACE: F_cell 1\n"
    (here / "cut.log").write_text(whole)
    assert "[trace-broken-seal]" in perform(["diff", "cut.log", "cut.log"], here)[2]


def test_without_a_catalogue_of_the_program_nothing_can_be_grafted_in_its_logs(here: Path) -> None:
    status, _, err = perform(["graft", "a.log", "b.log"], here)
    assert status == 2
    assert f"no formula leads from one value to another: {NOTE}" in err and "[graft-no-catalogue]" in err
    status, out, err = perform(["graft", "a.log", "b.log", "--catalogue", "nanobragg"], here)
    assert "graft-no-catalogue" not in out + err
