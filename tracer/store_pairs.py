"""What two stores have in common: the pixels that both hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .catalogue import Catalogue
from .store import Array, Pixels, Store
from .store_compare import StoreDiff
from .store_sums import Room, fail, summing


@dataclass(frozen=True)
class Part(Store):
    """Some pixels of a store: those of its `rows`."""

    rows: Pixels = field(default_factory=lambda: np.zeros(0, np.int64))

    def read(self, name: str, start: int = 0, stop: int | None = None, room: Room = np.empty) -> Array:
        """See `Store`; tile by tile, so that no more is held."""
        wanted = self.rows[start:stop]
        column = next(c for c in self.columns if c.name == name)
        found = room((len(wanted), column.occurrences, column.width))
        for tile in np.unique(wanted // self.tile):
            here = wanted[wanted // self.tile == tile]
            first = int(here.min())
            found[wanted // self.tile == tile] = super().read(name, first, int(here.max()) + 1)[here - first]
        return found


def common(reference: Store, candidate: Store) -> tuple[Store, Store, tuple[int, int]]:
    """Both at the pixels that both hold, and how many pixels each has alone.

    FirstbadError `store-pixels-differ` where there is no such pixel, `store-damaged` as `Store.verify`.
    """
    if reference.shape != candidate.shape:
        sizes = [f"{slow} x {fast}" for slow, fast in (reference.shape, candidate.shape)]
        message = (
            f"{reference.path} is of an image of {sizes[0]} pixels and {candidate.path} of {sizes[1]} (slow x fast)"
        )
        fail("store-pixels-differ", message, "Trace both with the same detector.")
    if np.array_equal(reference.pixels, candidate.pixels):
        return reference, candidate, (0, 0)
    places = [store.pixels[:, 0] * store.shape[1] + store.pixels[:, 1] for store in (reference, candidate)]
    shared, one, two = np.intersect1d(places[0], places[1], return_indices=True)
    if not shared.size:
        message = (
            f"{reference.path} and {candidate.path} have no pixel in common ({len(reference)} and {len(candidate)})"
        )
        fail("store-pixels-differ", message, "Trace the same pixels on both sides.")
    alone = (len(reference) - len(shared), len(candidate) - len(shared))
    return _part(reference, one), _part(candidate, two), alone


def _part(store: Store, rows: Pixels) -> Store:
    """The store at some rows, with the sums of what is read there; the whole is checked before."""
    if np.array_equal(rows, np.arange(len(store))):
        return store
    store.verify()
    said: dict[str, Any] = {**vars(store), "pixels": store.pixels[rows], "sums": {}, "rows": rows}
    part = Part(**said)
    return replace(part, sums={name: _sum(part, name) for name in part.names})


def _sum(part: Store, name: str) -> str:
    carry_on, crc = summing(part.kind), 0
    for start in range(0, len(part), part.tile):
        stop = min(len(part), start + part.tile)
        crc = carry_on(part.read(name, start, stop), crc)
    return f"{crc:08x}"


def named_only(
    reference: Store, candidate: Store, diff: StoreDiff, catalogue: Catalogue
) -> tuple[StoreDiff, tuple[str, ...]]:
    """The comparison with the words of stores of before November 2026, which their facts only name.

    What the other side does not even name is told as one-sided; of the others (the second value) nobody knows.
    """
    sides = [
        ({catalogue.canonical(n) for n in s.facts.get("words", "").split()}, {*map(catalogue.canonical, s.names)})
        for s in (reference, candidate)
    ]
    ours, theirs = (named | held for named, held in sides)
    named = sides[0][0], sides[1][0]
    untold = (named[0] & theirs) | (named[1] & ours)
    lone = [
        (*(n for n in names if catalogue.canonical(n) not in untold), *sorted(more))
        for names, more in ((diff.only_reference, named[0] - theirs), (diff.only_candidate, named[1] - ours))
    ]
    return replace(diff, only_reference=lone[0], only_candidate=lone[1]), tuple(sorted(untold))


def records_of(store: Store, catalogue: Catalogue) -> dict[str, int]:
    """How many records of each quantity a pixel of the store has at most."""
    return {catalogue.canonical(c.name): c.occurrences for c in store.columns}
