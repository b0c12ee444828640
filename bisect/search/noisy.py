"""Search a line of points where answers are unsure: a bad point may pass by chance, a good one fail.

A posterior over the first bad point is kept, with both error rates unknown (Beta priors, integrated out exactly).
The next probe is the one after which the posterior is expected to be least spread (Shannon entropy), be it a new
point or an old one again. The search stops when one point holds the asked share of the belief.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..verdict import Kind, Result, Verdict
from .belief import ask_spread, claim, prior_of
from .tally import Tally

Floats = NDArray[np.float64]
Rate = tuple[float, float]
_LOOKED_AT = 96  # points weighed for the next probe: quantiles of the belief; more do not change the choice


class NoisySearch:
    """Find the first bad point of `order` (oldest first; its first point should be good, its last bad).

    `false_fail` and `false_pass` are Beta(a, b) priors of the rates at which a good point fails and a bad one
    passes. `priors` weigh points (1 where absent). Verdicts that do not decide leave a point out. The search gives
    up after `most` answers, with the points that hold the asked `confidence` together. With `repair` good and bad
    swap.
    """

    def __init__(
        self,
        order: Sequence[str],
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
        self._index = {p: i for i, p in enumerate(self.order)}
        self._confidence, self._most, self._repair = confidence, most, repair
        self._rates = (false_fail, false_pass)
        self._prior = prior_of(self.order, priors or {}, nowhere)
        self._fails = np.zeros(len(self.order), dtype=np.int64)
        self._passes = np.zeros(len(self.order), dtype=np.int64)
        self._tally: Tally[str] = Tally()
        self._belief: Floats | None = None

    @property
    def broken(self) -> tuple[int, ...]:
        """Indices of the points that cannot be tried."""
        return tuple(self._index[p] for p in self._tally.verdicts if not self._tally.answers(p))

    @property
    def runs(self) -> int:
        """How many answers came so far."""
        return int(self._fails.sum() + self._passes.sum())

    @property
    def remaining(self) -> int:
        """How many points hold the asked share of the belief together."""
        belief = np.sort(self.posterior())[::-1]
        return int(np.searchsorted(np.cumsum(belief), self._confidence)) + 1

    def record(self, point: str, verdict: Verdict) -> None:
        """Note one answer; the same point may answer many times."""
        self._tally.add(point, verdict)
        changed, unchanged = (Kind.GOOD, Kind.BAD) if self._repair else (Kind.BAD, Kind.GOOD)
        self._fails[self._index[point]] += verdict.kind is changed
        self._passes[self._index[point]] += verdict.kind is unchanged
        self._belief = None

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
        return float(belief @ ((a + pf) / (a + b + pf + pp))), float(belief @ ((c + bp) / (c + d + bf + bp)))

    def next(self, n: int = 1, running: Collection[str] = ()) -> list[str]:
        """Up to `n` points to run now; both ends first, later also points that answered before."""
        if n <= 0 or self.result() is not None:
            return []
        ends = [p for p in dict.fromkeys((self.order[-1], self.order[0])) if p not in self._tally.verdicts]
        if fresh := [p for p in ends if p not in running][:n]:
            return fresh
        if n == 1 and not running:
            return [self.order[self._most_telling()]]
        usable = [i for i in range(len(self.order)) if i not in self.broken]
        taken = {self._index[p] for p in running}
        return [self.order[i] for i in ask_spread(self.posterior(), usable, taken, n)]

    def useless(self, running: Collection[str]) -> set[str]:
        """Every answer still teaches something until the search has ended."""
        return set(running) if self.result() is not None else set()

    def result(self) -> Result | None:
        """Culprit with its confidence, Candidates where points cannot be told apart, NotHere, or None."""
        if not {self.order[0], self.order[-1]} <= self._tally.verdicts.keys():
            return None
        fail, passed = self.rates()
        said = f"after {self.runs} runs; a good point fails in {fail:.0%}, a bad one passes in {passed:.0%} of runs"
        words = ("good", "bad") if not self._repair else ("bad", "good")
        counts = [
            f"{p} was {words[1]} in {f} of {f + o} runs"
            for p, f, o in zip(self.order, self._fails, self._passes, strict=True)
            if f + o
        ]
        spent = self.runs >= self._most or len(self.broken) == len(self.order)
        return claim(self.order, self.posterior(), self.broken, self._confidence, spent=spent, evidence=(said, *counts))

    def _sides(self) -> tuple[tuple[NDArray[np.int64], ...], tuple[NDArray[np.int64], ...]]:
        """For each hypothesis: (fails, passes) among the points before it, and among the others."""
        zero = np.zeros(1, dtype=np.int64)
        fails = np.concatenate([zero, np.cumsum(self._fails)])
        passes = np.concatenate([zero, np.cumsum(self._passes)])
        return (fails, passes), (fails[-1] - fails, passes[-1] - passes)

    def _most_telling(self) -> int:
        """The point whose answer is expected to leave the least entropy."""
        belief = self.posterior()
        (pf, pp), (bf, bp) = self._sides()
        (a, b), (c, d) = self._rates
        good_fails = (a + pf) / (a + b + pf + pp)
        bad_fails = (d + bf) / (c + d + bf + bp)
        points = self._worth_a_look(belief)
        fails = np.where(np.arange(len(belief)) <= points[:, None], bad_fails, good_fails)
        left = _entropy(belief * fails) + _entropy(belief * (1 - fails))
        return int(points[np.argmin(left)])

    def _worth_a_look(self, belief: Floats) -> NDArray[np.int64]:
        last = len(self.order) - 1
        places = np.searchsorted(np.cumsum(belief), np.linspace(0, 1, _LOOKED_AT), side="left")
        near = np.unique(np.clip(np.concatenate([places, places - 1, [0, last]]), 0, last))
        usable = np.setdiff1d(near, np.array(self.broken, dtype=np.int64))
        return usable if len(usable) else np.setdiff1d(np.arange(last + 1), np.array(self.broken, dtype=np.int64))


def _entropy(joint: Floats) -> Floats:
    """Entropy of each row after normalising it, times the row's sum: the expected entropy of that outcome."""
    total = joint.sum(axis=1)
    safe = np.where(joint > 0, joint, 1.0)
    return total * np.log(np.maximum(total, 1e-300)) - (joint * np.log(safe)).sum(axis=1)


def _log_beta(a: float, b: float, k: NDArray[np.int64], m: NDArray[np.int64]) -> Floats:
    """log B(a + k, b + m)."""
    top = int((k + m).max()) + 1
    return _log_gamma(a, top)[k] + _log_gamma(b, top)[m] - _log_gamma(a + b, top)[k + m]


@lru_cache(maxsize=64)
def _log_gamma_table(a: float, size: int) -> Floats:
    return np.array([math.lgamma(a + k) for k in range(size)])


def _log_gamma(a: float, top: int) -> Floats:
    """log Γ(a + k) for k up to `top`, from a table that doubles."""
    return _log_gamma_table(a, 1 << max(top, 63).bit_length())
