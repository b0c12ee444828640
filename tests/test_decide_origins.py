"""Which part a quantity plays: origin, inherited, configuration; behind an origin; by order; and who comes first."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Role, Side
from firstbad.tracer.tolerance import Verdict
from small_traces import catalogue, diff, one, pair, roles, told

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
""")
GOOD = "a 1; b 2; c 6; I 36"


# ---- origin and inherited ------------------------------------------------------------------------------------


def test_a_quantity_that_differs_though_its_parents_agree_is_the_origin_and_the_rest_inherits_from_its_parents() -> (
    None
):
    found = diff(CHAIN, GOOD, "a 1; b 2.5; c 7.5; I 56.25")
    assert told(found) == {"b": "origin", "c": "inherited", "I": "inherited"}
    assert [f.because for f in (*found.origins, *found.inherited)] == [(), ("b",), ("c",)]
    assert [f.why for f in found.inherited] == ["its parents diverge: b", "its parents diverge: c"]


def test_only_an_origin_has_a_side_and_a_cost() -> None:
    found = diff(CHAIN, GOOD, "a 1; b 2.5; c 7.5; I 56.25")
    assert [(f.side, f.cost) for f in found.origins] == [(Side.CANDIDATE, pytest.approx(2 * math.log(1.25)))]
    assert [(f.side, f.cost) for f in found.inherited] == [(Side.UNKNOWN, None)] * 2


def test_every_diverging_parent_is_named_over_all_pairs_that_differ() -> None:
    known = catalogue("""
    [a]
    kind = "input"
    [b]
    kind = "input"
    [c]
    parents = ["a", "b"]
    formula = "a + b"
    """)
    found = diff(known, "a 1; b 1; c 2; a 1; b 1; c 2", "a 2; b 1; c 3; a 1; b 2; c 3")
    c = one(found.inherited, "c")
    assert c.because == ("a", "b")
    assert c.why == "its parents diverge: a, b"
    assert (c.records, c.different) == (2, 2)
    assert c.judged is pair(found, "c")


def test_one_pair_whose_parents_agree_makes_the_quantity_an_origin_told_by_that_pair() -> None:
    found = diff(CHAIN, "a 1; b 2; a 1; b 2; a 1; b 2", "a 2; b 4; a 1; b 3; a 1; b 2")
    assert told(found) == {"a": "origin", "b": "origin"}
    b = one(found.origins, "b")
    assert (b.judged, b.records, b.different, b.because) == (pair(found, "b", 1), 3, 2, ())
    assert (b.reference.values, b.candidate.values) == ((2.0,), (3.0,))
    assert b.reference_closure is not None and b.reference_closure.holds is True
    assert b.candidate_closure is not None and b.candidate_closure.holds is False


def test_a_parent_that_neither_trace_holds_is_looked_through_to_its_own_parents() -> None:
    assert told(diff(CHAIN, "a 1; I 36", "a 2; I 144")) == {"a": "origin", "I": "inherited"}
    assert told(diff(CHAIN, "a 1; I 36", "a 1; I 37")) == {"I": "origin"}


SPLIT = catalogue("""
[a]
kind = "input"
[other]
kind = "input"
[left]
parents = ["a"]
[right]
parents = ["a"]
[sum]
parents = ["other", "left", "right"]
formula = "other + left + right"
""")


def test_two_ways_to_one_ancestor_hide_no_third() -> None:
    """left and right are in neither trace: both lead to a, which agrees; the other parent is still asked."""
    assert told(diff(SPLIT, "a 1; other 1; sum 3", "a 1; other 2; sum 4")) == {"other": "origin", "sum": "inherited"}
    found = roles(SPLIT, "a 1; other 1; sum 3", "a 1; other 2; sum 4")
    assert sorted(parent.quantity for parent in found.parents(pair(found, "sum"))) == ["a", "other"]
    assert found.present_parents("sum") == {"a", "other"}
    assert found.children("a") == ("sum",)


def test_a_diverging_parent_that_heals_passes_nothing_on() -> None:
    """b is a lie that nobody computes with: c does not inherit from it."""
    found = roles(CHAIN, "a 1; b 2; c 6; I 36", "a 1; b 3; c 6; I 36")
    assert found.diverging_parents(pair(found, "c")) == []
    found = roles(CHAIN, "a 1; b 2; c 6; I 36", "a 1; b 3; c 9; I 81")
    assert found.diverging_parents(pair(found, "c")) == ["b"]


def test_what_has_no_place_in_the_graph_has_no_parents() -> None:
    found = roles(CHAIN, "a 1; stranger 2; b 2", "a 1; stranger 3; c 6")
    assert found.parents(pair(found, "stranger")) == []
    assert found.parents(pair(found, "c")) == [], "the reference does not hold it"
    assert found.parents(pair(found, "b")) == [pair(found, "a")]


# ---- configuration and decisions -----------------------------------------------------------------------------

MODE = catalogue("""
[mode]
kind = "config"
[x]
parents = ["mode"]
""")


@pytest.mark.parametrize(("x", "role"), [(1, Role.CONFIG), (2, Role.ORIGIN)])
def test_a_setting_is_an_origin_only_where_something_computed_from_it_differs(x: float, role: Role) -> None:
    found = roles(MODE, "mode 1; x 1", f"mode 2; x {x}").findings()
    mode = one(found, "mode")
    assert (mode.role, mode.because, mode.judged.quantity) == (role, (), "mode")
    assert mode.side is (Side.NEITHER if role is Role.ORIGIN else Side.UNKNOWN)


def test_a_decision_that_flips_on_a_tie_is_no_origin() -> None:
    known = catalogue("""
    [a]
    kind = "input"
    [n]
    kind = "branch"
    parents = ["a"]
    formula = "ceil(a)"
    """)
    found = diff(known, "a 1; n 1", "a 1.0000000000000002; n 2")
    assert told(found) == {"n": "flipped"}
    assert found.flipped[0].why == "the decision flipped where both sides of the tie are within noise"
    assert (found.flipped[0].because, found.flipped[0].side, found.flipped[0].cost) == ((), Side.UNKNOWN, None)
    assert told(diff(known, "a 1; n 1", "a 1.1; n 2")) == {"a": "origin", "n": "inherited"}


def test_a_decision_on_a_tie_does_not_excuse_those_that_are_off_any() -> None:
    known = catalogue('[a]\nkind = "input"\n[n]\nkind = "branch"\nparents = ["a"]\nformula = "floor(a)"')
    found = diff(known, "a 2; n 2; a 2.5; n 2; a 4; n 4", "a 2; n 1; a 2.5; n 1; a 4; n 3")
    assert [pair(found, "n", index).verdict for index in range(3)] == [
        Verdict.FLIPPED, Verdict.DIFFERENT, Verdict.FLIPPED,
    ]  # fmt: skip
    assert told(found) == {"n": "origin"}
    assert (found.origins[0].side, found.origins[0].candidate.numbers) == (Side.CANDIDATE, (1.0,))


# ---- an origin behind an origin ------------------------------------------------------------------------------

LOOSE = catalogue("""
[a]
kind = "input"
[near]
kind = "input"
[b]
parents = ["a"]
beside = ["near"]
formula = "2*a*near"
noise = { ulp = 4294967296, why = "an allowance of 2**-20 of the value, so that a break has a size" }
""")


def broken_by(times: float, value: float) -> float:
    """A value that is off by so many times its own allowance of 2**-20."""
    return value / (1 - times * 2**-20)


@pytest.mark.parametrize(("times", "role"), [(63.9, "inherited"), (64.1, "origin"), (1000, "origin")])
def test_behind_an_origin_a_break_counts_from_64_times_its_allowance(times: float, role: str) -> None:
    good, bad = "a 1; near 1; b 2", f"a 1.5; near 1; b {broken_by(times, 3.0)!r}"
    for found in (diff(LOOSE, good, bad), diff(LOOSE, bad, good)):
        assert told(found) == {"a": "origin", "b": role}
    b = one((*found.origins, *found.inherited), "b")
    assert b.because == ("a",)
    assert b.side is (Side.REFERENCE if role == "origin" else Side.UNKNOWN)


def test_behind_an_origin_a_break_on_both_sides_proves_nothing() -> None:
    assert told(diff(LOOSE, "a 1; near 1; b 5", "a 1.5; near 1; b 7")) == {"a": "origin", "b": "inherited"}


def test_behind_an_origin_a_closure_that_cannot_be_decided_proves_nothing() -> None:
    lacks = "a 1; b 2"
    assert told(diff(LOOSE, lacks, "a 1.5; near 1; b 9")) == {"a": "origin", "b": "inherited"}
    assert told(diff(LOOSE, "a 1.5; near 1; b 9", lacks)) == {"a": "origin", "b": "inherited"}


def test_a_quantity_without_a_formula_is_no_origin_behind_an_origin() -> None:
    known = catalogue("""
    [a]
    kind = "input"
    [b]
    parents = ["a"]
    """)
    assert told(diff(known, "a 1; b 2", "a 1.5; b 9")) == {"a": "origin", "b": "inherited"}


def test_where_what_the_formula_reads_beside_differs_a_break_proves_little() -> None:
    """`near` is no parent: it makes nothing inherited, but no break behind an origin counts where it differs."""
    assert told(diff(LOOSE, "a 1; near 1; b 2", "a 1.5; near 1; b 9")) == {"a": "origin", "b": "origin"}
    assert told(diff(LOOSE, "a 1; near 1; b 2", "a 1.5; near 4; b 9"))["b"] == "inherited"
    assert told(diff(LOOSE, "a 1; near 1; b 2", "a 1; near 4; b 9"))["b"] == "origin"


# ---- by order ------------------------------------------------------------------------------------------------


def test_without_a_graph_the_first_difference_is_the_origin() -> None:
    found = diff(Catalogue(), "x 1; y 2; z 3", "x 1; y 3; z 4")
    assert told(found) == {"y": "origin", "z": "inherited"}
    assert (found.origins[0].because, found.inherited[0].because) == ((), ("y",))
    assert found.origins[0].side is Side.UNKNOWN and found.origins[0].cost is None


def test_an_unknown_quantity_inherits_from_the_first_difference_before_it() -> None:
    found = diff(CHAIN, "a 1; b 2; c 6; x 1", "a 1; b 3; c 9; x 2")
    assert one(found.inherited, "x").because == ("b",)
    assert told(diff(CHAIN, "x 1; a 1; b 2", "x 2; a 1; b 3")) == {"x": "origin", "b": "origin"}


def test_what_only_one_side_has_and_what_heals_comes_before_nothing() -> None:
    assert told(diff(CHAIN, "c 6; x 1", "q 5; c 6; x 2")) == {"x": "origin"}
    assert told(diff(CHAIN, "q 6; c 6; x 1", "c 6; x 2")) == {"x": "origin"}
    healed = diff(CHAIN, "a 1; b 2; c 6; I 36; x 1", "a 1; b 3; c 6; I 36; x 2")
    assert told(healed) == {"b": "healed", "x": "origin"}


def test_a_setting_comes_before_nothing_but_hides_nothing_either() -> None:
    assert told(diff(MODE, "mode 1; y 1", "mode 2; y 2")) == {"y": "origin"}
    found = diff(MODE, "mode 1; x 1; y 1", "mode 2; x 2; y 2")
    assert one(found.inherited, "y").because == ("x",)


# ---- who comes first -----------------------------------------------------------------------------------------

RANKED = catalogue("""
[u]
kind = "input"
[v]
kind = "input"
[I]
parents = ["u", "v"]
formula = "u*v"
final = true
""")


def test_origins_come_by_what_they_cost() -> None:
    cheap_first = diff(RANKED, "u 1; v 1; I 1", "u 1.01; v 2; I 2.02")
    assert [f.quantity for f in cheap_first.origins] == ["v", "u"]
    assert [f.cost for f in cheap_first.origins] == [pytest.approx(math.log(2)), pytest.approx(math.log(1.01))]


@pytest.mark.parametrize(
    ("u", "order"), [(1.0009, ["strange", "u"]), (1.0011, ["u", "strange"]), (1.0019, ["u", "strange"])]
)
def test_an_origin_whose_cost_cannot_be_told_ranks_like_one_of_a_thousandth(u: float, order: list[str]) -> None:
    found = diff(RANKED, "strange 1; u 1; v 1; I 1", f"strange 2; u {u}; v 1; I {u}")
    assert [f.quantity for f in found.origins] == order


def test_an_origin_behind_another_comes_last_whatever_it_costs() -> None:
    found = diff(CHAIN, GOOD, "a 1.01; b 2.02; c 60; I 3600")
    assert [f.quantity for f in found.origins] == ["a", "c"]
    a, c = found.origins
    assert a.cost is not None and c.cost is not None and a.cost < c.cost
    assert (a.because, c.because) == ((), ("b",))


def test_what_is_no_origin_comes_in_the_order_of_the_trace_behind_them() -> None:
    found = roles(CHAIN, GOOD, "a 1; b 3; c 9; I 81").findings()
    assert [(f.quantity, f.role) for f in found] == [
        ("b", Role.ORIGIN),
        ("c", Role.INHERITED),
        ("I", Role.INHERITED),
    ]
    late = diff(CHAIN, "b 2; c 6; I 36; a 1", "b 3; c 9; I 81; a 1.5")
    assert [f.quantity for f in (*late.origins, *late.inherited)] == ["a", "b", "c", "I"]


def test_a_name_that_no_pair_has_does_not_differ() -> None:
    found = roles(CHAIN, "a 1; b 2", "a 1; b 3")
    assert [found.differs(name) for name in ("a", "b", "c", "nothing")] == [False, True, False, False]
