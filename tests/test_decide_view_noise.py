"""How far a value may be off: its own roundings, and what its formula makes of the roundings of its parents."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
from firstbad.tracer.catalogue import Catalogue
from firstbad.tracer.model import Record, Trace
from firstbad.tracer.noise import Row
from firstbad.tracer.uncertain import EPSILON, FLOAT32
from firstbad.tracer.view import View
from small_traces import catalogue, sealed, trace

PAIR = catalogue("""
    [x]
    [u]
    [v]
    shape = [3]

    [y]
    parents = ["x"]
    formula = "3*x"

    [w]
    parents = ["v"]
    formula = "2*v"
    noise = { ulp = 16, scale = "10*norm(v)", why = "a sum of long vectors" }

    [odd]
    parents = ["v"]
    noise = { ulp = 16, scale = "v - 100", why = "the largest component" }

    [rounded]
    parents = ["v"]
    noise = { ulp = 8, single = "v/2", why = "an angle that the program keeps in single precision" }

    [branch]
    kind = "branch"
    parents = ["x"]
    formula = "ceil(x)"
""")


def viewed(
    text: str, known: Catalogue = PAIR, measured: Mapping[str, float] | None = None, share: float = 1.0, **facts: str
) -> View:
    """The view of a trace; `measured` are roundings by name."""
    rows = {name: Row(ulp, 1e-9, 10, share=share) for name, ulp in (measured or {}).items()}
    told = replace(known, measured={"float64": rows, "float32": rows})
    return View(sealed(text, **facts) if facts else trace(text), told)


def floor(view: View, name: str) -> tuple[float, ...]:
    return view.floor(view.records(name)[0])


def noise(view: View, name: str, *depth: int) -> tuple[float, ...]:
    return view.noise(view.records(name)[0], *depth)


def inherited(view: View, name: str) -> tuple[float, ...] | None:
    return view.inherited(view.records(name)[0])


# ---- a value's own roundings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "name", "granted"),
    [
        ("x 0.5", "x", (8 * 0.5,)), ("x -0.5", "x", (8 * 0.5,)), ("x 0", "x", (0.0,)), ("unknown 2", "unknown", (16.0,)),
        ("v 3 4 0", "v", (8 * 4 * math.sqrt(3),) * 3), ("unknown 3 -4", "unknown", (8 * 4 * math.sqrt(2),) * 2),
        ("v 3 nan 0", "v", (8 * 3 * math.sqrt(2), 0.0, 8 * 3 * math.sqrt(2))), ("x word", "x", (0.0,)),
        ("unknown inf", "unknown", (0.0,)), ("unknown -inf 2", "unknown", (0.0, 16.0)),
    ],
)  # fmt: skip
def test_a_few_roundings_of_the_value_or_of_the_length_of_its_vector(
    text: str, name: str, granted: tuple[float, ...]
) -> None:
    assert floor(viewed(text), name) == pytest.approx([g * EPSILON for g in granted], rel=1e-12, abs=0)


def test_a_word_among_numbers_has_none() -> None:
    mixed = Record("m", (2.0, "word"), ("2", "word"), (2,))
    assert View(Trace((mixed,)), PAIR).floor(mixed) == (16 * EPSILON, 0.0)


@pytest.mark.parametrize(
    ("text", "name", "scale"),
    [
        ("v 3 4 0; w 6 8 0", "w", 50.0), ("v 3 4 0; w 600 8 0", "w", 600.0), ("w 6 8 0", "w", 8.0),
        ("v 3 4 0; odd 1", "odd", 100.0), ("v 3 4 0; odd 200", "odd", 200.0), ("w 6e-3 8e-3 0", "w", 8e-3),
    ],
)  # fmt: skip
def test_a_noise_rule_names_what_roundings_are_relative_to(text: str, name: str, scale: float) -> None:
    view = viewed(text)
    record = view.records(name)[0]
    assert view.scale(record) == scale
    assert view.floor(record)[0] == pytest.approx(16 * EPSILON * scale, rel=1e-12, abs=0)


@pytest.mark.parametrize(
    ("text", "double", "single"),
    [
        ("v 3 4 0; rounded 0.1", 2 * FLOAT32 / EPSILON, 2.0), ("v 3 4 0; rounded 7", 2 * FLOAT32 / EPSILON, 7.0),
        ("v 3 4 0; rounded 1e12", 1e12, 1e12), ("rounded 0.1", 0.1, 0.1),
    ],
)  # fmt: skip
def test_what_a_program_rounds_to_single_is_rounded_so_in_either_precision(
    text: str, double: float, single: float
) -> None:
    for facts, scale in (({"dtype": "float64"}, double), ({"dtype": "float32"}, single)):
        view = viewed(text, **facts)
        assert view.scale(view.records("rounded")[0]) == scale


def test_a_word_has_no_scale() -> None:
    view = viewed("x word")
    assert view.scale(view.records("x")[0]) == 0.0


def test_a_wrong_unit_label_is_in_the_scale_too() -> None:
    view = viewed("v 3 4 0; w 6e3 8e3 0")
    view.labels["w"] = 1e3
    assert view.scale(view.records("w")[0]) == 50e3


@pytest.mark.parametrize(("measured", "roundings"), [(10.0, 20.0), (1.0, 2.0), (0.5, 2.0), (1.5, 3.0)])
def test_reruns_say_how_many_roundings_and_two_are_the_least(measured: float, roundings: float) -> None:
    assert floor(viewed("x 0.5", measured={"x": measured}), "x")[0] == roundings * EPSILON * 0.5
    view = viewed("x 0.5", measured={"x": measured}, dtype="float32")
    assert floor(view, "x")[0] == roundings * FLOAT32 * 0.5
    assert floor(viewed("x 0.5", measured={"y": measured}), "x")[0] == 8 * EPSILON * 0.5


# ---- what is inherited ----------------------------------------------------------------------------------------------------


def test_the_noise_of_a_parent_goes_through_the_formula() -> None:
    view = viewed("x 0.5; y 1.5", measured={"x": 1000.0})
    parent = 2000 * EPSILON * 0.5
    assert noise(view, "x") == (parent,)
    assert inherited(view, "y") == (3 * parent + 1.5 * EPSILON,)
    assert noise(view, "y") == (3 * parent + 1.5 * EPSILON,)


@pytest.mark.parametrize(
    ("measured", "granted"), [(1.0, 1.0), (0.6, 1.0), (0.5, 1.0), (0.25, 0.5), (0.005, 0.02), (0.0, 0.02)]
)
def test_of_the_inherited_noise_so_much_is_granted_as_reruns_showed(measured: float, granted: float) -> None:
    """Twice the largest part that was seen, at least a fiftieth; all of it where nothing was measured."""
    loud = {"x": 1e6, "y": 0.5}
    view = viewed("x 0.5; y 1.5", measured=loud, share=measured)
    passed = inherited(view, "y")
    assert passed is not None and view.share("y") == granted
    assert noise(view, "y") == (granted * passed[0],)
    bare = viewed("x 0.5; y 1.5", measured={"x": 1e6}, share=measured)
    assert bare.share("y") == 1.0 and noise(bare, "y") == inherited(bare, "y")


def test_the_larger_of_its_own_and_the_inherited_noise_counts_in_each_component() -> None:
    view = viewed("v 1 1 1; w 2 2 2")
    own, passed = floor(view, "w"), inherited(view, "w")
    assert passed is not None and own[0] > passed[0]
    assert noise(view, "w") == own
    view = viewed("v 1 1 1; w 2 2 2", measured={"v": 1e6})
    assert noise(view, "w") == inherited(view, "w") != own


def test_without_a_formula_that_can_be_evaluated_nothing_is_inherited() -> None:
    for text, name in (("y 1.5", "y"), ("x word; y 1.5", "y"), ("x 1", "x"), ("unknown 1", "unknown")):
        assert inherited(viewed(text), name) is None
        assert noise(viewed(text), name) == floor(viewed(text), name)


def test_a_decision_has_no_noise_but_perhaps_a_doubt() -> None:
    view = viewed("x 0.5; branch 1; other 2 3")
    assert noise(view, "branch") == (0.0,) and steps(view, "branch") == [(0.0, 0.0)]
    tie = viewed("x 1; branch 1")
    assert noise(tie, "branch") == (0.0,) and steps(tie, "branch") == [(0.0, 1.0)]
    assert view.decisions(view.records("other")[0]) == (), "no formula tells"


def steps(view: View, name: str) -> list[tuple[float, float]]:
    """How far down and up each decision of the first record of a name may be turned."""
    return [decision.reach[0] for decision in view.decisions(view.records(name)[0])]


def chain(length: int) -> tuple[Catalogue, str]:
    """q0, and q1 … each the one before."""
    entries = ["[q0]"] + [f'[q{i}]\nparents = ["q{i - 1}"]\nformula = "q{i - 1}"' for i in range(1, length + 1)]
    return catalogue("\n".join(entries)), "; ".join(f"q{i} 1" for i in range(length + 1))


@pytest.mark.parametrize(("length", "reaches"), [(1, True), (11, True), (12, True), (13, False), (20, False)])
def test_noise_is_followed_through_twelve_formulas(length: int, reaches: bool) -> None:
    known, text = chain(length)
    loud = (
        noise(viewed(text, known, {"q0": 1e6}), f"q{length}"),
        inherited(viewed(text, known, {"q0": 1e6}), f"q{length}"),
    )
    assert [found is not None and found[0] > 1e5 * EPSILON for found in loud] == [reaches, reaches]


@pytest.mark.parametrize(("length", "turned"), [(1, True), (11, True), (12, False)])
def test_a_decision_is_in_doubt_through_twelve_formulas_with_its_own(length: int, turned: bool) -> None:
    """1.25 is 0.25 above the tie, and the noise of the first value is 0.31."""
    entries = ["[q0]"] + [f'[q{i}]\nparents = ["q{i - 1}"]\nformula = "q{i - 1}"' for i in range(1, length + 1)]
    entries.append(f'[cut]\nkind = "branch"\nparents = ["q{length}"]\nformula = "ceil(q{length})"')
    text = "; ".join(f"q{i} 1.25" for i in range(length + 1))
    view = viewed(f"{text}; cut 2", catalogue("\n".join(entries)), {"q0": 2.0**49})
    assert steps(view, "cut") == [(-1.0 if turned else 0.0, 0.0)]


def test_from_the_twelfth_formula_on_there_is_only_the_own_noise() -> None:
    known, text = chain(1)
    assert noise(viewed(text, known, {"q0": 1e6}), "q1", 11) == (2e6 * EPSILON,)
    assert noise(viewed(text, known, {"q0": 1e6}), "q1", 12) == (8 * EPSILON,)


# ---- several formulas -------------------------------------------------------------------------------------------------------


def choice(*alternatives: str, shape: str = "[]") -> Catalogue:
    listed = ", ".join(a if a.startswith("{") else f'"{a}"' for a in alternatives)
    return catalogue(f"""
        [x]
        [u]
        [y]
        shape = {shape}
        parents = ["x", "u"]
        formula = [{listed}]
    """)


LOUD = {"x": 2.0**49, "u": 2.0**30}
"""Twice 2^49 roundings of 8 are an error of exactly 2; those of u are small."""


def test_the_formula_nearest_to_the_value_gives_the_error() -> None:
    for alternatives in (("x", "10*u"), ("10*u", "x")):
        loud, quiet = (inherited(viewed(f"x 8; u 8; y {y}", choice(*alternatives), LOUD), "y") for y in (8, 80))
        assert loud == (2.0,) and quiet is not None and quiet[0] < 1e-3
    near = inherited(viewed("x 8; u 8; y 8", choice("x", "x + u - u"), LOUD), "y")
    assert near == (2.0,), "the first of two that are equally near"


@pytest.mark.parametrize(
    "alternatives",
    [
        ('{ is = "u", when = "u > 9" }', "x"), ('{ is = "x", when = "u < 9" }', '{ is = "u", when = "u > 9" }'),
        ('{ is = "u", when = "u[0] > 0" }', "x"), ("u[0]", "x"), ("x",), ("x", "u[0]"),
    ],
)  # fmt: skip
def test_formulas_that_do_not_apply_or_cannot_be_evaluated_are_passed_over(alternatives: tuple[str, ...]) -> None:
    assert inherited(viewed("x 8; u 8; y 8", choice(*alternatives), LOUD), "y") == (2.0,)


def test_the_error_is_in_the_unit_that_is_printed() -> None:
    view = viewed("x 8; u 8; y 8e3", choice("x"), LOUD)
    view.labels["y"] = 1e3
    assert inherited(view, "y") == (2e3,)
    view = viewed("x 8; u 8; y 8e3", choice("x", "10*u"), LOUD)
    view.labels["y"] = -1e3
    assert inherited(view, "y") == (2e3,), "the nearest in the unit that is printed"


@pytest.mark.parametrize(
    ("x", "y", "scaled"),
    [
        (80, 79, False), (80, 15, False), (80, 8, False), (80, 7.9, True), (80, 0.1, True), (9, 0.5, True), (8, 0.5, False),
        (7, 0.5, False),
    ],
)  # fmt: skip
def test_a_formula_that_is_far_off_has_an_error_of_the_size_of_the_value(x: float, y: float, scaled: bool) -> None:
    """Below a tenth of what the formula gives, unless four errors (of 2 here) may make it so small."""
    known = choice("x")
    found = inherited(viewed(f"x {x}; u 1; y {y}", known, {"x": 2.0**52 / x}), "y")
    assert found == (pytest.approx(2 * y / x if scaled else 2.0, rel=1e-12),)
    labelled = viewed(f"x {x}; u 1; y {y * 1e3}", known, {"x": 2.0**52 / x})
    labelled.labels["y"] = 1e3
    assert inherited(labelled, "y") == (pytest.approx(1e3 * (2 * y / x if scaled else 2.0), rel=1e-12),)


def test_the_largest_error_of_a_vector_decides_that() -> None:
    known = choice("(x, u)", shape="[2]")
    longer = inherited(viewed("x 8; u 8; y 0.1 0.1", known, LOUD), "y")
    assert longer is not None and longer[0] == pytest.approx(2 * 0.1 / 8), "11.3 is more than four errors"
    assert inherited(viewed("x 8; u 0; y 0.1 0", known, LOUD), "y") == (2.0, 0.0), "8 is not"


# ---- single precision ---------------------------------------------------------------------------------------------------------


def test_a_program_in_single_precision_rounds_as_often_and_coarser() -> None:
    view = viewed("x 0.5; y 1.5", dtype="float32")
    parent = 8 * FLOAT32 * 0.5
    assert noise(view, "x") == (parent,)
    assert inherited(view, "y") == pytest.approx((3 * parent + 1.5 * EPSILON + 1.5 * FLOAT32,), rel=1e-12, abs=0)


def test_and_so_in_each_component() -> None:
    view = viewed("v 3 4 0; w 6 8 0", dtype="float32")
    parent = 8 * FLOAT32 * 4 * math.sqrt(3)
    wanted = [2 * parent + v * (EPSILON + FLOAT32) for v in (6, 8, 0)]
    assert inherited(view, "w") == pytest.approx(wanted, rel=1e-12, abs=0)
