"""What an origin does to the final intensity, by carrying its value through the formulas of the reference."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .at import At
from .catalogue import Quantity
from .diff import Case, Side
from .formula import Unknown
from .model import Record
from .uncertain import Num, Term, parts

if TYPE_CHECKING:
    from .origins import Roles


class Cost:
    """What an origin does to the final intensity: |ln| of its ratio with the candidate's value in the reference."""

    def __init__(self, roles: Roles) -> None:
        self.roles, self.view, self.catalogue = roles, roles.case.a, roles.case.catalogue

    def of(self, name: str, *, hidden: bool = False) -> float | None:
        """The cost; None where formulas do not lead from the quantity to the intensity.

        Of an origin behind an origin (`hidden`) only what it adds counts, not what it inherits.
        """
        quantity = self.catalogue.get(name)
        if quantity is None:
            return None
        finals = [q for q in self.catalogue if q.final and self.view.records(q.name)]
        if finals and not any(q.name == name or name in self.catalogue.ancestors(q.name) for q in finals):
            return 0.0  # nothing leads from it to the intensity
        terms = self._added(name) if hidden else self.roles.swap(name)
        if not terms:
            return None
        if quantity.final:
            return self._ratio(self.view.records(name), terms)
        changed = {name}
        for child in self.catalogue.order:
            if not changed.isdisjoint(self.roles.present_parents(child)):
                before = len(terms)
                self._carry(self.catalogue.quantities[child], terms)
                if len(terms) > before:
                    changed.add(child)
        costs = [self._ratio(self.view.records(q.name), terms) for q in finals]
        return next((cost for cost in costs if cost is not None), None)

    def _added(self, name: str) -> dict[int, Term]:
        """The reference's values with the break of a closure put in, where the candidate's breaks, or else taken out.

        Where the formula gives an invariant, or nothing, the break has no value: then all that differs counts.
        """
        found: dict[int, Term] = {}
        telling = {alternative.formula.text for alternative in self.catalogue.quantities[name].values}
        for one in self.roles.pairs[name]:
            record = one.pairing.reference
            assert record is not None
            for sign, told in zip((-1.0, 1.0), self.roles.case.closures_of(one.pairing), strict=True):
                if told and told.broken and told.expected and told.formula in telling:
                    off = [sign * (v - x) for v, x in zip(told.record.numbers, told.expected, strict=True)]
                    numbers = tuple(Num(v + d) for v, d in zip(record.numbers, off, strict=True))
                    found[id(record)] = numbers[0] if record.shape == () else numbers
        return found or self.roles.swap(name)

    def _carry(self, quantity: Quantity, terms: dict[int, Term]) -> None:
        for record in self.view.records(quantity.name):
            term = moved(self.roles.case, record, quantity, terms)
            if term is not None:
                terms[id(record)] = term

    def _ratio(self, records: Sequence[Record], terms: dict[int, Term]) -> float | None:
        for record in reversed(records):  # the last one is the result, the others are on the way to it
            new, old = terms.get(id(record)), record.values[0]
            if isinstance(new, Num) and not isinstance(old, str) and math.isfinite(old) and old:
                if math.isnan(new.v):
                    return math.inf
                return abs(math.log(abs(new.v / old))) if new.v else math.inf
        return None


def formula_pair(
    case: Case, record: Record, quantity: Quantity, terms: dict[int, Term]
) -> tuple[tuple[Num, ...], tuple[Num, ...]] | None:
    """What the record's formula gives without and with the swapped terms.

    The formula that held comes first; the condition is not asked, because a ratio stays one where a sum is not whole.
    """
    told = case.closure_of(record, Side.REFERENCE)
    held = told.formula if told is not None else ""
    for alternative in sorted(quantity.values or quantity.formulas, key=lambda f: f.formula.text != held):
        try:
            before = parts(alternative.formula(At(case.a, record, {}, exact=True)))
            after = parts(alternative.formula(At(case.a, record, terms, exact=True)))
        except Unknown:
            continue
        if len(before) == len(after) and (not quantity.values or len(before) == len(record.values)):
            return before, after
    return None


def moved(case: Case, record: Record, quantity: Quantity, terms: dict[int, Term]) -> Term | None:
    """The record's value once its parents are swapped: shifted by what its formula changes.

    A number that does not follow from its formula is scaled as that is, unless that is zero.
    """
    if id(record) in terms or not quantity.values:
        return None
    pair = formula_pair(case, record, quantity, terms)
    if pair is None or all(x.v == y.v for x, y in zip(*pair, strict=True)):
        return None
    try:
        recorded = parts(case.a.term(record, (0.0,) * len(record.values)))
    except Unknown:
        return None
    told = case.closure_of(record, Side.REFERENCE)
    scaled = len(recorded) == 1 and not (told is not None and told.holds)
    numbers = tuple(
        Num(r.v * (y.v / x.v)) if scaled and x.v else Num(r.v + (y.v - x.v))
        for r, x, y in zip(recorded, *pair, strict=True)
    )
    return numbers[0] if record.shape == () else numbers
