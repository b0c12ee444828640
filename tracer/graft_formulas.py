"""Grafts without running anything: the reference's values in the candidate's traces, carried on by the formulas.

A quantity is replaced in every record; what is computed from it is computed again by the catalogue's formulas, up to
the intensity. That is as good as the formulas describe the candidate, so what is not known is said: a value that does
not follow from its parents in the candidate is taken to change as its formula does, and one that no formula gives is
taken to agree once what it comes from does. While that still differs, nobody can tell what becomes of it; nor of the
intensity, which would heal whatever is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .at import At
from .catalogue import Alternative, Catalogue, Quantity
from .cost import formula_pair
from .diff import Case, Side, compare
from .errors import FirstbadError
from .formula import Unknown
from .graft import image_error
from .model import Record, Trace
from .sampling import sampling
from .uncertain import Num, Term, parts
from .view import View

if TYPE_CHECKING:
    from .store import Store

Terms = dict[int, Term]
Names = frozenset[str]
Pair = tuple[tuple[Num, ...], tuple[Num, ...]]
_LOOSE = 8.0
"""How often a value must be off what printing and rounding explain, once others were carried through formulas."""


_FAR = 0.5
PIXELS = 24
"""Pixels of two stores whose traces are carried through the formulas one by one."""
ITSELF = "it is the intensity itself, whose graft heals whatever is wrong, and no formula shows it to be at fault"
"""Why an intensity that only differs is not replaced."""


@dataclass
class Formulas:
    """The candidate's and the reference's traces at some pixels: `Grafts` of bisect/axes/grafts.py."""

    pixels: list[Pixel]
    places: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    """Which they are (slow, fast), where they come from stores."""

    @classmethod
    def of(cls, pairs: Iterable[tuple[Trace, Trace]], catalogue: Catalogue) -> Formulas:
        """From (reference, candidate) pairs, one a pixel. FirstbadError `graft-sampling`."""
        return cls([Pixel(_case(reference, candidate, catalogue)) for reference, candidate in pairs])

    @classmethod
    def of_stores(cls, reference: Store, candidate: Store, catalogue: Catalogue, most: int = PIXELS) -> Formulas:
        """At `most` pixels of two stores: the one to trace of each cause, then those that cost the gate most.

        FirstbadError `graft-no-intensity` where a store has no final intensity, `graft-sampling`, and as `common`.
        """
        from .store_pairs import common

        reference, candidate, _ = common(reference, candidate)
        places = _places(reference, candidate, catalogue, most)
        pairs = ((reference.trace(*place), candidate.trace(*place)) for place in places)
        return replace(cls.of(pairs, catalogue), places=places)

    def error(self, names: Names) -> float:
        """Σ|I − I_reference| over the pixels with `names` grafted, in the unit of the intensity; nan where untold."""
        found = [pixel.intensity(names) for pixel in self.pixels]
        known = [pair for pair in found if pair is not None]
        if len(known) < len(found) or self._untold(names):
            return math.nan
        got, wanted = np.array(known).T
        return image_error(wanted, got)

    def origins(self, names: Names, without: Names) -> tuple[str, ...]:
        """What differs with `names` grafted though all it comes from agrees; with none, the judge's origins."""
        return tuple(dict.fromkeys(name for pixel in self.pixels for name in pixel.origins(names, without)))

    def differing(self) -> tuple[str, ...]:
        """What differs at all, be it that the intensity does not come from it."""
        return tuple(dict.fromkeys(name for pixel in self.pixels for name in pixel.differing()))

    def obstacle(self, name: str) -> str:
        """Why a graft of `name` says nothing, as a sentence's end; "" where it can be tried."""
        if any(pixel.is_intensity(name) for pixel in self.pixels) and not any(p.breaks(name) for p in self.pixels):
            return ITSELF
        if any(pixel.reaches(name) for pixel in self.pixels):
            return ""
        if all(not pixel.case.a.records(name) for pixel in self.pixels):
            return "the traces do not hold it"
        if all(pixel.equal(name) for pixel in self.pixels):
            return "both sides have the same values of it"
        return "no formula leads from it to the intensity in these traces"

    def unsure(self, names: Names) -> tuple[str, ...]:
        """What was taken to change as a formula does that it breaks, or to agree once what it comes from does.

        Where the error is nan, what changes in a way that no formula tells.
        """
        known = self._untold(names) or set[str]().union(*(pixel.unsure(names) for pixel in self.pixels))
        return tuple(sorted(known))

    def _untold(self, names: Names) -> set[str]:
        return set[str]().union(*(pixel.untold(names) for pixel in self.pixels))


@dataclass
class Pixel:
    """Both traces of one pixel; in `case` the candidate comes first, since its values are the ones to change."""

    case: Case
    _carried: dict[Names, Terms] = field(default_factory=dict[Names, Terms])
    _unsure: dict[Names, set[str]] = field(default_factory=dict[Names, set[str]])
    _untold: dict[Names, set[str]] = field(default_factory=dict[Names, set[str]])

    def __post_init__(self) -> None:
        pairs = [(p.reference, p.candidate) for p in self.case.pairings if p.reference is not None]
        self._partner = {id(ours): theirs for ours, theirs in pairs}

    def intensity(self, names: Names) -> tuple[float, float] | None:
        """The intensity with `names` grafted, and the reference's; None where there is none."""
        record = next(iter(self._finals()), None)
        other = self._partner.get(id(record))
        if record is None or other is None:
            return None
        term = self.carried(names).get(id(record))
        return term.v if isinstance(term, Num) else record.numbers[0], other.numbers[0]

    def reaches(self, name: str) -> bool:
        """Whether a graft of `name` changes the intensity, be it in a way that no formula tells."""
        names = frozenset((name,))
        carried = self.carried(names)
        return bool(self.untold(names)) or any(id(record) in carried for record in self._finals())

    def is_intensity(self, name: str) -> bool:
        """Whether `name` is what is to be healed."""
        return any(self.case.a.name(record) == name for record in self._finals())

    def breaks(self, name: str) -> bool:
        """Whether the candidate's values of `name` break their formula."""
        told = (self.case.closure_of(record, Side.REFERENCE) for record in self.case.a.records(name))
        return any(one is not None and one.broken for one in told)

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

    def differing(self) -> Iterator[str]:
        """See `Formulas`."""
        judged = compare(self.case.b.trace, self.case.a.trace, self.case.catalogue).judged
        yield from (one.quantity for one in judged if one.both and not one.verdict.agrees)

    def carried(self, names: Names) -> Terms:
        """All that changes in the candidate's trace with `names` replaced, by record."""
        known = self._carried.get(names)
        if known is None:
            known = self._carried[names] = {}
            self._unsure[names], self._untold[names] = set(), set()
            changed = {name for name in names if self._replace(name, known)}
            for name in self.case.catalogue.order:
                parents = _parents(self.case.a, name) & changed
                if name not in names and parents and self._carry(name, known, parents, names):
                    changed.add(name)
            self._untold[names] &= self._leading(names)
        return known

    def unsure(self, names: Names) -> set[str]:
        """See `Formulas`."""
        self.carried(names)
        return self._unsure[names]

    def untold(self, names: Names) -> set[str]:
        """What no formula gives, while something else that it comes from still differs."""
        self.carried(names)
        return self._untold[names]

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

    def _carry(self, name: str, terms: Terms, parents: Names, names: Names) -> bool:
        """Put what becomes of one quantity into `terms`, some `parents` of which changed; whether anything does."""
        quantity, before = self.case.catalogue.quantities[name], len(terms)
        for record in self.case.a.records(name):
            pair = formula_pair(self.case, record, quantity, terms) if quantity.values else None
            if pair is not None and self._applies(record):
                if _moves(pair) and not self._move(record, pair, terms):
                    self._unsure[names].add(name)
            elif self._matters(record, quantity, {}, terms, parents) and self._apart(record):
                untold = self.is_intensity(name) or self._open(record, quantity, terms)
                (self._untold if untold else self._unsure)[names].add(name)
                if not untold:
                    self._put(record, terms)
        return len(terms) > before

    def _applies(self, record: Record) -> bool:
        """Whether a formula of the record's quantity describes what the candidate does there, well or badly."""
        told = self.case.closure_of(record, Side.REFERENCE)
        return told is not None and told.holds is not None

    def _apart(self, record: Record) -> bool:
        """Whether the other side has the record, with another value."""
        other = self._partner.get(id(record))
        return other is not None and other.values != record.values

    def _open(self, record: Record, quantity: Quantity, terms: Terms) -> bool:
        """Whether the record, which no formula describes, depends on something that still differs."""
        names, swapped = set[str](), dict(terms)
        for name in _parents(self.case.a, quantity.name):
            for parent in self.case.a.related(name, record):
                lone = self._partner.get(id(parent)) is None and bool(self.case.b.records(name))
                if lone or self._differs(parent, terms):
                    names.add(name)
                    self._put(parent, swapped)
        return bool(names) and self._matters(record, quantity, terms, swapped, frozenset(names))

    def _matters(self, record: Record, quantity: Quantity, old: Terms, new: Terms, names: Names) -> bool:
        """Whether the record may change as the terms do: by any formula, or as `names` decide which formula holds.

        Where no formula can be evaluated, all that it comes from matters.
        """
        if any(f.when is not None and not names.isdisjoint(f.when.names) for f in quantity.values):
            return True
        pairs = [p for f in quantity.values if (p := _both(self.case.a, record, f, old, new)) is not None]
        return not pairs or any(map(_moves, pairs))

    def _leading(self, names: Names) -> set[str]:
        """The quantities that the intensity is computed from, with `names` replaced; itself among them."""
        found, front = set[str](), [self.case.a.name(record) for record in self._finals()]
        while front:
            name = front.pop()
            if name not in found:
                found.add(name)
                front += () if name in names else self.case.catalogue.quantities[name].parents
        return found

    def _move(self, record: Record, pair: Pair, terms: Terms) -> bool:
        """The value where its formula gave the first of `pair` and now gives the second; whether it follows at all."""
        told = self.case.closure_of(record, Side.REFERENCE)
        broken = told is not None and told.broken
        if broken and not self._differs(record, {}):
            return True  # it agrees without following: it does not come from what was replaced
        recorded = parts(self.case.a.term(record, (0.0,) * len(record.values)))
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
            ours, theirs = parts(a.term(record, a.half(record))), parts(b.term(other, b.half(other)))
        except Unknown:
            return False
        if id(record) in terms:
            told = self.case.closure_of(record, Side.REFERENCE)
            more = told.allowed if told is not None and told.holds and len(told.allowed) == len(ours) else ours
            spare = [n.e if isinstance(n, Num) else n for n in more]
            ours = tuple(Num(n.v, n.e + e) for n, e in zip(parts(terms[id(record)]), spare, strict=True))
        noise = max(b.noise(other), default=0.0) / abs(b.labels.get(b.name(other), 1.0))
        return any(_off(x, y, _LOOSE * (x.e + y.e + noise)) for x, y in zip(ours, theirs, strict=True))

    def _finals(self) -> list[Record]:
        """The intensity of the candidate's trace: the first of the catalogue's final quantities that it holds."""
        view = self.case.a
        return next((r for q in self.case.catalogue if q.final and (r := view.records(q.name))), list[Record]())


def _case(reference: Trace, candidate: Trace, catalogue: Catalogue) -> Case:
    """Both traces, the candidate first; refused where a pixel of the one has more subpixels than that of the other."""
    case = Case(candidate, reference, catalogue)
    ours, theirs = ({n: len(view.records(n)) for n in view.groups} for view in (case.b, case.a))
    found = sampling(ours, theirs, case.catalogue)
    if found is not None and found.what == "subpixel":
        raise FirstbadError(
            f"the reference took {found.reference} subpixel{'s' if found.reference > 1 else ''} of each pixel, "
            f"the candidate {found.candidate}: no value "
            "of the one stands for a value of the other",
            remedy="trace both with the same -oversample, and graft what else differs",
            slug="graft-sampling",
        )
    return case


def _places(reference: Store, candidate: Store, catalogue: Catalogue, most: int) -> list[tuple[int, int]]:
    from .pixels import costly_pixels
    from .store_judge import final_image, judge_stores

    judged = judge_stores(reference, candidate, catalogue)
    a, b = final_image(reference, catalogue), final_image(candidate, catalogue)
    if a is None or b is None:
        raise no_intensity((reference if a is None else candidate).path)
    costly = costly_pixels(a, b, most, apart=0)
    causes = [place for _, _, place in judged.causes]
    odd = [one.pixel for one in judged.judgements if not one.noise]  # what differs may leave the intensity alone
    here = odd[:most] or [(int(s), int(f)) for s, f in reference.pixels[:1]]  # equal stores: one pixel says so
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

    A value that shrinks to a small part of itself would lose its digits in a shift, and is taken from the formula; so
    is what was no number.
    """
    if math.isnan(r.v):
        return y
    if scaled and x.v:
        return Num(r.v * (y.v / x.v), y.e * abs(r.v / x.v))
    return y if abs(y.v) < _FAR * abs(x.v) and not scaled else Num(r.v + (y.v - x.v), y.e)


def _both(view: View, record: Record, formula: Alternative, old: Terms, new: Terms) -> Pair | None:
    """What a formula gives with the old and with the new terms, whether it applies or not; None where it cannot."""
    try:
        before, after = (formula.formula(At(view, record, terms, exact=True)) for terms in (old, new))
    except Unknown:
        return None
    return parts(before), parts(after)


def _moves(pair: Pair) -> bool:
    return any(x.v != y.v for x, y in zip(*pair, strict=True))


def _off(x: Num, y: Num, allowed: float) -> bool:
    if math.isnan(x.v) or math.isnan(y.v):
        return math.isnan(x.v) is not math.isnan(y.v)
    return x.v != y.v and not abs(x.v - y.v) <= allowed


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
