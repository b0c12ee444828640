"""Records of nested loops that hold what belongs to another turn of one loop: which loop, and when it is silent."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
from firstbad.tracer.model import Scope, Trace
from firstbad.tracer.pattern import Context, Pattern, explain
from firstbad.tracer.pattern_data import Data, Guess, collect
from firstbad.tracer.pattern_loops import kept_loops, shifted_loops
from firstbad.tracer.text import parse
from made_pairs import claims, traced

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
    ("key", "name"),
    [
        ("thick_tic", "layer"),
        ("lay", "layer"),
        ("subS", "subpixel"),
        ("source", "source"),
        ("src", "source"),
        ("sou", "source"),
        ("phi_tic", "phi step"),
        ("mos_tic", "mosaic domain"),
    ],
)
def test_a_loop_is_called_what_its_turns_are(key: str, name: str) -> None:
    bad = taken(lambda i, j: (i, max(j - 1, 0)))
    found = said(trace(TRUTH, "image", key), trace(bad, "image", key))
    assert found is not None and f"of the previous {name}:" in found.text


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


def of_mosaic(guesses: list[Guess]) -> list[tuple[str, str, float]]:
    """What is claimed of that loop: kind, sentence, cost without the choice among two loops."""
    return [(kind, text, cost - 1) for kind, text, cost, _ in claims(guesses) if "mosaic domain" in text]


def test_each_claim_has_its_kind_and_its_cost() -> None:
    """A shift costs five bits; that a loop stands still with its first value is the likeliest mistake of all."""
    every = "every record holds the value of the"
    assert of_mosaic(list(shifted_loops(data(NOTHING)))) == [
        ("stale", f"{every} previous mosaic domain: not yet updated when used", 5.0),
        ("off-by-one-step", f"{every} next mosaic domain: the loop starts one step late", 5.0),
        ("stale", "every record is shifted by one mosaic domain, in a ring", 5.0),
        ("off-by-one-step", "every record is shifted back by one mosaic domain, in a ring", 5.0),
        ("reversed", "the mosaic domains run backwards", 5.0),
        ("negative-index", "the first mosaic domain holds the value of the last one: index -1", 5.5),
    ]
    assert of_mosaic(list(kept_loops(data(NOTHING)))) == [
        ("constant", f"{every} first mosaic domain: it is not computed again", 2.5),
        ("constant", f"{every} last mosaic domain", 4.5),
    ]


@pytest.mark.parametrize(("changed", "told"), [(3, False), (4, True)])
def test_a_loop_stood_still_only_where_half_of_what_it_would_have_kept_differs(changed: int, told: bool) -> None:
    """Eight of the twelve records are not of the first mosaic domain. One component that differs is enough."""
    later = [turn for turn in TRUTH if turn[1] > 0][:changed]
    found = data({turn: [row[0] + (turn in later), *row[1:]] for turn, row in TRUTH.items()})
    assert any("of the first mosaic domain" in g.text for g in kept_loops(found)) is told
    assert len(list(shifted_loops(found))) == 12, "a shift shows where the values vary at all"


def test_one_loop_is_no_choice() -> None:
    """Four steps that are told twice are two tellings of one loop."""
    twice = traced("x", ";".join(f"x{{phi={i}}} {i * i + k / 7}" for k in range(2) for i in range(4)))
    guesses = list(shifted_loops(twice))
    assert {cost for _, text, cost, _ in claims(guesses) if "index" not in text} == {5.0} and len(guesses) == 6
    assert list(guesses[0].values)[4:] == [None, *(i * i + 1 / 7 for i in range(3))]


def test_a_loop_of_one_turn_is_no_choice() -> None:
    lines = ";".join(f"x{{source=0,phi={i},mosaic={j}}} {row[0]}" for (i, j), row in TRUTH.items())
    guesses = list(shifted_loops(traced("x", lines)))
    assert {cost for _, text, cost, _ in claims(guesses) if "index" not in text} == {6.0} and len(guesses) == 12


def test_a_loop_that_some_records_do_not_name_hides_no_other() -> None:
    """The first subpixel is named, and then no more."""
    lines = ";".join(f"x{{{'sub=0,' * (i == 0)}phi={i},mosaic={j}}} {row[0]}" for (i, j), row in TRUTH.items())
    texts = [g.text for g in shifted_loops(traced("x", lines))]
    assert any("previous mosaic domain" in text for text in texts)
    assert not any("subpixel" in text for text in texts)


def test_a_loop_is_as_long_as_its_longest_telling() -> None:
    """In some steps two mosaic domains, in others three: the previous one is not always the first."""
    some = {turn: row for turn, row in TRUTH.items() if turn[0] or turn[1] < 2}
    lines = ";".join(f"x{{phi={i},mosaic={j}}} {row[0]}" for (i, j), row in some.items())
    assert any("previous mosaic domain" in g.text for g in shifted_loops(traced("x", lines)))


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
