"""How much of an image's error heals when quantities are replaced, and the smallest set that heals it.

Pure arithmetic and search: `run` does the work, whoever gives it (the torch simulator with grafts, a store,
a formula).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from .image_noise import Array, as_float64
from .image_read import Image

Run = Callable[[frozenset[str]], float]


def image_error(reference: Image, candidate: Image) -> float:
    """Σ|candidate − reference| in units of the image. A pixel that is NaN or infinite on one side only
    counts as the largest reference intensity: it is wrong altogether, yet the sum stays a number.
    """
    r, c = as_float64(reference), as_float64(candidate)
    known = np.isfinite(r) & np.isfinite(c)
    off = np.abs(np.where(known, c, 0.0) - np.where(known, r, 0.0))
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


@dataclass(frozen=True, slots=True)
class Healing:
    """What `minimal_healing_set` found. `quantities` is empty where even all of them together do not heal.

    `healed` is the share of the error that they remove, `alone` the share each removes by itself, `runs`
    how often the program ran. No quantity can be left out of the set without the error coming back.
    """

    quantities: tuple[str, ...]
    healed: float
    before: float
    after: float
    runs: int
    alone: dict[str, float] = field(default_factory=dict[str, float])


def minimal_healing_set(quantities: Sequence[str], run: Run, enough: float = 0.999) -> Healing:
    """The set of grafts that heals at least `enough` of the error and of which each is needed.

    `run(set)` gives the error with these quantities replaced (not negative, 0 is none). Grafts are tried
    alone, then added with the most healing first until the error is gone, then each is left out again (n +
    2 runs and few more). Where grafts heal only together, halves of the full set are dropped as long as it
    still heals (ddmin).
    """
    search = _Search(run, enough)
    everything = tuple(dict.fromkeys(quantities))
    before = search.error(frozenset())
    if before == 0 or not search.heals(frozenset(everything)):
        return search.result((), {})
    alone = {q: search.healed(frozenset((q,))) for q in everything}
    greedy = _greedy(everything, alone, search)
    found = _shrink(greedy if greedy is not None else everything, search)
    return search.result(found, alone)


def _greedy(everything: tuple[str, ...], alone: dict[str, float], search: _Search) -> tuple[str, ...] | None:
    """Add the most healing first, as long as each step heals more; None where that ends before the error is
    gone.
    """
    chosen: tuple[str, ...] = ()
    for quantity in sorted(everything, key=lambda q: -alone[q]):
        if alone[quantity] <= 0:
            return None
        chosen = (*chosen, quantity)
        if search.heals(frozenset(chosen)):
            return chosen
    return None


def _shrink(found: tuple[str, ...], search: _Search) -> tuple[str, ...]:
    """Drop parts, large ones first, as long as the rest still heals; at the end no single one can go."""
    size = max(1, len(found) // 2)
    while True:
        dropped = False
        for start in range(0, len(found), size):
            rest = found[:start] + found[start + size :]
            if rest and search.heals(frozenset(rest)):
                found, dropped = rest, True
                break
        if not dropped and size == 1:
            return found
        size = min(size, max(1, len(found) // 2)) if dropped else size // 2


class _Search:
    """Runs each set once."""

    def __init__(self, run: Run, enough: float) -> None:
        self._run, self._enough = run, enough
        self._seen: dict[frozenset[str], float] = {}

    def error(self, grafts: frozenset[str]) -> float:
        if grafts not in self._seen:
            self._seen[grafts] = self._run(grafts)
        return self._seen[grafts]

    def healed(self, grafts: frozenset[str]) -> float:
        before = self.error(frozenset())
        return 1 - self.error(grafts) / before if before else 1.0

    def heals(self, grafts: frozenset[str]) -> bool:
        return self.healed(grafts) >= self._enough

    def result(self, found: tuple[str, ...], alone: dict[str, float]) -> Healing:
        grafts = frozenset(found)
        before, after = self.error(frozenset()), self.error(grafts)
        return Healing(found, self.healed(grafts) if found else 0.0, before, after, len(self._seen), alone)
