"""Peaks of an image pair: which are missing, new, moved, wider or brighter.

A peak is a pixel that no neighbour exceeds and that stands above the lowest pixel within four by several
times what rounding explains. Two heights (hysteresis) keep a peak at the threshold from being called missing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .image_noise import Array, Noise, local_minimum
from .image_stats import TINY

Index = NDArray[np.intp]
SEARCH = 4
WINDOW = 3
CLEAR, FAINT = 12.0, 4.0
GONE = 0.3  # of its height: on a ridge a dip of nothing makes a maximum, and no peak
NARROW = 0.1  # pixels: the radius of a lone bright pixel is nothing, and nothing has no ratio
NONE = -1


@dataclass(frozen=True, slots=True)
class Peaks:
    """Positions (n x 2: slow, fast), heights above the local background, and which are clearly peaks."""

    at: Index
    height: Array
    clear: NDArray[np.bool_]
    noise: Array


@dataclass(frozen=True, slots=True)
class Change:
    """One peak of the reference at (slow, fast) that is another one in the candidate, and by how much."""

    slow: int
    fast: int
    amount: float


@dataclass(frozen=True, slots=True)
class PeakReport:
    """What became of the reference's peaks. `moved` in pixels, `width` and `brightness` as ratios to the
    reference.
    """

    reference: int
    candidate: int
    matched: int
    missing: tuple[Change, ...]
    extra: tuple[Change, ...]
    moved: tuple[Change, ...]
    width: tuple[Change, ...]
    brightness: tuple[Change, ...]
    median_shift: float
    median_width: float


def find_peaks(image: Array, allowance: Array) -> Peaks:
    """All peaks of `image`, in raster order."""
    height = image - local_minimum(image, SEARCH)
    candidates = _is_maximum(image) & (height > FAINT * allowance) & (image > 0)
    at = np.argwhere(candidates)
    heights, allowed = height[candidates], allowance[candidates]
    return Peaks(at, heights, heights > CLEAR * allowed, allowed / np.maximum(heights, TINY))


def _is_maximum(image: Array) -> NDArray[np.bool_]:
    """Not exceeded by a neighbour; of equal ones the first in raster order."""
    padded = np.pad(image, 1, constant_values=-np.inf)
    rows, columns = image.shape
    top = np.ones(image.shape, dtype=np.bool_)
    for i in range(3):
        for j in range(3):
            neighbour = padded[i : i + rows, j : j + columns]
            top &= image > neighbour if (i, j) < (1, 1) else image >= neighbour
    return top


def pair(reference: Peaks, candidate: Peaks, shape: tuple[int, int]) -> Index:
    """For each reference peak the candidate's peak nearest to it within SEARCH pixels, each used once, or NONE."""
    label = np.full(shape, NONE, dtype=np.intp)
    label[candidate.at[:, 0], candidate.at[:, 1]] = np.arange(len(candidate.at))
    label = np.pad(label, SEARCH, constant_values=NONE)
    match = np.full(len(reference.at), NONE, dtype=np.intp)
    for dy, dx in _offsets():
        free = np.flatnonzero(match == NONE)
        places = reference.at[free] + (dy + SEARCH, dx + SEARCH)
        found = label[places[:, 0], places[:, 1]]
        hit = found != NONE
        match[free[hit]] = found[hit]
        label[places[hit, 0], places[hit, 1]] = NONE
    return match


def _offsets() -> list[tuple[int, int]]:
    reach = range(-SEARCH, SEARCH + 1)
    disc = [(y, x) for y in reach for x in reach if y * y + x * x <= SEARCH * SEARCH]
    return sorted(disc, key=lambda p: (p[0] * p[0] + p[1] * p[1], p))


def moments(image: Array, at: Index) -> tuple[Array, Array, Array]:
    """Sum, centroid offset (n x 2, pixels) and radius (pixels) of the 7 x 7 pixels around each place.

    The window's own lowest pixel is taken as background. Both images are measured in the same windows, so
    that a maximum that falls between two pixels is not a displacement.
    """
    padded = np.pad(image, WINDOW, mode="edge")
    steps = np.arange(-WINDOW, WINDOW + 1)
    rows, columns = (
        at[:, 0, None, None] + WINDOW + steps[:, None],
        at[:, 1, None, None] + WINDOW + steps[None, :],
    )
    window = padded[rows, columns]
    window = window - window.min(axis=(1, 2), keepdims=True)
    total = window.sum(axis=(1, 2))
    safe = np.maximum(total, TINY)
    y = (window * steps[:, None]).sum(axis=(1, 2)) / safe
    x = (window * steps[None, :]).sum(axis=(1, 2)) / safe
    square = steps[:, None] ** 2 + steps[None, :] ** 2
    spread = (window * square).sum(axis=(1, 2)) / safe - y * y - x * x
    return total, np.stack([y, x], axis=1), np.sqrt(np.maximum(spread, 0.0))


def compare_peaks(reference: Array, candidate: Array, allowance: Array, noise: Noise) -> PeakReport:
    """Find, pair and measure the peaks of both images."""
    ours, theirs = find_peaks(reference, allowance), find_peaks(candidate, noise.allowance(candidate))
    match = pair(ours, theirs, reference.shape)
    taken = np.zeros(len(theirs.at), dtype=np.bool_)
    taken[match[match != NONE]] = True
    change = candidate - reference
    lost = np.flatnonzero(ours.clear & (match == NONE) & (-_at(change, ours) > GONE * ours.height))
    new = np.flatnonzero(theirs.clear & ~taken & (_at(change, theirs) > GONE * theirs.height))
    kept = np.flatnonzero(ours.clear & (match != NONE))
    at, error = ours.at[kept], ours.noise[kept]
    mass_r, centre_r, width_r = moments(reference, at)
    mass_c, centre_c, width_c = moments(candidate, at)
    jump = _length((theirs.at[match[kept]] - at).astype(np.float64))
    shift: Array = np.where(jump >= 2, jump, _length(centre_c - centre_r))
    wider = _ratio(width_c, width_r, NARROW)
    brighter = _ratio(mass_c, mass_r, error * ours.height[kept])
    return PeakReport(
        reference=int(ours.clear.sum()),
        candidate=int(theirs.clear.sum()),
        matched=len(kept),
        missing=_changes(ours.at[lost], ours.height[lost]),
        extra=_changes(theirs.at[new], theirs.height[new]),
        moved=_beyond(at, shift, shift, 0.1 + 8 * error),
        width=_beyond(at, wider, np.abs(wider - 1), 0.01 + 8 * error),
        brightness=_beyond(at, brighter, np.abs(brighter - 1), 0.005 + 8 * error),
        median_shift=float(np.median(shift)) if kept.size else 0.0,
        median_width=float(np.median(wider)) if kept.size else 1.0,
    )


def _ratio(new: Array, old: Array, least: Array | float) -> Array:
    """new/old, where both count as at least so much: a lone pixel has no width, a plateau in a corner no sum."""
    return np.maximum(new, least) / np.maximum(old, least)


def _length(vectors: Array) -> Array:
    return np.sqrt(vectors[:, 0] ** 2 + vectors[:, 1] ** 2)


def _at(image: Array, peaks: Peaks) -> Array:
    return image[peaks.at[:, 0], peaks.at[:, 1]]


def _changes(at: Index, amount: Array) -> tuple[Change, ...]:
    order = np.argsort(-amount, kind="stable")
    return tuple(Change(int(at[i, 0]), int(at[i, 1]), float(amount[i])) for i in order)


def _beyond(at: Index, amount: Array, size: Array, limit: Array) -> tuple[Change, ...]:
    over = np.flatnonzero(size > limit)
    order = over[np.argsort(-size[over], kind="stable")]
    return tuple(Change(int(at[i, 0]), int(at[i, 1]), float(amount[i])) for i in order)
