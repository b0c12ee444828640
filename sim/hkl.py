"""Structure factors: text, the Fdump.bin cache, MTZ and CIF, to a dense grid of amplitudes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..tracer.errors import FirstbadError
from .formats import read_bytes
from .numbers import c_float, g

_WHITE = b"\t\n\v\f\r "


@dataclass(frozen=True, slots=True)
class Amplitudes:
    """A dense block of structure-factor amplitudes |F|.

    `grid` has one plane more along each axis than there are indices (zero, never looked up), float64;
    `given` marks what the file named; `low` is the index of grid[0, 0, 0]; `count` what the program
    prints as the number of stored reflections; `notes` its warnings about fractional indices; `unused`
    how many entries of a text the second pass did not reach.
    """

    low: tuple[int, int, int]
    grid: np.ndarray
    given: np.ndarray
    count: int
    notes: tuple[str, ...] = ()
    unused: int = 0

    @property
    def high(self) -> tuple[int, int, int]:
        """The largest index on each axis."""
        size = self.grid.shape
        return (self.low[0] + size[0] - 2, self.low[1] + size[1] - 2, self.low[2] + size[2] - 2)


def read_text(path: Path, default_F: float) -> Amplitudes:
    """Two passes over whitespace-separated h k l F, as the real program makes them.

    The first reads reals and finds the limits; the second reads integers and ends at the first index that
    is no integer ("1.0" ends it): whatever follows is lost.
    """
    text = read_bytes(path, "the structure-factor file").decode("latin-1")
    rows = [tuple(c_float(word) for word in row) for row in _scanned(_REALS, text)]
    if not rows:
        raise FirstbadError(
            f"{path} does not begin with four numbers h k l F",
            remedy="Remove the header line; there is no comment syntax.",
            slug="no-structure-factors",
        )
    wild = next((index for row in rows for index in row[:3] if not abs(index) < _WILD), None)
    if wild is not None:
        raise FirstbadError(
            f"{path} holds the Miller index {wild:g}",
            remedy="The file is damaged, or its columns are not h k l F; write four columns.",
            slug="bad-structure-factors",
        )
    notes = tuple(
        f"non-integer Miller index {g(value)}" for row in rows for value in row[:3] if value != math.ceil(value - 0.4)
    )
    low, high = _limits(rows)
    grid, given = empty_grid(path, low, high)
    if default_F != 0:
        grid[:-1, :-1, :-1] = default_F
    entries = [(tuple(int(word) for word in row[:3]), c_float(row[3])) for row in _scanned(_INTEGERS, text)]
    for index, value in entries:
        place = tuple(i - a for i, a in zip(index, low, strict=True))
        if all(0 <= p < n - 1 for p, n in zip(place, grid.shape, strict=True)):
            grid[place], given[place] = value, True
    return Amplitudes(low, grid, given, len(rows), notes, unused=len(rows) - len(entries))


_WILD = 1e6
"""Miller indices from here on are damage."""
_REAL = (
    r"\s*+((?>[+-]?(?:0[xX][0-9a-fA-F]+|(?>\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?+(?![eE])"
    r"|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN])))"
)
_REALS = re.compile(_REAL * 4, re.ASCII)
_INTEGERS = re.compile(r"\s*+([+-]?\d++)" * 3 + _REAL, re.ASCII)


def _scanned(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, ...]]:
    """Four numbers at a time from the start of `text` until that fails, as C's scanf takes them.

    A number ends where the next character does not belong to it, and the next begins there: an l of 1.0 is an
    integer 1, and the .0 that follows is the amplitude.
    """
    place = 0
    while (match := pattern.match(text, place)) is not None:
        yield match.groups()
        place = match.end()


def empty_grid(path: Path, low: Sequence[int], high: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Zeros for indices from `low` to `high` with a pad plane on top of each axis, and as many False."""
    size = tuple(int(b) - int(a) + 2 for a, b in zip(low, high, strict=True))
    if min(size) < 2 or math.prod(size) > _LARGEST:
        raise FirstbadError(
            f"{path} spans {' x '.join(str(n - 1) for n in size)} Miller indices",
            remedy="The file is damaged: look at its largest and smallest index.",
            slug="bad-structure-factors",
        )
    return np.zeros(size), np.zeros(size, dtype=bool)


_LARGEST = 1 << 30
"""Entries of a grid (8 GiB) above which a file is taken to be damaged."""


def _limits(rows: list[tuple[float, ...]]) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Smallest and largest truncated index on each axis."""
    indices = np.trunc(np.array([row[:3] for row in rows])).astype(int)
    low, high = indices.min(0), indices.max(0)
    return (int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2]))


def read_cache(path: Path) -> Amplitudes:
    """The Fdump.bin cache: six integers, a form feed, then native doubles, the fastest axis l.

    Any white-space byte after the header is skipped, also where it belongs to the first number.
    """
    content = read_bytes(path, "the structure-factor cache")
    match = re.match(rb"\s*([+-]?\d+)\s+([+-]?\d+)\s+([+-]?\d+)\s+([+-]?\d+)\s+([+-]?\d+)\s+([+-]?\d+)", content)
    if match is None:
        raise FirstbadError(
            f"{path} is no structure-factor cache",
            remedy="Delete it; it was picked up because -hkl is absent.",
            slug="bad-cache",
        )
    limits = [int(word) for word in match.groups()]
    low = (limits[0], limits[2], limits[4])
    grid, _ = empty_grid(path, low, limits[1::2])
    start = match.end()
    while start < len(content) and content[start] in _WHITE:
        start += 1
    read = np.frombuffer(content[start : start + 8 * ((len(content) - start) // 8)], dtype="=f8")[: grid.size]
    grid.reshape(-1)[: read.size] = read
    size = grid.shape
    return Amplitudes(
        low, grid, np.ones(size, dtype=bool), math.prod(n - 1 for n in size), unused=grid.size - read.size
    )


def cache_bytes(amplitudes: Amplitudes) -> bytes:
    """The bytes of the cache file for a grid that was read from text."""
    limits = [n for pair in zip(amplitudes.low, amplitudes.high, strict=True) for n in pair]
    head = " ".join(str(n) for n in limits) + "\n\f"
    return head.encode() + amplitudes.grid.astype("=f8").tobytes()


def read_crystallographic(path: Path, default_F: float) -> Amplitudes:
    """Amplitudes from MTZ or (mm)CIF through gemmi, expanded to P1 with Friedel mates.

    The first column of amplitude type is used (MTZ type F; CIF F_meas_au, F_meas, F_calc_au, F_calc).
    """
    try:
        import gemmi
    except ImportError as error:
        raise FirstbadError(f"reading {path} needs gemmi", remedy="Install firstbad[sim].", slug="no-gemmi") from error
    try:
        if path.suffix.lower() == ".mtz":
            mtz = gemmi.read_mtz_file(str(path))
            column = next(c for c in mtz.columns if c.type == "F")
            group, indices, values = mtz.spacegroup, mtz.make_miller_array(), np.array(column.array)
        else:
            block = gemmi.as_refln_blocks(gemmi.cif.read(str(path)))[0]
            labels = block.column_labels()
            label = next(n for n in ("F_meas_au", "F_meas", "F_calc_au", "F_calc", "pdbx_F_plus") if n in labels)
            group, indices = block.spacegroup, block.make_miller_array()
            values = np.array(block.make_float_array(label))
    except (RuntimeError, OSError, ValueError, IndexError, StopIteration) as error:
        raise FirstbadError(
            f"{path} holds no amplitudes that gemmi can read",
            remedy="Give an MTZ with a column of type F, or a CIF with F_meas or F_calc.",
            slug="no-structure-factors",
        ) from error
    operations = group.operations() if group is not None else gemmi.GroupOps([gemmi.Op("x,y,z")])
    full = _expanded(indices, values, operations)
    if not full:
        raise FirstbadError(
            f"{path} names amplitudes, but none of them has a value",
            remedy="Check which columns the file holds.",
            slug="no-structure-factors",
        )
    return _dense(path, full, default_F)


def _expanded(indices: np.ndarray, values: np.ndarray, operations: object) -> dict[tuple[int, int, int], float]:
    """Every symmetry mate and Friedel mate of each finite amplitude."""
    full: dict[tuple[int, int, int], float] = {}
    for hkl, amplitude in zip(indices.tolist(), values.tolist(), strict=True):
        if not math.isfinite(amplitude):
            continue
        for operation in operations.sym_ops:  # type: ignore[attr-defined]
            h, k, l = operation.apply_to_hkl(hkl)  # noqa: E741
            full[(h, k, l)] = full[(-h, -k, -l)] = amplitude
    return full


def _dense(path: Path, full: dict[tuple[int, int, int], float], default_F: float) -> Amplitudes:
    indices = np.array(list(full)).reshape(-1, 3)
    low, high = (tuple(int(n) for n in edge) for edge in (indices.min(0), indices.max(0)))
    grid, given = empty_grid(path, low, high)
    grid[:-1, :-1, :-1] = default_F
    places = tuple((indices - low).T)
    grid[places], given[places] = list(full.values()), True
    return Amplitudes((low[0], low[1], low[2]), grid, given, len(full))


def load(path: Path, default_F: float) -> Amplitudes:
    """Structure factors from any supported file, by its name."""
    if path.suffix.lower() in (".mtz", ".cif", ".mmcif"):
        read_bytes(path, "the structure-factor file")
        return read_crystallographic(path, default_F)
    return read_text(path, default_F)
