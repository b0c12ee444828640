"""A quantity's own formula with one mistake in it: which mistakes are tried, on which formulas, and when one fits."""

from __future__ import annotations

import ast
import math
from itertools import combinations
from typing import Any

import pytest
from firstbad.tracer.catalogue import Catalogue, from_document
from firstbad.tracer.formula import compile_formula
from firstbad.tracer.pattern_data import Context, Data, collect
from firstbad.tracer.pattern_formula import _evaluated, _flat, _variants, follows_alone, miswritten
from pattern_pairs import Rows, exact, printed, said, trace

F, G, R = 3.25, 1.75, 0.7
FGR: dict[str, Rows] = {"f": [[F]], "g": [[G]], "r": [[R]]}


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def variants(text: str) -> list[tuple[str, str, float, str]]:
    """Kind, what is said, bits, and the formula with the mistake in it."""
    return [(kind, claim, cost, ast.unparse(tree)) for kind, claim, cost, tree in _variants(expression(text))]


def quantities(formula: str | list[dict[str, str]], names: str = "f g r", **more: object) -> dict[str, Any]:
    """A catalogue in which x has this formula and these parents."""
    parents = names.split()
    known: dict[str, Any] = {name: {} for name in parents}
    return {**known, "x": {"parents": parents, "formula": formula, **more}}


def test_every_factor_is_left_out_or_twice_there_and_every_two_are_left_out() -> None:
    assert variants("f * g / r") == [
        ("missing-factor", "the candidate lacks a factor f", 5.0, "1.0 * g / r"),
        ("extra-factor", "the candidate has a factor f too many", 6.0, "1.0 * f * f * g / r"),
        ("missing-factor", "the candidate lacks a factor g", 5.0, "1.0 * f / r"),
        ("extra-factor", "the candidate has a factor g too many", 6.0, "1.0 * f * g * g / r"),
        ("missing-factor", "the candidate is not divided by r", 5.0, "1.0 * f * g"),
        ("extra-factor", "the candidate is divided by r once too often", 6.0, "1.0 * f * g / r / r"),
        ("missing-factor", "the candidate lacks f and g", 8.0, "1.0 / r"),
        ("missing-factor", "the candidate lacks f and r", 8.0, "1.0 * g"),
        ("missing-factor", "the candidate lacks g and r", 8.0, "1.0 * f"),
    ]


def test_two_factors_that_are_squares_are_missed_as_squares() -> None:
    def twos(formula: str) -> set[tuple[str, str]]:
        return {(kind, text) for kind, text, cost, _ in variants(formula) if cost == 8.0}

    assert twos("f*f*g*g") == {
        ("missing-factor", "the candidate lacks f and f"),
        ("missing-square", "the candidate lacks f and g where their squares belong"),
        ("missing-factor", "the candidate lacks g and g"),
    }
    assert twos("f*f*g") == {
        ("missing-factor", "the candidate lacks f and f"),
        ("missing-factor", "the candidate lacks f and g"),
    }
    assert ("missing-factor", "the candidate lacks f and g") in twos("f*f*f*g*g")


def test_numbers_stay_where_they_are() -> None:
    assert [tree for *_, tree in variants("2 * f")] == ["1.0 * 2", "1.0 * 2 * f * f"]
    assert [tree for *_, tree in variants("f / 4.0")] == ["1.0 / 4.0", "1.0 * f * f / 4.0"]


@pytest.mark.parametrize(
    ("text", "factors"),
    [
        ("f", {"f": False}),
        ("f * g", {"f": False, "g": False}),
        ("f / g * r", {"f": False, "g": True, "r": False}),
        ("f / (g * r)", {"f": False, "g": True, "r": True}),
        ("f / (g / r)", {"f": False, "g": True, "r": False}),
        ("(f + g) * r**2", {"f + g": False, "r ** 2": False}),
    ],
)
def test_a_product_has_factors_and_divisors(text: str, factors: dict[str, bool]) -> None:
    assert {ast.unparse(node): over for node, over in _flat(expression(text))} == factors


@pytest.mark.parametrize(
    ("formula", "without"),
    [
        ("f + g*r", "f + 1.0 * r"),
        ("g*r + f", "1.0 * r + f"),
        ("f * (g*r + f)", "f * (1.0 * r + f)"),
        ("f * sqrt(g*r)", "f * sqrt(1.0 * r)"),
        ("dot(f, g*r)", "dot(f, 1.0 * r)"),
        ("(f, g*r, f)", "(f, 1.0 * r, f)"),
        ("f * -(g*r)", "f * -(1.0 * r)"),
        ("(g*r)**2", "(1.0 * r) ** 2"),
        ("f if g*r > 0 else 0", "f if 1.0 * r > 0 else 0"),
        ("f if 0 < g*r else 0", "f if 0 < 1.0 * r else 0"),
        ("unit(g*r)[0]", "unit(1.0 * r)[0]"),
    ],
)
def test_a_product_inside_is_a_product_of_its_own(formula: str, without: str) -> None:
    assert ("missing-factor", "the candidate lacks a factor g", 5.0, without) in variants(formula)


def test_a_product_is_told_once_and_not_again_by_its_parts() -> None:
    assert len(variants("f*g*r")) == len(variants("f*(g*r)")) == 3 + 3 + 3
    assert variants("f") == variants("f ** 2") == []


def test_every_term_of_a_sum_is_left_out_but_a_number() -> None:
    def without(formula: str) -> list[tuple[str, str]]:
        return [(text, tree) for kind, text, _, tree in variants(formula) if kind == "missing-term"]

    lacks = "the candidate lacks the term "
    assert variants("f + g") == [("missing-term", lacks + "f", 6.0, "g"), ("missing-term", lacks + "g", 6.0, "f")]
    assert without("f - (g - r)") == [(lacks + "f", "-g + r"), (lacks + "g", "f + r"), (lacks + "r", "f - g")]
    assert without("sqrt(f - 1)") == [(lacks + "f", "sqrt(-1)")]
    assert [tree for _, tree in without("f*(g + r)")] == ["f * r", "f * g"]
    assert len(without("+".join("abcdefghijkl"))) == 10


def test_of_many_factors_the_first_ten_are_tried_and_the_others_stay() -> None:
    names = "abcdefghijkl"
    found = variants("*".join(names))
    assert [text[-1] for kind, text, cost, _ in found if cost == 5.0] == list("abcdefghij")
    assert found[0][3] == "1.0 * " + " * ".join("bcdefghijkl")
    assert len(found) == 10 + 10 + len(list(combinations(range(10), 2)))


@pytest.mark.parametrize("axis", "xyz")
def test_a_rotation_is_turned_the_other_way_or_left_out(axis: str) -> None:
    assert variants(f"matmul(about_{axis}(f), g)") == [
        ("inverse-rotation", f"{axis} is turned about by the opposite angle", 5.0, f"matmul(about_{axis}(-f), g)"),
        ("unapplied", f"the rotation about {axis} is left out", 6.0, f"matmul(about_{axis}(0.0), g)"),
    ]


def test_of_nested_rotations_each_is_tried_and_other_functions_are_none() -> None:
    found = [tree for *_, tree in variants("matmul(about_x(f), matmul(about_y(g), about(f, r)))")]
    assert found == [
        "matmul(about_x(-f), matmul(about_y(g), about(f, r)))",
        "matmul(about_x(0.0), matmul(about_y(g), about(f, r)))",
        "matmul(about_x(f), matmul(about_y(-g), about(f, r)))",
        "matmul(about_x(f), matmul(about_y(0.0), about(f, r)))",
    ]
    assert variants("sin(f)") == []


def test_the_formula_itself_is_left_as_it_is() -> None:
    tree = expression("f + matmul(about_x(g), r)[0] * 2 + f*g")
    before = ast.dump(tree)
    assert len(list(_variants(tree))) > 4
    assert ast.dump(tree) == before


def guessed(formula: str | list[dict[str, str]], x: float, **more: object) -> list[str]:
    """What is said of a candidate that holds x beside f, g and r."""
    data = printed({**FGR, "x": [[99.0]]}, {**FGR, "x": [[x]]}, quantities(formula, **more))
    return [guess.text for guess in miswritten(data)]


def test_where_one_formula_that_applies_is_followed_no_other_is_written_wrongly() -> None:
    both = [{"is": "f", "when": "r < 1"}, {"is": "f*g", "when": "r > 1"}]
    assert guessed(both, F) == [], "it is the first, which applies"
    other = [{**both[0], "when": "r > 1"}, {**both[1], "when": "r < 1"}]
    assert guessed(other, F) == ["the candidate lacks a factor g"], "it is the second, and f is not"
    assert guessed([{"is": "f*f", "when": "r < 1"}, both[1]], F) == ["the candidate lacks a factor f"]


def test_what_follows_from_the_formula_is_no_slip_though_a_slip_gives_the_same() -> None:
    assert guessed("f*(g/g)", F) == [], "to divide by g once too often makes no difference"
    for alternatives in ([{"is": "f*g"}, {"is": "f*(r/r)"}], [{"is": "f*(r/r)"}, {"is": "f*g"}]):
        assert guessed(alternatives, F) == []


def test_a_mistake_is_guessed_where_it_gives_what_the_candidate_holds() -> None:
    data = printed({**FGR, "x": [[F * G / R]]}, {**FGR, "x": [[F / R]]}, quantities("f*g/r"))
    (guess,) = miswritten(data)
    assert said(guess) == ("missing-factor", "the candidate lacks a factor g", 5.0, 8.0)
    assert guess.values == pytest.approx([F / R], rel=1e-14)
    assert guess.bits is None


def test_a_mistake_that_can_be_made_twice_is_told_once() -> None:
    assert guessed("f*f*g", F * G) == ["the candidate lacks a factor f"]
    assert guessed([{"is": "f*g"}, {"is": "g*f"}], F) == ["the candidate lacks a factor g"]


def test_what_was_told_already_does_not_hide_the_next_mistake() -> None:
    assert guessed("f*f*g", F * F) == ["the candidate lacks a factor g"]


def test_a_background_that_is_missing_is_named() -> None:
    assert guessed("f*g + r", F * G) == ["the candidate lacks the term r"]
    assert guessed("f*g - r", F * G) == ["the candidate lacks the term r"]
    assert guessed("f*g + r", R) == ["the candidate lacks the term f * g"]


def test_what_makes_no_difference_is_no_slip_though_the_formula_does_not_apply() -> None:
    """A factor that is 1 and a term that is 0 may be there or not: what the formula gives without them says nothing."""
    switched = {"is": "f*(g if r > 1 else 1)", "when": "r > 1"}
    assert guessed([{"is": "f*g", "when": "r < 1"}, switched], F) == ["the candidate lacks a factor g"]
    assert guessed([{"is": "g + r", "when": "r < 1"}, switched], F) == []
    assert guessed([{"is": "g + r", "when": "r < 1"}, {"is": "f + g*r*(r > 1)", "when": "r > 1"}], F) == []


def test_all_formulas_of_a_quantity_are_tried() -> None:
    assert guessed([{"is": "f + g*r"}, {"is": "f*r"}], R) == ["the candidate lacks a factor f"]
    assert guessed([{"is": "f + g*r"}, {"is": "f*r"}], F + G) == ["the candidate lacks a factor r"]


def test_a_quantity_without_a_formula_of_its_value_has_no_mistake_in_it() -> None:
    assert [*miswritten(printed({**FGR, "x": [[1.5]]}, {**FGR, "x": [[F]]}))] == []
    assert guessed("f*g", F) == ["the candidate lacks a factor g"]
    assert guessed("f*g", F, of="x*x") == []


def test_a_formula_that_reads_what_was_asked_for_is_passed_over_and_the_next_one_is_not() -> None:
    """The option -r says what r is; x = f*r is then what was asked for, x = f*g the program's own formula."""
    x = {"parents": ["f", "g"], "formula": [{"is": "f*r"}, {"is": "f*g"}]}
    known = from_document({"quantity": {"f": {}, "g": {}, "x": x}, "option": [{"flag": "-r", "says": "r"}]})
    for value, texts in ((F, ["the candidate lacks a factor g"]), (R, [])):
        assert told_of(known, value) == texts


def test_a_term_of_what_was_asked_for_may_be_missing() -> None:
    """-r asks for a background: a program without it computes by its own formula, and yet not what it was asked for."""
    x = {"parents": ["f", "g"], "formula": [{"is": "f*g + f*r"}]}
    known = from_document({"quantity": {"f": {}, "g": {}, "x": x}, "option": [{"flag": "-r", "says": "r"}]})
    assert told_of(known, F * G) == ["the candidate lacks the term f * r"]
    assert told_of(known, F * R) == [], "what it lacks reads no option, what is left does"


def told_of(known: Catalogue, value: float) -> list[str]:
    a, b = trace({**FGR, "x": [[99.0]]}), trace({**FGR, "x": [[value]]})
    data = collect("x", a.find("x"), b.find("x"), Context.of(a, b, known))
    assert data is not None
    return [guess.text for guess in miswritten(data)]


def vector(x: list[list[float]], more: dict[str, Rows] | None = None) -> Data:
    shape = {"x": {"shape": [len(x[0])], "parents": ["f"], "formula": "f"}, "f": {}}
    return printed({**FGR, "x": x}, {**FGR, **(more or {}), "x": x}, shape)


@pytest.mark.parametrize(
    "formula", ["f", "(f, g)", "f + unknown", "about_x(f)", "dot(f, g)"], ids=lambda text: text.split("(")[0]
)
def test_what_cannot_be_had_or_has_other_components_fits_nothing(formula: str) -> None:
    assert _evaluated(vector([[F, G, R]]), compile_formula(formula)) is None


def test_a_formula_is_evaluated_on_the_candidate_at_every_record() -> None:
    data = printed({"f": [[9.0], [9.0]], "x": [[1.0], [2.0]]}, {"f": [["2.5"], ["4.5"]], "x": [[5.0], [9.0]]})
    found = _evaluated(data, compile_formula("f + f"))
    assert found is not None
    assert found[0] == [5.0, 9.0]


def test_an_error_is_four_times_what_the_formula_was_given() -> None:
    """2.50 shows hundredths: f + f is known to a hundredth, and four of these are granted."""
    found = _evaluated(printed({"x": [[1.0]]}, {"f": [["2.50"]], "x": [[5.0]]}), compile_formula("f + f"))
    assert found is not None
    assert found[1] == [pytest.approx(0.04, rel=1e-9)]


@pytest.mark.parametrize(
    ("candidate", "there"), [("5.0399", True), ("5.0401", False), ("4.9601", True), ("4.9599", False), ("-5", False)]
)
def test_what_is_further_off_than_its_error_fits_nothing(candidate: str, there: bool) -> None:
    data = printed({"x": [[1.0]]}, {"f": [["2.50"]], "x": [[candidate]], "long": [[math.pi]]})
    assert (_evaluated(data, compile_formula("f + f")) is not None) is there


@pytest.mark.parametrize(
    ("candidate", "there"), [("5.040", True), ("5.041", False), ("5.0430", False), ("5.05", False)]
)
def test_the_last_digit_of_the_candidate_is_granted_beside(candidate: str, there: bool) -> None:
    """5.040 may be 5.0395, which is within 0.04 of 5; 5.041 to sixteen digits is not, nor is 5.0430."""
    data = printed({"x": [[1.0]]}, {"f": [["2.50"]], "x": [[candidate]], "long": [[math.pi]]})
    assert (_evaluated(data, compile_formula("f + f")) is not None) is there


def test_an_exact_hit_fits_where_nothing_is_granted() -> None:
    assert _evaluated(exact([[1.0]], [[3.0]]), compile_formula("3.0")) == ([3.0], [0.0])
    assert _evaluated(exact([[1.0]], [[3.0000001]]), compile_formula("3.0")) is None


# ---- a side that made no mistake ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "alone"), [([F], True), ([G], False), ([F, F], True), ([F, G], False), ([G, F], False), ([G, G], False)]
)
def test_a_side_follows_alone_where_every_value_of_it_does(values: list[float], alone: bool) -> None:
    data = printed({**FGR, "x": [[99.0]] * len(values)}, {**FGR, "x": [[v] for v in values]}, quantities("f"))
    assert follows_alone(data) is alone


def test_a_property_that_holds_or_an_unknown_quantity_is_no_value_that_follows() -> None:
    length = quantities("f", of="x*x")
    for x, f in ((3.0, 9.0), (3.0, 8.0)):
        assert not follows_alone(printed({"f": [[f]], "x": [[99.0]]}, {"f": [[f]], "x": [[x]]}, length))
    assert not follows_alone(printed({**FGR, "x": [[99.0]]}, {**FGR, "x": [[F]]}))
