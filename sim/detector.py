"""Where the detector is: conventions, pivots, rotations (specification, section 3)."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import torch
from torch import Tensor

from ..tracer.tap import tap
from .experiment import Detector, Three
from .inputs import Inputs
from .limits import hold_pixels
from .quirks import Quirks
from .taps import tap_vec
from .vec import (
    RTD,
    Vec,
    ceil_half_down,
    cross,
    dot,
    norm,
    rotate_about,
    rotate_xyz,
    scalar,
    unit,
    vec,
)

_X, _Y, _Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)
_MINUS_X, _MINUS_Y, _MINUS_Z = (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0), (0.0, 0.0, -1.0)

AXES: dict[str, tuple[Three, ...]] = {
    "MOSFLM": (_X, _Z, _MINUS_Y, _X, _MINUS_Z, _Z, _Z),
    "DENZO": (_X, _Z, _MINUS_Y, _X, _MINUS_Z, _Z, _Z),
    "ADXV": (_Z, _X, _MINUS_Y, _Z, _MINUS_X, _X, _X),
    "XDS": (_Z, _X, _Y, _Z, _X, _X, _X),
    "DIALS": (_Z, _X, _Y, _Z, _Y, _Y, _Y),
}
"""beam, fdet, sdet, odet, two-theta axis, polarisation, spindle of each named convention."""


@dataclass(frozen=True)
class Frame:
    """The axes before the detector is rotated, all of unit length but the two-theta axis; `vert` = beam × polar."""

    beam: Vec
    fdet: Vec
    sdet: Vec
    odet: Vec
    twotheta_axis: Vec
    polar: Vec
    spindle: Vec
    vert: Vec
    odet_generated: bool


@dataclass(frozen=True)
class Geometry:
    """The resolved detector. Lengths in metres, angles in radians, vectors in the laboratory frame.

    `Fbeam`, `Sbeam`, `distance`, `close` are the recomputed ones; `Fbeam_in`, `Sbeam_in`, `distance_in`
    those that p0 was made from. `ratio` is beam · odet before the two-theta swing.
    """

    frame: Frame
    convention: str
    pivot: str
    pixel: float
    fsize: float
    ssize: float
    fpixels: int
    spixels: int
    rotations: tuple[Tensor, Tensor, Tensor]
    twotheta: Tensor
    fdet: Vec
    sdet: Vec
    odet: Vec
    pix0: Vec
    Xbeam: Tensor
    Ybeam: Tensor
    Xclose: Tensor
    Yclose: Tensor
    Fbeam_in: Tensor
    Sbeam_in: Tensor
    distance_in: Tensor
    Fbeam: Tensor
    Sbeam: Tensor
    Fclose: Tensor
    Sclose: Tensor
    close: Tensor
    distance: Tensor
    ratio: Tensor

    @property
    def dials_origin(self) -> tuple[Tensor, Tensor, Tensor]:
        """1000·(p0_z, p0_y, −p0_x), in mm, whatever the convention."""
        return 1000.0 * self.pix0.z, 1000.0 * self.pix0.y, -1000.0 * self.pix0.x


def pixel_counts(detector: Detector) -> tuple[float, float, int, int]:
    """Fast and slow size in metres, fast and slow pixel count; a given count beats a given size."""
    pixel = detector.pixel_mm / 1000.0
    fsize = pixel * detector.fpixels if detector.fpixels else detector.fsize_mm / 1000.0
    ssize = pixel * detector.spixels if detector.spixels else detector.ssize_mm / 1000.0
    fast, slow = (ceil_half_down(n) if math.isfinite(n) else n for n in (fsize / pixel, ssize / pixel))
    hold_pixels(slow, fast)
    return fsize, ssize, int(fast), int(slow)


def resolve_detector(inputs: Inputs, quirks: Quirks) -> Geometry:
    """The detector of an experiment; differentiable by distance, beam centre, rotations and two-theta."""
    d = inputs.experiment.detector
    fsize, ssize, fpixels, spixels = pixel_counts(d)
    pixel = d.pixel_mm / 1000.0
    frame = _frame(d)
    centre = _centre(inputs, d, pixel, fsize, ssize)
    pivot = _pivot(d, quirks)
    rx, ry, rz = inputs.numbers("rotations", d.rotations_deg)
    rotations = (rx / RTD, ry / RTD, rz / RTD)
    twotheta = inputs.number("twotheta", d.twotheta_deg) / RTD

    def turned(v: Vec) -> Vec:
        return rotate_about(rotate_xyz(v, rotations), frame.twotheta_axis, twotheta)

    ratio = dot(frame.beam, rotate_xyz(frame.odet, rotations))
    ratio = torch.where(ratio == 0, sys.float_info.min, ratio)
    close, distance = _distances(inputs, d, ratio)
    fdet = tap_vec("fdet_after_twotheta", turned(frame.fdet))
    sdet = tap_vec("sdet_after_twotheta", turned(frame.sdet))
    odet = tap_vec("odet_after_twotheta", turned(frame.odet))
    if pivot == "SAMPLE":
        pix0 = turned(_origin(centre["Fclose"], centre["Sclose"], close, frame.fdet, frame.sdet, frame.odet))
    else:
        fbeam, sbeam = tap("Fbeam_m", centre["Fbeam"]), tap("Sbeam_m", centre["Sbeam"])
        pix0 = _origin(fbeam, sbeam, tap("distance_m", distance), fdet, sdet, frame.beam)
    if d.pix0_m is not None and not quirks.ignored_pix0:
        pix0 = vec(*d.pix0_m)
    pix0 = tap_vec("pix0_vector", pix0)
    if not quirks.frozen_distance:
        ratio = dot(frame.beam, odet)
    return Geometry(
        frame, d.convention, pivot, pixel, fsize, ssize, fpixels, spixels, rotations, twotheta,
        fdet, sdet, odet, pix0, centre["Xbeam"], centre["Ybeam"], centre["Xclose"], centre["Yclose"],
        centre["Fbeam"], centre["Sbeam"], distance,
        **_recomputed(frame.beam, fdet, sdet, odet, pix0, ratio), ratio=ratio,
    )  # fmt: skip


def _recomputed(beam: Vec, fdet: Vec, sdet: Vec, odet: Vec, pix0: Vec, ratio: Tensor) -> dict[str, Tensor]:
    """Near point, beam centre and distance that follow from the origin and the rotated axes."""
    close = dot(pix0, odet)
    distance = close / ratio
    w = beam.scaled(distance).minus(pix0)
    return {
        "Fbeam": dot(fdet, w),
        "Sbeam": dot(sdet, w),
        "Fclose": -dot(pix0, fdet),
        "Sclose": -dot(pix0, sdet),
        "close": tap("close_distance", close),
        "distance": tap("distance", distance),
    }


def _origin(f: Tensor, s: Tensor, along: Tensor, fdet: Vec, sdet: Vec, out: Vec) -> Vec:
    """The corner of the first pixel: ((−f·fdet) − s·sdet) + along·out, component by component."""
    return fdet.scaled(-f).minus(sdet.scaled(s)).plus(out.scaled(along))


def _frame(d: Detector) -> Frame:
    """The seven axes of the convention, or the custom ones, of unit length; odet replaced if it is not."""
    custom = (d.beam, d.fdet, d.sdet, d.odet, d.twotheta_axis, d.polar, d.spindle)
    axes = [vec(*axis) for axis in (custom if d.convention == "CUSTOM" else AXES[d.convention])]
    beam, fdet, sdet, odet, twotheta_axis, polar, spindle = axes
    beam, fdet, sdet, polar, spindle = (unit(axis) for axis in (beam, fdet, sdet, polar, spindle))
    generated = float(norm(odet)) != 1.0
    odet = unit(cross(fdet, sdet)) if generated else unit(odet)
    return Frame(beam, fdet, sdet, odet, twotheta_axis, polar, spindle, unit(cross(beam, polar)), generated)


def _centre(inputs: Inputs, d: Detector, pixel: float, fsize: float, ssize: float) -> dict[str, Tensor]:
    """Beam centre and near point before any rotation, by the rules of the convention (metres)."""
    fclose = (d.ORGX_px - 0.5) * pixel if d.ORGX_px is not None else fsize / 2.0
    sclose = (d.ORGY_px - 0.5) * pixel if d.ORGY_px is not None else ssize / 2.0
    xclose = d.Xclose_mm / 1000.0 if d.Xclose_mm is not None else fclose
    yclose = d.Yclose_mm / 1000.0 if d.Yclose_mm is not None else sclose
    half = {
        "MOSFLM": ((ssize + pixel) / 2.0, (fsize + pixel) / 2.0),
        "DENZO": ((ssize + pixel) / 2.0, (fsize + pixel) / 2.0),
        "ADXV": ((fsize + pixel) / 2.0, (ssize - pixel) / 2.0),
    }.get(d.convention, (xclose, yclose))
    x = scalar(d.Xbeam_mm) / 1000.0 if d.Xbeam_mm is not None else scalar(half[0])
    y = scalar(d.Ybeam_mm) / 1000.0 if d.Ybeam_mm is not None else scalar(half[1])
    if inputs.has("beam_center"):
        x, y = (part / 1000.0 for part in inputs.numbers("beam_center", (0.0, 0.0)))
    fbeam, sbeam = {
        "MOSFLM": lambda: (y + 0.5 * pixel, x + 0.5 * pixel),
        "DENZO": lambda: (y, x),
        "ADXV": lambda: (x, ssize - y),
    }.get(d.convention, lambda: (x, y))()
    near = (x, y) if d.convention == "CUSTOM" else (scalar(fclose), scalar(sclose))
    return {
        "Xbeam": x, "Ybeam": y, "Xclose": scalar(xclose), "Yclose": scalar(yclose),
        "Fbeam": fbeam, "Sbeam": sbeam, "Fclose": near[0], "Sclose": near[1],
    }  # fmt: skip


def _pivot(d: Detector, quirks: Quirks) -> str:
    """SAMPLE or BEAM: a named convention overrules every flag, but for `quirks.forced_pivot`."""
    if d.convention == "CUSTOM" or (d.pivot_given and not quirks.forced_pivot):
        return d.pivot
    return "SAMPLE" if d.convention in ("XDS", "DIALS") else "BEAM"


def _distances(inputs: Inputs, d: Detector, ratio: Tensor) -> tuple[Tensor, Tensor]:
    """Close distance and distance; a close distance that was given always wins."""
    if d.close_distance_mm is not None or inputs.has("close_distance"):
        close = inputs.number("close_distance", d.close_distance_mm or 0.0) / 1000.0
    else:
        close = torch.abs(ratio * (inputs.number("distance", _distance_mm(d)) / 1000.0))
    return close, close / ratio


def _distance_mm(d: Detector) -> float:
    return 100.0 if d.distance_mm is None else d.distance_mm
