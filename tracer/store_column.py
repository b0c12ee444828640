"""One column of a tile, as two stores hold it: where it differs, and by how much."""

from __future__ import annotations

from math import prod
from threading import local
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .store import MISSING, MISSING_BITS, Array

Mask = NDArray[np.bool_]


class Differing(NamedTuple):
    """A column of a tile that does not agree everywhere."""

    diverging: Mask
    size: Array
    missing: int = 0
    nan: int = 0
    lacking: bool = False
    """Some pixel lacks a value on either side."""


class Scratch(local):
    """Memory that a thread uses again for each column: to take fresh pages takes longer than what is done in them."""

    def __init__(self) -> None:
        self._held: dict[str, NDArray[Any]] = {}

    def array(self, use: str, shape: tuple[int, ...], kind: type = np.float64) -> NDArray[Any]:
        """An array of that shape, with the content of what was last called by the same name."""
        size = prod(shape)
        if use not in self._held or self._held[use].size < size:
            self._held[use] = np.empty(size, dtype=kind)
        return self._held[use][:size].reshape(shape)


def judge_column(a: Array, b: Array, relative: float, scratch: Scratch) -> Differing | None:
    """Judge one column of a tile, pixels x occurrences x components; most agree, and end at the first question.

    What is returned lies in memory of its own.
    """
    a, b = _padded(a, b)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        off = np.subtract(b, a, out=scratch.array("off", a.shape))
        np.abs(off, out=off)
        return None if _agree(a, off, relative, scratch) else _differing(a, b, off, relative, scratch)


def _padded(a: Array, b: Array) -> tuple[Array, Array]:
    """Both with as many occurrences and components as the larger one has; what is added is missing."""
    if a.shape == b.shape:
        return a, b
    shape = (len(a), max(a.shape[1], b.shape[1]), max(a.shape[2], b.shape[2]))
    out = np.full((2, *shape), MISSING)
    out[0, :, : a.shape[1], : a.shape[2]] = a
    out[1, :, : b.shape[1], : b.shape[2]] = b
    return out[0], out[1]


def _agree(a: Array, off: Array, relative: float, scratch: Scratch) -> bool:
    """Whether every number lies within `relative` of its own size, in few passes; never true of NaN or missing ones."""
    limit = np.multiply(a, relative, out=scratch.array("size", a.shape))
    np.abs(limit, out=limit)
    return bool(np.less_equal(off, limit, out=scratch.array("within", a.shape, np.bool_)).all())


def _differing(a: Array, b: Array, off: Array, limit: float, scratch: Scratch) -> Differing:
    """For each pixel the largest relative difference of its occurrences."""
    size = np.abs(a, out=scratch.array("size", a.shape))
    np.maximum(size, np.abs(b, out=scratch.array("other", b.shape)), out=size)
    if a.shape[2] > 1:
        off, size = off.max(axis=2), size.max(axis=2)
    else:
        off, size = off[:, :, 0], size[:, :, 0]
    np.copyto(size, 1.0, where=size == 0)
    relative = off / size
    if not np.isfinite(relative.max(initial=0.0)):
        return _odd(a, b, relative, limit)
    largest = relative.max(axis=1) if relative.shape[1] > 1 else relative[:, 0]
    return Differing(largest > limit, largest)


def _odd(a: Array, b: Array, relative: Array, limit: float) -> Differing:
    """NaN, infinite and missing values, which arithmetic cannot judge: equal if both are, else as far off
    as can be.
    """
    odd = ~np.isfinite(relative)
    gone = [(x.view(np.uint64) == MISSING_BITS).any(axis=2) for x in (a, b)]
    nans = [np.isnan(x).any(axis=2) & ~g for x, g in zip((a, b), gone, strict=True)]
    equal = ((a == b) | (np.isnan(a) & np.isnan(b))).all(axis=2) & (gone[0] == gone[1])
    largest = np.where(odd, np.where(equal, 0.0, np.inf), relative).max(axis=1)
    missing = gone[0] != gone[1]
    nan = ((nans[0] != nans[1]) & ~missing).any(axis=1)
    lacking = bool(gone[0].any() or gone[1].any())
    return Differing(largest > limit, largest, int(missing.any(axis=1).sum()), int(nan.sum()), lacking)
