"""Taps for the kinds of value that the simulator has: vectors, scaled vectors, things shared by pixels.

Each gives back exactly what it was given unless somebody listens and answers with another value.
"""

from __future__ import annotations

from torch import Tensor

from ..tracer.tap import listening, tap
from .vec import Vec

Place = tuple[str, int]
__tap_helper__ = True
"""A record's source line is the caller's, not one of this module."""


def tap_vec(name: str, v: Vec, *scope: Place) -> Vec:
    """Offer a vector as one tensor with a trailing axis of three."""
    if not listening():
        return v
    return Vec(*tap(name, v.stacked(), *scope).unbind(-1))


def tap_scaled(name: str, v: Vec, factor: float, *scope: Place) -> Vec:
    """Offer `v` times `factor` (another unit); an answer that differs is divided by it again."""
    if not listening():
        return v
    offered = v.scaled(factor).stacked()
    answer = tap(name, offered, *scope)
    return v if answer is offered else Vec(*(answer / factor).unbind(-1))


def tap_like(name: str, value: Tensor, like: Tensor, *scope: Place) -> Tensor:
    """Offer a value that all elements of `like` share as a tensor of its shape."""
    if not listening():
        return value
    return tap(name, value.expand(like.shape) if value.dim() < like.dim() else value, *scope)
