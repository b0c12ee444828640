"""One value against its formulas: how far off it may be, which of several formulas decides, and what is said of it."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.at import At
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.closure import (
    SLACK,
    _factor,  # pyright: ignore[reportPrivateUsage]
    _power_of_ten,  # pyright: ignore[reportPrivateUsage]
    _same,  # pyright: ignore[reportPrivateUsage]
    check,
)
from firstbad.tracer.closure_result import ClosureResult
from firstbad.tracer.model import Record, Trace
from firstbad.tracer.view import View
from small_traces import catalogue, sealed, trace

TWICE = catalogue("""
    [x]
    [v]
    shape = [3]
    [y]
    parents = ["x"]
    formula = "2*x"
    [w]
    parents = ["v"]
    formula = "2*v"
    [n]
    kind = "input"
    formula = "7"
    [same]
    parents = ["x"]
    formula = "x"
""")


def judged(text: str, name: str, known: Catalogue = TWICE, number: int = 0) -> ClosureResult:
    return [one for one in check(trace(text), known) if one.quantity == name][number]


def exact(name: str, *values: float, x: float = 3.0) -> ClosureResult:
    """The result for a value that no print has rounded, beside x."""
    shape = () if len(values) == 1 else (len(values),)
    records = (
        Record("shown", (1.2345678901234567,), ("1.2345678901234567",)),
        Record("x", (x,), (f"{x:.17g}",)), Record("v", (3.0, 4.0, 0.0), ("3", "4", "0"), (3,)),
        Record(name, values, tuple(f"{v:.17g}" for v in values), shape),
    )  # fmt: skip
    return next(one for one in check(Trace(records), TWICE) if one.quantity == name)


# ---- how far off ---------------------------------------------------------------------------------------------------


def test_a_result_of_which_nothing_else_is_known() -> None:
    bare = ClosureResult("q", Record("q", (1.0,), ("1",)), True)
    assert (bare.expected, bare.allowed, bare.factor, bare.label) == ((), (), None, False)
    assert (bare.formula, bare.why, bare.excess, bare.invariant, bare.broken) == ("", "", 0.0, False, False)


def test_what_follows_holds_and_says_what_it_should_be() -> None:
    found = judged("x 3; y 6", "y")
    assert (found.holds, found.broken, found.expected, found.formula) == (True, False, (6.0,), "2*x")
    assert (found.factor, found.label, found.why, found.excess, found.invariant) == (None, False, "", 0.0, False)


def test_the_allowance_is_twice_the_error_of_the_formula_and_the_print_and_noise_of_the_value() -> None:
    view = View(trace("x 0.3; y 0.6"), TWICE)
    x, y = view.records("x")[0], view.records("y")[0]
    formula = view.computed(TWICE.quantities["y"].formulas[0].formula, At(view, y, {}))[0].e
    found = judged("x 0.3; y 0.6", "y")
    assert SLACK == 2.0 and formula > 2 * view.half(x)[0]
    assert found.allowed == (2 * formula + (view.half(y)[0] + view.floor(y)[0]),)


@pytest.mark.parametrize(("times", "holds"), [(0.9, True), (-0.9, True), (1.2, False), (-1.2, False), (50, False)])
def test_a_value_within_the_allowance_holds_and_outside_it_says_by_how_much(times: float, holds: bool) -> None:
    allowed = exact("y", 6.0).allowed[0]
    found = exact("y", 6.0 + times * allowed)
    assert found.holds is holds
    assert found.excess == (0.0 if holds else pytest.approx(abs(times), rel=0.2))


def test_each_component_has_its_allowance_and_the_worst_one_counts() -> None:
    allowed = exact("w", 6.0, 8.0, 0.0).allowed
    found = exact("w", 6.0 + 5 * allowed[0], 8.0, 9 * allowed[2])
    assert found.holds is False and found.excess == pytest.approx(9, rel=0.2)
    assert exact("w", 6.0 + 0.5 * allowed[0], 8.0, 0.0).holds is True
    assert exact("w", 6.0, 8.0, 0.0).expected == (6.0, 8.0, 0.0)


@pytest.mark.parametrize(
    ("x", "y", "holds", "excess"),
    [
        (math.nan, math.nan, True, 0.0), (math.nan, 6.0, False, math.inf), (3.0, math.nan, False, math.inf),
        (math.inf, math.inf, True, 0.0), (3.0, math.inf, False, math.inf), (0.0, 0.0, True, 0.0),
        (0.0, -0.0, True, 0.0), (3.0, -math.inf, False, math.inf),
    ],
)  # fmt: skip
def test_values_that_are_no_numbers(x: float, y: float, holds: bool, excess: float) -> None:
    found = exact("same", y, x=x)
    assert (found.holds, found.excess) == (holds, excess)


@pytest.mark.parametrize(("a", "b", "allowed", "same"), [
    (1.0, 1.5, 0.5, True), (1.5, 1.0, 0.5, True), (1.0, 1.5, 0.4, False), (math.inf, math.inf, 0.0, True),
    (math.nan, math.nan, 0.0, True), (math.nan, 1.0, math.inf, False), (1.0, math.nan, math.inf, False),
])  # fmt: skip
def test_two_numbers_are_the_same_within_what_is_allowed(a: float, b: float, allowed: float, same: bool) -> None:
    assert _same(a, b, allowed) is same


def test_nothing_is_too_small_to_be_wrong() -> None:
    found = exact("same", 1e-300, x=0.0)
    assert found.holds is False and 1e10 < found.excess < math.inf


def test_a_value_of_another_shape_is_undecided() -> None:
    for text, name in (("x 3; y 6 6", "y"), ("v 3 4 0; w 6", "w")):
        found = judged(text, name)
        assert found.holds is None and f"a value of the shape of 2*{'x' if name == 'y' else 'v'}" in found.why


# ---- the factor --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "factor", "said"),
    [
        ((18.0,), 3.0, "y is not 2*x, but 3 times that"), ((-6.0,), -1.0, "y is not 2*x, but -1 times that"),
        ((6e3,), 1e3, "but 1000 times that"), ((6.0 * (1 + 1e-9),), 1 + 1e-9, "but 1.000000001 times that"),
        ((6.0 * (1 + 1e-12),), 1 + 1e-12, "y is not 2*x, but larger by 1.0e-12 of that"), ((0.0,), None, "y is not 2*x"),
        ((math.inf,), None, "y is not 2*x"),
    ],
)  # fmt: skip
def test_a_value_that_is_a_multiple_says_so(values: tuple[float, ...], factor: float | None, said: str) -> None:
    found = exact("y", *values)
    assert found.holds is False and found.why.endswith(said)
    assert found.factor == (factor if factor is None else pytest.approx(factor, rel=1e-13))


@pytest.mark.parametrize(
    ("values", "factor"),
    [
        ((18.0, 24.0, 0.0), 3.0), ((18.0, 24.0, 1.0), None), ((18.0, 8.0, 0.0), None), ((6.0, 24.0, 0.0), None),
        ((-6.0, -8.0, 0.0), -1.0), ((6e-3, 8e-3, 0.0), 1e-3),
    ],
)  # fmt: skip
def test_the_factor_of_a_vector_is_that_of_every_component(values: tuple[float, ...], factor: float | None) -> None:
    assert exact("w", *values).factor == (factor if factor is None else pytest.approx(factor))


@pytest.mark.parametrize(
    ("actual", "expected", "allowed", "factor"),
    [
        ((6.0, 2.0), (3.0, 1.0), (0.1, 0.1), 2.0), ((6.0, 2.79), (3.0, 1.0), (0.1, 0.1), 2.0),
        ((6.0, 2.81), (3.0, 1.0), (0.1, 0.1), None), ((-6.0, -2.79), (3.0, 1.0), (0.1, 0.1), -2.0),
        ((2.0, 6.0), (1.0, -3.0), (0.1, 0.1), None), ((1.0, 7.0), (1.0, -3.0), (0.0, 0.0), None),
        ((30.5, 9.0), (3.0, 1.0), (0.1, 0.1), 10.0), ((30.5, 9.0), (3.0, 1.0), (0.05, 0.1), 10.0),
        ((30.6, 10.0), (3.0, 1.0), (0.05, 0.1), 10.2), ((3.0,), (0.0,), (0.1,), None), ((0.0,), (3.0,), (0.1,), None),
        ((6.0, 3.0), (3.0, 1.0), (0.125, 0.125), 2.0), ((math.nan,), (3.0,), (0.1,), None), ((3.0,), (math.inf,), (0.1,), None), ((6.0,), (3.0,), (0.1,), 2.0),
    ],
)  # fmt: skip
def test_one_factor_fits_all_within_four_times_the_allowance(
    actual: tuple[float, ...], expected: tuple[float, ...], allowed: tuple[float, ...], factor: float | None
) -> None:
    """A power of ten is told as such where the largest component allows it."""
    found = _factor(actual, expected, allowed)
    assert found == (factor if factor is None else pytest.approx(factor, rel=1e-3))
    assert found != 10.0 or factor == 10.0


@pytest.mark.parametrize(
    ("factor", "relative", "power"),
    [
        (10.0, 0.0, 10.0), (1e10, 0.0, 1e10), (1e-3, 0.0, 1e-3), (-100.0, 0.0, -100.0), (1.0, 0.5, None),
        (-1.0, 0.5, None), (10.5, 0.04, None), (10.5, 0.06, 10.0), (9.5, 0.06, 10.0), (9.5, 0.04, None),
        (10.0 + 5e-12, 0.0, 10.0), (10.0 + 5e-11, 0.0, None), (0.0, 1.0, None), (math.inf, 1.0, None),
        (math.nan, 1.0, None), (3.0, 0.01, None), (4.0, 0.01, None), (10.0 * (1 + 1.5e-12), 0.0, None),
        (15.0, 0.5 - 1e-12, 10.0),
    ],
)  # fmt: skip
def test_a_power_of_ten_is_one_within_its_error(factor: float, relative: float, power: float | None) -> None:
    assert _power_of_ten(factor, relative) == (power if power is None else pytest.approx(power, rel=1e-15))


# ---- several formulas ---------------------------------------------------------------------------------------------------


def several(*alternatives: str, more: str = "") -> Catalogue:
    listed = ", ".join(a if a.startswith("{") else f'"{a}"' for a in alternatives)
    return catalogue(f"""
        [parameter.N]
        kind = "integer"
        most = 9
        [x]
        [absent]
        [gone]
        [y]
        parents = ["x", "absent", "gone"]
        formula = [{listed}]
        {more}
    """)


@pytest.mark.parametrize(
    ("alternatives", "holds", "why"),
    [
        (("2*x", "3*x"), True, ""), (("3*x", "2*x"), True, ""), (("3*x", "5*x + 1"), False, "y is not 3*x, but"),
        (("x - 3", "4*x"), False, "y is not 4*x, but 0.5 times that"), (("4*x", "x - 3"), False, "y is not 4*x, but"),
        (("x - 3", "x - x"), False, "y is not x - x"), (("absent", "2*x"), True, ""), (("2*x", "absent"), True, ""),
        (("9*x", "2.5*x"), False, "y is not 2.5*x, but"), (("2.5*x", "9*x"), False, "y is not 2.5*x, but"),
        (("absent", "3*x"), None, "the trace does not hold absent"), (("3*x", "absent"), None, "does not hold absent"),
        (("absent", "gone"), None, "the trace does not hold gone"), (("absent",), None, "does not hold absent"),
        (('{ is = "2*x", when = "x > 9" }',), None, "no formula applies"),
        (('{ is = "2*x", when = "gone > 9" }', "2*x"), None, "the trace does not say which formula applies"),
        (('{ is = "3*x", when = "x > 9" }', "2*x"), True, ""), (('{ is = "2*x", when = "x < 9" }', "3*x"), True, ""),
    ],
)  # fmt: skip
def test_a_value_holds_where_one_formula_that_applies_holds(
    alternatives: tuple[str, ...], holds: bool | None, why: str
) -> None:
    """It is broken only where all are known; told is the one that is nearest."""
    found = judged("x 3; y 6", "y", several(*alternatives))
    assert found.holds is holds and why in found.why


def test_a_number_that_no_parameter_gives_is_broken_beyond_measure() -> None:
    found = judged("x 3; y 7.5", "y", several("N*x"))
    assert (found.holds, found.expected, found.formula, found.excess) == (False, (), "N*x", math.inf)
    assert found.why == "y: no whole number N from 1 to 9 makes it hold"


@pytest.mark.parametrize(
    ("alternatives", "holds", "why"),
    [
        (("N*x", "2*x"), False, "no whole number N"), (("2*x", "N*x"), False, "y is not 2*x, but 1.25 times"),
        (("x - 3", "N*x"), False, "y is not x - 3"), (("N*x", "absent"), None, "the trace does not hold absent"),
        (("absent", "N*x"), None, "the trace does not hold absent"), (("N*x", "N*x + 0"), False, "no whole number N"),
        (("N*x", "2.5*x"), True, ""),
    ],
)  # fmt: skip
def test_beside_other_formulas_it_is_one_of_them(alternatives: tuple[str, ...], holds: bool | None, why: str) -> None:
    found = judged("x 3; y 7.5", "y", several(*alternatives))
    assert found.holds is holds and why in found.why


OPEN = 'open = true\nnote = "or another mode"'


@pytest.mark.parametrize(
    ("y", "alternatives", "holds", "why"),
    [
        (6, ("2*x",), True, ""), (7, ("2*x",), None, "or another mode"), (6e5, ("2*x",), False, "100000 times that"),
        (18, ("2*x",), None, "or another mode"), (7, ('{ is = "2*x", sure = true }',), False, "y is not 2*x"),
        (7, ('{ is = "2*x", when = "x < 9", sure = true }', "5*x"), False, "y is not 2*x"),
        (7, ('{ is = "2*x", when = "x > 9", sure = true }', "5*x"), None, "or another mode"),
        (7, ("absent",), None, "does not hold absent"), (0, ("2*x",), None, "or another mode"),
        (7.5, ("N*x",), None, "or another mode"), (90, ("2*x",), None, "or another mode"),
    ],
)  # fmt: skip
def test_a_value_that_may_come_from_elsewhere_is_broken_by_a_power_of_ten_or_where_a_formula_is_sure(
    y: float, alternatives: tuple[str, ...], holds: bool | None, why: str
) -> None:
    known = several(*alternatives, more=OPEN.replace("\n", "\n        "))
    found = judged(f"x 3; y {y:g}", "y", known)
    assert found.holds is holds and why in found.why


def test_without_a_note_it_is_said_plainly() -> None:
    found = judged("x 3; y 7", "y", several("2*x", more="open = true"))
    assert found.why == "it may come from elsewhere" and found.expected == (6.0,) and found.excess > 1e10


# ---- invariants ----------------------------------------------------------------------------------------------------------


INVARIANT = catalogue("""
    [a]
    shape = [3]
    [turned]
    shape = [3]
    parents = ["a"]
    of = "norm(turned)"
    formula = "norm(a)"
    [either]
    shape = [3]
    parents = ["a"]
    formula = ["a", { of = "norm(either)", is = "norm(a)" }]
""")


@pytest.mark.parametrize(("vector", "holds"), [("0 3 4", True), ("3 4 0", True), ("0 3 5", False), ("5 0 0", True)])
def test_an_invariant_of_the_value_is_held_against_the_formula(vector: str, holds: bool) -> None:
    found = judged(f"a 3 4 0; turned {vector}", "turned", INVARIANT)
    assert (found.holds, found.expected, found.invariant) == (holds, (5.0,), True)


@pytest.mark.parametrize(("vector", "holds", "invariant"), [("3 4 0", True, False), ("0 3 4", True, True), ("1 1 1", False, False)])  # fmt: skip
def test_an_alternative_may_have_an_invariant_of_its_own(vector: str, holds: bool, invariant: bool) -> None:
    found = judged(f"a 3 4 0; either {vector}", "either", INVARIANT)
    assert found.holds is holds and (found.invariant is invariant or not holds)


def test_an_invariant_may_be_off_by_the_roundings_of_the_value() -> None:
    view = View(trace("a 3 4 0; turned 0 3 4"), INVARIANT)
    record = view.records("turned")[0]
    relative = max(view.floor(record)) / 4
    allowed = judged("a 3 4 0; turned 0 3 4", "turned", INVARIANT).allowed[0]
    assert allowed > SLACK * relative * 5 > 0.5 * allowed
    assert judged("a 0 0 0; turned 0 0 0", "turned", INVARIANT).holds is True


def test_only_records_with_a_formula_are_checked_in_the_order_of_the_trace() -> None:
    found = check(trace("y 6; x 3; unknown 5; n 7; n 8; y 7"), TWICE)
    assert [(r.quantity, r.holds) for r in found] == [("y", True), ("n", True), ("n", False), ("y", False)]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("formula", "values"),
    [("floor(x)", range(7, 9)), ("2*floor(x)", range(14, 17, 2)), ("1 - floor(x)", range(-7, -5))],
)
def test_a_decision_on_a_tie_holds_on_both_sides_of_it_and_nowhere_else(
    formula: str, values: range, dtype: str
) -> None:
    known = catalogue(f'[x]\nkind = "input"\n[n]\nparents = ["x"]\nformula = "{formula}"')
    for value in range(values.start - 4, values.stop + 4, values.step):
        (found,) = check(sealed(f"x 8; n {value}", dtype=dtype), known)
        assert found.holds is (value in values), value
