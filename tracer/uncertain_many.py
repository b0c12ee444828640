"""The functions of uncertain.py over arrays: for each element the value and the bound that it has alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .uncertain import EPSILON, LIBM, Num, Vector

Array = Any
"""An array of float64, or one number."""
_LIBM: dict[str, Callable[[Array], Array]] = {"sin": np.sin, "cos": np.cos, "exp": np.exp}
_STEPS: dict[str, Callable[[Array], Array]] = {"ceil": np.ceil, "floor": np.floor}


def _num(v: Array, e: Array) -> Num:
    return Num(v, e)


def _rounded(v: Array, e: Array, roundings: Array = 1.0) -> Num:
    return _num(v, e + roundings * EPSILON * np.abs(v))


def _unless(bad: Array, number: Num, v: Array, e: Array) -> Num:
    """`number`, and where `bad` holds the value `v` with the bound `e`."""
    return _num(np.where(bad, v, number.v), np.where(bad, e, number.e))


def _span(function: Callable[[Array], Array], x: Num, here: Array) -> Array:
    """How much `function` changes over the interval of `x`, at most at its ends; inf where it has no value there."""
    ends = np.maximum(np.abs(function(x.v + x.e) - here), np.abs(function(x.v - x.e) - here))
    return np.where(x.e == 0, 0.0, np.where(np.isnan(ends), math.inf, ends))


def divide(a: Num, b: Num) -> Num:
    """See `Num.__truediv__`."""
    with np.errstate(all="ignore"):
        v = np.divide(a.v, b.v)
        least = np.abs(b.v) - b.e
        found = _rounded(v, np.where(least > 0, (a.e + np.abs(v) * b.e) / least, math.inf))
        return _unless(
            np.equal(b.v, 0), found, np.where(np.equal(a.v, 0), math.nan, np.copysign(math.inf, a.v)), math.inf
        )


def libm(name: str, x: Num) -> Num:
    """See `uncertain.sin` and its like."""
    function = _LIBM[name]
    with np.errstate(all="ignore"):
        v = function(x.v)
        found = _rounded(v, _span(function, x, v), LIBM)
        return _unless(~np.isfinite(x.v), found, math.nan, math.inf)


def power(base: Num, exponent: Num) -> Num:
    """See `uncertain.power`."""
    n = exponent.v
    with np.errstate(all="ignore"):
        v = np.power(base.v, n)
        found = _rounded(v, np.where(np.equal(base.v, 0), base.e, np.abs(n * v / base.v) * base.e), np.abs(n))
        return _unless(~np.isfinite(v), found, v, math.inf)


def sqrt(x: Num) -> Num:
    """See `uncertain.sqrt`."""
    with np.errstate(all="ignore"):
        root = np.sqrt(np.maximum(x.v, 0.0))
        found = _rounded(root, np.where(x.v > x.e, x.e / (2 * root), np.sqrt(x.e)))
        return _unless(x.v < -x.e, found, math.nan, math.inf)


def decided(name: str, x: Num) -> Num:
    """See `uncertain.ceil` and `floor`."""
    return _stepped(_STEPS[name], x, _unless(~np.isfinite(x.v), x, math.nan, math.inf))


def float32(x: Num) -> Num:
    """See `uncertain.float32`."""
    with np.errstate(over="ignore"):
        return _stepped(lambda v: np.asarray(v, np.float32).astype(np.float64), x, x)


def _stepped(function: Callable[[Array], Array], x: Num, otherwise: Num) -> Num:
    with np.errstate(all="ignore"):
        v = function(x.v)
        e = np.where(np.isfinite(x.e), _span(function, x, v), math.inf)
    return _unless(~np.isfinite(x.v), _num(v, e), otherwise.v, otherwise.e)


def atan2(y: Num, x: Num) -> Num:
    """See `uncertain.atan2`."""
    with np.errstate(all="ignore"):
        radius, e = np.hypot(x.v, y.v), x.e + y.e
        return _rounded(np.arctan2(y.v, x.v), np.where(radius <= e, math.pi, e / radius), LIBM)


def sincg(x: Num, n: Num) -> Num:
    """See `uncertain.sincg`."""
    with np.errstate(all="ignore"):
        bottom = np.sin(x.v)
        v = _ratio(x.v, n.v)
        span = _span(lambda at: _ratio(at, n.v), x, v)
        inner = n.v * x.v
        own = EPSILON * (np.abs(inner * np.cos(inner)) + LIBM * np.abs(np.sin(inner))) / np.abs(bottom)
        found = _unless(bottom == 0, _rounded(v, span + own, LIBM), v, span)
        found = _unless(~np.isfinite(x.e), found, v, math.inf)
        return _unless(~np.isfinite(x.v), found, math.nan, math.inf)


def _ratio(x: Array, n: Array) -> Array:
    bottom: Array = np.sin(x)
    zero: Array = np.equal(bottom, 0)
    return zero * n + ~zero * np.sin(n * x) / (bottom + zero)


def norm(a: Vector) -> Num:
    """See `uncertain.norm`."""
    with np.errstate(all="ignore"):
        v = np.sqrt(sum(x.v * x.v for x in a))
        found = _rounded(v, sum(np.abs(x.v) * x.e for x in a) / v, 3.0)
        return _unless(v == 0, found, v, np.sqrt(sum(x.e * x.e for x in a)))


def unit(a: Vector) -> Vector:
    """See `uncertain.unit`."""
    length = norm(a)
    zero = np.equal(length.v, 0)
    return tuple(_unless(zero, divide(x, length), x.v, x.e) for x in a)
