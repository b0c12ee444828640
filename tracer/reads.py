"""What a value comes from besides its parents: the step before, and records that one side lacks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .at import At
from .closure_result import asks_otherwise, followed
from .formula import Unknown, compile_formula
from .model import Record

if TYPE_CHECKING:
    from .diff import Judged
    from .origins import Roles


def read_beside(roles: Roles, one: Judged) -> list[Judged]:
    """Pairs that its formula reads beside its parents: of relations, and of its own quantity the step before."""
    record, view = one.pairing.reference, roles.case.a
    told, _ = roles.case.closures_of(one.pairing)
    quantity = roles.case.catalogue.get(one.quantity)
    if record is None or told is None or quantity is None or not told.formula:
        return []
    formula = compile_formula(told.formula)
    names = formula.names & {*quantity.beside, one.quantity}
    reads: list[Record] = []
    if names:
        try:
            formula(At(view, record, {}, reads=reads))
        except Unknown:
            return []
    found = dict.fromkeys(id(r) for r in reads if view.name(r) in names and r is not record)
    return [roles.at[key] for key in found if key in roles.at]


def elsewhere(roles: Roles, one: Judged) -> list[str]:
    """Names of what made a value another one though its parents agree; nothing unless formulas prove it.

    They do where it follows on both sides and they ask for two values: what else they read is not the same.
    """
    a, b = roles.case.closures_of(one.pairing)
    if a is None or b is None or not followed((a, b)) or a.invariant or b.invariant or not asks_otherwise(a, b):
        return []
    return list(dict.fromkeys((*_step_before(roles, one), *_one_sided(roles, one))))


def _step_before(roles: Roles, one: Judged) -> Iterable[str]:
    """What diverges of the records that stand before it: two quantities that are checked by each other must not excuse
    each other.
    """
    for pair in read_beside(roles, one):
        if _stands_before(roles, pair, one) and not pair.verdict.agrees and not roles.healed(pair.quantity):
            yield pair.quantity


def _stands_before(roles: Roles, pair: Judged, one: Judged) -> bool:
    return roles.case.a.position(pair.pairing.record) < roles.case.a.position(one.pairing.record)


def of_a_later_step(roles: Roles, pair: Judged, one: Judged) -> bool:
    """Whether a loop begins with `one`, whose formula reads a step before that is not there, and goes on to `pair`.

    The velocity behind the first position was computed from it, and not the other way round.
    """
    told, _ = roles.case.closures_of(one.pairing)
    if told is None or told.holds is not None or _stands_before(roles, pair, one):
        return False
    formulas = roles.case.catalogue.quantities[one.quantity].formulas
    return any(one.quantity in a.formula.names for a in formulas) and one.quantity in _read_by(roles, pair.quantity)


def _read_by(roles: Roles, name: str) -> set[str]:
    """All that a quantity is computed from, also in earlier steps: what stands beside its parents counts."""
    found, front = set[str](), [name]
    while front:
        quantity = roles.case.catalogue.get(front.pop())
        new = {*quantity.parents, *quantity.beside} - found if quantity is not None else set[str]()
        found |= new
        front.extend(new)
    return found


def _one_sided(roles: Roles, one: Judged) -> Iterable[str]:
    """The parents of which one side has records at this place that the other lacks."""
    for name in sorted(roles.present_parents(one.quantity)):
        sides = ((roles.case.a, one.pairing.reference), (roles.case.b, one.pairing.candidate))
        if any(id(r) in roles.lonely for view, record in sides if record for r in view.related(name, record)):
            yield name


def that_it_reads(roles: Roles, one: Judged, names: list[str]) -> list[str]:
    """Of its diverging parents those that the formulas read by which it follows; all, where that leaves none.

    A catalogue names the parents of every mode; the formula that holds tells which mode this is.
    """
    told, quantity = roles.case.closures_of(one.pairing), roles.case.catalogue.get(one.quantity)
    if quantity is None or not followed(told):
        return names
    read = {name for result in told if result is not None for name in compile_formula(result.formula).names}
    return [name for name in names if name in read or name not in quantity.parents] or names
