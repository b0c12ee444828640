"""Several records of one quantity: stale values, steps off by one, constants, sums; and values of other
quantities.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .pattern_data import Data, Guess, Pair, shown
from .pattern_factors import echoed
from .pattern_formula import follows_alone
from .pattern_loops import kept_loops, mostly, moved, shifted_loops
from .pattern_shapes import same_length, vectors_along


def shifted_steps(data: Data) -> Iterator[Guess]:
    """Each record holds what belongs to the one before (stale) or after it."""
    count = len(data.everything.rows)
    if count < 3:
        return
    for step, kind, text in (
        (-1, "stale", "every record holds the value of the one before: not yet updated when used"),
        (1, "off-by-one-step", "every record holds the value of the next one: the loop starts one step late"),
        (-2, "stale", "every record holds the value of two records before"),
        (2, "off-by-one-step", "every record holds the value of the one after next"),
    ):
        yield moved(data, kind, text, [i + step for i in range(count)], 3.0 + 2 * abs(step))


def behind(data: Data) -> Iterator[Guess]:
    """Stale values that show which side holds them: what comes first in its loop agrees, and nothing came before it.

    Without that the one side's previous value is the other side's next one.
    """
    for guess in (*shifted_steps(data), *shifted_loops(data)):
        unclaimed = [pair for pair, value in zip(data.flat, guess.values, strict=True) if value is None]
        if guess.kind == "stale" and unclaimed and all(pair.same for pair in unclaimed):
            yield guess


def _from(data: Data, source: Sequence[int]) -> tuple[list[float], list[float]]:
    """Record i claimed to hold the reference's record source[i]."""
    pairs = [pair for index in source for pair in data.rows[index]]
    return [p.r for p in pairs], [p.r_error for p in pairs]


def wrapped_steps(data: Data) -> Iterator[Guess]:
    """The same in a ring (an index that wraps), and backwards."""
    count = len(data.rows)
    if count < 3:
        return
    for kind, text, source in (
        ("stale", "the records are shifted by one, in a ring", [count - 1, *range(count - 1)]),
        ("off-by-one-step", "the records are shifted back by one, in a ring", [*range(1, count), 0]),
        ("reversed", "the records run backwards", range(count - 1, -1, -1)),
    ):
        values, errors = _from(data, source)
        yield Guess(kind, text, values, errors, 4.5)


def negative_index(data: Data) -> Iterator[Guess]:
    """An index that became negative reads from the end: the first record holds the last one's value."""
    count = len(data.rows)
    if count < 3 or all(p.same for p in data.rows[0]):
        return
    values, errors = _from(data, [count - 1, *range(1, count)])
    yield Guess("negative-index", "the first record holds the last one's value: index -1", values, errors, 5.0)


def constant(data: Data) -> Iterator[Guess]:
    """The candidate holds one value where the reference varies: the first one's, another one's, or any."""
    if len(data.rows) < 3 or all(row_same(data.rows[0], row) for row in data.rows[1:]):
        return
    if not all(p.c == q.c for a, b in pairwise(data.rows) for p, q in zip(a, b, strict=True)):
        return
    kept = next((row for row in data.rows if all(p.same for p in row)), None)
    if not mostly([row for row in data.rows if row is not kept]):
        return
    for index, row in enumerate(data.rows):
        if row is kept:
            last = index == len(data.rows) - 1
            where = "the first record" if index == 0 else "the last record" if last else f"record {index + 1}"
            values = [p.r for p in row] * len(data.rows)
            errors = [p.r_error for p in row] * len(data.rows)
            cost = 2.0 if index == 0 else 4.0 + math.log2(len(data.rows))
            text = f"{where}'s value stands everywhere: it is not computed again"
            yield Guess("constant", text, values, errors, cost)
            return
    values = [None] * data.width + [p.c for row in data.rows[1:] for p in row]
    yield Guess("constant", "one value everywhere where the reference varies", values, None, 6.0)


def blocks(data: Data) -> Iterator[Guess]:
    """The first few records stand again in place of all later ones: an outer loop that changes nothing.

    Where the records say which loop that is, the rule of loops says it.
    """
    count = len(data.rows)
    named = [guess.values for guess in kept_loops(data)]
    for size in range(2, count):
        if count % size == 0 and not all(row_same(data.rows[i], data.rows[i % size]) for i in range(count)):
            values, errors = _from(data, [i % size for i in range(count)])
            if mostly(data.rows[size:]) and values not in named:
                text = f"the first {size} records stand again in place of the later ones: an outer loop changes nothing"
                yield Guess("constant", text, values, errors, 3.0)


def row_same(a: tuple[Pair, ...], b: tuple[Pair, ...]) -> bool:
    """Whether two records of the reference are equal."""
    return all(p.r == q.r for p, q in zip(a, b, strict=True))


def sums(data: Data) -> Iterator[Guess]:
    """Running sum instead of the term, or the term instead of the sum; the mean instead of the sum is a
    count's factor.
    """
    if data.width != 1 or len(data.flat) < 3:
        return
    total, totals, errors = 0.0, list[float](), list[float]()
    error = 0.0
    for pair in data.flat:
        total += pair.r
        error += pair.r_error + 1e-16 * abs(total)
        totals.append(total)
        errors.append(error)
    yield Guess("running-sum", "every record holds the sum of all up to it", totals, errors, 5.0)
    terms = [b - a for a, b in pairwise([0.0, *(p.r for p in data.flat)])]
    spread = [2 * p.r_error for p in data.flat]
    yield Guess("running-sum", "every record holds its own term where the reference sums up", terms, spread, 5.0)


def step_offset(data: Data) -> Iterator[Guess]:
    """Evenly spaced values that are off by one spacing or half of one."""
    if data.width != 1 or len(data.flat) < 3:
        return
    step = data.flat[1].r - data.flat[0].r
    even = all(abs(b.r - a.r - step) <= 4 * (a.r_error + b.r_error) + 1e-9 * abs(step) for a, b in pairwise(data.flat))
    if step == 0 or not even:
        return
    for share, kind, text in (
        (1.0, "off-by-one-step", "one step too far"),
        (-1.0, "off-by-one-step", "one step too early"),
        (0.5, "half-step", "half a step too far: the middle of the step instead of its start"),
        (-0.5, "half-step", "half a step too early"),
    ):
        values = [p.r + share * step for p in data.flat]
        errors = [3 * p.r_error for p in data.flat]
        yield Guess(kind, text, values, errors, 3.0)


def spacing(data: Data) -> Iterator[Guess]:
    """n - 1 steps where n belong, or the other way: the range is divided by another number of intervals."""
    count = len(data.flat)
    if data.width != 1 or count < 3:
        return
    start, step = data.flat[0].r, data.flat[1].r - data.flat[0].r
    if step == 0:
        return
    for factor, text in (
        (count / (count - 1), "the last step lands on the end of the range: n - 1 intervals where n belong"),
        ((count - 1) / count, "the end of the range is left out: n intervals where n - 1 belong"),
    ):
        values = [start + (p.r - start) * factor for p in data.flat]
        errors = [3 * (p.r_error + data.flat[0].r_error) for p in data.flat]
        yield Guess("range-ends", text, values, errors, 4.0)


def other_values(data: Data) -> Iterator[Guess]:
    """The candidate holds another quantity's value: names swapped, not yet transformed, or read from the
    wrong place.

    Only what the candidate itself shows speaks for that: an axis (0 0 1) is the value of many.
    """
    names = [name for name in data.compared.a.groups if name != data.name and not echoed(name)]
    cost = 4 + math.log2(max(1, len(names)))
    for name in names:
        rows = vectors_along(data, name)
        if rows is None or not _reaches(data, rows):
            continue
        values = [p.r for row in rows for p in row]
        errors = [p.r_error for row in rows for p in row]
        if not _goes_back(data, name) and _needs_no_mistake(data, rows):
            continue
        if _goes_back(data, name):
            text = f"{data.name} and {name} are exchanged"
            yield Guess("swapped-names", text, values, errors, cost - 3, 4.0)
        elif name in data.parents:
            text = f"the candidate holds {name} itself: a step between is not applied"
            yield Guess("unapplied", text, values, errors, cost - 4, 4.0)
        else:
            text, bits = f"the candidate holds the value of {name}", shown(data, values, errors)
            yield Guess("other-quantity", text, values, errors, cost, bits=bits)


def _needs_no_mistake(data: Data, rows: list[tuple[Pair, ...]]) -> bool:
    """Whether the vectors rightly hold the other quantity, as at an angle of 0: their formula says so, and what the
    reference has instead is not that quantity turned.
    """
    return data.width > 1 and not same_length(data, rows) and follows_alone(data)


def _reaches(data: Data, rows: list[tuple[Pair, ...]]) -> bool:
    """Whether the first record fits: most names end here."""
    return all(
        p.c == q.r or abs(p.c - q.r) <= 2 * (p.c_error + q.r_error) for p, q in zip(data.rows[0], rows[0], strict=True)
    )


def _goes_back(data: Data, name: str) -> bool:
    """Whether the candidate's `name` holds the reference's value of our quantity."""
    view = data.compared.b
    for row, (_, candidate) in zip(data.rows, data.records, strict=True):
        related = view.related(name, candidate)
        if len(related) != 1 or len(related[0].numbers) != data.width:
            return False
        errors = view.half(related[0])
        for pair, value, error in zip(row, related[0].numbers, errors, strict=True):
            if abs(pair.r - value) > 2 * (pair.r_error + error):
                return False
    return not all(p.same for row in data.rows for p in row)
