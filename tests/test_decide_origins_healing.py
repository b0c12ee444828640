"""What differs and yet agrees in all that is computed from it: when that heals, and when it says nothing."""

from __future__ import annotations

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.tolerance import Limits
from firstbad.tracer.uncertain import Num
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
[d]
parents = ["b"]
formula = "5*b"
[I]
parents = ["c", "d"]
formula = "c + d"
final = true
""")
GOOD = "a 1; b 2; c 6; d 10; I 16"


# ---- what heals ----------------------------------------------------------------------------------------------


def test_a_value_that_nothing_inherits_is_healed_by_all_that_is_computed_from_it() -> None:
    found = diff(CHAIN, GOOD, "a 1; b 3; c 6; d 10; I 16")
    assert told(found) == {"b": "healed"}
    assert found.healed[0].why == "what is computed from it agrees: c, d"
    assert (found.healed[0].because, found.healed[0].cost) == ((), None)


def test_one_child_that_differs_for_good_is_enough_not_to_heal() -> None:
    found = diff(CHAIN, GOOD, "a 1; b 3; c 9; d 10; I 19")
    assert told(found)["b"] == "origin"
    found = diff(CHAIN, GOOD, "a 1; b 3; c 6; d 15; I 21")
    assert told(found)["b"] == "origin"


PRODUCT = """
[x]
kind = "input"
[y]
kind = "input"
[p]
parents = ["x"]
{p}
[q]
parents = ["y"]
formula = "y + 1"
[c]
parents = ["p", "q"]
{c}
"""


def test_what_agrees_because_two_differences_make_up_for_each_other_heals_nothing() -> None:
    """p and q are exchanged; their product is the same, and follows from them on both sides."""
    formulas = {"p": 'formula = "x + 1"', "c": 'formula = "p*q"'}
    known = catalogue(PRODUCT.format(**formulas))
    assert told(diff(known, "x 2; y 4; p 3; q 5; c 15", "x 2; y 4; p 5; q 3; c 15")) == {"p": "origin", "q": "origin"}
    one_side = told(diff(known, "x 2; y 4; p 3; q 5; c 15", "x 2; y 4; p 5; q 5; c 15"))
    assert one_side == {"p": "healed"}, "c does not follow in the candidate: it did not compute with its p"
    invariant = catalogue(PRODUCT.format(**{**formulas, "c": 'of = "c"\nformula = "p*q"'}))
    exchanged = told(diff(invariant, "x 2; y 4; p 3; q 5; c 15", "x 2; y 4; p 5; q 3; c 15"))
    assert exchanged == {"p": "healed", "q": "healed"}, "an invariant may hold for wrong values"


def test_what_is_passed_on_is_healed_only_where_the_end_of_it_does_not_follow() -> None:
    """p follows from x on both sides, so x was computed with, unless c, which agrees, does not follow from p."""
    known = catalogue(PRODUCT.format(p='formula = "x + 1"', c='formula = "p*q"'))
    lie = told(diff(known, "x 2; y 4; p 3; q 5; c 15", "x 6; y 4; p 7; q 5; c 15"))
    assert lie == {"x": "healed", "p": "healed"}
    bare = catalogue(PRODUCT.format(p='formula = "x + 1"', c=""))
    assert told(diff(bare, "x 2; y 4; p 3; q 5; c 15", "x 6; y 4; p 7; q 5; c 15")) == {"x": "origin", "p": "inherited"}
    blind = catalogue(PRODUCT.format(p="", c=""))
    assert told(diff(blind, "x 2; y 4; p 3; q 5; c 15", "x 6; y 4; p 7; q 5; c 15")) == {"x": "healed", "p": "healed"}


def test_the_end_of_a_longer_chain_proves_it_and_one_end_is_enough() -> None:
    known = catalogue("""
    [x]
    kind = "input"
    [p]
    parents = ["x"]
    formula = "x + 1"
    [q]
    parents = ["p"]
    formula = "2*p"
    [c]
    parents = ["q"]
    formula = "q - 1"
    [d]
    parents = ["q"]
    """)
    lie = told(diff(known, "x 2; p 3; q 6; c 5; d 9", "x 6; p 7; q 14; c 5; d 9"))
    assert lie == {"x": "healed", "p": "healed", "q": "healed"}
    no_proof = told(diff(known, "x 2; p 3; q 6; d 9", "x 6; p 7; q 14; d 9"))
    assert no_proof == {"x": "origin", "p": "inherited", "q": "inherited"}


def test_an_end_that_follows_on_the_one_side_and_is_undecided_on_the_other_proves_nothing() -> None:
    known = catalogue(PRODUCT.format(p='formula = "x + 1"', c='formula = "p*q"'))
    found = told(diff(known, "x 2; y 4; p 3; q 5; c 15", "x 6; p 7; c 15"))
    assert (found["x"], found["p"]) == ("origin", "inherited")


def test_what_is_passed_on_in_one_step_is_passed_on() -> None:
    known = catalogue("""
    [x]
    scope = "phi"
    [p]
    scope = "phi"
    parents = ["x"]
    formula = "x + 1"
    [c]
    parents = ["p"]
    """)
    a = "x{phi=0} 2; p{phi=0} 3; x{phi=1} 2; p{phi=1} 3; c 9"
    assert told(diff(known, a, "x{phi=0} 6; p{phi=0} 7; x{phi=1} 6; p{phi=1} 8; c 9"))["x"] == "origin"
    assert told(diff(known, a, "x{phi=0} 6; p{phi=0} 8; x{phi=1} 6; p{phi=1} 8; c 9"))["x"] == "healed"


def test_a_child_that_is_healed_itself_heals() -> None:
    assert told(diff(CHAIN, GOOD, "a 1; b 3; c 9; d 15; I 16")) == {"b": "healed", "c": "healed", "d": "healed"}


def test_absent_children_are_looked_through() -> None:
    found = diff(CHAIN, "a 1; b 2; I 16", "a 1; b 3; I 16")
    assert told(found) == {"b": "healed"}
    assert found.healed[0].why == "what is computed from it agrees: I"


def test_what_nothing_present_is_computed_from_cannot_heal() -> None:
    assert told(diff(CHAIN, "a 1; b 2", "a 1; b 3")) == {"b": "origin"}
    assert told(diff(CHAIN, GOOD, GOOD.replace("I 16", "I 17"))) == {"I": "origin"}


def test_a_child_that_one_side_alone_has_heals_nothing() -> None:
    assert told(diff(CHAIN, "a 1; b 2; c 6", "a 1; b 3")) == {"b": "origin"}


def test_only_what_differs_can_be_healed() -> None:
    found = roles(CHAIN, GOOD, "a 1; b 3; c 6; d 10; I 16")
    assert [name for name in ("a", "b", "c", "d", "I") if found.healed(name)] == ["b"]


def test_the_nearest_present_children_are_found_on_every_way() -> None:
    known = catalogue("""
    [x]
    [left]
    parents = ["x"]
    [right]
    parents = ["x"]
    [s]
    parents = ["left", "right"]
    [t]
    parents = ["right"]
    [u]
    parents = ["s"]
    """)
    assert roles(known, "x 1; s 1; t 1; u 1", "x 1; s 1; t 1; u 1").children("x") == ("s", "t")


# ---- children that could not show it -------------------------------------------------------------------------

STEP = 2.0**-20
WIDE = "noise = { ulp = 4294967296, why = 'an allowance of 2**-20 of the value' }"


def derived(formula: str, noise: str = WIDE, extra: str = "") -> Catalogue:
    """x, which may lie; z, which is exact; c, computed from both."""
    return catalogue(
        f"[x]\nkind = 'input'\n[z]\nkind = 'input'\n[c]\nparents = ['x', 'z']\nformula = '{formula}'\n{noise}\n{extra}"
    )


def healed(known: Catalogue, a: str, b: str, limits: Limits | None = None) -> bool:
    """Whether x is healed rather than an origin."""
    found = told(diff(known, a, b, limits))
    assert set(found) == {"x"}, "c agrees"
    return found["x"] == "healed"


@pytest.mark.parametrize(("steps", "heals"), [(1.9, False), (2.1, True), (-1.9, False), (-2.1, True)])
def test_a_child_heals_where_the_change_would_exceed_twice_its_noise(steps: float, heals: bool) -> None:
    a, b = "x 1; z 1; c 1", f"x {1 + steps * STEP!r}; z 1; c 1"
    assert healed(derived("x*z"), a, b) is heals
    assert not healed(derived("x*z"), a, b, Limits(slack=4))
    assert healed(derived("x*z", noise=""), a, b), "a child with fine noise would have shown either"


@pytest.mark.parametrize(("steps", "heals"), [(11.9, False), (12, False), (12.1, True)])
def test_a_child_that_moved_a_little_heals_where_it_should_have_moved_four_times_as_far(
    steps: float, heals: bool
) -> None:
    """c differs by three of its steps, which agrees still: noise of both sides, twice."""
    assert healed(derived("x*z"), "x 1; z 1; c 1", f"x {1 + steps * STEP!r}; z 1; c {1 + 3 * STEP!r}") is heals


@pytest.mark.parametrize(("steps", "heals"), [(11.9, False), (12.1, True)])
def test_the_component_that_moved_most_counts(steps: float, heals: bool) -> None:
    known = derived("(x*z, x*z, 1)")
    a, b = "x 1; z 1; c 1 1 1", f"x {1 + steps * STEP!r}; z 1; c 1 {1 + 3 * STEP!r} 1"
    assert healed(known, a, b) is heals


def test_the_component_that_would_move_most_counts() -> None:
    """The noise of a vector of length one is a step for each component; the third would move by four."""
    known = derived("(x/4, x/2, 4*x)", noise=WIDE.replace("ulp =", "scale = '1', ulp ="))
    assert healed(known, "x 0.25; z 1; c 0.0625 0.125 1", f"x {0.25 + STEP!r}; z 1; c 0.0625 0.125 1")


def test_the_component_with_the_most_noise_counts() -> None:
    known = catalogue(f"""
    [x]
    kind = "input"
    [z]
    kind = "input"
    {WIDE}
    [c]
    parents = ["x", "z"]
    formula = "(x, x + z)"
    """)
    a = "x 1; z 1; c 1 2"
    assert not healed(known, a, f"x {1 + 1.9 * STEP!r}; z 1; c 1 2")
    assert healed(known, a, f"x {1 + 2.1 * STEP!r}; z 1; c 1 2")


def test_a_child_that_does_not_depend_on_it_there_says_nothing() -> None:
    assert not healed(derived("x*z"), "x 1; z 0; c 0", "x 2; z 0; c 0")


def test_one_record_of_the_child_that_would_have_shown_it_is_enough() -> None:
    a = "x 1; z 0; c 0; x 1; z 1; c 1"
    assert healed(derived("x*z"), a, "x 2; z 0; c 0; x 2; z 1; c 1")
    assert not healed(derived("x*z"), a, "x 2; z 0; c 0; x 1; z 1; c 1")


def test_a_record_that_no_formula_gives_is_passed_over() -> None:
    """z is a word at first, so that c cannot be computed there; at the second record c would not have shown it."""
    a = "x 1; z word; c 0; x 1; z 0; c 0"
    assert not healed(derived("x*z"), a, "x 2; z word; c 0; x 2; z 0; c 0")
    a = "x 1; z word; c 0; x 1; z 1; c 1"
    assert healed(derived("x*z"), a, "x 2; z word; c 0; x 2; z 1; c 1")


def test_a_child_that_cannot_be_computed_at_all_heals() -> None:
    known = catalogue("[x]\nkind = 'input'\n[c]\nparents = ['x']")
    assert healed(known, "x 1; c 5", "x 2; c 5")
    assert healed(derived("x*z"), "x 1; c 5", "x 2; c 5"), "the trace does not hold z"


def test_a_value_that_is_looked_up_heals_nothing() -> None:
    known = catalogue("[x]\n[table]\nkind = 'input'\nparents = ['x']")
    assert told(diff(known, "x 1; table 5", "x 2; table 5")) == {"x": "origin"}


# ---- children of which a formula gives an invariant only -----------------------------------------------------

INVARIANT = derived("x*z", extra="of = 'norm(c)'")


@pytest.mark.parametrize(("relative", "heals"), [(1.9, False), (2.1, True)])
def test_the_noise_of_an_invariant_is_relative_to_the_largest_component(relative: float, heals: bool) -> None:
    """The components are granted a step of |c| = 400·√3; that is √3 steps of the largest; the norm is 500."""
    off = relative * 3**0.5 * STEP * 500
    a = "x 500; z 1; c 300 400 0"
    assert healed(INVARIANT, a, f"x {500 + off!r}; z 1; c 300 400 0") is heals


def test_the_noise_of_an_invariant_is_that_of_the_references_own() -> None:
    """Noise of √3/8 of the value, twice: 216.5 of 500, 125.6 of 290. A change by 210 is none."""
    known = derived("x*z", WIDE.replace("4294967296", "562949953421312"), "of = 'norm(c)'")
    assert not healed(known, "x 500; z 1; c 300 400 0", "x 290; z 1; c 300 400 0")
    assert healed(known, "x 290; z 1; c 174 232 0", "x 500; z 1; c 174 232 0")


@pytest.mark.parametrize(("steps", "heals"), [(1.9, False), (2.1, True)])
def test_the_noise_of_an_invariant_of_nothing_is_that_of_its_scale(steps: float, heals: bool) -> None:
    """Of a vector of zeros nothing is relative: the noise rule's scale is one, and so is the invariant's noise a step."""
    known = derived("x - 1 + z", WIDE.replace("ulp =", "scale = 'z', ulp ="), "of = '1 + norm(c)'")
    assert healed(known, "x 1; z 1; c 0 0 0", f"x {1 + steps * STEP!r}; z 1; c 0 0 0") is heals


# ---- the candidate's values in the reference -----------------------------------------------------------------


def test_only_pairs_that_differ_and_have_one_shape_are_swapped() -> None:
    known = catalogue("[x]")
    found = roles(known, "x 1; x 2; x 3 4; x 5 6", "x 1; x 7; x 8 9; x 5 6")
    assert found.swap("x") == {
        id(pair(found, "x", 1).pairing.reference): Num(7.0),
        id(pair(found, "x", 2).pairing.reference): (Num(8.0), Num(9.0)),
    }
    found = roles(known, "x 1; x 2", "x 7 8; x 9")
    assert found.swap("x") == {id(pair(found, "x", 1).pairing.reference): Num(9.0)}


def test_a_word_cannot_be_swapped_and_stops_nothing() -> None:
    found = roles(catalogue("[x]"), "x MOSFLM; x 3", "x XDS; x 4")
    assert found.swap("x") == {id(pair(found, "x", 1).pairing.reference): Num(4.0)}


def test_the_candidates_value_is_read_under_the_references_wrong_label() -> None:
    """The reference prints millimetres under a label of metres; the candidate's metres become what it would print."""
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
    found = roles(known, "p 1; y 2000; z 6", "p 1; y 2; z 6")
    assert found.case.a.labels == {"y": 1000.0}
    assert found.swap("y") == {id(pair(found, "y").pairing.reference): Num(0.002)}
    assert one(found.findings(), "y").role == "healed"


def test_one_record_that_only_an_invariant_tells_of_is_enough_not_to_convict() -> None:
    """Of the first record the value itself follows, of the second only a property of it, which may hold for wrong ones."""
    rule = 'formula = [{ is = "p*q", when = "x > 0" }, { is = "p*q", of = "c", when = "x < 0" }]'
    known = catalogue(PRODUCT.format(p='formula = "x + 1"', c=rule))
    first, second = "x 2; y 4; p {}; q {}; c 15", "x -4; y 4; p {}; q {}; c -15"
    one_only = told(diff(known, first.format(3, 5), first.format(5, 3)))
    assert one_only == {"p": "origin", "q": "origin"}
    both = told(diff(known, f"{first}; {second}".format(3, 5, -3, 5), f"{first}; {second}".format(5, 3, 5, -3)))
    assert both == {"p": "healed", "q": "healed"}
