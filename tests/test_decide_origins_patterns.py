"""Whose mistake a pattern is asked for, and in what order origins of little cost are told."""

from __future__ import annotations

import pytest
from firstbad.tracer.diff import Side
from small_traces import catalogue, diff, one, roles

KNOWN = catalogue("[x]\nkind = 'input'\n[y]\nparents = ['x']\nformula = 'x + 1'")
TYPED = "2.718, a constant typed with 4 digits or from another table, not 2.71828182845905"
X, SHORT = "1.7182818284590451", "1.718"
FINE, COARSE = "2.7182818284590451", "2.718"


def said(a: str, b: str, side: Side) -> str | None:
    """What the pattern of y is, given who is said to be at fault."""
    found = roles(KNOWN, a, b)
    pattern = found._pattern("y", found.pairs["y"], side)
    return pattern.text if pattern is not None else None


@pytest.mark.parametrize(
    ("side", "text"),
    [
        (Side.CANDIDATE, TYPED),
        (Side.REFERENCE, None),
        (Side.BOTH, TYPED),
        (Side.UNKNOWN, TYPED),
        (Side.NEITHER, None),
    ],
)
def test_a_pattern_is_the_mistake_of_the_side_at_fault(side: Side, text: str | None) -> None:
    """Both follow from their own x; what is right of that is for the side to say."""
    assert said(f"x {X}; y {FINE}", f"x {SHORT}; y {COARSE}", side) == text


def test_nobody_made_a_mistake_only_where_every_value_follows_on_both_sides() -> None:
    assert said(f"y {FINE}", f"y {COARSE}", Side.NEITHER) == TYPED, "no formula tells"
    assert said(f"x {X}; y {FINE}", f"x {X}; y {COARSE}", Side.NEITHER) == TYPED, "it does not follow from x"
    first, second = f"x {X}; y {FINE}", f"x {SHORT}; y {COARSE}"
    assert said(f"{first}; {first}", f"{second}; {second}", Side.NEITHER) is None
    assert said(f"{first}; {first}", f"{second}; x {X}; y {COARSE}", Side.NEITHER) == TYPED, "the second does not"


def test_the_mistake_of_the_reference_is_told_of_it() -> None:
    """Ten times too large; the candidate's formula holds."""
    ten = "27.182818284590451"
    assert said(f"x {X}; y {ten}", f"x {X}; y {FINE}", Side.REFERENCE) == (
        "the reference: a factor of 1e1: as between Å and nm"
    )
    assert said(f"x {X}; y {ten}", f"x {X}; y {FINE}", Side.UNKNOWN) == "a factor of 1e-1: as between Å and nm"


RANKED = """
    [a]
    kind = "input"
    [k]
    kind = "input"
    [b]
    parents = ["k"]
    formula = "2*k"
    [I]
    final = true
    parents = ["a", "b"]
    formula = "100 + {a}*a + {b}*b"
"""


def order(a: str, b: str) -> list[str]:
    """The origins where a is another input and b does not follow from k; their shares of the intensity are given."""
    known = catalogue(RANKED.format(a=a, b=b))
    values = [100 + float(a) * x + float(b) * y for x, y in ((1.0, 2.0), (1.5, 2.5))]
    sides = [f"a {x}; k 1; b {y}; I {v!r}" for (x, y), v in zip(((1.0, 2.0), (1.5, 2.5)), values, strict=True)]
    found = diff(known, *sides)
    assert {one(found.origins, name).side for name in "ab"} == {Side.NEITHER, Side.CANDIDATE}
    return [finding.quantity for finding in found.origins]


@pytest.mark.parametrize(
    ("a", "b", "names"),
    [
        ("10", "1", ["a", "b"]),  # what costs more comes first
        ("1", "10", ["b", "a"]),
        ("1e-4", "1e-5", ["b", "a"]),  # neither is worth the intensity's thousandth: the one that broke its formula
        ("1e-5", "1e-4", ["b", "a"]),
        ("10", "1e-5", ["a", "b"]),  # a cost that counts comes before guilt
    ],
)
def test_of_negligible_costs_a_broken_formula_comes_first(a: str, b: str, names: list[str]) -> None:
    assert order(a, b) == names
