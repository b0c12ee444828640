"""Structure factors: text, the Fdump.bin cache, MTZ and CIF, to a dense grid of amplitudes."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..tracer.errors import FirstbadError
from .formats import read_bytes

_WHITE = b"\t\n\v\f\r "


@dataclass(frozen=True, slots=True)
class Amplitudes:
    """A dense block of structure-factor amplitudes |F|.

    `grid` has one plane more along each axis than there are indices (zero, never looked up), float64;
    `given` marks what the file named; `low` is the index of grid[0, 0, 0]; `count` what the program
    prints as the number of stored reflections; `notes` its warnings about fractional indices.
    """

    low: tuple[int, int, int]
    grid: np.ndarray
    given: np.ndarray
    count: int
    notes: tuple[str, ...] = ()

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
    words = read_bytes(path, "the structure-factor file").decode("latin-1").split()
    rows = _real_rows(words)
    if not rows:
        raise FirstbadError(
            f"{path} does not begin with four numbers h k l F",
            remedy="Remove the header line; there is no comment syntax.",
            slug="no-structure-factors",
        )
    notes = tuple(
        f"non-integer value for {axis} ({value:g}) at line {number}"
        for number, row in enumerate(rows)
        for axis, value in zip("hkl", row[:3], strict=True)
        if value != math.ceil(value - 0.4)
    )
    low, high = _limits(rows)
    size = tuple(b - a + 2 for a, b in zip(low, high, strict=True))
    grid, given = np.zeros(size), np.zeros(size, dtype=bool)
    if default_F != 0:
        grid[:-1, :-1, :-1] = default_F
    for index, value in _integer_rows(words):
        place = tuple(i - a for i, a in zip(index, low, strict=True))
        if all(0 <= p < s for p, s in zip(place, size, strict=True)):
            grid[place], given[place] = value, True
    return Amplitudes(low, grid, given, len(rows), notes)


_REAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$|[+-]?(?:inf|nan)$", re.IGNORECASE)


def _real_rows(words: list[str]) -> list[tuple[float, ...]]:
    rows: list[tuple[float, ...]] = []
    for start in range(0, len(words) - 3, 4):
        four = words[start : start + 4]
        if not all(_REAL.match(word) for word in four):
            break
        rows.append(tuple(float(word) for word in four))
    return rows


def _integer_rows(words: list[str]) -> list[tuple[tuple[int, int, int], float]]:
    rows: list[tuple[tuple[int, int, int], float]] = []
    for start in range(0, len(words) - 3, 4):
        h, k, l, amplitude = words[start : start + 4]  # noqa: E741  l is the index's name
        if not all(re.fullmatch(r"[+-]?\d+", word) for word in (h, k, l)) or not _REAL.match(amplitude):
            break
        rows.append(((int(h), int(k), int(l)), float(amplitude)))
    return rows


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
    size = tuple(high - a + 2 for a, high in zip(low, limits[1::2], strict=True))
    start = match.end()
    while start < len(content) and content[start : start + 1] in [_WHITE[i : i + 1] for i in range(6)]:
        start += 1
    wanted = max(0, math.prod(size))
    data = np.zeros(wanted)
    read = np.frombuffer(content[start : start + 8 * ((len(content) - start) // 8)], dtype="=f8")[:wanted]
    data[: read.size] = read
    grid = data.reshape(size)
    return Amplitudes(low, grid, np.ones(size, dtype=bool), math.prod(s - 1 for s in size))


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
    return _dense(_expanded(indices, values, operations), default_F)


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


def _dense(full: dict[tuple[int, int, int], float], default_F: float) -> Amplitudes:
    indices = np.array(list(full))
    low, high = indices.min(0), indices.max(0)
    grid = np.zeros(high - low + 2)
    grid[:-1, :-1, :-1] = default_F
    given = np.zeros(grid.shape, dtype=bool)
    places = tuple((indices - low).T)
    grid[places], given[places] = list(full.values()), True
    return Amplitudes((int(low[0]), int(low[1]), int(low[2])), grid, given, len(full))


def load(path: Path, default_F: float) -> Amplitudes:
    """Structure factors from any supported file, by its name."""
    if path.suffix.lower() in (".mtz", ".cif", ".mmcif"):
        read_bytes(path, "the structure-factor file")
        return read_crystallographic(path, default_F)
    return read_text(path, default_F)
