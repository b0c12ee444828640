"""Grafts without running anything: the reference's values in the candidate's traces, carried on by the formulas.

A quantity is replaced in every record; what is computed from it is computed again by the catalogue's formulas, up to
the intensity. That is as good as the formulas describe the candidate, so what is not known is said: a value that does
not follow from its parents in the candidate is taken to change as its formula does, and one that no formula gives is
taken to agree once its parents do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .catalogue import Catalogue
from .cost import formula_pair
from .diff import Case, Side, compare
from .errors import FirstbadError
from .formula import Unknown
from .model import Record, Trace
from .uncertain import Num, Term
from .view import View

if TYPE_CHECKING:
    from .store import Store

Terms = dict[int, Term]
Names = frozenset[str]
_LOOSE = 8.0
"""How often a value must be off what printing and rounding explain, once others were carried through formulas."""


_FAR = 0.5
PIXELS = 24
"""Pixels of two stores whose traces are carried through the formulas one by one."""


@dataclass
class Formulas:
    """The candidate's and the reference's traces at some pixels: `Grafts` of bisect/axes/grafts.py."""

    pixels: list[Pixel]
    places: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Which they are (slow, fast), where they come from stores."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[Trace, Trace]], catalogue: Catalogue) -> Formulas:
        """From (reference, candidate) pairs, one a pixel."""
        return cls([Pixel(Case(candidate, reference, catalogue)) for reference, candidate in pairs])

    @classmethod
    def of_stores(cls, reference: Store, candidate: Store, catalogue: Catalogue, most: int = PIXELS) -> Formulas:
        """At `most` pixels of two stores: the one to trace of each cause, then those that cost the gate most.

        FirstbadError `graft-no-intensity` where a store has no final intensity.
        """
        places = _places(reference, candidate, catalogue, most)
        pairs = ((reference.trace(*place), candidate.trace(*place)) for place in places)
        return replace(cls.of(pairs, catalogue), places=places)

    def error(self, names: Names) -> float:
        """Σ|I − I_reference| over the pixels with `names` grafted, in the unit of the intensity."""
        return math.fsum(abs(got - wanted) for got, wanted in (pixel.intensity(names) for pixel in self.pixels))

    def origins(self, names: Names, without: Names) -> tuple[str, ...]:
        """What differs with `names` grafted though all it comes from agrees; with none, the judge's origins."""
        return tuple(dict.fromkeys(name for pixel in self.pixels for name in pixel.origins(names, without)))

    def obstacle(self, name: str) -> str:
        """Why a graft of `name` says nothing, as a sentence's end; "" where it can be tried."""
        if any(pixel.reaches(name) for pixel in self.pixels):
            return ""
        if all(not pixel.case.a.records(name) for pixel in self.pixels):
            return "the traces do not hold it"
        if all(pixel.equal(name) for pixel in self.pixels):
            return "both sides have the same values of it"
        return "no formula leads from it to the intensity in these traces"

    def unsure(self, names: Names) -> tuple[str, ...]:
        """What was taken to change as a formula does that it breaks, or to agree once what it comes from does."""
        return tuple(sorted(set[str]().union(*(pixel.unsure(names) for pixel in self.pixels))))


@dataclass
class Pixel:
    """Both traces of one pixel; in `case` the candidate comes first, since its values are the ones to change."""

    case: Case
    _carried: dict[Names, Terms] = field(default_factory=dict[Names, Terms])
    _unsure: dict[Names, set[str]] = field(default_factory=dict[Names, set[str]])

    def __post_init__(self) -> None:
        pairs = [(p.reference, p.candidate) for p in self.case.pairings if p.reference is not None]
        self._partner = {id(ours): theirs for ours, theirs in pairs}

    def intensity(self, names: Names) -> tuple[float, float]:
        """The intensity with `names` grafted, and the reference's; nan where there is none."""
        record = next(iter(self._finals()), None)
        other = self._partner.get(id(record))
        if record is None or other is None:
            return math.nan, math.nan
        term = self.carried(names).get(id(record))
        return term.v if isinstance(term, Num) else record.numbers[0], other.numbers[0]

    def reaches(self, name: str) -> bool:
        """Whether a graft of `name` changes the intensity by a formula."""
        carried = self.carried(frozenset((name,)))
        return any(id(record) in carried for record in self._finals())

    def equal(self, name: str) -> bool:
        """Whether both sides have the same values of `name`."""
        others = [(r, self._partner.get(id(r))) for r in self.case.a.records(name)]
        return all(other is not None and r.values == other.values for r, other in others)

    def origins(self, names: Names, without: Names) -> Iterator[str]:
        """See `Formulas`."""
        if not names and not without:
            yield from (f.quantity for f in compare(self.case.b.trace, self.case.a.trace, self.case.catalogue).origins)
            return
        terms = self.carried(names)
        left = [name for name in self.case.catalogue.order if name not in names | without]
        differing = {n for n in left if any(self._differs(r, terms) for r in self.case.a.records(n))}
        yield from (n for n in left if n in differing and differing.isdisjoint(_parents(self.case.a, n, without)))

    def carried(self, names: Names) -> Terms:
        """All that changes in the candidate's trace with `names` replaced, by record."""
        known = self._carried.get(names)
        if known is None:
            known = self._carried[names] = {}
            unsure = self._unsure[names] = set()
            changed = {name for name in names if self._replace(name, known)}
            for name in self.case.catalogue.order:
                touched = name not in names and not changed.isdisjoint(_parents(self.case.a, name))
                if touched and self._carry(name, known, unsure):
                    changed.add(name)
        return known

    def unsure(self, names: Names) -> set[str]:
        """See `Formulas`."""
        self.carried(names)
        return self._unsure[names]

    def _replace(self, name: str, terms: Terms) -> bool:
        """Put the reference's values of one quantity into `terms`; whether it has any."""
        put = [self._put(record, terms) for record in self.case.a.records(name)]
        return any(put)

    def _put(self, record: Record, terms: Terms) -> bool:
        """The partner's value in the record's place, each side's wrong unit labels corrected."""
        other = self._partner.get(id(record))
        if other is None or record.shape != other.shape:
            return False
        try:
            terms[id(record)] = self.case.b.term(other, self.case.b.half(other))
        except Unknown:
            return False
        return True

    def _carry(self, name: str, terms: Terms, unsure: set[str]) -> bool:
        """Put what becomes of one quantity into `terms`; whether anything does."""
        quantity, before = self.case.catalogue.quantities[name], len(terms)
        for record in self.case.a.records(name):
            pair = formula_pair(self.case, record, quantity, terms) if quantity.values else None
            if pair is not None and any(x.v != y.v for x, y in zip(*pair, strict=True)):
                known = self._move(record, pair, terms)
            elif pair is None or not self._applies(record):
                known = self._follow(record, terms)
            else:
                continue
            if not known:
                unsure.add(name)
        return len(terms) > before

    def _applies(self, record: Record) -> bool:
        """Whether a formula of the record's quantity describes what the candidate does there, well or badly."""
        told = self.case.closure_of(record, Side.REFERENCE)
        return told is not None and told.holds is not None

    def _follow(self, record: Record, terms: Terms) -> bool:
        """Without a formula: what differs is taken to agree; False where that was done."""
        other = self._partner.get(id(record))
        return other is None or other.values == record.values or not self._put(record, terms)

    def _move(self, record: Record, pair: tuple[tuple[Num, ...], tuple[Num, ...]], terms: Terms) -> bool:
        """The value where its formula gave the first of `pair` and now gives the second; whether it follows at all."""
        told = self.case.closure_of(record, Side.REFERENCE)
        broken = told is not None and told.broken
        if broken and not self._differs(record, {}):
            return True  # it agrees without following: it does not come from what was replaced
        recorded = _numbers(self.case.a.term(record, (0.0,) * len(record.values)))
        scaled = len(recorded) == 1 and not (told is not None and told.holds)
        numbers = tuple(_moved(r, x, y, scaled=scaled) for r, x, y in zip(recorded, *pair, strict=True))
        terms[id(record)] = numbers[0] if record.shape == () else numbers
        return not broken

    def _differs(self, record: Record, terms: Terms) -> bool:
        """Whether a record is off its partner by more than printing, rounding and what was carried into it explain."""
        other = self._partner.get(id(record))
        if other is None or record.shape != other.shape:
            return False
        a, b = self.case.a, self.case.b
        try:
            ours, theirs = _numbers(a.term(record, a.half(record))), _numbers(b.term(other, b.half(other)))
        except Unknown:
            return False
        if id(record) in terms:
            told = self.case.closure_of(record, Side.REFERENCE)
            more = told.allowed if told is not None and told.holds and len(told.allowed) == len(ours) else ours
            spare = [n.e if isinstance(n, Num) else n for n in more]
            ours = tuple(Num(n.v, n.e + e) for n, e in zip(_numbers(terms[id(record)]), spare, strict=True))
        noise = max(b.noise(other), default=0.0) / abs(b.labels.get(b.name(other), 1.0))
        return any(_off(x, y, _LOOSE * (x.e + y.e + noise)) for x, y in zip(ours, theirs, strict=True))

    def _finals(self) -> list[Record]:
        """The intensity of the candidate's trace: the first of the catalogue's final quantities that it holds."""
        view = self.case.a
        return next((r for q in self.case.catalogue if q.final and (r := view.records(q.name))), list[Record]())


def _places(reference: Store, candidate: Store, catalogue: Catalogue, most: int) -> list[tuple[int, int]]:
    import numpy as np

    from .pixels import costly_pixels
    from .store_judge import final_image, judge_stores

    judged = judge_stores(reference, candidate, catalogue)
    a, b = final_image(reference, catalogue), final_image(candidate, catalogue)
    if a is None or b is None:
        raise no_intensity((reference if a is None else candidate).path)
    costly = costly_pixels(np.nan_to_num(a), np.nan_to_num(b), most, apart=0)
    causes = [place for _, _, place in judged.causes]
    here = [(int(s), int(f)) for s, f in reference.pixels[:1]]  # equal stores: one pixel says so
    return list(dict.fromkeys([*causes, *((p.slow, p.fast) for p in costly)]))[:most] or here


def no_intensity(path: Path) -> FirstbadError:
    """What is said of a trace or store without a final intensity."""
    return FirstbadError(
        f"{path} holds no final intensity, so there is no error to heal",
        remedy="trace the quantity that the catalogue calls final (I_pixel_final)",
        slug="graft-no-intensity",
    )


def _moved(r: Num, x: Num, y: Num, *, scaled: bool) -> Num:
    """The recorded `r`, shifted or `scaled` as its formula goes from `x` to `y`, with the error of `y`.

    A value that shrinks to a small part of itself would lose its digits in a shift, and is taken from the formula.
    """
    if scaled and x.v:
        return Num(r.v * (y.v / x.v), y.e * abs(r.v / x.v))
    return y if abs(y.v) < _FAR * abs(x.v) and not scaled else Num(r.v + (y.v - x.v), y.e)


def _off(x: Num, y: Num, allowed: float) -> bool:
    if math.isnan(x.v) or math.isnan(y.v):
        return math.isnan(x.v) is not math.isnan(y.v)
    return x.v != y.v and not abs(x.v - y.v) <= allowed


def _numbers(term: Term) -> tuple[Num, ...]:
    return (term,) if isinstance(term, Num) else term


def _parents(view: View, name: str, without: Names = frozenset()) -> Names:
    """The nearest quantities that `name` is computed from and the trace holds."""
    quantities = view.catalogue.quantities
    found, seen, front = set[str](), set[str](), list(quantities[name].parents)
    while front:
        parent = front.pop()
        if parent in seen:
            continue
        seen.add(parent)
        if parent in view.groups and parent not in without:
            found.add(parent)
        else:
            front.extend(quantities[parent].parents)
    return frozenset(found)
