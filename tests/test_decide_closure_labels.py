"""A value off by a power of ten, while what is computed from it fits without: its unit label is wrong."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.catalogue import from_document
from firstbad.tracer.closure import (
    _decade,  # pyright: ignore[reportPrivateUsage]
    check,
    check_view,
)
from firstbad.tracer.closure_result import ClosureResult
from firstbad.tracer.model import Record
from firstbad.tracer.view import View
from small_traces import catalogue, sealed, trace

LABELS = catalogue("""
    [a]
    scope = "phi"
    [b]
    scope = "phi"
    parents = ["a"]
    formula = "2*a"
    [c]
    scope = "phi"
    parents = ["b"]
    formula = "b + 1"
    [d]
    scope = "phi"
    parents = ["b"]
    formula = "3*b"
    [e]
    parents = ["b"]
    [f]
    shape = [2]
    parents = ["a"]
    of = "norm(f)"
    formula = "a"
    [g]
    parents = ["f"]
    formula = "norm(f)"
    [h]
    parents = ["a"]
    formula = "5*a"
    [k]
    parents = ["h", "a"]
    formula = ["h + 1", "a"]
""")


def seen(text: str) -> tuple[View, list[ClosureResult]]:
    view = View(trace(text), LABELS)
    return view, check_view(view)


def labelled(text: str) -> dict[str, float]:
    return seen(text)[0].labels


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a 3; b 6e3; c 7", {"b": 1e3}), ("a 3; b 6e-10; c 7", {"b": 1e-10}), ("a 3; b -6e3; c 7", {"b": 1e3}),
        ("a 3; b 6e3; c 6001", {}), ("a 3; b 6; c 7", {}), ("a 3; b 6e3", {}), ("a 3; b 6e3; e 5", {}),
        ("a 3; b 6e3; c 7; d 18", {"b": 1e3}), ("a 3; b 6e3; c 7; d 18e3", {}), ("a 3; b 6e3; c 9", {"b": 1e3}),
        ("a 3; b 18; c 7", {}), ("a 3; b 6e3; c 700", {}), ("b 6e3; c 7", {}), ("a 3; f 3e3 0; g 3", {}),
        ("a 3; b 7e3; c 7", {"b": 1e3}), ("a 3; b 6; c 7; h 15e3; k 16", {"h": 1e3}), ("a 3; h 15e3; k 3", {}),
        ("a{phi=0} 3; b{phi=0} 6e3; c{phi=0} 7; a{phi=1} 4; b{phi=1} 8", {}),
    ],
)  # fmt: skip
def test_a_label_is_wrong_where_all_that_is_computed_from_it_fits_without_its_factor(
    text: str, labels: dict[str, float]
) -> None:
    """Also where a fault of its own is under the label."""
    assert labelled(text) == labels


def test_a_value_under_a_wrong_label_holds_with_its_factor_and_is_not_broken() -> None:
    _, results = seen("a 3; b 6e3; c 7")
    found = results[0]
    assert (found.quantity, found.holds, found.label, found.factor, found.broken) == ("b", False, True, 1e3, False)
    assert (found.expected, found.formula) == ((6.0,), "2*a")
    assert found.why == "holds only with a factor 1000: its unit label is wrong"
    _, results = seen("a 3; b 7e3; c 7")
    assert results[0].broken and results[0].factor == pytest.approx(7 / 6)


def phis(*values: tuple[float, float, float]) -> str:
    rows = (f"a{{phi={i}}} {a}; b{{phi={i}}} {b:.17g}; c{{phi={i}}} {c}" for i, (a, b, c) in enumerate(values))
    return "; ".join(rows)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        (((3, 6e3, 7), (4, 8e3, 9)), {"b": 1e3}), (((3, 6e3, 7), (4, 8, 9)), {}),
        (((3, 6e3, 7), (4, 8e3, 9), (5, 10, 11)), {}), (((3, 6e3, 7), (4, 8e3, 9), (5, 10e6, 11)), {}),
        (((3, 6e3, 7), (4, 8e3, 9), (5, 10e3, 11), (6, 13e3, 14)), {"b": 1e3}),
    ],
)  # fmt: skip
def test_it_must_be_one_factor_in_most_places(
    values: tuple[tuple[float, float, float], ...], labels: dict[str, float]
) -> None:
    assert labelled(phis(*values)) == labels


def test_one_step_whose_parent_is_wrong_does_not_hide_the_label() -> None:
    """At the third step a is wrong by so much that b seems to have another factor: a is named, and b at that step."""
    view, results = seen(phis((3, 6e3, 7), (4, 8e3, 9), (500, 10e3, 11)))
    assert view.labels == {"b": 1e3}
    assert [(r.quantity, r.record.scope) for r in results if r.broken] == [("b", (("phi", "2"),))]


@pytest.mark.parametrize(
    ("actual", "expected", "decade"),
    [
        ((6e3,), (6.0,), 1e3), ((7e3,), (6.0,), 1e3), ((-6e3,), (6.0,), 1e3), ((6.0,), (6e10,), 1e-10), ((6.0,), (6.0,), None),
        ((12.0,), (6.0,), None), ((18.0,), (6.0,), None), ((19.0,), (6.0,), 10.0), ((0.0,), (6.0,), None),
        ((6.0,), (0.0,), None), ((math.inf,), (6.0,), None), ((6.0,), (math.inf,), None), ((math.nan,), (6.0,), None),
        ((3e3, 4e3), (3.0, 4.0), 1e3), ((0.0, 5e3), (3.0, 4.0), 1e3), ((6e3,), (6.0, 6.0), None), ((6.0,), (), None),
        ((1e299,), (1.0,), 1e299), ((1e300,), (1.0,), None), ((1e-299,), (1.0,), 1e-299), ((1e-300,), (1.0,), None),
    ],
)  # fmt: skip
def test_how_many_powers_of_ten_a_value_is_too_long(
    actual: tuple[float, ...], expected: tuple[float, ...], decade: float | None
) -> None:
    record = Record("q", actual, tuple(map(str, actual)))
    assert _decade(ClosureResult("q", record, False, expected)) == decade
    for holds in (True, None):
        assert _decade(ClosureResult("q", record, holds, expected)) is None


def test_a_check_says_the_same_as_one_of_a_view() -> None:
    text = trace("a 3; b 6e3; c 7")
    assert check(text, LABELS) == check_view(View(text, LABELS))


def test_a_fault_of_the_value_may_lie_on_top_of_its_label() -> None:
    """b is in another unit and, besides, six times too large or too small; all that is computed from it is consistent."""
    for factor in (6.0, 1 / 6, 2.0, 0.5):
        b = 2 * factor
        view, results = seen(f"a 1; b {1000 * b!r}; c {b + 1!r}; d {3 * b!r}")
        assert view.labels == {"b": 1e3}
        assert [r.quantity for r in results if r.broken] == ["b"]
    assert labelled("a 1; b 20; c 21; d 60") == {}, "ten times too large, and computed with: no label"


def test_of_a_run_for_which_the_formulas_are_not_made_nothing_is_checked() -> None:
    known = from_document(
        {"quantity": {"a": {}, "b": {"parents": ["a"], "formula": "2*a"}}, "unless": {"quirks": "none"}}
    )
    text = "a 1; b 3"
    (found,) = check(sealed(text, quirks="none"), known)
    assert (found.holds, found.why) == (None, "its formulas are not for a run with quirks=none")
    for facts in ({"quirks": "all"}, {"other": "none"}):
        (found,) = check(sealed(text, **facts), known)
        assert found.broken


def test_a_small_excess_says_which_way() -> None:
    known = catalogue("[a]\n[b]\nparents = ['a']\nformula = '2*a'")
    for off, said in ((1e-13, "larger by 1.0e-13"), (-1e-13, "smaller by 1.0e-13")):
        (found,) = check(trace(f"a 1; b {2 * (1 + off)!r}"), known)
        assert found.why == f"b is not 2*a, but {said} of that"
