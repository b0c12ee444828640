"""Pair the records of two traces. What was paired by what is kept; what has no partner is a result, not an
accident.

First the exact key (name, scope, occurrence), then the name that the catalogue gives both (an alias,
another heading), then anchors: where a tag is repeated a different number of times on the two sides,
iterations of the loop are matched by what they say (longest common subsequence), so that one dropped record
does not shift all that follow.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .model import Record
from .place import place
from .view import View


class By(StrEnum):
    """What paired two records."""

    KEY = "name, scope and occurrence"
    ALIAS = "alias"
    ANCHOR = "anchor"
    ORDER = "order"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two records that stand for the same value; one of them None where the other is alone."""

    quantity: str
    reference: Record | None
    candidate: Record | None
    by: By

    @property
    def record(self) -> Record:
        """The reference's record, or the candidate's where that is alone."""
        record = self.reference if self.reference is not None else self.candidate
        assert record is not None
        return record


_Place = tuple[tuple[str, str], ...]
_Groups = dict[tuple[str, _Place], list[Record]]
_Member = tuple[str, list[Record], list[Record]]
"""A quantity in one place of the loop nest, with its records on both sides."""
_Parts = tuple[Hashable, ...]
_Digits = tuple[int, ...]
_LIMIT = 250_000
_PARTS = 5_000_000
"""Iterations of both sides, and parts of them, that are compared each with each."""
_DIGITS, _DIGITS32 = (5,), (4, 3)
"""Digits behind the point by which iterations know each other: rounding must not hide that two are the same. A float32
side errs in the fifth after some cancellation: there coarse digits tell the iteration, finer ones which of two."""
_SURE = 0.9
"""Iterations of two loops of one length are paired out of order where they share so much, and less in order."""


def align(a: View, b: View, in_order: Collection[str] = (), *, unsure: Collection[str] = ()) -> list[Pairing]:
    """All records of both, in the order of the reference; lonely ones of the candidate follow their predecessor.

    Loops that run a quantity of `in_order` are never paired out of order: their values tell that the order is at fault.
    What `unsure` quantities say does not tell of two loops of one length which iteration is which: they are wrong, or
    computed from what is.
    """
    groups_a, groups_b = _groups(a), _groups(b)
    digits = _DIGITS32 if "float32" in (a.dtype, b.dtype) else _DIGITS
    lonely: dict[str, tuple[list[Record], list[Record]]] = {}
    loops: dict[tuple[int, int], list[_Member]] = {}
    for key in dict.fromkeys((*groups_a, *groups_b)):
        for one, two in _named(groups_a.get(key, []), groups_b.get(key, [])):
            if one and two:
                loops.setdefault((len(one), len(two)), []).append((key[0], one, two))
            else:
                left = lonely.setdefault(key[0], ([], []))
                left[0].extend(one)
                left[1].extend(two)
    pairs = [pair for (n, m), members in loops.items() if n == m for pair in _even(members, in_order, unsure, digits)]
    uneven = [members for (n, m), members in loops.items() if n != m]
    for members in sorted(uneven, key=len, reverse=True):
        pairs.extend(_uneven(members, digits, before(a, pairs), before(b, pairs)))
    at_a, at_b = _positions(a), _positions(b)
    for one, two in lonely.values():
        one.sort(key=lambda record: at_a[id(record)])  # gathered by place; a side that names none has them in order
        two.sort(key=lambda record: at_b[id(record)])
    pairs.extend(_elsewhere(lonely, digits))
    return _ordered(pairs, a, b)


def _positions(view: View) -> dict[int, int]:
    return {id(record): index for index, record in enumerate(view.trace.records)}


def _elsewhere(lonely: Mapping[str, tuple[list[Record], list[Record]]], digits: _Digits) -> Iterable[Pairing]:
    """Records whose places do not meet: one side says where in the loops it is and the other does not.

    Quantities that one side repeats more often are matched together: an iteration is known by all that it says.
    """
    longer: dict[tuple[int, int], list[_Member]] = {}
    for name, (one, two) in lonely.items():
        classes = {frozenset(place(x)) for x in one}, {frozenset(place(y)) for y in two}
        if not one or not two or classes[0] & classes[1]:
            yield from (Pairing(name, x, None, By.NOTHING) for x in one)
            yield from (Pairing(name, None, y, By.NOTHING) for y in two)
        elif len(one) == len(two):
            yield from (Pairing(name, x, y, By.ORDER) for x, y in zip(one, two, strict=True))
        else:
            longer.setdefault((len(one), len(two)), []).append((name, one, two))
    for members in longer.values():
        yield from _anchored(members, digits)


def reordered(pairs: Iterable[Pairing]) -> list[str]:
    """Quantities of which the candidate has its records in another order than the reference."""
    last: dict[tuple[str, str, str, _Place], int] = {}
    found: dict[str, None] = {}
    for pair in pairs:
        x, y = pair.reference, pair.candidate
        if x is not None and y is not None:  # an alias has an order of its own
            key = pair.quantity, x.quantity, y.quantity, tuple(sorted(place(y).items()))
            if y.line < last.get(key, 0):
                found[pair.quantity] = None
            last[key] = y.line
    return list(found)


def _groups(view: View) -> _Groups:
    found: _Groups = {}
    for record in view.trace.records:
        key = (view.name(record), tuple(sorted(place(record).items())))
        found.setdefault(key, []).append(record)
    return found


def _named(one: list[Record], two: list[Record]) -> Iterable[tuple[list[Record], list[Record]]]:
    """Records of one quantity in one place: apart what both sides print as often under one name, then the rest."""
    ours, theirs = Counter(x.quantity for x in one), Counter(y.quantity for y in two)
    same = [name for name, count in ours.items() if theirs[name] == count]
    for name in same:
        yield [x for x in one if x.quantity == name], [y for y in two if y.quantity == name]
    yield [x for x in one if x.quantity not in same], [y for y in two if y.quantity not in same]


def _by(x: Record, y: Record) -> By:
    return By.KEY if (x.quantity, x.scope, x.occurrence) == (y.quantity, y.scope, y.occurrence) else By.ALIAS


def _even(
    members: Sequence[_Member], in_order: Collection[str], unsure: Collection[str], digits: _Digits
) -> Iterable[Pairing]:
    """Quantities that both sides repeat as often: in order, unless all iterations come in another one."""
    _, first, _ = members[0]
    order = list(range(len(first)))
    sure = [member for member in members if member[0] not in unsure]
    if len(first) > 1 and sure and not any(name in in_order for name, _, _ in members):
        rows = ([_fingerprint(row, digits) for row in zip(*side, strict=True)] for side in _sides(sure))
        order = _permuted(*rows)
    for name, one, two in members:
        for index, at in enumerate(order):
            by = _by(one[index], two[at]) if index == at else By.ANCHOR
            yield Pairing(name, one[index], two[at], by)


def _sides(members: Sequence[_Member]) -> tuple[list[list[Record]], list[list[Record]]]:
    return [one for _, one, _ in members], [two for _, _, two in members]


def _permuted(a: Sequence[_Parts], b: Sequence[_Parts]) -> list[int]:
    """For each iteration of one side that of the other which says the same, where that holds for all of them.

    If some have no such partner, the values differ and not only their order: then order is all there is to go by.
    """
    inorder = list(range(len(a)))
    left = [index for index in inorder if a[index] != b[index]]
    if _many([a[index] for index in left], left):
        return inorder
    order, free = dict[int, int](), list(left)
    for i in left:  # of several that say the same its own, else the next one
        shares = {j: _alike(a[i], b[j]) for j in free}
        best = max(shares, key=lambda j: (shares[j], j == i, -j))
        if shares[best] < _SURE:
            return inorder
        order[i] = best
        free.remove(best)
    return [order.get(index, index) for index in inorder]


def before(view: View, pairs: Iterable[Pairing]) -> dict[int, int]:
    """For each record of a trace, by id, the number of the pair that stands before it; -1 where none does."""
    number: dict[int, int] = {}
    for index, pair in enumerate(pairs):
        if pair.reference is not None and pair.candidate is not None:
            number[id(pair.reference)] = number[id(pair.candidate)] = index
    last, found = -1, dict[int, int]()
    for record in view.trace.records:
        found[id(record)] = last
        last = number.get(id(record), last)
    return found


def _uneven(
    members: Sequence[_Member], digits: _Digits, before_a: Mapping[int, int], before_b: Mapping[int, int]
) -> Iterable[Pairing]:
    """Quantities of which one side repeats more: each by where it stands, or whole iterations by what they say.

    Where other quantities of the loop are paired already, these tell in which iteration a record is lacking. Where
    none is, the loop as a whole is longer.
    """
    together: list[_Member] = []
    for member in members:
        _, one, two = member
        if min(len({before_a[id(x)] for x in one}), len({before_b[id(y)] for y in two})) > 1:
            yield from _anchored([member], digits, before_a, before_b)
        else:
            together.append(member)
    if together:
        yield from _anchored(together, digits)


def _anchored(
    members: Sequence[_Member],
    digits: _Digits,
    before_a: Mapping[int, int] | None = None,
    before_b: Mapping[int, int] | None = None,
) -> Iterable[Pairing]:
    """Quantities that run in the same two loops: their iterations are matched together, by all they say.

    What stands before a record weighs as much as what it says.
    """
    rows_a, rows_b = (list(zip(*side, strict=True)) for side in _sides(members))
    said = (
        [_fingerprint(row, digits, before_a) for row in rows_a],
        [_fingerprint(row, digits, before_b) for row in rows_b],
    )
    matched = match(*said)
    for at_a, at_b, exact in matched:
        for index, (name, _, _) in enumerate(members):
            x = rows_a[at_a][index] if at_a is not None else None
            y = rows_b[at_b][index] if at_b is not None else None
            by = By.NOTHING if x is None or y is None else By.ANCHOR if exact else By.ORDER
            yield Pairing(name, x, y, by)


def _fingerprint(row: Sequence[Record], digits: _Digits, before: Mapping[int, int] | None = None) -> _Parts:
    """What an iteration says, to so many digits."""
    said = tuple(_coarse(value, count) for record in row for value in record.values for count in digits)
    return said if before is None else said + (before[id(row[0])],) * len(said)


def _coarse(value: float | str, digits: int) -> Hashable:
    if isinstance(value, str):
        return value
    return f"{value + 0.0:.{digits}e}" if math.isfinite(value) else str(value)


def match(a: Sequence[_Parts], b: Sequence[_Parts]) -> list[tuple[int | None, int | None, bool]]:
    """Indices of both sequences in order: equal ones by a longest common subsequence, the rest between them by order.

    Elements are tuples; two count as equal where at least half of their parts are (a fault changes some of them).
    """
    found: list[tuple[int | None, int | None, bool]] = []
    at_a = at_b = 0
    for next_a, next_b in (*_common(a, b), (len(a), len(b))):
        while at_a < next_a and at_b < next_b:
            found.append((at_a, at_b, False))
            at_a, at_b = at_a + 1, at_b + 1
        found.extend((index, None, False) for index in range(at_a, next_a))
        found.extend((None, index, False) for index in range(at_b, next_b))
        found.append((next_a, next_b, True))
        at_a, at_b = next_a + 1, next_b + 1
    return found[:-1]  # the two ends are no pair


def _alike(x: _Parts, y: _Parts) -> float:
    """The share of equal parts, 0 below one half."""
    if x == y:
        return 1.0
    share = sum(p == q for p, q in zip(x, y, strict=False)) / max(len(x), len(y))
    return share if share >= 0.5 else 0.0


def _many(a: Sequence[_Parts], b: Sequence[object]) -> bool:
    """Whether it takes too long to compare each of both."""
    return sum(map(len, a)) * len(b) > _PARTS


def _common(a: Sequence[_Parts], b: Sequence[_Parts]) -> list[tuple[int, int]]:
    """The heaviest common subsequence; for long sequences only what is unique on both sides anchors."""
    if len(a) * len(b) > _LIMIT or _many(a, b):
        return _unique_anchors(a, b)
    weight = [[0.0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            here = _alike(a[i], b[j])
            take = here + weight[i + 1][j + 1] if here else 0.0
            weight[i][j] = max(take, weight[i + 1][j], weight[i][j + 1])
    found, i, j = list[tuple[int, int]](), 0, 0
    while i < len(a) and j < len(b):
        here = _alike(a[i], b[j])
        if here and weight[i][j] == here + weight[i + 1][j + 1]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif weight[i + 1][j] >= weight[i][j + 1]:
            i += 1
        else:
            j += 1
    return found


def _unique_anchors(a: Sequence[Hashable], b: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Elements that occur once on each side, the longest run of them that is in order on both."""
    where_a, where_b = _once(a), _once(b)  # in order
    points = [(where_a[x], where_b[x]) for x in where_a if x in where_b]
    tails: list[int] = []
    piles: list[list[tuple[int, int | None]]] = []
    from bisect import bisect_left

    for index, (_, at) in enumerate(points):
        pile = bisect_left(tails, at)
        before = len(piles[pile - 1]) - 1 if pile else None
        if pile == len(tails):
            tails.append(at)
            piles.append([])
        tails[pile] = at
        piles[pile].append((index, before))
    found: list[tuple[int, int]] = []
    back = len(piles[-1]) - 1 if piles else None
    for pile in reversed(piles):
        assert back is not None
        index, back = pile[back]
        found.append(points[index])
    return found[::-1]


def _once(sequence: Sequence[Hashable]) -> dict[Hashable, int]:
    seen: dict[Hashable, int] = {}
    twice = set[Hashable]()
    for index, element in enumerate(sequence):
        if element in seen:
            twice.add(element)
        seen[element] = index
    return {element: index for element, index in seen.items() if element not in twice}


def _ordered(pairs: list[Pairing], a: View, b: View) -> list[Pairing]:
    """In the order of the reference; what only the candidate has comes behind what stands before it there."""
    at_a = _positions(a)
    partner = {
        id(p.candidate): at_a[id(p.reference)] for p in pairs if p.reference is not None and p.candidate is not None
    }
    last, keys = -1, dict[int, tuple[int, ...]]()
    for index, record in enumerate(b.trace.records):
        last = partner.get(id(record), last)
        keys[id(record)] = (last, index)
    return sorted(pairs, key=lambda p: (at_a[id(p.reference)],) if p.reference is not None else keys[id(p.candidate)])
