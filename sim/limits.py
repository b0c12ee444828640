"""What is refused before anything is computed, because no memory holds it or no patience lasts."""

from __future__ import annotations

import math
import os

from ..tracer.errors import FirstbadError

PIXEL_BYTES = 40
"""Memory a pixel takes at the peak: float64 and float32 image, statistics, the files made from them."""
MOST_ORIENTATIONS = 1 << 22
MOST_SOURCES = 1 << 20
MOST_SUBPIXELS = 46340
"""Along one axis: the square still fits into 32 bits."""
MOST_SAMPLES = 1e15
"""A core does some 10⁸ samples a second: four months."""
LONG_SAMPLES = 1e10
"""Samples above which a run is announced as long: minutes in C, an hour and more in torch."""


def _refuse(message: str, remedy: str) -> FirstbadError:
    return FirstbadError(message, remedy=remedy, slug="too-large")


def hold_pixels(slow: float, fast: float) -> None:
    """Refuse an image without pixels, and one that does not fit into this machine's memory."""
    if not (slow >= 1 and fast >= 1):
        raise FirstbadError(
            f"the detector has {slow:.15g} x {fast:.15g} pixels",
            remedy="Check -detpixels, -detsize and -pixel.",
            slug="impossible-experiment",
        )
    needed, there = slow * fast * PIXEL_BYTES, _memory()
    if not needed <= there:
        raise _refuse(
            f"the image would have {slow:.15g} x {fast:.15g} pixels, which take about {needed / 2**30:.3g} GiB "
            f"where this machine has {there / 2**30:.3g}",
            "Check -detpixels, -detsize and -pixel.",
        )


def _memory() -> float:
    """Bytes of memory of this machine."""
    return float(os.sysconf("SC_PAGE_SIZE")) * os.sysconf("SC_PHYS_PAGES")


def hold_orientations(phi_steps: float, domains: float) -> None:
    """Refuse more orientations of the crystal than a table can hold."""
    if not phi_steps * domains <= MOST_ORIENTATIONS:
        raise _refuse(
            f"there would be {phi_steps * domains:.15g} orientations of the crystal",
            "Ask for fewer -phisteps or -mosaic_domains.",
        )


def hold_sources(points: float, wavelengths: float) -> None:
    """Refuse more sources than a table can hold."""
    if not points * wavelengths <= MOST_SOURCES:
        raise _refuse(
            f"there would be {points * wavelengths:.15g} sources",
            "Ask for fewer steps of divergence and dispersion.",
        )


def hold_cells(size: float, edge: float) -> int:
    """Cells along one axis of a sample, at least 1; refused where no integer holds them."""
    count = size / edge if edge else math.inf
    if math.isnan(count):
        return 1
    if count > 2**31 - 1:
        raise _refuse(f"the sample has {count:g} cells along one axis", "Check -xtalsize and -cell.")
    return max(1, math.ceil(count))


def hold_subpixels(chosen: int) -> None:
    """Refuse the largest number of subpixels where it was chosen by us: the detector is next to the sample."""
    if chosen >= MOST_SUBPIXELS:
        raise _refuse(
            f"automatic oversampling would cut a pixel into {MOST_SUBPIXELS} x {MOST_SUBPIXELS} or more",
            "Check -distance, -pixel and the size of the crystal, or say -oversample.",
        )


def hold_samples(pixels: int, steps: int, layers: int) -> None:
    """Refuse a run that would not end in months."""
    if pixels * steps * layers > MOST_SAMPLES:
        raise _refuse(
            f"the run would take {float(pixels) * steps * layers:.3g} samples",
            "Check -distance, -pixel, -oversample and the counts of steps.",
        )
