"""How count, range and step of a scan complete each other (specification, section 2.5)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..tracer.errors import FirstbadError

MOST_STEPS = 1e9
"""Steps of one scan above which its range or its step is taken for a mistake."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A scan: `count` points, full `range`, `step` between them (radians, metres, or a fraction)."""

    count: int
    range: float
    step: float


def grid(count: int | None, span: float | None, step: float | None, *, default: float, last: bool = True) -> Grid:
    """Complete a scan; `default` is the range that a lone count gets.

    `last`: a lone range makes its two points range apart, otherwise half of it. A part is set if the count
    is > 0, the range >= 0, the step > 0. What remains degenerate becomes a single point.
    """
    n = count if count is not None and count > 0 else None
    r = span if span is not None and span >= 0 else None
    s = step if step is not None and step > 0 else None
    full = _complete(n, r, s, default, last)
    if full.range <= 0 or full.step <= 0 or full.count <= 0:
        return Grid(1, 0.0, 0.0)
    return full


def _complete(n: int | None, r: float | None, s: float | None, default: float, last: bool) -> Grid:
    if n is None:
        if r is None:
            return Grid(1, 0.0, 0.0) if s is None else Grid(2, s, s)
        if s is None:
            return Grid(2, r, r if last else r / 2.0)
        return Grid(_whole(r / s), r, s)
    if r is None:
        return Grid(n, default, default / n) if s is None else Grid(2, s, s)
    if s is None:
        n = max(n, 2)
        return Grid(n, r, r / (n - 1))
    return Grid(n, r, s)


def _whole(count: float) -> int:
    if not count < MOST_STEPS:
        raise FirstbadError(
            f"a scan has {count:g} steps", remedy="Check its range and its step.", slug="impossible-experiment"
        )
    return math.ceil(count)


def phi_grid(count: int | None, span: float | None, step: float | None, *, default: float) -> Grid:
    """The same for phi: a count of 0 is 1, a given count is kept, and nothing degenerates."""
    n = None if count is None or count < 0 else max(count, 1)
    r = span if span is not None and span >= 0 else None
    s = step if step is not None and step > 0 else None
    if n is not None and r is not None and s is None:
        explicit_zero = step is not None and step >= 0
        return Grid(n, r, 0.0 if explicit_zero else r / n)
    return _complete(n, r, s, default, last=False)
