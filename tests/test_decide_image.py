"""The numbers behind the image verdict against plain loops, and the sizes at which a finding begins (docs/mutation.md)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from firstbad.tracer.image import Noise
from firstbad.tracer.image_motion import (
    Motion,
    coarse_shift,
    fit_motion,
    orientation,
    orientations,
    trend,
)  # fmt: skip
from firstbad.tracer.image_noise import UNDERFLOW, as_float64, local_maximum, local_minimum
from firstbad.tracer.image_stats import (
    TINY,
    block_edges,
    block_sums,
    by_decade,
    correlation,
    log_correlation,
    odd_line,
    sum_ratio,
    worst_block,
)  # fmt: skip
from numpy.typing import NDArray
from small_images import GRID, around, noise_image

Array = NDArray[np.float64]


# ---- what rounding may do --------------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [0, 1, 2, 3, 4, 7, 8])
def test_local_extremes_are_those_of_the_square_around(radius: int) -> None:
    image = noise_image(radius)
    for fast, pick in ((local_maximum, np.max), (local_minimum, np.min)):
        slow = np.array([[pick(around(image, y, x, radius)) for x in range(11)] for y in range(13)])
        assert np.array_equal(fast(image, radius), slow)


def test_the_allowance_is_that_of_an_amplitude_beside_its_brightest_neighbour() -> None:
    image = noise_image(3, (20, 24))
    image[4, 5] *= -1
    image[10:, 12:] = 0
    got = Noise(1e-3, 1e-2).allowance(image)
    for y in range(20):
        for x in range(24):
            own, brightest = abs(image[y, x]), np.abs(around(image, y, x, 8)).max()
            amplitude = 2 * 1e-2 * math.sqrt(own * brightest) + 1e-4 * brightest
            assert got[y, x] == pytest.approx(1e-3 * own + amplitude + UNDERFLOW, rel=1e-12, abs=0)
    assert got[19, 23] == UNDERFLOW == 2.0**-126


def test_in_tiny_units_the_smallest_float32_is_no_allowance() -> None:
    image = np.zeros((20, 20))
    image[0, 0] = 1e-30
    assert Noise().allowance(image)[19, 19] == pytest.approx(1e-50, rel=1e-6, abs=0)
    assert (Noise().relative, Noise().amplitude) == (3e-4, 1e-4)


def test_a_double_image_is_not_copied() -> None:
    image = noise_image(1)
    assert as_float64(image) is image
    assert as_float64(image.astype(np.float32)).dtype == np.float64


# ---- headline numbers ------------------------------------------------------------------------------------------


def test_correlation_of_what_does_not_vary_is_no_number() -> None:
    image, flat = noise_image(2), np.full((13, 11), 3.0)
    for a, b in ((image, flat), (flat, image), (flat, flat), (np.zeros_like(image), image)):
        assert math.isnan(correlation(a, b))
    assert correlation(image, 3 * image + 5) == pytest.approx(1, abs=1e-14)
    assert correlation(image, -image) == pytest.approx(-1, abs=1e-14)
    assert correlation(image, image) <= 1
    assert correlation(-image - 3, image[::-1]) == pytest.approx(np.corrcoef(-image.ravel(), image[::-1].ravel())[0, 1])
    assert math.isnan(sum_ratio(image - image, image))
    assert sum_ratio(image, 2.5 * image) == pytest.approx(2.5)


def test_log_correlation_lifts_what_is_below_the_allowance() -> None:
    r, c = noise_image(4), noise_image(5)
    allowance = np.full(r.shape, 0.3)
    a, b = np.log10(np.maximum(r, 0.3)), np.log10(np.maximum(c, 0.3))
    corr, rms = log_correlation(r, c, allowance)
    assert corr == pytest.approx(np.corrcoef(a.ravel(), b.ravel())[0, 1])
    assert rms == pytest.approx(math.sqrt(((a - b) ** 2).mean()))
    dark = np.zeros(r.shape)
    assert log_correlation(dark, r, dark)[1] == pytest.approx(math.sqrt(((math.log10(TINY) - np.log10(r)) ** 2).mean()))


def test_decades_are_those_of_a_plain_loop() -> None:
    r = noise_image(6)
    r[2, 3], r[4, 4], r[5, 5] = 0, -r[4, 4], 100.0
    c = r * (1 + 0.01 * np.random.default_rng(1).normal(size=r.shape))
    allowance = 0.008 * np.abs(r)
    found = by_decade(r, c, allowance)
    assert [d.exponent for d in found] == sorted({d.exponent for d in found}, reverse=True)
    assert sum(d.pixels for d in found) == r.size - 1, "the pixel that is zero is left out"
    for d in found:
        inside = (np.abs(r) >= 10.0**d.exponent) & (np.abs(r) < 10.0 ** (d.exponent + 1))
        own, other, allowed = r[inside], c[inside], allowance[inside]
        off = np.abs(other - own)
        assert d.pixels == inside.sum()
        assert d.bias == pytest.approx((other - own).sum() / np.abs(own).sum())
        assert d.rms == pytest.approx(math.sqrt((((other - own) / own) ** 2).mean()))
        assert d.beyond == pytest.approx((off > allowed).mean())
        assert d.excess == pytest.approx(off.sum() / allowed.sum())
    assert by_decade(r * 0, c, allowance) == ()
    assert {d.excess for d in by_decade(r, c, allowance * 0)} == {0.0}
    assert {d.beyond for d in by_decade(r, 2 * r, np.abs(r))} == {0.0}, "as much as is allowed is allowed"


# ---- blocks and lines ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("length", "size", "starts"),
    [(16, 8, [0, 8]), (17, 8, [0, 8]), (23, 8, [0, 8]), (24, 8, [0, 8, 16]), (8, 8, [0]), (7, 8, [0]), (1, 8, [0]), (3, 1, [0, 1, 2])],
)  # fmt: skip
def test_the_last_block_takes_the_rest(length: int, size: int, starts: list[int]) -> None:
    assert block_edges(length, size) == starts
    values = np.arange(float(length * 3)).reshape(length, 3)
    sums = block_sums(values, starts, [0])
    assert [row[0] for row in sums] == [values[a:b].sum() for a, b in zip(starts, [*starts[1:], length], strict=True)]


def test_the_worst_block_is_named_with_its_rest() -> None:
    r = np.full((20, 27), 2.0)
    c = r.copy()
    c[18, 25] += 3.0
    c[1, 1] -= 2.5
    allowance = np.full(r.shape, 0.5)
    block = worst_block(r, c, allowance, 8)
    assert (block.slow, block.fast) == ((0, 8), (0, 8))
    assert block.excess == pytest.approx(2.5 / 32)
    assert block.bias == pytest.approx(-2.5 / 128)
    c[18, 25] += 30.0
    block = worst_block(r, c, allowance, 8)
    assert (block.slow, block.fast) == ((8, 20), (16, 27)), "the last one takes the rest of both axes"
    assert block.bias == pytest.approx(33 / (12 * 11 * 2))
    assert math.isnan(worst_block(0 * r, c, allowance, 8).bias)
    assert worst_block(r, r, 0 * r, 8).excess == 0


def lined(shape: tuple[int, int], row: int, off: float, pixels: int) -> Array:
    difference = np.zeros(shape)
    difference[row, :pixels] = off
    return difference


@pytest.mark.parametrize(
    ("rows", "row", "off", "pixels", "odd"),
    [
        (12, 5, 1.25, 8, False),  # 8 x 1.25 over 20: exactly one half
        (12, 5, 1.375, 8, True),
        (12, 5, 30.0, 7, False),  # seven pixels are no line
        (12, 5, 30.0, 8, True),
        (12, 0, 2.0, 20, True),
        (12, 11, 2.0, 20, True),
        (8, 3, 2.0, 20, True),
        (7, 3, 2.0, 20, False),  # too few to say what is beside
        (12, 5, 1.0, 20, False),  # as much as is allowed
    ],
)
def test_a_line_is_odd_from_half_an_allowance_over_eight_pixels(
    rows: int, row: int, off: float, pixels: int, odd: bool
):
    difference = lined((rows, 20), row, off, pixels)
    ones = np.ones((rows, 20))
    expected = (row, off * pixels / 20) if odd else None
    assert odd_line(ones, ones + difference, ones, 0) == expected
    assert odd_line(ones.T, (ones - difference).T, ones.T, 1) == expected
    if row >= 2:
        assert odd_line(ones, ones + difference, ones, 1) is None


@pytest.mark.parametrize(("away", "heard"), [(1, False), (2, True), (3, True), (4, False), (-1, False), (-2, True), (-3, True), (-4, False)])  # fmt: skip
def test_a_line_is_judged_against_those_two_and_three_beside_it(away: int, heard: bool) -> None:
    """Its immediate neighbours may differ as well (two rows exchanged)."""
    ones = np.ones((20, 20))
    for share, quiet in ((0.21, heard), (0.19, False)):
        difference = lined((20, 20), 9, 8.0, 20) + lined((20, 20), 9 + away, 8.0 * share, 20)
        found = odd_line(ones, ones + difference, ones, 0)
        assert (found is None) is quiet


def test_of_two_odd_lines_the_worse_is_named() -> None:
    ones = np.ones((30, 20))
    difference = lined((30, 20), 5, 3.0, 20) + lined((30, 20), 20, 4.0, 20)
    assert odd_line(ones, ones + difference, ones, 0) == (20, 4.0)


# ---- motion ----------------------------------------------------------------------------------------------------


def smooth(dy: float = 0.0, dx: float = 0.0) -> Array:
    """Two broad peaks of different height on 40 x 40 pixels."""
    image = np.zeros((40, 40))
    for height, y, x, width in ((100.0, 15.0, 22.0, 3.0), (40.0, 27.0, 13.0, 4.0)):
        rows, columns = GRID[:, None] - y - dy, GRID[None, :] - x - dx
        image += height * np.exp(-(rows**2 + columns**2) / (2 * width**2))
    return image


ALLOWED = np.full((40, 40), 1e-3)


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (1.01 * smooth(), {"scale": 1.01}),
        (smooth() + 0.25, {"offset": 0.25}),
        (smooth(0.1, -0.2), {"shift": (0.1, -0.2)}),
        (1.02 * smooth() - 0.5, {"scale": 1.02, "offset": -0.5}),
        (1.02 * smooth(-0.15, 0.05), {"scale": 1.02, "shift": (-0.15, 0.05)}),
        (smooth(0.1, 0.1) + 1.0, {"offset": 1.0, "shift": (0.1, 0.1)}),
        (smooth(5.2, -3.1), {"shift": (5.2, -3.1)}),
        (smooth(-4, 6), {"shift": (-4.0, 6.0)}),
    ],
)
@pytest.mark.parametrize("unit", [1.0, 1e-200, 1e200])
def test_a_motion_is_measured_and_nothing_beside_it_is_named(candidate: Array, expected: dict, unit: float) -> None:
    got = fit_motion(smooth() * unit, candidate * unit, ALLOWED * unit)
    assert got.needs == set(expected)
    assert got.explained > 0.99
    assert got.scale == pytest.approx(expected.get("scale", 1.0), abs=2e-4)
    assert got.offset / unit == pytest.approx(expected.get("offset", 0.0), abs=5e-3)
    assert got.shift == pytest.approx(expected.get("shift", (0.0, 0.0)), abs=5e-3)


def test_no_motion_without_a_difference_or_a_middle() -> None:
    still = smooth()
    assert fit_motion(still, still, ALLOWED) == Motion()
    for rows, columns in ((6, 40), (40, 6)):
        assert fit_motion(still[:rows, :columns], 2 * still[:rows, :columns], ALLOWED[:rows, :columns]) == Motion()
    assert fit_motion(still[10:17, 18:30], 2 * still[10:17, 18:30], ALLOWED[10:17, 18:30]).scale == pytest.approx(2)
    assert fit_motion(np.zeros((40, 40)), np.ones((40, 40)), ALLOWED).offset == pytest.approx(1)


def test_pixels_that_allow_nothing_weigh_nothing() -> None:
    allowance = ALLOWED.copy()
    allowance[20:] = 0
    candidate = 1.01 * smooth()
    candidate[20:] = 7
    assert fit_motion(smooth(), candidate, allowance).scale == pytest.approx(1.01)


def test_noise_is_explained_by_no_motion() -> None:
    rng = np.random.default_rng(2)
    got = fit_motion(smooth(), smooth() + rng.normal(size=(40, 40)), ALLOWED)
    assert got.needs == set()
    assert got.explained == 0


@pytest.mark.parametrize("lag", [(0, 0), (1, 0), (0, -1), (3, 5), (-9, 2), (10, -10)])
def test_whole_pixels_are_found_by_the_amplitudes(lag: tuple[int, int]) -> None:
    image = np.random.default_rng(5).random((44, 48)) ** 4
    wide = np.pad(image, 12)
    assert coarse_shift(wide, np.roll(wide, lag, (0, 1))) == lag
    assert coarse_shift(wide, 100 * np.roll(wide, lag, (0, 1))) == lag


def test_a_shift_is_searched_to_a_quarter_of_the_image_and_to_64_pixels() -> None:
    dot = np.zeros((40, 40))
    dot[5, 5] = 1
    assert coarse_shift(dot, np.roll(dot, (10, 0), (0, 1))) == (10, 0)
    assert coarse_shift(dot, np.roll(dot, (11, 0), (0, 1))) != (11, 0)
    long = np.zeros((300, 8))
    long[20, 4] = 1
    assert coarse_shift(long, np.roll(long, 64, 0)) == (64, 0)
    assert coarse_shift(long, np.roll(long, 65, 0)) != (65, 0)
    assert coarse_shift(long, np.roll(long, (0, 2), (0, 1))) == (0, 2)


# ---- orientation and trend -------------------------------------------------------------------------------------


def corners(image: Array) -> list[float]:
    return [image[0, 0], image[0, -1], image[-1, 0], image[-1, -1]]


def test_the_seven_turns() -> None:
    turned = orientations(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert {name: corners(image) for name, image in turned.items()} == {
        "transposed": [1, 3, 2, 4],
        "flipped along slow": [3, 4, 1, 2],
        "flipped along fast": [2, 1, 4, 3],
        "rotated by 90 degrees": [2, 4, 1, 3],
        "rotated by 180 degrees": [4, 3, 2, 1],
        "rotated by 270 degrees": [3, 1, 4, 2],
        "transposed along the other diagonal": [4, 2, 3, 1],
    }


@pytest.mark.parametrize("name", list(orientations(np.eye(2))))
def test_a_turned_image_is_recognised(name: str) -> None:
    image = noise_image(8, (12, 12))
    assert orientation(image, orientations(image)[name])[0] == name
    assert orientation(image, 3 * orientations(image)[name])[1] == pytest.approx(1)
    assert orientation(image, image) == ("", pytest.approx(1))


def test_a_resemblance_must_be_strong_and_explain_half() -> None:
    image = noise_image(9, (12, 12))
    other = noise_image(10, (12, 12))
    assert orientation(image, other)[0] == ""
    root = np.sqrt(image.T) + 0.2 * np.sqrt(other)
    assert orientation(image, root**2)[0] == "transposed"
    root = np.sqrt(image.T) + 2.0 * np.sqrt(other)
    assert orientation(image, root**2)[0] == "", "correlates to less than 0.9"
    even = np.sqrt(image) + np.sqrt(image.T)
    assert orientation(even**2, even.T**2)[0] == "", "it is its own transpose: nothing is explained"
    assert orientation(noise_image(1, (6, 9)), noise_image(1, (9, 6)).T[::-1])[0] == ""


PLACES = (np.arange(64) + 0.5) / 64 * 2 - 1


@pytest.mark.parametrize(
    ("factor", "span", "direction"),
    [
        (1 + 0.02 * PLACES[:, None] + 0 * PLACES, 0.035, "along slow"),
        (1 - 0.03 * PLACES[None, :] + 0 * PLACES[:, None], 0.0525, "along fast"),
        (1 + 0.02 * (PLACES[:, None] ** 2 + PLACES[None, :] ** 2), 0.03, "with the distance from the centre"),
        (1 + 0.02 * PLACES[:, None] + 0.01 * PLACES[None, :], 0.0525, "along slow"),
    ],
)
def test_a_trend_is_measured_over_block_sums(factor: Array, span: float, direction: str) -> None:
    r = np.full((64, 64), 10.0)
    found = trend(r, r * factor, np.full(r.shape, 1e-3), 8)
    assert found[0] == pytest.approx(span, rel=0.01)
    assert found[1] == pytest.approx(1, abs=1e-3)
    assert found[2] == direction


def test_a_trend_needs_twelve_bright_blocks() -> None:
    r = np.full((32, 32), 10.0)
    c = r * (1 + 0.02 * PLACES[:32, None])
    allowance = np.full(r.shape, 0.4)
    for dark, seen in ((4, True), (5, False)):
        allowance[:] = 0.4
        for k in range(dark):
            allowance[8 * (k // 4) : 8 * (k // 4) + 8, 8 * (k % 4) : 8 * (k % 4) + 8] = 0.5  # exactly a twentieth
        assert (trend(r, c, allowance, 8)[0] > 0) is seen
    still = trend(r, 1.0 * r, np.full(r.shape, 1e-3), 8)
    assert still[0] == 0 and math.isnan(still[1]) and still[2] == ""
    assert trend(r, c, r, 8) == (0.0, 0.0, "")


def test_what_is_not_smooth_is_no_trend() -> None:
    r = np.full((64, 64), 10.0)
    c = r * np.random.default_rng(3).uniform(0.9, 1.1, r.shape)
    assert trend(r, c, np.full(r.shape, 1e-3), 8)[1] < 0.4
