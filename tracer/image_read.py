"""Read a detector image from the formats that simulators and beamlines write.

An image is a numpy array, slow x fast, of floating numbers. NaN is not an error here: an image that holds NaN
is a result, and the verdict says so. `finite=True` asks for the error instead.
"""

from __future__ import annotations

import re
import warnings
from importlib import import_module
from math import isqrt
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from .errors import FirstbadError
from .image_words import counted, first_of

Image = NDArray[np.floating[Any]]
NPY_MAGIC = b"\x93NUMPY"
RAW_SUFFIXES = (".bin", ".raw", ".f32")
SUFFIXES = (*RAW_SUFFIXES, ".npy", ".img", ".smv", ".cbf", ".edf", ".tif", ".tiff", ".pgm")
_TABLE = re.compile(rb"(?:[ \t]*(?:#[^\n]*|[-+0-9.eEdDnNaAiIfF, \t]*)\r?\n)+[-+0-9.eEdDnNaAiIfF, \t\r]*(?:#[^\n]*)?")
"""How a table of numbers starts, one row of the image on a line; four kilobytes of floats never look like that."""


def read_image(path: str | Path, shape: tuple[int, int] | None = None, *, finite: bool = False) -> Image:
    """The image at `path` as floats, slow x fast; `shape` = (slow, fast) is what it must be.

    `.npy` and tables of numbers in text (numpy.savetxt; spaces or commas), both recognised by how they begin; raw
    little-endian float32 (`.bin`, `.raw`, `.f32`; square unless `shape` is given), and through fabio whatever it
    reads: SMV, CBF, EDF, TIFF, PGM … Integers become float64. FirstbadError: missing, unreadable, empty, not
    two-dimensional, of another size, or (with `finite`) not finite.
    """
    path = Path(path)
    image = _as_image(path, _load(path, shape))
    if shape is not None and image.shape != tuple(shape):
        _fail(
            "image-size",
            f"{path} is {_size(image.shape)}, not {_size(shape)}",
            "Give the size it has (slow x fast), or the file that was meant.",
        )
    broken = ~np.isfinite(image)
    if finite and broken.any():
        many = counted(int(broken.sum()), "pixel that is", "pixels that are")
        _fail(
            "image-not-finite",
            f"{path} holds {many} NaN or infinite, {first_of(broken)}",
            "Trace one of these pixels to see where it starts.",
        )
    return image


def read_pair(reference: Path, candidate: Path, shape: tuple[int, int] | None = None) -> tuple[Image, Image]:
    """Two images that belong together: a raw one has no header, and where its size fits it is shaped as the first."""
    first = read_image(reference, shape)
    slow, fast = first.shape
    raw = candidate.suffix.lower() in RAW_SUFFIXES and candidate.is_file()
    fits = raw and candidate.stat().st_size == 4 * slow * fast
    return first, read_image(candidate, shape or ((slow, fast) if fits else None))


def is_image(path: Path) -> bool:
    """Whether a file is meant as an image: by its name, or by how it begins. Where TRACE is in it, it is a trace."""
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    if b"TRACE" in head:
        return False
    return path.suffix.lower() in SUFFIXES or head.startswith(NPY_MAGIC) or bool(head and _TABLE.fullmatch(head))


def _load(path: Path, shape: tuple[int, int] | None) -> Any:
    head = _head(path)
    if head.startswith(NPY_MAGIC):
        return _load_npy(path)
    if _TABLE.fullmatch(head):
        return _load_table(path, b"," in head)
    if path.suffix.lower() == ".npy":
        _fail("image-unreadable", f"{path} is no NumPy array", "Write it again with numpy.save.")
    if path.suffix.lower() in RAW_SUFFIXES:
        return _load_raw(path, shape)
    return _load_fabio(path)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError:
        _fail("image-missing", f"There is no image {path}", "Check the path and that the run wrote it.")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        _fail("image-unreadable", f"{path} cannot be read: {reason}", "Check that it is a readable file.")
    if not head:
        _fail("image-empty", f"{path} is empty", "The run that should have written it ended early: see its log.")
    return head


def _load_npy(path: Path) -> Any:
    try:
        return np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError, SyntaxError) as error:
        _fail("image-unreadable", f"{path} cannot be read: {_line(error)}", "Write it again with numpy.save.")


def _load_table(path: Path, commas: bool) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a file of comments alone: the empty array is refused as such
            return np.loadtxt(path, ndmin=2, delimiter="," if commas else None)
    except (OSError, ValueError) as error:
        _fail(
            "image-unreadable", f"{path} is no table of numbers: {_line(error)}", "Write one row of pixels on a line."
        )


def _load_raw(path: Path, shape: tuple[int, int] | None) -> Any:
    size = path.stat().st_size
    count, rest = divmod(size, 4)
    if rest:
        _fail(
            "image-size",
            f"{path} holds {size} bytes, no whole number of 4-byte floats",
            "It was cut or is in another format.",
        )
    side = isqrt(count)
    if shape is None and side * side != count:
        _fail(
            "image-shape-unknown",
            f"{path} holds {count} floats, which is no square image",
            "Say shape = [slow, fast] in the case of firstbad.toml, or write a .npy file.",
        )
    slow, fast = shape if shape is not None else (side, side)
    if slow < 1 or fast < 1 or slow * fast != count:
        _fail(
            "image-size",
            f"{path} holds {count} floats, {slow} x {fast} would need {slow * fast}",
            "Give the size it has (slow x fast), or the file that was meant.",
        )
    return np.fromfile(path, dtype="<f4").reshape(slow, fast)


def _load_fabio(path: Path) -> Any:
    try:
        fabio: Any = import_module("fabio")
    except ImportError:
        _fail(
            "image-format",
            f"{path} is neither a NumPy array nor raw float32, and fabio (for other formats) is missing",
            "Install it with: pip install 'firstbad[sim]'.",
        )
    try:
        with _Quiet():
            return fabio.open(str(path)).data
    except Exception as error:  # fabio raises whatever its readers meet
        _fail(
            "image-unreadable",
            f"fabio cannot read {path}: {_line(error)}",
            "Give a .npy, raw float32 (.bin), SMV or CBF image.",
        )


class _Quiet:
    """fabio logs a traceback for a file that it does not know; ours is one sentence."""

    def __enter__(self) -> None:
        import logging

        self._logger = logging.getLogger("fabio")
        self._before = self._logger.level
        self._logger.setLevel(logging.CRITICAL + 1)

    def __exit__(self, *_: object) -> None:
        self._logger.setLevel(self._before)


def _as_image(path: Path, data: Any) -> Image:
    array = np.asarray(data)
    if array.dtype.kind not in "fiub":
        _fail(
            "image-not-numeric",
            f"{path} holds {array.dtype}, not real numbers",
            "Save the intensities themselves.",
        )
    if array.ndim != 2:
        _fail("image-not-2d", f"{path} has {array.ndim} dimensions, not 2", "Save one image, slow x fast.")
    if array.size == 0:
        _fail(
            "image-empty",
            f"{path} is {_size(array.shape)}: no pixel",
            "See the log of the run that wrote it.",
        )
    if array.dtype.kind != "f":
        return array.astype(np.float64)
    return array if array.dtype.isnative else array.astype(array.dtype.newbyteorder("="))


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)


def _line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0].rstrip(".") if text else type(error).__name__


def _fail(slug: str, message: str, remedy: str) -> NoReturn:
    raise FirstbadError(message, remedy=remedy, slug=slug) from None
