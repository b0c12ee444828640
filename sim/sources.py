"""Where photons come from: divergence and dispersion grids, or a file (specification, section 5)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from ..tracer.errors import FirstbadError
from .detector import Frame
from .experiment import Beam
from .formats import read_columns
from .inputs import Inputs
from .limits import hold_sources
from .steps import Grid, grid
from .vec import Vec, rotate_about, scalar


@dataclass(frozen=True)
class Source:
    """One source: position from the sample (not of unit length), listed weight, wavelength in metres."""

    position: Vec
    weight: float
    wavelength: Tensor


@dataclass(frozen=True)
class Sources:
    """All sources in loop order, the grids they came from, and the kept divergence points (radians).

    `steps` is the number of divergence points, −1 for a file, `from_file` names it.
    """

    listed: tuple[Source, ...]
    hdiv: Grid
    vdiv: Grid
    dispersion: Grid
    points: tuple[tuple[float, float], ...]
    wavelengths: tuple[Tensor, ...]
    steps: int


def _milli(value: float | None) -> float | None:
    return None if value is None else value / 1000.0


def scans(beam: Beam) -> tuple[Grid, Grid, Grid]:
    """Horizontal and vertical divergence (radians) and dispersion (fraction) as complete scans."""
    h = grid(beam.hdivsteps, _milli(beam.hdivrange_mrad), _milli(beam.hdivstep_mrad), default=1.0)
    v = grid(beam.vdivsteps, _milli(beam.vdivrange_mrad), _milli(beam.vdivstep_mrad), default=1.0)
    return h, v, grid(beam.dispersion_steps, beam.dispersion_percent / 100.0, None, default=1.0)


def resolve_sources(inputs: Inputs, frame: Frame) -> Sources:
    """The sources of an experiment; differentiable by wavelength."""
    beam = inputs.experiment.beam
    h, v, dispersion = scans(beam)
    if beam.sourcefile is not None:
        path = Path(inputs.experiment.folder) / beam.sourcefile
        listed = _from_file(path, frame, inputs.wavelength)
        return Sources(listed, h, v, dispersion, (), (), -1)
    hold_sources(h.count * v.count, dispersion.count)
    points = _divergence(h, v, beam.round_div)
    if not points:
        raise FirstbadError(
            "no source is left after the divergence was trimmed to an ellipse",
            remedy="Say -square_div, or give more steps.",
            slug="no-sources",
        )
    wavelengths = tuple(
        inputs.wavelength * ((1.0 + dispersion.step * j) - dispersion.range / 2.0) for j in range(dispersion.count)
    )
    weight = 1.0 / max(1, len(points) * len(wavelengths))
    listed = tuple(
        Source(_position(frame, dh, dv), weight, wavelength) for dh, dv in points for wavelength in wavelengths
    )
    return Sources(listed, h, v, dispersion, points, wavelengths, len(points))


def _divergence(h: Grid, v: Grid, trimmed: bool) -> tuple[tuple[float, float], ...]:
    """Kept grid points, horizontal outermost; `trimmed` cuts them to an ellipse where both ranges are > 0."""
    kept: list[tuple[float, float]] = []
    for i in range(h.count):
        for j in range(v.count):
            dh, dv = h.step * i - h.range / 2.0, v.step * j - v.range / 2.0
            if not (trimmed and 4.0 * _radius(h, v, dh, dv) > 1.1):
                kept.append((dh, dv))
    return tuple(kept)


def _radius(h: Grid, v: Grid, dh: float, dv: float) -> float:
    """Squared relative distance from the middle; NaN (never outside) if either range is 0."""
    if h.range == 0 or v.range == 0:
        return math.nan
    even_h = 1.0 if h.count % 2 == 0 else 0.0
    even_v = 1.0 if v.count % 2 == 0 else 0.0
    return (dh * dh - h.step * h.step / 4.0 * even_h) / h.range / h.range + (
        dv * dv - v.step * v.step / 4.0 * even_v
    ) / v.range / v.range


def _position(frame: Frame, dh: float, dv: float) -> Vec:
    """−10 m along the beam, turned about the polarisation axis by dv, then about vert by dh."""
    start = frame.beam.scaled(-10.0)
    return rotate_about(rotate_about(start, frame.polar, scalar(dv)), frame.vert, scalar(dh))


def _from_file(path: Path, frame: Frame, wavelength: Tensor) -> tuple[Source, ...]:
    """X Y Z weight λ(m) of each line; what is missing comes from the beam."""
    rows = read_columns(path, 5, "the source file")
    if not rows:
        raise FirstbadError(
            f"the source file {path} names no source",
            remedy="Write one source a line: X Y Z weight wavelength(m).",
            slug="no-sources",
        )
    listed: list[Source] = []
    for row in rows:
        position = [
            -10.0 * along if math.isnan(value) else scalar(value)
            for value, along in zip(row[:3], frame.beam, strict=True)
        ]
        weight = 1.0 if math.isnan(row[3]) else row[3]
        own = wavelength if math.isnan(row[4]) else scalar(row[4])
        listed.append(Source(Vec(*position), weight, own))
    return tuple(listed)
