"""The verdict of one pair of records: what its components come to, whether a decision was near its tie, and whether
a formula denies what noise would excuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .align import Pairing
from .tolerance import Limits, Measure, Verdict, worst
from .uncertain import Num

if TYPE_CHECKING:
    from .diff import Case


def verdict(
    case: Case, pairing: Pairing, measures: tuple[Measure, ...], limits: Limits
) -> tuple[tuple[Measure, ...], Verdict]:
    """What a pair comes to, and its components as they counted: what was refuted is granted no noise."""
    if pairing.reference is None or pairing.candidate is None:
        return (), Verdict.MISSING
    if not (pairing.reference.values or pairing.candidate.values):
        return (), Verdict.EQUAL  # both say nothing behind the name, as of an empty word
    found = worst(pairing.quantity, measures, limits)
    quantity = case.catalogue.get(pairing.quantity)
    if found is Verdict.DIFFERENT and quantity is not None and quantity.kind == "branch" and measures:
        found = _decision(case, pairing, measures)
    if found in (Verdict.NOISE, Verdict.ILL) and _refuted(case, pairing):
        measures = tuple(replace(m, noise=m.floor) for m in measures)
        found = worst(pairing.quantity, measures, limits)
    return measures, found


def _refuted(case: Case, pairing: Pairing) -> bool:
    """Whether one side's value follows from its own parents and the other's does not: no rounding does that."""
    a, b = case.closures_of(pairing)
    return a is not None and b is not None and None not in (a.holds, b.holds) and a.broken != b.broken


def _decision(case: Case, pairing: Pairing, measures: Sequence[Measure]) -> Verdict:
    """A branch that went the other way: near a tie where the inputs of one side allow both decisions."""
    assert pairing.reference is not None and pairing.candidate is not None
    sides = case.a.decisions(pairing.reference), case.b.decisions(pairing.candidate)
    near = all(
        m.absolute == 0 or any(len(side) == len(measures) and _either(m, side[index]) for side in sides)
        for index, m in enumerate(measures)
    )
    return Verdict.FLIPPED if near else Verdict.DIFFERENT


def _either(m: Measure, decision: Num) -> bool:
    """Whether both values are within the reach of a decision: one step to the other side of its tie, and no further."""
    return all(not isinstance(value, str) and _within(value, decision) for value in (m.reference, m.candidate))


def _within(value: float, decision: Num) -> bool:
    (down, up), error = decision.reach
    return down - error <= value - decision.v <= up + error
