"""What a formula says of a record, and what several such results say together: the first bad one, the side at fault."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from .model import Record


@dataclass(frozen=True, slots=True)
class ClosureResult:
    """One record against its formula.

    `holds` is None where the trace cannot tell, `factor` a number where only a factor is wrong.
    `expected` is what the formula gives (for an invariant: both sides), `why` says it in words.
    """

    quantity: str
    record: Record
    holds: bool | None
    expected: tuple[float, ...] = ()
    allowed: tuple[float, ...] = ()
    factor: float | None = None
    label: bool = False
    formula: str = ""
    why: str = ""
    excess: float = 0.0
    """How many times the allowance the worst component is off; inf where no value of a parameter fits."""
    invariant: bool = False
    """Only a property of the value was held against the formula: it may hold for wrong values, too."""
    lacks: str = ""
    """What the trace would have to hold for a formula to tell."""

    @property
    def broken(self) -> bool:
        """Whether the value does not follow, and no unit label explains it."""
        return self.holds is False and not self.label


def first_broken(results: Iterable[ClosureResult]) -> ClosureResult | None:
    """The first value that does not follow from its own parents."""
    return next((result for result in results if result.broken), None)


def fault(reference: Iterable[ClosureResult], candidate: Iterable[ClosureResult]) -> str:
    """Which side breaks: 'candidate', 'reference', 'both', 'neither', or 'unknown' where a trace cannot tell.

    Invariants that hold on both sides tell nothing: two values may share them.
    """
    ours, theirs = list(reference), list(candidate)
    a, b = broken(ours), broken(theirs)
    if a is None and b is None:
        return "unknown"
    if a and b:
        return "both"
    if b:
        return "candidate"
    if a:
        return "reference"
    followed = all(any(r.holds is not None and not r.invariant for r in side) for side in (ours, theirs))
    return "neither" if followed else "unknown"


def asks_otherwise(one: ClosureResult, other: ClosureResult) -> bool:
    """Whether the formulas of two sides ask for two values, by more than either may be off."""
    rows = zip(one.expected, other.expected, one.allowed, other.allowed, strict=False)
    return any(not (x == y or abs(x - y) <= p + q or (math.isnan(x) and math.isnan(y))) for x, y, p, q in rows)


def followed(results: Iterable[ClosureResult | None]) -> bool:
    """Whether all of them follow, none undecided."""
    return all(result is not None and bool(result.holds) for result in results)


def broken(results: Iterable[ClosureResult]) -> bool | None:
    """Whether any of them does not follow; None where none is decided."""
    decided = [result.broken for result in results if result.holds is not None]
    return any(decided) if decided else None


def runs(results: Iterable[ClosureResult]) -> Iterator[tuple[ClosureResult, int]]:
    """Broken results, equal neighbours (same quantity, same factor) told once with their number."""
    broken = [result for result in results if result.holds is False]
    start = 0
    for index, (one, two) in enumerate(pairwise([*broken, None]), 1):
        assert one is not None
        if two is None or (one.quantity, one.factor) != (two.quantity, two.factor):
            yield broken[start], index - start
            start = index
