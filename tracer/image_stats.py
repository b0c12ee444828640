"""The headline numbers of an image pair, and its residuals sorted by intensity and by place."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np

from .image_noise import Array

TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True, slots=True)
class Decade:
    """All pixels whose reference intensity lies in [10^exponent, 10^(exponent+1)).

    `bias` is Σcandidate/Σreference − 1, `rms` the root mean square of (candidate − reference)/reference,
    `beyond` the share of pixels that differ by more than rounding explains.
    """

    exponent: int
    pixels: int
    bias: float
    rms: float
    beyond: float
    excess: float


@dataclass(frozen=True, slots=True)
class Block:
    """A rectangle of pixels, half open; `excess` is Σ|difference| over what rounding explains, `bias` as in
    Decade.
    """

    slow: tuple[int, int]
    fast: tuple[int, int]
    excess: float
    bias: float


def correlation(reference: Array, candidate: Array) -> float:
    """Pearson's correlation over all pixels; nan where one image is constant."""
    a = _centred(reference)
    b = _centred(candidate)
    scale = sqrt(float(np.vdot(a, a))) * sqrt(float(np.vdot(b, b)))
    return max(-1.0, min(1.0, float(np.vdot(a, b)) / scale)) if scale > 0 else nan


def _centred(image: Array) -> Array:
    """Scaled first: sums of squares must not overflow, nor underflow for images in SI units."""
    if image.min() == image.max():
        return np.zeros_like(image)
    scaled = image / float(np.abs(image).max())
    return scaled - scaled.mean()


def sum_ratio(reference: Array, candidate: Array) -> float:
    """Σcandidate / Σreference; nan where the reference sums to zero."""
    total = float(reference.sum())
    return float(candidate.sum()) / total if total != 0 else nan


def log_correlation(reference: Array, candidate: Array, allowance: Array) -> tuple[float, float]:
    """Pearson's correlation of log10 intensity and the rms log difference.

    Weak pixels count as much as strong ones. A value below what rounding may leave there is lifted to that
    level.
    """
    least = np.maximum(allowance, TINY)
    a = np.log10(np.maximum(reference, least))
    b = np.log10(np.maximum(candidate, least))
    return correlation(a, b), float(np.sqrt(np.mean((a - b) ** 2)))


def by_decade(reference: Array, candidate: Array, allowance: Array) -> tuple[Decade, ...]:
    """Residuals for each decade of |reference|, brightest first; pixels where it is zero are left out."""
    size = np.abs(reference).ravel()
    lit = np.flatnonzero(size > 0)
    if not lit.size:
        return ()
    size, difference = size[lit], (candidate - reference).ravel()[lit]
    exponents = np.floor(np.log10(size)).astype(np.int64)
    lowest = int(exponents.min())
    index = exponents - lowest
    allowed = allowance.ravel()[lit]
    with np.errstate(over="ignore"):  # a pixel that has exploded is infinitely far off, and named by others
        squared = (difference / size) ** 2
    sums = [
        np.bincount(index, weights=weights)
        for weights in (
            np.ones_like(size),
            difference,
            size,
            squared,
            (np.abs(difference) > allowed).astype(np.float64),
            allowed,
            np.abs(difference),
        )
    ]
    found: list[Decade] = []
    for i, (count, bias, total, squares, beyond, allow, absolute) in enumerate(zip(*sums, strict=True)):
        if count:
            excess = float(absolute / allow) if allow > 0 else 0.0
            found.append(Decade(i + lowest, int(count), bias / total, sqrt(squares / count), beyond / count, excess))
    return tuple(reversed(found))


def block_edges(length: int, size: int) -> list[int]:
    """Starts of blocks of `size`; the last block takes the rest."""
    return [size * i for i in range(max(1, length // size))]


def block_sums(values: Array, slow: list[int], fast: list[int]) -> Array:
    """Σ over each block that starts at the given rows and columns."""
    rows = np.add.reduceat(values, slow, axis=0)
    return np.add.reduceat(rows, fast, axis=1)


def worst_block(reference: Array, candidate: Array, allowance: Array, size: int) -> Block:
    """The block of `size` x `size` pixels whose residual exceeds most what rounding explains."""
    slow, fast = block_edges(reference.shape[0], size), block_edges(reference.shape[1], size)
    allowed = np.maximum(block_sums(allowance, slow, fast), TINY)
    excess = block_sums(np.abs(candidate - reference), slow, fast) / allowed
    i, j = (int(k) for k in np.unravel_index(int(np.argmax(excess)), excess.shape))
    rows = (slow[i], [*slow, reference.shape[0]][i + 1])
    columns = (fast[j], [*fast, reference.shape[1]][j + 1])
    inside = np.s_[rows[0] : rows[1], columns[0] : columns[1]]
    total = float(reference[inside].sum())
    change = float((candidate[inside] - reference[inside]).sum())
    return Block(rows, columns, float(excess[i, j]), change / total if total else nan)


def odd_line(reference: Array, candidate: Array, allowance: Array, axis: int) -> tuple[int, float] | None:
    """The row (axis 0) or column (1) that differs though the lines three before and after do not; and its
    excess.
    """
    across = 1 - axis
    difference = np.abs(candidate - reference)
    excess = difference.sum(axis=across) / np.maximum(allowance.sum(axis=across), TINY)
    if len(excess) < 8:
        return None
    padded = np.pad(excess, 3, mode="reflect")
    beside = np.maximum.reduce([padded[:-6], padded[1:-5], padded[5:-1], padded[6:]])
    many = (difference > allowance).sum(axis=across) >= 8
    odd = np.where(many & (excess > 0.5) & (excess > 5 * beside), excess, 0.0)
    worst = int(np.argmax(odd))
    return (worst, float(odd[worst])) if odd[worst] > 0 else None
