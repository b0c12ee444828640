"""Counts at a tie: sound images of whole numbers differ by one where rounding puts a value on either side of a half.

A value that is off by a share of a count becomes another count with that probability. So of pixels that may be off by
`allowance` about its sum may differ by one, and no more: a constant, a region, a row or a decade of intensity that is
one count off has far too many such pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log

import numpy as np
from numpy.typing import NDArray

from .image_noise import Array

LUCK = 1e-3
"""So many pixels at a tie must be likelier than this wherever they lie."""
SHARE = 0.5
"""On average sound images lie apart by less than this share of what rounding may do (image_findings.ENOUGH)."""


def without_ties(reference: Array, candidate: Array, allowance: Array, size: int) -> Array:
    """The candidate with the reference's counts, where both hold whole numbers alone and differ as rounding makes them.

    As it is where anything else differs: what is wrong is then told by all that it changed. `size`: of the blocks
    that are looked at (image_stats.py).
    """
    if not (is_whole(reference) and is_whole(candidate)):
        return candidate
    off = np.abs(candidate - reference)
    tie = off > allowance
    unlike = (candidate < 0) != (reference < 0)  # half a count below zero is no rounding of an intensity
    if not tie.any() or (tie & ((off > allowance + 1) | unlike)).any():
        return candidate
    mean = SHARE * np.minimum(allowance, 1.0).ravel()
    for place in _groups(reference, size):
        count = np.bincount(place[tie.ravel()], minlength=int(place.max()) + 1)
        if not _likely(count, np.bincount(place, weights=mean).astype(np.float64)):
            return candidate
    return np.where(tie, reference, candidate)


def is_whole(image: Array) -> bool:
    """Whether all values are whole numbers."""
    return bool((image == np.rint(image)).all())


def _groups(reference: Array, size: int) -> Iterator[NDArray[np.int64]]:
    """For each pixel the number of its group: the whole image, its decade, row, column and block."""
    rows, columns = (axis.ravel() for axis in np.indices(reference.shape))
    yield np.zeros_like(rows)
    yield np.floor(np.log10(np.maximum(np.abs(reference), 1.0))).astype(np.int64).ravel()
    yield rows
    yield columns
    yield rows // size * reference.shape[1] + columns // size


def _likely(count: NDArray[np.int64], mean: Array) -> bool:
    """Whether as many or more of a Poisson process are a surprise in no group (by Chernoff's bound)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(count > mean, count - mean + count * np.log(mean / count), 0.0)
    return bool((chance > log(LUCK)).all())
