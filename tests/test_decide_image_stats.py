"""The headline numbers of very small images, where every value can be worked out by hand; properties of the rest."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from firstbad.tracer.image_stats import (
    block_edges,
    block_sums,
    by_decade,
    correlation,
    log_correlation,
    odd_line,
    sum_ratio,
    worst_block,
)
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

Array = NDArray[np.float64]


def line(*values: float) -> Array:
    return np.array([values], dtype=float)


# ---- correlation and sum ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (line(0, 1), line(0, 1), 1.0),
        (line(0, 1), line(5, 4), -1.0),
        (line(0, 0, 1), line(0, 1, 0), -0.5),
        (line(1, 2, 3), line(1, 3, 2), 0.5),
        (line(-1, 0, 1), line(1, -2, 1), 0.0),
        (line(0, 1), line(3, 3), math.nan),
        (line(0, 0), line(0, 1), math.nan),
    ],
)
@pytest.mark.parametrize("unit", [1.0, 1e-300, 1e300])
def test_correlation_of_a_few_pixels(ours: Array, theirs: Array, expected: float, unit: float) -> None:
    """Squares of these units would overflow, or vanish."""
    for a, b in ((ours, theirs), (unit * ours, theirs), (ours, unit * theirs), (unit * ours, unit * theirs)):
        assert correlation(a, b) == pytest.approx(expected, abs=1e-12, nan_ok=True)
        assert correlation(b, a) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("image", [line(1, 3), line(0, 0, 1), line(0, 0, 0, 2), line(0, 0, 1, 1, 1)])
def test_a_last_bit_never_lifts_a_correlation_over_one(image: Array) -> None:
    """The root of a sum of squares, squared again, is a little less than the sum here."""
    assert correlation(image, image) == 1.0
    assert correlation(image, -image) == -1.0


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=6), st.integers(1, 9), st.integers(-9, 9))
def test_correlation_does_not_hear_scale_and_offset(values: list[int], scale: int, offset: int) -> None:
    image, other = line(*values), line(*sorted(values))
    expected = correlation(image, other)
    assert correlation(image, scale * other + offset) == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert math.isnan(expected) is (len(set(values)) == 1)


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (line(1, 3), line(3, 5), 2.0),
        (line(1, 3), line(-1, -3), -1.0),
        (line(0.25, 0.25), line(0.25, 0.5), 1.5),
        (line(1, 3), line(0, 0), 0.0),
        (line(1, -1), line(3, 5), math.nan),
    ],
)
def test_the_sum_ratio_of_a_few_pixels(ours: Array, theirs: Array, expected: float) -> None:
    assert sum_ratio(ours, theirs) == pytest.approx(expected, nan_ok=True)


def test_log_correlation_of_a_few_pixels() -> None:
    """Decades 0, 1, 2 against 0, 2, 1; then the weakest are lifted to what rounding leaves there."""
    ours, theirs = line(1, 10, 100), line(1, 100, 10)
    corr, rms = log_correlation(ours, theirs, line(0, 0, 0))
    assert (corr, rms) == (pytest.approx(0.5), pytest.approx(math.sqrt(2 / 3)))
    lifted = log_correlation(line(-5, 10, 100), line(0, 100, 10), line(1, 1, 1))
    assert lifted == (pytest.approx(corr), pytest.approx(rms))
    assert log_correlation(ours, theirs, line(100, 100, 100))[1] == 0


# ---- decades and blocks ----------------------------------------------------------------------------------------


def test_decades_of_a_few_pixels() -> None:
    found = by_decade(line(100, 300, 2, -4, 0), line(110, 330, 3, -4, 7), line(20, 20, 0.25, 0.25, 1))
    assert [(d.exponent, d.pixels) for d in found] == [(2, 2), (0, 2)], "the decade of nothing is left out"
    assert [d.bias for d in found] == [pytest.approx(40 / 400), pytest.approx(1 / 6)]
    assert [d.rms for d in found] == [pytest.approx(0.1), pytest.approx(math.sqrt(0.25 / 2))]
    assert [d.beyond for d in found] == [0.5, 0.5]
    assert [d.excess for d in found] == [pytest.approx(1.0), pytest.approx(2.0)]


@given(st.integers(1, 40), st.integers(1, 12))
def test_blocks_cover_a_length_without_gap_and_only_the_last_is_longer(length: int, size: int) -> None:
    edges = [*block_edges(length, size), length]
    widths = [b - a for a, b in pairwise(edges)]
    assert edges[0] == 0
    assert all(width == size for width in widths[:-1])
    assert (size <= widths[-1] < 2 * size) if length >= size else widths == [length]


def test_sums_over_blocks_are_along_slow_and_fast() -> None:
    values = np.array([[1.0, 2, 4], [8, 16, 32], [64, 128, 256]])
    assert block_sums(values, [0, 1], [0, 2]).tolist() == [[3, 4], [8 + 16 + 64 + 128, 32 + 256]]


def test_a_block_with_the_same_sum_may_be_the_worst() -> None:
    ours = np.full((4, 6), 2.0)
    theirs = ours.copy()
    theirs[0, 0], theirs[1, 1], theirs[3, 5] = 5.0, -1.0, 7.0
    block = worst_block(ours, theirs, np.full(ours.shape, 0.5), 2)
    assert (block.slow, block.fast, block.excess, block.bias) == ((0, 2), (0, 2), 3.0, 0.0)


# ---- lines -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beside", [7, 8, 12, 13])
@pytest.mark.parametrize(("off", "odd"), [(10.0, False), (10.25, True)])
def test_a_line_differs_more_than_five_times_as_much_as_those_beside_it(beside: int, off: float, odd: bool) -> None:
    ones = np.ones((20, 16))
    theirs = ones.copy()
    theirs[10] += off
    theirs[beside] += 2.0
    expected = (10, off) if odd else None
    assert odd_line(ones, theirs, ones, 0) == expected
    assert odd_line(ones.T, theirs.T, ones.T, 1) == expected
