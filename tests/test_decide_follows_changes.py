"""By how much a value should change with the parents of the other side; found by mutation testing (docs/mutation.md)."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.follows import _follows, _nearest, changed, told
from firstbad.tracer.model import Record
from firstbad.tracer.tolerance import EDGE, Limits, Measure
from firstbad.tracer.uncertain import Num
from firstbad.tracer.view import View
from small_traces import catalogue, pair, roles, trace

EPS = 2.0**-52


def of_x(*formulas: str, more: str = "") -> Catalogue:
    """A quantity y of x (and of what else is named), by these formulas."""
    inputs = "".join(f"[{name}]\nkind = 'input'\n" for name in ("x", *more.split()))
    parents = ", ".join(f"'{name}'" for name in ("x", *more.split()))
    return catalogue(f"{inputs}[y]\nparents = [{parents}]\nformula = [{', '.join(formulas)}]\n")


def viewed(known: Catalogue, text: str) -> tuple[View, Record]:
    """A trace, and its y."""
    view = View(trace(text), known)
    return view, view.records("y")[0]


def change(known: Catalogue, a: str, b: str, **swapped: float) -> list[tuple[float, float]]:
    """By how much the y of `a` should change with the values that are put in place, and both formulas' roundings."""
    (one, x), (two, y) = viewed(known, a), viewed(known, b)
    places = {id(one.records(name)[0]): Num(value) for name, value in swapped.items()}
    return changed(one, x, two, y, known.quantities["y"], places)


# ---- other numbers in the place of a record's ------------------------------------------------------------------------


def test_numbers_are_told_as_the_record_is_shaped_and_without_errors() -> None:
    view = View(trace("x 1; v 1 2 3"), Catalogue())
    x, v = view.records("x")[0], view.records("v")[0]
    assert told((2.5,), x, view) == Num(2.5, 0.0)
    assert told((4.0, 5.0, 6.0), v, view) == (Num(4.0), Num(5.0), Num(6.0))


def test_numbers_are_read_under_the_unit_label_of_the_record() -> None:
    view = View(trace("x 1500; v 1 2 3"), Catalogue())
    view.labels["x"] = 1000.0
    assert told((2500.0,), view.records("x")[0], view) == Num(2.5)
    assert told((2500.0, 1.0, 1.0), view.records("v")[0], view)[0] == Num(2500.0), "another quantity has its own"


# ---- which formula -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "formula", "value"),
    [
        ("x 3; y 6", "2*x", 6.0),
        ("x 3; y 9", "x*x", 9.0),
        ("x 3; y 7", "2*x", 6.0),  # nearer
        ("x 3; y 8", "x*x", 9.0),
        ("x 3; y 100", "x*x", 9.0),  # however far
        ("x 2; y 4", "2*x", 4.0),  # the first of two that give the same
    ],
)
def test_the_formula_nearest_to_the_record_is_the_one_that_gave_it(text: str, formula: str, value: float) -> None:
    known = of_x("{is = '2*x'}", "{is = 'x*x'}")
    found = _nearest(*viewed(known, text), known.quantities["y"])
    assert found is not None and (found[0].text, [n.v for n in found[1]]) == (formula, [value])
    turned = of_x("{is = 'x*x'}", "{is = '2*x'}")
    found = _nearest(*viewed(turned, text), turned.quantities["y"])
    assert found is not None and found[1][0].v == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x 3; n 1; y 9", "2*x"),  # the other is nearer, but is not what happens there
        ("x 3; n 2; y 6", "x*x"),
        ("x 3; n 3; y 6", None),
        ("x 3; y 6", None),  # n, which tells, is missing
        ("n 1; y 6", None),
    ],
)
def test_only_a_formula_whose_condition_holds_is_asked(text: str, expected: str | None) -> None:
    known = of_x("{is = '2*x', when = 'n == 1'}", "{is = 'x*x', when = 'n == 2'}", more="n")
    found = _nearest(*viewed(known, text), known.quantities["y"])
    assert (found and found[0].text) == expected


def test_a_formula_of_what_the_trace_lacks_is_passed_over() -> None:
    for formulas in (("{is = 'x*n'}", "{is = '2*x'}"), ("{is = '2*x'}", "{is = 'x*n'}")):
        known = of_x(*formulas, more="n")
        found = _nearest(*viewed(known, "x 3; y 6"), known.quantities["y"])
        assert found is not None and found[0].text == "2*x"


def test_what_a_formula_gives_has_the_errors_of_its_own_operations_alone() -> None:
    """x is printed with two decimals, and yet only the two products round, each once."""
    known = of_x("{is = '2*x*x'}")
    found = _nearest(*viewed(known, "x 1.50; y 4.5"), known.quantities["y"])
    assert found is not None and found[1] == (Num(4.5, 2 * 4.5 * EPS),)


# ---- by how much -------------------------------------------------------------------------------------------------------


def test_a_change_is_what_the_formula_makes_of_the_other_sides_parents() -> None:
    known = of_x("{is = 'x*x'}")
    assert change(known, "x 3; y 9", "x 3; y 9", x=5.0) == [(16.0, 18 * EPS)]
    assert change(known, "x 3; y 8.5", "x 3; y 9", x=2.0) == [(-5.0, 18 * EPS)], "from what it gives, not from y"
    assert change(known, "x 3; y 9", "x 2; y 4", x=2.0) == [(-5.0, 13 * EPS)], "each side rounds its own"
    assert change(known, "x 3; y 9", "x 2; y 4") == [(0.0, 13 * EPS)], "nothing was put in place"


def test_a_change_follows_the_formula_that_the_reference_went_by() -> None:
    known = of_x("{is = '2*x'}", "{is = 'x*x'}")
    assert change(known, "x 3; y 6", "x 5; y 25", x=5.0)[0][0] == 4.0
    assert change(known, "x 3; y 9", "x 5; y 10", x=5.0)[0][0] == 16.0


def test_a_change_is_told_of_each_component() -> None:
    known = of_x("{is = '(x, 2*x, n)'}", more="n")
    found = change(known, "x 3; n 1; y 3 6 1", "x 3; n 1; y 3 6 1", x=5.0)
    assert [moved for moved, _ in found] == [2.0, 4.0, 0.0]
    assert [own for _, own in found] == [0.0, 12 * EPS, 0.0]


def test_a_change_is_in_the_unit_that_the_label_of_the_reference_means() -> None:
    """Roundings count in the unit of the side that made them; a label may turn the sign."""
    known = of_x("{is = '2*x'}")
    (one, x), (two, y) = viewed(known, "x 3; y -6000"), viewed(known, "x 3; y 60")
    one.labels["y"], two.labels["y"] = -1000.0, 10.0
    swapped = {id(one.records("x")[0]): Num(5.0)}
    ((moved, own),) = changed(one, x, two, y, known.quantities["y"], swapped)
    assert moved == -4000.0
    assert own == pytest.approx((6000 + 60) * EPS, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("y 6", "x 3; y 6"),  # the reference does not hold its parent
        ("x 3; y 6", "y 6"),
        ("y 6", "y 6"),
        ("x 3; y 6", "x 3; y 4 3"),  # one is a number and the other a pair
        ("x 3; y 4 3", "x 3; y 6"),
    ],
)
def test_where_no_formula_tells_there_is_no_change_to_tell(a: str, b: str) -> None:
    assert change(of_x("{is = '2*x'}", "{is = '(x + 1, x)'}"), a, b) == []


def test_the_other_sides_parents_may_leave_a_formula_open() -> None:
    """There are three records of x, and no fourth."""
    known = of_x("{is = 'at(x, n)'}", more="n")
    text = "x 3; x 4; x 5; n 1; y 4"
    assert change(known, text, text, n=2.0)[0][0] == 1.0
    assert change(known, text, text, n=3.0) == []


def test_what_is_put_in_place_is_exact_and_so_is_the_rest() -> None:
    """c is printed as 1.00 and may be 0.995; the root of 0.999 - 1 is no number all the same."""
    known = of_x("{is = 'sqrt(x - c)'}", more="c")
    text = "x 2; c 1.00; y 1"
    ((moved, _),) = change(known, text, text, x=0.999)
    assert math.isnan(moved)
    assert change(known, text, text, x=1.25)[0][0] == -0.5


# ---- does it follow ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off", "printed", "floor", "follows"),
    [
        (0.0, 0.0, 0.0, True),  # exactly what the formula makes needs no allowance
        (5e-324, 0.0, 0.0, False),
        (1.0, 1.0, 0.0, True),
        (EDGE, 1.0, 0.0, True),  # binary arithmetic does not decide whether two decimals touch
        (math.nextafter(EDGE, 2), 1.0, 0.0, False),
        (7.0, 1.0, 3.0, True),
        (7.1, 1.0, 3.0, False),
        (-7.0, 1.0, 3.0, True),
        (-7.1, 1.0, 3.0, False),
        (math.nan, 1.0, 3.0, False),
    ],
)
def test_what_is_left_is_within_the_print_and_twice_the_floor(
    off: float, printed: float, floor: float, follows: bool
) -> None:
    """y = x rounds nothing, and x is the same on both sides."""
    known = of_x("{is = 'x'}")
    found = roles(known, "x 1; y 1", "x 1; y 1")
    one = replace(pair(found, "y"), measures=(Measure(0.0, off, printed, floor),))
    assert _follows(found.case, one, Limits(slack=2.0), {}) is follows


def test_a_change_that_is_due_has_to_come() -> None:
    known = of_x("{is = 'x'}")
    found = roles(known, "x 1; y 1", "x 1; y 1")
    swapped = {id(found.case.a.records("x")[0]): Num(1.5)}

    def follows(reference: float, candidate: float) -> bool:
        one = replace(pair(found, "y"), measures=(Measure(reference, candidate),))
        return _follows(found.case, one, found.limits, swapped)

    assert follows(1.0, 1.5) and follows(2.0, 2.5)
    assert not follows(1.0, 1.0) and not follows(1.0, 0.5) and not follows(1.5, 1.0)


def test_what_has_no_formula_follows_from_nothing() -> None:
    known = of_x("{is = 'x'}")
    found = roles(known, "x 1; y 1", "x 1; y 1")
    one = replace(pair(found, "x"), measures=(Measure(1.0, 1.0),))
    assert not _follows(found.case, one, found.limits, {})
