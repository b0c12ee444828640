"""Edits of real traces whose true pairing is known, and how well `align` finds it again.

An edited side is a list of records, each with the number of the reference record that it stands for (None: of none).
Two records are the same one where nothing tells them apart: name, scope, values and both neighbours are equal.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import compare
from firstbad.tracer.model import Record, Trace, Value
from firstbad.tracer.place import place
from firstbad.tracer.rename import aligned
from firstbad.tracer.resolution import significant
from firstbad.tracer.selftest import FAULTS, plant

Part = tuple[Record, int | None]
Side = list[Part]
Edit = Callable[[Side, Catalogue, random.Random], Side | None]
"""None where a trace holds nothing that the edit could be applied to."""


def plain(records: Sequence[Record]) -> Side:
    """A side as it is."""
    return [(record, index) for index, record in enumerate(records)]


def key(record: Record) -> tuple[object, ...]:
    """What tells records of one trace apart, their order left out."""
    return record.quantity, record.scope


# ---- edits ---------------------------------------------------------------------------------------------------


def drop(side: Side, _: Catalogue, chance: random.Random) -> Side:
    """One record in twenty is lost."""
    gone = _some(side, chance)
    return [part for index, part in enumerate(side) if index not in gone]


def double(side: Side, _: Catalogue, chance: random.Random) -> Side:
    """One record in twenty is printed twice."""
    twice = _some(side, chance)
    return [one for index, part in enumerate(side) for one in ((part, (part[0], None)) if index in twice else (part,))]


def _some(side: Side, chance: random.Random) -> set[int]:
    return set(chance.sample(range(len(side)), max(1, len(side) // 20)))


def swap(side: Side, _: Catalogue, chance: random.Random) -> Side:
    """Pairs of neighbours change places; of two records that only their order tells apart none passes the other."""
    found = list(side)
    for at in sorted(chance.sample(range(len(found) - 1), max(1, len(found) // 10))):
        if key(found[at][0]) != key(found[at + 1][0]):
            found[at], found[at + 1] = found[at + 1], found[at]
    return found


def move(side: Side, _: Catalogue, chance: random.Random) -> Side:
    """Three blocks of up to twenty records go elsewhere, as far as none passes one that only the order tells apart."""
    found = list(side)
    for _again in range(3):
        size = chance.randint(2, min(20, len(found) // 3))
        start = chance.randrange(len(found) - size)
        block, rest = found[start : start + size], found[:start] + found[start + size :]
        own = {key(record) for record, _ in block}
        low, high = start, start
        while low > 0 and key(rest[low - 1][0]) not in own:
            low -= 1
        while high < len(rest) and key(rest[high][0]) not in own:
            high += 1
        to = chance.randint(low, high)
        found = rest[:to] + block + rest[to:]
    return found


def interleave(side: Side, _: Catalogue, chance: random.Random) -> Side:
    """Two halves of a stretch without repetitions are printed at the same time: each keeps its order."""
    start, stop = max(_distinct_runs(side), key=lambda run: run[1] - run[0])
    middle = (start + stop) // 2
    one, two, mixed = side[start:middle], side[middle:stop], Side()
    while one or two:
        take = one if one and (not two or chance.random() < 0.5) else two
        mixed.append(take.pop(0))
    return side[:start] + mixed + side[stop:]


def _distinct_runs(side: Side) -> Iterator[tuple[int, int]]:
    start, seen = 0, set[tuple[object, ...]]()
    for index, (record, _) in enumerate(side):
        if key(record) in seen:
            yield start, index
            start, seen = index, set()
        seen.add(key(record))
    yield start, len(side)


def shuffle_iterations(side: Side, _: Catalogue, chance: random.Random) -> Side | None:
    """The iterations of a loop that no scope names come in another order."""
    blocks = _iterations(side)
    if blocks is None:
        return None
    order = list(blocks)
    while order == blocks:
        chance.shuffle(order)
    inside = [part for start, stop in order for part in side[start:stop]]
    return side[: blocks[0][0]] + inside + side[blocks[-1][1] :]


def fewer_iterations(side: Side, _: Catalogue, chance: random.Random) -> Side | None:
    """A loop that no scope names lacks an iteration."""
    blocks = _iterations(side)
    if blocks is None:
        return None
    start, stop = chance.choice(blocks)
    return side[:start] + side[stop:]


def more_iterations(side: Side, _: Catalogue, chance: random.Random) -> Side | None:
    """A loop that no scope names has one iteration more, with other numbers in it."""
    blocks = _iterations(side)
    if blocks is None:
        return None
    start, _ = chance.choice(blocks)
    first = side[blocks[0][0] : blocks[0][1]]
    second = side[blocks[1][0] : blocks[1][1]]
    new = [(_other(x, y, chance), None) for (x, _), (y, _) in zip(first, second, strict=True)]
    return side[:start] + new + side[start:]


def _other(one: Record, two: Record, chance: random.Random) -> Record:
    """What another iteration might say: what varies between two of them, varied."""
    if one.values == two.values:
        return one
    values: list[Value] = [v if isinstance(v, str) else v * chance.uniform(0.9, 1.1) for v in one.values]
    return with_values(one, values)


def fewer_steps(side: Side, _: Catalogue, chance: random.Random) -> Side | None:
    """A loop that the scopes name (phi, mosaic, source) lacks a step."""
    chosen = _step(side, chance)
    return None if chosen is None else [part for part in side if place(part[0]).get(chosen[0]) != chosen[1]]


def more_steps(side: Side, _: Catalogue, chance: random.Random) -> Side | None:
    """A loop that the scopes name has a step more."""
    chosen = _step(side, chance)
    if chosen is None:
        return None
    loop, value = chosen
    found = Side()
    for record, index in side:
        found.append((record, index))
        if place(record).get(loop) == value:
            scope = tuple((k, "99" if k == loop else v) for k, v in record.scope)
            found.append((replace(record, scope=scope), None))
    return found


def _step(side: Side, chance: random.Random) -> tuple[str, str] | None:
    steps: dict[str, set[str]] = {}
    for record, _ in side:
        for loop, value in place(record).items():
            steps.setdefault(loop, set()).add(value)
    found = sorted((loop, value) for loop, values in steps.items() if len(values) > 1 for value in values)
    return chance.choice(found) if found else None


def _iterations(side: Side) -> list[tuple[int, int]] | None:
    """The blocks of an unscoped loop: the records from one first quantity of it to the next, alike in their names."""
    counts = Counter(key(record) for record, _ in side)
    for first in (k for k, n in counts.items() if n > 1 and k[1] == ()):
        starts = [index for index, (record, _) in enumerate(side) if key(record) == first]
        size = starts[1] - starts[0]
        blocks = [(start, start + size) for start in starts]
        names = {tuple(key(record) for record, _ in side[a:b]) for a, b in blocks}
        apart = all(b <= c for (_, b), (c, _) in pairwise(blocks))
        if size > 1 and apart and len(names) == 1 and blocks[-1][1] <= len(side):
            return blocks
    return None


def rename_known(side: Side, catalogue: Catalogue, chance: random.Random) -> Side | None:
    """Half of the quantities that have aliases are called by one of these."""
    taken = {record.quantity for record, _ in side}
    aliases: dict[str, str] = {}
    for name in sorted({record.quantity for record, _ in side if not place_section(record)}):
        quantity = catalogue.get(catalogue.canonical(name))
        free = [a for a in (quantity.aliases if quantity else ()) if "/" not in a and a not in taken]
        if free and chance.random() < 0.5:
            aliases[name] = chance.choice(free)
    return _renamed(side, aliases) if aliases else None


def rename_unknown(side: Side, _: Catalogue, chance: random.Random) -> Side:
    """One quantity in twenty is called something that nobody knows."""
    names = sorted({record.quantity for record, _ in side})
    chosen = chance.sample(names, max(1, len(names) // 20))
    return _renamed(side, {name: f"my{index}" for index, name in enumerate(chosen)})


def place_section(record: Record) -> bool:
    """Whether a heading stands above the record."""
    return any(k == "section" for k, _ in record.scope)


def _renamed(side: Side, names: dict[str, str]) -> Side:
    return [(replace(r, quantity=names.get(r.quantity, r.quantity)), index) for r, index in side]


EDITS: dict[str, Edit] = {
    "one record in twenty dropped": drop,
    "one record in twenty doubled": double,
    "neighbours swapped": swap,
    "blocks moved": move,
    "halves interleaved": interleave,
    "iterations in another order": shuffle_iterations,
    "an iteration less": fewer_iterations,
    "an iteration more": more_iterations,
    "a named step less": fewer_steps,
    "a named step more": more_steps,
    "renamed to known aliases": rename_known,
    "one name in twenty unknown": rename_unknown,
}
ORDER = ("neighbours swapped", "blocks moved", "halves interleaved", "iterations in another order")
"""Edits of order alone: no difference may come of them."""


# ---- other values --------------------------------------------------------------------------------------------


def with_values(record: Record, values: Sequence[Value], digits: int = 17) -> Record:
    """The record with other values, printed."""
    tokens = tuple(v if isinstance(v, str) else f"{v:.{digits}g}" for v in values)
    return replace(record, values=tuple(v if isinstance(v, str) else float(v) for v in values), tokens=tokens)


def faulty(trace: Trace, catalogue: Catalogue, chance: random.Random) -> Trace:
    """The trace of a program in which one quantity is one per cent too large, and what is computed from it follows."""
    names = sorted({r.quantity for r in trace if any(significant(t) > 8 for t in r.tokens)})
    while True:
        name = catalogue.canonical(chance.choice(names))
        wrong, _ = plant(trace, catalogue, name, FAULTS[0])
        if wrong is not None:
            return wrong


# ---- score ---------------------------------------------------------------------------------------------------


@dataclass
class Score:
    """Pairs found and true ones, one-sided records reported and true ones, and alarms where only the order changed.

    `impossible`: a formula tells that no program computes these values in the new order, so that an alarm is right.
    """

    traces: int = 0
    found: int = 0
    true: int = 0
    right: int = 0
    alone: int = 0
    reported: int = 0
    judged: int = 0
    alarms: int = 0
    impossible: int = 0
    least: float = 1.0

    @property
    def precision(self) -> float:
        """The share of pairs found that are true ones."""
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """The share of true pairs that are found."""
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        """Their harmonic mean."""
        return 2 * self.right / (self.found + self.true) if self.found + self.true else 1.0

    def add(self, other: Score) -> None:
        """Count another trace."""
        self.least = min(self.least, other.f1)
        for name in ("traces", "found", "true", "right", "alone", "reported", "judged", "alarms", "impossible"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


def trial(
    reference: Trace, other: Trace, name: str, catalogue: Catalogue, chance: random.Random, *, judged: bool
) -> Score | None:
    """An edit of the other trace, which has the same records in the same order; None where it cannot be applied."""
    edited = EDITS[name](plain(other.records), catalogue, chance)
    if edited is None:
        return None
    assert [(key(r), r.occurrence) for r in reference] == [(key(r), r.occurrence) for r in other]
    found = score(reference, edited, catalogue)
    if judged:
        named, impossible = alarms(reference, edited, catalogue)
        found.judged, found.alarms, found.impossible = 1, int(named > 0 and not impossible), int(impossible)
    return found


def score(reference: Trace, edited: Side, catalogue: Catalogue) -> Score:
    """Align a trace with an edited one, and count."""
    candidate = [replace(record, line=index) for index, (record, _) in enumerate(edited)]
    at_a = {id(record): index for index, record in enumerate(reference.records)}
    at_b = {id(record): index for index, record in enumerate(candidate)}
    _, _, pairs, _ = aligned(reference, Trace(tuple(candidate)), catalogue)
    found = {(at_a[id(p.reference)], at_b[id(p.candidate)]) for p in pairs if p.reference and p.candidate}
    true = {(index, at) for at, (_, index) in enumerate(edited) if index is not None}
    lonely = {("a", i) for i in range(len(reference))} - {("a", i) for i, _ in true}
    lonely |= {("b", j) for j, (_, index) in enumerate(edited) if index is None}
    told = {("a", at_a[id(p.reference)]) for p in pairs if p.reference and p.candidate is None}
    told |= {("b", at_b[id(p.candidate)]) for p in pairs if p.candidate and p.reference is None}
    reported = _reported(lonely, told, reference.records, candidate)
    return Score(1, len(found), len(true), len(found & true), len(lonely), reported)


def _reported(
    lonely: set[tuple[str, int]], told: set[tuple[str, int]], a: Sequence[Record], b: Sequence[Record]
) -> int:
    """How many one-sided records are among those told; of equal ones it does not matter which."""

    def said(one: tuple[str, int]) -> tuple[object, ...]:
        record = (a if one[0] == "a" else b)[one[1]]
        return one[0], record.quantity, record.scope, record.tokens

    return sum((Counter(map(said, lonely)) & Counter(map(said, told))).values())


def alarms(reference: Trace, edited: Side, catalogue: Catalogue) -> tuple[int, bool]:
    """Origins, flips and one-sided quantities of the comparison; whether a formula tells that the new order is wrong."""
    found = compare(reference, Trace(tuple(record for record, _ in edited)), catalogue)
    broken = [{r.quantity for r in results if r.broken} for results in found.closures.values()]
    return len(found.origins) + len(found.flipped) + len(found.missing), bool(broken[1] - broken[0])
