"""NaN and infinities that one side shows: what they heal, and what follows from them."""

from __future__ import annotations

import pytest
from small_traces import catalogue, diff, told
from test_decide_origins_healing import CHAIN, GOOD, INVARIANT, derived


@pytest.mark.parametrize("lie", ["99", "1e300", "nan", "inf", "-inf"])
@pytest.mark.parametrize(
    ("formula", "c"),
    [("3*b", "6"), ("b + 1", "3"), ("b - 2*b", "-2"), ("exp(-b)", "0.1353352832366127"), ("floor(b)", "2"), ("b**2", "4"),
     ("sqrt(b)", "1.4142135623730951"), ("1/b", "0.5")],
)  # fmt: skip
def test_what_nothing_was_computed_with_heals_whatever_it_is(formula: str, c: str, lie: str) -> None:
    known = catalogue(f"""
    [a]
    kind = "input"
    [b]
    parents = ["a"]
    formula = "2*a"
    [c]
    parents = ["b"]
    formula = "{formula}"
    """)
    good, bad = (f"a 1; b {b}; c {c}" for b in ("2", lie))
    found = diff(known, good, bad)
    assert told(found) == {"b": "healed"}
    assert found.healed[0].side == "candidate"
    if lie not in ("99", "1e300"):
        back = diff(known, bad, good)
        assert told(back) == {"b": "healed"}
        assert back.healed[0].side == "reference"


@pytest.mark.parametrize("lie", ["nan", "inf"])
def test_what_follows_from_a_value_that_is_no_number_is_inherited(lie: str) -> None:
    assert told(diff(CHAIN, GOOD, f"a 1; b {lie}; c {lie}; d {lie}; I {lie}"))["b"] == "origin"
    assert told(diff(CHAIN, GOOD, f"a 1; b {lie}; c {lie}; d 10; I {lie}"))["b"] == "origin", "one child is enough"


def test_what_does_not_read_a_value_says_nothing_of_it() -> None:
    known = catalogue(
        "[a]\nkind = 'input'\n[b]\nparents = ['a']\n[c]\nparents = ['b', 'a']\nformula = 'b if a > 2 else a'"
    )
    for lie in ("99", "nan", "inf"):
        assert told(diff(known, "a 1; b 2; c 1", f"a 1; b {lie}; c 1")) == {"b": "origin"}


@pytest.mark.parametrize("lie", ["nan", "inf"])
def test_one_component_that_would_be_no_number_is_enough(lie: str) -> None:
    known = derived("(x, z)")
    assert told(diff(known, "x 1; z 1; c 1 1", f"x {lie}; z 1; c 1 1")) == {"x": "healed"}


def test_a_component_that_is_no_number_on_either_side_leaves_the_others_to_tell() -> None:
    """The second component of c is NaN anyway; the first would be with such an x, and is not."""
    known = derived("(x, z/(1 - x*z), z)")
    assert told(diff(known, "x 1; z 1; c 1 nan 1", "x nan; z 1; c 1 nan 1")) == {"x": "healed"}
    assert told(diff(derived("z/(1 - x*z)"), "x 1; z 1; c nan", "x nan; z 1; c nan")) == {"x": "origin"}
    assert told(diff(INVARIANT, "x 5; z 1; c 3 nan 0", "x nan; z 1; c 3 nan 0")) == {"x": "origin"}, "so is its norm"
    first = "z word; c 1"
    assert told(diff(derived("x*z"), f"x 1; {first}; x 1; z 1; c 1", f"x nan; {first}; x nan; z 1; c 1")) == {
        "x": "healed"
    }
