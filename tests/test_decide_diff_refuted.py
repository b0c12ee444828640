"""A value that does not follow from its parents, where the other side's does, is not excused by what these may be off."""

from __future__ import annotations

from dataclasses import replace

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.diff import Side, compare
from firstbad.tracer.text import parse
from small_traces import catalogue, diff, told

OFF = "noise = { ulp = 1e6, why = 'inputs that may be off by 2e-10' }"
ONE = catalogue(f"[x]\nkind = 'input'\n{OFF}\n[y]\nparents = ['x']\nformula = 'x - 1'")
TWO = catalogue(f"[x]\nkind = 'input'\nshape = [2]\n{OFF}\n[y]\nparents = ['x']\nshape = [2]\nformula = 'x - 1'")
BARE = catalogue(f"[x]\nkind = 'input'\n[y]\nparents = ['x']\n{OFF}")
HALF = catalogue(f"[x]\nkind = 'input'\n{OFF}\n[s]\n[y]\nparents = ['x', 's']\nformula = ['x - 1', 's']")
NEAR = "0.50000000000100009"
"""A half, off by 1e-12: far more than rounding makes of 1.5 - 1, far less than x may be off."""
CEIL = catalogue(
    "[x]\nkind = 'input'\n[n]\nparents = ['x']\nformula = 'ceil(x)'\n[y]\nparents = ['n']\nformula = '2*n'"
)
CEILS = catalogue("[x]\nkind = 'input'\nshape = [2]\n[n]\nparents = ['x']\nshape = [2]\nformula = 'ceil(x)'")
ABOVE = "1.0000000000000002"
"""The next number above 1, so that it is rounded up to 2."""
TEXT = "1.2345678901234567"


def verdict(known: object, a: str, b: str) -> dict[str, str]:
    return told(diff(known, f"{a}; long {TEXT}", f"{b}; long {TEXT}"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("a", "b", "found"),
    [
        ("x 1.5; y 0.5", f"x 1.5; y {NEAR}", {"y": "origin"}),
        (f"x 1.5; y {NEAR}", "x 1.5; y 0.5", {"y": "origin"}),
        (f"x 1.5; y {NEAR}", "x 1.5; y 0.49999999999900013", {}),  # neither follows: which is right is not known
        ("x 1.5; y 0.5", "x 1.5000000000010001; y 0.50000000000100009", {}),  # it follows from its own x
        ("x 1.5; y 0.5", "x 1.5000000000010001; y 0.50000000000200018", {"y": "origin"}),  # it does not
        ("x 1.5000000000010001; y 0.50000000000200018", "x 1.5; y 0.5", {"y": "origin"}),
        ("x 1.5; y 0.5", "x 1.5; y 0.50000000000000011", {}),  # a rounding
    ],
)
def test_what_one_side_s_parents_may_be_off_excuses_no_value_that_does_not_follow_from_them(
    a: str, b: str, found: dict[str, str]
) -> None:
    assert verdict(ONE, a, b) == found


def test_one_component_that_does_not_follow_is_enough() -> None:
    a = "x 1.5 2.5; y 0.5 1.5"
    assert verdict(TWO, a, f"x 1.5 2.5; y {NEAR} 1.5") == {"y": "origin"}
    assert verdict(TWO, a, f"x 1.5 2.5000000000099987; y {NEAR} 1.5000000000099987") == {"y": "origin"}
    assert verdict(TWO, a, "x 1.5 2.5000000000099987; y 0.5 1.5000000000099987") == {}


CANCELS = catalogue(
    "[a]\nkind = 'input'\n[b]\nparents = ['a']\nformula = 'sqrt(a)*sqrt(a)'\n"
    "[d]\nparents = ['a', 'b']\nformula = 'a-b'\n[z]\nparents = ['d']\nformula = '2*d'"
)


def test_a_fault_behind_a_value_that_is_all_rounding_is_found() -> None:
    a = "a 2; b 2.0000000000000004; d -4.4408920985006262e-16; z -8.8817841970012523e-16"
    b = "a 2; b 2.0000000000000009; d -8.8817841970012523e-16; z {}"
    assert verdict(CANCELS, a, b.format("-1.7763568394002505e-15")) == {}
    assert verdict(CANCELS, a, b.format("1.7763568394002505e-15")) == {"z": "origin"}
    assert verdict(CANCELS, a, b.format("-2.2204460492503131e-15")) == {"z": "origin"}


@pytest.mark.parametrize(
    ("x", "n", "found"),
    [
        (ABOVE, "2", {}),  # the last bit of x decided
        (ABOVE, "1", {}),
        (ABOVE, "3", {"n": "origin"}),
        (ABOVE, "0", {"n": "origin"}),
        ("1", "2", {}),  # its x may have been above 1
        ("1", "3", {"n": "origin"}),
        ("1", "0", {"n": "origin"}),
    ],
)
def test_a_whole_number_near_a_tie_is_one_of_two(x: str, n: str, found: dict[str, str]) -> None:
    a, b = "x 1; n 1; y 2", f"x {x}; n {n}; y {2 * int(n)}"
    assert {name: role for name, role in verdict(CEIL, a, b).items() if name == "n"} == found
    assert {name: role for name, role in verdict(CEIL, b, a).items() if name == "n"} == found


def test_a_tie_on_one_side_excuses_no_value_that_breaks_the_other():
    assert verdict(CEIL, "x 1; n 2; y 4", "x 1.5; n 1; y 2") == {"x": "origin", "n": "origin"}
    assert verdict(CEIL, "x 1.5; n 1; y 2", "x 1; n 2; y 4") == {"x": "origin", "n": "origin"}


@pytest.mark.parametrize(
    ("n", "found"), [("1 3", {}), ("2 3", {}), ("3 3", {"n": "origin"}), ("1 4", {"n": "origin"}), ("0 3", {"n": "origin"})]
)  # fmt: skip
def test_one_component_near_a_tie_excuses_no_other(n: str, found: dict[str, str]) -> None:
    assert verdict(CEILS, "x 1 2.5; n 1 3", f"x {ABOVE} 2.5; n {n}") == found


def test_what_no_formula_decides_is_granted_its_noise() -> None:
    assert verdict(BARE, "x 1.5; y 0.5", f"x 1.5; y {NEAR}") == {}
    assert verdict(HALF, "x 1.5; y 0.5", f"x 1.5; y {NEAR}") == {}, "s is absent: it might be that"
    assert verdict(HALF, "x 1.5; s 7; y 0.5", f"x 1.5; s 7; y {NEAR}") == {"y": "origin"}


def test_a_loop_whose_values_break_their_formulas_is_not_run_in_another_order() -> None:
    plain = "[t]\nkind = 'input'\n[pos]\nparents = ['t']\n{}\n[F]\nparents = ['pos']\nformula = '2*pos'"
    a, b = "t 1; pos 1; F 2; pos 2; F 4; pos 3; F 6", "t 1; pos 3; F 6; pos 1; F 2; pos 2; F 4"
    assert told(diff(catalogue(plain.format("")), a, b)) == {}
    placed = catalogue(plain.format("formula = 't + index(pos)'"))
    assert told(diff(placed, a, b)) == {"pos": "origin", "F": "inherited"}
    assert told(diff(placed, a, a)) == {}


def test_a_diff_that_was_not_made_by_comparing_hides_nothing() -> None:
    found = diff(ONE, "x 1.5; y 0.5", "x 1.5; y 0.5")
    assert set(found.hidden) == {Side.REFERENCE, Side.CANDIDATE}
    assert replace(found, _case=None).hidden == {}


# ---- a formula that has no value -----------------------------------------------------------------------------------------

RATIO = catalogue(
    "[x]\nkind = 'input'\n[s]\nparents = ['x']\nformula = 'sin(x)/x'\n[r]\nparents = ['s']\nformula = '2*s'"
)


@pytest.mark.parametrize(("a", "b"), [("1", "7"), ("1", "0"), ("1", "0.99"), ("1", "nan"), ("nan", "1")])
def test_where_a_formula_has_no_value_it_excuses_and_accuses_nothing(a: str, b: str) -> None:
    found = diff(RATIO, f"x 0; s {a}; long {TEXT}", f"x 0; s {b}; long {TEXT}")
    assert told(found) == {"s": "origin"}
    assert [one.side for one in found.origins] == [Side.UNKNOWN]
    assert all(result.holds is None for results in found.closures.values() for result in results)


def test_nan_that_comes_from_nan_follows() -> None:
    found = diff(RATIO, f"x 1; s 0.8414709848078965; long {TEXT}", f"x nan; s nan; long {TEXT}")
    assert told(found) == {"x": "origin", "s": "inherited"}
    stale = diff(RATIO, f"x nan; s nan; r nan; long {TEXT}", f"x nan; s nan; r 7; long {TEXT}")
    assert told(stale) == {"r": "origin"} and stale.origins[0].side is Side.CANDIDATE


@pytest.mark.parametrize("formula", ["1/(x-1.5)", "sqrt(x-2)", "x**(1e6*x)", "exp(1000*x)"])
def test_no_value_of_any_kind_grants_everything(formula: str) -> None:
    known = catalogue(f"[x]\nkind = 'input'\n[s]\nparents = ['x']\nformula = '{formula}'")
    assert verdict(known, "x 1.5; s 1.25", "x 1.5; s 1.75") == {"s": "origin"}


def test_one_component_without_a_value_is_enough() -> None:
    known = catalogue("[x]\nkind = 'input'\n[v]\nshape = [2]\nparents = ['x']\nformula = '(sin(x)/x, x + 1)'")
    found = diff(known, "x 0; v 1 1", f"x 0; v 7 1; long {TEXT}")
    assert told(found) == {"v": "origin"} and found.origins[0].side is Side.UNKNOWN


def test_nan_of_one_parent_beside_a_number_of_another_follows() -> None:
    known = catalogue("[x]\nkind = 'input'\n[q]\nkind = 'input'\n[s]\nparents = ['x', 'q']\nformula = 'x + q'")
    found = diff(known, "x 1; q 2; s 3", "x nan; q 2; s nan")
    assert told(found) == {"x": "origin", "s": "inherited"}
    assert [one.holds for one in found.closures[Side.CANDIDATE]] == [True]


def test_another_formula_that_has_a_value_still_grants_what_its_parents_may_be_off() -> None:
    known = catalogue(f"[x]\nkind = 'input'\n{OFF}\n[y]\nparents = ['x']\nformula = ['x/(x-1.5)', 'x - 1', 'x + 1']")
    assert verdict(known, "x 1.5; y 0.5", "x 1.5000000000010001; y 0.50000000000100009") == {}
    assert verdict(known, "x 1.5; y 0.6", "x 1.5; y 0.60000000000100009") == {}, "it follows on neither side"


# ---- nothing behind a name -------------------------------------------------------------------------------------------------


def test_an_empty_word_on_both_sides_is_the_same() -> None:
    one, two = "TRACE: x 1\nTRACE: mode  \n", "TRACE: x 1\nTRACE: mode fast\n"
    assert compare(parse(one), parse(one), Catalogue()).same
    for pair in ((one, two), (two, one)):
        assert told(compare(*map(parse, pair), Catalogue())) == {"mode": "origin"}
