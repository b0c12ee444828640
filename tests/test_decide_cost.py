"""What an origin does to the final intensity: its value put into the reference and carried on by the formulas."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.cost import Cost
from firstbad.tracer.diff import compare
from small_traces import catalogue, diff, one, roles, trace

CHAIN = catalogue("""
[a]
kind = "input"
[b]
parents = ["a"]
formula = "2*a"
[c]
parents = ["b"]
formula = "3*b"
[I]
parents = ["c"]
formula = "c*c"
final = true
[aside]
parents = ["a"]
formula = "7*a"
""")
GOOD = "a 1; b 2; c 6; I 36; aside 7"


def cost(known: Catalogue, a: str, b: str, name: str) -> float | None:
    """The cost of an origin in a comparison."""
    return one(diff(known, a, b).origins, name).cost


def log(ratio: float) -> object:
    return pytest.approx(abs(math.log(ratio)), rel=1e-9)


# ---- from the origin to the intensity ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("b", "name", "ratio"),
    [
        ("a 1.5; b 3; c 9; I 81; aside 10.5", "a", 2.25),
        ("a 0.5; b 1; c 3; I 9; aside 3.5", "a", 4),
        ("a 1; b 3; c 9; I 81; aside 7", "b", 2.25),
        ("a 1; b -3; c -9; I 81; aside 7", "b", 2.25),
        ("a 1; b 2; c 9; I 81; aside 7", "c", 2.25),
        ("a 1; b 2; c 6; I 81; aside 7", "I", 2.25),
        ("a 1; b 2; c 6; I -36; aside 7", "I", 1),
        ("a 1; b 2; c 6; I 1e9; aside 7", "I", 36e-9),
    ],
)
def test_the_cost_is_the_logarithm_of_the_ratio_by_which_the_intensity_changes(b: str, name: str, ratio: float) -> None:
    assert cost(CHAIN, GOOD, b, name) == log(ratio)


def test_absent_quantities_on_the_way_are_computed_through() -> None:
    assert cost(CHAIN, "a 1; I 36", "a 1.5; I 81", "a") == log(2.25)


def test_what_leads_nowhere_costs_nothing_where_there_is_an_intensity_and_cannot_be_told_where_there_is_none() -> None:
    assert cost(CHAIN, GOOD, GOOD.replace("aside 7", "aside 8"), "aside") == 0
    assert cost(CHAIN, "a 1; aside 7", "a 1; aside 8", "aside") is None
    assert cost(CHAIN, "a 1; b 2", "a 1; b 3", "b") is None


def test_a_quantity_that_the_catalogue_does_not_know_has_no_cost() -> None:
    assert cost(CHAIN, "x 1; I 36", "x 2; I 36", "x") is None


def test_where_no_formula_leads_on_the_cost_cannot_be_told() -> None:
    known = catalogue("[a]\n[b]\nparents = ['a']\n[I]\nparents = ['b']\nformula = 'b'\nfinal = true")
    assert cost(known, "a 1; b 2; I 2", "a 3; b 4; I 4", "a") is None


def test_a_word_has_no_cost() -> None:
    assert cost(CHAIN, "a MOSFLM; I 36", "a XDS; I 49", "a") is None


@pytest.mark.parametrize("value", ["0", "nan"])
def test_an_intensity_that_vanishes_or_is_no_number_costs_without_bound(value: str) -> None:
    assert cost(CHAIN, GOOD, f"a 1; b 2; c 6; I {value}; aside 7", "I") == math.inf
    assert cost(CHAIN, GOOD, f"a 1; b {value}; c {value}; I {value}; aside 7", "b") == math.inf


@pytest.mark.parametrize("last", ["0", "inf", "nan", "word"])
def test_the_last_intensity_that_is_a_number_and_not_zero_tells(last: str) -> None:
    a = f"a 1; b 2; c 6; I 36; a 1; b 2; c 6; I {last}"
    b = f"a 1; b 3; c 9; I 81; a 1; b 2; c 6; I {last}"
    assert cost(CHAIN, a, b, "b") == log(2.25)
    both = f"a 1; b 3; c 9; I 81; a 1; b 3; c 9; I {last}"
    assert cost(CHAIN, a, both, "b") == log(2.25)


def test_the_last_intensity_that_changes_tells() -> None:
    """It is the result; those before it are on the way."""
    a = "a 1; b 2; c 6; I 36; a 1; b 2; c 6; I 36"
    assert cost(CHAIN, a, "a 1; b 4; c 12; I 144; a 1; b 2; c 6; I 36", "b") == log(4)
    assert cost(CHAIN, a, "a 1; b 3; c 9; I 81; a 1; b 4; c 12; I 144", "b") == log(4)


FINALS = catalogue("""
[a]
[b]
[early]
parents = ["a"]
formula = "a"
final = true
[late]
parents = ["b", "early"]
formula = "b*early*early"
final = true
""")


def test_of_several_intensities_the_first_that_is_reached_tells() -> None:
    good = "a 1; b 1; early 1; late 1"
    assert cost(FINALS, good, "a 1; b 3; early 1; late 3", "b") == log(3)
    assert cost(FINALS, good, "a 3; b 1; early 3; late 9", "a") == log(3)
    assert cost(FINALS, "a 1; b 1; late 1", "a 3; b 1; late 9", "a") == log(9)


def test_an_intensity_that_differs_itself_counts_by_itself() -> None:
    assert cost(FINALS, "a 1; b 1; early 1; late 1", "a 1; b 1; early 3; late 9", "early") == log(3)
    assert cost(FINALS, "a 1; b 1; early 1; late 1", "a 1; b 1; early 1; late 2", "late") == log(2)


def test_what_a_formula_reads_beside_is_no_way_to_the_intensity() -> None:
    """m, which has no formula, stays as it is; that I reads n beside m makes it no child of n."""
    known = catalogue("""
    [n]
    [m]
    parents = ["n"]
    [I]
    parents = ["m"]
    beside = ["n"]
    formula = "m*n"
    final = true
    """)
    assert cost(known, "n 1; m 5; I 5", "n 2; m 6; I 12", "n") is None


# ---- an origin behind an origin ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("b", "c", "ratio"),
    [
        ("a 1.5; b 3; c 19; I 361; aside 10.5", 16, (16 / 6) ** 2),  # 10 more than follows, beside an origin of 1.5
        ("a 1.5; b 3; c 5; I 25; aside 10.5", 2, (2 / 6) ** 2),
    ],
)
def test_behind_an_origin_only_what_the_candidate_adds_counts(b: str, c: float, ratio: float) -> None:
    found = diff(CHAIN, GOOD, b)
    assert {f.quantity: f.cost for f in found.origins} == {"a": log(2.25), "c": log(ratio)}
    assert log((c / 6) ** 2) == abs(math.log(ratio))


def test_behind_an_origin_what_the_reference_added_is_taken_out() -> None:
    """The reference holds 16 where 6 follows: with 6 in its place the intensity falls from 256 to 36."""
    bad = "a 1; b 2; c 16; I 256; aside 7"
    assert cost(CHAIN, bad, "a 1.5; b 3; c 9; I 81; aside 10.5", "c") == log(256 / 36)


VECTORS = catalogue("""
[a]
kind = "input"
[v]
parents = ["a"]
formula = "(a, 2*a)"
[I]
parents = ["v"]
formula = "v[0] + 10*v[1]"
final = true
""")


def test_behind_an_origin_a_vector_counts_component_by_component() -> None:
    found = cost(VECTORS, "a 1; v 1 2; I 21", "a 2; v 5 4; I 45", "v")
    assert found == log(24 / 21), "the first component is 3 more than follows"


def test_behind_an_origin_a_pair_that_follows_adds_nothing() -> None:
    a = "a 1; b 2; c 6; I 36; a 1; b 2; c 6; I 36"
    b = "a 1.5; b 3; c 9; I 81; a 1.5; b 3; c 18; I 324"
    assert cost(CHAIN, a, b, "c") == log((15 / 6) ** 2), "the second record: 9 more than follows"


HIDDEN = """
[parameter.N]
kind = "integer"
most = 20
[h]
kind = "input"
[F]
parents = ["h"]
{}
[I]
parents = ["F"]
formula = "F*F"
final = true
"""


def test_behind_an_origin_a_break_without_a_value_counts_as_all_that_differs() -> None:
    """No whole number N gives the candidate's F: what follows cannot be said, so nothing can be taken out of it."""
    known = catalogue(HIDDEN.format('formula = "sincg(pi*h, N)"'))
    h, other = 0.3141592653589, 0.2718281828459
    good = math.sin(5 * math.pi * h) / math.sin(math.pi * h)
    found = roles(known, f"h {h}; F {good!r}; I {good**2!r}", f"h {other}; F 2.5; I 6.25")
    assert found.case.b.impossible.keys() == {"N"}
    assert Cost(found).of("F", hidden=True) == log((2.5 / good) ** 2)


@pytest.mark.parametrize("formula", ['formula = "h"\nof = "F*F"', 'formula = [{ is = "h", of = "F*F" }]'])
def test_behind_an_origin_a_broken_invariant_counts_as_all_that_differs(formula: str) -> None:
    known = catalogue(HIDDEN.format(formula))
    found = diff(known, "h 4; F 2; I 4", "h 9; F 5; I 25")
    assert {f.quantity: f.because for f in found.origins} == {"h": (), "F": ("h",)}
    assert one(found.origins, "F").cost == log(6.25)


def test_a_value_that_the_program_told_in_a_plain_line_is_carried_on_too() -> None:
    """It is in no record, so nothing was held against its formula: it is scaled."""
    known = catalogue("""
    [[console]]
    line = "width=(?P<b>[0-9.]+)"
    [a]
    kind = "input"
    [b]
    parents = ["a"]
    formula = "2*a"
    [I]
    parents = ["b"]
    formula = "b"
    final = true
    """)
    a, b = (trace(f"a {a}; I {i}", head="width=5.0\n") for a, i in ((1, 5), (2, 10)))
    assert one(compare(a, b, known).origins, "a").cost == log(2)
    case = roles(known, "a 1; I 5", "a 1; I 5").case
    assert case.a.records("b") == []


def test_a_cost_can_be_asked_for_any_quantity_that_differs() -> None:
    found = roles(CHAIN, GOOD, "a 1.5; b 3; c 9; I 81; aside 10.5")
    asked = Cost(found)
    assert {name: asked.of(name) for name in ("a", "b", "c", "I")} == dict.fromkeys(("a", "b", "c", "I"), log(2.25))
    assert asked.of("b", hidden=True) == log(2.25), "nothing breaks: all that differs counts"
    behind = Cost(roles(CHAIN, GOOD, "a 1.5; b 3; c 19; I 361; aside 10.5"))
    assert (behind.of("c"), behind.of("c", hidden=True)) == (log((19 / 6) ** 2), log((16 / 6) ** 2))
