"""Writing a store (store.py): block by block, the seal last."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .model import Setup
from .store import TILE, Array, Column, Pixels, is_store, key, zarr_library
from .store_sums import FORMAT, KIND, fail, manifest_sum, pixels_sum, summing


def whole_image(shape: tuple[int, int]) -> Pixels:
    """Every pixel of an image (slow, fast), row by row: n x 2."""
    slow, fast = np.divmod(np.arange(shape[0] * shape[1], dtype=np.int64), shape[1])
    return np.stack([slow, fast], axis=1)


def tile_for(columns: Sequence[Column]) -> int:
    """Pixels in a tile: few where a pixel has many records, so that the writer's memory stays bounded."""
    size = sum(c.width * c.occurrences for c in columns)
    return max(64, min(TILE, (1 << 24) // max(1, size)))


class StoreWriter:
    """Writes a store block by block, in the order of `pixels`; use it as a context manager, or call close().

    `shape` is the image's (slow, fast). `columns` says what is coming. Blocks may have any length: whole
    tiles are written as soon as they are there, so memory stays at one tile per column. Leaving the block
    by an exception leaves the store without its seal. `fresh` replaces a store that is there already. `setup` is what
    the run said outside its records: formulas read it.
    """

    def __init__(
        self,
        path: str | Path,
        shape: tuple[int, int],
        columns: Sequence[Column],
        pixels: Pixels | None = None,
        facts: Mapping[str, str] | None = None,
        *,
        tile: int = TILE,
        compress: bool = False,
        fresh: bool = False,
        setup: Setup | None = None,
    ) -> None:
        self.path, self.shape, self.columns = Path(path), shape, tuple(columns)
        self.setup = setup or Setup()
        self.pixels = whole_image(shape) if pixels is None else np.asarray(pixels, dtype=np.int64).reshape(-1, 2)
        self.facts, self.run = dict(facts or {}), dict[str, list[list[float]]]()
        self.words = dict[str, set[str]]()
        """Columns of words (store_words.py), with all of them."""
        self._tile, self._done, self._waiting = tile, 0, list[dict[str, Array]]()
        self._held = 0
        self._sums = dict.fromkeys((c.name for c in self.columns), 0)
        self._arrays: dict[str, Any] = {}
        self._create(compress, fresh)

    def _create(self, compress: bool, fresh: bool) -> None:
        zarr = zarr_library()
        if fresh and is_store(self.path):
            shutil.rmtree(self.path)
        if is_store(self.path):
            fail("store-exists", f"{self.path} exists already", "Give another path, or remove it first.")
        writable(self.path)
        group = zarr.open_group(str(self.path), mode="w", zarr_format=3)
        count = len(self.pixels)
        group.create_array("pixels", data=self.pixels.astype(np.int32))
        columns = group.create_group("columns")
        for column in self.columns:
            self._arrays[column.name] = columns.create_array(
                key(column.name),
                shape=(count, column.occurrences, column.width),
                chunks=(min(self._tile, max(1, count)), column.occurrences, column.width),
                dtype="float64",
                compressors="auto" if compress else None,
                fill_value=float("nan"),
                config={"write_empty_chunks": True},  # a tile of missing values looks empty, and is not
            )
        group.attrs["firstbad"] = self._manifest(sealed=False)

    def _manifest(self, *, sealed: bool) -> dict[str, Any]:
        said = {
            "format": FORMAT,
            "sealed": sealed,
            "shape": list(self.shape),
            "pixels": len(self.pixels),
            "columns": [
                {"name": c.name, "width": c.width, "occurrences": c.occurrences, KIND: f"{self._sums[c.name]:08x}"}
                for c in self.columns
            ],
            "facts": self.facts,
            "run": self.run,
            "setup": asdict(self.setup),
            **({"words": {name: sorted(texts) for name, texts in self.words.items()}} if self.words else {}),
            f"pixels_{KIND}": pixels_sum(self.pixels),
        }
        return {**said, "crc32": manifest_sum(said)}

    def append(self, values: Mapping[str, Any]) -> None:
        """The next block of pixels: for each column n, n x width or n x occurrences x width values.

        FirstbadError `store-block` where a column is lacking, unknown, or of another size.
        """
        names = {c.name for c in self.columns}
        odd = ", ".join(sorted(set(values) ^ names))
        if odd:
            fail("store-block", f"A block must hold every column and no other: {odd}", "Declare the columns first.")
        block = {c.name: _shaped(c, values[c.name]) for c in self.columns}
        sizes = {len(v) for v in block.values()}
        if len(sizes) != 1 or self._done + self._held + max(sizes) > len(self.pixels):
            fail("store-block", f"A block has columns of {sorted(sizes)} pixels", "All columns need the same pixels.")
        self._waiting.append(block)
        self._held += sizes.pop()
        while self._held >= self._tile:
            self._flush(self._tile)

    def _flush(self, count: int) -> None:
        """Write the first `count` waiting pixels of each column, which fill a tile or are the last."""
        carry_on = summing(KIND)
        for column in self.columns:
            held = np.concatenate([block[column.name] for block in self._waiting])
            part = np.ascontiguousarray(held[:count])
            self._arrays[column.name][self._done : self._done + count] = part
            self._sums[column.name] = carry_on(part, self._sums[column.name])
            self._waiting[0][column.name] = held[count:]
        self._waiting = self._waiting[:1]
        self._done += count
        self._held -= count

    def close(self) -> None:
        """Write what waits and the seal. FirstbadError `store-incomplete` where pixels are lacking."""
        if self._held:
            self._flush(self._held)
        if self._done != len(self.pixels):
            fail(
                "store-incomplete",
                f"{self.path} has values of {self._done} of {len(self.pixels)} pixels, so it is not sealed",
                "Run the simulation to its end.",
            )
        zarr = zarr_library()
        zarr.open_group(str(self.path), mode="r+").attrs["firstbad"] = self._manifest(sealed=True)
        with warnings.catch_warnings():  # that other libraries may pass it over: they find the arrays one by one
            warnings.simplefilter("ignore")
            zarr.consolidate_metadata(str(self.path))

    def __enter__(self) -> StoreWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()


def writable(path: Path) -> None:
    """FirstbadError `store-exists` where something lies there that is no store of ours."""
    if path.exists() and not is_store(path) and any(path.iterdir() if path.is_dir() else [path]):
        fail("store-exists", f"{path} exists already", "Give another path, or remove it first.")


def _shaped(column: Column, values: Any) -> Array:
    array = np.asarray(values, dtype=np.float64)
    wanted = (column.occurrences, column.width)
    if array.ndim == 3 and array.shape[1:] == wanted:
        return array
    if array.size % (wanted[0] * wanted[1]) or array.ndim not in (1, 2):
        fail(
            "store-block",
            f"Column {column.name} holds {wanted[0]} x {wanted[1]} values a pixel, a block of {array.shape} came",
            "Declare the column with its size.",
        )
    return array.reshape(-1, *wanted)
