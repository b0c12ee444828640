"""Search a history where answers are unsure: a bad point may pass by chance, a good one fail.

A posterior over the first bad point is kept, with both error rates unknown (Beta priors, integrated out exactly).
The next probe is the one after which the posterior is expected to be least spread (Shannon entropy), be it a new
point or an old one again. The search stops when one point holds the asked share of the belief, and when that point and
its parents, judged by their own answers alone, are what the claim says they are: the belief trusts that a change stays
once it came, the claim does not.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..verdict import Kind, Result, Verdict
from .belief import ask_spread, claim, leading, prior_of, undecided, worth_a_look
from .lineage import Lineage
from .tally import Tally

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rate = tuple[float, float]


class NoisySearch:
    """Find the first bad point of `order` (parents first; its first point should be good, its last bad).

    `parents` makes it a history with branches and merges (None: a line); what descends from the first bad point is
    bad. `false_fail` and `false_pass` are Beta(a, b) priors of the rates at which a good point fails and a bad one
    passes. `priors` weigh points (1 where absent). Verdicts that do not decide leave a point out. The search gives
    up after `most` answers, with the points that hold the asked `confidence` together. With `repair` the first good
    point after bad ones is sought.
    """

    def __init__(
        self,
        order: Sequence[str],
        parents: Mapping[str, Sequence[str]] | None = None,
        *,
        confidence: float = 0.95,
        false_fail: Rate = (1.0, 50.0),
        false_pass: Rate = (1.0, 4.0),
        priors: Mapping[str, float] | None = None,
        nowhere: float = 0.02,
        most: int = 200,
        repair: bool = False,
    ) -> None:
        self.order = tuple(order)
        self._lineage = Lineage(self.order, parents)
        self._index = self._lineage.index
        self._confidence, self._most, self._repair = confidence, most, repair
        # how often an unchanged point looks changed, and a changed one unchanged
        self._rates = (false_pass, false_fail) if repair else (false_fail, false_pass)
        self._prior = prior_of(self.order, priors or {}, nowhere)
        size = len(self.order)
        self._own: Ints = np.zeros((2, size), dtype=np.int64)  # how often each point looked changed, unchanged
        self._below: Ints = np.zeros((2, size + 1), dtype=np.int64)  # the same, summed over what a hypothesis changes
        self._tally: Tally[str] = Tally()
        self._belief: Floats | None = None

    @property
    def broken(self) -> tuple[int, ...]:
        """Indices of the points that cannot be tried."""
        return tuple(self._index[p] for p in self._tally.verdicts if not self._tally.answers(p))

    @property
    def runs(self) -> int:
        """How many answers came so far."""
        return int(self._own.sum())

    @property
    def remaining(self) -> int:
        """How many points hold the asked share of the belief together."""
        belief = np.sort(self.posterior())[::-1]
        return int(np.searchsorted(np.cumsum(belief), self._confidence)) + 1

    def record(self, point: str, verdict: Verdict) -> None:
        """Note one answer; the same point may answer many times."""
        self._tally.add(point, verdict)
        self._belief = None
        if verdict.decides:
            looks = 0 if (verdict.kind is Kind.BAD) is not self._repair else 1
            i = self._index[point]
            self._own[looks, i] += 1
            self._below[looks] += self._lineage.changed(i)

    def posterior(self) -> Floats:
        """The belief that each point is the first bad one; the last entry: that none is."""
        if self._belief is not None:
            return self._belief
        (pf, pp), (bf, bp) = self._sides()
        (a, b), (c, d) = self._rates
        log = np.log(self._prior) + _log_beta(a, b, pf, pp) + _log_beta(c, d, bp, bf)
        weights: Floats = np.exp(log - log.max())
        belief: Floats = weights / weights.sum()
        self._belief = belief
        return belief

    def rates(self) -> tuple[float, float]:
        """The expected rates of false fails and of false passes, given the answers."""
        (pf, pp), (bf, bp) = self._sides()
        (a, b), (c, d) = self._rates
        belief = self.posterior()
        early = float(belief @ ((a + pf) / (a + b + pf + pp)))
        late = float(belief @ ((c + bp) / (c + d + bf + bp)))
        return (late, early) if self._repair else (early, late)

    def next(self, n: int = 1, running: Collection[str] = ()) -> list[str]:
        """Up to `n` points to run now; both ends first, later also points that answered before."""
        if n <= 0 or self.result() is not None:
            return []
        ends = [p for p in dict.fromkeys((self.order[-1], self.order[0])) if p not in self._tally.verdicts]
        if fresh := [p for p in ends if p not in running][:n]:
            return fresh
        if doubtful := self._to_prove():
            return [self.order[i] for i in doubtful if self.order[i] not in running][:n]
        if n == 1 and not running:
            return [self.order[self._most_telling()]]
        belief, taken = self.posterior(), {self._index[p] for p in running}
        near = (*map(int, worth_a_look(belief, self.broken)), *taken)
        after = {i: float(belief @ self._lineage.changed(i)) for i in near}
        return [self.order[i] for i in ask_spread(after, taken, n)]

    def useless(self, running: Collection[str]) -> set[str]:
        """Every answer still teaches something until the search has ended."""
        return set(running) if self.result() is not None else set()

    def result(self) -> Result | None:
        """Culprit with its confidence, Candidates where points cannot be told apart, NotHere, or None."""
        if not {self.order[0], self.order[-1]} <= self._tally.verdicts.keys():
            return None
        spent = self.runs >= self._most or len(self.broken) == len(self.order)
        said, belief = self._evidence(), self.posterior()
        if self._to_prove():
            return undecided(self._lineage, belief, self.broken, self._confidence, said) if spent else None
        return claim(self._lineage, belief, self.broken, self._confidence, spent=spent, evidence=said)

    # ---- the claim

    def _to_prove(self) -> list[int]:
        """Points that must answer more before the claim holds, the most doubtful first; none while nobody is claimed.

        Those that were changed first must look changed, and the nearest points behind them unchanged, each by its
        own answers: even where a change came and went before, the claim is then a point that changed it.
        """
        members, mass = leading(self._lineage, self.posterior(), self.broken)
        if mass < self._confidence or 0 in members or len(self.order) in members:
            return []
        usable = [i for i in members if i not in self.broken]
        doubts = {i: self._doubt(i, members[0]) for i in usable}
        doubts |= {i: 1 - self._doubt(i, members[0]) for i in self._lineage.border(members, self.broken)}
        if sum(doubts.values()) <= 1 - self._confidence:
            return []
        return sorted(doubts, key=lambda i: -doubts[i])

    def _doubt(self, point: int, claimed: int) -> float:
        """How likely its own answers say that `point` is unchanged, with the rates that all others show."""
        (pf, pp), (bf, bp) = self._sides()
        (a, b), (c, d) = self._rates
        f, p = (int(n) for n in self._own[:, point])
        inside = bool(self._lineage.changed(point)[claimed])
        early = (a + int(pf[claimed]) - f * (not inside), b + int(pp[claimed]) - p * (not inside))
        late = (c + int(bp[claimed]) - p * inside, d + int(bf[claimed]) - f * inside)
        odds = _beta_ratio(*early, f, p) - _beta_ratio(*late, p, f)
        return 1 / (1 + math.exp(min(-odds, 700.0)))

    def _evidence(self) -> tuple[str, ...]:
        fail, passed = self.rates()
        said = f"after {self.runs} runs; a good point fails in {fail:.0%}, a bad one passes in {passed:.0%} of runs"
        word = "good" if self._repair else "bad"
        tried = [i for i in range(len(self.order)) if self._own[:, i].any()]
        counts = [f"{self.order[i]} was {word} in {self._own[0, i]} of {self._own[:, i].sum()} runs" for i in tried]
        members, mass = leading(self._lineage, self.posterior(), self.broken)
        if mass < self._confidence or len(self.order) in members:
            return (said, *counts)
        odd = [i for i in tried if not self._lineage.changed(i)[members[0]] and self._doubt(i, members[0]) < 0.05]
        return (said, *counts, *(f"{self.order[i]} is {word} too, and not by what is named" for i in odd))

    # ---- the model

    def _sides(self) -> tuple[tuple[Ints, Ints], tuple[Ints, Ints]]:
        """For each hypothesis: how often points looked changed and unchanged, among the unchanged and the changed."""
        below: Ints = self._below
        above: Ints = self._own.sum(axis=1)[:, None] - below
        return (above[0], above[1]), (below[0], below[1])

    def _most_telling(self) -> int:
        """The point whose answer is expected to leave the least entropy."""
        belief = self.posterior()
        (pf, pp), (bf, bp) = self._sides()
        (a, b), (c, d) = self._rates
        good_fails = (a + pf) / (a + b + pf + pp)
        bad_fails = (d + bf) / (c + d + bf + bp)
        points = worth_a_look(belief, self.broken)
        changed = np.stack([self._lineage.changed(int(i)) for i in points])
        fails = np.where(changed, bad_fails, good_fails)
        left = _entropy(belief * fails) + _entropy(belief * (1 - fails))
        return int(points[np.argmin(left)])


def _entropy(joint: Floats) -> Floats:
    """Entropy of each row after normalising it, times the row's sum: the expected entropy of that outcome."""
    total = joint.sum(axis=1)
    safe = np.where(joint > 0, joint, 1.0)
    return total * np.log(np.maximum(total, 1e-300)) - (joint * np.log(safe)).sum(axis=1)


def _beta_ratio(a: float, b: float, k: int, m: int) -> float:
    """log of B(a + k, b + m) / B(a, b)."""
    top = math.lgamma(a + k) + math.lgamma(b + m) - math.lgamma(a + b + k + m)
    return top - math.lgamma(a) - math.lgamma(b) + math.lgamma(a + b)


def _log_beta(a: float, b: float, k: Ints, m: Ints) -> Floats:
    """log B(a + k, b + m)."""
    top = int((k + m).max()) + 1
    return _log_gamma(a, top)[k] + _log_gamma(b, top)[m] - _log_gamma(a + b, top)[k + m]


@lru_cache(maxsize=64)
def _log_gamma_table(a: float, size: int) -> Floats:
    return np.array([math.lgamma(a + k) for k in range(size)])


def _log_gamma(a: float, top: int) -> Floats:
    """log Γ(a + k) for k up to `top`, from a table that doubles."""
    return _log_gamma_table(a, 1 << max(top, 63).bit_length())
