"""Vectors of the laboratory frame as three tensors, with the roundings of a plain C program.

Components are kept apart (no trailing axis of three) so that every sum is (x + y) + z with separate
roundings; a library norm or einsum may add in another order, which shows in the last digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

RTD = 180 * 0.31830988618379067154
"""Degrees per radian, as the double that the real program uses."""


class Vec(NamedTuple):
    """Three tensors of one broadcastable shape: x, y, z in the laboratory frame."""

    x: Tensor
    y: Tensor
    z: Tensor

    def scaled(self, factor: Tensor | float) -> Vec:
        """Every component times `factor`."""
        return Vec(self.x * factor, self.y * factor, self.z * factor)

    def over(self, divisor: Tensor | float) -> Vec:
        """Every component divided by `divisor`: in float64 a division each, in float32 by one reciprocal.

        float64 keeps the roundings of the C program; float32 has none to keep, and divisions are its dearest step.
        """
        if isinstance(divisor, Tensor) and divisor.dtype == torch.float32:
            return self.scaled(divisor.reciprocal())
        return Vec(self.x / divisor, self.y / divisor, self.z / divisor)

    def plus(self, other: Vec) -> Vec:
        """Component-wise sum."""
        return Vec(self.x + other.x, self.y + other.y, self.z + other.z)

    def minus(self, other: Vec) -> Vec:
        """Component-wise difference."""
        return Vec(self.x - other.x, self.y - other.y, self.z - other.z)

    def stacked(self) -> Tensor:
        """One tensor with a trailing axis of three."""
        return torch.stack(torch.broadcast_tensors(*self), -1)

    def at(self, index: int | slice | Tensor) -> Vec:
        """The same index taken from each component."""
        return Vec(self.x[index], self.y[index], self.z[index])


def vec(x: float, y: float, z: float) -> Vec:
    """A constant vector of float64 scalars."""
    return Vec(scalar(x), scalar(y), scalar(z))


def scalar(value: float) -> Tensor:
    """A float64 tensor without axes."""
    return torch.tensor(value, dtype=torch.float64)


def stack(vectors: list[Vec]) -> Vec:
    """Many vectors of equal shape as one, with a new leading axis; of no vectors, an empty one."""
    if not vectors:
        return Vec(*(torch.zeros(0, dtype=torch.float64) for _ in range(3)))
    return Vec(*(torch.stack(list(parts)) for parts in zip(*vectors, strict=True)))


def dot(a: Vec, b: Vec) -> Tensor:
    """Scalar product, (x + y) + z."""
    return (a.x * b.x + a.y * b.y) + a.z * b.z


def cross(a: Vec, b: Vec) -> Vec:
    """Right-handed vector product."""
    return Vec(a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x)


def norm(a: Vec) -> Tensor:
    """Length, sqrt((x² + y²) + z²)."""
    return root((a.x * a.x + a.y * a.y) + a.z * a.z)


def _exactly(function: Callable[[Tensor], Tensor], scalar_function: Callable[[float], float], x: Tensor) -> Tensor:
    """`function(x)`, for a float64 scalar with the value of the C library's `scalar_function`.

    The vectorised functions are off by one unit in the last place for about 1 % of arguments. That would not
    show in an image, but where a count is rounded up from a length it decides between two images. The
    difference of the two values is added as a constant, so gradients stay those of `function`.
    """
    value = function(x)
    if x.dim() > 0 or x.dtype != torch.float64:
        return value
    argument, found = float(x.detach()), float(value.detach())
    if not math.isfinite(found):
        return value
    return value + (scalar_function(argument) - found)


def root(x: Tensor) -> Tensor:
    """Square root; in float32 correctly rounded, compiled (by the processor) as well as not (through float64)."""
    if x.dtype == torch.float32 and not torch.compiler.is_compiling():
        return torch.sqrt(x.double()).float()
    return _exactly(torch.sqrt, math.sqrt, x)


def sin(x: Tensor) -> Tensor:
    """Sine of an angle in radians."""
    return _exactly(torch.sin, math.sin, x)


def cos(x: Tensor) -> Tensor:
    """Cosine of an angle in radians."""
    return _exactly(torch.cos, math.cos, x)


def unit(a: Vec) -> Vec:
    """`a` divided by its length; a vector whose length is zero (or vanishes in double) becomes zero."""
    length = norm(a)
    return a.over(torch.where(length == 0, math.inf, length))


def still(angle: Tensor) -> bool:
    """Whether a rotation by `angle` may be skipped: exactly zero, and nobody differentiates by it."""
    return not angle.requires_grad and float(angle) == 0.0


def rotate_xyz(v: Vec, angles: tuple[Tensor, Tensor, Tensor]) -> Vec:
    """Right-handed turns about lab x, then y, then z (radians); a stage of exactly 0 is skipped."""
    ax, ay, az = angles
    if not still(ax):
        c, s = cos(ax), sin(ax)
        v = Vec(v.x, v.y * c - v.z * s, v.y * s + v.z * c)
    if not still(ay):
        c, s = cos(ay), sin(ay)
        v = Vec(v.x * c + v.z * s, v.y, -v.x * s + v.z * c)
    if not still(az):
        c, s = cos(az), sin(az)
        v = Vec(v.x * c - v.y * s, v.x * s + v.y * c, v.z)
    return v


def rotate_about(v: Vec, axis: Vec, angle: Tensor) -> Vec:
    """Rodrigues' rotation by `angle` (radians) about `axis`, which is taken to be of unit length."""
    c, s = cos(angle), sin(angle)
    along = dot(axis, v) * (1.0 - c)
    return axis.scaled(along).plus(v.scaled(c)).plus(cross(axis, v).scaled(s))


def ceil_half_down(x: float) -> int:
    """Round to the nearest integer, ties down: ceil(x − 0.5)."""
    return math.ceil(x - 0.5)
