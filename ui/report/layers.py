"""Where the nodes of a graph are drawn: in layers, parents above children, few crossings, short lines.

The way of Sugiyama, Tagawa and Toda (1981): layers, an order within each by the mean place of the neighbours, then
places. Equal graphs give equal pictures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

CHARACTER, MARGIN, HEIGHT = 7.3, 22, 26
"""Width of one character and of what is around a name, and the height of a box, in pixels."""
GAP, DROP, BEND = 18, 34, 8
"""Between boxes of one layer, between layers, and the width left for a line that passes through."""
_SWEEPS = 12

Edge = tuple[str, str]
Point = tuple[float, float]


@dataclass
class Drawing:
    """Boxes as (left, top, width) by name, and each line's points from parent to child; all in pixels."""

    width: int = 0
    height: int = 0
    boxes: dict[str, tuple[int, int, int]] = field(default_factory=dict[str, tuple[int, int, int]])
    lines: list[tuple[str, str, list[tuple[int, int]]]] = field(
        default_factory=list[tuple[str, str, list[tuple[int, int]]]]
    )


def draw(names: Sequence[str], edges: Sequence[Edge], most: int = 32) -> Drawing:
    """Lay out a graph without cycles; `names` come parents first. Longer names than `most` characters are cut."""
    if not names:
        return Drawing()
    level = _levels(names, edges)
    rows, chains = _rows(names, edges, level)
    links = [link for chain in chains.values() for link in pairwise(chain)]
    rows = _ordered(rows, links)
    wide = {
        node: BEND if node not in level else CHARACTER * min(len(node), most) + MARGIN for row in rows for node in row
    }
    across = _across(rows, links, wide)
    return _drawing(names, edges, level, chains, across, wide)


def reduced(names: Sequence[str], edges: Sequence[Edge], kept: Collection[str] = ()) -> list[Edge]:
    """The edges that no longer path implies, and all between two that are `kept`; `names` come parents first."""
    parents: dict[str, list[str]] = {name: [] for name in names}
    for parent, child in edges:
        parents[child].append(parent)
    above: dict[str, frozenset[str]] = {}
    for name in names:
        above[name] = frozenset(parents[name]).union(*(above[p] for p in parents[name]))
    implied = {(p, c) for p, c in edges if any(p in above[other] for other in parents[c])}
    return [(p, c) for p, c in edges if (p, c) not in implied or (p in kept and c in kept)]


def _levels(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """As high as the parents allow, then down to just above the children: inputs stand where they are used."""
    level = dict.fromkeys(names, 0)
    children: dict[str, list[str]] = {name: [] for name in names}
    parents: dict[str, list[str]] = {name: [] for name in names}
    for parent, child in edges:
        children[parent].append(child)
        parents[child].append(parent)
    for name in names:
        level[name] = max((level[p] + 1 for p in parents[name]), default=0)
    for name in reversed(names):
        if children[name] and len(parents[name]) <= len(children[name]):
            level[name] = min(level[c] for c in children[name]) - 1
    used = {one: place for place, one in enumerate(sorted(set(level.values())))}
    return {name: used[one] for name, one in level.items()}


def _rows(
    names: Sequence[str], edges: Sequence[Edge], level: Mapping[str, int]
) -> tuple[list[list[str]], dict[Edge, list[str]]]:
    """The nodes of each layer, with a bend wherever a line passes through one; and the way of each line."""
    rows: list[list[str]] = [[] for _ in range(1 + max(level.values()))]
    for name in names:
        rows[level[name]].append(name)
    chains: dict[Edge, list[str]] = {}
    for number, (parent, child) in enumerate(edges):
        bends = [f"\0{number}.{at}" for at in range(level[parent] + 1, level[child])]
        for at, bend in enumerate(bends, level[parent] + 1):
            rows[at].append(bend)
        chains[parent, child] = [parent, *bends, child]
    return rows, chains


def _neighbours(links: Sequence[Edge]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    up: dict[str, list[str]] = {}
    down: dict[str, list[str]] = {}
    for parent, child in links:
        up.setdefault(child, []).append(parent)
        down.setdefault(parent, []).append(child)
    return up, down


def _ordered(rows: list[list[str]], links: Sequence[Edge]) -> list[list[str]]:
    """The order within each layer with the fewest crossings that sweeps down and up come across."""
    up, down = _neighbours(links)
    best, least = [list(row) for row in rows], _crossings(rows, down)
    for sweep in range(_SWEEPS):
        near = up if sweep % 2 == 0 else down
        turn = range(1, len(rows)) if sweep % 2 == 0 else range(len(rows) - 2, -1, -1)
        for at in turn:
            beside = rows[at - 1 if sweep % 2 == 0 else at + 1]
            place = {node: float(i) for i, node in enumerate(beside)}
            here = {node: float(i) for i, node in enumerate(rows[at])}
            wish = {node: _mean([place[m] for m in near.get(node, ())], here[node]) for node in rows[at]}
            rows[at] = sorted(rows[at], key=wish.__getitem__)
        found = _crossings(rows, down)
        if found < least:
            best, least = [list(row) for row in rows], found
    return best


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(rows: Sequence[Sequence[str]], down: Mapping[str, Sequence[str]]) -> int:
    count = 0
    for upper, lower in pairwise(rows):
        place = {node: i for i, node in enumerate(lower)}
        ends = [i for node in upper for i in sorted(place[n] for n in down.get(node, ()))]
        count += sum(a > b for k, a in enumerate(ends) for b in ends[k + 1 :])
    return count


def _across(rows: Sequence[Sequence[str]], links: Sequence[Edge], wide: Mapping[str, float]) -> dict[str, float]:
    """The middle of each node: near the mean of its neighbours', in order, and nothing overlaps."""
    up, down = _neighbours(links)
    at: dict[str, float] = {}
    for row in rows:
        _settle(row, [0.0] * len(row), wide, at)
    for sweep in range(2 * _SWEEPS):
        near = (up, down, {n: [*up.get(n, ()), *down.get(n, ())] for row in rows for n in row})[sweep % 3]
        for row in rows if sweep % 2 == 0 else reversed(rows):
            _settle(row, [_mean([at[m] for m in near.get(n, ())], at[n]) for n in row], wide, at)
    return at


def _settle(row: Sequence[str], wanted: Sequence[float], wide: Mapping[str, float], at: dict[str, float]) -> None:
    """The places nearest to the wanted ones that keep order and distance (pools of adjacent violators)."""
    offset, total = [0.0], 0.0
    for left, right in pairwise(row):
        total += (wide[left] + wide[right]) / 2 + GAP
        offset.append(total)
    pools: list[list[float]] = []  # sum and count of wanted places, each less its offset
    for want, off in zip(wanted, offset, strict=False):
        pools.append([want - off, 1.0])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] >= pools[-1][0] / pools[-1][1]:
            last = pools.pop()
            pools[-1] = [pools[-1][0] + last[0], pools[-1][1] + last[1]]
    settled = [pool[0] / pool[1] for pool in pools for _ in range(int(pool[1]))]
    for node, place, off in zip(row, settled, offset, strict=False):
        at[node] = place + off


def _drawing(
    names: Sequence[str],
    edges: Sequence[Edge],
    level: Mapping[str, int],
    chains: Mapping[Edge, Sequence[str]],
    across: Mapping[str, float],
    wide: Mapping[str, float],
) -> Drawing:
    left = min(x - wide[node] / 2 for node, x in across.items()) - 2
    right = max(x + wide[node] / 2 for node, x in across.items()) + 2
    step = HEIGHT + DROP
    found = Drawing(round(right - left), (max(level.values()) + 1) * step - DROP + 4)
    for name in names:
        found.boxes[name] = (round(across[name] - wide[name] / 2 - left), level[name] * step + 2, round(wide[name]))
    for parent, child in edges:
        points = [(round(across[parent] - left), level[parent] * step + 2 + HEIGHT)]
        for number, bend in enumerate(chains[parent, child][1:-1], level[parent] + 1):
            points += [
                (round(across[bend] - left), number * step + 2),
                (round(across[bend] - left), number * step + 2 + HEIGHT),
            ]
        points.append((round(across[child] - left), level[child] * step + 2))
        found.lines.append((parent, child, points))
    return found
