"""A number and how far it may be off: running error analysis, one operation at a time.

Each operation adds its own rounding (`EPSILON` relative, a little more for libm functions) to what it
inherits, so that cancellation shows as what it is: (d - i)/λ near the beam keeps the absolute error of d
and loses its digits. The bound is first order and per operation worst case (Wilkinson's running error
analysis). A `Num` may hold arrays, too, an element a pixel: arithmetic is the same, and where a function has to look at
the values, uncertain_many.py does it for arrays.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import TypeAlias

EPSILON = 2.0**-52
FLOAT32 = 2.0**-23
LIBM = 4.0
"""Roundings granted to one call of sin, exp, … (vectorised libraries promise 4 ulp at worst)."""

Steps: TypeAlias = tuple[float, float]
_ONE = (float, int)


def is_array(value: object) -> bool:
    """Whether a value stands for many."""
    return not isinstance(value, _ONE)


def _many() -> ModuleType:
    from . import uncertain_many

    return uncertain_many


@dataclass(frozen=True, slots=True)
class Num:
    """A value and a bound of its error, both in the unit of the value.

    `steps` is how far decisions near a tie may take it down and up (both contained in `e`): floor(8 ± tiny) is 7 or 8
    and never 9. Sums and multiples keep it; behind any other operation only the bound is known.
    """

    v: float
    e: float = 0.0
    steps: Steps | None = field(default=None, compare=False)

    @property
    def reach(self) -> tuple[Steps, float]:
        """How far decisions may take it down and up, and the error that it has apart from them."""
        if self.steps is None or is_array(self.e) or not math.isfinite(self.e):
            return (0.0, 0.0), self.e
        down, up = self.steps
        return self.steps, max(0.0, self.e - max(-down, up))

    def __add__(self, other: Num) -> Num:
        return _rounded(self.v + other.v, self.e + other.e, steps=_together(self.steps, other.steps))

    def __sub__(self, other: Num) -> Num:
        steps = _together(self.steps, _times(other.steps, -1.0))
        return _rounded(self.v - other.v, self.e + other.e, steps=steps)

    def __mul__(self, other: Num) -> Num:
        e = abs(self.v) * other.e + abs(other.v) * self.e + self.e * other.e
        return _rounded(self.v * other.v, e, steps=_multiple(self, other))

    def __truediv__(self, other: Num) -> Num:
        if is_array(self.v) or is_array(other.v):
            return _many().divide(self, other)
        if other.v == 0:
            return Num(math.nan if self.v == 0 else math.copysign(math.inf, self.v), math.inf)
        v = self.v / other.v
        least = abs(other.v) - other.e
        e = (self.e + abs(v) * other.e) / least if least > 0 else math.inf
        return _rounded(v, e, steps=None if other.steps else _times(self.steps, 1 / other.v))

    def __neg__(self) -> Num:
        return Num(-self.v, self.e, _times(self.steps, -1.0))


Vector: TypeAlias = tuple[Num, ...]
Term: TypeAlias = Num | Vector


def parts(term: Term) -> Vector:
    """The components of a number or a vector."""
    return (term,) if isinstance(term, Num) else term


def _rounded(v: float, e: float, roundings: float = 1.0, steps: Steps | None = None) -> Num:
    return Num(v, e + roundings * EPSILON * abs(v), steps)


def _together(one: Steps | None, other: Steps | None) -> Steps | None:
    """The steps of a sum; a summand without any adds to the bound alone."""
    if one is None or other is None:
        return one or other
    return one[0] + other[0], one[1] + other[1]


def _times(steps: Steps | None, factor: float) -> Steps | None:
    if steps is None or is_array(factor):
        return None
    ends = steps[0] * factor, steps[1] * factor
    return min(ends), max(ends)


def _multiple(one: Num, other: Num) -> Steps | None:
    """The steps of a product of which one factor has any."""
    if one.steps is None:
        return _times(other.steps, one.v)
    return _times(one.steps, other.v) if other.steps is None else None


def _slope(function: Callable[[float], float], x: Num) -> float:
    """How much `function` changes over the interval of `x`, at most at its ends."""
    if x.e == 0:
        return 0.0
    here = function(x.v)
    try:
        return max(abs(function(x.v + x.e) - here), abs(function(x.v - x.e) - here))
    except (ValueError, OverflowError):
        return math.inf


def _libm(function: Callable[[float], float]) -> Callable[[Num], Num]:
    def call(x: Num) -> Num:
        if is_array(x.v):
            return _many().libm(function.__name__, x)
        if math.isnan(x.v) or math.isinf(x.v):
            return Num(math.nan, math.inf)
        try:
            return _rounded(function(x.v), _slope(function, x), LIBM)
        except OverflowError:
            return Num(math.inf, math.inf)
        except ValueError:
            return Num(math.nan, math.inf)

    return call


sin, cos, exp = _libm(math.sin), _libm(math.cos), _libm(math.exp)


def power(base: Num, exponent: Num) -> Num:
    """base ** exponent; the exponent is taken as exact."""
    n = exponent.v
    if is_array(base.v) or is_array(n):
        return _many().power(base, exponent)
    try:
        v = base.v**n
    except (OverflowError, ZeroDivisionError):
        return Num(math.inf, math.inf)
    if isinstance(v, complex):
        return Num(math.nan, math.inf)
    return _rounded(v, abs(n * v / base.v) * base.e if base.v else base.e, abs(n))


def sqrt(x: Num) -> Num:
    """Square root; where the error reaches zero its own root bounds the result's."""
    if is_array(x.v):
        return _many().sqrt(x)
    if x.v < 0:
        return Num(math.nan, math.inf) if x.v < -x.e else Num(0.0, math.sqrt(x.e))
    root = math.sqrt(x.v)
    return _rounded(root, x.e / (2 * root) if x.v > x.e else math.sqrt(x.e))


def absolute(x: Num) -> Num:
    """|x|, exact."""
    return Num(abs(x.v), x.e)


def _decided(function: Callable[[float], float]) -> Callable[[Num], Num]:
    """A rounding to integers: exact, unless the interval reaches over a step; then that step, on that side."""

    def call(x: Num) -> Num:
        if is_array(x.v):
            return _many().decided(function.__name__, x)
        if not math.isfinite(x.v):
            return Num(math.nan, math.inf)
        if not math.isfinite(x.e):
            return Num(float(function(x.v)), math.inf)
        v = float(function(x.v))
        down, up = function(x.v - x.e) - v, function(x.v + x.e) - v
        return Num(v, max(-down, up), (down, up) if down or up else None)

    return call


ceil, floor = _decided(math.ceil), _decided(math.floor)


def to_float32(x: float) -> float:
    """The nearest float32, as a double; overflow gives an infinity."""
    try:
        return float(struct.unpack("f", struct.pack("f", x))[0])
    except OverflowError:
        return math.copysign(math.inf, x)


def float32(x: Num) -> Num:
    """Rounding to single precision: half its last digit may flip where the interval reaches over a tie."""
    if is_array(x.v):
        return _many().float32(x)
    if not math.isfinite(x.v):
        return x
    v = to_float32(x.v)
    if not math.isfinite(x.e):
        return Num(v, math.inf)
    return Num(v, max(abs(to_float32(x.v + x.e) - v), abs(to_float32(x.v - x.e) - v)))


def atan2(y: Num, x: Num) -> Num:
    """Angle of (x, y) in radians; near the origin its error is the whole circle."""
    if is_array(x.v) or is_array(y.v):
        return _many().atan2(y, x)
    radius = math.hypot(x.v, y.v)
    e = math.pi if radius <= x.e + y.e else (x.e + y.e) / radius
    return _rounded(math.atan2(y.v, x.v), e, LIBM)


def sincg(x: Num, n: Num) -> Num:
    """sin(N x)/sin(x), N where sin(x) is 0: the interference of N cells at x = π h (physics.md 6.4).

    Numerator and denominator move together when x moves, so its error is the ratio's slope over the interval of x
    plus the roundings of N·x and of the two sines, which do not.
    """
    if is_array(x.v):
        return _many().sincg(x, n)
    if not math.isfinite(x.v):
        return Num(math.nan, math.inf)
    if not math.isfinite(x.e):
        return Num(_ratio(x.v, n.v), math.inf)
    bottom = math.sin(x.v)
    v = _ratio(x.v, n.v)
    if bottom == 0:
        return Num(v, _slope(lambda at: _ratio(at, n.v), x))
    own = EPSILON * (abs(n.v * x.v * math.cos(n.v * x.v)) + LIBM * abs(math.sin(n.v * x.v))) / abs(bottom)
    return _rounded(v, _slope(lambda at: _ratio(at, n.v), x) + own, LIBM)


def _ratio(x: float, n: float) -> float:
    bottom = math.sin(x)
    return n if bottom == 0 else math.sin(n * x) / bottom


def dot(a: Vector, b: Vector) -> Num:
    """(x₁x₂ + y₁y₂) + z₁z₂, in this order."""
    total = a[0] * b[0]
    for left, right in zip(a[1:], b[1:], strict=True):
        total = total + left * right
    return total


def cross(a: Vector, b: Vector) -> Vector:
    """The right-handed cross product."""
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])


def norm(a: Vector) -> Num:
    """√((x²+y²)+z²); its error is that of the components along the vector."""
    square = sum(x.v * x.v for x in a)
    if is_array(square):
        return _many().norm(a)
    v = math.sqrt(square)
    if v == 0:
        return Num(v, math.sqrt(sum(x.e * x.e for x in a)))
    return _rounded(v, sum(abs(x.v) * x.e for x in a) / v, 3.0)


def unit(a: Vector) -> Vector:
    """a/|a|; a zero vector stays zero."""
    length = norm(a)
    if is_array(length.v):
        return _many().unit(a)
    return a if length.v == 0 else tuple(x / length for x in a)


def matmul(a: Vector, b: Vector) -> Vector:
    """3×3 times 3×3 (or times 3), row-major."""
    if len(b) == 3:
        return tuple(dot(a[3 * i : 3 * i + 3], b) for i in range(3))
    columns = [tuple(b[3 * k + j] for k in range(3)) for j in range(3)]
    return tuple(dot(a[3 * i : 3 * i + 3], column) for i in range(3) for column in columns)


def about_x(angle: Num) -> Vector:
    """Right-handed rotation about x, row-major."""
    c, s, zero, one = cos(angle), sin(angle), Num(0.0), Num(1.0)
    return (one, zero, zero, zero, c, -s, zero, s, c)


def about_y(angle: Num) -> Vector:
    """Right-handed rotation about y, row-major."""
    c, s, zero, one = cos(angle), sin(angle), Num(0.0), Num(1.0)
    return (c, zero, s, zero, one, zero, -s, zero, c)


def about_z(angle: Num) -> Vector:
    """Right-handed rotation about z, row-major."""
    c, s, zero, one = cos(angle), sin(angle), Num(0.0), Num(1.0)
    return (c, -s, zero, s, c, zero, zero, zero, one)


def about(axis: Vector, angle: Num) -> Vector:
    """Rotation by `angle` about `axis`, taken as of length 1 and not made so; row-major (physics.md 1.3)."""
    c, s = cos(angle), sin(angle)
    x, y, z = axis
    rest, zero = Num(1.0) - c, Num(0.0)
    skew = (zero, -z, y, z, zero, -x, -y, x, zero)
    outer = tuple(left * right for left in axis for right in axis)
    unit_matrix = (c, zero, zero, zero, c, zero, zero, zero, c)
    return tuple(o * rest + k * s + d for o, k, d in zip(outer, skew, unit_matrix, strict=True))
