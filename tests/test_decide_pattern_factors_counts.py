"""Factors that are whole numbers or ratios of these, and counts that the traces hold."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.pattern_data import Data
from firstbad.tracer.pattern_factors import counts, small_ratio, whole_numbers
from pattern_pairs import Rows, exact, printed, said

CELLS: dict[str, Rows] = {"Na": [[5.0]], "Nb": [[7.0]], "Nc": [[11.0]]}


@pytest.mark.parametrize(
    ("value", "name", "product"),
    [
        (3.0, "3", 3), (1 / 3, "1/3", 3), (1 / 8, "1/8", 8), (2 / 3, "2/3", 6), (3 / 4, "3/4", 12), (5 / 2, "5/2", 10),
        (8.0, "8", 8), (7 / 12, "7/12", 84), (1 / 12, "1/12", 12), (1000.0, "1000", 1000), (999 / 2, "999/2", 1998),
        (1 / 13, "1/13", 13), (1 / 360, "1/360", 360), (1 / 1000, "1/1000", 1000),
    ],
)  # fmt: skip
def test_a_ratio_costs_two_bits_for_each_doubling_of_its_numbers(value: float, name: str, product: int) -> None:
    (guess,) = small_ratio(exact([[1.0, -2.0]], [[value, -2.0 * value]]))
    assert said(guess) == ("small-ratio", f"a factor of {name}", 6 + 2 * math.log2(product), 8.0)
    assert guess.values == [value, -2.0 * value]
    (negative,) = small_ratio(exact([[1.0]], [[-value]]))
    assert said(negative) == ("small-ratio", f"a factor of -{name}", 8 + 2 * math.log2(product), 8.0)
    assert negative.values == [-value]


@pytest.mark.parametrize(
    "value", [0.0, 1001.0, 2003 / 2, 5 / 13, 1 / 1001, 1 / 20.4, 0.37, 3.0 * (1 + 2e-15), 1 / (13 * (1 + 2e-15))]
)
def test_a_ratio_of_larger_numbers_is_none(value: float) -> None:
    assert [*small_ratio(exact([[1.0]], [[value]]))] == []


@pytest.mark.parametrize("value", [1.0, 2.0, 0.5, 4.0, 0.25])
def test_one_two_and_four_have_kinds_of_their_own(value: float) -> None:
    assert [*small_ratio(exact([[1.0]], [[value]]))] == []
    assert [*small_ratio(exact([[1.0]], [[-value]]))] == []


def test_the_smallest_numbers_that_the_digits_allow_are_taken() -> None:
    (guess,) = small_ratio(exact([[1.0]], [[0.666]], c_error=0.001))
    assert guess.text == "a factor of 2/3"
    assert [*small_ratio(exact([[1.0]], [[1.999]], c_error=0.001))] == []


def test_only_the_strongest_component_speaks_for_a_ratio_with_its_digits() -> None:
    (guess,) = small_ratio(exact([[1.2345, 0.777777]], [[3.7035, 2.333331]]))
    assert guess.bits == pytest.approx(5 * math.log2(10))


def test_the_errors_of_both_sides_weaken_what_a_ratio_shows() -> None:
    """1/3 became 1, a change of 2/3, known to 1 + 3 times 2^-20."""
    (guess,) = small_ratio(exact([[1 / 3]], [[1.0]], r_error=2.0**-20, c_error=2.0**-20))
    assert guess.bits == pytest.approx(18 + math.log2(2 / 3))


@pytest.mark.parametrize(
    ("factor", "kind", "text", "power"),
    [
        (5.0, "cells", "Na = 5", 1),
        (1 / 5, "cells", "1/Na = 0.2", 1),
        (49.0, "cells", "Nb² = 49", 2),
        (1 / 49, "cells", "1/Nb² = 0.0204082", 2),
        (1331.0, "cells", "Nc³ = 1331", 3),
        (1 / 1331, "cells", "1/Nc³ = 0.000751315", 3),
        (385.0, "cells", "Na·Nb·Nc = 385", 1),
        (1 / 385, "cells", "1/(Na·Nb·Nc) = 0.0025974", 1),
        (148225.0, "cells", "(Na·Nb·Nc)² = 148225", 2),
        (1 / 148225, "cells", "1/(Na·Nb·Nc)² = 6.7465e-06", 2),
        (13.0, "count", "steps = 13", 1),
        (1 / 169, "count", "1/steps² = 0.00591716", 2),
    ],
)
def test_a_factor_is_a_count_or_a_power_of_it(factor: float, kind: str, text: str, power: int) -> None:
    """One of five names: Na, Nb, Nc, their product, steps."""
    beside: dict[str, Rows] = {**CELLS, "steps": [[13.0]]}
    cost = 4 + math.log2(30) + power
    (guess,) = counts(exact([[1.0, 2.0]], [[factor, 2 * factor]], beside=beside))
    assert said(guess) == (kind, f"a factor of {text}", cost, 8.0)
    assert guess.values == pytest.approx([factor, 2 * factor], rel=1e-15)
    (negative,) = counts(exact([[1.0]], [[-factor]], beside=beside))
    sign = f"a factor of -{text}".replace("= ", "= -")
    assert said(negative) == (kind, sign, cost + 2, 8.0)
    assert negative.values == pytest.approx([-factor], rel=1e-15)


@pytest.mark.parametrize("factor", [0.0, 6.0, 10.0, 625.0, 12.0, 5.0 * (1 + 2e-15)])
def test_a_factor_that_no_count_explains_is_none(factor: float) -> None:
    assert [*counts(exact([[1.0]], [[factor]], beside=CELLS))] == []


def test_two_numbers_of_cells_have_no_product() -> None:
    beside = {name: CELLS[name] for name in ("Na", "Nb")}
    assert [*counts(exact([[1.0]], [[35.0]], beside=beside))] == []
    (guess,) = counts(exact([[1.0]], [[7.0]], beside=beside))
    assert (guess.text, guess.cost) == ("a factor of Nb = 7", 4 + math.log2(12) + 1)


def test_a_count_that_the_formula_reads_costs_three_bits_whatever_else_is_known() -> None:
    quantities = {"steps": {}, "x": {"parents": ["steps"], "formula": "1/steps"}}
    beside: dict[str, Rows] = {**CELLS, "steps": [[13.0]]}
    for factor, cost in ((13.0, 4.0), (1 / 13, 4.0), (-13.0, 6.0), (169.0, 5.0)):
        (guess,) = counts(exact([[1.0]], [[factor]], quantities=quantities, beside=beside))
        assert guess.cost == cost


NAMES = ["Na", "Nb", "Nc", "steps", "oversample", "sources", "phisteps", "mosaic_domains", "said_oversample",
         "said_sources", "said_phisteps", "said_domains", "said_layers"]  # fmt: skip


def held(a: dict[str, Rows], b: dict[str, Rows] | None = None) -> Data:
    return printed({**a, "x": [[1.5]]}, {**(b or {}), "x": [[2.5]]})


@pytest.mark.parametrize("name", NAMES)
def test_what_either_trace_counts_is_known_by_name(name: str) -> None:
    assert whole_numbers(held({name: [[6.0]]})) == {name: 6.0}
    assert whole_numbers(held({}, {name: [[8.0]]})) == {name: 8.0}
    assert whole_numbers(held({name: [[6.0]]}, {name: [[8.0]]})) == {name: 6.0}


def test_no_other_quantity_counts() -> None:
    assert whole_numbers(held({"F_cell": [[6.0]], "x_steps": [[7.0]]})) == {}


@pytest.mark.parametrize(
    ("number", "counts_something"),
    [(2.0, True), (1.5, False), (1.0, False), (0.0, False), (-3.0, False), (2.5, False), (999999999.0, True),
     (1e9, False), (1.5e9, False)],
)  # fmt: skip
def test_a_count_is_a_whole_number_from_two_to_below_1e9(number: float, counts_something: bool) -> None:
    expected = {"steps": number} if counts_something else {}
    assert whole_numbers(held({"steps": [[number]]})) == expected
    inferred = held({})
    inferred.compared.a.parameters["steps"] = number
    assert whole_numbers(inferred) == expected


def test_only_the_first_number_of_the_first_record_is_a_count() -> None:
    assert whole_numbers(held({"steps": [[2.5], [7.0]]})) == {}
    assert whole_numbers(held({"steps": [[2.5, 7.0]]})) == {}
    assert whole_numbers(held({"steps": [["many"]]})) == {}


def test_inferred_numbers_count_but_for_the_edge_of_a_pixel() -> None:
    data = held({"Na": [[4.0]]}, {})
    data.compared.a.parameters.update({"Na": 5.0, "pixel_mm": 2.0, "other": 9.0})
    data.compared.b.parameters.update({"Na": 6.0, "Nb": 7.0})
    assert whole_numbers(data) == {"Na": 5.0, "other": 9.0, "Nb": 7.0}
