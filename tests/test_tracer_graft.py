"""How much heals: the share of an image's error that a graft takes away."""

from __future__ import annotations

import numpy as np
import pytest
from firstbad.tracer.graft import healed_fraction, image_error


def test_the_share_that_heals():
    r = np.array([[1.0, 2.0], [3.0, 4.0]])
    c = r + np.array([[1.0, 0.0], [0.0, 3.0]])
    assert image_error(r, c) == 4
    assert healed_fraction(r, c, r) == 1
    assert healed_fraction(r, c, c) == 0
    assert healed_fraction(r, c, r + np.array([[1.0, 0.0], [0.0, 0.0]])) == 0.75
    assert healed_fraction(r, c, r + 2) == -1
    assert healed_fraction(r, r, r) == 1
    assert healed_fraction(r, r, c) == -np.inf


def test_a_pixel_that_is_no_number_counts_as_wrong_altogether():
    r = np.array([[1.0, 2.0], [3.0, np.nan]])
    c = np.array([[np.nan, 2.5], [np.inf, np.nan]])
    assert image_error(r, c) == 0.5 + 2 * 3
    assert healed_fraction(r, c, np.array([[1.0, 2.5], [3.0, np.nan]])) == pytest.approx(1 - 0.5 / 6.5)
