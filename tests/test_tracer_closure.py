"""Closure: does a value follow from its parents within one trace? And the graph against a measured one."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.catalogue import Catalogue, from_document, load
from firstbad.tracer.closure import check
from firstbad.tracer.closure_result import ClosureResult, fault, first_broken, runs
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.formula import compile_formula
from firstbad.tracer.graph_check import Edge, check_graph
from firstbad.tracer.text import parse


def sincg(h: float, n: int) -> float:
    bottom = math.sin(math.pi * h)
    return n if bottom == 0 else math.sin(n * math.pi * h) / bottom


def square(h: tuple[float, float, float], n: tuple[int, int, int], scale: float = 1.0) -> str:
    """A trace of one step of the square crystal; `scale` spoils F_latt_b."""
    factors = [sincg(x, m) for x, m in zip(h, n, strict=True)]
    factors[1] *= scale
    product = math.prod(factors)
    rows = [
        ("hkl_frac", h),
        ("F_latt_a", factors[:1]),
        ("F_latt_b", factors[1:2]),
        ("F_latt_c", factors[2:]),
        ("F_latt", [product]),
    ]
    return "".join(f"TRACE_C: {name} {' '.join(f'{v:.15g}' for v in values)}\n" for name, values in rows)


H = (-0.0657600528913834, 5.12831325464334, -0.00999671199735433)


def broken(text: str, catalogue: Catalogue | None = None) -> list[str]:
    return [r.quantity for r in check(parse(text), load() if catalogue is None else catalogue) if r.broken]


def result(text: str, quantity: str) -> ClosureResult:
    return next(r for r in check(parse(text), load()) if r.quantity == quantity)


# ---- inferred parameters -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [(5, 5, 5), (1, 7, 36), (100, 3, 999)])
def test_cell_counts_are_inferred(n: tuple[int, int, int]) -> None:
    assert broken(square(H, n)) == []


def test_a_value_that_no_cell_count_gives_is_broken() -> None:
    first = first_broken(check(parse(square(H, (5, 5, 5), 1.001)), load()))
    assert first is not None and first.quantity == "F_latt_b"
    assert "no whole number Nb" in first.why
    assert broken(square(H, (5, 5, 5), 1.001)) == ["F_latt_b"]


def test_one_bad_subpixel_does_not_spoil_the_good_ones() -> None:
    text = square(H, (5, 5, 5)) + square((0.3, 0.21, 0.77), (5, 5, 5), 1.5) + square((0.12, 0.4, 0.9), (5, 5, 5))
    results = [r for r in check(parse(text), load()) if r.broken]
    assert [(r.quantity, r.record.occurrence) for r in results] == [("F_latt_b", 1)]


def test_a_recorded_count_is_taken_at_its_word() -> None:
    assert broken("TRACE_C: Na 5\n" + square(H, (5, 5, 5))) == []
    assert broken("TRACE_C: Na 6\n" + square(H, (5, 5, 5))) == ["F_latt_a"]


def test_an_index_that_is_too_coarse_decides_nothing() -> None:
    text = "TRACE: hkl_frac 812.345 0 0\nTRACE: F_latt_a 1.23457\n"
    assert result(text, "F_latt_a").holds is None


@pytest.mark.parametrize(("p", "holds"), [(0.1, True), (0.172, True), (0.1234567, False)])
def test_a_pixel_size_is_a_short_decimal(p: float, holds: bool) -> None:
    r, close = 0.2534163818519, 0.231271845327407
    omega = (p * 1e-3) ** 2 / r / r * close / r
    text = f"TRACE_C: R_distance_meters {r}\nTRACE_C: omega_pixel_sr {omega:.15g}\nTRACE_C: close_distance_meters {close}\n"
    assert result(text, "omega_pixel_sr").holds is holds


# ---- unit labels ---------------------------------------------------------------------------------------------

Q = (
    "TRACE_C: diffracted_vec 0.999671199735543 0.0256415662732167 -4.99835599867717e-05\nTRACE_C: incident_vec 1 0 -0\n"
    "TRACE_C: lambda_angstroms 0.5\nTRACE_C: scattering_vec_A_inv {q}\nTRACE_C: rot_a_angstroms 100 0 0\n"
    "TRACE_C: rot_b_angstroms 0 100 0\nTRACE_C: rot_c_angstroms 0 0 100\nTRACE_C: hkl_frac {h}\n"
)
METRES = "-6576005.28913838 512831325.464334 -999671.199735433"
ANGSTROMS = "-0.000657600528913838 0.0512831325464334 -9.99671199735433e-05"
INDICES = "-0.0657600528913838 5.12831325464334 -0.00999671199735433"


def test_a_wrong_unit_label_is_named_with_its_factor() -> None:
    told = result(Q.format(q=METRES, h=INDICES), "scattering_vec_A_inv")
    assert (told.holds, told.label, told.factor, told.broken) == (False, True, 1e10, False)
    assert "unit label" in told.why
    assert broken(Q.format(q=METRES, h=INDICES)) == []
    assert result(Q.format(q=ANGSTROMS, h=INDICES), "scattering_vec_A_inv").holds


def test_a_factor_that_is_carried_on_is_no_label() -> None:
    carried = " ".join(f"{float(x) * 1e10:.15g}" for x in INDICES.split())
    told = result(Q.format(q=METRES, h=carried), "scattering_vec_A_inv")
    assert (told.broken, told.factor) == (True, 1e10)
    assert broken(Q.format(q=METRES, h=carried)) == ["scattering_vec_A_inv"]


def test_a_fault_under_a_wrong_label_is_a_fault() -> None:
    spoiled = " ".join(f"{-float(x):.15g}" for x in METRES.split())
    indices = " ".join(f"{-float(x):.15g}" for x in INDICES.split())
    told = result(Q.format(q=spoiled, h=indices), "scattering_vec_A_inv")
    assert told.broken and told.factor == pytest.approx(-1)
    assert broken(Q.format(q=spoiled, h=indices)) == ["scattering_vec_A_inv"]


# ---- alternatives, invariants, loops -----------------------------------------------------------------------------


def test_any_formula_that_applies_will_do() -> None:
    catalogue = from_document(
        {
            "quantity": {
                "x": {"kind": "input"},
                "y": {"parents": ["x"], "formula": [{"is": "x"}, {"is": "2*x", "when": "x > 3"}]},
            }
        }
    )
    assert broken("TRACE_C: x 4\nTRACE_C: y 8\n", catalogue) == []
    assert broken("TRACE_C: x 4\nTRACE_C: y 4\n", catalogue) == []
    assert broken("TRACE_C: x 2\nTRACE_C: y 4\n", catalogue) == ["y"]


def test_what_the_trace_does_not_hold_decides_nothing() -> None:
    assert result("TRACE_C: R_distance_meters 2\n", "R_distance_meters").holds is None
    assert result("TRACE_C: pixel_pos_meters word\nTRACE_C: R_distance_meters 2\n", "R_distance_meters").holds is None


def test_absent_parents_are_computed_from_theirs() -> None:
    text = "TRACE_C: pixel_pos_meters 3 4 12\nTRACE_C: diffracted_vec 0.230769230769231 0.307692307692308 {z}\n"
    assert broken(text.format(z="0.923076923076923")) == []
    assert broken(text.format(z="0.923076923077923")) == ["diffracted_vec"]


def test_loops_are_followed_record_by_record() -> None:
    text = "".join(f"TRACE_C: pixel_pos_meters {i} 0 0\nTRACE_C: R_distance_meters {i}\n" for i in (1, 2, 3))
    assert broken(text) == []
    assert [
        r.record.occurrence for r in check(parse(text.replace("meters 2\n", "meters 5\n")), load()) if r.broken
    ] == [1]


def test_a_parent_that_does_not_say_where_it_is_cannot_be_used_inside_a_loop() -> None:
    text = f"TRACE_C: hkl_frac 0.1 0.2 0.3\nTRACE_C_PHI phi_tic=1 k_frac=0.4 F_latt_b={sincg(0.4, 5):.15g}\n"
    assert broken(text + f"TRACE_C: F_latt_b {sincg(0.2, 5):.15g}\n") == []


def test_sums_over_steps() -> None:
    terms = [(100.0, 2.5), (50.0, -1.5)]
    text = "".join(f"TRACE_C: F_latt {f}\nTRACE_C: F_cell {c}\n" for c, f in terms)
    text += "TRACE_C: I_before_scaling {i}\nTRACE_C: steps 2\n" + "".join(
        f"TRACE_C: oversample_{x} 0\n" for x in ("thick", "polar", "omega")
    )
    total = sum(c * c * f * f for c, f in terms)
    assert broken(text.format(i=total)) == []
    assert result(text.format(i=total * 2), "I_before_scaling").holds is None  # water could do that
    beam = "TRACE_C: r_e_sqr 7.94079248018965e-30\nTRACE_C: fluence 1.25932015286227e+29\n"
    assert broken(text.format(i=total * 1.000001234) + beam) == ["I_before_scaling"]
    water = 2.57**2 * 7.94079248018965e-30 * 1.25932015286227e29 * (3e-6) ** 3 * 1e6 * 6.02214179e23 / 18
    assert broken(text.format(i=f"{total + water:.15g}") + beam) == []


def test_runs_tell_repeated_breaks_once() -> None:
    text = "".join(f"TRACE_C: pixel_pos_meters {i} 0 0\nTRACE_C: R_distance_meters {2 * i}\n" for i in (1, 2, 3))
    ((first, count),) = list(runs(check(parse(text), load())))
    assert (first.quantity, count, first.factor) == ("R_distance_meters", 3, 2.0)


@pytest.mark.parametrize(
    ("a", "b", "side"),
    [
        (True, True, "neither"), (True, False, "candidate"), (False, True, "reference"), (False, False, "both"),
        (None, None, "unknown"), (None, True, "unknown"), (None, False, "candidate"), (False, None, "reference"),
    ],
)  # fmt: skip
def test_sides(a: bool | None, b: bool | None, side: str) -> None:
    record = parse("TRACE_C: x 1\n").records[0]
    assert fault([ClosureResult("x", record, a)], [ClosureResult("x", record, b)]) == side


# ---- the language -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')", "x.real", "[x for x in y]", "lambda: 1", "x if", "open(x)", "x[i]", "x[1:2]", "'a'", "True",
        "f'{x}'", "(lambda: 1)()", "x := 1", "x @ y", "x // y", "x and (yield)", "print(x)", "dot(x)", "count(x + y)",
        "sin(x, y)", "dot(a=x, b=y)", "x in y", "{}", "first()",
    ],
)  # fmt: skip
def test_nothing_but_formulas(text: str) -> None:
    with pytest.raises(ValueError):
        compile_formula(text)


# ---- graph ----------------------------------------------------------------------------------------------------------

GRAPH = from_document(
    {"quantity": {"a": {"kind": "input"}, "b": {"parents": ["a"]}, "c": {"parents": ["b"], "aliases": ["see"]}}}
)


def test_a_measured_graph_agrees_directly_or_over_what_was_not_measured() -> None:
    assert check_graph(GRAPH, {"b": {"a"}, "c": {"b"}}).agrees
    assert check_graph(GRAPH, {"see": {"a"}}).agrees
    assert check_graph(GRAPH, {"a": set(), "b": {"a"}, "c": {"a", "b"}}).agrees


def test_missing_and_extra_edges_are_named() -> None:
    report = check_graph(GRAPH, {"a": {"c"}, "b": set(), "c": {"b"}, "z": {"a"}})
    assert report.missing == (Edge("c", "a"),)
    assert report.extra == (Edge("a", "b"),)
    assert report.unlisted == ("z",)
    assert report.as_dict()["missing"] == ["c -> a"]


def test_bad_catalogues_say_which_entry_is_wrong() -> None:
    cases = {
        "unknown key": {"quantity": {"x": {"colour": "red"}}},
        "no quantity": {"quantity": {"x": {"parents": ["y"]}}},
        "computed from itself": {"quantity": {"x": {"parents": ["y"]}, "y": {"parents": ["x"]}}},
        "neither parent nor parameter": {"quantity": {"x": {"formula": "y + 1"}}},
        "cannot be used": {"quantity": {"x": {"formula": "import os"}}},
        "without its reason": {"quantity": {"x": {"noise": {"ulp": 4}}}},
        "has the kind": {"quantity": {"x": {"kind": "odd"}}},
        "shares the name": {"quantity": {"x": {"aliases": ["y"]}, "y": {}}},
        "is no table": {"quantity": {"x": 5}},
        "no list of names": {"quantity": {"x": {"parents": "y"}}},
        "needs kind": {"parameter": {"N": {"kind": "decimal"}}},
    }
    for words, document in cases.items():
        with pytest.raises(FirstbadError) as caught:
            from_document(document, "mine.toml")
        assert words in caught.value.message and "mine.toml" in caught.value.message
        assert caught.value.slug == "catalogue-entry"


@pytest.mark.parametrize(("value", "parent"), [("4.1e+195", "2e-195"), ("1e-300", "1e+300"), ("1e+308", "1e-308")])
def test_values_hundreds_of_powers_of_ten_apart_are_broken_and_no_unit_label(value: str, parent: str) -> None:
    document = {"quantity": {"x": {}, "y": {"parents": ["x"], "formula": "x"}}}
    text = f"TRACE: x {parent}\nTRACE: y {value}\n"
    assert broken(text, from_document(document)) == ["y"]
