"""The part of a history that a search may accuse: indices in topological order, parents first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

T = TypeVar("T", bound=Hashable)


class History:
    """What is reachable from `new` but from none of `old`, and the edge: the parents just outside.

    `names` lists the points, every parent before its children (ties by the order of the parents), so an index
    is also a place in that order. `parents` and `children` hold indices. `edge` are the indices of points
    outside: nothing is known about what lies before them. A root inside has no parents and is no edge.
    """

    def __init__(self, parents: Mapping[str, Sequence[str]], old: Collection[str], new: str) -> None:
        outside = reach(old, lambda p: parents.get(p, ()))
        self.names: tuple[str, ...] = tuple(_parents_first(parents, outside, new))
        self.index = {name: i for i, name in enumerate(self.names)}
        self.edge = frozenset(i for i, n in enumerate(self.names) if n in outside or (n not in parents and n != new))
        self.parents: list[tuple[int, ...]] = [
            () if i in self.edge else tuple(dict.fromkeys(self.index[p] for p in parents.get(n, ())))
            for i, n in enumerate(self.names)
        ]
        self.children: list[list[int]] = [[] for _ in self.names]
        for child, above in enumerate(self.parents):
            for parent in above:
                self.children[parent].append(child)

    def back(self, start: Iterable[int], through: Callable[[int], bool] | None = None) -> set[int]:
        """`start` and its ancestors, walking only into points that `through` allows."""
        return reach(start, lambda i: self.parents[i], through)

    def forth(self, start: Iterable[int], through: Callable[[int], bool] | None = None) -> set[int]:
        """`start` and its descendants, walking only into points that `through` allows."""
        return reach(start, lambda i: self.children[i], through)


def reach(start: Iterable[T], step: Callable[[T], Iterable[T]], through: Callable[[T], bool] | None = None) -> set[T]:
    """Everything that repeated `step`s reach from `start`; `through` says which points may be entered."""
    seen = set(start)
    stack = list(seen)
    while stack:
        for other in step(stack.pop()):
            if other not in seen and (through is None or through(other)):
                seen.add(other)
                stack.append(other)
    return seen


def _parents_first(parents: Mapping[str, Sequence[str]], outside: set[str], new: str) -> Iterable[str]:
    """Depth-first post-order without recursion (histories are deep); stops at points outside."""
    seen = {new}
    stack = [(new, iter(() if new in outside else parents.get(new, ())))]
    while stack:
        name, rest = stack[-1]
        for parent in rest:
            if parent not in seen:
                seen.add(parent)
                stack.append((parent, iter(() if parent in outside else parents.get(parent, ()))))
                break
        else:
            stack.pop()
            yield name
