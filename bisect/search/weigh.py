"""How much a point would tell: which classes lie among its ancestors, and whether it can be tried at all."""

from __future__ import annotations

from collections.abc import Callable, Collection

from .focus import Focus
from .graph import History

_CHAIN = 256


def exact(history: History, found: Focus) -> dict[int, int]:
    """Untested point -> bits of the classes among its ancestors: the untested points and the accused."""
    bit = {i: 1 << k for k, i in enumerate([*sorted(found.live), found.accused])}
    masks: dict[int, int] = {}
    for i in sorted(found.region):
        mask = bit.get(i, 0)
        for parent in history.parents[i]:
            mask |= masks.get(parent, 0)
        masks[i] = mask
    return {i: masks[i] for i in found.live}


def coarse(history: History, found: Focus) -> dict[int, int]:
    """The same for evenly spread points of the first-parent line only, in linear time.

    Along a line the ancestor sets are nested, so with the classes numbered as the line takes them in, each
    set is a run of the lowest bits.
    """
    line = [found.accused]
    while (ahead := history.parents[line[-1]]) and ahead[0] in found.region:
        line.append(ahead[0])
    seen: set[int] = set()
    counted: list[tuple[int, int]] = []
    total = 0

    def unseen(i: int) -> bool:
        return i in found.region and i not in seen

    for point in reversed(line):
        fresh = history.back([point], unseen)
        seen |= fresh
        total += len(fresh & found.live)
        if point in found.live:
            counted.append((point, total))
    step = max(1, len(counted) // _CHAIN)
    return {point: (1 << count) - 1 for point, count in counted[::step]}


def trust(history: History, found: Focus, skipped: Collection[int]) -> Callable[[int], float]:
    """The chance that a point can be tried, from its distance to the nearest that could not.

    Broken points come in blocks of unknown length. Without a scale the chance that a block of w points
    reaches d further is about w / (w + d); w doubles with every skip, so that a block of L costs about log L
    probes.
    """
    if not skipped:
        return lambda _: 1.0
    distance = dict.fromkeys(skipped, 0)
    ring = list(skipped)
    while ring:
        further: list[int] = []
        for i in ring:
            for n in (*history.parents[i], *history.children[i]):
                if n in found.region and n not in distance:
                    distance[n] = distance[i] + 1
                    further.append(n)
        ring = further
    scale = min(2.0 ** min(len(skipped), 40), len(found.live) / 4 + 1)
    return lambda i: distance.get(i, len(distance)) / (distance.get(i, len(distance)) + scale)
