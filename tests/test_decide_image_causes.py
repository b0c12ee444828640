"""A cause explains its consequences: what is told of two images once the reference is turned, moved or scaled alike."""

from __future__ import annotations

import numpy as np
import pytest
from firstbad.tracer import image_causes
from firstbad.tracer.image import ImageVerdict, compare_images
from firstbad.tracer.image_causes import ALL, NEAR, SURE
from firstbad.tracer.image_findings import Finding, findings
from firstbad.tracer.image_motion import Motion
from firstbad.tracer.image_noise import Noise
from numpy.typing import NDArray

Array = NDArray[np.float64]
Y, X = np.meshgrid(np.arange(48.0), np.arange(48.0), indexing="ij")


def peaks(dy: float = 0.0, dx: float = 0.0, width: float = 3.0) -> Array:
    """Forty round peaks on a background, at places that no turn or flip keeps."""
    places = np.random.default_rng(3).uniform(2, 46, (40, 2))
    heights = 10 ** np.random.default_rng(4).uniform(1, 4, 40)
    image = np.full((48, 48), 5.0)
    for (y, x), height in zip(places, heights, strict=True):
        image += height * np.exp(-((Y - y - dy) ** 2 + (X - x - dx) ** 2) / width)
    return image


SOUND = peaks()


def told(candidate: Array, reference: Array = SOUND) -> list[str]:
    return [one.kind for one in compare_images(reference, candidate).told]


def without(image: Array, slow: int = 5, fast: int = 5) -> Array:
    """The image with one dead pixel; without a place, a dim one."""
    image = image.copy()
    image[slow, fast] = 0
    return image


def found(candidate: Array) -> ImageVerdict:
    return compare_images(SOUND, candidate)


@pytest.mark.parametrize(
    ("candidate", "kinds"),
    [
        (SOUND.T, ["orientation"]),
        (SOUND[::-1], ["orientation"]),
        (np.rot90(SOUND), ["orientation"]),
        (np.roll(SOUND, 1, 0), ["shift"]),
        (np.roll(SOUND, -2, 1), ["shift"]),
        (np.roll(SOUND, (3, -2), (0, 1)), ["shift"]),
        (np.roll(SOUND, (-3, 2), (0, 1)), ["shift"]),
        (1.01 * SOUND, ["scale"]),
        (SOUND + 3, ["offset"]),
        (1.02 * np.roll(SOUND, 2, 1), ["shift", "scale"]),
        (0.5 * np.roll(SOUND, -2, 0), ["shift", "scale"]),
        (1.02 * SOUND + 3, ["scale", "offset"]),
    ],
)
def test_a_change_of_the_whole_image_stands_alone(candidate: Array, kinds: list[str]) -> None:
    assert told(candidate) == kinds
    assert len(found(candidate).findings) > len(kinds)


def test_a_turned_image_may_be_scaled_as_well() -> None:
    assert told(1.01 * SOUND.T) == ["orientation", "scale"]
    assert told(np.roll(SOUND.T, 1, 0)) == ["orientation", "shift"]


def test_what_the_cause_does_not_explain_is_told_beside_it() -> None:
    for cause, candidate in (("orientation", SOUND.T), ("shift", np.roll(SOUND, 1, 1)), ("scale", 1.02 * SOUND + 3)):
        verdict = found(without(candidate))
        kinds = [one.kind for one in verdict.told]
        assert kinds[0] == cause and "zeroed" in kinds and "peaks-moved" not in kinds
        assert len(kinds) < len(verdict.findings)


def test_what_leaves_the_image_is_no_row_of_its_own() -> None:
    moved = np.roll(SOUND, 1, 0)
    moved[0] = 3
    assert told(moved) == ["shift"]


def test_a_shift_by_part_of_a_pixel_neglects_what_its_fit_leaves() -> None:
    """Two thousandths of the pattern are lost where it is interpolated: nothing can be laid over exactly."""
    verdict = compare_images(peaks(width=30), peaks(0.3, 0.0, width=30))
    assert verdict.motion is not None and verdict.motion.explained > image_causes.ALL
    assert len(verdict.findings) > 4
    assert [one.kind for one in verdict.told] == ["shift"]


def test_a_shift_that_its_fit_does_not_explain_to_the_last_hides_nothing() -> None:
    verdict = found(peaks(0.3, 0.0))
    assert verdict.motion is not None and image_causes.SURE < verdict.motion.explained <= image_causes.ALL
    assert verdict.told == verdict.findings


def test_an_unsure_cause_hides_nothing() -> None:
    verdict = found((SOUND + np.roll(SOUND, 1, 0)) / 2)
    assert verdict.motion is not None and 0.5 < verdict.motion.explained < image_causes.SURE
    assert verdict.told == verdict.findings


def test_a_cause_that_leaves_another_of_its_kind_was_not_the_whole_of_it() -> None:
    dim = SOUND - 4.99
    verdict = compare_images(dim, 1.001 * dim + 3)
    assert [one.kind for one in verdict.findings][:2] == ["offset", "row"]
    assert verdict.told == verdict.findings


def test_a_cause_after_which_as_much_is_found_hides_nothing() -> None:
    """Beside a bright pixel that is dead the scale is not fitted exactly."""
    verdict = found(without(10 * SOUND, 20, 30))
    assert verdict.findings[0].kind == "scale"
    assert verdict.told == verdict.findings


def test_without_a_change_of_the_whole_all_is_told() -> None:
    verdict = found(without(SOUND))
    assert verdict.told == verdict.findings != ()
    assert found(SOUND).told == found(SOUND.astype(np.float32).astype(np.float64)).told == ()


def test_what_is_told_is_plain_data_beside_the_findings() -> None:
    data = found(SOUND.T).as_dict()
    assert data["told"] == [{"kind": "orientation", "text": "the image is transposed", "value": 1.0}]
    assert data["told"][0] in data["findings"]


# ---- the limits, with evidence made by hand ------------------------------------------------------------------------------

SCALE, SHIFT, BLOCK, PIXELS = (Finding(kind, kind, 1.0) for kind in ("scale", "shift", "block", "pixels"))


def told_of(candidate: Array, found: tuple[Finding, ...], motion: Motion) -> tuple[Finding, ...]:
    return image_causes.told(SOUND, candidate, found, "", motion, Noise())


@pytest.mark.parametrize(
    ("explained", "sure"), [(SURE, True), (1.0, True), (np.nextafter(SURE, 0), False), (0.6, False)]
)
def test_a_scale_must_explain_enough_to_be_sure(explained: float, sure: bool) -> None:
    found = (SCALE, BLOCK, PIXELS)
    assert told_of(2 * SOUND, found, Motion(scale=2, explained=explained)) == ((SCALE,) if sure else found)


def test_a_motion_that_was_no_finding_is_no_cause() -> None:
    assert told_of(2 * SOUND, (BLOCK, PIXELS), Motion(scale=2, explained=1)) == (BLOCK, PIXELS)


@pytest.mark.parametrize(
    ("shift", "whole"), [(NEAR, True), (-NEAR, True), (1.5 * NEAR, False), (-0.5, False), (2 + 1.5 * NEAR, False)]
)
def test_a_shift_near_whole_pixels_is_one(shift: float, whole: bool) -> None:
    """The parts of a pixel that are left over are told by what is found when whole pixels are undone: here, nothing."""
    found = (SHIFT, BLOCK, PIXELS)
    for motion in (Motion(shift=(shift, 0), explained=0.995), Motion(shift=(0, shift), explained=0.995)):
        assert told_of(SOUND, found, motion) == ((SHIFT,) if whole else found)


@pytest.mark.parametrize(("explained", "alone"), [(np.nextafter(ALL, 1), True), (ALL, False)])
def test_a_shift_by_part_of_a_pixel_must_explain_nearly_all(explained: float, alone: bool) -> None:
    found = (SHIFT, BLOCK)
    assert told_of(SOUND, found, Motion(shift=(0.5, 0), explained=explained)) == ((SHIFT,) if alone else found)


@pytest.mark.parametrize("more", [0, 1])
def test_what_is_left_must_be_less_than_what_was_found(more: int) -> None:
    candidate = without(2 * SOUND)
    left = findings(2 * SOUND, candidate, Noise())[0]
    found = (SCALE, *(Finding(f"other {i}", "", 0) for i in range(len(left) + more)))
    expected = (SCALE, *left) if more else found
    assert len(left) > 1
    assert told_of(candidate, found, Motion(scale=2, explained=1)) == expected
