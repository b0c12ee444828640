"""Components of a vector: negated, exchanged, both."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from firstbad.tracer.pattern_data import Guess
from firstbad.tracer.pattern_factors import axis_signs, permuted
from pattern_pairs import exact

ROWS = [[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]]


def test_one_or_two_of_three_components_may_be_negated() -> None:
    found = [*axis_signs(exact(ROWS, ROWS, r_error=0.5))]
    signs = {
        "x": (-1, 1, 1), "y": (1, -1, 1), "z": (1, 1, -1), "x and y": (-1, -1, 1), "x and z": (-1, 1, -1),
        "y and z": (1, -1, -1),
    }  # fmt: skip
    assert found == [
        Guess(
            "component-sign", f"the sign of {names} is reversed",
            [s * x for row in ROWS for s, x in zip(by, row, strict=True)], [0.5] * 6, 2.5, 0.0,
        )
        for names, by in signs.items()
    ]  # fmt: skip


def test_one_of_two_components_may_be_negated() -> None:
    rows = [[1.0, 2.0], [3.0, 4.0]]
    found = [(guess.text, guess.values) for guess in axis_signs(exact(rows, rows))]
    assert found == [
        ("the sign of x is reversed", [-1.0, 2.0, -3.0, 4.0]),
        ("the sign of y is reversed", [1.0, -2.0, 3.0, -4.0]),
    ]


def test_one_of_more_numbers_may_be_negated_and_goes_by_its_place() -> None:
    rows = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]
    found = [*axis_signs(exact(rows, rows, r_error=0.5))]
    assert [guess.text for guess in found] == [f"the sign of number {n} is reversed" for n in (1, 2, 3, 4)]
    values = [-1.0, 2.0, 3.0, 4.0, -5.0, 6.0, 7.0, 8.0]
    assert found[0] == Guess("component-sign", found[0].text, values, [0.5] * 8, 4.0, 0.0)
    assert found[2].values == [1.0, 2.0, -3.0, 4.0, 5.0, 6.0, -7.0, 8.0]


def test_a_single_number_has_no_components() -> None:
    assert [*axis_signs(exact([[1.0], [2.0]], [[1.0], [2.0]]))] == []
    assert [*permuted(exact([[1.0], [2.0]], [[1.0], [2.0]]))] == []


def test_two_components_are_exchanged_in_four_ways() -> None:
    rows = [[1.0, 2.0], [3.0, 4.0]]
    found = [(g.kind, g.text.split(": ")[1], g.values, g.cost) for g in permuted(exact(rows, rows))]
    assert found == [
        ("swap", "xy became yx", [2.0, 1.0, 4.0, 3.0], 4.0),
        ("swap", "xy became y-x", [2.0, -1.0, 4.0, -3.0], 7.0),
        ("swap", "xy became -yx", [-2.0, 1.0, -4.0, 3.0], 7.0),
        ("swap", "xy became -y-x", [-2.0, -1.0, -4.0, -3.0], 7.0),
    ]


def test_three_components_are_exchanged_in_every_order_and_sign_but_their_own() -> None:
    found = {g.text.removeprefix("the components are exchanged: xyz became "): g for g in permuted(exact(ROWS, ROWS))}
    orders = {"".join(o) for o in permutations("xyz")} - {"xyz"}
    assert len(found) == 5 * 8
    assert {text.replace("-", "") for text in found} == orders
    assert {text for text, guess in found.items() if guess.cost == 4.0} == orders
    assert {guess.cost for text, guess in found.items() if "-" in text} == {7.0}
    kinds = {text: guess.kind for text, guess in found.items()}
    assert {text for text in orders if kinds[text] == "swap"} == {"yxz", "xzy", "zyx"}
    assert {text for text in orders if kinds[text] == "axis-permutation"} == {"yzx", "zxy"}
    assert {guess.least for guess in found.values()} == {1.0}


@pytest.mark.parametrize(
    ("text", "values"),
    [("y-xz", [2.0, -1.0, 3.0, 6.0, -5.0, 7.0]), ("zxy", [3.0, 1.0, 2.0, 7.0, 5.0, 6.0]),
     ("-yz-x", [-2.0, 3.0, -1.0, -6.0, 7.0, -5.0])],
)  # fmt: skip
def test_a_letter_says_what_stands_at_its_place(text: str, values: list[float]) -> None:
    found = {g.text.split()[-1]: g.values for g in permuted(exact(ROWS, ROWS))}
    assert found[text] == values


def test_an_error_goes_where_its_number_goes() -> None:
    data = exact([[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]])
    row = tuple(replace(pair, r_error=pair.r / 8) for pair in data.flat)
    found = {g.text.split()[-1]: g.errors for g in permuted(replace(data, rows=(row,), flat=row))}
    assert found["z-xy"] == [3 / 8, 1 / 8, 2 / 8]


def test_four_numbers_are_no_axes() -> None:
    rows = [[1.0, 2.0, 3.0, 4.0]]
    assert [*permuted(exact(rows, rows))] == []
