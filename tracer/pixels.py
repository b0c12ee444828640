"""Which pixels to trace: the few that cost the gate most, one from each place where the images differ.

The cost of a pixel is what healing it alone would gain: correlation and sum ratio are computed again,
exactly, with the candidate's value there replaced by the reference's. Both gains are counted in units of
what the gate allows.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import FirstbadError
from .image_noise import Array, as_float64
from .image_read import Image

APART = 6  # pixels: a Bragg peak and its first fringes are one place


@dataclass(frozen=True, slots=True)
class CostlyPixel:
    """A pixel (slow, fast), both values, and what healing it alone gains: in correlation, and in |sum ratio
    − 1|.

    A pixel that is NaN or infinite on one side comes first; its gains are nan.
    """

    slow: int
    fast: int
    reference: float
    candidate: float
    correlation_gain: float
    sum_gain: float


def costly_pixels(
    reference: Image,
    candidate: Image,
    n: int = 3,
    *,
    correlation: float = 0.999,
    sum_ratio: float = 5e-3,
    apart: int = APART,
) -> tuple[CostlyPixel, ...]:
    """At most `n` pixels, the costliest first, no two within `apart` pixels; () where the images are equal.

    Pixels that differ but whose healing gains nothing follow behind those that cost, largest difference
    first, so that there is always one to trace. `correlation` and `sum_ratio` are the gate. FirstbadError
    where the sizes differ.
    """
    if reference.shape != candidate.shape:
        raise FirstbadError(
            "The two images differ in size, so no pixel can be chosen from their difference",
            remedy="Run both with the same detector size.",
            slug="image-sizes-differ",
        )
    r, c = as_float64(reference), as_float64(candidate)
    broken = ~np.isfinite(r) | ~np.isfinite(c)
    gains = _gains(np.where(broken, 0.0, r), np.where(broken, 0.0, c))
    in_gates = gains[0] / max(1 - correlation, 1e-12) + gains[1] / max(sum_ratio, 1e-12)
    difference = np.abs(np.where(broken, 0.0, c) - np.where(broken, 0.0, r))
    cost = _rank(in_gates, difference, _broken(r, c))
    places = _apart(cost, n, apart)
    return tuple(
        CostlyPixel(
            slow=y,
            fast=x,
            reference=float(r[y, x]),
            candidate=float(c[y, x]),
            correlation_gain=float("nan") if broken[y, x] else float(gains[0][y, x]),
            sum_gain=float("nan") if broken[y, x] else float(gains[1][y, x]),
        )
        for y, x in places
    )


def _broken(r: Array, c: Array) -> NDArray[np.bool_]:
    """Where one image is NaN or infinite and the other is not the same."""
    return (~np.isfinite(r) | ~np.isfinite(c)) & (r != c) & ~(np.isnan(r) & np.isnan(c))


def _gains(r: Array, c: Array) -> tuple[Array, Array]:
    """For each pixel: correlation and |sum ratio − 1| gained if it alone were healed."""
    largest = max(float(np.abs(r).max()), float(np.abs(c).max())) or 1.0
    a = r / largest - float(r.mean()) / largest
    b = c / largest - float(r.mean()) / largest  # one origin for both: correlation does not mind, digits do
    change = a - b
    count = a.size
    sa, sb = float(a.sum()), float(b.sum())
    saa, sbb, sab = float(np.vdot(a, a)), float(np.vdot(b, b)), float(np.vdot(a, b))
    var_a = saa - sa * sa / count
    before = _pearson(sab - sa * sb / count, var_a, np.asarray(sbb - sb * sb / count))
    sb_after = sb + change
    after = _pearson(
        sab + a * change - sa * sb_after / count,
        var_a,
        sbb + a * a - b * b - sb_after * sb_after / count,
    )
    total = float(r.sum())
    if total == 0:
        return after - before, np.zeros_like(r)
    off = float(c.sum()) / total - 1
    return after - before, abs(off) - np.abs(off + (r - c) / total)


def _pearson(covariance: Array | float, var_a: float, var_b: Array) -> Array:
    scale = np.sqrt(np.maximum(var_a, 0.0) * np.maximum(var_b, 0.0))
    return np.where(scale > 0, covariance / np.where(scale > 0, scale, 1.0), 0.0)


def _rank(cost: Array, difference: Array, broken: NDArray[np.bool_]) -> Array:
    """One number to sort by: broken pixels, then those that cost, then those that only differ; 0 for equal
    ones.
    """
    largest = float(difference.max()) or 1.0
    floor = float(np.abs(cost).max()) * 1e-12 + np.finfo(np.float64).eps
    only = np.where(difference > 0, difference / largest * floor, 0.0)
    return np.where(broken, np.inf, np.where((cost > floor) & (difference > 0), cost, only))


def _apart(cost: Array, n: int, apart: int) -> list[tuple[int, int]]:
    """The `n` largest costs, none within `apart` pixels of a larger one; ties in raster order."""
    left = cost.copy()
    found: list[tuple[int, int]] = []
    while len(found) < n and left.size:
        y, x = (int(i) for i in np.unravel_index(int(np.argmax(left)), left.shape))
        if not left[y, x] > 0:
            break
        found.append((y, x))
        left[max(0, y - apart) : y + apart + 1, max(0, x - apart) : x + apart + 1] = 0
    return found


def selected(text: str) -> Callable[[tuple[int, int]], NDArray[np.int64]]:
    """What chooses the pixels (n x 2, slow and fast) of an image's shape: `all`, `roi:S0,S1,F0,F1`, or `S,F;S,F`.

    FirstbadError `pixel-choice` where the text makes no sense; the function raises `pixel-outside`.
    """
    numbers = [[int(n) for n in re.findall(r"\d+", part)] for part in text.removeprefix("roi:").split(";")]
    good = re.fullmatch(r"all|roi:\d+(,\d+){3}|\d+,\d+(;\d+,\d+)*", text.replace(" ", ""))
    if not good or (text.startswith("roi:") and (numbers[0][0] > numbers[0][1] or numbers[0][2] > numbers[0][3])):
        raise FirstbadError(
            f"{text.removeprefix('roi:')!r} names no pixels",
            remedy="Write --pixels 'slow,fast;slow,fast', --roi slow0,slow1,fast0,fast1, or --all.",
            slug="pixel-choice",
        )

    def choose(shape: tuple[int, int]) -> NDArray[np.int64]:
        if text == "all":
            return _box(0, shape[0] - 1, 0, shape[1] - 1)
        corners = [(numbers[0][1], numbers[0][3])] if text.startswith("roi:") else numbers
        outside = [(s, f) for s, f in corners if s >= shape[0] or f >= shape[1]]
        if outside:
            raise FirstbadError(
                f"pixel {outside[0][0]} {outside[0][1]} (slow, fast) is not on the detector of {shape[0]} × {shape[1]}",
                remedy="Count from 0; slow comes first.",
                slug="pixel-outside",
            )
        return _box(*numbers[0]) if text.startswith("roi:") else np.array(numbers, dtype=np.int64)

    return choose


def _box(s0: int, s1: int, f0: int, f1: int) -> NDArray[np.int64]:
    slow, fast = np.meshgrid(np.arange(s0, s1 + 1), np.arange(f0, f1 + 1), indexing="ij")
    return np.stack([slow.ravel(), fast.ravel()], axis=1).astype(np.int64)


def costly_groups(
    reference: Array, candidate: Array, groups: NDArray[np.int32], count: int
) -> tuple[CostlyPixel | None, ...]:
    """For each group 1..count of pixels (an image of their numbers) the pixel whose healing gains most, or None.

    Correlation and sum are counted alike, each relative to the largest gain in the image; a pixel that differs comes
    before one that does not, be it that healing it alone would cost. Values may be NaN where nothing was traced.
    A pixel that is NaN or infinite on one side comes first; it gains as if it were zero.
    """
    r, c = (np.where(np.isfinite(image), image, 0.0) for image in (reference, candidate))
    gains = _gains(r, c)
    cost = sum((g / (float(np.abs(g).max()) or 1.0) for g in gains), np.zeros_like(r))
    broken = _broken(reference, candidate)
    none = np.zeros_like(broken)  # of what is broken the costliest comes first, too: each gain counts one at most
    cost = np.where(broken, 4.0 + cost, _rank(cost, np.abs(r - c), none))
    found: list[CostlyPixel | None] = []
    for number in range(1, count + 1):
        inside = np.flatnonzero(groups == number)
        if not inside.size:
            found.append(None)
            continue
        y, x = divmod(int(inside[np.argmax(cost.flat[inside])]), groups.shape[1])
        found.append(
            CostlyPixel(
                y, x, float(reference[y, x]), float(candidate[y, x]), float(gains[0][y, x]), float(gains[1][y, x])
            )
        )
    return tuple(found)
