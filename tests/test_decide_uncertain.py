"""Error bounds are not only safe but sharp: what the operands can do, plus the roundings, and no more (docs/mutation.md)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import pytest
from firstbad.tracer.uncertain import (
    EPSILON,
    FLOAT32,
    LIBM,
    Num,
    about,
    about_x,
    about_y,
    about_z,
    absolute,
    atan2,
    ceil,
    cos,
    cross,
    dot,
    exp,
    float32,
    floor,
    matmul,
    norm,
    power,
    sin,
    sincg,
    sqrt,
    to_float32,
    unit,
)  # fmt: skip
from hypothesis import given
from hypothesis import strategies as st

sizes = st.floats(0.1, 1e3) | st.floats(-1e3, -0.1)
shares = st.sampled_from([1e-3, 1e-5, 1e-7])


def reach(function: Callable[..., float], *operands: Num) -> float:
    """How far a function moves at most when every operand goes to either end."""
    here = function(*(x.v for x in operands))
    ends = itertools.product(*((x.v - x.e, x.v + x.e) for x in operands))
    return max(abs(function(*at) - here) for at in ends)


@given(sizes, sizes, shares, shares)
def test_arithmetic_is_granted_what_its_operands_can_do(a: float, b: float, ea: float, eb: float) -> None:
    x, y = Num(a, abs(a) * ea), Num(b, abs(b) * eb)
    for bound, function in (
        (x + y, lambda u, v: u + v),
        (x - y, lambda u, v: u - v),
        (x * y, lambda u, v: u * v),
        (x / y, lambda u, v: u / v),
    ):
        assert bound.v == function(a, b)
        room = 8 * EPSILON * (abs(a) + abs(b) + abs(bound.v))
        assert bound.e == pytest.approx(reach(function, x, y), rel=1e-9, abs=room)


@given(sizes, sizes)
def test_exact_operands_leave_one_rounding(a: float, b: float) -> None:
    x, y = Num(a), Num(b)
    for bound in (x + y, x - y, x * y, x / y):
        assert bound.e == EPSILON * abs(bound.v)
    assert (-x) == Num(-a) and (-Num(a, 2.0)).e == 2.0
    assert absolute(Num(-abs(a), 0.5)) == Num(abs(a), 0.5)


def test_a_divisor_that_may_be_zero_says_nothing() -> None:
    assert (Num(1.0) / Num(1.0, 1.0)).e == math.inf
    assert (Num(-1.0) / Num(0.0)).v == -math.inf and (Num(1.0) / Num(0.0)).v == math.inf
    assert (Num(0.0) / Num(0.0)).e == math.inf
    assert (Num(0.0, 1.0) / Num(2.0)).e == 0.5


@given(st.floats(-3, 3), st.sampled_from([0.0, 1e-3, 1e-6, 1.0]))
def test_libm_functions_are_granted_their_slope_and_four_roundings(a: float, e: float) -> None:
    for ours, theirs in ((sin, math.sin), (cos, math.cos), (exp, math.exp)):
        got = ours(Num(a, e))
        assert got.v == theirs(a)
        assert got.e == pytest.approx(reach(theirs, Num(a, e)) + 4 * EPSILON * abs(got.v), rel=1e-12)


def test_functions_off_their_domain() -> None:
    assert exp(Num(1e4)) == Num(math.inf, math.inf)
    assert exp(Num(700.0, 100.0)).e == math.inf
    for bad in (math.nan, math.inf, -math.inf):
        for function in (sin, cos, exp, ceil, floor):
            got = function(Num(bad))
            assert math.isnan(got.v) and got.e == math.inf
    assert math.isnan(sincg(Num(math.inf), Num(5.0)).v)
    assert sincg(Num(0.3, math.inf), Num(5.0)) == Num(math.sin(5 * 0.3) / math.sin(0.3), math.inf)
    assert power(Num(10.0), Num(400.0)) == Num(math.inf, math.inf)
    assert power(Num(-8.0), Num(0.5)).e == math.inf


@given(st.floats(0.5, 20), st.sampled_from([2.0, 3.0, -1.0, -2.0, 0.5]), st.sampled_from([1e-6, 1e-8]))
def test_powers(a: float, n: float, e: float) -> None:
    x = Num(a, e * a)
    got = power(x, Num(n))
    assert got.v == a**n
    assert got.e == pytest.approx(reach(lambda u: u**n, x), rel=1e-4, abs=8 * EPSILON * abs(got.v))
    assert power(Num(a), Num(n)).e == abs(n) * EPSILON * got.v
    assert power(Num(0.0, 0.25), Num(2.0)) == Num(0.0, 0.25)


def test_square_roots_around_zero() -> None:
    assert sqrt(Num(4.0, 0.4)).e == pytest.approx(0.1)
    assert sqrt(Num(4.0)).e == EPSILON * 2 and sqrt(Num(0.25)).v == 0.5
    assert sqrt(Num(0.25, 0.25)).e == pytest.approx(0.5), "the root of the error, where that reaches zero"
    assert sqrt(Num(0.25, 1.0)).e == pytest.approx(1.0)
    assert sqrt(Num(-0.25, 0.25)) == Num(0.0, 0.5)
    assert math.isnan(sqrt(Num(-0.26, 0.25)).v) and sqrt(Num(-0.26, 0.25)).e == math.inf
    assert sqrt(Num(0.0)) == Num(0.0, 0.0)


def test_decisions_doubt_only_where_a_step_is_in_reach() -> None:
    assert floor(Num(1.2, 0.1)) == Num(1.0, 0.0)
    assert floor(Num(1.05, 0.1)) == Num(1.0, 1.0)
    assert floor(Num(1.95, 0.1)) == Num(1.0, 1.0)
    assert ceil(Num(1.05, 0.1)) == Num(2.0, 1.0)
    assert ceil(Num(1.5, 2.0)) == Num(2.0, 2.0)
    assert floor(Num(1.5, math.inf)) == Num(1.0, math.inf)


def test_a_decision_is_turned_only_to_the_other_side_of_its_tie() -> None:
    at, below = floor(Num(8.0, 0.1)), floor(Num(7.95, 0.1))
    assert (at.reach, below.reach) == (((-1.0, 0.0), 0.0), ((0.0, 1.0), 0.0))
    assert ceil(Num(8.0, 0.1)).reach[0] == (0.0, 1.0) and floor(Num(8.5, 0.1)).steps is None
    assert floor(Num(1.5, math.inf)).reach == ((0.0, 0.0), math.inf)


@pytest.mark.parametrize(
    ("operation", "steps"),
    [
        (lambda tie: tie * Num(2.0), (-2.0, 0.0)), (lambda tie: Num(-2.0) * tie, (0.0, 2.0)),
        (lambda tie: Num(3.0) - tie, (0.0, 1.0)), (lambda tie: tie - Num(3.0), (-1.0, 0.0)), (lambda tie: -tie, (0.0, 1.0)),
        (lambda tie: tie / Num(-4.0), (0.0, 0.25)), (lambda tie: tie / Num(8.0), (-0.125, 0.0)),
        (lambda tie: tie + ceil(Num(2.0, 0.1)), (-1.0, 1.0)), (lambda tie: tie - ceil(Num(2.0, 0.1)), (-2.0, 0.0)),
        (lambda tie: tie + Num(1.0, 0.5), (-1.0, 0.0)), (lambda tie: Num(1.0, 0.5) + tie, (-1.0, 0.0)),
        (lambda tie: tie + tie + ceil(Num(2.0, 0.1)) * Num(3.0), (-2.0, 3.0)),
    ],
)  # fmt: skip
def test_sums_and_multiples_of_a_decision_keep_its_side(
    operation: Callable[[Num], Num], steps: tuple[float, float]
) -> None:
    number = operation(floor(Num(8.0, 0.1)))
    assert number.reach[0] == steps
    assert max(map(abs, steps)) <= number.e


def test_what_a_number_is_off_apart_from_decisions() -> None:
    tie = floor(Num(8.0, 0.1))
    assert (tie + Num(1.0, 0.5)).reach[1] == pytest.approx(0.5)
    assert (ceil(Num(8.0, 0.1)) + Num(1.0, 0.5)).reach[1] == pytest.approx(0.5)
    assert Num(1.0, 0.25, (-1.0, 0.0)).reach[1] == 0.0, "no less than nothing"


def test_behind_other_operations_only_the_bound_of_a_decision_is_known() -> None:
    tie = floor(Num(8.0, 0.1))
    for number in (sin(tie), sqrt(tie), tie * tie, Num(1.0) / tie, absolute(tie)):
        assert number.steps is None and number.e > 0


def test_single_precision() -> None:
    step = 2.0**-23
    assert float32(Num(1.0, 0.0)) == Num(1.0, 0.0)
    assert float32(Num(1.0 + 0.6 * step, 0.2 * step)) == Num(1.0 + step, step)
    assert float32(Num(1.0 + 0.4 * step, 0.2 * step)) == Num(1.0, step)
    assert float32(Num(1.0 + 0.8 * step, 0.1 * step)).e == 0.0
    assert float32(Num(1.0, math.inf)) == Num(1.0, math.inf)
    assert float32(Num(math.inf, 1.0)) == Num(math.inf, 1.0)
    assert to_float32(-1e300) == -math.inf
    assert step == FLOAT32 and to_float32(1 + FLOAT32) > to_float32(1 + FLOAT32 / 2) == 1.0


def test_angles() -> None:
    got = atan2(Num(3.0, 3e-6), Num(4.0, 2e-6))
    assert got.v == math.atan2(3.0, 4.0)
    assert got.e == pytest.approx(1e-6, rel=1e-6)
    assert atan2(Num(0.0, 0.5), Num(1.0, 0.5)).e == pytest.approx(math.pi)
    assert atan2(Num(0.0, 0.5), Num(1.0, 0.4)).e == pytest.approx(0.9)
    assert atan2(Num(1.0), Num(1.0)).e == LIBM * EPSILON * math.pi / 4


@given(st.floats(0.05, 3.0), st.integers(2, 20), st.sampled_from([1e-7, 1e-9]))
def test_interference_is_granted_the_slope_of_the_ratio(a: float, n: int, e: float) -> None:
    def ratio(u: float) -> float:
        return math.sin(n * u) / math.sin(u)

    got = sincg(Num(a, e), Num(float(n)))
    assert got.v == ratio(a)
    own = EPSILON * (abs(n * a * math.cos(n * a)) + 4 * abs(math.sin(n * a))) / abs(math.sin(a)) + 4 * EPSILON * abs(
        got.v
    )
    assert got.e == pytest.approx(reach(ratio, Num(a, e)) + own, rel=1e-12)


@pytest.mark.parametrize(("n", "x", "roundings"), [(2.0, 0.5, 15.1683), (5.0, 0.3, 27.3622), (2.0, -0.5, 15.1683)])
def test_interference_of_an_exact_index_is_granted_its_own_roundings(n: float, x: float, roundings: float) -> None:
    """N·x rounds once, which cos(N·x) passes on; the upper sine four times; both over sin(x); the ratio four times."""
    assert sincg(Num(x), Num(n)).e == pytest.approx(roundings * EPSILON, rel=1e-5, abs=0)


def test_where_the_lower_sine_is_zero_all_cells_interfere() -> None:
    assert sincg(Num(0.0), Num(5.0)) == Num(5.0)
    near = sincg(Num(0.0, 0.25), Num(5.0))
    assert near.v == 5.0 and near.e == pytest.approx(5.0 - math.sin(1.25) / math.sin(0.25))


def rotated(matrix: tuple[Num, ...], *vector: float) -> list[float]:
    return [c.v for c in matmul(matrix, tuple(map(Num, vector)))]


def test_rotations_are_right_handed_and_turn_the_next_axis_into_the_one_after() -> None:
    quarter = Num(math.pi / 2)
    assert rotated(about_x(quarter), 0, 1, 0) == pytest.approx([0, 0, 1], abs=1e-15)
    assert rotated(about_y(quarter), 0, 0, 1) == pytest.approx([1, 0, 0], abs=1e-15)
    assert rotated(about_z(quarter), 1, 0, 0) == pytest.approx([0, 1, 0], abs=1e-15)
    for about_one, axis in ((about_x, (1, 0, 0)), (about_y, (0, 1, 0)), (about_z, (0, 0, 1))):
        assert rotated(about_one(Num(0.3)), *axis) == list(axis)
        there_and_back = matmul(about_one(Num(0.3)), about_one(Num(-0.3)))
        assert [c.v for c in there_and_back] == pytest.approx([1, 0, 0, 0, 1, 0, 0, 0, 1], abs=1e-15)
        zeros_and_ones = [c.e for c in about_one(Num(0.3, 0.1)) if c.v in (0.0, 1.0)]
        assert zeros_and_ones == [0.0] * 5


def test_a_rotation_about_any_axis_is_that_about_the_three_and_turns_the_three_into_each_other() -> None:
    angle = Num(0.3)
    for about_one, axis in ((about_x, (1, 0, 0)), (about_y, (0, 1, 0)), (about_z, (0, 0, 1))):
        same = about(tuple(Num(float(c)) for c in axis), angle)
        assert [c.v for c in same] == pytest.approx([c.v for c in about_one(angle)], abs=1e-15)
    diagonal = about((Num(3**-0.5),) * 3, Num(2 * math.pi / 3))
    assert rotated(diagonal, 1, 2, 3) == pytest.approx([3, 1, 2], abs=1e-15)
    oblique = about((Num(0.6), Num(0.0), Num(-0.8)), Num(math.pi))
    assert rotated(oblique, 0.6, 5, -0.8) == pytest.approx([0.6, -5, -0.8], abs=1e-15), "half a turn leaves the axis"


def test_the_axis_of_a_rotation_is_not_made_a_unit_vector() -> None:
    stretched = about((Num(2.0), Num(0.0), Num(0.0)), Num(math.pi / 2))
    assert [c.v for c in stretched] == pytest.approx([4, 0, 0, 0, 0, -2, 0, 2, 0], abs=1e-15)


vectors = st.tuples(*[st.integers(-9, 9)] * 3)


@given(vectors, vectors, st.lists(st.integers(-9, 9), min_size=9, max_size=9))
def test_vectors_are_what_they_are_on_whole_numbers(a: tuple[int, ...], b: tuple[int, ...], m: list[int]) -> None:
    x, y, matrix = (tuple(Num(float(c)) for c in part) for part in (a, b, m))
    assert [c.v for c in cross(x, y)] == [
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    ]
    assert dot(x, y).v == sum(p * q for p, q in zip(a, b, strict=True))
    assert [c.v for c in matmul(matrix, x)] == [sum(m[3 * i + k] * a[k] for k in range(3)) for i in range(3)]
    squared = [sum(m[3 * i + k] * m[3 * k + j] for k in range(3)) for i in range(3) for j in range(3)]
    assert [c.v for c in matmul(matrix, matrix)] == squared


def test_lengths() -> None:
    x = (Num(3.0, 0.1), Num(-4.0, 0.2), Num(0.0, 5.0))
    assert norm(x).v == 5.0
    assert norm(x).e == pytest.approx((3 * 0.1 + 4 * 0.2) / 5 + 15 * EPSILON, rel=1e-12)
    assert norm((Num(3.0), Num(4.0), Num(0.0))).e == 3 * EPSILON * 5
    assert norm((Num(0.0, 3.0), Num(0.0, 4.0), Num(0.0))) == Num(0.0, 5.0)
    assert [c.v for c in unit(x)] == [0.6, -0.8, 0.0]
    zero = (Num(0.0, 1.0), Num(0.0), Num(0.0))
    assert unit(zero) == zero
