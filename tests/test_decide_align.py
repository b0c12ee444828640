"""Pairing against brute force and at its edges; found by mutation testing (docs/mutation.md)."""

from __future__ import annotations

import itertools
import random

import pytest
from firstbad.tracer.align import By, Pairing, align, match
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.text import parse
from firstbad.tracer.view import View
from hypothesis import given, settings
from hypothesis import strategies as st

Rows = list[tuple[int, ...]]


def share(x: tuple[int, ...], y: tuple[int, ...]) -> float:
    equal = sum(p == q for p, q in zip(x, y, strict=False)) / max(len(x), len(y))
    return equal if equal >= 0.5 else 0.0


def heaviest(a: Rows, b: Rows) -> float:
    """The most that any in-order choice of pairs is worth, by trying all."""
    best = 0.0
    for size in range(min(len(a), len(b)) + 1):
        for left in itertools.combinations(range(len(a)), size):
            for right in itertools.combinations(range(len(b)), size):
                shares = [share(a[i], b[j]) for i, j in zip(left, right, strict=True)]
                best = max(best, sum(shares) if all(shares) else 0.0)
    return best


rows = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 1)), max_size=4)


@settings(deadline=None)
@given(rows, rows)
def test_no_choice_of_anchors_agrees_more(a: Rows, b: Rows) -> None:
    found = match(a, b)
    anchors = [(i, j) for i, j, exact in found if exact and i is not None and j is not None]
    assert all(share(a[i], b[j]) >= 0.5 for i, j in anchors)
    assert sum(share(a[i], b[j]) for i, j in anchors) == pytest.approx(heaviest(a, b))


@given(rows, rows)
def test_what_lies_between_two_anchors_is_paired_by_order_until_one_side_ends(a: Rows, b: Rows) -> None:
    found = match(a, b)
    assert [i for i, _, _ in found if i is not None] == list(range(len(a)))
    assert [j for _, j, _ in found if j is not None] == list(range(len(b)))
    gaps = [list(group) for exact, group in itertools.groupby(found, key=lambda row: row[2]) if not exact]
    for gap in gaps:
        alone = [(i is None, j is None) for i, j, _ in gap]
        assert alone == sorted(alone), "pairs come before what is alone"
        assert not ({(True, False), (False, True)} <= set(alone)), "never both sides alone in one gap"


def test_half_of_the_parts_is_enough_and_less_is_not() -> None:
    assert match([(1, 2)], [(1, 9)]) == [(0, 0, True)]
    assert match([(1, 2, 3)], [(1, 9, 9)]) == [(0, 0, False)]
    assert match([(1, 2, 3, 4)], [(1, 2)]) == [(0, 0, True)]
    assert match([(1, 2, 3, 4, 5)], [(1, 2)]) == [(0, 0, False)]
    assert match([(1, 2)], [(1, 2, 3, 4, 5)]) == [(0, 0, False)]


def test_an_equal_iteration_wins_over_one_that_is_alike() -> None:
    assert match([(1, 2, 3)], [(1, 2, 9), (1, 2, 3)]) == [(None, 0, False), (0, 1, True)]
    assert match([(1, 2, 9), (1, 2, 3)], [(1, 2, 3)]) == [(0, None, False), (1, 0, True)]


def longest_in_order(numbers: list[int]) -> int:
    best: list[int] = []
    for at, number in enumerate(numbers):
        best.append(1 + max((best[i] for i in range(at) if numbers[i] < number), default=0))
    return max(best, default=0)


@pytest.mark.parametrize("seed", range(4))
def test_long_loops_anchor_on_the_longest_run_of_what_is_unique(seed: int) -> None:
    rng = random.Random(seed)
    order = list(range(510))
    for _ in range(40):
        order.insert(rng.randrange(510), order.pop(rng.randrange(510)))
    a = [(i, i) for i in range(510)]
    b = [(i, i) for i in order]
    found = match(a, b)
    anchors = [(i, j) for i, j, exact in found if exact and i is not None and j is not None]
    assert all(a[i] == b[j] for i, j in anchors)
    assert anchors == sorted(anchors) and len({j for _, j in anchors}) == len(anchors)
    assert len(anchors) == longest_in_order(order)


def test_in_long_loops_only_what_is_unique_on_both_sides_anchors() -> None:
    a = [(0, 0)] * 300 + [(1, 1)] + [(0, 0)] * 300
    found = match(a, [(0, 0)] * 200 + [(1, 1)] + [(0, 0)] * 300 + [(2, 2)])
    assert [(i, j) for i, j, exact in found if exact] == [(300, 200)]
    alike = [(i, 0) for i in range(510)]
    assert not any(exact for *_, exact in match(alike, [(i, 1) for i in range(510)])), "half equal is for short loops"


def pairs(a: str, b: str) -> list[Pairing]:
    return align(View(parse(a), Catalogue()), View(parse(b), Catalogue()))


def said(a: str, b: str) -> list[tuple[str, object, object, By]]:
    return [
        (p.quantity, p.reference and p.reference.values[0], p.candidate and p.candidate.values[0], p.by)
        for p in pairs(a, b)
    ]


def test_two_places_of_one_loop_are_never_paired() -> None:
    assert said("TRACE_C: F{phi=0} 1\n", "TRACE_PY: F{phi=1} 1\n") == [
        ("F", None, 1.0, By.NOTHING),
        ("F", 1.0, None, By.NOTHING),
    ]
    assert [p.by for p in pairs("TRACE_C: F{phi=0} 1\nTRACE_C: F{phi=1} 2\n", "TRACE_PY: F{phi=2} 1\n")] == [
        By.NOTHING
    ] * 3


def test_what_only_the_candidate_has_stays_behind_its_predecessor() -> None:
    got = said(
        "TRACE_C: a 1\nTRACE_C: b 2\nTRACE_C: c 3\n",
        "TRACE_PY: first 9\nTRACE_PY: a 1\nTRACE_PY: x 8\nTRACE_PY: y 7\nTRACE_PY: b 2\nTRACE_PY: c 3\nTRACE_PY: z 6\n",
    )
    assert [row[0] for row in got] == ["first", "a", "x", "y", "b", "c", "z"]
    assert [row[3] for row in got] == [By.NOTHING, By.KEY, By.NOTHING, By.NOTHING, By.KEY, By.KEY, By.NOTHING]


def test_the_record_of_a_pairing_is_the_reference_where_there_is_one() -> None:
    both, only = pairs("TRACE_C: a 1\n", "TRACE_PY: a 2\nTRACE_PY: b 3\n")
    assert both.record is both.reference
    assert only.record is only.candidate


def loop(*values: str) -> str:
    return "".join(f"TRACE_C: F {value}\n" for value in values)


@pytest.mark.parametrize(
    ("one", "other", "by"),
    [
        ("1.234567", "1.234571", By.ANCHOR),  # both 1.23457e+00
        ("1.23457", "1.23458", By.ORDER),
        ("0", "-0", By.ANCHOR),
        ("nan", "nan", By.ANCHOR),
        ("inf", "-inf", By.ORDER),
        ("word", "word", By.ANCHOR),
        ("word", "other", By.ORDER),
        ("1e-300", "2e-300", By.ORDER),
    ],
)
def test_iterations_are_the_same_to_six_digits(one: str, other: str, by: By) -> None:
    """The loops have different lengths; the one in question is last on both sides, behind one that is left out."""
    found = pairs(loop("5", "7", one), loop("5", other))
    last = next(
        p for p in found if p.candidate is found[-1].candidate or str(p.candidate and p.candidate.tokens[0]) == other
    )
    if by is By.ANCHOR:
        assert (last.by, last.reference and last.reference.tokens[0]) == (By.ANCHOR, one)
    else:
        assert last.by is By.ORDER
        assert last.reference is not None and last.reference.tokens[0] == "7"


@pytest.mark.parametrize("count", [0, 600])
def test_where_two_choices_agree_as_much_the_later_one_of_the_reference_anchors(count: int) -> None:
    """The same rule in short loops, where all choices are weighed, and in long ones."""
    more = [(i, i) for i in range(10, 10 + count)]
    found = match([(1, 1), (2, 2), *more], [(2, 2), (1, 1), *more])
    assert found[:3] == [(0, None, False), (1, 0, True), (None, 1, False)]
    assert found[3:] == [(i, i, True) for i in range(2, 2 + count)]


def test_at_the_end_of_a_long_loop_the_later_one_of_the_reference_anchors_too() -> None:
    more = [(i, i) for i in range(10, 610)]
    found = match([*more, (1, 1), (2, 2)], [*more, (2, 2), (1, 1)])
    assert found[600:] == [(600, None, False), (601, 600, True), (None, 601, False)]


def test_what_only_the_candidate_has_stays_behind_an_iteration_of_a_loop_too() -> None:
    got = said(
        "TRACE_C: F 1\nTRACE_C: F 2\nTRACE_C: F 3\n", "TRACE_PY: F 1\nTRACE_PY: x 9\nTRACE_PY: y 8\nTRACE_PY: F 3\n"
    )
    assert [(row[0], row[1], row[2]) for row in got] == [
        ("F", 1.0, 1.0),
        ("x", None, 9.0),
        ("y", None, 8.0),
        ("F", 2.0, None),
        ("F", 3.0, 3.0),
    ]


def test_what_only_the_candidate_has_before_everything_stands_first_in_its_order() -> None:
    got = said("TRACE_C: F 1\nTRACE_C: F 2\n", "TRACE_PY: y 9\nTRACE_PY: x 8\nTRACE_PY: F 2\n")
    assert [row[0] for row in got] == ["y", "x", "F", "F"]
