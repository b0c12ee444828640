"""Columns of two stores judged tile by tile: what differs where, which of it are origins, and the map of their sets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .store import Array, Pixels
from .store_column import Differing, Mask

Words = NDArray[np.uint64]
BATCH = 1 << 14
"""Pixels that differ whose noise is worked out at a time."""
Explain = Callable[[str, Mask], Mask]


class Explains(Protocol):
    """What tells differences that rounding explains (store_noise.py)."""

    def batch(self, rows: Pixels, ragged: Collection[str]) -> Explain:
        """For some pixels: given a quantity and where it differs, where that is explained.

        `ragged` are quantities that not all pixels have equally often.
        """
        ...


@dataclass(frozen=True, slots=True)
class ColumnDiff:
    """One quantity over all pixels: how many diverge, how many of these are origins, where it is worst.

    `largest` is the largest relative difference (of a vector: relative to its largest component), at pixel
    `worst` (slow, fast); inf where one side is NaN or missing. `missing` and `nan` count pixels where only
    one side has a value, or a number.
    """

    name: str
    diverging: int
    origins: int
    missing: int
    nan: int
    largest: float
    worst: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Signature:
    """Pixels with the same set of origins; `example` is where their first origin differs most."""

    origins: tuple[str, ...]
    pixels: int
    example: tuple[int, int]
    slow: tuple[int, int]
    fast: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Cause:
    """Quantities that are origins at the same pixels, and one pixel to trace."""

    quantities: tuple[str, ...]
    pixels: int
    example: tuple[int, int]


def _parents_first(ancestors: Sequence[Sequence[int]]) -> list[int]:
    """Columns in an order in which each comes behind those that it is computed from."""
    order: dict[int, None] = {}

    def visit(index: int, path: frozenset[int]) -> None:
        for parent in ancestors[index]:
            if parent not in order and parent not in path:
                visit(parent, path | {parent})
        order.setdefault(index)

    for index in range(len(ancestors)):
        visit(index, frozenset((index,)))
    return list(order)


class Tally:
    """Counts and the map, filled tile by tile."""

    def __init__(
        self,
        names: Sequence[str],
        ancestors: list[list[int]],
        pixels: Pixels,
        noise: Explains | None,
        following: Collection[str] = (),
    ) -> None:
        self._following = frozenset(i for i, name in enumerate(names) if name in following)
        self.names, self.ancestors, self.pixels, self.noise = names, ancestors, pixels, noise
        self._order = _parents_first(ancestors)
        self._ragged: set[str] = set()
        self.map = np.zeros(len(pixels), dtype=np.int32)
        self._count = np.zeros((len(names), 4), dtype=np.int64)
        self._largest = np.zeros(len(names))
        self._worst = np.full(len(names), -1, dtype=np.int64)
        self._known: dict[tuple[int, ...], int] = {}
        self._box: list[tuple[Pixels, Pixels]] = []
        self._example: list[tuple[float, int]] = []
        self._diverging: dict[int, Mask] = {}
        self._size: dict[int, Array] = {}

    def tile(self, start: int, stop: int, found: Iterable[Differing | None]) -> None:
        """Find the origins of the tile's pixels; `found` is what each of its columns came to."""
        for index, one in enumerate(found):
            if one is None:
                continue
            if self.noise is not None and one.lacking:
                self._ragged.add(self.names[index])
            if one.diverging.any():
                self._diverging[index], self._size[index] = one.diverging, one.size
                self._count[index, 2:] += (one.missing, one.nan)
        self._conclude(start, stop)

    def _conclude(self, start: int, stop: int) -> None:
        if self.noise is not None and self._diverging:
            rows = np.flatnonzero(np.logical_or.reduce(list(self._diverging.values())))
            for at in range(0, len(rows), BATCH):
                self._explain(self.noise, start, rows[at : at + BATCH])
        origins: dict[int, Mask] = {}
        for index, diverging in sorted(self._diverging.items()):
            origin = self._origin(index, slice(None)) & (index not in self._following)
            self._count[index, 0] += np.count_nonzero(diverging)
            size = self._size[index]
            at = int(np.argmax(size))
            if not diverging[at]:  # rounding explains it
                size = np.where(diverging, size, 0.0)
                at = int(np.argmax(size))
            if size[at] > self._largest[index]:
                self._largest[index], self._worst[index] = size[at], start + at
            if origin.any():
                origins[index] = origin
                self._count[index, 1] += np.count_nonzero(origin)
        self._sign(origins, start, stop)
        self._diverging.clear()
        self._size.clear()

    def _origin(self, index: int, where: Any) -> Mask:
        """Pixels at which the column differs though nothing that it is computed from does."""
        above = [self._diverging[p][where] for p in self.ancestors[index] if p in self._diverging]
        here = self._diverging[index][where]
        return here & ~np.logical_or.reduce(above) if above else here

    def _explain(self, noise: Explains, start: int, rows: Pixels) -> None:
        """Take away what rounding explains at these pixels of the tile, parents before children."""
        explain = noise.batch(start + rows, self._ragged)
        for index in self._order:
            if index in self._diverging and (origin := self._origin(index, rows)).any():
                self._diverging[index][rows[explain(self.names[index], origin)]] = False

    def _sign(self, origins: Mapping[int, Mask], start: int, stop: int) -> None:
        """Give each pixel the number of its set of origins."""
        if not origins:
            return
        order = sorted(origins)
        words = np.zeros((stop - start, (len(order) + 63) // 64), dtype=np.uint64)
        for bit, index in enumerate(order):
            words[:, bit // 64] |= origins[index].astype(np.uint64) << np.uint64(bit % 64)
        for key, at in _groups(words):
            bits = [int(word) for word in key]
            found = tuple(i for bit, i in enumerate(order) if bits[bit // 64] >> (bit % 64) & 1)
            self.map[start + at] = 1 + self._number(found, at, start)

    def _number(self, origins: tuple[int, ...], at: Pixels, start: int) -> int:
        """The number of a set of origins; notes where these pixels lie and where the first origin is largest."""
        number = self._known.setdefault(origins, len(self._known))
        if number == len(self._example):
            self._example.append((-1.0, -1))
            self._box.append((np.full(2, self.pixels.max(initial=0)), np.zeros(2, dtype=np.int64)))
        size = self._size[origins[0]][at]
        best = int(np.argmax(size))
        if size[best] > self._example[number][0]:
            self._example[number] = (float(size[best]), start + int(at[best]))
        low, high = self._box[number]
        for axis in (0, 1):
            inside = self.pixels[start + at, axis]
            low[axis], high[axis] = min(low[axis], inside.min()), max(high[axis], inside.max())
        return number

    def columns(self) -> tuple[ColumnDiff, ...]:
        """What each column came to."""
        return tuple(
            ColumnDiff(
                name=name,
                diverging=int(self._count[i, 0]),
                origins=int(self._count[i, 1]),
                missing=int(self._count[i, 2]),
                nan=int(self._count[i, 3]),
                largest=float(self._largest[i]),
                worst=self._place(int(self._worst[i])),
            )
            for i, name in enumerate(self.names)
        )

    def _place(self, at: int) -> tuple[int, int] | None:
        return (int(self.pixels[at, 0]), int(self.pixels[at, 1])) if at >= 0 else None

    def signatures(self) -> tuple[tuple[Signature, ...], tuple[Cause, ...]]:
        """Signatures with most pixels first (the map is numbered again), and the causes they come from."""
        counts = np.bincount(self.map, minlength=1 + len(self._known))[1:]
        order = [int(i) for i in np.argsort(-counts, kind="stable")]
        again = np.zeros(1 + len(order), dtype=np.int32)
        again[1 + np.array(order, dtype=np.int64)] = np.arange(1, 1 + len(order))
        np.take(again, self.map, out=self.map)
        sets = list(self._known)
        found = tuple(self._signature(sets[i], int(counts[i]), i) for i in order)
        return found, self._causes(found, [self._example[i] for i in order])

    def _signature(self, origins: tuple[int, ...], count: int, number: int) -> Signature:
        (top, left), (bottom, right) = ([int(n) for n in corner] for corner in self._box[number])
        example = self._place(self._example[number][1])
        assert example is not None
        return Signature(tuple(self.names[i] for i in origins), count, example, (top, bottom), (left, right))

    def _causes(self, signatures: tuple[Signature, ...], examples: list[tuple[float, int]]) -> tuple[Cause, ...]:
        """Origins that occur in exactly the same signatures belong together."""
        where: dict[str, tuple[int, ...]] = {}
        for name in self.names:
            places = tuple(i for i, s in enumerate(signatures) if name in s.origins)
            if places:
                where[name] = places
        causes: list[Cause] = []
        for places in dict.fromkeys(where.values()):
            together = tuple(name for name, p in where.items() if p == places)
            purest = min(places, key=lambda i: (len(signatures[i].origins), -examples[i][0]))
            count = sum(signatures[i].pixels for i in places)
            causes.append(Cause(together, count, signatures[purest].example))
        return tuple(sorted(causes, key=lambda c: -c.pixels))


def _groups(words: Words) -> Iterator[tuple[Words, Pixels]]:
    """Rows that are not zero, by their content: one pass each for the commonest few, the rest by sorting."""
    left = np.flatnonzero(words.any(axis=1))
    for _ in range(16):
        if not left.size:
            return
        first = words[left[0]]
        same = (words[left] == first).all(axis=1) if words.shape[1] > 1 else words[left, 0] == first[0]
        yield first, left[same]
        left = left[~same]
    if left.size:
        keys, inverse = np.unique(words[left], axis=0, return_inverse=True)
        order = np.argsort(inverse.reshape(-1), kind="stable")
        parts = np.split(left[order], np.cumsum(np.bincount(inverse.reshape(-1)))[:-1])
        yield from zip(keys, parts, strict=True)
