"""One change of the whole image, fitted on images of a few pixels whose answer is known by hand (docs/mutation.md)."""

from __future__ import annotations

import numpy as np
import pytest
from firstbad.tracer.image_motion import (
    Motion,
    _best,
    _derivative,
    _fit,
    _overlap,
    _remaining,
    _simplest,
    fit_motion,
)
from numpy.typing import NDArray

Array = NDArray[np.float64]
Y, X = np.meshgrid(np.arange(16.0), np.arange(16.0), indexing="ij")
ONES = np.ones((16, 16))


def pattern(seed: int = 1, shape: tuple[int, int] = (16, 16)) -> Array:
    """Pixels that have nothing to do with each other: no derivative explains what becomes of them."""
    return np.random.default_rng(seed).uniform(1, 9, shape)


def bowl(dy: float = 0.0, dx: float = 0.0) -> Array:
    """A quadratic: half the sum of two gradients times the way between them is exactly what it changes by."""
    y, x = Y - dy - 7, X - dx - 8
    return 50 + y * y + 2 * x * x + y * x


# ---- what is measured ------------------------------------------------------------------------------------------


def test_no_motion_is_a_factor_of_one_and_nothing_else() -> None:
    still = fit_motion(ONES, ONES, ONES)
    assert (still.scale, still.offset, still.shift, still.explained, still.needs) == (1, 0, (0, 0), 0, frozenset())


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        (1.25 * bowl(), {"scale": 1.25}),
        (bowl() - 3, {"offset": -3}),
        (bowl(0.25, 0), {"shift": (0.25, 0)}),
        (bowl(0, -0.5), {"shift": (0, -0.5)}),
        (2 * bowl() - 100, {"scale": 2, "offset": -100}),
        (bowl(0.5, 0.25) + 7, {"shift": (0.5, 0.25), "offset": 7}),
    ],
)
def test_a_change_is_measured_exactly_and_named_alone(candidate: Array, expected: dict) -> None:
    for allowance in (ONES, 0.01 * ONES, 0.1 + pattern()):
        got = _fit(bowl(), candidate, allowance, (0, 0))
        assert got.needs == set(expected)
        assert got.scale == pytest.approx(expected.get("scale", 1))
        assert got.offset == pytest.approx(expected.get("offset", 0), abs=1e-9)
        assert got.shift == pytest.approx(expected.get("shift", (0, 0)), abs=1e-9)
        assert got.explained == pytest.approx(1)


def test_pixels_count_by_the_inverse_square_of_what_rounding_may_do() -> None:
    """Half of the pixels rose by 1, half by 4, and of these rounding explains twice as much."""
    up = np.where(X < 8, 1.0, 4.0)
    got = _fit(pattern(), pattern() + up, np.where(X < 8, 1.0, 2.0), (0, 0))
    assert got.needs == {"offset"}
    assert got.offset == pytest.approx((1 * 1 + 4 / 4) / (1 + 1 / 4))


@pytest.mark.parametrize("unit", [1e-200, 1e-3, 1.0, 1e200])
def test_an_offset_is_in_the_units_of_the_image(unit: float) -> None:
    got = fit_motion(pattern() * unit, (pattern() + 0.5) * unit, ONES * unit)
    assert got.needs == {"offset"}
    assert got.offset / unit == pytest.approx(0.5)
    assert got.explained == pytest.approx(1)


def test_an_image_of_zeros_that_became_constant_is_offset() -> None:
    got = fit_motion(0 * ONES, 3 * ONES, ONES)
    assert (got.needs, got.offset, got.scale) == ({"offset"}, pytest.approx(3), 1)


def test_what_has_exploded_is_no_motion() -> None:
    """Squares would overflow from about 1e150 on; a double that runs away gets there."""
    assert fit_motion(pattern(), 1e99 * pattern(), ONES).scale == pytest.approx(1e99)
    for factor, seen in ((1e100, True), (1.1e100, False), (1e200, False), (-1e200, False)):
        got = fit_motion(ONES, factor * ONES, ONES)
        assert (got != Motion()) is seen
    assert fit_motion(0 * ONES, 0.9e100 * ONES, ONES).offset == pytest.approx(0.9e100)
    assert fit_motion(0 * ONES, 1.1e100 * ONES, ONES) == Motion(), "beside nothing the limit is in its own unit"
    runaway = pattern()
    runaway[2, 5] = 1e300
    assert fit_motion(pattern(), runaway, ONES) == Motion()
    assert fit_motion(pattern() * 1e200, 2e200 * pattern(), 1e200 * ONES).scale == pytest.approx(2)


# ---- which pixels, which parameters ----------------------------------------------------------------------------


def test_three_pixels_at_every_edge_are_not_looked_at() -> None:
    edge = pattern() + 5
    edge[3:-3, 3:-3] = pattern()[3:-3, 3:-3]
    assert _fit(pattern(), edge, ONES, (0, 0)) == Motion()
    for at in ((3, 3), (3, 12), (12, 3), (12, 12)):
        inside = pattern()
        inside[at] *= 2
        only = np.where((at[0] == Y) & (at[1] == X), 1.0, 0.0)
        assert _fit(pattern(), inside, only, (0, 0)).explained == pytest.approx(1)


@pytest.mark.parametrize(
    ("shape", "seen"), [((7, 7), True), ((6, 16), False), ((16, 6), False), ((3, 16), False), ((1, 1), False)]
)
def test_an_image_of_six_lines_has_no_middle(shape: tuple[int, int], seen: bool) -> None:
    image = pattern(2, shape)
    got = fit_motion(image, 2 * image, np.ones(shape))
    assert (got.scale == pytest.approx(2)) is seen
    assert (got == Motion()) is not seen


def lag_pairs(lag: tuple[int, int], rows: int, columns: int) -> list[tuple[int, int, int, int]]:
    """Each reference pixel and the candidate's pixel that shows the same place, by a plain loop."""
    there = [(y, x, y + lag[0], x + lag[1]) for y in range(rows) for x in range(columns)]
    return [p for p in there if 0 <= p[2] < rows and 0 <= p[3] < columns]


@pytest.mark.parametrize("lag", [(0, 0), (1, 0), (0, 2), (-1, 0), (0, -2), (2, 1), (-2, -3), (1, -1), (-1, 1)])
def test_the_overlap_is_the_pixels_that_show_the_same_place(lag: tuple[int, int]) -> None:
    r, c = pattern(3, (4, 6)), pattern(4, (4, 6))
    allowance = pattern(5, (4, 6))
    allowance[1, 2], allowance[2, 3] = 0, 0.25
    ours, theirs, weight, before = _overlap(r, c, allowance, lag)
    pairs = lag_pairs(lag, 4, 6)
    assert ours.ravel().tolist() == [r[y, x] for y, x, _, _ in pairs]
    assert theirs.ravel().tolist() == [c[v, u] for _, _, v, u in pairs]
    weights = [1 / allowance[y, x] if allowance[y, x] else 0.0 for y, x, _, _ in pairs]
    assert weight.ravel().tolist() == weights
    change = [(c[y, x] - r[y, x]) * w for (y, x, _, _), w in zip(pairs, weights, strict=True)]
    assert before.ravel().tolist() == pytest.approx(change)


def test_the_derivative_is_exact_up_to_the_fourth_power() -> None:
    image = Y**4 - 3 * Y**2 * X + X**3 + 5 * X**4
    inner = np.s_[2:-2, 2:-2]
    assert _derivative(image, 0)[inner] == pytest.approx((4 * Y**3 - 6 * Y * X)[inner])
    assert _derivative(image, 1)[inner] == pytest.approx((-3 * Y**2 + 3 * X**2 + 20 * X**3)[inner])


def test_what_a_fit_leaves_and_its_coefficients() -> None:
    gram = np.array([[4.0, 2, 0, 0], [2, 9, 0, 0], [0, 0, 16, 0], [0, 0, 0, 0]])
    side = np.array([8.0, 20, 8, 0])
    assert _remaining(gram, side, 100.0, ()) == (100.0, [0.0, 0.0, 0.0, 0.0])
    left, found = _remaining(gram, side, 100.0, (0,))
    assert (left, found) == (pytest.approx(100 - 2 * 8), pytest.approx([2, 0, 0, 0]))
    left, found = _remaining(gram, side, 100.0, (0, 1))  # 4a + 2b = 8, 2a + 9b = 20
    assert (left, found) == (pytest.approx(100 - 8 - 2 * 20), pytest.approx([1, 2, 0, 0]))
    left, found = _remaining(gram, side, 100.0, (2, 3))  # a column of zeros explains nothing
    assert (left, found) == (pytest.approx(100 - 0.5 * 8), pytest.approx([0, 0, 0.5, 0]))
    assert _remaining(gram, side, 3.5, (2, 3))[0] == 0, "rounding leaves less than nothing"
    assert _remaining(gram * 1e-300, side * 1e-300, 1e-298, (0, 1))[1] == pytest.approx([1, 2, 0, 0])


@pytest.mark.parametrize(("unlike", "told_apart"), [(1e-9, False), (1.6e-9, False), (3e-9, True), (1e-6, True)])
def test_columns_that_are_alike_to_a_billionth_count_as_one(unlike: float, told_apart: bool) -> None:
    gram = np.array([[1, 1 - unlike], [1 - unlike, 1]])
    found = _remaining(gram, gram @ [3.0, 1.0], 16.0, (0, 1))[1]
    assert found == pytest.approx([3, 1] if told_apart else [2, 2], rel=1e-3)


@pytest.mark.parametrize(
    ("percent", "named", "keep"),
    [
        ((2.1, 0, 0, 0), {"scale"}, (0,)),
        ((1.9, 0, 0, 0), set(), ()),
        ((0, 2.1, 0, 0), {"offset"}, (1,)),
        ((0, 1.9, 0, 0), set(), ()),
        ((0, 0, 4.1, 0), {"shift"}, (2, 3)),
        ((0, 0, 3.9, 0), set(), ()),
        ((0, 0, 2.1, 2.0), {"shift"}, (2, 3)),
        ((30, 50, 0, 0), {"scale", "offset"}, (0, 1)),
        ((30, 1.9, 4.1, 0), {"scale", "shift"}, (0, 2, 3)),
        ((1.9, 2.1, 0, 5), {"offset", "shift"}, (1, 2, 3)),
        ((20, 20, 20, 20), {"scale", "offset", "shift"}, (0, 1, 2, 3)),
    ],
)
def test_a_parameter_is_named_that_removes_two_percent_for_each_of_its_columns(
    percent: tuple[float, ...], named: set[str], keep: tuple[int, ...]
) -> None:
    side = np.sqrt(np.array(percent))
    assert _simplest(np.eye(4), side, 100.0, 100.0, (0, 0)) == (named, keep)
    assert _simplest(np.eye(4), side, 100.0, 100.0, (1, 0))[0] == named | {"shift"}, "it was shifted already"
    assert _simplest(np.eye(4), side, 100.0, 100.0, (0, 1))[0] == named | {"shift"}


def test_of_two_that_explain_the_same_the_first_is_named() -> None:
    assert _simplest(np.ones((4, 4)), np.array([9.0, 9, 0, 0]), 100.0, 100.0, (0, 0)) == ({"scale"}, (0,))


# ---- whole pixels ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lag", [(1, 0), (0, 1), (-1, 0), (0, -1), (3, -2), (-4, 4)])
def test_whole_pixels_are_found_where_no_derivative_helps(lag: tuple[int, int]) -> None:
    image = pattern(6, (18, 20))
    got = fit_motion(image, np.roll(image, lag, (0, 1)), np.ones(image.shape))
    assert got.needs == {"shift"}
    assert got.shift == pytest.approx(lag, abs=1e-6)
    assert got.explained == pytest.approx(1)


def test_what_a_shift_explains_is_a_share_of_the_difference_before_it() -> None:
    """Every other pixel is 0.5 off beside it, so that no parameter helps further."""
    image = pattern(6, (18, 20))
    chess = 0.5 * (-1) ** np.add.outer(np.arange(18), np.arange(20))
    candidate = np.roll(image, (0, 2), (0, 1)) + chess
    before = (candidate - image)[3:-3, 3:-5]
    got = _fit(image, candidate, np.ones(image.shape), (0, 2))
    assert got.explained == pytest.approx(1 - 0.25 * before.size / (before**2).sum(), abs=0.01)
    assert got.shift == pytest.approx((0, 2), abs=0.05)


@pytest.mark.parametrize(("loud", "moved"), [(3.2, True), (3.4, False)])
def test_a_shift_must_explain_half(loud: float, moved: bool) -> None:
    image, noise = pattern(7, (24, 24)), loud * np.random.default_rng(8).normal(size=(24, 24))
    candidate = np.roll(image, (2, 0), (0, 1)) + noise
    share = 1 - float((noise[5:-3, 3:-3] ** 2).sum() / ((candidate - image)[3:-5, 3:-3] ** 2).sum())
    assert (share > 0.5) is moved
    assert _fit(image, candidate, np.ones(image.shape), (2, 0)).explained == pytest.approx(share, abs=0.001)
    got = _best(image, candidate, np.ones(image.shape))
    assert got.shift == (pytest.approx((2, 0), abs=0.1) if moved else (0, 0))
    assert (got.explained > 0.5) is moved


def beside_a_shift(r: Array, c: Array) -> tuple[Array, Array, Array]:
    """On the left a pattern that moved by two rows and counts nothing, on the right 4 x 4 pixels that count."""
    left = 100 * np.random.default_rng(9).random((24, 10)) ** 4
    allowance = np.zeros((24, 24))
    allowance[10:14, 16:20] = 1
    return np.hstack([left, r[:, 10:]]), np.hstack([np.roll(left, 2, 0), c[:, 10:]]), allowance


def test_a_shift_must_explain_more_than_the_image_at_rest() -> None:
    flat = np.full((24, 24), 4.0)
    got = _best(*beside_a_shift(flat, 1.5 * flat))
    assert (got.needs, got.scale, got.shift, got.explained) == ({"scale"}, 1.5, (0, 0), 1), "both explain all"
    slope = np.outer(np.arange(24.0) ** 4 / 1e4, np.ones(24)) + pattern(10, (24, 24)) / 5
    images = beside_a_shift(slope, 1.5 * slope)
    assert 0.5 < _fit(*images, (2, 0)).explained < 0.999
    got = _best(*images)
    assert (got.needs, got.shift) == ({"scale"}, (0, 0))
    assert got.scale == pytest.approx(1.5)


# ---- a candidate that is small -----------------------------------------------------------------------------------


@pytest.mark.parametrize("small", [1e-2, 1e-4, 1e-8])
def test_a_factor_near_zero_explains_no_more_than_it_shows_of_the_candidate(small: float) -> None:
    """Whatever the candidate shows, the difference to it is nearly the reference; here nothing is left of that."""
    other = pattern(11, (40, 40))
    candidate = small * other
    got = _fit(pattern(12, (40, 40)), candidate, 1e-12 * np.ones((40, 40)), (0, 0))
    assert got.needs - {"shift"}
    assert got.explained < 0.05


@pytest.mark.parametrize("allowance", [2 * ONES, np.where(X < 9, 1e-9, 0)])
def test_with_a_scale_the_share_is_that_of_the_candidates_own_variance_where_that_is_less(allowance: Array) -> None:
    """Three patterns at right angles: the reference, what it does not explain, and a mean."""
    chess, half = (-1.0) ** (Y + X), np.where(Y < 8, 1.0, -1.0)
    got = _fit(100 * half, 1 + half + 0.5 * chess, allowance, (0, 0))
    assert (got.needs, got.scale, got.offset) == ({"scale"}, pytest.approx(0.01), 0)
    assert got.explained == pytest.approx(0, abs=1e-6), "the mean and the chess are left"
    got = _fit(100 * half, half + 0.5 * chess, allowance, (0, 0))
    assert got.explained == pytest.approx(1 - 0.25 / 1.25, abs=1e-6)
    got = _fit(half, 3 * half + 0.5 * chess, allowance, (0, 0))
    assert got.explained == pytest.approx(1 - 0.25 / (4 + 0.25), abs=1e-6), "the difference is less than the candidate"


def test_an_offset_alone_explains_no_more_either() -> None:
    chess = (-1.0) ** (Y + X)
    got = _fit(0 * ONES, 9 + 0.5 * chess, ONES, (0, 0))
    assert got.needs == {"offset"}
    assert got.explained == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(("noise", "share"), [(1e-9, 1.0), (1e-4, 1 / 1.1), (1e-3, 1 / 11)])
def test_a_constant_image_is_constant_but_for_rounding(noise: float, share: float) -> None:
    chess = (-1.0) ** (Y + X)
    got = _fit(0 * ONES, 3 * (1 + noise * chess), 1e-6 * ONES, (0, 0))
    assert (got.needs, got.offset) == ({"offset"}, pytest.approx(3))
    assert got.explained == pytest.approx(share, rel=1e-4)


@pytest.mark.parametrize("factor", [1e-3, 1e-12, -1e-20, 1e-40])
def test_a_tiny_factor_is_measured_as_exactly_as_any(factor: float) -> None:
    got = fit_motion(pattern(), factor * pattern(), 1e-3 * ONES)
    assert got.needs == {"scale"}
    assert got.scale == pytest.approx(factor)
    assert got.explained == pytest.approx(1)


def test_an_image_that_is_zero_but_for_its_edge_is_scaled_by_zero() -> None:
    edge = pattern()
    edge[3:-3, 3:-3] = 0
    got = _fit(pattern(), edge, ONES, (0, 0))
    assert (got.needs, got.scale, got.explained) == ({"scale"}, 0, 1)
