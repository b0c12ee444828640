"""Images of whole numbers: a count more or less is a tie where rounding explains so many, and else what it looks like."""

from __future__ import annotations

import image_bench as bench
import numpy as np
import pytest
from firstbad.tracer.image import compare_images
from firstbad.tracer.image_noise import Array, Noise
from firstbad.tracer.image_ties import without_ties

SIZE = 96
ROWS, COLUMNS = np.indices((SIZE, SIZE))


def counts(scale: float = 1.0, change: float = 0.0, seed: int = 0) -> Array:
    """A lattice pattern as a detector would read it; with `change` the amplitudes are off by so much of the largest."""
    image = bench.draw_lattice(size=SIZE)
    off = change * np.random.default_rng(seed).normal(size=image.shape)
    top = float(image.max())
    return (np.sqrt(image / top) + off * np.sqrt(image / top)) ** 2 * 1000 * scale


@pytest.mark.parametrize("whole", [np.rint, np.floor], ids=["rounded", "cut"])
@pytest.mark.parametrize("scale", [1.0, 7.0, 60.0])
def test_what_two_sound_programs_round_otherwise_is_no_difference(whole: np.ufunc, scale: float):
    told = 0
    for seed in range(6):
        r, c = whole(counts(scale)), whole(counts(scale, 3e-5, seed))
        assert compare_images(r, c).clean
        told += int((r != c).sum())
    assert told, "some counts must differ"


@pytest.mark.parametrize(
    "where",
    [
        np.ones((SIZE, SIZE), dtype=bool),
        ROWS == 40,
        COLUMNS == 33,
        (ROWS // 8 == 3) & (COLUMNS // 8 == 5),
        (ROWS + COLUMNS) % 11 == 0,
        (counts() > 10) & (counts() < 100),
    ],
    ids=["everywhere", "row", "column", "block", "one in eleven", "decade"],
)
@pytest.mark.parametrize("step", [1, -1])
def test_a_count_too_many_in_all_of_a_region_is_found(where: Array, step: int):
    r = np.rint(counts()) + 1
    assert compare_images(r, r + step * where).findings


def test_counts_that_no_rounding_makes_are_no_ties():
    """Two counts off; below zero; where a value cannot be off by a half; beside a pixel that is wrong."""
    r = np.rint(counts())
    allowance = Noise().allowance(r)
    sure, weak = (int(f(np.where(r > 2, allowance, fill))) for f, fill in ((np.argmin, np.inf), (np.argmax, 0.0)))
    tie = r.copy()
    tie.flat[weak] += np.ceil(allowance.flat[weak])
    assert np.array_equal(without_ties(r, tie, allowance, 8), r)
    for place, value in ((sure, r.flat[sure] + 2), (int(np.argmin(r)), -1.0)):
        wrong = tie.copy()
        wrong.flat[place] = value
        assert without_ties(r, wrong, allowance, 8) is wrong
    dark = np.where(ROWS + COLUMNS == 0, 7.0, 0.0)
    lit = dark + (ROWS == 50) * (COLUMNS == 50)
    assert without_ties(dark, lit, Noise().allowance(dark), 8) is lit
    assert without_ties(r + 0.5, tie, allowance, 8) is tie, "only whole numbers beside whole numbers have ties"
