"""Statistics of an image and the integer and grey images made of it (specification, sections 6.7 and 6.8)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .formats import smv_header
from .inputs import plain
from .numbers import g
from .scene import Scene
from .simulate import Run
from .vec import RTD


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
    computed = part if scene.mask is None else part[scene.mask[region]]
    flat = computed.ravel()
    total = _sum(flat.astype(np.float64))
    count = flat.size
    mean = total / max(count, 1)
    with np.errstate(over="ignore"):
        rms = math.sqrt(_sum((flat * flat).astype(np.float64)) / max(count - 1, 1))
    deviation = _sum((part.ravel().astype(np.float64) - mean) ** 2)
    rmsd = math.sqrt(deviation / max(part.size - 1, 1)) if math.isfinite(deviation) else deviation
    max_I, x, y = _maximum(scene, image)
    return Statistics(mean, rms, rmsd, max_I, x, y, _ratio(run.omega_sum, scene.statics.steps))


def _ratio(a: float, b: int) -> float:
    """a/b as C divides: infinite or no number where b is 0."""
    return a / b if b else math.copysign(math.inf, a) if a else math.nan


def _sum(values: np.ndarray) -> float:
    """Sum from the first to the last, without pairwise shortcuts."""
    return float(np.cumsum(values)[-1]) if values.size else 0.0


def _maximum(scene: Scene, image: np.ndarray) -> tuple[float, float, float]:
    """Largest value above 0 and the place (metres) of the last subpixel of its pixel."""
    clean = np.where(np.isnan(image), -np.inf, image)
    if clean.size == 0 or clean.max() <= 0:
        return 0.0, 0.0, 0.0
    slow, fast = np.unravel_index(int(clean.argmax()), image.shape)
    s = scene.statics
    step = s.pixel / s.oversample
    x, y = (step * (int(n) * s.oversample + s.oversample - 1) + step / 2.0 for n in (fast, slow))
    return float(clean.max()), x, y


def integer_image(image: np.ndarray, scale: float, adc: float, scene: Scene) -> np.ndarray:
    """value × scale + adc, clipped to 16 bit and rounded through float32; 0 outside the region."""
    counts = np.zeros(image.shape, dtype=np.uint16)
    region = region_of(scene)
    values = np.clip(np.nan_to_num(image[region].astype(np.float64) * scale + adc, posinf=65535.0), 0.0, 65535.0)
    counts[region] = np.floor((values + 0.5).astype(np.float32)).astype(np.int64) & 0xFFFF
    return counts


def grey_image(image: np.ndarray, scale: float, scene: Scene) -> np.ndarray:
    """value × scale, at most 255, cut to a byte; 0 outside the region."""
    grey = np.zeros(image.shape, dtype=np.uint8)
    region = region_of(scene)
    values = np.nan_to_num(np.minimum(image[region].astype(np.float64) * scale, 255.0), neginf=0.0)
    grey[region] = values.astype(np.int64) & 0xFF
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
