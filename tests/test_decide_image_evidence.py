"""From two images to the evidence and the findings: what is looked at, when, and in which order it is told."""

from __future__ import annotations

import numpy as np
import pytest
from firstbad.tracer.image_findings import Evidence, Finding, findings
from firstbad.tracer.image_motion import Motion
from firstbad.tracer.image_noise import Noise
from firstbad.tracer.image_peaks import Change, PeakReport
from firstbad.tracer.image_stats import Block
from numpy.typing import NDArray

Array = NDArray[np.float64]
HALF = Noise(0.5, 0.0)
"""Rounding may do half of a pixel's own value: exact in binary."""
LISTS = ("missing", "extra", "moved", "width", "brightness")
PLACES = (np.arange(32) + 0.5) / 16 - 1
"""The rows of 32 pixels, from -1 to 1."""


def scene() -> Array:
    """One peak on a slope, 16 x 16 pixels, no symmetry."""
    grid = np.arange(16.0)
    peak = 50 * np.exp(-((grid[:, None] - 6) ** 2 + (grid[None, :] - 9) ** 2) / 4)
    return peak + 2 + 0.11 * grid[:, None] + 0.013 * grid[None, :]


def spotted(rows: int = 16, columns: int = 16, *spots: tuple[int, int, float]) -> tuple[Array, Array]:
    """An image of ones, and the same with some other pixels."""
    ours = np.ones((rows, columns))
    theirs = ours.copy()
    for y, x, value in spots:
        theirs[y, x] = value
    return ours, theirs


# ---- nothing is beyond rounding --------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [1.5, 0.5, 1.25])
def test_as_much_as_rounding_explains_is_no_finding(value: float) -> None:
    found, evidence = findings(*spotted(16, 16, (3, 4, value), (12, 13, value)), HALF)
    assert found == ()
    assert evidence.beyond == 0


def test_what_is_within_rounding_is_not_searched_for_causes() -> None:
    """The candidate is the reference turned over, yet no pixel of it is beyond what was allowed."""
    ours = 1 + scene() / 100
    found, evidence = findings(ours, ours[::-1].copy(), Noise(0.9, 0.0))
    assert found == ()
    assert evidence.peaks is None
    assert evidence.motion == Motion(1.0, 0.0, (0.0, 0.0), 0.0, frozenset())
    assert (evidence.orientation, evidence.trend) == ("", 0.0)
    # the numbers of logarithms, decades and blocks are there all the same
    assert evidence.log_rms > 0.01
    assert [(d.exponent, d.pixels) for d in evidence.decades] == [(0, 256)]
    assert evidence.block.excess > 0


# ---- something is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [1.5 + 2**-50, 0.5 - 2**-50, 30.0, -30.0])
def test_pixels_beyond_rounding_are_counted(value: float) -> None:
    _, evidence = findings(*spotted(16, 16, (3, 4, value), (12, 13, value), (5, 5, 1.25)), HALF)
    assert evidence.beyond == 2
    assert evidence.peaks is not None


@pytest.mark.parametrize(
    ("shape", "spot", "block"),
    [
        ((16, 16), (9, 3), ((8, 16), (0, 8))),  # never less than eight pixels
        ((16, 144), (9, 140), ((8, 16), (136, 144))),  # the shorter side counts
        ((144, 16), (140, 9), ((136, 144), (8, 16))),
        ((143, 143), (9, 3), ((8, 16), (0, 8))),
        ((144, 144), (10, 3), ((9, 18), (0, 9))),  # else a sixteenth of it
    ],
)
def test_blocks_are_a_sixteenth_of_the_image(shape: tuple[int, int], spot: tuple[int, int], block: tuple) -> None:
    _, evidence = findings(*spotted(*shape, (*spot, 1.5)), HALF)
    assert (evidence.block.slow, evidence.block.fast) == block


def test_rows_lie_along_slow_and_columns_along_fast() -> None:
    ours, theirs = spotted()
    theirs[5] = 3.0
    assert (findings(ours, theirs, HALF)[1].row, findings(ours, theirs, HALF)[1].column) == ((5, 4.0), None)
    kinds = {f.kind: f.value for f in findings(ours.T, theirs.T, HALF)[0]}
    assert kinds["column"] == 5 and "row" not in kinds


def test_a_turned_image_is_evidence_and_the_first_finding() -> None:
    ours = scene()
    found, evidence = findings(ours, ours.T.copy(), Noise())
    assert evidence.orientation == "transposed"
    assert found[0] == Finding("orientation", "the image is transposed", 1.0)


def test_a_scaled_image_is_evidence_and_the_first_finding() -> None:
    found, evidence = findings(scene(), 1.25 * scene(), Noise())
    assert evidence.motion.needs == {"scale"}
    assert evidence.motion.scale == pytest.approx(1.25)
    assert (found[0].kind, found[0].value) == ("scale", pytest.approx(1.25))
    assert evidence.orientation == ""


def test_a_trend_is_evidence_and_a_finding() -> None:
    """Four rows of blocks whose middles lie at -3/4 to 3/4: of a slope of 0.02 they see three quarters."""
    ours = np.full((32, 32), 10.0)
    found, evidence = findings(ours, ours * (1 + 0.02 * PLACES[:, None]), Noise())
    assert evidence.trend == pytest.approx(0.03)
    (told,) = (f for f in found if f.kind == "trend")
    assert told.text == "the ratio of the images varies smoothly by 3 % along slow"
    assert told.value == evidence.trend


def test_peaks_of_both_images_are_compared() -> None:
    flat = scene() * 0 + 2
    found, evidence = findings(scene(), flat, Noise())
    assert evidence.peaks is not None
    assert (evidence.peaks.missing[0].slow, evidence.peaks.missing[0].fast) == (6, 9)
    assert "peaks-missing" in {f.kind for f in found}
    assert "peaks-extra" in {f.kind for f in findings(flat, scene(), Noise())[0]}


ORDER = [
    "orientation",
    "shift",
    "scale",
    "offset",
    "trend",
    "negative",
    "zeroed",
    "clipped",
    "rounded",
    "half",
    "row",
    "column",
    "peaks-missing",
    "peaks-extra",
    "peaks-moved",
    "peaks-width",
    "peaks-brightness",
    "decade",
    "log-correlation",
    "block",
    "pixels",
]


@pytest.mark.parametrize(
    ("theirs", "some"),
    [
        (2 * scene(), {"scale", "peaks-brightness", "decade", "block", "pixels"}),
        (np.rint(3 * scene().T), {"orientation", "rounded", "decade", "block", "pixels"}),
        (np.where(np.arange(16)[:, None] == 12, -90.0, scene()), {"negative", "row", "decade", "pixels"}),
        (np.where(np.arange(16) == 2, 0.0, scene()), {"zeroed", "column", "decade", "log-correlation", "pixels"}),
        (np.minimum(scene(), 20), {"clipped", "peaks-width", "peaks-brightness", "block"}),
    ],
)
def test_causes_come_first_then_values_lines_peaks_regions_and_pixels(theirs: Array, some: set[str]) -> None:
    kinds = [f.kind for f in findings(scene(), theirs, Noise())[0]]
    assert kinds == sorted(set(kinds), key=ORDER.index)
    assert some <= set(kinds)


# ---- as plain data ---------------------------------------------------------------------------------------------


def evidence_of(peaks: PeakReport | None) -> Evidence:
    return Evidence(
        beyond=3,
        log_correlation=0.5,
        log_rms=0.25,
        decades=(),
        peaks=peaks,
        block=Block((0, 8), (8, 16), 2.0, 0.125),
        row=(5, 4.0),
        column=None,
        orientation="transposed",
        trend=0.5,
    )


def test_evidence_without_peaks_as_plain_data() -> None:
    assert evidence_of(None).as_dict() == {
        "beyond": 3,
        "log_correlation": 0.5,
        "log_rms": 0.25,
        "decades": (),
        "peaks": None,
        "block": {"slow": (0, 8), "fast": (8, 16), "excess": 2.0, "bias": 0.125},
        "row": (5, 4.0),
        "column": None,
        "motion": {"scale": 1.0, "offset": 0.0, "shift": (0.0, 0.0), "explained": 0.0, "needs": frozenset()},
        "orientation": "transposed",
        "trend": 0.5,
    }


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("count", [0, 1, 10, 11, 25])
def test_of_many_peaks_the_ten_worst_are_listed_and_all_are_counted(name: str, count: int) -> None:
    many = tuple(Change(i, 2 * i, 0.5 * i) for i in range(count))
    lists = {**dict.fromkeys(LISTS, ()), name: many}
    report = PeakReport(30, 31, 29, **lists, median_shift=0.125, median_width=1.5)
    listed = [{"slow": i, "fast": 2 * i, "amount": 0.5 * i} for i in range(min(count, 10))]
    expected: dict[str, object] = {"reference": 30, "candidate": 31, "matched": 29}
    for other in LISTS:
        expected[other] = listed if other == name else []
        expected[other + "_count"] = count if other == name else 0
    expected |= {"median_shift": 0.125, "median_width": 1.5}
    plain = evidence_of(report).as_dict()["peaks"]
    assert {k: list(v) if isinstance(v, tuple) else v for k, v in plain.items()} == expected
    assert len(getattr(report, name)) == count, "the evidence itself keeps all of them"
