"""Statistics of an image and the integer and grey images made of it (specification, sections 6.7 and 6.8)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from .formats import smv_header
from .inputs import plain
from .numbers import g
from .scene import Scene
from .simulate import Run
from .vec import RTD

_AT_ONCE = 1 << 15
"""Pixels at a time: a few float64 temporaries of that many stay in the second-level cache."""


@dataclass(frozen=True)
class Statistics:
    """Of the float32 pixels: mean, rms and rmsd, the largest value and where it is (metres), solid angle."""

    mean: float
    rms: float
    rmsd: float
    max_I: float
    max_x: float
    max_y: float
    solid_angle: float


def region_of(scene: Scene) -> tuple[slice, slice]:
    """The region of interest as slices (slow, fast) of the image."""
    f0, f1, s0, s1 = scene.roi
    slow, fast = scene.shape
    return slice(max(0, s0), min(s1 + 1, slow)), slice(max(0, f0), min(f1 + 1, fast))


def statistics(run: Run, image: np.ndarray) -> Statistics:
    """Statistics of a run's float32 `image`; rmsd counts masked pixels too, as the real program does."""
    scene = run.scene
    region = region_of(scene)
    part = image[region]
    mask = None if scene.mask is None else scene.mask[region]
    count = part.size if mask is None else int(mask.sum())
    mean = _sum(block.astype(np.float64) for block in _blocks(part, mask)) / max(count, 1)
    with np.errstate(over="ignore"):
        rms = math.sqrt(_sum((b * b).astype(np.float64) for b in _blocks(part, mask)) / max(count - 1, 1))
    deviation = _sum((block.astype(np.float64) - mean) ** 2 for block in _blocks(part))
    rmsd = math.sqrt(deviation / max(part.size - 1, 1)) if math.isfinite(deviation) else deviation
    max_I, x, y = _maximum(scene, image)
    return Statistics(mean, rms, rmsd, max_I, x, y, _ratio(run.omega_sum, scene.statics.steps))


def _ratio(a: float, b: int) -> float:
    """a/b as C divides: infinite or no number where b is 0."""
    return a / b if b else math.copysign(math.inf, a) if a else math.nan


def _rows(image: np.ndarray) -> Iterator[slice]:
    """Rows in groups that fit the cache: an image of temporaries costs more than the arithmetic."""
    height = max(1, _AT_ONCE // max(1, image.shape[1]))
    yield from (slice(start, start + height) for start in range(0, image.shape[0], height))


def _blocks(image: np.ndarray, mask: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """The pixels (of `mask`) of an image in row order, flat, in groups of rows."""
    for rows in _rows(image):
        yield image[rows].ravel() if mask is None else image[rows][mask[rows]]


def _sum(blocks: Iterable[np.ndarray]) -> float:
    """Sum of float64 blocks from the first value to the last, without pairwise shortcuts; the blocks are lost."""
    total = 0.0
    for block in blocks:
        if block.size:
            block[0] += total
            total = float(np.cumsum(block, out=block)[-1])
    return total


def _maximum(scene: Scene, image: np.ndarray) -> tuple[float, float, float]:
    """Largest value above 0 and the place (metres) of the last subpixel of its pixel."""
    if image.size and np.isnan(image.flat[image.argmax()]):  # the first NaN passes for the largest
        image = np.where(np.isnan(image), -np.inf, image)
    place = int(image.argmax()) if image.size else 0
    if image.size == 0 or image.flat[place] <= 0:
        return 0.0, 0.0, 0.0
    slow, fast = divmod(place, image.shape[1])
    s = scene.statics
    step = s.pixel / s.oversample
    x, y = (step * (n * s.oversample + s.oversample - 1) + step / 2.0 for n in (fast, slow))
    return float(image.flat[place]), x, y


def integer_image(image: np.ndarray, scale: float, adc: float, scene: Scene) -> np.ndarray:
    """value × scale + adc, clipped to 16 bit and rounded through float32; 0 outside the region and for NaN."""
    counts = np.zeros(image.shape, dtype=np.uint16)
    region = region_of(scene)
    part, made = image[region], counts[region]
    for rows in _rows(part):
        values = np.fmin(np.fmax(part[rows].astype(np.float64) * scale + adc, 0.0), 65535.0)
        made[rows] = (values + 0.5).astype(np.float32).astype(np.int32)
    return counts


def grey_image(image: np.ndarray, scale: float, scene: Scene) -> np.ndarray:
    """value × scale, at most 255, cut to a byte; 0 outside the region."""
    grey = np.zeros(image.shape, dtype=np.uint8)
    region = region_of(scene)
    part, made = image[region], grey[region]
    for rows in _rows(part):
        values = np.nan_to_num(np.minimum(part[rows].astype(np.float64) * scale, 255.0), neginf=0.0)
        made[rows] = values.astype(np.int64) & 0xFF
    return grey


def header(scene: Scene) -> bytes:
    """The 512-byte SMV header of the integer and the noise image: lengths in mm, angles in degrees."""
    d = scene.geometry
    mm = {name: plain(getattr(d, name)) * 1000.0 for name in ("distance", "close", "Xbeam", "Ybeam", "Fbeam", "Sbeam")}
    half = d.pixel / 2.0
    fbeam, sbeam = plain(d.Fbeam), plain(d.Sbeam)
    origin = ",".join(g(plain(part)) for part in d.dials_origin)
    phi = plain(scene.phi_start) * RTD
    return smv_header(
        {
            "HEADER_BYTES": "512",
            "DIM": "2",
            "BYTE_ORDER": "little_endian",
            "TYPE": "unsigned_short",
            "SIZE1": str(d.fpixels),
            "SIZE2": str(d.spixels),
            "PIXEL_SIZE": d.pixel * 1000.0,
            "DISTANCE": mm["distance"],
            "WAVELENGTH": scene.experiment.beam.wavelength_A / 1e10 * 1e10,
            "BEAM_CENTER_X": mm["Xbeam"],
            "BEAM_CENTER_Y": mm["Ybeam"],
            "ADXV_CENTER_X": mm["Fbeam"],
            "ADXV_CENTER_Y": (d.ssize - sbeam) * 1000.0,
            "MOSFLM_CENTER_X": (sbeam - half) * 1000.0,
            "MOSFLM_CENTER_Y": (fbeam - half) * 1000.0,
            "DENZO_X_BEAM": mm["Sbeam"],
            "DENZO_Y_BEAM": mm["Fbeam"],
            "DIALS_ORIGIN": origin,
            "XDS_ORGX": plain(d.Fclose) / d.pixel + 0.5,
            "XDS_ORGY": plain(d.Sclose) / d.pixel + 0.5,
            "CLOSE_DISTANCE": mm["close"],
            "PHI": phi,
            "OSC_START": phi,
            "OSC_RANGE": scene.phi.range * RTD,
            "TWOTHETA": plain(d.twotheta) * RTD,
            "DETECTOR_SN": "000",
            "BEAMLINE": "fake",
        }
    )
