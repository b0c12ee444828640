"""Parameters that a trace does not hold are inferred where the formulas allow it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from firstbad.tracer.catalogue import Catalogue, from_document
from firstbad.tracer.closure import (
    _short,  # pyright: ignore[reportPrivateUsage]
    check_view,
)
from firstbad.tracer.closure_result import ClosureResult
from firstbad.tracer.uncertain import Num
from firstbad.tracer.view import View
from small_traces import SEVENTEEN, catalogue, sealed, trace

# ---- whole numbers ---------------------------------------------------------------------------------------------------

COUNTS = catalogue("""
    [parameter.N]
    kind = "integer"
    least = 2
    most = 50
    aliases = ["count_of_cells"]
    [parameter.M]
    kind = "integer"
    most = 50

    [x]
    scope = "phi"
    [mode]
    [y]
    scope = "phi"
    parents = ["x"]
    formula = "N*x"
    [z]
    scope = "phi"
    parents = ["x", "mode"]
    formula = [{ is = "M*x", when = "mode == 1" }, { is = "x", when = "mode != 1" }]
    [s]
    parents = ["x"]
    formula = "sin(N*x)/sin(x)"
""")


def seen(text: str, known: Catalogue = COUNTS, head: str = SEVENTEEN) -> tuple[View, list[ClosureResult]]:
    view = View(trace(text, head), known)
    return view, check_view(view)


def steps(*values: tuple[float, float]) -> str:
    return "; ".join(f"x{{phi={i}}} {x}; y{{phi={i}}} {y:.17g}" for i, (x, y) in enumerate(values))


@pytest.mark.parametrize("n", [2, 3, 49, 50])
def test_the_least_whole_number_that_fits_is_taken(n: int) -> None:
    view, results = seen(f"x 1.5; y {1.5 * n}")
    assert view.parameters == {"N": n} and [r.holds for r in results] == [True]


def test_the_least_one_where_several_fit() -> None:
    """The interference of 7 cells and of 7 and 2 pi over x cells is the same; a coarser grid fits, too."""
    x = math.pi / 10
    view, _ = seen(f"x {x:.17g}; s {math.sin(7 * x) / math.sin(x):.17g}")
    assert view.parameters == {"N": 3}


@pytest.mark.parametrize("n", [1, 51, -3, 2.5])
def test_outside_its_range_there_is_none_and_the_value_is_broken(n: float) -> None:
    view, results = seen(f"x 1.5; y {1.5 * n}")
    assert view.parameters == {} and set(view.impossible) == {"N"}
    assert view.impossible["N"] == "no whole number N from 2 to 50 makes it hold"
    assert [(r.holds, r.excess) for r in results] == [(False, math.inf)]


def test_a_record_of_the_name_or_an_alias_is_taken_at_its_word() -> None:
    for name in ("N", "count_of_cells"):
        view, results = seen(f"{name} 7; x 1.5; y 15")
        assert view.parameters == {} and [r.holds for r in results] == [False]


def test_most_users_decide_and_the_others_are_broken() -> None:
    view, results = seen(steps((1.5, 7.5), (2.5, 12.5), (3.5, 3.5 * 6)))
    assert view.parameters == {"N": 5}
    assert [r.holds for r in results] == [True, True, False]


def test_half_of_the_users_are_enough_and_fewer_are_not() -> None:
    assert seen(steps((1.5, 7.5), (3.5, 3.5 * 6)))[0].parameters == {"N": 6}, "the largest value is asked first"
    four = steps((1.5, 7.5), (2.5, 12.5), (1.25, 1.25 * 4), (9.5, 9.5 * 6.5))
    assert seen(four)[0].parameters == {"N": 5}
    apart = steps((9.5, 9.5 * 3), (8.5, 8.5 * 4), (7.5, 7.5 * 6), (6.5, 6.5 * 7), (5.5, 5.5 * 8))
    view, _ = seen(apart)
    assert view.parameters == {} and "N" in view.impossible


def test_only_the_three_largest_values_are_asked() -> None:
    broken = [(9.5, 9.5 * 2.5), (8.5, 8.5 * 2.5), (7.5, 7.5 * 2.5)]
    good = [(1.5, 7.5), (0.5, 2.5), (0.25, 1.25), (0.75, 3.75)]
    assert seen(steps(*good, *broken[:2]))[0].parameters == {"N": 5}
    view, _ = seen(steps(*good, *broken))
    assert view.parameters == {} and "N" in view.impossible


def test_numbers_that_are_none_are_not_asked_where_there_are_others() -> None:
    view, results = seen(steps((1.5, math.nan), (2.5, math.inf), (3.5, math.nan), (2.5, -math.inf), (0.5, 2.5)))
    assert view.parameters == {"N": 5}
    assert [r.holds for r in results] == [False] * 4 + [True]
    view, results = seen(steps((1.5, math.nan)))
    assert "N" in view.impossible and [r.holds for r in results] == [False]


@pytest.mark.parametrize(
    ("x", "y", "decided"),
    [
        ("2", "14", True), ("2.0000", "14.0000", True), ("2.000", "14.000", True), ("2.000", "98.000", False),
        ("2.000", "34.000", True), ("2.000", "42.000", False), ("2.00", "14.00", False), ("2.0", "14.0", True),
        ("2", "0", False),
    ],
)  # fmt: skip
def test_what_one_number_of_many_would_fit_by_luck_is_not_decided(x: str, y: str, decided: bool) -> None:
    """Each of the numbers up to the right one had its chance to fit: more than a hundredth in all is luck."""
    view, results = seen(f"x {x}; y {y}", head="")
    assert ("N" in view.parameters) is decided and "N" not in view.impossible
    assert results[0].holds is (True if decided else None)


def test_a_number_that_another_parameter_has_is_tried_first_and_without_luck() -> None:
    """All three cell counts of a crystal are often one number."""
    known = catalogue("""
        [parameter.A]
        kind = "integer"
        [parameter.B]
        kind = "integer"
        [x]
        [y]
        parents = ["x"]
        formula = "A*x"
        [z]
        parents = ["x"]
        formula = "sin(B*x)/sin(x)"
    """)
    x = math.pi / 10
    text = "x {:.17g}; y {:.17g}; z {:.17g}"
    assert seen(text.format(x, 7 * x, math.sin(7 * x) / math.sin(x)), known)[0].parameters == {"A": 7, "B": 7}
    assert seen(text.format(x, 6 * x, math.sin(7 * x) / math.sin(x)), known)[0].parameters == {"A": 6, "B": 3}


def test_a_parameter_that_is_no_whole_number_is_not_tried() -> None:
    known = catalogue("""
        [parameter.p]
        kind = "decimal"
        solve = "u/x"
        [parameter.N]
        kind = "integer"
        [x]
        [u]
        parents = ["x"]
        formula = "p*x"
        [y]
        parents = ["x"]
        formula = "N*x"
    """)
    view, _ = seen("x 1.5; u 3.75; y 3.75", known)
    assert view.parameters == {"p": 2.5} and "N" in view.impossible
    view, _ = seen("x 1.5; u 4.5; y 9", known)
    assert view.parameters == {"p": 3.0, "N": 6.0}


PAIRS = catalogue("""
    [parameter.N]
    kind = "integer"
    most = 50
    [x]
    scope = "phi"
    [y]
    scope = "phi"
    shape = [2]
    parents = ["x"]
    formula = "(N*x, x)"
""")


def test_every_component_of_a_vector_must_fit() -> None:
    assert seen("x 1.5; y 7.5 1.5", PAIRS)[0].parameters == {"N": 5}
    for wrong in ("x 1.5; y 7.5 9.5", "x 1.5; y 7 1.5"):
        view, _ = seen(wrong, PAIRS)
        assert view.parameters == {} and "N" in view.impossible
    three = "; ".join(f"x{{phi={i}}} 9.5; y{{phi={i}}} nan 9.5" for i in range(3))
    assert seen(f"{three}; x{{phi=3}} 1.5; y{{phi=3}} 7.5 1.5", PAIRS)[0].parameters == {"N": 5}


def test_the_largest_component_says_how_large_a_vector_is() -> None:
    good = "; ".join(f"x{{phi={i}}} 8; y{{phi={i}}} 40 8" for i in range(3))
    wrong = "; ".join(f"x{{phi={i}}} 9.5; y{{phi={i}}} 23.75 9.5" for i in range(3, 6))
    assert seen(f"{wrong}; {good}", PAIRS)[0].parameters == {"N": 5}, "the good ones are asked first"
    assert seen("x 2.000; y 34.000 2.000", PAIRS, "")[0].parameters == {"N": 17}
    assert seen("x 2.000; y 42.000 2.000", PAIRS, "")[0].parameters == {}, "by now one may have fitted by luck"


def test_words_are_asked_last() -> None:
    words = "; ".join(f"y{{phi={i}}} word" for i in range(3))
    assert seen(f"{words}; x{{phi=3}} 0.1; y{{phi=3}} 0.5")[0].parameters == {"N": 5}


def test_a_parameter_of_its_own_record_does_not_keep_others_from_being_inferred() -> None:
    assert seen("N 7; mode 1; x 1.5; z 6")[0].parameters == {"M": 4}


def test_only_users_whose_condition_may_hold_are_asked() -> None:
    view, results = seen("mode 1; x 1.5; z 6")
    assert view.parameters == {"M": 4} and [r.holds for r in results] == [True]
    view, results = seen("mode 2; x 1.5; z 1.5")
    assert view.parameters == {} and view.impossible == {} and [r.holds for r in results] == [True]
    view, results = seen("x 1.5; z 6")
    assert view.parameters == {"M": 4}, "where that cannot be told they are asked"
    assert [r.why for r in results] == ["the trace does not say which formula applies"]


@pytest.mark.parametrize("text", ["y 15", "x word; y 15", "x 1.5; y word", "x 1.5; y 15 15"])
def test_where_the_trace_lacks_something_nothing_is_inferred_and_nothing_broken(text: str) -> None:
    view, results = seen(text)
    assert view.parameters == {} and view.impossible == {}
    assert [r.holds for r in results] == [None]


ASKED = from_document(
    {
        "option": [{"flag": "-n", "says": "option_n"}, {"flag": "-pair", "says": "option_pair", "values": 2}],
        "parameter": {
            "N": {"kind": "integer", "asked": "last(option_n)"},
            "M": {"kind": "integer", "asked": "last(option_pair)"},
        },
        "quantity": {"x": {}, "y": {"parents": ["x"], "formula": "N*x"}, "z": {"parents": ["x"], "formula": "M*x"}},
    }
)


@pytest.mark.parametrize(
    ("args", "found"),
    [
        ("-n 7", {"N": 7.0, "M": 4.0}), ("-n 3 -n 7", {"N": 7.0, "M": 4.0}), ("-n many", {"N": 10.0, "M": 4.0}),
        ("", {"N": 10.0, "M": 4.0}), ("-pair 1 2", {"N": 10.0, "M": 4.0}), (None, {"N": 10.0, "M": 4.0}),
    ],
)  # fmt: skip
def test_what_the_arguments_ask_for_is_taken_before_anything_is_inferred(
    args: str | None, found: dict[str, float]
) -> None:
    facts = {} if args is None else {"args": args}
    view = View(sealed("x 1.5; y 15; z 6", **facts), ASKED)
    results = check_view(view)
    assert view.parameters == found
    assert [r.holds for r in results] == [found["N"] == 10, True]


def test_a_trace_without_records_asks_for_nothing() -> None:
    view = View(replace(sealed("", args="-n 7"), records=()), ASKED)
    assert check_view(view) == [] and view.parameters == {}


def test_a_parameter_that_is_set_beforehand_stays() -> None:
    view = View(trace("x 1.5; y 15"), COUNTS)
    view.parameters["N"] = 7.0
    check_view(view)
    assert view.parameters == {"N": 7.0}


# ---- decimals -------------------------------------------------------------------------------------------------------------

TYPED = catalogue("""
    [parameter.p]
    kind = "decimal"
    digits = 3
    solve = "y/x"
    [x]
    scope = "phi"
    [y]
    scope = "phi"
    parents = ["x"]
    formula = [{ is = "p*x", when = "x != 0" }]
""")


@pytest.mark.parametrize("p", [0.172, 1.5, -0.25, 1e-5, 12300.0])
def test_the_short_decimal_that_solves_the_formula_is_taken(p: float) -> None:
    view, results = seen(f"x 1.1; y {1.1 * p:.17g}", TYPED)
    assert view.parameters == {"p": p} and [r.holds for r in results] == [True]


@pytest.mark.parametrize("p", [0.1723, 1 / 3, 1234.0])
def test_one_that_nobody_would_type_is_none(p: float) -> None:
    view, results = seen(f"x 1.1; y {1.1 * p:.17g}", TYPED)
    assert view.parameters == {} and view.impossible == {"p": "no p that a person would type makes it hold"}
    assert [(r.holds, r.why) for r in results] == [(False, "y: no p that a person would type makes it hold")]


def test_the_one_that_most_values_give_is_taken() -> None:
    text = steps((1.1, 1.1 * 0.3), (1.2, 1.2 * 0.5), (1.3, 1.3 * 0.5), (1.4, 1.4 / 3))
    view, results = seen(text, TYPED)
    assert view.parameters == {"p": 0.5} and [r.holds for r in results] == [False, True, True, False]


def test_values_that_solve_nothing_are_passed_over() -> None:
    for text in ("x{phi=0} 1.1; y{phi=0} 0.55; y{phi=1} 3", "y{phi=1} 3; x{phi=0} 1.1; y{phi=0} 0.55"):
        assert seen(text, TYPED)[0].parameters == {"p": 0.5}
    view, _ = seen("y 3", TYPED)
    assert view.parameters == {} and view.impossible == {}
    view, _ = seen("x 0; y 3", TYPED)
    assert view.parameters == {} and "p" in view.impossible, "an infinite one is none that a person would type"


def test_print_that_is_too_coarse_decides_nothing() -> None:
    view, results = seen(steps((1.1, 0.55)).replace("1.1", "1.10").replace("0.55000000000000004", "0.550"), TYPED, "")
    assert view.parameters in ({}, {"p": 0.5}) and view.impossible == {}
    assert results[0].holds is not False


@pytest.mark.parametrize(
    ("value", "error", "digits", "short"),
    [
        (0.1, 1e-9, 4, 0.1), (0.1 + 1.9e-9, 1e-9, 4, 0.1), (0.1 + 2.1e-9, 1e-9, 4, math.nan), (-0.25, 1e-9, 4, -0.25),
        (0.1, 2.4e-7, 4, 0.1), (0.1, 2.6e-7, 4, None), (0.1234, 1e-9, 4, 0.1234), (0.12345, 1e-9, 4, math.nan),
        (12345.0, 1e-6, 4, math.nan), (12340.0, 1e-6, 4, 12340.0), (9.999, 1e-9, 4, 9.999), (1e-7, 1e-15, 4, 1e-7),
        (1.0, 0.0, 1, 1.0), (0.3, 0.0, 1, 0.3), (1 / 3, 0.0, 4, math.nan), (0.3 * (1 + 0.9e-13), 0.0, 4, 0.3),
        (0.3 * (1 + 1.2e-13), 0.0, 4, math.nan), (0.0, 4e-5, 4, 0.0), (0.0, 6e-5, 4, None), (1e-5, 1e-5, 4, 0.0),
        (3e-5, 1e-5, 4, None), (0.0, 0.0, 4, 0.0), (1e-5, 0.5e-5, 4, 0.0), (0.0, 5e-5, 4, None), (0.2, 2.6e-7, 4, None),
        (0.2, 2.4e-7, 4, 0.2),
    ],
)  # fmt: skip
def test_when_a_number_is_a_short_decimal(value: float, error: float, digits: int, short: float | None) -> None:
    found = _short(Num(value, error), digits)
    assert found == short or (found is not None and short is not None and math.isnan(found) and math.isnan(short))


def test_a_number_that_fits_to_the_last_bit_fits_though_nothing_may_be_off() -> None:
    """Nothing is printed and nothing expected: no digit is hidden, and the first number that fits is taken."""
    known = catalogue("""
    [parameter.N]
    kind = "integer"
    most = 50
    [x]
    [y]
    parents = ["x"]
    formula = "(N - 1)*x"
    """)
    view, results = seen("x 1.5; y 0", known)
    assert view.parameters == {"N": 1} and [r.holds for r in results] == [True]
