"""How much of an image's error heals when quantities are replaced. Pure arithmetic."""

from __future__ import annotations

import numpy as np

from .image_noise import Array, as_float64
from .image_read import Image


def image_error(reference: Image, candidate: Image, granted: Array | float = 0.0) -> float:
    """Σ|candidate − reference| in units of the image, but of pixels where rounding explains it, by which the two are
    `granted` to differ: no graft heals that. A pixel that is NaN or infinite on one side only
    counts as the largest reference intensity: it is wrong altogether, yet the sum stays a number.
    """
    r, c = as_float64(reference), as_float64(candidate)
    known = np.isfinite(r) & np.isfinite(c)
    off = np.abs(np.where(known, c, 0.0) - np.where(known, r, 0.0))
    off = np.where(off <= granted, 0.0, off)
    same = (r == c) | (np.isnan(r) & np.isnan(c))
    return float(off.sum()) + float((~known & ~same).sum()) * _largest(r)


def _largest(image: Array) -> float:
    finite = np.abs(image[np.isfinite(image)])
    return float(finite.max()) if finite.size and finite.max() > 0 else 1.0


def healed_fraction(reference: Image, candidate: Image, grafted: Image) -> float:
    """Which share of the candidate's error is gone in the grafted run: 1 all, 0 none, negative if it grew.

    Of an image that had no error, 1 if it still has none, else minus infinity.
    """
    before, after = image_error(reference, candidate), image_error(reference, grafted)
    if before == 0:
        return 1.0 if after == 0 else float("-inf")
    return 1 - after / before
