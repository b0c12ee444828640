"""Pictures as PNG, written with the standard library alone."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .image_noise import Array

if TYPE_CHECKING:
    from .store_compare import StoreDiff

Colour = tuple[int, int, int]
AGREES: Colour = (236, 236, 236)
UNTRACED: Colour = (255, 255, 255)
OTHERS: Colour = (90, 90, 90)
HARMLESS: Colour = (190, 190, 190)
CLEARED = "differs, and is no cause"
# Eight colours that people with any colour vision can tell apart (Okabe and Ito, 2008), strongest first.
CAUSES: tuple[Colour, ...] = (
    (213, 94, 0),
    (0, 114, 178),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (240, 228, 66),
    (0, 0, 0),
)


def write_png(path: str | Path, pixels: NDArray[np.uint8], palette: tuple[Colour, ...] = ()) -> None:
    """Write slow x fast bytes as grey (or through `palette`), or slow x fast x 3 as colour; row 0 is at the
    top.
    """
    Path(path).write_bytes(png(pixels, palette))


def png(pixels: NDArray[np.uint8], palette: tuple[Colour, ...] = ()) -> bytes:
    """The bytes of a PNG file: 8 bits a channel, no filter."""
    rows, columns = pixels.shape[:2]
    colour = 2 if pixels.ndim == 3 else 3 if palette else 0
    flat = np.ascontiguousarray(pixels, dtype=np.uint8).reshape(rows, -1)
    lines = np.concatenate([np.zeros((rows, 1), dtype=np.uint8), flat], axis=1)
    head = struct.pack(">IIBBBBB", columns, rows, 8, colour, 0, 0, 0)
    parts = [_chunk(b"IHDR", head)]
    if palette:
        parts.append(_chunk(b"PLTE", bytes(channel for c in palette for channel in c)))
    parts += [_chunk(b"IDAT", zlib.compress(lines.tobytes(), 6)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def origin_map(diff: StoreDiff, sets: Sequence[str] = ()) -> tuple[bytes, tuple[tuple[Colour, str], ...]]:
    """A PNG of what is at fault where, and its legend: the ninth and later are dark grey.

    `sets` names it for each signature (its origins, unless it is given): one colour a name; "" where that agrees after
    all, CLEARED where something differs and is no cause.
    """
    said = list(sets) or [" and ".join(signature.origins) for signature in diff.signatures]
    causes = [name for name in dict.fromkeys(said) if name not in ("", CLEARED)]
    colours = {name: min(place, len(CAUSES)) + 2 for place, name in enumerate(causes)} | {
        "": 1,
        CLEARED: 3 + len(CAUSES),
    }
    palette = (UNTRACED, AGREES, *CAUSES, OTHERS, HARMLESS)
    index = np.array([0, 1, *(colours[name] for name in said)], dtype=np.uint8)[diff.image() + 1]
    legend = [(AGREES, "agrees"), *zip(CAUSES, causes, strict=False)]
    if len(causes) > len(CAUSES):
        legend.append((OTHERS, f"{len(causes) - len(CAUSES)} other sets of origins"))
    if CLEARED in said:
        legend.append((HARMLESS, CLEARED))
    return png(index, palette), tuple(legend)


def intensity(image: Array, decades: float = 5.0) -> bytes:
    """A PNG of an image on a logarithmic grey scale, dark is bright; NaN is shown in mid grey."""
    top = float(np.nanmax(np.where(np.isfinite(image), image, np.nan))) if np.isfinite(image).any() else 0.0
    least = top * 10.0**-decades if top > 0 else 1.0
    shown = np.log10(np.maximum(np.nan_to_num(image, nan=least, posinf=top, neginf=least), least) / least) / decades
    grey = np.where(np.isfinite(image), 255 * (1 - np.clip(shown, 0, 1)), 128)
    return png(grey.astype(np.uint8))


def difference(reference: Array, candidate: Array, decades: float = 4.0) -> bytes:
    """A PNG of candidate − reference: red is too bright, blue too dark, on a logarithmic scale; NaN is
    black.
    """
    change = candidate - reference
    known = np.isfinite(change)
    size = np.abs(np.where(known, change, 0.0))
    top = float(size.max()) or 1.0
    strength = np.clip(1 + np.log10(np.maximum(size / top, 10.0**-decades)) / decades, 0, 1)
    fade = 255 * (1 - strength)
    red = np.where(change >= 0, 255, fade)
    blue = np.where(change <= 0, 255, fade)
    colour = np.stack([red, fade, blue], axis=2)
    return png(np.where(known[:, :, None], colour, 0).astype(np.uint8))
