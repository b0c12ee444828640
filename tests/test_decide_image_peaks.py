"""Peaks of images of a few pixels: found, paired and measured as one would by hand (docs/mutation.md)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from firstbad.tracer.image_noise import Noise
from firstbad.tracer.image_peaks import (
    Peaks,
    _beyond,
    _changes,
    _is_maximum,
    _offsets,
    _ratio,
    find_peaks,
    moments,
    pair,
)
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = list[tuple[int, int]]


def dots(*places: tuple[int, int, float], shape: tuple[int, int] = (12, 12), ground: float = 0.0) -> Array:
    """Single bright pixels (slow, fast, value) on a ground."""
    image = np.full(shape, ground)
    for y, x, value in places:
        image[y, x] = value
    return image


def found(image: Array, allowance: float = 1.0) -> Places:
    return [(int(y), int(x)) for y, x in find_peaks(image, np.full(image.shape, allowance)).at]


# ---- what is a peak --------------------------------------------------------------------------------------------


def test_a_peak_is_a_pixel_that_no_neighbour_exceeds() -> None:
    ring = [(y, x) for y in (4, 5, 6) for x in (4, 5, 6) if (y, x) != (5, 5)]
    assert found(dots((5, 5, 100))) == [(5, 5)]
    for y, x in ring:
        assert found(dots((5, 5, 100), (y, x, 99))) == [(5, 5)]
        assert found(dots((5, 5, 100), (y, x, 101))) == [(y, x)]
    for y, x in [(3, 5), (5, 3), (7, 5), (5, 7), (3, 3)]:
        assert found(dots((5, 5, 100), (y, x, 101))) == sorted([(5, 5), (y, x)]), "not a neighbour"


def test_of_equal_neighbours_the_first_in_raster_order_is_the_peak() -> None:
    for later in ((5, 6), (6, 4), (6, 5), (6, 6)):
        assert found(dots((5, 5, 100), (*later, 100))) == [(5, 5)]
    assert _is_maximum(np.ones((3, 4))).tolist() == [[True] + 3 * [False], 4 * [False], 4 * [False]]


def test_a_peak_may_lie_at_any_edge() -> None:
    """What lies outside exceeds nothing, not even a negative pixel."""
    places = [(0, 0), (0, 6), (0, 11), (6, 0), (6, 11), (11, 0), (11, 6), (11, 11)]
    assert found(dots(*((y, x, 50) for y, x in places))) == places
    assert _is_maximum(np.array([[-3.0, -4], [-5, -6]])).tolist() == [[True, False], [False, False]]


@pytest.mark.parametrize(("height", "clear"), [(4.0, None), (4.1, False), (12.0, False), (12.1, True)])
def test_a_peak_is_faint_from_four_and_clear_from_twelve_times_what_rounding_explains(
    height: float, clear: bool | None
) -> None:
    peaks = find_peaks(dots((5, 5, 7 + 0.5 * height), ground=7.0), np.full((12, 12), 0.5))
    assert peaks.clear.tolist() == ([] if clear is None else [clear])
    assert peaks.height.tolist() == ([] if clear is None else [pytest.approx(height * 0.5)])
    assert peaks.noise.tolist() == ([] if clear is None else [pytest.approx(1 / height)])


def test_each_peak_has_the_allowance_of_its_own_pixel() -> None:
    allowance = np.full((12, 12), 1.0)
    allowance[2, 2], allowance[8, 8] = 10, 30
    peaks = find_peaks(dots((2, 2, 100), (2, 8, 5), (8, 2, 50), (8, 8, 100)), allowance)
    assert peaks.at.tolist() == [[2, 2], [2, 8], [8, 2]]
    assert (peaks.height.tolist(), peaks.clear.tolist()) == ([100, 5, 50], [False, False, True])
    assert peaks.noise.tolist() == pytest.approx([0.1, 0.2, 0.02])


def test_a_height_is_over_the_lowest_pixel_within_four() -> None:
    for away, height in ((4, 60), (5, 50)):
        image = dots((5, 5, 100), (5, 5 + away, 40), (9, 9, 45), ground=50.0)
        image[9, 9] = 50
        assert find_peaks(image, np.ones((12, 12))).height.tolist() == [height]
    assert find_peaks(dots((5, 5, 100), (9, 9, 45), ground=50.0), np.ones((12, 12))).height.tolist() == [55]


def test_where_nothing_is_allowed_every_rise_is_a_clear_peak_without_noise() -> None:
    peaks = find_peaks(dots((5, 5, 1e-30)), np.zeros((12, 12)))
    assert (peaks.at.tolist(), peaks.clear.tolist(), peaks.noise.tolist()) == ([[5, 5]], [True], [0])


def test_only_what_is_positive_is_a_peak() -> None:
    assert found(dots((5, 5, 0.0), ground=-100.0)) == []
    assert found(dots((5, 5, 0.5), ground=-100.0)) == [(5, 5)]
    assert found(dots((5, 5, -1.0), ground=-100.0)) == []


# ---- pairs -----------------------------------------------------------------------------------------------------


def peaks_at(*places: tuple[int, int]) -> Peaks:
    n = len(places)
    at = np.array(places, dtype=np.intp).reshape(n, 2)
    return Peaks(at, np.ones(n), np.ones(n, dtype=np.bool_), np.zeros(n))


def paired(ours: Places, theirs: Places, shape: tuple[int, int] = (12, 20)) -> list[int]:
    return pair(peaks_at(*ours), peaks_at(*theirs), shape).tolist()


def test_places_are_tried_from_the_nearest_on() -> None:
    """A disc of radius four has 49 pixels; of those equally far the first in raster order."""
    offsets = _offsets()
    assert len(offsets) == len(set(offsets)) == 49
    squares = [y * y + x * x for y, x in offsets]
    assert squares == sorted(squares) and squares[-1] == 16
    assert offsets[:9] == [(0, 0), (-1, 0), (0, -1), (0, 1), (1, 0), (-1, -1), (-1, 1), (1, -1), (1, 1)]
    assert offsets[-4:] == [(-4, 0), (0, -4), (0, 4), (4, 0)]


@pytest.mark.parametrize("at", [(6, 10), (0, 0), (0, 19), (11, 0), (11, 19)])
def test_a_peak_is_looked_for_within_four_pixels_also_beyond_the_edge(at: tuple[int, int]) -> None:
    for dy in range(-5, 6):
        for dx in range(-5, 6):
            there = (at[0] + dy, at[1] + dx)
            if 0 <= there[0] < 12 and 0 <= there[1] < 20:
                assert paired([at], [there]) == ([0] if math.hypot(dy, dx) <= 4 else [-1])


def test_the_nearest_is_taken_and_each_once() -> None:
    assert paired([(5, 5)], [(5, 8), (5, 7)]) == [1]
    assert paired([(5, 5), (5, 8)], [(5, 7)]) == [-1, 0], "the second is nearer"
    assert paired([(5, 5), (5, 8)], [(5, 7), (5, 2)]) == [1, 0], "the first takes the next best"
    assert paired([(5, 5), (5, 9)], [(5, 7)]) == [-1, 0], "equally far: left goes before right"
    assert paired([(5, 5), (5, 6)], [(5, 5), (5, 6)]) == [0, 1]
    assert paired([(1, 1), (5, 5), (9, 9)], [(9, 9), (1, 1), (5, 5)]) == [1, 2, 0]


def test_no_peaks_no_pairs() -> None:
    assert paired([], [(5, 5)]) == []
    assert paired([(5, 5)], []) == [-1]


# ---- moments ---------------------------------------------------------------------------------------------------


def one_moment(image: Array, y: int = 6, x: int = 6) -> tuple[float, list[float], float]:
    total, centre, radius = moments(image, np.array([[y, x]]))
    return float(total[0]), [float(k) for k in centre[0]], float(radius[0])


def test_a_lone_pixel_has_a_sum_and_no_radius() -> None:
    assert one_moment(dots((6, 6, 50), ground=10.0)) == (40, [0, 0], 0)
    assert one_moment(dots((4, 7, 50), ground=10.0)) == (40, [-2, 1], 0)


def test_the_window_is_seven_pixels_wide() -> None:
    for dy, dx in ((3, 3), (-3, 3), (3, -3), (-3, -3)):
        assert one_moment(dots((6 + dy, 6 + dx, 8))) == (8, [dy, dx], 0)
    for dy, dx in ((4, 0), (-4, 0), (0, 4), (0, -4)):
        assert one_moment(dots((6 + dy, 6 + dx, 8))) == (0, [0, 0], 0)


def test_a_radius_is_the_root_mean_square_distance_from_the_centroid() -> None:
    cross = dots((6, 6, 4), (5, 6, 1), (7, 6, 1), (6, 5, 1), (6, 7, 1))
    assert one_moment(cross) == (8, [0, 0], pytest.approx(math.sqrt(4 / 8)))
    assert one_moment(dots((6, 4, 1), (6, 8, 3))) == (4, [0, 1], pytest.approx(math.sqrt(3)))
    assert one_moment(dots((3, 6, 3), (7, 6, 1))) == (4, [-2, 0], pytest.approx(math.sqrt(3)))
    assert one_moment(dots((5, 5, 1), (7, 7, 1))) == (2, [0, 0], pytest.approx(math.sqrt(2)))


def test_the_lowest_pixel_of_the_window_is_the_background() -> None:
    total, centre, _ = one_moment(dots((6, 6, 50), (6, 4, 6), ground=10.0))
    assert total == 44 + 4 * 47
    assert centre == pytest.approx([0, 4 * 2 / total])


def test_moments_do_not_depend_on_the_unit() -> None:
    image = np.random.default_rng(1).uniform(1, 9, (12, 12))
    _, centre, radius = one_moment(image)
    for unit in (1e-30, 1e-3, 1e30):
        assert one_moment(image * unit)[1:] == (pytest.approx(centre), pytest.approx(radius))


def test_beyond_the_edge_the_image_goes_on_as_it_ends() -> None:
    assert one_moment(dots((0, 0, 1)), 0, 0)[:2] == (16, [-1.5, -1.5])
    assert one_moment(dots((11, 5, 1)), 11, 5)[:2] == (4, [1.5, 0])


def test_many_places_are_measured_each_on_its_own() -> None:
    image = dots((3, 3, 2), (8, 9, 5), shape=(12, 16))
    total, centre, radius = moments(image, np.array([[3, 3], [8, 8], [3, 12]]))
    assert (total.tolist(), centre.tolist(), radius.tolist()) == ([2, 5, 0], [[0, 0], [0, 1], [0, 0]], [0, 0, 0])
    assert moments(image, np.empty((0, 2), dtype=np.intp))[1].shape == (0, 2)


# ---- lists -----------------------------------------------------------------------------------------------------

AT = np.array([[1, 2], [3, 4], [5, 6], [7, 8]])


def test_changes_are_listed_from_the_largest_on() -> None:
    changes = _changes(AT, np.array([2.0, 5, 1, 5]))
    assert [(c.slow, c.fast, c.amount) for c in changes] == [(3, 4, 5), (7, 8, 5), (1, 2, 2), (5, 6, 1)]


def test_what_is_beyond_its_limit_is_listed_by_its_size() -> None:
    amount, size = np.array([0.5, 3, 7, 0.2]), np.array([5.0, 8, 2, 9])
    changes = _beyond(AT, amount, size, np.array([4.9, 8, 1, 8.9]))
    assert [(c.slow, c.fast, c.amount) for c in changes] == [(7, 8, 0.2), (1, 2, 0.5), (5, 6, 7)]
    assert _beyond(AT, amount, size, size) == ()


def test_a_ratio_of_what_is_too_small_to_have_one_is_one() -> None:
    new, old = np.array([0.0, 0.05, 3, 0, 6]), np.array([0.0, 0, 0, 3, 3])
    assert _ratio(new, old, 0.1) == pytest.approx([1, 1, 30, 1 / 30, 2])


def test_the_noise_of_the_candidate_is_its_own() -> None:
    """Where rounding may do much to the candidate, a rise in it is no peak."""
    image = dots((5, 5, 100), ground=10.0)
    assert len(find_peaks(image, Noise(1e-3, 0).allowance(image)).at) == 1
    assert len(find_peaks(image, Noise(0.5, 0).allowance(image)).at) == 0
