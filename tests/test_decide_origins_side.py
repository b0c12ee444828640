"""Whose fault an origin is, whose trace lies where something heals, and what is said about it."""

from __future__ import annotations

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Side
from firstbad.tracer.text import parse
from firstbad.tracer.tolerance import Limits
from small_traces import catalogue, diff, one, told


def kind_of(kind: str, formula: str = "") -> Catalogue:
    """x of some kind and y, which is computed from it."""
    rule = f"formula = '{formula}'" if formula else ""
    return catalogue(f"[a]\nkind = 'input'\n[x]\nkind = '{kind}'\nparents = ['a']\n{rule}\n[y]\nparents = ['x']")


# ---- the side of an origin -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "side"),
    [
        (2, 3, Side.CANDIDATE),
        (3, 2, Side.REFERENCE),
        (3, 4, Side.BOTH),
    ],
)
def test_the_side_whose_value_does_not_follow_is_at_fault(a: float, b: float, side: Side) -> None:
    found = diff(kind_of("derived", "2*a"), f"a 1; x {a}; y 1", f"a 1; x {b}; y 2")
    assert told(found) == {"x": "origin", "y": "inherited"}
    assert found.origins[0].side is side


@pytest.mark.parametrize(
    ("a", "b", "side"),
    [
        ("O.5", "0.5", Side.REFERENCE),
        ("0.5", "O.5", Side.CANDIDATE),
        ("0.5", "0.25", Side.UNKNOWN),
        ("A", "B", Side.UNKNOWN),
    ],
)
def test_a_word_where_the_other_side_has_a_number_is_a_fault(a: str, b: str, side: Side) -> None:
    for last, findings in (("y 2", "origins"), ("y 1", "healed")):
        found = one(getattr(diff(kind_of("derived"), f"a 1; x {a}; y 1", f"a 1; x {b}; {last}"), findings), "x")
        assert found.side is side
        assert (found.why == f"{side}: is a word where the other side has a number") is (side is not Side.UNKNOWN)


@pytest.mark.parametrize(
    ("kind", "side"),
    [("input", Side.NEITHER), ("config", Side.NEITHER), ("derived", Side.UNKNOWN), ("constant", Side.UNKNOWN)],
)
def test_without_a_formula_only_what_is_given_is_nobodys_fault(kind: str, side: Side) -> None:
    found = diff(kind_of(kind), "a 1; x 2; y 1", "a 1; x 3; y 2")
    assert one(found.origins, "x").side is side


@pytest.mark.parametrize("kind", ["input", "config", "derived"])
def test_where_a_formula_tells_it_decides_for_every_kind(kind: str) -> None:
    found = diff(kind_of(kind, "2*a"), "a 1; x 2; y 1", "a 1; x 3; y 2")
    assert one(found.origins, "x").side is Side.CANDIDATE


def test_a_quantity_that_the_catalogue_does_not_know_has_no_side() -> None:
    assert diff(kind_of("input"), "strange 1", "strange 2").origins[0].side is Side.UNKNOWN


def test_where_every_alternative_holds_neither_is_at_fault() -> None:
    known = catalogue("[a]\nkind = 'input'\n[x]\nparents = ['a']\nformula = ['a', '2*a']")
    assert diff(known, "a 1; x 1", "a 1; x 2").origins[0].side is Side.NEITHER


def test_one_pair_of_which_the_formulas_ask_otherwise_is_enough_for_neither() -> None:
    """The second pair differs by a trillionth, which a slack of nothing does not grant: both follow from a."""
    known = catalogue(
        "[a]\nkind = 'input'\n[x]\nparents = ['a']\nformula = ['a', '2*a']\nnoise = { ulp = 1e5, why = 'x' }"
    )
    found = diff(known, "a 1; x 1; a 3; x 3", "a 1; x 2; a 3; x 3.000000000001", Limits(slack=0))
    assert (found.origins[0].different, found.origins[0].side) == (2, Side.NEITHER)
    alone = diff(known, "a 1; x 1; a 3; x 3", "a 1; x 1; a 3; x 3.000000000001", Limits(slack=0))
    assert (alone.origins[0].different, alone.origins[0].side) == (1, Side.UNKNOWN)


@pytest.mark.parametrize(
    ("kind", "side"), [("derived", Side.UNKNOWN), ("input", Side.NEITHER)], ids=["computed", "given"]
)
def test_what_follows_from_the_same_parents_on_both_sides_is_no_input_where_it_is_computed(
    kind: str, side: Side
) -> None:
    """Four decimals of b hide on one side that y does not follow from it: which is wrong cannot be told."""
    known = catalogue(f'[b]\nkind = "input"\n[y]\nkind = "{kind}"\nparents = ["b"]\nformula = "1000*b"')
    rows = [(0.0123456 + 0.0026 * step, 12.3456 + 2.6 * step) for step in range(6)]
    fine = parse("".join(f"TRACE: b {b:.17g}\nTRACE: y {y:.17g}\n" for b, y in rows))
    coarse = parse("".join(f"TRACE: b {b:.4f}\nTRACE: y {y * 1.002:.4f}\n" for b, y in rows))
    (found,) = diff(known, fine, coarse).origins
    assert (found.quantity, found.side, found.different) == ("y", side, 6)
    assert (found.why == "it follows from its parents on both sides, as far as their digits tell") is (
        kind == "derived"
    )


def test_one_pair_that_does_not_follow_decides_among_many_that_cannot_tell() -> None:
    known = kind_of("derived", "2*a")
    found = diff(known, "a word; x 2; a 1; x 2", "a word; x 9; a 1; x 9")
    assert (found.origins[0].different, found.origins[0].side) == (2, Side.CANDIDATE)


# ---- a wrong unit label --------------------------------------------------------------------------------------

LABELLED = catalogue("""
[p]
kind = "input"
[y]
parents = ["p"]
formula = "2*p"
[z]
parents = ["y"]
formula = "3*y"
""")


@pytest.mark.parametrize(
    ("a", "b", "side"),
    [(2, 2000, Side.CANDIDATE), (2000, 2, Side.REFERENCE), (2000, 2e6, Side.BOTH)],
)
def test_the_side_of_a_wrong_unit_label_is_the_one_that_has_it(a: float, b: float, side: Side) -> None:
    found = diff(LABELLED, f"p 1; y {a}; z 6", f"p 1; y {b}; z 6")
    assert told(found) == {"y": "healed"}
    assert found.healed[0].side is side


# ---- the side of a lie ---------------------------------------------------------------------------------------

LIE = catalogue("""
[x]
[z]
kind = "input"
[c]
parents = ["x", "z"]
formula = ["x*z", "2*x*z"]
""")


@pytest.mark.parametrize(
    ("a", "b", "side"),
    [
        ("x 2; z 3; c 6", "x 5; z 3; c 6", Side.CANDIDATE),
        ("x 5; z 3; c 6", "x 2; z 3; c 6", Side.REFERENCE),
        ("x 2; z 3; c 8", "x 5; z 3; c 8", Side.BOTH),
        ("x 2; z 3; c 6", "x 5; c 6", Side.UNKNOWN),
        ("x 5; z 3; c 6", "x 2; c 6", Side.UNKNOWN),
        ("x 2; c 6", "x 5; z 3; c 6", Side.UNKNOWN),
        ("x 2; c 6", "x 5; c 6", Side.UNKNOWN),
    ],
)
def test_who_prints_what_it_did_not_compute_with_is_told_by_a_child_that_agrees(a: str, b: str, side: Side) -> None:
    found = diff(LIE, a, b)
    assert told(found) == {"x": "healed"}
    assert found.healed[0].side is side


def test_what_agrees_because_another_formula_makes_up_for_it_convicts_nobody() -> None:
    """c is once x, once 2 x, and follows on both sides: the program may well have computed with its x."""
    known = catalogue("""
    [x]
    kind = "input"
    [c]
    parents = ["x"]
    formula = ["x", "2*x"]
    """)
    (lie,) = diff(known, "x 2; c 2", "x 1; c 2").origins
    assert lie.side is Side.NEITHER
    assert told(diff(LIE, "x 2; z 3; c 6", "x 1; z 3; c 6")) == {"x": "origin"}


def test_the_values_own_formula_comes_before_those_of_its_children() -> None:
    """In the candidate x is right and c is not computed from it; in the reference x itself is wrong."""
    known = catalogue("""
    [a]
    kind = "input"
    [x]
    parents = ["a"]
    formula = "2*a"
    [c]
    parents = ["x"]
    formula = "3*x"
    """)
    (lie,) = diff(known, "a 1; x 3; c 9", "a 1; x 2; c 9").healed
    assert (lie.quantity, lie.side) == ("x", Side.REFERENCE)


TWO = catalogue("""
[x]
[c]
parents = ["x"]
formula = "3*x"
[d]
parents = ["x"]
formula = "5*x"
[e]
parents = ["d"]
formula = "7*d"
""")


def test_a_child_that_differs_convicts_nobody() -> None:
    """d follows from the lie on both sides; c, which agrees, does not follow from it in the candidate."""
    found = diff(TWO, "x 2; c 6; d 10; e 70", "x 4; c 6; d 20; e 70")
    assert told(found) == {"x": "healed", "d": "healed"}
    assert {f.quantity: f.side for f in found.healed} == {"x": Side.CANDIDATE, "d": Side.CANDIDATE}
    found = diff(TWO, "x 2; d 10; e 70", "x 4; d 20; e 70")
    assert {f.quantity: f.side for f in found.healed} == {"x": Side.UNKNOWN, "d": Side.CANDIDATE}


PLAIN = catalogue("[x]\n[c]\nparents = ['x']")


@pytest.mark.parametrize(
    ("a", "b", "side"),
    [
        ("nan", "1", Side.REFERENCE),
        ("1", "nan", Side.CANDIDATE),
        ("1 nan", "2 2", Side.REFERENCE),
        ("1 2", "2 nan", Side.CANDIDATE),
        ("nan 1", "nan nan", Side.CANDIDATE),
        ("nan nan", "nan 1", Side.REFERENCE),
        ("nan 1", "nan 2", Side.UNKNOWN),
        ("1", "2", Side.UNKNOWN),
        ("MOSFLM", "XDS", Side.UNKNOWN),
    ],
)
def test_who_alone_prints_nan_did_not_compute_with_it(a: str, b: str, side: Side) -> None:
    (lie,) = diff(PLAIN, f"x {a}; c 1", f"x {b}; c 1").healed
    assert lie.side is side


# ---- what is said --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        (2, 3, "candidate: x is not 2*a, but 1.5 times that"),
        (4, 2, "reference: x is not 2*a, but 2 times that"),
        (4, 3, "reference: x is not 2*a, but 2 times that; candidate: x is not 2*a, but 1.5 times that"),
    ],
)
def test_an_origin_says_what_each_side_breaks(a: float, b: float, why: str) -> None:
    found = diff(kind_of("derived", "2*a"), f"a 1; x {a}; y 1", f"a 1; x {b}; y 2")
    assert found.origins[0].why == why


def test_an_origin_without_a_formula_says_nothing_and_one_that_cannot_be_evaluated_says_what_is_lacking() -> None:
    assert diff(kind_of("derived"), "x 2; y 1", "x 3; y 2").origins[0].why == ""
    found = diff(kind_of("derived", "2*a"), "x 2; y 1", "x 3; y 2")
    assert found.origins[0].why == "reference: the trace does not hold a; candidate: the trace does not hold a"
    found = diff(kind_of("derived", "2*a"), "a 1; x 2; y 1", "x 3; y 2")
    assert found.origins[0].why == "candidate: the trace does not hold a"


def test_what_it_looks_like_is_said_of_origins_and_of_what_heals_alone() -> None:
    known = catalogue("""
    [x]
    [y]
    parents = ["x"]
    """)
    a, b = "".join(f"x {i}.37\n" for i in range(1, 6)), "".join(f"x -{i}.37\n" for i in range(1, 6))
    (origin,) = diff(known, a, b).origins
    assert origin.pattern is not None and origin.pattern.kind == "sign"
    (healed,) = diff(known, a + "y 1", b + "y 1").healed
    assert healed.pattern == origin.pattern
    (inherited,) = diff(known, a + a.replace("x", "y"), b + b.replace("x", "y")).inherited
    assert (inherited.quantity, inherited.pattern) == ("y", None)
