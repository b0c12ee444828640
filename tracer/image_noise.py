"""What rounding may do to an intensity.

A diffraction intensity is the square of an amplitude, and an amplitude between two peaks is a small
difference of large ones: its error is a share of the *neighbouring* amplitudes, not of itself. With I the
intensity, L the largest one within a fringe or two, an amplitude error of `amplitude`·√L gives |ΔI| ≤
2·amplitude·√(I·L) + amplitude²·L.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .image_read import Image

Array = NDArray[np.float64]
UNDERFLOW = 2.0**-126  # images are written as float32: below its normal numbers lies zero in another word


@dataclass(frozen=True, slots=True)
class Noise:
    """How far two sound images may lie apart: `relative` of the pixel, `amplitude` of the local amplitude
    scale.

    The defaults cover a simulator in float32 beside one in float64 (phases good to about 1e-4).
    """

    relative: float = 3e-4
    amplitude: float = 1e-4

    def allowance(self, reference: Array) -> Array:
        """For each pixel the |difference| that rounding explains, in units of the image."""
        size = np.abs(reference)
        local = local_maximum(size, 8)
        root = np.sqrt(size) * np.sqrt(local)  # a product of SI units would overflow
        least = min(UNDERFLOW, 1e-20 * float(size.max()))
        return self.relative * size + 2 * self.amplitude * root + self.amplitude**2 * local + least


def local_maximum(image: Array, radius: int) -> Array:
    """The largest value within `radius` pixels (a square window), of the image's size."""
    return _slide(_slide(image, radius, 0, np.maximum), radius, 1, np.maximum)


def local_minimum(image: Array, radius: int) -> Array:
    """The smallest value within `radius` pixels (a square window), of the image's size."""
    return _slide(_slide(image, radius, 0, np.minimum), radius, 1, np.minimum)


def _slide(image: Array, radius: int, axis: int, pick: np.ufunc) -> Array:
    """Running extremum along one axis by doubling: log2(window) passes instead of one per neighbour."""
    width = 2 * radius + 1
    pad = [(0, 0), (0, 0)]
    pad[axis] = (radius, radius)
    out: Array = np.pad(image, pad, mode="edge")
    reach = 1
    while reach < width:
        step = min(reach, width - reach)
        length = out.shape[axis] - step
        out = pick(_cut(out, axis, 0, length), _cut(out, axis, step, length))
        reach += step
    return out


def _cut(image: Array, axis: int, start: int, length: int) -> Array:
    return image[start : start + length] if axis == 0 else image[:, start : start + length]


def as_float64(image: Image) -> Array:
    """The image in double, a view where it is already."""
    return np.asarray(image, dtype=np.float64)
