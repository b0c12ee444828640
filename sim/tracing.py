"""The trace of a pixel: the kernel is called on it while a recorder listens to its taps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from ..tracer.model import Record
from ..tracer.tap import recording
from .experiment import Experiment
from .numbers import g
from .quirks import NANOBRAGG, Quirks
from .resolve import resolve
from .scene import Scene
from .simulate import State, pixel_value, run, spots_of
from .trace_lines import Line, as_records, pixel_lines


def trace(
    experiment: Experiment,
    slow: int,
    fast: int,
    *,
    dtype: torch.dtype = torch.float64,
    device: torch.device | str = "cpu",
    overrides: Mapping[str, Tensor] | None = None,
    quirks: Quirks = NANOBRAGG,
    phi_records: bool = False,
    steps: bool = False,
) -> tuple[tuple[Record, ...], Tensor]:
    """The records of one pixel and its value (photons, shape ()), from the kernel that makes the image.

    Where the value may depend on earlier pixels (interpolation that may be switched off, a first sweep) the
    image is computed first. With `steps` it has every source, phi step and domain. Empty records
    if the pixel is outside the region of interest or masked.
    """
    scene = resolve(experiment, overrides=overrides, quirks=quirks).to(dtype, device)
    lines, value = trace_lines(scene, slow, fast, settled(scene), phi_records=phi_records, steps=steps)
    return as_records(lines), value


def settled(scene: Scene) -> State:
    """The state that a whole image leaves, computed only where it depends on the pixels."""
    s = scene.statics
    if (s.interpolate and s.quirks.interpolation_switch) or (s.first_sweep_differs and s.dmin > 0):
        return run(scene).state
    state = State(interpolating=s.interpolate)
    if s.first_sweep_differs and len(spots := spots_of(scene)):
        state.first_pixel, state.first_sweep = int(next(spots.tiles(1))), 0
    return state


def trace_lines(
    scene: Scene, slow: int, fast: int, state: State, *, phi_records: bool = False, steps: bool = False
) -> tuple[list[Line], Tensor]:
    """The trace of one pixel as lines, and its value; none, and 0, where the pixel is not computed."""
    with recording() as recorder:
        value = pixel_value(scene, slow, fast, state)
    if not computed(scene, slow, fast):
        return [], torch.zeros_like(value)
    return list(pixel_lines(recorder.taps, scene, phi_records=phi_records, steps=steps)), value


def computed(scene: Scene, slow: int, fast: int) -> bool:
    """Whether a pixel of the detector lies in the region of interest and outside the mask."""
    f0, f1, s0, s1 = scene.roi
    return f0 <= fast <= f1 and s0 <= slow <= s1 and (scene.mask is None or bool(scene.mask[slow, fast]))


def range_lines(scene: Scene, state: State) -> Iterator[str]:
    """The sample that ended interpolation for all that follow, as the real program words it; nothing where none did."""
    if state.switch_pixel is None:
        return
    hkl = switching_sample(scene, state)
    real = ",".join(g(x) for x in hkl)
    near = ",".join(str(math.ceil(x - 0.5)) for x in hkl)
    yield f"WARNING: out of range for three point interpolation: h,k,l,h0,k0,l0: {real},{near} "
    yield "WARNING: further warnings will not be printed! "


def switching_sample(scene: Scene, state: State) -> tuple[float, float, float]:
    """h, k, l of the sample that ended interpolation (the state must know it)."""
    slow, fast = divmod(state.switch_pixel or 0, scene.shape[1])
    with recording() as recorder:
        pixel_value(scene, slow, fast, state)
    samples = torch.cat([t.value.detach()[:, 0] for t in recorder.taps if t.name == "hkl_frac"])
    h, k, l = samples[state.switch_sample].tolist()  # noqa: E741
    return h, k, l
