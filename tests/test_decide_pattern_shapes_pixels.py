"""Lengths and places that are off by pixels or parts of them: how large a pixel is, and what each shift costs."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from firstbad.tracer.pattern_shapes import _axis, _offsets, _parts, _pixel_sizes, _prior, pixels_off
from made_pairs import claims, traced

MADE_OF_PIXELS: dict[str, dict[str, Any]] = {
    "x": {"parents": ["pixel_mm"], "formula": "pixel_mm"},
    "v": {"shape": [3], "parents": ["pixel_mm"], "formula": "pixel_mm"},
    "pixel_mm": {},
}
DETECTOR = "fdet_vec 0 0 1; sdet_vec 0 -1 0;"


def test_a_length_is_off_by_half_a_pixel_or_one_either_way_in_metres_or_millimetres() -> None:
    guesses = list(pixels_off(traced("x", "x 10; x 20; pixel_mm 0.25")))
    assert claims(guesses) == [
        ("half-pixel", "+0.5 pixel (0.00025 m a pixel)", 4.5, 5.0),
        ("half-pixel", "-0.5 pixel (0.00025 m a pixel)", 4.5, 5.0),
        ("one-pixel", "+1 pixel (0.00025 m a pixel)", 5.0, 5.0),
        ("one-pixel", "-1 pixel (0.00025 m a pixel)", 5.0, 5.0),
        ("half-pixel", "+0.5 pixel (0.25 mm a pixel)", 4.5, 5.0),
        ("half-pixel", "-0.5 pixel (0.25 mm a pixel)", 4.5, 5.0),
        ("one-pixel", "+1 pixel (0.25 mm a pixel)", 5.0, 5.0),
        ("one-pixel", "-1 pixel (0.25 mm a pixel)", 5.0, 5.0),
    ]
    assert [g.values for g in guesses[4:]] == [[10.125, 20.125], [9.875, 19.875], [10.25, 20.25], [9.75, 19.75]]
    assert [g.values[0] for g in guesses[:2]] == pytest.approx([10.000125, 9.999875], rel=1e-15)


def test_what_is_known_of_the_length_stays_as_it_is() -> None:
    data = traced("x", "x 10; x 20; pixel_mm 0.25")
    assert all(g.errors == [p.r_error for p in data.flat] for g in pixels_off(data))


def test_a_place_is_off_along_one_axis_of_the_detector_or_along_both() -> None:
    """In each unit a half or a whole pixel either way, on each axis, or none: five times five, without the nothing."""
    guesses = list(pixels_off(traced("v", f"v 1 2 3; pixel_mm 0.25; {DETECTOR}")))
    assert len(guesses) == 2 * 24
    by_text = {g.text: g for g in guesses[24:]}
    expected = {0.0: 0.0, 0.5: 0.5, 1.0: 1.0}  # what each part of a pixel costs
    for fast, slow in product((0.0, 0.5, -0.5, 1.0, -1.0), repeat=2):
        if fast or slow:
            said = [f"{by:+g} pixel along {axis}" for by, axis in ((fast, "fast"), (slow, "slow")) if by]
            guess = by_text.pop(", ".join(said))
            assert guess.values == [1.0, 2.0 - 0.25 * slow, 3.0 + 0.25 * fast]
            assert guess.kind == ("half-pixel" if 0.5 in (abs(fast), abs(slow)) else "one-pixel")
            assert (guess.cost, guess.least) == (6.0 + expected[abs(fast)] + expected[abs(slow)], 5.0)
    assert not by_text


def test_every_record_of_a_place_moves_alike() -> None:
    guesses = list(pixels_off(traced("v", f"v 1 2 3; v 4 5 6; pixel_mm 0.5; {DETECTOR}")))
    (one,) = [g for g in guesses[24:] if g.text == "+1 pixel along fast, -1 pixel along slow"]
    assert one.values == [1.0, 2.5, 3.5, 4.0, 5.5, 6.5]


@pytest.mark.parametrize("axes", ["", "fdet_vec 0 0 1", "sdet_vec 0 -1 0", "fdet_vec 0 0 1; sdet_vec 1 0"])
def test_without_both_axes_of_the_detector_no_place_is_moved(axes: str) -> None:
    data = traced("v", f"v 1 2 3; pixel_mm 0.25; {axes}")
    assert _offsets(data, (1.0, 0.0), 0.25) is None
    assert claims(pixels_off(data)) == []


@pytest.mark.parametrize("width", [2, 4, 9])
def test_only_a_length_or_a_place_can_be_off_by_pixels(width: int) -> None:
    data = traced("x", f"x {' '.join('1' * width)}; pixel_mm 0.25; {DETECTOR}")
    assert claims(pixels_off(data)) == []


def test_without_the_size_of_a_pixel_nothing_is_said() -> None:
    assert claims(pixels_off(traced("x", "x 1"))) == []
    assert claims(pixels_off(traced("v", f"v 1 2 3; {DETECTOR}"))) == []


def test_an_axis_is_the_first_record_of_its_name_if_that_is_a_vector() -> None:
    assert _axis(traced("x", "x 1; fdet_vec 1 2 3; fdet_vec 4 5 6"), "fdet_vec") == (1.0, 2.0, 3.0)
    assert _axis(traced("x", "x 1; fdet_vec 1 2; fdet_vec 4 5 6"), "fdet_vec") is None
    assert _axis(traced("x", "x 1"), "fdet_vec") is None


@pytest.mark.parametrize(
    ("name", "document", "prior"),
    [
        ("x", {}, (4.0, 5.0)),
        ("v", {}, (6.0, 5.0)),
        ("x", MADE_OF_PIXELS, (0.5, 1.0)),
        ("v", MADE_OF_PIXELS, (2.0, 2.0)),
    ],
)
def test_what_is_made_of_pixels_is_off_by_pixels_more_easily(
    name: str, document: dict[str, dict[str, Any]], prior: tuple[float, float]
) -> None:
    assert _prior(traced(name, "x 1; v 1 2 3; pixel_mm 0.1", document=document)) == prior


@pytest.mark.parametrize("name", ["said_oversample", "oversample"])
@pytest.mark.parametrize(
    ("count", "more"),
    [
        ("1", {}),
        ("2", {0.25: 1.0}),
        ("5", {0.1: 1.0, 0.2: 1.0}),
        ("99", {0.5 / 99: 1.0, 1 / 99: 1.0}),
        ("100", {}),
        ("auto", {}),
        ("1; {name} 4", {}),  # the first record counts
    ],
)
def test_with_subpixels_one_may_be_off_by_a_half_or_one_of_them(
    name: str, count: str, more: dict[float, float]
) -> None:
    """Half a pixel costs half a bit, anything else one; half of a pixel is a subpixel where there are two."""
    data = traced("x", f"x 1; {name} {count.format(name=name)}")
    assert _parts(data) == {0.5: 0.5, 1.0: 1.0, **more}


def test_a_part_of_a_pixel_is_said_and_paid() -> None:
    guesses = list(pixels_off(traced("x", "x 10; pixel_mm 1; oversample 4")))
    assert [(g.text, g.kind, g.cost) for g in guesses if "mm" in g.text and "-" not in g.text] == [
        ("+0.125 pixel (1 mm a pixel)", "half-pixel", 5.0),
        ("+0.25 pixel (1 mm a pixel)", "half-pixel", 5.0),
        ("+0.5 pixel (1 mm a pixel)", "half-pixel", 4.5),
        ("+1 pixel (1 mm a pixel)", "one-pixel", 5.0),
    ]


@pytest.mark.parametrize(
    ("reference", "candidate", "millimetres"),
    [
        ("x 1; pixel_mm 0.25; pixel_mm 9", "x 1; pixel_mm 0.5", 0.25),
        ("x 1", "x 1; pixel_mm 0.5; pixel_mm 9", 0.5),
        ("x 1; pixel_mm unknown; pixel_mm 9", "x 1; pixel_mm 0.5", 0.5),
        ("x 1; pixel_mm 0", "x 1; pixel_mm 0.5", 0.5),
        ("x 1", "x 1", None),
    ],
)
def test_the_size_of_a_pixel_is_the_reference_s_else_the_candidate_s(
    reference: str, candidate: str, millimetres: float | None
) -> None:
    sizes = [] if millimetres is None else [("m", millimetres / 1000), ("mm", millimetres)]
    assert list(_pixel_sizes(traced("x", reference, candidate))) == sizes


def test_a_size_that_was_worked_out_serves_where_no_line_tells_it() -> None:
    silent, told, word = (traced("x", f"x 1; {line}") for line in ("", "pixel_mm 0.25", "pixel_mm unknown"))
    for data in (silent, told, word):
        data.compared.a.parameters["pixel_mm"] = 0.1
    assert [[size for _, size in _pixel_sizes(data)][-1] for data in (silent, told, word)] == [0.1, 0.25, 0.1]
