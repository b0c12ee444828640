"""Search a history (a DAG with merges) for the point where good became bad, or bad good.

The search is a value: a pure function of the answers recorded so far. A serial driver asks for one point at a
time, a parallel one for as many as it has free workers; killing and resuming it means recording the old
answers again.

    search = OrderedSearch(parents, good=["v1"], bad="v2")
    while (result := search.result()) is None:
        (point,) = search.next()
        search.record(point, probe(point))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest

from ...tracer.errors import FirstbadError
from ..verdict import Kind, Result, Verdict
from .claims import conclude, hopeless
from .focus import Focus, focus
from .graph import History
from .split import choose
from .tally import State, Tally
from .weigh import coarse, exact, trust

_SWAPPED = {State.GOOD: State.BAD, State.BAD: State.GOOD}
_COARSE = 4096  # above this many untested points only the first-parent line is tried (exact masks cost n² bits)
_DOUBT = 0.001  # doubt left of an accusation, if answers were unsteady at all
_MOST_TIMES = 8
_TRIES = 2  # so many answers less than asked for are put up with before a confirmation is given up


class OrderedSearch:
    """Find the earliest changed point between `good` and `bad`.

    `parents` maps a point to its parents (roots to none); points it lacks are boundaries about which nothing
    is known. Verdicts that do not decide are skips. `patience` bounds how many broken points of one block are
    tried before those enclosed by them are given up (they stay in the named set). With `confirm` the culprit and its
    parents must answer the same twice, a parent more often where its one answer ruled out many points; a number asks
    for just so many answers. Raises FirstbadError where `bad` is unknown or not after `good`.
    """

    def __init__(
        self,
        parents: Mapping[str, Sequence[str]],
        good: Collection[str],
        bad: str,
        *,
        confirm: bool | int = False,
        patience: int = 24,
    ) -> None:
        self._set_up(parents, list(dict.fromkeys(good)), bad, confirm=confirm, patience=patience, repair=False)

    @classmethod
    def repair(
        cls,
        parents: Mapping[str, Sequence[str]],
        bad: Collection[str],
        good: str,
        *,
        confirm: bool | int = False,
        patience: int = 24,
    ) -> OrderedSearch:
        """The other way round: which point repaired what is bad in `bad` and good in `good`."""
        search = cls.__new__(cls)
        search._set_up(parents, list(dict.fromkeys(bad)), good, confirm=confirm, patience=patience, repair=True)
        return search

    def _set_up(
        self,
        parents: Mapping[str, Sequence[str]],
        old: list[str],
        new: str,
        *,
        confirm: int,
        patience: int,
        repair: bool,
    ) -> None:
        self._parents, self._old, self._new = parents, old, new
        self._confirm, self._patience, self._repair = confirm, patience, repair
        self._history = _history(parents, old, new)
        self._tally: Tally[str] = Tally()
        self._known: list[Focus] | None = None

    @property
    def points(self) -> tuple[str, ...]:
        """Everything that may be accused, parents first."""
        return tuple(n for i, n in enumerate(self._history.names) if i not in self._history.edge)

    @property
    def suspects(self) -> frozenset[str]:
        """The points that may still be the culprit."""
        return frozenset(self._history.names[i] for f in self._foci() for i in f.suspects)

    @property
    def remaining(self) -> int:
        """How many points may still be the culprit."""
        return len(self.suspects)

    @property
    def skipped(self) -> tuple[str, ...]:
        """The points that were tried and gave no deciding answer."""
        return tuple(p for p in self._tally.verdicts if self._tally.state(p) is State.SKIPPED)

    def record(self, point: str, verdict: Verdict) -> None:
        """Note the outcome of one probe; the order of the calls does not matter."""
        self._tally.add(point, verdict)
        self._known = None
        if point in self._old and self._state(point) is State.BAD:
            firm = [p for p in self._old if self._state(p) is not State.BAD]
            if firm and self._state(self._new) is not State.GOOD:
                self._history = _history(self._parents, firm, self._new)

    def next(self, n: int = 1, running: Collection[str] = ()) -> list[str]:
        """Up to `n` points to try now, beside those that `running` names; both ends come first.

        Fewer where fewer are of use. Asking again without recording anything gives the same points.
        """
        if n <= 0 or self.result() is not None:
            return []
        wanted = [p for p in self._pending_ends() if p not in running][:n]
        busy = {*running, *wanted}
        for found in self._foci():
            if len(wanted) < n and not found.settled:
                wanted += self._split(found, n - len(wanted), busy)
                busy.update(wanted)
                names = [self._history.names[i] for i in sorted(found.audit, reverse=True)]
                wanted += [p for p in names if p not in busy][: n - len(wanted)]
        if self._settled() or not (wanted or running):
            wanted += self._to_confirm(running)[: n - len(wanted)]
        return wanted

    def useless(self, running: Collection[str]) -> set[str]:
        """Those of `running` whose answer cannot matter any more: cancel them."""
        if self.result() is not None:
            return set(running)
        useful = {*self._pending_ends(), *(self._to_confirm() if self._settled() else ())}
        for found in self._foci():
            open_points = {i for i in found.region if self._at(i) is State.UNTESTED} | found.audit
            useful |= {self._history.names[i] for i in open_points}
        return set(running) - useful

    def result(self) -> Result | None:
        """What the answers prove, or None while a probe is missing."""
        early = hopeless(self._tally, self._old, self._new, self.points, self._repair)
        if early is not None:
            return early
        if self._pending_ends() or not self._settled() or self._to_confirm():
            return None
        return conclude(self._history, self._tally, self._foci(), self._repair)

    def _state(self, point: str) -> State:
        """GOOD is the state before the change, also when hunting a repair."""
        state = self._tally.state(point)
        return _SWAPPED.get(state, state) if self._repair else state

    def _at(self, i: int) -> State:
        return self._state(self._history.names[i])

    def _pending_ends(self) -> list[str]:
        ends = dict.fromkeys([self._new, *self._old])
        return [p for p in ends if self._tally.state(p) is State.UNTESTED]

    def _foci(self) -> list[Focus]:
        """One accused point, and another for each change that the first does not explain."""
        if self._known is None:
            history, states = self._history, [self._at(i) for i in range(len(self._history.names))]
            start: int | None = history.index[self._new]
            self._known = []
            explained: set[int] = set()
            whole = frozenset[int]()
            while start is not None:
                found = focus(history, states.__getitem__, start, self._patience)
                whole = whole or found.explains
                self._known.append(found)
                explained |= history.forth(found.claim)
                others = (i for i in sorted(whole) if states[i] is State.BAD and i not in explained)
                start = next(others, None) if found.settled else None
        return self._known

    def _settled(self) -> bool:
        return all(f.settled for f in self._foci())

    def _to_confirm(self, running: Collection[str] = ()) -> list[str]:
        """The accused and its border, each as often as answers are missing beside those `running`; each once first."""
        under_way, wanted = Counter(running), dict[str, int]()
        for found in self._foci():
            for i in sorted(found.border):
                wanted[self._history.names[i]] = self._times(i)
            wanted[self._history.names[found.accused]] = 2 if self._confirm is True else int(self._confirm)
        rounds = [
            [p] * (min(n - self._tally.answers(p), n + _TRIES - self._tally.tries(p)) - under_way[p])
            for p, n in wanted.items()
        ]
        return [p for turn in zip_longest(*rounds) for p in turn if p is not None]

    def _times(self, border: int) -> int:
        """How often an unchanged point beside the culprit must answer: the more it alone rules out, the more often.

        If it passed by chance, any of the points that it rules out may be the culprit. So it answers until that is
        unlikely: rates of false passes from Beta(1, 4), integrated out over its passes and all fails seen.
        """
        if self._confirm is not True:
            return int(self._confirm)
        failed = Kind.GOOD if self._repair else Kind.BAD
        fails = sum(self._tally.count(n, failed) for n in self._history.names)
        span = len(self._history.back([border], lambda i: self._at(i) is not State.GOOD) - self._history.edge)
        for times in range(2, _MOST_TIMES):
            # B(1 + times, 4 + fails) / B(1, 4)
            chance = 4.0 / (4 + fails)
            for k in range(times):
                chance *= (1 + k) / (5 + fails + k)
            if chance * max(span, 1) <= _DOUBT:
                return times
        return _MOST_TIMES

    def _split(self, found: Focus, n: int, busy: Collection[str]) -> list[str]:
        history = self._history
        masks = coarse(history, found) if len(found.live) > _COARSE else exact(history, found)
        everything = (1 << (len(found.live) + 1)) - 1
        running = [i for p in busy if (i := history.index.get(p, -1)) in found.live]
        chance = trust(history, found, [i for i in found.region if self._at(i) is State.SKIPPED])
        return [history.names[i] for i in choose(masks, everything, running, n, chance)]


def _history(parents: Mapping[str, Sequence[str]], old: Collection[str], new: str) -> History:
    if new not in parents and new not in old:
        raise FirstbadError(
            f"{new} is not among the {len(parents)} points of the history",
            remedy="Give a commit that the searched range contains",
            slug="point-unknown",
        )
    history = History(parents, old, new)
    if len(history.edge) == len(history.names):
        raise FirstbadError(
            f"nothing lies between {', '.join(old)} and {new}: {new} is not after it",
            remedy="Check the order: the first is the old end, the second the new one",
            slug="empty-range",
        )
    return history
