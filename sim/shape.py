"""Lattice amplitude of a finite crystal: square, round, Gaussian, top-hat (specification, section 6.4)."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from .taps import tap_like
from .vec import Vec

_SPHERE = 0.723601254558268
_GAUSS = 0.63
_TOPHAT = 0.3969


def sincg(x: Tensor, N: float) -> Tensor:
    """sin(N x)/sin(x), and N at x = 0: the sum of N waves."""
    bottom = torch.sin(x)
    at_zero = x == 0
    return torch.where(at_zero, N, torch.sin(x * N) / torch.where(at_zero, 1.0, bottom))


def sinc3(x: Tensor) -> Tensor:
    """3 (sin x / x − cos x) / x², and 1 at x = 0: the transform of a sphere."""
    at_zero = x == 0
    safe = torch.where(at_zero, 1.0, x)
    return torch.where(at_zero, 1.0, 3.0 * (torch.sin(safe) / safe - torch.cos(safe)) / (safe * safe))


def square(hkl: Vec, rounded: Vec, N: tuple[int, int, int], *scope: tuple[str, int]) -> Tensor:
    """Parallelepiped of Na×Nb×Nc cells; the full index is used, an axis of one cell contributes 1.

    In float32 the index is reduced by its nearest integer first and no library sine is used: see `waves`.
    """
    parts = [
        tap_like(f"F_latt_{axis}", _along(x, near, count), x, *scope)
        for axis, x, near, count in zip("abc", hkl, rounded, N, strict=True)
    ]
    return ((parts[0] * parts[1]) * parts[2]).expand(hkl.x.shape)


def _along(x: Tensor, near: Tensor, count: int) -> Tensor:
    if count <= 1:
        return x.new_ones(())
    if x.dtype == torch.float64:
        return sincg(math.pi * x, float(count))
    reduced = waves(x - near, count)
    return reduced if count % 2 else reduced * (1.0 - 2.0 * odd(near))


_SINE = (3.1415926369143845, -5.167709685736511, 2.5500697390987175, -0.5982421915559677, 0.0775604986371452)
"""sin(π d)/d for |d| <= ½ by powers of d²."""


def sine_over(d: Tensor) -> Tensor:
    """sin(π d)/d for |d| <= ½ within one float32 rounding, from products and sums alone.

    A library's sine depends on how it was vectorised; this rounds the same in every place of every batch,
    compiled or not.
    """
    square = d * d
    value = square * _SINE[-1] + _SINE[-2]
    for coefficient in _SINE[-3::-1]:
        value = value * square + coefficient
    return value


def odd(n: Tensor) -> Tensor:
    """1 where the whole number `n` is odd, 0 where it is even."""
    return n - 2.0 * torch.floor(n * 0.5)


def waves(d: Tensor, count: int) -> Tensor:
    """sin(N π d)/sin(π d) for |d| <= ½: the sum of N = `count` waves, well conditioned around d = 0.

    Few waves by the recurrence of sin(N x) in its difference form (Reinsch's), two at a time where N is odd;
    many by the sine of N d, less its nearest integer.
    """
    turns = (count - 1) // 2 if count % 2 else count - 1
    if turns > _FEW:
        product = d * float(count)
        near = torch.ceil(product - 0.5)
        rest = product - near
        top = rest * sine_over(rest) * (1.0 - 2.0 * odd(near))
        bottom = d * sine_over(d)
        return torch.where(d == 0, float(count), top / torch.where(d == 0, 1.0, bottom))
    half = d if count % 2 else d * 0.5
    sine = half * sine_over(half)
    pace = (sine * sine) * 4.0
    value, difference = torch.ones_like(d), torch.full_like(d, 2.0 if count % 2 else 1.0)
    for _ in range(turns):
        difference = difference - pace * value
        value = value + difference
    return value


_FEW = 4
"""Turns of the recurrence up to which it is the cheaper form. A compiler that inlines writes each value twice into the
next, so that one more turn doubles the time and the memory of a build: 28 s at 4, 53 s at 5, gigabytes at 11."""


def round_(delta: Vec, N: tuple[int, int, int], fudge: float) -> Tensor:
    """Ellipsoid that fills the same box; `delta` is the index minus its nearest integer."""
    na, nb, nc = (float(count) for count in N)
    squared = (delta.x * delta.x * na * na + delta.y * delta.y * nb * nb + delta.z * delta.z * nc * nc) * fudge
    zero = squared == 0
    root = torch.where(zero, 0.0, torch.sqrt(torch.where(zero, 1.0, squared)))
    return na * nb * nc * _SPHERE * sinc3(math.pi * root)


def _width(delta: Vec, star: tuple[Vec, Vec, Vec], N: tuple[int, int, int], joint: bool) -> Tensor:
    """Squared distance from the node, in units of the spot's width (`joint`: Å⁻² times all N²)."""
    na, nb, nc = (float(count) for count in N)
    if not joint:
        return delta.x * delta.x * na * na + delta.y * delta.y * nb * nb + delta.z * delta.z * nc * nc
    a, b, c = star
    dx = (delta.x * a.x + delta.y * b.x) + delta.z * c.x
    dy = (delta.x * a.y + delta.y * b.y) + delta.z * c.y
    dz = (delta.x * a.z + delta.y * b.z) + delta.z * c.z
    return ((dx * dx + dy * dy) + dz * dz) * na * na * nb * nb * nc * nc


def gauss(delta: Vec, star: tuple[Vec, Vec, Vec], N: tuple[int, int, int], fudge: float, joint: bool) -> Tensor:
    """Gaussian spot of the same integral height; `star` are a*, b*, c* (Å⁻¹), not rotated."""
    width = _width(delta, star, N, joint)
    return float(N[0]) * float(N[1]) * float(N[2]) * torch.exp(-(width / _GAUSS * fudge))


def tophat(delta: Vec, star: tuple[Vec, Vec, Vec], N: tuple[int, int, int], fudge: float, joint: bool) -> Tensor:
    """A flat spot: the full amplitude within the limit, exactly 0 outside."""
    width = _width(delta, star, N, joint)
    full = float(N[0]) * float(N[1]) * float(N[2])
    return torch.where(width * fudge < _TOPHAT, full, torch.zeros_like(width))
