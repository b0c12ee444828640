"""Rules with a small pair of traces each: the mistake and its name, the near miss and silence."""

from __future__ import annotations

import math

import pytest
from firstbad.tracer.catalogue import from_document
from firstbad.tracer.pattern import Context, Pattern, explain
from firstbad.tracer.text import parse

Rows = dict[str, list[list[float]]]
TURN = {
    "quantity": {
        "v": {"shape": [3]},
        "angle": {},
        "w": {"shape": [3], "parents": ["v", "angle"], "formula": "matmul(about_z(angle), v)"},
    }
}
PRODUCT = {
    "quantity": {
        "f": {},
        "g": {},
        "r": {},
        "I": {"parents": ["f", "g", "r"], "formula": "f*f*g*g/r"},
    }
}


def printed(rows: Rows) -> str:
    lines = [f"TRACE: {name} {' '.join(f'{x:.15g}' for x in row)}\n" for name, series in rows.items() for row in series]
    return "".join(lines)


def said(name: str, reference: Rows, candidate: Rows, document: dict[str, object] | None = None) -> Pattern | None:
    a, b = parse(printed(reference)), parse(printed(candidate))
    return explain(a.find(name), b.find(name), Context.of(a, b, from_document(document or {"quantity": {}})))


def turned(v: list[float], angle: float) -> list[float]:
    c, s = math.cos(angle), math.sin(angle)
    return [c * v[0] - s * v[1], s * v[0] + c * v[1], v[2]]


V, ANGLE = [0.81234567, -0.33221144, 0.47711223], 0.2345678


@pytest.mark.parametrize(
    ("angle", "kind"), [(-ANGLE, "inverse-rotation"), (0.0, "unapplied"), (ANGLE + 0.1, None)], ids=str
)
def test_a_rotation_the_other_way_round_or_left_out(angle: float, kind: str | None) -> None:
    inputs: Rows = {"v": [V], "angle": [[ANGLE]]}
    found = said("w", inputs | {"w": [turned(V, ANGLE)]}, inputs | {"w": [turned(V, angle)]}, TURN)
    assert (found.kind if found else None) == kind


F, G, R = 12.345678901, 3.3219283746, 0.7128391827


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (F * G * G / R, {"missing-factor"}),
        (F * F * G * G, {"missing-factor", "extra-factor"}),
        (F * F * G * G * G / R, {"extra-factor"}),
        (F * G / R, {"missing-square"}),
        (1.01234567 * F * F * G * G / R, {None}),
    ],
)
def test_a_factor_of_the_formula_left_out_or_twice(value: float, kinds: set[str | None]) -> None:
    inputs: Rows = {"f": [[F]], "g": [[G]], "r": [[R]]}
    found = said("I", inputs | {"I": [[F * F * G * G / R]]}, inputs | {"I": [[value]]}, PRODUCT)
    assert (found.kind if found else None) in kinds


def test_the_mistake_of_the_reference_is_said_to_be_its_own() -> None:
    long = [[1.23456789012345 * (i + 1)] for i in range(4)]
    kept = [[round(row[0], 3)] for row in long]
    digits: Rows = {"other": [[0.123456789012345]]}  # both print fifteen
    ours, theirs = (said("x", digits | {"x": a}, digits | {"x": b}) for a, b in ((long, kept), (kept, long)))
    assert ours is not None and theirs is not None
    assert ours.kind == theirs.kind == "decimals"
    assert ours.text == "rounded to 3 decimals" and theirs.text == "the reference: rounded to 3 decimals"


@pytest.mark.parametrize("off", [1e-9, 1e-6])
def test_numbers_that_are_short_by_nature_were_not_rounded(off: float) -> None:
    table = [[108.21], [97.35], [12.04], [55.5]]
    assert said("x", {"x": table}, {"x": [[x * (1 + off * (i + 1))] for i, (x,) in enumerate(table)]}) is None


def test_whole_numbers_are_not_typed_constants_nor_rounded_to_float32() -> None:
    assert said("steps", {"steps": [[351.0]]}, {"steps": [[351.31698901]]}) is None
    whole = [[float(i)] for i in range(3, 9)]
    assert said("n", {"n": whole}, {"n": [[x * (1 + 1e-9 * x)] for (x,) in whole]}) is None


def test_an_axis_is_the_value_of_many_and_of_none_in_particular() -> None:
    tilted = [[-0.00199999766667, 0.000999999833333, 0.999997500002]]
    axis: Rows = {"odet": [[0.0, 0.0, 1.0]]}
    assert said("incident", axis | {"incident": tilted}, axis | {"incident": [[0.0, 0.0, 1.0]]}) is None
    named: Rows = {"other": [[0.123456789, -0.2345678912, 0.3456789123]]}
    found = said("incident", named | {"incident": tilted}, named | {"incident": named["other"]})
    assert found is not None and found.kind == "other-quantity" and "other" in found.text


def test_one_angle_of_several_has_the_other_sign() -> None:
    angles = [[0.0, 0.0, 0.0523598775598, 0.0349065850399]]
    found = said("angles", {"angles": angles}, {"angles": [[*angles[0][:3], -angles[0][3]]]})
    assert found is not None and (found.kind, found.text) == ("component-sign", "the sign of number 4 is reversed")


def test_what_is_whole_because_no_more_digits_were_printed_was_not_rounded() -> None:
    large = [[123456789012345.0 + 7 * i] for i in range(4)]
    found = said("x", {"x": large}, {"x": [[x + 3] for (x,) in large]})
    assert found is None or found.kind != "integer-truncation"


@pytest.mark.parametrize(
    ("factor", "text"), [(3.0, "a factor of 3"), (2 / 3, "a factor of 2/3"), (1.2345678, "1.23457")]
)
def test_a_common_factor_has_the_name_of_a_simple_ratio(factor: float, text: str) -> None:
    rows = [[0.1234567890123 * (i + 1), -0.7654321 * (i + 2), 0.3331117771] for i in range(3)]
    found = said("v", {"v": rows}, {"v": [[x * factor for x in row] for row in rows]})
    assert found is not None and text in found.text


def test_a_factor_of_single_components_is_tried_last() -> None:
    rows = [[0.1234567890123 * (i + 1), -0.7654321 * (i + 2), 0.3331117771 * (i + 1)] for i in range(3)]
    found = said("v", {"v": rows}, {"v": [[row[0], row[1], row[2] * 180 / math.pi] for row in rows]})
    assert found is not None and found.kind == "degrees-radians" and found.text.endswith("in 1 of 3 components")
