"""What makes each finding, from evidence made by hand: where it begins, its sentence and its number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from firstbad.tracer.image_findings import (
    Evidence,
    Finding,
    _lines,
    _peaks,
    _pixels,
    _regions,
    _whole,
)
from firstbad.tracer.image_motion import Motion
from firstbad.tracer.image_noise import Noise
from firstbad.tracer.image_peaks import Change, PeakReport
from firstbad.tracer.image_stats import Block, Decade


def nothing() -> Evidence:
    return Evidence(
        beyond=1,
        log_correlation=1.0,
        log_rms=0.0,
        decades=(),
        block=Block((0, 8), (0, 8), 0.0, 0.0),
        row=None,
        column=None,
    )


NOTHING = nothing()
FLAT = (0.0, 0.0, "")
ONES = np.ones((1, 4))


def above(limit: float) -> float:
    return float(np.nextafter(limit, np.inf))


def below(limit: float) -> float:
    return float(np.nextafter(limit, -np.inf))


# ---- one change of the whole image -----------------------------------------------------------------------------


def moved(needs: str, explained: float = 0.9, **numbers: object) -> list[Finding]:
    """The findings of a fitted motion, with 1 % of relative noise."""
    motion = replace(Motion(explained=explained, needs=frozenset(needs.split())), **numbers)
    return list(_whole(replace(NOTHING, motion=motion), FLAT, Noise(0.01, 0.0)))


def test_an_image_that_did_not_change_as_a_whole_has_no_such_finding() -> None:
    evidence = nothing()
    assert (evidence.orientation, evidence.trend, evidence.peaks, evidence.motion) == ("", 0.0, None, Motion())
    assert list(_whole(evidence, FLAT, Noise())) == []


def test_a_turned_image_is_told_how_it_is_turned() -> None:
    (found,) = _whole(replace(NOTHING, orientation="flipped along slow"), FLAT, Noise())
    assert found == Finding("orientation", "the image is flipped along slow", 1.0)


SHARE = "(explains 87.5 % of the difference)"


def test_a_shift_is_told_along_both_axes_and_its_number_is_the_length() -> None:
    assert moved("shift", 0.875, shift=(3.0, -4.0)) == [
        Finding("shift", f"the pattern is shifted by +3.000 pixels along slow and -4.000 along fast {SHARE}", 5.0)
    ]


def test_a_scale_is_told_with_its_factor() -> None:
    assert moved("scale", 0.875, scale=1.25) == [Finding("scale", f"everything is scaled by 1.25 {SHARE}", 1.25)]


def test_an_offset_is_told_with_its_sign() -> None:
    text = f"a constant -2.5 is added everywhere {SHARE}"
    assert moved("offset", 0.875, offset=-2.5) == [Finding("offset", text, -2.5)]


def test_what_the_fit_does_not_need_is_no_finding() -> None:
    large = {"scale": 2.0, "offset": 3.0, "shift": (4.0, 5.0)}
    assert moved("", **large) == []
    assert [f.kind for f in moved("shift scale offset", **large)] == ["shift", "scale", "offset"]


@pytest.mark.parametrize(("explained", "told"), [(0.5, False), (above(0.5), True), (0.9, True), (1.0, True)])
def test_a_motion_must_explain_more_than_half_of_the_difference(explained: float, told: bool) -> None:
    assert bool(moved("scale", explained, scale=2.0)) is told


@pytest.mark.parametrize(
    ("shift", "told"),
    [
        ((0.004, 0.004), False),
        ((-0.004, 0.0), False),
        ((above(0.004), 0.0), True),
        ((0.0, above(0.004)), True),
        ((-0.005, 0.0), True),
        ((0.0, -0.005), True),
    ],
)
def test_a_shift_of_up_to_four_thousandths_of_a_pixel_along_both_axes_is_none(shift: tuple[float, float], told: bool):
    assert bool(moved("shift", shift=shift)) is told


@pytest.mark.parametrize(
    ("scale", "told"), [(1.0, False), (1.0069, False), (1.0071, True), (0.9931, False), (0.9929, True), (1.01, True)]
)
def test_a_factor_begins_at_seven_tenths_of_the_relative_noise(scale: float, told: bool) -> None:
    assert bool(moved("scale", scale=scale)) is told


def test_a_factor_of_exactly_seven_tenths_of_the_noise_is_none() -> None:
    motion = Motion(scale=1 + 0.7 * 10 / 16, explained=1.0, needs=frozenset({"scale"}))  # 0.4375, whole in binary
    assert motion.scale - 1 == 0.7 * 0.625
    assert list(_whole(replace(NOTHING, motion=motion), FLAT, Noise(0.625, 0.0))) == []


@pytest.mark.parametrize(("offset", "told"), [(0.0, False), (1.0, True), (5e-324, True), (-1e-300, True)])
def test_any_offset_but_zero_is_one(offset: float, told: bool) -> None:
    assert bool(moved("offset", offset=offset)) is told


@pytest.mark.parametrize(
    ("span", "explained", "told"),
    [
        (0.001, 0.9, False),
        (above(0.001), 0.9, True),
        (0.1, 0.7, False),
        (0.1, above(0.7), True),
        (0.1, 0.1, False),
        (0.0, 0.9, False),
    ],
)
def test_a_trend_spans_more_than_a_thousandth_and_explains_seven_tenths(span: float, explained: float, told: bool):
    found = list(_whole(NOTHING, (span, explained, "along fast"), Noise()))
    assert [f.kind for f in found] == ["trend"] * told


def test_a_trend_is_told_in_percent_with_its_direction() -> None:
    (found,) = _whole(NOTHING, (0.6, 1.0, "along slow"), Noise())
    assert found == Finding("trend", "the ratio of the images varies smoothly by 60 % along slow", 0.6)


# ---- lines and peaks -------------------------------------------------------------------------------------------


def test_odd_lines_are_told_with_their_number() -> None:
    said = "differs by 12.3 times what rounding explains, those beside it do not"
    assert list(_lines(None, None)) == []
    assert list(_lines((7, 12.34), None)) == [Finding("row", f"row 7 {said}", 7)]
    assert list(_lines(None, (0, 12.34))) == [Finding("column", f"column 0 {said}", 0)]
    assert [f.kind for f in _lines((1, 2.0), (3, 4.0))] == ["row", "column"]


WORST, NEXT = Change(3, 4, 2.123456), Change(5, 6, 1.5)
NO_CHANGE = PeakReport(9, 8, 7, missing=(), extra=(), moved=(), width=(), brightness=(), median_shift=0, median_width=1)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "2 of 9 peaks are missing, the highest 2.123 at pixel 3 4 (slow fast)"),
        ("extra", "2 peaks are new, the highest 2.123 at pixel 3 4 (slow fast)"),
        ("moved", "2 of 9 peaks moved, most by 2.12 pixels at pixel 3 4 (slow fast)"),
        ("width", "2 of 9 peaks have another width, most by a factor 2.123 at pixel 3 4 (slow fast)"),
        ("brightness", "2 of 9 peaks are weaker or stronger, most by a factor 2.123 at pixel 3 4 (slow fast)"),
    ],
)
def test_what_became_of_the_peaks_is_told_with_their_number_and_the_worst(kind: str, said: str) -> None:
    report = replace(NO_CHANGE, **{kind: (WORST, NEXT)})
    assert list(_peaks(report)) == [Finding(f"peaks-{kind}", said, 2)]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "1 of 9 peaks is missing, of height 1.5 at pixel 5 6 (slow fast)"),
        ("extra", "1 peak is new, of height 1.5 at pixel 5 6 (slow fast)"),
        ("moved", "1 of 9 peaks moved, by 1.50 pixels at pixel 5 6 (slow fast)"),
        ("width", "1 of 9 peaks has another width, by a factor 1.5 at pixel 5 6 (slow fast)"),
        ("brightness", "1 of 9 peaks is weaker or stronger, by a factor 1.5 at pixel 5 6 (slow fast)"),
    ],
)
def test_one_peak_is_told_in_the_singular(kind: str, said: str) -> None:
    lone = replace(NO_CHANGE, **{kind: (NEXT,)})
    assert list(_peaks(lone)) == [Finding(f"peaks-{kind}", said, 1)]
    assert [f.text for f in _peaks(replace(lone, reference=1))] == [said.replace("of 9 peaks", "of 1 peak")]


def test_peaks_that_stayed_are_no_finding() -> None:
    assert list(_peaks(NO_CHANGE)) == []


# ---- regions and single pixels ---------------------------------------------------------------------------------


def decade(exponent: int, excess: float, rms: float = 0.25, bias: float = -0.125) -> Decade:
    return Decade(exponent, 12, bias, rms, beyond=0.5, excess=excess)


def test_the_decade_of_the_largest_excess_is_told() -> None:
    decades = (decade(5, 0.6, 0.9), decade(3, 7.0), decade(-2, 0.7, 0.8), decade(-3, 0.1))
    (found,) = _regions(replace(NOTHING, decades=decades))
    text = "intensities from 1e3 to 1e4 (12 pixels) differ by 25 % rms, their sum by -12.5 %"
    assert found == Finding("decade", text, 0.25)
    (lone,) = _regions(replace(NOTHING, decades=(replace(decade(3, 7.0), pixels=1),)))
    assert lone.text == text.replace("12 pixels", "1 pixel")


@pytest.mark.parametrize(("excess", "told"), [(0.5, False), (above(0.5), True), (0.1, False)])
def test_a_region_begins_above_half_of_what_rounding_explains(excess: float, told: bool) -> None:
    whole = replace(NOTHING, decades=(decade(0, excess),))
    assert [f.kind for f in _regions(whole)] == ["decade"] * told
    local = replace(NOTHING, block=Block((0, 8), (0, 8), excess, 0.0))
    assert [f.kind for f in _regions(local)] == ["block"] * told


def test_a_block_is_told_with_its_first_and_last_pixels() -> None:
    (found,) = _regions(replace(NOTHING, block=Block((8, 20), (16, 27), 3.25, 0.0625)))
    text = "the block slow 8..19, fast 16..26 differs 3.25 times what rounding explains, its sum by +6.25 %"
    assert found == Finding("block", text, 3.25)


@pytest.mark.parametrize(
    ("correlation", "rms", "told"),
    [
        (0.999, 0.5, False),
        (below(0.999), 0.5, True),
        (0.5, 0.01, False),
        (0.5, above(0.01), True),
        (1.0, 0.5, False),
        (0.5, 0.0, False),
    ],
)
def test_log_intensities_correlate_badly_and_differ(correlation: float, rms: float, told: bool) -> None:
    found = list(_regions(replace(NOTHING, log_correlation=correlation, log_rms=rms)))
    text = f"log intensities correlate only to {correlation:.6f} (rms {rms:.3g} decades)"
    assert found == [Finding("log-correlation", text, correlation)] * told


@pytest.mark.parametrize(
    ("candidate", "count", "where"),
    [
        ([[6.0, 1.0, 1.0, -4.0]], 0, ""),  # exactly ten times what rounding explains
        ([[6.25, 1.0, 1.0, 1.0]], 1, "at 0 0 (slow fast): 1 became 6.25"),
        ([[1.0, -4.25, 1.0, 1.0]], 1, "at 0 1 (slow fast): 1 became -4.25"),
        ([[8.0, 1.0, 1.0, 9.5]], 2, "most at 0 3 (slow fast): 1 became 9.5"),
        ([[1.0, 1.0, 1.0, 1.0], [1.0, 1.0, 70.0, 1.0]], 1, "at 1 2 (slow fast): 1 became 70"),
    ],
)
def test_a_pixel_is_wrong_beyond_ten_times_what_rounding_explains(
    candidate: list[list[float]], count: int, where: str
) -> None:
    image = np.array(candidate)
    found = list(_pixels(np.ones_like(image), image, np.full(image.shape, 0.5)))
    said = "1 pixel differs clearly" if count == 1 else f"{count} pixels differ clearly"
    assert found == [Finding("pixels", f"{said}, {where}", count)] * bool(count)


def test_the_worst_pixel_is_the_one_farthest_beyond_its_own_allowance() -> None:
    allowance = np.array([[0.5, 0.5, 0.05, 3.0]])
    off = np.array([[6.0, 0.0, 5.0, 29.0]])
    (found,) = _pixels(ONES, ONES + off, allowance)
    assert (found.value, found.text) == (2, "2 pixels differ clearly, most at 0 2 (slow fast): 1 became 6")
