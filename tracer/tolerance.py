"""May two values differ like that? Verdicts from intervals: what printing hides, what rounding and its
propagation explain.

There is no absolute floor anywhere: SI units make small numbers. Every allowance is a number of roundings
of a scale that the quantity was computed from, or what the errors of its parents become in its formula.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from .model import Record, Value
from .view import View

EDGE = 1.0 + 1e-9
"""Two adjacent decimals touch exactly at the sum of their half digits; binary arithmetic must not decide that."""
_SELDOM = 1e-3
"""A whole number may be a rounded real. Two programs that agree within this part of its last digit round it to another
one but once in a thousand times: so it is printed as it is, where no more than that is noise."""
_AMPLIFIED = 16.0
"""Noise this many times the plain floor is said to be ill-conditioned rather than noise."""


class Verdict(StrEnum):
    """How one pair of values compares, from best to worst."""

    EQUAL = "equal"
    PRINT = "within print"
    NOISE = "within noise"
    ILL = "ill-conditioned"
    FLIPPED = "flipped near a tie"
    DIFFERENT = "different"
    NAN = "NaN on one side"
    MISSING = "missing"

    @property
    def agrees(self) -> bool:
        """Whether the two sides may be taken for the same."""
        return self in (Verdict.EQUAL, Verdict.PRINT, Verdict.NOISE, Verdict.ILL)

    @property
    def rank(self) -> int:
        """0 for equal, growing with badness."""
        return _RANK[self]


_RANK = {verdict: index for index, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class Limits:
    """What the user allows: `slack` multiplies all noise; `relative` grants a quantity its own relative difference."""

    slack: float = 2.0
    relative: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Measure:
    """One component of a pair: both values, and the allowances, each in the unit of the values.

    `coarse` is `printed` if a side that shows fewer digits than its neighbours printed no more than these, or if it
    rounded to a whole number (coarse.py).
    """

    reference: Value
    candidate: Value
    printed: float = 0.0
    floor: float = 0.0
    noise: float = 0.0
    coarse: float = 0.0

    @property
    def absolute(self) -> float:
        """|candidate - reference|; nan for words."""
        if isinstance(self.reference, str) or isinstance(self.candidate, str):
            return math.nan
        return abs(self.candidate - self.reference)

    @property
    def relative(self) -> float:
        """|candidate - reference| / |reference|; inf where the reference is 0 and the candidate is not."""
        absolute = self.absolute
        if math.isnan(absolute) or absolute == 0 or isinstance(self.reference, str):
            return absolute
        return absolute / abs(self.reference) if self.reference else math.inf

    @property
    def ulp(self) -> float:
        """The difference in units of the last place of the reference."""
        if isinstance(self.reference, str) or not math.isfinite(self.absolute):
            return math.nan
        return self.absolute / math.ulp(self.reference)

    def verdict(self, quantity: str, limits: Limits) -> Verdict:
        """The verdict under `limits`, from the kept numbers alone."""
        a, b = self.reference, self.candidate
        if isinstance(a, str) or isinstance(b, str):
            return Verdict.EQUAL if a == b else Verdict.DIFFERENT
        if math.isnan(a) or math.isnan(b):
            return Verdict.EQUAL if math.isnan(a) and math.isnan(b) else Verdict.NAN
        if a == b:
            return Verdict.EQUAL
        if not (math.isfinite(a) and math.isfinite(b)):
            return Verdict.DIFFERENT
        return self._finite(abs(b - a), quantity, limits)

    def _finite(self, off: float, quantity: str, limits: Limits) -> Verdict:
        if off <= self.printed * EDGE:
            return Verdict.PRINT
        granted = limits.relative.get(quantity, 0.0) * max(abs(float(self.reference)), abs(float(self.candidate)))
        plain = self.printed + limits.slack * self.floor
        if off <= max(plain, granted) * EDGE:
            return Verdict.NOISE
        if off <= (self.printed + limits.slack * self.noise) * EDGE:
            amplified = self.noise > _AMPLIFIED * self.floor
            return Verdict.ILL if amplified else Verdict.NOISE
        return Verdict.DIFFERENT


def measure(a: View, reference: Record, b: View, candidate: Record) -> tuple[Measure, ...]:
    """The components of a pair with their allowances; these are worked out only where the values differ."""
    if len(reference.values) != len(candidate.values):
        return ()
    pairs = list(zip(reference.values, candidate.values, strict=True))
    if all(x == y for x, y in pairs):
        return tuple(Measure(x, y) for x, y in pairs)
    printed = [x + y for x, y in zip(a.half(reference), b.half(candidate), strict=True)]
    whole = a.formats.whole(reference) and b.formats.whole(candidate)
    if not whole and all(x == y or _near(x, y, p) for (x, y), p in zip(pairs, printed, strict=True)):
        return tuple(Measure(x, y, p) for (x, y), p in zip(pairs, printed, strict=True))
    floor = [x + y for x, y in zip(a.floor(reference), b.floor(candidate), strict=True)]
    noise = [x + y for x, y in zip(a.noise(reference), b.noise(candidate), strict=True)]
    coarse = [max(x, p) + max(y, q) for x, y, p, q in _shown(a, reference, b, candidate)]
    rows = zip(pairs, printed, floor, noise, coarse, strict=True)
    found = tuple(Measure(x, y, p, f, n, c) for (x, y), p, f, n, c in rows)
    if not whole:
        return found
    counted = [a.counted(reference, i) or b.counted(candidate, i) for i in range(len(found))]
    return tuple(_whole(m, exact) for m, exact in zip(found, counted, strict=True))


def _whole(m: Measure, exact: bool) -> Measure:
    """Two whole numbers: what was counted hides nothing, nor does the last digit of any other hide more than noise.

    But for that `coarse` keeps what it would hide if it were rounded: others may tell.
    """
    if exact:
        return Measure(m.reference, m.candidate)
    hidden = m.printed if max(m.floor, m.noise) >= _SELDOM * m.printed else 0.0
    return replace(m, printed=hidden, coarse=m.printed)


def _shown(a: View, reference: Record, b: View, candidate: Record) -> Iterable[tuple[float, float, float, float]]:
    return zip(a.shown(reference), b.shown(candidate), a.half(reference), b.half(candidate), strict=True)


def _near(x: Value, y: Value, printed: float) -> bool:
    return not isinstance(x, str) and not isinstance(y, str) and abs(x - y) <= printed


def worst(quantity: str, measures: tuple[Measure, ...], limits: Limits) -> Verdict:
    """The verdict of a pair: that of its worst component; a pair of different shape is different."""
    if not measures:
        return Verdict.DIFFERENT
    return max((m.verdict(quantity, limits) for m in measures), key=lambda v: v.rank)
