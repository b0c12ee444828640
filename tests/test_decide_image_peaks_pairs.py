"""What became of every peak, on images of a few pixels with the numbers worked out by hand (docs/mutation.md)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from firstbad.tracer.image_noise import Noise
from firstbad.tracer.image_peaks import PeakReport, compare_peaks
from numpy.typing import NDArray

Array = NDArray[np.float64]
QUIET = Noise(1e-6, 0)
Changes = list[tuple[int, int, float]]


def dots(*places: tuple[int, int, float], shape: tuple[int, int] = (16, 16), ground: float = 0.0) -> Array:
    """Single bright pixels (slow, fast, value) on a ground."""
    image = np.full(shape, ground)
    for y, x, value in places:
        image[y, x] = value
    return image


def report(reference: Array, candidate: Array, allowed: float = 1e-6) -> PeakReport:
    return compare_peaks(reference, candidate, np.full(reference.shape, allowed), QUIET)


def changes(found: PeakReport) -> dict[str, Changes]:
    """The lists of a report that are not empty."""
    lists = {name: getattr(found, name) for name in ("missing", "extra", "moved", "width", "brightness")}
    return {name: [(c.slow, c.fast, c.amount) for c in some] for name, some in lists.items() if some}


def counts(found: PeakReport) -> tuple[int, int, int]:
    return found.reference, found.candidate, found.matched


# ---- nothing happened ------------------------------------------------------------------------------------------


def test_images_without_peaks_have_nothing_to_report() -> None:
    found = report(np.ones((8, 8)), np.ones((8, 8)))
    assert (counts(found), changes(found)) == ((0, 0, 0), {})
    assert (found.median_shift, found.median_width) == (0.0, 1.0)


def test_lone_bright_pixels_that_stayed_have_kept_their_width() -> None:
    image = dots((3, 3, 50), (10, 12, 20), ground=5.0)
    found = report(image, image)
    assert (counts(found), changes(found)) == ((2, 2, 2), {})
    assert (found.median_shift, found.median_width) == (0.0, 1.0)


def test_a_bright_corner_that_stayed_has_kept_its_sum() -> None:
    """All seven pixels around its first one are equally bright."""
    image = dots(*((y, x, 50) for y in range(4) for x in range(4)), ground=5.0)
    found = report(image, image)
    assert (counts(found), changes(found)) == ((1, 1, 1), {})


def test_peaks_beside_each_other_are_not_taken_for_one_another() -> None:
    image = dots((5, 5, 50), (5, 7, 40), (8, 5, 30))
    assert changes(report(image, image)) == {}


# ---- missing and new -------------------------------------------------------------------------------------------


def test_peaks_that_are_gone_are_missing_and_those_that_came_are_extra() -> None:
    reference = dots((3, 3, 50), (3, 12, 20), (12, 3, 30))
    candidate = dots((3, 3, 50), (12, 12, 10), (7, 8, 15))
    found = report(reference, candidate)
    assert counts(found) == (3, 3, 1)
    assert changes(found) == {"missing": [(12, 3, 30), (3, 12, 20)], "extra": [(7, 8, 15), (12, 12, 10)]}
    found = report(candidate, reference)
    assert changes(found) == {"missing": [(7, 8, 15), (12, 12, 10)], "extra": [(12, 3, 30), (3, 12, 20)]}


def test_the_first_peak_is_matched_like_any_other() -> None:
    assert changes(report(dots((3, 3, 50)), dots((3, 3, 50)))) == {}
    assert changes(report(dots((3, 3, 50), (12, 12, 9)), dots((12, 12, 9)))) == {"missing": [(3, 3, 50)]}


def test_only_clear_peaks_are_missing_or_new_and_faint_ones_match() -> None:
    """Rounding does 1 to the reference, and to the candidate a tenth of each pixel: none of its peaks is clear."""
    allowed, noise = np.ones((16, 16)), Noise(0.1, 0)
    alone, clear, faint = dots((3, 3, 50)), dots((3, 3, 50), (12, 12, 12.5)), dots((3, 3, 50), (12, 12, 11.5))
    for reference, candidate, missing, known in (
        (clear, faint, [], (2, 0, 2)),
        (faint, clear, [], (1, 0, 1)),
        (clear, alone, [(12, 12, 12.5)], (2, 0, 1)),
        (faint, alone, [], (1, 0, 1)),
        (alone, clear, [], (1, 0, 1)),
    ):
        found = compare_peaks(reference, candidate, allowed, noise)
        assert changes(found).get("missing", []) == missing
        assert (counts(found), found.extra) == (known, ())


def slope(at_foot: float) -> Array:
    """A ramp that rises from pixel (4, 4) to (4, 12): no peak at its foot."""
    image = np.zeros((16, 16))
    image[4, 4:13] = at_foot + np.arange(9.0)
    return image


@pytest.mark.parametrize(("left", "missing"), [(8.0, False), (7.0, False), (6.9, True), (5.0, True), (0.0, True)])
def test_a_peak_that_sank_by_less_than_a_third_and_was_swallowed_is_not_missing(left: float, missing: bool) -> None:
    """By three tenths, exactly. Its height was 10; a slope grew over it."""
    found = report(dots((4, 4, 10)), slope(left))
    assert found.missing == () if not missing else [(c.slow, c.fast, c.amount) for c in found.missing] == [(4, 4, 10)]
    assert [(c.slow, c.fast) for c in found.extra] == [(4, 12)]


@pytest.mark.parametrize(("before", "extra"), [(8.0, False), (7.0, False), (6.9, True), (5.0, True)])
def test_a_peak_that_rose_by_less_than_a_third_out_of_a_slope_is_not_new(before: float, extra: bool) -> None:
    found = report(slope(before), dots((4, 4, 10)))
    assert [(c.slow, c.fast, c.amount) for c in found.extra] == ([(4, 4, 10)] if extra else [])
    assert [(c.slow, c.fast) for c in found.missing] == [(4, 12)]


# ---- moved, wider, brighter ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("by", "amount"), [((0, 2), 2.0), ((2, 0), 2.0), ((-2, 1), math.sqrt(5))])
def test_a_peak_two_pixels_on_has_moved_as_far_as_its_highest_pixel(by: tuple[int, int], amount: float) -> None:
    """The pixel between them is as bright as before, so that the centroid moves by less."""
    between = (8 + by[0] // 2, 8 + by[1] // 2, 20)
    reference = dots((8, 8, 90), between, (3, 3, 40))
    candidate = dots((8 + by[0], 8 + by[1], 90), between, (3, 3, 40))
    found = report(reference, candidate)
    assert [(c.slow, c.fast, c.amount) for c in found.moved] == [(8, 8, pytest.approx(amount))]
    assert counts(found)[0::2] == (2, 2)


def test_a_maximum_that_falls_on_the_next_pixel_moved_by_its_centroid() -> None:
    """Two nearly equal pixels: the highest changes from one to the other, the light hardly."""
    for y, x in ((0, 1), (1, 0), (1, 1)):
        reference = dots((8, 8, 52), (8 + y, 8 + x, 48))
        candidate = dots((8, 8, 48), (8 + y, 8 + x, 52))
        assert changes(report(reference, candidate)) == {}
        candidate = dots((8, 8, 30), (8 + y, 8 + x, 70))
        assert [c.amount for c in report(reference, candidate).moved] == [pytest.approx(0.22 * math.hypot(y, x))]


def test_a_peak_that_is_lopsided_on_both_sides_has_not_moved() -> None:
    image = dots((8, 8, 60), (9, 8, 30), (8, 7, 10))
    assert changes(report(image, image)) == {}


ERROR = 0.01
"""Of the height of 100 of the peaks below: rounding may do 1 to a pixel, eight times that is forgiven."""


@pytest.mark.parametrize(("x", "moved"), [(0.175, False), (0.185, True)])
def test_a_centroid_moves_from_a_tenth_of_a_pixel_and_eight_times_the_noise(x: float, moved: bool) -> None:
    beside = 100 * x / (1 - x)
    for dy, dx in ((0, 1), (1, 0), (-1, 0)):
        found = report(dots((8, 8, 100), (3, 3, 100)), dots((8, 8, 100), (8 + dy, 8 + dx, beside), (3, 3, 100)), 1.0)
        assert [(c.slow, c.fast, c.amount) for c in found.moved] == ([(8, 8, pytest.approx(x))] if moved else [])
        assert found.median_shift == pytest.approx(x / 2), "of two peaks"


def cross(radius: float) -> Array:
    """A peak of 100 whose four neighbours give it that radius, and one of radius 1/2 that stays."""
    arm = 25 * radius**2 / (1 - radius**2)
    around = [(7, 8), (9, 8), (8, 7), (8, 9)]
    still = [(2, 3), (4, 3), (3, 2), (3, 4)]
    return dots((8, 8, 100), *((y, x, arm) for y, x in around), (3, 3, 100), *((y, x, 25 / 3) for y, x in still))


@pytest.mark.parametrize(("factor", "told"), [(1.085, False), (1.095, True), (0.915, False), (0.905, True)])
def test_a_width_changes_from_a_hundredth_and_eight_times_the_noise(factor: float, told: bool) -> None:
    found = report(cross(0.5), cross(0.5 * factor), 1.0)
    assert [(c.slow, c.fast, c.amount) for c in found.width] == ([(8, 8, pytest.approx(factor))] if told else [])
    assert found.median_width == pytest.approx((1 + factor) / 2)
    assert found.moved == ()


def test_a_lone_pixel_that_became_wide_grew_from_a_tenth_of_a_pixel() -> None:
    found = report(dots((8, 8, 100)), dots((8, 8, 75), (7, 8, 6.25), (9, 8, 6.25), (8, 7, 6.25), (8, 9, 6.25)))
    assert changes(found) == {"width": [(8, 8, pytest.approx(5))]}


@pytest.mark.parametrize(("factor", "told"), [(1.084, False), (1.086, True), (0.916, False), (0.914, True)])
def test_a_brightness_changes_from_a_two_hundredth_and_eight_times_the_noise(factor: float, told: bool) -> None:
    reference = dots((8, 8, 100), (3, 3, 100))
    found = report(reference, dots((8, 8, 100 * factor), (3, 3, 100)), 1.0)
    assert changes(found) == ({"brightness": [(8, 8, pytest.approx(factor))]} if told else {})


def test_each_peak_is_forgiven_its_own_noise() -> None:
    """Eight per cent of 100, sixteen per cent of 50; the worst comes first."""
    reference = dots((3, 3, 100), (8, 8, 50), (12, 3, 100), (13, 13, 200))
    candidate = dots((3, 3, 110), (8, 8, 55), (12, 3, 80), (13, 13, 199))
    assert changes(report(reference, candidate, 1.0)) == {
        "brightness": [(12, 3, pytest.approx(0.8)), (3, 3, pytest.approx(1.1))]
    }


def test_a_bright_corner_that_faded_did_so_from_what_rounding_explains() -> None:
    """It has no sum of its own: all seven pixels around are alike. A dip in it makes one."""
    reference = dots(*((y, x, 50) for y in range(4) for x in range(4)))
    candidate = reference.copy()
    candidate[3, 3] = 42
    found = report(reference, candidate, 0.5)
    assert [(c.slow, c.fast, c.amount) for c in found.brightness] == [(0, 0, pytest.approx(48 * 8 / 0.5))]


def test_only_clear_peaks_of_the_reference_are_measured() -> None:
    reference, candidate = dots((3, 3, 100), (10, 10, 11)), dots((3, 3, 100), (10, 10, 50))
    found = report(reference, candidate, 1.0)
    assert (counts(found), changes(found)) == ((1, 2, 1), {})
