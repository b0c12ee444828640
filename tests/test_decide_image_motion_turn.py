"""Whole-pixel shifts, turns and trends on images of a few pixels whose answer is known by hand (docs/mutation.md)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from firstbad.tracer.image_motion import (
    _amplitude,
    _fast_length,
    _places,
    coarse_shift,
    orientation,
    orientations,
    trend,
)
from numpy.typing import NDArray

Array = NDArray[np.float64]


def dots(shape: tuple[int, int], *places: tuple[int, int], height: float = 1.0) -> Array:
    image = np.zeros(shape)
    for at in places:
        image[at] = height
    return image


# ---- whole pixels ----------------------------------------------------------------------------------------------


def test_an_amplitude_is_the_root_without_its_mean() -> None:
    assert _amplitude(np.array([[4.0, -9], [0, 1]])).tolist() == [[0.5, 1.5], [-1.5, -0.5]]


@pytest.mark.parametrize(
    ("shape", "reach"),
    [((16, 16), (4, 4)), ((19, 24), (4, 6)), ((24, 8), (6, 2)), ((7, 12), (1, 3)), ((3, 12), (1, 3)), ((12, 3), (3, 1))],
)  # fmt: skip
def test_a_shift_is_searched_to_a_quarter_of_each_side(shape: tuple[int, int], reach: tuple[int, int]) -> None:
    """By one pixel at least. A dot that went further is not found where it is."""
    middle = (shape[0] // 2, shape[1] // 2)
    dot = dots(shape, middle)
    for axis in (0, 1):
        for sign in (1, -1):
            for by, found in ((reach[axis], True), (reach[axis] + 1, False)):
                lag = (sign * by, 0) if axis == 0 else (0, sign * by)
                there = (middle[0] + lag[0], middle[1] + lag[1])
                if all(0 <= k < n for k, n in zip(there, shape, strict=True)):
                    assert (coarse_shift(dot, dots(shape, there)) == lag) is found


def test_a_shift_is_searched_to_64_pixels_at_most() -> None:
    for long, lag in (((300, 4), (1, 0)), ((4, 300), (0, 1))):
        start = (20 * lag[0] + 1, 20 * lag[1] + 1)
        for by in (63, 64, 65):
            there = dots(long, (start[0] + by * lag[0], start[1] + by * lag[1]))
            assert (coarse_shift(dots(long, start), there) == (by * lag[0], by * lag[1])) is (by <= 64)


def test_a_lattice_does_not_wrap() -> None:
    """Its period fits into the image, so a cyclic correlation would find no best shift."""
    lattice = dots((24, 24), *((y, x) for y in range(2, 24, 6) for x in range(2, 24, 6)))
    assert coarse_shift(lattice, lattice) == (0, 0)
    assert coarse_shift(lattice, np.roll(lattice, (1, -2), (0, 1))) == (1, -2)


def test_one_strong_peak_does_not_decide_alone() -> None:
    """By intensities the peak that stayed would win: 100 x 100 against 30 times 9 x 9."""
    rng = np.random.default_rng(3)
    weak = dots((32, 32), *((int(y), int(x)) for y, x in rng.integers(4, 28, (30, 2))), height=9.0)
    weak[16, 16] = 0
    strong = dots((32, 32), (16, 16), height=100.0)
    assert coarse_shift(weak + strong, np.roll(weak, (0, 3), (0, 1)) + strong) == (0, 3)


def test_images_without_contrast_have_not_moved() -> None:
    assert coarse_shift(np.ones((8, 8)), np.ones((8, 8))) == (0, 0)
    assert coarse_shift(np.zeros((8, 8)), dots((8, 8), (2, 2))) == (0, 0)


@pytest.mark.parametrize(("better", "lag"), [(-1e-3, (0, 0)), (0.5e-9, (0, 0)), (1.5e-9, (0, 3)), (1e-3, (0, 3))])
def test_a_shift_must_correlate_better_by_a_billionth(better: float, lag: tuple[int, int]) -> None:
    """The candidate shows the dot where it was and, of amplitude t, three pixels on. Both sums are linear in t."""

    def candidate(t: float) -> Array:
        return dots((16, 16), (8, 8)) + dots((16, 16), (8, 11), height=t * t)

    def summed(t: float, by: int) -> float:
        ours, theirs = np.full((16, 16), -1 / 256), np.full((16, 16), -(1 + t) / 256)
        ours[8, 8] += 1
        theirs[8, 8] += 1
        theirs[8, 11] += t
        return math.fsum((ours[:, : 16 - by] * theirs[:, by:]).ravel())

    def short(t: float) -> float:
        return summed(t, 0) * (1 + better) - summed(t, 3)

    t = short(0.0) / (short(0.0) - short(1.0))
    assert coarse_shift(dots((16, 16), (8, 8)), candidate(t)) == lag


@pytest.mark.parametrize(
    ("length", "fast"),
    [(1, 1), (2, 2), (7, 8), (11, 12), (13, 15), (14, 15), (17, 18), (21, 24), (31, 32), (49, 50), (97, 100), (128, 128), (2049, 2160), (2161, 2187)],
)  # fmt: skip
def test_a_fast_length_has_the_factors_two_three_and_five(length: int, fast: int) -> None:
    assert _fast_length(length) == fast


# ---- orientation -----------------------------------------------------------------------------------------------


def noise(seed: int, side: int = 6) -> Array:
    """Amplitudes that have nothing to do with each other."""
    return np.random.default_rng(seed).uniform(1, 9, (side, side))


def test_the_turns_are_named_for_what_the_candidate_is() -> None:
    image = np.array([[1.0, 2, 3], [4, 5, 6]])
    assert {name: turned.tolist() for name, turned in orientations(image).items()} == {
        "transposed": [[1, 4], [2, 5], [3, 6]],
        "flipped along slow": [[4, 5, 6], [1, 2, 3]],
        "flipped along fast": [[3, 2, 1], [6, 5, 4]],
        "rotated by 90 degrees": [[3, 6], [2, 5], [1, 4]],
        "rotated by 180 degrees": [[6, 5, 4], [3, 2, 1]],
        "rotated by 270 degrees": [[4, 1], [5, 2], [6, 3]],
        "transposed along the other diagonal": [[6, 3], [5, 2], [4, 1]],
    }
    for name, turned in orientations(noise(1) ** 2).items():
        assert orientation(noise(1) ** 2, turned) == (name, pytest.approx(1))


def test_an_image_that_is_as_it_was_has_no_turn() -> None:
    image = noise(2) ** 2
    assert orientation(image, image) == ("", pytest.approx(1))
    assert orientation(image, noise(3) ** 2)[0] == ""


def test_a_turn_that_does_not_fit_the_shape_is_left_out() -> None:
    wide = noise(4)[:4] ** 2
    assert orientation(wide, wide[::-1])[0] == "flipped along slow"
    assert orientation(wide, wide[::-1, ::-1])[0] == "rotated by 180 degrees"


def test_of_two_turns_that_look_alike_the_first_is_named() -> None:
    """The image is its own half turn, so that both flips give the same; amplitudes are exact in binary."""
    half = np.array([[1.0, 4, 9, 4], [9, 1, 16, 1]])
    image = np.vstack([half, half[::-1, ::-1]])
    assert np.array_equal(image[::-1], image[:, ::-1])
    assert orientation(image, image[::-1])[0] == "flipped along slow"


def mixture(share: float) -> tuple[Array, Array]:
    """Amplitudes that nearly are their own transpose, and those turned but for `share`."""
    even = noise(5) + noise(5).T
    ours = even + 0.4 * noise(6)
    return ours, (1 - share) * ours.T + share * ours


@pytest.mark.parametrize(("share", "turned"), [(0.41, True), (0.42, False), (0.49, False)])
def test_a_turn_must_leave_less_than_half_of_what_no_turn_leaves(share: float, turned: bool) -> None:
    ours, theirs = mixture(share)
    rest, moved = (1 - float(np.corrcoef(a.ravel(), theirs.ravel())[0, 1]) for a in (ours, ours.T))
    assert 0.3 < moved / rest < 1 and (moved < 0.5 * rest) is turned and rest < 0.05
    assert orientation(ours**2, theirs**2) == (
        ("transposed", pytest.approx(1 - moved)) if turned else ("", pytest.approx(1 - rest))
    )


def test_a_turn_that_leaves_exactly_half_is_none() -> None:
    """Correlations of 7/8 and 15/16: whole numbers around 4, whose squares add up to 64."""
    ours = 4.0 + np.array([[4, 2, -2, 2], [0, -4, 0, -2], [-2, 0, 2, 0], [2, -2, 0, 0]])
    theirs = ours.T.copy()
    theirs[2, 2], theirs[3, 3] = ours[3, 3], ours[2, 2]
    assert orientation(ours**2, theirs**2) == ("", 0.875)
    assert orientation(ours.T**2, theirs**2) == ("", 0.9375)


@pytest.mark.parametrize(("off", "turned"), [(0.52, True), (0.58, False)])
def test_a_turn_must_correlate_to_nine_tenths(off: float, turned: bool) -> None:
    ours = noise(7) + 10
    theirs = ours.T + off * (noise(8) - 5)
    value = float(np.corrcoef(ours.T.ravel(), theirs.ravel())[0, 1])
    assert (0.9 < value < 0.92) if turned else (0.88 < value < 0.9)
    assert (orientation(ours**2, theirs**2)[0] == "transposed") is turned


def test_a_turn_that_correlates_to_exactly_nine_tenths_is_none() -> None:
    """Whole numbers around 4 whose squares add up to 100, their products to 90."""
    ours = 4.0 + np.array([[4, 3, 0, 0], [-4, 0, -3, 0], [0, 4, 0, 3], [-3, 0, -4, 0]])
    theirs = 4.0 + np.array([[3, -4, 3, -3], [0, 0, 4, 0], [0, -3, 0, -4], [0, 0, 4, 0]])
    assert orientation(ours**2, theirs**2) == ("", -0.52)


# ---- trend -----------------------------------------------------------------------------------------------------

ROWS, COLUMNS = np.array([-0.75, -0.25, 0.25, 0.75])[:, None], np.array([-5, -3, -1, 1, 3, 5]) / 6


def trend_of(ratio: Array, size: int = 2) -> tuple[float, float, str]:
    """The trend of a flat image whose blocks of `size` x `size` pixels are multiplied by `ratio`."""
    image = np.full((size * ratio.shape[0], size * ratio.shape[1]), 10.0)
    return trend(image, image * np.kron(ratio, np.ones((size, size))), 1e-3 * image, size)


def test_places_are_the_centres_of_blocks_from_minus_one_to_one() -> None:
    assert _places(4).tolist() == [-0.75, -0.25, 0.25, 0.75]
    assert _places(1).tolist() == [0]


@pytest.mark.parametrize(
    ("ratio", "span", "direction"),
    [
        (1 + 0.02 * ROWS + 0 * COLUMNS, 0.02 * 1.5, "along slow"),
        (1 - 0.02 * ROWS + 0 * COLUMNS, 0.02 * 1.5, "along slow"),
        (3 + 0.02 * COLUMNS + 0 * ROWS, 0.02 * 10 / 6, "along fast"),
        (1 + 0.02 * (ROWS**2 + COLUMNS**2), 0.02 * (9 / 16 + 25 / 36 - 1 / 16 - 1 / 36), "with the distance from the centre"),
        (1 - 0.02 * (ROWS**2 + COLUMNS**2), 0.02 * (9 / 16 + 25 / 36 - 1 / 16 - 1 / 36), "with the distance from the centre"),
        (1 + 0.02 * ROWS + 0.016 * COLUMNS, 0.02 * 1.5 + 0.016 * 10 / 6, "along slow"),
        (1 + 0.02 * ROWS + 0.02 * COLUMNS, 0.02 * (1.5 + 10 / 6), "along fast"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [1, 2])
def test_a_trend_is_measured_exactly(ratio: Array, span: float, direction: str, size: int) -> None:
    assert trend_of(ratio, size) == (pytest.approx(span), pytest.approx(1), direction)
    swapped = {"along slow": "along fast", "along fast": "along slow"}
    assert trend_of(ratio.T, size) == (pytest.approx(span), pytest.approx(1), swapped.get(direction, direction))


def test_a_trend_explains_the_share_of_the_squares_that_it_removes() -> None:
    """A chess board has no trend along any axis, nor with the distance."""
    chess = (-1.0) ** np.add.outer(np.arange(4), np.arange(6))
    span, share, direction = trend_of(1 + 0.02 * ROWS + 0.01 * chess)
    slope, board = 0.02**2 * 6 * 2 * (9 + 1) / 16, 24 * 0.01**2
    assert (span, share, direction) == (pytest.approx(0.03), pytest.approx(slope / (slope + board)), "along slow")
    span, share, _ = trend_of(1 + 0.01 * chess)
    assert (span, share) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=1e-9))


def test_a_ratio_that_does_not_vary_has_no_share() -> None:
    span, share, direction = trend_of(np.full((4, 4), 2.0))
    assert (span, direction) == (0, "") and math.isnan(share)


@pytest.mark.parametrize(("bright", "limit", "seen"), [(12, 20.5, True), (11, 20.5, False), (12, 20.0, False)])
def test_a_trend_needs_twelve_blocks_of_twenty_times_what_rounding_explains(
    bright: int, limit: float, seen: bool
) -> None:
    image = np.full((4, 4), limit)
    image.flat[bright:] = 1
    candidate = image * (1 + 0.02 * np.arange(4.0)[:, None])
    candidate.flat[bright:] = 7
    got = trend(image, candidate, np.ones((4, 4)), 1)
    assert got == ((pytest.approx(0.04), pytest.approx(1), "along slow") if seen else (0.0, 0.0, ""))


def test_what_has_exploded_is_no_trend() -> None:
    """Its square would overflow."""
    assert trend_of(0.9e100 * (1 + 0.02 * ROWS + 0 * COLUMNS))[0] == pytest.approx(0.9e100 * 0.03)
    ones = np.ones((4, 4))
    assert math.isnan(trend(ones, 1e100 * ones, 1e-3 * ones, 1)[1]), "no trend, but it was looked for"
    for factor in (1.1e100, 1e200, -1e200):
        assert trend_of(factor * (1 + 0.02 * ROWS + 0 * COLUMNS)) == (0, 0, "")
