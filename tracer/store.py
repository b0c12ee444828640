"""Traces of many pixels in a Zarr store: one column per quantity, cut into tiles of pixels, sealed when
complete.

A column is an array of float64, pixels x occurrences x components; pixels stand in the order of
`Store.pixels`. A value that a pixel does not have (a skipped step) is MISSING, a NaN with a payload of its
own, so that it is never taken for a NaN that a program computed. The manifest lies in the group's
attributes; a store without its seal is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from os import fstat
from pathlib import Path
from sys import byteorder
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model import Input, Manifest, Record, Setup, Trace
from .store_sums import AGAIN, FORMAT, FORMATS, KIND, Reading, Room, fail, is_whole
from .store_words import Vocabulary, spoken, vocabulary

Array = NDArray[np.float64]
Pixels = NDArray[np.int64]
TILE = 1 << 18
MISSING_BITS = 0x7FF8_0000_F1B5_7BAD
MISSING = np.array([MISSING_BITS], dtype=np.uint64).view(np.float64)[0]


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity of a store: `width` components, at most `occurrences` records at a pixel."""

    name: str
    width: int = 1
    occurrences: int = 1


def is_missing(values: Array) -> NDArray[np.bool_]:
    """Where a value is missing (and not merely NaN)."""
    return np.ascontiguousarray(values).view(np.uint64) == MISSING_BITS


def zarr_library() -> Any:
    """The zarr package, or a sentence that says how to get it."""
    try:
        return import_module("zarr")
    except ImportError:
        fail(
            "store-needs-zarr",
            "Traces of many pixels need zarr, which is not installed",
            "pip install 'firstbad[store]'.",
        )


@dataclass(frozen=True)
class Store:
    """A sealed store, read lazily. `run` holds values that belong to the whole run; the rest is per pixel."""

    path: Path
    shape: tuple[int, int]
    pixels: Pixels
    columns: tuple[Column, ...]
    facts: Mapping[str, str]
    run: Mapping[str, Any]
    sums: Mapping[str, str]
    arrays: Mapping[str, Any]
    tile: int
    plain: frozenset[str] = frozenset()
    setup: Setup = field(default_factory=Setup)
    kind: str = KIND
    """Of the sums."""
    words: Vocabulary = field(default_factory=dict[str, Mapping[float, str]])
    """Columns that hold words, with what their numbers stand for."""

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The files that the run read, where the facts say that they are told."""
        return self.setup.inputs

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in the order in which the program computed them."""
        return tuple(c.name for c in self.columns)

    def read(self, name: str, start: int = 0, stop: int | None = None, room: Room = np.empty) -> Array:
        """Values of pixels start..stop-1 of a column: n x occurrences x width. `room` may lend the memory for them."""
        stop = len(self) if stop is None else stop
        first = start // self.tile
        if name in self.plain and stop - first * self.tile <= self.tile:
            found = self._tile(name, first, start - first * self.tile, stop - first * self.tile, room)
            if found is not None:
                return found
        try:
            return np.asarray(self.arrays[name][start:stop], dtype=np.float64)
        except Exception as error:  # zarr raises errors of many kinds for a file that is not what it was
            reason = type(error).__name__
            fail("store-damaged", f"Column {name} of {self.path} cannot be read ({reason})", AGAIN)

    def _tile(self, name: str, number: int, start: int, stop: int, room: Room) -> Array | None:
        """Some pixels of an uncompressed tile straight from its file: four times as fast as through the library."""
        sizes = self.arrays[name].shape[1:]
        row = sizes[0] * sizes[1]
        try:
            with (self.path / f"columns/{key(name)}/c/{number}/0/0").open("rb", buffering=0) as file:
                if fstat(file.fileno()).st_size != 8 * self.tile * row:
                    return None
                found = room((stop - start, *sizes))
                file.seek(8 * start * row)
                return found if file.readinto(found.data) == found.nbytes else None
        except OSError:
            return None

    def index(self, slow: int, fast: int) -> int:
        """Where the pixel stands in `pixels`. FirstbadError `store-pixel` where it was not traced."""
        found = np.flatnonzero((self.pixels[:, 0] == slow) & (self.pixels[:, 1] == fast))
        if not found.size:
            fail("store-pixel", f"{self.path} has no pixel {slow} {fast}", "Trace that pixel, or choose another one.")
        return int(found[0])

    def trace(self, slow: int, fast: int) -> Trace:
        """One pixel as a trace: what diff.compare takes. As a program prints it: place by place, what is once last."""
        at = self.index(slow, fast)
        records: list[Record] = []
        for name, rows in self.run.items():
            records += [_record(name, np.asarray(row, dtype=np.float64), i) for i, row in enumerate(rows)]
        nested: list[tuple[float, Record]] = []
        last = max((n for n, c in enumerate(self.columns) if c.occurrences > 1), default=len(self.columns))
        for number, column in enumerate(self.columns):
            rows = self.read(column.name, at, at + 1)[0]
            present = rows[~is_missing(rows).any(axis=1)]
            for i, row in enumerate(present):
                record = _record(column.name, row, i, self.words.get(column.name, {}))
                nested.append((i / len(present) if number <= last else 1.0, record))
        nested.sort(key=lambda pair: pair[0])  # of one place in the order of the columns
        found = (*records, *(record for _, record in nested))
        name, folder = f"{self.path.name} pixel {slow} {fast}", str(self.path.parent)
        manifest = Manifest({**self.facts, "pixel": f"{slow},{fast}"}, len(found))
        return Trace(found, name, manifest, plain=self.setup.plain, inputs=self.inputs, folder=folder)

    def verify(self) -> None:
        """Read everything and check the sums. FirstbadError `store-damaged` where one disagrees."""
        reading = Reading(self)
        for column in self.columns:
            for start in range(0, len(self), self.tile):
                reading.read(column.name, start, min(len(self), start + self.tile))
        reading.done()


def is_store(path: str | Path) -> bool:
    """Whether a store of ours lies there, sealed or not; looks at its attributes only, without zarr."""
    try:
        return '"firstbad"' in (Path(path) / "zarr.json").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def open_store(path: str | Path) -> Store:
    """Open a store for reading. FirstbadError: missing, no store, another version, or without its seal."""
    zarr = zarr_library()
    path = Path(path)
    if not path.exists():
        fail("store-missing", f"There is no store {path}", "Check the path.")
    try:
        group = zarr.open_group(str(path), mode="r")
        manifest: Any = group.attrs["firstbad"]
        kind, sealed = manifest["format"], manifest["sealed"]
    except Exception as error:  # zarr raises errors of many kinds for a folder that is none of its own
        reason = type(error).__name__
        fail(
            "store-unreadable",
            f"{path} is no firstbad store ({reason})",
            "Give the folder that `firstbad trace` wrote.",
        )
    if kind not in FORMATS:
        fail("store-version", f"{path} has the format {kind}, not {FORMAT}", "Read it with the version that wrote it.")
    if not sealed:
        fail("store-incomplete", f"{path} was never sealed: its writer stopped early", "Run the tracing again.")
    try:
        with np.errstate(invalid="ignore"):  # places that are no numbers are refused below
            store = _opened(path, group, manifest)
        whole = is_whole(store, manifest)
    except Exception as error:
        fail("store-damaged", f"{path} cannot be read ({type(error).__name__})", AGAIN)
    if not whole:
        fail("store-damaged", f"The attributes or the pixels of {path} were changed", AGAIN)
    return store


def _opened(path: Path, group: Any, manifest: Any) -> Store:
    columns = tuple(Column(c["name"], c["width"], c["occurrences"]) for c in manifest["columns"])
    there = dict(group["columns"].arrays()) if columns else {}  # at once: one by one takes longer than reading them
    arrays = {c.name: there[key(c.name)] for c in columns}
    pixels = np.asarray(group["pixels"][:], dtype=np.int64)
    kind = FORMATS[manifest["format"]]
    tile = min((a.chunks[0] for a in arrays.values()), default=TILE)
    return Store(
        path,
        (manifest["shape"][0], manifest["shape"][1]),
        pixels,
        columns,
        MappingProxyType(dict(manifest["facts"])),
        MappingProxyType(dict(manifest["run"])),
        MappingProxyType({c["name"]: c[kind] for c in manifest["columns"]}),
        MappingProxyType(arrays),
        int(tile),
        frozenset(name for name, array in arrays.items() if _is_plain(array, int(tile))),
        _setup(manifest.get("setup", {})),
        kind,
        vocabulary(manifest.get("words", {})),
    )


def _setup(said: Mapping[str, Any]) -> Setup:
    """Of a store that was written before this was kept: nothing."""
    return Setup(tuple(said.get("plain", ())), tuple(Input(**one) for one in said.get("inputs", ())))


def _is_plain(array: Any, tile: int) -> bool:
    """Whether a tile's file holds the doubles themselves as this machine has them, one tile a file."""
    kind = array.metadata
    codecs = [codec.to_dict() for codec in kind.codecs]
    little = [{"name": "bytes", "configuration": {"endian": "little"}}]
    whole = array.chunks[0] == tile and array.chunks[1:] == array.shape[1:]
    return (
        byteorder == "little" and codecs == little and whole and kind.chunk_key_encoding.to_dict()["name"] == "default"
    )


def key(name: str) -> str:
    """A file name for a quantity: sections use a slash."""
    return name.replace("%", "%25").replace("/", "%2F").replace("\\", "%5C")


def _record(name: str, row: Array, occurrence: int, words: Mapping[float, str] = MappingProxyType({})) -> Record:
    values = tuple(float(v) for v in row)
    if (text := words.get(values[0])) is not None:
        said, tokens = spoken(text)
        return Record(name, said, tokens, () if len(said) == 1 else (len(said),), occurrence=occurrence, prefix="STORE")
    shape = {1: (), 9: (3, 3)}.get(len(values), (len(values),))
    return Record(name, values, tuple(f"{v:.17g}" for v in values), shape, occurrence=occurrence, prefix="STORE")
