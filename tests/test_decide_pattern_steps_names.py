"""A quantity that holds another one's value: exchanged, not yet computed, or read from the wrong place."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from firstbad.tracer.catalogue import from_document
from firstbad.tracer.pattern import Context, explain
from firstbad.tracer.pattern_data import Pair
from firstbad.tracer.pattern_steps import _goes_back, _reaches, other_values
from made_pairs import bare, claims, only, printed, series, traced

BITS_OF_A_DIGIT = 3.321928094887362


def loop(xs: list[float], ys: list[float]) -> str:
    """Two quantities along a loop."""
    return "; ".join(f"x{{phi={i}}} {x}; y{{phi={i}}} {y}" for i, (x, y) in enumerate(zip(xs, ys, strict=True)))


def test_the_value_of_another_name_is_claimed_of_every_record() -> None:
    """What the candidate shows in digits speaks for it, once for each value: 7.25 has three, 8.5 two."""
    ours, theirs = loop([1, 2, 3], [7.25, 8.5, 7.25]), loop([7.25, 8.5, 7.25], [7.25, 8.5, 7.25])
    data = traced("x", ours, theirs)
    guess = only(other_values(data))
    assert claims([guess]) == [("other-quantity", "the candidate holds the value of y", 4.0, 8.0)]
    assert guess.values == [7.25, 8.5, 7.25]
    assert guess.errors == pytest.approx([5e-6] * 3, rel=1e-6)  # six digits are printed
    assert guess.bits == pytest.approx(5 * BITS_OF_A_DIGIT)


def test_a_record_that_agrees_shows_nothing() -> None:
    ours, theirs = loop([1, 8.5, 3], [7.25, 8.5, 4.125]), loop([7.25, 8.5, 4.125], [0, 0, 0])
    assert only(other_values(traced("x", ours, theirs))).bits == pytest.approx(7 * BITS_OF_A_DIGIT)


def test_each_further_name_makes_a_coincidence_likelier() -> None:
    """Lines of the console repeat values that nothing reads: they do not count, and are not claimed."""
    data = traced("x", "x 1; w 3; said_y 7.25; z 9; y 7.25; v 1 2 3", "x 7.25")
    assert claims(other_values(data)) == [("other-quantity", "the candidate holds the value of y", 6.0, 8.0)]


def test_names_that_hold_the_same_are_all_claimed() -> None:
    guesses = list(other_values(traced("x", "x 1; z 9; w 7.25; y 7.25", "x 7.25")))
    assert [(g.text[-1], g.cost) for g in guesses] == [("w", 4 + math.log2(3)), ("y", 4 + math.log2(3))]


def test_a_trace_of_one_name_holds_no_other() -> None:
    assert claims(other_values(traced("x", "x 1", "x 2"))) == []


def test_a_vector_holds_another_vector() -> None:
    data = traced("x", "x 1 2; n 7.25; y 7.25 8.5; z 7.25 8", "x 7.25 8.5; y 7.25 8.5")
    guess = only(other_values(data))
    assert claims([guess]) == [("other-quantity", "the candidate holds the value of y", 4 + math.log2(3), 8.0)]
    assert guess.values == [7.25, 8.5]


def test_two_names_may_be_exchanged() -> None:
    guess = only(other_values(traced("x", "x 1; y 7.25; z 0", "x 7.25; y 1; z 0")))
    assert claims([guess]) == [("swapped-names", "x and y are exchanged", 2.0, 4.0)]
    assert (guess.values, guess.bits) == ([7.25], None)
    assert guess.errors == pytest.approx([5e-6], rel=1e-6)


def test_a_step_may_not_be_applied_to_the_parent() -> None:
    document = {"x": {"parents": ["y"], "formula": "2 * y"}, "y": {}, "z": {}}
    guess = only(other_values(traced("x", "x 14.5; y 7.25; z 0", "x 7.25; y 7.25; z 0", document)))
    assert claims([guess]) == [("unapplied", "the candidate holds y itself: a step between is not applied", 1.0, 4.0)]
    assert (guess.values, guess.bits) == ([7.25], None)
    assert guess.errors == pytest.approx([5e-6], rel=1e-6, abs=2e-12)


TURNED = {
    "quantity": {
        "a": {"shape": [3]},
        "b": {"shape": [3]},
        "r": {"shape": [3], "parents": ["a"], "formula": "a", "open": True},
        "s": {"shape": [3], "parents": ["b"], "formula": "b", "open": True},
    }
}
"""Vectors that a rotation, of which the traces say nothing, turns: at an angle of 0 they are their parents."""
A, B = "60.0956246262 5.3622954654 -35.4931217015", "-8.2605999167 75.5938259448 24.8462465582"
SCALED, AROUND = "61.2975371187 5.4695413747 -36.2029841356", "5.3622954654 -60.0956246262 -35.4931217015"


def looks(name: str, ours: str, theirs: str) -> str | None:
    both = Context.of(printed(ours), printed(theirs), from_document(TURNED))
    found = explain(both.a.trace.find(name), both.b.trace.find(name), both)
    return found.kind if found else None


@pytest.mark.parametrize(
    ("reference", "candidate", "kind"),
    [
        (A, SCALED, "common-factor"),
        (SCALED, A, "common-factor"),
        (AROUND, A, "unapplied"),  # the reference turned it
        (B, A, None),  # which no turn of a is
    ],
    ids=["candidate scaled", "reference scaled", "not turned", "another vector"],
)
def test_what_holds_its_parent_rightly_made_no_mistake(reference: str, candidate: str, kind: str | None) -> None:
    """It follows from the parent, at an angle of 0: that it holds the parent's value explains nothing."""
    found = looks("r", f"a {A}; r {reference}", f"a {A}; r {candidate}")
    assert found == kind


def test_two_vectors_exchanged_are_said_to_be_that_though_each_holds_the_other_s_parent() -> None:
    right, wrong = f"a {A}; b {B}; r {A}; s {B}", f"a {A}; b {B}; r {B}; s {A}"
    for name in "rs":
        assert looks(name, right, wrong) == looks(name, wrong, right) == "swapped-names"


def test_exchanged_names_are_said_to_be_that_even_where_one_is_the_parent() -> None:
    document = {"x": {"parents": ["y"], "formula": "2 * y"}, "y": {}}
    guess = only(other_values(traced("x", "x 14.5; y 7.25", "x 7.25; y 14.5", document)))
    assert guess.kind == "swapped-names"


@pytest.mark.parametrize(
    ("value", "reaches"),
    [(7.0, True), (8.0, True), (6.0, True), (8.25, False), (5.75, False), (-7.0, False), (math.inf, False)],
)
def test_a_value_reaches_the_candidate_within_twice_what_is_known_of_both(value: float, reaches: bool) -> None:
    data = bare([[1.0], [1.0]], [[7.0], [99.0]], c_error=0.125)
    assert _reaches(data, [(Pair(value, value, 0.375, 0.375),), (Pair(0.0, 0.0, 0.0, 0.0),)]) is reaches


def test_infinities_reach_each_other() -> None:
    assert _reaches(series([1.0], [math.inf]), [(Pair(math.inf, math.inf, 0.0, 0.0),)])


def test_every_component_of_the_first_record_must_reach() -> None:
    first, second = Pair(7.0, 7.0, 0.0, 0.0), Pair(8.0, 8.0, 0.0, 0.0)
    data = bare([[1.0, 1.0]], [[7.0, 8.0]])
    assert _reaches(data, [(first, second)])
    assert not _reaches(data, [(first, first)])
    assert not _reaches(data, [(second, second)])


@pytest.mark.parametrize(
    ("ours", "theirs", "back"),
    [
        ("x 1; y 7", "x 7; y 1", True),
        ("x 1; y 7", "x 7; y 7", False),
        ("x 1; y 7", "x 7", False),  # not recorded
        ("x 1; y 7", "x 7; y 1; y 1", False),  # which?
        ("x 1; y 7", "x 7; y 1 2", False),
        ("x 1; y 7", "x 7; y word", False),
        ("x 1 2; y 7 8", "x 7 8; y 1 2", True),
        ("x 1 2; y 7 8", "x 7 8; y 1 3", False),
        ("x 1 2; y 7 8", "x 7 8; y 3 2", False),
        ("x 1 2; y 1 2", "x 1 2; y 1 2", False),  # nothing was exchanged
        ("x 1 2; y 1 8", "x 1 8; y 1 2", True),
        ("x{phi=0} 1; x{phi=1} 2; y{phi=0} 7; y{phi=1} 8", "x{phi=0} 7; x{phi=1} 8; y{phi=0} 1; y{phi=1} 2", True),
        ("x{phi=0} 1; x{phi=1} 2; y{phi=0} 7; y{phi=1} 8", "x{phi=0} 7; x{phi=1} 8; y{phi=0} 1; y{phi=1} 3", False),
        ("x{phi=0} 1; x{phi=1} 2; y{phi=0} 1; y{phi=1} 8", "x{phi=0} 1; x{phi=1} 8; y{phi=0} 1; y{phi=1} 2", True),
    ],
)
def test_names_are_exchanged_if_the_other_one_holds_ours_in_every_record(ours: str, theirs: str, back: bool) -> None:
    assert _goes_back(traced("x", ours, theirs), "y") is back


@pytest.mark.parametrize(
    ("value", "back"),
    [("102", True), ("98", True), ("103", False), ("97", False)],
)
def test_what_goes_back_may_be_off_by_twice_what_is_known_of_both(value: str, back: bool) -> None:
    """Three digits are printed: 1.00e+02 is known to a half."""
    data = traced("x", "x 1.00e+02; y 7.00e+00", f"x 7.00e+00; y {value[0]}.{value[1:]}e+0{len(value) - 1}")
    assert _goes_back(data, "y") is back


def test_a_value_just_as_far_as_that_still_goes_back() -> None:
    data = traced("x", "x 100; y 7", "x 7; y 102")
    (told,) = data.compared.b.records("y")
    exact = Pair(100.0, 7.0, 1.0 - data.compared.b.half(told)[0], 0.0)  # with the other's error one, twice is two
    assert _goes_back(replace(data, rows=((exact,),)), "y")
    nearer = replace(exact, r_error=exact.r_error - 1e-9)
    assert not _goes_back(replace(data, rows=((nearer,),)), "y")


def test_a_number_that_follows_from_its_parent_may_still_lack_a_step() -> None:
    """Only of vectors a turn by nothing is told; a pair is one as well."""
    document = {"x": {"parents": ["y"], "formula": "y"}, "y": {}}
    assert only(other_values(traced("x", "x 14.5; y 7.25", "x 7.25; y 7.25", document))).kind == "unapplied"
    document["x"]["shape"] = document["y"]["shape"] = [2]
    assert claims(other_values(traced("x", "x 14.5 3; y 7.25 3.5", "x 7.25 3.5; y 7.25 3.5", document))) == []
    exchanged = traced("x", "x 14.5 3; y 7.25 3.5; z 7.25 3.5", "x 7.25 3.5; y 7.25 3.5; z 14.5 3", document)
    assert only(other_values(exchanged)).text == "x and z are exchanged", "the next name is still asked"
