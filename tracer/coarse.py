"""A value that one side printed with fewer digits than its neighbours: was it rounded in print, or in the program?

`5.70088` beside `5.70087713` is the same number where the line is printed by a bare %g, and another one where the
program computes with a constant of six digits. The pair alone cannot tell. What was computed from it can: a constant
that is off by a ten millionth moves its descendants by about as much, a print format moves nothing.

A whole number with as many digits as the format has may be counted (`%d`) or rounded (`%g`). Two programs that differ
by so little that print hides it do so in numbers with decimals, too: where these are equal, it was counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .tolerance import Limits, Measure, Verdict, worst

if TYPE_CHECKING:
    from .diff import Case, Judged

_ALIKE = 64.0
"""A descendant that differs by no more than so many times as much, relatively, may differ because of the pair."""


def settle(case: Case, judged: Sequence[Judged], limits: Limits) -> tuple[Judged, ...]:
    """Pairs that differ by no more than the digits that one side did not print are within print, unless others
    prove them apart."""
    unclear = {i for i, one in enumerate(judged) if one.verdict is Verdict.DIFFERENT and _by_print(one, limits)}
    if not unclear:
        return tuple(judged)
    rounded = any(one.verdict is Verdict.PRINT and not _whole(case, one) for one in judged)
    firm = [(i, one) for i, one in enumerate(judged) if one.verdict is Verdict.DIFFERENT and i not in unclear]
    return tuple(
        replace(one, verdict=Verdict.PRINT)
        if i in unclear and (rounded if _whole(case, one) else not _apart(case, i, one, firm))
        else one
        for i, one in enumerate(judged)
    )


def _whole(case: Case, one: Judged) -> bool:
    """Whether both sides print whole numbers of the quantity, and nothing else."""
    sides = ((case.a, one.pairing.reference), (case.b, one.pairing.candidate))
    return all(record is not None and view.formats.whole(record) for view, record in sides)


def _by_print(one: Judged, limits: Limits) -> bool:
    generous = tuple(replace(m, printed=max(m.printed, m.coarse)) for m in one.measures)
    return worst(one.quantity, generous, limits).agrees


def _apart(case: Case, at: int, one: Judged, firm: Sequence[tuple[int, Judged]]) -> bool:
    """Whether a formula tells the two numbers apart, or something computed from them differs by about as much."""
    if _told(case, one):
        return True
    most = _ALIKE * _relative(one.measures)
    known = one.quantity in case.catalogue.quantities
    return any(
        (one.quantity in case.catalogue.ancestors(other.quantity) if known else i > at)
        and bool(other.measures)
        and _relative(other.measures) <= most
        for i, other in firm
    )


def _told(case: Case, one: Judged) -> bool:
    """A formula sharp enough to see the digits in question says: the short one is whole, or the long one wrong."""
    for view, result in zip((case.a, case.b), case.closures_of(one.pairing), strict=True):
        if result is None or not result.allowed:
            continue
        off = max(m.absolute for m in one.measures)
        short = max(view.shown(result.record)) >= off / 4
        if (result.holds and short and max(result.allowed) < off / 2) or (result.broken and not short):
            return True
    return False


def _relative(measures: Sequence[Measure]) -> float:
    """The largest difference of the components over their largest value; inf where a word is among them."""
    numbers = [v for m in measures for v in (m.reference, m.candidate) if not isinstance(v, str)]
    if len(numbers) < 2 * len(measures):
        return math.inf  # no rounding makes one word of another
    return max(m.absolute for m in measures) / max(map(abs, numbers))
