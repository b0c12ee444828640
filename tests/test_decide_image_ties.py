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


# ---- how many ties are too many ------------------------------------------------------------------------------

WIDE = 40
"""Five blocks of eight pixels along each side."""
ROW, COLUMN = np.indices((WIDE, WIDE))
TENTH = np.full((WIDE, WIDE), 0.1)
"""Each pixel may be off by a tenth of a count: 80 of the 1600 by one is what sound images show, 2 of a row's 40."""
FLAT = np.full((WIDE, WIDE), 50.0)


def taken_for_ties(where: Array, reference: Array = FLAT, allowance: Array = TENTH, by: float = 1.0) -> bool:
    """Whether counts that are off there are laid to rounding, so that nothing of them is left to be told."""
    candidate = reference + by * where
    left = without_ties(reference, candidate, allowance, 8)
    assert left is candidate or np.array_equal(left, reference)
    return left is not candidate


def one_in(number: int) -> Array:
    """Every so-manyth pixel, in all rows, columns and blocks alike."""
    return (ROW * 7 + COLUMN) % number == 0


def test_half_of_what_all_pixels_may_be_off_is_a_sound_number_and_the_whole_is_not():
    assert taken_for_ties(one_in(20))
    assert not taken_for_ties(one_in(10))


def test_half_as_many_again_is_too_many_in_an_image_though_not_in_any_part_of_it():
    reference = np.where(COLUMN < 20, 50.0, 500.0)
    where = one_in(40) | ((ROW * 7 + COLUMN) % 40 == 13) | ((ROW * 7 + COLUMN) % 40 == 26)
    assert where.sum() == 120
    assert not taken_for_ties(where, reference)


@pytest.mark.parametrize("bright", [10.0, 73.0])
def test_each_decade_of_intensity_is_counted_by_itself(bright: float):
    """One bright pixel in each block, and all of them are off: few of the image, but all of their kind."""
    where = (ROW % 8 == 3) & (COLUMN % 8 == ROW // 8)
    assert taken_for_ties(where)
    assert not taken_for_ties(where, np.where(where, bright, 9.0))


@pytest.mark.parametrize("place", [0, 21, WIDE - 1])
@pytest.mark.parametrize("along", [ROW, COLUMN], ids=["row", "column"])
def test_each_row_and_column_is_counted_by_itself(along: Array, place: int):
    across = ROW + COLUMN - along
    assert not taken_for_ties((along == place) & (across % 4 == 0))
    assert taken_for_ties((along == place) & (across % 4 == 0) & (across > 0)), "nine for two is still luck, ten is not"
    assert taken_for_ties((along == (place + across) % WIDE) & (across % 4 == 0)), "as many, all over the image"


@pytest.mark.parametrize("block", [(0, 0), (1, 0), (2, 3), (4, 4)])
def test_each_block_is_counted_by_itself(block: tuple[int, int]):
    """A quarter of a block, two pixels in each of its rows and columns."""
    slow, fast = block
    here = (slow == ROW // 8) & (fast == COLUMN // 8)
    assert not taken_for_ties(here & ((ROW + COLUMN) % 4 == 0))
    assert taken_for_ties(here & (ROW % 4 == 0) & (COLUMN % 4 == 0)), "four pixels are no surprise"


def test_a_pixel_is_no_more_than_one_tie_however_far_it_may_be_off():
    """Where two counts are allowed three may be a tie, in every other pixel at most."""
    two = np.full((WIDE, WIDE), 2.0)
    assert taken_for_ties((ROW + COLUMN) % 2 == 0, allowance=two, by=3.0)
    assert not taken_for_ties((ROW + COLUMN) % 4 > 0, allowance=two, by=3.0)


def test_the_last_count_may_be_lost_to_rounding():
    """A one that became nothing is no value below zero."""
    assert taken_for_ties(one_in(20), np.ones_like(FLAT), by=-1.0)


def test_what_is_just_allowed_is_no_tie_and_one_count_more_just_is():
    allowance = np.where(COLUMN < 20, 1.0, 0.1)
    reference, candidate = FLAT, FLAT.copy()
    candidate[3, 5] += 1
    candidate[4, 6] += 2
    left = without_ties(reference, candidate, allowance, 8)
    assert (left[3, 5], left[4, 6]) == (51.0, 50.0)
