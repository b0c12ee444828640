"""Search a history for where a measured number changed: a step, or, on a line, a drift over several points.

Model: y = m + d · f(x) + noise, with f a step from 0 to 1 at one point, or a ramp over several, and m, d and the
variance of the noise unknown. Their conjugate prior (normal-inverse-gamma) integrates out exactly: Bayesian linear
regression, once for every hypothesis. The next probe is where the hypotheses disagree most about the mean. A point is
named only if it and its parents were measured and lie, each by its own numbers, on the two sides of the step.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..verdict import Candidates, Result, Verdict
from .belief import ask_spread, claim, leading, prior_of, undecided, worth_a_look
from .lineage import Lineage

Floats = NDArray[np.float64]
_LOOSE = 1e-4  # prior precision of m and d in units of the noise: next to nothing is assumed about them
_SHAPE = 1.0  # prior weight of the expected noise: as much as two runs
_RAMPS = 1.5  # each ramp length is this much longer than the one before


class ChangePointSearch:
    """Find where `measure` changes along `order` (parents first; `parents` makes it a history with branches).

    `noise` is the expected standard deviation of one run; 0 means unknown, then it is learned from repeats of both
    ends (at least `repeats` each). `drift` is the prior belief in a change spread over several points; `nowhere` in
    none at all. `priors` weigh points. Verdicts without the number leave a point out. Gives up after `most` numbers.
    """

    def __init__(
        self,
        order: Sequence[str],
        measure: str,
        parents: Mapping[str, Sequence[str]] | None = None,
        *,
        confidence: float = 0.95,
        noise: float = 0.0,
        repeats: int = 3,
        drift: float = 0.1,
        nowhere: float = 0.05,
        priors: Mapping[str, float] | None = None,
        most: int = 200,
    ) -> None:
        self.order, self.measure = tuple(order), measure
        self._lineage = Lineage(self.order, parents)
        self._index = self._lineage.index
        self._confidence, self._noise, self._repeats, self._most = confidence, noise, repeats, most
        self._starts, self._lengths = _hypotheses(len(self.order), drifts=self._lineage.is_line)
        self._prior = self._weights(prior_of(self.order, priors or {}, nowhere), drift)
        self._where: list[int] = []
        self._values: list[float] = []
        self._broken: set[int] = set()
        self._belief: Floats | None = None

    @property
    def runs(self) -> int:
        """How many numbers came so far."""
        return len(self._values)

    @property
    def remaining(self) -> int:
        """How many points hold the asked share of the belief together."""
        return int(np.searchsorted(np.cumsum(np.sort(self._by_point())[::-1]), self._confidence)) + 1

    def record(self, point: str, verdict: Verdict) -> None:
        """Note one number; a verdict without it (or with one that is not finite) leaves the point out."""
        value = verdict.measure.get(self.measure, math.nan)
        if math.isfinite(value):
            self._where.append(self._index[point])
            self._values.append(value)
            self._broken.discard(self._index[point])
        elif self._index[point] not in self._where:
            self._broken.add(self._index[point])
        self._belief = None

    def posterior(self) -> Floats:
        """The belief in each hypothesis: a change that starts at a point and takes so many points."""
        if self._belief is not None:
            return self._belief
        log = np.log(self._prior)
        if self._values:
            log = log + self._evidence()
        weights: Floats = np.exp(log - log.max())
        belief: Floats = weights / weights.sum()
        self._belief = belief
        return belief

    def next(self, n: int = 1, running: Collection[str] = ()) -> list[str]:
        """Up to `n` points to measure now; both ends first and several times, to learn the noise."""
        if n <= 0 or self.result() is not None:
            return []
        short = [p for p in self._ends() if self._where.count(self._index[p]) < self._repeats]
        if short:
            fewest = sorted(short, key=lambda p: self._where.count(self._index[p]))
            return [p for p in fewest if p not in running][:n]
        if unproved := self._to_prove():
            return [self.order[i] for i in unproved if self.order[i] not in running][:n]
        share = self._by_point()
        usable = [int(i) for i in worth_a_look(share, self._broken)]
        if n == 1 and not running:
            return [self.order[self._most_telling(usable)]]
        taken = {self._index[p] for p in running}
        after = {i: float(share @ self._lineage.changed(i)) for i in (*usable, *taken)}
        return [self.order[i] for i in ask_spread(after, taken, n)]

    def useless(self, running: Collection[str]) -> set[str]:
        """Every number still teaches something until the search has ended."""
        return set(running) if self.result() is not None else set()

    def result(self) -> Result | None:
        """Culprit with its confidence; Candidates for a drift or what cannot be told apart; NotHere; or None."""
        spent = self.runs >= self._most or len(self._broken) >= len(self.order)
        if not spent and any(self._where.count(self._index[p]) < self._repeats for p in self._ends()):
            return None
        belief, steps = self.posterior(), self._lengths == 1
        drifting = float(belief[~steps & (self._starts < len(self.order))].sum())
        if drifting >= self._confidence:
            return self._drift(drifting, spent)
        if self._to_prove():
            words = self._words()
            return undecided(self._lineage, self._by_point(), self._broken, self._confidence, words) if spent else None
        single = self._by_point() if spent else self._steps()
        return claim(self._lineage, single, self._broken, self._confidence, spent=spent, evidence=self._words())

    def _to_prove(self) -> list[int]:
        """What a claim still lacks: the accused beyond the middle of the step, the nearest points behind before it."""
        members, mass = leading(self._lineage, self._steps(), self._broken)
        if mass < self._confidence or 0 in members or len(self.order) in members:
            return []
        m, d, _, _, level = self._fit()
        top = members[-1]
        middle, change = float(m[top] + level[0] + d[top] / 2), float(d[top])
        beyond = {i: 1.0 for i in members if i not in self._broken}
        beyond |= dict.fromkeys(self._lineage.border(members, self._broken), -1.0)
        return [i for i, side in beyond.items() if not (self._mean(i) - middle) * change * side > 0]

    def _mean(self, point: int) -> float:
        """Of the point's own numbers; nan where it has none."""
        own = [v for i, v in zip(self._where, self._values, strict=True) if i == point]
        return sum(own) / len(own) if own else math.nan

    # ---- the model

    def _steps(self) -> Floats:
        """The belief in one step at each point; the last entry is: no change."""
        steps, single = self._lengths == 1, np.zeros(len(self.order) + 1)
        single[self._starts[steps]] = self.posterior()[steps]
        return single

    def _weights(self, by_point: Floats, drift: float) -> Floats:
        """Prior of each hypothesis; a ramp shares the drift's belief with the others of its start.

        A number that changed before the first point looks like one that never changes: both count as the latter.
        """
        by_point = np.concatenate([[0.0], by_point[1:-1], [by_point[0] + by_point[-1]]])
        ramps = np.bincount(self._starts[self._lengths > 1], minlength=len(self.order) + 1)
        share = np.where(ramps > 0, drift / np.maximum(ramps, 1), 0.0)
        step = np.where(ramps > 0, 1 - drift, 1.0)
        each = by_point[self._starts] * np.where(self._lengths == 1, step[self._starts], share[self._starts])
        return np.maximum(each, 1e-300)

    def _shape(self, points: NDArray[np.int64]) -> Floats:
        """f of every hypothesis (rows) at `points` (columns)."""
        if not self._lineage.is_line:
            changed = np.stack([self._lineage.changed(int(i)) for i in points], axis=1)
            return changed[self._starts].astype(np.float64)
        return np.clip((points - self._starts[:, None] + 1) / self._lengths[:, None], 0.0, 1.0)

    def _fit(self) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Posterior mean of m and d, rest sum of squares, determinant of the precision, and level, per hypothesis."""
        y = np.array(self._values)
        level = np.full(1, y.mean())
        y = y - level
        f = self._shape(np.array(self._where))
        n, sf, sff, sfy = len(y) + _LOOSE, f.sum(axis=1), (f * f).sum(axis=1) + _LOOSE, f @ y
        det = n * sff - sf * sf
        m, d = (-sf * sfy) / det, (n * sfy) / det
        rest = np.maximum(y @ y - d * sfy, 0.0)
        return m, d, rest, det, level

    def _evidence(self) -> Floats:
        """log p(numbers | hypothesis), up to a constant."""
        _, _, rest, det, _ = self._fit()
        return -0.5 * np.log(det) - (_SHAPE + len(self._values) / 2) * np.log(self._floor() + rest / 2)

    def _floor(self) -> float:
        """Prior sum of squares: from the expected noise, or next to nothing beside the numbers' own spread."""
        if self._noise > 0:
            return _SHAPE * self._noise**2
        spread = float(np.ptp(self._values)) or max(abs(self._values[0]), 1.0) * 1e-12
        return _SHAPE * (1e-6 * spread) ** 2

    def _most_telling(self, usable: Sequence[int]) -> int:
        """The point about whose mean the hypotheses disagree most; of equal ones the least often tried."""
        m, d, _, _, _ = self._fit()
        belief = self.posterior()
        means = m[:, None] + d[:, None] * self._shape(np.array(usable))
        middle = belief @ means
        spread = belief @ (means - middle) ** 2
        most = float(spread.max())
        near = [i for i, v in zip(usable, spread.tolist(), strict=True) if v >= most * (1 - 1e-9)]
        return min(near, key=self._where.count)

    def _by_point(self) -> Floats:
        """How the belief in a change is spread over the points; the last entry is: no change."""
        share = np.zeros(len(self.order) + 2)
        belief = self.posterior()
        np.add.at(share, self._starts, belief / self._lengths)
        np.add.at(share, np.minimum(self._starts + self._lengths, len(self.order) + 1), -belief / self._lengths)
        return np.maximum(np.cumsum(share)[:-1], 0.0)

    def _ends(self) -> list[str]:
        return [p for p in dict.fromkeys((self.order[-1], self.order[0])) if self._index[p] not in self._broken]

    # ---- words

    def _drift(self, drifting: float, spent: bool) -> Result | None:
        """A drift is claimed when its bounds are about as sharp as it is long."""
        belief = self.posterior()
        ramps = np.flatnonzero((self._lengths > 1) & (self._starts < len(self.order)))
        weight = belief[ramps] / belief[ramps].sum()
        first = _quantile(self._starts[ramps], weight, (1 - self._confidence) / 2)
        last = _quantile(self._starts[ramps] + self._lengths[ramps] - 1, weight, (1 + self._confidence) / 2)
        length = float(weight @ self._lengths[ramps])
        if last - first + 1 > 1.5 * length + 1 and not spent:
            return None
        points = self.order[max(first, 1) : min(last, len(self.order) - 1) + 1]
        said = f"with {drifting:.1%} of the belief a drift over about {length:.0f} points, not one step"
        skipped = tuple(p for p in points if self._index[p] in self._broken)
        return Candidates(points, skipped, (said, *self._words()))

    def _words(self) -> tuple[str, ...]:
        if not self._values:
            return (f"no run gave a number called {self.measure}",)
        m, d, rest, _, level = self._fit()
        top = int(np.argmax(self.posterior()))
        before, change = float(m[top] + level[0]), float(d[top])
        noise = math.sqrt(float(self._floor() + rest[top] / 2) / (_SHAPE + len(self._values) / 2))
        if self._starts[top] >= len(self.order):
            return (f"{self.measure} stays at {level[0]:.6g} within ±{noise:.2g}, in {self.runs} runs",)
        moved = f"{self.measure} goes from {before:.6g} to {before + change:.6g}"
        return (f"{moved}; one run varies by ±{noise:.2g}; {self.runs} runs",)


def _hypotheses(size: int, *, drifts: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and lengths: a step at every point (0: changed already, `size`: never); with `drifts` ramps that fit."""
    lengths = [1, 2] if drifts else [1]
    while drifts and lengths[-1] < size - 1:
        lengths.append(math.ceil(lengths[-1] * _RAMPS))
    pairs = [(s, n) for n in lengths for s in range(size + 1) if n == 1 or 1 <= s <= size - n]
    return np.array([s for s, _ in pairs]), np.array([n for _, n in pairs])


def _quantile(values: NDArray[np.int64], weights: Floats, share: float) -> int:
    order = np.argsort(values, kind="stable")
    place = int(np.searchsorted(np.cumsum(weights[order]), share))
    return int(values[order][min(place, len(values) - 1)])
