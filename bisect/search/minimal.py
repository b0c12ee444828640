"""The smallest sets that matter, as a plain procedure over answers; a missing answer interrupts it.

`Minimiser.find` reads like a program that can try sets at will. Where a verdict is not there yet it raises
`MissingError`, which says what to try; with the verdict recorded the procedure runs again from the start and
comes further. So the whole state of a search is the verdicts themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

from ..verdict import Candidates, Culprit, Kind, Verdict
from .ordered import OrderedSearch
from .tally import State, Tally

Subset = frozenset[str]
Judge = Callable[[Subset], State]
Blocks = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Line:
    """Growing sets: `base`, then one more block of `order` at a time, searched as a history without branches."""

    base: Subset
    order: Blocks
    judge: Judge

    def at(self, k: int) -> Subset:
        """The set after `k` blocks."""
        return self.base.union(*self.order[:k])

    def place(self, points: Subset) -> int | None:
        """After how many blocks the line stands at `points`, if it ever does."""
        if not self.base <= points:
            return None
        added = points - self.base
        k = 1 + max((self._block_of.get(p, len(self.order)) for p in added), default=-1)
        return k if k <= len(self.order) and self._sizes[k] == len(added) else None

    @cached_property
    def _block_of(self) -> dict[str, int]:
        return {p: i for i, block in enumerate(self.order) for p in block}

    @cached_property
    def _sizes(self) -> list[int]:
        """How many points each prefix adds to the base."""
        return [0, *accumulate(len(set(block) - self.base) for block in self.order)]

    def search(self, tried: Iterable[Subset]) -> OrderedSearch:
        """The search for the first block that makes it bad, told everything that was tried so far.

        Point `k` is the set after k blocks. What lies before the empty line counts as good: where the base
        itself gives no verdict, the claim then reaches down to it.
        """
        parents = {str(k): (str(k - 1),) for k in range(len(self.order) + 1)}
        search = OrderedSearch(parents, ["-1"], str(len(self.order)))
        search.record("-1", Verdict(Kind.GOOD))
        for points in tried:
            k = self.place(points)
            if k is not None and (state := self.judge(points)) in _VERDICT:
                search.record(str(k), _VERDICT[state])
        return search


_VERDICT = {
    State.GOOD: Verdict(Kind.GOOD),
    State.BAD: Verdict(Kind.BAD),
    State.SKIPPED: Verdict(Kind.NO_DATA),
}


class MissingError(Exception):
    """Not an error: the verdicts of `sets` are missing, or `line` goes on; `left` points are still in
    question.
    """

    def __init__(self, sets: Sequence[Subset], line: Line | None = None, left: int = 0) -> None:
        super().__init__("verdicts are missing")
        self.sets, self.line, self.left = list(sets), line, left


class Minimiser:
    """Finds minimal bad sets with what `tally` knows."""

    def __init__(self, tally: Tally[Subset]) -> None:
        self._tally = tally

    def states(self, *sets: Subset) -> list[State]:
        """The states of all `sets`; raises MissingError for those not tried."""
        untried = [s for s in sets if self._tally.state(s) is State.UNTESTED]
        if untried:
            raise MissingError(list(dict.fromkeys(untried)), left=max(map(len, untried)))
        return [self._tally.state(s) for s in sets]

    def find(self, base: Subset, levels: Sequence[Blocks], judge: Judge) -> tuple[str, ...]:
        """A minimal set of points that is bad on top of `base`, from blocks that are bad all together.

        `levels` lists the same points in coarse and then finer blocks (files, then hunks); only blocks found
        to matter are looked into. `judge` reads a verdict as good or bad.
        """
        inside: Collection[str] = {p for block in levels[0] for p in block}
        kept: list[tuple[str, ...]] = []
        grouped = False
        for blocks in levels:
            trimmed = (tuple(p for p in block if p in inside) for block in blocks)
            kept, grouped = self._needed(base, tuple(b for b in trimmed if b), judge)
            inside = {p for block in kept for p in block}
        return self._shrink(base, tuple(p for block in kept for p in block), judge, grouped)

    def _needed(self, base: Subset, pool: Blocks, judge: Judge) -> tuple[list[tuple[str, ...]], bool]:
        """Blocks of `pool` that are bad together; whether some could only be taken as a group."""
        kept: list[tuple[str, ...]] = []
        grouped = False
        while True:
            standing = base.union(*kept)
            if kept and self._judged(standing, judge) is State.BAD:
                return kept, grouped
            first, last = self._first_bad(Line(standing, pool, judge))
            grouped = grouped or last - first > 1
            kept += pool[first:last]
            pool = pool[:first]

    def _first_bad(self, line: Line) -> tuple[int, int]:
        """The blocks [first, last) that turn it bad: one, or several where what lies between gives no
        verdict.
        """
        search = line.search(self._tally.verdicts)
        result = search.result()
        if result is None:
            raise MissingError([], line, search.remaining)
        if isinstance(result, Culprit):
            return max(int(result.point) - 1, 0), int(result.point)
        assert isinstance(result, Candidates)
        places = [int(p) for p in result.points]
        return max(min(places) - 1, 0), max(places)

    def _judged(self, points: Subset, judge: Judge) -> State:
        self.states(points)
        return judge(points)

    def _shrink(self, base: Subset, kept: tuple[str, ...], judge: Judge, grouped: bool) -> tuple[str, ...]:
        """Leave out what is not needed until nothing can be left out (delta debugging, Zeller 2002).

        A set found block by block is minimal unless the failure is not monotone; leaving out each point
        proves it.
        """
        parts = 2 if grouped else len(kept)
        while len(kept) > 1:
            parts = min(parts, len(kept))
            smaller = self._first_smaller(base, _trials(kept, parts, alone=grouped), judge)
            if smaller is not None:
                kept, parts = smaller, max(parts - 1, 2)
            elif parts == len(kept):
                break
            else:
                parts = min(2 * parts, len(kept))
        return kept

    def _first_smaller(self, base: Subset, trials: list[tuple[str, ...]], judge: Judge) -> tuple[str, ...] | None:
        for i, trial in enumerate(trials):
            points = base.union(trial)
            if self._tally.state(points) is State.UNTESTED:
                rest = [base.union(t) for t in trials[i:]]
                untried = [s for s in rest if self._tally.state(s) is State.UNTESTED]
                raise MissingError(untried, left=len(trial) + 1)
            if judge(points) is State.BAD:
                return trial
        return None


def _trials(kept: tuple[str, ...], parts: int, alone: bool) -> list[tuple[str, ...]]:
    """`kept` cut into `parts`: all but one part, and first, if asked, each part alone."""
    bounds = list(pairwise(len(kept) * i // parts for i in range(parts + 1)))
    pieces = [kept[a:b] for a, b in bounds] if alone else []
    return list(dict.fromkeys([*pieces, *(kept[:a] + kept[b:] for a, b in bounds)]))
