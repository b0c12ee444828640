"""Peaks that are found and matched, and findings that begin where they are said to begin."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from firstbad.tracer.image import Noise, compare_images
from firstbad.tracer.image_peaks import compare_peaks, find_peaks, moments, pair
from numpy.typing import NDArray
from small_images import GRID, around, noise_image

Array = NDArray[np.float64]


# ---- peaks -----------------------------------------------------------------------------------------------------


def is_peak(image: Array, y: int, x: int) -> bool:
    for i in (-1, 0, 1):
        for j in (-1, 0, 1):
            inside = 0 <= y + i < image.shape[0] and 0 <= x + j < image.shape[1]
            if (i, j) != (0, 0) and inside:
                other = image[y + i, x + j]
                if other > image[y, x] or (other == image[y, x] and (i, j) < (0, 0)):
                    return False
    return True


@pytest.mark.parametrize("seed", range(6))
def test_peaks_are_those_of_a_plain_search(seed: int) -> None:
    image = np.random.default_rng(seed).integers(-1, 6, (15, 17)).astype(float)
    allowance = np.full(image.shape, [0.2, 0.34, 1.0, 1.25, 0.5, 0.0][seed])
    expected = []
    for y in range(15):
        for x in range(17):
            height = image[y, x] - around(image, y, x, 4).min()
            if is_peak(image, y, x) and height > 4 * allowance[y, x] and image[y, x] > 0:
                expected.append((y, x, height, height > 12 * allowance[y, x]))
    found = find_peaks(image, allowance)
    assert [tuple(at) for at in found.at.tolist()] == [row[:2] for row in expected]
    assert found.height.tolist() == [row[2] for row in expected]
    assert found.clear.tolist() == [row[3] for row in expected]
    assert found.noise.tolist() == pytest.approx([allowance[0, 0] / row[2] for row in expected])


def spikes(*places: tuple[int, int], shape: tuple[int, int] = (30, 30), height: float = 100.0) -> Array:
    image = np.zeros(shape)
    for at in places:
        image[at] = height
    return image


FLAT = np.full((30, 30), 1e-3)


@pytest.mark.parametrize(
    ("move", "paired"), [((0, 0), True), ((4, 0), True), ((0, -4), True), ((2, 3), True), ((3, 3), False), ((5, 0), False), ((1, 4), False)]
)  # fmt: skip
def test_a_peak_is_looked_for_within_four_pixels(move: tuple[int, int], paired: bool) -> None:
    for y, x in ((15, 15), (0, 29), (29, 0)):
        there = (y + move[0], x + move[1])
        if not all(0 <= k < 30 for k in there):
            continue
        ours, theirs = find_peaks(spikes((y, x)), FLAT), find_peaks(spikes(there), FLAT)
        assert pair(ours, theirs, (30, 30)).tolist() == ([0] if paired else [-1])


def test_the_nearest_is_taken_and_each_once() -> None:
    ours = find_peaks(spikes((10, 10), (10, 13)), FLAT)
    theirs = find_peaks(spikes((10, 12), (20, 20)), FLAT)
    assert pair(ours, theirs, (30, 30)).tolist() == [-1, 0]
    theirs = find_peaks(spikes((10, 7), (10, 12)), FLAT)
    assert pair(ours, theirs, (30, 30)).tolist() == [0, 1]


def test_moments_are_those_of_a_plain_loop() -> None:
    image = noise_image(12, (12, 14), 1.0)
    at = np.array([[5, 6], [0, 0], [11, 13], [2, 10]])
    mass, centre, width = moments(image, at)
    for k, (y, x) in enumerate(at.tolist()):
        window = {
            (i, j): image[min(max(y + i, 0), 11), min(max(x + j, 0), 13)] for i in range(-3, 4) for j in range(-3, 4)
        }
        least = min(window.values())
        total = sum(v - least for v in window.values())
        cy = sum(i * (v - least) for (i, _), v in window.items()) / total
        cx = sum(j * (v - least) for (_, j), v in window.items()) / total
        square = sum((i * i + j * j) * (v - least) for (i, j), v in window.items()) / total
        assert mass[k] == pytest.approx(total)
        assert centre[k].tolist() == pytest.approx([cy, cx])
        assert width[k] == pytest.approx(math.sqrt(square - cy * cy - cx * cx))
    flat = moments(np.ones((9, 9)), np.array([[4, 4]]))
    assert (flat[0][0], flat[1][0].tolist(), flat[2][0]) == (0.0, [0.0, 0.0], 0.0)


def blob(*peaks: tuple[float, float, float, float]) -> Array:
    """Gaussian peaks of (height, slow, fast, width) on 48 x 48 pixels over a background of 1."""
    grid, image = np.arange(48.0), np.ones((48, 48))
    for height, y, x, width in peaks:
        image += height * np.exp(-((grid[:, None] - y) ** 2 + (grid[None, :] - x) ** 2) / (2 * width**2))
    return image


ONE, TWO = (100.0, 12.0, 14.0, 1.2), (50.0, 33.0, 30.0, 1.2)


def peaks_of(candidate: Array) -> dict[str, list[tuple[int, int]]]:
    reference = blob(ONE, TWO)
    report = compare_peaks(reference, candidate, np.full(reference.shape, 1e-6), Noise())
    names = ("missing", "extra", "moved", "width", "brightness")
    return {n: [(c.slow, c.fast) for c in getattr(report, n)] for n in names if getattr(report, n)}


@pytest.mark.parametrize(
    ("peaks", "expected"),
    [
        ((ONE, TWO), {}),
        ((ONE,), {"missing": [(33, 30)]}),
        ((ONE, TWO, (30.0, 40.0, 8.0, 1.2)), {"extra": [(40, 8)]}),
        ((ONE, (50.0, 33.0, 33.0, 1.2)), {"moved": [(33, 30)], "width": [(33, 30)], "brightness": [(33, 30)]}),
        (((101.0, *ONE[1:]), TWO), {"brightness": [(12, 14)]}),
        (((100.4, *ONE[1:]), TWO), {}),
        (((102.0, *ONE[1:]), (51.5, *TWO[1:])), {"brightness": [(33, 30), (12, 14)]}),
    ],
)
def test_what_became_of_two_peaks(peaks: tuple[tuple[float, float, float, float], ...], expected: dict) -> None:
    assert peaks_of(blob(*peaks)) == expected


@pytest.mark.parametrize(("by", "moved"), [(0.08, False), (0.12, True)])
def test_a_tenth_of_a_pixel_is_a_displacement(by: float, moved: bool) -> None:
    got = peaks_of(blob(ONE, (50.0, 33.0 + by, 30.0, 1.2)))
    assert ("moved" in got) is moved
    report = compare_peaks(blob(ONE, TWO), blob(ONE, (50.0, 33.0 + by, 30.0, 1.2)), np.full((48, 48), 1e-6), Noise())
    assert [c.amount for c in report.moved] == ([pytest.approx(by, abs=0.01)] if moved else [])
    assert (report.reference, report.candidate, report.matched) == (2, 2, 2)
    assert report.median_width == pytest.approx(1, abs=0.01)


def test_a_peak_that_sank_by_less_than_a_third_is_not_missing() -> None:
    """On a ridge a dip makes a maximum vanish that was hardly one."""
    ridge = np.ones((48, 48))
    ridge[20, :] = 100.0
    with_bump = ridge.copy()
    with_bump[20, 24] = 120.0
    report = compare_peaks(with_bump, ridge, np.full(ridge.shape, 1e-3), Noise())
    assert report.missing == ()


# ---- findings begin where they are said to begin ---------------------------------------------------------------

BASE = 1000 * np.exp(-((GRID[:, None] - 18) ** 2 + (GRID[None, :] - 22) ** 2) / 40) + 20
QUIET = Noise(1e-6, 0.0)


def kinds(candidate: Array, reference: Array = BASE, noise: Noise = QUIET) -> dict[str, tuple[str, float]]:
    return {f.kind: (f.text, f.value) for f in compare_images(reference, candidate, noise=noise).findings}


def edited(edit: Callable[[Array], None]) -> Array:
    image = BASE.copy()
    edit(image)
    return image


def put(*places: tuple[int, int], to: float) -> Array:
    def edit(image: Array) -> None:
        for at in places:
            image[at] = to

    return edited(edit)


def test_single_pixels_are_called_wrong_at_ten_times_what_rounding_explains() -> None:
    allowed = QUIET.allowance(BASE)[3, 5]
    assert "pixels" not in kinds(put((3, 5), to=BASE[3, 5] + 9.9 * allowed))
    text, count = kinds(put((3, 5), (30, 6), to=BASE[3, 5] + 10.1 * allowed))["pixels"]
    assert count == 2
    one = kinds(put((3, 5), to=25.0))["pixels"]
    assert one == (f"1 pixel differs clearly, at 3 5 (slow fast): {BASE[3, 5]:g} became 25", 1)
    assert text.startswith("2 pixels differ clearly, most at 30 6")


def test_values_that_no_such_image_has() -> None:
    assert kinds(put((2, 2), (2, 3), to=-1.0))["negative"] == (
        "2 pixels are negative, none of the reference's is: the first at 2 2 (slow fast)",
        2,
    )
    assert "negative" not in kinds(put((2, 2), to=-1.0), put((9, 9), to=-1.0))
    assert kinds(put((2, 2), (7, 3), to=0.0))["zeroed"] == (
        "2 pixels are exactly zero where the reference's are not: the first at 2 2 (slow fast)",
        2,
    )
    assert "zeroed" not in kinds(put((2, 2), to=1e-9))
    assert kinds(np.rint(BASE))["rounded"][1] == 1.0
    assert "rounded" not in kinds(np.rint(BASE), np.rint(BASE) + 1)
    half = BASE.astype(np.float16).astype(float)
    assert kinds(half)["half"][1] == 11.0
    assert "half" not in kinds(half, half * 2)


def test_a_top_that_is_cut_off_needs_three_pixels() -> None:
    sort = np.sort(BASE.ravel())[::-1]
    for pixels in (1, 2, 3, 6):
        top = (sort[pixels - 1] + sort[pixels]) / 2
        found = kinds(np.minimum(BASE, top))
        at_top = int((np.minimum(BASE, top) == top).sum())
        assert ("clipped" in found) is (at_top > 2)
        if at_top > 2:
            assert found["clipped"] == (f"{at_top} pixels are cut off at {top:g}", top)


def test_scale_and_offset_are_told_with_their_share() -> None:
    found = kinds(BASE * 1.001)
    assert found["scale"][1] == pytest.approx(1.001)
    assert "explains 100.0 % of the difference" in found["scale"][0]
    assert set(found) >= {"scale", "decade", "block"}
    assert "offset" not in found and "shift" not in found
    found = kinds(BASE + 0.5)
    assert found["offset"][1] == pytest.approx(0.5)
    assert found["offset"][0].startswith("a constant +0.5 is added everywhere")
    assert "scale" not in found


def test_a_scale_within_the_noise_is_none() -> None:
    """Some pixels beyond their allowance, but the factor itself is less than rounding explains."""
    loud = Noise(1e-3, 0.0)
    other = BASE * 1.0006
    other[1, 1] *= 1.01
    assert "scale" not in kinds(other, noise=loud)
    other = BASE * 1.0009
    other[1, 1] *= 1.01
    assert kinds(other, noise=loud)["scale"][1] == pytest.approx(1.0009, abs=1e-5)


def test_decades_and_blocks_are_told_from_half_of_what_rounding_explains() -> None:
    loud = Noise(1e-3, 0.0)
    for share, told in ((0.45, False), (0.55, True)):
        other = BASE * (1 + share * 1e-3)
        other[1, 1] += 0.05
        found = kinds(other, noise=loud)
        assert ("decade" in found) is told
    assert kinds(BASE * 1.01)["decade"][0].endswith("differ by 1 % rms, their sum by +1 %")
    local = edited(lambda image: image.__setitem__((slice(8, 16), slice(24, 32)), image[8:16, 24:32] * 1.01))
    text, _ = kinds(local)["block"]
    assert text.startswith("the block slow 8..15, fast 24..31 differs ")
    assert text.endswith("its sum by +1 %")


def test_a_line_is_told_with_its_number() -> None:
    other = edited(lambda image: image.__setitem__(7, image[7] * 1.01))
    found = kinds(other)
    assert found["row"][1] == 7 and found["row"][0].startswith("row 7 differs by ")
    assert "column" not in found
    found = kinds(other.T.copy(), BASE.T.copy())
    assert found["column"][1] == 7
