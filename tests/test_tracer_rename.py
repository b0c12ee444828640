"""Names that one side alone uses: learnt from the numbers under them, said, and never at the price of a difference."""

from __future__ import annotations

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Diff
from hypothesis import given
from hypothesis import strategies as st
from small_traces import catalogue, diff

KNOWN = catalogue("[x]\nkind = 'input'\n[y]\nparents = ['x']\nformula = '2*x'\n[z]\nparents = ['y']")
HEAD = "x 1.23456; "


def alone(found: Diff) -> set[tuple[str, str]]:
    return {(one.quantity, str(one.side)) for one in found.missing}


@pytest.mark.parametrize("known", [KNOWN, Catalogue()])
def test_a_name_that_holds_what_a_lost_name_held_is_taken_for_it_and_that_is_said(known: Catalogue) -> None:
    found = diff(known, HEAD + "y 2.46912; z 5", HEAD + "mine 2.46912; z 5")
    assert found.renamed == {"mine": "y"} and found.same and not found.missing
    assert "mine is taken for y: each is on one side only, and they hold the same" in found.notes
    assert found.as_dict()["renamed"] == {"mine": "y"}


def test_the_catalogue_s_name_is_kept_on_whichever_side_it_is() -> None:
    found = diff(KNOWN, HEAD + "mine 2.46912; z 5", HEAD + "y 2.46912; z 5")
    assert found.renamed == {"mine": "y"}
    assert [judged.quantity for judged in found.judged if judged.both] == ["shown", "x", "y", "z"]


def test_what_follows_from_a_renamed_quantity_is_judged_by_its_formula() -> None:
    found = diff(KNOWN, "x 1.23456789; y 2.46913578", "x 1.23456789; mine 2.46913678")
    assert found.renamed == {"mine": "y"}
    assert [(f.quantity, str(f.side)) for f in found.origins] == [("y", "candidate")]


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ("y 2.46912; z 5", "mine 3.5; z 5", "other numbers"),
        ("y 2.46912; z 5", "mine 2.46912 1; z 5", "another shape"),
        ("y{phi=0} 2.46912; z 5", "mine{phi=1} 2.46912; z 5", "another place in the loops"),
        ("y 2.46912; y 7; z 5", "mine 2.46912; z 5", "another count"),
        ("y 2.46912; z 5", "mine 2.46912; other 2.46912; z 5", "two that it could be"),
        ("y 7; z 5", "z 5; mine 7", "few digits, elsewhere in the trace"),
        ("y word; z 5", "mine other; z 5", "another word"),
        ("y nan; z 5", "z 5; mine nan", "no number"),
    ],
)
def test_otherwise_both_stay_one_sided(a: str, b: str, why: str) -> None:
    found = diff(KNOWN, HEAD + a, HEAD + b)
    assert found.renamed == {}, why
    assert {("y", "reference"), ("mine", "candidate")} <= alone(found)


def test_two_names_of_the_catalogue_are_never_taken_for_one() -> None:
    found = diff(KNOWN, HEAD + "y 2.46912", HEAD + "z 2.46912")
    assert alone(found) == {("y", "reference"), ("z", "candidate")}


def test_few_digits_are_enough_at_the_same_place() -> None:
    assert diff(KNOWN, HEAD + "y 7; z 5", HEAD + "mine 7; z 5").renamed == {"mine": "y"}


def test_names_that_hold_the_same_are_taken_in_order_if_they_are_as_many() -> None:
    found = diff(Catalogue(), "a 2.46912; b 2.46912; c 1", "m 2.46912; n 2.46912; c 1")
    assert found.renamed == {"m": "a", "n": "b"}


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=6, unique=True), st.data())
def test_no_record_of_a_renamed_trace_is_lost(values: list[float], data: st.DataObject) -> None:
    renamed = [data.draw(st.booleans()) for _ in values]
    a = "; ".join(f"q{i} {v:.17g}" for i, v in enumerate(values))
    b = "; ".join(f"{'m' if new else 'q'}{i} {v:.17g}" for i, (v, new) in enumerate(zip(values, renamed, strict=True)))
    found = diff(Catalogue(), a, b)
    paired = [judged for judged in found.judged if judged.both]
    assert len(paired) + sum(len(one.records) for one in found.missing) / 2 == len(values) + 1
    assert not found.origins
