"""A small sample of what docs/noise.md measures: clean pairs name nothing, small faults are named, moved last bits arrive."""

from __future__ import annotations

import shutil
from pathlib import Path

import measure_noise as measure
import pytest
from firstbad.tracer.catalogue import load
from firstbad.tracer.selftest import Fault, plant

if not any(shutil.which(name) for name in ("cc", "gcc", "clang")):
    pytest.skip("no C compiler", allow_module_level=True)


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> measure.Programs:
    return measure.Programs(tmp_path_factory.mktemp("programs"), ("plain", "fast-math"))


def test_clean_pairs_of_either_precision_name_nothing(programs: measure.Programs) -> None:
    found = measure.alarms(programs, lines=1, seed=3, pixels=1)
    assert {dtype: one.pairs.total() for dtype, one in found.items()} == {"float64": 6, "float32": 8}
    for one in found.values():
        assert len(one.held) > 100 and not one.named and not one.healed


def test_a_pair_that_is_not_clean_counts_as_an_alarm(programs: measure.Programs) -> None:
    (words,) = measure.drawn(1, 3, 1)
    clean, catalogue = programs.c("plain", words), load()
    bad, _ = plant(clean, catalogue, "omega_pixel_sr", Fault("planted", lambda v: tuple(x * (1 + 1e-9) for x in v)))
    assert bad is not None
    alarms = measure.Alarms()
    alarms.add("planted", words, clean, bad, catalogue)
    assert list(alarms.named) == ["omega_pixel_sr"] and alarms.as_dict()["shares"] == {"omega_pixel_sr": 1.0}


def test_the_smallest_named_error_is_within_ten_times_what_reruns_show(programs: measure.Programs) -> None:
    one = next(measure.smallest(programs, 1, 3, ("hkl_frac",)))
    assert (one.dtype, one.role) == ("float64", "origin")
    assert 1 < one.times <= 10 and one.named < 1e-11


@pytest.mark.slow
def test_so_it_is_in_either_precision(programs: measure.Programs) -> None:
    names = ("omega_pixel_sr", "rot_a_angstroms", "hkl_frac")
    found = list(measure.smallest(programs, 1, 3, names))
    assert {(one.quantity, one.dtype) for one in found} == {(n, d) for n in names for d in ("float64", "float32")}
    for one in found:
        assert one.role == "origin" and 1 < one.times <= 10, one


def test_moved_last_bits_move_what_depends_on_them_both_ways(programs: measure.Programs) -> None:
    found = measure.moving(programs, lines=1, seed=3, runs=8)
    for one in found.values():
        assert one.values > 20 and one.any / one.values > 0.95
        assert one.up == one.down == one.arguments / 2 > 0


@pytest.mark.slow
def test_the_command_lines_are_such_as_both_programs_run(programs: measure.Programs, tmp_path: Path) -> None:
    for words in measure.drawn(12, 5, 1):
        a, b = programs.c("plain", words), programs.sim(words)
        assert {r.quantity for r in a.records} == {r.quantity for r in b.records}
