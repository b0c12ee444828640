"""Find every minimal set that matters among many points: which files, variables, hunks, flags bring the
failure.

A set of points is tried by standing on it alone. The empty set should be good, the full one bad. A set is
named when it is bad alone, no part of it is, and its removal from the full one takes the failure away. k
points that matter together among n cost about k · (log2(n) + 3) + 4 probes.

How: the smallest bad prefix of the points ends with one that is needed. That is an ordered search on a line
of growing sets, so it takes n probes at once and survives sets that cannot be tried. The found point is kept
and the next one sought among those before it, until the kept ones are bad alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ...tracer.errors import FirstbadError
from ..verdict import Candidates, Culprit, Flaky, Kind, NotHere, Result, Several, Verdict
from .minimal import Blocks, Minimiser, MissingError, Subset
from .tally import State, Tally

ENDS = ("the clean place", "everything together")
_TRIES = 4
_MOST_SETS = 8
_SMALL = 3  # sets up to this size are broken one point at a time, which also finds sets that overlap


class SubsetSearch:
    """All minimal subsets of `points` that bring the failure.

    `groups` maps a point to its group (a hunk to its file): whole groups are tried first. `hints` are points
    under suspicion, tried before the rest. `every=False` stops at sets that share no point. With `confirm`
    each decisive set answers twice. If the empty set gives no verdict, the points needed to run at all are
    found first. `ends` are what the evidence calls the empty and the full set.
    """

    def __init__(
        self,
        points: Sequence[str],
        *,
        groups: Mapping[str, str] | None = None,
        hints: Collection[str] = (),
        every: bool = True,
        confirm: bool = True,
        repair: bool = False,
        ends: tuple[str, str] = ENDS,
    ) -> None:
        self.ends = ends
        self.points: tuple[str, ...] = tuple(dict.fromkeys(points))
        if not self.points:
            raise FirstbadError(
                "there is nothing to search among",
                remedy="Give at least one file, variable, hunk or flag",
                slug="no-points",
            )
        self._groups, self._every, self._confirm = groups or {}, every, confirm
        self._hints = frozenset(hints) & frozenset(self.points)
        self._tally: Tally[Subset] = Tally(swapped=repair)
        self._minimiser = Minimiser(self._tally)
        self._known: Result | MissingError | None = None

    @property
    def remaining(self) -> int:
        """How many points the present step still has in question."""
        now = self._now()
        return now.left if isinstance(now, MissingError) else 0

    def record(self, point: Collection[str], verdict: Verdict) -> None:
        """Note the outcome of one probe of a set."""
        self._tally.add(frozenset(point), verdict)
        self._known = None

    def next(self, n: int = 1, running: Collection[Subset] = ()) -> list[Subset]:
        """Up to `n` sets to try now beside those of `running`; fewer where fewer are of use."""
        now = self._now()
        if n <= 0 or not isinstance(now, MissingError):
            return []
        if now.line is None:
            return [s for s in now.sets if s not in running][:n]
        line = now.line
        busy = [str(k) for s in running if (k := line.place(s)) is not None]
        return [line.at(int(k)) for k in line.search(self._tally.verdicts).next(n, busy)]

    def useless(self, running: Collection[Subset]) -> set[Subset]:
        """Those of `running` whose answer cannot matter any more."""
        now = self._now()
        if not isinstance(now, MissingError):
            return set(running)
        if now.line is None:
            return set(running) - set(now.sets)
        places = {s: str(k) for s in running if (k := now.line.place(s)) is not None}
        idle = now.line.search(self._tally.verdicts).useless(set(places.values()))
        return {s for s in running if s not in places or places[s] in idle}

    def result(self) -> Result | None:
        """Culprit for one point that matters alone, Several for other sets, or None while a probe is missing."""
        now = self._now()
        return None if isinstance(now, MissingError) else now

    def _now(self) -> Result | MissingError:
        if self._known is None:
            try:
                self._known = self._solve()
            except MissingError as missing:
                self._known = missing
        return self._known

    # ---- the procedure; every question may raise MissingError

    def _solve(self) -> Result:
        flaky = self._flaky()
        if flaky is not None:
            return flaky
        empty, full = frozenset[str](), frozenset(self.points)
        clean, whole = self._minimiser.states(empty, full)
        if whole is State.GOOD or clean is State.BAD:
            return NotHere(("both ends agree", self._say(full), self._say(empty)))
        if whole is State.SKIPPED:
            return Candidates(self.points, (), ("nothing is ruled out", self._say(full), self._say(empty)))
        base = empty
        if clean is State.SKIPPED:
            base = frozenset(self._minimiser.find(empty, self._levels(full), self._runs))
            if self._tally.state(base) is State.BAD:
                return self._inseparable(base)
        sets, removals, unsure = self._all_sets(base, full)
        self._twice([base.union(s) for s in sets] + removals, named=len({p for s in sets for p in s}))
        return self._conclude(base, full, sets, removals, unsure)

    def _all_sets(self, base: Subset, full: Subset) -> tuple[list[tuple[str, ...]], list[Subset], list[str]]:
        """Every minimal set, and the remainders that are good: what is left when one point of each set is
        out.

        Breadth first over ways to break the sets found so far; a remainder that is still bad holds another
        set (Reiter's hitting sets, 1987).
        """
        sets: list[tuple[str, ...]] = []
        goods: list[Subset] = []
        unsure: list[str] = []
        ways: list[Subset] = [frozenset()]
        while ways:
            out, *ways = ways
            if any(full - rest <= out for rest in goods):
                continue
            unbroken = next((s for s in sets if not out & set(s)), None)
            if unbroken is None:
                ahead = [full - w for w in ways if not any(not w & set(s) for s in sets)]
                rest = full - out
                state, *_ = self._minimiser.states(rest, *ahead)
                if state is State.GOOD:
                    goods.append(rest)
                    continue
                if state is State.SKIPPED:
                    unsure.append(self._say(rest))
                    continue
                if len(sets) == _MOST_SETS:
                    unsure.append(f"after {_MOST_SETS} sets the rest is still bad: more matter")
                    break
                unbroken = self._minimiser.find(base, self._levels(self._pool(base, rest)), self._tally.state)
                sets.append(unbroken)
            single = self._every and len(unbroken) <= _SMALL
            broken = [out | {p} for p in unbroken] if single else [out | set(unbroken)]
            ways += [w for w in broken if w not in ways]
        return sets, goods, unsure

    def _pool(self, base: Subset, rest: Subset) -> Subset:
        """Where to look: among the hints, if they alone are bad."""
        hinted = base | (self._hints & rest)
        if base < hinted < rest and self._minimiser.states(hinted) == [State.BAD]:
            rest = hinted
        return rest - base

    def _levels(self, pool: Subset) -> list[Blocks]:
        single = tuple((p,) for p in self.points if p in pool)
        grouped: dict[str, list[str]] = {}
        for (p,) in single:
            grouped.setdefault(self._groups.get(p, p), []).append(p)
        blocks = tuple(tuple(g) for g in grouped.values())
        return [single] if len(blocks) in (1, len(single)) else [blocks, single]

    def _runs(self, points: Subset) -> State:
        """Judge of the search for what is needed to run at all."""
        state = self._tally.state(points)
        return {State.SKIPPED: State.GOOD, State.GOOD: State.BAD}.get(state, state)

    def _inseparable(self, base: Subset) -> Result:
        """What is needed to run at all is bad as it is; say whose removal helps."""
        full = frozenset(self.points)
        names = [p for p in self.points if p in base]
        states = self._minimiser.states(*(full - {p} for p in names))
        cured = [p for p, s in zip(names, states, strict=True) if s is State.GOOD]
        said = [self._say(frozenset()), self._say(base), *(self._say(full - {p}) for p in names)]
        return Candidates(tuple(cured or names), (), ("without these there is no verdict", *said))

    def _twice(self, sets: list[Subset], named: int) -> None:
        if not self._confirm:
            return
        again = [s for s in sets if self._tally.answers(s) < 2 and len(self._tally.verdicts[s]) < _TRIES]
        if again:
            raise MissingError(list(dict.fromkeys(again)), left=named)

    # ---- words

    def _conclude(
        self,
        base: Subset,
        full: Subset,
        sets: list[tuple[str, ...]],
        removals: list[Subset],
        unsure: list[str],
    ) -> Result:
        said = [self._say(base), self._say(full), *(self._alone(base.union(s)) for s in sets)]
        said += [self._say(r) for r in removals] + unsure
        ordered = tuple(tuple(p for p in self.points if p in s) for s in sets)
        if unsure and not removals:
            return Candidates(tuple(p for s in ordered for p in s), (), tuple(said))
        if len(ordered) == 1 and len(ordered[0]) == 1:
            return Culprit(ordered[0][0], (), tuple(said))
        return Several(ordered, tuple(said))

    def _flaky(self) -> Flaky | None:
        mixed = self._tally.mixed()
        if mixed is None:
            return None
        good, bad = (self._tally.count(mixed, k) for k in (Kind.GOOD, Kind.BAD))
        return Flaky(self._name(mixed), good, bad, ("the same set answered differently", self._say(mixed)))

    def _say(self, points: Subset) -> str:
        return self._tally.say(points, self._name(points))

    def _alone(self, points: Subset) -> str:
        return self._tally.say(points, "only " + ", ".join(p for p in self.points if p in points))

    def _name(self, points: Subset) -> str:
        """What a set is called: by what is in it, or by what is left out of it."""
        out = [p for p in self.points if p not in points]
        if not out:
            return self.ends[1]
        if not points:
            return self.ends[0]
        if len(out) < len(points):
            return "everything without " + ", ".join(out)
        return "only " + ", ".join(p for p in self.points if p in points)
