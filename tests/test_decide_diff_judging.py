"""How a pair is judged, a decision taken, a lonely record listed, and what a Diff says of all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from firstbad.tracer.align import By, Pairing
from firstbad.tracer.catalogue import Catalogue, from_document
from firstbad.tracer.diff import Case, Diff, Finding, Judged, Role, Side, compare, value_of
from firstbad.tracer.model import Record
from firstbad.tracer.tolerance import Limits, Measure, Verdict
from small_traces import catalogue, diff, pair, sealed, told, trace

CHAIN = catalogue("""
[a]
kind = "input"
[b]
parents = ["a"]
formula = "2*a"
[c]
parents = ["b"]
formula = "3*b"
final = true
""")
GOOD = "a 1; b 2; c 6"


# ---- one pair ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "verdict", "measures"),
    [
        ("2", "2", Verdict.EQUAL, 1),
        ("2", "3", Verdict.DIFFERENT, 1),
        ("2 3", "2 3", Verdict.EQUAL, 2),
        ("2 3", "2 4", Verdict.DIFFERENT, 2),
        ("2 3", "2 nan", Verdict.NAN, 2),
        ("2 3", "2", Verdict.DIFFERENT, 0),
        ("2", "2.0000000000000004", Verdict.PRINT, 1),
        ("2", "2.0000000000000018", Verdict.NOISE, 1),
    ],
)
def test_a_pair_has_the_verdict_of_its_worst_component(a: str, b: str, verdict: Verdict, measures: int) -> None:
    judged = pair(diff(CHAIN, f"b {a}", f"b {b}"), "b")
    assert (judged.verdict, len(judged.measures), judged.both) == (verdict, measures, True)


def test_a_record_that_one_side_alone_has_is_missing() -> None:
    found = diff(CHAIN, "a 1; b 2", "a 1; c 6")
    for name in ("b", "c"):
        judged = pair(found, name)
        assert (judged.verdict, judged.measures, judged.both) == (Verdict.MISSING, (), False)
    assert told(found) == {}, "it plays no part in a difference"


def test_limits_grant_what_they_say() -> None:
    assert told(diff(CHAIN, "a 1; b 2", "a 1; b 2.1")) == {"b": "origin"}
    assert told(diff(CHAIN, "a 1; b 2", "a 1; b 2.1", Limits(relative={"b": 0.06}))) == {}
    assert told(diff(CHAIN, "a 1; b 2", "a 1; b 2.1", Limits(relative={"c": 0.06}))) == {"b": "origin"}


# ---- decisions -----------------------------------------------------------------------------------------------

BRANCH = catalogue("""
[x]
kind = "input"
[y]
kind = "input"
[n]
kind = "branch"
parents = ["x", "y"]
formula = "(ceil(x), ceil(y))"
""")


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ("x 1; y 0.5; n 1 1", "x 1; y 0.5; n 2 1", Verdict.FLIPPED),
        ("x 1; y 2; n 1 2", "x 1; y 2; n 2 3", Verdict.FLIPPED),
        ("x 1; y 0.5; n 1 1", "x 1; y 0.5; n 2 2", Verdict.DIFFERENT),  # y is far from a tie
        ("x 0.5; y 0.5; n 1 1", "x 0.5; y 0.5; n 2 1", Verdict.DIFFERENT),
        ("x 1; y 0.5; n 1 1", "x 1; y 0.5; n 3 1", Verdict.DIFFERENT),  # a tie is between neighbours
        ("x 1; y 0.5; n 1 1", "x 1; y 0.5; n 0 1", Verdict.DIFFERENT),  # and not on its other side: 1 or 2, never 0
        ("x 1; y 0.5; n 2 1", "x 1; y 0.5; n 0 1", Verdict.DIFFERENT),
        ("x 1; y 2; n 2 2", "x 1; y 2; n 1 3", Verdict.FLIPPED),  # two ties, each on its own
        ("x 1; y 0.5; n 1 1", "x 1.3; y 0.5; n 2 1", Verdict.FLIPPED),  # the reference stands on the tie
        ("x 1.3; y 0.5; n 2 1", "x 1; y 0.5; n 1 1", Verdict.FLIPPED),  # the candidate does
        ("x 1; y 0.5; n 1 1", "x 1; y 0.5; n 1 1", Verdict.EQUAL),
        ("x 1; y 0.5; n 1 1", "x 1; y 0.5; n 2", Verdict.DIFFERENT),  # another shape is no other decision
        ("x 1; y 0.5; n 1 1", "x 1; y 0.5; n nan 1", Verdict.NAN),
        ("n 1 1", "n 2 1", Verdict.DIFFERENT),  # nothing tells of a tie
    ],
)
def test_a_decision_may_flip_where_either_sides_inputs_stand_on_a_tie(a: str, b: str, verdict: Verdict) -> None:
    assert pair(diff(BRANCH, a, b), "n").verdict is verdict


@pytest.mark.parametrize("n", [1 - 2e-12, 2 + 2e-12])
def test_a_flipped_decision_may_be_off_by_what_else_its_formula_reads(n: float) -> None:
    """The tie is between 1 and 2; p, by which it is multiplied, may be off by some 1e-12."""
    known = catalogue("""
    [x]
    kind = "input"
    [p]
    kind = "input"
    noise = { ulp = 10000, why = "p is known to 2e-12" }
    [n]
    kind = "branch"
    parents = ["x", "p"]
    formula = "ceil(x)*p"
    noise = { ulp = 1, why = "no more than its own rounding" }
    """)
    good, other = f"x 1; p 1; n {n:.17g}", f"x 1; p 1; n {1 if n > 1.5 else 2}"
    for a, b in ((good, other), (other, good)):
        assert pair(diff(known, a, b), "n").verdict is Verdict.FLIPPED
    far = f"x 1; p 1; n {n + (n - round(n)) * 1e6:.17g}"
    assert pair(diff(known, far, other), "n").verdict is Verdict.DIFFERENT


def test_only_a_branch_is_a_decision() -> None:
    known = catalogue('[x]\nkind = "input"\n[n]\nparents = ["x"]\nformula = "ceil(x)"')
    assert pair(diff(known, "x 1; n 1", "x 1; n 2"), "n").verdict is Verdict.ILL
    assert pair(diff(known, "x 1; n 1", "x 1; n 9"), "n").verdict is Verdict.DIFFERENT
    assert pair(diff(known, "x 1; m 1", "x 1; m 2"), "m").verdict is Verdict.DIFFERENT


# ---- records that one side alone has -------------------------------------------------------------------------


def test_lonely_records_are_listed_by_quantity_and_side() -> None:
    found = diff(CHAIN, "a 1; a 2; b 2", "b 2; c 6; c 7; c 8")
    assert [(m.quantity, m.side, m.partly, [r.values[0] for r in m.records]) for m in found.missing] == [
        ("a", Side.REFERENCE, False, [1.0, 2.0]),
        ("c", Side.CANDIDATE, False, [6.0, 7.0, 8.0]),
    ]
    assert [m.more for m in found.missing] == [0, 0] and found.lines == 0, "all are there, and all were compared"


def test_partly_means_that_the_other_side_has_fewer() -> None:
    found = diff(CHAIN, "a 1; b 2; b 3", "a 1; a 2; b 2")
    assert {(m.quantity, m.side, m.partly) for m in found.missing} == {
        ("a", Side.CANDIDATE, True),
        ("b", Side.REFERENCE, True),
    }


# ---- the whole -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "agree", "same"),
    [
        (GOOD, GOOD, True, True),
        (GOOD, "a 1; b 2; c 7", False, False),  # an origin
        (GOOD, "a 1; b 3; c 6", True, False),  # healed
        (GOOD, "a 1; b 2", True, False),  # missing
    ],
)
def test_a_diff_agrees_without_origins_and_is_the_same_without_anything(
    a: str, b: str, agree: bool, same: bool
) -> None:
    found = diff(CHAIN, a, b)
    assert (found.agree, found.same, bool(found)) == (agree, same, not same)


def test_a_flipped_decision_does_not_agree() -> None:
    found = diff(BRANCH, "x 1; y 0.5; n 1 1", "x 1; y 0.5; n 2 1")
    assert (told(found), found.agree, found.same) == ({"n": "flipped"}, False, False)


def test_a_setting_alone_agrees_and_is_not_the_same() -> None:
    found = diff(CHAIN, sealed(GOOD, pixel="1"), sealed(GOOD, pixel="2"))
    assert (found.agree, found.same) == (True, False)
    inherited = replace(diff(CHAIN, GOOD, GOOD), inherited=diff(CHAIN, GOOD, "a 1; b 3; c 9").inherited)
    assert (inherited.agree, inherited.same) == (False, False), "with more records on one side there is no origin"


def test_the_first_finding_is_the_first_origin() -> None:
    found = diff(CHAIN, "a 1; b 2; c 6; new 1", "a 1.1; b 2.2; c 9; new 1")
    assert [f.quantity for f in found.origins] == ["a", "c"]
    assert found.first is found.origins[0]
    assert diff(CHAIN, GOOD, GOOD).first is None


def test_pairs_are_counted_by_verdict() -> None:
    counts = diff(CHAIN, "a 1; a 2; a 3; b 2; c 6", "a 1; a 5; a nan; b 2.0000000000000004").counts()
    assert counts == {
        "equal": 2,
        "within print": 1,
        "within noise": 0,
        "ill-conditioned": 0,
        "flipped near a tie": 0,
        "different": 1,
        "NaN on one side": 1,
        "missing": 1,
    }


@pytest.mark.parametrize(
    ("known", "graph"),
    [
        (Catalogue(), "order"),
        (CHAIN, "catalogue"),
        (from_document({"title": "my program", "quantity": {"a": {}}}), "my program"),
    ],
)
def test_the_graph_is_called_by_the_title_of_its_catalogue(known: Catalogue, graph: str) -> None:
    assert diff(known, GOOD, GOOD).graph == graph


def test_without_a_catalogue_and_limits_those_of_the_house_are_taken() -> None:
    found = compare(trace("Na 5"), trace("Na 6"))
    assert (found.limits, found.graph) == (Limits(), "nanoBragg")
    assert diff(CHAIN, GOOD, GOOD, Limits(slack=3)).limits == Limits(slack=3)


def test_the_same_comparison_twice_is_equal_and_shows_no_inner_case() -> None:
    one, two = diff(CHAIN, GOOD, "a 1; b 3; c 9"), diff(CHAIN, GOOD, "a 1; b 3; c 9")
    assert one == two
    assert "_case" not in repr(one)
    assert one != diff(CHAIN, GOOD, "a 1; b 4; c 12")


def test_evidence_is_kept_by_side() -> None:
    known = catalogue("""
    [p]
    kind = "input"
    [y]
    parents = ["p"]
    formula = "2*p"
    [z]
    parents = ["y"]
    formula = "3*y"
    """)
    found = diff(known, "p 1; y 2; z 6", "p 1; y 2000; z 6")
    assert found.labels == {Side.REFERENCE: {}, Side.CANDIDATE: {"y": 1000.0}}
    assert {side: [r.holds for r in results] for side, results in found.closures.items()} == {
        Side.REFERENCE: (holds := [True, True]),
        Side.CANDIDATE: [False, *holds[1:]],
    }
    assert found.parameters == {Side.REFERENCE: {}, Side.CANDIDATE: {}}


def test_judging_again_keeps_the_traces_and_gives_what_the_limits_would_have() -> None:
    found = diff(CHAIN, GOOD, "a 1; b 2.1; c 6.3")
    limits = Limits(relative={"b": 0.1})
    again = found.judge(limits)
    assert again == diff(CHAIN, GOOD, "a 1; b 2.1; c 6.3", limits)
    assert again.reference is found.reference and again.candidate is found.candidate


def test_a_record_without_a_partner_has_no_closure_on_the_other_side() -> None:
    case = Case(trace(GOOD), trace("a 1; b 2"), CHAIN)
    lonely = next(p for p in case.pairings if p.quantity == "c")
    ours, theirs = case.closures_of(lonely)
    assert ours is not None and ours.holds and theirs is None
    assert case.closure_of(None, Side.REFERENCE) is None
    assert case.closure_of(lonely.reference, Side.CANDIDATE) is None, "a record of the other side"
    (a,) = (p for p in case.pairings if p.quantity == "a")
    assert case.closures_of(a) == (None, None), "an input has no formula"


def test_what_a_finding_need_not_say_is_nothing() -> None:
    record = Record("x", (1.0,), ("1",))
    other = replace(record, values=(2.0,))
    judged = Judged(Pairing("x", record, other, By.KEY), (Measure(1.0, 2.0),), Verdict.DIFFERENT)
    bare = Finding("x", Role.ORIGIN, Verdict.DIFFERENT, judged, 1, 1)
    assert (bare.side, bare.cost, bare.pattern, bare.because, bare.why) == (Side.UNKNOWN, None, None, (), "")
    assert (bare.reference, bare.candidate) == (record, other)
    assert (bare.reference_closure, bare.candidate_closure) == (None, None)


def test_a_scalar_is_shown_as_itself_and_anything_else_as_its_values() -> None:
    assert value_of(Record("x", (1.5,), ("1.5",))) == 1.5
    assert value_of(Record("x", ("MOSFLM",), ("MOSFLM",))) == "MOSFLM"
    assert value_of(Record("x", (1.5,), ("1.5",), (1,))) == (1.5,)
    assert value_of(Record("x", (1.0, 2.0), ("1", "2"), (2,))) == (1.0, 2.0)
    assert value_of(Record("x", (1.0, 2.0), ("1", "2"))) == (1.0, 2.0)


def test_a_diff_is_made_of_the_traces_it_was_given() -> None:
    a, b = trace(GOOD), trace(GOOD)
    found: Diff = compare(a, b, CHAIN)
    assert found.reference is a and found.candidate is b
