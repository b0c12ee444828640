"""A sample of the pixel bench: the pixels that two images offer lead to the planted faults. The whole is a table in docs/image-verdict.md."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.importorskip("zarr")

import fault_bench
import pixel_bench
from pixel_bench import Search, last

POOL = {fault.id: fault for fault in fault_bench.faults("torch")}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> pixel_bench.PixelBench:
    return pixel_bench.PixelBench(tmp_path_factory.mktemp("pixels"))


@pytest.mark.parametrize("stores", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_two_faults_are_named_at_the_first_pixel(bench: pixel_bench.PixelBench, stores: bool) -> None:
    found = bench.search("matrix", [POOL["torch-075"], POOL["torch-162"]], stores=stores)
    assert not found.why and found.offered >= 1
    assert last(found.needed) == last(found.grafted) == 1


def test_images_that_agree_offer_no_pixel(bench: pixel_bench.PixelBench) -> None:
    assert bench.search("matrix", []).why == "the images agree"


def test_a_fault_that_stops_the_program_is_not_counted(bench: pixel_bench.PixelBench) -> None:
    stops = fault_bench.Fault("x", "scatter.py", "", "Sdet = step *", "Sdet = 1 / 0 *", ("x",), (), ("matrix",))
    assert "ZeroDivisionError" in bench.search("matrix", [stops]).why


def test_cases_that_are_never_named_count_in_the_median() -> None:
    searches = [
        Search("cubic", ("a",), 8, (1,), (1,)),
        Search("cubic", ("b",), 8, (0,), (2,)),
        Search("c", ("c",), 0, (), why="no"),
    ]
    told = pixel_bench.table(searches)
    assert told[0] == "2 cases; median inf, with graft 1.5; not counted 1"
    assert told[-1] == "| not within 8 | 1 | 0 |"
    assert pixel_bench._median(Counter({1: 2, 0: 1})) == "1"
    assert np.isinf(float(pixel_bench._median(Counter({0: 1}))))
