"""The kernel: a batch of pixels to intensities (specification, section 6). Image and trace both come from here.

A pure function of the scene and of two index tensors. Control flow depends on `Statics` and `Plan` alone,
never on a tensor's values. Sums run in the order of the real program's loops, one addition after the
other, so that the result does not depend on how many pixels are computed at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..tracer.tap import listening, tap
from . import shape, structure
from .absorption import capture_fraction, solid_angle
from .polarization import polarization
from .scene import Fields, Scene, Statics
from .taps import Place, tap_like, tap_scaled, tap_vec
from .vec import Vec, dot, norm, rotate_about, unit

NEVER = 2**62
"""A sample or sweep number that no run reaches."""


@dataclass(frozen=True)
class Plan:
    """What the state left by earlier pixels means for these: it is the same for all of a batch.

    Samples numbered below `interpolate_until` (over all loops of a pixel) are interpolated, later ones are
    not. Sweep number `first_sweep` (over layers, subpixels, sources) uses the orientations of a first sweep.
    """

    interpolate_until: int = NEVER
    first_sweep: int | None = None
    chunk: int = 1 << 16
    fused: bool = False
    """All orientations in one reduction, which a compiler turns into a loop; the roundings are the same."""


USUAL = Plan()


class Outcome(NamedTuple):
    """Per pixel: the value (photons), the summed solid angle, and where state may have changed.

    `out_of_range` is the first sample that was reached but cannot be interpolated, `first_sweep` the first
    sweep that dmin did not cull; NEVER where there is none.
    """

    value: Tensor
    omega_sum: Tensor
    out_of_range: Tensor
    first_sweep: Tensor


class Spot(NamedTuple):
    """One subpixel in one layer: position (m), its distance (m), direction from the sample."""

    position: Vec
    R: Tensor
    direction: Vec


class Factors(NamedTuple):
    """The cached factors as the loops leave them."""

    capture: Tensor
    polar: Tensor
    omega: Tensor


def scatter(scene: Scene, slow: Tensor, fast: Tensor, plan: Plan = USUAL) -> Outcome:
    """Intensities of the pixels (`slow`, `fast`), in the dtype of the scene.

    Both are integer tensors of shape (P,), or (S, 1) and (1, F) for whole rows.
    """
    s, f = scene.statics, scene.fields
    like = torch.zeros_like(slow + fast, dtype=f.pix0.x.dtype)
    intensity = like + (f.background if s.quirks.cached_factors else 0.0)
    factors = Factors(_blank(like, s), like + (1.0 if s.nopolar else 0.0), like)
    omega_sum = like
    out_of_range = first_sweep = torch.full_like(like, NEVER, dtype=torch.int64)
    incident = direction = f.beam
    sweep = 0
    for layer in range(s.layers):
        factors = factors._replace(capture=_blank(like, s))
        for sub in range(s.oversample * s.oversample):
            place = (("layer", layer), ("subpixel", sub))
            spot = locate(s, f, slow, fast, layer, sub, place)
            factors = _per_subpixel(s, f, spot, factors, layer, sub, place)
            omega_sum = omega_sum + factors.omega
            direction = spot.direction
            for source in range(s.sources):
                here = (*place, ("source", source))
                incident, q = _scattering_vector(f, direction, source, here)
                culled = _culled(s, q, here)
                if culled is not None:
                    first_sweep = torch.where(culled, first_sweep, first_sweep.clamp(max=sweep))
                factors, incident, direction = _polarized(
                    s, f, factors, incident, direction, culled, (layer, sub, source)
                )
                intensity, out_of_range = _orientations(
                    s, f, plan, intensity, out_of_range, factors, q, culled, sweep, source, here
                )
                sweep += 1
    if s.dmin <= 0:
        first_sweep = torch.zeros_like(first_sweep)
    if listening():
        tap("cos_2theta", dot(incident, direction))
    return Outcome(_scaled(s, f, intensity, factors), omega_sum, out_of_range, first_sweep)


def _blank(like: Tensor, s: Statics) -> Tensor:
    """The capture cache at the start of a layer: 1 without a sensor of finite thickness."""
    return like + (0.0 if s.thickness > 0 else 1.0)


def locate(s: Statics, f: Fields, slow: Tensor, fast: Tensor, layer: int, sub: int, place: tuple[Place, ...]) -> Spot:
    """Where a subpixel is. Subpixels run along fast first; pixel centres are at index + ½."""
    v, u = divmod(sub, s.oversample)
    step = s.pixel / s.oversample
    dtype = f.pix0.x.dtype
    Fdet = step * (fast * s.oversample + u).to(dtype) + step / 2.0
    Sdet = step * (slow * s.oversample + v).to(dtype) + step / 2.0
    Odet = layer * s.layer_step
    pix0 = tap_vec("pix0_vector_meters", f.pix0, *place)
    fdet, sdet = tap_vec("fdet_vec", f.fdet, *place), tap_vec("sdet_vec", f.sdet, *place)
    flat = [((Fdet * a + Sdet * b) + Odet * c) + d for a, b, c, d in zip(fdet, sdet, f.odet, pix0, strict=True)]
    position = Vec(*flat)
    if s.curved:
        position = _curved(f, position, sdet, fdet)
    position = tap_vec("pixel_pos_meters", position, *place)
    R = tap("R_distance_meters", norm(position), *place)
    return Spot(position, R, tap_vec("diffracted_vec", position.over(R), *place))


def _curved(f: Fields, flat: Vec, sdet: Vec, fdet: Vec) -> Vec:
    """All pixels at one distance: the lab y and z of the flat position are taken as arc lengths."""
    start = f.beam.scaled(f.distance)
    return rotate_about(rotate_about(start, sdet, flat.y / f.distance), fdet, flat.z / f.distance)


def _per_subpixel(
    s: Statics, f: Fields, spot: Spot, factors: Factors, layer: int, sub: int, place: tuple[Place, ...]
) -> Factors:
    """Solid angle and capture, each evaluated only where its cache is empty (or when asked to)."""
    close = tap("close_distance_meters", f.close, *place)
    omega = factors.omega
    if s.oversample_omega or not s.quirks.cached_factors or (layer == 0 and sub == 0):
        omega = solid_angle(spot.R, close, s.pixel, s.point_pixel)
        if not s.quirks.signed_omega:
            omega = torch.abs(omega)
    omega = tap_like("omega_pixel_sr", omega, spot.R, *place)
    if listening():
        tap("obliquity_factor", close / spot.R, *place)
    capture = factors.capture
    if s.thickness > 0 or (s.oversample_thick and s.quirks.cached_factors):
        now = capture_fraction(layer, s.layer_step, s.mu, spot.direction, f.odet)
        again = s.oversample_thick or not s.quirks.cached_factors or sub == 0
        capture = now if again else torch.where(capture == 0, now, capture)
    return factors._replace(capture=capture, omega=omega)


def _scattering_vector(f: Fields, direction: Vec, source: int, place: tuple[Place, ...]) -> tuple[Vec, Vec]:
    """Incident direction and q = (d − i)/λ of one source."""
    incident = tap_vec("incident_vec", f.incident.at(source), *place)
    wavelength = tap("lambda_meters", f.wavelength[source], *place)
    if listening():
        tap("lambda_angstroms", wavelength * 1e10, *place)
    return incident, tap_vec("scattering_vec_A_inv", direction.minus(incident).over(wavelength), *place)


def _culled(s: Statics, q: Vec, place: tuple[Place, ...]) -> Tensor | None:
    """Which pixels dmin skips for this source; None if dmin is off."""
    if s.dmin <= 0:
        return None
    stol = 0.5 * norm(q)
    return tap("dmin_culled", (stol > 0) & (s.dmin > 0.5 / stol), *place)


def _polarized(
    s: Statics,
    f: Fields,
    factors: Factors,
    incident: Vec,
    direction: Vec,
    culled: Tensor | None,
    where: tuple[int, int, int],
) -> tuple[Factors, Vec, Vec]:
    """The polarisation factor, evaluated only where its cache is 0 (or when asked to).

    The evaluation leaves both directions divided by their lengths once more.
    """
    if not s.quirks.cached_factors:
        polar = factors.polar if s.nopolar else polarization(s.kahn, incident, direction, f.polar)
        return factors._replace(polar=polar), incident, direction
    always = s.oversample_polar
    settled = s.nopolar or (abs(s.kahn) < 1.0 and culled is None and where != (0, 0, 0))
    if settled and not always:
        return factors, incident, direction
    straight, scattered = unit(incident), unit(direction)
    now = polarization(s.kahn, straight, scattered, f.polar)
    certain = culled is None and (always or where == (0, 0, 0))
    if certain:
        return factors._replace(polar=now), straight, scattered
    fresh = (factors.polar == 0) if not always else torch.ones_like(factors.polar, dtype=torch.bool)
    if culled is not None:
        fresh = fresh & ~culled
    polar = torch.where(fresh, now, factors.polar)
    return factors._replace(polar=polar), _choose(fresh, straight, incident), _choose(fresh, scattered, direction)


def _choose(condition: Tensor, a: Vec, b: Vec) -> Vec:
    return Vec(*(torch.where(condition, x, y) for x, y in zip(a, b, strict=True)))


def _orientations(
    s: Statics,
    f: Fields,
    plan: Plan,
    intensity: Tensor,
    out_of_range: Tensor,
    factors: Factors,
    q: Vec,
    culled: Tensor | None,
    sweep: int,
    source: int,
    place: tuple[Place, ...],
) -> tuple[Tensor, Tensor]:
    """All phi steps and mosaic domains of one source, as many at once as `plan.chunk` elements allow.

    In float32 the terms of a source are summed from 0 and then added, so that a fused reduction rounds alike.
    """
    first = plan.first_sweep == sweep
    cells = (f.a_first, f.b_first, f.c_first) if first else (f.a, f.b, f.c)
    if plan.fused:
        term, _, _ = _terms(s, f, plan, cells, q, sweep * s.orientations, (*place, ("orientation", 0)))
        term = term if culled is None else torch.where(culled, 0.0, term)
        term = term if s.quirks.ignored_weights else term * f.weight[source]
        return intensity + term.sum(0), out_of_range
    before = intensity if _apart(s, intensity) else None
    intensity = intensity if before is None else torch.zeros_like(intensity)
    count = s.orientations
    size = max(1, min(count, plan.chunk // max(1, q.x.numel())))
    for start in range(0, count, size):
        stop = min(start + size, count)
        part = (cells[0].at(slice(start, stop)), cells[1].at(slice(start, stop)), cells[2].at(slice(start, stop)))
        number = sweep * count + start
        here = (*place, ("orientation", start))
        term, skipped, reached = _terms(s, f, plan, part, q, number, here)
        if reached is not None:
            if culled is not None:
                reached = reached & ~culled
            numbers = torch.arange(number, number + stop - start, device=reached.device).unsqueeze(1)
            first_out = torch.where(reached, numbers, NEVER).amin(0)
            out_of_range = torch.minimum(out_of_range, first_out)
        intensity = _accumulate(s, f, intensity, term, skipped, culled, factors, source)
    return intensity if before is None else before + intensity, out_of_range


def _apart(s: Statics, intensity: Tensor) -> bool:
    """Whether the terms of one source are summed before they join the others: float32, without switches."""
    switches = s.oversample_thick or s.oversample_polar or s.oversample_omega
    return intensity.dtype == torch.float32 and s.quirks.cached_factors and not switches


def _terms(
    s: Statics, f: Fields, plan: Plan, cell: tuple[Vec, Vec, Vec], q: Vec, number: int, place: tuple[Place, ...]
) -> tuple[Tensor, Tensor | None, Tensor | None]:
    """F_cell² F_latt² of some orientations, shape (O, P); which are skipped; which left the grid."""
    a, b, c = (
        tap_scaled(f"rot_{n}_angstroms", Vec(*(part.reshape(-1, *(1,) * q.x.dim()) for part in v)), 1e10, *place)
        for n, v in zip("abc", cell, strict=True)
    )
    star = tuple(tap_vec(f"rot_{n}_star_A_inv", v, *place) for n, v in zip("abc", f.star, strict=True))
    hkl = tap_vec("hkl_frac", Vec(dot(a, q), dot(b, q), dot(c, q)), *place)
    rounded = tap_vec("hkl_rounded", Vec(*(torch.ceil(x - 0.5) for x in hkl)), *place)
    F_latt = tap("F_latt", _lattice(s, hkl, rounded, (star[0], star[1], star[2]), place), *place)
    switches = s.oversample_thick or s.oversample_polar or s.oversample_omega
    skipped = F_latt == 0 if not s.water and (switches or s.interpolate) else None
    F_cell, reached = _structure(s, f, plan, hkl, rounded, number)
    if reached is not None and skipped is not None:
        reached = reached & ~skipped
    F_cell = tap_like("F_cell", F_cell, F_latt, *place)
    return ((F_cell * F_cell) * F_latt) * F_latt, skipped, reached


def _lattice(s: Statics, hkl: Vec, rounded: Vec, star: tuple[Vec, Vec, Vec], place: tuple[Place, ...]) -> Tensor:
    if s.shape == "SQUARE":
        return shape.square(hkl, rounded, s.N, *place)
    delta = hkl.minus(rounded)
    if s.shape == "ROUND":
        return shape.round_(delta, s.N, s.fudge)
    spot = shape.gauss if s.shape == "GAUSS" else shape.tophat
    return spot(delta, star, s.N, s.fudge, s.quirks.joint_width)


def _structure(s: Statics, f: Fields, plan: Plan, hkl: Vec, rounded: Vec, number: int) -> tuple[Tensor, Tensor | None]:
    """F_cell, and which samples could not be interpolated though they should (None if that is off)."""
    if f.grid is None:
        return f.default_F, None
    near = structure.nearest(f.grid, rounded, f.default_F)
    if not s.interpolate or plan.interpolate_until <= number:
        return near, None
    out = structure.out_of_range(f.grid, hkl)
    numbers = torch.arange(number, number + hkl.x.shape[0], device=out.device).unsqueeze(1)
    smooth = ~out & (numbers < plan.interpolate_until)
    return torch.where(smooth, structure.tricubic(f.grid, hkl), near), out


def _accumulate(
    s: Statics,
    f: Fields,
    intensity: Tensor,
    term: Tensor,
    skipped: Tensor | None,
    culled: Tensor | None,
    factors: Factors,
    source: int,
) -> Tensor:
    """Add the terms one after the other; the -oversample_ switches multiply the running sum each time."""
    if not s.quirks.cached_factors:
        return _weighted(s, f, intensity, term, culled, factors, source)
    if culled is not None:
        term = torch.where(culled, 0.0, term)
    if not s.quirks.ignored_weights:
        term = term * f.weight[source]
    switches = [
        factor
        for on, factor in (
            (s.oversample_thick, factors.capture),
            (s.oversample_polar, factors.polar),
            (s.oversample_omega, factors.omega),
        )
        if on
    ]
    if not switches:
        for one in term.unbind(0):
            intensity = intensity + one
        return intensity
    for place, one in enumerate(term.unbind(0)):
        total = intensity + one
        for factor in switches:
            total = total * factor
        idle = culled if skipped is None else skipped[place] if culled is None else skipped[place] | culled
        intensity = total if idle is None else torch.where(idle, intensity, total)
    return intensity


def _weighted(
    s: Statics, f: Fields, intensity: Tensor, term: Tensor, culled: Tensor | None, factors: Factors, source: int
) -> Tensor:
    """Without the cached factors: each term with the factors of its own sample, and the source's weight."""
    if culled is not None:
        term = torch.where(culled, 0.0, term)
    factor = factors.capture * factors.polar * factors.omega
    if not s.quirks.ignored_weights:
        factor = factor * f.weight[source]
    for one in term.unbind(0):
        intensity = intensity + (one + f.background) * factor
    return intensity


def _scaled(s: Statics, f: Fields, intensity: Tensor, factors: Factors) -> Tensor:
    """Photons: r_e² fluence I / steps, times the cached factors that were not multiplied in."""
    total = tap("I_before_scaling", intensity)
    if listening():
        tap("r_e_meters", torch.sqrt(f.r_e_sqr))
    fluence, r_e_sqr = tap("fluence_photons_per_m2", f.fluence), tap("r_e_sqr", f.r_e_sqr)
    steps = tap("steps", s.steps)
    capture = tap("capture_fraction", factors.capture)
    polar, omega = tap("polar", factors.polar), tap("omega_pixel", factors.omega)
    value = r_e_sqr * fluence * total / steps if total.dtype == torch.float64 else total * (r_e_sqr * fluence / steps)
    if s.quirks.cached_factors:
        value = value if s.oversample_thick else value * capture
        value = value if s.oversample_polar else value * polar
        value = value if s.oversample_omega else value * omega
    return tap("I_pixel_final", value)
