"""The verdict of an image pair: where the gate stands, the sentence of every reason, and the verdict as plain data."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from firstbad.tracer.errors import FirstbadError
from firstbad.tracer.image import Gate, ImageVerdict, Noise, _plain, _reasons, compare_images
from firstbad.tracer.image_findings import Evidence, Finding
from firstbad.tracer.image_motion import Motion
from firstbad.tracer.image_peaks import PeakReport
from firstbad.tracer.image_stats import Block, Decade
from numpy.typing import NDArray

Array = NDArray[np.float64]
RAMP = np.arange(144.0).reshape(12, 12) + 1


def filled(value: float, rows: int = 12, columns: int = 12) -> Array:
    return np.full((rows, columns), value)


def spoilt(*values: float) -> Array:
    """The ramp with its first pixels replaced."""
    image = RAMP.copy()
    image.flat[: len(values)] = values
    return image


# ---- the gate --------------------------------------------------------------------------------------------------


def test_the_gate_asks_for_three_nines_and_half_a_percent() -> None:
    assert Gate() == Gate(correlation=0.999, sum_ratio=5e-3)


@pytest.mark.parametrize("correlation", [1.0, 0.9995, 0.999])
@pytest.mark.parametrize("ratio", [1.0, 1.0049, 0.9951])
def test_within_both_limits_there_is_no_reason(correlation: float, ratio: float) -> None:
    assert _reasons(Gate(), correlation, ratio) == ()


@pytest.mark.parametrize(
    ("correlation", "ratio", "reasons"),
    [
        (0.75, 1.0, ["correlation 0.750000 is below 0.999"]),
        (0.998999, 1.0, ["correlation 0.998999 is below 0.999"]),
        (-1.0, 1.0, ["correlation -1.000000 is below 0.999"]),
        (1.0, 1.25, ["the sum ratio is 1.25, off 1 by 2.50e-01, more than 0.005"]),
        (1.0, 0.25, ["the sum ratio is 0.25, off 1 by 7.50e-01, more than 0.005"]),
        (1.0, -1.0, ["the sum ratio is -1, off 1 by 2.00e+00, more than 0.005"]),
        (1.0, math.nan, ["the sum ratio is nan, off 1 by nan, more than 0.005"]),
        (math.nan, 1.0, ["correlation nan is below 0.999"]),
        (0.5, 2.0, ["correlation 0.500000 is below 0.999", "the sum ratio is 2, off 1 by 1.00e+00, more than 0.005"]),
    ],
)
def test_every_number_that_is_off_gives_its_reason(correlation: float, ratio: float, reasons: list[str]) -> None:
    assert list(_reasons(Gate(), correlation, ratio)) == reasons


def test_the_limits_themselves_pass() -> None:
    gate = Gate(correlation=0.5, sum_ratio=0.25)  # exact in binary
    assert _reasons(gate, 0.5, 1.25) == _reasons(gate, 0.5, 0.75) == ()
    assert _reasons(gate, 0.4999, 1.0) == ("correlation 0.499900 is below 0.5",)
    assert _reasons(gate, 1.0, 1.3) == ("the sum ratio is 1.3, off 1 by 3.00e-01, more than 0.25",)


def test_both_numbers_are_those_of_the_pair_and_the_reasons_follow() -> None:
    verdict = compare_images(RAMP, 2 * RAMP)
    assert (verdict.correlation, verdict.sum_ratio) == (pytest.approx(1), 2)
    assert not verdict.passed
    assert verdict.reasons == ("the sum ratio is 2, off 1 by 1.00e+00, more than 0.005",)
    assert verdict.gate == Gate()
    assert verdict.findings[0].kind == "scale"
    assert not verdict.identical


def test_a_gate_and_a_noise_may_be_given() -> None:
    wide = Gate(0.9, 1.5)
    verdict = compare_images(RAMP, 2 * RAMP, wide)
    assert verdict.passed and verdict.gate == wide
    assert {f.kind for f in verdict.findings} >= {"scale", "block"}
    assert not verdict.clean, "a pass beside findings is not clean"
    quiet = compare_images(RAMP, 2 * RAMP, wide, Noise(2.0, 0.0))
    assert (quiet.findings, quiet.clean) == ((), True)
    assert not compare_images(RAMP, 2 * RAMP, None, Noise(2.0, 0.0)).clean, "nothing found, yet it fails the gate"


def test_without_details_there_is_nothing_but_the_gate() -> None:
    verdict = compare_images(RAMP, 1.5 * RAMP, details=False)
    assert (verdict.passed, verdict.sum_ratio, verdict.findings, verdict.evidence) == (False, 1.5, (), None)
    assert compare_images(RAMP, 1.5 * RAMP).evidence is not None, "details are given unless they are refused"


# ---- images that never pass ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "candidate", "reasons"),
    [
        (RAMP, filled(0.0), ["the candidate image is zero everywhere"]),
        (filled(-0.0), RAMP, ["the reference image is zero everywhere"]),
        (RAMP, filled(2.5), ["the candidate image is constant (2.5 everywhere)"]),
        (filled(-1e-9), RAMP, ["the reference image is constant (-1e-09 everywhere)"]),
        (
            filled(3.0),
            filled(0.0),
            ["the reference image is constant (3 everywhere)", "the candidate image is zero everywhere"],
        ),
        (filled(4.0, 1, 1), filled(4.0, 1, 1), ["the reference image is constant (4 everywhere)", "the candidate image is constant (4 everywhere)"]),
        (RAMP, spoilt(math.nan, math.nan), ["the candidate image holds 2 NaN, the first at 0 0 (slow fast)"]),
        (spoilt(math.inf), RAMP, ["the reference image holds 1 infinity, at 0 0 (slow fast)"]),
        (RAMP, spoilt(-math.inf, math.inf, math.nan), ["the candidate image holds 1 NaN, at 0 2 (slow fast)", "the candidate image holds 2 infinities, the first at 0 0 (slow fast)"]),
        (filled(math.nan, 2, 2), RAMP[:2, :2], ["the reference image holds 4 NaN, the first at 0 0 (slow fast)"]),
        (
            spoilt(math.nan),
            filled(7.0),
            ["the reference image holds 1 NaN, at 0 0 (slow fast)", "the candidate image is constant (7 everywhere)"],
        ),
    ],
)  # fmt: skip
def test_an_image_without_content_is_told_and_never_passes(reference: Array, candidate: Array, reasons: list[str]):
    verdict = compare_images(reference, candidate, Gate(-2.0, math.inf))  # a gate that would let everything through
    assert list(verdict.reasons) == reasons
    assert not verdict.passed
    assert (verdict.findings, verdict.evidence) == ((), None)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_gives_no_number_and_is_never_identical(value: float) -> None:
    for reference, candidate in ((RAMP, spoilt(value)), (spoilt(value), RAMP), (spoilt(value), spoilt(value))):
        verdict = compare_images(reference, candidate)
        assert math.isnan(verdict.correlation) and math.isnan(verdict.sum_ratio)
        assert not verdict.identical


def test_a_finite_image_without_content_still_has_the_numbers_that_exist() -> None:
    verdict = compare_images(RAMP, filled(0.0))
    assert math.isnan(verdict.correlation) and verdict.sum_ratio == 0
    verdict = compare_images(filled(0.0), RAMP)
    assert math.isnan(verdict.sum_ratio)


def test_an_equal_image_is_identical_and_not_looked_at_further() -> None:
    verdict = compare_images(RAMP, RAMP.copy())
    assert (verdict.identical, verdict.passed, verdict.clean, verdict.evidence) == (True, True, True, None)
    flat = compare_images(filled(2.0), filled(2.0))
    assert (flat.identical, flat.passed) == (True, False)
    assert not compare_images(RAMP, spoilt(1 + 1e-12)).identical


def test_a_float32_image_is_judged_in_double() -> None:
    verdict = compare_images(RAMP.astype(np.float32), RAMP)
    assert verdict.identical


# ---- sizes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "candidate", "sizes"),
    [
        ((3, 4), (4, 3), "The reference image is 3 x 4, the candidate's 4 x 3"),
        ((3, 4), (3, 5), "The reference image is 3 x 4, the candidate's 3 x 5"),
        ((12,), (12,), "The reference image is 12, the candidate's 12"),
        ((2, 2, 3), (2, 2, 3), "The reference image is 2 x 2 x 3, the candidate's 2 x 2 x 3"),
        ((12,), (3, 4), "The reference image is 12, the candidate's 3 x 4"),
    ],
)
def test_two_images_of_one_size_are_needed(reference: tuple[int, ...], candidate: tuple[int, ...], sizes: str) -> None:
    with pytest.raises(FirstbadError) as caught:
        compare_images(np.ones(reference), np.ones(candidate))
    assert caught.value.message == sizes
    assert caught.value.slug == "image-sizes-differ"


def test_the_shape_is_slow_then_fast() -> None:
    for image in (RAMP[:3, :5], filled(math.nan, 3, 5), filled(0.0, 3, 5)):
        assert compare_images(image, image).shape == (3, 5)
    assert compare_images(RAMP[:9, :7], 2 * RAMP[:9, :7]).shape == (9, 7)


# ---- what the verdict holds ------------------------------------------------------------------------------------

PEAKS = PeakReport(2, 1, 1, missing=(), extra=(), moved=(), width=(), brightness=(), median_shift=0, median_width=1)
EVIDENCE = Evidence(
    beyond=3,
    log_correlation=math.nan,
    log_rms=0.25,
    decades=(Decade(2, 5, 0.5, 0.25, 0.75, 3.0), Decade(1, 4, math.inf, 0.0, 0.0, 0.0)),
    peaks=PEAKS,
    block=Block((0, 8), (8, 16), 2.0, 0.125),
    row=(5, 4.0),
    column=None,
    motion=Motion(needs=frozenset({"shift", "offset", "scale"})),
)


def verdict_of(evidence: Evidence | None, passed: bool = True, *found: Finding) -> ImageVerdict:
    return ImageVerdict(passed, 1.0, math.nan, ("a reason",), found, Gate(), (16, 24), evidence=evidence)


def test_what_was_found_is_reached_by_name() -> None:
    verdict = verdict_of(EVIDENCE)
    assert verdict.decades == EVIDENCE.decades
    assert verdict.peaks is PEAKS
    assert verdict.worst is EVIDENCE.block
    assert verdict.motion is EVIDENCE.motion


def test_without_evidence_nothing_is_there() -> None:
    verdict = verdict_of(None)
    assert verdict.decades == ()
    assert (verdict.peaks, verdict.worst, verdict.motion) == (None, None, None)


@pytest.mark.parametrize(("passed", "found", "clean"), [(True, 0, True), (True, 1, False), (False, 0, False), (False, 1, False)])  # fmt: skip
def test_clean_means_passed_and_nothing_found(passed: bool, found: int, clean: bool) -> None:
    assert verdict_of(None, passed, *[Finding("block", "a block", 1.0)] * found).clean is clean


def test_a_verdict_is_not_identical_unless_it_says_so_and_does_not_print_its_evidence() -> None:
    verdict = verdict_of(EVIDENCE)
    assert not verdict.identical
    assert "shape=(16, 24)" in repr(verdict)
    assert verdict.worst is not None and "log_rms" not in repr(verdict)


def test_the_verdict_as_plain_data() -> None:
    found = Finding("block", "a block", math.inf)
    plain = verdict_of(EVIDENCE, False, found).as_dict()
    evidence: dict[str, Any] = plain.pop("evidence")
    assert plain == {
        "passed": False,
        "correlation": 1.0,
        "sum_ratio": None,
        "reasons": ["a reason"],
        "findings": [{"kind": "block", "text": "a block", "value": None}],
        "told": [],
        "gate": asdict(Gate()),
        "shape": [16, 24],
        "identical": False,
    }
    assert (evidence["log_correlation"], evidence["row"], evidence["column"]) == (None, [5, 4.0], None)
    assert evidence["decades"][0] == {"exponent": 2, "pixels": 5, "bias": 0.5, "rms": 0.25, "beyond": 0.75, "excess": 3}
    assert evidence["decades"][1]["bias"] is None
    assert evidence["motion"]["needs"] == ["offset", "scale", "shift"], "in the order of the alphabet, always the same"
    assert json.loads(json.dumps(evidence, allow_nan=False)) == evidence
    assert verdict_of(None).as_dict()["evidence"] is None


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (1.5, 1.5),
        (-math.inf, None),
        (math.nan, None),
        (np.float64(2.5), 2.5),
        (7, 7),
        (True, True),
        (None, None),
        ("inf", "inf"),
        ((1.0, math.inf), [1.0, None]),
        ([math.nan, [math.inf]], [None, [None]]),
        (frozenset("cab"), ["a", "b", "c"]),
        ({"a": (math.nan, {"b": math.inf}), 3: 1.0}, {"a": [None, {"b": None}], "3": 1.0}),
    ],
)
def test_plain_data_holds_no_nan_no_tuple_and_no_set(value: Any, plain: Any) -> None:
    got = _plain(value)
    assert got == plain
    assert got is value or type(got) is type(plain)
