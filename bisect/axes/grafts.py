"""Grafts as points: quantities of the candidate that are replaced by the reference's values.

With nothing replaced the candidate is bad; with every suspect replaced it should be good. The smallest sets of
quantities whose replacement heals it are what is wrong with the candidate, proved by the result and not by guessing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ...tracer.errors import FirstbadError
from ..search.drive import run_serial
from ..search.subsets import SubsetSearch
from ..verdict import Culprit, Kind, Several, Verdict

Run = Callable[[frozenset[str]], float]
ENDS = ("the candidate as it is", "everything grafted")


@dataclass(frozen=True, slots=True)
class Healing:
    """Every smallest set that heals, the smallest first; no `sets` where even all of them together do not.

    `healed` is the share of the error that the first set removes, which was `before` and is `after`; `alone` the share
    that each quantity removes by itself, `runs` how often the program ran. Of no set can a quantity be left out.
    """

    sets: tuple[tuple[str, ...], ...]
    healed: float
    before: float
    after: float
    runs: int
    alone: dict[str, float] = field(default_factory=dict[str, float])
    evidence: tuple[str, ...] = ()

    @property
    def quantities(self) -> tuple[str, ...]:
        """The first set."""
        return self.sets[0] if self.sets else ()


class GraftAxis:
    """`run` computes with the given quantities grafted and returns the error (not negative, 0 is none).

    A set heals that takes away at least the share `enough` of the error. Suspects are usually the origins of a diff:
    everything computed from a culprit heals the result too, and would be named beside it.
    """

    def __init__(self, quantities: Sequence[str], run: Run, enough: float = 0.999) -> None:
        self.points = tuple(dict.fromkeys(quantities))
        self._run, self._enough = run, enough
        self._seen: dict[frozenset[str], float] = {}

    @property
    def runs(self) -> int:
        """How often the program ran: each set once."""
        return len(self._seen)

    def error(self, grafted: frozenset[str] = frozenset()) -> float:
        """What is left with these grafts; nan where the run gave no number."""
        if grafted not in self._seen:
            self._seen[grafted] = self._run(grafted)
        return self._seen[grafted]

    def healed(self, grafted: frozenset[str]) -> float:
        """Which share of the error these grafts take away: 1 all, 0 nothing, below 0 where it grows."""
        before = self.error()
        return 1 - self.error(grafted) / before if before else 1.0

    def search(self) -> SubsetSearch:
        """The search for the smallest sets of grafts that heal; what heals a part by itself is looked at first."""
        search = SubsetSearch(self.points, hints=self._helpful(), confirm=False, repair=True, ends=ENDS)
        for grafted in self._seen:
            search.record(grafted, self.probe(grafted))
        return search

    def probe(self, grafted: frozenset[str]) -> Verdict:
        """Run with these grafts; an error we know is a verdict with its sentence, no number is NO_DATA."""
        try:
            share = self.healed(grafted)
        except FirstbadError as problem:
            return Verdict(Kind.CANNOT_RUN, str(problem))
        if math.isnan(share):
            return Verdict(Kind.NO_DATA, "the run gave no number")
        kind = Kind.GOOD if share >= self._enough else Kind.BAD
        return Verdict(kind, f"{100 * share:.4g} % healed", measure={"healed": share})

    def _helpful(self) -> list[str]:
        return [q for q in self.points if frozenset([q]) in self._seen and self.healed(frozenset([q])) > 0]


def healing_sets(quantities: Sequence[str], run: Run, enough: float = 0.999) -> Healing:
    """Every smallest set of grafts that heals at least `enough` of the error (at most eight of them).

    Both ends are run, then each quantity by itself, then the sets between that the search asks for.
    """
    axis = GraftAxis(quantities, run, enough)
    before, everything = axis.error(), frozenset(axis.points)
    if before == 0 or not axis.points:
        return Healing((), 1.0 if before == 0 else 0.0, before, before, axis.runs)
    if axis.probe(everything).kind is not Kind.GOOD:
        return Healing((), 0.0, before, before, axis.runs, evidence=(axis.probe(everything).reason,))
    alone = {q: axis.healed(frozenset([q])) for q in axis.points}
    result = run_serial(axis.search(), axis.probe).result
    sets = ((result.point,),) if isinstance(result, Culprit) else result.sets if isinstance(result, Several) else ()
    each = [tuple(sorted(s, key=lambda q: -alone[q])) for s in sets]
    each.sort(key=lambda s: (len(s), -axis.healed(frozenset(s))))
    first = frozenset(each[0] if each else ())
    return Healing(tuple(each), axis.healed(first), before, axis.error(first), axis.runs, alone, tuple(result.evidence))
