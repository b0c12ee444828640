"""Values that no sound image has: negative ones, zeros, a top that is cut off, digits that are gone."""

from __future__ import annotations

import numpy as np
import pytest
from firstbad.tracer.image_findings import Finding, _is_half, _values
from firstbad.tracer.image_ties import is_whole

SOUND = np.array([[0.25, 2.1, 3.3, 40.7]])
"""No value is whole, only the first is half precision, the highest is there once."""


def values(candidate: list[float], reference: list[float] | None = None, allowance: float = 0.5) -> list[Finding]:
    r = SOUND if reference is None else np.array([reference])
    return list(_values(r, np.array([candidate]), np.full(r.shape, allowance)))


def test_a_sound_image_has_no_odd_values() -> None:
    assert values([0.25, 2.2, 3.1, 41.7]) == []


@pytest.mark.parametrize(
    ("candidate", "negative"),
    [
        ([-0.5, 2.1, 3.3, 40.7], 0),
        ([-0.51, 2.1, 3.3, 40.7], 1),
        ([-0.51, -0.52, 3.3, 40.7], 2),
        ([0.1, 0.2, 0.3, 40.7], 0),
    ],
)
def test_a_negative_pixel_lies_below_minus_what_rounding_explains(candidate: list[float], negative: int) -> None:
    said = f"{'1 pixel is' if negative == 1 else '2 pixels are'} negative, none of the reference's is: "
    said += "at 0 0 (slow fast)" if negative == 1 else "the first at 0 0 (slow fast)"
    assert values(candidate) == [Finding("negative", said, negative)] * bool(negative)


@pytest.mark.parametrize(("times", "told"), [(1, False), (2, False), (3, True)])
def test_an_image_of_repeated_pixels_is_cut_off_where_the_top_is_there_more_often_than_that(
    times: int, told: bool
) -> None:
    """Every value is there four times, as where 2 x 2 pixels were binned and written as often."""
    found = values([1.5] * 4 + [2.5] * 4 + [7.7] * 4 * times, [1.5] * 4 + [2.5] * 4 + [8.0] * 4 * times)
    assert [one.text for one in found] == [f"{4 * times} pixels are cut off at 7.7"] * told


@pytest.mark.parametrize(
    ("lowest", "told"), [(-1e-9, False), (0.0, True), (-0.0, True), (0.3, True), (1.5, True), (-3.0, False)]
)
def test_a_reference_with_negative_pixels_allows_them(lowest: float, told: bool) -> None:
    found = values([-7.5, 2.1, 3.3, 40.7], [lowest, 2.1, 3.3, 40.7])
    assert [f.kind for f in found] == ["negative"] * told


@pytest.mark.parametrize(
    ("reference", "zeroed"),
    [([5.0, 2.1, 3.3, 40.7], 0), ([5.1, 2.1, 3.3, 40.7], 1), ([-5.1, 2.1, 3.3, 40.7], 1), ([5.1, 5.2, 3.3, 40.7], 2)],
)
def test_a_zeroed_pixel_had_more_than_ten_times_what_rounding_explains(reference: list[float], zeroed: int) -> None:
    candidate = [0.0, 0.0, 3.3, 40.7]
    said = {
        1: "1 pixel is exactly zero where the reference's is not: at 0 0 (slow fast)",
        2: "2 pixels are exactly zero where the reference's are not: the first at 0 0 (slow fast)",
    }.get(zeroed, "")
    assert values(candidate, reference) == [Finding("zeroed", said, zeroed)] * bool(zeroed)


@pytest.mark.parametrize("other", [1e-300, 1.0, -0.4])
def test_only_an_exact_zero_is_zeroed(other: float) -> None:
    assert values([other, 2.1, 3.3, 40.7], [30.1, 2.1, 3.3, 40.7]) == []


@pytest.mark.parametrize(
    ("candidate", "reference", "pixels"),
    [
        ([1.1, 7.7, 7.7, 7.7], [1.1, 8.3, 9.1, 9.2], 3),
        ([7.7, 7.7, 7.7, 7.7], [7.7, 8.3, 9.1, 9.2], 4),
        ([1.1, 1.2, 7.7, 7.7], [1.1, 1.2, 9.1, 9.2], 0),  # two at the top may be chance
        ([1.1, 7.7, 7.7, 7.7], [1.1, 7.7, 9.1, 9.2], 3),  # one that was there already
        ([1.1, 7.7, 7.7, 7.7], [1.1, 7.6, 9.1, 9.2], 0),  # it rose to the top
        ([1.1, 9.2, 9.2, 9.2], [9.2, 9.2, 9.2, 9.2], 0),  # the reference's own maximum
        ([1.1, 9.3, 9.3, 9.3], [1.1, 9.1, 9.1, 9.2], 0),
    ],
)
def test_three_pixels_at_one_top_below_the_references_are_cut_off(
    candidate: list[float], reference: list[float], pixels: int
) -> None:
    expected = [Finding("clipped", f"{pixels} pixels are cut off at 7.7", 7.7)] * bool(pixels)
    assert values(candidate, reference) == expected


ROUNDED = Finding("rounded", "all values are whole numbers, the reference's are not", 1.0)
HALF = Finding("half", "all values are half precision (11 bits), the reference's are not", 11.0)


@pytest.mark.parametrize(
    ("candidate", "reference", "expected"),
    [
        ([1.0, 2.0, 3.0, 41.0], [1.1, 2.2, 3.3, 41.1], [ROUNDED]),  # whole numbers of this size are half precision, too
        ([1.0, 2.0, 3.0, 41.0], [1.5, 2.5, 3.5, 41.5], [ROUNDED]),
        ([1.0, 2.0, 3.0, 41.0], [2.0, 3.0, 4.0, 42.0], []),
        ([1.0, 2.0, 3.0, 41.1], [1.1, 2.2, 3.3, 41.1], []),
        ([1.5, 2.25, 3.0, 41.0], [1.1, 2.2, 3.3, 41.1], [HALF]),
        ([1.5, 2.25, 3.0, 41.0], [1.1, 2.0, 3.0, 41.0], [HALF]),
        ([1.5, 2.25, 3.0, 41.0], [1.25, 2.0, 3.0, 41.5], []),
        ([1.5, 2.25, 3.0, 41.1], [1.1, 2.2, 3.3, 41.1], []),
    ],
)
def test_values_that_lost_their_digits(candidate: list[float], reference: list[float], expected: list[Finding]) -> None:
    assert values(candidate, reference, allowance=9.0) == expected


@pytest.mark.parametrize(
    ("value", "whole", "half"),
    [
        (0.0, True, True),
        (-3.0, True, True),
        (2048.0, True, True),
        (2049.0, True, False),  # needs twelve bits
        (0.5, False, True),
        (0.1, False, False),
        (65504.0, True, True),  # the largest one
        (1e6, True, False),
        (1e-9, False, False),
    ],
)
def test_whole_numbers_and_half_precision(value: float, whole: bool, half: bool) -> None:
    assert is_whole(np.array([[1.0, value]])) is whole
    assert _is_half(np.array([[1.0, value]])) is half


def test_an_image_of_two_values_is_cut_off_whatever_the_count_of_the_other_one() -> None:
    """That the lower one is there six times does not say that every pixel is."""
    found = values([1.5] * 6 + [7.7] * 4, [1.5] * 6 + [8.1, 8.2, 8.3, 8.4])
    assert [one.text for one in found] == ["4 pixels are cut off at 7.7"]
