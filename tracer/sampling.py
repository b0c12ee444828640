"""Whether two runs took the same samples of a pixel: else no record inside a pixel belongs to one of the other side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .catalogue import Catalogue

_PLACES = ("layer", "subpixel")
_STEPS = ("source", "phi", "mosaic")
STEPS = frozenset(_STEPS)
"""The loops inside a subpixel, of which a plain trace shows the first step alone."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """That one side holds more `subpixel`s of each pixel than the other, or more `step`s of each subpixel.

    No record of the one then stands for a record of the other: `unpaired` are the quantities of which that holds.
    """

    what: str
    reference: int
    candidate: int
    unpaired: frozenset[str]


def sampling(a: Mapping[str, int], b: Mapping[str, int], catalogue: Catalogue) -> Sampling | None:
    """How the two differ in it, from how many records of each quantity a pixel has; None where they do not.

    Most quantities of a scope must tell the same: a program that dropped some records has not sampled otherwise.
    """
    inner = {n: q.scope for n in a.keys() & b.keys() if (q := catalogue.get(n)) and q.scope in (*_PLACES, *_STEPS)}
    unpaired = frozenset(n for n in inner if a[n] != b[n])
    subpixels = _usual((a[n], b[n]) for n, scope in inner.items() if scope in _PLACES)
    if subpixels[0] != subpixels[1]:
        return Sampling("subpixel", *subpixels, unpaired)
    for scope in _STEPS:
        x, y = _usual((a[n], b[n]) for n, its in inner.items() if its == scope)
        if x != y:
            return Sampling("step", x // subpixels[0], y // subpixels[1], unpaired)
    return None


def _usual(pairs: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """The pair that more than half of them are; (1, 1) where there is none."""
    counts = Counter(pairs)
    pair, often = counts.most_common(1)[0] if counts else ((1, 1), 0)
    return pair if 2 * often > counts.total() else (1, 1)


def followers(names: Iterable[str], sampled: Sampling | None, catalogue: Catalogue) -> frozenset[str]:
    """Of the names those that are computed from what cannot be paired: that they differ says nothing of themselves."""
    unpaired = sampled.unpaired if sampled is not None else frozenset[str]()
    return frozenset(name for name in names if not unpaired.isdisjoint(catalogue.ancestors(name)))
