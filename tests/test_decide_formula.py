"""The expression language: what each operation gives over the records of a trace, and what is refused and why."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from firstbad.tracer.at import At
from firstbad.tracer.catalogue import from_document
from firstbad.tracer.formula import CONSTANTS, FUNCTIONS, Unknown, compile_formula
from firstbad.tracer.model import Manifest
from firstbad.tracer.uncertain import Num, Term
from firstbad.tracer.view import View
from firstbad.tracer.writer import input_of
from small_traces import trace

# Three steps of a loop, a vector, another one, a number.
STEPS = "v 3 4 12; w 1 2 2; short 1 2; n 5; z 0; word MOSFLM; s{phi=0} 1.5; s{phi=1} 2.5; s{phi=2} 4; u{phi=1} 7"


def seen(text: str = STEPS, name: str = "n", number: int = 0) -> At:
    """What a formula sees from one record of the trace."""
    view = View(trace(text), from_document({"quantity": {"s": {"scope": "phi"}, "u": {"scope": "phi"}}}))
    return At(view, view.records(name)[number], {})


def plain(term: Term) -> float | tuple[float, ...]:
    return term.v if isinstance(term, Num) else tuple(x.v for x in term)


def value(formula: str, at: At | None = None) -> float | tuple[float, ...]:
    return plain(compile_formula(formula)(at or seen()))


# ---- arithmetic ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("n + 2", 7.0), ("n - 2", 3.0), ("n*2", 10.0), ("n/2", 2.5), ("n**2", 25.0), ("-n", -5.0), ("+n", 5.0),
        ("-n**2", -25.0), ("2 + 3*n", 17.0), ("pi", math.pi), ("0.1", 0.1), ("2", 2.0),
        ("v + w", (4.0, 6.0, 14.0)), ("v - w", (2.0, 2.0, 10.0)), ("v*w", (3.0, 8.0, 24.0)), ("v/w", (3.0, 2.0, 6.0)),
        ("v*2", (6.0, 8.0, 24.0)), ("2*v", (6.0, 8.0, 24.0)), ("12/v", (4.0, 3.0, 1.0)), ("v - 1", (2.0, 3.0, 11.0)),
        ("1 - v", (-2.0, -3.0, -11.0)), ("-v", (-3.0, -4.0, -12.0)), ("+v", (3.0, 4.0, 12.0)),
        ("v[0]", 3.0), ("v[1]", 4.0), ("v[2]", 12.0), ("(v + w)[1]", 6.0), ("(n, 2, v[1])", (5.0, 2.0, 4.0)),
    ],
)  # fmt: skip
def test_arithmetic_goes_element_by_element(formula: str, result: float | tuple[float, ...]) -> None:
    assert value(formula) == result


@pytest.mark.parametrize(
    ("formula", "missing"),
    [
        ("v + short", "two vectors of different length"), ("v[3]", "component 3 of a vector of 3"),
        ("short[2]", "component 2 of a vector of 2"), ("n[0]", "a number where a vector is needed"),
        ("(n, v)", "a vector where a number is needed"), ("norm(n)", "a number where a vector is needed"),
        ("1 if v else 2", "a vector where a number is needed"), ("v < 3", "a vector where a number is needed"),
        ("word + 1", "a number in word, which is a word there"), ("nothing", "nothing"), ("total(nothing)", "any record to sum over"),
        ("about(v, v)", "a vector where a number is needed"), ("about(n, n)", "a number where a vector is needed"),
        ("atan2(v, n)", "a vector where a number is needed"), ("lookup(t, v, v)", "the file behind t"),
        ("here(phi)", "the number of the phi here"),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated_says_what_is_missing(formula: str, missing: str) -> None:
    at = seen(f"{STEPS}; odd{{phi=x}} 3", "odd") if "here" in formula else seen()
    with pytest.raises(Unknown) as caught:
        value(formula, at)
    assert missing in str(caught.value)


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("sin(n)", math.sin(5)), ("cos(n)", math.cos(5)), ("exp(n)", math.exp(5)), ("sqrt(n)", math.sqrt(5)),
        ("abs(-n)", 5.0), ("ceil(n + 0.5)", 6.0), ("floor(n + 0.5)", 5.0), ("float32(0.1)", 0.10000000149011612),
        ("atan2(n, 2)", math.atan2(5, 2)), ("sincg(z, n)", 5.0), ("sincg(n, 2)", math.sin(10) / math.sin(5)),
        ("sqrt(v)", (math.sqrt(3), 2.0, math.sqrt(12))), ("abs(-v)", (3.0, 4.0, 12.0)),
        ("ceil(v/5)", (1.0, 1.0, 3.0)), ("floor(v/5)", (0.0, 0.0, 2.0)), ("sin(v)", tuple(map(math.sin, (3, 4, 12)))),
        ("norm(v)", 13.0), ("unit(v)", (3 / 13, 4 / 13, 12 / 13)), ("dot(v, w)", 35.0), ("cross(v, w)", (-16.0, 6.0, 2.0)),
        ("matmul(about_z(z), v)", (3.0, 4.0, 12.0)), ("about_x(z)", (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)),
        ("about((0, 0, 1), z)", (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)),
    ],
)  # fmt: skip
def test_each_function_is_the_one_of_its_name(formula: str, result: float | tuple[float, ...]) -> None:
    assert value(formula) == pytest.approx(result, rel=1e-15)


@pytest.mark.parametrize(("turn", "images"), [
    ("about_x", ((1, 0, 0), (0, 0, 1), (0, -1, 0))), ("about_y", ((0, 0, -1), (0, 1, 0), (1, 0, 0))),
    ("about_z", ((0, 1, 0), (-1, 0, 0), (0, 0, 1))),
])  # fmt: skip
def test_a_right_handed_quarter_turn(turn: str, images: tuple[tuple[int, ...], ...]) -> None:
    axis = {"about_x": "(1, 0, 0)", "about_y": "(0, 1, 0)", "about_z": "(0, 0, 1)"}[turn]
    for start, image in zip(("(1, 0, 0)", "(0, 1, 0)", "(0, 0, 1)"), images, strict=True):
        for matrix in (f"{turn}(pi/2)", f"about({axis}, pi/2)"):
            assert value(f"matmul({matrix}, {start})") == pytest.approx(image, abs=1e-15)


# ---- conditions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("n == 5", True), ("n == 4", False), ("n != 5", False), ("n != 4", True), ("n < 5", False), ("n < 6", True),
        ("n <= 5", True), ("n <= 4", False), ("n > 5", False), ("n > 4", True), ("n >= 5", True), ("n >= 6", False),
        ("4 < n < 6", True), ("4 < n < 5", False), ("5 < n < 6", False), ("6 > n > 4 > 3", True), ("6 > n > 4 > 4", False),
        ("n", True), ("z", False), ("not n", False), ("not z", True), ("not n == 4", True),
        ("n == 5 and z == 0", True), ("n == 5 and z == 1", False), ("n == 4 and z == 0", False),
        ("n == 5 or z == 1", True), ("n == 4 or z == 0", True), ("n == 4 or z == 1", False),
        ("n and n > 4 and z", False), ("z or n < 4 or n", True),
    ],
)  # fmt: skip
def test_a_condition(condition: str, holds: bool) -> None:
    at = seen()
    assert compile_formula(condition).true(at) is holds
    assert value(condition, at) == float(holds) or condition in ("n", "z"), "as a number it is 1 or 0"
    assert value(f"2 if {condition} else 3", at) == (2.0 if holds else 3.0)


def test_a_condition_is_decided_from_left_to_right_and_no_further_than_it_must() -> None:
    assert value("z and nothing") == 0.0
    assert value("n or nothing") == 1.0
    assert value("1 if n else nothing") == 1.0
    assert value("nothing if z else 2") == 2.0
    with pytest.raises(Unknown):
        value("n and nothing")


def test_an_array_of_values_decides_only_where_all_of_it_decides_alike() -> None:
    """Many values of one record are evaluated at once; each is asked on its own where they part."""
    view = View(trace(STEPS), from_document({}))
    n, z = (view.records(name)[0] for name in ("n", "z"))
    at = At(view, z, {id(n): Num(np.array([1.0, 3.0]), np.zeros(2))})  # type: ignore[arg-type]
    for condition, decided in (("n < 4", True), ("n > 4", False), ("n", True), ("0 < n < 4", True), ("n == 7", False)):
        assert compile_formula(condition).true(at) is decided
    for condition in ("n > 2", "n == 3", "n - 1", "0 < n < 2"):
        with pytest.raises(Unknown, match="one decision for all"):
            compile_formula(condition).true(at)
    with pytest.raises(Unknown, match="one place for all"):
        compile_formula("at(s, n)")(at)


# ---- records of a loop ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("first(s)", 1.5), ("last(s)", 4.0), ("total(s)", 8.0), ("total(s*s)", 2.25 + 6.25 + 16), ("count(s)", 3.0),
        ("count(nothing)", 0.0), ("at(s, 0)", 1.5), ("at(s, 1)", 2.5), ("at(s, n - 3)", 4.0), ("at(s, 0.9)", 2.5),
        ("first(s) - last(s)", -2.5), ("total(v)", (3.0, 4.0, 12.0)), ("total(s > 2)", 2.0), ("first(v)[1]", 4.0),
        ("total(s*n)", 40.0), ("first(s*v)", (4.5, 6.0, 18.0)),
    ],
)  # fmt: skip
def test_what_is_said_of_a_loop(formula: str, result: float | tuple[float, ...]) -> None:
    assert value(formula) == result


@pytest.mark.parametrize("formula", ["at(s, 3)", "at(s, -1)", "at(nothing, 0)", "first(nothing)", "last(nothing)"])
def test_a_record_that_is_not_there_is_unknown(formula: str) -> None:
    with pytest.raises(Unknown):
        value(formula)


def test_index_and_here_say_which_record_this_is() -> None:
    for number in range(3):
        at = seen(STEPS, "s", number)
        assert value("index(s)", at) == float(number)
        assert value("here(phi)", at) == float(number)
        assert value("here(mosaic)", at) == 0.0
    assert value("here(phi)", seen(STEPS, "u")) == 1.0


def test_here_knows_every_loop_whatever_its_program_calls_it() -> None:
    scope = "r{layer=1,subpixel=2,source=3,phi=4,mosaic=5} 1; t{phi_tic=6,mos=7.0} 1"
    at = seen(scope, "r")
    assert [value(f"here({loop})", at) for loop in ("layer", "subpixel", "source", "phi", "mosaic")] == [1, 2, 3, 4, 5]
    assert [value(f"here({loop})", seen(scope, "t")) for loop in ("phi", "mosaic", "source")] == [6, 7, 0]


@pytest.mark.parametrize("said", ["-1", "x", "²", "1.5"])
def test_a_place_that_is_no_number_is_unknown(said: str) -> None:
    with pytest.raises(Unknown, match="the number of the phi here"):
        value("here(phi)", seen(f"r{{phi={said}}} 1", "r"))


# ---- what may be written -----------------------------------------------------------------------------------------------


def test_the_names_that_a_formula_reads() -> None:
    assert compile_formula("sin(pi*x) + dot(y, z) if count(w) else at(v, 2)").names == {"x", "y", "z", "w", "v"}
    assert compile_formula("here(phi) + lookup(t, a, b)").names == {"t", "a", "b"}
    assert compile_formula("here(phi) + phi").names == {"phi"}
    assert compile_formula(" 1 ").names == frozenset() and dict(CONSTANTS) == {"pi": math.pi}
    assert compile_formula("a + b") is compile_formula("a + b"), "it is built once"
    assert compile_formula("a + b").text == "a + b"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x if", "is no expression"), ("", "is no expression"), ("x // y", "uses FloorDiv"), ("x @ y", "uses MatMult"),
        ("[1, 2]", "uses List"), ("x.real", "reads 'x.real', which is no name for a formula: it holds a point"),
        ("lambda: 1", "reads 'lambda', which Python keeps for itself"), ("2*pi/lambda", "reads 'lambda', which Python keeps"),
        ("yield", "reads 'yield', which Python"), ("2*(yield)", "reads 'yield'"), ("await x", "reads 'await'"), ("x + class", "reads 'class'"),
        ("2*grid.dx + 1", "reads 'grid.dx', which is no name"), ("a.b.c", "reads 'a.b.c', which is no name"),
        ("x iff y", "is no expression"), ("lambda_ lambdas", "is no expression"), ("x if y", "is no expression"), ("~x", "uses Invert"),
        ("x in y", "uses In"), ("x is y", "uses Is"), ("f'{x}'", "uses JoinedStr"), ("{}", "uses Dict"),
        ("'a'", "holds 'a', which is no number"), ("True", "holds True"), ("None", "holds None"), ("1j", "holds 1j"),
        ("x[i]", "takes a component by something else"), ("x[0.5]", "takes a component"), ("x['a']", "takes a component"),
        ("x[1:2]", "takes a component"), ("tan(x)", "calls tan, which is none of"), ("sin(x=1)", "calls sin, which is none of"),
        ("(x + y)(1)", "calls x + y, which is none of"), ("dot(x)", "calls dot with the wrong number"),
        ("sin(x, y)", "calls sin with the wrong number"), ("sin()", "calls sin with the wrong number"),
        ("at(x)", "calls at with the wrong number"), ("about(x)", "calls about with the wrong number"),
        ("atan2(x)", "calls atan2 with the wrong"), ("sincg(x)", "calls sincg with"), ("cross(x)", "calls cross with"),
        ("matmul(x)", "calls matmul with the wrong"), ("lookup(t, v)", "calls lookup with the wrong number"),
        ("interpolated(t, v, 1, 2)", "calls interpolated with the wrong number"), ("lookup()", "calls lookup with"),
        ("lookup(1, v, 0)", "looks something up in what is no table"), ("interpolated(t + u, v, 0)", "no table"),
        ("here(x)", "asks for a place in something else than layer, mosaic, phi, source, subpixel"),
        ("here(1)", "asks for a place"), ("here(phi + 1)", "asks for a place"), ("here(pi)", "asks for a place"),
        ("count(1)", "counts something else"), ("count(x + y)", "counts something else"),
        ("index(x + y)", "counts something else"), ("count(dot(x, y))", "counts something else"),
    ],
)  # fmt: skip
def test_nothing_else_may_be_written(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:
        compile_formula(text)
    assert said in str(caught.value) and repr(text) in str(caught.value)


@pytest.mark.parametrize("word", ["and", "or", "not", "if", "else", "in", "is", "True", "False", "None", "sin"])
def test_a_slip_beside_a_word_that_formulas_know_is_not_blamed_on_the_word(word: str) -> None:
    with pytest.raises(ValueError, match="is no expression"):
        compile_formula(f"(x {word} y")


def test_every_function_is_one_that_can_be_called() -> None:
    """Each of them is compiled with arguments of the right number."""
    three, two = {"lookup", "interpolated", "sum"}, {"atan2", "sincg", "dot", "cross", "matmul", "about", "at"}
    for name in FUNCTIONS:
        words = {"here": "phi"}.get(name, "x") if name not in three | two else "x, y" if name in two else "x, y, 1"
        assert compile_formula(f"{name}({words})").text
    assert len(FUNCTIONS) == 29


def test_a_table_is_asked_in_the_way_that_the_formula_says(tmp_path: Path) -> None:
    """`lookup` takes the nearest entry, `interpolated` the cubic: three quarters of the way they differ."""
    (tmp_path / "t").write_text("".join(f"{n} {n**3}\n" for n in range(-1, 4)))
    one = input_of(tmp_path / "t", "t")
    assert one is not None
    run = replace(trace("p 0.75 ; q 0.75 0"), inputs=(one,), folder=str(tmp_path), manifest=Manifest({"args": "-t t"}))
    view = View(run, from_document({"file": [{"option": "-t", "says": "t", "keys": 1}]}))
    at = At(view, run.records[-1], {})
    assert value("lookup(t, (0.75, ), 9)", at) == 1.0
    assert value("interpolated(t, (0.75, ), 9)", at) == pytest.approx(0.421875, rel=1e-15)
    assert value("lookup(t, (7, ), 9)", at) == 9.0


# ---- sums ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("sum(i, 4, i)", 6.0), ("sum(i, n, 1)", 5.0), ("sum(i, 0, i)", 0.0), ("sum(i, -1, i)", 0.0),
        ("sum(i, 3, i*n) + n", 20.0), ("sum(i, 2, v*i)", (3.0, 4.0, 12.0)),
        ("sum(i, 3, sum(k, 2, 1 if i + k < 2 else 0))", 3.0), ("sum(i, 3, sum(k, i, 1))", 3.0),
        ("sum(i, 2, first(s)*i)", 1.5), ("sum(i, 3, at(s, i))", 8.0), ("sum(i, 2, total(s*i))", 8.0),
        ("sum(i, 2, last(s) + i)", 9.0), ("sum(i, 2, count(s))", 6.0),
        ("sum(n, 3, n)", 3.0), ("sum(i, 2, here(phi) + index(s))", 4.0),
    ],
)  # fmt: skip
def test_a_sum_counts_its_terms(formula: str, result: float | tuple[float, ...]) -> None:
    """`n` as a counter hides the record of that name, as any name would."""
    at = seen(name="s", number=1) if "here" in formula else seen()
    assert value(formula, at) == result


def test_the_counter_of_a_sum_is_no_quantity() -> None:
    assert compile_formula("sum(i, n, i*z + sum(k, i, k))").names == {"n", "z"}
    assert compile_formula("sum(i, 3, i*z) + sum(k, 2, k)").names == {"z"}


@pytest.mark.parametrize(
    ("formula", "why"),
    [
        ("sum(3, n, n)", "counts the terms of a sum by what is no name"), ("sum(i, n)", "wrong number of arguments"),
        ("sum(i, n, i, i)", "wrong number of arguments"),
    ],
)  # fmt: skip
def test_a_sum_names_its_counter(formula: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        compile_formula(formula)


def test_a_sum_that_would_take_for_ever_is_unknown() -> None:
    with pytest.raises(Unknown, match="a sum of 1000000 terms"):
        value("sum(i, 10**6, i)")
    assert value("sum(i, 10**5, 1)") == 1e5


def test_a_sum_over_a_table_looks_each_entry_up(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("0 10\n1 20\n2 40\n")
    one = input_of(tmp_path / "t", "t")
    assert one is not None
    run = replace(trace("n 3"), inputs=(one,), folder=str(tmp_path), manifest=Manifest({"args": "-t t"}))
    view = View(run, from_document({"file": [{"option": "-t", "says": "t", "keys": 1}]}))
    assert value("sum(i, n, lookup(t, (i, ), 0))", At(view, run.records[-1], {})) == 70.0


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("cross(v, short)[0]", "the shape that"),
        ("dot(v, short)", "the shape that"),
        ("short[2]", "component 2 of a vector of 2"),
    ],
)
def test_a_vector_of_another_length_makes_a_formula_unknown_and_breaks_nothing(formula: str, said: str) -> None:
    with pytest.raises(Unknown, match=said):
        compile_formula(formula)(seen())
    with pytest.raises(Unknown, match=said):
        compile_formula(f"{formula} > 0").true(seen())
