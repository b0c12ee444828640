"""Measure noise: runs that should agree are compared record by record, and what they inherit is taken off.

Which runs to compare is the user's: other tile sizes, threads, dtype, compilers, another program that is right, and
inputs moved by their last bit (`last_bit`). Parents are measured before children, so that a rounding counts once, where
it is made.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .align import align
from .catalogue import Catalogue
from .closure import check_view
from .model import Record, Trace
from .noise import DTYPES, Row
from .uncertain import EPSILON
from .view import View

_DECIMAL = re.compile(r"(?<![\w.+-])[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?(?![\w.])")


def last_bit(text: str, seed: int) -> str:
    """`text` with each decimal (a point or an exponent makes one) moved by one last bit of a double, up or down."""
    chance = random.Random(seed)

    def moved(match: re.Match[str]) -> str:
        return repr(math.nextafter(float(match[0]), chance.choice((-math.inf, math.inf))))

    return _DECIMAL.sub(moved, text)


@dataclass(frozen=True, slots=True)
class Twin:
    """Two runs that should agree; `where` names them in the evidence."""

    where: str
    a: Trace
    b: Trace


@dataclass(frozen=True)
class Measured:
    """Rows by dtype and quantity; twins that took another branch, or are NaN or shaped otherwise, in `left_out`."""

    rows: dict[str, dict[str, Row]]
    left_out: tuple[str, ...]


def measure_noise(twins: Iterable[Twin], catalogue: Catalogue) -> Measured:
    """The largest difference of each quantity beyond what it inherits, over all twins."""
    rows: dict[str, dict[str, Row]] = {dtype: {} for dtype in DTYPES}
    granted: dict[str, dict[str, float]] = {dtype: {} for dtype in DTYPES}
    known = replace(catalogue, measured=granted)
    views: dict[int, View] = {}
    chosen: list[tuple[Twin, _Pairs]] = []
    left_out: list[str] = []
    for twin in twins:
        pairs = _pairs(twin, known, views)
        if pairs is None:
            left_out.append(twin.where)
        else:
            chosen.append((twin, pairs))
    for name in dict.fromkeys((*known.order, *(name for _, pairs in chosen for name in pairs.at))):
        quantity = known.get(name)
        if quantity is not None and quantity.kind == "branch":
            continue
        for twin, pairs in chosen:
            for one in pairs.of(name):
                rows[one.dtype][name] = _larger(rows[one.dtype].get(name), one, twin.where)
        for dtype in DTYPES:
            if name in rows[dtype]:
                granted[dtype][name] = rows[dtype][name].ulp
    return Measured(rows, tuple(left_out))


@dataclass(frozen=True, slots=True)
class _Off:
    """How far one pair of records is off: in roundings beyond what it inherits, and relative to its scale."""

    dtype: str
    ulp: float
    spread: float


@dataclass(frozen=True)
class _Pairs:
    a: View
    b: View
    at: dict[str, list[tuple[Record, Record]]]

    def of(self, name: str) -> Iterator[_Off]:
        for x, y in self.at.get(name, ()):
            yield _off(self.a, x, self.b, y)


def _pairs(twin: Twin, catalogue: Catalogue, views: dict[int, View]) -> _Pairs | None:
    a, b = (_view(trace, catalogue, views) for trace in (twin.a, twin.b))
    found: dict[str, list[tuple[Record, Record]]] = {}
    for pairing in align(a, b):
        x, y = pairing.reference, pairing.candidate
        if x is None or y is None:
            continue
        quantity = catalogue.get(pairing.quantity)
        if not _alike(x, y, exact=quantity is not None and quantity.kind == "branch"):
            return None
        if x.numbers:
            found.setdefault(pairing.quantity, []).append((x, y))
    return _Pairs(a, b, found)


def _view(trace: Trace, catalogue: Catalogue, views: dict[int, View]) -> View:
    """The trace with its parameters and labels, and no rounding counted yet: they change while it is measured."""
    known = views.get(id(trace))
    if known is None:
        told = View(trace, catalogue)
        check_view(told)
        known = views[id(trace)] = View(trace, catalogue)
        known.labels, known.parameters, known.impossible = told.labels, told.parameters, told.impossible
    return known


def _alike(x: Record, y: Record, *, exact: bool) -> bool:
    """The same decisions, words and shape, and finite numbers in the same places."""
    if len(x.values) != len(y.values) or (exact and x.values != y.values):
        return False
    return all(
        u == v if isinstance(u, str) or isinstance(v, str) else math.isfinite(u) == math.isfinite(v)
        for u, v in zip(x.values, y.values, strict=True)
    )


def _off(a: View, x: Record, b: View, y: Record) -> _Off:
    """A float32 run beside a float64 one: the difference is the float32 one's, in its roundings."""
    epsilon = max(a.epsilon, b.epsilon)
    sides = [(view, record) for view, record in ((a, x), (b, y)) if view.epsilon == epsilon]
    inherited = _sum([view.inherited(record) for view, record in ((a, x), (b, y))], len(x.values))
    printed = _sum([a.half(x), b.half(y)], len(x.values))
    rounding = epsilon * sum(view.scale(record) for view, record in sides)
    size = max(a.scale(x), b.scale(y))
    ulp = spread = 0.0
    for u, v, p, i in zip(x.values, y.values, printed, inherited, strict=True):
        if isinstance(u, str) or isinstance(v, str) or u == v or not math.isfinite(u):
            continue
        spread = max(spread, (abs(u - v) - p) / size)
        ulp = max(ulp, (abs(u - v) - p - i) / rounding)
    return _Off("float64" if epsilon == EPSILON else "float32", max(ulp, 0.0), max(spread, 0.0))


def _sum(parts: Sequence[tuple[float, ...] | None], length: int) -> list[float]:
    known = [part for part in parts if part is not None and len(part) == length]
    return [sum(values) for values in zip(*known, strict=True)] if known else [0.0] * length


def _larger(row: Row | None, one: _Off, where: str) -> Row:
    if row is None:
        return Row(one.ulp, one.spread, 1, where)
    worse = one.ulp > row.ulp or (one.ulp == row.ulp and one.spread > row.spread)
    return Row(max(row.ulp, one.ulp), max(row.spread, one.spread), row.records + 1, where if worse else row.where)
