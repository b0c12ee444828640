"""Records of nested loops that hold what belongs to another turn of one loop: which loop, and when it is silent."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from firstbad.tracer.model import Scope, Trace
from firstbad.tracer.pattern import Context, Pattern, explain
from firstbad.tracer.pattern_data import Data, collect
from firstbad.tracer.pattern_loops import kept_loops, shifted_loops
from firstbad.tracer.text import parse
from made_pairs import claims

Turn = tuple[int, int]
PHI, MOSAIC = 4, 3
RNG = random.Random(7)
TRUTH: dict[Turn, list[float]] = {
    (i, j): [RNG.uniform(-90, 90) for _ in range(3)] for i in range(PHI) for j in range(MOSAIC)
}


def trace(values: dict[Turn, list[float]], outer: str = "phi", inner: str = "mosaic") -> Trace:
    return parse(
        "".join(
            f"TRACE: x{{{outer}={i},{inner}={j}}} {' '.join(f'{v:.17g}' for v in row)}\n"
            for (i, j), row in values.items()
        )
    )


def taken(f: Callable[[int, int], Turn]) -> dict[Turn, list[float]]:
    """Each place holds what belongs to another one."""
    return {turn: TRUTH[f(*turn)] for turn in TRUTH}


def said(a: Trace, b: Trace) -> Pattern | None:
    return explain(a.find("x"), b.find("x"), Context.of(a, b))


@pytest.mark.parametrize(
    ("other", "kind", "text"),
    [
        (lambda i, j: (i, max(j - 1, 0)), "stale", "holds the value of the previous mosaic domain: not yet updated"),
        (lambda i, j: (max(i - 1, 0), j), "stale", "holds the value of the previous phi step: not yet updated"),
        (lambda i, j: (i, min(j + 1, MOSAIC - 1)), "off-by-one-step", "holds the value of the next mosaic domain"),
        (lambda i, j: (min(i + 1, PHI - 1), j), "off-by-one-step", "holds the value of the next phi step"),
        (lambda i, j: (i, 0), "constant", "holds the value of the first mosaic domain: it is not computed again"),
        (lambda i, j: (i, MOSAIC - 1), "constant", "holds the value of the last mosaic domain"),
        (lambda i, j: ((i - 1) % PHI, j), "stale", "shifted by one phi step, in a ring"),
        (lambda i, j: (i, (j + 1) % MOSAIC), "off-by-one-step", "shifted back by one mosaic domain, in a ring"),
        (lambda i, j: (i, MOSAIC - 1 - j), "reversed", "the mosaic domains run backwards"),
        (lambda i, j: (i or PHI - 1, j), "negative-index", "the first phi step holds the value of the last one"),
    ],
)  # fmt: skip
def test_the_loop_is_named(other: Callable[[int, int], Turn], kind: str, text: str) -> None:
    found = said(trace(TRUTH), trace(taken(other)))
    assert found is not None
    assert (found.kind, found.confidence) == (kind, 0.9995)
    assert text in found.text and "records" not in found.text


def test_a_loop_that_has_no_name_is_called_as_the_records_call_it() -> None:
    bad = taken(lambda i, j: (i, max(j - 1, 0)))
    found = said(trace(TRUTH, "image", "row"), trace(bad, "image", "row"))
    assert found is not None and "of the previous row:" in found.text


@pytest.mark.parametrize(
    ("other", "said_of"),
    [
        (lambda i, j: (i, max(j - 1, 0)), "the reference: every record holds the value of the previous mosaic domain"),
        (lambda i, j: (i, 0), "the reference: every record holds the value of the first mosaic domain"),
        (lambda i, j: (i, j + 1), "every record holds the value of the next mosaic domain"),
    ],
    ids=["stale", "kept", "late"],
)  # fmt: skip
def test_the_side_is_told_by_what_comes_first_in_the_loop(other: Callable[[int, int], Turn], said_of: str) -> None:
    """Where the first turn agrees, it is the reference that holds what is past; else the candidate is ahead."""
    longer = TRUTH | {(i, MOSAIC): [float(f"{math.sqrt(i + 2):.12f}") + k for k in range(3)] for i in range(PHI)}
    other_side = {turn: longer[other(*turn)] for turn in TRUTH}
    ahead = "next" in said_of
    found = said(trace(TRUTH), trace(other_side)) if ahead else said(trace(other_side), trace(TRUTH))
    assert found is not None and found.text.startswith(said_of)
    assert found.confidence > 0.99


def test_random_values_in_the_same_places_are_not_explained() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        bad = {turn: row if turn[1] == 0 else [rng.uniform(-90, 90) for _ in row] for turn, row in TRUTH.items()}
        assert said(trace(TRUTH), trace(bad)) is None


def test_one_skipped_update_is_told_with_the_records_around_it() -> None:
    """The record before is no part of what differs, and yet its value is what stands there."""
    bad = {turn: TRUTH[1, 1] if turn == (1, 2) else row for turn, row in TRUTH.items()}
    found = said(trace(TRUTH), trace(bad))
    assert found is not None and found.kind == "stale"
    assert found.text == ("the record holds the value of the one before: not yet updated when used, in 1 of 12 records")
    two = said(trace(TRUTH), trace(bad | {(3, 2): TRUTH[3, 1]}))
    assert two is not None and two.text.startswith("each holds the value of the one before:")


def test_a_value_that_stands_in_many_places_is_not_that_of_the_one_before() -> None:
    """A table gives few values; that one of them is the neighbour's too proves nothing."""
    names = {turn: [(171.25, 56.43)[sum(turn) % 2]] for turn in TRUTH}
    bad = {turn: [171.25] if turn in ((1, 2), (3, 0)) else row for turn, row in names.items()}
    assert said(trace(names), trace(bad)) is None


def test_a_short_number_is_not_that_of_the_one_before() -> None:
    whole = {turn: [1.0 + 2 * turn[1] if turn[1] < 2 else row[0]] for turn, row in TRUTH.items()}
    bad = {turn: whole[turn[0], 1] if turn == (2, 2) else row for turn, row in whole.items()}
    found = said(trace(whole), trace(bad))
    assert found is None or found.kind != "stale"


NOTHING: dict[Turn, list[float]] = {turn: [0.5] * 3 for turn in TRUTH}


def data(values: dict[Turn, list[float]]) -> Data:
    a, b = trace(TRUTH), trace(values)
    found = collect("x", a.find("x"), b.find("x"), Context.of(a, b))
    assert found is not None
    return found


def test_two_loops_are_a_choice_and_nothing_is_claimed_where_no_turn_is() -> None:
    guesses = list(shifted_loops(data(NOTHING)))
    assert len(guesses) == 12
    assert claims(guesses)[0][2:] == (5.0 + 1.0, 8.0)
    (first,) = [g for g in guesses if "of the previous mosaic" in g.text]
    rows = [list(first.values[at : at + 3]) for at in range(0, 36, 3)]
    for at, (i, j) in enumerate(TRUTH):
        assert rows[at] == (TRUTH[i, j - 1] if j else [None] * 3)


def test_of_two_turns_only_the_first_and_the_last_are_told() -> None:
    """The previous of two is the first."""
    two: dict[Turn, list[float]] = {turn: row for turn, row in TRUTH.items() if turn[1] < 2}
    a, b = trace(two), trace({turn: [0.5] * 3 for turn in two})
    found = collect("x", a.find("x"), b.find("x"), Context.of(a, b))
    assert found is not None
    assert [g.text for g in shifted_loops(found) if "mosaic" in g.text] == []
    assert len([g for g in kept_loops(found) if "mosaic" in g.text]) == 2


@pytest.mark.parametrize("scope", ["phi", ""])
def test_a_single_loop_is_the_records_order(scope: str) -> None:
    lines = "".join(f"TRACE: x{{phi={i}}} {i}.5\n" if scope else f"TRACE: x {i}.5\n" for i in range(5))
    a = parse(lines)
    found = collect("x", a.find("x"), a.find("x"), Context.of(a, a))
    assert found is not None
    assert not list(shifted_loops(found))


def test_a_record_outside_a_loop_has_no_turn_in_it() -> None:
    place: list[Scope] = [r.scope for r in trace(TRUTH).records]
    a = parse(
        "TRACE: x 1.5 2.5 3.5\n"
        + "".join(f"TRACE: x{{phi={dict(s)['phi']},mosaic={dict(s)['mosaic']}}} 1 2 3\n" for s in place)
    )
    found = collect("x", a.find("x"), a.find("x"), Context.of(a, a))
    assert found is not None
    assert not list(shifted_loops(found))


def test_a_part_knows_where_its_rows_stand() -> None:
    bad = {turn: [math.pi] * 3 if turn in ((0, 1), (2, 0)) else row for turn, row in TRUTH.items()}
    whole = data(bad)
    part = whole.only([1, 6])
    assert part.everything is whole and whole.everything is whole
    assert list(part.numbers) == [1, 6] and list(whole.numbers) == list(range(12))
    assert list(part.only([1]).numbers) == [6] and part.only([1]).everything is whole
    assert part.mirrored().everything.rows[6][0].r == math.pi
    assert part.columns([2]).everything.rows[6][0].r == TRUTH[2, 0][2]
