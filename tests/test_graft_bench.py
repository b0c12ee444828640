"""A sample of the graft bench: several faults at once are named, and what their repair heals is foretold. The whole is a table in docs/stores.md."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("zarr")

import fault_bench
import graft_bench
from graft_bench import Share, Trial

POOL = {fault.id: fault for fault in fault_bench.faults("torch")}
CHAIN = [POOL["torch-013"], POOL["torch-186"], POOL["torch-202"]]
"""Half a pixel too low; a sensor that every ray meets upright; an intensity without polarisation: one behind the other."""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[graft_bench.GraftBench]:
    yield graft_bench.GraftBench(tmp_path_factory.mktemp("grafts"))


@pytest.mark.parametrize("way", ["rerun", "traces", pytest.param("stores", marks=pytest.mark.slow)])
def test_three_faults_one_behind_the_other_are_named_and_their_repairs_foretold(
    bench: graft_bench.GraftBench, way: str
) -> None:
    found = bench.trial(way, "thick", CHAIN)
    assert found.named == found.wanted == {"pixel_pos_meters", "capture_fraction", "I_pixel_final"}
    assert found.healed == pytest.approx(1)
    sure = [share for share in found.shares if share.sure]
    assert max((share.off for share in sure), default=0) < 0.01
    assert len(sure) == 3 or way != "rerun", "a rerun assumes nothing"
    assert found.runs <= 6


def test_a_fault_of_one_of_several_steps_is_named(bench: graft_bench.GraftBench) -> None:
    """The phase of the second phi step: every step is recorded, so the orientation is replaced as a whole."""
    fault = next(f for f in POOL.values() if "phi" in f.lines and "rot_a_angstroms" in f.expect)
    found = bench.trial("rerun", "phi", [fault])
    assert found.wanted and (found.missed, found.extra) == (frozenset(), frozenset())
    assert found.healed == pytest.approx(1)


def test_a_clean_simulator_has_nothing_to_heal(bench: graft_bench.GraftBench) -> None:
    found = bench.trial("rerun", "thick", [])
    assert (found.wanted, found.named, found.runs) == (frozenset(), frozenset(), 1)


@pytest.mark.slow
def test_a_case_has_as_many_faults_as_asked_and_is_drawn_again_alike(bench: graft_bench.GraftBench) -> None:
    (one,), (again,) = (list(bench.cases(2, 1, 5)) for _ in range(2))
    assert one == again and len(one[1]) == 2


def test_what_was_missed_or_named_wrongly_counts() -> None:
    def trial(named: set[str], idle: set[str], share: Share) -> Trial:
        return Trial(
            "rerun",
            1,
            "cubic",
            ("x",),
            frozenset({"a", "b"}),
            frozenset(named),
            frozenset(idle),
            1.0,
            3,
            (share,),
        )

    good, bad = trial({"a"}, {"b"}, Share(0.5, 0.505, sure=True)), trial({"a", "c"}, set(), Share(5.0, 4.0, sure=False))
    assert (good.missed, good.extra, bad.missed, bad.extra) == (set(), set(), {"b"}, {"c"})
    assert bad.shares[0].off == 0.25
    row = graft_bench.row([good, bad])
    assert row[1:4] == ["3 of 4 (75.0 %)", "1 of 2 (50.0 %)", "1"]
    assert row[-2].startswith("1 of 1") and row[-1].startswith("0 of 1")
