"""From an `Experiment` to a `Scene`: everything is worked out once, in float64, differentiably."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..tracer.errors import FirstbadError
from .crystal import crystal_size, phi_rotated, recommended_oversample, resolve_crystal
from .detector import Geometry, resolve_detector
from .experiment import Experiment
from .formats import read_columns, read_mask
from .hkl import Amplitudes, load, read_cache
from .inputs import Inputs
from .limits import hold_orientations, hold_samples, hold_subpixels
from .numbers import wrap32
from .prng import Rotation, Shuffle, Stream, about, random_rotation
from .quirks import NANOBRAGG, Quirks
from .scene import AVOGADRO, R_E_SQR, Fields, Scene, Statics
from .sources import resolve_sources
from .steps import Grid as Scan
from .steps import grid, phi_grid
from .structure import Grid
from .vec import RTD, Vec, scalar, stack, unit


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
    amplitudes, from_cache = _amplitudes(inputs, folder, quirks)
    geometry = resolve_detector(inputs, quirks)
    hold_orientations(_phi_scan(inputs).count, mosaic_counts(inputs)[1])
    shuffle, now = Shuffle(), int(time.time())
    lattice = resolve_crystal(inputs, quirks, shuffle, _seed(experiment.crystal.misset_seed, now))
    N = crystal_size(inputs, lattice)
    wanted = recommended_oversample(lattice, N, inputs.wavelength, geometry.distance, geometry.pixel)
    sources = resolve_sources(inputs, geometry.frame)
    phi, phi_start, phis = _phi(inputs)
    spread, domains, raised = mosaic_counts(inputs)
    rotations = _mosaic(inputs, shuffle, spread, domains, quirks)
    thickness, mu = _thickness(experiment, quirks)
    chosen = experiment.crystal.interpolate
    interpolate = any(n <= 2 for n in experiment.crystal.N) if chosen is None else chosen
    counts = _Counts(len(sources.listed), phi.count, domains, _oversample(experiment, wanted))
    hold_samples(geometry.fpixels * geometry.spixels, counts.steps, thickness.count)
    statics = replace(
        _statics(experiment, quirks, geometry, thickness, mu, N, counts),
        interpolate=interpolate and amplitudes is not None,
        first_sweep_differs=quirks.phi_carry_over and _first_differs(phis),
    )
    fluence = fluence_of(inputs)
    orientations = _sweeps(phi_rotated(lattice, geometry.frame.spindle, phis, quirks), rotations)
    weights = torch.tensor([s.weight for s in sources.listed], dtype=torch.float64)
    fields = Fields(
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
        weight=weights * len(weights) / weights.sum(),
        **orientations,
        star=lattice.star,
        default_F=inputs.default_F,
        grid=None if amplitudes is None else _grid(inputs, amplitudes),
        background=_background(inputs, fluence, quirks),
        fluence=fluence,
        r_e_sqr=scalar(R_E_SQR),
    )
    roi, mask = _region(experiment, geometry, folder)
    return Scene(
        experiment, statics, fields, geometry, lattice, sources, phi, phi_start, tuple(phis), spread, raised,
        amplitudes, from_cache, thickness, wanted, interpolate, roi, mask, shuffle,
        _seed(experiment.output.seed, now),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Counts:
    """How often each loop of a pixel turns (subpixels along one axis)."""

    sources: int
    phi_steps: int
    domains: int
    oversample: int

    @property
    def steps(self) -> int:
        """All of them; layers are not counted."""
        return self.sources * self.domains * self.phi_steps * self.oversample * self.oversample


def _oversample(experiment: Experiment, recommended: int) -> int:
    given = experiment.sampling.oversample
    if given is not None and given > 0:
        return given
    hold_subpixels(recommended)
    return recommended


def _statics(
    experiment: Experiment,
    quirks: Quirks,
    geometry: Geometry,
    thickness: Scan,
    mu: float,
    N: tuple[int, int, int],
    counts: _Counts,
) -> Statics:
    """What steers the kernel, but for what depends on structure factors and on phi."""
    sampling, beam, detector = experiment.sampling, experiment.beam, experiment.detector
    return Statics(
        layers=thickness.count,
        layer_step=thickness.step,
        thickness=thickness.range,
        mu=mu,
        oversample=counts.oversample,
        sources=counts.sources,
        phi_steps=counts.phi_steps,
        domains=counts.domains,
        steps=wrap32(counts.steps) if quirks.steps_int32 else counts.steps,
        pixel=geometry.pixel,
        curved=detector.curved,
        point_pixel=detector.point_pixel,
        shape=experiment.crystal.shape,
        N=N,
        fudge=experiment.crystal.fudge,
        kahn=beam.kahn,
        nopolar=beam.nopolar,
        oversample_thick=sampling.oversample_thick,
        oversample_polar=sampling.oversample_polar,
        oversample_omega=sampling.oversample_omega,
        dmin=sampling.dmin_A * 1e-10,
        water=sampling.water_um != 0,
        interpolate=False,
        first_sweep_differs=False,
        quirks=quirks,
    )


def _seed(given: int | None, now: int) -> int:
    return now if given is None else given


def _check_stol(path: Path) -> None:
    """The sin θ/λ table is read and never used; a missing or empty one ends the program."""
    if not read_columns(path, 2, "the stol file"):
        raise FirstbadError(f"the stol file {path} is empty", remedy="Leave it out.", slug="empty-stol")


def _amplitudes(inputs: Inputs, folder: Path, quirks: Quirks) -> tuple[Amplitudes | None, bool]:
    """Stored structure factors: from -hkl, else from a cache that lies in the folder, whatever else is said."""
    crystal = inputs.experiment.crystal
    if crystal.hkl_file is not None:
        return load(folder / crystal.hkl_file, crystal.default_F), False
    cache = folder / crystal.cache_file
    if quirks.stale_cache and cache.is_file():
        return read_cache(cache), True
    if crystal.default_F == 0 and not inputs.has("default_F"):
        raise FirstbadError(
            "there are no structure factors",
            remedy="Say -hkl FILE, or -default_F NUMBER.",
            slug="no-structure-factors",
        )
    return None, False


def _phi(inputs: Inputs) -> tuple[Scan, Tensor, list[Tensor]]:
    """The phi scan (radians), where it starts, and the angle of each step."""
    scan = _phi_scan(inputs)
    start = inputs.number("phi", inputs.experiment.crystal.phi_deg) / RTD
    return scan, start, [start + scan.step * i for i in range(scan.count)]


def _phi_scan(inputs: Inputs) -> Scan:
    c = inputs.experiment.crystal
    osc = None if c.osc_deg is None else c.osc_deg / RTD
    step = None if c.phistep_deg is None else c.phistep_deg / RTD
    return phi_grid(c.phisteps, osc, step, default=1.0 / RTD)


def _first_differs(phis: list[Tensor]) -> bool:
    """Whether the very first sweep starts from another orientation than later ones."""
    zero = [not phi.requires_grad and float(phi) == 0.0 for phi in phis]
    return bool(zero) and zero[0] and not all(zero)


def mosaic_counts(inputs: Inputs) -> tuple[Tensor, int, bool]:
    """Spread (radians), number of domains, and whether the number was raised to ten."""
    domains = inputs.experiment.crystal.mosaic_domains
    value = inputs.number("mosaic_spread", max(0.0, inputs.experiment.crystal.mosaic_spread_deg or 0.0)) / RTD
    wide = inputs.has("mosaic_spread") or float(value) > 0
    if domains is None or domains <= 0:
        return value, 10 if wide else 1, wide
    return value, domains if wide else 1, False


def _mosaic(inputs: Inputs, shuffle: Shuffle, spread: Tensor, domains: int, quirks: Quirks) -> list[Rotation]:
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


def _sweeps(sweeps: list[list[tuple[Vec, Vec, Vec]]], rotations: list[Rotation]) -> dict[str, Vec]:
    """a, b, c of a usual and of the first sweep, with one entry per (phi step, domain)."""
    found: dict[str, Vec] = {}
    for sweep, suffix in zip(sweeps, ("", "_first"), strict=True):
        turned = [
            tuple(rotation.apply(v) if len(rotations) > 1 else v for v in vectors)
            for vectors in sweep
            for rotation in rotations
        ]
        for n, axis in enumerate("abc"):
            found[axis + suffix] = stack([vectors[n] for vectors in turned])
    return found


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
