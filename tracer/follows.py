"""Does a difference follow from differences so small that they count as none?

A child may be ill-conditioned, or be granted less than its parents happen to differ by: reruns of one program show only
what that program rounds. Where both sides follow from their own parents, and the child differs by just what its formula
makes of the two sides' parents and its own roundings, nothing has gone bad in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .at import At
from .formula import Unknown
from .tolerance import EDGE, Limits, Verdict
from .uncertain import Num, Term

if TYPE_CHECKING:
    from .catalogue import Quantity
    from .diff import Case, Judged
    from .formula import Formula
    from .model import Record
    from .view import View


def settle_followers(case: Case, judged: Sequence[Judged], limits: Limits) -> tuple[Judged, ...]:
    """Pairs that differ while all that they come from agrees are ill-conditioned where that explains them.

    A decision is not: it was taken otherwise, and what follows from it differs for good.
    """
    from .origins import Roles
    from .reads import read_beside

    known = {quantity.name for quantity in case.catalogue if quantity.kind != "branch"}
    bad = [one for one in judged if one.verdict is Verdict.DIFFERENT and one.quantity in known]
    if not bad:
        return tuple(judged)
    roles, swapped = Roles(case, judged, limits), _swapped(case, judged)
    settled: dict[int, Judged] = {}
    waiting = [(one, parents, read_beside(roles, one)) for one in bad if (parents := roles.parents(one))]
    while waiting:  # each waits for what it comes from, wherever that stands
        late: list[tuple[Judged, list[Judged], list[Judged]]] = []
        for row in waiting:
            if not all(p.verdict.agrees or id(p) in settled for p in (*row[1], *row[2])):
                late.append(row)
            elif _follows(case, row[0], limits, swapped):
                settled[id(row[0])] = replace(row[0], verdict=Verdict.ILL)
        if len(late) == len(waiting):
            break
        waiting = late
    return tuple(settled.get(id(one), one) for one in judged)


def _swapped(case: Case, judged: Sequence[Judged]) -> dict[int, Term]:
    """The candidate's values in the places of the reference's, where they differ, as the reference would tell them."""
    found: dict[int, Term] = {}
    for one in judged:
        x, y = one.pairing.reference, one.pairing.candidate
        if x is None or y is None or len(y.numbers) != len(y.values):
            continue
        if any(m.absolute for m in one.measures):
            found[id(x)] = told(y.numbers, x, case.a)
    return found


def told(numbers: tuple[float, ...], record: Record, view: View) -> Term:
    """Other numbers in the place of a record's, read under its unit label."""
    label = view.labels.get(view.name(record), 1.0)
    terms = tuple(Num(v / label) for v in numbers)
    return terms[0] if record.shape == () else terms


def _follows(case: Case, one: Judged, limits: Limits, swapped: Mapping[int, Term]) -> bool:
    x, y = one.pairing.reference, one.pairing.candidate
    assert x is not None and y is not None
    if any(c is None or not c.holds or c.invariant for c in case.closures_of(one.pairing)):
        return False
    changes = changed(case.a, x, case.b, y, case.catalogue.quantities[one.quantity], swapped)
    return 0 < len(changes) == len(one.measures) and all(
        abs((float(m.candidate) - float(m.reference)) - change) <= (m.printed + limits.slack * m.floor + own) * EDGE
        for m, (change, own) in zip(one.measures, changes, strict=True)
    )


def changed(
    a: View, x: Record, b: View, y: Record, quantity: Quantity, swapped: Mapping[int, Term]
) -> list[tuple[float, float]]:
    """How much each component of `x` changes with the parents of the other side (`swapped`, by the id of a record of
    `a`), and the roundings of both sides' formulas alone; () where no formula tells.
    """
    ours, theirs = _nearest(a, x, quantity), _nearest(b, y, quantity)
    if ours is None or theirs is None or len(ours[1]) != len(theirs[1]):
        return []
    try:
        moved = a.computed(ours[0], At(a, x, swapped, exact=True))
    except Unknown:
        return []
    label = a.labels.get(quantity.name, 1.0)
    rows = zip(moved, ours[1], theirs[1], strict=True)
    return [((m.v - p.v) * label, p.e * abs(label) + q.e * abs(b.labels.get(quantity.name, 1.0))) for m, p, q in rows]


def _nearest(view: View, record: Record, quantity: Quantity) -> tuple[Formula, tuple[Num, ...]] | None:
    """The formula that is nearest to the record (to most, where it stands for many pixels), and what it gives."""
    best: tuple[Formula, tuple[Num, ...]] | None = None
    for alternative in quantity.values:
        at = At(view, record, {}, exact=True)
        try:
            if alternative.when is None or alternative.when.true(at):
                found = view.computed(alternative.formula, at)
                if best is None or view.off(record, found) < view.off(record, best[1]):
                    best = alternative.formula, found
        except Unknown:
            continue
    return best
