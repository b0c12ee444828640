"""A trace as formulas see it: for each record the records that it was computed from, their errors, and parameters."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TypeGuard

from .at import At
from .catalogue import Catalogue, Noise
from .formula import Formula, Unknown
from .model import Record, Trace, Value
from .noise import Row
from .place import loop_level, place, qualified
from .resolution import Formats
from .said import single, spoken, told_half
from .tables import Table, file_table
from .uncertain import EPSILON, FLOAT32, Num, Term, parts, to_float32

Klass = tuple[str, ...]
LEVELS = {"run": 0, "pixel": 1, "layer": 2, "subpixel": 3, "source": 4, "phi": 5, "mosaic": 6}
DEEP = 12
HEADROOM = 2.0
"""A table of reruns holds the largest of so many; the largest of more is larger."""
_LEAST = 2.0
"""Roundings granted to any number: programs that write a formula in the same order repeat each other's roundings."""
_LEAST_SHARE = 0.02
"""The part of what it inherits at most that is granted to any number, for the same reason."""


class View:
    """One trace under one catalogue. `labels` are the factors that unit labels are wrong by (closure finds them)."""

    def __init__(self, trace: Trace, catalogue: Catalogue) -> None:
        self.trace = trace
        self.catalogue = catalogue
        self.labels: dict[str, float] = {}
        self.parameters: dict[str, float] = {}
        self.impossible: dict[str, str] = {}
        self.names: dict[int, str] = {}
        self.groups: dict[str, dict[Klass, list[Record]]] = {}
        self._position: dict[int, int] = {}
        self._places: dict[tuple[str, Klass, Klass], dict[Klass, list[Record]]] = {}
        self._sibling: dict[int, tuple[int, int]] = {}
        self._noise: dict[int, tuple[float, ...]] = {}
        self._half: dict[int, tuple[float, ...]] = {}
        self._floor: dict[int, tuple[float, ...]] = {}
        for index, record in enumerate(trace.records):
            name = catalogue.canonical(qualified(record))
            self.names[id(record)] = name
            self._position[id(record)] = index
            klass = tuple(sorted(place(record)))
            self.groups.setdefault(name, {}).setdefault(klass, []).append(record)
        self._told: dict[int, int] = {}
        self._asked: dict[str, Term | None] = {}
        self._tables: dict[str, Table | None] = {}
        self._hear()
        self._number_siblings()
        digits = trace.facts.get("digits", "")
        self.formats = Formats(trace.records, int(digits) if digits.isdigit() else 0)
        self.dtype = "float32" if single(trace, trace.facts.get("dtype", "")) else "float64"
        self.epsilon = FLOAT32 if self.dtype == "float32" else EPSILON

    def _hear(self) -> None:
        """What the program says of its set-up in plain lines and was started with; a TRACE record of the name wins."""
        known, end = set(self.groups), len(self.trace.records)
        for record, digits in spoken(self.trace, self.catalogue):
            if record.quantity not in known:
                self.names[id(record)], self._position[id(record)] = record.quantity, end
                self._told[id(record)] = digits
                self.groups.setdefault(record.quantity, {}).setdefault((), []).append(record)

    def _number_siblings(self) -> None:
        for groups in self.groups.values():
            for records in groups.values():
                same: dict[tuple[tuple[str, str], ...], list[Record]] = {}
                for record in records:
                    same.setdefault(tuple(place(record).items()), []).append(record)
                for siblings in same.values():
                    for index, record in enumerate(siblings):
                        self._sibling[id(record)] = (index, len(siblings))

    def name(self, record: Record) -> str:
        """The canonical name of a record of this trace."""
        return self.names[id(record)]

    def position(self, record: Record) -> int:
        """Where the record stands in the trace."""
        return self._position[id(record)]

    def records(self, name: str) -> list[Record]:
        """All records of a canonical name, in order."""
        groups = self.groups.get(name, {})
        found = [record for records in groups.values() for record in records]
        return found if len(groups) == 1 else sorted(found, key=lambda r: self._position[id(r)])

    def loop(self, name: str) -> list[Record]:
        """One telling of a loop: the records without a scope where there are any (a summary may repeat them)."""
        groups = self.groups.get(name, {})
        return groups[()] if () in groups else self.records(name)

    def related(self, name: str, record: Record) -> list[Record]:
        """The records of `name` that belong to the place of `record`: one, or all below it in the loop nest."""
        groups = self.groups.get(name)
        if not groups:
            return []
        here = place(record)
        classes = [klass for klass in groups if not self._varies(name, here.keys() - set(klass))]
        if not classes:
            return []
        klass = max(classes, key=lambda k: (len(here.keys() & set(k)), -len(set(k) - here.keys())))
        found = groups[klass]
        if klass:
            found = self._there(name, klass, here)
        if len(found) <= 1:
            return found
        index, count = self._sibling[id(record)]
        many = len(found)
        if many == count:
            return [found[index]]
        if many % count == 0:
            size = many // count
            return found[index * size : (index + 1) * size]
        at = self._position[id(record)]
        before = [r for r in found if self._position[id(r)] < at]
        return [before[-1] if before else found[0]]

    def _there(self, name: str, klass: Klass, here: dict[str, str]) -> list[Record]:
        """The records of one group that agree with `here` in every loop that both name."""
        keys = tuple(key for key in klass if key in here)
        index = self._places.get((name, klass, keys))
        if index is None:
            index = self._places[name, klass, keys] = {}
            for record in self.groups[name][klass]:
                there = place(record)
                index.setdefault(tuple(there[key] for key in keys), []).append(record)
        return index.get(tuple(here[key] for key in keys), [])

    def _varies(self, name: str, keys: Iterable[str]) -> bool:
        """Whether `name` runs in one of these loops, so that a record of it that does not say where is of no use."""
        quantity = self.catalogue.get(name)
        level = LEVELS.get(quantity.scope, 0) if quantity else 0
        return any(loop_level(key) <= level for key in keys)

    def asked(self, name: str, record: Record) -> Term:
        """What the command line asks for (it is the same at every record); Unknown where that cannot be told."""
        if name not in self._asked:
            alternative, at = self.catalogue.asked[name], At(self, record, {})
            try:
                applies = alternative.when is None or alternative.when.true(at)
                self._asked[name] = alternative.formula(at) if applies else None
            except Unknown:
                self._asked[name] = None
        term = self._asked[name]
        if term is None:
            raise Unknown(f"{name}, which the arguments leave open")
        return term

    def table(self, name: str) -> Table:
        """The table of a file that the arguments name; Unknown where it is not at hand."""
        if name not in self._tables:
            file = next((one for one in self.catalogue.files if one.says == name and one.keys), None)
            self._tables[name] = None if file is None else file_table(self.trace, file)
        table = self._tables[name]
        if table is None:
            raise Unknown(f"the file behind {name}, or a table in it")
        return table

    def same(self, record: Record, other: Record) -> bool:
        """Whether two records hold the same."""
        return record.values == other.values

    def half(self, record: Record) -> tuple[float, ...]:
        """Half the last printed digit of each component."""
        known = self._half.get(id(record))
        if known is None:
            if id(record) in self._told:
                known = tuple(
                    told_half(v, t, self._told[id(record)]) for v, t in zip(record.values, record.tokens, strict=True)
                )
            else:
                known = tuple(self.formats.half(record, index) for index in range(len(record.values)))
            self._half[id(record)] = known
        return known

    def counted(self, record: Record, index: int) -> bool:
        """Whether a whole number was counted: it is too long for the program's format, or for its precision."""
        value = record.values[index]
        if isinstance(value, str) or not math.isfinite(value):
            return False
        held = to_float32(value) if self.epsilon > EPSILON else float(value)
        return self.formats.counted(record, index) or value != held

    def shown(self, record: Record) -> tuple[float, ...]:
        """The same as if the line were printed with just the digits that its token shows; 0 where that cannot be."""
        if id(record) in self._told:
            return (0.0,) * len(record.values)
        return tuple(self.formats.shown(record, index) for index in range(len(record.values)))

    def term(self, record: Record, error: tuple[float, ...]) -> Term:
        """The record's numbers with their errors, its unit label corrected; Unknown for a word."""
        factor = self.labels.get(self.name(record), 1.0)
        numbers = list[Num]()
        for value, e in zip(record.values, error, strict=True):
            if isinstance(value, str):
                raise Unknown(f"a number in {record.quantity}, which is a word there")
            numbers.append(Num(value / factor, e / abs(factor)))
        return numbers[0] if record.shape == () else tuple(numbers)

    def relabel(self, name: str, label: float | None) -> None:
        """Read a quantity under another unit label; what was granted in the old unit is forgotten."""
        self.labels.pop(name, None)
        if label is not None:
            self.labels[name] = label
        self._floor.clear()
        self._noise.clear()

    def floor(self, record: Record) -> tuple[float, ...]:
        """The rounding that each component is granted without looking at what it was computed from."""
        known = self._floor.get(id(record))
        if known is None:
            granted, scale = self.roundings(self.name(record)) * self.epsilon, self.scale(record)
            known = tuple(granted * max(scale, abs(v)) if _finite(v) else 0.0 for v in record.values)
            self._floor[id(record)] = known
        return known

    def _measured(self, name: str) -> Row | None:
        return self.catalogue.measured.get(self.dtype, {}).get(name)

    def share(self, name: str) -> float:
        """The part of what a quantity inherits at most that is granted to it: twice what reruns showed."""
        measured = self._measured(name)
        return 1.0 if measured is None else min(1.0, max(_LEAST_SHARE, HEADROOM * measured.share))

    def roundings(self, name: str) -> float:
        """Roundings that a quantity is granted: twice what reruns showed, or the rule of the catalogue."""
        measured = self._measured(name)
        if measured is not None:
            return max(_LEAST, HEADROOM * measured.ulp)
        quantity = self.catalogue.get(name)
        return (quantity.noise if quantity else Noise()).ulp

    def scale(self, record: Record) -> float:
        """What the roundings of a record are relative to: what its noise rule names, else its value or length."""
        quantity = self.catalogue.get(self.name(record))
        noise = quantity.noise if quantity else Noise()
        sizes = self.sizes(record)
        own = self.greatest(sizes)
        if noise.scale is not None:
            own = self.greatest((own, self._largest(record, noise.scale)))
        elif len(sizes) > 1:
            own = own * math.sqrt(len(sizes))
        if noise.single is not None:
            own = self.greatest((own, self._largest(record, noise.single) * FLOAT32 / self.epsilon))
        return own

    def sizes(self, record: Record) -> Sequence[float]:
        """|v| of each finite component."""
        return [abs(v) for v in record.numbers if math.isfinite(v)]

    def greatest(self, sizes: Iterable[float]) -> float:
        """The largest of some sizes; 0 of none."""
        return max(sizes, default=0.0)

    def _largest(self, record: Record, formula: Formula) -> float:
        """The largest component of what `formula` gives at `record`, under its unit label; 0 where it is unknown."""
        try:
            term = formula(At(self, record, {}))
        except Unknown:
            return 0.0
        return self.greatest(abs(x.v) for x in parts(term)) * abs(self.labels.get(self.name(record), 1.0))

    def noise(self, record: Record, depth: int = 0) -> tuple[float, ...]:
        """How far each component may be off: rounding, and what its parents' roundings make of it (printing apart)."""
        known = self._noise.get(id(record))
        if known is not None:
            return known
        worst = list(self.floor(record))
        quantity = self.catalogue.get(self.name(record))
        if quantity is not None and quantity.kind == "branch":
            worst = [0.0] * len(worst)  # a decision is taken or not: `decisions` tells a tie
        elif depth < DEEP:
            inherited = self.inherited(record, depth)
            if inherited is not None and len(inherited) == len(worst):
                share = self.share(self.name(record))
                unbounded = [math.inf if math.isnan(b) else b for b in inherited]  # inf - inf, far down a chaotic loop
                worst = [max(a, share * b) if share else a for a, b in zip(worst, unbounded, strict=True)]
        self._noise[id(record)] = tuple(worst)
        return self._noise[id(record)]

    def decisions(self, record: Record) -> tuple[Num, ...]:
        """For a branch: what its formula makes each decision, and how far errors of what it rests on may turn it."""
        nearest = self._nearest(record, 0)
        return nearest[0] if nearest is not None else ()

    def inherited(self, record: Record, depth: int = 0) -> tuple[float, ...] | None:
        """The error that the formula nearest to the record's value gives it; None where none can be evaluated."""
        nearest = self._nearest(record, depth)
        return None if nearest is None else tuple(x.e * nearest[1] for x in nearest[0])

    def _nearest(self, record: Record, depth: int) -> tuple[tuple[Num, ...], float] | None:
        """What the formula nearest to the record's value gives, and the factor by which its errors count."""
        quantity = self.catalogue.get(self.name(record))
        if quantity is None:
            return None
        actual = self._length(record.numbers)
        best: tuple[float, tuple[Num, ...], float] | None = None
        for alternative in quantity.values:
            try:
                if alternative.when is not None and not alternative.when.true(At(self, record, {}, depth=depth + 1)):
                    continue
                numbers = self.computed(alternative.formula, At(self, record, {}, depth=depth + 1))
            except Unknown:
                continue
            if not all(math.isfinite(x.v) for x in numbers):
                continue  # 0/0 is no bound of anything
            factor = abs(self.labels.get(quantity.name, 1.0))
            length = self._length(tuple(x.v for x in numbers)) * factor
            if actual < 0.1 * length and length > 4 * max(x.e for x in numbers) * factor:
                factor *= actual / length  # a formula that is far off has errors that are far too large
            if best is None or abs(length - actual) < best[0]:
                best = abs(length - actual), numbers, factor
        return best[1:] if best is not None else None

    def computed(self, formula: Formula, at: At) -> tuple[Num, ...]:
        """What a formula gives; a float32 program rounds as often as a float64 one, but coarser."""
        numbers = parts(formula(at))
        if self.epsilon > EPSILON:
            more = parts(formula(At(self, at.record, at.swapped, exact=True)))
            coarser = self.epsilon / EPSILON
            return tuple(Num(x.v, x.e + y.reach[1] * coarser, x.steps) for x, y in zip(numbers, more, strict=True))
        return numbers

    def alike(self, one: Term, other: Term) -> bool:
        """Whether two terms are one value within their errors."""
        a, b = parts(one), parts(other)
        return len(a) == len(b) and all(abs(x.v - y.v) <= x.e + y.e for x, y in zip(a, b, strict=True))

    def off(self, record: Record, found: tuple[Num, ...]) -> float:
        """How far what was found is from the record."""
        return sum(abs(x.v - v) for x, v in zip(found, record.numbers, strict=False))

    def _length(self, numbers: tuple[float, ...]) -> float:
        return math.sqrt(sum(v * v for v in numbers))


def _finite(value: Value) -> TypeGuard[float]:
    """Whether it is a number that rounding may move."""
    return not isinstance(value, str) and math.isfinite(value)
