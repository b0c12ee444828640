"""Measure noise: runs that should agree are compared record by record, and what they inherit is taken off.

Which runs to compare is the user's: other tile sizes, threads, dtype, compilers, another program that is right, and
inputs moved by their last bit (`last_bit`). Parents are measured before children, so that a rounding counts once, where
it is made. A pair that is printed too coarsely to show roundings is no evidence and does not count.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from .align import align
from .catalogue import Catalogue, Quantity
from .closure import check_view
from .model import Record, Trace
from .noise import DTYPES, Row
from .said import single
from .uncertain import EPSILON, FLOAT32
from .view import View

_DECIMAL = re.compile(r"(?<![\w.+-])[-+]?(?:\d+\.\d*|\.\d+|\d+(?=[eE]))(?:[eE][-+]?\d+)?(?![\w.])")
_SHOWN = 4.0
"""A pair of records counts where its printing shows so many roundings: they are granted without any evidence."""


_MUCH = 10.0
"""Roundings that a number must inherit at most to tell which part of it shows."""
_MANY = 50
"""Such numbers that a share is taken from: few of them hardly show the largest that there is."""


def last_bit(text: str, seed: int, dtype: str = "float64") -> str:
    """`text` with each decimal (a point or an exponent makes one) moved by one or two last bits of `dtype`.

    A last bit of a double would be lost in a float32 program, and one bit alone moves some of what depends on it in one
    direction only. What an even seed moves up, the next odd one moves down.
    """
    chance, turned = random.Random(seed // 2), seed % 2
    bits = FLOAT32 / EPSILON if dtype == "float32" else 1.0

    def moved(match: re.Match[str]) -> str:
        value, up, steps = float(match[0]), chance.random() < 0.5, chance.choice((1, 2))
        towards = math.inf if up is not bool(turned) else -math.inf
        return repr(value + (math.nextafter(value, towards) - value) * bits * steps)

    return _DECIMAL.sub(moved, text)


def precision(trace: Trace) -> str:
    """The dtype that a trace was computed in: "float32" or "float64"."""
    return "float32" if single(trace, trace.facts.get("dtype", "")) else "float64"


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
    known = replace(catalogue, measured=rows)
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
        found = [(twin.where, one) for twin, pairs in chosen for one in pairs.of(name)]
        for dtype in DTYPES:
            told = [(where, one) for where, one in found if one.dtype == dtype]
            if told:
                rows[dtype][name] = _row(told, smooth=quantity is None or not _jumps(quantity))
    return Measured(rows, tuple(left_out))


@dataclass(frozen=True, slots=True)
class _Off:
    """How far one pair of records is off: its largest difference relative to its scale, and for each component, in
    roundings, the difference beyond printing and what the pair inherits at most.
    """

    dtype: str
    spread: float
    parts: tuple[tuple[float, float], ...]


def _jumps(quantity: Quantity) -> bool:
    """Whether its formula makes a whole step of a small error; reruns hardly ever show one, so they tell no share."""
    return any(step in one.formula.text for one in quantity.formulas for step in ("float32(", "ceil("))


def _row(found: Sequence[tuple[str, _Off]], *, smooth: bool) -> Row:
    """What the pairs of one quantity show; a share only where many of them inherit much more than a rounding."""
    shares = [off / inherited for _, one in found for off, inherited in one.parts if inherited > _MUCH]
    share = min(1.0, max([0.0, *shares])) if smooth and len(shares) >= _MANY else 1.0
    ulps = [max([0.0, *(off - share * inherited for off, inherited in one.parts)]) for _, one in found]
    worst = max(range(len(found)), key=lambda n: (ulps[n], found[n][1].spread))
    spread = max(one.spread for _, one in found)
    return Row(ulps[worst], spread, len(found), found[worst][0], share, len(shares))


@dataclass(frozen=True)
class _Pairs:
    a: View
    b: View
    at: dict[str, list[tuple[Record, Record]]]

    def of(self, name: str) -> Iterator[_Off]:
        for x, y in self.at.get(name, ()):
            one = _off(self.a, x, self.b, y)
            if one is not None:
                yield one


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


def _off(a: View, x: Record, b: View, y: Record) -> _Off | None:
    """A float32 run beside a float64 one: the difference is the float32 one's, in its roundings. None if hidden."""
    epsilon = max(a.epsilon, b.epsilon)
    sides = [(view, record) for view, record in ((a, x), (b, y)) if view.epsilon == epsilon]
    inherited = _sum([view.inherited(record) for view, record in ((a, x), (b, y))], len(x.values))
    printed = _sum([a.half(x), b.half(y)], len(x.values))
    size = max(a.scale(x), b.scale(y))
    rounding = epsilon * (sum(view.scale(record) for view, record in sides) or size)
    spread, parts = 0.0, list[tuple[float, float]]()
    shown = False
    for u, v, p, i in zip(x.values, y.values, printed, inherited, strict=True):
        if isinstance(u, str) or isinstance(v, str) or not math.isfinite(u):
            continue
        shown = shown or p <= _SHOWN * rounding or abs(u - v) > p
        if size:
            spread = max(spread, (abs(u - v) - p) / size)
            parts.append(((abs(u - v) - p) / rounding, i / rounding))
    return _Off("float64" if epsilon == EPSILON else "float32", spread, tuple(parts)) if shown else None


def _sum(parts: Sequence[tuple[float, ...] | None], length: int) -> list[float]:
    known = [part for part in parts if part is not None and len(part) == length]
    return [sum(values) for values in zip(*known, strict=True)] if known else [0.0] * length
