"""Structure factor of a sample: nearest stored value, or tricubic interpolation (specification, 6.5)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .vec import Vec

_DENOMINATORS = (-6.0, 2.0, -2.0, 6.0)


@dataclass(frozen=True)
class Grid:
    """Stored amplitudes, flattened with l fastest; `low`, `high` limits of h, k, l; `shape` of the block.

    `values` includes the pad plane at the top of each axis, which no lookup reaches.
    """

    values: Tensor
    low: tuple[int, int, int]
    high: tuple[int, int, int]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Entries along h, k, l with the pad."""
        h, k, l = (high - low + 2 for low, high in zip(self.low, self.high, strict=True))  # noqa: E741
        return h, k, l

    def flat(self, h: Tensor, k: Tensor, l: Tensor) -> Tensor:  # noqa: E741
        """Offset of integer indices that lie inside the block."""
        _, nk, nl = self.shape
        return ((h - self.low[0]) * nk + (k - self.low[1])) * nl + (l - self.low[2])


def nearest(grid: Grid, rounded: Vec, default_F: Tensor) -> Tensor:
    """The stored amplitude of the rounded indices, `default_F` outside the block."""
    inside = torch.ones_like(rounded.x, dtype=torch.bool)
    clamped: list[Tensor] = []
    for index, low, high in zip(rounded, grid.low, grid.high, strict=True):
        inside = inside & (index >= low) & (index <= high)
        clamped.append(torch.nan_to_num(index, nan=float(low)).clamp(low, high).long())
    return torch.where(inside, grid.values[grid.flat(*clamped)], default_F)


def out_of_range(grid: Grid, hkl: Vec) -> Tensor:
    """Whether any axis has fewer than two stored entries on either side of the sample."""
    out = torch.zeros_like(hkl.x, dtype=torch.bool)
    for x, low, high in zip(hkl, grid.low, grid.high, strict=True):
        out = out | (x - low + 3 > high - low + 1) | (x - 2 < low)
    return out


def tricubic(grid: Grid, hkl: Vec) -> Tensor:
    """Cubic Lagrange interpolation on the 4×4×4 nodes around the sample: along l, then k, then h.

    Samples out of range are moved inside so that the lookup stays legal; the caller discards them.
    """
    starts, weights = zip(*(_nodes(x, a, b) for x, a, b in zip(hkl, grid.low, grid.high, strict=True)), strict=True)
    along_h: list[Tensor] = []
    for i in range(4):
        along_k: list[Tensor] = []
        for j in range(4):
            along_l = [grid.values[grid.flat(starts[0] + i, starts[1] + j, starts[2] + n)] for n in range(4)]
            along_k.append(_lagrange(weights[2], along_l))
        along_h.append(_lagrange(weights[1], along_k))
    return _lagrange(weights[0], along_h)


def _nodes(x: Tensor, low: int, high: int) -> tuple[Tensor, list[Tensor]]:
    """First of the four nodes, and for each node the product of the three other differences."""
    first = torch.nan_to_num(torch.floor(x) - 1.0, nan=float(low)).clamp(low, max(low, high - 3))
    d = [x - (first + n) for n in range(4)]
    products = [d[1] * d[2] * d[3], d[0] * d[2] * d[3], d[0] * d[1] * d[3], d[0] * d[1] * d[2]]
    return first.long(), products


def _lagrange(products: list[Tensor], values: list[Tensor]) -> Tensor:
    """Σ product · value / denominator, summed from the left."""
    terms = [p * v / d for p, v, d in zip(products, values, _DENOMINATORS, strict=True)]
    return ((terms[0] + terms[1]) + terms[2]) + terms[3]
