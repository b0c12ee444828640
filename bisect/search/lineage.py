"""Who descends from whom in a history whose first change is sought: ancestors as arrays, for sums over hypotheses."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
_KEPT = 512  # columns that are kept: those of the points that were tried and are being weighed


class Lineage:
    """`order` lists the points, parents before children; its first point is the old end and above all others.

    `parents` maps a point to its parents (those outside `order` count as the old end); None means a line. Hypothesis
    i is "i changed it first", the last one, `size`, "none did".
    """

    def __init__(self, order: Sequence[str], parents: Mapping[str, Sequence[str]] | None = None) -> None:
        self.order = tuple(order)
        self.size = len(self.order)
        self.index = {p: i for i, p in enumerate(self.order)}
        if parents is None:
            self.parents: list[tuple[int, ...]] = [(i - 1,) if i else () for i in range(self.size)]
        else:
            self.parents = [self._above(parents.get(p, ())) if i else () for i, p in enumerate(self.order)]
        self.is_line = all(above == (i - 1,) for i, above in enumerate(self.parents) if i)
        self._columns: dict[int, Bools] = {}

    def _above(self, parents: Sequence[str]) -> tuple[int, ...]:
        return tuple(dict.fromkeys(self.index.get(p, 0) for p in parents)) or (0,)

    def changed(self, point: int) -> Bools:
        """Under which hypotheses `point` is changed: those that name it or an ancestor of it."""
        if self.is_line:
            return np.arange(self.size + 1) <= point
        if point not in self._columns:
            if len(self._columns) >= _KEPT:
                self._columns.pop(next(iter(self._columns)))
            self._columns[point] = self._walked(point)
        return self._columns[point]

    def _walked(self, point: int) -> Bools:
        seen = np.zeros(self.size + 1, dtype=np.bool_)
        stack = [point]
        while stack:
            i = stack.pop()
            if seen[i]:
                continue
            known = self._columns.get(i)
            if known is not None:
                seen |= known
                continue
            seen[i] = True
            stack += self.parents[i]
        seen[0] = True
        return seen

    def border(self, members: Collection[int], broken: Collection[int]) -> list[int]:
        """The nearest points behind `members` that can be tried: unchanged, if one of the members changed it first."""
        found: list[int] = []
        seen, stack = set(members), [p for i in members for p in self.parents[i]]
        while stack:
            i = stack.pop()
            if i in seen:
                continue
            seen.add(i)
            if i in broken:
                stack += self.parents[i]
            else:
                found.append(i)
        return sorted(found)

    def classes(self, broken: Collection[int]) -> Ints:
        """Hypotheses that no answer can tell apart share a number: those with the same triable descendants."""
        group = np.arange(self.size + 1)
        beyond: dict[int, frozenset[int]] = {}  # of a broken point: the nearest triable ones after it
        shared: dict[frozenset[int], int] = {}
        children: dict[int, list[int]] = {i: [] for i in broken}
        for child, above in enumerate(self.parents):
            for i in above:
                if i in children:
                    children[i].append(child)
        for i in sorted(broken, reverse=True):
            near = {j for c in children[i] for j in beyond.get(c, (c,))}
            first = frozenset(j for j in near if not any(k != j and self.changed(j)[k] for k in near))
            beyond[i] = first
            alone = next(iter(first)) if len(first) == 1 else shared.setdefault(first, i)
            group[i] = alone if first else self.size
        return group
