"""Which side breaks, which value is the first, and how repeated breaks are told."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.closure import check
from firstbad.tracer.closure_result import ClosureResult, asks_otherwise, broken, fault, first_broken, followed, runs
from firstbad.tracer.model import Record
from small_traces import catalogue, trace

HERE = Record("q", (1.0,), ("1",))


def result(holds: bool | None, name: str = "q", factor: float | None = None, **more: bool) -> ClosureResult:
    return ClosureResult(name, HERE, holds, factor=factor, **more)


@pytest.mark.parametrize(
    ("results", "is_broken"),
    [
        ([], None),
        ([None], None),
        ([True], False),
        ([False], True),
        ([True, False], True),
        ([None, True], False),
        ([None, False], True),
        ([True, True], False),
    ],
)
def test_a_quantity_is_broken_where_any_decided_value_is(results: list[bool | None], is_broken: bool | None) -> None:
    assert broken(map(result, results)) is is_broken
    assert broken([result(False, label=True)]) is False, "a wrong label is no broken value"


def test_invariants_that_hold_on_both_sides_tell_no_side() -> None:
    plain, invariant, open_ = result(True), result(True, invariant=True), result(None)
    assert fault([plain], [plain]) == "neither"
    for a, b in (([invariant], [plain]), ([plain], [invariant]), ([invariant], [invariant]), ([open_], [plain])):
        assert fault(a, b) == "unknown"
    assert fault([invariant, plain], [plain]) == "neither"
    assert fault([result(False, invariant=True)], [plain]) == "reference"
    assert fault([plain], [result(False, invariant=True)]) == "candidate"


def test_the_first_broken_value_is_named_and_labels_are_none() -> None:
    found = [
        result(True, "a"),
        result(None, "b"),
        result(False, "c", label=True),
        result(False, "d"),
        result(False, "e"),
    ]
    first = first_broken(found)
    assert first is not None and first.quantity == "d"
    assert first_broken(found[:3]) is None


def test_equal_neighbours_are_told_once_with_their_number() -> None:
    found = [
        result(False, "a", 2.0), result(True, "a"), result(False, "a", 2.0), result(False, "a", 3.0), result(None, "b"),
        result(False, "b", 3.0), result(False, "a", 3.0), result(False, "a", 3.0),
    ]  # fmt: skip
    assert [(r.quantity, r.factor, count) for r, count in runs(found)] == [
        ("a", 2.0, 2), ("a", 3.0, 1), ("b", 3.0, 1), ("a", 3.0, 2),
    ]  # fmt: skip
    assert next(runs(found))[0] is found[0]
    assert list(runs([])) == []


NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("one", "off", "other", "error", "otherwise"),
    [
        ((5.0,), (0.25,), (5.75,), (0.5,), False), ((5.75,), (0.25,), (5.0,), (0.5,), False),
        ((5.0,), (0.25,), (5.875,), (0.5,), True), ((5.875,), (0.25,), (5.0,), (0.5,), True),
        ((5.0,), (0.0,), (5.0,), (0.0,), False), ((5.0,), (0.0,), (-5.0,), (0.0,), True),
        ((1.0, 2.0), (0.0, 0.0), (1.0, 3.0), (0.0, 0.0), True), ((1.0, 2.0), (0.0, 0.0), (1.0, 2.0), (0.0, 0.0), False),
        ((NAN,), (0.0,), (NAN,), (0.0,), False), ((NAN,), (0.5,), (1.0,), (0.5,), True), ((1.0,), (0.5,), (NAN,), (0.5,), True),
        ((INF,), (0.0,), (INF,), (0.0,), False), ((INF,), (0.0,), (-INF,), (0.0,), True), ((), (), (1.0,), (0.0,), False),
    ],
)  # fmt: skip
def test_two_sides_ask_for_two_values_where_any_component_is_further_apart_than_either_may_be_off(
    one: tuple[float, ...], off: tuple[float, ...], other: tuple[float, ...], error: tuple[float, ...], otherwise: bool
) -> None:
    a, b = (ClosureResult("q", HERE, True, x, e) for x, e in ((one, off), (other, error)))
    assert asks_otherwise(a, b) is otherwise


def test_all_follow_where_none_is_broken_open_or_missing() -> None:
    yes, no, open_ = result(True), result(False), result(None)
    assert followed([]) and followed([yes, yes])
    for left in (no, open_, None):
        assert not followed([yes, left]) and not followed([left, yes])


def test_what_the_trace_lacks_is_said_only_where_it_lacks_something() -> None:
    known = catalogue("""
        [x]
        [y]
        parents = ["x"]
        formula = "2*x"
    """)
    for text, lacks in (("x 1.5; y 3", ""), ("x 1.5; y 4", ""), ("y 3", "x")):
        (found,) = (one for one in check(trace(text), known) if one.quantity == "y")
        assert found.lacks == lacks and found.broken is (text == "x 1.5; y 4")
