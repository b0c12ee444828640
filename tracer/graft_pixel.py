"""One pixel of a graft by formulas: the reference's values in the candidate's trace, and what becomes of the others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from .at import At
from .catalogue import Alternative, Quantity
from .cost import formula_pair
from .diff import Case, Side, compare
from .formula import Unknown
from .graft_steps import groups, read_of, steps_of
from .model import Record
from .tolerance import Limits
from .uncertain import Num, Term, parts
from .view import View

Terms = dict[int, Term]
Names = frozenset[str]
Group = tuple[str, ...]
Pair = tuple[tuple[Num, ...], tuple[Num, ...]]
_LOOSE = 8.0
"""How often a value must be off what printing and rounding explain, once others were carried through formulas."""
_FAR = 0.5


@dataclass
class Pixel:
    """Both traces of one pixel; in `case` the candidate comes first, since its values are the ones to change."""

    case: Case
    _carried: dict[Names, Terms] = field(default_factory=dict[Names, Terms])
    _unsure: dict[Names, set[str]] = field(default_factory=dict[Names, set[str]])
    _untold: dict[Names, set[str]] = field(default_factory=dict[Names, set[str]])

    _near: dict[str, Names] = field(default_factory=dict[str, Names])
    """What each quantity comes from: the nearest that the trace holds, and other steps."""

    def __post_init__(self) -> None:
        pairs = [(p.reference, p.candidate) for p in self.case.pairings if p.reference is not None]
        self._partner = {id(ours): theirs for ours, theirs in pairs}

    def intensity(self, names: Names) -> tuple[float, float] | None:
        """The intensity with `names` grafted, and the reference's; None where there is none."""
        record, other = self._results
        if record is None or other is None:
            return None
        term = self.carried(names).get(id(record))
        return term.v if isinstance(term, Num) else record.numbers[0], other.numbers[0]

    @cached_property
    def granted(self) -> float:
        """By how much printing and rounding let the two intensities differ; 0 where there are none."""
        record, other = self._results
        if record is None or other is None:
            return 0.0
        sides = [(v, r) for v, r in ((self.case.a, record), (self.case.b, other)) if math.isfinite(r.numbers[0])]
        return sum(v.half(r)[0] + Limits().slack * v.noise(r)[0] for v, r in sides)

    def reaches(self, name: str) -> bool:
        """Whether a graft of `name` changes the intensity, be it in a way that no formula tells."""
        names = frozenset((name,))
        carried = self.carried(names)
        return bool(self.untold(names)) or id(self._results[0]) in carried

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
        """See `graft_formulas.Formulas`."""
        if not names and not without:
            yield from (f.quantity for f in compare(self.case.b.trace, self.case.a.trace, self.case.catalogue).origins)
            return
        terms = self.carried(names)
        left = [name for name in self.case.catalogue.order if name not in names | without]
        apart = {n: [r for r in self.case.a.records(n) if self._differs(r, terms)] for n in left}
        differing = {n for n, records in apart.items() if records}
        for group in self._groups:
            for name in (n for n in group if n in differing):
                parents = _parents(self.case.a, name, without)
                if differing.isdisjoint(parents.difference(group)):
                    near = parents.intersection(group), steps_of(self.case.catalogue.quantities[name], group) - without
                    if any(not self._behind(record, *near, terms) for record in apart[name]):
                        yield name

    def _behind(self, record: Record, parents: Names, steps: Names, terms: Terms) -> bool:
        """Whether something differs that the record comes from: parents in its own step, or values of another one."""
        view = self.case.a
        read = [one for name in sorted(parents) for one in view.related(name, record)]
        if steps:
            read += read_of(view, record, self.case.catalogue.quantities[view.name(record)], steps)
        return any(self._differs(one, terms) for one in read)

    def differing(self) -> Iterator[str]:
        """See `graft_formulas.Formulas`."""
        judged = compare(self.case.b.trace, self.case.a.trace, self.case.catalogue).judged
        yield from (one.quantity for one in judged if one.both and not one.verdict.agrees)

    def carried(self, names: Names) -> Terms:
        """All that changes in the candidate's trace with `names` replaced, by record."""
        known = self._carried.get(names)
        if known is None:
            known = self._carried[names] = {}
            self._unsure[names], self._untold[names] = set(), set()
            changed = {name for name in names if self._replace(name, known)}
            for group in self._groups:
                for record in self._in_turn([name for name in group if name not in names]):
                    self._carry(record, group, known, changed, names)
            self._untold[names] &= self._leading(names)
        return known

    def unsure(self, names: Names) -> set[str]:
        """See `graft_formulas.Formulas`."""
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
            numbers = self._theirs(record, other)
        except Unknown:
            return False
        terms[id(record)] = numbers[0] if record.shape == () else numbers
        return True

    def _theirs(self, record: Record, other: Record) -> tuple[Num, ...]:
        """The partner's value; where both labels were taken for one, in the unit of the record."""
        b = self.case.b
        scale = b.labels.get(b.name(other), 1.0) / self._label(record, other)
        return tuple(Num(n.v * scale, n.e * abs(scale)) for n in parts(b.term(other, b.half(other))))

    def _label(self, record: Record, other: Record) -> float:
        """The unit label of the partner's value: what its trace shows to be wrong.

        But numbers of one size are in one unit, though the trace of only one side may hold what tells which.
        """
        ours, its = (v.labels.get(v.name(r), 1.0) for v, r in ((self.case.a, record), (self.case.b, other)))
        sizes = [math.hypot(*r.numbers) for r in (record, other)]
        if ours == its or not all(0 < size < math.inf for size in sizes):
            return its
        alike = abs(math.log10(sizes[0] / sizes[1])) < abs(math.log10(abs(ours / its))) / 2
        return ours if alike else its

    @cached_property
    def _groups(self) -> list[Group]:
        return groups(self.case.catalogue)

    def _in_turn(self, names: Sequence[str]) -> list[Record]:
        """The records of some quantities as the program computed them: of several, as they stand in the trace."""
        view = self.case.a
        found = [record for name in names for record in view.records(name)]
        return found if len(names) == 1 else sorted(found, key=view.position)

    def _carry(self, record: Record, group: Group, terms: Terms, changed: set[str], names: Names) -> None:
        """Put what becomes of a record into `terms`, and its name into `changed`, where what it comes from changed."""
        name = self.case.a.name(record)
        quantity = self.case.catalogue.quantities[name]
        if name not in self._near:
            self._near[name] = _parents(self.case.a, name) | steps_of(quantity, group)
        parents = self._near[name] & changed
        if not parents:
            return
        pair = formula_pair(self.case, record, quantity, terms) if quantity.values else None
        if pair is not None and self._applies(record):
            if _moves(pair) and not self._move(record, pair, terms):
                self._unsure[names].add(name)
        elif self._matters(record, quantity, {}, terms, parents) and self._apart(record):
            untold = self.is_intensity(name) or self._open(record, quantity, terms)
            (self._untold if untold else self._unsure)[names].add(name)
            if not untold:
                self._put(record, terms)
        if id(record) in terms:
            changed.add(name)

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
            ours, theirs = parts(a.term(record, a.half(record))), self._theirs(record, other)
        except Unknown:
            return False
        if id(record) in terms:
            told = self.case.closure_of(record, Side.REFERENCE)
            more = told.allowed if told is not None and told.holds and len(told.allowed) == len(ours) else ours
            spare = [n.e if isinstance(n, Num) else n for n in more]
            spare = [0.0 if math.isnan(e) else e for e in spare]  # what was no number grants nothing
            ours = tuple(Num(n.v, n.e + e) for n, e in zip(parts(terms[id(record)]), spare, strict=True))
        noise = max(b.noise(other), default=0.0) / abs(self._label(record, other))
        return any(_off(x, y, _LOOSE * (x.e + y.e + noise)) for x, y in zip(ours, theirs, strict=True))

    def _finals(self) -> list[Record]:
        """The intensity of the candidate's trace: the first of the catalogue's final quantities that it holds."""
        view = self.case.a
        return next((r for q in self.case.catalogue if q.final and (r := view.records(q.name))), list[Record]())

    @cached_property
    def _results(self) -> tuple[Record | None, Record | None]:
        """The intensities that the candidate and the reference end with: a loop may compute them again and again."""
        ours = self._finals()
        theirs = self.case.b.records(self.case.a.name(ours[-1])) if ours else []
        return (ours[-1] if ours else None), (theirs[-1] if theirs else None)


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
