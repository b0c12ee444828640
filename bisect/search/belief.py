"""From a belief over the first changed point to a claim; shared by the searches that live with noise."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ..verdict import Candidates, Culprit, NotHere, Result
from .lineage import Lineage

Floats = NDArray[np.float64]
_LOOKED_AT = 96  # more points weighed for a probe do not change the choice


def prior_of(order: Sequence[str], weights: Mapping[str, float], nowhere: float) -> Floats:
    """Belief before any answer: by weight, `nowhere` shared by "the first is bad already" and "none is"."""
    given = np.array([max(float(weights.get(p, 1.0)), 1e-12) for p in order[1:]])
    inside = given / given.sum() * (1 - nowhere) if len(given) else given
    return np.concatenate([[nowhere / 2], inside, [nowhere / 2]])


def claim(
    lineage: Lineage,
    belief: Floats,
    broken: Collection[int],
    confidence: float,
    *,
    spent: bool,
    evidence: tuple[str, ...],
) -> Result | None:
    """The result once one class holds `confidence`, or, when the runs are `spent`, the smallest set that does."""
    members, mass = leading(lineage, belief, broken)
    if mass >= confidence:
        return _named(lineage, members, broken, mass, evidence)
    if not spent:
        return None
    return undecided(lineage, belief, broken, confidence, evidence)


def leading(lineage: Lineage, belief: Floats, broken: Collection[int]) -> tuple[list[int], float]:
    """The class of hypotheses that is believed most, and how much."""
    group = lineage.classes(broken)
    mass = np.bincount(group, weights=belief)
    top = int(np.argmax(mass))
    return [int(i) for i in np.flatnonzero(group == top)], float(mass[top])


def undecided(
    lineage: Lineage, belief: Floats, broken: Collection[int], confidence: float, evidence: tuple[str, ...]
) -> Candidates:
    """The smallest set of points that holds the asked share of the belief together."""
    order = lineage.order
    ranked = np.argsort(-belief, kind="stable")
    enough = int(np.searchsorted(np.cumsum(belief[ranked]), confidence)) + 1
    held = sorted(int(i) for i in ranked[:enough] if i < len(order))
    skipped = tuple(order[i] for i in held if i in broken)
    said = f"the runs allowed are spent; together these hold {belief[held].sum():.1%} of the belief"
    return Candidates(tuple(order[i] for i in held), skipped, (said, *evidence))


def _named(
    lineage: Lineage, members: Sequence[int], broken: Collection[int], mass: float, evidence: tuple[str, ...]
) -> Result:
    order, said = lineage.order, (f"with {mass:.1%} of the belief", *evidence)
    if 0 in members:
        return NotHere((f"{order[0]} is changed already", *said))
    if len(order) in members:
        return NotHere((f"nothing changes up to {order[-1]}", *said))
    if len(members) > 1:
        return Candidates(tuple(order[i] for i in members), tuple(order[i] for i in members if i in broken), said)
    (point,) = members
    return Culprit(order[point], tuple(order[i] for i in lineage.parents[point]), said, mass)


def worth_a_look(belief: Floats, broken: Collection[int]) -> NDArray[np.int64]:
    """The points that are weighed for the next probe: both ends, quantiles of the belief and what stands before them.

    `belief` has one entry more than there are points: that none is it.
    """
    last = len(belief) - 2
    places = np.searchsorted(np.cumsum(belief), np.linspace(0, 1, _LOOKED_AT), side="left")
    near = np.unique(np.clip(np.concatenate([places, places - 1, [0, last]]), 0, last))
    out = np.array(sorted(broken), dtype=np.int64)
    usable = np.setdiff1d(near, out)
    return usable if len(usable) else np.setdiff1d(np.arange(last + 1), out)


def ask_spread(after: Mapping[int, float], taken: Collection[int], n: int) -> list[int]:
    """`n` points beside those `taken` that cut the belief into shares as equal as can be.

    `after` says of each point how much of the belief says that it is changed.
    """
    cuts = sorted(after[i] for i in taken if i in after)
    picked: list[int] = []
    for _ in range(n):
        free = [i for i in after if i not in taken and i not in picked]
        if not free:
            break
        edges = np.array([0.0, *cuts, 1.0])
        widest = int(np.argmax(np.diff(edges)))
        middle = (edges[widest] + edges[widest + 1]) / 2
        best = min(free, key=lambda i: abs(after[i] - middle))
        picked.append(best)
        cuts = sorted([*cuts, after[best]])
    return picked
