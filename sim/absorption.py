"""Capture of a ray in one layer of the sensor, and the solid angle of a pixel (specification, 3.4, 6.3)."""

from __future__ import annotations

import torch
from torch import Tensor

from .vec import Vec, dot


def capture_fraction(layer: int, thickness: float, mu: float, diffracted: Vec, odet: Vec) -> Tensor:
    """exp(−t Δ µ/ρ) − exp(−(t+1) Δ µ/ρ): what layer t of `thickness` (m) absorbs, µ in 1/m, ρ = d·odet."""
    parallax = dot(diffracted, odet)
    return torch.exp(-layer * thickness * mu / parallax) - torch.exp(-(layer + 1) * thickness * mu / parallax)


def solid_angle(R: Tensor, close: Tensor, pixel: float, point: bool) -> Tensor:
    """Steradian of a pixel of `pixel` metres at distance R whose plane is `close` away.

    A point pixel has no area: 1/R², in m⁻². In float32 one reciprocal serves for the three divisions.
    """
    if R.dtype == torch.float32:
        inverse = R.reciprocal()
        return inverse * inverse if point else inverse * (pixel * pixel) * inverse * close * inverse
    if point:
        return 1.0 / R / R
    return R.reciprocal() * (pixel * pixel) / R * close / R
