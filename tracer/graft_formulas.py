"""Grafts without running anything: the reference's values in the candidate's traces, carried on by the formulas.

A quantity is replaced in every record; what is computed from it is computed again by the catalogue's formulas, up to
the intensity. That is as good as the formulas describe the candidate, so what is not known is said: a value that does
not follow from its parents in the candidate is taken to change as its formula does, and a value that is looked up
stays as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from .catalogue import Catalogue
from .cost import moved
from .diff import Case, Side
from .formula import Unknown
from .model import Record, Trace
from .uncertain import Num, Term


@dataclass
class Formulas:
    """The candidate's and the reference's traces at some pixels. `run(set)` gives the error Σ|I − I_reference|.

    `assumed` and `looked_up` fill up with what the runs could not know.
    """

    cases: list[Case]
    assumed: set[str] = field(default_factory=set[str])
    looked_up: set[str] = field(default_factory=set[str])

    @classmethod
    def of(cls, pairs: Iterable[tuple[Trace, Trace]], catalogue: Catalogue) -> Formulas:
        """From (reference, candidate) pairs, one a pixel."""
        return cls([Case(candidate, reference, catalogue) for reference, candidate in pairs])

    def run(self, names: frozenset[str]) -> float:
        """Σ|I − I_reference| over the pixels with `names` grafted, in the unit of the intensity."""
        return math.fsum(abs(got - wanted) for got, wanted in (self._pixel(case, names) for case in self.cases))

    def obstacle(self, name: str) -> str:
        """Why a graft of `name` says nothing, as a sentence's end; "" where it can be tried."""
        for case in self.cases:
            terms = _replaced(case, frozenset((name,)))
            if terms:
                carried = self._carried(case, terms)
                if any(id(r) in carried for r in _finals(case)):
                    return ""
        held = [record for case in self.cases for record in case.a.records(name)]
        if held and all(_equal(case, name) for case in self.cases):
            return "both sides have the same values of it"
        return "no formula leads from it to the intensity in these traces" if held else "the traces do not hold it"

    def _pixel(self, case: Case, names: frozenset[str]) -> tuple[float, float]:
        terms = self._carried(case, _replaced(case, names))
        for record in _finals(case):
            term, other = terms.get(id(record)), _partner(case, record)
            got = term.v if isinstance(term, Num) else record.numbers[0]
            return got, other.numbers[0] if other is not None else math.nan
        return math.nan, math.nan

    def _carried(self, case: Case, terms: dict[int, Term]) -> dict[int, Term]:
        changed = {case.a.name(r) for r in case.a.trace.records if id(r) in terms}
        for name in case.catalogue.order:
            quantity = case.catalogue.quantities[name]
            if changed.isdisjoint(case.catalogue.ancestors(name)):
                continue
            for record in case.a.records(name):
                if id(record) in terms:
                    continue
                if not quantity.formulas and not changed.isdisjoint(quantity.parents):
                    self.looked_up.add(name)
                told = case.closure_of(record, Side.REFERENCE)
                term = moved(case, record, quantity, terms)
                if term is not None:
                    terms[id(record)] = term
                    changed.add(name)
                    if told is not None and told.broken:
                        self.assumed.add(name)
        return terms


def _finals(case: Case) -> list[Record]:
    """The intensity of the candidate's trace: the first of the catalogue's final quantities that it holds."""
    return next((r for q in case.catalogue if q.final and (r := case.a.records(q.name))), list[Record]())


def _partner(case: Case, record: Record) -> Record | None:
    return next((p.candidate for p in case.pairings if p.reference is record), None)


def _equal(case: Case, name: str) -> bool:
    pairs = [p for p in case.pairings if p.reference is not None and case.a.name(p.reference) == name]
    return all(p.reference and p.candidate and p.reference.values == p.candidate.values for p in pairs)


def _replaced(case: Case, names: frozenset[str]) -> dict[int, Term]:
    """The reference's values in the places of the candidate's records, each side's wrong unit labels corrected."""
    found: dict[int, Term] = {}
    for pairing in case.pairings:
        ours, theirs = pairing.reference, pairing.candidate
        if ours is None or theirs is None or case.a.name(ours) not in names or ours.shape != theirs.shape:
            continue
        try:
            found[id(ours)] = case.b.term(theirs, (0.0,) * len(theirs.values))
        except Unknown:
            continue
    return found
