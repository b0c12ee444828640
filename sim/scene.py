"""What the kernel computes from: plain numbers that steer it, tensors that feed it, and all stages for print."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .crystal import Lattice
from .detector import Geometry
from .experiment import Experiment
from .hkl import Amplitudes
from .prng import Shuffle
from .quirks import Quirks
from .sources import Sources
from .steps import Grid as Scan
from .structure import Grid
from .vec import Vec

R_E_SQR = 7.94079248018965e-30
"""Classical electron radius squared, m²."""
AVOGADRO = 6.02214179e23


@dataclass(frozen=True)
class Statics:
    """What the kernel's control flow depends on: plain numbers, fixed for a run."""

    layers: int
    layer_step: float
    thickness: float
    mu: float
    oversample: int
    sources: int
    phi_steps: int
    domains: int
    steps: int
    pixel: float
    curved: bool
    point_pixel: bool
    shape: str
    N: tuple[int, int, int]
    fudge: float
    kahn: float
    nopolar: bool
    oversample_thick: bool
    oversample_polar: bool
    oversample_omega: bool
    dmin: float
    water: bool
    interpolate: bool
    first_sweep_differs: bool
    quirks: Quirks

    @property
    def orientations(self) -> int:
        """Phi steps times mosaic domains."""
        return self.phi_steps * self.domains


@dataclass(frozen=True)
class Fields:
    """The tensors of the kernel; vectors as `Vec`. Lengths m, reciprocal vectors Å⁻¹, wavelengths m.

    `incident`, `wavelength`, `weight` have one entry per source, `a`, `b`, `c` one per orientation (phi
    outer, domain inner), `a_first` … the same for the very first sweep. `scale` is r_e² × fluence,
    `background` what a pixel starts from, `grid` the stored amplitudes or None.
    """

    pix0: Vec
    fdet: Vec
    sdet: Vec
    odet: Vec
    close: Tensor
    distance: Tensor
    beam: Vec
    polar: Vec
    incident: Vec
    wavelength: Tensor
    weight: Tensor
    a: Vec
    b: Vec
    c: Vec
    a_first: Vec
    b_first: Vec
    c_first: Vec
    star: tuple[Vec, Vec, Vec]
    default_F: Tensor
    grid: Grid | None
    background: Tensor
    fluence: Tensor
    r_e_sqr: Tensor


@dataclass(frozen=True)
class Scene:
    """A resolved experiment: the kernel's `statics` and `fields`, and the stages for those who print."""

    experiment: Experiment
    statics: Statics
    fields: Fields
    geometry: Geometry
    lattice: Lattice
    sources: Sources
    phi: Scan
    phi_start: Tensor
    phis: tuple[Tensor, ...]
    spread: Tensor
    domains_raised: bool
    amplitudes: Amplitudes | None
    from_cache: bool
    thickness: Scan
    recommended: int
    interpolate_chosen: bool
    roi: tuple[int, int, int, int]
    mask: np.ndarray | None
    shuffle: Shuffle = field(repr=False)
    noise_seed: int = 0

    @property
    def shape(self) -> tuple[int, int]:
        """Slow and fast pixel count."""
        return self.geometry.spixels, self.geometry.fpixels

    def to(self, dtype: torch.dtype, device: torch.device | str) -> Scene:
        """The same scene with the kernel's tensors in `dtype` on `device`; gradients pass."""

        def moved(value: Any) -> Any:
            """A nest of dataclasses, tuples and tensors with every tensor converted."""
            if isinstance(value, Tensor):
                return value.to(device=device, dtype=dtype)
            if isinstance(value, Vec):
                return Vec(*(moved(part) for part in value))
            if isinstance(value, tuple):
                return tuple(moved(part) for part in value)
            if isinstance(value, Grid):
                return replace(value, values=moved(value.values))
            return value

        fields = {name: moved(part) for name, part in vars(self.fields).items()}
        return replace(self, fields=Fields(**fields))
