"""Tiles the detector over the kernel and keeps the state that one pixel leaves to the next.

Two things in the real program depend on what was computed before: the first sample that cannot be
interpolated ends interpolation for good, and the first sweep over phi starts unrotated. Both are facts
about one pixel each, found while the tiles are computed in order; those pixels are then computed again,
alone, under a `Plan` of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from ..tracer.errors import FirstbadError
from .experiment import Experiment
from .quirks import NANOBRAGG, Quirks
from .resolve import resolve
from .scatter import NEVER, Outcome, Plan, scatter
from .scene import Scene

TILE = 1 << 14
"""Pixels per tile: a dozen float64 temporaries of that size stay in the second-level cache."""
Kernel = Callable[[Scene, Tensor, Tensor, Plan], Outcome]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Spots:
    """The pixels a run computes, in row order: `index` of each (slow × fpixels + fast), or all of them."""

    shape: tuple[int, int]
    index: Tensor | None

    def __len__(self) -> int:
        return self.shape[0] * self.shape[1] if self.index is None else self.index.numel()

    def tiles(self, size: int) -> Iterator[Tensor]:
        """Image offsets, `size` at a time."""
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            yield torch.arange(start, stop) if self.index is None else self.index[start:stop]


@dataclass
class State:
    """What earlier pixels left: offsets of the two exceptional pixels and their plans, once they are known."""

    interpolating: bool
    first_pixel: int | None = None
    first_sweep: int | None = None
    switch_pixel: int | None = None
    switch_sample: int = NEVER
    looking_for_first: bool = False

    def plan(self, offset: int) -> Plan:
        """How the pixel at `offset` is computed, as far as the state knows by now."""
        sweep = self.first_sweep if offset == self.first_pixel else None
        until = NEVER if self.interpolating else 0
        if self.switch_pixel is not None:
            until = NEVER if offset < self.switch_pixel else 0
            if offset == self.switch_pixel:
                until = self.switch_sample
        return Plan(until, sweep)


@dataclass
class Run:
    """An image as it was computed, with what statistics and traces need beside it.

    `image` (slow, fast) in photons, in the dtype of the run; `computed` the number of pixels computed;
    `omega_sum` the sum of the solid angles over pixels, subpixels and layers; `state` the exceptions.
    """

    scene: Scene
    image: Tensor
    computed: int
    omega_sum: float
    state: State = field(repr=False)


def spots_of(scene: Scene) -> Spots:
    """Pixels inside the region of interest and not masked, in row order."""
    slow, fast = scene.shape
    f0, f1, s0, s1 = scene.roi
    whole = f0 <= 0 and s0 <= 0 and f1 >= fast - 1 and s1 >= slow - 1
    if whole and scene.mask is None:
        return Spots(scene.shape, None)
    inside = np.zeros(scene.shape, dtype=bool)
    inside[max(0, s0) : s1 + 1, max(0, f0) : f1 + 1] = True
    if scene.mask is not None:
        inside &= scene.mask
    return Spots(scene.shape, torch.from_numpy(np.flatnonzero(inside)))


def simulate(
    experiment: Experiment,
    *,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
    tile: int = TILE,
    overrides: Mapping[str, Tensor] | None = None,
    quirks: Quirks = NANOBRAGG,
) -> Tensor:
    """The image of an experiment: photons, shape (slow, fast), differentiable by `overrides`.

    Names and units of `overrides`: `inputs.OVERRIDES`. FirstbadError as `resolve` raises it.
    """
    scene = resolve(experiment, overrides=overrides, quirks=quirks).to(dtype, device)
    return run(scene, tile=tile).image


def run(scene: Scene, *, tile: int = TILE, kernel: Kernel = scatter, progress: Progress | None = None) -> Run:
    """Compute the image of a resolved scene tile by tile; `progress(done, total)` counts pixels."""
    spots = spots_of(scene)
    state = State(interpolating=scene.statics.interpolate, looking_for_first=scene.statics.first_sweep_differs)
    like = scene.fields.pix0.x
    values: list[Tensor] = []
    omega, done = 0.0, 0
    for offsets in spots.tiles(max(1, tile)):
        outcome = _tile(scene, offsets.to(like.device), state, kernel)
        values.append(outcome.value)
        omega += float(outcome.omega_sum.detach().double().sum())
        done += offsets.numel()
        if progress is not None:
            progress(done, len(spots))
    image = _assembled(values, spots, like)
    return Run(scene, image, len(spots), omega, state)


def _assembled(values: list[Tensor], spots: Spots, like: Tensor) -> Tensor:
    """Tiles back into an image; what was not computed stays 0."""
    flat = torch.cat(values) if values else like.new_zeros(0)
    if spots.index is not None:
        empty = flat.new_zeros(spots.shape[0] * spots.shape[1])
        flat = empty.index_copy(0, spots.index.to(flat.device), flat)
    return flat.reshape(spots.shape)


def _tile(scene: Scene, offsets: Tensor, state: State, kernel: Kernel) -> Outcome:
    """One tile; pixels on which the state turns are computed again, and those that follow them."""
    plan = Plan(state.plan(int(offsets[0])).interpolate_until)
    outcome = _pixels(scene, offsets, plan, kernel)
    if state.looking_for_first:
        outcome = _first_sweep(scene, offsets, outcome, plan, state, kernel)
    if plan.interpolate_until == 0 or not scene.statics.interpolate:
        return outcome
    reached = outcome.out_of_range < NEVER
    if not scene.statics.quirks.interpolation_switch or not bool(reached.any()):
        return outcome
    return _switch_off(scene, offsets, outcome, int(reached.int().argmax()), state, kernel)


def _pixels(scene: Scene, offsets: Tensor, plan: Plan, kernel: Kernel) -> Outcome:
    fast_pixels = scene.shape[1]
    return kernel(scene, offsets // fast_pixels, offsets % fast_pixels, plan)


def _first_sweep(scene: Scene, offsets: Tensor, outcome: Outcome, plan: Plan, state: State, kernel: Kernel) -> Outcome:
    """Compute the first pixel that sweeps over phi again, with the orientations of a first sweep."""
    sweeping = outcome.first_sweep < NEVER
    if not bool(sweeping.any()):
        return outcome
    place = int(sweeping.int().argmax())
    state.looking_for_first = False
    state.first_pixel = int(offsets[place])
    state.first_sweep = int(outcome.first_sweep[place])
    again = _pixels(scene, offsets[place : place + 1], replace(plan, first_sweep=state.first_sweep), kernel)
    return _patched(outcome, place, again)


def _switch_off(scene: Scene, offsets: Tensor, outcome: Outcome, place: int, state: State, kernel: Kernel) -> Outcome:
    """Interpolation ends within the pixel at `place` of this tile."""
    state.switch_pixel, state.switch_sample = int(offsets[place]), int(outcome.out_of_range[place])
    plan = state.plan(state.switch_pixel)
    parts = [Outcome(*(t[:place] for t in outcome)), _pixels(scene, offsets[place : place + 1], plan, kernel)]
    if place + 1 < offsets.numel():
        parts.append(_pixels(scene, offsets[place + 1 :], Plan(interpolate_until=0), kernel))
        if state.first_pixel is not None and state.first_pixel > state.switch_pixel:
            raise AssertionError("the first sweep comes with or before the first sample out of range")
    return Outcome(*(torch.cat(tensors) for tensors in zip(*parts, strict=True)))


def _patched(outcome: Outcome, place: int, again: Outcome) -> Outcome:
    """`outcome` with the pixel at `place` replaced."""
    index = torch.tensor([place], device=outcome.value.device)
    return Outcome(*(old.index_copy(0, index, new) for old, new in zip(outcome, again, strict=True)))


def pixel_value(scene: Scene, slow: int, fast: int, state: State, kernel: Kernel = scatter) -> Tensor:
    """The value of one pixel, by the very kernel and plan that made it in the image; shape ()."""
    slow_pixels, fast_pixels = scene.shape
    if not (0 <= slow < slow_pixels and 0 <= fast < fast_pixels):
        raise FirstbadError(
            f"pixel {slow} {fast} (slow, fast) is not on the detector of {slow_pixels} × {fast_pixels}",
            remedy="Count from 0; slow comes first.",
            slug="pixel-outside",
        )
    offset = torch.tensor([slow * fast_pixels + fast], device=scene.fields.pix0.x.device)
    return _pixels(scene, offset, state.plan(int(offset)), kernel).value[0]
