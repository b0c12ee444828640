"""How far two stores may differ by rounding: what a trace of one pixel is granted (view.py), for many pixels at once.

All pixels of a batch have their records in the same places, so the view of one of them tells which records belong
together; only the numbers are arrays, one element a pixel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

import numpy as np

from .at import At
from .catalogue import Catalogue
from .closure import check_view
from .follows import changed, told
from .formula import Unknown
from .model import Record
from .said import PIXEL
from .store import Array, Pixels, Store, is_missing
from .store_tally import BATCH, Explain, Mask
from .tables import Table
from .tolerance import EDGE, Limits
from .uncertain import Num, Term, parts
from .view import DEEP, HEADROOM, View

Many = tuple[Any, ...]
"""The components of a record: arrays with an element a pixel, or numbers that all share."""
_LAYOUTS = 32
"""Pixels in other places than those of so many are left to the judge."""


class ManyView(View):
    """The view of one pixel with the numbers of many: a component of a record of `template` has a value a pixel."""

    def __init__(self, template: View, read: Callable[[Record], Many | None]) -> None:
        self.__dict__.update(template.__dict__)
        self._noise, self._floor = {}, {}
        self.read, self._many = read, dict[int, Many]()

    def values(self, record: Record) -> Many:
        """The components at all pixels; what is no column (an argument, a value of the run) is the same everywhere."""
        known = self._many.get(id(record))
        if known is None:
            found = self.read(record)
            known = self._many[id(record)] = record.numbers if found is None else found
        return known

    def same(self, record: Record, other: Record) -> bool:
        """See `View`."""
        pairs = zip(self.values(record), self.values(other), strict=True)
        return all(np.array_equal(a, b) for a, b in pairs)

    def half(self, record: Record) -> Many:
        """A store holds what was computed, not what was printed."""
        return super().half(record) if id(record) in self._told else (0.0,) * len(record.values)

    def table(self, name: str) -> Table:
        """Nothing is looked up for many pixels at once."""
        raise Unknown(f"the table {name} at many pixels")

    def term(self, record: Record, error: Many) -> Term:
        """See `View`."""
        if any(isinstance(value, str) for value in record.values):
            raise Unknown(f"a number in {record.quantity}, which is a word there")
        factor = self.labels.get(self.name(record), 1.0)
        numbers = tuple(Num(v / factor, e / abs(factor)) for v, e in zip(self.values(record), error, strict=True))
        return numbers[0] if record.shape == () else numbers

    def floor(self, record: Record) -> Many:
        """See `View`."""
        known = self._floor.get(id(record))
        if known is None:
            granted, scale = self.roundings(self.name(record)) * self.epsilon, self.scale(record)
            known = tuple(granted * np.maximum(scale, _size(v)) for v in self.values(record))
            self._floor[id(record)] = known
        return known

    def sizes(self, record: Record) -> Many:
        """See `View`."""
        return tuple(map(_size, self.values(record)))

    def greatest(self, sizes: Iterable[Any]) -> Any:
        """See `View`; at each pixel."""
        return reduce(np.maximum, sizes)

    def alike(self, one: Term, other: Term) -> bool:
        """See `View`; at every pixel."""
        a, b = parts(one), parts(other)
        return len(a) == len(b) and all(np.all(np.abs(x.v - y.v) <= x.e + y.e) for x, y in zip(a, b, strict=True))

    def noise(self, record: Record, depth: int = 0) -> Many:
        """See `View`."""
        known = self._noise.get(id(record))
        if known is not None:
            return known
        self._noise[id(record)] = worst = self._granted(record, depth)
        return worst

    def _granted(self, record: Record, depth: int) -> Many:
        worst, name = self.floor(record), self.name(record)
        quantity = self.catalogue.get(name)
        if quantity is not None and quantity.kind == "branch":
            return (0.0,) * len(worst)
        if depth >= DEEP:
            return worst
        inherited, share = self.inherited(record, depth), self._inherits(name, depth)
        if inherited is not None and len(inherited) == len(worst):
            unbounded = (np.where(np.isnan(b), np.inf, b) for b in inherited)  # inf - inf, far down a chaotic loop
            return tuple(np.maximum(a, share * b) if share else a for a, b in zip(worst, unbounded, strict=True))
        if quantity is not None and quantity.values and quantity.noise.scale is None:
            return tuple(np.maximum(a, self._seen(name) * self.scale(record)) for a in worst)
        return worst

    def _inherits(self, name: str, depth: int) -> float:
        """The part of what a quantity inherits at most that is granted to it."""
        return self.share(name)

    def _seen(self, name: str) -> float:
        """What is granted of its scale where a store lacks what its formulas need: twice what reruns showed."""
        measured = self._measured(name)
        return 0.0 if measured is None else HEADROOM * measured.spread

    def inherited(self, record: Record, depth: int = 0) -> Many | None:
        """See `View`; at each pixel by the formula that is nearest there."""
        quantity = self.catalogue.get(self.name(record))
        actual, nearest = self._length(self.values(record)), None
        best: Many | None = None
        for alternative in quantity.values if quantity is not None else ():
            try:
                if alternative.when is not None and not alternative.when.true(At(self, record, {}, depth=depth + 1)):
                    continue
                numbers = self.computed(alternative.formula, At(self, record, {}, depth=depth + 1))
            except Unknown:
                continue
            errors, off = self._scaled(numbers, actual, self.labels.get(self.name(record), 1.0))
            if best is None or nearest is None:
                best, nearest = errors, off
            else:
                nearer = off < nearest
                best = _chosen(nearer, errors, best)
                nearest = np.minimum(off, nearest)
        return best

    def _scaled(self, numbers: tuple[Num, ...], actual: Any, label: float) -> tuple[Many, Any]:
        """The errors of a formula, smaller where it gives far too much, and how far off it is."""
        factor = abs(label)
        length = self._length(tuple(x.v for x in numbers)) * factor
        most = reduce(np.maximum, (x.e for x in numbers)) * factor
        with np.errstate(all="ignore"):
            by = np.where((actual < 0.1 * length) & (length > 4 * most), factor * actual / length, factor)
            errors = tuple(np.where(np.isfinite(x.v), x.e * by, 0.0) for x in numbers)  # 0/0 is no bound of anything
            return errors, np.abs(length - actual)

    def off(self, record: Record, found: tuple[Num, ...]) -> float:
        """See `View`; the middle one of all pixels."""
        pairs = zip(found, self.values(record), strict=False)
        return float(np.median(sum(np.abs(x.v - v) for x, v in pairs)))

    def _length(self, numbers: Many) -> Any:
        return np.sqrt(sum(v * v for v in numbers))


class Beside(ManyView):
    """The same beside the other side: a record is granted what it rounds by itself, and all that its parents make of
    what they may be off, but only where they are not the same on both sides.
    """

    def __init__(self, view: ManyView, twin: ManyView) -> None:
        super().__init__(view, view.read)
        self._many, self._twin = view._many, twin

    def _granted(self, record: Record, depth: int) -> Many:
        noise, name = super()._granted(record, depth), self.name(record)
        ours, theirs = self.records(name), self._twin.records(name)
        if len(ours) != len(theirs):
            return noise
        other = next(y for x, y in zip(ours, theirs, strict=True) if x is record)
        pairs = zip(noise, self.values(record), self._twin.values(other), strict=True)
        return tuple(np.where(np.equal(u, v), 0.0, e) for e, u, v in pairs)

    def _inherits(self, name: str, depth: int) -> float:
        """The share was measured of what parents inherit as well: here it holds for them alone."""
        return self.share(name) if depth else 1.0


def _chosen(where: Mask, one: Many, other: Many) -> Many:
    pairs = ((np.asarray(a, np.float64), np.asarray(b, np.float64)) for a, b in zip(one, other, strict=True))
    return tuple(np.where(where, a, b) for a, b in pairs)


def _whole(values: Array) -> Mask:
    """Which records are there: pixels x records."""
    return np.logical_not(np.any(is_missing(values), axis=2))


def _size(value: Any) -> Any:
    """|value|, 0 for what is no finite number."""
    return np.where(np.isfinite(value), np.abs(value), 0.0)


class StoreNoise:
    """What rounding explains between two stores of the same pixels under a catalogue."""

    def __init__(self, reference: Store, candidate: Store, catalogue: Catalogue, limits: Limits | None = None) -> None:
        self.stores, self.catalogue = (reference, candidate), catalogue
        self.slack = (limits or Limits()).slack
        self.columns = [{catalogue.canonical(c.name): c.name for c in store.columns} for store in self.stores]
        self.words = {catalogue.canonical(name) for store in self.stores for name in store.words}
        self._layouts: dict[tuple[int, ...], tuple[View, View]] = {}

    def plain(self, name: str, width: int) -> float:
        """The relative difference (of a vector: to its largest component) that needs no explanation."""
        quantity = self.catalogue.get(name)
        if name in self.words or (quantity is not None and quantity.kind == "branch"):
            return 0.0
        granted = sum(view.roundings(name) * view.epsilon for view in self._views(0, ()))
        scaled = quantity is not None and quantity.noise.scale is not None
        return self.slack * granted * (1.0 if scaled else math.sqrt(width))

    def batch(self, rows: Pixels, ragged: Collection[str]) -> Explain:
        """For some pixels: given a quantity and where it differs, the pixels where rounding explains it.

        `ragged` are quantities that not all pixels have equally often.
        """
        parts = [(at, self._part(rows[at], key)) for key, at in self._groups(rows, sorted(ragged))]

        def explain(name: str, differs: Mask) -> Mask:
            found = np.zeros(len(rows), dtype=np.bool_)
            with np.errstate(all="ignore"):  # what is infinite is a result, not a warning
                for at, part in parts:
                    if part is not None and differs[at].any():
                        found[at] = part(name)
            return found & differs

        return explain

    def granted(self, name: str) -> Array:
        """By how much noise lets a number (its first record) differ at each pixel, with what its parents may be off.

        0 where nothing is known, as of pixels that hold their records in yet another way than those looked at.
        """
        every, found = np.arange(len(self.stores[0])), np.zeros(len(self.stores[0]))
        shared = sorted(self.columns[0].keys() & self.columns[1].keys())
        ragged = [n for n in shared if not all(self._present(side, n, every).all() for side in (0, 1))]
        for start in range(0, len(every), BATCH):
            rows = every[start : start + BATCH]
            for key, at in self._groups(rows, ragged):
                if key in self._layouts or len(self._layouts) < _LAYOUTS:
                    a, b = self.views(rows[at], key)
                    sides = self._noisy((a, Beside(a, b), a.records(name)[0]), (b, Beside(b, a), b.records(name)[0]))
                    with np.errstate(all="ignore"):
                        found[rows[at]] = self._allowed(sides, 0)
        return np.nan_to_num(found, nan=0.0)

    def _groups(self, rows: Pixels, ragged: list[str]) -> Iterator[tuple[tuple[int, ...], Pixels]]:
        """Pixels that have the same numbers of records, by these numbers."""
        counts = [self._present(side, name, rows).sum(axis=1) for side in (0, 1) for name in ragged]
        if not counts:
            yield (), np.arange(len(rows))
            return
        keys, inverse = np.unique(np.stack(counts, axis=1), axis=0, return_inverse=True)
        for number, key in enumerate(keys):
            yield tuple(int(n) for n in key), np.flatnonzero(inverse.reshape(-1) == number)

    def _read(self, side: int, name: str, rows: Pixels) -> Array:
        first = int(rows[0])
        return self.stores[side].read(self.columns[side][name], first, int(rows[-1]) + 1)[rows - first]

    def _present(self, side: int, name: str, rows: Pixels) -> Mask:
        return _whole(self._read(side, name, rows))

    def _views(self, row: int, key: tuple[int, ...]) -> tuple[View, View]:
        """The views of one pixel, which stand for all of its layout."""
        known = self._layouts.get(key)
        if known is None:
            slow, fast = (int(n) for n in self.stores[0].pixels[row])
            known = (
                View(self.stores[0].trace(slow, fast), self.catalogue),
                View(self.stores[1].trace(slow, fast), self.catalogue),
            )
            for view in known:
                check_view(view)
            self._layouts[key] = known
        return known

    def views(self, rows: Pixels, key: tuple[int, ...] = ()) -> tuple[ManyView, ManyView]:
        """Both sides at pixels that have their records in the same places; `key` names the layout."""
        a, b = (ManyView(view, self._reader(side, rows)) for side, view in enumerate(self._views(int(rows[0]), key)))
        return a, b

    def _part(self, rows: Pixels, key: tuple[int, ...]) -> Callable[[str], Mask] | None:
        if key not in self._layouts and len(self._layouts) >= _LAYOUTS:
            return None
        a, b = self.views(rows, key)
        strict = Beside(a, b), Beside(b, a)
        return lambda name: self._explained(a, b, strict, name, len(rows))

    def _reader(self, side: int, rows: Pixels) -> Callable[[Record], Many | None]:
        """What gives a record's components at these pixels; None for what is no column."""
        held: dict[str, Array] = {}

        def read(record: Record) -> Many | None:
            name = self.catalogue.canonical(record.quantity)
            if record.prefix == "PIXEL":
                return (self.stores[side].pixels[rows, PIXEL.index(name)].astype(np.float64),)
            if record.prefix != "STORE" or name not in self.columns[side]:
                return None
            if name not in held:
                values = self._read(side, name, rows)
                held[name] = values[:, _whole(values)[0]]
            return tuple(np.ascontiguousarray(column) for column in held[name][:, record.occurrence].T)

        return read

    def _explained(self, a: ManyView, b: ManyView, strict: tuple[Beside, Beside], name: str, count: int) -> Mask:
        ours, theirs = a.records(name), b.records(name)
        if not ours or len(ours) != len(theirs) or name in self.words:
            return np.zeros(count, dtype=np.bool_)
        found = np.ones(count, dtype=np.bool_)
        for x, y in zip(ours, theirs, strict=True):
            near = self._noise((a, strict[0], x), (b, strict[1], y))
            if not near.all():
                near |= self._follows(a, x, b, y, name)
            found &= near
        return found

    def _noise(self, *sides: tuple[ManyView, Beside, Record]) -> Mask:
        """Where the two are the same number, or noise is all that tells them apart; of a float32 side it is its own."""
        noisy = self._noisy(*sides)
        found: Mask = np.ones(1, dtype=np.bool_)
        for place, (u, v) in enumerate(zip(*(view.values(record) for view, _, record in sides), strict=True)):
            with np.errstate(invalid="ignore"):
                near = np.abs(v - u) <= self._allowed(noisy, place)
                found = found & (near | np.equal(u, v) | (np.isnan(u) & np.isnan(v)))
        return found

    def _noisy(self, *sides: tuple[ManyView, Beside, Record]) -> list[tuple[ManyView, Beside, Record]]:
        """The sides whose rounding counts: both, or the float32 one."""
        epsilon = max(view.epsilon for view, _, _ in sides)
        return [side for side in sides if side[0].epsilon == epsilon]

    def _allowed(self, noisy: Sequence[tuple[ManyView, Beside, Record]], place: int) -> Any:
        """By how much noise lets one component differ at each pixel."""
        floor = sum(view.floor(record)[place] for view, _, record in noisy)
        noise = sum(np.minimum(a.noise(record)[place], b.noise(record)[place]) for a, b, record in noisy)
        return self.slack * np.maximum(floor, noise) * EDGE

    def _follows(self, a: ManyView, x: Record, b: ManyView, y: Record, name: str) -> Mask:
        """Where the two differ by as much as their parents make, and what the formula rounds by itself (follows.py)."""
        found: Mask = np.ones(1, dtype=np.bool_)
        changes = self._changes(a, x, b, y, name)
        for place, (u, v) in enumerate(zip(a.values(x), b.values(y), strict=True)):
            change, own = changes[place] if place < len(changes) else (0.0, -math.inf)
            allowed = self.slack * (a.floor(x)[place] + b.floor(y)[place]) + own
            with np.errstate(invalid="ignore"):
                found = found & (np.abs((v - u) - change) <= allowed * EDGE)
        return found

    def _changes(self, a: ManyView, x: Record, b: ManyView, y: Record, name: str) -> list[tuple[Any, Any]]:
        """By how much each component should differ, given its parents on both sides, and its own roundings."""
        quantity = self.catalogue.get(name)
        if quantity is None or quantity.kind == "branch":
            return []
        before = {*self.catalogue.ancestors(name), *quantity.beside}
        pairs = [pair for other in before for pair in zip(a.records(other), b.records(other), strict=False)]
        return changed(a, x, b, y, quantity, {id(p): told(b.values(q), p, a) for p, q in pairs if self._pixels(p, q)})

    def _pixels(self, x: Record, y: Record) -> bool:
        """Whether two records are of columns, and alike."""
        return x.prefix == y.prefix == "STORE" and x.shape == y.shape
