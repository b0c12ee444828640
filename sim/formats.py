"""The files of the program: SMV images and masks, matrices, columns of text, float and grey images.

Structure factors have a module of their own (`hkl.py`). All errors are FirstbadError with a slug.
"""

from __future__ import annotations

import re
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..tracer.errors import FirstbadError
from .numbers import c_float, c_int, g, leading_floats

_MAGIC = b"{\nHEADER_BYT"
_SKIPPED = "0123456789-+.EGeg"
_DELIMITERS = " \t,;:!"


def read_bytes(path: Path, what: str, slug: str = "unreadable-file") -> bytes:
    """The content of `path`; FirstbadError naming `what` it should have been."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise FirstbadError(
            f"{what} {path} cannot be read: {error.strerror}",
            remedy="Check the name, and the folder the program runs in.",
            slug=slug,
        ) from error


def header_text(content: bytes) -> str | None:
    """The SMV header of a file's bytes, as long as it says it is; None where there is none."""
    if not content.startswith(_MAGIC):
        return None
    size = _lookup(content[:512].decode("latin-1"), "HEADER_BYTES")
    return content[: c_int(size) if size is not None else 512].decode("latin-1")


def _lookup(text: str, key: str) -> str | None:
    """What follows the next "=" after the LAST place where `key` occurs (so ORGX finds XDS_ORGX)."""
    place = text.rfind(key)
    equals = text.find("=", place) if place >= 0 else -1
    return text[equals + 1 : equals + 41] if equals >= 0 else None


def header_values(path: Path, *, mask: bool) -> dict[str, Any]:
    """Experiment fields from the header of an SMV image (or, through fabio, of a CBF); empty where it has none.

    FirstbadError where the file cannot be read.

    A mask's BEAM_CENTER_Y is counted from the far edge: SIZE2 × PIXEL_SIZE − value.
    """
    text = header_text(read_bytes(path, "the image"))
    if text is None:
        return {} if mask else _foreign_header(path)
    keys: dict[str, tuple[str, Any]] = {
        "fpixels": ("SIZE1", c_int),
        "spixels": ("SIZE2", c_int),
        "pixel_mm": ("PIXEL_SIZE", c_float),
        "distance_mm": ("DISTANCE", c_float),
        "close_distance_mm": ("CLOSE_DISTANCE", c_float),
        "wavelength_A": ("WAVELENGTH", c_float),
        "Xbeam_mm": ("BEAM_CENTER_X", c_float),
        "Ybeam_mm": ("BEAM_CENTER_Y", c_float),
        "ORGX_px": ("ORGX", c_float),
        "ORGY_px": ("ORGY", c_float),
        "phi_deg": ("PHI", c_float),
        "osc_deg": ("OSC_RANGE", c_float),
    }
    found = {name: parse(word) for name, (key, parse) in keys.items() if (word := _lookup(text, key)) is not None}
    if mask and {"Ybeam_mm", "spixels", "pixel_mm"} <= found.keys():
        found["Ybeam_mm"] = found["spixels"] * found["pixel_mm"] - found["Ybeam_mm"]
    return found


def _foreign_header(path: Path) -> dict[str, Any]:
    """Header fields of a file that fabio reads and that carries a Pilatus-style text header."""
    try:
        import fabio

        with fabio.open(str(path)) as image:
            rows, columns = image.shape
            text = str(image.header.get("_array_data.header_contents", ""))
    except Exception:  # fabio raises its own kinds for every format; here any of them means "no header"
        return {}
    found: dict[str, Any] = {"fpixels": int(columns), "spixels": int(rows)}
    patterns = {
        "pixel_mm": (r"Pixel_size\s+([\d.eE+-]+)", 1e3),
        "distance_mm": (r"Detector_distance\s+([\d.eE+-]+)", 1e3),
        "wavelength_A": (r"Wavelength\s+([\d.eE+-]+)", 1.0),
        "phi_deg": (r"Start_angle\s+([\d.eE+-]+)", 1.0),
        "osc_deg": (r"Angle_increment\s+([\d.eE+-]+)", 1.0),
    }
    for name, (pattern, unit) in patterns.items():
        if match := re.search(pattern, text):
            found[name] = c_float(match.group(1)) * unit
    if match := re.search(r"Beam_xy\s+\(([\d.eE+-]+),\s*([\d.eE+-]+)\)", text):
        found["ORGX_px"], found["ORGY_px"] = (c_float(word) for word in match.groups())
        if "pixel_mm" in found:
            found["Xbeam_mm"] = found["ORGX_px"] * found["pixel_mm"]
            found["Ybeam_mm"] = found["ORGY_px"] * found["pixel_mm"]
    return found


def read_mask(path: Path, fpixels: int, spixels: int) -> np.ndarray:
    """Boolean image (slow, fast): True where the 16-bit word of the mask is not zero, words not swapped."""
    content = read_bytes(path, "the mask")
    text = header_text(content)
    words = np.frombuffer(content[len(text or "") :], dtype="<u2", count=(len(content) - len(text or "")) // 2)
    if words.size < fpixels * spixels:
        raise FirstbadError(
            f"the mask {path} has {words.size} pixels where the detector has {fpixels * spixels}",
            remedy="Make the mask for this detector, or leave -detpixels to its header.",
            slug="mask-too-small",
        )
    return words[: fpixels * spixels].reshape(spixels, fpixels) != 0


def read_matrix(path: Path) -> tuple[float, ...]:
    """Nine numbers, row by row; the columns are a*, b*, c* (dimensionless until divided by λ)."""
    text = read_bytes(path, "the matrix file", slug="unreadable-matrix").decode("latin-1")
    numbers = list(islice(leading_floats(text), 9))
    if len(numbers) < 9:
        raise FirstbadError(
            f"the matrix file {path} holds {len(numbers)} numbers where nine are needed",
            remedy="Write three rows of three; the columns are a*, b*, c*.",
            slug="short-matrix",
        )
    return tuple(numbers)


def read_columns(path: Path, columns: int, what: str) -> list[list[float]]:
    """Rows of numbers by the rules of the program's column reader; a column never reached is NaN.

    Delimiters are blank, tab and , ; : ! ; there are no comments (a word reads as 0). Only a lone newline
    ends a line, so a last line without one stores one more column of 0.
    """
    text = read_bytes(path, what).decode("latin-1")
    lines = re.findall(r"[^\n]*\n|[^\n]+$", text)
    return [_columns(line.lstrip(_DELIMITERS), columns) for line in lines if line.strip(_DELIMITERS + "\n")]


def _columns(line: str, columns: int) -> list[float]:
    row = [float("nan")] * columns
    place = 0
    for column in range(columns):
        row[column] = c_float(line[place:])
        if place >= len(line):
            break
        place = _after(line, place, _SKIPPED)
        if line[place : place + 1] != "\n":
            while place < len(line) and line[place] not in _DELIMITERS:
                place += 1
            place = _after(line, place, _DELIMITERS)
        if line[place : place + 1] == "\n":
            break
    return row


def _after(line: str, place: int, characters: str) -> int:
    """The first place from `place` on that holds none of `characters`."""
    while place < len(line) and line[place] in characters:
        place += 1
    return place


def smv_header(values: dict[str, float | str]) -> bytes:
    """512 bytes of SMV header from its lines in order, cut if they are more; DIALS_ORIGIN has no semicolon."""
    text = "{\n"
    for key, value in values.items():
        shown = value if isinstance(value, str) else g(value)
        text += f"{key}={shown}{'' if key == 'DIALS_ORIGIN' else ';'}\n"
    return (text + "}\f").encode("latin-1")[:511].ljust(512, b" ")


def smv_image(header: bytes, counts: np.ndarray) -> bytes:
    """An SMV file: header and little-endian unsigned 16-bit words, row by row."""
    return header + counts.astype("<u2").tobytes()


def pgm_image(grey: np.ndarray, scale: float) -> bytes:
    """A binary PGM of uint8 `grey` (slow, fast), with the scale in its comment."""
    slow, fast = grey.shape
    return f"P5\n{fast} {slow}\n# pixels scaled by {g(scale)}\n255\n".encode() + grey.tobytes()
