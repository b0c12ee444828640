"""From a belief over the first changed point to a claim; shared by the searches that live with noise."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..verdict import Candidates, Culprit, NotHere, Result

Floats = NDArray[np.float64]


def prior_of(order: Sequence[str], weights: Mapping[str, float], nowhere: float) -> Floats:
    """Belief before any answer: by weight, `nowhere` shared by "the first is bad already" and "none is"."""
    given = np.array([max(float(weights.get(p, 1.0)), 1e-12) for p in order[1:]])
    inside = given / given.sum() * (1 - nowhere) if len(given) else given
    return np.concatenate([[nowhere / 2], inside, [nowhere / 2]])


def classes(size: int, broken: Collection[int]) -> NDArray[np.int64]:
    """Hypotheses that no answer can tell apart share a number: a point and the untriable ones just before it."""
    usable = np.ones(size + 1, dtype=np.int64)
    usable[list(broken)] = 0
    return np.concatenate([[0], np.cumsum(usable)[:-1]])


def claim(
    order: Sequence[str],
    belief: Floats,
    broken: Collection[int],
    confidence: float,
    *,
    spent: bool,
    evidence: tuple[str, ...],
) -> Result | None:
    """The result once one class holds `confidence`, or, when the runs are `spent`, the smallest set that does."""
    group = classes(len(order), broken)
    mass = np.bincount(group, weights=belief)
    top = int(np.argmax(mass))
    if mass[top] >= confidence:
        return _named(order, np.flatnonzero(group == top), broken, float(mass[top]), evidence)
    if not spent:
        return None
    ranked = np.argsort(-belief, kind="stable")
    enough = int(np.searchsorted(np.cumsum(belief[ranked]), confidence)) + 1
    held = sorted(int(i) for i in ranked[:enough] if i < len(order))
    skipped = tuple(order[i] for i in held if i in broken)
    said = f"the runs allowed are spent; together these hold {belief[held].sum():.1%} of the belief"
    return Candidates(tuple(order[i] for i in held), skipped, (said, *evidence))


def _named(
    order: Sequence[str], members: NDArray[np.int64], broken: Collection[int], mass: float, evidence: tuple[str, ...]
) -> Result:
    said = (f"with {mass:.1%} of the belief", *evidence)
    if 0 in members:
        return NotHere((f"{order[0]} is changed already", *said))
    if len(order) in members:
        return NotHere((f"nothing changes up to {order[-1]}", *said))
    if len(members) > 1:
        inside = [int(i) for i in members]
        return Candidates(tuple(order[i] for i in inside), tuple(order[i] for i in inside if i in broken), said)
    point = int(members[0])
    return Culprit(order[point], (order[point - 1],), said, mass)


def ask_spread(belief: Floats, usable: Sequence[int], taken: Collection[int], n: int) -> list[int]:
    """`n` points beside those `taken` that cut the belief into shares as equal as can be."""
    after = np.cumsum(belief)  # how much of the belief says that a point is changed
    cuts = sorted(float(after[i]) for i in taken)
    picked: list[int] = []
    for _ in range(n):
        free = [i for i in usable if i not in taken and i not in picked]
        if not free:
            break
        edges = np.array([0.0, *cuts, 1.0])
        widest = int(np.argmax(np.diff(edges)))
        middle = (edges[widest] + edges[widest + 1]) / 2
        best = min(free, key=lambda i: abs(float(after[i]) - middle))
        picked.append(best)
        cuts = sorted([*cuts, float(after[best])])
    return picked
