"""Read the binary stream that trace.h writes (FirstbadStream) into a store, with bounded memory.

The stream is: "FBSTREAM", version, slow, fast and the number of names (4 bytes each, little endian); the
names, each with its length (2 bytes); records of slow, fast (4 bytes), quantity, count (2 bytes) and
`count` doubles; an end marker (quantity 0xffff), the number of records (8 bytes) and the CRC-32 over all
before the marker (4 bytes).

Programs write the same records for pixel after pixel. So a pixel's layout is learnt once, and as many
pixels as follow it are taken in one step; where one differs, its own layout is learnt. Two passes: the
first checks the seal and counts, the second writes.
"""

from __future__ import annotations

import struct
import zlib
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from .model import Setup
from .store import MISSING, Array, Column, Pixels
from .store_sums import fail
from .store_writer import StoreWriter, tile_for

MAGIC = b"FBSTREAM"
RUN = 0xFFFFFFFF
END = 0xFFFF
HEAD = struct.Struct("<IIHH")
TAIL = struct.Struct("<QI")
MARKER = HEAD.pack(RUN, RUN, END, 0)
BLOCK = 1 << 24
LARGE = 1 << 28
"""Pixels times quantities from which on a stream is read once more, to know that it is whole."""
Layout = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in front of the records."""

    shape: tuple[int, int]
    names: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One entry of the layout for n pixels: n slow, n fast, the quantity's number, n x width values."""

    slow: NDArray[np.uint32]
    fast: NDArray[np.uint32]
    quantity: int
    values: Array


@dataclass(slots=True)
class Survey:
    """What the first pass finds: pixels, and for each quantity its width and its most records at a pixel."""

    pixels: Pixels
    columns: tuple[Column, ...]
    run: dict[str, list[list[float]]]
    records: int
    shape: tuple[int, int]


def read_stream(
    path: str | Path, store: str | Path, facts: Mapping[str, str] | None = None, setup: Setup | None = None
) -> Survey:
    """Turn a finished stream into a store at `store`; gives what was found.

    FirstbadError: no stream, another version, cut, damaged (count or checksum), a quantity of changing width.
    """
    path = Path(path)
    with _open(path) as file:
        header = _header(path, file)
        survey = _survey(path, file, header)
        tile = tile_for(survey.columns)
        writer = StoreWriter(
            store, survey.shape, survey.columns, survey.pixels, facts, tile=tile, fresh=True, setup=setup
        )
        writer.run = survey.run
        _write(path, file, header, survey, writer)
        writer.close()
    return survey


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        fail("stream-missing", f"There is no stream {path}", "Check the path and that the run wrote it.")
    except OSError as error:
        fail("stream-unreadable", f"{path} cannot be read: {error.strerror}", "Check that it is a readable file.")


def _header(path: Path, file: BinaryIO) -> Header:
    head = file.read(24)
    if not head.startswith(MAGIC):
        fail("stream-unreadable", f"{path} is no trace stream", "Give the file that the instrumented program wrote.")
    if len(head) < 24:
        _cut(path)
    version, slow, fast, count = struct.unpack("<IIII", head[8:])
    if version != 1:
        fail("stream-version", f"{path} is a stream of version {version}, not 1", "Write it with this trace.h.")
    names: list[str] = []
    for _ in range(count):
        length = file.read(2)
        name = file.read(int.from_bytes(length, "little")) if len(length) == 2 else b""
        if not name:
            _cut(path)
        names.append(name.decode("utf-8", "replace"))
    return Header((slow, fast), tuple(names), file.tell())


def _cut(path: Path) -> Any:
    fail("stream-cut", f"{path} ends before its end marker: it was cut", "Run the program to its end.")


def _survey(path: Path, file: BinaryIO, header: Header) -> Survey:
    """First pass: every record counted, the seal checked."""
    shape = header.shape if 0 not in header.shape else _extent(path, file, header)
    if shape[0] * shape[1] * len(header.names) > LARGE:  # a damaged size must not fill the memory
        deque(_records(path, file, header).batches(), maxlen=0)
    reader = _records(path, file, header)
    counts = np.zeros((len(header.names), shape[0] * shape[1]), dtype=np.uint16)
    widths: dict[int, int] = {}
    for batch in reader.batches():
        if widths.setdefault(batch.quantity, batch.values.shape[1]) != batch.values.shape[1]:
            name = header.names[batch.quantity]
            message = f"{name} has {widths[batch.quantity]} values in one record of {path} and others elsewhere"
            fail("stream-width", message, "Give each quantity one width.")
        if batch.slow.max() >= shape[0] or batch.fast.max() >= shape[1]:
            fail("stream-damaged", f"{path} has a pixel outside its image", "Open the stream with the image's size.")
        at = batch.slow.astype(np.int64) * shape[1] + batch.fast
        if _rising(at):
            counts[batch.quantity, at] += 1
        else:
            np.add.at(counts[batch.quantity], at, 1)
    flat = np.flatnonzero(counts.any(axis=0)).astype(np.int64)
    most = counts.max(axis=1, initial=0)
    columns = [Column(header.names[q], width, int(most[q])) for q, width in sorted(widths.items())]
    run = {header.names[q]: rows for q, rows in reader.run.items()}
    pixels = np.stack(np.divmod(flat, max(1, shape[1])), axis=1)
    return Survey(pixels, tuple(columns), run, reader.records, shape)


def _extent(path: Path, file: BinaryIO, header: Header) -> tuple[int, int]:
    """The image's size where the stream does not say it: just large enough."""
    slow = fast = 0
    for batch in _records(path, file, header).batches():
        slow, fast = max(slow, int(batch.slow.max()) + 1), max(fast, int(batch.fast.max()) + 1)
    return slow, fast


def _rising(at: Pixels) -> bool:
    return bool((np.diff(at) > 0).all())


def _records(path: Path, file: BinaryIO, header: Header) -> _Reader:
    """A reader at the first record, its checksum at what stands before it."""
    file.seek(0)
    return _Reader(path, file, header, zlib.crc32(file.read(header.size)))


class _Reader:
    """Takes records off a stream in batches, keeping count and checksum."""

    def __init__(self, path: Path, file: BinaryIO, header: Header, crc: int = 0) -> None:
        self.path, self.file, self.header, self.crc = path, file, header, crc
        self.records = 0
        self.run: dict[int, list[list[float]]] = {}
        self._data = b""
        self._at = 0
        self._layouts: dict[Layout, np.dtype[Any]] = {}

    def batches(self) -> Iterator[Batch]:
        """All records up to the end marker; FirstbadError where the seal disagrees."""
        layout: Layout = ()
        while True:
            if layout:
                yield from self._take(layout)
            found = self._learn()
            if found is None:
                return self._check()
            layout = found

    def _more(self) -> bool:
        """Read on; the bytes that were used go into the checksum."""
        self.crc = zlib.crc32(self._data[: self._at], self.crc)
        fresh = self.file.read(BLOCK)
        self._data = self._data[self._at :] + fresh
        self._at = 0
        return bool(fresh)

    def _head(self, at: int) -> tuple[int, int, int, int] | None:
        """The record head at `at`; None where it is not all there yet."""
        if at + HEAD.size > len(self._data):
            return None
        head = HEAD.unpack_from(self._data, at)
        if head[2] != END and head[2] >= len(self.header.names):
            fail("stream-damaged", f"{self.path} names a quantity number {head[2]} that it does not have",
                 "Run the program again.")  # fmt: skip
        return head if head[2] == END or at + HEAD.size + 8 * head[3] <= len(self._data) else None

    def _learn(self) -> Layout | None:
        """The layout of the next pixel (values of the whole run are taken on the way); None at the end
        marker.
        """
        while True:
            at, entries, pixel = self._at, list[tuple[int, int]](), None
            head = self._head(at)
            while head is not None and head[2] != END and (pixel is None or head[:2] == pixel):
                if head[0] == RUN:
                    if entries:
                        break
                    self._note(at, head)
                    at = self._at
                else:
                    pixel = head[:2]
                    entries.append(head[2:])
                    at += HEAD.size + 8 * head[3]
                head = self._head(at)
            if head is not None and (entries or head[2] == END):
                return tuple(entries) if entries else None
            if not self._more():
                _cut(self.path)

    def _note(self, at: int, head: tuple[int, int, int, int]) -> None:
        """A value of the whole run."""
        values = struct.unpack_from(f"<{head[3]}d", self._data, at + HEAD.size)
        self.run.setdefault(head[2], []).append(list(values))
        self.records += 1
        self._at = at + HEAD.size + 8 * head[3]

    def _take(self, layout: Layout) -> Iterator[Batch]:
        """As many pixels of this layout as follow each other."""
        kind = self._kind(layout)
        window = 64
        while True:
            count = min(window, (len(self._data) - self._at) // kind.itemsize)
            block = np.frombuffer(self._data, kind, count, self._at)
            good = _leading(block, layout)
            if good:
                for i, (quantity, _) in enumerate(layout):
                    place = block[f"p{i}"][:good]
                    yield Batch(place[:, 0], place[:, 1], quantity, block[f"v{i}"][:good].astype(np.float64))
                self.records += good * len(layout)
                self._at += good * kind.itemsize
            if good < count or (not count and not self._more()):
                return
            window = min(2 * window, 1 << 16)

    def _kind(self, layout: Layout) -> np.dtype[Any]:
        """The layout of one pixel as a numpy record: place, head and values of each entry."""
        kind = self._layouts.get(layout)
        if kind is None:
            parts: list[Any] = []
            for i, (_, count) in enumerate(layout):
                parts += [(f"p{i}", "<u4", (2,)), (f"q{i}", "<u2", (2,)), (f"v{i}", "<f8", (count,))]
            kind = self._layouts[layout] = np.dtype(parts)
        return kind

    def _check(self) -> None:
        """The end marker: nothing behind it, and both sums agree."""
        self.crc = zlib.crc32(self._data[: self._at], self.crc)
        marker = self._data[self._at : self._at + HEAD.size]
        rest = self._data[self._at + HEAD.size :] + self.file.read()
        if len(rest) < TAIL.size:
            _cut(self.path)
        records, crc = TAIL.unpack_from(rest)
        if (records, crc, marker) != (self.records, self.crc, MARKER) or len(rest) > TAIL.size:
            fail(
                "stream-damaged",
                f"{self.path} does not agree with its seal ({self.records} records, {records} sealed)",
                "Run the program again; two runs must not write into one file.",
            )


def _leading(block: NDArray[Any], layout: Layout) -> int:
    """How many pixels at the start of `block` have this layout."""
    good = np.ones(len(block), dtype=np.bool_)
    first = block["p0"] if len(layout) else None
    for i, entry in enumerate(layout):
        head = block[f"q{i}"]
        good &= (head[:, 0] == entry[0]) & (head[:, 1] == entry[1])
        if i and first is not None:
            good &= (block[f"p{i}"] == first).all(axis=1)
    if first is not None:
        good &= first[:, 0] != RUN
    return int(len(good) if good.all() else np.argmin(good))


def _write(path: Path, file: BinaryIO, header: Header, survey: Survey, writer: StoreWriter) -> None:
    """Second pass. Pixels come in any order (threads), so a part of the image is gathered at a time."""
    order = survey.pixels[:, 0] * survey.shape[1] + survey.pixels[:, 1]
    step = _pixels_at_once(survey)
    for start in range(0, len(order), step):
        part = order[start : start + step]
        block = {c.name: np.full((len(part), c.occurrences, c.width), MISSING) for c in survey.columns}
        seen = {c.name: np.zeros(len(part), dtype=np.int64) for c in survey.columns}
        for batch in _records(path, file, header).batches():
            name = header.names[batch.quantity]
            _place(
                batch.slow.astype(np.int64) * survey.shape[1] + batch.fast, batch.values, part, block[name], seen[name]
            )
        writer.append(block)


def _pixels_at_once(survey: Survey) -> int:
    """So many pixels that their values take at most 256 MiB."""
    size = 8 * sum(c.width * c.occurrences + 1 for c in survey.columns)
    return max(1, (1 << 28) // max(1, size))


def _place(key: Pixels, values: Array, part: Pixels, block: Array, seen: Pixels) -> None:
    """Put the values that belong to these pixels into their rows, behind what is there."""
    at = np.searchsorted(part, key)
    inside = part[np.minimum(at, len(part) - 1)] == key
    at = at[inside]
    if _rising(at):
        block[at, seen[at]] = values[inside]
        seen[at] += 1
    else:
        block[at, seen[at] + _rank(at)] = values[inside]
        np.add.at(seen, at, 1)


def _rank(at: Pixels) -> Pixels:
    """For each entry how many equal ones stand before it."""
    order = np.argsort(at, kind="stable")
    steps = np.arange(len(at))
    first = np.concatenate([[True], np.diff(at[order]) != 0])
    rank = np.empty_like(at)
    rank[order] = steps - np.maximum.accumulate(np.where(first, steps, 0))
    return rank
