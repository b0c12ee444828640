"""A line that one side printed with six digits among seventeen: rounded in print, or in the program?"""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.coarse import _relative  # pyright: ignore[reportPrivateUsage]
from firstbad.tracer.tolerance import Limits, Measure, Verdict
from small_traces import catalogue, diff, pair, sealed, told

APART, PRINT = Verdict.DIFFERENT, Verdict.PRINT


def verdict(known: Catalogue, a: str, b: str, name: str = "x") -> Verdict:
    """The verdict of the first pair of a quantity, which is the same when the sides are exchanged."""
    found = pair(diff(known, a, b), name).verdict
    assert pair(diff(known, b, a), name).verdict is found
    return found


# ---- what is unclear at all ----------------------------------------------------------------------------------

BARE = catalogue("[x]\n[y]\nparents = ['x']\n[aside]")


@pytest.mark.parametrize(
    ("short", "long", "expected"),
    [
        ("5.70088", "5.7008771", PRINT),
        ("5.70088", "5.7008849", PRINT),
        ("5.70088", "5.7008851", APART),  # more than half of the last digit shown
        ("5.70088", "5.7008749", APART),
        ("5.70088", "5.70087", PRINT),  # both may be rounded, one up and one down
        ("5.7008", "5.7008001", PRINT),  # of six digits %g strips a zero
        ("5.701", "5.7010001", APART),  # four digits are a short number, not a format
        ("5.70088 1 2", "5.7008771 1 2", PRINT),
        ("5.70088 1 2", "5.7008771 1 2.5", APART),
        ("5.70088", "5.70088", Verdict.EQUAL),
        ("5.70088", "5.7008800000000047", Verdict.NOISE),
        ("5.70088", "nan", Verdict.NAN),
    ],
)
def test_a_line_that_differs_by_no_more_than_the_digits_it_hides_is_within_print(
    short: str, long: str, expected: Verdict
) -> None:
    assert verdict(BARE, f"x {short}", f"x {long}") is expected
    assert verdict(Catalogue(), f"x {short}", f"x {long}") is expected


def test_where_a_manifest_tells_the_digits_a_short_line_is_a_short_number() -> None:
    prefixed = [sealed(f"x {value}", digits="17") for value in ("5.70088", "5.7008771")]
    assert pair(diff(BARE, *prefixed), "x").verdict is PRINT, "the word TRACE alone belongs to no program"


def test_within_print_it_plays_no_part_and_limits_are_kept() -> None:
    assert told(diff(BARE, "x 5.70088; y 1", "x 5.7008771; y 1")) == {}
    found = diff(BARE, "x 5.70088; y 1", "x 5.7008851; y 1", Limits(relative={"x": 1e-5}))
    assert pair(found, "x").verdict is Verdict.NOISE


# ---- what is computed from it --------------------------------------------------------------------------------

# x differs by 2**-21 of itself: 2**-8 has six digits, and half of the last one is more than that
SHORT, LONG = "0.00390625", f"{2**-8 - 2**-29:.17g}"


@pytest.mark.parametrize(
    ("steps", "expected"),
    [(0, PRINT), (1, APART), (32, APART), (64, APART), (64.001, PRINT), (1e6, PRINT)],
)
def test_it_differs_where_something_computed_from_it_differs_by_at_most_64_times_as_much(
    steps: float, expected: Verdict
) -> None:
    a, b = f"x {SHORT}; y 1", f"x {LONG}; y {1 - steps * 2**-21!r}"
    assert verdict(BARE, a, b) is expected
    assert verdict(Catalogue(), a, b) is expected, "by order"


def test_with_a_graph_only_descendants_count() -> None:
    near = f"{1 - 2**-21!r}"
    assert verdict(BARE, f"x {SHORT}; aside 1", f"x {LONG}; aside {near}") is PRINT
    assert verdict(BARE, f"aside 1; x {SHORT}", f"aside {near}; x {LONG}") is PRINT
    assert verdict(BARE, f"y 1; x {SHORT}", f"y {near}; x {LONG}") is APART, "wherever it stands in the trace"
    assert verdict(BARE, f"x 1; y {SHORT}", f"x {near}; y {LONG}", "y") is PRINT, "an ancestor proves nothing"
    far = catalogue("[x]\n[y]\nparents = ['x']\n[z]\nparents = ['y']")
    assert verdict(far, f"x {SHORT}; y 1; z 1", f"x {LONG}; y 1; z {near}") is APART


def test_by_order_only_what_comes_later_counts() -> None:
    near = f"{1 - 2**-21!r}"
    for known in (Catalogue(), BARE):
        assert verdict(known, f"new {SHORT}; other 1", f"new {LONG}; other {near}", "new") is APART
        assert verdict(known, f"other 1; new {SHORT}", f"other {near}; new {LONG}", "new") is PRINT


def test_one_descendant_that_moved_as_much_is_enough() -> None:
    known = catalogue("[x]\n[y]\nparents = ['x']\n[z]\nparents = ['x']")
    near = f"{1 - 2**-21!r}"
    assert verdict(known, f"x {SHORT}; y 1; z 1", f"x {LONG}; y 2; z {near}") is APART
    assert verdict(known, f"x {SHORT}; y 1; z 1", f"x {LONG}; y {near}; z 2") is APART
    assert verdict(known, f"x {SHORT}; y 1; z 1", f"x {LONG}; y 2; z 2") is PRINT


def test_two_unclear_lines_prove_nothing_about_each_other() -> None:
    found = diff(BARE, "x 5.70088; y 5.70088", "x 5.7008771; y 5.7008771")
    assert [pair(found, name).verdict for name in ("x", "y")] == [PRINT, PRINT]


@pytest.mark.parametrize(("a", "b"), [("1 2", "1"), ("MOSFLM", "XDS"), ("MOSFLM", "1"), ("1", "inf"), ("1", "nan")])
def test_a_descendant_of_another_shape_or_kind_did_not_move_by_as_much(a: str, b: str) -> None:
    assert verdict(BARE, f"x {SHORT}; y {a}", f"x {LONG}; y {b}") is PRINT
    assert verdict(Catalogue(), f"x {SHORT}; y {a}", f"x {LONG}; y {b}") is PRINT


def test_a_vector_moves_by_its_largest_difference_over_its_largest_component() -> None:
    """y: 2**-14 of the second component, which is 128 steps of that and one of the third."""
    a, b = f"x {SHORT}; y 0.5 1 128", f"x {LONG}; y 0.5 {1 - 2**-14!r} 128"
    assert verdict(BARE, a, b) is APART
    assert verdict(BARE, f"x {SHORT}; y 0.5 1 1", f"x {LONG}; y 0.5 {1 - 2**-14!r} 1") is PRINT
    # x: a step of the first component, which is 2**-8 of the second, so that y has moved 256 times as far
    a, b = f"x {SHORT} 1; y 1", f"x {LONG} 1; y {1 - 2**-21!r}"
    assert verdict(BARE, a, b) is PRINT
    assert verdict(BARE, f"x {SHORT} 1; y 1", f"x {LONG} 1; y {1 - 2**-23!r}") is APART


# ---- what its own formula says -------------------------------------------------------------------------------

FORMULA = catalogue("[a]\nkind = 'input'\n[x]\nparents = ['a']\nformula = '2*a'")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("a 2.85044; x 5.70088", "x 5.7008771234567891", APART),  # the short one is whole
        ("x 5.70088", "a 2.85044; x 5.7008771234567891", APART),  # the long one is wrong
        ("a 2.8504385617283945; x 5.70088", "x 5.7008771234567891", PRINT),  # the short one is a rounded long one
        ("x 5.70088", "a 2.8504385617283945; x 5.7008771234567891", PRINT),  # the long one is right
        ("a 2.8504385617283945; x 5.70088", "a 2.8504385617283945; x 5.7008771234567891", PRINT),
        ("a 2.85044; x 5.70088", "a 2.85044; x 5.7008771234567891", APART),
        ("a word; x 5.70088", "a word; x 5.7008771234567891", PRINT),
    ],
)
def test_a_formula_tells_whether_the_short_number_is_whole_or_the_long_one_wrong(
    a: str, b: str, expected: Verdict
) -> None:
    assert verdict(FORMULA, a, b) is expected


@pytest.mark.parametrize(("long", "expected"), [("5.7008761234567891", PRINT), ("5.7008758234567891", APART)])
def test_a_formula_that_is_not_sharp_enough_tells_nothing(long: str, expected: Verdict) -> None:
    """a is printed to six decimals, so twice a is known to 2e-6: less than half of the difference, or more."""
    assert verdict(FORMULA, "a 2.850440; x 5.70088", f"x {long}") is expected


PAIR = catalogue("[a]\nkind = 'input'\n[b]\nkind = 'input'\n[x]\nparents = ['a', 'b']\nformula = '(2*a, 2*b)'")


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        # the second component is known sharply, the first to 2e-6 only
        ("a 2.850440; b 2.85044; x 5.70088 5.70088", "x 5.7008761234567891 5.7008761234567891", PRINT),
        ("a 2.850440; b 2.85044; x 5.70088 5.70088", "x 5.7008758234567891 5.70088", APART),
        ("a 2.850440; b 2.85044; x 5.70088 5.70088", "x 5.70088 5.7008758234567891", APART),
        # a component of zero shows no digits
        ("a 2.8504385617283945; b 0; x 5.70088 0", "x 5.7008771234567891 0", PRINT),
        # one component is shown in full
        (
            "a 2.85044; b 0.12345678912345678; x 5.70088 0.24691357824691356",
            "x 5.7008771234567891 0.24691357824691356",
            APART,
        ),
        ("x 5.70088 0.24691357824691356", "a 2.85044; b 0.12345678912345678; x 5.7008771234567891 0.246914", APART),
    ],
)
def test_of_a_vector_the_largest_allowance_and_the_largest_difference_count(a: str, b: str, expected: Verdict) -> None:
    assert verdict(PAIR, a, b) is expected


def test_a_word_among_numbers_moves_without_bound() -> None:
    assert _relative((Measure("a", "a"), Measure(1.0, 1.5))) == math.inf
    assert _relative((Measure(1.0, 1.5), Measure(1.0, "a"))) == math.inf
    assert _relative((Measure(1.0, 1.5), Measure(-2.0, -2.0))) == 0.25
