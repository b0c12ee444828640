"""Counts of pixels and peaks in words: one or several, and where the first of them lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def counted(number: int, one: str, several: str) -> str:
    """`1 peak is new`, `3 peaks are new`: the number before the words that go with it."""
    return f"{number} {one if number == 1 else several}"


def first_of(mask: NDArray[np.bool_]) -> str:
    """Where the pixels of a mask (slow x fast, not empty) lie: the only one, or the first of them."""
    slow, fast = np.unravel_index(int(np.argmax(mask)), mask.shape)
    return f"{'' if np.count_nonzero(mask) == 1 else 'the first '}at {slow} {fast} (slow fast)"
