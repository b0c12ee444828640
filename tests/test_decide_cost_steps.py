"""One step of carrying an origin on: what a record becomes once the records it is computed from hold other values."""

from __future__ import annotations

from dataclasses import replace

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.cost import formula_pair, moved
from firstbad.tracer.diff import Case
from firstbad.tracer.uncertain import Num, Term
from small_traces import catalogue, roles, trace


def swapped(known: Catalogue, a: str, name: str, terms: dict[str, float | tuple[float, ...]]) -> Term | None:
    """What the last record of a quantity becomes once others hold other values."""
    found = roles(known, a, a)
    view = found.case.a
    numbers: dict[int, Term] = {
        id(view.records(key)[-1]): Num(value) if isinstance(value, float) else tuple(map(Num, value))
        for key, value in terms.items()
    }
    return moved(found.case, view.records(name)[-1], known.quantities[name], numbers)


def test_a_value_that_follows_is_shifted_by_what_its_formula_changes() -> None:
    """Its allowance of an eighth is kept as it is: 1.1 is 0.1 more than follows, before and after."""
    known = catalogue("[x]\n[y]\nparents = ['x']\nformula = 'x'\nnoise = { ulp = 562949953421312, why = 'an eighth' }")
    shifted = swapped(known, "x 1; y 1.1", "y", {"x": 10.0})
    assert isinstance(shifted, Num) and shifted.v == pytest.approx(10.1)


@pytest.mark.parametrize(
    ("formula", "x", "y", "other", "expected"),
    [
        ("x", 1, 5, 10.0, 50),  # five times what follows, before and after
        ("x - 1", 1, 5, 3.0, 7),  # nothing follows: five more than that
        ("x", 1, 5, 0.0, 0),
    ],
)
def test_a_number_that_does_not_follow_is_scaled_unless_its_formula_gives_zero(
    formula: str, x: float, y: float, other: float, expected: float
) -> None:
    known = catalogue(f"[x]\n[y]\nparents = ['x']\nformula = '{formula}'")
    assert swapped(known, f"x {x}; y {y}", "y", {"x": other}) == Num(expected)


def test_a_vector_is_shifted_whether_it_follows_or_not() -> None:
    known = catalogue("[x]\n[v]\nparents = ['x']\nformula = '(x, 2*x, 7)'")
    assert swapped(known, "x 1; v 1 2 7", "v", {"x": 3.0}) == (Num(3.0), Num(6.0), Num(7.0))
    assert swapped(known, "x 1; v 5 2 7", "v", {"x": 3.0}) == (Num(7.0), Num(6.0), Num(7.0))


def test_a_vector_of_one_component_stays_a_vector() -> None:
    known = catalogue("[x]\n[v]\nparents = ['x']\nformula = '2*x'")
    a = trace("x 1; v 5")
    one_long = replace(a, records=tuple(replace(r, shape=(1,)) if r.quantity == "v" else r for r in a.records))
    case = Case(one_long, one_long, known)
    x, v = case.a.records("x")[0], case.a.records("v")[0]
    assert moved(case, v, known.quantities["v"], {id(x): Num(2.0)}) == (Num(10.0),)


def test_what_gives_an_invariant_is_followed_only_where_nothing_gives_the_value() -> None:
    known = catalogue("""
    [x]
    [y]
    parents = ["x"]
    formula = [{ is = "x*x", of = "y*y" }, "2*x"]
    [z]
    parents = ["x"]
    formula = [{ is = "x*x", of = "z*z" }]
    """)
    assert swapped(known, "x 1; y 2", "y", {"x": 3.0}) == Num(6.0)
    assert swapped(known, "x 1; z 1", "z", {"x": 3.0}) is None
    case = roles(known, "x 1; z 1", "x 1; z 1").case
    (x,), (z,) = case.a.records("x"), case.a.records("z")
    got = formula_pair(case, z, known.quantities["z"], {id(x): Num(3.0)})
    assert got is not None and (got[0][0].v, got[1][0].v) == (1, 9)


def test_what_was_swapped_already_or_has_an_invariant_only_or_does_not_change_stays() -> None:
    known = catalogue(
        "[x]\n[y]\nparents = ['x']\nformula = '2*x'\n[z]\nparents = ['x']\nformula = 'x*x'\nof = 'abs(z)'"
    )
    assert swapped(known, "x 1; y 2", "y", {"x": 3.0, "y": 9.0}) is None
    assert swapped(known, "x 1; z 1", "z", {"x": 3.0}) is None
    assert swapped(known, "x 1; y 2", "y", {"x": 1.0}) is None
    assert swapped(known, "x 1; y 2", "y", {}) is None
    assert swapped(known, "x 1; y word", "y", {"x": 3.0}) is None
    assert swapped(known, "y 2", "y", {}) is None


CHOICE = catalogue("""
[mode]
[x]
[y]
parents = ["x", "mode"]
formula = ["x", { is = "x*x", when = "mode == 1" }, "mode*x*x*x"]
""")


@pytest.mark.parametrize(
    ("a", "pair"),
    [
        ("mode 1; x 2; y 4", (4, 9)),  # the second holds
        ("mode 1; x 2; y 2", (2, 3)),  # the first does
        ("mode 1; x 2; y 8", (8, 27)),  # the third does
        ("mode 1; x 2; y 5", (4, 9)),  # none: the nearest
        ("x 2; y 8", (2, 3)),  # the trace does not tell
    ],
)
def test_the_formula_that_held_is_the_one_that_is_followed(a: str, pair: tuple[float, float]) -> None:
    found = roles(CHOICE, a, a)
    view = found.case.a
    (y,), (x,) = view.records("y"), view.records("x")
    got = formula_pair(found.case, y, CHOICE.quantities["y"], {id(x): Num(3.0)})
    assert got is not None and (got[0][0].v, got[1][0].v) == pair


def test_a_formula_that_cannot_be_evaluated_gives_way_to_the_next_and_its_condition_is_not_asked() -> None:
    known = catalogue("""
    [mode]
    [x]
    [y]
    parents = ["x", "mode"]
    formula = ["mode*x", { is = "x*x", when = "mode == 1" }]
    """)
    assert swapped(known, "x 2; y 4", "y", {"x": 3.0}) == Num(9.0)
    assert swapped(known, "mode 2; x 2; y 7", "y", {"x": 3.0}) == Num(7 * 1.5)


def test_a_formula_must_give_as_many_numbers_as_the_record_holds_before_and_after() -> None:
    known = catalogue("""
    [x]
    [v]
    parents = ["x"]
    formula = ["(x, x) if x > 0 else x", "(x, 5*x)"]
    """)
    assert swapped(known, "x 1; v 7 7", "v", {"x": 2.0}) == (Num(8.0), Num(8.0))
    assert swapped(known, "x 1; v 7 7", "v", {"x": -1.0}) == (Num(5.0), Num(-3.0)), "the second formula"
    assert swapped(known, "x -1; v 7 7", "v", {"x": 1.0}) == (Num(9.0), Num(17.0))
    assert swapped(known, "x 1; v 7 7 7", "v", {"x": 2.0}) is None


def test_an_invariant_may_have_another_length_than_its_vector() -> None:
    """The values on the way are exact: what printing hides of z is no part of the pair."""
    known = catalogue("[x]\n[z]\n[v]\nparents = ['x', 'z']\nformula = '(x, z)'\nof = '(norm(v), 1)'")
    found = roles(known, "x 5; z 1; v 3 4 0", "x 5; z 1; v 3 4 0")
    view = found.case.a
    (x,), (v,) = view.records("x"), view.records("v")
    got = formula_pair(found.case, v, known.quantities["v"], {id(x): Num(6.0)})
    assert got == ((Num(5.0), Num(1.0)), (Num(6.0), Num(1.0)))
