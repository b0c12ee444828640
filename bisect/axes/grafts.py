"""Grafts as points: quantities of the candidate that are replaced by the reference's values.

With nothing replaced the candidate is bad; with every suspect replaced it should be good. The smallest set of
quantities whose replacement heals it is what is wrong with the candidate, proved by the result and not by guessing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from ...tracer.errors import FirstbadError
from ..search.subsets import SubsetSearch
from ..verdict import Kind, Verdict

Run = Callable[[frozenset[str]], float]


class GraftAxis:
    """`run` computes with the given quantities grafted and returns the measure (a correlation, say).

    A measure of at least `good_from` (or, with `lower_is_better`, of at most it) is good. Suspects are usually the
    origins of a diff: everything computed from a culprit heals the result too, and would be named beside it.
    """

    def __init__(self, quantities: Sequence[str], run: Run, good_from: float, *, lower_is_better: bool = False) -> None:
        self.points = tuple(dict.fromkeys(quantities))
        self._run, self._good_from, self._lower = run, good_from, lower_is_better
        self._seen: dict[frozenset[str], float] = {}

    def search(self, *, every: bool = True, confirm: bool = False) -> SubsetSearch:
        """The search for the smallest sets of grafts that heal."""
        return SubsetSearch(self.points, every=every, confirm=confirm, repair=True)

    def probe(self, grafted: frozenset[str]) -> Verdict:
        """Run with these grafts; an error we know is a verdict with its sentence, no number is NO_DATA."""
        try:
            value = self._measure(grafted)
        except FirstbadError as problem:
            return Verdict(Kind.CANNOT_RUN, str(problem))
        if math.isnan(value):
            return Verdict(Kind.NO_DATA, "the run gave no number")
        good = value <= self._good_from if self._lower else value >= self._good_from
        return Verdict(Kind.GOOD if good else Kind.BAD, f"{value:.6g}", measure={"measure": value})

    def healed(self, grafted: frozenset[str], perfect: float = 1.0) -> float:
        """Which share of the way from the plain candidate to `perfect` these grafts go; 1 heals all, 0 nothing."""
        plain = self._measure(frozenset())
        return (self._measure(grafted) - plain) / (perfect - plain) if plain != perfect else 1.0

    def ranked(self, perfect: float = 1.0) -> list[tuple[str, float]]:
        """Every quantity with what its graft alone heals, the most healing first."""
        alone = [(q, self.healed(frozenset([q]), perfect)) for q in self.points]
        return sorted(alone, key=lambda pair: -pair[1])

    def _measure(self, grafted: frozenset[str]) -> float:
        if grafted not in self._seen:
            self._seen[grafted] = self._run(grafted)
        return self._seen[grafted]
