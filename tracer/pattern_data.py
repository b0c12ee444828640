"""What a pattern is weighed on: two lists of numbers, how exactly they are known, and what else the traces
hold.

A hypothesis is scored in bits. What speaks for it: for each component how much closer its prediction is to
the candidate than the reference was, in powers of two, but never more than the printed digits carry. What
it costs: how unlikely it was beforehand, one bit for each halving; free parameters and choices among many
are costs. With costs that add up to a probability, a hypothesis that is ahead by `n` bits is a chance hit
with a probability of about 2^-n.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from .catalogue import Catalogue
from .model import Record, Trace
from .view import View

MOST = 200  # records that are looked at
CAP = 40.0  # bits that one component may give: more digits do not make it more convincing
LARGEST = 1e150  # beyond it squares overflow, and nothing that a trace means is that large
ZERO = 12.0  # bits that an exact zero may give
DIGIT = math.log2(10)


class Compared(Protocol):
    """Two traces under one catalogue, as diff.Case holds them."""

    @property
    def a(self) -> View:
        """The reference."""
        ...

    @property
    def b(self) -> View:
        """The candidate."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Both traces as views: where patterns find pixel size, N, unit vectors and other quantities."""

    a: View
    b: View

    @classmethod
    def of(cls, reference: Trace, candidate: Trace, catalogue: Catalogue | None = None) -> Context:
        """From two traces; without a catalogue nothing is known about parents."""
        known = Catalogue() if catalogue is None else catalogue
        return cls(View(reference, known), View(candidate, known))


@dataclass(frozen=True, slots=True)
class Pair:
    """One component on both sides, with how exactly each number is known (its printed digits and its
    rounding).
    """

    r: float
    c: float
    r_error: float
    c_error: float

    @property
    def same(self) -> bool:
        """Whether the two agree as far as they are known."""
        if not (math.isfinite(self.r) and math.isfinite(self.c)):
            return self.r == self.c or (math.isnan(self.r) and math.isnan(self.c))
        return abs(self.c - self.r) <= self.r_error + self.c_error


@dataclass(frozen=True)
class Data:
    """The pairs of one quantity: record by record, and flat."""

    name: str
    records: tuple[tuple[Record, Record], ...]
    rows: tuple[tuple[Pair, ...], ...]
    compared: Compared
    shape: tuple[int, ...] = ()
    flat: tuple[Pair, ...] = ()
    whole: Data | None = None
    """What the rows were chosen from, where they are only a part of the quantity's; `places` says which they are."""
    places: tuple[int, ...] = ()

    @property
    def everything(self) -> Data:
        """All records of the quantity: what stands before and after those that are looked at."""
        return self.whole or self

    @property
    def numbers(self) -> Sequence[int]:
        """Where the rows stand among all records of the quantity."""
        return self.places or range(len(self.rows))

    @property
    def width(self) -> int:
        """Components of a record."""
        return len(self.rows[0])

    @property
    def parents(self) -> tuple[str, ...]:
        """What the catalogue says the quantity is computed from."""
        known = self.compared.a.catalogue.get(self.name)
        return known.parents if known else ()

    @property
    def digits(self) -> int:
        """Digits that the candidate's print format can show."""
        return min(self.compared.b.formats.digits(candidate) for _, candidate in self.records)

    def only(self, keep: Sequence[int]) -> Data:
        """The same of some of the records."""
        rows = tuple(self.rows[i] for i in keep)
        flat = tuple(pair for row in rows for pair in row)
        records, places = tuple(self.records[i] for i in keep), tuple(self.numbers[i] for i in keep)
        return replace(self, records=records, rows=rows, flat=flat, whole=self.everything, places=places)

    @property
    def unit(self) -> str:
        """The unit that the catalogue gives the quantity."""
        known = self.compared.a.catalogue.get(self.name)
        return known.unit if known else ""

    @property
    def counted(self) -> bool:
        """Whether the catalogue knows it and both sides hold whole numbers: a count, an index."""
        known = self.compared.a.catalogue.get(self.name)
        return known is not None and all(p.r.is_integer() and p.c.is_integer() for p in self.flat)

    @property
    def needed(self) -> frozenset[str]:
        """The names that the quantity's formulas read, and its parents."""
        known = self.compared.a.catalogue.get(self.name)
        return frozenset(known.parents).union(*(f.formula.names for f in known.formulas)) if known else frozenset()

    def mirrored(self) -> Data:
        """The two sides exchanged: the mistake may be the reference's."""
        rows = tuple(tuple(Pair(p.c, p.r, p.c_error, p.r_error) for p in row) for row in self.rows)
        records = tuple((b, a) for a, b in self.records)
        compared = Context(self.compared.b, self.compared.a)
        flat, whole = tuple(pair for row in rows for pair in row), self.whole and self.whole.mirrored()
        return replace(self, records=records, rows=rows, compared=compared, flat=flat, whole=whole)

    def columns(self, keep: Sequence[int]) -> Data:
        """The same of some of the components."""
        rows = tuple(tuple(row[i] for i in keep) for row in self.rows)
        flat, whole = tuple(pair for row in rows for pair in row), self.whole and self.whole.columns(keep)
        return replace(self, rows=rows, shape=(len(keep),), flat=flat, whole=whole)

    def repeats(self, pair: Pair) -> list[bool]:
        """Which components only repeat what `pair` shows: a number read from it says nothing about them."""
        return [_key(p) == _key(pair) for p in self.flat]

    def strongest(self) -> Pair:
        """The component with the largest reference value: ratios are read from it."""
        return max(self.flat, key=lambda p: abs(p.r) if math.isfinite(p.r) else 0.0)


@dataclass(frozen=True, slots=True)
class Guess:
    """One hypothesis: what the candidate would be. `values` and `errors` run along Data.flat; None claims
    nothing.

    `cost` in bits. `least`: how many bits it must be ahead; statements that are true whatever their cause
    ("all zero", "the sign is flipped") need less than ones that name a cause. `bits` stands in for
    what the components give where the prediction was read from the candidate itself.
    """

    kind: str
    text: str
    values: Sequence[float | None]
    errors: Sequence[float] | None
    cost: float
    least: float = 8.0
    bits: float | None = None


Rule = Callable[[Data], Iterator[Guess]]


def collect(name: str, reference: Sequence[Record], candidate: Sequence[Record], compared: Compared) -> Data | None:
    """Pair the records, in order where their number is equal, else by scope and occurrence; None where none
    is numeric.
    """
    pairs = [
        (a, b)
        for a, b in _paired(reference, candidate)
        if len(a.values) == len(b.values) == len(a.numbers) == len(b.numbers) > 0
    ][:MOST]
    if not pairs or len({len(a.values) for a, _ in pairs}) != 1:
        return None
    if any(LARGEST < abs(x) < math.inf for a, b in pairs for x in (*a.numbers, *b.numbers)):
        return None
    rows = tuple(_row(a, b, compared) for a, b in pairs)
    return Data(name, tuple(pairs), rows, compared, pairs[0][0].shape, tuple(p for row in rows for p in row))


def _paired(reference: Sequence[Record], candidate: Sequence[Record]) -> Iterable[tuple[Record, Record]]:
    if len(reference) == len(candidate):
        return zip(reference, candidate, strict=True)
    there = {(record.scope, record.occurrence): record for record in candidate}
    return [(record, there[key]) for record in reference if (key := (record.scope, record.occurrence)) in there]


def _row(a: Record, b: Record, compared: Compared) -> tuple[Pair, ...]:
    errors = [
        [half + 2 * floor for half, floor in zip(view.half(record), view.floor(record), strict=True)]
        for view, record in ((compared.a, a), (compared.b, b))
    ]
    return tuple(Pair(r, c, e, f) for r, c, e, f in zip(a.numbers, b.numbers, *errors, strict=True))


def each(data: Data, f: Callable[[float], float], slope: Callable[[float], float]) -> tuple[list[float], list[float]]:
    """f of every reference value, and what its error becomes; nan where f is not defined (it then fits
    nothing).
    """
    values, errors = list[float](), list[float]()
    for pair in data.flat:
        try:
            value, error = f(pair.r), abs(slope(pair.r)) * pair.r_error
        except (ValueError, OverflowError, ZeroDivisionError):
            value, error = math.nan, 0.0
        values.append(value)
        errors.append(error)
    return values, errors


def weigh(data: Data, guess: Guess) -> float | None:
    """Bits that speak for the guess minus its cost; None where it does not fit, or nothing differs."""
    bits, seen = 0.0, set[tuple[str, str]]()
    errors = guess.errors or [0.0] * len(data.flat)
    for pair, value, error in zip(data.flat, guess.values, errors, strict=True):
        if value is None:
            continue
        if not _fits(pair.c, value, pair.c_error + error):
            return None
        if not pair.same and _key(pair) not in seen:
            seen.add(_key(pair))
            bits += evidence(pair, pair.c_error + error)
    return (bits if guess.bits is None else guess.bits) - guess.cost if seen else None


def _fits(c: float, value: float, error: float) -> bool:
    both = math.isnan(c) and math.isnan(value)
    return both or c == value or abs(c - value) <= error * (1 + 1e-9)


def _key(pair: Pair) -> tuple[str, str]:
    """Both numbers to ten digits: components with the same key tell one and the same thing."""
    return _short(pair.r), _short(pair.c)


def evidence(pair: Pair, error: float) -> float:
    """Bits that one component may give: how much nearer a prediction lies that is known to `error`."""
    if not math.isfinite(pair.c) or not math.isfinite(pair.r):
        return ZERO
    digits = DIGIT * max(significant(pair.r), significant(pair.c))
    if pair.c == 0:
        return min(ZERO, digits)
    change = min(abs(pair.c - pair.r), abs(pair.c))
    exact = math.log2(max(1.0, change / error)) if error else CAP
    return min(CAP, digits, exact)


def shown(data: Data, values: Sequence[float | None], errors: Sequence[float]) -> float:
    """Bits that the candidate's own digits give to a claim that it holds a value from elsewhere, each value once.

    A short number is the value of much. Where only some records differ, so is one that the quantity has in many places.
    """
    found, known = dict[str, float](), Counter(_short(p.r) for p in (data.whole.flat if data.whole else ()))
    for pair, value, error in zip(data.flat, values, errors, strict=True):
        if value is not None and not pair.same:
            bits = min(evidence(pair, pair.c_error + error), DIGIT * significant(pair.c))
            there = known[_short(value)]
            choice = math.log2(known.total() / there) if there > 1 else CAP
            found[_short(pair.c)] = min(bits, choice, found.get(_short(pair.c), CAP))
    return sum(found.values())


def significant(value: float) -> int:
    """How many of fifteen digits a number needs: 100 needs one, 1/3 fifteen, 0 none."""
    if not math.isfinite(value):
        return 0
    mantissa = f"{abs(value):.14e}".split("e")[0].replace(".", "")
    return len(mantissa.rstrip("0"))


def _short(value: float) -> str:
    return f"{value + 0.0:.10g}"  # -0 is 0
