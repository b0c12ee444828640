"""Several records in nested loops: each holds what belongs to another turn of one of the loops.

In the flat order of the records a stale value of an inner loop looks right once in every turn of the outer one, and
one of an outer loop comes from many records before; the places that the records name tell which loop it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from .pattern_data import Data, Guess, Pair, shown
from .place import loop_level, place

Turns = list[list[int]]
"""The records of one loop, turn after turn, once for each place in the other loops."""
LEAST_TURNS = 3
"""Of two turns nothing tells whether the second holds the first one's value as the previous or as the only one."""
NAMES = {2: "layer", 3: "subpixel", 4: "source", 5: "phi step", 6: "mosaic domain"}
Order = tuple[str, str, float, int, Callable[[int, int], int]]
"""Kind, sentence, cost, how many turns it takes to be told, and which of n turns stands in the place of turn i."""
SHIFTS: tuple[Order, ...] = (
    (
        "stale",
        "every record holds the value of the previous {loop}: not yet updated when used",
        5.0,
        LEAST_TURNS,
        lambda i, _: i - 1,
    ),
    (
        "off-by-one-step",
        "every record holds the value of the next {loop}: the loop starts one step late",
        5.0,
        LEAST_TURNS,
        lambda i, _: i + 1,
    ),
    ("stale", "every record is shifted by one {loop}, in a ring", 5.0, LEAST_TURNS, lambda i, n: (i - 1) % n),
    (
        "off-by-one-step",
        "every record is shifted back by one {loop}, in a ring",
        5.0,
        LEAST_TURNS,
        lambda i, n: (i + 1) % n,
    ),
    ("reversed", "the {loop}s run backwards", 5.0, LEAST_TURNS, lambda i, n: n - 1 - i),
    (
        "negative-index",
        "the first {loop} holds the value of the last one: index -1",
        5.5,
        LEAST_TURNS,
        lambda i, n: i if i else n - 1,
    ),
)
KEPT: tuple[Order, ...] = (
    ("constant", "every record holds the value of the first {loop}: it is not computed again", 2.5, 2, lambda _, __: 0),
    ("constant", "every record holds the value of the last {loop}", 4.5, 2, lambda _, n: n - 1),
)


def shifted_loops(data: Data) -> Iterator[Guess]:
    """Each record holds what belongs to another turn of one loop, the others' places unchanged."""
    return _along(data, SHIFTS)


def kept_loops(data: Data) -> Iterator[Guess]:
    """In each turn of one loop stands the value of its first turn, or of its last: the loop stood still."""
    return _along(data, KEPT)


def _along(data: Data, orders: Sequence[Order]) -> Iterator[Guess]:
    loops = dict(_loops(data.everything))
    choice = math.log2(max(1, len(loops)))
    for key, turns in loops.items():
        longest = max(map(len, turns))
        for kind, text, cost, least, taken in orders:
            source = _sources(turns, taken)
            kept = [row for i, row in zip(data.numbers, data.rows, strict=True) if source[i] != i]
            if longest >= least and (orders is SHIFTS or mostly(kept)):
                yield moved(data, kind, text.format(loop=_named(key)), source, cost + choice)


def mostly(rows: Sequence[tuple[Pair, ...]]) -> bool:
    """Whether at least half of the records that would keep another's value differ.

    Where few do, the quantity hardly varies, and a few odd values of the other side are no loop that stood still.
    """
    return 2 * sum(not all(p.same for p in row) for row in rows) >= len(rows)


def moved(data: Data, kind: str, text: str, source: Sequence[int | None], cost: float) -> Guess:
    """Record i of the quantity is claimed to hold the reference's record source[i]; nothing is claimed for None.

    What the candidate shows must speak for itself: a 1 stands in many places.
    """
    rows = data.everything.rows
    values, errors = list[float | None](), list[float]()
    for number in data.numbers:
        index = source[number]
        if index is not None and 0 <= index < len(rows):
            values += [p.r for p in rows[index]]
            errors += [p.r_error for p in rows[index]]
        else:
            values += [None] * data.width
            errors += [0.0] * data.width
    return Guess(kind, text, values, errors, cost, bits=shown(data, values, errors))


def _sources(turns: Turns, taken: Callable[[int, int], int]) -> list[int | None]:
    found: list[int | None] = [None] * sum(map(len, turns))
    for group in turns:
        for turn, record in enumerate(group):
            other = taken(turn, len(group))
            found[record] = group[other] if 0 <= other < len(group) else None
    return found


def _loops(data: Data) -> Iterator[tuple[str, Turns]]:
    """Each loop in which the quantity runs, if it runs in others, too: alone, its turns are just the records."""
    places = [(place(reference), reference.occurrence) for reference, _ in data.records]
    for key in dict.fromkeys(key for here, _ in places for key in here):
        if not all(key in here for here, _ in places):
            continue
        turns: dict[object, list[int]] = {}
        for record, (here, occurrence) in enumerate(places):
            others = tuple((k, v) for k, v in here.items() if k != key)
            turns.setdefault((others, occurrence), []).append(record)
        if len(places) > len(turns) > 1:
            yield key, list(turns.values())


def _named(key: str) -> str:
    return NAMES.get(loop_level(key), key)
