"""From an `Experiment` to what the kernel needs: `resolve` works everything out once, differentiably."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..tracer.errors import FirstbadError
from ..tracer.tap import tap
from .crystal import Lattice, crystal_size, phi_rotated, recommended_oversample, resolve_crystal
from .detector import Geometry, resolve_detector
from .experiment import Experiment
from .formats import read_columns, read_mask
from .hkl import Amplitudes, load, read_cache
from .inputs import Inputs, plain
from .numbers import wrap32
from .prng import Rotation, Shuffle, Stream, about, random_rotation
from .quirks import NANOBRAGG, Quirks
from .sources import Sources, resolve_sources
from .steps import Grid as Scan
from .steps import grid, phi_grid
from .structure import Grid
from .vec import RTD, Vec, norm, scalar, stack, unit

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
        return replace(self, fields=_moved(self.fields, dtype, device))


def _moved(value: object, dtype: torch.dtype, device: torch.device | str) -> object:
    """A copy of a nest of dataclasses, tuples and tensors with every tensor converted."""
    if isinstance(value, Tensor):
        return value.to(device=device, dtype=dtype)
    if isinstance(value, Vec):
        return Vec(*(part.to(device=device, dtype=dtype) for part in value))
    if isinstance(value, tuple):
        return tuple(_moved(part, dtype, device) for part in value)
    if isinstance(value, Fields | Grid):
        return type(value)(**{name: _moved(part, dtype, device) for name, part in vars(value).items()})
    return value


def resolve(
    experiment: Experiment,
    *,
    overrides: Mapping[str, Tensor] | None = None,
    quirks: Quirks = NANOBRAGG,
) -> Scene:
    """Work out detector, crystal, sources, mosaic and counts, in float64 on the CPU.

    `overrides` puts tensors in the place of numbers (names and units: `inputs.OVERRIDES`). FirstbadError
    where a file is missing or the experiment has no cell or no structure factors.
    """
    inputs = Inputs(experiment, overrides or {})
    folder = Path(experiment.folder)
    if experiment.crystal.stol_file is not None:
        _check_stol(folder / experiment.crystal.stol_file)
    amplitudes, from_cache = _amplitudes(inputs, folder)
    geometry = resolve_detector(inputs, quirks)
    shuffle, now = Shuffle(), int(time.time())
    lattice = resolve_crystal(inputs, quirks, shuffle, _seed(experiment.crystal.misset_seed, now))
    N = crystal_size(inputs, lattice)
    wanted = recommended_oversample(lattice, N, inputs.wavelength, geometry.distance, geometry.pixel)
    sources = resolve_sources(inputs, geometry.frame)
    phi, phis = _phi(inputs)
    spread, domains, raised = mosaic_counts(inputs)
    rotations = _mosaic(inputs, shuffle, spread, domains, quirks)
    thickness, mu = _thickness(experiment, quirks)
    chosen = experiment.crystal.interpolate
    interpolate = any(n <= 2 for n in experiment.crystal.N) if chosen is None else chosen
    given = experiment.sampling.oversample
    oversample = given if given is not None and given > 0 else wanted
    steps = len(sources.listed) * domains * phi.count * oversample * oversample
    statics = Statics(
        layers=thickness.count,
        layer_step=thickness.step,
        thickness=thickness.range,
        mu=mu,
        oversample=oversample,
        sources=len(sources.listed),
        phi_steps=phi.count,
        domains=domains,
        steps=wrap32(steps) if quirks.steps_int32 else steps,
        pixel=geometry.pixel,
        curved=experiment.detector.curved,
        point_pixel=experiment.detector.point_pixel,
        shape=experiment.crystal.shape,
        N=N,
        fudge=experiment.crystal.fudge,
        kahn=experiment.beam.kahn,
        nopolar=experiment.beam.nopolar,
        oversample_thick=experiment.sampling.oversample_thick,
        oversample_polar=experiment.sampling.oversample_polar,
        oversample_omega=experiment.sampling.oversample_omega,
        dmin=experiment.sampling.dmin_A * 1e-10,
        water=experiment.sampling.water_um != 0,
        interpolate=interpolate and amplitudes is not None,
        first_sweep_differs=quirks.phi_carry_over and _first_differs(phis),
        quirks=quirks,
    )
    fields = _fields(inputs, quirks, statics, geometry, lattice, sources, phis, rotations, amplitudes)
    roi, mask = _region(experiment, geometry, folder)
    return Scene(
        experiment, statics, fields, geometry, lattice, sources, phi, tuple(phis), spread, raised,
        amplitudes, from_cache, thickness, wanted, interpolate, roi, mask, shuffle,
        _seed(experiment.output.seed, now),
    )  # fmt: skip


def _seed(given: int | None, now: int) -> int:
    return now if given is None else given


def _check_stol(path: Path) -> None:
    """The sin θ/λ table is read and never used; a missing or empty one ends the program."""
    if not read_columns(path, 2, "the stol file"):
        raise FirstbadError(f"the stol file {path} is empty", remedy="Leave it out.", slug="empty-stol")


def _amplitudes(inputs: Inputs, folder: Path) -> tuple[Amplitudes | None, bool]:
    """Stored structure factors: from -hkl, else from a cache that lies in the folder, whatever else is said."""
    crystal = inputs.experiment.crystal
    if crystal.hkl_file is not None:
        return load(folder / crystal.hkl_file, crystal.default_F), False
    cache = folder / crystal.cache_file
    if cache.is_file():
        return read_cache(cache), True
    if crystal.default_F == 0 and not inputs.has("default_F"):
        raise FirstbadError(
            "there are no structure factors",
            remedy="Say -hkl FILE, or -default_F NUMBER.",
            slug="no-structure-factors",
        )
    return None, False


def _phi(inputs: Inputs) -> tuple[Scan, list[Tensor]]:
    """The phi scan (radians) and the angle of each step."""
    c = inputs.experiment.crystal
    osc = None if c.osc_deg is None else c.osc_deg / RTD
    step = None if c.phistep_deg is None else c.phistep_deg / RTD
    scan = phi_grid(c.phisteps, osc, step, default=1.0 / RTD)
    start = inputs.number("phi", c.phi_deg) / RTD
    return scan, [start + scan.step * i for i in range(scan.count)]


def _first_differs(phis: list[Tensor]) -> bool:
    """Whether the very first sweep starts from another orientation than later ones."""
    zero = [not phi.requires_grad and float(phi) == 0.0 for phi in phis]
    return bool(zero) and zero[0] and not all(zero)


def mosaic_counts(inputs: Inputs) -> tuple[Tensor, int, bool]:
    """Spread (radians), number of domains, and whether the number was raised to ten."""
    c = inputs.experiment.crystal
    spread, domains = c.mosaic_spread_deg, c.mosaic_domains
    given = inputs.has("mosaic_spread") or (spread is not None and spread >= 0)
    wide = inputs.has("mosaic_spread") or (given and spread != 0)
    value = inputs.number("mosaic_spread", spread if given and spread is not None else 0.0) / RTD
    if domains is None or domains <= 0:
        return value, 10 if wide else 1, wide
    return value, domains if wide else 1, False


def _mosaic(
    inputs: Inputs, shuffle: Shuffle, spread: Tensor, domains: int, quirks: Quirks
) -> list[Rotation]:
    """One rotation per domain; the first domain is aligned, though its draws are used up."""
    stream = Stream(shuffle, -inputs.experiment.crystal.mosaic_seed)
    rotations = [random_rotation(stream, spread, quirks) for _ in range(domains)]
    rotations[0] = about((0.0, 0.0, 1.0), scalar(0.0))
    return rotations


def _thickness(experiment: Experiment, quirks: Quirks) -> tuple[Scan, float]:
    """Layers of the sensor (metres) and µ (1/m), which is 1/thickness where none was given."""
    d = experiment.detector
    scan = grid(d.thicksteps, d.thickness_um * 1e-6, None, default=0.5e-6, last=False)
    mu = -1.0 if d.mu_per_m is None else d.mu_per_m
    if scan.range > 0 and mu < 0:
        mu = 1.0 / scan.range
    if not quirks.layer_spacing and scan.count > 1:
        scan = Scan(scan.count, scan.range, scan.range / scan.count)
    return scan, mu


def fluence_of(inputs: Inputs) -> Tensor:
    """Photons per m²: from flux, exposure and beam size where a flux is given."""
    beam = inputs.experiment.beam
    size = beam.beamsize_mm / 1000.0
    if beam.flux_per_s != 0 and beam.exposure_s > 0 and size >= 0 and not inputs.has("fluence"):
        per_area = beam.flux_per_s * beam.exposure_s / size / size if size > 0 else math.inf
        return scalar(per_area)
    return inputs.number("fluence", beam.fluence_per_m2)


def _background(inputs: Inputs, fluence: Tensor, quirks: Quirks) -> Tensor:
    """What water adds to a pixel before scaling: 2.57² r_e² fluence w³ 1e6 N_A/18."""
    w = inputs.experiment.sampling.water_um / 1e6
    if not quirks.water_twice:
        return scalar(2.57 * 2.57 * w * w * w * 1e6 * AVOGADRO / 18.0)
    return 2.57 * 2.57 * R_E_SQR * fluence * w * w * w * 1e6 * AVOGADRO / 18.0


def _fields(
    inputs: Inputs,
    quirks: Quirks,
    statics: Statics,
    geometry: Geometry,
    lattice: Lattice,
    sources: Sources,
    phis: list[Tensor],
    rotations: list[Rotation],
    amplitudes: Amplitudes | None,
) -> Fields:
    usual, first = (
        _orientations(sweep, rotations, plain(inputs.number("mosaic_spread", 1.0)) >= 0 and len(rotations) > 1)
        for sweep in phi_rotated(lattice, geometry.frame.spindle, phis, quirks)
    )
    fluence = fluence_of(inputs)
    weights = torch.tensor([s.weight for s in sources.listed], dtype=torch.float64)
    return Fields(
        pix0=geometry.pix0,
        fdet=geometry.fdet,
        sdet=geometry.sdet,
        odet=geometry.odet,
        close=geometry.close,
        distance=geometry.distance,
        beam=geometry.frame.beam,
        polar=unit(geometry.frame.polar),
        incident=stack([unit(s.position).scaled(-1.0) for s in sources.listed]),
        wavelength=torch.stack([s.wavelength for s in sources.listed]),
        weight=weights * len(weights) / weights.sum() if not quirks.ignored_weights else weights,
        a=usual[0],
        b=usual[1],
        c=usual[2],
        a_first=first[0],
        b_first=first[1],
        c_first=first[2],
        star=lattice.star,
        default_F=inputs.default_F,
        grid=None if amplitudes is None else _grid(inputs, amplitudes),
        background=_background(inputs, fluence, quirks),
        fluence=fluence,
        r_e_sqr=scalar(R_E_SQR),
    )


def _orientations(sweep: list[tuple[Vec, Vec, Vec]], rotations: list[Rotation], turn: bool) -> list[Vec]:
    """a, b, c with one entry per (phi step, domain)."""
    turned = [
        tuple(rotation.apply(v) if turn else v for v in vectors) for vectors in sweep for rotation in rotations
    ]
    return [stack([vectors[n] for vectors in turned]) for n in range(3)]


def _grid(inputs: Inputs, amplitudes: Amplitudes) -> Grid:
    """The stored amplitudes as one flat tensor; a replaced default_F fills what no file named."""
    if inputs.has("structure_factors"):
        values = torch.zeros(amplitudes.grid.shape, dtype=torch.float64)
        block = inputs.overrides["structure_factors"].to(device="cpu", dtype=torch.float64)
        pad = [n for size, own in zip(values.shape[::-1], block.shape[::-1], strict=True) for n in (0, size - own)]
        values = torch.nn.functional.pad(block, pad)
    else:
        values = torch.from_numpy(np.ascontiguousarray(amplitudes.grid, dtype=np.float64))
        if inputs.has("default_F"):
            filled = values.clone()
            filled[:-1, :-1, :-1] = torch.where(
                torch.from_numpy(amplitudes.given)[:-1, :-1, :-1], values[:-1, :-1, :-1], inputs.default_F
            )
            values = filled
    return Grid(values.reshape(-1), amplitudes.low, amplitudes.high)


def _region(
    experiment: Experiment, geometry: Geometry, folder: Path
) -> tuple[tuple[int, int, int, int], np.ndarray | None]:
    """Region of interest (fast and slow limits, inclusive) and the mask image, True where computed."""
    upper = (None, geometry.fpixels, None, geometry.spixels)
    roi = tuple(
        (0 if top is None else top) if bound < 0 else bound
        for bound, top in zip(experiment.detector.roi, upper, strict=True)
    )
    name = experiment.detector.mask_file
    mask = None if name is None else read_mask(folder / name, geometry.fpixels, geometry.spixels)
    return (roi[0], roi[1], roi[2], roi[3]), mask


__all__ = ["Fields", "Scene", "Statics", "norm", "resolve", "tap"]
