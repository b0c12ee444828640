"""Which points to try next: those that cut what is left into the most equal parts.

Each *class* (a point that could be told apart as the culprit) is a bit. Trying a point x cuts every set of
classes into those among x's ancestors and the rest. Points that already run have cut the set before we begin.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence


def choose(
    masks: Mapping[int, int],
    everything: int,
    running: Sequence[int],
    wanted: int,
    trust: Callable[[int], float],
) -> list[int]:
    """Up to `wanted` points of `masks` (point -> classes it has among its ancestors, itself included).

    On a line with nothing running the parts are equal, the optimal k-ary search: n classes need
    ceil(log(n) / log(wanted + 1)) rounds. `trust` is the chance that a point can be tried at all.
    """
    cells = [everything]
    for point in running:
        cells = _cut(cells, masks.get(point, 0))
    taken = set(running)
    picked: list[int] = []
    for cell, cuts in _allot([c for c in cells if c.bit_count() > 1], wanted):
        for point in _cuts_of(cell, cuts, masks, taken, trust):
            taken.add(point)
            picked.append(point)
    return picked


def _cut(cells: list[int], mask: int) -> list[int]:
    return [part for cell in cells for part in (cell & mask, cell & ~mask) if part]


def _allot(cells: list[int], wanted: int) -> list[tuple[int, int]]:
    """How many cuts each cell gets so that the expected rest, the sum of size²/(cuts + 1), is least."""
    cuts = [0] * len(cells)
    heap = [(-_gain(c.bit_count(), 0), i) for i, c in enumerate(cells)]
    heapq.heapify(heap)
    while heap and wanted > 0:
        _, i = heapq.heappop(heap)
        cuts[i] += 1
        wanted -= 1
        size = cells[i].bit_count()
        if cuts[i] < size - 1:
            heapq.heappush(heap, (-_gain(size, cuts[i]), i))
    return [(c, n) for c, n in zip(cells, cuts, strict=True) if n]


def _gain(size: int, cuts: int) -> float:
    return size * size * (1 / (cuts + 1) - 1 / (cuts + 2))


def _cuts_of(
    cell: int, cuts: int, masks: Mapping[int, int], taken: set[int], trust: Callable[[int], float]
) -> list[int]:
    """The points nearest to the quantiles of `cell`, weighed by the chance that they answer."""
    size = cell.bit_count()
    counted = [(x, n) for x, m in masks.items() if x not in taken and 0 < (n := (m & cell).bit_count()) < size]
    picked: list[int] = []
    for j in range(1, cuts + 1):
        ideal, width = j * size / (cuts + 1), size / (cuts + 1)
        best = max(
            ((_nearness(abs(n - ideal) / width) * trust(x), -x) for x, n in counted if x not in picked),
            default=None,
        )
        if best is not None:
            picked.append(-best[1])
    return picked


def _nearness(distance: float) -> float:
    """1 at the quantile, falling to almost nothing one part further."""
    return max(1 - distance, 1e-6 / (1 + distance))
